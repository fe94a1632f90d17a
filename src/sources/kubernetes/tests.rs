//! Whole fixtures against rows worked out by hand.

use std::path::{Path, PathBuf};

use super::KubernetesList;
use crate::inventory::schema::{Credential, Entitlement, Exposure, Identity, IdentityUse, Row};
use crate::sources::testing::{Loaded, load_fixture};
use crate::sources::{LoadedFile, Probe, Recognised, Source, hash};

fn load(file: &str) -> Loaded {
    load_fixture(&KubernetesList, &format!("k8s.list/{file}"))
}

fn file(loaded: &Loaded) -> &LoadedFile {
    loaded.estate.files.first().unwrap()
}

/// `fact level note` of one file, in order.
fn coverage(loaded: &Loaded) -> Vec<String> {
    let line = |covered: &crate::sources::FileCoverage| {
        format!("{} {} {}", covered.fact, covered.level, covered.note.as_deref().unwrap_or("-"))
    };
    file(loaded).coverage.iter().map(line).collect()
}

fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
    rows.into_iter().map(|row| row.join(" | ")).collect()
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources/k8s.list").join(folder);
    let found: Vec<PathBuf> = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file())
        .collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn every_object_of_a_cluster_is_read() {
    let loaded = load("good/cluster.json");
    let file = file(&loaded);
    assert_eq!((file.rows_read, file.rows_loaded, file.rejected.len()), (30, 30, 0));
    assert_eq!((file.scope_id.as_str(), file.truncated, &file.failure), ("good", Some(false), &None));
    assert!(loaded.estate.faults.is_empty(), "{:?}", loaded.estate.faults);
}

#[test]
fn identities_take_owner_and_environment_from_their_namespace_if_they_have_none() {
    let rows = load("good/cluster.json").rows(
        Identity::TABLE,
        &["identity_id", "kind", "native_id", "is_human", "owner", "owner_basis", "environment", "environment_basis"],
    );
    assert_eq!(
        lines(rows),
        [
            "k8s:good:sa:payments:api | service_account | system:serviceaccount:payments:api | false | payments-team | namespace | production | namespace",
            "k8s:good:sa:agents:triage | service_account | system:serviceaccount:agents:triage | false | finance-ai@acme.example | label | staging | label",
            "k8s:good:sa:agents:default | service_account | system:serviceaccount:agents:default | false | ai-platform | namespace | production | namespace",
            "k8s:good:sa:ci:deployer | service_account | system:serviceaccount:ci:deployer | false | ∅ | ∅ | ∅ | ∅",
            "k8s:good:user:ann@acme.example | human | ann@acme.example | true | ∅ | ∅ | ∅ | ∅",
            "k8s:good:user:system:kube-scheduler | service_principal | system:kube-scheduler | false | ∅ | ∅ | ∅ | ∅",
            "k8s:good:group:system:serviceaccounts:agents | group | system:serviceaccounts:agents | ∅ | ∅ | ∅ | ∅ | ∅",
        ]
    );
    let rows = load("good/cluster.json").rows(Identity::TABLE, &["name", "created_at", "enabled", "locator"]);
    let rows = lines(rows);
    assert_eq!(rows.first().unwrap(), "payments/api | 2026-03-01T08:00:00Z | true | /items/10");
    assert_eq!(rows.get(3).unwrap(), "ci/deployer | ∅ | true | /items/13");
    assert_eq!(rows.get(4).unwrap(), "ann@acme.example | ∅ | ∅ | /items/4");
}

#[test]
fn pods_of_one_workload_are_one_use() {
    let rows = load("good/cluster.json")
        .rows(IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "environment", "first_seen", "basis"]);
    assert_eq!(
        lines(rows),
        [
            "arn:aws:iam::111122223333:role/irsa-payments | pod | k8s:good:sa:payments:api | production | ∅ | config",
            "gcp:triage@acme-prod.iam.gserviceaccount.com | agent | k8s:good:sa:agents:triage | staging | ∅ | config",
            "entra:app:aaaaaaaa-2222-3333-4444-555555555555 | pod | k8s:good:sa:agents:default | production | ∅ | config",
            "k8s:good:sa:agents:default | inference_service | agents/llm | development | 2026-05-04T08:00:00Z | config",
            "k8s:good:sa:agents:triage | agent | agents/triage-0 | production | 2026-05-03T08:00:00Z | config",
            "k8s:good:sa:payments:api | pod | payments/api | production | 2026-05-01T08:00:00Z | config",
        ]
    );
}

