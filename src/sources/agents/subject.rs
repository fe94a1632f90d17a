//! The agent that a file is about, and the rows that every format writes of it in the same way: the agent, its
//! tools, and a secret that lies open in its configuration. Knows no format.

use super::PROVIDER;
use super::secrets::Secret;
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, AgentTool, Credential, Exposure};
use crate::sources::{Broken, Input, Output, hash};

/// An agent, and where it is described.
pub(super) struct Subject<'a> {
    /// The file.
    pub input: &'a Input,
    /// The agent's id.
    pub agent_id: String,
    /// The kind of system that lists it.
    pub provider: &'static str,
    /// The configuration that holds its secrets: the file itself, or the one that a report is about.
    pub place: String,
}

impl<'a> Subject<'a> {
    /// An agent that the file itself configures.
    pub fn new(input: &'a Input, agent_id: String) -> Self {
        Self { input, agent_id, provider: PROVIDER, place: input.path.clone() }
    }

    fn scope(&self) -> Word {
        Word(self.input.scope_id.clone())
    }

    /// The agent's row, with nothing in it but what it is called.
    pub fn agent(&self, platform: &str, name: &str, locator: &str) -> Agent {
        Agent {
            agent_id: self.agent_id.clone(),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            name: name.to_owned(),
            platform: Word::from(platform),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Agent::default()
        }
    }

    /// What is known of a tool, as a tool of this agent.
    pub fn tool(&self, name: &str, locator: &str, known: AgentTool) -> AgentTool {
        AgentTool {
            agent_id: self.agent_id.clone(),
            tool: name.to_owned(),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..known
        }
    }

    /// A static secret of the agent, of which its configuration shows no more than that it is there.
    pub fn credential(&self, name: &str, is_llm_key: bool, locator: &str) -> Credential {
        Credential {
            credential_id: format!("{}#{name}", self.agent_id),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            kind: Word::from(if is_llm_key { "llm_api_key" } else { "api_token" }),
            lifetime: Some(Word::from("static")),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Credential::default()
        }
    }

    /// A secret in a configuration is two facts: a credential that is kept there, and its exposure. `holder` says
    /// what kind of entry holds it, `entry` which one.
    pub fn write_secret(
        &self,
        holder: &str,
        entry: &str,
        secret: Secret,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Broken> {
        let name = secret.place.strip_prefix("env ").unwrap_or(&secret.place);
        let credential = self.credential(&format!("{entry}#{name}"), secret.is_llm_key, locator);
        let credential_id = credential.credential_id.clone();
        let location = format!("{}: {holder} {entry} {}", self.place, secret.place);
        out.push(Credential {
            status: Some(Word::from("active")),
            storage: Some(Word::from("config_file")),
            storage_ref: Some(self.place.clone()),
            fingerprint: Some(secret.sha256.clone()),
            fingerprint_sha1: Some(secret.sha1.clone()),
            ..credential
        })?;
        out.push(Exposure {
            exposure_id: hash::row_id(&[&self.input.scope_id, &location, &secret.sha1]),
            credential_id: Some(credential_id),
            provider: Word::from(self.provider),
            scope_id: Some(self.scope()),
            secret_kind: Word::from(secret.class),
            location_type: Word::from("agent_config"),
            location,
            status: Some(Word::from("open")),
            fingerprint: Some(secret.sha256),
            fingerprint_sha1: Some(secret.sha1),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Exposure::default()
        })?;
        Ok(())
    }
}
