//! Federated credentials: tokens of other issuers that let a workload sign in as an application or a managed
//! identity, without a secret. The same fields in every export, bare or under `properties`.

use serde::Deserialize;

use super::{PROVIDER, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::Trust;
use crate::sources::{Input, Reject, hash};

/// A federated credential.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Federated {
    pub issuer: Option<String>,
    subject: Option<String>,
    audiences: Option<Vec<String>>,
    claims_matching_expression: Option<Expression>,
}

/// A pattern instead of a subject.
#[derive(Deserialize)]
struct Expression {
    value: Option<String>,
}

impl Federated {
    /// The row for whoever can be become.
    pub fn row(&self, identity_id: String, tenant: &Tenant, input: &Input, locator: &str) -> Result<Trust, Reject> {
        let issuer = filled(self.issuer.as_deref()).ok_or_else(|| Reject::because("`issuer` is missing"))?;
        let issuer = plain(issuer);
        let audience = self.audiences.as_ref().filter(|list| !list.is_empty()).map(|list| list.join(" "));
        let subject = filled(self.subject.as_deref());
        let pattern = self.claims_matching_expression.as_ref().and_then(|it| filled(it.value.as_deref()));
        // A subject is compared as it is, asterisks and all; a pattern may leave everything open.
        let (subject, constrained, wildcard) = match (subject, pattern) {
            (Some(subject), _) => (Some(subject), Some(true), Some(false)),
            (None, Some(pattern)) => {
                (Some(pattern), Some(!leaves_all_open(pattern)), Some(pattern.contains(['*', '?'])))
            }
            (None, None) => return Err(Reject::because("neither `subject` nor an expression is there")),
        };
        Ok(Trust {
            trust_id: hash::row_id(&[
                PROVIDER,
                &identity_id,
                issuer,
                subject.unwrap_or_default(),
                audience.as_deref().unwrap_or_default(),
            ]),
            identity_id,
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from(if issuer.starts_with("spiffe:") { "spiffe" } else { "oidc" }),
            issuer: Some(issuer.to_owned()),
            subject: subject.map(str::to_owned),
            audience_constrained: self.audiences.as_ref().map(|list| !list.is_empty()),
            audience,
            subject_constrained: constrained,
            subject_wildcard: wildcard,
            condition: pattern.map(str::to_owned).or_else(|| Some(String::new())),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Trust::default()
        })
    }
}

/// An issuer without what all of them share, as other clouds write it.
fn plain(issuer: &str) -> &str {
    issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/')
}

/// Whether the pattern in an expression matches every subject: `claims['sub'] matches '*'`.
fn leaves_all_open(expression: &str) -> bool {
    let quoted: Vec<&str> = expression.split('\'').collect();
    quoted.iter().skip(3).step_by(2).any(|pattern| !pattern.is_empty() && pattern.chars().all(|c| c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Result<Trust, Reject> {
        let federated: Federated = serde_json::from_str(json).unwrap();
        let input = crate::sources::testing::input("", "t");
        federated.row("entra:t:app:a".to_owned(), &Tenant::new("t"), &input, "/0")
    }

    #[test]
    fn a_subject_is_exact_and_an_expression_is_a_pattern() {
        let exact = row(r#"{"issuer": "https://token.actions.githubusercontent.com/", "subject": "repo:a/*",
            "audiences": ["api://AzureADTokenExchange"]}"#)
        .unwrap();
        assert_eq!(exact.issuer.as_deref(), Some("token.actions.githubusercontent.com"));
        assert_eq!((exact.subject_constrained, exact.subject_wildcard), (Some(true), Some(false)));
        assert_eq!(exact.audience.as_deref(), Some("api://AzureADTokenExchange"));
        let pattern = |value: &str| {
            let json = format!(
                r#"{{"issuer": "i", "subject": null, "audiences": [],
                    "claimsMatchingExpression": {{"value": "{value}", "languageVersion": 1}}}}"#
            );
            let row = row(&json).unwrap();
            (row.subject_constrained, row.subject_wildcard, row.audience_constrained)
        };
        assert_eq!(pattern("claims['sub'] matches 'repo:a/b:*'"), (Some(true), Some(true), Some(false)));
        assert_eq!(pattern("claims['sub'] matches '*'"), (Some(false), Some(true), Some(false)));
        assert_eq!(pattern("claims['sub'] eq 'repo:a/b'"), (Some(true), Some(false), Some(false)));
        assert!(row(r#"{"issuer": "i"}"#).is_err() && row(r#"{"subject": "s"}"#).is_err());
    }
}
