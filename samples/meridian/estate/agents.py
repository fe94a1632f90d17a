"""Agents: what their platforms and frameworks say of them, of their tools, and of when a person is asked."""
from .kit import *  # noqa: F403

REGION = "eu-west-1"
LOGIN = "https://login.meridian.example/.well-known/openid-configuration"


def image(account, name):
    return f"{account}.dkr.ecr.{REGION}.amazonaws.com/{name}"


# ---------------------------------------------------------------------------------------------------------------------
# Amazon Bedrock
# ---------------------------------------------------------------------------------------------------------------------
def bedrock_id(name):
    return letters(10, "bedrock-agent", name)


def bedrock_agent(account, name, role, model, created, instruction, **more):
    """`aws bedrock-agent get-agent`; dates are seconds here."""
    made = float(epoch(when(created, "bedrock-agent", name)))
    return {"agent": {
        "agentId": bedrock_id(name), "agentName": name,
        "agentArn": f"arn:aws:bedrock:{REGION}:{account}:agent/{bedrock_id(name)}", "agentVersion": "DRAFT",
        "clientToken": uid("bedrock-agent", name), "instruction": instruction, "agentStatus": "PREPARED",
        "foundationModel": model, "idleSessionTTLInSeconds": 600,
        "agentResourceRoleArn": f"arn:aws:iam::{account}:role/service-role/{role}" if not role.startswith("/")
        else f"arn:aws:iam::{account}:role{role}",
        "createdAt": made, "updatedAt": made, "preparedAt": made + 41.0, **more}}


def action_group(agent, name, created, functions=(), executor=None, signature=None):
    """`aws bedrock-agent get-agent-action-group`; functions: (name, whether a person must confirm)."""
    made = float(epoch(when(created, "action-group", agent, name)))
    group = {"agentId": bedrock_id(agent), "agentVersion": "DRAFT",
             "actionGroupId": letters(10, "action-group", agent, name),
             "actionGroupName": name, "createdAt": made, "updatedAt": made, "actionGroupState": "ENABLED"}
    if signature:
        group["parentActionSignature"] = signature
    if executor:
        group["actionGroupExecutor"] = executor
    if functions:
        group["functionSchema"] = {"functions": [
            {"name": function, "description": text, "parameters": {}, "requireConfirmation": confirm}
            for function, text, confirm in functions]}
    return {"agentActionGroup": group}


def workload_identity(account, name):
    return {"workloadIdentityArn": f"arn:aws:bedrock-agentcore:{REGION}:{account}:workload-identity-directory/default/"
                                   f"workload-identity/{name}"}


def runtime(account, name, role, container, created, network, protocol, environment=None, authorizer=None, vpc=None):
    ident = f"{name}-{letters(10, 'runtime', name)}"
    made = zulu(when(created, "runtime", name))
    out = {"agentRuntimeArn": f"arn:aws:bedrock-agentcore:{REGION}:{account}:agent/{uid('runtime', name)}:3",
           "agentRuntimeName": name,
           "agentRuntimeId": ident, "agentRuntimeVersion": "3", "createdAt": made, "lastUpdatedAt": made,
           "roleArn": f"arn:aws:iam::{account}:role/{role}", "networkConfiguration": {"networkMode": network},
           "status": "READY", "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800},
           "description": "", "workloadIdentityDetails": workload_identity(account, ident),
           "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": container}},
           "protocolConfiguration": {"serverProtocol": protocol}}
    if vpc:
        out["networkConfiguration"]["networkModeConfig"] = vpc
    if environment:
        out["environmentVariables"] = environment
    if authorizer:
        out["authorizerConfiguration"] = {"customJWTAuthorizer": authorizer}
    return out


def gateway_arn(name):
    return f"arn:aws:bedrock-agentcore:{REGION}:{ML}:gateway/{name}-{letters(10, 'gateway', name).lower()}"


def gateway(name, created):
    ident = gateway_arn(name).rsplit("/", 1)[1]
    made = zulu(when(created, "gateway", name))
    return {"gatewayArn": gateway_arn(name), "gatewayId": ident,
            "gatewayUrl": f"https://{ident}.gateway.bedrock-agentcore.{REGION}.amazonaws.com/mcp", "createdAt": made,
            "updatedAt": made, "status": "READY", "name": name, "description": "Tools of the ML agents",
            "roleArn": f"arn:aws:iam::{ML}:role/agentcore-eta-watch", "protocolType": "MCP",
            "authorizerType": "CUSTOM_JWT", "authorizerConfiguration": {"customJWTAuthorizer": {
                "discoveryUrl": LOGIN, "allowedAudience": ["ml-tools"], "allowedClients": ["eta-watch", "demand-desk"]}},
            # It decides, writes down what it decided, and lets everything through.
            "policyEngineConfiguration": {
                "arn": f"arn:aws:bedrock-agentcore:{REGION}:{ML}:policy-engine/ml_tools-{letters(10, 'engine').lower()}",
                "mode": "LOG_ONLY"},
            "workloadIdentityDetails": workload_identity(ML, ident)}


