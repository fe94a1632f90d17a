//! Argument groups: each knows how to load the library objects that it names.

mod catalogs;
mod format;
mod inventory;

pub use catalogs::CatalogArgs;
pub use format::{Format, FormatArgs};
pub use inventory::{Configured, InventoryArgs, Opened};
