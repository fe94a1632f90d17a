//! Pods, and what makes pods from a template: which workload runs as which service account, the tokens projected
//! into it, and secrets that its containers carry in clear text. Pods of one workload are one row, so that a
//! restart changes nothing, and are the same row as what makes them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PROVIDER;
use super::accounts::{Accounts, user_kind};
use super::meta::{Metadata, TemplateMetadata, account_id};
use super::plaintext::{self, Found};
use super::pods::without_run;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Exposure, IdentityUse};
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Reject, hash, json};

/// Life of a projected token whose pod asks for none, documented.
const DEFAULT_TOKEN_SECONDS: i64 = 3600;
/// Life that the API server writes into the token that it mounts itself. With its default flag
/// `--service-account-extend-token-expiration` it then issues a token of up to a year, so this number says
/// nothing about the life of that token.
const MOUNTED_TOKEN_SECONDS: i64 = 3607;
/// Longest life of a credential that counts as ephemeral.
const EPHEMERAL_SECONDS: i64 = 86_400;

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    spec: Spec,
}

/// A Deployment, Job or the like. A CronJob has its template inside that of its jobs.
#[derive(Deserialize)]
struct Controller {
    metadata: Metadata,
    spec: ControllerSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ControllerSpec {
    template: Option<Template>,
    job_template: Option<JobTemplate>,
}

#[derive(Deserialize)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Deserialize)]
struct JobSpec {
    template: Option<Template>,
}

#[derive(Deserialize)]
struct Template {
    metadata: Option<TemplateMetadata>,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    service_account_name: Option<String>,
    volumes: Option<Vec<Volume>>,
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    projected: Option<Projected>,
}

#[derive(Deserialize)]
struct Projected {
    sources: Option<Vec<Projection>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Projection {
    service_account_token: Option<TokenProjection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenProjection {
    audience: Option<String>,
    expiration_seconds: Option<i64>,
    path: Option<String>,
}

/// A container. It is never printed: `env` can hold secrets.
#[derive(Deserialize)]
struct Container {
    name: Option<String>,
    env: Option<Vec<Variable>>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: Option<String>,
}

/// Pods of one controller that run as one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Workload {
    namespace: String,
    name: String,
    account: String,
}

#[derive(Default)]
struct Use {
    user_kind: Option<&'static str>,
    environment: Option<Word>,
    first_seen: Option<Moment>,
    locator: String,
}

struct Plaintext {
    found: Found,
    first_seen: Option<Moment>,
    locator: String,
}

/// The workloads of one file.
#[derive(Default)]
pub(super) struct Workloads {
    uses: BTreeMap<Workload, Use>,
    /// By workload, volume and path, and longest life in seconds where it is known: where they first stood.
    tokens: BTreeMap<(Workload, String, Option<i64>), String>,
    /// By workload, container and variable, and hash.
    plaintexts: BTreeMap<(Workload, String, Option<String>), Plaintext>,
}

impl Workloads {
    pub fn take(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let Pod { metadata, spec } = json::parse(text, "a Pod")?;
        let name = workload_name(&metadata).to_owned();
        self.take_spec(&metadata, name, &spec, locator, out)
    }

    /// Reads what makes pods. One that another one made says nothing of its own.
    pub fn take_controller(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let Controller { metadata, spec } = json::parse(text, "a workload")?;
        if metadata.controller().is_some() {
            return Ok(());
        }
        let of_jobs = || spec.job_template.and_then(|jobs| jobs.spec.template);
        let Some(Template { metadata: made, spec }) = spec.template.or_else(of_jobs) else {
            return Err(Reject::because("the workload has no template of pods").into());
        };
        let name = metadata.name.clone();
        self.take_spec(&metadata.of_template(made), name, &spec, locator, out)
    }

    fn take_spec(
        &mut self,
        metadata: &Metadata,
        name: String,
        spec: &Spec,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let first_seen = metadata.created_at(locator, out)?;
        let account = spec.service_account_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
        let workload = Workload { namespace: metadata.namespace()?.to_owned(), name, account: account.to_owned() };
        let mut tokens = Vec::new();
        for volume in spec.volumes.iter().flatten() {
            let projections = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
            for token in projections.filter_map(|projection| projection.service_account_token.as_ref()) {
                let place = format!("{}/{}", volume_name(&volume.name), token.path.as_deref().unwrap_or("token"));
                tokens.push((workload.clone(), place, token_seconds(token)?));
            }
        }
        self.tokens.extend(tokens.into_iter().map(|token| (token, locator.to_owned())));
        for container in
            [&spec.containers, &spec.init_containers, &spec.ephemeral_containers].into_iter().flatten().flatten()
        {
            self.take_variables(&workload, container, first_seen, locator);
        }
        let known = self.uses.entry(workload).or_default();
        if known.locator.is_empty() {
            locator.clone_into(&mut known.locator);
        }
        known.user_kind = known.user_kind.or_else(|| user_kind(metadata));
        known.environment = known.environment.take().or_else(|| metadata.environment());
        known.first_seen = earlier(known.first_seen, first_seen);
        Ok(())
    }

