//! From tallies, answers and waivers to check results, control coverage and framework scores (docs/scoring.md
//! sections 1 to 5). Everything that the figures rest on is held in [`Inputs`], so that the plan and what-if
//! can compute them again without a scan.

mod answers;
mod check;
mod control;
mod framework;
mod inputs;
mod interval;
mod parts;
mod remit;

pub use answers::{Answer, AnswerState, Answers, Attestation, read_answers};
pub use check::{CheckResult, Counts, State};
pub use control::{ControlResult, ControlState, Rated, rate, rate_practice};
pub use framework::{FrameworkResult, score_framework, strict_after};
pub use inputs::{AgentAutonomy, CheckInput, Inputs, Population, SegmentCounts};
pub use interval::{Interval, Rating, fixed_point, percent};
pub use parts::{Applies, Cap, Changed, Part, PartKind, PartValue, Parts, Scored};
pub use remit::{Remit, Uncovered, adjustment, remit};
