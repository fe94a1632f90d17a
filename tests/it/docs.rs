//! Documents that cannot go out of date: the reference pages and the JSON Schema are written from code and data
//! and compared with the files on disk, the console blocks of the guides are run, and links must lead somewhere.
//! `RUNGS_BLESS=1` writes the reference pages anew.

mod columns;
mod commands;
mod console;
mod markdown;
mod reference;
mod schema;

use crate::common::root;

/// Whether pages are to be written anew.
#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
fn blessing() -> bool {
    std::env::var_os("RUNGS_BLESS").is_some()
}

/// Compares a page with the file on disk, or writes it.
fn keep(name: &str, text: &str) {
    let path = root().join("docs").join(name);
    if blessing() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept == text {
        return;
    }
    let line = kept.lines().zip(text.lines()).take_while(|(old, new)| old == new).count();
    let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    panic!(
        "docs/{name} is not what the code says. Line {} is\n  {}\nand should be\n  {}\n\
         RUNGS_BLESS=1 cargo test --release --test it docs\nwrites it anew.",
        line + 1,
        at(&kept),
        at(text)
    );
}

/// The guides that people write.
const GUIDES: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/adding-a-check.md",
    "docs/maturity-model.md",
    "docs/scoring.md",
    "docs/your-frameworks.md",
];

#[test]
fn every_relative_link_leads_to_a_file_and_heading() {
    if blessing() {
        // Other tests are writing the pages at this very moment; the next run compares them anyway.
        return;
    }
    let pages = ["checks", "questions", "sources", "columns", "cli", "exit-codes"];
    let reference = pages.map(|name| format!("docs/reference/{name}.md"));
    let mut links = 0;
    for guide in GUIDES.map(str::to_owned).into_iter().chain(reference) {
        let text = std::fs::read_to_string(root().join(&guide)).unwrap_or_else(|_| panic!("{guide} is missing"));
        for target in markdown::links(&text) {
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = root().join(&guide).parent().unwrap().to_path_buf();
            let path = if file.is_empty() { root().join(&guide) } else { folder.join(file) };
            assert!(path.exists(), "{guide}: {target} leads nowhere");
            if !anchor.is_empty() {
                let anchors = markdown::anchors(&std::fs::read_to_string(&path).unwrap());
                assert!(anchors.contains(anchor), "{guide}: {target} names no heading of {}", path.display());
            }
        }
    }
    assert!(links > 50, "only {links} links were found");
}
