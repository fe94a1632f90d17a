//! What the loaded files together prove about each scope, and which of it is too old to count.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, Level, Provider};
use crate::config::Moment;

/// A fact about one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoverageKey {
    /// Provider of the scope.
    pub provider: String,
    /// The scope.
    pub scope_id: String,
    /// The fact.
    pub fact: Fact,
}

/// Parts of a fact that lie in different exports: no file shows all of it, and together they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    of: &'static [&'static str],
    shown: BTreeSet<&'static str>,
}

impl Parts {
    /// One part, shown in full, of all that there are.
    #[must_use]
    pub fn one(part: &'static str, of: &'static [&'static str]) -> Self {
        Self { of, shown: BTreeSet::from([part]) }
    }

    /// Adds what is shown as well. Parts of another division say nothing here.
    pub fn join(&mut self, others: &Self) {
        if self.of == others.of {
            self.shown.extend(&others.shown);
        }
    }

    /// The parts that nothing shows yet.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.of.iter().copied().filter(|part| !self.shown.contains(part))
    }

    /// Whether together they are the whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing().next().is_none()
    }
}

/// What one file shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageEntry {
    /// The file's source id.
    pub source_id: String,
    /// When the export was made.
    pub as_of: Moment,
    /// How much it shows.
    pub level: Level,
    /// Start of the tracking or scan window.
    pub window_from: Option<Moment>,
    /// Why it is less than full.
    pub note: Option<String>,
    /// Which parts of the fact it shows in full, where the rest stands in other exports.
    pub parts: Option<Parts>,
}

/// Everything that the loaded files could have proved.
#[derive(Debug, Clone)]
pub struct Coverage {
    entries: BTreeMap<CoverageKey, Vec<CoverageEntry>>,
    scopes: BTreeSet<(String, String)>,
    oldest_valid: Moment,
}

impl Coverage {
    /// An empty coverage for an assessment at `as_of`: evidence older than `max_age_days` will show nothing.
    #[must_use]
    pub fn new(as_of: Moment, max_age_days: u32) -> Self {
        Self {
            entries: BTreeMap::new(),
            scopes: BTreeSet::new(),
            oldest_valid: as_of.plus_days(-i64::from(max_age_days)),
        }
    }

    /// Declares a scope of the estate.
    pub fn declare(&mut self, provider: &str, scope_id: &str) {
        self.scopes.insert((provider.to_owned(), scope_id.to_owned()));
    }

    /// Takes a scope out of the estate, whatever files say of it.
    pub fn exclude(&mut self, provider: &str, scope_id: &str) {
        self.scopes.remove(&(provider.to_owned(), scope_id.to_owned()));
    }

    /// Adds what a file shows; its scope becomes part of the estate.
    pub fn add(&mut self, key: CoverageKey, entry: CoverageEntry) {
        self.declare(&key.provider, &key.scope_id);
        self.entries.entry(key).or_default().push(entry);
    }

