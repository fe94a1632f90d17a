//! Frameworks and controls.

use serde::{Deserialize, Serialize};

use super::{Figures, Range, Ratings};

/// The figures of one framework.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Framework {
    /// Its catalog.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// Controls in scope.
    pub in_scope: usize,
    /// Share of them that something measures.
    #[serde(deserialize_with = "super::exact::maybe")]
    pub mapped: Option<f64>,
    /// Share of applicable ones of which evidence says something.
    #[serde(deserialize_with = "super::exact::maybe")]
    pub evidenced: Option<f64>,
    /// Mean over applicable ones.
    pub achieved: Figures,
    /// Groups, for headings.
    pub groups: Vec<Group>,
    /// Controls.
    pub controls: Vec<Control>,
}

/// A group of controls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// The group above it.
    pub parent: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its summary.
    pub summary: Option<String>,
}

/// A control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Control {
    /// Its id.
    pub id: String,
    /// Its title; its summary where the publication gives none.
    pub title: String,
    /// What it asks, in our words.
    pub summary: Option<String>,
    /// The group that it stands in.
    pub group: Option<String>,
    /// assessed, partly-assessed, not-assessed, not-applicable or not-mapped.
    pub state: String,
    /// Accepted risks count as failures.
    pub strict: Option<Range>,
    /// Accepted risks are left out.
    pub accepted: Option<Range>,
    /// Ratings after caps.
    pub rating: Option<Ratings>,
    /// Critical checks that cap them.
    pub capped_by: Vec<String>,
    /// whole, most, part or little; null where it is not mapped.
    pub covers: Option<String>,
    /// What nothing measures, or why it is not mapped.
    pub leaves: Option<String>,
    /// automated or organisational.
    pub assurance: String,
    /// Practices that it rests on, and why.
    pub practices: Vec<ControlPractice>,
    /// Checks and questions that it rests on.
    pub parts: Vec<Part>,
}

/// Why a control rests on a practice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ControlPractice {
    /// The practice, or a single check.
    pub id: String,
    /// How it relates to the control, in the words of NIST IR 8477.
    pub relation: String,
    /// Why.
    pub why: String,
}

/// A check or question that a control rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Part {
    /// Its id.
    pub id: String,
    /// check or question.
    pub kind: String,
    /// Its weight by severity.
    pub weight: f64,
    /// How much its practice does of the control.
    pub strength: f64,
    /// What it comes to.
    pub strict: Option<Range>,
}
