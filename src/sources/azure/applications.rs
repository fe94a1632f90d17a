//! Applications that are registered in a tenant: their owners, secrets and certificates, and the federated
//! credentials where the export was told to show them. Whoever holds one signs in as the service principal of
//! the same app id.

use serde::Deserialize;

use super::credentials::{Credentials, Keeper};
use super::federation::Federated;
use super::lists::{self, Sample};
use super::objects::{self, DirectoryObject};
use super::service_principals::CLI_LIMIT;
use super::{APPLICATIONS, CREDENTIAL_FACTS, CREDENTIAL_PARTS, OWNER_PARTS, PROVIDER, TRUST_PARTS, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `az ad app list`, or `/applications` of Graph.
pub struct Applications;

impl Source for Applications {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.applications",
            title: "Entra ID application registrations",
            provider: PROVIDER,
            command: "az ad app list --all -o json > applications.json; with owners: az rest --url \
                      'https://graph.microsoft.com/v1.0/applications?$expand=owners&$top=999', page by page",
            recognises: "records with `appId` and one of `requiredResourceAccess`, `identifierUris`, `publisherDomain` \
                         and `isFallbackPublicClient`, not deleted; or a list of Graph with `passwordCredentials` or \
                         `owners` whose context is `#applications`",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Owner, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialExpiry, Level::Partial),
                (Fact::Trust, Level::Partial),
            ],
            main_view: "identities",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let selected = sample.is_list_of("applications")
            && sample.any(|record| {
                record.has("appId")
                    && record.has_any(&["passwordCredentials", "keyCredentials", "owners"])
                    && record.text_at("deletedDateTime").is_none()
            });
        Recognised::yes_if(selected || sample.any(is_application))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let mut seen = Seen::default();
        lists::each(input, out, &mut |locator, text, out| {
            let application: Application = json::parse(text, "an application")?;
            seen.take(&application);
            application.load(&tenant, input, locator, out)
        })?;
        let is_cut = seen.records == CLI_LIMIT && out.truncated.is_none();
        seen.cover(is_cut, &tenant.scope, out);
        Ok(())
    }
}

fn is_application(record: &Outline) -> bool {
    let own = ["requiredResourceAccess", "identifierUris", "publisherDomain", "isFallbackPublicClient"];
    record.has("appId")
        && record.has_any(&own)
        && !record.has_any(&["servicePrincipalType", "appOwnerOrganizationId"])
        && record.text_at("deletedDateTime").is_none()
}

/// An application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    pub id: Option<String>,
    pub app_id: Option<String>,
    display_name: Option<String>,
    created_date_time: Option<String>,
    tags: Option<Vec<String>>,
    owners: Option<Vec<DirectoryObject>>,
    federated_identity_credentials: Option<Vec<Federated>>,
    #[serde(flatten)]
    pub credentials: Credentials,
}

