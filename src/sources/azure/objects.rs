//! What objects of the directory have in common: names and kinds of owners, tags that tell an environment, and
//! the resource that a managed identity belongs to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Tenant, filled};
use crate::inventory::column::Word;
use crate::sources::environment;

/// Tags and tag prefixes that name an environment.
const ENVIRONMENT: [&str; 3] = ["environment", "env", "stage"];
/// Tags that name an owner, the most exact first.
const OWNER: [&str; 4] = ["owner", "owneremail", "contact", "team"];
/// Tenants that own the services of Microsoft itself.
const MICROSOFT: [&str; 2] = ["f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"];

/// An object of the directory as it stands inside another record: an owner, a sponsor, the holder of a role.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DirectoryObject {
    #[serde(rename = "@odata.type", alias = "odata.type")]
    odata_type: Option<String>,
    pub id: Option<String>,
    pub display_name: Option<String>,
    pub user_principal_name: Option<String>,
    mail: Option<String>,
}

/// Kinds of objects that can hold something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    User,
    Group,
    Principal,
    Unknown,
}

impl ObjectKind {
    /// From the last part of a type: `#microsoft.graph.user`, `ServicePrincipal`, `ForeignGroup`.
    pub fn of(name: &str) -> Self {
        match name.rsplit('.').next().unwrap_or(name).to_lowercase().as_str() {
            "user" | "useridentity" | "agentuser" => Self::User,
            "group" | "foreigngroup" => Self::Group,
            "serviceprincipal"
            | "serviceprincipalidentity"
            | "agentidentity"
            | "agentidentityblueprintprincipal"
            | "msi" => Self::Principal,
            _ => Self::Unknown,
        }
    }

    /// The id of an object of this kind.
    pub fn id(self, tenant: &Tenant, object_id: &str) -> String {
        match self {
            Self::User => tenant.id("user", object_id),
            Self::Group => tenant.id("group", object_id),
            Self::Principal => tenant.principal(object_id),
            Self::Unknown => tenant.object(object_id),
        }
    }
}

impl DirectoryObject {
    pub fn kind(&self) -> ObjectKind {
        match &self.odata_type {
            Some(name) => ObjectKind::of(name),
            None if self.user_principal_name.is_some() => ObjectKind::User,
            None => ObjectKind::Unknown,
        }
    }

    /// Its name for people.
    pub fn name(&self) -> Option<&str> {
        let names = [&self.user_principal_name, &self.mail, &self.display_name, &self.id];
        names.into_iter().find_map(|name| filled(name.as_deref()))
    }
}

