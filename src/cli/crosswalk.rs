//! `rungs crosswalk`: what an entry of one framework has to do with another, by whose word.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::catalog::{ambiguous, informal, targets, unknown};
use super::groups::CatalogArgs;
use super::table::Table;
use super::{Error, Exit, Ui};
use crate::diag::Diagnostic;
use crate::frameworks::crosswalk::{Crosswalk, Entry, Path};
use crate::frameworks::{Library, Resolution};

/// Paths to one target that are shown, of ours and of publishers'.
const PATHS_EACH: usize = 2;
/// Targets in one catalog that are shown where none was asked for.
const TARGETS_EACH: usize = 5;
/// Strength from which an entry counts as covered in the matrix.
const COVERED_FROM: f64 = 0.25;

/// Show what an id maps to in other frameworks, by which path, how strong and by whose word
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rungs crosswalk NHI7:2025 --to nist-csf-2.0
  rungs crosswalk NHI-03
  rungs crosswalk --matrix")]
pub struct CrosswalkArgs {
    /// A control's id in any form, or a practice's: `nhi7`, `owasp-nhi-top10-2025/NHI7:2025`, `lifetime.short-lived`
    #[arg(required_unless_present = "matrix", conflicts_with = "matrix")]
    id: Option<String>,

    /// Catalog that paths should lead to; all where it is left out
    #[arg(long, value_name = "CATALOG", conflicts_with = "matrix")]
    to: Option<String>,

    /// Longest path, in steps
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=6))]
    depth: u8,

    /// For each pair of catalogs, how many controls of the one have a path of strength 0.25 or more to the other
    #[arg(long)]
    matrix: bool,

    #[command(flatten)]
    catalogs: CatalogArgs,

    /// Form of the output
    #[arg(long, value_enum, default_value_t = Shape::Text, value_name = "FORMAT")]
    format: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// For people.
    Text,
    /// For scripts.
    Json,
    /// A Mermaid flow chart.
    Mermaid,
    /// A Graphviz graph.
    Dot,
}

#[derive(serde::Serialize)]
struct Shown<'a> {
    from: String,
    to: String,
    title: Option<&'a str>,
    relation: &'a str,
    strength: f64,
    label: &'static str,
    ours: bool,
    external: bool,
    publisher: String,
    path: Vec<ShownStep<'a>>,
}

#[derive(serde::Serialize)]
struct ShownStep<'a> {
    from: String,
    relation: &'a str,
    to: String,
    strength: f64,
    publisher: &'a str,
    publication: &'a str,
    why: Option<&'a str>,
    uncertain: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct Cell<'a> {
    from: &'a str,
    to: &'a str,
    covered: usize,
    controls: usize,
}

