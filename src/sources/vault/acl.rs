//! Policies as Vault writes them: stanzas of a path and what may be done there. The language is HCL's first
//! version, of which policies use a small part; JSON is accepted too. What is not understood is refused, never
//! skipped over: a stanza that was not read could allow everything.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::Moment;
use crate::sources::{Reject, dates};

/// Deepest nesting of values; real policies need three levels.
const MAX_DEPTH: usize = 16;

/// Keys of a stanza that limit what its capabilities allow.
const LIMITS: [&str; 11] = [
    "allowed_parameters",
    "denied_parameters",
    "required_parameters",
    "min_wrapping_ttl",
    "max_wrapping_ttl",
    "control_group",
    "mfa_methods",
    "subscribe_event_types",
    "pagination_limit",
    "response_keys_filter_path",
    "list_scan_response_keys_filter_path",
];

/// One stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stanza {
    pub path: String,
    pub capabilities: BTreeSet<String>,
    /// Names of the limits that it sets, in order.
    pub limits: Vec<String>,
    /// Until when it holds (OpenBao).
    pub expires_at: Option<Moment>,
}

/// Reads a policy.
///
/// # Errors
/// [`Reject`] with the line that cannot be understood, never its text.
pub(super) fn read(text: &str) -> Result<Vec<Stanza>, Reject> {
    let entries = if text.trim_start().starts_with('{') { of_json(text)? } else { Reader::new(text).policy()? };
    entries.into_iter().map(|(path, body)| stanza(path, body)).collect()
}

type Body = Vec<(String, Value)>;

fn stanza(path: String, body: Body) -> Result<Stanza, Reject> {
    let mut stanza = Stanza { path, capabilities: BTreeSet::new(), limits: Vec::new(), expires_at: None };
    for (key, value) in body {
        match key.as_str() {
            "capabilities" => {
                let words = value.as_array().ok_or_else(|| Reject::because("`capabilities` is not a list"))?;
                for word in words {
                    let word = word.as_str().ok_or_else(|| Reject::because("a capability is not a text"))?;
                    stanza.capabilities.insert(word.to_owned());
                }
            }
            // The words of before capabilities, which Vault still reads.
            "policy" => {
                let words: &[&str] = match value.as_str() {
                    Some("deny") => &["deny"],
                    Some("read") => &["list", "read"],
                    Some("write") => &["create", "delete", "list", "read", "update"],
                    Some("sudo") => &["create", "delete", "list", "read", "sudo", "update"],
                    _ => return Err(Reject::because("`policy` of a path is no word that Vault knows")),
                };
                stanza.capabilities.extend(words.iter().map(|word| (*word).to_owned()));
            }
            "expiration" => {
                let moment = value.as_str().and_then(dates::parse);
                let moment = moment.ok_or_else(|| Reject::because("`expiration` of a path is not a date"))?;
                stanza.expires_at = Some(moment);
            }
            "comment" => {}
            limit if LIMITS.contains(&limit) => stanza.limits.push(limit.to_owned()),
            _ => return Err(Reject::because("a path has a setting that is not known")),
        }
    }
    stanza.limits.sort_unstable();
    stanza.limits.dedup();
    Ok(stanza)
}

fn of_json(text: &str) -> Result<Vec<(String, Body)>, Reject> {
    let wrong = || Reject::because("the policy is not of the shape `{\"path\": {...}}`");
    let document: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let paths = document.get("path").ok_or_else(wrong)?;
    // HCL's JSON form allows a list of objects wherever it allows an object.
    let objects = paths.as_array().map_or_else(|| vec![paths], |objects| objects.iter().collect());
    let mut stanzas = Vec::new();
    for object in objects {
        for (path, body) in object.as_object().ok_or_else(wrong)? {
            let body = body.as_object().ok_or_else(wrong)?;
            stanzas.push((path.clone(), body.iter().map(|(key, value)| (key.clone(), value.clone())).collect()));
        }
    }
    Ok(stanzas)
}

