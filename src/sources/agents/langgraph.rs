//! LangGraph: the drawing of a compiled graph, where a stop before or after a node is approval by a person that
//! somebody configured, and the deployment file, which names graphs and may carry their secrets. A drawing does
//! not show `interrupt()` inside a node, so that no stop is drawn says nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::secrets::{Secrets, shown};
use super::subject::Subject;
use super::{PROVIDER, stem};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::json::pointer_step;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// Largest file that is read, in bytes. Both are written for people.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// `graph.get_graph().to_json()` and `langgraph.json`.
pub struct LangGraph;

impl Source for LangGraph {
    fn about(&self) -> &'static About {
        &About {
            kind: "langgraph.graph",
            title: "Graph or deployment file of LangGraph",
            provider: PROVIDER,
            command: "python -c 'import json; from app import graph; \
                      print(json.dumps(graph.get_graph().to_json()))' > GRAPH.langgraph.json; cp langgraph.json EXPORTS/",
            recognises: "JSON with `nodes`, one of them `__start__`, and `edges`; or JSON with `graphs` whose values \
                         name a file and a variable",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Partial),
                (Fact::AgentApproval, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline().filter(|outline| outline.is_object()) else { return Recognised::No };
        let nodes = outline.get("nodes").map(Outline::elements).unwrap_or_default();
        let starts = nodes.iter().any(|node| node.text_at("id") == Some("__start__"));
        // A large graph may have its edges behind the head.
        let is_graph = starts && (probe.is_cut() || outline.has("edges"));
        let graphs = outline.get("graphs").map(Outline::entries).unwrap_or_default();
        Recognised::yes_if(is_graph || graphs.iter().any(|(_, graph)| is_entry_point(graph)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let root: Value = json::commented(input.reader()?, MAX_BYTES)?;
        let others = "the graphs that were exported; others may run";
        out.cover(PROVIDER, &input.scope_id, Fact::Agent, Level::Partial, Some(others));
        if root.get("graphs").is_some() { deployment(&root, input, out) } else { graph(&root, input, out) }
    }
}

/// `./src/app.py:graph`, alone or as the `path` of an object.
fn is_entry_point(graph: &Outline) -> bool {
    let text = match graph {
        Outline::Text(text) => Some(text.as_str()),
        other => other.text_at("path"),
    };
    text.is_some_and(|text| text.contains(':') && !text.contains("://"))
}

#[derive(Deserialize)]
struct Node {
    id: String,
    data: Option<Data>,
    metadata: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Data {
    /// The class that runs the node, as a path of modules.
    id: Option<Vec<String>>,
}

impl Node {
    fn class(&self) -> &str {
        self.data.as_ref().and_then(|data| data.id.as_ref()?.last()).map_or("", String::as_str)
    }

    fn interrupt(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("__interrupt").and_then(Value::as_str)
    }

    /// What the node calls, where it calls something: a node by itself is a step of the agent.
    fn kind(&self) -> Option<&'static str> {
        match self.class() {
            "ToolNode" => Some("function"),
            "CompiledStateGraph" | "CompiledGraph" | "RemoteGraph" => Some("handoff"),
            // The prebuilt conditions lead to a node of this name; and what waits for a person is an action.
            _ => (self.id == "tools" || self.interrupt() == Some("before")).then_some("function"),
        }
    }
}

fn graph(root: &Value, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let Some(nodes) = root.get("nodes").and_then(Value::as_array) else {
        return Err(Broken::new("`nodes` is not an array"));
    };
    let scope = &input.scope_id;
    let nodes_only = "nodes that call tools; the tools inside a node are not drawn";
    out.cover(PROVIDER, scope, Fact::AgentTools, Level::Partial, Some(nodes_only));
    let drawn = "stops before and after nodes; a node that asks by itself is not drawn";
    out.cover(PROVIDER, scope, Fact::AgentApproval, Level::Partial, Some(drawn));
    let name = stem(&input.path);
    let subject = Subject::new(input, format!("langgraph:{scope}:{name}"));
    let mut stops = false;
    for (at, node) in nodes.iter().enumerate() {
        let locator = format!("/nodes/{at}");
        out.record(&locator, |out| {
            let node = Node::deserialize(node)
                .map_err(|_| Reject::because("the record does not have the shape of a node of a graph"))?;
            if matches!(node.id.as_str(), "__start__" | "__end__") {
                return Ok(());
            }
            stops |= node.interrupt().is_some();
            if let Some(kind) = node.kind() {
                let known = AgentTool {
                    kind: Word::from(kind),
                    requires_approval: (node.interrupt() == Some("before")).then_some(true),
                    ..AgentTool::default()
                };
                out.push(subject.tool(&node.id, &locator, known))?;
            }
            Ok(())
        })?;
    }
    out.push(Agent {
        human_approval: stops.then(|| Word::from("some")),
        autonomy: stops.then(|| Word::from("supervised")),
        ..subject.agent("langgraph", name, "/")
    })?;
    Ok(())
}

fn deployment(root: &Value, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let Some(graphs) = root.get("graphs").and_then(Value::as_object) else {
        return Err(Broken::new("`graphs` is not an object"));
    };
    // The server keeps threads by itself; a store or checkpointer of one's own says that they outlive a session.
    let keeps = ["store", "checkpointer"].iter().any(|key| root.get(key).is_some_and(Value::is_object));
    for (at, (name, graph)) in graphs.iter().enumerate() {
        let instead = format!("graph {}", at + 1);
        let name = shown(name, &instead);
        let locator = format!("/graphs/{}", pointer_step(name));
        out.record(&locator, |out| read_graph(name, graph, keeps, &locator, input, out))?;
    }
    variables(root, input, out)
}

fn read_graph(
    name: &str,
    graph: &Value,
    keeps: bool,
    locator: &str,
    input: &Input,
    out: &mut Output,
) -> Result<(), Stop> {
    let entry_point = graph.as_str().or_else(|| graph.get("path")?.as_str());
    if !entry_point.is_some_and(|text| text.contains(':')) {
        return Err(Reject::because("the graph names no file and variable").into());
    }
    let subject = Subject::new(input, format!("langgraph:{}:{name}", input.scope_id));
    out.push(Agent { memory: keeps.then(|| Word::from("persistent")), ..subject.agent("langgraph", name, locator) })?;
    Ok(())
}

/// `env` is the name of a file, or the variables themselves.
fn variables(root: &Value, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let Some(env) = root.get("env").and_then(Value::as_object) else {
        let elsewhere = "variables lie in another file, or are set where the graph runs";
        out.cover(PROVIDER, &input.scope_id, Fact::ExposureCode, Level::None, Some(elsewhere));
        return Ok(());
    };
    let mut secrets = Secrets::default();
    for (name, value) in env {
        if let Some(text) = value.as_str() {
            secrets.look(&format!("env {}", shown(name, "(name withheld)")), name, text);
        }
    }
    let fixed = "variables that the file sets itself; others may be set where the graph runs";
    out.cover(PROVIDER, &input.scope_id, Fact::ExposureCode, Level::Partial, Some(fixed));
    let subject = Subject::new(input, format!("langgraph:{}", input.scope_id));
    for secret in secrets.found {
        subject.write_secret("deployment", stem(&input.path), secret, "/env", out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "name", "platform", "autonomy", "human_approval", "memory", "locator"];

    #[test]
    fn a_stop_before_a_node_is_approval() {
        let loaded = load_fixture(&LangGraph, "langgraph.graph/good/triage.json");
        let id = "langgraph:good:triage";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "triage", "langgraph", "supervised", "some", "∅", "/"]]);
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["agent_id", "tool", "kind", "requires_approval", "locator"]),
            [[id, "tools", "function", "true", "/nodes/2"]]
        );
        assert_eq!(
            covered(&loaded),
            [
                "agent partial: the graphs that were exported; others may run",
                "agent.tools partial: nodes that call tools; the tools inside a node are not drawn",
                "agent.approval partial: stops before and after nodes; a node that asks by itself is not drawn",
            ]
        );
    }

    #[test]
    fn without_a_drawn_stop_nothing_is_said_of_approval() {
        let loaded = load_fixture(&LangGraph, "langgraph.graph/good/silent.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [["langgraph:good:silent", "silent", "langgraph", "∅", "∅", "∅", "/"]]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["tool", "kind", "requires_approval"]),
            [["search", "function", "∅"], ["billing", "handoff", "∅"]]
        );
    }

    #[test]
    fn a_deployment_names_its_graphs_and_may_hold_secrets() {
        let loaded = load_fixture(&LangGraph, "langgraph.graph/good/langgraph.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [["langgraph:good:triage", "triage", "langgraph", "∅", "∅", "∅", "/graphs/triage"]]
        );
        assert_eq!(
            covered(&loaded)[0],
            "exposure.code none: variables lie in another file, or are set where the graph runs"
        );
        let loaded = load_fixture(&LangGraph, "langgraph.graph/good/with-variables.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &["name", "memory", "locator"]),
            [["plan", "persistent", "/graphs/plan"], ["route", "persistent", "/graphs/route"]]
        );
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "kind", "storage", "locator"]),
            [["langgraph:good#with-variables#OPENAI_API_KEY", "llm_api_key", "config_file", "/env"]]
        );
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location"]),
            [["with-variables.json: deployment with-variables env OPENAI_API_KEY"]]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_nodes_and_graphs_are_put_aside() {
        let loaded = load_fixture(&LangGraph, "langgraph.graph/bad/wrong-nodes.json");
        let shape = "the record does not have the shape of a node of a graph";
        assert_eq!(reasons(&loaded), [format!("/nodes/1: {shape}"), format!("/nodes/2: {shape}")]);
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "human_approval"]), [["wrong-nodes", "some"]]);
        let loaded = load_fixture(&LangGraph, "langgraph.graph/bad/wrong-graphs.json");
        assert_eq!(reasons(&loaded), ["/graphs/a: the graph names no file and variable"]);
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["b"]]);
        loaded.assert_no_canary();
    }
}
