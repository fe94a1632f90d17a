//! Secret ids of AppRole roles, looked up by their accessors: the passwords of machines. A lookup shows when one was
//! made and when it ends, never the secret itself; an answer that made one does, and loses it here.

use serde::Deserialize;

use super::answer::{Answer, Place, around, stem};
use super::shape::Shape;
use super::{PROVIDER, role_id};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash, json};

/// `vault write auth/approle/role/NAME/secret-id-accessor/lookup`.
pub struct SecretIds;

/// How Vault writes that a secret id never ends.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// What stands between method and role in the names of files.
const MARKS: [&str; 6] =
    ["secret-id-accessors", "secret-id-accessor", "secret-ids", "secret-id", "secret_ids", "secret_id"];

impl Source for SecretIds {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.secret_ids",
            title: "Secret ids of Vault's AppRole roles",
            provider: PROVIDER,
            command: "for r in $(vault list -format=json auth/approle/role | jq -r '.[]'); do for a in $(vault list \
                      -format=json auth/approle/role/$r/secret-id | jq -r '.[]?'); do vault write -format=json \
                      auth/approle/role/$r/secret-id-accessor/lookup secret_id_accessor=$a | jq -c --arg role $r '{mount: \
                      \"approle\", role: $role, data}'; done; done > vault-secret-ids.ndjson",
            recognises: "JSON with `secret_id_accessor`, or a list of accessors in a file with `secret-id` in its name",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::CredentialLastUsed, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::SecretId, Shape::SecretIdList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut is_list = false;
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| read(record.get(), locator, input, &mut is_list, out))
        })?;
        let cluster = input.scope_id.as_str();
        let note = "whether every role was asked for is not shown";
        out.cover(PROVIDER, cluster, Fact::Credential, Level::Partial, Some(note));
        let (level, note) = if is_list { (Level::None, Some("a list of accessors only")) } else { (Level::Full, None) };
        out.cover(PROVIDER, cluster, Fact::CredentialRotation, level, note);
        out.cover(PROVIDER, cluster, Fact::CredentialExpiry, level, note);
        let used = "only uses of secret ids whose uses are counted";
        let (level, note) = if is_list { (level, note) } else { (Level::Partial, Some(used)) };
        out.cover(PROVIDER, cluster, Fact::CredentialLastUsed, level, note);
        Ok(())
    }
}

