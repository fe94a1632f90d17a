//! Workload identity pools and their providers: whose tokens a project takes, and which of them. Which service
//! accounts the pool's members may then become stands in IAM policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::assets::Subject;
use super::{PROVIDER, answers, assets, first_records, outline};
use crate::inventory::column::Word;
use crate::inventory::schema::{Identity, Trust};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

const LISTS: &[&str] = &["workloadIdentityPools", "workloadIdentityPoolProviders"];
const POOLS: &str = "/workloadIdentityPools/";
const PROVIDERS: &str = "/providers/";

/// `gcloud iam workload-identity-pools list` and `... providers list`.
pub struct WorkloadIdentityPools;

impl Source for WorkloadIdentityPools {
    fn about(&self) -> &'static About {
        &About {
            kind: "gcp.workload_identity_pools",
            title: "Google Cloud workload identity pools and providers",
            provider: PROVIDER,
            command: "(gcloud iam workload-identity-pools list --location=global --project=PROJECT --format=json; for \
                      pool in $(gcloud iam workload-identity-pools list --location=global --project=PROJECT \
                      --format='value(name)'); do gcloud iam workload-identity-pools providers list \
                      --workload-identity-pool=$pool --format=json; done) > PROJECT/pools.json, in a folder that is \
                      called like the project",
            recognises: "JSON records with a `name` under `workloadIdentityPools`, or assets with `assetType` and \
                         `resource.data` of which one is a pool and none an account or key",
            facts: &[(Fact::Trust, Level::Partial)],
            main_view: "trusts",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if let Some(subject) = assets::subject(probe) {
            let is_ours = matches!(subject, Subject::Type(assets::POOL | assets::PROVIDER_OF_POOL));
            return Recognised::yes_if(is_ours);
        }
        let Some(outline) = outline(probe) else { return Recognised::No };
        let name = first_records(&outline, LISTS).first().and_then(|first| first.text_at("name")).unwrap_or_default();
        if name.contains("/workforcePools/") {
            return Recognised::Maybe(
                "workforce pools, through which people sign in; Rungs reads pools of workloads".into(),
            );
        }
        Recognised::yes_if(name.starts_with("projects/") && name.contains(POOLS))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if assets::subject(&probe).is_some() {
            return assets::load(input, out);
        }
        let mut pools = Pools::default();
        let read = answers(input, LISTS, &[], out, &mut |piece, out| {
            out.record(&piece.pointer, |out| pools.take(piece.text(), &piece.pointer, input, out))
        });
        pools.finish(input, out)?;
        read
    }
}

