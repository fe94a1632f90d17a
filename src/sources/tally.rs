//! Adds decisions up while a log streams by, so that memory grows with who asked for what, not with how often.

use std::collections::BTreeMap;

use super::{Broken, Input, Output};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Decision;

/// Different questions that are kept apart; the rest of a log that asks more stands in one row.
const MAX_QUESTIONS: usize = 100_000;
/// Who asks, in that row.
const OTHERS: &str = "(others)";

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Allowed,
    Denied,
    Undefined,
}

/// Who asked whom for what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub pdp_id: String,
    pub principal: String,
    pub action: String,
    pub resource_type: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    allowed: i64,
    denied: i64,
    undefined: i64,
    first: Option<Moment>,
    last: Option<Moment>,
    locator: String,
}

/// Who asked, for people, and which identity that is.
pub(super) struct Asker {
    pub name: String,
    pub identity_id: Option<String>,
}

/// Decisions by question.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<Question, Counts>);

impl Tally {
    pub fn add(&mut self, question: Question, outcome: Outcome, at: Moment, locator: &str) {
        let is_new = !self.0.contains_key(&question);
        let question = if is_new && self.0.len() >= MAX_QUESTIONS {
            let (principal, action) = (OTHERS.to_owned(), OTHERS.to_owned());
            Question { principal, action, resource_type: None, pdp_id: question.pdp_id }
        } else {
            question
        };
        let counts = self.0.entry(question).or_default();
        match outcome {
            Outcome::Allowed => counts.allowed += 1,
            Outcome::Denied => counts.denied += 1,
            Outcome::Undefined => counts.undefined += 1,
        }
        counts.first = Some(counts.first.map_or(at, |first| first.min(at)));
        counts.last = Some(counts.last.map_or(at, |last| last.max(at)));
        if counts.locator.is_empty() {
            locator.clone_into(&mut counts.locator);
        }
    }

    /// The first decision of all.
    pub fn first(&self) -> Option<Moment> {
        self.0.values().filter_map(|counts| counts.first).min()
    }

    /// Writes one row a question. `asker` says who stands behind a principal as it was added; those that turn out to
    /// be the same are one.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn write(
        self,
        provider: &str,
        scope_of: impl Fn(&str) -> String,
        asker: impl Fn(&str) -> Asker,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), Broken> {
        let mut merged: BTreeMap<Question, (Option<String>, Counts)> = BTreeMap::new();
        for (mut question, counts) in self.0 {
            let Asker { name, identity_id } = asker(&question.principal);
            question.principal = name;
            let (known, sum) = merged.entry(question).or_default();
            *known = known.take().or(identity_id);
            sum.allowed += counts.allowed;
            sum.denied += counts.denied;
            sum.undefined += counts.undefined;
            sum.first = sum.first.into_iter().chain(counts.first).min();
            sum.last = sum.last.into_iter().chain(counts.last).max();
            if sum.locator.is_empty() {
                sum.locator = counts.locator;
            }
        }
        for (question, (identity_id, counts)) in merged {
            out.push(Decision {
                provider: Word::from(provider),
                scope_id: Some(Word(scope_of(&question.pdp_id))),
                pdp_id: question.pdp_id,
                principal: question.principal,
                identity_id,
                action: question.action,
                resource_type: question.resource_type,
                allow_n: counts.allowed,
                deny_n: counts.denied,
                undefined_n: counts.undefined,
                first_at: counts.first,
                last_at: counts.last,
                source_id: input.source_id.clone(),
                locator: counts.locator,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(principal: &str) -> Question {
        let text = str::to_owned;
        Question { pdp_id: text("p"), principal: text(principal), action: text("read"), resource_type: None }
    }

    #[test]
    fn a_log_that_asks_without_end_stays_small() {
        let mut tally = Tally::default();
        let at = Moment::parse("2026-01-02").unwrap();
        for number in 0..MAX_QUESTIONS + 5 {
            tally.add(question(&number.to_string()), Outcome::Allowed, at, "x");
        }
        tally.add(question("7"), Outcome::Denied, at, "y");
        assert_eq!(tally.0.len(), MAX_QUESTIONS + 1);
        let others = tally.0.iter().find(|(question, _)| question.principal == OTHERS).unwrap().1;
        assert_eq!((others.allowed, others.denied), (5, 0));
        let seven = &tally.0[&question("7")];
        assert_eq!((seven.allowed, seven.denied, seven.locator.as_str()), (1, 1, "x"));
        assert_eq!(tally.first(), Some(at));
    }
}
