//! Policies of Amazon Verified Permissions. A list shows the heads of policies, without conditions, and leaves out
//! what a scope does not name; the answer to `get-policy` has the whole text.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PROVIDER;
use super::cedar::{Rule, Summary, identity_id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Entitlement, PolicyPoint};
use crate::inventory::{Fact, Level};
use crate::sources::json::Piece;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// `aws verifiedpermissions list-policies`, and `get-policy` once for each.
pub struct AvpPolicies;

impl Source for AvpPolicies {
    fn about(&self) -> &'static About {
        &About {
            kind: "avp.policies",
            title: "Policies of Amazon Verified Permissions",
            provider: PROVIDER,
            command: "for p in $(aws verifiedpermissions list-policies --policy-store-id ID --query 'policies[].policyId' \
                      --output text); do aws verifiedpermissions get-policy --policy-store-id ID --policy-id $p; done > \
                      avp-policies.json",
            recognises: "JSON with `policyStoreId`, `policyId` and `policyType`, alone or in `policies` or `results`",
            facts: &[(Fact::Policy, Level::Partial), (Fact::Entitlement, Level::Partial)],
            main_view: "entitlements",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let is_policy =
            |policy: &Outline| ["policyStoreId", "policyId", "policyType"].iter().all(|key| policy.has(key));
        let listed = ["policies", "results"].iter().filter_map(|key| outline.get(key));
        let mut records = listed.flat_map(Outline::elements).chain(outline.elements()).chain([outline]);
        Recognised::yes_if(records.any(is_policy))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        let mut stores = Stores::default();
        let read = if probe.has_key("policies") || probe.has_key("results") {
            json::pieces(input.reader()?, &["policies", "results"], &["nextToken", "NextToken"], &mut |piece| {
                if !piece.is_element {
                    out.pages_missing(has_token(&piece));
                    return Ok(());
                }
                stores.is_list |= piece.key == "policies";
                out.record(&piece.pointer, |out| stores.take(piece.text(), &piece.pointer, input, out))
            })
        } else {
            json::records(input.reader()?, &mut |locator, policy| {
                out.record(locator, |out| stores.take(policy.get(), locator, input, out))
            })
        };
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        stores.write(input, out)?;
        read
    }
}

fn has_token(piece: &Piece) -> bool {
    !matches!(piece.text(), "null" | "\"\"")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    policy_store_id: String,
    policy_id: String,
    effect: Option<String>,
    principal: Option<Entity>,
    resource: Option<Entity>,
    actions: Option<Vec<Action>>,
    definition: Option<Definition>,
    created_date: Option<String>,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(rename = "static")]
    is_static: Option<Static>,
}

#[derive(Deserialize)]
struct Static {
    statement: Option<String>,
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

/// What was read of one policy store.
#[derive(Default)]
struct Store {
    summary: Summary,
    /// Policies of which only the head was read.
    heads: i64,
}

#[derive(Default)]
struct Stores {
    stores: BTreeMap<String, Store>,
    is_list: bool,
}

impl Stores {
    fn take(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let policy: Policy = json::parse(text, "a policy of Verified Permissions")?;
        if policy.policy_store_id.is_empty() || policy.policy_id.is_empty() {
            return Err(Reject::because("the policy has no id, or no store").into());
        }
        let created = policy.created_date.as_deref().map(|at| out.past("createdDate", at, locator)).transpose()?;
        let prefix = format!("avp:{}", policy.policy_store_id);
        let statement = policy.definition.as_ref().and_then(|definition| definition.is_static.as_ref());
        let statement = statement.and_then(|policy| policy.statement.as_deref());
        if let Some(statement) = statement {
            let rule = Rule::of_text(statement, &policy.policy_id)?;
            let store = self.stores.entry(policy.policy_store_id.clone()).or_default();
            if let Some(rule) = rule {
                store.summary.take(&rule);
                rule.entitlements(&prefix, &policy.policy_store_id, locator, input, out)?;
            }
            return Ok(());
        }
        self.stores.entry(policy.policy_store_id.clone()).or_default().heads += 1;
        // Who is not named may be everybody, or everybody of a type.
        let (Some("Permit"), Some(principal)) = (policy.effect.as_deref(), &policy.principal) else { return Ok(()) };
        let holder = identity_id(&prefix, &principal.entity_type, &principal.entity_id);
        let shown = |entity: &Entity| format!("{}::\"{}\"", entity.entity_type, entity.entity_id);
        let resource = policy.resource.as_ref().map(shown).unwrap_or_default();
        let via = format!("policy:{}", policy.policy_id);
        for action in policy.actions.iter().flatten() {
            let action = format!("{}::\"{}\"", action.action_type, action.action_id);
            out.push(Entitlement {
                entitlement_id: hash::row_id(&[PROVIDER, &holder, "allow", &action, &resource, &via]),
                identity_id: holder.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(policy.policy_store_id.clone())),
                effect: Word::from("allow"),
                action,
                action_kind: Word::from("permission"),
                resource: resource.clone(),
                via: via.clone(),
                is_admin: Some(false),
                is_wildcard_action: Some(false),
                is_wildcard_resource: policy.resource.as_ref().map(|_| false),
                granted_at: created,
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..Entitlement::default()
            })?;
        }
        Ok(())
    }

