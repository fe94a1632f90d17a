//! The properties of docs/scoring.md, held against random worlds: small frameworks of every shape that mappings allow,
//! and estates in every state of knowledge. What that page accepts as exceptions is not asserted: means over
//! domains, and failing rows that are deleted from a control that is covered only mostly.

mod answers;
mod figures;
mod hull;
mod order;
mod plan;
mod reference;
mod worlds;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rungs::assessment::{CheckResult, Interval, Scored, State};
use rungs::config::{Moment, Waiver};
use rungs::diag::Located;
use rungs::engine::Verdict;
use rungs::maturity::{self, Verdict as ClaimVerdict, cap_ai_maturity};

use crate::common::{credential_report, rungs, user_with_key};
use crate::random::learning::lessons;
use crate::random::{World, for_all, worlds};
use figures::{POPULATIONS, accepted, assert_inside, assert_not_lower, assert_ordered, figures};

#[test]
fn low_is_at_most_high_in_every_figure_rating_and_level() {
    for_all(worlds(), |world| {
        assert_ordered(&figures(&world))?;
        assert_ordered(&accepted(&world))
    });
}

#[test]
fn what_is_learnt_stays_inside_what_was_known() {
    for_all((worlds(), vec(lessons(), 1..12)), |(world, lessons)| {
        let library = world.library();
        let mut later = world.clone();
        let mut earlier = figures(&world);
        // Lesson by lesson, and so that a failure names the one that breaks out.
        for lesson in &lessons {
            lesson.apply(&mut later.estate, &library);
            let now = figures(&later);
            assert_inside(&now, &earlier)
                .map_err(|failure| TestCaseError::fail(format!("after {lesson:?}: {failure}")))?;
            earlier = now;
        }
        Ok(())
    });
}

/// What holds a level back is settled by evidence: a failing practice goes on failing, and nothing new holds back.
#[test]
fn what_fails_goes_on_failing_and_nothing_new_holds_back() {
    for_all((worlds(), vec(lessons(), 1..12)), |(world, lessons)| {
        let library = world.library();
        let mut later = world.clone();
        lessons.iter().for_each(|lesson| lesson.apply(&mut later.estate, &library));
        for population in POPULATIONS {
            let profile = |world: &World| {
                let scored = Scored::new(&library, &world.inputs(&library), population);
                maturity::assess(&library.model, &scored).profile
            };
            for (before, after) in profile(&world).iter().zip(profile(&later)) {
                for practice in &before.failing {
                    prop_assert!(after.failing.contains(practice), "{practice} failed and does not any more");
                }
                for practice in after.failing.iter().chain(&after.unproven) {
                    let held_back = before.failing.contains(practice) || before.unproven.contains(practice);
                    prop_assert!(held_back, "{practice} holds level {} back only now", before.level);
                }
            }
        }
        Ok(())
    });
}

/// The failing row of that number, waived or not, and its new verdict.
fn change_failing(world: &World, numbers: &[usize], verdict: impl Fn(Verdict) -> Verdict) -> World {
    let mut changed = world.clone();
    for number in numbers {
        let rows = changed.estate.checks.iter_mut().flat_map(super::random::estate::Evidence::rows);
        let mut failing: Vec<_> = rows.filter(|row| matches!(row.verdict, Verdict::Failed | Verdict::Waived)).collect();
        if let Some(place) = number.checked_rem(failing.len()) {
            failing[place].verdict = verdict(failing[place].verdict);
        }
    }
    changed
}

#[test]
fn a_failed_row_that_passes_lowers_no_strict_figure() {
    for_all((worlds(), vec(0..1000_usize, 1..6)), |(world, numbers)| {
        let fixed = change_failing(&world, &numbers, |_| Verdict::Passed);
        assert_not_lower(&figures(&fixed), &figures(&world))
    });
}

#[test]
fn waivers_change_no_strict_figure_and_no_level() {
    for_all((worlds(), vec(0..1000_usize, 1..8)), |(world, numbers)| {
        let flip = |verdict: Verdict| if verdict == Verdict::Failed { Verdict::Waived } else { Verdict::Failed };
        let waived = change_failing(&world, &numbers, flip);
        prop_assert_eq!(figures(&waived), figures(&world));
        Ok(())
    });
}

