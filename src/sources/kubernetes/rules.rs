//! What the rules of a role let their holder do, in the terms of entitlements. Knows the documented meaning
//! of the roles that every cluster has.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The API group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// One rule of a Role or ClusterRole. A list that is left out matches nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    verbs: Option<Vec<String>>,
    api_groups: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    resource_names: Option<Vec<String>>,
    #[serde(rename = "nonResourceURLs")]
    urls: Option<Vec<String>>,
}

/// One set of verbs on one kind of object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    /// `verbs/resource.group`, or `verbs/nonResourceURLs`.
    pub action: String,
    /// The path, for a rule on paths of the API server.
    pub url: Option<String>,
    /// Names of the only objects that it covers; empty for all.
    pub condition: String,
    pub is_admin: bool,
    pub is_wildcard_action: bool,
    pub is_wildcard_resource: bool,
    pub can_escalate: bool,
}

/// What a role means without its rules. `None` is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub is_admin: Option<bool>,
    pub is_wildcard_action: Option<bool>,
    pub is_wildcard_resource: Option<bool>,
    pub can_escalate: Option<bool>,
}

/// Everything that rules grant, either in the whole cluster or in one namespace; each thing once.
pub(super) fn grants(rules: &[Rule], in_cluster: bool) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for rule in rules {
        let verbs = folded(rule.verbs.as_deref());
        if verbs.is_empty() {
            continue;
        }
        for group in folded(rule.api_groups.as_deref()) {
            for resource in folded(rule.resources.as_deref()) {
                grants.insert(on_resource(&verbs, group, resource, &names(rule), in_cluster));
            }
        }
        // Paths belong to no namespace; a binding in one does not grant them.
        let urls = if in_cluster { folded(rule.urls.as_deref()) } else { Vec::new() };
        grants.extend(urls.into_iter().map(|url| on_url(&verbs, url)));
    }
    grants
}

fn on_resource(verbs: &[&str], group: &str, resource: &str, names: &[&str], in_cluster: bool) -> Grant {
    let is_wildcard_action = verbs.contains(&"*");
    // A namespace bounds what `*` can mean, and so does a list of names. A single group does not: `*` grows
    // with whatever is ever added to it.
    let is_wildcard_resource = in_cluster && resource == "*" && names.is_empty();
    Grant {
        action: format!("{}/{}", verbs.join(","), qualified(group, resource)),
        url: None,
        condition: if names.is_empty() { String::new() } else { format!("resourceNames: {}", names.join(", ")) },
        is_admin: is_wildcard_action && is_wildcard_resource && group == "*",
        is_wildcard_action,
        is_wildcard_resource,
        can_escalate: WAYS_UP.iter().any(|way| way.is_open(verbs, group, resource, !names.is_empty(), in_cluster)),
    }
}

fn on_url(verbs: &[&str], url: &str) -> Grant {
    Grant {
        action: format!("{}/nonResourceURLs", verbs.join(",")),
        url: Some(url.to_owned()),
        condition: String::new(),
        is_admin: false,
        is_wildcard_action: verbs.contains(&"*"),
        // Every path of the API server is far from every object in it.
        is_wildcard_resource: false,
        can_escalate: false,
    }
}

/// A list in order and without doubles; `*` makes the rest superfluous.
fn folded(list: Option<&[String]>) -> Vec<&str> {
    let mut words: Vec<&str> = list.unwrap_or_default().iter().map(String::as_str).collect();
    if words.contains(&"*") {
        return vec!["*"];
    }
    words.sort_unstable();
    words.dedup();
    words
}

fn names(rule: &Rule) -> Vec<&str> {
    let mut names: Vec<&str> = rule.resource_names.iter().flatten().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn qualified(group: &str, resource: &str) -> String {
    match (group, resource) {
        ("*", "*") => "*".to_owned(),
        // The core group has no name; without one, `*` would read as every group.
        ("", "*") => "*.core".to_owned(),
        ("", resource) => resource.to_owned(),
        (group, resource) => format!("{resource}.{group}"),
    }
}

/// A way in which a permission lets its holder gain others.
struct WayUp {
    verbs: &'static [&'static str],
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    /// Whether the objects belong to no namespace, so that a binding in one does not grant them.
    cluster_only: bool,
    /// Whether a list of names leaves the way open.
    even_if_named: bool,
}

