//! API tokens of Okta. A token may do whatever its user may. Each use moves its end further away, so that it lives for
//! as long as it is used; the end less the window is about when it was last used.

use jiff::{Span, SpanRelativeTo, Unit};
use serde::Deserialize;

use super::{PROVIDER, cover, id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Full),
    (Fact::CredentialExpiry, Level::Full),
    (Fact::CredentialLastUsed, Level::Partial),
];
/// A token whose window started no later than this after it was made has not been used.
const ISSUE_SECONDS: i64 = 60;

/// `GET /api/v1/api-tokens`.
pub struct ApiTokens;

impl Source for ApiTokens {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.api_tokens",
            title: "API tokens of Okta",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $TOKEN\" https://ORG.okta.com/api/v1/api-tokens > \
                      api-tokens.json",
            recognises: "JSON records with `tokenWindow`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let first = api::first_record(probe, "");
        Recognised::yes_if(first.is_some_and(|record| record.has("tokenWindow") && record.has("name")))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        let note = |fact| match fact {
            Fact::Credential => Some("API tokens only; secrets and keys of clients stand in other lists"),
            Fact::CredentialLastUsed => Some("told from the window, which each use moves on"),
            _ => None,
        };
        cover(FACTS, note, input, out);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    user_id: Option<String>,
    created: Option<String>,
    expires_at: Option<String>,
    token_window: Option<String>,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let token: Token = json::parse(text, "an API token of Okta")?;
    if token.id.is_empty() {
        return Err(Reject::because("`id` is empty").into());
    }
    let created_at = api::past("created", token.created.as_ref(), locator, out)?;
    let expires_at = api::date("expiresAt", token.expires_at.as_ref(), out)?;
    let window = match token.token_window.as_deref() {
        None => None,
        Some(text) => Some(seconds_of(text).ok_or_else(|| Reject::because("`tokenWindow` is no length of time"))?),
    };
    let moved_at = expires_at.zip(window).map(|(end, window)| Moment::from_micros(end.micros() - window * 1_000_000));
    let is_unused = created_at
        .zip(moved_at)
        .is_some_and(|(made, moved)| moved.micros().saturating_sub(made.micros()) <= ISSUE_SECONDS * 1_000_000);
    let last_used_at = moved_at.filter(|_| !is_unused);
    let scope = &input.scope_id;
    out.push(Credential {
        credential_id: id(scope, "token", &token.id),
        identity_id: token.user_id.filter(|user| !user.is_empty()).map(|user| id(scope, "user", &user)),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("api_token"),
        // It ends only if nobody uses it.
        lifetime: Some(Word::from("static")),
        status: match expires_at.zip(input.as_of) {
            Some((end, as_of)) if end <= as_of => Some(Word::from("expired")),
            // Only tokens that can be used are listed.
            _ => Some(Word::from("active")),
        },
        created_at,
        expires_at,
        rotation_basis: created_at.map(|_| Word::from("created")),
        last_used_at,
        last_used_state: moved_at.map(|_| Word::from(if is_unused { "never" } else { "used" })),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    Ok(())
}

/// The seconds in `P30D` or `PT5M`; a day has 24 hours.
fn seconds_of(text: &str) -> Option<i64> {
    let span: Span = text.trim().parse().ok()?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
    if !(0.0..=1e10).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
    Some(seconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn a_token_was_last_used_when_its_window_last_moved() {
        let loaded = load_fixture(&ApiTokens, "okta.api_tokens/good/tokens.json");
        let columns =
            &["credential_id", "identity_id", "lifetime", "status", "expires_at", "last_used_at", "last_used_state"];
        let user = "okta:good:user:00u1";
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    "okta:good:token:00T1",
                    user,
                    "static",
                    "active",
                    "2026-07-29T10:00:00Z",
                    "2026-06-29T10:00:00Z",
                    "used"
                ],
                ["okta:good:token:00T2", user, "static", "active", "2026-07-20T00:00:00.5Z", "∅", "never"],
                ["okta:good:token:00T3", "∅", "static", "active", "∅", "∅", "∅"],
                [
                    "okta:good:token:00T4",
                    user,
                    "static",
                    "expired",
                    "2026-06-01T00:00:00Z",
                    "2026-05-31T23:55:00Z",
                    "used"
                ],
            ]
        );
        let rows = loaded.rows(Credential::TABLE, &["created_at", "rotation_basis"]);
        assert_eq!(rows[0], ["2024-01-01T00:00:00Z", "created"]);
        assert_eq!(covered(&loaded)[2], "credential.expiry full");
    }

    #[test]
    fn windows_are_lengths_of_time() {
        assert_eq!(seconds_of("P30D"), Some(2_592_000));
        assert_eq!(seconds_of("PT5M"), Some(300));
        assert_eq!(seconds_of("P1Y"), None);
        assert_eq!(seconds_of("-P1D"), None);
        assert_eq!(seconds_of("soon"), None);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&ApiTokens, "okta.api_tokens/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id"]), [["okta:bad:token:00T1"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `tokenWindow` is no length of time");
        assert_eq!(reasons[1], "/2: `expiresAt` is not a date");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of an API token"));
        loaded.assert_no_canary();
    }
}
