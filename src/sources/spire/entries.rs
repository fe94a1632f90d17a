//! Registration entries of a SPIRE server: which workloads may have which SPIFFE id, and for how long. An entry is
//! the permission to get an identity document, not proof that anybody did.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{PROVIDER, SpiffeId};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Entitlement, Identity, IdentityUse, Trust};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, dates, hash, json};

const LIST: &str = "entries";
const TOKEN: &str = "next_page_token";
/// Longest life of a credential that counts as ephemeral.
const EPHEMERAL_SECONDS: i64 = 86_400;
/// The path of the server itself, which is the parent of nodes.
const SERVER: &str = "/spire/server";
/// Where agents are that attested as pods of a cluster; the cluster's name follows.
const CLUSTER_AGENTS: &[&str] = &["/spire/agent/k8s_psat/", "/spire/agent/k8s_sat/"];

/// `spire-server entry show -output json`.
pub struct Entries;

impl Source for Entries {
    fn about(&self) -> &'static About {
        &About {
            kind: "spire.entries",
            title: "SPIRE registration entries",
            provider: PROVIDER,
            command: "spire-server entry show -output json > entries.json",
            recognises: "JSON with `entries` that have `spiffe_id` and `selectors`, or with `entries` and \
                         `next_page_token` where there are none",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::Entitlement, Level::Partial),
                (Fact::Trust, Level::Full),
                (Fact::Use, Level::Full),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_other = |key: &str| probe.has_key(key) && probe.has_key(TOKEN);
        if is_other("agents") || is_other("federation_relationships") || is_other("bundles") {
            return Recognised::Maybe(
                "agents, bundles or federations of SPIRE; export the entries with `spire-server entry show -output \
                 json`"
                    .into(),
            );
        }
        if !probe.has_key(LIST) || probe.is_json_array() {
            return Recognised::No;
        }
        let Some(outline) = probe.outline() else { return Recognised::No };
        Recognised::yes_if(match outline.get(LIST).and_then(|entries| entries.elements().first()) {
            Some(entry) => entry.has("spiffe_id") && entry.has("selectors"),
            None => probe.has_key(TOKEN),
        })
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = Seen::default();
        let read = json::pieces(input.reader()?, &[LIST], &[TOKEN], &mut |piece| {
            if !piece.is_element {
                out.pages_missing(!matches!(piece.text(), "\"\"" | "null"));
                return Ok(());
            }
            out.record(&piece.pointer, |out| take(piece.text(), &piece.pointer, &mut seen, input, out))
        });
        seen.cover(self.about(), input, out);
        read
    }
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    spiffe_id: SpiffeId,
    parent_id: Option<SpiffeId>,
    selectors: Vec<Selector>,
    #[serde(default)]
    x509_svid_ttl: i64,
    #[serde(default)]
    jwt_svid_ttl: i64,
    #[serde(default)]
    federates_with: Vec<String>,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    downstream: bool,
    #[serde(default)]
    store_svid: bool,
    created_at: Option<Number>,
    expires_at: Option<Number>,
}

#[derive(Deserialize)]
struct Selector {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// A 64-bit number, which JSON of protocol buffers writes as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(i64),
}

impl Number {
    /// The moment; `None` for zero, which stands for none.
    fn moment(&self, field: &str) -> Result<Option<Moment>, Reject> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        };
        if text.is_empty() || text == "0" {
            return Ok(None);
        }
        dates::parse(&text).map(Some).ok_or_else(|| Reject::because(format!("`{field}` is not a moment")))
    }
}

/// What a file is about.
#[derive(Default)]
struct Seen {
    domains: BTreeSet<String>,
    ids: BTreeSet<String>,
    has_default_ttl: bool,
}

