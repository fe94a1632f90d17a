//! Where a source puts what it reads: rows, counts, rejected records, coverage.

use std::collections::BTreeMap;

use super::dates;
use crate::config::Moment;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::inventory::column::Cell;
use crate::inventory::schema::{Row, Table, push_cells};
use crate::inventory::{self, Fact, Level, Parts, Rejected, Writer};

/// A file that cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The file itself.
    #[error("{0}")]
    File(String),
    /// The work folder.
    #[error(transparent)]
    Store(#[from] inventory::Error),
}

impl Broken {
    /// A file that breaks off or is not what it seemed, with the reason in words; never a value from it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self::File(reason.into())
    }

    /// A file that the system does not let us read.
    #[must_use]
    pub fn io(error: &std::io::Error) -> Self {
        Self::File(format!("the file cannot be read: {}", error.kind()))
    }
}

/// A record that cannot be understood, with the reason in words; never a value from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject(pub String);

impl Reject {
    /// A reason in words.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// What stops the reading of one record: it is rejected, or the run cannot go on.
#[derive(Debug)]
pub enum Stop {
    /// The record is put aside and the next one is read.
    Reject(Reject),
    /// The file cannot be read any further.
    Broken(Broken),
}

impl From<Reject> for Stop {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<inventory::Error> for Stop {
    fn from(error: inventory::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// Key of a coverage statement: provider, scope, fact.
pub(super) type Covered = (&'static str, String, Fact);

/// How far, why not further, and since when.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub level: Level,
    pub note: Option<String>,
    pub window_from: Option<Moment>,
    pub parts: Option<Parts>,
}

impl Extent {
    fn plain(level: Level, note: Option<&str>) -> Self {
        Self { level, note: note.map(str::to_owned), window_from: None, parts: None }
    }

    /// As far as parts go: in full where they are the whole.
    fn of_parts(parts: Parts) -> Self {
        let missing: Vec<_> = parts.missing().collect();
        if missing.is_empty() {
            return Self::plain(Level::Full, None);
        }
        let note = format!("not in this file: {}", missing.join(", "));
        Self { parts: Some(parts), ..Self::plain(Level::Partial, Some(&note)) }
    }
}

/// Takes what a source reads.
pub struct Output {
    pub(super) writer: Writer,
    pub(super) path: String,
    pub(super) rows_read: i64,
    pub(super) rows_loaded: i64,
    pub(super) rejected: Vec<Rejected>,
    pub(super) covered: BTreeMap<Covered, Extent>,
    pub(super) as_of: Option<Moment>,
    pub(super) latest: Option<(Moment, String)>,
    pub(super) truncated: Option<bool>,
    pub(super) scope_id: Option<String>,
    pub(super) faults: Diagnostics,
}

impl Output {
    pub(super) fn new(writer: Writer, path: &str) -> Self {
        Self {
            writer,
            path: path.to_owned(),
            rows_read: 0,
            rows_loaded: 0,
            rejected: Vec::new(),
            covered: BTreeMap::new(),
            as_of: None,
            latest: None,
            truncated: None,
            scope_id: None,
            faults: Diagnostics::default(),
        }
    }

    /// Reads one record: counts it, runs `read`, and lists it as rejected if it cannot be understood.
    ///
    /// # Errors
    /// [`Broken`] when the run cannot go on.
    pub fn record(&mut self, locator: &str, read: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Broken> {
        self.rows_read += 1;
        match read(self) {
            Ok(()) => {
                self.rows_loaded += 1;
                Ok(())
            }
            Err(Stop::Reject(Reject(reason))) => {
                self.rejected.push(Rejected { path: self.path.clone(), locator: locator.to_owned(), reason });
                Ok(())
            }
            Err(Stop::Broken(broken)) => Err(broken),
        }
    }

    /// Adds a row to its table.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn push<R: Row + 'static>(&mut self, row: R) -> Result<(), inventory::Error>
    where
        R::Batch: Send + 'static,
    {
        self.writer.push(row)
    }

    /// Adds a row that is known by the names of its columns.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn push_cells(&mut self, table: &Table, cells: Vec<(&'static str, Cell)>) -> Result<(), inventory::Error> {
        push_cells(&mut self.writer, table, cells).map(|_| ())
    }

    /// States how far the file covers a fact of a scope. Said twice, the lower level holds.
    pub fn cover(&mut self, provider: &'static str, scope_id: &str, fact: Fact, level: Level, note: Option<&str>) {
        let extent = Extent::plain(level, note);
        self.covered
            .entry((provider, scope_id.to_owned(), fact))
            .and_modify(|known| {
                // Less than a whole part is less than the part.
                if level < known.level || (level == known.level && known.parts.is_some()) {
                    *known = extent.clone();
                }
            })
            .or_insert(extent);
    }

    /// States that the file shows one part of a fact in full, where the rest lies in other exports: all parts
    /// together cover the fact in full. Said of every part in turn, one file covers it all.
    pub fn cover_part(
        &mut self,
        provider: &'static str,
        scope_id: &str,
        fact: Fact,
        part: &'static str,
        of: &'static [&'static str],
    ) {
        let mut parts = Parts::one(part, of);
        self.covered
            .entry((provider, scope_id.to_owned(), fact))
            .and_modify(|known| match (&known.parts, known.level) {
                (Some(shown), _) => {
                    parts.join(shown);
                    *known = Extent::of_parts(parts.clone());
                }
                (None, Level::Full) => *known = Extent::of_parts(parts.clone()),
                // What was said to be less stays less.
                (None, _) => {}
            })
            .or_insert_with(|| Extent::of_parts(parts.clone()));
    }

    /// States since when use has been tracked, for a fact already covered.
    pub fn window(&mut self, provider: &'static str, scope_id: &str, fact: Fact, from: Moment) {
        if let Some(extent) = self.covered.get_mut(&(provider, scope_id.to_owned(), fact)) {
            extent.window_from = Some(from);
        }
    }

    /// States that the file says itself when it was made.
    pub fn made_at(&mut self, as_of: Moment) {
        self.as_of = Some(as_of);
    }

    /// States which scope the file as a whole is about, where it says so itself.
    pub fn about_scope(&mut self, scope_id: &str) {
        self.scope_id = Some(scope_id.to_owned());
    }

    /// States whether the file says that more pages exist.
    pub fn pages_missing(&mut self, missing: bool) {
        self.truncated = Some(self.truncated.unwrap_or(false) || missing);
    }

    /// Notes something about the file that its reader should know.
    pub fn note(&mut self, code: &'static str, locator: &str, message: impl Into<String>) {
        let place = Place::Record(self.path.clone(), locator.to_owned());
        self.faults.push(Diagnostic::warning(code, message).at(place));
    }

    /// Reports a fault with a severity and a place of its own. An error stops the run before anything is
    /// scored: for answers of people, which must never be guessed at.
    pub fn fault(&mut self, fault: Diagnostic) {
        self.faults.push(fault);
    }

    /// Reads a date in any of the forms that exports use, of something that has happened already.
    ///
    /// # Errors
    /// [`Reject`] naming the field when it is no date.
    pub fn past(&mut self, field: &str, text: &str, locator: &str) -> Result<Moment, Reject> {
        let moment = self.date(field, text)?;
        Ok(self.seen(moment, locator))
    }

    /// Takes note of a moment that has passed already, so that an export is not taken for older than its rows.
    pub fn seen(&mut self, moment: Moment, locator: &str) -> Moment {
        if self.latest.as_ref().is_none_or(|(latest, _)| *latest < moment) {
            self.latest = Some((moment, locator.to_owned()));
        }
        moment
    }

    /// Reads a date that may lie in the future, such as an expiry.
    ///
    /// # Errors
    /// [`Reject`] naming the field when it is no date.
    pub fn date(&mut self, field: &str, text: &str) -> Result<Moment, Reject> {
        dates::parse(text).ok_or_else(|| Reject::because(format!("`{field}` is not a date")))
    }
}
