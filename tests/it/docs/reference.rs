//! Reference pages on checks, questions and export formats, written from the framework files and the list of
//! sources.

use std::fmt::Write as _;

use rungs::frameworks::{Check, ControlMapping, Effect, Files, Kind, Library};
use rungs::inventory::{Fact, PROVIDERS};
use rungs::sources::SOURCES;

use super::keep;
use super::markdown::{cell, code, codes, table};

/// What stands under every page's title.
pub const WRITTEN: &str = "<!-- Written by a test (tests/it/docs) from code and data. Do not edit: change those, then\n     \
                           RUNGS_BLESS=1 cargo test --release --test it docs -->\n\n";

#[test]
fn checks() {
    let library = Library::load(&Files::shipped()).unwrap();
    let mut page = format!(
        "# Checks\n\n{WRITTEN}\
         A check judges each row of one [view](columns.md#views). A row to which it does not apply is left out; of the \
         others each passes, fails, or is unknown where the evidence does not tell. Every check belongs to one practice \
         of the maturity model. Controls of frameworks rest on practices, and so on checks.\n\n\
         Parameters can be set under `parameters:` in `rungs.yaml`. *Needs* are [facts](sources.md#facts) that the check \
         reads: where a scope does not show one, its rows are unknown. *Must be complete* are facts whose absence would \
         look like a pass: where one is not covered in full, a pass is unknown.\n\n"
    );
    let rows = library.checks.iter().map(|check| {
        [
            format!("[{}](#{})", code(&check.id), check.id.replace('.', "")),
            check.severity.name().to_owned(),
            code(&check.practice),
            cell(&check.title),
        ]
    });
    page.push_str(&table(["check", "severity", "practice", "what it requires"], rows));
    for domain in &library.model.domains {
        let belongs = |check: &&Check| library.model.practice(&check.practice).is_some_and(|p| p.domain == domain.id);
        let checks: Vec<&Check> = library.checks.iter().filter(belongs).collect();
        if checks.is_empty() {
            continue;
        }
        write!(page, "## {}\n\n{}\n\n", domain.title, domain.asks).unwrap();
        for check in checks {
            page.push_str(&section(check, &library));
        }
    }
    assert!(library.checks.len() > 40, "only {} checks were found", library.checks.len());
    keep("reference/checks.md", &format!("{}\n", page.trim_end()));
}

fn section(check: &Check, library: &Library) -> String {
    let practice = library.model.practice(&check.practice).unwrap();
    let remediation = &check.remediation;
    let kind = match check.kind {
        Kind::Preventive => "preventive",
        Kind::Detective => "detective",
    };
    let after = match remediation.effect {
        Effect::Pass => "rows then pass",
        Effect::Leave => "rows are then gone",
    };
    let effort = remediation.effort_hours;
    let mut lines = vec![
        ("Practice", format!("{} (level {}): {}", code(&practice.id), practice.level, practice.title)),
        ("Severity", format!("{}, {kind}", check.severity.name())),
        ("View", format!("[{}](columns.md#{})", code(&check.view), *check.view)),
        ("Applies where", code(&check.applies)),
        ("Passes where", code(&check.passes)),
    ];
    let mut list = |name, words: Vec<String>| {
        if !words.is_empty() {
            lines.push((name, words.join(", ")));
        }
    };
    list("Parameters", check.parameters.iter().map(|(name, value)| format!("`{name}` = {value}")).collect());
    list(
        "Tolerates",
        check.tolerance.iter().map(|share| format!("less than {} % failing rows", **share * 100.0)).collect(),
    );
    list("Needs", check.needs.iter().map(|fact| code(fact)).collect());
    list("Must be complete", check.complete.iter().map(|fact| code(fact)).collect());
    list("Evidence shown", check.evidence.iter().map(|column| code(column)).collect());
    lines.push((
        "Remediation",
        format!(
            "{} ({} team, {} hours and {} a row; {after})",
            remediation.title, remediation.owner, effort.fixed, effort.per_row
        ),
    ));
    if !remediation.requires.is_empty() {
        lines.push(("Fix first", codes(remediation.requires.iter().map(|id| id.as_str()))));
    }
    for (catalog, controls) in controls(check, library) {
        lines.push((catalog, controls.join(", ")));
    }
    let mut text = format!("### {}\n\n**{}.** {}\n\n", check.id, check.title.trim_end_matches('.'), check.rationale);
    for (name, value) in lines {
        writeln!(text, "- **{name}:** {}", value.trim()).unwrap();
    }
    text + "\n"
}

