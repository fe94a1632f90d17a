//! Registers: accepted risks and answers.

use serde::{Deserialize, Serialize};

/// An accepted risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Waiver {
    /// The check.
    pub check: String,
    /// The rows, as rungs.yaml names them.
    pub rows: String,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub expiry: String,
    /// in-force, expired or not-yet.
    pub state: String,
    /// Failing rows that it covers; 0 for one that is not in force.
    pub waived: u64,
    /// Whether it is in force and covers nothing.
    pub unused: bool,
}

/// A question that was answered *not applicable*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NotApplicable {
    /// The question.
    pub question: String,
    /// The scope.
    pub scope_id: String,
    /// Why.
    pub reason: Option<String>,
    /// Who agreed.
    pub approver: Option<String>,
    /// Whether reason, approver and evidence are all there.
    pub accepted: bool,
}

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Attestation {
    /// The question.
    pub question: String,
    /// The scope; `*` for the organisation.
    pub scope_id: String,
    /// fully, largely, partially, not or not-applicable.
    pub answer: String,
    /// evidenced, unevidenced, stale, unattested, not-applicable or unsupported.
    pub state: String,
    /// Who answered.
    pub answered_by: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// When.
    pub answered_at: Option<String>,
    /// Until when it holds.
    pub expires_at: Option<String>,
    /// Document or URL that backs it.
    pub evidence_ref: Option<String>,
    /// Digest of the document.
    pub evidence_sha256: Option<String>,
    /// Why, where not applicable.
    pub reason: Option<String>,
    /// Who agreed that it does not apply.
    pub approver: Option<String>,
    /// Remarks.
    pub comment: Option<String>,
    /// The file.
    pub source_id: String,
    /// Where in the file.
    pub locator: String,
}