#[test]
fn credentials_are_secrets_projected_tokens_and_literals() {
    let loaded = load("good/cluster.json");
    let rows = loaded.rows(
        Credential::TABLE,
        &["credential_id", "identity_id", "kind", "lifetime", "status", "never_expires", "ttl_seconds", "storage"],
    );
    assert_eq!(
        lines(rows),
        [
            "k8s:good:secret:ci:deployer-token | k8s:good:sa:ci:deployer | k8s_sa_token | static | active | true | ∅ | k8s_secret",
            "k8s:good:secret:ci:old-token | k8s:good:sa:ci:removed | k8s_sa_token | static | inactive | true | ∅ | k8s_secret",
            "k8s:good:secret:payments:db | ∅ | stored_secret | static | active | ∅ | ∅ | k8s_secret",
            "k8s:good:secret:payments:single | ∅ | stored_secret | static | active | ∅ | ∅ | k8s_secret",
            "k8s:good:secret:payments:tls | ∅ | stored_secret | expiring | active | ∅ | ∅ | k8s_secret",
            "k8s:good:bound:agents:llm:plain/t | k8s:good:sa:agents:default | bound_token | ephemeral | active | false | 3600 | none",
            "k8s:good:bound:agents:llm:vault/vault-token | k8s:good:sa:agents:default | bound_token | expiring | active | false | 604800 | none",
            "k8s:good:bound:payments:api:aws-iam-token/token | k8s:good:sa:payments:api | bound_token | ephemeral | active | false | 86400 | none",
            "k8s:good:bound:payments:api:kube-api-access/token | k8s:good:sa:payments:api | bound_token | expiring | active | false | ∅ | none",
            "k8s:good:env:agents:triage-0:container:c:env:OPENAI_API_KEY | ∅ | llm_api_key | static | active | ∅ | ∅ | env_plaintext",
            "k8s:good:env:agents:triage-0:container:migrate:env:DATABASE_URL | ∅ | api_token | static | active | ∅ | ∅ | env_plaintext",
            "k8s:good:env:payments:api:container:c:env:STRIPE_TOKEN | ∅ | api_token | static | active | ∅ | ∅ | env_plaintext",
        ]
    );
    let rows = loaded.rows(
        Credential::TABLE,
        &[
            "storage_ref",
            "created_at",
            "rotation_basis",
            "last_used_at",
            "last_used_state",
            "fingerprint",
            "fingerprint_sha1",
        ],
    );
    let rows = lines(rows);
    let (sha256, sha1) = hash::fingerprints("CANARY-sa-token");
    let token =
        format!("ci/deployer-token | 2026-03-01T08:00:00Z | created | 2026-05-20T00:00:00Z | used | {sha256} | {sha1}");
    assert_eq!(rows.first(), Some(&token));
    assert_eq!(rows.get(2).unwrap(), "payments/db | 2026-03-01T08:00:00Z | created | ∅ | ∅ | ∅ | ∅");
    let (sha256, sha1) = hash::fingerprints("CANARY-single");
    let single = format!("payments/single | 2026-03-01T08:00:00Z | created | ∅ | ∅ | {sha256} | {sha1}");
    assert_eq!(rows.get(3), Some(&single), "without the line end");
}

#[test]
fn literals_in_containers_are_exposures() {
    let rows = load("good/cluster.json").rows(
        Exposure::TABLE,
        &[
            "identity_id",
            "secret_kind",
            "location_type",
            "location",
            "first_seen_at",
            "status",
            "credential_id",
            "fingerprint",
        ],
    );
    let with_hash = |line: &str, value: &str| format!("{line} | {}", hash::fingerprints(value).0);
    assert_eq!(
        lines(rows),
        [
            with_hash(
                "k8s:good:sa:agents:triage | llm_api_key | env_plaintext | pod agents/triage-0 container c env OPENAI_API_KEY | 2026-05-03T08:00:00Z | open | k8s:good:env:agents:triage-0:container:c:env:OPENAI_API_KEY",
                "sk-CANARY-openai"
            ),
            with_hash(
                "k8s:good:sa:agents:triage | url_password | env_plaintext | pod agents/triage-0 container migrate env DATABASE_URL | 2026-05-03T08:00:00Z | open | k8s:good:env:agents:triage-0:container:migrate:env:DATABASE_URL",
                "CANARY-db"
            ),
            with_hash(
                "k8s:good:sa:payments:api | api_token | env_plaintext | pod payments/api container c env STRIPE_TOKEN | 2026-05-01T08:00:00Z | open | k8s:good:env:payments:api:container:c:env:STRIPE_TOKEN",
                "CANARY-stripe"
            ),
        ]
    );
}

