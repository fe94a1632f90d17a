//! A first look at a file: enough to say what it is, without reading it.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::outline::Outline;
use super::{Content, json};

/// Bytes that a first look reads.
const HEAD_BYTES: usize = 64 * 1024;

/// What a source says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// It is mine.
    Yes,
    /// It is not mine, but it looks as if it was meant to be; the reason helps the user.
    Maybe(String),
    /// It is not mine.
    No,
}

impl Recognised {
    /// [`Recognised::Yes`] or [`Recognised::No`].
    #[must_use]
    pub fn yes_if(condition: bool) -> Self {
        if condition { Self::Yes } else { Self::No }
    }
}

/// The first bytes of a file, and what can be told from them.
pub struct Probe<'a> {
    path: Cow<'a, Path>,
    head: String,
    is_cut: bool,
    keys: JsonHead,
    /// Read once, for whoever asks: some hundred formats do.
    outline: OnceLock<Option<Outline>>,
}

/// The names of a JSON document's top level, as far as the head goes.
#[derive(Debug, Default)]
struct JsonHead {
    /// Keys of the top-level object, or of the first object of a top-level array.
    keys: Vec<String>,
    /// Values of top-level keys that are short texts.
    texts: Vec<(String, String)>,
    is_array: bool,
    is_json: bool,
}

impl<'a> Probe<'a> {
    /// Reads the head of an export.
    ///
    /// # Errors
    /// What the file system says, or that what it is packed in is damaged.
    pub fn open(content: &Content) -> std::io::Result<Probe<'static>> {
        let mut bytes = Vec::new();
        content.open(None)?.take(HEAD_BYTES as u64).read_to_end(&mut bytes)?;
        Ok(Probe::at(Cow::<'static, Path>::Owned(content.name()), &bytes))
    }

    /// Looks at bytes that are already there.
    #[must_use]
    pub fn of(path: &'a Path, bytes: &[u8]) -> Self {
        Self::at(Cow::Borrowed(path), bytes)
    }

    fn at(path: Cow<'a, Path>, bytes: &[u8]) -> Self {
        let is_cut = bytes.len() >= HEAD_BYTES;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let head = String::from_utf8_lossy(bytes).into_owned();
        let mut keys = JsonHead::default();
        let start = head.trim_start();
        if start.starts_with(['{', '[', '/']) {
            // The head may break off anywhere, so an error at its end says nothing.
            let plain = json::without_comments(start.as_bytes().to_vec());
            let mut deserializer = serde_json::Deserializer::from_slice(&plain);
            let _ = HeadSeed { into: &mut keys, depth: 0 }.deserialize(&mut deserializer);
        }
        Self { path, head, is_cut, keys, outline: OnceLock::new() }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name in lower case.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
    }

    /// The first bytes as text.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The first levels of the JSON document, as far as the head goes; `None` where it is no JSON object or array.
    pub(super) fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| Outline::of(&self.head)).as_ref()
    }

    /// Whether the file may go on after the head.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether it starts like a JSON document (an object or an array of objects with at least one key).
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.keys.is_json
    }

    /// Whether the JSON document is an array.
    #[must_use]
    pub fn is_json_array(&self) -> bool {
        self.keys.is_array
    }

    /// Whether the top-level object (or the first object of a top-level array) has the key.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.keys.iter().any(|known| known == key)
    }

    /// The short text at a top-level key.
    #[must_use]
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.keys.texts.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str())
    }

    /// The first line, for formats with a header.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end()
    }

    /// Whether the file could be meant for people rather than machines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.trim().is_empty()
    }
}

struct HeadSeed<'a> {
    into: &'a mut JsonHead,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for HeadSeed<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for HeadSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.into.is_json = true;
        while let Some(key) = map.next_key::<String>()? {
            self.into.keys.push(key.clone());
            let texts = &mut self.into.texts;
            map.next_value_seed(TextSeed { key, texts })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth == 0 {
            self.into.is_array = true;
            seq.next_element_seed(HeadSeed { into: self.into, depth: 1 })?;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
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

/// Keeps a value if it is a short text, and skips everything else without keeping it.
struct TextSeed<'a> {
    key: String,
    texts: &'a mut Vec<(String, String)>,
}

impl<'de> DeserializeSeed<'de> for TextSeed<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text.len() <= 256 {
            self.texts.push((self.key, text.to_owned()));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
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

    fn probe(text: &str) -> Probe<'_> {
        Probe::of(Path::new("Export.JSON"), text.as_bytes())
    }

    #[test]
    fn keys_are_seen_even_where_the_head_breaks_off() {
        let probe = probe("\u{feff}{\"apiVersion\": \"v1\", \"items\": [{\"kind\": \"Sec");
        assert!(probe.is_json() && probe.has_key("apiVersion") && probe.has_key("items"));
        assert_eq!(probe.text_at("apiVersion"), Some("v1"));
        assert!(!probe.has_key("kind"), "keys of nested objects do not count");
        assert_eq!(probe.file_name(), "export.json");
    }

    #[test]
    fn an_array_shows_the_keys_of_its_first_object() {
        let probe = probe("[{\"RuleID\": \"a\"}, {\"Other\": 1}]");
        assert!(probe.is_json_array() && probe.has_key("RuleID") && !probe.has_key("Other"));
    }

    #[test]
    fn comments_and_trailing_commas_do_not_hide_what_follows() {
        let probe = probe(
            "// of VS Code\n{ /* a */ \"servers\": {\"a\": 1,}, // \"inputs\"\n \"url\": \"https://a//b\", \"cut",
        );
        assert!(probe.is_json() && probe.has_key("servers") && !probe.has_key("inputs"));
        assert_eq!(probe.text_at("url"), Some("https://a//b"));
    }

    #[test]
    fn prose_is_not_json() {
        assert!(!probe("user,arn\n").is_json());
        assert!(!probe("{not json").is_json() || probe("{not json").keys.keys.is_empty());
        assert!(!probe("[]").is_json());
    }
}
