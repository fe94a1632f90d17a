//! Reports of Kingfisher: an envelope of findings for each scan, followed by a summary, or one finding a line. They
//! carry the secrets themselves, in the snippet, in what depends on it and in commands to try it.

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::sighting::{Prints, Sighting};
use super::{FILES_ONLY, PROVIDER, cover_at, cover_talk, location};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// Options with which a scan leaves findings out.
const FILTERS: [&str; 7] = [
    "--only-valid",
    "--validation-filter",
    "--baseline-file",
    "--since-commit",
    "--staged",
    "--rule",
    "--exclude-rule",
];

/// `kingfisher scan`.
pub struct Kingfisher;

impl Source for Kingfisher {
    fn about(&self) -> &'static About {
        &About {
            kind: "kingfisher.json",
            title: "Report of Kingfisher",
            provider: PROVIDER,
            command: "kingfisher scan . --format json --no-validate > kingfisher.json",
            recognises: "JSON documents with `findings` of `rule` and `finding`, or with Kingfisher's `audit` or \
                         `metadata`; or one such finding a line",
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
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let findings = first.get("findings").map(Outline::elements).unwrap_or_default();
        let names_itself = first.get("metadata").is_some_and(|metadata| metadata.has("kingfisher_version"))
            || first
                .get("audit")
                .and_then(|audit| audit.text_at("schema"))
                .is_some_and(|schema| schema.starts_with("kingfisher."));
        Recognised::yes_if(names_itself || is_finding(first) || findings.first().is_some_and(is_finding))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scan = Scan::default();
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if probe.has_key("findings") {
            scan.envelopes(input.reader()?, "", input, out)?;
        } else {
            json::records(input.reader()?, &mut |locator, record| match json::parse::<Line>(
                record.get(),
                "a line of Kingfisher",
            ) {
                Ok(Line { audit: Some(audit), .. }) => scan.audit(audit.get(), out),
                Ok(Line { scan_date: Some(at), .. }) => {
                    scan.made(Some(&at), out);
                    Ok(())
                }
                Ok(Line { access_map: Some(_), .. }) => Ok(()),
                _ => scan.finding(record.get(), locator, input, out),
            })?;
        }
        scan.cover(&input.scope_id, out);
        Ok(())
    }
}

fn is_finding(outline: &Outline) -> bool {
    let has_both = |finding: &Outline| finding.has("snippet") && finding.has("fingerprint");
    outline.get("rule").is_some_and(Outline::is_object) && outline.get("finding").is_some_and(has_both)
}

#[derive(Deserialize)]
struct Line {
    audit: Option<Box<RawValue>>,
    access_map: Option<IgnoredAny>,
    /// Of the summary that ends the output.
    scan_date: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    rule: Rule,
    finding: Finding,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
}

#[derive(Deserialize)]
struct Finding {
    #[serde(default)]
    snippet: String,
    path: String,
    line: Option<u64>,
    #[serde(default)]
    validation: Validation,
    git_metadata: Option<Git>,
}

#[derive(Deserialize, Default)]
struct Validation {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Git {
    #[serde(default)]
    repository_url: String,
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    date: Option<String>,
}

#[derive(Deserialize)]
struct Audit {
    completed_at: Option<String>,
    #[serde(default)]
    summary: Counts,
    #[serde(default)]
    repositories: Vec<Repository>,
}

/// How many repositories came to what.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    fetch_failed: u64,
    scan_partial: u64,
    scan_failed: u64,
    pending: u64,
}

