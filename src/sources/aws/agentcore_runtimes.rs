//! Runtimes of Bedrock AgentCore: agents and servers that AWS hosts. The answer about one holds its environment
//! variables in clear text, so that a secret among them is exposed to whoever may read it; values are hashed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::agentcore::{self, Authorizer, runtime_id};
use super::answers::{self, Account, Stamp, each_record};
use super::envelope::Part;
use super::tags::Tags;
use super::{PROVIDER, canonical};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, Credential, Exposure, IdentityUse};
use crate::inventory::{Fact, Level};
use crate::sources::kubernetes::plaintext::{self, Found};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash};

const LIST: &str = "agentRuntimes";
/// Longest name of a variable that is repeated.
const MAX_NAME: usize = 100;

/// `aws bedrock-agentcore-control list-agent-runtimes` and `get-agent-runtime`.
pub struct AgentCoreRuntimes;

impl Source for AgentCoreRuntimes {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_runtimes",
            title: "Agent runtimes of Amazon Bedrock AgentCore",
            provider: PROVIDER,
            command: "for id in $(aws bedrock-agentcore-control list-agent-runtimes --query \
                      'agentRuntimes[].agentRuntimeId' --output text); do aws bedrock-agentcore-control \
                      get-agent-runtime --agent-runtime-id $id; done > agentcore-runtimes.json",
            recognises: "JSON with `agentRuntimes`, or with an `agentRuntimeArn` and an `agentRuntimeId`",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::Use, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::CredentialStorage, Level::Partial),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.has_key(LIST) || answers::has_keys(probe, &["agentRuntimeArn", "agentRuntimeId"]) {
            return Recognised::Yes;
        }
        let is_endpoints = probe.has_key("runtimeEndpoints") || probe.has_key("agentRuntimeEndpointArn");
        if is_endpoints {
            return Recognised::Maybe(
                "endpoints of an AgentCore runtime, which add nothing to the inventory; export `get-agent-runtime`"
                    .to_owned(),
            );
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading { input, account: Account::default(), has_detail: false, seen: BTreeSet::new() };
        let read = each_record(input, &[LIST], out, &mut |part, out| reading.take(part, out));
        reading.cover(out);
        read
    }
}

/// A runtime, of which the list only has the first fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    agent_runtime_arn: String,
    agent_runtime_id: String,
    agent_runtime_name: Option<String>,
    agent_runtime_version: Option<String>,
    last_updated_at: Option<Stamp>,
    status: Option<String>,
    created_at: Option<Stamp>,
    role_arn: Option<String>,
    network_configuration: Option<Network>,
    authorizer_configuration: Option<Authorizer>,
    workload_identity_details: Option<WorkloadIdentity>,
    environment_variables: Option<BTreeMap<String, Value>>,
    /// Added from `list-tags-for-resource`.
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    network_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadIdentity {
    workload_identity_arn: Option<String>,
}

