//! Tests that hold for every fixture of every source, and what tests of single sources ask of a loaded one.
//! Fixtures lie in `tests/it/fixtures/sources/<kind>/`: `good/` is what the source must read, `bad/` is meant
//! for it but faulty, `foreign/` looks like it and is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::Array as _;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::testing::{AS_OF, Loaded};
use super::{Error, Estate, Options, Probe, Recognised, SOURCES, Source, load};
use crate::config::{Config, Moment};
use crate::inventory::Level;
use crate::inventory::Store;
use crate::inventory::schema::TABLES;
use crate::inventory::views::VIEWS;

/// The reasons why records were put aside.
pub(super) fn reasons(loaded: &Loaded) -> Vec<String> {
    loaded.estate.rejected().map(|rejected| format!("{}: {}", rejected.locator, rejected.reason)).collect()
}

/// Coverage of the first file as `fact level`, with the note where there is one.
pub(super) fn covered(loaded: &Loaded) -> Vec<String> {
    let entry = |covered: &super::FileCoverage| match &covered.note {
        Some(note) => format!("{} {}: {note}", covered.fact, covered.level),
        None => format!("{} {}", covered.fact, covered.level),
    };
    loaded.estate.files[0].coverage.iter().map(entry).collect()
}

/// What [`super::testing::load_fixture`] does, where loading itself may fail; with the folder of its rows.
pub(super) fn try_load(source: &'static dyn Source, file: &Path) -> Result<(Estate, tempfile::TempDir), Error> {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        paths: &[file.to_path_buf()],
        leave_out: None,
        config: &Config::default(),
        config_folder: None,
        as_of: Some(Moment::parse(AS_OF).unwrap()),
        max_evidence_age_days: 92,
        progress: None,
    };
    load(&[source], &options, Store::new(folder.path())).map(|estate| (estate, folder))
}

/// The faults because of which a fixture cannot be loaded at all.
pub(super) fn faults_of(source: &'static dyn Source, kind_and_file: &str) -> Vec<String> {
    match try_load(source, &root().join(kind_and_file)) {
        Err(Error::Faults(faults)) => faults
            .iter()
            .map(|fault| {
                let place = fault.place.as_ref().map(crate::diag::Place::describe).unwrap_or_default();
                format!("{}[{}] {place}: {}", fault.severity, fault.code, fault.message)
            })
            .collect(),
        other => panic!("{kind_and_file}: {other:?}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources")
}

/// Every fixture with its kind and group.
fn all() -> Vec<(String, String, PathBuf)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root()).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let relative = entry.path().strip_prefix(root()).unwrap();
            let mut parts = relative.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            found.push((parts.next().unwrap(), parts.next().unwrap(), entry.path().to_path_buf()));
        }
    }
    found
}

/// Everything that leaves a loader, in one text.
fn everything(estate: &Estate) -> String {
    let mut text = format!("{:?} {:?} {:?}", estate.files, estate.unrecognised, estate.faults);
    for table in TABLES {
        let columns: Vec<&'static str> = table.columns.iter().map(|column| column.name).collect();
        for batch in estate.store.read(table, columns.leak()).unwrap() {
            for column in batch.unwrap().columns() {
                let cells = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default()).unwrap();
                (0..column.len()).for_each(|row| text.push_str(&format!("{}\n", cells.value(row))));
            }
        }
    }
    text
}

#[test]
fn every_fixture_is_known_to_exactly_one_source() {
    let mut good = BTreeMap::<String, usize>::new();
    for (kind, group, file) in all() {
        let probe = Probe::open(&super::Content::file(file.clone())).unwrap();
        let knows = |source: &&&dyn Source| source.recognise(&probe) == Recognised::Yes;
        let yes: Vec<_> = SOURCES.iter().filter(knows).map(|source| source.about().kind).collect();
        match group.as_str() {
            "good" => assert_eq!(yes, [kind.as_str()], "{}", file.display()),
            // A file cut off early may be too short to be known; it must never be taken for something else.
            "bad" => assert!(yes.is_empty() || yes == [kind.as_str()], "{}: {yes:?}", file.display()),
            "foreign" => assert!(yes.len() <= 1 && yes != [kind.as_str()], "{}: {yes:?}", file.display()),
            other => panic!("{}: no such group of fixtures: {other}", file.display()),
        }
        *good.entry(kind).or_default() += usize::from(group == "good");
    }
    // An empty walk would pass everything.
    assert!(good.values().sum::<usize>() >= 25, "{good:?}");
    let known: Vec<_> = SOURCES.iter().map(|source| source.about().kind).collect();
    assert!(good.keys().all(|kind| known.contains(&kind.as_str())), "{good:?}");
    // What is read by a map has no look of its own.
    let bare: Vec<_> = known
        .iter()
        .filter(|kind| **kind != "mapped.table")
        .filter(|kind| good.get(**kind).is_none_or(|files| *files == 0))
        .collect();
    assert!(bare.is_empty(), "no good fixtures of {bare:?}");
}

