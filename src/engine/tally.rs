//! The tally: one scan of a view, all verdicts of a row in one word, words counted by segment. The histogram
//! keeps how checks fail together on the same rows, which separate counters would lose.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int32Type;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use hashbrown::{HashMap, HashTable};

use super::bits::{self, CHECKS_PER_WORD, Lanes};
use super::rows::{Part, RowsWriter};
use super::{CompiledCheck, Engine, Error, Scan, failed};
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
            let counter = task.await.map_err(|error| {
                let source = datafusion::error::DataFusionError::External(Box::new(error));
                Error::DataFusion { context: format!("a thread died on `{}`", view.name), source: Box::new(source) }
            })??;
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

async fn count(mut stream: SendableRecordBatchStream, scan: Scan, mut part: Option<Part>) -> Result<Counter, Error> {
    let mut counter = Counter::new(&scan);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed(format!("cannot run the checks on `{}`", scan.view.name)))?;
        counter.add(&batch, &scan, part.as_mut())?;
    }
    counter.part = part;
    Ok(counter)
}

/// Counts the rows of one partition.
struct Counter {
    /// Words of a row: `checks / 21`, rounded up.
    width: usize,
    interned: [Interner; SEGMENT.len()],
    /// Rows of (packed segment, words) at the same place in `counts`.
    keys: Vec<u64>,
    counts: Vec<u64>,
    index: HashTable<usize>,
    hasher: hashbrown::DefaultHashBuilder,
    last: usize,
    words: Vec<u64>,
    hits: WaiverHits,
    rows: u64,
    part: Option<Part>,
}

/// Numbers for the words of one segment column, in the order of their first appearance; 0 is NULL.
#[derive(Default)]
struct Interner {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Interner {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        self.names.push(word.to_owned());
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> Option<String> {
        self.names.get(usize::try_from(number).ok()?.checked_sub(1)?).cloned()
    }
}

/// Bits of one segment column's number in a packed segment (5 columns in 128 bits).
const SEGMENT_BITS: u32 = 25;

impl Counter {
    fn new(scan: &Scan) -> Self {
        Self {
            width: scan.checks.len().div_ceil(CHECKS_PER_WORD).max(1),
            interned: Default::default(),
            keys: Vec::new(),
            counts: Vec::new(),
            index: HashTable::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            last: 0,
            words: Vec::new(),
            hits: WaiverHits::new(),
            rows: 0,
            part: None,
        }
    }

    fn add(&mut self, batch: &RecordBatch, scan: &Scan, part: Option<&mut Part>) -> Result<(), Error> {
        let arrow = |source| Error::Arrow { view: scan.view.name.to_owned(), source };
        let rows = batch.num_rows();
        self.rows += rows as u64;
        let segments = self.segments(batch, rows).map_err(arrow)?;
        self.fill_words(batch, scan, rows).map_err(arrow)?;
        let words = std::mem::take(&mut self.words);
        for (segment, words) in segments.iter().zip(words.chunks_exact(self.width)) {
            self.count_row(*segment, words);
        }
        if let Some(part) = part {
            part.add(batch, scan, &words, self.width)?;
        }
        self.words = words;
        Ok(())
    }

    /// The packed segment of every row.
    fn segments(&mut self, batch: &RecordBatch, rows: usize) -> Result<Vec<u128>, arrow::error::ArrowError> {
        let mut packed = vec![0_u128; rows];
        for (place, interner) in self.interned.iter_mut().enumerate() {
            let column = dictionary(batch.column(place))?;
            let dictionary = column.as_dictionary::<Int32Type>();
            let names = dictionary.values().as_string::<i32>();
            let numbers: Vec<u128> =
                names.iter().map(|name| name.map_or(0, |name| u128::from(interner.number(name)))).collect();
            let shift = SEGMENT_BITS * u32::try_from(place).unwrap_or(0);
            let keys = dictionary.keys();
            if keys.null_count() == 0 {
                for (packed, key) in packed.iter_mut().zip(keys.values()) {
                    let number = usize::try_from(*key).ok().and_then(|key| numbers.get(key)).copied().unwrap_or(0);
                    *packed |= number << shift;
                }
            } else {
                for (packed, key) in packed.iter_mut().zip(keys) {
                    let number = key.and_then(|key| numbers.get(usize::try_from(key).ok()?)).copied().unwrap_or(0);
                    *packed |= number << shift;
                }
            }
        }
        Ok(packed)
    }

