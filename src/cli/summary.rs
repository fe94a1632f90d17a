//! What `rungs assess` says at its end, in at most 40 lines.

use std::path::Path;

use super::Ui;
use super::table::Table;
use crate::assessment::percent;
use crate::diag::printable;
use crate::record::v1::{Action, Assessment, IdentityMaturity, Range};

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
        "Identities without groups   {}: AI uses {used}, does not use {}, not known {}",
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
    if !record.findings.top.is_empty() {
        line("Required, and failing rows:".to_owned());
    }
    for finding in record.findings.top.iter().take(NAMED) {
        line(format!("  {:<9}{:>6}  {}", finding.severity, finding.failed, finding.title));
    }
    line(String::new());
    plan(record, &mut line);
    line(String::new());
    line(format!(
        "Evidence: {} read, {} not recognised, {} rejected",
        counted(record.evidence.len(), "file"),
        record.unrecognised.len(),
        counted(record.rejected.count, "record")
    ));
    line(format!("Written to {}: {}", output.display(), files.join(", ")));
    text
}

/// What reaches the next level, and what the plan begins with.
fn plan(record: &Assessment, line: &mut impl FnMut(String)) {
    let named = |action: &Action| {
        let scope = match (&action.scope_id, action.kind.as_str()) {
            (Some(scope), "fix") => format!(" ({})", name(scope)),
            _ => String::new(),
        };
        format!("  {:<12}{}{scope}", action.wave, name(&action.title))
    };
    if let Some(next) = &record.plan.next_level {
        let exact = if next.exact { "" } else { "about " };
        let hours = format!("{:.0} hours", next.effort_hours);
        line(format!("Level {} is {exact}{} away, {hours}:", next.level, counted(next.actions.len(), "action")));
        let actions: Vec<&Action> = record.plan.actions.iter().filter(|action| action.in_next_level).collect();
        actions.iter().take(NAMED).for_each(|action| line(named(action)));
        if actions.len() > NAMED {
            line(format!("  and {} more", actions.len() - NAMED));
        }
    }
    let fixes: Vec<&Action> = record.plan.actions.iter().filter(|action| action.kind == "fix").collect();
    if !fixes.is_empty() {
        line(format!("First of {}:", counted(fixes.len(), "fix")));
        fixes.iter().take(NAMED).for_each(|action| line(named(action)));
    }
}

/// `1 file`, `2 files`, `2 fixes`.
fn counted(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ if one.ends_with('x') => format!("{number} {one}es"),
        _ => format!("{number} {one}s"),
    }
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
