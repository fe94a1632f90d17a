//! The configuration of GitHub's cloud agent in a repository: its tools and MCP servers, whether it starts by itself,
//! whether a person lets its workflows run, and whether a firewall stands around it. Names no repository, so a field
//! that the command adds does.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{PROVIDER, Repository, Scopes, id, owner_of};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::agents::mcp_config::Client;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Agent, Level::Partial),
    (Fact::AgentTools, Level::Partial),
    (Fact::AgentApproval, Level::Partial),
    (Fact::ExposureCode, Level::Partial),
];
/// How the agent's settings name a secret that GitHub keeps for it.
const KEPT: &str = "COPILOT_MCP_";

/// `GET /repos/{owner}/{repo}/copilot/cloud-agent/configuration`.
pub struct AgentConfiguration;

impl Source for AgentConfiguration {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.agent_configuration",
            title: "Configuration of GitHub's cloud agent",
            provider: PROVIDER,
            command: "for repo in $(gh repo list ORG --limit 10000 --json nameWithOwner --jq '.[].nameWithOwner'); do \
                      gh api /repos/$repo/copilot/cloud-agent/configuration | jq -c --arg repo $repo '. + {repository: \
                      $repo}'; done > cloud-agents.ndjson",
            recognises: "JSON objects with `mcp_configuration` and `enabled_tools` or `is_firewall_enabled`",
            facts: FACTS,
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_agent = api::first_record(probe, "").is_some_and(|record| {
            record.has("mcp_configuration") && record.has_any(&["enabled_tools", "is_firewall_enabled"])
        });
        Recognised::yes_if(is_agent)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        scopes.cover(FACTS, |fact| Some(note(fact)), out, input);
        Ok(())
    }
}

fn note(fact: Fact) -> &'static str {
    match fact {
        Fact::AgentTools => {
            "its built-in tools and servers; the tools of each server stand in its answer to tools/list"
        }
        Fact::AgentApproval => "whether a person lets the workflows of its changes run",
        Fact::ExposureCode => "configurations of cloud agents only",
        _ => "cloud agents of the repositories that were asked for",
    }
}

#[derive(Deserialize)]
struct Configuration {
    repository: Option<Repository>,
    mcp_configuration: Option<Value>,
    enabled_tools: Option<BTreeMap<String, Value>>,
    require_actions_workflow_approval: Option<bool>,
    is_firewall_enabled: Option<bool>,
    is_automations_enabled: Option<bool>,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let found: Configuration = json::parse(text, "a configuration of a cloud agent")?;
    if found.enabled_tools.is_none() && found.is_firewall_enabled.is_none() {
        // An error message that a loop over repositories left behind.
        return Err(Reject::because("the record has neither `enabled_tools` nor `is_firewall_enabled`").into());
    }
    let configuration = servers_of(found.mcp_configuration)?;
    let repository = found.repository.as_ref().and_then(Repository::full_name);
    let scope = scopes.of(repository.map(owner_of), input);
    // Without a name the file, and the place in it, stand for the repository.
    let whose = match (repository, locator) {
        (Some(repository), _) => repository.to_owned(),
        (None, "document 1") => input.path.clone(),
        (None, _) => format!("{} {locator}", input.path),
    };
    let mut agent = Agent {
        agent_id: id(&scope, "cloud-agent", &whose),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        name: format!("Copilot cloud agent of {whose}"),
        platform: Word::from("copilot"),
        // It works by itself once it has a task. Whether it also finds its tasks by itself is a setting.
        autonomy: found
            .is_automations_enabled
            .map(|by_itself| Word::from(if by_itself { "autonomous" } else { "supervised" })),
        // Nothing here tells what people approve where this is off: reviews are settings of the branch.
        human_approval: (found.require_actions_workflow_approval == Some(true)).then(|| Word::from("some")),
        guardrail: found.is_firewall_enabled,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Agent::default()
    };
    for (tool, _) in found.enabled_tools.into_iter().flatten().filter(|(_, enabled)| *enabled == Value::Bool(true)) {
        out.push(AgentTool {
            agent_id: agent.agent_id.clone(),
            tool,
            provider: Word::from(PROVIDER),
            scope_id: agent.scope_id.clone(),
            kind: Word::from("builtin"),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..AgentTool::default()
        })?;
    }
    if let Some(servers) = configuration {
        // Rows of servers carry the scope of the input.
        let input = Input { scope_id: scope, ..input.clone() };
        let mut client = Client::of_agent(agent.agent_id.clone(), PROVIDER, &input);
        if client.read_all(&servers, &format!("{locator} /mcp_configuration"), out)? {
            agent.delegation = Some(Word::from("shared_secret"));
        }
    }
    out.push(agent)?;
    Ok(())
}

