//! Reports of secret scanners over source code.

pub mod betterleaks;
pub mod detect_secrets;
pub mod gitleaks;
pub mod gitleaks_csv;
pub mod kingfisher;
pub(super) mod location;
pub mod sarif;
mod sarif_log;
mod sighting;
pub mod trufflehog;

use super::Output;
use crate::inventory::{Fact, Level};

/// The provider of what is found in code.
const PROVIDER: &str = "code";
/// What is said of a scan that read no commits.
const FILES_ONLY: &str = "files as they are; the history was not scanned";

/// What a scan of a repository shows, whether it found anything or not.
fn cover(scope: &str, code: Option<&str>, out: &mut Output) {
    cover_at(Level::Full, scope, code, out);
}

/// The same, where the scan may have left something out.
fn cover_at(level: Level, scope: &str, code: Option<&str>, out: &mut Output) {
    out.cover(PROVIDER, scope, Fact::ExposureCode, level, code);
    let logs = "CI/CD configuration in the repository; variables and logs of the CI/CD system are not in it";
    out.cover(PROVIDER, scope, Fact::ExposureCi, Level::Partial, Some(logs));
}

/// What a scan shows of the chat, ticket or wiki that findings of it lie in.
fn cover_talk(provider: &'static str, scope: &str, out: &mut Output) {
    let note = "which channels, projects or spaces were scanned is not said";
    out.cover(provider, scope, Fact::ExposureMessaging, Level::Partial, Some(note));
}

/// An AWS access key id in a text: four letters that say what it is, sixteen of base 32. It is no secret, and
/// it names the key wherever else it stands.
pub(super) fn access_key_id(text: &str) -> Option<String> {
    const LENGTH: usize = 20;
    let is_letter = |b: &u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(b);
    let starts = ["AKIA", "ASIA"].into_iter().flat_map(|start| text.match_indices(start).map(|(at, _)| at));
    let mut ids = starts.filter_map(|at| {
        let id = text.get(at..at + LENGTH)?;
        let before = text.get(..at)?.bytes().next_back();
        let after = text.get(at + LENGTH..)?.bytes().next();
        let alone = [before, after].into_iter().flatten().all(|b| !b.is_ascii_alphanumeric());
        (alone && id.bytes().skip(4).all(|b| is_letter(&b))).then(|| id.to_owned())
    });
    ids.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_stand_alone() {
        let id = "AKIAABCDEFGHIJKLMNOP";
        assert_eq!(access_key_id(id).as_deref(), Some(id));
        assert_eq!(access_key_id(&format!("aws = '{id}'")).as_deref(), Some(id));
        assert_eq!(access_key_id(&format!("X{id}")), None);
        assert_eq!(access_key_id(&format!("{id}Q")), None);
        assert_eq!(access_key_id("AKIAABCDEFGHIJKLMNO1"), None);
        assert_eq!(access_key_id("AKIA"), None);
    }
}