#[test]
fn without_waivers_accepted_is_strict_and_with_them_never_below() {
    for_all(worlds(), |world| {
        let strict = figures(&world);
        for (name, span) in accepted(&world) {
            let Some(strict) = strict[&name] else {
                prop_assert_eq!(span, None, "{}", name);
                continue;
            };
            let span = span.unwrap();
            prop_assert!(span.low >= strict.low - 1e-12 && span.high >= strict.high - 1e-12, "{name}");
        }
        let mut all_failed = world.clone();
        let rows = all_failed.estate.checks.iter_mut().flat_map(super::random::estate::Evidence::rows);
        rows.filter(|row| row.verdict == Verdict::Waived).for_each(|row| row.verdict = Verdict::Failed);
        let strict = figures(&all_failed);
        for (name, span) in accepted(&all_failed) {
            prop_assert_eq!(span, strict[&name], "{}", name);
        }
        Ok(())
    });
}

#[test]
fn a_waiver_is_in_force_from_its_first_day_to_its_last() {
    let days = 0..40_i64;
    for_all(
        (days.clone(), proptest::option::of(days.clone()), days, 0..86_400_i64),
        |(as_of, from, expiry, second)| {
            let day = |number: i64, second: i64| Moment::from_micros((number * 86_400 + second) * 1_000_000);
            let waiver = Waiver {
                check: Located::nowhere("check.c0".into()),
                predicate: None,
                ids: Vec::new(),
                reason: String::new(),
                approver: String::new(),
                from: from.map(|from| day(from, 86_399 - second)),
                expiry: day(expiry, 86_399 - second),
            };
            // Whatever the hour: only the day counts.
            let as_of_moment = day(as_of, second);
            let in_force = from.is_none_or(|from| from <= as_of) && as_of <= expiry;
            prop_assert_eq!(waiver.in_force(as_of_moment), in_force);
            prop_assert_eq!(waiver.expired(as_of_moment), expiry < as_of);
            Ok(())
        },
    );
}

#[test]
fn no_evidence_proves_nothing() {
    for_all(worlds(), |mut world| {
        world.estate = world.estate.without_evidence();
        for (name, span) in figures(&world) {
            if let Some(span) = span.filter(|_| !name.ends_with("mapped")) {
                prop_assert_eq!(span.low, 0.0, "{}", name);
                // Nothing is contradicted either, but for a claim beyond what was claimed.
                prop_assert!(span.high == span.top || name.ends_with("effective level"), "{name} is {span:?}");
            }
        }
        Ok(())
    });
}

