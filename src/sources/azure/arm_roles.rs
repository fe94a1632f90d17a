//! One assignment of a role in Azure, as the resource manager writes it: flat from the CLI, under `properties`
//! from the API. What the role allows is known of built-in ones only.

use serde::Deserialize;

use super::built_in;
use super::grants::{Grant, Verdict};
use super::objects::ObjectKind;
use super::{Tenant, filled};
use crate::config::Moment;
use crate::sources::{Output, Reject};

/// An assignment: active, or one for which its holder is eligible.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(flatten)]
    flat: Properties,
    properties: Option<Properties>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties {
    pub principal_id: Option<String>,
    pub principal_name: Option<String>,
    pub principal_type: Option<String>,
    role_definition_id: Option<String>,
    role_definition_name: Option<String>,
    pub scope: Option<String>,
    /// Empty where there is none; older exports leave the field out.
    #[serde(default, deserialize_with = "present")]
    condition: Option<String>,
    created_on: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    assignment_type: Option<String>,
}

/// A field that is there, empty where it holds nothing.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}

impl Assignment {
    pub fn properties(&self) -> &Properties {
        self.properties.as_ref().unwrap_or(&self.flat)
    }

    /// Whether its holder must activate it first. That a plain assignment is standing shows in its schedule only.
    fn eligible_only(&self) -> Option<bool> {
        let kind = self.kind.as_deref().unwrap_or_default().to_lowercase();
        if kind.contains("/roleeligibilityschedule") {
            Some(true)
        } else {
            kind.contains("/roleassignmentschedule").then_some(false)
        }
    }

    /// The assignment as a grant.
    pub fn grant(&self, tenant: &Tenant, locator: &str, out: &mut Output) -> Result<Grant<'_>, Reject> {
        let it = self.properties();
        let missing = |field: &str| Reject::because(format!("`{field}` is missing"));
        let principal = filled(it.principal_id.as_deref()).ok_or_else(|| missing("principalId"))?;
        let role = filled(it.role_definition_id.as_deref()).ok_or_else(|| missing("roleDefinitionId"))?;
        let scope = filled(it.scope.as_deref()).ok_or_else(|| missing("scope"))?;
        let role_id = role.rsplit('/').next().unwrap_or(role);
        let condition = it.condition.clone();
        let is_conditioned = condition.as_deref().is_some_and(|text| !text.trim().is_empty());
        let is_wide = is_wide(scope);
        let known = built_in::azure_role(&role_id.to_lowercase(), is_wide, is_conditioned);
        let (name, verdict) = match known {
            Some((name, verdict)) => (Some(name), verdict),
            None => (None, Verdict { is_wildcard_resource: Some(is_wide), ..Verdict::default() }),
        };
        let action = filled(it.role_definition_name.as_deref()).or(name).unwrap_or(role_id);
        let from = filled(it.created_on.as_deref()).or(filled(it.start_date_time.as_deref()));
        let kind = it.principal_type.as_deref().map_or(ObjectKind::Unknown, ObjectKind::of);
        Ok(Grant {
            holder: kind.id(tenant, principal),
            object_id: principal,
            action: action.to_owned(),
            action_id: role_id,
            kind: "role",
            resource: scope.to_owned(),
            via: format!("binding:{}", self.short_name()),
            verdict,
            condition,
            granted_at: from.map(|text| out.past("createdOn", text, locator)).transpose()?,
            expires_at: self.end(out)?,
            eligible_only: self.eligible_only(),
        })
    }

    fn end(&self, out: &mut Output) -> Result<Option<Moment>, Reject> {
        let it = self.properties();
        // What was activated ends with its activation, even where no end is said.
        let text = filled(it.end_date_time.as_deref());
        text.map(|text| out.date("endDateTime", text)).transpose()
    }

    fn short_name(&self) -> String {
        let id = self.id.as_deref().and_then(|id| id.rsplit('/').next());
        filled(self.name.as_deref()).or(filled(id)).unwrap_or("assignment").to_lowercase()
    }

    /// Whether an eligible person activated it, so that it is listed as an eligible one too.
    pub fn is_activated(&self) -> bool {
        self.properties().assignment_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Activated"))
    }
}

/// Whether a scope is a whole subscription or more.
fn is_wide(scope: &str) -> bool {
    let steps: Vec<String> = scope.split('/').filter(|step| !step.is_empty()).map(str::to_lowercase).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    matches!(steps.as_slice(), [] | ["subscriptions", _] | ["providers", "microsoft.management", "managementgroups", _])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_and_groups_of_them_are_wide() {
        for scope in
            ["/", "/subscriptions/s", "/SUBSCRIPTIONS/S/", "/providers/Microsoft.Management/managementGroups/m"]
        {
            assert!(is_wide(scope), "{scope}");
        }
        for scope in ["/subscriptions/s/resourceGroups/r", "/providers/Microsoft.Capacity", "/x"] {
            assert!(!is_wide(scope), "{scope}");
        }
    }

    #[test]
    fn a_condition_that_is_not_there_is_not_known() {
        let of = |text: &str| serde_json::from_str::<Assignment>(text).unwrap().properties().condition.clone();
        assert_eq!(of(r#"{"condition": null}"#), Some(String::new()));
        assert_eq!(of(r#"{"condition": "x"}"#), Some("x".to_owned()));
        assert_eq!(of("{}"), None);
        assert_eq!(of(r#"{"properties": {"condition": null}}"#), Some(String::new()));
    }
}
