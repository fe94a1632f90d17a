//! Entities of Vault's identity store: one for each caller that logged in, whatever method it used. Their aliases
//! say how it logs in, and so whether a machine stands behind it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::answer::Answer;
use super::grants::Holder;
use super::shape::Shape;
use super::{PROVIDER, entity_id};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, environment, json};

/// `vault read identity/entity/id/ID`, and lists of entities.
pub struct Entities;

/// Methods that only machines use.
const MACHINES: [&str; 6] = ["alicloud", "approle", "aws", "azure", "gcp", "kubernetes"];
/// Keys of metadata that say who answers for an entity, the most exact first.
const OWNER_KEYS: [&str; 3] = ["owner", "team", "contact"];
/// Keys of metadata that name an environment.
const ENVIRONMENT_KEYS: [&str; 3] = ["environment", "env", "stage"];

impl Source for Entities {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.entities",
            title: "Entities of Vault's identity store",
            provider: PROVIDER,
            command: "for e in $(vault list -format=json identity/entity/id | jq -r '.[]'); do vault read -format=json \
                      identity/entity/id/$e | jq -c; done > entities.ndjson",
            recognises: "JSON with `aliases`, `id` and `policies`, or with `key_info`, or a list of ids in a file with \
                         `identity-entit` in its name",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Owner, Level::Partial),
                (Fact::Environment, Level::Partial),
                (Fact::Entitlement, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Entity, Shape::EntityList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut is_list = false;
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| read(record.get(), locator, input, &mut is_list, out))
        })?;
        let cluster = input.scope_id.as_str();
        let note = "entities, not the roles through which they log in";
        out.cover(PROVIDER, cluster, Fact::Identity, Level::Partial, Some(note));
        if !is_list {
            let note = "from metadata of entities, where somebody filled it in";
            out.cover(PROVIDER, cluster, Fact::Owner, Level::Partial, Some(note));
            out.cover(PROVIDER, cluster, Fact::Environment, Level::Partial, Some(note));
            let note = "policies of entities themselves, without those of their groups";
            out.cover(PROVIDER, cluster, Fact::Entitlement, Level::Partial, Some(note));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Entity {
    id: String,
    name: Option<String>,
    creation_time: Option<String>,
    disabled: Option<bool>,
    policies: Option<Vec<String>>,
    aliases: Option<Vec<Alias>>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Alias {
    mount_type: Option<String>,
}

#[derive(Deserialize)]
struct List {
    keys: Vec<String>,
    #[serde(default)]
    key_info: BTreeMap<String, Info>,
}

#[derive(Deserialize)]
struct Info {
    name: Option<String>,
    aliases: Option<Vec<Alias>>,
}

fn read(text: &str, locator: &str, input: &Input, is_list: &mut bool, out: &mut Output) -> Result<(), Stop> {
    if text.starts_with('"') {
        *is_list = true;
        let id: String = json::parse(text, "an entity's id")?;
        out.push(identity(&id, None, None, locator, input))?;
        return Ok(());
    }
    if text.trim_matches(['{', '}']).trim().is_empty() {
        *is_list = true;
        return Ok(());
    }
    let answer = Answer::of(text, "an entity")?;
    if let Ok(List { keys, key_info }) = answer.parse("a list of entities") {
        *is_list = true;
        for id in &keys {
            let info = key_info.get(id);
            let (name, aliases) =
                (info.and_then(|info| info.name.clone()), info.and_then(|info| info.aliases.as_deref()));
            out.push(identity(id, name, aliases, locator, input))?;
        }
        return Ok(());
    }
    let entity: Entity = answer.parse("an entity")?;
    let created_at = entity.creation_time.as_deref().map(|at| out.past("creation_time", at, locator)).transpose()?;
    let metadata = entity.metadata.unwrap_or_default();
    let find = |keys: &[&str]| keys.iter().find_map(|key| metadata.get(*key)).filter(|text| !text.trim().is_empty());
    let owner = find(&OWNER_KEYS).cloned();
    let environment = find(&ENVIRONMENT_KEYS).and_then(|text| environment::normalise(text));
    let identity_id = entity_id(&input.scope_id, &entity.id);
    let holder = Holder { identity_id: &identity_id, input, locator };
    for policy in entity.policies.iter().flatten() {
        holder.hold(policy, out)?;
    }
    out.push(Identity {
        owner_basis: owner.as_ref().map(|_| Word::from("tag")),
        owner,
        environment_basis: environment.as_ref().map(|_| Word::from("tag")),
        environment,
        created_at,
        enabled: entity.disabled.map(|disabled| !disabled),
        ..identity(&entity.id, entity.name, entity.aliases.as_deref(), locator, input)
    })?;
    Ok(())
}

fn identity(id: &str, name: Option<String>, aliases: Option<&[Alias]>, locator: &str, input: &Input) -> Identity {
    let types: Vec<&str> = aliases.into_iter().flatten().filter_map(|alias| alias.mount_type.as_deref()).collect();
    let is_machine = !types.is_empty() && types.iter().all(|kind| MACHINES.contains(kind));
    Identity {
        identity_id: entity_id(&input.scope_id, id),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from(if is_machine { "workload_entry" } else { "token_account" }),
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned()),
        native_id: id.to_owned(),
        is_human: is_machine.then_some(false),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn aliases_say_whether_a_machine_stands_behind_an_entity() {
        let loaded = load_fixture(&Entities, "vault.entities/good/entities.ndjson");
        let columns = &["identity_id", "kind", "name", "is_human", "owner", "environment", "created_at", "enabled"];
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    "vault:good:entity:e-1",
                    "workload_entry",
                    "loader",
                    "false",
                    "data@acme.example",
                    "production",
                    "2026-05-01T00:00:00.123Z",
                    "true",
                ],
                ["vault:good:entity:e-2", "token_account", "ada", "∅", "∅", "∅", "2026-05-02T00:00:00Z", "false"],
                ["vault:good:entity:e-3", "token_account", "e-3", "∅", "∅", "∅", "2026-05-03T00:00:00Z", "true"],
            ]
        );
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["identity_id", "action", "via", "is_admin"]),
            [
                ["vault:good:entity:e-1", "etl", "policy:etl", "∅"],
                ["vault:good:entity:e-3", "*", "policy:root", "true"],
            ]
        );
        let levels: Vec<_> = covered(&loaded).iter().map(|text| text.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(levels, ["identity partial", "owner partial", "environment partial", "entitlement partial"]);
        loaded.assert_no_canary();
    }

    #[test]
    fn lists_name_them() {
        let loaded = load_fixture(&Entities, "vault.entities/good/list-detailed.json");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "name"]),
            [
                ["vault:good:entity:e-1", "workload_entry", "entity_1"],
                ["vault:good:entity:e-2", "token_account", "ada"]
            ]
        );
        loaded.assert_no_canary();
        let loaded = load_fixture(&Entities, "vault.entities/good/identity-entities.json");
        let id = "430cd51f-7898-097f-5030-6aefd15120c6";
        assert_eq!(loaded.rows(Identity::TABLE, &["name", "locator"]), [[id, "/0"]]);
        assert_eq!(covered(&loaded).len(), 1);
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&Entities, "vault.entities/bad");
        assert_eq!(loaded.rows(Identity::TABLE, &["native_id"]), [["kept"], ["kept"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("document 1: the record does not have the shape of an entity"), "{reasons:?}");
        assert_eq!(reasons[1..], ["document 2: `creation_time` is not a date"]);
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
