//! Findings in the AWS Security Finding Format: Security Hub's answer, or the list that Prowler writes. Details of
//! resources may hold secrets; they are never read.

use serde::Deserialize;

use super::{Subject, Verdict, status_of};
use crate::config::Moment;
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "Findings";

/// `aws securityhub get-findings`, `prowler aws --output-formats json-asff`.
pub struct Asff;

impl Source for Asff {
    fn about(&self) -> &'static About {
        &About {
            kind: "asff.findings",
            title: "Findings of AWS Security Hub (ASFF)",
            provider: super::PROVIDER,
            command: "aws securityhub get-findings --filters \
                      '{\"RecordState\":[{\"Value\":\"ACTIVE\",\"Comparison\":\"EQUALS\"}]}' > securityhub.json",
            recognises: "JSON findings with `SchemaVersion`, `ProductArn` and `GeneratorId`: under `Findings`, as a \
                         list, or one a line; an empty `Findings` in a file whose name says securityhub or asff",
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
        let is_finding = ["SchemaVersion", "ProductArn", "GeneratorId"].iter().all(|key| first.has(key));
        let is_empty = outline.get(LIST) == Some(&Outline::Array(Vec::new()));
        let name = probe.file_name().replace(['-', '_'], "");
        match is_empty {
            // Several services of AWS answer with nothing in the same way; only the name tells whose nothing it is.
            true if name.contains("securityhub") || name.contains("asff") => Recognised::Yes,
            true => Recognised::Maybe(
                "an empty list of findings; if it is of Security Hub, put `securityhub` in its name".to_owned(),
            ),
            false => Recognised::yes_if(is_finding),
        }
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut accounts = Accounts::default();
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        if probe.has_key(LIST) {
            json::pieces(input.reader()?, &[LIST], &["NextToken"], &mut |piece| {
                if piece.is_element {
                    return accounts.record(piece.text(), &piece.pointer, input, out);
                }
                out.pages_missing(!matches!(piece.text(), "null" | "\"\""));
                Ok(())
            })?;
        } else {
            json::records(input.reader()?, &mut |locator, finding| {
                accounts.record(finding.get(), locator, input, out)
            })?;
        }
        if let Some(account) = accounts.only.filter(|_| !accounts.are_several) {
            out.about_scope(&account);
        }
        Ok(())
    }
}

/// The accounts that findings are of: an administrator's answer speaks of many.
#[derive(Default)]
struct Accounts {
    only: Option<String>,
    are_several: bool,
}

