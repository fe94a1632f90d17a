//! One MCP server as a client is told to reach it: its command or address, what that says of the tool behind
//! it, and the secrets that are written out in it. Knows nothing of where servers are listed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::secrets::{Secret, Secrets, shown};
use super::{host, launch};
use crate::inventory::column::Word;
use crate::inventory::schema::AgentTool;
use crate::sources::Reject;

/// Variables that send a package manager to another registry than the public one.
const REGISTRY_VARIABLES: &[&str] = &[
    "NPM_CONFIG_REGISTRY",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
];

/// What an entry says.
pub(super) struct Reading {
    /// The server as a tool, without the ids of agent, scope and file.
    pub tool: AgentTool,
    /// Secrets that are written out in it.
    pub found: Vec<Secret>,
    /// Values that somebody blacked out.
    pub masked: usize,
    /// Whether it cannot be called as it stands.
    pub is_off: bool,
    /// Whether some of its tools run without a person's approval.
    pub runs_unasked: bool,
}

impl Reading {
    /// A server of which no more than the name is known.
    pub fn named() -> Self {
        let tool = AgentTool { kind: Word::from("mcp_server"), ..AgentTool::default() };
        Self { tool, found: Vec::new(), masked: 0, is_off: false, runs_unasked: false }
    }
}

/// Reads one entry.
///
/// # Errors
/// [`Reject`] where it is no server, without any of its values.
pub(super) fn read(body: &Value) -> Result<Reading, Reject> {
    // serde's own message would quote values.
    let entry =
        Entry::deserialize(body).map_err(|_| Reject::because("the record does not have the shape of an MCP server"))?;
    let (command, args) = command_line(&entry)?;
    let url = entry.url.as_deref().or(entry.server_url.as_deref()).or(entry.http_url.as_deref());
    if command.is_none() && url.is_none() {
        return Err(Reject::because("the server has neither a command nor a URL"));
    }
    let mut secrets = Secrets::default();
    look_at_maps(&entry, &mut secrets);
    look_at_args(&args, &mut secrets);
    if let Some(url) = url {
        secrets.look_at_url("url", "", url.split_once("://").map_or(url, |(_, rest)| rest));
    }
    let has_static = !secrets.found.is_empty();
    let is_oauth = entry.oauth.as_ref().is_some_and(Value::is_object);
    if let Some(oauth) = entry.oauth.as_ref().filter(|oauth| oauth.is_object()) {
        secrets.look("oauth", "", &oauth.to_string());
    }
    let auth = if has_static {
        Some("static_secret")
    } else if is_oauth {
        Some("oauth")
    } else {
        None
    };
    let tool = AgentTool {
        kind: Word::from("mcp_server"),
        transport: transport(&entry, url).map(Word::from),
        auth: auth.map(Word::from),
        ..AgentTool::default()
    };
    let tool = match (&command, url) {
        (Some(command), _) => {
            let launch = launch::of(command, &args, has_own_registry(&entry));
            AgentTool {
                endpoint: launch.endpoint,
                third_party: launch.third_party,
                version_pinned: launch.version_pinned,
                code_execution: launch.is_shell.then_some(true),
                ..tool
            }
        }
        (None, url) => {
            let host = url.and_then(host::of);
            // Whose a public host is cannot be told: one's own servers have such names too.
            let third_party = host.as_deref().filter(|host| host::is_private(host)).map(|_| false);
            AgentTool { endpoint: host, third_party, ..tool }
        }
    };
    Ok(Reading {
        tool,
        found: secrets.found,
        masked: secrets.masked,
        is_off: entry.disabled == Some(true) || entry.enabled == Some(false),
        runs_unasked: [entry.auto_approve.as_ref(), entry.always_allow.as_ref()].into_iter().any(is_filled),
    })
}

/// A server's command: one text, or (opencode) the command and its arguments in one list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Command {
    Text(String),
    Words(Vec<String>),
}

/// A server in any client's words. Unknown keys are nobody's fault: every client has its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    command: Option<Command>,
    args: Option<Vec<Value>>,
    env: Option<BTreeMap<String, Value>>,
    environment: Option<BTreeMap<String, Value>>,
    url: Option<String>,
    server_url: Option<String>,
    http_url: Option<String>,
    headers: Option<BTreeMap<String, Value>>,
    #[serde(rename = "type")]
    kind: Option<String>,
    transport: Option<String>,
    disabled: Option<bool>,
    enabled: Option<bool>,
    auto_approve: Option<Value>,
    always_allow: Option<Value>,
    oauth: Option<Value>,
}

/// The command and its arguments, each as one word.
fn command_line(entry: &Entry) -> Result<(Option<String>, Vec<String>), Reject> {
    let (command, mut args) = match &entry.command {
        None => (None, Vec::new()),
        Some(Command::Text(text)) => (Some(text.clone()), Vec::new()),
        Some(Command::Words(words)) => {
            let mut words = words.iter().cloned();
            (words.next(), words.collect())
        }
    };
    for arg in entry.args.iter().flatten() {
        args.push(text_of(arg).ok_or_else(|| Reject::because("an argument is neither a text nor a number"))?);
    }
    // Some put the whole line where the command belongs.
    if args.is_empty()
        && let Some(line) = command.as_deref().filter(|line| line.contains(" -") || line.starts_with("npx "))
    {
        let mut words = line.split_whitespace().map(str::to_owned);
        return Ok((words.next(), words.collect()));
    }
    Ok((command, args))
}

