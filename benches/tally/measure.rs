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
    bare: Vec<Duration>,
    tally: Vec<Duration>,
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
        views.push(Measured { view, checks, rows: 0, bare: Vec::new(), tally: Vec::new() });
    }
    let mut right = true;
    // The first round reads the files into the system's cache, and is the one whose counts are compared.
    for run in 0..=runs {
        for measured in &mut views {
            let started = Instant::now();
            let rows = engine.bare_scan(measured.view, &measured.checks)?;
            let bare = started.elapsed();
            let started = Instant::now();
            let tally = engine.tally(measured.view, &measured.checks, None)?;
            let took = started.elapsed();
            if run == 0 {
                measured.rows = rows;
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

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<f64> = times.map(|time| time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print(views: &[Measured]) {
    println!(
        "{:<12} {:>10} {:>7} {:>11} {:>9} {:>8} {:>7} {:>14}",
        "view", "rows", "checks", "predicates", "bare s", "tally s", "ratio", "rows/s"
    );
    let line = |name: &str, rows: u64, checks: usize, bare: f64, tally: f64| {
        #[expect(clippy::cast_precision_loss, reason = "rows a second are printed in round numbers")]
        let speed = rows as f64 / tally;
        let predicates = 2 * checks;
        println!(
            "{name:<12} {rows:>10} {checks:>7} {predicates:>11} {bare:>9.3} {tally:>8.3} {:>7.2} {speed:>14.0}",
            tally / bare
        );
    };
    for Measured { view, checks, rows, bare, tally } in views {
        line(view.name, *rows, checks.len(), median(bare.iter().copied()), median(tally.iter().copied()));
    }
    let runs = views.iter().map(|measured| measured.bare.len()).min().unwrap_or(0);
    let sum = |of: fn(&Measured) -> &Vec<Duration>| {
        median((0..runs).map(|run| views.iter().filter_map(|measured| of(measured).get(run)).sum()))
    };
    line(
        "total",
        views.iter().map(|measured| measured.rows).sum(),
        views.iter().map(|measured| measured.checks.len()).sum(),
        sum(|measured| &measured.bare),
        sum(|measured| &measured.tally),
    );
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
