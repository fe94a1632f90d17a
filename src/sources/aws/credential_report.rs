//! The IAM credential report: users, their passwords, keys and certificates. Comes as CSV, or as the CLI's
//! JSON with the CSV in base64.

use std::io::{Cursor, Read};

use base64::Engine as _;
use serde::Deserialize;

use super::answers::Stamp;
use super::{KEY_TRACKING, PROVIDER, account_of, use_state};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// Columns that stand beside each other in every report, whatever a pipeline puts before or after them.
const HEADER: [&str; 4] = ["user", "arn", "user_creation_time", "password_enabled"];
const ROOT: &str = "<root_account>";
/// Since when IAM records the last use of passwords.
const PASSWORD_TRACKING: &str = "2014-10-20T00:00:00Z";

/// `aws iam get-credential-report`.
pub struct CredentialReport;

impl Source for CredentialReport {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.credential_report",
            title: "AWS IAM credential report",
            provider: PROVIDER,
            command: "aws iam generate-credential-report && aws iam get-credential-report > credential-report.json",
            recognises: "CSV whose header has `user,arn,user_creation_time,password_enabled`, or JSON with `Content` and \
                         `ReportFormat`",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::CredentialLastUsed, Level::Full),
            ],
            main_view: "credentials",
            precedence: 3,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if is_header(probe.first_line()) {
            return Recognised::Yes;
        }
        if probe.has_key("PasswordPolicy") && probe.head().contains("\"MinimumPasswordLength\"") {
            return Recognised::Maybe(
                "the password policy of an AWS account, which is no inventory export; passwords and their age stand in \
                 the credential report"
                    .to_owned(),
            );
        }
        let is_wrapped = probe.has_key("Content") && probe.head().contains("\"ReportFormat\"");
        if is_wrapped || (probe.has_key("Content") && probe.head().contains("dXNlcixhcm4s")) {
            return Recognised::Yes;
        }
        if probe.first_line().starts_with("user;arn;") {
            return Recognised::Maybe(
                "a credential report saved with `;` between columns; export it again and do not open it in a \
                 spreadsheet"
                    .to_owned(),
            );
        }
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reader = input.reader()?;
        let mut first = [0; 1];
        let read = reader.read(&mut first).map_err(|error| Broken::io(&error))?;
        let start = Cursor::new(first).take(read as u64);
        if first == *b"{" {
            let text = input.text()?;
            let csv = unwrap(&text, out)?;
            read_rows(Cursor::new(csv), input, out)
        } else {
            read_rows(start.chain(reader), input, out)
        }
    }
}

/// Whether a line is the header, with or without quotes around its names.
fn is_header(line: &str) -> bool {
    let names: Vec<String> = line.split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
    names.windows(HEADER.len()).any(|window| window == HEADER)
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "Content")]
    content: String,
    #[serde(rename = "GeneratedTime")]
    generated: Option<Stamp>,
}

/// The CSV inside the CLI's JSON; its `GeneratedTime` is when the report was made.
fn unwrap(text: &str, out: &mut Output) -> Result<Vec<u8>, Broken> {
    let wrapped: Wrapped = json::parse(text, "the CLI's answer")
        .map_err(|_| Broken::new("the file breaks off, or is not the answer of `get-credential-report`"))?;
    if let Some(generated) = wrapped.generated {
        let moment = generated.date("GeneratedTime", out).map_err(|Reject(reason)| Broken::new(reason))?;
        out.made_at(moment);
    }
    let compact: String = wrapped.content.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| Broken::new("`Content` is not base64"))
}

