//! Access keys of users as `list-access-keys` lists them: their real ids, but neither account nor ARN of
//! the user, so that rows name the user by an alias. One answer a user, one after the other in a file.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{self, Stamp};
use super::{PROVIDER, user_alias};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `aws iam list-access-keys`, once for each user.
pub struct AccessKeys;

impl Source for AccessKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.access_keys",
            title: "AWS IAM access keys",
            provider: PROVIDER,
            command: "for user in $(aws iam list-users --query 'Users[].UserName' --output text); do aws iam \
                      list-access-keys --user-name $user; done > access-keys.json",
            recognises: "JSON documents with `AccessKeyMetadata`, or a list of keys with `AccessKeyId`, `UserName` and \
                         `Status`",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_bare = answers::has_keys(probe, &["AccessKeyId", "UserName", "Status", "CreateDate"]);
        Recognised::yes_if(probe.has_key("AccessKeyMetadata") || is_bare)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let account = input.scope_id.as_str();
        let note = "the file does not show whether every user was asked for";
        out.cover(PROVIDER, account, Fact::Credential, Level::Partial, Some(note));
        out.cover(PROVIDER, account, Fact::CredentialRotation, Level::Full, None);
        out.cover(PROVIDER, account, Fact::CredentialExpiry, Level::Full, None);
        json::records(input.reader()?, &mut |locator, answer| read_answer(answer, locator, input, out))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_metadata: Option<Vec<Box<RawValue>>>,
    is_truncated: Option<bool>,
    next_token: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    user_name: String,
    access_key_id: String,
    status: String,
    create_date: Stamp,
}

fn read_answer(answer: &RawValue, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let text = answer;
    let answer: Answer = match json::parse(text.get(), "an answer of `list-access-keys`") {
        Ok(answer) => answer,
        Err(reject) => return out.record(locator, |_| Err(reject.into())),
    };
    // `--query 'AccessKeyMetadata[]'` leaves the keys alone.
    let Some(keys) = answer.access_key_metadata else {
        return out.record(locator, |out| read_key(text, locator, input, out));
    };
    if answer.is_truncated == Some(true) || answer.next_token.is_some() {
        out.pages_missing(true);
    }
    for (index, key) in keys.iter().enumerate() {
        // Pointers into one array go on; numbers of documents are followed by a pointer.
        let separator = if locator.starts_with('/') { "" } else { " " };
        let locator = format!("{locator}{separator}/AccessKeyMetadata/{index}");
        out.record(&locator, |out| read_key(key, &locator, input, out))?;
    }
    Ok(())
}

fn read_key(key: &RawValue, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let key: Key = json::parse(key.get(), "an access key")?;
    let status = match key.status.as_str() {
        "Active" => "active",
        "Inactive" => "inactive",
        "Expired" => "expired",
        _ => return Err(Reject::because("`Status` is neither Active nor Inactive").into()),
    };
    let created_at = key.create_date.past("CreateDate", locator, out)?;
    out.push(Credential {
        credential_id: key.access_key_id,
        identity_id: Some(user_alias(&input.scope_id, &key.user_name)),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("access_key"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from(status)),
        created_at: Some(created_at),
        // A key cannot be given a new secret: rotating it makes another key.
        rotation_basis: Some(Word::from("created")),
        never_expires: Some(true),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{self, Row};
    use crate::sources::testing::load_fixture;

    #[test]
    fn every_key_is_a_row_under_the_alias_of_its_user() {
        let columns =
            &["credential_id", "identity_id", "scope_id", "status", "created_at", "rotation_basis", "locator"];
        let loaded = load_fixture(&AccessKeys, "aws.access_keys/good");
        let rows = loaded.rows(schema::Credential::TABLE, columns);
        let expected = [
            ["AKIAEXAMPLE00000011", "aws:good:user:bare", "good", "active", "2026-06-03T00:00:00Z", "created", "/0"],
            [
                "AKIAEXAMPLE00000001",
                "aws:good:user:etl",
                "good",
                "active",
                "2025-03-02T00:00:00Z",
                "created",
                "document 1 /AccessKeyMetadata/0",
            ],
            [
                "AKIAEXAMPLE00000002",
                "aws:good:user:etl",
                "good",
                "inactive",
                "2024-03-02T00:00:00Z",
                "created",
                "document 1 /AccessKeyMetadata/1",
            ],
            [
                "AKIAEXAMPLE00000003",
                "aws:good:user:triage",
                "good",
                "active",
                "2026-06-01T00:00:00Z",
                "created",
                "document 3 /AccessKeyMetadata/0",
            ],
            [
                "AKIAEXAMPLE00000004",
                "aws:good:user:alice",
                "good",
                "active",
                "2026-06-02T00:00:00Z",
                "created",
                "/0/AccessKeyMetadata/0",
            ],
        ];
        assert_eq!(rows, expected);
        let fixed = loaded
            .rows(schema::Credential::TABLE, &["kind", "lifetime", "never_expires", "expires_at", "last_used_state"]);
        assert!(fixed.iter().all(|row| *row == ["access_key", "static", "true", "∅", "∅"]), "{fixed:?}");
        let coverage = loaded.rows(schema::CoverageRow::TABLE, &["scope_id", "fact", "level"]);
        let expected = [
            ["good", "credential", "partial"],
            ["good", "credential.rotation", "full"],
            ["good", "credential.expiry", "full"],
        ];
        assert_eq!(coverage.get(..3).unwrap(), expected);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AccessKeys, "aws.access_keys/bad");
        let rows = loaded.rows(schema::Credential::TABLE, &["credential_id"]);
        assert_eq!(rows, [["AKIAEXAMPLE00000007"], ["AKIAEXAMPLE00000008"]]);
        let [records, broken] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert_eq!((records.rows_read, records.rows_loaded, records.truncated), (4, 1, Some(true)));
        let found: Vec<_> = records.rejected.iter().map(|r| (r.locator.as_str(), r.reason.as_str())).collect();
        assert_eq!(
            found.first(),
            Some(&("document 1 /AccessKeyMetadata/0", "`Status` is neither Active nor Inactive"))
        );
        let shape = "the record does not have the shape of an answer of `list-access-keys`";
        assert!(found.iter().any(|(at, why)| *at == "document 2" && why.starts_with(shape)), "{found:?}");
        assert_eq!(found.last(), Some(&("document 3 /AccessKeyMetadata/0", "`CreateDate` is not a date")));
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off at line 2"));
        assert_eq!((broken.rows_read, broken.rows_loaded), (1, 1));
        loaded.assert_no_canary();
    }
}
