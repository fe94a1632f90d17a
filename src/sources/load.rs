//! From paths to an inventory: find files, recognise each, load it, and account for everything that was not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::discover::{Found, Unrecognised, discover};
use super::provenance::{build_coverage, cut_short, write_provenance};
use super::{About, Broken, Input, Output, Progress, Source};
use crate::config::{Config, Moment};
use crate::diag::{Diagnostic, Diagnostics, Place, nearest};
use crate::inventory::{self, Coverage, Level, PROVIDERS, Parts, Provider, Rejected, Store};

/// Why nothing could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that the user named cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Faults that must be mended first.
    #[error("the inventory cannot be loaded")]
    Faults(Diagnostics),
    /// The work folder.
    #[error(transparent)]
    Store(#[from] inventory::Error),
}

/// What a run knows before it reads anything.
pub struct Options<'a> {
    /// Files and folders to read.
    pub paths: &'a [PathBuf],
    /// A folder inside them to leave out: where the run writes its own results.
    pub leave_out: Option<&'a Path>,
    /// The validated rungs.yaml.
    pub config: &'a Config,
    /// The folder of rungs.yaml, to which its paths are relative.
    pub config_folder: Option<&'a Path>,
    /// The run's own `--as-of`.
    pub as_of: Option<Moment>,
    /// Largest age of evidence, in days.
    pub max_evidence_age_days: u32,
    /// Who wants to know how far reading has come.
    pub progress: Option<Arc<dyn Progress>>,
}

/// Everything that was read, and everything that was not.
#[derive(Debug)]
pub struct Estate {
    /// The rows.
    pub store: Store,
    /// The moment at which the assessment is made.
    pub as_of: Moment,
    /// Recognised files, in order of their paths.
    pub files: Vec<LoadedFile>,
    /// Files that no source recognises, with the nearest guess.
    pub unrecognised: Vec<Unrecognised>,
    /// What the files together could have proved.
    pub coverage: Coverage,
    /// Warnings and notes.
    pub faults: Diagnostics,
}

impl Estate {
    /// Every record that could not be read.
    pub fn rejected(&self) -> impl Iterator<Item = &Rejected> {
        self.files.iter().flat_map(|file| &file.rejected)
    }

    /// Whether a recognised file could not be read to its end.
    #[must_use]
    pub fn incomplete(&self) -> bool {
        self.files.iter().any(|file| file.failure.is_some())
    }
}

/// One recognised file.
#[derive(Debug)]
pub struct LoadedFile {
    /// Its name as the user knows it.
    pub path: String,
    /// Its whole SHA-256, lower-case hex.
    pub sha256: String,
    /// Its format.
    pub about: &'static About,
    /// Kind of system that it is about.
    pub provider: &'static str,
    /// The view in which a record that cannot be read counts as one unknown row.
    pub main_view: &'static str,
    /// The scope that it is about, where it is one.
    pub scope_id: String,
    /// Whether the scope was taken from the folder's name for want of anything better.
    pub scope_assumed: bool,
    /// When the export was made.
    pub as_of: Moment,
    /// How that is known: `in_file`, `configured` or `run`.
    pub as_of_basis: &'static str,
    /// Records in the file.
    pub rows_read: i64,
    /// Records that were understood.
    pub rows_loaded: i64,
    /// Records that were not.
    pub rejected: Vec<Rejected>,
    /// Why it could not be read to its end.
    pub failure: Option<String>,
    /// Whether the export says that more pages exist, or broke off.
    pub truncated: Option<bool>,
    /// What it could have proved.
    pub coverage: Vec<FileCoverage>,
    /// Who agreed that its scope is left out, where it is.
    pub excluded: bool,
}

/// How far one file covers one fact of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCoverage {
    /// Provider of the scope, which is not always the file's own.
    pub provider: &'static str,
    /// The scope.
    pub scope_id: String,
    /// The fact.
    pub fact: inventory::Fact,
    /// How far.
    pub level: Level,
    /// Why not further.
    pub note: Option<String>,
    /// Start of the tracking or scan window.
    pub window_from: Option<Moment>,
    /// Which parts of the fact it shows in full, where the rest stands in other exports.
    pub parts: Option<Parts>,
}

impl LoadedFile {
    /// The id that its rows carry.
    #[must_use]
    pub fn source_id(&self) -> &str {
        self.sha256.get(..16).unwrap_or(&self.sha256)
    }
}

