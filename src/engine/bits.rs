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
    /// From bitmaps of the rows that are true and of those that are known.
    #[inline]
    pub fn new(values: u64, known: u64) -> Self {
        Self { values, known }
    }

    /// The same on every row.
    #[inline]
    pub fn all(answer: Option<bool>) -> Self {
        let bits = |set: bool| if set { u64::MAX } else { 0 };
        Self { values: bits(answer == Some(true)), known: bits(answer.is_some()) }
    }

    /// Rows on which it is true.
    #[inline]
    pub fn is_true(self) -> u64 {
        self.values & self.known
    }

    /// AND of SQL: false wins, then what is not known.
    #[inline]
    pub fn and(self, other: Self) -> Self {
        let values = self.is_true() & other.is_true();
        Self { values, known: values | self.is_false() | other.is_false() }
    }

    /// OR of SQL: true wins, then what is not known.
    #[inline]
    pub fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// NOT of SQL.
    #[inline]
    pub fn negated(self) -> Self {
        Self { values: !self.values, ..self }
    }

    /// With a value in place of what is not known.
    #[inline]
    pub fn settled(self, value: bool) -> Self {
        Self { values: if value { !self.is_false() } else { self.is_true() }, known: u64::MAX }
    }

    /// Not known outside those rows.
    #[inline]
    pub fn known_only_in(self, rows: u64) -> Self {
        Self { known: self.known & rows, ..self }
    }

    /// Another lane outside those rows.
    #[inline]
    pub fn or_elsewhere(self, rows: u64, other: Self) -> Self {
        let choose = |one: u64, other: u64| one & rows | other & !rows;
        Self { values: choose(self.values, other.values), known: choose(self.known, other.known) }
    }

    /// What is true outside those rows is not known.
    #[inline]
    pub fn true_only_in(self, rows: u64) -> Self {
        Self { known: self.known & (rows | !self.values), ..self }
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
    #[inline]
    pub fn new(column: &'a BooleanArray) -> Self {
        Self { values: column.values(), known: column.nulls().map(arrow::buffer::NullBuffer::inner) }
    }

    /// Rows `64 * block ..`; bits beyond the column's end are zero.
    #[inline]
    pub fn block(&self, block: usize) -> Lane {
        Lane { values: word(self.values, block), known: self.known.map_or(u64::MAX, |known| word(known, block)) }
    }
}

/// 64 bits of a bitmap that may start anywhere within a byte.
#[inline]
pub fn word(bits: &BooleanBuffer, block: usize) -> u64 {
    let start = block * 64;
    let length = bits.len().saturating_sub(start).min(64);
    if length == 0 {
        return 0;
    }
    let first_bit = bits.offset() + start;
    let (byte, shift) = (first_bit / 8, first_bit % 8);
    let bytes = bits.values();
    if let (0, 64, Some(whole)) = (shift, length, bytes.get(byte..byte + 8)) {
        return whole.try_into().map_or(0, u64::from_le_bytes);
    }
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
#[inline]
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
#[inline]
pub fn failing(applies: Lane, passes: Lane) -> u64 {
    applies.is_true() & passes.is_false()
}

/// Transposes a 64 x 64 bit matrix in place: bit `c` of row `r` becomes bit `r` of row `c`.
pub fn transpose(matrix: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask: u64 = 0x0000_0000_ffff_ffff;
    while width != 0 {
        for rows in matrix.chunks_exact_mut(2 * width) {
            let (upper, lower) = rows.split_at_mut(width);
            for (high, low) in upper.iter_mut().zip(lower) {
                let swap = ((*high >> width) ^ *low) & mask;
                *high ^= swap << width;
                *low ^= swap;
            }
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
    fn lanes_follow_the_logic_of_sql() {
        let lane =
            |answer: Option<bool>| Lane { values: u64::from(answer == Some(true)), known: u64::from(answer.is_some()) };
        let answer = |lane: Lane| (lane.known & 1 == 1).then_some(lane.values & 1 == 1);
        let [yes, no, unknown] = [Some(true), Some(false), None];
        for (one, other, both) in [
            (yes, yes, yes),
            (yes, no, no),
            (yes, unknown, unknown),
            (no, no, no),
            (no, unknown, no),
            (unknown, unknown, unknown),
        ] {
            assert_eq!(answer(lane(one).and(lane(other))), both, "{one:?} and {other:?}");
            assert_eq!(answer(lane(other).and(lane(one))), both, "{other:?} and {one:?}");
        }
        for (one, other, either) in
            [(yes, no, yes), (yes, unknown, yes), (no, no, no), (no, unknown, unknown), (unknown, unknown, unknown)]
        {
            assert_eq!(answer(lane(one).or(lane(other))), either, "{one:?} or {other:?}");
            assert_eq!(answer(lane(other).or(lane(one))), either, "{other:?} or {one:?}");
        }
        for known in [yes, no, unknown] {
            assert_eq!(answer(Lane::all(known)), known);
            assert_eq!(answer(lane(known).negated()), known.map(|known| !known));
            assert_eq!(answer(lane(known).settled(true)), Some(known.unwrap_or(true)));
            assert_eq!(answer(lane(known).settled(false)), Some(known.unwrap_or(false)));
            assert_eq!(answer(lane(known).known_only_in(1)), known);
            assert_eq!(answer(lane(known).known_only_in(0)), unknown);
            assert_eq!(answer(lane(known).true_only_in(1)), known);
            assert_eq!(answer(lane(known).true_only_in(0)), if known == yes { unknown } else { known });
            for other in [yes, no, unknown] {
                assert_eq!(answer(lane(known).or_elsewhere(1, lane(other))), known);
                assert_eq!(answer(lane(known).or_elsewhere(0, lane(other))), other);
            }
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
