//! Figures as they were written: the usual reading of a long fraction may be off by its last bit, and a report
//! made again from the saved assessment has to be the same file.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

fn parse<E: Error>(raw: &RawValue) -> Result<f64, E> {
    raw.get().parse().map_err(|_| E::custom("a figure is not a number"))
}

/// A figure.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    parse(&Box::<RawValue>::deserialize(deserializer)?)
}

/// A figure, or null.
pub(super) fn maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get() == "null" { Ok(None) } else { parse(&raw).map(Some) }
}

/// Figures by name.
pub(super) fn by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let raw = BTreeMap::<String, Box<RawValue>>::deserialize(deserializer)?;
    raw.into_iter().map(|(name, raw)| Ok((name, parse(&raw)?))).collect()
}
