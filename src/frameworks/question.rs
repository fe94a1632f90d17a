//! Questions: what only people can answer. One YAML file a domain.

use std::sync::Arc;

use serde::Deserialize;

use super::check::{Effect, EffortHours, Remediation, Severity};
use crate::diag::{Diagnostic, Located, SourceFile, read_yaml};

/// One question of the questionnaire.
#[derive(Debug, Clone)]
pub struct Question {
    /// The file that it was read from.
    pub file: Arc<SourceFile>,
    /// Its id.
    pub id: Located<String>,
    /// The practice that it is part of.
    pub practice: Located<String>,
    /// What is asked.
    pub question: String,
    /// What counts as fully, and what as partially.
    pub guidance: String,
    /// What to attach.
    pub evidence: String,
    /// Its weight.
    pub severity: Severity,
    /// What to do where the answer is not *fully*.
    pub remediation: Remediation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    questions: Vec<RawQuestion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    id: Located<String>,
    practice: Located<String>,
    question: String,
    guidance: String,
    evidence: String,
    #[serde(default = "medium")]
    severity: Severity,
    remediation: RawRemediation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRemediation {
    title: String,
    steps: String,
    effort_hours: f64,
    owner: String,
    #[serde(default)]
    requires: Vec<Located<String>>,
}

fn medium() -> Severity {
    Severity::Medium
}

/// Reads the questions of one domain.
///
/// # Errors
/// A fault that points at the line.
pub(super) fn read(file: &Arc<SourceFile>) -> Result<Vec<Question>, Box<Diagnostic>> {
    let raw: Raw = read_yaml(file)?;
    Ok(raw
        .questions
        .into_iter()
        .map(|question| Question {
            file: Arc::clone(file),
            id: question.id,
            practice: question.practice,
            question: question.question.trim().to_owned(),
            guidance: question.guidance.trim().to_owned(),
            evidence: question.evidence.trim().to_owned(),
            severity: question.severity,
            remediation: Remediation {
                title: question.remediation.title,
                steps: question.remediation.steps,
                effort_hours: EffortHours { fixed: question.remediation.effort_hours, per_row: 0.0 },
                owner: question.remediation.owner,
                effect: Effect::Pass,
                requires: question.remediation.requires,
            },
        })
        .collect())
}
