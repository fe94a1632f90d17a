//! The Parquet folder that holds the rows of one run: one sub-folder a table, one file a source. Nothing
//! larger than a batch is held in memory while writing.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::schema::{BatchBuilder, Row, Table};

/// Rows of one record batch.
const BATCH_ROWS: usize = 65_536;

/// Why the work folder could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("cannot use the work file `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The Parquet library said no.
    #[error("cannot write or read `{path}` as Parquet")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: parquet::errors::ParquetError,
    },
    /// Columns did not fit the schema.
    #[error("rows of `{table}` do not fit its schema")]
    Arrow {
        /// The table.
        table: &'static str,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
}

/// The work folder of one run.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Uses an existing, empty folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where the rows of a table lie; the folder may be missing when no source had any.
    #[must_use]
    pub fn table_folder(&self, table: &Table) -> PathBuf {
        self.folder.join(table.name)
    }

    /// A place for derived data, inside the work folder.
    #[must_use]
    pub fn derived(&self, name: &str) -> PathBuf {
        self.folder.join("derived").join(name)
    }

    /// A writer for one source; `index` orders the files of a table.
    #[must_use]
    pub fn writer(&self, index: usize) -> Writer {
        Writer { folder: self.folder.clone(), index, tables: BTreeMap::new() }
    }

    /// The files of a table, in order.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder exists but cannot be listed.
    pub fn files(&self, table: &Table) -> Result<Vec<PathBuf>, Error> {
        let folder = self.table_folder(table);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let io = |source| Error::Io { path: folder.clone(), source };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            files.push(entry.map_err(io)?.path());
        }
        files.sort();
        Ok(files)
    }

    /// All rows of a table, batch by batch, with the named columns in that order.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be listed.
    pub fn read(&self, table: &Table, columns: &'static [&'static str]) -> Result<Reader, Error> {
        Ok(Reader { files: self.files(table)?.into_iter(), columns, current: None })
    }
}

/// Writes the rows of one source.
pub struct Writer {
    folder: PathBuf,
    index: usize,
    tables: BTreeMap<&'static str, Box<dyn AnyTable>>,
}

impl Writer {
    /// Adds a row to its table.
    ///
    /// # Errors
    /// When a full batch cannot be written.
    pub fn push<R: Row + 'static>(&mut self, row: R) -> Result<(), Error>
    where
        R::Batch: Send + 'static,
    {
        let folder = &self.folder;
        let index = self.index;
        let table = self.tables.entry(R::TABLE.name).or_insert_with(|| Box::new(TableWriter::<R>::new(folder, index)));
        // Tables are keyed by name and every row type has its own, so the type always fits.
        if let Some(writer) = table.as_any().downcast_mut::<TableWriter<R>>() {
            writer.push(row)?;
        }
        Ok(())
    }

    /// Writes what is still held and closes the files.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        self.tables.into_values().try_for_each(|mut table| table.finish())
    }
}

trait AnyTable: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn finish(&mut self) -> Result<(), Error>;
}

struct TableWriter<R: Row> {
    path: PathBuf,
    batch: R::Batch,
    file: Option<ArrowWriter<File>>,
}

impl<R: Row> TableWriter<R> {
    fn new(folder: &Path, index: usize) -> Self {
        let path = folder.join(R::TABLE.name).join(format!("{index:05}.parquet"));
        Self { path, batch: R::Batch::default(), file: None }
    }

    fn push(&mut self, row: R) -> Result<(), Error> {
        self.batch.push(row);
        if self.batch.rows() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.batch.rows() == 0 {
            return Ok(());
        }
        let batch: RecordBatch = self.batch.finish().map_err(|source| Error::Arrow { table: R::TABLE.name, source })?;
        let parquet = |source| Error::Parquet { path: self.path.clone(), source };
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                let io = |source| Error::Io { path: self.path.clone(), source };
                if let Some(parent) = self.path.parent() {
                    std::fs::create_dir_all(parent).map_err(io)?;
                }
                let file = File::create(&self.path).map_err(io)?;
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                empty.insert(ArrowWriter::try_new(file, R::TABLE.arrow(), Some(properties)).map_err(parquet)?)
            }
        };
        file.write(&batch).map_err(parquet)
    }
}

impl<R: Row + 'static> AnyTable for TableWriter<R>
where
    R::Batch: Send + 'static,
{
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.flush()?;
        if let Some(file) = self.file.take() {
            file.close().map_err(|source| Error::Parquet { path: self.path.clone(), source })?;
        }
        Ok(())
    }
}

/// Reads the rows of one table.
pub struct Reader {
    files: std::vec::IntoIter<PathBuf>,
    columns: &'static [&'static str],
    current: Option<(PathBuf, parquet::arrow::arrow_reader::ParquetRecordBatchReader)>,
}

impl Reader {
    fn open(&self, path: PathBuf) -> Result<(PathBuf, parquet::arrow::arrow_reader::ParquetRecordBatchReader), Error> {
        let file = File::open(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        let parquet = |source| Error::Parquet { path: path.clone(), source };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(parquet)?;
        let mask = parquet::arrow::ProjectionMask::columns(builder.parquet_schema(), self.columns.iter().copied());
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(parquet)?;
        Ok((path, reader))
    }

    fn ordered(&self, batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let indices: Vec<usize> =
            self.columns.iter().map(|name| batch.schema().index_of(name)).collect::<Result<_, _>>()?;
        batch.project(&indices)
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((path, reader)) = &mut self.current {
                let arrow =
                    |source: arrow::error::ArrowError| Error::Parquet { path: path.clone(), source: source.into() };
                match reader.next() {
                    Some(batch) => {
                        let batch = batch.map_err(arrow);
                        return Some(batch.and_then(|batch| {
                            self.ordered(&batch).map_err(|source| Error::Arrow { table: "rows", source })
                        }));
                    }
                    None => self.current = None,
                }
            }
            let next = self.files.next()?;
            match self.open(next) {
                Ok(open) => self.current = Some(open),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
