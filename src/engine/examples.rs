//! Runs the examples written in a check's file: every one must have the verdict under which it stands, and a
//! failing row that was fixed must pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};

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

/// A row, the verdict that it must have, and its name in messages.
struct Case {
    row: Columns,
    expected: Verdict,
    name: String,
}

impl Engine {
    /// Runs the examples of a compiled check, all in one scan as an assessment would.
    ///
    /// # Errors
    /// [`Error::Faults`] for an example whose value does not fit its column, or that says nothing.
    pub fn run_examples(&self, check: &Check, compiled: &CompiledCheck) -> Result<ExampleReport, Error> {
        let cases = cases(check).map_err(|message| fault(check, message))?;
        let batch = rows(compiled.view, &cases).map_err(|message| fault(check, message))?;
        let answers = self.block_on(async {
            let context = || failed(format!("the examples of `{}` cannot be evaluated", check.id));
            let columns = vec![compiled.applies.clone().alias("applies"), compiled.passes.clone().alias("passes")];
            let frame = self.context.read_batch(batch).and_then(|frame| frame.select(columns)).map_err(context())?;
            frame.collect().await.map_err(context())
        })?;
        let schema = answers.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        let answers = arrow::compute::concat_batches(&schema, &answers).map_err(arrow_failed)?;
        let column = |name: &str| {
            let column = answers
                .column_by_name(name)
                .map_or_else(|| arrow::array::new_null_array(&DataType::Boolean, cases.len()), Arc::clone);
            arrow::compute::cast(&column, &DataType::Boolean).map_err(arrow_failed)
        };
        let (applies, passes) = (column("applies")?, column("passes")?);
        let answer = |column: &ArrayRef, row: usize| {
            let column = column.as_boolean();
            column.is_valid(row).then(|| column.value(row))
        };
        let mut report = ExampleReport { rows: cases.len(), faults: Vec::new() };
        for (row, case) in cases.iter().enumerate() {
            let found = match (answer(&applies, row), answer(&passes, row)) {
                (None, _) => Verdict::Undetermined,
                (Some(false), _) => Verdict::Outside,
                (Some(true), None) => Verdict::Unknown,
                (Some(true), Some(true)) => Verdict::Passed,
                (Some(true), Some(false)) => Verdict::Failed,
            };
            // Undetermined rows are scored as unknown ones.
            let as_expected =
                found == case.expected || (case.expected == Verdict::Unknown && found == Verdict::Undetermined);
            if !as_expected {
                report.faults.push(ExampleFault { example: case.name.clone(), found: found.name() });
            }
        }
        Ok(report)
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

/// Every example as a row of its own; a failing one that was fixed is one more, which must pass.
fn cases(check: &Check) -> Result<Vec<Case>, String> {
    let sets = [
        (&check.examples.passed, Verdict::Passed),
        (&check.examples.failed, Verdict::Failed),
        (&check.examples.unknown, Verdict::Unknown),
        (&check.examples.outside, Verdict::Outside),
    ];
    let mut cases = Vec::new();
    for (set, expected) in sets {
        let ExampleSet::Rows(examples) = set else { continue };
        if examples.is_empty() {
            return Err(format!("no example stands under `{}`", expected.name()));
        }
        for (number, example) in examples.iter().enumerate() {
            let name = format!("{} {}", expected.name(), number + 1);
            let row: Columns =
                check.given.iter().chain(&example.columns).map(|(k, v)| (k.clone(), v.clone())).collect();
            match (&example.fixed, expected, check.remediation.effect) {
                (Some(fixed), Verdict::Failed, _) => {
                    let row = row.clone().into_iter().chain(fixed.clone()).collect();
                    cases.push(Case { row, expected: Verdict::Passed, name: format!("{name}, fixed") });
                }
                (None, Verdict::Failed, Effect::Pass) => {
                    return Err(format!("{name} does not say what `fixed` makes of it"));
                }
                (Some(_), _, _) => return Err(format!("{name} has `fixed`, but does not fail")),
                _ => {}
            }
            cases.push(Case { row, expected, name });
        }
    }
    Ok(cases)
}

/// Rows of a view with the given columns; all others are NULL.
fn rows(view: &View, cases: &[Case]) -> Result<RecordBatch, String> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in view.columns() {
        let mut values = Vec::with_capacity(cases.len());
        for case in cases {
            values.push(match case.row.get(column.name) {
                None | Some(Scalar::Null) => arrow::array::new_null_array(&column.kind.data_type(), 1),
                Some(value) => literal(value, column.kind).ok_or_else(|| {
                    format!("{}: `{}` is {}, not {value}", case.name, column.name, column.kind.name())
                })?,
            });
        }
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        fields.push(column.field().with_nullable(true));
        columns.push(arrow::compute::concat(&values).map_err(|error| error.to_string())?);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| error.to_string())
}

fn arrow_failed(source: arrow::error::ArrowError) -> Error {
    Error::Arrow { view: "examples".to_owned(), source }
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
