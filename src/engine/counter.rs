//! What one partition of a scan counts: the words of its rows, by segment. From answers to verdicts, from
//! verdicts to words, from words to a histogram; nothing is kept of a row but its count.

use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use hashbrown::{HashMap, HashTable};

use super::bits::{self, CHECKS_PER_WORD, Lane, Lanes};
use super::plan::Judgement;
use super::rows::Part;
use super::tally::{boolean, dictionary};
use super::words::WordAnswers;
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
    /// Rows of packed segment and words at the same place in `counts`.
    keys: Vec<u64>,
    counts: Vec<u64>,
    index: HashTable<usize>,
    hasher: hashbrown::DefaultHashBuilder,
    last: usize,
    words: Vec<u64>,
    by_word: WordAnswers,
    hits: WaiverHits,
    rows: u64,
    part: Option<Part>,
}

/// Numbers for the words of one segment column, in the order of their first appearance; 0 is NULL.
#[derive(Default)]
struct Interner {
    numbers: HashMap<String, u64>,
    names: Vec<String>,
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
            keys: Vec::new(),
            counts: Vec::new(),
            index: HashTable::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            last: 0,
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
        let segments = self.segments(batch, rows).map_err(arrow)?;
        self.fill_words(batch, scan, rows)?;
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
    fn segments(&mut self, batch: &RecordBatch, rows: usize) -> Result<Vec<u64>, ArrowError> {
        let mut packed = vec![0_u64; rows];
        let mut shift = 0;
        for (place, (interner, bits)) in self.interned.iter_mut().zip(SEGMENT_BITS).enumerate() {
            let column = dictionary(batch.column(place))?;
            let dictionary = column.as_dictionary::<Int32Type>();
            let names = dictionary.values().as_string::<i32>();
            let numbers: Vec<u64> =
                names.iter().map(|name| name.map_or(0, |name| interner.number(name)) << shift).collect();
            if interner.names.len() >> bits > 0 {
                let name = SEGMENT.get(place).copied().unwrap_or_default();
                return Err(ArrowError::ComputeError(format!("column `{name}` has too many different words")));
            }
            let number = |key: i32| usize::try_from(key).ok().and_then(|key| numbers.get(key)).copied().unwrap_or(0);
            let keys = dictionary.keys();
            if keys.null_count() == 0 {
                packed.iter_mut().zip(keys.values()).for_each(|(packed, key)| *packed |= number(*key));
            } else {
                packed.iter_mut().zip(keys).for_each(|(packed, key)| *packed |= key.map_or(0, number));
            }
            shift += bits;
        }
        Ok(packed)
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
        let mut answers = vec![Lane::default(); scan.answers];
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
            for (place, checks) in scan.checks.chunks(CHECKS_PER_WORD).enumerate() {
                let mut matrix = [0_u64; 64];
                for (planes, check) in matrix.chunks_exact_mut(3).zip(checks) {
                    for (plane, bits) in planes.iter_mut().zip(judge(check, &answers, valid, &mut self.hits)) {
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

    fn count_row(&mut self, segment: u64, words: &[u64]) {
        let stride = self.width + 1;
        let keys = &self.keys;
        let same = |place: &usize| match keys.get(place * stride..(place + 1) * stride) {
            // Word by word: these are one or two, too few to call for a comparison of memory.
            Some([known, rest @ ..]) => *known == segment && rest.iter().zip(words).all(|(one, other)| one == other),
            _ => false,
        };
        if same(&self.last)
            && let Some(count) = self.counts.get_mut(self.last)
        {
            *count += 1;
            return;
        }
        let hash = hash_of(&self.hasher, segment, words);
        let place = match self.index.find(hash, same) {
            Some(place) => *place,
            None => {
                let place = self.counts.len();
                self.keys.push(segment);
                self.keys.extend_from_slice(words);
                self.counts.push(0);
                let (keys, hasher) = (&self.keys, &self.hasher);
                self.index.insert_unique(hash, place, |place| match keys.get(place * stride..(place + 1) * stride) {
                    Some([segment, words @ ..]) => hash_of(hasher, *segment, words),
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
    pub fn merge_into(self, tally: &mut Tally) -> Result<Option<PathBuf>, Error> {
        // One look-up a segment, not one a pattern: segments are compared as five texts.
        let keys = self.keys.chunks_exact(self.width + 1).zip(&self.counts);
        let mut counted: Vec<(u64, &[u64], u64)> = keys
            .filter_map(|(key, count)| key.split_first().map(|(segment, words)| (*segment, words, *count)))
            .collect();
        counted.sort_unstable();
        for same_segment in counted.chunk_by(|one, next| one.0 == next.0) {
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
                match patterns.get_mut(*words) {
                    Some(rows) => *rows += count,
                    None => _ = patterns.insert(words.to_vec(), *count),
                }
            }
        }
        for (index, hits) in self.hits {
            *tally.waiver_hits.entry(index).or_insert(0) += hits;
        }
        tally.rows += self.rows;
        self.part.map(Part::finish).transpose()
    }
}

/// The bit planes of one check's verdicts on 64 rows, of which `valid` exist; counts what waivers cover.
fn judge(check: &Judgement, answers: &[Lane], valid: u64, hits: &mut WaiverHits) -> [u64; 3] {
    let applies = check.applies.value(answers);
    let mut passes = check.passes.value(answers);
    if let Some(complete) = &check.complete {
        // A failure stays a failure, however much more there may be.
        passes = passes.true_only_in(complete.value(answers).is_true());
    }
    if let Some(readable) = &check.readable {
        passes = passes.known_only_in(readable.value(answers).is_true());
    }
    let mut waived = 0;
    for (waiver, index) in &check.waivers {
        let covers = waiver.value(answers).is_true() & bits::failing(applies, passes) & valid;
        *hits.entry(*index).or_insert(0) += u64::from(covers.count_ones());
        waived |= covers;
    }
    bits::planes(applies, passes, waived)
}

fn hash_of(hasher: &hashbrown::DefaultHashBuilder, segment: u64, words: &[u64]) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut state = hasher.build_hasher();
    state.write_u64(segment);
    for word in words {
        state.write_u64(*word);
    }
    state.finish()
}
