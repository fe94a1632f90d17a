//! Anthropic's list of API keys. A key belongs to a workspace; the person who made it is on record, but the key
//! does not act as that person. When a key was last used is not in the list.

use serde::Deserialize;
use serde_json::Value;

use super::key;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::agents::{PROVIDER, pages};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// `GET /v1/organizations/api_keys`.
pub struct AnthropicKeys;

impl Source for AnthropicKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "anthropic.api_keys",
            title: "API keys of Anthropic",
            provider: PROVIDER,
            command: "curl -s -H \"x-api-key: $ANTHROPIC_ADMIN_KEY\" -H 'anthropic-version: 2023-06-01' \
                      'https://api.anthropic.com/v1/organizations/api_keys?limit=1000' > ORGANISATION/api-keys.json",
            recognises: "JSON objects with `type` `api_key` and `partial_key_hint` or `workspace_id`, in `data` or alone",
            facts: &[
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let first = first.get("data").and_then(|data| data.elements().first()).unwrap_or(first);
        let is_key = first.text_at("type") == Some("api_key");
        Recognised::yes_if(is_key && first.has_any(&["partial_key_hint", "workspace_id"]))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut silent = false;
        pages::each("data", input, out, &mut |record, locator, out| {
            let key = Key::deserialize(record)
                .map_err(|_| Reject::because("the record does not have the shape of an API key of Anthropic"))?;
            silent |= record.get("expires_at").is_none();
            read(&key, record.get("expires_at"), locator, input, out)
        })?;
        let scope = &input.scope_id;
        out.cover(PROVIDER, scope, Fact::Credential, Level::Full, None);
        out.cover(PROVIDER, scope, Fact::CredentialRotation, Level::Full, None);
        let unsaid = "the list does not say of every key whether it ends";
        let (level, note) = if silent { (Level::Partial, Some(unsaid)) } else { (Level::Full, None) };
        out.cover(PROVIDER, scope, Fact::CredentialExpiry, level, note);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Key {
    id: String,
    created_at: Option<Value>,
    status: Option<String>,
    workspace_id: Option<String>,
}

fn read(listed: &Key, expires: Option<&Value>, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let created_at = pages::past("created_at", listed.created_at.as_ref(), locator, out)?;
    let expires_at = pages::date("expires_at", expires, out)?;
    let status = match listed.status.as_deref() {
        Some("active") => Some("active"),
        Some("inactive") => Some("inactive"),
        Some("expired") => Some("expired"),
        // An archived key cannot be brought back.
        Some("archived") => Some("revoked"),
        _ => None,
    };
    out.push(Credential {
        lifetime: Some(Word::from(if expires_at.is_some() { "expiring" } else { "static" })),
        status: status.map(Word::from),
        created_at,
        rotation_basis: created_at.map(|_| Word::from("created")),
        expires_at,
        never_expires: (expires == Some(&Value::Null)).then_some(true),
        shared_scope: listed.workspace_id.as_ref().map(|workspace| format!("workspace {workspace}")),
        ..key(&listed.id, "llm_api_key", locator, input)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const KEY: &[&str] = &[
        "credential_id",
        "identity_id",
        "lifetime",
        "status",
        "created_at",
        "expires_at",
        "never_expires",
        "shared_scope",
    ];

    #[test]
    fn a_key_belongs_to_its_workspace_not_to_who_made_it() {
        let loaded = load_fixture(&AnthropicKeys, "anthropic.api_keys/good/keys.json");
        let made = "2026-01-30T23:58:27.427722Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, KEY),
            [
                ["apikey_1", "∅", "static", "active", made, "∅", "true", "workspace wrkspc_1"],
                ["apikey_2", "∅", "expiring", "expired", made, "2026-03-01T00:00:00Z", "∅", "∅"],
                ["apikey_3", "∅", "static", "revoked", made, "∅", "∅", "∅"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "credential full",
                "credential.rotation full",
                "credential.expiry partial: the list does not say of every key whether it ends",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_keys_are_put_aside() {
        let loaded = load_fixture(&AnthropicKeys, "anthropic.api_keys/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/data/1: the record does not have the shape of an API key of Anthropic",
                "/data/2: `expires_at` is not a date"
            ]
        );
        assert!(covered(&loaded)[0].starts_with("credential partial"), "another page exists");
        loaded.assert_no_canary();
    }
}
