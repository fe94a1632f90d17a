//! Verdicts of other tools, imported as they stand and never judged again. What the formats share: the words for
//! a verdict, the row that it makes, and how its subject joins with an identity.

pub mod asff;
pub mod ciso_assistant;
mod event;
mod join;
pub mod ocsf;
pub mod oscal;
pub mod prowler_csv;
pub mod prowler_ocsf;

pub(super) use join::{Subject, principal};

use super::{Input, Reject, hash};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Finding;

/// The provider of verdicts that belong to no kind of system that we know.
const PROVIDER: &str = "findings";

/// One verdict, before it becomes a row. Texts that the format does not give are empty.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Id of the verdict as the tool gives it.
    pub uid: String,
    pub tool: String,
    pub tool_version: String,
    pub check_id: String,
    /// One of the four words.
    pub status: &'static str,
    pub severity: String,
    pub title: String,
    pub observed_at: Option<Moment>,
    pub frameworks: String,
    pub subject: Subject,
}

impl Verdict {
    /// The row.
    ///
    /// # Errors
    /// [`Reject`] where the verdict does not say what was checked, or on what.
    pub fn row(self, input: &Input, locator: &str) -> Result<Finding, Reject> {
        let Self { uid, tool, tool_version, check_id, status, severity, title, observed_at, frameworks, subject } =
            self;
        if check_id.is_empty() {
            return Err(Reject::because("the finding names no check"));
        }
        if subject.uid.is_empty() {
            return Err(Reject::because("the finding names no resource"));
        }
        let tool = tool.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase();
        let finding_id = match uid.is_empty() {
            true => hash::row_id(&[&tool, &check_id, &subject.scope, &subject.uid]),
            false => uid,
        };
        Ok(Finding {
            finding_id,
            provider: Word::from(provider_of(&subject.system)),
            scope_id: filled(subject.scope.clone()).or_else(|| Some(input.scope_id.clone())).map(Word),
            tool: Word(tool),
            tool_version: filled(tool_version),
            title: filled(title).unwrap_or_else(|| check_id.clone()),
            check_id,
            status: Word::from(status),
            severity: filled(severity).map(|word| Word(word.to_lowercase())),
            identity_id: subject.identity(),
            resource_ref: subject.uid,
            observed_at,
            frameworks: filled(frameworks),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
        })
    }
}

/// The verdict that a tool's word means; none where it is no verdict.
fn status_of(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_uppercase().replace([' ', '-'], "_").as_str() {
        "PASS" | "PASSED" | "COMPLIANT" => Some("pass"),
        "FAIL" | "FAILED" | "NON_COMPLIANT" => Some("fail"),
        // Nobody could tell, so that somebody has to look.
        "MANUAL" | "WARNING" | "WARN" | "INFO" | "UNKNOWN" | "NOT_AVAILABLE" => Some("manual"),
        "NOT_APPLICABLE" => Some("not_applicable"),
        _ => None,
    }
}

/// The kind of system that a tool's word means.
fn provider_of(system: &str) -> &'static str {
    match system.to_ascii_lowercase().as_str() {
        "aws" => "aws",
        "azure" | "m365" | "microsoft365" | "entra" => "azure",
        "gcp" | "google" | "google cloud" => "gcp",
        "kubernetes" | "k8s" => "k8s",
        "github" => "github",
        "gitlab" => "gitlab",
        "okta" => "okta",
        "vault" => "vault",
        "code" => "code",
        _ => PROVIDER,
    }
}

fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_tools_are_four_verdicts() {
        for (word, status) in [
            ("PASS", Some("pass")),
            ("Passed", Some("pass")),
            ("FAILED", Some("fail")),
            ("manual", Some("manual")),
            ("NOT_AVAILABLE", Some("manual")),
            ("not applicable", Some("not_applicable")),
            ("New", None),
            ("", None),
        ] {
            assert_eq!(status_of(word), status, "{word}");
        }
    }

    #[test]
    fn systems_have_our_names() {
        assert_eq!(provider_of("AWS"), "aws");
        assert_eq!(provider_of("M365"), "azure");
        assert_eq!(provider_of("mongodbatlas"), "findings");
    }
}
