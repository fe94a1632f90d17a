//! Random estates: for every check the rows that evidence shows, scope by scope, what it does not cover and what
//! could not be read; answers to questions; what is known of agents. They become inputs through the crate's own
//! coverage, remit and tally.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rungs::assessment::{AgentAutonomy, Answer, Answers, Attestation, CheckInput, Inputs, remit};
use rungs::config::{Config, DeclaredScope};
use rungs::diag::Located;
use rungs::engine::{Segment, Tally, Verdict};
use rungs::frameworks::{Autonomy, Check, Library};
use rungs::inventory::views::View;
use rungs::inventory::{Coverage, CoverageEntry, CoverageKey, Fact, Level};

use super::frameworks::{CHECKS, QUESTIONS, question_id};
use super::{World, as_of};

/// What the organisation's exports and people say.
#[derive(Debug, Clone)]
pub struct Estate {
    /// One entry a check.
    pub checks: Vec<Evidence>,
    pub answers: Vec<RandomAnswer>,
    pub autonomy: AgentAutonomy,
    pub claimed: Option<u8>,
}

/// What there is on one check.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The declared scopes that should show its rows.
    pub scopes: Vec<Scope>,
    /// Rows of no scope.
    pub homeless: Vec<Row>,
    /// Whether it failed while running.
    pub error: bool,
}

/// One declared scope.
#[derive(Debug, Clone)]
pub struct Scope {
    /// How far exports cover it.
    pub level: Level,
    /// Where it is not covered in full: how many rows are missing, if rungs.yaml bounds them.
    pub missing: Option<usize>,
    /// Rows that were seen.
    pub rows: Vec<Row>,
    /// Records that could not be read.
    pub rejected: u64,
}

/// One row as the check sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub verdict: Verdict,
    /// How AI uses its identity; `None` where that is not known.
    pub ai_use: Option<&'static str>,
}

/// One answer to a question.
#[derive(Debug, Clone)]
pub struct RandomAnswer {
    pub question: usize,
    pub scope: usize,
    pub word: Answer,
    /// Negative for answers that are yet to be given; above 365 they are stale.
    pub days_ago: i64,
    pub is_named: bool,
    pub has_evidence: bool,
    /// Whether *not applicable* has reason and approver.
    pub is_approved: bool,
}

pub fn verdicts() -> impl Strategy<Value = Verdict> {
    use Verdict::{Failed, Outside, Passed, Undetermined, Unknown, Waived};
    prop_oneof![
        6 => Just(Passed), 2 => Just(Failed), 2 => Just(Unknown), 1 => Just(Undetermined), 1 => Just(Waived),
        1 => Just(Outside),
    ]
}

pub fn ai_uses() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![4 => Just(Some("agent")), 2 => Just(Some("none")), 1 => Just(None)]
}

pub fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let row =
        |verdict: BoxedStrategy<Verdict>| (verdict, ai_uses()).prop_map(|(verdict, ai_use)| Row { verdict, ai_use });
    // Many checks pass on every row; else no level would ever hold.
    prop_oneof![
        2 => vec(row(Just(Verdict::Passed).boxed()), 0..=most),
        3 => vec(row(verdicts().boxed()), 0..=most),
        1 => vec(row(Just(Verdict::Failed).boxed()), 0..=most),
    ]
}

fn scopes(covered: BoxedStrategy<Level>) -> impl Strategy<Value = Scope> {
    let missing = option::weighted(0.6, 0..5_usize);
    let rejected = prop_oneof![9 => Just(0), 1 => 1..3_u64];
    (covered, missing, rows(6), rejected).prop_map(|(level, missing, rows, rejected)| Scope {
        level,
        missing,
        // What nothing shows has no rows.
        rows: if level == Level::None { Vec::new() } else { rows },
        rejected,
    })
}