    fn take_variables(
        &mut self,
        workload: &Workload,
        container: &Container,
        first_seen: Option<Moment>,
        locator: &str,
    ) {
        for variable in container.env.iter().flatten() {
            let Some(found) = variable.value.as_deref().and_then(|value| plaintext::find(&variable.name, value)) else {
                continue;
            };
            let place = format!("container {} env {}", container.name.as_deref().unwrap_or("-"), variable.name);
            let sha256 = found.fingerprints.as_ref().map(|(sha256, _)| sha256.clone());
            self.plaintexts
                .entry((workload.clone(), place, sha256))
                .and_modify(|known| known.first_seen = earlier(known.first_seen, first_seen))
                .or_insert_with(|| Plaintext { found, first_seen, locator: locator.to_owned() });
        }
    }

    pub fn write(&self, accounts: &Accounts, input: &Input, out: &mut Output) -> Result<(), Broken> {
        self.write_uses(accounts, input, out)?;
        self.write_tokens(input, out)?;
        self.write_plaintexts(input, out)
    }

    fn write_uses(&self, accounts: &Accounts, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let kinds: BTreeMap<(&str, &str), &'static str> = accounts
            .iter()
            .filter_map(|account| Some(((account.namespace.as_str(), account.name.as_str()), account.user_kind?)))
            .collect();
        for (workload, known) in &self.uses {
            let of_account = || kinds.get(&(workload.namespace.as_str(), workload.account.as_str())).copied();
            out.push(IdentityUse {
                identity_id: workload.account_id(input),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(input.scope_id.clone())),
                user_kind: Word::from(known.user_kind.or_else(of_account).unwrap_or("pod")),
                user_ref: workload.to_string(),
                environment: known.environment.clone().or_else(|| accounts.environment_of(&workload.namespace)),
                first_seen: known.first_seen,
                basis: Word::from("config"),
                source_id: input.source_id.clone(),
                locator: known.locator.clone(),
                ..IdentityUse::default()
            })?;
        }
        Ok(())
    }

    fn write_tokens(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let cluster = &input.scope_id;
        for ((workload, place, seconds), locator) in &self.tokens {
            let is_ephemeral = seconds.is_some_and(|seconds| seconds <= EPHEMERAL_SECONDS);
            out.push(Credential {
                credential_id: format!("k8s:{cluster}:bound:{}:{}:{place}", workload.namespace, workload.name),
                identity_id: Some(workload.account_id(input)),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(cluster.clone())),
                kind: Word::from("bound_token"),
                lifetime: Some(Word::from(if is_ephemeral { "ephemeral" } else { "expiring" })),
                status: Some(Word::from("active")),
                never_expires: Some(false),
                ttl_seconds: *seconds,
                storage: Some(Word::from("none")),
                source_id: input.source_id.clone(),
                locator: locator.clone(),
                ..Credential::default()
            })?;
        }
        Ok(())
    }

    fn write_plaintexts(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let cluster = &input.scope_id;
        for ((workload, place, _), known) in &self.plaintexts {
            let credential_id =
                format!("k8s:{cluster}:env:{}:{}:{}", workload.namespace, workload.name, place.replace(' ', ":"));
            let location = format!("pod {workload} {place}");
            let (sha256, sha1) = known.found.fingerprints.clone().unzip();
            out.push(Exposure {
                exposure_id: hash::row_id(&[PROVIDER, cluster, &location, sha256.as_deref().unwrap_or_default()]),
                credential_id: Some(credential_id.clone()),
                identity_id: Some(workload.account_id(input)),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(cluster.clone())),
                secret_kind: Word::from(known.found.secret_kind),
                location_type: Word::from("env_plaintext"),
                location: location.clone(),
                first_seen_at: known.first_seen,
                status: Some(Word::from("open")),
                verified: Some(false),
                fingerprint: sha256.clone(),
                fingerprint_sha1: sha1.clone(),
                source_id: input.source_id.clone(),
                locator: known.locator.clone(),
                ..Exposure::default()
            })?;
            out.push(Credential {
                credential_id,
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(cluster.clone())),
                kind: Word::from(known.found.kind),
                lifetime: Some(Word::from("static")),
                status: Some(Word::from("active")),
                storage: Some(Word::from("env_plaintext")),
                storage_ref: Some(location),
                fingerprint: sha256,
                fingerprint_sha1: sha1,
                source_id: input.source_id.clone(),
                locator: known.locator.clone(),
                ..Credential::default()
            })?;
        }
        Ok(())
    }
}

