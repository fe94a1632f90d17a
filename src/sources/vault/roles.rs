//! Roles of login methods: who may log in through one, how long the tokens live that it hands out, and which
//! policies they carry. Knows AppRole, JWT and OIDC, Kubernetes, and roles for making tokens.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{EPHEMERAL_SECONDS, PROVIDER, ROOT};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Trust};
use crate::sources::hash;

/// A policy that each token carries unless its role says otherwise.
const DEFAULT: &str = "default";

/// A role as the method prints it. Which fields there are says of which method it is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Role {
    token_policies: Option<Vec<String>>,
    /// The name of before `token_policies`.
    policies: Option<Vec<String>>,
    token_ttl: Option<i64>,
    token_max_ttl: Option<i64>,
    token_explicit_max_ttl: Option<i64>,
    token_period: Option<i64>,
    token_type: Option<String>,
    token_no_default_policy: Option<bool>,
    token_bound_cidrs: Option<Vec<String>>,
    // AppRole.
    bind_secret_id: Option<bool>,
    secret_id_bound_cidrs: Option<Vec<String>>,
    // JWT and OIDC.
    user_claim: Option<String>,
    bound_audiences: Option<Vec<String>>,
    bound_subject: Option<String>,
    bound_claims: Option<BTreeMap<String, Value>>,
    bound_claims_type: Option<String>,
    // Kubernetes.
    bound_service_account_names: Option<Vec<String>>,
    bound_service_account_namespaces: Option<Vec<String>>,
    bound_service_account_namespace_selector: Option<String>,
    audience: Option<String>,
    // Roles for making tokens.
    allowed_policies: Option<Vec<String>>,
    allowed_policies_glob: Option<Vec<String>>,
    path_suffix: Option<String>,
}

/// The login methods whose roles are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    AppRole,
    Jwt,
    Kubernetes,
    Token,
}

impl Method {
    /// Whether a person logs in through it. Tokens that an issuer signs can be a person's or a workload's.
    pub fn is_human(self) -> Option<bool> {
        matches!(self, Self::AppRole | Self::Kubernetes).then_some(false)
    }
}

/// What the configuration of a method says of all its roles.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Config {
    bound_issuer: Option<String>,
    oidc_discovery_url: Option<String>,
    kubernetes_host: Option<String>,
}

impl Config {
    /// Who signs the tokens that the method takes.
    pub fn issuer(&self) -> Option<&str> {
        let places = [&self.bound_issuer, &self.oidc_discovery_url, &self.kubernetes_host];
        places.into_iter().flatten().map(String::as_str).find(|text| !text.is_empty())
    }
}

/// Where a role stands: its identity, and what its rows have in common.
pub(super) struct Standing<'a> {
    pub identity_id: &'a str,
    pub cluster: &'a str,
    pub source_id: &'a str,
    pub locator: &'a str,
}

/// How long something lives at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It can be renewed for ever.
    Endless,
    /// That many seconds.
    Seconds(i64),
    /// As long as the mount or the server allows, which the role does not say.
    Unsaid,
}

impl Role {
    pub fn method(&self) -> Option<Method> {
        match () {
            () if self.bind_secret_id.is_some() => Some(Method::AppRole),
            () if self.bound_service_account_names.is_some() => Some(Method::Kubernetes),
            () if self.user_claim.is_some() => Some(Method::Jwt),
            () if self.allowed_policies.is_some() && self.path_suffix.is_some() => Some(Method::Token),
            () => None,
        }
    }

