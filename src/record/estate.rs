//! The figures of the first page, asked of the views: which identities AI uses, what they reach, and how fast
//! that access ends by itself.

use crate::engine::{Engine, Error, QueryResult, SelectorUse, Value};
use crate::record::v1;

/// The figures of the first page.
#[derive(Debug, Clone, PartialEq)]
pub struct EstateSummary(pub v1::Estate);

/// Groups hold grants but act as nobody, so they are no identities here.
const IDENTITIES: &str = "
SELECT
  coalesce(ai_use, 'unknown') AS ai_use,
  count(*) AS identities,
  sum(CASE WHEN admin_entitlements > 0 THEN 1 ELSE 0 END) AS admin,
  sum(CASE WHEN wildcard_entitlements > 0 THEN 1 ELSE 0 END) AS wildcard,
  sum(CASE WHEN escalation_entitlements > 0 THEN 1 ELSE 0 END) AS escalation,
  sum(CASE WHEN reaches_admin THEN 1 ELSE 0 END) AS reaches_admin,
  sum(CASE WHEN external_trusts > 0 THEN 1 ELSE 0 END) AS external_trust,
  sum(CASE WHEN admin_entitlements IS NULL OR external_trusts IS NULL THEN 1 ELSE 0 END) AS reach_unknown
FROM identities
WHERE identity_kind <> 'group'
GROUP BY coalesce(ai_use, 'unknown')";

/// A credential without an identity belongs to nobody known, so its use by AI is not known either.
const REVOCATION: &str = "
SELECT
  CASE WHEN ai_use IS NULL THEN 'unknown' WHEN ai_use = 'none' THEN 'none' ELSE 'ai' END AS population,
  count(*) AS active,
  sum(CASE WHEN ends_in_seconds <= 3600 THEN 1 ELSE 0 END) AS within_hour,
  sum(CASE WHEN ends_in_seconds <= 86400 THEN 1 ELSE 0 END) AS within_day,
  sum(CASE WHEN ends_in_seconds <= 7776000 THEN 1 ELSE 0 END) AS within_90_days,
  sum(CASE WHEN ends_in_seconds > 7776000 THEN 1 ELSE 0 END) AS later,
  sum(CASE WHEN ends_in_seconds IS NULL AND never_expires THEN 1 ELSE 0 END) AS never,
  sum(CASE WHEN ends_in_seconds IS NULL AND never_expires IS DISTINCT FROM true THEN 1 ELSE 0 END) AS unknown
FROM credentials
WHERE status = 'active'
GROUP BY 1";

const USES: [&str; 5] = ["agent", "inference", "pipeline", "none", "unknown"];

/// Asks the views.
///
/// # Errors
/// When a query fails.
pub fn summarise(engine: &Engine, selectors: &[SelectorUse]) -> Result<EstateSummary, Error> {
    let by_use = engine.query(IDENTITIES)?;
    let mut identities: Vec<v1::UseSummary> = Vec::new();
    let mut all = v1::UseSummary { ai_use: "all".to_owned(), ..v1::UseSummary::default() };
    for ai_use in USES {
        let row = Row::find(&by_use, ai_use);
        let summary = v1::UseSummary {
            ai_use: ai_use.to_owned(),
            identities: row.number("identities"),
            admin: row.number("admin"),
            wildcard: row.number("wildcard"),
            escalation: row.number("escalation"),
            reaches_admin: row.number("reaches_admin"),
            external_trust: row.number("external_trust"),
            reach_unknown: row.number("reach_unknown"),
        };
        all.identities += summary.identities;
        all.admin += summary.admin;
        all.wildcard += summary.wildcard;
        all.escalation += summary.escalation;
        all.reaches_admin += summary.reaches_admin;
        all.external_trust += summary.external_trust;
        all.reach_unknown += summary.reach_unknown;
        identities.push(summary);
    }
    identities.push(all);
    let by_population = engine.query(REVOCATION)?;
    let mut revocation = Vec::new();
    let mut all = v1::RevocationSummary { population: "all".to_owned(), ..v1::RevocationSummary::default() };
    for population in ["ai", "unknown", "none"] {
        let row = Row::find(&by_population, population);
        let summary = v1::RevocationSummary {
            population: population.to_owned(),
            active: row.number("active"),
            within_hour: row.number("within_hour"),
            within_day: row.number("within_day"),
            within_90_days: row.number("within_90_days"),
            later: row.number("later"),
            never: row.number("never"),
            unknown: row.number("unknown"),
        };
        all.active += summary.active;
        all.within_hour += summary.within_hour;
        all.within_day += summary.within_day;
        all.within_90_days += summary.within_90_days;
        all.later += summary.later;
        all.never += summary.never;
        all.unknown += summary.unknown;
        if population != "none" {
            revocation.push(summary);
        }
    }
    revocation.push(all);
    let agents = engine.query("SELECT count(*) AS n FROM agents")?;
    let tools = engine.query("SELECT count(*) AS n FROM agent_tools")?;
    Ok(EstateSummary(v1::Estate {
        identities,
        agents: Row::first(&agents).number("n"),
        agent_tools: Row::first(&tools).number("n"),
        revocation,
        selectors: selectors
            .iter()
            .map(|selector| v1::Selector { text: selector.text.clone(), identities: selector.identities })
            .collect(),
    }))
}

/// One row of an answer; a row that is not there counts nothing.
struct Row<'a> {
    answer: &'a QueryResult,
    values: Option<&'a Vec<Value>>,
}

impl<'a> Row<'a> {
    fn find(answer: &'a QueryResult, name: &str) -> Self {
        let values = answer.rows.iter().find(|row| row.first() == Some(&Value::Text(name.to_owned())));
        Self { answer, values }
    }

    fn first(answer: &'a QueryResult) -> Self {
        Self { answer, values: answer.rows.first() }
    }

    fn number(&self, column: &str) -> i64 {
        let at = self.answer.columns.iter().position(|name| name == column);
        match at.and_then(|at| self.values?.get(at)) {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }
}
