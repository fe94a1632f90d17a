//! IAM policies of Google Cloud: who holds which role on what, and who may speak for a service account. Roles that
//! the customer made are named and not explained: what is in them stands in no policy.

use super::assets::Subject;
use super::policies::{Form, LISTS, Policies};
use super::roles::BECOME;
use super::{PROVIDER, assets, first_records, outline};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source};

/// `gcloud asset search-all-iam-policies`, `gcloud projects get-iam-policy` and their like.
pub struct IamPolicies;

impl Source for IamPolicies {
    fn about(&self) -> &'static About {
        &About {
            kind: "gcp.iam_policies",
            title: "Google Cloud IAM policies",
            provider: PROVIDER,
            command: "gcloud asset search-all-iam-policies --scope=organizations/N --format=json > policies.json; or \
                      gcloud projects get-iam-policy PROJECT --format=json > PROJECT/policy.json, in a folder that \
                      is called like the project (or state `scope_id`, also `organizations/N`)",
            recognises: "JSON records with `resource` and `policy`, with `assetType` and `iamPolicy`, with \
                         `fullResourceName` and `policies`, an IAM policy analysis, or an object with `bindings`",
            facts: &[(Fact::Identity, Level::Partial), (Fact::Entitlement, Level::Full), (Fact::Trust, Level::Full)],
            main_view: "entitlements",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if let Some(reason) = of_roles(probe) {
            return Recognised::Maybe(reason.into());
        }
        match Form::of(probe) {
            Some(Form::Single) if is_of_account(probe) => Recognised::Maybe(
                "the policy of a service account, which does not say of which; export all policies with `gcloud \
                 asset search-all-iam-policies`"
                    .into(),
            ),
            form => Recognised::yes_if(form.is_some()),
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        // A file that the user calls a policy without its looking like one is read as one alone.
        let mut policies = Policies::new(Form::of(&probe).unwrap_or(Form::Single), input);
        let read = policies.load(out);
        policies.cover(out);
        read
    }
}

/// Whether a policy alone is that of a service account: it grants nothing but ways into one.
fn is_of_account(probe: &Probe<'_>) -> bool {
    let Some(outline) = outline(probe) else { return false };
    let bindings = outline.get("bindings").map_or(&[][..], Outline::elements);
    !probe.is_cut() && bindings.iter().all(|binding| binding.text_at("role").is_some_and(|role| BECOME.contains(&role)))
}

/// Why a list of roles is no export of an inventory.
fn of_roles(probe: &Probe<'_>) -> Option<&'static str> {
    let outline = outline(probe)?;
    let first = first_records(&outline, &["roles"]).first().or_else(|| first_records(&outline, LISTS).first())?;
    let is_named = first.text_at("name").is_some_and(|name| name.starts_with("roles/") || name.contains("/roles/"));
    let is_role = is_named && first.has_any(&["includedPermissions", "stage", "title"]);
    let is_asset = assets::subject(probe) == Some(Subject::Type(assets::ROLE));
    (is_role || is_asset).then_some(
        "roles of Google Cloud: roles alone show nothing, since nobody holds them here; export the policies with \
         `gcloud asset search-all-iam-policies`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Entitlement, Identity, Row, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&IamPolicies, &format!("gcp.iam_policies/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    const ENTITLEMENT: &[&str] = &[
        "identity_id",
        "scope_id",
        "action",
        "resource",
        "is_admin",
        "is_wildcard_action",
        "is_wildcard_resource",
        "can_escalate",
        "condition",
        "expires_at",
    ];

    #[test]
    fn every_member_of_a_search_holds_what_its_binding_says() {
        let loaded = load("good/search.json");
        assert_eq!(
            lines(loaded.rows(Entitlement::TABLE, ENTITLEMENT)),
            [
                "gcp:user:ann@acme.example | organizations/900 | roles/resourcemanager.organizationAdmin | organizations/900 | false | false | true | true |  | ∅",
                "gcp:group:ops@acme.example | organizations/900 | roles/viewer | folders/77 | false | true | true | false |  | ∅",
                "gcp:etl@acme-prod.iam.gserviceaccount.com | acme-prod | roles/owner | projects/acme-prod | true | true | false | true |  | ∅",
                "gcp:111@cloudservices.gserviceaccount.com | acme-prod | roles/editor | projects/acme-prod | false | true | false | true |  | ∅",
                "gcp:gone@acme-prod.iam.gserviceaccount.com?uid=100000000000000000009 | acme-prod | roles/editor | projects/acme-prod | false | true | false | true |  | ∅",
                "gcp:user:bob@acme.example | acme-prod | roles/storage.admin | projects/acme-prod | false | true | false | ∅ | request.time < timestamp('2026-12-31T00:00:00Z') | 2026-12-31T00:00:00Z",
                "gcp:etl@acme-prod.iam.gserviceaccount.com | acme-prod | projects/acme-prod/roles/loader | projects/acme-prod | ∅ | ∅ | false | ∅ |  | ∅",
                "gcp:allUsers | acme-prod | roles/storage.objectViewer | //storage.googleapis.com/acme-public | false | false | false | false |  | ∅",
                "gcp:user:bob@acme.example | acme-prod | roles/iam.serviceAccountTokenCreator | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
                "gcp:ci@acme-ci.iam.gserviceaccount.com | acme-prod | roles/iam.serviceAccountTokenCreator | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
                "gcp:acme-prod.svc.id.goog:payments/api | acme-prod | roles/iam.workloadIdentityUser | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
                "gcp:projects/111/locations/global/workloadIdentityPools/ci/attribute.repository/acme/web | acme-prod | roles/iam.workloadIdentityUser | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
                "gcp:projects/111/locations/global/workloadIdentityPools/ci | acme-prod | roles/iam.workloadIdentityUser | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
                "gcp:allAuthenticatedUsers | acme-prod | roles/iam.serviceAccountUser | //iam.googleapis.com/projects/acme-prod/serviceAccounts/etl@acme-prod.iam.gserviceaccount.com | false | false | false | false |  | ∅",
            ]
        );
        let rows = loaded.rows(Entitlement::TABLE, &["effect", "action_kind", "eligible_only", "granted_at"]);
        assert!(rows.iter().all(|row| *row == ["allow", "role", "false", "∅"]), "{rows:?}");
        let locators = loaded.rows(Entitlement::TABLE, &["locator"]).concat();
        assert_eq!((locators[0].as_str(), locators[4].as_str()), ("/0/policy/bindings/0", "/3/policy/bindings/1"));
        let mut ids = loaded.rows(Entitlement::TABLE, &["entitlement_id"]).concat();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        loaded.assert_no_canary();
    }

    #[test]
    fn members_are_identities_unless_they_are_gone() {
        let loaded = load("good/search.json");
        assert_eq!(
            lines(loaded.rows(Identity::TABLE, &["identity_id", "scope_id", "kind", "name", "is_human"])),
            [
                "gcp:user:ann@acme.example | organizations/900 | human | ann@acme.example | true",
                "gcp:group:ops@acme.example | organizations/900 | group | ops@acme.example | ∅",
                "gcp:etl@acme-prod.iam.gserviceaccount.com | acme-prod | service_account | etl@acme-prod.iam.gserviceaccount.com | false",
                "gcp:111@cloudservices.gserviceaccount.com | acme-prod | service_account | 111@cloudservices.gserviceaccount.com | false",
                "gcp:user:bob@acme.example | organizations/900 | human | Bob@acme.example | true",
                "gcp:allUsers | organizations/900 | group | allUsers | ∅",
                "gcp:ci@acme-ci.iam.gserviceaccount.com | acme-ci | service_account | ci@acme-ci.iam.gserviceaccount.com | false",
                "gcp:acme-prod.svc.id.goog:payments/api | acme-prod | workload_entry | payments/api | false",
                "gcp:projects/111/locations/global/workloadIdentityPools/ci/attribute.repository/acme/web | acme-prod | group | ci/attribute.repository/acme/web | ∅",
                "gcp:projects/111/locations/global/workloadIdentityPools/ci | acme-prod | group | ci | ∅",
                "gcp:allAuthenticatedUsers | organizations/900 | group | allAuthenticatedUsers | ∅",
            ]
        );
    }

    #[test]
    fn roles_on_a_service_account_are_ways_into_it() {
        let loaded = load("good/search.json");
        let columns = &[
            "kind",
            "issuer",
            "subject",
            "audience",
            "subject_constrained",
            "subject_wildcard",
            "audience_constrained",
            "external_scope",
        ];
        assert_eq!(
            lines(loaded.rows(Trust::TABLE, columns)),
            [
                "token_creator | ∅ | gcp:user:bob@acme.example | ∅ | ∅ | ∅ | ∅ | ∅",
                "token_creator | ∅ | gcp:ci@acme-ci.iam.gserviceaccount.com | ∅ | ∅ | ∅ | ∅ | acme-ci",
                "oidc | acme-prod.svc.id.goog | system:serviceaccount:payments:api | acme-prod.svc.id.goog | true | false | true | acme-prod",
                "oidc | ∅ | attribute.repository/acme/web | ∅ | true | true | ∅ | projects/111/locations/global/workloadIdentityPools/ci",
                "oidc | ∅ | * | ∅ | ∅ | true | ∅ | projects/111/locations/global/workloadIdentityPools/ci",
                "public | ∅ | * | ∅ | false | ∅ | ∅ | ∅",
            ]
        );
        let ids = loaded.rows(Trust::TABLE, &["identity_id", "scope_id", "condition"]);
        assert!(
            ids.iter().all(|row| *row == ["gcp:etl@acme-prod.iam.gserviceaccount.com", "acme-prod", ""]),
            "{ids:?}"
        );
    }

    #[test]
    fn a_search_of_the_organisation_covers_its_projects() {
        let loaded = load("good/search.json");
        let groups = "rights of groups stand at the group; who is in it is not in the file";
        let none = "an organisation itself holds no service accounts";
        let rows = loaded.rows(CoverageRow::TABLE, &["scope_id", "fact", "level", "note"]);
        assert_eq!(
            lines(rows),
            [
                "acme-prod | identity | partial | only those who hold a role".to_owned(),
                format!("acme-prod | entitlement | full | {groups}"),
                "acme-prod | trust | full | ∅".to_owned(),
                format!("organizations/900 | identity | full | {none}"),
                format!("organizations/900 | credential | full | {none}"),
                format!("organizations/900 | credential.rotation | full | {none}"),
                format!("organizations/900 | credential.expiry | full | {none}"),
                format!("organizations/900 | entitlement | full | {groups}"),
                "organizations/900 | trust | full | ∅".to_owned(),
            ]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (13, 13, "good"));
    }

    #[test]
    fn without_the_organisation_what_is_inherited_is_missing() {
        let loaded = load("good/search-page.json");
        let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "scope_id", "action", "resource"]);
        assert_eq!(
            lines(rows),
            [
                "gcp:user:ann@acme.example | acme-dev | roles/viewer | //bigquery.googleapis.com/projects/acme-dev/datasets/d",
                "gcp:user:ann@acme.example | acme-dev | roles/viewer | projects/acme-dev",
                "gcp:user:ann@acme.example | 333 | roles/viewer | //storage.googleapis.com/b",
            ],
            "a number becomes an id where some resource shows it"
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!(file.truncated, Some(true));
        let inherited = "policies inherited from folders and the organisation are not in the file";
        assert!(covered(&loaded).contains(&format!("entitlement partial: {inherited}")), "{:?}", covered(&loaded));
    }

    #[test]
    fn a_policy_alone_is_of_the_scope_that_was_stated() {
        let loaded = load("good/project-policy.json");
        assert_eq!(
            lines(loaded.rows(Entitlement::TABLE, ENTITLEMENT)),
            [
                "gcp:ci@other.iam.gserviceaccount.com | good | roles/iam.serviceAccountTokenCreator | projects/good | false | false | false | true |  | ∅",
                "gcp:user:ann@acme.example | good | roles/editor | projects/good | false | true | false | true | ∅ | ∅",
            ]
        );
        assert!(
            loaded.rows(Trust::TABLE, &["kind"]).is_empty(),
            "of all accounts in the project, which it does not name"
        );
        let note = "policies of what lies in the project, and inherited ones, are not in the file";
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: only those who hold a role".to_owned(),
                format!("entitlement partial: {note}"),
                format!("trust partial: {note}"),
            ]
        );
    }

