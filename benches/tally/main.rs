//! `cargo bench --bench tally -- --identities 5000000 --credentials 10000000`: how long one scan takes that
//! tallies every shipped check of two views, beside a bare scan of the same columns. Makes the views, then
//! measures in a process of its own, so that its peak of memory is the tally's alone. Ends with 1 when a count
//! is wrong; how fast it is, it prints and does not judge.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reads the clock, and prints what it measured"
)]

mod credentials;
mod estate;
mod identities;
mod measure;
mod random;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use estate::Expected;
use serde::{Deserialize, Serialize};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Changes with the rows that a seed gives, so that an old folder is not used again.
const FORMAT: u32 = 3;

const USAGE: &str = "\
usage: cargo bench --bench tally -- [--identities N] [--credentials N] [--seed N] [--runs N] [--folder DIR]
  --folder DIR   keep the Parquet files there, and use them again when they fit";

/// What to make and how often to measure.
struct Options {
    made: Made,
    runs: usize,
    folder: Option<PathBuf>,
    measure: bool,
}

/// What lies in a folder: the sizes and seed it was made with.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Made {
    format: u32,
    identities: i64,
    credentials: i64,
    seed: u64,
    /// What the checks of each view must find; empty until the rows are made.
    expected: BTreeMap<String, Expected>,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let made =
            Made { format: FORMAT, identities: 500_000, credentials: 1_000_000, seed: 1, expected: BTreeMap::new() };
        let mut options = Self { made, runs: 5, folder: None, measure: false };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value\n{USAGE}"));
            match argument.as_str() {
                "--identities" => options.made.identities = value()?.parse()?,
                "--credentials" => options.made.credentials = value()?.parse()?,
                "--seed" => options.made.seed = value()?.parse()?,
                "--runs" => options.runs = value()?.parse()?,
                "--folder" => options.folder = Some(value()?.into()),
                // The second process, which only measures.
                "--measure" => options.measure = true,
                // Cargo says it to every benchmark.
                "--bench" => {}
                _ => return Err(format!("there is no argument `{argument}`\n{USAGE}").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    if let (true, Some(folder)) = (options.measure, &options.folder) {
        let made: Made = serde_json::from_slice(&std::fs::read(folder.join("made.json"))?)?;
        let right = measure::measure(folder, options.runs, &made.expected)?;
        return Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let temporary = tempfile::tempdir()?;
    let folder = options.folder.as_deref().unwrap_or(temporary.path());
    make(&options.made, folder)?;
    let status = Command::new(std::env::current_exe()?)
        .args(["--measure", "--runs", &options.runs.to_string(), "--folder"])
        .arg(folder)
        .status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Makes both views, each on a thread, unless the folder has them.
fn make(wanted: &Made, folder: &Path) -> Result<(), Failure> {
    let manifest = folder.join("made.json");
    let found = std::fs::read(&manifest).ok().and_then(|bytes| serde_json::from_slice::<Made>(&bytes).ok());
    if found.is_some_and(|found| found.same_as(wanted)) {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let started = std::time::Instant::now();
    let scopes = estate::scopes();
    let [identities, credentials] = ["identities", "credentials"].map(|view| folder.join(format!("{view}.parquet")));
    let expected = std::thread::scope(|threads| -> Result<_, Failure> {
        let one = threads.spawn(|| identities::write(&scopes, wanted.identities, wanted.seed, &identities));
        let credentials = credentials::write(&scopes, wanted.credentials, !wanted.seed, &credentials)?;
        let identities = one.join().map_err(|_| "the thread that makes identities died")??;
        Ok(BTreeMap::from([("identities".to_owned(), identities), ("credentials".to_owned(), credentials)]))
    })?;
    let made = Made { expected, ..wanted.clone() };
    std::fs::write(manifest, serde_json::to_vec_pretty(&made)?)?;
    println!("made {} rows in {:.1} s", wanted.identities + wanted.credentials, started.elapsed().as_secs_f64());
    Ok(())
}

impl Made {
    fn same_as(&self, other: &Self) -> bool {
        (self.format, self.identities, self.credentials, self.seed)
            == (other.format, other.identities, other.credentials, other.seed)
    }
}
