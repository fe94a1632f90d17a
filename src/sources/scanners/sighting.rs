//! A secret as a scanner saw it, and the row that it makes. What is kept of its value is two hashes, or nothing
//! where the scanner blacked it out: the same for every scanner, so that one secret found by several joins.

use super::{PROVIDER, access_key_id, location};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::sources::{Input, hash};

/// The two hashes of a value, as far as they are known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Prints {
    pub sha256: Option<String>,
    pub sha1: Option<String>,
}

impl Prints {
    /// Those of a printed value; none where it is blacked out, since its hash would be of something else.
    pub fn of(value: &str) -> Self {
        if is_hidden(value) {
            return Self::default();
        }
        let (sha256, sha1) = hash::fingerprints(value);
        Self { sha256: Some(sha256), sha1: Some(sha1) }
    }

    /// That of a printed digest, where it is a plain SHA-256 in hex.
    pub fn of_sha256(digest: &str) -> Self {
        let is_plain = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self { sha256: is_plain.then(|| format!("sha256:{}", digest.to_ascii_lowercase())), sha1: None }
    }
}

/// Whether a value is missing, masked or cut short. gitleaks and betterleaks write `REDACTED`, or the first part
/// and an ellipsis; Kingfisher writes `[REDACTED:` and a short hash of its own.
pub(super) fn is_hidden(value: &str) -> bool {
    let value = value.trim();
    value == "REDACTED"
        || value.starts_with("[REDACTED")
        || value.ends_with("...")
        || value.bytes().all(|byte| byte == b'*')
}

/// A secret in a file.
pub(super) struct Sighting<'a> {
    /// What the scanner calls it.
    pub rule: &'a str,
    pub file: &'a str,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// Whether it was found in a commit rather than in the files as they are.
    pub in_history: bool,
    /// The value, or what was printed in its place.
    pub value: &'a str,
    pub prints: Prints,
}

impl Sighting<'_> {
    /// Its row: open, and nothing known beyond that. The caller adds what its scanner tells besides.
    pub fn row(self, input: &Input, locator: &str) -> Exposure {
        let file = location::clean(self.file);
        let location = match self.line.filter(|line| *line > 0) {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        };
        let otherwise = if self.in_history { "git_history" } else { "code" };
        Exposure {
            exposure_id: location::exposure_id(&input.scope_id, &location, self.rule, self.prints.sha1.as_deref()),
            credential_id: access_key_id(self.value),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            secret_kind: Word::from(self.rule),
            location_type: Word::from(location::kind_of(file).unwrap_or(otherwise)),
            location,
            repo_or_channel: Some(input.scope_id.clone()),
            status: Some(Word::from("open")),
            fingerprint: self.prints.sha256,
            fingerprint_sha1: self.prints.sha1,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Exposure::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_hidden_has_no_hash() {
        for value in ["", "REDACTED", "[REDACTED:1586560e]", "ghp_abc...", "****"] {
            assert_eq!(Prints::of(value), Prints::default(), "{value}");
        }
        let (sha256, sha1) = hash::fingerprints("abc");
        assert_eq!(Prints::of("abc"), Prints { sha256: Some(sha256), sha1: Some(sha1) });
    }

    #[test]
    fn a_printed_digest_joins_with_the_value() {
        let digest = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert_eq!(Prints::of_sha256(digest).sha256, Prints::of("abc").sha256);
        // A keyed digest is of no use to anybody without the key.
        assert_eq!(Prints::of_sha256(&format!("hmac-sha256:{digest}")), Prints::default());
    }
}
