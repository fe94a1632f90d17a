//! Configurations of MCP clients (Claude, Cursor, VS Code, Windsurf, opencode, ...): one agent a file, its
//! servers as tools, and the secrets that are written out in it.

use serde_json::Value;

use super::secrets::shown;
use super::shapes::{self, Server};
use super::subject::Subject;
use super::{PROVIDER, server};
use crate::diag::{Diagnostic, Place};
use crate::inventory::column::Word;
use crate::inventory::schema::Agent;
use crate::inventory::{Fact, Level};
use crate::sources::json::pointer_step;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

/// Largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// `mcp.json` and its kin.
pub struct McpConfig;

impl Source for McpConfig {
    fn about(&self) -> &'static About {
        &About {
            kind: "mcp.config",
            title: "Configuration of an MCP client",
            provider: PROVIDER,
            command: "cp ~/.cursor/mcp.json ~/.claude.json .vscode/mcp.json claude_desktop_config.json EXPORTS/HOST/",
            recognises: "JSON (comments allowed) with `mcpServers`, `servers` of commands or URLs, `mcp`, `projects` \
                         with `mcpServers`, or nothing but commands and URLs",
            facts: &[
                (Fact::Agent, Level::Full),
                (Fact::AgentTools, Level::Partial),
                (Fact::AgentApproval, Level::Partial),
                (Fact::ExposureCode, Level::Full),
                (Fact::Credential, Level::Full),
                (Fact::CredentialStorage, Level::Full),
            ],
            main_view: "agent_tools",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        shapes::recognise(probe)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut root: Value = json::commented(input.reader()?, MAX_BYTES)?;
        // Whether JSON objects keep their order is up to a feature that any other crate can switch on.
        root.sort_all_objects();
        let Value::Object(root) = &root else { return Err(Broken::new("the file is no JSON object")) };
        let mut client = Client::new(input);
        client.read_all(root, "", out)?;
        client.finish(root.contains_key("inputs"), out)
    }
}

/// The agent that works through the client, and what adds up over its servers.
pub(in crate::sources) struct Client<'a> {
    subject: Subject<'a>,
    has_secret: bool,
    has_auto_approval: bool,
    masked: usize,
    switched_off: usize,
}

impl<'a> Client<'a> {
    fn new(input: &'a Input) -> Self {
        Self::of(Subject::new(input, format!("mcp:{}:{}", input.scope_id, input.path)))
    }

    /// The servers of an agent whose configuration carries them in another export.
    pub(in crate::sources) fn of_agent(agent_id: String, provider: &'static str, input: &'a Input) -> Self {
        Self::of(Subject { provider, ..Subject::new(input, agent_id) })
    }

    fn of(subject: Subject<'a>) -> Self {
        Self { subject, has_secret: false, has_auto_approval: false, masked: 0, switched_off: 0 }
    }

    fn read(&mut self, server: &Server<'_>, name: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let reading = server::read(server.body)?;
        // One name can stand in several projects of one file.
        let tool = server.project.map_or_else(|| name.to_owned(), |project| format!("{project}: {name}"));
        self.has_secret |= !reading.found.is_empty();
        self.masked += reading.masked;
        self.has_auto_approval |= reading.runs_unasked;
        for secret in reading.found {
            self.subject.write_secret("server", &tool, secret, locator, out)?;
        }
        if reading.is_off {
            // It cannot be called as it stands, but what is written in it is exposed all the same.
            self.switched_off += 1;
            return Ok(());
        }
        out.push(self.subject.tool(&tool, locator, reading.tool))?;
        Ok(())
    }

    /// Reads every server that a configuration holds, and says whether secrets are written out in it.
    pub(in crate::sources) fn read_all(
        &mut self,
        root: &serde_json::Map<String, Value>,
        locator: &str,
        out: &mut Output,
    ) -> Result<bool, Broken> {
        for (at, server) in shapes::servers(root).iter().enumerate() {
            let instead = format!("server {}", at + 1);
            let name = shown(server.name, &instead);
            let locator = format!("{locator}{}/{}", server.under, pointer_step(name));
            out.record(&locator, |out| self.read(server, name, &locator, out))?;
        }
        Ok(self.has_secret)
    }

