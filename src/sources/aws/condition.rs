//! Conditions of a policy statement: their canonical text, the date until which they hold, and whether they
//! truly limit a key. Knows nothing of what the keys mean.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern::is_everything;
use super::policy::texts;
use crate::config::Moment;
use crate::sources::dates;

/// The conditions of a statement: operator, key, values. All must hold; one of a key's values must match.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions(BTreeMap<String, BTreeMap<String, Vec<String>>>);

/// A condition that a key must match one of some values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit<'a> {
    pub values: &'a [String],
    /// Whether `*` and `?` are wildcards in the values.
    pub is_pattern: bool,
    /// Whether it also holds where the key is absent.
    pub holds_when_absent: bool,
}

impl Conditions {
    /// Reads the value of a `Condition`; `None` when it has the wrong shape.
    pub(super) fn read(value: Value) -> Option<Self> {
        let Value::Object(operators) = value else { return None };
        let mut conditions = BTreeMap::new();
        for (operator, keys) in operators {
            let Value::Object(keys) = keys else { return None };
            let keys: Option<BTreeMap<_, _>> =
                keys.into_iter().map(|(key, values)| texts(values).map(|values| (key, values))).collect();
            conditions.insert(operator, keys?);
        }
        conditions.retain(|_, keys| !keys.is_empty());
        Some(Self(conditions))
    }

    /// Compact JSON with sorted keys; a single value stands alone. Empty where there is no condition.
    pub(super) fn canonical(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let value = |values: &Vec<String>| match values.as_slice() {
            [one] => Value::from(one.as_str()),
            many => Value::from(many.to_vec()),
        };
        let keys = |keys: &BTreeMap<String, Vec<String>>| -> Value {
            keys.iter().map(|(key, values)| (key.clone(), value(values))).collect()
        };
        self.0.iter().map(|(operator, all)| (operator.clone(), keys(all))).collect::<Value>().to_string()
    }

    /// The moment after which they can no longer hold, from `DateLessThan` on the current time.
    pub(super) fn until(&self) -> Option<Moment> {
        let dates = self.0.iter().filter(|(operator, _)| {
            let base = Operator::of(operator).base;
            base == "datelessthan" || base == "datelessthanequals"
        });
        let ends = dates.flat_map(|(_, keys)| keys).filter(|(key, _)| {
            key.eq_ignore_ascii_case("aws:CurrentTime") || key.eq_ignore_ascii_case("aws:EpochTime")
        });
        // Values are alternatives, so the latest counts; conditions must all hold, so the earliest counts.
        ends.filter_map(|(_, values)| {
            let moments: Option<Vec<Moment>> = values.iter().map(|value| dates::parse(value)).collect();
            moments?.into_iter().max()
        })
        .min()
    }

    /// Everything that a key must match.
    pub(super) fn limits<'a>(&'a self, key: &str) -> Vec<Limit<'a>> {
        let matching = self.0.iter().flat_map(|(operator, keys)| {
            let operator = Operator::of(operator);
            keys.iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(key))
                .filter_map(move |(_, values)| operator.limit(values))
        });
        matching.collect()
    }

    /// Whether a key must be there and match something narrower than everything. `is_open` says which
    /// patterns are as good as everything.
    pub(super) fn guard(&self, key: &str, is_open: fn(&str) -> bool) -> bool {
        self.limits(key).iter().any(|limit| !limit.holds_when_absent && limit.narrows(is_open))
    }
}

impl Limit<'_> {
    /// Whether it shuts anything out: values are alternatives, so a single open one opens it.
    pub(super) fn narrows(&self, is_open: fn(&str) -> bool) -> bool {
        !self.values.iter().any(|value| self.is_pattern && (is_everything(value) || is_open(value)))
    }
}

/// An operator without its prefix and suffix, in lower case.
struct Operator {
    base: String,
    holds_when_absent: bool,
}