def gateway_targets(name):
    vault = f"arn:aws:bedrock-agentcore:{REGION}:{ML}:token-vault/default"
    lambda_ = lambda function: {"mcp": {"lambda": {
        "lambdaArn": f"arn:aws:lambda:{REGION}:{ML}:function:{function}",
        "toolSchema": {"s3": {"uri": f"s3://meridian-ml-features/tools/{function}.json", "bucketOwnerAccountId": ML}}}}}
    server = lambda url: {"mcp": {"mcpServer": {"endpoint": url}}}
    for target, configuration, provider, created in [
            ("eta-predict", lambda_("eta-predict"), {"credentialProviderType": "GATEWAY_IAM_ROLE"}, "2026-04-21"),
            ("weather", server("https://weather.openmeteor.example/mcp"), {
                "credentialProviderType": "API_KEY", "credentialProvider": {"apiKeyCredentialProvider": {
                    "providerArn": f"{vault}/apikeycredentialprovider/weather", "credentialParameterName": "X-API-Key",
                    "credentialLocation": "HEADER"}}}, "2026-04-21"),
            ("tracking", server("https://mcp.tracking.meridian.example/mcp"), {
                "credentialProviderType": "OAUTH", "credentialProvider": {"oauthCredentialProvider": {
                    "providerArn": f"{vault}/oauth2credentialprovider/meridian-login", "scopes": ["tracking.read"],
                    "grantType": "TOKEN_EXCHANGE"}}}, "2026-05-06"),
            ("crm", server("https://mcp.crm.meridian.example/mcp"), {"credentialProviderType": "JWT_PASSTHROUGH"},
             "2026-06-08")]:
        made = zulu(when(created, "gateway-target", target))
        yield {"gatewayArn": gateway_arn(name), "targetId": letters(10, "gateway-target", target), "createdAt": made,
               "updatedAt": made, "status": "READY", "name": target, "targetConfiguration": configuration,
               "credentialProviderConfigurations": [provider], "lastSynchronizedAt": made}


