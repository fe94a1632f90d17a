//! Actions: for every failing check and scope something to fix, for everything open something to show
//! (docs/scoring.md section 7).

use std::collections::BTreeMap;

use crate::assessment::{AnswerState, CheckInput, Inputs, Interval, SegmentCounts};
use crate::config::Moment;
use crate::frameworks::{Check, Effect, Library, Question};

/// Hours that it takes to make an export and assess again.
const HOURS_TO_EXPORT: f64 = 0.5;
/// Hours that it takes to answer a question and attach its evidence.
const HOURS_TO_ANSWER: f64 = 1.0;

/// Which exports show what a check needs: (check, provider) to commands.
pub type Exports = BTreeMap<(String, String), Vec<String>>;

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A check in one scope.
    Check {
        /// The check.
        check: String,
        /// Provider and scope; `None` for rows of no scope.
        scope: Option<(String, String)>,
    },
    /// A question.
    Question(String),
}

/// Whether something must be changed or shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKind {
    /// Rows fail, or an answer is not *fully*.
    Fix,
    /// Evidence or an answer is missing.
    Show,
}

impl ActionKind {
    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Show => "show",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// `fix:credential.long-lived@aws:111122223333`, stable between runs.
    pub id: String,
    /// To change or to show.
    pub kind: ActionKind,
    /// What it is about.
    pub target: Target,
    /// In a few words.
    pub title: String,
    /// Rows that it concerns; 0 where their number is not known.
    pub rows: u64,
    /// Which team does it.
    pub owner: String,
    /// What it takes.
    pub effort_hours: f64,
    /// Severity of the check or question, as its weight 1 to 4.
    pub weight: f64,
    /// How to show it, for [`ActionKind::Show`]: export commands, or the evidence to attach.
    pub how: Vec<String>,
    /// Ids of actions that should come first.
    pub requires: Vec<String>,
}

