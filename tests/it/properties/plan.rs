//! What the plan promises comes true: gains are differences of two scorings, the set for the next level reaches
//! it with nothing cheaper, and nothing is planned before what it requires.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rungs::assessment::{FrameworkResult, Inputs, Population, Scored, score_framework};
use rungs::engine::Verdict;
use rungs::frameworks::{Effect, Library};
use rungs::inventory::Level;
use rungs::maturity::{self, Maturity, TOP_LEVEL};
use rungs::plan::{self, Action, ActionKind, Exports, NextLevel, Target};

use super::figures::{assert_not_lower, of_inputs};
use super::reference::{self, Values};
use crate::random::estate::Row;
use crate::random::frameworks::{CHECKS, CheckView, QUESTIONS, check_id, question_id};
use crate::random::{Evidence, World, as_of, for_all, worlds};

/// A world with its plan.
struct Planned {
    library: Library,
    inputs: Inputs,
    scored: Scored,
    results: Vec<FrameworkResult>,
    actions: Vec<Action>,
}

impl Planned {
    fn new(world: &World) -> Self {
        let library = world.library();
        let inputs = world.inputs(&library);
        let scored = Scored::new(&library, &inputs, Population::Whole);
        let results = library.catalogs.iter().map(|catalog| score_framework(catalog, &library, &scored)).collect();
        let actions = plan::actions(&library, &inputs, &Exports::new(), as_of());
        Self { library, inputs, scored, results, actions }
    }

    /// Identity maturity after some actions.
    fn after(&self, actions: &[&Action]) -> Maturity {
        let after = plan::after(&self.library, &self.inputs, actions);
        maturity::assess(&self.library.model, &Scored::new(&self.library, &after, Population::Whole))
    }

    fn proven_after(&self, actions: &[&Action]) -> u8 {
        self.after(actions).proven
    }

    fn next_level(&self) -> Option<NextLevel> {
        let scored = Scored::new(&self.library, &self.inputs, Population::Whole);
        let identity = maturity::assess(&self.library.model, &scored);
        plan::next_level(&self.library, &self.inputs, &scored, &identity, &self.actions)
    }
}

/// The world as it is after an action, row by row.
fn done(world: &World, action: &Action) -> (World, Values) {
    let mut changed = world.clone();
    match &action.target {
        Target::Question(question) => {
            let mut values = reference::values(world);
            let place = (0..QUESTIONS).find(|place| question_id(*place) == *question).unwrap();
            values.questions[place] = Some((1.0, 1.0));
            (changed, values)
        }
        Target::Check { check, scope } => {
            let place = (0..CHECKS).find(|place| check_id(*place) == *check).unwrap();
            let random = &world.frameworks.checks[place];
            let evidence = &mut changed.estate.checks[place];
            match action.kind {
                ActionKind::Fix => fix(evidence, scope.as_ref(), random.effect),
                ActionKind::Show => show(evidence, scope.as_ref(), random.view),
            }
            let values = reference::values(&changed);
            (changed, values)
        }
    }
}

/// The rows of the scope, or those of none.
fn rows_of<'a>(evidence: &'a mut Evidence, scope: Option<&(String, String)>) -> &'a mut Vec<Row> {
    match scope {
        Some((_, scope)) => &mut evidence.scopes[scope[1..].parse::<usize>().unwrap()].rows,
        None => &mut evidence.homeless,
    }
}

fn fix(evidence: &mut Evidence, scope: Option<&(String, String)>, effect: Effect) {
    let rows = rows_of(evidence, scope);
    match effect {
        Effect::Pass => rows.iter_mut().filter(|row| row.verdict == Verdict::Failed).for_each(pass),
        Effect::Leave => rows.retain(|row| row.verdict != Verdict::Failed),
    }
}

fn pass(row: &mut Row) {
    row.verdict = Verdict::Passed;
}

