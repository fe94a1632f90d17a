//! What an id of one framework has to do with others: paths, their strength, and whose word they are.

use serde_json::Value;

use crate::common::rungs;

fn paths(args: &[&str]) -> Vec<Value> {
    let run = rungs().run(&[&["crosswalk"], args, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn steps(path: &Value) -> &Vec<Value> {
    path["path"].as_array().unwrap()
}

fn strength(path: &Value) -> f64 {
    path["strength"].as_f64().unwrap()
}

#[test]
fn long_lived_secrets_lead_through_our_practices_on_lifetime_to_access_control() {
    let paths = paths(&["NHI7:2025", "--to", "nist-csf-2.0"]);
    let best = &paths[0];
    assert!(best["to"].as_str().unwrap().starts_with("nist-csf-2.0/PR.AA-"), "{best}");
    assert!(steps(best)[0]["to"].as_str().unwrap().starts_with("lifetime."), "{best}");
    assert_eq!((best["ours"].as_bool(), best["publisher"].as_str()), (Some(true), Some("Rungs")));
}

#[test]
fn a_chain_of_loose_rows_ranks_below_and_is_weak() {
    let paths = paths(&["NHI7:2025", "--to", "nist-csf-2.0"]);
    let names =
        |path: &Value| steps(path).iter().map(|step| step["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let chain = ["owasp-agentic-threats-v1.1/T4", "owasp-llm-top10-2025/LLM10:2025", "nist-csf-2.0/DE.CM-01"];
    let place = paths.iter().position(|path| names(path) == chain).unwrap_or_else(|| panic!("{paths:#?}"));
    let found = &paths[place];
    // Three rows of a quarter each: 1/64.
    assert_eq!((strength(found), found["label"].as_str()), (0.015_625, Some("weak")));
    assert_eq!(found["ours"], false);
    assert_eq!(found["publisher"], "OWASP GenAI Security Project; NIST");
    assert!(place > 0 && strength(&paths[0]) >= 0.25);
}

#[test]
fn strength_is_the_product_of_the_steps_and_never_grows() {
    let (mut seen, mut ours) = (0, 0);
    for id in ["NHI7:2025", "ASI03", "T3", "GOVERN 1.1", "PR.AA-01", "LLM06:2025", "lifetime.short-lived"] {
        for path in paths(&[id, "--depth", "4"]) {
            let product: f64 = steps(&path).iter().map(|step| step["strength"].as_f64().unwrap()).product();
            assert!((strength(&path) - product).abs() < 1e-12, "{path}");
            assert!(steps(&path).iter().all(|step| strength(&path) <= step["strength"].as_f64().unwrap()), "{path}");
            for pair in steps(&path).windows(2) {
                assert_eq!(pair[0]["to"], pair[1]["from"], "{path}");
            }
            let by_us = steps(&path).iter().filter(|step| step["publisher"] == "Rungs").count();
            assert!(by_us <= 2, "{path}");
            let mut others: Vec<&Value> = steps(&path)
                .iter()
                .filter(|step| step["publisher"] != "Rungs")
                .map(|step| &step["publication"])
                .collect();
            let count = others.len();
            others.sort_by_key(|publication| publication.as_str());
            others.dedup();
            assert_eq!(others.len(), count, "one publication's rows stand twice: {path}");
            seen += 1;
            ours += usize::from(by_us > 0);
        }
    }
    assert!(seen > 200 && ours > 100 && ours < seen, "{ours} of {seen}");
}

#[test]
fn publishers_rows_have_the_strength_of_their_word() {
    for (from, to, relation, expected) in [
        ("ASI01", "owasp-agentic-threats-v1.1/T6", "primary", 0.5),
        ("ASI01", "owasp-llm-top10-2025/LLM01:2025", "listed", 0.25),
        ("LLM01:2026", "owasp-llm-top10-2025/LLM01:2025", "successor-of", 0.5),
        ("ID.AM-01", "nist-sp-800-53-r5/CM-8", "informative-reference", 0.25),
    ] {
        let paths = paths(&[from, "--depth", "1"]);
        let found = paths.iter().find(|path| path["to"] == to).unwrap_or_else(|| panic!("{from} to {to}: {paths:#?}"));
        assert_eq!((found["relation"].as_str(), strength(found)), (Some(relation), expected), "{found}");
    }
}

#[test]
fn what_is_in_no_catalog_is_marked_external() {
    let found = paths(&["ASI01", "--depth", "1"]);
    let of =
        |to: &str| found.iter().find(|path| path["to"] == to).unwrap_or_else(|| panic!("{to}"))["external"].clone();
    assert_eq!(of("owasp-aivss-core-risks/AIVSS-10"), true);
    assert_eq!(of("owasp-agentic-threats-v1.1/T6"), false);
    // Of SP 800-53 a selection is here; the rest is known by its ids.
    let found = paths(&["GV.OC-01", "--to", "nist-sp-800-53-r5", "--depth", "1"]);
    assert!(found.iter().any(|path| path["to"] == "nist-sp-800-53-r5/PM-11" && path["external"] == true), "{found:#?}");
}

#[test]
fn informal_ids_explain_themselves() {
    for (id, says) in [("NHI-03", "NHI3:2025"), ("A1", "ASI02"), ("GOV-01", "L6")] {
        let run = rungs().run(&["crosswalk", id]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains("informal id") && run.stdout.contains(says), "{id}: {}", run.stdout);
    }
}

#[test]
fn drawings_hold_every_step_once() {
    let args = ["crosswalk", "NHI7:2025", "--to", "nist-csf-2.0", "--depth", "2"];
    let drawn = |format: &str| rungs().run(&[&args[..], &["--format", format]].concat()).stdout;
    let (mermaid, dot) = (drawn("mermaid"), drawn("dot"));
    assert!(mermaid.starts_with("flowchart LR\n") && dot.starts_with("digraph crosswalk {"));
    let mermaid_links = mermaid.lines().filter(|line| line.contains("-->")).count();
    let dot_links = dot.lines().filter(|line| line.contains("->")).count();
    assert_eq!(mermaid_links, dot_links);
    let mut lines: Vec<&str> = mermaid.lines().collect();
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count);
}

#[test]
fn the_matrix_counts_controls_with_a_path() {
    let run = rungs().run(&["crosswalk", "--matrix", "--depth", "1", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let cells: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let cell = |from: &str, to: &str| {
        let found = cells.iter().find(|cell| cell["from"] == from && cell["to"] == to).unwrap();
        (found["covered"].as_u64().unwrap(), found["controls"].as_u64().unwrap())
    };
    // All ten risks of 2026 name a predecessor; appendix A names a threat for each agentic risk.
    assert_eq!(cell("owasp-llm-top10-2026", "owasp-llm-top10-2025"), (10, 10));
    assert_eq!(cell("owasp-agentic-top10-2026", "owasp-agentic-threats-v1.1"), (10, 10));
    // Nobody publishes rows between these two.
    assert_eq!(cell("nist-csf-2.0", "csa-maestro"), (0, 106));
}