    /// The words of every row, row after row.
    fn fill_words(&mut self, batch: &RecordBatch, scan: &Scan, rows: usize) -> Result<(), arrow::error::ArrowError> {
        self.words.clear();
        self.words.resize(rows * self.width, 0);
        for (place, checks) in scan.checks.chunks(CHECKS_PER_WORD).enumerate() {
            let mut columns = Vec::with_capacity(checks.len());
            for check in checks {
                let waivers = check
                    .waivers
                    .iter()
                    .map(|(column, index)| Ok((boolean(batch.column(*column))?, *index)))
                    .collect::<Result<Vec<_>, arrow::error::ArrowError>>()?;
                columns.push((boolean(batch.column(check.applies))?, boolean(batch.column(check.passes))?, waivers));
            }
            for block in 0..rows.div_ceil(64) {
                let in_block = (rows - block * 64).min(64);
                // Beyond the last row everything reads as false and known, that is, as outside.
                let valid = if in_block == 64 { u64::MAX } else { (1 << in_block) - 1 };
                let mut matrix = [0_u64; 64];
                for (number, (applies, passes, waivers)) in columns.iter().enumerate() {
                    let applies = Lanes::new(applies).block(block);
                    let passes = Lanes::new(passes).block(block);
                    let mut waived = 0;
                    for (column, index) in waivers {
                        let covers =
                            bits::holds(Lanes::new(column).block(block)) & bits::failing(applies, passes) & valid;
                        *self.hits.entry(*index).or_insert(0) += u64::from(covers.count_ones());
                        waived |= covers;
                    }
                    for (plane, bits) in bits::planes(applies, passes, waived).into_iter().enumerate() {
                        if let Some(row) = matrix.get_mut(3 * number + plane) {
                            *row = bits & valid;
                        }
                    }
                }
                bits::transpose(&mut matrix);
                for (row, word) in matrix.iter().take(in_block).enumerate() {
                    if let Some(target) = self.words.get_mut((block * 64 + row) * self.width + place) {
                        *target = *word;
                    }
                }
            }
        }
        Ok(())
    }

    fn count_row(&mut self, segment: u128, words: &[u64]) {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the packed segment")]
        let (low, high) = (segment as u64, (segment >> 64) as u64);
        let stride = self.width + 2;
        let keys = &self.keys;
        let same = |place: &usize| {
            keys.get(place * stride..(place + 1) * stride)
                .is_some_and(|key| matches!(key, [a, b, rest @ ..] if *a == low && *b == high && rest == words))
        };
        if same(&self.last) && !self.counts.is_empty() {
            if let Some(count) = self.counts.get_mut(self.last) {
                *count += 1;
            }
            return;
        }
        let hash = hash_of(&self.hasher, low, high, words);
        let place = match self.index.find(hash, same) {
            Some(place) => *place,
            None => {
                let place = self.counts.len();
                self.keys.extend([low, high]);
                self.keys.extend_from_slice(words);
                self.counts.push(0);
                let (keys, hasher) = (&self.keys, &self.hasher);
                self.index.insert_unique(hash, place, |place| match keys.get(place * stride..(place + 1) * stride) {
                    Some([low, high, words @ ..]) => hash_of(hasher, *low, *high, words),
                    _ => 0,
                });
                place
            }
        };
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.last = place;
    }

    /// Adds what this partition found; hands back the rows that it wrote.
    fn merge_into(self, tally: &mut Tally) -> Result<Option<std::path::PathBuf>, Error> {
        let [provider, scope_id, environment, identity_kind, ai_use] = &self.interned;
        for (key, count) in self.keys.chunks_exact(self.width + 2).zip(&self.counts) {
            let [low, high, words @ ..] = key else { continue };
            let packed = u128::from(*low) | u128::from(*high) << 64;
            let number =
                |place: u32| u32::try_from(packed >> (SEGMENT_BITS * place) & ((1 << SEGMENT_BITS) - 1)).unwrap_or(0);
            let segment = Segment {
                provider: provider.name(number(0)),
                scope_id: scope_id.name(number(1)),
                environment: environment.name(number(2)),
                identity_kind: identity_kind.name(number(3)),
                ai_use: ai_use.name(number(4)),
            };
            *tally.patterns.entry(segment).or_default().entry(words.to_vec()).or_insert(0) += count;
        }
        for (index, hits) in self.hits {
            *tally.waiver_hits.entry(index).or_insert(0) += hits;
        }
        tally.rows += self.rows;
        self.part.map(Part::finish).transpose()
    }
}

fn hash_of(hasher: &hashbrown::DefaultHashBuilder, low: u64, high: u64, words: &[u64]) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut state = hasher.build_hasher();
    state.write_u64(low);
    state.write_u64(high);
    for word in words {
        state.write_u64(*word);
    }
    state.finish()
}

/// A segment column as a dictionary of text.
fn dictionary(column: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    let wanted = crate::inventory::column::Kind::Word.data_type();
    if column.data_type() == &wanted {
        Ok(std::sync::Arc::clone(column))
    } else {
        arrow::compute::cast(column, &wanted)
    }
}

/// A predicate's answers; a literal NULL has no type of its own and means NULL on every row.
fn boolean(column: &ArrayRef) -> Result<BooleanArray, arrow::error::ArrowError> {
    match column.as_boolean_opt() {
        Some(answers) => Ok(answers.clone()),
        None => Ok(arrow::compute::cast(column, &arrow::datatypes::DataType::Boolean)?.as_boolean().clone()),
    }
}

/// Where the rows of one tally are collected while it runs; held by [`RowsWriter`].
pub(super) fn part_name(folder: &Path, view: &str, number: usize) -> std::path::PathBuf {
    folder.join(format!("rows-{view}-{number:04}.parquet"))
}
