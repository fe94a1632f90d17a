//! `rows.parquet`: the verdicts of every row on all checks of its view, and the evidence of rows that do not
//! pass. Written during the tally's one scan: each partition writes a part, parts are joined in order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, FixedSizeBinaryBuilder, RecordBatch, StringBuilder,
    StringDictionaryBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use super::plan::Described;
use super::tally::part_name;
use super::{CompiledCheck, Error, Scan, Verdict};
use crate::config::Moment;
use crate::inventory::views::{SEGMENT, View};

/// Bytes of a row key.
const KEY_BYTES: i32 = 16;

/// The finished file.
#[derive(Debug, Clone)]
pub struct RowsFile {
    /// Where it lies.
    pub path: PathBuf,
}

/// Ids of the checks behind the bits of each view's words.
pub type VerdictCodes = BTreeMap<String, Vec<String>>;

/// Joins the parts of all tallies of a run.
pub struct RowsWriter {
    path: PathBuf,
    folder: PathBuf,
    writer: ArrowWriter<File>,
}

impl RowsWriter {
    /// Begins the file; parts lie in the work folder until they are joined.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, work: &Path, codes: &VerdictCodes) -> Result<Self, Error> {
        let folder = work.to_path_buf();
        let metadata = codes
            .iter()
            .map(|(view, checks)| KeyValue::new(format!("rungs.checks.{view}"), checks.join(",")))
            .collect();
        let writer = open(path, Some(metadata))?;
        Ok(Self { path: path.to_path_buf(), folder, writer })
    }

    pub(super) fn part(&self, view: &'static View, number: usize, checks: &[CompiledCheck]) -> Result<Part, Error> {
        let path = part_name(&self.folder, view.name, number);
        let writer = open(&path, None)?;
        let evidence = checks.iter().map(|check| check.evidence.clone()).collect();
        Ok(Part { view, path, writer, evidence })
    }

    pub(super) fn append(&mut self, parts: Vec<PathBuf>) -> Result<(), Error> {
        for path in parts {
            let io = |source| Error::Io { path: path.clone(), source };
            let parquet = |source| Error::Parquet { path: path.clone(), source };
            let file = File::open(&path).map_err(io)?;
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build()).map_err(parquet)?;
            for batch in reader {
                let batch = batch.map_err(|source| Error::Arrow { view: "rows".to_owned(), source })?;
                self.writer.write(&batch).map_err(parquet)?;
            }
            std::fs::remove_file(&path).map_err(io)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written to the end.
    pub fn finish(self) -> Result<RowsFile, Error> {
        let parquet = |source| Error::Parquet { path: self.path.clone(), source };
        self.writer.close().map_err(parquet)?;
        Ok(RowsFile { path: self.path })
    }
}

