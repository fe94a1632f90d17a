//! Checks, questions and findings.

use serde::{Deserialize, Serialize};

use super::{Figures, Range};

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Check {
    /// Its id.
    pub id: String,
    /// What is required.
    pub title: String,
    /// Why it matters.
    pub rationale: String,
    /// critical, high, medium or low.
    pub severity: String,
    /// preventive or detective.
    pub kind: String,
    /// The view whose rows it judges.
    pub view: String,
    /// The practice that it is part of.
    pub practice: String,
    /// The domain of that practice.
    pub domain: String,
    /// Share of failing rows below which it counts as fully achieved, where it is not the usual 0.15.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// assessed, partly-assessed, not-assessed, not-applicable or error.
    pub state: String,
    /// Why it could not be run.
    pub error: Option<String>,
    /// Rows in its population.
    pub n: u64,
    /// Rows that pass.
    pub passed: u64,
    /// Rows that fail, waived ones left out.
    pub failed: u64,
    /// Rows on which the evidence is missing, and rows that were never seen.
    pub unknown: u64,
    /// Rows of which it is not known whether the check judges them.
    pub undetermined: u64,
    /// Rows that fail and whose risk was accepted.
    pub waived: u64,
    /// What the seen rows say, where rows are missing of which nobody knows how many.
    pub observed: Option<Range>,
    /// Its figures for the whole estate.
    pub whole: Figures,
    /// Its figures for the identities that AI uses.
    pub ai: AiCheck,
    /// Rows by segment.
    pub segments: Vec<Segment>,
    /// Scopes of its remit that are covered.
    pub covered: Vec<ScopeRef>,
    /// Scopes of its remit that are not.
    pub uncovered: Vec<Uncovered>,
    /// Facts that it needs and a scope does not show.
    pub needs_missing: Vec<NeedMissing>,
    /// Columns that show why a row does not pass.
    pub evidence: Vec<String>,
    /// What to do about rows that fail.
    pub remediation: Remediation,
    /// Controls that rest on it, as `catalog/control`.
    pub controls: Vec<String>,
}

/// A check for the identities that AI uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AiCheck {
    /// assessed, partly-assessed, not-assessed, not-applicable or error.
    pub state: String,
    /// Rows in that population, those of which it is not known included.
    pub n: u64,
    /// Those that fail.
    pub failed: u64,
    /// Accepted risks count as failures.
    pub strict: Option<Range>,
    /// Accepted risks are left out.
    pub accepted: Option<Range>,
}

/// Rows of one segment by verdict; null where a column is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Segment {
    /// Kind of system.
    pub provider: Option<String>,
    /// Account, tenant, cluster, repository or host.
    pub scope_id: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// Kind of identity.
    pub identity_kind: Option<String>,
    /// How AI uses the identity.
    pub ai_use: Option<String>,
    /// Rows that pass.
    pub passed: u64,
    /// Rows that fail.
    pub failed: u64,
    /// Rows on which the evidence is missing.
    pub unknown: u64,
    /// Rows of which it is not known whether the check judges them.
    pub undetermined: u64,
    /// Rows that fail and whose risk was accepted.
    pub waived: u64,
    /// Rows that were never seen.
    pub unseen: u64,
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScopeRef {
    /// Kind of system.
    pub provider: String,
    /// Its id.
    pub scope_id: String,
}

/// A scope of which rows are missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Uncovered {
    /// Kind of system.
    pub provider: String,
    /// Its id.
    pub scope_id: String,
    /// none or partial.
    pub level: String,
    /// Rows that are missing at most; null where nobody knows.
    pub missing: Option<u64>,
}

/// A fact that a check needs and a scope does not show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NeedMissing {
    /// The fact.
    pub fact: String,
    /// Kind of system.
    pub provider: String,
    /// The scope.
    pub scope_id: String,
}

/// What to do about rows that fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Remediation {
    /// In a few words.
    pub title: String,
    /// Step by step, in Markdown.
    pub steps: String,
    /// Which team does it.
    pub owner: String,
}

/// What a question comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// The practice that it is part of.
    pub practice: String,
    /// The domain of that practice.
    pub domain: String,
    /// What is asked.
    pub question: String,
    /// critical, high, medium or low.
    pub severity: String,
    /// answered, stale, unanswered or not-applicable.
    pub state: String,
    /// What it comes to; null where it does not apply.
    pub value: Option<Range>,
}

/// Failing rows by severity, and the checks with most of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Findings {
    /// From critical to low.
    pub by_severity: Vec<SeverityCount>,
    /// Checks with failing rows, worst first.
    pub top: Vec<TopFinding>,
}

/// Rows of one severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SeverityCount {
    /// critical, high, medium or low.
    pub severity: String,
    /// Rows that fail.
    pub failed: u64,
    /// Rows on which the evidence is missing.
    pub unknown: u64,
    /// Rows whose risk was accepted.
    pub waived: u64,
}

/// A check with failing rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TopFinding {
    /// The check.
    pub check: String,
    /// What is required.
    pub title: String,
    /// Its severity.
    pub severity: String,
    /// Rows that fail.
    pub failed: u64,
    /// Those of identities that AI is known to use.
    pub failed_ai: u64,
    /// Rows in its population.
    pub n: u64,
}
