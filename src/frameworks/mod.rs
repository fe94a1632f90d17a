//! What is measured, all of it data: catalogs of controls, checks, questions, the maturity model, and the
//! mappings that say which practices a control rests on. Loads and validates; knows `diag` and no other
//! room. A check's predicate is text with a place here: the engine judges it.

mod catalog;
mod check;
pub mod crosswalk;
pub mod edition;
pub mod exchange;
mod files;
mod library;
mod lint;
mod mapping;
mod model;
mod published;
mod question;
mod resolve;

pub use catalog::{Catalog, Control, Counts, Group, Reference};
pub use check::{
    Check, Effect, EffortHours, Example, ExampleSet, Examples, Kind, LARGEST_TOLERANCE, Remediation, Severity,
};
pub use files::Files;
pub use library::Library;
pub use lint::{lint, lint_against};
pub use mapping::{Assurance, ControlMapping, Covers, Mapping, PartRef, Relation};
pub use model::{Autonomy, Domain, LevelTitle, Model, Practice};
pub use published::{External, Publication, PublishedRelation, Row, Tier, Unplaced};
pub use question::Question;
pub use resolve::{Resolution, Resolved};
