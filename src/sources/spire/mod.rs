//! Exports of SPIRE servers. Holds what they share: SPIFFE ids.

pub mod entries;

use serde::Deserialize;

/// Provider of everything here.
const PROVIDER: &str = "spire";

/// A SPIFFE id in its two parts, as the server's API has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct SpiffeId {
    trust_domain: String,
    path: String,
}

impl std::fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "spiffe://{}{}", self.trust_domain, self.path)
    }
}
