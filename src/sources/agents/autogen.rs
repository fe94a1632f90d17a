//! Components of AutoGen as `dump_component()` writes them: teams, agents, their models and tools. A person takes
//! part in a team as a `UserProxyAgent`, which is no agent. Keys of models are masked in newer versions: that one
//! is set is known, its value is not. Source code and instructions are passed over.

use std::collections::BTreeSet;

use serde_json::Value;

use super::secrets::Secrets;
use super::server::Reading;
use super::subject::Subject;
use super::{PROVIDER, host, models, server, stem};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// Deepest team inside a team that is followed.
const MAX_DEPTH: u8 = 8;
const TYPES: &[&str] = &["team", "agent", "model", "tool", "workbench", "termination"];

/// `team.dump_component()`.
pub struct AutoGen;

impl Source for AutoGen {
    fn about(&self) -> &'static About {
        &About {
            kind: "autogen.component",
            title: "Teams and agents of AutoGen",
            provider: PROVIDER,
            command: "python -c 'from app import team; print(team.dump_component().model_dump_json())' > TEAM.autogen.json",
            recognises: "JSON with `provider`, `config` and a `component_type` such as `team` or `agent`, or a gallery \
                         of AutoGen Studio: `components` with `teams` or `agents` of these",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Full),
                (Fact::AgentApproval, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let gallery = first.get("components").map(Outline::entries).unwrap_or_default();
        let in_gallery = gallery.iter().any(|(_, list)| list.elements().iter().any(is_component));
        Recognised::yes_if(is_component(first) || in_gallery)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut dump = Dump { input, names: BTreeSet::new(), masked: 0, has_servers: false };
        json::records(input.reader()?, &mut |locator, document| {
            let before = dump.names.len();
            let root: Value = match json::parse(document.get(), "a component of AutoGen") {
                Ok(root) => root,
                Err(reject) => return out.record(locator, |_| Err(reject.into())),
            };
            let prefix = if locator == "document 1" { "" } else { locator };
            let seen = dump.walk(&root, prefix, Team::default(), 0, out)?;
            if !seen && before == dump.names.len() {
                let reason = "the component holds no agent";
                return out.record(locator, |_| Err(Reject::because(reason).into()));
            }
            Ok(())
        })?;
        dump.cover(out);
        Ok(())
    }
}

fn is_component(value: &Outline) -> bool {
    value.text_at("provider").is_some()
        && value.has("config")
        && value.text_at("component_type").is_some_and(|kind| TYPES.contains(&kind))
}

/// What a team says of those who take part in it.
#[derive(Clone, Copy, Default)]
struct Team {
    has_person: bool,
}

struct Dump<'a> {
    input: &'a Input,
    names: BTreeSet<String>,
    masked: usize,
    has_servers: bool,
}