impl CrosswalkArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let crosswalk = Crosswalk::new(&library);
        let Some(written) = &self.id else {
            self.show_matrix(&library, &crosswalk, ui)?;
            return Ok(Exit::Done);
        };
        if let Some(to) = &self.to
            && !is_framework(&library, to)
        {
            let known = library.catalogs.iter().map(|catalog| catalog.id());
            return Err(Diagnostic::error("crosswalk/catalog", format!("there is no catalog `{to}`"))
                .suggest(to, known)
                .into());
        }
        let starts = self.starts(written, &library, ui)?;
        let mut paths = Vec::new();
        for start in &starts {
            let mut found = crosswalk.best(*start, usize::from(self.depth), PATHS_EACH);
            found.retain(|path| self.is_wanted(path));
            paths.push((*start, found));
        }
        match self.format {
            Shape::Text => self.text(&library, &paths, ui)?,
            Shape::Json => {
                let all = paths.iter().flat_map(|(_, paths)| paths);
                ui.json(&all.map(|path| shown(path, &library)).collect::<Vec<_>>())?;
            }
            Shape::Mermaid => ui.data(&mermaid(&paths))?,
            Shape::Dot => ui.data(&dot(&paths))?,
        }
        Ok(Exit::Done)
    }

    /// The entries that an id means; says so where it is an informal one.
    fn starts<'a>(&self, written: &'a str, library: &'a Library, ui: &mut Ui) -> Result<Vec<Entry<'a>>, Error> {
        if library.model.practice(written).is_some() {
            return Ok(vec![Entry::Practice(written)]);
        }
        let found = match library.resolve(written) {
            Resolution::One(found) => vec![found],
            Resolution::Informal(catalog, reference) => {
                if self.format == Shape::Text {
                    informal(catalog, reference, ui)?;
                }
                targets(library, catalog, reference)
            }
            Resolution::Ambiguous(found) => return Err(ambiguous(written, &found)),
            Resolution::Unknown => return Err(unknown(written, library)),
        };
        Ok(found.iter().map(|one| Entry::Control { catalog: one.catalog.id(), id: one.id }).collect())
    }

    fn is_wanted(&self, path: &Path<'_>) -> bool {
        match (path.target(), &self.to) {
            (Some(Entry::Control { catalog, .. }), Some(to)) => catalog == to,
            _ => true,
        }
    }

    fn text(&self, library: &Library, paths: &[(Entry<'_>, Vec<Path<'_>>)], ui: &mut Ui) -> Result<(), Error> {
        for (number, (start, paths)) in paths.iter().enumerate() {
            if number > 0 {
                ui.line("")?;
            }
            let title = title(*start, library).unwrap_or_default();
            ui.line(&ui.bold(&format!("{}  {title}", start.name())))?;
            if paths.is_empty() {
                ui.line("  nothing leads from here; a longer path may (--depth)")?;
            }
            let mut by_catalog: BTreeMap<&str, Vec<&Path<'_>>> = BTreeMap::new();
            for path in paths {
                if let Some(Entry::Control { catalog, .. }) = path.target() {
                    by_catalog.entry(catalog).or_default().push(path);
                }
            }
            for (catalog, paths) in by_catalog {
                ui.line(&format!(
                    "\n{catalog}{}",
                    if library.catalog(catalog).is_none() { " (external)" } else { "" }
                ))?;
                let most = if self.to.is_some() { paths.len() } else { TARGETS_EACH };
                for path in paths.iter().take(most) {
                    ui.data(&path_text(path, library))?;
                }
                if paths.len() > most {
                    ui.line(&format!("  and {} more paths: --to {catalog}", paths.len() - most))?;
                }
            }
        }
        ui.line("\nA path is a pointer: what meets one text need not meet the other.")
    }

    fn show_matrix(&self, library: &Library, crosswalk: &Crosswalk<'_>, ui: &mut Ui) -> Result<(), Error> {
        let cells = matrix(library, crosswalk, usize::from(self.depth));
        match self.format {
            Shape::Json => ui.json(&cells),
            Shape::Text => {
                let ids: Vec<&str> = library.catalogs.iter().map(|catalog| catalog.id()).collect();
                let numbers: Vec<String> = (1..=ids.len()).map(|number| number.to_string()).collect();
                let header = ["", "catalog"].into_iter().chain(numbers.iter().map(String::as_str));
                let mut table = Table::new(header);
                for (number, row) in numbers.iter().zip(cells.chunks(ids.len().max(1))) {
                    let name = row.first().map_or("", |cell| cell.from).to_owned();
                    let figures = row.iter().map(|cell| match cell.from == cell.to {
                        true => "-".to_owned(),
                        false => format!("{}/{}", cell.covered, cell.controls),
                    });
                    table.row([number.clone(), name].into_iter().chain(figures));
                }
                ui.data(&table.text())
            }
            Shape::Mermaid | Shape::Dot => {
                Err(Diagnostic::error("crosswalk/format", "a matrix is no graph; it is printed as text or JSON").into())
            }
        }
    }
}

fn is_framework(library: &Library, id: &str) -> bool {
    library.catalog(id).is_some() || library.published.iter().any(|publication| publication.external.contains_key(id))
}

fn title<'a>(entry: Entry<'_>, library: &'a Library) -> Option<&'a str> {
    match entry {
        Entry::Control { catalog, id } => {
            let catalog = library.catalog(catalog)?;
            let group = || catalog.group(id).and_then(|group| group.title.as_deref());
            catalog.control(id).map(crate::frameworks::Control::name).or_else(group)
        }
        Entry::Practice(id) => library.model.practice(id).map(|practice| practice.title.as_str()),
        Entry::Check(id) => library.check(id).map(|check| check.title.as_str()),
    }
}

fn shown<'a>(path: &Path<'a>, library: &'a Library) -> Shown<'a> {
    let name = |entry: Option<Entry<'_>>| entry.map(|entry| entry.name()).unwrap_or_default();
    let target = path.target();
    Shown {
        from: name(path.steps.first().map(|step| step.from)),
        to: name(target),
        title: target.and_then(|target| title(target, library)),
        relation: match path.steps.as_slice() {
            [only] => only.link.relation,
            _ => "derived",
        },
        strength: path.strength,
        label: path.label().name(),
        ours: path.is_ours(),
        external: target.is_some_and(|target| title(target, library).is_none()),
        publisher: path.publishers().join("; "),
        path: path
            .steps
            .iter()
            .map(|step| ShownStep {
                from: step.from.name(),
                relation: step.link.relation,
                to: step.to.name(),
                strength: step.link.strength,
                publisher: step.link.publisher,
                publication: step.link.publication,
                why: step.link.why,
                uncertain: step.link.uncertain,
            })
            .collect(),
    }
}

