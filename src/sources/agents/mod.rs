//! Exports and configurations of AI agents and of the tools that they can call.

pub(super) mod host;
mod launch;
mod literal;
pub mod mcp_config;
pub mod mcp_tools;
mod secrets;
mod shapes;

/// The provider of everything in this room.
const PROVIDER: &str = "agent";
