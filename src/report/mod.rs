//! Renderings of the saved assessment: one file an output. Knows the record, and nothing of how it came to be.

mod document;
mod findings;
mod html;
mod json;
mod markdown;
mod pdf;
mod remediation;
mod template;
mod text;
mod workbook;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::record::v1::Assessment;

pub use template::Templates;

/// Every output of an assessment beside `assessment.json` and `rows.parquet`, in the order in which they are
/// written. A new one is a file and a line here.
pub const REPORTS: &[&dyn Report] = &[
    &json::Json,
    &markdown::Markdown,
    &html::Html,
    &pdf::Pdf,
    &findings::Findings,
    &remediation::Remediation,
    &workbook::Workbook,
];

/// An output format.
pub trait Report: Sync {
    /// The name by which it is asked for.
    fn name(&self) -> &'static str;

    /// The file that it is written to.
    fn file(&self) -> &'static str;

    /// What it is, in a few words.
    fn about(&self) -> &'static str;

    /// Whether it takes longer than the others together.
    fn takes_long(&self) -> bool {
        false
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a template is wrong, the rows cannot be read, or `out` cannot be written.
    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error>;
}

/// What a report is made from.
pub struct Input<'a> {
    /// The assessment.
    pub record: &'a Assessment,
    /// The file of row verdicts.
    pub rows: &'a Path,
    /// Templates and report texts.
    pub templates: &'a Templates,
}

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The output.
    #[error("cannot write the report")]
    Io(#[from] std::io::Error),
    /// The rows.
    #[error(transparent)]
    Rows(#[from] crate::record::rows::Error),
    /// A template of the user, or of ours.
    #[error("template `{name}`: {message}")]
    Template {
        /// The template.
        name: String,
        /// What is wrong with it, and where.
        message: String,
        /// Whether the user wrote it.
        is_the_users: bool,
    },
    /// A folder of templates.
    #[error("cannot read templates in `{path}`")]
    Templates {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A library that writes a format.
    #[error("cannot write {format}: {message}")]
    Format {
        /// The format.
        format: &'static str,
        /// What the library said.
        message: String,
    },
}

impl Error {
    /// Whether the user can mend it.
    #[must_use]
    pub fn is_the_users(&self) -> bool {
        matches!(self, Self::Template { is_the_users: true, .. } | Self::Templates { .. } | Self::Rows(_))
    }
}

/// The report of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Report> {
    REPORTS.iter().copied().find(|report| report.name() == name)
}
