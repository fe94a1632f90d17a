//! Roles of the directory: active assignments, schedules of assignments, and roles for which somebody is
//! eligible. Graph names the holder's object id, and its kind only where the holder was asked for too.

use serde::Deserialize;

use super::built_in;
use super::grants::{self, Grant, Verdict};
use super::lists::{self, Sample};
use super::objects::{DirectoryObject, ObjectKind};
use super::{DIRECTORY_ROLES, GRANT_PARTS, PROVIDER, Tenant, filled};
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LISTS: [&str; 4] = [
    "roleManagement/directory/roleEligibilityScheduleInstances",
    "roleManagement/directory/roleEligibilitySchedules",
    "roleManagement/directory/roleAssignmentScheduleInstances",
    "roleManagement/directory/roleAssignmentSchedules",
];

/// `/roleManagement/directory/roleAssignments` of Graph and its schedules.
pub struct DirectoryRoles;

impl Source for DirectoryRoles {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.directory_roles",
            title: "Entra ID directory roles",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments?\
                      $expand=principal' > directory-roles.json; eligible ones: the same for \
                      `roleEligibilityScheduleInstances`, standing ones for `roleAssignmentScheduleInstances`",
            recognises: "records with `principalId`, `roleDefinitionId` and `directoryScopeId` or `appScopeId`, or an \
                         empty list of Graph whose context is one of these schedules",
            facts: &[(Fact::Entitlement, Level::Partial), (Fact::Identity, Level::Partial)],
            main_view: "entitlements",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let by_context = LISTS.iter().any(|list| sample.is_list_of(list));
        Recognised::yes_if(by_context || sample.any(is_assignment))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let mut has_active = false;
        lists::each(input, out, &mut |locator, text, out| {
            let assignment: Assignment = json::parse(text, "a role assignment of the directory")?;
            has_active |= !assignment.is_eligible();
            assignment.load(None, None, &tenant, input, locator, out)
        })?;
        let scope = tenant.scope.as_str();
        if has_active {
            out.cover_part(PROVIDER, scope, Fact::Entitlement, DIRECTORY_ROLES, GRANT_PARTS);
        } else {
            out.cover(PROVIDER, scope, Fact::Entitlement, Level::Partial, Some("eligible roles only"));
        }
        let note = "only users and groups that hold roles";
        out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some(note));
        Ok(())
    }
}

fn is_assignment(record: &Outline) -> bool {
    record.has("principalId") && record.has("roleDefinitionId") && record.has_any(&["directoryScopeId", "appScopeId"])
}

/// An assignment, or a schedule of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub id: Option<String>,
    pub principal_id: Option<String>,
    pub role_definition_id: Option<String>,
    directory_scope_id: Option<String>,
    app_scope_id: Option<String>,
    principal: Option<DirectoryObject>,
    role_definition: Option<Definition>,
    created_date_time: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    member_type: Option<String>,
    assignment_type: Option<String>,
    role_eligibility_schedule_id: Option<String>,
    schedule_info: Option<Schedule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    start_date_time: Option<String>,
    expiration: Option<Expiration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expiration {
    end_date_time: Option<String>,
}

impl Assignment {
    /// Of a schedule, only one of an assignment says what kind of assignment it is.
    pub fn is_eligible(&self) -> bool {
        self.role_eligibility_schedule_id.is_some() || (self.is_schedule() && self.assignment_type.is_none())
    }

    fn is_schedule(&self) -> bool {
        self.member_type.is_some() || self.schedule_info.is_some() || self.assignment_type.is_some()
    }

    /// A plain assignment does not tell whether it stands for good.
    fn eligible_only(&self) -> Option<bool> {
        self.is_schedule().then(|| self.is_eligible())
    }

