//! Frameworks and controls.

use crate::assessment::{ControlResult, FrameworkResult, Part, PartKind};
use crate::frameworks::{Assurance, Catalog, ControlMapping, Library};
use crate::record::convert::ratings;
use crate::record::v1;

pub(super) fn framework(result: &FrameworkResult, library: &Library) -> Option<v1::Framework> {
    let catalog = library.catalog(&result.id)?;
    let mapping = library.mappings.get(&result.id);
    Some(v1::Framework {
        id: result.id.clone(),
        title: catalog.header.title.clone(),
        edition: catalog.header.edition.clone(),
        in_scope: result.in_scope,
        mapped: result.mapped,
        evidenced: result.evidenced,
        achieved: v1::Figures { strict: result.strict.map(Into::into), accepted: result.accepted.map(Into::into) },
        groups: catalog
            .groups
            .iter()
            .map(|group| v1::Group {
                id: group.id.to_string(),
                parent: group.parent.as_ref().map(|parent| parent.to_string()),
                title: group.title.clone(),
                summary: group.summary.clone(),
            })
            .collect(),
        controls: result
            .controls
            .iter()
            .map(|result| {
                let mapped = mapping.and_then(|mapping| mapping.controls.get(&result.id)).map(|located| &**located);
                control(result, catalog, mapped)
            })
            .collect(),
    })
}

pub(super) fn control(result: &ControlResult, catalog: &Catalog, mapped: Option<&ControlMapping>) -> v1::Control {
    let known = catalog.control(&result.id);
    let practices = match mapped {
        Some(ControlMapping::Mapped { parts, .. }) => parts
            .iter()
            .map(|part| v1::ControlPractice {
                id: part.id.to_string(),
                relation: part.relation.name().to_owned(),
                why: part.why.clone(),
            })
            .collect(),
        _ => Vec::new(),
    };
    v1::Control {
        id: result.id.clone(),
        title: known.map(|control| control.name().to_owned()).unwrap_or_default(),
        summary: known.and_then(|control| control.summary.clone()),
        group: known.and_then(|control| control.group.as_ref()).map(|group| group.to_string()),
        state: result.state.name().to_owned(),
        strict: result.rated.strict.map(Into::into),
        accepted: result.rated.accepted.map(Into::into),
        rating: ratings(&result.rated),
        capped_by: result.rated.capped_by.clone(),
        covers: result.covers.map(|covers| covers.name().to_owned()),
        leaves: result.leaves.clone(),
        assurance: match result.assurance {
            Assurance::Automated => "automated",
            Assurance::Organisational => "organisational",
        }
        .to_owned(),
        practices,
        parts: result.parts.iter().map(part).collect(),
    }
}

pub(super) fn part(part: &Part) -> v1::Part {
    v1::Part {
        id: part.id.clone(),
        kind: match part.kind {
            PartKind::Check => "check",
            PartKind::Question => "question",
        }
        .to_owned(),
        weight: part.weight,
        strength: part.strength,
        strict: part.value.strict.map(Into::into),
    }
}
