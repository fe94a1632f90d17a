//! Every mistake gives its documented exit code and one clear message that names file and place; nothing panics,
//! and what was written before stays as it was.

use crate::common::{Run, Rungs, credential_report, rungs, user_with_key};

/// A folder with a good export, assessed once, and what the results looked like then.
fn assessed() -> (Rungs, Vec<u8>) {
    let folder = rungs().file("in/aws/report.csv", &credential_report(&[&user_with_key("svc-a", "2026-06-01")]));
    let run = folder.run(&["assess", "in", "-o", "out", "--as-of", "2026-06-30", "--report", "json", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let before = std::fs::read(folder.path("out/assessment.json")).unwrap();
    (folder, before)
}

/// Assesses `in` again and expects failure, with earlier results untouched.
fn fails(folder: &Rungs, before: &[u8], extra: &[&str]) -> Run {
    let mut args = vec!["assess", "in", "-o", "out", "--as-of", "2026-06-30", "--report", "json", "-q"];
    args.extend(extra);
    let run = folder.run(&args);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(std::fs::read(folder.path("out/assessment.json")).unwrap(), before, "earlier results were touched");
    let left: Vec<_> = std::fs::read_dir(folder.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".rungs-")), "{left:?}");
    run
}

#[test]
fn an_empty_folder() {
    let (folder, before) = assessed();
    std::fs::remove_dir_all(folder.path("in")).unwrap();
    std::fs::create_dir(folder.path("in")).unwrap();
    let run = fails(&folder, &before, &[]);
    assert!(run.stderr.starts_with("error[sources/nothing]: no export was recognised in `in`"), "{}", run.stderr);
}

#[test]
fn a_folder_that_does_not_exist() {
    let (folder, before) = assessed();
    std::fs::remove_dir_all(folder.path("in")).unwrap();
    let run = fails(&folder, &before, &[]);
    assert!(run.stderr.contains("cannot read `in`"), "{}", run.stderr);
}

#[test]
fn a_folder_with_one_unknown_file() {
    let (folder, before) = assessed();
    let folder = folder.remove("in/aws").file("in/notes.txt", "call Bob\n");
    let run = fails(&folder, &before, &[]);
    assert!(run.stderr.contains("no export was recognised in `in`"), "{}", run.stderr);
    assert!(run.stderr.contains("`rungs sources` lists every format"), "{}", run.stderr);
}

#[test]
fn a_truncated_json_alone_and_beside_others() {
    let broken = "{\"UserDetailList\": [{\"UserName\": \"a\", \"Arn\": \"arn:aws:iam::1111";
    let (folder, before) = assessed();
    let alone = folder.remove("in/aws").file("in/aws/details.json", broken);
    let run = fails(&alone, &before, &[]);
    assert!(run.stderr.contains("the file breaks off at line 1, column 63"), "{}", run.stderr);
    assert!(run.stderr.contains("aws/details.json"), "{}", run.stderr);

    let (folder, _) = assessed();
    let beside = folder.file("in/aws/details.json", broken);
    let args = ["assess", "in", "-o", "out", "--as-of", "2026-06-30", "--report", "json", "-q"];
    assert_eq!(beside.run(&args).code, 3);
    let record = beside.record("out");
    let file = record["evidence"].as_array().unwrap().iter().find(|file| file["path"] == "aws/details.json").unwrap();
    assert_eq!(file["failure"], "the file breaks off at line 1, column 63");
    let allowed: Vec<&str> = args.into_iter().chain(["--allow-incomplete"]).collect();
    assert_eq!(beside.run(&allowed).code, 0);
}

#[test]
fn a_csv_with_one_bad_row_is_listed_and_counted() {
    let good = user_with_key("svc-a", "2026-06-01");
    let bad = user_with_key("svc-b", "2026-13-77");
    let folder = rungs().file("in/report.csv", &credential_report(&[&good, &bad]));
    let record = folder.assess("in");
    assert_eq!(record["rejected"]["count"], 1);
    let file = &record["evidence"][0];
    assert_eq!(
        (file["rows_read"].as_i64(), file["rows_loaded"].as_i64(), file["rows_rejected"].as_i64()),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!(
        folder.read("out/rejected.ndjson"),
        "{\"path\":\"report.csv\",\"locator\":\"line 3\",\"reason\":\"`access_key_1_last_rotated` is not a date\"}\n"
    );
    let checks = record["checks"].as_array().unwrap();
    let rotated = checks.iter().find(|check| check["id"] == "credential.long-lived").unwrap();
    assert_eq!(
        (rotated["passed"].as_u64(), rotated["unknown"].as_u64()),
        (Some(1), Some(1)),
        "a rejected record is one unknown row"
    );
}

#[test]
fn a_yaml_alias_bomb() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    let (folder, before) = assessed();
    let folder = folder.file("in/rungs.yaml", &bomb);
    let run = fails(&folder, &before, &[]);
    assert!(run.stderr.starts_with("error[yaml/invalid]"), "{}", run.stderr);
    assert!(run.stderr.contains("in/rungs.yaml"), "{}", run.stderr);
}