    /// Writes it, and its holder where that is a person or a group. `eligible` and `role_name` say what the
    /// record itself does not.
    pub fn load(
        &self,
        eligible: Option<bool>,
        role_name: Option<&str>,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let missing = |field: &str| Reject::because(format!("`{field}` is missing"));
        let principal = filled(self.principal_id.as_deref()).ok_or_else(|| missing("principalId"))?;
        let role = filled(self.role_definition_id.as_deref()).ok_or_else(|| missing("roleDefinitionId"))?;
        let scopes = [self.directory_scope_id.as_deref(), self.app_scope_id.as_deref()];
        let resource = scopes.into_iter().find_map(filled).unwrap_or("/");
        let schedule = self.schedule_info.as_ref();
        let start = filled(self.start_date_time.as_deref())
            .or(schedule.and_then(|it| filled(it.start_date_time.as_deref())))
            .or(filled(self.created_date_time.as_deref()));
        let expiration = schedule.and_then(|it| it.expiration.as_ref());
        let end =
            filled(self.end_date_time.as_deref()).or(expiration.and_then(|it| filled(it.end_date_time.as_deref())));
        let is_wide = resource == "/";
        let known = built_in::directory_role(&role.to_lowercase(), is_wide);
        let said = self.role_definition.as_ref().and_then(|it| filled(it.display_name.as_deref())).or(role_name);
        let (name, verdict) = match known {
            Some((name, verdict)) => (said.unwrap_or(name), verdict),
            None => (said.unwrap_or(role), Verdict { is_wildcard_resource: Some(is_wide), ..Verdict::default() }),
        };
        let kind = self.principal.as_ref().map_or(ObjectKind::Unknown, DirectoryObject::kind);
        let grant = Grant {
            holder: kind.id(tenant, principal),
            object_id: principal,
            action: name.to_owned(),
            action_id: role,
            kind: "role",
            resource: resource.to_owned(),
            via: format!("binding:{}", self.id.as_deref().unwrap_or("assignment")),
            verdict,
            // Roles of the directory know no conditions.
            condition: Some(String::new()),
            granted_at: start.map(|text| out.date("startDateTime", text)).transpose()?,
            expires_at: end.map(|text| out.date("endDateTime", text)).transpose()?,
            eligible_only: eligible.or_else(|| self.eligible_only()),
        };
        let holder = grant.holder.clone();
        grant.push(tenant, input, locator, out)?;
        let Some(object) = self.principal.as_ref().filter(|_| matches!(kind, ObjectKind::User | ObjectKind::Group))
        else {
            return Ok(());
        };
        let name = object.name().unwrap_or(principal);
        out.push(Identity {
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..grants::member(holder, principal, kind == ObjectKind::User, name, tenant)
        })?;
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
    fn assignments_with_and_without_their_holders() {
        let loaded = load_fixture(&DirectoryRoles, "azure.directory_roles/good/assignments.json");
        let columns =
            &["identity_id", "action", "resource", "is_admin", "can_escalate", "eligible_only", "is_wildcard_resource"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [
                    "entra:good:user:dd000001-0000-4000-8000-000000000001",
                    "Global Administrator",
                    "/",
                    "true",
                    "true",
                    "∅",
                    "true"
                ],
                [
                    "entra:good:sp:aa000001-0000-4000-8000-000000000001",
                    "Application Administrator",
                    "/aa000009-0000-4000-8000-000000000009",
                    "false",
                    "false",
                    "∅",
                    "false"
                ],
                [
                    "entra:good:object:aa000002-0000-4000-8000-000000000002",
                    "Agent reviewer",
                    "/",
                    "∅",
                    "∅",
                    "∅",
                    "true"
                ],
                [
                    "entra:good:object:aa000003-0000-4000-8000-000000000003",
                    "11110000-0000-4000-8000-000000000000",
                    "/",
                    "∅",
                    "∅",
                    "∅",
                    "true"
                ],
            ]
        );
        let rows = loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "is_human"]);
        let ana = "entra:good:user:dd000001-0000-4000-8000-000000000001";
        assert_eq!(rows, [[ana, "human", "ana@contoso.example", "true"]]);
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: only users and groups that hold roles",
                "entitlement partial: not in this file: roles in Azure, application permissions, delegated \
                 permissions",
            ]
        );
    }

    #[test]
    fn eligible_roles_must_be_activated() {
        let loaded = load_fixture(&DirectoryRoles, "azure.directory_roles/good/eligible.json");
        let columns = &["action", "eligible_only", "granted_at", "expires_at"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                ["Privileged Role Administrator", "true", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"],
                ["User Administrator", "true", "2026-02-01T00:00:00Z", "∅"],
            ]
        );
        assert_eq!(covered(&loaded)[1], "entitlement partial: eligible roles only");
        let none = load_fixture(&DirectoryRoles, "azure.directory_roles/good/none-eligible.json");
        assert_eq!(none.estate.files[0].rows_read, 0);
    }

    #[test]
    fn schedules_of_assignments_say_what_stands() {
        let loaded = load_fixture(&DirectoryRoles, "azure.directory_roles/good/standing.json");
        let columns = &["action", "eligible_only", "expires_at"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [["Global Administrator", "false", "∅"], ["Security Reader", "false", "2026-06-30T18:00:00Z"],]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&DirectoryRoles, "azure.directory_roles/bad/records.json");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["action"]), [["Global Reader"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/value/1: `principalId` is missing",
                "/value/2: `roleDefinitionId` is missing",
                "/value/3: `endDateTime` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
