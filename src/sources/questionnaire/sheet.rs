//! Sheets that people keep, saved as CSV, with what spreadsheet programs make of them: `;` or tab between columns,
//! a byte-order mark, empty lines. Knows lines and columns, not what stands in them.

use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use super::filled;
use crate::diag::{Place, SourceFile};
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Reject};

const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// What a sheet looks like.
pub(super) struct Sheet {
    /// What it is called in messages.
    pub what: &'static str,
    /// Columns that are read; others are named in a note.
    pub columns: &'static [&'static str],
    /// Columns without which it is something else: one of each group.
    pub required: &'static [&'static [&'static str]],
    /// A column's name from how it is written.
    pub rename: fn(&str) -> String,
}

/// One line with something in it.
pub(super) struct Line<'a> {
    names: &'a [String],
    record: &'a StringRecord,
    /// `line N`.
    pub locator: String,
    /// The whole line.
    pub at: Place,
}

impl Line<'_> {
    /// What stands in a column; `None` for a blank and for a column that is not there.
    pub fn text(&self, column: &str) -> Option<String> {
        let at = self.names.iter().position(|name| name == column)?;
        self.record.get(at).and_then(filled)
    }

    /// Fewer fields leave the last ones empty; more mean that a text with a separator was not quoted, and every
    /// field behind it stands in the wrong column.
    fn check(&self) -> Result<(), Reject> {
        if self.record.iter().skip(self.names.len()).any(|field| !field.trim().is_empty()) {
            let message = format!("the line has {} fields, the header has {}", self.record.len(), self.names.len());
            return Err(Reject::because(message));
        }
        Ok(())
    }
}

/// What stands between the columns of a header that has one of each group.
pub(super) fn separator(header: &str, required: &[&[&str]]) -> Option<char> {
    let has = |separator: char, wanted: &&str| {
        header.split(separator).any(|name| name.trim().trim_matches('"').trim().eq_ignore_ascii_case(wanted))
    };
    SEPARATORS
        .into_iter()
        .find(|separator| required.iter().all(|group| group.iter().any(|wanted| has(*separator, wanted))))
}

impl Sheet {
    /// Hands out every line that is not empty, as one record each.
    ///
    /// # Errors
    /// [`Broken`] when the file cannot be read to its end.
    pub fn each(
        &self,
        input: &Input,
        out: &mut Output,
        read: &mut dyn FnMut(&Line<'_>, &mut Output) -> Result<(), Stop>,
    ) -> Result<(), Broken> {
        let file = SourceFile::new(&input.path, input.text()?);
        let text = file.text();
        let header = text.split(['\n', '\r']).next().unwrap_or_default();
        let separator = separator(header, self.required).ok_or_else(|| Broken::new(self.lack()))?;
        let separator = u8::try_from(separator).unwrap_or(b',');
        let mut rows = ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(text.as_bytes());
        let header = rows.headers().map_err(|_| Broken::new("the header cannot be read"))?;
        let names: Vec<String> = header.iter().map(|name| (self.rename)(name)).collect();
        self.note_unknown(&names, out);
        let mut record = StringRecord::new();
        loop {
            match rows.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) if record.iter().all(|field| field.trim().is_empty()) => {}
                Ok(true) => {
                    let start = start_of(&record, text);
                    let at = Place::Span(Arc::clone(&file), file.to_line_end(start));
                    let locator = format!("line {}", file.line_column(start).0);
                    let line = Line { names: &names, record: &record, locator, at };
                    out.record(&line.locator, |out| {
                        line.check()?;
                        read(&line, out)
                    })?;
                }
                Err(_) => {
                    return Err(Broken::new(format!("the file cannot be read past line {}", rows.position().line())));
                }
            }
        }
    }

    fn lack(&self) -> String {
        let groups: Vec<String> =
            self.required.iter().filter_map(|group| Some(format!("`{}`", group.first()?))).collect();
        format!("the header lacks {}", groups.join(" or "))
    }

    fn note_unknown(&self, names: &[String], out: &mut Output) {
        let is_unknown = |name: &&String| !self.columns.contains(&name.as_str()) && !name.is_empty();
        let unknown: Vec<String> = names.iter().filter(is_unknown).map(|name| format!("`{name}`")).collect();
        if !unknown.is_empty() {
            let message = format!("not a column of the {}, not read: {}", self.what, unknown.join(", "));
            out.note("sources/unknown-column", "line 1", message);
        }
    }
}

/// Where a record starts: the reader counts empty lines before it as its own.
fn start_of(record: &StringRecord, text: &str) -> usize {
    let from = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let rest = text.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_start_matches(['\n', '\r']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_ours_with_one_column_of_each_group() {
        let both: &[&[&str]] = &[&["question_id"], &["answer", "reply"]];
        assert_eq!(separator("Answer; Question_ID ;x", both), Some(';'));
        assert_eq!(separator("\"question_id\",\"answer\"", both), Some(','));
        assert_eq!(separator("question_id\treply", both), Some('\t'));
        assert_eq!(separator("question_id,response", both), None);
        assert_eq!(separator("", both), None);
    }
}
