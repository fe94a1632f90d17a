//! When service accounts and their keys last authenticated, from Policy Analyzer. Only a window is recorded, so
//! that no use seen is *none in the window*, never *never*.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{PROVIDER, account_id, answers, first_records, outline, project_of, segment};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "activities";
const ACCOUNTS: &str = "serviceAccountLastAuthentication";
const KEYS: &str = "serviceAccountKeyLastAuthentication";

/// `gcloud policy-intelligence query-activity`.
pub struct Activity;

impl Source for Activity {
    fn about(&self) -> &'static About {
        &About {
            kind: "gcp.activity",
            title: "Last authentication of Google Cloud service accounts and keys",
            provider: PROVIDER,
            command: "for type in serviceAccountLastAuthentication serviceAccountKeyLastAuthentication; do gcloud \
                      policy-intelligence query-activity --activity-type=$type --project=PROJECT --limit=unlimited \
                      --format=json; done > activity.json",
            recognises: "JSON records with `activityType` and `observationPeriod`",
            facts: &[(Fact::Identity, Level::Partial), (Fact::CredentialLastUsed, Level::Partial)],
            main_view: "identities",
            precedence: 3,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = outline(probe) else { return Recognised::No };
        let Some(first) = first_records(&outline, &[LIST]).first() else { return Recognised::No };
        if !first.has("activityType") || !first.has_any(&["observationPeriod", "activity"]) {
            return Recognised::No;
        }
        match first.text_at("activityType") {
            Some(ACCOUNTS | KEYS) => Recognised::Yes,
            _ => Recognised::Maybe(
                "activity of another type; ask for the last authentication of service accounts and keys".into(),
            ),
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = Seen::default();
        let read = answers(input, &[LIST], &[], out, &mut |piece, out| {
            out.record(&piece.pointer, |out| take(piece.text(), &piece.pointer, &mut seen, input, out))
        });
        seen.cover(out);
        read
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    activity_type: String,
    full_resource_name: Option<String>,
    observation_period: Option<Period>,
    activity: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    start_time: Option<String>,
    end_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    last_authenticated_time: Option<String>,
    service_account: Option<Subject>,
    service_account_key: Option<Subject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    full_resource_name: Option<String>,
    service_account_id: Option<String>,
}

/// What a file is about: the window of each project, and which of the two types it has.
#[derive(Default)]
struct Seen {
    /// The latest start of a window by project: before it nothing is known of every account.
    projects: BTreeMap<String, Option<Moment>>,
    types: BTreeSet<&'static str>,
    last_end: Option<Moment>,
}

fn take(text: &str, locator: &str, seen: &mut Seen, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let record: Record = json::parse(text, "an activity")?;
    let detail = record.activity.unwrap_or_default();
    let is_key = match record.activity_type.as_str() {
        ACCOUNTS => false,
        KEYS => true,
        _ => return Err(Reject::because("`activityType` is not that of a service account or key").into()),
    };
    let subject = if is_key { detail.service_account_key } else { detail.service_account };
    let name = record.full_resource_name.or_else(|| subject.as_ref().and_then(|s| s.full_resource_name.clone()));
    let name = name.unwrap_or_default();
    let Some(email) = segment(&name, "serviceAccounts").filter(|email| email.contains('@')) else {
        return Err(Reject::because("`fullResourceName` does not name a service account").into());
    };
    let period = record.observation_period.as_ref();
    let start = period.and_then(|period| period.start_time.as_deref());
    let since = start.map(|text| out.past("observationPeriod.startTime", text, locator)).transpose()?;
    let end = period.and_then(|period| period.end_time.as_deref());
    let until = end.map(|text| out.past("observationPeriod.endTime", text, locator)).transpose()?;
    let last = detail.last_authenticated_time.as_deref().filter(|text| !text.is_empty());
    let last_used_at = last.map(|text| out.past("activity.lastAuthenticatedTime", text, locator)).transpose()?;
    let state = match (last_used_at, since) {
        (Some(_), _) => Some("used"),
        (None, Some(_)) => Some("none_in_window"),
        (None, None) => None,
    };
    let project = project_of(&name).unwrap_or(&input.scope_id).to_owned();
    if is_key {
        let key = segment(&name, "keys").ok_or_else(|| Reject::because("`fullResourceName` does not name a key"))?;
        out.push(Credential {
            credential_id: key.to_owned(),
            identity_id: Some(account_id(email)),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(project.clone())),
            kind: Word::from("sa_key"),
            last_used_at,
            last_used_state: state.map(Word::from),
            tracking_since: since,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Credential::default()
        })?;
    } else {
        let unique_id = subject.and_then(|subject| subject.service_account_id).filter(|id| !id.is_empty());
        out.push(Identity {
            identity_id: account_id(email),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(project.clone())),
            kind: Word::from("service_account"),
            name: email.to_owned(),
            native_id: unique_id.unwrap_or_else(|| email.to_owned()),
            is_human: Some(false),
            last_used_at,
            last_used_state: state.map(Word::from),
            tracking_since: since,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        })?;
    }
    let known = seen.projects.entry(project).or_default();
    *known = (*known).max(since);
    seen.types.insert(if is_key { KEYS } else { ACCOUNTS });
    seen.last_end = seen.last_end.max(until);
    Ok(())
}