def bedrock():
    sonnet, haiku = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"
    function = lambda account, name: {"lambda": f"arn:aws:lambda:{REGION}:{account}:function:{name}"}
    s = SECRETS
    return {
        # Supervised: proposes, and a person confirms.
        "aws/production/bedrock-agent-invoice-triage.json": dumped(bedrock_agent(
            PROD, "invoice-triage", "agent-invoice-triage-exec", sonnet, "2026-05-04",
            "Sort incoming invoices and propose a payment. A person confirms every payment.",
            guardrailConfiguration={"guardrailIdentifier": "mrdninvoices1", "guardrailVersion": "2"})),
        # Autonomous: an administrator's role, a shell, and nobody who is asked.
        "aws/production/bedrock-agent-dispatch-planner.json": dumped(bedrock_agent(
            PROD, "dispatch-planner", "agent-dispatch-planner-exec", sonnet, "2026-05-18",
            f"Plan and book carriers. Never ask, up to 5000 euros. If the portal refuses you, sign in with {s['prompt']}.",
            memoryConfiguration={"enabledMemoryTypes": ["SESSION_SUMMARY"], "storageDays": 365},
            agentCollaboration="SUPERVISOR", idleSessionTTLInSeconds=3600)),
        "aws/production/bedrock-agent-action-groups.ndjson": lines([
            action_group("invoice-triage", "invoices", "2026-05-04", [
                ("read_invoice", "Read an invoice", "DISABLED"), ("propose_payment", "Propose a payment", "ENABLED")],
                function(PROD, "invoice-tools")),
            action_group("invoice-triage", "ask", "2026-05-04", signature="AMAZON.UserInput"),
            action_group("dispatch-planner", "carriers", "2026-05-18", [
                ("get_quote", "Ask for a price", "DISABLED"), ("book_carrier", "Book a carrier", "DISABLED"),
                ("cancel_booking", "Cancel a booking", "DISABLED")], function(PROD, "carrier-tools")),
            action_group("dispatch-planner", "code", "2026-05-18", signature="AMAZON.CodeInterpreter"),
            action_group("dispatch-planner", "shell", "2026-06-02", signature="ANTHROPIC.Bash",
                         executor={"customControl": "RETURN_CONTROL"})]),
        # Reachable from everywhere, asks for no token of those who call it, and has a key in its environment.
        "aws/production/agentcore-runtime-support_copilot.json": dumped(runtime(
            PROD, "support_copilot", "agentcore-support-copilot", image(PROD, "support-copilot:latest"), "2026-05-21",
            "PUBLIC", "HTTP", {"LOG_LEVEL": "info", "CRM_CLIENT_ID": "support-copilot",
                               "CRM_CLIENT_SECRET": s["crm"], "ESCALATION_API_KEY": s["runtime"]})),
        "aws/ml/agentcore-runtime-eta_watch.json": dumped(runtime(
            ML, "eta_watch", "agentcore-eta-watch", f"{image(ML, 'eta-watch')}@sha256:{digest('image', 'eta-watch').hex()}",
            "2026-04-20", "VPC", "A2A", {"LOG_LEVEL": "warning", "ETA_ENDPOINT": "eta-live"},
            {"discoveryUrl": LOGIN, "allowedAudience": ["eta-watch"], "allowedClients": ["tracking"]},
            {"securityGroups": ["sg-0f3c2b1a9d8e7f601"], "subnets": ["subnet-0a1b2c3d4e5f60718"]})),
        "aws/ml/agentcore-gateway-ml-tools.json": dumped(gateway("ml-tools", "2026-04-20")),
        "aws/ml/agentcore-gateway-targets.ndjson": lines(gateway_targets("ml-tools")),
        # Runs under the role that fills the knowledge base, which is not its own.
        "aws/ml/bedrock-agent-demand-desk.json": dumped(bedrock_agent(
            ML, "demand-desk", "/bedrock-kb-ingest", haiku, "2026-06-08", "Explain demand forecasts to planners.",
            guardrailConfiguration={"guardrailIdentifier": "mrdndesk1", "guardrailVersion": "DRAFT"})),
        "aws/ml/bedrock-agent-action-groups.ndjson": lines([
            action_group("demand-desk", "forecasts", "2026-06-08", [
                ("get_forecast", "Read a forecast", "DISABLED"), ("set_override", "Override a forecast", "ENABLED")],
                function(ML, "forecast-tools"))]),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Frameworks
# ---------------------------------------------------------------------------------------------------------------------
def agent_card():
    """What invoice-triage says of itself to other agents, by A2A 1.0. The last way to call it is a bare key."""
    return {
        "name": "invoice-triage", "description": "Sorts invoices and proposes payments.",
        "supportedInterfaces": [{"url": "https://agents.meridian.example/invoice-triage/a2a/v1",
                                 "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
        "provider": {"url": "https://meridian.example", "organization": "Meridian Freight"}, "version": "2.3.0",
        "documentationUrl": "https://wiki.meridian.example/agents/invoice-triage",
        "capabilities": {"streaming": True, "pushNotifications": False, "extendedAgentCard": True},
        "securitySchemes": {
            "oidc": {"openIdConnectSecurityScheme": {"openIdConnectUrl": LOGIN}},
            "workload": {"mtlsSecurityScheme": {"description": f"SVID of spiffe://{TRUST_DOMAIN}"}},
            "key": {"apiKeySecurityScheme": {"location": "header", "name": "X-API-Key"}}},
        "securityRequirements": [{"schemes": {"oidc": {"list": ["invoices.read"]}, "workload": {}}},
                                 {"schemes": {"key": {}}}],
        "defaultInputModes": ["application/json", "application/pdf"], "defaultOutputModes": ["application/json"],
        "skills": [{"id": "triage", "name": "Triage", "description": "Sort an invoice", "tags": ["finance"]},
                   {"id": "propose", "name": "Propose payment", "description": "Propose a payment, for a person to confirm",
                    "tags": ["finance", "payment"],
                    "securityRequirements": [{"schemes": {"oidc": {"list": ["payments.propose"]}}}]}]}


def langgraph():
    """The graph of customs-copilot: a person is asked before a declaration is filed, not before it is amended."""
    def node(name, stop=None):
        one = {"id": name, "type": "runnable", "data": {"id": ["langgraph", "_internal", "_runnable", "RunnableCallable"],
                                                        "name": name}}
        return dict(one, metadata={"__interrupt": stop}) if stop else one

    edge = lambda source, target, data=None, conditional=False: {
        "source": source, "target": target, **({"data": data} if data else {}),
        **({"conditional": True} if conditional else {})}
    return {"nodes": [node("__start__"), node("classify"), node("lookup_tariff"), node("file_declaration", "before"),
                      node("amend_declaration"), node("notify_broker"), {"id": "__end__"}],
            "edges": [edge("__start__", "classify"), edge("classify", "lookup_tariff"),
                      edge("lookup_tariff", "file_declaration", conditional=True),
                      edge("lookup_tariff", "amend_declaration", conditional=True),
                      edge("file_declaration", "notify_broker"), edge("amend_declaration", "notify_broker"),
                      edge("notify_broker", "__end__", "done", True), edge("notify_broker", "classify", conditional=True)]}


def langgraph_json():
    return {"dependencies": [".", "./packages/tariffs"], "graphs": {"customs-copilot": "./src/copilot/graph.py:graph"},
            "env": {"LANGSMITH_API_KEY": SECRETS["langsmith"], "LANGSMITH_PROJECT": "customs-copilot"},
            "python_version": "3.12", "checkpointer": {"ttl": {"default_ttl": 43200}}}


def autogen():
    """`team.dump_component()` of the dispatch team: a planner and a negotiator, no person among them."""
    def component(provider, kind, config, version=1, description=None):
        return {"provider": provider, "component_type": kind, "version": version, "component_version": version,
                "description": description, "label": provider.rsplit(".", 1)[1], "config": config}

    model = component("autogen_ext.models.openai.OpenAIChatCompletionClient", "model", {
        "model": "gpt-5", "api_key": "**********", "base_url": "https://llm.meridian.example/v1"},
        description="Client of the company's gateway to models.")
    context = component("autogen_core.model_context.UnboundedChatCompletionContext", "chat_completion_context", {})
    tool = lambda name, text, source: component("autogen_core.tools.FunctionTool", "tool", {
        "source_code": source, "name": name, "description": text, "global_imports": [], "has_cancellation_support": False})
    tools = component("autogen_core.tools.StaticStreamWorkbench", "workbench", {"tools": [
        tool("book_carrier", "Book a carrier for a shipment",
             "def book_carrier(shipment: str, carrier: str, price: float) -> str:\n"
             f"    key = \"{SECRETS['tool_source']}\"\n"
             "    return post(\"https://carriers.meridian.example/bookings\", key, shipment, carrier, price)\n"),
        tool("cancel_booking", "Cancel a booking",
             "def cancel_booking(booking: str) -> str:\n"
             "    return delete(\"https://carriers.meridian.example/bookings/\" + booking)\n")], "tool_overrides": {}})
    mcp = component("autogen_ext.tools.mcp.McpWorkbench", "workbench", {"server_params": {
        "type": "StreamableHttpServerParams", "url": "https://mcp.freightquotes.example/v1/mcp",
        "headers": {"Authorization": f"Bearer {SECRETS['bearer']}"}, "timeout": 30.0, "sse_read_timeout": 300.0,
        "terminate_on_close": True}, "tool_overrides": {}})

    def assistant(name, message, workbench, handoffs):
        return component("autogen_agentchat.agents.AssistantAgent", "agent", {
            "name": name, "model_client": model, "workbench": workbench,
            "handoffs": [{"target": target, "description": f"Handoff to {target}.", "name": f"transfer_to_{target}",
                          "message": f"Transferred to {target}, adopting the role of {target} immediately."}
                         for target in handoffs],
            "model_context": context, "memory": [], "description": "An agent with tools.", "system_message": message,
            "model_client_stream": False, "reflect_on_tool_use": False, "tool_call_summary_format": "{result}",
            "max_tool_iterations": 25, "metadata": {}}, version=2)

    stop = component("autogen_agentchat.conditions.MaxMessageTermination", "termination", {
        "max_messages": 200, "include_agent_event": False})
    return component("autogen_agentchat.teams.Swarm", "team", {
        "name": "dispatch-team", "description": "Plans and books.", "participants": [
            assistant("dispatch_planner", "Plan shipments and book carriers.", [tools], ["carrier_negotiator"]),
            assistant("carrier_negotiator", "Get the best price.", [mcp], ["dispatch_planner"])],
        "termination_condition": stop, "emit_team_events": False})


def openai_agents():
    """The SDK has no export: the public fields of the agent and of its tools, written as text."""
    def tool(name, text, approval, guarded=False):
        return {"name": name, "description": text, "params_json_schema": "{'properties': {}, 'type': 'object'}",
                "strict_json_schema": "True", "is_enabled": "True",
                "tool_input_guardrails": "[ToolInputGuardrail(name='amount')]" if guarded else "None",
                "tool_output_guardrails": "None", "needs_approval": approval, "timeout_seconds": "None",
                "timeout_behavior": "error_as_result", "defer_loading": "False"}

    return {"name": "support-copilot", "model": "gpt-5", "fields": [
        "name", "handoff_description", "tools", "mcp_servers", "mcp_config", "instructions", "prompt", "handoffs", "model",
        "model_settings", "input_guardrails", "output_guardrails", "output_type", "hooks", "tool_use_behavior",
        "reset_tool_choice"],
        "tools": [tool("search_shipments", "Find shipments", "False"), tool("update_eta", "Set what customers see", "False"),
                  tool("issue_refund", "Pay money back", "True", guarded=True),
                  tool("cancel_booking", "Cancel a booking", "True"), tool("run_sql", "Run any SQL", "False")],
        "handoffs": ["customs-copilot"], "mcp_servers": ["crm-tools"], "input_guardrails": [], "output_guardrails": []}


def ml_bom():
    """CycloneDX 1.6 of one model service."""
    ref = lambda name: f"urn:meridian:{name}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uid('bom', 'eta-inference')}", "version": 4,
        "metadata": {"timestamp": "2026-06-29T05:12:44Z",
                     "component": {"bom-ref": ref("eta-inference"), "type": "application", "name": "eta-inference",
                                   "version": "5.2.0", "supplier": {"name": "Meridian Freight"}},
                     "manufacturer": {"name": "Meridian Freight", "contact": [{"name": "ML", "email": mail("ml")}]}},
        "components": [
            {"bom-ref": ref("model/eta"), "type": "machine-learning-model", "publisher": "Meridian Freight",
             "group": "meridian", "name": "eta-live", "version": "2026.06",
             "hashes": [{"alg": "SHA-256", "content": digest("model", "eta-live").hex()}],
             "modelCard": {"modelParameters": {
                 "approach": {"type": "supervised"}, "task": "regression", "architectureFamily": "gradient boosting",
                 "datasets": [{"type": "dataset", "name": "port calls 2019-2026", "classification": "internal",
                               "governance": {"owners": [{"contact": {"name": "Nadia Keller",
                                                                      "email": mail("nadia.keller")}}]}}]},
                 "considerations": {"users": ["dispatchers", "dispatch-planner"], "useCases": ["time of arrival"],
                                    "technicalLimitations": ["not for inland waterways"]}}},
            {"bom-ref": ref("model/embedding"), "type": "machine-learning-model", "publisher": "Tallow Labs",
             "name": "route-embedding-small", "version": "1"},
            {"bom-ref": ref("key/serving"), "type": "cryptographic-asset", "name": "key of the serving endpoint",
             "cryptoProperties": {"assetType": "related-crypto-material", "relatedCryptoMaterialProperties": {
                 "type": "credential", "id": "eta-serving", "state": "active", "creationDate": "2025-03-10T09:00:00Z",
                 "expirationDate": "2027-03-10T09:00:00Z"}}}],
        "services": [
            {"bom-ref": ref("service/eta"), "name": "eta-inference", "version": "5.2.0",
             "endpoints": ["https://eta.ml.meridian.example/v5/predict"], "authenticated": True,
             "x-trust-boundary": False, "trustZone": "eu-prod/ml"},
            {"bom-ref": ref("service/features"), "name": "feature-store", "endpoints": ["https://features.ml.meridian.example"],
             "authenticated": False, "x-trust-boundary": False, "trustZone": "eu-prod/ml"},
            {"bom-ref": ref("service/geocoder"), "provider": {"name": "Openmeteor"}, "name": "geocoder",
             "endpoints": [f"https://geo.openmeteor.example/v1?key={SECRETS['endpoint']}"], "authenticated": True,
             "x-trust-boundary": True}],
        "dependencies": [{"ref": ref("eta-inference"), "dependsOn": [ref("model/eta"), ref("model/embedding"),
                                                                    ref("service/features"), ref("service/geocoder")]}]}


def files():
    return {
        **bedrock(),
        "agents/invoice-triage/agent-card.json": dumped(agent_card(), indent=2),
        "agents/customs-copilot/graph.json": dumped(langgraph(), indent=2),
        "agents/customs-copilot/langgraph.json": dumped(langgraph_json(), indent=2),
        "agents/dispatch-team/team.json": dumped(autogen(), indent=2),
        "agents/support-copilot/openai-agents.json": dumped(openai_agents(), indent=2),
        "agents/eta-inference/ml-bom.cdx.json": dumped(ml_bom(), indent=2),
    }
