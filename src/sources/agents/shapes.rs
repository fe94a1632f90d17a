//! Where MCP client configurations keep their servers: every client has a root of its own. Says what is such a
//! file, and hands out its servers one by one.

use serde_json::{Map, Value};

use crate::sources::json::pointer_step;
use crate::sources::outline::Outline;
use crate::sources::{Probe, Recognised};

/// Keys of which a server has at least one.
const SERVER_KEYS: &[&str] = &["command", "url", "serverUrl", "httpUrl"];
/// Words that a server's `type` may be.
const TYPES: &[&str] = &["stdio", "local", "remote", "http", "sse", "streamable-http", "streamable-https", "ws"];

/// One server as it is configured.
pub(super) struct Server<'a> {
    /// Its name.
    pub name: &'a str,
    /// The folder of the project that it is configured for, where it is for one.
    pub project: Option<&'a str>,
    /// JSON pointer of the object that holds it.
    pub under: String,
    pub body: &'a Value,
}

/// Every server of a configuration.
pub(super) fn servers(root: &Map<String, Value>) -> Vec<Server<'_>> {
    let mut servers = Vec::new();
    let groups = groups(root);
    if groups.is_empty() && root.values().all(is_server) {
        add(&mut servers, root, None, "");
    }
    for (project, under, map) in groups {
        add(&mut servers, map, project, &under);
    }
    servers
}

fn add<'a>(into: &mut Vec<Server<'a>>, map: &'a Map<String, Value>, project: Option<&'a str>, under: &str) {
    into.extend(map.iter().map(|(name, body)| Server { name, project, under: under.to_owned(), body }));
}

type Group<'a> = (Option<&'a str>, String, &'a Map<String, Value>);

/// The objects that hold servers, with the project that they are for.
fn groups(root: &Map<String, Value>) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for key in ["mcpServers", "servers"] {
        if let Some(Value::Object(map)) = root.get(key) {
            groups.push((None, format!("/{key}"), map));
        }
    }
    if let Some(Value::Object(mcp)) = root.get("mcp") {
        match mcp.get("servers") {
            // VS Code's settings; an opencode server could be called `servers`, but is one itself.
            Some(servers @ Value::Object(map)) if !is_server(servers) => {
                groups.push((None, "/mcp/servers".to_owned(), map));
            }
            _ => groups.push((None, "/mcp".to_owned(), mcp)),
        }
    }
    if let Some(Value::Object(projects)) = root.get("projects") {
        for (path, project) in projects {
            if let Some(Value::Object(map)) = project.get("mcpServers") {
                groups.push((Some(path), format!("/projects/{}/mcpServers", pointer_step(path)), map));
            }
        }
    }
    groups
}

fn is_server(value: &Value) -> bool {
    SERVER_KEYS.iter().any(|key| value.get(key).is_some())
}

/// Whether a file is such a configuration, from its head.
pub(super) fn recognise(probe: &Probe<'_>) -> Recognised {
    let Some(outline) = probe.outline().filter(|outline| outline.is_object()) else { return Recognised::No };
    let name = probe.file_name();
    let is_cut = probe.is_cut();
    if outline.get("mcpServers").is_some_and(Outline::is_object) || in_projects(outline, probe.head(), &name) {
        return Recognised::Yes;
    }
    if let Some(mcp) = outline.get("mcp").filter(|mcp| mcp.is_object()) {
        let is_vs_code = mcp.get("servers").is_some_and(|servers| all_servers(servers, is_cut, true));
        let is_opencode = name.starts_with("opencode")
            || outline.text_at("$schema").is_some_and(|schema| schema.contains("opencode.ai"))
            || all(mcp, is_cut, |server| matches!(server.text_at("type"), Some("local" | "remote")));
        return Recognised::yes_if(is_vs_code || is_opencode);
    }
    if let Some(servers) = outline.get("servers").filter(|servers| servers.is_object()) {
        let named = name.ends_with("mcp.json") || outline.has("inputs");
        return Recognised::yes_if(all_servers(servers, is_cut, named));
    }
    flat(outline, is_cut, name.contains("mcp"))
}

