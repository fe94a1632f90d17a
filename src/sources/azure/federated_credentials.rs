//! Federated credentials by themselves: of applications, as the CLI and Graph list them, and of managed
//! identities, as the resource manager does. The lists of the CLI do not say whose they are, so that they come
//! wrapped with the app id, or in a file that is named after it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::federation::Federated;
use super::lists::{self, Sample, says};
use super::{APPLICATIONS, PROVIDER, TRUST_PARTS, Tenant, filled, is_guid};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const MANAGED_TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
const LIST: &str = "federatedIdentityCredentials";

/// `az ad app federated-credential list` and `az identity federated-credential list`.
pub struct FederatedCredentials;

impl Source for FederatedCredentials {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.federated_credentials",
            title: "Federated credentials of applications and managed identities",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/v1.0/applications?$select=id,appId,displayName&\
                      $expand=federatedIdentityCredentials' > federated.json; for managed identities: az identity list \
                      --query '[].id' -o tsv | while read id; do az identity federated-credential list --ids $id -o \
                      json; done > managed-federated.json",
            recognises: "records with `appId` and `federatedIdentityCredentials` and little else, or with `issuer`, \
                         `subject` and `audiences`, bare or under `properties`",
            facts: &[(Fact::Trust, Level::Partial)],
            main_view: "trusts",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let is_empty_list = sample.context().is_some_and(|list| list.ends_with(&format!("/{LIST}")))
            && !sample.any(|record| record.is_object() && !is_federated(record) && !record.has("@odata.context"));
        Recognised::yes_if(is_empty_list || sample.any(|record| is_wrapped(record) || is_federated(record)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let named = app_of_file(input);
        let (mut wrapped, mut bare) = (0, 0);
        lists::each(input, out, &mut |locator, text, out| {
            let record: Record = json::parse(text, "a federated credential")?;
            if let Some(list) = &record.federated_identity_credentials {
                wrapped += 1;
                return record.load_list(list, &tenant, input, locator, out);
            }
            bare += 1;
            let holder = record.holder(&tenant, named.as_deref())?;
            let federated: Federated = match &record.properties {
                Some(properties) => json::parse(properties.get(), "a federated credential")?,
                None => json::parse(text, "a federated credential")?,
            };
            out.push(federated.row(holder, &tenant, input, locator)?)?;
            Ok(())
        })?;
        // One list of all applications, as Graph hands it out, or lists of single ones.
        if wrapped > 0 && bare == 0 && out.truncated.is_some() {
            out.cover_part(PROVIDER, &tenant.scope, Fact::Trust, APPLICATIONS, TRUST_PARTS);
        } else {
            let note = "the file does not show whether every application and managed identity was asked for";
            out.cover(PROVIDER, &tenant.scope, Fact::Trust, Level::Partial, Some(note));
        }
        Ok(())
    }
}

/// An application of which only its name and its federated credentials were asked for.
fn is_wrapped(record: &Outline) -> bool {
    let whole = ["requiredResourceAccess", "identifierUris", "publisherDomain", "isFallbackPublicClient"];
    record.has("appId")
        && record.has(LIST)
        && !record.has_any(&whole)
        && !record.has_any(&["passwordCredentials", "keyCredentials", "owners"])
}

fn is_federated(record: &Outline) -> bool {
    says(record, "type", MANAGED_TYPE) || ["issuer", "subject", "audiences", "name"].iter().all(|key| record.has(key))
}

/// The app id that a file is named after: `federated-{app id}.json`.
fn app_of_file(input: &Input) -> Option<String> {
    let name = input.content.name().file_stem()?.to_string_lossy().to_lowercase();
    // An id holds hyphens itself, so that it is looked for at every place.
    (0..name.len()).filter_map(|at| name.get(at..at + 36)).find(|part| is_guid(part)).map(str::to_owned)
}

/// A federated credential of whatever origin, or an application with its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: Option<String>,
    app_id: Option<String>,
    properties: Option<Box<RawValue>>,
    federated_identity_credentials: Option<Vec<Federated>>,
}

impl Record {
    fn load_list(
        &self,
        list: &[Federated],
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let app = filled(self.app_id.as_deref()).ok_or_else(|| Reject::because("`appId` is missing"))?;
        let place = |at: usize| format!("{locator}/{LIST}/{at}");
        let rows: Vec<_> = list
            .iter()
            .enumerate()
            .map(|(at, federated)| federated.row(tenant.app(app), tenant, input, &place(at)))
            .collect::<Result<_, _>>()?;
        for row in rows {
            out.push(row)?;
        }
        Ok(())
    }

