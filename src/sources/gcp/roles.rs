//! What Google's own roles amount to, as Google documents them. Exports of policies name roles and never say what
//! is in them, and a role that the customer made may hold anything.

/// What a role lets its holder do, where that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub is_admin: Option<bool>,
    pub is_wildcard_action: Option<bool>,
    pub can_escalate: Option<bool>,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A project, folder or organisation: everything in it.
    Node,
    /// One service account.
    Account,
    /// Another resource, such as a bucket.
    Resource,
}

/// Roles by which their holder, given them on a project or above, can gain more: by changing policies or roles, by
/// acting as a service account, or by changing what runs as one.
const WAYS_UP: &[&str] = &[
    "roles/iam.securityAdmin",
    "roles/iam.organizationRoleAdmin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/iam.workloadIdentityUser",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.folderIamAdmin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/privilegedaccessmanager.admin",
    // Log in to machines, or write keys and scripts into their metadata, and so speak as their accounts.
    "roles/compute.admin",
    "roles/compute.instanceAdmin",
    "roles/compute.instanceAdmin.v1",
    "roles/compute.osAdminLogin",
    // Run what they are given as accounts that can do much by default.
    "roles/cloudbuild.builds.editor",
    "roles/deploymentmanager.editor",
    "roles/container.admin",
];

/// Roles on a service account by which their holder can speak for it.
pub(super) const BECOME: &[&str] = &[
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
];

/// Ends of names of roles that only look, or only hand something in.
const HARMLESS: &[&str] =
    &["viewer", "reader", "browser", "logwriter", "metricwriter", "publisher", "subscriber", "invoker", "jobuser"];

/// What a role amounts to on something.
pub(super) fn meaning(role: &str, reach: Reach) -> Meaning {
    let basic = |is_admin, can_escalate| Meaning {
        is_admin: Some(is_admin),
        is_wildcard_action: Some(true),
        can_escalate: Some(can_escalate),
    };
    let on_node = reach == Reach::Node;
    match role {
        "roles/owner" => basic(on_node, true),
        // Runs things as the accounts of the project, and grows with every service that is switched on.
        "roles/editor" => basic(false, on_node),
        "roles/viewer" => basic(false, false),
        predefined if predefined.starts_with("roles/") => Meaning {
            // Each is made for one service.
            is_admin: Some(false),
            // "Full control" of a service is whatever the service learns to do.
            is_wildcard_action: Some(predefined.ends_with(".admin")),
            can_escalate: escalates(predefined, reach),
        },
        _ => Meaning::default(),
    }
}

fn escalates(role: &str, reach: Reach) -> Option<bool> {
    let last = role.rsplit('.').next().unwrap_or(role).to_lowercase();
    let is_way_up = WAYS_UP.contains(&role);
    match reach {
        Reach::Node if is_way_up => Some(true),
        // Speaking for one account is a trust of that account, whatever it may do.
        Reach::Account if BECOME.contains(&role) => Some(false),
        Reach::Account if role == "roles/iam.serviceAccountAdmin" => Some(true),
        _ if HARMLESS.iter().any(|end| last.ends_with(end)) => Some(false),
        _ => None,
    }
}

/// The role and whether its condition was left out: policies asked for in an old version name it so.
pub(super) fn without_condition(role: &str) -> (&str, bool) {
    match role.split_once("_withcond_") {
        Some((role, _)) => (role, true),
        None => (role, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(role: &str, reach: Reach) -> (Option<bool>, Option<bool>, Option<bool>) {
        let meaning = meaning(role, reach);
        (meaning.is_admin, meaning.is_wildcard_action, meaning.can_escalate)
    }

    #[test]
    fn roles_mean_what_google_says() {
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(of("roles/owner", Reach::Node), (yes, yes, yes));
        assert_eq!(of("roles/editor", Reach::Node), (no, yes, yes));
        assert_eq!(of("roles/viewer", Reach::Node), (no, yes, no));
        assert_eq!(of("roles/iam.serviceAccountTokenCreator", Reach::Node), (no, no, yes));
        assert_eq!(of("roles/iam.serviceAccountTokenCreator", Reach::Account), (no, no, no));
        assert_eq!(of("roles/iam.serviceAccountAdmin", Reach::Account), (no, no, yes));
        assert_eq!(of("roles/storage.admin", Reach::Node), (no, yes, None));
        assert_eq!(of("roles/storage.objectViewer", Reach::Resource), (no, no, no));
        assert_eq!(of("roles/owner", Reach::Resource), (no, yes, yes));
        assert_eq!(of("projects/p/roles/custom", Reach::Node), (None, None, None));
    }

    #[test]
    fn a_condition_that_was_left_out_is_told() {
        assert_eq!(without_condition("roles/editor_withcond_2b17cc25d2cd9e2c54d8"), ("roles/editor", true));
        assert_eq!(without_condition("roles/editor"), ("roles/editor", false));
    }
}
