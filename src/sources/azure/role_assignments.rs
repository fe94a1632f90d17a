//! Role assignments in Azure: who holds which role on which resource. A list of the CLI is of one subscription;
//! the resource graph answers for all of a tenant. Users and groups appear here alone, so that the file is what
//! shows that they exist.

use std::collections::BTreeMap;

use super::arm_roles::Assignment;
use super::grants;
use super::lists::{self, Sample, has_all};
use super::objects::ObjectKind;
use super::{AZURE_ROLES, GRANT_PARTS, PROVIDER, Tenant, filled};
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

/// `az role assignment list`, the API behind it, and the same of the resource graph.
pub struct RoleAssignments;

impl Source for RoleAssignments {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.role_assignments",
            title: "Azure role assignments",
            provider: PROVIDER,
            command: "az graph query --first 1000 -q \"authorizationresources | where type =~ \
                      'microsoft.authorization/roleassignments'\" -o json > role-assignments.json; or, for each \
                      subscription: az role assignment list --all --include-inherited -o json",
            recognises: "records with `principalId`, `roleDefinitionId` and `scope`, bare or under `properties`",
            facts: &[(Fact::Entitlement, Level::Partial), (Fact::Identity, Level::Partial)],
            main_view: "entitlements",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        Recognised::yes_if(sample.any(is_assignment))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let mut people = People::default();
        let (mut active, mut records) = (0, 0);
        lists::each(input, out, &mut |locator, text, out| {
            let assignment: Assignment = json::parse(text, "a role assignment")?;
            let grant = assignment.grant(&tenant, locator, out)?;
            records += 1;
            // An activation ends by itself, and its eligibility is a record of its own.
            active += usize::from(grant.eligible_only != Some(true) && !assignment.is_activated());
            people.take(&assignment, &grant.holder, locator);
            grant.push(&tenant, input, locator, out)?;
            Ok(())
        })?;
        people.write(&tenant, input, out)?;
        let scope = tenant.scope.as_str();
        if active == 0 && records > 0 {
            out.cover(PROVIDER, scope, Fact::Entitlement, Level::Partial, Some("eligible roles only"));
        } else if is_tenant_wide(input)? {
            out.cover_part(PROVIDER, scope, Fact::Entitlement, AZURE_ROLES, GRANT_PARTS);
        } else {
            let note = "subscriptions that were not asked for are not in the file; the resource graph answers for all";
            out.cover(PROVIDER, scope, Fact::Entitlement, Level::Partial, Some(note));
        }
        let note = "only users and groups that hold roles";
        out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some(note));
        Ok(())
    }
}

fn is_assignment(record: &Outline) -> bool {
    has_all(record, &["principalId", "roleDefinitionId", "scope"]) && !has_all(record, &["directoryScopeId"])
}

/// Whether the resource graph made the file: it keeps its rows under `data`, with their number beside.
pub(super) fn is_tenant_wide(input: &Input) -> Result<bool, Broken> {
    let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
    Ok(probe.has_key("data") && !probe.is_json_array())
}

/// Users and groups that hold something.
#[derive(Default)]
struct People {
    /// By id: object id, name, whether a user, place of the first record.
    seen: BTreeMap<String, (String, Option<String>, bool, String)>,
}

impl People {
    fn take(&mut self, assignment: &Assignment, holder: &str, locator: &str) {
        let it = assignment.properties();
        let is_user = match it.principal_type.as_deref().map(ObjectKind::of) {
            Some(ObjectKind::User) => true,
            Some(ObjectKind::Group) => false,
            _ => return,
        };
        let name = filled(it.principal_name.as_deref()).map(str::to_owned);
        let object_id = it.principal_id.clone().unwrap_or_default();
        let entry =
            self.seen.entry(holder.to_owned()).or_insert_with(|| (object_id, None, is_user, locator.to_owned()));
        entry.1 = entry.1.take().or(name);
    }