/// Reads everything under the given paths into `store`.
///
/// # Errors
/// [`Error::Faults`] when no file is recognised, when a file's moment is not known, when rungs.yaml names an
/// unknown provider or source, or when the only recognised file breaks off.
pub fn load(sources: &[&'static dyn Source], options: &Options<'_>, store: Store) -> Result<Estate, Error> {
    check_providers(options.config)?;
    let (found, unrecognised, mut faults) = discover(sources, options)?;
    check_absent(&found, options.config)?;
    if found.is_empty() {
        return Err(Error::Faults(nothing_recognised(options, &unrecognised)));
    }
    if let Some(progress) = &options.progress {
        progress.total(found.iter().filter_map(|file| file.content.size().ok()).sum());
    }
    let loaded = load_all(&found, options, &store)?;
    let mut files = Vec::new();
    for (file, notes) in loaded {
        faults.extend(notes);
        files.push(file);
    }
    if let [only] = files.as_slice()
        && let Some(reason) = &only.failure
    {
        let fault = Diagnostic::error("sources/broken", reason.clone())
            .at(Place::Path(only.path.clone()))
            .help("export it again; it is the only file that could be used");
        return Err(Error::Faults(fault.into()));
    }
    let as_of = run_as_of(options, &files);
    let coverage = build_coverage(options, &files, as_of);
    write_provenance(&store, &files)?;
    Ok(Estate { store, as_of, files, unrecognised, coverage, faults })
}

fn check_providers(config: &Config) -> Result<(), Error> {
    let Some(file) = &config.file else { return Ok(()) };
    let named = config.scopes.iter().map(|scope| &scope.provider).chain(config.absent.iter().map(|it| &it.provider));
    let faults: Diagnostics = named
        .filter(|provider| Provider::find(provider).is_none())
        .map(|named| {
            let known = PROVIDERS.iter().map(|provider| provider.id);
            let fault = Diagnostic::error("config/provider", format!("`{}` is not a known provider", **named))
                .at_value(file, named);
            match nearest(named, known.clone()) {
                Some(name) => fault.help(format!("did you mean `{name}`?")),
                None => fault.help(format!("providers are {}", known.collect::<Vec<_>>().join(", "))),
            }
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

/// A file is evidence that a system exists: it refutes whoever says that there is none.
fn check_absent(found: &[Found], config: &Config) -> Result<(), Error> {
    let Some(file) = &config.file else { return Ok(()) };
    let faults: Diagnostics = config
        .absent
        .iter()
        .filter_map(|absent| {
            let of_it = found.iter().find(|found| found.provider() == absent.provider.as_str())?;
            let message =
                format!("`{}` is said to be absent, and `{}` is an export of it", *absent.provider, of_it.path);
            Some(Diagnostic::error("config/absent", message).at_value(file, &absent.provider).help("remove the entry"))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

fn nothing_recognised(options: &Options<'_>, unrecognised: &[Unrecognised]) -> Diagnostics {
    let paths: Vec<_> = options.paths.iter().map(|path| path.display().to_string()).collect();
    let mut faults = Diagnostics::from(
        Diagnostic::error("sources/nothing", format!("no export was recognised in `{}`", paths.join("`, `")))
            .help("`rungs sources` lists every format with the command that produces it"),
    );
    for file in unrecognised {
        faults
            .push(Diagnostic::warning("sources/unrecognised", file.reason.clone()).at(Place::Path(file.path.clone())));
    }
    faults
}

type Outcome = Result<(LoadedFile, Diagnostics), Error>;

/// Loads files on all cores; results come back in the order of `found`, whoever finished first.
fn load_all(found: &[Found], options: &Options<'_>, store: &Store) -> Result<Vec<(LoadedFile, Diagnostics)>, Error> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<BTreeMap<usize, Outcome>> = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(found.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = found.get(index) else { break };
                    let outcome = load_one(file, index, options, store);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.insert(index, outcome);
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut faults = Diagnostics::default();
    let mut loaded = Vec::new();
    for outcome in outcomes.into_values() {
        match outcome {
            Ok(file) => loaded.push(file),
            Err(Error::Faults(more)) => faults.extend(more),
            Err(error) => return Err(error),
        }
    }
    if faults.has_errors() { Err(Error::Faults(faults)) } else { Ok(loaded) }
}

fn load_one(found: &Found, index: usize, options: &Options<'_>, store: &Store) -> Outcome {
    let about = found.source.about();
    let sha256 = found.sha256.clone();
    let outside = outside_as_of(found, options);
    let (hinted_scope, scope_assumed) = scope_hint(found, options);
    let input = Input {
        content: found.content.clone(),
        path: found.path.clone(),
        source_id: sha256.get(..16).unwrap_or(&sha256).to_owned(),
        scope_id: hinted_scope.clone(),
        as_of: outside.map(|(moment, _)| moment),
        map: found.map.clone(),
        progress: options.progress.clone(),
    };
    let mut out = Output::new(store.writer(index), &found.path);
    let failure = match found.source.load(&input, &mut out) {
        Ok(()) => None,
        Err(Broken::File(reason)) => Some(reason),
        Err(Broken::Store(error)) => return Err(error.into()),
    };
    let Output {
        writer,
        rows_read,
        rows_loaded,
        rejected,
        covered,
        as_of,
        latest,
        truncated,
        scope_id,
        mut faults,
        ..
    } = out;
    writer.finish()?;
    if faults.has_errors() {
        return Err(Error::Faults(faults));
    }
    let (as_of, as_of_basis) = settle_as_of(found, as_of, outside, latest.as_ref(), &mut faults)?;
    let short = failure.as_ref().map(|_| "the file breaks off").or(match truncated {
        Some(true) => Some("the export says that more pages exist"),
        _ => None,
    });
    let coverage = cut_short(covered, short);
    let excluded = !coverage.is_empty()
        && coverage.iter().all(|covered| is_excluded(options.config, covered.provider, &covered.scope_id));
    if excluded {
        drop_rows(store, index)?;
    }
    let names_scope = scope_id.is_some();
    let scope_id = scope_id.unwrap_or(hinted_scope);
    let file = LoadedFile {
        path: found.path.clone(),
        sha256,
        about,
        provider: found.provider(),
        main_view: found.main_view(),
        scope_id,
        scope_assumed: scope_assumed && !names_scope,
        as_of,
        as_of_basis,
        rows_read,
        rows_loaded,
        rejected,
        truncated: if failure.is_some() { Some(true) } else { truncated },
        failure,
        coverage,
        excluded,
    };
    Ok((file, faults))
}

/// The moment that was stated outside the file, and how.
fn outside_as_of(found: &Found, options: &Options<'_>) -> Option<(Moment, &'static str)> {
    let hinted = found.hint.and_then(|hint| hint.as_of).map(|moment| (moment, "configured"));
    let run = options.as_of.map(|moment| (moment, "run"));
    let configured = options.config.as_of.map(|moment| (moment, "configured"));
    hinted.or(run).or(configured)
}

/// The scope that was stated outside the file, or else its folder's name, and whether it was assumed.
fn scope_hint(found: &Found, options: &Options<'_>) -> (String, bool) {
    if let Some(scope) = found.hint.and_then(|hint| hint.scope_id.clone()) {
        return (scope, false);
    }
    let path = found.content.path();
    // An archive of exports is a folder of that name.
    let folder = path.parent().and_then(|folder| {
        if folder == found.content.file_on_disk() { folder.file_stem() } else { folder.file_name() }
    });
    let folder = folder.map(|name| name.to_string_lossy().into_owned());
    let name = folder.filter(|name| !name.is_empty()).unwrap_or_else(|| "unnamed".to_owned());
    // A folder that bears a declared scope's id was named so on purpose.
    let provider = found.provider();
    let declared = options.config.scopes.iter().any(|scope| *scope.id == name && *scope.provider == provider);
    (name, !declared)
}

fn settle_as_of(
    found: &Found,
    in_file: Option<Moment>,
    outside: Option<(Moment, &'static str)>,
    latest: Option<&(Moment, String)>,
    faults: &mut Diagnostics,
) -> Result<(Moment, &'static str), Error> {
    let after = |as_of: Moment| latest.filter(|(moment, _)| *moment > as_of);
    let later = |moment: Moment, locator: &str, what: &str| {
        Diagnostic::warning("sources/later-row", format!("a record is dated {moment}, after {what}"))
            .at(Place::Record(found.path.clone(), locator.to_owned()))
    };
    if let Some(as_of) = in_file {
        match after(as_of) {
            None => return Ok((as_of, "in_file")),
            Some((moment, locator)) => faults.push(
                later(*moment, locator, &format!("the export says it was made ({as_of})"))
                    .help("the file's own time is not used; state it under `sources:` in rungs.yaml"),
            ),
        }
    }
    let Some((as_of, basis)) = outside else {
        return Err(Error::Faults(
            Diagnostic::error("sources/as-of", "the file does not say when it was made")
                .at(Place::Path(found.path.clone()))
                .help("give `--as-of DATE`, or `as_of` in rungs.yaml")
                .into(),
        ));
    };
    if let Some((moment, locator)) = after(as_of) {
        faults.push(
            later(*moment, locator, &format!("the moment of the export ({as_of})"))
                .help("its age is not known; correct `as_of` if the export is newer"),
        );
    }
    Ok((as_of, basis))
}

fn is_excluded(config: &Config, provider: &str, scope: &str) -> bool {
    config
        .scopes
        .iter()
        .any(|declared| declared.excluded.is_some() && *declared.provider == provider && *declared.id == scope)
}

fn drop_rows(store: &Store, index: usize) -> Result<(), Error> {
    for table in inventory::schema::TABLES {
        let file = store.table_folder(table).join(format!("{index:05}.parquet"));
        if file.exists() {
            std::fs::remove_file(&file).map_err(|source| inventory::Error::Io { path: file, source })?;
        }
    }
    Ok(())
}

/// The run's moment: `--as-of`, else rungs.yaml, else the newest export.
fn run_as_of(options: &Options<'_>, files: &[LoadedFile]) -> Moment {
    options
        .as_of
        .or(options.config.as_of)
        .or_else(|| files.iter().map(|file| file.as_of).max())
        .unwrap_or_else(|| Moment::from_micros(0))
}
