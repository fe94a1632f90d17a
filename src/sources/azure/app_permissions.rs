//! Permissions of applications: application permissions (`appRoleAssignments`) and delegated ones
//! (`oauth2PermissionGrants`) of Graph. The first are the application's own power; the second lend it the power
//! of whoever signs in.

use serde::Deserialize;

use super::grants::{Grant, Verdict};
use super::lists::{self, Sample};
use super::objects::ObjectKind;
use super::permissions::{self, DEFAULT_NAME};
use super::{DELEGATED_PERMISSIONS, GRANT_PARTS, PROVIDER, Tenant, filled};
use crate::config::Moment;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const GRANTS_LIST: &str = "oauth2PermissionGrants";

/// `/oauth2PermissionGrants` and `/servicePrincipals/{id}/appRoleAssignments` of Graph.
pub struct AppPermissions;

impl Source for AppPermissions {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.app_permissions",
            title: "Entra ID application and delegated permissions",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/v1.0/oauth2PermissionGrants?$top=999' > delegated.json; \
                      az rest --url \"https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-\
                      c000-000000000000')/appRoleAssignedTo?\\$top=999\" > graph-permissions.json",
            recognises: "records with `clientId`, `consentType` and `scope`, or with `appRoleId`, `principalId` and \
                         `resourceId`",
            facts: &[(Fact::Entitlement, Level::Partial)],
            main_view: "entitlements",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        Recognised::yes_if(
            sample.any(|record| is_delegated(record) || is_role(record)) || sample.is_list_of(GRANTS_LIST),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let mut roles = 0;
        lists::each(input, out, &mut |locator, text, out| {
            let record: Record = json::parse(text, "a permission")?;
            if record.client_id.is_some() {
                let grant: Delegated = json::parse(text, "a delegated permission")?;
                grant.load(&tenant, input, locator, out)?;
            } else {
                let role: AppRole = json::parse(text, "an application permission")?;
                let holder = role.holder(&tenant)?;
                let granted_at = role.granted_at(locator, out)?;
                role.grant(holder, granted_at).push(&tenant, input, locator, out)?;
                roles += 1;
            }
            Ok(())
        })?;
        if roles > 0 {
            let note = "the file does not show whether every application, or every API, was asked for";
            out.cover(PROVIDER, &tenant.scope, Fact::Entitlement, Level::Partial, Some(note));
        } else {
            out.cover_part(PROVIDER, &tenant.scope, Fact::Entitlement, DELEGATED_PERMISSIONS, GRANT_PARTS);
        }
        Ok(())
    }
}

fn is_delegated(record: &Outline) -> bool {
    ["clientId", "consentType", "scope", "resourceId"].iter().all(|key| record.has(key))
}

fn is_role(record: &Outline) -> bool {
    ["appRoleId", "principalId", "resourceId"].iter().all(|key| record.has(key))
}

/// What tells the two kinds of records apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    client_id: Option<serde::de::IgnoredAny>,
}

/// An application permission, also as it stands inside a service principal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppRole {
    id: Option<String>,
    app_role_id: Option<String>,
    principal_id: Option<String>,
    principal_type: Option<String>,
    resource_id: Option<String>,
    resource_display_name: Option<String>,
    #[serde(alias = "creationTimestamp")]
    created_date_time: Option<String>,
}

impl AppRole {
    pub fn granted_at(&self, locator: &str, out: &mut Output) -> Result<Option<Moment>, Reject> {
        if filled(self.app_role_id.as_deref()).is_none() {
            return Err(Reject::because("`appRoleId` is missing"));
        }
        let text = filled(self.created_date_time.as_deref());
        text.map(|text| out.past("createdDateTime", text, locator)).transpose()
    }

    /// Whoever holds it: an application, or a person or group that may use one.
    pub fn holder(&self, tenant: &Tenant) -> Result<String, Reject> {
        let id = filled(self.principal_id.as_deref()).ok_or_else(|| Reject::because("`principalId` is missing"))?;
        let kind = self.principal_type.as_deref().map_or(ObjectKind::Unknown, ObjectKind::of);
        Ok(kind.id(tenant, id))
    }

    pub fn grant(&self, holder: String, granted_at: Option<Moment>) -> Grant<'_> {
        let id = self.app_role_id.as_deref().unwrap_or_default().to_lowercase();
        let known = permissions::app_permission(&id);
        let (action, verdict) = match known {
            Some((name, verdict)) => (name.to_owned(), verdict),
            None => (id, Verdict::default()),
        };
        let resource = filled(self.resource_display_name.as_deref()).or(filled(self.resource_id.as_deref()));
        Grant {
            holder,
            object_id: self.principal_id.as_deref().unwrap_or_default(),
            kind: if action == DEFAULT_NAME { "role" } else { "scope" },
            action,
            action_id: self.app_role_id.as_deref().unwrap_or_default(),
            resource: resource.unwrap_or_default().to_owned(),
            via: format!("binding:{}", self.id.as_deref().unwrap_or("appRoleAssignment")),
            verdict,
            condition: Some(String::new()),
            granted_at,
            // These never end by themselves, and nobody activates them.
            eligible_only: Some(false),
            ..Grant::default()
        }
    }
}

