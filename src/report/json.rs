//! `assessment.json`: the record itself.

use std::io::Write;

use super::{Error, Input, Report};

/// The record as JSON.
pub struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file(&self) -> &'static str {
        "assessment.json"
    }

    fn about(&self) -> &'static str {
        "the whole assessment, for programs"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut *out, input.record).map_err(std::io::Error::from)?;
        writeln!(out)?;
        Ok(())
    }
}
