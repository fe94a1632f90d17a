//! OPA's decision log: who asked for what, and what the policy answered. The input has no fixed shape, so that the
//! caller is looked for where callers usually stand; nothing else of the input is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{PROVIDER, known_elsewhere};
use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::tally::{Asker, Outcome, Question, Tally};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// What OPA writes to its console, or sends to a collector.
pub struct OpaDecisions;

/// The mark of a decision among OPA's other messages.
const MARK: &str = "openpolicyagent.org/decision_logs";
/// Where callers stand in the input, the most exact first.
const CALLERS: [&str; 16] = [
    "/subject",
    "/principal",
    "/identity",
    "/user",
    "/caller",
    "/client",
    "/agent",
    "/token/payload/sub",
    "/token/sub",
    "/claims/sub",
    "/spiffe_id",
    "/attributes/source/principal",
    "/request/userInfo/username",
    "/userInfo/username",
    "/username",
    "/sub",
];
/// What names a caller that is an object.
const CALLER_IDS: [&str; 9] = ["id", "sub", "spiffe_id", "arn", "name", "username", "email", "principal", "client_id"];
/// Where actions stand.
const ACTIONS: [&str; 8] = [
    "/action",
    "/operation",
    "/method",
    "/verb",
    "/tool",
    "/request/operation",
    "/attributes/request/http/method",
    "/request/method",
];
/// What names an action, or the type of a resource, that is an object.
const NAMES: [&str; 5] = ["type", "kind", "name", "operation", "id"];
/// Where types of resources stand. Ids of resources are as many as there are resources, and are left out.
const RESOURCES: [&str; 6] =
    ["/resource/type", "/resource/kind", "/resource_type", "/object/type", "/request/kind/kind", "/target/type"];
/// Members of an answer that say yes or no.
const ANSWERS: [&str; 7] = ["allow", "allowed", "authorized", "authorised", "permit", "permitted", "result"];
/// Labels that say what an instance protects, the most exact first.
const PROTECTS: [&str; 4] = ["protects", "service", "application", "app"];
/// Longest name that is kept.
const MAX_NAME: usize = 256;

impl Source for OpaDecisions {
    fn about(&self) -> &'static About {
        &About {
            kind: "opa.decision_log",
            title: "OPA decision log",
            provider: PROVIDER,
            command: "opa run --server --set decision_logs.console=true 2> opa.log, or what the collector received, unpacked",
            recognises: "JSON with `decision_id` and one of `path`, `query`, `labels`, `result`, alone, in an array, or among \
                         other messages of OPA",
            facts: &[(Fact::Decision, Level::Full), (Fact::Policy, Level::Partial)],
            main_view: "decisions",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_decision =
            probe.has_key("decision_id") && ["path", "query", "labels", "result"].iter().any(|key| probe.has_key(key));
        let is_message = probe.has_key("level") && probe.has_key("msg");
        Recognised::yes_if(
            is_decision || (is_message && probe.head().contains("\"decision_id\"") && probe.head().contains(MARK)),
        )
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut log = Log::default();
        let read = json::records(input.reader()?, &mut |locator, record| {
            if is_other_message(record) {
                return Ok(());
            }
            out.record(locator, |out| {
                let decision: Logged = json::parse(record.get(), "a decision of OPA")?;
                log.take(&decision, locator, input, out)
            })
        });
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        log.write(input, out)?;
        read
    }
}

