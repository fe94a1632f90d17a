//! What `rungs assess` says at its end, in at most 40 lines.

use std::path::Path;

use super::Ui;
use super::table::Table;
use crate::assessment::percent;
use crate::diag::printable;
use crate::record::v1::{Assessment, IdentityMaturity, Range};

/// Checks and actions that are named.
const NAMED: usize = 5;

/// Characters of a name that are shown.
const LONGEST: usize = 100;

/// The summary as text.
pub(super) fn text(record: &Assessment, output: &Path, files: &[String], ui: &Ui) -> String {
    let mut text = String::new();
    let mut line = |value: String| {
        text.push_str(&value);
        text.push('\n');
    };
    let organisation = name(record.organisation.as_deref().unwrap_or("Estate"));
    line(ui.bold(&format!("{organisation}, as of {}", record.as_of.get(..10).unwrap_or_default())));
    let maturity = &record.maturity;
    line(format!("Identity maturity           {}", levels(&maturity.identity)));
    line(format!("  of identities AI uses     {}", levels(&maturity.ai_identity)));
    if let (Some(claimed), Some(effective), Some(verdict)) =
        (maturity.ai.claimed, maturity.ai.effective, &maturity.ai.verdict)
    {
        line(format!(
            "AI maturity claimed         {claimed}, {verdict}: effective {}..{}",
            effective.low, effective.high
        ));
    }
    let count =
        |use_: &str| record.estate.identities.iter().find(|row| row.ai_use == use_).map_or(0, |row| row.identities);
    let used = count("agent") + count("inference") + count("pipeline");
    line(format!(
        "Identities                  {}: AI uses {used}, does not use {}, not known {}",
        count("all"),
        count("none"),
        count("unknown")
    ));
    line(String::new());
    let mut table = Table::new(["framework", "controls", "mapped", "evidenced", "achieved"]);
    for framework in &record.frameworks {
        let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{} %", percent(value)));
        table.row([
            framework.id.clone(),
            framework.in_scope.to_string(),
            share(framework.mapped),
            share(framework.evidenced),
            range(framework.achieved.strict),
        ]);
    }
    line(table.text().trim_end().to_owned());
    line(String::new());
    let state = |name: &str| record.checks.iter().filter(|check| check.state == name).count();
    line(format!(
        "Checks: {} assessed, {} partly, {} not, {} not applicable, {} in error",
        state("assessed"),
        state("partly-assessed"),
        state("not-assessed"),
        state("not-applicable"),
        state("error")
    ));
    for finding in record.findings.top.iter().take(NAMED) {
        line(format!("  {:<9}{:>6} rows fail  {}", finding.severity, finding.failed, finding.title));
    }
    if let Some(next) = &record.plan.next_level {
        line(String::new());
        let exact = if next.exact { "" } else { "about " };
        line(format!(
            "Level {} is {exact}{} actions away, {:.0} hours. First fixes:",
            next.level,
            next.actions.len(),
            next.effort_hours
        ));
        let fixes = record.plan.actions.iter().filter(|action| action.kind == "fix");
        for action in fixes.take(NAMED) {
            let scope = action.scope_id.as_ref().map_or_else(String::new, |scope| format!(" ({})", name(scope)));
            line(format!("  {:<12}{}{scope}", action.wave, name(&action.title)));
        }
    }
    line(String::new());
    let rejected = record.rejected.count;
    line(format!(
        "Evidence: {} files read, {} not recognised, {rejected} records rejected",
        record.evidence.len(),
        record.unrecognised.len()
    ));
    line(format!("Written to {}: {}", output.display(), files.join(", ")));
    text
}

/// A name of somebody else's choice, on one line and not longer than a line.
fn name(text: &str) -> String {
    let text = printable(text).replace('\n', " ");
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

fn levels(maturity: &IdentityMaturity) -> String {
    if maturity.proven == maturity.possible {
        format!("level {}", maturity.proven)
    } else {
        format!("level {} proven, {} possible", maturity.proven, maturity.possible)
    }
}

fn range(range: Option<Range>) -> String {
    range.map_or_else(|| "-".to_owned(), |range| format!("{}..{} %", percent(range.low), percent(range.high)))
}
