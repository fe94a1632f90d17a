//! Frameworks from and to other tools, and from one edition to the next.

use serde_json::Value;

use crate::common::{Rungs, root, rungs, sample};

fn with(fixture: &str) -> Rungs {
    let text = std::fs::read_to_string(root().join("tests/it/fixtures/exchange").join(fixture)).unwrap();
    rungs().file(fixture, &text)
}

fn shown(rungs: Rungs, id: &str) -> (Rungs, Vec<Value>) {
    let (rungs, run) = rungs.then(&["catalog", "show", id, "--catalogs", "mine", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    (rungs, serde_json::from_str(&run.stdout).unwrap())
}

fn field<'v>(controls: &'v [Value], id: &str, name: &str) -> &'v Value {
    &controls.iter().find(|control| control["id"] == id).unwrap_or_else(|| panic!("{id}: {controls:#?}"))[name]
}

#[test]
fn functions_and_categories_of_oscal_become_groups_and_their_texts_stay() {
    let (rungs, run) = with("csf-shape.json").then(&["catalog", "import", "csf-shape.json", "-o", "mine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("4 groups, 3 controls, 0 of them under another control; 1 withdrawn"),
        "{}",
        run.stdout
    );
    let (_, controls) = shown(rungs, "sample-cybersecurity-framework-2.0");
    let ids: Vec<&str> = controls.iter().map(|control| control["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["GV.OC-01", "GV.OC-02", "PR.AA-01"]);
    assert_eq!(field(&controls, "GV.OC-01", "group"), "GV.OC");
    let text = field(&controls, "GV.OC-01", "summary").as_str().unwrap();
    assert_eq!(text, "The mission is understood.\nShare the mission.");
}

#[test]
fn enhancements_stay_under_their_control_and_parameters_keep_their_names() {
    let (rungs, run) = with("sp800-53-shape.json").then(&["catalog", "import", "sp800-53-shape.json", "-o", "mine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("1 groups, 3 controls, 1 of them under another control; 1 withdrawn"),
        "{}",
        run.stdout
    );
    let text = rungs.read("mine/catalogs/sample-controls.yaml");
    assert!(text.contains("withdrawn: [\"AC-2(10)\"]"), "{text}");
    assert!(text.contains("parent: \"AC-2\"") && !text.contains("never taken"), "{text}");
    let (_, controls) = shown(rungs, "sample-controls");
    assert_eq!(
        field(&controls, "AC-2", "summary"),
        "  a. Require [prerequisites] for membership;\n  b. Then [remove; disable] accounts."
    );
    assert_eq!(field(&controls, "AC-2(1)", "group"), "ac");
}

#[test]
fn a_profile_selects_from_a_catalog_that_is_there() {
    let profile = std::fs::read_to_string(root().join("tests/it/fixtures/exchange/profile.json")).unwrap();
    let args = ["catalog", "import", "profile.json", "-o", "mine", "--catalogs", "mine"];
    let (rungs, _) = with("sp800-53-shape.json").file("profile.json", &profile).then(&[
        "catalog",
        "import",
        "sp800-53-shape.json",
        "-o",
        "mine",
    ]);
    let (rungs, run) = rungs.then(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("left out: ids that `sample-controls` does not have: ac-99"), "{}", run.stdout);
    let (_, controls) = shown(rungs, "sample-baseline");
    let ids: Vec<&str> = controls.iter().map(|control| control["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["AC-2(1)", "AC-6"]);
}

#[test]
fn a_mapping_collection_becomes_rows_with_the_ids_that_catalogs_print() {
    let (rungs, run) = with("mapping.json").then(&["catalog", "import", "mapping.json", "-o", "mine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("2 rows") && run.stdout.contains("left out: a map with the relationship"),
        "{}",
        run.stdout
    );
    let args =
        ["crosswalk", "PR.AA-01", "--to", "other-list", "--depth", "1", "--catalogs", "mine", "--format", "json"];
    let (_, run) = rungs.then(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let paths: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(paths.len(), 1);
    assert_eq!((paths[0]["to"].as_str(), paths[0]["strength"].as_f64()), (Some("other-list/one"), Some(1.0)));
}

#[test]
fn a_library_of_ciso_assistant_keeps_nodes_parents_and_texts() {
    let (rungs, run) = with("ciso-framework.yaml").then(&["catalog", "import", "ciso-framework.yaml", "-o", "mine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("2 groups, 3 controls, 1 of them under another control"), "{}", run.stdout);
    let text = rungs.read("mine/catalogs/sample-list.yaml");
    assert!(text.contains("edition: \"3\"") && text.contains("published: \"2026-01-15\""), "{text}");
    let (rungs, controls) = shown(rungs, "sample-list");
    assert_eq!(field(&controls, "1.1", "summary"), "Every service has an account: its own.");
    assert_eq!(field(&controls, "1.1.1", "summary"), "It is named.\nIt is owned.\n");
    assert_eq!(field(&controls, "1.1.1", "group"), "1");
    let args = ["crosswalk", "1.2", "--to", "nist-csf-2.0", "--depth", "1", "--catalogs", "mine", "--format", "json"];
    let (_, run) = rungs.then(&args);
    let paths: Vec<Value> = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert_eq!(paths[0]["to"], "nist-csf-2.0/PR.AA-01");
    assert_eq!(paths[0]["relation"], "intersects-with");
}

#[test]
fn the_older_layout_of_mappings_is_read_too() {
    let (rungs, run) =
        with("ciso-mapping-old.yaml").then(&["catalog", "import", "ciso-mapping-old.yaml", "-o", "mine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = rungs.read("mine/mappings/published/elsewhere-to-nist-ai-rmf-1.0.yaml");
    assert!(text.contains("to: \"nist-ai-rmf-1.0/GOVERN 1.1\""), "{text}");
}

#[test]
fn wrong_titles_under_the_id_of_an_edition_are_refused_row_by_row() {
    let (rungs, run) = with("wrong-asi.yaml").then(&["catalog", "import", "wrong-asi.yaml", "-o", "mine"]);
    assert_eq!(run.code, 2);
    for says in
        ["`ASI01` is \"Agent Goal Hijack\" in edition 2026, and \"Prompt Injection\" here", "`ASI03`", "no `ASI11`"]
    {
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    }
    // An ampersand is no other title.
    assert!(!run.stderr.contains("`ASI02`"), "{}", run.stderr);
    assert!(!rungs.path("mine").exists());
    let (_, run) = rungs.then(&["catalog", "import", "wrong-asi.yaml", "-o", "mine", "--id", "hearsay"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_import_never_writes_over_a_file_unasked_and_says_what_it_cannot_read() {
    let import = ["catalog", "import", "ciso-framework.yaml", "-o", "mine"];
    let (rungs, run) = with("ciso-framework.yaml").then(&import);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (rungs, run) = rungs.then(&import);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("this file exists"), "{}", run.stderr);
    for (name, text) in
        [("other.json", "{\"system-security-plan\":{}}"), ("cut.json", "{\"catalog\":{"), ("notes.txt", "hi")]
    {
        let run = rungs_with(name, text).run(&["catalog", "import", name, "-o", "mine"]);
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stderr.contains(name), "{}", run.stderr);
    }
    drop(rungs);
}

fn rungs_with(name: &str, text: &str) -> Rungs {
    rungs().file(name, text)
}

#[test]
fn what_is_exported_to_oscal_comes_back_the_same() {
    let run = rungs().run(&["catalog", "export", "nist-csf-2.0"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (rungs, run) =
        rungs().file("csf.json", &run.stdout).then(&["catalog", "import", "csf.json", "-o", "mine", "--id", "again"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("28 groups, 106 controls"), "{}", run.stdout);
    let (rungs, again) = shown(rungs, "again");
    let (_, shipped) = shown(rungs, "nist-csf-2.0");
    for (one, other) in again.iter().zip(&shipped) {
        assert_eq!(one["id"], other["id"]);
        assert_eq!(one["group"], other["group"]);
        assert_eq!(one["summary"].as_str().map(str::trim), other["summary"].as_str().map(str::trim));
    }
}

#[test]
fn an_imported_catalog_can_be_assessed_like_ours() {
    let import = ["catalog", "import", "ciso-framework.yaml", "-o", "mine"];
    let (rungs, run) = with("ciso-framework.yaml").copy(&sample(), "in").then(&import);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = [
        "assess",
        "in",
        "-o",
        "out",
        "--catalogs",
        "mine",
        "--framework",
        "sample-list",
        "--report",
        "json",
        "--quiet",
    ];
    let (rungs, run) = rungs.then(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: Value = serde_json::from_str(&rungs.read("out/assessment.json")).unwrap();
    let controls = record["frameworks"][0]["controls"].as_array().unwrap();
    assert_eq!(controls.len(), 3);
    assert!(controls.iter().all(|control| control["state"] == "not-mapped"), "{controls:#?}");
}

#[test]
fn two_editions_are_matched_by_what_their_publisher_says() {
    let run = rungs().run(&["catalog", "diff", "owasp-llm-top10-2025", "owasp-llm-top10-2026", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let changes: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(changes.len(), 10);
    assert!(changes.iter().all(|change| change["basis"] == "publisher"), "{changes:#?}");
    let run = rungs().run(&["catalog", "diff", "nist-csf-2.0", "nist-csf-2.0"]);
    assert!(
        run.stdout.ends_with("106 the same, 0 renumbered, 0 retitled, 0 moved, 0 added, 0 removed\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn an_edition_tells_what_was_added_removed_retitled_and_moved() {
    let edition = |id: &str, controls: &str| {
        format!(
            "id: {id}\ntitle: T\npublisher: P\nedition: '{id}'\npublished: '2026-01-01'\nlicence: L\nattribution: A\n\
             source: https://example.com\nid_pattern: '^[A-Z0-9]+$'\ncounts: {{ groups: 2, controls: 3 }}\ngroups:\n\
             \x20 - {{ id: G, summary: One group of them. }}\n  - {{ id: H, summary: The other group here. }}\n\
             controls:\n{controls}"
        )
    };
    let control = |id: &str, group: &str, title: &str| {
        format!("  - {{ id: {id}, group: {group}, title: {title}, summary: It asks for something. }}\n")
    };
    let old = control("A1", "G", "Alpha") + &control("A2", "G", "Beta") + &control("A3", "H", "Gamma");
    let new = control("A1", "H", "Alpha") + &control("A2", "G", "Delta") + &control("A9", "H", "Epsilon");
    let run = rungs()
        .file("mine/catalogs/old.yaml", &edition("old", &old))
        .file("mine/catalogs/new.yaml", &edition("new", &new))
        .run(&["catalog", "diff", "old", "new", "--catalogs", "mine", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let changes: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let told: Vec<String> =
        changes.iter().map(|change| format!("{} {} {}", change["old"], change["new"], change["changes"])).collect();
    assert_eq!(
        told,
        [r#""A1" "A1" ["moved"]"#, r#""A2" "A2" ["retitled"]"#, r#""A3" null ["removed"]"#, r#"null "A9" ["added"]"#,]
    );
}

#[test]
fn an_assessment_carries_over_where_controls_rest_on_the_same() {
    let (rungs, run) = rungs().copy(&sample(), "in").then(&[
        "assess",
        "in",
        "-o",
        "out",
        "--framework",
        "owasp-llm-top10-2025",
        "--report",
        "json",
        "--quiet",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let diff = |old: &'static str, new: &'static str| {
        ["catalog", "diff", old, new, "--assessment", "out/assessment.json", "--format", "json"]
    };
    let (rungs, run) = rungs.then(&diff("owasp-llm-top10-2025", "owasp-llm-top10-2025"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let changes: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let record: Value = serde_json::from_str(&rungs.read("out/assessment.json")).unwrap();
    for (change, control) in changes.iter().zip(record["frameworks"][0]["controls"].as_array().unwrap()) {
        // What nothing measures has no figure to carry.
        assert_eq!(change["carried"]["carries"], control["state"] != "not-mapped", "{change}");
        if control["state"] != "not-mapped" {
            assert_eq!(change["carried"]["low"], control["strict"]["low"], "{change}");
        }
    }
    let (_, run) = rungs.then(&diff("nist-csf-2.0", "owasp-llm-top10-2026"));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("says nothing of `nist-csf-2.0`"), "{}", run.stderr);
}
