//! Whose verdict it is: the identity that a tool's resource names, in the words of our inventory. Joins only what
//! is named beyond doubt; a policy, a bucket or an account is no identity.

use crate::sources::aws;

/// The resource that a verdict is about.
#[derive(Debug, Default)]
pub(in crate::sources) struct Subject {
    /// The kind of system in the tool's word.
    pub system: String,
    /// Account, subscription, project or cluster.
    pub scope: String,
    /// Organisation or tenant above it.
    pub tenant: String,
    /// The tool's word for the kind of resource.
    pub kind: String,
    /// ARN, id or name of the resource.
    pub uid: String,
}

impl Subject {
    /// The identity, where the resource is one.
    pub fn identity(&self) -> Option<String> {
        principal(&self.uid)
            .filter(|arn| !arn.ends_with(":root") || self.is_user())
            .or_else(|| service_account(&self.uid))
            .or_else(|| spiffe(&self.uid))
            .or_else(|| self.kubernetes_account())
            .or_else(|| self.service_principal())
    }

    /// The ARN of the root stands for the whole account as well, and tools name it where no resource is at fault.
    fn is_user(&self) -> bool {
        self.kind.to_ascii_lowercase().contains("user")
    }

    /// `system:serviceaccount:NAMESPACE:NAME`, in the cluster that was looked at.
    fn kubernetes_account(&self) -> Option<String> {
        let (namespace, name) = self.uid.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        let known = [namespace, name, &self.scope].iter().all(|part| !part.is_empty());
        known.then(|| format!("k8s:{}:sa:{namespace}:{name}", self.scope))
    }

    /// An Entra service principal by its object id, in a tenant that is named.
    fn service_principal(&self) -> Option<String> {
        let kind: String = self.kind.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_one = kind.to_ascii_lowercase().contains("serviceprincipal");
        let in_tenant = is_one && is_guid(&self.uid) && is_guid(&self.tenant);
        in_tenant.then(|| format!("entra:{}:sp:{}", self.tenant.to_lowercase(), self.uid.to_lowercase()))
    }
}

/// The AWS identity that an ARN names: a user, role, group or the root; of a session, the role behind it.
pub(in crate::sources) fn principal(arn: &str) -> Option<String> {
    let arn = aws::canonical(arn);
    let is_identity = {
        let mut parts = arn.splitn(6, ':');
        let is_arn = parts.next() == Some("arn") && parts.next().is_some_and(|partition| partition.starts_with("aws"));
        let is_iam = parts.next() == Some("iam") && parts.next() == Some("");
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let has_account = parts.next().is_some_and(is_account);
        let kinds = ["user/", "role/", "group/"];
        let resource = parts.next().unwrap_or_default();
        let names_one = resource == "root" || kinds.iter().any(|kind| resource.starts_with(kind));
        is_arn && is_iam && has_account && names_one
    };
    is_identity.then_some(arn)
}

/// A Google service account, by its e-mail address or by a resource name that ends in it.
fn service_account(uid: &str) -> Option<String> {
    let (_, name) = uid.rsplit_once('/').unwrap_or(("", uid));
    let (account, domain) = name.split_once('@')?;
    let is_one = !account.is_empty() && domain.to_ascii_lowercase().ends_with(".gserviceaccount.com");
    is_one.then(|| format!("gcp:{}", name.to_lowercase()))
}

fn spiffe(uid: &str) -> Option<String> {
    uid.starts_with("spiffe://").then(|| uid.to_owned())
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_identities_join_and_others_do_not() {
        let role = "arn:aws:iam::111122223333:role/app/agent-runner";
        for (arn, identity) in [
            (role, Some(role)),
            ("arn:aws:iam::111122223333:user/a", Some("arn:aws:iam::111122223333:user/a")),
            ("arn:aws-cn:iam::111122223333:group/a", Some("arn:aws-cn:iam::111122223333:group/a")),
            ("arn:aws:iam::111122223333:root", Some("arn:aws:iam::111122223333:root")),
            (
                "arn:aws:sts::111122223333:assumed-role/agent-runner/s",
                Some("arn:aws:iam::111122223333:role/agent-runner"),
            ),
            ("arn:aws:iam::aws:policy/AdministratorAccess", None),
            ("arn:aws:iam::111122223333:policy/a", None),
            ("arn:aws:iam:eu-west-1:111122223333:password-policy", None),
            ("arn:aws:s3:::role/a", None),
            ("AWS::::Account:111122223333", None),
        ] {
            assert_eq!(principal(arn).as_deref(), identity, "{arn}");
        }
    }

    #[test]
    fn other_systems_join_by_their_own_names() {
        let guid = "0A0B0C0D-0000-4000-8000-000000000001";
        let tenant = "0a0b0c0d-0000-4000-8000-00000000000f";
        let of = |scope: &str, tenant: &str, kind: &str, uid: &str| {
            Subject {
                system: String::new(),
                scope: scope.to_owned(),
                tenant: tenant.to_owned(),
                kind: kind.to_owned(),
                uid: uid.to_owned(),
            }
            .identity()
        };
        let root = "arn:aws:iam::111122223333:root";
        assert_eq!(of("111122223333", "", "AwsIamUser", root).as_deref(), Some(root));
        assert_eq!(of("111122223333", "", "Other", root), None);
        let account = "projects/p/serviceAccounts/Agent@acme.iam.gserviceaccount.com";
        assert_eq!(of("p", "", "", account).as_deref(), Some("gcp:agent@acme.iam.gserviceaccount.com"));
        assert_eq!(of("p", "", "", "alice@acme.example"), None);
        assert_eq!(of("prod", "", "", "system:serviceaccount:pay:api").as_deref(), Some("k8s:prod:sa:pay:api"));
        assert_eq!(of("", "", "", "system:serviceaccount:pay:api"), None);
        let expected = format!("entra:{tenant}:sp:{}", guid.to_lowercase());
        assert_eq!(of("sub", tenant, "Service Principal", guid), Some(expected));
        assert_eq!(of("sub", "", "Service Principal", guid), None);
        assert_eq!(of("sub", tenant, "User", guid), None);
        assert_eq!(of("", "", "", "spiffe://acme.example/api").as_deref(), Some("spiffe://acme.example/api"));
    }
}