/// Every action that the assessment calls for, by id.
#[must_use]
pub fn actions(library: &Library, inputs: &Inputs, exports: &Exports, as_of: Moment) -> Vec<Action> {
    let mut found = Vec::new();
    for check in &library.checks {
        if let Some(input) = inputs.checks.get(&check.id) {
            check_actions(check, input, exports, &mut found);
        }
    }
    for question in &library.questions {
        found.extend(question_action(question, inputs, as_of));
    }
    link(library, &mut found);
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

fn scope_of(segment: &SegmentCounts) -> Option<(String, String)> {
    Some((segment.segment.provider.clone()?, segment.segment.scope_id.clone()?))
}

fn check_actions(check: &Check, input: &CheckInput, exports: &Exports, found: &mut Vec<Action>) {
    let mut failed: BTreeMap<Option<(String, String)>, u64> = BTreeMap::new();
    let mut open: BTreeMap<Option<(String, String)>, u64> = BTreeMap::new();
    for segment in &input.segments {
        let scope = scope_of(segment);
        if segment.failed > 0 {
            *failed.entry(scope.clone()).or_insert(0) += segment.failed;
        }
        if segment.open() > 0 {
            *open.entry(scope).or_insert(0) += segment.open();
        }
    }
    for scope in &input.remit.uncovered {
        open.entry(Some((scope.provider.clone(), scope.scope_id.clone()))).or_insert(0);
    }
    for (scope, rows) in failed {
        let remediation = &check.remediation;
        #[expect(clippy::cast_precision_loss, reason = "an estimate in hours")]
        let effort_hours = remediation.effort_hours.fixed + remediation.effort_hours.per_row * rows as f64;
        found.push(Action {
            id: id(ActionKind::Fix, &check.id, scope.as_ref()),
            kind: ActionKind::Fix,
            target: Target::Check { check: check.id.clone(), scope },
            title: remediation.title.clone(),
            rows,
            owner: remediation.owner.clone(),
            effort_hours,
            weight: check.severity.weight(),
            how: Vec::new(),
            requires: Vec::new(),
        });
    }
    for (scope, rows) in open {
        found.push(Action {
            id: id(ActionKind::Show, &check.id, scope.as_ref()),
            kind: ActionKind::Show,
            title: match &scope {
                Some((provider, scope)) => format!("Show what {provider} {scope} holds: {}", check.title),
                None => format!("Show: {}", check.title),
            },
            how: how_to_show(check, scope.as_ref(), exports),
            target: Target::Check { check: check.id.clone(), scope },
            rows,
            owner: check.remediation.owner.clone(),
            effort_hours: HOURS_TO_EXPORT,
            weight: check.severity.weight(),
            requires: Vec::new(),
        });
    }
}

/// The exports that would show what a check needs of a scope.
fn how_to_show(check: &Check, scope: Option<&(String, String)>, exports: &Exports) -> Vec<String> {
    let wanted = scope.map(|(provider, _)| (check.id.clone(), provider.clone()));
    wanted.and_then(|key| exports.get(&key)).cloned().unwrap_or_default()
}

fn question_action(question: &Question, inputs: &Inputs, as_of: Moment) -> Option<Action> {
    let value = inputs.answers.value(&question.id)?;
    let answered = inputs.answers.given.iter().filter(|answer| answer.question_id == *question.id);
    let evidenced = answered.clone().any(|answer| answer.state(as_of) == AnswerState::Evidenced);
    let kind = match value {
        Interval { low, .. } if low >= 1.0 => return None,
        Interval { high, .. } if high < 1.0 && evidenced => ActionKind::Fix,
        Interval { high, .. } if high <= 0.0 => ActionKind::Fix,
        _ => ActionKind::Show,
    };
    let remediation = &question.remediation;
    Some(Action {
        id: id(kind, &question.id, None),
        kind,
        target: Target::Question(question.id.to_string()),
        title: match kind {
            ActionKind::Fix => remediation.title.clone(),
            ActionKind::Show => format!("Answer with evidence: {}", question.question),
        },
        rows: 0,
        owner: remediation.owner.clone(),
        effort_hours: match kind {
            ActionKind::Fix => remediation.effort_hours.fixed,
            ActionKind::Show => HOURS_TO_ANSWER,
        },
        weight: question.severity.weight(),
        how: vec![question.evidence.clone()],
        requires: Vec::new(),
    })
}

fn id(kind: ActionKind, subject: &str, scope: Option<&(String, String)>) -> String {
    match scope {
        Some((provider, scope)) => format!("{}:{subject}@{provider}:{scope}", kind.name()),
        None => format!("{}:{subject}", kind.name()),
    }
}

/// An action's id, with the provider and scope that it is for.
type Placed = (String, Option<(String, String)>);

/// Ties fixes to the fixes that their remediation requires: in the same scope where there is one, else
/// everywhere. Showing requires nothing.
fn link(library: &Library, actions: &mut [Action]) {
    let mut by_subject: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
    for action in actions.iter().filter(|action| action.kind == ActionKind::Fix) {
        let (subject, scope) = match &action.target {
            Target::Check { check, scope } => (check.clone(), scope.clone()),
            Target::Question(question) => (question.clone(), None),
        };
        by_subject.entry(subject).or_default().push((action.id.clone(), scope));
    }
    for action in actions.iter_mut().filter(|action| action.kind == ActionKind::Fix) {
        let (remediation, scope) = match &action.target {
            Target::Check { check, scope } => (library.check(check).map(|check| &check.remediation), scope.as_ref()),
            Target::Question(question) => (library.question(question).map(|question| &question.remediation), None),
        };
        for required in remediation.into_iter().flat_map(|remediation| &remediation.requires) {
            for (id, other) in by_subject.get(required.as_str()).into_iter().flatten() {
                let same_scope = scope.is_none() || other.is_none() || other.as_ref() == scope;
                if same_scope {
                    action.requires.push(id.clone());
                }
            }
        }
        action.requires.sort();
        action.requires.dedup();
    }
}

/// What becomes of the failing rows of a check that was fixed.
#[must_use]
pub(super) fn effect(library: &Library, check: &str) -> Effect {
    library.check(check).map_or(Effect::Pass, |check| check.remediation.effect)
}
