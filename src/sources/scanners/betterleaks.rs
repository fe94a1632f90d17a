//! Reports of betterleaks 2: one document, one envelope a line, or a bare list. They carry the secrets themselves
//! unless it ran with `--redact`, and a digest of each in any case.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::sighting::{Prints, Sighting, is_hidden};
use super::{FILES_ONLY, PROVIDER, access_key_id, cover_at, location};
use crate::inventory::column::Word;
use crate::inventory::schema::Exposure;
use crate::inventory::{Fact, Level};
use crate::sources::findings::principal;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `betterleaks`.
pub struct Betterleaks;

impl Source for Betterleaks {
    fn about(&self) -> &'static About {
        &About {
            kind: "betterleaks.json",
            title: "Report of betterleaks",
            provider: PROVIDER,
            command: "betterleaks git . --redact --output betterleaks.json --exit-code 0",
            recognises: "JSON with `schema_version` and `findings` of `rule_id`, `match` and `location`; one `finding` \
                         or `scan` a line; or a bare list of findings",
            facts: &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial)],
            main_view: "exposures",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        if let Some(first) = outline.elements().first() {
            return Recognised::yes_if(is_finding(first));
        }
        let names_itself = outline.get("scan").is_some_and(|scan| scan.has("betterleaks_version"));
        let finding = outline.get("finding").is_some_and(is_finding);
        let findings = outline.get("findings").and_then(|findings| findings.elements().first());
        Recognised::yes_if(
            outline.has("schema_version") && (names_itself || finding || findings.is_some_and(is_finding)),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut report = Report::default();
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if probe.has_key("findings") {
            json::pieces(input.reader()?, &["findings"], &["scan"], &mut |piece| match piece.is_element {
                true => report.finding(piece.text(), &piece.pointer, input, out),
                false => report.scan(piece.text(), out),
            })?;
        } else if probe.is_json_array() {
            json::pieces(input.reader()?, &[], &[], &mut |piece| {
                report.finding(piece.text(), &piece.pointer, input, out)
            })?;
        } else {
            json::documents(input.reader()?, &mut |number, document| {
                let locator = format!("document {number}");
                match json::parse::<Line>(document.get(), "a line of betterleaks") {
                    Ok(Line { scan: Some(scan), .. }) => report.scan(scan.get(), out),
                    Ok(Line { finding: Some(finding), .. }) => report.finding(finding.get(), &locator, input, out),
                    _ => out.record(&locator, |_| {
                        Err(Reject::because("the record does not have the shape of a line of betterleaks").into())
                    }),
                }
            })?;
        }
        report.cover(&input.scope_id, out);
        Ok(())
    }
}

fn is_finding(outline: &Outline) -> bool {
    outline.has("rule_id")
        && outline.get("match").is_some_and(Outline::is_object)
        && outline.get("location").is_some_and(Outline::is_object)
}

#[derive(Deserialize)]
struct Line {
    finding: Option<Box<RawValue>>,
    scan: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Finding {
    rule_id: String,
    #[serde(rename = "match")]
    matched: Match,
    location: Place,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    analysis: Analysis,
    #[serde(default)]
    component_sets: Vec<Components>,
}

#[derive(Deserialize)]
struct Match {
    #[serde(default)]
    value: String,
    #[serde(default)]
    full: String,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    path: String,
    start_line: Option<u64>,
}

#[derive(Deserialize, Default)]
struct Analysis {
    #[serde(default)]
    status: String,
    identity: Option<Identity>,
}

#[derive(Deserialize)]
struct Identity {
    id: Option<String>,
}

/// What was found near a secret and belongs to it: the secret key beside its key id.
#[derive(Deserialize)]
struct Components {
    components: Option<Vec<Option<Component>>>,
}

#[derive(Deserialize)]
struct Component {
    rule_id: String,
    #[serde(rename = "match")]
    matched: Match,
    location: Place,
}

#[derive(Deserialize)]
struct ScanRecord {
    #[serde(default)]
    state: String,
    finished: Option<String>,
    #[serde(default)]
    source: SourceRecord,
}

#[derive(Deserialize, Default)]
struct SourceRecord {
    #[serde(default, rename = "type")]
    kind: String,
}

impl Match {
    fn prints(&self) -> Prints {
        if is_hidden(&self.value) { Prints::of_sha256(&self.fingerprint) } else { Prints::of(&self.value) }
    }
}

impl Component {
    /// Account ids and user names are components too; they are no secrets.
    fn is_secret(&self) -> bool {
        let mut words = self.rule_id.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| ["secret", "password", "token"].iter().any(|known| word.eq_ignore_ascii_case(known)))
    }
}

