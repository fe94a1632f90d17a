//! `rungs catalog`.

mod editions;
mod exchange;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::groups::{CatalogArgs, Format, FormatArgs};
use super::table::Table;
use super::{Error, Exit, Ui};
use crate::diag::{Diagnostic, Diagnostics, SourceFile};
use crate::frameworks::{Catalog, ControlMapping, Files, Library, Reference, Resolution, Resolved, lint, lint_against};
use crate::inventory::Fact;
use crate::sources::SOURCES;

/// List, show and check framework catalogs.
#[derive(Debug, Args)]
pub struct CatalogCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List catalogs with edition, date and number of controls
    List(ListArgs),
    /// Show a catalog, or a control by any form of its id
    Show(ShowArgs),
    /// Check catalogs, mappings, checks, questions and the model
    Lint(LintArgs),
    /// Take over a catalog or mapping from OSCAL or CISO Assistant
    Import(exchange::ImportArgs),
    /// Write a catalog for another tool
    Export(exchange::ExportArgs),
    /// Compare two editions of a framework
    Diff(editions::DiffArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog list")]
struct ListArgs {
    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog show NHI7:2025")]
struct ShowArgs {
    /// A catalog's id, or a control's in any form: `nhi7`, `NHI-7`, `owasp-nhi-top10-2025/NHI7:2025`
    id: String,
    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog lint")]
struct LintArgs {
    /// Catalog files to check on their own instead of all framework files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Also ask that every control of every catalog has an answer, and list what waits for evidence that no export
    /// brings yet
    #[arg(long, conflicts_with = "files")]
    strict: bool,
    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl CatalogCommand {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        match self.command {
            Command::List(args) => args.run(ui),
            Command::Show(args) => args.run(ui),
            Command::Lint(args) => args.run(ui),
            Command::Import(args) => args.run(ui),
            Command::Export(args) => args.run(ui),
            Command::Diff(args) => args.run(ui),
        }
    }
}

#[derive(serde::Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    edition: &'a str,
    published: &'a str,
    controls: usize,
    mapped: usize,
    sha256: &'a str,
}

fn listed<'a>(catalog: &'a Catalog, library: &Library) -> Listed<'a> {
    let mapped = library.mappings.get(catalog.id()).map_or(0, |mapping| {
        mapping.controls.values().filter(|control| matches!(***control, ControlMapping::Mapped { .. })).count()
    });
    Listed {
        id: catalog.id(),
        title: &catalog.header.title,
        edition: &catalog.header.edition,
        published: &catalog.header.published,
        controls: catalog.controls.len(),
        mapped,
        sha256: &catalog.sha256,
    }
}

impl ListArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let listed = library.catalogs.iter().map(|catalog| listed(catalog, &library));
        match self.format.format {
            Format::Json => ui.json(&listed.collect::<Vec<_>>())?,
            Format::Text => {
                let mut table = Table::new(["id", "edition", "published", "controls", "mapped", "title"]);
                for catalog in listed {
                    table.row([
                        catalog.id.to_owned(),
                        catalog.edition.to_owned(),
                        catalog.published.to_owned(),
                        catalog.controls.to_string(),
                        catalog.mapped.to_string(),
                        catalog.title.to_owned(),
                    ]);
                }
                ui.data(&table.text())?;
            }
        }
        Ok(Exit::Done)
    }
}

#[derive(serde::Serialize)]
struct ShownControl<'a> {
    catalog: &'a str,
    edition: &'a str,
    id: &'a str,
    title: Option<&'a str>,
    summary: Option<&'a str>,
    group: Option<&'a str>,
    local: bool,
    covers: Option<&'static str>,
    leaves: Option<&'a str>,
    practices: Vec<ShownPractice<'a>>,
}

#[derive(serde::Serialize)]
struct ShownPractice<'a> {
    practice: &'a str,
    relation: &'static str,
    why: &'a str,
    checks: Vec<&'a str>,
    questions: Vec<&'a str>,
}