/// The table of docs/scoring.md section 2, and what a state means for the interval.
#[test]
fn a_check_is_in_the_state_that_its_remit_and_rows_give() {
    for_all(worlds(), |world| {
        let library = world.library();
        for input in world.inputs(&library).checks.values() {
            for population in POPULATIONS {
                let result = CheckResult::of(input, population);
                let remit = &input.remit;
                match result.state {
                    State::Error => prop_assert!(input.error.is_some()),
                    State::Assessed => prop_assert!(remit.is_covered() && result.counts.n() > 0),
                    State::NotApplicable => prop_assert!(remit.is_covered() && result.counts.n() == 0),
                    State::PartlyAssessed => prop_assert!(!remit.uncovered.is_empty() && result.counts.n() > 0),
                    State::NotAssessed => prop_assert!(remit.covered.is_empty() || result.counts.n() == 0),
                }
                prop_assert_eq!(result.strict.is_none(), result.state == State::NotApplicable);
                prop_assert_eq!(result.accepted.is_none(), result.state == State::NotApplicable);
                if matches!(result.state, State::NotAssessed | State::Error) || remit.is_unbounded() {
                    prop_assert_eq!(result.strict, Some(Interval::OPEN));
                    prop_assert_eq!(result.accepted, Some(Interval::OPEN));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_claim_is_capped_by_the_maturity_of_the_identities_that_ai_uses() {
    for_all(worlds(), |world| {
        let library = world.library();
        let scored = Scored::new(&library, &world.inputs(&library), rungs::assessment::Population::Ai);
        let identity = maturity::assess(&library.model, &scored);
        let ai = cap_ai_maturity(world.estate.claimed, &identity);
        let Some(claimed) = world.estate.claimed else {
            prop_assert_eq!((ai.effective, ai.verdict), (None, None));
            return Ok(());
        };
        let (low, high) = ai.effective.unwrap();
        prop_assert!(low <= high && high <= claimed && low <= identity.proven && high <= identity.possible);
        prop_assert!(low == claimed || low == identity.proven);
        prop_assert!(high == claimed || high == identity.possible);
        let verdict = match ai.verdict.unwrap() {
            ClaimVerdict::Fragile => claimed > identity.possible,
            ClaimVerdict::Unproven => identity.proven < claimed && claimed <= identity.possible,
            ClaimVerdict::Supported => claimed <= identity.proven,
        };
        prop_assert!(verdict, "{ai:?}");
        let next = identity.proven + 1;
        let open = identity.profile.iter().find(|level| level.level == next);
        let holding = open.map_or(identity.domains.len(), |level| level.holding_proven);
        prop_assert_eq!(ai.binding.len(), identity.domains.len() - holding);
        Ok(())
    });
}

#[test]
fn an_expired_waiver_changes_nothing_and_one_in_force_no_strict_figure() {
    let config = |waivers: &str| {
        format!("organisation: Test\nscopes:\n  - {{ provider: aws, id: \"111122223333\" }}\n{waivers}")
    };
    let waiver = |expiry: &str| {
        config(&format!(
            "waivers:\n  - {{ check: credential.long-lived, where: \"TRUE\", reason: r, approver: a, expiry: {expiry} }}\n"
        ))
    };
    let report = credential_report(&[&user_with_key("old", "2020-01-01"), &user_with_key("new", "2026-06-01")]);
    let assess = |config: &str| rungs().file("in/rungs.yaml", config).file("in/report.csv", &report).assess("in");
    let figures = |record: &serde_json::Value, waived: &str| {
        let checks: Vec<_> =
            record["checks"].as_array().unwrap().iter().map(|check| check["whole"][waived].clone()).collect();
        serde_json::json!([record["maturity"], checks])
    };
    let without = assess(&config(""));
    let expired = assess(&waiver("2026-06-29"));
    let in_force = assess(&waiver("2026-06-30"));
    for side in ["strict", "accepted"] {
        assert_eq!(figures(&without, side), figures(&expired, side), "{side}");
    }
    assert_eq!(figures(&without, "strict"), figures(&in_force, "strict"));
    assert_ne!(figures(&without, "accepted"), figures(&in_force, "accepted"), "the waiver covers a row");
}

#[test]
fn an_empty_folder_and_exports_that_are_too_old_prove_nothing() {
    let folder = rungs().file("in/rungs.yaml", "organisation: Test\n");
    let run = folder.run(&["assess", "in", "-o", "out", "--as-of", "2026-06-30"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stdout.is_empty() && !folder.path("out/assessment.json").exists());
    let assess = |made: &str| {
        let config = format!("organisation: Test\nsources:\n  - {{ path: report.csv, as_of: {made} }}\n");
        let report = credential_report(&[&user_with_key("new", "2026-03-01")]);
        rungs().file("in/rungs.yaml", &config).file("in/report.csv", &report).assess("in")
    };
    let passed = |record: &serde_json::Value| {
        record["checks"].as_array().unwrap().iter().map(|check| check["passed"].as_u64().unwrap()).sum::<u64>()
    };
    assert!(passed(&assess("2026-03-30")) > 0);
    let old = assess("2026-03-29");
    assert_eq!(passed(&old), 0);
    for estate in ["identity", "ai_identity"] {
        let maturity = &old["maturity"][estate];
        assert_eq!((maturity["proven"].as_u64(), maturity["possible"].as_u64()), (Some(0), Some(5)), "{estate}");
    }
    let frameworks = old["frameworks"].as_array().unwrap();
    assert!(frameworks.len() >= 6);
    for framework in frameworks {
        assert_eq!(framework["achieved"]["strict"]["low"].as_f64(), Some(0.0), "{}", framework["id"]);
    }
}
