//! IAM policy documents as typed statements, whichever of their spellings an export uses: JSON or JSON in a
//! URL-encoded string, one statement or many, one value or many. Says what a document contains; what it
//! amounts to is for `grants` and `trust_policy`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::condition::Conditions;
use crate::sources::{Reject, json};

/// A policy document.
#[derive(Debug)]
pub(super) struct Document {
    pub statements: Vec<Statement>,
}

/// One statement of a document.
#[derive(Debug)]
pub(super) struct Statement {
    pub is_allow: bool,
    /// `Action` or `NotAction`.
    pub actions: Option<Choice>,
    /// `Resource` or `NotResource`; trust policies have neither.
    pub resources: Option<Choice>,
    /// `Principal` or `NotPrincipal`; only trust policies have one.
    pub principals: Option<Principals>,
    pub conditions: Conditions,
}

/// What a statement picks out.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Choice {
    /// Whatever matches one of these.
    Any(Vec<String>),
    /// Whatever matches none of these.
    AllBut(Vec<String>),
}

/// Whom a statement is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Principals {
    /// Everybody, or everybody but some.
    Everybody,
    /// By type (`AWS`, `Service`, `Federated`), the principals named.
    Named(BTreeMap<String, Vec<String>>),
}

impl Document {
    /// Reads a document; `what` names it in reasons.
    ///
    /// # Errors
    /// [`Reject`] when it is no policy document; none of its text is quoted.
    pub(super) fn read(raw: &RawValue, what: &str) -> Result<Self, Reject> {
        let text = raw.get();
        if !text.starts_with('"') {
            return Self::parse(text, what);
        }
        let inner: String = json::parse(text, what)?;
        if inner.trim_start().starts_with('{') {
            // Infrastructure tools print the JSON as a string without encoding it.
            return Self::parse(&inner, what);
        }
        let decoded = percent_encoding::percent_decode_str(&inner)
            .decode_utf8()
            .map_err(|_| Reject::because(format!("{what} is not URL-encoded UTF-8 text")))?;
        Self::parse(&decoded, what)
    }

    fn parse(text: &str, what: &str) -> Result<Self, Reject> {
        let Elements(mut elements) = json::parse(text, what)?;
        let raw = match elements.remove("statement") {
            Some(Value::Array(statements)) => statements,
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err(Reject::because(format!("{what} has no statements"))),
        };
        let statements: Result<_, Fault> = raw.into_iter().map(Statement::read).collect();
        statements
            .map(|statements| Self { statements })
            .map_err(|Fault(reason)| Reject::because(format!("a statement of {what} {reason}")))
    }
}

/// Why a statement cannot be understood.
struct Fault(&'static str);

/// The elements of a document or statement; their names are not case-sensitive in IAM.
struct Elements(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let elements = BTreeMap::<String, Value>::deserialize(deserializer)?;
        Ok(Self(elements.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()))
    }
}

impl Statement {
    fn read(value: Value) -> Result<Self, Fault> {
        let Elements(mut elements) = serde_json::from_value(value).map_err(|_| Fault("is not an object"))?;
        let is_allow = match elements.remove("effect") {
            Some(Value::String(effect)) if effect == "Allow" => true,
            Some(Value::String(effect)) if effect == "Deny" => false,
            _ => return Err(Fault("has an effect other than Allow and Deny")),
        };
        let actions = choice(&mut elements, "action", "notaction")
            .map_err(|()| Fault("has an action that is neither text nor a list of texts"))?;
        let resources = choice(&mut elements, "resource", "notresource")
            .map_err(|()| Fault("has a resource that is neither text nor a list of texts"))?;
        let principals = match (elements.remove("principal"), elements.remove("notprincipal")) {
            (Some(principal), None) => Some(Principals::read(principal)?),
            (None, Some(_)) => Some(Principals::Everybody),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(Fault("has both a principal and its opposite")),
        };
        let conditions = match elements.remove("condition") {
            None => Conditions::default(),
            Some(value) => Conditions::read(value).ok_or(Fault("has a condition of the wrong shape"))?,
        };
        elements.remove("sid");
        if elements.is_empty() {
            Ok(Self { is_allow, actions, resources, principals, conditions })
        } else {
            // It may limit the statement, so what is left of it would be a guess.
            Err(Fault("has an element that is not known"))
        }
    }
}

