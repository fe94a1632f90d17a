//! What an action gains: the inputs as they would be, scored again.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread::ScopedJoinHandle;

use super::action::{Action, ActionKind, Target, effect};
use crate::assessment::{
    CheckInput, ControlState, FrameworkResult, Inputs, Interval, Population, Scored, SegmentCounts, Uncovered,
    score_framework,
};
use crate::frameworks::{ControlMapping, Effect, Library};

/// What one action gains.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// Change of each framework's strict Achieved low, by catalog; frameworks that it does not touch are left out.
    pub frameworks: BTreeMap<String, f64>,
    /// Whether it is an upper bound: what is shown may turn out to fail.
    pub up_to: bool,
}

impl Gain {
    /// The sum over frameworks, for ordering.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.frameworks.values().sum()
    }
}

/// The inputs as they would be after some actions: failing rows of a fixed check pass or are gone, open rows and
/// scopes that were shown pass, answers are *fully* with evidence.
#[must_use]
pub fn after(library: &Library, inputs: &Inputs, actions: &[&Action]) -> Inputs {
    let mut changed = inputs.clone();
    for action in actions {
        match &action.target {
            Target::Question(question) => changed.answers = changed.answers.with(question, Some(Interval::FULL)),
            Target::Check { check, scope } => {
                let effect = effect(library, check);
                if let Some(input) = changed.checks.get_mut(check) {
                    apply(input, action.kind, scope.as_ref(), effect);
                }
            }
        }
    }
    changed
}

fn apply(input: &mut CheckInput, kind: ActionKind, scope: Option<&(String, String)>, effect: Effect) {
    let concerned = |segment: &SegmentCounts| match (scope, &segment.segment.provider, &segment.segment.scope_id) {
        (Some((provider, scope)), Some(own_provider), Some(own_scope)) => {
            provider == own_provider && scope == own_scope
        }
        (None, Some(_), Some(_)) => false,
        (None, ..) => true,
        _ => false,
    };
    for segment in input.segments.iter_mut().filter(|segment| concerned(segment)) {
        match kind {
            ActionKind::Fix => {
                if effect == Effect::Pass {
                    segment.passed += segment.failed;
                }
                segment.failed = 0;
            }
            ActionKind::Show => {
                segment.passed += segment.open();
                (segment.unknown, segment.undetermined, segment.unseen) = (0, 0, 0);
            }
        }
    }
    if kind == ActionKind::Show
        && let Some((provider, scope)) = scope
    {
        let is_shown = |own_provider: &str, own_scope: &str| own_provider == provider && own_scope == scope;
        let (shown, open): (Vec<Uncovered>, _) = std::mem::take(&mut input.remit.uncovered)
            .into_iter()
            .partition(|known| is_shown(&known.provider, &known.scope_id));
        input.remit.uncovered = open;
        // For all of it to pass there must be something: where nobody ever saw a row, the scope holds one.
        if shown.iter().any(|known| known.missing.is_none()) && input.segments.iter().all(|segment| segment.rows() == 0)
        {
            input.segments.push(SegmentCounts { passed: 1, ..SegmentCounts::of_scope(provider, scope) });
        }
        input.remit.covered.extend(shown.into_iter().map(|known| (known.provider, known.scope_id)));
        input.remit.needs_missing.retain(|(_, own_provider, own_scope)| !is_shown(own_provider, own_scope));
    }
}

/// The gain of every action, in their order. Only the frameworks that rest on the action's practice are scored
/// again. Actions are shared out over threads: each is scored by itself, and hundreds of them add up.
///
/// # Panics
/// When a thread does.
#[must_use]
pub fn gains(library: &Library, inputs: &Inputs, frameworks: &[FrameworkResult], actions: &[Action]) -> Vec<Gain> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = actions.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = actions
            .chunks(share)
            .map(|actions| {
                scope.spawn(move || actions.iter().map(|action| gain(library, inputs, frameworks, action)).collect())
            })
            .collect();
        let done = |share: ScopedJoinHandle<'_, Vec<Gain>>| {
            share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        shares.into_iter().flat_map(done).collect()
    })
}

fn gain(library: &Library, inputs: &Inputs, frameworks: &[FrameworkResult], action: &Action) -> Gain {
    let practice = match &action.target {
        Target::Check { check, .. } => library.check(check).map(|check| check.practice.as_str()),
        Target::Question(question) => library.question(question).map(|question| question.practice.as_str()),
    };
    let mut gain = Gain { frameworks: BTreeMap::new(), up_to: action.kind == ActionKind::Show };
    let Some(practice) = practice else { return gain };
    let touched: Vec<&FrameworkResult> =
        frameworks.iter().filter(|framework| rests_on(library, &framework.id, practice)).collect();
    if touched.is_empty() {
        return gain;
    }
    let scored = Scored::new(library, &after(library, inputs, &[action]), Population::Whole);
    for framework in touched {
        let Some(catalog) = library.catalog(&framework.id) else { continue };
        let low = |framework: &FrameworkResult| framework.strict.map_or(0.0, |interval| interval.low);
        let change = low(&score_framework(catalog, library, &scored)) - low(framework);
        debug_assert!(framework.controls.iter().any(|control| control.state != ControlState::NotMapped));
        gain.frameworks.insert(framework.id.clone(), change);
    }
    gain
}

fn rests_on(library: &Library, catalog: &str, practice: &str) -> bool {
    let Some(mapping) = library.mappings.get(catalog) else { return false };
    mapping.controls.values().any(|control| match &**control {
        ControlMapping::Mapped { parts, .. } => parts.iter().any(|part| {
            if part.is_check {
                library.check(&part.id).is_some_and(|check| *check.practice == practice)
            } else {
                *part.id == practice
            }
        }),
        ControlMapping::NotMapped { .. } => false,
    })
}
