//! Records of an AgentCore registry: agents and servers of tools that somebody put forward, and what was decided about
//! each. A record does not say which runtime it stands for, unless its address does. Descriptors are read for that, for
//! names of tools and for their hints; texts in them are never kept.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::PROVIDER;
use super::agentcore::runtime_id;
use super::answers::{self, Account, Stamp, each_record, past};
use super::envelope::Part;
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash, json};

const LIST: &str = "registryRecords";

/// `aws bedrock-agentcore-control list-registry-records` and `get-registry-record`.
pub struct AgentCoreRegistry;

impl Source for AgentCoreRegistry {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_registry",
            title: "Records of Amazon Bedrock AgentCore registries",
            provider: PROVIDER,
            command: "for registry in $(aws bedrock-agentcore-control list-registries --query \
                      'registries[].registryId' --output text); do for record in $(aws bedrock-agentcore-control \
                      list-registry-records --registry-id $registry --query 'registryRecords[].recordId' --output \
                      text); do aws bedrock-agentcore-control get-registry-record --registry-id $registry --record-id \
                      $record; done; done > agentcore-registry.json",
            recognises: "JSON with `registryRecords`, or with a `recordArn` and a `registryArn`",
            facts: &[(Fact::Agent, Level::Partial), (Fact::AgentTools, Level::Partial)],
            main_view: "agents",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.has_key(LIST) || answers::has_keys(probe, &["registryArn", "recordArn"]) {
            return Recognised::Yes;
        }
        if probe.has_key("registries") && probe.head().contains(":bedrock-agentcore:") {
            return Recognised::Maybe(
                "a list of AgentCore registries; export their records with `list-registry-records`".to_owned(),
            );
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading { input, account: Account::default(), records: BTreeMap::new(), has_tools: false };
        let read = each_record(input, &[LIST], out, &mut |part, out| reading.take(part, out));
        let finished = reading.finish(out);
        read.and(finished)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    record_arn: String,
    name: String,
    descriptor_type: String,
    descriptors: Option<Descriptors>,
    record_version: Option<String>,
    status: String,
    created_at: Option<Stamp>,
    updated_at: Option<Stamp>,
}

#[derive(Deserialize)]
struct Descriptors {
    mcp: Option<Mcp>,
    a2a: Option<A2a>,
}

#[derive(Deserialize)]
struct Mcp {
    tools: Option<Content>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct A2a {
    agent_card: Option<Content>,
}

/// A document as text in a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    inline_content: Option<String>,
}

/// An answer to `tools/list`.
#[derive(Deserialize)]
struct ToolList {
    tools: Option<Vec<Tool>>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    description: Option<String>,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    read_only_hint: Option<bool>,
    destructive_hint: Option<bool>,
}

/// What was read, until the file's end: an answer about one record replaces what a list says of it.
struct Reading<'a> {
    input: &'a Input,
    account: Account,
    records: BTreeMap<String, (bool, Agent, Vec<AgentTool>)>,
    has_tools: bool,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let record: Record = part.parse("a record of a registry of AgentCore")?;
        let account = self.account.of_arn("recordArn", &record.record_arn)?;
        let created_at = past("createdAt", record.created_at.as_ref(), &part.locator, out)?;
        past("updatedAt", record.updated_at.as_ref(), &part.locator, out)?;
        let platform = match record.descriptor_type.as_str() {
            "MCP" => "mcp_server",
            "A2A" => "a2a",
            // A skill is a text for agents, and none itself.
            "AGENT_SKILLS" => return Ok(()),
            _ => "other",
        };
        let is_detail = record.descriptors.is_some();
        let agent = Agent {
            agent_id: record.agent_id(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(account)),
            name: record.name.clone(),
            platform: Word::from(platform),
            version: record.record_version.clone().filter(|version| !version.is_empty()),
            created_at,
            registry_status: status(&record.status).map(Word::from),
            source_id: self.input.source_id.clone(),
            locator: part.locator.clone(),
            ..Agent::default()
        };
        let tools = record.tools(&agent);
        let has_detail = self.records.get(&record.record_arn).is_some_and(|(is_detail, ..)| *is_detail);
        if is_detail || !has_detail {
            self.records.insert(record.record_arn, (is_detail, agent, tools));
        }
        Ok(())
    }

    fn finish(mut self, out: &mut Output) -> Result<(), Broken> {
        for (_, agent, tools) in std::mem::take(&mut self.records).into_values() {
            self.has_tools |= !tools.is_empty();
            out.push(agent)?;
            for tool in tools {
                out.push(tool)?;
            }
        }
        let account = self.account.settle(self.input, out);
        let note = "what is in the registry, which need not be what runs";
        out.cover(PROVIDER, &account, Fact::Agent, Level::Partial, Some(note));
        if self.has_tools {
            out.cover(PROVIDER, &account, Fact::AgentTools, Level::Partial, Some(note));
        }
        Ok(())
    }
}

impl Record {
    /// The runtime that an agent's card points to, else the record itself.
    fn agent_id(&self) -> String {
        let card = self.descriptors.as_ref().and_then(|descriptors| descriptors.a2a.as_ref()?.agent_card.as_ref());
        let card = card.and_then(|card| serde_json::from_str::<Value>(card.inline_content.as_deref()?).ok());
        let url = card.as_ref().and_then(|card| card.get("url")).and_then(Value::as_str);
        url.and_then(runtime_of).map_or_else(|| self.record_arn.clone(), |id| runtime_id(&id))
    }