struct Reading<'a> {
    input: &'a Input,
    account: Account,
    has_detail: bool,
    /// Secrets that were written, since versions of a runtime repeat them.
    seen: BTreeSet<String>,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let runtime: Runtime = part.parse("a runtime of AgentCore")?;
        let account = self.account.of_arn("agentRuntimeArn", &runtime.agent_runtime_arn)?;
        let created_at = answers::past("createdAt", runtime.created_at.as_ref(), &part.locator, out)?;
        answers::past("lastUpdatedAt", runtime.last_updated_at.as_ref(), &part.locator, out)?;
        let scope = || Some(Word(account.clone()));
        let id = runtime_id(&runtime.agent_runtime_id);
        let name = runtime.agent_runtime_name.unwrap_or_else(|| runtime.agent_runtime_id.clone());
        let role = runtime.role_arn.filter(|arn| !arn.is_empty()).map(|arn| canonical(&arn));
        let is_detail = role.is_some();
        self.has_detail |= is_detail;
        let secrets = secrets(runtime.environment_variables.as_ref());
        let tags = Tags::of_map(runtime.tags.unwrap_or_default());
        let environment = tags.environment();
        let workload = runtime.workload_identity_details.and_then(|details| details.workload_identity_arn);
        for identity_id in role.iter().chain(&workload) {
            out.push(IdentityUse {
                identity_id: identity_id.clone(),
                provider: Word::from(PROVIDER),
                scope_id: scope(),
                user_kind: Word::from("agent"),
                user_ref: id.clone(),
                environment: environment.clone(),
                basis: Word::from("config"),
                source_id: self.input.source_id.clone(),
                locator: part.locator.clone(),
                ..IdentityUse::default()
            })?;
        }
        let holder = Holder { id: &id, name: &name, role: role.as_deref(), account: &account, locator: &part.locator };
        for (variable, found) in &secrets {
            self.write(&holder, variable, found, out)?;
        }
        let checks_tokens = runtime.authorizer_configuration.is_some_and(|authorizer| authorizer.checks_tokens());
        let network = runtime.network_configuration.and_then(|network| network.network_mode);
        out.push(Agent {
            agent_id: id.clone(),
            identity_id: role,
            provider: Word::from(PROVIDER),
            scope_id: scope(),
            name,
            // Whatever protocol it speaks: an agent may be offered to others as a tool.
            platform: Word::from("agentcore"),
            version: runtime.agent_runtime_version,
            owner: tags.owner(),
            environment,
            created_at,
            autonomy: tags.autonomy(),
            // The role says whom it is at AWS, not whether others run as it too: of that, nothing is known here.
            delegation: (!secrets.is_empty()).then(|| Word::from("shared_secret")),
            // Without an authorizer, callers must sign their requests.
            inbound_auth: is_detail.then(|| Word::from(if checks_tokens { "oauth" } else { "iam" })),
            network: network.as_deref().and_then(agentcore::network),
            enabled: runtime.status.as_deref().and_then(agentcore::enabled),
            source_id: self.input.source_id.clone(),
            locator: part.locator.clone(),
            ..Agent::default()
        })?;
        Ok(())
    }

    /// A secret in a variable is two facts: a credential that is kept there, and its exposure.
    fn write(&mut self, holder: &Holder<'_>, variable: &str, found: &Found, out: &mut Output) -> Result<(), Broken> {
        let location = format!("agent runtime {} env {variable}", holder.name);
        let (sha256, sha1) = found.fingerprints.clone().unzip();
        let exposure_id =
            hash::row_id(&[PROVIDER, holder.account, holder.id, variable, sha256.as_deref().unwrap_or_default()]);
        if !self.seen.insert(exposure_id.clone()) {
            return Ok(());
        }
        let credential_id = format!("{}:env:{variable}", holder.id);
        out.push(Exposure {
            exposure_id,
            credential_id: Some(credential_id.clone()),
            identity_id: holder.role.map(str::to_owned),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(holder.account)),
            secret_kind: Word::from(found.secret_kind),
            location_type: Word::from("env_plaintext"),
            location: location.clone(),
            status: Some(Word::from("open")),
            verified: Some(false),
            fingerprint: sha256.clone(),
            fingerprint_sha1: sha1.clone(),
            source_id: self.input.source_id.clone(),
            locator: holder.locator.to_owned(),
            ..Exposure::default()
        })?;
        out.push(Credential {
            credential_id,
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(holder.account)),
            kind: Word::from(found.kind),
            lifetime: Some(Word::from("static")),
            status: Some(Word::from("active")),
            storage: Some(Word::from("env_plaintext")),
            storage_ref: Some(location),
            fingerprint: sha256,
            fingerprint_sha1: sha1,
            source_id: self.input.source_id.clone(),
            locator: holder.locator.to_owned(),
            ..Credential::default()
        })?;
        Ok(())
    }

    fn cover(&self, out: &mut Output) {
        let account = self.account.settle(self.input, out);
        let agents = "runtimes of AgentCore in one Region; others of the account are in other lists";
        out.cover(PROVIDER, &account, Fact::Agent, Level::Partial, Some(agents));
        if self.has_detail {
            let note = "of workloads, only runtimes of AgentCore";
            out.cover(PROVIDER, &account, Fact::Use, Level::Partial, Some(note));
            let note = "environment variables of AgentCore runtimes only";
            for fact in [Fact::ExposureCode, Fact::Credential, Fact::CredentialStorage] {
                out.cover(PROVIDER, &account, fact, Level::Partial, Some(note));
            }
        }
    }
}

