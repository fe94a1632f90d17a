//! What people state that no export can show: answers to questions, and who answers for an identity. Reads what was
//! stated, by whom, when and on what evidence; whether a question exists and what an answer is worth is judged
//! elsewhere.

pub mod register;
mod sheet;
pub mod spreadsheet;
pub mod yaml;

use crate::diag::{Diagnostic, Place};
use crate::inventory::column::Word;
use crate::inventory::schema::Attestation;
use crate::sources::{Output, Reject};

const PROVIDER: &str = "questionnaire";
/// The scope of an answer that is about the organisation as a whole.
const EVERYWHERE: &str = "*";
const ANSWERS: [&str; 5] = ["fully", "largely", "partially", "not", "not-applicable"];
/// Longest wrong answer that a fault repeats.
const MAX_SHOWN: usize = 40;

/// One answer as it is written, every field without blanks around it and without empty texts.
#[derive(Debug, Default)]
struct Answer {
    question: String,
    scope: Option<String>,
    answer: Option<String>,
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

impl Answer {
    /// The row, or `None` where the question is still open.
    fn row(self, locator: &str, at: Place, source_id: &str, out: &mut Output) -> Result<Option<Attestation>, Reject> {
        if self.question.is_empty() {
            return Err(Reject::because("the answer names no question"));
        }
        let Some(written) = self.answer else { return Ok(None) };
        let Some(answer) = known_answer(&written) else {
            // Guessing at an answer would put words in someone's mouth: the run stops until it is mended.
            let shown: String = written.chars().take(MAX_SHOWN).collect();
            let fault = Diagnostic::error("sources/unknown-answer", format!("`{shown}` is not an answer")).at(at);
            out.fault(
                fault.help(format!("answers are {}; leave it empty where nobody answered yet", ANSWERS.join(", "))),
            );
            return Err(Reject::because("the answer is not one of the five words"));
        };
        let answered_at = match &self.answered_at {
            Some(text) => Some(out.past("answered_at", text, locator)?),
            None => None,
        };
        let expires_at = match &self.expires_at {
            Some(text) => Some(out.date("expires_at", text)?),
            None => None,
        };
        let evidence_sha256 = match self.evidence_sha256 {
            Some(text) => Some(digest(&text)?),
            None => None,
        };
        Ok(Some(Attestation {
            question_id: self.question,
            scope_id: Word(self.scope.unwrap_or_else(|| EVERYWHERE.to_owned())),
            answer: Some(Word::from(answer)),
            reason: self.reason,
            approver: self.approver,
            answered_by: self.answered_by,
            role: self.role,
            answered_at,
            expires_at,
            evidence_ref: self.evidence_ref,
            evidence_sha256,
            third_party: self.third_party,
            comment: self.comment,
            source_id: source_id.to_owned(),
            locator: locator.to_owned(),
        }))
    }
}

/// The answer that a word means, whatever its case and the blanks around and in it.
fn known_answer(written: &str) -> Option<&'static str> {
    let word = written.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    match word.as_str() {
        "not applicable" | "n/a" => Some("not-applicable"),
        word => ANSWERS.into_iter().find(|answer| *answer == word),
    }
}

/// A text without blanks around it; `None` where nothing is left.
fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn digest(text: &str) -> Result<String, Reject> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    match hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(hex),
        false => Err(Reject::because("`evidence_sha256` is not a SHA-256 digest in hex")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_words_and_their_spellings_are_answers() {
        for (written, answer) in [
            ("fully", Some("fully")),
            (" Fully ", Some("fully")),
            ("LARGELY", Some("largely")),
            ("partially", Some("partially")),
            ("Not", Some("not")),
            ("not-applicable", Some("not-applicable")),
            ("Not  Applicable", Some("not-applicable")),
            ("N/A", Some("not-applicable")),
            ("yes", None),
            ("no", None),
            ("na", None),
            ("full", None),
            ("partly", None),
            ("fully, mostly", None),
        ] {
            assert_eq!(known_answer(written), answer, "{written}");
        }
    }

    #[test]
    fn digests_are_hex_of_the_right_length() {
        let hex = "0A".repeat(32);
        assert_eq!(digest(&hex).unwrap(), "0a".repeat(32));
        assert_eq!(digest(&format!("sha256:{hex}")).unwrap(), "0a".repeat(32));
        assert!(digest("0a0a").is_err());
    }
}
