//! Gateways of Bedrock AgentCore: servers of tools, what lies behind them, how each is reached, and whether a policy
//! engine decides on calls. Schemas of targets are not read beyond the names of their tools.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agentcore::{self, gateway_id};
use super::agentcore_targets::{self, Target};
use super::answers::{self, Account, Stamp, each_record};
use super::envelope::Part;
use super::{PROVIDER, canonical, last_step};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool, IdentityUse, PolicyPoint};
use crate::inventory::{Fact, Level};
use crate::sources::agents::host;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source};

const LIST: &str = "items";

/// `aws bedrock-agentcore-control list-gateways`, `get-gateway`, `get-gateway-target`.
pub struct AgentCoreGateways;

impl Source for AgentCoreGateways {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_gateways",
            title: "Gateways of Amazon Bedrock AgentCore, with their targets",
            provider: PROVIDER,
            command: "for id in $(aws bedrock-agentcore-control list-gateways --query 'items[].gatewayId' --output \
                      text); do aws bedrock-agentcore-control get-gateway --gateway-identifier $id; for target in \
                      $(aws bedrock-agentcore-control list-gateway-targets --gateway-identifier $id --query \
                      'items[].targetId' --output text); do aws bedrock-agentcore-control get-gateway-target \
                      --gateway-identifier $id --target-id $target; done; done > agentcore-gateways.json",
            recognises: "JSON with `items` that have a `gatewayId` or `targetId`, or with a `gatewayArn`",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Partial),
                (Fact::Policy, Level::Partial),
                (Fact::Use, Level::Partial),
            ],
            main_view: "agent_tools",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let head = probe.head();
        let is_list = probe.has_key(LIST) && (is_gateways(head) || is_targets(head));
        let is_one = answers::has_keys(probe, &["gatewayArn", "gatewayId"])
            || answers::has_keys(probe, &["gatewayArn", "targetId"]);
        let is_bare = answers::has_keys(probe, &["gatewayId", "authorizerType"]);
        Recognised::yes_if(is_list || is_one || is_bare)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading {
            input,
            account: Account::default(),
            gateways: BTreeMap::new(),
            places: BTreeMap::new(),
            tools: Vec::new(),
        };
        let read = each_record(input, &[LIST], out, &mut |part, out| reading.take(part, out));
        let finished = reading.finish(out);
        read.and(finished)
    }
}

fn is_gateways(head: &str) -> bool {
    head.contains("\"gatewayId\"") && head.contains("\"authorizerType\"")
}

fn is_targets(head: &str) -> bool {
    ["\"targetId\"", "\"name\"", "\"status\"", "\"createdAt\"", "\"updatedAt\""].iter().all(|key| head.contains(key))
}

/// A gateway, of which the list only has the first fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gateway {
    gateway_id: String,
    name: String,
    status: String,
    created_at: Option<Stamp>,
    authorizer_type: Option<String>,
    gateway_arn: Option<String>,
    gateway_url: Option<String>,
    role_arn: Option<String>,
    policy_engine_configuration: Option<PolicyEngine>,
    workload_identity_details: Option<WorkloadIdentity>,
}

#[derive(Deserialize)]
struct PolicyEngine {
    mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadIdentity {
    workload_identity_arn: Option<String>,
}

/// Which of the records that share a list it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    target_id: Option<String>,
    target_configuration: Option<serde::de::IgnoredAny>,
}

