//! Whether the examples of checks bite: with one comparison, NULL test or threshold of a predicate changed, at least
//! one example must have another verdict than the one under which it stands.

use std::collections::BTreeMap;

use regex::Regex;
use rungs::engine::{Compiler, Engine};
use rungs::frameworks::{Check, Files, Library};

/// A piece of a predicate that is changed as one.
const PIECES: &str = r"(?xi)
    '(?:[^']|'')*' | \$\{\w+\} | IS\s+NOT\s+DISTINCT\s+FROM | IS\s+DISTINCT\s+FROM | IS\s+NOT\s+NULL | IS\s+NULL
    | NOT\s+IN\b | \bIN\b | NOT\s+LIKE\b | \bLIKE\b | <= | >= | <> | < | > | = | \b\d+\b | \w+";

/// What a piece becomes.
fn changed(piece: &str) -> Vec<String> {
    let upper = piece.to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    let opposite = match words.join(" ").as_str() {
        "<=" => ">",
        ">=" => "<",
        "<" => ">=",
        ">" => "<=",
        "=" => "<>",
        "<>" => "=",
        "IS NULL" => "IS NOT NULL",
        "IS NOT NULL" => "IS NULL",
        "IS DISTINCT FROM" => "IS NOT DISTINCT FROM",
        "IS NOT DISTINCT FROM" => "IS DISTINCT FROM",
        "IN" => "NOT IN",
        "NOT IN" => "IN",
        "LIKE" => "NOT LIKE",
        "NOT LIKE" => "LIKE",
        _ if piece.starts_with("${") => return vec![format!("({piece} + 1)"), format!("({piece} - 1)")],
        _ => {
            return match piece.parse::<i64>() {
                Ok(number) if number > 1 => vec![(number + 1).to_string(), (number - 1).to_string()],
                _ => Vec::new(),
            };
        }
    };
    vec![opposite.to_owned()]
}

/// A parameter beside a number is settled before any row is read: at its default, one of both changes means nothing.
fn is_settled_beforehand(predicate: &str, at: usize) -> bool {
    let between = Regex::new(r"\$\{\w+\}\s*(<=|>=|<|>|=)\s*\d+").unwrap();
    between.find_iter(predicate).any(|found| found.range().contains(&at))
}

fn mutants(predicate: &str) -> Vec<String> {
    let pieces = Regex::new(PIECES).unwrap();
    let mut mutants = Vec::new();
    for found in pieces.find_iter(predicate) {
        let is_number = found.as_str().starts_with("${") || found.as_str().parse::<i64>().is_ok();
        if is_number && is_settled_beforehand(predicate, found.start()) {
            continue;
        }
        for other in changed(found.as_str()) {
            mutants.push(format!("{}{other}{}", &predicate[..found.start()], &predicate[found.end()..]));
        }
    }
    mutants
}

/// Whether the examples notice.
fn is_noticed(engine: &Engine, check: &Check) -> bool {
    let compiled = Compiler::new(engine).check(check, &BTreeMap::new());
    // Nothing that is changed makes another type of it, so that what does not compile would be a fault of this test.
    let compiled = compiled.unwrap_or_else(|_| panic!("{}: {} / {}", check.id, *check.applies, *check.passes));
    !engine.run_examples(check, &compiled).unwrap().faults.is_empty()
}

#[test]
fn a_changed_predicate_is_noticed_by_its_examples() {
    let library = Library::load(&Files::shipped()).unwrap_or_else(|faults| panic!("{:?}", faults.iter().next()));
    let engine = Engine::new().unwrap();
    let (mut tried, mut unnoticed) = (0, Vec::new());
    for check in &library.checks {
        let (applies, passes) = (mutants(&check.applies), mutants(&check.passes));
        for (name, texts) in [("applies", applies), ("passes", passes)] {
            for text in texts {
                let mut mutant = check.clone();
                let predicate = if name == "applies" { &mut mutant.applies } else { &mut mutant.passes };
                *predicate = predicate.with(text.clone());
                tried += 1;
                if !is_noticed(&engine, &mutant) {
                    unnoticed.push(format!("{} {name}: {text}", check.id));
                }
            }
        }
    }
    assert!(unnoticed.is_empty(), "{} of {tried}:\n{}", unnoticed.len(), unnoticed.join("\n"));
    assert!(tried > 2 * library.checks.len(), "only {tried} changes were tried");
}
