//! The normalised inventory: the tables that every source fills, the columns of the views that checks
//! read, what each provider can be asked for, and the Parquet folder that holds the rows of one run.
//! Knows arrow and parquet, `diag` and `config`; knows no source, no check, no score.

pub mod column;
mod coverage;
mod facts;
mod providers;
pub mod schema;
mod store;
pub mod views;

pub use coverage::{Coverage, CoverageEntry, CoverageKey, Parts};
pub use facts::{Fact, Level};
pub use providers::{PROVIDERS, Provider};
pub use store::{Error, Reader, Store, Writer};

/// A record of an export that could not be read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// The file it stands in, as the user named it.
    pub path: String,
    /// JSON pointer, CSV line or document number.
    pub locator: String,
    /// Why it could not be read, in words; never any of its values.
    pub reason: String,
}
