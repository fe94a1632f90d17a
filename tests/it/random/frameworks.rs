//! Random frameworks: a maturity model of up to three domains, checks, questions, and catalogs with mappings.
//! Everything that a mapping can say occurs: relations, covers, organisational assurance, single checks, controls
//! that are not mapped and controls that were forgotten.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rungs::diag::{Located, SourceFile};
use rungs::frameworks::{
    Assurance, Autonomy, Catalog, Check, ControlMapping, Covers, Domain, Effect, EffortHours, ExampleSet, Examples,
    Kind, Library, Mapping, Model, PartRef, Practice, Question, Relation, Remediation, Severity,
};

use super::numbers;

/// Checks of every random library; estates hold evidence for as many.
pub const CHECKS: usize = 6;
/// Questions of every random library.
pub const QUESTIONS: usize = 3;

/// Numbers mean places in lists, counted round.
#[derive(Debug, Clone)]
pub struct Frameworks {
    pub domains: usize,
    pub practices: Vec<RandomPractice>,
    pub checks: Vec<RandomCheck>,
    pub questions: Vec<RandomQuestion>,
    pub catalogs: Vec<Vec<RandomControl>>,
}

#[derive(Debug, Clone)]
pub struct RandomPractice {
    pub domain: usize,
    pub level: u8,
    pub from_autonomy: Option<Autonomy>,
    pub alternatives: bool,
}

#[derive(Debug, Clone)]
pub struct RandomCheck {
    pub practice: usize,
    pub severity: Severity,
    pub effect: Effect,
    pub view: CheckView,
    pub effort_hours: (u8, u8),
    pub requires: Option<usize>,
    /// In per cent of failing rows.
    pub tolerance: Option<u8>,
}

/// Whose rows a check judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckView {
    /// Rows belong to identities, which AI may use or not.
    Credentials,
    /// Rows belong to no identity.
    Agents,
    /// Rows are the declared scopes themselves.
    Scopes,
}

impl CheckView {
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Agents => "agents",
            Self::Scopes => "scopes",
        }
    }
}

#[derive(Debug, Clone)]
pub struct RandomQuestion {
    pub practice: usize,
    pub severity: Severity,
    pub effort_hours: u8,
}

#[derive(Debug, Clone)]
pub enum RandomControl {
    /// The mapping does not know it.
    Forgotten,
    NotMapped,
    Mapped {
        parts: Vec<RandomPart>,
        assurance: Assurance,
        covers: Covers,
    },
}

#[derive(Debug, Clone)]
pub struct RandomPart {
    pub is_check: bool,
    pub place: usize,
    pub relation: Relation,
}

pub fn check_id(place: usize) -> String {
    format!("check.c{place}")
}

pub fn question_id(place: usize) -> String {
    format!("question.q{place}")
}

fn severities() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical])
}

fn practices() -> impl Strategy<Value = RandomPractice> {
    let autonomies = prop::sample::select(vec![Autonomy::Supervised, Autonomy::Autonomous]);
    // Low levels more often: what stands high up seldom decides anything.
    let levels = prop_oneof![3 => 1..=2_u8, 1 => 3..=5_u8];
    (numbers(), levels, option::weighted(0.25, autonomies), prop::bool::weighted(0.2)).prop_map(
        |(domain, level, from_autonomy, alternatives)| RandomPractice { domain, level, from_autonomy, alternatives },
    )
}

fn checks() -> impl Strategy<Value = RandomCheck> {
    let effects = prop::sample::select(vec![Effect::Pass, Effect::Leave]);
    let views =
        prop_oneof![4 => Just(CheckView::Credentials), 1 => Just(CheckView::Agents), 1 => Just(CheckView::Scopes)];
    let efforts = (0..40_u8, 0..4_u8);
    let tolerances = option::weighted(0.15, 1..15_u8);
    (numbers(), severities(), effects, views, efforts, option::weighted(0.3, numbers()), tolerances).prop_map(
        |(practice, severity, effect, view, effort_hours, requires, tolerance)| RandomCheck {
            practice,
            severity,
            effect,
            view,
            effort_hours,
            requires,
            tolerance,
        },
    )
}