/// A secret id. It is never printed: an answer that made one holds it.
#[derive(Deserialize)]
struct SecretId {
    secret_id_accessor: String,
    secret_id: Option<String>,
    creation_time: Option<String>,
    expiration_time: Option<String>,
    last_updated_time: Option<String>,
    secret_id_num_uses: Option<i64>,
    secret_id_ttl: Option<i64>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

fn read(text: &str, locator: &str, input: &Input, is_list: &mut bool, out: &mut Output) -> Result<(), Stop> {
    if text.starts_with('"') {
        *is_list = true;
        let accessor: String = json::parse(text, "an accessor")?;
        out.push(listed(accessor, &Place::default(), locator, input))?;
        return Ok(());
    }
    // An empty list is printed as an object.
    if text.trim_matches(['{', '}']).trim().is_empty() {
        *is_list = true;
        return Ok(());
    }
    let answer = Answer::of(text, "a secret id")?;
    if let Ok(Keys { keys }) = answer.parse("a list of accessors") {
        *is_list = true;
        for accessor in keys {
            out.push(listed(accessor, &answer.place, locator, input))?;
        }
        return Ok(());
    }
    let secret: SecretId = answer.parse("a secret id")?;
    let created_at = secret.creation_time.as_deref().map(|at| out.past("creation_time", at, locator)).transpose()?;
    let never_expires = match (secret.expiration_time.as_deref(), secret.secret_id_ttl) {
        (Some(NEVER), _) | (None, Some(0)) => Some(true),
        (Some(_), _) => Some(false),
        (None, Some(_)) => Some(false),
        (None, None) => None,
    };
    let expires_at = match secret.expiration_time.as_deref().filter(|_| never_expires == Some(false)) {
        Some(end) => Some(out.date("expiration_time", end)?),
        None => None,
    };
    let updated_at = secret.last_updated_time.as_deref().map(|at| out.past("last_updated_time", at, locator));
    let updated_at = updated_at.transpose()?;
    // Each use is written back where uses are counted, and only there.
    let is_counted = secret.secret_id_num_uses.is_some_and(|uses| uses > 0);
    let (last_used_at, last_used_state) = match (created_at, updated_at) {
        (Some(created), Some(updated)) if is_counted && updated > created => (Some(updated), Some("used")),
        (Some(_), Some(_)) if is_counted => (None, Some("never")),
        _ => (None, None),
    };
    let (fingerprint, fingerprint_sha1) = secret.secret_id.as_deref().map(hash::fingerprints).unzip();
    out.push(Credential {
        lifetime: never_expires.map(|never| Word::from(if never { "static" } else { "expiring" })),
        status: Some(super::status(expires_at, input)),
        created_at,
        expires_at,
        never_expires,
        rotation_basis: created_at.map(|_| Word::from("created")),
        ttl_seconds: secret.secret_id_ttl.filter(|seconds| *seconds > 0),
        last_used_at,
        last_used_state: last_used_state.map(Word::from),
        fingerprint,
        fingerprint_sha1,
        ..listed(secret.secret_id_accessor, &answer.place, locator, input)
    })?;
    Ok(())
}

/// What a list shows of a secret id: that it is there, and whose it is.
fn listed(accessor: String, place: &Place, locator: &str, input: &Input) -> Credential {
    let by_file = around(stem(input), &MARKS);
    let name = place.name.as_deref().or(by_file.map(|(_, name)| name)).filter(|name| !name.is_empty());
    let mount = place.mount.as_deref().or(by_file.map(|(mount, _)| mount)).filter(|mount| !mount.is_empty());
    Credential {
        credential_id: accessor,
        identity_id: name.map(|name| role_id(&input.scope_id, mount.unwrap_or("approle"), name)),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("approle_secret_id"),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn a_lookup_shows_when_one_was_made_used_and_ends() {
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/good/approle-secret-id-accessor-etl.json");
        let columns = &[
            "credential_id",
            "identity_id",
            "kind",
            "lifetime",
            "created_at",
            "expires_at",
            "never_expires",
            "ttl_seconds",
            "last_used_at",
            "last_used_state",
            "locator",
        ];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [[
                "f9d1705f-81ca-0e8f-638e-926d495c110b",
                "vault:good:role:approle:etl",
                "approle_secret_id",
                "expiring",
                "2026-11-23T18:00:43.470269Z",
                "2026-11-24T18:00:43.470269Z",
                "false",
                "86400",
                "2026-11-23T18:00:43.625037Z",
                "used",
                "document 1",
            ]]
        );
        assert_eq!(
            covered(&loaded),
            [
                "credential partial: whether every role was asked for is not shown",
                "credential.rotation full",
                "credential.expiry full",
                "credential.last_used partial: only uses of secret ids whose uses are counted",
            ]
        );
    }

    #[test]
    fn the_first_day_of_the_calendar_means_never() {
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/good/approle-secret-id-accessor-legacy-jenkins.json");
        let columns =
            &["identity_id", "lifetime", "status", "expires_at", "never_expires", "ttl_seconds", "last_used_state"];
        let role = "vault:good:role:approle:legacy-jenkins";
        // Its uses are not counted, so that nothing says whether there were any.
        assert_eq!(loaded.rows(Credential::TABLE, columns), [[role, "static", "active", "∅", "true", "∅", "∅"]]);
    }

    #[test]
    fn a_wrapper_names_role_and_method_and_a_secret_is_hashed() {
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/good/wrapped.ndjson");
        let columns = &["credential_id", "identity_id", "status", "never_expires", "last_used_state", "fingerprint"];
        let (sha256, _) = hash::fingerprints("CANARY-secret");
        let (ci, etl) = ("vault:good:role:team-approle:ci", "vault:good:role:approle:etl");
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                ["a-1", ci, "expired", "false", "never", "∅"],
                ["a-2", etl, "active", "true", "∅", sha256.as_str()],
                ["a-2", etl, "∅", "∅", "∅", "∅"],
                ["a-3", etl, "∅", "∅", "∅", "∅"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_shows_that_they_are_there() {
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/good/approle-secret-id-accessors-etl.json");
        let expected = [["f9d1705f-81ca-0e8f-638e-926d495c110b", "vault:good:role:approle:etl", "∅", "/0"]];
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id", "identity_id", "status", "locator"]), expected);
        assert_eq!(covered(&loaded)[2], "credential.expiry none: a list of accessors only");
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/good/approle-secret-id-accessors-agent-shared.json");
        assert!(loaded.rows(Credential::TABLE, &["credential_id"]).is_empty());
        assert_eq!(loaded.estate.files[0].rows_loaded, 1);
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&SecretIds, "vault.secret_ids/bad");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id", "identity_id"]), [["kept", "∅"], ["kept", "∅"]]);
        let [cut, _] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(cut.failure.as_deref().unwrap().starts_with("the file breaks off"));
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("document 1: the record does not have the shape of a secret id"), "{reasons:?}");
        assert_eq!(reasons[1..], ["document 2: `creation_time` is not a date"]);
        loaded.assert_no_canary();
    }
}
