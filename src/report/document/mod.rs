//! What the templates are given: the record, arranged as a reader meets it, with every figure already written
//! as text. Markdown, HTML and PDF are made from this one document, so that no two can disagree.
//!
//! Sentences are not made here: they stand in `templates/text/`, and reach the document as [`Prose`].

mod blocks;
mod build;
mod frameworks;
mod measures;
mod pages;
mod plan;
mod registers;
mod rows;

use std::collections::BTreeMap;

use serde::Serialize;

pub use blocks::Prose;
pub use build::build;
pub use measures::*;
pub use registers::*;
pub use rows::add_rows;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Document {
    /// What stands on the cover.
    pub cover: Cover,
    /// The texts of `templates/text/`, by name.
    pub text: BTreeMap<String, Prose>,
    /// The maturity figures in short.
    pub headline: Headline,
    /// Levels of the model.
    pub levels: Vec<LevelTitle>,
    /// Identities by use, and what they reach.
    pub uses: Vec<Use>,
    /// How many agents and tools.
    pub agents: Count,
    /// Selectors that say which identities AI uses.
    pub selectors: Vec<Selector>,
    /// When credentials end by themselves.
    pub revocation: Vec<Revocation>,
    /// Level by level, how many domains hold it and what holds it back.
    pub profile: Vec<Profile>,
    /// How many domains the model has.
    pub domain_count: usize,
    /// Domains.
    pub domains: Vec<Domain>,
    /// Frameworks.
    pub frameworks: Vec<Framework>,
    /// Rows by severity.
    pub severities: Vec<Severity>,
    /// Checks, worst first.
    pub checks: Vec<Check>,
    /// Rows that do not pass; empty unless they were added, since not every output lists them.
    pub rows: Vec<Row>,
    /// How many rows there were to list.
    pub rows_found: u64,
    /// Questions.
    pub questions: Vec<Question>,
    /// The plan.
    pub plan: Plan,
    /// Evidence manifest.
    pub evidence: Vec<Evidence>,
    /// Files that were not recognised.
    pub unrecognised: Vec<Pair>,
    /// Scopes and what is covered of each.
    pub scopes: Vec<Scope>,
    /// Scopes left out.
    pub excluded: Vec<Excluded>,
    /// Levels to reach by a date.
    pub targets: Vec<Target>,
    /// Parameters that differ from their defaults.
    pub parameters_changed: Vec<Parameter>,
    /// All parameters.
    pub parameters: Vec<Parameter>,
    /// Accepted risks.
    pub waivers: Vec<Waiver>,
    /// Questions answered *not applicable*.
    pub not_applicable: Vec<NotApplicable>,
    /// Answers that are stale, unattested or without evidence.
    pub weak_answers: Vec<Answer>,
    /// How many answers were given.
    pub answers_given: usize,
    /// Catalogs and their attribution.
    pub catalogs: Vec<Catalog>,
    /// Warnings and notes.
    pub notices: Vec<Notice>,
    /// Records that could not be read.
    pub rejected: usize,
}

/// What stands on the cover.
#[derive(Debug, Serialize)]
pub struct Cover {
    pub organisation: String,
    pub client: Option<String>,
    pub assessor: Option<String>,
    pub period: Option<String>,
    pub status: Option<String>,
    pub is_draft: bool,
    pub as_of: String,
    pub id: String,
    pub version: String,
    pub files: usize,
    pub scopes: usize,
}

/// A level range: `1`, or `1–3`.
#[derive(Debug, Serialize)]
pub struct Levels {
    pub proven: u8,
    pub possible: u8,
    pub text: String,
    pub mean_proven: String,
    pub mean_possible: String,
}

