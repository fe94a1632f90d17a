//! Secrets and certificates of applications and service principals. Entra hands out their dates and never their
//! values; when one was last used stands in another report. A new secret is another credential, so that its
//! start is when it was made.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{PROVIDER, Tenant, filled};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::sources::{Input, Output, Reject, hash};

/// An end further off than this was set so that there is none.
const FOREVER_DAYS: i64 = 3653;

/// The credentials of one record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    password_credentials: Option<Vec<Password>>,
    key_credentials: Option<Vec<Key>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Password {
    key_id: Option<String>,
    #[serde(alias = "startDate")]
    start_date_time: Option<String>,
    #[serde(alias = "endDate")]
    end_date_time: Option<String>,
    /// Only in the answer to making one; never in a list.
    #[serde(alias = "value")]
    secret_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    key_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    usage: Option<String>,
    custom_key_identifier: Option<String>,
    #[serde(alias = "startDate")]
    start_date_time: Option<String>,
    #[serde(alias = "endDate")]
    end_date_time: Option<String>,
}

/// Who keeps the private key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// Whoever made it, in a place that Entra does not know.
    Owner,
    /// The platform, which also replaces it: managed identities.
    Platform,
}

impl Credentials {
    /// Whether the record shows both kinds: `$select` may have left one out.
    pub fn are_shown(&self) -> bool {
        self.password_credentials.is_some() && self.key_credentials.is_some()
    }

    /// One row each, for the application or principal of that id.
    pub fn rows(
        &self,
        holder: &str,
        keeper: Keeper,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<Vec<Credential>, Reject> {
        let mut rows = Vec::new();
        let signing = self.signing();
        for (at, password) in self.password_credentials.iter().flatten().enumerate() {
            // The password of a signing certificate is no secret to sign in with.
            if password.key_id.as_ref().is_some_and(|id| signing.contains(id)) {
                continue;
            }
            let dates = Dates::read(password.start_date_time.as_deref(), password.end_date_time.as_deref(), out)?;
            let hashes = filled(password.secret_text.as_deref()).map(hash::fingerprints);
            let (fingerprint, fingerprint_sha1) = hashes.unzip();
            let id = password.key_id.as_deref();
            rows.push(Credential {
                kind: Word::from("client_secret"),
                fingerprint,
                fingerprint_sha1,
                locator: format!("{locator}/passwordCredentials/{at}"),
                ..dates.row(holder, id, &format!("password{at}"), tenant, input)
            });
        }
        for (at, key) in self.key_credentials.iter().flatten().enumerate() {
            let signs = is(key.usage.as_deref(), "Sign");
            // The public half of a signing certificate stands beside it.
            if !signs && key.custom_key_identifier.as_ref().is_some_and(|id| signing.contains(id)) {
                continue;
            }
            let dates = Dates::read(key.start_date_time.as_deref(), key.end_date_time.as_deref(), out)?;
            let id = key.key_id.as_deref();
            let is_secret = is(key.kind.as_deref(), "Symmetric");
            rows.push(Credential {
                kind: Word::from(if is_secret { "client_secret" } else { "certificate" }),
                auto_rotated: (keeper == Keeper::Platform).then_some(true),
                // Entra holds the private key of what it signs with.
                storage: (signs || keeper == Keeper::Platform).then(|| Word::from("none")),
                locator: format!("{locator}/keyCredentials/{at}"),
                ..dates.row(holder, id, &format!("key{at}"), tenant, input)
            });
        }
        Ok(rows)
    }

    /// Ids and thumbprints of certificates with which Entra signs assertions for the application.
    fn signing(&self) -> BTreeSet<String> {
        let keys = self.key_credentials.iter().flatten().filter(|key| is(key.usage.as_deref(), "Sign"));
        keys.flat_map(|key| [key.key_id.clone(), key.custom_key_identifier.clone()]).flatten().collect()
    }
}

/// The id of a credential: key ids are unique in their application only, where people set them.
pub(super) fn credential_id(holder: &str, key_id: &str) -> String {
    format!("{holder}#{}", key_id.to_lowercase())
}

fn is(value: Option<&str>, expected: &str) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case(expected))
}

/// When a credential holds. Both ends may lie in the future.
pub(super) struct Dates {
    start: Option<Moment>,
    end: Option<Moment>,
    /// Whether the end is the last day that can be written.
    is_endless: bool,
}

impl Dates {
    pub fn read(start: Option<&str>, end: Option<&str>, out: &mut Output) -> Result<Self, Reject> {
        let start = filled(start).map(|text| out.date("startDateTime", text)).transpose()?;
        let is_endless = end.is_some_and(|text| text.starts_with("9999-"));
        let end = filled(end).filter(|_| !is_endless).map(|text| out.date("endDateTime", text)).transpose()?;
        Ok(Self { start, end, is_endless })
    }