    /// The policies of its tokens, in order. A role for making tokens without a list leaves them to the maker.
    pub fn policies(&self, method: Method) -> Vec<&str> {
        let lists = match method {
            Method::Token => [self.allowed_policies.as_ref(), self.allowed_policies_glob.as_ref()],
            _ => [self.token_policies.as_ref().or(self.policies.as_ref()), None],
        };
        let mut names: Vec<&str> = lists.into_iter().flatten().flatten().map(String::as_str).collect();
        if self.token_no_default_policy == Some(false) && !names.contains(&ROOT) && method != Method::Token {
            names.push(DEFAULT);
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The longest life of its tokens, renewals counted in.
    pub fn life(&self) -> Life {
        let set = |seconds: Option<i64>| seconds.filter(|seconds| *seconds > 0);
        if let Some(seconds) = set(self.token_explicit_max_ttl) {
            return Life::Seconds(seconds);
        }
        if set(self.token_period).is_some() {
            return Life::Endless;
        }
        // A batch token cannot be renewed.
        let is_batch = self.token_type.as_deref() == Some("batch");
        match set(self.token_max_ttl).or(if is_batch { set(self.token_ttl) } else { None }) {
            Some(seconds) => Life::Seconds(seconds),
            None => Life::Unsaid,
        }
    }

    /// The tokens that it hands out, as one row.
    pub fn session(&self, at: &Standing<'_>) -> Credential {
        let (lifetime, never_expires, ttl_seconds) = match self.life() {
            Life::Endless => (Some("static"), Some(true), None),
            Life::Seconds(seconds) if seconds <= EPHEMERAL_SECONDS => (Some("ephemeral"), Some(false), Some(seconds)),
            Life::Seconds(seconds) => (Some("expiring"), Some(false), Some(seconds)),
            Life::Unsaid => (None, None, None),
        };
        Credential {
            credential_id: format!("{}#session", at.identity_id),
            identity_id: Some(at.identity_id.to_owned()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(at.cluster)),
            kind: Word::from("role_session"),
            lifetime: lifetime.map(Word::from),
            status: Some(Word::from("active")),
            never_expires,
            ttl_seconds,
            storage: Some(Word::from("none")),
            source_id: at.source_id.to_owned(),
            locator: at.locator.to_owned(),
            ..Credential::default()
        }
    }

    /// Who may become the role.
    pub fn trust(&self, method: Method, config: Option<&Config>, at: &Standing<'_>) -> Trust {
        let mut trust = match method {
            Method::AppRole => self.trust_of_approle(),
            Method::Jwt => self.trust_of_jwt(),
            Method::Kubernetes => self.trust_of_kubernetes(),
            Method::Token => Trust { kind: Word::from("token_creator"), ..Trust::default() },
        };
        trust.issuer = trust.issuer.or_else(|| config.and_then(Config::issuer).map(str::to_owned));
        let mut condition = trust.condition.take().unwrap_or_default();
        if let Some(ranges) = joined(self.token_bound_cidrs.as_deref()) {
            append(&mut condition, &format!("token_bound_cidrs: {ranges}"));
        }
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let parts = [&trust.kind.0, &text(&trust.subject), &text(&trust.audience), &condition];
        Trust {
            trust_id: hash::row_id(&[PROVIDER, at.identity_id, parts[0], parts[1], parts[2], parts[3]]),
            identity_id: at.identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(at.cluster)),
            condition: Some(condition),
            source_id: at.source_id.to_owned(),
            locator: at.locator.to_owned(),
            ..trust
        }
    }

    /// Whoever holds the role's id, and a secret id of it unless the role does without.
    fn trust_of_approle(&self) -> Trust {
        let mut condition = format!("bind_secret_id: {}", self.bind_secret_id.unwrap_or_default());
        if let Some(ranges) = joined(self.secret_id_bound_cidrs.as_deref()) {
            append(&mut condition, &format!("secret_id_bound_cidrs: {ranges}"));
        }
        Trust { kind: Word::from("vault_auth"), condition: Some(condition), ..Trust::default() }
    }

    /// Tokens that carry a subject and other claims. A claim of which any value will do limits nothing.
    fn trust_of_jwt(&self) -> Trust {
        let is_glob = self.bound_claims_type.as_deref() == Some("glob");
        let claims: BTreeMap<&str, Vec<String>> =
            self.bound_claims.iter().flatten().map(|(name, value)| (name.as_str(), texts(value))).collect();
        let bound = self.bound_subject.clone().filter(|subject| !subject.is_empty());
        let by_claim = claims.get("sub").or_else(|| claims.get("/sub")).map(|values| values.join(" "));
        let is_open = |values: &[String]| is_glob && values.iter().any(|value| is_anything(value));
        let limits_claims = claims.values().any(|values| !values.is_empty() && !is_open(values));
        // Other claims bind the caller as well as a subject does; GitHub's `repository` is one.
        let others = || {
            let pairs = claims.iter().map(|(name, values)| format!("{name}={}", values.join("|")));
            Some(pairs.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
        };
        let subject = bound.clone().or(by_claim).or_else(others);
        let has_wildcard = bound.is_none() && is_glob && claims.values().flatten().any(|value| value.contains('*'));
        let is_spiffe = subject.as_deref().is_some_and(|subject| subject.starts_with("spiffe://"));
        let audience = joined(self.bound_audiences.as_deref());
        let mut condition = String::new();
        for (name, values) in &claims {
            append(&mut condition, &format!("{name}: {}", values.join(", ")));
        }
        Trust {
            kind: Word::from(if is_spiffe { "spiffe" } else { "oidc" }),
            subject_constrained: Some(bound.is_some() || limits_claims),
            subject_wildcard: Some(has_wildcard),
            audience_constrained: Some(audience.is_some()),
            subject,
            audience,
            condition: Some(condition),
            ..Trust::default()
        }
    }

    /// Tokens of service accounts, named as they call themselves, so that they are found in their cluster.
    fn trust_of_kubernetes(&self) -> Trust {
        let names = self.bound_service_account_names.as_deref().unwrap_or_default();
        let spaces = self.bound_service_account_namespaces.as_deref().unwrap_or_default();
        let selector = self.bound_service_account_namespace_selector.as_deref().filter(|text| !text.is_empty());
        let any = ["*".to_owned()];
        let spaces = if spaces.is_empty() { any.as_slice() } else { spaces };
        let subjects = spaces
            .iter()
            .flat_map(|space| names.iter().map(move |name| format!("system:serviceaccount:{space}:{name}")));
        let subject = subjects.collect::<Vec<_>>().join(" ");
        let is_open = |list: &[String]| list.iter().any(|text| is_anything(text));
        let audience = self.audience.clone().filter(|audience| !audience.is_empty());
        let condition = selector.map(|selector| format!("namespace_selector: {selector}")).unwrap_or_default();
        Trust {
            kind: Word::from("oidc"),
            subject_constrained: Some(!(is_open(names) && is_open(spaces) && selector.is_none())),
            subject_wildcard: Some(names.iter().chain(spaces).any(|text| text.contains('*'))),
            // The method takes a token for any audience where none is set.
            audience_constrained: Some(audience.is_some()),
            subject: Some(subject),
            audience,
            condition: Some(condition),
            ..Trust::default()
        }
    }
}

fn append(condition: &mut String, part: &str) {
    if !condition.is_empty() {
        condition.push_str("; ");
    }
    condition.push_str(part);
}

fn joined(list: Option<&[String]>) -> Option<String> {
    list.filter(|list| !list.is_empty()).map(|list| list.join(" "))
}

/// The values of a claim: one, or a list of which one must fit.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

fn is_anything(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Standing<'_> = Standing { identity_id: "vault:c:role:m:r", cluster: "c", source_id: "s", locator: "l" };

    fn role(json: &str) -> Role {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_longest_life_counts_renewals() {
        for (json, expected) in [
            (r#"{"token_ttl": 1200, "token_max_ttl": 3600}"#, Life::Seconds(3600)),
            (r#"{"token_ttl": 1200, "token_max_ttl": 0}"#, Life::Unsaid),
            (r#"{"token_period": 60, "token_max_ttl": 3600}"#, Life::Endless),
            (r#"{"token_period": 60, "token_explicit_max_ttl": 7200}"#, Life::Seconds(7200)),
            (r#"{"token_ttl": 300, "token_type": "batch"}"#, Life::Seconds(300)),
            ("{}", Life::Unsaid),
        ] {
            assert_eq!(role(json).life(), expected, "{json}");
        }
    }

    #[test]
    fn subjects_of_jwt_roles() {
        for (json, subject, constrained, wildcard) in [
            (r#"{"bound_subject": "a"}"#, Some("a"), true, false),
            (
                r#"{"bound_claims": {"sub": "repo:acme/*"}, "bound_claims_type": "glob"}"#,
                Some("repo:acme/*"),
                true,
                true,
            ),
            (
                r#"{"bound_claims": {"sub": "repo:acme/*"}, "bound_claims_type": "string"}"#,
                Some("repo:acme/*"),
                true,
                false,
            ),
            (r#"{"bound_claims": {"sub": "*"}, "bound_claims_type": "glob"}"#, Some("*"), false, true),
            (r#"{"bound_claims": {"sub": "*", "env": "prod"}, "bound_claims_type": "glob"}"#, Some("*"), true, true),
            (r#"{"bound_claims": {"env": ["a", "b"]}}"#, Some("env=a|b"), true, false),
            (r#"{"bound_claims": null, "bound_subject": ""}"#, None, false, false),
        ] {
            let trust = role(json).trust_of_jwt();
            assert_eq!(trust.subject.as_deref(), subject, "{json}");
            assert_eq!(
                (trust.subject_constrained, trust.subject_wildcard),
                (Some(constrained), Some(wildcard)),
                "{json}"
            );
        }
        let spiffe = role(r#"{"bound_subject": "spiffe://a/b", "bound_audiences": ["v", "w"]}"#).trust_of_jwt();
        assert_eq!((spiffe.kind, spiffe.audience.as_deref()), (Word::from("spiffe"), Some("v w")));
    }

    #[test]
    fn subjects_of_kubernetes_roles() {
        for (names, spaces, selector, subject, constrained, wildcard) in [
            ("api", "pay", "", "system:serviceaccount:pay:api", true, false),
            ("*", "pay", "", "system:serviceaccount:pay:*", true, true),
            ("*", "*", "", "system:serviceaccount:*:*", false, true),
            ("*", "*", "{}", "system:serviceaccount:*:*", true, true),
        ] {
            let json = format!(
                r#"{{"bound_service_account_names": ["{names}"], "bound_service_account_namespaces": ["{spaces}"], "bound_service_account_namespace_selector": "{selector}"}}"#
            );
            let trust = role(&json).trust_of_kubernetes();
            assert_eq!(trust.subject.as_deref(), Some(subject));
            assert_eq!(
                (trust.subject_constrained, trust.subject_wildcard),
                (Some(constrained), Some(wildcard)),
                "{json}"
            );
        }
    }

    #[test]
    fn networks_are_conditions() {
        let json = r#"{"bind_secret_id": false, "secret_id_bound_cidrs": ["10.0.0.0/8"], "token_bound_cidrs": ["10.1.0.0/16"]}"#;
        let trust = role(json).trust(Method::AppRole, None, &AT);
        let expected = "bind_secret_id: false; secret_id_bound_cidrs: 10.0.0.0/8; token_bound_cidrs: 10.1.0.0/16";
        assert_eq!(trust.condition.as_deref(), Some(expected));
        assert_eq!((trust.kind, trust.subject_constrained), (Word::from("vault_auth"), None));
    }
}
