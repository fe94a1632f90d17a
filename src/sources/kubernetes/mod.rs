//! `kubectl get ... -o json`: lists of Kubernetes objects, of one kind or of several, or single objects.
//! Objects refer to each other in any order, so their short forms wait for the file's end.

mod accounts;
mod coverage;
mod meta;
pub(super) mod plaintext;
mod rbac;
mod rules;
mod secrets;
#[cfg(test)]
mod tests;
mod workloads;

use std::collections::BTreeSet;

use serde::Deserialize;

use self::accounts::Accounts;
use self::coverage::{Kind, Seen};
use self::rbac::Access;
use self::workloads::Workloads;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const PROVIDER: &str = "k8s";
/// API group of the audit log, whose events look like objects.
const AUDIT: &str = "audit.k8s.io/";

/// `kubectl get ... -A -o json`.
pub struct KubernetesList;

impl Source for KubernetesList {
    fn about(&self) -> &'static About {
        &About {
            kind: "k8s.list",
            title: "Kubernetes objects",
            provider: PROVIDER,
            command: "kubectl get namespaces,serviceaccounts,secrets,pods,roles,rolebindings,clusterroles,\
                      clusterrolebindings -A -o json > cluster.json",
            recognises: "JSON with `apiVersion` and `items`, or with `apiVersion` and a `kind` that says something \
                         about identities",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Owner, Level::Full),
                (Fact::Environment, Level::Full),
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::CredentialStorage, Level::Full),
                (Fact::Entitlement, Level::Full),
                (Fact::Use, Level::Full),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.first_line().starts_with("apiVersion:") {
            return Recognised::Maybe(
                "Kubernetes YAML; export the objects again with `kubectl get ... -o json`".into(),
            );
        }
        if !probe.has_key("apiVersion") {
            return Recognised::No;
        }
        let version = probe.text_at("apiVersion");
        if version.is_some_and(|version| version.starts_with(AUDIT)) {
            return Recognised::Maybe("a Kubernetes audit log, which Rungs does not read; export the objects".into());
        }
        let kind = probe.text_at("kind");
        if probe.has_key("items") {
            // kubectl writes `kind` after the items, where the head does not reach.
            return match kind.map(|kind| (kind, kind.strip_suffix("List"))) {
                None | Some(("List", _)) => Recognised::yes_if(probe.head().contains("\"metadata\"")),
                Some((_, Some(item))) if Kind::of(item, version).is_some() => Recognised::Yes,
                Some((_, Some(_))) => {
                    Recognised::Maybe("a list of Kubernetes objects that say nothing about identities".into())
                }
                Some((_, None)) => Recognised::No,
            };
        }
        let is_known = kind.is_some_and(|kind| Kind::of(kind, version).is_some());
        let is_any = probe.is_json_array() && kind.is_some() && probe.has_key("metadata");
        Recognised::yes_if(is_known || is_any)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.file).map_err(|error| Broken::io(&error))?;
        let mut cluster = Cluster::new(input);
        let read = if probe.has_key("items") || probe.is_json_array() {
            cluster.read_list(out)
        } else {
            cluster.read_objects(out)
        };
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        // What was counted as read is written even where the file breaks off after it.
        cluster.write(out)?;
        read
    }
}

/// What an object or a list says of its type.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    kind: Option<String>,
    api_version: Option<String>,
}

/// What a list says of itself.
#[derive(Deserialize)]
struct ListMetadata {
    #[serde(rename = "continue")]
    next_page: Option<String>,
}

/// What one file says of a cluster.
struct Cluster<'a> {
    input: &'a Input,
    seen: Seen,
    accounts: Accounts,
    access: Access,
    workloads: Workloads,
}

impl<'a> Cluster<'a> {
    fn new(input: &'a Input) -> Self {
        let (accounts, access, workloads) = (Accounts::default(), Access::default(), Workloads::default());
        Self { input, seen: Seen::default(), accounts, access, workloads }
    }

    fn read_list(&mut self, out: &mut Output) -> Result<(), Broken> {
        self.seen.is_list = true;
        let mut list = ListType::default();
        let reader = self.input.reader()?;
        json::pieces(reader, &["items"], &["kind", "apiVersion", "metadata"], &mut |piece| {
            if piece.is_element {
                return out.record(&piece.pointer, |out| self.take(piece.text(), &mut list, &piece.pointer, out));
            }
            match piece.key.as_str() {
                "kind" => list.known.kind = piece.parse("a kind").ok(),
                "apiVersion" => list.known.api_version = piece.parse("an API version").ok(),
                _ => {
                    let page: Option<ListMetadata> = piece.parse("a list's metadata").ok();
                    let next_page = page.and_then(|page| page.next_page);
                    out.pages_missing(next_page.is_some_and(|token| !token.is_empty()));
                }
            }
            Ok(())
        })?;
        // A list of one kind covers it even where it is empty.
        self.seen.kinds.extend(list.item_kind());
        Ok(())
    }

