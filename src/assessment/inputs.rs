//! What all figures rest on: counts, coverage, answers. Small, and independent of how it was counted.

use std::collections::BTreeMap;

use super::{Answers, Remit};
use crate::engine::{Segment, Tally};
use crate::frameworks::Autonomy;

/// For which identities a figure is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Population {
    /// The whole estate.
    Whole,
    /// The identities that AI uses, with those of which it is not known.
    Ai,
}

/// Everything that the figures rest on.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// One entry a check, in the order of the library.
    pub checks: BTreeMap<String, CheckInput>,
    /// Answers to questions.
    pub answers: Answers,
    /// What is known of agents' autonomy.
    pub autonomy: AgentAutonomy,
}

/// What one check rests on.
#[derive(Debug, Clone, Default)]
pub struct CheckInput {
    /// Rows by segment and verdict.
    pub segments: Vec<SegmentCounts>,
    /// Which scopes it must cover, and which are not covered.
    pub remit: Remit,
    /// Whether its rows belong to identities, so that use by AI differs from row to row.
    pub by_identity: bool,
    /// Why it could not be run.
    pub error: Option<String>,
}

/// Rows of one segment by verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentCounts {
    /// The segment.
    pub segment: Segment,
    /// Rows that pass.
    pub passed: u64,
    /// Rows that fail, waived ones left out.
    pub failed: u64,
    /// Rows on which the evidence is missing.
    pub unknown: u64,
    /// Rows of which it is not known whether the check judges them.
    pub undetermined: u64,
    /// Rows that fail and whose risk was accepted.
    pub waived: u64,
    /// Rows that were never seen: bounded by rungs.yaml, or records that could not be read.
    pub unseen: u64,
}

impl SegmentCounts {
    /// A segment without rows.
    #[must_use]
    pub fn empty(segment: Segment) -> Self {
        Self { segment, passed: 0, failed: 0, unknown: 0, undetermined: 0, waived: 0, unseen: 0 }
    }

    /// A scope without rows, where nothing else is known of them.
    #[must_use]
    pub fn of_scope(provider: &str, scope_id: &str) -> Self {
        let (provider, scope_id) = (Some(provider.to_owned()), Some(scope_id.to_owned()));
        Self::empty(Segment { provider, scope_id, ..Segment::default() })
    }

    /// All rows that the check judges, or may judge.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.passed + self.failed + self.open() + self.waived
    }

    /// Rows that more evidence could settle.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.unknown + self.undetermined + self.unseen
    }
}

impl CheckInput {
    /// The counts of one check of a tally.
    #[must_use]
    pub fn from_tally(tally: &Tally, check: usize, by_identity: bool, remit: Remit) -> Self {
        let mut segments: Vec<SegmentCounts> = tally
            .counts(check)
            .into_iter()
            .map(|(segment, [_, passed, failed, unknown, undetermined, waived])| SegmentCounts {
                passed,
                failed,
                unknown,
                undetermined,
                waived,
                ..SegmentCounts::empty(segment.clone())
            })
            .filter(|counts| counts.rows() > 0)
            .collect();
        for (provider, scope_id, rows) in remit.unseen() {
            segments.push(SegmentCounts { unseen: rows, ..SegmentCounts::of_scope(provider, scope_id) });
        }
        Self { segments, remit, by_identity, error: None }
    }
}

/// What is known of how far agents act alone (docs/scoring.md section 6, *Profiles by autonomy*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgentAutonomy {
    /// The highest autonomy of any agent that states one.
    pub highest: Option<Autonomy>,
    /// Whether every scope that can list agents does, and every agent states its autonomy.
    pub complete: bool,
}
