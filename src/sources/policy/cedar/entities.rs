//! Cedar entities: whom and what policies name. The list does not say which of them can ask for something; the names
//! of their types do, where they are the usual ones.

use cedar_policy::{Entity, EvalResult};
use serde::Deserialize;

use super::identity_id;
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::policy::PROVIDER;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, environment, json};

/// `entities.json`.
pub struct CedarEntities;

impl Source for CedarEntities {
    fn about(&self) -> &'static About {
        &About {
            kind: "cedar.entities",
            title: "Cedar entities",
            provider: PROVIDER,
            command: "copy the entities file that the application loads, or write its entities with `Entities::to_json_value`",
            recognises: "a JSON array of objects with a `uid` that has `type` and `id`, and with `attrs` or `parents`",
            facts: &[(Fact::Identity, Level::Partial), (Fact::Agent, Level::Partial)],
            main_view: "identities",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let records = if outline.is_object() { std::slice::from_ref(outline) } else { outline.elements() };
        Recognised::yes_if(records.first().is_some_and(|record| {
            let uid = record.get("uid");
            let uid = uid.and_then(|uid| uid.get("__entity").or(Some(uid)));
            uid.is_some_and(|uid| uid.has("type") && uid.has("id")) && record.has_any(&["attrs", "parents"])
        }))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| read(record.get(), locator, input, out))
        })?;
        let scope = input.scope_id.as_str();
        let note = "entities whose type has a usual name for those who ask";
        out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some(note));
        out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(note));
        Ok(())
    }
}

/// Only to see that it is an object: everything else is the crate's to judge.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "uid")]
    _uid: serde::de::IgnoredAny,
}

/// What the last part of a type's name means, in lower case.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "agent" | "aiagent" | "bot" | "assistant" => "agent_identity",
        "user" | "person" | "employee" | "human" => "human",
        "serviceaccount" | "machineuser" | "robot" => "service_account",
        "workload" | "service" | "application" | "app" | "client" => "workload_entry",
        "role" => "role",
        "group" | "usergroup" | "team" => "group",
        _ => return None,
    })
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let _: Shape = json::parse(text, "an entity")?;
    // Its own messages would quote values.
    let entity = Entity::from_json_str(text, None).map_err(|_| Reject::because("it is not an entity of Cedar"))?;
    let uid = entity.uid();
    // Folders and tickets ask for nothing.
    let Some(kind) = kind_of(uid.type_name().basename()) else { return Ok(()) };
    let attribute = |names: &[&str]| {
        names.iter().find_map(|name| match entity.attr(name) {
            Some(Ok(EvalResult::String(text))) if !text.trim().is_empty() => Some(text),
            _ => None,
        })
    };
    let owner = attribute(&["owner", "team", "contact"]);
    let environment = attribute(&["environment", "env", "stage"]).and_then(|text| environment::normalise(&text));
    let name = uid.id().unescaped().to_owned();
    let identity_id = identity_id(&format!("cedar:{}", input.scope_id), &uid.type_name().to_string(), &name);
    if kind == "agent_identity" {
        let autonomy = attribute(&["autonomy"]).map(|text| text.to_lowercase());
        let autonomy = autonomy.filter(|word| ["manual", "supervised", "autonomous"].contains(&word.as_str()));
        out.push(Agent {
            agent_id: format!("cedar:{}:{}:{name}", input.scope_id, uid.type_name()),
            identity_id: Some(identity_id.clone()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            name: name.clone(),
            platform: Word::from("other"),
            owner: owner.clone(),
            environment: environment.clone(),
            autonomy: autonomy.map(Word),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Agent::default()
        })?;
    }
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from(kind),
        native_id: uid.to_string(),
        name,
        // A user of an application may be a machine's account.
        is_human: matches!(kind, "agent_identity" | "service_account" | "workload_entry").then_some(false),
        owner_basis: owner.as_ref().map(|_| Word::from("tag")),
        owner,
        environment_basis: environment.as_ref().map(|_| Word::from("tag")),
        environment,
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
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    #[test]
    fn those_who_ask_are_identities_and_agents_are_agents() {
        let loaded = load_fixture(&CedarEntities, "cedar.entities/good/entities.json");
        let (invoice, research) = ("cedar:good:Acme::Agent:invoice-triage", "cedar:good:Acme::Agent:research");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "native_id", "is_human", "locator"]),
            [
                [invoice, "agent_identity", "invoice-triage", "Acme::Agent::\"invoice-triage\"", "false", "/0"],
                [research, "agent_identity", "research", "Acme::Agent::\"research\"", "false", "/1"],
                ["cedar:good:Acme::Team:finance", "group", "finance", "Acme::Team::\"finance\"", "∅", "/2"],
            ]
        );
        assert_eq!(
            loaded.rows(Agent::TABLE, &["agent_id", "identity_id", "platform", "autonomy"]),
            [[invoice, invoice, "other", "supervised"], [research, research, "other", "autonomous"]]
        );
        assert_eq!(loaded.estate.files[0].rows_loaded, 6);
    }

    #[test]
    fn ids_may_be_wrapped_and_attributes_name_an_owner() {
        let loaded = load_fixture(&CedarEntities, "cedar.entities/good/wrapped.json");
        let spiffe = "spiffe://acme.example/ns/ml/sa/bot";
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "owner", "environment", "environment_basis"]),
            [
                [spiffe, "workload_entry", "ml@acme.example", "production", "tag"],
                ["cedar:good:User:ada", "human", "∅", "∅", "∅"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_entities_are_put_aside_without_their_values() {
        let loaded = load_fixture(&CedarEntities, "cedar.entities/bad");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"], ["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/0: it is not an entity of Cedar");
        assert!(reasons[1].starts_with("/1: the record does not have the shape of an entity"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
