//! What AzureHound collects: one file with the objects of a tenant and of Azure, and who holds what on them. It
//! writes ids in upper case, and leaves out fields that are empty or false.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::app_permissions::{AppRole, Delegated};
use super::applications::Application;
use super::arm_roles::Assignment as ArmAssignment;
use super::azurehound_index::{Index, Wrapped};
use super::credentials::{Credentials, Keeper};
use super::directory_roles::Assignment as DirectoryAssignment;
use super::federation::Federated;
use super::grants;
use super::service_principals::Principal;
use super::{
    APP_PERMISSIONS, APPLICATIONS, CREDENTIAL_FACTS, CREDENTIAL_PARTS, DELEGATED_PERMISSIONS, DIRECTORY_ROLES,
    GRANT_PARTS, OWNER_PARTS, PROVIDER, SERVICE_PRINCIPALS, TAG_PARTS, TRUST_PARTS, Tenant, filled,
};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `azurehound list`.
pub struct AzureHound;

impl Source for AzureHound {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.azurehound",
            title: "AzureHound collection",
            provider: PROVIDER,
            command: "azurehound list -u USER -p PASSWORD -t TENANT -o azurehound.json",
            recognises: "JSON with `data`, whose elements have a `kind` that starts with `AZ`",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Owner, Level::Full),
                (Fact::Environment, Level::Partial),
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::Entitlement, Level::Partial),
                (Fact::Trust, Level::Partial),
            ],
            main_view: "identities",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_record =
            |record: &Outline| record.has("data") && record.text_at("kind").is_some_and(|kind| kind.starts_with("AZ"));
        let outline = probe.outline();
        let records = outline.as_ref().and_then(|root| root.get("data")).map(Outline::elements);
        Recognised::yes_if(records.is_some_and(|records| records.iter().any(is_record)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let index = Index::read(input)?;
        let tenant = Tenant::new(index.tenant.as_deref().unwrap_or(&input.scope_id));
        if index.tenant.is_some() {
            out.about_scope(&tenant.scope);
        }
        let reader = Reader { index: &index, tenant: &tenant, input };
        json::pieces(input.reader()?, &["data"], &[], &mut |piece| {
            out.record(&piece.pointer, |out| reader.load(&Wrapped::of(&piece)?, &piece.pointer, out))
        })?;
        cover(&index, &tenant, out);
        Ok(())
    }
}

struct Reader<'a> {
    index: &'a Index,
    tenant: &'a Tenant,
    input: &'a Input,
}

