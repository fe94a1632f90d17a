//! Finds files under the given paths and asks every source whether it knows them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::content::{Packing, unpack};
use super::mapped::{MAPPED, Map};
use super::{Content, Error, Options, Probe, Recognised, Source, hash};
use crate::config::SourceHint;
use crate::diag::{Diagnostic, Diagnostics, Place};

/// Name of the configuration file, which is no export.
const CONFIG_NAME: &str = "rungs.yaml";

/// A recognised file, not yet loaded.
pub(super) struct Found<'a> {
    pub content: Content,
    /// Its name as the user knows it.
    pub path: String,
    /// The digest of its bytes as they lie there.
    pub sha256: String,
    pub source: &'static dyn Source,
    pub hint: Option<&'a SourceHint>,
    /// How its columns become columns of a table, where the hint says so.
    pub map: Option<Arc<Map>>,
}

impl Found<'_> {
    /// The kind of system that it is about.
    pub fn provider(&self) -> &'static str {
        self.map.as_ref().map_or(self.source.about().provider, |map| map.provider.id)
    }

    /// The view in which a record that cannot be read counts.
    pub fn main_view(&self) -> &'static str {
        self.map.as_ref().map_or(self.source.about().main_view, |map| map.main_view)
    }
}

/// A file that no source recognises.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unrecognised {
    /// Its name as the user knows it.
    pub path: String,
    /// Why, with the nearest guess where there is one.
    pub reason: String,
}

type Discovered<'a> = (Vec<Found<'a>>, Vec<Unrecognised>, Diagnostics);

/// Every file under the paths, sorted by name: recognised or listed with a reason.
pub(super) fn discover<'a>(sources: &[&'static dyn Source], options: &Options<'a>) -> Result<Discovered<'a>, Error> {
    let mut files = Vec::new();
    let mut unrecognised = Vec::new();
    for root in options.paths {
        collect(root, options, &mut files)?;
    }
    files.sort();
    files.dedup();
    let files = contents(files, &mut unrecognised)?;
    let mut found = Vec::new();
    let mut faults = Diagnostics::default();
    let mut seen = std::collections::BTreeMap::new();
    let mut hints_used = vec![false; options.config.sources.len()];
    for (path, content) in files {
        let hint = hint_for(&content.path(), options, &mut hints_used);
        let map = map(hint, options)?;
        let source = match &map {
            Some(_) => Ok(&MAPPED as &'static dyn Source),
            None => recognise(sources, &content, hint, options, &mut faults)?,
        };
        match source {
            Ok(source) => {
                let sha256 = match content.stored().and_then(hash::of_reader) {
                    Ok(sha256) => sha256,
                    Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                        unrecognised.push(Unrecognised { path, reason: "the archive is damaged there".to_owned() });
                        continue;
                    }
                    Err(source) => return Err(Error::Unreadable { path: content.path(), source }),
                };
                match seen.insert(sha256.clone(), path.clone()) {
                    None => found.push(Found { content, path, sha256, source, hint, map }),
                    Some(first) => faults.push(
                        Diagnostic::warning("sources/duplicate", format!("the same content as `{first}`; read once"))
                            .at(Place::Path(path)),
                    ),
                }
            }
            Err(reason) => unrecognised.push(Unrecognised { path, reason }),
        }
    }
    if let Some(config) = &options.config.file {
        for (hint, _) in options.config.sources.iter().zip(&hints_used).filter(|(_, used)| !**used) {
            faults.push(
                Diagnostic::warning("config/unused-source", format!("no file lies at `{}`", *hint.path))
                    .at_value(config, &hint.path)
                    .help("paths are relative to the folder of rungs.yaml"),
            );
        }
    }
    Ok((found, unrecognised, faults))
}

/// Every file, and in place of an archive the files in it.
fn contents(
    files: Vec<(String, PathBuf)>,
    unrecognised: &mut Vec<Unrecognised>,
) -> Result<Vec<(String, Content)>, Error> {
    let mut contents = Vec::new();
    for (path, file) in files {
        let packing = if file.is_symlink() { Packing::None } else { packing(&file)? };
        if packing != Packing::Zip {
            contents.push((path, Content::file(file)));
            continue;
        }
        match unpack(&file) {
            Ok((entries, refused)) => {
                for entry in entries {
                    let inner = entry.path();
                    let inner = inner.strip_prefix(&file).unwrap_or(&inner);
                    if inner.ends_with(CONFIG_NAME) {
                        let reason = "a configuration in an archive is not used".to_owned();
                        unrecognised.push(Unrecognised { path: format!("{path}/{}", slashed(inner)), reason });
                        continue;
                    }
                    contents.push((format!("{path}/{}", slashed(inner)), entry));
                }
                let refused = refused.into_iter();
                unrecognised
                    .extend(refused.map(|it| Unrecognised { path: format!("{path}/{}", it.name), reason: it.reason }));
            }
            Err(reason) => unrecognised.push(Unrecognised { path, reason }),
        }
    }
    Ok(contents)
}