/// The kind of place and its provider, where the scan was not of files or commits.
fn place_of(resource: &str) -> Option<(&'static str, &'static str)> {
    let (system, what) = resource.split_once('.')?;
    let is_any = |words: &[&str]| what.split('_').any(|word| words.contains(&word));
    if is_any(&["issue", "pr", "mr", "comment", "discussion"]) {
        Some(("ticket", "ticket"))
    } else if is_any(&["action", "actions", "job", "artifact", "artifacts"]) {
        Some((PROVIDER, "ci_log"))
    } else if system == "s3" || is_any(&["bucket"]) {
        Some((PROVIDER, "object_storage"))
    } else if system == "container" {
        Some((PROVIDER, "image"))
    } else {
        None
    }
}

/// What the file says of the scan as a whole.
#[derive(Default)]
struct Report {
    has_history: bool,
    is_incomplete: bool,
}

impl Report {
    fn finding(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.record(locator, |out| {
            let finding: Finding = json::parse(text, "a finding of betterleaks")?;
            self.read(&finding, locator, input, out)
        })
    }

    fn read(&mut self, finding: &Finding, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let attribute = |name: &str| finding.attributes.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let path = match finding.location.path.as_str() {
            "" => attribute("path").or_else(|| attribute("url")).unwrap_or_default(),
            path => path,
        };
        if finding.rule_id.is_empty() || path.is_empty() {
            return Err(Reject::because("the finding names no rule or no path").into());
        }
        let date = attribute("git.date");
        let first_seen_at = date.map(|date| out.past("git.date", date, locator)).transpose()?;
        let in_history = attribute("git.sha").is_some();
        self.has_history |= in_history;
        let (validity, verified, status) = match finding.analysis.status.as_str() {
            "valid" => ("active", Some(true), "open"),
            "invalid" => ("inactive", Some(true), "open"),
            "revoked" => ("inactive", Some(true), "revoked"),
            _ => ("unknown", None, "open"),
        };
        let place = attribute("resource").and_then(place_of).or_else(|| location::kind_of_link(path));
        let path = location::without_login(path);
        let repository = attribute("git.remote_url").map(location::without_login);
        let row = |rule: &str, matched: &Match, file: &str, line: Option<u64>| {
            let (value, prints) = (matched.value.as_str(), matched.prints());
            let row = Sighting { rule, file, line, in_history, value, prints }.row(input, locator);
            let (provider, location_type) = match place {
                Some((provider, kind)) => (Word::from(provider), Word::from(kind)),
                None => (row.provider, row.location_type),
            };
            Exposure {
                provider,
                location_type,
                first_seen_at,
                repo_or_channel: repository.clone().or(row.repo_or_channel),
                status: Some(Word::from(status)),
                validity: Some(Word::from(validity)),
                verified,
                ..row
            }
        };
        let mut main = row(&finding.rule_id, &finding.matched, &path, finding.location.start_line);
        main.credential_id = main.credential_id.or_else(|| access_key_id(&finding.matched.full));
        main.identity_id = finding.analysis.identity.as_ref().and_then(|identity| principal(identity.id.as_deref()?));
        let key = main.credential_id.clone();
        let owner = main.identity_id.clone();
        out.push(main)?;
        let sets = finding.component_sets.iter().flat_map(|set| set.components.iter().flatten().flatten());
        for part in sets.filter(|part| part.is_secret()) {
            let file = if part.location.path.is_empty() { path.as_str() } else { &part.location.path };
            let part = row(&part.rule_id, &part.matched, file, part.location.start_line);
            out.push(Exposure { credential_id: key.clone(), identity_id: owner.clone(), ..part })?;
        }
        Ok(())
    }

