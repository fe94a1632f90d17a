//! Between live types and the frozen ones.

use super::v1;
use crate::assessment::{CheckInput, CheckResult, Rated};
use crate::assessment::{Interval, Rating, Remit, SegmentCounts, Uncovered};
use crate::engine::Segment;
use crate::inventory::Level;

impl From<Interval> for v1::Range {
    fn from(interval: Interval) -> Self {
        Self { low: interval.low, high: interval.high }
    }
}

impl From<v1::Range> for Interval {
    fn from(range: v1::Range) -> Self {
        Self { low: range.low, high: range.high }
    }
}

impl v1::Figures {
    pub(super) fn of(result: &CheckResult) -> Self {
        Self { strict: result.strict.map(Into::into), accepted: result.accepted.map(Into::into) }
    }
}

/// Ratings of both ends as letters.
pub(super) fn ratings(rated: &Rated) -> Option<v1::Ratings> {
    let letters = |(low, high): (Rating, Rating)| v1::Ratings { low: low.letter().into(), high: high.letter().into() };
    rated.rating.map(letters)
}

pub(super) fn segment(counts: &SegmentCounts) -> v1::Segment {
    let Segment { provider, scope_id, environment, identity_kind, ai_use } = counts.segment.clone();
    v1::Segment {
        provider,
        scope_id,
        environment,
        identity_kind,
        ai_use,
        passed: counts.passed,
        failed: counts.failed,
        unknown: counts.unknown,
        undetermined: counts.undetermined,
        waived: counts.waived,
        unseen: counts.unseen,
    }
}

impl v1::Check {
    /// What the check's figures rest on, restored from the file, so that they can be computed again without the
    /// inventory.
    #[must_use]
    pub fn input(&self) -> CheckInput {
        let segments = self
            .segments
            .iter()
            .map(|saved| SegmentCounts {
                segment: Segment {
                    provider: saved.provider.clone(),
                    scope_id: saved.scope_id.clone(),
                    environment: saved.environment.clone(),
                    identity_kind: saved.identity_kind.clone(),
                    ai_use: saved.ai_use.clone(),
                },
                passed: saved.passed,
                failed: saved.failed,
                unknown: saved.unknown,
                undetermined: saved.undetermined,
                waived: saved.waived,
                unseen: saved.unseen,
            })
            .collect();
        let view = crate::inventory::views::View::find(&self.view);
        let remit = Remit {
            covered: self.covered.iter().map(|scope| (scope.provider.clone(), scope.scope_id.clone())).collect(),
            uncovered: self
                .uncovered
                .iter()
                .map(|scope| Uncovered {
                    provider: scope.provider.clone(),
                    scope_id: scope.scope_id.clone(),
                    level: if scope.level == "partial" { Level::Partial } else { Level::None },
                    missing: scope.missing,
                })
                .collect(),
            rejected: std::collections::BTreeMap::new(),
            needs_missing: self
                .needs_missing
                .iter()
                .map(|need| (need.fact.clone(), need.provider.clone(), need.scope_id.clone()))
                .collect(),
            is_the_estate: view.is_some_and(|view| view.own.is_empty() && view.name != "events"),
            // Nothing else lets a check drop out that has no scope at all.
            is_absent: self.covered.is_empty()
                && self.uncovered.is_empty()
                && self.state == crate::assessment::State::NotApplicable.name(),
        };
        CheckInput {
            segments,
            remit,
            by_identity: view.is_some_and(|view| view.by_identity),
            error: self.error.clone(),
        }
    }
}
