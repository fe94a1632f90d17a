//! docs/scoring.md sections 2 to 6 read a second time, for the whole estate, from rows instead of counts and without
//! the crate's arithmetic: what the crate's figures and gains are compared with.

use rungs::assessment::Rating;
use rungs::engine::Verdict;
use rungs::frameworks::{Assurance, Covers, Relation, Severity};
use rungs::inventory::Level;

use crate::random::frameworks::{CHECKS, CheckView, Frameworks, QUESTIONS, RandomControl, question_id};
use crate::random::{Evidence, World};

/// Low and high; `None` where something does not apply.
pub type Value = Option<(f64, f64)>;

const OPEN: Value = Some((0.0, 1.0));

/// What checks and questions are worth, by place.
#[derive(Debug, Clone)]
pub struct Values {
    pub checks: Vec<Value>,
    /// 0: no cap; 1: what is proven is at most P; 2: what is possible too.
    pub caps: Vec<u8>,
    pub questions: Vec<Value>,
}

/// Ratings of both ends.
pub type Ratings = (Rating, Rating);

/// The figures.
#[derive(Debug)]
pub struct Scores {
    /// Framework by framework.
    pub achieved: Vec<Value>,
    /// Framework by framework, control by control: value and rating.
    pub controls: Vec<Vec<(Value, Option<Ratings>)>>,
    /// Identity maturity: proven and possible.
    pub level: (u8, u8),
}

pub fn values(world: &World) -> Values {
    let library = world.library();
    let answers = world.inputs(&library).answers;
    let checks = world.frameworks.checks.iter().zip(&world.estate.checks);
    let (checks, caps) =
        checks.map(|(check, evidence)| value(evidence, check.view, check.severity == Severity::Critical)).unzip();
    let questions = (0..QUESTIONS).map(|place| answers.value(&question_id(place)).map(|value| (value.low, value.high)));
    Values { checks, caps, questions: questions.collect() }
}

fn value(evidence: &Evidence, view: CheckView, is_critical: bool) -> (Value, u8) {
    let cap = |level: u8| if is_critical { level } else { 0 };
    if evidence.error {
        return (OPEN, cap(1));
    }
    let is_estate = view == CheckView::Scopes;
    let is_covered =
        is_estate || !evidence.scopes.is_empty() && evidence.scopes.iter().all(|scope| scope.level == Level::Full);
    let is_unbounded = !is_estate
        && (evidence.scopes.is_empty()
            || evidence.scopes.iter().any(|scope| scope.level != Level::Full && scope.missing.is_none()));
    let (mut passed, mut failed, mut open) = (0.0, 0.0, 0.0);
    for row in evidence.clone().rows() {
        match row.verdict {
            Verdict::Outside => {}
            Verdict::Passed => passed += 1.0,
            Verdict::Failed | Verdict::Waived => failed += 1.0,
            Verdict::Unknown | Verdict::Undetermined => open += 1.0,
        }
    }
    for scope in &evidence.scopes {
        let missing = if is_estate || scope.level == Level::Full { 0 } else { scope.missing.unwrap_or(0) };
        open += f64::from(u32::try_from(missing).unwrap()) + f64::from(u32::try_from(scope.rejected).unwrap());
    }
    let n: f64 = passed + failed + open;
    let value = match (is_unbounded, n == 0.0) {
        (true, _) => OPEN,
        (false, true) if is_covered && !is_estate => None,
        (false, true) => OPEN,
        (false, false) => Some((passed / n, (passed + open) / n)),
    };
    let is_open = open > 0.0 || !is_covered || (n == 0.0 && is_estate);
    (value, cap(if failed > 0.0 { 2 } else { u8::from(is_open) }))
}

/// A check or question in a practice or control.
#[derive(Debug, Clone, Copy)]
struct Part {
    value: Value,
    cap: u8,
    weight: f64,
    is_question: bool,
    /// The practice whose parts are ways to the same end, where this is one of them.
    way_of: Option<usize>,
    /// Checks first, then questions: to find what is reached twice.
    place: usize,
}

fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 4.0,
        Severity::High => 3.0,
        Severity::Medium => 2.0,
        Severity::Low => 1.0,
    }
}

