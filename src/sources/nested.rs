//! Streaming JSON one level further down: the objects in an array of a document, each piece by piece, for formats
//! that hold several reports in one file.

use std::io::Read;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Piece, Walk, settle};
use super::output::Broken;

/// Streams one document: every object in the array under the key `outer`, in pieces as [`super::json::pieces`] hands
/// them out. `each` gets the number of the object, from 0.
///
/// # Errors
/// [`Broken`] when the text breaks off or is no JSON, or when `each` says so.
pub fn pieces_within(
    reader: impl Read,
    outer: &str,
    arrays: &[&str],
    values: &[&str],
    each: &mut dyn FnMut(usize, Piece) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut failure = None;
    let walk = Within { is_inside: false, outer, arrays, values, each, failure: &mut failure };
    let result = walk.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    settle(failure, result)
}

/// The document, or the array in it whose objects are wanted.
struct Within<'a> {
    is_inside: bool,
    outer: &'a str,
    arrays: &'a [&'a str],
    values: &'a [&'a str],
    each: &'a mut dyn FnMut(usize, Piece) -> Result<(), Broken>,
    failure: &'a mut Option<Broken>,
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.is_inside {
            true => deserializer.deserialize_seq(self),
            false => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { outer, arrays, values, each, failure, .. } = self;
        while let Some(key) = map.next_key::<String>()? {
            if key == outer {
                let (each, failure) = (&mut *each, &mut *failure);
                map.next_value_seed(Within { is_inside: true, outer, arrays, values, each, failure })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { outer, arrays, values, each, failure, .. } = self;
        let mut number = 0;
        loop {
            let at = format!("/{outer}/{number}");
            let each = &mut |piece| each(number, piece);
            let walk = Walk { at: &at, numbers: false, arrays, values, each, failure: &mut *failure };
            if seq.next_element_seed(walk)?.is_none() {
                return Ok(());
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_in_an_array_come_in_pieces() {
        let collect = |text: &str| {
            let mut found = Vec::new();
            pieces_within(text.as_bytes(), "runs", &["a"], &["v"], &mut |number, piece| {
                found.push(format!("{number} {} {}", piece.pointer, piece.text()));
                Ok(())
            })
            .map(|()| found)
            .map_err(|broken| broken.to_string())
        };
        let text = r#"{"x": [], "runs": [{"a": [1, {}], "y": 1}, {}, {"v": "t", "a": null}]}"#;
        assert_eq!(collect(text).unwrap(), ["0 /runs/0/a/0 1", "0 /runs/0/a/1 {}", "2 /runs/2/v \"t\""]);
        assert!(collect(r#"{"runs": [{"a": 1}]}"#).is_err());
        assert_eq!(collect(r#"{"runs": [{"a": [1,"#).unwrap_err(), "the file breaks off at line 1, column 19");
    }
}
