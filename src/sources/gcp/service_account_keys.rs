//! Keys of service accounts: when each was made and when it ends. Keys that Google keeps and replaces itself are
//! no one's credential and become no rows. The list names no last use; `gcp.activity` does.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::assets::Subject;
use super::{PROVIDER, account_id, answers, assets, first_records, outline, project_of, segment};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Exposure};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

const LIST: &str = "keys";
/// The end of a key that has none.
const NEVER: &str = "9999-12-31T23:59:59Z";
/// Days after which an end is no end: older keys were issued for ten years.
const LASTING_DAYS: i64 = 3650;

/// `gcloud iam service-accounts keys list`, once for each account, or assets of that type.
pub struct ServiceAccountKeys;

impl Source for ServiceAccountKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "gcp.service_account_keys",
            title: "Google Cloud service account keys",
            provider: PROVIDER,
            command: "gcloud asset list --organization=N --content-type=resource \
                      --asset-types=iam.googleapis.com/ServiceAccountKey --format=json > keys.json; or for account in \
                      $(gcloud iam service-accounts list --format='value(email)'); do gcloud iam service-accounts \
                      keys list --iam-account=$account --format=json; done > keys.json",
            recognises: "JSON records with a `name` under `serviceAccounts` and `keys`, or assets with `assetType` and \
                         `resource.data` of which one is a key and none a service account",
            facts: &[
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::ExposureCode, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        match assets::subject(probe) {
            Some(subject) => return Recognised::yes_if(subject == Subject::Type(assets::KEY)),
            None if probe.has_key("private_key_id") && probe.text_at("type") == Some("service_account") => {
                return Recognised::Maybe(
                    "the key of a service account: a secret, no export; list the keys and delete this copy".into(),
                );
            }
            None => {}
        }
        let Some(outline) = outline(probe) else { return Recognised::No };
        Recognised::yes_if(first_records(&outline, &[LIST]).first().is_some_and(|first| {
            let is_named =
                first.text_at("name").is_some_and(|name| name.contains("/serviceAccounts/") && name.contains("/keys/"));
            is_named && first.has_any(&["keyType", "keyAlgorithm", "validAfterTime"])
        }))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if assets::subject(&probe).is_some() {
            return assets::load(input, out);
        }
        let mut projects = BTreeSet::new();
        let read = answers(input, &[LIST], &[], out, &mut |piece, out| {
            out.record(&piece.pointer, |out| {
                projects.insert(take(piece.text(), &piece.pointer, input, out)?);
                Ok(())
            })
        });
        cover(&projects, false, out);
        if let [project] = projects.iter().collect::<Vec<_>>().as_slice() {
            out.about_scope(project);
        }
        read
    }
}

/// A key. `publicKeyData` and `privateKeyData` are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    name: String,
    key_type: Option<String>,
    valid_after_time: Option<String>,
    valid_before_time: Option<String>,
    disabled: Option<bool>,
    disable_reason: Option<String>,
    extended_status: Option<Vec<ExtendedStatus>>,
}

#[derive(Deserialize)]
struct ExtendedStatus {
    key: Option<String>,
}

