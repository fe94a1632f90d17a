//! SARIF 2.1 logs of any tool. What a secret scanner found is an exposure, anything else a finding. Messages and
//! snippets may hold the secrets themselves: a snippet is hashed, and neither is kept.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::sarif_log::{Log, Rule, RuleRef, Run, is_secret_tag};
use super::sighting::{Prints, Sighting};
use super::{FILES_ONLY, PROVIDER, cover_at, location};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::findings::{Subject, Verdict};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json, nested};

/// SARIF logs.
pub struct Sarif;

impl Source for Sarif {
    fn about(&self) -> &'static About {
        &About {
            kind: "sarif.log",
            title: "SARIF log of any scanner",
            provider: PROVIDER,
            command: "gitleaks git . --report-format sarif --report-path gitleaks.sarif --exit-code 0",
            recognises: "JSON with `runs`, and `version` 2.1.0 or a `$schema` that says sarif",
            facts: &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial)],
            main_view: "exposures",
            precedence: 4,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let schema = probe.text_at("$schema").unwrap_or_default().to_lowercase();
        let is_sarif = schema.contains("sarif") || probe.text_at("version") == Some("2.1.0");
        Recognised::yes_if(!probe.is_json_array() && probe.has_key("runs") && is_sarif)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let log: Log = json::skim(input.reader()?, "a SARIF log")?;
        let mut seen: Vec<Seen> = log.runs.iter().map(|_| Seen::default()).collect();
        nested::pieces_within(input.reader()?, "runs", &["results"], &[], &mut |number, piece| {
            let (Some(run), Some(seen)) = (log.runs.get(number), seen.get_mut(number)) else { return Ok(()) };
            out.record(&piece.pointer, |out| {
                let result: ResultRecord = piece.parse("a result of SARIF")?;
                read(&result, run, seen, &piece.pointer, input, out)
            })
        })?;
        let ends: Vec<&str> = log.runs.iter().flat_map(Run::ends).collect();
        let made_at: Option<Moment> = ends.into_iter().filter_map(|text| out.date("endTimeUtc", text).ok()).max();
        if let Some(at) = made_at {
            out.made_at(at);
        }
        for (run, seen) in log.runs.iter().zip(&seen) {
            seen.cover(run, &input.scope_id, out);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultRecord {
    rule_id: Option<String>,
    rule_index: Option<usize>,
    rule: Option<RuleRecord>,
    kind: Option<String>,
    level: Option<String>,
    baseline_state: Option<String>,
    suppressions: Option<Vec<Suppression>>,
    locations: Option<Vec<Location>>,
    partial_fingerprints: Option<BTreeMap<String, Value>>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleRecord {
    id: Option<String>,
    index: Option<usize>,
    tool_component: Option<ComponentRecord>,
}

#[derive(Deserialize)]
struct ComponentRecord {
    index: Option<usize>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<PhysicalLocation>,
    properties: Option<LocationProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
    snippet: Option<Snippet>,
}

#[derive(Deserialize)]
struct Snippet {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Properties {
    tags: Option<Vec<String>>,
}

/// What Kingfisher says of a place beyond the schema.
#[derive(Deserialize)]
struct LocationProperties {
    git_metadata: Option<Git>,
}

#[derive(Deserialize)]
struct Git {
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    date: Option<String>,
}

/// What the results of a run together say of the scan.
#[derive(Default)]
struct Seen {
    has_secrets: bool,
    has_history: bool,
}

impl Seen {
    fn cover(&self, run: &Run, scope: &str, out: &mut Output) {
        let (level, note) = match (run.is_secret_scanner(), run.has_failed()) {
            _ if !run.has_results() => return,
            (true, true) => (Level::Partial, Some("the scan did not run to its end")),
            (true, false) if self.has_secrets && !self.has_history => (Level::Full, Some(FILES_ONLY)),
            (true, false) => (Level::Full, None),
            // A scanner for everything: a clean run may as well have left secrets out.
            (false, _) if self.has_secrets => {
                (Level::Partial, Some("whether all its rules for secrets ran is not said"))
            }
            (false, _) => return,
        };
        cover_at(level, scope, note, out);
    }
}

impl ResultRecord {
    fn rule_ref(&self) -> RuleRef<'_> {
        let rule = self.rule.as_ref();
        RuleRef {
            id: self.rule_id.as_deref().or_else(|| rule?.id.as_deref()),
            index: self.rule_index.or_else(|| rule?.index),
            extension: rule.and_then(|rule| rule.tool_component.as_ref()?.index),
        }
    }

    /// A suppression holds unless it is under review or was turned down.
    fn is_suppressed(&self) -> bool {
        let holds = |suppression: &Suppression| suppression.status.as_deref().is_none_or(|status| status == "accepted");
        self.suppressions.iter().flatten().any(holds)
    }

    fn is_gone(&self) -> bool {
        self.baseline_state.as_deref() == Some("absent")
    }

    /// What the tool says of it. A result without a kind is a failure.
    fn status(&self) -> &'static str {
        match self.kind.as_deref() {
            _ if self.is_gone() => "pass",
            Some("pass") => "pass",
            Some("notApplicable") => "not_applicable",
            Some("review" | "open" | "informational") => "manual",
            _ => "fail",
        }
    }

    /// A text that gitleaks and betterleaks put among the fingerprints.
    fn printed(&self, key: &str) -> Option<&str> {
        self.partial_fingerprints.as_ref()?.get(key)?.as_str().filter(|text| !text.is_empty())
    }
}

impl Location {
    fn region(&self) -> Option<&Region> {
        self.physical_location.as_ref()?.region.as_ref()
    }

    /// The file, as a path.
    fn path(&self) -> Option<String> {
        let uri = self.physical_location.as_ref()?.artifact_location.as_ref()?.uri.as_deref()?;
        let uri = uri.strip_prefix("file://").unwrap_or(uri);
        // A `%` that is no escape is a name that the tool did not encode.
        let path = percent_decode_str(uri).decode_utf8().map_or_else(|_| uri.to_owned(), |path| path.into_owned());
        let path = location::without_login(location::clean(&path));
        (!path.is_empty()).then_some(path)
    }

    fn snippet(&self) -> &str {
        let snippet = self.region().and_then(|region| region.snippet.as_ref()?.text.as_deref());
        snippet.unwrap_or_default()
    }

    fn commit(&self) -> Option<&Commit> {
        self.properties.as_ref()?.git_metadata.as_ref()?.commit.as_ref()
    }
}

fn read(
    result: &ResultRecord,
    run: &Run,
    seen: &mut Seen,
    locator: &str,
    input: &Input,
    out: &mut Output,
) -> Result<(), Stop> {
    let named = result.rule_ref();
    let rule = run.rule(&named);
    let Some(id) = named.id.or(rule.map(|rule| rule.id.as_str())).filter(|id| !id.is_empty()) else {
        return Err(Reject::because("the result names no rule").into());
    };
    let tags = result.properties.iter().flat_map(|properties| properties.tags.iter().flatten());
    let is_tagged = rule.is_some_and(Rule::is_of_secrets) || tags.into_iter().any(|tag| is_secret_tag(tag));
    if run.is_secret_scanner() || is_tagged {
        seen.has_secrets = true;
        return exposures(result, id, run, seen, locator, input, out);
    }
    let place = result.locations.iter().flatten().find_map(|place| Some((place.path()?, place.region())));
    let resource = match place {
        Some((path, Some(Region { start_line: Some(line), .. }))) => format!("{path}:{line}"),
        Some((path, _)) => path,
        None => input.scope_id.clone(),
    };
    // The default of SARIF is a warning.
    let status = result.status();
    let severity = rule.and_then(Rule::severity).or_else(|| result.level.clone());
    let verdict = Verdict {
        tool: run.tool(),
        tool_version: run.version().unwrap_or_default().to_owned(),
        check_id: id.to_owned(),
        status,
        severity: severity.unwrap_or_else(|| if status == "fail" { "warning".to_owned() } else { String::new() }),
        title: rule.and_then(Rule::title).unwrap_or_default().to_owned(),
        subject: Subject {
            system: PROVIDER.to_owned(),
            scope: input.scope_id.clone(),
            uid: resource,
            ..Subject::default()
        },
        ..Verdict::default()
    };
    out.push(verdict.row(input, locator)?)?;
    Ok(())
}

/// One row a place of the secret.
fn exposures(
    result: &ResultRecord,
    rule: &str,
    run: &Run,
    seen: &mut Seen,
    locator: &str,
    input: &Input,
    out: &mut Output,
) -> Result<(), Stop> {
    let status = match () {
        () if result.is_gone() => "resolved",
        () if result.is_suppressed() => "accepted",
        () => "open",
    };
    let mut rows = Vec::new();
    for place in result.locations.iter().flatten() {
        let Some(path) = place.path() else { continue };
        let date = result.printed("date").or_else(|| place.commit()?.date.as_deref());
        let first_seen_at = date.map(|date| out.past("date", date, locator)).transpose()?;
        let in_history = result.printed("commitSha").is_some() || place.commit().is_some();
        seen.has_history |= in_history;
        // Of a line that holds a secret among other things, the hash would join with nothing.
        let value = if run.has_exact_snippets() { place.snippet() } else { "" };
        let line = place.region().and_then(|region| region.start_line);
        let sighting = Sighting { rule, file: &path, line, in_history, value, prints: Prints::of(value) };
        let row = sighting.row(input, locator);
        rows.push(Exposure {
            first_seen_at,
            repo_or_channel: run.repository().map(location::without_login).or(row.repo_or_channel),
            status: Some(Word::from(status)),
            ..row
        });
    }
    if rows.is_empty() {
        return Err(Reject::because("the result names no file").into());
    }
    for row in rows {
        out.push(row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Finding, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] =
        &["secret_kind", "location_type", "location", "credential_id", "first_seen_at", "status", "locator"];

    #[test]
    fn results_of_a_secret_scanner_are_exposures() {
        let loaded = load_fixture(&Sarif, "sarif.log/good/gitleaks.sarif");
        let seen = "2026-05-02T10:00:00Z";
        let key = "AKIACANRYCANRYCANRYC";
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                ["generic-api-key", "git_history", "src/config.py:2", "∅", seen, "open", "/runs/0/results/0"],
                ["aws-access-token", "git_history", "src/config.py:1", key, seen, "accepted", "/runs/0/results/1"],
            ]
        );
        let theirs = load_fixture(&super::super::gitleaks::Gitleaks, "gitleaks.json/good/history.json");
        let columns = &["exposure_id", "fingerprint", "fingerprint_sha1"];
        assert_eq!(loaded.rows(Exposure::TABLE, columns)[0], theirs.rows(Exposure::TABLE, columns)[4]);
        assert!(loaded.rows(Finding::TABLE, &["title"]).is_empty());
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        loaded.assert_no_canary();
    }

    #[test]
    fn the_tool_may_stand_behind_its_results() {
        let loaded = load_fixture(&Sarif, "sarif.log/good/kingfisher.sarif");
        let (sha256, _) = hash::fingerprints("FAKE-CANARY-02");
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "fingerprint", "first_seen_at", "status"]),
            [["src/config.py:2", sha256.as_str(), "2026-05-02T00:00:00Z", "open"], [".env:1", "∅", "∅", "resolved"],]
        );
    }

    #[test]
    fn other_results_are_findings_unless_they_are_of_secrets() {
        let loaded = load_fixture(&Sarif, "sarif.log/good/mixed.sarif");
        let columns = &["tool", "tool_version", "check_id", "status", "severity", "resource_ref", "title"];
        assert_eq!(
            loaded.rows(Finding::TABLE, columns),
            [
                ["codeql", "2.20.0", "py/sql-injection", "fail", "high", "src/db file.py:7", "SQL query from input"],
                ["codeql", "2.20.0", "py/unused", "pass", "note", "good", "py/unused"],
                ["codeql", "2.20.0", "ext/one", "manual", "error", "src/a.py", "Of an extension"],
            ]
        );
        assert_eq!(loaded.rows(Finding::TABLE, &["provider", "scope_id"])[0], ["code", "good"]);
        let columns = &["secret_kind", "location", "fingerprint", "repo_or_channel"];
        assert_eq!(
            loaded.rows(Exposure::TABLE, columns),
            [
                ["py/hardcoded-credentials", "src/db.py:9", "∅", "https://github.com/acme/web"],
                ["py/hardcoded-credentials", "src/db.py:12", "∅", "https://github.com/acme/web"],
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-02T08:00:00Z", "in_file"));
        assert_eq!(covered(&loaded)[0], "exposure.code partial: whether all its rules for secrets ran is not said");
        loaded.assert_no_canary();
    }

    #[test]
    fn a_clean_run_covers_and_a_failed_one_does_not() {
        let loaded = load_fixture(&Sarif, "sarif.log/good/clean.sarif");
        assert_eq!((loaded.estate.files[0].rows_read, covered(&loaded)[0].as_str()), (0, "exposure.code full"));
        let loaded = load_fixture(&Sarif, "sarif.log/good/failed.sarif");
        assert_eq!(covered(&loaded)[0], "exposure.code partial: the scan did not run to its end");
        let loaded = load_fixture(&Sarif, "sarif.log/good/rules-only.sarif");
        assert!(covered(&loaded).is_empty());
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Sarif, "sarif.log/bad/wrong.sarif");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py:1"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/runs/0/results/1: the record does not have the shape"), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                "/runs/0/results/2: the result names no rule",
                "/runs/0/results/3: the result names no file",
                "/runs/0/results/4: `date` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }
}
