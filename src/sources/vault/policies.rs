//! Policies: what whoever carries one may do. A policy is a holder of permissions, like a group: roles and tokens
//! name it, and its own file says what it allows.

use serde::Deserialize;

use super::answer::{Answer, around, stem};
use super::grants::Holder;
use super::shape::Shape;
use super::{PROVIDER, acl, policy_id};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `vault policy read NAME`, and lists of names.
pub struct Policies;

impl Source for Policies {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.policies",
            title: "Vault policies",
            provider: PROVIDER,
            command: "for p in $(vault policy list); do vault read -format=json sys/policies/acl/$p | jq -c \
                      '{name: .data.name, data}'; done > vault-policies.ndjson",
            recognises: "JSON whose `policy` is a text with `path` and `capabilities`, the text itself, or a list of names \
                         in a file called `policy-list.json` or `vault-policies.json`",
            facts: &[(Fact::Entitlement, Level::Partial), (Fact::Policy, Level::Partial)],
            main_view: "entitlements",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Policy, Shape::PolicyText, Shape::PolicyList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut count = Count::default();
        let starts_as_json = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if starts_as_json.head().trim_start().starts_with(['{', '[']) {
            json::records(input.reader()?, &mut |locator, record| {
                out.record(locator, |out| read(record.get(), locator, input, &mut count, out))
            })?;
        } else {
            let text = input.text()?;
            out.record("line 1", |out| {
                let name =
                    by_file(input).ok_or_else(|| Reject::because("the file has no name to call the policy by"))?;
                write(name, &text, "line 1", input, out)
            })?;
        }
        if count.listed > 0 {
            let mut point = super::policy_point(input, "/");
            point.policy_count = Some(count.listed);
            out.push(point)?;
        }
        let note = "what policies allow; which roles and tokens carry them stands elsewhere";
        out.cover(PROVIDER, &input.scope_id, Fact::Entitlement, Level::Partial, Some(note));
        let note = "policies, not what Vault protects with them";
        out.cover(PROVIDER, &input.scope_id, Fact::Policy, Level::Partial, Some(note));
        Ok(())
    }
}

/// A policy as JSON carries it, under its old name too.
#[derive(Deserialize)]
pub(super) struct PolicyText {
    pub name: Option<String>,
    #[serde(alias = "rules")]
    policy: String,
}

impl PolicyText {
    pub fn text(&self) -> &str {
        &self.policy
    }
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Default)]
struct Count {
    listed: i64,
}

fn read(text: &str, locator: &str, input: &Input, count: &mut Count, out: &mut Output) -> Result<(), Stop> {
    if text.starts_with('"') {
        let name: String = json::parse(text, "a policy's name")?;
        count.listed += 1;
        out.push(identity(&name, locator, input))?;
        return Ok(());
    }
    let answer = Answer::of(text, "a policy")?;
    if let Ok(Keys { keys }) = answer.parse("a list of policies") {
        for name in keys {
            count.listed += 1;
            out.push(identity(&name, locator, input))?;
        }
        return Ok(());
    }
    let policy: PolicyText = answer.parse("a policy")?;
    let is_alone = locator == "document 1" || locator == "/0";
    let by_file = by_file(input).filter(|_| is_alone);
    let name = answer.place.name.as_deref().or(policy.name.as_deref()).or(by_file);
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Reject::because("neither the answer nor its file's name says which policy it is"))?;
    write(name, policy.text(), locator, input, out)
}

/// `policy-etl.json` as `etl`; a file of another name is called after the policy.
fn by_file(input: &Input) -> Option<&str> {
    let stem = stem(input);
    match around(stem, &["policy"]) {
        Some(("", name)) if !name.is_empty() => Some(name),
        _ => Some(stem).filter(|stem| !stem.is_empty()),
    }
}

fn write(name: &str, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let stanzas = acl::read(text)?;
    let identity_id = policy_id(&input.scope_id, name);
    Holder { identity_id: &identity_id, input, locator }.hold_text("inline", &stanzas, out)?;
    out.push(identity(name, locator, input))?;
    Ok(())
}

