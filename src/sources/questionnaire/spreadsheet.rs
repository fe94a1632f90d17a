//! The questionnaire as CSV, with what spreadsheet programs make of it: `;` or tab between columns, a
//! byte-order mark, upper-case TRUE, empty lines.

use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use super::{Answer, PROVIDER, filled};
use crate::diag::{Place, SourceFile};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// Columns that are read; the first two are what a file is recognised by.
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
        Recognised::yes_if(separator(probe.first_line()).is_some())
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.about_scope(super::EVERYWHERE);
        let file = SourceFile::new(&input.path, input.text()?);
        let text = file.text();
        let header = text.split(['\n', '\r']).next().unwrap_or_default();
        let separator = separator(header).ok_or_else(|| Broken::new("the header lacks `question_id` or `answer`"))?;
        let separator = u8::try_from(separator).unwrap_or(b',');
        let mut rows = ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(text.as_bytes());
        let header = rows.headers().map_err(|_| Broken::new("the header cannot be read"))?;
        let names: Vec<String> = header.iter().map(column_name).collect();
        let unknown: Vec<_> =
            names.iter().filter(|name| !COLUMNS.contains(&name.as_str()) && !name.is_empty()).collect();
        if !unknown.is_empty() {
            let list = unknown.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            out.note(
                "sources/unknown-column",
                "line 1",
                format!("not a column of the questionnaire, not read: {list}"),
            );
        }
        let mut record = StringRecord::new();
        loop {
            match rows.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) if record.iter().all(|field| field.trim().is_empty()) => {}
                Ok(true) => {
                    let start = start_of(&record, text);
                    let at = Place::Span(Arc::clone(&file), file.to_line_end(start));
                    let locator = format!("line {}", file.line_column(start).0);
                    out.record(&locator, |out| read(&names, &record, &locator, at, input, out))?;
                }
                Err(_) => {
                    return Err(Broken::new(format!("the file cannot be read past line {}", rows.position().line())));
                }
            }
        }
    }
}

/// Where a record starts: the reader counts empty lines before it as its own.
fn start_of(record: &StringRecord, text: &str) -> usize {
    let from = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let rest = text.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_start_matches(['\n', '\r']).len()
}

/// A column's name whatever its case and the blanks around it; the YAML's names are understood too.
fn column_name(text: &str) -> String {
    match text.trim().to_lowercase().as_str() {
        "question" => "question_id".to_owned(),
        "scope_id" => "scope".to_owned(),
        name => name.to_owned(),
    }
}

/// What stands between the columns of a header that is one of ours.
fn separator(header: &str) -> Option<char> {
    let has = |separator: char, wanted: &str| {
        header.split(separator).any(|name| name.trim().trim_matches('"').eq_ignore_ascii_case(wanted))
    };
    SEPARATORS.into_iter().find(|separator| has(*separator, "question_id") && has(*separator, "answer"))
}

fn read(
    names: &[String],
    record: &StringRecord,
    locator: &str,
    at: Place,
    input: &Input,
    out: &mut Output,
) -> Result<(), Stop> {
    // Fewer fields leave the last ones empty; more mean that a text with a separator was not quoted, and every
    // field behind it stands in the wrong column.
    if record.iter().skip(names.len()).any(|field| !field.trim().is_empty()) {
        let message = format!("the line has {} fields, the header has {}", record.len(), names.len());
        return Err(Reject::because(message).into());
    }
    let text = |column: &str| {
        let at = names.iter().position(|name| name == column)?;
        record.get(at).and_then(filled)
    };
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
    if let Some(row) = answer.row(locator, at, &input.source_id, out)? {
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

    #[test]
    fn a_header_is_ours_with_both_columns_only() {
        assert_eq!(separator("Answer; Question_ID ;x"), Some(';'));
        assert_eq!(separator("\"question_id\",\"answer\""), Some(','));
        assert_eq!(separator("question_id\tanswer"), Some('\t'));
        assert_eq!(separator("question_id,reply"), None);
        assert_eq!(separator(""), None);
    }
}
