//! Baselines of detect-secrets. They hold SHA-1 hashes instead of values, so that a baseline can be committed,
//! and what people said of each finding in an audit.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{FILES_ONLY, PROVIDER, cover, location};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::json::Piece;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `.secrets.baseline`.
pub struct DetectSecrets;

impl Source for DetectSecrets {
    fn about(&self) -> &'static About {
        &About {
            kind: "detect_secrets.baseline",
            title: "Baseline of detect-secrets",
            provider: PROVIDER,
            command: "detect-secrets scan --all-files > .secrets.baseline",
            recognises: "JSON with `plugins_used` and `results`",
            facts: &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial)],
            main_view: "exposures",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        // `results` may lie behind the head: all settings come first.
        let settings = probe.has_key("plugins_used") && probe.has_key("version");
        Recognised::yes_if(!probe.is_json_array() && settings && (probe.has_key("results") || probe.is_cut()))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        json::entries(input.reader()?, &["results"], &["generated_at"], &mut |file, piece| {
            if piece.is_element {
                return read_file(file, &piece, input, out);
            }
            let made_at = piece.parse::<String>("a date").and_then(|text| out.date("generated_at", &text));
            out.made_at(made_at.map_err(|Reject(reason)| Broken::new(reason))?);
            Ok(())
        })?;
        cover(&input.scope_id, Some(FILES_ONLY), out);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Finding {
    #[serde(rename = "type")]
    kind: String,
    hashed_secret: String,
    line_number: u64,
    is_verified: Option<bool>,
    is_secret: Option<bool>,
}

/// One secret on one line, however many detectors found it.
struct Found {
    kind: String,
    locator: String,
    is_verified: Option<bool>,
    /// Whether everybody who judged it said that it is none.
    is_false: bool,
}

fn read_file(file: &str, piece: &Piece, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let findings: Vec<Box<serde_json::value::RawValue>> = match piece.parse("a list of findings") {
        Ok(findings) => findings,
        Err(reject) => return out.record(&piece.pointer, |_| Err(reject.into())),
    };
    let mut found: BTreeMap<(u64, String), Found> = BTreeMap::new();
    for (at, raw) in findings.iter().enumerate() {
        let locator = format!("{}/{at}", piece.pointer);
        out.record(&locator, |_| {
            let finding: Finding = json::parse(raw.get(), "a finding of detect-secrets")?;
            let sha1 = finding.hashed_secret.to_ascii_lowercase();
            if sha1.len() != 40 || !sha1.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(Reject::because("`hashed_secret` is not a SHA-1 digest in hex").into());
            }
            let is_false = finding.is_secret == Some(false);
            found
                .entry((finding.line_number, sha1))
                .and_modify(|known| {
                    known.is_verified = known.is_verified.max(finding.is_verified);
                    known.is_false &= is_false;
                })
                .or_insert(Found {
                    kind: finding.kind,
                    locator: locator.clone(),
                    is_verified: finding.is_verified,
                    is_false,
                });
            Ok(())
        })?;
    }
    let file = location::clean(file);
    for ((line, sha1), found) in found {
        let place = format!("{file}:{line}");
        let sha1 = format!("sha1:{sha1}");
        out.push(Exposure {
            exposure_id: location::exposure_id(&input.scope_id, &place, &found.kind, Some(&sha1)),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            secret_kind: Word(found.kind),
            location_type: Word::from(location::kind_of(file).unwrap_or("code")),
            location: place,
            repo_or_channel: Some(input.scope_id.clone()),
            status: Some(Word::from(if found.is_false { "false_positive" } else { "open" })),
            // The tool's own word: it tried the secret and it worked, or it did not get that far. A `false` says
            // nothing of the secret, so `validity` stays NULL.
            validity: (found.is_verified == Some(true)).then(|| Word::from("active")),
            verified: found.is_verified,
            fingerprint_sha1: Some(sha1),
            source_id: input.source_id.clone(),
            locator: found.locator,
            ..Exposure::default()
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] =
        &["secret_kind", "location_type", "location", "status", "verified", "validity", "fingerprint"];

    #[test]
    fn one_row_a_secret_and_line() {
        let loaded = load_fixture(&DetectSecrets, "detect_secrets.baseline/good/baseline.json");
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                ["GitHub Token", "ci_config", ".github/workflows/deploy.yml:8", "open", "false", "∅", "∅"],
                ["AWS Access Key", "ci_config", ".github/workflows/deploy.yml:10", "open", "true", "active", "∅"],
                ["Secret Keyword", "code", "src/config.py:2", "false_positive", "false", "∅", "∅"],
                ["Secret Keyword", "code", "src/config.py:9", "open", "∅", "∅", "∅"],
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded), (6, 6));
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-23T17:58:18Z", "in_file"));
        assert!(covered(&loaded)[0].starts_with("exposure.code full"));
    }

    #[test]
    fn a_hash_joins_with_the_value_that_another_scanner_saw() {
        let loaded = load_fixture(&DetectSecrets, "detect_secrets.baseline/good/baseline.json");
        let (_, sha1) = crate::sources::hash::fingerprints("FAKE-CANARY-02");
        let ours = loaded.rows(Exposure::TABLE, &["fingerprint_sha1", "exposure_id"]);
        assert_eq!(ours[2][0], sha1);
        let theirs = load_fixture(&super::super::gitleaks::Gitleaks, "gitleaks.json/good/history.json");
        // The same file, line and value; both scopes are the folder `good`.
        assert_eq!(theirs.rows(Exposure::TABLE, &["fingerprint_sha1", "exposure_id"])[4], ours[2]);
    }

    #[test]
    fn a_clean_baseline_covers_and_holds_nothing() {
        let loaded = load_fixture(&DetectSecrets, "detect_secrets.baseline/good/clean.json");
        assert!(loaded.rows(Exposure::TABLE, COLUMNS).is_empty());
        assert_eq!(covered(&loaded).len(), 2);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&DetectSecrets, "detect_secrets.baseline/bad/wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py:1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/results/a.py/1: `hashed_secret` is not a SHA-1 digest in hex");
        assert!(reasons[1].starts_with("/results/a.py/2: the record does not have the shape"), "{reasons:?}");
        assert!(reasons[2].starts_with("/results/b.py: the record does not have the shape"), "{reasons:?}");
    }
}
