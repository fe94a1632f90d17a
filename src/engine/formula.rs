//! Predicates taken apart into steps over conditions, evaluated on 64 rows at a time by bit operations. What
//! stands between the conditions (AND, OR, NOT, CASE, coalesce) costs next to nothing this way, where DataFusion
//! would copy the rows of every branch; and what many checks ask is answered once.

use std::collections::HashMap;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::bits::Lane;
use super::compile::is_comparison;

/// One step; numbers are those of earlier steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    /// The answer to a condition, by its place.
    Answer(usize),
    /// The same on every row.
    Constant(Option<bool>),
    /// NOT of SQL.
    Not(usize),
    /// AND of SQL.
    And(usize, usize),
    /// OR of SQL.
    Or(usize, usize),
    /// The second where the first is true, the third elsewhere.
    Choose(usize, usize, usize),
    /// With a value in place of what is not known.
    Settled(usize, bool),
}

/// The steps of several predicates, each step once.
#[derive(Debug, Clone, Default)]
pub(super) struct Formulas {
    steps: Vec<Step>,
    numbers: HashMap<Step, usize>,
    conditions: Vec<Expr>,
    places: HashMap<Expr, usize>,
}

impl Formulas {
    /// Adds a predicate; gives the number of the step whose value is its own. A predicate with anything in it that
    /// could fail on a row stays one condition: its CASE may be what keeps it from failing.
    pub fn add(&mut self, predicate: &Expr) -> usize {
        if cannot_fail(predicate) { self.take_apart(predicate) } else { self.condition(predicate) }
    }

    /// The conditions, by place.
    pub fn conditions(&self) -> &[Expr] {
        &self.conditions
    }

    fn condition(&mut self, condition: &Expr) -> usize {
        let place = match self.places.get(condition) {
            Some(place) => *place,
            None => {
                self.places.insert(condition.clone(), self.conditions.len());
                self.conditions.push(condition.clone());
                self.conditions.len() - 1
            }
        };
        self.step(Step::Answer(place))
    }

    fn step(&mut self, step: Step) -> usize {
        *self.numbers.entry(step).or_insert_with(|| {
            self.steps.push(step);
            self.steps.len() - 1
        })
    }

    fn take_apart(&mut self, expr: &Expr) -> usize {
        let step = match expr {
            Expr::Literal(ScalarValue::Boolean(answer), _) => Step::Constant(*answer),
            Expr::Literal(ScalarValue::Null, _) => Step::Constant(None),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                Step::And(self.take_apart(left), self.take_apart(right))
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
                Step::Or(self.take_apart(left), self.take_apart(right))
            }
            Expr::Not(of) => Step::Not(self.take_apart(of)),
            Expr::IsTrue(of) => Step::Settled(self.take_apart(of), false),
            Expr::IsNotFalse(of) => Step::Settled(self.take_apart(of), true),
            Expr::IsFalse(of) => {
                let not_false = Step::Settled(self.take_apart(of), true);
                Step::Not(self.step(not_false))
            }
            Expr::IsNotTrue(of) => {
                let is_true = Step::Settled(self.take_apart(of), false);
                Step::Not(self.step(is_true))
            }
            Expr::Case(case) if case.expr.is_none() => {
                let mut otherwise = match &case.else_expr {
                    Some(expr) => self.take_apart(expr),
                    None => self.step(Step::Constant(None)),
                };
                for (when, then) in case.when_then_expr.iter().rev() {
                    let choose = Step::Choose(self.take_apart(when), self.take_apart(then), otherwise);
                    otherwise = self.step(choose);
                }
                return otherwise;
            }
            Expr::ScalarFunction(function) => match (function.func.name(), function.args.as_slice()) {
                ("coalesce", [of, Expr::Literal(ScalarValue::Boolean(Some(value)), _)]) => {
                    Step::Settled(self.take_apart(of), *value)
                }
                ("nullif", [of, Expr::Literal(ScalarValue::Boolean(Some(hidden)), _)]) => {
                    let of = self.take_apart(of);
                    let shown = if *hidden { self.step(Step::Not(of)) } else { of };
                    let value = self.step(Step::Constant(Some(!hidden)));
                    Step::Choose(shown, value, self.step(Step::Constant(None)))
                }
                _ => return self.condition(expr),
            },
            _ => return self.condition(expr),
        };
        self.step(step)
    }

    /// The values of all steps on the rows whose answers are given.
    pub fn evaluate(&self, answers: &[Lane], values: &mut Vec<Lane>) {
        values.clear();
        for step in &self.steps {
            let of = |number: usize| values.get(number).copied().unwrap_or_default();
            let value = match *step {
                Step::Answer(place) => answers.get(place).copied().unwrap_or_default(),
                Step::Constant(answer) => Lane::all(answer),
                Step::Not(one) => of(one).negated(),
                Step::And(one, other) => of(one).and(of(other)),
                Step::Or(one, other) => of(one).or(of(other)),
                Step::Choose(when, then, otherwise) => of(then).or_elsewhere(of(when).is_true(), of(otherwise)),
                Step::Settled(one, value) => of(one).settled(value),
            };
            values.push(value);
        }
    }
}