fn read_rows(reader: impl Read, input: &Input, out: &mut Output) -> Result<(), Broken> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header = rows.headers().map_err(|_| Broken::new("the header cannot be read"))?.clone();
    if header.len() < 22 {
        return Err(Broken::new(format!("the header has {} columns, a credential report has 22", header.len())));
    }
    let mut record = csv::StringRecord::new();
    loop {
        let line = rows.position().line();
        match rows.read_record(&mut record) {
            Ok(false) => break,
            // Reports of several accounts, one after the other.
            Ok(true) if record == header => {}
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let locator = format!("line {line}");
                out.record(&locator, |out| read_row(&Row { header: &header, record: &record }, &locator, input, out))?;
            }
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                out.record(&format!("line {line}"), |_| Err(Reject::because("the line is not UTF-8 text").into()))?;
            }
            Err(_) => return Err(Broken::new(format!("the file cannot be read past line {line}"))),
        }
    }
    Ok(())
}

struct Row<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        let at = self.header.iter().position(|name| name.eq_ignore_ascii_case(column));
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// Whether the column that only some reports have says that there is more than fits: a number, and how to list
    /// the rest.
    fn has_more_credentials(&self) -> bool {
        let text = self.get("additional_credentials_info");
        !matches!(text, "" | "0" | "N/A" | "not_supported" | "no_information")
    }

    fn flag(&self, column: &str) -> Result<Option<bool>, Reject> {
        match self.get(column).to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "" | "n/a" | "not_supported" | "no_information" => Ok(None),
            _ => Err(Reject::because(format!("`{column}` is neither true nor false"))),
        }
    }

    /// A date, or `None` for the words that mean "there is none".
    fn date(&self, column: &str, locator: &str, out: &mut Output) -> Result<Option<Moment>, Reject> {
        match self.get(column) {
            "" | "N/A" | "not_supported" | "no_information" => Ok(None),
            text => out.past(column, text, locator).map(Some),
        }
    }
}

fn read_row(row: &Row<'_>, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    if row.record.len() != row.header.len() {
        let message = format!("the line has {} fields, the header has {}", row.record.len(), row.header.len());
        return Err(Reject::because(message).into());
    }
    let arn = row.get("arn");
    let account = account_of(arn).ok_or_else(|| Reject::because("`arn` is not an ARN with an account"))?.to_owned();
    let is_root = row.get("user") == ROOT;
    let user = Principal { arn, account: &account, locator, input };
    let created_at = row.date("user_creation_time", locator, out)?;
    let has_password = row.flag("password_enabled")?;
    let has_mfa = row.flag("mfa_active")?;
    // Everything is read before anything is written, so that a rejected line leaves nothing behind.
    let password = if has_password == Some(true) && !is_root { Some(user.password(row, out)?) } else { None };
    let mut credentials: Vec<Credential> = password.into_iter().collect();
    for slot in ["1", "2"] {
        credentials.extend(user.access_key(row, slot, out)?);
        credentials.extend(user.certificate(row, slot, out)?);
    }
    if row.has_more_credentials() {
        out.cover(PROVIDER, &account, Fact::Credential, Level::Partial, Some("a user has more than two keys"));
    }
    out.about_scope(&account);
    cover(&account, out);
    out.push(Identity {
        identity_id: arn.to_owned(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(account.clone())),
        kind: Word::from(if is_root { "root" } else { "iam_user" }),
        name: if is_root { "root".to_owned() } else { row.get("user").to_owned() },
        native_id: arn.to_owned(),
        is_human: if is_root || (has_password == Some(true) && has_mfa == Some(true)) { Some(true) } else { None },
        created_at,
        enabled: Some(true),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    for credential in credentials {
        out.push(credential)?;
    }
    Ok(())
}

fn cover(account: &str, out: &mut Output) {
    let roles = "roles and groups are not in a credential report";
    let others = "service-specific credentials (CodeCommit, Bedrock API keys) are not in a credential report";
    out.cover(PROVIDER, account, Fact::Identity, Level::Partial, Some(roles));
    out.cover(PROVIDER, account, Fact::Credential, Level::Full, Some(others));
    for fact in [Fact::CredentialRotation, Fact::CredentialExpiry, Fact::CredentialLastUsed] {
        out.cover(PROVIDER, account, fact, Level::Full, None);
    }
}

struct Principal<'a> {
    arn: &'a str,
    account: &'a str,
    locator: &'a str,
    input: &'a Input,
}

