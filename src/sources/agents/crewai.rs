//! Agents and tasks of a CrewAI project, `config/agents.yaml` and `config/tasks.yaml`. Tools are mostly given in
//! code, so that none is written here says nothing. A task's `human_input` lets a person look at a result, not at
//! a call, and belongs to the task: no agent or tool becomes supervised by it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::secrets::shown;
use super::subject::Subject;
use super::{PROVIDER, models};
use crate::diag::{SourceFile, read_yaml};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::json::pointer_step;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// `agents.yaml` and `tasks.yaml`.
pub struct CrewAi;

impl Source for CrewAi {
    fn about(&self) -> &'static About {
        &About {
            kind: "crewai.project",
            title: "Agents and tasks of a CrewAI project",
            provider: PROVIDER,
            command: "cp src/*/config/agents.yaml src/*/config/tasks.yaml EXPORTS/CREW/",
            recognises: "YAML (or JSON) whose first entry has `role` and `goal`, or `description` and `expected_output`",
            facts: &[(Fact::Agent, Level::Partial), (Fact::AgentTools, Level::Partial)],
            main_view: "agents",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let keys: Vec<String> = match probe.outline() {
            Some(outline) => {
                let first = outline.entries().first().map(|(_, entry)| entry.entries()).unwrap_or_default();
                first.iter().map(|(key, _)| key.clone()).collect()
            }
            None => keys_of_first(probe.head()).into_iter().map(str::to_owned).collect(),
        };
        let has = |key: &str| keys.iter().any(|known| known == key);
        Recognised::yes_if((has("role") && has("goal")) || (has("description") && has("expected_output")))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let file = SourceFile::new(&input.path, input.text()?);
        // The parser's own message would quote values.
        let entries: BTreeMap<String, Value> = read_yaml(&file).map_err(|fault| {
            let line = fault.place.as_ref().and_then(crate::diag::Place::line);
            let place = line.map_or_else(String::new, |line| format!(" at line {line}"));
            Broken::new(format!("the file breaks off or is not valid YAML{place}"))
        })?;
        let mut seen = Seen::default();
        for (at, (name, entry)) in entries.iter().enumerate() {
            let instead = format!("entry {}", at + 1);
            let name = shown(name.trim(), &instead);
            let locator = format!("/{}", pointer_step(name));
            out.record(&locator, |out| seen.read(name, entry, &locator, input, out))?;
        }
        seen.cover(&input.scope_id, out);
        Ok(())
    }
}

/// The keys of the first entry of a YAML mapping, as far as plain lines show them.
fn keys_of_first(head: &str) -> Vec<&str> {
    let is_content = |line: &&str| {
        let start = line.trim_start();
        !start.is_empty() && !start.starts_with('#') && !line.starts_with("---") && !line.starts_with('%')
    };
    let mut lines = head.lines().map(str::trim_end).filter(is_content);
    let Some(first) = lines.next() else { return Vec::new() };
    let is_bare = |line: &str| line.split(" #").next().is_some_and(|line| line.trim_end().ends_with(':'));
    if first.starts_with([' ', '-']) || !is_bare(first) {
        return Vec::new();
    }
    let mut indent = None;
    let mut keys = Vec::new();
    for line in lines.take_while(|line| line.starts_with(' ')) {
        let start = line.trim_start();
        let depth = line.len() - start.len();
        if *indent.get_or_insert(depth) == depth
            && let Some((key, _)) = start.split_once(':')
        {
            keys.push(key.trim_matches(['"', '\'']));
        }
    }
    keys
}

#[derive(Deserialize)]
struct AgentEntry {
    #[expect(dead_code, reason = "only its type matters: an entry with a list for a role is no agent")]
    role: Option<String>,
    llm: Option<Value>,
    tools: Option<Vec<Value>>,
    allow_delegation: Option<bool>,
    allow_code_execution: Option<bool>,
    memory: Option<bool>,
}

#[derive(Deserialize)]
struct TaskEntry {
    agent: Option<String>,
    tools: Option<Vec<Value>>,
    human_input: Option<bool>,
}

#[derive(Default)]
struct Seen {
    agents: usize,
    tasks: usize,
    reviewed: usize,
}

impl Seen {
    fn read(&mut self, name: &str, entry: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let has = |key: &str| entry.get(key).is_some();
        // serde's own message would quote values.
        let wrong = |what: &str| Reject::because(format!("the record does not have the shape of {what}"));
        if has("role") || has("goal") {
            let agent = AgentEntry::deserialize(entry).map_err(|_| wrong("an agent of CrewAI"))?;
            self.agents += 1;
            return read_agent(name, &agent, locator, input, out);
        }
        if has("expected_output") || has("description") {
            let task = TaskEntry::deserialize(entry).map_err(|_| wrong("a task of CrewAI"))?;
            self.tasks += 1;
            self.reviewed += usize::from(task.human_input == Some(true));
            return read_task(&task, locator, input, out);
        }
        Err(Reject::because("the entry is neither an agent nor a task").into())
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let in_code = "tools that the files name; most are given in code";
        out.cover(PROVIDER, scope, Fact::AgentTools, Level::Partial, Some(in_code));
        if self.agents > 0 {
            let others = "the agents of this project; others may run";
            out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(others));
        }
        if self.tasks > 0 {
            let (reviewed, tasks) = (self.reviewed, self.tasks);
            let note = format!("a person looks at the result of {reviewed} of {tasks} tasks, not at single calls");
            out.cover(PROVIDER, scope, Fact::AgentApproval, Level::None, Some(&note));
        }
    }
}

