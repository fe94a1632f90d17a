//! An MCP server's answer to `tools/list`: what it offers, and what it says of each tool. What it says is a
//! hint that nobody checks, so a hint that is missing stays NULL and never takes the protocol's default.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::subject::Subject;
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// `tools/list`.
pub struct McpTools;

impl Source for McpTools {
    fn about(&self) -> &'static About {
        &About {
            kind: "mcp.tools_list",
            title: "Tools of an MCP server",
            provider: PROVIDER,
            command: "npx @modelcontextprotocol/inspector --cli COMMAND --method tools/list > mcp-tools-NAME.json",
            recognises: "JSON with `tools` that have an `inputSchema`, alone or as the `result` of a JSON-RPC answer",
            facts: &[(Fact::Agent, Level::Full), (Fact::AgentTools, Level::Full)],
            main_view: "agent_tools",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let documents = if outline.is_object() { std::slice::from_ref(outline) } else { outline.elements() };
        let named = probe.file_name().contains("mcp") || probe.file_name().contains("tools-list");
        if documents.iter().any(|document| is_answer(document, named, probe.head())) {
            return Recognised::Yes;
        }
        let is_function = |tool: &Outline| tool.text_at("type") == Some("function") || tool.has("toolSpec");
        let tools =
            |document: &Outline| document.get("tools").is_some_and(|tools| tools.elements().iter().any(is_function));
        if documents.iter().any(|document| is_function(document) || tools(document)) {
            return Recognised::Maybe(
                "functions offered to a model, not an MCP server's answer to tools/list".to_owned(),
            );
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.cover(PROVIDER, &input.scope_id, Fact::Agent, Level::Full, None);
        out.cover(PROVIDER, &input.scope_id, Fact::AgentTools, Level::Full, None);
        let mut server = Server::default();
        let mut several = false;
        json::documents(input.reader()?, &mut |number, document| {
            several |= number > 1;
            let prefix = if several { format!("document {number} ") } else { String::new() };
            // A log of the protocol is one array, or one message a line.
            if document.get().trim_start().starts_with('[') {
                let messages: Vec<Box<RawValue>> = json::parse(document.get(), "a list of answers").map_err(broken)?;
                for (at, message) in messages.iter().enumerate() {
                    server.take(message, &format!("{prefix}/{at}"), input, out)?;
                }
                Ok(())
            } else {
                server.take(document, &prefix, input, out)
            }
        })?;
        server.finish(input, out)
    }
}

fn broken(Reject(reason): Reject) -> Broken {
    Broken::new(reason)
}

fn is_answer(document: &Outline, named: bool, head: &str) -> bool {
    let is_rpc = document.has("jsonrpc");
    let result = document.get("result").filter(|_| is_rpc).unwrap_or(document);
    if let Some(tools) = result.get("tools") {
        return match tools.elements() {
            // An empty list looks like anybody's.
            [] => matches!(tools, Outline::Array(_)) && (is_rpc || document.has("initialize") || named),
            [first, ..] => first.has("name") && (first.has("inputSchema") || (is_rpc && !first.has("type"))),
        };
    }
    // The handshake, and the list behind it.
    is_rpc && result.has("serverInfo") && head.contains("\"tools\"") && head.contains("\"inputSchema\"")
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Message {
    result: Option<Content>,
    initialize: Option<Handshake>,
    tools: Option<Vec<Box<RawValue>>>,
    next_cursor: Option<String>,
    server_info: Option<ServerInfo>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Content {
    tools: Option<Vec<Box<RawValue>>>,
    next_cursor: Option<String>,
    server_info: Option<ServerInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handshake {
    server_info: Option<ServerInfo>,
    // A recorded handshake may be the whole JSON-RPC answer.
    result: Option<Box<Handshake>>,
}

#[derive(Deserialize, Clone, PartialEq, Eq)]
struct ServerInfo {
    name: Option<String>,
    version: Option<String>,
}

/// A tool as a server describes it.
#[derive(Deserialize)]
pub(super) struct Tool {
    pub name: String,
    description: Option<String>,
    annotations: Option<Annotations>,
}

impl Tool {
    /// What the server says of it, without the ids of agent, scope and file.
    pub fn known(&self) -> AgentTool {
        let hints = self.annotations.as_ref();
        AgentTool {
            kind: Word::from("mcp_tool"),
            read_only: hints.and_then(|hints| hints.read_only_hint),
            destructive: hints.and_then(|hints| hints.destructive_hint),
            description_hash: self.description.as_deref().map(hash::of_text),
            ..AgentTool::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    read_only_hint: Option<bool>,
    destructive_hint: Option<bool>,
}

/// The server whose answers are being read: its handshake, if there was one, and the pages of its list.
#[derive(Default)]
struct Server {
    info: Option<ServerInfo>,
    /// Whether a list was read, even an empty one.
    listed: bool,
    /// Whether the last page said that there is another.
    unfinished: bool,
    names: BTreeSet<String>,
    locator: String,
}

impl Server {
    fn take(&mut self, message: &RawValue, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let message: Message = json::parse(message.get(), "an answer to tools/list").map_err(broken)?;
        let nested = message.initialize.and_then(|handshake| match handshake.result {
            Some(inner) => inner.server_info,
            None => handshake.server_info,
        });
        let in_result = message.result.is_some();
        let result = message.result.unwrap_or_default();
        if let Some(info) = nested.or(result.server_info).or(message.server_info) {
            // A new handshake begins a new server.
            std::mem::take(self).finish(input, out)?;
            self.info = Some(info);
        }
        let (tools, cursor, pointer) = match (result.tools, message.tools) {
            (Some(tools), _) if in_result => (tools, result.next_cursor, format!("{locator}/result/tools")),
            (_, Some(tools)) => (tools, message.next_cursor, format!("{locator}/tools")),
            _ => return Ok(()),
        };
        if self.locator.is_empty() {
            self.locator.clone_from(&pointer);
        }
        self.listed = true;
        self.unfinished = cursor.is_some_and(|cursor| !cursor.is_empty());
        for (at, tool) in tools.iter().enumerate() {
            let locator = format!("{pointer}/{at}");
            out.record(&locator, |out| self.read(tool, &locator, input, out))?;
        }
        Ok(())
    }

    fn name(&self) -> Option<&str> {
        self.info.as_ref()?.name.as_deref().filter(|name| !name.is_empty())
    }

    fn agent_id(&self, input: &Input) -> String {
        format!("mcp-server:{}:{}", input.scope_id, self.name().unwrap_or(&input.scope_id))
    }

    fn read(&mut self, tool: &RawValue, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let tool: Tool = json::parse(tool.get(), "an MCP tool")?;
        if !self.names.insert(tool.name.clone()) {
            return Err(Reject::because("a tool of the same name stands before it").into());
        }
        let subject = Subject::new(input, self.agent_id(input));
        let known = AgentTool { server: self.name().map(str::to_owned), ..tool.known() };
        out.push(subject.tool(&tool.name, locator, known))?;
        Ok(())
    }

    fn finish(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        if !self.listed {
            return Ok(());
        }
        out.pages_missing(self.unfinished);
        let subject = Subject::new(input, self.agent_id(input));
        let name = self.name().unwrap_or(&input.scope_id).to_owned();
        out.push(Agent {
            version: self.info.and_then(|info| info.version),
            ..subject.agent("mcp_server", &name, &self.locator)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "name", "platform", "version", "locator"];
    const TOOL: &[&str] = &["agent_id", "tool", "server", "read_only", "destructive", "locator"];

    #[test]
    fn hints_are_taken_as_they_stand_and_never_by_default() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/with-initialize.json");
        let id = "mcp-server:good:crm-tools";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "crm-tools", "mcp_server", "1.30.0", "/tools"]]);
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                [id, "delete_customer", "crm-tools", "false", "true", "/tools/0"],
                [id, "search", "crm-tools", "true", "∅", "/tools/1"],
                [id, "run_sql", "crm-tools", "∅", "∅", "/tools/2"],
            ]
        );
        let rows = loaded.rows(AgentTool::TABLE, &["kind", "code_execution", "requires_approval", "description_hash"]);
        // printf 'Run any SQL.' | sha256sum
        let digest = "sha256:43b5e9bc01edb4290153cffe11d95f1e2e31cc6f4db116b5b506408f0050dc9d";
        assert_eq!(rows[2], ["mcp_tool", "∅", "∅", digest]);
        assert_eq!(covered(&loaded), ["agent full", "agent.tools full"]);
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
    }

    #[test]
    fn a_list_without_a_handshake_is_named_after_its_scope() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/bare.json");
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [["mcp-server:good:good", "good", "mcp_server", "∅", "/tools"]]);
        let rows = loaded.rows(AgentTool::TABLE, &["tool", "server", "read_only", "destructive"]);
        assert_eq!(rows, [["read", "∅", "true", "∅"], ["write", "∅", "∅", "∅"]]);
    }

