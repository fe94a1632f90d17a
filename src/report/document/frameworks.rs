//! Frameworks as tables: groups and controls in the publication's order.

use super::build::{Titles, bar, rating};
use super::{ControlPractice, Framework, FrameworkRow, Pair, Part};
use crate::record::v1::{self, Assessment};
use crate::report::text::share;

pub(super) fn frameworks(record: &Assessment, titles: &Titles<'_>) -> Vec<Framework> {
    record.frameworks.iter().map(|framework| one(framework, titles)).collect()
}

fn one(framework: &v1::Framework, titles: &Titles<'_>) -> Framework {
    let mut rows = Vec::new();
    for group in framework.groups.iter().filter(|group| group.parent.is_none()) {
        add_group(framework, group, 0, titles, &mut rows);
    }
    rows.extend(framework.controls.iter().filter(|control| control.group.is_none()).map(|c| control(c, titles)));
    Framework {
        id: framework.id.clone(),
        title: framework.title.clone(),
        edition: framework.edition.clone(),
        in_scope: framework.in_scope,
        mapped: share(framework.mapped),
        evidenced: share(framework.evidenced),
        strict: bar(framework.achieved.strict.as_ref()),
        accepted: bar(framework.achieved.accepted.as_ref()),
        rows,
        not_mapped: framework
            .controls
            .iter()
            .filter(|control| control.state == "not-mapped")
            .map(|control| Pair { name: control.id.clone(), text: control.leaves.clone().unwrap_or_default() })
            .collect(),
    }
}

fn add_group(
    framework: &v1::Framework,
    group: &v1::Group,
    depth: usize,
    titles: &Titles<'_>,
    rows: &mut Vec<FrameworkRow>,
) {
    rows.push(FrameworkRow {
        is_group: true,
        depth,
        id: group.id.clone(),
        title: group.title.clone().or_else(|| group.summary.clone()).unwrap_or_default(),
        summary: group.summary.clone().unwrap_or_default(),
        state: String::new(),
        bar: bar(None),
        accepted: bar(None),
        rating: String::new(),
        capped_by: Vec::new(),
        covers: String::new(),
        leaves: String::new(),
        assurance: String::new(),
        practices: Vec::new(),
        parts: Vec::new(),
    });
    // Groups form a tree (the loader of catalogs sees to it), so this ends.
    for inner in framework.groups.iter().filter(|inner| inner.parent.as_ref() == Some(&group.id)) {
        add_group(framework, inner, depth + 1, titles, rows);
    }
    rows.extend(framework.controls.iter().filter(|c| c.group.as_ref() == Some(&group.id)).map(|c| control(c, titles)));
}

fn control(control: &v1::Control, titles: &Titles<'_>) -> FrameworkRow {
    FrameworkRow {
        is_group: false,
        depth: 0,
        id: control.id.clone(),
        title: control.title.clone(),
        summary: control.summary.clone().unwrap_or_default(),
        state: control.state.clone(),
        bar: bar(control.strict.as_ref()),
        accepted: bar(control.accepted.as_ref()),
        rating: rating(control.rating.as_ref()),
        capped_by: control.capped_by.clone(),
        covers: control.covers.clone().unwrap_or_default(),
        leaves: control.leaves.clone().unwrap_or_default(),
        assurance: control.assurance.clone(),
        practices: control
            .practices
            .iter()
            .map(|practice| ControlPractice {
                id: practice.id.clone(),
                title: titles.practice(&practice.id).title,
                relation: practice.relation.clone(),
                why: practice.why.clone(),
            })
            .collect(),
        parts: control
            .parts
            .iter()
            .map(|part| Part { bar: bar(part.strict.as_ref()), ..titles.part(&part.id) })
            .collect(),
    }
}
