//! Secrets that GitHub keeps for Actions, Dependabot, Codespaces and coding agents: names and dates, never values. A
//! list does not say which of these it is of, nor which repository, so the name of the file helps and a field
//! `repository` that the command adds settles it.

use serde::Deserialize;

use super::{PROVIDER, Repository, Scopes, id, owner_of};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::api;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "secrets";
const FACTS: &[(Fact, Level)] = &[
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Full),
    (Fact::CredentialStorage, Level::Partial),
];
/// Keys of a record; other lists with names and dates have more.
const KEYS: &[&str] = &[
    "name",
    "created_at",
    "updated_at",
    "updatedAt",
    "visibility",
    "selected_repositories_url",
    "selectedReposURL",
    "numSelectedRepos",
    "repository",
    "environment",
];
/// Places that GitHub keeps secrets for.
const STORES: &[&str] = &["actions", "agents", "codespaces", "dependabot"];

/// `GET /orgs/{org}/actions/secrets` and its kin.
pub struct Secrets;

impl Source for Secrets {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.secrets",
            title: "Secrets that GitHub keeps for pipelines and agents",
            provider: PROVIDER,
            command: "gh api --paginate /orgs/ORG/actions/secrets > org-actions-secrets.json; for repo in $(gh repo list \
                      ORG --limit 10000 --json nameWithOwner --jq '.[].nameWithOwner'); do gh api --paginate \
                      /repos/$repo/actions/secrets | jq -c --arg repo $repo '.secrets[] + {repository: $repo}'; done \
                      > repo-actions-secrets.ndjson",
            recognises: "JSON with `total_count` and `secrets`, or records of `name`, `created_at`, `updated_at` and \
                         little else; the file's name tells `actions` from `agents`, `codespaces` and `dependabot`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let first = api::first_record(probe, LIST);
        Recognised::yes_if(api::is_page(probe, LIST) || first.is_some_and(is_secret))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        let store = store_in(&input.path);
        api::records(input, LIST, out, &mut |text, locator, out| read(text, locator, store, input, &mut scopes, out))?;
        scopes.cover(FACTS, note, out, input);
        Ok(())
    }
}

fn is_secret(record: &Outline) -> bool {
    let dated = record.has("created_at") && record.has("updated_at");
    let by_cli = record.has("updatedAt") && record.has_any(&["visibility", "selectedReposURL", "numSelectedRepos"]);
    record.has("name") && (dated || by_cli) && record.entries().iter().all(|(key, _)| KEYS.contains(&key.as_str()))
}

fn note(fact: Fact) -> Option<&'static str> {
    (fact != Fact::CredentialRotation).then_some("secrets of the lists that were asked for")
}

/// What the secrets are kept for, where a path says so.
fn store_in(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let words: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    STORES.iter().rev().find(|store| words.contains(store)).copied()
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    created_at: Option<String>,
    #[serde(alias = "updatedAt")]
    updated_at: Option<String>,
    visibility: Option<String>,
    #[serde(alias = "selectedReposURL")]
    selected_repositories_url: Option<String>,
    repository: Option<Repository>,
    environment: Option<String>,
}

