//! Intervals, ratings and how they are shown (docs/scoring.md, *Arithmetic* and section 4).

use serde::{Deserialize, Serialize};

use crate::frameworks::LARGEST_TOLERANCE;

/// What is proven and what is still possible, as fractions 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// What is proven.
    pub low: f64,
    /// What is still possible.
    pub high: f64,
}

impl Interval {
    /// Nothing is proven, everything is possible.
    pub const OPEN: Self = Self { low: 0.0, high: 1.0 };
    /// Everything is proven.
    pub const FULL: Self = Self { low: 1.0, high: 1.0 };

    /// A figure that is known.
    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Whether evidence says anything at all.
    #[must_use]
    pub fn is_narrower_than_open(self) -> bool {
        fixed_point(self.low) > 0 || fixed_point(self.high) < ONE
    }

    /// The weaker of two, at both ends.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    /// What remains when only a share of the whole is covered: the rest is unknown, not passed.
    #[must_use]
    pub fn covering(self, share: f64) -> Self {
        Self { low: share * self.low, high: 1.0 - share * (1.0 - self.high) }
    }

    /// What a check with a tolerance is worth: a share of failing rows weighs as much more as the tolerated
    /// share is smaller than the 15 % below which others are fully achieved (docs/scoring.md section 4).
    #[must_use]
    pub fn tolerating(self, share: f64) -> Self {
        let worth = |passing: f64| 1.0 - ((1.0 - passing) * (LARGEST_TOLERANCE / share)).min(1.0);
        Self { low: worth(self.low), high: worth(self.high) }
    }

    /// The better of two, at both ends.
    #[must_use]
    pub fn better(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    /// Ratings of both ends.
    #[must_use]
    pub fn ratings(self) -> (Rating, Rating) {
        (Rating::of(self.low), Rating::of(self.high))
    }

    /// The mean of weighted intervals; `None` where there is no weight.
    pub fn mean(parts: impl IntoIterator<Item = (f64, Self)>) -> Option<Self> {
        let (mut weight, mut low, mut high) = (0.0, 0.0, 0.0);
        for (part, interval) in parts {
            weight += part;
            low += part * interval.low;
            high += part * interval.high;
        }
        (weight > 0.0).then(|| Self { low: low / weight, high: high / weight })
    }
}

/// One, in fixed point.
const ONE: i64 = 1_000_000_000;

/// A fraction as billionths, rounded: everything is compared and shown in these, so that no two machines and no
/// two orders of adding disagree.
#[must_use]
pub fn fixed_point(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "fractions are at most 1, which is 1e9")]
    let billionths = (value * 1e9 + 0.5).floor() as i64;
    billionths
}

/// ISO/IEC 33020's ratings of how far something is achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rating {
    /// Not: at most 15 %.
    N,
    /// Partially: at most 50 %.
    P,
    /// Largely: at most 85 %.
    L,
    /// Fully: more than 85 %.
    F,
}

impl Rating {
    /// The rating of a fraction.
    #[must_use]
    pub fn of(value: f64) -> Self {
        match fixed_point(value) {
            ..=150_000_000 => Self::N,
            150_000_001..=500_000_000 => Self::P,
            500_000_001..=850_000_000 => Self::L,
            _ => Self::F,
        }
    }

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::N => "N",
            Self::P => "P",
            Self::L => "L",
            Self::F => "F",
        }
    }
}

/// A fraction as a percentage with one decimal: `100.0` only for all of it, `0.0` only for none of it.
#[must_use]
pub fn percent(value: f64) -> String {
    let billionths = fixed_point(value);
    let tenths = match (billionths + 500_000) / 1_000_000 {
        1000 if billionths < ONE => 999,
        0 if billionths > 0 => 1,
        tenths => tenths,
    };
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_change_just_above_their_limits() {
        assert_eq!(Rating::of(0.15), Rating::N);
        assert_eq!(Rating::of(0.150_000_001), Rating::P);
        assert_eq!(Rating::of(0.5), Rating::P);
        assert_eq!(Rating::of(0.85), Rating::L);
        assert_eq!(Rating::of(0.850_000_001), Rating::F);
        // In plain floating point this is 0.15000000000000002.
        assert_eq!(Rating::of(1.0 - 0.85 * (1.0 - 0.0)), Rating::N);
    }

    #[test]
    fn percentages_reach_their_ends_only_when_they_are_reached() {
        assert_eq!(percent(1.0), "100.0");
        assert_eq!(percent(0.9999), "99.9");
        assert_eq!(percent(0.99951), "99.9");
        assert_eq!(percent(0.0), "0.0");
        assert_eq!(percent(0.0001), "0.1");
        assert_eq!(percent(0.890_909_090_9), "89.1");
        assert_eq!(percent(0.945_454_545_4), "94.5");
        assert_eq!(percent(2.0 / 3.0), "66.7");
    }

    #[test]
    fn a_small_tolerance_makes_failing_rows_weigh_more() {
        // With 3 % tolerated, each failing per cent weighs five.
        let worth = |low, high| {
            let interval = Interval { low, high }.tolerating(0.03);
            (percent(interval.low), percent(interval.high))
        };
        assert_eq!(worth(0.98, 1.0), ("90.0".into(), "100.0".into()));
        assert_eq!(worth(0.8, 0.95), ("0.0".into(), "75.0".into()));
        assert_eq!(Rating::of(Interval::exactly(0.9701).tolerating(0.03).low), Rating::F);
        assert_eq!(Rating::of(Interval::exactly(0.97).tolerating(0.03).low), Rating::L);
        assert_eq!(Interval::OPEN.tolerating(0.05), Interval::OPEN);
    }

    #[test]
    fn what_is_not_covered_is_unknown() {
        let open = Interval { low: 0.6, high: 0.8 }.covering(0.5);
        assert_eq!((percent(open.low).as_str(), percent(open.high).as_str()), ("30.0", "90.0"));
    }
}
