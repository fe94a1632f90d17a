//! `rungs.yaml` as it is written: every key known, every value with its place, nothing judged yet.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::diag::{Located, Scalar};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub organisation: Option<String>,
    pub as_of: Option<Located<String>>,
    pub claimed: Option<Located<i64>>,
    #[serde(default)]
    pub engagement: RawEngagement,
    pub frameworks: Option<Vec<Located<String>>>,
    #[serde(default)]
    pub scopes: Vec<RawScope>,
    #[serde(default)]
    pub absent: Vec<RawAbsent>,
    #[serde(default)]
    pub sources: Vec<RawSource>,
    #[serde(default)]
    pub ai: RawAi,
    #[serde(default)]
    pub parameters: BTreeMap<String, Located<Scalar>>,
    #[serde(default)]
    pub waivers: Vec<RawWaiver>,
    pub answers: Option<Located<String>>,
    #[serde(default)]
    pub targets: Vec<RawTarget>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEngagement {
    pub client: Option<String>,
    pub assessor: Option<String>,
    pub period: Option<String>,
    pub status: Option<Located<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScope {
    pub id: Located<String>,
    pub provider: Located<String>,
    pub name: Option<String>,
    #[serde(default)]
    pub at_most: BTreeMap<String, Located<u64>>,
    pub excluded: Option<RawExclusion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExclusion {
    pub reason: Located<String>,
    pub approver: Located<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAbsent {
    pub provider: Located<String>,
    pub reason: Located<String>,
    pub approver: Located<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub path: Located<String>,
    pub scope_id: Option<String>,
    pub as_of: Option<Located<String>>,
    pub kind: Option<Located<String>>,
    pub table: Option<Located<String>>,
    pub provider: Option<Located<String>>,
    #[serde(default)]
    pub columns: BTreeMap<String, Located<RawMapped>>,
    #[serde(default)]
    pub covers: BTreeMap<String, Located<String>>,
}

/// Where a column of a table comes from: the name of a column of the file, or more.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawMapped {
    Name(String),
    Full(RawMappedFull),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMappedFull {
    pub from: Option<String>,
    pub value: Option<Scalar>,
    #[serde(default)]
    pub values: BTreeMap<String, Scalar>,
    pub date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAi {
    #[serde(default)]
    pub identities: Vec<RawSelector>,
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    #[serde(default)]
    pub none: Vec<Located<String>>,
}

/// Either the predicate alone (an agent uses the rows) or the predicate with the kind of use.
#[derive(Debug)]
pub(super) struct RawSelector {
    pub predicate: Located<String>,
    pub used_as: Option<Located<String>>,
}

impl<'de> Deserialize<'de> for RawSelector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            #[serde(rename = "where")]
            predicate: String,
            #[serde(rename = "use")]
            used_as: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Short(String),
            Full(Full),
        }
        let either = Located::<Either>::deserialize(deserializer)?;
        let (predicate, used_as) = match &*either {
            Either::Short(predicate) => (either.with(predicate.clone()), None),
            Either::Full(full) => {
                (either.with(full.predicate.clone()), full.used_as.clone().map(|word| either.with(word)))
            }
        };
        Ok(Self { predicate, used_as })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWaiver {
    pub check: Located<String>,
    #[serde(rename = "where")]
    pub predicate: Option<Located<String>>,
    #[serde(default)]
    pub ids: Vec<String>,
    pub reason: Located<String>,
    pub approver: Located<String>,
    pub from: Option<Located<String>>,
    pub expiry: Located<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub level: Located<i64>,
    pub by: Located<String>,
}
