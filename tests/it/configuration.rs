//! rungs.yaml: every entry has an effect or is reported with its line.

use crate::common::{Rungs, credential_report, rungs, user_with_key};

fn estate(config: &str) -> Rungs {
    let lines = [user_with_key("svc-a", "2026-06-01"), user_with_key("svc-b", "2024-01-01")];
    rungs().file("in/aws/report.csv", &credential_report(&[&lines[0], &lines[1]])).file("in/rungs.yaml", config)
}

fn check<'a>(record: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    record["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

#[test]
fn a_waiver_moves_a_failure_and_changes_no_strict_figure() {
    let plain = estate("as_of: 2026-06-30\n").assess("in");
    let waived = estate(
        "as_of: 2026-06-30\nwaivers:\n  - {check: credential.long-lived, where: \"identity_name = 'svc-b'\", \
         reason: r, approver: a, expiry: 2026-06-30}\n",
    )
    .assess("in");
    let (before, after) = (check(&plain, "credential.long-lived"), check(&waived, "credential.long-lived"));
    assert_eq!(
        (before["failed"].as_u64(), after["failed"].as_u64(), after["waived"].as_u64()),
        (Some(1), Some(0), Some(1))
    );
    assert_eq!(before["whole"]["strict"], after["whole"]["strict"]);
    assert_eq!(after["whole"]["accepted"], serde_json::json!({"low": 1.0, "high": 1.0}));
    assert_eq!(plain["maturity"], waived["maturity"]);
    for (one, other) in plain["frameworks"].as_array().unwrap().iter().zip(waived["frameworks"].as_array().unwrap()) {
        assert_eq!(one["achieved"]["strict"], other["achieved"]["strict"]);
    }
    assert_eq!(waived["waivers"][0]["waived"], 1);
}

