//! Answers of web APIs in all the ways in which people save them: one array, pages that hold it under a key, pages
//! one after the other (`gh api --paginate`), pages in an array (`--slurp`), records one a line or in an array
//! (`jq`). Hands out one record at a time. Knows no API.

use std::fmt;
use std::io::BufRead;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::outline::Outline;
use super::output::{Output, Reject, Stop};
use super::{Broken, Input, Probe, json};
use crate::config::Moment;

/// Reads one record from its text; the second text is its locator.
pub(super) type Read<'a> = dyn FnMut(&str, &str, &mut Output) -> Result<(), Stop> + 'a;

/// Streams every record of a file. `key` is where a page holds its records; empty for APIs whose pages are bare
/// arrays.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when the run cannot go on.
pub(super) fn records(input: &Input, key: &str, out: &mut Output, read: &mut Read<'_>) -> Result<(), Broken> {
    let mut reader = input.reader()?;
    let mut walk = Walk { key, counted: Counted::default(), out, read };
    let mut number = 0;
    while let Some(first) = first_byte(&mut reader)? {
        number += 1;
        let document = if number > 1 { format!("document {number} ") } else { String::new() };
        if first == b'[' {
            elements(&mut reader, &mut |at, raw| walk.take(raw, &format!("{document}/{at}"), None))
        } else {
            let raw = Box::<RawValue>::deserialize(&mut serde_json::Deserializer::from_reader(&mut reader));
            let raw = raw.map_err(|error| json::broken(&error))?;
            walk.take(&raw, document.as_str(), Some(&format!("document {number}")))
        }
        .map_err(|broken| in_document(broken, number))?;
    }
    walk.counted.settle(walk.out);
    Ok(())
}

/// Lines of a later document are counted from where it starts.
fn in_document(broken: Broken, number: usize) -> Broken {
    match broken {
        Broken::File(reason) if number > 1 => Broken::File(format!("{reason} of document {number}")),
        other => other,
    }
}

/// The first byte that is no blank; the blanks before it are gone.
fn first_byte(reader: &mut impl BufRead) -> Result<Option<u8>, Broken> {
    loop {
        let buffer = reader.fill_buf().map_err(|error| Broken::io(&error))?;
        let Some(last) = buffer.len().checked_sub(1) else { return Ok(None) };
        match buffer.iter().enumerate().find(|(_, byte)| !byte.is_ascii_whitespace()) {
            Some((at, byte)) => {
                let byte = *byte;
                reader.consume(at);
                return Ok(Some(byte));
            }
            None => reader.consume(last + 1),
        }
    }
}

struct Walk<'a, 'b> {
    key: &'a str,
    counted: Counted,
    out: &'a mut Output,
    read: &'a mut Read<'b>,
}

impl Walk<'_, '_> {
    /// Takes a record, a page, or an array of either. `named` is the locator of a record that is a document.
    fn take(&mut self, raw: &RawValue, locator: &str, named: Option<&str>) -> Result<(), Broken> {
        let text = raw.get();
        if text.starts_with('[') {
            return elements(text.as_bytes(), &mut |at, raw| self.take(raw, &format!("{locator}/{at}"), None));
        }
        match page(text, self.key) {
            Some(page) => {
                self.counted.page(page.total, page.records.len() as u64);
                for (at, record) in page.records.iter().enumerate() {
                    self.record(record.get(), &format!("{locator}/{}/{at}", self.key))?;
                }
                Ok(())
            }
            None => self.record(text, named.unwrap_or(locator)),
        }
    }

    fn record(&mut self, text: &str, locator: &str) -> Result<(), Broken> {
        let read = &mut *self.read;
        self.out.record(locator, |out| read(text, locator, out))
    }
}

/// How many records pages announced, and how many came.
#[derive(Default)]
struct Counted {
    total: Option<u64>,
    seen: u64,
    missing: Option<bool>,
}

impl Counted {
    /// Every page of a list announces the same total. One more page after all have come begins another list.
    fn page(&mut self, total: Option<u64>, records: u64) {
        if total != self.total || self.is_complete() {
            self.close();
            self.total = total;
        }
        self.seen += records;
    }

    fn is_complete(&self) -> bool {
        self.total.is_some_and(|total| self.seen >= total)
    }

    fn close(&mut self) {
        if self.total.is_some() {
            self.missing = Some(self.missing.unwrap_or(false) || !self.is_complete());
        }
        self.seen = 0;
    }

    fn settle(mut self, out: &mut Output) {
        self.close();
        if let Some(missing) = self.missing {
            out.pages_missing(missing);
        }
    }
}

