//! Findings of TruffleHog 3, one JSON document each. They carry the secrets themselves. A finding says which kind
//! of system it lies in, so one file may speak of code, chat and tickets.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::sighting::{Prints, Sighting};
use super::{FILES_ONLY, PROVIDER, cover_at, cover_talk, location};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::findings::principal;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `trufflehog git`, `trufflehog filesystem` and its other subcommands.
pub struct TruffleHog;

impl Source for TruffleHog {
    fn about(&self) -> &'static About {
        &About {
            kind: "trufflehog.ndjson",
            title: "Findings of TruffleHog 3",
            provider: PROVIDER,
            command: "trufflehog git file://. --json --results=verified,unverified,unknown > trufflehog.ndjson",
            recognises: "JSON documents with `SourceMetadata` and `DetectorName`",
            facts: &[
                (Fact::ExposureCode, Level::Full),
                (Fact::ExposureCi, Level::Partial),
                (Fact::ExposureMessaging, Level::Partial),
            ],
            main_view: "exposures",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(probe.has_key("SourceMetadata") && probe.has_key("DetectorName"))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = Seen::default();
        json::records(input.reader()?, &mut |locator, finding| {
            out.record(locator, |out| {
                let finding: Finding = json::parse(finding.get(), "a finding of TruffleHog")?;
                read(&finding, locator, input, &mut seen, out)
            })
        })?;
        seen.cover(&input.scope_id, out);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    source_metadata: Metadata,
    detector_name: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    raw: String,
    extra_data: Option<BTreeMap<String, serde_json::Value>>,
}

/// One key, which is the kind of system.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    data: BTreeMap<String, Place>,
}

/// What the kinds of systems say of a place; each gives some of it.
#[derive(Deserialize)]
struct Place {
    #[serde(default, alias = "filename")]
    file: String,
    line: Option<u64>,
    #[serde(default)]
    commit: String,
    #[serde(default)]
    repository: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    channel_name: String,
    #[serde(default)]
    image: String,
    #[serde(default, alias = "container")]
    bucket: String,
    #[serde(default)]
    timestamp: String,
    visibility: Option<serde_json::Value>,
    public: Option<bool>,
}

/// What the kinds of systems mean for us: the provider, and the kind of place where the path tells no more.
fn kind_of(system: &str, place: &Place) -> (&'static str, &'static str) {
    match system.to_ascii_lowercase().as_str() {
        "slack" | "slackcontinuous" | "teams" | "microsoftteams" | "gmail" | "discord" => ("messaging", "messaging"),
        "jira" => ("ticket", "ticket"),
        "confluence" | "notion" | "sharepoint" => ("wiki", "wiki"),
        "circleci" | "travisci" | "jenkins" | "buildkite" => (PROVIDER, "ci_log"),
        "docker" | "ecr" => (PROVIDER, "image"),
        "s3" | "gcs" | "azure" => (PROVIDER, "object_storage"),
        "googledrive" | "elasticsearch" | "postman" | "sentry" | "webhook" | "stdin" => (PROVIDER, "other"),
        _ if place.commit.is_empty() => (PROVIDER, "code"),
        _ => (PROVIDER, "git_history"),
    }
}

impl Place {
    fn text(&self) -> Option<String> {
        let container = [&self.bucket, &self.image].into_iter().find(|text| !text.is_empty());
        let file = location::clean(&self.file);
        match (file.is_empty(), self.line, container) {
            (false, Some(line), None) => Some(format!("{file}:{line}")),
            (false, None, None) => Some(file.to_owned()),
            (false, _, Some(container)) => Some(format!("{container}:{file}")),
            (true, ..) => [&self.link, &self.channel_name, &self.image, &self.bucket]
                .into_iter()
                .find(|text| !text.is_empty())
                .map(|text| location::without_login(text)),
        }
    }

    /// GitHub's findings say whether the repository is public, as a word or as the number that stands for it.
    fn is_public(&self) -> Option<bool> {
        use serde_json::Value;
        match &self.visibility {
            Some(Value::String(word)) if word == "public" => Some(true),
            Some(Value::String(word)) if word == "private" || word == "internal" => Some(false),
            Some(Value::Number(number)) => match number.as_u64() {
                Some(0) => Some(true),
                Some(1 | 2) => Some(false),
                _ => None,
            },
            _ => self.public,
        }
    }
}

