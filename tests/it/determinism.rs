//! Same inputs, same bytes; and figures that do not depend on the order of rows or the names of files.

use crate::common::{Rungs, rungs, sample};

fn assess(folder: &Rungs, input: &str, output: &str) {
    let run = folder.run(&["assess", input, "-o", output, "--as-of", "2026-06-30", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_second_run_gives_the_same_bytes() {
    let folder = rungs().copy(&sample(), "q2");
    assess(&folder, "q2", "one");
    assess(&folder, "q2", "two");
    for entry in std::fs::read_dir(folder.path("one")).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |output: &str| std::fs::read(folder.path(output).join(&name)).unwrap();
        assert!(read("one") == read("two"), "{} differs", name.to_string_lossy());
    }
}

/// The figures of a record, without what names files.
fn figures(folder: &Rungs, output: &str) -> serde_json::Value {
    let record = folder.record(output);
    let checks: Vec<_> = record["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| serde_json::json!([check["id"], check["n"], check["whole"], check["ai"], check["segments"]]))
        .collect();
    serde_json::json!({
        "maturity": record["maturity"], "frameworks": record["frameworks"], "checks": checks,
        "estate": record["estate"], "plan": record["plan"],
    })
}

#[test]
fn figures_do_not_depend_on_the_order_of_rows_or_files() {
    let folder = rungs().copy(&sample(), "q2").copy(&sample(), "moved");
    assess(&folder, "q2", "one");
    // Records of the report, the key lists and the account's users and roles, all in reverse.
    let report = folder.path("moved/aws/production/credential-report.csv");
    let text = std::fs::read_to_string(&report).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().rev().collect();
    std::fs::write(&report, format!("{header}\n{}", lines.join("\n"))).unwrap();
    for name in ["access-keys.ndjson", "access-key-last-used.ndjson"] {
        let path = folder.path("moved/aws/production").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.lines().rev().collect::<Vec<_>>().join("\n")).unwrap();
    }
    for name in ["moved/aws/production/account-authorization-details.json", "moved/kubernetes/eu-prod.json"] {
        let path = folder.path(name);
        let mut document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for value in document.as_object_mut().unwrap().values_mut() {
            if let Some(list) = value.as_array_mut() {
                list.reverse();
            }
        }
        std::fs::write(&path, document.to_string()).unwrap();
    }
    // And the ml account's files under a name that sorts last.
    std::fs::create_dir(folder.path("moved/zz-ml")).unwrap();
    for name in ["credential-report.json", "account-authorization-details.json"] {
        std::fs::rename(folder.path("moved/aws/ml").join(name), folder.path("moved/zz-ml").join(name)).unwrap();
    }
    assess(&folder, "moved", "two");
    let (one, two) = (figures(&folder, "one"), figures(&folder, "two"));
    for part in ["estate", "checks", "maturity", "frameworks", "plan"] {
        assert!(one[part] == two[part], "{part} differs");
    }
}
