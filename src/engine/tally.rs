//! The tally: one scan of a view, all verdicts of a row in one word, words counted by segment. The histogram
//! keeps how checks fail together on the same rows, which separate counters would lose.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::bits::CHECKS_PER_WORD;
use super::counter::count;
use super::rows::RowsWriter;
use super::{CompiledCheck, Engine, Error, died, failed};
use crate::inventory::views::{SEGMENT, View};

/// What a check says of a row (docs/scoring.md section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// The check does not judge the row.
    Outside = 0,
    /// It passes.
    Passed = 1,
    /// It fails.
    Failed = 2,
    /// The evidence is missing.
    Unknown = 3,
    /// Whether the check judges the row is not known.
    Undetermined = 4,
    /// It fails, and the risk was accepted.
    Waived = 5,
}

impl Verdict {
    /// The verdict of a check in a row's words.
    #[must_use]
    pub fn of(words: &[u64], check: usize) -> Self {
        let word = words.get(check / CHECKS_PER_WORD).copied().unwrap_or(0);
        match word >> (3 * (check % CHECKS_PER_WORD)) & 0b111 {
            1 => Self::Passed,
            2 => Self::Failed,
            3 => Self::Unknown,
            4 => Self::Undetermined,
            5 => Self::Waived,
            _ => Self::Outside,
        }
    }

    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Undetermined => "undetermined",
            Self::Waived => "waived",
        }
    }
}

/// The columns by which tallies are kept; `None` for NULL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Segment {
    /// Kind of system.
    pub provider: Option<String>,
    /// Account, tenant, cluster, repository or host.
    pub scope_id: Option<String>,
    /// production, staging, ...
    pub environment: Option<String>,
    /// Kind of identity.
    pub identity_kind: Option<String>,
    /// How AI uses the identity.
    pub ai_use: Option<String>,
}

/// How often a waiver met a failing row.
pub type WaiverHits = BTreeMap<usize, u64>;

/// Everything that one scan of a view found.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Ids of the checks, in the order of the words' bits.
    pub checks: Vec<String>,
    /// How many rows of a segment have a word pattern.
    pub patterns: BTreeMap<Segment, BTreeMap<Vec<u64>, u64>>,
    /// Failing rows that each waiver covers, by its place in rungs.yaml.
    pub waiver_hits: WaiverHits,
    /// Rows of the view.
    pub rows: u64,
}

impl Tally {
    /// Rows of each segment by verdict of one check.
    #[must_use]
    pub fn counts(&self, check: usize) -> BTreeMap<&Segment, [u64; 6]> {
        let mut counts: BTreeMap<&Segment, [u64; 6]> = BTreeMap::new();
        for (segment, patterns) in &self.patterns {
            let by_verdict = counts.entry(segment).or_default();
            for (words, rows) in patterns {
                if let Some(count) = by_verdict.get_mut(Verdict::of(words, check) as usize) {
                    *count += rows;
                }
            }
        }
        counts
    }
}

impl Engine {
    /// Tallies all checks of a view in one scan. With `rows`, every row's words and the evidence of those
    /// that do not pass are written, in the order of the view's file.
    ///
    /// # Errors
    /// When the scan or a predicate fails while running.
    pub fn tally(
        &self,
        view: &'static View,
        checks: &[CompiledCheck],
        rows: Option<&mut RowsWriter>,
    ) -> Result<Tally, Error> {
        self.block_on(self.tally_async(view, checks, rows))
    }

    async fn tally_async(
        &self,
        view: &'static View,
        checks: &[CompiledCheck],
        rows: Option<&mut RowsWriter>,
    ) -> Result<Tally, Error> {
        let (frame, scan) = self.plan(view, checks, rows.is_some()).await?;
        let context = || failed(format!("cannot run the checks on `{}`", view.name));
        let streams = frame.execute_stream_partitioned().await.map_err(context())?;
        let mut tasks = Vec::new();
        for (number, stream) in streams.into_iter().enumerate() {
            let part = match &rows {
                Some(rows) => Some(rows.part(view, number, checks)?),
                None => None,
            };
            tasks.push(self.runtime.spawn(count(stream, scan.clone(), part)));
        }
        let mut tally = Tally { checks: checks.iter().map(|check| check.id.clone()).collect(), ..Tally::default() };
        let mut parts = Vec::new();
        for task in tasks {
            let counter = task.await.map_err(died(view.name))??;
            parts.extend(counter.merge_into(&mut tally)?);
        }
        if let Some(rows) = rows {
            rows.append(parts)?;
        }
        for check in checks {
            for index in check.waiver_indices() {
                tally.waiver_hits.entry(index).or_insert(0);
            }
        }
        Ok(tally)
    }

    /// Reads the columns that a tally of these checks would read, and nothing else: the floor that a
    /// benchmark compares with. Returns the rows read.
    ///
    /// # Errors
    /// When the scan fails.
    pub fn bare_scan(&self, view: &'static View, checks: &[CompiledCheck]) -> Result<u64, Error> {
        self.block_on(async {
            let context = || failed(format!("cannot scan `{}`", view.name));
            let mut names: Vec<String> = SEGMENT.iter().map(|name| (*name).to_owned()).collect();
            for check in checks {
                for expr in [&check.applies, &check.passes].into_iter().chain(check.waivers.iter().map(|w| &w.expr)) {
                    names.extend(expr.column_refs().iter().map(|column| column.name.clone()));
                }
            }
            names.sort_unstable();
            names.dedup();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let frame = self.table(view.name).await?.select_columns(&names).map_err(context())?;
            let streams = frame.execute_stream_partitioned().await.map_err(context())?;
            let tasks: Vec<_> = streams.into_iter().map(|stream| self.runtime.spawn(drain(stream))).collect();
            let mut rows = 0;
            for task in tasks {
                rows += task.await.unwrap_or(Ok(0)).map_err(context())?;
            }
            Ok(rows)
        })
    }
}

async fn drain(mut stream: SendableRecordBatchStream) -> datafusion::error::Result<u64> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

/// A column of words as a dictionary of text.
pub(super) fn dictionary(column: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    let wanted = crate::inventory::column::Kind::Word.data_type();
    if column.data_type() == &wanted {
        Ok(std::sync::Arc::clone(column))
    } else {
        arrow::compute::cast(column, &wanted)
    }
}

/// A predicate's answers; a literal NULL has no type of its own and means NULL on every row.
pub(super) fn boolean(column: &ArrayRef) -> Result<BooleanArray, arrow::error::ArrowError> {
    match column.as_boolean_opt() {
        Some(answers) => Ok(answers.clone()),
        None => Ok(arrow::compute::cast(column, &arrow::datatypes::DataType::Boolean)?.as_boolean().clone()),
    }
}

/// Where the rows of one tally are collected while it runs; held by [`RowsWriter`].
pub(super) fn part_name(folder: &Path, view: &str, number: usize) -> std::path::PathBuf {
    folder.join(format!("rows-{view}-{number:04}.parquet"))
}
