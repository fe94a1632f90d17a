//! Which services and actions an identity last used, as IAM records it for 400 days. The answer does not say whom it is
//! about, so that its ARN must have been added to it, or stand in the file's name. Tries count, even denied ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{Account, Stamp, has_more, past};
use super::envelope::{Part, parts};
use super::last_accessed::LastAccess;
use super::{PROVIDER, canonical};
use crate::config::Moment;
use crate::inventory::{Fact, Level};
use crate::sources::json::{self, pointer_step};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const SERVICES: &str = "ServicesLastAccessed";
/// How far back IAM records use.
const WINDOW_DAYS: i64 = 400;
const HOW_TO_WRAP: &str = "the answer does not say whom it is about; add the ARN with `jq -c --arg arn $arn \
                           '. + {Arn: $arn}'`";

/// `aws iam get-service-last-accessed-details`, once for each identity.
pub struct ServiceLastAccessed;

impl Source for ServiceLastAccessed {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.service_last_accessed",
            title: "Last use of services and actions in AWS",
            provider: PROVIDER,
            command: "for arn in $(aws iam get-account-authorization-details --filter User Role --query \
                      '[UserDetailList[].Arn, RoleDetailList[].Arn][]' --output text); do job=$(aws iam \
                      generate-service-last-accessed-details --arn $arn --granularity ACTION_LEVEL --query JobId \
                      --output text); sleep 5; aws iam get-service-last-accessed-details --job-id $job | jq -c --arg \
                      arn $arn '. + {Arn: $arn}'; done > service-last-accessed.ndjson",
            recognises: "JSON with `ServicesLastAccessed`, alone or under the ARN of whom it is about",
            facts: &[(Fact::EntitlementLastUsed, Level::Partial)],
            main_view: "entitlements",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.has_key(SERVICES) {
            return Recognised::Yes;
        }
        let is_keyed = probe.outline().is_some_and(|outline| {
            outline.entries().first().is_some_and(|(key, answer)| key.starts_with("arn:") && answer.has(SERVICES))
        });
        if !is_keyed && probe.has_key("EntityDetailsList") {
            return Recognised::Maybe(
                "who used one service, which says nothing of actions; export `get-service-last-accessed-details`"
                    .to_owned(),
            );
        }
        Recognised::yes_if(is_keyed)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading { input, account: Account::default(), window: None, has_services_only: false };
        let read = parts(input.reader()?, &[], &mut |part| reading.take(part, out));
        reading.cover(out);
        read
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    job_status: Option<String>,
    job_type: Option<String>,
    job_completion_date: Option<Stamp>,
    services_last_accessed: Vec<Service>,
    /// Added by whoever wrapped the answer.
    #[serde(alias = "arn", alias = "ARN")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    service_namespace: String,
    last_authenticated: Option<Stamp>,
    tracked_actions_last_accessed: Option<Vec<Action>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    action_name: Option<String>,
    last_accessed_time: Option<Stamp>,
}

struct Reading<'a> {
    input: &'a Input,
    account: Account,
    /// Since when use is recorded, by the latest answer.
    window: Option<Moment>,
    /// Whether some answer does not go down to actions.
    has_services_only: bool,
}

impl Reading<'_> {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Broken> {
        let keyed: Option<BTreeMap<String, Box<RawValue>>> = part.parse("answers by ARN").ok();
        match keyed.filter(|keyed| !keyed.is_empty() && keyed.keys().all(|key| key.starts_with("arn:"))) {
            None => {
                if has_more(part) {
                    out.pages_missing(true);
                }
                out.record(&part.locator, |out| self.answer(part.text(), None, &part.locator, out))
            }
            Some(keyed) => {
                for (arn, answer) in keyed {
                    let place = if part.locator == "/" { "" } else { part.locator.as_str() };
                    let locator = format!("{place}/{}", pointer_step(&arn));
                    out.record(&locator, |out| self.answer(answer.get(), Some(&arn), &locator, out))?;
                }
                Ok(())
            }
        }
    }

    fn answer(&mut self, text: &str, key: Option<&str>, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let answer: Answer = json::parse(text, "an answer of `get-service-last-accessed-details`")?;
        match answer.job_status.as_deref() {
            None | Some("COMPLETED") => {}
            Some("IN_PROGRESS") => return Err(Reject::because("IAM had not finished the report yet").into()),
            Some(_) => return Err(Reject::because("IAM could not make the report").into()),
        }
        let named = file_arn(&self.input.path);
        let arn = key.map(str::to_owned).or(answer.arn).or(named).ok_or_else(|| Reject::because(HOW_TO_WRAP))?;
        if arn.contains(":policy/") {
            return Err(
                Reject::because("the report is about a policy; ask for those of users, roles and groups").into()
            );
        }
        let identity_id = canonical(&arn);
        let account = self.account.of_arn("Arn", &identity_id)?;
        let made_at = past("JobCompletionDate", answer.job_completion_date.as_ref(), locator, out)?;
        let mut rows = Vec::new();
        let mut any = None;
        for service in &answer.services_last_accessed {
            let namespace = &service.service_namespace;
            let at = past("LastAuthenticated", service.last_authenticated.as_ref(), locator, out)?;
            any = any.max(at);
            rows.push((format!("{namespace}:*"), at));
            for action in service.tracked_actions_last_accessed.iter().flatten() {
                let at = past("LastAccessedTime", action.last_accessed_time.as_ref(), locator, out)?;
                if let Some(name) = &action.action_name {
                    rows.push((format!("{namespace}:{name}"), at));
                }
            }
        }
        rows.push(("*".to_owned(), any));
        self.has_services_only |= answer.job_type.as_deref() == Some("SERVICE_LEVEL");
        self.window = self.window.max(made_at.or(self.input.as_of).map(|made| made.plus_days(-WINDOW_DAYS)));
        for (action, at) in rows {
            let access = LastAccess { identity_id: &identity_id, account: &account, action, at };
            out.push(access.row(locator, self.input))?;
        }
        Ok(())
    }

    fn cover(&self, out: &mut Output) {
        let account = self.account.settle(self.input, out);
        let note = if self.has_services_only {
            "whole services, without their actions; nor is it said whether every identity was asked for"
        } else {
            "actions that IAM tracks; it is not said whether every identity was asked for"
        };
        out.cover(PROVIDER, &account, Fact::EntitlementLastUsed, Level::Partial, Some(note));
        if let Some(since) = self.window {
            out.window(PROVIDER, &account, Fact::EntitlementLastUsed, since);
        }
    }
}

