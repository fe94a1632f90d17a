//! What answers of AWS have in common, whichever service gives them: dates as text or as numbers, marks of
//! pages that follow, and files in which answers stand one after the other.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Visitor};
use serde_json::Value;

use super::envelope::{Part, parts};
use crate::config::Moment;
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Probe, Reject};

/// A date that the CLI prints as text, and its first version as a number where a service speaks JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(String);

impl Stamp {
    /// The moment of something that has happened.
    pub(super) fn past(&self, field: &str, locator: &str, out: &mut Output) -> Result<Moment, Reject> {
        out.past(field, &self.0, locator)
    }

    /// Whether it is the word that IAM prints where there is no date.
    pub(super) fn is_none(&self) -> bool {
        self.0 == "N/A"
    }

    /// A moment that may lie in the future.
    pub(super) fn date(&self, field: &str, out: &mut Output) -> Result<Moment, Reject> {
        out.date(field, &self.0)
    }
}

/// The moment of something that may not have happened.
pub(super) fn past(
    field: &str,
    stamp: Option<&Stamp>,
    locator: &str,
    out: &mut Output,
) -> Result<Option<Moment>, Reject> {
    stamp.map(|stamp| stamp.past(field, locator, out)).transpose()
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StampVisitor)
    }
}

struct StampVisitor;

impl Visitor<'_> for StampVisitor {
    type Value = Stamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Stamp, E> {
        Ok(Stamp(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Stamp, E> {
        Ok(Stamp(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Stamp, E> {
        Ok(Stamp(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Stamp, E> {
        Ok(Stamp(number.to_string()))
    }
}

/// Marks by which an answer says that it is not the last page.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "IsTruncated")]
    is_truncated: Option<Value>,
    #[serde(rename = "Marker", alias = "marker")]
    marker: Option<Value>,
    #[serde(rename = "NextToken", alias = "nextToken")]
    next_token: Option<Value>,
}

/// Pages of one list that follow each other in a file.
#[derive(Debug, Default)]
pub(super) struct Pages {
    is_unfinished: bool,
    any: bool,
}

impl Pages {
    /// Takes the rest of an answer, after its elements.
    pub(super) fn take(&mut self, rest: &Part) {
        self.any = true;
        self.is_unfinished = has_more(rest);
    }

    /// States whether the last page says that more follow.
    pub(super) fn finish(&self, out: &mut Output) {
        if self.any {
            out.pages_missing(self.is_unfinished);
        }
    }
}

/// Whether an answer says that it is not the last page.
pub(super) fn has_more(rest: &Part) -> bool {
    let is_set = |value: Option<Value>| {
        !matches!(value, None | Some(Value::Null | Value::Bool(false))) && value != Some(Value::String(String::new()))
    };
    let Ok(marks) = rest.parse::<Marks>("an answer") else { return false };
    // The CLI, cut short by the user, only says where to go on.
    is_set(marks.is_truncated) || is_set(marks.marker) || is_set(marks.next_token)
}

/// Reads every record of a file that is rejected or loaded as a whole: elements of the arrays under `lists`, and
/// answers that list nothing. What is left of a page is no record.
pub(super) fn each_record(
    input: &Input,
    lists: &[&str],
    out: &mut Output,
    read: &mut dyn FnMut(&Part, &mut Output) -> Result<(), Stop>,
) -> Result<(), Broken> {
    parts(input.reader()?, lists, &mut |part| {
        // Of a page, nothing but its marks is left after its elements.
        if !part.is_element && !part.list.is_empty() {
            if has_more(part) {
                out.pages_missing(true);
            }
            return Ok(());
        }
        out.record(&part.locator, |out| read(part, out))
    })
}

/// The account that a file is about: the first one that it names, else the one known from outside.
#[derive(Debug, Default)]
pub(super) struct Account(Option<String>);

impl Account {
    /// Takes the account that an ARN names.
    ///
    /// # Errors
    /// [`Reject`] when the ARN names none.
    pub(super) fn of_arn(&mut self, field: &str, arn: &str) -> Result<String, Reject> {
        let account = super::account_of(arn)
            .ok_or_else(|| Reject::because(format!("`{field}` is not an ARN with an account")))?;
        self.0.get_or_insert_with(|| account.to_owned());
        Ok(account.to_owned())
    }

    /// Whether any ARN has named it.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// The account, for records that name none and for coverage; tells the file's scope.
    pub(super) fn settle(&self, input: &Input, out: &mut Output) -> String {
        if let Some(account) = &self.0 {
            out.about_scope(account);
        }
        self.0.as_ref().unwrap_or(&input.scope_id).clone()
    }
}

/// Whether a file starts like an answer, or a list of elements, with all of these keys.
pub(super) fn has_keys(probe: &Probe<'_>, keys: &[&str]) -> bool {
    keys.iter().all(|key| probe.has_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn more(text: &str) -> bool {
        let mut last = false;
        parts(text.as_bytes(), &["items"], &mut |part| {
            last = has_more(part);
            Ok(())
        })
        .unwrap();
        last
    }

    #[test]
    fn every_mark_of_a_further_page_counts() {
        for (text, expected) in [
            (r#"{"items": [], "nextToken": "x"}"#, true),
            (r#"{"items": [], "NextToken": "x"}"#, true),
            (r#"{"items": [], "IsTruncated": true, "Marker": "x"}"#, true),
            (r#"{"items": [], "IsTruncated": false}"#, false),
            (r#"{"items": [], "nextToken": null}"#, false),
            (r#"{"items": [], "nextToken": ""}"#, false),
            (r#"{"items": [], "other": 1}"#, false),
            ("[1]", false),
        ] {
            assert_eq!(more(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_are_texts_or_numbers() {
        let stamp = |text: &str| serde_json::from_str::<Stamp>(text).map(|stamp| stamp.0).ok();
        assert_eq!(stamp(r#""2026-06-30T12:00:00Z""#).as_deref(), Some("2026-06-30T12:00:00Z"));
        assert_eq!(stamp("1777636800").as_deref(), Some("1777636800"));
        assert_eq!(stamp("1777636800.0").as_deref(), Some("1777636800"));
        assert_eq!(stamp("1777636800.25").as_deref(), Some("1777636800.25"));
        assert_eq!(stamp("true"), None);
    }
}
