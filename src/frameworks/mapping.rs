//! Which practices each control of a catalog rests on, or why nothing measures it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diag::{Diagnostic, Located, SourceFile, read_yaml};

/// The mapping file of one catalog.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The file that it was read from.
    pub file: Arc<SourceFile>,
    /// The catalog's id: the file's name.
    pub catalog: String,
    /// Every control that the file answers for, by id.
    pub controls: BTreeMap<String, Located<ControlMapping>>,
}

/// What one control rests on.
#[derive(Debug, Clone)]
pub enum ControlMapping {
    /// Practices and single checks.
    Mapped {
        /// What it rests on.
        parts: Vec<PartRef>,
        /// Whether a person must state it.
        assurance: Assurance,
        /// How much of it all parts together can show.
        covers: Covers,
        /// What nothing measures, in words.
        leaves: Option<String>,
        /// Why `covers: whole` holds where no part does all of the control.
        argument: Option<String>,
    },
    /// Nothing measures it.
    NotMapped {
        /// Why.
        reason: String,
        /// Practices that were considered.
        looked: Vec<Located<String>>,
    },
}

/// One practice or check that a control rests on.
#[derive(Debug, Clone)]
pub struct PartRef {
    /// Id of the practice or check.
    pub id: Located<String>,
    /// Whether it is a single check.
    pub is_check: bool,
    /// How it relates to the control: *part RELATION control*.
    pub relation: Relation,
    /// Why we think so.
    pub why: String,
}

/// The words of NIST IR 8477 for how one thing relates to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same.
    Equal,
    /// It does all of the control, and more.
    SupersetOf,
    /// They share something.
    IntersectsWith,
    /// It is a part of the control.
    SubsetOf,
}

impl Relation {
    /// How much it counts (docs/scoring.md section 4): 1 where the practice does all of the control, else 0.5.
    #[must_use]
    pub fn strength(self) -> f64 {
        match self {
            Self::Equal | Self::SupersetOf => 1.0,
            Self::IntersectsWith | Self::SubsetOf => 0.5,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::SupersetOf => "superset-of",
            Self::IntersectsWith => "intersects-with",
            Self::SubsetOf => "subset-of",
        }
    }
}

/// How much of a control its parts can show (docs/scoring.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covers {
    /// All of it: 1.
    Whole,
    /// 0.85.
    Most,
    /// 0.5.
    Part,
    /// 0.15.
    Little,
}

impl Covers {
    /// The share of the control, 0 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::Whole => 1.0,
            Self::Most => 0.85,
            Self::Part => 0.5,
            Self::Little => 0.15,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Most => "most",
            Self::Part => "part",
            Self::Little => "little",
        }
    }
}

/// Who can confirm a control (docs/scoring.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// Exports can.
    #[default]
    Automated,
    /// A person must; exports may refute it.
    Organisational,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControl {
    #[serde(default)]
    practices: Vec<RawPractice>,
    #[serde(default)]
    checks: Vec<RawCheck>,
    #[serde(default)]
    assurance: Assurance,
    covers: Option<Covers>,
    leaves: Option<String>,
    argument: Option<String>,
    not_mapped: Option<String>,
    #[serde(default)]
    looked: Vec<Located<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPractice {
    practice: Located<String>,
    relation: Relation,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    check: Located<String>,
    relation: Relation,
    why: String,
}

impl Mapping {
    /// Reads a mapping file; `catalog` is its name without `.yaml`.
    ///
    /// # Errors
    /// Faults that point at the lines: text that is no mapping, a control with neither practices nor a reason,
    /// or with both, without `covers`, or whole without an argument.
    pub fn read(catalog: &str, file: &Arc<SourceFile>) -> Result<Self, crate::diag::Diagnostics> {
        let raw: BTreeMap<String, Located<RawControl>> =
            read_yaml(file).map_err(|fault| crate::diag::Diagnostics::from(*fault))?;
        let mut faults = crate::diag::Diagnostics::default();
        let mut controls = BTreeMap::new();
        for (id, located) in raw {
            let place = located.with(());
            match understand(located.into_inner()) {
                Ok(mapping) => {
                    controls.insert(id, place.with(mapping));
                }
                Err(message) => faults.push(
                    Diagnostic::error("mapping/control", format!("control `{id}` {message}")).at_value(file, &place),
                ),
            }
        }
        if faults.has_errors() {
            return Err(faults);
        }
        Ok(Self { file: Arc::clone(file), catalog: catalog.to_owned(), controls })
    }
}

fn understand(raw: RawControl) -> Result<ControlMapping, &'static str> {
    let RawControl { practices, checks, assurance, covers, leaves, argument, not_mapped, looked } = raw;
    let practices = practices.into_iter().map(|RawPractice { practice, relation, why }| PartRef {
        id: practice,
        is_check: false,
        relation,
        why,
    });
    let checks = checks.into_iter().map(|RawCheck { check, relation, why }| PartRef {
        id: check,
        is_check: true,
        relation,
        why,
    });
    let parts: Vec<PartRef> = practices.chain(checks).collect();
    match (parts.is_empty(), not_mapped) {
        (true, None) => Err("has neither practices nor a reason why it is not mapped"),
        (false, Some(_)) => Err("has practices and a reason why it is not mapped; keep one"),
        (true, Some(reason)) if reason.trim().is_empty() => Err("has no reason why it is not mapped"),
        (true, Some(reason)) => Ok(ControlMapping::NotMapped { reason, looked }),
        (false, None) => {
            let covers = covers.ok_or("does not say how much its parts cover")?;
            let does_all = parts.iter().any(|part| part.relation.strength() >= 1.0);
            if covers == Covers::Whole && !does_all && argument.is_none() {
                return Err("is covered whole, but no part is equal or superset-of and no argument is given");
            }
            if covers != Covers::Whole && leaves.is_none() {
                return Err("does not say what its parts leave open");
            }
            Ok(ControlMapping::Mapped { parts, assurance, covers, leaves, argument })
        }
    }
}