fn questions() -> impl Strategy<Value = RandomQuestion> {
    (numbers(), severities(), 0..40_u8).prop_map(|(practice, severity, effort_hours)| RandomQuestion {
        practice,
        severity,
        effort_hours,
    })
}

fn controls() -> impl Strategy<Value = RandomControl> {
    let relations =
        prop::sample::select(vec![Relation::Equal, Relation::SupersetOf, Relation::IntersectsWith, Relation::SubsetOf]);
    let parts = (prop::bool::weighted(0.4), numbers(), relations).prop_map(|(is_check, place, relation)| RandomPart {
        is_check,
        place,
        relation,
    });
    let covers = prop::sample::select(vec![Covers::Whole, Covers::Most, Covers::Part, Covers::Little]);
    let assurances = prop_oneof![2 => Just(Assurance::Automated), 1 => Just(Assurance::Organisational)];
    let mapped = (vec(parts, 1..4), assurances, covers).prop_map(|(parts, assurance, covers)| RandomControl::Mapped {
        parts,
        assurance,
        covers,
    });
    prop_oneof![8 => mapped, 1 => Just(RandomControl::NotMapped), 1 => Just(RandomControl::Forgotten)]
}

pub fn frameworks() -> impl Strategy<Value = Frameworks> {
    // Half of the models have their practices on consecutive levels, so that more than the first can hold.
    let practices =
        (vec(practices(), 1..7), any::<bool>(), 1..=3_usize).prop_map(|(mut practices, is_ladder, domains)| {
            for (place, practice) in practices.iter_mut().enumerate().filter(|_| is_ladder) {
                practice.domain = place;
                practice.level = u8::try_from(1 + place / domains % 5).unwrap();
            }
            (domains, practices)
        });
    (practices, vec(checks(), CHECKS), vec(questions(), QUESTIONS), vec(vec(controls(), 1..5), 1..3)).prop_map(
        |((domains, practices), checks, questions, catalogs)| Frameworks {
            domains,
            practices,
            checks,
            questions,
            catalogs,
        },
    )
}

impl Frameworks {
    fn practice_id(&self, number: usize) -> String {
        format!("practice.p{}", number % self.practices.len())
    }

    /// As the program holds them.
    pub fn library(&self) -> Library {
        let catalogs: Vec<Catalog> =
            self.catalogs.iter().enumerate().map(|(place, controls)| catalog(place, controls.len())).collect();
        let mappings = self
            .catalogs
            .iter()
            .zip(&catalogs)
            .map(|(controls, catalog)| (catalog.id().to_owned(), self.mapping(catalog, controls)))
            .collect();
        Library {
            checks: self.checks.iter().enumerate().map(|(place, check)| self.check(place, check)).collect(),
            questions: self
                .questions
                .iter()
                .enumerate()
                .map(|(place, question)| self.question(place, question))
                .collect(),
            model: self.model(),
            catalogs,
            mappings,
            published: Vec::new(),
            digest: String::new(),
        }
    }

    fn model(&self) -> Model {
        let domain_id = |number: usize| format!("domain{}", number % self.domains);
        let domains =
            (0..self.domains).map(|number| Domain { id: domain_id(number), title: String::new(), asks: String::new() });
        let practices = self.practices.iter().enumerate().map(|(place, practice)| Practice {
            id: self.practice_id(place),
            domain: domain_id(practice.domain),
            level: practice.level,
            title: String::new(),
            summary: String::new(),
            from_autonomy: practice.from_autonomy,
            alternatives: practice.alternatives,
        });
        Model {
            id: "random".into(),
            title: String::new(),
            edition: String::new(),
            levels: Vec::new(),
            domains: domains.collect(),
            practices: practices.collect(),
        }
    }

