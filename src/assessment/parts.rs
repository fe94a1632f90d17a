//! The parts of practices and controls: checks and questions with weight, strength and value.

use std::collections::{BTreeMap, BTreeSet};

use super::check::CheckResult;
use super::inputs::{AgentAutonomy, Inputs, Population};
use super::interval::Interval;
use crate::frameworks::{Kind, Library, Practice, Severity};

/// Whether a part is a check or a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// Evidence decides.
    Check,
    /// A person decides.
    Question,
}

/// How a critical check limits the rating of what rests on it (docs/scoring.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cap {
    /// Not at all.
    None,
    /// What is proven is at most P.
    Proven,
    /// What is proven and what is possible are at most P.
    Both,
}

/// What a part is worth; `None` where it does not apply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartValue {
    /// Waived rows count as failed.
    pub strict: Option<Interval>,
    /// Waived rows leave the population.
    pub accepted: Option<Interval>,
    /// How it limits ratings.
    pub cap: Cap,
}

impl PartValue {
    const OPEN: Self = Self { strict: Some(Interval::OPEN), accepted: Some(Interval::OPEN), cap: Cap::None };
    const NOT_APPLICABLE: Self = Self { strict: None, accepted: None, cap: Cap::None };

    /// Something that a person answered; waivers do not concern it.
    fn answered(value: Option<Interval>) -> Self {
        Self { strict: value, accepted: value, cap: Cap::None }
    }
}

/// A check or question as a part of a practice or control.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its id.
    pub id: String,
    /// Check or question.
    pub kind: PartKind,
    /// The practice that it belongs to.
    pub practice: String,
    /// Weight by severity, 1 to 4.
    pub weight: f64,
    /// How much of the control its practice does, 0.5 or 1; always 1 in a practice.
    pub strength: f64,
    /// What it is worth.
    pub value: PartValue,
}

/// Whether a practice concerns the organisation (docs/scoring.md section 6, *Profiles by autonomy*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// It does.
    Yes,
    /// No agent acts so far alone, and that is certain.
    No,
    /// Not known.
    Unknown,
}

impl Applies {
    /// Whether a practice applies to agents of that autonomy.
    #[must_use]
    pub fn of(practice: &Practice, autonomy: AgentAutonomy) -> Self {
        match practice.from_autonomy {
            None => Self::Yes,
            Some(from) if autonomy.highest.is_some_and(|highest| highest >= from) => Self::Yes,
            Some(_) if autonomy.complete => Self::No,
            Some(_) => Self::Unknown,
        }
    }
}

/// Everything about checks, questions and practices for one population, computed once.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Results of checks, by id.
    pub checks: BTreeMap<String, CheckResult>,
    /// Parts of every practice, by its id; strength 1.
    pub practices: BTreeMap<String, Vec<Part>>,
    /// Practices that do not apply because no agent acts so far alone, whether or not they have parts.
    pub not_applicable: BTreeSet<String>,
}

impl Scored {
    /// Scores every part for a population.
    #[must_use]
    pub fn new(library: &Library, inputs: &Inputs, population: Population) -> Self {
        let mut checks = BTreeMap::new();
        let mut practices: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        let applies = |practice: &str| {
            library.model.practice(practice).map_or(Applies::Unknown, |known| Applies::of(known, inputs.autonomy))
        };
        for check in &library.checks {
            let Some(input) = inputs.checks.get(&check.id) else { continue };
            let result = CheckResult::of(input, population);
            let cap = match check.severity {
                Severity::Critical if check.kind == Kind::Preventive => {
                    if CheckResult::has_failed(input, population) {
                        Cap::Both
                    } else if result.is_open(input, population) {
                        Cap::Proven
                    } else {
                        Cap::None
                    }
                }
                _ => Cap::None,
            };
            let value = PartValue { strict: result.strict, accepted: result.accepted, cap };
            let value = limited(value, applies(&check.practice));
            practices.entry(check.practice.to_string()).or_default().push(Part {
                id: check.id.clone(),
                kind: PartKind::Check,
                practice: check.practice.to_string(),
                weight: check.severity.weight(),
                strength: 1.0,
                value,
            });
            checks.insert(check.id.clone(), result);
        }
        for question in &library.questions {
            let value = limited(PartValue::answered(inputs.answers.value(&question.id)), applies(&question.practice));
            practices.entry(question.practice.to_string()).or_default().push(Part {
                id: question.id.to_string(),
                kind: PartKind::Question,
                practice: question.practice.to_string(),
                weight: question.severity.weight(),
                strength: 1.0,
                value,
            });
        }
        let not_applicable = library
            .model
            .practices
            .iter()
            .filter(|practice| Applies::of(practice, inputs.autonomy) == Applies::No)
            .map(|practice| practice.id.clone())
            .collect();
        Self { checks, practices, not_applicable }
    }

    /// The parts of a practice.
    #[must_use]
    pub fn parts(&self, practice: &str) -> &[Part] {
        self.practices.get(practice).map_or(&[], Vec::as_slice)
    }
}

/// A part of a practice that does not apply is not applicable; of one that may apply, it is open.
fn limited(value: PartValue, applies: Applies) -> PartValue {
    match applies {
        Applies::Yes => value,
        Applies::No => PartValue::NOT_APPLICABLE,
        Applies::Unknown if value.strict.is_none() => value,
        Applies::Unknown => PartValue { cap: value.cap.min(Cap::Proven), ..PartValue::OPEN },
    }
}