fn take(text: &str, locator: &str, seen: &mut Seen, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let entry: Entry = json::parse(text, "a registration entry")?;
    if entry.x509_svid_ttl < 0 || entry.jwt_svid_ttl < 0 {
        return Err(Reject::because("a lifetime is below zero").into());
    }
    let created_at = entry.created_at.as_ref().map(|at| at.moment("created_at")).transpose()?.flatten();
    if let Some(created_at) = created_at {
        // Noted as a moment of the file, so that one after the export is found.
        out.past("created_at", &created_at.to_string(), locator)?;
    }
    let ends_at = entry.expires_at.as_ref().map(|at| at.moment("expires_at")).transpose()?.flatten();
    let row = Rows { identity_id: entry.spiffe_id.to_string(), entry: &entry, created_at, ends_at, locator, input };
    // Several entries may give the same id to different workloads.
    if seen.ids.insert(row.identity_id.clone()) {
        out.push(row.identity())?;
    }
    out.push(row.document("x509_svid", "x509", entry.x509_svid_ttl))?;
    if !entry.store_svid {
        out.push(row.document("jwt_svid", "jwt", entry.jwt_svid_ttl))?;
    }
    row.rights().into_iter().try_for_each(|right| out.push(right))?;
    for domain in &entry.federates_with {
        out.push(row.federation(domain))?;
    }
    out.push(row.user())?;
    seen.has_default_ttl |= entry.x509_svid_ttl == 0 || (entry.jwt_svid_ttl == 0 && !entry.store_svid);
    seen.domains.insert(entry.spiffe_id.trust_domain);
    Ok(())
}

/// One entry on its way into rows.
struct Rows<'a> {
    identity_id: String,
    entry: &'a Entry,
    created_at: Option<Moment>,
    ends_at: Option<Moment>,
    locator: &'a str,
    input: &'a Input,
}

impl Rows<'_> {
    fn scope(&self) -> Word {
        Word(self.entry.spiffe_id.trust_domain.clone())
    }

    fn identity(&self) -> Identity {
        let path = self.entry.spiffe_id.path.trim_start_matches('/');
        Identity {
            identity_id: self.identity_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            kind: Word::from("workload_entry"),
            name: if path.is_empty() { self.entry.spiffe_id.trust_domain.clone() } else { path.to_owned() },
            native_id: self.identity_id.clone(),
            is_human: Some(false),
            created_at: self.created_at,
            enabled: Some(true),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Identity::default()
        }
    }

    /// The documents that the entry gives. Without a lifetime of its own it takes the server's, which stands in the
    /// server's configuration alone.
    fn document(&self, kind: &str, slot: &str, ttl: i64) -> Credential {
        let ttl_seconds = (ttl > 0).then_some(ttl);
        let is_ephemeral = ttl_seconds.is_some_and(|ttl| ttl <= EPHEMERAL_SECONDS);
        Credential {
            credential_id: format!("spire:{}:{}:{slot}", self.entry.spiffe_id.trust_domain, self.entry.id),
            identity_id: Some(self.identity_id.clone()),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            kind: Word::from(kind),
            lifetime: Some(Word::from(if is_ephemeral { "ephemeral" } else { "expiring" })),
            status: Some(Word::from("active")),
            never_expires: Some(false),
            // Agents renew documents before they end.
            auto_rotated: Some(true),
            ttl_seconds,
            storage: Some(Word::from(if self.entry.store_svid { "secrets_manager" } else { "none" })),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Credential::default()
        }
    }

    /// What the server itself allows: to manage it, or to sign ids of the trust domain.
    fn rights(&self) -> Vec<Entitlement> {
        let right = |action: &str, is_admin: bool| Entitlement {
            entitlement_id: hash::row_id(&[PROVIDER, &self.identity_id, "allow", action, &self.entry.id]),
            identity_id: self.identity_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            effect: Word::from("allow"),
            action: action.to_owned(),
            action_kind: Word::from("permission"),
            resource: format!("spiffe://{}", self.entry.spiffe_id.trust_domain),
            via: format!("entry:{}", self.entry.id),
            is_admin: Some(is_admin),
            is_wildcard_action: Some(is_admin),
            is_wildcard_resource: Some(true),
            // Either can make itself a document for every id of the trust domain.
            can_escalate: Some(true),
            condition: Some(String::new()),
            granted_at: self.created_at,
            expires_at: self.ends_at,
            eligible_only: Some(false),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Entitlement::default()
        };
        let mut rights = Vec::new();
        if self.entry.admin {
            rights.push(right("admin", true));
        }
        if self.entry.downstream {
            rights.push(right("downstream", false));
        }
        rights
    }

    /// The workload takes ids of another trust domain for genuine; which of them it lets in, it decides itself.
    fn federation(&self, domain: &str) -> Trust {
        let domain = domain.strip_prefix("spiffe://").unwrap_or(domain).trim_end_matches('/');
        Trust {
            trust_id: hash::row_id(&[PROVIDER, &self.identity_id, domain]),
            identity_id: self.identity_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            kind: Word::from("spiffe"),
            issuer: Some(format!("spiffe://{domain}")),
            external_scope: Some(domain.to_owned()),
            created_at: self.created_at,
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Trust::default()
        }
    }

    /// Whoever has all of the selectors gets the id.
    fn user(&self) -> IdentityUse {
        let mut selectors: Vec<String> =
            self.entry.selectors.iter().map(|selector| format!("{}:{}", selector.kind, selector.value)).collect();
        selectors.sort_unstable();
        selectors.dedup();
        let user_ref = self.account().unwrap_or_else(|| selectors.join(" "));
        IdentityUse {
            identity_id: self.identity_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(self.scope()),
            user_kind: Word::from(self.user_kind()),
            user_ref,
            first_seen: self.created_at,
            basis: Word::from("config"),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..IdentityUse::default()
        }
    }

    fn user_kind(&self) -> &'static str {
        let has = |kind: &str| self.entry.selectors.iter().any(|selector| selector.kind == kind);
        let is_node = self.entry.parent_id.as_ref().is_some_and(|parent| parent.path == SERVER);
        if has("k8s") {
            "pod"
        } else if ["aws_iid", "gcp_iit", "azure_msi", "azure_imds"].iter().any(|kind| has(kind)) && is_node {
            "vm"
        } else {
            "host"
        }
    }

    /// The service account that the selectors name and nothing else, where the agent says in which cluster.
    fn account(&self) -> Option<String> {
        let [one, other] = self.entry.selectors.as_slice() else { return None };
        let value = |start: &str| {
            let of = |selector: &Selector| {
                (selector.kind == "k8s").then(|| selector.value.strip_prefix(start).map(str::to_owned)).flatten()
            };
            of(one).or_else(|| of(other))
        };
        let (namespace, name) = (value("ns:")?, value("sa:")?);
        let parent = &self.entry.parent_id.as_ref()?.path;
        let rest = CLUSTER_AGENTS.iter().find_map(|start| parent.strip_prefix(start))?;
        let cluster = rest.split('/').next().filter(|cluster| !cluster.is_empty())?;
        Some(format!("k8s:{cluster}:sa:{namespace}:{name}"))
    }
}

