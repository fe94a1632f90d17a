//! `report.pdf`: the report as a consultancy would hand it over. Typst lays it out from the document as data;
//! no name or text of an export is ever read as markup.

mod world;

use std::io::Write;

use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::{Error, Input, Report, document};
use world::ReportWorld;

/// The report as PDF.
pub struct Pdf;

/// The template that makes the report.
const MAIN: &str = "pdf/report.typ";

impl Report for Pdf {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn file(&self) -> &'static str {
        "report.pdf"
    }

    fn about(&self) -> &'static str {
        "the report for people who decide"
    }

    fn takes_long(&self) -> bool {
        true
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let document = document::build(input.record, input.templates)?;
        let data = serde_json::to_vec(&document).map_err(std::io::Error::from)?;
        let record = serde_json::to_vec_pretty(input.record).map_err(std::io::Error::from)?;
        let world = ReportWorld::new(input.templates, MAIN, data, record)?;
        let compiled = typst::compile::<PagedDocument>(&world);
        let pages = compiled.output.map_err(|faults| world.explain(&faults))?;
        let failed = |message: String| Error::Format { format: "pdf", message };
        let standards = PdfStandards::new(&[PdfStandard::A_3a]).map_err(|error| failed(error.message().to_string()))?;
        let options = PdfOptions {
            ident: Smart::Custom(input.record.id.clone()),
            creator: Smart::Custom(Some("Rungs".to_owned())),
            timestamp: moment(&input.record.as_of).map(Timestamp::new_utc),
            standards,
            ..PdfOptions::default()
        };
        let bytes = typst_pdf::pdf(&pages, &options).map_err(|faults| world.explain(&faults))?;
        out.write_all(&bytes)?;
        Ok(())
    }
}

/// The assessment's moment; a report bears no other date.
fn moment(text: &str) -> Option<typst::foundations::Datetime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i32>().ok();
    let small = |from: usize, to: usize| number(from, to).and_then(|value| u8::try_from(value).ok());
    typst::foundations::Datetime::from_ymd_hms(
        number(0, 4)?,
        small(5, 7)?,
        small(8, 10)?,
        small(11, 13)?,
        small(14, 16)?,
        small(17, 19)?,
    )
}
