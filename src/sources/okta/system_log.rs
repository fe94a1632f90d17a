//! The System Log of Okta: what happened to users, applications, tokens and privileges. Events about anything else,
//! which are most, are read and pass without a row. Holds one event at a time, however long the log.

use serde::Deserialize;

use super::{PROVIDER, cover, id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Event;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] = &[(Fact::Offboarding, Level::Full)];

/// `GET /api/v1/logs`.
pub struct SystemLog;

impl Source for SystemLog {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.system_log",
            title: "System Log of Okta",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $TOKEN\" \
                      'https://ORG.okta.com/api/v1/logs?since=2026-04-01T00:00:00Z&limit=1000' > system-log.json (and \
                      each page that the Link header names)",
            recognises: "JSON records with `eventType`, `published` and `actor`",
            facts: FACTS,
            main_view: "events",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_event = api::first_record(probe, "")
            .is_some_and(|record| ["eventType", "published", "actor"].iter().all(|key| record.has(key)));
        Recognised::yes_if(is_event)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut earliest: Option<Moment> = None;
        api::records(input, "", out, &mut |text, locator, out| {
            let at = read(text, locator, input, out)?;
            earliest = Some(earliest.map_or(at, |known| known.min(at)));
            Ok(())
        })?;
        let Some(earliest) = earliest else {
            let note = "the file holds no event, so that nothing says which time it is about";
            out.cover(PROVIDER, &input.scope_id, Fact::Offboarding, Level::None, Some(note));
            return Ok(());
        };
        cover(FACTS, |_| Some("since the first event in the file, unless the export was filtered"), input, out);
        out.window(PROVIDER, &input.scope_id, Fact::Offboarding, earliest);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    event_type: String,
    published: String,
    actor: Option<Party>,
    #[serde(default)]
    target: Option<Vec<Party>>,
    outcome: Option<Outcome>,
}

/// Who did it, or what it was done to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    alternate_id: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    result: Option<String>,
}

/// What an event is about: which of its targets, by type or by how its id begins, and under which id it is known.
#[derive(Clone, Copy)]
enum Subject {
    User,
    App,
    Token,
    /// A secret or key of an application.
    AppCredential,
    UserPrivilege,
    AppPrivilege,
}

impl Subject {
    fn kind(self) -> &'static str {
        match self {
            Self::User | Self::App => "identity",
            Self::Token | Self::AppCredential => "credential",
            Self::UserPrivilege | Self::AppPrivilege => "entitlement",
        }
    }

    fn is(self, party: &Party) -> bool {
        let (types, start): (&[&str], &str) = match self {
            Self::User | Self::UserPrivilege => (&["User"], "00u"),
            Self::Token => (&["Token"], "00T"),
            Self::App | Self::AppCredential | Self::AppPrivilege => {
                (&["AppInstance", "PublicClientApp", "OAuth2Client"], "0oa")
            }
        };
        party.kind.as_deref().is_some_and(|kind| types.contains(&kind))
            || party.id.as_deref().is_some_and(|id| id.starts_with(start))
    }

    fn id(self, scope: &str, native: &str) -> String {
        match self {
            Self::User => id(scope, "user", native),
            Self::App => id(scope, "app", native),
            Self::Token => id(scope, "token", native),
            Self::AppCredential => format!("{}#credential", id(scope, "app", native)),
            Self::UserPrivilege => format!("{}#privilege", id(scope, "user", native)),
            Self::AppPrivilege => format!("{}#privilege", id(scope, "app", native)),
        }
    }
}

fn meaning(event_type: &str) -> Option<(Subject, &'static str)> {
    use Subject::*;
    Some(match event_type {
        "user.lifecycle.create" => (User, "created"),
        "user.lifecycle.activate" | "user.lifecycle.reactivate" | "user.lifecycle.unsuspend" => (User, "enabled"),
        "user.lifecycle.suspend" | "user.lifecycle.deactivate" => (User, "disabled"),
        "user.lifecycle.delete.completed" | "user.lifecycle.delete" => (User, "deleted"),
        "application.lifecycle.create" | "app.oauth2.client.lifecycle.create" => (App, "created"),
        "application.lifecycle.activate" | "app.oauth2.client.lifecycle.activate" => (App, "enabled"),
        "application.lifecycle.deactivate" | "app.oauth2.client.lifecycle.deactivate" => (App, "disabled"),
        "application.lifecycle.delete" | "app.oauth2.client.lifecycle.delete" => (App, "deleted"),
        "system.api_token.create" => (Token, "created"),
        "system.api_token.revoke" => (Token, "revoked"),
        "app.oauth2.credentials.lifecycle.create" => (AppCredential, "created"),
        "app.oauth2.credentials.lifecycle.activate" => (AppCredential, "enabled"),
        "app.oauth2.credentials.lifecycle.deactivate" => (AppCredential, "disabled"),
        "app.oauth2.credentials.lifecycle.delete" => (AppCredential, "deleted"),
        "user.account.privilege.grant" => (UserPrivilege, "created"),
        "user.account.privilege.revoke" => (UserPrivilege, "revoked"),
        "app.oauth2.client.privilege.grant" => (AppPrivilege, "created"),
        "app.oauth2.client.privilege.revoke" => (AppPrivilege, "revoked"),
        _ => return None,
    })
}

