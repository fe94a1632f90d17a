//! The main job on the sample: what it writes, what it says, and what the figures rest on.

use std::collections::BTreeSet;

use crate::common::{Rungs, rungs, sample};

fn assessed() -> (Rungs, crate::common::Run) {
    let folder = rungs().copy(&sample(), "q2");
    let run = folder.run(&["assess", "q2", "-o", "out", "--as-of", "2026-06-30"]);
    (folder, run)
}

#[test]
fn the_sample_gives_every_output_and_a_short_summary() {
    let (folder, run) = assessed();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let files: BTreeSet<String> = std::fs::read_dir(folder.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let expected = [
        "assessment.json",
        "findings.csv",
        "rejected.ndjson",
        "remediation.csv",
        "report.html",
        "report.md",
        "report.pdf",
        "rows.parquet",
        "workbook.xlsx",
    ];
    assert_eq!(files, expected.map(str::to_owned).into());
    assert!(run.stdout.lines().count() <= 40, "{}", run.stdout);
    assert!(run.stdout.starts_with("Meridian Freight, as of 2026-06-30\n"), "{}", run.stdout);
    let pdf = std::fs::read(folder.path("out/report.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.len() > 50_000);
    let html = folder.read("out/report.html");
    assert!(html.contains("Content-Security-Policy") && !html.contains("%POLICY%"));
    assert!(!html.contains("http-equiv=\"refresh\"") && !html.contains("src=\"http"));
}

#[test]
fn the_programme_claims_more_than_it_proves() {
    let (folder, _) = assessed();
    let record = folder.record("out");
    let ai = &record["maturity"]["ai"];
    assert_eq!((ai["claimed"].as_i64(), ai["verdict"].as_str()), (Some(4), Some("fragile")));
    for estate in ["identity", "ai_identity"] {
        let maturity = &record["maturity"][estate];
        assert!(maturity["proven"].as_u64() <= maturity["possible"].as_u64());
        assert!(maturity["possible"].as_u64().unwrap() < 4, "{estate}");
        assert_eq!(maturity["domains"].as_array().unwrap().len(), 12);
    }
    for framework in record["frameworks"].as_array().unwrap() {
        let strict = &framework["achieved"]["strict"];
        assert!(strict["low"].as_f64().unwrap() > 0.0 && strict["high"].as_f64().unwrap() < 1.0, "{}", framework["id"]);
    }
}

#[test]
fn every_figure_of_a_check_traces_to_rows_of_a_named_export() {
    let (folder, _) = assessed();
    let record = folder.record("out");
    let digests: BTreeSet<&str> =
        record["evidence"].as_array().unwrap().iter().map(|file| file["sha256"].as_str().unwrap()).collect();
    let mut reader = csv::Reader::from_path(folder.path("out/findings.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|known| known == name).unwrap();
    let (check, verdict, digest, locator, view) =
        (column("check"), column("verdict"), column("source_sha256"), column("locator"), column("row"));
    let mut rows = std::collections::BTreeMap::new();
    for line in reader.records() {
        let line = line.unwrap();
        *rows.entry((line[check].to_owned(), line[verdict].to_owned())).or_insert(0_u64) += 1;
        let is_scope = line[check].starts_with("scope.");
        assert!(is_scope || (digests.contains(&line[digest]) && !line[locator].is_empty()), "{line:?}");
        assert!(!line[view].is_empty());
    }
    for check in record["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        for verdict in ["failed", "undetermined", "waived"] {
            let listed = rows.get(&(id.to_owned(), verdict.to_owned())).copied().unwrap_or(0);
            assert_eq!(check[verdict].as_u64().unwrap(), listed, "{id} {verdict}");
        }
        let unseen: u64 = check["segments"].as_array().unwrap().iter().map(|s| s["unseen"].as_u64().unwrap()).sum();
        let listed = rows.get(&(id.to_owned(), "unknown".to_owned())).copied().unwrap_or(0);
        assert_eq!(check["unknown"].as_u64().unwrap(), listed + unseen, "{id} unknown");
    }
}

#[test]
fn reports_can_be_rendered_again_from_the_record() {
    let (folder, _) = assessed();
    let run = folder.run(&[
        "report",
        "out/assessment.json",
        "--format",
        "html,md,pdf,findings,remediation,xlsx",
        "-o",
        "again",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for file in ["report.html", "report.md", "report.pdf", "findings.csv", "remediation.csv", "workbook.xlsx"] {
        let (first, again) = (folder.path("out").join(file), folder.path("again").join(file));
        assert!(std::fs::read(first).unwrap() == std::fs::read(again).unwrap(), "{file} differs");
    }
}

#[test]
fn the_saved_assessment_keeps_to_its_schema() {
    let (folder, _) = assessed();
    let record: rungs::record::v1::Assessment = serde_json::from_str(&folder.read("out/assessment.json")).unwrap();
    let again = serde_json::to_string_pretty(&record).unwrap() + "\n";
    assert!(again == folder.read("out/assessment.json"), "reading and writing the record changes it");
    // What the checks' figures rest on can be restored from the file and gives the same figures.
    for check in &record.checks {
        let result = rungs::assessment::CheckResult::of(&check.input(), rungs::assessment::Population::Whole);
        let strict = result.strict.map(|interval| (interval.low, interval.high));
        assert_eq!(strict, check.whole.strict.map(|range| (range.low, range.high)), "{}", check.id);
        assert_eq!(result.state.name(), check.state, "{}", check.id);
    }
}

#[test]
fn the_plan_respects_what_must_come_first() {
    let (folder, _) = assessed();
    let record = folder.record("out");
    let actions = record["plan"]["actions"].as_array().unwrap();
    let place = |id: &str| actions.iter().position(|action| action["id"] == id);
    let wave = |action: &serde_json::Value| {
        ["0-30 days", "31-60 days", "61-90 days", "later"].iter().position(|name| action["wave"] == **name).unwrap()
    };
    let mut chained = 0;
    for (at, action) in actions.iter().enumerate() {
        for required in action["requires"].as_array().unwrap() {
            let earlier = place(required.as_str().unwrap()).unwrap();
            assert!(earlier < at && wave(&actions[earlier]) <= wave(action), "{}", action["id"]);
            chained += 1;
        }
    }
    assert!(chained > 0);
    let next = &record["plan"]["next_level"];
    assert_eq!(next["level"].as_u64().unwrap(), record["maturity"]["identity"]["proven"].as_u64().unwrap() + 1);
    for id in next["actions"].as_array().unwrap() {
        assert!(place(id.as_str().unwrap()).is_some());
    }
}
