//! What apps and tokens of GitHub may do, one row a permission: `repository.contents:write`. Knows which of them
//! let their holder give itself more.

use std::collections::BTreeMap;

use super::PROVIDER;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Entitlement;
use crate::sources::{Broken, Input, Output, hash};

/// Permissions whose holder can let itself or others in further: members and teams, settings of the organisation
/// and its repositories, roles, approval of tokens, and workflows, which run with rights of their own.
const ESCALATING: &[&str] = &[
    "administration",
    "members",
    "organization_administration",
    "organization_custom_org_roles",
    "organization_custom_roles",
    "organization_personal_access_token_requests",
    "workflows",
];

/// Who holds permissions, and on what.
pub(super) struct Holder<'a> {
    pub identity_id: &'a str,
    pub scope: &'a str,
    /// `all`, or something narrower.
    pub repository_selection: Option<&'a str>,
    pub granted_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub locator: &'a str,
}

impl Holder<'_> {
    /// Writes permissions: name and level, of a group where the source says which.
    pub fn write(
        &self,
        group: Option<&str>,
        permissions: &BTreeMap<String, String>,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), Broken> {
        for (name, level) in permissions {
            let group = group.unwrap_or_else(|| group_of(name));
            let action = format!("{group}.{name}:{level}");
            let changes = matches!(level.as_str(), "write" | "admin");
            // Which repositories are meant is said once for all of them; the rest is the organisation's own.
            let (resource, is_wildcard_resource) = match (group, self.repository_selection) {
                ("repository", Some("all")) => ("*".to_owned(), Some(true)),
                ("repository", Some(_)) => ("selected repositories".to_owned(), Some(false)),
                ("repository", None) => ("repositories".to_owned(), None),
                _ => (self.scope.to_owned(), Some(false)),
            };
            out.push(Entitlement {
                entitlement_id: hash::row_id(&[self.identity_id, "allow", &action, &resource, "inline"]),
                identity_id: self.identity_id.to_owned(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(self.scope.to_owned())),
                effect: Word::from("allow"),
                action,
                action_kind: Word::from("permission"),
                resource,
                via: "inline".to_owned(),
                is_admin: Some(changes && name == "organization_administration"),
                is_wildcard_action: Some(false),
                is_wildcard_resource,
                can_escalate: Some(changes && ESCALATING.contains(&name.as_str())),
                condition: Some(String::new()),
                granted_at: self.granted_at,
                expires_at: self.expires_at,
                source_id: input.source_id.clone(),
                locator: self.locator.to_owned(),
                ..Entitlement::default()
            })?;
        }
        Ok(())
    }
}

/// What a permission of an app is about; tokens print it.
fn group_of(name: &str) -> &'static str {
    match name {
        "members" | "team_discussions" => "organization",
        "email_addresses" | "followers" | "git_ssh_keys" | "gpg_keys" | "interaction_limits" | "profile"
        | "starring" => "account",
        _ if name.starts_with("organization_") => "organization",
        _ if name.starts_with("enterprise_") => "enterprise",
        _ => "repository",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_belong_to_what_they_are_about() {
        for (name, group) in [
            ("contents", "repository"),
            ("administration", "repository"),
            ("organization_secrets", "organization"),
            ("members", "organization"),
            ("enterprise_people", "enterprise"),
            ("starring", "account"),
        ] {
            assert_eq!(group_of(name), group, "{name}");
        }
    }
}
