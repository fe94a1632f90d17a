//! The saved assessment: what every report, trend and gate reads. `v1` is a frozen copy of its own, never a
//! dump of live types: more may be added to it, nothing changes its meaning within a major version.

mod build;
mod convert;
mod estate;
mod identity;
pub mod rows;
pub mod v1;

pub use crate::assessment::percent;
pub use build::{Parts, build};
pub use estate::{EstateSummary, summarise};
pub use identity::{Digests, assessment_id};
