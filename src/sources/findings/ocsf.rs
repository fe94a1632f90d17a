//! Findings in the words of OCSF, from any tool but Prowler: compliance, detection and IAM analysis. As a list, one
//! a line, or as the pages that Security Hub answers with.

use super::event;
use super::prowler_ocsf::{is_ocsf, is_of_prowler};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

const LIST: &str = "Findings";

/// OCSF findings.
pub struct Ocsf;

impl Source for Ocsf {
    fn about(&self) -> &'static About {
        &About {
            kind: "ocsf.findings",
            title: "Findings in OCSF",
            provider: super::PROVIDER,
            command: "aws securityhub get-findings-v2 > findings.json",
            recognises: "JSON findings with `class_uid`, `metadata.product` and `finding_info`: a list, one a line, or \
                         under `Findings`",
            facts: &[],
            main_view: "scopes",
            precedence: 4,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let list = outline.get(LIST).unwrap_or(outline);
        let first = list.elements().first().unwrap_or(list);
        Recognised::yes_if(is_ocsf(first) && !is_of_prowler(first))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if probe.has_key(LIST) {
            return json::pieces(input.reader()?, &[LIST], &["NextToken"], &mut |piece| {
                if piece.is_element {
                    return record(piece.text(), &piece.pointer, input, out);
                }
                out.pages_missing(!matches!(piece.text(), "null" | "\"\""));
                Ok(())
            });
        }
        json::records(input.reader()?, &mut |locator, finding| record(finding.get(), locator, input, out))
    }
}

fn record(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
    out.record(locator, |out| {
        let read = event::read(text, locator, input, out)?;
        out.push(read.row)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Finding, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["tool", "check_id", "status", "resource_ref", "identity_id", "observed_at"];

    #[test]
    fn three_classes_of_findings() {
        let loaded = load_fixture(&Ocsf, "ocsf.findings/good/classes.json");
        let account = "AWS::::Account:111122223333";
        let role = "arn:aws:iam::111122223333:role/agent-runner";
        assert_eq!(
            loaded.rows(Finding::TABLE, COLUMNS),
            [
                ["security-hub", "IAM.6", "fail", account, "∅", "2026-05-21T18:12:05.693Z"],
                ["guardduty", "UnauthorizedAccess:IAMUser/X", "fail", role, role, "2026-05-20T00:00:00Z"],
                ["guardduty", "Recon:IAMUser/Y", "pass", role, role, "2026-05-20T00:00:00Z"],
                ["access-analyzer", "unused-permission", "fail", role, role, "2026-05-22T00:00:00Z"],
                ["access-analyzer", "IAM.8", "manual", role, role, "∅"],
            ]
        );
        assert_eq!(
            loaded.rows(Finding::TABLE, &["provider", "scope_id", "frameworks"])[0],
            ["aws", "111122223333", "standards/pci-dss/v/3.2.1 | PCI DSS 8.3.1"]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn pages_of_security_hub() {
        let loaded = load_fixture(&Ocsf, "ocsf.findings/good/page.json");
        assert_eq!(loaded.rows(Finding::TABLE, &["check_id", "locator"]), [["IAM.6", "/Findings/0"]]);
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
    }

    #[test]
    fn one_finding_a_line() {
        let loaded = load_fixture(&Ocsf, "ocsf.findings/good/lines.ndjson");
        assert_eq!(
            loaded.rows(Finding::TABLE, &["check_id", "locator"]),
            [["IAM.6", "document 1"], ["IAM.6", "document 2"]]
        );
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Ocsf, "ocsf.findings/bad/wrong.json");
        assert_eq!(loaded.rows(Finding::TABLE, &["check_id"]), [["IAM.6"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/1: the finding has no verdict that is known",
                "/2: `last_seen_time_dt` is not a date",
                "/3: the finding names no resource",
            ]
        );
        loaded.assert_no_canary();
    }
}
