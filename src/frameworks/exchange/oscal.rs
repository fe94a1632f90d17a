//! OSCAL as JSON: catalogs, profiles over catalogs that are here, mapping collections.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{
    Catalog, Collection, Control, Document, Group, Item, Metadata, Param, Part, Profile, Prop, Selection,
};
use super::{Draft, DraftCatalog, DraftControl, DraftGroup, DraftRows, fault};
use crate::diag::{Diagnostics, SourceFile};
use crate::frameworks::Library;
use crate::frameworks::published::PublishedRelation;

/// Classes that stand for a level above controls, where a publisher writes that level as controls.
const GROUP_CLASSES: [&str; 3] = ["function", "category", "family"];

pub(super) fn read(file: &SourceFile, library: &Library) -> Result<Draft, Diagnostics> {
    let document: Document = serde_json::from_str(file.text().trim_start_matches('\u{feff}'))
        .map_err(|error| Diagnostics::from(fault(file, "import/oscal", format!("this is no OSCAL: {error}"))))?;
    let mut draft = Draft::default();
    if let Some(catalog) = document.catalog {
        draft.catalog = Some(read_catalog(catalog));
    } else if let Some(profile) = document.profile {
        read_profile(file, &profile, library, &mut draft)?;
    } else if let Some(collection) = document.mapping_collection {
        read_collection(collection, library, &mut draft);
    } else {
        let message = "OSCAL of a kind that is not read";
        return Err(fault(file, "import/oscal", message)
            .help("catalogs, profiles and mapping collections are read")
            .into());
    }
    Ok(draft)
}

fn header(metadata: &Metadata) -> DraftCatalog {
    let day = if metadata.published.is_empty() { &metadata.last_modified } else { &metadata.published };
    let publisher = metadata.parties.iter().find_map(|party| party.name.clone());
    let links = || metadata.links.iter();
    let source = links().find(|link| link.rel.as_deref() == Some("canonical")).or_else(|| links().next());
    DraftCatalog {
        id: slug(&metadata.title),
        title: metadata.title.clone(),
        publisher: publisher.unwrap_or_default(),
        edition: metadata.version.clone(),
        published: day.chars().take(10).collect(),
        source: source.map(|link| link.href.clone()).unwrap_or_default(),
        ..DraftCatalog::default()
    }
}

/// A title as an id: lower-case letters, digits and dots, joined by `-`.
pub(super) fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .map(|word| word.trim_matches('.').to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}

fn read_catalog(catalog: Catalog) -> DraftCatalog {
    let mut draft = header(&catalog.metadata);
    let mut params = BTreeMap::new();
    learn(&catalog.params, &mut params);
    catalog.groups.iter().for_each(|group| learn_group(group, &mut params));
    catalog.controls.iter().for_each(|control| learn_control(control, &mut params));
    for group in catalog.groups {
        take_group(group, None, &params, &mut draft);
    }
    for control in catalog.controls {
        take_control(control, None, None, &params, &mut draft);
    }
    draft
}

type Params = BTreeMap<String, String>;

fn learn(more: &[Param], params: &mut Params) {
    for param in more {
        let choices = || param.select.as_ref().map(|select| select.choice.join("; "));
        let label = param.label.clone().or_else(choices).unwrap_or_else(|| param.id.clone());
        params.insert(param.id.clone(), label);
    }
}

fn learn_group(group: &Group, params: &mut Params) {
    learn(&group.params, params);
    group.groups.iter().for_each(|inner| learn_group(inner, params));
    group.controls.iter().for_each(|control| learn_control(control, params));
}

fn learn_control(control: &Control, params: &mut Params) {
    learn(&control.params, params);
    control.controls.iter().for_each(|inner| learn_control(inner, params));
}

fn take_group(group: Group, parent: Option<&str>, params: &Params, draft: &mut DraftCatalog) {
    let printed = label(&group.props).or(group.id).unwrap_or_else(|| group.title.clone().unwrap_or_default());
    draft.groups.push(DraftGroup {
        id: printed.clone(),
        parent: parent.map(str::to_owned),
        title: group.title,
        text: text(&group.parts, None, params),
    });
    for inner in group.groups {
        take_group(inner, Some(&printed), params, draft);
    }
    for control in group.controls {
        take_control(control, Some(&printed), None, params, draft);
    }
}

