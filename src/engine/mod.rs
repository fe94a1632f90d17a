//! DataFusion: fills the views from the tables, judges predicates against them, and tallies all checks of a
//! view in one scan. The only room that knows DataFusion; knows `inventory` and `frameworks`, and nothing of
//! scores.

#[cfg(test)]
mod against_sql;
mod bits;
mod compile;
mod counter;
mod examples;
mod formula;
mod plan;
mod query;
mod relate;
mod rows;
mod session;
mod tally;
mod words;

use std::path::PathBuf;

pub use compile::{Adjustment, CompiledCheck, Compiler, WaiverPredicate};
pub use examples::{ExampleFault, ExampleReport};
pub use plan::Scan;
pub use query::{QueryResult, Value};
pub use relate::{AiEvidence, RelateOptions, Related, SelectorUse};
pub use rows::{RowsFile, RowsWriter, VerdictCodes};
pub use session::Engine;
pub use tally::{Segment, Tally, Verdict, WaiverHits};

use crate::diag::Diagnostics;

/// Why the engine could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A predicate or query that somebody wrote is wrong.
    #[error("a predicate is wrong")]
    Faults(Diagnostics),
    /// DataFusion said no.
    #[error("{context}")]
    DataFusion {
        /// What was being done.
        context: String,
        /// What it said.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// The file system said no.
    #[error("cannot use the work file `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The Parquet library said no.
    #[error("cannot write `{path}` as Parquet")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: parquet::errors::ParquetError,
    },
    /// Arrow said no.
    #[error("rows of view `{view}` have an unexpected shape")]
    Arrow {
        /// The view.
        view: String,
        /// What it said.
        source: arrow::error::ArrowError,
    },
    /// The work folder.
    #[error(transparent)]
    Store(#[from] crate::inventory::Error),
}

/// Puts what was being done beside what DataFusion said.
fn failed(context: impl Into<String>) -> impl FnOnce(datafusion::error::DataFusionError) -> Error {
    let context = context.into();
    |source| Error::DataFusion { context, source: Box::new(source) }
}

/// A task that did not come to its end.
fn died(what: &str) -> impl FnOnce(tokio::task::JoinError) -> Error {
    let context = format!("a thread died on `{what}`");
    |error| {
        let source = datafusion::error::DataFusionError::External(Box::new(error));
        Error::DataFusion { context, source: Box::new(source) }
    }
}
