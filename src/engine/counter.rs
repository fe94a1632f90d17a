//! What one partition of a scan counts: the words of its rows, by segment. From answers to verdicts, from
//! verdicts to words, from words to a histogram; nothing is kept of a row but its count.

use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};

use super::bits::{self, CHECKS_PER_WORD, Lane, Lanes};
use super::plan::Judgement;
use super::rows::Part;
use super::tally::{boolean, dictionary};
use super::words::{Keys, WordAnswers, same_words};
use super::{Error, Scan, Segment, Tally, WaiverHits, failed};
use crate::inventory::views::SEGMENT;

/// Counts the rows of one partition.
pub(super) async fn count(
    mut stream: SendableRecordBatchStream,
    scan: Scan,
    mut part: Option<Part>,
) -> Result<Counter, Error> {
    let mut counter = Counter::new(&scan);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed(format!("cannot run the checks on `{}`", scan.view.name)))?;
        counter.add(&batch, &scan, part.as_mut())?;
    }
    counter.part = part;
    Ok(counter)
}

/// What one partition counted so far.
pub(super) struct Counter {
    /// Words of a row: `checks / 21`, rounded up.
    width: usize,
    interned: [Interner; SEGMENT.len()],
    patterns: HashTable<Pattern>,
    /// Words of patterns beyond their first one.
    more: Vec<u64>,
    hasher: hashbrown::DefaultHashBuilder,
    segments: Vec<u64>,
    words: Vec<u64>,
    by_word: WordAnswers,
    hits: WaiverHits,
    rows: u64,
    part: Option<Part>,
}

/// Rows of one segment with the same words. All of it lies in one place of the table: with as many patterns as
/// large estates have, what costs is to fetch it.
struct Pattern {
    segment: u64,
    word: u64,
    /// Where its further words begin, for views of more than 21 checks.
    more: usize,
    rows: u64,
}

/// Numbers for the words of one segment column, in the order of their first appearance; 0 is NULL.
#[derive(Default)]
struct Interner {
    numbers: HashMap<String, u64>,
    names: Vec<String>,
    /// The dictionary of the last batch, and its words' numbers in their place of a packed segment.
    known: Option<(StringArray, Vec<u64>)>,
}

impl Interner {
    fn number(&mut self, word: &str) -> u64 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        self.names.push(word.to_owned());
        let number = self.names.len() as u64;
        self.numbers.insert(word.to_owned(), number);
        number
    }

    /// The numbers of a dictionary's words, shifted; 0 for NULL stands at the end.
    fn numbers_of(&mut self, words: &StringArray, shift: u32) -> &[u64] {
        let numbers = match self.known.take() {
            Some((known, numbers)) if same_words(&known, words) => numbers,
            _ => words
                .iter()
                .map(|word| word.map_or(0, |word| self.number(word) << shift))
                .chain(std::iter::once(0))
                .collect(),
        };
        &self.known.insert((words.clone(), numbers)).1
    }

    fn name(&self, number: u64) -> Option<String> {
        self.names.get(usize::try_from(number).ok()?.checked_sub(1)?).cloned()
    }
}

/// Bits of each segment column's numbers in a packed segment. Kinds come from closed lists, scopes and
/// environments from exports.
const SEGMENT_BITS: [u32; SEGMENT.len()] = [6, 24, 20, 8, 6];

impl Counter {
    fn new(scan: &Scan) -> Self {
        Self {
            width: scan.checks.len().div_ceil(CHECKS_PER_WORD).max(1),
            interned: Default::default(),
            patterns: HashTable::new(),
            more: Vec::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            segments: Vec::new(),
            words: Vec::new(),
            by_word: WordAnswers::default(),
            hits: WaiverHits::new(),
            rows: 0,
            part: None,
        }
    }

