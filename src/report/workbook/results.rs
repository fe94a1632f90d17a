//! Controls, checks and findings.

use rust_xlsxwriter::Worksheet;

use super::failed;
use super::table::{Cell, Outcome, Paint, SEVERITIES, STATES, Styles, Table, column, high, low, prose};
use crate::record::v1::Assessment;
use crate::report::{Error, Input, findings};

/// Ratings, `F` apart: what is fully achieved needs no eye.
const RATINGS: [(&str, Paint); 4] = [("N", Paint::Bad), ("P", Paint::Bad), ("N..P", Paint::Bad), ("F", Paint::Good)];
const VERDICTS: [(&str, Paint); 3] = [("failed", Paint::Bad), ("waived", Paint::Open), ("unknown", Paint::Quiet)];

pub(super) fn controls(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        column("Framework", 26.0),
        column("Control", 14.0),
        prose("Title", 44.0),
        column("State", 16.0),
        column("Strict low", 11.0),
        column("Strict high", 11.0),
        column("Accepted low", 12.0),
        column("Accepted high", 12.0),
        column("Rating", 9.0),
        prose("Capped by", 26.0),
        column("Covers", 9.0),
        prose("Left open, or why not mapped", 60.0),
        column("Assurance", 14.0),
        prose("Practices", 44.0),
        prose("Checks and questions", 44.0),
    ];
    let mut table = Table::start(sheet, "Controls", &columns, styles)?;
    for framework in &record.frameworks {
        for control in &framework.controls {
            let rating = control.rating.as_ref().map_or_else(String::new, |rating| match rating {
                rating if rating.low == rating.high => rating.low.clone(),
                rating => format!("{}..{}", rating.low, rating.high),
            });
            let parts: Vec<&str> = control.parts.iter().map(|part| part.id.as_str()).collect();
            let practices: Vec<String> =
                control.practices.iter().map(|practice| format!("{} ({})", practice.id, practice.relation)).collect();
            table.line(&[
                Cell::Text(&framework.id),
                Cell::Text(&control.id),
                Cell::Text(&control.title),
                Cell::Text(&control.state),
                low(control.strict.as_ref()),
                high(control.strict.as_ref()),
                low(control.accepted.as_ref()),
                high(control.accepted.as_ref()),
                Cell::Owned(rating),
                Cell::Owned(control.capped_by.join(", ")),
                Cell::Text(control.covers.as_deref().unwrap_or_default()),
                Cell::Text(control.leaves.as_deref().unwrap_or_default()),
                Cell::Text(&control.assurance),
                Cell::Owned(practices.join(", ")),
                Cell::Owned(parts.join(", ")),
            ])?;
        }
    }
    table.paint("State", &STATES)?;
    table.paint("Rating", &RATINGS)?;
    table.bars("Strict low")?;
    table.bars("Strict high")?;
    table.finish()
}

pub(super) fn checks(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        column("Check", 30.0),
        prose("Title", 50.0),
        column("Domain", 22.0),
        column("Severity", 10.0),
        column("State", 16.0),
        column("Rows", 8.0),
        column("Passed", 8.0),
        column("Failed", 8.0),
        column("Failed, AI", 8.0),
        column("Unknown", 10.0),
        column("Undetermined", 14.0),
        column("Waived", 8.0),
        column("Strict low", 11.0),
        column("Strict high", 11.0),
        column("Accepted low", 12.0),
        column("Accepted high", 12.0),
        prose("Not covered", 44.0),
        prose("Facts that are missing", 44.0),
        prose("Remediation", 44.0),
        column("Owner", 20.0),
        prose("Controls", 60.0),
    ];
    let mut table = Table::start(sheet, "Checks", &columns, styles)?;
    for check in &record.checks {
        let uncovered: Vec<String> = check
            .uncovered
            .iter()
            .map(|scope| format!("{} {}: {}", scope.provider, scope.scope_id, scope.level))
            .collect();
        let missing: Vec<String> = check
            .needs_missing
            .iter()
            .map(|need| format!("{} {}: {}", need.provider, need.scope_id, need.fact))
            .collect();
        let failed_ai = record.findings.top.iter().find(|finding| finding.check == check.id);
        table.line(&[
            Cell::Text(&check.id),
            Cell::Text(&check.title),
            Cell::Text(&check.domain),
            Cell::Text(&check.severity),
            Cell::Text(&check.state),
            Cell::Count(check.n),
            Cell::Count(check.passed),
            Cell::Count(check.failed),
            Cell::Count(failed_ai.map_or(0, |finding| finding.failed_ai)),
            Cell::Count(check.unknown),
            Cell::Count(check.undetermined),
            Cell::Count(check.waived),
            low(check.whole.strict.as_ref()),
            high(check.whole.strict.as_ref()),
            low(check.whole.accepted.as_ref()),
            high(check.whole.accepted.as_ref()),
            Cell::Owned(uncovered.join("; ")),
            Cell::Owned(missing.join("; ")),
            Cell::Text(&check.remediation.title),
            Cell::Text(&check.remediation.owner),
            Cell::Owned(check.controls.join(", ")),
        ])?;
    }
    table.paint("Severity", &SEVERITIES)?;
    table.paint("State", &STATES)?;
    table.paint_above_zero("Failed", Paint::Bad)?;
    table.paint_above_zero("Failed, AI", Paint::Bad)?;
    table.paint_above_zero("Waived", Paint::Open)?;
    table.bars("Strict low")?;
    table.bars("Strict high")?;
    table.finish()
}

pub(super) fn findings(sheet: &mut Worksheet, input: &Input<'_>, styles: &Styles) -> Result<(), Error> {
    // Names of columns are those of `findings.csv`, so that both can be read by one script.
    let columns = findings::COLUMNS.map(|name| {
        let width = match name {
            "title" | "evidence" | "name" | "remediation" => 44.0,
            "check" | "row" | "source" | "locator" | "source_sha256" => 30.0,
            "severity" | "verdict" | "provider" | "ai_use" => 11.0,
            _ => 18.0,
        };
        column(name, width)
    });
    let mut table = Table::start(sheet, "Findings", &columns, styles).map_err(failed)?;
    let mut left_out = 0_u64;
    findings::each_line(input, &mut |line| {
        if !table.has_room() {
            left_out += 1;
            return Ok(());
        }
        let cells: Vec<Cell<'_>> = line.iter().map(|value| Cell::Text(value)).collect();
        table.line(&cells).map_err(|error| std::io::Error::other(error.to_string()))
    })?;
    if left_out > 0 {
        table.line(&[Cell::Owned(format!("+ {left_out}: findings.csv"))]).map_err(failed)?;
    }
    table.paint("severity", &SEVERITIES).map_err(failed)?;
    table.paint("verdict", &VERDICTS).map_err(failed)?;
    table.finish().map_err(failed)
}
