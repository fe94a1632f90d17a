//! Streaming JSON: one record at a time, however large the file. A record that has the wrong shape is the
//! caller's to reject; only text that is no JSON ends the reading.

use std::io::{BufRead, Read};

use serde::de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::output::{Broken, Reject};

/// A piece of a document: an element of a top-level array, or the value of a top-level key.
pub struct Piece {
    /// JSON pointer of the piece; `line N` or `document N` comes from the caller.
    pub pointer: String,
    /// The top-level key that it stands under, empty for a top-level array.
    pub key: String,
    /// Whether it is one element of the array under the key, rather than the whole value.
    pub is_element: bool,
    raw: Box<RawValue>,
}

impl Piece {
    /// The piece as a typed record.
    ///
    /// # Errors
    /// [`Reject`] saying what was expected and where, without any of the record's values.
    pub fn parse<T: DeserializeOwned>(&self, what: &str) -> Result<T, Reject> {
        parse(self.raw.get(), what)
    }

    /// The JSON text of the piece.
    #[must_use]
    pub fn text(&self) -> &str {
        self.raw.get()
    }
}

/// Parses one record.
///
/// # Errors
/// [`Reject`] saying what was expected and where, without any of the record's values: serde's own message
/// would quote them.
pub fn parse<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Reject> {
    serde_json::from_str(text).map_err(|error| {
        let place =
            if error.column() > 0 { format!(", at character {} of the record", error.column()) } else { String::new() };
        Reject::because(format!("the record does not have the shape of {what}{place}"))
    })
}

/// Streams one document: every element of a top-level array, or, of a top-level object, every element of the
/// arrays under `arrays` and the whole value of every other key in `values`. Other keys are skipped.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn pieces(
    reader: impl Read,
    arrays: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(Piece) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut failure = None;
    let walk = Walk { at: "", numbers: false, arrays, values, each, failure: &mut failure };
    let result = walk.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    settle(failure, result)
}

/// Streams documents that follow each other, each piece by piece as [`pieces`] does. `each` gets the number of the
/// document, from 1. A number under a key of `arrays` is passed over: one document may list what the next counts.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn pieces_of_documents(
    reader: impl Read,
    arrays: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(usize, Piece) -> Result<(), Broken>,
) -> Result<(), Broken> {
    walk_documents(reader, true, arrays, values, each).map(|_| ())
}

/// Walks documents that follow each other, and counts them.
fn walk_documents(
    reader: impl Read,
    numbers: bool,
    arrays: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(usize, Piece) -> Result<(), Broken>,
) -> Result<usize, Broken> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut number = 0;
    loop {
        match deserializer.end() {
            Ok(()) => return Ok(number),
            // Text after a document is the next one.
            Err(error) if error.is_syntax() => {}
            Err(error) => return Err(broken(&error)),
        }
        number += 1;
        let mut failure = None;
        let each = &mut |piece| each(number, piece);
        let walk = Walk { at: "", numbers, arrays, values, each, failure: &mut failure };
        let result = walk.deserialize(&mut deserializer);
        settle(failure, result)?;
    }
}

/// What became of a walk: the caller's own reason goes before that of the parser.
pub(super) fn settle(failure: Option<Broken>, result: serde_json::Result<()>) -> Result<(), Broken> {
    match (failure, result) {
        (Some(broken), _) => Err(broken),
        (None, Err(error)) => Err(broken(&error)),
        (None, Ok(())) => Ok(()),
    }
}

/// Streams documents that follow each other, each as [`pieces`] does: answers of one command that was run for
/// many things into one file. `each` also gets the number of the document, from 1; from the second on, pointers
/// name it. Returns how many documents there were.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn pages(
    reader: impl Read,
    arrays: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(usize, Piece) -> Result<(), Broken>,
) -> Result<usize, Broken> {
    walk_documents(reader, false, arrays, values, &mut |number, mut piece| {
        if number > 1 {
            piece.pointer = format!("document {number} {}", piece.pointer);
        }
        each(number, piece)
    })
}

