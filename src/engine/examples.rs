//! Runs the examples written in a check's file: every one must have the verdict under which it stands, and a
//! failing row that was fixed must pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::Expr;

use super::{CompiledCheck, Compiler, Engine, Error, Verdict, failed};
use crate::diag::{Diagnostic, Diagnostics, Place, Scalar};
use crate::frameworks::{Check, Effect, ExampleSet};
use crate::inventory::column::Kind;
use crate::inventory::views::View;

/// What running the examples of one check gave.
#[derive(Debug, Clone)]
pub struct ExampleReport {
    /// Rows that were judged.
    pub rows: usize,
    /// Rows whose verdict is not the one under which they stand.
    pub faults: Vec<ExampleFault>,
}

/// One row whose verdict is not the one under which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFault {
    /// Under which verdict it stands, with its number, from 1.
    pub example: String,
    /// What it was judged.
    pub found: &'static str,
}

type Columns = BTreeMap<String, Scalar>;

impl Engine {
    /// Runs the examples of a compiled check.
    ///
    /// # Errors
    /// [`Error::Faults`] for an example whose value does not fit its column.
    pub fn run_examples(&self, check: &Check, compiled: &CompiledCheck) -> Result<ExampleReport, Error> {
        let mut report = ExampleReport { rows: 0, faults: Vec::new() };
        let sets = [
            (&check.examples.passed, Verdict::Passed),
            (&check.examples.failed, Verdict::Failed),
            (&check.examples.unknown, Verdict::Unknown),
            (&check.examples.outside, Verdict::Outside),
        ];
        for (set, expected) in sets {
            let ExampleSet::Rows(examples) = set else { continue };
            if examples.is_empty() {
                return Err(fault(check, format!("no example stands under `{}`", expected.name())));
            }
            for (number, example) in examples.iter().enumerate() {
                let name = format!("{} {}", expected.name(), number + 1);
                let row: Columns =
                    check.given.iter().chain(&example.columns).map(|(k, v)| (k.clone(), v.clone())).collect();
                self.judge(check, compiled, &row, expected, &name, &mut report)?;
                match (&example.fixed, expected, check.remediation.effect) {
                    (Some(fixed), Verdict::Failed, _) => {
                        let row: Columns = row.into_iter().chain(fixed.clone()).collect();
                        self.judge(check, compiled, &row, Verdict::Passed, &format!("{name}, fixed"), &mut report)?;
                    }
                    (None, Verdict::Failed, Effect::Pass) => {
                        return Err(fault(check, format!("{name} does not say what `fixed` makes of it")));
                    }
                    (Some(_), _, _) => return Err(fault(check, format!("{name} has `fixed`, but does not fail"))),
                    _ => {}
                }
            }
        }
        Ok(report)
    }

    fn judge(
        &self,
        check: &Check,
        compiled: &CompiledCheck,
        row: &Columns,
        expected: Verdict,
        name: &str,
        report: &mut ExampleReport,
    ) -> Result<(), Error> {
        report.rows += 1;
        let batch = one_row(compiled.view, row).map_err(|message| fault(check, format!("{name}: {message}")))?;
        let applies = self.evaluate(&compiled.applies, &batch)?;
        let passes = self.evaluate(&compiled.passes, &batch)?;
        let found = match (applies, passes) {
            (None, _) => Verdict::Undetermined,
            (Some(false), _) => Verdict::Outside,
            (Some(true), None) => Verdict::Unknown,
            (Some(true), Some(true)) => Verdict::Passed,
            (Some(true), Some(false)) => Verdict::Failed,
        };
        // Undetermined rows are scored as unknown ones.
        let as_expected = found == expected || (expected == Verdict::Unknown && found == Verdict::Undetermined);
        if !as_expected {
            report.faults.push(ExampleFault { example: name.to_owned(), found: found.name() });
        }
        Ok(())
    }

    fn evaluate(&self, expr: &Expr, batch: &RecordBatch) -> Result<Option<bool>, Error> {
        let context = || failed("an example cannot be evaluated");
        let schema = DFSchema::try_from(batch.schema().as_ref().clone()).map_err(context())?;
        let physical = self.context.create_physical_expr(expr.clone(), &schema).map_err(context())?;
        let answer = physical.evaluate(batch).and_then(|value| value.into_array(1)).map_err(context())?;
        let answer = arrow::compute::cast(&answer, &DataType::Boolean)
            .map_err(|source| Error::Arrow { view: "example".to_owned(), source })?;
        let answer = answer.as_boolean();
        Ok(answer.is_valid(0).then(|| answer.value(0)))
    }

    /// Compiles every check with its default parameters, for linting.
    ///
    /// # Errors
    /// All faults found.
    pub fn compile_all(&self, checks: &[Check]) -> Result<Vec<CompiledCheck>, Diagnostics> {
        let compiler = Compiler::new(self);
        let mut compiled = Vec::new();
        let mut faults = Diagnostics::default();
        for check in checks {
            match compiler.check(check, &BTreeMap::new()) {
                Ok(check) => compiled.push(check),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() { Ok(compiled) } else { Err(faults) }
    }
}

fn fault(check: &Check, message: String) -> Error {
    let place = Place::Path(check.file.name().to_owned());
    Error::Faults(Diagnostic::error("check/example", message).at(place).into())
}

/// A view's row with the given columns; all others are NULL.
fn one_row(view: &View, row: &Columns) -> Result<RecordBatch, String> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in view.columns() {
        let array = match row.get(column.name) {
            None | Some(Scalar::Null) => arrow::array::new_null_array(&column.kind.data_type(), 1),
            Some(value) => literal(value, column.kind)
                .ok_or_else(|| format!("`{}` is {}, not {value}", column.name, column.kind.name()))?,
        };
        fields.push(column.field().with_nullable(true));
        columns.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| error.to_string())
}

fn literal(value: &Scalar, kind: Kind) -> Option<ArrayRef> {
    let array: ArrayRef = match (value, kind) {
        (Scalar::Bool(value), Kind::Bool) => Arc::new(arrow::array::BooleanArray::from(vec![*value])),
        (Scalar::Int(value), Kind::Int) => Arc::new(arrow::array::Int64Array::from(vec![*value])),
        (Scalar::Text(text), Kind::Text | Kind::Word | Kind::Time) => {
            arrow::compute::cast(&StringArray::from(vec![text.as_str()]), &kind.data_type()).ok()?
        }
        _ => return None,
    };
    array.is_valid(0).then_some(array)
}
