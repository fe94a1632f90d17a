//! Trust policies of roles: who may assume a role, one way in for each principal of each statement that
//! allows it. Judges how far a way in is limited from the statement alone; whether the other side belongs
//! to the estate is not known here.

use super::condition::{Conditions, Limit};
use super::pattern::{covers_action, has_wildcard, is_open_arn};
use super::policy::{Choice, Document, Principals, Statement};
use super::{account_of, partition_of};
use crate::sources::Reject;

/// Actions that give a session of the role; tagging one is no way in.
const ASSUMES: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// Beginnings of subjects that leave open whose workload it is, at issuers that serve everybody: GitHub,
/// GitLab, HCP Terraform. A subject of another issuer is open only as `*`.
const OPEN_SUBJECTS: [&str; 3] = ["repo:*", "project_path:*", "organization:*"];
/// Subjects of a Kubernetes cluster that mean all of its service accounts.
const OPEN_ACCOUNTS: [&str; 2] = ["system:serviceaccount:*", "system:serviceaccount:*:*"];

/// One way to become a role.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub kind: &'static str,
    /// The principal, in one spelling.
    pub principal: String,
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub audience: Option<String>,
    pub subject_constrained: Option<bool>,
    pub subject_wildcard: Option<bool>,
    pub audience_constrained: Option<bool>,
    pub external_scope: Option<String>,
    pub external_id: Option<bool>,
    /// Canonical text of the statement's conditions; empty for none.
    pub condition: String,
}

/// Every way into the role with this ARN. Statements that deny are no ways, and are not applied to others.
///
/// # Errors
/// [`Reject`] when a statement names nobody, or somebody of a type that roles cannot trust.
pub(super) fn ways(document: &Document, role: &str) -> Result<Vec<Way>, Reject> {
    let mut ways = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.is_allow && lets_assume(statement)) {
        let conditions = &statement.conditions;
        let condition = conditions.canonical();
        for way in of_principals(statement.principals.as_ref(), role, conditions)? {
            ways.push(Way { condition: condition.clone(), ..way });
        }
    }
    Ok(ways)
}

fn of_principals(principals: Option<&Principals>, role: &str, conditions: &Conditions) -> Result<Vec<Way>, Reject> {
    let types = match principals {
        None => return Err(Reject::because("a statement of the trust policy names no principal")),
        Some(Principals::Everybody) => return Ok(vec![everybody(role, conditions)]),
        Some(Principals::Named(types)) => types,
    };
    let named = types.iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind.as_str(), name.as_str())));
    named
        .map(|(kind, name)| match (kind, name) {
            ("AWS", "*") => Ok(everybody(role, conditions)),
            ("AWS", name) => Ok(principal(name, role, conditions)),
            ("Service", host) => Ok(service(host, conditions)),
            ("Federated", provider) => Ok(federated(provider, conditions)),
            _ => Err(Reject::because("a statement of the trust policy names a principal of a type that is not known")),
        })
        .collect()
}

fn lets_assume(statement: &Statement) -> bool {
    ASSUMES.iter().any(|wanted| match &statement.actions {
        Some(Choice::Any(actions)) => actions.iter().any(|pattern| covers_action(pattern, wanted)),
        Some(Choice::AllBut(actions)) => !actions.iter().any(|pattern| covers_action(pattern, wanted)),
        None => false,
    })
}

/// `*`: everybody on earth, unless a condition names an organisation, account or principal.
fn everybody(role: &str, conditions: &Conditions) -> Way {
    let own = account_of(role);
    let way = Way { principal: "*".to_owned(), external_id: Some(has_guard(conditions)), ..Way::default() };
    let organisations = |key: &str, open: fn(&str) -> bool| {
        conditions.guard(key, open).then(|| {
            let ids = values(conditions, key);
            joined(ids.iter().map(|id| id.split_once('/').map_or(id.as_str(), |(organisation, _)| organisation)))
        })
    };
    let organisation = organisations("aws:PrincipalOrgID", is_open_organisation)
        .or_else(|| organisations("aws:PrincipalOrgPaths", is_open_organisation));
    if let Some(scope) = organisation {
        let subject = Some("*".to_owned());
        return Way { kind: "cross_account", subject, external_scope: Some(scope), ..way };
    }
    let (accounts, subject) = if conditions.guard("aws:PrincipalArn", is_open_arn) {
        let arns = values(conditions, "aws:PrincipalArn");
        let accounts: Option<Vec<String>> = arns.iter().map(|arn| account_of(arn).map(str::to_owned)).collect();
        (accounts, joined(arns.iter().map(String::as_str)))
    } else if conditions.guard("aws:PrincipalAccount", has_wildcard) {
        (Some(values(conditions, "aws:PrincipalAccount")), "*".to_owned())
    } else {
        (None, "*".to_owned())
    };
    match accounts {
        Some(accounts) if accounts.iter().all(|account| Some(account.as_str()) == own) => {
            Way { kind: "same_account", subject: Some(subject), external_id: None, ..way }
        }
        Some(mut accounts) => {
            accounts.dedup();
            let scope = joined(accounts.iter().map(String::as_str));
            Way { kind: "cross_account", subject: Some(subject), external_scope: Some(scope), ..way }
        }
        None => Way { kind: "public", subject: Some("*".to_owned()), subject_constrained: Some(false), ..way },
    }
}

