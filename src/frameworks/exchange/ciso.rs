//! Libraries of CISO Assistant: a framework as a list of nodes, and mappings in both layouts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::oscal::slug;
use super::{Draft, DraftCatalog, DraftControl, DraftGroup, DraftRows, fault, write};
use crate::diag::{Diagnostics, SourceFile, read_yaml};
use crate::frameworks::Library;
use crate::frameworks::published::PublishedRelation;

#[derive(Deserialize)]
struct File {
    urn: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    copyright: String,
    version: Option<String>,
    publication_date: Option<String>,
    #[serde(default)]
    provider: String,
    objects: Objects,
}

#[derive(Deserialize)]
struct Objects {
    framework: Option<Framework>,
    #[serde(default)]
    requirement_mapping_sets: Vec<MappingSet>,
    requirement_mapping_set: Option<MappingSet>,
    threats: Option<serde::de::IgnoredAny>,
    reference_controls: Option<serde::de::IgnoredAny>,
    risk_matrix: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Framework {
    urn: String,
    name: Option<String>,
    #[serde(default)]
    requirement_nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    urn: String,
    parent_urn: Option<String>,
    #[serde(default)]
    assessable: bool,
    ref_id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    annotation: Option<String>,
}

#[derive(Deserialize)]
struct MappingSet {
    name: Option<String>,
    source_framework_urn: String,
    target_framework_urn: String,
    #[serde(default)]
    requirement_mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Mapping {
    source_requirement_urn: String,
    target_requirement_urn: String,
    relationship: String,
}

pub(super) fn read(file: &Arc<SourceFile>, library: &Library) -> Result<Draft, Diagnostics> {
    let read: File = read_yaml(file).map_err(|fault| Diagnostics::from(*fault))?;
    let mut draft = Draft::default();
    for (name, is_there) in [
        ("threats", read.objects.threats.is_some()),
        ("reference controls", read.objects.reference_controls.is_some()),
        ("risk matrices", read.objects.risk_matrix.is_some()),
    ] {
        if is_there {
            draft.left_out.push(format!("{name} of the library"));
        }
    }
    if let Some(framework) = &read.objects.framework {
        draft.catalog = Some(catalog(file, &read, framework, &mut draft.left_out)?);
    }
    for set in read.objects.requirement_mapping_sets.iter().chain(&read.objects.requirement_mapping_set) {
        draft.rows.push(rows(&read, set, library, &mut draft.left_out));
    }
    Ok(draft)
}

/// The last part of a URN.
fn tail(urn: &str) -> &str {
    urn.rsplit(':').next().unwrap_or(urn)
}

fn catalog(
    file: &SourceFile,
    read: &File,
    framework: &Framework,
    left_out: &mut Vec<String>,
) -> Result<DraftCatalog, Diagnostics> {
    let mut draft = DraftCatalog {
        id: slug(tail(&framework.urn)),
        title: framework.name.clone().unwrap_or_else(|| read.name.clone()),
        publisher: read.provider.clone(),
        edition: read.version.clone().unwrap_or_default(),
        published: read.publication_date.clone().unwrap_or_default(),
        licence: read.copyright.trim().to_owned(),
        source: read.urn.clone(),
        ..DraftCatalog::default()
    };
    let nodes: BTreeMap<&str, &Node> = framework.requirement_nodes.iter().map(|node| (&*node.urn, node)).collect();
    // A node may lack its printed id; its URN never does.
    let id =
        |node: &Node| node.ref_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| tail(&node.urn).to_owned());
    for node in &framework.requirement_nodes {
        let above = match &node.parent_urn {
            None => None,
            Some(urn) => match nodes.get(urn.as_str()) {
                Some(parent) => Some(*parent),
                None => {
                    let message = format!("`{}` stands under `{urn}`, which is not in the file", node.urn);
                    return Err(fault(file, "import/parent", message).into());
                }
            },
        };
        if node.annotation.is_some() {
            left_out.push(format!("the annotation of `{}`", id(node)));
        }
        if node.assessable {
            // The nearest node above that is assessed is a control of its own, the nearest that is not a group.
            let (mut group, mut parent, mut current) = (None, None, above);
            let mut steps = 0;
            while let Some(node) = current {
                match node.assessable {
                    true if parent.is_none() => parent = Some(id(node)),
                    true => {}
                    false => {
                        group = Some(id(node));
                        break;
                    }
                }
                current = node.parent_urn.as_deref().and_then(|urn| nodes.get(urn)).copied();
                steps += 1;
                if steps > nodes.len() {
                    let message = format!("`{}` stands inside itself", id(node));
                    return Err(fault(file, "import/parent", message).into());
                }
            }
            draft.controls.push(DraftControl {
                id: id(node),
                group,
                parent,
                title: node.name.clone(),
                text: node.description.clone(),
                aliases: Vec::new(),
                guidance: None,
            });
        } else {
            draft.groups.push(DraftGroup {
                id: id(node),
                parent: above.map(id),
                title: node.name.clone(),
                text: node.description.clone(),
            });
        }
    }
    Ok(draft)
}

fn rows(read: &File, set: &MappingSet, library: &Library, left_out: &mut Vec<String>) -> DraftRows {
    let known = |urn: &str| {
        let name = slug(tail(urn));
        library.catalogs.iter().map(|catalog| catalog.id()).find(|id| **id == *name).map_or(name.clone(), str::to_owned)
    };
    let (from, to) = (known(&set.source_framework_urn), known(&set.target_framework_urn));
    let mut rows = DraftRows {
        id: format!("{}-to-{}", slug(&from), slug(&to)),
        title: set.name.clone().unwrap_or_else(|| read.name.clone()),
        publisher: read.provider.clone(),
        edition: read.version.clone().unwrap_or_default(),
        licence: read.copyright.trim().to_owned(),
        source: read.urn.clone(),
        from,
        to,
        rows: Vec::new(),
    };
    for mapping in &set.requirement_mappings {
        let relation = match mapping.relationship.as_str() {
            "equal" => PublishedRelation::Equal,
            "subset" => PublishedRelation::SubsetOf,
            "superset" => PublishedRelation::SupersetOf,
            "intersect" => PublishedRelation::IntersectsWith,
            other => {
                left_out.push(format!("a mapping with the relationship `{other}`"));
                continue;
            }
        };
        let end = |framework: &str, urn: &str| write::known_id(library, framework, tail(urn));
        let from = end(&rows.from, &mapping.source_requirement_urn);
        let to = end(&rows.to, &mapping.target_requirement_urn);
        rows.rows.push((from, relation, to));
    }
    rows
}
