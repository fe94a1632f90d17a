//! `assessment.json`, version 1. Percentages are fractions 0 to 1 with full precision; only renderers round.

mod check;
mod estate;
mod exact;
mod framework;
mod maturity;
mod plan;
mod register;
mod scope;

use serde::{Deserialize, Serialize};

pub use check::{
    AiCheck, Check, Findings, NeedMissing, Question, Remediation, ScopeRef, Segment, SeverityCount, TopFinding,
    Uncovered,
};
pub use estate::{Estate, RevocationSummary, Selector, UseSummary};
pub use framework::{Control, ControlPractice, Framework, Group, Part};
pub use maturity::{
    AiMaturity, Blocks, Domain, Effective, Holding, IdentityMaturity, Level, Maturity, Model, Practice, ProfileLevel,
};
pub use plan::{Action, Gain, NextLevel, Plan};
pub use register::{Attestation, NotApplicable, Waiver};
pub use scope::{
    Bound, Catalog, EstateScope, Evidence, EvidenceCoverage, ExcludedScope, FactLevel, Notice, Parameter, Rejected,
    Rows, Scope, Target, Unrecognised,
};

/// Version of this format: grows in its second part when something is added.
pub const FORMAT: &str = "1.0";

/// An interval: what is proven and what is possible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Range {
    /// What is proven.
    #[serde(deserialize_with = "exact::number")]
    pub low: f64,
    /// What is still possible.
    #[serde(deserialize_with = "exact::number")]
    pub high: f64,
}

/// Strict and accepted figures side by side; null where the thing does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Figures {
    /// Accepted risks count as failures. Levels use only this one.
    pub strict: Option<Range>,
    /// Accepted risks are left out.
    pub accepted: Option<Range>,
}

/// Ratings N, P, L or F of both ends; null where the thing does not apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ratings {
    /// Of what is proven.
    pub low: String,
    /// Of what is possible.
    pub high: String,
}

/// The program that made the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// Version of this format.
    pub format: String,
}

/// The whole assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assessment {
    /// The program that made it.
    pub rungs: Program,
    /// `UUIDv5` over the digests of all inputs.
    pub id: String,
    /// The moment at which it was made, RFC 3339 in UTC.
    pub as_of: String,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// Who assesses whom, and what.
    pub scope: Scope,
    /// Files that were read.
    pub evidence: Vec<Evidence>,
    /// Files that no source recognised.
    pub unrecognised: Vec<Unrecognised>,
    /// Frameworks that were assessed.
    pub catalogs: Vec<Catalog>,
    /// Digest over all framework files.
    pub frameworks_sha256: String,
    /// Every parameter, with its default.
    pub parameters: Vec<Parameter>,
    /// Which identities AI uses, what they reach, how fast that ends.
    pub estate: Estate,
    /// Identity maturity, and what it leaves of the claimed AI maturity.
    pub maturity: Maturity,
    /// Figures of each framework.
    pub frameworks: Vec<Framework>,
    /// Results of each check.
    pub checks: Vec<Check>,
    /// What the questions come to.
    pub questions: Vec<Question>,
    /// Failing rows by severity, and the checks with most of them.
    pub findings: Findings,
    /// The file of row verdicts.
    pub rows: Rows,
    /// What to do.
    pub plan: Plan,
    /// Accepted risks.
    pub waivers: Vec<Waiver>,
    /// Questions that were answered *not applicable*.
    pub not_applicable: Vec<NotApplicable>,
    /// Every answer that was given.
    pub attestations: Vec<Attestation>,
    /// Records that could not be read.
    pub rejected: Rejected,
    /// Everything else that a reader should know: entries without effect, rows later than their export.
    pub notices: Vec<Notice>,
}