    fn finish(self, has_inputs: bool, out: &mut Output) -> Result<(), Broken> {
        let Input { scope_id: scope, path, .. } = self.subject.input;
        let masked = format!("masked values, which may be written out or not: {}", self.masked);
        let (level, note) = if self.masked > 0 { (Level::Partial, Some(masked.as_str())) } else { (Level::Full, None) };
        out.cover(PROVIDER, scope, Fact::ExposureCode, level, note);
        out.cover(PROVIDER, scope, Fact::Credential, level, note);
        out.cover(PROVIDER, scope, Fact::CredentialStorage, level, note);
        out.cover(PROVIDER, scope, Fact::Agent, Level::Full, None);
        let servers = "servers only; the tools of each stand in its answer to tools/list";
        out.cover(PROVIDER, scope, Fact::AgentTools, Level::Partial, Some(servers));
        if self.has_auto_approval {
            let note = "only what runs without approval is configured; the rest is up to the client";
            out.cover(PROVIDER, scope, Fact::AgentApproval, Level::Partial, Some(note));
        } else {
            let note = "the configuration does not say which calls a person approves";
            out.cover(PROVIDER, scope, Fact::AgentApproval, Level::None, Some(note));
        }
        if self.switched_off > 0 {
            let message = format!("servers that are switched off and not counted as tools: {}", self.switched_off);
            out.fault(Diagnostic::note("sources/switched-off", message).at(Place::Path(path.clone())));
        }
        let name = match client_name(path, has_inputs) {
            Some(client) => format!("{client} on {scope}"),
            None => scope.clone(),
        };
        out.push(Agent {
            human_approval: self.has_auto_approval.then(|| Word::from("some")),
            // References say that a secret is kept elsewhere, not whose it is: nothing tells the delegation.
            delegation: self.has_secret.then(|| Word::from("shared_secret")),
            ..self.subject.agent("mcp_client", &name, "/")
        })?;
        Ok(())
    }
}

