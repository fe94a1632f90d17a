//! Members of bindings: who a text such as `serviceAccount:a@b` or `principalSet://...` means, and under which id
//! it stands in the inventory. Addresses have no case; subjects of foreign tokens do.

use super::{PROVIDER, is_number};
use crate::sources::Reject;

/// Where principals of pools and of the workforce begin.
const PRINCIPAL: &str = "principal://iam.googleapis.com/";
const PRINCIPAL_SET: &str = "principalSet://iam.googleapis.com/";
/// Where the pool of all clusters of a project ends in its name.
const CLUSTERS: &str = ".svc.id.goog";

/// Somebody who holds a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub who: Who<'a>,
    /// Unique id of an account that is gone, which tells it from a new one of the same address.
    uid: Option<&'a str>,
    pub is_deleted: bool,
}

/// Kinds of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// `allUsers` or `allAuthenticatedUsers`: the whole world, the latter with any Google account.
    Everyone(&'a str),
    /// A person, by address.
    Person(&'a str),
    /// A group, by address.
    Group(&'a str),
    /// Everybody in a domain.
    Domain(&'a str),
    /// A service account, by address.
    Account(&'a str),
    /// Everybody with a basic role on a project: (`projectEditor`, project).
    Basic(&'a str, &'a str),
    /// A service account of a Kubernetes cluster of the project: (project, namespace, name).
    Cluster(&'a str, &'a str, &'a str),
    /// One subject, or a set of them, of a workload identity pool: (pool, the rest of the name).
    Pool(&'a str, &'a str),
    /// The same of a workforce pool, whose subjects are people: (name, whether it is a set).
    Workforce(&'a str, bool),
}

impl<'a> Member<'a> {
    /// Reads a member.
    ///
    /// # Errors
    /// [`Reject`] when it is of a kind that is not known.
    pub fn of(text: &'a str) -> Result<Self, Reject> {
        let (text, is_deleted) = match text.strip_prefix("deleted:") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (text, uid) = match text.rsplit_once("?uid=") {
            Some((text, uid)) if is_deleted => (text, Some(uid)),
            _ => (text, None),
        };
        let who = Who::of(text).ok_or_else(|| Reject::because("a member is of a kind that is not known"))?;
        Ok(Self { who, uid, is_deleted })
    }

    /// Its id in the inventory. One that is gone has the unique id in it, so that nobody of the same name takes
    /// its place.
    pub fn id(&self) -> String {
        let id = match self.who {
            Who::Everyone(name) => format!("{PROVIDER}:{name}"),
            Who::Person(email) => format!("{PROVIDER}:user:{}", email.to_lowercase()),
            Who::Group(email) => format!("{PROVIDER}:group:{}", email.to_lowercase()),
            Who::Domain(domain) => format!("{PROVIDER}:domain:{}", domain.to_lowercase()),
            Who::Account(email) => super::account_id(email),
            Who::Basic(role, project) => format!("{PROVIDER}:{role}:{project}"),
            Who::Cluster(project, namespace, name) => format!("{PROVIDER}:{project}{CLUSTERS}:{namespace}/{name}"),
            // Everybody in a pool is the pool.
            Who::Pool(pool, "*") => format!("{PROVIDER}:{pool}"),
            Who::Pool(pool, rest) => format!("{PROVIDER}:{pool}/{rest}"),
            Who::Workforce(name, _) => format!("{PROVIDER}:{name}"),
        };
        match (self.is_deleted, self.uid) {
            (true, Some(uid)) => format!("{id}?uid={uid}"),
            (true, None) => format!("{id}?deleted"),
            _ => id,
        }
    }

    /// Its name for people.
    pub fn name(&self) -> String {
        match self.who {
            Who::Everyone(name)
            | Who::Person(name)
            | Who::Group(name)
            | Who::Domain(name)
            | Who::Account(name)
            | Who::Workforce(name, _) => name.to_owned(),
            Who::Basic(role, project) => format!("{role} of {project}"),
            Who::Cluster(_, namespace, name) => format!("{namespace}/{name}"),
            Who::Pool(pool, rest) => {
                let pool = pool.rsplit('/').next().unwrap_or(pool);
                if rest == "*" { pool.to_owned() } else { format!("{pool}/{rest}") }
            }
        }
    }

    /// Kind of identity, and whether a person is behind it.
    pub fn kind(&self) -> (&'static str, Option<bool>) {
        match self.who {
            Who::Person(_) | Who::Workforce(_, false) => ("human", Some(true)),
            Who::Account(_) => ("service_account", Some(false)),
            Who::Cluster(..) => ("workload_entry", Some(false)),
            Who::Pool(_, rest) if rest.starts_with("subject/") => ("workload_entry", Some(false)),
            Who::Everyone(_)
            | Who::Group(_)
            | Who::Domain(_)
            | Who::Basic(..)
            | Who::Pool(..)
            | Who::Workforce(_, true) => ("group", None),
        }
    }
}

impl<'a> Who<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if matches!(text, "allUsers" | "allAuthenticatedUsers") {
            return Some(Self::Everyone(text));
        }
        if let Some(name) = text.strip_prefix(PRINCIPAL) {
            return Self::principal(name, false);
        }
        if let Some(name) = text.strip_prefix(PRINCIPAL_SET) {
            return Self::principal(name, true);
        }
        let (kind, name) = text.split_once(':').filter(|(_, name)| !name.is_empty())?;
        match kind {
            "user" => Some(Self::Person(name)),
            "group" => Some(Self::Group(name)),
            "domain" => Some(Self::Domain(name)),
            "serviceAccount" => Self::cluster(name).or(Some(Self::Account(name))),
            "projectOwner" | "projectEditor" | "projectViewer" => Some(Self::Basic(kind, name)),
            _ => None,
        }
    }

    /// `project.svc.id.goog[namespace/name]`.
    fn cluster(name: &'a str) -> Option<Self> {
        let (pool, inside) = name.strip_suffix(']')?.split_once('[')?;
        let (namespace, name) = inside.split_once('/')?;
        Some(Self::Cluster(pool.strip_suffix(CLUSTERS)?, namespace, name))
    }

    fn principal(name: &'a str, is_set: bool) -> Option<Self> {
        if name.contains("/workforcePools/") {
            return Some(Self::Workforce(name, is_set));
        }
        let (before, after) = name.split_once("/workloadIdentityPools/")?;
        let (id, rest) = after.split_once('/')?;
        let pool = name.get(..before.len() + "/workloadIdentityPools/".len() + id.len())?;
        let subject = || rest.strip_prefix("subject/ns/")?.split_once("/sa/");
        match (id.strip_suffix(CLUSTERS), subject()) {
            (Some(project), Some((namespace, name))) => Some(Self::Cluster(project, namespace, name)),
            _ => Some(Self::Pool(pool, rest)),
        }
    }
}

/// The project of a service account, by its address; `None` where the address has its number alone, or is of an
/// account that Google runs.
pub(super) fn project_of_account(email: &str) -> Option<&str> {
    if is_of_google(email) {
        return None;
    }
    let (_, host) = email.split_once('@')?;
    match host.strip_suffix(".iam.gserviceaccount.com") {
        Some(project) => Some(project),
        None => email.strip_suffix("@appspot.gserviceaccount.com"),
    }
}

/// Whether Google runs the account for one of its services. Nobody lists these, and nobody can make or delete them.
pub(super) fn is_of_google(email: &str) -> bool {
    let Some((name, host)) = email.split_once('@') else { return false };
    let agent = name.strip_prefix("service-").map(|rest| rest.rsplit('-').next().unwrap_or(rest));
    agent.is_some_and(is_number)
        || host.starts_with("gcp-sa-")
        || matches!(host, "cloudservices.gserviceaccount.com" | "cloudbuild.gserviceaccount.com")
        || host.ends_with("system.gserviceaccount.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let member = Member::of(text).unwrap();
        let (kind, is_human) = member.kind();
        let human = is_human.map_or("∅".to_owned(), |human| human.to_string());
        format!("{} | {} | {kind} | {human}", member.id(), member.name())
    }

    #[test]
    fn members_become_ids() {
        let pool = "projects/1/locations/global/workloadIdentityPools/ci";
        for (text, expected) in [
            ("allUsers", "gcp:allUsers | allUsers | group | ∅".to_owned()),
            ("user:Ann@acme.example", "gcp:user:ann@acme.example | Ann@acme.example | human | true".to_owned()),
            ("group:ops@acme.example", "gcp:group:ops@acme.example | ops@acme.example | group | ∅".to_owned()),
            ("domain:acme.example", "gcp:domain:acme.example | acme.example | group | ∅".to_owned()),
            (
                "serviceAccount:ETL@p.iam.gserviceaccount.com",
                "gcp:etl@p.iam.gserviceaccount.com | ETL@p.iam.gserviceaccount.com | service_account | false".to_owned(),
            ),
            (
                "deleted:serviceAccount:etl@p.iam.gserviceaccount.com?uid=123",
                "gcp:etl@p.iam.gserviceaccount.com?uid=123 | etl@p.iam.gserviceaccount.com | service_account | false"
                    .to_owned(),
            ),
            ("projectEditor:p", "gcp:projectEditor:p | projectEditor of p | group | ∅".to_owned()),
            (
                "serviceAccount:p.svc.id.goog[pay/api]",
                "gcp:p.svc.id.goog:pay/api | pay/api | workload_entry | false".to_owned(),
            ),
            (
                "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p.svc.id.goog/subject/ns/pay/sa/api",
                "gcp:p.svc.id.goog:pay/api | pay/api | workload_entry | false".to_owned(),
            ),
            (
                &format!("principal://iam.googleapis.com/{pool}/subject/repo:acme/Web:ref:x"),
                format!("gcp:{pool}/subject/repo:acme/Web:ref:x | ci/subject/repo:acme/Web:ref:x | workload_entry | false"),
            ),
            (
                &format!("principalSet://iam.googleapis.com/{pool}/attribute.repository/acme/Web"),
                format!("gcp:{pool}/attribute.repository/acme/Web | ci/attribute.repository/acme/Web | group | ∅"),
            ),
            (&format!("principalSet://iam.googleapis.com/{pool}/*"), format!("gcp:{pool} | ci | group | ∅")),
            (
                "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann",
                "gcp:locations/global/workforcePools/staff/subject/ann | locations/global/workforcePools/staff/subject/ann | human | true".to_owned(),
            ),
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_member_is_refused() {
        for text in ["", "serviceAccount:", "specialGroup:x", "somebody", "principal://iam.googleapis.com/x"] {
            assert!(Member::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn accounts_of_google_have_no_project_of_ours() {
        assert_eq!(project_of_account("etl@acme-prod.iam.gserviceaccount.com"), Some("acme-prod"));
        assert_eq!(project_of_account("acme-prod@appspot.gserviceaccount.com"), Some("acme-prod"));
        assert_eq!(project_of_account("123-compute@developer.gserviceaccount.com"), None);
        for agent in [
            "service-123@compute-system.iam.gserviceaccount.com",
            "service-org-123@gcp-sa-logging.iam.gserviceaccount.com",
            "123@cloudservices.gserviceaccount.com",
            "p-123@gcp-sa-aiplatform.iam.gserviceaccount.com",
        ] {
            assert!(is_of_google(agent), "{agent}");
            assert_eq!(project_of_account(agent), None);
        }
        assert!(!is_of_google("service-etl@acme-prod.iam.gserviceaccount.com"));
    }
}
