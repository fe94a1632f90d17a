//! Everything that is measured, loaded and checked against itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::{Catalog, Check, ControlMapping, Files, Mapping, Model, Publication, Question, Remediation, question};
use crate::diag::{Diagnostic, Diagnostics, Located, Place, Scalar, SourceFile};

/// All framework data of a run.
#[derive(Debug, Clone)]
pub struct Library {
    /// Catalogs, by id.
    pub catalogs: Vec<Catalog>,
    /// Checks, by id.
    pub checks: Vec<Check>,
    /// Questions, by domain, in the order of the model.
    pub questions: Vec<Question>,
    /// Mappings, by catalog id.
    pub mappings: BTreeMap<String, Mapping>,
    /// Cross-references that others published, by id.
    pub published: Vec<Publication>,
    /// The maturity model.
    pub model: Model,
    /// Digest over all files.
    pub digest: String,
}

impl Library {
    /// Loads and cross-checks all files.
    ///
    /// # Errors
    /// Every fault found: files that do not read, ids that lead nowhere, duplicates, controls without an
    /// answer, parameters with two defaults, circles in `requires`.
    pub fn load(files: &Files) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::default();
        let mut catalogs = Vec::new();
        for (name, file) in files.under("catalogs") {
            match Catalog::read(file) {
                Ok(catalog) if catalog.id() == name => catalogs.push(catalog),
                Ok(catalog) => faults.push(
                    Diagnostic::error(
                        "catalog/name",
                        format!("catalog `{}` stands in a file called `{name}`", catalog.id()),
                    )
                    .at_value(file, &catalog.header.id),
                ),
                Err(fault) => faults.push(*fault),
            }
        }
        let mut checks = Vec::new();
        for (path, file) in files.under("checks") {
            match Check::read(path, file) {
                Ok(check) => checks.push(check),
                Err(fault) => faults.push(*fault),
            }
        }
        let mut mappings = BTreeMap::new();
        let mut published = Vec::new();
        for (name, file) in files.under("mappings") {
            if let Some(id) = name.strip_prefix("published/") {
                match Publication::read(id, file) {
                    Ok(publication) => published.push(publication),
                    Err(fault) => faults.push(*fault),
                }
                continue;
            }
            match Mapping::read(name, file) {
                Ok(mapping) => {
                    mappings.insert(name.to_owned(), mapping);
                }
                Err(more) => faults.extend(more),
            }
        }
        let model = match Model::read(files) {
            Ok(model) => model,
            Err(more) => {
                faults.extend(more);
                return Err(faults);
            }
        };
        let mut questions = Vec::new();
        let mut by_domain: BTreeMap<&str, &Arc<SourceFile>> = files.under("questions").collect();
        for domain in &model.domains {
            if let Some(file) = by_domain.remove(domain.id.as_str()) {
                match question::read(file) {
                    Ok(more) => questions.extend(more),
                    Err(fault) => faults.push(*fault),
                }
            }
        }
        for (name, file) in by_domain {
            let message = format!("the model has no domain `{name}`");
            faults.push(Diagnostic::error("question/domain", message).at(Place::Path(file.name().to_owned())));
        }
        let library = Self { catalogs, checks, questions, mappings, published, model, digest: files.digest() };
        library.cross_check(&mut faults);
        if faults.has_errors() { Err(faults) } else { Ok(library) }
    }

    /// The catalog of that id.
    #[must_use]
    pub fn catalog(&self, id: &str) -> Option<&Catalog> {
        self.catalogs.iter().find(|catalog| catalog.id() == id)
    }

    /// The check of that id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The question of that id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| *question.id == id)
    }

    /// Whether a control rests on a practice, or on a check that is part of it.
    #[must_use]
    pub fn rests_on(&self, mapped: &ControlMapping, practice: &str) -> bool {
        match mapped {
            ControlMapping::Mapped { parts, .. } => parts.iter().any(|part| {
                if part.is_check {
                    self.check(&part.id).is_some_and(|check| *check.practice == practice)
                } else {
                    *part.id == practice
                }
            }),
            ControlMapping::NotMapped { .. } => false,
        }
    }

    /// Whether `catalog/id` names a control.
    #[must_use]
    pub fn is_control(&self, name: &str) -> bool {
        name.split_once('/')
            .is_some_and(|(catalog, id)| self.catalog(catalog).is_some_and(|catalog| catalog.control(id).is_some()))
    }

    /// Every parameter with its default. Checks that share a name share the default.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<&str, &Scalar> {
        self.checks.iter().flat_map(|check| &check.parameters).map(|(name, value)| (name.as_str(), value)).collect()
    }

    /// The controls, over all catalogs, that rest on a check or on its practice: (catalog id, control id).
    #[must_use]
    pub fn controls_of(&self, check: &Check) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        for (catalog, mapping) in &self.mappings {
            for (control, mapped) in &mapping.controls {
                if let ControlMapping::Mapped { parts, .. } = &**mapped
                    && parts.iter().any(|part| *part.id == *if part.is_check { &check.id } else { &*check.practice })
                {
                    found.push((catalog.as_str(), control.as_str()));
                }
            }
        }
        found
    }

    fn cross_check(&self, faults: &mut Diagnostics) {
        self.check_practices(faults);
        self.check_mappings(faults);
        self.check_published(faults);
        self.check_parameters(faults);
        self.check_requires(faults);
    }

    fn check_practices(&self, faults: &mut Diagnostics) {
        let known = || self.model.practices.iter().map(|practice| practice.id.as_str());
        let checks = self.checks.iter().map(|check| (&check.file, &check.practice));
        let questions = self.questions.iter().map(|question| (&question.file, &question.practice));
        for (file, practice) in checks.chain(questions) {
            if self.model.practice(practice).is_none() {
                faults.push(
                    Diagnostic::error("library/practice", format!("the model has no practice `{}`", **practice))
                        .at_value(file, practice)
                        .suggest(practice, known()),
                );
            }
        }
        let mut seen = BTreeSet::new();
        for question in &self.questions {
            if !seen.insert(question.id.as_str()) || self.check(&question.id).is_some() {
                faults.push(
                    Diagnostic::error("library/duplicate", format!("the id `{}` is taken", *question.id))
                        .at_value(&question.file, &question.id),
                );
            }
        }
    }

    fn check_mappings(&self, faults: &mut Diagnostics) {
        for mapping in self.mappings.values() {
            let file = &mapping.file;
            let Some(catalog) = self.catalog(&mapping.catalog) else {
                faults.push(
                    Diagnostic::error("mapping/catalog", format!("there is no catalog `{}`", mapping.catalog))
                        .at(Place::Path(file.name().to_owned())),
                );
                continue;
            };
            for (id, mapped) in &mapping.controls {
                if catalog.control(id).is_none() {
                    faults.push(
                        Diagnostic::error("mapping/control", format!("`{}` has no control `{id}`", catalog.id()))
                            .at_value(file, mapped)
                            .suggest(id, catalog.controls.iter().map(|control| control.id.as_str())),
                    );
                }
                self.check_endpoints(file, mapped, faults);
            }
            for control in &catalog.controls {
                if !mapping.controls.contains_key(control.id.as_str()) {
                    faults.push(
                        Diagnostic::error(
                            "mapping/missing",
                            format!("control `{}` has no answer in the mapping", *control.id),
                        )
                        .at(Place::Path(file.name().to_owned()))
                        .help("map it, or say why nothing measures it with `not_mapped`"),
                    );
                }
            }
        }
    }

    /// Catalogs of which nobody has said what their controls rest on: each is a fault for whoever wants every leaf
    /// answered, and none for whoever has just imported one.
    #[must_use]
    pub fn unanswered(&self) -> Diagnostics {
        let mut faults = Diagnostics::default();
        for catalog in self.catalogs.iter().filter(|catalog| !self.mappings.contains_key(catalog.id())) {
            faults.push(
                Diagnostic::error("mapping/missing", format!("catalog `{}` has no mapping file", catalog.id()))
                    .at(Place::Path(catalog.file.name().to_owned()))
                    .help(format!("write mappings/{}.yaml", catalog.id())),
            );
        }
        faults
    }

    /// Whether two controls rest on the same parts, related in the same way and covering as much.
    #[must_use]
    pub fn same_parts(&self, one: &Catalog, id: &str, other: &Catalog, other_id: &str) -> bool {
        let rests = |catalog: &Catalog, id: &str| match &**self.mappings.get(catalog.id())?.controls.get(id)? {
            ControlMapping::Mapped { parts, assurance, covers, .. } => {
                let mut parts: Vec<(&str, &str)> =
                    parts.iter().map(|part| (part.id.as_str(), part.relation.name())).collect();
                parts.sort_unstable();
                Some((parts, *assurance, *covers))
            }
            ControlMapping::NotMapped { .. } => None,
        };
        rests(one, id).is_some_and(|rest| rests(other, other_id) == Some(rest))
    }

    fn check_published(&self, faults: &mut Diagnostics) {
        for publication in &self.published {
            publication.check(self, faults);
        }
    }

    fn check_endpoints(&self, file: &Arc<SourceFile>, mapped: &ControlMapping, faults: &mut Diagnostics) {
        let practices = || self.model.practices.iter().map(|practice| practice.id.as_str());
        let checks = || self.checks.iter().map(|check| check.id.as_str());
        let dangling = |what: &str, id: &Located<String>, faults: &mut Diagnostics| {
            let fault =
                Diagnostic::error("mapping/endpoint", format!("there is no {what} `{}`", **id)).at_value(file, id);
            faults.push(if what == "check" { fault.suggest(id, checks()) } else { fault.suggest(id, practices()) });
        };
        match mapped {
            ControlMapping::NotMapped { looked, .. } => {
                for id in looked.iter().filter(|id| self.model.practice(id).is_none()) {
                    dangling("practice", id, faults);
                }
            }
            ControlMapping::Mapped { parts, .. } => {
                let mut seen = BTreeSet::new();
                for part in parts {
                    let exists = if part.is_check {
                        self.check(&part.id).is_some()
                    } else {
                        self.model.practice(&part.id).is_some()
                    };
                    if !exists {
                        dangling(if part.is_check { "check" } else { "practice" }, &part.id, faults);
                    }
                    if !seen.insert((part.is_check, part.id.as_str())) {
                        faults.push(
                            Diagnostic::error("mapping/duplicate", format!("`{}` stands twice", *part.id))
                                .at_value(file, &part.id),
                        );
                    }
                }
            }
        }
    }

    fn check_parameters(&self, faults: &mut Diagnostics) {
        let mut seen: BTreeMap<&str, (&Scalar, &str)> = BTreeMap::new();
        for check in &self.checks {
            for (name, value) in &check.parameters {
                let (first, owner) = *seen.entry(name).or_insert((value, &check.id));
                if first != value {
                    let message = format!("parameter `{name}` is {value} here and {first} in `{owner}`");
                    faults.push(
                        Diagnostic::error("check/parameter", message)
                            .at(Place::Path(check.file.name().to_owned()))
                            .help("one name has one default; rename one of them"),
                    );
                }
            }
        }
    }

    fn check_requires(&self, faults: &mut Diagnostics) {
        let checks = self.checks.iter().map(|check| (check.id.as_str(), &check.remediation, &check.file));
        let questions = self.questions.iter().map(|q| (q.id.as_str(), &q.remediation, &q.file));
        let items: Vec<(&str, &Remediation, &Arc<SourceFile>)> = checks.chain(questions).collect();
        let mut graph = DiGraph::<&str, ()>::new();
        let nodes: BTreeMap<&str, _> = items.iter().map(|(id, ..)| (*id, graph.add_node(id))).collect();
        for (id, remediation, file) in &items {
            for required in &remediation.requires {
                match (nodes.get(id), nodes.get(required.as_str())) {
                    (Some(from), Some(to)) => {
                        graph.add_edge(*from, *to, ());
                    }
                    _ => faults.push(
                        Diagnostic::error(
                            "library/requires",
                            format!("there is no check or question `{}`", **required),
                        )
                        .at_value(file, required)
                        .suggest(required, nodes.keys().copied()),
                    ),
                }
            }
        }
        for circle in tarjan_scc(&graph) {
            let is_circle = circle.len() > 1 || circle.iter().any(|node| graph.contains_edge(*node, *node));
            if is_circle {
                let mut names: Vec<&str> = circle.iter().filter_map(|node| graph.node_weight(*node).copied()).collect();
                names.sort_unstable();
                faults
                    .push(Diagnostic::error("library/circle", format!("`{}` require each other", names.join("`, `"))));
            }
        }
    }
}
