//! Export formats: one file a format. Each recognises its files, streams them into inventory rows, counts
//! and lists what it cannot read, and hashes secret values before anything else sees them. Knows
//! `inventory`, `config` and `diag`; knows nothing of checks or scores.

mod agents;
mod api;
mod aws;
mod azure;
mod content;
mod dates;
mod discover;
mod environment;
mod findings;
#[cfg(test)]
mod fixtures;
mod gcp;
mod github;
mod gitlab;
mod hash;
mod input;
mod json;
mod kubernetes;
mod list;
mod load;
mod mapped;
mod nested;
mod okta;
mod outline;
mod output;
mod policy;
mod probe;
mod provenance;
mod questionnaire;
mod scanners;
mod spire;
mod table;
mod tally;
#[cfg(test)]
mod testing;
mod vault;

pub use content::Content;
pub use discover::Unrecognised;
pub use input::{Input, Progress};
pub use list::SOURCES;
pub use load::{Error, Estate, FileCoverage, LoadedFile, Options, load};
pub use output::{Broken, Output, Reject};
pub use probe::{Probe, Recognised};

use crate::inventory::{Fact, Level};

/// An export format.
pub trait Source: Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Whether a file is of this format, judged from its first bytes.
    fn recognise(&self, probe: &Probe<'_>) -> Recognised;

    /// Streams a file into rows.
    ///
    /// # Errors
    /// [`Broken`] when the file breaks off or cannot be read any further. A record that cannot be
    /// understood is no error: it is rejected and the next one is read.
    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken>;
}

/// What an export format is, for `rungs sources` and the documentation.
#[derive(Debug)]
pub struct About {
    /// Stable id: `provider.format`.
    pub kind: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Kind of system that it comes from, an id of the provider table.
    pub provider: &'static str,
    /// The command that produces it, or where to click.
    pub command: &'static str,
    /// How its files are recognised, in words.
    pub recognises: &'static str,
    /// What a complete file shows.
    pub facts: &'static [(Fact, Level)],
    /// The view in which a record that cannot be read counts as one unknown row.
    pub main_view: &'static str,
    /// Rank where sources disagree: 1 API detail, 2 list, 3 report, 4 third-party finding, 5 questionnaire.
    pub precedence: u8,
    /// Whether the file names the scope that it is about; otherwise rungs.yaml or the folder must.
    pub names_scope: bool,
}
