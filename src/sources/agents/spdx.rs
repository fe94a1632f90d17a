//! SPDX 3 documents with the AI profile. An AI package is an application or a model: a model acts for nobody and is
//! no agent, unless the document says how far it acts alone. Who supplied a package does not answer for it.

use serde::Deserialize;
use serde_json::Value;

use super::PROVIDER;
use super::subject::Subject;
use crate::config::Moment;
use crate::diag::{Diagnostic, Place};
use crate::inventory::column::Word;
use crate::inventory::schema::Agent;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// An SPDX 3 document as JSON-LD.
pub struct SpdxAi;

impl Source for SpdxAi {
    fn about(&self) -> &'static About {
        &About {
            kind: "spdx.ai",
            title: "Bill of materials of SPDX 3 with the AI profile",
            provider: PROVIDER,
            command: "cp APPLICATION.spdx3.json EXPORTS/HOST/   # as the build makes it",
            recognises: "JSON-LD with `@graph` and a `@context` of spdx.org, in which an AI package or the `ai` profile \
                         is named",
            facts: &[(Fact::Agent, Level::Partial)],
            main_view: "agents",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_spdx = probe.has_key("@graph") && probe.head().contains("spdx.org/rdf/3.");
        if is_spdx && (probe.head().contains("AIPackage") || probe.head().contains("\"ai\"") || probe.is_cut()) {
            return Recognised::Yes;
        }
        let old = probe.text_at("spdxVersion").is_some_and(|version| version.starts_with("SPDX-2"));
        if is_spdx || old {
            return Recognised::Maybe("an SPDX document without the AI profile, which names no agents".to_owned());
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let (mut agents, mut models, mut newest) = (0, 0, None);
        json::pieces(input.reader()?, &["@graph"], &[], &mut |piece| {
            out.record(&piece.pointer, |out| {
                let element: Element = piece.parse("an element of SPDX")?;
                match element.kind.as_deref().or(element.at_kind.as_deref()).map(last_name) {
                    Some("CreationInfo") => made_at(&element, &mut newest, out)?,
                    Some("AIPackage") => match element.is_agent() {
                        true => {
                            agents += 1;
                            write(&element, &piece.pointer, input, out)?;
                        }
                        false => models += 1,
                    },
                    _ => {}
                }
                Ok(())
            })
        })?;
        if agents > 0 {
            let others = "the applications that the document describes; others may run";
            out.cover(PROVIDER, &input.scope_id, Fact::Agent, Level::Partial, Some(others));
        } else {
            let message = format!("the document describes no application; models in it, which are no agents: {models}");
            out.fault(Diagnostic::note("sources/no-agent", message).at(Place::Path(input.path.clone())));
        }
        Ok(())
    }
}

/// A class without its profile: `ai_AIPackage`, `ai:AIPackage` and the whole address are the same.
fn last_name(class: &str) -> &str {
    class.rsplit(['_', ':', '/', '#']).next().unwrap_or(class)
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "@type")]
    at_kind: Option<String>,
    #[serde(rename = "spdxId", alias = "@id")]
    id: Option<String>,
    name: Option<String>,
    created: Option<String>,
    #[serde(rename = "ai_autonomyType")]
    autonomy: Option<Value>,
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: Option<String>,
}

impl Element {
    /// Whether it can act or decide without a person.
    fn autonomy(&self) -> Option<&'static str> {
        match self.autonomy.as_ref()?.as_str().map(last_name)? {
            "yes" => Some("autonomous"),
            "no" => Some("supervised"),
            // No assertion is none.
            _ => None,
        }
    }

    /// Most AI packages are models, and few say so; an application says what it is.
    fn is_agent(&self) -> bool {
        let runs = ["application", "executable", "container", "install", "platform", "device"];
        self.autonomy().is_some() || self.purpose.as_deref().map(last_name).is_some_and(|word| runs.contains(&word))
    }
}

/// Several files may have been put together: the newest of them is the document's.
fn made_at(element: &Element, newest: &mut Option<Moment>, out: &mut Output) -> Result<(), Stop> {
    if let Some(text) = element.created.as_deref().filter(|text| !text.is_empty()) {
        let created = out.date("created", text)?;
        let made_at = newest.map_or(created, |known| known.max(created));
        out.made_at(made_at);
        *newest = Some(made_at);
    }
    Ok(())
}

fn write(element: &Element, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let name = element.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.or(element.id.as_deref()).ok_or_else(|| Reject::because("the package has neither name nor id"))?;
    let subject = Subject::new(input, format!("spdx:{}:{name}", input.scope_id));
    out.push(Agent {
        autonomy: element.autonomy().map(Word::from),
        version: element.version.clone().filter(|version| !version.is_empty()),
        ..subject.agent("other", name, locator)
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
    fn applications_are_agents_and_models_are_not() {
        let loaded = load_fixture(&SpdxAi, "spdx.ai/good/application.json");
        let columns = &["agent_id", "name", "platform", "version", "autonomy", "owner", "locator"];
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                ["spdx:good:berth-planner", "berth-planner", "other", "2.1", "supervised", "∅", "/@graph/2"],
                ["spdx:good:pilot", "pilot", "other", "∅", "autonomous", "∅", "/@graph/3"],
                ["spdx:good:assistant", "assistant", "other", "∅", "∅", "∅", "/@graph/4"],
            ]
        );
        assert_eq!(covered(&loaded), ["agent partial: the applications that the document describes; others may run"]);
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-05-31T00:00:00Z", "in_file"));
    }

    #[test]
    fn a_document_about_a_model_names_no_agent() {
        let loaded = load_fixture(&SpdxAi, "spdx.ai/good/model.json");
        assert!(loaded.rows(Agent::TABLE, &["name"]).is_empty());
        assert!(covered(&loaded).is_empty());
        let notes: Vec<_> = loaded.estate.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(notes, ["the document describes no application; models in it, which are no agents: 1"]);
    }

    #[test]
    fn wrong_elements_are_put_aside() {
        let loaded = load_fixture(&SpdxAi, "spdx.ai/bad/wrong.json");
        let reasons = reasons(&loaded);
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(reasons[0].starts_with("/@graph/0: the record does not have the shape of an element of SPDX"));
        assert_eq!(reasons[1], "/@graph/1: `created` is not a date");
        assert_eq!(reasons[2], "/@graph/2: the package has neither name nor id");
        loaded.assert_no_canary();
    }
}
