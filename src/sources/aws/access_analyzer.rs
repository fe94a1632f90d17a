//! Findings of IAM Access Analyzer: the list, and the answer about one with its details. A finding is imported as it
//! stands; its details also tell who outside may assume a role, and when keys, passwords and permissions were last used.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{self, Stamp, each_record, past};
use super::envelope::Part;
use super::last_accessed::LastAccess;
use super::policy::Document;
use super::roles::trust_id;
use super::trust_policy::ways;
use super::{PROVIDER, account_of, last_step};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Finding, Identity, Trust};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const LIST: &str = "findings";
const ROLE: &str = "AWS::IAM::Role";
const USER: &str = "AWS::IAM::User";
/// What findings of the first API, which has no types, are about.
const EXTERNAL: &str = "ExternalAccess";

/// `aws accessanalyzer list-findings-v2` and `get-finding-v2`.
pub struct AccessAnalyzer;

impl Source for AccessAnalyzer {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.access_analyzer",
            title: "Findings of AWS IAM Access Analyzer",
            provider: PROVIDER,
            command: "for analyzer in $(aws accessanalyzer list-analyzers --query 'analyzers[].arn' --output text); do \
                      for id in $(aws accessanalyzer list-findings-v2 --analyzer-arn $analyzer --query 'findings[].id' \
                      --output text); do aws accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id $id; done; \
                      done > access-analyzer.json",
            recognises: "JSON with `findings` that have a `resourceOwnerAccount`, or with one and `analyzedAt`",
            facts: &[
                (Fact::Trust, Level::Partial),
                (Fact::EntitlementLastUsed, Level::Partial),
                (Fact::CredentialLastUsed, Level::Partial),
            ],
            main_view: "trusts",
            precedence: 4,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let head = probe.head();
        let is_list =
            probe.has_key(LIST) && head.contains("\"resourceOwnerAccount\"") && head.contains("\"analyzedAt\"");
        Recognised::yes_if(is_list || answers::has_keys(probe, &["resourceOwnerAccount", "analyzedAt"]))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading { input, covered: BTreeSet::new(), is_first: true };
        let read = each_record(input, &[LIST], out, &mut |part, out| reading.take(part, out));
        reading.cover(out);
        read
    }
}

/// A finding; the list of the second API leaves out the details, that of the first has them in place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: String,
    resource: Option<String>,
    resource_type: String,
    resource_owner_account: String,
    status: String,
    finding_type: Option<String>,
    analyzed_at: Option<Stamp>,
    created_at: Option<Stamp>,
    updated_at: Option<Stamp>,
    finding_details: Option<Vec<Details>>,
    #[serde(flatten)]
    first_api: External,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    external_access_details: Option<External>,
    unused_permission_details: Option<UnusedPermission>,
    unused_iam_user_access_key_details: Option<UnusedKey>,
    unused_iam_role_details: Option<Unused>,
    unused_iam_user_password_details: Option<Unused>,
}

