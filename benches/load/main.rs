//! `cargo bench --profile release --bench load`: how fast each JSON format is loaded, in MB/s, beside `serde_json`'s
//! bare parse of the same bytes into values. A file of each format is made by repeating the records of its largest
//! fixture. What is timed is all that a run does with a file: digest, recognition, reading, rows written as Parquet. Ends
//! with 1 when none of a format's records is read; how fast it is, it prints and does not judge.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reads the clock, and prints what it measured"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rungs::config::{Config, Moment};
use rungs::inventory::Store;
use rungs::sources::{Options, SOURCES, Source, load};
use serde_json::Value;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that a made file has, unless told otherwise.
const MEBIBYTES: usize = 8;
/// Runs of which the fastest counts: what disturbs a run only makes it slower.
const RUNS: usize = 3;
const AS_OF: &str = "2026-06-30T12:00:00Z";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let (mut wanted, mut mebibytes) = (None, MEBIBYTES);
    for argument in std::env::args().skip(1).filter(|argument| argument != "--bench") {
        match argument.strip_prefix("--mebibytes=") {
            Some(number) => mebibytes = number.parse()?,
            None => wanted = Some(argument),
        }
    }
    println!("{:<34} {:>8} {:>10} {:>10} {:>7}", "format", "records", "load MB/s", "parse MB/s", "share");
    let (mut is_whole, mut slowest) = (true, f64::INFINITY);
    for source in SOURCES {
        let kind = source.about().kind;
        if wanted.as_ref().is_some_and(|wanted| !kind.contains(wanted.as_str())) {
            continue;
        }
        let Some((name, bytes)) = enlarged(kind, mebibytes << 20)? else { continue };
        let folder = tempfile::tempdir()?;
        let place = folder.path().join("bench");
        std::fs::create_dir(&place)?;
        let file = place.join(name);
        std::fs::write(&file, &bytes)?;
        let mut records = 0;
        let loaded = fastest(|| {
            records = load_once(*source, &file)?;
            Ok(())
        })?;
        let parsed = fastest(|| {
            let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
            for value in values {
                std::hint::black_box(value?);
            }
            Ok(())
        })?;
        #[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^53")]
        let speed = |time: Duration| bytes.len() as f64 / 1e6 / time.as_secs_f64();
        let share = speed(loaded) / speed(parsed);
        slowest = slowest.min(share);
        is_whole &= records > 0;
        println!("{kind:<34} {records:>8} {:>10.0} {:>10.0} {share:>7.2}", speed(loaded), speed(parsed));
    }
    println!("lowest share of a bare parse: {slowest:.2} (aim 0.50)");
    Ok(is_whole)
}

fn fastest(mut work: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let started = Instant::now();
        work()?;
        best = best.min(started.elapsed());
    }
    Ok(best)
}

/// Loads the file as a run would; gives the records that were read.
fn load_once(source: &'static dyn Source, file: &Path) -> Result<i64, Failure> {
    let work = tempfile::tempdir()?;
    let options = Options {
        paths: &[file.to_path_buf()],
        leave_out: None,
        config: &Config::default(),
        config_folder: None,
        as_of: Some(Moment::parse(AS_OF)?),
        max_evidence_age_days: 92,
        progress: None,
    };
    let estate = load(&[source], &options, Store::new(work.path())).map_err(|error| format!("{error:?}"))?;
    let file = estate.files.first().ok_or("the file was not recognised")?;
    match &file.failure {
        Some(reason) => Err(format!("{}: {reason}", source.about().kind).into()),
        None => Ok(file.rows_read),
    }
}

/// The largest JSON fixture of a format, with its records repeated up to a size; `None` where the format is no JSON, or
/// where nothing in it can be repeated.
fn enlarged(kind: &str, size: usize) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources").join(kind).join("good");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(None) };
    let mut fixtures = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
        if let (Ok(documents), Some(name)) = (documents, path.file_name()) {
            fixtures.push((text.len(), name.to_string_lossy().into_owned(), documents));
        }
    }
    fixtures.sort_by_key(|(length, name, _)| (std::cmp::Reverse(*length), name.clone()));
    for (_, name, documents) in fixtures {
        let mut text = Vec::new();
        if let [only] = documents.as_slice() {
            let mut document = only.clone();
            let length = only.to_string().len().max(1);
            if !repeat(&mut document, size / length + 1) {
                continue;
            }
            serde_json::to_writer(&mut text, &document)?;
        } else {
            let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
            let lines = lines.join("\n") + "\n";
            text = lines.repeat(size / lines.len().max(1) + 1).into_bytes();
        }
        if text.len() >= size / 2 {
            return Ok(Some((name, text)));
        }
    }
    Ok(None)
}

/// Repeats the elements of the longest array at or just below the top; `false` where there is none.
fn repeat(document: &mut Value, times: usize) -> bool {
    let again = |items: &mut Vec<Value>| {
        let once = items.clone();
        (1..times).for_each(|_| items.extend(once.iter().cloned()));
        !once.is_empty()
    };
    match document {
        Value::Array(items) => again(items),
        Value::Object(entries) => entries
            .values_mut()
            .filter_map(Value::as_array_mut)
            .max_by_key(|items| items.iter().map(|item| item.to_string().len()).sum::<usize>())
            .is_some_and(again),
        _ => false,
    }
}
