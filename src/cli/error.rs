//! Errors of all rooms on their way out, and the exit code of each: the one place where that is decided.

use std::path::PathBuf;

use super::Exit;
use crate::diag::{Diagnostic, Diagnostics};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Faults in someone's data.
    #[error("the input has faults")]
    Faults(Diagnostics),
    /// A path that the user named.
    #[error("cannot read `{path}`")]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A path that was to be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading the exports.
    #[error(transparent)]
    Sources(crate::sources::Error),
    /// The work folder.
    #[error(transparent)]
    Store(#[from] crate::inventory::Error),
    /// The engine.
    #[error(transparent)]
    Engine(crate::engine::Error),
    /// A report.
    #[error(transparent)]
    Report(#[from] crate::report::Error),
    /// Standard output.
    #[error("cannot write to standard output")]
    Stdout(#[source] std::io::Error),
}

impl Error {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Faults(_) | Self::Read { .. } | Self::Write { .. } => Exit::BadInput,
            Self::Sources(crate::sources::Error::Unreadable { .. } | crate::sources::Error::Faults(_)) => {
                Exit::BadInput
            }
            Self::Engine(crate::engine::Error::Faults(_)) => Exit::BadInput,
            // Whoever reads the output has seen enough.
            Self::Stdout(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Report(error) if error.is_the_users() => Exit::BadInput,
            Self::Sources(_) | Self::Store(_) | Self::Engine(_) | Self::Report(_) | Self::Stdout(_) => Exit::Internal,
        }
    }

    /// The faults that it carries, to be shown one by one.
    pub(super) fn faults(&self) -> Option<&Diagnostics> {
        match self {
            Self::Faults(faults)
            | Self::Sources(crate::sources::Error::Faults(faults))
            | Self::Engine(crate::engine::Error::Faults(faults)) => Some(faults),
            _ => None,
        }
    }
}

impl From<Diagnostics> for Error {
    fn from(faults: Diagnostics) -> Self {
        Self::Faults(faults)
    }
}

impl From<Diagnostic> for Error {
    fn from(fault: Diagnostic) -> Self {
        Self::Faults(fault.into())
    }
}

impl From<crate::sources::Error> for Error {
    fn from(error: crate::sources::Error) -> Self {
        Self::Sources(error)
    }
}

impl From<crate::engine::Error> for Error {
    fn from(error: crate::engine::Error) -> Self {
        Self::Engine(error)
    }
}