impl ShowArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        if let Some(catalog) = library.catalog(&self.id) {
            return show_catalog(catalog, &library, self.format.format, ui);
        }
        match library.resolve(&self.id) {
            Resolution::One(found) => show(&[found], &library, self.format.format, ui)?,
            Resolution::Informal(catalog, reference) => {
                if self.format.format == Format::Text {
                    informal(catalog, reference, ui)?;
                }
                let found = targets(&library, catalog, reference);
                show(&found, &library, self.format.format, ui)?;
            }
            Resolution::Ambiguous(found) => {
                return Err(ambiguous(&self.id, &found));
            }
            Resolution::Unknown => return Err(unknown(&self.id, &library)),
        }
        Ok(Exit::Done)
    }
}

/// A catalog that is not there.
fn unknown_catalog(id: &str, library: &Library) -> Error {
    let ids = library.catalogs.iter().map(|catalog| catalog.id());
    Diagnostic::error("catalog/unknown", format!("there is no catalog `{id}`")).suggest(id, ids).into()
}

/// An id that may mean several controls.
pub(super) fn ambiguous(id: &str, found: &[Resolved<'_>]) -> Error {
    let names: Vec<String> = found.iter().map(|one| format!("{}/{}", one.catalog.id(), one.id)).collect();
    Diagnostic::error("catalog/ambiguous", format!("`{id}` may mean several controls"))
        .help(format!("write one of: {}", names.join(", ")))
        .into()
}

/// An id that means nothing.
pub(super) fn unknown(id: &str, library: &Library) -> Error {
    let ids = library.catalogs.iter().flat_map(|catalog| {
        let controls = catalog.controls.iter().map(|control| control.id.as_str());
        controls.chain([catalog.id()])
    });
    Diagnostic::error("catalog/unknown", format!("there is no catalog or control `{id}`")).suggest(id, ids).into()
}

/// Says what an informal id most likely means.
pub(super) fn informal(catalog: &Catalog, reference: &Reference, ui: &mut Ui) -> Result<(), Error> {
    let list = |ids: &[crate::diag::Located<String>]| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
    ui.line(&format!("{} is an informal id that {} does not publish.", *reference.id, catalog.header.publisher))?;
    ui.line(&format!("Most likely meant: {}", list(&reference.means)))?;
    if !reference.also.is_empty() {
        ui.line(&format!("Perhaps also: {}", list(&reference.also)))?;
    }
    if !reference.not.is_empty() {
        ui.line(&format!("Not meant: {}", list(&reference.not)))?;
    }
    ui.line(&format!("{}\n", reference.why.trim()))
}

/// The controls that an informal id most likely means.
pub(super) fn targets<'a>(library: &'a Library, catalog: &'a Catalog, reference: &'a Reference) -> Vec<Resolved<'a>> {
    let find = |written: &'a str| {
        let (home, id) = match written.split_once('/') {
            Some((other, id)) => (library.catalog(other)?, id),
            None => (catalog, written),
        };
        let is_group = home.group(id).is_some();
        Some(Resolved { catalog: home, id, is_group })
    };
    reference.means.iter().filter_map(|id| find(id)).collect()
}

fn shown<'a>(found: &Resolved<'a>, library: &'a Library) -> ShownControl<'a> {
    let catalog = found.catalog;
    let control = catalog.control(found.id);
    let group = catalog.group(found.id);
    let mapped = library.mappings.get(catalog.id()).and_then(|mapping| mapping.controls.get(found.id));
    let (covers, leaves, practices) = match mapped.map(|located| &**located) {
        Some(ControlMapping::Mapped { parts, covers, leaves, .. }) => {
            let practices = parts
                .iter()
                .map(|part| ShownPractice {
                    practice: &part.id,
                    relation: part.relation.name(),
                    why: &part.why,
                    checks: library.checks.iter().filter(|c| *c.practice == *part.id).map(|c| c.id.as_str()).collect(),
                    questions: library
                        .questions
                        .iter()
                        .filter(|q| *q.practice == *part.id)
                        .map(|q| q.id.as_str())
                        .collect(),
                })
                .collect();
            (Some(covers.name()), leaves.as_deref(), practices)
        }
        Some(ControlMapping::NotMapped { reason, .. }) => (None, Some(reason.as_str()), Vec::new()),
        None => (None, None, Vec::new()),
    };
    ShownControl {
        catalog: catalog.id(),
        edition: &catalog.header.edition,
        id: found.id,
        title: control.and_then(|c| c.title.as_deref()).or_else(|| group.and_then(|g| g.title.as_deref())),
        summary: control.and_then(|c| c.summary.as_deref()).or_else(|| group.and_then(|g| g.summary.as_deref())),
        group: control
            .and_then(|c| c.group.as_deref())
            .or_else(|| group.and_then(|g| g.parent.as_deref()))
            .map(String::as_str),
        local: control.map_or_else(|| group.is_some_and(|g| g.local), |c| c.local),
        covers,
        leaves,
        practices,
    }
}

