//! `rungs assess`: the main job.

mod pipeline;

use std::path::PathBuf;

use clap::Args;

use super::groups::InventoryArgs;
use super::output::{Staged, render};
use super::report::{TemplateArgs, chosen};
use super::{Error, Exit, Ui, summary};
use crate::report::Input;

/// Name of the file of row verdicts.
const ROWS: &str = "rows.parquet";
/// Name of the file that lists records which could not be read.
const REJECTED: &str = "rejected.ndjson";

/// Assess an estate: read its exports, check every identity, score coverage and maturity, write reports.
#[derive(Debug, Args)]
#[command(after_help = "Example: rungs assess samples/meridian/2026-q2 -o out")]
pub struct AssessArgs {
    #[command(flatten)]
    inventory: InventoryArgs,
    /// Folder to write to
    #[arg(long, short, value_name = "DIR", default_value = "out")]
    output: PathBuf,
    /// Frameworks to report on, as `rungs catalog list` names them; those of rungs.yaml, else all
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    framework: Vec<String>,
    /// Reports to write: json, md, html, pdf, findings, remediation, xlsx; all where it is left out
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    report: Vec<String>,
    /// End with exit code 0 even if a source failed or a check erred
    #[arg(long)]
    allow_incomplete: bool,
    #[command(flatten)]
    templates: TemplateArgs,
}

impl AssessArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let Self { inventory, output, framework, report, allow_incomplete, templates } = self;
        let reports = chosen(&report)?;
        let templates = templates.open()?;
        let configured = inventory.configure()?;
        let frameworks = pipeline::frameworks(&configured, &framework)?;
        let opened = configured.open(ui, Some(&output))?;
        let staged = Staged::new(&output)?;
        let progress = ui.progress("checking");
        let assessed = pipeline::assess(&opened, &frameworks, &staged.path(ROWS), REJECTED)?;
        progress.set_message("writing reports");
        staged.write(REJECTED, |out| {
            for record in opened.estate.rejected() {
                let line = serde_json::to_string(record).map_err(|error| Error::Stdout(error.into()))?;
                writeln!(out, "{line}").map_err(|source| Error::Write { path: output.join(REJECTED), source })?;
            }
            Ok(())
        })?;
        let rows = staged.path(ROWS);
        render(&Input { record: &assessed.record, rows: &rows, templates: &templates }, &reports, &staged)?;
        let files = staged.publish()?;
        progress.finish_and_clear();
        for fault in &assessed.notices {
            ui.fault(fault);
        }
        if !ui.is_quiet() {
            let text = summary::text(&assessed.record, &output, &files, ui);
            ui.data(&text)?;
        }
        let incomplete = opened.estate.incomplete() || assessed.has_errors;
        Ok(if incomplete && !allow_incomplete { Exit::Incomplete } else { Exit::Done })
    }
}