/// What was read, until the file's end: the list names no account, so that another record may have to.
struct Reading<'a> {
    input: &'a Input,
    account: Account,
    gateways: BTreeMap<String, Gateway>,
    /// Where each gateway stands, and when it was made.
    places: BTreeMap<String, (String, Option<Moment>)>,
    tools: Vec<AgentTool>,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let kind: Kind = part.parse("a gateway of AgentCore or one of its targets")?;
        match (kind.target_id, kind.target_configuration) {
            (None, _) => self.gateway(part, out),
            // The list of targets tells neither the gateway nor what they are.
            (Some(_), None) => Ok(()),
            (Some(_), Some(_)) => self.target(part, out),
        }
    }

    fn gateway(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let gateway: Gateway = part.parse("a gateway of AgentCore")?;
        if let Some(arn) = &gateway.gateway_arn {
            self.account.of_arn("gatewayArn", arn)?;
        }
        let created_at = answers::past("createdAt", gateway.created_at.as_ref(), &part.locator, out)?;
        let is_detailed = |known: &Gateway| known.gateway_arn.is_some();
        if gateway.gateway_arn.is_some() || !self.gateways.get(&gateway.gateway_id).is_some_and(is_detailed) {
            self.places.insert(gateway.gateway_id.clone(), (part.locator.clone(), created_at));
            self.gateways.insert(gateway.gateway_id.clone(), gateway);
        }
        Ok(())
    }

    fn target(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let target: Target = part.parse("a target of a gateway")?;
        self.account.of_arn("gatewayArn", &target.gateway_arn)?;
        answers::past("createdAt", target.created_at.as_ref(), &part.locator, out)?;
        // One that never came to be, or is going, cannot be called.
        if agentcore::enabled(&target.status) != Some(false) {
            let gateway = gateway_id(last_step(&target.gateway_arn));
            self.tools.extend(agentcore_targets::of(&target, &gateway, &part.locator));
        }
        Ok(())
    }

    fn finish(mut self, out: &mut Output) -> Result<(), Broken> {
        let account = self.account.settle(self.input, out);
        self.cover(&account, out);
        for (id, gateway) in std::mem::take(&mut self.gateways) {
            let (locator, created_at) = self.places.remove(&id).unwrap_or_default();
            self.write(gateway, created_at, &Place { account: &account, locator: &locator }, out)?;
        }
        for tool in self.tools {
            out.push(AgentTool {
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(account.clone())),
                source_id: self.input.source_id.clone(),
                ..tool
            })?;
        }
        Ok(())
    }

    fn write(
        &self,
        gateway: Gateway,
        created_at: Option<Moment>,
        place: &Place<'_>,
        out: &mut Output,
    ) -> Result<(), Broken> {
        let id = gateway_id(&gateway.gateway_id);
        let scope = || Some(Word::from(place.account));
        let role = gateway.role_arn.filter(|arn| !arn.is_empty()).map(|arn| canonical(&arn));
        let workload = gateway.workload_identity_details.and_then(|details| details.workload_identity_arn);
        for identity_id in role.iter().chain(&workload) {
            out.push(IdentityUse {
                identity_id: identity_id.clone(),
                provider: Word::from(PROVIDER),
                scope_id: scope(),
                user_kind: Word::from("agent"),
                user_ref: id.clone(),
                basis: Word::from("config"),
                source_id: self.input.source_id.clone(),
                locator: place.locator.to_owned(),
                ..IdentityUse::default()
            })?;
        }
        if let (Some(arn), Some(engine)) = (&gateway.gateway_arn, &gateway.policy_engine_configuration) {
            out.push(PolicyPoint {
                // Several gateways may ask one engine, each in a mode of its own.
                pdp_id: arn.clone(),
                provider: Word::from(PROVIDER),
                scope_id: scope(),
                engine: Word::from("agentcore"),
                protects: Some(gateway.name.clone()),
                mode: engine.mode.as_deref().and_then(mode),
                // What no policy permits is refused.
                default_deny: Some(true),
                source_id: self.input.source_id.clone(),
                locator: place.locator.to_owned(),
                ..PolicyPoint::default()
            })?;
        }
        let authorizer = gateway.authorizer_type.as_deref().unwrap_or_default();
        let enabled = agentcore::enabled(&gateway.status);
        out.push(Agent {
            agent_id: id.clone(),
            identity_id: role,
            provider: Word::from(PROVIDER),
            scope_id: scope(),
            name: gateway.name.clone(),
            platform: Word::from("mcp_server"),
            created_at,
            inbound_auth: inbound(authorizer).map(|(auth, _)| Word::from(auth)),
            enabled,
            source_id: self.input.source_id.clone(),
            locator: place.locator.to_owned(),
            ..Agent::default()
        })?;
        if enabled == Some(false) {
            return Ok(());
        }
        // The gateway as what agents connect to: which ones do stands in their own configuration.
        out.push(AgentTool {
            agent_id: id,
            tool: gateway.name,
            provider: Word::from(PROVIDER),
            scope_id: scope(),
            kind: Word::from("mcp_server"),
            transport: Some(Word::from("http")),
            endpoint: gateway.gateway_url.as_deref().and_then(host::of),
            third_party: Some(false),
            auth: inbound(authorizer).map(|(_, auth)| Word::from(auth)),
            source_id: self.input.source_id.clone(),
            locator: place.locator.to_owned(),
            ..AgentTool::default()
        })?;
        Ok(())
    }

    fn cover(&self, account: &str, out: &mut Output) {
        let note = "gateways of AgentCore in one Region only";
        out.cover(PROVIDER, account, Fact::Agent, Level::Partial, Some(note));
        let tools = "gateways and the targets of which the file holds an answer";
        out.cover(PROVIDER, account, Fact::AgentTools, Level::Partial, Some(tools));
        if self.gateways.values().any(|gateway| gateway.gateway_arn.is_some()) {
            out.cover(PROVIDER, account, Fact::Policy, Level::Partial, Some(note));
            out.cover(PROVIDER, account, Fact::Use, Level::Partial, Some(note));
        }
    }
}

