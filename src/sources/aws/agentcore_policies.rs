//! Policy engines of Bedrock AgentCore and the policies in them. Policies are counted; what they say in Cedar is not
//! read. Whether an engine enforces what it decides is set at each gateway that asks it, not here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PROVIDER;
use super::answers::{self, Account, Stamp, has_more, past};
use super::envelope::{Part, parts};
use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const ENGINES: &str = "policyEngines";
const POLICIES: &str = "policies";

/// `aws bedrock-agentcore-control list-policy-engines`, `get-policy-engine`, `list-policies`, `get-policy`.
pub struct AgentCorePolicies;

impl Source for AgentCorePolicies {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_policies",
            title: "Policy engines of Amazon Bedrock AgentCore, with their policies",
            provider: PROVIDER,
            command: "aws bedrock-agentcore-control list-policy-engines > agentcore-policies.json; for id in $(jq -r \
                      '.policyEngines[].policyEngineId' agentcore-policies.json); do aws bedrock-agentcore-control \
                      list-policies --policy-engine-id $id; done >> agentcore-policies.json",
            recognises: "JSON with `policyEngines`, `policies` that have a `policyEngineId`, or with a \
                         `policyEngineArn` or `policyArn` of AgentCore",
            facts: &[(Fact::Policy, Level::Partial)],
            main_view: "policy_points",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(
            probe.has_key(ENGINES)
                || answers::has_keys(probe, &["policyEngineId", "policyEngineArn"])
                || answers::has_keys(probe, &["policyEngineId", "policyArn"])
                || (probe.has_key(POLICIES) && probe.head().contains("\"policyEngineId\"")),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut reading = Reading::default();
        let read = parts(input.reader()?, &[ENGINES, POLICIES], &mut |part| reading.take(part, out));
        let finished = reading.finish(input, out);
        read.and(finished)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    policy_engine_id: String,
    policy_engine_arn: Option<String>,
    policy_id: Option<String>,
    policy_arn: Option<String>,
    created_at: Option<Stamp>,
    status: Option<String>,
}

/// An engine, as far as the file shows it.
#[derive(Default)]
struct Engine {
    locator: String,
    /// Policies that a list has named.
    listed: i64,
    /// Whether the list that was read last had another page, so that the number is not known.
    is_unfinished: bool,
}

#[derive(Default)]
struct Reading {
    account: Account,
    engines: BTreeMap<String, Engine>,
    /// Engines whose policies stand on the page that is being read.
    on_page: Vec<String>,
}

impl Reading {
    fn take(&mut self, part: &Part, out: &mut Output) -> Result<(), Broken> {
        if part.is_element || part.list.is_empty() {
            return out.record(&part.locator, |out| self.record(part, out));
        }
        let has_more = has_more(part);
        if has_more {
            out.pages_missing(true);
        }
        for id in self.on_page.drain(..) {
            if let Some(engine) = self.engines.get_mut(&id) {
                engine.is_unfinished = has_more;
            }
        }
        Ok(())
    }

    fn record(&mut self, part: &Part, out: &mut Output) -> Result<(), Stop> {
        let record: Record = part.parse("a policy engine of AgentCore or one of its policies")?;
        past("createdAt", record.created_at.as_ref(), &part.locator, out)?;
        let is_policy = record.policy_id.is_some();
        let (field, arn) = match (&record.policy_arn, &record.policy_engine_arn) {
            (Some(arn), _) => ("policyArn", arn),
            (None, Some(arn)) => ("policyEngineArn", arn),
            (None, None) => return Err(Reject::because("the record has neither a policy's ARN nor an engine's").into()),
        };
        self.account.of_arn(field, arn)?;
        // What never came to be decides nothing.
        let is_gone = matches!(record.status.as_deref(), Some("CREATE_FAILED" | "DELETING"));
        if is_gone && !is_policy {
            return Ok(());
        }
        let engine = self.engines.entry(record.policy_engine_id.clone()).or_default();
        if engine.locator.is_empty() || !is_policy {
            engine.locator.clone_from(&part.locator);
        }
        if is_policy && part.is_element {
            engine.listed += i64::from(!is_gone);
            self.on_page.push(record.policy_engine_id);
        }
        Ok(())
    }

    fn finish(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let account = self.account.settle(input, out);
        let note = "policy engines of AgentCore in one Region, without what their policies say and who asks them";
        out.cover(PROVIDER, &account, Fact::Policy, Level::Partial, Some(note));
        for (id, engine) in self.engines {
            out.push(PolicyPoint {
                pdp_id: format!("agentcore:policy-engine:{id}"),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(account.clone())),
                engine: Word::from("agentcore"),
                // An engine of which no list names a policy may have none, or not have been asked for.
                policy_count: (engine.listed > 0 && !engine.is_unfinished).then_some(engine.listed),
                // What no policy permits is refused.
                default_deny: Some(true),
                source_id: input.source_id.clone(),
                locator: engine.locator,
                ..PolicyPoint::default()
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const COLUMNS: &[&str] =
        &["pdp_id", "scope_id", "engine", "policy_count", "default_deny", "mode", "permit_any_principal", "locator"];

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCorePolicies, &format!("aws.agentcore_policies/good/{file}"))
    }

    #[test]
    fn policies_are_counted_by_engine() {
        let loaded = good("everything.json");
        let account = "111122223333";
        let (refunds, empty) =
            ("agentcore:policy-engine:refunds-0123456789", "agentcore:policy-engine:empty-0123456789");
        let expected = [
            [empty, account, "agentcore", "∅", "true", "∅", "∅", "/policyEngines/1"],
            [refunds, account, "agentcore", "2", "true", "∅", "∅", "/policyEngines/0"],
        ];
        assert_eq!(loaded.rows(PolicyPoint::TABLE, COLUMNS), expected);
        let note = "policy engines of AgentCore in one Region, without what their policies say and who asks them";
        assert_eq!(covered(&loaded), [format!("policy partial: {note}")]);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_page_or_a_single_policy_gives_no_number() {
        for file in ["page.json", "policy.json", "engine.json"] {
            let rows = good(file).rows(PolicyPoint::TABLE, &["pdp_id", "policy_count"]);
            assert_eq!(rows, [["agentcore:policy-engine:refunds-0123456789", "∅"]], "{file}");
        }
        assert_eq!(good("page.json").estate.files[0].truncated, Some(true));
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCorePolicies, "aws.agentcore_policies/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 5, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..3],
            [
                "/policies/1: `policyArn` is not an ARN with an account",
                "/policies/2: `createdAt` is not a date",
                "/policies/3: the record has neither a policy's ARN nor an engine's",
            ]
        );
        assert!(reasons[3].starts_with("/policies/4: the record does not have the shape of a policy engine"));
        loaded.assert_no_canary();
    }
}
