//! Roles, bindings and who holds them: entitlements, and the users and groups that bindings name. Roles can
//! stand after the bindings that refer to them, so both wait for the file's end.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::PROVIDER;
use super::accounts::Accounts;
use super::meta::{Metadata, account_id};
use super::rules::{Grant, Meaning, Rule, grants, well_known};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Entitlement, Identity};
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, hash, json};

const CLUSTER_ROLE: &str = "ClusterRole";
/// Name under which a service account speaks, followed by `namespace:name`.
const ACCOUNT_USER: &str = "system:serviceaccount:";
/// Group of all service accounts; followed by `:namespace`, of those in one namespace.
const ACCOUNT_GROUP: &str = "system:serviceaccounts";
/// Group of everybody whom the cluster knows.
const EVERYBODY: &str = "system:authenticated";
/// Label of the bindings that every cluster has.
const BUILT_IN: &str = "kubernetes.io/bootstrapping";

#[derive(Deserialize)]
struct Role {
    metadata: Metadata,
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleBinding {
    metadata: Metadata,
    role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

#[derive(Deserialize)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct Subject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

/// Where a role lies, `None` for the whole cluster, and its name.
type RoleKey = (Option<String>, String);

/// A binding, without what its entitlements do not need.
struct Binding {
    name: String,
    namespace: Option<String>,
    role: RoleRef,
    holders: Vec<Holder>,
    is_built_in: bool,
    granted_at: Option<Moment>,
    locator: String,
}

/// Who holds a binding's role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Account { namespace: String, name: String },
    User(String),
    Group(String),
}

/// The roles and bindings of one file.
#[derive(Default)]
pub(super) struct Access {
    roles: BTreeMap<RoleKey, Vec<Rule>>,
    bindings: Vec<Binding>,
}

impl Access {
    pub fn take_role(&mut self, text: &str, in_cluster: bool) -> Result<(), Stop> {
        let Role { metadata, rules } = json::parse(text, if in_cluster { "a ClusterRole" } else { "a Role" })?;
        let namespace = if in_cluster { None } else { Some(metadata.namespace()?.to_owned()) };
        self.roles.insert((namespace, metadata.name), rules.unwrap_or_default());
        Ok(())
    }

    pub fn take_binding(&mut self, text: &str, in_cluster: bool, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let what = if in_cluster { "a ClusterRoleBinding" } else { "a RoleBinding" };
        let RoleBinding { metadata, role_ref, subjects } = json::parse(text, what)?;
        let namespace = if in_cluster { None } else { Some(metadata.namespace()?.to_owned()) };
        let granted_at = metadata.created_at(locator, out)?;
        let holders: BTreeSet<Holder> =
            subjects.into_iter().flatten().filter_map(|subject| Holder::of(subject, namespace.as_deref())).collect();
        self.bindings.push(Binding {
            is_built_in: metadata.label(BUILT_IN).is_some(),
            name: metadata.name,
            namespace,
            role: role_ref,
            holders: holders.into_iter().collect(),
            granted_at,
            locator: locator.to_owned(),
        });
        Ok(())
    }

