//! How identity maturity caps the AI maturity that a programme claims.

use serde::{Deserialize, Serialize};

use super::level::Maturity;

/// What the evidence says of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is proven.
    Supported,
    /// It is possible, but not proven.
    Unproven,
    /// The evidence contradicts it.
    Fragile,
}

/// Claimed AI maturity, and what identity maturity leaves of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AiMaturity {
    /// The level that the programme claims.
    pub claimed: Option<u8>,
    /// What is proven and what is possible of it.
    pub effective: Option<(u8, u8)>,
    /// What the evidence says.
    pub verdict: Option<Verdict>,
    /// Domains that do not hold the next level.
    pub binding: Vec<String>,
}

/// Caps a claim by the identity maturity of the identities that AI uses.
#[must_use]
pub fn cap_ai_maturity(claimed: Option<u8>, identity: &Maturity) -> AiMaturity {
    let effective = claimed.map(|level| (level.min(identity.proven), level.min(identity.possible)));
    let verdict = claimed.map(|level| {
        if level > identity.possible {
            Verdict::Fragile
        } else if level > identity.proven {
            Verdict::Unproven
        } else {
            Verdict::Supported
        }
    });
    let next = identity.proven + 1;
    let binding = match identity.profile.iter().find(|level| level.level == next) {
        Some(_) => {
            identity.domains.iter().filter(|domain| domain.holds_back(next)).map(|domain| domain.id.clone()).collect()
        }
        None => Vec::new(),
    };
    AiMaturity { claimed, effective, verdict, binding }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(proven: u8, possible: u8) -> Maturity {
        Maturity { proven, possible, mean_proven: None, mean_possible: None, profile: Vec::new(), domains: Vec::new() }
    }

    #[test]
    fn a_claim_is_fragile_unproven_or_supported() {
        for (claimed, proven, possible, effective, verdict) in [
            (4, 1, 3, (1, 3), Verdict::Fragile),
            (4, 1, 4, (1, 4), Verdict::Unproven),
            (4, 4, 5, (4, 4), Verdict::Supported),
            (0, 0, 0, (0, 0), Verdict::Supported),
        ] {
            let ai = cap_ai_maturity(Some(claimed), &identity(proven, possible));
            assert_eq!((ai.effective, ai.verdict), (Some(effective), Some(verdict)));
        }
        assert_eq!(cap_ai_maturity(None, &identity(1, 2)).verdict, None);
    }
}
