//! A view's Parquet file, written as the engine writes it: declared columns, sorted by key, row groups of the
//! same size. Holds one batch and one row group, whatever the number of rows.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, StringDictionaryBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use rungs::inventory::column::Kind;
use rungs::inventory::views::View;

use super::Failure;

/// Rows of one record batch.
const BATCH_ROWS: usize = 65_536;
/// Rows of one row group, as in the engine's own files.
const ROW_GROUP: usize = 256 * 1024;

/// One value of a row.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// Text or a word.
    Text(Option<&'a str>),
    /// True, false or not known.
    Bool(Option<bool>),
    /// A whole number, or a moment in microseconds.
    Int(Option<i64>),
}

/// Collects one column.
enum Builder {
    Text(StringBuilder),
    Word(StringDictionaryBuilder<Int32Type>),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Word => Self::Word(StringDictionaryBuilder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::new()),
        }
    }

    /// Whether the value fits the column.
    fn append(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(text)) => builder.append_option(text),
            (Self::Word(builder), Cell::Text(text)) => builder.append_option(text),
            (Self::Bool(builder), Cell::Bool(answer)) => builder.append_option(answer),
            (Self::Int(builder), Cell::Int(number)) => builder.append_option(number),
            (Self::Time(builder), Cell::Int(micros)) => builder.append_option(micros),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Word(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish().with_timezone("UTC")),
        }
    }
}

/// The file of one view, while it is written.
pub struct Table {
    view: &'static View,
    builders: Vec<Builder>,
    writer: ArrowWriter<File>,
    held: usize,
    last_key: String,
}

impl Table {
    /// Begins the file.
    pub fn create(view: &'static View, path: &Path) -> Result<Self, Failure> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(File::create(path)?, view.arrow(), Some(properties))?;
        let builders = view.columns().map(|column| Builder::new(column.kind)).collect();
        Ok(Self { view, builders, writer, held: 0, last_key: String::new() })
    }

    /// Adds a row: every declared column by name, in the declared order, so that a column added to the view
    /// stops the benchmark instead of being forgotten by it.
    pub fn push(&mut self, row: &[(&'static str, Cell<'_>)]) -> Result<(), Failure> {
        if self.held == 0 && !self.view.columns().map(|column| column.name).eq(row.iter().map(|(name, _)| *name)) {
            return Err(format!("the rows made for view `{}` do not have its declared columns", self.view.name).into());
        }
        for (builder, (name, cell)) in self.builders.iter_mut().zip(row) {
            if !builder.append(*cell) {
                return Err(format!("a value made for `{}.{name}` has another type", self.view.name).into());
            }
            if *name == self.view.key
                && let Cell::Text(Some(key)) = cell
            {
                if *key <= self.last_key.as_str() {
                    return Err(format!("key `{key}` does not come after `{}`", self.last_key).into());
                }
                self.last_key.clear();
                self.last_key.push_str(key);
            }
        }
        self.held += 1;
        if self.held == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        self.writer.write(&RecordBatch::try_new(self.view.arrow(), columns)?)?;
        self.held = 0;
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<(), Failure> {
        if self.held > 0 {
            self.flush()?;
        }
        self.writer.close()?;
        Ok(())
    }
}
