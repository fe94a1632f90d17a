//! CycloneDX bills of materials: models, the services that an application calls, secrets that are listed as
//! assets, and attestations. The format knows no agents. The application that a bill describes is taken for one
//! where it holds a model or calls a provider of models; a model by itself acts for nobody and is no agent.

mod declarations;
mod parts;

use serde::Deserialize;

use self::declarations::{Declarations, Definitions};
use self::parts::{Component, Service};
use super::PROVIDER;
use super::subject::Subject;
use crate::config::Moment;
use crate::diag::{Diagnostic, Place};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool};
use crate::inventory::{Fact, Level};
use crate::sources::json::Piece;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, environment, json};

/// A CycloneDX document as JSON.
pub struct CycloneDx;

impl Source for CycloneDx {
    fn about(&self) -> &'static About {
        &About {
            kind: "cyclonedx.bom",
            title: "Bill of materials of CycloneDX (AI, services, attestations)",
            provider: PROVIDER,
            command: "cdxgen --profile ml-deep -o APPLICATION.cdx.json .",
            recognises: "JSON with `bomFormat` `CycloneDX`",
            facts: &[
                (Fact::Agent, Level::Partial),
                (Fact::AgentTools, Level::Partial),
                (Fact::Credential, Level::Partial),
            ],
            main_view: "agents",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.text_at("bomFormat") == Some("CycloneDX") {
            return Recognised::Yes;
        }
        if probe.head().trim_start().starts_with('<') && probe.head().contains("cyclonedx.org/schema/bom") {
            let xml = "a CycloneDX bill as XML; `cyclonedx convert --output-format json` makes JSON of it";
            return Recognised::Maybe(xml.to_owned());
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut bill = Bill::default();
        let values = ["metadata", "declarations", "definitions"];
        json::pieces(input.reader()?, &["components", "services"], &values, &mut |piece| {
            bill.take(&piece, input, out)
        })?;
        bill.finish(input, out)
    }
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<String>,
    component: Option<Component>,
}

/// What is known once the bill was read.
#[derive(Default)]
struct Bill {
    made_at: Option<Moment>,
    subject: Option<Component>,
    /// Names of the models in it.
    models: Vec<String>,
    /// Who serves models to it.
    providers: Vec<Word>,
    /// Services that it calls, and where they stand.
    services: Vec<(Service, String)>,
    secrets: usize,
    declarations: Option<Declarations>,
    definitions: Definitions,
}

impl Bill {
    fn take(&mut self, piece: &Piece, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let locator = piece.pointer.as_str();
        match piece.key.as_str() {
            "components" => out.record(locator, |out| {
                let component: Component = piece.parse("a component of CycloneDX")?;
                self.secrets += component.write_secrets(locator, input, out)?;
                component.models(&mut self.models);
                Ok(())
            }),
            "services" => out.record(locator, |_| {
                let service: Service = piece.parse("a service of CycloneDX")?;
                if service.name.trim().is_empty() {
                    return Err(Reject::because("the service has no name").into());
                }
                match service.model_provider() {
                    Some(provider) => self.providers.push(provider),
                    None => self.services.push((service, locator.to_owned())),
                }
                Ok(())
            }),
            "metadata" => out.record(locator, |out| {
                let metadata: Metadata = piece.parse("the metadata of CycloneDX")?;
                if let Some(text) = &metadata.timestamp {
                    let made_at = out.date("metadata.timestamp", text)?;
                    self.made_at = Some(made_at);
                    out.made_at(made_at);
                }
                self.subject = metadata.component;
                Ok(())
            }),
            "declarations" => match piece.parse("the declarations of CycloneDX") {
                Ok(declarations) => {
                    self.declarations = Some(declarations);
                    Ok(())
                }
                Err(reject) => out.record(locator, |_| Err(reject.into())),
            },
            _ => {
                // Without the names of requirements, attestations are still about something.
                self.definitions = piece.parse("the definitions of CycloneDX").unwrap_or_default();
                Ok(())
            }
        }
    }

