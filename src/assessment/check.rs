//! One check over all its rows (docs/scoring.md section 2).

use serde::{Deserialize, Serialize};

use super::inputs::{CheckInput, Population};
use super::interval::Interval;

/// How far a check could be assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It judged rows, and its remit is covered.
    Assessed,
    /// It judged rows, but some scope of its remit is not covered.
    PartlyAssessed,
    /// Nothing of its remit is covered.
    NotAssessed,
    /// Its remit is covered and holds nothing to judge.
    NotApplicable,
    /// It failed while running.
    Error,
}

impl State {
    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::PartlyAssessed => "partly-assessed",
            Self::NotAssessed => "not-assessed",
            Self::NotApplicable => "not-applicable",
            Self::Error => "error",
        }
    }
}

/// Rows by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rows that pass.
    pub passed: u64,
    /// Rows that fail, waived ones left out.
    pub failed: u64,
    /// Rows on which the evidence is missing, and rows that were never seen.
    pub unknown: u64,
    /// Rows of which it is not known whether the check judges them.
    pub undetermined: u64,
    /// Rows that fail and whose risk was accepted.
    pub waived: u64,
}

impl Counts {
    /// All of them.
    #[must_use]
    pub fn n(self) -> u64 {
        self.passed + self.failed + self.unknown + self.undetermined + self.waived
    }
}

/// What one check says of one population.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// How far it could be assessed.
    pub state: State,
    /// Its rows.
    pub counts: Counts,
    /// Waived rows count as failed. `None` where the check does not apply.
    pub strict: Option<Interval>,
    /// Waived rows leave the population. `None` where the check does not apply.
    pub accepted: Option<Interval>,
    /// What the seen rows say, where rows are missing of which nobody knows how many.
    pub observed: Option<Interval>,
}

/// Rows whose membership in the population is certain, and rows of which it is not known.
#[derive(Debug, Clone, Copy, Default)]
struct Members {
    certain: Counts,
    possible: Counts,
}

impl CheckResult {
    /// The result for a population.
    #[must_use]
    pub fn of(input: &CheckInput, population: Population) -> Self {
        let members = members(input, population);
        let counts = sum(members.certain, members.possible);
        let not = |state| Self {
            state,
            counts,
            strict: Some(Interval::OPEN),
            accepted: Some(Interval::OPEN),
            observed: None,
        };
        if input.error.is_some() {
            return not(State::Error);
        }
        let remit = &input.remit;
        let nothing_covered = !remit.is_the_estate && remit.covered.is_empty();
        let bounded = !remit.is_unbounded();
        if nothing_covered && !bounded {
            return Self { observed: members.strict(), ..not(State::NotAssessed) };
        }
        if counts.n() == 0 {
            // Where nothing is declared there is nothing that could have been looked at.
            return if remit.is_covered() && !remit.is_the_estate {
                Self { strict: None, accepted: None, ..not(State::NotApplicable) }
            } else {
                not(State::NotAssessed)
            };
        }
        // Rows may be seen in scopes that are covered in part; where they are bounded, these count.
        let nothing_judged = counts.passed + counts.failed + counts.waived == 0;
        let state = if nothing_covered && nothing_judged {
            State::NotAssessed
        } else if remit.is_covered() {
            State::Assessed
        } else {
            State::PartlyAssessed
        };
        if !bounded {
            return Self { observed: members.strict(), ..not(state) };
        }
        Self { state, counts, strict: members.strict(), accepted: members.accepted(), observed: None }
    }

    /// Whether a row fails for certain, waived or not: for a critical check, a breach.
    #[must_use]
    pub fn has_failed(input: &CheckInput, population: Population) -> bool {
        let certain = members(input, population).certain;
        certain.failed + certain.waived > 0
    }

    /// Whether anything about it is open: unknown rows, rows of uncertain membership that fail, scopes that
    /// are not covered, an error.
    #[must_use]
    pub fn is_open(&self, input: &CheckInput, population: Population) -> bool {
        let Members { certain, possible } = members(input, population);
        !matches!(self.state, State::Assessed | State::NotApplicable)
            || certain.unknown + certain.undetermined > 0
            || possible.n() > possible.passed
    }
}

/// Splits rows by whether they belong to the population for certain. A row whose identity may or may not be
/// used by AI can only widen the interval: it may count against what is proven, never against what is possible.
fn members(input: &CheckInput, population: Population) -> Members {
    let mut members = Members::default();
    for segment in &input.segments {
        let counts = Counts {
            passed: segment.passed,
            failed: segment.failed,
            unknown: segment.unknown + segment.unseen,
            undetermined: segment.undetermined,
            waived: segment.waived,
        };
        let certain = match population {
            Population::Whole => true,
            Population::Ai if !input.by_identity => true,
            Population::Ai => match segment.segment.ai_use.as_deref() {
                Some("none") => continue,
                Some(_) => true,
                None => false,
            },
        };
        let side = if certain { &mut members.certain } else { &mut members.possible };
        *side = sum(*side, counts);
    }
    members
}

fn sum(one: Counts, other: Counts) -> Counts {
    Counts {
        passed: one.passed + other.passed,
        failed: one.failed + other.failed,
        unknown: one.unknown + other.unknown,
        undetermined: one.undetermined + other.undetermined,
        waived: one.waived + other.waived,
    }
}