    /// Objects that follow each other, or only one.
    fn read_objects(&mut self, out: &mut Output) -> Result<(), Broken> {
        let mut list = ListType { is_complete: true, ..ListType::default() };
        json::documents(self.input.reader()?, &mut |number, document| {
            let locator = format!("document {number}");
            out.record(&locator, |out| self.take(document.get(), &mut list, &locator, out))
        })
    }

    fn take(&mut self, text: &str, list: &mut ListType, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let own: Type = json::parse(text, "a Kubernetes object")?;
        let kind = match own.kind.as_deref() {
            Some(kind) if is_list(kind) => {
                return Err(Reject::because("a list within a list; export the objects as one list").into());
            }
            Some(kind) => Kind::of(kind, own.api_version.as_deref()),
            None => {
                list.complete(self.input)?;
                if list.known.kind.as_deref().is_none_or(|kind| kind == "List" || !kind.ends_with("List")) {
                    return Err(Reject::because("neither the object nor its list says of what kind it is").into());
                }
                list.item_kind()
            }
        };
        // Objects of other kinds are understood: they say nothing here.
        let Some(kind) = kind else { return Ok(()) };
        self.seen.kinds.insert(kind);
        match kind {
            Kind::Namespace => self.accounts.take_namespace(text),
            Kind::ServiceAccount => self.accounts.take(text, locator, out),
            Kind::Secret => {
                self.seen.last_use |= secrets::take(text, locator, self.input, out)?;
                Ok(())
            }
            Kind::Pod => self.workloads.take(text, locator, out),
            Kind::Role => self.access.take_role(text, false),
            Kind::ClusterRole => self.access.take_role(text, true),
            Kind::RoleBinding => self.access.take_binding(text, false, locator, out),
            Kind::ClusterRoleBinding => self.access.take_binding(text, true, locator, out),
        }
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Broken> {
        self.accounts.write(self.input, out)?;
        self.access.write(&self.accounts, self.input, out)?;
        self.workloads.write(&self.accounts, self.input, out)?;
        let namespaces: BTreeSet<&str> = self.accounts.iter().map(|account| account.namespace.as_str()).collect();
        self.seen.many_namespaces = namespaces.len() > 1;
        self.seen.cover(self.input, out);
        let says_nothing = match self.seen.kinds.iter().collect::<Vec<_>>().as_slice() {
            [] => Some("no object in the file says anything about identities"),
            [Kind::Namespace] => Some("namespaces alone show nothing; export them together with the service accounts"),
            [Kind::Role | Kind::ClusterRole] | [Kind::Role, Kind::ClusterRole] => {
                Some("roles alone show nothing; export them together with the bindings")
            }
            _ => None,
        };
        if let Some(message) = says_nothing {
            out.note("k8s/nothing-shown", "items", message);
        }
        Ok(())
    }
}

/// Whether a kind is a list of objects that say something; other kinds may end in the same word.
fn is_list(kind: &str) -> bool {
    kind == "List" || kind.strip_suffix("List").is_some_and(|item| Kind::of(item, None).is_some())
}

/// The type of a list, which may stand after the items that leave theirs out.
#[derive(Default)]
struct ListType {
    known: Type,
    is_complete: bool,
}

impl ListType {
    /// Looks the type up in the whole file, once, if it has not come yet.
    fn complete(&mut self, input: &Input) -> Result<(), Broken> {
        if self.known.kind.is_some() || self.is_complete {
            return Ok(());
        }
        self.is_complete = true;
        json::pieces(input.reader()?, &[], &["kind", "apiVersion"], &mut |piece| {
            match piece.key.as_str() {
                "kind" => self.known.kind = piece.parse("a kind").ok(),
                "apiVersion" => self.known.api_version = piece.parse("an API version").ok(),
                _ => {}
            }
            Ok(())
        })
    }

    /// The kind of the items, where the list is of one kind that says something.
    fn item_kind(&self) -> Option<Kind> {
        let kind = self.known.kind.as_deref()?.strip_suffix("List")?;
        Kind::of(kind, self.known.api_version.as_deref())
    }
}
