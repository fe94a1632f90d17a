//! The plan, accepted risks and evidence.

use rust_xlsxwriter::Worksheet;

use super::table::{Cell, Outcome, Paint, SEVERITIES, Styles, Table, column, prose};
use crate::record::v1::Assessment;
use crate::report::remediation;

const WAIVERS: [(&str, Paint); 4] =
    [("in-force", Paint::Good), ("expired", Paint::Bad), ("unused", Paint::Open), ("not-yet", Paint::Quiet)];
const FILES: [(&str, Paint); 4] = [
    ("read", Paint::Good),
    ("scope left out", Paint::Quiet),
    ("too old to count", Paint::Open),
    ("not recognised", Paint::Open),
];

pub(super) fn plan(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    // Names of columns are those of `remediation.csv`.
    let columns = remediation::COLUMNS.map(|name| match name {
        "title" | "gain" | "how" => prose(name, 44.0),
        // As long as the steps of a fix are, they would make rows as high as a screen.
        "description" => column(name, 60.0),
        "id" | "check" | "question" | "requires" | "scope_id" => column(name, 30.0),
        "owner" => column(name, 20.0),
        _ => column(name, 12.0),
    });
    let mut table = Table::start(sheet, "Plan", &columns, styles)?;
    for action in &record.plan.actions {
        let line = remediation::line(action, record);
        let cells: Vec<Cell<'_>> = remediation::COLUMNS
            .iter()
            .zip(&line)
            .map(|(name, value)| match *name {
                "effort_hours" => Cell::Number(action.effort_hours),
                "rows" => Cell::Count(action.rows),
                _ => Cell::Text(value),
            })
            .collect();
        table.line(&cells)?;
    }
    table.paint("severity", &SEVERITIES)?;
    table.paint("kind", &[("fix", Paint::Bad), ("show", Paint::Open)])?;
    table.paint("next_level", &[("yes", Paint::Good)])?;
    table.finish()
}

pub(super) fn waivers(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        column("Check", 28.0),
        prose("Rows", 44.0),
        prose("Reason", 60.0),
        prose("Approver", 24.0),
        column("From", 12.0),
        column("Expiry", 12.0),
        column("State", 12.0),
        column("Rows waived", 12.0),
    ];
    let mut table = Table::start(sheet, "Waivers", &columns, styles)?;
    for waiver in &record.waivers {
        let state = if waiver.unused { "unused" } else { waiver.state.as_str() };
        table.line(&[
            Cell::Text(&waiver.check),
            Cell::Text(&waiver.rows),
            Cell::Text(&waiver.reason),
            Cell::Text(&waiver.approver),
            Cell::Date(waiver.from.as_deref()),
            Cell::Date(Some(&waiver.expiry)),
            Cell::Text(state),
            Cell::Count(waiver.waived),
        ])?;
    }
    table.paint("State", &WAIVERS)?;
    table.finish()
}

pub(super) fn evidence(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        column("File", 50.0),
        column("Format", 26.0),
        column("Provider", 12.0),
        column("Scope", 22.0),
        column("As of", 12.0),
        column("As of is", 12.0),
        column("Read", 10.0),
        column("Loaded", 10.0),
        column("Rejected", 10.0),
        prose("State", 30.0),
        prose("Covered less than fully", 60.0),
        column("SHA-256", 66.0),
    ];
    let mut table = Table::start(sheet, "Evidence", &columns, styles)?;
    let number = |count: i64| Cell::Count(u64::try_from(count).unwrap_or(0));
    for file in &record.evidence {
        let state = match file {
            file if file.excluded => "scope left out",
            file if file.stale => "too old to count",
            file => file.failure.as_deref().unwrap_or("read"),
        };
        let basis = match file.as_of_basis.as_str() {
            "in_file" => "in the file",
            "run" => "of the run",
            basis => basis,
        };
        let partial: Vec<String> = file
            .coverage
            .iter()
            .filter(|covered| covered.level != "full")
            .map(|covered| match &covered.note {
                Some(note) => format!("{}: {} ({note})", covered.fact, covered.level),
                None => format!("{}: {}", covered.fact, covered.level),
            })
            .collect();
        table.line(&[
            Cell::Text(&file.path),
            Cell::Text(&file.kind),
            Cell::Text(&file.provider),
            Cell::Text(&file.scope_id),
            Cell::Date(Some(&file.as_of)),
            Cell::Text(basis),
            number(file.rows_read),
            number(file.rows_loaded),
            number(file.rows_rejected),
            Cell::Text(state),
            Cell::Owned(partial.join("; ")),
            Cell::Text(&file.sha256),
        ])?;
    }
    for file in &record.unrecognised {
        table.line(&[
            Cell::Text(&file.path),
            Cell::Text(""),
            Cell::Text(""),
            Cell::Text(""),
            Cell::Date(None),
            Cell::Text(""),
            Cell::Percent(None),
            Cell::Percent(None),
            Cell::Percent(None),
            Cell::Text("not recognised"),
            Cell::Text(&file.reason),
        ])?;
    }
    table.paint("State", &FILES)?;
    table.paint_above_zero("Rejected", Paint::Bad)?;
    table.finish()
}
