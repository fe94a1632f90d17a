//! Entries of an MCP registry: `server.json` as makers publish it, and the pages of a registry's list. Shows how a
//! server is fetched or reached and whether that takes a secret, not what it offers. Takes both dialects, with
//! `camelCase` names and with the `snake_case` ones of 2025.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::secrets::{Secrets, shown};
use super::subject::Subject;
use super::{PROVIDER, host, launch, pages};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// Hosts of package registries that anybody may publish to.
const PUBLIC_REGISTRIES: &[&str] =
    &["registry.npmjs.org", "pypi.org", "api.nuget.org", "docker.io", "ghcr.io", "github.com", "gitlab.com"];

/// `server.json`.
pub struct ServerJson;

impl Source for ServerJson {
    fn about(&self) -> &'static About {
        &About {
            kind: "mcp.server_json",
            title: "Entries of an MCP registry",
            provider: PROVIDER,
            command: "curl -s 'https://REGISTRY/v0/servers?version=latest&limit=100' > mcp-registry.json",
            recognises: "JSON with `name` and `packages` or `remotes` (or a `$schema` that ends in \
                         `server.schema.json`), and lists of these: an array, or `servers` of a registry's page",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "agent_tools",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let listed = match first.get("servers") {
            Some(Outline::Array(servers)) => match servers.first() {
                Some(entry) => is_entry(entry, false),
                // An empty page is known by the count that every page carries.
                None => first.get("metadata").is_some_and(|page| page.has("count")),
            },
            _ => false,
        };
        Recognised::yes_if(listed || is_entry(first, true))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let scope = &input.scope_id;
        let servers = "servers that are registered; the agents that use them are not in it";
        out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(servers));
        let reached = "how servers are reached; the tools of each stand in its answer to tools/list";
        out.cover(PROVIDER, scope, Fact::AgentTools, Level::Partial, Some(reached));
        let fixed = "values that an entry fixes for everybody; what users fill in is not in it";
        out.cover(PROVIDER, scope, Fact::ExposureCode, Level::Partial, Some(fixed));
        pages::each("servers", input, out, &mut |entry, locator, out| read(entry, locator, input, out))
    }
}

/// Whether an object is an entry. One that stands alone must say more than one in a list of servers.
fn is_entry(entry: &Outline, alone: bool) -> bool {
    let server = entry.get("server").filter(|server| server.is_object()).unwrap_or(entry);
    let is_list = |key: &str| matches!(server.get(key), Some(Outline::Array(_)));
    let is_named = server.text_at("name").is_some() && !server.has("type");
    let has_schema = server.text_at("$schema").is_some_and(|schema| schema.ends_with("server.schema.json"));
    let is_versioned = server.has_any(&["version", "version_detail"]);
    is_named
        && (has_schema
            || (is_versioned && (is_list("packages") || is_list("remotes")))
            || (!alone && is_versioned && server.has("description")))
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    version_detail: Option<VersionDetail>,
    status: Option<String>,
    packages: Option<Vec<Package>>,
    remotes: Option<Vec<Remote>>,
    #[serde(rename = "_meta")]
    meta: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct VersionDetail {
    version: Option<String>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(alias = "registryType", alias = "registry_name")]
    registry_type: Option<String>,
    #[serde(alias = "registryBaseUrl")]
    registry_base_url: Option<String>,
    #[serde(alias = "name")]
    identifier: String,
    version: Option<String>,
    #[serde(alias = "fileSha256")]
    file_sha256: Option<String>,
    transport: Option<Remote>,
    #[serde(alias = "environmentVariables")]
    environment_variables: Option<Vec<Setting>>,
}

#[derive(Deserialize)]
struct Remote {
    #[serde(rename = "type", alias = "transport_type")]
    kind: Option<String>,
    url: Option<String>,
    headers: Option<Vec<Setting>>,
}