/// A message that OPA writes besides its decisions.
fn is_other_message(record: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Message {
        msg: Option<serde::de::IgnoredAny>,
        decision_id: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Message>(record.get())
        .is_ok_and(|message| message.msg.is_some() && message.decision_id.is_none())
}

/// A decision. Its input is never printed: it can hold tokens and what they open.
#[derive(Deserialize)]
struct Logged {
    decision_id: String,
    #[serde(default)]
    path: String,
    timestamp: Option<String>,
    time: Option<String>,
    input: Option<Value>,
    result: Option<Value>,
    error: Option<serde::de::IgnoredAny>,
    labels: Option<BTreeMap<String, Value>>,
    bundles: Option<BTreeMap<String, Bundle>>,
    revision: Option<String>,
}

#[derive(Deserialize)]
struct Bundle {
    revision: Option<String>,
}

#[derive(Default)]
struct Point {
    protects: BTreeSet<String>,
    revisions: BTreeSet<String>,
    locator: String,
}

#[derive(Default)]
struct Log {
    tally: Tally,
    points: BTreeMap<String, Point>,
}

impl Log {
    fn take(&mut self, decision: &Logged, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        if decision.decision_id.is_empty() {
            return Err(Reject::because("`decision_id` is empty").into());
        }
        // A console puts a time of its own beside the decision's.
        let at = decision.timestamp.as_deref().or(decision.time.as_deref());
        let at = at.ok_or_else(|| Reject::because("the decision has no `timestamp`"))?;
        let at = out.past("timestamp", at, locator)?;
        let path = decision.path.trim_matches('/').replace('/', ".");
        let package = path.strip_prefix("data.").unwrap_or(&path);
        let package = package.rsplit_once('.').map_or("", |(package, _)| package);
        let pdp_id = if package.is_empty() {
            format!("opa:{}", input.scope_id)
        } else {
            format!("opa:{}:{package}", input.scope_id)
        };
        let asked = decision.input.as_ref();
        let find = |places: &[&str], members: &[&str]| {
            let asked = asked?;
            places.iter().find_map(|place| name(asked.pointer(place)?, members))
        };
        let question = Question {
            pdp_id: pdp_id.clone(),
            principal: find(&CALLERS, &CALLER_IDS).unwrap_or_default(),
            action: find(&ACTIONS, &NAMES).unwrap_or_else(|| decision.path.clone()),
            resource_type: find(&RESOURCES, &[]),
        };
        let outcome = if decision.error.is_some() {
            Outcome::Undefined
        } else {
            decision.result.as_ref().map_or(Outcome::Undefined, |result| outcome(result, &path))
        };
        self.tally.add(question, outcome, at, locator);
        let point = self.points.entry(pdp_id).or_default();
        if point.locator.is_empty() {
            locator.clone_into(&mut point.locator);
        }
        let labels = decision.labels.as_ref();
        let label = PROTECTS.iter().find_map(|key| labels?.get(*key)?.as_str());
        point.protects.extend(label.filter(|label| !label.is_empty() && label.len() <= MAX_NAME).map(str::to_owned));
        let bundles = decision.bundles.iter().flat_map(BTreeMap::values).filter_map(|bundle| bundle.revision.clone());
        point.revisions.extend(bundles.chain(decision.revision.clone()).filter(|text| !text.is_empty()));
        Ok(())
    }

    fn write(self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let scope = input.scope_id.as_str();
        let first = self.tally.first();
        for (pdp_id, point) in self.points {
            let protects = point.protects.into_iter().collect::<Vec<_>>().join(", ");
            let mut revisions = point.revisions.into_iter();
            out.push(PolicyPoint {
                pdp_id,
                provider: Word::from(PROVIDER),
                scope_id: Some(Word::from(scope)),
                engine: Word::from("opa"),
                protects: Some(protects).filter(|text| !text.is_empty()),
                // Of several, none is the revision.
                revision: revisions.next().filter(|_| revisions.next().is_none()),
                source_id: input.source_id.clone(),
                locator: point.locator,
                ..PolicyPoint::default()
            })?;
        }
        let asker = |principal: &str| Asker {
            identity_id: known_elsewhere(principal),
            name: if principal.is_empty() { "unnamed".to_owned() } else { principal.to_owned() },
        };
        self.tally.write(PROVIDER, |_| scope.to_owned(), asker, input, out)?;
        out.cover(PROVIDER, scope, Fact::Decision, Level::Full, None);
        if let Some(first) = first {
            out.window(PROVIDER, scope, Fact::Decision, first);
        }
        let note = "that policies were asked, not what they say";
        out.cover(PROVIDER, scope, Fact::Policy, Level::Partial, Some(note));
        Ok(())
    }
}

/// A name, or what names an object. A token is a secret, not a name.
fn name(value: &Value, members: &[&str]) -> Option<String> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(_) => members.iter().find_map(|member| value.get(*member)?.as_str())?,
        _ => return None,
    };
    let is_token = text.starts_with("eyJ") || text.to_ascii_lowercase().starts_with("bearer ");
    (!text.is_empty() && text.len() <= MAX_NAME && !is_token).then(|| text.to_owned())
}

