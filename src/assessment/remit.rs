//! What the evidence must cover (docs/scoring.md section 2): the remit of a check, which of its scopes are covered,
//! and how many rows are known to be missing.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::diag::Located;
use crate::engine::Adjustment;
use crate::frameworks::Check;
use crate::inventory::views::View;
use crate::inventory::{Coverage, Fact, Level, PROVIDERS, Provider};

/// The scopes that a check must cover.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remit {
    /// Scopes whose rows are all there, as (provider, scope).
    pub covered: Vec<(String, String)>,
    /// Scopes of which rows are missing.
    pub uncovered: Vec<Uncovered>,
    /// Records that could not be read, by (provider, scope): each may be a row.
    pub rejected: BTreeMap<(String, String), u64>,
    /// Facts that the predicate needs and a scope does not show: (fact, provider, scope).
    pub needs_missing: Vec<(String, String, String)>,
    /// Whether rows are the declared scopes themselves, which are always all there.
    pub is_the_estate: bool,
    /// Whether the organisation states that it has none of the systems that could list rows.
    pub is_absent: bool,
}

/// A scope of which rows are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Its provider.
    pub provider: String,
    /// Its id.
    pub scope_id: String,
    /// How far it is covered: none or partial.
    pub level: Level,
    /// How many rows are missing at most, where rungs.yaml bounds them.
    pub missing: Option<u64>,
}

impl Remit {
    /// Whether every scope is covered, and there is one.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.is_the_estate || (self.uncovered.is_empty() && (self.is_absent || !self.covered.is_empty()))
    }

    /// Whether rows are missing of which nobody knows how many.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        !self.is_the_estate
            && (self.uncovered.iter().any(|scope| scope.missing.is_none())
                || (self.covered.is_empty() && self.uncovered.is_empty() && !self.is_absent))
    }

    /// Rows that were never seen, by scope.
    pub fn unseen(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let missing = self
            .uncovered
            .iter()
            .filter_map(|scope| Some((scope.provider.as_str(), scope.scope_id.as_str(), scope.missing?)));
        let rejected = self.rejected.iter().map(|((provider, scope), rows)| (provider.as_str(), scope.as_str(), *rows));
        missing.chain(rejected).filter(|(.., rows)| *rows > 0)
    }
}

/// The remit of a check. `seen` counts the rows of its view by (provider, scope); `rejected` the records of its
/// view that could not be read.
#[must_use]
pub fn remit(
    check: &Check,
    view: &View,
    coverage: &Coverage,
    config: &Config,
    seen: &BTreeMap<(String, String), u64>,
    rejected: &BTreeMap<(String, String), u64>,
) -> Remit {
    let own = own_facts(check, view);
    if own.is_empty() {
        return Remit { is_the_estate: true, rejected: rejected.clone(), ..Remit::default() };
    }
    let mut remit = Remit { rejected: rejected.clone(), ..Remit::default() };
    for (provider, scope_id) in coverage.scopes() {
        let Some(known) = Provider::find(provider) else { continue };
        let level = own
            .iter()
            .filter(|fact| known.can_supply(**fact))
            .map(|fact| coverage.level(provider, scope_id, *fact))
            .min();
        let Some(level) = level else { continue };
        let key = (provider.to_owned(), scope_id.to_owned());
        if level == Level::Full {
            remit.covered.push(key);
        } else {
            let seen = seen.get(&key).copied().unwrap_or(0);
            // A bound that was exceeded bounds nothing.
            let missing = bound(config, provider, scope_id, view).and_then(|bound| bound.checked_sub(seen));
            remit.uncovered.push(Uncovered { provider: key.0, scope_id: key.1, level, missing });
        }
        for fact in &check.needs {
            if let Ok(fact) = fact.parse::<Fact>()
                && coverage.level_for_rows(provider, scope_id, fact) == Level::None
            {
                remit.needs_missing.push((fact.name().to_owned(), provider.to_owned(), scope_id.to_owned()));
            }
        }
    }
    let could_list = |provider: &&Provider| own.iter().any(|fact| provider.can_supply(*fact));
    let is_stated = |provider: &Provider| config.absent.iter().any(|absent| *absent.provider == provider.id);
    remit.is_absent = PROVIDERS.iter().filter(could_list).all(is_stated);
    remit
}

fn bound(config: &Config, provider: &str, scope_id: &str, view: &View) -> Option<u64> {
    let scope = config.scopes.iter().find(|scope| *scope.provider == provider && *scope.id == scope_id)?;
    scope.at_most.get(view.name).map(|bound| **bound)
}

/// The facts that list the rows of a check: its own, or else those of its view; for events, what the check says
/// must be complete.
fn own_facts(check: &Check, view: &View) -> Vec<Fact> {
    let facts = |names: &[Located<String>]| names.iter().filter_map(|fact| fact.parse().ok()).collect();
    if !check.listed_by.is_empty() {
        return facts(&check.listed_by);
    }
    if view.name == "events" { facts(&check.complete) } else { view.own.to_vec() }
}

/// Where verdicts of a check must give way to what evidence covers.
#[must_use]
pub fn adjustment(check: &Check, view: &View, coverage: &Coverage) -> Adjustment {
    let facts =
        |names: &[Located<String>]| -> Vec<Fact> { names.iter().filter_map(|name| name.parse().ok()).collect() };
    let (needs, complete, own) = (facts(&check.needs), facts(&check.complete), own_facts(check, view));
    let scopes = |test: &dyn Fn(&str, &str) -> bool| -> Vec<(String, String)> {
        coverage
            .scopes()
            .filter(|(provider, scope)| test(provider, scope))
            .map(|(provider, scope)| (provider.to_owned(), scope.to_owned()))
            .collect()
    };
    let shows = |provider: &str, scope: &str, fact: Fact| coverage.level_for_rows(provider, scope, fact) != Level::None;
    // Rows of a view whose own fact nothing shows any more come from evidence that has grown too old.
    let listed = |provider: &str, scope: &str| {
        own.is_empty() || own.iter().any(|fact| coverage.level(provider, scope, *fact) != Level::None)
    };
    let readable = (!own.is_empty() || !needs.is_empty()).then(|| {
        scopes(&|provider, scope| listed(provider, scope) && needs.iter().all(|fact| shows(provider, scope, *fact)))
    });
    let complete = (!complete.is_empty()).then(|| {
        scopes(&|provider, scope| {
            complete.iter().all(|fact| coverage.level_for_rows(provider, scope, *fact) == Level::Full)
        })
    });
    let can_list = |provider: &&Provider| own.iter().any(|fact| provider.can_supply(*fact));
    let remit = (!own.is_empty()).then(|| PROVIDERS.iter().filter(can_list).map(|provider| provider.id).collect());
    Adjustment { remit, readable, complete }
}
