//! What to do, in which order, and what it gains. Works on [`crate::assessment::Inputs`], never on rows: every
//! gain is computed by changing the counts and scoring again.

mod action;
mod gain;
mod next_level;
mod order;

pub use action::{Action, ActionKind, Exports, Target, actions};
pub use gain::{Gain, after, gains};
pub use next_level::{NextLevel, next_level};
pub use order::{HOURS_PER_WAVE, WAVES, order};
