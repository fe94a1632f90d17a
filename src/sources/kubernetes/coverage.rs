//! What a file of Kubernetes objects proves. A kind of which no object is there may not have been asked for,
//! so it proves nothing.

use std::collections::BTreeSet;

use super::PROVIDER;
use crate::inventory::{Fact, Level};
use crate::sources::{Input, Output};

/// Kinds of objects that say something about identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Namespace,
    ServiceAccount,
    Secret,
    Pod,
    /// Deployments, jobs and the like, which make pods from a template.
    Controller,
    Role,
    ClusterRole,
    RoleBinding,
    ClusterRoleBinding,
}

impl Kind {
    /// The kind of that name. Other API groups have kinds of the same names, such as cloud roles.
    pub fn of(kind: &str, api_version: Option<&str>) -> Option<Self> {
        let (known, group) = match kind {
            "Namespace" => (Self::Namespace, ""),
            "ServiceAccount" => (Self::ServiceAccount, ""),
            "Secret" => (Self::Secret, ""),
            "Pod" => (Self::Pod, ""),
            "ReplicationController" => (Self::Controller, ""),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => (Self::Controller, "apps"),
            "Job" | "CronJob" => (Self::Controller, "batch"),
            "Role" => (Self::Role, "rbac.authorization.k8s.io"),
            "ClusterRole" => (Self::ClusterRole, "rbac.authorization.k8s.io"),
            "RoleBinding" => (Self::RoleBinding, "rbac.authorization.k8s.io"),
            "ClusterRoleBinding" => (Self::ClusterRoleBinding, "rbac.authorization.k8s.io"),
            _ => return None,
        };
        let group_of = |version: &str| version.split_once('/').map_or("", |(group, _)| group) == group;
        api_version.is_none_or(group_of).then_some(known)
    }
}

/// What was met in a file.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub kinds: BTreeSet<Kind>,
    /// Whether the file is one list, and not single objects that somebody picked.
    pub is_list: bool,
    /// Whether the objects were written by hand, for a cluster that may hold others.
    pub are_manifests: bool,
    /// Whether a token says when it was last used.
    pub last_use: bool,
    /// Whether service accounts lie in more than one namespace, as those of every whole cluster do.
    pub many_namespaces: bool,
}

/// States how far a fact is covered, and why not further.
type State<'a> = dyn Fn(Fact, Level, Option<&str>, &mut Output) + 'a;

impl Seen {
    pub fn cover(&self, input: &Input, out: &mut Output) {
        let state = |fact, level, note: Option<&str>, out: &mut Output| {
            let (level, note) = match self.limit() {
                Some(limit) if level == Level::Full => (Level::Partial, Some(limit)),
                _ => (level, note),
            };
            out.cover(PROVIDER, &input.scope_id, fact, level, note);
        };
        if self.has(Kind::ServiceAccount) {
            state(Fact::Identity, Level::Full, None, out);
            // An owner or environment may stand on the namespace alone.
            let (level, note) = if self.has(Kind::Namespace) {
                (Level::Full, None)
            } else {
                (Level::Partial, Some("namespaces, whose labels can name it, are not in the file"))
            };
            state(Fact::Owner, level, note, out);
            state(Fact::Environment, level, note, out);
        } else if self.has(Kind::RoleBinding) || self.has(Kind::ClusterRoleBinding) {
            state(Fact::Identity, Level::Partial, Some("only users and groups that bindings name"), out);
        }
        self.cover_credentials(&state, out);
        self.cover_entitlements(&state, out);
        if self.has(Kind::Pod) {
            state(Fact::Use, Level::Full, None, out);
        } else if self.has(Kind::Controller) {
            state(Fact::Use, Level::Partial, Some("pods are not in the file, only what makes some of them"), out);
        }
        if self.are_manifests && self.has(Kind::Secret) {
            state(Fact::ExposureCode, Level::Partial, Some("secrets and container environments only"), out);
        } else if self.has_workloads() {
            state(Fact::ExposureCode, Level::Partial, Some("container environments only"), out);
        }
    }

    fn cover_credentials(&self, state: &State<'_>, out: &mut Output) {
        if self.has(Kind::Secret) {
            let pods = (!self.has(Kind::Pod)).then_some("tokens projected into pods are not in the file");
            for fact in [Fact::Credential, Fact::CredentialRotation, Fact::CredentialExpiry, Fact::CredentialStorage] {
                state(fact, Level::Full, pods, out);
            }
            let (level, note) = if self.last_use {
                (Level::Partial, "only service-account tokens of clusters from 1.26 say when they were last used")
            } else {
                (Level::None, "no secret says when it was last used")
            };
            state(Fact::CredentialLastUsed, level, Some(note), out);
        } else if self.has_workloads() {
            for fact in [Fact::Credential, Fact::CredentialExpiry, Fact::CredentialStorage] {
                state(fact, Level::Partial, Some("secrets are not in the file"), out);
            }
        }
    }

    fn cover_entitlements(&self, state: &State<'_>, out: &mut Output) {
        if !self.has(Kind::RoleBinding) && !self.has(Kind::ClusterRoleBinding) {
            return;
        }
        let missing: Vec<&str> = [
            (Kind::Role, "roles"),
            (Kind::ClusterRole, "cluster roles"),
            (Kind::RoleBinding, "role bindings"),
            (Kind::ClusterRoleBinding, "cluster role bindings"),
        ]
        .into_iter()
        .filter(|(kind, _)| !self.has(*kind))
        .map(|(_, name)| name)
        .collect();
        if missing.is_empty() {
            state(Fact::Entitlement, Level::Full, None, out);
        } else {
            let note = format!("not in the file: {}", missing.join(", "));
            state(Fact::Entitlement, Level::Partial, Some(&note), out);
        }
    }

    fn has_workloads(&self) -> bool {
        self.has(Kind::Pod) || self.has(Kind::Controller)
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Why nothing in the file can be all there is.
    fn limit(&self) -> Option<&'static str> {
        if self.are_manifests {
            Some("manifests: what somebody wrote down, which need not be what the cluster holds")
        } else if !self.is_list {
            Some("single objects, not a list")
        } else if self.has(Kind::ServiceAccount) && !self.many_namespaces {
            // Every namespace has a service account, and every cluster has several namespaces.
            Some("service accounts of one namespace only: exported without `-A`")
        } else {
            None
        }
    }
}
