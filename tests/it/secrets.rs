//! No secret value of any file of the sample reaches any output.

use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::common::{root, rungs, sample};

/// Secrets planted in the sample, one a line.
fn canaries() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/oracle/canaries.txt")).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    assert!(lines.len() >= 10, "only {} canaries", lines.len());
    lines
}

#[test]
fn every_canary_is_really_planted() {
    let mut planted = String::new();
    for entry in walkdir::WalkDir::new(sample()) {
        let path = entry.unwrap().into_path();
        if path.is_file() {
            planted.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    let found = canaries().iter().filter(|canary| planted.contains(canary.as_str())).count();
    // Three stand in the sample only as the hashes that their scanner prints.
    assert!(found >= canaries().len() - 4, "only {found} are planted");
}

/// Everything that a file holds, with compressed columns read out.
fn contents(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let file = std::fs::File::open(path).unwrap();
        let mut text = String::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            for column in batch.columns() {
                if let Ok(texts) = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8) {
                    let texts = arrow::array::AsArray::as_string::<i32>(&texts).clone();
                    texts.iter().flatten().for_each(|value| text.push_str(value));
                }
            }
        }
        return text.into_bytes();
    }
    std::fs::read(path).unwrap()
}

/// Whether a hash of a value stands anywhere, as tables of the inventory keep it to find reuse.
fn has_fingerprint(bytes: &[u8]) -> bool {
    [(&b"sha256:"[..], 64), (b"sha1:", 40)].into_iter().any(|(mark, digits)| {
        bytes.windows(mark.len() + digits).any(|window| {
            let (start, rest) = window.split_at(mark.len());
            start.eq_ignore_ascii_case(mark) && rest.iter().all(u8::is_ascii_hexdigit)
        })
    })
}

#[test]
fn no_canary_reaches_an_output() {
    let folder = rungs().copy(&sample(), "q2");
    let run = folder.run(&["assess", "q2", "-o", "out", "--as-of", "2026-06-30", "-vv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut places: Vec<(String, Vec<u8>)> =
        vec![("stdout".into(), run.stdout.into_bytes()), ("stderr".into(), run.stderr.into_bytes())];
    for entry in std::fs::read_dir(folder.path("out")).unwrap() {
        let path = entry.unwrap().path();
        places.push((path.display().to_string(), contents(&path)));
    }
    let tables = rungs::inventory::schema::TABLES.iter().map(|table| table.name);
    for name in tables.chain(rungs::inventory::views::VIEWS.iter().map(|view| view.name)) {
        let run =
            folder.run(&["inventory", "show", "q2", "--rows-of", name, "--limit", "100000", "--format", "json", "-q"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        places.push((name.to_owned(), run.stdout.into_bytes()));
    }
    for (place, bytes) in &places {
        for (number, canary) in canaries().iter().enumerate() {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "canary {} is in {place}", number + 1);
        }
        // Tools carry the hash of their public description, to see it change.
        assert!(place == "agent_tool" || !has_fingerprint(bytes), "a fingerprint is in {place}");
    }
}
