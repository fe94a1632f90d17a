//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, kubernetes, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_analyzer::AccessAnalyzer,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::agentcore_gateways::AgentCoreGateways,
    &aws::agentcore_identities::AgentCoreIdentities,
    &aws::agentcore_memories::AgentCoreMemories,
    &aws::agentcore_policies::AgentCorePolicies,
    &aws::agentcore_registry::AgentCoreRegistry,
    &aws::agentcore_runtimes::AgentCoreRuntimes,
    &aws::authorization_details::AuthorizationDetails,
    &aws::bedrock_agents::BedrockAgents,
    &aws::credential_report::CredentialReport,
    &aws::list_roles::ListRoles,
    &aws::list_users::ListUsers,
    &aws::oidc_providers::OidcProviders,
    &aws::secrets_manager::SecretsManager,
    &aws::service_last_accessed::ServiceLastAccessed,
    &aws::service_specific_credentials::ServiceSpecificCredentials,
    &kubernetes::KubernetesList,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
];