fn read(finding: &Finding, locator: &str, input: &Input, seen: &mut Seen, out: &mut Output) -> Result<(), Stop> {
    let mut places = finding.source_metadata.data.iter();
    let (Some((system, place)), None) = (places.next(), places.next()) else {
        return Err(Reject::because("`SourceMetadata.Data` names no system, or more than one").into());
    };
    let Some(text) = place.text() else {
        return Err(Reject::because("the finding names no file, message or image").into());
    };
    if finding.detector_name.is_empty() {
        return Err(Reject::because("the finding names no detector").into());
    }
    let first_seen_at = match place.timestamp.as_str() {
        "" => None,
        date => Some(out.past("timestamp", date, locator)?),
    };
    let (provider, otherwise) = kind_of(system, place);
    seen.providers.insert(provider);
    seen.has_unverified |= !finding.verified;
    seen.has_history |= !place.commit.is_empty();
    let holders = [&place.repository, &place.channel_name, &place.image, &place.bucket, &input.scope_id];
    let prints = Prints::of(&finding.raw);
    let exposure_id = location::exposure_id(&input.scope_id, &text, &finding.detector_name, prints.sha1.as_deref());
    let sighting = Sighting {
        rule: &finding.detector_name,
        file: &place.file,
        line: place.line,
        in_history: !place.commit.is_empty(),
        value: &finding.raw,
        prints,
    };
    out.push(Exposure {
        exposure_id,
        identity_id: finding.identity(),
        provider: Word::from(provider),
        location_type: Word::from(location::kind_of(&place.file).unwrap_or(otherwise)),
        location: text,
        repo_or_channel: holders.into_iter().find(|name| !name.is_empty()).map(|name| location::without_login(name)),
        first_seen_at,
        // It tries what it finds where it can. That a try did not succeed proves nothing: many detectors have none.
        validity: Some(Word::from(if finding.verified { "active" } else { "unknown" })),
        verified: finding.verified.then_some(true),
        public: place.is_public(),
        ..sighting.row(input, locator)
    })?;
    Ok(())
}

impl Finding {
    /// The user or role that AWS named when the key was tried.
    fn identity(&self) -> Option<String> {
        principal(self.extra_data.as_ref()?.get("arn")?.as_str()?)
    }
}

/// What the findings together say of the scan.
#[derive(Default)]
struct Seen {
    providers: BTreeSet<&'static str>,
    has_unverified: bool,
    has_history: bool,
}

impl Seen {
    fn cover(&self, scope: &str, out: &mut Output) {
        for provider in &self.providers {
            if *provider == PROVIDER {
                // `--results=verified` leaves out all others, and the file does not tell that it was given.
                let (level, note) = match (self.has_unverified, self.has_history) {
                    (false, _) => (Level::Partial, Some("verified secrets only")),
                    (true, false) => (Level::Full, Some(FILES_ONLY)),
                    (true, true) => (Level::Full, None),
                };
                cover_at(level, scope, note, out);
            } else {
                cover_talk(provider, scope, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn every_kind_of_system_has_its_place() {
        let loaded = load_fixture(&TruffleHog, "trufflehog.ndjson/good/systems.ndjson");
        let columns = &["provider", "location_type", "location", "repo_or_channel", "first_seen_at", "public"];
        let web = "https://example.com/web.git";
        let talk = "https://acme.slack.com/archives/C0/p1";
        let seen = ["2026-05-02T17:17:40Z", "2026-05-03T08:00:00Z", "2026-05-04T09:30:00Z"];
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns),
            [
                ["code", "git_history", "src/config.py:7", web, seen[0], "∅"],
                ["code", "ci_config", ".github/workflows/deploy.yml:12", web, seen[1], "true"],
                ["messaging", "messaging", talk, "general", seen[2], "∅"],
                ["ticket", "ticket", "https://acme.example/browse/OPS-1", "web", "∅", "∅"],
                ["code", "image", "acme/agent:/app/.env", "acme/agent", "∅", "∅"],
                ["code", "code", "deploy/values.yaml:3", "web", "∅", "∅"],
                ["code", "object_storage", "acme-backups:db/dump.sql", "acme-backups", "∅", "∅"],
                ["code", "object_storage", "acme-models:agents/config.json", "acme-models", "∅", "∅"],
                ["code", "ci_log", "https://ci.example.com/builds/7", "https://example.com/web.git", "∅", "∅"],
                ["code", "git_history", "src/util.py:4", web, "∅", "false"],
            ]
            .map(|row| row.map(|cell| if cell == "web" {
                loaded.estate.files[0].scope_id.clone()
            } else {
                cell.to_owned()
            }))
        );
        let covered = covered(&loaded);
        assert_eq!(covered[0], "exposure.code full");
        assert!(covered.iter().any(|fact| fact.starts_with("exposure.messaging partial: ")), "{covered:?}");
        loaded.assert_no_canary();
    }

    #[test]
    fn a_verified_key_names_itself_and_its_user() {
        let loaded = load_fixture(&TruffleHog, "trufflehog.ndjson/good/verified.ndjson");
        let columns = &["credential_id", "identity_id", "validity", "verified", "fingerprint"];
        let (sha256, _) = crate::sources::hash::fingerprints("AKIACANRYCANRYCANRYC");
        let (sha256_of_token, _) = crate::sources::hash::fingerprints("FAKE-CANARY-37");
        let user = "arn:aws:iam::111122223333:user/svc-berth-planner";
        let role = "arn:aws:iam::111122223333:role/agent-runner";
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns),
            [
                ["AKIACANRYCANRYCANRYC", user, "active", "true", sha256.as_str()],
                ["∅", role, "active", "true", sha256_of_token.as_str()],
            ]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code partial: verified secrets only");
    }

    #[test]
    fn a_wrong_record_is_put_aside_without_its_values() {
        let loaded = load_fixture(&TruffleHog, "trufflehog.ndjson/bad/wrong.ndjson");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location", "validity"]), [["a.py:1", "unknown"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "document 2: `SourceMetadata.Data` names no system, or more than one",
                "document 3: the finding names no file, message or image",
                "document 4: `timestamp` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }
}
