//! Frameworks, checks and the plan as templates are given them.

use serde::Serialize;

use super::{Bar, Pair, Part, PracticeRef, Prose};

/// A framework.
#[derive(Debug, Serialize)]
pub struct Framework {
    pub id: String,
    pub title: String,
    pub edition: String,
    pub in_scope: usize,
    pub mapped: String,
    pub evidenced: String,
    pub strict: Bar,
    pub accepted: Bar,
    /// Groups and controls in the publication's order.
    pub rows: Vec<FrameworkRow>,
    /// Controls that nothing measures.
    pub not_mapped: Vec<Pair>,
}

/// A group or a control.
#[derive(Debug, Serialize)]
pub struct FrameworkRow {
    pub is_group: bool,
    /// Depth of a group, from 0.
    pub depth: usize,
    pub id: String,
    pub title: String,
    pub summary: String,
    pub state: String,
    pub bar: Bar,
    pub accepted: Bar,
    pub rating: String,
    pub capped_by: Vec<String>,
    pub covers: String,
    pub leaves: String,
    pub assurance: String,
    pub practices: Vec<ControlPractice>,
    pub parts: Vec<Part>,
}

/// Why a control rests on a practice.
#[derive(Debug, Serialize)]
pub struct ControlPractice {
    pub id: String,
    pub title: String,
    pub relation: String,
    pub why: String,
}

/// Rows of one severity.
#[derive(Debug, Serialize)]
pub struct Severity {
    pub severity: String,
    pub failed: u64,
    pub unknown: u64,
    pub waived: u64,
}

/// A check.
#[derive(Debug, Serialize)]
pub struct Check {
    pub id: String,
    pub title: String,
    pub rationale: String,
    pub severity: String,
    pub domain: String,
    pub practice: String,
    pub kind: String,
    /// Share of failing rows below which it counts as fully achieved, where it is not the usual 15 %.
    pub tolerance: Option<String>,
    pub state: String,
    pub error: Option<String>,
    pub n: u64,
    pub passed: u64,
    pub failed: u64,
    pub unknown: u64,
    pub undetermined: u64,
    pub waived: u64,
    pub failed_ai: u64,
    /// How many of its rows the document lists.
    pub rows_listed: usize,
    pub bar: Bar,
    pub accepted: Bar,
    pub observed: Bar,
    pub ai: Bar,
    /// Failing rows by scope, most first.
    pub scopes: Vec<CheckScope>,
    /// Scopes that are not covered, in words.
    pub uncovered: Vec<String>,
    /// Facts that are missing, in words.
    pub needs_missing: Vec<String>,
    pub remediation: String,
    pub owner: String,
    /// Steps, in Markdown.
    pub steps: Prose,
    pub controls: Vec<String>,
}

/// Rows of a check in one scope.
#[derive(Debug, Serialize)]
pub struct CheckScope {
    pub provider: String,
    pub scope_id: String,
    pub passed: u64,
    pub failed: u64,
    pub unknown: u64,
    pub waived: u64,
}

/// A row that does not pass a check.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its place among the rows of its check, from 0.
    pub place: usize,
    pub check: String,
    /// Title of the check.
    pub title: String,
    pub severity: String,
    /// failed, waived, unknown or undetermined.
    pub verdict: String,
    pub id: String,
    /// Its name for people; may be empty.
    pub name: String,
    pub provider: String,
    pub scope_id: String,
    pub environment: String,
    pub kind: String,
    pub ai_use: String,
    /// What shows why it does not pass.
    pub evidence: Vec<Pair>,
    pub source: String,
    pub locator: String,
}

/// A question.
#[derive(Debug, Serialize)]
pub struct Question {
    pub id: String,
    pub domain: String,
    pub question: String,
    pub state: String,
    pub bar: Bar,
}

/// The plan.
#[derive(Debug, Serialize)]
pub struct Plan {
    pub waves: Vec<Wave>,
    /// The first things to do, each over all its scopes.
    pub top: Vec<TopAction>,
    pub actions: usize,
    pub fixes: usize,
    pub hours: String,
    pub hours_per_wave: String,
    pub next_level: Option<NextLevel>,
}

/// One of the first things to do, over all scopes in which it is due.
#[derive(Debug, Serialize)]
pub struct TopAction {
    /// Id of the first of the plan's actions that it stands for.
    pub id: String,
    pub title: String,
    pub check: Option<String>,
    pub question: Option<String>,
    pub severity: String,
    pub rows: u64,
    pub owner: String,
    pub hours: String,
    /// `aws 111122223333`, ...
    pub scopes: Vec<String>,
}

/// A wave of the plan.
#[derive(Debug, Serialize)]
pub struct Wave {
    pub name: String,
    pub hours: String,
    pub actions: Vec<Action>,
}

/// An action.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    pub id: String,
    pub kind: String,
    pub title: String,
    pub check: Option<String>,
    pub question: Option<String>,
    /// `aws 111122223333`, or empty.
    pub scope: String,
    pub severity: String,
    pub rows: u64,
    pub owner: String,
    pub hours: String,
    /// `+1.23 points in ...`, or empty.
    pub gain: String,
    pub wave: String,
    pub in_next_level: bool,
    pub requires: Vec<String>,
    pub how: Vec<String>,
}

/// What reaches the next level.
#[derive(Debug, Serialize)]
pub struct NextLevel {
    pub level: u8,
    pub title: String,
    pub actions: usize,
    pub fixes: usize,
    pub hours: String,
    pub exact: bool,
    pub without_action: Vec<PracticeRef>,
}