    fn scan(&mut self, text: &str, out: &mut Output) -> Result<(), Broken> {
        let scan: ScanRecord =
            json::parse(text, "a scan of betterleaks").map_err(|Reject(reason)| Broken::new(reason))?;
        self.is_incomplete |= scan.state != "complete";
        self.has_history |= scan.source.kind != "filesystem" && !scan.source.kind.is_empty();
        if let Some(at) = scan.finished.and_then(|text| out.date("finished", &text).ok()) {
            out.made_at(at);
        }
        Ok(())
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let (level, note) = match self.is_incomplete {
            true => (Level::Partial, Some("the scan did not end")),
            false => (Level::Full, (!self.has_history).then_some(FILES_ONLY)),
        };
        cover_at(level, scope, note, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["secret_kind", "location_type", "location", "credential_id", "validity", "status"];

    #[test]
    fn a_report_and_the_parts_of_its_secrets() {
        let loaded = load_fixture(&Betterleaks, "betterleaks.json/good/history.json");
        let key = "AKIACANRYCANRYCANRYC";
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                ["aws-access-token", "git_history", "src/config.py:1", key, "active", "open"],
                ["aws-secret-access-key", "git_history", "src/config.py:2", key, "active", "open"],
                ["github-pat", "ci_config", ".github/workflows/deploy.yml:2", "∅", "inactive", "revoked"],
                ["openai-api-key", "ticket", "https://github.com/acme/web/issues/7", "∅", "unknown", "open"],
            ]
        );
        let (sha256, sha1) = hash::fingerprints("FAKE-CANARY-02");
        let rows = loaded.rows(
            Exposure::TABLE,
            &["fingerprint", "fingerprint_sha1", "identity_id", "first_seen_at", "repo_or_channel"],
        );
        let role = "arn:aws:iam::111122223333:role/agent-runner";
        let seen = "2026-05-02T10:00:00Z";
        assert_eq!(rows[1], [sha256.as_str(), sha1.as_str(), role, seen, "https://github.com/acme/web.git"]);
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-02T08:00:01.5Z", "in_file"));
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        loaded.assert_no_canary();
    }

    #[test]
    fn one_secret_is_one_exposure_whoever_finds_it() {
        let ours = load_fixture(&Betterleaks, "betterleaks.json/good/history.json");
        let theirs = load_fixture(&super::super::gitleaks::Gitleaks, "gitleaks.json/good/history.json");
        let columns = &["exposure_id", "fingerprint"];
        assert_eq!(ours.rows(Exposure::TABLE, columns)[1], theirs.rows(Exposure::TABLE, columns)[4]);
    }

    #[test]
    fn a_redacted_value_keeps_the_digest_unless_it_is_keyed() {
        let loaded = load_fixture(&Betterleaks, "betterleaks.json/good/redacted.jsonl");
        let (sha256, _) = hash::fingerprints("FAKE-CANARY-02");
        assert_eq!(
            loaded.rows(Exposure::TABLE, &["location", "fingerprint", "fingerprint_sha1", "locator"]),
            [["src/config.py:2", sha256.as_str(), "∅", "document 1"], ["src/config.py:3", "∅", "∅", "document 2"]]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code partial: the scan did not end");
    }

    #[test]
    fn a_bare_list_and_a_clean_scan() {
        let loaded = load_fixture(&Betterleaks, "betterleaks.json/good/bare.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location", "locator"]), [["a.py:1", "/0"]]);
        assert_eq!(covered(&loaded)[0], format!("exposure.code full: {FILES_ONLY}"));
        for clean in ["clean.json", "clean.jsonl"] {
            let loaded = load_fixture(&Betterleaks, &format!("betterleaks.json/good/{clean}"));
            assert_eq!((loaded.estate.files[0].rows_read, covered(&loaded).len()), (0, 2), "{clean}");
        }
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Betterleaks, "betterleaks.json/bad/wrong.json");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["a.py:1"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/findings/1: the record does not have the shape of a finding"), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            ["/findings/2: the finding names no rule or no path", "/findings/3: `git.date` is not a date"]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn resources_tell_places_apart() {
        for (resource, kind) in [
            ("git.patch_content", None),
            ("fs.content", None),
            ("github.issue_comment", Some("ticket")),
            ("gitlab.mr", Some("ticket")),
            ("github.action_log", Some("ci_log")),
            ("gitlab.ci_job", Some("ci_log")),
            ("huggingface.bucket", Some("object_storage")),
            ("s3.object", Some("object_storage")),
            ("", None),
        ] {
            assert_eq!(place_of(resource).map(|(_, kind)| kind), kind, "{resource}");
        }
    }
}