    /// Every scope of the estate as (provider, scope), in order.
    pub fn scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.scopes.iter().map(|(provider, scope)| (provider.as_str(), scope.as_str()))
    }

    /// Whether a scope is part of the estate.
    #[must_use]
    pub fn has_scope(&self, provider: &str, scope_id: &str) -> bool {
        self.scopes.contains(&(provider.to_owned(), scope_id.to_owned()))
    }

    /// Every entry with its key, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&CoverageKey, &CoverageEntry)> {
        self.entries.iter().flat_map(|(key, entries)| entries.iter().map(move |entry| (key, entry)))
    }

    /// Whether evidence of that moment still counts.
    #[must_use]
    pub fn counts(&self, as_of: Moment) -> bool {
        as_of >= self.oldest_valid
    }

    /// How far evidence that is not too old covers a fact in one scope: as far as the best file, or in full
    /// where several files show all its parts between them.
    #[must_use]
    pub fn level(&self, provider: &str, scope_id: &str, fact: Fact) -> Level {
        let key = CoverageKey { provider: provider.to_owned(), scope_id: scope_id.to_owned(), fact };
        let valid = || self.entries.get(&key).into_iter().flatten().filter(|entry| self.counts(entry.as_of));
        let parts = valid().filter_map(|entry| entry.parts.clone()).reduce(|mut all, parts| {
            all.join(&parts);
            all
        });
        if parts.is_some_and(|parts| parts.is_whole()) {
            return Level::Full;
        }
        valid().map(|entry| entry.level).max().unwrap_or(Level::None)
    }

    /// How far a fact is covered over the whole estate: the least covered of all scopes whose provider can
    /// show it, [`Level::None`] where there is no such scope.
    #[must_use]
    pub fn estate_level(&self, fact: Fact) -> Level {
        self.scopes()
            .filter(|(provider, _)| Provider::find(provider).is_some_and(|p| p.can_supply(fact)))
            .map(|(provider, scope)| self.level(provider, scope, fact))
            .min()
            .unwrap_or(Level::None)
    }

    /// How far a fact is covered for rows of one scope: by the scope itself, or, where the fact is shown by
    /// other systems and this provider cannot show it, by the estate.
    #[must_use]
    pub fn level_for_rows(&self, provider: &str, scope_id: &str, fact: Fact) -> Level {
        let own = self.level(provider, scope_id, fact);
        let can_supply = Provider::find(provider).is_some_and(|known| known.can_supply(fact));
        if can_supply || !fact.lies_elsewhere() { own } else { own.max(self.estate_level(fact)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    fn add(coverage: &mut Coverage, provider: &str, scope: &str, fact: Fact, level: Level, as_of: &str) {
        coverage
            .add(CoverageKey { provider: provider.into(), scope_id: scope.into(), fact }, entry(level, as_of, None));
    }

    fn entry(level: Level, as_of: &str, parts: Option<Parts>) -> CoverageEntry {
        CoverageEntry { source_id: "s".into(), as_of: moment(as_of), level, window_from: None, note: None, parts }
    }

    #[test]
    fn files_that_show_all_parts_between_them_show_the_whole() {
        let key = || CoverageKey { provider: "azure".into(), scope_id: "t".into(), fact: Fact::Credential };
        let of = &["applications", "service principals"];
        let mut coverage = Coverage::new(moment("2026-06-30"), 92);
        coverage.add(key(), entry(Level::Partial, "2026-06-30", Some(Parts::one("applications", of))));
        coverage.add(key(), entry(Level::Partial, "2026-06-30", None));
        assert_eq!(coverage.level("azure", "t", Fact::Credential), Level::Partial);
        coverage.add(key(), entry(Level::Partial, "2026-03-01", Some(Parts::one("service principals", of))));
        assert_eq!(coverage.level("azure", "t", Fact::Credential), Level::Partial, "too old");
        coverage.add(key(), entry(Level::Partial, "2026-06-29", Some(Parts::one("service principals", of))));
        assert_eq!(coverage.level("azure", "t", Fact::Credential), Level::Full);
    }

    #[test]
    fn old_evidence_shows_nothing() {
        let mut coverage = Coverage::new(moment("2026-06-30"), 92);
        add(&mut coverage, "aws", "1", Fact::Credential, Level::Full, "2026-03-30");
        add(&mut coverage, "aws", "2", Fact::Credential, Level::Full, "2026-03-29");
        assert_eq!(coverage.level("aws", "1", Fact::Credential), Level::Full);
        assert_eq!(coverage.level("aws", "2", Fact::Credential), Level::None);
        assert_eq!(coverage.estate_level(Fact::Credential), Level::None);
    }

    #[test]
    fn rows_borrow_facts_that_their_own_provider_cannot_show() {
        let mut coverage = Coverage::new(moment("2026-06-30"), 92);
        coverage.declare("aws", "1");
        assert_eq!(coverage.level_for_rows("aws", "1", Fact::ExposureCode), Level::None);
        add(&mut coverage, "code", "web", Fact::ExposureCode, Level::Full, "2026-06-30");
        assert_eq!(coverage.level_for_rows("aws", "1", Fact::ExposureCode), Level::Full);
        coverage.declare("code", "api");
        assert_eq!(coverage.level_for_rows("aws", "1", Fact::ExposureCode), Level::None);
    }
}
