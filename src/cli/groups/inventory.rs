//! Which exports to read, and how to understand them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CatalogArgs;
use crate::cli::ui::{Reading, without_length};
use crate::cli::{Error, Ui};
use crate::config::{self, Config, DEFAULT_MAX_EVIDENCE_AGE_DAYS, Moment};
use crate::diag::{Diagnostic, Diagnostics, Place, Scalar, SourceFile};
use crate::engine::{Engine, RelateOptions, Related};
use crate::frameworks::Library;
use crate::inventory::Store;
use crate::sources::{self, Estate, SOURCES};

/// Name of the parameter that belongs to the run rather than to a check.
const EVIDENCE_AGE: &str = "max_evidence_age_days";
/// The configuration that is read when none is named.
const CONFIG_NAME: &str = "rungs.yaml";

/// Which exports to read, and how to understand them.
#[derive(Debug, Args)]
pub struct InventoryArgs {
    /// Files and folders with exports
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Configuration; `rungs.yaml` in the first folder where there is one
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The moment of the assessment; a date means its last second
    #[arg(long, value_name = "DATE", value_parser = Moment::parse)]
    as_of: Option<Moment>,

    #[command(flatten)]
    catalogs: CatalogArgs,
}

/// Configuration and framework data, before any export is read.
pub struct Configured {
    /// The validated rungs.yaml.
    pub config: Config,
    /// Its text, empty where there is none.
    pub config_text: String,
    /// What is measured.
    pub library: Library,
    /// Values of check parameters that rungs.yaml sets.
    pub parameters: BTreeMap<String, Scalar>,
    /// Largest age of evidence, in days.
    pub max_evidence_age_days: u32,
    config_folder: Option<PathBuf>,
    /// A configuration that nobody asked for, one folder below.
    config_below: Option<PathBuf>,
    paths: Vec<PathBuf>,
    as_of: Option<Moment>,
}

/// The inventory, read and related.
pub struct Opened {
    /// Configuration and framework data.
    pub configured: Configured,
    /// What was read.
    pub estate: Estate,
    /// The engine with tables and views.
    pub engine: Engine,
    /// The filled views.
    pub related: Related,
    /// The work folder; removed when this is dropped.
    pub work: tempfile::TempDir,
}

impl InventoryArgs {
    /// Takes the first path for a name, where nothing lies there and it is not the only way to say what to read.
    pub fn take_name(&mut self) -> Option<String> {
        let first = self.paths.first()?;
        if first.exists() || first.is_symlink() {
            return None;
        }
        let name = self.paths.remove(0).into_os_string().into_string().ok()?;
        if self.paths.is_empty() {
            self.paths.push(PathBuf::from("."));
        }
        Some(name)
    }

    /// Reads configuration and framework data.
    ///
    /// # Errors
    /// Every fault in them.
    pub fn configure(self) -> Result<Configured, Error> {
        let Self { paths, config, as_of, catalogs } = self;
        let library = catalogs.open()?;
        let found = config.or_else(|| {
            let beside = paths.first().filter(|path| path.is_dir())?.join(CONFIG_NAME);
            beside.is_file().then_some(beside)
        });
        let config_below = if found.is_none() { paths.first().and_then(|path| config_below(path)) } else { None };
        let (config, config_text) = match &found {
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.clone(), source })?;
                let file = SourceFile::new(path.display().to_string(), text);
                (config::load(&file)?, file.text().to_owned())
            }
            None => (Config::default(), String::new()),
        };
        let config_folder = found
            .as_deref()
            .and_then(Path::parent)
            .map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() });
        let (parameters, max_evidence_age_days) = parameters(&config, &library)?;
        let mut paths = paths;
        paths.extend(questionnaire(&config, config_folder.as_deref(), &paths)?);
        Ok(Configured {
            config,
            config_text,
            library,
            parameters,
            max_evidence_age_days,
            config_folder,
            config_below,
            paths,
            as_of,
        })
    }
}