impl Members {
    fn strict(self) -> Option<Interval> {
        let Self { certain, possible } = self;
        if certain.n() + possible.n() == 0 {
            return None;
        }
        // Whoever may be outside makes the lowest figure when its passes are left out, and the highest when
        // its failures are; with nobody inside for certain, nothing is certain.
        let low = share(certain.passed, certain.n() + possible.n() - possible.passed);
        let good = certain.passed + certain.unknown + certain.undetermined;
        let may_be_good = possible.passed + possible.unknown + possible.undetermined;
        let high = share(good + may_be_good, certain.n() + may_be_good);
        Some(if certain.n() == 0 { Interval::OPEN } else { Interval { low, high } })
    }

    fn accepted(self) -> Option<Interval> {
        let without = |counts: Counts| Counts { waived: 0, ..counts };
        let left = Self { certain: without(self.certain), possible: without(self.possible) };
        left.strict().or_else(|| self.strict())
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    let share = part as f64 / whole as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{Remit, SegmentCounts, Uncovered};
    use crate::engine::Segment;
    use crate::inventory::Level;

    fn input(rows: &[(Option<&str>, [u64; 5])]) -> CheckInput {
        let segments = rows
            .iter()
            .map(|(ai_use, [passed, failed, unknown, undetermined, waived])| SegmentCounts {
                passed: *passed,
                failed: *failed,
                unknown: *unknown,
                undetermined: *undetermined,
                waived: *waived,
                ..SegmentCounts::empty(Segment { ai_use: ai_use.map(str::to_owned), ..Segment::default() })
            })
            .collect();
        let remit = Remit { covered: vec![("aws".into(), "1".into())], ..Remit::default() };
        CheckInput { segments, remit, by_identity: true, error: None }
    }

    fn interval(result: Option<Interval>) -> (f64, f64) {
        result.map_or((-1.0, -1.0), |interval| (interval.low, interval.high))
    }

    #[test]
    fn one_passed_and_one_undetermined_row() {
        let result = CheckResult::of(&input(&[(None, [1, 0, 0, 1, 0])]), Population::Whole);
        assert_eq!(interval(result.strict), (0.5, 1.0));
    }

    #[test]
    fn waived_rows_fail_strictly_and_leave_the_accepted_population() {
        let result = CheckResult::of(&input(&[(None, [6, 1, 1, 0, 2])]), Population::Whole);
        assert_eq!(interval(result.strict), (0.6, 0.7));
        assert_eq!(interval(result.accepted), (0.75, 0.875));
        let only = CheckResult::of(&input(&[(None, [0, 0, 0, 0, 3])]), Population::Whole);
        assert_eq!(interval(only.accepted), (0.0, 0.0), "where nothing else is left, accepted is strict");
    }

    #[test]
    fn missing_rows_open_the_interval_unless_they_are_bounded() {
        let mut check = input(&[(None, [9, 1, 0, 0, 0])]);
        let scope = |missing| Uncovered { provider: "gcp".into(), scope_id: "s".into(), level: Level::None, missing };
        check.remit.uncovered = vec![scope(None)];
        let result = CheckResult::of(&check, Population::Whole);
        assert_eq!(result.state, State::PartlyAssessed);
        assert_eq!(interval(result.strict), (0.0, 1.0));
        assert_eq!(interval(result.observed), (0.9, 0.9));
        check.remit.uncovered = vec![scope(Some(10))];
        check.segments.push(SegmentCounts { unseen: 10, ..SegmentCounts::empty(Segment::default()) });
        let result = CheckResult::of(&check, Population::Whole);
        assert_eq!(result.state, State::PartlyAssessed);
        assert_eq!(interval(result.strict), (0.45, 0.95));
    }

    #[test]
    fn nothing_covered_is_not_assessed_and_nothing_there_is_not_applicable() {
        let empty = CheckInput { by_identity: true, ..CheckInput::default() };
        assert_eq!(CheckResult::of(&empty, Population::Whole).state, State::NotAssessed);
        let covered = input(&[]);
        let result = CheckResult::of(&covered, Population::Whole);
        assert_eq!((result.state, result.strict), (State::NotApplicable, None));
    }

    #[test]
    fn rows_that_ai_may_not_use_only_widen_the_interval() {
        let rows = [(Some("agent"), [1, 1, 0, 0, 0]), (None, [4, 2, 0, 0, 0]), (Some("none"), [0, 50, 0, 0, 0])];
        let result = CheckResult::of(&input(&rows), Population::Ai);
        // Lowest: both failures belong, none of the four passes does; highest: the reverse.
        assert_eq!(interval(result.strict), (1.0 / 4.0, 5.0 / 6.0));
        let unknown_only = CheckResult::of(&input(&[(None, [4, 2, 0, 0, 0])]), Population::Ai);
        assert_eq!(interval(unknown_only.strict), (0.0, 1.0));
    }

    #[test]
    fn an_error_proves_nothing() {
        let check = CheckInput { error: Some("overflow".into()), ..input(&[(None, [5, 0, 0, 0, 0])]) };
        let result = CheckResult::of(&check, Population::Whole);
        assert_eq!(result.state, State::Error);
        assert_eq!(interval(result.strict), (0.0, 1.0));
    }
}