#[test]
fn no_planted_secret_leaves_a_loader() {
    let mut planted = 0;
    for (kind, _, file) in all() {
        let bytes = std::fs::read(&file).unwrap();
        planted += usize::from(bytes.windows(6).any(|window| window == b"CANARY"));
        let source = SOURCES.iter().find(|source| source.about().kind == kind).unwrap();
        let text = match try_load(*source, &file) {
            Ok((estate, _folder)) => everything(&estate),
            Err(error) => format!("{error:?}"),
        };
        assert!(!text.contains("CANARY"), "{}: a secret got out: {text}", file.display());
    }
    assert!(planted >= 10, "only {planted} fixtures hold a canary");
}

#[test]
fn kinds_are_unique_and_main_views_exist() {
    let mut kinds: Vec<_> = SOURCES.iter().map(|source| source.about().kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), SOURCES.len());
    for source in SOURCES {
        let view = source.about().main_view;
        assert!(VIEWS.iter().any(|known| known.name == view), "{view}");
    }
}

/// What a fixture gave: its records, its coverage and whether it says that something is amiss.
struct Gave {
    read: i64,
    covered: BTreeMap<(String, &'static str), Level>,
    rejected: usize,
    failed: bool,
    noted: usize,
}

/// Loads bytes under the name of a fixture; `None` where they are refused as a whole, which is said.
fn gave(source: &'static dyn Source, name: &Path, bytes: &[u8]) -> Option<Gave> {
    let folder = tempfile::tempdir().unwrap();
    // Some formats know their scope by the folder, so the file lies in one of the same name.
    let parent = folder.path().join(name.parent().and_then(Path::file_name).unwrap());
    std::fs::create_dir(&parent).unwrap();
    let file = parent.join(name.file_name().unwrap());
    std::fs::write(&file, bytes).unwrap();
    match try_load(source, &file) {
        Err(Error::Faults(faults)) => {
            assert!(faults.iter().next().is_some(), "{}: refused without a word", name.display());
            None
        }
        Err(error) => panic!("{}: {error:?}", name.display()),
        Ok((estate, _folder)) => {
            let file = &estate.files[0];
            assert_eq!(
                file.rows_read,
                file.rows_loaded + i64::try_from(file.rejected.len()).unwrap(),
                "{}: records are lost",
                name.display()
            );
            Some(Gave {
                read: file.rows_read,
                covered: file.coverage.iter().map(|it| ((it.scope_id.clone(), it.fact.name()), it.level)).collect(),
                rejected: file.rejected.len(),
                failed: file.failure.is_some(),
                noted: estate.faults.iter().count(),
            })
        }
    }
}

/// Ways to damage a byte: a bit flips, a byte is lost, or a quote comes in.
fn damaged(bytes: &[u8], at: usize, way: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match way % 3 {
        0 => bytes[at] ^= 0x04,
        1 => {
            bytes.remove(at);
        }
        _ => bytes.insert(at, b'"'),
    }
    bytes
}

/// Whether a byte belongs to the name of a JSON key. A key of another name makes another document, which lacks what the
/// format lets be absent.
fn is_in_key(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
    let after = rest.get(end + 1..).unwrap_or_default();
    after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[test]
fn every_loss_in_a_damaged_file_is_accounted_for() {
    let (mut tried, mut unaccounted) = (0, Vec::new());
    for (kind, group, file) in all() {
        if group != "good" {
            continue;
        }
        let source = *SOURCES.iter().find(|source| source.about().kind == kind).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let Some(clean) = gave(source, &file, &bytes) else { panic!("{} cannot be loaded", file.display()) };
        for place in 0..10 {
            let at = (bytes.len() * (2 * place + 1) / 20).min(bytes.len() - 1);
            for way in 0..3 {
                tried += 1;
                let Some(after) = gave(source, &file, &damaged(&bytes, at, way)) else { continue };
                let is_less_covered =
                    clean.covered.iter().any(|(key, level)| after.covered.get(key).is_none_or(|now| now < level));
                let is_told = after.failed || after.noted > clean.noted || after.rejected > clean.rejected;
                if after.read < clean.read && !is_told && !is_less_covered && !is_in_key(&bytes, at) {
                    unaccounted.push(format!("{} damaged at {at} in way {way}", file.display()));
                }
            }
        }
    }
    assert!(tried > 500, "only {tried} files were damaged");
    assert!(unaccounted.is_empty(), "{unaccounted:#?}");
}
