//! Service accounts and the namespaces that they lie in: identities, their owners and environments, and
//! the cloud identities that they may become. Namespaces can stand after accounts, so both wait for the
//! file's end.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PROVIDER;
use super::meta::{Metadata, account_id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Identity, IdentityUse};
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, json};

/// The label by which a workload says what it is, and the words of it that concern AI.
const COMPONENT: &str = "app.kubernetes.io/component";

/// A service account or a namespace: only its metadata matters.
#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

/// What a namespace says of everything in it.
#[derive(Default)]
struct Namespace {
    owner: Option<String>,
    environment: Option<Word>,
}

/// One service account, waiting for its namespace.
pub(super) struct Account {
    pub namespace: String,
    pub name: String,
    /// What it says its workloads are: `agent` or `inference_service`.
    pub user_kind: Option<&'static str>,
    created_at: Option<Moment>,
    owner: Option<String>,
    environment: Option<Word>,
    /// Cloud identities that its workloads may become.
    becomes: Vec<String>,
    locator: String,
}

/// The service accounts and namespaces of one file.
#[derive(Default)]
pub(super) struct Accounts {
    accounts: Vec<Account>,
    namespaces: BTreeMap<String, Namespace>,
}

impl Accounts {
    pub fn take(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let Object { metadata } = json::parse(text, "a ServiceAccount")?;
        self.accounts.push(Account {
            namespace: metadata.namespace()?.to_owned(),
            created_at: metadata.created_at(locator, out)?,
            user_kind: user_kind(&metadata),
            owner: metadata.owner(),
            environment: metadata.environment(),
            becomes: cloud_identities(&metadata),
            name: metadata.name,
            locator: locator.to_owned(),
        });
        Ok(())
    }

    pub fn take_namespace(&mut self, text: &str) -> Result<(), Stop> {
        let Object { metadata } = json::parse(text, "a Namespace")?;
        let namespace = Namespace { owner: metadata.owner(), environment: metadata.environment() };
        self.namespaces.insert(metadata.name, namespace);
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    pub fn environment_of(&self, namespace: &str) -> Option<Word> {
        self.namespaces.get(namespace)?.environment.clone()
    }

    pub fn write(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let nothing = Namespace::default();
        for account in &self.accounts {
            let namespace = self.namespaces.get(&account.namespace).unwrap_or(&nothing);
            let (owner, owner_basis) = nearest(account.owner.as_ref(), namespace.owner.as_ref());
            let (environment, environment_basis) =
                nearest(account.environment.as_ref(), namespace.environment.as_ref());
            let identity_id = account_id(&input.scope_id, &account.namespace, &account.name);
            for cloud_identity in &account.becomes {
                out.push(IdentityUse {
                    identity_id: cloud_identity.clone(),
                    provider: Word::from(PROVIDER),
                    scope_id: Some(Word(input.scope_id.clone())),
                    user_kind: Word::from(account.user_kind.unwrap_or("pod")),
                    user_ref: identity_id.clone(),
                    environment: environment.clone(),
                    basis: Word::from("config"),
                    source_id: input.source_id.clone(),
                    locator: account.locator.clone(),
                    ..IdentityUse::default()
                })?;
            }
            out.push(Identity {
                identity_id,
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(input.scope_id.clone())),
                kind: Word::from("service_account"),
                name: format!("{}/{}", account.namespace, account.name),
                native_id: format!("system:serviceaccount:{}:{}", account.namespace, account.name),
                is_human: Some(false),
                owner,
                owner_basis,
                environment,
                environment_basis,
                created_at: account.created_at,
                enabled: Some(true),
                source_id: input.source_id.clone(),
                locator: account.locator.clone(),
                ..Identity::default()
            })?;
        }
        Ok(())
    }
}

/// What the object says itself, else what its namespace says, and which of the two.
fn nearest<T: Clone>(own: Option<&T>, namespace: Option<&T>) -> (Option<T>, Option<Word>) {
    match (own, namespace) {
        (Some(own), _) => (Some(own.clone()), Some(Word::from("label"))),
        (None, Some(theirs)) => (Some(theirs.clone()), Some(Word::from("namespace"))),
        (None, None) => (None, None),
    }
}

/// The kind of user that an object's component label states. Nothing is guessed from names.
pub(super) fn user_kind(metadata: &Metadata) -> Option<&'static str> {
    match metadata.label(COMPONENT)? {
        "agent" => Some("agent"),
        "inference" => Some("inference_service"),
        _ => None,
    }
}

/// Cloud identities that an account's annotations name. That the cloud lets the account become them is the
/// cloud's trust and comes from its own export; the annotation shows that workloads mean to use it.
fn cloud_identities(metadata: &Metadata) -> Vec<String> {
    let role = metadata.annotation("eks.amazonaws.com/role-arn").filter(|arn| arn.starts_with("arn:"));
    let client = metadata.annotation("azure.workload.identity/client-id");
    // Without a tenant it is the one that the cluster's webhook was set up with.
    let tenant = metadata.annotation("azure.workload.identity/tenant-id");
    let email = metadata.annotation("iam.gke.io/gcp-service-account").filter(|email| email.contains('@'));
    role.map(str::to_owned)
        .into_iter()
        .chain(client.map(|id| match tenant {
            Some(tenant) => format!("entra:{tenant}:app:{id}").to_lowercase(),
            None => format!("entra:app:{id}").to_lowercase(),
        }))
        .chain(email.map(|email| format!("gcp:{}", email.to_lowercase())))
        .collect()
}