#[derive(Deserialize)]
struct Repository {
    git: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Metadata {
    generated_at: Option<String>,
    #[serde(default)]
    command_line_args: Vec<String>,
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    confidence_level: Option<String>,
}

impl Validation {
    /// Whether the secret works, as far as Kingfisher tried; older versions say it in words only.
    fn validity(&self) -> (&'static str, bool) {
        match (self.outcome.as_str(), self.status.as_str()) {
            ("verified_active", _) | ("", "Active Credential") => ("active", true),
            ("verified_inactive", _) | ("", "Inactive Credential") => ("inactive", true),
            _ => ("unknown", false),
        }
    }
}

/// What the file says of the scan as a whole.
#[derive(Default)]
struct Scan {
    has_history: bool,
    is_unfinished: bool,
    is_filtered: bool,
    talk: Vec<&'static str>,
    made_at: Option<Moment>,
}

impl Scan {
    /// Reads envelopes that follow each other, or that stand in one array (`jq -s`).
    fn envelopes(&mut self, reader: impl Read, at: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let values = ["audit", "metadata"];
        json::pieces_of_documents(reader, &["findings"], &values, &mut |number, piece| {
            let locator = match number {
                1 => format!("{at}{}", piece.pointer),
                _ => format!("document {number} {}", piece.pointer),
            };
            match piece.key.as_str() {
                "findings" => self.finding(piece.text(), &locator, input, out),
                "audit" => self.audit(piece.text(), out),
                "metadata" => self.metadata(piece.text(), out),
                _ => self.element(piece.text(), &locator, input, out),
            }
        })
    }

    fn element(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        // An array inside the array is no envelope; the depth ends here.
        if !text.starts_with('{') {
            return out.record(locator, |_| Err(Reject::because("the record is no envelope of Kingfisher").into()));
        }
        self.envelopes(text.as_bytes(), locator, input, out)
    }

    fn finding(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.record(locator, |out| {
            let record: Record = json::parse(text, "a finding of Kingfisher")?;
            self.read(&record, locator, input, out)
        })
    }

    fn read(&mut self, record: &Record, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let Record { rule, finding } = record;
        if rule.id.is_empty() || finding.path.is_empty() {
            return Err(Reject::because("the finding names no rule or no path").into());
        }
        let commit = finding.git_metadata.as_ref().and_then(|git| git.commit.as_ref());
        let date = commit.and_then(|commit| commit.date.as_deref()).filter(|date| !date.is_empty());
        let first_seen_at = date.map(|date| out.past("git_metadata.commit.date", date, locator)).transpose()?;
        self.has_history |= commit.is_some();
        let path = location::without_login(&finding.path);
        let sighting = Sighting {
            rule: &rule.id,
            file: &path,
            line: finding.line,
            in_history: commit.is_some(),
            value: &finding.snippet,
            prints: Prints::of(&finding.snippet),
        };
        let (validity, verified) = finding.validation.validity();
        let row = sighting.row(input, locator);
        let mut row = Exposure { first_seen_at, validity: Some(Word::from(validity)), verified: Some(verified), ..row };
        if let Some((provider, kind)) = location::kind_of_link(&path) {
            self.talk.push(provider);
            row.provider = Word::from(provider);
            row.location_type = Word::from(kind);
        }
        // A local repository is `.`, which names nothing.
        let repository = finding.git_metadata.as_ref().map(|git| location::without_login(&git.repository_url));
        if let Some(repository) = repository.filter(|url| url.contains("://")) {
            row.repo_or_channel = Some(repository);
        }
        out.push(row)?;
        Ok(())
    }

    fn audit(&mut self, text: &str, out: &mut Output) -> Result<(), Broken> {
        let audit: Audit = json::parse(text, "an audit of Kingfisher").map_err(|Reject(reason)| Broken::new(reason))?;
        let Counts { fetch_failed, scan_partial, scan_failed, pending } = audit.summary;
        self.is_unfinished |= fetch_failed + scan_partial + scan_failed + pending > 0;
        self.has_history |= audit.repositories.iter().any(|repository| repository.git.is_some());
        self.made(audit.completed_at.as_deref(), out);
        Ok(())
    }

    fn metadata(&mut self, text: &str, out: &mut Output) -> Result<(), Broken> {
        let metadata: Metadata =
            json::parse(text, "the metadata of Kingfisher").map_err(|Reject(reason)| Broken::new(reason))?;
        let is_filter = |arg: &String| FILTERS.contains(&arg.split('=').next().unwrap_or_default());
        let level = metadata.summary.and_then(|summary| summary.confidence_level);
        self.is_filtered |=
            metadata.command_line_args.iter().any(is_filter) || level.is_some_and(|level| level == "high");
        self.made(metadata.generated_at.as_deref(), out);
        Ok(())
    }

