//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, findings, kubernetes, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &aws::access_key_last_used::AccessKeyLastUsed,
    &aws::access_keys::AccessKeys,
    &aws::authorization_details::AuthorizationDetails,
    &aws::credential_report::CredentialReport,
    &aws::secrets_manager::SecretsManager,
    &findings::asff::Asff,
    &findings::ciso_assistant::CisoAssistant,
    &findings::ocsf::Ocsf,
    &findings::oscal::OscalResults,
    &findings::prowler_csv::ProwlerCsv,
    &findings::prowler_ocsf::ProwlerOcsf,
    &kubernetes::KubernetesList,
    &questionnaire::spreadsheet::QuestionnaireCsv,
    &questionnaire::yaml::QuestionnaireYaml,
    &scanners::betterleaks::Betterleaks,
    &scanners::detect_secrets::DetectSecrets,
    &scanners::gitleaks::Gitleaks,
    &scanners::gitleaks_csv::GitleaksCsv,
    &scanners::kingfisher::Kingfisher,
    &scanners::sarif::Sarif,
    &scanners::trufflehog::TruffleHog,
];