/// Whose variables are looked at.
struct Holder<'a> {
    id: &'a str,
    name: &'a str,
    role: Option<&'a str>,
    account: &'a str,
    locator: &'a str,
}

/// Variables that hold a secret.
fn secrets(variables: Option<&BTreeMap<String, Value>>) -> Vec<(String, Found)> {
    let values = variables.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    values
        .enumerate()
        .filter_map(|(at, (name, value))| {
            let is_plain = name.len() <= MAX_NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let shown = if is_plain { name.clone() } else { format!("variable {}", at + 1) };
            plaintext::find(name, value).map(|found| (shown, found))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const ACCOUNT: &str = "111122223333";

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCoreRuntimes, &format!("aws.agentcore_runtimes/good/{file}"))
    }

    #[test]
    fn answers_about_one_runtime_show_how_it_is_reached() {
        let loaded = good("details.ndjson");
        let columns = &["agent_id", "name", "platform", "identity_id", "scope_id", "version", "created_at", "locator"];
        let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
        let (copilot, tools) = ("agentcore:runtime:copilot-a1b2c3d4e5", "agentcore:runtime:tools-f6g7h8i9j0");
        let made = "2026-05-21T12:00:00Z";
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                [copilot, "copilot", "agentcore", &role("copilot"), ACCOUNT, "3", made, "/"],
                [tools, "tools", "agentcore", &role("shared"), ACCOUNT, "1", made, "document 2"],
            ]
        );
        let columns =
            &["inbound_auth", "network", "enabled", "delegation", "owner", "autonomy", "environment", "model"];
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                ["oauth", "public", "true", "shared_secret", "ml", "autonomous", "production", "∅"],
                ["iam", "private", "∅", "∅", "∅", "∅", "∅", "∅"],
            ]
        );
        let directory = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default";
        let identity = format!("{directory}/workload-identity/copilot-a1b2c3d4e5");
        assert_eq!(
            loaded.rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "environment"]),
            [
                [role("copilot").as_str(), "agent", copilot, "production"],
                [&identity, "agent", copilot, "production"],
                [&role("shared"), "agent", tools, "∅"],
            ]
        );
    }

    #[test]
    fn secrets_among_the_variables_are_exposed_and_hashed() {
        let loaded = good("details.ndjson");
        let (sha256, sha1) = hash::fingerprints("CANARY-openai-0001");
        let credential = "agentcore:runtime:copilot-a1b2c3d4e5:env:OPENAI_API_KEY";
        let location = "agent runtime copilot env OPENAI_API_KEY";
        let role = "arn:aws:iam::111122223333:role/copilot";
        let columns =
            &["credential_id", "identity_id", "secret_kind", "location_type", "location", "status", "fingerprint"];
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns)[0],
            [credential, role, "llm_api_key", "env_plaintext", location, "open", &sha256]
        );
        let columns = &["credential_id", "identity_id", "kind", "storage", "storage_ref", "fingerprint_sha1"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns)[0],
            [credential, "∅", "llm_api_key", "env_plaintext", location, &sha1]
        );
        let places = loaded.rows(Exposure::TABLE, &["location", "secret_kind"]);
        assert_eq!(places[1], ["agent runtime copilot env variable 4", "api_token"]);
        assert_eq!(places.len(), 2);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_names_runtimes_and_little_else() {
        let loaded = good("list.json");
        let columns = &["agent_id", "name", "inbound_auth", "network", "enabled", "identity_id", "locator"];
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [["agentcore:runtime:copilot-a1b2c3d4e5", "copilot", "∅", "∅", "true", "∅", "/agentRuntimes/0"]]
        );
        let note = "runtimes of AgentCore in one Region; others of the account are in other lists";
        assert_eq!(covered(&loaded), [format!("agent partial: {note}")]);
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        let facts: Vec<String> = covered(&good("details.ndjson"));
        assert!(facts.contains(&"exposure.code partial: environment variables of AgentCore runtimes only".to_owned()));
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCoreRuntimes, "aws.agentcore_runtimes/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 4, 1));
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "document 2: `agentRuntimeArn` is not an ARN with an account");
        assert_eq!(reasons[1], "document 3: `createdAt` is not a date");
        assert!(reasons[2].starts_with("document 4: the record does not have the shape of a runtime of AgentCore"));
        loaded.assert_no_canary();
    }
}
