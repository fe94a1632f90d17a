//! The graph itself and what is asked of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Bfs;

/// Beyond this many identities, how many more can be reached changes no decision.
const REACH_LIMIT: usize = 100_000;

/// A node: an identity, or "whoever in this account may assume roles", which stands between the many who may
/// and the many that can be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Identity { id: String, name: String },
    Assumers,
}

/// Why an identity amounts to full control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Power {
    /// It holds full control.
    Admin,
    /// It can give itself more.
    Escalation,
}

/// A way to full control: the identities on it, and what the last one holds.
#[derive(Debug, Clone)]
pub(super) struct Way {
    nodes: Vec<NodeIndex>,
    power: Power,
}

#[derive(Default)]
pub(super) struct AccessGraph {
    graph: DiGraph<Node, ()>,
    identities: BTreeMap<String, NodeIndex>,
    assumers: BTreeMap<String, NodeIndex>,
    powers: BTreeMap<NodeIndex, Power>,
    /// Identities whose grants are not all known.
    unread: BTreeSet<NodeIndex>,
}

impl AccessGraph {
    /// Adds an identity; the first name stands.
    pub fn add(&mut self, id: &str, name: &str) {
        if !self.identities.contains_key(id) {
            let node = self.graph.add_node(Node::Identity { id: id.to_owned(), name: name.to_owned() });
            self.identities.insert(id.to_owned(), node);
        }
    }

    pub fn has(&self, id: &str) -> bool {
        self.identities.contains_key(id)
    }

    /// Says that one identity can become another; ids that are not identities of the estate are left out.
    pub fn can_become(&mut self, from: &str, to: &str) {
        if let (Some(from), Some(to)) = (self.identities.get(from), self.identities.get(to))
            && from != to
        {
            self.graph.update_edge(*from, *to, ());
        }
    }

    /// Says that an identity may assume whatever trusts its account.
    pub fn may_assume_all(&mut self, from: &str, account: &str) {
        let hub = self.hub(account);
        if let Some(from) = self.identities.get(from) {
            self.graph.update_edge(*from, hub, ());
        }
    }

    /// Says that an identity trusts an account as a whole.
    pub fn trusts_account(&mut self, account: &str, to: &str) {
        let hub = self.hub(account);
        if let Some(to) = self.identities.get(to) {
            self.graph.update_edge(hub, *to, ());
        }
    }

    fn hub(&mut self, account: &str) -> NodeIndex {
        match self.assumers.get(account) {
            Some(hub) => *hub,
            None => {
                let hub = self.graph.add_node(Node::Assumers);
                self.assumers.insert(account.to_owned(), hub);
                hub
            }
        }
    }

    /// Says that an identity amounts to full control by itself.
    pub fn has_power(&mut self, id: &str, power: Power) {
        if let Some(node) = self.identities.get(id) {
            self.powers.entry(*node).and_modify(|known| *known = (*known).min(power)).or_insert(power);
        }
    }

    /// Says that not all of an identity's grants are known.
    pub fn unread(&mut self, id: &str) {
        if let Some(node) = self.identities.get(id) {
            self.unread.insert(*node);
        }
    }

    /// Whoever is, or can become, an identity whose grants are not all known.
    pub fn who_reaches_unread(&self) -> BTreeSet<NodeIndex> {
        let mut found = self.unread.clone();
        let mut queue: VecDeque<NodeIndex> = found.iter().copied().collect();
        while let Some(node) = queue.pop_front() {
            for earlier in self.graph.neighbors_directed(node, Direction::Incoming) {
                if found.insert(earlier) {
                    queue.push_back(earlier);
                }
            }
        }
        found
    }

    /// Every identity with its node, by id.
    pub fn identities(&self) -> impl Iterator<Item = (&str, NodeIndex)> {
        self.identities.iter().map(|(id, node)| (id.as_str(), *node))
    }