/// Yes, no, or neither: a truth, a member that says so, or a list of objections.
fn outcome(result: &Value, path: &str) -> Outcome {
    let last = path.rsplit('.').next().unwrap_or_default();
    let objects = ["deny", "violation", "violations"].contains(&last);
    let decided = |allowed: bool| if allowed { Outcome::Allowed } else { Outcome::Denied };
    match result {
        Value::Bool(answer) => decided(*answer != objects),
        Value::String(answer) => match answer.to_ascii_lowercase().as_str() {
            "true" | "allow" | "allowed" => decided(!objects),
            "false" | "deny" | "denied" => decided(objects),
            _ => Outcome::Undefined,
        },
        Value::Array(objections) if objects => decided(objections.is_empty()),
        Value::Object(members) => {
            let answer = ANSWERS.iter().find_map(|member| members.get(*member));
            match answer {
                Some(answer @ (Value::Bool(_) | Value::String(_))) => outcome(answer, ""),
                _ => match members.get("deny") {
                    Some(Value::Array(objections)) => decided(objections.is_empty()),
                    Some(Value::Bool(deny)) => decided(!deny),
                    _ if objects => decided(members.is_empty()),
                    _ => Outcome::Undefined,
                },
            }
        }
        _ => Outcome::Undefined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Decision, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COUNTED: &[&str] =
        &["pdp_id", "principal", "identity_id", "action", "resource_type", "allow_n", "deny_n", "undefined_n"];

    #[test]
    fn answers_come_in_many_shapes() {
        use serde_json::json;
        for (result, path, expected) in [
            (json!(true), "a.allow", Outcome::Allowed),
            (json!("true"), "a.allow", Outcome::Allowed),
            (json!(false), "a.allow", Outcome::Denied),
            (json!(true), "a.deny", Outcome::Denied),
            (json!([]), "a.deny", Outcome::Allowed),
            (json!(["no"]), "a.violation", Outcome::Denied),
            (json!({"allow": true, "reason": "x"}), "a.main", Outcome::Allowed),
            (json!({"allowed": false}), "a.main", Outcome::Denied),
            (json!({"deny": ["x"]}), "a.main", Outcome::Denied),
            (json!({"deny": []}), "a.main", Outcome::Allowed),
            (json!({"limit": 5}), "a.main", Outcome::Undefined),
            (json!([1]), "a.list", Outcome::Undefined),
            (json!(null), "a.allow", Outcome::Undefined),
        ] {
            assert_eq!(outcome(&result, path), expected, "{result} at {path}");
        }
    }

    #[test]
    fn decisions_on_a_console_are_added_up() {
        let loaded = load_fixture(&OpaDecisions, "opa.decision_log/good/console.log");
        let pdp = "opa:good:acme.authz";
        let bot = "spiffe://acme.example/ns/ml/sa/bot";
        assert_eq!(
            loaded.rows(Decision::TABLE, COUNTED),
            [
                [pdp, "ada", "∅", "read", "ticket", "1", "0", "0"],
                [pdp, bot, bot, "read", "ticket", "1", "1", "0"],
                [pdp, "unnamed", "∅", "acme/authz/allow", "∅", "0", "0", "1"],
            ]
        );
        assert_eq!(loaded.estate.files[0].rows_read, 4, "other messages are no decisions");
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, &["pdp_id", "engine", "protects", "revision", "default_deny", "locator"]),
            [[pdp, "opa", "payments-api", "r-7", "∅", "document 2"]]
        );
        assert_eq!(covered(&loaded)[1], "decision full");
        let windows = loaded.rows(CoverageRow::TABLE, &["fact", "window_from"]);
        assert!(windows.contains(&vec!["decision".to_owned(), "2026-06-30T08:00:01Z".to_owned()]), "{windows:?}");
        loaded.assert_no_canary();
    }

    #[test]
    fn what_was_sent_to_a_collector_is_an_array() {
        let loaded = load_fixture(&OpaDecisions, "opa.decision_log/good/sent.json");
        let rows = loaded.rows(Decision::TABLE, COUNTED);
        let role = "arn:aws:iam::111122223333:role/planner";
        let session = "arn:aws:sts::111122223333:assumed-role/planner/i-1";
        assert_eq!(
            rows,
            [
                ["opa:good:envoy", "unnamed", "∅", "GET", "∅", "1", "0", "0"],
                ["opa:good:k8s.admission", session, role, "CREATE", "Pod", "1", "0", "0"],
                ["opa:good:k8s.admission", "system:serviceaccount:a:b", "∅", "CREATE", "Pod", "0", "1", "0"],
            ]
        );
        // Two revisions are no revision.
        let points = loaded.rows(PolicyPoint::TABLE, &["pdp_id", "revision", "protects"]);
        assert_eq!(points, [["opa:good:envoy", "∅", "∅"], ["opa:good:k8s.admission", "∅", "∅"]]);
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_decisions_are_put_aside_without_their_values() {
        let loaded = load_fixture(&OpaDecisions, "opa.decision_log/bad");
        let kept = ["opa:bad:a", "kept", "∅", "a/allow", "∅", "1", "0", "0"];
        assert_eq!(loaded.rows(Decision::TABLE, COUNTED), [kept, kept]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..3],
            [
                "document 1: `timestamp` is not a date",
                "document 2: the decision has no `timestamp`",
                "document 3: `decision_id` is empty",
            ]
        );
        assert!(reasons[3].starts_with("document 4: the record does not have the shape of a decision"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
