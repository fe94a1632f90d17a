//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, github, gitlab, kubernetes, okta, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &github::agent_configuration::AgentConfiguration,
    &github::audit_log::AuditLog,
    &github::credential_authorizations::CredentialAuthorizations,
    &github::deploy_keys::DeployKeys,
    &github::fine_grained_pats::FineGrainedPats,
    &github::installations::Installations,
    &github::oidc_subject::OidcSubject,
    &github::secret_scanning_alerts::SecretScanningAlerts,
    &github::secret_scanning_locations::SecretScanningLocations,
    &github::secrets::Secrets,
    &gitlab::ci_variables::CiVariables,
    &gitlab::deploy_keys::DeployKeys,
    &gitlab::tokens::Tokens,
    &kubernetes::KubernetesList,
    &okta::ai_agents::AiAgents,
    &okta::api_tokens::ApiTokens,
    &okta::apps::Apps,
    &okta::grants::Grants,
    &okta::privileged_accounts::PrivilegedAccounts,
    &okta::system_log::SystemLog,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
];
