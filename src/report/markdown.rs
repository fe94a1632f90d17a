//! `report.md`: for pull requests and wikis.

use std::io::Write;

use super::{Error, Input, Report, document, template};

/// The report as Markdown.
pub struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "md"
    }

    fn file(&self) -> &'static str {
        "report.md"
    }

    fn about(&self) -> &'static str {
        "summary, tables and plan for a wiki or pull request"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let document = document::build(input.record, input.templates)?;
        let text = input.templates.render("markdown/report.md.jinja", &document, template::as_markdown())?;
        out.write_all(text.as_bytes())?;
        Ok(())
    }
}