/// An account, user, role or session.
fn principal(name: &str, role: &str, conditions: &Conditions) -> Way {
    let own = account_of(role);
    let way = Way { principal: name.to_owned(), ..Way::default() };
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        let subject = format!("arn:{}:iam::{name}:root", partition_of(role));
        return of_account(way, name, own, subject, conditions);
    }
    match account_of(name) {
        Some(account) => of_account(way, account, own, canonical(name), conditions),
        // IAM puts the unique id (`AROA...`) where the principal was deleted: nobody can use it, and nothing
        // tells which account it was of.
        None => Way { kind: "same_account", subject: Some(name.to_owned()), ..way },
    }
}

fn of_account(way: Way, account: &str, own: Option<&str>, subject: String, conditions: &Conditions) -> Way {
    // An account and the ARN of its root are one principal.
    let way = Way { principal: subject.clone(), subject: Some(subject), ..way };
    if Some(account) == own {
        return Way { kind: "same_account", ..way };
    }
    let external_id = Some(has_guard(conditions));
    Way { kind: "cross_account", external_scope: Some(account.to_owned()), external_id, ..way }
}

/// The role behind a session, anything else as it stands: who may assume the role chooses the session's name.
pub(in crate::sources) fn canonical(arn: &str) -> String {
    let session = || {
        let (head, rest) = arn.split_once(":assumed-role/")?;
        let account = account_of(arn)?;
        let (name, _) = rest.split_once('/').unwrap_or((rest, ""));
        head.contains(":sts:").then(|| format!("arn:{}:iam::{account}:role/{name}", partition_of(arn)))
    };
    session().unwrap_or_else(|| arn.to_owned())
}

fn service(host: &str, conditions: &Conditions) -> Way {
    // Services differ in whether they send these keys, so that `IfExists` is how the guard is often written.
    let guards = |key: &str, open: fn(&str) -> bool| conditions.limits(key).iter().any(|limit| limit.narrows(open));
    let external_id = guards("aws:SourceAccount", has_wildcard)
        || guards("aws:SourceArn", is_open_arn)
        || guards("aws:SourceOrgID", is_open_organisation)
        || guards("aws:SourceOrgPaths", is_open_organisation);
    Way {
        kind: "service",
        principal: host.to_owned(),
        issuer: Some(host.to_owned()),
        external_id: Some(external_id),
        ..Way::default()
    }
}

