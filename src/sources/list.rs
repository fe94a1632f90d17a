//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, kubernetes, policy, questionnaire, scanners, vault};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &kubernetes::KubernetesList,
    &policy::avp_decisions::AvpDecisions,
    &policy::avp_policies::AvpPolicies,
    &policy::cedar::entities::CedarEntities,
    &policy::cedar::policies::CedarPolicies,
    &policy::cedar::schema::CedarSchema,
    &policy::opa_decisions::OpaDecisions,
    &policy::rego::RegoPolicies,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::trufflehog::TruffleHog,
    &vault::audit::Audit,
    &vault::auth_methods::AuthMethods,
    &vault::auth_roles::AuthRoles,
    &vault::entities::Entities,
    &vault::leases::Leases,
    &vault::policies::Policies,
    &vault::secret_ids::SecretIds,
    &vault::secrets_engines::SecretsEngines,
    &vault::tokens::Tokens,
];
