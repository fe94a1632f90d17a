//! What to do.

use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Actions in the order in which to take them.
    pub actions: Vec<Action>,
    /// What reaches the next level; null at the top.
    pub next_level: Option<NextLevel>,
    /// Hours of work that one wave is planned to hold.
    #[serde(deserialize_with = "super::exact::number")]
    pub hours_per_wave: f64,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Action {
    /// Its id, stable between runs.
    pub id: String,
    /// fix or show.
    pub kind: String,
    /// The check, if it is about one.
    pub check: Option<String>,
    /// The question, if it is about one.
    pub question: Option<String>,
    /// Kind of system.
    pub provider: Option<String>,
    /// The scope.
    pub scope_id: Option<String>,
    /// In a few words.
    pub title: String,
    /// critical, high, medium or low.
    pub severity: String,
    /// Rows that it concerns; 0 where their number is not known.
    pub rows: u64,
    /// Which team does it.
    pub owner: String,
    /// What it takes.
    #[serde(deserialize_with = "super::exact::number")]
    pub effort_hours: f64,
    /// Actions that come first.
    pub requires: Vec<String>,
    /// The wave of the plan.
    pub wave: String,
    /// Whether it belongs to what reaches the next level.
    pub in_next_level: bool,
    /// What it gains.
    pub gain: Gain,
    /// How to show it: export commands, or evidence to attach.
    pub how: Vec<String>,
}

/// What an action gains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Gain {
    /// Change of each framework's strict Achieved low.
    #[serde(deserialize_with = "super::exact::by_name")]
    pub frameworks: std::collections::BTreeMap<String, f64>,
    /// Whether that is an upper bound.
    pub up_to: bool,
}

/// What reaches the next level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NextLevel {
    /// The level.
    pub level: u8,
    /// Ids of the actions.
    pub actions: Vec<String>,
    /// Their effort together.
    #[serde(deserialize_with = "super::exact::number")]
    pub effort_hours: f64,
    /// Whether no cheaper set of whole checks and answers would do.
    pub exact: bool,
    /// Practices that block the level whatever is done, and domains that have no practice up to it.
    pub without_action: Vec<String>,
}