/// What a practice's autonomy makes of its parts: `Some(true)` they count, `Some(false)` they do not apply.
fn applies(world: &World, practice: usize) -> Option<bool> {
    let Some(from) = world.frameworks.practices[practice].from_autonomy else { return Some(true) };
    let known = world.estate.autonomy;
    if known.highest.is_some_and(|highest| highest >= from) { Some(true) } else { known.complete.then_some(false) }
}

fn parts(world: &World, values: &Values, practice: usize) -> Vec<Part> {
    let Frameworks { practices, checks, questions, .. } = &world.frameworks;
    let way_of = practices[practice].alternatives.then_some(practice);
    let of_check =
        checks.iter().zip(values.checks.iter().zip(&values.caps)).enumerate().map(|(place, (check, value))| {
            let (value, cap) = (*value.0, *value.1);
            // What fails weighs fifteen times as much as tolerated, in per cent, and at most all of it.
            let worth = |passing: f64| match check.tolerance {
                Some(share) => (1.0 - (1.0 - passing) * 15.0 / f64::from(share)).max(0.0),
                None => passing,
            };
            let value = value.map(|(low, high)| (worth(low), worth(high)));
            (check.practice, Part { value, cap, weight: weight(check.severity), is_question: false, way_of, place })
        });
    let of_question = questions.iter().zip(&values.questions).enumerate().map(|(place, (question, value))| {
        let place = CHECKS + place;
        let weight = weight(question.severity);
        (question.practice, Part { value: *value, cap: 0, weight, is_question: true, way_of, place })
    });
    of_check
        .chain(of_question)
        .filter(|(owner, _)| owner % practices.len() == practice)
        .map(|(_, part)| match applies(world, practice) {
            Some(true) => part,
            Some(false) => Part { value: None, ..part },
            None => Part { value: part.value.and(OPEN), cap: part.cap.min(1), ..part },
        })
        .collect()
}

fn mean<'a>(parts: impl Iterator<Item = &'a Part>) -> Value {
    let counted: Vec<(f64, (f64, f64))> = parts.filter_map(|part| Some((part.weight, part.value?))).collect();
    let total: f64 = counted.iter().map(|(weight, _)| weight).sum();
    let sum = |end: fn(&(f64, f64)) -> f64| counted.iter().map(|(weight, value)| weight * end(value)).sum::<f64>();
    (total > 0.0).then(|| (sum(|value| value.0) / total, sum(|value| value.1) / total))
}

