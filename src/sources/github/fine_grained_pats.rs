//! Fine-grained personal access tokens that may reach resources of an organisation. Each acts with permissions of its
//! own, so it stands in the inventory as an identity of its own, answered for by the user whose token it is. Says
//! when it ends and when it was last used; not when it was made.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::permissions::Holder;
use super::{Account, PROVIDER, Scopes, id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Given, Id};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Owner, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialExpiry, Level::Full),
    (Fact::CredentialLastUsed, Level::Partial),
    (Fact::Entitlement, Level::Partial),
];

/// `GET /orgs/{org}/personal-access-tokens`.
pub struct FineGrainedPats;

impl Source for FineGrainedPats {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.fine_grained_pats",
            title: "Fine-grained personal access tokens in a GitHub organisation",
            provider: PROVIDER,
            command: "gh api --paginate /orgs/ORG/personal-access-tokens > fine-grained-pats.json",
            recognises: "JSON records with `token_id`, `access_granted_at` and `permissions`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(first) = api::first_record(probe, "") else { return Recognised::No };
        if !first.has("token_id") || !first.has("permissions") {
            return Recognised::No;
        }
        if first.has("access_granted_at") {
            return Recognised::Yes;
        }
        // Requests have the same fields, and a reason.
        Recognised::Maybe(
            "requests for access, not granted yet; tokens stand in `gh api /orgs/ORG/personal-access-tokens`"
                .to_owned(),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        scopes.cover(FACTS, note, out, input);
        Ok(())
    }
}

fn note(fact: Fact) -> Option<&'static str> {
    (fact != Fact::CredentialExpiry)
        .then_some("fine-grained tokens only; classic tokens, deploy keys and apps stand in other lists")
}

#[derive(Deserialize)]
struct Token {
    token_id: Id,
    token_name: Option<String>,
    owner: Account,
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: Groups,
    access_granted_at: String,
    token_expired: Option<bool>,
    #[serde(default)]
    token_expires_at: Given<String>,
    #[serde(default)]
    token_last_used_at: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Groups {
    organization: BTreeMap<String, String>,
    repository: BTreeMap<String, String>,
    other: BTreeMap<String, String>,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let token: Token = json::parse(text, "a fine-grained token")?;
    let granted_at = out.past("access_granted_at", &token.access_granted_at, locator)?;
    let expires_at = api::date("token_expires_at", token.token_expires_at.value(), out)?;
    let last_used_at = api::past("token_last_used_at", token.token_last_used_at.value(), locator, out)?;
    let scope = scopes.of(None, input);
    let identity_id = id(&scope, "pat", &token.token_id.0);
    let is_expired = token.token_expired;
    // What has ended can do nothing any more.
    if is_expired != Some(true) {
        let holder = Holder {
            identity_id: &identity_id,
            scope: &scope,
            repository_selection: token.repository_selection.as_deref(),
            granted_at: Some(granted_at),
            expires_at,
            locator,
        };
        holder.write(Some("organization"), &token.permissions.organization, input, out)?;
        holder.write(Some("repository"), &token.permissions.repository, input, out)?;
        holder.write(Some("other"), &token.permissions.other, input, out)?;
    }
    let row = Credential {
        credential_id: identity_id.clone(),
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("pat"),
        lifetime: lifetime(&token.token_expires_at).map(Word::from),
        status: is_expired.map(|expired| Word::from(if expired { "expired" } else { "active" })),
        expires_at,
        never_expires: token.token_expires_at.is_null().then_some(true),
        last_used_at,
        last_used_state: use_state(&token.token_last_used_at).map(Word::from),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    };
    out.push(row)?;
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("token_account"),
        name: token.token_name.filter(|name| !name.is_empty()).unwrap_or_else(|| token.token_id.0.clone()),
        native_id: token.token_id.0,
        owner: Some(token.owner.login),
        owner_basis: Some(Word::from("directory_owner")),
        enabled: is_expired.map(|expired| !expired),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

/// A token without an end is one that never ends; of one whose end is not in the file nothing is known.
pub(super) fn lifetime<T>(expires_at: &Given<T>) -> Option<&'static str> {
    match expires_at {
        Given::Absent => None,
        Given::Null => Some("static"),
        Given::Value(_) => Some("expiring"),
    }
}

/// Uses are recorded for as long as there have been such tokens, so none on record means never.
pub(super) fn use_state<T>(last_used_at: &Given<T>) -> Option<&'static str> {
    match last_used_at {
        Given::Absent => None,
        Given::Null => Some("never"),
        Given::Value(_) => Some("used"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const CREDENTIAL: &[&str] = &[
        "credential_id",
        "lifetime",
        "status",
        "created_at",
        "expires_at",
        "never_expires",
        "last_used_at",
        "last_used_state",
    ];

    #[test]
    fn every_token_is_a_credential_with_an_end_and_a_last_use() {
        let loaded = load_fixture(&FineGrainedPats, "github.fine_grained_pats/good/tokens.json");
        let end = "2026-11-16T15:47:09Z";
        let used = "2026-06-29T10:00:00Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, CREDENTIAL),
            [
                ["github:good:pat:98716", "expiring", "active", "∅", end, "∅", used, "used"],
                ["github:good:pat:98717", "static", "active", "∅", "∅", "true", "∅", "never"],
                ["github:good:pat:98718", "expiring", "expired", "∅", "2026-01-01T00:00:00Z", "∅", "∅", "∅"],
                ["github:good:pat:98719", "∅", "∅", "∅", "∅", "∅", "∅", "∅"],
            ]
        );
        let columns = &["identity_id", "kind", "name", "owner", "owner_basis", "is_human", "enabled"];
        let rows = loaded.rows(Identity::TABLE, columns);
        let basis = "directory_owner";
        assert_eq!(rows[0], ["github:good:pat:98716", "token_account", "nightly export", "mona", basis, "∅", "true"]);
        assert_eq!(rows[2][6], "false");
        assert_eq!(covered(&loaded)[3], "credential.expiry full");
        loaded.assert_no_canary();
    }

    #[test]
    fn permissions_are_those_of_the_token() {
        let loaded = load_fixture(&FineGrainedPats, "github.fine_grained_pats/good/tokens.json");
        let columns = &["identity_id", "action", "resource", "can_escalate", "granted_at", "expires_at"];
        let (granted, end) = ("2026-05-16T15:47:09Z", "2026-11-16T15:47:09Z");
        let id = "github:good:pat:98716";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [id, "organization.members:read", "good", "false", granted, end],
                [id, "repository.contents:write", "selected repositories", "false", granted, end],
                [id, "repository.workflows:write", "selected repositories", "true", granted, end],
                ["github:good:pat:98717", "repository.metadata:read", "*", "false", "2026-02-01T00:00:00Z", "∅"],
            ]
        );
    }

    #[test]
    fn wrong_records_are_put_aside_and_requests_are_no_tokens() {
        let loaded = load_fixture(&FineGrainedPats, "github.fine_grained_pats/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `token_expires_at` is not a date");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of a fine-grained token"));
        loaded.assert_no_canary();
        let request = r#"[{"id": 1, "token_id": 2, "permissions": {}, "reason": "x", "created_at": "2026-01-01"}]"#;
        let probe = Probe::of(std::path::Path::new("requests.json"), request.as_bytes());
        assert!(matches!(FineGrainedPats.recognise(&probe), Recognised::Maybe(_)));
    }
}
