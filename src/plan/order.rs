//! In which order: what is required comes first, then what gains most for its effort.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::gain::Gain;

/// Waves of the plan, by the day on which they end; what does not fit comes later.
pub const WAVES: [&str; 4] = ["0-30 days", "31-60 days", "61-90 days", "later"];

/// Hours of work that one wave of 30 days is planned to hold: one person's month. An assumption of the plan,
/// printed with it.
pub const HOURS_PER_WAVE: f64 = 160.0;

/// Puts actions in order and into waves: places in the given list, each with its wave.
#[must_use]
pub fn order(actions: &[Action], gains: &[Gain]) -> Vec<(usize, usize)> {
    let places: BTreeMap<&str, usize> =
        actions.iter().enumerate().map(|(place, action)| (action.id.as_str(), place)).collect();
    let worth: Vec<f64> = actions
        .iter()
        .zip(gains)
        .map(|(action, gain)| action.weight * gain.total().max(0.0) / action.effort_hours.max(0.25))
        .collect();
    // What others wait for is worth at least as much as the best of them, though a little less than itself.
    let worth = with_dependants(actions, &places, worth);
    let mut left: BTreeSet<usize> = (0..actions.len()).collect();
    let mut ordered = Vec::new();
    let mut wave_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut hours = [0.0_f64; WAVES.len()];
    while !left.is_empty() {
        let ready = left.iter().copied().filter(|place| {
            actions.get(*place).is_none_or(|action| {
                action.requires.iter().filter_map(|id| places.get(id.as_str())).all(|required| !left.contains(required))
            })
        });
        let best = ready.max_by(|a, b| {
            let value = |place: &usize| worth.get(*place).copied().unwrap_or(0.0);
            value(a).total_cmp(&value(b)).then(b.cmp(a))
        });
        // Requirements have no circles (a load error), so something is always ready.
        let Some(place) = best else { break };
        left.remove(&place);
        let Some(action) = actions.get(place) else { continue };
        let earliest =
            action.requires.iter().filter_map(|id| wave_of.get(places.get(id.as_str())?)).copied().max().unwrap_or(0);
        let wave = (earliest..WAVES.len())
            .find(|wave| hours.get(*wave).is_some_and(|used| used + action.effort_hours <= HOURS_PER_WAVE))
            .unwrap_or(WAVES.len() - 1);
        if let Some(used) = hours.get_mut(wave) {
            *used += action.effort_hours;
        }
        wave_of.insert(place, wave);
        ordered.push((place, wave));
    }
    // Wave by wave, for that is how the plan is read; what is required is never in a later one.
    ordered.sort_by_key(|(_, wave)| *wave);
    ordered
}

fn with_dependants(actions: &[Action], places: &BTreeMap<&str, usize>, mut worth: Vec<f64>) -> Vec<f64> {
    // Each pass carries worth one step back; chains are short.
    for _ in 0..8 {
        for (place, action) in actions.iter().enumerate() {
            let own = worth.get(place).copied().unwrap_or(0.0);
            for required in action.requires.iter().filter_map(|id| places.get(id.as_str())) {
                if let Some(value) = worth.get_mut(*required) {
                    *value = value.max(own * 0.99);
                }
            }
        }
    }
    worth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ActionKind, Target};

    fn action(id: &str, effort_hours: f64, requires: &[&str]) -> Action {
        Action {
            id: id.into(),
            kind: ActionKind::Fix,
            target: Target::Question(id.into()),
            title: String::new(),
            rows: 0,
            owner: String::new(),
            effort_hours,
            weight: 1.0,
            how: Vec::new(),
            requires: requires.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn gain(value: f64) -> Gain {
        Gain { frameworks: BTreeMap::from([("c".to_owned(), value)]), up_to: false }
    }

    #[test]
    fn what_is_required_comes_first_though_it_gains_nothing_itself() {
        let actions = [action("a", 10.0, &["z"]), action("b", 10.0, &[]), action("z", 10.0, &[])];
        let ordered = order(&actions, &[gain(0.5), gain(0.1), gain(0.0)]);
        assert_eq!(ordered.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [2, 0, 1]);
    }

    #[test]
    fn a_wave_holds_a_months_work_and_nothing_starts_before_what_it_needs() {
        let actions =
            [action("a", 150.0, &[]), action("b", 20.0, &["a"]), action("c", 5.0, &[]), action("d", 1000.0, &[])];
        let ordered = order(&actions, &[gain(0.9), gain(0.8), gain(0.1), gain(0.05)]);
        let waves: BTreeMap<usize, usize> = ordered.into_iter().collect();
        assert_eq!((waves[&0], waves[&1], waves[&2], waves[&3]), (0, 1, 0, 3));
    }
}
