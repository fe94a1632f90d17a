//! The framework files: those inside the binary, each replaced by a file of the same name in the user's
//! folder where there is one, plus the files that only the user has.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, DirEntry, include_dir};
use sha2::{Digest, Sha256};

use crate::diag::{Diagnostic, Diagnostics, Place, SourceFile};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/frameworks");

/// Every framework file by its path below `frameworks/`.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Arc<SourceFile>>);

impl Files {
    /// The files inside the binary.
    #[must_use]
    pub fn shipped() -> Self {
        let mut files = BTreeMap::new();
        collect(&SHIPPED, &mut files);
        Self(files)
    }

    /// Adds or replaces files by those of a folder that is laid out like `frameworks/`.
    ///
    /// # Errors
    /// A fault naming the folder or file that cannot be read.
    pub fn overlay(&mut self, folder: &Path) -> Result<(), Diagnostics> {
        let fault = |path: &Path, reason: String| {
            Diagnostics::from(
                Diagnostic::error("frameworks/unreadable", reason).at(Place::Path(path.display().to_string())),
            )
        };
        if !folder.is_dir() {
            return Err(fault(folder, "this is not a folder of catalogs".to_owned()));
        }
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| fault(folder, error.to_string()))?;
            let path = entry.path();
            if !entry.file_type().is_file() || path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(path).map_err(|error| fault(path, error.kind().to_string()))?;
            let relative = path.strip_prefix(folder).unwrap_or(path);
            let key =
                relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            self.0.insert(key, SourceFile::new(path.display().to_string(), text));
        }
        Ok(())
    }

    /// Adds one file; for tests and generated frameworks.
    pub fn insert(&mut self, path: &str, text: &str) {
        self.0.insert(path.to_owned(), SourceFile::new(format!("frameworks/{path}"), text));
    }

    /// The file at a path below `frameworks/`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.0.get(path)
    }

    /// The YAML files below a folder, with their path relative to it and without `.yaml`.
    pub(super) fn under(&self, folder: &str) -> impl Iterator<Item = (&str, &Arc<SourceFile>)> {
        self.0.iter().filter_map(move |(path, file)| {
            Some((path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".yaml")?, file))
        })
    }

    /// One digest over all files: names and contents, lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (path, file) in &self.0 {
            digest.update(path.as_bytes());
            digest.update([0]);
            digest.update(Sha256::digest(file.text().as_bytes()));
        }
        hex(&digest.finalize())
    }
}

/// SHA-256 of a file's text, lower-case hex.
pub(super) fn sha256(file: &SourceFile) -> String {
    hex(&Sha256::digest(file.text().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(folder: &Dir<'_>, files: &mut BTreeMap<String, Arc<SourceFile>>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(inner, files),
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy().replace('\\', "/");
                if let (true, Some(text)) = (path.ends_with(".yaml"), file.contents_utf8()) {
                    files.insert(path.clone(), SourceFile::new(format!("frameworks/{path}"), text));
                }
            }
        }
    }
}