    /// The shortest way to full control from every identity that has one. Searched backwards from all powers
    /// at once, in the order of their ids, so that ties always fall the same way.
    pub fn ways_to_power(&self) -> BTreeMap<NodeIndex, Way> {
        let mut ways: BTreeMap<NodeIndex, Way> = BTreeMap::new();
        let mut queue = VecDeque::new();
        for node in self.identities.values() {
            if let Some(power) = self.powers.get(node) {
                ways.insert(*node, Way { nodes: vec![*node], power: *power });
                queue.push_back(*node);
            }
        }
        while let Some(node) = queue.pop_front() {
            let Some(way) = ways.get(&node).cloned() else { continue };
            let mut before: Vec<NodeIndex> = self.graph.neighbors_directed(node, Direction::Incoming).collect();
            before.sort_by(|a, b| self.sort_key(*a).cmp(self.sort_key(*b)));
            for earlier in before {
                if ways.contains_key(&earlier) {
                    continue;
                }
                let mut nodes = vec![earlier];
                nodes.extend(&way.nodes);
                ways.insert(earlier, Way { nodes, power: way.power });
                queue.push_back(earlier);
            }
        }
        ways
    }

    fn sort_key(&self, node: NodeIndex) -> &str {
        match self.graph.node_weight(node) {
            Some(Node::Identity { id, .. }) => id,
            _ => "",
        }
    }

    /// How many other identities can be become from here, directly or over others.
    pub fn reachable_from(&self, node: NodeIndex) -> i64 {
        let mut search = Bfs::new(&self.graph, node);
        let mut found = 0;
        while let Some(next) = search.next(&self.graph) {
            let is_other = next != node && matches!(self.graph.node_weight(next), Some(Node::Identity { .. }));
            found += i64::from(is_other);
            if usize::try_from(found).is_ok_and(|found| found >= REACH_LIMIT) {
                break;
            }
        }
        found
    }

    /// A way in words.
    pub fn describe(&self, way: &Way) -> String {
        let names: Vec<&str> = way
            .nodes
            .iter()
            .filter_map(|node| match self.graph.node_weight(*node) {
                Some(Node::Identity { name, .. }) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let end = match way.power {
            Power::Admin => "full control",
            Power::Escalation => "can give itself more",
        };
        format!("{}: {end}", names.join(" > "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)], admins: &[&str]) -> AccessGraph {
        let mut graph = AccessGraph::default();
        for (from, to) in edges {
            graph.add(from, from);
            graph.add(to, to);
            graph.can_become(from, to);
        }
        for admin in admins {
            graph.add(admin, admin);
            graph.has_power(admin, Power::Admin);
        }
        graph
    }

    fn way(graph: &AccessGraph, id: &str) -> Option<String> {
        let node = graph.identities().find(|(known, _)| *known == id).unwrap().1;
        graph.ways_to_power().get(&node).map(|way| graph.describe(way))
    }

    #[test]
    fn the_shortest_way_is_found_through_others_and_circles_end() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("d", "c"), ("x", "y")], &["c"]);
        assert_eq!(way(&graph, "a").as_deref(), Some("a > b > c: full control"));
        assert_eq!(way(&graph, "c").as_deref(), Some("c: full control"));
        assert_eq!(way(&graph, "x"), None);
    }

    #[test]
    fn no_way_is_known_only_where_all_grants_on_the_way_are() {
        let mut graph = graph(&[("a", "b"), ("b", "c"), ("x", "y")], &[]);
        graph.unread("c");
        let node = |id: &str| graph.identities().find(|(known, _)| *known == id).unwrap().1;
        let unclear = graph.who_reaches_unread();
        let open: Vec<&str> = ["a", "b", "c", "x", "y"].into_iter().filter(|id| unclear.contains(&node(id))).collect();
        assert_eq!(open, ["a", "b", "c"]);
    }

    #[test]
    fn whoever_may_assume_reaches_whatever_trusts_the_account() {
        let mut graph = graph(&[], &["admin-role"]);
        for id in ["user", "other", "plain-role"] {
            graph.add(id, id);
        }
        graph.may_assume_all("user", "1");
        graph.trusts_account("1", "admin-role");
        graph.trusts_account("1", "plain-role");
        assert_eq!(way(&graph, "user").as_deref(), Some("user > admin-role: full control"));
        assert_eq!(way(&graph, "other"), None);
        let user = graph.identities().find(|(id, _)| *id == "user").unwrap().1;
        assert_eq!(graph.reachable_from(user), 2, "the account itself is no identity");
    }
}
