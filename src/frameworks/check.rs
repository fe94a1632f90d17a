//! Checks: one YAML file each, with predicate, examples and remediation in one place.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diag::{Diagnostic, Located, Scalar, SourceFile, read_yaml};

/// Without a tolerance of its own a check is fully achieved below this share of failing rows (ISO/IEC 33020).
pub const LARGEST_TOLERANCE: f64 = 0.15;

/// A check: written once against one view, part of one practice.
#[derive(Debug, Clone)]
pub struct Check {
    /// The file that it was read from.
    pub file: Arc<SourceFile>,
    /// Its id: the file's path below `checks/`, with a dot for the slash.
    pub id: String,
    /// What is required.
    pub title: String,
    /// Why it matters.
    pub rationale: String,
    /// The view whose rows it judges.
    pub view: Located<String>,
    /// Which rows it judges; all of them where it is left out.
    pub applies: Located<String>,
    /// What a row must satisfy.
    pub passes: Located<String>,
    /// Default values of `${names}` in the predicates.
    pub parameters: BTreeMap<String, Scalar>,
    /// Facts that the predicates read.
    pub needs: Vec<Located<String>>,
    /// Facts whose absence the predicates would read as good.
    pub complete: Vec<Located<String>>,
    /// Facts that list the rows it judges, where these are not the view's own: the tool servers among all tools
    /// stand in the agent's own configuration.
    pub listed_by: Vec<Located<String>>,
    /// The practice that it is part of.
    pub practice: Located<String>,
    /// Share of failing rows below which it counts as fully achieved, where rows are so many that a few
    /// bad ones would not show in a plain share (docs/scoring.md section 4).
    pub tolerance: Option<Located<f64>>,
    /// Whether it judges what is, or whether somebody looks.
    pub kind: Kind,
    /// Its weight.
    pub severity: Severity,
    /// Columns shown for rows that do not pass.
    pub evidence: Vec<Located<String>>,
    /// What to do about rows that fail.
    pub remediation: Remediation,
    /// The row from which examples start.
    pub given: BTreeMap<String, Scalar>,
    /// Rows with a known verdict.
    pub examples: Examples,
}

/// What a check judges (docs/scoring.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The state of things.
    Preventive,
    /// Whether somebody looks; what they find fails other checks.
    Detective,
}

/// How much a failing row weighs (docs/scoring.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Weight 1.
    Low,
    /// Weight 2.
    Medium,
    /// Weight 3.
    High,
    /// Weight 4: one failing row is a breach by itself.
    Critical,
}

impl Severity {
    /// Its weight in means, 1 to 4.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Low => 1.0,
            Self::Medium => 2.0,
            Self::High => 3.0,
            Self::Critical => 4.0,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What to do, by whom, and what it takes.
#[derive(Debug, Clone)]
pub struct Remediation {
    /// In a few words.
    pub title: String,
    /// Step by step, in Markdown.
    pub steps: String,
    /// What it takes.
    pub effort_hours: EffortHours,
    /// Which team does it.
    pub owner: String,
    /// What becomes of a row that was fixed.
    pub effect: Effect,
    /// Checks and questions that should be dealt with first.
    pub requires: Vec<Located<String>>,
}

/// Effort in hours: once, and for each row.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffortHours {
    /// Once.
    pub fixed: f64,
    /// For each row.
    #[serde(default)]
    pub per_row: f64,
}

/// What becomes of a row that was fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It passes.
    Pass,
    /// It is gone.
    Leave,
}

/// Rows with a known verdict, by verdict.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Rows that pass.
    pub passed: ExampleSet,
    /// Rows that fail, and what fixes them.
    pub failed: ExampleSet,
    /// Rows on which the evidence is missing.
    pub unknown: ExampleSet,
    /// Rows that the check does not judge.
    pub outside: ExampleSet,
}

/// The examples of one verdict.
#[derive(Debug, Clone)]
pub enum ExampleSet {
    /// At least one row.
    Rows(Vec<Example>),
    /// No row can have this verdict, and why.
    Impossible(String),
}

/// One example: columns that differ from `given`.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Columns of the row.
    pub columns: BTreeMap<String, Scalar>,
    /// Columns that the remediation changes.
    pub fixed: Option<BTreeMap<String, Scalar>>,
}

impl<'de> Deserialize<'de> for ExampleSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Scalar(Scalar),
            Columns(BTreeMap<String, Scalar>),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Rows(Vec<BTreeMap<String, Value>>),
            Impossible { impossible: String },
        }
        let rows = match Raw::deserialize(deserializer)? {
            Raw::Impossible { impossible } => return Ok(Self::Impossible(impossible)),
            Raw::Rows(rows) => rows,
        };
        let mut examples = Vec::new();
        for row in rows {
            let mut example = Example { columns: BTreeMap::new(), fixed: None };
            for (column, value) in row {
                match value {
                    Value::Columns(columns) if column == "fixed" => example.fixed = Some(columns),
                    Value::Scalar(scalar) if column != "fixed" => {
                        example.columns.insert(column, scalar);
                    }
                    _ => {
                        return Err(serde::de::Error::custom(format!(
                            "an example's `{column}` is not a single value (`fixed` alone holds columns)"
                        )));
                    }
                }
            }
            examples.push(example);
        }
        Ok(Self::Rows(examples))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
    rationale: String,
    view: Located<String>,
    applies: Located<String>,
    passes: Located<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Scalar>,
    #[serde(default)]
    needs: Vec<Located<String>>,
    #[serde(default)]
    complete: Vec<Located<String>>,
    #[serde(default)]
    listed_by: Vec<Located<String>>,
    practice: Located<String>,
    tolerance: Option<Located<f64>>,
    kind: Kind,
    severity: Severity,
    evidence: Vec<Located<String>>,
    remediation: RawRemediation,
    #[serde(default)]
    given: BTreeMap<String, Scalar>,
    examples: Examples,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRemediation {
    title: String,
    steps: String,
    effort_hours: EffortHours,
    owner: String,
    effect: Effect,
    #[serde(default)]
    requires: Vec<Located<String>>,
}

impl Check {
    /// Reads a check; `path` is its path below `checks/`, without `.yaml`.
    ///
    /// # Errors
    /// A fault that points at the line.
    pub fn read(path: &str, file: &Arc<SourceFile>) -> Result<Self, Box<Diagnostic>> {
        let raw: Raw = read_yaml(file)?;
        let Raw {
            title,
            rationale,
            view,
            applies,
            passes,
            parameters,
            needs,
            complete,
            listed_by,
            practice,
            tolerance,
            kind,
            severity,
            evidence,
            remediation,
            given,
            examples,
        } = raw;
        if let Some(share) = &tolerance
            && !(**share > 0.0 && **share < LARGEST_TOLERANCE)
        {
            let message = format!("a tolerance of {} is none", **share);
            let help = format!("it is a share of failing rows above 0 and below {LARGEST_TOLERANCE}");
            return Err(Box::new(Diagnostic::error("check/tolerance", message).at_value(file, share).help(help)));
        }
        let RawRemediation { title: remediation_title, steps, effort_hours, owner, effect, requires } = remediation;
        Ok(Self {
            file: Arc::clone(file),
            id: path.replace('/', "."),
            title,
            rationale: rationale.trim().to_owned(),
            view,
            applies,
            passes,
            parameters,
            needs,
            complete,
            listed_by,
            practice,
            tolerance,
            kind,
            severity,
            evidence,
            remediation: Remediation { title: remediation_title, steps, effort_hours, owner, effect, requires },
            given,
            examples,
        })
    }
}
