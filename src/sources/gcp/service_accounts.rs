//! Service accounts of Google Cloud, as the list of a project or as assets. They carry neither owner, nor date of
//! creation, nor last use.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::assets::Subject;
use super::{PROVIDER, account_id, answers, assets, first_records, outline, project_of};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "accounts";

/// `gcloud iam service-accounts list`, or assets of that type.
pub struct ServiceAccounts;

impl Source for ServiceAccounts {
    fn about(&self) -> &'static About {
        &About {
            kind: "gcp.service_accounts",
            title: "Google Cloud service accounts",
            provider: PROVIDER,
            command: "gcloud iam service-accounts list --project=PROJECT --format=json > service-accounts.json; or \
                      gcloud asset list --organization=N --content-type=resource \
                      --asset-types=iam.googleapis.com/ServiceAccount,iam.googleapis.com/ServiceAccountKey \
                      --format=json > assets.json",
            recognises: "JSON records with `email`, `uniqueId` and a `name` under `serviceAccounts`, or assets with \
                         `assetType` and `resource.data` of which one is a service account",
            facts: &[(Fact::Identity, Level::Full)],
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        match assets::subject(probe) {
            Some(Subject::Type(assets::ACCOUNT)) => return Recognised::Yes,
            Some(Subject::Other) => {
                return Recognised::Maybe(
                    "assets of other types; export `iam.googleapis.com/ServiceAccount` with `--asset-types`".into(),
                );
            }
            _ => {}
        }
        if let Some(reason) = of_directory(probe) {
            return Recognised::Maybe(reason.into());
        }
        let Some(outline) = outline(probe) else { return Recognised::No };
        Recognised::yes_if(first_records(&outline, &[LIST]).first().is_some_and(|first| {
            let is_named = first.text_at("name").is_some_and(|name| name.contains("/serviceAccounts/"));
            is_named && first.has("email") && first.has("uniqueId")
        }))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if assets::subject(&probe).is_some() {
            return assets::load(input, out);
        }
        let mut projects = BTreeSet::new();
        let read = answers(input, &[LIST], &[], out, &mut |piece, out| {
            out.record(&piece.pointer, |out| {
                projects.insert(take(piece.text(), &piece.pointer, input, out)?);
                Ok(())
            })
        });
        cover(&projects, out);
        if let [project] = projects.iter().collect::<Vec<_>>().as_slice() {
            out.about_scope(project);
        }
        read
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    email: String,
    unique_id: Option<String>,
    name: Option<String>,
    project_id: Option<String>,
    disabled: Option<bool>,
}

/// Reads one account; returns its project.
pub(super) fn take(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<String, Stop> {
    let account: Account = json::parse(text, "a service account")?;
    if !account.email.contains('@') {
        return Err(Reject::because("`email` is not an address").into());
    }
    let named = account.name.as_deref().and_then(project_of);
    let project = account.project_id.as_deref().filter(|id| !id.is_empty()).or(named).unwrap_or(&input.scope_id);
    let project = project.to_owned();
    out.push(Identity {
        identity_id: account_id(&account.email),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(project.clone())),
        kind: Word::from("service_account"),
        native_id: account.unique_id.filter(|id| !id.is_empty()).unwrap_or_else(|| account.email.clone()),
        name: account.email,
        is_human: Some(false),
        // The API leaves out what is false.
        enabled: Some(!account.disabled.unwrap_or(false)),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(project)
}

/// States that the accounts of these projects are all there are: both commands list whole projects.
pub(super) fn cover(projects: &BTreeSet<String>, out: &mut Output) {
    for project in projects {
        out.cover(PROVIDER, project, Fact::Identity, Level::Full, None);
    }
}

/// Why a list of people or groups of Google Workspace is none of ours.
fn of_directory(probe: &Probe<'_>) -> Option<&'static str> {
    const PEOPLE: &str = "users or groups of Google Workspace: accounts of people, which Rungs does not read; export \
                          IAM policies, which name those who hold rights";
    if !probe.is_json() {
        return None;
    }
    if probe.head().contains("\"admin#directory#") {
        return Some(PEOPLE);
    }
    // Members by the address of their group.
    let outline = outline(probe)?;
    let is_member = |record: &Outline| {
        record.has("email") && matches!(record.text_at("role"), Some("MEMBER" | "OWNER" | "MANAGER"))
    };
    let mut groups = outline.entries().iter().filter(|(name, _)| name.contains('@'));
    groups.any(|(_, members)| members.elements().first().is_some_and(is_member)).then_some(PEOPLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Credential, Row};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const COLUMNS: &[&str] =
        &["identity_id", "scope_id", "kind", "name", "native_id", "is_human", "enabled", "created_at", "locator"];

    fn load(file: &str) -> Loaded {
        load_fixture(&ServiceAccounts, &format!("gcp.service_accounts/{file}"))
    }

    #[test]
    fn accounts_of_a_list_are_identities_of_their_project() {
        let loaded = load("good/list.json");
        assert_eq!(
            loaded.rows(Identity::TABLE, COLUMNS),
            [
                [
                    "gcp:etl@acme-prod.iam.gserviceaccount.com",
                    "acme-prod",
                    "service_account",
                    "etl@acme-prod.iam.gserviceaccount.com",
                    "100000000000000000001",
                    "false",
                    "true",
                    "∅",
                    "/0"
                ],
                [
                    "gcp:old-batch@acme-prod.iam.gserviceaccount.com",
                    "acme-prod",
                    "service_account",
                    "Old-Batch@acme-prod.iam.gserviceaccount.com",
                    "100000000000000000002",
                    "false",
                    "false",
                    "∅",
                    "/1"
                ],
            ]
        );
        assert_eq!(covered(&loaded), ["identity full"]);
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.scope_id.as_str(), file.truncated, file.scope_assumed), ("acme-prod", None, false));
    }

    #[test]
    fn pages_of_the_api_and_lists_of_several_projects_are_read() {
        let loaded = load("good/pages.json");
        let rows = loaded.rows(Identity::TABLE, &["name", "scope_id", "locator"]);
        assert_eq!(
            rows,
            [
                ["a@one.iam.gserviceaccount.com", "one", "/accounts/0"],
                ["b@two.iam.gserviceaccount.com", "two", "document 2 /accounts/0"],
                ["c@two.iam.gserviceaccount.com", "two", "document 3 /0"],
            ]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.truncated, file.scope_id.as_str()), (None, "good"), "the page that was missing follows");
        let rows = loaded.rows(CoverageRow::TABLE, &["scope_id", "level"]);
        assert_eq!(rows, [["one", "full"], ["two", "full"]]);
        let loaded = load("good/first-page.json");
        assert_eq!(loaded.estate.files.first().unwrap().truncated, Some(true));
        assert_eq!(covered(&loaded), ["identity partial: the export says that more pages exist"]);
    }

    #[test]
    fn assets_are_read_whatever_their_type() {
        let loaded = load("good/assets.json");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "enabled", "locator"]),
            [
                ["gcp:etl@acme-prod.iam.gserviceaccount.com", "service_account", "true", "/assets/0"],
                ["gcp:projects/111111111111/locations/global/workloadIdentityPools/ci", "group", "true", "/assets/3"],
            ]
        );
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "identity_id", "locator"]),
            [["key0000000000000000000000000000000000001", "gcp:etl@acme-prod.iam.gserviceaccount.com", "/assets/1"]]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded), (5, 5), "a bucket says nothing, and is understood");
        assert_eq!((file.as_of_basis, file.as_of.to_string().as_str()), ("in_file", "2026-06-29T08:00:00Z"));
        assert_eq!(
            loaded.rows(CoverageRow::TABLE, &["scope_id", "fact", "level"]),
            [
                ["acme-prod", "identity", "full"],
                ["acme-prod", "credential", "full"],
                ["acme-prod", "credential.rotation", "full"],
                ["acme-prod", "credential.expiry", "full"],
                ["acme-prod", "exposure.code", "partial"],
                ["good", "trust", "partial"],
            ]
        );
        let loaded = load("good/assets.ndjson");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["name", "locator"]),
            [["n@one.iam.gserviceaccount.com", "document 1"]]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["name"]),
            [["kept@one.iam.gserviceaccount.com"], ["kept@two.iam.gserviceaccount.com"]]
        );
        let found = reasons(&loaded);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "/1: `email` is not an address");
        assert!(found[1].starts_with("/2: the record does not have the shape of a service account"), "{found:?}");
        assert!(found[2].starts_with("/3: the record does not have the shape of a service account"), "{found:?}");
        let broken = loaded.estate.files.iter().find(|file| file.failure.is_some()).unwrap();
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"));
        assert!(!format!("{found:?}").contains("CANARY"));
    }

    #[test]
    fn lists_of_people_and_of_other_assets_are_told_apart() {
        let of = |text: &str| ServiceAccounts.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        let is_maybe = |text: &str| matches!(of(text), Recognised::Maybe(_));
        assert!(is_maybe(r#"[{"users": [{"kind": "admin#directory#user", "primaryEmail": "ann@acme.example"}]}]"#));
        assert!(is_maybe(r#"{"team@acme.example": [{"id": "1", "email": "ann@acme.example", "role": "MEMBER"}]}"#));
        assert!(is_maybe(r#"[{"assetType": "storage.googleapis.com/Bucket", "resource": {"data": {}}}]"#));
        assert_eq!(of(r#"[{"assetType": "iam.googleapis.com/Role", "resource": {"data": {}}}]"#), Recognised::No);
        assert_eq!(of(r#"[{"name": "a", "email": "b", "uniqueId": "1"}]"#), Recognised::No);
        assert_eq!(of("[]"), Recognised::No);
    }
}
