//! Conditions on one column of words (`lifetime = 'static'`, `scope_id IN (...)`): answered once for each word
//! of a column's dictionary, not once a row. All answers of all columns for a row are one look-up a column;
//! between words of answers by row and bitmaps by condition lies the transposition of a bit matrix.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch};
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

/// What is known of the dictionary of each column, as long as batches share it.
#[derive(Default)]
pub(super) struct WordAnswers {
    known: Vec<Option<Known>>,
}

struct Known {
    words: ArrayRef,
    /// The answers for each word, and for NULL at the end; the conditions beyond the first 32 follow.
    answers: Vec<Vec<u64>>,
}

/// One column of a batch.
struct Keys<'a> {
    keys: &'a [i32],
    nulls: Option<&'a NullBuffer>,
    known: &'a Known,
}

impl WordAnswers {
    /// The answers on all rows of a batch: 64 rows after 64 rows, a lane each condition.
    pub fn lanes(&mut self, conditions: &WordConditions, batch: &RecordBatch) -> Result<Vec<Lane>, Error> {
        let columns = conditions
            .columns
            .iter()
            .map(|column| dictionary(batch.column(column.column)).map_err(arrow_failed))
            .collect::<Result<Vec<_>, Error>>()?;
        self.known.resize_with(columns.len(), || None);
        for ((known, column), array) in self.known.iter_mut().zip(&conditions.columns).zip(&columns) {
            let words = array.as_dictionary::<Int32Type>().values();
            if !known.as_ref().is_some_and(|known| Arc::ptr_eq(&known.words, words)) {
                *known = Some(column.answer(words, conditions.places.len())?);
            }
        }
        let keys: Vec<Keys<'_>> = columns
            .iter()
            .zip(&self.known)
            .filter_map(|(array, known)| {
                let array = array.as_dictionary::<Int32Type>();
                let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
                Some(Keys { keys: array.keys().values(), nulls, known: known.as_ref()? })
            })
            .collect();
        let rows = batch.num_rows();
        let mut lanes = Vec::with_capacity(conditions.places.len() * rows.div_ceil(64));
        for block in 0..rows.div_ceil(64) {
            for (word, places) in conditions.places.chunks(CONDITIONS_PER_WORD).enumerate() {
                let mut matrix = [0_u64; 64];
                keys.iter().for_each(|keys| keys.look_up(block, word, &mut matrix));
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

impl WordColumn {
    /// Asks its conditions of every word, and of NULL.
    fn answer(&self, words: &ArrayRef, of: usize) -> Result<Known, Error> {
        let keys: Int32Array =
            (0..words.len()).map(|key| i32::try_from(key).ok()).chain(std::iter::once(None)).collect();
        let column = DictionaryArray::try_new(keys, Arc::clone(words)).map_err(arrow_failed)?;
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
        Ok(Known { words: Arc::clone(words), answers })
    }
}

impl Keys<'_> {
    /// Adds the answers for the words of 64 rows, a row each.
    fn look_up(&self, block: usize, word: usize, matrix: &mut [u64; 64]) {
        let Some(answers) = self.known.answers.get(word) else { return };
        let keys = self.keys.get(block * 64..).unwrap_or_default();
        let keys = keys.get(..64).unwrap_or(keys);
        let answer = |key: i32| usize::try_from(key).ok().and_then(|key| answers.get(key)).copied().unwrap_or(0);
        let known = self.nulls.map_or(u64::MAX, |nulls| bits::word(nulls.inner(), block));
        match keys {
            // Views are sorted, so that many columns have long runs of one word.
            [first, rest @ ..] if known == u64::MAX && rest.iter().all(|key| key == first) => {
                let answer = answer(*first);
                matrix.iter_mut().take(keys.len()).for_each(|row| *row |= answer);
            }
            _ if known == u64::MAX => matrix.iter_mut().zip(keys).for_each(|(row, key)| *row |= answer(*key)),
            _ => {
                let null = answers.last().copied().unwrap_or(0);
                for (place, (row, key)) in matrix.iter_mut().zip(keys).enumerate() {
                    *row |= if known >> place & 1 == 1 { answer(*key) } else { null };
                }
            }
        }
    }
}

fn arrow_failed(source: arrow::error::ArrowError) -> Error {
    Error::Arrow { view: "words".to_owned(), source }
}
