//! A check's interval is neither too wide nor too narrow: it spans exactly what its open rows can still become.
//! Knows rows and what may become of them, and nothing of how the crate counts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rungs::assessment::{CheckResult, Interval, Population};
use rungs::engine::Verdict;
use rungs::inventory::Level;

use super::figures::POPULATIONS;
use crate::random::frameworks::CheckView;
use crate::random::{Evidence, for_all, worlds};

/// What a row can turn out to be.
#[derive(Clone, Copy)]
struct Outcomes {
    absent: bool,
    passed: bool,
    failed: bool,
}

/// Every row of the population, seen or not, with what it can turn out to be; waived ones only where they count.
fn rows(evidence: &Evidence, view: CheckView, population: Population, with_waived: bool) -> Vec<Outcomes> {
    let by_identity = view == CheckView::Credentials && population == Population::Ai;
    let unseen = Outcomes { absent: true, passed: true, failed: true };
    let mut outcomes = Vec::new();
    for row in evidence.clone().rows() {
        let mut can = match row.verdict {
            Verdict::Outside => continue,
            Verdict::Waived if !with_waived => continue,
            Verdict::Passed => Outcomes { absent: false, passed: true, failed: false },
            Verdict::Failed | Verdict::Waived => Outcomes { absent: false, passed: false, failed: true },
            Verdict::Unknown => Outcomes { absent: false, passed: true, failed: true },
            Verdict::Undetermined => unseen,
        };
        match row.ai_use {
            Some("none") if by_identity => continue,
            None if by_identity => can.absent = true,
            _ => {}
        }
        outcomes.push(can);
    }
    for scope in &evidence.scopes {
        let missing = if scope.level == Level::Full || view == CheckView::Scopes { 0 } else { scope.missing.unwrap() };
        outcomes.extend(std::iter::repeat_n(unseen, missing + usize::try_from(scope.rejected).unwrap()));
    }
    outcomes
}

/// The lowest and the highest share of passed rows over everything that the rows can turn out to be: open where
/// they may turn out not to be there at all, `None` where there are none.
fn hull(rows: &[Outcomes]) -> Option<Interval> {
    let mut reachable: BTreeSet<(u32, u32)> = [(0, 0)].into();
    for row in rows {
        let step = |(n, passed): (u32, u32)| {
            let absent = row.absent.then_some((n, passed));
            let passes = row.passed.then_some((n + 1, passed + 1));
            let fails = row.failed.then_some((n + 1, passed));
            [absent, passes, fails].into_iter().flatten()
        };
        reachable = reachable.into_iter().flat_map(step).collect();
    }
    if rows.is_empty() {
        return None;
    }
    if reachable.contains(&(0, 0)) {
        return Some(Interval::OPEN);
    }
    let shares = || reachable.iter().map(|(n, passed)| f64::from(*passed) / f64::from(*n));
    Some(Interval { low: shares().fold(1.0, f64::min), high: shares().fold(0.0, f64::max) })
}

#[test]
fn an_interval_spans_exactly_what_open_rows_can_become() {
    for_all(worlds(), |world| {
        let library = world.library();
        let cases = world.frameworks.checks.iter().zip(&world.estate.checks).zip(&library.checks);
        for ((random, evidence), check) in cases {
            let input = evidence.input(check);
            if input.error.is_some() || input.remit.is_unbounded() {
                continue;
            }
            for population in POPULATIONS {
                let strict = hull(&rows(evidence, random.view, population, true));
                let accepted = hull(&rows(evidence, random.view, population, false)).or(strict);
                let result = CheckResult::of(&input, population);
                // With nothing to judge, what matters is whether something could have been looked at.
                let nothing = (!input.remit.is_covered() || input.remit.is_the_estate).then_some(Interval::OPEN);
                prop_assert!(same(result.strict, strict.or(nothing)), "{population:?} {result:?}, not {strict:?}");
                prop_assert!(
                    same(result.accepted, accepted.or(nothing)),
                    "{population:?} {result:?}, not {accepted:?}"
                );
            }
        }
        Ok(())
    });
}

fn same(one: Option<Interval>, other: Option<Interval>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one.low - other.low).abs() < 1e-12 && (one.high - other.high).abs() < 1e-12,
        (one, other) => one == other,
    }
}
