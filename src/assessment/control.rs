//! One control or practice from its parts (docs/scoring.md section 4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interval::{Interval, Rating};
use super::parts::{Cap, Part, PartKind, Parts, Scored};
use crate::frameworks::{Assurance, ControlMapping, Covers, Library};

/// How far a control could be assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlState {
    /// All its parts say something.
    Assessed,
    /// Some of its parts say something.
    PartlyAssessed,
    /// None does.
    NotAssessed,
    /// None of its parts applies.
    NotApplicable,
    /// Nothing measures it.
    NotMapped,
}

impl ControlState {
    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::PartlyAssessed => "partly-assessed",
            Self::NotAssessed => "not-assessed",
            Self::NotApplicable => "not-applicable",
            Self::NotMapped => "not-mapped",
        }
    }
}

/// A rated thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    /// Waived rows count as failed. `None` where it does not apply.
    pub strict: Option<Interval>,
    /// Waived rows leave the population. `None` where it does not apply.
    pub accepted: Option<Interval>,
    /// Ratings of both ends of `strict`, after caps.
    pub rating: Option<(Rating, Rating)>,
    /// Critical checks that cap the rating.
    pub capped_by: Vec<String>,
}

/// One control of a framework.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlResult {
    /// Its id.
    pub id: String,
    /// How far it could be assessed.
    pub state: ControlState,
    /// What it comes to.
    pub rated: Rated,
    /// How much of it the parts can show; `None` where it is not mapped.
    pub covers: Option<Covers>,
    /// What nothing measures, or why it is not mapped.
    pub leaves: Option<String>,
    /// Whether a person must state it.
    pub assurance: Assurance,
    /// What it rests on.
    pub parts: Vec<Part>,
}

impl ControlResult {
    /// Whether it has any part.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether a part says anything.
    #[must_use]
    pub fn is_evidenced(&self) -> bool {
        self.parts.iter().any(|part| part.value.says)
    }
}

/// Which of the two values of a part.
type Pick = fn(&Part) -> Option<Interval>;

/// Rates something that rests on parts.
#[must_use]
pub fn rate(parts: &[Part], covers: Covers, assurance: Assurance) -> Rated {
    let strict = value(parts, covers, assurance, |part| part.value.strict);
    let accepted = value(parts, covers, assurance, |part| part.value.accepted);
    let applicable = || parts.iter().filter(|part| part.value.strict.is_some());
    let cap = applicable().map(|part| part.value.cap).max().unwrap_or(Cap::None);
    let rating = strict.map(|interval| {
        let (low, high) = interval.ratings();
        match cap {
            Cap::None => (low, high),
            Cap::Proven => (low.min(Rating::P), high),
            Cap::Both => (low.min(Rating::P), high.min(Rating::P)),
        }
    });
    let capped_by = applicable().filter(|part| part.value.cap != Cap::None).map(|part| part.id.clone()).collect();
    Rated { strict, accepted, rating, capped_by }
}

/// Rates a practice: its parts measure all of it, unless it does not concern the organisation at all.
#[must_use]
pub fn rate_practice(practice: &str, scored: &Scored) -> Rated {
    if scored.not_applicable.contains(practice) {
        return Rated { strict: None, accepted: None, rating: None, capped_by: Vec::new() };
    }
    rate(scored.parts(practice), Covers::Whole, Assurance::Automated)
}

/// The interval over all parts, `None` where it does not apply.
fn value(parts: &[Part], covers: Covers, assurance: Assurance, pick: Pick) -> Option<Interval> {
    let of_kind = |kind: PartKind| parts.iter().filter(move |part| part.kind == kind);
    let before = match assurance {
        Assurance::Automated => mean_of_all(parts, pick),
        Assurance::Organisational => {
            let stated = mean(of_kind(PartKind::Question), pick);
            let checked = mean(of_kind(PartKind::Check), pick);
            match (stated, checked) {
                // Not applicable only if neither a statement nor a check applies, and there was one to ask.
                (None, None) if of_kind(PartKind::Question).next().is_some() => None,
                (None, None) if of_kind(PartKind::Check).next().is_some() => None,
                (stated, checked) => {
                    let stated = stated.unwrap_or(Interval::OPEN);
                    // Exports may refute a statement; where there is none, they have nothing to say.
                    Some(checked.map_or(stated, |checked| stated.weaker(checked)))
                }
            }
        }
    };
    match before {
        Some(interval) => Some(interval.covering(covers.share())),
        None if parts.is_empty() => Some(Interval::OPEN),
        // What does not apply is only a part of the control: the rest may well apply.
        None if covers.share() < Covers::Most.share() => Some(Interval::OPEN),
        None => None,
    }
}