    #[test]
    fn a_missing_page_is_missing_evidence() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/envelope-more-pages.json");
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        assert_eq!(covered(&loaded)[1], "agent.tools partial: the export says that more pages exist");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["locator"]), [["/result/tools/0"]]);
    }

    #[test]
    fn pages_follow_each_other_and_a_handshake_begins_a_server() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/array-of-two-servers.json");
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["agent_id", "tool", "locator"]),
            [
                ["mcp-server:good:crm", "read", "/1/result/tools/0"],
                ["mcp-server:good:crm", "write", "/2/result/tools/0"],
                ["mcp-server:good:mail", "read", "/4/result/tools/0"],
            ]
        );
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["crm"], ["mail"]]);
        assert_eq!(loaded.estate.files[0].truncated, Some(false));

        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/messages.ndjson");
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["agent_id", "locator"]),
            [["mcp-server:good:crm", "document 2 /result/tools/0"]]
        );
    }

    #[test]
    fn an_empty_list_is_a_server_without_tools() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/good/mcp-tools-none.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["good"]]);
        assert!(loaded.rows(AgentTool::TABLE, TOOL).is_empty());
    }

    #[test]
    fn wrong_tools_are_put_aside() {
        let loaded = load_fixture(&McpTools, "mcp.tools_list/bad/one-wrong.json");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool"]), [["read"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons.len(), 3);
        assert!(reasons[0].starts_with("/tools/1: the record does not have the shape of an MCP tool"), "{reasons:?}");
        assert_eq!(reasons[1], "/tools/2: a tool of the same name stands before it");
    }

    #[test]
    fn functions_of_a_model_are_not_mistaken_for_tools_of_a_server() {
        let path = std::path::Path::new("x.json");
        for text in [
            r#"[{"type": "function", "function": {"name": "a"}}]"#,
            r#"{"tools": [{"type": "function", "name": "a"}]}"#,
            r#"{"tools": [{"toolSpec": {"name": "a", "inputSchema": {}}}]}"#,
        ] {
            assert!(matches!(McpTools.recognise(&Probe::of(path, text.as_bytes())), Recognised::Maybe(_)), "{text}");
        }
        for text in [r#"{"tools": []}"#, r#"{"tools": [{"name": "a", "input_schema": {}}]}"#, r#"{"tools": "a"}"#, "[]"]
        {
            assert_eq!(McpTools.recognise(&Probe::of(path, text.as_bytes())), Recognised::No, "{text}");
        }
    }
}
