//! Exports of Microsoft Entra ID and Azure: service principals, applications and their credentials, roles,
//! permissions, federation, sign-ins, reviews. A principal is known by its object id, an application by its
//! app id; the views join the two by the app id, which the records of both carry.

pub mod access_reviews;
pub mod agent_identities;
pub mod app_permissions;
pub mod applications;
mod arm_roles;
pub mod azurehound;
mod azurehound_index;
mod built_in;
pub mod credential_activity;
mod credentials;
pub mod deleted_items;
pub mod directory_roles;
pub mod federated_credentials;
mod federation;
mod grants;
mod lists;
pub mod managed_identities;
mod objects;
mod permissions;
pub mod role_assignments;
pub mod service_principals;
pub mod sign_in_activity;

use crate::inventory::Fact;
use crate::inventory::column::Word;

/// Provider of everything here.
const PROVIDER: &str = "azure";

/// Where credentials stand.
const CREDENTIAL_PARTS: &[&str] = &[APPLICATIONS, SERVICE_PRINCIPALS];
/// Where owners stand.
const OWNER_PARTS: &[&str] = &[APPLICATIONS, SERVICE_PRINCIPALS];
/// Where tags stand that may name an environment.
const TAG_PARTS: &[&str] = &[SERVICE_PRINCIPALS, MANAGED_IDENTITIES];
/// Where those stand who may become a principal.
const TRUST_PARTS: &[&str] = &[APPLICATIONS, SERVICE_PRINCIPALS, MANAGED_IDENTITIES];
/// Where grants stand.
const GRANT_PARTS: &[&str] = &[AZURE_ROLES, DIRECTORY_ROLES, APP_PERMISSIONS, DELEGATED_PERMISSIONS];

const APPLICATIONS: &str = "applications";
const SERVICE_PRINCIPALS: &str = "service principals";
const MANAGED_IDENTITIES: &str = "managed identities";
const AZURE_ROLES: &str = "roles in Azure";
const DIRECTORY_ROLES: &str = "directory roles";
const APP_PERMISSIONS: &str = "application permissions";
const DELEGATED_PERMISSIONS: &str = "delegated permissions";

/// What a list of credentials shows of each.
const CREDENTIAL_FACTS: [Fact; 3] = [Fact::Credential, Fact::CredentialRotation, Fact::CredentialExpiry];

/// The tenant that a file is about, and the ids of what lies in it. Exports differ in how they write ids, so
/// that all are kept in lower case.
#[derive(Debug, Clone)]
struct Tenant {
    /// The scope: the tenant's id, or whatever the user calls it.
    scope: String,
}

impl Tenant {
    fn new(scope: &str) -> Self {
        Self { scope: scope.to_owned() }
    }

    /// The tenant's own id, where it is known.
    fn own_id(&self) -> Option<String> {
        let id = self.scope.to_lowercase();
        is_guid(&id).then_some(id)
    }

    fn word(&self) -> Word {
        Word(self.scope.clone())
    }

    fn id(&self, kind: &str, id: &str) -> String {
        format!("entra:{}:{kind}:{}", self.scope.to_lowercase(), id.to_lowercase())
    }

    /// A service principal by its object id.
    fn principal(&self, object_id: &str) -> String {
        self.id("sp", object_id)
    }

    /// An application by its app id. The views take it for the service principal of that app id, if there is one.
    fn app(&self, app_id: &str) -> String {
        self.id("app", app_id)
    }

    /// A managed identity by its resource id. The views take it for its service principal.
    fn managed(&self, resource_id: &str) -> String {
        self.id("mi", resource_id)
    }

    /// An object of which nothing tells the kind. The views take it for the one with that object id.
    fn object(&self, object_id: &str) -> String {
        self.id("object", object_id)
    }
}

/// Whether a text in lower case is an id of Entra.
fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// A text that says something.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Rows of a table as one line each, for tests.
#[cfg(test)]
fn lines(
    loaded: &crate::sources::testing::Loaded,
    table: &crate::inventory::schema::Table,
    columns: &'static [&'static str],
) -> Vec<String> {
    loaded.rows(table, columns).into_iter().map(|row| row.join(" | ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_lower_case_and_name_their_tenant() {
        let tenant = Tenant::new("7D2C0B9E-5F10-4C7E-9A55-3F1E8A6B4C21");
        assert_eq!(tenant.own_id().as_deref(), Some("7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21"));
        assert_eq!(tenant.app("ABC"), "entra:7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21:app:abc");
        assert_eq!(Tenant::new("Contoso").own_id(), None);
        assert_eq!(Tenant::new("Contoso").principal("X"), "entra:contoso:sp:x");
        assert!(!is_guid("7d2c0b9e5f104c7e9a553f1e8a6b4c21") && !is_guid("zzzzzzzz-5f10-4c7e-9a55-3f1e8a6b4c21"));
    }
}
