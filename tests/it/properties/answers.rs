//! Which answer holds (docs/scoring.md section 3), read a second time: the newest of each scope, on ties the weakest,
//! and over scopes the weakest. Order never matters, and only what is in force with evidence proves anything.

use proptest::collection::vec;
use proptest::prelude::*;
use rungs::assessment::{Answer, Answers, Interval};

use crate::random::estate::{RandomAnswer, answers};
use crate::random::frameworks::{QUESTIONS, question_id};
use crate::random::{as_of, for_all};

/// What one answer proves; `None` where the question does not apply.
fn value(answer: &RandomAnswer) -> Option<(f64, f64)> {
    let open = Some((0.0, 1.0));
    if !answer.is_named || !(0..=365).contains(&answer.days_ago) {
        return open;
    }
    let word = match answer.word {
        Answer::Fully => 1.0,
        Answer::Largely => 0.85,
        Answer::Partially => 0.5,
        Answer::Not => 0.0,
        Answer::NotApplicable if answer.has_evidence && answer.is_approved => return None,
        Answer::NotApplicable => return open,
    };
    Some((if answer.has_evidence { word } else { 0.0 }, word))
}

/// The weakest of several values, at both ends; what does not apply weakens nothing.
fn weakest(values: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
    values.iter().flatten().copied().reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)))
}

fn expected(given: &[RandomAnswer], question: usize) -> Option<(f64, f64)> {
    let mut scopes = Vec::new();
    for scope in 0..2 {
        let own = || given.iter().filter(|answer| answer.question == question && answer.scope == scope);
        // What is dated after the assessment is as old as what has no date.
        let age = |answer: &RandomAnswer| if answer.days_ago < 0 { i64::MAX } else { answer.days_ago };
        let Some(newest) = own().map(age).min() else { continue };
        let values: Vec<_> = own().filter(|answer| age(answer) == newest).map(value).collect();
        scopes.push(weakest(&values));
    }
    if scopes.is_empty() { Some((0.0, 1.0)) } else { weakest(&scopes) }
}

#[test]
fn the_newest_answer_of_a_scope_and_the_weakest_scope_hold() {
    for_all((vec(answers(), 0..8), any::<u8>()), |(given, turn)| {
        let mut attested: Vec<_> = given.iter().map(RandomAnswer::attestation).collect();
        if !attested.is_empty() {
            let places = attested.len();
            attested.rotate_left(usize::from(turn) % places);
        }
        let answers = Answers::new(attested, as_of());
        for question in 0..QUESTIONS {
            let Some(Interval { low, high }) = answers.value(&question_id(question)) else {
                prop_assert_eq!(expected(&given, question), None);
                continue;
            };
            prop_assert_eq!(Some((low, high)), expected(&given, question));
        }
        Ok(())
    });
}