fn identity(name: &str, locator: &str, input: &Input) -> Identity {
    Identity {
        identity_id: policy_id(&input.scope_id, name),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("group"),
        name: format!("policy/{name}"),
        native_id: name.to_owned(),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, PolicyPoint, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const RIGHT: &[&str] = &[
        "identity_id",
        "effect",
        "action",
        "resource",
        "is_admin",
        "is_wildcard_action",
        "is_wildcard_resource",
        "can_escalate",
        "condition",
    ];

    #[test]
    fn a_policy_read_by_name_is_called_after_its_file() {
        let loaded = load_fixture(&Policies, "vault.policies/good/policy-platform-admin.json");
        let policy = "vault:good:policy:platform-admin";
        let all = "create,delete,list,read,sudo,update";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [[policy, "allow", all, "*", "true", "true", "true", "true", ""]]
        );
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "is_human"]),
            [[policy, "group", "policy/platform-admin", "∅"]]
        );
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["via", "action_kind", "eligible_only"]),
            [["inline", "permission", "false"]]
        );
        assert!(loaded.rows(PolicyPoint::TABLE, &["pdp_id"]).is_empty());

        let loaded = load_fixture(&Policies, "vault.policies/good/policy-agent-invoice.json");
        let policy = "vault:good:policy:agent-invoice";
        let finance = "kv/data/finance/{{identity.entity.name}}/*";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                [policy, "allow", "read", finance, "false", "false", "false", "false", ""],
                [policy, "allow", "update", "sys/wrapping/unwrap", "false", "false", "false", "false", ""],
            ]
        );
    }

    #[test]
    fn answers_of_the_api_carry_the_name() {
        let loaded = load_fixture(&Policies, "vault.policies/good/all.ndjson");
        let (etl, ops) = ("vault:good:policy:etl", "vault:good:policy:ops");
        let (acl, secret) = ("sys/policies/acl/*", "auth/approle/role/etl/secret-id");
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                [etl, "allow", "read", "kv/data/etl/*", "false", "false", "false", "false", ""],
                [ops, "allow", "create,update", acl, "false", "false", "false", "false", "allowed_parameters"],
                [ops, "allow", "update", secret, "false", "false", "false", "true", ""],
            ]
        );
        loaded.assert_no_canary();
        assert_eq!(
            covered(&loaded),
            [
                "entitlement partial: what policies allow; which roles and tokens carry them stands elsewhere",
                "policy partial: policies, not what Vault protects with them",
            ]
        );
    }

    #[test]
    fn a_policy_may_stand_as_its_own_text() {
        let loaded = load_fixture(&Policies, "vault.policies/good/team.hcl");
        let team = "vault:good:policy:team";
        let all = "create,delete,list,read,update";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, RIGHT),
            [
                [team, "allow", all, "kv/data/team/*", "false", "true", "false", "false", ""],
                [team, "deny", "*", "kv/data/team/root", "false", "false", "false", "false", ""],
            ]
        );
    }

    #[test]
    fn a_list_counts_them() {
        let loaded = load_fixture(&Policies, "vault.policies/good/policy-list.json");
        let names: Vec<String> = loaded.rows(Identity::TABLE, &["native_id"]).concat();
        assert_eq!(names, ["agent-invoice", "default", "etl", "platform-admin", "root"]);
        let columns = &["pdp_id", "engine", "mode", "policy_count", "default_deny", "permit_any_action"];
        assert_eq!(loaded.rows(PolicyPoint::TABLE, columns), [["vault:good", "vault", "enforce", "5", "true", "∅"]]);
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&Policies, "vault.policies/bad");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["resource"]), [["b"], ["b"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "document 1: `capabilities` is not a list");
        assert_eq!(reasons[1], "document 2: neither the answer nor its file's name says which policy it is");
        assert!(reasons[2].starts_with("document 3: the record does not have the shape of a policy"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
