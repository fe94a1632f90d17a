//! Cross-references between frameworks as others published them, in their own words. Nothing in them is ours, and
//! none of them says that what meets one text meets the other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::Library;
use super::lint::MAX_PATTERN_BYTES;
use crate::diag::{Diagnostic, Diagnostics, Located, SourceFile, read_yaml};

/// One publication of cross-references.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The file that it was read from.
    pub file: Arc<SourceFile>,
    /// Its id: the file's name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Which edition it is.
    pub edition: String,
    /// Its licence.
    pub licence: String,
    /// The attribution that goes with every use.
    pub attribution: String,
    /// Where it is published.
    pub source: String,
    /// How official it is.
    pub tier: Tier,
    /// Frameworks that it names and that are not here, by id.
    pub external: BTreeMap<String, External>,
    /// Its rows, in the publication's order.
    pub rows: Vec<Row>,
    /// Printed names that match no id.
    pub unplaced: Vec<Unplaced>,
}

/// How official a publication is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// By the publisher of one of the frameworks.
    Official,
    /// By others.
    Community,
}

/// A framework of which no catalog is here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Its title.
    pub title: String,
    /// What its ids look like.
    pub id_pattern: Located<String>,
}

/// One row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `catalog/id`.
    pub from: Located<String>,
    /// The publisher's own word.
    pub relation: PublishedRelation,
    /// `catalog/id`.
    pub to: Located<String>,
    /// What is printed, where that is not the id.
    pub printed: Option<String>,
    /// Why the row may mean something else.
    pub uncertain: Option<String>,
}

/// A printed name that matches no id of the framework it is said to come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplaced {
    /// `catalog/id`.
    pub from: Located<String>,
    /// The publisher's own word.
    pub relation: PublishedRelation,
    /// The framework.
    pub to: String,
    /// What is printed.
    pub printed: String,
}

/// The words that publishers use for how two entries belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishedRelation {
    /// Both say the same.
    Equal,
    /// The publisher sets them side by side as one pair.
    OneToOne,
    /// The one that matters most.
    Primary,
    /// The same entry in the edition before.
    SuccessorOf,
    /// The entry of the edition before, under a new name and wider.
    RenamedAndBroadened,
    /// It does a part of the other.
    SubsetOf,
    /// It does all of the other and more.
    SupersetOf,
    /// They share a part.
    IntersectsWith,
    /// It supports the other.
    Supporting,
    /// It contributes to the other.
    Contributing,
    /// It goes beyond the other.
    Extends,
    /// They share a part.
    Partial,
    /// A reference for information.
    InformativeReference,
    /// Named side by side, without a word for how.
    Listed,
    /// Linked by an index.
    Linked,
}

impl PublishedRelation {
    /// How much a row counts in a path: 1 where the publisher says that two entries are one, 0.5 for the one that
    /// matters most and for the edition before, 0.25 for every other word.
    #[must_use]
    pub fn strength(self) -> f64 {
        match self {
            Self::Equal | Self::OneToOne => 1.0,
            Self::Primary | Self::SuccessorOf | Self::RenamedAndBroadened => 0.5,
            _ => 0.25,
        }
    }

    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::OneToOne => "one-to-one",
            Self::Primary => "primary",
            Self::SuccessorOf => "successor-of",
            Self::RenamedAndBroadened => "renamed-and-broadened",
            Self::SubsetOf => "subset-of",
            Self::SupersetOf => "superset-of",
            Self::IntersectsWith => "intersects-with",
            Self::Supporting => "supporting",
            Self::Contributing => "contributing",
            Self::Extends => "extends",
            Self::Partial => "partial",
            Self::InformativeReference => "informative-reference",
            Self::Listed => "listed",
            Self::Linked => "linked",
        }
    }
}

impl fmt::Display for PublishedRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
    publisher: String,
    edition: String,
    licence: String,
    attribution: String,
    source: String,
    tier: Tier,
    #[serde(default)]
    external: BTreeMap<String, External>,
    rows: Vec<Row>,
    #[serde(default)]
    unplaced: Vec<Unplaced>,
}

impl Publication {
    /// Reads a publication; `id` is the file's name without `.yaml`. Whether its endpoints exist is
    /// [`Self::check`]'s to say.
    ///
    /// # Errors
    /// A fault that points at the line, for text that is no publication.
    pub fn read(id: &str, file: &Arc<SourceFile>) -> Result<Self, Box<Diagnostic>> {
        let raw: Raw = read_yaml(file)?;
        let Raw { title, publisher, edition, licence, attribution, source, tier, external, rows, unplaced } = raw;
        Ok(Self {
            file: Arc::clone(file),
            id: id.to_owned(),
            title,
            publisher,
            edition,
            licence,
            attribution,
            source,
            tier,
            external,
            rows,
            unplaced,
        })
    }

    /// Every fault of its rows: endpoints that no catalog has, or that do not look like ids of a framework which
    /// is not here; rows that stand twice.
    pub(super) fn check(&self, library: &Library, faults: &mut Diagnostics) {
        let mut patterns: BTreeMap<&str, Option<Regex>> = BTreeMap::new();
        for (framework, external) in &self.external {
            let pattern = RegexBuilder::new(&external.id_pattern).size_limit(MAX_PATTERN_BYTES).build().ok();
            if pattern.is_none() {
                let message = format!("`{}` is not a regular expression", *external.id_pattern);
                faults.push(Diagnostic::error("published/pattern", message).at_value(&self.file, &external.id_pattern));
            }
            patterns.insert(framework, pattern);
        }
        for catalog in library.catalogs.iter().filter(|catalog| catalog.header.selection) {
            let pattern = &catalog.header.id_pattern;
            patterns.insert(catalog.id(), RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build().ok());
        }
        let mut seen = BTreeMap::new();
        for row in &self.rows {
            for endpoint in [&row.from, &row.to] {
                if let Some(message) = wrong(endpoint, library, &patterns) {
                    faults.push(Diagnostic::error("published/endpoint", message).at_value(&self.file, endpoint));
                }
            }
            let pair = (row.from.as_str(), row.relation.name(), row.to.as_str());
            if let Some(first) = seen.insert(pair, row.from.line()) {
                let message = format!("the row stands on line {first} already");
                faults.push(Diagnostic::error("published/duplicate", message).at_value(&self.file, &row.from));
            }
        }
        for unplaced in &self.unplaced {
            if let Some(message) = wrong(&unplaced.from, library, &patterns) {
                faults.push(Diagnostic::error("published/endpoint", message).at_value(&self.file, &unplaced.from));
            }
        }
    }
}

/// What is wrong with an endpoint.
fn wrong(endpoint: &str, library: &Library, patterns: &BTreeMap<&str, Option<Regex>>) -> Option<String> {
    let Some((framework, id)) = endpoint.split_once('/') else {
        return Some(format!("`{endpoint}` is not written as `catalog/id`"));
    };
    if let Some(catalog) = library.catalog(framework)
        && (catalog.control(id).is_some() || catalog.group(id).is_some())
    {
        return None;
    }
    match (library.catalog(framework), patterns.get(framework)) {
        (_, Some(Some(pattern))) if pattern.is_match(id) => None,
        // The pattern itself is the fault.
        (_, Some(None)) => None,
        (_, Some(Some(pattern))) => Some(format!("`{id}` does not look like an id of `{framework}` ({pattern})")),
        (Some(_), None) => Some(format!("`{framework}` has no control or group `{id}`")),
        (None, None) => Some(format!("there is no catalog `{framework}`; say under `external` what its ids look like")),
    }
}
