//! Secrets: service-account tokens that never end, and values kept for workloads. Their data is hashed here
//! and goes no further. A secret in a manifest lies in a file for everybody who may read that.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::Deserialize;

use super::PROVIDER;
use super::meta::{Metadata, account_id};
use super::plaintext::fingerprints;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Exposure};
use crate::sources::output::Stop;
use crate::sources::{Input, Output, hash, json};

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
#[serde(rename_all = "camelCase")]
struct Secret {
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<BTreeMap<String, Option<String>>>,
    /// Values in clear text, which the cluster itself never prints.
    string_data: Option<BTreeMap<String, Option<String>>>,
}

/// Beginnings of values that were encrypted, or that a tool fills in later.
const NO_VALUES: [&str; 3] = ["ENC[", "<path:", "ref+"];
/// Types of logins to registries, which may be there without a password.
const LOGIN_TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// Reads one Secret into at most one credential. Says whether it shows when a token was last used.
pub(super) fn take(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<bool, Stop> {
    let Secret { metadata, kind, data, string_data } = json::parse(text, "a Secret")?;
    let namespace = metadata.namespace()?;
    let created_at = metadata.created_at(locator, out)?;
    let data = data.unwrap_or_default();
    let clear = string_data.unwrap_or_default();
    let cluster = &input.scope_id;
    let is_written_down = !metadata.is_of_cluster() && (!clear.is_empty() || !data.is_empty());
    let values = if is_written_down { literals(kind.as_deref(), &data, &clear) } else { Vec::new() };
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
        storage: Some(Word::from(if values.is_empty() { "k8s_secret" } else { "code" })),
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
        _ if data.is_empty() && clear.is_empty() => return Ok(false),
        // Every certificate has an end; the object does not print it.
        TLS_TYPE => Credential { lifetime: Some(Word::from("expiring")), ..stored },
        _ => match (data.len(), data.values().next(), clear.len(), clear.values().next()) {
            // Of several keys nothing tells which holds the secret and which a user name or a host.
            (1, value, 0, _) => with_value(stored, value),
            (0, _, 1, value) => with_clear(stored, value),
            _ => stored,
        },
    };
    let shows_use = credential.last_used_at.is_some();
    if !values.is_empty() {
        out.push(exposure(&credential, &values, input))?;
    }
    out.push(credential)?;
    Ok(shows_use)
}

fn with_value(credential: Credential, value: Option<&Option<String>>) -> Credential {
    let (sha256, sha1) = value.and_then(Option::as_deref).and_then(decoded_fingerprints).unzip();
    Credential { fingerprint: sha256, fingerprint_sha1: sha1, ..credential }
}

fn with_clear(credential: Credential, value: Option<&Option<String>>) -> Credential {
    let (sha256, sha1) = value.and_then(Option::as_deref).and_then(clear_fingerprints).unzip();
    Credential { fingerprint: sha256, fingerprint_sha1: sha1, ..credential }
}

/// Hashes of the values that stand in a manifest for everybody to read, and not encrypted or left open.
fn literals(
    kind: Option<&str>,
    data: &BTreeMap<String, Option<String>>,
    clear: &BTreeMap<String, Option<String>>,
) -> Vec<(String, String)> {
    let decoded = data.values().flatten().filter_map(|value| decoded(value));
    let is_login = kind.is_some_and(|kind| LOGIN_TYPES.contains(&kind));
    decoded
        .chain(clear.values().flatten().cloned())
        .filter(|value| !NO_VALUES.iter().any(|start| value.trim_start().starts_with(start)))
        .filter(|value| !["{{", "${", "$("].iter().any(|open| value.contains(open)))
        .filter(|value| !is_login || value.contains("\"auth\"") || value.contains("\"password\""))
        .filter_map(|value| clear_fingerprints(&value))
        .collect()
}

fn exposure(credential: &Credential, values: &[(String, String)], input: &Input) -> Exposure {
    let name = credential.storage_ref.as_deref().unwrap_or_default();
    let location = format!("{} {} secret {name}", input.path, credential.locator);
    let (sha256, sha1) = match values {
        [one] => Some(one.clone()).unzip(),
        _ => (None, None),
    };
    Exposure {
        exposure_id: hash::row_id(&[PROVIDER, &input.scope_id, &location]),
        credential_id: Some(credential.credential_id.clone()),
        identity_id: credential.identity_id.clone(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        secret_kind: Word::from("k8s_secret"),
        location_type: Word::from("code"),
        location,
        status: Some(Word::from("open")),
        verified: Some(false),
        fingerprint: sha256,
        fingerprint_sha1: sha1,
        source_id: input.source_id.clone(),
        locator: credential.locator.clone(),
        ..Exposure::default()
    }
}

/// Hashes of the value inside the base64, without the line end that tools leave behind it: other finders
/// print the value without one. `None` where there is no text to compare.
fn decoded_fingerprints(base64: &str) -> Option<(String, String)> {
    clear_fingerprints(&decoded(base64)?)
}

fn clear_fingerprints(value: &str) -> Option<(String, String)> {
    fingerprints(value.trim_end_matches(['\r', '\n']))
}

fn decoded(base64: &str) -> Option<String> {
    let compact: String = base64.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    String::from_utf8(bytes).ok()
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