const CHECK: &str = "title: Keys are young\nrationale: Old keys leak.\nview: credentials\n\
                     applies: status = 'active'\npasses: age_dais <= 90\nneeds: [credential.rotation]\n\
                     practice: lifetime.static-rotated\nkind: preventive\nseverity: low\nevidence: [identity_name]\n\
                     remediation: { title: Rotate, steps: Rotate., effort_hours: { fixed: 1 }, owner: platform, effect: pass }\n\
                     given: { status: active }\nexamples:\n  passed: [{ age_days: 1 }]\n\
                     \x20 failed: [{ age_days: 91, fixed: { age_days: 0 } }]\n  unknown: [{ age_days: ~ }]\n\
                     \x20 outside: [{ status: inactive }]\n";

#[test]
fn a_check_with_a_wrong_column() {
    let (folder, before) = assessed();
    let folder = folder.file("mine/checks/credential/young.yaml", CHECK);
    let run = fails(&folder, &before, &["--catalogs", "mine"]);
    assert!(run.stderr.starts_with("error[predicate/invalid]: there is no column `age_dais`"), "{}", run.stderr);
    assert!(run.stderr.contains("mine/checks/credential/young.yaml:5:9"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `age_days`?"), "{}", run.stderr);
}

#[test]
fn predicates_that_are_more_or_less_than_one() {
    let (folder, _) = assessed();
    for (predicate, message) in [
        ("age_days <= 'old'", "`age_days` is a number, `Utf8(\"old\")` is text"),
        ("age_days + 1", "a predicate is true or false, this is Int64"),
        ("age_days <= (SELECT max(age_days) FROM credentials)", ""),
        ("count(*) > 1", "a predicate reads one row and cannot count over several"),
        ("random() > 0.5", "`random` does not always give the same answer"),
        ("age_days <= 90; DROP TABLE credentials", ""),
        ("age_days <= ${no_such}", "`no_such` is not among this check's parameters"),
        ("age_days <=", ""),
    ] {
        let check = CHECK.replace("age_dais <= 90", predicate);
        std::fs::create_dir_all(folder.path("mine/checks/credential")).unwrap();
        std::fs::write(folder.path("mine/checks/credential/young.yaml"), check).unwrap();
        let run = folder.run(&["checks", "test", "mine/checks/credential/young.yaml"]);
        assert_eq!(run.code, 2, "{predicate}\n{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(message) && run.stderr.contains("young.yaml:5:9"), "{predicate}\n{}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

#[test]
fn an_example_with_another_verdict_is_found() {
    let wrong = CHECK.replace("age_dais", "age_days").replace("{ age_days: 1 }", "{ age_days: 100 }");
    let run = rungs().file("credential/young.yaml", &wrong).run(&["checks", "test", "credential/young.yaml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("example `passed 1` is judged failed"), "{}", run.stderr);
    let right = CHECK.replace("age_dais", "age_days");
    let run = rungs().file("credential/young.yaml", &right).run(&["checks", "test", "credential/young.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "1 checks, 5 example rows: all as expected\n"));
}

#[test]
fn no_date_at_all() {
    let folder = rungs().file("in/report.csv", &credential_report(&[&user_with_key("svc-a", "2026-06-01")]));
    let run = folder.run(&["assess", "in", "-o", "out", "-q"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("the file does not say when it was made"), "{}", run.stderr);
    assert!(run.stderr.contains("give `--as-of DATE`"), "{}", run.stderr);
    assert!(!folder.path("out").exists());
}

#[test]
fn an_unknown_word_in_an_answer() {
    let (folder, before) = assessed();
    let answers = "answers:\n  - question: governance.policy-set\n    answer: mostly\n    answered_by: A\n    answered_at: 2026-05-01\n";
    let folder = folder.file("in/questionnaire.yaml", answers);
    let run = fails(&folder, &before, &[]);
    assert!(run.stderr.contains("questionnaire.yaml:3"), "{}", run.stderr);
    assert!(run.stderr.contains("mostly"), "{}", run.stderr);
}

#[test]
fn wrong_usage_and_unknown_names() {
    let (folder, before) = assessed();
    assert_eq!(folder.run(&["asses"]).code, 2);
    assert_eq!(folder.run(&["assess", "in", "--as-of", "30.06.2026"]).code, 2);
    let run = fails(&folder, &before, &["--framework", "owasp-nhi-top10"]);
    assert!(run.stderr.contains("did you mean `owasp-nhi-top10-2025`?"), "{}", run.stderr);
    let run = folder.run(&["assess", "in", "-o", "out", "--as-of", "2026-06-30", "--report", "docx"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("formats are json, md, html, pdf, findings, remediation, xlsx"), "{}", run.stderr);
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_quietly() {
    let run = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{} checks list --format json | head -c 1", env!("CARGO_BIN_EXE_rungs")))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
}