/// Reads one document into a type that keeps little of it, however large the file.
///
/// # Errors
/// [`Broken`] when the text breaks off, is no JSON, or does not have the shape of `what`.
pub fn skim<T: DeserializeOwned>(reader: impl Read, what: &str) -> Result<T, Broken> {
    let shape = || Broken::new(format!("the file does not have the shape of {what}"));
    serde_json::from_reader(reader).map_err(|error| if error.is_data() { shape() } else { broken(&error) })
}

/// Streams documents that follow each other: NDJSON, or concatenated JSON. `each` gets the number of the
/// document, from 1, and its text.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn documents(
    reader: impl Read,
    each: &mut dyn FnMut(usize, &RawValue) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let stream = serde_json::Deserializer::from_reader(reader).into_iter::<Box<RawValue>>();
    for (number, document) in stream.enumerate() {
        let document = document.map_err(|error| broken(&error))?;
        each(number + 1, &document)?;
    }
    Ok(())
}

/// Streams records that follow each other, or that stand in one array (`jq -s`). `each` gets the record's
/// locator and text.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn records(
    mut reader: impl BufRead,
    each: &mut dyn FnMut(&str, &RawValue) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let io = |error: std::io::Error| Broken::io(&error);
    while let Some(blanks) = blanks(reader.fill_buf().map_err(io)?) {
        reader.consume(blanks);
    }
    if reader.fill_buf().map_err(io)?.first() == Some(&b'[') {
        return pieces(reader, &[], &[], &mut |piece| each(&piece.pointer, &piece.raw));
    }
    documents(reader, &mut |number, document| each(&format!("document {number}"), document))
}

/// How many blanks a buffer starts with; `None` for none.
fn blanks(buffer: &[u8]) -> Option<usize> {
    let count = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (count > 0).then_some(count)
}

/// Streams one document: every entry of the objects under `maps`, and the whole value of every other key in
/// `values`. `each` gets the entry's own name, empty for a value. Other keys are skipped.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn entries(
    reader: impl Read,
    maps: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(&str, Piece) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut failure = None;
    let walk = Entries { key: None, maps, values, each, failure: &mut failure };
    let result = walk.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    settle(failure, result)
}

/// Reads a whole document that people write by hand, with comments and trailing commas, up to `max_bytes`.
///
/// # Errors
/// [`Broken`] when it is larger, cannot be read, breaks off or is no JSON.
pub fn commented<T: DeserializeOwned>(reader: impl Read, max_bytes: u64) -> Result<T, Broken> {
    let mut bytes = Vec::new();
    reader.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| Broken::io(&error))?;
    if bytes.len() as u64 > max_bytes {
        return Err(Broken::new(format!(
            "the file is larger than {} MiB, which no file of this format is",
            max_bytes / 1024 / 1024
        )));
    }
    serde_json::from_slice(&without_comments(bytes)).map_err(|error| broken(&error))
}

/// The text with blanks in place of comments and trailing commas, so that lines and columns stay. What is no
/// comment after a `/` is left for the parser to find.
pub(super) fn without_comments(mut text: Vec<u8>) -> Vec<u8> {
    let _ = json_strip_comments::strip_slice(&mut text);
    text
}

/// A name as one step of a JSON pointer.
#[must_use]
pub fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A fault of the text as the reason why a file cannot be read on, without any of its values.
pub(super) fn broken(error: &serde_json::Error) -> Broken {
    let place = format!("line {}, column {}", error.line(), error.column());
    if error.is_eof() {
        Broken::new(format!("the file breaks off at {place}"))
    } else if error.is_io() {
        Broken::new(format!("the file cannot be read past {place}"))
    } else {
        Broken::new(format!("the file is not valid JSON at {place}"))
    }
}

/// One document that is handed out in pieces.
pub(super) struct Walk<'a> {
    /// JSON pointer of the document itself, where it is a part of another.
    pub at: &'a str,
    /// Whether a number may stand where an array is looked for.
    pub numbers: bool,
    pub arrays: &'a [&'a str],
    pub values: &'a [&'a str],
    pub each: &'a mut dyn FnMut(Piece) -> Result<(), Broken>,
    /// Why `each` stopped, since the walk itself can only say that it did.
    pub failure: &'a mut Option<Broken>,
}

