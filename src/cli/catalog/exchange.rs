//! `rungs catalog import` and `rungs catalog export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::unknown_catalog;
use crate::cli::groups::CatalogArgs;
use crate::cli::output::write_file;
use crate::cli::{Error, Exit, Ui};
use crate::diag::{Diagnostic, Place, SourceFile};
use crate::frameworks::exchange;

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog import NIST_CSF_v2.0_catalog.json --output my-frameworks
Then: rungs assess PATH --catalogs my-frameworks")]
pub struct ImportArgs {
    /// OSCAL catalog, profile or mapping collection (JSON), or CISO Assistant library (YAML)
    file: PathBuf,

    /// Folder of your catalogs to write to
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,

    /// What to call the catalog; what the file says where it is left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Replace files that exist
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    catalogs: CatalogArgs,
}

impl ImportArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let text =
            std::fs::read_to_string(&self.file).map_err(|source| Error::Read { path: self.file.clone(), source })?;
        let file = SourceFile::new(self.file.display().to_string(), text);
        let imported = exchange::import(&file, self.id.as_deref(), &library)?;
        let paths: Vec<PathBuf> = imported.made.iter().map(|made| self.output.join(&made.path)).collect();
        if let (Some(path), false) = (paths.iter().find(|path| path.exists()), self.replace) {
            return Err(Diagnostic::error("import/exists", "this file exists")
                .at(Place::Path(path.display().to_string()))
                .help("say --replace to write over it, or --id for another name")
                .into());
        }
        for (made, path) in imported.made.iter().zip(&paths) {
            write_file(path, &made.text)?;
        }
        for line in &imported.taken {
            ui.line(&format!("taken: {line}"))?;
        }
        for line in &imported.left_out {
            ui.line(&format!("left out: {line}"))?;
        }
        for path in &paths {
            ui.line(&format!("wrote {}", path.display()))?;
        }
        Ok(Exit::Done)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example: rungs catalog export owasp-nhi-top10-2025 > nhi.json")]
pub struct ExportArgs {
    /// The catalog's id
    id: String,

    /// What to write
    #[arg(long, value_enum, default_value_t = ExportFormat::Oscal)]
    format: ExportFormat,

    #[command(flatten)]
    catalogs: CatalogArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// An OSCAL catalog as JSON.
    Oscal,
}

impl ExportArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let library = self.catalogs.open()?;
        let Some(catalog) = library.catalog(&self.id) else { return Err(unknown_catalog(&self.id, &library)) };
        match self.format {
            ExportFormat::Oscal => ui.json(&exchange::to_oscal(catalog))?,
        }
        Ok(Exit::Done)
    }
}
