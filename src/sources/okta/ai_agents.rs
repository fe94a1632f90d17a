//! AI agents that are registered in Okta. Each is an identity of its own; it cannot be switched on before it has an
//! owner and a credential, neither of which the list prints.

use serde::Deserialize;

use super::{PROVIDER, cover, id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, json};

const FACTS: &[(Fact, Level)] = &[(Fact::Identity, Level::Partial), (Fact::Agent, Level::Partial)];
/// Where a page may hold its agents.
const LIST: &str = "data";

/// `GET /workload-principals/api/v1/ai-agents`.
pub struct AiAgents;

impl Source for AiAgents {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.ai_agents",
            title: "AI agents registered in Okta",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $TOKEN\" \
                      'https://ORG.okta.com/workload-principals/api/v1/ai-agents?limit=200' > ai-agents.json",
            recognises: "JSON records with `profile`, `status` and `appId`, `oauthClient` or `signOnProvider`",
            facts: FACTS,
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_agent = api::first_record(probe, LIST).is_some_and(|record| {
            let named = record.get("profile").is_some_and(|profile| profile.has("name"));
            // Users, groups and applications have profiles too.
            let other = record.has_any(&["credentials", "signOnMode", "objectClass", "lastLogin", "label"]);
            let is_kind = record.text_at("id").is_some_and(|id| id.starts_with("wlp"))
                || record.has_any(&["appId", "oauthClient", "signOnProvider"]);
            named && record.has("status") && is_kind && !other
        });
        Recognised::yes_if(is_agent)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, LIST, out, &mut |text, locator, out| read(text, locator, input, out))?;
        cover(FACTS, |_| Some("agents that are registered in Okta"), input, out);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    id: String,
    status: String,
    profile: Profile,
    created: Option<String>,
}

#[derive(Deserialize)]
struct Profile {
    name: String,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let agent: Registered = json::parse(text, "an AI agent of Okta")?;
    if agent.id.is_empty() {
        return Err(Reject::because("`id` is empty").into());
    }
    let (is_on, registry_status) = match agent.status.as_str() {
        "ACTIVE" => (true, Some("approved")),
        // Owner and credential are not all there yet.
        "STAGED" => (false, Some("pending")),
        "INACTIVE" => (false, None),
        _ => return Err(Reject::because("`status` is none of the known ones").into()),
    };
    let created_at = api::past("created", agent.created.as_ref(), locator, out)?;
    let scope = &input.scope_id;
    let agent_id = id(scope, "agent", &agent.id);
    let name = if agent.profile.name.is_empty() { agent.id.clone() } else { agent.profile.name };
    out.push(Agent {
        agent_id: agent_id.clone(),
        identity_id: Some(agent_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        name: name.clone(),
        platform: Word::from("okta_agent"),
        created_at,
        delegation: Some(Word::from("own_identity")),
        registry_status: registry_status.map(Word::from),
        enabled: Some(is_on),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Agent::default()
    })?;
    out.push(Identity {
        identity_id: agent_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("agent_identity"),
        name,
        native_id: agent.id,
        is_human: Some(false),
        created_at,
        enabled: Some(is_on),
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
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] =
        &["agent_id", "identity_id", "name", "platform", "registry_status", "enabled", "created_at", "locator"];

    #[test]
    fn every_agent_is_an_identity() {
        let loaded = load_fixture(&AiAgents, "okta.ai_agents/good/agents.json");
        let at = "2026-03-04T05:06:07Z";
        let (one, two, three) = ("okta:good:agent:wlp1", "okta:good:agent:wlp2", "okta:good:agent:wlp3");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [
                [one, one, "Berth planner", "okta_agent", "approved", "true", at, "/0"],
                [two, two, "Triage", "okta_agent", "pending", "false", at, "/1"],
                [three, three, "wlp3", "okta_agent", "∅", "false", "∅", "/2"],
            ]
        );
        let rows = loaded.rows(Identity::TABLE, &["identity_id", "kind", "is_human", "enabled", "owner"]);
        assert_eq!(rows[0], [one, "agent_identity", "false", "true", "∅"]);
        assert_eq!(covered(&loaded)[1], "agent partial: agents that are registered in Okta");
        loaded.assert_no_canary();
    }

    #[test]
    fn a_page_may_hold_them() {
        let loaded = load_fixture(&AiAgents, "okta.ai_agents/good/page.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["agent_id", "locator"]), [["okta:good:agent:wlp1", "/data/0"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AiAgents, "okta.ai_agents/bad/wrong.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `status` is none of the known ones");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of an AI agent"));
        loaded.assert_no_canary();
    }
}