pub fn evidence() -> impl Strategy<Value = Evidence> {
    let mixed = prop_oneof![4 => Just(Level::Full), 1 => Just(Level::Partial), 1 => Just(Level::None)];
    let scopes = prop_oneof![
        3 => vec(scopes(Just(Level::Full).boxed()), 1..3),
        2 => vec(scopes(mixed.boxed()), 0..4),
    ];
    let homeless = prop_oneof![5 => Just(Vec::new()), 1 => rows(3)];
    (scopes, homeless, prop::bool::weighted(0.05)).prop_map(|(scopes, homeless, error)| Evidence {
        scopes,
        homeless,
        error,
    })
}

pub fn answers() -> impl Strategy<Value = RandomAnswer> {
    use Answer::{Fully, Largely, Not, NotApplicable, Partially};
    let words = prop_oneof![
        4 => Just(Fully), 1 => Just(Largely), 1 => Just(Partially), 1 => Just(Not), 1 => Just(NotApplicable)
    ];
    let days_ago = prop_oneof![1 => -3..0_i64, 6 => 0..=365_i64, 2 => 366..800_i64];
    let weighted = prop::bool::weighted;
    (0..QUESTIONS, 0..2_usize, words, days_ago, weighted(0.9), weighted(0.8), weighted(0.7)).prop_map(
        |(question, scope, word, days_ago, is_named, has_evidence, is_approved)| RandomAnswer {
            question,
            scope,
            word,
            days_ago,
            is_named,
            has_evidence,
            is_approved,
        },
    )
}

pub fn autonomies() -> impl Strategy<Value = AgentAutonomy> {
    let highest = prop::sample::select(vec![
        None,
        Some(Autonomy::Manual),
        Some(Autonomy::Supervised),
        Some(Autonomy::Autonomous),
    ]);
    (highest, any::<bool>()).prop_map(|(highest, complete)| AgentAutonomy { highest, complete })
}

/// An estate in which nearly everything is shown, passes and is answered.
fn strong_estates() -> impl Strategy<Value = Estate> {
    let row = ai_uses().prop_map(|ai_use| Row { verdict: Verdict::Passed, ai_use });
    let scope = vec(row, 1..6).prop_map(|rows| Scope { level: Level::Full, missing: None, rows, rejected: 0 });
    let strong = vec(scope, 1..3).prop_map(|scopes| Evidence { scopes, homeless: Vec::new(), error: false }).boxed();
    let checks = vec(prop_oneof![9 => strong, 1 => evidence()], CHECKS);
    let answered =
        (vec(answers(), QUESTIONS), vec(prop::bool::weighted(0.1), QUESTIONS)).prop_map(|(answers, kept)| {
            let answers = answers.into_iter().enumerate().zip(kept);
            answers
                .map(|((question, answer), is_kept)| {
                    let answer = RandomAnswer { question, ..answer };
                    let strong = RandomAnswer {
                        word: Answer::Fully,
                        days_ago: 9,
                        is_named: true,
                        has_evidence: true,
                        ..answer.clone()
                    };
                    if is_kept { answer } else { strong }
                })
                .collect()
        });
    (checks, answered, autonomies(), option::of(0..=5_u8)).prop_map(|(checks, answers, autonomy, claimed)| Estate {
        checks,
        answers,
        autonomy,
        claimed,
    })
}

/// Any estate, and often one that is strong: among others, hardly any level would ever be proven.
pub fn estates() -> impl Strategy<Value = Estate> {
    let any = (vec(evidence(), CHECKS), vec(answers(), 0..5), autonomies(), option::of(0..=5_u8))
        .prop_map(|(checks, answers, autonomy, claimed)| Estate { checks, answers, autonomy, claimed });
    prop_oneof![any, strong_estates()]
}

impl RandomAnswer {
    pub fn attestation(&self) -> Attestation {
        let said = |text: &str, is_said: bool| is_said.then(|| text.to_owned());
        Attestation {
            question_id: question_id(self.question),
            scope_id: format!("s{}", self.scope),
            answer: self.word,
            reason: said("no such thing", self.is_approved),
            approver: said("CISO", self.is_approved),
            answered_by: said("A. Person", self.is_named),
            role: None,
            answered_at: Some(as_of().plus_days(-self.days_ago)),
            expires_at: None,
            evidence_ref: said("https://wiki.example/policy", self.has_evidence),
            evidence_sha256: None,
            comment: None,
            source_id: String::new(),
            locator: String::new(),
        }
    }
}

