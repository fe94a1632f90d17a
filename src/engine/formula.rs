//! A predicate as a tree over conditions, evaluated on 64 rows at a time by bit operations. What stands between
//! the conditions (AND, OR, NOT, CASE, coalesce) costs next to nothing this way, where DataFusion would copy the
//! rows of every branch; and a condition that many checks ask is answered once.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::bits::Lane;
use super::compile::is_comparison;

/// A predicate over numbered answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    /// The answer to a condition.
    Answer(usize),
    /// The same on every row.
    Constant(Option<bool>),
    /// NOT of SQL.
    Not(Box<Self>),
    /// AND of SQL.
    And(Box<Self>, Box<Self>),
    /// OR of SQL.
    Or(Box<Self>, Box<Self>),
    /// The second where the first is true, the third elsewhere.
    Choose(Box<[Self; 3]>),
    /// With a value in place of what is not known.
    Settled(Box<Self>, bool),
}

impl Formula {
    /// The tree of a predicate; `place` numbers its conditions. A predicate with anything in it that could fail
    /// on a row stays one condition: its CASE may be what keeps it from failing.
    pub fn of(predicate: &Expr, place: &mut dyn FnMut(&Expr) -> usize) -> Self {
        if cannot_fail(predicate) { Self::tree(predicate, place) } else { Self::Answer(place(predicate)) }
    }

    fn tree(expr: &Expr, place: &mut dyn FnMut(&Expr) -> usize) -> Self {
        let mut part = |expr: &Expr| Box::new(Self::tree(expr, place));
        match expr {
            Expr::Literal(ScalarValue::Boolean(answer), _) => Self::Constant(*answer),
            Expr::Literal(ScalarValue::Null, _) => Self::Constant(None),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => Self::And(part(left), part(right)),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => Self::Or(part(left), part(right)),
            Expr::Not(of) => Self::Not(part(of)),
            Expr::IsTrue(of) => Self::Settled(part(of), false),
            Expr::IsNotFalse(of) => Self::Settled(part(of), true),
            Expr::IsFalse(of) => Self::Not(Box::new(Self::Settled(part(of), true))),
            Expr::IsNotTrue(of) => Self::Not(Box::new(Self::Settled(part(of), false))),
            Expr::Case(case) if case.expr.is_none() => {
                let otherwise = case.else_expr.as_ref().map_or(Self::Constant(None), |expr| *part(expr));
                case.when_then_expr.iter().rev().fold(otherwise, |otherwise, (when, then)| {
                    Self::Choose(Box::new([*part(when), *part(then), otherwise]))
                })
            }
            Expr::ScalarFunction(function) => match (function.func.name(), function.args.as_slice()) {
                ("coalesce", [of, Expr::Literal(ScalarValue::Boolean(Some(value)), _)]) => {
                    Self::Settled(part(of), *value)
                }
                ("nullif", [of, Expr::Literal(ScalarValue::Boolean(Some(hidden)), _)]) => {
                    let of = part(of);
                    let shown = if *hidden { Self::Not(of) } else { *of };
                    Self::Choose(Box::new([shown, Self::Constant(Some(!hidden)), Self::Constant(None)]))
                }
                _ => Self::Answer(place(expr)),
            },
            _ => Self::Answer(place(expr)),
        }
    }

    /// Its value on the rows whose answers are given.
    pub fn value(&self, answers: &[Lane]) -> Lane {
        match self {
            Self::Answer(place) => answers.get(*place).copied().unwrap_or_default(),
            Self::Constant(answer) => Lane::all(*answer),
            Self::Not(of) => of.value(answers).negated(),
            Self::And(one, other) => one.value(answers).and(other.value(answers)),
            Self::Or(one, other) => one.value(answers).or(other.value(answers)),
            Self::Choose(parts) => {
                let [when, then, otherwise] = &**parts;
                let rows = when.value(answers).is_true();
                then.value(answers).or_elsewhere(rows, otherwise.value(answers))
            }
            Self::Settled(of, value) => of.value(answers).settled(*value),
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
            let formula = Formula::of(&expr, &mut |condition| match condition {
                Expr::Column(column) => usize::from(column.name == "b"),
                other => panic!("`{other}` in `{text}` could be taken apart"),
            });
            let physical = engine.context.create_physical_expr(expr, &schema).unwrap();
            let expected = physical.evaluate(&batch).unwrap().into_array(9).unwrap();
            let found = formula.value(&answers);
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
        let mut asked = Vec::new();
        let formula = Formula::of(&guarded, &mut |condition| {
            asked.push(condition.clone());
            0
        });
        assert_eq!(formula, Formula::Answer(0));
        assert_eq!(asked, [guarded]);
    }
}