fn show(found: &[Resolved<'_>], library: &Library, format: Format, ui: &mut Ui) -> Result<(), Error> {
    let all: Vec<ShownControl<'_>> = found.iter().map(|one| shown(one, library)).collect();
    if format == Format::Json {
        return ui.json(&all);
    }
    for control in all {
        let local = if control.local { " (our id; the publication has none)" } else { "" };
        let heading = format!("{}  {}{local}", control.id, control.title.unwrap_or_default());
        ui.line(&ui.bold(heading.trim_end()))?;
        ui.line(&format!("{}, edition {}", control.catalog, control.edition))?;
        ui.line(control.summary.unwrap_or_default().trim())?;
        match control.covers {
            Some(covers) => ui.line(&format!("\nOur practices show {covers} of it:"))?,
            None if control.leaves.is_some() => ui.line("\nNothing measures it:")?,
            None => {}
        }
        for practice in &control.practices {
            ui.line(&format!("  {} ({}): {}", practice.practice, practice.relation, practice.why.trim()))?;
            for part in practice.checks.iter().chain(&practice.questions) {
                ui.line(&format!("    {part}"))?;
            }
        }
        if let Some(leaves) = control.leaves {
            let label = if control.covers.is_some() { "Left open: " } else { "  " };
            ui.line(&format!("{label}{}", leaves.trim()))?;
        }
        ui.line("")?;
    }
    Ok(())
}

fn show_catalog(catalog: &Catalog, library: &Library, format: Format, ui: &mut Ui) -> Result<Exit, Error> {
    let controls = catalog.controls.iter().map(|control| Resolved { catalog, id: &control.id, is_group: false });
    if format == Format::Json {
        let all: Vec<ShownControl<'_>> = controls.map(|one| shown(&one, library)).collect();
        ui.json(&all)?;
        return Ok(Exit::Done);
    }
    let header = &catalog.header;
    ui.line(&ui.bold(&header.title))?;
    ui.line(&format!(
        "{}, edition {}, published {}, licence {}",
        header.publisher, header.edition, header.published, header.licence
    ))?;
    ui.line(&format!("{}\n", header.source))?;
    let mut table = Table::new(["id", "covers", "title"]);
    for found in controls {
        let control = shown(&found, library);
        let name = control.title.or(control.summary).unwrap_or_default().trim();
        table.row([control.id.to_owned(), control.covers.unwrap_or("-").to_owned(), name.to_owned()]);
    }
    ui.data(&table.text())?;
    for note in &header.notes {
        ui.line(&format!("\nNote: {}", note.trim()))?;
    }
    Ok(Exit::Done)
}

#[derive(serde::Serialize)]
struct ListedFault<'a> {
    severity: String,
    code: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
}

