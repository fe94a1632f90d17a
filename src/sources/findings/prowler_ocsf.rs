//! Results of Prowler as OCSF detection findings, each with a verdict of its own in `status_code`. The metadata of
//! resources that they carry may hold secrets; it is never read.

use super::event;
use crate::config::Moment;
use crate::sources::outline::Outline;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, json};

/// `prowler PROVIDER --output-formats json-ocsf`.
pub struct ProwlerOcsf;

impl Source for ProwlerOcsf {
    fn about(&self) -> &'static About {
        &About {
            kind: "prowler.ocsf",
            title: "Results of Prowler (OCSF)",
            provider: super::PROVIDER,
            command: "prowler aws --services iam accessanalyzer secretsmanager --output-formats json-ocsf",
            recognises: "JSON list of findings with `class_uid` and `finding_info` whose `metadata.product.name` is \
                         Prowler",
            facts: &[],
            main_view: "scopes",
            precedence: 4,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        Recognised::yes_if(is_ocsf(first) && is_of_prowler(first))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scan = Scan::default();
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| {
                let read = event::read(record.get(), locator, input, out)?;
                out.push(read.row)?;
                scan.saw(read.at, &read.scope, out);
                Ok(())
            })
        })
    }
}

/// What results of Prowler say of the scan: it is of the first account that they name, and was made when the last
/// of them was.
#[derive(Default)]
pub(super) struct Scan {
    at: Option<Moment>,
    is_named: bool,
}

impl Scan {
    /// Learns from one result, so that a file that breaks off has said what it could.
    pub fn saw(&mut self, at: Option<Moment>, account: &str, out: &mut Output) {
        self.at = self.at.max(at);
        if let Some(at) = self.at {
            out.made_at(at);
        }
        if !self.is_named && !account.is_empty() {
            out.about_scope(account);
            self.is_named = true;
        }
    }
}

/// Whether it is a finding in the words of OCSF, from version 1.1.
pub(super) fn is_ocsf(finding: &Outline) -> bool {
    let has_product = finding.get("metadata").is_some_and(|metadata| metadata.has("product"));
    finding.has("class_uid") && has_product && finding.get("finding_info").is_some_and(Outline::is_object)
}

pub(super) fn is_of_prowler(finding: &Outline) -> bool {
    let product = finding.get("metadata").and_then(|metadata| metadata.get("product"));
    product.and_then(|product| product.text_at("name")) == Some("Prowler")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Finding, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["check_id", "status", "severity", "resource_ref", "identity_id"];

    #[test]
    fn verdicts_are_imported_as_they_stand() {
        let loaded = load_fixture(&ProwlerOcsf, "prowler.ocsf/good/aws.json");
        let policy = "arn:aws:iam::123456789012:policy/not-iam";
        let user = "arn:aws:iam::123456789012:user/service/svc-terraform";
        let root = "arn:aws:iam::123456789012:root";
        assert_eq!(
            loaded.rows(Finding::TABLE, COLUMNS),
            [
                ["iam_policy_attached_only_to_group_or_roles", "fail", "low", user, user],
                ["iam_check_saml_providers_sts", "pass", "low", root, "∅"],
                ["iam_root_mfa_enabled", "fail", "low", root, root],
                ["iam_policy_passrole_to_bedrock_agentcore_restricted", "manual", "high", policy, "∅"],
            ]
        );
        let columns =
            &["finding_id", "provider", "scope_id", "tool", "tool_version", "title", "observed_at", "frameworks"];
        assert_eq!(
            loaded.rows(Finding::TABLE, columns)[0],
            [
                "prowler-aws-iam_policy_attached_only_to_group_or_roles-123456789012-eu-west-1-svc-terraform",
                "aws",
                "123456789012",
                "prowler",
                "5.46.0",
                "IAM user has no inline or attached policies",
                // Prowler writes seconds where OCSF has milliseconds.
                "2026-11-23T17:54:52Z",
                "CIS-4.0.1: 1.15 | NIST-CSF-2.0: rr_1, ac_4",
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.scope_id.as_str(), file.as_of_basis), (4, "123456789012", "in_file"));
        assert!(file.coverage.is_empty() && loaded.estate.faults.is_empty(), "{:?}", loaded.estate.faults);
        loaded.assert_no_canary();
    }

    #[test]
    fn a_cluster_is_named_beyond_the_schema() {
        let loaded = load_fixture(&ProwlerOcsf, "prowler.ocsf/good/kubernetes.ndjson");
        let columns = &["provider", "scope_id", "identity_id"];
        assert_eq!(loaded.rows(Finding::TABLE, columns), [["k8s", "prod-eu", "k8s:prod-eu:sa:pay:api"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&ProwlerOcsf, "prowler.ocsf/bad/wrong.json");
        assert_eq!(loaded.rows(Finding::TABLE, &["check_id"]), [["a"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/1: the record does not have the shape of a finding of OCSF"), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                "/2: `class_uid` is not one of 2003, 2004 and 2008",
                "/3: the finding names no check",
                "/4: `time` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }
}