/// The mean of parts, where several ways to the same end are one: the best of those that apply, at the weight of the
/// heaviest of all, so that the weight does not change when a way turns out not to apply.
fn mean_of_all(parts: &[Part], pick: Pick) -> Option<Interval> {
    let mut ways: BTreeMap<&str, (f64, Option<Interval>)> = BTreeMap::new();
    let mut weighted = Vec::new();
    for part in parts {
        let (weight, value) = (part.weight * part.strength, pick(part));
        if part.is_alternative {
            let (heaviest, best) = ways.entry(&part.practice).or_insert((weight, None));
            *heaviest = heaviest.max(weight);
            *best = value.map(|value| best.map_or(value, |best| best.better(value))).or(*best);
        } else {
            weighted.push((weight, value));
        }
    }
    let applicable = weighted.into_iter().chain(ways.into_values());
    Interval::mean(applicable.filter_map(|(weight, value)| Some((weight, value?))))
}

fn mean<'a>(parts: impl Iterator<Item = &'a Part>, pick: Pick) -> Option<Interval> {
    Interval::mean(parts.filter_map(|part| Some((part.weight * part.strength, pick(part)?))))
}

/// A control that nothing measures, and of which somebody stated how far it is done.
fn stated(id: &str, part: &Part, leaves: Option<String>) -> ControlResult {
    let parts = vec![part.clone()];
    let rated = rate(&parts, Covers::Whole, Assurance::Organisational);
    let state = match part.value.strict {
        None => ControlState::NotApplicable,
        Some(_) if part.value.says => ControlState::Assessed,
        Some(_) => ControlState::NotAssessed,
    };
    let (covers, assurance) = (Some(Covers::Whole), Assurance::Organisational);
    ControlResult { id: id.to_owned(), state, rated, covers, leaves, assurance, parts }
}