fn federated(name: &str, conditions: &Conditions) -> Way {
    let way = Way { principal: name.to_owned(), ..Way::default() };
    if name.contains(":saml-provider/") {
        let claim = |key: &str| Some(values(conditions, key)).filter(|values| !values.is_empty());
        let (subject, audience) = (claim("SAML:sub"), claim("SAML:aud"));
        // What is not limited here, the identity provider decides.
        return Way {
            kind: "saml",
            issuer: Some(name.to_owned()),
            subject_constrained: subject.as_ref().map(|_| true),
            audience_constrained: audience.as_ref().map(|_| true),
            subject: subject.map(|values| joined(values.iter().map(String::as_str))),
            audience: audience.map(|values| joined(values.iter().map(String::as_str))),
            ..way
        };
    }
    let (issuer, has_provider) = match name.split_once(":oidc-provider/") {
        Some((_, issuer)) => (issuer, true),
        // Cognito, Google and other issuers that IAM knows without a provider of the account.
        None => (name, false),
    };
    // Only the subject counts as limit: other claims (`repository`, `job_workflow_ref`, `amr`) differ from
    // issuer to issuer in what they promise; the condition's text keeps them.
    let subjects = claim_limits(conditions, issuer, "sub");
    let audiences = claim_limits(conditions, issuer, "aud");
    let values: Vec<&str> = subjects.iter().flat_map(|limit| limit.values).map(String::as_str).collect();
    let is_spiffe = values.iter().any(|value| value.starts_with("spiffe://"));
    let audience = joined(audiences.iter().flat_map(|limit| limit.values).map(String::as_str));
    Way {
        kind: if is_spiffe { "spiffe" } else { "oidc" },
        issuer: Some(issuer.to_owned()),
        subject_constrained: Some(subjects.iter().any(|limit| limit.narrows(is_open_subject))),
        subject_wildcard: (!subjects.is_empty()).then(|| {
            subjects.iter().any(|limit| limit.is_pattern && limit.values.iter().any(|value| has_wildcard(value)))
        }),
        // Without a limit here, tokens must still carry one of the provider's own audiences, which are not
        // in this export; only the issuers without a provider take any.
        audience_constrained: match audiences.iter().any(|limit| limit.narrows(|_| false)) {
            true => Some(true),
            false if audiences.is_empty() && has_provider => None,
            false => Some(false),
        },
        external_scope: if is_spiffe { trust_domain(&values) } else { None },
        subject: (!values.is_empty()).then(|| joined(values.iter().copied())),
        audience: (!audiences.is_empty()).then_some(audience),
        ..way
    }
}

/// Limits on a claim of an issuer, whose key is written with or without the slash that ends its URL.
fn claim_limits<'a>(conditions: &'a Conditions, issuer: &str, claim: &str) -> Vec<Limit<'a>> {
    let bare = issuer.trim_end_matches('/');
    [format!("{bare}:{claim}"), format!("{bare}/:{claim}")].iter().flat_map(|key| conditions.limits(key)).collect()
}

/// The trust domain of SPIFFE ids that are all of one.
fn trust_domain(subjects: &[&str]) -> Option<String> {
    let mut domains = subjects.iter().map(|subject| subject.strip_prefix("spiffe://")?.split('/').next());
    let first = domains.next()??;
    (!has_wildcard(first) && domains.all(|domain| domain == Some(first))).then(|| first.to_owned())
}

/// Whether somebody who was tricked into calling would be found out, or the caller is named otherwise.
fn has_guard(conditions: &Conditions) -> bool {
    conditions.guard("sts:ExternalId", |_| false)
        || conditions.guard("aws:PrincipalOrgID", is_open_organisation)
        || conditions.guard("aws:PrincipalOrgPaths", is_open_organisation)
        || conditions.guard("aws:SourceAccount", has_wildcard)
        || conditions.guard("aws:SourceArn", is_open_arn)
}

fn is_open_organisation(pattern: &str) -> bool {
    has_wildcard(pattern.split('/').next().unwrap_or_default())
}

fn is_open_subject(pattern: &str) -> bool {
    OPEN_ACCOUNTS.contains(&pattern) || OPEN_SUBJECTS.iter().any(|open| pattern.starts_with(open))
}

fn values(conditions: &Conditions, key: &str) -> Vec<String> {
    conditions.limits(key).iter().flat_map(|limit| limit.values.to_vec()).collect()
}