/// Reads HCL from left to right.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Stanzas to the end of the text.
    fn policy(&mut self) -> Result<Vec<(String, Body)>, Reject> {
        let mut stanzas = Vec::new();
        loop {
            self.skip()?;
            if self.rest().is_empty() {
                return Ok(stanzas);
            }
            match self.key()?.as_str() {
                "path" => {
                    let path = self.key()?;
                    stanzas.push((path, self.block(1)?));
                }
                // A policy may carry its own name, which Vault does not read.
                "name" => {
                    self.expect('=')?;
                    self.value(1)?;
                }
                _ => return Err(self.fault("something else than a path")),
            }
        }
    }

    fn block(&mut self, depth: usize) -> Result<Body, Reject> {
        self.expect('{')?;
        let mut body = Vec::new();
        loop {
            self.skip()?;
            if self.take('}') {
                return Ok(body);
            }
            let key = self.key()?;
            self.skip()?;
            let value = if self.take('=') || self.take(':') {
                self.value(depth + 1)?
            } else {
                // A block in a block: `control_group { factor "a" { ... } }`.
                while !self.rest().starts_with('{') {
                    self.key()?;
                    self.skip()?;
                }
                self.object(depth + 1)?
            };
            body.push((key, value));
            self.skip()?;
            self.take(',');
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Reject> {
        if depth > MAX_DEPTH {
            return Err(self.fault("values nested too deep"));
        }
        Ok(Value::Object(self.block(depth)?.into_iter().collect()))
    }

    fn value(&mut self, depth: usize) -> Result<Value, Reject> {
        if depth > MAX_DEPTH {
            return Err(self.fault("values nested too deep"));
        }
        self.skip()?;
        match self.rest().chars().next() {
            Some('"') => self.quoted().map(Value::String),
            Some('<') => self.heredoc().map(Value::String),
            Some('{') => self.object(depth),
            Some('[') => {
                self.expect('[')?;
                let mut items = Vec::new();
                loop {
                    self.skip()?;
                    if self.take(']') {
                        return Ok(Value::Array(items));
                    }
                    items.push(self.value(depth + 1)?);
                    self.skip()?;
                    if !self.take(',') {
                        self.skip()?;
                        self.expect(']')?;
                        return Ok(Value::Array(items));
                    }
                }
            }
            // Numbers, `true` and `false`: nothing here looks at them.
            Some(_) => self.word().map(Value::String),
            None => Err(self.fault("an end in the middle of a stanza")),
        }
    }

    /// A name, bare or in quotes.
    fn key(&mut self) -> Result<String, Reject> {
        self.skip()?;
        if self.rest().starts_with('"') { self.quoted() } else { self.word() }
    }

    fn word(&mut self) -> Result<String, Reject> {
        let is_part = |character: char| character.is_alphanumeric() || "_-.+".contains(character);
        let rest = self.rest();
        let word: &str = rest.split(|character| !is_part(character)).next().unwrap_or_default();
        if word.is_empty() {
            return Err(self.fault("an unexpected character"));
        }
        let word = word.to_owned();
        self.at += word.len();
        Ok(word)
    }

    fn quoted(&mut self) -> Result<String, Reject> {
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        characters.next();
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += offset + 1;
                    return Ok(text);
                }
                '\\' => match characters.next().map(|(_, escaped)| escaped) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(escaped @ ('"' | '\\' | '/')) => text.push(escaped),
                    _ => return Err(self.fault("an escape that is not known")),
                },
                '\n' => return Err(self.fault("a text that goes on past its line")),
                other => text.push(other),
            }
        }
        Err(self.fault("a text without an end"))
    }

    /// `<<END`, lines, and `END` on a line of its own.
    fn heredoc(&mut self) -> Result<String, Reject> {
        let rest = self.rest();
        let (head, body) = rest.split_once('\n').unwrap_or((rest, ""));
        let mark = head.strip_prefix("<<").map(|mark| mark.trim_start_matches('-').trim());
        let Some(mark) = mark.filter(|mark| !mark.is_empty()) else {
            return Err(self.fault("an unexpected character"));
        };
        let mut length = head.len() + 1;
        let mut text = String::new();
        for line in body.split_inclusive('\n') {
            length += line.len();
            if line.trim() == mark {
                self.at += length;
                return Ok(text);
            }
            text.push_str(line);
        }
        Err(self.fault("a text without an end"))
    }

    /// Skips blanks and comments.
    fn skip(&mut self) -> Result<(), Reject> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else { return Err(self.fault("a comment without an end")) };
                self.at += end + 2;
            } else if blanks == 0 {
                return Ok(());
            }
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Reject> {
        self.skip()?;
        if self.take(wanted) { Ok(()) } else { Err(self.fault(&format!("no `{wanted}` where one belongs"))) }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault(&self, what: &str) -> Reject {
        let line = self.text.get(..self.at).unwrap_or_default().matches('\n').count() + 1;
        Reject::because(format!("the policy's text cannot be read: {what}, in its line {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let stanzas = read(text).unwrap_or_else(|reject| panic!("{text}: {reject:?}"));
        let one = |stanza: &Stanza| {
            let words: Vec<_> = stanza.capabilities.iter().map(String::as_str).collect();
            format!("{} {} {}", stanza.path, words.join(","), stanza.limits.join(",")).trim_end().to_owned()
        };
        stanzas.iter().map(one).collect()
    }

    #[test]
    fn stanzas_are_paths_and_capabilities() {
        let text = "# read\npath \"kv/data/etl/*\" { capabilities = [\"read\", \"list\"] }\n\
                    path \"kv/data/{{identity.entity.name}}/*\" {\n  capabilities = [\"read\",] // own\n}\n\
                    /* two\n lines */ path \"a\\\"b\" { policy = \"write\" }";
        assert_eq!(
            shown(text),
            [
                "kv/data/etl/* list,read",
                "kv/data/{{identity.entity.name}}/* read",
                "a\"b create,delete,list,read,update",
            ]
        );
        assert_eq!(shown(""), [""; 0]);
        assert_eq!(shown("# nothing"), [""; 0]);
        assert_eq!(shown("path \"a\" {}"), ["a"]);
    }

    #[test]
    fn limits_are_named_and_their_values_left_out() {
        let text = "path \"a\" {\n capabilities = [\"update\"]\n allowed_parameters = {\n \"b\" = []\n \"*\" = [\"x\", 1]\n }\n\
                    min_wrapping_ttl = \"1s\"\n control_group = { factor \"ops\" { identity { group_names = [\"ops\"] \
                    approvals = 1 } } }\n}";
        assert_eq!(shown(text), ["a update allowed_parameters,control_group,min_wrapping_ttl"]);
        let block = "path \"a\" { capabilities = [\"read\"] control_group { max_ttl = \"4h\" } }";
        assert_eq!(shown(block), ["a read control_group"]);
        let ended = read("path \"a\" { capabilities = [\"read\"] expiration = \"2026-07-01T00:00:00Z\" }").unwrap();
        assert_eq!(ended[0].expires_at, Moment::parse("2026-07-01T00:00:00Z").ok());
    }

    #[test]
    fn json_and_heredocs_are_accepted() {
        assert_eq!(
            shown(r#"{"path": {"a/*": {"capabilities": ["read"]}, "b": {"policy": "deny"}}}"#),
            ["a/* read", "b deny"]
        );
        assert_eq!(shown(r#"{"path": [{"a": {"capabilities": ["read"]}}]}"#), ["a read"]);
        assert_eq!(shown("path \"a\" { capabilities = [\"read\"]\n comment = <<END\n } path\nEND\n}"), ["a read"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_without_its_text() {
        for (text, reason) in [
            ("path \"a\" { capabilities = [\"read\"] ", "an end"),
            ("path \"a\" { capabilities = [\"read\" ", "an end"),
            ("path \"hunter2\n\" {}", "a text that goes on past its line, in its line 1"),
            ("\npath \"a", "a text without an end, in its line 2"),
            ("pth \"a\" {}", "something else than a path"),
            ("path \"a\" { hunter2 = 1 }", "a setting that is not known"),
            ("path \"a\" { capabilities = \"hunter2\" }", "`capabilities` is not a list"),
            ("path \"a\" { policy = \"hunter2\" }", "no word that Vault knows"),
            ("path \"a\" { capabilities = [?] }", "an unexpected character"),
            ("{\"hunter2\": 1}", "is not of the shape"),
        ] {
            let Reject(told) = read(text).unwrap_err();
            // What a text without an end lacks shows in more than one way.
            assert!(told.contains(reason) || (reason == "an end" && told.contains("in its line")), "{text}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        let deep = format!("path \"a\" {{ b = {}1{} }}", "[".repeat(100), "]".repeat(100));
        assert!(read(&deep).is_err());
        let deep = format!("path \"a\" {{ {}", "b { ".repeat(100));
        assert!(read(&deep).is_err());
    }
}
