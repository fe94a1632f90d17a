//! `rungs checks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::groups::{CatalogArgs, Format, FormatArgs};
use super::table::Table;
use super::{Error, Exit, Ui};
use crate::diag::{Diagnostic, Diagnostics, Place, SourceFile};
use crate::engine::{Compiler, Engine};
use crate::frameworks::{Check, Library};

/// List, show and test checks.
#[derive(Debug, Args)]
pub struct ChecksCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List checks with domain, severity, view and number of controls
    List(ListArgs),
    /// Show a check: what it requires, why, and what to do
    Show(ShowArgs),
    /// Run the examples written in the checks' files
    Test(TestArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs checks list --format json")]
struct ListArgs {
    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs checks show credential.long-lived")]
struct ShowArgs {
    /// The check's id
    id: String,
    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs checks test")]
struct TestArgs {
    /// Check files; all shipped checks and those of `--catalogs` where none is named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

impl ChecksCommand {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        match self.command {
            Command::List(args) => args.run(ui),
            Command::Show(args) => args.run(ui),
            Command::Test(args) => args.run(ui),
        }
    }
}

#[derive(serde::Serialize)]
struct Listed<'a> {
    id: &'a str,
    domain: &'a str,
    severity: &'static str,
    view: &'a str,
    controls: usize,
    practice: &'a str,
    title: &'a str,
}

fn listed<'a>(check: &'a Check, library: &'a Library) -> Listed<'a> {
    Listed {
        id: &check.id,
        domain: library.model.practice(&check.practice).map_or("", |practice| practice.domain.as_str()),
        severity: check.severity.name(),
        view: &check.view,
        controls: library.controls_of(check).len(),
        practice: &check.practice,
        title: &check.title,
    }
}

impl ListArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let listed = library.checks.iter().map(|check| listed(check, &library));
        match self.format.format {
            Format::Json => ui.json(&listed.collect::<Vec<_>>())?,
            Format::Text => {
                let mut table = Table::new(["id", "domain", "severity", "view", "controls", "title"]);
                for check in listed {
                    table.row([
                        check.id.to_owned(),
                        check.domain.to_owned(),
                        check.severity.to_owned(),
                        check.view.to_owned(),
                        check.controls.to_string(),
                        check.title.to_owned(),
                    ]);
                }
                ui.data(&table.text())?;
            }
        }
        Ok(Exit::Done)
    }
}

impl ShowArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let Some(check) = library.check(&self.id) else {
            return Err(Diagnostic::error("check/unknown", format!("there is no check `{}`", self.id))
                .suggest(&self.id, library.checks.iter().map(|check| check.id.as_str()))
                .into());
        };
        let controls: Vec<String> =
            library.controls_of(check).iter().map(|(catalog, control)| format!("{catalog}/{control}")).collect();
        if self.format.format == Format::Json {
            ui.json(&serde_json::json!({
                "id": check.id, "title": check.title, "rationale": check.rationale, "severity": check.severity.name(),
                "view": *check.view, "applies": *check.applies, "passes": *check.passes,
                "parameters": check.parameters, "tolerance": check.tolerance.as_deref(), "practice": *check.practice, "controls": controls,
                "remediation": check.remediation.title,
            }))?;
            return Ok(Exit::Done);
        }
        ui.line(&ui.bold(&format!("{}  {}", check.id, check.title)))?;
        ui.line(&format!("{} severity, view {}, practice {}\n", check.severity.name(), *check.view, *check.practice))?;
        ui.line(&format!("{}\n", check.rationale))?;
        ui.line(&format!("applies to rows where   {}", check.applies.trim()))?;
        ui.line(&format!("which pass where        {}", check.passes.trim()))?;
        for (name, value) in &check.parameters {
            ui.line(&format!("  {name} = {value}"))?;
        }
        if let Some(share) = &check.tolerance {
            ui.line(&format!("fully achieved below     {} % failing rows", **share * 100.0))?;
        }
        ui.line(&format!("\n{}\n{}", ui.bold(&check.remediation.title), check.remediation.steps.trim()))?;
        if !controls.is_empty() {
            ui.line(&format!("\nCounts in: {}", controls.join(", ")))?;
        }
        Ok(Exit::Done)
    }
}

impl TestArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let checks = self.checks()?;
        let engine = Engine::new()?;
        let compiler = Compiler::new(&engine);
        let mut faults = Diagnostics::default();
        let mut rows = 0;
        for check in &checks {
            let compiled = match compiler.check(check, &std::collections::BTreeMap::new()) {
                Ok(compiled) => compiled,
                Err(more) => {
                    faults.extend(more);
                    continue;
                }
            };
            let report = match engine.run_examples(check, &compiled) {
                Ok(report) => report,
                Err(crate::engine::Error::Faults(more)) => {
                    faults.extend(more);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            rows += report.rows;
            for fault in report.faults {
                faults.push(
                    Diagnostic::error(
                        "check/example",
                        format!("example `{}` is judged {}", fault.example, fault.found),
                    )
                    .at(Place::Path(check.file.name().to_owned()))
                    .help("correct the example or the predicate"),
                );
            }
        }
        if faults.has_errors() {
            return Err(faults.into());
        }
        ui.line(&format!("{} checks, {rows} example rows: all as expected", checks.len()))?;
        Ok(Exit::Done)
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        if self.files.is_empty() {
            return Ok(self.catalogs.open()?.checks);
        }
        let mut checks = Vec::new();
        for path in &self.files {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.clone(), source })?;
            let name = path.with_extension("");
            let parts: Vec<_> =
                name.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy()).collect();
            let id = parts.iter().rev().map(|part| part.as_ref()).collect::<Vec<_>>().join("/");
            let file = SourceFile::new(path.display().to_string(), text);
            checks.push(Check::read(&id, &file).map_err(|fault| Error::from(*fault))?);
        }
        Ok(checks)
    }
}
