//! Configurations of MCP clients (Claude, Cursor, VS Code, Windsurf, opencode, ...): one agent a file, its
//! servers as tools, and the secrets that are written out in it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::secrets::{Secret, Secrets, shown};
use super::shapes::{self, Server};
use super::{PROVIDER, host, launch};
use crate::diag::{Diagnostic, Place};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool, Credential, Exposure};
use crate::inventory::{Fact, Level};
use crate::sources::json::pointer_step;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// Largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Variables that send a package manager to another registry than the public one.
const REGISTRY_VARIABLES: &[&str] = &[
    "NPM_CONFIG_REGISTRY",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
];

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
        let root: Value = json::commented(input.reader()?, MAX_BYTES)?;
        let Value::Object(root) = &root else { return Err(Broken::new("the file is no JSON object")) };
        let mut client = Client::new(input);
        client.read_all(root, "", out)?;
        client.finish(root.contains_key("inputs"), out)
    }
}

/// A server's command: one text, or (opencode) the command and its arguments in one list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Command {
    Text(String),
    Words(Vec<String>),
}

/// A server in any client's words. Unknown keys are nobody's fault: every client has its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    command: Option<Command>,
    args: Option<Vec<Value>>,
    env: Option<BTreeMap<String, Value>>,
    environment: Option<BTreeMap<String, Value>>,
    url: Option<String>,
    server_url: Option<String>,
    http_url: Option<String>,
    headers: Option<BTreeMap<String, Value>>,
    #[serde(rename = "type")]
    kind: Option<String>,
    transport: Option<String>,
    disabled: Option<bool>,
    enabled: Option<bool>,
    auto_approve: Option<Value>,
    always_allow: Option<Value>,
    oauth: Option<Value>,
}

/// The agent that works through the client, and what adds up over its servers.
pub(in crate::sources) struct Client<'a> {
    input: &'a Input,
    provider: &'static str,
    agent_id: String,
    has_secret: bool,
    has_auto_approval: bool,
    masked: usize,
    switched_off: usize,
}

impl<'a> Client<'a> {
    fn new(input: &'a Input) -> Self {
        Self::of_agent(format!("mcp:{}:{}", input.scope_id, input.path), PROVIDER, input)
    }

    /// The servers of an agent whose configuration carries them in another export.
    pub(in crate::sources) fn of_agent(agent_id: String, provider: &'static str, input: &'a Input) -> Self {
        Self { input, provider, agent_id, has_secret: false, has_auto_approval: false, masked: 0, switched_off: 0 }
    }

    fn scope(&self) -> Word {
        Word(self.input.scope_id.clone())
    }

    fn read(&mut self, server: &Server<'_>, name: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        // serde's own message would quote values.
        let entry = Entry::deserialize(server.body)
            .map_err(|_| Reject::because("the record does not have the shape of an MCP server"))?;
        let (command, args) = command_line(&entry)?;
        let url = entry.url.as_deref().or(entry.server_url.as_deref()).or(entry.http_url.as_deref());
        if command.is_none() && url.is_none() {
            return Err(Reject::because("the server has neither a command nor a URL").into());
        }
        let mut secrets = Secrets::default();
        look_at_maps(&entry, &mut secrets);
        look_at_args(&args, &mut secrets);
        if let Some(url) = url {
            secrets.look_at_url("url", "", url.split_once("://").map_or(url, |(_, rest)| rest));
        }
        let has_static = !secrets.found.is_empty();
        let is_oauth = entry.oauth.as_ref().is_some_and(Value::is_object);
        if let Some(oauth) = entry.oauth.as_ref().filter(|oauth| oauth.is_object()) {
            secrets.look("oauth", "", &oauth.to_string());
        }
        // One name can stand in several projects of one file.
        let tool = server.project.map_or_else(|| name.to_owned(), |project| format!("{project}: {name}"));
        self.has_secret |= !secrets.found.is_empty();
        self.masked += secrets.masked;
        self.has_auto_approval |= [entry.auto_approve.as_ref(), entry.always_allow.as_ref()].into_iter().any(is_filled);
        for secret in secrets.found {
            self.write_secret(&tool, secret, locator, out)?;
        }
        if entry.disabled == Some(true) || entry.enabled == Some(false) {
            // It cannot be called as it stands, but what is written in it is exposed all the same.
            self.switched_off += 1;
            return Ok(());
        }
        let auth = if has_static {
            Some("static_secret")
        } else if is_oauth {
            Some("oauth")
        } else {
            None
        };
        let tool = AgentTool {
            agent_id: self.agent_id.clone(),
            tool,
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            kind: Word::from("mcp_server"),
            transport: transport(&entry, url).map(Word::from),
            auth: auth.map(Word::from),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..AgentTool::default()
        };
        out.push(match (&command, url) {
            (Some(command), _) => {
                let launch = launch::of(command, &args, has_own_registry(&entry));
                AgentTool {
                    endpoint: launch.endpoint,
                    third_party: launch.third_party,
                    version_pinned: launch.version_pinned,
                    code_execution: launch.is_shell.then_some(true),
                    ..tool
                }
            }
            (None, url) => {
                let host = url.and_then(host::of);
                // Whose a public host is cannot be told: one's own servers have such names too.
                let third_party = host.as_deref().filter(|host| host::is_private(host)).map(|_| false);
                AgentTool { endpoint: host, third_party, ..tool }
            }
        })?;
        Ok(())
    }

