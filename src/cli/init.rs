//! `rungs init`: the first rungs.yaml and questionnaire, from what lies in a folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::groups::CatalogArgs;
use super::output::write_file;
use super::report::TemplateArgs;
use super::{Error, Exit, Ui};
use crate::config::{Config, DEFAULT_MAX_EVIDENCE_AGE_DAYS, Moment};
use crate::diag::{Diagnostic, printable};
use crate::frameworks::{ControlMapping, Library};
use crate::inventory::Store;
use crate::sources::{self, Estate, SOURCES};

/// Longest line of a comment in what is written.
const COMMENT_WIDTH: usize = 110;
/// Later than any export.
const LATER: &str = "2999-12-31";
const CONFIG: &str = "rungs.yaml";
const QUESTIONNAIRE: &str = "questionnaire.yaml";

/// Write a commented rungs.yaml and a questionnaire for the exports in a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rungs init exports
  rungs init exports --questionnaire --framework owasp-nhi-top10-2025")]
pub struct InitArgs {
    /// Folder with exports; files that exist are left alone
    #[arg(default_value = ".")]
    dir: PathBuf,

    /// Write the questionnaire only
    #[arg(long)]
    questionnaire: bool,

    /// Frameworks that the questionnaire is for, as `rungs catalog list` names them; all where it is left out
    #[arg(long, value_name = "ID")]
    framework: Vec<String>,

    #[command(flatten)]
    catalogs: CatalogArgs,
    #[command(flatten)]
    templates: TemplateArgs,
}

#[derive(serde::Serialize)]
struct ConfigText {
    organisation: String,
    frameworks: String,
    scopes: Vec<ScopeText>,
    assumed: Vec<AssumedText>,
    questionnaire: &'static str,
}

#[derive(serde::Serialize)]
struct ScopeText {
    id: String,
    provider: String,
}

#[derive(serde::Serialize)]
struct AssumedText {
    path: String,
    scope_id: String,
}

#[derive(serde::Serialize)]
struct QuestionnaireText<'a> {
    questions: Vec<QuestionText<'a>>,
    controls: Vec<ControlText>,
}

#[derive(serde::Serialize)]
struct QuestionText<'a> {
    id: &'a str,
    practice: &'a str,
    level: u8,
    text: Vec<String>,
    guidance: Vec<String>,
    evidence: Vec<String>,
}

#[derive(serde::Serialize)]
struct ControlText {
    id: String,
    title: String,
    text: Vec<String>,
}