fn packing(file: &Path) -> Result<Packing, Error> {
    Packing::of_file(file).map_err(|source| Error::Unreadable { path: file.to_path_buf(), source })
}

fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn collect(root: &Path, options: &Options<'_>, files: &mut Vec<(String, PathBuf)>) -> Result<(), Error> {
    let unreadable = |source| Error::Unreadable { path: root.to_path_buf(), source };
    let kept = |entry: &DirEntry| {
        let is_repository = entry.file_type().is_dir() && entry.file_name() == ".git";
        let is_output = options.leave_out.is_some_and(|folder| same(entry.path(), folder));
        !is_repository && !is_output
    };
    // The root itself may be a link that the user named; links found below it are not followed, so that a
    // hostile folder cannot lead the reader out of itself.
    std::fs::metadata(root).map_err(unreadable)?;
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(kept) {
        let entry = entry.map_err(|error| unreadable(error.into()))?;
        if entry.file_type().is_dir() || entry.file_name() == CONFIG_NAME {
            continue;
        }
        files.push((shown(entry.path(), root, options), entry.into_path()));
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The name under which a file is reported: relative to the configuration's folder, else to the root that
/// the user named, so that it does not depend on where the folder lies.
fn shown(file: &Path, root: &Path, options: &Options<'_>) -> String {
    let relative = options
        .config_folder
        .and_then(|folder| file.strip_prefix(folder).ok())
        .or_else(|| file.strip_prefix(root).ok())
        .filter(|relative| !relative.as_os_str().is_empty())
        .or_else(|| file.file_name().map(Path::new))
        .unwrap_or(file);
    slashed(relative)
}

fn hint_for<'a>(file: &Path, options: &Options<'a>, used: &mut [bool]) -> Option<&'a SourceHint> {
    let folder = options.config_folder?;
    let relative = file.strip_prefix(folder).ok()?;
    let matching = options.config.sources.iter().enumerate().filter(|(_, hint)| relative.starts_with(&**hint.path));
    // The most exact entry counts: a file's own before its folder's.
    let (index, hint) = matching.max_by_key(|(_, hint)| hint.path.len())?;
    if let Some(flag) = used.get_mut(index) {
        *flag = true;
    }
    Some(hint)
}

/// The map of a file's columns, judged.
fn map(hint: Option<&SourceHint>, options: &Options<'_>) -> Result<Option<Arc<Map>>, Error> {
    let (Some(map), Some(file)) = (hint.and_then(|hint| hint.map.as_deref()), &options.config.file) else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Map::judge(map, file).map_err(Error::Faults)?)))
}

/// The one source that knows the file, or why none does.
fn recognise(
    sources: &[&'static dyn Source],
    content: &Content,
    hint: Option<&SourceHint>,
    options: &Options<'_>,
    faults: &mut Diagnostics,
) -> Result<Result<&'static dyn Source, String>, Error> {
    if content.file_on_disk().is_symlink() {
        return Ok(Err("a symbolic link; links are not followed".to_owned()));
    }
    if let Some(kind) = hint.and_then(|hint| hint.kind.as_ref()) {
        let known = sources.iter().find(|source| source.about().kind == kind.as_str());
        return match (known, &options.config.file) {
            (Some(source), _) => Ok(Ok(*source)),
            (None, Some(config)) => Err(Error::Faults(
                Diagnostic::error("config/source-kind", format!("`{}` is not an export format", **kind))
                    .at_value(config, kind)
                    .suggest(kind, sources.iter().map(|source| source.about().kind))
                    .into(),
            )),
            (None, None) => Ok(Err("an unknown export format".to_owned())),
        };
    }
    let probe = match Probe::open(content) {
        Ok(probe) => probe,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) => {
            return Ok(Err("what it is packed in is damaged".to_owned()));
        }
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Ok(Err("what it is packed in breaks off at the start".to_owned()));
        }
        Err(source) => return Err(Error::Unreadable { path: content.path(), source }),
    };
    if probe.is_empty() {
        return Ok(Err("an empty file".to_owned()));
    }
    let mut yes = Vec::new();
    let mut maybe = None;
    for source in sources {
        match source.recognise(&probe) {
            Recognised::Yes => yes.push(*source),
            Recognised::Maybe(reason) => maybe = maybe.or(Some(reason)),
            Recognised::No => {}
        }
    }
    if let [first, second, ..] = yes.as_slice() {
        let message = format!("could be {} or {}; read as the first", first.about().kind, second.about().kind);
        faults.push(
            Diagnostic::warning("sources/ambiguous", message)
                .at(Place::Path(content.path().display().to_string()))
                .help("state its `kind` under `sources:` in rungs.yaml"),
        );
    }
    Ok(match yes.first() {
        Some(source) => Ok(*source),
        None => Err(maybe.unwrap_or_else(|| guess(&probe))),
    })
}

fn guess(probe: &Probe<'_>) -> String {
    if probe.is_json() {
        "JSON, but of no export format that is known".to_owned()
    } else {
        "no export format that is known".to_owned()
    }
}
