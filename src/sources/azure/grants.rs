//! One grant as a row, whatever it grants: a role on a resource, a role of the directory, a permission of an
//! application. The same grant has the same id in every export that lists it.

use super::{PROVIDER, Tenant};
use crate::config::Moment;
use crate::inventory;
use crate::inventory::column::Word;
use crate::inventory::schema::{Entitlement, Identity};
use crate::sources::{Input, Output, hash};

/// What a role or permission amounts to; NULL where nothing tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub is_admin: Option<bool>,
    pub is_wildcard_action: Option<bool>,
    pub is_wildcard_resource: Option<bool>,
    pub can_escalate: Option<bool>,
}

impl Verdict {
    pub fn all(answer: Option<bool>) -> Self {
        Self { is_admin: answer, is_wildcard_action: answer, is_wildcard_resource: answer, can_escalate: answer }
    }
}

/// A grant before it is a row.
#[derive(Debug, Default)]
pub(super) struct Grant<'a> {
    /// The identity that holds it, and its object id: exports differ in whether they tell its kind.
    pub holder: String,
    pub object_id: &'a str,
    /// What is granted, for people, and its id.
    pub action: String,
    pub action_id: &'a str,
    pub kind: &'static str,
    pub resource: String,
    pub via: String,
    pub verdict: Verdict,
    pub condition: Option<String>,
    pub granted_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub eligible_only: Option<bool>,
}

impl Grant<'_> {
    pub fn push(self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), inventory::Error> {
        let what = if self.eligible_only == Some(true) { "eligible" } else { "active" };
        let of = |text: &str| text.to_lowercase();
        out.push(Entitlement {
            entitlement_id: hash::row_id(&[
                PROVIDER,
                &of(&tenant.scope),
                &of(self.object_id),
                &of(self.action_id),
                &of(&self.resource),
                what,
            ]),
            identity_id: self.holder,
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            effect: Word::from("allow"),
            action: self.action,
            action_kind: Word::from(self.kind),
            resource: self.resource,
            via: self.via,
            is_admin: self.verdict.is_admin,
            is_wildcard_action: self.verdict.is_wildcard_action,
            is_wildcard_resource: self.verdict.is_wildcard_resource,
            can_escalate: self.verdict.can_escalate,
            condition: self.condition,
            granted_at: self.granted_at,
            expires_at: self.expires_at,
            eligible_only: self.eligible_only,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Entitlement::default()
        })
    }
}

/// A user or group that lists of grants show to exist; no other export here lists them.
pub(super) fn member(id: String, object_id: &str, is_user: bool, name: &str, tenant: &Tenant) -> Identity {
    Identity {
        identity_id: id,
        provider: Word::from(PROVIDER),
        scope_id: Some(tenant.word()),
        kind: Word::from(if is_user { "human" } else { "group" }),
        name: name.to_owned(),
        native_id: object_id.to_lowercase(),
        is_human: is_user.then_some(true),
        ..Identity::default()
    }
}
