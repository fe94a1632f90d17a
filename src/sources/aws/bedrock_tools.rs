//! What an action group of a Bedrock agent lets it do: functions, operations of an API, or a tool that Bedrock brings
//! along, and which of them ask the user first. Schemas written as YAML are not looked into.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::inventory::column::Word;
use crate::inventory::schema::AgentTool;
use crate::sources::hash;

/// Largest API schema that is looked into, in bytes.
const MAX_SCHEMA: usize = 1024 * 1024;

/// The answer of `get-agent-action-group`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionGroup {
    agent_id: String,
    action_group_id: String,
    action_group_name: String,
    action_group_state: Option<String>,
    parent_action_signature: Option<String>,
    action_group_executor: Option<Executor>,
    api_schema: Option<ApiSchema>,
    function_schema: Option<FunctionSchema>,
}

#[derive(Debug, Deserialize)]
struct Executor {
    lambda: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ApiSchema {
    payload: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FunctionSchema {
    functions: Option<Vec<Function>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Function {
    name: String,
    description: Option<String>,
    require_confirmation: Option<String>,
}

impl ActionGroup {
    /// The agent that it belongs to, by its id at Bedrock.
    pub(super) fn agent_id(&self) -> &str {
        &self.agent_id
    }
}

/// What is known of the actions for which an agent asks its user first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Approval {
    asked: usize,
    not_asked: usize,
    /// Actions of which the export does not tell.
    open: usize,
    /// Action groups that were looked into.
    seen: BTreeSet<String>,
    /// All enabled action groups of the agent, where a list names them.
    all: Option<BTreeSet<String>>,
}

impl Approval {
    /// Takes a list of all action groups that are enabled.
    pub(super) fn listed(&mut self, groups: BTreeSet<String>) {
        self.all.get_or_insert_default().extend(groups);
    }

    /// Adds what another action group says.
    pub(super) fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.not_asked += other.not_asked;
        self.open += other.open;
        self.seen.extend(other.seen);
    }

    /// `all`, `some` or `none`; what was not looked into leaves all but *some* open.
    pub(super) fn verdict(&self) -> Option<&'static str> {
        let is_whole = self.open == 0 && self.all.as_ref().is_some_and(|all| all.is_subset(&self.seen));
        match (self.asked > 0, self.not_asked > 0) {
            (true, true) => Some("some"),
            (true, false) if is_whole => Some("all"),
            (false, true) if is_whole => Some("none"),
            _ => None,
        }
    }
}

/// The tools of a group, as rows that lack provider, scope and source, and which of them ask first. One that is
/// switched off offers nothing.
pub(super) fn of(group: &ActionGroup, agent_id: &str, locator: &str) -> (Vec<AgentTool>, Approval) {
    let mut approval = Approval { seen: BTreeSet::from([group.action_group_id.clone()]), ..Approval::default() };
    if group.action_group_state.as_deref() == Some("DISABLED") {
        return (Vec::new(), approval);
    }
    let lambda = group.action_group_executor.as_ref().and_then(|executor| executor.lambda.clone());
    let row = AgentTool {
        agent_id: agent_id.to_owned(),
        tool: group.action_group_name.clone(),
        kind: Word::from("action_group"),
        // Who may invoke the function is decided by IAM; where control goes back to the caller, by its code.
        auth: lambda.as_ref().map(|_| Word::from("iam_role")),
        endpoint: lambda,
        locator: locator.to_owned(),
        ..AgentTool::default()
    };
    if let Some(signature) = group.parent_action_signature.as_deref().filter(|signature| !signature.is_empty()) {
        // Asking the user for what is missing is no action.
        approval.open += usize::from(signature != "AMAZON.UserInput");
        return (vec![brought_along(signature, row)], approval);
    }
    let mut tools = Vec::new();
    let functions = group.function_schema.as_ref().and_then(|schema| schema.functions.as_deref()).unwrap_or_default();
    for function in functions {
        let asks = function.require_confirmation.as_deref() == Some("ENABLED");
        tools.push(action(&row, &function.name, function.description.as_deref(), asks, &mut approval));
    }
    if functions.is_empty() {
        let payload = group.api_schema.as_ref().and_then(|schema| schema.payload.as_deref()).unwrap_or_default();
        for operation in operations(payload) {
            tools.push(action(&row, &operation.name, operation.description.as_deref(), operation.asks, &mut approval));
        }
    }
    if tools.is_empty() {
        approval.open += 1;
        tools.push(row);
    }
    (tools, approval)
}

/// A tool that Bedrock brings along, by its signature.
fn brought_along(signature: &str, row: AgentTool) -> AgentTool {
    let runs_code = matches!(signature, "AMAZON.CodeInterpreter" | "ANTHROPIC.Bash");
    AgentTool {
        tool: signature.to_owned(),
        server: Some(row.tool.clone()),
        kind: Word::from(if runs_code { "code_execution" } else { "builtin" }),
        code_execution: runs_code.then_some(true),
        third_party: Some(false),
        ..row
    }
}

