//! No evidence is never a pass: taking exports away can only open figures.

use crate::common::{Rungs, rungs, sample};

struct Figure {
    name: String,
    low: f64,
    high: f64,
}

/// Every figure, rating and level of a record, as intervals.
fn figures(record: &serde_json::Value) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name: String, low: f64, high: f64| figures.push(Figure { name, low, high });
    for estate in ["identity", "ai_identity"] {
        let maturity = &record["maturity"][estate];
        let level = |value: &serde_json::Value, name: &str| value[name].as_f64().unwrap();
        add(format!("{estate} level"), level(maturity, "proven"), level(maturity, "possible"));
        for domain in maturity["domains"].as_array().unwrap() {
            add(format!("{estate} {} level", domain["id"]), level(domain, "proven"), level(domain, "possible"));
            for practice in domain["practices"].as_array().unwrap() {
                ranges(&format!("{estate} {}", practice["id"]), practice, &mut add);
            }
        }
        for profile in maturity["profile"].as_array().unwrap() {
            let holding = &profile["holding"];
            add(format!("{estate} holding {}", profile["level"]), level(holding, "low"), level(holding, "high"));
        }
    }
    for framework in record["frameworks"].as_array().unwrap() {
        for control in framework["controls"].as_array().unwrap() {
            ranges(&format!("{}", control["id"]), control, &mut add);
        }
    }
    figures
}

/// The strict interval and the ratings of a practice or control.
fn ranges(name: &str, value: &serde_json::Value, add: &mut impl FnMut(String, f64, f64)) {
    // What does not apply is contained in anything that may turn out not to apply.
    let Some(range) = value["strict"].as_object() else { return };
    let (low, high) = (range["low"].as_f64().unwrap(), range["high"].as_f64().unwrap());
    add(format!("{name} strict"), low, high);
    let rating = |end: &str| {
        let place = "NPLF".find(value["rating"][end].as_str().unwrap()).unwrap();
        f64::from(u32::try_from(place).unwrap())
    };
    add(format!("{name} rating"), rating("low"), rating("high"));
}

/// Every figure with more evidence lies inside the figure with less.
fn assert_contained(more: &serde_json::Value, less: &serde_json::Value, what: &str) {
    let less = figures(less);
    let more = figures(more);
    assert!(more.len() > 300, "only {} figures were compared", more.len());
    for inner in &more {
        let Some(outer) = less.iter().find(|figure| figure.name == inner.name) else { continue };
        let contained = inner.low >= outer.low - 1e-12 && inner.high <= outer.high + 1e-12;
        assert!(
            contained,
            "{what}: {} is {}..{} with and {}..{} without",
            inner.name, inner.low, inner.high, outer.low, outer.high
        );
        assert!(inner.low <= inner.high + 1e-12, "{}", inner.name);
    }
}

fn without(part: &str) -> (Rungs, serde_json::Value) {
    let folder = rungs().copy(&sample(), "q2").remove(&format!("q2/{part}"));
    let record = folder.assess("q2");
    (folder, record)
}

#[test]
fn without_agent_exports_agent_checks_are_not_assessed() {
    let whole = rungs().copy(&sample(), "q2").assess("q2");
    let (_, record) = without("agents");
    let mut seen = 0;
    for check in record["checks"].as_array().unwrap() {
        if matches!(check["view"].as_str(), Some("agents" | "agent_tools")) {
            assert_eq!(check["state"], "not-assessed", "{}", check["id"]);
            assert_eq!(check["whole"]["strict"], serde_json::json!({"low": 0.0, "high": 1.0}), "{}", check["id"]);
            assert_eq!(check["passed"], 0, "{}", check["id"]);
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} agent checks were seen");
    for estate in ["identity", "ai_identity"] {
        let (before, after) = (&whole["maturity"][estate], &record["maturity"][estate]);
        assert!(after["possible"].as_u64() >= before["possible"].as_u64(), "a possible level fell");
        assert!(after["proven"].as_u64() <= before["proven"].as_u64(), "a proven level rose");
        for (before, after) in before["domains"].as_array().unwrap().iter().zip(after["domains"].as_array().unwrap()) {
            assert!(after["possible"].as_u64() >= before["possible"].as_u64(), "{} possible fell", before["id"]);
            assert!(after["proven"].as_u64() <= before["proven"].as_u64(), "{} proven rose", before["id"]);
        }
    }
    assert_contained(&whole, &record, "agents");
}

/// The sample, without the one key that its exports disagree on: the credential report was made some minutes before the
/// key was, so it denies what the lists of keys show.
fn without_contradiction() -> Rungs {
    let mut rungs = rungs().copy(&sample(), "q2");
    for file in ["access-keys.ndjson", "access-key-last-used.ndjson"] {
        let name = format!("q2/aws/production/{file}");
        let text = rungs.read(&name);
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains("svc-berth-planner")).collect();
        assert_eq!(kept.len() + 1, text.lines().count(), "{file}");
        rungs = rungs.file(&name, &(kept.join("\n") + "\n"));
    }
    rungs
}

#[test]
fn every_export_that_is_added_only_narrows_figures() {
    let whole = without_contradiction().assess("q2");
    for part in [
        "kubernetes",
        "scans",
        "questionnaire.yaml",
        "aws/ml",
        "aws/production/credential-report.csv",
        "aws/production/account-authorization-details.json",
        "aws/production/access-keys.ndjson",
        "aws/production/access-key-last-used.ndjson",
        "agents/claude-desktop",
        "agents/dispatch-planner",
        "agents/vscode",
        "agents/crm-tools",
    ] {
        let folder = without_contradiction().remove(&format!("q2/{part}"));
        let folder = if part == "questionnaire.yaml" {
            let config = folder.read("q2/rungs.yaml").replace("answers: questionnaire.yaml\n", "");
            folder.file("q2/rungs.yaml", &config)
        } else {
            folder
        };
        assert_contained(&whole, &folder.assess("q2"), part);
    }
}
