//! `rungs report`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Staged, render};
use super::{Error, Exit, Ui};
use crate::diag::{Diagnostic, Place};
use crate::record::v1::Assessment;
use crate::report::{Input, REPORTS, Report, Templates};

/// Render reports again from a saved assessment, without the inventory.
#[derive(Debug, Args)]
#[command(after_help = "Example: rungs report out/assessment.json --format pdf")]
pub struct ReportArgs {
    /// The saved assessment; `rows.parquet` must lie beside it
    #[arg(value_name = "ASSESSMENT.JSON")]
    record: PathBuf,
    /// Formats to write
    #[arg(long, value_delimiter = ',', value_name = "FORMAT", required = true)]
    format: Vec<String>,
    /// Folder to write to; the assessment's own where it is left out
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    templates: TemplateArgs,
}

/// Which templates to use.
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// Folder laid out like `templates/` whose files replace the shipped ones
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

impl TemplateArgs {
    /// The templates, with the user's own on top.
    pub(super) fn open(&self) -> Result<Templates, Error> {
        let mut templates = Templates::shipped();
        if let Some(folder) = &self.templates {
            templates.overlay(folder)?;
        }
        Ok(templates)
    }
}

/// The reports of these names; all where none is named.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static dyn Report>, Error> {
    if names.is_empty() {
        return Ok(REPORTS.to_vec());
    }
    names
        .iter()
        .map(|name| {
            crate::report::find(name).ok_or_else(|| {
                let known: Vec<&str> = REPORTS.iter().map(|report| report.name()).collect();
                Diagnostic::error("report/unknown", format!("there is no report format `{name}`"))
                    .help(format!("formats are {}", known.join(", ")))
                    .into()
            })
        })
        .collect()
}

/// A saved assessment.
pub(super) fn read_record(path: &Path) -> Result<Assessment, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| {
        Diagnostic::error("report/record", format!("this is not a saved assessment: {error}"))
            .at(Place::Path(path.display().to_string()))
            .help("it is the file `assessment.json` that `rungs assess` writes")
            .into()
    })
}

impl ReportArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let reports = chosen(&self.format)?;
        let templates = self.templates.open()?;
        let record = read_record(&self.record)?;
        let folder = self.record.parent().unwrap_or(Path::new("."));
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let rows = folder.join(&record.rows.file);
        let output = self.output.unwrap_or_else(|| folder.to_path_buf());
        let staged = Staged::new(&output)?;
        render(&Input { record: &record, rows: &rows, templates: &templates }, &reports, &staged)?;
        for name in staged.publish()? {
            ui.line(&output.join(name).display().to_string())?;
        }
        Ok(Exit::Done)
    }
}