#[test]
fn what_makes_pods_is_the_same_user_as_its_pods() {
    let loaded = load("good/workloads.json");
    let rows = loaded.rows(IdentityUse::TABLE, &["identity_id", "user_ref", "first_seen", "locator"]);
    assert_eq!(
        lines(rows),
        [
            "k8s:good:sa:payments:api | payments/api | 2026-04-01T08:00:00Z | /items/0",
            "k8s:good:sa:payments:default | payments/backup | ∅ | /items/2",
        ]
    );
    assert_eq!(loaded.rows(Exposure::TABLE, &["location"]).len(), 2, "one for each workload");
    let wrong = load("bad/no-template.json");
    let reasons: Vec<&str> = file(&wrong).rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
    assert_eq!(reasons[0], "the workload has no template of pods");
    assert!(reasons[1].starts_with("the record does not have the shape of a workload"), "{reasons:?}");
    let note = "pods are not in the file, only what makes some of them";
    assert!(coverage(&load("good/deployments.json")).contains(&format!("use partial {note}")));
}

const ENTITLEMENT: &[&str] = &[
    "identity_id",
    "action",
    "action_kind",
    "resource",
    "via",
    "is_admin",
    "is_wildcard_action",
    "is_wildcard_resource",
    "can_escalate",
    "condition",
];

#[test]
fn bindings_become_entitlements_though_roles_come_after_them() {
    let loaded = load("good/cluster.json");
    let via_group = "group:system:serviceaccounts:agents/clusterbinding:agents-read-secrets";
    let read = "get,list,watch/secrets | permission | *";
    let url = "get/nonResourceURLs | permission | url:/metrics";
    let watch = "permission | * | clusterbinding:system:kube-scheduler | false | false | false | false | ";
    assert_eq!(
        lines(loaded.rows(Entitlement::TABLE, ENTITLEMENT)),
        [
            "k8s:good:sa:ci:deployer | ClusterRole/cluster-admin | role | * | clusterbinding:deployer-admin | true | true | true | true | ".to_owned(),
            format!("k8s:good:group:system:serviceaccounts:agents | {read} | clusterbinding:agents-read-secrets | false | false | false | true | "),
            format!("k8s:good:group:system:serviceaccounts:agents | {url} | clusterbinding:agents-read-secrets | false | false | false | false | "),
            format!("k8s:good:sa:agents:triage | {read} | {via_group} | false | false | false | true | "),
            format!("k8s:good:sa:agents:triage | {url} | {via_group} | false | false | false | false | "),
            format!("k8s:good:sa:agents:default | {read} | {via_group} | false | false | false | true | "),
            format!("k8s:good:sa:agents:default | {url} | {via_group} | false | false | false | false | "),
            format!("k8s:good:user:system:kube-scheduler | get,list,watch/replicasets.apps | {watch}"),
            format!("k8s:good:user:system:kube-scheduler | get,list,watch/replicasets.extensions | {watch}"),
            "k8s:good:sa:payments:api | get/configmaps | permission | namespace/payments | binding:api-reader | false | false | false | false | resourceNames: api".to_owned(),
            "k8s:good:user:ann@acme.example | get/configmaps | permission | namespace/payments | binding:api-reader | false | false | false | false | resourceNames: api".to_owned(),
            "k8s:good:sa:agents:gone | ClusterRole/retired | role | namespace/agents | binding:leftover | ∅ | ∅ | ∅ | ∅ | ∅".to_owned(),
        ]
    );
    let rows = loaded.rows(
        Entitlement::TABLE,
        &["entitlement_id", "effect", "granted_at", "expires_at", "eligible_only", "locator"],
    );
    let mut ids: Vec<String> = rows.iter().map(|row| row.first().unwrap().clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), rows.len(), "every entitlement has an id of its own");
    let first = rows.first().unwrap().get(1..).unwrap().join(" | ");
    assert_eq!(first, "allow | 2026-03-01T08:00:00Z | ∅ | false | /items/0");
}

#[test]
fn a_whole_cluster_covers_what_was_asked_for() {
    assert_eq!(
        coverage(&load("good/cluster.json")),
        [
            "identity full -",
            "owner full -",
            "environment full -",
            "credential full -",
            "credential.rotation full -",
            "credential.expiry full -",
            "credential.last_used partial only service-account tokens of clusters from 1.26 say when they were last used",
            "credential.storage full -",
            "entitlement full -",
            "use full -",
            "exposure.code partial container environments only",
        ]
    );
}

