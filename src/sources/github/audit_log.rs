//! The audit log of a GitHub organisation: what happened to apps, tokens, keys, secrets and members. Entries about
//! anything else are read and pass without a row. Holds one entry at a time, however long the log.

use serde::Deserialize;
use serde_json::Value;

use super::{PROVIDER, Scopes, id, user_id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Event;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] = &[(Fact::Offboarding, Level::Partial)];

/// `GET /orgs/{org}/audit-log`, and the export of its page.
pub struct AuditLog;

impl Source for AuditLog {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.audit_log",
            title: "Audit log of a GitHub organisation",
            provider: PROVIDER,
            command: "gh api --paginate '/orgs/ORG/audit-log?include=web&per_page=100' > audit-log.json",
            recognises: "JSON records with `@timestamp`, `action` and `actor`, `org` or `_document_id`",
            facts: FACTS,
            main_view: "events",
            precedence: 3,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_entry = api::first_record(probe, "").is_some_and(|record| {
            record.has("@timestamp")
                && record.text_at("action").is_some_and(|action| action.contains('.'))
                && record.has_any(&["_document_id", "org", "org_id", "business", "actor"])
        });
        Recognised::yes_if(is_entry)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        let mut earliest: Option<Moment> = None;
        api::records(input, "", out, &mut |text, locator, out| {
            let at = read(text, locator, input, &mut scopes, out)?;
            earliest = Some(earliest.map_or(at, |known| known.min(at)));
            Ok(())
        })?;
        let note = "the log keeps half a year, and an export may be filtered";
        scopes.cover(FACTS, |_| Some(note), out, input);
        if let Some(earliest) = earliest {
            scopes.window(Fact::Offboarding, earliest, out);
        }
        Ok(())
    }
}

/// An entry. Which fields it has depends on its action, and some are now a text, now a list.
#[derive(Deserialize)]
struct Entry {
    action: String,
    #[serde(rename = "@timestamp")]
    timestamp: Option<api::Id>,
    created_at: Option<api::Id>,
    #[serde(default)]
    actor: Loose,
    #[serde(default)]
    org: Loose,
    #[serde(default)]
    user: Loose,
    #[serde(default)]
    repo: Loose,
    #[serde(default)]
    name: Loose,
    #[serde(default)]
    title: Loose,
    #[serde(default)]
    key: Loose,
    #[serde(default)]
    environment_name: Loose,
    #[serde(default)]
    integration: Loose,
    #[serde(default)]
    integration_id: Loose,
    #[serde(default)]
    token_id: Loose,
    #[serde(default)]
    user_programmatic_access_name: Loose,
    #[serde(default)]
    deploy_key_id: Loose,
    #[serde(default)]
    oauth_application_name: Loose,
    #[serde(default)]
    oauth_application_id: Loose,
}

/// A text, a number, or the first of several.
#[derive(Default)]
struct Loose(Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn text(value: Value) -> Option<String> {
            match value {
                Value::String(text) => Some(text).filter(|text| !text.is_empty()),
                Value::Number(number) => Some(number.to_string()),
                Value::Array(items) => items.into_iter().find_map(text),
                _ => None,
            }
        }
        Value::deserialize(deserializer).map(|value| Self(text(value)))
    }
}