impl Seen {
    fn cover(&self, out: &mut Output) {
        // What happened after the window is not known, so that ages count from its end.
        if let Some(end) = self.last_end {
            out.made_at(end);
        }
        if let [project] = self.projects.keys().collect::<Vec<_>>().as_slice() {
            out.about_scope(project);
        }
        let note = match (self.types.contains(ACCOUNTS), self.types.contains(KEYS)) {
            (true, true) => "the last days before the export are missing",
            (true, false) => "of accounts only; ask for the activity of keys too",
            _ => "of keys only; ask for the activity of service accounts too",
        };
        for (project, since) in &self.projects {
            if self.types.contains(ACCOUNTS) {
                let note = Some("only accounts of which activity is on record");
                out.cover(PROVIDER, project, Fact::Identity, Level::Partial, note);
            }
            out.cover(PROVIDER, project, Fact::CredentialLastUsed, Level::Partial, Some(note));
            if let Some(since) = since {
                out.window(PROVIDER, project, Fact::CredentialLastUsed, *since);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Row};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&Activity, &format!("gcp.activity/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    #[test]
    fn use_and_its_window_are_kept_apart() {
        let loaded = load("good/both.json");
        let columns = &["identity_id", "native_id", "last_used_at", "last_used_state", "tracking_since", "locator"];
        assert_eq!(
            lines(loaded.rows(Identity::TABLE, columns)),
            [
                "gcp:etl@acme-prod.iam.gserviceaccount.com | 100000000000000000001 | 2026-06-27T07:00:00Z | used | 2025-03-12T07:00:00Z | /0",
                "gcp:old@acme-prod.iam.gserviceaccount.com | 100000000000000000002 | ∅ | none_in_window | 2025-03-12T07:00:00Z | /1",
            ]
        );
        let columns = &["credential_id", "identity_id", "last_used_at", "last_used_state", "tracking_since", "status"];
        assert_eq!(
            lines(loaded.rows(Credential::TABLE, columns)),
            [
                "aaaa01 | gcp:etl@acme-prod.iam.gserviceaccount.com | 2026-05-01T07:00:00Z | used | 2025-04-01T07:00:00Z | ∅"
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: only accounts of which activity is on record",
                "credential.last_used partial: the last days before the export are missing",
            ]
        );
        let windows = loaded.rows(CoverageRow::TABLE, &["scope_id", "fact", "window_from"]);
        assert_eq!(windows[1], ["acme-prod", "credential.last_used", "2025-04-01T07:00:00Z"]);
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-28T07:00:00Z", "in_file"));
    }

    #[test]
    fn a_page_of_the_api_is_read() {
        let loaded = load("good/page.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id", "last_used_state"]), [["k1", "none_in_window"]]);
        assert_eq!(loaded.estate.files.first().unwrap().truncated, Some(true));
        let note = "of keys only; ask for the activity of service accounts too";
        assert_eq!(covered(&loaded), [format!("credential.last_used partial: {note}")]);
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert_eq!(
            found.get(..3).unwrap(),
            [
                "/1: `activityType` is not that of a service account or key",
                "/2: `fullResourceName` does not name a service account",
                "/3: `activity.lastAuthenticatedTime` is not a date",
            ]
        );
        assert!(found[3].starts_with("/4: the record does not have the shape of an activity"), "{found:?}");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept@p1.iam.gserviceaccount.com"]; 2]);
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }
}