#[derive(Deserialize)]
struct External {
    principal: Option<BTreeMap<String, String>>,
    condition: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnusedPermission {
    service_namespace: String,
    last_accessed: Option<Stamp>,
    actions: Option<Vec<UnusedAction>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnusedAction {
    action: String,
    last_accessed: Option<Stamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnusedKey {
    access_key_id: String,
    last_accessed: Option<Stamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unused {
    last_accessed: Option<Stamp>,
}

struct Reading<'a> {
    input: &'a Input,
    /// Facts that details were seen of, by account.
    covered: BTreeSet<(String, Fact)>,
    is_first: bool,
}

/// Everything that one finding adds, read before any of it is written.
#[derive(Default)]
struct Rows {
    trusts: Vec<Trust>,
    credentials: Vec<Credential>,
    identities: Vec<Identity>,
    accesses: Vec<(String, Option<Moment>)>,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let record: Record = part.parse("a finding of Access Analyzer")?;
        let account = record.resource_owner_account.clone();
        if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Reject::because("`resourceOwnerAccount` is not an account").into());
        }
        let status = match record.status.as_str() {
            "ACTIVE" => "fail",
            "RESOLVED" => "pass",
            // Somebody, or a rule of theirs, found that it is meant to be so.
            "ARCHIVED" => "not_applicable",
            _ => return Err(Reject::because("`status` is none of ACTIVE, ARCHIVED and RESOLVED").into()),
        };
        for (field, stamp) in [("createdAt", &record.created_at), ("updatedAt", &record.updated_at)] {
            past(field, stamp.as_ref(), &part.locator, out)?;
        }
        let observed_at = past("analyzedAt", record.analyzed_at.as_ref(), &part.locator, out)?;
        let resource = record.resource.clone().unwrap_or_default();
        let is_identity = matches!(record.resource_type.as_str(), ROLE | USER) && account_of(&resource).is_some();
        let mut rows = Rows::default();
        // What is not so any more says nothing of today.
        if is_identity && status != "pass" {
            self.details(&record, &resource, &account, part, (&mut rows, out))?;
        }
        if std::mem::take(&mut self.is_first) {
            out.about_scope(&account);
        }
        let check_id = record.finding_type.unwrap_or_else(|| EXTERNAL.to_owned());
        out.push(Finding {
            finding_id: format!("access-analyzer:{}", record.id),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(account.clone())),
            tool: Word::from("access_analyzer"),
            status: Word::from(status),
            title: title(&check_id, &record.resource_type),
            check_id,
            resource_ref: resource.clone(),
            identity_id: is_identity.then(|| resource.clone()),
            observed_at,
            source_id: self.input.source_id.clone(),
            locator: part.locator.clone(),
            ..Finding::default()
        })?;
        self.write(rows, &resource, &account, part, out)
    }

    fn details(
        &self,
        record: &Record,
        resource: &str,
        account: &str,
        part: &Part,
        (rows, out): (&mut Rows, &mut Output),
    ) -> Result<(), Reject> {
        let locator = part.locator.as_str();
        let details = record.finding_details.as_deref().unwrap_or_default();
        let external = details.iter().filter_map(|details| details.external_access_details.as_ref());
        for access in external.chain([&record.first_api]).filter(|_| record.resource_type == ROLE) {
            rows.trusts.extend(self.trusts(access, resource, account, locator));
        }
        for details in details {
            if let Some(unused) = &details.unused_permission_details {
                let at = past("lastAccessed", unused.last_accessed.as_ref(), locator, out)?;
                let actions = unused.actions.as_deref().unwrap_or_default();
                // A service that was used in part is listed for its unused actions alone.
                if actions.is_empty() {
                    rows.accesses.push((format!("{}:*", unused.service_namespace), at));
                }
                for action in actions {
                    let at = past("lastAccessed", action.last_accessed.as_ref(), locator, out)?;
                    let is_whole = action.action.contains(':');
                    let namespace = &unused.service_namespace;
                    let name = if is_whole { action.action.clone() } else { format!("{namespace}:{}", action.action) };
                    rows.accesses.push((name, at));
                }
            }
            if let Some(key) = &details.unused_iam_user_access_key_details {
                let at = past("lastAccessed", key.last_accessed.as_ref(), locator, out)?;
                let id = key.access_key_id.clone();
                rows.credentials.push(self.credential(id, "access_key", at, resource, account, locator));
            }
            if let Some(password) = &details.unused_iam_user_password_details {
                let at = past("lastAccessed", password.last_accessed.as_ref(), locator, out)?;
                let id = format!("{resource}#password");
                rows.credentials.push(self.credential(id, "password", at, resource, account, locator));
            }
            if let Some(role) = &details.unused_iam_role_details {
                let at = past("lastAccessed", role.last_accessed.as_ref(), locator, out)?;
                rows.identities.push(Identity {
                    identity_id: resource.to_owned(),
                    provider: Word::from(PROVIDER),
                    scope_id: Some(Word::from(account)),
                    kind: Word::from("role"),
                    name: last_step(resource).to_owned(),
                    native_id: resource.to_owned(),
                    last_used_at: at,
                    last_used_state: at.map(|_| Word::from("used")),
                    source_id: self.input.source_id.clone(),
                    locator: locator.to_owned(),
                    ..Identity::default()
                });
            }
        }
        Ok(())
    }

    /// A key or password; without a date nothing is said, since how far back the analyzer looks is not.
    fn credential(
        &self,
        id: String,
        kind: &str,
        last_used_at: Option<Moment>,
        user: &str,
        account: &str,
        locator: &str,
    ) -> Credential {
        Credential {
            credential_id: id,
            identity_id: Some(user.to_owned()),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(account)),
            kind: Word::from(kind),
            lifetime: Some(Word::from("static")),
            last_used_at,
            last_used_state: last_used_at.map(|_| Word::from("used")),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Credential::default()
        }
    }

    /// The ways into a role that the finding shows. Its conditions come without their operators, so that a way under a
    /// condition cannot be told from the one in the trust policy: it would count twice, and is left to the finding.
    fn trusts(&self, access: &External, role: &str, account: &str, locator: &str) -> Vec<Trust> {
        let Some(principal) = &access.principal else { return Vec::new() };
        if access.condition.as_ref().is_none_or(|conditions| !conditions.is_empty()) {
            return Vec::new();
        }
        let statement = serde_json::json!({"Effect": "Allow", "Action": "sts:AssumeRole*", "Principal": principal});
        let text = serde_json::json!({"Statement": [statement]}).to_string();
        let document = RawValue::from_string(text).ok().and_then(|raw| Document::read(&raw, "the finding").ok());
        let found = document.and_then(|document| ways(&document, role).ok()).unwrap_or_default();
        let row = |way: super::trust_policy::Way| Trust {
            trust_id: trust_id(role, &way),
            identity_id: role.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(account)),
            kind: Word::from(way.kind),
            issuer: way.issuer,
            subject: way.subject,
            subject_constrained: way.subject_constrained,
            external_scope: way.external_scope,
            external_id: way.external_id,
            condition: Some(way.condition),
            source_id: self.input.source_id.clone(),
            locator: locator.to_owned(),
            ..Trust::default()
        };
        found.into_iter().map(row).collect()
    }

    fn write(&mut self, rows: Rows, resource: &str, account: &str, part: &Part, out: &mut Output) -> Result<(), Stop> {
        for (is_seen, fact) in [
            (!rows.trusts.is_empty(), Fact::Trust),
            (!rows.accesses.is_empty(), Fact::EntitlementLastUsed),
            (!rows.credentials.is_empty(), Fact::CredentialLastUsed),
        ] {
            if is_seen {
                self.covered.insert((account.to_owned(), fact));
            }
        }
        for trust in rows.trusts {
            out.push(trust)?;
        }
        for credential in rows.credentials {
            out.push(credential)?;
        }
        for identity in rows.identities {
            out.push(identity)?;
        }
        for (action, at) in rows.accesses {
            let access = LastAccess { identity_id: resource, account, action, at };
            out.push(access.row(&part.locator, self.input))?;
        }
        Ok(())
    }

    fn cover(&self, out: &mut Output) {
        for (account, fact) in &self.covered {
            let note = match fact {
                Fact::Trust => "only what lets somebody outside in, without a condition",
                _ => "only what the analyzer found unused",
            };
            out.cover(PROVIDER, account, *fact, Level::Partial, Some(note));
        }
    }
}

