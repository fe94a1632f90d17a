//! Memories of Bedrock AgentCore: where agents keep what they learn. Which agent uses which one is not said, so a list
//! adds no row; the answer about one may name the role under which models work through what is remembered.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answers::{self, Account, Stamp, each_record};
use super::envelope::Part;
use super::{PROVIDER, canonical};
use crate::inventory::column::Word;
use crate::inventory::schema::IdentityUse;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

const LIST: &str = "memories";

/// `aws bedrock-agentcore-control list-memories` and `get-memory`.
pub struct AgentCoreMemories;

impl Source for AgentCoreMemories {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.agentcore_memories",
            title: "Memories of Amazon Bedrock AgentCore",
            provider: PROVIDER,
            command: "for id in $(aws bedrock-agentcore-control list-memories --query 'memories[].id' --output text); \
                      do aws bedrock-agentcore-control get-memory --memory-id $id; done > agentcore-memories.json",
            recognises: "JSON with `memories` or a `memory` whose ARN is of AgentCore",
            facts: &[(Fact::Use, Level::Partial)],
            main_view: "uses",
            precedence: 1,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_agentcore = probe.head().contains(":bedrock-agentcore:") && probe.head().contains(":memory/");
        Recognised::yes_if(is_agentcore && (probe.has_key(LIST) || probe.has_key("memory")))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut account = Account::default();
        let mut has_detail = false;
        let read = each_record(input, &[LIST], out, &mut |part, out| {
            has_detail |= read(part, &mut account, input, out)?;
            Ok(())
        });
        let scope = account.settle(input, out);
        let (level, note) = if has_detail {
            (Level::Partial, "of workloads, only memories of AgentCore")
        } else {
            (Level::None, "memories and their states only; which agent uses one is not said")
        };
        out.cover(PROVIDER, &scope, Fact::Use, level, Some(note));
        read
    }
}

/// `get-memory` wraps its one memory.
#[derive(Deserialize)]
struct Answer {
    memory: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    arn: String,
    created_at: Option<Stamp>,
    memory_execution_role_arn: Option<String>,
}

/// Reads one memory; returns whether it came with its settings.
fn read(part: &Part, account: &mut Account, input: &Input, out: &mut Output) -> Result<bool, Stop> {
    let answer: Answer = part.parse("a memory of AgentCore")?;
    let is_detail = answer.memory.is_some();
    let memory: Memory =
        json::parse(answer.memory.as_ref().map_or(part.text(), |memory| memory.get()), "a memory of AgentCore")?;
    let scope = account.of_arn("arn", &memory.arn)?;
    let first_seen = answers::past("createdAt", memory.created_at.as_ref(), &part.locator, out)?;
    if let Some(role) = memory.memory_execution_role_arn.filter(|arn| !arn.is_empty()) {
        out.push(IdentityUse {
            identity_id: canonical(&role),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(scope)),
            user_kind: Word::from("inference_service"),
            user_ref: memory.arn,
            first_seen,
            basis: Word::from("config"),
            source_id: input.source_id.clone(),
            locator: part.locator.clone(),
            ..IdentityUse::default()
        })?;
    }
    Ok(is_detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn good(file: &str) -> Loaded {
        load_fixture(&AgentCoreMemories, &format!("aws.agentcore_memories/good/{file}"))
    }

    #[test]
    fn the_role_of_a_memory_is_used_by_models() {
        let loaded = good("details.ndjson");
        let columns = &["identity_id", "scope_id", "user_kind", "user_ref", "first_seen", "basis", "locator"];
        let role = "arn:aws:iam::111122223333:role/memory";
        let memory = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:memory/support-a1b2c3d4e5";
        assert_eq!(
            loaded.rows(IdentityUse::TABLE, columns),
            [[role, "111122223333", "inference_service", memory, "2026-05-21T12:00:00Z", "config", "/"]]
        );
        assert_eq!(covered(&loaded), ["use partial: of workloads, only memories of AgentCore"]);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_is_counted_and_adds_no_row() {
        let loaded = good("list.json");
        assert_eq!(loaded.rows(IdentityUse::TABLE, &["user_ref"]).len(), 0);
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (1, 1, "111122223333"));
        assert_eq!(covered(&loaded), ["use none: memories and their states only; which agent uses one is not said"]);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&AgentCoreMemories, "aws.agentcore_memories/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((broken.rows_loaded, wrong.rows_read, wrong.rows_loaded), (1, 4, 1));
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..2],
            ["/memories/1: `arn` is not an ARN with an account", "/memories/2: `createdAt` is not a date"]
        );
        assert!(reasons[2].starts_with("/memories/3: the record does not have the shape of a memory of AgentCore"));
        loaded.assert_no_canary();
    }
}
