//! Last use of access keys. `get-access-key-last-used` does not repeat the key's id, so that each answer
//! must have been wrapped with it; one answer a key, one after the other in a file.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{Stamp, past};
use super::{KEY_TRACKING, PROVIDER, use_state, user_alias};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const HOW_TO_WRAP: &str = "the answer does not say which key it is about; add its id with `jq -c --arg id $key \
                           '. + {AccessKeyId: $id}'`";

/// `aws iam get-access-key-last-used`, once for each key.
pub struct AccessKeyLastUsed;

impl Source for AccessKeyLastUsed {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.access_key_last_used",
            title: "Last use of AWS IAM access keys",
            provider: PROVIDER,
            command: "for key in $(jq -r '.AccessKeyMetadata[].AccessKeyId' access-keys.json); do aws iam \
                      get-access-key-last-used --access-key-id $key | jq -c --arg id $key '. + {AccessKeyId: $id}'; \
                      done > access-key-last-used.ndjson",
            recognises: "JSON documents with `AccessKeyLastUsed`",
            facts: &[(Fact::Credential, Level::Partial), (Fact::CredentialLastUsed, Level::Full)],
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(probe.has_key("AccessKeyLastUsed"))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let account = input.scope_id.as_str();
        let note = "the file does not show whether every key was asked for";
        out.cover(PROVIDER, account, Fact::Credential, Level::Partial, Some(note));
        out.cover(PROVIDER, account, Fact::CredentialLastUsed, Level::Full, None);
        if let Ok(since) = out.date("tracking", KEY_TRACKING) {
            out.window(PROVIDER, account, Fact::CredentialLastUsed, since);
        }
        json::records(input.reader()?, &mut |locator, answer| {
            out.record(locator, |out| read_answer(answer, locator, input, out))
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: Option<String>,
    user_name: Option<String>,
    access_key_last_used: LastUsed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    last_used_date: Option<Stamp>,
    service_name: Option<String>,
    region: Option<String>,
}

fn read_answer(answer: &RawValue, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let answer: Answer = json::parse(answer.get(), "an answer of `get-access-key-last-used`")?;
    let id = answer.access_key_id.filter(|id| !id.is_empty()).ok_or_else(|| Reject::because(HOW_TO_WRAP))?;
    let used = answer.access_key_last_used;
    let date = used.last_used_date.filter(|date| !date.is_none());
    let last_used_at = past("LastUsedDate", date.as_ref(), locator, out)?;
    let tracking = out.date("tracking", KEY_TRACKING)?;
    let by: Vec<String> = [used.service_name, used.region].into_iter().flatten().filter(|text| text != "N/A").collect();
    out.push(Credential {
        credential_id: id,
        identity_id: answer.user_name.map(|name| user_alias(&input.scope_id, &name)),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("access_key"),
        lifetime: Some(Word::from("static")),
        last_used_at,
        // When the key was made is not in the file, so that *never* cannot be told from long ago.
        last_used_state: Some(use_state(last_used_at, None, tracking)),
        last_used_by: (!by.is_empty()).then(|| by.join(" ")),
        tracking_since: Some(tracking),
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
    fn last_use_joins_by_the_id_of_the_key() {
        let columns = &[
            "credential_id",
            "identity_id",
            "last_used_at",
            "last_used_state",
            "last_used_by",
            "tracking_since",
            "status",
            "created_at",
        ];
        let loaded = load_fixture(&AccessKeyLastUsed, "aws.access_key_last_used/good/used.ndjson");
        let since = "2015-04-22T00:00:00Z";
        let expected = [
            [
                "AKIAEXAMPLE00000001",
                "aws:good:user:etl",
                "2026-06-28T08:00:00Z",
                "used",
                "s3 eu-west-1",
                since,
                "∅",
                "∅",
            ],
            ["AKIAEXAMPLE00000002", "aws:good:user:etl", "∅", "none_in_window", "∅", since, "∅", "∅"],
            ["AKIAEXAMPLE00000003", "aws:good:user:triage", "2026-06-30T11:00:00Z", "used", "iam", since, "∅", "∅"],
        ];
        assert_eq!(loaded.rows(schema::Credential::TABLE, columns), expected);
    }

    #[test]
    fn an_answer_without_its_key_is_refused_with_a_hint() {
        let loaded = load_fixture(&AccessKeyLastUsed, "aws.access_key_last_used/bad");
        assert_eq!(loaded.rows(schema::Credential::TABLE, &["credential_id"]), [["AKIAEXAMPLE00000010"]]);
        let [broken, unwrapped] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off at line 1"));
        assert_eq!((unwrapped.rows_read, unwrapped.rows_loaded), (4, 1));
        let reasons: Vec<_> = unwrapped.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
        assert_eq!(reasons.first(), Some(&HOW_TO_WRAP));
        assert_eq!(reasons.get(1), Some(&"`LastUsedDate` is not a date"));
        loaded.assert_no_canary();
    }
}
