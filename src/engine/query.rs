//! Read-only SQL over the tables and views, for `rungs inventory`.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::execution::context::SQLOptions;

use super::{Engine, Error, failed};
use crate::config::Moment;
use crate::diag::Diagnostic;
use crate::inventory::schema::TABLES;
use crate::inventory::views::VIEWS;

/// A value of an answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// No evidence.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// Text; moments as RFC 3339 in UTC.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// An answer: column names and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows of values.
    pub rows: Vec<Vec<Value>>,
}

impl Engine {
    /// Runs one SELECT.
    ///
    /// # Errors
    /// [`Error::Faults`] for SQL that does not run, or that would change anything.
    pub fn query(&self, sql: &str) -> Result<QueryResult, Error> {
        self.block_on(async {
            let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
            let fault = |error: datafusion::error::DataFusionError| {
                let text = error.find_root().strip_backtrace();
                let mut names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
                names.extend(VIEWS.iter().map(|view| view.name));
                let help = format!("tables and views: {}", names.join(", "));
                Error::Faults(Diagnostic::error("sql/invalid", text).help(help).into())
            };
            let frame = self.context.sql_with_options(sql, options).await.map_err(fault)?;
            let columns = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
            let batches = frame.collect().await.map_err(failed("the query failed"))?;
            let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| values(batch, row))).collect();
            Ok(QueryResult { columns, rows })
        })
    }
}

fn values(batch: &RecordBatch, row: usize) -> Vec<Value> {
    batch.columns().iter().map(|column| value(column, row)).collect()
}

fn value(column: &arrow::array::ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let as_text = || {
        arrow::compute::cast(&column.slice(row, 1), &DataType::Utf8)
            .ok()
            .and_then(|text| text.as_string_opt::<i32>().map(|text| Value::Text(text.value(0).to_owned())))
            .unwrap_or(Value::Null)
    };
    match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Timestamp(..) => {
            let kind = crate::inventory::column::Kind::Time.data_type();
            match arrow::compute::cast(&column.slice(row, 1), &kind) {
                Ok(micros) => Value::Text(
                    Moment::from_micros(micros.as_primitive::<TimestampMicrosecondType>().value(0)).to_string(),
                ),
                Err(_) => as_text(),
            }
        }
        kind if kind.is_integer() => match arrow::compute::cast(&column.slice(row, 1), &DataType::Int64) {
            Ok(number) => Value::Int(number.as_primitive::<Int64Type>().value(0)),
            Err(_) => as_text(),
        },
        kind if kind.is_numeric() => match arrow::compute::cast(&column.slice(row, 1), &DataType::Float64) {
            Ok(number) => Value::Float(number.as_primitive::<arrow::datatypes::Float64Type>().value(0)),
            Err(_) => as_text(),
        },
        _ => as_text(),
    }
}
