//! Decisions of Amazon Verified Permissions, from the data events that CloudTrail keeps of them where it was told to.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::cedar::identity_id;
use super::{PROVIDER, known_elsewhere};
use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::tally::{Asker, Outcome, Question, Tally};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// CloudTrail's files, or what a query of them found.
pub struct AvpDecisions;

const SERVICE: &str = "verifiedpermissions.amazonaws.com";
const RECORDS: &str = "Records";
/// What stands between the parts of a caller's key in the tally.
const MARK: char = '\u{1f}';

impl Source for AvpDecisions {
    fn about(&self) -> &'static About {
        &About {
            kind: "avp.decision_log",
            title: "Decisions of Amazon Verified Permissions",
            provider: PROVIDER,
            command: "aws cloudtrail put-event-selectors --trail-name NAME --advanced-event-selectors with \
                      `resources.type` `AWS::VerifiedPermissions::PolicyStore`; then copy the trail's files, unpacked",
            recognises: "CloudTrail records whose `eventSource` is `verifiedpermissions.amazonaws.com`",
            facts: &[(Fact::Decision, Level::Full), (Fact::Policy, Level::Partial)],
            main_view: "decisions",
            precedence: 3,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if !probe.head().contains(SERVICE) {
            return Recognised::No;
        }
        let Some(outline) = probe.outline() else { return Recognised::No };
        let is_event = |record: &Outline| record.has("eventSource") && record.has("eventName");
        let records = outline.get(RECORDS).unwrap_or(outline);
        let is_log = is_event(records) || records.elements().iter().any(is_event);
        let is_ours = |record: &Outline| record.text_at("eventSource") == Some(SERVICE);
        // The first record of a file of its own; a trail of everything may begin with others.
        Recognised::yes_if(is_log && (is_ours(records) || records.elements().iter().any(is_ours)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        let mut log = Log::default();
        let mut take = |locator: &str, text: &str| {
            let event: Event = match json::parse(text, "a record of CloudTrail") {
                Ok(event) => event,
                Err(reject) => return out.record(locator, |_| Err(reject.into())),
            };
            // A trail holds the events of all services.
            if event.event_source.as_deref() != Some(SERVICE) {
                return Ok(());
            }
            out.record(locator, |out| log.take(&event, locator, out))
        };
        let read = if probe.has_key(RECORDS) {
            json::pieces(input.reader()?, &[RECORDS], &[], &mut |piece| take(&piece.pointer, piece.text()))
        } else {
            json::records(input.reader()?, &mut |locator, record| take(locator, record.get()))
        };
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        log.write(input, out)?;
        read
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_source: Option<String>,
    event_name: Option<String>,
    event_time: Option<String>,
    error_code: Option<String>,
    request_parameters: Option<Parameters>,
    additional_event_data: Option<Answer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    policy_store_id: Option<String>,
    principal: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
}

#[derive(Deserialize)]
struct Answer {
    decision: Option<String>,
    principal: Option<Entity>,
    results: Option<Vec<Answered>>,
}

/// One answer of a batch.
#[derive(Deserialize)]
struct Answered {
    request: Option<Asked>,
    decision: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    principal: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    entity_type: String,
    entity_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    action_type: String,
    action_id: String,
}

#[derive(Default)]
struct Log {
    tally: Tally,
    stores: BTreeSet<String>,
}

impl Log {
    fn take(&mut self, event: &Event, locator: &str, out: &mut Output) -> Result<(), Stop> {
        // What else can be asked of the service decides nothing.
        if !event.event_name.as_deref().is_some_and(|name| name.contains("IsAuthorized")) {
            return Ok(());
        }
        let at = event.event_time.as_deref().ok_or_else(|| Reject::because("the event has no `eventTime`"))?;
        let at = out.past("eventTime", at, locator)?;
        let asked = event.request_parameters.as_ref();
        let store = asked.and_then(|asked| asked.policy_store_id.as_deref()).filter(|store| !store.is_empty());
        let store = store.ok_or_else(|| Reject::because("the event names no policy store"))?;
        self.stores.insert(store.to_owned());
        let answer = event.additional_event_data.as_ref();
        let mut add =
            |principal: Option<&Entity>, action: Option<&Action>, resource: Option<&Entity>, said: Option<&str>| {
                let outcome = match said {
                    Some("ALLOW") => Outcome::Allowed,
                    Some("DENY") => Outcome::Denied,
                    _ => Outcome::Undefined,
                };
                let question = Question {
                    pdp_id: format!("avp:{store}"),
                    principal: principal
                        .map(|who| format!("{}{MARK}{}{MARK}{store}", who.entity_type, who.entity_id))
                        .unwrap_or_default(),
                    action: action.map_or_else(
                        || "unknown".to_owned(),
                        |action| format!("{}::\"{}\"", action.action_type, action.action_id),
                    ),
                    resource_type: resource.map(|resource| resource.entity_type.clone()),
                };
                self.tally.add(question, outcome, at, locator);
            };
        if let Some(results) = answer.and_then(|answer| answer.results.as_deref()) {
            for result in results {
                let asked = result.request.as_ref();
                let principal = asked.and_then(|asked| asked.principal.as_ref());
                let action = asked.and_then(|asked| asked.action.as_ref());
                let resource = asked.and_then(|asked| asked.resource.as_ref());
                add(principal, action, resource, result.decision.as_deref());
            }
            return Ok(());
        }
        // With a token, the answer says for whom it stood.
        let principal = asked.and_then(|asked| asked.principal.as_ref());
        let principal = principal.or(answer.and_then(|answer| answer.principal.as_ref()));
        let action = asked.and_then(|asked| asked.action.as_ref());
        let resource = asked.and_then(|asked| asked.resource.as_ref());
        let said = answer.and_then(|answer| answer.decision.as_deref()).filter(|_| event.error_code.is_none());
        add(principal, action, resource, said);
        Ok(())
    }

    fn write(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let first = self.tally.first();
        for store in &self.stores {
            out.push(PolicyPoint {
                pdp_id: format!("avp:{store}"),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(store.clone())),
                engine: Word::from("avp"),
                // Nothing is allowed without a permit, as documented.
                default_deny: Some(true),
                source_id: input.source_id.clone(),
                locator: "/".to_owned(),
                ..PolicyPoint::default()
            })?;
            out.cover(PROVIDER, store, Fact::Decision, Level::Full, None);
            if let Some(first) = first {
                out.window(PROVIDER, store, Fact::Decision, first);
            }
            let note = "that the store was asked, not what its policies say";
            out.cover(PROVIDER, store, Fact::Policy, Level::Partial, Some(note));
        }
        if let Some(only) = self.stores.first().filter(|_| self.stores.len() == 1) {
            out.about_scope(only);
        }
        let asker = |key: &str| {
            let mut parts = key.split(MARK);
            let (Some(kind), Some(name), Some(store)) = (parts.next(), parts.next(), parts.next()) else {
                return Asker { name: "unnamed".to_owned(), identity_id: None };
            };
            let identity_id = known_elsewhere(name).or_else(|| Some(identity_id(&format!("avp:{store}"), kind, name)));
            Asker { name: format!("{kind}::\"{name}\""), identity_id }
        };
        let scope_of = |pdp_id: &str| pdp_id.strip_prefix("avp:").unwrap_or(pdp_id).to_owned();
        self.tally.write(PROVIDER, scope_of, asker, input, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Decision, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COUNTED: &[&str] =
        &["pdp_id", "scope_id", "principal", "action", "resource_type", "allow_n", "deny_n", "undefined_n"];

    #[test]
    fn answers_alone_and_in_batches_are_added_up() {
        let loaded = load_fixture(&AvpDecisions, "avp.decision_log/good/trail.json");
        let (pdp, store) = ("avp:PSEXAMPLE1", "PSEXAMPLE1");
        let (alice, bob) = ("Acme::User::\"alice\"", "Acme::User::\"bob\"");
        let (view, delete) = ("Acme::Action::\"View\"", "Acme::Action::\"Delete\"");
        assert_eq!(
            loaded.rows(Decision::TABLE, COUNTED),
            [
                [pdp, store, alice, view, "Acme::Photo", "2", "0", "0"],
                [pdp, store, bob, delete, "Acme::Photo", "0", "1", "0"],
                [pdp, store, bob, view, "∅", "0", "0", "1"],
            ]
        );
        assert_eq!(loaded.rows(Decision::TABLE, &["identity_id"])[0], ["avp:PSEXAMPLE1:Acme::User:alice"]);
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, &["pdp_id", "engine", "mode", "default_deny"]),
            [[pdp, "avp", "∅", "true"]]
        );
        assert_eq!((loaded.estate.files[0].rows_read, loaded.estate.files[0].scope_id.as_str()), (4, store));
        assert_eq!(covered(&loaded)[1], "decision full");
        loaded.assert_no_canary();
    }

    #[test]
    fn events_may_follow_each_other() {
        let loaded = load_fixture(&AvpDecisions, "avp.decision_log/good/events.ndjson");
        let role = "arn:aws:iam::111122223333:role/planner";
        assert_eq!(
            loaded.rows(Decision::TABLE, &["pdp_id", "identity_id", "allow_n", "first_at"]),
            [["avp:PS1", role, "1", "2026-06-29T10:00:00Z"], ["avp:PS2", "∅", "1", "2026-06-29T11:00:00Z"]]
        );
    }

    #[test]
    fn wrong_events_are_put_aside_without_their_values() {
        let loaded = load_fixture(&AvpDecisions, "avp.decision_log/bad");
        assert_eq!(loaded.rows(Decision::TABLE, &["pdp_id"]), [["avp:KEPT"], ["avp:KEPT"]]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..2],
            ["/Records/0: `eventTime` is not a date", "/Records/1: the event names no policy store",]
        );
        assert!(reasons[2].starts_with("/Records/2: the record does not have the shape of a record"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