    /// What they say of a credential; its kind and place are the caller's.
    pub fn row(&self, holder: &str, key_id: Option<&str>, slot: &str, tenant: &Tenant, input: &Input) -> Credential {
        let by_length = self.end.map(|end| match self.start.or(input.as_of) {
            Some(start) => end > start.plus_days(FOREVER_DAYS),
            None => false,
        });
        let lasts = if self.is_endless { Some(true) } else { by_length };
        let status = match (self.start, self.end, input.as_of) {
            (_, Some(end), Some(now)) if end <= now => Some("expired"),
            (Some(start), _, Some(now)) if start > now => Some("inactive"),
            (_, _, Some(_)) => Some("active"),
            _ => None,
        };
        Credential {
            credential_id: credential_id(holder, filled(key_id).unwrap_or(slot)),
            identity_id: Some(holder.to_owned()),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            lifetime: lasts.map(|lasts| Word::from(if lasts { "static" } else { "expiring" })),
            status: status.map(Word::from),
            created_at: self.start,
            expires_at: self.end.filter(|_| lasts == Some(false)),
            never_expires: lasts,
            rotation_basis: self.start.map(|_| Word::from("created")),
            source_id: input.source_id.clone(),
            ..Credential::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Store;

    fn rows(json: &str, keeper: Keeper) -> Result<Vec<Credential>, Reject> {
        let credentials: Credentials = serde_json::from_str(json).unwrap();
        let as_of = Moment::parse("2026-06-30T12:00:00Z").ok();
        let input = Input { as_of, ..crate::sources::testing::input("", "t") };
        let mut out = Output::new(Store::new("").writer(0), "x");
        credentials.rows("entra:t:app:a", keeper, &Tenant::new("t"), &input, "/0", &mut out)
    }

    fn words(row: &Credential) -> [String; 4] {
        let word = |word: &Option<Word>| word.as_ref().map_or("∅".to_owned(), |word| word.0.clone());
        [row.credential_id.clone(), row.kind.0.clone(), word(&row.lifetime), word(&row.status)]
    }

    #[test]
    fn dates_say_how_long_a_secret_holds() {
        let row = |start: &str, end: &str| {
            let json = format!(
                r#"{{"passwordCredentials": [{{"keyId": "K", "startDateTime": {start}, "endDateTime": {end}}}]}}"#
            );
            rows(&json, Keeper::Owner).unwrap().remove(0)
        };
        let one = |start: &str, end: &str| {
            let [_, _, lifetime, status] = words(&row(start, end));
            (lifetime, status)
        };
        let of = |lifetime: &str, status: &str| (lifetime.to_owned(), status.to_owned());
        assert_eq!(one(r#""2025-01-01T00:00:00Z""#, r#""2027-01-01T00:00:00Z""#), of("expiring", "active"));
        assert_eq!(one(r#""2025-01-01T00:00:00Z""#, r#""2026-01-01T00:00:00Z""#), of("expiring", "expired"));
        assert_eq!(one(r#""2026-07-01T00:00:00Z""#, r#""2027-01-01T00:00:00Z""#), of("expiring", "inactive"));
        assert_eq!(one(r#""2019-01-01T00:00:00Z""#, r#""2299-12-31T00:00:00Z""#), of("static", "active"));
        assert_eq!(one("null", "null"), of("∅", "active"));
        let forever = row(r#""2019-01-01T00:00:00Z""#, r#""9999-12-31T23:59:59Z""#);
        assert_eq!((forever.never_expires, forever.expires_at), (Some(true), None));
        assert_eq!(row("null", "null").never_expires, None, "no end said is not no end");
    }

    #[test]
    fn a_signing_certificate_is_one_credential() {
        let json = r#"{
            "keyCredentials": [
                {"keyId": "s", "type": "AsymmetricX509Cert", "usage": "Sign", "customKeyIdentifier": "T"},
                {"keyId": "v", "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": "T"},
                {"keyId": "o", "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": "U"}
            ],
            "passwordCredentials": [{"keyId": "s", "hint": "CAN"}, {"keyId": "p"}]
        }"#;
        let rows = rows(json, Keeper::Owner).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.credential_id.as_str(), row.kind.0.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("entra:t:app:a#p", "client_secret"),
                ("entra:t:app:a#s", "certificate"),
                ("entra:t:app:a#o", "certificate")
            ]
        );
        assert_eq!(rows[1].storage, Some(Word::from("none")));
        assert_eq!(rows[2].storage, None);
    }

    #[test]
    fn the_platform_keeps_and_rotates_keys_of_managed_identities() {
        let json = r#"{"keyCredentials": [{"keyId": "k", "usage": "Verify", "startDateTime": "2026-06-01T00:00:00Z",
            "endDateTime": "2026-08-30T00:00:00Z"}], "passwordCredentials": []}"#;
        let row = rows(json, Keeper::Platform).unwrap().remove(0);
        assert_eq!((row.auto_rotated, row.storage), (Some(true), Some(Word::from("none"))));
        assert!(rows(r#"{"keyCredentials": [{"endDateTime": "soon"}]}"#, Keeper::Owner).is_err());
    }
}
