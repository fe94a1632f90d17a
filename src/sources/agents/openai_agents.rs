//! Agents of the OpenAI Agents SDK, which has no export: what a few lines of Python print of their fields, be it as
//! JSON or as the text that Python makes of a value. And the list of assistants that the API keeps.

use serde::Deserialize;
use serde_json::Value;

use super::secrets::shown;
use super::server::{self, Reading};
use super::subject::Subject;
use super::{PROVIDER, models, pages};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, environment, hash};

/// Tools that run code or commands, by the names that the SDK and the API give them.
const RUNNERS: &[&str] = &["code_interpreter", "local_shell", "shell", "apply_patch"];
/// Other tools that OpenAI runs.
const BUILTIN: &[&str] = &[
    "web_search",
    "web_search_preview",
    "file_search",
    "retrieval",
    "computer",
    "computer_use_preview",
    "image_generation",
    "tool_search",
];

/// Agents of the SDK, and assistants.
pub struct OpenAiAgents;

impl Source for OpenAiAgents {
    fn about(&self) -> &'static About {
        &About {
            kind: "openai.agents",
            title: "Agents of the OpenAI Agents SDK, and assistants",
            provider: PROVIDER,
            command: "python -c 'import dataclasses as d, json; from app import agent as a; print(json.dumps({\"name\": \
                      a.name, \"model\": a.model, \"tools\": [{f.name: getattr(t, f.name) for f in d.fields(t)} for t \
                      in a.tools], \"handoffs\": [h.name for h in a.handoffs], \"mcp_servers\": [s.name for s in \
                      a.mcp_servers], \"input_guardrails\": a.input_guardrails, \"output_guardrails\": \
                      a.output_guardrails}, default=str))' > AGENT.openai-agents.json",
            recognises: "JSON with `name`, `tools`, `handoffs` and `mcp_servers`, or whose tools have \
                         `needs_approval`; and lists of objects of the kind `assistant`",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Full),
                (Fact::AgentApproval, Level::Full),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let listed = first.get("data").and_then(|data| data.elements().first());
        let is_assistant = |value: &Outline| value.text_at("object") == Some("assistant");
        let tools = first.get("tools").map(Outline::elements).unwrap_or_default();
        let is_agent = first.text_at("name").is_some()
            && (["tools", "handoffs", "mcp_servers"].iter().all(|key| first.has(key))
                || tools.iter().any(|tool| tool.has("needs_approval")));
        Recognised::yes_if(is_agent || is_assistant(first) || listed.is_some_and(is_assistant))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = Seen::default();
        pages::each("data", input, out, &mut |record, locator, out| seen.read(record, locator, input, out))?;
        seen.cover(&input.scope_id, out);
        Ok(())
    }
}

#[derive(Default)]
struct Seen {
    assistants: bool,
    agents: bool,
    servers: bool,
    silent_tools: bool,
}

impl Seen {
    fn read(&mut self, record: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        if record.get("object").and_then(Value::as_str) == Some("assistant") {
            self.assistants = true;
            return read_assistant(record, locator, input, out);
        }
        self.agents = true;
        self.read_agent(record, locator, input, out)
    }

    fn read_agent(&mut self, record: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let agent = AgentFields::deserialize(record)
            .map_err(|_| Reject::because("the record does not have the shape of an agent of the OpenAI Agents SDK"))?;
        let name = agent.name.trim();
        if name.is_empty() {
            return Err(Reject::because("the agent has no name").into());
        }
        let subject = Subject::new(input, format!("openai-agents:{}:{name}", input.scope_id));
        let tools: Vec<&Value> =
            agent.tools.iter().flatten().filter(|tool| flag(tool.get("is_enabled")) != Some(false)).collect();
        let mut rows = tools.iter().map(|tool| sdk_tool(tool)).collect::<Result<Vec<_>, _>>()?;
        let servers = agent.mcp_servers.iter().flatten().map(mcp_server).collect::<Result<Vec<_>, _>>()?;
        let approvals: Vec<Option<bool>> = rows.iter().map(|(_, tool)| tool.requires_approval).collect();
        self.silent_tools |= approvals.contains(&None);
        self.servers |= !servers.is_empty();
        let handoffs = agent.handoffs.iter().flatten().filter_map(handoff_name);
        rows.extend(handoffs.map(|name| (name, of_kind("handoff"))));
        for (tool, known) in rows {
            out.push(subject.tool(&tool, locator, known))?;
        }
        let all_known = servers.is_empty();
        for (server, reading) in servers {
            for secret in reading.found {
                subject.write_secret("server", &server, secret, locator, out)?;
            }
            out.push(subject.tool(&server, locator, reading.tool))?;
        }
        let (model, model_provider) = agent.model.as_ref().and_then(model_of).unwrap_or_default();
        let approval = human_approval(&approvals, all_known);
        out.push(Agent {
            model,
            model_provider,
            guardrail: agent.guardrail(),
            human_approval: approval.map(Word::from),
            autonomy: approval.filter(|word| *word != "none").map(|_| Word::from("supervised")),
            ..subject.agent("openai_agents", name, locator)
        })?;
        Ok(())
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let others = match (self.assistants, self.agents) {
            (true, _) => "assistants that the API keeps; agents that code builds are not listed",
            _ => "the agents that were printed; others may run",
        };
        out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(others));
        let servers = "tools of MCP servers stand in their answers to tools/list";
        let (level, note) = if self.servers { (Level::Partial, Some(servers)) } else { (Level::Full, None) };
        out.cover(PROVIDER, scope, Fact::AgentTools, level, note);
        if self.assistants {
            let caller = "an assistant does not say what its caller lets a person approve";
            out.cover(PROVIDER, scope, Fact::AgentApproval, Level::None, Some(caller));
        } else {
            let silent = "tools that do not say whether they need approval, or decide it as they run";
            let (level, note) =
                if self.silent_tools || self.servers { (Level::Partial, Some(silent)) } else { (Level::Full, None) };
            out.cover(PROVIDER, scope, Fact::AgentApproval, level, note);
        }
    }
}

