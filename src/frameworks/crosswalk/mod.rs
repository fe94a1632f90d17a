//! The crosswalk: controls of all catalogs, practices of our model and what others published, as one graph. A path
//! through it is a statement that somebody derived, never that one text satisfies the other.

mod path;

use std::collections::BTreeMap;

use petgraph::graph::{NodeIndex, UnGraph};

use super::{ControlMapping, Library};

pub use path::{Label, Path, Step};

/// The publisher of what is ours.
pub const OURS: &str = "Rungs";

/// Everything that belongs together, and by whose word.
pub struct Crosswalk<'a> {
    graph: UnGraph<Entry<'a>, Link<'a>>,
    places: BTreeMap<Entry<'a>, NodeIndex>,
}

/// Something that a path leads through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry<'a> {
    /// A control or group; of a framework that is not here, too.
    Control {
        /// Id of the catalog or framework.
        catalog: &'a str,
        /// Its id.
        id: &'a str,
    },
    /// A practice of our model.
    Practice(&'a str),
    /// A single check of ours.
    Check(&'a str),
}

impl Entry<'_> {
    /// `catalog/id`, or the id of what is ours.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Control { catalog, id } => format!("{catalog}/{id}"),
            Self::Practice(id) | Self::Check(id) => (*id).to_owned(),
        }
    }

    /// Whether it belongs to our model.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::Control { .. })
    }
}

/// What joins two entries.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The relation, in the word of whoever says so.
    pub relation: &'static str,
    /// The entry that the relation starts from: *from RELATION to*.
    pub from: Entry<'a>,
    /// 0 to 1.
    pub strength: f64,
    /// Who says so.
    pub publisher: &'a str,
    /// Where it is said: the title of a publication, or the name of our mapping file.
    pub publication: &'a str,
    /// Why, where that is said.
    pub why: Option<&'a str>,
    /// Why the row may mean something else.
    pub uncertain: Option<&'a str>,
}

impl<'a> Crosswalk<'a> {
    /// Joins everything that a library holds.
    #[must_use]
    pub fn new(library: &'a Library) -> Self {
        let mut crosswalk = Self { graph: UnGraph::new_undirected(), places: BTreeMap::new() };
        for (catalog, mapping) in &library.mappings {
            for (id, mapped) in &mapping.controls {
                let ControlMapping::Mapped { parts, .. } = &**mapped else { continue };
                for part in parts {
                    let ours = if part.is_check { Entry::Check(&part.id) } else { Entry::Practice(&part.id) };
                    let link = Link {
                        relation: part.relation.name(),
                        from: ours,
                        strength: part.relation.strength(),
                        publisher: OURS,
                        publication: mapping.file.name(),
                        why: Some(&part.why),
                        uncertain: None,
                    };
                    crosswalk.join(ours, Entry::Control { catalog, id }, link);
                }
            }
        }
        for publication in &library.published {
            for row in &publication.rows {
                let (Some(from), Some(to)) = (control(&row.from), control(&row.to)) else { continue };
                let link = Link {
                    relation: row.relation.name(),
                    from,
                    strength: row.relation.strength(),
                    publisher: &publication.publisher,
                    publication: &publication.title,
                    why: None,
                    uncertain: row.uncertain.as_deref(),
                };
                crosswalk.join(from, to, link);
            }
        }
        crosswalk
    }

    fn join(&mut self, from: Entry<'a>, to: Entry<'a>, link: Link<'a>) {
        let (from, to) = (self.place(from), self.place(to));
        self.graph.add_edge(from, to, link);
    }

    fn place(&mut self, entry: Entry<'a>) -> NodeIndex {
        *self.places.entry(entry).or_insert_with(|| self.graph.add_node(entry))
    }
}

fn control(endpoint: &str) -> Option<Entry<'_>> {
    let (catalog, id) = endpoint.split_once('/')?;
    Some(Entry::Control { catalog, id })
}
