//! Files in which answers of an API follow each other or stand in one array (`jq -s`): element by element where an
//! answer lists something, whole where it is about one thing. Knows which keys hold lists, and nothing else.

use std::io::Read;

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::sources::{Broken, Reject, json};

/// A part of a file of answers.
pub(super) struct Part {
    /// Where it stands: a JSON pointer, after the number of its document from the second one on.
    pub locator: String,
    /// The key of the list that it is an element of, or that its answer holds; empty for an answer that lists nothing.
    pub list: String,
    /// Whether it is an element. Otherwise it is what is left of an answer without its lists.
    pub is_element: bool,
    raw: Box<RawValue>,
}

impl Part {
    /// The part as a typed record.
    ///
    /// # Errors
    /// [`Reject`] saying what was expected and where, without any of the record's values.
    pub(super) fn parse<T: DeserializeOwned>(&self, what: &str) -> Result<T, Reject> {
        json::parse(self.text(), what)
    }

    /// The JSON text of the part.
    pub(super) fn text(&self) -> &str {
        self.raw.get()
    }
}

/// Streams the parts of a file: of each answer every element of the lists under `lists`, then the rest of it.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub(super) fn parts(
    reader: impl Read,
    lists: &[&str],
    each: &mut dyn FnMut(&Part) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    for number in 1.. {
        // An end that is not reached takes nothing of what follows.
        if deserializer.end().is_ok() {
            break;
        }
        let place = if number == 1 { String::new() } else { format!("document {number} ") };
        let mut failure = None;
        let walk = Walk { place, lists, each: &mut *each, failure: &mut failure };
        match (walk.deserialize(&mut deserializer), failure) {
            (_, Some(broken)) => return Err(broken),
            (Err(error), None) => return Err(json::broken(&error)),
            (Ok(()), None) => {}
        }
    }
    Ok(())
}

/// One answer, or an array of them.
struct Walk<'a> {
    /// Locator of the answer, as what follows is appended to it.
    place: String,
    lists: &'a [&'a str],
    each: &'a mut dyn FnMut(&Part) -> Result<(), Broken>,
    failure: &'a mut Option<Broken>,
}

impl Walk<'_> {
    fn hand_out<E: de::Error>(&mut self, part: &Part) -> Result<(), E> {
        (self.each)(part).map_err(|broken| {
            *self.failure = Some(broken);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            let place = format!("{}/{index}", self.place);
            let text = raw.get();
            if text.starts_with('{') {
                let walk = Walk { place, lists: self.lists, each: &mut *self.each, failure: &mut *self.failure };
                walk.deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(de::Error::custom)?;
            } else {
                // No answer is like that; whoever reads it says so.
                self.hand_out(&Part { locator: place, list: String::new(), is_element: false, raw })?;
            }
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut rest: Vec<(String, Box<RawValue>)> = Vec::new();
        let mut list = String::new();
        while let Some(key) = map.next_key::<String>()? {
            if self.lists.contains(&key.as_str()) {
                list.clone_from(&key);
                map.next_value_seed(Elements { key, walk: &mut self })?;
            } else {
                rest.push((key, map.next_value()?));
            }
        }
        let entries: serde_json::Result<Vec<String>> =
            rest.iter().map(|(key, raw)| Ok(format!("{}:{}", serde_json::to_string(key)?, raw.get()))).collect();
        let text = format!("{{{}}}", entries.map_err(de::Error::custom)?.join(","));
        let raw = RawValue::from_string(text).map_err(de::Error::custom)?;
        let locator = if self.place.is_empty() { "/" } else { self.place.trim_end() }.to_owned();
        self.hand_out(&Part { locator, list, is_element: false, raw })
    }
}

/// The list under one key.
struct Elements<'a, 'b> {
    key: String,
    walk: &'a mut Walk<'b>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            let locator = format!("{}/{}/{index}", self.walk.place, self.key);
            self.walk.hand_out(&Part { locator, list: self.key.clone(), is_element: true, raw })?;
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(text: &str) -> (Vec<String>, Result<(), String>) {
        let mut found = Vec::new();
        let result = parts(text.as_bytes(), &["items"], &mut |part| {
            found.push(format!("{} {} {}", part.locator, part.list, part.text()));
            Ok(())
        });
        (found, result.map_err(|broken| broken.to_string()))
    }

    #[test]
    fn elements_come_before_the_rest_of_their_answer() {
        let pages = r#"{"items": [{"a": 1}, 2], "next": "x\"y"}
            {"n": {"items": [3]}}"#;
        let expected = [
            r#"/items/0 items {"a": 1}"#,
            "/items/1 items 2",
            r#"/ items {"next":"x\"y"}"#,
            r#"document 2  {"n":{"items": [3]}}"#,
        ];
        assert_eq!(collect(pages), (expected.map(str::to_owned).to_vec(), Ok(())));
    }

    #[test]
    fn answers_may_stand_in_an_array() {
        let (found, result) = collect(r#" [{"items": [1]}, "x", {"b": 2}] {"items": null}"#);
        let expected = ["/0/items/0 items 1", "/0 items {}", r#"/1  "x""#, r#"/2  {"b":2}"#, "document 2 items {}"];
        assert_eq!((found, result), (expected.map(str::to_owned).to_vec(), Ok(())));
        assert_eq!(collect("  "), (Vec::new(), Ok(())));
    }

    #[test]
    fn a_file_that_breaks_off_says_where() {
        let (found, result) = collect("{\"items\": [1,\n {\"a\":");
        assert_eq!(found, ["/items/0 items 1"]);
        assert_eq!(result, Err("the file breaks off at line 2, column 6".to_owned()));
        assert!(collect("{\"items\": []} 7").1.is_err() && collect("{\"items\": {}}").1.is_err());
    }
}