/// A pool or a provider. Keys and metadata of the issuer are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    name: String,
    state: Option<String>,
    disabled: Option<bool>,
    attribute_condition: Option<String>,
    oidc: Option<Oidc>,
    aws: Option<Aws>,
    saml: Option<serde::de::IgnoredAny>,
    x509: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Oidc {
    issuer_uri: String,
    allowed_audiences: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aws {
    account_id: String,
}

/// The pools of one file.
#[derive(Default)]
pub(super) struct Pools {
    /// Pools that were listed themselves.
    listed: BTreeSet<String>,
    /// Pools that providers name, and where.
    named: BTreeMap<String, String>,
}

impl Pools {
    pub fn take(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let record: Record = json::parse(text, "a pool or provider")?;
        let Some((_, rest)) = record.name.split_once(POOLS) else {
            return Err(Reject::because("`name` does not name a workload identity pool").into());
        };
        let is_usable = record.is_usable();
        if !rest.contains('/') {
            let name = record.name;
            out.push(pool(&name, Some(is_usable), locator, input))?;
            self.listed.insert(name);
            return Ok(());
        }
        let Some((pool, provider)) = record.name.split_once(PROVIDERS) else {
            return Err(Reject::because("`name` does not name a pool or provider").into());
        };
        let way = Way::of(&record, provider)?;
        self.named.entry(pool.to_owned()).or_insert_with(|| locator.to_owned());
        // Nobody comes in through one that is switched off or deleted.
        if !is_usable {
            return Ok(());
        }
        let condition = record.condition();
        out.push(Trust {
            trust_id: hash::row_id(&[PROVIDER, &record.name, way.kind, &condition]),
            identity_id: format!("{PROVIDER}:{pool}"),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            kind: Word::from(way.kind),
            issuer: way.issuer,
            subject: literal(&condition).map(str::to_owned),
            audience: way.audience,
            subject_constrained: Some(narrows(&condition)),
            subject_wildcard: wildcard(&condition),
            audience_constrained: way.audience_constrained,
            external_scope: way.external_scope,
            condition: Some(condition),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Trust::default()
        })?;
        Ok(())
    }

    /// Adds the pools that only providers name, and says what the file shows.
    pub fn finish(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        if self.listed.is_empty() && self.named.is_empty() {
            return Ok(());
        }
        for (name, locator) in self.named.iter().filter(|(name, _)| !self.listed.contains(*name)) {
            out.push(pool(name, None, locator, input))?;
        }
        let note = if self.named.is_empty() {
            "providers of the pools are not in the file"
        } else {
            "ways into pools; who may become a service account stands in IAM policies"
        };
        out.cover(PROVIDER, &input.scope_id, Fact::Trust, Level::Partial, Some(note));
        Ok(())
    }
}

/// A pool is the group of all identities that come in through it.
fn pool(name: &str, enabled: Option<bool>, locator: &str, input: &Input) -> Identity {
    Identity {
        identity_id: format!("{PROVIDER}:{name}"),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("group"),
        name: name.rsplit('/').next().unwrap_or(name).to_owned(),
        native_id: name.to_owned(),
        enabled,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}

impl Record {
    fn is_usable(&self) -> bool {
        // The API leaves out what is false.
        !self.disabled.unwrap_or(false) && self.state.as_deref() != Some("DELETED")
    }

    /// The condition on one line.
    fn condition(&self) -> String {
        let text = self.attribute_condition.as_deref().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Who comes in, apart from the condition.
#[derive(Default)]
struct Way {
    kind: &'static str,
    issuer: Option<String>,
    audience: Option<String>,
    audience_constrained: Option<bool>,
    external_scope: Option<String>,
}

impl Way {
    fn of(record: &Record, provider: &str) -> Result<Self, Reject> {
        if let Some(oidc) = &record.oidc {
            let audiences: Vec<&str> = oidc.allowed_audiences.iter().flatten().map(String::as_str).collect();
            // Without a list, tokens must be made for the provider by its full name.
            let audience = if audiences.is_empty() { format!("provider {provider}") } else { audiences.join(" ") };
            let issuer = oidc.issuer_uri.strip_prefix("https://").unwrap_or(&oidc.issuer_uri);
            return Ok(Self {
                kind: "oidc",
                issuer: Some(issuer.trim_end_matches('/').to_owned()),
                audience: Some(audience),
                audience_constrained: Some(true),
                external_scope: None,
            });
        }
        if let Some(aws) = &record.aws {
            let external_scope = Some(aws.account_id.clone());
            return Ok(Self { kind: "cross_account", external_scope, ..Self::default() });
        }
        // The issuer stands in certificates or metadata, which are not read.
        if record.saml.is_some() {
            return Ok(Self { kind: "saml", ..Self::default() });
        }
        if record.x509.is_some() {
            return Ok(Self { kind: "x509", ..Self::default() });
        }
        Err(Reject::because("the provider is of a kind that is not known"))
    }
}

/// Whether a condition keeps anybody out.
fn narrows(condition: &str) -> bool {
    !condition.is_empty() && condition != "true"
}

/// The one subject that a condition admits.
fn literal(condition: &str) -> Option<&str> {
    let (claim, value) = condition.split_once("==")?;
    let value = value.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inside = value.strip_prefix(quote)?.strip_suffix(quote)?;
    (matches!(claim.trim(), "assertion.sub" | "google.subject") && !inside.contains(quote)).then_some(inside)
}

/// Whether a condition admits all subjects that look a certain way; `None` where it is about other claims.
fn wildcard(condition: &str) -> Option<bool> {
    let is_pattern = [".startsWith(", ".endsWith(", ".contains(", ".matches("].iter().any(|f| condition.contains(f));
    if is_pattern { Some(true) } else { literal(condition).map(|_| false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&WorkloadIdentityPools, &format!("gcp.workload_identity_pools/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    const TRUST: &[&str] = &[
        "identity_id",
        "kind",
        "issuer",
        "subject",
        "audience",
        "subject_constrained",
        "subject_wildcard",
        "audience_constrained",
        "external_scope",
        "condition",
    ];

    #[test]
    fn providers_are_ways_into_their_pools() {
        let loaded = load("good/pools.json");
        assert_eq!(
            lines(loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "enabled", "scope_id"])),
            [
                "gcp:projects/111/locations/global/workloadIdentityPools/ci | group | ci | true | good",
                "gcp:projects/111/locations/global/workloadIdentityPools/old | group | old | false | good",
            ]
        );
        let ci = "gcp:projects/111/locations/global/workloadIdentityPools/ci";
        assert_eq!(
            lines(loaded.rows(Trust::TABLE, TRUST)),
            [
                format!(
                    "{ci} | oidc | token.actions.githubusercontent.com | ∅ | provider github | false | ∅ | true | ∅ | "
                ),
                format!(
                    "{ci} | oidc | gitlab.com | ∅ | https://gitlab.com sts | true | ∅ | true | ∅ | assertion.namespace_path == 'acme'"
                ),
                format!(
                    "{ci} | oidc | issuer.example/x | job-1 | provider own | true | false | true | ∅ | assertion.sub == 'job-1'"
                ),
                format!(
                    "{ci} | cross_account | ∅ | ∅ | ∅ | true | true | ∅ | 111122223333 | assertion.arn.startsWith('arn:aws:sts::111122223333:assumed-role/ci')"
                ),
                format!("{ci} | saml | ∅ | ∅ | ∅ | false | ∅ | ∅ | ∅ | "),
                format!("{ci} | x509 | ∅ | ∅ | ∅ | false | ∅ | ∅ | ∅ | "),
            ]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded), (9, 9), "what is switched off is understood");
        let note = "ways into pools; who may become a service account stands in IAM policies";
        assert_eq!(covered(&loaded), [format!("trust partial: {note}")]);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_page_of_providers_names_its_pool() {
        let loaded = load("good/page.json");
        assert_eq!(
            lines(loaded.rows(Identity::TABLE, &["name", "enabled", "locator"])),
            ["ci | ∅ | /workloadIdentityPoolProviders/0"]
        );
        assert_eq!(loaded.rows(Trust::TABLE, &["issuer"]), [["app.terraform.io"]]);
        let loaded = load("good/assets.json");
        assert_eq!(loaded.rows(Trust::TABLE, &["issuer", "locator"]), [["gitlab.com", "/1"]]);
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["ci"]]);
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert_eq!(found[0], "/1: `name` does not name a workload identity pool");
        assert_eq!(found[1], "/2: the provider is of a kind that is not known");
        assert!(found[2].starts_with("/3: the record does not have the shape of a pool or provider"), "{found:?}");
        assert_eq!(found[3], "/4: `name` does not name a pool or provider");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"], ["kept-too"]]);
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }

    #[test]
    fn conditions_name_subjects_or_patterns() {
        assert_eq!(literal("assertion.sub == \"repo:a/b:x\""), Some("repo:a/b:x"));
        assert_eq!(literal("google.subject=='x'"), Some("x"));
        assert_eq!(literal("assertion.sub == 'a' || assertion.sub == 'b'"), None);
        assert_eq!(literal("assertion.repository == 'a/b'"), None);
        assert!(narrows("assertion.sub == 'a'") && !narrows("") && !narrows("true"));
        let of =
            |text: &str| WorkloadIdentityPools.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        assert!(matches!(of(r#"[{"name": "locations/global/workforcePools/staff"}]"#), Recognised::Maybe(_)));
    }
}
