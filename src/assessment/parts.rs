//! The parts of practices and controls: checks and questions with weight, strength and value.

use std::collections::{BTreeMap, BTreeSet};

use super::check::CheckResult;
use super::inputs::{AgentAutonomy, CheckInput, Inputs, Population};
use super::interval::Interval;
use crate::frameworks::{Check, Kind, Library, Practice, Question, Severity};

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
    /// Whether evidence or an answer says anything. Failing rows can weigh so much that the value alone does not show it.
    pub says: bool,
}

impl PartValue {
    const OPEN: Self =
        Self { strict: Some(Interval::OPEN), accepted: Some(Interval::OPEN), cap: Cap::None, says: false };
    const NOT_APPLICABLE: Self = Self { strict: None, accepted: None, cap: Cap::None, says: false };

    /// Something that a person answered; waivers do not concern it.
    fn answered(value: Option<Interval>) -> Self {
        let says = value.is_some_and(Interval::is_narrower_than_open);
        Self { strict: value, accepted: value, cap: Cap::None, says }
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
    /// Whether the parts of its practice are different ways to the same end, of which the best counts.
    pub is_alternative: bool,
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
    /// What people stated of single controls that nothing measures, by `catalog/id`.
    pub stated: BTreeMap<String, Part>,
    /// Practices that do not apply because no agent acts so far alone, whether or not they have parts.
    pub not_applicable: BTreeSet<String>,
}

/// Where the parts of practices are found.
pub trait Parts {
    /// The parts of a practice.
    fn parts(&self, practice: &str) -> &[Part];

    /// What people stated of a control that nothing measures, by `catalog/id`.
    fn stated(&self, control: &str) -> Option<&Part>;
}

impl Parts for Scored {
    fn parts(&self, practice: &str) -> &[Part] {
        Scored::parts(self, practice)
    }

    fn stated(&self, control: &str) -> Option<&Part> {
        self.stated.get(control)
    }
}

/// What was scored, with one part as it would be if something were done.
pub struct Changed<'a> {
    base: &'a Scored,
    practice: &'a str,
    parts: Vec<Part>,
}

impl Changed<'_> {
    /// The practice whose part is another.
    #[must_use]
    pub fn practice(&self) -> &str {
        self.practice
    }
}

impl Parts for Changed<'_> {
    fn parts(&self, practice: &str) -> &[Part] {
        if practice == self.practice { &self.parts } else { self.base.parts(practice) }
    }

    fn stated(&self, control: &str) -> Option<&Part> {
        self.base.stated.get(control)
    }
}

impl Scored {
    /// Scores every part for a population.
    #[must_use]
    pub fn new(library: &Library, inputs: &Inputs, population: Population) -> Self {
        let mut checks = BTreeMap::new();
        let mut practices: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        for check in &library.checks {
            let Some(input) = inputs.checks.get(&check.id) else { continue };
            let (result, value) = check_value(library, inputs.autonomy, check, input, population);
            practices.entry(check.practice.to_string()).or_default().push(Part {
                id: check.id.clone(),
                kind: PartKind::Check,
                practice: check.practice.to_string(),
                weight: check.severity.weight(),
                strength: 1.0,
                is_alternative: is_alternative(library, &check.practice),
                value,
            });
            checks.insert(check.id.clone(), result);
        }
        for question in &library.questions {
            let value = answer_value(library, inputs.autonomy, question, inputs.answers.value(&question.id));
            practices.entry(question.practice.to_string()).or_default().push(Part {
                id: question.id.to_string(),
                kind: PartKind::Question,
                practice: question.practice.to_string(),
                weight: question.severity.weight(),
                strength: 1.0,
                is_alternative: is_alternative(library, &question.practice),
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
        let mut stated = BTreeMap::new();
        for (id, value) in inputs.answers.settled_values().filter(|(id, _)| library.is_control(id)) {
            let part = Part {
                id: id.to_owned(),
                kind: PartKind::Question,
                practice: String::new(),
                weight: Severity::Medium.weight(),
                strength: 1.0,
                is_alternative: false,
                value: PartValue::answered(value),
            };
            stated.insert(id.to_owned(), part);
        }
        Self { checks, practices, stated, not_applicable }
    }

    /// The same with another input of one check, for the whole estate.
    #[must_use]
    pub fn with_check<'a>(
        &'a self,
        library: &Library,
        autonomy: AgentAutonomy,
        check: &'a Check,
        input: &CheckInput,
    ) -> Changed<'a> {
        let (_, value) = check_value(library, autonomy, check, input, Population::Whole);
        self.changed(&check.practice, PartKind::Check, &check.id, value)
    }

    /// The same with another answer to one question.
    #[must_use]
    pub fn with_answer<'a>(
        &'a self,
        library: &Library,
        autonomy: AgentAutonomy,
        question: &'a Question,
        answer: Option<Interval>,
    ) -> Changed<'a> {
        let value = answer_value(library, autonomy, question, answer);
        self.changed(&question.practice, PartKind::Question, &question.id, value)
    }

    fn changed<'a>(&'a self, practice: &'a str, kind: PartKind, id: &str, value: PartValue) -> Changed<'a> {
        let mut parts = self.parts(practice).to_vec();
        for part in parts.iter_mut().filter(|part| part.kind == kind && part.id == id) {
            part.value = value;
        }
        Changed { base: self, practice, parts }
    }

    /// The parts of a practice.
    #[must_use]
    pub fn parts(&self, practice: &str) -> &[Part] {
        self.practices.get(practice).map_or(&[], Vec::as_slice)
    }
}

fn is_alternative(library: &Library, practice: &str) -> bool {
    library.model.practice(practice).is_some_and(|known| known.alternatives)
}

fn applies(library: &Library, autonomy: AgentAutonomy, practice: &str) -> Applies {
    library.model.practice(practice).map_or(Applies::Unknown, |known| Applies::of(known, autonomy))
}

fn check_value(
    library: &Library,
    autonomy: AgentAutonomy,
    check: &Check,
    input: &CheckInput,
    population: Population,
) -> (CheckResult, PartValue) {
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
    let tolerated = |interval: Option<Interval>| match &check.tolerance {
        Some(share) => interval.map(|interval| interval.tolerating(**share)),
        None => interval,
    };
    let value = PartValue {
        strict: tolerated(result.strict),
        accepted: tolerated(result.accepted),
        cap,
        says: result.strict.is_some_and(Interval::is_narrower_than_open),
    };
    let value = limited(value, applies(library, autonomy, &check.practice));
    (result, value)
}

fn answer_value(
    library: &Library,
    autonomy: AgentAutonomy,
    question: &Question,
    answer: Option<Interval>,
) -> PartValue {
    limited(PartValue::answered(answer), applies(library, autonomy, &question.practice))
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