    /// A secret in a configuration is two facts: a credential that is kept there, and its exposure.
    fn write_secret(&self, tool: &str, secret: Secret, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let name = secret.place.strip_prefix("env ").unwrap_or(&secret.place);
        let credential_id = format!("{}#{tool}#{name}", self.agent_id);
        let location = format!("{}: server {tool} {}", self.input.path, secret.place);
        out.push(Credential {
            credential_id: credential_id.clone(),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            kind: Word::from(if secret.is_llm_key { "llm_api_key" } else { "api_token" }),
            lifetime: Some(Word::from("static")),
            status: Some(Word::from("active")),
            storage: Some(Word::from("config_file")),
            storage_ref: Some(self.input.path.clone()),
            fingerprint: Some(secret.sha256.clone()),
            fingerprint_sha1: Some(secret.sha1.clone()),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Credential::default()
        })?;
        out.push(Exposure {
            exposure_id: hash::row_id(&[&self.input.scope_id, &location, &secret.sha1]),
            credential_id: Some(credential_id),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            secret_kind: Word::from(secret.class),
            location_type: Word::from("agent_config"),
            location,
            status: Some(Word::from("open")),
            fingerprint: Some(secret.sha256),
            fingerprint_sha1: Some(secret.sha1),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Exposure::default()
        })?;
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
        let scope = &self.input.scope_id;
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
            out.fault(Diagnostic::note("sources/switched-off", message).at(Place::Path(self.input.path.clone())));
        }
        out.push(Agent {
            agent_id: self.agent_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            name: match client_name(&self.input.path, has_inputs) {
                Some(client) => format!("{client} on {scope}"),
                None => scope.clone(),
            },
            platform: Word::from("mcp_client"),
            human_approval: self.has_auto_approval.then(|| Word::from("some")),
            // References say that a secret is kept elsewhere, not whose it is: nothing tells the delegation.
            delegation: self.has_secret.then(|| Word::from("shared_secret")),
            source_id: self.input.source_id.clone(),
            locator: "/".to_owned(),
            ..Agent::default()
        })?;
        Ok(())
    }
}

/// The command and its arguments, each as one word.
fn command_line(entry: &Entry) -> Result<(Option<String>, Vec<String>), Reject> {
    let (command, mut args) = match &entry.command {
        None => (None, Vec::new()),
        Some(Command::Text(text)) => (Some(text.clone()), Vec::new()),
        Some(Command::Words(words)) => {
            let mut words = words.iter().cloned();
            (words.next(), words.collect())
        }
    };
    for arg in entry.args.iter().flatten() {
        args.push(text_of(arg).ok_or_else(|| Reject::because("an argument is neither a text nor a number"))?);
    }
    // Some put the whole line where the command belongs.
    if args.is_empty()
        && let Some(line) = command.as_deref().filter(|line| line.contains(" -") || line.starts_with("npx "))
    {
        let mut words = line.split_whitespace().map(str::to_owned);
        return Ok((words.next(), words.collect()));
    }
    Ok((command, args))
}

/// A text, number or switch as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        _ => None,
    }
}

fn look_at_maps(entry: &Entry, secrets: &mut Secrets) {
    let variables = entry.env.iter().chain(&entry.environment).flatten().map(|pair| ("env", pair));
    let headers = entry.headers.iter().flatten().map(|pair| ("header", pair));
    for (place, (name, value)) in variables.chain(headers) {
        if let Some(text) = text_of(value) {
            secrets.look(&format!("{place} {}", shown(name, "(name withheld)")), name, &text);
        }
    }
}