#[test]
fn expired_and_unused_waivers_are_listed_and_change_nothing() {
    let folder = estate(
        "as_of: 2026-06-30\nwaivers:\n\
         \x20 - {check: credential.long-lived, ids: [svc-b], reason: r, approver: a, expiry: 2026-06-29}\n\
         \x20 - {check: credential.long-lived, ids: [nobody], reason: r, approver: a, expiry: 2026-12-31}\n",
    );
    let record = folder.assess("in");
    assert_eq!(
        (record["waivers"][0]["state"].as_str(), record["waivers"][1]["unused"].as_bool()),
        (Some("expired"), Some(true))
    );
    assert_eq!(check(&record, "credential.long-lived")["failed"], 1);
    let notices: Vec<String> = record["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| format!("{} {}", notice["code"].as_str().unwrap(), notice["place"].as_str().unwrap_or_default()))
        .collect();
    assert!(notices.contains(&"waiver/expired in/rungs.yaml:3:13".to_owned()), "{notices:?}");
    assert!(notices.contains(&"waiver/unused in/rungs.yaml:4:13".to_owned()), "{notices:?}");
}

#[test]
fn a_waiver_with_a_wrong_predicate_is_an_error_at_its_line() {
    let folder = estate(
        "as_of: 2026-06-30\nwaivers:\n  - check: credential.long-lived\n    where: identity_nam = 'x'\n    reason: r\n\
         \x20   approver: a\n    expiry: 2026-12-31\n",
    );
    let run = folder.run(&["assess", "in", "-q"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("in/rungs.yaml:4:12") && run.stderr.contains("did you mean `identity_name`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn parameters_change_what_checks_ask_and_unknown_ones_are_errors() {
    let record = estate("as_of: 2026-06-30\nparameters: { max_secret_age_days: 10 }\n").assess("in");
    assert_eq!(check(&record, "credential.long-lived")["failed"], 2);
    let parameter =
        record["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "max_secret_age_days").unwrap();
    assert_eq!((&parameter["value"], &parameter["default"]), (&10.into(), &90.into()));
    let run = estate("as_of: 2026-06-30\nparameters: { max_secret_days: 10 }\n").run(&["assess", "in", "-q"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no check has a parameter `max_secret_days`"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `max_secret_age_days`?"), "{}", run.stderr);
}

#[test]
fn old_evidence_proves_nothing() {
    let record = estate("as_of: 2026-06-30\nsources: [{path: aws, as_of: 2026-03-29}]\n").assess("in");
    assert_eq!(record["evidence"][0]["stale"], true);
    let rotated = check(&record, "credential.long-lived");
    assert_eq!((rotated["state"].as_str(), rotated["passed"].as_u64()), (Some("not-assessed"), Some(0)));
    let fresh = estate(
        "as_of: 2026-06-30\nsources: [{path: aws, as_of: 2026-03-29}]\nparameters: { max_evidence_age_days: 100 }\n",
    )
    .assess("in");
    assert_eq!(check(&fresh, "credential.long-lived")["state"], "assessed");
}

#[test]
fn a_declared_scope_without_an_export_opens_the_figures_unless_it_is_bounded() {
    let open = estate("as_of: 2026-06-30\nscopes: [{id: p, provider: gcp}]\n").assess("in");
    let rotated = check(&open, "credential.long-lived");
    assert_eq!(rotated["state"], "partly-assessed");
    assert_eq!(rotated["whole"]["strict"], serde_json::json!({"low": 0.0, "high": 1.0}));
    assert_eq!(rotated["observed"], serde_json::json!({"low": 0.5, "high": 0.5}));
    let bounded =
        estate("as_of: 2026-06-30\nscopes: [{id: p, provider: gcp, at_most: {credentials: 2}}]\n").assess("in");
    let rotated = check(&bounded, "credential.long-lived");
    assert_eq!(rotated["whole"]["strict"], serde_json::json!({"low": 0.25, "high": 0.75}));
    assert_eq!(rotated["uncovered"][0]["missing"], 2);
}

#[test]
fn entries_that_name_nothing_are_reported_with_their_line() {
    let folder = estate(
        "as_of: 2026-06-30\nsources:\n  - {path: nowhere.json, as_of: 2026-06-01}\nai:\n  identities: [\"identity_name = 'x'\"]\n",
    );
    let run = folder.run(&["assess", "in", "--report", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("no file lies at `nowhere.json`") && run.stderr.contains("in/rungs.yaml:3:12"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("this selector names no identity") && run.stderr.contains("in/rungs.yaml:5:16"),
        "{}",
        run.stderr
    );
}

#[test]
fn unknown_names_are_errors_with_a_suggestion() {
    for (config, message) in [
        ("scopes: [{id: x, provider: asw}]", "did you mean `aws`?"),
        ("scopes: [{id: x, provider: gcp, at_most: {credential: 3}}]", "did you mean `credentials`?"),
        (
            "waivers: [{check: credential.long-live, ids: [x], reason: r, approver: a, expiry: 2026-12-31}]",
            "did you mean `credential.long-lived`?",
        ),
        ("frameworks: [nist-csf-2]", "did you mean `nist-csf-2.0`?"),
        ("answers: missing.yaml", "there is no file `missing.yaml`"),
        ("sources: [{path: aws, kind: aws.credential-report}]", "did you mean `aws.credential_report`?"),
    ] {
        let run = estate(&format!("as_of: 2026-06-30\n{config}\n")).run(&["assess", "in", "-q"]);
        assert_eq!(run.code, 2, "{config}");
        assert!(run.stderr.contains(message) && run.stderr.contains("in/rungs.yaml:2:"), "{config}\n{}", run.stderr);
    }
}

#[test]
fn an_excluded_scope_is_left_out_and_named() {
    let config =
        "as_of: 2026-06-30\nscopes: [{id: '111122223333', provider: aws, excluded: {reason: sold, approver: CIO}}]\n";
    let folder = estate(config).file(
        "in/other/report.csv",
        &credential_report(&[&user_with_key("svc-c", "2026-06-01").replace("111122223333", "999988887777")]),
    );
    let record = folder.assess("in");
    assert_eq!(check(&record, "credential.long-lived")["n"], 1);
    assert_eq!(record["scope"]["excluded"][0]["reason"], "sold");
    assert_eq!(record["scope"]["scopes"].as_array().unwrap().len(), 1);
}

#[test]
fn what_does_not_exist_drops_out_and_an_export_of_it_refutes_that() {
    let absent = |providers: &[&str]| {
        let entries: Vec<String> = providers
            .iter()
            .map(|provider| format!("  - {{provider: {provider}, reason: none is run, approver: A. Person}}\n"))
            .collect();
        format!("as_of: 2026-06-30\nabsent:\n{}", entries.concat())
    };
    // Two kinds of systems list what uses an identity; without one of them the check stays open.
    let open = estate(&absent(&["k8s"])).assess("in");
    assert_eq!(check(&open, "use.named-account")["state"], "not-assessed");
    let gone = estate(&absent(&["k8s", "spire"])).assess("in");
    assert_eq!(check(&gone, "use.named-account")["state"], "not-applicable");
    assert_eq!(gone["scope"]["excluded"][0]["scope_id"], "*");
    let practice = |record: &serde_json::Value, id: &str| {
        let domains = record["maturity"]["identity"]["domains"].as_array().unwrap().clone();
        let practices = domains.iter().flat_map(|domain| domain["practices"].as_array().unwrap().clone());
        practices.into_iter().find(|practice| practice["id"] == id).unwrap()
    };
    assert!(practice(&gone, "distinctness.named-accounts")["strict"].is_null());
    assert!(!practice(&open, "distinctness.named-accounts")["strict"].is_null());

    let refuted = estate(&absent(&["k8s", "aws"])).run(&["assess", "in", "-o", "out"]);
    assert_eq!(refuted.code, 2, "{}", refuted.stderr);
    assert!(
        refuted.stderr.contains("`aws` is said to be absent, and `aws/report.csv` is an export of it"),
        "{}",
        refuted.stderr
    );
    assert!(refuted.stderr.contains("in/rungs.yaml:4:"), "{}", refuted.stderr);
}

#[test]
fn a_few_dangerous_rows_among_many_are_not_drowned() {
    let rows = |failing: usize| {
        let users: Vec<serde_json::Value> = (0..20)
            .map(|number| {
                let policies = if number < failing { vec![serde_json::json!({"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})] } else { Vec::new() };
                serde_json::json!({
                    "Path": "/", "RoleName": format!("svc-{number}"), "RoleId": format!("AROA{number:016}"),
                    "Arn": format!("arn:aws:iam::111122223333:role/svc-{number}"), "CreateDate": "2026-01-01T00:00:00Z",
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                    "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": policies,
                    "Tags": [], "RoleLastUsed": {}
                })
            })
            .collect();
        let details =
            serde_json::json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": users, "Policies": []});
        rungs()
            .file("in/aws/details.json", &details.to_string())
            .file("in/rungs.yaml", "as_of: 2026-06-30\n")
            .assess("in")
    };
    // One admin of twenty: 95 % pass, which is worth 1 - 0.05 * 0.15 / 0.03 = 75 % in the practice; three: 25 %.
    for (failing, plain, worth) in [(0, 1.0, 1.0), (1, 0.95, 0.75), (3, 0.85, 0.25), (6, 0.7, 0.0)] {
        let record = rows(failing);
        let found = check(&record, "identity.no-standing-admin");
        assert_eq!((found["whole"]["strict"]["low"].as_f64(), found["tolerance"].as_f64()), (Some(plain), Some(0.03)));
        let domains = record["maturity"]["identity"]["domains"].as_array().unwrap();
        let practice = domains
            .iter()
            .flat_map(|domain| domain["practices"].as_array().unwrap())
            .find(|practice| practice["id"] == "privilege.no-standing-admin")
            .unwrap();
        let low = practice["strict"]["low"].as_f64().unwrap();
        assert!((low - worth).abs() < 1e-9, "{failing}: {low}");
    }
}
