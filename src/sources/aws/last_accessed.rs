//! When permissions were last used, as exports tell that say nothing of how they are granted. Such a row grants
//! nothing: it stands beside the entitlements, and the views take its date over to those with the same action.

use super::PROVIDER;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Entitlement;
use crate::sources::{Input, hash};

/// What such rows have as `via`, and the views know them by.
pub(super) const VIA: &str = "last-accessed";

/// The last use of one action by an identity; `*` and `service:*` stand for any action.
pub(super) struct LastAccess<'a> {
    pub identity_id: &'a str,
    pub account: &'a str,
    pub action: String,
    /// When it was last tried, even in vain; nothing where it was not in the time that is recorded.
    pub at: Option<Moment>,
}

impl LastAccess<'_> {
    /// The row.
    pub(super) fn row(self, locator: &str, input: &Input) -> Entitlement {
        Entitlement {
            entitlement_id: hash::row_id(&[self.identity_id, VIA, &self.action]),
            identity_id: self.identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(self.account)),
            effect: Word::from("allow"),
            action: self.action,
            action_kind: Word::from("permission"),
            // On what it was used is not said, and nothing is granted on anything.
            resource: String::new(),
            via: VIA.to_owned(),
            is_admin: Some(false),
            can_escalate: Some(false),
            last_used_state: Some(Word::from(if self.at.is_some() { "used" } else { "none_in_window" })),
            last_used_at: self.at,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Entitlement::default()
        }
    }
}