#[derive(Deserialize)]
struct AgentFields {
    name: String,
    model: Option<Value>,
    tools: Option<Vec<Value>>,
    handoffs: Option<Vec<Value>>,
    mcp_servers: Option<Vec<Value>>,
    input_guardrails: Option<Vec<Value>>,
    output_guardrails: Option<Vec<Value>>,
}

impl AgentFields {
    /// One guardrail is enough for *yes*; *no* takes both lists.
    fn guardrail(&self) -> Option<bool> {
        match (&self.input_guardrails, &self.output_guardrails) {
            (Some(input), Some(output)) => Some(!input.is_empty() || !output.is_empty()),
            (Some(some), None) | (None, Some(some)) => (!some.is_empty()).then_some(true),
            (None, None) => None,
        }
    }
}

/// A switch, or the text that Python makes of one. A function that decides as it runs is neither.
fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "True" => Some(true),
        Value::String(text) if text == "False" => Some(false),
        _ => None,
    }
}

fn of_kind(kind: &str) -> AgentTool {
    AgentTool { kind: Word::from(kind), ..AgentTool::default() }
}

/// What a tool's name or type says of it.
fn known_tool(name: &str) -> AgentTool {
    if RUNNERS.contains(&name) {
        AgentTool { code_execution: Some(true), ..of_kind("code_execution") }
    } else {
        of_kind(if BUILTIN.contains(&name) { "builtin" } else { "function" })
    }
}

fn sdk_tool(tool: &Value) -> Result<(String, AgentTool), Reject> {
    let text = |key: &str| tool.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let name = text("name").or(text("type")).ok_or_else(|| Reject::because("a tool has no name"))?;
    let requires_approval = flag(tool.get("needs_approval"));
    let known = if name == "hosted_mcp" || name == "mcp" { of_kind("mcp_server") } else { known_tool(name) };
    let description_hash = text("description").map(hash::of_text);
    Ok((name.to_owned(), AgentTool { requires_approval, description_hash, ..known }))
}

/// A server by its name alone, or with the parameters that reach it.
fn mcp_server(server: &Value) -> Result<(String, Reading), Reject> {
    let name = server.as_str().or_else(|| server.get("name")?.as_str()).map(str::trim).filter(|name| !name.is_empty());
    let reading = match server.get("params").filter(|params| params.is_object()) {
        Some(params) => server::read(params)?,
        None => Reading::named(),
    };
    let name = name.map(|name| shown(name, "mcp server").to_owned()).or_else(|| reading.tool.endpoint.clone());
    Ok((name.unwrap_or_else(|| "mcp server".to_owned()), reading))
}

fn handoff_name(handoff: &Value) -> Option<String> {
    let keys = ["agent_name", "name", "tool_name"];
    let name = handoff.as_str().or_else(|| keys.iter().find_map(|key| handoff.get(key)?.as_str()))?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The model, by name or as an object that has one.
fn model_of(model: &Value) -> Option<(Option<String>, Option<Word>)> {
    let written = model.as_str().or_else(|| model.get("model")?.as_str())?;
    (written != "None").then(|| models::split(written.strip_prefix("litellm/").unwrap_or(written)))
}

/// How many of the agent's actions a person approves. *None* takes the word of each tool.
fn human_approval(approvals: &[Option<bool>], all_known: bool) -> Option<&'static str> {
    let all = |wanted: bool| all_known && approvals.iter().all(|approval| *approval == Some(wanted));
    match approvals.contains(&Some(true)) {
        true if all(true) => Some("all"),
        true => Some("some"),
        false => (!approvals.is_empty() && all(false)).then_some("none"),
    }
}

