//! Secrets that applications keep in AWS Secrets Manager, as `list-secrets` lists them: names and dates, never
//! values. Says how each is kept and rotated; not whose identity it authenticates.

use serde::Deserialize;

use super::answers::{Stamp, past};
use super::{PROVIDER, account_of};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::json::Piece;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "SecretList";

/// `aws secretsmanager list-secrets`, once for each Region.
pub struct SecretsManager;

impl Source for SecretsManager {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.secrets_manager",
            title: "AWS Secrets Manager list",
            provider: PROVIDER,
            command: "aws secretsmanager list-secrets --include-planned-deletion > secrets.json",
            recognises: "JSON with `SecretList`",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialLastUsed, Level::Partial),
                (Fact::CredentialStorage, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(probe.has_key(LIST))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut account = None;
        json::pieces(input.reader()?, &[LIST], &["NextToken"], &mut |piece| {
            if !piece.is_element {
                out.pages_missing(piece.text() != "null");
                return Ok(());
            }
            out.record(&piece.pointer, |out| {
                let owner = read_secret(&piece, input, out)?;
                account.get_or_insert(owner);
                Ok(())
            })
        })?;
        if let Some(account) = &account {
            out.about_scope(account);
        }
        let account = account.as_ref().unwrap_or(&input.scope_id);
        let note = "stored secrets of one Region only";
        for (fact, level) in self.about().facts {
            out.cover(PROVIDER, account, *fact, *level, Some(note));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Secret {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    created_date: Option<Stamp>,
    last_rotated_date: Option<Stamp>,
    last_accessed_date: Option<Stamp>,
    deleted_date: Option<Stamp>,
    rotation_enabled: Option<bool>,
    rotation_rules: Option<Rules>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rules {
    automatically_after_days: Option<i64>,
    schedule_expression: Option<String>,
}

/// Reads one secret; returns the account that keeps it.
fn read_secret(piece: &Piece, input: &Input, out: &mut Output) -> Result<String, Stop> {
    let secret: Secret = piece.parse("a secret of `list-secrets`")?;
    let account = account_of(&secret.arn).ok_or_else(|| Reject::because("`ARN` is not an ARN with an account"))?;
    let account = account.to_owned();
    let locator = piece.pointer.as_str();
    let created_at = past("CreatedDate", secret.created_date.as_ref(), locator, out)?;
    let last_rotated_at = past("LastRotatedDate", secret.last_rotated_date.as_ref(), locator, out)?;
    let last_used_at = past("LastAccessedDate", secret.last_accessed_date.as_ref(), locator, out)?;
    // Until then the secret can be brought back.
    secret.deleted_date.as_ref().map(|date| date.date("DeletedDate", out)).transpose()?;
    let status = if secret.deleted_date.is_some() { "scheduled_delete" } else { "active" };
    out.push(Credential {
        credential_id: secret.arn,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(account.clone())),
        kind: Word::from("stored_secret"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from(status)),
        created_at,
        last_rotated_at,
        // `LastChangedDate` also moves when somebody edits a tag, so that it shows no new value.
        rotation_basis: Some(Word::from(if last_rotated_at.is_some() { "rotated" } else { "created" })),
        // The service leaves the key out where rotation was never set up.
        auto_rotated: Some(secret.rotation_enabled.unwrap_or(false)),
        rotation_days: secret.rotation_rules.and_then(|rules| rules.days()),
        last_used_at,
        last_used_state: Some(Word::from(if last_used_at.is_some() { "used" } else { "never" })),
        storage: Some(Word::from("secrets_manager")),
        storage_ref: Some(secret.name),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(account)
}

impl Rules {
    /// Days between two rotations; less than one counts as one, and a calendar gives no number.
    fn days(&self) -> Option<i64> {
        self.automatically_after_days.or_else(|| {
            let rate = self.schedule_expression.as_deref()?.trim().strip_prefix("rate(")?.strip_suffix(')')?;
            let (number, unit) = rate.trim().split_once(' ')?;
            let number: i64 = number.parse().ok()?;
            match unit.trim() {
                "day" | "days" => Some(number),
                "hour" | "hours" => Some(number.checked_add(23)? / 24),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{self, Row};
    use crate::sources::testing::load_fixture;

    #[test]
    fn every_secret_is_a_credential_without_an_identity() {
        let loaded = load_fixture(&SecretsManager, "aws.secrets_manager/good/cli-v1.json");
        let columns = &[
            "storage_ref",
            "identity_id",
            "scope_id",
            "status",
            "created_at",
            "last_rotated_at",
            "auto_rotated",
            "rotation_days",
            "last_used_state",
        ];
        let account = "111122223333";
        let expected = [
            [
                "prod/payments/db",
                "∅",
                account,
                "active",
                "2024-07-30T12:00:00Z",
                "2026-06-18T12:00:00Z",
                "true",
                "30",
                "used",
            ],
            ["prod/vendor/contoso-api-key", "∅", account, "active", "2023-10-04T12:00:00Z", "∅", "false", "∅", "never"],
            ["old/notebook", "∅", account, "scheduled_delete", "2023-10-04T12:00:00Z", "∅", "false", "∅", "never"],
        ];
        assert_eq!(loaded.rows(schema::Credential::TABLE, columns), expected);
        let fixed =
            loaded.rows(schema::Credential::TABLE, &["kind", "lifetime", "storage", "never_expires", "fingerprint"]);
        assert!(fixed.iter().all(|row| *row == ["stored_secret", "static", "secrets_manager", "∅", "∅"]), "{fixed:?}");
    }

    #[test]
    fn dates_as_text_and_pages_that_are_missing() {
        let loaded = load_fixture(&SecretsManager, "aws.secrets_manager/good/cli-v2-page.json");
        let columns = &["created_at", "last_used_at", "locator"];
        let expected = [["2026-01-05T09:30:00Z", "2026-06-29T00:00:00Z", "/SecretList/0"]];
        assert_eq!(loaded.rows(schema::Credential::TABLE, columns), expected);
        let [file] = loaded.estate.files.as_slice() else { panic!("one file") };
        assert_eq!((file.truncated, file.scope_id.as_str()), (Some(true), "111122223333"));
    }

    #[test]
    fn a_schedule_is_days_where_it_is_a_rate() {
        let days = |rules: &str| serde_json::from_str::<Rules>(rules).unwrap().days();
        assert_eq!(days(r#"{"AutomaticallyAfterDays": 30, "Duration": "2h"}"#), Some(30));
        assert_eq!(days(r#"{"ScheduleExpression": "rate(10 days)"}"#), Some(10));
        assert_eq!(days(r#"{"ScheduleExpression": "rate(4 hours)"}"#), Some(1));
        assert_eq!(days(r#"{"ScheduleExpression": "cron(0 8 1 * ? *)"}"#), None);
        assert_eq!(days("{}"), None);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&SecretsManager, "aws.secrets_manager/bad");
        assert_eq!(loaded.rows(schema::Credential::TABLE, &["storage_ref"]), [["before-the-end"], ["kept"]]);
        let [broken, records] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((records.rows_read, records.rows_loaded), (4, 1));
        let reasons: Vec<_> = records.rejected.iter().map(|r| (r.locator.as_str(), r.reason.as_str())).collect();
        assert_eq!(reasons.first(), Some(&("/SecretList/0", "`CreatedDate` is not a date")));
        assert_eq!(reasons.get(1), Some(&("/SecretList/1", "`ARN` is not an ARN with an account")));
        assert!(reasons.last().unwrap().1.starts_with("the record does not have the shape of a secret"));
        loaded.assert_no_canary();
    }
}
