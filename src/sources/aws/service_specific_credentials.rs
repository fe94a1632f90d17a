//! Credentials of users for single services, as `list-service-specific-credentials` lists them: long-term API keys
//! of Amazon Bedrock, passwords for CodeCommit and Keyspaces, keys for CloudWatch Logs. No report has them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{self, Stamp, each_record};
use super::envelope::Part;
use super::{PROVIDER, user_alias};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::json;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const LIST: &str = "ServiceSpecificCredentials";

/// `aws iam list-service-specific-credentials`.
pub struct ServiceSpecificCredentials;

impl Source for ServiceSpecificCredentials {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.service_specific_credentials",
            title: "AWS IAM service-specific credentials, with API keys of Bedrock",
            provider: PROVIDER,
            command: "aws iam list-service-specific-credentials --all-users > service-specific-credentials.json",
            recognises: "JSON with `ServiceSpecificCredentials`, or a list of objects with a `ServiceSpecificCredentialId`",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialExpiry, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(
            probe.has_key(LIST)
                || probe.has_key("ServiceSpecificCredential")
                || answers::has_keys(probe, &["ServiceSpecificCredentialId", "UserName"]),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let note = "service-specific credentials only, and the file does not show whether every user was asked for";
        for (fact, level) in self.about().facts {
            out.cover(PROVIDER, &input.scope_id, *fact, *level, Some(note));
        }
        each_record(input, &[LIST], out, &mut |part, out| read(part, input, out))
    }
}

/// The answer to making or resetting one wraps it, and holds the secret itself, which is not read.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "ServiceSpecificCredential")]
    credential: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Known {
    user_name: String,
    status: String,
    create_date: Stamp,
    expiration_date: Option<Stamp>,
    service_name: String,
    service_specific_credential_id: String,
}

fn read(part: &Part, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let what = "a service-specific credential";
    let answer: Answer = part.parse(what)?;
    let known: Known = json::parse(answer.credential.as_ref().map_or(part.text(), |one| one.get()), what)?;
    let status = match known.status.as_str() {
        "Active" => "active",
        "Inactive" => "inactive",
        "Expired" => "expired",
        _ => return Err(Reject::because("`Status` is none of Active, Inactive and Expired").into()),
    };
    let created_at = known.create_date.past("CreateDate", &part.locator, out)?;
    let expires_at = known.expiration_date.map(|date| date.date("ExpirationDate", out)).transpose()?;
    let is_bedrock = known.service_name.starts_with("bedrock.");
    out.push(Credential {
        credential_id: known.service_specific_credential_id,
        identity_id: Some(user_alias(&input.scope_id, &known.user_name)),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from(if is_bedrock { "llm_api_key" } else { "api_token" }),
        lifetime: Some(Word::from(if expires_at.is_some() { "expiring" } else { "static" })),
        status: Some(Word::from(status)),
        created_at: Some(created_at),
        expires_at,
        // Keys of Bedrock that were made without an age, and passwords for the other services, never end.
        never_expires: Some(expires_at.is_none()),
        // A reset gives a new secret and leaves this date as it was.
        rotation_basis: Some(Word::from("created")),
        source_id: input.source_id.clone(),
        locator: part.locator.clone(),
        ..Credential::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const KIND: &str = "aws.service_specific_credentials";

    #[test]
    fn keys_of_bedrock_are_told_from_other_passwords() {
        let loaded = load_fixture(&ServiceSpecificCredentials, &format!("{KIND}/good/all-users.json"));
        let columns = &[
            "credential_id",
            "identity_id",
            "kind",
            "lifetime",
            "status",
            "created_at",
            "expires_at",
            "never_expires",
        ];
        let made = "2026-01-05T09:30:00Z";
        let expected = [
            [
                "ACCAEXAMPLE000000001",
                "aws:good:user:BedrockAPIKey-a1b2",
                "llm_api_key",
                "expiring",
                "active",
                made,
                "2026-12-31T09:30:00Z",
                "false",
            ],
            [
                "ACCAEXAMPLE000000002",
                "aws:good:user:BedrockAPIKey-c3d4",
                "llm_api_key",
                "static",
                "active",
                made,
                "∅",
                "true",
            ],
            ["ACCAEXAMPLE000000003", "aws:good:user:git", "api_token", "static", "inactive", made, "∅", "true"],
        ];
        assert_eq!(loaded.rows(Credential::TABLE, columns), expected);
        let rows = loaded.rows(Credential::TABLE, &["rotation_basis", "last_used_state", "storage", "locator"]);
        assert_eq!(rows[2], ["created", "∅", "∅", "/ServiceSpecificCredentials/2"]);
        let note = "service-specific credentials only, and the file does not show whether every user was asked for";
        let facts = ["credential", "credential.rotation", "credential.expiry"];
        assert_eq!(covered(&loaded), facts.map(|fact| format!("{fact} partial: {note}")));
    }

    #[test]
    fn one_answer_a_user_or_the_answer_to_making_one_will_do() {
        let loaded = load_fixture(&ServiceSpecificCredentials, &format!("{KIND}/good/per-user.ndjson"));
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "status", "locator"]);
        let expected = [
            ["ACCAEXAMPLE000000004", "expired", "/ServiceSpecificCredentials/0"],
            ["ACCAEXAMPLE000000005", "active", "document 3"],
        ];
        assert_eq!(rows, expected);
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        loaded.assert_no_canary();
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&ServiceSpecificCredentials, &format!("{KIND}/bad"));
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 4, 0));
        let reasons = reasons(&loaded);
        let list = "/ServiceSpecificCredentials";
        assert_eq!(reasons[0], format!("{list}/0: `Status` is none of Active, Inactive and Expired"));
        assert_eq!(reasons[1], format!("{list}/1: `CreateDate` is not a date"));
        assert_eq!(reasons[2], format!("{list}/2: `ExpirationDate` is not a date"));
        assert!(reasons[3].starts_with(&format!("{list}/3: the record does not have the shape of a service-specific")));
        loaded.assert_no_canary();
    }
}
