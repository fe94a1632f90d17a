//! A published framework edition: its groups and controls, with summaries in our own words.

use std::sync::Arc;

use serde::Deserialize;

use super::files::sha256;
use crate::diag::{Diagnostic, Located, SourceFile, read_yaml};

/// One edition of one framework.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The file that it was read from.
    pub file: Arc<SourceFile>,
    /// Digest of that file.
    pub sha256: String,
    /// Everything that the file says.
    pub header: Header,
    /// Groups, in the publication's order.
    pub groups: Vec<Group>,
    /// Leaf controls, in the publication's order.
    pub controls: Vec<Control>,
}

/// What a catalog says of itself.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its id: the file's name.
    pub id: Located<String>,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Which edition it is.
    pub edition: String,
    /// When that was published: a day or a month.
    pub published: String,
    /// Its licence, as the publisher prints it.
    pub licence: String,
    /// The attribution that goes with every use.
    pub attribution: String,
    /// Where it is published.
    pub source: String,
    /// What its ids look like.
    pub id_pattern: Located<String>,
    /// How many groups and controls it must have.
    pub counts: Located<Counts>,
    /// Whether the publication has more controls than stand here.
    pub selection: bool,
    /// Ids that this edition has withdrawn.
    pub withdrawn: Vec<String>,
    /// Traps of this edition.
    pub notes: Vec<String>,
    /// Informal ids that people use for it.
    pub references: Vec<Reference>,
}

/// How many groups and leaf controls an edition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Groups at all levels.
    pub groups: usize,
    /// Leaf controls.
    pub controls: usize,
}

/// A function, category, layer or other group of controls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its id.
    pub id: Located<String>,
    /// The group above it.
    pub parent: Option<Located<String>>,
    /// Its title, where the publication gives one.
    pub title: Option<String>,
    /// What it is about, in our words.
    pub summary: Option<String>,
    /// Whether the id is ours because the publication has none.
    #[serde(default)]
    pub local: bool,
}

/// A leaf control: what is assessed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id.
    pub id: Located<String>,
    /// The group that it stands in.
    pub group: Option<Located<String>>,
    /// The control that it enhances.
    pub parent: Option<Located<String>>,
    /// Its title, where the publication gives one.
    pub title: Option<String>,
    /// What it asks, in our words.
    pub summary: Option<String>,
    /// What the publication says to whoever puts it into effect; in imported catalogs only.
    pub guidance: Option<String>,
    /// Other forms of its id in print.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether the id is ours because the publication has none.
    #[serde(default)]
    pub local: bool,
}

impl Control {
    /// Its title, or its summary where the publication gives no title.
    #[must_use]
    pub fn name(&self) -> &str {
        self.title.as_deref().or(self.summary.as_deref()).unwrap_or(&self.id)
    }
}

/// An informal id and what it most likely means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The id as people write it.
    pub id: Located<String>,
    /// What it most likely means.
    pub means: Vec<Located<String>>,
    /// What it may also mean; `catalog/id` for other catalogs.
    #[serde(default)]
    pub also: Vec<Located<String>>,
    /// What it looks like but does not mean.
    #[serde(default)]
    pub not: Vec<Located<String>>,
    /// Why we think so.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Located<String>,
    title: String,
    publisher: String,
    edition: String,
    published: String,
    licence: String,
    attribution: String,
    source: String,
    id_pattern: Located<String>,
    counts: Located<Counts>,
    #[serde(default)]
    selection: bool,
    #[serde(default)]
    withdrawn: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    references: Vec<Reference>,
    #[serde(default)]
    groups: Vec<Group>,
    controls: Vec<Control>,
}

impl Catalog {
    /// Reads a catalog. Whether it is right is [`super::lint`]'s to say.
    ///
    /// # Errors
    /// A fault that points at the line, for text that is no catalog.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Box<Diagnostic>> {
        let raw: Raw = read_yaml(file)?;
        let Raw {
            id,
            title,
            publisher,
            edition,
            published,
            licence,
            attribution,
            source,
            id_pattern,
            counts,
            selection,
            withdrawn,
            notes,
            references,
            groups,
            controls,
        } = raw;
        Ok(Self {
            file: Arc::clone(file),
            sha256: sha256(file),
            header: Header {
                id,
                title,
                publisher,
                edition,
                published,
                licence,
                attribution,
                source,
                id_pattern,
                counts,
                selection,
                withdrawn,
                notes,
                references,
            },
            groups,
            controls,
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.header.id
    }

    /// The control of that exact id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| *control.id == id)
    }

    /// The group of that exact id.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| *group.id == id)
    }

    /// How a control that is said to be of this edition differs from it; `None` where it does not.
    pub(super) fn difference(&self, id: &str, title: Option<&str>) -> Option<Difference> {
        let edition = &self.header.edition;
        let Some(known) = self.control(id) else {
            return Some(Difference::Id(format!("edition {edition} has no `{id}`")));
        };
        let (known, title) = (known.name(), title?);
        (!same_title(known, title))
            .then(|| Difference::Title(format!("`{id}` is \"{known}\" in edition {edition}, and \"{title}\" here")))
    }
}

/// How a control differs from an edition, in words.
pub(super) enum Difference {
    /// The edition has no such id.
    Id(String),
    /// The edition has another title under the id.
    Title(String),
}

/// Titles are one when they differ in case, punctuation and `&` for `and` alone.
pub(super) fn same_title(one: &str, other: &str) -> bool {
    let words = |title: &str| {
        title
            .replace('&', " and ")
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
    };
    words(one) == words(other)
}
