//! Deploy keys of repositories. A key belongs to a repository and to nobody's account, so it stands in the inventory
//! as an identity of its own. It has no end; the private half lies with whoever uses it, which no list shows.

use serde::Deserialize;

use super::{PROVIDER, Repository, Scopes, id, owner_of, repository_in};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Entitlement, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Id};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Owner, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Full),
    (Fact::CredentialExpiry, Level::Full),
    (Fact::CredentialLastUsed, Level::Partial),
    (Fact::Entitlement, Level::Partial),
];

/// `GET /repos/{owner}/{repo}/keys`.
pub struct DeployKeys;

impl Source for DeployKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.deploy_keys",
            title: "Deploy keys of GitHub repositories",
            provider: PROVIDER,
            command: "for repo in $(gh repo list ORG --limit 10000 --json nameWithOwner --jq '.[].nameWithOwner'); do \
                      gh api --paginate /repos/$repo/keys; done > deploy-keys.json",
            recognises: "JSON records with `read_only`, `key` and `title`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let first = api::first_record(probe, "");
        Recognised::yes_if(
            first.is_some_and(|first| ["read_only", "key", "title"].iter().all(|field| first.has(field))),
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
    match fact {
        Fact::CredentialRotation | Fact::CredentialExpiry => None,
        Fact::CredentialLastUsed => Some("deploy keys only, and not all of them say when they were last used"),
        _ => Some("deploy keys of the repositories that were asked for"),
    }
}

#[derive(Deserialize)]
struct Key {
    id: Id,
    title: String,
    url: Option<String>,
    repository: Option<Repository>,
    created_at: Option<String>,
    read_only: bool,
    added_by: Option<String>,
    last_used: Option<String>,
    enabled: Option<bool>,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let key: Key = json::parse(text, "a deploy key")?;
    let created_at = api::past("created_at", key.created_at.as_ref(), locator, out)?;
    let last_used_at = api::past("last_used", key.last_used.as_ref(), locator, out)?;
    let stated = key.repository.as_ref().and_then(Repository::full_name).map(str::to_owned);
    let repository = stated.or_else(|| key.url.as_deref().and_then(repository_in));
    let scope = scopes.of(repository.as_deref().map(owner_of), input);
    let identity_id = id(&scope, "deploy_key", &key.id.0);
    out.push(Credential {
        credential_id: identity_id.clone(),
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("deploy_key"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from(if key.enabled == Some(false) { "inactive" } else { "active" })),
        created_at,
        // A key cannot be changed, only replaced by another one.
        rotation_basis: created_at.map(|_| Word::from("created")),
        never_expires: Some(true),
        last_used_at,
        // Since when uses are recorded is not said, so that none on record is not known to be never.
        last_used_state: last_used_at.map(|_| Word::from("used")),
        shared_scope: repository.clone(),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    let action = format!("repository.contents:{}", if key.read_only { "read" } else { "write" });
    let resource = repository.unwrap_or_else(|| "one repository".to_owned());
    out.push(Entitlement {
        entitlement_id: hash::row_id(&[&identity_id, "allow", &action, &resource, "inline"]),
        identity_id: identity_id.clone(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        effect: Word::from("allow"),
        action,
        action_kind: Word::from("permission"),
        resource,
        via: "inline".to_owned(),
        is_admin: Some(false),
        is_wildcard_action: Some(false),
        is_wildcard_resource: Some(false),
        can_escalate: Some(false),
        condition: Some(String::new()),
        granted_at: created_at,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Entitlement::default()
    })?;
    let owner = key.added_by.filter(|login| !login.is_empty());
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("token_account"),
        name: if key.title.is_empty() { key.id.0.clone() } else { key.title },
        native_id: key.id.0,
        is_human: Some(false),
        owner_basis: owner.as_ref().map(|_| Word::from("added_by")),
        owner,
        created_at,
        last_used_at,
        last_used_state: last_used_at.map(|_| Word::from("used")),
        enabled: key.enabled,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn every_key_is_an_identity_of_its_repository() {
        let loaded = load_fixture(&DeployKeys, "github.deploy_keys/good/two-repositories.json");
        let columns =
            &["identity_id", "name", "scope_id", "owner", "created_at", "last_used_state", "enabled", "locator"];
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    "github:acme:deploy_key:11",
                    "ci mirror",
                    "acme",
                    "mona",
                    "2024-12-10T15:53:42Z",
                    "used",
                    "true",
                    "/0",
                ],
                ["github:acme:deploy_key:12", "old server", "acme", "∅", "2019-01-10T15:53:42Z", "∅", "false", "/1"],
                ["github:acme:deploy_key:13", "13", "acme", "∅", "∅", "∅", "∅", "document 2 /0"],
            ]
        );
        let columns = &["credential_id", "status", "never_expires", "last_used_at", "shared_scope", "fingerprint"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                ["github:acme:deploy_key:11", "active", "true", "2026-06-10T15:53:42Z", "acme/web", "∅"],
                ["github:acme:deploy_key:12", "inactive", "true", "∅", "acme/web", "∅"],
                ["github:acme:deploy_key:13", "active", "true", "∅", "acme/api", "∅"],
            ]
        );
        let rows = loaded.rows(Entitlement::TABLE, &["action", "resource", "granted_at"]);
        assert_eq!(rows[0], ["repository.contents:read", "acme/web", "2024-12-10T15:53:42Z"]);
        assert_eq!(rows[2], ["repository.contents:write", "acme/api", "∅"]);
        assert!(covered(&loaded).contains(&"credential.rotation full".to_owned()), "{:?}", covered(&loaded));
        loaded.assert_no_canary();
    }

    #[test]
    fn keys_without_an_address_lie_in_the_stated_scope() {
        let loaded = load_fixture(&DeployKeys, "github.deploy_keys/good/jq.ndjson");
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "scope_id", "shared_scope", "locator"]);
        assert_eq!(
            rows,
            [
                ["github:good:deploy_key:14", "good", "∅", "document 1"],
                ["github:beta:deploy_key:15", "Beta", "Beta/site", "document 2"],
            ]
        );
        let rows = loaded.rows(Entitlement::TABLE, &["resource"]);
        assert_eq!(rows[0], ["one repository"]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&DeployKeys, "github.deploy_keys/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `last_used` is not a date");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of a deploy key"));
        loaded.assert_no_canary();
        let loaded = load_fixture(&DeployKeys, "github.deploy_keys/bad");
        assert_eq!(loaded.estate.files.iter().filter(|file| file.failure.is_some()).count(), 1);
    }
}
