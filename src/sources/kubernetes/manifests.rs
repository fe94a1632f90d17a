//! Kubernetes objects as YAML: manifests that somebody wrote, one document an object, or `kubectl get ... -o yaml`.
//! Read document by document; each then goes the way of objects in JSON. What a manifest says need not be what the
//! cluster holds, so that nothing in one is all there is.

use std::io::BufRead;

use serde_json::Value;

use super::coverage::Kind;
use super::{Cluster, ListType, PROVIDER};
use crate::diag::{Diagnostic, MAX_YAML_BYTES, Place, SourceFile, read_yaml};
use crate::inventory::{Fact, Level};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// Files of Kubernetes YAML.
pub struct Manifests;

impl Source for Manifests {
    fn about(&self) -> &'static About {
        &About {
            kind: "k8s.manifests",
            title: "Kubernetes manifests (YAML)",
            provider: PROVIDER,
            command: "kubectl kustomize DIR > manifests.yaml, helm template CHART > manifests.yaml, or the files as \
                      they are; of a cluster, better `kubectl get ... -A -o json`",
            recognises: "YAML of which a document has `apiVersion` and a `kind` that says something about identities",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Owner, Level::Partial),
                (Fact::Environment, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::CredentialStorage, Level::Partial),
                (Fact::Entitlement, Level::Partial),
                (Fact::Use, Level::Partial),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "identities",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.is_json() {
            return Recognised::No;
        }
        let mut is_object = false;
        let (mut version, mut kind) = (None, None);
        for line in probe.head().lines().chain(["---"]) {
            if is_marker(line) {
                if let (Some(version), Some(kind)) = (version, kind) {
                    is_object = true;
                    if kind == "List" || Kind::of(kind, Some(version)).is_some() {
                        return Recognised::Yes;
                    }
                }
                (version, kind) = (None, None);
            } else if let Some(value) = line.strip_prefix("apiVersion:") {
                version = Some(plain(value));
            } else if let Some(value) = line.strip_prefix("kind:") {
                kind = Some(plain(value));
            }
        }
        if is_object {
            return Recognised::Maybe("Kubernetes YAML with objects that say nothing about identities".into());
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut cluster = Cluster::new(input);
        cluster.seen.are_manifests = true;
        let read = Documents::new(input.reader()?).read(&mut |document| document.take(&mut cluster, out));
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        cluster.write(out)?;
        read
    }
}

/// A line that ends a document. Inside one, no line can look like it.
fn is_marker(line: &str) -> bool {
    let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
}

/// A value on a line, without quotes and comment.
fn plain(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or(value).trim();
    value.trim_matches(['"', '\''])
}

/// Cuts a file into documents.
struct Documents<R> {
    reader: R,
    /// Lines read so far.
    line: usize,
}

/// One document and the line that it starts in.
struct Document {
    text: String,
    line: usize,
    is_last: bool,
}

impl<R: BufRead> Documents<R> {
    fn new(reader: R) -> Self {
        Self { reader, line: 0 }
    }

    fn read(mut self, each: &mut dyn FnMut(Document) -> Result<(), Broken>) -> Result<(), Broken> {
        let mut document = Document { text: String::new(), line: 1, is_last: false };
        loop {
            let mut bytes = Vec::new();
            let read = self.reader.read_until(b'\n', &mut bytes).map_err(|error| Broken::io(&error))?;
            let line = String::from_utf8(bytes).map_err(|_| Broken::new("the file is not UTF-8 text"))?;
            self.line += 1;
            let is_end = read == 0;
            if is_end || is_marker(line.trim_end()) {
                document.is_last = is_end;
                if document.says_something() {
                    each(document)?;
                }
                if is_end {
                    return Ok(());
                }
                document = Document { text: String::new(), line: self.line + 1, is_last: false };
                continue;
            }
            document.text.push_str(&line);
            if document.text.len() > MAX_YAML_BYTES {
                return Err(Broken::new("a document is larger than 16 MiB; export the objects as JSON"));
            }
        }
    }
}

impl Document {
    fn says_something(&self) -> bool {
        let mut lines = self.text.lines().map(str::trim_start);
        lines.any(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with('%'))
    }

    fn take(self, cluster: &mut Cluster<'_>, out: &mut Output) -> Result<(), Broken> {
        let locator = format!("line {}", self.line);
        let lines = self.text.lines().count();
        let file = SourceFile::new("", self.text);
        let object: Value = match read_yaml(&file) {
            Ok(object) => object,
            Err(fault) => {
                let at = line_of(&fault);
                // What is wrong where the file ends was not written to its end.
                if self.is_last && at.is_some_and(|at| at >= lines) {
                    return Err(Broken::new(format!("the file breaks off in the document at line {}", self.line)));
                }
                let at = at.map(|at| format!(", at line {}", self.line + at - 1)).unwrap_or_default();
                return out.record(&locator, |_| Err(Reject::because(format!("the document is not YAML{at}")).into()));
            }
        };
        let mut list = ListType { is_complete: true, ..ListType::default() };
        let is_list = object.get("kind").and_then(Value::as_str).is_some_and(super::is_list);
        match object {
            Value::Object(mut members) if is_list => {
                list.known.kind = text_at(&members, "kind");
                list.known.api_version = text_at(&members, "apiVersion");
                // Only a cluster prints lists, and all that it was asked for.
                cluster.seen.are_manifests = false;
                cluster.seen.is_list = true;
                let items = members.remove("items");
                for (index, item) in items.iter().filter_map(Value::as_array).flatten().enumerate() {
                    let locator = format!("{locator} /items/{index}");
                    out.record(&locator, |out| cluster.take(&item.to_string(), &mut list, &locator, out))?;
                }
                cluster.seen.kinds.extend(list.item_kind());
                Ok(())
            }
            object => out.record(&locator, |out| cluster.take(&object.to_string(), &mut list, &locator, out)),
        }
    }
}