    pub fn write(&self, accounts: &Accounts, input: &Input, out: &mut Output) -> Result<(), Broken> {
        self.write_subjects(input, out)?;
        for binding in &self.bindings {
            let rights = self.rights(binding);
            for holder in &binding.holders {
                let via = binding.via();
                for right in &rights {
                    out.push(right.entitlement(&holder.id(&input.scope_id), &via, binding, input))?;
                }
                let Holder::Group(group) = holder else { continue };
                // Built-in bindings give every account the same few discovery rights: noise, not risk.
                if binding.is_built_in {
                    continue;
                }
                for account in accounts.iter().filter(|account| is_member(group, &account.namespace)) {
                    let identity_id = account_id(&input.scope_id, &account.namespace, &account.name);
                    let via = format!("group:{group}/{via}");
                    for right in &rights {
                        out.push(right.entitlement(&identity_id, &via, binding, input))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Users and groups are no objects of a cluster: bindings are where they appear.
    fn write_subjects(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut subjects: BTreeMap<&Holder, &str> = BTreeMap::new();
        for binding in &self.bindings {
            for holder in &binding.holders {
                subjects.entry(holder).or_insert(&binding.locator);
            }
        }
        for (holder, locator) in subjects {
            let (kind, is_human, name) = match holder {
                // An account that a binding names need not exist; its own record says whether it does.
                Holder::Account { .. } => continue,
                Holder::User(name) => {
                    let (kind, is_human) = kind_of_user(name);
                    (kind, is_human, name)
                }
                Holder::Group(name) => ("group", None, name),
            };
            out.push(Identity {
                identity_id: holder.id(&input.scope_id),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(input.scope_id.clone())),
                kind: Word::from(kind),
                name: name.clone(),
                native_id: name.clone(),
                is_human,
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..Identity::default()
            })?;
        }
        Ok(())
    }

    /// What a binding gives each of its holders.
    fn rights(&self, binding: &Binding) -> Vec<Right> {
        let in_cluster = binding.namespace.is_none();
        let of_cluster = binding.role.kind == CLUSTER_ROLE;
        let key = (if of_cluster { None } else { binding.namespace.clone() }, binding.role.name.clone());
        if let Some(rules) = self.roles.get(&key) {
            return grants(rules, in_cluster).into_iter().map(Right::Granted).collect();
        }
        let meaning = if of_cluster { well_known(&binding.role.name, in_cluster) } else { None };
        vec![Right::Role(meaning)]
    }
}

/// One thing that a binding gives: a rule of its role, or, where the role is not in the file, the role.
enum Right {
    Granted(Grant),
    Role(Option<Meaning>),
}

impl Right {
    fn entitlement(&self, identity_id: &str, via: &str, binding: &Binding, input: &Input) -> Entitlement {
        let everywhere =
            || binding.namespace.as_ref().map_or_else(|| "*".to_owned(), |name| format!("namespace/{name}"));
        let (action, action_kind, resource, condition, meaning) = match self {
            Self::Granted(grant) => {
                let meaning = Meaning {
                    is_admin: Some(grant.is_admin),
                    is_wildcard_action: Some(grant.is_wildcard_action),
                    is_wildcard_resource: Some(grant.is_wildcard_resource),
                    can_escalate: Some(grant.can_escalate),
                };
                let resource = grant.url.as_ref().map_or_else(everywhere, |url| format!("url:{url}"));
                (grant.action.clone(), "permission", resource, Some(grant.condition.clone()), meaning)
            }
            Self::Role(known) => {
                let action = format!("{}/{}", binding.role.kind, binding.role.name);
                let condition = known.map(|_| String::new());
                (action, "role", everywhere(), condition, known.unwrap_or_default())
            }
        };
        let parts = [PROVIDER, identity_id, "allow", &action, &resource, via, condition.as_deref().unwrap_or_default()];
        Entitlement {
            entitlement_id: hash::row_id(&parts),
            identity_id: identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            effect: Word::from("allow"),
            action,
            action_kind: Word::from(action_kind),
            resource,
            via: via.to_owned(),
            is_admin: meaning.is_admin,
            is_wildcard_action: meaning.is_wildcard_action,
            is_wildcard_resource: meaning.is_wildcard_resource,
            can_escalate: meaning.can_escalate,
            condition,
            granted_at: binding.granted_at,
            // RBAC has neither an end nor an activation.
            eligible_only: Some(false),
            source_id: input.source_id.clone(),
            locator: binding.locator.clone(),
            ..Entitlement::default()
        }
    }
}

impl Binding {
    fn via(&self) -> String {
        let kind = if self.namespace.is_some() { "binding" } else { "clusterbinding" };
        format!("{kind}:{}", self.name)
    }
}

impl Holder {
    /// The holder that a subject names; `None` where the authorizer would match nobody.
    fn of(subject: Subject, binding_namespace: Option<&str>) -> Option<Self> {
        let Subject { kind, name, namespace } = subject;
        match kind.as_str() {
            "ServiceAccount" => {
                let namespace = namespace.filter(|namespace| !namespace.is_empty());
                let namespace = namespace.or_else(|| binding_namespace.map(str::to_owned))?;
                Some(Self::Account { namespace, name })
            }
            "User" => Some(match account_of(&name) {
                Some((namespace, name)) => Self::Account { namespace: namespace.to_owned(), name: name.to_owned() },
                None => Self::User(name),
            }),
            "Group" => Some(Self::Group(name)),
            _ => None,
        }
    }

    fn id(&self, cluster: &str) -> String {
        match self {
            Self::Account { namespace, name } => account_id(cluster, namespace, name),
            Self::User(name) => format!("k8s:{cluster}:user:{name}"),
            Self::Group(name) => format!("k8s:{cluster}:group:{name}"),
        }
    }
}

/// Id of whoever speaks under a name: of a service account, else of a user.
pub(super) fn principal_id(cluster: &str, name: &str) -> String {
    match account_of(name) {
        Some((namespace, name)) => account_id(cluster, namespace, name),
        None => Holder::User(name.to_owned()).id(cluster),
    }
}

/// Namespace and name of the service account that speaks under a name.
pub(super) fn account_of(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(ACCOUNT_USER).and_then(|rest| rest.split_once(':'))
}

/// Kind of a user, and whether a person is behind it. User accounts are meant for people, but managed
/// clusters also let cloud machines in under names of their own.
pub(super) fn kind_of_user(name: &str) -> (&'static str, Option<bool>) {
    let is_cloud_role = name.starts_with("arn:") && (name.contains(":role/") || name.contains(":assumed-role/"));
    if name == "system:anonymous" {
        ("service_principal", None)
    } else if name.starts_with("system:") || name.ends_with(".gserviceaccount.com") || is_cloud_role {
        ("service_principal", Some(false))
    } else if uuid::Uuid::try_parse(name).is_ok() {
        // An object id of the directory, of a person or of a service principal.
        ("user", None)
    } else {
        ("human", Some(true))
    }
}

/// Whether service accounts of a namespace belong to a group by being there.
fn is_member(group: &str, namespace: &str) -> bool {
    let of_namespace = || group.strip_prefix(ACCOUNT_GROUP).and_then(|rest| rest.strip_prefix(':')) == Some(namespace);
    group == ACCOUNT_GROUP || group == EVERYBODY || of_namespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(kind: &str, name: &str, namespace: Option<&str>, binding: Option<&str>) -> Option<String> {
        let subject = Subject { kind: kind.into(), name: name.into(), namespace: namespace.map(str::to_owned) };
        Some(Holder::of(subject, binding)?.id("c"))
    }

    #[test]
    fn subjects_become_ids() {
        assert_eq!(holder("ServiceAccount", "a", Some("n"), None).as_deref(), Some("k8s:c:sa:n:a"));
        assert_eq!(holder("ServiceAccount", "a", None, Some("b")).as_deref(), Some("k8s:c:sa:b:a"));
        assert_eq!(holder("ServiceAccount", "a", None, None), None);
        assert_eq!(holder("User", "system:serviceaccount:n:a", None, None).as_deref(), Some("k8s:c:sa:n:a"));
        assert_eq!(holder("User", "ann@acme.example", None, None).as_deref(), Some("k8s:c:user:ann@acme.example"));
        assert_eq!(holder("Group", "system:masters", None, None).as_deref(), Some("k8s:c:group:system:masters"));
    }

    #[test]
    fn users_are_people_unless_their_names_say_otherwise() {
        assert_eq!(kind_of_user("ann@acme.example"), ("human", Some(true)));
        assert_eq!(kind_of_user("system:kube-scheduler"), ("service_principal", Some(false)));
        assert_eq!(kind_of_user("system:anonymous"), ("service_principal", None));
        assert_eq!(kind_of_user("ci@acme.iam.gserviceaccount.com"), ("service_principal", Some(false)));
        assert_eq!(kind_of_user("arn:aws:iam::111122223333:role/ci"), ("service_principal", Some(false)));
        assert_eq!(kind_of_user("11111111-2222-3333-4444-555555555555"), ("user", None));
    }

    #[test]
    fn accounts_belong_to_groups_by_their_namespace() {
        assert!(is_member("system:serviceaccounts", "dev") && is_member("system:authenticated", "dev"));
        assert!(is_member("system:serviceaccounts:dev", "dev"));
        assert!(!is_member("system:serviceaccounts:dev", "development") && !is_member("system:masters", "dev"));
    }
}
