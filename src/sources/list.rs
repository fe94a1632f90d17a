//! Every source, in the order in which `rungs sources` prints them. A new one is a file and a line here.

use super::{Source, agents, aws, questionnaire, scanners};

/// Every export format that Rungs reads.
pub const SOURCES: &[&dyn Source] = &[
    &aws::credential_report::CredentialReport,
    &scanners::gitleaks::Gitleaks,
    &scanners::detect_secrets::DetectSecrets,
    &agents::mcp_config::McpConfig,
    &agents::mcp_tools::McpTools,
    &questionnaire::yaml::QuestionnaireYaml,
    &questionnaire::spreadsheet::QuestionnaireCsv,
];
