//! Alerts of GitHub's secret scanning. They carry the secrets themselves, unless `hide_secret=true` was asked for.

use serde::Deserialize;

use super::places::{Details, Place};
use super::{PROVIDER, Scopes, owner_of, repository_in};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::scanners::access_key_id;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] =
    &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial), (Fact::ExposureMessaging, Level::Partial)];

/// `GET /orgs/{org}/secret-scanning/alerts`.
pub struct SecretScanningAlerts;

impl Source for SecretScanningAlerts {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.secret_scanning_alerts",
            title: "Alerts of GitHub secret scanning",
            provider: PROVIDER,
            command: "gh api --paginate '/orgs/ORG/secret-scanning/alerts?hide_secret=true&per_page=100' > \
                      secret-scanning-alerts.json",
            recognises: "JSON records with `secret_type`, `state` and `number`; an empty array in a file whose name \
                         says secret-scanning",
            facts: FACTS,
            main_view: "exposures",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let name = probe.file_name().replace('_', "-");
        let bare: String = probe.head().split_whitespace().collect();
        // No alerts look like anybody's empty list; only the name tells.
        let is_clean = bare == "[]" && name.contains("secret-scanning") && !name.contains("location");
        let is_alert = api::first_record(probe, "")
            .is_some_and(|record| ["secret_type", "state", "number"].iter().all(|key| record.has(key)));
        Recognised::yes_if(is_clean || is_alert)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        let mut one_by_one = false;
        api::records(input, "", out, &mut |text, locator, out| {
            let alert: Alert = json::parse(text, "an alert of secret scanning")?;
            // Lists of one repository do not repeat it in every alert.
            one_by_one |= alert.repository.is_none();
            read(&alert, locator, input, &mut scopes, out)
        })?;
        let (level, code) = match one_by_one {
            true => (Level::Partial, "repositories that were asked for, one by one"),
            false => (Level::Full, "repositories with secret scanning switched on"),
        };
        let facts = [(Fact::ExposureCode, level), (Fact::ExposureCi, Level::Partial)];
        let facts = [facts.as_slice(), &[(Fact::ExposureMessaging, Level::Partial)]].concat();
        let note = |fact| match fact {
            Fact::ExposureCode => Some(code),
            Fact::ExposureCi => Some("workflow files in repositories; variables and logs are not scanned"),
            _ => Some("issues, pull requests, discussions and wikis of repositories"),
        };
        scopes.cover(&facts, note, out, input);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Alert {
    number: u64,
    created_at: String,
    html_url: Option<String>,
    url: Option<String>,
    state: String,
    resolution: Option<String>,
    resolved_at: Option<String>,
    secret_type: String,
    #[serde(default)]
    secret: Option<String>,
    repository: Option<Repository>,
    validity: Option<String>,
    publicly_leaked: Option<bool>,
    first_location_detected: Option<Details>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
    private: Option<bool>,
}

/// What was decided about an alert.
fn status_of(state: &str, resolution: Option<&str>) -> Result<&'static str, Reject> {
    match (state, resolution) {
        ("open", _) => Ok("open"),
        ("resolved", Some("false_positive")) => Ok("false_positive"),
        ("resolved", Some("revoked")) => Ok("revoked"),
        // The secret stays where it is, and somebody has said that this is all right.
        ("resolved", Some("wont_fix" | "used_in_tests")) => Ok("accepted"),
        ("resolved", _) => Ok("resolved"),
        _ => Err(Reject::because("`state` is neither open nor resolved")),
    }
}

