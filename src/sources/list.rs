//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, gcp, kubernetes, mapped, questionnaire, scanners, spire};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &gcp::activity::Activity,
    &gcp::iam_policies::IamPolicies,
    &gcp::service_account_keys::ServiceAccountKeys,
    &gcp::service_accounts::ServiceAccounts,
    &gcp::workload_identity_pools::WorkloadIdentityPools,
    &kubernetes::audit::AuditLog,
    &kubernetes::KubernetesList,
    &kubernetes::manifests::Manifests,
    &mapped::Mapped,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
    &spire::entries::Entries,
];
