//! The first levels of a JSON document, as far as its head goes: what recognition of formats needs whose
//! top-level keys alone do not tell them apart.

use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json;

/// Levels that are looked at.
const MAX_DEPTH: u8 = 6;
/// Elements of an array that are kept.
const MAX_ELEMENTS: usize = 8;
/// Longest text that is kept, in bytes.
const MAX_TEXT: usize = 256;

/// A value of the document, without what lies deeper than anyone asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outline {
    /// An object with its entries, in order.
    Object(Vec<(String, Self)>),
    /// An array with its first elements.
    Array(Vec<Self>),
    /// A short text.
    Text(String),
    /// Anything else, or too deep, or cut off.
    Other,
}

impl Outline {
    /// The outline of a head, which may break off anywhere. `None` where it is no JSON object or array.
    pub fn of(head: &str) -> Option<Self> {
        let start = head.trim_start();
        if !start.starts_with(['{', '[', '/']) {
            return None;
        }
        let plain = json::without_comments(start.as_bytes().to_vec());
        let mut outline = Self::Other;
        let mut deserializer = serde_json::Deserializer::from_slice(&plain);
        let _ = Slot { into: &mut outline, depth: 0 }.deserialize(&mut deserializer);
        (outline != Self::Other).then_some(outline)
    }

    /// Entries of an object; none for anything else.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// First elements of an array; none for anything else.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The value at a key of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Whether it is an object with the key.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether it is an object with one of the keys.
    pub fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// The short text at a key of an object.
    pub fn text_at(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// Fills an outline in place, so that what was read before the head breaks off stays.
struct Slot<'a> {
    into: &'a mut Outline,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > MAX_DEPTH {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        *self.into = Outline::Object(Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            let Outline::Object(entries) = &mut *self.into else { break };
            entries.push((key, Outline::Other));
            let Some((_, value)) = entries.last_mut() else { break };
            map.next_value_seed(Slot { into: value, depth: self.depth + 1 })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.into = Outline::Array(Vec::new());
        for _ in 0..MAX_ELEMENTS {
            let Outline::Array(elements) = &mut *self.into else { break };
            elements.push(Outline::Other);
            let Some(value) = elements.last_mut() else { break };
            if seq.next_element_seed(Slot { into: value, depth: self.depth + 1 })?.is_none() {
                elements.pop();
                return Ok(());
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text.len() <= MAX_TEXT {
            *self.into = Outline::Text(text.to_owned());
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_are_seen_up_to_where_the_head_breaks_off() {
        let outline = Outline::of(r#"{"a": {"b": [{"c": "x"}, 2], "d": 1}, "e": {"f": [1, {"g": 2"#).unwrap();
        assert_eq!(outline.get("a").unwrap().get("b").unwrap().elements()[0].text_at("c"), Some("x"));
        assert!(outline.get("a").unwrap().has("d"));
        assert!(outline.get("e").unwrap().get("f").unwrap().elements()[1].has("g"));
        assert_eq!(outline.text_at("a"), None);
    }

    #[test]
    fn only_objects_and_arrays_have_an_outline() {
        assert_eq!(Outline::of("user,arn"), None);
        assert_eq!(Outline::of("/usr/bin"), None);
        assert_eq!(Outline::of("[]"), Some(Outline::Array(Vec::new())));
        assert_eq!(Outline::of("// note\n{}"), Some(Outline::Object(Vec::new())));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(Outline::of(&deep).is_some());
        let wide = format!("[{}1]", "1,".repeat(100));
        assert_eq!(Outline::of(&wide).unwrap().elements().len(), MAX_ELEMENTS);
    }
}