impl InitArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        if !self.dir.is_dir() {
            return Err(Diagnostic::error("init/folder", format!("there is no folder `{}`", self.dir.display()))
                .help("name the folder that the exports lie in")
                .into());
        }
        let library = self.catalogs.open()?;
        let frameworks = self.frameworks(&library)?;
        let templates = self.templates.open()?;
        let questionnaire =
            templates.render_plain("init/questionnaire.yaml.jinja", &questions(&library, &frameworks))?;
        let mut files = vec![(self.dir.join(QUESTIONNAIRE), questionnaire)];
        if !self.questionnaire {
            let work = tempfile::tempdir().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
            let estate = self.look(work.path())?;
            let text =
                templates.render_plain("init/rungs.yaml.jinja", &config(&library, estate.as_ref(), &self.dir))?;
            files.insert(0, (self.dir.join(CONFIG), text));
            tell(estate.as_ref(), ui)?;
        }
        for (path, text) in files {
            if path.exists() {
                ui.line(&format!("{} exists and was left alone", path.display()))?;
                continue;
            }
            write_file(&path, &text)?;
            ui.line(&format!("wrote {}", path.display()))?;
        }
        if !self.questionnaire {
            let dir = self.dir.display();
            ui.line(&format!("next: rungs inventory coverage {dir}\nthen: rungs assess {dir} -o out"))?;
        }
        Ok(Exit::Done)
    }

    fn frameworks(&self, library: &Library) -> Result<Vec<String>, Error> {
        let known = || library.catalogs.iter().map(|catalog| catalog.id());
        if let Some(unknown) = self.framework.iter().find(|id| library.catalog(id).is_none()) {
            return Err(Diagnostic::error("framework/unknown", format!("there is no catalog `{unknown}`"))
                .suggest(unknown, known())
                .into());
        }
        Ok(if self.framework.is_empty() { known().map(str::to_owned).collect() } else { self.framework.clone() })
    }

    fn look(&self, work: &Path) -> Result<Option<Estate>, Error> {
        let options = sources::Options {
            paths: std::slice::from_ref(&self.dir),
            leave_out: None,
            config: &Config::default(),
            config_folder: None,
            // Only what is here matters, not how old it is.
            as_of: Moment::parse(LATER).ok(),
            max_evidence_age_days: DEFAULT_MAX_EVIDENCE_AGE_DAYS,
            progress: None,
        };
        match sources::load(SOURCES, &options, Store::new(work)) {
            Ok(estate) => Ok(Some(estate)),
            // A folder without exports is where many begin.
            Err(sources::Error::Faults(faults)) if faults.iter().any(|fault| fault.code == "sources/nothing") => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn tell(estate: Option<&Estate>, ui: &mut Ui) -> Result<(), Error> {
    let Some(estate) = estate else { return ui.line("no export was found here; `rungs sources` lists what is read") };
    for file in &estate.files {
        ui.line(&format!(
            "found {} ({}, scope {})",
            printable(&file.path),
            file.about.title,
            printable(&file.scope_id)
        ))?;
    }
    for file in &estate.unrecognised {
        ui.line(&format!("not recognised: {}", printable(&file.path)))?;
    }
    Ok(())
}

/// A text as YAML in double quotes: a JSON text is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn config(library: &Library, estate: Option<&Estate>, dir: &Path) -> ConfigText {
    let name = dir.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let scopes = estate.into_iter().flat_map(|estate| estate.coverage.scopes());
    let assumed = estate.into_iter().flat_map(|estate| &estate.files).filter(|file| file.scope_assumed);
    ConfigText {
        organisation: quoted(name.as_deref().unwrap_or("our organisation")),
        frameworks: library.catalogs.iter().take(2).map(|catalog| catalog.id()).collect::<Vec<_>>().join(", "),
        scopes: scopes.map(|(provider, id)| ScopeText { id: quoted(id), provider: quoted(provider) }).collect(),
        assumed: assumed
            .map(|file| AssumedText { path: quoted(relative(&file.path, dir)), scope_id: quoted(&file.scope_id) })
            .collect(),
        questionnaire: QUESTIONNAIRE,
    }
}

/// A file's path from the folder on.
fn relative<'a>(path: &'a str, dir: &Path) -> &'a str {
    let dir = dir.to_string_lossy();
    path.strip_prefix(dir.trim_end_matches('/')).map_or(path, |rest| rest.trim_start_matches('/'))
}

/// Questions on which the frameworks rest, and their controls that nothing measures.
fn questions<'a>(library: &'a Library, frameworks: &[String]) -> QuestionnaireText<'a> {
    let mut practices: Vec<&str> = Vec::new();
    let mut controls = Vec::new();
    for catalog in frameworks.iter().filter_map(|id| library.catalog(id)) {
        let mapping = library.mappings.get(catalog.id());
        for control in &catalog.controls {
            match mapping.and_then(|mapping| mapping.controls.get(control.id.as_str())).map(|mapped| &**mapped) {
                Some(ControlMapping::Mapped { parts, .. }) => {
                    practices.extend(parts.iter().map(|part| part.id.as_str()));
                }
                // We looked and said why nothing measures it.
                Some(ControlMapping::NotMapped { .. }) => {}
                None => controls.push(ControlText {
                    id: quoted(&format!("{}/{}", catalog.id(), *control.id)),
                    title: one_line(&format!("{}: {}", *control.id, control.name())),
                    text: wrapped(control.summary.as_deref().unwrap_or_default()),
                }),
            }
        }
    }
    let asked = library.questions.iter().filter(|question| practices.contains(&question.practice.as_str()));
    QuestionnaireText {
        questions: asked
            .map(|question| QuestionText {
                id: &question.id,
                practice: &question.practice,
                level: library.model.practice(&question.practice).map_or(0, |practice| practice.level),
                text: wrapped(&question.question),
                guidance: wrapped(&question.guidance),
                evidence: wrapped(&question.evidence),
            })
            .collect(),
        controls,
    }
}

fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as lines of a comment.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in one_line(text).split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < COMMENT_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
