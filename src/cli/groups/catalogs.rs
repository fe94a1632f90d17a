//! Which framework data to use.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Error;
use crate::frameworks::{Files, Library};

/// Which framework data to use.
#[derive(Debug, Args)]
pub struct CatalogArgs {
    /// Folder laid out like `frameworks/` whose files add to, or replace, the shipped ones
    #[arg(long, value_name = "DIR")]
    pub catalogs: Option<PathBuf>,
}

impl CatalogArgs {
    /// The framework files, with the user's own on top.
    ///
    /// # Errors
    /// When the user's folder cannot be read.
    pub fn files(&self) -> Result<Files, Error> {
        let mut files = Files::shipped();
        if let Some(folder) = &self.catalogs {
            files.overlay(folder)?;
        }
        Ok(files)
    }

    /// Everything that is measured.
    ///
    /// # Errors
    /// Every fault in the files.
    pub fn open(&self) -> Result<Library, Error> {
        Ok(Library::load(&self.files()?)?)
    }
}
