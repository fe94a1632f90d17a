//! The measurement: bare scan and tally by turns, medians of both, and whether every count is right.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rungs::assessment::adjustment;
use rungs::diag::{Diagnostics, Scalar};
use rungs::engine::{CompiledCheck, Compiler, Engine, Tally};
use rungs::frameworks::{Files, Library};
use rungs::inventory::views::View;

use super::estate::{self, Expected};
use super::{Failure, credentials};

/// How much longer than the bare scan a tally may take, and how much memory, at any size.
const LIMIT: &str = "limit 2.00, aim 1.50";
const MEMORY_LIMIT_MIB: u64 = 2_048;

/// One view and what was measured of it.
struct Measured {
    view: &'static View,
    checks: Vec<CompiledCheck>,
    rows: u64,
    segments: usize,
    patterns: usize,
    bare: Vec<Took>,
    tally: Vec<Took>,
}

/// Time on the wall, and of all threads together: the latter says more on a machine that others use too.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: Duration,
    threads: Duration,
}

impl Took {
    fn by<T>(work: impl FnOnce() -> Result<T, rungs::engine::Error>) -> Result<(T, Self), Failure> {
        let (started, threads) = (Instant::now(), thread_time());
        let done = work()?;
        Ok((done, Self { wall: started.elapsed(), threads: thread_time().saturating_sub(threads) }))
    }
}

impl std::iter::Sum for Took {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, took| Self { wall: sum.wall + took.wall, threads: sum.threads + took.threads })
    }
}

