//! Deploy keys of GitLab, of one project or of the whole instance. A key belongs to projects and to nobody's account,
//! so it stands in the inventory as an identity of its own.

use serde::Deserialize;

use super::{Holder, PROVIDER, cover, id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Entitlement, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Given, Id};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Full),
    (Fact::CredentialExpiry, Level::Full),
    (Fact::Entitlement, Level::Partial),
];

/// `GET /projects/:id/deploy_keys` and `GET /deploy_keys`.
pub struct DeployKeys;

impl Source for DeployKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "gitlab.deploy_keys",
            title: "Deploy keys of GitLab",
            provider: PROVIDER,
            command: "glab api --paginate /projects/GROUP%2FPROJECT/deploy_keys > deploy-keys.json; as administrator of \
                      an instance: glab api --paginate /deploy_keys > deploy-keys.json",
            recognises: "JSON records with `title`, `key` and `can_push` or `projects_with_write_access`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(first) = api::first_record(probe, "") else { return Recognised::No };
        if !first.has("title") || !first.has("key") {
            return Recognised::No;
        }
        if first.has_any(&["can_push", "projects_with_write_access", "projects_with_readonly_access"]) {
            return Recognised::Yes;
        }
        match is_bare(first) {
            // Keys of people have the same fields.
            true => Recognised::Maybe(
                "SSH keys that do not say whether they belong to people or to projects; deploy keys of a project have \
                 `can_push`"
                    .to_owned(),
            ),
            false => Recognised::No,
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        let note = |fact| match fact {
            Fact::CredentialRotation | Fact::CredentialExpiry => None,
            _ => Some("deploy keys of the lists that were asked for"),
        };
        cover(FACTS, note, input, out);
        Ok(())
    }
}

fn is_bare(record: &Outline) -> bool {
    let keys = ["id", "title", "key", "created_at", "expires_at", "fingerprint", "fingerprint_sha256", "usage_type"];
    record.has("created_at") && record.entries().iter().all(|(key, _)| keys.contains(&key.as_str()))
}

#[derive(Deserialize)]
struct Key {
    id: Id,
    title: String,
    created_at: Option<String>,
    #[serde(default)]
    expires_at: Given<String>,
    #[serde(default)]
    last_used_at: Given<String>,
    can_push: Option<bool>,
    #[serde(default)]
    projects_with_write_access: Vec<Project>,
    #[serde(default)]
    projects_with_readonly_access: Vec<Project>,
    #[serde(flatten)]
    holder: Holder,
}

#[derive(Deserialize)]
struct Project {
    path_with_namespace: Option<String>,
    id: Option<Id>,
}

impl Project {
    fn name(self) -> Option<String> {
        self.path_with_namespace.or_else(|| self.id.map(|id| format!("project {}", id.0)))
    }
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let key: Key = json::parse(text, "a deploy key of GitLab")?;
    let created_at = api::past("created_at", key.created_at.as_ref(), locator, out)?;
    let expires_at = api::date("expires_at", key.expires_at.value(), out)?;
    let last_used_at = api::past("last_used_at", key.last_used_at.value(), locator, out)?;
    let is_expired = expires_at.zip(input.as_of).is_some_and(|(end, as_of)| end <= as_of);
    let scope = &input.scope_id;
    let identity_id = id(scope, "deploy_key", &key.id.0);
    out.push(Credential {
        credential_id: identity_id.clone(),
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("deploy_key"),
        // The field for an end came late; a key without it has none.
        lifetime: Some(Word::from(if expires_at.is_some() { "expiring" } else { "static" })),
        status: Some(Word::from(if is_expired { "expired" } else { "active" })),
        created_at,
        expires_at,
        rotation_basis: created_at.map(|_| Word::from("created")),
        never_expires: expires_at.is_none().then_some(true),
        last_used_at,
        last_used_state: last_used_at.map(|_| Word::from("used")),
        shared_scope: key.holder.path().map(str::to_owned),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    let granted = Granted { identity_id: &identity_id, created_at, expires_at, locator };
    if let Some(may_write) = key.can_push {
        let project = key.holder.path().unwrap_or("one project").to_owned();
        granted.write(may_write, project, input, out)?;
    }
    for project in key.projects_with_write_access.into_iter().filter_map(Project::name) {
        granted.write(true, project, input, out)?;
    }
    for project in key.projects_with_readonly_access.into_iter().filter_map(Project::name) {
        granted.write(false, project, input, out)?;
    }
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("token_account"),
        name: if key.title.is_empty() { key.id.0.clone() } else { key.title },
        native_id: key.id.0,
        is_human: Some(false),
        created_at,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

struct Granted<'a> {
    identity_id: &'a str,
    created_at: Option<Moment>,
    expires_at: Option<Moment>,
    locator: &'a str,
}

impl Granted<'_> {
    fn write(&self, may_write: bool, project: String, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let action = if may_write { "write_repository" } else { "read_repository" };
        out.push(Entitlement {
            entitlement_id: hash::row_id(&[self.identity_id, "allow", action, &project, "inline"]),
            identity_id: self.identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            effect: Word::from("allow"),
            action: action.to_owned(),
            action_kind: Word::from("permission"),
            resource: project,
            via: "inline".to_owned(),
            is_admin: Some(false),
            is_wildcard_action: Some(false),
            is_wildcard_resource: Some(false),
            can_escalate: Some(false),
            condition: Some(String::new()),
            // A key may have been let into a project long after it was made.
            granted_at: None,
            expires_at: self.expires_at.filter(|end| self.created_at.is_none_or(|made| *end >= made)),
            source_id: input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Entitlement::default()
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn keys_of_a_project_say_whether_they_may_write() {
        let loaded = load_fixture(&DeployKeys, "gitlab.deploy_keys/good/project.json");
        let columns =
            &["credential_id", "lifetime", "status", "created_at", "expires_at", "never_expires", "shared_scope"];
        let made = "2024-10-02T10:12:29Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                ["gitlab:good:deploy_key:1", "static", "active", made, "∅", "true", "acme/web"],
                ["gitlab:good:deploy_key:3", "expiring", "expired", made, "2025-10-03T01:02:03Z", "∅", "∅"],
            ]
        );
        let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "action", "resource", "expires_at"]);
        assert_eq!(
            rows,
            [
                ["gitlab:good:deploy_key:1", "read_repository", "acme/web", "∅"],
                ["gitlab:good:deploy_key:3", "write_repository", "one project", "2025-10-03T01:02:03Z"],
            ]
        );
        assert!(covered(&loaded).contains(&"credential.expiry full".to_owned()));
        loaded.assert_no_canary();
    }

    #[test]
    fn keys_of_an_instance_name_their_projects() {
        let loaded = load_fixture(&DeployKeys, "gitlab.deploy_keys/good/instance.json");
        let rows = loaded.rows(Entitlement::TABLE, &["action", "resource"]);
        assert_eq!(
            rows,
            [["write_repository", "acme/web"], ["write_repository", "project 74"], ["read_repository", "acme/docs"]]
        );
    }

    #[test]
    fn wrong_records_are_put_aside_and_keys_of_people_are_not_taken() {
        let loaded = load_fixture(&DeployKeys, "gitlab.deploy_keys/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `created_at` is not a date");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of a deploy key of GitLab"));
        loaded.assert_no_canary();
        let text = r#"[{"id": 1, "title": "a", "key": "ssh-rsa x", "created_at": "2024-01-01T00:00:00Z"}]"#;
        let probe = Probe::of(std::path::Path::new("keys.json"), text.as_bytes());
        assert!(matches!(DeployKeys.recognise(&probe), Recognised::Maybe(_)));
    }
}
