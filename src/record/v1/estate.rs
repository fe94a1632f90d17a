//! The first page: which identities AI uses, what they reach, how fast that ends.

use serde::{Deserialize, Serialize};

/// Which identities AI uses, what they reach, how fast that ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Estate {
    /// Identities by use: agent, inference, pipeline, none, not known; then all.
    pub identities: Vec<UseSummary>,
    /// Agents.
    pub agents: i64,
    /// Tools and servers that they can call.
    pub agent_tools: i64,
    /// Active credentials by when they end by themselves: of the identities that AI uses, of those of which it is
    /// not known, and of all.
    pub revocation: Vec<RevocationSummary>,
    /// Selectors of rungs.yaml that say which identities AI uses, and how many each names.
    pub selectors: Vec<Selector>,
}

/// Identities of one use, and what they reach.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UseSummary {
    /// agent, inference, pipeline, none, unknown, or all.
    pub ai_use: String,
    /// How many.
    pub identities: i64,
    /// Those with full control of their scope.
    pub admin: i64,
    /// Those with a permission for all actions of a service.
    pub wildcard: i64,
    /// Those that can give themselves more.
    pub escalation: i64,
    /// Those that are, or can become, an identity with full control.
    pub reaches_admin: i64,
    /// Those that another account, organisation or everyone can become.
    pub external_trust: i64,
    /// Those of which it is not known what they reach.
    pub reach_unknown: i64,
}

/// Active credentials by when they end by themselves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RevocationSummary {
    /// ai, unknown, or all.
    pub population: String,
    /// Active credentials.
    pub active: i64,
    /// Those that end within one hour.
    pub within_hour: i64,
    /// Those that end within 24 hours, the above included.
    pub within_day: i64,
    /// Those that end within 90 days, the above included.
    pub within_90_days: i64,
    /// Those that end later than that.
    pub later: i64,
    /// Those that never end by themselves.
    pub never: i64,
    /// Those of which it is not known.
    pub unknown: i64,
}

/// A selector of rungs.yaml and how many identities it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Selector {
    /// The selector.
    pub text: String,
    /// Identities that it names.
    pub identities: i64,
}
