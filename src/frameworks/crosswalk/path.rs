//! Paths through the crosswalk, and how much they are worth.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::{Crosswalk, Entry, Link, OURS};

/// At least as strong as that.
const STRONG: f64 = 0.5;
/// At least as strong as that; below it a path is weak.
const MODERATE: f64 = 0.25;

/// One way from one entry to another.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// The steps, in order.
    pub steps: Vec<Step<'a>>,
    /// Product of the steps' strengths, 0 to 1: it never grows on the way.
    pub strength: f64,
}

/// One step of a path.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Where it starts.
    pub from: Entry<'a>,
    /// Where it leads.
    pub to: Entry<'a>,
    /// What joins both.
    pub link: Link<'a>,
}

/// A path's strength in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// 0.5 or more.
    Strong,
    /// 0.25 or more.
    Moderate,
    /// Less: a pointer for whoever looks further.
    Weak,
}

impl Label {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Moderate => "moderate",
            Self::Weak => "weak",
        }
    }
}

impl<'a> Path<'a> {
    /// Its strength in a word.
    #[must_use]
    pub fn label(&self) -> Label {
        if self.strength >= STRONG {
            Label::Strong
        } else if self.strength >= MODERATE {
            Label::Moderate
        } else {
            Label::Weak
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn target(&self) -> Option<Entry<'a>> {
        self.steps.last().map(|step| step.to)
    }

    /// Whether any of its steps is our word rather than a publisher's.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.steps.iter().any(|step| step.link.publisher == OURS)
    }

    /// Who says what it says, each once, in the order of the steps.
    #[must_use]
    pub fn publishers(&self) -> Vec<&'a str> {
        let mut publishers = Vec::new();
        for step in &self.steps {
            if !publishers.contains(&step.link.publisher) {
                publishers.push(step.link.publisher);
            }
        }
        publishers
    }

    /// Stronger first, then shorter, then by the names on the way.
    fn order(&self, other: &Self) -> Ordering {
        let names = |path: &Self| path.steps.iter().map(|step| step.to.name()).collect::<Vec<_>>();
        (other.strength.total_cmp(&self.strength))
            .then(self.steps.len().cmp(&other.steps.len()))
            .then_with(|| names(self).cmp(&names(other)))
    }
}

impl<'a> Crosswalk<'a> {
    /// All paths from an entry, of up to `depth` steps, best first. A path uses the rows of one publication once,
    /// for whoever sets two entries beside a third does not say that the two belong together; and it crosses our
    /// model once, from control to practice to control. It ends at a control, never at a practice.
    #[must_use]
    pub fn paths(&self, from: Entry<'a>, depth: usize) -> Vec<Path<'a>> {
        let mut search = Search { crosswalk: self, depth, steps: Vec::new(), visited: Vec::new(), found: Vec::new() };
        if let Some(place) = self.places.get(&from) {
            search.visited.push(*place);
            search.from(*place);
        }
        search.found.sort_by(Path::order);
        search.found
    }

    /// The best paths, at most `each` to one target by our word and as many by publishers' alone: a weak pointer of
    /// theirs is worth seeing beside a strong one of ours.
    #[must_use]
    pub fn best(&self, from: Entry<'a>, depth: usize, each: usize) -> Vec<Path<'a>> {
        let mut kept: BTreeMap<(Entry<'a>, bool), usize> = BTreeMap::new();
        let mut paths = self.paths(from, depth);
        paths.retain(|path| {
            path.target().is_some_and(|target| {
                let count = kept.entry((target, path.is_ours())).or_insert(0);
                *count += 1;
                *count <= each
            })
        });
        paths
    }
}

struct Search<'c, 'a> {
    crosswalk: &'c Crosswalk<'a>,
    depth: usize,
    steps: Vec<Step<'a>>,
    visited: Vec<NodeIndex>,
    found: Vec<Path<'a>>,
}

impl<'a> Search<'_, 'a> {
    fn from(&mut self, place: NodeIndex) {
        if self.steps.len() == self.depth {
            return;
        }
        let graph = &self.crosswalk.graph;
        for edge in graph.edges(place) {
            let next = if edge.source() == place { edge.target() } else { edge.source() };
            let (Some(here), Some(there)) = (graph.node_weight(place), graph.node_weight(next)) else { continue };
            let step = Step { from: *here, to: *there, link: *edge.weight() };
            if self.visited.contains(&next) || !self.may_take(&step) {
                continue;
            }
            self.steps.push(step);
            self.visited.push(next);
            if !there.is_ours() {
                let strength = self.steps.iter().map(|step| step.link.strength).product();
                self.found.push(Path { steps: self.steps.clone(), strength });
            }
            self.from(next);
            self.steps.pop();
            self.visited.pop();
        }
    }

    fn may_take(&self, step: &Step<'a>) -> bool {
        if step.link.publisher == OURS {
            // Into our model once; out of it always.
            return step.from.is_ours() || self.steps.iter().all(|earlier| earlier.link.publisher != OURS);
        }
        self.steps.iter().all(|earlier| earlier.link.publication != step.link.publication)
    }
}