impl Evidence {
    /// Every row, wherever it is.
    pub fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.scopes.iter_mut().flat_map(|scope| &mut scope.rows).chain(&mut self.homeless)
    }

    /// What the program counts, with the remit that it draws from coverage.
    pub fn input(&self, check: &Check) -> CheckInput {
        let view = View::find(&check.view).unwrap();
        // A provider that can show the view's rows, and the fact that lists them.
        let (provider, fact) = match view.name {
            "agents" => ("agent", Fact::Agent),
            _ => ("aws", Fact::Credential),
        };
        let mut coverage = Coverage::new(as_of(), 92);
        let mut config = Config::default();
        let (mut seen, mut rejected) = (BTreeMap::new(), BTreeMap::new());
        let mut tally = Tally { checks: vec![check.id.clone()], ..Tally::default() };
        let mut count = |provider: Option<&str>, scope_id: Option<&String>, rows: &[Row]| {
            for row in rows {
                let segment = Segment {
                    provider: provider.map(str::to_owned),
                    scope_id: scope_id.cloned(),
                    ai_use: row.ai_use.map(str::to_owned),
                    ..Segment::default()
                };
                *tally.patterns.entry(segment).or_default().entry(vec![row.verdict as u64]).or_insert(0) += 1;
            }
        };
        for (place, scope) in self.scopes.iter().enumerate() {
            let scope_id = format!("s{place}");
            coverage.declare(provider, &scope_id);
            if scope.level != Level::None {
                let key = CoverageKey { provider: provider.into(), scope_id: scope_id.clone(), fact };
                let (source_id, level) = (String::new(), scope.level);
                coverage.add(
                    key,
                    CoverageEntry { source_id, as_of: as_of(), level, window_from: None, note: None, parts: None },
                );
            }
            let bound = scope.missing.map(|missing| Located::nowhere((scope.rows.len() + missing) as u64));
            config.scopes.push(DeclaredScope {
                id: Located::nowhere(scope_id.clone()),
                provider: Located::nowhere(provider.to_owned()),
                name: None,
                at_most: bound.map(|bound| (view.name.to_owned(), bound)).into_iter().collect(),
                excluded: None,
            });
            count(Some(provider), Some(&scope_id), &scope.rows);
            let key = (provider.to_owned(), scope_id);
            seen.insert(key.clone(), scope.rows.len() as u64);
            if scope.rejected > 0 {
                rejected.insert(key, scope.rejected);
            }
        }
        count(None, None, &self.homeless);
        let remit = remit(check, view, &coverage, &config, &seen, &rejected);
        if self.error {
            return CheckInput { error: Some("overflow".into()), remit, ..CheckInput::default() };
        }
        CheckInput::from_tally(&tally, 0, view.by_identity, remit)
    }
}

impl Estate {
    /// An estate of which nothing is known but its scopes.
    pub fn without_evidence(&self) -> Self {
        let checks = self.checks.iter().map(|evidence| Evidence {
            scopes: evidence
                .scopes
                .iter()
                .map(|scope| Scope { level: Level::None, rows: Vec::new(), ..scope.clone() })
                .collect(),
            homeless: Vec::new(),
            error: evidence.error,
        });
        Self {
            checks: checks.collect(),
            answers: Vec::new(),
            autonomy: AgentAutonomy::default(),
            claimed: self.claimed,
        }
    }

    pub fn inputs(&self, library: &Library) -> Inputs {
        let checks = self.checks.iter().zip(&library.checks);
        Inputs {
            checks: checks.map(|(evidence, check)| (check.id.clone(), evidence.input(check))).collect(),
            answers: Answers::new(self.answers.iter().map(RandomAnswer::attestation).collect(), as_of()),
            autonomy: self.autonomy,
        }
    }
}

impl World {
    pub fn library(&self) -> Library {
        self.frameworks.library()
    }

    pub fn inputs(&self, library: &Library) -> Inputs {
        self.estate.inputs(library)
    }
}
