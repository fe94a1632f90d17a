//! Scope, evidence and registers as templates are given them.

use serde::Serialize;

/// A file of evidence.
#[derive(Debug, Serialize)]
pub struct Evidence {
    pub path: String,
    pub kind: String,
    pub title: String,
    pub scope: String,
    pub scope_assumed: bool,
    pub as_of: String,
    pub as_of_basis: String,
    pub read: i64,
    pub loaded: i64,
    pub rejected: i64,
    pub sha256: String,
    /// read, stale, excluded or the reason why it broke off.
    pub state: String,
    /// What it covers less than fully, and why.
    pub notes: Vec<String>,
}

/// Two texts that belong together.
#[derive(Debug, Serialize)]
pub struct Pair {
    pub name: String,
    pub text: String,
}

/// A scope of the estate.
#[derive(Debug, Serialize)]
pub struct Scope {
    pub provider: String,
    pub scope_id: String,
    pub name: String,
    pub declared: bool,
    /// full, partial and none facts, in words.
    pub full: Vec<String>,
    pub partial: Vec<String>,
    pub none: Vec<String>,
    pub bounds: Vec<String>,
}

/// A scope left out.
#[derive(Debug, Serialize)]
pub struct Excluded {
    pub scope: String,
    pub reason: String,
    pub approver: String,
}

/// A level to reach by a date.
#[derive(Debug, Serialize)]
pub struct Target {
    pub level: u8,
    pub by: String,
}

/// A parameter.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    pub name: String,
    pub value: String,
    pub default: String,
}

/// An accepted risk.
#[derive(Debug, Serialize)]
pub struct Waiver {
    pub check: String,
    pub title: String,
    pub rows: String,
    pub reason: String,
    pub approver: String,
    pub from: String,
    pub expiry: String,
    /// in-force, expired, not-yet or unused.
    pub state: String,
    pub waived: u64,
}

/// A question answered *not applicable*.
#[derive(Debug, Serialize)]
pub struct NotApplicable {
    pub question: String,
    pub scope: String,
    pub reason: String,
    pub approver: String,
    pub accepted: bool,
}

/// An answer that does not prove what it says.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub question: String,
    pub text: String,
    pub scope: String,
    pub answer: String,
    pub state: String,
    pub answered_by: String,
    pub answered_at: String,
}

/// A catalog.
#[derive(Debug, Serialize)]
pub struct Catalog {
    pub id: String,
    pub title: String,
    pub publisher: String,
    pub edition: String,
    pub published: String,
    pub licence: String,
    pub attribution: String,
    pub source: String,
    pub sha256: String,
}

/// Something that a reader should know.
#[derive(Debug, Serialize)]
pub struct Notice {
    pub severity: String,
    pub message: String,
    pub place: String,
    pub help: String,
}
