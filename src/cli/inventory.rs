//! `rungs inventory`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::groups::{Format, FormatArgs, InventoryArgs, Opened};
use super::identity::{claims_of, find_identity, print_claims};
use super::table::Table;
use super::{Error, Exit, Ui};
use crate::diag::{Diagnostic, printable};
use crate::engine::{QueryResult, Value};
use crate::inventory::schema::TABLES;
use crate::inventory::views::VIEWS;
use crate::inventory::{Fact, Level, Provider};
use crate::sources::SOURCES;

/// Rows that `show` prints unless told otherwise.
const SHOWN_ROWS: usize = 50;

/// Show the normalised inventory, its coverage, or query it.
#[derive(Debug, Args)]
pub struct InventoryCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what was read, or the rows of a table or view
    Show(ShowArgs),
    /// Show which facts the exports cover, scope by scope, and what would fill the holes
    Coverage(CoverageArgs),
    /// Run one SELECT over the tables and views
    Sql(SqlArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rungs inventory show samples/meridian/2026-q2
  rungs inventory show samples/meridian/2026-q2 --rows-of credentials
  rungs inventory show svc-berth-planner samples/meridian/2026-q2")]
struct ShowArgs {
    /// Identity, by id or name: everything that is claimed of it, and by which file. A first PATH that does not exist is
    /// taken for one
    #[arg(long, value_name = "IDENTITY", conflicts_with = "rows_of")]
    identity: Option<String>,
    /// Table or view whose rows to show
    #[arg(long, value_name = "NAME")]
    rows_of: Option<String>,
    /// Largest number of rows
    #[arg(long, value_name = "N", default_value_t = SHOWN_ROWS)]
    limit: usize,
    #[command(flatten)]
    inventory: InventoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs inventory coverage samples/meridian/2026-q2")]
struct CoverageArgs {
    #[command(flatten)]
    inventory: InventoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs inventory sql 'SELECT count(*) FROM identities' samples/meridian/2026-q2")]
struct SqlArgs {
    /// One SELECT
    query: String,
    #[command(flatten)]
    inventory: InventoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl InventoryCommand {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        match self.command {
            Command::Show(args) => args.run(ui),
            Command::Coverage(args) => args.run(ui),
            Command::Sql(args) => args.run(ui),
        }
    }
}

fn open(inventory: InventoryArgs, ui: &mut Ui) -> Result<Opened, Error> {
    let opened = inventory.configure()?.open(ui, None)?;
    for fault in opened.estate.faults.iter() {
        ui.fault(fault);
    }
    Ok(opened)
}

/// A file that broke off makes the answer incomplete.
fn exit(opened: &Opened) -> Exit {
    if opened.estate.incomplete() { Exit::Incomplete } else { Exit::Done }
}

impl ShowArgs {
    fn run(mut self, ui: &mut Ui) -> Result<Exit, Error> {
        if self.identity.is_none() && self.rows_of.is_none() {
            self.identity = self.inventory.take_name();
        }
        let opened = open(self.inventory, ui)?;
        if let Some(name) = &self.identity {
            let identity = find_identity(&opened, name)?;
            let claims = claims_of(&opened, &identity, self.limit)?;
            match self.format.format {
                Format::Json => ui.json(&claims)?,
                Format::Text => print_claims(&claims, ui)?,
            }
            return Ok(exit(&opened));
        }
        let Some(name) = self.rows_of else {
            show_files(&opened, self.format.format, ui)?;
            return Ok(exit(&opened));
        };
        let mut names = TABLES.iter().map(|table| table.name).chain(VIEWS.iter().map(|view| view.name));
        let Some(known) = names.find(|known| *known == name) else {
            let names = TABLES.iter().map(|table| table.name).chain(VIEWS.iter().map(|view| view.name));
            return Err(Diagnostic::error("inventory/unknown", format!("there is no table or view `{name}`"))
                .suggest(&name, names)
                .into());
        };
        let answer = opened.engine.query(&format!("SELECT * FROM {known} LIMIT {}", self.limit))?;
        print(&answer, self.format.format, ui)?;
        Ok(exit(&opened))
    }
}

fn show_files(opened: &Opened, format: Format, ui: &mut Ui) -> Result<(), Error> {
    let estate = &opened.estate;
    if format == Format::Json {
        let files: Vec<_> = estate
            .files
            .iter()
            .map(|file| {
                serde_json::json!({
                    "path": file.path, "kind": file.about.kind, "provider": file.provider,
                    "scope": file.scope_id, "scope_assumed": file.scope_assumed, "as_of": file.as_of,
                    "as_of_basis": file.as_of_basis, "rows_read": file.rows_read, "rows_loaded": file.rows_loaded,
                    "rows_rejected": file.rejected.len(), "failure": file.failure, "sha256": file.sha256,
                })
            })
            .collect();
        return ui.json(&serde_json::json!({
            "files": files, "unrecognised": estate.unrecognised, "rejected": estate.rejected().collect::<Vec<_>>(),
        }));
    }
    let mut table = Table::new(["kind", "scope", "as of", "read", "rejected", "file"]);
    for file in &estate.files {
        let assumed = if file.scope_assumed { " (assumed)" } else { "" };
        table.row([
            file.about.kind.to_owned(),
            format!("{}{assumed}", file.scope_id),
            file.as_of.date().to_string(),
            file.rows_read.to_string(),
            file.rejected.len().to_string(),
            file.path.clone(),
        ]);
    }
    ui.data(&table.text())?;
    for file in estate.files.iter().filter(|file| file.failure.is_some()) {
        let failure = file.failure.as_deref().unwrap_or_default();
        ui.line(&printable(&format!("\nnot read to the end: {}: {failure}", file.path)))?;
    }
    for file in &estate.unrecognised {
        ui.line(&printable(&format!("\nnot recognised: {}: {}", file.path, file.reason)))?;
    }
    for record in estate.rejected() {
        ui.line(&printable(&format!("\nrejected: {} {}: {}", record.path, record.locator, record.reason)))?;
    }
    let mut table = Table::new(["view", "rows"]);
    for view in VIEWS {
        let answer = opened.engine.query(&format!("SELECT count(*) FROM {}", view.name))?;
        let rows = answer.rows.first().and_then(|row| row.first()).map(Value::to_string).unwrap_or_default();
        table.row([view.name.to_owned(), rows]);
    }
    ui.data(&format!("\n{}", table.text()))
}

impl SqlArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let opened = open(self.inventory, ui)?;
        let answer = opened.engine.query(&self.query)?;
        print(&answer, self.format.format, ui)?;
        Ok(exit(&opened))
    }
}

fn print(answer: &QueryResult, format: Format, ui: &mut Ui) -> Result<(), Error> {
    if format == Format::Json {
        let rows: Vec<serde_json::Map<String, serde_json::Value>> = answer
            .rows
            .iter()
            .map(|row| {
                let value = |value: &Value| serde_json::to_value(value).unwrap_or(serde_json::Value::Null);
                answer.columns.iter().cloned().zip(row.iter().map(value)).collect()
            })
            .collect();
        return ui.json(&rows);
    }
    let mut table = Table::new(answer.columns.iter().map(String::as_str));
    for row in &answer.rows {
        table.row(row.iter().map(Value::to_string));
    }
    ui.data(&table.text())
}

#[derive(serde::Serialize)]
struct Covered {
    provider: String,
    scope: String,
    fact: &'static str,
    level: &'static str,
    source: Option<String>,
    note: Option<String>,
    fill_with: Vec<&'static str>,
}

impl CoverageArgs {
    fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let opened = open(self.inventory, ui)?;
        let covered = coverage(&opened);
        if self.format.format == Format::Json {
            ui.json(&covered)?;
            return Ok(exit(&opened));
        }
        ui.data(&matrix(&covered))?;
        for line in holes(&covered) {
            ui.line(&printable(&line))?;
        }
        Ok(exit(&opened))
    }
}

