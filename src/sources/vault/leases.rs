//! Leases: what Vault handed out and will take back. Those of logins are tokens, which their own export shows; the
//! others are secrets that were made for one caller.

use serde::Deserialize;

use super::answer::Answer;
use super::shape::Shape;
use super::{EPHEMERAL_SECONDS, PROVIDER};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::json;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

/// `vault lease lookup ID`.
pub struct Leases;

impl Source for Leases {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.leases",
            title: "Vault leases",
            provider: PROVIDER,
            command: "for l in $(vault list -format=json sys/leases/lookup/database/creds/NAME | jq -r '.[]'); do vault \
                      lease lookup -format=json database/creds/NAME/$l | jq -c; done > leases.ndjson",
            recognises: "JSON with `id`, `issue_time`, `expire_time` and `last_renewal`, or a list of ids in a file with \
                         `lease` in its name",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialExpiry, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Lease, Shape::LeaseList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut is_list = false;
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| read(record.get(), locator, input, &mut is_list, out))
        })?;
        let (level, note) = if is_list {
            (Level::None, "a list of ids, which say neither what was handed out nor until when")
        } else {
            (Level::Partial, "secrets made for one caller, of the paths that were asked for")
        };
        for (fact, _) in self.about().facts {
            out.cover(PROVIDER, &input.scope_id, *fact, level, Some(note));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Lease {
    id: String,
    issue_time: Option<String>,
    expire_time: Option<String>,
    renewable: Option<bool>,
}

fn read(text: &str, locator: &str, input: &Input, is_list: &mut bool, out: &mut Output) -> Result<(), Stop> {
    // Ids in a list lack the path that was asked for, so that they name nothing.
    if text.starts_with('"') || text.trim_matches(['{', '}']).trim().is_empty() || text.contains("\"keys\"") {
        *is_list = true;
        return Ok(());
    }
    let lease: Lease = Answer::of(text, "a lease")?.parse("a lease")?;
    let Some((path, _)) = lease.id.rsplit_once('/') else {
        return Err(Reject::because("`id` is not a lease's id").into());
    };
    if path.starts_with("auth/") {
        return Ok(());
    }
    let issued_at = lease.issue_time.as_deref().map(|at| out.past("issue_time", at, locator)).transpose()?;
    let expires_at = lease.expire_time.as_deref().map(|at| out.date("expire_time", at)).transpose()?;
    // One that can be renewed lives up to what its mount allows, which no lookup shows.
    let life = issued_at.zip(expires_at).map(|(from, to)| seconds(from, to));
    let longest = life.filter(|_| lease.renewable == Some(false));
    let lifetime = expires_at.map(|_| {
        let is_short = longest.is_some_and(|seconds| seconds <= EPHEMERAL_SECONDS);
        Word::from(if is_short { "ephemeral" } else { "expiring" })
    });
    out.push(Credential {
        storage_ref: Some(path.to_owned()),
        credential_id: lease.id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("role_session"),
        lifetime,
        status: Some(super::status(expires_at, input)),
        created_at: issued_at,
        rotation_basis: issued_at.map(|_| Word::from("created")),
        expires_at,
        never_expires: expires_at.map(|_| false),
        ttl_seconds: longest,
        storage: Some(Word::from("none")),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(())
}

fn seconds(from: Moment, to: Moment) -> i64 {
    (to.micros() - from.micros()) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn a_secret_made_for_one_caller_ends_with_its_lease() {
        let loaded = load_fixture(&Leases, "vault.leases/good/lookups.ndjson");
        let columns =
            &["credential_id", "storage_ref", "lifetime", "status", "created_at", "expires_at", "ttl_seconds"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    "database/creds/readonly/Abc123",
                    "database/creds/readonly",
                    "ephemeral",
                    "expired",
                    "2026-06-30T08:00:00.25Z",
                    "2026-06-30T09:00:00.25Z",
                    "3600",
                ],
                [
                    "aws/creds/deploy/Def456",
                    "aws/creds/deploy",
                    "expiring",
                    "active",
                    "2026-06-01T08:00:00Z",
                    "2026-07-03T08:00:00Z",
                    "∅",
                ],
            ]
        );
        assert_eq!(loaded.estate.files[0].rows_loaded, 3, "the lease of a login is a token, which stands elsewhere");
        loaded.assert_no_canary();
    }

    #[test]
    fn bare_ids_prove_nothing() {
        let loaded = load_fixture(&Leases, "vault.leases/good/leases.json");
        assert!(loaded.rows(Credential::TABLE, &["credential_id"]).is_empty());
        assert!(covered(&loaded)[0].starts_with("credential none: a list of ids"), "{:?}", covered(&loaded));
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&Leases, "vault.leases/bad");
        let row = ["a/c", "∅", "active", "∅"];
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "lifetime", "status", "never_expires"]),
            [row, row]
        );
        let expected = ["document 1: `id` is not a lease's id", "document 2: `issue_time` is not a date"];
        assert_eq!(reasons(&loaded), expected);
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
