//! All places of a secret that GitHub's secret scanning has found. A list names neither the alert nor the secret, so
//! a place says that something lies there and no more; the alerts say what.

use serde::Deserialize;

use super::places::Details;
use super::{PROVIDER, Scopes, owner_of};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, json};

const FACTS: &[(Fact, Level)] = &[(Fact::ExposureCode, Level::Partial), (Fact::ExposureMessaging, Level::Partial)];

/// `GET /repos/{owner}/{repo}/secret-scanning/alerts/{number}/locations`.
pub struct SecretScanningLocations;

impl Source for SecretScanningLocations {
    fn about(&self) -> &'static About {
        &About {
            kind: "github.secret_scanning_locations",
            title: "Places of secrets that GitHub secret scanning has found",
            provider: PROVIDER,
            command: "for url in $(jq -r '.[] | select(.has_more_locations) | .locations_url' \
                      secret-scanning-alerts.json); do gh api --paginate $url; done > secret-scanning-locations.json",
            recognises: "JSON records of a `type` such as `commit`, `issue_body` or `wiki_commit`, and `details`",
            facts: FACTS,
            main_view: "exposures",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_place = api::first_record(probe, "").is_some_and(|record| {
            let known = record.text_at("type").is_some_and(is_type);
            known && record.get("details").is_some_and(|details| details.is_object())
        });
        Recognised::yes_if(is_place)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scopes = Scopes::default();
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, &mut scopes, out))?;
        scopes.cover(FACTS, |_| Some("places of the alerts that were asked for"), out, input);
        Ok(())
    }
}

fn is_type(kind: &str) -> bool {
    matches!(kind, "commit" | "wiki_commit")
        || ["issue_", "discussion_", "pull_request_"].iter().any(|start| kind.starts_with(start))
}

#[derive(Deserialize)]
struct Location {
    #[serde(rename = "type")]
    kind: String,
    details: Details,
}

fn read(text: &str, locator: &str, input: &Input, scopes: &mut Scopes, out: &mut Output) -> Result<(), Stop> {
    let found: Location = json::parse(text, "a place of a secret")?;
    if !is_type(&found.kind) {
        return Err(Reject::because("`type` is none of the known ones").into());
    }
    let place = found.details.place().ok_or_else(|| Reject::because("`details` name no place"))?;
    let scope = scopes.of(place.repository.as_deref().map(owner_of), input);
    out.push(Exposure {
        exposure_id: place.exposure_id(&scope),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope)),
        secret_kind: Word::from("secret"),
        location_type: Word::from(place.kind),
        location: place.location(),
        repo_or_channel: place.repository,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Exposure::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn places_are_told_and_nothing_else() {
        let loaded = load_fixture(&SecretScanningLocations, "github.secret_scanning_locations/good/places.json");
        let columns = &["location_type", "location", "repo_or_channel", "scope_id", "status", "locator"];
        let api = "https://api.github.com/repos/acme/web";
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns),
            [
                ["git_history", "acme/web: deploy/settings.py:4", "acme/web", "acme", "∅", "/0"],
                ["wiki", "acme/web: Home.md:1", "acme/web", "acme", "∅", "/1"],
                ["ticket", &format!("{api}/issues/7"), "acme/web", "acme", "∅", "/2"],
                ["ticket", &format!("{api}/pulls/2/reviews/80"), "acme/web", "acme", "∅", "document 2 /0"],
            ]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code partial: places of the alerts that were asked for");
    }

    #[test]
    fn the_first_place_of_an_alert_is_the_same_place() {
        let loaded = load_fixture(&SecretScanningLocations, "github.secret_scanning_locations/good/places.json");
        let alerts = load_fixture(
            &super::super::secret_scanning_alerts::SecretScanningAlerts,
            "github.secret_scanning_alerts/good/org.json",
        );
        let ids = |loaded: &crate::sources::testing::Loaded| loaded.rows(Exposure::TABLE, &["exposure_id"]);
        assert_eq!(ids(&loaded)[0], ids(&alerts)[0]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&SecretScanningLocations, "github.secret_scanning_locations/bad/wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py:1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `type` is none of the known ones");
        assert_eq!(reasons[1], "/2: `details` name no place");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of a place of a secret"));
        loaded.assert_no_canary();
    }
}
