//! Permissions of Microsoft Graph by their ids, and which of them let their holder give itself more. Exports of
//! application permissions carry ids alone. Ids and names as Microsoft publishes them; the verdicts are ours.

use super::grants::Verdict;

/// The id that stands for being let in, without any permission.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";
/// What the default access is called here.
pub(super) const DEFAULT_NAME: &str = "default access";

/// Application permissions that are granted most, or that matter most.
const GRAPH: &[(&str, &str)] = &[
    ("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory"),
    ("06b708a9-e830-4db3-a914-8e69da51d44f", "AppRoleAssignment.ReadWrite.All"),
    ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All"),
    ("18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy"),
    ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All"),
    ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All"),
    ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All"),
    ("dd199f4a-f148-40a4-a2ec-f0069cc799ec", "RoleAssignmentSchedule.ReadWrite.Directory"),
    ("fee28b28-e1f3-4841-818e-2704dc62245f", "RoleEligibilitySchedule.ReadWrite.Directory"),
    ("41202f2c-f7ab-45be-b001-85c9728b9d69", "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"),
    ("618b6020-bca8-4de6-99f6-ef445fa4d857", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"),
    ("2f6817f8-7b12-4f0f-bc18-eeaf60705a9e", "PrivilegedAccess.ReadWrite.AzureADGroup"),
    ("a402ca1c-2696-4531-972d-6e5ee4aa11ea", "Policy.ReadWrite.PermissionGrant"),
    ("01c0a623-fc9b-48e9-b794-0756f8e8f067", "Policy.ReadWrite.ConditionalAccess"),
    ("29c18626-4985-4dcd-85c0-193eef327366", "Policy.ReadWrite.AuthenticationMethod"),
    ("7e05723c-0bb0-42da-be95-ae9f08a6e53c", "Domain.ReadWrite.All"),
    ("9acd699f-1e81-4958-b001-93b1d2506e19", "EntitlementManagement.ReadWrite.All"),
    ("50483e42-d915-4231-9639-7fdb7fd190e5", "UserAuthenticationMethod.ReadWrite.All"),
    ("38d9df27-64da-44fd-b7c5-a6fbac20248f", "UserAuthenticationMethod.Read.All"),
    ("741f803b-c850-494e-b5df-cde7c675a1ca", "User.ReadWrite.All"),
    ("df021288-bdef-4463-88db-98f22de89214", "User.Read.All"),
    ("62a82d76-70ea-41e2-9197-370581804d09", "Group.ReadWrite.All"),
    ("5b567255-7703-4780-807c-7be8301ae99b", "Group.Read.All"),
    ("dbaae8cf-10b5-4b86-a4a1-f871c94c6695", "GroupMember.ReadWrite.All"),
    ("98830695-27a2-44f7-8c18-0c3ebc9698f6", "GroupMember.Read.All"),
    ("9241abd9-d0e6-425a-bd4f-47ba86e767a4", "DeviceManagementConfiguration.ReadWrite.All"),
    ("e330c4f0-4170-414e-a55a-2f022ec2b57b", "DeviceManagementRBAC.ReadWrite.All"),
    ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "Mail.ReadWrite"),
    ("810c84a8-4a9e-49e6-bf7d-12d183f40d01", "Mail.Read"),
    ("b633e1c5-b582-4048-a93e-9f11b44c7e96", "Mail.Send"),
    ("a82116e5-55eb-4c41-a434-62fe8a61c773", "Sites.FullControl.All"),
    ("9492366f-7969-46a4-8d15-ed1a20078fff", "Sites.ReadWrite.All"),
    ("332a536c-c7ef-4017-ab91-336970924f0d", "Sites.Read.All"),
    ("883ea226-0bf2-4a8f-9f9d-92c9162a727d", "Sites.Selected"),
    ("75359482-378d-4052-8f01-80520e7db3cd", "Files.ReadWrite.All"),
    ("01d4889c-1287-42c6-ac1f-5d1e02578ef6", "Files.Read.All"),
    ("b0afded3-3588-46d8-8b3d-9842eff778da", "AuditLog.Read.All"),
];

/// Permissions by which an application can give itself, or an account that it controls, any other: it grants,
/// adds credentials to other applications, resets how people sign in, or changes who is in a group.
const LEADS_TO_MORE: &[&str] = &[
    "RoleManagement.ReadWrite.Directory",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "PrivilegedAccess.ReadWrite.AzureADGroup",
    "Policy.ReadWrite.PermissionGrant",
    "Policy.ReadWrite.AuthenticationMethod",
    "Domain.ReadWrite.All",
    "EntitlementManagement.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementRBAC.ReadWrite.All",
];

/// The name of an application permission and what it amounts to, where it is known.
pub(super) fn app_permission(id: &str) -> Option<(&'static str, Verdict)> {
    if id == DEFAULT_ACCESS {
        return Some((DEFAULT_NAME, Verdict::all(Some(false))));
    }
    let (_, name) = GRAPH.iter().find(|(known, _)| *known == id)?;
    let verdict = Verdict {
        // No single permission of Graph is full control; some lead to it.
        is_admin: Some(false),
        is_wildcard_action: Some(is_open_ended(name)),
        is_wildcard_resource: Some(reaches_all(name)),
        can_escalate: Some(LEADS_TO_MORE.contains(name)),
    };
    Some((name, verdict))
}

/// What a delegated permission amounts to. It never gives more than the person holds who signs in, so by itself
/// it is no power; how much it lends depends on who that is.
pub(super) fn delegated_permission(name: &str) -> Verdict {
    Verdict {
        is_admin: Some(false),
        is_wildcard_action: Some(is_open_ended(name)),
        is_wildcard_resource: Some(reaches_all(name)),
        can_escalate: (!LEADS_TO_MORE.contains(&name) && !is_open_ended(name)).then_some(false),
    }
}

fn is_open_ended(name: &str) -> bool {
    name.contains(".FullControl.")
        || name.contains(".AccessAsUser.")
        || matches!(name, "user_impersonation" | "full_access_as_app" | "full_access_as_user")
}

/// Whether the permission reaches all objects of its kind.
fn reaches_all(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    // An application's permission on mail is on everybody's.
    matches!(last, "All" | "Directory" | "AzureADGroup") || is_open_ended(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::is_guid;
    use super::*;

    #[test]
    fn ids_are_ids_and_every_strong_permission_has_one() {
        assert!(GRAPH.iter().all(|(id, _)| is_guid(id)));
        assert_eq!(GRAPH.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), GRAPH.len());
        let named = |name: &&&str| !GRAPH.iter().any(|(_, known)| known == *name);
        assert_eq!(LEADS_TO_MORE.iter().filter(named).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn verdicts_of_permissions() {
        let (name, verdict) = app_permission("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8").unwrap();
        assert_eq!(name, "RoleManagement.ReadWrite.Directory");
        assert_eq!((verdict.is_admin, verdict.can_escalate), (Some(false), Some(true)));
        let (name, verdict) = app_permission(DEFAULT_ACCESS).unwrap();
        assert_eq!((name, verdict.can_escalate), (DEFAULT_NAME, Some(false)));
        assert_eq!(app_permission("11111111-2222-4333-8444-555555555555"), None);
        assert_eq!(delegated_permission("User.Read").can_escalate, Some(false));
        assert_eq!(delegated_permission("Directory.ReadWrite.All").can_escalate, None);
        assert_eq!(delegated_permission("user_impersonation").is_wildcard_action, Some(true));
    }
}