    /// Each repository of a large scan may have an envelope of its own: the last one ends the scan.
    fn made(&mut self, at: Option<&str>, out: &mut Output) {
        let at = at.and_then(|text| out.date("generated_at", text).ok());
        self.made_at = self.made_at.max(at);
        if let Some(at) = self.made_at {
            out.made_at(at);
        }
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let (level, note) = if self.is_unfinished {
            (Level::Partial, Some("the scan of a repository failed or did not end"))
        } else if self.is_filtered {
            (Level::Partial, Some("the scan was told to leave findings out"))
        } else {
            (Level::Full, (!self.has_history).then_some(FILES_ONLY))
        };
        cover_at(level, scope, note, out);
        for provider in &self.talk {
            cover_talk(provider, scope, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["secret_kind", "location_type", "location", "first_seen_at", "validity", "verified"];

    #[test]
    fn an_envelope_and_its_summary_are_one_scan() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/envelope.json");
        let seen = "2026-05-02T00:00:00Z";
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                ["kingfisher.github.1", "ci_config", ".github/workflows/deploy.yml:2", seen, "active", "true"],
                ["kingfisher.aws.1", "code", "src/config.py:1", "∅", "unknown", "false"],
                ["kingfisher.generic.2", "code", "src/config.py:2", "∅", "inactive", "true"],
                ["kingfisher.slack.1", "messaging", "https://acme.slack.com/archives/C0/p1", "∅", "unknown", "false"],
            ]
        );
        let (sha256, sha1) = hash::fingerprints("FAKE-CANARY-02");
        let columns = &["fingerprint", "fingerprint_sha1", "credential_id", "repo_or_channel"];
        let rows = loaded.rows(Exposure::TABLE, columns);
        assert_eq!(rows[0][3], "https://github.com/acme/web");
        assert_eq!(rows[1][2], "AKIACANRYCANRYCANRYC");
        assert_eq!(rows[2], [&sha256, &sha1, "∅", "good"]);
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-02T08:00:01Z", "in_file"));
        let expected = "exposure.messaging partial: which channels, projects or spaces were scanned is not said";
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        assert!(covered(&loaded).contains(&expected.to_owned()));
        loaded.assert_no_canary();
    }

    #[test]
    fn one_secret_is_one_exposure_whoever_finds_it() {
        let ours = load_fixture(&Kingfisher, "kingfisher.json/good/envelope.json");
        let theirs = load_fixture(&super::super::gitleaks::Gitleaks, "gitleaks.json/good/history.json");
        assert_eq!(
            ours.rows(Exposure::TABLE, &["exposure_id"])[2],
            theirs.rows(Exposure::TABLE, &["exposure_id"])[4],
            "the same file, line and value; both scopes are the folder `good`"
        );
    }

    #[test]
    fn one_finding_a_line() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/lines.jsonl");
        let columns = &["secret_kind", "location", "fingerprint", "locator"];
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns),
            [["kingfisher.openai.1", "agents/.mcp.json:1", "∅", "document 1"]]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.as_of.to_string().as_str()), (1, "2026-06-02T09:00:00Z"));
        assert_eq!(covered(&loaded)[0], format!("exposure.code full: {FILES_ONLY}"));
    }

    #[test]
    fn several_envelopes_may_follow_each_other() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/two-repositories.json");
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "locator"]),
            [["a.py:1", "/findings/0"], ["b.py:1", "document 3 /findings/0"]]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code partial: the scan of a repository failed or did not end");
        assert_eq!(loaded.estate.files[0].as_of.to_string(), "2026-06-02T08:30:00Z");
    }

    #[test]
    fn envelopes_may_stand_in_one_array() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/slurped.json");
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "locator"]),
            [["a.py:1", "/0/findings/0"], ["b.py:1", "/2/findings/0"]]
        );
        assert_eq!(loaded.estate.files[0].rows_read, 2);
    }

    #[test]
    fn a_clean_scan_and_a_filtered_one() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/clean.json");
        assert_eq!((loaded.estate.files[0].rows_read, covered(&loaded)[0].as_str()), (0, "exposure.code full"));
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/good/only-valid.json");
        assert_eq!(covered(&loaded)[0], "exposure.code partial: the scan was told to leave findings out");
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Kingfisher, "kingfisher.json/bad/wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/findings/1: the record does not have the shape of a finding"), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                "/findings/2: the finding names no rule or no path",
                "/findings/3: `git_metadata.commit.date` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