/// Scopes in the order in which they are numbered.
fn numbered(covered: &[Covered]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for entry in covered {
        let name = format!("{}:{}", entry.provider, entry.scope);
        if !scopes.contains(&name) {
            scopes.push(name);
        }
    }
    scopes
}

/// Facts by scopes; a scope whose provider is not expected to show a fact has a dot there.
fn matrix(covered: &[Covered]) -> String {
    let scopes = numbered(covered);
    let numbers: Vec<String> = (1..=scopes.len()).map(|number| number.to_string()).collect();
    let mut table = Table::new(std::iter::once("fact").chain(numbers.iter().map(String::as_str)));
    for fact in Fact::ALL.iter().map(|fact| fact.name()) {
        let level_in = |scope: &String| {
            let found = covered.iter().find(|it| it.fact == fact && format!("{}:{}", it.provider, it.scope) == *scope);
            found.map(|entry| entry.level)
        };
        if scopes.iter().any(|scope| level_in(scope).is_some()) {
            let levels = scopes.iter().map(|scope| level_in(scope).unwrap_or("·").to_owned());
            table.row(std::iter::once(fact.to_owned()).chain(levels).collect::<Vec<_>>());
        }
    }
    let mut legend = Table::new(["", "scope"]);
    for (number, scope) in scopes.iter().enumerate() {
        legend.row([(number + 1).to_string(), scope.clone()]);
    }
    format!("{}\n{}", table.text(), legend.text())
}

