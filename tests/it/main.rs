//! The one integration binary: a module per user task.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop where it stands"
)]

mod assess;
mod catalogs;
mod common;
mod configuration;
mod crosswalk;
mod determinism;
mod docs;
mod evidence;
mod exchange;
mod faults;
mod hostile;
mod init;
mod inventory;
mod layering;
mod mutations;
mod properties;
mod random;
mod secrets;