/// A variable or header that the client has to set.
#[derive(Deserialize)]
struct Setting {
    name: Option<String>,
    #[serde(alias = "isSecret")]
    is_secret: Option<bool>,
    #[serde(alias = "isRequired")]
    is_required: Option<bool>,
    value: Option<Value>,
    default: Option<Value>,
}

fn read(wrapped: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let inner = wrapped.get("server").filter(|server| server.is_object());
    // serde's own message would quote values.
    let entry = Entry::deserialize(inner.unwrap_or(wrapped))
        .map_err(|_| Reject::because("the record does not have the shape of an entry of an MCP registry"))?;
    let name = entry.name.trim();
    if name.is_empty() {
        return Err(Reject::because("the entry names no server").into());
    }
    let outer = wrapped.get("_meta").and_then(Value::as_object);
    let kept = Registered::of(outer.or(entry.meta.as_ref()), entry.status.as_deref());
    if kept.is_superseded {
        // A registry keeps every version; only the latest is what it offers.
        return Ok(());
    }
    let subject = Subject::new(input, format!("mcp-server:{}:{name}", input.scope_id));
    let version = entry.version.clone().or_else(|| entry.version_detail.as_ref()?.version.clone());
    for package in entry.packages.iter().flatten() {
        package.write(&subject, name, locator, out)?;
    }
    for remote in entry.remotes.iter().flatten() {
        remote.write(&subject, name, locator, out)?;
    }
    out.push(Agent {
        version,
        registry_status: kept.status.map(Word::from),
        enabled: kept.is_deleted.then_some(false),
        ..subject.agent("mcp_server", name, locator)
    })?;
    Ok(())
}

/// What the registry says of an entry.
struct Registered {
    status: Option<&'static str>,
    is_deleted: bool,
    is_superseded: bool,
}

impl Registered {
    fn of(meta: Option<&Map<String, Value>>, status: Option<&str>) -> Self {
        // Each registry puts its own object under a name of its own.
        let own = |keys: &[&str]| {
            let mut objects = meta.into_iter().flat_map(Map::values);
            objects.find_map(|object| keys.iter().find_map(|key| object.get(*key)))
        };
        let stated = own(&["status"]).and_then(Value::as_str).or(status);
        Self {
            // That an entry is active says that it was published, not that anybody approved it.
            status: (stated == Some("deprecated")).then_some("deprecated"),
            is_deleted: stated == Some("deleted"),
            is_superseded: own(&["isLatest", "is_latest"]).and_then(Value::as_bool) == Some(false),
        }
    }
}

impl Package {
    fn write(&self, subject: &Subject<'_>, server: &str, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let launch = self.launch();
        let tool = launch.endpoint.clone().unwrap_or_else(|| "package".to_owned());
        let settings = self.environment_variables.as_deref().unwrap_or_default();
        let headers = self.transport.as_ref().and_then(|transport| transport.headers.as_deref()).unwrap_or_default();
        let has_literal = write_literals(None, settings, headers, &tool, subject, locator, out)?;
        let known = AgentTool {
            kind: Word::from("mcp_server"),
            server: Some(server.to_owned()),
            // A package without a transport is older than the field, and speaks over its own input and output.
            transport: Some(Word::from(self.transport.as_ref().map_or("stdio", Remote::transport))),
            auth: (has_literal || takes_secret(settings) || takes_secret(headers)).then(|| Word::from("static_secret")),
            endpoint: launch.endpoint,
            third_party: launch.third_party,
            version_pinned: launch.version_pinned,
            ..AgentTool::default()
        };
        out.push(subject.tool(&tool, locator, known))?;
        Ok(())
    }

