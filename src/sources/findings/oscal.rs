//! OSCAL assessment results: what an assessor found of each control or objective. The model names no catalog, so
//! that a finding stays a finding and is never taken for an answer to a question of ours.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Subject, Verdict, principal};
use crate::config::Moment;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const ROOT: &str = "assessment-results";

/// OSCAL assessment results in JSON.
pub struct OscalResults;

impl Source for OscalResults {
    fn about(&self) -> &'static About {
        &About {
            kind: "oscal.assessment_results",
            title: "OSCAL assessment results (JSON)",
            provider: super::PROVIDER,
            command: "export the assessment results of your GRC platform as OSCAL JSON",
            recognises: "JSON with `assessment-results`",
            facts: &[],
            main_view: "scopes",
            precedence: 4,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(!probe.is_json_array() && probe.has_key(ROOT))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let text = input.text()?;
        let document: Document = json::skim(text.as_bytes(), "OSCAL assessment results")?;
        if let Some(at) = document.root.metadata.last_modified {
            let at = out.date("last-modified", &at).map_err(|Reject(reason)| Broken::new(reason))?;
            out.made_at(at);
        }
        for (number, result) in document.root.results.iter().enumerate() {
            let known = Known::of(result);
            for (at, finding) in result.findings.iter().flatten().enumerate() {
                let locator = format!("/{ROOT}/results/{number}/findings/{at}");
                out.record(&locator, |out| read(finding, &known, &locator, input, out))?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "assessment-results")]
    root: Root,
}

#[derive(Deserialize)]
struct Root {
    metadata: Metadata,
    results: Vec<Assessment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    last_modified: Option<String>,
}

#[derive(Deserialize)]
struct Assessment {
    uuid: String,
    #[serde(default)]
    title: String,
    start: Option<String>,
    end: Option<String>,
    observations: Option<Vec<Box<RawValue>>>,
    findings: Option<Vec<Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Observation {
    uuid: String,
    collected: Option<String>,
    #[serde(default)]
    subjects: Vec<ObservedSubject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ObservedSubject {
    subject_uuid: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    props: Vec<Prop>,
}

#[derive(Deserialize)]
struct Prop {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Finding {
    uuid: String,
    #[serde(default)]
    title: String,
    target: Target,
    #[serde(default)]
    related_observations: Vec<Related>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Target {
    target_id: String,
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Related {
    observation_uuid: String,
}

/// What one assessment says beside its findings.
struct Known {
    observations: BTreeMap<String, Observation>,
    /// The assessment's own name, for findings that name no subject.
    name: String,
    at: Option<String>,
}

impl Known {
    fn of(result: &Assessment) -> Self {
        let observations = result.observations.iter().flatten();
        // An observation is no record of ours: of one that cannot be read, the finding lacks the date and subject.
        let read = observations.filter_map(|raw| json::parse::<Observation>(raw.get(), "an observation").ok());
        Self {
            observations: read.map(|observation| (observation.uuid.clone(), observation)).collect(),
            name: if result.title.is_empty() { result.uuid.clone() } else { result.title.clone() },
            at: result.end.clone().or_else(|| result.start.clone()),
        }
    }

    fn of_finding<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Observation> {
        finding.related_observations.iter().filter_map(|related| self.observations.get(&related.observation_uuid))
    }
}

impl ObservedSubject {
    /// Its names, the best first: one that is an identity of ours, else its title, else its id.
    fn name(&self) -> &str {
        let props = self.props.iter().map(|prop| prop.value.as_str());
        let identity = std::iter::once(self.title.as_str()).chain(props).find(|text| principal(text).is_some());
        let title = Some(self.title.as_str()).filter(|title| !title.is_empty());
        identity.or(title).unwrap_or(&self.subject_uuid)
    }
}

fn read(raw: &RawValue, known: &Known, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let finding: Finding = json::parse(raw.get(), "a finding of OSCAL")?;
    let status = match finding.target.status.state.as_str() {
        "satisfied" => "pass",
        "not-satisfied" => "fail",
        _ => return Err(Reject::because("`target.status.state` is neither satisfied nor not-satisfied").into()),
    };
    let mut observed_at: Option<Moment> = None;
    for text in known.of_finding(&finding).filter_map(|observation| observation.collected.as_deref()) {
        observed_at = observed_at.max(Some(out.past("collected", text, locator)?));
    }
    if observed_at.is_none()
        && let Some(text) = &known.at
    {
        observed_at = Some(out.past("end", text, locator)?);
    }
    let names: Vec<&str> =
        known.of_finding(&finding).flat_map(|seen| &seen.subjects).map(ObservedSubject::name).collect();
    let subject = names.iter().find(|name| principal(name).is_some()).or(names.first());
    let verdict = Verdict {
        tool: "oscal".to_owned(),
        check_id: finding.target.target_id.clone(),
        status,
        observed_at,
        subject: Subject {
            uid: subject.map_or_else(|| known.name.clone(), |name| (*name).to_owned()),
            ..Subject::default()
        },
        uid: finding.uuid,
        title: finding.title,
        ..Verdict::default()
    };
    out.push(verdict.row(input, locator)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{self, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    const TABLE: &schema::Table = schema::Finding::TABLE;

    #[test]
    fn findings_take_date_and_subject_from_what_was_observed() {
        let loaded = load_fixture(&OscalResults, "oscal.assessment_results/good/results.json");
        let columns = &["finding_id", "check_id", "status", "resource_ref", "identity_id", "observed_at"];
        let role = "arn:aws:iam::111122223333:role/agent-runner";
        assert_eq!(
            loaded.rows(TABLE, columns),
            [
                ["45d8a6c2-1368-4bad-9ba0-7141f0a32889", "ac-6.1_obj", "fail", role, role, "2026-06-02T12:40:00Z"],
                [
                    "45d8a6c2-1368-4bad-9ba0-7141f0a32880",
                    "ac-2_smt",
                    "pass",
                    "Monthly monitoring",
                    "∅",
                    "2026-06-02T12:46:51Z"
                ],
            ]
        );
        let columns = &["tool", "provider", "title", "severity"];
        assert_eq!(
            loaded.rows(TABLE, columns)[0],
            ["oscal", "findings", "The agent's role permits high-risk actions", "∅"]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-03T08:00:00Z", "in_file"));
        assert!(loaded.rows(schema::Attestation::TABLE, &["question_id"]).is_empty());
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside_and_a_file_may_break_off() {
        let loaded = load_fixture(&OscalResults, "oscal.assessment_results/bad");
        let [truncated, _] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(truncated.failure.as_deref().unwrap().starts_with("the file breaks off at line"), "{truncated:?}");
        assert_eq!(loaded.rows(TABLE, &["check_id"]), [["ac-3"]]);
        let reasons = reasons(&loaded);
        let at = "/assessment-results/results/0/findings";
        assert!(reasons[0].starts_with(&format!("{at}/1: the record does not have the shape")), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                format!("{at}/2: `target.status.state` is neither satisfied nor not-satisfied"),
                format!("{at}/3: `collected` is not a date"),
            ]
        );
        loaded.assert_no_canary();
    }
}
