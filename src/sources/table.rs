//! Streaming CSV with a header: one line at a time, however large the file. A line that has too many or too few
//! fields is rejected; only a last line that is cut short ends the reading.

use std::io::Read;

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use serde::de::DeserializeOwned;

use super::output::{Broken, Output, Reject, Stop};

/// One line of a table, under its header. A quoted field may run over several lines of the file.
pub(super) struct Line<'a> {
    /// `line N`, where it starts.
    pub locator: String,
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl Line<'_> {
    /// The field under the first of the columns that the table has, without blanks around it; empty where it has
    /// none of them.
    pub fn get(&self, columns: &[&str]) -> &str {
        let at = |column: &&str| self.header.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
        columns.iter().find_map(at).and_then(|at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// The line as a typed record.
    ///
    /// # Errors
    /// [`Reject`] saying what was expected, without any of the record's values.
    pub fn parse<T: DeserializeOwned>(&self, what: &str) -> Result<T, Reject> {
        let shape = |_| Reject::because(format!("the line does not have the shape of {what}"));
        self.record.deserialize(Some(self.header)).map_err(shape)
    }
}

/// Streams the lines of a table, each as a record of `out`.
///
/// # Errors
/// [`Broken`] when the text breaks off or cannot be read, or when `each` says so.
pub(super) fn lines(
    reader: impl Read,
    separator: u8,
    out: &mut Output,
    each: &mut dyn FnMut(&Line<'_>, &mut Output) -> Result<(), Stop>,
) -> Result<(), Broken> {
    let mut rows = ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(reader);
    let header = rows.headers().map_err(|_| Broken::new("the header cannot be read"))?.clone();
    // Of `\r\n` the reader takes the second half for the start of the next line, and so is one line behind.
    let behind = 2_u64.saturating_sub(rows.position().line()).min(1);
    let wrong = |locator: &str, fields: usize, out: &mut Output| {
        let reason = format!("the line has {fields} fields, the header has {}", header.len());
        out.record(locator, |_| Err(Reject(reason).into()))
    };
    let mut record = StringRecord::new();
    // A short line is wrong if another follows, and a file that breaks off if none does.
    let mut short: Option<(String, usize)> = None;
    loop {
        let from = rows.position().line() + behind;
        let read = rows.read_record(&mut record);
        if let Some((locator, fields)) = short.take() {
            if matches!(read, Ok(false)) {
                return Err(Broken::new(format!("the file breaks off at {locator}")));
            }
            wrong(&locator, fields, out)?;
        }
        match read {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let locator = format!("line {}", record.position().map_or(from, |position| position.line() + behind));
                match record.len().cmp(&header.len()) {
                    std::cmp::Ordering::Less => short = Some((locator, record.len())),
                    std::cmp::Ordering::Greater => wrong(&locator, record.len(), out)?,
                    std::cmp::Ordering::Equal => {
                        let line = Line { locator, header: &header, record: &record };
                        out.record(&line.locator, |out| each(&line, out))?;
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::Utf8 { .. }) => {
                out.record(&format!("line {from}"), |_| Err(Reject::because("the line is not UTF-8 text").into()))?;
            }
            Err(_) => return Err(Broken::new(format!("the file cannot be read past line {from}"))),
        }
    }
}
