//! Figures depend on what is there, never on the order in which it was found: rows in segments, segments in
//! inputs, checks and practices in files, answers in questionnaires, lines and names of exports.

use proptest::collection::vec;
use proptest::prelude::*;
use rungs::assessment::SegmentCounts;

use super::figures::{assert_same, figures, of_inputs};
use crate::common::{Rungs, credential_report, rungs, user_with_key};
use crate::random::{for_all, worlds};

/// Puts things in an order that numbers give.
fn shuffle<T>(things: &mut [T], keys: &[usize]) {
    for (place, key) in (1..things.len()).zip(keys.iter().cycle()) {
        things.swap(place, key % (place + 1));
    }
}

/// Cuts a segment in two, as threads do that each count a share of the rows.
fn halves(whole: &SegmentCounts) -> [SegmentCounts; 2] {
    let part = |share: fn(u64) -> u64| SegmentCounts {
        segment: whole.segment.clone(),
        passed: share(whole.passed),
        failed: share(whole.failed),
        unknown: share(whole.unknown),
        undetermined: share(whole.undetermined),
        waived: share(whole.waived),
        unseen: share(whole.unseen),
    };
    [part(|count| count / 2), part(|count| count - count / 2)]
}

#[test]
fn figures_do_not_depend_on_the_order_or_the_cut_of_segments() {
    for_all((worlds(), vec(0..100_usize, 1..20)), |(world, keys)| {
        let library = world.library();
        let inputs = world.inputs(&library);
        let mut other = inputs.clone();
        for input in other.checks.values_mut() {
            input.segments = input.segments.iter().flat_map(halves).collect();
            shuffle(&mut input.segments, &keys);
            shuffle(&mut input.remit.uncovered, &keys);
            shuffle(&mut input.remit.covered, &keys);
        }
        let claimed = world.estate.claimed;
        prop_assert_eq!(of_inputs(&library, &other, claimed), of_inputs(&library, &inputs, claimed));
        Ok(())
    });
}

#[test]
fn figures_do_not_depend_on_the_order_of_rows_scopes_answers_or_frameworks() {
    for_all((worlds(), vec(0..100_usize, 1..20)), |(world, keys)| {
        let library = world.library();
        let mut other = world.clone();
        for evidence in &mut other.estate.checks {
            evidence.scopes.iter_mut().for_each(|scope| shuffle(&mut scope.rows, &keys));
            shuffle(&mut evidence.scopes, &keys);
            shuffle(&mut evidence.homeless, &keys);
        }
        shuffle(&mut other.estate.answers, &keys);
        prop_assert_eq!(figures(&other), figures(&world));
        let mut shuffled = library.clone();
        shuffle(&mut shuffled.checks, &keys);
        shuffle(&mut shuffled.questions, &keys);
        shuffle(&mut shuffled.catalogs, &keys);
        shuffle(&mut shuffled.model.practices, &keys);
        shuffle(&mut shuffled.model.domains, &keys);
        let inputs = world.inputs(&library);
        assert_same(&of_inputs(&shuffled, &inputs, world.estate.claimed), &figures(&world))
    });
}

/// An export folder: two accounts, each with a report of its users.
fn export(names: [&str; 2], users: &[(String, String)]) -> Rungs {
    let accounts = ["111122223333", "444455556666"];
    let mut folder = rungs();
    for (place, (name, account)) in names.into_iter().zip(accounts).enumerate() {
        let own = users.iter().enumerate().filter(|(number, _)| number % 2 == place).map(|(_, user)| user);
        let mut lines: Vec<String> =
            own.map(|(user, made)| user_with_key(user, made).replace(accounts[0], account)).collect();
        // The second folder holds the same lines the other way round.
        if names[0] > names[1] {
            lines.reverse();
        }
        folder = folder.file(name, &credential_report(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    folder
}

#[test]
fn figures_do_not_depend_on_the_order_of_lines_or_on_file_names() {
    let users: Vec<(String, String)> = (0..40_u32)
        .map(|number| (format!("user{}", number * 7 % 40), format!("20{}-0{}-15", 19 + number % 8, 1 + number % 5)))
        .collect();
    let figures = |names: [&str; 2]| {
        let record = export(names, &users).assess("in");
        let checks = record["checks"].as_array().unwrap().iter();
        let checks: Vec<_> =
            checks.map(|check| serde_json::json!([check["id"], check["whole"], check["ai"]])).collect();
        serde_json::json!([record["maturity"], record["frameworks"], checks, record["plan"], record["estate"]])
    };
    let one = figures(["in/a.csv", "in/b.csv"]);
    assert!(one[2].as_array().unwrap().iter().any(|check| check[1]["strict"]["low"] != check[1]["strict"]["high"]));
    assert_eq!(one, figures(["in/z/report.csv", "in/c.csv"]));
}