#[test]
fn a_list_of_one_kind_may_leave_it_out_of_its_items() {
    let loaded = load("good/raw-list.json");
    let namespaces = "namespaces, whose labels can name it, are not in the file";
    assert_eq!(loaded.rows(Identity::TABLE, &["name"]).len(), 4);
    assert_eq!(
        coverage(&loaded),
        [
            "identity full -".to_owned(),
            format!("owner partial {namespaces}"),
            format!("environment partial {namespaces}")
        ]
    );
    // Sorted by name of key: the kind stands after the items; and a page is missing.
    let loaded = load("good/sorted-page.json");
    assert_eq!(loaded.rows(Credential::TABLE, &["kind"]).concat(), ["k8s_sa_token", "stored_secret"]);
    assert_eq!(file(&loaded).truncated, Some(true));
    assert_eq!(coverage(&loaded).first().unwrap(), "credential partial the export says that more pages exist");
}

#[test]
fn an_empty_list_of_one_kind_is_evidence_and_one_of_any_kind_is_none() {
    let pods = "tokens projected into pods are not in the file";
    let loaded = load("good/empty-secrets.json");
    assert_eq!(coverage(&loaded).first().unwrap(), &format!("credential full {pods}"));
    assert_eq!(file(&loaded).rows_read, 0);
    let loaded = load("good/nothing.json");
    assert_eq!(coverage(&loaded), [""; 0]);
    assert_eq!(loaded.estate.faults.iter().count(), 1, "the reader is told so");
}

#[test]
fn single_objects_prove_nothing_about_others() {
    for (name, rows, locator) in [("one-object.json", 1, "document 1"), ("objects.ndjson", 2, "document 1")] {
        let loaded = load(&format!("good/{name}"));
        let locators = loaded.rows(Identity::TABLE, &["locator"]);
        assert_eq!((locators.len(), locators.first().unwrap().concat().as_str()), (rows, locator), "{name}");
        assert_eq!(coverage(&loaded).first().unwrap(), "identity partial single objects, not a list", "{name}");
    }
    let loaded = load("good/array.json");
    assert_eq!(loaded.rows(Identity::TABLE, &["locator"]).concat(), ["/0", "/1"]);
    assert_eq!(coverage(&loaded).first().unwrap(), "identity full -");
}

#[test]
fn bindings_without_roles_name_the_role() {
    let loaded = load("good/bindings-only.json");
    assert_eq!(
        lines(loaded.rows(Entitlement::TABLE, ENTITLEMENT)),
        [
            "k8s:good:sa:ci:deployer | ClusterRole/cluster-admin | role | * | clusterbinding:deployer-admin | true | true | true | true | ",
            "k8s:good:group:system:serviceaccounts:agents | ClusterRole/secret-reader | role | * | clusterbinding:agents-read-secrets | ∅ | ∅ | ∅ | ∅ | ∅",
        ]
    );
    assert_eq!(loaded.rows(Identity::TABLE, &["name"]).concat(), ["system:serviceaccounts:agents"]);
    assert_eq!(
        coverage(&loaded),
        [
            "identity partial only users and groups that bindings name",
            "entitlement partial not in the file: roles, cluster roles, role bindings",
        ]
    );
}

/// A fresh cluster binds roles to controllers whose accounts do not exist: a check tells them from real
/// leftovers by the `system:` name of the binding, or by the holder's namespace.
#[test]
fn built_in_bindings_to_missing_accounts_differ_from_real_ones() {
    let loaded = load("good/dangling.json");
    let known = loaded.rows(Identity::TABLE, &["identity_id"]).concat();
    let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "via"]);
    let mut dangling: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.first().unwrap().as_str(), row.get(1).unwrap().as_str()))
        .filter(|(holder, _)| !known.iter().any(|id| id == holder))
        .collect();
    dangling.sort_unstable();
    dangling.dedup();
    assert_eq!(
        dangling,
        [
            ("k8s:good:sa:agents:gone", "binding:shared-agent-secrets"),
            ("k8s:good:sa:kube-system:cronjob-controller", "clusterbinding:system:controller:cronjob-controller"),
            ("k8s:good:sa:kube-system:token-cleaner", "binding:system:controller:token-cleaner"),
        ]
    );
    let is_built_in = |(_, via): &(&str, &str)| via.contains("binding:system:");
    assert_eq!(dangling.iter().filter(|row| !is_built_in(row)).count(), 1);
    let is_of_system = |(holder, _): &(&str, &str)| holder.contains(":sa:kube-system:");
    assert_eq!(dangling.iter().filter(|row| !is_of_system(row)).count(), 1);
}

