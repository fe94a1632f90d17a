//! Two editions of one framework: what became of each control.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::same_title;
use super::published::PublishedRelation;
use super::{Catalog, Control, Library};

/// What became of a control from one edition to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// The control in the older edition.
    pub old: Option<&'a str>,
    /// The control in the newer edition.
    pub new: Option<&'a str>,
    /// What is different; empty where nothing is.
    pub kinds: Vec<ChangeKind>,
    /// Why both are taken for one.
    pub basis: Basis,
}

/// What is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The newer edition alone has it.
    Added,
    /// The older edition alone has it.
    Removed,
    /// Its id is another.
    Renumbered,
    /// Its title is another.
    Retitled,
    /// It stands in another group.
    Moved,
}

impl ChangeKind {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renumbered => "renumbered",
            Self::Retitled => "retitled",
            Self::Moved => "moved",
        }
    }
}

/// Why two controls are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The publisher names the one the successor of the other.
    Publisher,
    /// They have one id.
    Id,
    /// They have one title.
    Title,
    /// Nothing joins it to another.
    None,
}

impl Basis {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Id => "id",
            Self::Title => "title",
            Self::None => "none",
        }
    }
}

/// Whether two controls, old and new, are one.
type SameControl<'f> = &'f dyn Fn(&Control, &Control) -> bool;

/// What became of every control, in the order of the older edition, then what was added. What the publisher says of
/// successors comes before ids, and these before titles.
#[must_use]
pub fn diff<'a>(old: &'a Catalog, new: &'a Catalog, library: &Library) -> Vec<Change<'a>> {
    let stated = successors(old, new, library);
    let mut partner: BTreeMap<&str, (&'a Control, Basis)> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let bases: [(Basis, SameControl<'_>); 3] = [
        (Basis::Publisher, &|old, new| stated.contains(&(old.id.to_string(), new.id.to_string()))),
        (Basis::Id, &|old, new| old.id == new.id),
        (Basis::Title, &|old, new| {
            old.title.as_deref().zip(new.title.as_deref()).is_some_and(|(old, new)| same_title(old, new))
        }),
    ];
    for (basis, is_one) in bases {
        for control in &old.controls {
            if partner.contains_key(control.id.as_str()) {
                continue;
            }
            let found = new.controls.iter().find(|new| !taken.contains(new.id.as_str()) && is_one(control, new));
            if let Some(found) = found {
                taken.insert(&found.id);
                partner.insert(&control.id, (found, basis));
            }
        }
    }
    let mut changes: Vec<Change<'a>> = old
        .controls
        .iter()
        .map(|control| match partner.get(control.id.as_str()) {
            Some((new, basis)) => {
                let kinds = [
                    (control.id != new.id, ChangeKind::Renumbered),
                    (!same_title(control.name(), new.name()), ChangeKind::Retitled),
                    (control.group.as_deref() != new.group.as_deref(), ChangeKind::Moved),
                ];
                let kinds = kinds.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind).collect();
                Change { old: Some(&control.id), new: Some(&new.id), kinds, basis: *basis }
            }
            None => Change { old: Some(&control.id), new: None, kinds: vec![ChangeKind::Removed], basis: Basis::None },
        })
        .collect();
    let added = new.controls.iter().filter(|control| !taken.contains(control.id.as_str()));
    changes.extend(added.map(|control| Change {
        old: None,
        new: Some(&control.id),
        kinds: vec![ChangeKind::Added],
        basis: Basis::None,
    }));
    changes
}

/// Pairs of ids, old and new, of which a publication says that one succeeds the other.
fn successors(old: &Catalog, new: &Catalog, library: &Library) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for row in library.published.iter().flat_map(|publication| &publication.rows) {
        if !matches!(row.relation, PublishedRelation::SuccessorOf | PublishedRelation::RenamedAndBroadened) {
            continue;
        }
        let in_catalog = |endpoint: &str, catalog: &Catalog| {
            endpoint.strip_prefix(catalog.id()).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned)
        };
        if let (Some(later), Some(earlier)) = (in_catalog(&row.from, new), in_catalog(&row.to, old)) {
            pairs.insert((earlier, later));
        }
    }
    pairs
}