    fn tools(&self, agent: &Agent) -> Vec<AgentTool> {
        let content = self.descriptors.as_ref().and_then(|descriptors| descriptors.mcp.as_ref()?.tools.as_ref());
        let text = content.and_then(|content| content.inline_content.as_deref()).unwrap_or("{}");
        // A text that is no list of tools is whoever wrote the record's own business.
        let list = json::parse::<ToolList>(text, "a list of tools").ok().and_then(|list| list.tools);
        let row = |tool: Tool| AgentTool {
            agent_id: agent.agent_id.clone(),
            tool: tool.name,
            server: Some(self.name.clone()),
            provider: agent.provider.clone(),
            scope_id: agent.scope_id.clone(),
            kind: Word::from("mcp_tool"),
            read_only: tool.annotations.as_ref().and_then(|hints| hints.read_only_hint),
            destructive: tool.annotations.as_ref().and_then(|hints| hints.destructive_hint),
            description_hash: tool.description.filter(|text| !text.is_empty()).map(|text| hash::of_text(&text)),
            source_id: agent.source_id.clone(),
            locator: agent.locator.clone(),
            ..AgentTool::default()
        };
        list.unwrap_or_default().into_iter().map(row).collect()
    }
}

/// The id of the runtime in the address under which AgentCore serves it, whose ARN is written with `%3A` and `%2F`.
fn runtime_of(url: &str) -> Option<String> {
    let (host, path) = url.split_once("://")?.1.split_once('/')?;
    if !(host.starts_with("bedrock-agentcore.") && host.ends_with(".amazonaws.com")) {
        return None;
    }
    let arn = path.strip_prefix("runtimes/")?.split(['/', '?']).next()?;
    let plain = arn.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
    let id = plain.rsplit('/').next()?.split(':').next()?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_id.then(|| id.to_owned())
}

fn status(status: &str) -> Option<&'static str> {
    match status {
        "APPROVED" => Some("approved"),
        "PENDING_APPROVAL" => Some("pending"),
        "DRAFT" => Some("draft"),
        "REJECTED" => Some("rejected"),
        "DEPRECATED" => Some("deprecated"),
        // It is being made or changed: what was decided before is not said.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const BASE: &str = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:registry/registry0001/record";

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCoreRegistry, &format!("aws.agentcore_registry/good/{file}"))
    }

    #[test]
    fn every_record_but_a_skill_is_an_agent_with_its_status() {
        let loaded = good("list.json");
        let columns =
            &["agent_id", "name", "platform", "version", "registry_status", "created_at", "scope_id", "locator"];
        let made = "2026-05-21T12:00:00Z";
        let row = |at: usize, name, platform, version, status: &'static str| {
            let id = format!("{BASE}/RECORD00000{at}");
            let rest = [name, platform, version, status, made, "111122223333"].map(str::to_owned);
            [id].into_iter().chain(rest).chain([format!("/registryRecords/{at}")]).collect::<Vec<_>>()
        };
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                row(0, "copilot", "a2a", "1.0", "approved"),
                row(1, "crm-tools", "mcp_server", "2", "pending"),
                row(3, "legacy", "other", "∅", "deprecated"),
                row(4, "new", "a2a", "1", "∅"),
            ]
        );
        let note = "what is in the registry, which need not be what runs";
        assert_eq!(covered(&loaded), [format!("agent partial: {note}")]);
        assert_eq!((loaded.estate.files[0].rows_loaded, loaded.estate.files[0].truncated), (5, Some(true)));
    }

    #[test]
    fn descriptors_tell_the_runtime_and_the_tools() {
        let loaded = good("details.ndjson");
        let rows = loaded.rows(Agent::TABLE, &["agent_id", "platform", "registry_status", "locator"]);
        assert_eq!(
            rows,
            [
                ["agentcore:runtime:copilot-a1b2c3d4e5", "a2a", "approved", "document 2"],
                [&format!("{BASE}/RECORD000001"), "mcp_server", "rejected", "document 3"],
            ]
        );
        let columns = &["agent_id", "server", "tool", "kind", "read_only", "destructive"];
        assert_eq!(
            loaded.rows(AgentTool::TABLE, columns),
            [
                [&format!("{BASE}/RECORD000001"), "crm-tools", "delete_customer", "mcp_tool", "false", "true"],
                [&format!("{BASE}/RECORD000001"), "crm-tools", "search", "mcp_tool", "∅", "∅"],
            ]
        );
        assert_eq!(covered(&loaded).len(), 2);
        loaded.assert_no_canary();
    }

    #[test]
    fn only_addresses_of_agentcore_name_a_runtime() {
        let arn = "arn%3Aaws%3Abedrock-agentcore%3Aeu-west-1%3A111122223333%3Aruntime%2Fcopilot-a1b2c3d4e5";
        for (url, id) in [
            (
                format!("https://bedrock-agentcore.eu-west-1.amazonaws.com/runtimes/{arn}/invocations/"),
                Some("copilot-a1b2c3d4e5"),
            ),
            (format!("https://bedrock-agentcore.example/runtimes/{arn}/invocations"), None),
            ("https://bedrock-agentcore.eu-west-1.amazonaws.com/gateways/x".to_owned(), None),
            ("https://bedrock-agentcore.eu-west-1.amazonaws.com/runtimes/%00/x".to_owned(), None),
            ("copilot".to_owned(), None),
        ] {
            assert_eq!(runtime_of(&url).as_deref(), id, "{url}");
        }
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCoreRegistry, "aws.agentcore_registry/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 4, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..2],
            [
                "/registryRecords/1: `recordArn` is not an ARN with an account",
                "/registryRecords/2: `createdAt` is not a date",
            ]
        );
        assert!(reasons[2].starts_with("/registryRecords/3: the record does not have the shape of a record of a"));
        loaded.assert_no_canary();
    }
}
