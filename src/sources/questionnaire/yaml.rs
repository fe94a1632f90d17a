//! The questionnaire as YAML: strict keys, and faults that point at the line, since people write it by hand.

use std::sync::Arc;

use serde::Deserialize;

use super::{Answer, PROVIDER, filled};
use crate::diag::{Located, Place, SourceFile, read_yaml};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source};

/// `questionnaire.yaml`.
pub struct QuestionnaireYaml;

impl Source for QuestionnaireYaml {
    fn about(&self) -> &'static About {
        &About {
            kind: "questionnaire.yaml",
            title: "Answers to the questionnaire (YAML)",
            provider: PROVIDER,
            command: "rungs init && edit questionnaire.yaml",
            recognises: "YAML that starts with `answers:`, or a file named `questionnaire*.yaml`",
            facts: &[],
            main_view: "scopes",
            precedence: 5,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let name = probe.file_name();
        let is_named = name.starts_with("questionnaire") && (name.ends_with(".yaml") || name.ends_with(".yml"));
        Recognised::yes_if(is_named || first_key(probe.head()) == Some("answers"))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.about_scope(super::EVERYWHERE);
        let file = SourceFile::new(&input.path, input.text()?);
        let raw: Raw = match read_yaml(&file) {
            Ok(raw) => raw,
            Err(fault) => {
                out.fault(*fault);
                return Ok(());
            }
        };
        for answer in raw.answers.unwrap_or_default() {
            let line = answer.question.line();
            let locator = format!("line {line}");
            out.record(&locator, |out| {
                let at = answer.answer.as_ref().map_or_else(
                    || Place::Path(input.path.clone()),
                    |written| Place::Span(Arc::clone(&file), written.range(&file)),
                );
                if let Some(row) = answer.into_answer().row(&locator, at, &input.source_id, out)? {
                    out.push(row)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The first mapping key at the left edge, after comments and markers.
fn first_key(head: &str) -> Option<&str> {
    let mut lines = head.lines().map(str::trim_end);
    let line = lines.find(|line| {
        !line.trim_start().is_empty() && !line.trim_start().starts_with('#') && !line.starts_with(['-', '%'])
    })?;
    let (key, _) = line.split_once(':')?;
    Some(key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    answers: Option<Vec<RawAnswer>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    #[serde(alias = "question_id")]
    question: Located<String>,
    #[serde(alias = "scope_id")]
    scope: Option<String>,
    answer: Option<Located<String>>,
    reason: Option<String>,
    approver: Option<String>,
    answered_by: Option<String>,
    role: Option<String>,
    answered_at: Option<String>,
    expires_at: Option<String>,
    evidence_ref: Option<String>,
    evidence_sha256: Option<String>,
    third_party: Option<bool>,
    comment: Option<String>,
}

impl RawAnswer {
    fn into_answer(self) -> Answer {
        let text = |text: Option<String>| text.as_deref().and_then(filled);
        Answer {
            question: self.question.trim().to_owned(),
            scope: text(self.scope),
            answer: text(self.answer.map(Located::into_inner)),
            reason: text(self.reason),
            approver: text(self.approver),
            answered_by: text(self.answered_by),
            role: text(self.role),
            answered_at: text(self.answered_at),
            expires_at: text(self.expires_at),
            evidence_ref: text(self.evidence_ref),
            evidence_sha256: text(self.evidence_sha256),
            third_party: self.third_party,
            comment: text(self.comment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Attestation, Row as _};
    use crate::sources::fixtures::{faults_of, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn answers_are_read_with_all_that_backs_them() {
        let loaded = load_fixture(&QuestionnaireYaml, "questionnaire.yaml/good/questionnaire.yaml");
        assert_eq!(
            loaded.rows(
                Attestation::TABLE,
                &["question_id", "scope_id", "answer", "answered_at", "expires_at", "locator"]
            ),
            [
                ["governance.accountable", "*", "fully", "2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z", "line 4"],
                ["offboarding.process", "111122223333", "not-applicable", "2026-06-02T09:30:00Z", "∅", "line 16"],
            ]
        );
        assert_eq!(
            loaded.rows(
                Attestation::TABLE,
                &[
                    "reason",
                    "approver",
                    "answered_by",
                    "role",
                    "evidence_ref",
                    "evidence_sha256",
                    "third_party",
                    "comment"
                ]
            )[0],
            [
                "∅",
                "∅",
                "J. Ruiz",
                "CISO",
                "https://wiki.acme.example/policy",
                &"0a".repeat(32),
                "true",
                "signed by the board"
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded), (3, 3), "an open question is no rejected one");
        assert_eq!((file.scope_id.as_str(), file.scope_assumed), ("*", false));
        assert!(file.coverage.is_empty());
    }

    #[test]
    fn an_unknown_word_stops_the_run_at_its_line() {
        assert_eq!(
            faults_of(&QuestionnaireYaml, "questionnaire.yaml/bad/unknown-word.yaml"),
            ["error[sources/unknown-answer] unknown-word.yaml:6:13: `mostly` is not an answer"]
        );
    }

    #[test]
    fn an_unknown_key_stops_the_run_at_its_line() {
        let faults = faults_of(&QuestionnaireYaml, "questionnaire.yaml/bad/unknown-key.yaml");
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("error[yaml/invalid] unknown-key.yaml:4:5: "), "{faults:?}");
        let faults = faults_of(&QuestionnaireYaml, "questionnaire.yaml/bad/truncated.yaml");
        assert!(faults[0].starts_with("error[yaml/invalid] truncated.yaml:"), "{faults:?}");
    }

    #[test]
    fn a_wrong_date_puts_one_answer_aside() {
        let loaded = load_fixture(&QuestionnaireYaml, "questionnaire.yaml/bad/wrong-date.yaml");
        assert_eq!(loaded.rows(Attestation::TABLE, &["question_id"]), [["b"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "line 2: `answered_at` is not a date",
                "line 8: `evidence_sha256` is not a SHA-256 digest in hex",
                "line 11: the answer names no question"
            ]
        );
    }

    #[test]
    fn only_the_first_key_counts() {
        assert_eq!(first_key("# note\n\n---\nanswers:\n- question: a"), Some("answers"));
        assert_eq!(first_key("answers: []"), Some("answers"));
        assert_eq!(first_key("organisation: x\nanswers: a.yaml"), Some("organisation"));
        assert_eq!(first_key("{\"answers\": []}"), Some("{\"answers\""));
        assert_eq!(first_key(""), None);
    }
}