/// Scores one control from its mapping.
#[must_use]
pub fn score_control(
    catalog: &str,
    id: &str,
    mapping: Option<&ControlMapping>,
    library: &Library,
    scored: &impl Parts,
) -> ControlResult {
    let Some(ControlMapping::Mapped { parts: refs, assurance, covers, leaves, argument: _ }) = mapping else {
        let leaves = match mapping {
            Some(ControlMapping::NotMapped { reason, .. }) => Some(reason.clone()),
            _ => None,
        };
        if let Some(part) = scored.stated(&format!("{catalog}/{id}")) {
            return stated(id, part, leaves);
        }
        return ControlResult {
            id: id.to_owned(),
            state: ControlState::NotMapped,
            rated: rate(&[], Covers::Whole, Assurance::Automated),
            covers: None,
            leaves,
            assurance: Assurance::Automated,
            parts: Vec::new(),
        };
    };
    let mut found: BTreeMap<(PartKind, &str), Part> = BTreeMap::new();
    for reference in refs {
        let strength = reference.relation.strength();
        let practice = if reference.is_check {
            library.check(&reference.id).map_or("", |check| check.practice.as_str())
        } else {
            reference.id.as_str()
        };
        for part in scored.parts(practice) {
            if reference.is_check && (part.kind != PartKind::Check || part.id != *reference.id) {
                continue;
            }
            // Reached twice, it counts once, at its strongest.
            found
                .entry((part.kind, part.id.as_str()))
                .and_modify(|known| known.strength = known.strength.max(strength))
                .or_insert_with(|| Part { strength, ..part.clone() });
        }
    }
    let parts: Vec<Part> = found.into_values().collect();
    let rated = rate(&parts, *covers, *assurance);
    let says = |part: &Part| part.value.strict.is_none() || part.value.says;
    let state = if parts.is_empty() {
        ControlState::NotMapped
    } else if rated.strict.is_none() {
        ControlState::NotApplicable
    } else if parts.iter().all(says) {
        ControlState::Assessed
    } else if parts.iter().any(|part| part.value.strict.is_some() && says(part)) {
        ControlState::PartlyAssessed
    } else {
        ControlState::NotAssessed
    };
    ControlResult {
        id: id.to_owned(),
        state,
        rated,
        covers: Some(*covers),
        leaves: leaves.clone(),
        assurance: *assurance,
        parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{PartValue, percent};

    fn part(id: &str, weight: f64, strength: f64, low: f64, high: f64, cap: Cap) -> Part {
        let interval = Some(Interval { low, high });
        Part {
            is_alternative: false,
            id: id.into(),
            kind: PartKind::Check,
            practice: String::new(),
            weight,
            strength,
            value: PartValue { strict: interval, accepted: interval, cap, says: true },
        }
    }

    fn shown(rated: &Rated) -> (String, String, String) {
        let strict = rated.strict.unwrap();
        let (low, high) = rated.rating.unwrap();
        (percent(strict.low), percent(strict.high), format!("{}..{}", low.letter(), high.letter()))
    }

    fn expect(rated: &Rated, low: &str, high: &str, rating: &str) {
        assert_eq!(shown(rated), (low.to_owned(), high.to_owned(), rating.to_owned()));
    }

    // The worked examples of docs/scoring.md: check A (high, intersects-with) has 10 rows, 6 passed, 2 failed,
    // 2 unknown; check B (critical, equal) has 4 rows.
    fn a() -> Part {
        part("a", 3.0, 0.5, 0.6, 0.8, Cap::None)
    }

    #[test]
    fn worked_example_of_two_checks() {
        let b = part("b", 4.0, 1.0, 1.0, 1.0, Cap::None);
        expect(&rate(&[a(), b], Covers::Whole, Assurance::Automated), "89.1", "94.5", "F..F");
    }

    #[test]
    fn worked_example_of_a_critical_failure() {
        let b = part("b", 4.0, 1.0, 0.75, 0.75, Cap::Both);
        let rated = rate(&[a(), b], Covers::Whole, Assurance::Automated);
        expect(&rated, "70.9", "76.4", "P..P");
        assert_eq!(rated.capped_by, ["b"]);
    }

    #[test]
    fn worked_example_of_a_critical_unknown() {
        let b = part("b", 4.0, 1.0, 0.75, 1.0, Cap::Proven);
        let rated = rate(&[a(), b], Covers::Whole, Assurance::Automated);
        expect(&rated, "70.9", "94.5", "P..F");
    }

    #[test]
    fn worked_example_of_a_check_that_covers_a_part() {
        expect(&rate(&[a()], Covers::Part, Assurance::Automated), "30.0", "90.0", "P..F");
    }

    #[test]
    fn worked_example_of_all_rows_failing_under_most() {
        let failing = part("a", 3.0, 0.5, 0.0, 0.0, Cap::None);
        let rated = rate(&[failing], Covers::Most, Assurance::Automated);
        expect(&rated, "0.0", "15.0", "N..N");
    }

    #[test]
    fn of_several_ways_the_best_counts() {
        let way = |id, weight, low, high| Part { is_alternative: true, ..part(id, weight, 1.0, low, high, Cap::None) };
        // Code runs without approval in a sandbox that somebody vouches for: approval 0, containment 1.
        let rated = rate(&[way("x", 3.0, 0.0, 0.0), way("y", 2.0, 1.0, 1.0)], Covers::Whole, Assurance::Automated);
        assert_eq!((rated.strict, rated.rating), (Some(Interval::FULL), Some((Rating::F, Rating::F))));
        // Beside another part: (3 * [0.5, 1] + 1 * [0, 0]) / 4.
        let parts = [way("x", 3.0, 0.0, 1.0), way("y", 2.0, 0.5, 0.5), part("z", 1.0, 1.0, 0.0, 0.0, Cap::None)];
        let rated = rate(&parts, Covers::Whole, Assurance::Automated);
        assert_eq!(rated.strict, Some(Interval { low: 0.375, high: 0.75 }));
        // A way that does not apply leaves the other.
        let out = PartValue { strict: None, accepted: None, cap: Cap::None, says: false };
        let parts = [Part { value: out, ..way("x", 3.0, 0.0, 0.0) }, way("y", 2.0, 0.25, 0.5)];
        let rated = rate(&parts, Covers::Whole, Assurance::Automated);
        assert_eq!(rated.strict, Some(Interval { low: 0.25, high: 0.5 }));
    }

    fn question(low: f64, high: f64) -> Part {
        Part { kind: PartKind::Question, ..part("q", 2.0, 1.0, low, high, Cap::None) }
    }

    #[test]
    fn exports_refute_a_statement_and_never_confirm_it() {
        let check = part("c", 2.0, 1.0, 0.3, 0.3, Cap::None);
        let refuted = rate(&[question(1.0, 1.0), check.clone()], Covers::Whole, Assurance::Organisational);
        expect(&refuted, "30.0", "30.0", "P..P");
        let unanswered = rate(
            &[question(0.0, 1.0), part("c", 2.0, 1.0, 1.0, 1.0, Cap::None)],
            Covers::Whole,
            Assurance::Organisational,
        );
        expect(&unanswered, "0.0", "100.0", "N..F");
        let without_question = rate(&[check], Covers::Whole, Assurance::Organisational);
        expect(&without_question, "0.0", "30.0", "N..P");
        let without_check = rate(&[question(0.85, 0.85)], Covers::Whole, Assurance::Organisational);
        expect(&without_check, "85.0", "85.0", "L..L");
    }

    #[test]
    fn not_applicable_needs_all_parts_and_most_of_the_control() {
        let out = Part { value: PartValue { strict: None, accepted: None, cap: Cap::None, says: false }, ..a() };
        assert_eq!(rate(std::slice::from_ref(&out), Covers::Most, Assurance::Automated).strict, None);
        assert_eq!(rate(&[out], Covers::Part, Assurance::Automated).strict, Some(Interval::OPEN));
        assert_eq!(rate(&[], Covers::Whole, Assurance::Automated).strict, Some(Interval::OPEN));
    }
}