#[test]
fn wrong_records_are_listed_without_their_values() {
    let loaded = load("bad/wrong-records.json");
    let file = file(&loaded);
    assert_eq!((file.rows_read, file.rows_loaded), (13, 2));
    let shape = |what: &str| format!("the record does not have the shape of {what}");
    let expected = [
        ("/items/1", "`metadata.namespace` is missing".to_owned()),
        ("/items/2", shape("a ServiceAccount")),
        ("/items/3", "`metadata.creationTimestamp` is not a date".to_owned()),
        ("/items/4", "a list within a list".to_owned()),
        ("/items/5", "a list within a list".to_owned()),
        ("/items/6", "neither the object nor its list says of what kind it is".to_owned()),
        ("/items/7", shape("a Kubernetes object")),
        ("/items/8", shape("a Secret")),
        ("/items/9", shape("a RoleBinding")),
        ("/items/10", shape("a Pod")),
        ("/items/11", "`expirationSeconds` is not a number above zero".to_owned()),
    ];
    assert_eq!(file.rejected.len(), expected.len());
    for (rejected, (locator, reason)) in file.rejected.iter().zip(&expected) {
        assert_eq!(rejected.locator, *locator);
        assert!(rejected.reason.starts_with(reason.as_str()), "{locator}: {}", rejected.reason);
        assert!(!rejected.reason.contains("CANARY"));
    }
    assert_eq!(loaded.rows(Identity::TABLE, &["name"]).concat(), ["payments/api", "ci/deployer"]);
    assert!(loaded.rows(Credential::TABLE, &["kind"]).is_empty(), "a rejected pod leaves nothing behind");
}

#[test]
fn a_file_that_breaks_off_keeps_what_was_read() {
    let loaded = load("bad/truncated");
    assert!(loaded.estate.incomplete());
    let failures: Vec<(&str, Option<&str>, i64)> = loaded
        .estate
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.failure.as_deref(), file.rows_loaded))
        .collect();
    let [broken_off, no_list, whole] = failures.as_slice() else { panic!("{failures:?}") };
    assert!(broken_off.1.unwrap().starts_with("the file breaks off at line"), "{broken_off:?}");
    assert_eq!(broken_off.2, 3);
    assert!(no_list.1.unwrap().starts_with("the file is not valid JSON at line"), "{no_list:?}");
    assert_eq!((whole.0, whole.1, whole.2), ("whole.json", None, 1));
    let names = loaded.rows(Identity::TABLE, &["name"]).concat();
    assert_eq!(names, ["payments/api", "agents/triage", "agents/default", "payments/api"]);
    let one_namespace = "service accounts of one namespace only: exported without `-A`";
    let of_whole = loaded.estate.files.last().unwrap().coverage.first().unwrap();
    assert_eq!(of_whole.note.as_deref(), Some(one_namespace));
}

#[test]
fn no_secret_reaches_a_table() {
    for folder in ["good", "bad"] {
        for path in
            fixtures(folder).iter().filter(|path| !path.ends_with("broken-off.json") && !path.ends_with("no-list.json"))
        {
            let name =
                path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources")).unwrap();
            let loaded = load_fixture(&KubernetesList, &name.to_string_lossy());
            loaded.assert_no_canary();
        }
    }
}

#[test]
fn every_fixture_is_recognised() {
    for path in fixtures("good").into_iter().chain(fixtures("bad")) {
        assert_eq!(
            KubernetesList.recognise(&Probe::open(&crate::sources::Content::file(path.clone())).unwrap()),
            Recognised::Yes,
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_only_looks_like_objects_is_told_apart() {
    let of = |text: &str| KubernetesList.recognise(&Probe::of(Path::new("x.json"), text.as_bytes()));
    assert_eq!(of(r#"{"kind": "Secret", "apiVersion": "v1", "metadata": {"#), Recognised::Yes);
    assert_eq!(
        of(r#"{"apiVersion": "v1", "items": [{"metadata": {"name": "a"#),
        Recognised::Yes,
        "the kind comes later"
    );
    let is_maybe = |text: &str| matches!(of(text), Recognised::Maybe(_));
    assert!(is_maybe(r#"{"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": []}"#));
    for other in [
        r#"{"kind": "Config", "apiVersion": "v1", "clusters": []}"#,
        r#"{"kind": "Role", "apiVersion": "iam.aws.crossplane.io/v1beta1", "metadata": {}}"#,
        r#"{"items": [{"metadata": {}}], "kind": "List"}"#,
        r#"[{"name": "x"}]"#,
        "kind: nothing",
        r#"{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata"}"#,
        r#"{"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": []}"#,
        "apiVersion: v1\nkind: Namespace\n",
    ] {
        assert_eq!(of(other), Recognised::No, "{other}");
    }
}