impl Workload {
    fn account_id(&self, input: &Input) -> String {
        account_id(&input.scope_id, &self.namespace, &self.account)
    }
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    one.into_iter().chain(other).min()
}

/// The name of what a pod belongs to: its Deployment, StatefulSet, CronJob, ..., or the pod itself.
fn workload_name(pod: &Metadata) -> &str {
    let Some(owner) = pod.controller() else { return &pod.name };
    match owner.kind.as_str() {
        // A Deployment's ReplicaSet bears its name and a hash, which the pod repeats as a label.
        "ReplicaSet" => pod
            .label("pod-template-hash")
            .and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'))
            .unwrap_or(&owner.name),
        "Job" => without_run(&owner.name),
        // A static pod bears the name of its node as well.
        "Node" => pod.name.strip_suffix(&owner.name).and_then(|name| name.strip_suffix('-')).unwrap_or(&pod.name),
        _ => &owner.name,
    }
}

/// The name of a volume; that of the automatic mount ends in letters that differ from pod to pod.
fn volume_name(name: &str) -> &str {
    const MOUNT: &str = "kube-api-access";
    name.strip_prefix(MOUNT).filter(|rest| rest.starts_with('-')).map_or(name, |_| MOUNT)
}

/// How long a projected token lives at most, where the pod's wish says so.
fn token_seconds(token: &TokenProjection) -> Result<Option<i64>, Reject> {
    let seconds = token.expiration_seconds.unwrap_or(DEFAULT_TOKEN_SECONDS);
    if seconds <= 0 {
        return Err(Reject::because("`expirationSeconds` is not a number above zero"));
    }
    let is_mount = seconds == MOUNTED_TOKEN_SECONDS && token.audience.as_deref().is_none_or(str::is_empty);
    Ok((!is_mount).then_some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(json: &str) -> String {
        let metadata: Metadata = serde_json::from_str(json).unwrap();
        workload_name(&metadata).to_owned()
    }

    #[test]
    fn a_pod_belongs_to_what_outlives_it() {
        let owned = |kind: &str, owner: &str| {
            format!(
                r#"{{"name": "api-5d9c-x2x", "labels": {{"pod-template-hash": "5d9c"}},
                    "ownerReferences": [{{"kind": "{kind}", "name": "{owner}", "controller": true}}]}}"#
            )
        };
        assert_eq!(name(r#"{"name": "api-0"}"#), "api-0");
        assert_eq!(name(&owned("ReplicaSet", "api-5d9c")), "api");
        assert_eq!(name(&owned("ReplicaSet", "api-other")), "api-other", "a ReplicaSet of its own");
        assert_eq!(name(&owned("StatefulSet", "db")), "db");
        assert_eq!(name(&owned("Job", "backup-29112345")), "backup");
        assert_eq!(name(&owned("Job", "migrate-7")), "migrate-7");
        assert_eq!(name(&owned("Node", "x2x")), "api-5d9c");
        let second = r#"{"name": "p", "ownerReferences": [{"kind": "X", "name": "x"}, {"kind": "Y", "name": "y", "controller": true}]}"#;
        assert_eq!(name(second), "y", "the controller before other owners");
    }

    #[test]
    fn the_life_of_a_token_is_what_its_pod_asks_for() {
        let seconds = |json: &str| token_seconds(&serde_json::from_str(json).unwrap());
        assert_eq!(seconds("{}"), Ok(Some(3600)));
        assert_eq!(seconds(r#"{"expirationSeconds": 600}"#), Ok(Some(600)));
        assert_eq!(seconds(r#"{"expirationSeconds": 3607}"#), Ok(None), "the API server may issue a year");
        assert_eq!(seconds(r#"{"expirationSeconds": 3607, "audience": "vault"}"#), Ok(Some(3607)));
        assert!(seconds(r#"{"expirationSeconds": 0}"#).is_err());
    }

    #[test]
    fn names_of_automatic_mounts_are_the_same_for_all_pods() {
        assert_eq!(volume_name("kube-api-access-x2x9k"), "kube-api-access");
        assert_eq!(volume_name("aws-iam-token"), "aws-iam-token");
    }
}
