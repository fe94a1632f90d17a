//! `rungs.yaml`: what the organisation says of itself. Read in two stages: raw values with their places,
//! then a validated [`Config`]. Knows `diag` and nothing else; names that only other rooms can judge
//! (checks, views, providers) stay [`Located`] so that those rooms can point at the line.

mod moment;
mod raw;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use moment::{DAY_MICROS, Moment};
pub use validate::load;

use crate::diag::{Located, Scalar, SourceFile};

/// Largest age of evidence, in days, at the assessment's `as_of` (docs/scoring.md section 2).
pub const DEFAULT_MAX_EVIDENCE_AGE_DAYS: u32 = 92;

/// The validated configuration of one run. An absent file gives [`Config::default`].
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The file itself, for faults found later by other rooms.
    pub file: Option<Arc<SourceFile>>,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// The moment at which the assessment is made.
    pub as_of: Option<Moment>,
    /// The AI maturity level that the programme claims, 0 to 5.
    pub claimed: Option<u8>,
    /// Who assesses whom.
    pub engagement: Engagement,
    /// Catalogs to report on; `None` for all.
    pub frameworks: Option<Vec<Located<String>>>,
    /// The estate as the organisation knows it.
    pub scopes: Vec<DeclaredScope>,
    /// Kinds of systems that the organisation does not have.
    pub absent: Vec<Absent>,
    /// What a file does not say of itself.
    pub sources: Vec<SourceHint>,
    /// Which identities the AI programme uses.
    pub ai: AiSelectors,
    /// Values that replace defaults of check parameters.
    pub parameters: BTreeMap<String, Located<Scalar>>,
    /// Risk acceptances.
    pub waivers: Vec<Waiver>,
    /// Questionnaire file, relative to the configuration's folder.
    pub answers: Option<Located<String>>,
    /// Levels to reach by a date.
    pub targets: Vec<Target>,
}

/// Who assesses whom, printed on the scope page.
#[derive(Debug, Clone, Default)]
pub struct Engagement {
    /// Who asked for the assessment.
    pub client: Option<String>,
    /// Who carries it out.
    pub assessor: Option<String>,
    /// The period that it looks at, in words.
    pub period: Option<String>,
    /// `draft` or `final`.
    pub status: Option<String>,
}

/// One account, tenant, cluster or repository that belongs to the estate.
#[derive(Debug, Clone)]
pub struct DeclaredScope {
    /// Its id as exports print it.
    pub id: Located<String>,
    /// Its provider (`aws`, `k8s`, ...).
    pub provider: Located<String>,
    /// A name for people.
    pub name: Option<String>,
    /// Upper bounds on the rows of a view, where evidence is missing: view name to count.
    pub at_most: BTreeMap<String, Located<u64>>,
    /// Why it is left out, and who agreed.
    pub excluded: Option<Exclusion>,
}

/// A scope left out of the assessment on purpose.
#[derive(Debug, Clone)]
pub struct Exclusion {
    /// Why.
    pub reason: String,
    /// Who agreed.
    pub approver: String,
}

/// A kind of system that the organisation states it does not have: nothing of it can be shown, or is missing.
#[derive(Debug, Clone)]
pub struct Absent {
    /// The provider (`k8s`, `okta`, ...).
    pub provider: Located<String>,
    /// Why there is none, or how that is known.
    pub reason: String,
    /// Who agreed.
    pub approver: String,
}

/// What a file does not say of itself.
#[derive(Debug, Clone)]
pub struct SourceHint {
    /// Path of the file or folder, relative to the configuration's folder.
    pub path: Located<String>,
    /// Scope of its records.
    pub scope_id: Option<String>,
    /// When the export was made.
    pub as_of: Option<Moment>,
    /// Source kind, where recognition needs help.
    pub kind: Option<Located<String>>,
    /// How its columns become columns of a table, for files of no known format.
    pub map: Option<Arc<TableMap>>,
}

/// How the columns of a file become columns of a table of the inventory. What the table has is judged by whoever reads
/// the file.
#[derive(Debug, Clone)]
pub struct TableMap {
    /// The table.
    pub table: Located<String>,
    /// The kind of system that its rows are about.
    pub provider: Located<String>,
    /// Columns of the table and where each comes from.
    pub columns: Vec<MappedColumn>,
    /// Facts that the file shows, with the level: full or partial.
    pub covers: Vec<(Located<String>, Located<String>)>,
}

/// Where one column of a table comes from.
#[derive(Debug, Clone)]
pub struct MappedColumn {
    /// The column of the table.
    pub column: Located<String>,
    /// The column of the file, or the path of keys with dots.
    pub from: Option<String>,
    /// The value of every row, where it comes from no column.
    pub value: Option<Scalar>,
    /// Values of the file and what they mean.
    pub values: BTreeMap<String, Scalar>,
    /// The format of its dates, in the signs of `strptime`, where they are written in no usual way.
    pub date: Option<String>,
}

/// Which identities the AI programme uses, and which it surely does not.
#[derive(Debug, Clone, Default)]
pub struct AiSelectors {
    /// Predicates on the `identities` view whose rows AI uses.
    pub identities: Vec<AiSelector>,
    /// Scopes all of whose identities AI uses.
    pub scopes: Vec<Located<String>>,
    /// Predicates on the `identities` view whose rows AI does not use.
    pub none: Vec<Located<String>>,
}

/// One selector of identities that AI uses.
#[derive(Debug, Clone)]
pub struct AiSelector {
    /// Predicate on the `identities` view.
    pub predicate: Located<String>,
    /// How AI uses them: `agent`, `inference` or `pipeline`.
    pub used_as: String,
}

/// An accepted risk: failing rows that it names count as *waived* while it is in force.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// Check that it concerns.
    pub check: Located<String>,
    /// Predicate on the check's view; exactly one of this and `ids` is given.
    pub predicate: Option<Located<String>>,
    /// Row ids of the check's view.
    pub ids: Vec<String>,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// First day in force (UTC, included).
    pub from: Option<Moment>,
    /// Last day in force (UTC, included).
    pub expiry: Moment,
}

impl Waiver {
    /// Whether it is in force: `from <= as_of <= expiry` as UTC dates, both ends included.
    #[must_use]
    pub fn in_force(&self, as_of: Moment) -> bool {
        self.from.is_none_or(|from| from.date() <= as_of.date()) && as_of.date() <= self.expiry.date()
    }

    /// Whether its last day has passed.
    #[must_use]
    pub fn expired(&self, as_of: Moment) -> bool {
        self.expiry.date() < as_of.date()
    }
}

/// A level to reach by a date.
#[derive(Debug, Clone)]
pub struct Target {
    /// Identity maturity level, 1 to 5.
    pub level: u8,
    /// By when.
    pub by: Moment,
}
