//! AgentCore Identity: workload identities of agents, and the providers of API keys and OAuth clients with which they
//! reach other services. The secrets themselves lie in Secrets Manager, and are the same credential there.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PROVIDER;
use super::answers::{self, Account, Stamp, each_record, past};
use super::envelope::Part;
use super::tags::Tags;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const IDENTITIES: &str = "workloadIdentities";
const PROVIDERS: &str = "credentialProviders";
/// How a client that has no secret proves who it is: with a token that IAM signs.
const BY_IAM: &str = "AWS_IAM_ID_TOKEN_JWT";

/// `aws bedrock-agentcore-control list-workload-identities` and the lists of credential providers.
pub struct AgentCoreIdentities;

impl Source for AgentCoreIdentities {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_identities",
            title: "Workload identities and credential providers of Amazon Bedrock AgentCore",
            provider: PROVIDER,
            command: "for list in workload-identities api-key-credential-providers oauth2-credential-providers; do aws \
                      bedrock-agentcore-control list-$list; done > agentcore-identities.json; for name in $(aws \
                      bedrock-agentcore-control list-api-key-credential-providers --query \
                      'credentialProviders[].name' --output text); do aws bedrock-agentcore-control \
                      get-api-key-credential-provider --name $name; done >> agentcore-identities.json; for name in \
                      $(aws bedrock-agentcore-control list-oauth2-credential-providers --query \
                      'credentialProviders[].name' --output text); do aws bedrock-agentcore-control \
                      get-oauth2-credential-provider --name $name; done >> agentcore-identities.json",
            recognises: "JSON with `workloadIdentities`, `workloadIdentityArn` and a name, `credentialProviders` or \
                         `credentialProviderArn`",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialStorage, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(
            probe.has_key(IDENTITIES)
                || answers::has_keys(probe, &["workloadIdentityArn", "name"])
                || probe.has_key("credentialProviderArn")
                || (probe.has_key(PROVIDERS) && (is_empty_list(probe) || probe.head().contains(":token-vault/"))),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading::of(input);
        let read = each_record(input, &[IDENTITIES, PROVIDERS], out, &mut |part, out| reading.take(part, out));
        let finished = reading.finish(out);
        read.and(finished)
    }
}

/// An account without providers has an empty list, which has no sign but its key.
fn is_empty_list(probe: &Probe<'_>) -> bool {
    let compact: String = probe.head().split_whitespace().collect();
    compact.contains("\"credentialProviders\":[]")
}

/// A workload identity or a credential provider; answers about one have more fields than lists.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    name: String,
    workload_identity_arn: Option<String>,
    credential_provider_arn: Option<String>,
    created_time: Option<Stamp>,
    last_updated_time: Option<Stamp>,
    api_key_secret_arn: Option<SecretArn>,
    client_secret_arn: Option<SecretArn>,
    status: Option<String>,
    oauth2_provider_config_output: Option<BTreeMap<String, ProviderConfig>>,
    /// Added from `list-tags-for-resource`.
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretArn {
    secret_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderConfig {
    client_authentication_method: Option<String>,
}

/// What was read, until the file's end: an answer about one provider replaces what a list says of it.
struct Reading<'a> {
    input: &'a Input,
    account: Account,
    has_identities: bool,
    providers: BTreeMap<String, (bool, Credential)>,
}