impl Dump<'_> {
    /// Reads the agents of a component; whether there was any participant at all.
    fn walk(&mut self, value: &Value, at: &str, team: Team, depth: u8, out: &mut Output) -> Result<bool, Broken> {
        let mut seen = false;
        if depth > MAX_DEPTH {
            return Ok(seen);
        }
        if let Some(gallery) = value.get("components").and_then(Value::as_object) {
            for (name, list) in gallery.iter().filter(|(name, _)| matches!(name.as_str(), "teams" | "agents")) {
                for (number, component) in list.as_array().into_iter().flatten().enumerate() {
                    seen |= self.walk(component, &format!("{at}/components/{name}/{number}"), team, depth + 1, out)?;
                }
            }
            return Ok(seen);
        }
        match kind(value) {
            "team" => {
                let participants = list_at(value, "participants");
                let team = Team { has_person: team.has_person || participants.iter().any(is_person) };
                for (number, participant) in participants.iter().enumerate() {
                    let at = format!("{at}/config/participants/{number}");
                    seen |= self.walk(participant, &at, team, depth + 1, out)?;
                }
            }
            "agent" => {
                seen = true;
                let locator = if at.is_empty() { "/" } else { at };
                out.record(locator, |out| self.read(value, team, locator, out))?;
                if let Some(inner) = config(value).get("team") {
                    self.walk(inner, &format!("{at}/config/team"), team, depth + 1, out)?;
                }
            }
            _ => {}
        }
        Ok(seen)
    }

    fn read(&mut self, agent: &Value, team: Team, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let config = config(agent);
        let name = text(config, "name").ok_or_else(|| Reject::because("the agent has no name"))?;
        if is_person(agent) {
            return Ok(());
        }
        // Everything that can be wrong is read before anything is written.
        let workbench = config.get("workbench");
        let several = workbench.and_then(Value::as_array).map(Vec::as_slice);
        let benches = several.unwrap_or_else(|| workbench.map_or(&[], std::slice::from_ref));
        let params = benches.iter().filter_map(|bench| self::config(bench).get("server_params"));
        let servers = params.map(|params| server::read(&as_entry(params))).collect::<Result<Vec<_>, _>>()?;
        let subject = Subject::new(self.input, self.id_of(name));
        let client = config.get("model_client").filter(|client| client.is_object());
        let settings = client.map(self::config);
        if let Some(settings) = settings {
            self.look_at(settings, "model client of", name, &subject, locator, out)?;
        }
        for tool in list_at(agent, "tools") {
            self.tool(tool, &subject, locator, out)?;
        }
        for bench in benches {
            for tool in list_at(bench, "tools") {
                self.tool(tool, &subject, locator, out)?;
            }
        }
        for reading in servers {
            self.server(reading, &subject, locator, out)?;
        }
        if let Some(executor) = config.get("code_executor").filter(|executor| executor.is_object()) {
            out.push(subject.tool(class_of(executor), locator, code_execution()))?;
        }
        for handoff in list_at(agent, "handoffs") {
            let Some(target) = handoff.as_str().or_else(|| text(handoff, "target")) else { continue };
            out.push(subject.tool(target, locator, AgentTool { kind: Word::from("handoff"), ..AgentTool::default() }))?;
        }
        let provider = client.and_then(|client| {
            // An address of one's own may be anybody's.
            let elsewhere = settings.and_then(|settings| text(settings, "base_url")).map(host::of);
            match elsewhere {
                Some(host) => host.as_deref().and_then(models::of_host),
                None => models::of_class(class_of(client)),
            }
        });
        out.push(Agent {
            model: settings.and_then(|settings| text(settings, "model")).map(str::to_owned),
            model_provider: provider,
            memory: memory(config).map(Word::from),
            human_approval: team.has_person.then(|| Word::from("some")),
            autonomy: team.has_person.then(|| Word::from("supervised")),
            ..subject.agent("autogen", name, locator)
        })?;
        Ok(())
    }

    /// Names are unique within a team; a file may hold several.
    fn id_of(&mut self, name: &str) -> String {
        let id = format!("autogen:{}:{}:{name}", self.input.scope_id, stem(&self.input.path));
        let ids = std::iter::once(id.clone()).chain((2..).map(|number| format!("{id}#{number}")));
        let free = ids.into_iter().find(|id| !self.names.contains(id)).unwrap_or(id);
        self.names.insert(free.clone());
        free
    }

    fn server(
        &mut self,
        reading: Reading,
        subject: &Subject<'_>,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Broken> {
        self.has_servers = true;
        self.masked += reading.masked;
        let name = reading.tool.endpoint.clone().unwrap_or_else(|| "mcp server".to_owned());
        for secret in reading.found {
            subject.write_secret("server", &name, secret, locator, out)?;
        }
        out.push(subject.tool(&name, locator, reading.tool))?;
        Ok(())
    }

    fn tool(&mut self, tool: &Value, subject: &Subject<'_>, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let settings = config(tool);
        let class = class_of(tool);
        let name = text(settings, "name").unwrap_or(class);
        let mut known = match class {
            "PythonCodeExecutionTool" => code_execution(),
            "AgentTool" | "TeamTool" => AgentTool { kind: Word::from("handoff"), ..AgentTool::default() },
            _ => AgentTool { kind: Word::from("function"), ..AgentTool::default() },
        };
        if class == "HttpTool" {
            known.transport = Some(Word::from("http"));
            known.endpoint = text(settings, "host").and_then(host::of);
            known.third_party = known.endpoint.as_deref().filter(|host| host::is_private(host)).map(|_| false);
            let found = self.look_at(settings, "tool", name, subject, locator, out)?;
            known.auth = found.then(|| Word::from("static_secret"));
        }
        known.description_hash = text(settings, "description").map(hash::of_text);
        out.push(subject.tool(name, locator, known))?;
        Ok(())
    }

    /// Looks for secrets among settings; whether one is set, in clear or masked.
    fn look_at(
        &mut self,
        settings: &Value,
        holder: &str,
        name: &str,
        subject: &Subject<'_>,
        locator: &str,
        out: &mut Output,
    ) -> Result<bool, Broken> {
        let mut found = false;
        for (key, value) in settings.as_object().into_iter().flatten() {
            let mut secrets = Secrets::default();
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Object(_) if key.ends_with("headers") => value.to_string(),
                _ => continue,
            };
            secrets.look(key, key, &text);
            found |= !secrets.found.is_empty() || secrets.masked > 0;
            if secrets.masked > 0 {
                self.masked += secrets.masked;
                let is_llm_key = holder.starts_with("model");
                out.push(subject.credential(&format!("{name}#{key}"), is_llm_key, locator))?;
            }
            for secret in secrets.found {
                subject.write_secret(holder, name, secret, locator, out)?;
            }
        }
        Ok(found)
    }

    fn cover(&self, out: &mut Output) {
        let scope = &self.input.scope_id;
        let others = "the components that were exported; other agents may run";
        out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(others));
        let servers = "tools of MCP servers stand in their answers to tools/list";
        let (level, note) = if self.has_servers { (Level::Partial, Some(servers)) } else { (Level::Full, None) };
        out.cover(PROVIDER, scope, Fact::AgentTools, level, note);
        let people = "people who take part in a team; what code asks a person is not in a component";
        out.cover(PROVIDER, scope, Fact::AgentApproval, Level::Partial, Some(people));
        let set = "keys that are set in components; those of the environment are not in them";
        out.cover(PROVIDER, scope, Fact::Credential, Level::Partial, Some(set));
        let masked = format!("masked values, which may be written out in code or not: {}", self.masked);
        let unmasked = "settings of models and servers; source code of tools was not looked at";
        let note = if self.masked > 0 { masked.as_str() } else { unmasked };
        out.cover(PROVIDER, scope, Fact::ExposureCode, Level::Partial, Some(note));
    }
}