/// The maturity figures in short.
#[derive(Debug, Serialize)]
pub struct Headline {
    pub identity: Levels,
    pub ai_identity: Levels,
    pub claimed: Option<u8>,
    pub effective: Option<String>,
    pub verdict: Option<String>,
    pub binding: Vec<String>,
    pub next_level: Option<u8>,
    /// Practices that the evidence is against at the next level.
    pub failing: Vec<PracticeRef>,
    /// Practices that more evidence could settle at the next level.
    pub unproven: Vec<PracticeRef>,
}

/// A practice by name.
#[derive(Debug, Clone, Serialize)]
pub struct PracticeRef {
    pub id: String,
    pub title: String,
    pub domain: String,
    pub level: u8,
}

/// A level of the model.
#[derive(Debug, Serialize)]
pub struct LevelTitle {
    pub level: u8,
    pub title: String,
    pub summary: String,
}

/// Identities of one use.
#[derive(Debug, Serialize)]
pub struct Use {
    /// agent, inference, pipeline, none, unknown or all.
    pub ai_use: String,
    pub identities: i64,
    pub admin: i64,
    pub wildcard: i64,
    pub escalation: i64,
    pub reaches_admin: i64,
    pub external_trust: i64,
    pub reach_unknown: i64,
}

/// How many agents and tools.
#[derive(Debug, Serialize)]
pub struct Count {
    pub agents: i64,
    pub tools: i64,
}

/// A selector of rungs.yaml.
#[derive(Debug, Serialize)]
pub struct Selector {
    pub text: String,
    pub identities: i64,
}

/// When the active credentials of a population end by themselves.
#[derive(Debug, Serialize)]
pub struct Revocation {
    /// ai, unknown or all.
    pub population: String,
    pub active: i64,
    /// hour, day, days90, later, never, unknown: each without the ones before.
    pub buckets: Vec<Bucket>,
    /// Shares with the ones before: within an hour, a day, 90 days, and never.
    pub within_hour: String,
    pub within_day: String,
    pub within_90_days: String,
    pub never: String,
    pub unknown: String,
}

/// One bucket.
#[derive(Debug, Serialize)]
pub struct Bucket {
    pub name: &'static str,
    pub count: i64,
    /// Share of the active ones, 0 to 1.
    pub share: f64,
    pub text: String,
}

/// An interval as figures for a bar and as text.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    /// 0 to 1; null where the thing does not apply.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// `12.3–45.6 %`, or a dash.
    pub text: String,
}

/// How many domains hold a level, and what holds it back.
#[derive(Debug, Serialize)]
pub struct Profile {
    pub level: u8,
    pub title: String,
    /// `3–12 of 12`.
    pub whole: String,
    pub whole_low: usize,
    pub whole_high: usize,
    pub ai: String,
    pub ai_low: usize,
    pub ai_high: usize,
    pub failing: Vec<PracticeRef>,
    pub unproven: Vec<PracticeRef>,
}

/// A domain.
#[derive(Debug, Serialize)]
pub struct Domain {
    pub id: String,
    pub title: String,
    pub asks: String,
    pub whole: Levels,
    pub ai: Levels,
    /// Mean of the practices' intervals: what the radar and the bars show.
    pub achieved: Bar,
    /// Practices that keep the next level from being proven, failing ones first.
    pub blocking: Vec<PracticeRef>,
    pub practices: Vec<Practice>,
}

/// A practice.
#[derive(Debug, Serialize)]
pub struct Practice {
    pub id: String,
    pub title: String,
    pub level: u8,
    pub bar: Bar,
    /// `F`, `P..F`, or a dash.
    pub rating: String,
    pub capped_by: Vec<String>,
    /// Whether it keeps the domain from its next level: failing, unproven or empty.
    pub blocks: &'static str,
    pub parts: Vec<Part>,
}

/// A check or question of a practice or control.
#[derive(Debug, Serialize)]
pub struct Part {
    pub id: String,
    pub kind: String,
    pub title: String,
    pub bar: Bar,
    /// assessed, partly-assessed, ... for checks; answered, unanswered, stale for questions.
    pub state: String,
}