impl LintArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let (faults, checked) = if self.files.is_empty() { self.lint_all() } else { self.lint_files()? };
        if self.format.format == Format::Json {
            let all: Vec<ListedFault<'_>> = faults
                .iter()
                .map(|fault| ListedFault {
                    severity: fault.severity.to_string(),
                    code: fault.code,
                    file: fault.place.as_ref().map(crate::diag::Place::file),
                    line: fault.place.as_ref().and_then(crate::diag::Place::line),
                    message: &fault.message,
                    help: fault.help.as_deref(),
                })
                .collect();
            ui.json(&all)?;
        }
        if faults.has_errors() {
            return if self.format.format == Format::Json { Ok(Exit::BadInput) } else { Err(faults.into()) };
        }
        for fault in faults.iter() {
            ui.fault(fault);
        }
        if self.format.format == Format::Text {
            ui.data(&checked)?;
        }
        Ok(Exit::Done)
    }

    /// Checks everything: files against themselves and each other, predicates against their views.
    fn lint_all(&self) -> (Diagnostics, String) {
        let library = match self.catalogs.files().map(|files| Library::load(&files)) {
            Ok(Ok(library)) => library,
            Ok(Err(faults)) => return (faults, String::new()),
            Err(error) => return (error.faults().cloned().unwrap_or_default(), String::new()),
        };
        let mut faults = Diagnostics::default();
        let shipped = Library::load(&Files::shipped()).ok();
        for catalog in &library.catalogs {
            faults.extend(lint(catalog, &library));
            if let Some(shipped) = shipped.as_ref().and_then(|shipped| shipped.catalog(catalog.id())) {
                faults.extend(lint_against(catalog, shipped));
            }
        }
        if self.strict {
            faults.extend(library.unanswered());
            faults.extend(waiting(&library, &supplied()));
        }
        match crate::engine::Engine::new().map(|engine| engine.compile_all(&library.checks)) {
            Ok(Ok(_)) => {}
            Ok(Err(more)) => faults.extend(more),
            Err(error) => faults.push(Diagnostic::error("internal", error.to_string())),
        }
        let mut table = Table::new(["catalog", "groups", "controls", "mapped"]);
        for catalog in &library.catalogs {
            let row = listed(catalog, &library);
            table.row([
                row.id.to_owned(),
                catalog.groups.len().to_string(),
                row.controls.to_string(),
                row.mapped.to_string(),
            ]);
        }
        let rest = format!(
            "{} practices, {} checks, {} questions: no fault\n",
            library.model.practices.len(),
            library.checks.len(),
            library.questions.len()
        );
        (faults, table.text() + &rest)
    }

    /// Checks single catalog files, which may lie anywhere.
    fn lint_files(&self) -> Result<(Diagnostics, String), Error> {
        let library = self.catalogs.open()?;
        let mut faults = Diagnostics::default();
        let mut text = String::new();
        for path in &self.files {
            let read = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.clone(), source })?;
            match Catalog::read(&SourceFile::new(path.display().to_string(), read)) {
                Ok(catalog) => {
                    faults.extend(lint(&catalog, &library));
                    if let Some(known) = library.catalog(catalog.id()) {
                        faults.extend(lint_against(&catalog, known));
                    }
                    text.push_str(&format!("{}: {} controls\n", catalog.id(), catalog.controls.len()));
                }
                Err(fault) => faults.push(*fault),
            }
        }
        Ok((faults, text))
    }
}

/// Facts that some export brings.
fn supplied() -> BTreeSet<Fact> {
    SOURCES.iter().flat_map(|source| source.about().facts.iter().map(|(fact, _)| *fact)).collect()
}

/// Facts that checks need and no export brings yet, with the controls that wait for them.
fn waiting(library: &Library, supplied: &BTreeSet<Fact>) -> Diagnostics {
    let supplied = |name: &str| name.parse().is_ok_and(|fact: Fact| supplied.contains(&fact));
    let mut waiting: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<String>)> = BTreeMap::new();
    for check in &library.checks {
        for fact in check.needs.iter().chain(&check.complete).filter(|fact| !supplied(fact)) {
            let (checks, controls) = waiting.entry(fact).or_default();
            checks.insert(&check.id);
            controls.extend(library.controls_of(check).iter().map(|(catalog, control)| format!("{catalog}/{control}")));
        }
    }
    let mut faults = Diagnostics::default();
    for (fact, (checks, controls)) in waiting {
        let list = |items: Vec<&str>| items.join(", ");
        let message = format!(
            "no export brings `{fact}` yet; checks that wait for it ({}): {}",
            checks.len(),
            list(checks.iter().copied().collect())
        );
        let controls = list(controls.iter().map(String::as_str).collect());
        faults
            .push(Diagnostic::warning("fact/waiting", message).help(format!("controls that rest on them: {controls}")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks::Files;

    #[test]
    fn a_fact_that_nothing_brings_is_told_with_what_waits() {
        let library = Library::load(&Files::shipped()).unwrap();
        let mut facts = supplied();
        assert_eq!(waiting(&library, &facts).iter().count(), 0);
        assert!(facts.remove(&Fact::Review));
        let faults: Vec<_> = waiting(&library, &facts).iter().cloned().collect();
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert!(fault.message.starts_with("no export brings `review` yet"), "{}", fault.message);
        assert!(fault.message.contains("event.review-answered"), "{}", fault.message);
        assert!(fault.help.as_ref().unwrap().contains("nist-csf-2.0/ID.RA-07"), "{:?}", fault.help);
    }
}
