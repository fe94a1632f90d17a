//! The assessment's id: the same inputs give the same id, on any machine.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Digests of everything that the figures depend on.
#[derive(Debug, Clone)]
pub struct Digests<'a> {
    /// Digests of evidence files, in order.
    pub evidence: Vec<&'a str>,
    /// Digest over all framework files.
    pub frameworks: &'a str,
    /// Text of rungs.yaml.
    pub config: &'a str,
    /// Catalogs that were asked for, and settings of the command line that change figures.
    pub settings: Vec<String>,
    /// The moment of the assessment.
    pub as_of: String,
    /// Version of the program.
    pub version: &'a str,
}

/// `UUIDv5` over the digests of all inputs.
#[must_use]
pub fn assessment_id(digests: &Digests<'_>) -> String {
    let Digests { evidence, frameworks, config, settings, as_of, version } = digests;
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    evidence.iter().for_each(|sha256| part(sha256));
    part(frameworks);
    part(config);
    settings.iter().for_each(|setting| part(setting));
    part(as_of);
    part(version);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &digest.finalize()).to_string()
}
