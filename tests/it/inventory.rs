//! `rungs inventory` and `rungs sources`: what was read, what it covers, and read-only SQL over it.

use crate::common::{credential_report, rungs, sample, user_with_key};

#[test]
fn sql_reads_views_and_tables_and_changes_nothing() {
    let folder = rungs().file("in/r.csv", &credential_report(&[&user_with_key("svc-a", "2026-06-01")]));
    let sql =
        |query: &str| folder.run(&["inventory", "sql", query, "in", "--as-of", "2026-06-30", "--format", "json", "-q"]);
    let run = sql("SELECT identity_name, age_days, never_expires, created_at, expires_at FROM credentials");
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        rows,
        serde_json::json!([{"identity_name": "svc-a", "age_days": 29, "never_expires": true,
                            "created_at": "2026-06-01T00:00:00Z", "expires_at": null}])
    );
    for query in
        ["DROP TABLE identity", "COPY identities TO 'x.csv'", "CREATE TABLE t AS SELECT 1", "SET a = 1", "SELECT"]
    {
        let run = sql(query);
        assert_eq!(run.code, 2, "{query}: {}", run.stdout);
    }
    let run = sql("SELECT fingerprint FROM credential");
    assert_eq!(run.code, 2, "fingerprints are never printed");
}

#[test]
fn coverage_says_what_would_fill_each_hole() {
    let folder = rungs().file("in/r.csv", &credential_report(&[&user_with_key("svc-a", "2026-06-01")]));
    let run = folder.run(&["inventory", "coverage", "in", "--as-of", "2026-06-30", "--format", "json", "-q"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
    let fact = |name: &str| rows.iter().find(|row| row["fact"] == name).unwrap();
    assert_eq!(fact("credential")["level"], "full");
    assert_eq!(fact("identity")["level"], "partial");
    assert!(fact("identity")["note"].as_str().unwrap().contains("roles and groups are not in a credential report"));
    let filled = fact("entitlement")["fill_with"][0].as_str().unwrap();
    assert!(filled.contains("get-account-authorization-details"), "{filled}");
}

#[test]
fn one_key_in_three_files_is_one_row() {
    let folder = rungs().copy(&sample().join("aws"), "in");
    let hints = "as_of: 2026-06-30\nsources:\n  - {path: production, scope_id: '111122223333'}\n";
    let folder = folder.file("in/rungs.yaml", hints);
    let count = |query: &str| {
        let run = folder.run(&["inventory", "sql", query, "in", "--format", "json", "-q"]);
        let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        rows[0]["n"].as_i64().unwrap()
    };
    let listed = count(
        "SELECT count(DISTINCT credential_id) AS n FROM credential WHERE kind = 'access_key' AND credential_id LIKE 'AKIA%'",
    );
    let merged = count(
        "SELECT count(*) AS n FROM credentials WHERE credential_kind = 'access_key' AND scope_id = '111122223333'",
    );
    assert_eq!(listed, merged);
    // Two keys of one user made in the same second are two keys.
    let twins = count(
        "SELECT count(*) AS n FROM credentials WHERE identity_name = 'svc-port-feed' AND credential_kind = 'access_key'",
    );
    assert_eq!(twins, 2);
}

#[test]
fn sources_are_listed_with_command_and_facts() {
    let run = rungs().run(&["sources", "--format", "json"]);
    let sources: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
    assert!(sources.len() >= 10);
    for source in &sources {
        for column in ["kind", "provider", "recognises", "command"] {
            assert!(source[column].as_str().is_some_and(|text| !text.is_empty()), "{source}");
        }
    }
}

/// A zip archive with these files, packed.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn packed_exports_say_the_same_as_plain_ones() {
    let report = credential_report(&[&user_with_key("svc-a", "2026-06-01"), &user_with_key("svc-b", "2024-01-01")]);
    let rows = |folder: &crate::common::Rungs| {
        let query = "SELECT credential_id, identity_id, scope_id, created_at FROM credentials ORDER BY credential_id";
        let run = folder.run(&["inventory", "sql", query, "in", "--as-of", "2026-06-30", "--format", "json", "-q"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(rows.len(), 2);
        rows
    };
    let plain = rows(&rungs().file("in/prod/r.csv", &report));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, report.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let packed = [
        ("in/prod/r.csv.gz", gzip.clone()),
        ("in/prod/r.csv.zst", zstd::encode_all(report.as_bytes(), 3).unwrap()),
        ("in/all.zip", archive(&[("prod/r.csv", report.as_bytes()), ("prod/notes.txt", b"not an export")])),
        ("in/prod.zip", archive(&[("r.csv.gz", &gzip)])),
    ];
    for (name, bytes) in packed {
        assert_eq!(rows(&rungs().bytes(name, &bytes)), plain, "{name}");
    }
}

#[test]
fn a_hostile_archive_is_listed_and_harms_nothing() {
    let report = credential_report(&[&user_with_key("svc-a", "2026-06-01")]);
    let zip = archive(&[
        ("prod/r.csv", report.as_bytes()),
        ("../../escape.csv", report.as_bytes()),
        ("prod/rungs.yaml", b"claimed: 5"),
        ("prod/zeros.json", &vec![0; 4 << 20]),
    ]);
    let folder = rungs().bytes("in/a.zip", &zip).bytes("in/sheet.xlsx", &archive(&[("[Content_Types].xml", b"<a/>")]));
    let run = folder.run(&["inventory", "show", "in", "--as-of", "2026-06-30", "--format", "json", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let refused: Vec<String> = shown["unrecognised"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| format!("{}: {}", file["path"].as_str().unwrap(), file["reason"].as_str().unwrap()))
        .collect();
    for expected in [
        "a.zip/../../escape.csv: its name leads out of the archive",
        "a.zip/prod/rungs.yaml: a configuration in an archive is not used",
        "a.zip/prod/zeros.json: it unpacks to more than a thousand times its size",
        "sheet.xlsx: an Office document; save the sheet as CSV",
    ] {
        assert!(refused.contains(&expected.to_owned()), "{expected} is not in {refused:?}");
    }
    assert_eq!((shown["files"].as_array().unwrap().len(), &shown["files"][0]["path"]), (1, &"a.zip/prod/r.csv".into()));
}

/// Account authorization details with one user and tags.
fn details(owner: &str) -> String {
    serde_json::json!({
        "UserDetailList": [{
            "Path": "/", "UserName": "svc-a", "UserId": "AIDAEXAMPLE", "CreateDate": "2025-01-01T00:00:00Z",
            "Arn": "arn:aws:iam::111122223333:user/svc-a", "GroupList": [], "AttachedManagedPolicies": [],
            "Tags": [{"Key": "owner", "Value": owner}]
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": []
    })
    .to_string()
}

#[test]
fn of_two_exports_the_later_counts_and_both_are_shown() {
    let hints = "as_of: 2026-06-30\nsources:\n  - {path: march.json, as_of: 2026-03-31}\n  - {path: june.json, as_of: 2026-06-30}\n";
    let folder = rungs()
        .file("in/march.json", &details("ann@acme.example"))
        .file("in/june.json", &details("bo@acme.example"))
        .file("in/rungs.yaml", hints);
    let run = folder.run(&["inventory", "show", "svc-a", "in", "--format", "json", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(shown["identity_id"], "arn:aws:iam::111122223333:user/svc-a");
    let claims: Vec<[String; 5]> = shown["claims"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|claim| claim["claim"] == "owner")
        .map(|claim| ["value", "believed", "contested", "source", "locator"].map(|key| claim[key].to_string()))
        .collect();
    assert_eq!(
        claims,
        [
            ["\"bo@acme.example\"", "true", "true", "\"june.json\"", "\"/UserDetailList/0\""],
            ["\"ann@acme.example\"", "false", "true", "\"march.json\"", "\"/UserDetailList/0\""],
        ]
        .map(|claim| claim.map(str::to_owned))
    );
    let query = "SELECT identity_owner, source_id FROM identities WHERE identity_kind <> 'root'";
    let run = folder.run(&["inventory", "sql", query, "in", "--format", "json", "-q"]);
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["identity_owner"]), (1, &"bo@acme.example".into()));
    let run =
        folder.run(&["inventory", "sql", "SELECT path FROM source ORDER BY path", "in", "--format", "json", "-q"]);
    assert_eq!(run.stdout.matches(".json").count(), 2, "{}", run.stdout);
}

#[test]
fn one_identity_is_shown_with_all_that_hangs_on_it() {
    let folder = rungs().copy(&sample(), "in");
    let run = folder.run(&["inventory", "show", "agents/dispatch-planner", "in", "--format", "json", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = |view: &str| {
        let belongings = shown["belongings"].as_array().unwrap();
        belongings.iter().find(|it| it["view"] == view).unwrap()["rows"].to_string()
    };
    assert!(rows("uses").contains("agents/dispatch-planner-0"));
    // The model key in its pod stands in a notebook, in code and in an agent's configuration too.
    let exposures = rows("exposures");
    for place in
        ["notebooks/eta_training.ipynb:64", "services/dispatch/planner.py:9", "agents/dispatch-planner/mcp.json"]
    {
        assert!(exposures.contains(place), "{place} is not in {exposures}");
    }
    assert!(!run.stdout.contains("sha256:") && !run.stdout.contains("sha1:"), "fingerprints are never printed");
    let text = folder.run(&["inventory", "show", "agents/dispatch-planner", "in", "-q"]);
    assert!(text.stdout.contains("what it signs in with"), "{}", text.stdout);

    let run = folder.run(&["inventory", "show", "agents/dispatch-plannr", "in", "-q"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean"), "{}", run.stderr);
    let run = folder.run(&["inventory", "show", "default", "in", "-q"]);
    assert_eq!(run.code, 2, "{}", run.stdout);
}

#[test]
fn coverage_is_a_matrix_with_what_fills_its_holes() {
    let folder = rungs().file("in/prod/r.csv", &credential_report(&[&user_with_key("svc-a", "2026-06-01")]));
    let run = folder.run(&["inventory", "coverage", "in", "--as-of", "2026-06-30", "-q"]);
    let line = |start: &str| {
        let found = run.stdout.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line `{start}` in {}", run.stdout)).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("fact"), ["fact", "1"]);
    assert_eq!(line("credential "), ["credential", "full"]);
    assert_eq!(line("identity"), ["identity", "partial"]);
    assert_eq!(line("trust"), ["trust", "none"]);
    assert!(run.stdout.contains("aws:111122223333"));
    assert!(run.stdout.contains("  aws iam get-account-authorization-details"), "{}", run.stdout);
}
