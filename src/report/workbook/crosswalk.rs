//! What controls of several frameworks have in common: the practices that they rest on.

use std::collections::BTreeMap;

use rust_xlsxwriter::Worksheet;

use super::table::{Cell, Outcome, Styles, Table, column, prose};
use crate::record::v1::Assessment;

/// One line for each control and practice, by practice: what stands together rests on the same evidence. All of it is
/// our word, and the sheet says so.
pub(super) fn crosswalk(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        column("Practice", 34.0),
        prose("Practice title", 44.0),
        column("Relation", 16.0),
        column("Framework", 28.0),
        column("Control", 16.0),
        prose("Control title", 52.0),
        prose("Why", 60.0),
        column("Mapped by", 12.0),
    ];
    let domains = record.maturity.identity.domains.iter();
    let titles: BTreeMap<&str, &str> = domains
        .flat_map(|domain| &domain.practices)
        .map(|practice| (practice.id.as_str(), practice.title.as_str()))
        .collect();
    let mut lines = Vec::new();
    for framework in &record.frameworks {
        for control in &framework.controls {
            lines.extend(control.practices.iter().map(|practice| (practice, framework, control)));
        }
    }
    // Stable: frameworks and their controls keep their order within a practice.
    lines.sort_by(|(one, ..), (other, ..)| one.id.cmp(&other.id));
    let mut table = Table::start(sheet, "Crosswalk", &columns, styles)?;
    for (practice, framework, control) in lines {
        table.line(&[
            Cell::Text(&practice.id),
            Cell::Text(titles.get(practice.id.as_str()).copied().unwrap_or_default()),
            Cell::Text(&practice.relation),
            Cell::Text(&framework.id),
            Cell::Text(&control.id),
            Cell::Text(&control.title),
            Cell::Text(&practice.why),
            Cell::Text("Rungs"),
        ])?;
    }
    table.finish()
}
