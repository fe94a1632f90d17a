//! Classic tokens, SSH keys and app tokens that members have authorised for single sign-on. A classic token acts with
//! scopes of its own, so it stands in the inventory as an identity; keys and app tokens are a member's own. Says
//! when each was authorised, which is not when it was made.

use serde::Deserialize;

use super::fine_grained_pats::{lifetime, use_state};
use super::{PROVIDER, Scopes, id, user_id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Entitlement, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Given, Id};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Owner, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialExpiry, Level::Partial),
    (Fact::CredentialLastUsed, Level::Partial),
    (Fact::Entitlement, Level::Partial),
];
/// Why the list is not all of it.
const NOTE: &str = "credentials authorised for single sign-on only";

/// `GET /orgs/{org}/credential-authorizations`.
pub struct CredentialAuthorizations;

impl Source for CredentialAuthorizations {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.credential_authorizations",
            title: "Credentials authorised for single sign-on in a GitHub organisation",
            provider: PROVIDER,
            command: "gh api --paginate /orgs/ORG/credential-authorizations > credential-authorizations.json",
            recognises: "JSON records with `credential_type` and `credential_authorized_at`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let first = api::first_record(probe, "");
        Recognised::yes_if(
            first.is_some_and(|first| first.has("credential_type") && first.has("credential_authorized_at")),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        scopes.cover(FACTS, |_| Some(NOTE), out, input);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Authorization {
    login: String,
    credential_id: Id,
    credential_type: String,
    credential_authorized_at: String,
    #[serde(default)]
    credential_accessed_at: Given<String>,
    authorized_credential_id: Option<Id>,
    authorized_credential_title: Option<String>,
    authorized_credential_note: Option<String>,
    #[serde(default)]
    authorized_credential_expires_at: Given<String>,
    scopes: Option<Vec<String>>,
}

/// What a type of credential is for us.
fn kind_of(credential_type: &str) -> Result<&'static str, Reject> {
    match credential_type.to_ascii_lowercase().as_str() {
        "personal access token" => Ok("pat"),
        "ssh key" => Ok("ssh_key"),
        "oauth app token" | "github app token" => Ok("api_token"),
        _ => Err(Reject::because("`credential_type` is none of the known ones")),
    }
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let found: Authorization = json::parse(text, "an authorised credential")?;
    let kind = kind_of(&found.credential_type)?;
    let granted_at = out.past("credential_authorized_at", &found.credential_authorized_at, locator)?;
    let last_used_at = api::past("credential_accessed_at", found.credential_accessed_at.value(), locator, out)?;
    let ends = &found.authorized_credential_expires_at;
    let expires_at = api::date("authorized_credential_expires_at", ends.value(), out)?;
    let is_expired = expires_at.zip(input.as_of).map(|(end, as_of)| end <= as_of);
    let scope = scopes.of(None, input);
    let native_id = found.authorized_credential_id.unwrap_or(found.credential_id).0;
    let own_id = id(&scope, if kind == "pat" { "classic-pat" } else { kind }, &native_id);
    let identity_id = if kind == "pat" { own_id.clone() } else { user_id(&scope, &found.login) };
    out.push(Credential {
        credential_id: own_id.clone(),
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from(kind),
        // An SSH key has no end, whether or not the list has a place for one.
        lifetime: if kind == "ssh_key" { Some("static") } else { lifetime(ends) }.map(Word::from),
        status: Some(Word::from(if is_expired == Some(true) { "expired" } else { "active" })),
        expires_at,
        never_expires: (ends.is_null() || kind == "ssh_key").then_some(true),
        last_used_at,
        last_used_state: use_state(&found.credential_accessed_at).map(Word::from),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    if kind != "pat" {
        return Ok(());
    }
    // What has ended can do nothing any more.
    for token_scope in found.scopes.iter().flatten().filter(|_| is_expired != Some(true)) {
        let held = Held { identity_id: &identity_id, scope: &scope, locator };
        out.push(Entitlement {
            granted_at: Some(granted_at),
            expires_at,
            source_id: input.source_id.clone(),
            ..held.scope(token_scope)
        })?;
    }
    let name = [found.authorized_credential_note, found.authorized_credential_title].into_iter().flatten();
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("token_account"),
        name: name.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| native_id.clone()),
        native_id,
        owner: Some(found.login),
        owner_basis: Some(Word::from("directory_owner")),
        enabled: is_expired.map(|expired| !expired),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

struct Held<'a> {
    identity_id: &'a str,
    scope: &'a str,
    locator: &'a str,
}

impl Held<'_> {
    /// One scope of a classic token: it reaches whatever its user reaches.
    fn scope(&self, action: &str) -> Entitlement {
        let is_read = action.starts_with("read:") || action.ends_with(":read") || action == "user:email";
        let is_whole = action.starts_with("admin:") || matches!(action, "repo" | "user" | "project" | "site_admin");
        // A token never exceeds its user, whose own role stands in no list of tokens.
        let may_lead_further = action.starts_with("admin:")
            || matches!(action, "repo" | "workflow" | "write:org" | "site_admin" | "user" | "write:public_key");
        let unknown = |may: bool| if may { None } else { Some(false) };
        Entitlement {
            entitlement_id: hash::row_id(&[self.identity_id, "allow", action, "*", "inline"]),
            identity_id: self.identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.scope.to_owned())),
            effect: Word::from("allow"),
            action: action.to_owned(),
            action_kind: Word::from("scope"),
            resource: "*".to_owned(),
            via: "inline".to_owned(),
            is_admin: unknown(!is_read && (action == "admin:org" || action == "site_admin")),
            is_wildcard_action: Some(is_whole),
            is_wildcard_resource: Some(true),
            can_escalate: unknown(!is_read && may_lead_further),
            condition: Some(String::new()),
            locator: self.locator.to_owned(),
            ..Entitlement::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const CREDENTIAL: &[&str] =
        &["credential_id", "identity_id", "kind", "lifetime", "status", "expires_at", "last_used_state", "created_at"];

    #[test]
    fn every_type_of_credential_is_told_apart() {
        let loaded = load_fixture(&CredentialAuthorizations, "github.credential_authorizations/good/all-types.json");
        let (old, key) = ("github:good:classic-pat:501", "github:good:user:mona");
        assert_eq!(
            loaded.rows(Credential::TABLE, CREDENTIAL),
            [
                [old, old, "pat", "expiring", "expired", "2026-02-25T19:06:43Z", "used", "∅"],
                [
                    "github:good:classic-pat:502",
                    "github:good:classic-pat:502",
                    "pat",
                    "static",
                    "active",
                    "∅",
                    "never",
                    "∅",
                ],
                ["github:good:ssh_key:503", key, "ssh_key", "static", "active", "∅", "used", "∅"],
                ["github:good:api_token:104", key, "api_token", "∅", "active", "∅", "∅", "∅"],
                [
                    "github:good:api_token:505",
                    "github:good:user:build-bot",
                    "api_token",
                    "expiring",
                    "active",
                    "2026-12-14T19:06:43Z",
                    "used",
                    "∅",
                ],
            ]
        );
        let rows = loaded.rows(Identity::TABLE, &["identity_id", "name", "owner", "enabled", "is_human"]);
        assert_eq!(
            rows,
            [[old, "501", "Mona", "false", "∅"], ["github:good:classic-pat:502", "mirror job", "build-bot", "∅", "∅"],]
        );
        assert!(covered(&loaded).iter().all(|fact| fact.contains(" partial: ")), "{:?}", covered(&loaded));
        loaded.assert_no_canary();
    }

    #[test]
    fn scopes_are_unknown_where_the_users_role_decides() {
        let loaded = load_fixture(&CredentialAuthorizations, "github.credential_authorizations/good/all-types.json");
        let columns = &["action", "resource", "is_admin", "is_wildcard_action", "can_escalate", "granted_at"];
        let at = "2026-03-29T19:06:43Z";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                ["repo", "*", "false", "true", "∅", at],
                ["read:org", "*", "false", "false", "false", at],
                ["admin:org", "*", "∅", "true", "∅", at],
                ["gist", "*", "false", "false", "false", at],
            ]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&CredentialAuthorizations, "github.credential_authorizations/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id"]), [["github:bad:classic-pat:1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `credential_type` is none of the known ones");
        assert_eq!(reasons[1], "/2: `credential_accessed_at` is not a date");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of an authorised credential"));
        loaded.assert_no_canary();
    }
}
