//! The first steps of a new user: `rungs init`, fill in, assess.

use serde_json::Value;

use crate::common::{root, rungs, sample};

#[test]
fn what_init_writes_can_be_assessed_at_once() {
    let (rungs, run) = rungs().copy(&sample(), "in").remove("in/rungs.yaml").then(&["init", "in"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("wrote in/rungs.yaml"), "{}", run.stdout);
    // The sample's own answers are there already.
    assert!(run.stdout.contains("in/questionnaire.yaml exists and was left alone"), "{}", run.stdout);
    let text = rungs.read("in/rungs.yaml");
    for scope in ["{ id: \"111122223333\", provider: \"aws\" }", "{ id: \"kubernetes\", provider: \"k8s\" }"] {
        assert!(text.contains(scope), "{scope}: {text}");
    }
    // A cluster does not say its name; the folder's is a guess that somebody should look at.
    assert!(text.contains("{ path: \"kubernetes/eu-prod.json\", scope_id: \"kubernetes\" }"), "{text}");
    let args = ["assess", "in", "-o", "out", "--as-of", "2026-06-30", "--report", "json", "-q"];
    let (rungs, run) = rungs.then(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(rungs.record("out")["organisation"], "in");
    let before = rungs.read("in/rungs.yaml");
    let (rungs, run) = rungs.then(&["init", "in"]);
    assert!(run.stdout.contains("in/rungs.yaml exists and was left alone"), "{}", run.stdout);
    assert_eq!(rungs.read("in/rungs.yaml"), before);
}

#[test]
fn a_folder_without_exports_gets_both_files_too() {
    let (rungs, run) = rungs().file("in/.keep", "").then(&["init", "in"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("no export was found here"), "{}", run.stdout);
    let questionnaire = rungs.read("in/questionnaire.yaml");
    assert!(questionnaire.contains("- question: ownership.accountable-lead"), "{questionnaire}");
    assert_eq!(rungs.run(&["init", "nowhere"]).code, 2);
}

#[test]
fn a_control_that_nothing_measures_is_asked_and_its_answer_counts_for_it_alone() {
    let library = std::fs::read_to_string(root().join("tests/it/fixtures/exchange/ciso-framework.yaml")).unwrap();
    let import = ["catalog", "import", "library.yaml", "-o", "mine"];
    let (rungs, run) = rungs().file("library.yaml", &library).copy(&sample(), "in").then(&import);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let init = ["init", "asked", "--questionnaire", "--framework", "sample-list", "--catalogs", "mine"];
    let (rungs, run) = rungs.file("asked/.keep", "").then(&init);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = rungs.read("asked/questionnaire.yaml");
    assert_eq!(text.matches("- question: ").count(), 3, "{text}");
    let answered = text.replacen(
        "- question: \"sample-list/1.1\"\n    answer:\n    answered_by:\n    role:\n    answered_at:\n    evidence_ref:",
        "- question: \"sample-list/1.1\"\n    answer: largely\n    answered_by: A. Person\n    role: CISO\n    \
         answered_at: 2026-06-01\n    evidence_ref: https://example.com/policy",
        1,
    );
    assert_ne!(answered, text);
    let assess =
        ["assess", "in", "-o", "out", "--catalogs", "mine", "--framework", "sample-list", "--report", "json", "-q"];
    let (rungs, run) = rungs.file("in/questionnaire-more.yaml", &answered).then(&assess);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: Value = rungs.record("out");
    let control = |id: &str| {
        let controls = record["frameworks"][0]["controls"].as_array().unwrap();
        controls.iter().find(|control| control["id"] == id).unwrap().clone()
    };
    let (stated, other) = (control("1.1"), control("1.2"));
    assert_eq!((stated["state"].as_str(), stated["assurance"].as_str()), (Some("assessed"), Some("organisational")));
    assert_eq!(stated["strict"], serde_json::json!({ "low": 0.85, "high": 0.85 }), "{stated}");
    assert_eq!(stated["parts"][0]["id"], "sample-list/1.1");
    assert_eq!(other["state"], "not-mapped");
}
