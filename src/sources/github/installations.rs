//! GitHub Apps that are installed in an organisation, with what each may do. The list says nothing of the apps'
//! private keys, and not when an app was last used.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::permissions::Holder;
use super::{Account, PROVIDER, Scopes, id};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Given, Id};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

const LIST: &str = "installations";
const FACTS: &[(Fact, Level)] = &[(Fact::Identity, Level::Partial), (Fact::Entitlement, Level::Partial)];
/// Why the list is not all of it.
const NOTE: &str = "GitHub Apps only; tokens, deploy keys and members stand in other lists";

/// `GET /orgs/{org}/installations`.
pub struct Installations;

impl Source for Installations {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.installations",
            title: "GitHub Apps installed in an organisation",
            provider: PROVIDER,
            command: "gh api --paginate /orgs/ORG/installations > installations.json",
            recognises: "JSON with `total_count` and `installations`, or records with `app_id`, `app_slug` and \
                         `permissions`",
            facts: FACTS,
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_app = |record: &crate::sources::outline::Outline| {
            ["app_id", "app_slug", "permissions"].iter().all(|key| record.has(key))
        };
        let first = api::first_record(probe, LIST);
        Recognised::yes_if(api::is_page(probe, LIST) || first.is_some_and(is_app))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, LIST, out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        scopes.cover(FACTS, |_| Some(NOTE), out, input);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Installation {
    app_id: Id,
    app_slug: Option<String>,
    account: Option<Account>,
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    created_at: Option<String>,
    #[serde(default)]
    suspended_at: Given<String>,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let app: Installation = json::parse(text, "an installation of a GitHub App")?;
    let created_at = api::past("created_at", app.created_at.as_ref(), locator, out)?;
    api::past("suspended_at", app.suspended_at.value(), locator, out)?;
    let scope = scopes.of(app.account.as_ref().map(|account| account.login.as_str()), input);
    let identity_id = id(&scope, "app", &app.app_id.0);
    let name = app.app_slug.filter(|slug| !slug.is_empty()).unwrap_or_else(|| app.app_id.0.clone());
    let holder = Holder {
        identity_id: &identity_id,
        scope: &scope,
        repository_selection: app.repository_selection.as_deref(),
        // Permissions can be accepted long after the app was installed.
        granted_at: None,
        expires_at: None,
        locator,
    };
    holder.write(None, &app.permissions, input, out)?;
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        kind: Word::from("app_installation"),
        name,
        native_id: app.app_id.0,
        is_human: Some(false),
        created_at,
        enabled: match app.suspended_at {
            Given::Absent => None,
            Given::Null => Some(true),
            Given::Value(_) => Some(false),
        },
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const IDENTITY: &[&str] = &["identity_id", "name", "scope_id", "created_at", "enabled", "locator"];
    const RIGHT: &[&str] =
        &["action", "resource", "is_admin", "is_wildcard_resource", "can_escalate", "granted_at", "condition"];

    #[test]
    fn every_app_is_an_identity_with_its_permissions() {
        let loaded = load_fixture(&Installations, "github.installations/good/pages.json");
        let at = "2025-02-03T16:00:00Z";
        assert_eq!(
            loaded.rows(Identity::TABLE, IDENTITY),
            [
                ["github:acme:app:4711", "release-bot", "Acme", at, "true", "/installations/0"],
                ["github:acme:app:4712", "code-helper", "Acme", at, "false", "document 2 /installations/0"],
                ["github:acme:app:4713", "4713", "Acme", "∅", "∅", "document 2 /installations/1"],
            ]
        );
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                ["repository.contents:write", "selected repositories", "false", "false", "false", "∅", ""],
                ["repository.metadata:read", "selected repositories", "false", "false", "false", "∅", ""],
                ["repository.administration:write", "*", "false", "true", "true", "∅", ""],
                ["organization.members:read", "Acme", "false", "false", "false", "∅", ""],
                ["organization.organization_administration:write", "Acme", "true", "false", "true", "∅", ""],
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.truncated, file.scope_id.as_str(), file.rows_loaded), (Some(false), "Acme", 3));
        let note = "GitHub Apps only; tokens, deploy keys and members stand in other lists";
        assert_eq!(covered(&loaded), [format!("identity partial: {note}"), format!("entitlement partial: {note}")]);
        loaded.assert_no_canary();
    }

    #[test]
    fn records_alone_and_empty_lists_are_read() {
        let loaded = load_fixture(&Installations, "github.installations/good/jq-records.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["identity_id", "locator"]), [["github:acme:app:4711", "/0"]]);
        assert_eq!(loaded.estate.files[0].truncated, None);
        let loaded = load_fixture(&Installations, "github.installations/good/none.json");
        assert!(loaded.rows(Identity::TABLE, IDENTITY).is_empty());
        assert_eq!((loaded.estate.files[0].truncated, covered(&loaded).len()), (Some(false), 2));
    }

    #[test]
    fn a_missing_page_is_said_and_wrong_records_are_put_aside() {
        let loaded = load_fixture(&Installations, "github.installations/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/installations/1: the record does not have the shape of an installation"));
        assert_eq!(reasons[1], "/installations/2: `created_at` is not a date");
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        loaded.assert_no_canary();
    }

    #[test]
    fn a_file_that_breaks_off_keeps_what_came_before() {
        let loaded = load_fixture(&Installations, "github.installations/bad");
        let broken = loaded.estate.files.iter().find(|file| file.failure.is_some()).unwrap();
        assert_eq!((broken.path.as_str(), broken.rows_loaded), ("breaks-off.json", 1));
    }
}
