//! The least-effort set of actions after which identity maturity is one level higher.

use std::collections::BTreeSet;

use super::action::{Action, Target};
use crate::assessment::{Cap, Part, PartKind, Rating, Scored, rate};
use crate::frameworks::{Assurance, Covers};
use crate::maturity::{Maturity, TOP_LEVEL};

/// Above this many parts the search is not exhaustive.
const EXACT_PARTS: usize = 16;

/// What reaches the next level.
#[derive(Debug, Clone, PartialEq)]
pub struct NextLevel {
    /// The level.
    pub level: u8,
    /// Ids of the actions, sorted.
    pub actions: Vec<String>,
    /// Their effort together.
    pub effort_hours: f64,
    /// Whether no cheaper set of whole checks and answers would do. Fixing only some rows of a check may.
    pub exact: bool,
    /// Practices that block the level and have no action: nothing measures them.
    pub without_action: Vec<String>,
}

/// Finds the set; `None` at the top level.
#[must_use]
pub fn next_level(scored: &Scored, maturity: &Maturity, actions: &[Action]) -> Option<NextLevel> {
    let level = maturity.proven + 1;
    if level > TOP_LEVEL {
        return None;
    }
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    let mut found =
        NextLevel { level, actions: Vec::new(), effort_hours: 0.0, exact: true, without_action: Vec::new() };
    for domain in &maturity.domains {
        for practice in domain.practices.iter().filter(|practice| practice.level <= level) {
            let needed = if practice.level == level { Rating::L } else { Rating::F };
            if practice.rated.rating.is_none_or(|(low, _)| low >= needed) {
                continue;
            }
            let options = options(scored.parts(&practice.id), actions);
            match cheapest(scored.parts(&practice.id), &options, needed) {
                Some((ids, exact)) => {
                    chosen.extend(ids);
                    found.exact &= exact;
                }
                None => found.without_action.push(practice.id.clone()),
            }
        }
    }
    // What an action requires comes first, so it belongs to the set.
    let mut waiting: Vec<&str> = chosen.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        for required in actions.iter().filter(|action| action.id == id).flat_map(|action| &action.requires) {
            if chosen.insert(required) {
                // Shared requirements may make another choice cheaper, which this search does not weigh.
                found.exact = false;
                waiting.push(required);
            }
        }
    }
    found.effort_hours =
        actions.iter().filter(|action| chosen.contains(action.id.as_str())).map(|action| action.effort_hours).sum();
    found.actions = chosen.into_iter().map(str::to_owned).collect();
    Some(found)
}

/// Everything that can be done about one part.
struct PartOption<'a> {
    part: usize,
    ids: Vec<&'a str>,
    effort_hours: f64,
}

fn options<'a>(parts: &[Part], actions: &'a [Action]) -> Vec<PartOption<'a>> {
    let mut options = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let concerned = actions.iter().filter(|action| match (&action.target, part.kind) {
            (Target::Check { check, .. }, PartKind::Check) => *check == part.id,
            (Target::Question(question), PartKind::Question) => *question == part.id,
            _ => false,
        });
        let (mut ids, mut effort_hours) = (Vec::new(), 0.0);
        for action in concerned {
            ids.push(action.id.as_str());
            effort_hours += action.effort_hours;
        }
        if !ids.is_empty() {
            options.push(PartOption { part: place, ids, effort_hours });
        }
    }
    options
}

/// The cheapest choice of parts to complete so that the practice is proven at `needed`, and whether the search
/// was exhaustive.
fn cheapest<'a>(parts: &[Part], options: &[PartOption<'a>], needed: Rating) -> Option<(Vec<&'a str>, bool)> {
    let suffices = |chosen: &dyn Fn(usize) -> bool| {
        let done: Vec<Part> = parts
            .iter()
            .enumerate()
            .map(|(place, part)| if chosen(place) { completed(part) } else { part.clone() })
            .collect();
        rate(&done, Covers::Whole, Assurance::Automated).rating.is_none_or(|(low, _)| low >= needed)
    };
    let collect = |kept: Vec<&PartOption<'a>>| kept.into_iter().flat_map(|option| option.ids.iter().copied()).collect();
    if options.len() <= EXACT_PARTS {
        let mut best: Option<(f64, u32)> = None;
        for set in 0..(1_u32 << options.len()) {
            let members =
                || options.iter().enumerate().filter(move |(bit, _)| set >> bit & 1 == 1).map(|(_, option)| option);
            let effort: f64 = members().map(|option| option.effort_hours).sum();
            let is_better = best.is_none_or(|(known, _)| effort < known);
            if is_better && suffices(&|place| members().any(|option| option.part == place)) {
                best = Some((effort, set));
            }
        }
        let (_, set) = best?;
        let kept =
            options.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, option)| option).collect();
        return Some((collect(kept), true));
    }
    // Cheapest first until it suffices.
    let mut by_effort: Vec<&PartOption<'a>> = options.iter().collect();
    by_effort.sort_by(|a, b| a.effort_hours.total_cmp(&b.effort_hours));
    for length in 1..=by_effort.len() {
        let kept: Vec<&PartOption<'a>> = by_effort.iter().take(length).copied().collect();
        if suffices(&|place| kept.iter().any(|option| option.part == place)) {
            return Some((collect(kept), false));
        }
    }
    None
}

/// A part as it would be when all is fixed and shown.
fn completed(part: &Part) -> Part {
    let full = part.value.strict.map(|_| crate::assessment::Interval::FULL);
    Part { value: crate::assessment::PartValue { strict: full, accepted: full, cap: Cap::None }, ..part.clone() }
}
