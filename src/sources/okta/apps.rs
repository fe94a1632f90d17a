//! Applications of Okta that sign in by OAuth: each is an identity, with a client secret or public keys. Applications
//! that people sign in to by other means are no identities, and pass without a row.

use serde::Deserialize;

use super::{PROVIDER, cover, id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Partial),
    (Fact::CredentialExpiry, Level::Full),
];

/// `GET /api/v1/apps`.
pub struct Apps;

impl Source for Apps {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.apps",
            title: "Applications of Okta",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $TOKEN\" 'https://ORG.okta.com/api/v1/apps?limit=200' > \
                      apps.json (and each page that the Link header names)",
            recognises: "JSON records with `signOnMode`, `label` and `status`",
            facts: FACTS,
            main_view: "identities",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_app = api::first_record(probe, "")
            .is_some_and(|record| ["id", "label", "status", "signOnMode"].iter().all(|key| record.has(key)));
        Recognised::yes_if(is_app)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        let note = |fact| match fact {
            Fact::CredentialExpiry => None,
            Fact::CredentialRotation => Some("keys only; when a client secret was made is not in the list"),
            Fact::Credential => Some("credentials of OAuth clients; tokens stand in other lists"),
            _ => Some("OAuth clients only; users and agents stand in other lists"),
        };
        cover(FACTS, note, input, out);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    id: String,
    label: String,
    status: String,
    created: Option<String>,
    sign_on_mode: String,
    #[serde(default)]
    credentials: Credentials,
    #[serde(default)]
    settings: Settings,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Credentials {
    #[serde(rename = "oauthClient")]
    oauth_client: Option<Client>,
}

/// How a client signs in. It is never printed: the answer to its creation holds the secret.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Client {
    client_id: Option<String>,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    #[serde(rename = "oauthClient")]
    oauth_client: Option<ClientSettings>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClientSettings {
    jwks: Option<Keys>,
}

#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: Option<String>,
    id: Option<String>,
    status: Option<String>,
    created: Option<String>,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let app: App = json::parse(text, "an application of Okta")?;
    let is_active = match app.status.as_str() {
        "ACTIVE" => true,
        "INACTIVE" | "DELETED" => false,
        _ => return Err(Reject::because("`status` is none of the known ones").into()),
    };
    let created_at = api::past("created", app.created.as_ref(), locator, out)?;
    if app.sign_on_mode != "OPENID_CONNECT" {
        return Ok(());
    }
    let scope = &input.scope_id;
    let identity_id = id(scope, "app", &app.id);
    let client = app.credentials.oauth_client.unwrap_or_default();
    let plain = Credential {
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from(if is_active { "active" } else { "inactive" })),
        // Neither secrets nor keys of clients have an end.
        never_expires: Some(true),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    };
    // By whichever method it hands it over, the secret is one.
    if client.token_endpoint_auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret")) {
        let secret = client.client_secret.as_deref().filter(|secret| !is_masked(secret));
        let (sha256, sha1) = secret.map(hash::fingerprints).unzip();
        out.push(Credential {
            credential_id: format!("{identity_id}#secret"),
            kind: Word::from("client_secret"),
            fingerprint: sha256,
            fingerprint_sha1: sha1,
            ..plain.clone()
        })?;
    }
    let keys = app.settings.oauth_client.and_then(|settings| settings.jwks).map(|jwks| jwks.keys);
    for (at, key) in keys.into_iter().flatten().enumerate() {
        let created_at = api::past("created", key.created.as_ref(), locator, out)?;
        let name = key.kid.or(key.id).unwrap_or_else(|| format!("key{}", at + 1));
        let is_off = key.status.as_deref().is_some_and(|status| status != "ACTIVE");
        out.push(Credential {
            credential_id: format!("{identity_id}#{name}"),
            kind: Word::from("sa_key"),
            status: Some(Word::from(if is_active && !is_off { "active" } else { "inactive" })),
            created_at,
            rotation_basis: created_at.map(|_: Moment| Word::from("created")),
            ..plain.clone()
        })?;
    }
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("oauth_client"),
        name: if app.label.is_empty() { app.id.clone() } else { app.label },
        native_id: client.client_id.unwrap_or(app.id),
        is_human: Some(false),
        created_at,
        enabled: Some(is_active),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

fn is_masked(secret: &str) -> bool {
    secret.is_empty() || secret.starts_with("***") || secret.eq_ignore_ascii_case("redacted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn oauth_clients_are_identities_with_their_credentials() {
        let loaded = load_fixture(&Apps, "okta.apps/good/apps.json");
        let columns = &["identity_id", "kind", "name", "native_id", "created_at", "enabled", "locator"];
        let made = "2025-03-10T10:00:00Z";
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                ["okta:good:app:0oa1", "oauth_client", "Berth planner agent", "0oa1", made, "true", "/0"],
                ["okta:good:app:0oa2", "oauth_client", "Legacy sync", "legacy-sync", made, "false", "/1"],
                ["okta:good:app:0oa4", "oauth_client", "Dashboard", "0oa4", "∅", "true", "/3"],
            ]
        );
        let columns = &["credential_id", "kind", "status", "created_at", "never_expires", "fingerprint"];
        let (sha256, _) = hash::fingerprints("CANARY-0001");
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                ["okta:good:app:0oa1#kid-a", "sa_key", "active", "2026-01-02T00:00:00Z", "true", "∅"],
                ["okta:good:app:0oa1#key2", "sa_key", "inactive", "∅", "true", "∅"],
                ["okta:good:app:0oa2#secret", "client_secret", "inactive", "∅", "true", sha256.as_str()],
            ]
        );
        assert_eq!((loaded.estate.files[0].rows_read, loaded.estate.files[0].rows_loaded), (4, 4));
        assert_eq!(covered(&loaded)[3], "credential.expiry full");
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Apps, "okta.apps/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `status` is none of the known ones");
        assert_eq!(reasons[1], "/2: `created` is not a date");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of an application"));
        loaded.assert_no_canary();
    }
}