/// Two lines: where it leads and how strong, and the way there.
fn path_text(path: &Path<'_>, library: &Library) -> String {
    let Some(target) = path.target() else { return String::new() };
    let short = |entry: Entry<'_>| match entry {
        Entry::Control { id, .. } => id.to_owned(),
        ours => ours.name(),
    };
    let title = title(target, library).unwrap_or("external");
    let mut text = format!("  {:.3}  {:<8}  {}  {title}\n", path.strength, path.label().name(), short(target));
    let mut way = path.steps.first().map(|step| short(step.from)).unwrap_or_default();
    for step in &path.steps {
        // A relation is read from where it starts, whichever way the path goes.
        let (before, after) = if step.link.from == step.from { ("-", "->") } else { ("<-", "-") };
        way.push_str(&format!(" {before}{}{after} {}", step.link.relation, short(step.to)));
    }
    let ours = if path.is_ours() { "ours" } else { "published" };
    text.push_str(&format!("                   {way}  [{ours}: {}]\n", path.publishers().join("; ")));
    for reason in path.steps.iter().filter_map(|step| step.link.uncertain) {
        text.push_str(&format!("                   uncertain: {reason}\n"));
    }
    text
}

/// Every pair of catalogs, row by row.
fn matrix<'a>(library: &'a Library, crosswalk: &Crosswalk<'a>, depth: usize) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    for from in &library.catalogs {
        let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
        for control in &from.controls {
            let start = Entry::Control { catalog: from.id(), id: &control.id };
            let mut reached: Vec<&str> = crosswalk
                .paths(start, depth)
                .iter()
                .filter(|path| path.strength >= COVERED_FROM)
                .filter_map(|path| match path.target() {
                    Some(Entry::Control { catalog, .. }) => Some(catalog),
                    _ => None,
                })
                .collect();
            reached.sort_unstable();
            reached.dedup();
            for catalog in reached {
                *covered.entry(catalog).or_insert(0) += 1;
            }
        }
        for to in &library.catalogs {
            let covered = covered.get(to.id()).copied().unwrap_or(0);
            cells.push(Cell { from: from.id(), to: to.id(), covered, controls: from.controls.len() });
        }
    }
    cells
}

/// The entries and links of all paths, each once, in the order of the paths.
fn drawn(paths: &[(Entry<'_>, Vec<Path<'_>>)]) -> (Vec<String>, Vec<(usize, usize, String)>) {
    let mut names: Vec<String> = Vec::new();
    let mut links = Vec::new();
    for step in paths.iter().flat_map(|(_, paths)| paths).flat_map(|path| &path.steps) {
        let mut number = |entry: Entry<'_>| {
            let name = entry.name();
            names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        };
        let (near, far) = (number(step.from), number(step.to));
        let (from, to) = if step.link.from == step.from { (near, far) } else { (far, near) };
        let link = (from, to, format!("{} ({})", step.link.relation, step.link.publisher));
        if !links.contains(&link) {
            links.push(link);
        }
    }
    (names, links)
}

fn mermaid(paths: &[(Entry<'_>, Vec<Path<'_>>)]) -> String {
    // What Mermaid would read as markup or as the end of a text, as numbered characters.
    let safe = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if c.is_alphanumeric() || " ./:-_".contains(c) { c.to_string() } else { format!("#{};", u32::from(c)) }
            })
            .collect()
    };
    let (names, links) = drawn(paths);
    let mut text = "flowchart LR\n".to_owned();
    for (number, name) in names.iter().enumerate() {
        text.push_str(&format!("    n{number}[\"{}\"]\n", safe(name)));
    }
    for (from, to, label) in links {
        text.push_str(&format!("    n{from} -->|\"{}\"| n{to}\n", safe(&label)));
    }
    text
}

fn dot(paths: &[(Entry<'_>, Vec<Path<'_>>)]) -> String {
    let safe = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
    let (names, links) = drawn(paths);
    let mut text = "digraph crosswalk {\n    rankdir=LR;\n".to_owned();
    for (number, name) in names.iter().enumerate() {
        text.push_str(&format!("    n{number} [label=\"{}\"];\n", safe(name)));
    }
    for (from, to, label) in links {
        text.push_str(&format!("    n{from} -> n{to} [label=\"{}\"];\n", safe(&label)));
    }
    text.push_str("}\n");
    text
}