fn take_control(
    control: Control,
    group: Option<&str>,
    parent: Option<&str>,
    params: &Params,
    draft: &mut DraftCatalog,
) {
    let printed = label(&control.props).unwrap_or_else(|| control.id.clone());
    let is_withdrawn = control
        .props
        .iter()
        .any(|prop| prop.name.eq_ignore_ascii_case("status") && prop.value.eq_ignore_ascii_case("withdrawn"));
    let is_group =
        !control.controls.is_empty() && control.class.as_deref().is_some_and(|class| GROUP_CLASSES.contains(&class));
    if is_withdrawn {
        draft.withdrawn.push(printed.clone());
    } else if is_group {
        draft.groups.push(DraftGroup {
            id: printed.clone(),
            parent: group.map(str::to_owned),
            title: control.title,
            text: text(&control.parts, None, params),
        });
    } else {
        let is_guidance = |part: &&Part| part.name == "guidance";
        let (guidance, statement): (Vec<&Part>, Vec<&Part>) = control.parts.iter().partition(is_guidance);
        draft.controls.push(DraftControl {
            aliases: if printed == control.id { Vec::new() } else { vec![control.id.clone()] },
            id: printed.clone(),
            group: group.map(str::to_owned),
            parent: parent.map(str::to_owned),
            title: control.title,
            text: text(statement, None, params),
            guidance: text(guidance, None, params),
        });
    }
    let (group, parent) = match (is_group, is_withdrawn) {
        (true, _) => (Some(printed.as_str()), None),
        (false, true) => (group, None),
        (false, false) => (group, Some(printed.as_str())),
    };
    for inner in control.controls {
        take_control(inner, group, parent, params, draft);
    }
}

/// The id as it is printed. Labels of a class (`zero-padded`, `sp800-53a`) are forms for sorting and for procedures; they
/// are taken where there is no other.
fn label(props: &[Prop]) -> Option<String> {
    let labels = || props.iter().filter(|prop| prop.name == "label");
    let printed = labels().find(|prop| prop.class.is_none()).or_else(|| labels().next());
    printed.map(|prop| prop.value.trim().to_owned())
}

