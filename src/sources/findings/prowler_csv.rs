//! Results of Prowler as CSV: `;` between columns, and cells that run over several lines. Reads the verdict and
//! what it is about; advice and remediation are left in the file.

use super::prowler_ocsf::Scan;
use super::{Subject, Verdict, status_of};
use crate::config::Moment;
use crate::sources::output::Stop;
use crate::sources::table::Line;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, table};

/// `prowler PROVIDER --output-formats csv`.
pub struct ProwlerCsv;

impl Source for ProwlerCsv {
    fn about(&self) -> &'static About {
        &About {
            kind: "prowler.csv",
            title: "Results of Prowler (CSV)",
            provider: super::PROVIDER,
            command: "prowler aws --services iam accessanalyzer secretsmanager --output-formats csv",
            recognises: "CSV with `;` between columns whose header has `CHECK_ID`, `STATUS` and `FINDING_UID` (or \
                         `FINDING_UNIQUE_ID`, as Prowler 3 writes)",
            facts: &[],
            main_view: "scopes",
            precedence: 4,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let names: Vec<&str> = probe.first_line().split(';').map(|name| name.trim().trim_matches('"')).collect();
        let has = |columns: &[&str]| columns.iter().any(|column| names.contains(column));
        Recognised::yes_if(has(&["CHECK_ID"]) && has(&["STATUS"]) && has(&["FINDING_UID", "FINDING_UNIQUE_ID"]))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut scan = Scan::default();
        table::lines(input.reader()?, b';', out, &mut |line, out| {
            let (at, account) = read(line, input, out)?;
            scan.saw(at, &account, out);
            Ok(())
        })
    }
}

/// Reads one line; returns when it was scanned and in which account.
fn read(line: &Line<'_>, input: &Input, out: &mut Output) -> Result<(Option<Moment>, String), Stop> {
    let text = |columns: &[&str]| line.get(columns).to_owned();
    let status = status_of(line.get(&["STATUS"])).ok_or_else(|| Reject::because("`STATUS` is no verdict"))?;
    let observed_at = match line.get(&["TIMESTAMP", "ASSESSMENT_START_TIME"]) {
        "" => None,
        at => Some(out.past("TIMESTAMP", at, &line.locator)?),
    };
    let scope = text(&["ACCOUNT_UID", "ACCOUNT_ID"]);
    let verdict = Verdict {
        uid: text(&["FINDING_UID", "FINDING_UNIQUE_ID"]),
        tool: "prowler".to_owned(),
        tool_version: text(&["PROWLER_VERSION"]),
        check_id: text(&["CHECK_ID"]),
        status,
        severity: text(&["SEVERITY"]),
        title: text(&["CHECK_TITLE"]),
        observed_at,
        frameworks: text(&["COMPLIANCE"]),
        subject: Subject {
            system: text(&["PROVIDER"]),
            scope: scope.clone(),
            tenant: text(&["ACCOUNT_ORGANIZATION_UID"]),
            kind: text(&["RESOURCE_TYPE"]),
            uid: text(&["RESOURCE_UID", "RESOURCE_ARN"]),
        },
    };
    out.push(verdict.row(input, &line.locator)?)?;
    Ok((observed_at, scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Finding, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["check_id", "status", "severity", "resource_ref", "identity_id", "locator"];

    #[test]
    fn verdicts_are_imported_as_they_stand() {
        let loaded = load_fixture(&ProwlerCsv, "prowler.csv/good/aws.csv");
        let group = "arn:aws:iam::123456789012:group/developers";
        let policy = "arn:aws:iam::123456789012:policy/terraform-everything";
        assert_eq!(
            loaded.rows(Finding::TABLE, COLUMNS),
            [
                ["iam_administrator_access_with_mfa", "pass", "high", group, group, "line 2"],
                ["iam_no_custom_policy_permissive_role_assumption", "fail", "critical", policy, "∅", "line 9"],
                ["iam_policy_passrole_restricted", "manual", "high", policy, "∅", "line 10"],
            ]
        );
        let columns = &["finding_id", "provider", "scope_id", "tool", "tool_version", "title", "observed_at"];
        assert_eq!(
            loaded.rows(Finding::TABLE, columns)[0],
            [
                "prowler-aws-iam_administrator_access_with_mfa-123456789012-eu-west-1-developers",
                "aws",
                "123456789012",
                "prowler",
                "5.46.0",
                "IAM group members granted AdministratorAccess have MFA enabled",
                "2026-11-23T17:54:52.398352Z",
            ]
        );
        let frameworks = loaded.rows(Finding::TABLE, &["frameworks"]);
        assert_eq!(frameworks[0][0], "NIST-CSF-2.0: rr_1, ac_4 | CIS-4.0.1: 1.16");
        assert_eq!(frameworks[1][0], "∅");
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.scope_id.as_str(), file.as_of_basis), (3, "123456789012", "in_file"));
        assert!(file.coverage.is_empty() && loaded.estate.faults.is_empty(), "{:?}", loaded.estate.faults);
        loaded.assert_no_canary();
    }

    #[test]
    fn local_line_ends_do_not_move_the_lines() {
        let loaded = load_fixture(&ProwlerCsv, "prowler.csv/good/windows.csv");
        assert_eq!(loaded.rows(Finding::TABLE, &["locator"]), [["line 2"], ["line 9"], ["line 10"]]);
    }

    #[test]
    fn the_columns_of_prowler_3_are_known_too() {
        let loaded = load_fixture(&ProwlerCsv, "prowler.csv/good/version-3.csv");
        let columns = &["finding_id", "provider", "identity_id", "observed_at"];
        let account = "gcp:agent@acme.iam.gserviceaccount.com";
        assert_eq!(
            loaded.rows(Finding::TABLE, columns),
            [["prowler-gcp-iam_sa_no_user_managed_keys-acme", "gcp", account, "2026-05-02T10:00:00Z"]]
        );
    }

    #[test]
    fn wrong_lines_are_put_aside_and_a_file_may_break_off() {
        let loaded = load_fixture(&ProwlerCsv, "prowler.csv/bad");
        let [truncated, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert_eq!(truncated.failure.as_deref(), Some("the file breaks off at line 9"));
        assert_eq!((truncated.rows_read, truncated.rows_loaded, truncated.as_of_basis), (1, 1, "in_file"));
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (5, 1));
        assert_eq!(
            reasons(&loaded),
            [
                "line 2: `STATUS` is no verdict",
                "line 3: the line has 3 fields, the header has 8",
                "line 4: `TIMESTAMP` is not a date",
                "line 5: the finding names no resource",
            ]
        );
        loaded.assert_no_canary();
    }
}