impl Walk<'_> {
    fn hand_out<E: de::Error>(&mut self, piece: Piece) -> Result<(), E> {
        (self.each)(piece).map_err(|broken| {
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
            let pointer = format!("{}/{index}", self.at);
            self.hand_out(Piece { pointer, key: String::new(), is_element: true, raw })?;
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.arrays.contains(&key.as_str()) {
                map.next_value_seed(Elements { key, walk: &mut self })?;
            } else if self.values.contains(&key.as_str()) {
                let raw = map.next_value::<Box<RawValue>>()?;
                let pointer = format!("{}/{key}", self.at);
                self.hand_out(Piece { pointer, key, is_element: false, raw })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

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
            let pointer = format!("{}/{}/{index}", self.walk.at, self.key);
            self.walk.hand_out(Piece { pointer, key: self.key.clone(), is_element: true, raw })?;
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        match self.walk.numbers {
            true => Ok(()),
            false => Err(E::invalid_type(de::Unexpected::Unsigned(number), &self)),
        }
    }
}

/// The document, or (with a key) one of the objects in it whose entries are wanted.
struct Entries<'a> {
    key: Option<String>,
    maps: &'a [&'a str],
    values: &'a [&'a str],
    each: &'a mut dyn FnMut(&str, Piece) -> Result<(), Broken>,
    failure: &'a mut Option<Broken>,
}