/// One action. Where nothing is said of confirmation, none is asked for.
fn action(row: &AgentTool, name: &str, description: Option<&str>, asks: bool, approval: &mut Approval) -> AgentTool {
    approval.asked += usize::from(asks);
    approval.not_asked += usize::from(!asks);
    AgentTool {
        tool: name.to_owned(),
        server: Some(row.tool.clone()),
        kind: Word::from("function"),
        requires_approval: Some(asks),
        description_hash: description.filter(|text| !text.is_empty()).map(hash::of_text),
        ..row.clone()
    }
}

struct Operation {
    name: String,
    description: Option<String>,
    asks: bool,
}

/// The operations of an API schema written as JSON; none where it is anything else.
fn operations(payload: &str) -> Vec<Operation> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];
    if payload.len() > MAX_SCHEMA {
        return Vec::new();
    }
    let Ok(schema) = serde_json::from_str::<Value>(payload) else { return Vec::new() };
    let paths = schema.get("paths").and_then(Value::as_object);
    let methods = paths.into_iter().flatten().filter_map(|(path, methods)| Some((path, methods.as_object()?)));
    methods
        .flat_map(|(path, methods)| methods.iter().map(move |(method, operation)| (path, method, operation)))
        .filter(|(_, method, _)| METHODS.contains(&method.to_ascii_lowercase().as_str()))
        .map(|(path, method, operation)| {
            let text = |key: &str| operation.get(key).and_then(Value::as_str).map(str::to_owned);
            Operation {
                name: text("operationId").unwrap_or_else(|| format!("{} {path}", method.to_ascii_uppercase())),
                description: text("description"),
                asks: text("x-requireConfirmation").is_some_and(|word| word == "ENABLED"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Vec<String>, Approval) {
        let group: ActionGroup = serde_json::from_str(json).unwrap();
        let (tools, approval) = of(&group, "a", "/");
        let line = |tool: &AgentTool| {
            let Word(kind) = &tool.kind;
            let asks = tool.requires_approval.map_or("?".to_owned(), |asks| asks.to_string());
            format!("{kind} {} {asks}", tool.tool)
        };
        (tools.iter().map(line).collect(), approval)
    }

    fn group(rest: &str) -> String {
        format!(r#"{{"agentId": "A", "actionGroupId": "G", "actionGroupName": "crm", {rest}}}"#)
    }

    #[test]
    fn functions_and_operations_are_tools() {
        let functions = r#""functionSchema": {"functions": [
            {"name": "refund", "requireConfirmation": "ENABLED"}, {"name": "look-up", "requireConfirmation": "DISABLED"}, {"name": "x"}]}"#;
        let (tools, approval) = read(&group(functions));
        assert_eq!(tools, ["function refund true", "function look-up false", "function x false"]);
        assert_eq!(approval.verdict(), Some("some"));
        let payload = r#"{"paths": {"/pay": {"post": {"operationId": "pay", "x-requireConfirmation": "ENABLED"}, "parameters": []}, "/x": {"get": {}}}}"#;
        let schema = format!(r#""apiSchema": {{"payload": {}}}"#, serde_json::to_string(payload).unwrap());
        assert_eq!(read(&group(&schema)).0, ["function pay true", "function GET /x false"]);
    }

    #[test]
    fn what_cannot_be_looked_into_is_one_tool() {
        for rest in [
            r#""apiSchema": {"payload": "openapi: 3.0.0\npaths: {}"}"#,
            r#""apiSchema": {"s3": {"s3BucketName": "b", "s3ObjectKey": "k"}}"#,
            r#""actionGroupExecutor": {"customControl": "RETURN_CONTROL"}"#,
        ] {
            let (tools, approval) = read(&group(rest));
            assert_eq!((tools, approval.verdict()), (vec!["action_group crm ?".to_owned()], None), "{rest}");
        }
        assert_eq!(
            read(&group(r#""actionGroupState": "DISABLED", "functionSchema": {"functions": [{"name": "x"}]}"#)).0,
            [""; 0]
        );
    }

    #[test]
    fn tools_of_bedrock_say_whether_they_run_code() {
        for (signature, expected) in [
            ("AMAZON.CodeInterpreter", "code_execution AMAZON.CodeInterpreter ?"),
            ("ANTHROPIC.Bash", "code_execution ANTHROPIC.Bash ?"),
            ("ANTHROPIC.Computer", "builtin ANTHROPIC.Computer ?"),
            ("AMAZON.UserInput", "builtin AMAZON.UserInput ?"),
        ] {
            assert_eq!(read(&group(&format!(r#""parentActionSignature": "{signature}""#))).0, [expected]);
        }
    }

    #[test]
    fn all_or_none_needs_all_action_groups() {
        let asks = |word: &str| {
            group(&format!(r#""functionSchema": {{"functions": [{{"name": "f", "requireConfirmation": "{word}"}}]}}"#))
        };
        for (word, listed, expected) in [
            ("ENABLED", None, None),
            ("ENABLED", Some(vec!["G"]), Some("all")),
            ("ENABLED", Some(vec!["G", "H"]), None),
            ("DISABLED", Some(vec!["G"]), Some("none")),
            ("DISABLED", None, None),
        ] {
            let (_, mut approval) = read(&asks(word));
            if let Some(groups) = listed {
                approval.listed(groups.into_iter().map(str::to_owned).collect());
            }
            assert_eq!(approval.verdict(), expected, "{word}");
        }
        assert_eq!(Approval::default().verdict(), None);
    }
}
