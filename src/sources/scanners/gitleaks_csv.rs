//! Reports of gitleaks as CSV. They carry the secrets themselves, unless it ran with `--redact`.

use super::PROVIDER;
use super::gitleaks::{Finding, cover_report, read};
use crate::inventory::{Fact, Level};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, table};

const COLUMNS: [&str; 4] = ["RuleID", "Commit", "File", "StartLine"];

/// `gitleaks --report-format csv`.
pub struct GitleaksCsv;

impl Source for GitleaksCsv {
    fn about(&self) -> &'static About {
        &About {
            kind: "gitleaks.csv",
            title: "Report of gitleaks (CSV)",
            provider: PROVIDER,
            command: "gitleaks git . --report-format csv --report-path gitleaks.csv --exit-code 0",
            recognises: "CSV whose header has `RuleID`, `Commit`, `File` and `StartLine`",
            facts: &[(Fact::ExposureCode, Level::Full), (Fact::ExposureCi, Level::Partial)],
            main_view: "exposures",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let names: Vec<&str> = probe.first_line().split(',').map(|name| name.trim_matches('"')).collect();
        Recognised::yes_if(COLUMNS.iter().all(|column| names.contains(column)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut files_only = false;
        table::lines(input.reader()?, b',', out, &mut |line, out| {
            let finding: Finding = line.parse("a finding of gitleaks")?;
            files_only |= finding.commit.is_empty();
            read(&finding, &line.locator, input, out)
        })?;
        cover_report(files_only, input, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Exposure, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::hash;
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] =
        &["exposure_id", "secret_kind", "location_type", "location", "credential_id", "first_seen_at", "locator"];

    #[test]
    fn findings_are_those_of_the_json_report() {
        let loaded = load_fixture(&GitleaksCsv, "gitleaks.csv/good/history.csv");
        let json = load_fixture(&super::super::gitleaks::Gitleaks, "gitleaks.json/good/history.json");
        let id = json.rows(Exposure::TABLE, &["exposure_id"])[4][0].clone();
        let key = "AKIACANRYCANRYCANRYC";
        let seen = "2026-05-02T10:00:00Z";
        assert_eq!(
            loaded.rows(Exposure::TABLE, COLUMNS),
            [
                [id.as_str(), "generic-api-key", "git_history", "src/config.py:2", key, seen, "line 2"],
                [
                    hash::row_id(&["good", ".gitlab-ci.yml:3", &hash::fingerprints("FAKE-CANARY-51").1]).as_str(),
                    "gitlab-pat",
                    "ci_config",
                    ".gitlab-ci.yml:3",
                    "∅",
                    seen,
                    "line 4"
                ],
            ]
        );
        assert_eq!(covered(&loaded)[0], "exposure.code full");
        loaded.assert_no_canary();
    }

    #[test]
    fn a_header_alone_is_a_clean_scan() {
        let loaded = load_fixture(&GitleaksCsv, "gitleaks.csv/good/clean.csv");
        assert_eq!((loaded.estate.files[0].rows_read, covered(&loaded).len()), (0, 2));
    }

    #[test]
    fn wrong_lines_are_put_aside() {
        let loaded = load_fixture(&GitleaksCsv, "gitleaks.csv/bad/wrong.csv");
        assert_eq!(loaded.rows(Exposure::TABLE, &["location"]), [["b.py:1"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "line 2: the line does not have the shape of a finding of gitleaks",
                "line 3: the line has 3 fields, the header has 16",
                "line 4: `Date` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_file_that_breaks_off_keeps_what_came_before() {
        let loaded = load_fixture(&GitleaksCsv, "gitleaks.csv/bad");
        let [truncated, _] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert_eq!(truncated.failure.as_deref(), Some("the file breaks off at line 3"));
        assert_eq!((truncated.rows_read, truncated.rows_loaded), (1, 1));
    }
}
