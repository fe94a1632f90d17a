//! Secrets: service-account tokens that never end, and values kept for workloads. Their data is hashed here
//! and goes no further.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::Deserialize;

use super::PROVIDER;
use super::meta::{Metadata, account_id};
use super::plaintext::fingerprints;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::sources::output::Stop;
use crate::sources::{Input, Output, json};

const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";
const TLS_TYPE: &str = "kubernetes.io/tls";
/// What Helm remembers of a release: rendered manifests, no credential.
const HELM_TYPE: &str = "helm.sh/release.v1";
/// The account that a token is for.
const ACCOUNT: &str = "kubernetes.io/service-account.name";
/// Day on which the API server last saw the token, on clusters from 1.26.
pub(super) const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
/// Day from which the API server refuses the token, because it was not used for a year.
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

/// A Secret. It is never printed.
#[derive(Deserialize)]
struct Secret {
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<BTreeMap<String, Option<String>>>,
}

/// Reads one Secret into at most one credential. Says whether it shows when a token was last used.
pub(super) fn take(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<bool, Stop> {
    let Secret { metadata, kind, data } = json::parse(text, "a Secret")?;
    let namespace = metadata.namespace()?;
    let created_at = metadata.created_at(locator, out)?;
    let data = data.unwrap_or_default();
    let cluster = &input.scope_id;
    let stored = Credential {
        credential_id: format!("k8s:{cluster}:secret:{namespace}:{}", metadata.name),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(cluster.clone())),
        kind: Word::from("stored_secret"),
        // It stands there, for whoever reads it, until somebody changes it.
        lifetime: Some(Word::from("static")),
        status: Some(Word::from("active")),
        created_at,
        rotation_basis: created_at.map(|_| Word::from("created")),
        storage: Some(Word::from("k8s_secret")),
        storage_ref: Some(format!("{namespace}/{}", metadata.name)),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    };
    let credential = match kind.as_deref().unwrap_or("Opaque") {
        HELM_TYPE => return Ok(false),
        TOKEN_TYPE => {
            let last_used_at = metadata
                .label(LAST_USED)
                .map(|day| out.past("metadata.labels.legacy-token-last-used", day, locator))
                .transpose()?;
            let is_refused = metadata.label(INVALID_SINCE).is_some();
            Credential {
                identity_id: metadata.annotation(ACCOUNT).map(|name| account_id(cluster, namespace, name)),
                kind: Word::from("k8s_sa_token"),
                status: Some(Word::from(if is_refused { "inactive" } else { "active" })),
                never_expires: Some(true),
                last_used_at,
                last_used_state: last_used_at.map(|_| Word::from("used")),
                ..with_value(stored, data.get("token"))
            }
        }
        _ if data.is_empty() => return Ok(false),
        // Every certificate has an end; the object does not print it.
        TLS_TYPE => Credential { lifetime: Some(Word::from("expiring")), ..stored },
        _ => match (data.len(), data.values().next()) {
            // Of several keys nothing tells which holds the secret and which a user name or a host.
            (1, value) => with_value(stored, value),
            _ => stored,
        },
    };
    let shows_use = credential.last_used_at.is_some();
    out.push(credential)?;
    Ok(shows_use)
}

fn with_value(credential: Credential, value: Option<&Option<String>>) -> Credential {
    let (sha256, sha1) = value.and_then(Option::as_deref).and_then(decoded_fingerprints).unzip();
    Credential { fingerprint: sha256, fingerprint_sha1: sha1, ..credential }
}

/// Hashes of the value inside the base64, without the line end that tools leave behind it: other finders
/// print the value without one. `None` where there is no text to compare.
fn decoded_fingerprints(base64: &str) -> Option<(String, String)> {
    let compact: String = base64.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    fingerprints(text.trim_end_matches(['\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::hash;

    #[test]
    fn a_value_is_compared_without_base64_and_line_end() {
        // base64("abc") and base64("abc\n")
        assert_eq!(decoded_fingerprints("YWJj"), Some(hash::fingerprints("abc")));
        assert_eq!(decoded_fingerprints("YWJjCg=="), Some(hash::fingerprints("abc")));
        assert_eq!(decoded_fingerprints(""), None, "a redacted value is no value");
        assert_eq!(decoded_fingerprints("REDACTED"), None);
        assert_eq!(decoded_fingerprints("not base64!"), None);
    }
}