impl Principal<'_> {
    fn credential(&self, kind: &str, slot: &str) -> Credential {
        Credential {
            credential_id: format!("{}#{slot}", self.arn),
            identity_id: Some(self.arn.to_owned()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.account.to_owned())),
            kind: Word::from(kind),
            lifetime: Some(Word::from("static")),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Credential::default()
        }
    }

    fn password(&self, row: &Row<'_>, out: &mut Output) -> Result<Credential, Reject> {
        let last_used_at = row.date("password_last_used", self.locator, out)?;
        let changed = row.date("password_last_changed", self.locator, out)?;
        let tracking = out.date("tracking", PASSWORD_TRACKING)?;
        Ok(Credential {
            status: Some(Word::from("active")),
            last_rotated_at: changed,
            rotation_basis: changed.map(|_| Word::from("rotated")),
            last_used_at,
            last_used_state: Some(use_state(last_used_at, changed, tracking)),
            tracking_since: Some(tracking),
            ..self.credential("password", "password")
        })
    }

    /// The key in a slot; `last_rotated` is `N/A` where there is none, and the key's creation time otherwise.
    fn access_key(&self, row: &Row<'_>, slot: &str, out: &mut Output) -> Result<Option<Credential>, Reject> {
        let active = row.flag(&format!("access_key_{slot}_active"))?;
        let Some(created_at) = row.date(&format!("access_key_{slot}_last_rotated"), self.locator, out)? else {
            // The root row of some accounts leaves the date out though a key is active.
            return Ok((active == Some(true)).then(|| Credential {
                status: Some(Word::from("active")),
                never_expires: Some(true),
                ..self.credential("access_key", &format!("key{slot}"))
            }));
        };
        let last_used_at = row.date(&format!("access_key_{slot}_last_used_date"), self.locator, out)?;
        let tracking = out.date("tracking", KEY_TRACKING)?;
        let last_used_by: Vec<&str> = ["service", "region"]
            .into_iter()
            .map(|part| row.get(&format!("access_key_{slot}_last_used_{part}")))
            .filter(|text| !matches!(*text, "" | "N/A" | "not_supported"))
            .collect();
        Ok(Some(Credential {
            status: active.map(|active| Word::from(if active { "active" } else { "inactive" })),
            created_at: Some(created_at),
            rotation_basis: Some(Word::from("created")),
            last_used_at,
            last_used_state: Some(use_state(last_used_at, Some(created_at), tracking)),
            last_used_by: (!last_used_by.is_empty()).then(|| last_used_by.join(" ")),
            tracking_since: Some(tracking),
            never_expires: Some(true),
            ..self.credential("access_key", &format!("key{slot}"))
        }))
    }

    fn certificate(&self, row: &Row<'_>, slot: &str, out: &mut Output) -> Result<Option<Credential>, Reject> {
        let Some(created_at) = row.date(&format!("cert_{slot}_last_rotated"), self.locator, out)? else {
            return Ok(None);
        };
        let active = row.flag(&format!("cert_{slot}_active"))?;
        Ok(Some(Credential {
            status: active.map(|active| Word::from(if active { "active" } else { "inactive" })),
            created_at: Some(created_at),
            rotation_basis: Some(Word::from("created")),
            // The report does not say when a signing certificate ends.
            lifetime: None,
            ..self.credential("certificate", &format!("cert{slot}"))
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const KEYS: &[&str] =
        &["credential_id", "kind", "status", "created_at", "last_used_at", "last_used_state", "last_used_by"];

    fn good(file: &str) -> Loaded {
        load_fixture(&CredentialReport, &format!("aws.credential_report/good/{file}"))
    }

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::111122223333:{name}")
    }

    #[test]
    fn a_live_report_has_a_root_and_says_never_in_several_ways() {
        let loaded = good("live.csv");
        let rows = loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "is_human", "locator"]);
        assert_eq!(
            rows,
            [
                [&arn("root"), "root", "root", "true", "line 2"],
                [&arn("user/people/alice"), "iam_user", "alice", "true", "line 3"],
                [&arn("user/etl"), "iam_user", "etl", "∅", "line 4"],
            ]
        );
        let used = "2026-06-28T08:00:00Z";
        assert_eq!(
            loaded.rows(Credential::TABLE, KEYS),
            [
                [
                    &format!("{}#key1", arn("root")),
                    "access_key",
                    "active",
                    "2014-02-01T00:00:00Z",
                    "∅",
                    "none_in_window",
                    "∅"
                ],
                [&format!("{}#password", arn("user/people/alice")), "password", "active", "∅", "∅", "never", "∅"],
                [
                    &format!("{}#key1", arn("user/etl")),
                    "access_key",
                    "active",
                    "2025-03-02T00:00:00Z",
                    used,
                    "used",
                    "s3 eu-west-1"
                ],
                [&format!("{}#cert1", arn("user/etl")), "certificate", "active", "2023-03-02T00:00:00Z", "∅", "∅", "∅"],
                [
                    &format!("{}#key2", arn("user/etl")),
                    "access_key",
                    "inactive",
                    "2024-03-02T00:00:00Z",
                    "∅",
                    "never",
                    "∅"
                ],
            ]
        );
        let note = "service-specific credentials (CodeCommit, Bedrock API keys) are not in a credential report";
        assert!(covered(&loaded).contains(&format!("credential full: {note}")));
    }

    #[test]
    fn the_answer_of_the_api_is_decoded_and_dated() {
        for (file, made) in [("api.json", "2026-06-29T05:00:00Z"), ("api-epoch.json", "2026-06-29T05:00:00Z")] {
            let loaded = good(file);
            let [read] = loaded.estate.files.as_slice() else { panic!("one file") };
            assert_eq!((read.as_of.to_string().as_str(), read.as_of_basis), (made, "in_file"), "{file}");
            assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["etl"]], "{file}");
        }
    }

    #[test]
    fn more_columns_and_several_accounts_do_no_harm() {
        let loaded = good("more-columns.csv");
        let rows = loaded.rows(Identity::TABLE, &["name", "scope_id"]);
        assert_eq!(rows, [["etl", "111122223333"], ["many", "111122223333"], ["other", "444455556666"]]);
        assert!(reasons(&loaded).is_empty(), "the second header is no record");
        let credential: Vec<_> = loaded.estate.files[0]
            .coverage
            .iter()
            .filter(|covered| covered.fact == Fact::Credential)
            .map(|covered| (covered.scope_id.as_str(), covered.level, covered.note.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(credential[0], ("111122223333", Level::Partial, "a user has more than two keys"));
        assert_eq!(credential[1].1, Level::Full);
    }

    #[test]
    fn bad_lines_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&CredentialReport, "aws.credential_report/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert_eq!(
            broken.failure.as_deref(),
            Some("the file breaks off, or is not the answer of `get-credential-report`")
        );
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (5, 1));
        assert_eq!(
            reasons(&loaded),
            [
                "line 3: `arn` is not an ARN with an account",
                "line 4: `mfa_active` is neither true nor false",
                "line 5: `access_key_1_last_rotated` is not a date",
                "line 6: the line has 3 fields, the header has 22",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn near_misses_are_told_why() {
        let recognise = |text: &str| CredentialReport.recognise(&Probe::of(Path::new("x"), text.as_bytes()));
        let policy = r#"{"PasswordPolicy": {"MinimumPasswordLength": 14, "RequireSymbols": true}}"#;
        let Recognised::Maybe(reason) = recognise(policy) else { panic!("a near miss") };
        assert!(reason.contains("no inventory export"), "{reason}");
        assert!(matches!(recognise("user;arn;user_creation_time"), Recognised::Maybe(_)));
        assert_eq!(recognise("user,arn,password_enabled"), Recognised::No);
        assert_eq!(recognise("\"user\",\"arn\",\"user_creation_time\",\"password_enabled\""), Recognised::Yes);
    }
}