/// Reads one event; says when it happened.
fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<Moment, Stop> {
    let entry: Entry = json::parse(text, "an event of the System Log")?;
    let at = out.past("published", &entry.published, locator)?;
    let Some((subject, kind)) = meaning(&entry.event_type) else { return Ok(at) };
    let targets = entry.target.unwrap_or_default();
    let target = targets.iter().find(|target| subject.is(target));
    let native = target.and_then(|target| target.id.as_deref()).filter(|id| !id.is_empty());
    let native = native.ok_or_else(|| Reject::because("no target of the event is what it is about"))?;
    let outcome = match entry.outcome.and_then(|outcome| outcome.result).as_deref() {
        Some("SUCCESS" | "ALLOW") => Some("success"),
        Some("FAILURE" | "DENY" | "ABANDONED") => Some("failure"),
        _ => None,
    };
    let scope = &input.scope_id;
    let subject_id = subject.id(scope, native);
    let actor = entry.actor.and_then(|actor| actor.alternate_id.filter(|name| name != "unknown").or(actor.id));
    out.push(Event {
        event_id: hash::row_id(&[&subject_id, kind, &at.micros().to_string()]),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        subject_kind: Word::from(subject.kind()),
        subject_id,
        kind: Word::from(kind),
        at,
        actor,
        outcome: outcome.map(Word::from),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Event::default()
    })?;
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["subject_kind", "subject_id", "kind", "at", "actor", "outcome"];

    #[test]
    fn targets_are_found_by_their_type_wherever_they_stand() {
        let loaded = load_fixture(&SystemLog, "okta.system_log/good/log.json");
        let admin = "admin@acme.example";
        let at = |minute: u8| format!("2026-05-02T10:{minute:02}:00Z");
        let row = |cells: [&str; 3], minute: u8, actor: &str, outcome: &str| {
            let [subject_kind, subject_id, kind] = cells;
            [subject_kind, subject_id, kind, &at(minute), actor, outcome].map(str::to_owned)
        };
        assert_eq!(
            loaded.rows(Event::TABLE, COLUMNS),
            [
                row(["credential", "okta:good:token:00T1", "created"], 1, admin, "success"),
                row(["identity", "okta:good:user:00u9", "disabled"], 2, admin, "success"),
                row(["identity", "okta:good:app:0oa1", "deleted"], 3, "00u1", "failure"),
                row(["credential", "okta:good:app:0oa2#credential", "created"], 4, admin, "∅"),
                row(["entitlement", "okta:good:user:00u2#privilege", "created"], 5, admin, "success"),
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded), (6, 6), "a sign-in is no event of ours");
        let rows = loaded.rows(CoverageRow::TABLE, &["fact", "level", "window_from"]);
        assert_eq!(rows, [["offboarding", "full", "2026-05-02T10:00:00Z"]]);
        loaded.assert_no_canary();
    }

    #[test]
    fn events_may_come_one_a_line() {
        let loaded = load_fixture(&SystemLog, "okta.system_log/good/stream.ndjson");
        let rows = loaded.rows(Event::TABLE, &["subject_id", "locator", "at"]);
        assert_eq!(rows, [["okta:good:token:00T1", "document 1", "2026-05-02T10:01:00.875Z"]]);
        assert!(covered(&loaded)[0].starts_with("offboarding full: since the first event"));
    }

    #[test]
    fn wrong_events_are_put_aside() {
        let loaded = load_fixture(&SystemLog, "okta.system_log/bad/wrong.json");
        assert_eq!(loaded.rows(Event::TABLE, &["subject_id"]), [["okta:bad:token:00T1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: no target of the event is what it is about");
        assert_eq!(reasons[1], "/2: `published` is not a date");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of an event"));
        loaded.assert_no_canary();
    }
}