impl Operator {
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let (for_all, base) = match text.strip_prefix("forallvalues:") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("foranyvalue:").unwrap_or(&text)),
        };
        match base.strip_suffix("ifexists") {
            Some(base) => Self { base: base.to_owned(), holds_when_absent: true },
            // Of no values, all match.
            None => Self { base: base.to_owned(), holds_when_absent: for_all },
        }
    }

    /// The limit, if it is one: an operator that shuts some values out and lets all others in is none.
    fn limit<'a>(&self, values: &'a [String]) -> Option<Limit<'a>> {
        let is_pattern = match self.base.as_str() {
            "stringequals" | "stringequalsignorecase" => false,
            // The two that compare ARNs are the same: both know wildcards.
            "stringlike" | "arnlike" | "arnequals" => true,
            _ => return None,
        };
        Some(Limit { values, is_pattern, holds_when_absent: self.holds_when_absent })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Conditions from their JSON text.
    pub(in crate::sources::aws) fn conditions(text: &str) -> Conditions {
        Conditions::read(serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn the_canonical_text_does_not_depend_on_spelling() {
        let one = conditions(r#"{"StringEquals": {"b": ["x"], "a": "y"}, "Bool": {"c": true}}"#);
        let other = conditions(r#"{"Bool": {"c": "true"}, "StringEquals": {"a": ["y"], "b": "x"}}"#);
        assert_eq!(one.canonical(), r#"{"Bool":{"c":"true"},"StringEquals":{"a":"y","b":"x"}}"#);
        assert_eq!(one.canonical(), other.canonical());
        assert_eq!(conditions(r#"{"StringLike": {"a": ["x", "y"]}}"#).canonical(), r#"{"StringLike":{"a":["x","y"]}}"#);
        for none in ["{}", r#"{"StringEquals": {}}"#] {
            assert_eq!(conditions(none).canonical(), "");
        }
        assert_eq!(Conditions::read(Value::from(1)), None);
    }

    #[test]
    fn an_end_is_the_earliest_that_must_hold() {
        let until = |text| conditions(text).until().map(|moment| moment.to_string());
        let july = Some("2026-07-01T00:00:00Z".to_owned());
        assert_eq!(until(r#"{"DateLessThan": {"aws:CurrentTime": "2026-07-01T00:00:00Z"}}"#), july);
        assert_eq!(until(r#"{"DateLessThan": {"aws:CurrentTime": ["2026-07-01", "2026-06-01"]}}"#), july);
        let both = r#"{"DateLessThan": {"aws:CurrentTime": "2026-09-01"},
            "DateLessThanEquals": {"AWS:currenttime": "2026-07-01"}}"#;
        assert_eq!(until(both), july);
        assert_eq!(until(r#"{"DateGreaterThan": {"aws:CurrentTime": "2026-07-01"}}"#), None);
        assert_eq!(until(r#"{"DateLessThan": {"aws:TokenIssueTime": "2026-07-01"}}"#), None);
        assert_eq!(until(r#"{"DateLessThan": {"aws:CurrentTime": "${aws:PrincipalTag/until}"}}"#), None);
    }

    #[test]
    fn a_guard_must_be_there_and_narrow() {
        let open = |_: &str| false;
        for (text, guards) in [
            (r#"{"StringEquals": {"SourceAccount": "1"}}"#, true),
            (r#"{"StringLike": {"sourceaccount": "1*"}}"#, true),
            (r#"{"ForAnyValue:StringLike": {"SourceAccount": ["1", "2"]}}"#, true),
            (r#"{"StringEqualsIfExists": {"SourceAccount": "1"}}"#, false),
            (r#"{"ForAllValues:StringEquals": {"SourceAccount": "1"}}"#, false),
            (r#"{"StringLike": {"SourceAccount": ["1", "*"]}}"#, false),
            (r#"{"StringNotEquals": {"SourceAccount": "1"}}"#, false),
            (r#"{"Null": {"SourceAccount": "false"}}"#, false),
            (r#"{"StringEquals": {"other": "1"}}"#, false),
            // An asterisk is no wildcard to this operator: nobody can match it.
            (r#"{"StringEquals": {"SourceAccount": "*"}}"#, true),
        ] {
            assert_eq!(conditions(text).guard("SourceAccount", open), guards, "{text}");
        }
    }
}