/// The ARN in a file's name, with `%3A` and `%2F` for what a name cannot hold.
fn file_arn(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?;
    let plain = name.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
    let arn = plain.get(plain.find("arn:aws")?..)?;
    let end = arn.find(".json").or_else(|| arn.find(".ndjson")).unwrap_or(arn.len());
    arn.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const COLUMNS: &[&str] = &["identity_id", "action", "last_used_at", "last_used_state", "via", "locator"];

    fn good(file: &str) -> Loaded {
        load_fixture(&ServiceLastAccessed, &format!("aws.service_last_accessed/good/{file}"))
    }

    fn rows(user: &str, locator: &str, expected: &[(&str, &str)]) -> Vec<Vec<String>> {
        let row = |(action, at): &(&str, &str)| {
            let state = if *at == "∅" { "none_in_window" } else { "used" };
            [user, action, at, state, "last-accessed", locator].map(str::to_owned).to_vec()
        };
        expected.iter().map(row).collect()
    }

    #[test]
    fn services_and_actions_have_a_last_use() {
        let loaded = good("wrapped.ndjson");
        let (etl, app) = ("arn:aws:iam::111122223333:user/etl", "arn:aws:iam::111122223333:role/app");
        let mut expected = rows(
            etl,
            "/",
            &[
                ("s3:*", "2026-06-20T08:00:00Z"),
                ("s3:CreateBucket", "2026-06-20T08:00:00Z"),
                ("s3:DeleteBucket", "∅"),
                ("sqs:*", "∅"),
                ("*", "2026-06-20T08:00:00Z"),
            ],
        );
        expected.extend(rows(app, "document 2", &[("dynamodb:*", "∅"), ("*", "∅")]));
        assert_eq!(loaded.rows(Entitlement::TABLE, COLUMNS), expected);
        let fixed = loaded.rows(Entitlement::TABLE, &["effect", "action_kind", "resource", "is_admin", "scope_id"]);
        assert!(fixed.iter().all(|row| *row == ["allow", "permission", "", "false", "111122223333"]), "{fixed:?}");
        assert_eq!(
            covered(&loaded),
            ["entitlement.last_used partial: whole services, without their actions; nor is it said whether every \
              identity was asked for"]
        );
        let since = loaded.estate.files[0].coverage[0].window_from.map(|moment| moment.to_string());
        assert_eq!(since.as_deref(), Some("2025-05-25T09:00:00Z"), "400 days before the later report");
    }

    #[test]
    fn the_arn_may_be_a_key_or_in_the_name_of_the_file() {
        let rows = good("by-arn.json").rows(Entitlement::TABLE, &["identity_id", "action", "locator"]);
        let etl = "arn:aws:iam::111122223333:user/etl";
        assert_eq!(rows[0], [etl, "sqs:*", "/arn:aws:iam::111122223333:user~1etl"]);
        let loaded = good("sla-arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fci%2Fdeploy.json");
        let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "action"]);
        assert_eq!(rows[1], ["arn:aws:iam::111122223333:role/ci/deploy", "*"]);
        assert_eq!(covered(&loaded).len(), 1);
        assert_eq!(file_arn("a/service-last-accessed.json"), None);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&ServiceLastAccessed, "aws.service_last_accessed/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 7, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..5],
            [
                format!("document 2: {HOW_TO_WRAP}"),
                "document 3: IAM had not finished the report yet".to_owned(),
                "document 4: IAM could not make the report".to_owned(),
                "document 5: the report is about a policy; ask for those of users, roles and groups".to_owned(),
                "document 6: `LastAuthenticated` is not a date".to_owned(),
            ]
        );
        assert!(reasons[5].starts_with("document 7: the record does not have the shape of an answer of"));
        loaded.assert_no_canary();
    }
}