fn show(evidence: &mut Evidence, scope: Option<&(String, String)>, view: CheckView) {
    let is_open = |row: &&mut Row| matches!(row.verdict, Verdict::Unknown | Verdict::Undetermined);
    rows_of(evidence, scope).iter_mut().filter(is_open).for_each(pass);
    let Some((_, place)) = scope else { return };
    let place = place[1..].parse::<usize>().unwrap();
    let has_rows = evidence.rows().any(|row| row.verdict != Verdict::Outside);
    let elsewhere = evidence.scopes.iter().enumerate().any(|(other, scope)| {
        other != place && (scope.rejected > 0 || scope.level != Level::Full && scope.missing.unwrap_or(0) > 0)
    });
    let shown = &mut evidence.scopes[place];
    let passed = Row { verdict: Verdict::Passed, ai_use: None };
    let missing = if view == CheckView::Scopes || shown.level == Level::Full { 0 } else { shown.missing.unwrap_or(0) };
    let unseen = missing + usize::try_from(shown.rejected).unwrap();
    shown.rows.extend(std::iter::repeat_n(passed, unseen));
    // All of nothing passes only if there is something: the scope is taken to hold one row.
    if shown.level != Level::Full
        && view != CheckView::Scopes
        && !has_rows
        && shown.missing.is_none()
        && unseen == 0
        && !elsewhere
    {
        shown.rows.push(passed);
    }
    (shown.level, shown.missing, shown.rejected) = (Level::Full, None, 0);
}

#[test]
fn a_gain_is_the_difference_between_two_scorings() {
    for_all(worlds(), |world| {
        let planned = Planned::new(&world);
        let before = reference::scores(&world, &reference::values(&world));
        let gains = plan::gains(&planned.library, &planned.inputs, &planned.scored, &planned.results, &planned.actions);
        prop_assert_eq!(gains.len(), planned.actions.len());
        for (action, gain) in planned.actions.iter().zip(&gains) {
            let (changed, values) = done(&world, action);
            let after = reference::scores(&changed, &values);
            for (catalog, (before, after)) in
                planned.library.catalogs.iter().zip(before.achieved.iter().zip(&after.achieved))
            {
                let low = |value: &reference::Value| value.map_or(0.0, |value| value.0);
                let expected = low(after) - low(before);
                let promised = gain.frameworks.get(catalog.id()).copied().unwrap_or(0.0);
                prop_assert!((promised - expected).abs() < 1e-9, "{} gains {promised}, not {expected}", action.id);
            }
            prop_assert_eq!(gain.up_to, action.kind == ActionKind::Show);
        }
        Ok(())
    });
}

/// What passes lowers nothing, also where it passes in the plan only.
#[test]
fn fixing_by_passing_lowers_no_figure() {
    for_all(worlds(), |mut world| {
        world.frameworks.checks.iter_mut().for_each(|check| check.effect = Effect::Pass);
        let planned = Planned::new(&world);
        let fixes: Vec<&Action> = planned
            .actions
            .iter()
            .filter(|action| action.kind == ActionKind::Fix && matches!(action.target, Target::Check { .. }))
            .collect();
        let after = plan::after(&planned.library, &planned.inputs, &fixes);
        let claimed = world.estate.claimed;
        assert_not_lower(
            &of_inputs(&planned.library, &after, claimed),
            &of_inputs(&planned.library, &planned.inputs, claimed),
        )
    });
}

#[test]
fn everything_that_fails_or_is_open_has_an_action_and_nothing_else() {
    for_all(worlds(), |world| {
        let planned = Planned::new(&world);
        for (id, input) in &planned.inputs.checks {
            let of = |kind: ActionKind| {
                let about = planned.actions.iter().filter(move |action| action.kind == kind);
                about.filter(|action| matches!(&action.target, Target::Check { check, .. } if check == id))
            };
            let failed: u64 = input.segments.iter().map(|segment| segment.failed).sum();
            prop_assert_eq!(of(ActionKind::Fix).map(|action| action.rows).sum::<u64>(), failed);
            let open: u64 = input.segments.iter().map(rungs::assessment::SegmentCounts::open).sum();
            prop_assert_eq!(of(ActionKind::Show).map(|action| action.rows).sum::<u64>(), open);
            for scope in &input.remit.uncovered {
                let key = (scope.provider.clone(), scope.scope_id.clone());
                let is_shown = |action: &Action| matches!(&action.target, Target::Check { scope: Some(scope), .. } if *scope == key);
                prop_assert!(of(ActionKind::Show).any(is_shown), "nobody shows {key:?}");
            }
        }
        for place in 0..QUESTIONS {
            let value = planned.inputs.answers.value(&question_id(place));
            let is_planned = planned.actions.iter().any(|action| action.target == Target::Question(question_id(place)));
            prop_assert_eq!(is_planned, value.is_some_and(|value| value.low < 1.0));
        }
        Ok(())
    });
}

