//! From bitmaps to verdict words: three bits a check, all checks of a row side by side. Evaluated columns are
//! bitmaps over rows; words are bitmaps over checks; between the two lies the transposition of a bit matrix.

use arrow::array::{Array, BooleanArray};
use arrow::buffer::BooleanBuffer;

/// Checks whose verdicts fit one 64-bit word.
pub const CHECKS_PER_WORD: usize = 21;

/// A column that was evaluated on 64 rows: which are true, and which are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lane {
    values: u64,
    known: u64,
}

impl Lane {
    fn is_true(self) -> u64 {
        self.values & self.known
    }

    fn is_false(self) -> u64 {
        !self.values & self.known
    }

    fn is_null(self) -> u64 {
        !self.known
    }
}

/// Reads 64 rows of a boolean column at a time.
pub struct Lanes<'a> {
    values: &'a BooleanBuffer,
    known: Option<&'a BooleanBuffer>,
}

impl<'a> Lanes<'a> {
    /// The lanes of a column.
    pub fn new(column: &'a BooleanArray) -> Self {
        Self { values: column.values(), known: column.nulls().map(arrow::buffer::NullBuffer::inner) }
    }

    /// Rows `64 * block ..`; bits beyond the column's end are zero.
    pub fn block(&self, block: usize) -> Lane {
        Lane { values: word(self.values, block), known: self.known.map_or(u64::MAX, |known| word(known, block)) }
    }
}

/// 64 bits of a bitmap that may start anywhere within a byte.
fn word(bits: &BooleanBuffer, block: usize) -> u64 {
    let start = block * 64;
    let length = bits.len().saturating_sub(start).min(64);
    if length == 0 {
        return 0;
    }
    let first_bit = bits.offset() + start;
    let (byte, shift) = (first_bit / 8, first_bit % 8);
    let bytes = bits.values();
    let mut buffer = [0_u8; 16];
    let available = bytes.get(byte..).unwrap_or_default();
    let taken = available.len().min(9);
    if let (Some(target), Some(source)) = (buffer.get_mut(..taken), available.get(..taken)) {
        target.copy_from_slice(source);
    }
    let wide = u128::from_le_bytes(buffer) >> shift;
    #[expect(clippy::cast_possible_truncation, reason = "the low 64 bits are what is wanted")]
    let low = wide as u64;
    if length == 64 { low } else { low & ((1 << length) - 1) }
}

/// The three bit planes of one check on 64 rows: outside 0, passed 1, failed 2, unknown 3, undetermined 4,
/// waived 5.
pub fn planes(applies: Lane, passes: Lane, waived: u64) -> [u64; 3] {
    let applying = applies.is_true();
    let passed = applying & passes.is_true();
    let failing = applying & passes.is_false();
    let unknown = applying & passes.is_null();
    let undetermined = applies.is_null();
    let waived = failing & waived;
    let failed = failing & !waived;
    [passed | unknown | waived, failed | unknown, undetermined | waived]
}

/// Rows that fail, waived or not.
pub fn failing(applies: Lane, passes: Lane) -> u64 {
    applies.is_true() & passes.is_false()
}

/// Rows on which a waiver's predicate holds.
pub fn holds(waiver: Lane) -> u64 {
    waiver.is_true()
}

/// Transposes a 64 x 64 bit matrix in place: bit `c` of row `r` becomes bit `r` of row `c`.
pub fn transpose(matrix: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask: u64 = 0x0000_0000_ffff_ffff;
    while width != 0 {
        let mut row = 0;
        while row < 64 {
            let (upper, lower) = (row, row + width);
            // Both are below 64: `row` skips every block's lower half.
            if let (Some(high), Some(low)) = (matrix.get(upper).copied(), matrix.get(lower).copied()) {
                let swap = ((high >> width) ^ low) & mask;
                if let Some(cell) = matrix.get_mut(upper) {
                    *cell = high ^ (swap << width);
                }
                if let Some(cell) = matrix.get_mut(lower) {
                    *cell = low ^ swap;
                }
            }
            row = (row + width + 1) & !width;
        }
        width >>= 1;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_bit_stands_where_row_and_column_are_swapped() {
        for (row, column) in [(0, 0), (0, 63), (63, 0), (5, 40), (31, 32), (62, 1)] {
            let mut matrix = [0_u64; 64];
            matrix[row] |= 1 << column;
            transpose(&mut matrix);
            let expected: Vec<u64> = (0..64).map(|r| if r == column { 1 << row } else { 0 }).collect();
            assert_eq!(matrix.to_vec(), expected, "{row} {column}");
        }
    }

    #[test]
    fn a_bitmap_may_start_within_a_byte_and_end_within_a_word() {
        let bits: BooleanBuffer = (0..200).map(|i| i % 3 == 0).collect();
        let slice = bits.slice(5, 190);
        for block in 0..4 {
            let expected = (0..64_usize).fold(0_u64, |word, bit| {
                let row = block * 64 + bit;
                if row < 190 && (row + 5) % 3 == 0 { word | 1 << bit } else { word }
            });
            assert_eq!(word(&slice, block), expected, "block {block}");
        }
    }

    #[test]
    fn every_combination_of_three_valued_answers_has_its_verdict() {
        // Rows: (applies, passes, waived) and the code that docs/scoring.md section 1 gives.
        let rows = [
            (Some(true), Some(true), false, 1),
            (Some(true), Some(true), true, 1),
            (Some(true), Some(false), false, 2),
            (Some(true), Some(false), true, 5),
            (Some(true), None, true, 3),
            (Some(false), Some(false), true, 0),
            (Some(false), None, false, 0),
            (None, Some(true), false, 4),
            (None, Some(false), true, 4),
        ];
        let lane = |answers: &dyn Fn(usize) -> Option<bool>| {
            (0..rows.len()).fold(Lane::default(), |mut lane, row| {
                if let Some(answer) = answers(row) {
                    lane.known |= 1 << row;
                    lane.values |= u64::from(answer) << row;
                }
                lane
            })
        };
        let waived = rows.iter().enumerate().fold(0, |bits, (row, r)| bits | u64::from(r.2) << row);
        let planes = planes(lane(&|row| rows[row].0), lane(&|row| rows[row].1), waived);
        for (row, expected) in rows.iter().enumerate() {
            let code = (0..3).fold(0, |code, plane| code | (planes[plane] >> row & 1) << plane);
            assert_eq!(code, expected.3, "row {row}");
        }
    }
}