/// A text, number or switch as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        _ => None,
    }
}

fn look_at_maps(entry: &Entry, secrets: &mut Secrets) {
    let variables = entry.env.iter().chain(&entry.environment).flatten().map(|pair| ("env", pair));
    let headers = entry.headers.iter().flatten().map(|pair| ("header", pair));
    for (place, (name, value)) in variables.chain(headers) {
        if let Some(text) = text_of(value) {
            secrets.look(&format!("{place} {}", shown(name, "(name withheld)")), name, &text);
        }
    }
}

fn look_at_args(args: &[String], secrets: &mut Secrets) {
    let mut taken = None;
    for (at, arg) in args.iter().enumerate() {
        if taken == Some(at) {
            continue;
        }
        let by_position = format!("arg {}", at + 1);
        let is_option = arg.starts_with('-');
        let is_address = arg.contains("://") && !is_option;
        match pair(arg).filter(|_| !is_address) {
            Some((name, value)) => look_at_pair(name, value, secrets),
            None if is_option => {
                let Some(next) = args.get(at + 1).filter(|next| !next.starts_with('-')) else { continue };
                let carries_pair = matches!(arg.as_str(), "-e" | "--env" | "-H" | "--header" | "--headers");
                if !carries_pair && secrets.look(&format!("arg {}", shown(arg, "option")), arg, next) {
                    taken = Some(at + 1);
                }
            }
            None => {
                secrets.look(&by_position, "", arg);
            }
        }
    }
}

/// `NAME=value`, `--name=value` and `Header: value`.
fn pair(arg: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let at = arg.find(['=', ':'])?;
    let (name, value) = arg.split_at_checked(at)?;
    is_name(name).then(|| (name, value.get(1..).unwrap_or_default()))
}

fn look_at_pair(name: &str, value: &str, secrets: &mut Secrets) {
    // `--header=Authorization: Bearer ...` and `--env=NAME=value` carry a pair themselves.
    match pair(value).filter(|_| matches!(name, "--header" | "--headers" | "--env" | "-e" | "-H")) {
        Some((name, value)) => look_at_pair(name, value, secrets),
        None => {
            secrets.look(&format!("arg {}", shown(name, "option")), name, value);
        }
    }
}

fn has_own_registry(entry: &Entry) -> bool {
    let names = entry.env.iter().chain(&entry.environment).flatten().map(|(name, _)| name.to_ascii_uppercase());
    names.into_iter().any(|name| REGISTRY_VARIABLES.contains(&name.as_str()))
}

/// An array with entries, a text, or `true`.
fn is_filled(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(all)) => *all,
        _ => false,
    }
}

fn transport(entry: &Entry, url: Option<&str>) -> Option<&'static str> {
    if entry.command.is_some() {
        return Some("stdio");
    }
    let url = url?;
    let stated = entry.kind.as_deref().or(entry.transport.as_deref()).map(str::to_ascii_lowercase);
    match stated.as_deref() {
        Some("sse") => Some("sse"),
        Some("ws" | "wss" | "websocket") => Some("ws"),
        Some(kind) if kind == "http" || kind == "remote" || kind.starts_with("streamable") => Some("http"),
        // Some other word: the client's own business.
        Some(_) => None,
        None if url.starts_with("ws://") || url.starts_with("wss://") => Some("ws"),
        None if url.split(['?', '#']).next().is_some_and(|path| path.trim_end_matches('/').ends_with("/sse")) => {
            Some("sse")
        }
        None => Some("http"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_give_up_their_secrets_by_name_form_or_position() {
        let places = |args: &[&str]| {
            let mut secrets = Secrets::default();
            look_at_args(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>(), &mut secrets);
            secrets.found.into_iter().map(|secret| secret.place).collect::<Vec<_>>()
        };
        assert_eq!(places(&["-y", "pkg", "--api-key", "CANARY01", "--verbose"]), ["arg --api-key"]);
        assert_eq!(places(&["--api-key=CANARY01"]), ["arg --api-key"]);
        assert_eq!(places(&["run", "-i", "-e", "A_TOKEN=CANARY01", "-e", "B_TOKEN", "img"]), ["arg A_TOKEN"]);
        assert_eq!(places(&["--header", "Authorization: Bearer CANARY01"]), ["arg Authorization"]);
        assert_eq!(places(&["--header", "Authorization:${AUTH}"]), Vec::<String>::new());
        assert_eq!(places(&["--header=X-Api-Key: CANARY01"]), ["arg X-Api-Key"]);
        assert_eq!(places(&["index.js", "ghp_CANARY0000CANARY0001"]), ["arg 2"]);
        assert_eq!(places(&["--config", r#"{"apiKey": "CANARY01", "v": 1}"#]), ["arg --config.apiKey"]);
        assert_eq!(places(&["mcp-remote", "https://x.example/sse?token=CANARY01"]), ["arg 2 query token"]);
        assert_eq!(places(&["--registry", "https://u:CANARY01@npm.example"]), ["arg --registry password"]);
        assert_eq!(places(&["-y", "@scope/pkg@1.0.0", "/home/a/b", "--port=3000"]), Vec::<String>::new());
    }
}