#[derive(Deserialize)]
struct Assistant {
    id: String,
    name: Option<String>,
    created_at: Option<Value>,
    model: Option<String>,
    tools: Option<Vec<Value>>,
    metadata: Option<Value>,
}

fn read_assistant(record: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let assistant = Assistant::deserialize(record)
        .map_err(|_| Reject::because("the record does not have the shape of an assistant"))?;
    let created_at = pages::past("created_at", assistant.created_at.as_ref(), locator, out)?;
    let subject = Subject::new(input, format!("openai:{}:{}", input.scope_id, assistant.id));
    for tool in assistant.tools.iter().flatten() {
        let function = tool.get("function");
        let text = |key: &str| function?.get(key)?.as_str();
        let Some(name) = text("name").or_else(|| tool.get("type")?.as_str()) else { continue };
        let known = AgentTool { description_hash: text("description").map(hash::of_text), ..known_tool(name) };
        out.push(subject.tool(name, locator, known))?;
    }
    let tag = |key: &str| assistant.metadata.as_ref()?.get(key)?.as_str().filter(|text| !text.trim().is_empty());
    let name = assistant.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    out.push(Agent {
        model: assistant.model.clone(),
        model_provider: Some(Word::from("openai")),
        owner: tag("owner").map(|owner| owner.trim().to_owned()),
        environment: tag("environment").and_then(environment::normalise),
        created_at,
        ..subject.agent("openai_agents", name.unwrap_or(&assistant.id), locator)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] =
        &["agent_id", "model", "model_provider", "guardrail", "human_approval", "autonomy", "locator"];
    const TOOL: &[&str] = &["tool", "kind", "endpoint", "requires_approval", "code_execution"];

    #[test]
    fn an_agent_shows_which_tools_wait_for_a_person() {
        let loaded = load_fixture(&OpenAiAgents, "openai.agents/good/introspected.json");
        let id = "openai-agents:good:triage";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "gpt-5", "∅", "∅", "all", "supervised", "document 1"]]);
        assert_eq!(loaded.rows(AgentTool::TABLE, TOOL), [["pay", "function", "∅", "true", "∅"]]);
        assert_eq!(
            covered(&loaded),
            ["agent partial: the agents that were printed; others may run", "agent.tools full", "agent.approval full"]
        );
    }

    #[test]
    fn none_takes_the_word_of_each_tool() {
        let loaded = load_fixture(&OpenAiAgents, "openai.agents/good/several.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &AGENT[..6]),
            [
                ["openai-agents:good:free", "gpt-5", "∅", "false", "none", "∅"],
                ["openai-agents:good:ops", "claude-sonnet-4", "anthropic", "true", "some", "supervised"],
                ["openai-agents:good:silent", "∅", "∅", "∅", "∅", "∅"],
            ]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["read", "function", "∅", "false", "∅"],
                ["delete", "function", "∅", "true", "∅"],
                ["local_shell", "code_execution", "∅", "∅", "true"],
                ["web_search", "builtin", "∅", "∅", "∅"],
                ["billing", "handoff", "∅", "∅", "∅"],
                ["refunds", "handoff", "∅", "∅", "∅"],
                ["files", "mcp_server", "mcp-files", "∅", "∅"],
                ["crm", "mcp_server", "∅", "∅", "∅"],
                ["maybe", "function", "∅", "∅", "∅"],
            ]
        );
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["several.json: server files env FILES_TOKEN"]]);
        assert!(covered(&loaded)[2].starts_with("agent.approval partial"), "{:?}", covered(&loaded));
        loaded.assert_no_canary();
    }

    #[test]
    fn assistants_are_agents_that_the_api_keeps() {
        let loaded = load_fixture(&OpenAiAgents, "openai.agents/good/assistants.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &["agent_id", "name", "owner", "environment", "created_at", "locator"]),
            [
                ["openai:good:asst_1", "Tutor", "ml@acme.example", "production", "2026-01-01T00:00:00Z", "/data/0"],
                ["openai:good:asst_2", "asst_2", "∅", "∅", "∅", "/data/1"],
            ]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["code_interpreter", "code_execution", "∅", "∅", "true"],
                ["file_search", "builtin", "∅", "∅", "∅"],
                ["book_berth", "function", "∅", "∅", "∅"],
            ]
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        assert!(covered(&loaded)[2].starts_with("agent.approval none"));
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_agents_are_put_aside() {
        let loaded = load_fixture(&OpenAiAgents, "openai.agents/bad/wrong.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["agent_id"]), [["openai-agents:bad:kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/1: the agent has no name",
                "/2: the record does not have the shape of an agent of the OpenAI Agents SDK",
                "/3: a tool has no name",
                "/4: `created_at` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }
}
