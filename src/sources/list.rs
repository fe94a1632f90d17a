//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, kubernetes, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::a2a_card::AgentCard,
    &agents::agent_scan::AgentScan,
    &agents::keys::anthropic::AnthropicKeys,
    &agents::autogen::AutoGen,
    &agents::crewai::CrewAi,
    &agents::cyclonedx::CycloneDx,
    &agents::langgraph::LangGraph,
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &agents::openai_agents::OpenAiAgents,
    &agents::keys::openai::OpenAiKeys,
    &agents::server_json::ServerJson,
    &agents::spdx::SpdxAi,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &kubernetes::KubernetesList,
    &questionnaire::register::Register,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
];
