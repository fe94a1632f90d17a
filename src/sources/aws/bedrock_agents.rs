//! Agents of Amazon Bedrock: the list, the answer about one agent, its action groups and its collaborators, in any
//! order and mixture. Rows wait for the file's end, since what approval an agent asks for lies in its action groups.
//! Instructions and prompts are not read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answers::{self, Account, Stamp, has_more};
use super::bedrock_tools::{self, ActionGroup, Approval};
use super::envelope::{Part, parts};
use super::tags::Tags;
use super::{PROVIDER, canonical};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool, IdentityUse};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source};

const AGENTS: &str = "agentSummaries";
const GROUPS: &str = "actionGroupSummaries";
const COLLABORATORS: &str = "agentCollaboratorSummaries";

/// `aws bedrock-agent list-agents`, `get-agent`, `get-agent-action-group`, `list-agent-collaborators`.
pub struct BedrockAgents;

impl Source for BedrockAgents {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.bedrock_agents",
            title: "Agents of Amazon Bedrock, with their action groups",
            provider: PROVIDER,
            command: "for id in $(aws bedrock-agent list-agents --query 'agentSummaries[].agentId' --output text); do \
                      aws bedrock-agent get-agent --agent-id $id; aws bedrock-agent list-agent-action-groups \
                      --agent-id $id --agent-version DRAFT | jq --arg id $id '. + {agentId: $id}' | tee groups.json; \
                      for group in $(jq -r '.actionGroupSummaries[].actionGroupId' groups.json); do aws bedrock-agent \
                      get-agent-action-group --agent-id $id --agent-version DRAFT --action-group-id $group; done; \
                      aws bedrock-agent list-agent-collaborators --agent-id $id --agent-version DRAFT; done > \
                      bedrock-agents.json",
            recognises: "JSON with `agentSummaries`, `actionGroupSummaries`, `agentCollaboratorSummaries`, \
                         `agentActionGroup`, or an `agent` with an `agentResourceRoleArn`",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Partial),
                (Fact::AgentApproval, Level::Partial),
                (Fact::Use, Level::Partial),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_list = [AGENTS, GROUPS, COLLABORATORS, "agentActionGroup"].iter().any(|key| probe.has_key(key));
        let is_agent = (probe.has_key("agent") || probe.has_key("agentVersion"))
            && probe.head().contains("\"agentResourceRoleArn\"")
            && probe.head().contains("\"agentId\"");
        let is_bare = answers::has_keys(probe, &["agentId", "agentName", "agentStatus"]);
        if is_list || is_agent || is_bare {
            return Recognised::Yes;
        }
        let parts = [
            ("agentKnowledgeBaseSummaries", "knowledge bases"),
            ("agentAliasSummaries", "aliases"),
            ("agentVersionSummaries", "versions"),
        ];
        let part = parts.iter().find(|(key, _)| probe.has_key(key));
        part.map_or(Recognised::No, |(_, what)| {
            Recognised::Maybe(format!(
                "a list of {what} of a Bedrock agent, which adds nothing to the inventory; export `get-agent` and its \
                 action groups"
            ))
        })
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading::default();
        let read = parts(input.reader()?, &[AGENTS, GROUPS, COLLABORATORS], &mut |part| reading.take(part, out));
        let finished = reading.finish(input, out);
        read.and(finished)
    }
}

