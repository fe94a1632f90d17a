//! Rows that do not pass, worst checks first, as many as a page can bear; `findings.csv` has them all.

use std::collections::BTreeMap;

use super::{Document, Pair, Row};
use crate::record::rows::{Finding, each_finding};
use crate::report::{Error, Input, findings};

/// Rows listed of one check.
const MOST_OF_A_CHECK: usize = 100;
/// Rows listed in all.
const MOST: usize = 2000;
/// Verdicts in the order in which a reader wants them.
const VERDICTS: [&str; 4] = ["failed", "waived", "unknown", "undetermined"];

/// Adds rows to a document, and says how many each check has.
///
/// # Errors
/// When the rows cannot be read.
pub fn add_rows(document: &mut Document, input: &Input<'_>) -> Result<(), Error> {
    let lookup = findings::Lookup::new(input.record);
    let mut found: BTreeMap<String, [Vec<Row>; VERDICTS.len()]> = BTreeMap::new();
    each_finding(input.rows, &mut |finding| {
        document.rows_found += 1;
        let of_check = found.entry(finding.check.to_owned()).or_default();
        let place = VERDICTS.iter().position(|verdict| *verdict == finding.verdict);
        if let Some(list) = place.and_then(|place| of_check.get_mut(place))
            && list.len() < MOST_OF_A_CHECK
        {
            list.extend(row(finding, &lookup));
        }
        Ok(())
    })?;
    for check in &mut document.checks {
        let rows = found.remove(&check.id).into_iter().flatten().flatten();
        let room = MOST_OF_A_CHECK.min(MOST - document.rows.len().min(MOST));
        let before = document.rows.len();
        document.rows.extend(rows.take(room).enumerate().map(|(place, row)| Row { place, ..row }));
        check.rows_listed = document.rows.len() - before;
    }
    Ok(())
}

fn row(finding: &Finding<'_>, lookup: &findings::Lookup<'_>) -> Option<Row> {
    let check = lookup.check(finding)?;
    let [provider, scope_id, environment, kind, ai_use] =
        finding.segment.map(|value| value.unwrap_or_default().to_owned());
    Some(Row {
        place: 0,
        check: check.id.clone(),
        title: check.title.clone(),
        severity: check.severity.clone(),
        verdict: finding.verdict.to_owned(),
        id: finding.row_id.to_owned(),
        name: finding.label.unwrap_or_default().to_owned(),
        provider,
        scope_id,
        environment,
        kind,
        ai_use,
        evidence: findings::evidence(finding.evidence, &check.evidence)
            .into_iter()
            .map(|(name, text)| Pair { name, text })
            .collect(),
        source: lookup.source(finding).0.to_owned(),
        locator: finding.locator.unwrap_or_default().to_owned(),
    })
}
