//! The fictional organisation behind the rows: its scopes, what evidence covers of each, and how many rows of
//! which family every scope has. Knows nothing of columns.

use std::collections::BTreeMap;

use rungs::config::Moment;
use rungs::engine::Verdict;
use rungs::inventory::{Coverage, CoverageEntry, CoverageKey, Fact, Level, PROVIDERS};

use super::Failure;
use super::random::Random;

/// Rows of each verdict, by check.
pub type Expected = BTreeMap<String, [u64; 6]>;

/// One day in the unit of moments.
pub const DAY: i64 = 86_400_000_000;
/// 2026-06-30T00:00:00Z, the moment of all exports.
pub const AS_OF: i64 = 1_782_777_600_000_000;

/// How many scopes of each provider there are.
const SCOPES: [(&str, i64); 4] = [("aws", 64), ("azure", 8), ("github", 4), ("k8s", 24)];

/// One account, tenant, organisation or cluster.
pub struct Scope {
    /// Its provider.
    pub provider: &'static str,
    /// Its id.
    pub id: String,
    number: i64,
}

impl Scope {
    /// What evidence shows of the scope: most of it is whole, one scope in eight has parts only, one in
    /// sixteen has no owners, and one in sixteen no credentials.
    pub fn level(&self, fact: Fact) -> Level {
        match (fact, self.number % 16) {
            (Fact::Owner | Fact::Environment, 9) => Level::None,
            (Fact::Credential | Fact::CredentialRotation | Fact::CredentialLastUsed, 5) => Level::None,
            (Fact::Credential | Fact::Entitlement | Fact::Use, 3 | 11) => Level::Partial,
            _ => Level::Full,
        }
    }

    /// Whether the scope's provider can show the fact and evidence shows some of it.
    pub fn shows(&self, fact: Fact) -> bool {
        self.can_supply(fact) && self.level(fact) != Level::None
    }

    /// Whether evidence shows all of it.
    pub fn shows_all(&self, fact: Fact) -> bool {
        self.can_supply(fact) && self.level(fact) == Level::Full
    }

    /// The environment of a row: most scopes are given to one, and not every row says so.
    pub fn environment(&self, random: &mut Random) -> Option<&'static str> {
        let others = ["production", "staging", "development", "test", "shared"];
        match random.below(100) {
            0..12 => None,
            12..15 => random.pick(&others),
            _ => others.get(usize::try_from(self.number % 5).ok()?).copied(),
        }
    }

    fn can_supply(&self, fact: Fact) -> bool {
        PROVIDERS.iter().any(|provider| provider.id == self.provider && provider.can_supply(fact))
    }
}

/// The scopes, in the order of their ids.
pub fn scopes() -> Vec<Scope> {
    let scope = |provider, number: i64| {
        let id = match provider {
            "aws" => format!("{:012}", 104_000_000_000 + number * 7_919),
            "azure" => format!("{number:08x}-5f1d-4c3a-9b7e-2a64d0c81f35"),
            "github" => format!("acme-{number:02}"),
            _ => format!("cluster-{number:02}"),
        };
        Scope { provider, id, number }
    };
    SCOPES.iter().flat_map(|(provider, count)| (0..*count).map(move |number| scope(*provider, number))).collect()
}

/// How AI uses an identity: mostly not, and not always known.
pub fn ai_use(random: &mut Random) -> Option<&'static str> {
    match random.below(100) {
        0..20 => None,
        20..90 => Some("none"),
        90..95 => Some("inference"),
        95..98 => Some("agent"),
        _ => Some("pipeline"),
    }
}

/// What the files of such an estate would have proved.
pub fn coverage(scopes: &[Scope]) -> Coverage {
    let as_of = Moment::from_micros(AS_OF);
    let mut coverage = Coverage::new(as_of, 92);
    let mut add = |provider: &str, scope_id: &str, fact: Fact, level: Level| {
        let key = CoverageKey { provider: provider.to_owned(), scope_id: scope_id.to_owned(), fact };
        let source_id = format!("{provider}/{scope_id}.json");
        coverage.add(key, CoverageEntry { source_id, as_of, level, window_from: None, note: None, parts: None });
    };
    for scope in scopes {
        for fact in Fact::ALL.iter().filter(|fact| scope.can_supply(**fact)) {
            add(scope.provider, &scope.id, *fact, scope.level(*fact));
        }
    }
    add("agent", "host-01", Fact::Agent, Level::Full);
    coverage
}

/// Families of rows that one provider's scopes have, in the order of their ids.
pub struct Section<F: 'static> {
    /// The provider.
    pub provider: &'static str,
    /// Its families.
    pub families: &'static [F],
}

/// How many rows of a family a scope has.
pub struct Lot<'a, F: 'static> {
    /// The scope.
    pub scope: &'a Scope,
    /// The family.
    pub family: &'static F,
    /// The number of rows.
    pub rows: i64,
}

/// Spreads `rows` rows over scopes and families; a family without a share has one row in every scope.
pub fn lots<'a, F>(
    scopes: &'a [Scope],
    sections: &'static [Section<F>],
    rows: i64,
    share: fn(&F) -> i64,
) -> Result<Vec<Lot<'a, F>>, Failure> {
    let mut lots = Vec::new();
    for section in sections {
        for scope in scopes.iter().filter(|scope| scope.provider == section.provider) {
            lots.extend(section.families.iter().map(|family| Lot { scope, family, rows: 1 }));
        }
    }
    // Scopes differ in size up to seven times, as accounts do.
    let weight = |lot: &Lot<'_, F>| share(lot.family) * (1 + lot.scope.number % 7);
    let single = lots.iter().filter(|lot| share(lot.family) == 0).count();
    let spread = rows - i64::try_from(single)?;
    let total: i64 = lots.iter().map(weight).sum();
    if spread < 0 || total == 0 {
        return Err(format!("{rows} rows are too few for {single} scopes").into());
    }
    let mut before = 0;
    for lot in lots.iter_mut().filter(|lot| share(lot.family) > 0) {
        let after = before + weight(lot);
        lot.rows = spread * after / total - spread * before / total;
        before = after;
    }
    Ok(lots)
}

/// AND of SQL: false wins, then what is not known.
pub fn all<const N: usize>(answers: [Option<bool>; N]) -> Option<bool> {
    if answers.contains(&Some(false)) { Some(false) } else { answers.iter().all(Option::is_some).then_some(true) }
}

/// Counts what a check must say of a row whose scope's evidence is readable and complete, or not.
pub fn expect(
    expected: &mut Expected,
    check: &str,
    (applies, passes): (Option<bool>, Option<bool>),
    readable: bool,
    complete: bool,
) {
    let stands = readable && (complete || passes != Some(true));
    let verdict = match (applies, passes.filter(|_| stands)) {
        (None, _) => Verdict::Undetermined,
        (Some(false), _) => Verdict::Outside,
        (Some(true), Some(true)) => Verdict::Passed,
        (Some(true), Some(false)) => Verdict::Failed,
        (Some(true), None) => Verdict::Unknown,
    };
    if !expected.contains_key(check) {
        expected.insert(check.to_owned(), [0; 6]);
    }
    if let Some(count) = expected.get_mut(check).and_then(|counts| counts.get_mut(verdict as usize)) {
        *count += 1;
    }
}