    fn finish(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let scope = &input.scope_id;
        let attested = match &self.declarations {
            Some(declarations) => declarations.write(&self.definitions, self.made_at, input, out)?,
            None => 0,
        };
        if self.secrets > 0 {
            let listed = "tokens and passwords that the bill lists; others may exist";
            out.cover(PROVIDER, scope, Fact::Credential, Level::Partial, Some(listed));
        }
        let uses_ai = !self.models.is_empty() || !self.providers.is_empty();
        let application = self.subject.as_ref().filter(|subject| uses_ai && !subject.is_model());
        if let Some(application) = application {
            return self.write_agent(application, input, out);
        }
        let message = match (uses_ai, attested + self.secrets) {
            (true, _) => "the bill holds models but describes no application that uses them; a model is no agent",
            (false, 0) => "the bill holds no model, secret or attestation; nothing was taken from it",
            _ => return Ok(()),
        };
        out.fault(Diagnostic::note("sources/no-agent", message).at(Place::Path(input.path.clone())));
        Ok(())
    }

    fn write_agent(&self, application: &Component, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let scope = &input.scope_id;
        let others = "the application that the bill describes; others may run";
        out.cover(PROVIDER, scope, Fact::Agent, Level::Partial, Some(others));
        let services = "services that the bill lists; functions of the application itself are not in it";
        out.cover(PROVIDER, scope, Fact::AgentTools, Level::Partial, Some(services));
        let name = application.full_name();
        let subject = Subject::new(input, format!("cyclonedx:{scope}:{name}"));
        for (service, locator) in &self.services {
            let host = service.host();
            let known = AgentTool {
                kind: Word::from(if service.speaks_mcp() { "mcp_server" } else { "function" }),
                transport: host.as_ref().map(|_| Word::from("http")),
                third_party: service.third_party(application),
                endpoint: host,
                // That callers are authenticated does not say how.
                auth: (service.authenticated == Some(false)).then(|| Word::from("none")),
                ..AgentTool::default()
            };
            out.push(subject.tool(service.name.trim(), locator, known))?;
        }
        // With a model of its own and another's beside it, nothing says which one acts.
        let (model, model_provider) = match (self.models.as_slice(), self.providers.as_slice()) {
            ([model], []) => (Some(model.clone()), None),
            ([], [provider]) => (None, Some(provider.clone())),
            _ => (None, None),
        };
        out.push(Agent {
            model,
            model_provider,
            version: application.version.clone(),
            owner: application.property("owner").map(str::to_owned),
            environment: application.property("environment").and_then(environment::normalise),
            ..subject.agent("other", &name, "/metadata/component")
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Attestation, Credential, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const TOOL: &[&str] = &["tool", "kind", "transport", "endpoint", "third_party", "auth", "locator"];

    fn load(file: &str) -> Loaded {
        load_fixture(&CycloneDx, &format!("cyclonedx.bom/{file}"))
    }

    fn notes(loaded: &Loaded) -> Vec<&str> {
        loaded.estate.faults.iter().map(|fault| fault.message.as_str()).collect()
    }

    #[test]
    fn an_application_with_a_model_is_an_agent_and_its_services_are_tools() {
        let loaded = load("good/application.json");
        let id = "cyclonedx:good:com.acme/berth-planner";
        let agent = &["agent_id", "name", "platform", "model", "model_provider", "version", "owner", "environment"];
        assert_eq!(
            loaded.rows(Agent::TABLE, agent),
            [[id, "com.acme/berth-planner", "other", "mistralai/Mistral-7B", "∅", "2.1", "port-ai", "production"]]
        );
        assert_eq!(
            loaded.rows(AgentTool::TABLE, TOOL),
            [
                ["Tide tables", "function", "http", "tides.example", "true", "none", "/services/0"],
                ["crm-mcp", "mcp_server", "http", "crm.acme.internal", "false", "∅", "/services/1"],
                ["Ledger", "function", "∅", "∅", "false", "∅", "/services/2"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "agent partial: the application that the bill describes; others may run",
                "agent.tools partial: services that the bill lists; functions of the application itself are not in it",
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.as_of.to_string().as_str(), file.as_of_basis), ("2026-06-01T08:00:00Z", "in_file"));
        assert_eq!((file.rows_read, file.rows_loaded), (6, 6));
    }

    #[test]
    fn a_service_that_serves_models_makes_its_caller_an_agent_and_is_no_tool() {
        let loaded = load("good/saas.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "model", "model_provider"]), [["helpdesk", "∅", "openai"]]);
        assert_eq!(loaded.rows(AgentTool::TABLE, &["tool"]), [["Tickets"]]);
        let loaded = load("good/both.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name", "model", "model_provider"]), [["mixed", "∅", "∅"]]);
    }

    #[test]
    fn a_model_alone_is_no_agent_and_neither_is_an_application_without_one() {
        for (file, told) in [
            (
                "good/model.json",
                "the bill holds models but describes no application that uses them; a model is no agent",
            ),
            ("good/services.json", "the bill holds no model, secret or attestation; nothing was taken from it"),
        ] {
            let loaded = load(file);
            assert!(loaded.rows(Agent::TABLE, &["name"]).is_empty(), "{file}");
            assert!(loaded.rows(AgentTool::TABLE, &["tool"]).is_empty(), "{file}");
            assert!(covered(&loaded).is_empty(), "{file}");
            assert_eq!(notes(&loaded), [told], "{file}");
        }
    }

    #[test]
    fn tokens_and_passwords_are_credentials_without_their_values() {
        let loaded = load("good/secrets.json");
        let columns =
            &["credential_id", "kind", "lifetime", "status", "created_at", "expires_at", "storage", "last_rotated_at"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    "cyclonedx:good:crm-token",
                    "api_token",
                    "expiring",
                    "active",
                    "2026-01-01T00:00:00Z",
                    "2026-12-31T00:00:00Z",
                    "hsm",
                    "∅"
                ],
                ["cyclonedx:good:db-password", "password", "∅", "revoked", "∅", "∅", "∅", "2026-03-01T00:00:00Z"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            ["credential partial: tokens and passwords that the bill lists; others may exist"]
        );
        assert!(loaded.rows(Credential::TABLE, &["fingerprint"])[0][0].starts_with("sha256:"));
        loaded.assert_no_canary();
    }

    #[test]
    fn attestations_are_answers_with_who_gave_them_and_on_what() {
        let loaded = load("good/attestation.json");
        let columns = &[
            "question_id",
            "scope_id",
            "answer",
            "answered_by",
            "answered_at",
            "expires_at",
            "third_party",
            "comment",
            "locator",
        ];
        let at = |number: usize| format!("/declarations/attestations/0/map/{number}");
        let (made, ends) = ("2026-05-01T00:00:00Z", "2026-11-01T00:00:00Z");
        assert_eq!(
            loaded.rows(Attestation::TABLE, columns),
            [
                ["governance.accountable", "*", "largely", "Assessors Inc", made, ends, "true", "One gap", &at(0)],
                ["requirement-2", "*", "not", "Assessors Inc", made, "∅", "true", "∅", &at(1)],
            ]
        );
        // printf 'Evidence here' | sha256sum
        let digest = "81a87577c982a917b3f20751f0f30e7a270796c0ad42be0e077075b50adde597";
        assert_eq!(
            loaded.rows(Attestation::TABLE, &["evidence_ref", "evidence_sha256"]),
            [["https://wiki.acme.example/policy", digest], ["∅", "∅"]]
        );
        assert!(covered(&loaded).is_empty(), "an attestation lists no agents");
        assert!(notes(&loaded).is_empty());
        assert_eq!(loaded.estate.files[0].rows_read, 4);
    }

    #[test]
    fn wrong_parts_are_put_aside() {
        let loaded = load("bad/wrong.json");
        let reasons = reasons(&loaded);
        assert_eq!(reasons.len(), 5, "{reasons:?}");
        assert!(reasons[0].starts_with("/components/0: the record does not have the shape of a component"));
        assert_eq!(reasons[1], "/services/0: the service has no name");
        assert_eq!(reasons[2], "/metadata: `metadata.timestamp` is not a date");
        assert_eq!(reasons[3], "/declarations/attestations/0/map/0: the attestation names no requirement");
        assert_eq!(reasons[4], "/declarations/attestations/0/map/1: `conformance.score` does not lie between 0 and 1");
        loaded.assert_no_canary();
    }
}
