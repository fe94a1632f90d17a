//! Exports and configurations of AI agents and of the tools that they can call.

pub mod a2a_card;
pub mod agent_scan;
pub mod autogen;
pub mod crewai;
pub mod cyclonedx;
pub(super) mod host;
pub mod keys;
pub mod langgraph;
mod launch;
mod literal;
pub mod mcp_config;
pub mod mcp_tools;
mod models;
pub mod openai_agents;
mod pages;
mod secrets;
mod server;
pub mod server_json;
mod shapes;
pub mod spdx;
mod subject;

/// The provider of everything in this room.
const PROVIDER: &str = "agent";

/// A file's name without its folders and endings, for what has no other name.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').find(|part| !part.is_empty()).unwrap_or(name)
}