/// What an answer holds, apart from its list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    agent: Option<Detail>,
    agent_action_group: Option<ActionGroup>,
    /// Of the answer about one version; elsewhere the version's number.
    agent_version: Option<VersionOrNumber>,
    /// Added by whoever wrapped the answer, where it does not say whose it is.
    agent_id: Option<String>,
    /// Added from `list-tags-for-resource`.
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum VersionOrNumber {
    Version(Box<Detail>),
    Number(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    agent_id: String,
    agent_name: String,
    agent_arn: String,
    #[serde(alias = "version")]
    agent_version: Option<String>,
    agent_status: String,
    foundation_model: Option<String>,
    agent_resource_role_arn: Option<String>,
    created_at: Option<Stamp>,
    guardrail_configuration: Option<Guardrail>,
    memory_configuration: Option<Memory>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    agent_id: String,
    agent_name: String,
    agent_status: String,
    updated_at: Option<Stamp>,
    latest_agent_version: Option<String>,
    guardrail_configuration: Option<Guardrail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Guardrail {
    guardrail_identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    enabled_memory_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupSummary {
    action_group_id: String,
    action_group_state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collaborator {
    agent_id: String,
    collaborator_id: String,
    collaborator_name: String,
    agent_descriptor: Option<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    alias_arn: Option<String>,
}

impl Guardrail {
    fn is_set(&self) -> bool {
        self.guardrail_identifier.as_ref().is_some_and(|id| !id.is_empty())
    }
}

/// What was read, until the file's end.
#[derive(Default)]
struct Reading {
    account: Account,
    /// Agents by their ids; what `get-agent` says replaces what the list says.
    agents: BTreeMap<String, Agent>,
    detailed: BTreeSet<String>,
    tools: Vec<AgentTool>,
    approvals: BTreeMap<String, Approval>,
    /// Enabled action groups of the list that is being read, of which its answer may yet say whose it is.
    listed: BTreeSet<String>,
}

impl Reading {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Broken> {
        if part.is_element {
            return out.record(&part.locator, |out| match part.list.as_str() {
                AGENTS => self.summary(part, out),
                GROUPS => self.group_summary(part),
                _ => self.collaborator(part),
            });
        }
        if part.list.is_empty() {
            return out.record(&part.locator, |out| self.answer(part, out));
        }
        if has_more(part) {
            out.pages_missing(true);
        }
        let groups = std::mem::take(&mut self.listed);
        // What was added to a list of tools is no record; where it cannot be read, nothing is known of whose they are.
        let owner = part.parse::<Answer>("an answer").ok().and_then(|answer| answer.agent_id);
        if let (GROUPS, Some(id), false) = (part.list.as_str(), owner, has_more(part)) {
            self.approvals.entry(agent_id(&id)).or_default().listed(groups);
        }
        Ok(())
    }

    fn answer(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let answer: Answer = part.parse("an answer about an agent of Bedrock")?;
        let version = answer.agent_version.and_then(|version| match version {
            VersionOrNumber::Version(detail) => Some(*detail),
            VersionOrNumber::Number(_) => None,
        });
        let tags = Tags::of_map(answer.tags.unwrap_or_default());
        match (answer.agent.or(version), answer.agent_action_group) {
            (Some(detail), _) => self.detail(detail, &tags, part, out),
            (None, Some(group)) => {
                self.group(&group, part);
                Ok(())
            }
            (None, None) => self.summary(part, out),
        }
    }

    fn summary(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let summary: Summary = part.parse("an agent of `list-agents`")?;
        answers::past("updatedAt", summary.updated_at.as_ref(), &part.locator, out)?;
        let agent = Agent {
            agent_id: agent_id(&summary.agent_id),
            name: summary.agent_name,
            version: summary.latest_agent_version,
            // A summary may leave out what the agent has.
            guardrail: summary.guardrail_configuration.filter(Guardrail::is_set).map(|_| true),
            ..base(&summary.agent_status, &part.locator)
        };
        if !self.detailed.contains(&agent.agent_id) {
            self.agents.insert(agent.agent_id.clone(), agent);
        }
        Ok(())
    }

    fn detail(&mut self, detail: Detail, tags: &Tags, part: &Part, out: &mut Output) -> Result<(), Stop> {
        self.account.of_arn("agentArn", &detail.agent_arn)?;
        let created_at = answers::past("createdAt", detail.created_at.as_ref(), &part.locator, out)?;
        let remembers = detail.memory_configuration.and_then(|memory| memory.enabled_memory_types).unwrap_or_default();
        let agent = Agent {
            agent_id: agent_id(&detail.agent_id),
            identity_id: detail.agent_resource_role_arn.filter(|arn| !arn.is_empty()).map(|arn| canonical(&arn)),
            name: detail.agent_name,
            model_provider: detail.foundation_model.as_ref().map(|_| Word::from("bedrock")),
            model: detail.foundation_model,
            version: detail.agent_version,
            owner: tags.owner(),
            environment: tags.environment(),
            created_at,
            autonomy: tags.autonomy(),
            // Memory and guardrail are left out where they were not set up.
            memory: Some(Word::from(if remembers.is_empty() { "session" } else { "persistent" })),
            guardrail: Some(detail.guardrail_configuration.is_some_and(|guardrail| guardrail.is_set())),
            ..base(&detail.agent_status, &part.locator)
        };
        self.detailed.insert(agent.agent_id.clone());
        self.agents.insert(agent.agent_id.clone(), agent);
        Ok(())
    }

    fn group_summary(&mut self, part: &Part) -> Result<(), Stop> {
        let group: GroupSummary = part.parse("an action group of `list-agent-action-groups`")?;
        if group.action_group_state != "DISABLED" {
            self.listed.insert(group.action_group_id);
        }
        Ok(())
    }

    fn group(&mut self, group: &ActionGroup, part: &Part) {
        let owner = agent_id(group.agent_id());
        let (tools, approval) = bedrock_tools::of(group, &owner, &part.locator);
        self.tools.extend(tools);
        self.approvals.entry(owner).or_default().add(approval);
    }

    fn collaborator(&mut self, part: &Part) -> Result<(), Stop> {
        let other: Collaborator = part.parse("a collaborator of `list-agent-collaborators`")?;
        let alias = other.agent_descriptor.and_then(|descriptor| descriptor.alias_arn);
        self.tools.push(AgentTool {
            agent_id: agent_id(&other.agent_id),
            tool: if other.collaborator_name.is_empty() { other.collaborator_id } else { other.collaborator_name },
            kind: Word::from("handoff"),
            endpoint: alias,
            // The supervisor's role must be allowed to invoke the collaborator's alias.
            auth: Some(Word::from("iam_role")),
            locator: part.locator.clone(),
            ..AgentTool::default()
        });
        Ok(())
    }

    fn finish(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let account = self.account.settle(input, out);
        let scope = || Some(Word(account.clone()));
        self.cover(&account, out);
        for (id, agent) in self.agents {
            if let Some(role) = &agent.identity_id {
                out.push(IdentityUse {
                    identity_id: role.clone(),
                    provider: Word::from(PROVIDER),
                    scope_id: scope(),
                    user_kind: Word::from("agent"),
                    user_ref: id.clone(),
                    environment: agent.environment.clone(),
                    basis: Word::from("config"),
                    source_id: input.source_id.clone(),
                    locator: agent.locator.clone(),
                    ..IdentityUse::default()
                })?;
            }
            out.push(Agent {
                scope_id: scope(),
                human_approval: self.approvals.get(&id).and_then(Approval::verdict).map(Word::from),
                source_id: input.source_id.clone(),
                ..agent
            })?;
        }
        for tool in self.tools {
            let provider = Word::from(PROVIDER);
            out.push(AgentTool { provider, scope_id: scope(), source_id: input.source_id.clone(), ..tool })?;
        }
        Ok(())
    }

    fn cover(&self, account: &str, out: &mut Output) {
        let agents = "agents of Bedrock in one Region; others of the account are in other lists";
        out.cover(PROVIDER, account, Fact::Agent, Level::Partial, Some(agents));
        if !self.detailed.is_empty() {
            let roles = "of workloads, only agents of Bedrock";
            out.cover(PROVIDER, account, Fact::Use, Level::Partial, Some(roles));
        }
        if !self.tools.is_empty() || !self.approvals.is_empty() {
            let tools = "only tools of the action groups and collaborators that are in the file";
            out.cover(PROVIDER, account, Fact::AgentTools, Level::Partial, Some(tools));
            out.cover(PROVIDER, account, Fact::AgentApproval, Level::Partial, Some(tools));
        }
    }
}

/// What a list and an answer about one agent have in common. Callers must sign their requests, whatever is set up.
fn base(status: &str, locator: &str) -> Agent {
    Agent {
        provider: Word::from(PROVIDER),
        platform: Word::from("bedrock"),
        inbound_auth: Some(Word::from("iam")),
        // Versions of an agent whose draft was changed or could not be prepared go on answering.
        enabled: match status {
            "PREPARED" => Some(true),
            "CREATING" | "DELETING" => Some(false),
            _ => None,
        },
        locator: locator.to_owned(),
        ..Agent::default()
    }
}

/// The list names agents by their ids alone, so that the ARN cannot be what joins the two.
fn agent_id(id: &str) -> String {
    format!("bedrock:agent:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const ACCOUNT: &str = "111122223333";

    fn good(file: &str) -> Loaded {
        load_fixture(&BedrockAgents, &format!("aws.bedrock_agents/good/{file}"))
    }

    #[test]
    fn a_whole_export_shows_agents_tools_and_approval() {
        let loaded = good("everything.json");
        let columns = &["agent_id", "name", "identity_id", "scope_id", "model", "model_provider", "version", "locator"];
        let role = |name: &str| format!("arn:aws:iam::111122223333:role/service-role/{name}");
        let claude = "anthropic.claude-sonnet-4-20250514-v1:0";
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                [
                    "bedrock:agent:AGENTFAQ01",
                    "faq",
                    &role("faq"),
                    ACCOUNT,
                    "amazon.nova-pro-v1:0",
                    "bedrock",
                    "DRAFT",
                    "document 3"
                ],
                ["bedrock:agent:AGENTNEW01", "new", "∅", ACCOUNT, "∅", "∅", "∅", "/agentSummaries/2"],
                [
                    "bedrock:agent:AGENTPAY01",
                    "payments",
                    &role("payments"),
                    ACCOUNT,
                    claude,
                    "bedrock",
                    "DRAFT",
                    "document 2"
                ],
            ]
        );
        let columns = &[
            "owner",
            "environment",
            "created_at",
            "autonomy",
            "human_approval",
            "memory",
            "guardrail",
            "inbound_auth",
            "enabled",
            "delegation",
        ];
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                ["∅", "∅", "2026-05-16T12:00:00Z", "∅", "∅", "session", "false", "iam", "∅", "∅"],
                ["∅", "∅", "∅", "∅", "∅", "∅", "∅", "iam", "false", "∅"],
                [
                    "payments@acme.example",
                    "production",
                    "2026-05-01T12:00:00Z",
                    "supervised",
                    "some",
                    "persistent",
                    "true",
                    "iam",
                    "true",
                    "∅"
                ],
            ]
        );
        let uses = loaded.rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "environment", "basis"]);
        assert_eq!(
            uses,
            [
                [&role("faq"), "agent", "bedrock:agent:AGENTFAQ01", "∅", "config"],
                [&role("payments"), "agent", "bedrock:agent:AGENTPAY01", "production", "config"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn tools_come_from_action_groups_and_collaborators() {
        let loaded = good("everything.json");
        let columns = &[
            "agent_id",
            "server",
            "tool",
            "kind",
            "auth",
            "requires_approval",
            "code_execution",
            "endpoint",
            "locator",
        ];
        let pay = "bedrock:agent:AGENTPAY01";
        let lambda = "arn:aws:lambda:eu-west-1:111122223333:function:crm";
        let alias = "arn:aws:bedrock:eu-west-1:111122223333:agent-alias/AGENTFAQ01/ALIAS0001";
        assert_eq!(
            loaded.rows(AgentTool::TABLE, columns),
            [
                [pay, "crm", "refund", "function", "iam_role", "true", "∅", lambda, "document 5"],
                [pay, "crm", "look-up", "function", "iam_role", "false", "∅", lambda, "document 5"],
                [pay, "code", "AMAZON.CodeInterpreter", "code_execution", "∅", "∅", "true", "∅", "document 6"],
                [pay, "∅", "faq", "handoff", "iam_role", "∅", "∅", alias, "document 7 /agentCollaboratorSummaries/0"],
            ]
        );
        // printf 'Pay money back.' | sha256sum
        let digest = "sha256:6529a17d9a94c784c3c6583c77452c6ecff314f243b0bdcddebb5478ff51fa74";
        assert_eq!(loaded.rows(AgentTool::TABLE, &["description_hash"])[0], [digest]);
        let tools = "only tools of the action groups and collaborators that are in the file";
        assert_eq!(
            covered(&loaded),
            [
                "use partial: of workloads, only agents of Bedrock".to_owned(),
                "agent partial: agents of Bedrock in one Region; others of the account are in other lists".to_owned(),
                format!("agent.tools partial: {tools}"),
                format!("agent.approval partial: {tools}"),
            ]
        );
    }

    #[test]
    fn a_list_alone_shows_little() {
        for file in ["list.json", "bare.json"] {
            let loaded = good(file);
            let rows = loaded.rows(Agent::TABLE, &["agent_id", "scope_id", "guardrail", "memory", "identity_id"]);
            assert_eq!(rows, [["bedrock:agent:AGENTFAQ01", "good", "true", "∅", "∅"]], "{file}");
            assert_eq!(covered(&loaded).len(), 1, "{file}");
        }
        assert_eq!(good("list.json").estate.files[0].truncated, Some(true));
    }

    #[test]
    fn a_version_and_an_action_group_may_come_alone() {
        let loaded = good("version.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "version", "identity_id"])[0][..2], ["faq", "3"]);
        let loaded = good("action-group.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]).len(), 0);
        assert_eq!(
            loaded.rows(AgentTool::TABLE, &["tool", "kind", "requires_approval"]),
            [["orders", "action_group", "∅"]]
        );
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&BedrockAgents, "aws.bedrock_agents/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 5, 1));
        let reasons = reasons(&loaded);
        let shape = "the record does not have the shape of";
        assert!(
            reasons[0].starts_with(&format!("/agentSummaries/1: {shape} an agent of `list-agents`")),
            "{reasons:?}"
        );
        assert_eq!(reasons[1], "document 2: `agentArn` is not an ARN with an account");
        assert_eq!(reasons[2], "document 3: `createdAt` is not a date");
        assert!(
            reasons[3].starts_with(&format!("document 4: {shape} an answer about an agent of Bedrock")),
            "{reasons:?}"
        );
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["first"], ["fine"]]);
        loaded.assert_no_canary();
    }

    #[test]
    fn near_misses_are_told_what_they_lack() {
        let recognise =
            |text: &str| BedrockAgents.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        assert!(matches!(recognise(r#"{"agentAliasSummaries": []}"#), Recognised::Maybe(_)));
        assert_eq!(recognise(r#"{"agent": {"name": "x"}}"#), Recognised::No);
        assert_eq!(recognise(r#"{"agentRuntimes": []}"#), Recognised::No);
    }
}
