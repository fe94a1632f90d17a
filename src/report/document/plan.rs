//! The plan: waves, the first things to do, and what reaches the next level.

use std::collections::BTreeMap;

use super::build::Titles;
use super::{Action, NextLevel, Plan, TopAction, Wave};
use crate::record::v1::{self, Assessment};
use crate::report::remediation::points;

/// Actions named on the first page.
const TOP_ACTIONS: usize = 5;

fn hours(value: f64) -> String {
    format!("{value:.1}")
}

pub(super) fn plan(record: &Assessment, titles: &Titles<'_>) -> Plan {
    let frameworks: BTreeMap<&str, &str> =
        record.catalogs.iter().map(|catalog| (catalog.id.as_str(), catalog.title.as_str())).collect();
    let actions: Vec<Action> = record.plan.actions.iter().map(|saved| action(saved, &frameworks)).collect();
    let mut waves: Vec<Wave> = Vec::new();
    for name in super::pages::WAVE_NAMES {
        let of_wave: Vec<&v1::Action> = record.plan.actions.iter().filter(|action| action.wave == name).collect();
        if of_wave.is_empty() {
            continue;
        }
        waves.push(Wave {
            name: name.to_owned(),
            hours: hours(of_wave.iter().map(|action| action.effort_hours).sum()),
            actions: actions.iter().filter(|action| action.wave == name).cloned().collect(),
        });
    }
    let next = record.plan.next_level.as_ref();
    let is_fix = |id: &String| record.plan.actions.iter().any(|action| action.id == *id && action.kind == "fix");
    Plan {
        waves,
        top: top(record),
        actions: actions.len(),
        fixes: actions.iter().filter(|action| action.kind == "fix").count(),
        hours: hours(record.plan.actions.iter().map(|action| action.effort_hours).sum()),
        hours_per_wave: format!("{:.0}", record.plan.hours_per_wave),
        next_level: next.map(|next| NextLevel {
            level: next.level,
            title: record
                .maturity
                .model
                .levels
                .iter()
                .find(|level| level.level == next.level)
                .map(|level| level.title.clone())
                .unwrap_or_default(),
            actions: next.actions.len(),
            fixes: next.actions.iter().filter(|id| is_fix(id)).count(),
            hours: hours(next.effort_hours),
            exact: next.exact,
            without_action: titles.practices(&next.without_action),
        }),
    }
}

/// The first fixes in the plan's order; what is done in several scopes alike is one of them.
fn top(record: &Assessment) -> Vec<TopAction> {
    let mut top: Vec<TopAction> = Vec::new();
    let mut efforts: Vec<f64> = Vec::new();
    for fix in record.plan.actions.iter().filter(|action| action.kind == "fix") {
        let subject = fix.check.as_ref().or(fix.question.as_ref());
        let known = top.iter().position(|known| subject == known.check.as_ref().or(known.question.as_ref()));
        if let Some((known, effort)) = known.and_then(|at| Some((top.get_mut(at)?, efforts.get_mut(at)?))) {
            known.rows += fix.rows;
            *effort += fix.effort_hours;
            known.scopes.extend(scope_of(fix));
            continue;
        }
        if top.len() == TOP_ACTIONS {
            continue;
        }
        top.push(TopAction {
            id: fix.id.clone(),
            title: fix.title.clone(),
            check: fix.check.clone(),
            question: fix.question.clone(),
            severity: fix.severity.clone(),
            rows: fix.rows,
            owner: fix.owner.clone(),
            hours: String::new(),
            scopes: scope_of(fix).into_iter().collect(),
        });
        efforts.push(fix.effort_hours);
    }
    for (action, effort) in top.iter_mut().zip(efforts) {
        action.hours = hours(effort);
    }
    top
}

/// `aws 111122223333`; none for an answer.
fn scope_of(action: &v1::Action) -> Option<String> {
    Some(format!("{} {}", action.provider.as_ref()?, action.scope_id.as_ref()?))
}

fn action(action: &v1::Action, frameworks: &BTreeMap<&str, &str>) -> Action {
    let best = action.gain.frameworks.iter().filter(|(_, gain)| **gain > 0.0);
    let best = best.max_by(|a, b| a.1.total_cmp(b.1).then_with(|| b.0.cmp(a.0)));
    let gain = best.map_or_else(String::new, |(catalog, gain)| {
        let title = frameworks.get(catalog.as_str()).copied().unwrap_or(catalog);
        format!("{} in {title}", points(*gain, action.gain.up_to))
    });
    Action {
        id: action.id.clone(),
        kind: action.kind.clone(),
        title: action.title.clone(),
        check: action.check.clone(),
        question: action.question.clone(),
        scope: scope_of(action).unwrap_or_default(),
        severity: action.severity.clone(),
        rows: action.rows,
        owner: action.owner.clone(),
        hours: hours(action.effort_hours),
        gain,
        wave: action.wave.clone(),
        in_next_level: action.in_next_level,
        requires: action.requires.clone(),
        how: action.how.clone(),
    }
}