/// Controls that rest on a check or its practice, catalog by catalog in the publisher's order.
fn controls<'a>(check: &Check, library: &'a Library) -> Vec<(&'a str, Vec<&'a str>)> {
    let rests = |mapping: &ControlMapping| match mapping {
        ControlMapping::Mapped { parts, .. } => {
            parts.iter().any(|part| *part.id == if part.is_check { check.id.as_str() } else { check.practice.as_str() })
        }
        ControlMapping::NotMapped { .. } => false,
    };
    let mut found = Vec::new();
    for catalog in &library.catalogs {
        let Some(mapping) = library.mappings.get(catalog.id()) else { continue };
        let ids = catalog.controls.iter().map(|control| control.id.as_str());
        let resting: Vec<&str> = ids.filter(|id| mapping.controls.get(*id).is_some_and(|one| rests(one))).collect();
        if !resting.is_empty() {
            found.push((catalog.id(), resting));
        }
    }
    found
}

#[test]
fn questions() {
    let library = Library::load(&Files::shipped()).unwrap();
    let mut page = format!(
        "# Questions\n\n{WRITTEN}\
         What no export can show is asked of people. Answers stand in a YAML or CSV file that `answers:` in `rungs.yaml` \
         names; [Export formats](sources.md) says how it is recognised. An answer is `fully`, `largely`, `partially`, \
         `not` or `not-applicable`; *largely* is what *fully* asks with exceptions that are few, listed and end on a \
         date, none of them an AI identity in production. It needs a name and a date; without evidence it proves nothing.\n\n"
    );
    for domain in &library.model.domains {
        write!(page, "## {}\n\n", domain.title).unwrap();
        for question in library.questions.iter().filter(|q| question_domain(&library, &q.practice) == domain.id) {
            write!(
                page,
                "### {}\n\n**{}** {}\n\n- **Practice:** {}\n- **Severity:** {}\n- **Evidence:** {}\n- **Remediation:** {}\n\n",
                *question.id, question.question, question.guidance, code(&question.practice),
                question.severity.name(), question.evidence, question.remediation.title
            )
            .unwrap();
        }
    }
    assert!(library.questions.len() > 20, "only {} questions were found", library.questions.len());
    keep("reference/questions.md", &format!("{}\n", page.trim_end()));
}

fn question_domain<'a>(library: &'a Library, practice: &str) -> &'a str {
    &library.model.practice(practice).unwrap().domain
}

#[test]
fn sources() {
    let mut page = format!(
        "# Export formats\n\n{WRITTEN}\
         Rungs tells formats apart by content; names of files do not matter. A file that no format recognises is listed \
         in every report and changes nothing. Nothing is fetched: the commands below are run by people who may.\n\n\
         A fact is shown *full* where what the file does not list does not exist, and *partial* where it may exist all \
         the same. Where two files disagree, the one of lower rank is believed, and of equals the newer one.\n\n"
    );
    let rows = SOURCES.iter().map(|source| source.about()).map(|about| {
        let anchor = about.kind.replace('.', "");
        [format!("[{}](#{anchor})", code(about.kind)), code(about.provider), cell(about.title)]
    });
    page.push_str(&table(["kind", "provider", "what it is"], rows));
    for about in SOURCES.iter().map(|source| source.about()) {
        let scope = if about.names_scope {
            "named in the file"
        } else {
            "not in the file: named under `sources:` in `rungs.yaml`, else taken from the folder's name"
        };
        write!(
            page,
            "## {}\n\n{}.\n\n- **Provider:** {}\n- **Recognised by:** {}\n- **Scope:** {scope}\n- **Rank:** {}\n- **A \
             record that cannot be read** counts as one unknown row of [{}](columns.md#{})\n\nProduced by:\n\n\
             ```text\n{}\n```\n\n",
            about.kind,
            about.title,
            code(about.provider),
            about.recognises,
            about.precedence,
            code(about.main_view),
            about.main_view,
            about.command
        )
        .unwrap();
        let rows = about.facts.iter().map(|(fact, level)| [code(fact.name()), level.to_string()]);
        page.push_str(&table(["fact", "shown"], rows));
    }
    page.push_str("## Facts\n\nWhat evidence can show of a scope.\n\n");
    let rows = Fact::ALL.iter().map(|fact| [code(fact.name()), cell(fact.about())]);
    page.push_str(&table(["fact", "what it says"], rows));
    page.push_str(
        "## Providers\n\nKinds of system that `scopes:` in `rungs.yaml` may name. A declared scope must show the facts \
         that its provider can show in full; as long as it does not, checks that rest on them stay open. Formats for \
         some providers are still to come: such a scope can be declared, and counts as not covered.\n\n",
    );
    let rows = PROVIDERS.iter().map(|provider| {
        let facts = codes(provider.supplies.iter().map(|fact| fact.name()));
        [code(provider.id), provider.title.to_owned(), provider.scope.to_owned(), facts]
    });
    page.push_str(&table(["provider", "what it is", "a scope is its", "facts that it can show in full"], rows));
    keep("reference/sources.md", &format!("{}\n", page.trim_end()));
}