/// Reads one key; returns its project.
pub(super) fn take(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<String, Stop> {
    let key: Key = json::parse(text, "a service account key")?;
    let account = segment(&key.name, "serviceAccounts").filter(|account| account.contains('@'));
    let (Some(account), Some(id)) = (account, segment(&key.name, "keys")) else {
        return Err(Reject::because("`name` does not name an account and a key").into());
    };
    let project = project_of(&key.name).unwrap_or(&input.scope_id).to_owned();
    match key.key_type.as_deref() {
        Some("USER_MANAGED") => {}
        // Nobody but Google ever holds it, and Google replaces it.
        Some("SYSTEM_MANAGED") => return Ok(project),
        Some(_) => return Err(Reject::because("`keyType` is neither USER_MANAGED nor SYSTEM_MANAGED").into()),
        None => return Err(Reject::because("`keyType` is missing").into()),
    }
    let created_at =
        key.valid_after_time.as_deref().map(|text| out.past("validAfterTime", text, locator)).transpose()?;
    let end = End::of(created_at, key.valid_before_time.as_deref(), out)?;
    // The API leaves out what is false.
    let is_disabled = key.disabled.unwrap_or(false);
    let is_expired = end.expires_at.zip(input.as_of).is_some_and(|(end, now)| end <= now);
    let status = if is_disabled {
        "inactive"
    } else if is_expired {
        "expired"
    } else {
        "active"
    };
    let identity_id = account_id(account);
    if key.is_exposed() {
        out.push(exposure(id, &identity_id, &project, status, locator, input))?;
    }
    out.push(Credential {
        credential_id: id.to_owned(),
        identity_id: Some(identity_id),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(project.clone())),
        kind: Word::from("sa_key"),
        lifetime: end.lifetime.map(Word::from),
        status: Some(Word::from(status)),
        created_at,
        expires_at: end.expires_at,
        never_expires: end.never_expires,
        // A key cannot be given a new secret: rotating it makes another key.
        rotation_basis: created_at.map(|_| Word::from("created")),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(project)
}

/// How a key ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct End {
    lifetime: Option<&'static str>,
    expires_at: Option<Moment>,
    never_expires: Option<bool>,
}

impl End {
    fn of(created_at: Option<Moment>, end: Option<&str>, out: &mut Output) -> Result<Self, Reject> {
        let Some(text) = end else { return Ok(Self::default()) };
        if text == NEVER {
            return Ok(Self { lifetime: Some("static"), expires_at: None, never_expires: Some(true) });
        }
        let expires_at = out.date("validBeforeTime", text)?;
        let lasts = created_at.is_some_and(|created| created.plus_days(LASTING_DAYS - 2) <= expires_at);
        let lifetime = if lasts { "static" } else { "expiring" };
        Ok(Self { lifetime: Some(lifetime), expires_at: Some(expires_at), never_expires: Some(false) })
    }
}

impl Key {
    /// Whether Google found it in public, or in use by somebody else.
    fn is_exposed(&self) -> bool {
        let is_switched_off =
            self.disable_reason.as_deref().is_some_and(|why| why.ends_with("_EXPOSED") || why.ends_with("_DETECTED"));
        let says_so = |status: &ExtendedStatus| {
            status.key.as_deref().is_some_and(|key| key.ends_with("_EXPOSED") || key.ends_with("_DETECTED"))
        };
        is_switched_off || self.extended_status.iter().flatten().any(says_so)
    }
}

fn exposure(id: &str, identity_id: &str, project: &str, status: &str, locator: &str, input: &Input) -> Exposure {
    Exposure {
        exposure_id: hash::row_id(&[PROVIDER, "exposed", id]),
        credential_id: Some(id.to_owned()),
        identity_id: Some(identity_id.to_owned()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(project.to_owned())),
        secret_kind: Word::from("sa_key"),
        location_type: Word::from("other"),
        location: format!("a public place that Google found key {id} in"),
        // A key that is switched off can be switched on again, but until then the finder cannot use it.
        status: Some(Word::from(if status == "active" { "open" } else { "resolved" })),
        validity: Some(Word::from(if status == "active" { "active" } else { "inactive" })),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Exposure::default()
    }
}

/// States what is known of the keys of these projects. Assets are all there are; a list is of one account.
pub(super) fn cover(projects: &BTreeSet<String>, are_assets: bool, out: &mut Output) {
    for project in projects {
        let (level, note) = if are_assets {
            (Level::Full, "keys of service accounts; API keys and HMAC keys are exported apart")
        } else {
            (Level::Partial, "the file does not show whether every service account was asked for")
        };
        out.cover(PROVIDER, project, Fact::Credential, level, Some(note));
        out.cover(PROVIDER, project, Fact::CredentialRotation, Level::Full, None);
        out.cover(PROVIDER, project, Fact::CredentialExpiry, Level::Full, None);
        let note = "only keys of service accounts that Google found in public";
        out.cover(PROVIDER, project, Fact::ExposureCode, Level::Partial, Some(note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&ServiceAccountKeys, &format!("gcp.service_account_keys/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    #[test]
    fn keys_that_people_hold_are_credentials() {
        let loaded = load("good/keys.json");
        let columns =
            &["credential_id", "identity_id", "lifetime", "status", "created_at", "expires_at", "never_expires"];
        assert_eq!(
            lines(loaded.rows(Credential::TABLE, columns)),
            [
                "aaaa01 | gcp:etl@acme-prod.iam.gserviceaccount.com | static | active | 2025-02-01T00:00:00Z | ∅ | true",
                "aaaa03 | gcp:etl@acme-prod.iam.gserviceaccount.com | expiring | active | 2026-06-01T00:00:00Z | 2026-08-30T00:00:00Z | false",
                "aaaa04 | gcp:etl@acme-prod.iam.gserviceaccount.com | static | expired | 2016-01-04T00:00:00Z | 2026-01-01T00:00:00Z | false",
                "bbbb01 | gcp:old@acme-prod.iam.gserviceaccount.com | static | inactive | 2024-02-01T00:00:00Z | ∅ | true",
                "bbbb02 | gcp:old@acme-prod.iam.gserviceaccount.com | static | active | 2024-03-01T00:00:00Z | ∅ | true",
            ]
        );
        let fixed = loaded.rows(
            Credential::TABLE,
            &["scope_id", "kind", "rotation_basis", "auto_rotated", "storage", "last_used_state"],
        );
        assert!(fixed.iter().all(|row| *row == ["acme-prod", "sa_key", "created", "∅", "∅", "∅"]), "{fixed:?}");
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (6, 6, "acme-prod"));
        assert_eq!(
            covered(&loaded),
            [
                "credential partial: the file does not show whether every service account was asked for",
                "credential.rotation full",
                "credential.expiry full",
                "exposure.code partial: only keys of service accounts that Google found in public",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn keys_that_google_found_in_public_are_exposures() {
        let loaded = load("good/keys.json");
        let columns =
            &["credential_id", "identity_id", "secret_kind", "location_type", "status", "validity", "locator"];
        assert_eq!(
            lines(loaded.rows(Exposure::TABLE, columns)),
            [
                "bbbb01 | gcp:old@acme-prod.iam.gserviceaccount.com | sa_key | other | resolved | inactive | document 3 /0",
                "bbbb02 | gcp:old@acme-prod.iam.gserviceaccount.com | sa_key | other | open | active | document 3 /1",
            ]
        );
    }

    #[test]
    fn assets_show_all_keys_of_a_project() {
        let loaded = load("good/assets.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id", "locator"]), [["cccc01", "/0"]]);
        let note = "keys of service accounts; API keys and HMAC keys are exported apart";
        assert_eq!(covered(&loaded).first().unwrap(), &format!("credential full: {note}"));
        let loaded = load("good/page.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id", "locator"]), [["dddd02", "/keys/1"]]);
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id"]), [["kept"], ["kept-too"]]);
        assert_eq!(
            reasons(&loaded).get(..4).unwrap(),
            [
                "/1: `keyType` is neither USER_MANAGED nor SYSTEM_MANAGED",
                "/2: `validAfterTime` is not a date",
                "/3: `name` does not name an account and a key",
                "/4: `keyType` is missing",
            ]
        );
        assert!(reasons(&loaded)[4].starts_with("/5: the record does not have the shape of a service account key"));
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }

    #[test]
    fn a_key_itself_is_no_export() {
        let of = |text: &str| ServiceAccountKeys.recognise(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        assert!(matches!(
            of(r#"{"type": "service_account", "private_key_id": "a", "private_key": "CANARY"}"#),
            Recognised::Maybe(_)
        ));
        assert_eq!(of(r#"[{"name": "projects/p/serviceAccounts/a@b", "email": "a@b"}]"#), Recognised::No);
    }
}