/// What an action means: kind of subject, which field names it, what happened, and what was decided where the action
/// itself says so.
struct Meaning {
    subject: Subject,
    kind: &'static str,
    outcome: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Subject {
    App,
    Token,
    /// The access that a token was given.
    TokenGrant,
    AppGrant,
    Key,
    Authorization,
    Secret(&'static str),
    Member,
    Organisation,
}

impl Subject {
    /// The kind of subject in the inventory.
    fn kind(self) -> &'static str {
        match self {
            Self::App | Self::Member => "identity",
            Self::TokenGrant | Self::AppGrant => "entitlement",
            Self::Token | Self::Key | Self::Authorization | Self::Secret(_) => "credential",
            Self::Organisation => "scope",
        }
    }
}

fn meaning(action: &str) -> Option<Meaning> {
    use Subject::*;
    let (subject, kind, outcome) = match action {
        "integration_installation.create" => (App, "created", None),
        "integration_installation.destroy" | "integration_installation.delete" => (App, "deleted", None),
        "integration_installation.suspend" => (App, "disabled", None),
        "integration_installation.unsuspend" => (App, "enabled", None),
        "personal_access_token.create" => (Token, "created", None),
        "personal_access_token.destroy" => (Token, "deleted", None),
        "personal_access_token.credential_regenerated" => (Token, "rotated", None),
        "personal_access_token.credential_revoked" | "personal_access_token.access_revoked" => (Token, "revoked", None),
        "personal_access_token.access_granted" => (TokenGrant, "created", None),
        "personal_access_token.request_denied" | "personal_access_token.access_denied" => {
            (TokenGrant, "created", Some("deny"))
        }
        "org.oauth_app_access_approved" => (AppGrant, "created", Some("approve")),
        "org.oauth_app_access_denied" => (AppGrant, "created", Some("deny")),
        "public_key.create" => (Key, "created", None),
        "public_key.delete" => (Key, "deleted", None),
        "org_credential_authorization.grant" => (Authorization, "enabled", None),
        "org_credential_authorization.revoke" | "org_credential_authorization.deauthorize" => {
            (Authorization, "revoked", None)
        }
        "org.add_member" => (Member, "created", None),
        "org.remove_member" | "org.remove_outside_collaborator" => (Member, "deleted", None),
        "org.create" => (Organisation, "created", None),
        "org.delete" => (Organisation, "deleted", None),
        _ => {
            let (subject, kind) = secret_action(action)?;
            (subject, kind, None)
        }
    };
    Some(Meaning { subject, kind, outcome })
}

/// `repo.update_actions_secret` and its kin.
fn secret_action(action: &str) -> Option<(Subject, &'static str)> {
    let (_, rest) = action.split_once('.').filter(|(level, _)| matches!(*level, "org" | "repo" | "environment"))?;
    let (verb, rest) = rest.split_once('_')?;
    let store = match rest.strip_suffix("_secret")? {
        "actions" => "actions",
        "agents" => "agents",
        "codespaces" => "codespaces",
        "dependabot" => "dependabot",
        _ => return None,
    };
    let kind = match verb {
        "create" => "created",
        "update" => "rotated",
        "remove" => "deleted",
        _ => return None,
    };
    Some((Subject::Secret(store), kind))
}

/// Reads one entry; says when it happened.
fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<Moment, Stop> {
    let entry: Entry = json::parse(text, "an entry of the audit log")?;
    let stamp = entry.timestamp.as_ref().or(entry.created_at.as_ref());
    let stamp = stamp.ok_or_else(|| Reject::because("the entry has no time"))?;
    let at = out.past("@timestamp", &stamp.0, locator)?;
    let scope = scopes.of(entry.org.0.as_deref(), input);
    let Some(meaning) = meaning(&entry.action) else { return Ok(at) };
    let subject_id = entry
        .subject_id(meaning.subject, &scope)
        .ok_or_else(|| Reject::because("the entry does not name what it is about"))?;
    let granted = matches!(meaning.subject, Subject::TokenGrant) && meaning.outcome.is_none();
    // Whoever lets another person's token in has approved it; with one's own nobody else was asked.
    let by_another = match (&entry.actor.0, &entry.user.0) {
        (Some(actor), Some(user)) => !actor.eq_ignore_ascii_case(user),
        _ => false,
    };
    let outcome = if granted && by_another { "approve" } else { meaning.outcome.unwrap_or("success") };
    out.push(Event {
        event_id: hash::row_id(&[&subject_id, meaning.kind, &at.micros().to_string()]),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        subject_kind: Word::from(meaning.subject.kind()),
        subject_id,
        kind: Word::from(meaning.kind),
        at,
        actor: entry.actor.0,
        outcome: Some(Word::from(outcome)),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Event::default()
    })?;
    Ok(at)
}

impl Entry {
    /// The id under which other exports know the subject, as near as the entry comes to it.
    fn subject_id(&self, subject: Subject, scope: &str) -> Option<String> {
        let first = |fields: &[&Loose]| fields.iter().find_map(|field| field.0.clone());
        match subject {
            Subject::App => {
                first(&[&self.integration_id, &self.integration, &self.name]).map(|name| id(scope, "app", &name))
            }
            Subject::Token | Subject::TokenGrant => {
                first(&[&self.token_id, &self.user_programmatic_access_name, &self.name, &self.user])
                    .map(|name| id(scope, "pat", &name))
            }
            Subject::AppGrant => first(&[&self.oauth_application_id, &self.oauth_application_name])
                .map(|name| id(scope, "oauth_app", &name)),
            // Keys of repositories and of people share the action.
            Subject::Key if self.repo.0.is_some() => {
                first(&[&self.deploy_key_id, &self.title, &self.repo]).map(|name| id(scope, "deploy_key", &name))
            }
            Subject::Key => first(&[&self.title, &self.user, &self.actor]).map(|name| id(scope, "ssh_key", &name)),
            Subject::Authorization => {
                first(&[&self.token_id, &self.user]).map(|name| id(scope, "authorization", &name))
            }
            Subject::Secret(store) => {
                let name = first(&[&self.key, &self.name])?;
                let store = Some(store.to_owned()).filter(|store| store != "actions");
                let steps = [store, self.repo.0.clone(), self.environment_name.0.clone(), Some(name)];
                Some(id(scope, "secret", &steps.into_iter().flatten().collect::<Vec<_>>().join(":")))
            }
            Subject::Member => first(&[&self.user]).map(|login| user_id(scope, &login)),
            Subject::Organisation => Some(scope.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["subject_kind", "subject_id", "kind", "at", "actor", "outcome"];

    #[test]
    fn entries_about_identities_and_credentials_are_events() {
        let loaded = load_fixture(&AuditLog, "github.audit_log/good/pages.json");
        let at = |minute: u8| format!("2026-06-01T12:{minute:02}:00Z");
        let row = |cells: [&str; 3], minute: u8, actor: &str, outcome: &str| {
            let [subject_kind, subject_id, kind] = cells;
            [subject_kind, subject_id, kind, &at(minute), actor, outcome].map(str::to_owned)
        };
        assert_eq!(
            loaded.rows(Event::TABLE, COLUMNS),
            [
                row(["identity", "github:acme:app:4711", "created"], 0, "mona", "success"),
                row(["entitlement", "github:acme:pat:98716", "created"], 1, "boss", "approve"),
                row(["entitlement", "github:acme:pat:98717", "created"], 2, "mona", "success"),
                row(["credential", "github:acme:pat:98716", "revoked"], 3, "boss", "success"),
                row(["credential", "github:acme:secret:acme/web:NPM_TOKEN", "rotated"], 4, "mona", "success"),
                row(["credential", "github:acme:secret:dependabot:REGISTRY", "deleted"], 5, "mona", "success"),
                row(["identity", "github:acme:user:leaver", "deleted"], 6, "boss", "success"),
                row(["credential", "github:acme:deploy_key:11", "created"], 7, "mona", "success"),
                row(["entitlement", "github:acme:oauth_app:77", "created"], 8, "boss", "deny"),
                row(["identity", "github:beta:app:old-bot", "disabled"], 9, "∅", "success"),
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded), (11, 11), "a team is no subject of ours");
        let rows = loaded.rows(CoverageRow::TABLE, &["scope_id", "fact", "level", "window_from"]);
        assert_eq!(
            rows,
            [
                ["acme", "offboarding", "partial", "2026-06-01T11:00:00Z"],
                ["beta", "offboarding", "partial", "2026-06-01T11:00:00Z"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_log_may_be_one_entry_a_line() {
        let loaded = load_fixture(&AuditLog, "github.audit_log/good/stream.ndjson");
        let rows = loaded.rows(Event::TABLE, &["subject_id", "kind", "locator"]);
        assert_eq!(rows, [["github:acme:secret:acme/web:production:DB", "created", "document 2"]]);
        assert!(covered(&loaded)[0].starts_with("offboarding partial: the log keeps half a year"));
    }

    #[test]
    fn wrong_entries_are_put_aside() {
        let loaded = load_fixture(&AuditLog, "github.audit_log/bad/wrong.json");
        assert_eq!(loaded.rows(Event::TABLE, &["subject_id"]), [["github:acme:user:leaver"]]);
        assert_eq!(
            reasons(&loaded)[..3],
            [
                "/1: the entry does not name what it is about",
                "/2: `@timestamp` is not a date",
                "/3: the entry has no time",
            ]
        );
        assert!(reasons(&loaded)[3].starts_with("/4: the record does not have the shape of an entry"));
        loaded.assert_no_canary();
    }
}
