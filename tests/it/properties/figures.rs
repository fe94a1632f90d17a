//! Every figure, rating and level of an assessment under one name each, as intervals between 0 and 1 or between
//! levels, and what it means that one assessment lies inside another or above it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rungs::assessment::{CheckResult, Interval, Population, Rated, Rating, Scored, score_framework};
use rungs::frameworks::Library;
use rungs::maturity::{self, cap_ai_maturity};

use crate::random::World;

/// Rounding of sums that are added in another order.
const ROUNDING: f64 = 1e-12;

/// What is proven and what is possible of something, and how high it could be at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
    pub top: f64,
}

/// Figures by name; `None` where something does not apply.
pub type Figures = BTreeMap<String, Option<Span>>;

/// Both estates of an assessment.
pub const POPULATIONS: [Population; 2] = [Population::Whole, Population::Ai];

/// The strict figures, ratings and levels of a world.
pub fn figures(world: &World) -> Figures {
    let library = world.library();
    let inputs = world.inputs(&library);
    of_inputs(&library, &inputs, world.estate.claimed)
}

/// The same of inputs that no estate stands behind.
pub fn of_inputs(library: &Library, inputs: &rungs::assessment::Inputs, claimed: Option<u8>) -> Figures {
    let mut figures = Figures::new();
    for population in POPULATIONS {
        let scored = Scored::new(library, inputs, population);
        let mut add = |name: String, span: Option<Span>| {
            assert!(figures.insert(format!("{population:?} {name}"), span).is_none(), "{name} stands twice");
        };
        for (id, result) in &scored.checks {
            add(id.clone(), result.strict.map(share));
        }
        for catalog in &library.catalogs {
            let result = score_framework(catalog, library, &scored);
            add(format!("{} achieved", result.id), result.strict.map(share));
            let at_least = |value: f64| Span { low: value, high: 1.0, top: 1.0 };
            add(format!("{} evidenced", result.id), result.evidenced.map(at_least));
            add(format!("{} mapped", result.id), result.mapped.map(|mapped| Span { high: mapped, ..at_least(mapped) }));
            for control in &result.controls {
                add(control.id.clone(), control.rated.strict.map(share));
                add(format!("{} rating", control.id), rating(&control.rated));
            }
        }
        let maturity = maturity::assess(&library.model, &scored);
        add("level".to_owned(), Some(levels(maturity.proven, maturity.possible)));
        let ai = cap_ai_maturity(claimed, &maturity);
        add("effective level".to_owned(), ai.effective.map(|(low, high)| levels(low, high)));
        for level in &maturity.profile {
            let (low, high) = (number(level.holding_proven), number(level.holding_possible));
            add(format!("holding {}", level.level), Some(Span { low, high, top: number(maturity.domains.len()) }));
        }
        for domain in &maturity.domains {
            add(format!("{} level", domain.id), Some(levels(domain.proven, domain.possible)));
            for practice in &domain.practices {
                add(practice.id.clone(), practice.rated.strict.map(share));
                add(format!("{} rating", practice.id), rating(&practice.rated));
            }
        }
    }
    figures
}

/// The accepted figures of a world.
pub fn accepted(world: &World) -> Figures {
    let library = world.library();
    let inputs = world.inputs(&library);
    let mut figures = Figures::new();
    for population in POPULATIONS {
        let scored = Scored::new(&library, &inputs, population);
        let mut add = |name: &str, interval: Option<Interval>| {
            figures.insert(format!("{population:?} {name}"), interval.map(share));
        };
        for (id, result) in &scored.checks {
            let CheckResult { accepted, .. } = result;
            add(id, *accepted);
        }
        for catalog in &library.catalogs {
            let result = score_framework(catalog, &library, &scored);
            add(&format!("{} achieved", result.id), result.accepted);
            for control in &result.controls {
                add(&control.id, control.rated.accepted);
            }
        }
        for practice in maturity::assess(&library.model, &scored).domains.iter().flat_map(|domain| &domain.practices) {
            add(&practice.id, practice.rated.accepted);
        }
    }
    figures
}

fn share(interval: Interval) -> Span {
    Span { low: interval.low, high: interval.high, top: 1.0 }
}

fn rating(rated: &Rated) -> Option<Span> {
    let number = |rating: Rating| f64::from(u8::try_from(rating as usize).unwrap());
    rated.rating.map(|(low, high)| Span { low: number(low), high: number(high), top: 3.0 })
}

fn levels(low: u8, high: u8) -> Span {
    Span { low: f64::from(low), high: f64::from(high), top: 5.0 }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// A figure's name, and what it comes to in two assessments.
type Pair = (String, Option<Span>, Option<Span>);

/// Pairs two assessments of the same frameworks, figure by figure.
fn paired(one: &Figures, other: &Figures) -> Result<Vec<Pair>, TestCaseError> {
    prop_assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    Ok(one.iter().zip(other.values()).map(|((name, one), other)| (name.clone(), *one, *other)).collect())
}

/// Low is at most high, and both are possible values.
pub fn assert_ordered(figures: &Figures) -> Result<(), TestCaseError> {
    for (name, span) in figures {
        let Some(Span { low, high, top }) = *span else { continue };
        prop_assert!(0.0 <= low && low <= high + ROUNDING && high <= top + ROUNDING, "{name} is {low}..{high}");
    }
    Ok(())
}

/// Everything later lies inside what it was earlier. What turns out not to apply must have been open.
pub fn assert_inside(later: &Figures, earlier: &Figures) -> Result<(), TestCaseError> {
    for (name, later, earlier) in paired(later, earlier)? {
        match (later, earlier) {
            (Some(later), Some(earlier)) => prop_assert!(
                later.low >= earlier.low - ROUNDING && later.high <= earlier.high + ROUNDING,
                "{name} was {}..{} and is {}..{}",
                earlier.low,
                earlier.high,
                later.low,
                later.high
            ),
            (None, Some(Span { low, high, top })) => {
                prop_assert!(low == 0.0 && high == top, "{name} was {low}..{high} and does not apply any more");
            }
            (Some(_), None) => prop_assert!(false, "{name} did not apply and does now"),
            (None, None) => {}
        }
    }
    Ok(())
}

/// Nothing is lower, at either end.
pub fn assert_not_lower(later: &Figures, earlier: &Figures) -> Result<(), TestCaseError> {
    for (name, later, earlier) in paired(later, earlier)? {
        match (later, earlier) {
            (Some(later), Some(earlier)) => prop_assert!(
                later.low >= earlier.low - ROUNDING && later.high >= earlier.high - ROUNDING,
                "{name} was {}..{} and is {}..{}",
                earlier.low,
                earlier.high,
                later.low,
                later.high
            ),
            (None, None) => {}
            _ => prop_assert!(false, "{name} applies only before or after"),
        }
    }
    Ok(())
}

/// Nothing differs by more than rounding.
pub fn assert_same(one: &Figures, other: &Figures) -> Result<(), TestCaseError> {
    assert_not_lower(one, other)?;
    assert_not_lower(other, one)
}
