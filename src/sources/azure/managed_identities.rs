//! User-assigned managed identities, as the resource manager lists them: identities without a secret, with the
//! tags that their service principals lack. Those that belong to a resource appear with the resource, or as
//! service principals.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::lists::{self, Sample, has_all, says};
use super::objects::ResourceTags;
use super::role_assignments::is_tenant_wide;
use super::service_principals::by_resource;
use super::{MANAGED_IDENTITIES, PROVIDER, TAG_PARTS, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// `az identity list`, the API behind it, and the same of the resource graph.
pub struct ManagedIdentities;

impl Source for ManagedIdentities {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.managed_identities",
            title: "Azure user-assigned managed identities",
            provider: PROVIDER,
            command: "az graph query --first 1000 -q \"resources | where type =~ \
                      'microsoft.managedidentity/userassignedidentities'\" -o json > managed-identities.json; or, for \
                      each subscription: az identity list -o json",
            recognises: "resources of the type `Microsoft.ManagedIdentity/userAssignedIdentities` with `principalId`",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Owner, Level::Partial),
                (Fact::Environment, Level::Partial),
            ],
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        Recognised::yes_if(sample.any(is_managed_identity))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut tenants = BTreeSet::new();
        lists::each(input, out, &mut |locator, text, out| {
            let identity: Managed = json::parse(text, "a managed identity")?;
            tenants.insert(identity.load(input, locator, out)?);
            Ok(())
        })?;
        if let Some(tenant) = tenants.first()
            && tenants.len() == 1
        {
            out.about_scope(tenant);
        }
        let nobody = tenants.is_empty().then(|| input.scope_id.clone());
        for scope in tenants.iter().chain(&nobody) {
            let note = "user-assigned identities only";
            out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some(note));
            out.cover(PROVIDER, scope, Fact::Owner, Level::Partial, Some(note));
            if is_tenant_wide(input)? {
                out.cover_part(PROVIDER, scope, Fact::Environment, MANAGED_IDENTITIES, TAG_PARTS);
            } else {
                let note = "subscriptions that were not asked for are not in the file";
                out.cover(PROVIDER, scope, Fact::Environment, Level::Partial, Some(note));
            }
        }
        Ok(())
    }
}

fn is_managed_identity(record: &Outline) -> bool {
    says(record, "type", TYPE) && has_all(record, &["principalId"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Managed {
    id: Option<String>,
    name: Option<String>,
    tags: Option<ResourceTags>,
    #[serde(flatten)]
    flat: Ids,
    properties: Option<Ids>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ids {
    principal_id: Option<String>,
    client_id: Option<String>,
    tenant_id: Option<String>,
}

impl Managed {
    /// Writes it; returns its tenant.
    fn load(&self, input: &Input, locator: &str, out: &mut Output) -> Result<String, Stop> {
        let missing = |field: &str| Reject::because(format!("`{field}` is missing"));
        let ids = self.properties.as_ref().filter(|ids| ids.principal_id.is_some()).unwrap_or(&self.flat);
        let principal = filled(ids.principal_id.as_deref()).ok_or_else(|| missing("principalId"))?;
        let resource = filled(self.id.as_deref()).ok_or_else(|| missing("id"))?;
        let scope = filled(ids.tenant_id.as_deref()).map_or_else(|| input.scope_id.clone(), str::to_lowercase);
        let tenant = Tenant::new(&scope);
        let tags = self.tags.as_ref();
        let (owner, environment) = (tags.and_then(ResourceTags::owner), tags.and_then(ResourceTags::environment));
        let name = filled(self.name.as_deref()).unwrap_or_else(|| resource.rsplit('/').next().unwrap_or(resource));
        let identity = Identity {
            identity_id: tenant.principal(principal),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from("managed_identity"),
            name: name.to_owned(),
            native_id: filled(ids.client_id.as_deref()).unwrap_or(principal).to_lowercase(),
            is_human: Some(false),
            owner_basis: owner.as_ref().map(|_| Word::from("tag")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        };
        out.push(by_resource(&identity, resource, &format!("{locator}/id")))?;
        out.push(identity)?;
        Ok(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const TENANT: &str = "7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21";
    const RESOURCE: &str = "/subscriptions/55000000-0000-4000-8000-000000000000/resourcegroups/rg-agents/providers/\
                            microsoft.managedidentity/userassignedidentities/mi-triage";

    #[test]
    fn the_file_names_its_tenant() {
        let loaded = load_fixture(&ManagedIdentities, "azure.managed_identities/good/az-identity-list.json");
        let id = format!("entra:{TENANT}:sp:aa000003-0000-4000-8000-000000000003");
        let columns = &["identity_id", "kind", "native_id", "owner", "owner_basis", "environment", "environment_basis"];
        let client = "bb000003-0000-4000-8000-000000000003";
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [id.as_str(), "managed_identity", RESOURCE, "∅", "∅", "∅", "∅"],
                [&id, "managed_identity", client, "agents@contoso.example", "tag", "production", "tag"],
            ]
        );
        assert_eq!(loaded.estate.files[0].scope_id, TENANT);
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: user-assigned identities only",
                "owner partial: user-assigned identities only",
                "environment partial: subscriptions that were not asked for are not in the file",
            ]
        );
    }

    #[test]
    fn the_resource_graph_shows_the_tags_of_all() {
        let loaded = load_fixture(&ManagedIdentities, "azure.managed_identities/good/resource-graph.json");
        let rows = loaded.rows(Identity::TABLE, &["name", "owner", "locator"]);
        assert_eq!(rows, [["mi-triage", "∅", "/data/0/id"], ["mi-triage", "∅", "/data/0"]]);
        assert_eq!(covered(&loaded)[2], "environment partial: not in this file: service principals");
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&ManagedIdentities, "azure.managed_identities/bad/records.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"], ["kept"]]);
        assert_eq!(reasons(&loaded), ["/1: `principalId` is missing", "/2: `id` is missing"]);
        loaded.assert_no_canary();
    }
}
