//! Components and services of a CycloneDX bill: which of them are models or serve models, and which components
//! are secrets. Values of secrets are hashed here and go no further.

use serde::Deserialize;

use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::sources::agents::{PROVIDER, host, literal, models};
use crate::sources::output::Stop;
use crate::sources::{Input, Output, Reject, hash};

/// Deepest nesting of components that is followed.
const MAX_DEPTH: u8 = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    group: Option<String>,
    pub version: Option<String>,
    publisher: Option<String>,
    supplier: Option<Organisation>,
    #[serde(default)]
    components: Vec<Self>,
    #[serde(default)]
    properties: Vec<Property>,
    crypto_properties: Option<CryptoProperties>,
}

#[derive(Deserialize)]
struct Organisation {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CryptoProperties {
    related_crypto_material_properties: Option<Material>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(rename = "type")]
    kind: Option<String>,
    state: Option<String>,
    creation_date: Option<String>,
    update_date: Option<String>,
    expiration_date: Option<String>,
    value: Option<String>,
    secured_by: Option<Secured>,
}

#[derive(Deserialize)]
struct Secured {
    mechanism: Option<String>,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Component {
    pub fn is_model(&self) -> bool {
        self.kind == "machine-learning-model"
    }

    /// Its name with the group before it, as far as there is one.
    pub fn full_name(&self) -> String {
        match filled(self.group.as_ref()) {
            Some(group) => format!("{group}/{}", self.name.trim()),
            None => self.name.trim().to_owned(),
        }
    }

    fn maker(&self) -> Option<&str> {
        let supplier = self.supplier.as_ref().and_then(|supplier| filled(supplier.name.as_ref()));
        supplier.or_else(|| filled(self.publisher.as_ref()))
    }

    /// The value of the property of that name, whatever taxonomy stands before it (`acme:ai:owner`).
    pub fn property(&self, wanted: &str) -> Option<&str> {
        let is_wanted = |property: &&Property| {
            let name = property.name.as_deref().unwrap_or_default();
            name.rsplit([':', '/', '.']).next().is_some_and(|last| last.eq_ignore_ascii_case(wanted))
        };
        self.properties.iter().filter(is_wanted).find_map(|property| filled(property.value.as_ref()))
    }

    /// Adds the names of the models among it and its parts.
    pub fn models(&self, into: &mut Vec<String>) {
        self.each(0, &mut |component| {
            if component.is_model() {
                into.push(component.full_name());
            }
        });
    }

    fn each<'a>(&'a self, depth: u8, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        if depth < MAX_DEPTH {
            self.components.iter().for_each(|component| component.each(depth + 1, visit));
        }
    }

    /// Writes the tokens and passwords among it and its parts; how many there are.
    pub fn write_secrets(&self, locator: &str, input: &Input, out: &mut Output) -> Result<usize, Stop> {
        let mut found = Vec::new();
        self.each(0, &mut |component| {
            let crypto = component.crypto_properties.as_ref();
            let material = crypto.and_then(|crypto| crypto.related_crypto_material_properties.as_ref());
            if let Some((material, kind)) = material.and_then(|material| Some((material, material.credential_kind()?)))
            {
                found.push((component, material, kind));
            }
        });
        let rows = found
            .into_iter()
            .map(|(component, material, kind)| material.credential(component, kind, locator, input, out))
            .collect::<Result<Vec<_>, _>>()?;
        let count = rows.len();
        rows.into_iter().try_for_each(|row| out.push(row))?;
        Ok(count)
    }
}

impl Material {
    /// Keys, nonces and the like are material of algorithms, not of identities.
    fn credential_kind(&self) -> Option<&'static str> {
        match self.kind.as_deref()? {
            "token" => Some("api_token"),
            "password" => Some("password"),
            "credential" => Some("stored_secret"),
            _ => None,
        }
    }

    fn credential(
        &self,
        component: &Component,
        kind: &str,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<Credential, Reject> {
        let mut past = |field: &str, text: &Option<String>| -> Result<Option<Moment>, Reject> {
            filled(text.as_ref()).map(|text| out.past(field, text, locator)).transpose()
        };
        let created_at = past("creationDate", &self.creation_date)?;
        let last_rotated_at = past("updateDate", &self.update_date)?;
        let expires_at =
            filled(self.expiration_date.as_ref()).map(|text| out.date("expirationDate", text)).transpose()?;
        let status = match self.state.as_deref() {
            Some("active") => Some("active"),
            Some("pre-activation" | "suspended" | "deactivated") => Some("inactive"),
            Some("destroyed") => Some("revoked"),
            // That a secret is compromised does not say whether it still opens anything.
            _ => None,
        };
        let mechanism = self.secured_by.as_ref().and_then(|secured| filled(secured.mechanism.as_ref()));
        let is_hsm = mechanism.is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("hsm"));
        let hashes = filled(self.value.as_ref()).map(hash::fingerprints);
        let name = filled(component.bom_ref.as_ref()).unwrap_or(&component.name);
        Ok(Credential {
            credential_id: format!("cyclonedx:{}:{name}", input.scope_id),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            kind: Word::from(kind),
            lifetime: expires_at.map(|_| Word::from("expiring")),
            status: status.map(Word::from),
            created_at,
            expires_at,
            last_rotated_at,
            rotation_basis: last_rotated_at.map(|_| Word::from("secret_updated")),
            storage: is_hsm.then(|| Word::from("hsm")),
            fingerprint: hashes.as_ref().map(|(sha256, _)| sha256.clone()),
            fingerprint_sha1: hashes.map(|(_, sha1)| sha1),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Credential::default()
        })
    }
}

/// A service that the application calls. What a service calls in turn is its own affair.
#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    pub name: String,
    provider: Option<Organisation>,
    #[serde(default)]
    endpoints: Vec<String>,
    pub authenticated: Option<bool>,
}

impl Service {
    pub fn host(&self) -> Option<String> {
        self.endpoints.iter().find_map(|endpoint| host::of(endpoint))
    }

    fn maker(&self) -> Option<&str> {
        self.provider.as_ref().and_then(|provider| filled(provider.name.as_ref()))
    }

    /// The provider of models behind it, by its address or else by its maker's name.
    pub fn model_provider(&self) -> Option<Word> {
        let by_host =
            self.endpoints.iter().filter_map(|endpoint| host::of(endpoint)).find_map(|host| models::of_host(&host));
        by_host.or_else(|| {
            let maker = self.maker().filter(|maker| literal::names_model_provider(maker))?;
            models::of_class(maker).or_else(|| Some(Word(maker.to_lowercase())))
        })
    }

    /// Whether its name or address says that it speaks the Model Context Protocol.
    pub fn speaks_mcp(&self) -> bool {
        let texts = std::iter::once(self.name.as_str()).chain(self.bom_ref.as_deref());
        let is_mcp =
            |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("mcp"));
        texts.chain(self.endpoints.iter().map(String::as_str)).any(is_mcp)
    }

    /// Whether somebody else runs it: told by the makers' names, or by an address inside one's own network.
    pub fn third_party(&self, application: &Component) -> Option<bool> {
        if self.host().is_some_and(|host| host::is_private(&host)) {
            return Some(false);
        }
        let (service, application) = (self.maker()?, application.maker()?);
        Some(!service.eq_ignore_ascii_case(application))
    }
}
