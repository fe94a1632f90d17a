//! Frameworks from and to other tools: OSCAL catalogs, profiles and mapping collections, CISO Assistant libraries.
//! What is imported becomes files laid out like `frameworks/`, with a report of what was taken and what was not.

mod ciso;
mod export;
mod oscal;
mod shape;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::catalog::Difference;
use super::published::PublishedRelation;
use super::{Catalog, Library};
use crate::diag::{Diagnostic, Diagnostics, Place, SourceFile};

pub use export::to_oscal;

/// What a file holds, before it is written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub catalog: Option<DraftCatalog>,
    pub rows: Vec<DraftRows>,
    /// What was read and not taken, in words.
    pub left_out: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct DraftCatalog {
    pub id: String,
    pub title: String,
    pub publisher: String,
    pub edition: String,
    pub published: String,
    pub licence: String,
    pub source: String,
    pub groups: Vec<DraftGroup>,
    pub controls: Vec<DraftControl>,
    /// Ids that the edition has withdrawn.
    pub withdrawn: Vec<String>,
    pub is_selection: bool,
}

#[derive(Debug, Default)]
pub(super) struct DraftGroup {
    pub id: String,
    pub parent: Option<String>,
    pub title: Option<String>,
    pub text: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct DraftControl {
    pub id: String,
    pub group: Option<String>,
    /// The control that it enhances.
    pub parent: Option<String>,
    pub title: Option<String>,
    pub text: Option<String>,
    pub guidance: Option<String>,
    pub aliases: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct DraftRows {
    pub id: String,
    pub title: String,
    pub publisher: String,
    pub edition: String,
    pub licence: String,
    pub source: String,
    /// Framework ids of both ends.
    pub from: String,
    pub to: String,
    /// (from, relation, to), without the framework.
    pub rows: Vec<(String, PublishedRelation, String)>,
}

/// A file that an import writes.
#[derive(Debug)]
pub struct Made {
    /// Its path below the folder of catalogs.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What was taken from a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// The files to write.
    pub made: Vec<Made>,
    /// What was taken, in words.
    pub taken: Vec<String>,
    /// What was read and not taken, in words.
    pub left_out: Vec<String>,
}

/// Reads a file of another tool; `id` is what the catalog should be called, else what the file says.
///
/// # Errors
/// When the file is none of the known formats, breaks off, or contradicts a catalog that is shipped under that id.
pub fn import(file: &Arc<SourceFile>, id: Option<&str>, library: &Library) -> Result<Imported, Diagnostics> {
    let text = file.text().trim_start();
    let mut draft = if text.starts_with('{') {
        oscal::read(file, library)?
    } else if text.lines().any(|line| line.starts_with("urn:")) {
        ciso::read(file, library)?
    } else {
        return Err(fault(file, "import/format", "this is neither OSCAL JSON nor a CISO Assistant library")
            .help("OSCAL has a key `catalog`, `profile` or `mapping-collection`, a CISO Assistant library a key `urn`")
            .into());
    };
    if let (Some(id), Some(catalog)) = (id, &mut draft.catalog) {
        id.clone_into(&mut catalog.id);
    }
    let mut imported = Imported { left_out: draft.left_out, ..Imported::default() };
    if let Some(catalog) = &draft.catalog {
        if let Some(shipped) = library.catalog(&catalog.id) {
            compare(file, catalog, shipped)?;
        }
        check_ids(file, catalog)?;
        imported.taken.push(format!(
            "catalog `{}`: {} groups, {} controls, {} of them under another control; {} withdrawn ids are named only",
            catalog.id,
            catalog.groups.len(),
            catalog.controls.len(),
            catalog.controls.iter().filter(|control| control.parent.is_some()).count(),
            catalog.withdrawn.len()
        ));
        imported.made.push(Made { path: format!("catalogs/{}.yaml", catalog.id), text: write::catalog(catalog) });
    }
    for rows in &draft.rows {
        imported.taken.push(format!("mapping `{}`: {} rows", rows.id, rows.rows.len()));
        let text = write::rows(rows, library, draft.catalog.as_ref());
        imported.made.push(Made { path: format!("mappings/published/{}.yaml", rows.id), text });
    }
    if imported.made.is_empty() {
        return Err(fault(file, "import/empty", "the file holds no framework and no mapping").into());
    }
    Ok(imported)
}

fn fault(file: &SourceFile, code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, message).at(Place::Path(file.name().to_owned()))
}

/// Under the id of a shipped edition, ids and titles must be that edition's: wrong ones circulate.
fn compare(file: &SourceFile, draft: &DraftCatalog, shipped: &Catalog) -> Result<(), Diagnostics> {
    let mut faults = Diagnostics::default();
    for control in &draft.controls {
        match shipped.difference(&control.id, control.title.as_deref()) {
            Some(Difference::Id(message)) => faults.push(
                fault(file, "import/id", message)
                    .suggest(&control.id, shipped.controls.iter().map(|control| control.id.as_str())),
            ),
            Some(Difference::Title(message)) => faults
                .push(fault(file, "import/title", message).help(
                    "the file follows another edition, a draft or hearsay; import it under another id with --id",
                )),
            None => {}
        }
    }
    if faults.has_errors() { Err(faults) } else { Ok(()) }
}

/// An id becomes a file's name and half of `catalog/id`.
fn check_ids(file: &SourceFile, draft: &DraftCatalog) -> Result<(), Diagnostics> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut faults = Diagnostics::default();
    if draft.id.is_empty() || !draft.id.chars().all(is_name) || draft.id.starts_with('.') {
        faults.push(
            fault(file, "import/id", format!("`{}` cannot be the id of a catalog", draft.id))
                .help("use letters, digits, `.`, `-` and `_`: --id ID"),
        );
    }
    let mut seen = BTreeSet::new();
    let ids = draft.groups.iter().map(|group| &group.id);
    for id in ids.chain(draft.controls.iter().map(|control| &control.id)) {
        if !seen.insert(id) {
            faults.push(fault(file, "import/duplicate", format!("the id `{id}` stands twice")));
        }
    }
    if faults.has_errors() { Err(faults) } else { Ok(()) }
}
