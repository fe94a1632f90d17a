//! The shipped framework data, tested by invariants with floors rather than by totals.

use rungs::engine::{Engine, ExampleReport};
use rungs::frameworks::{ControlMapping, ExampleSet, Files, Library, Resolution, lint};

use crate::common::{root, rungs};

fn library() -> Library {
    Library::load(&Files::shipped()).unwrap_or_else(|faults| panic!("{:?}", faults.iter().collect::<Vec<_>>()))
}

#[test]
fn every_catalog_has_as_many_controls_as_its_publisher_printed() {
    let library = library();
    for (id, controls) in [
        ("owasp-nhi-top10-2025", 10),
        ("owasp-agentic-top10-2026", 10),
        ("owasp-agentic-threats-v1.1", 17),
        ("csa-maestro", 55),
        ("nist-ai-rmf-1.0", 72),
        ("nist-csf-2.0", 106),
        ("owasp-llm-top10-2025", 10),
        ("owasp-llm-top10-2026", 10),
        ("iso-42001-2023-annex-a", 38),
    ] {
        let catalog = library.catalog(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert_eq!(catalog.controls.len(), controls, "{id}");
        assert!(lint(catalog, &library).is_empty(), "{id}");
        assert!(library.mappings[id].controls.len() == controls, "{id}: every control has an answer");
    }
}

#[test]
fn lint_passes_on_what_is_shipped() {
    let run = rungs().run(&["catalog", "lint"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for line in ["owasp-nhi-top10-2025        0       10", "csa-maestro                 8       55"] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
}

#[test]
fn lint_points_at_an_id_that_was_changed() {
    let name = "frameworks/catalogs/owasp-nhi-top10-2025.yaml";
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    let changed = text.replacen("id: \"NHI7:2025\"", "id: \"NHI77:2025\"", 1);
    assert_ne!(text, changed);
    let line = changed.lines().position(|line| line.contains("NHI77:2025")).unwrap() + 1;
    let run = rungs().file("copy.yaml", &changed).run(&["catalog", "lint", "copy.yaml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`NHI77:2025` does not look like an id of edition 2025"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("copy.yaml:{line}:")), "{}", run.stderr);
}

/// A catalog of two controls in one group, with one thing changed.
fn planted(from: &str, to: &str) -> String {
    let catalog = "id: planted\ntitle: T\npublisher: P\nedition: '1'\npublished: '2026-01-01'\nlicence: L\n\
                   attribution: A\nsource: https://example.com\nid_pattern: '^(G|C[0-9])$'\n\
                   counts: { groups: 1, controls: 2 }\n\
                   groups:\n  - id: G\n    title: Group\n    summary: What the group is about.\n\
                   controls:\n  - id: C1\n    group: G\n    title: One\n    summary: What control one asks.\n\
                   \x20 - id: C2\n    group: G\n    title: Two\n    summary: What control two asks.\n";
    assert!(catalog.contains(from), "{from}");
    catalog.replacen(from, to, 1)
}

#[test]
fn lint_finds_every_planted_fault_and_its_line() {
    for (from, to, line, message) in [
        ("controls: 2", "controls: 3", 10, "the header counts 1 groups and 3 controls, the file has 1 and 2"),
        ("group: G\n    title: Two", "group: X\n    title: Two", 21, "there is no group `X`"),
        ("id: C2", "id: C1", 20, "`C1` stands on line 16 already"),
        ("id: C2", "id: D2", 20, "`D2` does not look like an id of edition 1"),
        ("    summary: What control two asks.\n", "", 20, "`C2` has no summary"),
    ] {
        let run = rungs().file("p.yaml", &planted(from, to)).run(&["catalog", "lint", "p.yaml"]);
        assert_eq!(run.code, 2, "{message}");
        assert!(run.stderr.contains(message), "{message}\n{}", run.stderr);
        assert!(run.stderr.contains(&format!("p.yaml:{line}:")), "line {line}\n{}", run.stderr);
    }
    let run = rungs().file("p.yaml", &planted("id: C2", "id: C2")).run(&["catalog", "lint", "p.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn strict_lint_finds_what_makes_a_mapping_wrong() {
    let shipped = |name: &str| std::fs::read_to_string(root().join("frameworks").join(name)).unwrap();
    for (file, from, to, message) in [
        (
            "catalogs/owasp-agentic-top10-2026.yaml",
            "title: Agent Goal Hijack",
            "title: Memory Poisoning",
            "\"Memory Poisoning\" here",
        ),
        ("mappings/owasp-nhi-top10-2025.yaml", "\"NHI7:2025\":", "\"NHI7\":", "has no control `NHI7`"),
        ("mappings/owasp-nhi-top10-2025.yaml", "relation: equal,", "relation: fulfils,", "fulfils"),
        (
            "mappings/owasp-nhi-top10-2025.yaml",
            "practice: lifetime.short-lived",
            "practice: lifetime.shortlived",
            "there is no practice `lifetime.shortlived`",
        ),
        (
            "mappings/owasp-nhi-top10-2025.yaml",
            "covers: most",
            "covers: whole",
            "no part is equal or superset-of and no argument is given",
        ),
        (
            "checks/credential/session-short.yaml",
            "needs: [credential.expiry]",
            "needs: [credential.expires]",
            "credential.expires",
        ),
        (
            "mappings/published/owasp-asi-2026-appendix-a.yaml",
            "relation: one-to-one",
            "relation: satisfies",
            "satisfies",
        ),
        (
            "mappings/published/owasp-asi-2026-appendix-c.yaml",
            "to: owasp-agentic-top10-2026/ASI04",
            "to: owasp-agentic-top10-2026/ASI40",
            "has no control or group `ASI40`",
        ),
        (
            "mappings/published/owasp-asi-2026-appendix-a.yaml",
            "to: owasp-aivss-core-risks/AIVSS-10",
            "to: owasp-aivss-core-risks/AIVSS-11",
            "does not look like an id",
        ),
    ] {
        let text = shipped(file);
        assert!(text.contains(from), "{file}: {from}");
        let run = rungs().file(&format!("mine/{file}"), &text.replacen(from, to, 1)).run(&[
            "catalog",
            "lint",
            "--strict",
            "--catalogs",
            "mine",
        ]);
        assert_eq!(run.code, 2, "{file}: {to}\n{}", run.stdout);
        assert!(run.stderr.contains(message), "{message}\n{}", run.stderr);
        let name = file.rsplit('/').next().unwrap();
        assert!(run.stderr.contains(&format!("{name}:")), "{name} is not named\n{}", run.stderr);
    }
}

#[test]
fn strict_lint_finds_circles_and_unanswered_catalogs_and_passes_on_what_is_shipped() {
    let shipped = |name: &str| std::fs::read_to_string(root().join("frameworks").join(name)).unwrap();
    let one = shipped("checks/credential/expires.yaml");
    let circle = one.replacen("requires: [identity.owned]", "requires: [credential.expires]", 1);
    assert_ne!(one, circle);
    let lint = ["catalog", "lint", "--strict", "--catalogs", "mine"];
    let run = rungs().file("mine/checks/credential/expires.yaml", &circle).run(&lint);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("require each other"), "{}", run.stderr);
    let unanswered = rungs().file("mine/catalogs/planted.yaml", &planted("id: C2", "id: C2"));
    assert_eq!(unanswered.run(&["catalog", "lint", "--catalogs", "mine"]).code, 0);
    let run = unanswered.run(&lint);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("catalog `planted` has no mapping file"), "{}", run.stderr);
    // Every fact that a shipped check reads is brought by some export; a unit test has one that is not.
    let run = rungs().run(&["catalog", "lint", "--strict"]);
    assert_eq!((run.code, run.stderr.contains("no export brings")), (0, false), "{}", run.stderr);
}

#[test]
fn examples_of_every_check_have_the_verdict_under_which_they_stand() {
    let library = library();
    let engine = Engine::new().unwrap();
    let compiled = engine.compile_all(&library.checks).unwrap();
    assert!(compiled.len() >= 30, "only {} checks were found", compiled.len());
    for (check, compiled) in library.checks.iter().zip(&compiled) {
        let ExampleReport { rows, faults } = engine.run_examples(check, compiled).unwrap();
        assert!(faults.is_empty(), "{}: {faults:?}", check.id);
        assert!(rows >= 2, "{}", check.id);
        let sets = [&check.examples.passed, &check.examples.failed, &check.examples.unknown, &check.examples.outside];
        for set in sets {
            if let ExampleSet::Impossible(reason) = set {
                assert!(reason.split_whitespace().count() >= 4, "{}: `{reason}` is no reason", check.id);
            }
        }
    }
}

#[test]
fn checks_and_questions_reach_every_domain_and_its_first_three_levels() {
    let library = library();
    let mut domains_with_checks = 0;
    for domain in &library.model.domains {
        let practices = || library.model.practices.iter().filter(|practice| practice.domain == domain.id);
        for level in 1..=3 {
            assert!(practices().any(|practice| practice.level == level), "{} has no level {level}", domain.id);
        }
        for practice in practices() {
            let measured = library.checks.iter().any(|check| *check.practice == practice.id)
                || library.questions.iter().any(|question| *question.practice == practice.id);
            assert!(measured, "nothing measures {}", practice.id);
        }
        let checked = library.checks.iter().any(|check| practices().any(|practice| practice.id == *check.practice));
        domains_with_checks += usize::from(checked);
    }
    assert_eq!(library.model.domains.len(), 12);
    assert!(domains_with_checks >= 9, "checks reach only {domains_with_checks} domains");
}

#[test]
fn organisational_controls_have_somebody_to_ask() {
    let library = library();
    for (catalog, mapping) in &library.mappings {
        for (id, control) in &mapping.controls {
            let ControlMapping::Mapped { parts, assurance, .. } = &**control else { continue };
            if *assurance == rungs::frameworks::Assurance::Organisational {
                let asks = parts.iter().any(|part| library.questions.iter().any(|q| *q.practice == *part.id));
                assert!(asks, "{catalog} {id} needs a person's statement and asks none");
            }
        }
    }
}

#[test]
fn ids_are_found_however_they_are_written() {
    let library = library();
    for written in ["NHI7:2025", "nhi7", "NHI-7", "NHI 07", "owasp-nhi-top10-2025/nhi7"] {
        match library.resolve(written) {
            Resolution::One(found) => assert_eq!(found.id, "NHI7:2025", "{written}"),
            other => panic!("{written}: {other:?}"),
        }
    }
    for (written, means) in [("NHI-03", "NHI7:2025"), ("a1", "ASI02"), ("GOV-01", "L6")] {
        match library.resolve(written) {
            Resolution::Informal(_, reference) => assert_eq!(*reference.means[0], means, "{written}"),
            other => panic!("{written}: {other:?}"),
        }
    }
    assert!(matches!(library.resolve("gv-1.1"), Resolution::One(found) if found.id == "GOVERN 1.1"));
    assert!(matches!(library.resolve("XYZ-9"), Resolution::Unknown));
    assert!(matches!(library.resolve("1"), Resolution::Unknown | Resolution::Ambiguous(_)));
}

#[test]
fn an_informal_id_explains_itself() {
    let run = rungs().run(&["catalog", "show", "NHI-03"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout.starts_with("NHI-03 is an informal id that OWASP Foundation does not publish."),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("Most likely meant: NHI7:2025") && run.stdout.contains("Not meant: NHI3:2025"));
}

#[test]
fn an_unknown_id_is_an_error_that_suggests_the_nearest() {
    let run = rungs().run(&["catalog", "show", "owasp-nhi-top10"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean `owasp-nhi-top10-2025`?"), "{}", run.stderr);
}