impl Reader<'_> {
    fn load(&self, record: &Wrapped, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let (tenant, input) = (self.tenant, self.input);
        match record.kind.as_str() {
            "AZApp" => self.application(&record.parse("an application")?, locator, out),
            "AZServicePrincipal" => self.principal(&record.parse("a service principal")?, locator, out),
            "AZUser" => self.member(record, true, locator, out),
            "AZGroup" => self.member(record, false, locator, out),
            "AZRoleAssignment" => self.directory_roles(&record.parse("a list of role assignments")?, locator, out),
            "AZRoleEligibilityScheduleInstance" => {
                let one: DirectoryAssignment = record.parse("an eligible role")?;
                let name = one.role_definition_id.as_deref().and_then(|id| self.index.role_name(id));
                one.load(Some(true), name, tenant, input, locator, out)
            }
            "AZAppRoleAssignment" => {
                let role: AppRole = record.parse("an application permission")?;
                let granted_at = role.granted_at(locator, out)?;
                role.grant(role.holder(tenant)?, granted_at).push(tenant, input, locator, out)?;
                Ok(())
            }
            "AZOAuth2PermissionGrant" => {
                let grant: Delegated = record.parse("a delegated permission")?;
                grant.load(tenant, input, locator, out)
            }
            "AZFederatedIdentityCredential" => self.federated(&record.parse("federated credentials")?, locator, out),
            // Owners, roles and the tenant were read before; devices and resources hold nothing.
            kind if grants_in_azure(kind) => self.azure_roles(record, locator, out),
            _ => Ok(()),
        }
    }

    fn application(&self, application: &Application, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let id = filled(application.app_id.as_deref()).ok_or_else(|| Reject::because("`appId` is missing"))?;
        let mut identity = application.identity(id, self.tenant, self.input, locator, out)?;
        self.own(&mut identity, [Some(id), application.id.as_deref()]);
        let rows = self.credentials(&application.credentials, &identity, Keeper::Owner, locator, out)?;
        out.push(identity)?;
        for row in rows {
            out.push(row)?;
        }
        Ok(())
    }

    fn principal(&self, principal: &Principal, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let mut identity = principal.identity(self.tenant, self.input, locator, out)?;
        // What is false is left out.
        identity.enabled = Some(identity.enabled.unwrap_or(false));
        self.own(&mut identity, [principal.id.as_deref(), None]);
        let rows = self.credentials(&principal.credentials, &identity, principal.keeper(), locator, out)?;
        principal.push_names(&identity, self.tenant, out)?;
        let foreign = principal.foreign(&identity.identity_id, self.tenant, self.input, locator);
        out.push(identity)?;
        for row in rows {
            out.push(row)?;
        }
        if let Some(trust) = foreign {
            out.push(trust)?;
        }
        Ok(())
    }

    fn own(&self, identity: &mut Identity, ids: [Option<&str>; 2]) {
        if let Some(owner) = self.index.owner(ids) {
            identity.owner = Some(owner);
            identity.owner_basis = Some(Word::from("directory_owner"));
        }
    }

    fn credentials(
        &self,
        credentials: &Credentials,
        identity: &Identity,
        keeper: Keeper,
        locator: &str,
        out: &mut Output,
    ) -> Result<Vec<crate::inventory::schema::Credential>, Reject> {
        credentials.rows(&identity.identity_id, keeper, self.tenant, self.input, locator, out)
    }

    /// A user or a group: not what a tenant is asked for here, but holders of roles must exist.
    fn member(&self, record: &Wrapped, is_user: bool, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let member: Member = record.parse("a user or group")?;
        let id = filled(member.id.as_deref()).ok_or_else(|| Reject::because("`id` is missing"))?;
        let name = filled(member.user_principal_name.as_deref()).or(filled(member.display_name.as_deref()));
        let kind = if is_user { "user" } else { "group" };
        out.push(Identity {
            enabled: is_user.then(|| member.account_enabled.unwrap_or(false)),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..grants::member(self.tenant.id(kind, id), id, is_user, name.unwrap_or(id), self.tenant)
        })?;
        Ok(())
    }

    fn directory_roles(&self, list: &RoleList, locator: &str, out: &mut Output) -> Result<(), Stop> {
        for (at, one) in list.role_assignments.iter().flatten().enumerate() {
            let role = one.role_definition_id.as_deref().or(list.role_definition_id.as_deref());
            let name = role.and_then(|id| self.index.role_name(id));
            let locator = format!("{locator}/data/roleAssignments/{at}");
            one.load(None, name, self.tenant, self.input, &locator, out)?;
        }
        Ok(())
    }

    fn federated(&self, list: &FederatedList, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let app = filled(list.app_id.as_deref()).ok_or_else(|| Reject::because("`appId` is missing"))?;
        let holder = self.tenant.app(&self.index.app_id(app));
        let items = list.fics.iter().flatten().map(|item| &item.fic).chain(std::iter::once(&list.fic)).flatten();
        let rows: Vec<_> = items
            .map(|federated| federated.row(holder.clone(), self.tenant, self.input, locator))
            .collect::<Result<_, _>>()?;
        for row in rows {
            out.push(row)?;
        }
        Ok(())
    }

    /// Assignments of roles in Azure stand in lists whose names differ from kind to kind: `owners`, `assignees`,
    /// `roleAssignments`; inside, each stands under a key of its own.
    fn azure_roles(&self, record: &Wrapped, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let data: std::collections::BTreeMap<String, Box<RawValue>> = record.parse("a list of role assignments")?;
        for (list, items) in &data {
            if !items.get().starts_with('[') {
                continue;
            }
            let items: Vec<std::collections::BTreeMap<String, Box<RawValue>>> =
                json::parse(items.get(), "a list of role assignments")?;
            for (at, item) in items.iter().enumerate() {
                let locator = format!("{locator}/data/{list}/{at}");
                for value in item.values().filter(|value| value.get().starts_with('{')) {
                    let assignment: ArmAssignment = json::parse(value.get(), "a role assignment")?;
                    let mut grant = assignment.grant(self.tenant, &locator, out)?;
                    // Its own letters are gone: in lower case it is at least the same everywhere.
                    grant.resource = grant.resource.to_lowercase();
                    grant.push(self.tenant, self.input, &locator, out)?;
                }
            }
        }
        Ok(())
    }
}

