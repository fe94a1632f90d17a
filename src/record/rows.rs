//! Reading `rows.parquet`: the verdict of every row on every check of its view, and the evidence of those that
//! do not pass.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::engine::Verdict;

/// Why the file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The format.
    #[error("`{path}` is not a file of row verdicts")]
    Format {
        /// The file.
        path: PathBuf,
        /// What the library said.
        source: parquet::errors::ParquetError,
    },
    /// Whoever takes the findings.
    #[error("cannot write a finding")]
    Taker(#[source] std::io::Error),
}

/// One row that does not pass one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The check.
    pub check: &'a str,
    /// failed, unknown, undetermined or waived.
    pub verdict: &'static str,
    /// The view.
    pub view: &'a str,
    /// The row's natural key.
    pub row_id: &'a str,
    /// Its name for people.
    pub label: Option<&'a str>,
    /// provider, scope, environment, kind of identity, use by AI.
    pub segment: [Option<&'a str>; 5],
    /// A JSON object of the view's evidence columns.
    pub evidence: &'a str,
    /// The file that it was taken from.
    pub source_id: Option<&'a str>,
    /// Where in that file.
    pub locator: Option<&'a str>,
}

/// Calls `take` with every row and check that do not pass, in the file's order.
///
/// # Errors
/// When the file cannot be read, or `take` fails.
pub fn each_finding(path: &Path, take: &mut dyn FnMut(&Finding<'_>) -> std::io::Result<()>) -> Result<(), Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
    let format = |source| Error::Format { path: path.to_path_buf(), source };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(format)?;
    let mut checks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in builder.metadata().file_metadata().key_value_metadata().into_iter().flatten() {
        if let (Some(view), Some(ids)) = (pair.key.strip_prefix("rungs.checks."), &pair.value) {
            checks.insert(view.to_owned(), ids.split(',').map(str::to_owned).collect());
        }
    }
    for batch in builder.build().map_err(format)? {
        let batch = batch.map_err(|error| format(error.into()))?;
        Batch::new(&batch).map_err(|error| format(error.into()))?.findings(&checks, take).map_err(Error::Taker)?;
    }
    Ok(())
}

struct Batch {
    texts: Vec<ArrayRef>,
    words: ArrayRef,
    rows: usize,
}

const TEXTS: [&str; 11] = [
    "view",
    "provider",
    "scope_id",
    "environment",
    "identity_kind",
    "ai_use",
    "row_id",
    "label",
    "evidence",
    "source_id",
    "locator",
];

impl Batch {
    fn new(batch: &RecordBatch) -> Result<Self, arrow::error::ArrowError> {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .ok_or_else(|| arrow::error::ArrowError::SchemaError(format!("there is no column `{name}`")))
        };
        let texts = TEXTS.iter().map(|name| cast(column(name)?, &DataType::Utf8)).collect::<Result<_, _>>()?;
        let words = cast(column("words")?, &DataType::Binary)?;
        Ok(Self { texts, words, rows: batch.num_rows() })
    }

    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let column = self.texts.get(column)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn findings(
        &self,
        checks: &BTreeMap<String, Vec<String>>,
        take: &mut dyn FnMut(&Finding<'_>) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let words = self.words.as_binary::<i32>();
        for row in 0..self.rows {
            // Rows that pass everything carry no evidence.
            let (Some(view), Some(evidence)) = (self.text(0, row), self.text(8, row)) else { continue };
            let words: Vec<u64> = words
                .value(row)
                .chunks_exact(8)
                .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default()))
                .collect();
            for (place, check) in checks.get(view).into_iter().flatten().enumerate() {
                let verdict = Verdict::of(&words, place);
                if matches!(verdict, Verdict::Outside | Verdict::Passed) {
                    continue;
                }
                take(&Finding {
                    check,
                    verdict: verdict.name(),
                    view,
                    row_id: self.text(6, row).unwrap_or_default(),
                    label: self.text(7, row),
                    segment: [1, 2, 3, 4, 5].map(|column| self.text(column, row)),
                    evidence,
                    source_id: self.text(9, row),
                    locator: self.text(10, row),
                })?;
            }
        }
        Ok(())
    }
}
