//! Whether a catalog is what its header says it is.

use std::collections::BTreeMap;

use regex::RegexBuilder;

use super::catalog::Difference;
use super::{Catalog, Library};
use crate::diag::{Diagnostic, Diagnostics, Located};

/// Largest compiled size of an id pattern, in bytes: catalogs may come from anywhere.
pub(super) const MAX_PATTERN_BYTES: usize = 1 << 20;

/// Every fault of one catalog: counts against the header, dangling parents and references, duplicate ids,
/// ids against the edition's pattern, missing summaries.
#[must_use]
pub fn lint(catalog: &Catalog, library: &Library) -> Diagnostics {
    let mut lint = Lint { catalog, faults: Diagnostics::default() };
    lint.header();
    lint.ids();
    lint.parents();
    lint.summaries();
    lint.references(library);
    lint.faults
}

/// Where a catalog under the id of a shipped edition differs from it: titles of drafts and wrong ids circulate.
#[must_use]
pub fn lint_against(catalog: &Catalog, shipped: &Catalog) -> Diagnostics {
    let mut faults = Diagnostics::default();
    for control in &catalog.controls {
        match shipped.difference(&control.id, Some(control.name())) {
            Some(Difference::Id(message)) => {
                faults.push(Diagnostic::error("catalog/edition", message).at_value(&catalog.file, &control.id));
            }
            Some(Difference::Title(message)) => faults.push(
                Diagnostic::error("catalog/title", message)
                    .at_value(&catalog.file, &control.id)
                    .help("the title follows another edition or a draft"),
            ),
            None => {}
        }
    }
    faults
}

struct Lint<'a> {
    catalog: &'a Catalog,
    faults: Diagnostics,
}

impl Lint<'_> {
    fn fault<T>(&mut self, code: &'static str, value: &Located<T>, message: String, help: &str) {
        let fault = Diagnostic::error(code, message).at_value(&self.catalog.file, value);
        self.faults.push(if help.is_empty() { fault } else { fault.help(help) });
    }

    fn header(&mut self) {
        let header = &self.catalog.header;
        let counts = *header.counts;
        let (groups, controls) = (self.catalog.groups.len(), self.catalog.controls.len());
        if counts.groups != groups || counts.controls != controls {
            let message = format!(
                "the header counts {} groups and {} controls, the file has {groups} and {controls}",
                counts.groups, counts.controls
            );
            self.fault(
                "catalog/count",
                &header.counts,
                message,
                "compare with the publication before changing the header",
            );
        }
        for (what, text) in [
            ("title", &header.title),
            ("publisher", &header.publisher),
            ("edition", &header.edition),
            ("published", &header.published),
            ("licence", &header.licence),
            ("attribution", &header.attribution),
            ("source", &header.source),
        ] {
            if text.trim().is_empty() {
                self.fault("catalog/header", &header.id, format!("`{what}` is empty"), "");
            }
        }
    }

    fn ids(&mut self) {
        let catalog = self.catalog;
        let pattern = &catalog.header.id_pattern;
        let compiled = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build();
        let Ok(compiled) = compiled else {
            self.fault("catalog/pattern", pattern, format!("`{}` is not a regular expression", **pattern), "");
            return;
        };
        let mut seen = BTreeMap::new();
        let groups = catalog.groups.iter().map(|group| &group.id);
        for id in groups.chain(catalog.controls.iter().map(|control| &control.id)) {
            if !compiled.is_match(id) {
                let message = format!("`{}` does not look like an id of edition {}", **id, catalog.header.edition);
                self.fault("catalog/pattern", id, message, &format!("ids match {}", **pattern));
            }
            if let Some(first) = seen.insert(id.as_str(), id.line()) {
                self.fault("catalog/duplicate", id, format!("`{}` stands on line {first} already", **id), "");
            }
        }
    }

    fn parents(&mut self) {
        let catalog = self.catalog;
        let parents = catalog.groups.iter().filter_map(|group| group.parent.as_ref());
        for parent in parents.chain(catalog.controls.iter().filter_map(|control| control.group.as_ref())) {
            if catalog.group(parent).is_none() {
                let fault = Diagnostic::error("catalog/parent", format!("there is no group `{}`", **parent))
                    .at_value(&catalog.file, parent)
                    .suggest(parent, catalog.groups.iter().map(|group| group.id.as_str()));
                self.faults.push(fault);
            }
        }
        for control in &catalog.controls {
            if let Some(parent) = &control.parent
                && (catalog.control(parent).is_none() || *parent == control.id)
            {
                let fault = Diagnostic::error("catalog/parent", format!("there is no other control `{}`", **parent))
                    .at_value(&catalog.file, parent)
                    .suggest(parent, catalog.controls.iter().map(|control| control.id.as_str()));
                self.faults.push(fault);
            }
        }
        let grouped = catalog.controls.iter().filter(|control| control.group.is_some()).count();
        if grouped != 0 && grouped != catalog.controls.len() {
            for control in catalog.controls.iter().filter(|control| control.group.is_none()) {
                self.fault("catalog/parent", &control.id, format!("`{}` stands in no group", *control.id), "");
            }
        }
        for group in &catalog.groups {
            let empty = !catalog.controls.iter().any(|control| control.group.as_ref() == Some(&group.id))
                && !catalog.groups.iter().any(|other| other.parent.as_ref() == Some(&group.id));
            if empty {
                self.fault("catalog/empty-group", &group.id, format!("nothing stands in group `{}`", *group.id), "");
            }
            if self.parent_chain_is_endless(group.id.as_str()) {
                self.fault("catalog/parent", &group.id, format!("group `{}` stands inside itself", *group.id), "");
            }
        }
    }

    fn parent_chain_is_endless(&self, id: &str) -> bool {
        let mut current = Some(id);
        for _ in 0..=self.catalog.groups.len() {
            match current.and_then(|id| self.catalog.group(id)).and_then(|group| group.parent.as_deref()) {
                Some(parent) => current = Some(parent),
                None => return false,
            }
        }
        true
    }

    fn summaries(&mut self) {
        let catalog = self.catalog;
        let groups = catalog.groups.iter().map(|group| (&group.id, &group.summary));
        let controls = catalog.controls.iter().map(|control| (&control.id, &control.summary));
        for (id, summary) in groups.chain(controls) {
            if summary.as_deref().is_none_or(|text| text.split_whitespace().count() < 3) {
                self.fault(
                    "catalog/summary",
                    id,
                    format!("`{}` has no summary", **id),
                    "say in a sentence what it asks",
                );
            }
        }
    }

    fn references(&mut self, library: &Library) {
        let catalog = self.catalog;
        for reference in &catalog.header.references {
            for target in reference.means.iter().chain(&reference.also).chain(&reference.not) {
                let (home, id) = match target.split_once('/') {
                    Some((other, id)) => (library.catalog(other), id),
                    None => (Some(catalog), target.as_str()),
                };
                if home.is_none_or(|home| home.control(id).is_none() && home.group(id).is_none()) {
                    self.fault("catalog/reference", target, format!("there is no `{}`", **target), "");
                }
            }
        }
    }
}
