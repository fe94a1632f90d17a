//! Learning more about an estate that does not change: open rows are settled, exports arrive for declared scopes,
//! questions are answered. Each lesson can be applied to any estate; where it has nothing to teach it does nothing.

use proptest::prelude::*;
use rungs::assessment::{AgentAutonomy, AnswerState, Interval};
use rungs::engine::Verdict;
use rungs::frameworks::{Autonomy, Library};
use rungs::inventory::Level;

use super::estate::{RandomAnswer, ai_uses, answers, rows, verdicts};
use super::frameworks::{CHECKS, question_id};
use super::{Estate, Row, Scope, as_of, numbers};

/// One thing that becomes known. Numbers mean places among what can be learnt, counted round.
#[derive(Debug, Clone)]
pub enum Lesson {
    /// An unknown row turns out to pass or to fail, an undetermined one may also turn out not to be judged.
    Settle { check: usize, row: usize, verdict: Verdict },
    /// It becomes known whether AI uses an identity.
    Identify { check: usize, row: usize, ai_use: &'static str },
    /// An export arrives for a scope that was declared and not covered.
    Export { check: usize, scope: usize, rows: Vec<Row>, is_full: bool },
    /// A record that could not be read can be read after all.
    Reread { check: usize, scope: usize, row: Row },
    /// A check that failed while running runs.
    Rerun { check: usize },
    /// A question is answered to which no answer proved anything.
    Answer(RandomAnswer),
    /// Evidence is attached to an answer that had none.
    Support { answer: usize },
    /// An agent states its autonomy, or the list of agents is complete.
    Agents(AgentAutonomy),
}

pub fn lessons() -> impl Strategy<Value = Lesson> {
    let check = || 0..CHECKS;
    let row = || (verdicts(), ai_uses()).prop_map(|(verdict, ai_use)| Row { verdict, ai_use });
    let highest = prop::sample::select(vec![None, Some(Autonomy::Supervised), Some(Autonomy::Autonomous)]);
    prop_oneof![
        6 => (check(), numbers(), verdicts()).prop_map(|(check, row, verdict)| Lesson::Settle { check, row, verdict }),
        2 => (check(), numbers(), prop::sample::select(vec!["agent", "none"]))
            .prop_map(|(check, row, ai_use)| Lesson::Identify { check, row, ai_use }),
        4 => (check(), numbers(), rows(6), prop::bool::weighted(0.7))
            .prop_map(|(check, scope, rows, is_full)| Lesson::Export { check, scope, rows, is_full }),
        2 => (check(), numbers(), row()).prop_map(|(check, scope, row)| Lesson::Reread { check, scope, row }),
        1 => check().prop_map(|check| Lesson::Rerun { check }),
        3 => answers().prop_map(Lesson::Answer),
        1 => numbers().prop_map(|answer| Lesson::Support { answer }),
        1 => (highest, any::<bool>())
            .prop_map(|(highest, complete)| Lesson::Agents(AgentAutonomy { highest, complete })),
    ]
}

impl Lesson {
    /// Changes what is known.
    pub fn apply(&self, estate: &mut Estate, library: &Library) {
        match self {
            Self::Settle { check, row, verdict } => settle(estate, *check, *row, *verdict),
            Self::Identify { check, row, ai_use } => {
                let nameless = estate.checks[*check].rows().filter(|row| row.ai_use.is_none());
                if let Some(row) = nth(nameless, *row) {
                    row.ai_use = Some(ai_use);
                }
            }
            // The declared scopes are all there: no export adds one.
            Self::Export { check, .. } if *library.checks[*check].view == "scopes" => {}
            Self::Export { check, scope, rows, is_full } => {
                let uncovered = estate.checks[*check].scopes.iter_mut().filter(|scope| scope.level != Level::Full);
                if let Some(scope) = nth(uncovered, *scope) {
                    export(scope, rows, *is_full);
                }
            }
            Self::Reread { check, scope, row } => {
                let rejecting = estate.checks[*check].scopes.iter_mut().filter(|scope| scope.rejected > 0);
                if let Some(scope) = nth(rejecting, *scope) {
                    reread(scope, *row);
                }
            }
            Self::Rerun { check } => estate.checks[*check].error = false,
            Self::Answer(answer) => {
                let so_far = estate.inputs(library).answers.value(&question_id(answer.question));
                if so_far == Some(Interval::OPEN) {
                    estate.answers.push(answer.clone());
                }
            }
            Self::Support { answer } => {
                let bare = estate.answers.iter_mut().filter(|answer| {
                    matches!(answer.attestation().state(as_of()), AnswerState::Unevidenced | AnswerState::Unsupported)
                });
                if let Some(answer) = nth(bare, *answer) {
                    (answer.has_evidence, answer.is_approved) = (true, true);
                }
            }
            Self::Agents(found) if !estate.autonomy.complete => {
                let highest = estate.autonomy.highest.max(found.highest);
                estate.autonomy = AgentAutonomy { highest, complete: found.complete };
            }
            Self::Agents(_) => {}
        }
    }
}

fn settle(estate: &mut Estate, check: usize, row: usize, verdict: Verdict) {
    let open =
        estate.checks[check].rows().filter(|row| matches!(row.verdict, Verdict::Unknown | Verdict::Undetermined));
    let Some(row) = nth(open, row) else { return };
    let is_possible = match row.verdict {
        // It is known that the check judges the row.
        Verdict::Unknown => !matches!(verdict, Verdict::Outside | Verdict::Undetermined),
        _ => true,
    };
    if is_possible {
        row.verdict = verdict;
    }
}

/// A bounded scope holds no more rows than its bound.
fn export(scope: &mut Scope, rows: &[Row], is_full: bool) {
    let most = scope.missing.unwrap_or(rows.len());
    scope.rows.extend(rows.iter().take(most));
    scope.missing = scope.missing.map(|missing| missing - missing.min(rows.len()));
    scope.level = if is_full { Level::Full } else { Level::Partial };
}

/// A record that is read becomes a row, which the bound of its scope has room for.
fn reread(scope: &mut Scope, row: Row) {
    if scope.missing != Some(0) {
        scope.rejected -= 1;
        scope.rows.push(row);
        scope.missing = scope.missing.map(|missing| missing - 1);
    }
}

fn nth<'a, T: 'a>(from: impl Iterator<Item = &'a mut T>, number: usize) -> Option<&'a mut T> {
    let mut all: Vec<&mut T> = from.collect();
    let place = number.checked_rem(all.len())?;
    Some(all.swap_remove(place))
}
