//! Levels, domains and practices.

use serde::{Deserialize, Serialize};

use super::{Range, Ratings};

/// Maturity of identity, and what it leaves of AI's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Maturity {
    /// The model.
    pub model: Model,
    /// Of the whole estate.
    pub identity: IdentityMaturity,
    /// Of the identities that AI uses, with those of which it is not known.
    pub ai_identity: IdentityMaturity,
    /// What it leaves of the claimed AI maturity.
    pub ai: AiMaturity,
}

/// The maturity model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// Its levels.
    pub levels: Vec<Level>,
}

/// A level of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Level {
    /// 1 to 5.
    pub level: u8,
    /// Its title.
    pub title: String,
    /// What it means.
    pub summary: String,
}

/// Identity maturity of one population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IdentityMaturity {
    /// Greatest level that is proven.
    pub proven: u8,
    /// Greatest level that is possible.
    pub possible: u8,
    /// Mean of the domains' proven levels: a mean, not a level.
    #[serde(deserialize_with = "super::exact::maybe")]
    pub mean_proven: Option<f64>,
    /// Mean of the domains' possible levels: a mean, not a level.
    #[serde(deserialize_with = "super::exact::maybe")]
    pub mean_possible: Option<f64>,
    /// Level by level, how many domains hold it.
    pub profile: Vec<ProfileLevel>,
    /// Domain by domain.
    pub domains: Vec<Domain>,
}

/// How many domains hold a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProfileLevel {
    /// 1 to 5.
    pub level: u8,
    /// Domains that do not hold it back.
    pub holding: Holding,
    /// Practices whose evidence is against it.
    pub failing: Vec<String>,
    /// Practices that more evidence could settle.
    pub unproven: Vec<String>,
}

/// How many domains do not hold a level back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Holding {
    /// Provably.
    pub low: usize,
    /// Possibly.
    pub high: usize,
}

/// A domain of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Domain {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The question that it asks.
    pub asks: String,
    /// Greatest level that is proven.
    pub proven: u8,
    /// Greatest level that is possible.
    pub possible: u8,
    /// Practices that keep the next level from holding.
    pub blocks: Blocks,
    /// Its practices, by level.
    pub practices: Vec<Practice>,
}

/// Practices that keep the next level from holding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Blocks {
    /// From being proven.
    pub proven: Vec<String>,
    /// From being possible.
    pub possible: Vec<String>,
}

/// A practice of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Practice {
    /// Its id.
    pub id: String,
    /// What is done.
    pub title: String,
    /// Its level.
    pub level: u8,
    /// What it comes to.
    pub strict: Option<Range>,
    /// Its ratings.
    pub rating: Option<Ratings>,
    /// Critical checks that cap them.
    pub capped_by: Vec<String>,
    /// Checks and questions that it rests on.
    pub parts: Vec<String>,
}

/// What identity maturity leaves of the claimed AI maturity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AiMaturity {
    /// The claim.
    pub claimed: Option<u8>,
    /// What is left of it.
    pub effective: Option<Effective>,
    /// supported, unproven or fragile.
    pub verdict: Option<String>,
    /// Domains that do not hold the next level.
    pub binding: Vec<String>,
}

/// What is left of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Effective {
    /// Proven.
    pub low: u8,
    /// Possible.
    pub high: u8,
}