impl Accounts {
    fn record(&mut self, text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.record(locator, |out| {
            let finding: Finding = json::parse(text, "a finding of Security Hub")?;
            let account = finding.aws_account_id.clone();
            read(finding, locator, input, out)?;
            self.are_several |= self.only.as_ref().is_some_and(|only| *only != account);
            self.only.get_or_insert(account);
            Ok(())
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    id: String,
    product_arn: String,
    product_name: Option<String>,
    generator_id: String,
    aws_account_id: String,
    #[serde(default)]
    title: String,
    severity: Option<Severity>,
    compliance: Option<Compliance>,
    workflow: Option<Workflow>,
    record_state: Option<String>,
    #[serde(default)]
    resources: Vec<Resource>,
    product_fields: Option<ProductFields>,
    last_observed_at: Option<String>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Severity {
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: Option<String>,
    security_control_id: Option<String>,
    related_requirements: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Workflow {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    id: String,
    #[serde(default, rename = "Type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProductFields {
    provider_name: Option<String>,
    provider_version: Option<String>,
}

impl Finding {
    /// A check says how it ended. A finding without one is there because something was found, unless somebody dealt
    /// with it; a record in the archive is no longer of anything.
    fn status(&self) -> Result<&'static str, Reject> {
        if self.record_state.as_deref() == Some("ARCHIVED") {
            return Ok("not_applicable");
        }
        match self.compliance.as_ref().and_then(|compliance| compliance.status.as_deref()) {
            Some(word) => status_of(word).ok_or_else(|| Reject::because("`Compliance.Status` is no verdict")),
            None if self.workflow.as_ref().is_some_and(|workflow| workflow.status == "RESOLVED") => Ok("pass"),
            None => Ok("fail"),
        }
    }

    /// The tool's own name, else the last part of its product ARN.
    fn tool(&self) -> String {
        let said = self.product_fields.as_ref().and_then(|fields| fields.provider_name.as_ref());
        let last = self.product_arn.rsplit('/').next().unwrap_or_default();
        said.or(self.product_name.as_ref()).cloned().unwrap_or_else(|| last.to_owned())
    }

    /// The check: the control where Security Hub names it, else what made the finding. Prowler's own ids stand
    /// behind its name there, and alone in its other formats.
    fn check(&self) -> String {
        let control = self.compliance.as_ref().and_then(|compliance| compliance.security_control_id.clone());
        let generator = self.generator_id.strip_prefix("prowler-").unwrap_or(&self.generator_id);
        control.unwrap_or_else(|| generator.to_owned())
    }

    /// What it is about: the first resource that is an identity of ours, else the first.
    fn subject(&self) -> Subject {
        let mut all: Vec<Subject> = self
            .resources
            .iter()
            .map(|resource| Subject {
                system: "aws".to_owned(),
                scope: self.aws_account_id.clone(),
                kind: resource.kind.clone(),
                uid: resource.id.clone(),
                ..Subject::default()
            })
            .collect();
        let at = all.iter().position(|subject| subject.identity().is_some()).unwrap_or(0);
        if at < all.len() { all.swap_remove(at) } else { Subject::default() }
    }
}

fn read(finding: Finding, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let status = finding.status()?;
    let observed_at: Option<Moment> = match (&finding.last_observed_at, &finding.updated_at) {
        (Some(text), _) => Some(out.past("LastObservedAt", text, locator)?),
        (None, Some(text)) => Some(out.past("UpdatedAt", text, locator)?),
        (None, None) => None,
    };
    let requirements = finding.compliance.as_ref().and_then(|compliance| compliance.related_requirements.as_ref());
    let verdict = Verdict {
        tool: finding.tool(),
        tool_version: finding
            .product_fields
            .as_ref()
            .and_then(|fields| fields.provider_version.clone())
            .unwrap_or_default(),
        check_id: finding.check(),
        status,
        severity: finding.severity.as_ref().map(|severity| severity.label.clone()).unwrap_or_default(),
        observed_at,
        frameworks: requirements.map(|list| list.join(" | ")).unwrap_or_default(),
        subject: finding.subject(),
        uid: finding.id,
        title: finding.title,
    };
    out.push(verdict.row(input, locator)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{self, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["tool", "check_id", "status", "severity", "resource_ref", "identity_id"];
    const TABLE: &schema::Table = schema::Finding::TABLE;

    #[test]
    fn answers_of_security_hub() {
        let loaded = load_fixture(&Asff, "asff.findings/good/get-findings.json");
        let account = "AWS::::Account:111122223333";
        let user = "arn:aws:iam::111122223333:user/people/alice";
        let role = "arn:aws:iam::111122223333:role/agent-runner";
        let session = "arn:aws:sts::111122223333:assumed-role/agent-runner/i-0";
        let key = "AWS::IAM::AccessKey:AKIACANRYCANRYCANRYC";
        assert_eq!(
            loaded.rows(TABLE, COLUMNS),
            [
                ["security-hub", "IAM.9", "fail", "critical", account, "∅"],
                ["security-hub", "IAM.3", "pass", "informational", user, user],
                ["security-hub", "IAM.4", "manual", "medium", account, "∅"],
                ["guardduty", "UnauthorizedAccess:IAMUser/X", "fail", "high", session, role],
                ["guardduty", "Recon:IAMUser/Y", "pass", "low", key, "∅"],
                ["security-hub", "IAM.22", "not_applicable", "medium", user, user],
            ]
        );
        let columns = &["provider", "scope_id", "observed_at", "frameworks", "locator"];
        let rows = loaded.rows(TABLE, columns);
        let frameworks = "PCI DSS v3.2.1/8.3.1 | NIST.800-53.r5 AC-2(1)";
        assert_eq!(rows[0], ["aws", "111122223333", "2026-05-21T14:12:05.693Z", frameworks, "/Findings/0"]);
        let file = &loaded.estate.files[0];
        assert_eq!((file.scope_id.as_str(), file.truncated, file.rows_read), ("111122223333", None, 6));
        assert!(file.coverage.is_empty());
        loaded.assert_no_canary();
    }

    #[test]
    fn the_list_that_prowler_writes() {
        let loaded = load_fixture(&Asff, "asff.findings/good/prowler.asff.json");
        let group = "arn:aws:iam::123456789012:group/developers";
        assert_eq!(
            loaded.rows(TABLE, COLUMNS),
            [["prowler", "iam_administrator_access_with_mfa", "pass", "high", group, group]]
        );
        assert_eq!(loaded.rows(TABLE, &["tool_version", "locator"]), [["5.46.0", "/0"]]);
    }

    #[test]
    fn pages_that_are_missing_and_several_accounts() {
        let loaded = load_fixture(&Asff, "asff.findings/good/page.json");
        let file = &loaded.estate.files[0];
        assert_eq!(loaded.rows(TABLE, &["scope_id"]), [["111122223333"], ["444455556666"]]);
        assert_eq!((file.truncated, file.scope_assumed), (Some(true), true));
        let loaded = load_fixture(&Asff, "asff.findings/good/securityhub-none.json");
        assert_eq!(loaded.estate.files[0].rows_read, 0);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Asff, "asff.findings/bad/wrong.json");
        assert_eq!(loaded.rows(TABLE, &["check_id"]), [["IAM.3"]]);
        let reasons = reasons(&loaded);
        assert!(reasons[0].starts_with("/Findings/1: the record does not have the shape of a finding"), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                "/Findings/2: `Compliance.Status` is no verdict",
                "/Findings/3: `LastObservedAt` is not a date",
                "/Findings/4: the finding names no resource",
            ]
        );
        loaded.assert_no_canary();
    }
}