impl<'a> Reading<'a> {
    fn of(input: &'a Input) -> Self {
        Self { input, account: Account::default(), has_identities: false, providers: BTreeMap::new() }
    }

    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let record: Record = part.parse("a workload identity or a credential provider")?;
        let created_at = past("createdTime", record.created_time.as_ref(), &part.locator, out)?;
        let updated_at = past("lastUpdatedTime", record.last_updated_time.as_ref(), &part.locator, out)?;
        match (&record.credential_provider_arn, &record.workload_identity_arn) {
            (Some(arn), _) => {
                let account = self.account.of_arn("credentialProviderArn", arn)?;
                let arn = arn.clone();
                self.provider(&record, arn, (created_at, updated_at), (account, part.locator.clone()));
                Ok(())
            }
            (None, Some(arn)) => {
                let account = self.account.of_arn("workloadIdentityArn", arn)?;
                let arn = arn.clone();
                self.identity(record, arn, created_at, (account, part.locator.clone()), out)
            }
            (None, None) => Err(Reject::because("the record names neither a provider nor an identity").into()),
        }
    }

    fn identity(
        &mut self,
        record: Record,
        arn: String,
        created_at: Option<Moment>,
        (account, locator): (String, String),
        out: &mut Output,
    ) -> Result<(), Stop> {
        self.has_identities = true;
        let tags = Tags::of_map(record.tags.unwrap_or_default());
        let (owner, environment) = (tags.owner(), tags.environment());
        out.push(Identity {
            identity_id: arn.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(account)),
            kind: Word::from("agent_identity"),
            name: record.name,
            native_id: arn,
            is_human: Some(false),
            owner_basis: owner.as_ref().map(|_| Word::from("tag")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            created_at,
            enabled: Some(true),
            source_id: self.input.source_id.clone(),
            locator,
            ..Identity::default()
        })?;
        Ok(())
    }

    fn provider(
        &mut self,
        record: &Record,
        arn: String,
        (created_at, updated_at): (Option<Moment>, Option<Moment>),
        (account, locator): (String, String),
    ) {
        let is_api_key = arn.contains("/apikeycredentialprovider/");
        let secret = record.api_key_secret_arn.as_ref().or(record.client_secret_arn.as_ref());
        let secret = secret.and_then(|secret| secret.secret_arn.clone()).filter(|arn| !arn.is_empty());
        let mut configs = record.oauth2_provider_config_output.iter().flatten();
        let has_no_secret = configs.any(|(_, config)| config.client_authentication_method.as_deref() == Some(BY_IAM));
        let is_detail = secret.is_some() || has_no_secret;
        // All that can be updated of a key is the key; a client may also be given another address.
        let last_rotated_at = updated_at.filter(|updated| is_api_key && created_at.is_some_and(|made| *updated > made));
        let basis = if last_rotated_at.is_some() { "secret_updated" } else { "created" };
        let credential = Credential {
            // The secret is one credential, whether it is listed here or in Secrets Manager.
            credential_id: secret.unwrap_or_else(|| arn.clone()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(account)),
            kind: Word::from(match (is_api_key, has_no_secret) {
                (true, _) => "api_token",
                (false, true) => "federated",
                (false, false) => "client_secret",
            }),
            lifetime: Some(Word::from(if has_no_secret { "ephemeral" } else { "static" })),
            status: record.status.as_deref().is_none_or(|status| status == "READY").then(|| Word::from("active")),
            created_at,
            last_rotated_at,
            rotation_basis: (!has_no_secret).then(|| Word::from(basis)),
            storage: Some(Word::from(if has_no_secret { "none" } else { "secrets_manager" })),
            storage_ref: Some(record.name.clone()),
            source_id: self.input.source_id.clone(),
            locator,
            ..Credential::default()
        };
        let has_detail = self.providers.get(&arn).is_some_and(|(is_detail, _)| *is_detail);
        if is_detail || !has_detail {
            self.providers.insert(arn, (is_detail, credential));
        }
    }

    fn finish(self, out: &mut Output) -> Result<(), Broken> {
        let account = self.account.settle(self.input, out);
        if self.has_identities {
            let note = "of AgentCore in one Region only";
            out.cover(PROVIDER, &account, Fact::Identity, Level::Partial, Some(note));
        }
        if !self.providers.is_empty() {
            let note = "credential providers of AgentCore in one Region only";
            for fact in [Fact::Credential, Fact::CredentialRotation, Fact::CredentialStorage] {
                out.cover(PROVIDER, &account, fact, Level::Partial, Some(note));
            }
        }
        for (_, credential) in self.providers.into_values() {
            out.push(credential)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const ACCOUNT: &str = "111122223333";
    const BASE: &str = "arn:aws:bedrock-agentcore:eu-west-1:111122223333";

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCoreIdentities, &format!("aws.agentcore_identities/good/{file}"))
    }

    #[test]
    fn workload_identities_are_identities_of_agents() {
        let loaded = good("everything.json");
        let columns = &["identity_id", "kind", "name", "scope_id", "is_human", "owner", "created_at", "locator"];
        let arn = |name: &str| format!("{BASE}:workload-identity-directory/default/workload-identity/{name}");
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [&arn("copilot"), "agent_identity", "copilot", ACCOUNT, "false", "∅", "∅", "/workloadIdentities/0"],
                [
                    &arn("planner"),
                    "agent_identity",
                    "planner",
                    ACCOUNT,
                    "false",
                    "ml",
                    "2026-05-21T12:00:00Z",
                    "document 4"
                ],
            ]
        );
        assert_eq!(covered(&loaded)[0], "identity partial: of AgentCore in one Region only");
        assert_eq!(covered(&loaded).len(), 4);
    }

    #[test]
    fn a_provider_is_the_secret_that_it_keeps() {
        let loaded = good("everything.json");
        let columns = &[
            "credential_id",
            "identity_id",
            "kind",
            "lifetime",
            "status",
            "created_at",
            "last_rotated_at",
            "rotation_basis",
            "storage",
            "storage_ref",
            "locator",
        ];
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bedrock-agentcore-identity!default/apikey/tavily-a1b2c3";
        let listed = format!("{BASE}:token-vault/default/apikeycredentialprovider/unused");
        let client = format!("{BASE}:token-vault/default/oauth2credentialprovider/idp");
        let (made, new) = ("2026-05-21T12:00:00Z", "2026-06-21T12:00:00Z");
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    secret,
                    "∅",
                    "api_token",
                    "static",
                    "active",
                    made,
                    new,
                    "secret_updated",
                    "secrets_manager",
                    "tavily",
                    "document 5"
                ],
                [
                    &listed,
                    "∅",
                    "api_token",
                    "static",
                    "active",
                    made,
                    "∅",
                    "created",
                    "secrets_manager",
                    "unused",
                    "document 2 /credentialProviders/1"
                ],
                [&client, "∅", "federated", "ephemeral", "active", made, "∅", "∅", "none", "idp", "document 6"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn lists_may_be_empty_or_bare() {
        let loaded = good("none.json");
        assert_eq!((loaded.estate.files[0].rows_read, covered(&loaded).len()), (0, 0));
        let rows = good("bare.json").rows(Credential::TABLE, &["kind", "storage_ref", "last_rotated_at"]);
        assert_eq!(rows, [["client_secret", "github", "∅"]]);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCoreIdentities, "aws.agentcore_identities/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 5, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..3],
            [
                "/workloadIdentities/1: `workloadIdentityArn` is not an ARN with an account",
                "/workloadIdentities/2: `createdTime` is not a date",
                "/workloadIdentities/3: the record names neither a provider nor an identity",
            ]
        );
        assert!(reasons[3].starts_with("/workloadIdentities/4: the record does not have the shape of a workload"));
        loaded.assert_no_canary();
    }
}
