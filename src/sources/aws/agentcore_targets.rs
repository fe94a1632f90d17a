//! What lies behind a gateway of AgentCore, and with whose credentials the gateway reaches it. Of schemas, only the
//! names and descriptions of tools are read; texts of OpenAPI and Smithy are left alone.

use serde::Deserialize;

use super::answers::Stamp;
use crate::inventory::column::Word;
use crate::inventory::schema::AgentTool;
use crate::sources::agents::host;
use crate::sources::hash;

/// The answer of `get-gateway-target`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub gateway_arn: String,
    pub status: String,
    pub created_at: Option<Stamp>,
    name: String,
    target_configuration: Configuration,
    credential_provider_configurations: Option<Vec<Credentials>>,
}

#[derive(Deserialize)]
struct Configuration {
    mcp: Option<Mcp>,
    http: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mcp {
    lambda: Option<Lambda>,
    mcp_server: Option<McpServer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lambda {
    lambda_arn: Option<String>,
    tool_schema: Option<ToolSchema>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolSchema {
    inline_payload: Option<Vec<Tool>>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct McpServer {
    endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    agentcore_runtime: Option<Runtime>,
}

#[derive(Deserialize)]
struct Runtime {
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    credential_provider_type: String,
}

/// The tools of a target, as rows that lack provider, scope and source.
pub(super) fn of(target: &Target, gateway: &str, locator: &str) -> Vec<AgentTool> {
    let row = AgentTool {
        agent_id: gateway.to_owned(),
        tool: target.name.clone(),
        // An API whose operations stand in a schema that is not read.
        kind: Word::from("action_group"),
        auth: target.auth().map(Word::from),
        locator: locator.to_owned(),
        ..AgentTool::default()
    };
    if let Some(runtime) = target.target_configuration.http.as_ref().and_then(|http| http.agentcore_runtime.as_ref()) {
        return vec![AgentTool { kind: Word::from("a2a_agent"), endpoint: runtime.arn.clone(), ..row }];
    }
    let mcp = target.target_configuration.mcp.as_ref();
    if let Some(server) = mcp.and_then(|mcp| mcp.mcp_server.as_ref()) {
        let endpoint = server.endpoint.as_deref().and_then(host::of);
        let third_party = endpoint.as_deref().filter(|name| host::is_private(name)).map(|_| false);
        // Nothing is sent along where no credentials are set up.
        let auth = row.auth.clone().or_else(|| target.has_no_credentials().then(|| Word::from("none")));
        let transport = Some(Word::from("http"));
        return vec![AgentTool { kind: Word::from("mcp_server"), transport, endpoint, third_party, auth, ..row }];
    }
    let Some(lambda) = mcp.and_then(|mcp| mcp.lambda.as_ref()) else { return vec![row] };
    let row = AgentTool { endpoint: lambda.lambda_arn.clone(), ..row };
    let tools = lambda.tool_schema.as_ref().and_then(|schema| schema.inline_payload.as_deref()).unwrap_or_default();
    if tools.is_empty() {
        return vec![row];
    }
    let tool = |tool: &Tool| AgentTool {
        tool: tool.name.clone(),
        server: Some(target.name.clone()),
        kind: Word::from("mcp_tool"),
        description_hash: tool.description.as_deref().filter(|text| !text.is_empty()).map(hash::of_text),
        ..row.clone()
    };
    tools.iter().map(tool).collect()
}

impl Target {
    fn has_no_credentials(&self) -> bool {
        self.credential_provider_configurations.as_ref().is_none_or(Vec::is_empty)
    }

    /// How the gateway proves to the target who it is: the weakest way, where several are set up.
    fn auth(&self) -> Option<&'static str> {
        const WAYS: [(&str, &str); 5] = [
            ("API_KEY", "static_secret"),
            ("JWT_PASSTHROUGH", "jwt_passthrough"),
            ("CALLER_IAM_CREDENTIALS", "caller_identity"),
            ("OAUTH", "oauth"),
            ("GATEWAY_IAM_ROLE", "iam_role"),
        ];
        let types = self.credential_provider_configurations.as_deref().unwrap_or_default();
        let is_used = |known: &str| types.iter().any(|one| one.credential_provider_type == known);
        WAYS.iter().find(|(known, _)| is_used(known)).map(|(_, auth)| *auth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kind, server, tool, endpoint and auth of each tool.
    fn tools(configuration: &str, credentials: &str) -> Vec<String> {
        let json = format!(
            r#"{{"gatewayArn": "g", "status": "READY", "name": "crm", "targetConfiguration": {configuration},
                "credentialProviderConfigurations": {credentials}}}"#
        );
        let target: Target = serde_json::from_str(&json).unwrap();
        let line = |tool: AgentTool| {
            let or = |text: Option<String>| text.unwrap_or_else(|| "∅".to_owned());
            let Word(kind) = tool.kind;
            let auth = or(tool.auth.map(|Word(auth)| auth));
            format!("{kind} {} {} {} {auth}", or(tool.server), tool.tool, or(tool.endpoint))
        };
        of(&target, "a", "/").into_iter().map(line).collect()
    }

    #[test]
    fn each_kind_of_target_has_its_tools() {
        let role = r#"[{"credentialProviderType": "GATEWAY_IAM_ROLE"}]"#;
        let lambda = r#"{"mcp": {"lambda": {"lambdaArn": "arn:l", "toolSchema": {"inlinePayload": [{"name": "a"}, {"name": "b", "description": "B"}]}}}}"#;
        assert_eq!(tools(lambda, role), ["mcp_tool crm a arn:l iam_role", "mcp_tool crm b arn:l iam_role"]);
        let in_s3 = r#"{"mcp": {"lambda": {"lambdaArn": "arn:l", "toolSchema": {"s3": {"uri": "s3://x"}}}}}"#;
        assert_eq!(tools(in_s3, role), ["action_group ∅ crm arn:l iam_role"]);
        let api = r#"{"mcp": {"openApiSchema": {"inlinePayload": "CANARY"}}}"#;
        assert_eq!(tools(api, role), ["action_group ∅ crm ∅ iam_role"]);
        let server = r#"{"mcp": {"mcpServer": {"endpoint": "https://u:CANARY@mcp.vendor.example/mcp?key=CANARY"}}}"#;
        assert_eq!(tools(server, "[]"), ["mcp_server ∅ crm mcp.vendor.example none"]);
        let runtime = r#"{"http": {"agentcoreRuntime": {"arn": "arn:r"}}}"#;
        let passed = r#"[{"credentialProviderType": "JWT_PASSTHROUGH"}]"#;
        assert_eq!(tools(runtime, passed), ["a2a_agent ∅ crm arn:r jwt_passthrough"]);
    }

    #[test]
    fn the_weakest_credentials_count() {
        let server = r#"{"mcp": {"mcpServer": {"endpoint": "https://mcp.internal/"}}}"#;
        for (credentials, auth) in [
            (
                r#"[{"credentialProviderType": "OAUTH"}, {"credentialProviderType": "API_KEY", "credentialProvider": {}}]"#,
                "static_secret",
            ),
            (r#"[{"credentialProviderType": "OAUTH"}]"#, "oauth"),
            (r#"[{"credentialProviderType": "CALLER_IAM_CREDENTIALS"}]"#, "caller_identity"),
            (r#"[{"credentialProviderType": "NEW_KIND"}]"#, "∅"),
            ("null", "none"),
        ] {
            assert_eq!(tools(server, credentials), [format!("mcp_server ∅ crm mcp.internal {auth}")], "{credentials}");
        }
    }
}
