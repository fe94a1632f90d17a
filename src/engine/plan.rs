//! All checks on a view as one plan: one scan, every predicate evaluated once per batch. Checks share most of
//! what they ask, so it is not they that become columns of the plan, but the conditions that they join by AND.

use std::collections::HashMap;

use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, col};

use super::{CompiledCheck, Engine, Error, failed};
use crate::inventory::views::{SEGMENT, View};

/// Where the columns of a scan's output stand.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The view.
    pub view: &'static View,
    /// For each check: the answers that its verdict rests on.
    pub(super) checks: Vec<Answers>,
    /// How many columns of answers there are, each `true`, `false` or NULL; they follow the segment columns.
    pub(super) answers: usize,
    /// Columns that describe a row, if they are wanted.
    pub(super) described: Option<Described>,
}

/// What one check is computed from, as places among the columns of answers.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    /// The check applies where all of them hold.
    pub applies: Vec<usize>,
    /// It passes where all of them hold.
    pub passes: Vec<usize>,
    /// Where a verdict may stand.
    pub readable: Option<usize>,
    /// Where a pass may stand.
    pub complete: Option<usize>,
    /// (answer, place in rungs.yaml's list)
    pub waivers: Vec<(usize, usize)>,
}

/// Conditions, each once.
#[derive(Default)]
struct Conditions<'a> {
    list: Vec<&'a Expr>,
    places: HashMap<&'a Expr, usize>,
}

impl<'a> Conditions<'a> {
    fn place(&mut self, condition: &'a Expr) -> usize {
        *self.places.entry(condition).or_insert_with(|| {
            self.list.push(condition);
            self.list.len() - 1
        })
    }

    fn all(&mut self, predicate: &'a Expr) -> Vec<usize> {
        split_conjunction(predicate).into_iter().map(|condition| self.place(condition)).collect()
    }

    fn answers(&mut self, check: &'a CompiledCheck) -> Answers {
        Answers {
            applies: self.all(&check.applies),
            passes: self.all(&check.passes),
            readable: check.readable.as_ref().map(|scopes| self.place(scopes)),
            complete: check.complete.as_ref().map(|scopes| self.place(scopes)),
            waivers: check.waivers.iter().map(|waiver| (self.place(&waiver.expr), waiver.index)).collect(),
        }
    }
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
        let mut conditions = Conditions::default();
        let answers: Vec<Answers> = checks.iter().map(|check| conditions.answers(check)).collect();
        let mut output: Vec<Expr> = SEGMENT.iter().map(|name| col(*name)).collect();
        let add = |expr: Expr, output: &mut Vec<Expr>| {
            let at = output.len();
            output.push(expr.alias(format!("c{at}")));
            at
        };
        for condition in &conditions.list {
            add((*condition).clone(), &mut output);
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
        Ok((frame, Scan { view, checks: answers, answers: conditions.list.len(), described }))
    }
}