impl Principals {
    fn read(value: Value) -> Result<Self, Fault> {
        let unclear = || Fault("has a principal of the wrong shape");
        match value {
            Value::String(text) if text == "*" => Ok(Self::Everybody),
            Value::Object(types) => {
                let named =
                    types.into_iter().map(|(kind, names)| texts(names).map(|names| (kind, names)).ok_or_else(unclear));
                named.collect::<Result<_, _>>().map(Self::Named)
            }
            _ => Err(unclear()),
        }
    }
}

fn choice(elements: &mut BTreeMap<String, Value>, any: &str, all_but: &str) -> Result<Option<Choice>, ()> {
    match (elements.remove(any), elements.remove(all_but)) {
        (Some(value), None) => texts(value).map(|texts| Some(Choice::Any(texts))).ok_or(()),
        (None, Some(value)) => texts(value).map(|texts| Some(Choice::AllBut(texts))).ok_or(()),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(()),
    }
}

/// One text or a list of texts; numbers and truth values count as the texts that they are written as.
pub(super) fn texts(value: Value) -> Option<Vec<String>> {
    fn text(value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
    match value {
        Value::Array(values) => values.into_iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A document from its JSON text, for the tests of what is built on documents.
    pub(in crate::sources::aws) fn document(text: &str) -> Document {
        Document::read(&RawValue::from_string(text.to_owned()).unwrap(), "the document").unwrap()
    }

    fn refused(text: &str) -> String {
        let Reject(reason) =
            Document::read(&RawValue::from_string(text.to_owned()).unwrap(), "the document").unwrap_err();
        reason
    }

    #[test]
    fn one_and_many_are_the_same() {
        let one = document(
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Principal": {"AWS": "111122223333"}}}"#,
        );
        let many = document(
            r#"{"Version": "2012-10-17", "Id": "x", "statement": [{"Sid": "A", "Effect": "Allow", "Action": ["s3:Get*"],
                "resource": ["*"], "Principal": {"AWS": ["111122223333"]}}]}"#,
        );
        assert_eq!(format!("{one:?}"), format!("{many:?}"));
        let [statement] = one.statements.as_slice() else { panic!("one statement") };
        assert_eq!(statement.actions, Some(Choice::Any(vec!["s3:Get*".to_owned()])));
    }

    #[test]
    fn encoded_strings_are_the_same_document() {
        let plain = document(r#"{"Statement":[{"Effect":"Deny","NotAction":"iam:*","NotResource":"a+b%c"}]}"#);
        let encoded = document(
            "\"%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22NotAction%22%3A%22iam%3A%2A%22%2C%22NotResource%22%3A%22a+b%25c%22%7D%5D%7D\"",
        );
        let quoted =
            document(r#""{\"Statement\":[{\"Effect\":\"Deny\",\"NotAction\":\"iam:*\",\"NotResource\":\"a+b%c\"}]}""#);
        assert_eq!(format!("{plain:?}"), format!("{encoded:?}"));
        assert_eq!(format!("{plain:?}"), format!("{quoted:?}"));
    }

    #[test]
    fn everybody_is_a_star_or_everybody_but() {
        for principal in [r#""Principal": "*""#, r#""NotPrincipal": {"AWS": "111122223333"}"#] {
            let text = format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "*", {principal}}}}}"#);
            let document = document(&text);
            assert_eq!(document.statements.first().unwrap().principals, Some(Principals::Everybody));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_without_being_quoted() {
        for (text, reason) in [
            (r#"{"Version": "CANARY"}"#, "the document has no statements"),
            (
                r#"{"Statement": {"Effect": "CANARY"}}"#,
                "a statement of the document has an effect other than Allow and Deny",
            ),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": {"CANARY": 1}}}"#,
                "a statement of the document has an action that is neither text nor a list of texts",
            ),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "Limit": "CANARY"}}"#,
                "a statement of the document has an element that is not known",
            ),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "Condition": "CANARY"}}"#,
                "a statement of the document has a condition of the wrong shape",
            ),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "Principal": "CANARY"}}"#,
                "a statement of the document has a principal of the wrong shape",
            ),
            ("\"%ff%fe\"", "the document is not URL-encoded UTF-8 text"),
        ] {
            assert_eq!(refused(text), reason);
        }
        assert!(refused("\"CANARY\"").starts_with("the record does not have the shape of the document"));
    }
}
