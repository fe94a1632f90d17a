//! Service principals: the accounts of applications and managed identities in a tenant, with what they hold
//! themselves. Most credentials stand on the application instead, in a list of its own; a principal of another
//! tenant's application shows none at all.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::app_permissions::AppRole;
use super::credentials::{Credentials, Keeper};
use super::lists::{self, Sample};
use super::objects::{self, DirectoryObject};
use super::{
    APP_PERMISSIONS, CREDENTIAL_FACTS, CREDENTIAL_PARTS, GRANT_PARTS, OWNER_PARTS, PROVIDER, SERVICE_PRINCIPALS,
    TAG_PARTS, TRUST_PARTS, Tenant, filled,
};
use crate::inventory;
use crate::inventory::column::Word;
use crate::inventory::schema::{Identity, IdentityUse, Trust};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// Where the CLI stops without being told to go on.
pub(super) const CLI_LIMIT: usize = 100;
/// Where Graph stops inside a record: of longer lists it shows so many.
const EXPAND_LIMIT: usize = 20;

/// `az ad sp list`, or `/servicePrincipals` of Graph.
pub struct ServicePrincipals;

impl Source for ServicePrincipals {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.service_principals",
            title: "Entra ID service principals",
            provider: PROVIDER,
            command: "az ad sp list --all -o json > service-principals.json; with owners and permissions: az rest --url \
                      'https://graph.microsoft.com/v1.0/servicePrincipals?$expand=owners', page by page",
            recognises: "records with `appId` and one of `servicePrincipalType`, `appOwnerOrganizationId`, \
                         `appRoleAssignmentRequired` and `appRoleAssignments`, not deleted",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Owner, Level::Partial),
                (Fact::Environment, Level::Partial),
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialExpiry, Level::Partial),
                (Fact::Trust, Level::Partial),
                (Fact::Use, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(Sample::of(probe).is_some_and(|sample| sample.any(is_principal)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let mut seen = Seen::default();
        lists::each(input, out, &mut |locator, text, out| {
            let principal: Principal = json::parse(text, "a service principal")?;
            seen.take(&principal);
            principal.load(&tenant, input, locator, out)
        })?;
        let short = seen.why_short(out.truncated);
        seen.cover(short, &tenant, out);
        Ok(())
    }
}

/// Agents are told apart by where they come from; what was deleted by its date.
fn is_principal(record: &Outline) -> bool {
    let own = ["servicePrincipalType", "appOwnerOrganizationId", "appRoleAssignmentRequired", "appRoleAssignments"];
    record.has("appId")
        && record.has_any(&own)
        && !super::agent_identities::is_agent(record)
        && record.text_at("deletedDateTime").is_none()
}

/// A service principal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Principal {
    #[serde(alias = "objectId")]
    pub id: Option<String>,
    pub app_id: Option<String>,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    display_name: Option<String>,
    app_display_name: Option<String>,
    pub account_enabled: Option<bool>,
    disabled_by_microsoft_status: Option<String>,
    pub service_principal_type: Option<String>,
    #[serde(alias = "appOwnerTenantId")]
    app_owner_organization_id: Option<String>,
    publisher_name: Option<String>,
    verified_publisher: Option<Publisher>,
    created_date_time: Option<String>,
    alternative_names: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub owners: Option<Vec<DirectoryObject>>,
    app_role_assignments: Option<Vec<AppRole>>,
    pub agent_identity_blueprint_id: Option<String>,
    #[serde(flatten)]
    pub credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publisher {
    display_name: Option<String>,
}

impl Principal {
    fn load(&self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let object_id = self.object_id()?;
        let identity = self.identity(tenant, input, locator, out)?;
        let id = identity.identity_id.clone();
        let credentials = self.credentials.rows(&id, self.keeper(), tenant, input, locator, out)?;
        let roles = self.roles(locator, out)?;
        self.push_names(&identity, tenant, out)?;
        out.push(identity)?;
        for credential in credentials {
            out.push(credential)?;
        }
        for (role, granted_at) in self.app_role_assignments.iter().flatten().zip(roles) {
            role.grant(tenant.principal(object_id), granted_at).push(tenant, input, locator, out)?;
        }
        if let Some(trust) = self.foreign(&id, tenant, input, locator) {
            out.push(trust)?;
        }
        Ok(())
    }

    pub fn object_id(&self) -> Result<&str, Reject> {
        filled(self.id.as_deref()).ok_or_else(|| Reject::because("`id` is missing"))
    }

    pub fn keeper(&self) -> Keeper {
        if self.is("ManagedIdentity") { Keeper::Platform } else { Keeper::Owner }
    }

    fn is(&self, kind: &str) -> bool {
        self.service_principal_type.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(kind))
    }

    /// The moments at which its permissions were granted, one each.
    fn roles(&self, locator: &str, out: &mut Output) -> Result<Vec<Option<crate::config::Moment>>, Reject> {
        self.app_role_assignments.iter().flatten().map(|role| role.granted_at(locator, out)).collect()
    }

    /// The principal as an identity.
    pub fn identity(
        &self,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<Identity, Reject> {
        let object_id = self.object_id()?;
        let names = [self.display_name.as_deref(), self.app_display_name.as_deref()];
        let is_agent = self.agent_identity_blueprint_id.is_some()
            || self.odata_type.as_deref().is_some_and(|kind| kind.ends_with(".agentIdentity"));
        let kind = if is_agent {
            "agent_identity"
        } else if self.is("ManagedIdentity") {
            "managed_identity"
        } else {
            "service_principal"
        };
        let created = filled(self.created_date_time.as_deref());
        let owner = self.owners.as_deref().and_then(objects::names);
        let environment = self.tags.as_deref().and_then(objects::environment_of_labels);
        let publisher = self.verified_publisher.as_ref().and_then(|publisher| publisher.display_name.as_deref());
        let is_banned =
            self.disabled_by_microsoft_status.as_deref().is_some_and(|status| status.starts_with("DisabledDueTo"));
        Ok(Identity {
            identity_id: tenant.principal(object_id),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from(kind),
            name: names.into_iter().find_map(filled).unwrap_or(object_id).to_owned(),
            // By this id the views find what is written of the application.
            native_id: filled(self.app_id.as_deref()).unwrap_or(object_id).to_lowercase(),
            is_human: Some(false),
            owner_basis: owner.as_ref().map(|_| Word::from("directory_owner")),
            owner,
            environment_basis: environment.as_ref().map(|_| Word::from("tag")),
            environment,
            vendor: objects::vendor(
                self.app_owner_organization_id.as_deref(),
                filled(publisher).or(filled(self.publisher_name.as_deref())),
                tenant,
            ),
            created_at: created.map(|text| out.past("createdDateTime", text, locator)).transpose()?,
            enabled: if is_banned { Some(false) } else { self.account_enabled },
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        })
    }

    /// What else a managed identity is called: the resource that it is, or the resource that runs as it.
    pub fn push_names(&self, identity: &Identity, tenant: &Tenant, out: &mut Output) -> Result<(), inventory::Error> {
        let names = self.alternative_names.iter().flatten().map(String::as_str);
        let Some((at, resource)) = names.clone().enumerate().find(|(_, name)| name.starts_with("/subscriptions/"))
        else {
            return Ok(());
        };
        if !self.is("ManagedIdentity") {
            return Ok(());
        }
        let locator = format!("{}/alternativeNames/{at}", identity.locator);
        if names.clone().any(|name| name.eq_ignore_ascii_case("isExplicit=True")) {
            return out.push(by_resource(identity, resource, &locator));
        }
        out.push(IdentityUse {
            identity_id: identity.identity_id.clone(),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            user_kind: Word::from(objects::workload(resource)),
            user_ref: resource.to_owned(),
            basis: Word::from("config"),
            source_id: identity.source_id.clone(),
            locator,
            ..IdentityUse::default()
        })
    }

    /// Another tenant holds the application, and with it the credentials that sign in here. What Microsoft runs
    /// for everybody is no such way in.
    pub fn foreign(&self, id: &str, tenant: &Tenant, input: &Input, locator: &str) -> Option<Trust> {
        let owner = filled(self.app_owner_organization_id.as_deref())?.to_lowercase();
        let own = tenant.own_id()?;
        if owner == own || objects::is_microsoft(&owner) || self.is("ManagedIdentity") {
            return None;
        }
        Some(Trust {
            trust_id: hash::row_id(&[PROVIDER, id, "cross_tenant", &owner]),
            identity_id: id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from("cross_tenant"),
            subject: filled(self.app_id.as_deref()).map(|app| format!("entra:{owner}:app:{}", app.to_lowercase())),
            external_scope: Some(owner),
            external_party: Some(true),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Trust::default()
        })
    }
}

/// The same managed identity under the id of its resource, by which federated credentials name it.
pub(super) fn by_resource(identity: &Identity, resource: &str, locator: &str) -> Identity {
    Identity {
        identity_id: identity.identity_id.clone(),
        provider: identity.provider.clone(),
        scope_id: identity.scope_id.clone(),
        kind: identity.kind.clone(),
        name: identity.name.clone(),
        native_id: resource.to_lowercase(),
        source_id: identity.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}

/// What the records of a file show.
#[derive(Default)]
struct Seen {
    records: usize,
    owners: usize,
    tags: usize,
    credentials: usize,
    roles: usize,
    /// Kinds of principals, to see a list that was filtered by kind.
    kinds: BTreeSet<String>,
    /// Whether the tenants behind applications are shown, and one of them is Microsoft.
    shows_tenants: bool,
    has_microsoft: bool,
}

impl Seen {
    fn take(&mut self, principal: &Principal) {
        self.records += 1;
        self.owners += usize::from(principal.owners.is_some());
        self.tags += usize::from(principal.tags.is_some());
        self.credentials += usize::from(principal.credentials.are_shown());
        self.roles += usize::from(principal.app_role_assignments.as_ref().is_some_and(|it| it.len() < EXPAND_LIMIT));
        self.kinds.extend(principal.service_principal_type.clone());
        if let Some(owner) = &principal.app_owner_organization_id {
            self.shows_tenants = true;
            self.has_microsoft |= objects::is_microsoft(owner);
        }
    }

    /// What gives away a list that was filtered or cut: every tenant holds services of Microsoft.
    fn why_short(&self, truncated: Option<bool>) -> Option<&'static str> {
        if self.records == CLI_LIMIT && truncated.is_none() {
            Some("one hundred records: exported without `--all`")
        } else if self.kinds.len() == 1 && self.kinds.contains("ManagedIdentity") {
            Some("managed identities only")
        } else if self.shows_tenants && !self.has_microsoft {
            Some("services of Microsoft are missing, which every tenant has")
        } else {
            (self.records == 0).then_some("no record could be read")
        }
    }

    fn cover(&self, short: Option<&'static str>, tenant: &Tenant, out: &mut Output) {
        let scope = tenant.scope.as_str();
        let level = if short.is_some() { Level::Partial } else { Level::Full };
        out.cover(PROVIDER, scope, Fact::Identity, level, short);
        let mut part = |fact: Fact, shown: usize, of: &'static [&'static str], missing: &str| {
            if shown == 0 {
                out.cover(PROVIDER, scope, fact, Level::None, Some(missing));
            } else if short.is_some() || shown < self.records {
                out.cover(PROVIDER, scope, fact, Level::Partial, Some(short.unwrap_or(missing)));
            } else {
                out.cover_part(PROVIDER, scope, fact, SERVICE_PRINCIPALS, of);
            }
        };
        part(Fact::Owner, self.owners, OWNER_PARTS, "owners are in the file only with `$expand=owners`");
        part(Fact::Environment, self.tags, TAG_PARTS, "not all records show their tags");
        for fact in CREDENTIAL_FACTS {
            part(fact, self.credentials, CREDENTIAL_PARTS, "not all records show their credentials");
        }
        if self.roles > 0 && self.roles == self.records && short.is_none() {
            out.cover_part(PROVIDER, scope, Fact::Entitlement, APP_PERMISSIONS, GRANT_PARTS);
        }
        if let Some(short) = short {
            out.cover(PROVIDER, scope, Fact::Trust, Level::Partial, Some(short));
        } else if tenant.own_id().is_some() {
            out.cover_part(PROVIDER, scope, Fact::Trust, SERVICE_PRINCIPALS, TRUST_PARTS);
        } else {
            let note = "applications of other tenants show only where the scope is the tenant's id";
            out.cover(PROVIDER, scope, Fact::Trust, Level::None, Some(note));
        }
        let note = "of workloads, only resources with an identity of their own are listed";
        out.cover(PROVIDER, scope, Fact::Use, Level::Partial, Some(note));
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;
    use crate::inventory::schema::{Credential, Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const TENANT: &str = "7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21";

    fn of_the_cli() -> Loaded {
        load_fixture(&ServicePrincipals, &format!("azure.service_principals/good/{TENANT}/az-ad-sp-list.json"))
    }

    fn sp(n: u8) -> String {
        format!("entra:{TENANT}:sp:aa00000{n}-0000-4000-8000-00000000000{n}")
    }

    #[test]
    fn principals_of_the_cli() {
        let loaded = of_the_cli();
        let columns = &["identity_id", "kind", "name", "native_id", "vendor", "enabled", "created_at", "environment"];
        let resource = "/subscriptions/55000000-0000-4000-8000-000000000000/resourcegroups/rg-agents/providers/\
                        microsoft.managedidentity/userassignedidentities/mi-triage";
        let app = |n: u8| format!("bb00000{n}-0000-4000-8000-00000000000{n}");
        let graph = "00000003-0000-0000-c000-000000000000";
        assert_eq!(
            lines(&loaded, Identity::TABLE, columns),
            [
                format!(
                    "{} | service_principal | invoice-pilot | {} | ∅ | true | 2025-02-03T09:00:00Z | production",
                    sp(1),
                    app(1)
                ),
                format!(
                    "{} | service_principal | Fabrikam Scanner | {} | Fabrikam, Inc. | false | ∅ | ∅",
                    sp(2),
                    app(2)
                ),
                format!("{} | managed_identity | mi-triage | {resource} | ∅ | ∅ | ∅ | ∅", sp(3)),
                format!("{} | managed_identity | mi-triage | {} | ∅ | true | ∅ | ∅", sp(3), app(3)),
                format!("{} | managed_identity | vm-batch | {} | ∅ | true | ∅ | ∅", sp(4), app(4)),
                format!("{} | service_principal | Microsoft Graph | {graph} | Microsoft | true | ∅ | ∅", sp(5)),
            ]
        );
        let vm = "/subscriptions/55000000-0000-4000-8000-000000000000/resourceGroups/rg-batch/providers/\
                  Microsoft.Compute/virtualMachines/vm-batch";
        assert_eq!(
            lines(&loaded, IdentityUse::TABLE, &["identity_id", "user_kind", "user_ref", "basis"]),
            [format!("{} | vm | {vm} | config", sp(4))]
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity full",
                "owner none: owners are in the file only with `$expand=owners`",
                "environment partial: not in this file: managed identities",
                "credential partial: not in this file: applications",
                "credential.rotation partial: not in this file: applications",
                "credential.expiry partial: not in this file: applications",
                "trust partial: not in this file: applications, managed identities",
                "use partial: of workloads, only resources with an identity of their own are listed",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn what_principals_hold_themselves_and_who_is_behind_them() {
        let loaded = of_the_cli();
        let columns = &["credential_id", "kind", "lifetime", "status", "auto_rotated", "storage", "locator"];
        let key = |holder: u8| format!("{}#cc00000{holder}-0000-4000-8000-00000000000{holder}", sp(holder));
        assert_eq!(
            lines(&loaded, Credential::TABLE, columns),
            [
                format!("{} | client_secret | expiring | active | ∅ | ∅ | /0/passwordCredentials/0", key(1)),
                format!("{} | certificate | expiring | active | true | none | /2/keyCredentials/0", key(3)),
            ]
        );
        let org = "ff000000-0000-4000-8000-00000000000f";
        let subject = format!("entra:{org}:app:bb000002-0000-4000-8000-000000000002");
        assert_eq!(
            lines(&loaded, Trust::TABLE, &["identity_id", "kind", "subject", "external_scope", "external_party"]),
            [format!("{} | cross_tenant | {subject} | {org} | true", sp(2))]
        );
    }

    #[test]
    fn pages_of_graph_with_owners_and_permissions() {
        let loaded = load_fixture(&ServicePrincipals, "azure.service_principals/good/graph-pages.json");
        let columns = &["identity_id", "owner", "owner_basis", "vendor", "locator"];
        let id = |n: u8| format!("entra:good:sp:aa00001{n}-0000-4000-8000-00000000001{n}");
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    id(0),
                    "ana@contoso.example, platform-team".into(),
                    "directory_owner".into(),
                    "∅".into(),
                    "/value/0".into()
                ],
                [id(1), "∅".into(), "∅".into(), "Microsoft".into(), "document 2 /value/0".into()],
            ]
        );
        let columns = &["identity_id", "action", "resource", "can_escalate", "granted_at"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [[
                id(0),
                "AppRoleAssignment.ReadWrite.All".into(),
                "Microsoft Graph".into(),
                "true".into(),
                "2025-04-01T08:00:00Z".into()
            ]]
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
        assert_eq!(
            covered(&loaded),
            [
                "identity full",
                "owner partial: not in this file: applications",
                "environment none: not all records show their tags",
                "credential partial: not in this file: applications",
                "credential.rotation partial: not in this file: applications",
                "credential.expiry partial: not in this file: applications",
                "entitlement partial: not in this file: roles in Azure, directory roles, delegated permissions",
                "trust none: applications of other tenants show only where the scope is the tenant's id",
                "use partial: of workloads, only resources with an identity of their own are listed",
            ]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&ServicePrincipals, "azure.service_principals/bad/records.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        assert!(loaded.rows(Credential::TABLE, &["credential_id"]).is_empty());
        let reasons = reasons(&loaded);
        assert_eq!(reasons[..2], ["/1: `id` is missing", "/2: `endDateTime` is not a date"]);
        assert!(reasons[2].starts_with("/3: the record does not have the shape of a service principal"), "{reasons:?}");
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_that_is_short_says_so() {
        let short = |records, kind: &str, microsoft| {
            let kinds = BTreeSet::from([kind.to_owned()]);
            Seen { records, kinds, shows_tenants: true, has_microsoft: microsoft, ..Seen::default() }.why_short(None)
        };
        assert_eq!(short(99, "Application", true), None);
        assert_eq!(short(100, "Application", true), Some("one hundred records: exported without `--all`"));
        assert_eq!(short(7, "ManagedIdentity", false), Some("managed identities only"));
        assert_eq!(short(7, "Application", false), Some("services of Microsoft are missing, which every tenant has"));
    }

    #[test]
    fn a_list_that_breaks_off_covers_nothing_in_full() {
        let loaded = load_fixture(&ServicePrincipals, "azure.service_principals/bad/broken");
        let [broken, _] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert!(broken.coverage.is_empty());
        loaded.assert_no_canary();
    }
}