    fn add(&mut self, batch: &RecordBatch, scan: &Scan, part: Option<&mut Part>) -> Result<(), Error> {
        let arrow = |source| Error::Arrow { view: scan.view.name.to_owned(), source };
        let rows = batch.num_rows();
        self.rows += rows as u64;
        self.fill_segments(batch, rows).map_err(arrow)?;
        self.fill_words(batch, scan, rows)?;
        let (segments, words) = (std::mem::take(&mut self.segments), std::mem::take(&mut self.words));
        let mut rows = segments.iter().zip(words.chunks_exact(self.width)).peekable();
        while let Some((segment, words)) = rows.next() {
            let mut same = 1;
            while rows.next_if(|(next, more)| *next == segment && equal(more, words)).is_some() {
                same += 1;
            }
            self.count_rows(*segment, words, same);
        }
        if let Some(part) = part {
            part.add(batch, scan, &words, self.width)?;
        }
        (self.segments, self.words) = (segments, words);
        Ok(())
    }

    /// The packed segment of every row.
    fn fill_segments(&mut self, batch: &RecordBatch, rows: usize) -> Result<(), ArrowError> {
        self.segments.clear();
        self.segments.resize(rows, 0);
        let mut shift = 0;
        for (place, (interned, bits)) in self.interned.iter_mut().zip(SEGMENT_BITS).enumerate() {
            let column = dictionary(batch.column(place))?;
            let column = column.as_dictionary::<Int32Type>();
            let numbers = interned.numbers_of(column.values().as_string(), shift);
            let keys = Keys::of(column);
            self.segments.chunks_mut(64).enumerate().for_each(|(block, rows)| keys.look_up(block, numbers, rows));
            if interned.names.len() >> bits > 0 {
                let name = SEGMENT.get(place).copied().unwrap_or_default();
                return Err(ArrowError::ComputeError(format!("column `{name}` has too many different words")));
            }
            shift += bits;
        }
        Ok(())
    }

    /// The words of every row, row after row.
    fn fill_words(&mut self, batch: &RecordBatch, scan: &Scan, rows: usize) -> Result<(), Error> {
        let arrow = |source| Error::Arrow { view: scan.view.name.to_owned(), source };
        self.words.clear();
        self.words.resize(rows * self.width, 0);
        let by_word = self.by_word.lanes(&scan.words, batch)?;
        let columns = scan.evaluated.iter().map(|(place, column)| Ok((*place, boolean(batch.column(*column))?)));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(arrow)?;
        let columns: Vec<_> = columns.iter().map(|(place, answers)| (*place, Lanes::new(answers))).collect();
        let mut answers = vec![Lane::default(); scan.formulas.conditions().len()];
        let mut values = Vec::new();
        for block in 0..rows.div_ceil(64) {
            let in_block = (rows - block * 64).min(64);
            // Beyond the last row everything reads as outside.
            let valid = if in_block == 64 { u64::MAX } else { (1 << in_block) - 1 };
            let asked = scan.words.len();
            scan.words.spread(by_word.get(block * asked..(block + 1) * asked).unwrap_or_default(), &mut answers);
            for (place, column) in &columns {
                if let Some(answer) = answers.get_mut(*place) {
                    *answer = column.block(block);
                }
            }
            scan.formulas.evaluate(&answers, &mut values);
            for (place, checks) in scan.checks.chunks(CHECKS_PER_WORD).enumerate() {
                let mut matrix = [0_u64; 64];
                for (planes, check) in matrix.chunks_exact_mut(3).zip(checks) {
                    for (plane, bits) in planes.iter_mut().zip(judge(check, &values, valid, &mut self.hits)) {
                        *plane = bits & valid;
                    }
                }
                bits::transpose(&mut matrix);
                let words = self.words.iter_mut().skip(block * 64 * self.width + place).step_by(self.width);
                words.zip(matrix).take(in_block).for_each(|(target, word)| *target = word);
            }
        }
        Ok(())
    }