fn subject<'a>(name: &str, input: &'a Input) -> Subject<'a> {
    Subject::new(input, format!("crewai:{}:{name}", input.scope_id))
}

fn read_agent(name: &str, agent: &AgentEntry, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let subject = subject(name, input);
    let written = match &agent.llm {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Object(llm)) => llm.get("model").and_then(Value::as_str),
        _ => None,
    };
    let (model, model_provider) = written.map_or((None, None), models::split);
    write_tools(agent.tools.as_deref(), &subject, locator, out)?;
    let of_kind = |kind: &str| AgentTool { kind: Word::from(kind), ..AgentTool::default() };
    if agent.allow_delegation == Some(true) {
        out.push(subject.tool("any other agent of the crew", locator, of_kind("handoff")))?;
    }
    if agent.allow_code_execution == Some(true) {
        let known = AgentTool { code_execution: Some(true), ..of_kind("code_execution") };
        out.push(subject.tool("code interpreter", locator, known))?;
    }
    out.push(Agent {
        model,
        model_provider,
        memory: agent.memory.map(|keeps| Word::from(if keeps { "session" } else { "none" })),
        ..subject.agent("crewai", name, locator)
    })?;
    Ok(())
}

/// What a task lets its agent use. Tools of a task without an agent belong to whoever the crew picks.
fn read_task(task: &TaskEntry, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let Some(agent) = task.agent.as_deref().map(str::trim).filter(|agent| !agent.is_empty()) else { return Ok(()) };
    write_tools(task.tools.as_deref(), &subject(agent, input), locator, out)?;
    Ok(())
}

fn write_tools(tools: Option<&[Value]>, subject: &Subject<'_>, locator: &str, out: &mut Output) -> Result<(), Broken> {
    let name_of =
        |tool: &Value| tool.as_str().or_else(|| tool.get("name")?.as_str()).map(|name| name.trim().to_owned());
    for name in tools.unwrap_or_default().iter().filter_map(name_of).filter(|name| !name.is_empty()) {
        let known = AgentTool { kind: Word::from("function"), ..AgentTool::default() };
        out.push(subject.tool(shown(&name, "(name withheld)"), locator, known))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons, try_load};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "name", "model", "model_provider", "memory", "locator"];
    const TOOL: &[&str] = &["agent_id", "tool", "kind", "code_execution", "locator"];

    #[test]
    fn agents_show_their_model_and_what_they_may_hand_on() {
        let loaded = load_fixture(&CrewAi, "crewai.project/good/agents.yaml");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [
                ["crewai:good:analyst", "analyst", "claude-sonnet-4", "anthropic", "none", "/analyst"],
                ["crewai:good:planner", "planner", "gpt-4o", "∅", "∅", "/planner"],
            ]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["crewai:good:analyst", "search_tariffs", "function", "∅", "/analyst"],
                ["crewai:good:analyst", "code interpreter", "code_execution", "true", "/analyst"],
                ["crewai:good:planner", "any other agent of the crew", "handoff", "∅", "/planner"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "agent partial: the agents of this project; others may run",
                "agent.tools partial: tools that the files name; most are given in code",
            ]
        );
    }

    #[test]
    fn tasks_add_tools_to_their_agents() {
        let loaded = load_fixture(&CrewAi, "crewai.project/good/tasks.yaml");
        assert!(loaded.rows(Agent::TABLE, AGENT).is_empty());
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [["crewai:good:analyst", "read_manifest", "function", "∅", "/check_manifest"]]
        );
        assert_eq!(
            covered(&loaded),
            [
                "agent.tools partial: tools that the files name; most are given in code",
                "agent.approval none: a person looks at the result of 1 of 2 tasks, not at single calls",
            ]
        );
        let loaded = load_fixture(&CrewAi, "crewai.project/good/crew.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "model"]), [["writer", "mistral-large"]]);
    }

    #[test]
    fn wrong_entries_are_put_aside() {
        let loaded = load_fixture(&CrewAi, "crewai.project/bad/wrong.yaml");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/listed: the record does not have the shape of an agent of CrewAI",
                "/other: the entry is neither an agent nor a task",
            ]
        );
        loaded.assert_no_canary();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
        let error = try_load(&CrewAi, &root.join("crewai.project/bad/truncated.yaml")).unwrap_err();
        let told = format!("{error:?}");
        assert!(
            told.contains("the file breaks off or is not valid YAML at line") && !told.contains("CANARY"),
            "{told}"
        );
    }

    #[test]
    fn only_the_first_entry_of_a_mapping_counts() {
        assert_eq!(keys_of_first("# x\n---\na:\n  role: >\n    A: b\n  goal: x\nb:\n  z: 1"), ["role", "goal"]);
        assert_eq!(keys_of_first("a: # the one\n  role: x"), ["role"]);
        assert!(keys_of_first("- role: x\n  goal: y").is_empty());
        assert!(keys_of_first("role: x\ngoal: y").is_empty());
        assert!(keys_of_first("").is_empty());
    }
}