/// A delegated permission.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delegated {
    id: Option<String>,
    client_id: String,
    consent_type: Option<String>,
    principal_id: Option<String>,
    resource_id: Option<String>,
    scope: Option<String>,
}

impl Delegated {
    pub fn load(&self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let client = filled(Some(&self.client_id)).ok_or_else(|| Reject::because("`clientId` is empty"))?;
        // For everybody, or for one person who agreed.
        let condition = match (self.consent_type.as_deref(), filled(self.principal_id.as_deref())) {
            (Some("AllPrincipals"), _) => Some(String::new()),
            (Some("Principal"), Some(person)) => Some(format!("user = {}", person.to_lowercase())),
            _ => None,
        };
        let resource = filled(self.resource_id.as_deref()).unwrap_or_default();
        for name in self.scope.as_deref().unwrap_or_default().split_whitespace() {
            let action_id = format!("{name} {}", condition.as_deref().unwrap_or_default());
            Grant {
                holder: tenant.principal(client),
                object_id: client,
                action: name.to_owned(),
                action_id: &action_id,
                kind: "scope",
                resource: resource.to_lowercase(),
                via: format!("binding:{}", self.id.as_deref().unwrap_or("oauth2PermissionGrant")),
                verdict: permissions::delegated_permission(name),
                condition: condition.clone(),
                eligible_only: Some(false),
                ..Grant::default()
            }
            .push(tenant, input, locator, out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn delegated_permissions_are_one_row_a_scope() {
        let loaded = load_fixture(&AppPermissions, "azure.app_permissions/good/delegated.json");
        let columns = &[
            "identity_id",
            "action",
            "resource",
            "via",
            "is_admin",
            "is_wildcard_resource",
            "can_escalate",
            "condition",
        ];
        let sp = |n: u8| format!("entra:good:sp:aa00000{n}-0000-4000-8000-00000000000{n}");
        let graph = "aa000005-0000-4000-8000-000000000005";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [&sp(1), "User.Read", graph, "binding:g1", "false", "false", "false", ""],
                [&sp(1), "Directory.ReadWrite.All", graph, "binding:g1", "false", "true", "∅", ""],
                [
                    &sp(2),
                    "Mail.Read",
                    graph,
                    "binding:g2",
                    "false",
                    "false",
                    "false",
                    "user = dd000001-0000-4000-8000-000000000001"
                ],
            ]
            .map(|row| row.map(str::to_owned))
        );
        assert_eq!(
            covered(&loaded),
            ["entitlement partial: not in this file: roles in Azure, directory roles, application permissions"]
        );
    }

    #[test]
    fn application_permissions_have_names_where_they_are_known() {
        let loaded = load_fixture(&AppPermissions, "azure.app_permissions/good/assigned-to-graph.json");
        let columns = &[
            "identity_id",
            "action",
            "action_kind",
            "resource",
            "is_admin",
            "can_escalate",
            "granted_at",
            "eligible_only",
        ];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [
                    "entra:good:sp:aa000001-0000-4000-8000-000000000001",
                    "RoleManagement.ReadWrite.Directory",
                    "scope",
                    "Microsoft Graph",
                    "false",
                    "true",
                    "2024-05-06T07:08:09Z",
                    "false"
                ],
                [
                    "entra:good:sp:aa000002-0000-4000-8000-000000000002",
                    "12345678-0000-4000-8000-000000000000",
                    "scope",
                    "Microsoft Graph",
                    "∅",
                    "∅",
                    "∅",
                    "false"
                ],
                [
                    "entra:good:group:dd000002-0000-4000-8000-000000000002",
                    "default access",
                    "role",
                    "Expenses",
                    "false",
                    "false",
                    "∅",
                    "false"
                ],
            ]
        );
        let note = "the file does not show whether every application, or every API, was asked for";
        assert_eq!(covered(&loaded), [format!("entitlement partial: {note}")]);
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
    }

    #[test]
    fn no_delegated_permission_at_all_is_known_by_its_list() {
        let loaded = load_fixture(&AppPermissions, "azure.app_permissions/good/none.json");
        assert!(loaded.rows(Entitlement::TABLE, &["action"]).is_empty());
        assert_eq!(loaded.estate.files[0].rows_read, 0);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AppPermissions, "azure.app_permissions/bad/records.json");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["action"]), [["Mail.Send"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/0: `principalId` is missing",
                "/1: `appRoleId` is missing",
                "/2: `createdDateTime` is not a date",
                "/3: `clientId` is empty"
            ]
        );
        loaded.assert_no_canary();
    }
}