impl Configured {
    /// Reads and relates the exports; `leave_out` is a folder that holds results rather than exports.
    ///
    /// # Errors
    /// When nothing can be read, or rungs.yaml asks for what does not exist.
    pub fn open(self, ui: &mut Ui, leave_out: Option<&Path>) -> Result<Opened, Error> {
        if let Some(below) = &self.config_below {
            ui.fault(
                &Diagnostic::warning("config/below", "this configuration is not used: it lies below what is read")
                    .at(Place::Path(below.display().to_string()))
                    .help("read its folder, or name it with `-c`"),
            );
        }
        let work = tempfile::tempdir().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
        let store = Store::new(work.path());
        let progress = ui.progress("reading exports");
        let options = sources::Options {
            paths: &self.paths,
            leave_out,
            config: &self.config,
            config_folder: self.config_folder.as_deref(),
            as_of: self.as_of,
            max_evidence_age_days: self.max_evidence_age_days,
            progress: Some(std::sync::Arc::new(Reading(progress.clone()))),
        };
        let mut estate = sources::load(SOURCES, &options, store)?;
        without_length(&progress, "relating");
        crate::access::compute(&estate.store, &estate.coverage)?;
        let engine = Engine::new()?;
        let mut by_belief: Vec<_> = estate.files.iter().filter(|file| !file.excluded).collect();
        by_belief.sort_by_key(|file| (file.about.precedence, std::cmp::Reverse(file.as_of), file.sha256.clone()));
        let relate = RelateOptions {
            store: &estate.store,
            coverage: &estate.coverage,
            sources: by_belief.iter().map(|file| (file.source_id().to_owned(), file.as_of.micros())).collect(),
            config: &self.config,
        };
        let mut related = engine.relate(&relate)?;
        estate.faults.extend(std::mem::take(&mut related.faults));
        progress.finish_and_clear();
        Ok(Opened { configured: self, estate, engine, related, work })
    }
}

/// A configuration in a folder below: whoever reads one folder too high would miss it.
fn config_below(path: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join(CONFIG_NAME)))
        .filter(|config| config.is_file())
        .collect();
    found.sort();
    found.into_iter().next()
}

/// The questionnaire that rungs.yaml names, unless it lies in a folder that is read anyway.
fn questionnaire(config: &Config, folder: Option<&Path>, paths: &[PathBuf]) -> Result<Option<PathBuf>, Error> {
    let (Some(answers), Some(file)) = (&config.answers, &config.file) else { return Ok(None) };
    let path = folder.unwrap_or(Path::new(".")).join(&**answers);
    if !path.is_file() {
        return Err(Diagnostic::error("config/answers", format!("there is no file `{}`", **answers))
            .at_value(file, answers)
            .help("paths are relative to the folder of rungs.yaml")
            .into());
    }
    let is_inside = |root: &PathBuf| match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    };
    Ok((!paths.iter().any(is_inside)).then_some(path))
}

/// Parameters of checks, and the one of the run; unknown names and values of the wrong kind are faults.
fn parameters(config: &Config, library: &Library) -> Result<(BTreeMap<String, Scalar>, u32), Error> {
    let known = library.parameters();
    let mut values = BTreeMap::new();
    let mut max_age = DEFAULT_MAX_EVIDENCE_AGE_DAYS;
    let mut faults = Diagnostics::default();
    let Some(file) = &config.file else { return Ok((values, max_age)) };
    for (name, value) in &config.parameters {
        let fault = |message: String| Diagnostic::error("config/parameter", message).at_value(file, value);
        if name == EVIDENCE_AGE {
            match **value {
                Scalar::Int(days) if u32::try_from(days).is_ok() => max_age = u32::try_from(days).unwrap_or(max_age),
                _ => faults.push(fault(format!("`{name}` is a number of days"))),
            }
            continue;
        }
        match known.get(name.as_str()) {
            None => {
                let names = known.keys().copied().chain([EVIDENCE_AGE]);
                faults.push(fault(format!("no check has a parameter `{name}`")).suggest(name, names));
            }
            Some(default) if std::mem::discriminant(*default) != std::mem::discriminant(&**value) => {
                faults.push(fault(format!("`{name}` is {default} by default; `{}` is of another kind", **value)));
            }
            Some(_) => {
                values.insert(name.clone(), (**value).clone());
            }
        }
    }
    if faults.has_errors() { Err(faults.into()) } else { Ok((values, max_age)) }
}
