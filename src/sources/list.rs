//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, azure, kubernetes, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &azure::access_reviews::AccessReviews,
    &azure::agent_identities::AgentIdentities,
    &azure::app_permissions::AppPermissions,
    &azure::applications::Applications,
    &azure::azurehound::AzureHound,
    &azure::credential_activity::CredentialActivity,
    &azure::deleted_items::DeletedItems,
    &azure::directory_roles::DirectoryRoles,
    &azure::federated_credentials::FederatedCredentials,
    &azure::managed_identities::ManagedIdentities,
    &azure::role_assignments::RoleAssignments,
    &azure::service_principals::ServicePrincipals,
    &azure::sign_in_activity::SignInActivity,
    &kubernetes::KubernetesList,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
];