    fn write(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        if let Some(only) = self.stores.keys().next().filter(|_| self.stores.len() == 1) {
            out.about_scope(only);
        }
        for (store, Store { summary, heads }) in self.stores {
            let whole = summary.policies;
            let mut point = summary.point(format!("avp:{store}"), "avp", &store, "/", input);
            point.policy_count = Some(whole + heads);
            if heads > 0 {
                // Of what only the head was read, nobody can say how open it is.
                let told = |count: Option<i64>| count.filter(|count| *count > 0);
                point = PolicyPoint {
                    permit_any_principal: told(point.permit_any_principal),
                    permit_any_action: told(point.permit_any_action),
                    permit_any_resource: told(point.permit_any_resource),
                    ..point
                };
            }
            out.push(point)?;
            let note = if self.is_list {
                "a list, which shows the heads of policies without their conditions"
            } else {
                "whether every policy was asked for is not shown"
            };
            out.cover(PROVIDER, &store, Fact::Policy, Level::Partial, Some(note));
            out.cover(PROVIDER, &store, Fact::Entitlement, Level::Partial, Some(note));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const RIGHT: &[&str] =
        &["identity_id", "action", "resource", "via", "is_admin", "is_wildcard_resource", "condition"];
    const POINT: &[&str] = &[
        "pdp_id",
        "scope_id",
        "policy_count",
        "permit_any_principal",
        "permit_any_action",
        "permit_any_resource",
        "default_deny",
    ];

    #[test]
    fn a_list_shows_heads_only() {
        let loaded = load_fixture(&AvpPolicies, "avp.policies/good/list.json");
        let alice = "avp:PS1:Acme::User:alice";
        let photo = "Acme::Album::\"summer\"";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                [alice, "Acme::Action::\"View\"", photo, "policy:SP1", "false", "false", "∅"],
                [alice, "Acme::Action::\"Edit\"", photo, "policy:SP1", "false", "false", "∅"],
                ["avp:PS1:Acme::Group:staff", "Acme::Action::\"View\"", "", "policy:TL1", "false", "∅", "∅"],
            ]
        );
        assert_eq!(loaded.rows(Entitlement::TABLE, &["granted_at"])[0], ["2026-05-01T08:00:00.5Z"]);
        assert_eq!(loaded.rows(PolicyPoint::TABLE, POINT), [["avp:PS1", "PS1", "4", "∅", "∅", "∅", "true"]]);
        assert_eq!((loaded.estate.files[0].truncated, loaded.estate.files[0].scope_id.as_str()), (Some(true), "PS1"));
        assert!(covered(&loaded)[0].starts_with("entitlement partial: a list"), "{:?}", covered(&loaded));
    }

    #[test]
    fn an_answer_with_the_text_shows_all() {
        let loaded = load_fixture(&AvpPolicies, "avp.policies/good/get-policy.json");
        let when = "when { context.mfa }";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                ["avp:PS1:*", "*", "*", "policy:SP2", "true", "true", ""],
                [
                    "avp:PS1:Acme::Agent:*",
                    "Acme::Action::\"Pay\"",
                    "Acme::Invoice",
                    "policy:SP3",
                    "false",
                    "false",
                    when
                ],
            ]
        );
        assert_eq!(loaded.rows(PolicyPoint::TABLE, POINT), [["avp:PS1", "PS1", "2", "1", "1", "1", "true"]]);
        assert_eq!(loaded.rows(PolicyPoint::TABLE, &["engine", "protects"]), [["avp", "Acme::Invoice"]]);
    }

    #[test]
    fn wrong_policies_are_put_aside_without_their_values() {
        let loaded = load_fixture(&AvpPolicies, "avp.policies/bad");
        assert_eq!(loaded.rows(PolicyPoint::TABLE, &["pdp_id", "policy_count"]), [["avp:PS1", "1"], ["avp:PS1", "1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..3],
            [
                "/policies/0: the policy has no id, or no store",
                "/policies/1: it is not a policy of Cedar",
                "/policies/2: `createdDate` is not a date",
            ]
        );
        assert!(reasons[3].starts_with("/policies/3: the record does not have the shape of a policy"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
