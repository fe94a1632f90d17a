//! The least-effort set of actions after which identity maturity is one level higher.

use std::collections::BTreeSet;

use super::action::{Action, Target};
use super::gain::after;
use crate::assessment::{Inputs, Part, PartKind, Population, Rating, Scored, rate};
use crate::frameworks::{Assurance, Covers, Library};
use crate::maturity::{self, DomainResult, Maturity, TOP_LEVEL};

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
    /// Practices that block the level whatever is done, and domains that have no practice up to it.
    pub without_action: Vec<String>,
}

/// Finds the set; `None` at the top level, and where nothing applies at any level above.
#[must_use]
pub fn next_level(
    library: &Library,
    inputs: &Inputs,
    scored: &Scored,
    maturity: &Maturity,
    actions: &[Action],
) -> Option<NextLevel> {
    let all: Vec<&Action> = actions.iter().collect();
    let done = Scored::new(library, &after(library, inputs, &all), Population::Whole);
    let search = Search { scored, done: &done, maturity, actions };
    (maturity.proven + 1..=TOP_LEVEL).map(|level| search.level(level)).find(|found| {
        let chosen: Vec<&Action> = actions.iter().filter(|action| found.actions.contains(&action.id)).collect();
        let scored = Scored::new(library, &after(library, inputs, &chosen), Population::Whole);
        let reached = maturity::assess(&library.model, &scored);
        // Nobody is at a level where nothing applies, though nothing holds it back: one above is next.
        reached.proven >= found.level
            || !found.without_action.is_empty()
            || reached.domains.iter().any(|domain| domain.holds_back(found.level))
    })
}

/// What the search looks at.
struct Search<'a> {
    scored: &'a Scored,
    /// Everything fixed and shown.
    done: &'a Scored,
    maturity: &'a Maturity,
    actions: &'a [Action],
}

impl Search<'_> {
    fn level(&self, level: u8) -> NextLevel {
        let mut chosen: BTreeSet<&str> = BTreeSet::new();
        let mut found =
            NextLevel { level, actions: Vec::new(), effort_hours: 0.0, exact: true, without_action: Vec::new() };
        for domain in &self.maturity.domains {
            for practice in domain.practices.iter().filter(|practice| practice.level <= level) {
                let needed = if practice.level == level { Rating::L } else { Rating::F };
                if practice.rated.rating.is_none_or(|(low, _)| low >= needed) {
                    continue;
                }
                let (parts, done) = (self.scored.parts(&practice.id), self.done.parts(&practice.id));
                match cheapest(parts, done, &options(parts, self.actions), needed) {
                    Some((ids, exact)) => {
                        chosen.extend(ids);
                        found.exact &= exact;
                    }
                    None => found.without_action.push(practice.id.clone()),
                }
            }
        }
        found.without_action.extend(self.domains_without_practice(level));
        // What an action requires comes first, so it belongs to the set.
        let mut waiting: Vec<&str> = chosen.iter().copied().collect();
        while let Some(id) = waiting.pop() {
            for required in self.actions.iter().filter(|action| action.id == id).flat_map(|action| &action.requires) {
                if chosen.insert(required) {
                    // Shared requirements may make another choice cheaper, which this search does not weigh.
                    found.exact = false;
                    waiting.push(required);
                }
            }
        }
        let efforts = self.actions.iter().filter(|action| chosen.contains(action.id.as_str()));
        found.effort_hours = efforts.map(|action| action.effort_hours).sum();
        found.actions = chosen.into_iter().map(str::to_owned).collect();
        found
    }

    /// Domains that hold a level back because the model has no practice there: nothing proves them.
    fn domains_without_practice(&self, level: u8) -> impl Iterator<Item = String> {
        let lacks = |domain: &DomainResult, level: u8| domain.practices.iter().all(|practice| practice.level != level);
        let held_back = self.maturity.domains.iter().filter(move |domain| domain.holds_back(level));
        held_back.filter(move |domain| (1..=level).any(|below| lacks(domain, below))).map(|domain| domain.id.clone())
    }
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

/// The cheapest choice of parts to make what they are in `done` so that the practice is proven at `needed`, and whether the search
/// was exhaustive.
fn cheapest<'a>(
    parts: &[Part],
    done: &[Part],
    options: &[PartOption<'a>],
    needed: Rating,
) -> Option<(Vec<&'a str>, bool)> {
    let suffices = |chosen: &dyn Fn(usize) -> bool| {
        let after: Vec<Part> = parts
            .iter()
            .zip(done)
            .enumerate()
            .map(|(place, (part, done))| if chosen(place) { done.clone() } else { part.clone() })
            .collect();
        rate(&after, Covers::Whole, Assurance::Automated).rating.is_none_or(|(low, _)| low >= needed)
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