fn in_projects(outline: &Outline, head: &str, name: &str) -> bool {
    let Some(projects) = outline.get("projects").filter(|projects| projects.is_object()) else { return false };
    // `~/.claude.json` grows large; its servers may lie behind the head.
    name == ".claude.json"
        || projects.entries().iter().any(|(_, project)| project.has("mcpServers"))
        || (outline.has("numStartups") && head.contains("\"mcpServers\""))
}

/// The root of Claude's plug-ins is the servers themselves, which other formats' entries can look like.
fn flat(outline: &Outline, is_cut: bool, is_named: bool) -> Recognised {
    let sure = |server: &Outline| {
        let typed = server.text_at("type").is_some_and(|kind| TYPES.contains(&kind));
        let started = server.has("command") && server.has_any(&["args", "env"]);
        let called = server.has_any(&["url", "serverUrl", "httpUrl"]) && server.has("headers");
        typed || started || called
    };
    if !all_servers(outline, is_cut, false) {
        Recognised::No
    } else if is_named || all(outline, is_cut, sure) {
        Recognised::Yes
    } else {
        Recognised::Maybe("could be the MCP servers of a plug-in; state `kind: mcp.config` in rungs.yaml".to_owned())
    }
}

fn all_servers(servers: &Outline, is_cut: bool, may_be_empty: bool) -> bool {
    (may_be_empty && servers.entries().is_empty() && servers.is_object())
        || all(servers, is_cut, |server| server.has_any(SERVER_KEYS))
}

/// Whether there are entries and all fulfil `test`, but for the last one where the head breaks off in it.
fn all(servers: &Outline, is_cut: bool, test: impl Fn(&Outline) -> bool) -> bool {
    let entries = servers.entries();
    let whole = if is_cut && entries.len() > 1 { entries.len() - 1 } else { entries.len() };
    whole > 0 && entries.iter().take(whole).all(|(_, server)| test(server))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn probed(name: &str, text: &str) -> Recognised {
        recognise(&Probe::of(Path::new(name), text.as_bytes()))
    }

    #[test]
    fn every_root_is_known() {
        for (name, text) in [
            ("a.json", r#"{"mcpServers": {}}"#),
            ("a.json", "// mine\n{\n  /* all */ \"mcpServers\": {},\n}"),
            ("a.json", r#"{"servers": {"a": {"url": "https://a"}}}"#),
            ("mcp.json", r#"{"servers": {}}"#),
            ("a.json", r#"{"inputs": [], "servers": {}}"#),
            ("settings.json", r#"{"editor.x": 1, "mcp": {"servers": {"a": {"command": "a"}}}}"#),
            ("a.json", r#"{"projects": {"/a": {"mcpServers": {}}}}"#),
            ("a.json", r#"{"mcp": {"a": {"type": "local", "command": ["a"]}}}"#),
            ("opencode.json", r#"{"mcp": {}}"#),
            ("a.json", r#"{"a": {"command": "npx", "args": []}, "b": {"type": "http", "url": "https://b"}}"#),
            (".mcp.json", r#"{"a": {"command": "a"}}"#),
        ] {
            assert_eq!(probed(name, text), Recognised::Yes, "{name} {text}");
        }
    }

    #[test]
    fn other_json_is_not_claimed() {
        for (name, text) in [
            ("a.json", "{}"),
            ("a.json", "[]"),
            ("a.json", r#"[{"mcpServers": {}}]"#),
            ("plugin.json", r#"{"name": "x", "mcpServers": "./.mcp.json"}"#),
            ("openapi.json", r#"{"openapi": "3.1.0", "servers": [{"url": "https://a"}]}"#),
            ("a.json", r#"{"servers": {"web": {"ip": "10.0.0.1"}}}"#),
            ("a.json", r#"{"servers": {}}"#),
            ("a.json", r#"{"projects": {"a": {"name": "x"}}}"#),
            ("a.json", r#"{"mcp": {"enabled": true}}"#),
            ("a.json", r#"{"mcp": {}}"#),
            ("package.json", r#"{"name": "x", "scripts": {"a": "b"}}"#),
        ] {
            assert_eq!(probed(name, text), Recognised::No, "{name} {text}");
        }
        let maybe = probed("endpoints.json", r#"{"prod": {"url": "https://a"}, "dev": {"url": "https://b"}}"#);
        assert!(matches!(maybe, Recognised::Maybe(_)));
    }
}
