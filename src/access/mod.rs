//! The access graph: who can become whom, and from where full control can be reached. Reads the tables of
//! identities, trusts, uses and entitlements; writes the table `reach`, which the views join.
//!
//! An edge says "can become": a trust names the one who may assume an identity, or names an account whose
//! members may if a grant lets them; a workload's annotation ties its service account to a cloud role.
//! Conditions on trusts are not weighed: an edge may need a second factor or a certain network.

mod alias;
mod build;
mod graph;
mod pattern;

use crate::inventory::schema::Reach;
use crate::inventory::{Coverage, Error, Store};

/// Computes the reach of every identity and writes the table `reach`. That no way leads to full control is known
/// only where the grants of everybody on the way are.
///
/// # Errors
/// When the work folder cannot be read or written.
pub fn compute(store: &Store, coverage: &Coverage) -> Result<(), Error> {
    let graph = build::read(store, coverage)?;
    let powers = graph.ways_to_power();
    let unclear = graph.who_reaches_unread();
    let mut writer = store.writer(0);
    for (id, node) in graph.identities() {
        let path = powers.get(&node);
        writer.push(Reach {
            identity_id: id.to_owned(),
            reachable: graph.reachable_from(node),
            reaches_admin: match path {
                Some(_) => Some(true),
                None if unclear.contains(&node) => None,
                None => Some(false),
            },
            path: path.map(|path| graph.describe(path)),
        })?;
    }
    writer.finish()
}
