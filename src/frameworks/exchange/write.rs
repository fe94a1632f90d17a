//! Drafts as YAML laid out like `frameworks/`. Every text is written in quotes, so that nothing in it is read as
//! YAML.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{DraftCatalog, DraftRows};
use crate::frameworks::Library;

/// The id that a catalog prints, for an id in another spelling; the id itself where no catalog knows it.
pub(super) fn known_id(library: &Library, framework: &str, id: &str) -> String {
    let Some(catalog) = library.catalog(framework) else { return id.to_owned() };
    let control = catalog.controls.iter().find(|control| {
        control.id.eq_ignore_ascii_case(id) || control.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(id))
    });
    let group = || catalog.groups.iter().find(|group| group.id.eq_ignore_ascii_case(id)).map(|group| &group.id);
    control.map(|control| &control.id).or_else(group).map_or_else(|| id.to_owned(), |known| known.to_string())
}

/// A JSON text is a YAML text in double quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{key}: {}", quoted(value));
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

pub(super) fn catalog(draft: &DraftCatalog) -> String {
    let mut text =
        "# Imported. The texts are the publisher's; whoever passes this file on must have the right to.\n".to_owned();
    line(&mut text, "id", &draft.id);
    line(&mut text, "title", or(&draft.title, &draft.id));
    line(&mut text, "publisher", or(&draft.publisher, "not named in the file"));
    line(&mut text, "edition", or(&draft.edition, "not named in the file"));
    line(&mut text, "published", or(&draft.published, "not named in the file"));
    line(&mut text, "licence", or(&draft.licence, "not named in the file"));
    line(&mut text, "attribution", &format!("Imported from a file of {}.", or(&draft.publisher, "its publisher")));
    line(&mut text, "source", or(&draft.source, "not named in the file"));
    line(&mut text, "id_pattern", r"^\S.*$");
    let (groups, controls) = (draft.groups.len(), draft.controls.len());
    let _ = writeln!(text, "counts: {{ groups: {groups}, controls: {controls} }}");
    if draft.is_selection {
        text.push_str("selection: true\n");
    }
    if !draft.withdrawn.is_empty() {
        let _ = writeln!(text, "withdrawn: {}", list(&draft.withdrawn));
    }
    text.push_str(if groups == 0 { "groups: []\n" } else { "groups:\n" });
    for group in &draft.groups {
        let _ = writeln!(text, "  - id: {}", quoted(&group.id));
        field(&mut text, "parent", group.parent.as_deref());
        field(&mut text, "title", group.title.as_deref());
        field(&mut text, "summary", group.text.as_deref().or(group.title.as_deref()));
    }
    text.push_str(if controls == 0 { "controls: []\n" } else { "controls:\n" });
    for control in &draft.controls {
        let _ = writeln!(text, "  - id: {}", quoted(&control.id));
        field(&mut text, "group", control.group.as_deref());
        field(&mut text, "parent", control.parent.as_deref());
        field(&mut text, "title", control.title.as_deref());
        field(&mut text, "summary", control.text.as_deref().or(control.title.as_deref()));
        field(&mut text, "guidance", control.guidance.as_deref());
        if !control.aliases.is_empty() {
            let _ = writeln!(text, "    aliases: {}", list(&control.aliases));
        }
    }
    text
}

fn field(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(text, "    {key}: {}", quoted(value));
    }
}

pub(super) fn rows(draft: &DraftRows, library: &Library, beside: Option<&DraftCatalog>) -> String {
    let mut text = "# Imported. The rows are the publisher's.\n".to_owned();
    line(&mut text, "title", or(&draft.title, &draft.id));
    line(&mut text, "publisher", or(&draft.publisher, "not named in the file"));
    line(&mut text, "edition", or(&draft.edition, "not named in the file"));
    line(&mut text, "licence", or(&draft.licence, "not named in the file"));
    line(&mut text, "attribution", &format!("Imported from a file of {}.", or(&draft.publisher, "its publisher")));
    line(&mut text, "source", or(&draft.source, "not named in the file"));
    text.push_str("tier: community\n");
    let is_here = |id: &str| library.catalog(id).is_some() || beside.is_some_and(|catalog| catalog.id == id);
    let external: BTreeSet<&String> = [&draft.from, &draft.to].into_iter().filter(|id| !is_here(id)).collect();
    if !external.is_empty() {
        text.push_str("external:\n");
        for id in external {
            let _ = writeln!(text, "  {}: {{ title: {}, id_pattern: {} }}", quoted(id), quoted(id), quoted(r"^\S.*$"));
        }
    }
    text.push_str(if draft.rows.is_empty() { "rows: []\n" } else { "rows:\n" });
    let mut seen = BTreeSet::new();
    for (from, relation, to) in &draft.rows {
        if seen.insert((from, relation.name(), to)) {
            let end = |framework: &str, id: &str| quoted(&format!("{framework}/{id}"));
            let (from, to) = (end(&draft.from, from), end(&draft.to, to));
            let _ = writeln!(text, "  - {{ from: {from}, relation: {relation}, to: {to} }}");
        }
    }
    text
}
