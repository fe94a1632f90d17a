//! Conditions on one column of words (`lifetime = 'static'`, `scope_id IN (...)`): answered once for each word
//! of a column's dictionary, not once a row. All answers of all columns for a row are one look-up a column;
//! between words of answers by row and bitmaps by condition lies the transposition of a bit matrix.

use std::sync::Arc;

use arrow::array::{Array, AsArray, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Int32Type, SchemaRef};
use datafusion::physical_expr::PhysicalExpr;

use super::bits::{self, Lane};
use super::tally::{boolean, dictionary};
use super::{Error, failed};

/// Conditions whose answers fit one word: two bits each.
const CONDITIONS_PER_WORD: usize = 32;

/// The conditions on words of one view.
#[derive(Debug, Clone, Default)]
pub(super) struct WordConditions {
    columns: Vec<WordColumn>,
    /// Where the answer to each condition belongs among all answers.
    places: Vec<usize>,
}

#[derive(Debug, Clone)]
struct WordColumn {
    /// Its place in the scan's output.
    column: usize,
    schema: SchemaRef,
    /// (number among all conditions, condition)
    conditions: Vec<(usize, Arc<dyn PhysicalExpr>)>,
}

impl WordConditions {
    /// Adds a condition on the column at that place of the scan's output.
    pub fn add(&mut self, column: usize, schema: SchemaRef, condition: Arc<dyn PhysicalExpr>, place: usize) {
        let condition = (self.places.len(), condition);
        self.places.push(place);
        match self.columns.iter_mut().find(|known| known.column == column) {
            Some(known) => known.conditions.push(condition),
            None => self.columns.push(WordColumn { column, schema, conditions: vec![condition] }),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Puts the answers on 64 rows where they belong.
    pub fn spread(&self, lanes: &[Lane], all: &mut [Lane]) {
        for (place, lane) in self.places.iter().zip(lanes) {
            if let Some(target) = all.get_mut(*place) {
                *target = *lane;
            }
        }
    }
}

/// The answers for each word of each column's dictionary, as long as batches share it.
#[derive(Default)]
pub(super) struct WordAnswers {
    known: Vec<Known>,
}

#[derive(Default)]
struct Known {
    words: Option<StringArray>,
    /// The answers for each word, and for NULL at the end; the conditions beyond the first 32 follow.
    answers: Vec<Vec<u64>>,
}

impl WordAnswers {
    /// The answers on all rows of a batch: 64 rows after 64 rows, a lane each condition.
    pub fn lanes(&mut self, conditions: &WordConditions, batch: &RecordBatch) -> Result<Vec<Lane>, Error> {
        let columns = conditions
            .columns
            .iter()
            .map(|column| dictionary(batch.column(column.column)).map_err(arrow_failed))
            .collect::<Result<Vec<_>, Error>>()?;
        self.known.resize_with(columns.len(), Known::default);
        for ((known, column), array) in self.known.iter_mut().zip(&conditions.columns).zip(&columns) {
            let words = array.as_dictionary::<Int32Type>().values().as_string::<i32>();
            if !known.words.as_ref().is_some_and(|known| same_words(known, words)) {
                known.answers = column.answer(words, conditions.places.len())?;
                known.words = Some(words.clone());
            }
        }
        let keys: Vec<(Keys<'_>, &Known)> =
            columns.iter().map(|array| Keys::of(array.as_dictionary())).zip(&self.known).collect();
        let rows = batch.num_rows();
        let mut lanes = Vec::with_capacity(conditions.places.len() * rows.div_ceil(64));
        for block in 0..rows.div_ceil(64) {
            for (word, places) in conditions.places.chunks(CONDITIONS_PER_WORD).enumerate() {
                let mut matrix = [0_u64; 64];
                for (keys, known) in &keys {
                    keys.look_up(block, known.answers.get(word).map_or(&[], Vec::as_slice), &mut matrix);
                }
                bits::transpose(&mut matrix);
                lanes.extend(matrix.chunks_exact(2).take(places.len()).map(|pair| match pair {
                    [values, known] => Lane::new(*values, *known),
                    _ => Lane::default(),
                }));
            }
        }
        Ok(lanes)
    }
}

/// Whether two dictionaries are one in memory: readers wrap it anew for every batch.
pub(super) fn same_words(one: &StringArray, other: &StringArray) -> bool {
    one.len() == other.len()
        && one.offsets().ptr_eq(other.offsets())
        && one.values().ptr_eq(other.values())
        && one.null_count() + other.null_count() == 0
}

impl WordColumn {
    /// Asks its conditions of every word, and of NULL.
    fn answer(&self, words: &StringArray, of: usize) -> Result<Vec<Vec<u64>>, Error> {
        let keys: Int32Array =
            (0..words.len()).map(|key| i32::try_from(key).ok()).chain(std::iter::once(None)).collect();
        let column = DictionaryArray::try_new(keys, Arc::new(words.clone())).map_err(arrow_failed)?;
        let asked = words.len() + 1;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), vec![Arc::new(column)]).map_err(arrow_failed)?;
        let mut answers = vec![vec![0_u64; asked]; of.div_ceil(CONDITIONS_PER_WORD)];
        for (number, condition) in &self.conditions {
            let found = condition.evaluate(&batch).and_then(|found| found.into_array(asked));
            let found = boolean(&found.map_err(failed("a condition on words failed"))?).map_err(arrow_failed)?;
            let bit = 2 * (number % CONDITIONS_PER_WORD);
            let Some(answers) = answers.get_mut(number / CONDITIONS_PER_WORD) else { continue };
            for (answers, found) in answers.iter_mut().zip(&found) {
                *answers |= (u64::from(found == Some(true)) | u64::from(found.is_some()) << 1) << bit;
            }
        }
        Ok(answers)
    }
}

/// The words of a column, as places in its dictionary.
pub(super) struct Keys<'a> {
    keys: &'a [i32],
    nulls: Option<&'a NullBuffer>,
}

impl<'a> Keys<'a> {
    /// The keys of a column.
    pub fn of(array: &'a DictionaryArray<Int32Type>) -> Self {
        Self { keys: array.keys().values(), nulls: array.nulls().filter(|nulls| nulls.null_count() > 0) }
    }

    /// Adds to each of 64 rows what a table holds for its word; what it holds for NULL stands at its end.
    #[inline]
    pub fn look_up(&self, block: usize, table: &[u64], rows: &mut [u64]) {
        let keys = self.keys.get(block * 64..).unwrap_or_default();
        let keys = keys.get(..64).unwrap_or(keys);
        let held = |key: i32| usize::try_from(key).ok().and_then(|key| table.get(key)).copied().unwrap_or(0);
        let known = self.nulls.map_or(u64::MAX, |nulls| bits::word(nulls.inner(), block));
        match keys {
            // Views are sorted, so that many columns have long runs of one word.
            [first, rest @ ..] if known == u64::MAX && rest.iter().all(|key| key == first) => {
                let held = held(*first);
                rows.iter_mut().zip(keys).for_each(|(row, _)| *row |= held);
            }
            _ if known == u64::MAX => rows.iter_mut().zip(keys).for_each(|(row, key)| *row |= held(*key)),
            _ => {
                let null = table.last().copied().unwrap_or(0);
                for (place, (row, key)) in rows.iter_mut().zip(keys).enumerate() {
                    *row |= if known >> place & 1 == 1 { held(*key) } else { null };
                }
            }
        }
    }
}

fn arrow_failed(source: arrow::error::ArrowError) -> Error {
    Error::Arrow { view: "words".to_owned(), source }
}