/// The servers, which stand there as JSON or as a text of JSON.
fn servers_of(configuration: Option<Value>) -> Result<Option<Map<String, Value>>, Reject> {
    let reject = || Reject::because("`mcp_configuration` is no JSON object");
    let mut value = match configuration {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| reject())?,
        Some(value) => value,
    };
    mark_references(&mut value);
    match value {
        Value::Object(servers) => Ok(Some(servers)),
        _ => Err(reject()),
    }
}

/// A bare name of a kept secret becomes what it is: a reference, not a value written out.
fn mark_references(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(KEPT) => text.insert(0, '$'),
        Value::Array(items) => items.iter_mut().for_each(mark_references),
        Value::Object(entries) => entries.values_mut().for_each(mark_references),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] =
        &["agent_id", "name", "platform", "autonomy", "human_approval", "guardrail", "delegation", "scope_id"];
    const TOOL: &[&str] = &["agent_id", "tool", "kind", "transport", "endpoint", "third_party", "auth", "locator"];

    #[test]
    fn agents_say_how_free_they_are() {
        let loaded = load_fixture(&AgentConfiguration, "github.agent_configuration/good/repositories.ndjson");
        let (web, api, old) = ("acme/web", "acme/api", "repositories.ndjson document 3");
        let row = |whose: &str, cells: [&str; 4], scope: &str| {
            let [autonomy, approval, guardrail, delegation] = cells;
            let id = format!("github:{scope}:cloud-agent:{whose}");
            let name = format!("Copilot cloud agent of {whose}");
            [id.as_str(), &name, "copilot", autonomy, approval, guardrail, delegation, scope].map(str::to_owned)
        };
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [
                row(web, ["supervised", "some", "true", "∅"], "acme"),
                row(api, ["autonomous", "∅", "false", "shared_secret"], "acme"),
                row(old, ["∅", "∅", "∅", "∅"], "good"),
            ]
        );
        let note = "agent partial: cloud agents of the repositories that were asked for";
        assert_eq!(covered(&loaded)[1], note);
        loaded.assert_no_canary();
    }

    #[test]
    fn tools_are_the_ones_that_are_switched_on_and_the_servers() {
        let loaded = load_fixture(&AgentConfiguration, "github.agent_configuration/good/repositories.ndjson");
        let (web, api) = ("github:acme:cloud-agent:acme/web", "github:acme:cloud-agent:acme/api");
        let at = "document 2 /mcp_configuration/mcpServers";
        let none = "∅";
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                [web, "codeql", "builtin", none, none, none, none, "document 1"],
                [web, "secret_scanning", "builtin", none, none, none, none, "document 1"],
                [api, "crm", "mcp_server", "http", "crm.example.com", none, "static_secret", &format!("{at}/crm")],
                [api, "sentry", "mcp_server", "stdio", "@sentry/mcp-server", "true", none, &format!("{at}/sentry")],
            ]
        );
        let rows = loaded.rows(Exposure::TABLE, &["provider", "scope_id", "location_type", "location", "status"]);
        let place = "repositories.ndjson: server crm header Authorization";
        assert_eq!(rows, [["github", "acme", "agent_config", place, "open"]]);
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "storage", "fingerprint"]);
        let (sha256, _) = crate::sources::hash::fingerprints("CANARY-0001");
        assert_eq!(rows, [[format!("{api}#crm#header Authorization"), "config_file".into(), sha256]]);
    }

    #[test]
    fn a_configuration_alone_is_named_after_its_file() {
        let loaded = load_fixture(&AgentConfiguration, "github.agent_configuration/good/one.json");
        let rows = loaded.rows(Agent::TABLE, &["agent_id", "human_approval"]);
        assert_eq!(rows, [["github:good:cloud-agent:one.json", "some"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AgentConfiguration, "github.agent_configuration/bad/wrong.ndjson");
        assert_eq!(loaded.rows(Agent::TABLE, &["agent_id"]), [["github:acme:cloud-agent:acme/web"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "document 2: `mcp_configuration` is no JSON object");
        assert!(reasons[1].starts_with("document 3: the record does not have the shape of a configuration"));
        assert_eq!(reasons[2], "document 4: the record has neither `enabled_tools` nor `is_firewall_enabled`");
        loaded.assert_no_canary();
    }
}