/// Where a row comes from.
struct Place<'a> {
    account: &'a str,
    locator: &'a str,
}

fn mode(mode: &str) -> Option<Word> {
    match mode {
        "ENFORCE" => Some(Word::from("enforce")),
        "LOG_ONLY" => Some(Word::from("log_only")),
        _ => None,
    }
}

/// How callers prove who they are: of the gateway as an agent, and as a tool.
fn inbound(authorizer: &str) -> Option<(&'static str, &'static str)> {
    match authorizer {
        "CUSTOM_JWT" | "AUTHENTICATE_ONLY" => Some(("oauth", "oauth")),
        "AWS_IAM" => Some(("iam", "iam_role")),
        "NONE" => Some(("none", "none")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const ACCOUNT: &str = "111122223333";
    const TOOLS: &str = "agentcore:gateway:tools-gw-a1b2c3d4e5";
    const OPEN: &str = "agentcore:gateway:open-gw-f6g7h8i9j0";

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCoreGateways, &format!("aws.agentcore_gateways/good/{file}"))
    }

    #[test]
    fn a_gateway_is_a_server_of_tools_with_targets_behind_it() {
        let loaded = good("everything.json");
        let columns =
            &["agent_id", "name", "platform", "identity_id", "inbound_auth", "enabled", "created_at", "locator"];
        let role = "arn:aws:iam::111122223333:role/gateway";
        let made = "2026-05-21T12:00:00Z";
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                [OPEN, "open-gw", "mcp_server", "∅", "none", "true", made, "/items/1"],
                [TOOLS, "tools-gw", "mcp_server", role, "oauth", "true", made, "document 2"],
            ]
        );
        let columns = &["agent_id", "server", "tool", "kind", "transport", "endpoint", "auth", "scope_id", "locator"];
        let host = "tools-gw-a1b2c3d4e5.gateway.bedrock-agentcore.eu-west-1.amazonaws.com";
        let lambda = "arn:aws:lambda:eu-west-1:111122223333:function:crm";
        let api = "mcp.vendor.example";
        assert_eq!(
            loaded.rows(AgentTool::TABLE, columns),
            [
                [OPEN, "∅", "open-gw", "mcp_server", "http", "∅", "none", ACCOUNT, "/items/1"],
                [TOOLS, "∅", "tools-gw", "mcp_server", "http", host, "oauth", ACCOUNT, "document 2"],
                [TOOLS, "crm", "refund", "mcp_tool", "∅", lambda, "iam_role", ACCOUNT, "document 4"],
                [TOOLS, "∅", "vendor", "mcp_server", "http", api, "static_secret", ACCOUNT, "document 5"],
            ]
        );
        let points = loaded.rows(
            PolicyPoint::TABLE,
            &["pdp_id", "engine", "protects", "mode", "default_deny", "policy_count", "permit_any_principal"],
        );
        let arn = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:gateway/tools-gw-a1b2c3d4e5";
        assert_eq!(points, [[arn, "agentcore", "tools-gw", "log_only", "true", "∅", "∅"]]);
        let uses = loaded.rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref"]);
        assert_eq!(uses[0], [role, "agent", TOOLS]);
        assert_eq!(uses.len(), 2);
        let one = "gateways of AgentCore in one Region only";
        assert_eq!(
            covered(&loaded),
            [
                format!("use partial: {one}"),
                format!("agent partial: {one}"),
                "agent.tools partial: gateways and the targets of which the file holds an answer".to_owned(),
                format!("policy partial: {one}"),
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_names_no_account_and_a_target_needs_no_list() {
        let loaded = good("list.json");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool", "auth", "scope_id"]), [["open-gw", "none", "good"]]);
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        assert!(!covered(&loaded).iter().any(|fact| fact.starts_with("policy")), "a list shows no policy engines");
        let loaded = good("target.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]).len(), 0);
        assert_eq!(loaded.rows(AgentTool::TABLE, &["agent_id", "tool"]), [[TOOLS, "orders"]]);
        let loaded = good("targets.json");
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool"]).len(), 0);
        assert_eq!(loaded.estate.files[0].rows_loaded, 1);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCoreGateways, "aws.agentcore_gateways/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 5, 1));
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/items/1: the record does not have the shape of a gateway of AgentCore"));
        assert_eq!(
            reasons[1..3],
            ["/items/2: `createdAt` is not a date", "document 2: `gatewayArn` is not an ARN with an account"]
        );
        assert!(reasons[3].starts_with("document 3: the record does not have the shape of a target of a gateway"));
        loaded.assert_no_canary();
    }
}