    /// The CLI looks up every name, and leaves it empty where the object is gone. A file without any name was
    /// made without looking.
    fn write(self, tenant: &Tenant, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let looked_up = self.seen.values().any(|(_, name, ..)| name.is_some());
        for (id, (object_id, name, is_user, locator)) in self.seen {
            if looked_up && name.is_none() {
                continue;
            }
            let name = name.unwrap_or_else(|| object_id.to_lowercase());
            out.push(Identity {
                source_id: input.source_id.clone(),
                locator,
                ..grants::member(id, &object_id, is_user, &name, tenant)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const SUBSCRIPTION: &str = "/subscriptions/55000000-0000-4000-8000-000000000000";

    #[test]
    fn assignments_of_the_cli() {
        let loaded = load_fixture(&RoleAssignments, "azure.role_assignments/good/az-role-assignment-list.json");
        let columns =
            &["identity_id", "action", "resource", "is_admin", "is_wildcard_action", "can_escalate", "condition"];
        let group = format!("{SUBSCRIPTION}/resourceGroups/rg-agents");
        let blob = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'invoices'";
        let id = |kind: &str, prefix: &str, n: u8| {
            format!("entra:good:{kind}:{prefix}00000{n}-0000-4000-8000-00000000000{n}")
        };
        assert_eq!(
            lines(&loaded, Entitlement::TABLE, columns),
            [
                format!("{} | Owner | {SUBSCRIPTION} | true | true | true | ", id("user", "dd", 1)),
                format!("{} | Contributor | {group} | false | true | false | ", id("sp", "aa", 1)),
                format!("{} | Storage Blob Data Reader | {group} | false | false | false | {blob}", id("sp", "aa", 3)),
                format!("{} | Agent Operator (custom) | {SUBSCRIPTION} | ∅ | ∅ | ∅ | ", id("group", "dd", 2)),
                format!("{} | User Access Administrator | / | false | true | true | ", id("user", "dd", 9)),
            ]
        );
        let columns = &["via", "granted_at", "expires_at", "eligible_only", "is_wildcard_resource"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns)[1],
            ["binding:ee000002-0000-4000-8000-000000000002", "2025-03-01T10:11:12.345678Z", "∅", "∅", "false"]
        );
        // A user without a name was deleted, since the other names are there.
        let (team, ana) = ("dd000002-0000-4000-8000-000000000002", "dd000001-0000-4000-8000-000000000001");
        assert_eq!(
            lines(&loaded, Identity::TABLE, &["identity_id", "kind", "name", "native_id", "is_human"]),
            [
                format!("entra:good:group:{team} | group | agent-operators | {team} | ∅"),
                format!("entra:good:user:{ana} | human | ana@contoso.example | {ana} | true"),
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: only users and groups that hold roles",
                "entitlement partial: subscriptions that were not asked for are not in the file; the resource graph \
                 answers for all",
            ]
        );
    }

    #[test]
    fn the_resource_graph_answers_for_the_tenant() {
        let loaded = load_fixture(&RoleAssignments, "azure.role_assignments/good/resource-graph.json");
        let columns = &["identity_id", "action", "is_admin", "granted_at", "condition"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [["entra:good:sp:aa000001-0000-4000-8000-000000000001", "Owner", "true", "2025-03-01T10:11:12Z", ""]]
        );
        assert_eq!(
            covered(&loaded)[1],
            "entitlement partial: not in this file: directory roles, application permissions, delegated \
             permissions"
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
    }

    #[test]
    fn schedules_tell_standing_from_eligible() {
        let loaded = load_fixture(&RoleAssignments, "azure.role_assignments/good/arm-schedules.json");
        let columns = &["action", "eligible_only", "granted_at", "expires_at"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                ["Owner", "true", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
                ["Contributor", "false", "2026-01-01T00:00:00Z", "∅"],
            ]
        );
        // Nobody looked up names, so that the users are taken to exist.
        let rows = loaded.rows(Identity::TABLE, &["name"]);
        assert_eq!(rows, [["dd000001-0000-4000-8000-000000000001"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&RoleAssignments, "azure.role_assignments/bad/records.json");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["action"]), [["Reader"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/1: `principalId` is missing",
                "/2: `roleDefinitionId` is missing",
                "/3: `scope` is missing",
                "/4: `createdOn` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
