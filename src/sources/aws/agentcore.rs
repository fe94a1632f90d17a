//! What the parts of Bedrock AgentCore share: how callers prove who they are, what a state means, and the ids by
//! which lists and answers about one thing are joined, since lists mostly leave ARNs out.

use serde::Deserialize;

use crate::inventory::column::Word;

/// Whom a runtime or gateway lets in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authorizer {
    #[serde(rename = "customJWTAuthorizer")]
    custom_jwt_authorizer: Option<serde::de::IgnoredAny>,
}

impl Authorizer {
    /// Whether tokens of an identity provider are asked for.
    pub(super) fn checks_tokens(&self) -> bool {
        self.custom_jwt_authorizer.is_some()
    }
}

/// Whether what has this state can run; one that is being changed, or could not be, may go on as it was.
pub(super) fn enabled(status: &str) -> Option<bool> {
    match status {
        "READY" | "ACTIVE" => Some(true),
        "CREATING" | "CREATE_FAILED" | "CREATE_PENDING_AUTH" | "DELETING" => Some(false),
        _ => None,
    }
}

/// The id of a runtime as an agent.
pub(super) fn runtime_id(id: &str) -> String {
    format!("agentcore:runtime:{id}")
}

/// The id of a gateway as a server of tools.
pub(super) fn gateway_id(id: &str) -> String {
    format!("agentcore:gateway:{id}")
}

/// `public` or `private`, by the network that a runtime is in.
pub(super) fn network(mode: &str) -> Option<Word> {
    match mode {
        "PUBLIC" => Some(Word::from("public")),
        "VPC" => Some(Word::from("private")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_states_say_whether_it_runs() {
        for (status, expected) in
            [("READY", Some(true)), ("CREATE_FAILED", Some(false)), ("UPDATE_FAILED", None), ("ODD", None)]
        {
            assert_eq!(enabled(status), expected, "{status}");
        }
    }

    #[test]
    fn an_authorizer_of_tokens_is_told_from_none() {
        let checks = |text: &str| serde_json::from_str::<Authorizer>(text).unwrap().checks_tokens();
        assert!(checks(r#"{"customJWTAuthorizer": {"discoveryUrl": "https://login.example"}}"#));
        assert!(!checks("{}"));
    }
}