/// Measures and prints; whether all counts are right.
pub fn measure(folder: &Path, runs: usize, expected: &BTreeMap<String, Expected>) -> Result<bool, Failure> {
    let engine = Engine::new()?;
    let library = Library::load(&Files::shipped()).map_err(faults)?;
    let mut views = Vec::new();
    for name in ["identities", "credentials"] {
        let view = View::find(name).ok_or_else(|| format!("there is no view `{name}`"))?;
        engine.open_view(name, &folder.join(format!("{name}.parquet")))?;
        let checks = compiled(&engine, &library, view)?;
        views.push(Measured { view, checks, rows: 0, segments: 0, patterns: 0, bare: Vec::new(), tally: Vec::new() });
    }
    let mut right = true;
    // The first round reads the files into the system's cache, and is the one whose counts are compared.
    for run in 0..=runs {
        for measured in &mut views {
            let (rows, bare) = Took::by(|| engine.bare_scan(measured.view, &measured.checks))?;
            let (tally, took) = Took::by(|| engine.tally(measured.view, &measured.checks, None))?;
            if run == 0 {
                measured.rows = rows;
                measured.segments = tally.patterns.len();
                measured.patterns = tally.patterns.values().map(BTreeMap::len).sum();
                right &= verify(measured, &tally, expected.get(measured.view.name).ok_or("no counts to compare")?);
            } else {
                measured.bare.push(bare);
                measured.tally.push(took);
            }
        }
    }
    print(&views);
    Ok(right)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn faults(faults: Diagnostics) -> Failure {
    faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("\n").into()
}

/// The shipped checks of a view as an assessment runs them: verdicts give way to what evidence covers.
fn compiled(engine: &Engine, library: &Library, view: &'static View) -> Result<Vec<CompiledCheck>, Failure> {
    let compiler = Compiler::new(engine);
    let coverage = estate::coverage(&estate::scopes());
    let limit = Scalar::Int(credentials::MAX_SECRET_AGE_DAYS);
    let mut checks = Vec::new();
    for check in library.checks.iter().filter(|check| *check.view == view.name) {
        let name = "max_secret_age_days".to_owned();
        let parameters = check.parameters.contains_key(&name).then(|| (name, limit.clone()));
        let parameters: BTreeMap<_, _> = parameters.into_iter().collect();
        let compiled = compiler.check(check, &parameters).map_err(faults)?;
        checks.push(compiled.adjusted(&adjustment(check, view, &coverage)));
    }
    Ok(checks)
}

/// Whether every check has a verdict on every row, and the checks that the generator judged too have its counts.
fn verify(measured: &Measured, tally: &Tally, expected: &Expected) -> bool {
    let mut right = true;
    let mut judged = expected.clone();
    for (place, check) in tally.checks.iter().enumerate() {
        let mut found = [0_u64; 6];
        for counts in tally.counts(place).values() {
            for (sum, count) in found.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        if found.iter().sum::<u64>() != measured.rows || tally.rows != measured.rows {
            eprintln!("wrong: `{check}` has verdicts {found:?} on {} rows", measured.rows);
            right = false;
        }
        if let Some(expected) = judged.remove(check).filter(|expected| *expected != found) {
            eprintln!("wrong: `{check}` has verdicts {found:?}, the rows were made for {expected:?}");
            right = false;
        }
    }
    for check in judged.keys() {
        eprintln!("wrong: `{check}` was not tallied");
        right = false;
    }
    right
}

/// Medians of the wall and of the threads, in seconds.
fn medians(times: impl Iterator<Item = Took>) -> [f64; 2] {
    let (mut wall, mut threads): (Vec<f64>, Vec<f64>) =
        times.map(|took| (took.wall.as_secs_f64(), took.threads.as_secs_f64())).unzip();
    [&mut wall, &mut threads].map(|times| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    })
}

fn print(views: &[Measured]) {
    println!(
        "{:<12} {:>9} {:>7} {:>11} {:>9} {:>9} {:>8} {:>8} {:>6} {:>12} {:>13}",
        "view",
        "rows",
        "checks",
        "predicates",
        "segments",
        "patterns",
        "bare s",
        "tally s",
        "ratio",
        "thread ratio",
        "rows/s"
    );
    let line = |name: &str, counts: [u64; 4], bare: [f64; 2], tally: [f64; 2]| {
        let ([rows, checks, segments, patterns], [bare, bare_threads], [tally, tally_threads]) = (counts, bare, tally);
        #[expect(clippy::cast_precision_loss, reason = "rows a second are printed in round numbers")]
        let speed = rows as f64 / tally;
        println!(
            "{name:<12} {rows:>9} {checks:>7} {:>11} {segments:>9} {patterns:>9} {bare:>8.3} {tally:>8.3} {:>6.2} {:>12.2} {speed:>13.0}",
            2 * checks,
            tally / bare,
            tally_threads / bare_threads,
        );
    };
    let counts = |of: &Measured| [of.rows, of.checks.len() as u64, of.segments as u64, of.patterns as u64];
    for measured in views {
        let [bare, tally] = [&measured.bare, &measured.tally].map(|times| medians(times.iter().copied()));
        line(measured.view.name, counts(measured), bare, tally);
    }
    let runs = views.iter().map(|measured| measured.bare.len()).min().unwrap_or(0);
    let sum = |of: fn(&Measured) -> &Vec<Took>| {
        medians((0..runs).map(|run| views.iter().filter_map(|measured| of(measured).get(run).copied()).sum()))
    };
    let total = views.iter().map(counts).fold([0; 4], |sum, of| std::array::from_fn(|place| sum[place] + of[place]));
    line("total", total, sum(|measured| &measured.bare), sum(|measured| &measured.tally));
    println!("ratio: {LIMIT}; medians of {runs} runs");
    match peak_memory_mib() {
        Some(peak) => println!("peak memory: {peak} MiB (limit {MEMORY_LIMIT_MIB} MiB)"),
        None => println!("peak memory: this system does not tell"),
    }
}

/// The most memory that this process ever held.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? / 1024)
}

/// What all threads of this process have worked so far; nothing where the system does not tell.
fn thread_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, which may hold spaces: user and system time are fields 14 and 15, in the
    // hundredths of a second that Linux gives on every architecture.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let hundredths: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(hundredths * 10)
}
