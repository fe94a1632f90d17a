//! The maturity model: levels, domains and the practices that stand in them.

use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use crate::diag::{Diagnostic, Diagnostics, Located, SourceFile, read_yaml};

use super::Files;

/// Levels run from 1 to this.
pub const TOP_LEVEL: u8 = 5;

/// The maturity model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// Titles of the levels 1 to 5.
    pub levels: Vec<LevelTitle>,
    /// Domains, in the order of the model.
    pub domains: Vec<Domain>,
    /// Practices, by domain and level.
    pub practices: Vec<Practice>,
}

/// A level and what it means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelTitle {
    /// 1 to 5.
    pub level: u8,
    /// One word or two.
    pub title: String,
    /// One sentence.
    pub summary: String,
}

/// A domain and what it asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The question that it asks.
    pub asks: String,
}

/// How far an agent acts alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Autonomy {
    /// Every step is a person's.
    Manual,
    /// A person watches and can step in.
    Supervised,
    /// It chooses its steps and tools itself.
    Autonomous,
}

impl FromStr for Autonomy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "manual" => Ok(Self::Manual),
            "supervised" => Ok(Self::Supervised),
            "autonomous" => Ok(Self::Autonomous),
            _ => Err(()),
        }
    }
}

/// A practice: the pivot between evidence and frameworks.
#[derive(Debug, Clone)]
pub struct Practice {
    /// Its id, `domain.name`.
    pub id: String,
    /// The domain that it belongs to.
    pub domain: String,
    /// The level at which it stands, 1 to 5.
    pub level: u8,
    /// What is done.
    pub title: String,
    /// What that means.
    pub summary: String,
    /// The autonomy of agents from which it applies at all.
    pub from_autonomy: Option<Autonomy>,
    /// Whether its checks and questions are different ways to the same end, of which the best one counts.
    pub alternatives: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    id: String,
    title: String,
    edition: String,
    levels: Vec<LevelTitle>,
    domains: Vec<Domain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPractices {
    practices: Vec<RawPractice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPractice {
    id: Located<String>,
    level: Located<u8>,
    title: String,
    summary: String,
    from_autonomy: Option<Located<String>>,
    #[serde(default)]
    alternatives: bool,
}

const MODEL_FILE: &str = "maturity/model.yaml";
const PRACTICES_FOLDER: &str = "maturity/practices";

impl Model {
    /// Reads the model and its practices.
    ///
    /// # Errors
    /// Every fault found.
    pub(super) fn read(files: &Files) -> Result<Self, Diagnostics> {
        let file = files.get(MODEL_FILE).ok_or_else(|| {
            Diagnostics::from(Diagnostic::error("model/missing", format!("there is no `{MODEL_FILE}`")))
        })?;
        let raw: RawModel = read_yaml(file).map_err(|fault| Diagnostics::from(*fault))?;
        let mut faults = Diagnostics::default();
        let levels: Vec<u8> = raw.levels.iter().map(|level| level.level).collect();
        if levels != (1..=TOP_LEVEL).collect::<Vec<_>>() {
            faults.push(Diagnostic::error(
                "model/levels",
                format!("`{MODEL_FILE}` must name levels 1 to {TOP_LEVEL} in order"),
            ));
        }
        let mut model = Self {
            id: raw.id,
            title: raw.title,
            edition: raw.edition,
            levels: raw.levels,
            domains: raw.domains,
            practices: Vec::new(),
        };
        for domain in model.domains.clone() {
            let Some(file) = files.get(&format!("{PRACTICES_FOLDER}/{}.yaml", domain.id)) else {
                let message = format!("domain `{}` has no file in {PRACTICES_FOLDER}", domain.id);
                faults.push(Diagnostic::error("model/domain", message));
                continue;
            };
            match read_yaml::<RawPractices>(file) {
                Ok(raw) => model.add(&domain.id, raw, file, &mut faults),
                Err(fault) => faults.push(*fault),
            }
        }
        for (name, file) in files.under(PRACTICES_FOLDER) {
            if !model.domains.iter().any(|domain| domain.id == name) {
                let message = format!("the model has no domain `{name}`");
                faults.push(
                    Diagnostic::error("model/domain", message)
                        .at(crate::diag::Place::Path(file.name().to_owned()))
                        .suggest(name, model.domains.iter().map(|domain| domain.id.as_str())),
                );
            }
        }
        if faults.has_errors() { Err(faults) } else { Ok(model) }
    }

    fn add(&mut self, domain: &str, raw: RawPractices, file: &Arc<SourceFile>, faults: &mut Diagnostics) {
        for practice in raw.practices {
            let mut fault = |value: &Located<String>, message: String| {
                faults.push(Diagnostic::error("model/practice", message).at_value(file, value));
            };
            if practice.id.split_once('.').is_none_or(|(prefix, _)| prefix != domain) {
                fault(&practice.id, format!("a practice of this file is called `{domain}.<name>`"));
            }
            if self.practice(&practice.id).is_some() {
                fault(&practice.id, format!("`{}` stands twice", *practice.id));
            }
            if !(1..=TOP_LEVEL).contains(&*practice.level) {
                fault(
                    &practice.id,
                    format!("`{}` is at level {}, levels run from 1 to 5", *practice.id, *practice.level),
                );
            }
            let from_autonomy = practice.from_autonomy.as_ref().and_then(|word| {
                let autonomy = word.parse().ok().filter(|autonomy| *autonomy != Autonomy::Manual);
                if autonomy.is_none() {
                    fault(word, format!("`{}` is not an autonomy; write supervised or autonomous", **word));
                }
                autonomy
            });
            self.practices.push(Practice {
                id: practice.id.into_inner(),
                domain: domain.to_owned(),
                level: *practice.level,
                title: practice.title,
                summary: practice.summary.trim().to_owned(),
                from_autonomy,
                alternatives: practice.alternatives,
            });
        }
    }

    /// The practice of that id.
    #[must_use]
    pub fn practice(&self, id: &str) -> Option<&Practice> {
        self.practices.iter().find(|practice| practice.id == id)
    }

    /// The domain of that id.
    #[must_use]
    pub fn domain(&self, id: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.id == id)
    }
}
