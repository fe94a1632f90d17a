//! Random worlds reach everything that the properties are about, and the crate reads docs/scoring.md as the reference
//! does. Without floors, properties over empty worlds would pass for ever.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rungs::assessment::{Cap, CheckResult, ControlState, Population, Scored, State, score_framework};
use rungs::maturity;

use super::figures::POPULATIONS;
use super::reference;
use crate::random::{for_all, worlds};

#[test]
fn random_worlds_reach_every_state() {
    let seen: std::cell::RefCell<BTreeMap<String, u32>> = std::cell::RefCell::default();
    for_all(worlds(), |world| {
        let mut names: Vec<String> = Vec::new();
        let library = world.library();
        let inputs = world.inputs(&library);
        for population in POPULATIONS {
            let scored = Scored::new(&library, &inputs, population);
            for (id, result) in &scored.checks {
                let input = &inputs.checks[id];
                names.push(format!("{population:?} check {}", result.state.name()));
                let is_bounded = !input.remit.is_unbounded() && !input.remit.uncovered.is_empty();
                names.extend(is_bounded.then(|| format!("{population:?} bounded")));
                names.extend((!input.remit.rejected.is_empty()).then(|| "rejected".to_owned()));
            }
            for part in scored.practices.values().flatten() {
                names.push(format!("{population:?} {:?} {:?}", part.kind, part.value.cap));
                names.extend(part.value.strict.is_none().then(|| format!("{:?} out", part.kind)));
            }
            let maturity = maturity::assess(&library.model, &scored);
            names.push(format!("{population:?} proven {}", maturity.proven));
            names.push(format!("{population:?} possible {}", maturity.possible));
            for catalog in &library.catalogs {
                for control in score_framework(catalog, &library, &scored).controls {
                    names.push(format!("{population:?} control {}", control.state.name()));
                    names.extend(control.rated.rating.map(|rating| format!("{population:?} rated {rating:?}")));
                }
            }
        }
        // Once a world, however often it happens there.
        names.sort();
        names.dedup();
        for name in names {
            *seen.borrow_mut().entry(name).or_insert(0) += 1;
        }
        Ok(())
    });
    let seen = seen.into_inner();
    let often = |name: &str| seen.get(name).copied().unwrap_or(0);
    let mut rare: Vec<String> = Vec::new();
    let mut at_least = |floor: u32, name: String| {
        if often(&name) < floor {
            rare.push(format!("{name}: {}", often(&name)));
        }
    };
    for population in POPULATIONS {
        use State::{Assessed, Error, NotApplicable, NotAssessed, PartlyAssessed};
        for state in [Assessed, PartlyAssessed, NotAssessed, NotApplicable, Error] {
            at_least(100, format!("{population:?} check {}", state.name()));
        }
        for cap in [Cap::None, Cap::Proven, Cap::Both] {
            at_least(100, format!("{population:?} Check {cap:?}"));
        }
        for state in [ControlState::Assessed, ControlState::PartlyAssessed, ControlState::NotAssessed] {
            at_least(100, format!("{population:?} control {}", state.name()));
        }
        at_least(50, format!("{population:?} control {}", ControlState::NotApplicable.name()));
        at_least(100, format!("{population:?} control {}", ControlState::NotMapped.name()));
        for (low, high) in ["N, N", "N, P", "N, L", "N, F", "P, P", "P, L", "P, F", "L, L", "L, F", "F, F"]
            .map(|both| both.split_once(", ").unwrap())
        {
            at_least(10, format!("{population:?} rated ({low}, {high})"));
        }
        at_least(100, format!("{population:?} bounded"));
        for level in 0..=2 {
            at_least(10, format!("{population:?} proven {level}"));
            at_least(20, format!("{population:?} possible {level}"));
        }
        at_least(100, format!("{population:?} possible 5"));
    }
    at_least(100, "rejected".to_owned());
    at_least(100, "Check out".to_owned());
    at_least(100, "Question out".to_owned());
    assert!(rare.is_empty(), "seldom or never: {rare:#?} of {seen:#?}");
}

#[test]
fn the_crate_reads_the_scoring_page_as_the_reference_does() {
    for_all(worlds(), |world| {
        let library = world.library();
        let inputs = world.inputs(&library);
        let values = reference::values(&world);
        for (check, expected) in library.checks.iter().zip(&values.checks) {
            let result = CheckResult::of(&inputs.checks[&check.id], Population::Whole);
            prop_assert!(same(result.strict.map(|value| (value.low, value.high)), *expected), "{}", check.id);
        }
        let scored = Scored::new(&library, &inputs, Population::Whole);
        let expected = reference::scores(&world, &values);
        for ((catalog, achieved), controls) in library.catalogs.iter().zip(&expected.achieved).zip(&expected.controls) {
            let result = score_framework(catalog, &library, &scored);
            for (control, (value, rating)) in result.controls.iter().zip(controls) {
                let strict = control.rated.strict.map(|value| (value.low, value.high));
                prop_assert!(same(strict, *value), "{} is {strict:?}, not {value:?}", control.id);
                prop_assert_eq!(control.rated.rating, *rating, "{}", control.id);
            }
            prop_assert!(same(result.strict.map(|value| (value.low, value.high)), *achieved), "{}", result.id);
        }
        let maturity = maturity::assess(&library.model, &scored);
        prop_assert_eq!((maturity.proven, maturity.possible), expected.level);
        Ok(())
    });
}

fn same(one: reference::Value, other: reference::Value) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one.0 - other.0).abs() < 1e-12 && (one.1 - other.1).abs() < 1e-12,
        (one, other) => one == other,
    }
}
