//! `remediation.csv`: one line an action, for import into a ticket system.

use std::io::Write;

use super::text::cell_of_lines;
use super::{Error, Input, Report};
use crate::record::v1::{Action, Assessment};

/// One line an action.
pub struct Remediation;

/// Columns of the plan.
pub(super) const COLUMNS: [&str; 17] = [
    "id",
    "title",
    "kind",
    "wave",
    "severity",
    "owner",
    "effort_hours",
    "rows",
    "check",
    "question",
    "provider",
    "scope_id",
    "next_level",
    "gain",
    "requires",
    "how",
    "description",
];

impl Report for Remediation {
    fn name(&self) -> &'static str {
        "remediation"
    }

    fn file(&self) -> &'static str {
        "remediation.csv"
    }

    fn about(&self) -> &'static str {
        "one line an action, for ticket systems"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(std::io::Error::from)?;
        for action in &input.record.plan.actions {
            let line = line(action, input.record);
            writer.write_record(line.iter().map(|value| cell_of_lines(value))).map_err(std::io::Error::from)?;
        }
        writer.flush()?;
        Ok(())
    }
}

/// The columns of one action, as plain text.
pub(super) fn line(action: &Action, record: &Assessment) -> [String; COLUMNS.len()] {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let check = action.check.as_deref().and_then(|id| record.checks.iter().find(|check| check.id == id));
    let question = action.question.as_deref().and_then(|id| record.questions.iter().find(|known| known.id == id));
    let description = match (action.kind.as_str(), check, question) {
        ("fix", Some(check), _) => format!("{}\n{}\n{}", check.title, check.rationale, check.remediation.steps.trim()),
        (_, Some(check), _) => format!("{}\n{}", check.title, check.rationale),
        (_, _, Some(question)) => question.question.clone(),
        _ => String::new(),
    };
    let gains = action.gain.frameworks.iter().filter(|(_, gain)| **gain > 0.0);
    let gains: Vec<String> =
        gains.map(|(catalog, gain)| format!("{catalog} {}", points(*gain, action.gain.up_to))).collect();
    [
        action.id.clone(),
        action.title.clone(),
        action.kind.clone(),
        action.wave.clone(),
        action.severity.clone(),
        action.owner.clone(),
        format!("{:.1}", action.effort_hours),
        action.rows.to_string(),
        or_empty(&action.check),
        or_empty(&action.question),
        or_empty(&action.provider),
        or_empty(&action.scope_id),
        if action.in_next_level { "yes" } else { "no" }.to_owned(),
        gains.join("; "),
        action.requires.join("; "),
        action.how.join("\n"),
        description,
    ]
}

/// A gain in percentage points, with two decimals: single actions move a framework by little.
pub(super) fn points(gain: f64, up_to: bool) -> String {
    let prefix = if up_to { "up to " } else { "" };
    format!("{prefix}+{:.2} points", gain * 100.0)
}
