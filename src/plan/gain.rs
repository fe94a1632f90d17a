//! What an action gains: the inputs as they would be, scored again.

use std::collections::BTreeMap;

use super::action::{Action, ActionKind, Target, effect};
use crate::assessment::{
    CheckInput, FrameworkResult, Inputs, Interval, Scored, SegmentCounts, Uncovered, strict_after,
};
use crate::frameworks::{Effect, Library};

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

/// The gain of every action, in their order. Only the controls that rest on the action's practice are scored again.
#[must_use]
pub fn gains(
    library: &Library,
    inputs: &Inputs,
    scored: &Scored,
    frameworks: &[FrameworkResult],
    actions: &[Action],
) -> Vec<Gain> {
    actions.iter().map(|action| gain(library, inputs, scored, frameworks, action)).collect()
}

fn gain(library: &Library, inputs: &Inputs, scored: &Scored, frameworks: &[FrameworkResult], action: &Action) -> Gain {
    let mut gain = Gain { frameworks: BTreeMap::new(), up_to: action.kind == ActionKind::Show };
    let changed = match &action.target {
        Target::Check { check, scope } => {
            let (Some(known), Some(input)) = (library.check(check), inputs.checks.get(check)) else { return gain };
            let mut input = input.clone();
            apply(&mut input, action.kind, scope.as_ref(), effect(library, check));
            scored.with_check(library, inputs.autonomy, known, &input)
        }
        Target::Question(question) => {
            let Some(known) = library.question(question) else { return gain };
            scored.with_answer(library, inputs.autonomy, known, Some(Interval::FULL))
        }
    };
    for framework in frameworks {
        let (Some(catalog), Some(mapping)) = (library.catalog(&framework.id), library.mappings.get(&framework.id))
        else {
            continue;
        };
        if !mapping.controls.values().any(|control| library.rests_on(control, changed.practice())) {
            continue;
        }
        let low = |interval: Option<Interval>| interval.map_or(0.0, |interval| interval.low);
        let change = low(strict_after(catalog, library, framework, &changed)) - low(framework.strict);
        gain.frameworks.insert(framework.id.clone(), change);
    }
    gain
}