struct Page {
    total: Option<u64>,
    records: Vec<Box<RawValue>>,
}

/// The page that an object is, if it has an array under the key.
fn page(text: &str, key: &str) -> Option<Page> {
    struct Fields<'a>(&'a str);

    impl<'de> Visitor<'de> for Fields<'_> {
        type Value = (Option<u64>, Option<Vec<Box<RawValue>>>);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = (None, None);
            while let Some(name) = map.next_key::<String>()? {
                if name == self.0 {
                    found.1 = map.next_value()?;
                } else if name == "total_count" {
                    found.0 = map.next_value()?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    if key.is_empty() {
        return None;
    }
    let (total, records) = serde_json::Deserializer::from_str(text).deserialize_map(Fields(key)).ok()?;
    Some(Page { total, records: records? })
}

/// Streams the elements of the one array that a reader starts with, and reads no further.
fn elements(
    reader: impl std::io::Read,
    each: &mut dyn FnMut(usize, &RawValue) -> Result<(), Broken>,
) -> Result<(), Broken> {
    struct Elements<'a> {
        each: &'a mut dyn FnMut(usize, &RawValue) -> Result<(), Broken>,
        failure: &'a mut Option<Broken>,
    }

    impl<'de> Visitor<'de> for Elements<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            let mut at = 0;
            while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
                (self.each)(at, &raw).map_err(|broken| {
                    *self.failure = Some(broken);
                    de::Error::custom("stopped")
                })?;
                at += 1;
            }
            Ok(())
        }
    }

    let mut failure = None;
    let elements = Elements { each, failure: &mut failure };
    let result = serde_json::Deserializer::from_reader(reader).deserialize_seq(elements);
    match (failure, result) {
        (Some(broken), _) => Err(broken),
        (None, Err(error)) => Err(json::broken(&error)),
        (None, Ok(())) => Ok(()),
    }
}

/// The first record in a file's head: where a page holds its records under a key, wherever pages stand.
pub(super) fn first_record<'a>(probe: &'a Probe<'_>, key: &str) -> Option<&'a Outline> {
    let mut here = probe.outline()?;
    // An array of pages that are arrays is the deepest nesting.
    for _ in 0..2 {
        if !here.is_object() {
            here = here.elements().first()?;
        }
    }
    let held = here.get(key).filter(|_| !key.is_empty()).and_then(|list| list.elements().first());
    held.or(Some(here)).filter(|outline| outline.is_object())
}

/// Whether a file starts with a page that holds its records, or none, under the key.
pub(super) fn is_page(probe: &Probe<'_>, key: &str) -> bool {
    let Some(outline) = probe.outline() else { return false };
    let page = if outline.is_object() { Some(outline) } else { outline.elements().first() };
    page.is_some_and(|page| page.has("total_count") && matches!(page.get(key), Some(Outline::Array(_))))
}

/// A field that tells three things apart: it is not there, it is `null`, it has a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Given<T> {
    /// The key is missing, so that the source says nothing.
    #[default]
    Absent,
    /// The source says that there is none.
    Null,
    /// The value.
    Value(T),
}

impl<T> Given<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the source says that there is none.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// An id, which APIs print as a number or as a text. A date that is a number of milliseconds can be read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                // A blank id would make one thing of many.
                if text.trim().is_empty() { Err(E::custom("an empty id")) } else { Ok(Id(text.to_owned())) }
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A moment that has passed, where a field gives one; blank is as good as missing.
pub(super) fn past(
    field: &str,
    text: Option<&String>,
    locator: &str,
    out: &mut Output,
) -> Result<Option<Moment>, Reject> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| out.past(field, text, locator)).transpose()
}

