//! What snyk-agent-scan finds on a machine: MCP clients with their servers and the tools that these offer, and
//! skills. Variables are masked by the scanner, whatever they hold. Its verdicts (`issues`) are not read here, nor
//! are the contents of skills.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::mcp_tools::Tool;
use super::secrets::shown;
use super::subject::Subject;
use super::{PROVIDER, server};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::json::pointer_step;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// Largest report that is read, in bytes. It holds the descriptions of every tool and the text of every skill.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// `snyk-agent-scan inspect --json`.
pub struct AgentScan;

impl Source for AgentScan {
    fn about(&self) -> &'static About {
        &About {
            kind: "agent_scan.inspect",
            title: "MCP clients and tools that snyk-agent-scan finds",
            provider: PROVIDER,
            command: "uvx snyk-agent-scan@latest inspect --json --dangerously-run-mcp-servers > HOST/agent-scan.json",
            recognises: "JSON whose values, one a path, have `path`, `servers` and `client`",
            facts: &[
                (Fact::Agent, Level::Full),
                (Fact::AgentTools, Level::Full),
                (Fact::Credential, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "agent_tools",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let is_path = |value: &Outline| ["client", "path", "servers"].iter().all(|key| value.has(key));
        // The head may break off within the first path, after its servers have begun.
        let found = outline.entries().iter().any(|(_, value)| is_path(value));
        if !found && outline.has("scan_path_responses") {
            return Recognised::Maybe(
                "an answer of `snyk-agent-scan scan`, which leaves servers out; run `snyk-agent-scan inspect --json`"
                    .to_owned(),
            );
        }
        Recognised::yes_if(found)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let paths: BTreeMap<String, Value> = json::commented(input.reader()?, MAX_BYTES)?;
        let mut scan = Scan::default();
        for (at, (key, path)) in paths.iter().enumerate() {
            let instead = format!("path {}", at + 1);
            let locator = format!("/{}", pointer_step(shown(key, &instead)));
            let read = Inspected::deserialize(path);
            let Ok(path) = read else {
                let reason = "the record does not have the shape of an inspected path";
                out.record(&locator, |_| Err(Reject::because(reason).into()))?;
                continue;
            };
            scan.path(&path, &locator, input, out)?;
        }
        scan.cover(&input.scope_id, out);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Inspected {
    client: Option<String>,
    path: String,
    servers: Option<Vec<Value>>,
    skills: Option<Vec<Value>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Server {
    name: Option<String>,
    server: Value,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    tools: Option<Vec<Value>>,
}

/// What adds up over the report.
#[derive(Default)]
struct Scan {
    masked: usize,
    unread: usize,
    unlisted: usize,
}

impl Scan {
    fn path(&mut self, path: &Inspected, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let place = shown(&path.path, "(path withheld)").to_owned();
        let agent_id = format!("mcp:{}:{place}", input.scope_id);
        let subject = Subject { place, ..Subject::new(input, agent_id) };
        let mut has_secret = false;
        for (at, server) in path.servers.iter().flatten().enumerate() {
            let locator = format!("{locator}/servers/{at}");
            out.record(&locator, |out| {
                has_secret |= self.server(server, at, &subject, &locator, out)?;
                Ok(())
            })?;
        }
        for (at, skill) in path.skills.iter().flatten().enumerate() {
            let locator = format!("{locator}/skills/{at}");
            out.record(&locator, |out| {
                let name = skill.get("name").and_then(Value::as_str);
                let name = name.ok_or_else(|| Reject::because("the skill has no name"))?;
                write_skill(name, &subject, &locator, out)
            })?;
        }
        if path.servers.is_none() || path.error.as_ref().is_some_and(|error| !error.is_null()) {
            self.unread += 1;
        }
        if path.servers.is_none() && path.skills.iter().flatten().next().is_none() {
            // A client's usual place without a configuration: there is nothing to say of it.
            return Ok(());
        }
        let client = path.client.as_deref().map(str::trim).filter(|client| !client.is_empty());
        let client = client.map_or("MCP client", |client| client.rsplit('/').next().unwrap_or(client));
        out.push(Agent {
            delegation: has_secret.then(|| Word::from("shared_secret")),
            ..subject.agent("mcp_client", &format!("{} on {}", shown(client, "MCP client"), input.scope_id), locator)
        })?;
        Ok(())
    }

    /// Reads a server with its tools; whether a secret is written out in it.
    fn server(
        &mut self,
        value: &Value,
        at: usize,
        subject: &Subject<'_>,
        locator: &str,
        out: &mut Output,
    ) -> Result<bool, Stop> {
        let entry = Server::deserialize(value)
            .map_err(|_| Reject::because("the record does not have the shape of an inspected server"))?;
        let instead = format!("server {}", at + 1);
        let name = shown(entry.name.as_deref().unwrap_or(&instead), &instead);
        if entry.server.get("type").and_then(Value::as_str) == Some("skill") {
            // Version 0.5 lists skills among the servers.
            write_skill(name, subject, locator, out)?;
            return Ok(false);
        }
        let tools = match &entry.signature {
            Some(signature) => signature.tools.iter().flatten().map(read_tool).collect::<Result<Vec<_>, _>>()?,
            None => {
                self.unlisted += 1;
                Vec::new()
            }
        };
        let reading = server::read(&entry.server)?;
        self.masked += reading.masked;
        let has_secret = !reading.found.is_empty();
        for secret in reading.found {
            subject.write_secret("server", name, secret, locator, out)?;
        }
        out.push(subject.tool(name, locator, reading.tool))?;
        for (number, tool) in tools.into_iter().enumerate() {
            let locator = format!("{locator}/signature/tools/{number}");
            let known = AgentTool { server: Some(name.to_owned()), ..tool.known() };
            out.push(subject.tool(&tool.name, &locator, known))?;
        }
        Ok(has_secret)
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let unread = format!("places that could not be read or hold no configuration: {}", self.unread);
        let (level, note) = if self.unread > 0 { (Level::Partial, Some(unread.as_str())) } else { (Level::Full, None) };
        out.cover(PROVIDER, scope, Fact::Agent, level, note);
        let unlisted = format!("servers that were not started or did not answer: {}", self.unlisted);
        let (level, note) = if self.unlisted > 0 { (Level::Partial, Some(unlisted.as_str())) } else { (level, note) };
        out.cover(PROVIDER, scope, Fact::AgentTools, level, note);
        let masked = format!("the scanner masks variables; secrets may be among {} of them", self.masked);
        let shown = "commands and addresses; the scanner masks variables";
        let note = if self.masked > 0 { masked.as_str() } else { shown };
        out.cover(PROVIDER, scope, Fact::Credential, Level::Partial, Some(note));
        out.cover(PROVIDER, scope, Fact::ExposureCode, Level::Partial, Some(note));
    }
}

fn read_tool(tool: &Value) -> Result<Tool, Reject> {
    Tool::deserialize(tool).map_err(|_| Reject::because("a tool of the server does not have the shape of an MCP tool"))
}

/// A skill is instructions and scripts that the client follows when it sees fit.
fn write_skill(name: &str, subject: &Subject<'_>, locator: &str, out: &mut Output) -> Result<(), Stop> {
    let known = AgentTool { kind: Word::from("builtin"), ..AgentTool::default() };
    out.push(subject.tool(&format!("skill {}", shown(name, "(name withheld)")), locator, known))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "name", "platform", "delegation", "locator"];
    const TOOL: &[&str] = &["tool", "server", "kind", "transport", "endpoint", "auth", "read_only", "locator"];

    #[test]
    fn clients_servers_and_their_tools() {
        let loaded = load_fixture(&AgentScan, "agent_scan.inspect/good/inspect.json");
        let id = "mcp:good:mcpt/mcp.json";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "mcp.json on good", "mcp_client", "∅", "/mcpt~1mcp.json"]]);
        let at = "/mcpt~1mcp.json/servers/0";
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["crm", "∅", "mcp_server", "stdio", "server.py", "∅", "∅", at],
                ["delete_customer", "crm", "mcp_tool", "∅", "∅", "∅", "∅", &format!("{at}/signature/tools/0")],
                ["search", "crm", "mcp_tool", "∅", "∅", "∅", "∅", &format!("{at}/signature/tools/1")],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "credential partial: the scanner masks variables; secrets may be among 1 of them",
                "exposure.code partial: the scanner masks variables; secrets may be among 1 of them",
                "agent full",
                "agent.tools full",
            ]
        );
    }

    #[test]
    fn servers_that_were_not_started_leave_their_tools_open() {
        let loaded = load_fixture(&AgentScan, "agent_scan.inspect/good/not-started.json");
        let cursor = "mcp:good:/home/a/.cursor/mcp.json";
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [
                [
                    "mcp:good:/home/a/.claude/skills",
                    "claude-code on good",
                    "mcp_client",
                    "∅",
                    "/~1home~1a~1.claude~1skills"
                ],
                [cursor, "cursor on good", "mcp_client", "shared_secret", "/~1home~1a~1.cursor~1mcp.json"],
            ]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &TOOL[..7]),
            [
                ["skill deploy", "∅", "builtin", "∅", "∅", "∅", "∅"],
                ["search", "∅", "mcp_server", "http", "search.acme.example", "static_secret", "∅"],
                ["notes", "∅", "mcp_server", "stdio", "notes-mcp", "∅", "∅"],
                ["list", "notes", "mcp_tool", "∅", "∅", "∅", "true"],
                ["skill release-helper", "∅", "builtin", "∅", "∅", "∅", "∅"],
            ]
        );
        let key = format!("{cursor}#search#url query apiKey");
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "storage_ref"]),
            [[key.as_str(), "/home/a/.cursor/mcp.json"]]
        );
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location"]),
            [["/home/a/.cursor/mcp.json: server search url query apiKey"]]
        );
        let covered = covered(&loaded);
        assert_eq!(covered[2], "agent partial: places that could not be read or hold no configuration: 1");
        assert_eq!(covered[3], "agent.tools partial: servers that were not started or did not answer: 1");
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_paths_servers_and_tools_are_put_aside() {
        let loaded = load_fixture(&AgentScan, "agent_scan.inspect/bad/wrong.json");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/a/servers/1: the record does not have the shape of an inspected server",
                "/a/servers/2: the server has neither a command nor a URL",
                "/a/servers/3: a tool of the server does not have the shape of an MCP tool",
                "/a/skills/0: the skill has no name",
                "/b: the record does not have the shape of an inspected path",
            ]
        );
        loaded.assert_no_canary();
    }
}