fn kind(component: &Value) -> &str {
    text(component, "component_type").unwrap_or_default()
}

fn config(component: &Value) -> &Value {
    component.get("config").unwrap_or(&Value::Null)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn list_at<'v>(component: &'v Value, key: &str) -> &'v [Value] {
    config(component).get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The class of a component, without its modules.
fn class_of(component: &Value) -> &str {
    let provider = text(component, "provider").unwrap_or_default();
    provider.rsplit('.').next().unwrap_or(provider)
}

fn is_person(component: &Value) -> bool {
    class_of(component) == "UserProxyAgent"
}

fn code_execution() -> AgentTool {
    AgentTool { kind: Word::from("code_execution"), code_execution: Some(true), ..AgentTool::default() }
}

/// How long the agent remembers: lists in memory end with the process, stores do not.
fn memory(config: &Value) -> Option<&'static str> {
    let stores = config.get("memory").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    if stores.iter().any(|store| class_of(store) != "ListMemory") {
        return Some("persistent");
    }
    (!stores.is_empty() || config.get("model_context").is_some_and(Value::is_object)).then_some("session")
}

/// Parameters of a server in the words of an MCP client's configuration.
fn as_entry(params: &Value) -> Value {
    let mut entry = params.clone();
    let kind = match text(params, "type") {
        Some(kind) if kind.starts_with("Sse") => Some("sse"),
        Some(kind) if kind.starts_with("Streamable") => Some("http"),
        _ => None,
    };
    if let Some(entry) = entry.as_object_mut() {
        match kind {
            Some(kind) => entry.insert("type".to_owned(), Value::from(kind)),
            None => entry.remove("type"),
        };
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] =
        &["agent_id", "name", "model", "model_provider", "memory", "autonomy", "human_approval", "locator"];
    const TOOL: &[&str] = &["tool", "kind", "transport", "endpoint", "auth", "code_execution"];

    #[test]
    fn a_person_in_the_team_is_no_agent_but_approval() {
        let loaded = load_fixture(&AutoGen, "autogen.component/good/team.json");
        let id = "autogen:good:team:invoice_triage";
        let at = "/config/participants/0";
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [[id, "invoice_triage", "gpt-4o", "openai", "session", "supervised", "some", at]]
        );
        // printf 'Pay an invoice' | sha256sum
        let digest = "sha256:304f7ba6d68b6e5879859eb096fa2a41354b9cb442c7550e77c0e7645c1e23e0";
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["agent_id", "tool", "kind", "description_hash", "requires_approval"]),
            [[id, "pay_invoice", "function", digest, "∅"], [id, "approver", "handoff", "∅", "∅"]]
        );
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "kind", "lifetime", "status", "storage", "fingerprint"]),
            [[&format!("{id}#invoice_triage#api_key"), "llm_api_key", "static", "∅", "∅", "∅"]]
        );
        assert!(loaded.rows(Exposure::TABLE, &["location"]).is_empty());
        assert_eq!(
            covered(&loaded),
            [
                "credential partial: keys that are set in components; those of the environment are not in them",
                "exposure.code partial: masked values, which may be written out in code or not: 1",
                "agent partial: the components that were exported; other agents may run",
                "agent.tools full",
                "agent.approval partial: people who take part in a team; what code asks a person is not in a component",
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded), (2, 2));
    }

    #[test]
    fn tools_of_every_class_are_told_apart() {
        let loaded = load_fixture(&AutoGen, "autogen.component/good/agent.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &AGENT[..7]),
            [["autogen:good:agent:ops", "ops", "gpt-4o", "∅", "persistent", "∅", "∅"]]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["CodeExecutor", "code_execution", "∅", "∅", "∅", "true"],
                ["lookup", "function", "http", "crm.acme.internal", "static_secret", "∅"],
                ["writer", "handoff", "∅", "∅", "∅", "∅"],
                ["mcp-server-fetch", "mcp_server", "stdio", "mcp-server-fetch", "static_secret", "∅"],
                ["mcp.acme.example", "mcp_server", "sse", "mcp.acme.example", "∅", "∅"],
                ["LocalCommandLineCodeExecutor", "code_execution", "∅", "∅", "∅", "true"],
            ]
        );
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "secret_kind"]),
            [
                ["agent.json: model client of ops api_key", "api-key"],
                ["agent.json: tool lookup headers.Authorization", "authorization"],
                ["agent.json: server mcp-server-fetch env FETCH_TOKEN", "token"],
            ]
        );
        assert!(covered(&loaded)[3].starts_with("agent.tools partial"));
        loaded.assert_no_canary();
    }

    #[test]
    fn teams_within_teams_and_galleries_are_followed() {
        let loaded = load_fixture(&AutoGen, "autogen.component/good/gallery.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &["agent_id", "autonomy", "locator"]),
            [
                ["autogen:good:gallery:assistant", "∅", "/components/agents/0"],
                ["autogen:good:gallery:lead", "supervised", "/components/teams/0/config/participants/0"],
                [
                    "autogen:good:gallery:assistant#2",
                    "supervised",
                    "/components/teams/0/config/participants/0/config/team/config/participants/0"
                ],
            ]
        );
    }

    #[test]
    fn what_holds_no_agent_is_put_aside() {
        let loaded = load_fixture(&AutoGen, "autogen.component/bad/wrong.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/0/config/participants/1: the agent has no name",
                "/0/config/participants/2: the record does not have the shape of an MCP server",
                "/1: the component holds no agent",
            ]
        );
        loaded.assert_no_canary();
    }
}