fn open(path: &Path, metadata: Option<Vec<KeyValue>>) -> Result<ArrowWriter<File>, Error> {
    let file = File::create(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_key_value_metadata(metadata).build();
    ArrowWriter::try_new(file, schema(), Some(properties))
        .map_err(|source| Error::Parquet { path: path.to_path_buf(), source })
}

/// The columns of `rows.parquet`.
fn schema() -> SchemaRef {
    let word = || crate::inventory::column::Kind::Word.data_type();
    let mut fields = vec![
        Field::new("view", word(), false),
        Field::new("row_key", DataType::FixedSizeBinary(KEY_BYTES), false),
        Field::new("words", DataType::Binary, false),
    ];
    fields.extend(SEGMENT.iter().map(|name| Field::new(*name, word(), true)));
    fields.extend([
        Field::new("row_id", DataType::Utf8, true),
        Field::new("label", DataType::Utf8, true),
        Field::new("evidence", DataType::Utf8, true),
        Field::new("source_id", DataType::Utf8, true),
        Field::new("locator", DataType::Utf8, true),
    ]);
    Arc::new(Schema::new(fields))
}

/// What one partition of a scan writes.
pub(super) struct Part {
    view: &'static View,
    path: PathBuf,
    writer: ArrowWriter<File>,
    evidence: Vec<Vec<&'static str>>,
}

impl Part {
    pub fn add(&mut self, batch: &RecordBatch, scan: &Scan, words: &[u64], width: usize) -> Result<(), Error> {
        let Some(described) = &scan.described else { return Ok(()) };
        let arrow = |source| Error::Arrow { view: self.view.name.to_owned(), source };
        let rows = self.batch(batch, described, words, width).map_err(arrow)?;
        self.writer.write(&rows).map_err(|source| Error::Parquet { path: self.path.clone(), source })
    }

    pub fn finish(self) -> Result<PathBuf, Error> {
        self.writer.close().map_err(|source| Error::Parquet { path: self.path.clone(), source })?;
        Ok(self.path)
    }

    fn batch(
        &self,
        batch: &RecordBatch,
        described: &Described,
        words: &[u64],
        width: usize,
    ) -> Result<RecordBatch, arrow::error::ArrowError> {
        let text = |column: usize| arrow::compute::cast(batch.column(column), &DataType::Utf8);
        let keys = text(described.key)?;
        let labels = text(described.label)?;
        let sources = text(described.source_id)?;
        let locators = text(described.locator)?;
        let (keys, labels) = (keys.as_string::<i32>(), labels.as_string::<i32>());
        let (sources, locators) = (sources.as_string::<i32>(), locators.as_string::<i32>());
        let mut view = StringDictionaryBuilder::<Int32Type>::new();
        let mut row_key = FixedSizeBinaryBuilder::new(KEY_BYTES);
        let mut word = BinaryBuilder::new();
        let [mut row_id, mut label, mut evidence, mut source_id, mut locator] = [(); 5].map(|()| StringBuilder::new());
        for (row, words) in words.chunks_exact(width).enumerate() {
            view.append_value(self.view.name);
            let key = if keys.is_null(row) { "" } else { keys.value(row) };
            row_key.append_value(Sha256::digest(key.as_bytes()).get(..16).unwrap_or_default())?;
            word.append_value(words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
            let shown = self.shown(words);
            // Rows that pass are known by key and words alone: no name of theirs leaves the work folder.
            let kept = |column: &arrow::array::StringArray| {
                (!shown.is_empty() && column.is_valid(row)).then(|| column.value(row).to_owned())
            };
            row_id.append_option(kept(keys));
            label.append_option(kept(labels));
            source_id.append_option(kept(sources));
            locator.append_option(kept(locators));
            evidence.append_option((!shown.is_empty()).then(|| json(batch, described, &shown, row)));
        }
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(view.finish()), Arc::new(row_key.finish()), Arc::new(word.finish())];
        for place in 0..SEGMENT.len() {
            columns.push(arrow::compute::cast(batch.column(place), &crate::inventory::column::Kind::Word.data_type())?);
        }
        for builder in [&mut row_id, &mut label, &mut evidence, &mut source_id, &mut locator] {
            columns.push(Arc::new(builder.finish()));
        }
        RecordBatch::try_new(schema(), columns)
    }

    /// The evidence columns of the checks that the row does not pass.
    fn shown(&self, words: &[u64]) -> Vec<&'static str> {
        let mut shown: Vec<&'static str> = Vec::new();
        for (check, columns) in self.evidence.iter().enumerate() {
            if !matches!(Verdict::of(words, check), Verdict::Outside | Verdict::Passed) {
                shown.extend(columns);
            }
        }
        shown.sort_unstable();
        shown.dedup();
        shown
    }
}

/// The named columns of a row as a JSON object.
fn json(batch: &RecordBatch, described: &Described, shown: &[&'static str], row: usize) -> String {
    let mut object = String::from("{");
    for (name, column) in described.evidence.iter().filter(|(name, _)| shown.contains(name)) {
        if object.len() > 1 {
            object.push(',');
        }
        let _ = write!(object, "\"{name}\":{}", json_value(batch.column(*column), row));
    }
    object.push('}');
    object
}

fn json_value(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Timestamp(..) => {
            format!("\"{}\"", Moment::from_micros(column.as_primitive::<TimestampMicrosecondType>().value(row)))
        }
        DataType::Dictionary(..) => {
            let dictionary = column.as_dictionary::<Int32Type>();
            match dictionary.key(row) {
                Some(key) => quoted(dictionary.values().as_string::<i32>().value(key)),
                None => "null".to_owned(),
            }
        }
        _ => column.as_string_opt::<i32>().map_or_else(|| "null".to_owned(), |text| quoted(text.value(row))),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