    fn count_rows(&mut self, segment: u64, words: &[u64], rows: u64) {
        let (word, rest) = words.split_first().map_or((0, words), |(word, rest)| (*word, rest));
        let (more, hasher) = (&self.more, &self.hasher);
        let hash = |segment: u64, word: u64, rest: &[u64]| {
            let mut state = hasher.build_hasher();
            state.write_u64(segment);
            state.write_u64(word);
            rest.iter().for_each(|word| state.write_u64(*word));
            state.finish()
        };
        let rest_of = |pattern: &Pattern| more.get(pattern.more..pattern.more + rest.len()).unwrap_or_default();
        let same =
            |pattern: &Pattern| pattern.segment == segment && pattern.word == word && equal(rest_of(pattern), rest);
        let hash_of = |pattern: &Pattern| hash(pattern.segment, pattern.word, rest_of(pattern));
        match self.patterns.entry(hash(segment, word, rest), same, hash_of) {
            Entry::Occupied(mut known) => known.get_mut().rows += rows,
            Entry::Vacant(new) => {
                new.insert(Pattern { segment, word, more: more.len(), rows });
                self.more.extend_from_slice(rest);
            }
        }
    }

    /// Adds what this partition found; hands back the rows that it wrote.
    pub fn merge_into(self, tally: &mut Tally) -> Result<Option<PathBuf>, Error> {
        let further = self.width - 1;
        let mut counted: Vec<(u64, Vec<u64>, u64)> = Vec::with_capacity(self.patterns.len());
        for Pattern { segment, word, more, rows } in self.patterns {
            let further = self.more.get(more..more + further).unwrap_or_default();
            counted.push((segment, std::iter::once(word).chain(further.iter().copied()).collect(), rows));
        }
        counted.sort_unstable();
        // One look-up a segment, not one a pattern: segments are compared as five texts.
        for same_segment in counted.chunk_by_mut(|one, next| one.0 == next.0) {
            let mut packed = same_segment.first().map_or(0, |(segment, ..)| *segment);
            let mut names = self.interned.iter().zip(SEGMENT_BITS).map(|(interner, bits)| {
                let number = packed & ((1 << bits) - 1);
                packed >>= bits;
                interner.name(number)
            });
            let mut next = || names.next().flatten();
            let segment = Segment {
                provider: next(),
                scope_id: next(),
                environment: next(),
                identity_kind: next(),
                ai_use: next(),
            };
            let patterns = tally.patterns.entry(segment).or_default();
            for (_, words, count) in same_segment {
                *patterns.entry(std::mem::take(words)).or_insert(0) += *count;
            }
        }
        for (index, hits) in self.hits {
            *tally.waiver_hits.entry(index).or_insert(0) += hits;
        }
        tally.rows += self.rows;
        self.part.map(Part::finish).transpose()
    }
}

/// Whether rows have the same words; these are one or two, too few to call for a comparison of memory.
fn equal(one: &[u64], other: &[u64]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// The bit planes of one check's verdicts on 64 rows, of which `valid` exist; counts what waivers cover.
fn judge(check: &Judgement, values: &[Lane], valid: u64, hits: &mut WaiverHits) -> [u64; 3] {
    let value = |number: usize| values.get(number).copied().unwrap_or_default();
    let (applies, mut passes) = (value(check.applies), value(check.passes));
    if let Some(complete) = check.complete {
        // A failure stays a failure, however much more there may be.
        passes = passes.true_only_in(value(complete).is_true());
    }
    if let Some(readable) = check.readable {
        passes = passes.known_only_in(value(readable).is_true());
    }
    let mut waived = 0;
    for (waiver, index) in &check.waivers {
        let covers = value(*waiver).is_true() & bits::failing(applies, passes) & valid;
        *hits.entry(*index).or_insert(0) += u64::from(covers.count_ones());
        waived |= covers;
    }
    bits::planes(applies, passes, waived)
}
