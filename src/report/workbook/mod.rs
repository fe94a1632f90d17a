//! `workbook.xlsx`: the assessment as an auditor works with it.

mod crosswalk;
mod registers;
mod results;
mod summary;
mod table;

use std::io::Write;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook as Book, XlsxError};

use super::text::visible;
use super::{Error, Input, Report};
use table::Styles;

/// The assessment as a workbook.
pub struct Workbook;

impl Report for Workbook {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn file(&self) -> &'static str {
        "workbook.xlsx"
    }

    fn about(&self) -> &'static str {
        "summary, controls, checks, findings, plan, waivers, crosswalk and evidence as sheets"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let record = input.record;
        let mut book = Book::new();
        // A workbook made twice from one record is the same file, so the time is the record's.
        let made = ExcelDateTime::parse_from_str(&record.as_of).map_err(failed)?;
        let organisation = record.organisation.as_deref().unwrap_or("Identity maturity assessment");
        book.set_properties(
            &DocProperties::new().set_title(visible(organisation)).set_author("Rungs").set_creation_datetime(&made),
        );
        let styles = Styles::new();
        summary::summary(book.add_worksheet(), record, &styles).map_err(failed)?;
        results::controls(book.add_worksheet(), record, &styles).map_err(failed)?;
        results::checks(book.add_worksheet(), record, &styles).map_err(failed)?;
        results::findings(book.add_worksheet(), input, &styles)?;
        registers::plan(book.add_worksheet(), record, &styles).map_err(failed)?;
        registers::waivers(book.add_worksheet(), record, &styles).map_err(failed)?;
        crosswalk::crosswalk(book.add_worksheet(), record, &styles).map_err(failed)?;
        registers::evidence(book.add_worksheet(), record, &styles).map_err(failed)?;
        let bytes = book.save_to_buffer().map_err(failed)?;
        out.write_all(&bytes)?;
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn failed(error: XlsxError) -> Error {
    Error::Format { format: "xlsx", message: error.to_string() }
}