fn joined<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::policy::tests::document;
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/app";
    const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

    fn all(principal: &str, condition: &str) -> Vec<Way> {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": ["sts:AssumeRole*", "sts:TagSession"],
                "Principal": {principal}, "Condition": {condition}}}]}}"#
        );
        ways(&document(&text), ROLE).unwrap()
    }

    fn one(principal: &str, condition: &str) -> Way {
        let mut ways = all(principal, condition);
        assert_eq!(ways.len(), 1);
        ways.pop().unwrap()
    }

    /// kind, external scope, external id, subject.
    fn summary(principal: &str, condition: &str) -> String {
        let way = one(principal, condition);
        let scope = way.external_scope.as_deref().unwrap_or("∅");
        let guard = way.external_id.map_or("∅".to_owned(), |guard| guard.to_string());
        format!("{} {scope} {guard} {}", way.kind, way.subject.as_deref().unwrap_or("∅"))
    }

    #[test]
    fn accounts_are_told_apart() {
        for (principal, condition, expected) in [
            ("999988887777", "{}", "cross_account 999988887777 false arn:aws:iam::999988887777:root"),
            (
                "arn:aws:iam::999988887777:root",
                r#"{"StringEquals": {"sts:ExternalId": "x"}}"#,
                "cross_account 999988887777 true arn:aws:iam::999988887777:root",
            ),
            (
                "arn:aws:iam::999988887777:role/ci",
                r#"{"StringEqualsIfExists": {"sts:ExternalId": "x"}}"#,
                "cross_account 999988887777 false arn:aws:iam::999988887777:role/ci",
            ),
            (
                "arn:aws:iam::999988887777:role/ci",
                r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#,
                "cross_account 999988887777 true arn:aws:iam::999988887777:role/ci",
            ),
            (
                "arn:aws:sts::999988887777:assumed-role/ci/run-1",
                "{}",
                "cross_account 999988887777 false arn:aws:iam::999988887777:role/ci",
            ),
            ("111122223333", "{}", "same_account ∅ ∅ arn:aws:iam::111122223333:root"),
            (
                "arn:aws:iam::111122223333:user/people/alice",
                "{}",
                "same_account ∅ ∅ arn:aws:iam::111122223333:user/people/alice",
            ),
            ("AROAEXAMPLEDELETED", "{}", "same_account ∅ ∅ AROAEXAMPLEDELETED"),
        ] {
            assert_eq!(summary(&format!(r#"{{"AWS": "{principal}"}}"#), condition), expected, "{condition}");
        }
    }

    #[test]
    fn everybody_is_public_unless_something_says_who() {
        for (condition, expected) in [
            ("{}", "public ∅ false *"),
            (r#"{"StringEquals": {"sts:ExternalId": "x"}}"#, "public ∅ true *"),
            (r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#, "public ∅ false *"),
            (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#, "cross_account o-1 true *"),
            (r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}"#, "public ∅ false *"),
            (r#"{"StringLike": {"aws:PrincipalOrgID": "o-*"}}"#, "public ∅ false *"),
            (r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}"#, "public ∅ false *"),
            (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}"#, "cross_account o-1 true *"),
            (r#"{"StringEquals": {"aws:PrincipalAccount": "999988887777"}}"#, "cross_account 999988887777 false *"),
            (r#"{"StringEquals": {"aws:PrincipalAccount": ["111122223333"]}}"#, "same_account ∅ ∅ *"),
            (
                r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::999988887777:role/ci-*"}}"#,
                "cross_account 999988887777 false arn:aws:iam::999988887777:role/ci-*",
            ),
            (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}}"#, "public ∅ false *"),
        ] {
            assert_eq!(summary("\"*\"", condition), expected, "{condition}");
            assert_eq!(summary(r#"{"AWS": ["*"]}"#, condition), expected, "{condition}");
        }
        assert_eq!(one("\"*\"", "{}").subject_constrained, Some(false));
    }

    #[test]
    fn services_are_guarded_by_where_the_call_comes_from() {
        for (condition, expected) in [
            ("{}", false),
            (r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#, true),
            (r#"{"StringEqualsIfExists": {"AWS:SourceAccount": "111122223333"}}"#, true),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:agent/*"}}"#, true),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*:*:*"}}"#, false),
            (r#"{"StringEquals": {"aws:SourceOrgID": "o-1"}}"#, true),
        ] {
            let way = one(r#"{"Service": "bedrock.amazonaws.com"}"#, condition);
            assert_eq!((way.kind, way.issuer.as_deref()), ("service", Some("bedrock.amazonaws.com")));
            assert_eq!(way.external_id, Some(expected), "{condition}");
        }
    }

    #[test]
    fn a_subject_limits_unless_one_of_its_values_is_open() {
        let k = "token.actions.githubusercontent.com:sub";
        for (condition, constrained, wildcard) in [
            ("{}".to_owned(), false, None),
            (format!(r#"{{"StringEquals": {{"{k}": "repo:acme/web:ref:refs/heads/main"}}}}"#), true, Some(false)),
            (
                format!(r#"{{"StringEqualsIfExists": {{"{k}": "repo:acme/web:ref:refs/heads/main"}}}}"#),
                true,
                Some(false),
            ),
            (format!(r#"{{"StringLike": {{"{k}": "repo:acme/*"}}}}"#), true, Some(true)),
            (format!(r#"{{"StringEquals": {{"{k}": "repo:acme/*"}}}}"#), true, Some(false)),
            (format!(r#"{{"StringLike": {{"{k}": "repo:*"}}}}"#), false, Some(true)),
            (format!(r#"{{"StringLike": {{"{k}": "repo:*/*"}}}}"#), false, Some(true)),
            (format!(r#"{{"ForAnyValue:StringLike": {{"{k}": ["repo:acme/web:*", "*"]}}}}"#), false, Some(true)),
            (format!(r#"{{"StringNotLike": {{"{k}": "repo:evil/*"}}}}"#), false, None),
        ] {
            let way = one(&format!(r#"{{"Federated": "{GITHUB}"}}"#), &condition);
            assert_eq!(way.kind, "oidc");
            assert_eq!(way.issuer.as_deref(), Some("token.actions.githubusercontent.com"));
            assert_eq!((way.subject_constrained, way.subject_wildcard), (Some(constrained), wildcard), "{condition}");
        }
        for (open, expected) in [
            ("system:serviceaccount:*:*", true),
            ("system:serviceaccount:payments:*", false),
            ("project_path:*", true),
            ("project_path:acme/*", false),
        ] {
            assert_eq!(is_open_subject(open), expected, "{open}");
        }
    }

    #[test]
    fn audiences_and_trust_domains_come_from_the_conditions() {
        let way = one(
            r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/td.example/"}"#,
            r#"{"StringEquals": {"td.example/:sub": ["spiffe://td.example/ns/ml/sa/a", "spiffe://td.example/b"], "td.example:aud": "aws"}}"#,
        );
        assert_eq!((way.kind, way.external_scope.as_deref()), ("spiffe", Some("td.example")));
        assert_eq!(way.subject.as_deref(), Some("spiffe://td.example/ns/ml/sa/a spiffe://td.example/b"));
        assert_eq!((way.audience.as_deref(), way.audience_constrained), (Some("aws"), Some(true)));
        let cognito = r#"{"Federated": "cognito-identity.amazonaws.com"}"#;
        let pool = r#"{"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:1"}}"#;
        let way = one(cognito, pool);
        assert_eq!((way.kind, way.issuer.as_deref()), ("oidc", Some("cognito-identity.amazonaws.com")));
        assert_eq!((way.audience_constrained, way.subject_constrained), (Some(true), Some(false)));
        assert_eq!(one(cognito, "{}").audience_constrained, Some(false));
        assert_eq!(one(&format!(r#"{{"Federated": "{GITHUB}"}}"#), "{}").audience_constrained, None);
        assert_eq!(trust_domain(&["spiffe://a/x", "spiffe://b/x"]), None);
        assert_eq!(trust_domain(&["spiffe://*/x"]), None);
    }

    #[test]
    fn saml_keeps_its_provider_as_issuer() {
        let provider = "arn:aws:iam::111122223333:saml-provider/corp";
        let way = one(
            &format!(r#"{{"Federated": "{provider}"}}"#),
            r#"{"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}"#,
        );
        assert_eq!((way.kind, way.issuer.as_deref()), ("saml", Some(provider)));
        assert_eq!((way.subject_constrained, way.audience_constrained), (None, Some(true)));
    }

    #[test]
    fn each_principal_of_each_statement_that_lets_assume_is_a_way() {
        let text = r#"{"Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ["999988887777", "111122223333"], "Service": "ec2.amazonaws.com"}},
            {"Effect": "Allow", "Action": "sts:TagSession", "Principal": "*"},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*"},
            {"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": "999988887777"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
        ]}"#;
        let ways = ways(&document(text), ROLE).unwrap();
        let found: Vec<_> = ways.iter().map(|way| (way.kind, way.condition.as_str())).collect();
        let mfa = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let expected = [("cross_account", ""), ("same_account", ""), ("service", ""), ("cross_account", mfa)];
        assert_eq!(found, expected);
    }

    #[test]
    fn principals_that_roles_cannot_trust_are_refused() {
        let canonical = r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"CanonicalUser": "CANARY"}}}"#;
        let nobody = r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}"#;
        for text in [canonical, nobody] {
            let Reject(reason) = ways(&document(text), ROLE).unwrap_err();
            assert!(reason.starts_with("a statement of the trust policy names ") && !reason.contains("CANARY"));
        }
    }
}