/// The prose of parts, a line each, with their labels; parameters as their names in brackets. Objectives and methods
/// of assessment are procedures, not text of the control.
fn text<'p>(parts: impl IntoIterator<Item = &'p Part>, indent: Option<usize>, params: &Params) -> Option<String> {
    let mut lines = Vec::new();
    for part in parts {
        if part.name.starts_with("assessment") {
            continue;
        }
        let depth = indent.unwrap_or(0);
        let label = label(&part.props).map(|label| format!("{label} ")).unwrap_or_default();
        let title = part.title.as_deref().filter(|_| part.name != "statement").map(|title| format!("{title}: "));
        if let Some(prose) = &part.prose {
            let prose = filled(prose, params);
            lines.push(format!("{}{label}{}{prose}", "  ".repeat(depth), title.unwrap_or_default()));
        }
        lines.extend(text(&part.parts, Some(depth + 1), params));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `{{ insert: param, ac-1_prm_1 }}` as `[organization-defined personnel]`; choices may name further parameters.
fn filled(prose: &str, params: &Params) -> String {
    let mut text = prose.to_owned();
    // Choices name parameters of their own, never deeper than this.
    for _ in 0..3 {
        let Some(start) = text.find("{{") else { break };
        let mut done = text.get(..start).unwrap_or_default().to_owned();
        let mut rest = text.get(start..).unwrap_or_default();
        while let Some(inner) = rest.strip_prefix("{{") {
            let Some(end) = inner.find("}}") else { break };
            let name = inner.get(..end).unwrap_or_default().rsplit(',').next().unwrap_or_default().trim();
            let label = params.get(name).map_or(name, String::as_str);
            done.push_str(&format!("[{label}]"));
            let after = inner.get(end + 2..).unwrap_or_default();
            let next = after.find("{{").unwrap_or(after.len());
            done.push_str(after.get(..next).unwrap_or_default());
            rest = after.get(next..).unwrap_or_default();
        }
        done.push_str(rest);
        if done == text {
            break;
        }
        text = done;
    }
    text
}

fn read_profile(file: &SourceFile, profile: &Profile, library: &Library, draft: &mut Draft) -> Result<(), Diagnostics> {
    let mut made = header(&profile.metadata);
    made.is_selection = true;
    for import in &profile.imports {
        let Some(catalog) = library.catalogs.iter().find(|catalog| names(&import.href, catalog.id())) else {
            return Err(fault(file, "import/profile", format!("no catalog is here that `{}` could be", import.href))
                .help(
                    "import the catalog first, with --id and the file name without its ending, and name the folder \
                       with --catalogs",
                )
                .into());
        };
        let mut unknown = Vec::new();
        let mut resolve = |selections: &[Selection]| {
            let mut chosen = BTreeSet::new();
            for selection in selections {
                if selection.matching.is_some() {
                    draft.left_out.push("patterns of ids (`matching`); only ids are read".to_owned());
                }
                for wanted in &selection.with_ids {
                    let found = catalog.controls.iter().find(|control| {
                        control.id.eq_ignore_ascii_case(wanted)
                            || control.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(wanted))
                    });
                    let Some(found) = found else {
                        unknown.push(wanted.clone());
                        continue;
                    };
                    chosen.insert(found.id.to_string());
                    if selection.with_child_controls.as_deref() == Some("yes") {
                        let children =
                            catalog.controls.iter().filter(|control| control.parent.as_ref() == Some(&found.id));
                        chosen.extend(children.map(|child| child.id.to_string()));
                    }
                }
            }
            chosen
        };
        let included = resolve(&import.include_controls);
        let excluded = resolve(&import.exclude_controls);
        if !unknown.is_empty() {
            draft.left_out.push(format!("ids that `{}` does not have: {}", catalog.id(), unknown.join(", ")));
        }
        let is_in = |id: &str| (import.include_all.is_some() || included.contains(id)) && !excluded.contains(id);
        let mut groups = BTreeSet::new();
        for control in catalog.controls.iter().filter(|control| is_in(&control.id)) {
            let mut group = control.group.as_deref();
            while let Some(id) = group {
                if !groups.insert(id.clone()) {
                    break;
                }
                group = catalog.group(id).and_then(|group| group.parent.as_deref());
            }
            made.controls.push(DraftControl {
                id: control.id.to_string(),
                group: control.group.as_ref().map(|id| id.to_string()),
                parent: control.parent.as_ref().filter(|parent| is_in(parent)).map(|id| id.to_string()),
                title: control.title.clone(),
                text: control.summary.clone(),
                guidance: control.guidance.clone(),
                aliases: control.aliases.clone(),
            });
        }
        for group in catalog.groups.iter().filter(|group| groups.contains(group.id.as_str())) {
            made.groups.push(DraftGroup {
                id: group.id.to_string(),
                parent: group.parent.as_ref().map(|id| id.to_string()),
                title: group.title.clone(),
                text: group.summary.clone(),
            });
        }
        catalog.header.licence.clone_into(&mut made.licence);
    }
    draft.catalog = Some(made);
    Ok(())
}

/// Whether a reference can mean a catalog: its file's name without folders and ending is the id.
fn names(href: &str, id: &str) -> bool {
    framework(href).eq_ignore_ascii_case(id)
}

fn framework(href: &str) -> &str {
    let name = href.rsplit(['/', '#']).next().unwrap_or(href);
    name.strip_suffix(".json")
        .or_else(|| name.strip_suffix(".xml"))
        .or_else(|| name.strip_suffix(".yaml"))
        .unwrap_or(name)
}

fn read_collection(collection: Collection, library: &Library, draft: &mut Draft) {
    for mapping in collection.mappings {
        let known = |href: &str| {
            let name = framework(href);
            library
                .catalogs
                .iter()
                .find(|catalog| names(href, catalog.id()))
                .map_or(name.to_lowercase(), |catalog| catalog.id().to_owned())
        };
        let head = header(&collection.metadata);
        let (from, to) = (known(&mapping.source_resource.href), known(&mapping.target_resource.href));
        let mut rows = DraftRows {
            id: format!("{}-to-{}", slug(&from), slug(&to)),
            title: head.title,
            publisher: head.publisher,
            edition: head.edition,
            source: head.source,
            from,
            to,
            ..DraftRows::default()
        };
        for map in mapping.maps {
            let relation = match map.relationship.as_str() {
                "equal-to" | "equivalent-to" => PublishedRelation::Equal,
                "subset-of" => PublishedRelation::SubsetOf,
                "superset-of" => PublishedRelation::SupersetOf,
                "intersects-with" => PublishedRelation::IntersectsWith,
                other => {
                    draft.left_out.push(format!("a map with the relationship `{other}`"));
                    continue;
                }
            };
            for source in &map.sources {
                for target in &map.targets {
                    let end = |framework: &str, item: &Item| super::write::known_id(library, framework, &item.id_ref);
                    rows.rows.push((end(&rows.from, source), relation, end(&rows.to, target)));
                }
            }
        }
        draft.rows.push(rows);
    }
}