impl Seen {
    fn cover(&self, about: &About, input: &Input, out: &mut Output) {
        if let [domain] = self.domains.iter().collect::<Vec<_>>().as_slice() {
            out.about_scope(domain);
        }
        // A server without entries says so of itself, but not by which name.
        let nameless = BTreeSet::from([input.scope_id.clone()]);
        let domains = if self.domains.is_empty() { &nameless } else { &self.domains };
        for domain in domains {
            for (fact, level) in about.facts {
                let (level, note) = match fact {
                    Fact::Entitlement => (*level, Some("rights on the server itself alone")),
                    Fact::CredentialExpiry if self.has_default_ttl => (
                        Level::Partial,
                        Some("entries without a lifetime take the server's default, which is not in the file"),
                    ),
                    _ => (*level, None),
                };
                out.cover(PROVIDER, domain, *fact, level, note);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&Entries, &format!("spire.entries/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    #[test]
    fn each_id_is_one_identity_however_many_entries_give_it() {
        let loaded = load("good/entries.json");
        let columns = &["identity_id", "scope_id", "kind", "name", "is_human", "enabled", "created_at", "locator"];
        assert_eq!(
            lines(loaded.rows(Identity::TABLE, columns)),
            [
                "spiffe://acme.example/ns/payments/sa/api | acme.example | workload_entry | ns/payments/sa/api | false | true | 2026-01-01T00:00:00Z | /entries/0",
                "spiffe://acme.example/admin | acme.example | workload_entry | admin | false | true | 2026-01-02T00:00:00Z | /entries/2",
                "spiffe://acme.example/node/a | acme.example | workload_entry | node/a | false | true | ∅ | /entries/3",
            ]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!(
            (file.rows_read, file.rows_loaded, file.scope_id.as_str(), file.truncated),
            (4, 4, "acme.example", Some(false))
        );
    }

    #[test]
    fn documents_end_when_their_entry_says_so() {
        let columns = &["credential_id", "identity_id", "kind", "lifetime", "ttl_seconds", "storage", "never_expires"];
        assert_eq!(
            lines(load("good/entries.json").rows(Credential::TABLE, columns)),
            [
                "spire:acme.example:e-1:x509 | spiffe://acme.example/ns/payments/sa/api | x509_svid | ephemeral | 3600 | none | false",
                "spire:acme.example:e-1:jwt | spiffe://acme.example/ns/payments/sa/api | jwt_svid | ephemeral | 300 | none | false",
                "spire:acme.example:e-2:x509 | spiffe://acme.example/ns/payments/sa/api | x509_svid | expiring | 172800 | none | false",
                "spire:acme.example:e-2:jwt | spiffe://acme.example/ns/payments/sa/api | jwt_svid | expiring | ∅ | none | false",
                "spire:acme.example:e-3:x509 | spiffe://acme.example/admin | x509_svid | ephemeral | 600 | secrets_manager | false",
                "spire:acme.example:e-4:x509 | spiffe://acme.example/node/a | x509_svid | expiring | ∅ | none | false",
                "spire:acme.example:e-4:jwt | spiffe://acme.example/node/a | jwt_svid | expiring | ∅ | none | false",
            ]
        );
    }

    #[test]
    fn selectors_are_users_and_federation_is_trust() {
        let loaded = load("good/entries.json");
        let columns = &["identity_id", "user_kind", "user_ref", "first_seen", "basis"];
        assert_eq!(
            lines(loaded.rows(IdentityUse::TABLE, columns)),
            [
                "spiffe://acme.example/ns/payments/sa/api | pod | k8s:eu-prod:sa:payments:api | 2026-01-01T00:00:00Z | config",
                "spiffe://acme.example/ns/payments/sa/api | pod | k8s:container-image:api k8s:ns:payments k8s:sa:api | 2026-01-02T00:00:00Z | config",
                "spiffe://acme.example/admin | host | unix:uid:0 | 2026-01-02T00:00:00Z | config",
                "spiffe://acme.example/node/a | vm | aws_iid:tag:a | ∅ | config",
            ]
        );
        assert_eq!(
            lines(loaded.rows(
                Trust::TABLE,
                &["identity_id", "kind", "issuer", "subject", "external_scope", "subject_constrained"]
            )),
            ["spiffe://acme.example/ns/payments/sa/api | spiffe | spiffe://partner.example | ∅ | partner.example | ∅"]
        );
        let columns = &["identity_id", "action", "resource", "via", "is_admin", "can_escalate", "expires_at"];
        assert_eq!(
            lines(loaded.rows(Entitlement::TABLE, columns)),
            [
                "spiffe://acme.example/admin | admin | spiffe://acme.example | entry:e-3 | true | true | 2026-09-01T00:00:00Z",
                "spiffe://acme.example/admin | downstream | spiffe://acme.example | entry:e-3 | false | true | 2026-09-01T00:00:00Z",
            ]
        );
    }

    #[test]
    fn a_whole_list_covers_the_trust_domain() {
        let expiry = "entries without a lifetime take the server's default, which is not in the file";
        assert_eq!(
            covered(&load("good/entries.json")),
            [
                "identity full".to_owned(),
                "credential full".to_owned(),
                "credential.rotation full".to_owned(),
                format!("credential.expiry partial: {expiry}"),
                "entitlement partial: rights on the server itself alone".to_owned(),
                "trust full".to_owned(),
                "use full".to_owned(),
            ]
        );
        let loaded = load("good/page.json");
        assert_eq!(loaded.estate.files.first().unwrap().truncated, Some(true));
        assert_eq!(covered(&loaded).first().unwrap(), "identity partial: the export says that more pages exist");
        let loaded = load("good/none.json");
        assert_eq!((loaded.estate.files.first().unwrap().scope_id.as_str(), covered(&loaded).len()), ("good", 7));
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert_eq!(found[0], "/entries/1: a lifetime is below zero");
        assert_eq!(found[1], "/entries/2: `expires_at` is not a moment");
        assert!(found[2].starts_with("/entries/3: the record does not have the shape of a registration entry"));
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"], ["kept-too"]]);
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }

    #[test]
    fn other_lists_of_the_server_are_told_apart() {
        let of = |text: &str| Entries.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        assert!(matches!(of(r#"{"agents": [{"id": {}}], "next_page_token": ""}"#), Recognised::Maybe(_)));
        assert_eq!(of(r#"{"entries": [], "next_page_token": ""}"#), Recognised::Yes);
        assert_eq!(of(r#"{"entries": [{"title": "a"}], "next_page_token": ""}"#), Recognised::No);
        assert_eq!(of(r#"{"entries": []}"#), Recognised::No);
    }
}