/// A moment that may lie ahead, where a field gives one.
pub(super) fn date(field: &str, text: Option<&String>, out: &mut Output) -> Result<Option<Moment>, Reject> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| out.date(field, text)).transpose()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::inventory::Store;

    type Found = (Vec<String>, Option<bool>, Option<String>);

    fn found(key: &str, text: &str) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.json");
        std::fs::write(&file, text).unwrap();
        let input = crate::sources::testing::input(file, "acme");
        let mut out = Output::new(Store::new(folder.path()).writer(0), "answers.json");
        let mut seen = Vec::new();
        let result = records(&input, key, &mut out, &mut |text, locator, _| {
            seen.push(format!("{locator}={text}"));
            Ok(())
        });
        (seen, out.truncated, result.err().map(|broken| broken.to_string()))
    }

    #[test]
    fn every_way_of_saving_gives_the_same_records() {
        for (text, expected) in [
            ("[1, 2]", ["/0=1", "/1=2"]),
            (" [1]\n[2]", ["/0=1", "document 2 /0=2"]),
            ("[1][2]", ["/0=1", "document 2 /0=2"]),
            ("[[1], [2]]", ["/0/0=1", "/1/0=2"]),
            (r#"{"x": 1}{"x": 2}"#, [r#"document 1={"x": 1}"#, r#"document 2={"x": 2}"#]),
            (r#"{"total_count": 2, "list": [1, 2]}"#, ["/list/0=1", "/list/1=2"]),
            (r#"{"list": [1]}{"list": [2]}"#, ["/list/0=1", "document 2 /list/0=2"]),
            (r#"[{"list": [1]}, {"list": [2]}]"#, ["/0/list/0=1", "/1/list/0=2"]),
        ] {
            assert_eq!(found("list", text).0, expected, "{text}");
        }
        assert_eq!(found("", r#"{"list": [1]}"#).0, [r#"document 1={"list": [1]}"#]);
        assert_eq!(found("list", " \n").0, Vec::<String>::new());
    }

    #[test]
    fn announced_records_that_did_not_come_are_missing() {
        let missing = |text: &str| found("list", text).1;
        assert_eq!(missing("[1]"), None);
        assert_eq!(missing(r#"{"list": [1]}"#), None);
        assert_eq!(missing(r#"{"total_count": 0, "list": []}"#), Some(false));
        assert_eq!(missing(r#"{"total_count": 3, "list": [1]}{"total_count": 3, "list": [1]}"#), Some(true));
        assert_eq!(missing(r#"{"total_count": 2, "list": [1]}{"total_count": 2, "list": [1]}"#), Some(false));
        // Two lists of the same length, one after the other, and two of which the first is short.
        assert_eq!(missing(r#"{"total_count": 1, "list": [1]}{"total_count": 1, "list": [1]}"#), Some(false));
        assert_eq!(missing(r#"{"total_count": 2, "list": [1]}{"total_count": 1, "list": [1]}"#), Some(true));
    }

    #[test]
    fn what_breaks_off_keeps_what_came_before() {
        let (seen, _, error) = found("", "[1, 2");
        assert_eq!(seen, ["/0=1", "/1=2"]);
        assert_eq!(error.as_deref(), Some("the file breaks off at line 1, column 5"));
        let (seen, _, error) = found("", "[1]\n{\"a\"");
        assert_eq!(seen, ["/0=1"]);
        assert!(error.unwrap().starts_with("the file breaks off"));
        assert!(found("", "[1] x").2.unwrap().starts_with("the file is not valid JSON"));
    }

    #[test]
    fn the_first_record_is_found_in_the_head() {
        let key = |text: &str| {
            let probe = Probe::of(Path::new("a.json"), text.as_bytes());
            first_record(&probe, "list").is_some_and(|record| record.has("x"))
        };
        for text in [
            r#"{"x": 1}"#,
            r#"[{"x": 1}]"#,
            r#"[[{"x": 1}]]"#,
            r#"{"total_count": 1, "list": [{"x": 1}]}"#,
            r#"[{"list": [{"x": 1}]}]"#,
        ] {
            assert!(key(text), "{text}");
        }
        assert!(!key("[]") && !key("[1]") && !key(r#"{"list": [1]}"#) && !key("x"));
        let is_page = |text: &str| is_page(&Probe::of(Path::new("a.json"), text.as_bytes()), "list");
        assert!(is_page(r#"{"total_count": 0, "list": []}"#) && is_page(r#"[{"total_count": 0, "list": []}]"#));
        assert!(!is_page(r#"{"list": []}"#) && !is_page(r#"{"total_count": 0, "list": 1}"#));
    }

    #[test]
    fn missing_null_and_given_are_three_things() {
        #[derive(serde::Deserialize)]
        struct Record {
            #[serde(default)]
            a: Given<Id>,
        }
        let a = |text: &str| serde_json::from_str::<Record>(text).map(|record| record.a);
        assert_eq!(a("{}").unwrap(), Given::Absent);
        assert!(a(r#"{"a": null}"#).unwrap().is_null());
        assert_eq!(a(r#"{"a": 7}"#).unwrap().value(), Some(&Id("7".to_owned())));
        assert_eq!(a(r#"{"a": "7"}"#).unwrap().value(), Some(&Id("7".to_owned())));
        assert!(a(r#"{"a": " "}"#).is_err() && a(r#"{"a": []}"#).is_err());
    }
}
