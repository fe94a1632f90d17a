//! All checks on a view as one plan: one scan, every condition answered once per batch. Checks share most of
//! what they ask, so it is not their predicates that become columns of the plan, but the conditions in them.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, col};

use super::formula::{Formulas, cannot_fail};
use super::words::WordConditions;
use super::{CompiledCheck, Engine, Error, failed};
use crate::inventory::column::{Column, Kind};
use crate::inventory::views::{SEGMENT, View};

/// Where the columns of a scan's output stand.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The view.
    pub view: &'static View,
    /// How each check's verdict follows from the formulas.
    pub(super) checks: Vec<Judgement>,
    /// What the checks ask, from answers to conditions.
    pub(super) formulas: Formulas,
    /// Answers that are columns of the output: (place among the answers, column).
    pub(super) evaluated: Vec<(usize, usize)>,
    /// Answers that follow from the words of a column.
    pub(super) words: WordConditions,
    /// Columns that describe a row, if they are wanted.
    pub(super) described: Option<Described>,
}

/// How one check's verdict follows from the formulas, by number.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    pub applies: usize,
    pub passes: usize,
    /// Where a verdict may stand.
    pub readable: Option<usize>,
    /// Where a pass may stand.
    pub complete: Option<usize>,
    /// (predicate, place in rungs.yaml's list)
    pub waivers: Vec<(usize, usize)>,
}

impl Judgement {
    fn new(check: &CompiledCheck, formulas: &mut Formulas) -> Self {
        Self {
            applies: formulas.add(&check.applies),
            passes: formulas.add(&check.passes),
            readable: check.readable.as_ref().map(|scopes| formulas.add(scopes)),
            complete: check.complete.as_ref().map(|scopes| formulas.add(scopes)),
            waivers: check.waivers.iter().map(|waiver| (formulas.add(&waiver.expr), waiver.index)).collect(),
        }
    }
}

/// The one column of words that a condition asks about, if that is all it asks about. Functions are left to the
/// plan of the whole scan, whose optimiser makes of them what can be evaluated.
fn word_column(view: &'static View, condition: &Expr) -> Option<&'static Column> {
    let columns = condition.column_refs();
    let mut names = columns.iter().map(|column| column.name.as_str());
    let column = names.next().and_then(|name| view.column(name)).filter(|column| column.kind == Kind::Word)?;
    let calls = condition.exists(|node| Ok(matches!(node, Expr::ScalarFunction(_)))).unwrap_or(true);
    (names.next().is_none() && cannot_fail(condition) && !calls).then_some(column)
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
        let mut formulas = Formulas::default();
        let judgements: Vec<Judgement> = checks.iter().map(|check| Judgement::new(check, &mut formulas)).collect();
        let mut output: Vec<Expr> = SEGMENT.iter().map(|name| col(*name)).collect();
        let add = |expr: Expr, output: &mut Vec<Expr>| {
            let at = output.len();
            output.push(expr.alias(format!("c{at}")));
            at
        };
        let context = || failed(format!("cannot plan the checks on `{}`", view.name));
        let mut word_columns: Vec<(&str, usize)> = SEGMENT.into_iter().zip(0..).collect();
        let (mut evaluated, mut words) = (Vec::new(), WordConditions::default());
        for (place, condition) in formulas.conditions().iter().enumerate() {
            let Some(asked) = word_column(view, condition) else {
                evaluated.push((place, add(condition.clone(), &mut output)));
                continue;
            };
            let column = match word_columns.iter().find(|(known, _)| *known == asked.name) {
                Some((_, column)) => *column,
                None => {
                    let column = add(col(asked.name), &mut output);
                    word_columns.push((asked.name, column));
                    column
                }
            };
            let schema = Arc::new(Schema::new(vec![asked.field().with_nullable(true)]));
            let condition = DFSchema::try_from(Arc::clone(&schema))
                .and_then(|schema| self.context.create_physical_expr(condition.clone(), &schema))
                .map_err(context())?;
            words.add(column, schema, condition, place);
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
        let frame = self.table(view.name).await?.select(output).map_err(context())?;
        Ok((frame, Scan { view, checks: judgements, formulas, evaluated, words, described }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_asks_about_one_column_of_words_is_answered_by_word() {
        let view = View::find("credentials").unwrap();
        let schema = DFSchema::try_from(view.arrow()).unwrap();
        let engine = Engine::new().unwrap();
        for (text, column) in [
            ("status = 'active'", Some("status")),
            ("status NOT IN ('expired', 'revoked')", Some("status")),
            ("status IS NULL", Some("status")),
            ("coalesce(status, 'active') = 'active'", None),
            ("status = lifetime", None),
            ("credential_id = 'a'", None),
            ("age_days > 90", None),
        ] {
            let condition = engine.context.parse_sql_expr(text, &schema).unwrap();
            assert_eq!(word_column(view, &condition).map(|column| column.name), column, "{text}");
        }
    }
}
