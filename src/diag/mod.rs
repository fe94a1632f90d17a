//! Faults in someone's data: a code, a severity, where it is, what to do. Loaders collect them and go on;
//! only the edge (`cli`) renders them. An *operation* that failed is an `Error` of the room that failed,
//! never a [`Diagnostic`].

mod render;
mod scalar;
mod span;
mod yaml;

use std::fmt;
use std::sync::Arc;

pub use render::{Renderer, printable};
pub use scalar::Scalar;
pub use span::{Located, SourceFile};
pub use yaml::{MAX_YAML_BYTES, read as read_yaml};

/// How much a fault matters to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The run goes on, but something that was written had no effect or was put aside.
    Warning,
    /// The data cannot be used as it is.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Where a fault is: as exact as the format allows.
#[derive(Debug, Clone)]
pub enum Place {
    /// A byte range of a text that is held in memory (YAML files).
    Span(Arc<SourceFile>, std::ops::Range<usize>),
    /// A record of an export: the file, and a JSON pointer or `line N`.
    Record(String, String),
    /// A file or folder as a whole.
    Path(String),
}

impl Place {
    /// `file:line:column`, `file:locator` or the bare path.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Span(file, range) => {
                let (line, column) = file.line_column(range.start);
                format!("{}:{line}:{column}", file.name())
            }
            Self::Record(file, locator) => format!("{file}: {locator}"),
            Self::Path(path) => path.clone(),
        }
    }

    /// The name of the file alone.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::Span(file, _) => file.name(),
            Self::Record(file, _) | Self::Path(file) => file,
        }
    }

    /// Line of the place, counted from 1, where the format has lines.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Span(file, range) => Some(file.line_column(range.start).0),
            Self::Record(_, locator) => locator.strip_prefix("line ")?.parse().ok(),
            Self::Path(_) => None,
        }
    }
}

/// One fault in someone's data.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Stable name of the kind of fault, `room/what`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in back-ticks.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A fault that makes the data unusable.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Something that was put aside or had no effect.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Something worth knowing.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), place: None, help: None }
    }

    /// Adds where the fault is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds where the fault is: a value read with its span.
    #[must_use]
    pub fn at_value<T>(self, file: &Arc<SourceFile>, value: &Located<T>) -> Self {
        let range = value.range(file);
        self.at(Place::Span(Arc::clone(file), range))
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" when one of `known` is close to `given`.
    #[must_use]
    pub fn suggest<'a>(self, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(given, known) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// The name in `known` closest to `given`, if it is close enough to be what was meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (likeness(given, name), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

/// How alike two names are, 0 to 1; two letters swapped in a short name are one slip.
fn likeness(one: &str, other: &str) -> f64 {
    let alike = strsim::jaro_winkler(one, other);
    let is_slip = one.len() > 2 && strsim::damerau_levenshtein(one, other) == 1;
    if is_slip { alike.max(0.9) } else { alike }
}

/// Faults found so far, in the order in which they were found.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a fault.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Takes over all faults of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether any fault makes the data unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// All faults, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}