/// Facts that are not shown in full, and the numbers of the scopes.
type Holes<'a> = BTreeMap<&'a str, Vec<usize>>;

/// What would fill the holes, export by export: those that fill most come first.
fn holes(covered: &[Covered]) -> Vec<String> {
    let scopes = numbered(covered);
    let number = |entry: &Covered| {
        let name = format!("{}:{}", entry.provider, entry.scope);
        scopes.iter().position(|scope| *scope == name).map_or(0, |at| at + 1)
    };
    let mut by_export: BTreeMap<(&str, Vec<&str>), Holes<'_>> = BTreeMap::new();
    for entry in covered.iter().filter(|entry| entry.level != Level::Full.name()) {
        let key = (entry.provider.as_str(), entry.fill_with.clone());
        by_export.entry(key).or_default().entry(entry.fact).or_default().push(number(entry));
    }
    if by_export.is_empty() {
        return vec!["\nEverything that these systems can show is covered.".to_owned()];
    }
    let mut groups: Vec<_> = by_export.into_iter().collect();
    groups.sort_by_key(|((provider, commands), facts)| {
        let filled: usize = facts.values().map(Vec::len).sum();
        (commands.is_empty(), std::cmp::Reverse(filled), *provider, commands.clone())
    });
    let mut lines = vec!["\nWhat would fill the holes".to_owned()];
    for ((provider, commands), facts) in groups {
        let facts = facts.iter().map(|(fact, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
            format!("{fact} ({})", numbers.join(", "))
        });
        lines.push(format!("\n{provider}: {}", facts.collect::<Vec<_>>().join(", ")));
        match commands.as_slice() {
            [] => lines.push(
                "  no export that is read shows it in full; a map of columns can (docs/your-exports.md)".to_owned(),
            ),
            commands => lines.extend(
                commands
                    .iter()
                    .enumerate()
                    .map(|(at, command)| format!("  {}{command}", if at == 0 { "" } else { "or " })),
            ),
        }
    }
    let notes: Vec<String> = covered
        .iter()
        .filter(|entry| entry.level == Level::Partial.name())
        .filter_map(|entry| Some(format!("  {} ({}): {}", entry.fact, number(entry), entry.note.as_ref()?)))
        .collect();
    if !notes.is_empty() {
        lines.push("\nWhy what is there is not all".to_owned());
        lines.extend(notes);
    }
    lines
}

/// Every fact that the provider of a scope can show, with the best level, and what would fill the holes.
fn coverage(opened: &Opened) -> Vec<Covered> {
    let coverage = &opened.estate.coverage;
    let mut covered = Vec::new();
    for (provider, scope) in coverage.scopes() {
        let Some(known) = Provider::find(provider) else { continue };
        for fact in known.supplies {
            let level = coverage.level(provider, scope, *fact);
            let best = coverage
                .entries()
                .filter(|(key, entry)| {
                    key.provider == provider && key.scope_id == scope && key.fact == *fact && entry.level == level
                })
                .map(|(_, entry)| entry)
                .next();
            let file =
                best.and_then(|entry| opened.estate.files.iter().find(|file| file.source_id() == entry.source_id));
            let fill_with = if level == Level::Full {
                Vec::new()
            } else {
                SOURCES
                    .iter()
                    .map(|source| source.about())
                    .filter(|about| about.provider == provider && about.facts.contains(&(*fact, Level::Full)))
                    .map(|about| about.command)
                    .collect()
            };
            covered.push(Covered {
                provider: provider.to_owned(),
                scope: scope.to_owned(),
                fact: fact.name(),
                level: level.name(),
                source: file.map(|file| file.path.clone()),
                note: best.and_then(|entry| entry.note.clone()),
                fill_with,
            });
        }
    }
    covered
}