/// Kinds that list who holds a role on a subscription, a group of resources, a vault, a machine.
fn grants_in_azure(kind: &str) -> bool {
    let holders = ["RoleAssignment", "Owner", "Contributor", "UserAccessAdmin", "AdminLogin"];
    let directory = [
        "AZGroupOwner",
        "AZDeviceOwner",
        "AZAppOwner",
        "AZServicePrincipalOwner",
        "AZRoleAssignment",
        "AZAppRoleAssignment",
    ];
    holders.iter().any(|end| kind.ends_with(end)) && !directory.contains(&kind)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    id: Option<String>,
    display_name: Option<String>,
    user_principal_name: Option<String>,
    account_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleList {
    role_definition_id: Option<String>,
    role_assignments: Option<Vec<DirectoryAssignment>>,
}

/// Federated credentials of one application, or a single one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FederatedList {
    app_id: Option<String>,
    fics: Option<Vec<FederatedItem>>,
    fic: Option<Federated>,
}

#[derive(Deserialize)]
struct FederatedItem {
    fic: Option<Federated>,
}

/// Kinds are there as far as they were asked for.
fn cover(index: &Index, tenant: &Tenant, out: &mut Output) {
    let scope = tenant.scope.as_str();
    let has = |kind: &str| index.has(kind);
    let principals = has("AZServicePrincipal");
    let (level, note) =
        if principals { (Level::Full, None) } else { (Level::Partial, Some("service principals are not in the file")) };
    out.cover(PROVIDER, scope, Fact::Identity, level, note);
    if has("AZApp") {
        for fact in CREDENTIAL_FACTS {
            out.cover_part(PROVIDER, scope, fact, APPLICATIONS, CREDENTIAL_PARTS);
        }
    }
    if principals {
        for fact in CREDENTIAL_FACTS {
            out.cover_part(PROVIDER, scope, fact, SERVICE_PRINCIPALS, CREDENTIAL_PARTS);
        }
        out.cover_part(PROVIDER, scope, Fact::Environment, SERVICE_PRINCIPALS, TAG_PARTS);
        if tenant.own_id().is_some() {
            out.cover_part(PROVIDER, scope, Fact::Trust, SERVICE_PRINCIPALS, TRUST_PARTS);
        }
    }
    let parts: [(&str, Fact, &'static str, &'static [&'static str]); 6] = [
        ("AZAppOwner", Fact::Owner, APPLICATIONS, OWNER_PARTS),
        ("AZServicePrincipalOwner", Fact::Owner, SERVICE_PRINCIPALS, OWNER_PARTS),
        ("AZFederatedIdentityCredential", Fact::Trust, APPLICATIONS, TRUST_PARTS),
        ("AZRoleAssignment", Fact::Entitlement, DIRECTORY_ROLES, GRANT_PARTS),
        ("AZAppRoleAssignment", Fact::Entitlement, APP_PERMISSIONS, GRANT_PARTS),
        ("AZOAuth2PermissionGrant", Fact::Entitlement, DELEGATED_PERMISSIONS, GRANT_PARTS),
    ];
    for (kind, fact, part, of) in parts {
        if has(kind) {
            out.cover_part(PROVIDER, scope, fact, part, of);
        }
    }
    let of_directory = ["AZRoleAssignment", "AZAppRoleAssignment", "AZOAuth2PermissionGrant"];
    if !of_directory.iter().any(|kind| has(kind)) && index.kinds.iter().any(|kind| grants_in_azure(kind)) {
        let note = "of roles in Azure, only the strongest are in the file";
        out.cover(PROVIDER, scope, Fact::Entitlement, Level::Partial, Some(note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Entitlement, Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const TENANT: &str = "7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21";

    #[test]
    fn objects_in_any_order_with_their_owners() {
        let loaded = load_fixture(&AzureHound, "azure.azurehound/good/azurehound.json");
        let columns = &["identity_id", "kind", "name", "native_id", "owner", "enabled", "vendor"];
        let id = |kind: &str, n: &str| format!("entra:{TENANT}:{kind}:{n}");
        let (app, sp) = ("bb000001-0000-4000-8000-000000000001", "aa000001-0000-4000-8000-000000000001");
        let (user, group) = ("dd000001-0000-4000-8000-000000000001", "dd000002-0000-4000-8000-000000000002");
        let other = "aa000002-0000-4000-8000-000000000002";
        let other_app = "bb000002-0000-4000-8000-000000000002";
        let org = "ff000000-0000-4000-8000-00000000000f";
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [&id("app", app), "app_registration", "INVOICE-PILOT", app, "ana@contoso.example", "∅", "∅"],
                [&id("sp", sp), "service_principal", "INVOICE-PILOT", app, "platform", "true", "∅"],
                [&id("sp", other), "service_principal", "SCANNER", other_app, "∅", "false", org],
                [&id("user", user), "human", "ana@contoso.example", user, "∅", "true", "∅"],
                [&id("group", group), "group", "AGENT-OPERATORS", group, "∅", "∅", "∅"],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "kind", "status"]);
        let key = "cc000011-0000-4000-8000-000000000011";
        assert_eq!(rows, [[format!("{}#{key}", id("app", app)), "client_secret".into(), "active".into()]]);
        assert_eq!(
            loaded.rows(Trust::TABLE, &["identity_id", "kind", "issuer", "subject", "external_scope"]),
            [
                [&id("sp", other), "cross_tenant", "∅", &format!("entra:{org}:app:{other_app}"), org],
                [
                    &id("app", app),
                    "oidc",
                    "token.actions.githubusercontent.com",
                    "repo:contoso/web:ref:refs/heads/main",
                    "∅"
                ],
            ]
            .map(|row| row.map(str::to_owned))
        );
        assert_eq!(loaded.estate.files[0].scope_id, TENANT);
        loaded.assert_no_canary();
    }

    #[test]
    fn grants_of_every_kind() {
        let loaded = load_fixture(&AzureHound, "azure.azurehound/good/azurehound.json");
        let columns = &["identity_id", "action", "resource", "is_admin", "can_escalate", "eligible_only", "locator"];
        let id = |kind: &str, n: &str| format!("entra:{TENANT}:{kind}:{n}");
        let (sp, user) = ("aa000001-0000-4000-8000-000000000001", "dd000001-0000-4000-8000-000000000001");
        let subscription = "/subscriptions/55000000-0000-4000-8000-000000000000";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [
                    &id("object", user),
                    "Global Administrator",
                    "/",
                    "true",
                    "true",
                    "∅",
                    "/data/7/data/roleAssignments/0"
                ],
                [&id("object", user), "Agent Reviewer", "/", "∅", "∅", "true", "/data/8"],
                [&id("sp", sp), "Directory.ReadWrite.All", "Microsoft Graph", "false", "true", "false", "/data/9"],
                [&id("object", sp), "Owner", subscription, "true", "true", "∅", "/data/11/data/owners/0"],
                [
                    &id("object", sp),
                    "AcrPull",
                    &format!("{subscription}/resourcegroups/rg/providers/microsoft.containerregistry/registries/r"),
                    "false",
                    "false",
                    "∅",
                    "/data/12/data/assignees/0"
                ],
            ]
            .map(|row| row.map(str::to_owned))
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity full",
                "owner full",
                "environment partial: not in this file: managed identities",
                "credential full",
                "credential.rotation full",
                "credential.expiry full",
                "entitlement partial: not in this file: roles in Azure, delegated permissions",
                "trust partial: not in this file: managed identities",
            ]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AzureHound, "azure.azurehound/bad/records.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["KEPT"]]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..3],
            ["/data/1: `id` is missing", "/data/2: `appId` is missing", "/data/3: `principalId` is missing"]
        );
        assert!(reasons[3].starts_with("/data/4: the record does not have the shape of"), "{reasons:?}");
        loaded.assert_no_canary();
    }
}
