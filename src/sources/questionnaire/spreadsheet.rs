//! The questionnaire as CSV, with what spreadsheet programs make of it: `;` or tab between columns, a
//! byte-order mark, upper-case TRUE, empty lines.

use super::sheet::{self, Line, Sheet};
use super::{Answer, PROVIDER};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// What a file is recognised by.
const REQUIRED: &[&[&str]] = &[&["question_id"], &["answer"]];
/// Columns that are read.
const COLUMNS: &[&str] = &[
    "question_id",
    "answer",
    "scope",
    "reason",
    "approver",
    "answered_by",
    "role",
    "answered_at",
    "expires_at",
    "evidence_ref",
    "evidence_sha256",
    "third_party",
    "comment",
];

/// `questionnaire.csv`.
pub struct QuestionnaireCsv;

impl Source for QuestionnaireCsv {
    fn about(&self) -> &'static About {
        &About {
            kind: "questionnaire.csv",
            title: "Answers to the questionnaire (CSV)",
            provider: PROVIDER,
            command: "save the questionnaire's sheet as CSV (UTF-8)",
            recognises: "CSV whose header has `question_id` and `answer`, with `,`, `;` or tab between columns",
            facts: &[],
            main_view: "scopes",
            precedence: 5,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(sheet::separator(probe.first_line(), REQUIRED).is_some())
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.about_scope(super::EVERYWHERE);
        let sheet = Sheet { what: "questionnaire", columns: COLUMNS, required: REQUIRED, rename: column_name };
        sheet.each(input, out, &mut |line, out| read(line, input, out))
    }
}

/// A column's name whatever its case and the blanks around it; the YAML's names are understood too.
fn column_name(text: &str) -> String {
    match text.trim().to_lowercase().as_str() {
        "question" => "question_id".to_owned(),
        "scope_id" => "scope".to_owned(),
        name => name.to_owned(),
    }
}

fn read(line: &Line<'_>, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let text = |column: &str| line.text(column);
    let third_party = match text("third_party").map(|word| word.to_lowercase()).as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Reject::because("`third_party` is neither true nor false").into()),
    };
    let answer = Answer {
        question: text("question_id").unwrap_or_default(),
        scope: text("scope"),
        answer: text("answer"),
        reason: text("reason"),
        approver: text("approver"),
        answered_by: text("answered_by"),
        role: text("role"),
        answered_at: text("answered_at"),
        expires_at: text("expires_at"),
        evidence_ref: text("evidence_ref"),
        evidence_sha256: text("evidence_sha256"),
        third_party,
        comment: text("comment"),
    };
    if let Some(row) = answer.row(&line.locator, line.at.clone(), &input.source_id, out)? {
        out.push(row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Attestation, Row as _};
    use crate::sources::fixtures::{faults_of, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn rows(loaded: &Loaded) -> Vec<Vec<String>> {
        loaded
            .rows(Attestation::TABLE, &["question_id", "scope_id", "answer", "answered_at", "evidence_ref", "comment"])
    }

    #[test]
    fn all_separators_and_line_ends_give_the_same_rows() {
        let expected = [
            ["governance.accountable", "*", "fully", "2026-06-01T00:00:00Z", "policy.pdf", "approved, signed"],
            ["offboarding.process", "prod; web", "not-applicable", "2026-06-02T09:30:00Z", "∅", "∅"],
        ];
        for name in ["comma.csv", "excel-semicolon.csv", "tabs.tsv"] {
            let loaded = load_fixture(&QuestionnaireCsv, &format!("questionnaire.csv/good/{name}"));
            assert_eq!(rows(&loaded), expected, "{name}");
            let file = &loaded.estate.files[0];
            assert_eq!((file.rows_read, file.rows_loaded), (3, 3), "{name}");
        }
    }

    #[test]
    fn columns_may_stand_in_any_order_and_unknown_ones_are_named() {
        let loaded = load_fixture(&QuestionnaireCsv, "questionnaire.csv/good/excel-semicolon.csv");
        let notes: Vec<_> = loaded.estate.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(notes, ["not a column of the questionnaire, not read: `question text`"]);
        assert_eq!(loaded.rows(Attestation::TABLE, &["third_party"]), [["true"], ["∅"]]);
    }

    #[test]
    fn an_unknown_word_stops_the_run_at_its_line() {
        assert_eq!(
            faults_of(&QuestionnaireCsv, "questionnaire.csv/bad/unknown-word.csv"),
            [
                "error[sources/unknown-answer] unknown-word.csv:3:1: `yes` is not an answer",
                "error[sources/unknown-answer] unknown-word.csv:6:1: `halfway` is not an answer"
            ]
        );
    }

    #[test]
    fn wrong_lines_are_put_aside() {
        let loaded = load_fixture(&QuestionnaireCsv, "questionnaire.csv/bad/wrong-lines.csv");
        assert_eq!(rows(&loaded).len(), 1);
        assert_eq!(
            reasons(&loaded),
            [
                "line 3: `answered_at` is not a date",
                "line 4: the line has 5 fields, the header has 4",
                "line 5: the answer names no question"
            ]
        );
    }
}