    #[test]
    fn other_forms_hold_the_same_bindings() {
        let columns = &["identity_id", "scope_id", "action", "resource", "locator"];
        assert_eq!(
            lines(load("good/effective.json").rows(Entitlement::TABLE, columns)),
            [
                "gcp:user:ann@acme.example | p1 | roles/viewer | projects/p1 | /policyResults/0/policies/0/policy/bindings/0",
                "gcp:group:ops@acme.example | organizations/900 | roles/browser | organizations/900 | /policyResults/0/policies/1/policy/bindings/0",
                "gcp:allUsers | p1 | roles/storage.objectViewer | //storage.googleapis.com/projects/p1/buckets/b | /policyResults/1/policies/0/policy/bindings/0",
                "gcp:user:ann@acme.example | organizations/900 | roles/viewer | folders/77 | /policyResults/2/policies/0/policy/bindings/0",
            ],
            "the organisation's policy is repeated and read once"
        );
        assert_eq!(
            lines(load("good/effective-snake.json").rows(Entitlement::TABLE, columns)),
            [
                "gcp:user:ann@acme.example | p1 | roles/viewer | projects/p1 | /policy_results/0/policies/0/policy/bindings/0"
            ]
        );
        assert_eq!(
            lines(load("good/assets.ndjson").rows(Entitlement::TABLE, columns)),
            ["gcp:user:ann@acme.example | p1 | roles/viewer | projects/p1 | document 1 /iamPolicy/bindings/0"]
        );
        let loaded = load("good/analysis.json");
        assert_eq!(
            lines(loaded.rows(Entitlement::TABLE, columns)),
            [
                "gcp:user:ann@acme.example | p1 | roles/owner | projects/p1 | /mainAnalysis/analysisResults/0/iamBinding",
                "gcp:user:ann@acme.example | p1 | roles/viewer | projects/p1 | /serviceAccountImpersonationAnalysis/0/analysisResults/0/iamBinding",
            ]
        );
        assert_eq!(loaded.estate.files.first().unwrap().truncated, Some(true), "not fully explored");
        let loaded = load("good/analysis-list.json");
        assert_eq!(lines(loaded.rows(Entitlement::TABLE, columns)).len(), 1);
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert!(
            found[0].starts_with("/1: the record does not have the shape of a policy and its resource"),
            "{found:?}"
        );
        assert_eq!(found[1], "/2/policy/bindings/0: a member is of a kind that is not known");
        assert!(found[2].starts_with("/2/policy/bindings/2: the record does not have the shape of a binding"));
        assert_eq!(found.len(), 3);
        let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "locator"]);
        assert_eq!(
            rows,
            [
                ["gcp:user:ann@acme.example", "/0/policy/bindings/0"],
                ["gcp:user:kept@acme.example", "/2/policy/bindings/1"],
                ["gcp:user:ann@acme.example", "/0/policy/bindings/0"],
            ]
        );
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }

    #[test]
    fn roles_and_policies_of_nobody_are_told_apart() {
        let of = |text: &str| IamPolicies.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        let is_maybe = |text: &str| matches!(of(text), Recognised::Maybe(_));
        assert!(is_maybe(r#"[{"name": "roles/editor", "includedPermissions": ["a.b.c"]}]"#));
        assert!(is_maybe(r#"{"roles": [{"name": "projects/p/roles/x", "title": "X", "stage": "GA"}]}"#));
        assert!(is_maybe(r#"{"assets": [{"assetType": "iam.googleapis.com/Role", "resource": {"data": {}}}]}"#));
        let account = r#"{"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": ["user:a@b"]}]}"#;
        assert!(is_maybe(account));
        assert_eq!(of(r#"{"bindings": [], "etag": "x"}"#), Recognised::No);
        assert_eq!(of(r#"[{"resource": "x", "policy": "text"}]"#), Recognised::No);
    }
}
