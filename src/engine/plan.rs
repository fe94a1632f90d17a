//! All checks on a view as one plan: one scan, every predicate evaluated once per batch.

use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, col};

use super::{CompiledCheck, Engine, Error, failed};
use crate::inventory::views::{SEGMENT, View};

/// Where the columns of a scan's output stand.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The view.
    pub view: &'static View,
    /// For each check: its `applies` column; `passes` is the next one.
    pub(super) checks: Vec<CheckColumns>,
    /// Columns that describe a row, if they are wanted.
    pub(super) described: Option<Described>,
}

/// The output columns of one check.
#[derive(Debug, Clone)]
pub(super) struct CheckColumns {
    pub applies: usize,
    pub passes: usize,
    /// (output column, place in rungs.yaml's list)
    pub waivers: Vec<(usize, usize)>,
}

/// The output columns that describe a row.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub key: usize,
    pub label: usize,
    pub source_id: usize,
    pub locator: usize,
    /// (name, output column) of every column that some check shows as evidence.
    pub evidence: Vec<(&'static str, usize)>,
}

impl Engine {
    /// The plan of a tally. With `describe`, rows carry their key, label, provenance and evidence.
    pub(super) async fn plan(
        &self,
        view: &'static View,
        checks: &[CompiledCheck],
        describe: bool,
    ) -> Result<(DataFrame, Scan), Error> {
        let mut output: Vec<Expr> = SEGMENT.iter().map(|name| col(*name)).collect();
        let add = |expr: Expr, output: &mut Vec<Expr>| {
            let at = output.len();
            output.push(expr.alias(format!("c{at}")));
            at
        };
        let mut columns = Vec::new();
        for check in checks {
            let applies = add(check.applies.clone(), &mut output);
            let passes = add(check.passes.clone(), &mut output);
            let waivers =
                check.waivers.iter().map(|waiver| (add(waiver.expr.clone(), &mut output), waiver.index)).collect();
            columns.push(CheckColumns { applies, passes, waivers });
        }
        let described = describe.then(|| {
            let mut names: Vec<&'static str> = checks.iter().flat_map(|check| check.evidence.iter().copied()).collect();
            names.sort_unstable();
            names.dedup();
            Described {
                key: add(col(view.key), &mut output),
                label: add(col(view.label), &mut output),
                source_id: add(col("source_id"), &mut output),
                locator: add(col("locator"), &mut output),
                evidence: names.into_iter().map(|name| (name, add(col(name), &mut output))).collect(),
            }
        });
        let frame = self
            .table(view.name)
            .await?
            .select(output)
            .map_err(failed(format!("cannot plan the checks on `{}`", view.name)))?;
        Ok((frame, Scan { view, checks: columns, described }))
    }
}