/// What a finding says, in words.
fn title(check_id: &str, resource_type: &str) -> String {
    match check_id {
        "ExternalAccess" => format!("somebody outside can reach {resource_type}"),
        "InternalAccess" => format!("somebody inside can reach {resource_type}"),
        "UnusedIAMRole" => "role that is not used".to_owned(),
        "UnusedIAMUserAccessKey" => "access key that is not used".to_owned(),
        "UnusedIAMUserPassword" => "password that is not used".to_owned(),
        "UnusedPermission" => "permissions that are not used".to_owned(),
        other => format!("{other} of {resource_type}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::aws::authorization_details::AuthorizationDetails;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const WEB: &str = "arn:aws:iam::111122223333:role/web";
    const ETL: &str = "arn:aws:iam::111122223333:user/etl";

    fn good(file: &str) -> Loaded {
        load_fixture(&AccessAnalyzer, &format!("aws.access_analyzer/good/{file}"))
    }

    #[test]
    fn findings_are_imported_as_they_stand() {
        let loaded = good("list.json");
        let columns =
            &["finding_id", "check_id", "status", "resource_ref", "identity_id", "title", "observed_at", "scope_id"];
        let bucket = "arn:aws:s3:::acme-exports";
        let at = "2026-06-29T06:00:00Z";
        assert_eq!(
            loaded.rows(Finding::TABLE, columns),
            [
                [
                    "access-analyzer:f1",
                    "ExternalAccess",
                    "fail",
                    bucket,
                    "∅",
                    "somebody outside can reach AWS::S3::Bucket",
                    at,
                    "111122223333"
                ],
                [
                    "access-analyzer:f2",
                    "UnusedIAMRole",
                    "not_applicable",
                    WEB,
                    WEB,
                    "role that is not used",
                    at,
                    "111122223333"
                ],
                [
                    "access-analyzer:f3",
                    "UnusedIAMUserAccessKey",
                    "pass",
                    ETL,
                    ETL,
                    "access key that is not used",
                    at,
                    "444455556666"
                ],
            ]
        );
        assert_eq!(
            loaded.rows(Finding::TABLE, &["tool", "severity", "locator"])[2],
            ["access_analyzer", "∅", "/findings/2"]
        );
        assert_eq!(covered(&loaded), [""; 0], "a list shows no details");
        assert_eq!(
            (loaded.estate.files[0].truncated, loaded.estate.files[0].scope_id.as_str()),
            (Some(true), "111122223333")
        );
    }

    #[test]
    fn details_tell_trusts_and_last_use() {
        let loaded = good("details.ndjson");
        let columns = &["identity_id", "kind", "subject", "external_scope", "external_id", "condition", "locator"];
        assert_eq!(
            loaded.rows(Trust::TABLE, columns),
            [[WEB, "cross_account", "arn:aws:iam::999988887777:root", "999988887777", "false", "", "/"]]
        );
        let columns = &["credential_id", "identity_id", "kind", "last_used_at", "last_used_state", "status"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                ["AKIAEXAMPLE00000001", ETL, "access_key", "2026-01-02T03:00:00Z", "used", "∅"],
                [&format!("{ETL}#password"), ETL, "password", "∅", "∅", "∅"],
            ]
        );
        let roles = loaded.rows(Identity::TABLE, &["identity_id", "name", "kind", "last_used_at", "last_used_state"]);
        assert_eq!(roles, [[WEB, "web", "role", "2026-02-03T04:00:00Z", "used"]]);
        let columns = &["identity_id", "action", "last_used_at", "last_used_state", "via"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [WEB, "sqs:*", "∅", "none_in_window", "last-accessed"],
                [WEB, "s3:CreateBucket", "∅", "none_in_window", "last-accessed"],
                [WEB, "s3:DeleteBucket", "2026-03-04T05:00:00Z", "used", "last-accessed"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "credential.last_used partial: only what the analyzer found unused",
                "entitlement.last_used partial: only what the analyzer found unused",
                "trust partial: only what lets somebody outside in, without a condition",
            ]
        );
        assert_eq!(loaded.rows(Finding::TABLE, &["finding_id"]).len(), 8);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_way_in_is_the_one_of_the_trust_policy() {
        let details = load_fixture(&AuthorizationDetails, "aws.authorization_details/good/objects.json");
        let known = details.rows(Trust::TABLE, &["identity_id", "trust_id"]);
        let found = good("first-api.json").rows(Trust::TABLE, &["identity_id", "trust_id"]);
        assert_eq!(found.len(), 1);
        assert!(known.contains(&found[0]), "{found:?} {known:?}");
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AccessAnalyzer, "aws.access_analyzer/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 6, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..4],
            [
                "/findings/1: `resourceOwnerAccount` is not an account",
                "/findings/2: `status` is none of ACTIVE, ARCHIVED and RESOLVED",
                "/findings/3: `analyzedAt` is not a date",
                "/findings/4: `lastAccessed` is not a date",
            ]
        );
        assert!(reasons[4].starts_with("/findings/5: the record does not have the shape of a finding"), "{reasons:?}");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["action"]).len(), 0, "a rejected record leaves nothing behind");
        loaded.assert_no_canary();
    }
}