/// The client, where the file's usual name tells it.
fn client_name(path: &str, has_inputs: bool) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let within = |folder: &str| path.split('/').any(|step| step == folder);
    match name {
        "claude_desktop_config.json" => Some("Claude Desktop"),
        ".claude.json" | ".mcp.json" => Some("Claude Code"),
        "cline_mcp_settings.json" => Some("Cline"),
        "opencode.json" | "opencode.jsonc" => Some("opencode"),
        _ if within(".cursor") => Some("Cursor"),
        _ if within(".vscode") || has_inputs => Some("VS Code"),
        _ if within("windsurf") || within(".windsurf") || within(".codeium") => Some("Windsurf"),
        _ if within(".gemini") => Some("Gemini CLI"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{AgentTool, Credential, Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons, try_load};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const TOOL: &[&str] =
        &["tool", "transport", "endpoint", "third_party", "version_pinned", "auth", "code_execution", "locator"];
    const AGENT: &[&str] = &["agent_id", "name", "human_approval", "delegation", "identity_id", "autonomy"];

    #[test]
    fn local_servers_with_written_out_secrets() {
        let loaded = load_fixture(&McpConfig, "mcp.config/good/claude_desktop_config.json");
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["crm", "stdio", "server.py", "false", "∅", "∅", "∅", "/mcpServers/crm"],
                [
                    "filesystem",
                    "stdio",
                    "@modelcontextprotocol/server-filesystem",
                    "true",
                    "false",
                    "∅",
                    "∅",
                    "/mcpServers/filesystem"
                ],
                [
                    "github",
                    "stdio",
                    "@modelcontextprotocol/server-github",
                    "true",
                    "true",
                    "static_secret",
                    "∅",
                    "/mcpServers/github"
                ],
                ["llm", "stdio", "llm-proxy", "true", "true", "static_secret", "∅", "/mcpServers/llm"],
                ["shell", "stdio", "∅", "∅", "∅", "∅", "true", "/mcpServers/shell"],
            ]
        );
        let id = "mcp:good:claude_desktop_config.json";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "Claude Desktop on good", "∅", "shared_secret", "∅", "∅"]]);
        assert_eq!(
            loaded
                .rows(Credential::TABLE, &["credential_id", "kind", "lifetime", "status", "storage", "never_expires"]),
            [
                [
                    &format!("{id}#github#GITHUB_PERSONAL_ACCESS_TOKEN"),
                    "api_token",
                    "static",
                    "active",
                    "config_file",
                    "∅"
                ],
                [&format!("{id}#llm#OPENAI_API_KEY"), "llm_api_key", "static", "active", "config_file", "∅"],
            ]
        );
        let (sha256, _) = hash::fingerprints("ghp_CANARY0000CANARY0001");
        let place = "claude_desktop_config.json: server github env GITHUB_PERSONAL_ACCESS_TOKEN";
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "location_type", "secret_kind", "status", "fingerprint"])[0],
            [place, "agent_config", "token", "open", &sha256]
        );
        assert_eq!(
            covered(&loaded),
            [
                "credential full",
                "credential.storage full",
                "exposure.code full",
                "agent full",
                "agent.tools partial: servers only; the tools of each stand in its answer to tools/list",
                "agent.approval none: the configuration does not say which calls a person approves",
            ]
        );
        assert_eq!(loaded.estate.files[0].rows_read, 5);
    }

    #[test]
    fn remote_servers_under_comments_and_trailing_commas() {
        let loaded = load_fixture(&McpConfig, "mcp.config/good/vscode.json");
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &TOOL[..6]),
            [
                ["events", "ws", "events.example", "∅", "∅", "∅"],
                ["mail", "http", "mail.example", "∅", "∅", "oauth"],
                ["search", "sse", "search.example", "∅", "∅", "static_secret"],
                ["tracker", "http", "mcp.tracker.example", "∅", "∅", "∅"],
                ["wiki", "sse", "10.1.2.3", "false", "∅", "static_secret"],
            ]
        );
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location"]),
            [["vscode.json: server search url query apiKey"], ["vscode.json: server wiki header X-Api-Key"]]
        );
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["VS Code on good"]]);
    }

    #[test]
    fn every_root_leads_to_its_servers() {
        let names = |file: &str| {
            let loaded = load_fixture(&McpConfig, &format!("mcp.config/good/{file}"));
            loaded.rows(AgentTool::TABLE, &["tool", "endpoint", "version_pinned", "auth", "locator"])
        };
        assert_eq!(
            names("vscode-settings.json"),
            [["time", "mcp/time", "false", "static_secret", "/mcp/servers/time"]]
        );
        assert_eq!(
            names("claude-code.json"),
            [
                ["top", "my-server", "∅", "∅", "/mcpServers/top"],
                ["/home/a/api: db", "db-mcp", "true", "∅", "/projects/~1home~1a~1api/mcpServers/db"],
                ["/home/a/web: db", "db-mcp", "false", "static_secret", "/projects/~1home~1a~1web/mcpServers/db"],
            ]
        );
        assert_eq!(
            names("opencode.jsonc"),
            [["local", "tool", "true", "∅", "/mcp/local"], ["remote", "mcp.example.com", "∅", "∅", "/mcp/remote"]]
        );
        assert_eq!(
            names("plugin.json"),
            [["api", "api.example", "∅", "∅", "/api"], ["docs", "index.js", "∅", "∅", "/docs"]]
        );
        assert!(names("mcp.json").is_empty());
    }

    #[test]
    fn what_is_switched_off_is_no_tool_but_its_secret_is_exposed() {
        let loaded = load_fixture(&McpConfig, "mcp.config/good/opencode.jsonc");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["opencode.jsonc: server old env OLD_TOKEN"]]);
        assert_eq!(loaded.rows(Agent::TABLE, &["delegation"]), [["shared_secret"]]);
        let notes: Vec<_> = loaded.estate.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(notes, ["servers that are switched off and not counted as tools: 1"]);
    }

    #[test]
    fn tools_that_run_without_approval_are_evidence_of_approval() {
        let loaded = load_fixture(&McpConfig, "mcp.config/good/cline_mcp_settings.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "human_approval"]), [["Cline on good", "some"]]);
        assert!(covered(&loaded).iter().any(|line| line.starts_with("agent.approval partial")));
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["tool", "transport", "endpoint", "third_party", "version_pinned"]),
            [["a", "stdio", "a", "true", "true"], ["b", "sse", "localhost", "false", "∅"]]
        );
    }

    #[test]
    fn masked_values_are_not_taken_for_clean_ones() {
        let loaded = load_fixture(&McpConfig, "mcp.config/good/masked.json");
        assert!(loaded.rows(Exposure::TABLE, &["location"]).is_empty());
        let note = "masked values, which may be written out or not: 1";
        assert_eq!(covered(&loaded)[2], format!("exposure.code partial: {note}"));
        assert_eq!(loaded.rows(Agent::TABLE, &["delegation"]), [["∅"]]);
    }

    #[test]
    fn wrong_servers_are_put_aside_without_their_values() {
        let loaded = load_fixture(&McpConfig, "mcp.config/bad/one-wrong.json");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool"]), [["a"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/mcpServers/b: the record does not have the shape of an MCP server",
                "/mcpServers/c: the server has neither a command nor a URL",
                "/mcpServers/d: the record does not have the shape of an MCP server",
                "/mcpServers/e~1f: an argument is neither a text nor a number",
            ]
        );
    }

    #[test]
    fn a_file_that_breaks_off_says_so() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
        let error = try_load(&McpConfig, &root.join("mcp.config/bad/truncated.json")).unwrap_err();
        assert!(format!("{error:?}").contains("the file breaks off at line 3"), "{error:?}");
    }
}
