//! Random numbers that are the same on every machine: `splitmix64`, which is short enough to need no crate.
//! The estate that a seed gives is part of what the benchmark promises.

/// A stream of numbers.
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        let end = u64::try_from(end).unwrap_or(1).max(1);
        i64::try_from(self.bits() % end).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// The value in so many of a hundred cases, otherwise no evidence.
    pub fn known<T>(&mut self, percent: i64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(percent).then(|| value(self))
    }

    /// Yes in `yes` of a hundred cases, no in `no` of them, otherwise not known.
    pub fn answer(&mut self, yes: i64, no: i64) -> Option<bool> {
        let drawn = self.below(100);
        (drawn < yes + no).then_some(drawn < yes)
    }

    /// One of several; earlier ones are likelier, as few systems use all words alike.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let count = i64::try_from(of.len()).ok()?;
        let place = self.below(count).min(self.below(count));
        of.get(usize::try_from(place).ok()?).copied()
    }
}

/// Rows that one team deployed together and that are therefore mostly alike.
#[derive(Default)]
pub struct Stack {
    seed: u64,
    left: u32,
}

impl Stack {
    /// The stream for the next row: in most cases the one of its stack.
    pub fn next(&mut self, random: &mut Random) -> Random {
        if self.left == 0 {
            (self.seed, self.left) = (random.bits(), 40);
        }
        self.left -= 1;
        Random::new(if random.chance(80) { self.seed } else { random.bits() })
    }
}
