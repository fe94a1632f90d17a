//! Audits of CISO Assistant as CSV: what people answered of each requirement of a framework. An answer counts for
//! the control `framework/id`; the file names nobody and no date, so that it proves nothing by itself.

use super::{Subject, Verdict};
use crate::inventory::column::Word;
use crate::inventory::schema::Attestation;
use crate::sources::output::Stop;
use crate::sources::table::Line;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, table};

/// The scope of an answer that is about the organisation as a whole.
const EVERYWHERE: &str = "*";

/// The CSV of an audit.
pub struct CisoAssistant;

impl Source for CisoAssistant {
    fn about(&self) -> &'static About {
        &About {
            kind: "ciso_assistant.audit",
            title: "Audit of CISO Assistant (CSV)",
            provider: "questionnaire",
            command: "in CISO Assistant: open the audit, choose Export, then CSV",
            recognises: "CSV with `;` between columns whose header has `urn`, `ref_id` and `compliance_result`",
            facts: &[],
            main_view: "scopes",
            precedence: 5,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let names: Vec<&str> = probe.first_line().split(';').map(|name| name.trim().trim_matches('"')).collect();
        Recognised::yes_if(["urn", "ref_id", "compliance_result"].iter().all(|column| names.contains(column)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        out.about_scope(EVERYWHERE);
        table::lines(input.reader()?, b';', out, &mut |line, out| read(line, input, out))
    }
}

fn read(line: &Line<'_>, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let text = |column: &str| plain(line.get(&[column]));
    let (answer, status) = match line.get(&["compliance_result"]) {
        // Headings have no result, and nobody has looked at the others yet.
        "" | "not_assessed" => return Ok(()),
        "compliant" => ("fully", "pass"),
        "partially_compliant" => ("partially", "fail"),
        "non_compliant" => ("not", "fail"),
        "not_applicable" => ("not-applicable", "not_applicable"),
        _ => return Err(Reject::because("`compliance_result` is not one of the five results").into()),
    };
    let comment = Some(text("observations")).filter(|text| !text.is_empty()).map(str::to_owned);
    let (urn, id) = (text("urn"), text("ref_id"));
    if let Some(question_id) = control_of(urn, id) {
        out.push(Attestation {
            question_id,
            scope_id: Word::from(EVERYWHERE),
            answer: Some(Word::from(answer)),
            comment,
            source_id: input.source_id.clone(),
            locator: line.locator.clone(),
            ..Attestation::default()
        })?;
        return Ok(());
    }
    let verdict = Verdict {
        tool: "ciso-assistant".to_owned(),
        check_id: if id.is_empty() { urn.to_owned() } else { id.to_owned() },
        status,
        title: text("name").to_owned(),
        subject: Subject { uid: input.scope_id.clone(), ..Subject::default() },
        ..Verdict::default()
    };
    out.push(verdict.row(input, &line.locator)?)?;
    Ok(())
}

/// The control that a requirement's URN names, as `catalog/id`: a framework that was imported from CISO Assistant
/// has its catalog under that name. None where the URN is of another form.
fn control_of(urn: &str, ref_id: &str) -> Option<String> {
    let mut parts = urn.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (framework, last) = (parts.next()?, parts.next()?);
    let ("urn", _, "risk", "req_node") = head else { return None };
    let catalog: Vec<String> = framework
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let id = if ref_id.is_empty() { last } else { ref_id };
    (!catalog.is_empty() && !id.is_empty()).then(|| format!("{}/{id}", catalog.join("-")))
}

/// A cell without the quote that keeps spreadsheets from taking it for a formula.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Finding, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    #[test]
    fn results_are_answers_of_nobody() {
        let loaded = load_fixture(&CisoAssistant, "ciso_assistant.audit/good/audit.csv");
        assert_eq!(
            loaded.rows(Attestation::TABLE, &["question_id", "scope_id", "answer", "comment", "locator"]),
            [
                ["nist-csf-2.0/GV.OC-01", "*", "fully", "-see the policy", "line 3"],
                ["nist-csf-2.0/GV.OC-02", "*", "partially", "two sites\nare missing", "line 4"],
                ["nist-csf-2.0/GV.OC-03", "*", "not", "∅", "line 6"],
                ["acme-internal/node-7", "*", "not-applicable", "∅", "line 7"],
            ]
        );
        let unsaid = loaded.rows(Attestation::TABLE, &["answered_by", "answered_at", "evidence_ref", "reason"]);
        assert!(unsaid.iter().flatten().all(|cell| cell == "∅"), "{unsaid:?}");
        let columns = &["tool", "check_id", "status", "resource_ref", "title"];
        assert_eq!(
            loaded.rows(Finding::TABLE, columns),
            [["ciso-assistant", "X.1", "fail", "good", "A requirement without an address"]]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (7, 7, "*"));
        assert!(file.coverage.is_empty());
    }

    #[test]
    fn wrong_lines_are_put_aside() {
        let loaded = load_fixture(&CisoAssistant, "ciso_assistant.audit/bad");
        let [truncated, _] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert_eq!(truncated.failure.as_deref(), Some("the file breaks off at line 3"));
        assert_eq!(
            reasons(&loaded),
            [
                "line 2: `compliance_result` is not one of the five results",
                "line 3: the line has 3 fields, the header has 11",
                "line 4: the finding names no check",
            ]
        );
        assert_eq!(loaded.rows(Attestation::TABLE, &["question_id"]), [["a/1"], ["a/2"]]);
        loaded.assert_no_canary();
    }

    #[test]
    fn only_urns_of_requirements_name_a_control() {
        for (urn, id, control) in [
            ("urn:intuitem:risk:req_node:nist-csf-2.0:gv.oc-01", "GV.OC-01", Some("nist-csf-2.0/GV.OC-01")),
            ("urn:intuitem:risk:req_node:ISO_27001:a:5.1", "", Some("iso-27001/a:5.1")),
            ("urn:intuitem:risk:framework:nist-csf-2.0", "x", None),
            ("urn:intuitem:risk:req_node::a", "x", None),
            ("", "x", None),
        ] {
            assert_eq!(control_of(urn, id).as_deref(), control, "{urn}");
        }
    }

    #[test]
    fn cells_lose_the_guard_against_formulas_and_nothing_else() {
        assert_eq!(plain("'=1+1"), "=1+1");
        assert_eq!(plain("'quoted'"), "'quoted'");
        assert_eq!(plain("-1"), "-1");
    }
}