/// The names of owners or sponsors, as one text.
pub(super) fn names(objects: &[DirectoryObject]) -> Option<String> {
    let names: Vec<&str> = objects.iter().filter_map(DirectoryObject::name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The environment that a principal's tags name: `env:prod`, `environment=test`. Most tags are of Microsoft's
/// own making and say nothing.
pub(super) fn environment_of_labels(tags: &[String]) -> Option<Word> {
    tags.iter().find_map(|tag| {
        let (name, value) = tag.split_once([':', '='])?;
        ENVIRONMENT.contains(&plain(name).as_str()).then(|| environment::normalise(value))?
    })
}

/// The tags of a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct ResourceTags(BTreeMap<String, Option<String>>);

impl ResourceTags {
    fn get(&self, names: &[&str]) -> Option<&str> {
        let of = |name: &&str| self.0.iter().find(|(key, _)| plain(key) == **name).map(|(_, value)| value.as_deref());
        names.iter().find_map(|name| filled(of(name)?))
    }

    pub fn owner(&self) -> Option<String> {
        self.get(&OWNER).map(str::to_owned)
    }

    pub fn environment(&self) -> Option<Word> {
        self.get(&ENVIRONMENT).and_then(environment::normalise)
    }
}

fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// The outside party behind an application of another tenant. What Microsoft runs is known by its tenant; of
/// others, who they are shows only against the tenant's own id.
pub(super) fn vendor(owner_tenant: Option<&str>, publisher: Option<&str>, tenant: &Tenant) -> Option<String> {
    let owner = filled(owner_tenant)?.to_lowercase();
    let own = tenant.own_id();
    if own.as_ref() == Some(&owner) {
        return None;
    }
    if is_microsoft(&owner) {
        return Some("Microsoft".to_owned());
    }
    own.map(|_| filled(publisher).map_or(owner, str::to_owned))
}

/// Whether a tenant is one of Microsoft's own.
pub(super) fn is_microsoft(tenant_id: &str) -> bool {
    MICROSOFT.iter().any(|known| known.eq_ignore_ascii_case(tenant_id))
}

/// The kind of workload that a resource with a managed identity is.
pub(super) fn workload(resource_id: &str) -> &'static str {
    let path = resource_id.to_lowercase();
    let is = |kind: &str| path.contains(&format!("/providers/{kind}/"));
    if is("microsoft.compute/virtualmachines") || is("microsoft.compute/virtualmachinescalesets") {
        "vm"
    } else if is("microsoft.web/sites") {
        "function"
    } else if is("microsoft.app/containerapps") || is("microsoft.containerinstance/containergroups") {
        "pod"
    } else if is("microsoft.cognitiveservices/accounts")
        || (is("microsoft.machinelearningservices/workspaces") && path.contains("endpoints/"))
    {
        "inference_service"
    } else if is("microsoft.datafactory/factories")
        || is("microsoft.automation/automationaccounts")
        || is("microsoft.logic/workflows")
        || is("microsoft.app/jobs")
    {
        "pipeline"
    } else {
        "host"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_the_end_of_their_type() {
        for (name, expected) in [
            ("#microsoft.graph.user", ObjectKind::User),
            ("ServicePrincipal", ObjectKind::Principal),
            ("#microsoft.graph.servicePrincipalIdentity", ObjectKind::Principal),
            ("ForeignGroup", ObjectKind::Group),
            ("Device", ObjectKind::Unknown),
        ] {
            assert_eq!(ObjectKind::of(name), expected, "{name}");
        }
    }

    #[test]
    fn tags_name_environments_whatever_their_form() {
        let labels = |tags: &[&str]| {
            environment_of_labels(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>()).map(|word| word.0)
        };
        assert_eq!(labels(&["HideApp", "Env:PROD"]).as_deref(), Some("production"));
        assert_eq!(labels(&["environment=uat"]).as_deref(), Some("staging"));
        assert_eq!(labels(&["WindowsAzureActiveDirectoryIntegratedApp", "team:env"]), None);
        let tags: ResourceTags = serde_json::from_str(r#"{"Owner-Email": "a@b", "team": "c", "Stage": "qa"}"#).unwrap();
        assert_eq!((tags.owner(), tags.environment()), (Some("a@b".to_owned()), Some(Word::from("test"))));
    }

    #[test]
    fn outsiders_show_only_against_the_tenants_own_id() {
        let own = Tenant::new("7d2c0b9e-5f10-4c7e-9a55-3f1e8a6b4c21");
        let nameless = Tenant::new("contoso");
        let other = "11111111-2222-4333-8444-555555555555";
        assert_eq!(vendor(Some("7D2C0B9E-5F10-4C7E-9A55-3F1E8A6B4C21"), None, &own), None);
        assert_eq!(vendor(Some(other), Some("Fabrikam"), &own).as_deref(), Some("Fabrikam"));
        assert_eq!(vendor(Some(other), None, &own).as_deref(), Some(other));
        assert_eq!(vendor(Some(other), Some("Fabrikam"), &nameless), None);
        assert_eq!(vendor(Some(MICROSOFT[0]), None, &nameless).as_deref(), Some("Microsoft"));
    }

    #[test]
    fn resources_tell_what_runs_as_them() {
        let of = |kind: &str| workload(&format!("/subscriptions/s/resourceGroups/r/providers/{kind}"));
        assert_eq!(of("Microsoft.Compute/virtualMachines/v"), "vm");
        assert_eq!(of("Microsoft.Web/sites/f"), "function");
        assert_eq!(of("Microsoft.CognitiveServices/accounts/openai"), "inference_service");
        assert_eq!(of("Microsoft.MachineLearningServices/workspaces/w"), "host");
        assert_eq!(of("Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e"), "inference_service");
        assert_eq!(of("Microsoft.Logic/workflows/l"), "pipeline");
    }
}
