//! What was assessed, from which files, with which frameworks and parameters.

use serde::{Deserialize, Serialize};

/// Who assesses whom, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scope {
    /// Who asked for the assessment.
    pub client: Option<String>,
    /// Who carried it out.
    pub assessor: Option<String>,
    /// The period that it looks at.
    pub period: Option<String>,
    /// `draft` or `final`.
    pub status: Option<String>,
    /// Accounts, tenants, clusters, repositories and hosts of the estate.
    pub scopes: Vec<EstateScope>,
    /// Those left out.
    pub excluded: Vec<ExcludedScope>,
    /// Levels to reach by a date.
    pub targets: Vec<Target>,
    /// Largest age of evidence, in days.
    pub max_evidence_age_days: u32,
}

/// One scope of the estate and what evidence covers of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EstateScope {
    /// Kind of system.
    pub provider: String,
    /// Its id.
    pub scope_id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Whether rungs.yaml declares it.
    pub declared: bool,
    /// Coverage of every fact that its provider can show: full, partial or none.
    pub coverage: Vec<FactLevel>,
    /// Upper bounds on the rows of views, from rungs.yaml.
    pub at_most: Vec<Bound>,
}

/// How far a fact is covered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FactLevel {
    /// The fact.
    pub fact: String,
    /// full, partial or none.
    pub level: String,
}

/// An upper bound on the rows of a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bound {
    /// The view.
    pub view: String,
    /// Rows at most.
    pub rows: u64,
}

/// A scope left out on purpose, or a kind of system that the organisation states it does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExcludedScope {
    /// Kind of system.
    pub provider: String,
    /// Its id; `*` where the organisation has no such system.
    pub scope_id: String,
    /// Why.
    pub reason: String,
    /// Who agreed.
    pub approver: String,
}

impl ExcludedScope {
    /// Stands for a scope's id where the organisation has no such system.
    pub const ALL: &'static str = "*";
}

/// A level to reach by a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Target {
    /// Identity maturity level.
    pub level: u8,
    /// The date.
    pub by: String,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// Its name, relative to the assessed folder.
    pub path: String,
    /// Its digest.
    pub sha256: String,
    /// Its format.
    pub kind: String,
    /// What the format is called.
    pub title: String,
    /// Kind of system.
    pub provider: String,
    /// The scope that it is about.
    pub scope_id: String,
    /// Whether the scope was taken from the folder's name for want of anything better.
    pub scope_assumed: bool,
    /// Records in the file.
    pub rows_read: i64,
    /// Records that were understood.
    pub rows_loaded: i64,
    /// Records that were not.
    pub rows_rejected: i64,
    /// When the export was made.
    pub as_of: String,
    /// How that is known: in_file, configured or run.
    pub as_of_basis: String,
    /// Whether it is too old to count.
    pub stale: bool,
    /// Whether its scope is left out of the assessment.
    pub excluded: bool,
    /// Why it could not be read to its end.
    pub failure: Option<String>,
    /// What it could have proved.
    pub coverage: Vec<EvidenceCoverage>,
}

/// What a file could have proved about a scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EvidenceCoverage {
    /// The scope.
    pub scope_id: String,
    /// The fact.
    pub fact: String,
    /// full, partial or none.
    pub level: String,
    /// Why it is less than full.
    pub note: Option<String>,
}

/// A file that no source recognised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Unrecognised {
    /// Its name.
    pub path: String,
    /// Why, with the nearest guess.
    pub reason: String,
}

/// A framework edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Catalog {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Its edition.
    pub edition: String,
    /// When that was published.
    pub published: String,
    /// Its licence.
    pub licence: String,
    /// The attribution that goes with every use.
    pub attribution: String,
    /// Where it is published.
    pub source: String,
    /// Digest of the catalog file.
    pub sha256: String,
}

/// A parameter of the checks or of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The value that was used.
    pub value: serde_json::Value,
    /// Its default.
    pub default: serde_json::Value,
}

/// Records that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rejected {
    /// How many.
    pub count: usize,
    /// The file that lists them, beside this one.
    pub file: String,
}

/// Something that a reader should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Notice {
    /// Stable name of the kind of fault.
    pub code: String,
    /// note or warning.
    pub severity: String,
    /// What it is.
    pub message: String,
    /// Where.
    pub place: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// The file of row verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rows {
    /// Its name, beside this file.
    pub file: String,
    /// Its digest.
    pub sha256: String,
}
