//! Reports of gitleaks. They carry the secrets themselves, unless it ran with `--redact`.

use serde::Deserialize;

use super::sighting::{Prints, Sighting};
use super::{FILES_ONLY, PROVIDER, access_key_id, cover};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `gitleaks git` and `gitleaks dir`.
pub struct Gitleaks;

impl Source for Gitleaks {
    fn about(&self) -> &'static About {
        &About {
            kind: "gitleaks.json",
            title: "Report of gitleaks",
            provider: PROVIDER,
            command: "gitleaks git . --report-format json --report-path gitleaks.json --exit-code 0",
            recognises: "JSON array of findings with `RuleID`, `StartLine` and `File`; an empty array in a file whose \
                         name says gitleaks",
            facts: &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial)],
            main_view: "exposures",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.is_json_array() && ["RuleID", "StartLine", "File"].iter().all(|key| probe.has_key(key)) {
            return Recognised::Yes;
        }
        let bare: String = probe.head().split_whitespace().collect();
        match bare == "[]" {
            // Every tool writes nothing in the same way; only the name tells whose nothing it is.
            true if probe.file_name().contains("gitleaks") => Recognised::Yes,
            true => Recognised::Maybe(
                "an empty list; if it is a clean scan of gitleaks, put `gitleaks` in its name".to_owned(),
            ),
            false => Recognised::No,
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut files_only = false;
        json::pieces(input.reader()?, &[], &[], &mut |piece| {
            out.record(&piece.pointer, |out| {
                let finding: Finding = piece.parse("a finding of gitleaks")?;
                files_only |= finding.commit.is_empty();
                read(&finding, &piece.pointer, input, out)
            })
        })?;
        cover_report(files_only, input, out);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Finding {
    #[serde(rename = "RuleID")]
    rule: String,
    file: String,
    start_line: u64,
    #[serde(default)]
    secret: String,
    #[serde(default, rename = "Match")]
    matched: String,
    #[serde(default)]
    pub commit: String,
    #[serde(default)]
    date: String,
}

/// Reads one finding, in whichever of its forms gitleaks printed it.
pub(super) fn read(finding: &Finding, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    if finding.file.is_empty() || finding.rule.is_empty() {
        return Err(Reject::because("the finding names no file or no rule").into());
    }
    // In a scan of files the date is empty.
    let first_seen_at = match finding.date.as_str() {
        "" => None,
        date => Some(out.past("Date", date, locator)?),
    };
    let sighting = Sighting {
        rule: &finding.rule,
        file: &finding.file,
        line: Some(finding.start_line),
        in_history: !finding.commit.is_empty(),
        value: &finding.secret,
        prints: Prints::of(&finding.secret),
    };
    let mut row = sighting.row(input, locator);
    row.credential_id = row.credential_id.or_else(|| access_key_id(&finding.matched));
    row.first_seen_at = first_seen_at;
    out.push(row)?;
    Ok(())
}

/// What a whole report shows.
pub(super) fn cover_report(files_only: bool, input: &Input, out: &mut Output) {
    cover(&input.scope_id, files_only.then_some(FILES_ONLY), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["secret_kind", "location_type", "location", "credential_id", "first_seen_at", "status"];

    #[test]
    fn history_is_told_from_files_and_places_from_code() {
        let loaded = load_fixture(&Gitleaks, "gitleaks.json/good/history.json");
        let seen = "2026-05-02T10:00:00Z";
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                ["slack-bot-token", "messaging", "slack-export/general/2026-05-02.json:1", "∅", seen, "open"],
                ["generic-api-key", "ci_config", ".gitlab-ci.yml:3", "∅", seen, "open"],
                ["github-pat", "agent_config", "agents/.mcp.json:1", "∅", seen, "open"],
                ["aws-access-token", "git_history", "src/config.py:1", "AKIACANRYCANRYCANRYC", seen, "open"],
                ["generic-api-key", "git_history", "src/config.py:2", "AKIACANRYCANRYCANRYC", seen, "open"],
            ]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        assert!(covered(&loaded)[1].starts_with("exposure.ci partial: "));
    }

    #[test]
    fn the_same_secret_has_the_same_hash_and_a_redacted_one_has_none() {
        let loaded = load_fixture(&Gitleaks, "gitleaks.json/good/files-redacted.json");
        let rows =
            loaded.rows(Exposure::TABLE, &["location_type", "fingerprint", "first_seen_at", "verified", "validity"]);
        assert_eq!(rows, [["code", "∅", "∅", "∅", "∅"], ["code", "∅", "∅", "∅", "∅"]]);
        assert_eq!(covered(&loaded)[0], "exposure.code full: files as they are; the history was not scanned");

        let loaded = load_fixture(&Gitleaks, "gitleaks.json/good/history.json");
        let rows = loaded.rows(Exposure::TABLE, &["fingerprint", "fingerprint_sha1"]);
        let (sha256, sha1) = hash::fingerprints("FAKE-CANARY-02");
        assert_eq!(rows[1], [sha256, sha1]);
        assert_eq!(rows[1], rows[4]);
    }

    #[test]
    fn a_clean_scan_covers_and_holds_nothing() {
        let loaded = load_fixture(&Gitleaks, "gitleaks.json/good/gitleaks-clean.json");
        assert!(loaded.rows(Exposure::TABLE, COLUMNS).is_empty());
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        assert_eq!(loaded.estate.files[0].rows_read, 0);
    }

    #[test]
    fn a_wrong_record_is_put_aside_without_its_values() {
        let loaded = load_fixture(&Gitleaks, "gitleaks.json/bad/one-wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py:1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons.len(), 2);
        assert!(
            reasons[0].starts_with("/1: the record does not have the shape of a finding of gitleaks"),
            "{reasons:?}"
        );
        assert_eq!(reasons[1], "/2: `Date` is not a date");
    }
}