    /// What a client would start.
    fn launch(&self) -> launch::Launch {
        let version = self.version.as_deref().unwrap_or_default();
        let host = self.registry_base_url.as_deref().and_then(host::of);
        let is_own = host.as_deref().is_some_and(|host| !PUBLIC_REGISTRIES.contains(&host));
        let joined = |separator: &str| match version {
            "" => self.identifier.clone(),
            version => format!("{}{separator}{version}", self.identifier),
        };
        let start = |command: &str, args: Vec<String>| launch::of(command, &args, is_own);
        let launch = match self.registry_type.as_deref() {
            Some("npm") => start("npx", vec![joined("@")]),
            Some("pypi") => start("uvx", vec![joined("==")]),
            Some("oci" | "docker") => {
                // The tag may stand in the identifier already.
                let last = self.identifier.rsplit('/').next().unwrap_or_default();
                let image = if last.contains([':', '@']) { self.identifier.clone() } else { joined(":") };
                start("docker", vec!["run".to_owned(), image])
            }
            _ if self.identifier.contains("://") => {
                launch::Launch { endpoint: host::of(&self.identifier), ..launch::Launch::default() }
            }
            _ => launch::Launch {
                endpoint: Some(self.identifier.clone()),
                third_party: (!is_own).then_some(true),
                // The format forbids ranges and `latest`.
                version_pinned: Some(!version.is_empty() && version != "latest"),
                is_shell: false,
            },
        };
        if self.file_sha256.as_deref().is_some_and(|digest| digest.len() == 64) {
            return launch::Launch { version_pinned: Some(true), ..launch };
        }
        launch
    }
}

impl Remote {
    fn write(&self, subject: &Subject<'_>, server: &str, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let host = self.url.as_deref().and_then(host::of);
        let transport = self.transport();
        // One server is often reached in two ways at one host.
        let tool = format!("{} ({transport})", host.as_deref().unwrap_or("remote"));
        let headers = self.headers.as_deref().unwrap_or_default();
        let has_literal = write_literals(self.url.as_deref(), &[], headers, &tool, subject, locator, out)?;
        let known = AgentTool {
            kind: Word::from("mcp_server"),
            server: Some(server.to_owned()),
            transport: Some(Word::from(transport)),
            auth: (has_literal || takes_secret(headers)).then(|| Word::from("static_secret")),
            third_party: host.as_deref().filter(|host| host::is_private(host)).map(|_| false),
            endpoint: host,
            ..AgentTool::default()
        };
        out.push(subject.tool(&tool, locator, known))?;
        Ok(())
    }

    fn transport(&self) -> &'static str {
        match self.kind.as_deref() {
            Some("stdio") => "stdio",
            Some("sse") => "sse",
            _ => "http",
        }
    }
}

/// Whether the server cannot be used without a secret that the client keeps.
fn takes_secret(settings: &[Setting]) -> bool {
    settings.iter().any(|setting| setting.is_secret == Some(true) && setting.is_required == Some(true))
}

