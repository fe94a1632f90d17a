//! Who may know whom: the plan of the house, held by a test.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::common::root;

/// Each room and the rooms that it may import; everyone may import `diag` and `config`.
const ROOMS: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("config", &[]),
    ("frameworks", &[]),
    ("inventory", &[]),
    ("sources", &["inventory"]),
    ("access", &["inventory"]),
    ("engine", &["inventory", "frameworks"]),
    ("assessment", &["engine", "inventory", "frameworks"]),
    ("maturity", &["assessment", "frameworks"]),
    ("plan", &["assessment", "frameworks", "maturity"]),
    ("record", &["assessment", "engine", "frameworks", "inventory", "maturity", "plan", "sources"]),
    ("report", &["record"]),
    (
        "cli",
        &[
            "access",
            "assessment",
            "engine",
            "frameworks",
            "inventory",
            "maturity",
            "plan",
            "record",
            "report",
            "sources",
        ],
    ),
];

/// Crates that appear in one room only, so that each can be replaced in one place.
const HEAVY: &[(&str, &str)] = &[
    ("datafusion", "engine"),
    ("typst", "report"),
    ("typst_pdf", "report"),
    ("typst_kit", "report"),
    ("rust_xlsxwriter", "report"),
    ("minijinja", "report"),
    ("comrak", "report"),
    ("serde_saphyr", "diag"),
    ("annotate_snippets", "diag"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("cedar_policy", "sources"),
    ("regorus", "sources"),
];

/// Lines that a file may have before its tests.
const MOST_LINES: usize = 500;

/// Every source file as (room, path below src, text before its tests).
fn files() -> Vec<(String, PathBuf, String)> {
    let source = root().join("src");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&source) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let relative = path.strip_prefix(&source).unwrap().to_path_buf();
        let room = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned();
        files.push((room, relative, text));
    }
    assert!(files.len() > 80, "only {} files were found", files.len());
    files
}

fn is_test(path: &std::path::Path) -> bool {
    ["tests.rs", "testing.rs", "fixtures.rs"].iter().any(|name| path.ends_with(name))
}

#[test]
fn rooms_import_only_the_rooms_that_they_may_know() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut broken = Vec::new();
    for (room, path, text) in files() {
        let Some(known) = allowed.get(room.as_str()) else { continue };
        for (number, line) in text.lines().enumerate() {
            for after in line.split("crate::").skip(1) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_room = allowed.contains_key(name.as_str());
                let may = name == room || name == "diag" || name == "config" || known.contains(&name.as_str());
                if is_room && !may && !line.trim_start().starts_with("//") {
                    broken.push(format!("{}:{}: {room} imports {name}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_room_is_in_the_plan() {
    for (room, path, _) in files() {
        let is_root = room == "lib.rs" || room == "main.rs";
        assert!(is_root || ROOMS.iter().any(|(known, _)| *known == room), "{} is in no room", path.display());
    }
}

#[test]
fn heavy_crates_stay_in_their_room() {
    let mut broken = Vec::new();
    for (room, path, text) in files() {
        for (name, home) in HEAVY {
            let used = text.lines().any(|line| {
                let code = line.trim_start();
                !code.starts_with("//")
                    && (code.contains(&format!("{name}::")) || code.starts_with(&format!("use {name};")))
                    && !code.contains(&format!("_{name}::"))
            });
            // main.rs hands the arguments over.
            if used && room != *home && room != "main.rs" {
                broken.push(format!("{}: {name} belongs in {home}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_file_grows_beyond_what_one_reads_at_once() {
    let long: Vec<String> = files()
        .into_iter()
        .filter(|(_, path, text)| !is_test(path) && text.lines().count() > MOST_LINES)
        .map(|(_, path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_file_says_what_it_knows() {
    for (_, path, text) in files() {
        assert!(text.starts_with("//!"), "{} does not open with what it is", path.display());
    }
}