fn read(
    text: &str,
    locator: &str,
    store: Option<&'static str>,
    input: &Input,
    scopes: &mut Scopes,
    out: &mut Output,
) -> Result<(), Stop> {
    let secret: Secret = json::parse(text, "a secret of a list of GitHub")?;
    if secret.name.is_empty() {
        return Err(Reject::because("`name` is empty").into());
    }
    let created_at = api::past("created_at", secret.created_at.as_ref(), locator, out)?;
    let updated_at = api::past("updated_at", secret.updated_at.as_ref(), locator, out)?;
    let last_rotated_at = updated_at.filter(|updated| created_at.is_none_or(|created| *updated > created));
    let url = secret.selected_repositories_url.as_deref();
    let visibility = secret.visibility.as_deref().map(str::to_ascii_lowercase).filter(|word| !word.is_empty());
    let repository = secret.repository.as_ref().and_then(Repository::full_name);
    // The address stands in some records of a list only, so that it cannot say where the others belong.
    let scope = scopes.of(repository.map(owner_of), input);
    let store = store.or_else(|| url.and_then(store_in)).unwrap_or("actions");
    let environment = secret.environment.as_deref().filter(|name| !name.is_empty());
    let place = match (repository, &visibility) {
        (Some(repository), _) => Some(repository.to_owned()),
        // Only secrets of an organisation can be seen by several repositories.
        (None, Some(_)) => None,
        // Repositories may have secrets of the same name: the list stands for the repository that it does not name.
        (None, None) => Some(list_of(locator, &input.path)),
    };
    let steps = [(store != "actions").then_some(store), place.as_deref(), environment, Some(secret.name.as_str())];
    out.push(Credential {
        credential_id: id(&scope, "secret", &steps.into_iter().flatten().collect::<Vec<_>>().join(":")),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("ci_secret"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from("active")),
        created_at,
        last_rotated_at,
        rotation_basis: match (last_rotated_at, created_at) {
            (Some(_), _) => Some(Word::from("secret_updated")),
            (None, Some(_)) => Some(Word::from("created")),
            (None, None) => None,
        },
        storage: Some(Word::from("ci_secret_store")),
        storage_ref: Some(format!("{store} secret {}", secret.name)),
        shared_scope: visibility.or_else(|| repository.map(str::to_owned)),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(())
}

/// The list that a record lies in: the file, and which of its documents where it has several.
fn list_of(locator: &str, path: &str) -> String {
    match locator.split_once(" /") {
        Some((document, _)) => format!("{path} {document}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["credential_id", "scope_id", "shared_scope", "last_rotated_at", "rotation_basis"];

    #[test]
    fn secrets_of_an_organisation_say_who_may_read_them() {
        let loaded = load_fixture(&Secrets, "github.secrets/good/org-actions-secrets.json");
        let updated = "2026-01-10T14:59:22Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, COLUMNS),
            [
                ["github:good:secret:DEPLOY_TOKEN", "good", "all", updated, "secret_updated"],
                ["github:good:secret:NPM_TOKEN", "good", "private", "∅", "created"],
                ["github:good:secret:OPENAI_API_KEY", "good", "selected", updated, "secret_updated"],
            ]
        );
        let columns = &["kind", "lifetime", "status", "created_at", "storage", "storage_ref", "never_expires"];
        let created = "2025-08-10T14:59:22Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, columns)[0],
            ["ci_secret", "static", "active", created, "ci_secret_store", "actions secret DEPLOY_TOKEN", "∅"]
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
        assert!(covered(&loaded).contains(&"credential.rotation full".to_owned()));
    }

    #[test]
    fn secrets_of_repositories_belong_to_the_one_that_is_named() {
        let loaded = load_fixture(&Secrets, "github.secrets/good/repo-secrets.ndjson");
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "shared_scope"]),
            [
                ["github:acme:secret:acme/web:NPM_TOKEN", "acme/web"],
                ["github:acme:secret:acme/api:NPM_TOKEN", "acme/api"],
                ["github:acme:secret:acme/api:production:DB_PASSWORD", "acme/api"],
            ]
        );
        assert_eq!(loaded.estate.files[0].scope_id, "acme");
    }

    #[test]
    fn lists_that_do_not_say_whose_they_are_are_kept_apart() {
        let loaded = load_fixture(&Secrets, "github.secrets/good/dependabot-lists.json");
        let path = "dependabot-lists.json";
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "shared_scope", "storage_ref"]),
            [
                [format!("github:good:secret:dependabot:{path}:A"), "∅".into(), "dependabot secret A".into()],
                [
                    format!("github:good:secret:dependabot:{path} document 2:A"),
                    "∅".into(),
                    "dependabot secret A".into()
                ],
            ]
        );
        let loaded = load_fixture(&Secrets, "github.secrets/good/gh-secret-list.json");
        assert_eq!(
            loaded.rows(Credential::TABLE, COLUMNS),
            [["github:good:secret:DEPLOY_TOKEN", "good", "all", "2026-01-10T14:59:22Z", "secret_updated"]]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Secrets, "github.secrets/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["storage_ref"]), [["actions secret KEPT"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/secrets/1: `name` is empty");
        assert_eq!(reasons[1], "/secrets/2: `updated_at` is not a date");
        assert!(reasons[2].starts_with("/secrets/3: the record does not have the shape of a secret"));
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        loaded.assert_no_canary();
    }

    #[test]
    fn a_store_is_a_word_of_the_path() {
        assert_eq!(store_in("acme/org-agents-secrets.json"), Some("agents"));
        assert_eq!(store_in("https://api.github.com/orgs/acme/dependabot/secrets/A"), Some("dependabot"));
        assert_eq!(store_in("transactions.json"), None);
    }
}