fn read(alert: &Alert, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let status = status_of(&alert.state, alert.resolution.as_deref())?;
    let detected_at = out.past("created_at", &alert.created_at, locator)?;
    let resolved_at = api::past("resolved_at", alert.resolved_at.as_ref(), locator, out)?;
    let urls = [alert.html_url.as_deref(), alert.url.as_deref()];
    let repository = match &alert.repository {
        Some(repository) => Some(repository.full_name.clone()),
        None => urls.into_iter().flatten().find_map(repository_in),
    };
    let scope = scopes.of(repository.as_deref().map(owner_of), input);
    let found = alert.first_location_detected.as_ref().and_then(Details::place);
    // Older servers do not say where; the alert's own number keeps it apart from others.
    let mut place =
        found.unwrap_or_else(|| Place::named(format!("secret scanning alert {}", alert.number), repository.clone()));
    if let Some(repository) = repository {
        place.repository = Some(repository);
    }
    let secret = alert.secret.as_deref().filter(|secret| !is_hidden(secret));
    let (sha256, sha1) = secret.map(hash::fingerprints).unzip();
    let is_private = alert.repository.as_ref().and_then(|repository| repository.private);
    out.push(Exposure {
        exposure_id: place.exposure_id(&scope),
        credential_id: secret.and_then(access_key_id),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        secret_kind: Word::from(alert.secret_type.as_str()),
        location_type: Word::from(place.kind),
        location: place.location(),
        repo_or_channel: place.repository,
        detected_at: Some(detected_at),
        resolved_at,
        status: Some(Word::from(status)),
        validity: alert.validity.as_deref().map(|word| Word::from(if is_validity(word) { word } else { "unknown" })),
        // GitHub asks the issuer where it can; a secret that it could not ask about is not known to be tried.
        verified: (alert.validity.as_deref() == Some("active")).then_some(true),
        public: if alert.publicly_leaked == Some(true) { Some(true) } else { is_private.map(|private| !private) },
        fingerprint: sha256,
        fingerprint_sha1: sha1,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Exposure::default()
    })?;
    Ok(())
}

fn is_validity(word: &str) -> bool {
    matches!(word, "active" | "inactive" | "unknown")
}

/// Values that somebody has taken out.
fn is_hidden(secret: &str) -> bool {
    secret.is_empty() || secret.chars().all(|letter| letter == '*') || secret.eq_ignore_ascii_case("redacted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] =
        &["secret_kind", "location_type", "location", "repo_or_channel", "status", "validity", "verified", "public"];

    #[test]
    fn alerts_say_where_what_and_whether_it_works() {
        let loaded = load_fixture(&SecretScanningAlerts, "github.secret_scanning_alerts/good/org.json");
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                [
                    "aws_access_key_id",
                    "git_history",
                    "acme/web: deploy/settings.py:4",
                    "acme/web",
                    "open",
                    "active",
                    "true",
                    "false"
                ],
                [
                    "slack_incoming_webhook_url",
                    "ticket",
                    "https://api.github.com/repos/acme/web/issues/comments/8",
                    "acme/web",
                    "accepted",
                    "unknown",
                    "∅",
                    "true"
                ],
                [
                    "npm_token",
                    "other",
                    "acme/api: secret scanning alert 3",
                    "acme/api",
                    "revoked",
                    "inactive",
                    "∅",
                    "true"
                ],
                [
                    "npm_token",
                    "ci_config",
                    "acme/api: .github/workflows/ci.yml:9",
                    "acme/api",
                    "resolved",
                    "∅",
                    "∅",
                    "∅"
                ],
            ]
        );
        let rows = loaded.rows(Exposure::TABLE, &["credential_id", "detected_at", "resolved_at", "fingerprint"]);
        let (sha256, _) = hash::fingerprints("AKIACANRYCANRYCANRYC");
        assert_eq!(rows[0], ["AKIACANRYCANRYCANRYC", "2026-05-06T18:48:51Z", "∅", sha256.as_str()]);
        let (sha256, _) = hash::fingerprints("https://hooks.example/CANARY");
        assert_eq!(rows[1], ["∅", "2026-05-07T18:48:51Z", "2026-05-08T02:47:13Z", sha256.as_str()]);
        assert_eq!(rows[2][3], "∅");
        assert_eq!(covered(&loaded)[0], "exposure.code full: repositories with secret scanning switched on");
        assert_eq!((loaded.estate.files[0].scope_id.as_str(), loaded.estate.files[0].rows_loaded), ("acme", 4));
    }

    #[test]
    fn a_list_of_one_repository_covers_no_more() {
        let loaded = load_fixture(&SecretScanningAlerts, "github.secret_scanning_alerts/good/repo.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["repo_or_channel", "scope_id"]), [["acme/web", "acme"]]);
        assert_eq!(covered(&loaded)[0], "exposure.code partial: repositories that were asked for, one by one");
    }

    #[test]
    fn no_alerts_are_evidence_too() {
        let loaded =
            load_fixture(&SecretScanningAlerts, "github.secret_scanning_alerts/good/secret-scanning-alerts.json");
        assert!(loaded.rows(Exposure::TABLE, COLUMNS).is_empty());
        assert!(covered(&loaded)[0].starts_with("exposure.code full"));
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&SecretScanningAlerts, "github.secret_scanning_alerts/bad/wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["secret_kind"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `state` is neither open nor resolved");
        assert_eq!(reasons[1], "/2: `created_at` is not a date");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of an alert"));
        loaded.assert_no_canary();
    }
}
