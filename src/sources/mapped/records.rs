//! Records of tables of any origin, one at a time, every cell as text: CSV with any usual separator, JSON documents or
//! one array of them, and Parquet.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Map;
use crate::sources::{Broken, Input, json};

const SEPARATORS: [u8; 4] = *b",;\t|";
/// Largest Parquet file that is not plain, in bytes: it has to be in memory to be read from its end.
const MAX_PACKED_PARQUET: u64 = 1 << 30;

/// One record: texts by the names that the map asks for.
#[derive(Default)]
pub struct Record(BTreeMap<String, String>);

impl Record {
    /// The text of a column; `None` where the record does not have it.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }
}

type Each<'a> = dyn FnMut(&str, &Record) -> Result<(), Broken> + 'a;

/// Reads every record; gives the columns that the map asks for and the file does not have.
///
/// # Errors
/// [`Broken`] when the file breaks off, or when `each` says so.
pub fn read(input: &Input, map: &Map, each: &mut Each<'_>) -> Result<Vec<String>, Broken> {
    let wanted: BTreeSet<&str> = map.columns.iter().filter_map(|column| column.from.as_deref()).collect();
    let mut reader = input.reader()?;
    let head = reader.fill_buf().map_err(|error| Broken::io(&error))?;
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    if head.starts_with(b"PAR1") {
        drop(reader);
        return parquet(input, &wanted, each);
    }
    match first {
        Some(b'{' | b'[') => documents(reader, &wanted, each),
        _ => separated(reader, &wanted, each),
    }
}

fn separated(mut reader: impl BufRead, wanted: &BTreeSet<&str>, each: &mut Each<'_>) -> Result<Vec<String>, Broken> {
    let head = reader.fill_buf().map_err(|error| Broken::io(&error))?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.split(|byte| *byte == separator).count();
    let separator = SEPARATORS.into_iter().max_by_key(|it| (count(*it), u8::MAX - it)).unwrap_or(b',');
    let mut rows = csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(reader);
    let header = rows.headers().map_err(|_| Broken::new("the header is not UTF-8 text"))?.clone();
    let place = |name: &str| {
        let exact = header.iter().position(|known| known.trim() == name);
        exact.or_else(|| header.iter().position(|known| known.trim().eq_ignore_ascii_case(name)))
    };
    let places: BTreeMap<&str, usize> = wanted.iter().filter_map(|name| Some((*name, place(name)?))).collect();
    let missing: Vec<String> =
        wanted.iter().filter(|name| !places.contains_key(*name)).map(|name| (*name).to_owned()).collect();
    if !missing.is_empty() {
        return Ok(missing);
    }
    let mut row = csv::ByteRecord::new();
    while rows.read_byte_record(&mut row).map_err(|_| Broken::new("the file cannot be read any further"))? {
        if row.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let text = |at: &usize| row.get(*at).map(|cell| String::from_utf8_lossy(cell).into_owned());
        let record = places.iter().filter_map(|(name, at)| Some(((*name).to_owned(), text(at)?)));
        each(&format!("line {line}"), &Record(record.collect()))?;
    }
    Ok(Vec::new())
}

fn documents(reader: impl BufRead, wanted: &BTreeSet<&str>, each: &mut Each<'_>) -> Result<Vec<String>, Broken> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut count = 0_u64;
    json::records(reader, &mut |locator, document| {
        count += 1;
        // What is no object has none of the columns, and is rejected for want of those it needs.
        let value: serde_json::Value = serde_json::from_str(document.get()).unwrap_or_default();
        let mut record = Record::default();
        for name in wanted {
            if let Some(found) = at(&value, name) {
                seen.insert(*name);
                if let Some(text) = shown(found) {
                    record.0.insert((*name).to_owned(), text);
                }
            }
        }
        each(locator, &record)
    })?;
    // Documents may leave out what they do not have, but what none of them has was misspelt.
    let missing = wanted.iter().filter(|name| count > 0 && !seen.contains(*name));
    Ok(missing.map(|name| (*name).to_owned()).collect())
}

/// The value at a key, or along keys with dots between them.
fn at<'a>(value: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    value.get(path).or_else(|| path.split('.').try_fold(value, |value, key| value.get(key)))
}

fn shown(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(items) => {
            Some(items.iter().filter_map(shown).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
        }
        other => Some(other.to_string()),
    }
}

fn parquet(input: &Input, wanted: &BTreeSet<&str>, each: &mut Each<'_>) -> Result<Vec<String>, Broken> {
    let damaged = |_| Broken::new("the Parquet file is damaged");
    let mut bytes = Vec::new();
    input.reader()?.take(MAX_PACKED_PARQUET + 1).read_to_end(&mut bytes).map_err(|error| Broken::io(&error))?;
    if bytes.len() as u64 > MAX_PACKED_PARQUET {
        return Err(Broken::new("the Parquet file is larger than 1 GiB; split it"));
    }
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).map_err(damaged)?;
    let schema = builder.schema().clone();
    let missing: Vec<String> =
        wanted.iter().filter(|name| schema.column_with_name(name).is_none()).map(|name| (*name).to_owned()).collect();
    if !missing.is_empty() {
        return Ok(missing);
    }
    let options = FormatOptions::default().with_display_error(true);
    let mut number = 0_u64;
    for batch in builder.build().map_err(damaged)? {
        let batch = batch.map_err(|_| Broken::new("the Parquet file cannot be read any further"))?;
        let mut columns = Vec::new();
        for name in wanted {
            let Some(column) = batch.column_by_name(name) else { continue };
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options)
                .map_err(|_| Broken::new(format!("column `{name}` of the Parquet file cannot be shown as text")))?;
            columns.push((*name, column, formatter));
        }
        for row in 0..batch.num_rows() {
            number += 1;
            let filled = columns.iter().filter(|(_, column, _)| !column.is_null(row));
            let record = filled.map(|(name, _, formatter)| ((*name).to_owned(), formatter.value(row).to_string()));
            each(&format!("row {number}"), &Record(record.collect()))?;
        }
    }
    Ok(Vec::new())
}
