//! HashiCorp Vault and OpenBao: what both print alike. Knows the ids under which roles, policies, entities and
//! tokens stand in the inventory, and what answers say of where they come from.

mod acl;
mod answer;
pub(super) mod audit;
pub(super) mod auth_methods;
pub(super) mod auth_roles;
pub(super) mod entities;
mod grants;
pub(super) mod leases;
pub(super) mod policies;
mod roles;
pub(super) mod secret_ids;
pub(super) mod secrets_engines;
mod shape;
pub(super) mod tokens;

use self::shape::Shape;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::sources::{Input, Probe, Recognised};

const PROVIDER: &str = "vault";
/// The policy that may do everything; Vault has it built in, and it cannot be changed.
const ROOT: &str = "root";
/// Longest life of a credential that counts as ephemeral, in seconds.
const EPHEMERAL_SECONDS: i64 = 86_400;

/// Id of a role of a login method, whether or not it exists.
fn role_id(cluster: &str, mount: &str, name: &str) -> String {
    format!("vault:{cluster}:role:{mount}:{name}")
}

/// Id of a policy, which holds permissions for everyone to whom it is attached.
fn policy_id(cluster: &str, name: &str) -> String {
    format!("vault:{cluster}:policy:{name}")
}

/// Id of an entity of the identity store.
fn entity_id(cluster: &str, id: &str) -> String {
    format!("vault:{cluster}:entity:{id}")
}

/// Id of whoever holds a token that was made by hand.
fn token_id(cluster: &str, accessor: &str) -> String {
    format!("vault:{cluster}:token:{accessor}")
}

/// Id of the root user: every root token is the same one.
fn root_id(cluster: &str) -> String {
    format!("vault:{cluster}:root")
}

/// Whether the file is of one of the shapes, by the first look that all sources of Vault share.
fn recognise(probe: &Probe<'_>, shapes: &[Shape]) -> Recognised {
    Recognised::yes_if(shape::of_file(probe).is_some_and(|shape| shapes.contains(&shape)))
}

/// Vault as the point that decides on every request. It allows nothing without a policy, and it cannot be asked
/// without enforcing its answer; both are documented.
fn policy_point(input: &Input, locator: &str) -> PolicyPoint {
    PolicyPoint {
        pdp_id: format!("vault:{}", input.scope_id),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        engine: Word::from("vault"),
        mode: Some(Word::from("enforce")),
        default_deny: Some(true),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..PolicyPoint::default()
    }
}

/// `expired` where the end lies before the moment of the export, else `active`.
fn status(expires_at: Option<Moment>, input: &Input) -> Word {
    let is_over = expires_at.zip(input.as_of).is_some_and(|(end, as_of)| end <= as_of);
    Word::from(if is_over { "expired" } else { "active" })
}