/// The risks that Kubernetes' own "RBAC good practices" name, as far as a single permission opens them.
const WAYS_UP: &[WayUp] = &[
    // Hand out rights that one does not have. `bind` on ClusterRoles is also checked in a namespace.
    WayUp {
        verbs: &["bind"],
        groups: &[RBAC],
        resources: &["roles", "clusterroles"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp { verbs: &["escalate"], groups: &[RBAC], resources: &["roles"], cluster_only: false, even_if_named: true },
    WayUp {
        verbs: &["escalate"],
        groups: &[RBAC],
        resources: &["clusterroles"],
        cluster_only: true,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &[RBAC],
        resources: &["rolebindings"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &[RBAC],
        resources: &["clusterrolebindings"],
        cluster_only: true,
        even_if_named: true,
    },
    // Become somebody else.
    WayUp {
        verbs: &["impersonate"],
        groups: &[""],
        resources: &["serviceaccounts"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["impersonate"],
        groups: &[""],
        resources: &["users", "groups"],
        cluster_only: true,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create"],
        groups: &[""],
        resources: &["serviceaccounts/token"],
        cluster_only: false,
        even_if_named: true,
    },
    // Run as any service account of the namespace, or inside a pod that runs as one.
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &[""],
        resources: &["pods", "replicationcontrollers"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &["apps", "extensions"],
        resources: &["deployments", "daemonsets", "replicasets", "statefulsets"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &["batch"],
        resources: &["jobs", "cronjobs"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create"],
        groups: &[""],
        resources: &["pods/exec", "pods/attach"],
        cluster_only: false,
        even_if_named: true,
    },
    WayUp {
        verbs: &["update", "patch"],
        groups: &[""],
        resources: &["pods/ephemeralcontainers"],
        cluster_only: false,
        even_if_named: true,
    },
    // Read the tokens of service accounts anywhere. In one namespace it takes a token secret to be there,
    // which current clusters no longer make by themselves.
    WayUp {
        verbs: &["get", "list", "watch"],
        groups: &[""],
        resources: &["secrets"],
        cluster_only: true,
        even_if_named: false,
    },
    // Speak to the kubelet past admission, or rewrite what others create.
    WayUp {
        verbs: &["create", "get"],
        groups: &[""],
        resources: &["nodes/proxy"],
        cluster_only: true,
        even_if_named: true,
    },
    WayUp {
        verbs: &["create", "update", "patch"],
        groups: &["admissionregistration.k8s.io"],
        resources: &["mutatingwebhookconfigurations"],
        cluster_only: true,
        even_if_named: true,
    },
];

impl WayUp {
    fn is_open(&self, verbs: &[&str], group: &str, resource: &str, is_named: bool, in_cluster: bool) -> bool {
        if (self.cluster_only && !in_cluster) || (is_named && !self.even_if_named) {
            return false;
        }
        let covers = |known: &str| {
            let sub = known.split_once('/').map(|(_, sub)| sub);
            resource == "*"
                || resource == known
                || resource.strip_prefix("*/").is_some_and(|wanted| sub == Some(wanted))
        };
        let is_reached =
            (group == "*" || self.groups.contains(&group)) && self.resources.iter().any(|known| covers(known));
        // A request to create an object has no name to compare, so a list of names never lets it through;
        // one to create a part of an object has.
        let counts = |verb: &&&str| !(is_named && **verb == "create" && !resource.contains('/'));
        is_reached && self.verbs.iter().filter(counts).any(|verb| verbs.contains(verb) || verbs.contains(&"*"))
    }
}

/// The documented meaning of a ClusterRole that every cluster has, for a binding whose role was not exported.
/// `admin`, `edit` and `view` take in rules from other roles by label, so that wildcards in them can be
/// neither stated nor ruled out.
pub(super) fn well_known(cluster_role: &str, in_cluster: bool) -> Option<Meaning> {
    let (is_admin, is_wildcard, can_escalate) = match cluster_role {
        "cluster-admin" => (in_cluster, Some(true), true),
        // Creates role bindings, and, like `edit`, runs pods as any service account of the namespace.
        "admin" | "edit" => (false, None, true),
        // Leaves secrets out so that it gives nobody a token.
        "view" => (false, None, false),
        _ => return None,
    };
    Some(Meaning {
        is_admin: Some(is_admin),
        is_wildcard_action: is_wildcard,
        is_wildcard_resource: is_wildcard.map(|_| in_cluster),
        can_escalate: Some(can_escalate),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants_of(json: &str, in_cluster: bool) -> Vec<Grant> {
        let rule: Rule = serde_json::from_str(json).unwrap();
        grants(&[rule], in_cluster).into_iter().collect()
    }

    fn actions(json: &str) -> Vec<String> {
        grants_of(json, true).into_iter().map(|grant| grant.action).collect()
    }

    #[test]
    fn an_action_is_a_set_of_verbs_on_one_resource() {
        let rule =
            r#"{"verbs": ["watch", "get", "get"], "apiGroups": ["", "apps"], "resources": ["pods", "deployments"]}"#;
        let expected = ["get,watch/deployments", "get,watch/deployments.apps", "get,watch/pods", "get,watch/pods.apps"];
        assert_eq!(actions(rule), expected);
        assert_eq!(actions(r#"{"verbs": ["get", "*"], "apiGroups": ["*"], "resources": ["*"]}"#), ["*/*"]);
        assert_eq!(actions(r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["*"]}"#), ["get/*.core"]);
        assert_eq!(actions(r#"{"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods"]}"#), ["get/pods.*"]);
        assert_eq!(actions(r#"{"verbs": [], "apiGroups": [""], "resources": ["pods"]}"#), [""; 0]);
        assert_eq!(actions(r#"{"verbs": ["get"], "resources": ["pods"]}"#), [""; 0], "no group matches no request");
    }

    #[test]
    fn full_control_is_every_verb_on_everything_everywhere() {
        let all = r#"{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}"#;
        let [grant] = grants_of(all, true).try_into().unwrap();
        assert!(grant.is_admin && grant.is_wildcard_action && grant.is_wildcard_resource && grant.can_escalate);
        let [grant] = grants_of(all, false).try_into().unwrap();
        assert!(!grant.is_admin && grant.is_wildcard_action && !grant.is_wildcard_resource && grant.can_escalate);
        let one_group = r#"{"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]}"#;
        let [grant] = grants_of(one_group, true).try_into().unwrap();
        assert!(!grant.is_admin && grant.is_wildcard_resource);
        let named = r#"{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["b", "a"]}"#;
        let [grant] = grants_of(named, true).try_into().unwrap();
        assert!(!grant.is_admin && !grant.is_wildcard_resource);
        assert_eq!(grant.condition, "resourceNames: a, b");
    }

    #[test]
    fn paths_are_granted_in_the_whole_cluster_only() {
        let rule = r#"{"verbs": ["get"], "nonResourceURLs": ["/healthz", "*"]}"#;
        let [grant] = grants_of(rule, true).try_into().unwrap();
        assert_eq!((grant.action.as_str(), grant.url.as_deref()), ("get/nonResourceURLs", Some("*")));
        assert!(!grant.is_admin && !grant.is_wildcard_resource && !grant.can_escalate);
        assert!(grants_of(rule, false).is_empty());
    }

    /// Verb, group, resource, names; whether it is a way up in the whole cluster, and in a namespace.
    #[test]
    fn ways_up() {
        for (verb, group, resource, names, in_cluster, in_namespace) in [
            ("bind", RBAC, "clusterroles", "", true, true),
            ("escalate", RBAC, "clusterroles", "", true, false),
            ("escalate", RBAC, "roles", "", true, true),
            ("bind", "apps", "clusterroles", "", false, false),
            ("get", RBAC, "clusterroles", "", false, false),
            ("impersonate", "", "serviceaccounts", "\"x\"", true, true),
            ("impersonate", "", "users", "", true, false),
            ("create", "", "serviceaccounts/token", "", true, true),
            ("create", "", "serviceaccounts/token", "\"x\"", true, true),
            ("create", "", "serviceaccounts", "", false, false),
            ("create", "", "pods", "", true, true),
            ("create", "", "pods", "\"x\"", false, false),
            ("patch", "", "pods", "\"x\"", true, true),
            ("delete", "", "pods", "", false, false),
            ("create", "", "pods/exec", "", true, true),
            ("create", "", "*/exec", "", true, true),
            ("create", "", "pods/log", "", false, false),
            ("update", "apps", "deployments", "", true, true),
            ("update", "apps", "deployments/scale", "", false, false),
            ("create", "batch", "cronjobs", "", true, true),
            ("get", "", "secrets", "", true, false),
            ("get", "", "secrets", "\"x\"", false, false),
            ("get", "", "configmaps", "", false, false),
            ("create", RBAC, "rolebindings", "", true, true),
            ("patch", RBAC, "clusterrolebindings", "", true, false),
            ("*", "*", "*", "", true, true),
            ("list", "", "*", "", true, false),
        ] {
            let rule = format!(
                r#"{{"verbs": ["{verb}"], "apiGroups": ["{group}"], "resources": ["{resource}"], "resourceNames": [{names}]}}"#
            );
            for (scope, expected) in [(true, in_cluster), (false, in_namespace)] {
                let [grant] = grants_of(&rule, scope).try_into().unwrap();
                assert_eq!(grant.can_escalate, expected, "{rule} in cluster: {scope}");
            }
        }
    }

    #[test]
    fn well_known_roles_mean_what_the_documentation_says() {
        let everywhere = well_known("cluster-admin", true).unwrap();
        assert_eq!(everywhere.is_admin, Some(true));
        let here = well_known("cluster-admin", false).unwrap();
        assert_eq!(
            (here.is_admin, here.is_wildcard_action, here.is_wildcard_resource),
            (Some(false), Some(true), Some(false))
        );
        assert_eq!(well_known("edit", true).unwrap().can_escalate, Some(true));
        assert_eq!(well_known("edit", true).unwrap().is_wildcard_action, None);
        assert_eq!(well_known("view", true).unwrap().can_escalate, Some(false));
        assert_eq!(well_known("my-role", true), None);
    }
}