/// Ways to the same end as one part: the best ends, and the greatest weight, that of ways without value included.
fn joined(parts: &[Part]) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        let same = |known: &&mut Part| part.way_of.is_some() && known.way_of == part.way_of;
        let Some(known) = joined.iter_mut().find(same) else {
            joined.push(*part);
            continue;
        };
        known.weight = known.weight.max(part.weight);
        known.value = match (known.value, part.value) {
            (Some(one), Some(other)) => Some((one.0.max(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
    }
    joined
}

fn rated(parts: &[Part], covers: f64, is_organisational: bool) -> (Value, Option<(Rating, Rating)>) {
    let before = if is_organisational {
        let stated = mean(parts.iter().filter(|part| part.is_question));
        let checked = mean(parts.iter().filter(|part| !part.is_question));
        (stated.is_some() || checked.is_some()).then(|| {
            let (stated, checked) = (stated.unwrap_or((0.0, 1.0)), checked.unwrap_or((1.0, 1.0)));
            (stated.0.min(checked.0), stated.1.min(checked.1))
        })
    } else {
        mean(joined(parts).iter())
    };
    let value = match before {
        Some((low, high)) => Some((covers * low, 1.0 - covers * (1.0 - high))),
        None if parts.is_empty() || covers < 0.85 => OPEN,
        None => None,
    };
    let cap = parts.iter().filter(|part| part.value.is_some()).map(|part| part.cap).max().unwrap_or(0);
    let capped = |rating: Rating, from: u8| if cap >= from { rating.min(Rating::P) } else { rating };
    let rating = value.map(|(low, high)| (capped(Rating::of(low), 1), capped(Rating::of(high), 2)));
    (value, rating)
}

fn control(world: &World, values: &Values, control: &RandomControl) -> (Value, Option<(Rating, Rating)>) {
    let RandomControl::Mapped { parts: named, assurance, covers } = control else {
        return (OPEN, Some((Rating::N, Rating::F)));
    };
    let practices = world.frameworks.practices.len();
    let mut found: Vec<(Part, f64)> = Vec::new();
    for reference in named {
        let strength = match reference.relation {
            Relation::Equal | Relation::SupersetOf => 1.0,
            Relation::IntersectsWith | Relation::SubsetOf => 0.5,
        };
        let check = reference.place % CHECKS;
        let owner = if reference.is_check { world.frameworks.checks[check].practice } else { reference.place };
        for part in parts(world, values, owner % practices) {
            if reference.is_check && part.place != check {
                continue;
            }
            match found.iter_mut().find(|(known, _)| known.place == part.place) {
                Some((_, known)) => *known = known.max(strength),
                None => found.push((part, strength)),
            }
        }
    }
    let weighted: Vec<Part> =
        found.into_iter().map(|(part, strength)| Part { weight: part.weight * strength, ..part }).collect();
    let covers = match covers {
        Covers::Whole => 1.0,
        Covers::Most => 0.85,
        Covers::Part => 0.5,
        Covers::Little => 0.15,
    };
    rated(&weighted, covers, *assurance == Assurance::Organisational)
}

/// One practice: its domain, its level and its rating.
type Rung = (usize, u8, Option<(Rating, Rating)>);

fn level(rungs: &[Rung], domains: usize, end: fn((Rating, Rating)) -> Rating, absent: bool) -> u8 {
    let of = |domain: usize| rungs.iter().filter(move |rung| rung.0 == domain);
    let domain_applies = |domain: usize| of(domain).next().is_none() || of(domain).any(|rung| rung.2.is_some());
    let at = |domain: usize, level: u8| of(domain).filter(move |rung| rung.1 == level);
    let meets = |domain: usize, level: u8, needed: Rating| {
        if at(domain, level).next().is_none() {
            absent
        } else {
            at(domain, level).all(|rung| rung.2.is_none_or(|r| end(r) >= needed))
        }
    };
    let holds =
        |domain: usize, k: u8| (1..k).all(|below| meets(domain, below, Rating::F)) && meets(domain, k, Rating::L);
    let earns = |domain: usize, k: u8| at(domain, k).next().is_none() || at(domain, k).any(|rung| rung.2.is_some());
    let applicable: Vec<usize> = (0..domains).filter(|domain| domain_applies(*domain)).collect();
    let reached = |k: &u8| applicable.iter().all(|d| holds(*d, *k)) && applicable.iter().any(|d| earns(*d, *k));
    (1..=5).rev().find(reached).unwrap_or(0)
}

pub fn scores(world: &World, values: &Values) -> Scores {
    let controls: Vec<Vec<_>> = world
        .frameworks
        .catalogs
        .iter()
        .map(|controls| controls.iter().map(|one| control(world, values, one)).collect())
        .collect();
    let achieved = controls.iter().map(|controls: &Vec<(Value, _)>| {
        let unit = |(value, _): &(Value, _)| Part {
            value: *value,
            cap: 0,
            weight: 1.0,
            is_question: false,
            way_of: None,
            place: 0,
        };
        mean(controls.iter().map(unit).collect::<Vec<_>>().iter())
    });
    let rungs: Vec<Rung> = world
        .frameworks
        .practices
        .iter()
        .enumerate()
        .map(|(place, practice)| {
            let parts = parts(world, values, place);
            // A practice that does not apply is out, parts or none.
            let out = applies(world, place) == Some(false);
            let rating = if out { None } else { rated(&parts, 1.0, false).1 };
            (practice.domain % world.frameworks.domains, practice.level, rating)
        })
        .collect();
    let domains = world.frameworks.domains;
    let level = (level(&rungs, domains, |rating| rating.0, false), level(&rungs, domains, |rating| rating.1, true));
    Scores { achieved: achieved.collect(), controls, level }
}
