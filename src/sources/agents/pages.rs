//! Answers of APIs that come in pages: the entries under a key, page after page, or entries without a page around
//! them. Knows the ways in which a page says that another one follows.

use serde_json::Value;

use crate::config::Moment;
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Reject, json};

/// Hands out every entry with its locator, as one record each. A page that says that it is not the last one
/// makes the file one whose pages are missing, unless the next one stands behind it.
///
/// # Errors
/// [`Broken`] when the file breaks off or is no JSON.
pub(super) fn each(
    list: &str,
    input: &Input,
    out: &mut Output,
    read: &mut dyn FnMut(&Value, &str, &mut Output) -> Result<(), Stop>,
) -> Result<(), Broken> {
    let mut goes_on = None;
    json::records(input.reader()?, &mut |locator, document| {
        let value: Value = match json::parse(document.get(), "a page") {
            Ok(value) => value,
            Err(reject) => return out.record(locator, |_| Err(reject.into())),
        };
        let Some(entries) = value.get(list).and_then(Value::as_array) else {
            return out.record(locator, |out| read(&value, locator, out));
        };
        goes_on = Some(is_followed(&value));
        for (at, entry) in entries.iter().enumerate() {
            let prefix = if locator == "document 1" { "" } else { locator };
            let locator = format!("{prefix}/{list}/{at}");
            out.record(&locator, |out| read(entry, &locator, out))?;
        }
        Ok(())
    })?;
    if let Some(missing) = goes_on {
        out.pages_missing(missing);
    }
    Ok(())
}

/// Whether a page says that another one follows.
fn is_followed(page: &Value) -> bool {
    let cursor = |value: &Value| {
        ["next_cursor", "nextCursor"]
            .iter()
            .any(|key| value.get(*key).and_then(Value::as_str).is_some_and(|text| !text.is_empty()))
    };
    page.get("has_more").and_then(Value::as_bool) == Some(true)
        || page.get("metadata").is_some_and(cursor)
        || cursor(page)
}

/// A moment in the past, as a number or a text; `None` where there is none.
///
/// # Errors
/// [`Reject`] naming the field when it is no date.
pub(super) fn past(
    field: &str,
    value: Option<&Value>,
    locator: &str,
    out: &mut Output,
) -> Result<Option<Moment>, Reject> {
    text_of(value).map(|text| out.past(field, &text, locator)).transpose()
}

/// A moment that may lie in the future.
///
/// # Errors
/// [`Reject`] naming the field when it is no date.
pub(super) fn date(field: &str, value: Option<&Value>, out: &mut Output) -> Result<Option<Moment>, Reject> {
    text_of(value).map(|text| out.date(field, &text)).transpose()
}

fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