#[test]
fn the_set_for_the_next_level_reaches_it() {
    for_all(worlds(), |world| {
        let planned = Planned::new(&world);
        let proven = planned.proven_after(&[]);
        let everything: Vec<&Action> = planned.actions.iter().collect();
        let Some(next) = planned.next_level() else {
            // Then nothing holds back any more, however much is done.
            let best = planned.after(&everything);
            let is_free = best.domains.iter().all(|domain| !domain.holds_back(TOP_LEVEL));
            prop_assert!(proven == TOP_LEVEL || is_free, "something holds back and is not named");
            return no_level_between(&planned, proven, TOP_LEVEL + 1);
        };
        prop_assert!(next.level <= TOP_LEVEL && next.level > proven);
        no_level_between(&planned, proven, next.level)?;
        let chosen: Vec<&Action> = planned.actions.iter().filter(|action| next.actions.contains(&action.id)).collect();
        prop_assert_eq!(chosen.len(), next.actions.len(), "an action that there is not");
        let effort: f64 = chosen.iter().map(|action| action.effort_hours).sum();
        prop_assert!((effort - next.effort_hours).abs() < 1e-9);
        for required in chosen.iter().flat_map(|action| &action.requires) {
            prop_assert!(next.actions.contains(required), "{required} comes first and is not in the set");
        }
        if next.without_action.is_empty() {
            let reached = planned.proven_after(&chosen);
            prop_assert!(reached >= next.level, "{next:?} reaches level {reached}");
            nothing_cheaper(&planned, &next)
        } else {
            let best = planned.after(&everything);
            // Only a domain that ceases to apply may be named and hold nothing back.
            let has_left =
                |id: &String| best.domains.iter().any(|domain| domain.id == *id && !domain.holds_back(next.level));
            let is_true = best.proven < next.level || next.without_action.iter().all(has_left);
            prop_assert!(is_true, "level {} is within reach: {next:?}", next.level);
            Ok(())
        }
    });
}

/// Every choice of whole checks and answers.
fn choices(planned: &Planned) -> impl Iterator<Item = Vec<&Action>> {
    let subject = |action: &Action| match &action.target {
        Target::Check { check, .. } => check.clone(),
        Target::Question(question) => question.clone(),
    };
    let mut subjects: Vec<String> = planned.actions.iter().map(subject).collect();
    subjects.sort();
    subjects.dedup();
    (0..(1_u32 << subjects.len())).map(move |set| {
        let is_in = |action: &&Action| {
            let place = subjects.iter().position(|known| *known == subject(action)).unwrap();
            set >> place & 1 == 1
        };
        planned.actions.iter().filter(is_in).collect()
    })
}

/// A level that the plan skips as one where nothing applies is one that nobody can be at.
fn no_level_between(planned: &Planned, proven: u8, next: u8) -> Result<(), TestCaseError> {
    if next > proven + 1 {
        for chosen in choices(planned) {
            let reached = planned.proven_after(&chosen);
            prop_assert!(reached == proven || reached >= next, "level {reached} is skipped");
        }
    }
    Ok(())
}

/// No choice that takes less effort reaches the level of an exact answer.
fn nothing_cheaper(planned: &Planned, next: &NextLevel) -> Result<(), TestCaseError> {
    for chosen in choices(planned).filter(|_| next.exact) {
        let effort: f64 = chosen.iter().map(|action| action.effort_hours).sum();
        let is_there = |id: &String| chosen.iter().any(|action| action.id == *id);
        let is_complete = chosen.iter().flat_map(|action| &action.requires).all(is_there);
        if is_complete && effort < next.effort_hours - 1e-9 {
            let reached = planned.proven_after(&chosen);
            prop_assert!(reached < next.level, "{effort} hours reach level {reached}: {next:?}");
        }
    }
    Ok(())
}

#[test]
fn every_action_has_one_place_and_none_comes_before_what_it_requires() {
    for_all(worlds(), |world| {
        let planned = Planned::new(&world);
        let gains = plan::gains(&planned.library, &planned.inputs, &planned.scored, &planned.results, &planned.actions);
        let ordered = plan::order(&planned.actions, &gains);
        let mut places: Vec<usize> = ordered.iter().map(|(place, _)| *place).collect();
        for (position, (place, wave)) in ordered.iter().enumerate() {
            for required in &planned.actions[*place].requires {
                let first = ordered.iter().position(|(other, _)| planned.actions[*other].id == *required).unwrap();
                prop_assert!(first < position && ordered[first].1 <= *wave, "{required} comes too late");
            }
        }
        places.sort_unstable();
        prop_assert_eq!(places, (0..planned.actions.len()).collect::<Vec<_>>());
        Ok(())
    });
}