    fn check(&self, place: usize, check: &RandomCheck) -> Check {
        let impossible = || ExampleSet::Impossible(String::new());
        // Only later checks and questions are required, so that there are no circles.
        let later = (place + 1..CHECKS).map(check_id).chain((0..QUESTIONS).map(question_id));
        let later: Vec<String> = later.collect();
        let requires =
            check.requires.and_then(|number| super::pick(&later, number)).map(|id| Located::nowhere(id.clone()));
        let (fixed, per_row) = check.effort_hours;
        Check {
            file: SourceFile::new("", ""),
            id: check_id(place),
            title: String::new(),
            rationale: String::new(),
            view: Located::nowhere(check.view.name().to_owned()),
            applies: Located::nowhere(String::new()),
            passes: Located::nowhere(String::new()),
            parameters: BTreeMap::new(),
            needs: Vec::new(),
            complete: Vec::new(),
            listed_by: Vec::new(),
            practice: Located::nowhere(self.practice_id(check.practice)),
            tolerance: check.tolerance.map(|share| Located::nowhere(f64::from(share) / 100.0)),
            kind: Kind::Preventive,
            severity: check.severity,
            evidence: Vec::new(),
            remediation: Remediation {
                title: String::new(),
                steps: String::new(),
                effort_hours: EffortHours { fixed: f64::from(fixed), per_row: f64::from(per_row) },
                owner: String::new(),
                effect: check.effect,
                requires: requires.into_iter().collect(),
            },
            given: BTreeMap::new(),
            examples: Examples {
                passed: impossible(),
                failed: impossible(),
                unknown: impossible(),
                outside: impossible(),
            },
        }
    }

    fn question(&self, place: usize, question: &RandomQuestion) -> Question {
        Question {
            file: SourceFile::new("", ""),
            id: Located::nowhere(question_id(place)),
            practice: Located::nowhere(self.practice_id(question.practice)),
            question: String::new(),
            guidance: String::new(),
            evidence: String::new(),
            severity: question.severity,
            remediation: Remediation {
                title: String::new(),
                steps: String::new(),
                effort_hours: EffortHours { fixed: f64::from(question.effort_hours), per_row: 0.0 },
                owner: String::new(),
                effect: Effect::Pass,
                requires: Vec::new(),
            },
        }
    }

    fn mapping(&self, catalog: &Catalog, controls: &[RandomControl]) -> Mapping {
        let understood = controls.iter().zip(&catalog.controls).filter_map(|(control, published)| {
            let mapped = match control {
                RandomControl::Forgotten => return None,
                RandomControl::NotMapped => {
                    ControlMapping::NotMapped { reason: "nothing measures it".into(), looked: Vec::new() }
                }
                RandomControl::Mapped { parts, assurance, covers } => ControlMapping::Mapped {
                    parts: parts.iter().map(|part| self.part(part)).collect(),
                    assurance: *assurance,
                    covers: *covers,
                    leaves: None,
                    argument: None,
                },
            };
            Some((published.id.to_string(), Located::nowhere(mapped)))
        });
        Mapping { file: SourceFile::new("", ""), catalog: catalog.id().to_owned(), controls: understood.collect() }
    }

    fn part(&self, part: &RandomPart) -> PartRef {
        let id = if part.is_check { check_id(part.place % CHECKS) } else { self.practice_id(part.place) };
        PartRef { id: Located::nowhere(id), is_check: part.is_check, relation: part.relation, why: String::new() }
    }
}

fn catalog(place: usize, controls: usize) -> Catalog {
    let mut text = format!(
        "{{id: catalog{place}, title: t, publisher: p, edition: e, published: '2026', licence: l, attribution: a, \
         source: s, id_pattern: '.', counts: {{groups: 0, controls: {controls}}}, controls: ["
    );
    for control in 0..controls {
        text.push_str(&format!("{{id: catalog{place}.{control}, title: t}},"));
    }
    text.push_str("]}");
    Catalog::read(&SourceFile::new("", text)).unwrap()
}