impl Entries<'_> {
    fn hand_out<E: de::Error>(&mut self, name: &str, piece: Piece) -> Result<(), E> {
        (self.each)(name, piece).map_err(|broken| {
            *self.failure = Some(broken);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if let Some(key) = self.key.clone() {
                let raw = map.next_value::<Box<RawValue>>()?;
                let pointer = format!("/{key}/{}", pointer_step(&name));
                self.hand_out(&name, Piece { pointer, key, is_element: true, raw })?;
            } else if self.maps.contains(&name.as_str()) {
                let Self { maps, values, .. } = self;
                let (each, failure) = (&mut *self.each, &mut *self.failure);
                map.next_value_seed(Entries { key: Some(name), maps, values, each, failure })?;
            } else if self.values.contains(&name.as_str()) {
                let raw = map.next_value::<Box<RawValue>>()?;
                self.hand_out("", Piece { pointer: format!("/{name}"), key: name, is_element: false, raw })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(text: &str, arrays: &[&str], values: &[&str]) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        pieces(text.as_bytes(), arrays, values, &mut |piece| {
            found.push(format!("{} {}", piece.pointer, piece.text()));
            Ok(())
        })
        .map_err(|broken| broken.to_string())?;
        Ok(found)
    }

    #[test]
    fn elements_and_values_come_one_by_one() {
        let found = collect(r#"{"a": [1, {"b": 2}], "skip": [3], "v": {"x": 1}, "n": null}"#, &["a", "n"], &["v"]);
        assert_eq!(found.unwrap(), ["/a/0 1", "/a/1 {\"b\": 2}", "/v {\"x\": 1}"]);
        assert_eq!(collect("[1,2]", &[], &[]).unwrap(), ["/0 1", "/1 2"]);
    }

    #[test]
    fn pages_may_follow_each_other() {
        let collect = |text: &str| {
            let mut found = Vec::new();
            let count = pages(text.as_bytes(), &["keys"], &["next"], &mut |number, piece| {
                found.push(format!("{number} {} {}", piece.pointer, piece.text()));
                Ok(())
            });
            (count.map_err(|broken| broken.to_string()), found)
        };
        let (count, found) = collect("[1]\n[] {\"keys\": [2, 3], \"next\": \"x\", \"other\": 4}\n");
        assert_eq!(count, Ok(3));
        assert_eq!(found, ["1 /0 1", "3 document 3 /keys/0 2", "3 document 3 /keys/1 3", "3 document 3 /next \"x\""]);
        assert_eq!(collect("  ").0, Ok(0));
        let (count, found) = collect("[1] [2,");
        assert!(count.unwrap_err().starts_with("the file breaks off at line 1"));
        assert_eq!(found.len(), 2);
        assert!(collect("[1] nonsense").0.unwrap_err().starts_with("the file is not valid JSON"));
    }

    #[test]
    fn records_may_follow_each_other_or_stand_in_an_array() {
        let collect = |text: &str| {
            let mut found = Vec::new();
            records(text.as_bytes(), &mut |locator, record| {
                found.push(format!("{locator} {}", record.get()));
                Ok(())
            })
            .unwrap();
            found
        };
        assert_eq!(
            collect(" {\"a\": 1}\n{\"a\": 2}{}"),
            ["document 1 {\"a\": 1}", "document 2 {\"a\": 2}", "document 3 {}"]
        );
        assert_eq!(collect("\n [1, {}]"), ["/0 1", "/1 {}"]);
        assert!(collect("").is_empty());
    }

    #[test]
    fn a_file_that_breaks_off_says_where() {
        let error = collect("{\"a\": [1,\n 2", &["a"], &[]).unwrap_err();
        assert_eq!(error, "the file breaks off at line 2, column 2");
    }

    #[test]
    fn entries_come_with_their_names() {
        let mut found = Vec::new();
        let text = r#"{"skip": {"x": 1}, "results": {"a/b": [1], "c": 2}, "at": "now"}"#;
        entries(text.as_bytes(), &["results"], &["at"], &mut |name, piece| {
            found.push(format!("{name} {} {}", piece.pointer, piece.text()));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, ["a/b /results/a~1b [1]", "c /results/c 2", " /at \"now\""]);
        assert!(entries("[]".as_bytes(), &["results"], &[], &mut |_, _| Ok(())).is_err());
    }

    #[test]
    fn documents_that_follow_each_other_come_in_pieces() {
        let collect = |text: &str| {
            let mut found = Vec::new();
            pieces_of_documents(text.as_bytes(), &["a"], &["v"], &mut |number, piece| {
                found.push(format!("{number} {} {}", piece.pointer, piece.text()));
                Ok(())
            })
            .map(|()| found)
            .map_err(|broken| broken.to_string())
        };
        assert_eq!(collect(r#"{"a": [1, 2], "v": 3} {"a": 2}"#).unwrap(), ["1 /a/0 1", "1 /a/1 2", "1 /v 3"]);
        assert_eq!(collect("{\"v\": 1}\n[4]\n").unwrap(), ["1 /v 1", "2 /0 4"]);
        assert!(collect(" ").unwrap().is_empty());
        assert_eq!(collect("{\"v\": 1}{").unwrap_err(), "the file breaks off at line 1, column 9");
        assert_eq!(collect("{\"v\": 1} x").unwrap_err(), "the file is not valid JSON at line 1, column 10");
    }

    #[test]
    fn comments_and_trailing_commas_are_read_as_blanks() {
        let text = "{ // one\n \"a\": [1, /* two */], # three\n}";
        assert_eq!(commented::<serde_json::Value>(text.as_bytes(), 100).unwrap(), serde_json::json!({"a": [1]}));
        let error = commented::<serde_json::Value>("{\n // a\n \"a\": 1 1}".as_bytes(), 100).unwrap_err();
        assert_eq!(error.to_string(), "the file is not valid JSON at line 3, column 9");
        let error = commented::<serde_json::Value>("[1, 2]".as_bytes(), 3).unwrap_err();
        assert_eq!(error.to_string(), "the file is larger than 0 MiB, which no file of this format is");
    }

    #[test]
    fn a_record_of_the_wrong_shape_does_not_quote_its_values() {
        #[derive(Debug, serde::Deserialize)]
        struct Record {
            #[expect(dead_code, reason = "only its type matters here")]
            n: u8,
        }
        let Reject(reason) = parse::<Record>(r#"{"n": "hunter2"}"#, "a record").unwrap_err();
        assert!(reason.starts_with("the record does not have the shape of a record"), "{reason}");
        assert!(!reason.contains("hunter2"));
    }
}