impl Application {
    pub fn load(&self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let app_id = filled(self.app_id.as_deref()).ok_or_else(|| Reject::because("`appId` is missing"))?;
        let identity = self.identity(app_id, tenant, input, locator, out)?;
        let id = identity.identity_id.clone();
        let credentials = self.credentials.rows(&id, Keeper::Owner, tenant, input, locator, out)?;
        let federated = self.federated_identity_credentials.iter().flatten().enumerate();
        let trusts = federated
            .map(|(at, one)| {
                one.row(id.clone(), tenant, input, &format!("{locator}/federatedIdentityCredentials/{at}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        out.push(identity)?;
        for credential in credentials {
            out.push(credential)?;
        }
        for trust in trusts {
            out.push(trust)?;
        }
        Ok(())
    }

    /// The application as an identity: the views take it for its service principal, if it has one here.
    pub fn identity(
        &self,
        app_id: &str,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<Identity, Reject> {
        let created = filled(self.created_date_time.as_deref());
        let owner = self.owners.as_deref().and_then(objects::names);
        let environment = self.tags.as_deref().and_then(objects::environment_of_labels);
        Ok(Identity {
            identity_id: tenant.app(app_id),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from("app_registration"),
            name: filled(self.display_name.as_deref()).unwrap_or(app_id).to_owned(),
            native_id: app_id.to_lowercase(),
            is_human: Some(false),
            owner_basis: owner.as_ref().map(|_| Word::from("directory_owner")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            created_at: created.map(|text| out.past("createdDateTime", text, locator)).transpose()?,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        })
    }
}

/// What the records of a file show.
#[derive(Default)]
struct Seen {
    records: usize,
    owners: usize,
    credentials: usize,
    federation: usize,
}

impl Seen {
    fn take(&mut self, application: &Application) {
        self.records += 1;
        self.owners += usize::from(application.owners.is_some());
        self.credentials += usize::from(application.credentials.are_shown());
        self.federation += usize::from(application.federated_identity_credentials.is_some());
    }

    fn cover(&self, is_cut: bool, scope: &str, out: &mut Output) {
        let note = "managed identities and applications of other tenants are service principals only";
        out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some(note));
        let mut part = |fact: Fact, shown: usize, of: &'static [&'static str], missing: &str| {
            if shown == 0 && self.records > 0 {
                out.cover(PROVIDER, scope, fact, Level::None, Some(missing));
            } else if shown < self.records || is_cut {
                let cut = "one hundred records: exported without `--all`";
                out.cover(PROVIDER, scope, fact, Level::Partial, Some(if is_cut { cut } else { missing }));
            } else {
                out.cover_part(PROVIDER, scope, fact, APPLICATIONS, of);
            }
        };
        part(Fact::Owner, self.owners, OWNER_PARTS, "owners are in the file only with `$expand=owners`");
        for fact in CREDENTIAL_FACTS {
            part(fact, self.credentials, CREDENTIAL_PARTS, "not all records show their credentials");
        }
        let note = "federated credentials are in the file only with `$expand=federatedIdentityCredentials`";
        part(Fact::Trust, self.federation, TRUST_PARTS, note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn applications_of_the_cli_with_their_credentials() {
        let loaded = load_fixture(&Applications, "azure.applications/good/az-ad-app-list.json");
        let app = |n: u8| format!("entra:good:app:bb00000{n}-0000-4000-8000-00000000000{n}");
        let columns = &["identity_id", "kind", "name", "native_id", "created_at", "owner", "enabled", "environment"];
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    app(1),
                    "app_registration".into(),
                    "invoice-pilot".into(),
                    "bb000001-0000-4000-8000-000000000001".into(),
                    "2025-02-03T08:59:00Z".into(),
                    "∅".into(),
                    "∅".into(),
                    "staging".into()
                ],
                [
                    app(6),
                    "app_registration".into(),
                    "legacy-sync".into(),
                    "bb000006-0000-4000-8000-000000000006".into(),
                    "2019-06-01T00:00:00Z".into(),
                    "∅".into(),
                    "∅".into(),
                    "∅".into()
                ],
            ]
        );
        let columns = &[
            "credential_id",
            "identity_id",
            "kind",
            "lifetime",
            "status",
            "created_at",
            "expires_at",
            "never_expires",
        ];
        let key = |holder: u8, n: u8| format!("{}#cc00001{n}-0000-4000-8000-00000000001{n}", app(holder));
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    &key(1, 1),
                    &app(1),
                    "client_secret",
                    "expiring",
                    "active",
                    "2026-01-10T00:00:00Z",
                    "2026-07-10T00:00:00Z",
                    "false"
                ],
                [
                    &key(1, 2),
                    &app(1),
                    "certificate",
                    "expiring",
                    "expired",
                    "2024-01-01T00:00:00Z",
                    "2025-01-01T00:00:00Z",
                    "false"
                ],
                [&key(6, 3), &app(6), "client_secret", "static", "active", "2019-06-01T00:00:00Z", "∅", "true"],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let fixed = loaded.rows(Credential::TABLE, &["rotation_basis", "last_used_state", "storage", "fingerprint"]);
        assert!(fixed.iter().all(|row| *row == ["created", "∅", "∅", "∅"]), "{fixed:?}");
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: managed identities and applications of other tenants are service principals only",
                "owner none: owners are in the file only with `$expand=owners`",
                "credential partial: not in this file: service principals",
                "credential.rotation partial: not in this file: service principals",
                "credential.expiry partial: not in this file: service principals",
                "trust none: federated credentials are in the file only with `$expand=federatedIdentityCredentials`",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_selection_of_graph_with_owners_and_federation() {
        let loaded = load_fixture(&Applications, "azure.applications/good/graph-expanded.json");
        let rows = loaded.rows(Identity::TABLE, &["name", "owner", "owner_basis"]);
        assert_eq!(rows, [["deploy", "ana@contoso.example", "directory_owner"], ["orphan", "∅", "∅"]]);
        let columns = &["identity_id", "kind", "issuer", "subject", "audience", "subject_wildcard", "locator"];
        assert_eq!(
            loaded.rows(Trust::TABLE, columns),
            [[
                "entra:good:app:bb000007-0000-4000-8000-000000000007",
                "oidc",
                "token.actions.githubusercontent.com",
                "repo:contoso/web:environment:production",
                "api://AzureADTokenExchange",
                "false",
                "/value/0/federatedIdentityCredentials/0"
            ]]
        );
        let covered = covered(&loaded);
        assert!(covered.contains(&"owner partial: not in this file: service principals".to_owned()));
        assert!(
            covered.contains(&"trust partial: not in this file: service principals, managed identities".to_owned())
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Applications, "azure.applications/bad/records.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/1: `appId` is missing",
                "/2: `startDateTime` is not a date",
                "/3: `createdDateTime` is not a date",
                "/4: `issuer` is missing"
            ]
        );
        loaded.assert_no_canary();
    }
}
