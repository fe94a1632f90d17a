//! From everything that was computed to the saved assessment.

mod checks;
mod frameworks;
mod maturity;
mod registers;
mod scope;

use std::collections::BTreeMap;

use crate::assessment::{FrameworkResult, Inputs, Scored};
use crate::config::Config;
use crate::diag::{Diagnostic, Scalar};
use crate::engine::WaiverHits;
use crate::frameworks::Library;
use crate::maturity::{AiMaturity, Maturity};
use crate::plan::{Action, Gain, NextLevel};
use crate::record::v1;
use crate::sources::Estate;

/// Everything that was computed.
pub struct Parts<'a> {
    /// The validated rungs.yaml.
    pub config: &'a Config,
    /// What was read.
    pub estate: &'a Estate,
    /// What is measured.
    pub library: &'a Library,
    /// Values of parameters, by name.
    pub parameters: &'a BTreeMap<String, Scalar>,
    /// Largest age of evidence, in days.
    pub max_evidence_age_days: u32,
    /// What all figures rest on.
    pub inputs: &'a Inputs,
    /// Parts for the whole estate.
    pub whole: &'a Scored,
    /// Parts for the identities that AI uses.
    pub ai: &'a Scored,
    /// Figures of frameworks.
    pub frameworks: &'a [FrameworkResult],
    /// Maturity of the whole estate.
    pub identity: &'a Maturity,
    /// Maturity of the identities that AI uses.
    pub ai_identity: &'a Maturity,
    /// What it leaves of the claim.
    pub ai_maturity: &'a AiMaturity,
    /// Figures of the first page.
    pub summary: v1::Estate,
    /// Failing rows that each waiver covers.
    pub waiver_hits: &'a WaiverHits,
    /// Actions with their gains, and their order: (place, wave).
    pub actions: &'a [Action],
    /// Gains of the actions.
    pub gains: &'a [Gain],
    /// Places of actions with their waves.
    pub order: &'a [(usize, usize)],
    /// What reaches the next level.
    pub next_level: Option<NextLevel>,
    /// Warnings and notes.
    pub notices: Vec<Diagnostic>,
    /// The assessment's id.
    pub id: String,
    /// The file of row verdicts: name and digest.
    pub rows: (String, String),
    /// The file of rejected records.
    pub rejected_file: String,
}

/// Builds the record.
#[must_use]
pub fn build(parts: &Parts<'_>) -> v1::Assessment {
    let as_of = parts.estate.as_of;
    v1::Assessment {
        rungs: v1::Program { version: env!("CARGO_PKG_VERSION").to_owned(), format: v1::FORMAT.to_owned() },
        id: parts.id.clone(),
        as_of: as_of.to_string(),
        organisation: parts.config.organisation.clone(),
        scope: scope::scope(parts),
        evidence: scope::evidence(parts),
        unrecognised: parts
            .estate
            .unrecognised
            .iter()
            .map(|file| v1::Unrecognised { path: file.path.clone(), reason: file.reason.clone() })
            .collect(),
        catalogs: parts.frameworks.iter().filter_map(|f| parts.library.catalog(&f.id)).map(scope::catalog).collect(),
        frameworks_sha256: parts.library.digest.clone(),
        parameters: scope::parameters(parts),
        estate: parts.summary.clone(),
        maturity: maturity::maturity(parts),
        frameworks: parts.frameworks.iter().filter_map(|result| frameworks::framework(result, parts.library)).collect(),
        checks: parts.library.checks.iter().filter_map(|known| checks::check(known, parts)).collect(),
        questions: checks::questions(parts, as_of),
        findings: checks::findings(parts),
        rows: v1::Rows { file: parts.rows.0.clone(), sha256: parts.rows.1.clone() },
        plan: registers::plan(parts),
        waivers: registers::waivers(parts, as_of),
        not_applicable: registers::not_applicable(parts, as_of),
        attestations: registers::attestations(parts, as_of),
        rejected: v1::Rejected { count: parts.estate.rejected().count(), file: parts.rejected_file.clone() },
        notices: parts.notices.iter().map(scope::notice).collect(),
    }
}