    /// Whose it is: the managed identity in its own id, else the application that the file is named after.
    fn holder(&self, tenant: &Tenant, named: Option<&str>) -> Result<String, Reject> {
        let id = self.id.as_deref().unwrap_or_default();
        let managed = id.to_lowercase().find("/federatedidentitycredentials/").and_then(|at| id.get(..at));
        if let Some(resource) = managed {
            return Ok(tenant.managed(resource));
        }
        if let Some(app) = filled(self.app_id.as_deref()).or(named) {
            return Ok(tenant.app(app));
        }
        Err(Reject::because("nothing tells whose it is: name the file after the app id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] =
        &["identity_id", "issuer", "subject", "subject_constrained", "subject_wildcard", "locator"];
    const UNASKED: &str = "the file does not show whether every application and managed identity was asked for";

    #[test]
    fn all_applications_in_one_list() {
        let loaded = load_fixture(&FederatedCredentials, "azure.federated_credentials/good/all-applications.json");
        assert_eq!(
            loaded.rows(Trust::TABLE, COLUMNS),
            [
                [
                    "entra:good:app:bb000001-0000-4000-8000-000000000001",
                    "oidc.prod-aks.azure.com/t",
                    "system:serviceaccount:agents:triage",
                    "true",
                    "false",
                    "/value/0/federatedIdentityCredentials/0"
                ],
                [
                    "entra:good:app:bb000007-0000-4000-8000-000000000007",
                    "token.actions.githubusercontent.com",
                    "claims['sub'] matches 'repo:contoso/web:ref:refs/heads/*'",
                    "true",
                    "true",
                    "/value/2/federatedIdentityCredentials/0"
                ],
            ]
        );
        assert_eq!(covered(&loaded), ["trust partial: not in this file: service principals, managed identities"]);
    }

    #[test]
    fn lists_of_single_applications_and_managed_identities() {
        let loaded = load_fixture(
            &FederatedCredentials,
            "azure.federated_credentials/good/federated-bb000001-0000-4000-8000-000000000001.json",
        );
        let app = "entra:good:app:bb000001-0000-4000-8000-000000000001";
        let expected =
            [[app, "gitlab.com", "project_path:contoso/web:ref_type:branch:ref:main", "true", "false", "/0"]];
        assert_eq!(loaded.rows(Trust::TABLE, COLUMNS), expected);
        assert_eq!(covered(&loaded), [format!("trust partial: {UNASKED}")]);

        let managed = "entra:good:mi:/subscriptions/55000000-0000-4000-8000-000000000000/resourcegroups/rg-agents/\
                       providers/microsoft.managedidentity/userassignedidentities/mi-triage";
        let subject = "system:serviceaccount:agents:triage";
        let loaded = load_fixture(&FederatedCredentials, "azure.federated_credentials/good/managed-cli.json");
        let expected = [[managed, "oidc.prod-aks.azure.com/t", subject, "true", "false", "/0"]];
        assert_eq!(loaded.rows(Trust::TABLE, COLUMNS), expected);
        let loaded = load_fixture(&FederatedCredentials, "azure.federated_credentials/good/managed-arm.json");
        let expected = [[managed, "oidc.prod-aks.azure.com/t", subject, "true", "false", "/value/0"]];
        assert_eq!(loaded.rows(Trust::TABLE, COLUMNS), expected);
    }

    #[test]
    fn wrapped_lists_one_after_the_other() {
        let loaded = load_fixture(&FederatedCredentials, "azure.federated_credentials/good/wrapped.ndjson");
        let rows = loaded.rows(Trust::TABLE, &["identity_id", "subject"]);
        assert_eq!(rows, [["entra:good:app:bb000001-0000-4000-8000-000000000001", "repo:contoso/web:pull_request"]]);
        assert_eq!(covered(&loaded), [format!("trust partial: {UNASKED}")]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&FederatedCredentials, "azure.federated_credentials/bad/records.json");
        assert!(loaded.rows(Trust::TABLE, COLUMNS).is_empty());
        assert_eq!(
            reasons(&loaded),
            [
                "/0: nothing tells whose it is: name the file after the app id",
                "/1: `issuer` is missing",
                "/2: neither `subject` nor an expression is there"
            ]
        );
        loaded.assert_no_canary();
    }
}