/// Whether no row can make the expression fail: comparisons of columns and literals, and what joins them.
pub fn cannot_fail(expr: &Expr) -> bool {
    let mut found = true;
    let visited = expr.apply(|node| {
        found = match node {
            Expr::Column(_) | Expr::Literal(..) | Expr::Not(_) | Expr::Case(_) => true,
            Expr::InList(_) | Expr::Like(_) | Expr::Between(_) => true,
            Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::IsTrue(_) | Expr::IsFalse(_) => true,
            Expr::IsNotTrue(_) | Expr::IsNotFalse(_) => true,
            Expr::BinaryExpr(BinaryExpr { op, .. }) => is_comparison(*op) || matches!(op, Operator::And | Operator::Or),
            Expr::ScalarFunction(function) => matches!(function.func.name(), "coalesce" | "nullif"),
            _ => false,
        };
        Ok(if found { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    debug_assert!(visited.is_ok(), "the visitor itself cannot fail");
    found
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::{col, lit, when};
    use std::sync::Arc;

    use super::*;
    use crate::engine::Engine;
    use crate::engine::bits::Lanes;

    #[test]
    fn a_tree_answers_as_datafusion_does() {
        let all = [Some(true), Some(false), None];
        let a = BooleanArray::from_iter((0..9).map(|row| all[row / 3]));
        let b = BooleanArray::from_iter((0..9).map(|row| all[row % 3]));
        let answers = [Lanes::new(&a).block(0), Lanes::new(&b).block(0)];
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("a", Arc::new(a.clone()) as Arc<dyn Array>, true),
            ("b", Arc::new(b.clone()), true),
        ])
        .unwrap();
        let schema = DFSchema::try_from(batch.schema()).unwrap();
        let engine = Engine::new().unwrap();
        for text in [
            "a AND b",
            "a OR b",
            "NOT a OR NULL AND b",
            "a IS TRUE AND b",
            "a IS NOT TRUE",
            "a IS FALSE OR b",
            "a IS NOT FALSE",
            "coalesce(a, true) AND b",
            "coalesce(NOT a, false)",
            "nullif(a, false) OR b",
            "nullif(a, true)",
            "CASE WHEN a THEN b END",
            "CASE WHEN a THEN b ELSE NOT b END",
            "CASE WHEN a THEN true WHEN NOT b THEN false END",
        ] {
            let expr = engine.context.parse_sql_expr(text, &schema).unwrap();
            let mut formulas = Formulas::default();
            let number = formulas.add(&expr);
            let answers = formulas.conditions().iter().map(|condition| match condition {
                Expr::Column(column) => answers[usize::from(column.name == "b")],
                other => panic!("`{other}` in `{text}` could be taken apart"),
            });
            let mut values = Vec::new();
            formulas.evaluate(&answers.collect::<Vec<_>>(), &mut values);
            let found = values[number];
            let frame = engine.context.read_batch(batch.clone()).unwrap().select([expr]).unwrap();
            let expected = engine.block_on(frame.collect()).unwrap();
            let expected = expected[0].column(0);
            for (row, expected) in expected.as_boolean().iter().enumerate() {
                let holds = |lane: Lane| lane.is_true() >> row & 1 == 1;
                let found = if holds(found) { Some(true) } else { holds(found.negated()).then_some(false) };
                assert_eq!(found, expected, "`{text}` where a is {:?} and b is {:?}", all[row / 3], all[row % 3]);
            }
        }
    }

    #[test]
    fn what_could_fail_on_a_row_stays_under_its_case() {
        let guarded = when(col("n").gt(lit(0)), (lit(1) / col("n")).gt(lit(0))).end().unwrap();
        let mut formulas = Formulas::default();
        formulas.add(&guarded);
        assert_eq!(formulas.conditions(), [guarded]);
    }

    #[test]
    fn what_predicates_share_is_one_step() {
        let mut formulas = Formulas::default();
        let shared = col("a").and(col("b"));
        let one = formulas.add(&shared);
        let other = formulas.add(&shared.clone().and(col("c")));
        assert_eq!((one, other), (2, 4));
        assert_eq!(formulas.add(&shared), one);
    }
}
