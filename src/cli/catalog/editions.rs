//! `rungs catalog diff`: two editions of one framework, and what of an assessment carries over.

use std::path::PathBuf;

use clap::Args;

use super::unknown_catalog;
use crate::cli::groups::{CatalogArgs, Format, FormatArgs};
use crate::cli::table::Table;
use crate::cli::{Error, Exit, Ui};
use crate::diag::Diagnostic;
use crate::frameworks::edition::{Change, diff};
use crate::frameworks::{Catalog, Library};
use crate::record::v1;

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog diff owasp-llm-top10-2025 owasp-llm-top10-2026")]
pub struct DiffArgs {
    /// The older edition
    old: String,

    /// The newer edition
    new: String,

    /// Saved assessment on the older edition: shows which of its figures carry over, and which do not
    #[arg(long, value_name = "FILE")]
    assessment: Option<PathBuf>,

    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(serde::Serialize)]
struct Shown<'a> {
    old: Option<&'a str>,
    new: Option<&'a str>,
    changes: Vec<&'static str>,
    basis: &'static str,
    old_title: Option<&'a str>,
    new_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carried: Option<Carried>,
}

/// What becomes of a control's figures.
#[derive(serde::Serialize)]
struct Carried {
    carries: bool,
    why: &'static str,
    state: Option<String>,
    low: Option<f64>,
    high: Option<f64>,
}

impl DiffArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let find = |id: &str| library.catalog(id).ok_or_else(|| unknown_catalog(id, &library));
        let (old, new) = (find(&self.old)?, find(&self.new)?);
        let record = self.assessment.as_ref().map(|path| crate::cli::report::read_record(path)).transpose()?;
        let framework = match &record {
            None => None,
            Some(record) => Some(framework(record, old)?),
        };
        let changes: Vec<Shown<'_>> =
            diff(old, new, &library).into_iter().map(|change| shown(&change, old, new, &library, framework)).collect();
        match self.format.format {
            Format::Json => ui.json(&changes)?,
            Format::Text => text(&changes, framework.is_some(), ui)?,
        }
        Ok(Exit::Done)
    }
}

fn framework<'r>(record: &'r v1::Assessment, old: &Catalog) -> Result<&'r v1::Framework, Error> {
    record.frameworks.iter().find(|framework| framework.id == old.id()).ok_or_else(|| {
        Diagnostic::error("edition/assessment", format!("the assessment says nothing of `{}`", old.id()))
            .help("name an assessment that was made on the older edition")
            .into()
    })
}

fn shown<'a>(
    change: &Change<'a>,
    old: &'a Catalog,
    new: &'a Catalog,
    library: &Library,
    framework: Option<&v1::Framework>,
) -> Shown<'a> {
    let title = |catalog: &'a Catalog, id: Option<&str>| {
        id.and_then(|id| catalog.control(id)).map(crate::frameworks::Control::name)
    };
    let carried = framework.map(|framework| carry(change, old, new, library, framework));
    Shown {
        old: change.old,
        new: change.new,
        changes: change.kinds.iter().map(|kind| kind.name()).collect(),
        basis: change.basis.name(),
        old_title: title(old, change.old),
        new_title: title(new, change.new),
        carried,
    }
}

/// Figures carry where both controls rest on the same parts in the same way; else the control must be assessed anew.
fn carry(change: &Change<'_>, old: &Catalog, new: &Catalog, library: &Library, framework: &v1::Framework) -> Carried {
    let control = change.old.and_then(|id| framework.controls.iter().find(|control| control.id == id));
    let (carries, why) = match (change.old, change.new) {
        (None, _) => (false, "the older edition has no such control"),
        (_, None) => (false, "the newer edition has no such control"),
        (Some(before), Some(after)) if library.same_parts(old, before, new, after) => (true, "both rest on the same"),
        _ => (false, "the two rest on different practices; assess again"),
    };
    let low_high = control.and_then(|control| control.strict.as_ref()).map(|interval| (interval.low, interval.high));
    Carried {
        carries,
        why,
        state: control.map(|control| control.state.clone()),
        low: low_high.map(|(low, _)| low).filter(|_| carries),
        high: low_high.map(|(_, high)| high).filter(|_| carries),
    }
}

fn text(changes: &[Shown<'_>], is_carried: bool, ui: &mut Ui) -> Result<(), Error> {
    let mut header = vec!["old", "new", "change", "basis", "title"];
    if is_carried {
        header.push("carries over");
    }
    let mut table = Table::new(header);
    for change in changes {
        let kinds = if change.changes.is_empty() { "same".to_owned() } else { change.changes.join(", ") };
        let title = match (change.old_title, change.new_title) {
            (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
            (old, new) => new.or(old).unwrap_or_default().to_owned(),
        };
        let mut row = vec![
            change.old.unwrap_or("-").to_owned(),
            change.new.unwrap_or("-").to_owned(),
            kinds,
            change.basis.to_owned(),
            title,
        ];
        if let Some(carried) = &change.carried {
            row.push(match (carried.carries, carried.low.zip(carried.high)) {
                (true, Some((low, high))) => format!("yes: {:.1} to {:.1} %", low * 100.0, high * 100.0),
                (true, None) => "yes: no figure".to_owned(),
                (false, _) => format!("no: {}", carried.why),
            });
        }
        table.row(row);
    }
    ui.data(&table.text())?;
    let count = |kind: &str| changes.iter().filter(|change| change.changes.contains(&kind)).count();
    let same = changes.iter().filter(|change| change.changes.is_empty()).count();
    ui.line(&format!(
        "{same} the same, {} renumbered, {} retitled, {} moved, {} added, {} removed",
        count("renumbered"),
        count("retitled"),
        count("moved"),
        count("added"),
        count("removed")
    ))?;
    if is_carried {
        let carried = changes.iter().filter_map(|change| change.carried.as_ref());
        let carries = carried.clone().filter(|carried| carried.carries).count();
        ui.line(&format!("{carries} carry over, {} do not", carried.count() - carries))?;
    }
    Ok(())
}