fn look_at_args(args: &[String], secrets: &mut Secrets) {
    let mut taken = None;
    for (at, arg) in args.iter().enumerate() {
        if taken == Some(at) {
            continue;
        }
        let by_position = format!("arg {}", at + 1);
        let is_option = arg.starts_with('-');
        let is_address = arg.contains("://") && !is_option;
        match pair(arg).filter(|_| !is_address) {
            Some((name, value)) => look_at_pair(name, value, secrets),
            None if is_option => {
                let Some(next) = args.get(at + 1).filter(|next| !next.starts_with('-')) else { continue };
                let carries_pair = matches!(arg.as_str(), "-e" | "--env" | "-H" | "--header" | "--headers");
                if !carries_pair && secrets.look(&format!("arg {}", shown(arg, "option")), arg, next) {
                    taken = Some(at + 1);
                }
            }
            None => {
                secrets.look(&by_position, "", arg);
            }
        }
    }
}

/// `NAME=value`, `--name=value` and `Header: value`.
fn pair(arg: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let at = arg.find(['=', ':'])?;
    let (name, value) = arg.split_at_checked(at)?;
    is_name(name).then(|| (name, value.get(1..).unwrap_or_default()))
}

fn look_at_pair(name: &str, value: &str, secrets: &mut Secrets) {
    // `--header=Authorization: Bearer ...` and `--env=NAME=value` carry a pair themselves.
    match pair(value).filter(|_| matches!(name, "--header" | "--headers" | "--env" | "-e" | "-H")) {
        Some((name, value)) => look_at_pair(name, value, secrets),
        None => {
            secrets.look(&format!("arg {}", shown(name, "option")), name, value);
        }
    }
}

fn has_own_registry(entry: &Entry) -> bool {
    let names = entry.env.iter().chain(&entry.environment).flatten().map(|(name, _)| name.to_ascii_uppercase());
    names.into_iter().any(|name| REGISTRY_VARIABLES.contains(&name.as_str()))
}

/// An array with entries, a text, or `true`.
fn is_filled(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(all)) => *all,
        _ => false,
    }
}

fn transport(entry: &Entry, url: Option<&str>) -> Option<&'static str> {
    if entry.command.is_some() {
        return Some("stdio");
    }
    let url = url?;
    let stated = entry.kind.as_deref().or(entry.transport.as_deref()).map(str::to_ascii_lowercase);
    match stated.as_deref() {
        Some("sse") => Some("sse"),
        Some("ws" | "wss" | "websocket") => Some("ws"),
        Some(kind) if kind == "http" || kind == "remote" || kind.starts_with("streamable") => Some("http"),
        // Some other word: the client's own business.
        Some(_) => None,
        None if url.starts_with("ws://") || url.starts_with("wss://") => Some("ws"),
        None if url.split(['?', '#']).next().is_some_and(|path| path.trim_end_matches('/').ends_with("/sse")) => {
            Some("sse")
        }
        None => Some("http"),
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
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons, try_load};
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
    fn arguments_give_up_their_secrets_by_name_form_or_position() {
        let places = |args: &[&str]| {
            let mut secrets = Secrets::default();
            look_at_args(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>(), &mut secrets);
            secrets.found.into_iter().map(|secret| secret.place).collect::<Vec<_>>()
        };
        assert_eq!(places(&["-y", "pkg", "--api-key", "CANARY01", "--verbose"]), ["arg --api-key"]);
        assert_eq!(places(&["--api-key=CANARY01"]), ["arg --api-key"]);
        assert_eq!(places(&["run", "-i", "-e", "A_TOKEN=CANARY01", "-e", "B_TOKEN", "img"]), ["arg A_TOKEN"]);
        assert_eq!(places(&["--header", "Authorization: Bearer CANARY01"]), ["arg Authorization"]);
        assert_eq!(places(&["--header", "Authorization:${AUTH}"]), Vec::<String>::new());
        assert_eq!(places(&["--header=X-Api-Key: CANARY01"]), ["arg X-Api-Key"]);
        assert_eq!(places(&["index.js", "ghp_CANARY0000CANARY0001"]), ["arg 2"]);
        assert_eq!(places(&["--config", r#"{"apiKey": "CANARY01", "v": 1}"#]), ["arg --config.apiKey"]);
        assert_eq!(places(&["mcp-remote", "https://x.example/sse?token=CANARY01"]), ["arg 2 query token"]);
        assert_eq!(places(&["--registry", "https://u:CANARY01@npm.example"]), ["arg --registry password"]);
        assert_eq!(places(&["-y", "@scope/pkg@1.0.0", "/home/a/b", "--port=3000"]), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_breaks_off_says_so() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
        let error = try_load(&McpConfig, &root.join("mcp.config/bad/truncated.json")).unwrap_err();
        assert!(format!("{error:?}").contains("the file breaks off at line 3"), "{error:?}");
    }
}