fn text_at(members: &serde_json::Map<String, Value>, key: &str) -> Option<String> {
    members.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The line of the document that a fault points at.
fn line_of(fault: &Diagnostic) -> Option<usize> {
    fault.place.as_ref().and_then(Place::line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Entitlement, Exposure, Identity, IdentityUse, Row};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&Manifests, &format!("k8s.manifests/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    #[test]
    fn every_document_is_read_like_an_object() {
        let loaded = load("good/manifests.yaml");
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (11, 11, "good"));
        assert_eq!(
            lines(
                loaded.rows(Identity::TABLE, &["identity_id", "owner", "environment", "environment_basis", "locator"])
            ),
            [
                "k8s:good:sa:payments:api | payments-team | production | namespace | line 8",
                "k8s:good:sa:agents:triage | finance-ai@acme.example | ∅ | ∅ | line 14",
            ]
        );
        assert_eq!(
            lines(loaded.rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "environment"])),
            [
                "entra:aaaaaaaa-0000-0000-0000-000000000000:app:bbbbbbbb-0000-0000-0000-000000000000 | pod | k8s:good:sa:payments:api | production",
                "gcp:triage@acme-prod.iam.gserviceaccount.com | pod | k8s:good:sa:agents:triage | ∅",
                "k8s:good:sa:agents:default | pod | agents/nightly | ∅",
                "k8s:good:sa:agents:triage | agent | agents/triage | staging",
                "k8s:good:sa:payments:api | pod | payments/api | production",
            ]
        );
        assert_eq!(
            lines(loaded.rows(Entitlement::TABLE, &["identity_id", "action", "resource", "via"])),
            ["k8s:good:sa:agents:gone | get,list/secrets | namespace/agents | binding:readers"]
        );
    }

    #[test]
    fn secrets_in_files_are_exposures_unless_they_are_encrypted_or_left_open() {
        let loaded = load("good/manifests.yaml");
        let of = |value: &str| hash::fingerprints(value).0;
        let open = of("CANARY-in-clear");
        let model = of("sk-CANARY-model");
        assert_eq!(
            lines(loaded.rows(Exposure::TABLE, &["location_type", "location", "status", "secret_kind", "fingerprint"])),
            [
                format!("code | manifests.yaml line 71 secret payments/db | open | k8s_secret | {open}"),
                format!(
                    "env_plaintext | pod agents/triage container c env OPENAI_API_KEY | open | llm_api_key | {model}"
                ),
            ]
        );
        assert_eq!(
            lines(loaded.rows(Credential::TABLE, &["credential_id", "kind", "storage", "ttl_seconds"])),
            [
                "k8s:good:secret:payments:db | stored_secret | code | ∅",
                "k8s:good:secret:payments:sealed | stored_secret | k8s_secret | ∅",
                "k8s:good:bound:payments:api:t/token | bound_token | none | 3600",
                "k8s:good:env:agents:triage:container:c:env:OPENAI_API_KEY | llm_api_key | env_plaintext | ∅",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn manifests_are_never_all_there_is_and_lists_of_a_cluster_are() {
        let note = "manifests: what somebody wrote down, which need not be what the cluster holds";
        let found = covered(&load("good/manifests.yaml"));
        assert_eq!(found.first(), Some(&format!("identity partial: {note}")));
        assert!(found.iter().all(|line| !line.contains(" full")), "{found:?}");
        let loaded = load("good/list.yaml");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["name", "locator"]),
            [["a/x", "line 1 /items/0"], ["b/why", "line 1 /items/1"]]
        );
        assert_eq!(covered(&loaded).first().unwrap(), "identity full");
        // A secret that a cluster printed lies in the cluster.
        assert_eq!(loaded.rows(Credential::TABLE, &["storage"]), [["k8s_secret"]]);
        assert!(loaded.rows(Exposure::TABLE, &["location"]).is_empty());
    }

    #[test]
    fn wrong_documents_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert_eq!(found[0], "line 5: the document is not YAML, at line 7");
        assert_eq!(found[1], "line 9: `metadata.namespace` is missing");
        assert!(
            found[2].starts_with("line 13: the record does not have the shape of a Kubernetes object"),
            "{found:?}"
        );
        assert_eq!(found[3], "line 15: neither the object nor its list says of what kind it is");
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["a/kept"], ["a/kept-too"]]);
        let broken = loaded.estate.files.iter().find_map(|file| file.failure.as_deref());
        assert_eq!(broken, Some("the file breaks off in the document at line 6"));
        loaded.assert_no_canary();
    }

    #[test]
    fn other_yaml_is_told_apart() {
        let of = |text: &str| Manifests.recognise(&Probe::of(std::path::Path::new("x.yaml"), text.as_bytes()));
        assert_eq!(of("# note\n---\nkind: \"ServiceAccount\" # x\napiVersion: v1\n"), Recognised::Yes);
        assert_eq!(
            of("apiVersion: v1\nkind: ConfigMap\n---\napiVersion: apps/v1\nkind: Deployment\n"),
            Recognised::Yes
        );
        assert!(matches!(of("apiVersion: v1\nkind: ConfigMap\n"), Recognised::Maybe(_)));
        assert!(matches!(of("apiVersion: iam.example/v1\nkind: Role\n"), Recognised::Maybe(_)));
        assert_eq!(of("apiVersion: v1\n---\nkind: Secret\n"), Recognised::No, "of two documents");
        assert_eq!(of("answers:\n- question: a\n"), Recognised::No);
        assert_eq!(of("{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}"), Recognised::No);
    }
}