/// Secrets that the entry itself gives away; whether there are any.
fn write_literals(
    url: Option<&str>,
    variables: &[Setting],
    headers: &[Setting],
    tool: &str,
    subject: &Subject<'_>,
    locator: &str,
    out: &mut Output,
) -> Result<bool, Broken> {
    let mut secrets = Secrets::default();
    if let Some(url) = url {
        secrets.look_at_url("url", "", url.split_once("://").map_or(url, |(_, rest)| rest));
    }
    let variables = variables.iter().map(|setting| ("env", setting));
    for (place, setting) in variables.chain(headers.iter().map(|setting| ("header", setting))) {
        let name = setting.name.as_deref().unwrap_or_default();
        for text in [&setting.value, &setting.default].into_iter().flatten().filter_map(Value::as_str) {
            secrets.look(&format!("{place} {}", shown(name, "(name withheld)")), name, text);
        }
    }
    let found = !secrets.found.is_empty();
    for secret in secrets.found {
        subject.write_secret("entry", tool, secret, locator, out)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "version", "platform", "registry_status", "enabled", "locator"];
    const TOOL: &[&str] =
        &["tool", "server", "transport", "endpoint", "third_party", "version_pinned", "auth", "locator"];

    #[test]
    fn an_entry_shows_how_its_server_is_fetched_and_reached() {
        let loaded = load_fixture(&ServerJson, "mcp.server_json/good/server.json");
        let id = "mcp-server:good:io.github.acme/crm";
        assert_eq!(loaded.rows(Agent::TABLE, AGENT), [[id, "1.4.2", "mcp_server", "∅", "∅", "document 1"]]);
        let server = "io.github.acme/crm";
        let row = |cells: [&'static str; 6]| {
            let [tool, transport, endpoint, third_party, pinned, auth] = cells;
            [tool, server, transport, endpoint, third_party, pinned, auth, "document 1"]
        };
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                row(["@acme/crm-mcp", "stdio", "@acme/crm-mcp", "true", "true", "static_secret"]),
                row(["acme-crm-mcp", "stdio", "acme-crm-mcp", "∅", "true", "∅"]),
                row(["ghcr.io/acme/crm", "http", "ghcr.io/acme/crm", "true", "true", "∅"]),
                row(["github.com", "stdio", "github.com", "∅", "true", "∅"]),
                row(["Acme.Crm", "stdio", "Acme.Crm", "true", "false", "∅"]),
                row(["mcp.acme.example (http)", "http", "mcp.acme.example", "∅", "∅", "static_secret"]),
                row(["mcp.acme.example (sse)", "sse", "mcp.acme.example", "∅", "∅", "∅"]),
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "exposure.code partial: values that an entry fixes for everybody; what users fill in is not in it",
                "agent partial: servers that are registered; the agents that use them are not in it",
                "agent.tools partial: how servers are reached; the tools of each stand in its answer to tools/list",
            ]
        );
    }

    #[test]
    fn a_value_that_an_entry_fixes_is_given_away() {
        let loaded = load_fixture(&ServerJson, "mcp.server_json/good/leaky.json");
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "secret_kind", "status"]),
            [["leaky.json: entry search.acme.example (http) header X-Api-Key", "api-key", "open"]]
        );
        assert_eq!(loaded.rows(AgentTool::TABLE, &["auth"]), [["static_secret"]]);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_page_holds_the_latest_version_of_each_server() {
        let loaded = load_fixture(&ServerJson, "mcp.server_json/good/registry-page.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [
                ["mcp-server:good:io.github.acme/files", "2.0.0", "mcp_server", "∅", "∅", "/servers/1"],
                ["mcp-server:good:io.github.acme/old", "0.3.0", "mcp_server", "deprecated", "∅", "/servers/2"],
                ["mcp-server:good:io.github.acme/gone", "0.1.0", "mcp_server", "∅", "false", "/servers/3"],
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded, file.truncated), (4, 4, Some(true)));
    }

    #[test]
    fn the_older_dialect_says_the_same() {
        let loaded = load_fixture(&ServerJson, "mcp.server_json/good/seed.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &["agent_id", "version", "locator"]),
            [
                ["mcp-server:good:io.github.acme/weather", "0.5.0", "/0"],
                ["mcp-server:good:io.github.acme/maps", "1.0.0", "/1"],
            ]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["tool", "transport", "version_pinned", "auth"]),
            [
                ["weather-mcp", "stdio", "true", "static_secret"],
                ["maps.acme.example (sse)", "sse", "∅", "static_secret"]
            ]
        );
        let loaded = load_fixture(&ServerJson, "mcp.server_json/good/last-page.json");
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
    }

    #[test]
    fn wrong_entries_are_put_aside() {
        let loaded = load_fixture(&ServerJson, "mcp.server_json/bad/wrong.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["io.github.acme/kept"]]);
        let shape = "the record does not have the shape of an entry of an MCP registry";
        let reasons = reasons(&loaded);
        assert_eq!(reasons[..2], ["/servers/1: the entry names no server".to_owned(), format!("/servers/2: {shape}")]);
        assert_eq!(reasons[2], format!("/servers/3: {shape}"));
        loaded.assert_no_canary();
    }
}
