//! Helpers for the tests of sources: load a fixture as a run would, and read rows back as text.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Estate, Options, Source, load};
use crate::config::{Config, Moment};
use crate::inventory::Store;
use crate::inventory::schema::{TABLES, Table};

/// When fixtures without a time of their own were exported.
pub(super) const AS_OF: &str = "2026-06-30T12:00:00Z";

/// A fixture that was loaded; the rows go when it is dropped.
pub(super) struct Loaded {
    pub estate: Estate,
    _folder: tempfile::TempDir,
}

/// A file that is there or not, of a scope.
pub(super) fn input(file: impl Into<PathBuf>, scope: &str) -> super::Input {
    super::Input {
        content: super::Content::file(file.into()),
        path: "a".to_owned(),
        source_id: "s".to_owned(),
        scope_id: scope.to_owned(),
        as_of: None,
        map: None,
        progress: None,
    }
}

/// Loads a file or folder under `tests/it/fixtures/sources`, offered to this one source.
pub(super) fn load_fixture(source: &'static dyn Source, kind_and_file: &str) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources").join(kind_and_file);
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        paths: &[PathBuf::from(&path)],
        leave_out: None,
        config: &Config::default(),
        config_folder: None,
        as_of: Some(Moment::parse(AS_OF).unwrap()),
        max_evidence_age_days: 92,
        progress: None,
    };
    let estate = load(&[source], &options, Store::new(folder.path())).unwrap_or_else(|error| {
        panic!("{} cannot be loaded: {error:?}", path.display());
    });
    Loaded { estate, _folder: folder }
}

impl Loaded {
    /// What was loaded some other way, with the folder that holds it.
    pub fn new(estate: Estate, folder: tempfile::TempDir) -> Self {
        Self { estate, _folder: folder }
    }

    /// All rows of a table in the order of the files, NULL as `∅`.
    pub fn rows(&self, table: &Table, columns: &'static [&'static str]) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for batch in self.estate.store.read(table, columns).unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                rows.push(batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect());
            }
        }
        rows
    }

    /// Fails where a planted secret reached a row of any table, a reason or a note.
    pub fn assert_no_canary(&self) {
        for table in TABLES {
            let columns: Vec<&'static str> = table.columns.iter().map(|column| column.name).collect();
            let rows = self.rows(table, Vec::leak(columns));
            assert!(!rows.iter().flatten().any(|cell| cell.contains("CANARY")), "a canary in `{}`", table.name);
        }
        let told = format!("{:?} {:?}", self.estate.files, self.estate.faults);
        assert!(!told.contains("CANARY"), "a canary in {told}");
    }
}

fn cell(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "∅".to_owned();
    }
    if let DataType::Timestamp(..) = column.data_type() {
        let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
        return Moment::from_micros(micros).to_string();
    }
    ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap().value(row).to_string()
}
