//! Writing results so that a failed run leaves earlier ones untouched: everything goes to a folder beside the
//! results first, and is moved into place file by file once all of it is whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Error;
use crate::report::{Input, Report};

/// Results that are not in place yet.
pub(super) struct Staged {
    target: PathBuf,
    folder: TempDir,
}

impl Staged {
    /// A staging folder for results that belong in `target`. It lies beside the target, so that files can be
    /// renamed into place.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(target: &Path) -> Result<Self, Error> {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |source| Error::Write { path: target.to_path_buf(), source };
        if target.exists() && !target.is_dir() {
            return Err(failed(std::io::Error::other("it is a file; results need a folder")));
        }
        std::fs::create_dir_all(parent).map_err(failed)?;
        let folder = tempfile::Builder::new().prefix(".rungs-").tempdir_in(parent).map_err(failed)?;
        Ok(Self { target: target.to_path_buf(), folder })
    }

    /// Where a file is written until it is published.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes one file.
    ///
    /// # Errors
    /// When it cannot be written, or `write` fails.
    pub fn write(&self, name: &str, write: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
        let path = self.path(name);
        let failed = |source| Error::Write { path: self.target.join(name), source };
        let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
        write(&mut file)?;
        file.flush().map_err(failed)
    }

    /// Moves every file into place; returns their names, sorted.
    ///
    /// # Errors
    /// When one cannot be moved.
    pub fn publish(self) -> Result<Vec<String>, Error> {
        let failed = |source| Error::Write { path: self.target.clone(), source };
        std::fs::create_dir_all(&self.target).map_err(failed)?;
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in &names {
            std::fs::rename(self.folder.path().join(name), self.target.join(name)).map_err(failed)?;
        }
        Ok(names)
    }
}

/// Writes a single file, with the folders above it: beside the target first, so that a failed run leaves what was there.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        // A folder for it rather than a temporary file, which nobody else may read.
        let staging = TempDir::new_in(folder)?;
        let staged = staging.path().join("new");
        std::fs::write(&staged, text)?;
        std::fs::rename(&staged, path)?;
        Ok(())
    });
    written.map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Renders reports into the staging folder.
pub(super) fn render(input: &Input<'_>, reports: &[&dyn Report], staged: &Staged) -> Result<(), Error> {
    // Reports do not depend on each other. One that takes long gets a thread of its own, and the others follow each other
    // on one more: on few cores, a thread each would only keep the longest waiting.
    let (long, short): (Vec<&dyn Report>, Vec<&dyn Report>) = reports.iter().partition(|report| report.takes_long());
    let render =
        |report: &dyn Report| staged.write(report.file(), |out| report.render(input, out).map_err(Error::from));
    std::thread::scope(|scope| {
        let mut threads: Vec<_> = long.into_iter().map(|report| scope.spawn(move || render(report))).collect();
        threads.push(scope.spawn(move || short.into_iter().try_for_each(render)));
        let results: Vec<Result<(), Error>> = threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(Error::Stdout(std::io::Error::other("a report failed while it was written")))
                })
            })
            .collect();
        results.into_iter().collect()
    })
}
