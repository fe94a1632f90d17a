//! `findings.csv`: every row that does not pass a check, one line each.

use std::collections::BTreeMap;
use std::io::Write;

use super::text::cell;
use super::{Error, Input, Report};
use crate::record::rows::{Finding, each_finding};
use crate::record::v1::{Assessment, Check};

/// Every failing, unknown and waived row.
pub struct Findings;

/// Columns of the findings.
pub(super) const COLUMNS: [&str; 17] = [
    "check",
    "title",
    "severity",
    "verdict",
    "domain",
    "provider",
    "scope_id",
    "environment",
    "identity_kind",
    "ai_use",
    "row",
    "name",
    "evidence",
    "remediation",
    "source",
    "source_sha256",
    "locator",
];

impl Report for Findings {
    fn name(&self) -> &'static str {
        "findings"
    }

    fn file(&self) -> &'static str {
        "findings.csv"
    }

    fn about(&self) -> &'static str {
        "every failing, unknown and waived row, one line each"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(std::io::Error::from)?;
        each_line(input, &mut |line| {
            writer.write_record(line.iter().map(|value| cell(value))).map_err(std::io::Error::from)
        })?;
        writer.flush()?;
        Ok(())
    }
}

/// Calls `take` with the columns of every finding, as plain text.
pub(super) fn each_line(
    input: &Input<'_>,
    take: &mut dyn FnMut(&[String; COLUMNS.len()]) -> std::io::Result<()>,
) -> Result<(), Error> {
    let lookup = Lookup::new(input.record);
    each_finding(input.rows, &mut |finding| match lookup.line(finding) {
        Some(line) => take(&line),
        None => Ok(()),
    })?;
    Ok(())
}

/// What a finding's check and file are called.
pub(super) struct Lookup<'a> {
    checks: BTreeMap<&'a str, &'a Check>,
    files: BTreeMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Lookup<'a> {
    pub fn new(record: &'a Assessment) -> Self {
        Self {
            checks: record.checks.iter().map(|check| (check.id.as_str(), check)).collect(),
            files: record
                .evidence
                .iter()
                .filter_map(|file| Some((file.sha256.get(..16)?, (file.path.as_str(), file.sha256.as_str()))))
                .collect(),
        }
    }

    /// The check.
    pub fn check(&self, finding: &Finding<'_>) -> Option<&'a Check> {
        self.checks.get(finding.check).copied()
    }

    /// Path and digest of the file that the row was taken from; empty where there is none.
    pub fn source(&self, finding: &Finding<'_>) -> (&'a str, &'a str) {
        finding.source_id.and_then(|id| self.files.get(id).copied()).unwrap_or_default()
    }

    fn line(&self, finding: &Finding<'_>) -> Option<[String; COLUMNS.len()]> {
        let check = self.check(finding)?;
        let (path, sha256) = self.source(finding);
        let shown = evidence(finding.evidence, &check.evidence);
        let shown: Vec<String> = shown.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let [provider, scope, environment, kind, ai_use] =
            finding.segment.map(|value| value.unwrap_or_default().to_owned());
        Some([
            check.id.clone(),
            check.title.clone(),
            check.severity.clone(),
            finding.verdict.to_owned(),
            check.domain.clone(),
            provider,
            scope,
            environment,
            kind,
            ai_use,
            finding.row_id.to_owned(),
            finding.label.unwrap_or_default().to_owned(),
            shown.join("; "),
            check.remediation.title.clone(),
            path.to_owned(),
            sha256.to_owned(),
            finding.locator.unwrap_or_default().to_owned(),
        ])
    }
}

/// The check's own evidence columns with their values; what is not known is said to be so.
pub(super) fn evidence(json: &str, columns: &[String]) -> Vec<(String, String)> {
    let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let shown = columns.iter().map(|column| {
        let value = match values.get(column) {
            None | Some(serde_json::Value::Null) => "unknown".to_owned(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        (column.clone(), value)
    });
    shown.collect()
}
