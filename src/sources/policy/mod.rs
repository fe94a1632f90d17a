//! Policy engines: their policies, what they are about, and the decisions that they logged.

pub(super) mod avp_decisions;
pub(super) mod avp_policies;
pub(super) mod cedar;
pub(super) mod opa_decisions;
pub(super) mod rego;

const PROVIDER: &str = "policy";

/// A principal's name as an identity, where it is the name under which another system lists it.
fn known_elsewhere(name: &str) -> Option<String> {
    let is_arn = name.starts_with("arn:aws") && name.contains(":iam::");
    if let Some(role) = session_of(name) {
        return Some(role);
    }
    (is_arn || name.starts_with("spiffe://")).then(|| name.to_owned())
}

/// The role behind a session's ARN: `arn:aws:sts::1:assumed-role/R/session`.
fn session_of(arn: &str) -> Option<String> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":sts::")?;
    let (account, rest) = rest.split_once(":assumed-role/")?;
    let role = rest.split('/').next().filter(|role| !role.is_empty())?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_systems_are_kept() {
        for (name, expected) in [
            ("spiffe://a/b", Some("spiffe://a/b")),
            ("arn:aws:iam::111122223333:role/app", Some("arn:aws:iam::111122223333:role/app")),
            ("arn:aws-cn:sts::111122223333:assumed-role/app/session", Some("arn:aws-cn:iam::111122223333:role/app")),
            ("arn:aws:s3:::bucket", None),
            ("alice", None),
        ] {
            assert_eq!(known_elsewhere(name).as_deref(), expected, "{name}");
        }
    }
}
