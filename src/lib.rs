//! Rungs measures how mature an organisation's AI identity controls really are, from the exports that its
//! systems already produce.
//!
//! The rooms of this crate are the pipeline, read from top to bottom:
//!
//! - [`config`]: what the organisation says of itself (`rungs.yaml`)
//! - [`sources`]: one file per export format; [`inventory`]: the tables they fill, the views checks read
//! - [`frameworks`]: catalogs, checks, questions, mappings and the maturity model, all of it data
pub mod access;
pub mod assessment;
pub mod cli;
pub mod config;
pub mod diag;
pub mod engine;
pub mod frameworks;
pub mod inventory;
pub mod maturity;
pub mod plan;
pub mod record;
pub mod report;
pub mod sources;
