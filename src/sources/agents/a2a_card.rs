//! Agent cards of the A2A protocol: who an agent says that it is, and what it asks of its callers. Takes both
//! forms, 1.0 (from Protocol Buffers, which leaves out what is empty) and 0.x. What a card offers is the agent's
//! work, not a tool that it calls, so skills are no rows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::subject::Subject;
use super::{PROVIDER, host};
use crate::inventory::column::Word;
use crate::inventory::schema::Agent;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `agent-card.json`.
pub struct AgentCard;

impl Source for AgentCard {
    fn about(&self) -> &'static About {
        &About {
            kind: "a2a.agent_card",
            title: "Agent card of the A2A protocol",
            provider: PROVIDER,
            command: "curl -s https://HOST/.well-known/agent-card.json > agent-card-NAME.json",
            recognises: "JSON with `name` and `supportedInterfaces`, or with `name`, `url`, `capabilities` and \
                         `skills`; cards may follow each other or stand in an array",
            facts: &[(Fact::Agent, Level::Partial)],
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let card = outline.elements().first().unwrap_or(outline);
        let is_new = matches!(card.get("supportedInterfaces"), Some(Outline::Array(_)));
        let is_old = ["url", "capabilities", "skills"].iter().all(|key| card.has(key));
        Recognised::yes_if(card.text_at("name").is_some() && (is_new || is_old))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let others = "the agents whose cards were fetched; others may run";
        out.cover(PROVIDER, &input.scope_id, Fact::Agent, Level::Partial, Some(others));
        json::records(input.reader()?, &mut |locator, card| {
            out.record(locator, |out| {
                let card: Card = json::parse(card.get(), "an agent card")?;
                read(&card, locator, input, out)
            })
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    name: String,
    version: Option<String>,
    /// 0.x: the one address.
    url: Option<String>,
    /// 1.0: every address.
    supported_interfaces: Option<Vec<Interface>>,
    security_schemes: Option<BTreeMap<String, Value>>,
    /// 1.0: one of these must be met.
    security_requirements: Option<Vec<Requirement>>,
    /// 0.x: the same, without the step between.
    security: Option<Vec<BTreeMap<String, Value>>>,
}

#[derive(Deserialize)]
struct Interface {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Requirement {
    /// All of these together.
    schemes: Option<BTreeMap<String, Value>>,
}

fn read(card: &Card, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let name = card.name.trim();
    if name.is_empty() {
        return Err(Reject::because("the card names no agent").into());
    }
    let interfaces = card.supported_interfaces.iter().flatten().filter_map(|interface| interface.url.as_deref());
    let hosts: Vec<String> = interfaces.chain(card.url.as_deref()).filter_map(host::of).collect();
    let at = hosts.first().unwrap_or(&input.scope_id);
    let subject = Subject::new(input, format!("a2a:{at}:{name}"));
    let is_private = !hosts.is_empty() && hosts.iter().all(|host| host::is_private(host));
    out.push(Agent {
        version: card.version.clone().filter(|version| !version.is_empty()),
        inbound_auth: card.inbound_auth().map(Word::from),
        // A public name may well be answered inside only.
        network: is_private.then(|| Word::from("private")),
        ..subject.agent("a2a", name, locator)
    })?;
    Ok(())
}

/// What a scheme asks for, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    None,
    ApiKey,
    /// A token of which the card does not say who issues it: it may be a shared key, or better.
    Unknown,
    Oauth,
    Oidc,
    Mtls,
}

impl Card {
    /// What the weakest caller must show. `None` where the card asks for nothing: it may be open, or not say.
    fn inbound_auth(&self) -> Option<&'static str> {
        let new = self.security_requirements.iter().flatten();
        let new = new.map(|requirement| requirement.schemes.iter().flat_map(BTreeMap::keys).collect::<Vec<_>>());
        let old = self.security.iter().flatten().map(|requirement| requirement.keys().collect::<Vec<_>>());
        let weakest = new.chain(old).map(|together| self.strongest(&together)).min()?;
        match weakest {
            Strength::None => Some("none"),
            Strength::ApiKey => Some("api_key"),
            Strength::Unknown => None,
            Strength::Oauth => Some("oauth"),
            Strength::Oidc => Some("oidc"),
            Strength::Mtls => Some("mtls"),
        }
    }

    /// Of schemes that must be met together the strongest counts; of none at all, nothing is asked.
    fn strongest(&self, together: &[&String]) -> Strength {
        let scheme = |id: &&String| self.security_schemes.as_ref().and_then(|schemes| schemes.get(id.as_str()));
        together.iter().map(|id| scheme(id).map_or(Strength::Unknown, strength)).max().unwrap_or(Strength::None)
    }
}

fn strength(scheme: &Value) -> Strength {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let http = |value: &Value| match (text(value, "scheme").as_str(), text(value, "bearerFormat").as_str()) {
        // A password that is sent along with every call is a static secret.
        ("basic" | "digest", _) => Strength::ApiKey,
        ("bearer", "jwt") => Strength::Oauth,
        _ => Strength::Unknown,
    };
    match text(scheme, "type").as_str() {
        "apikey" => return Strength::ApiKey,
        "http" => return http(scheme),
        "oauth2" => return Strength::Oauth,
        "openidconnect" => return Strength::Oidc,
        "mutualtls" => return Strength::Mtls,
        _ => {}
    }
    let has = |key: &str| scheme.get(key);
    match (
        has("apiKeySecurityScheme"),
        has("httpAuthSecurityScheme"),
        has("oauth2SecurityScheme"),
        has("openIdConnectSecurityScheme"),
        has("mtlsSecurityScheme"),
    ) {
        (Some(_), ..) => Strength::ApiKey,
        (_, Some(inner), ..) => http(inner),
        (_, _, Some(_), ..) => Strength::Oauth,
        (_, _, _, Some(_), _) => Strength::Oidc,
        (_, _, _, _, Some(_)) => Strength::Mtls,
        _ => Strength::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{AgentTool, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const AGENT: &[&str] = &["agent_id", "name", "platform", "version", "inbound_auth", "network", "locator"];

    #[test]
    fn the_weakest_of_several_ways_in_counts() {
        let loaded = load_fixture(&AgentCard, "a2a.agent_card/good/v1.json");
        let id = "a2a:agents.acme.example:Invoice triage";
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [[id, "Invoice triage", "a2a", "1.2.0", "api_key", "∅", "document 1"]]
        );
        assert!(loaded.rows(AgentTool::TABLE, &["tool"]).is_empty());
        assert_eq!(covered(&loaded), ["agent partial: the agents whose cards were fetched; others may run"]);
        loaded.assert_no_canary();
    }

    #[test]
    fn the_older_form_says_the_same_in_other_words() {
        let loaded = load_fixture(&AgentCard, "a2a.agent_card/good/v03.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, AGENT),
            [["a2a:10.2.0.7:Route planner", "Route planner", "a2a", "0.9.1", "oidc", "private", "document 1"]]
        );
    }

    #[test]
    fn a_card_that_asks_for_nothing_may_be_open_or_not_say() {
        let loaded = load_fixture(&AgentCard, "a2a.agent_card/good/cards.json");
        assert_eq!(
            loaded.rows(Agent::TABLE, &["name", "inbound_auth", "locator"]),
            [
                ["silent", "∅", "/0"],
                ["optional", "none", "/1"],
                ["together", "mtls", "/2"],
                ["basic", "api_key", "/3"],
                ["bearer", "∅", "/4"],
                ["jwt", "oauth", "/5"],
                ["undeclared", "∅", "/6"],
            ]
        );
    }

    #[test]
    fn wrong_cards_are_put_aside() {
        let loaded = load_fixture(&AgentCard, "a2a.agent_card/bad/wrong.json");
        assert_eq!(loaded.rows(Agent::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert_eq!(reasons[0], "/1: the card names no agent");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of an agent card"), "{reasons:?}");
        loaded.assert_no_canary();
    }
}
