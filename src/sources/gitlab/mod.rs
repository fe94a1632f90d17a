//! Exports of GitLab: access and deploy tokens, deploy keys, CI/CD variables. No answer of its API names the group or
//! project that it is about, so the scope comes from rungs.yaml or the folder, and a field `project` or `group` that
//! the command adds says which part of it.

pub mod ci_variables;
pub mod deploy_keys;
pub mod tokens;

use serde::Deserialize;

use super::{Input, Output};
use crate::inventory::{Fact, Level};

/// Provider of everything here.
const PROVIDER: &str = "gitlab";

/// Canonical id of something in a group or instance.
fn id(scope: &str, kind: &str, name: &str) -> String {
    format!("gitlab:{}:{kind}:{name}", scope.to_lowercase())
}

/// Where a record lies, as the command may have added it.
#[derive(Deserialize, Default)]
struct Holder {
    #[serde(default)]
    project: Option<String>,
    #[serde(default)]
    group: Option<String>,
}

impl Holder {
    /// The path of the project or group.
    fn path(&self) -> Option<&str> {
        [&self.project, &self.group].into_iter().flatten().map(String::as_str).find(|path| !path.is_empty())
    }
}

fn cover(facts: &[(Fact, Level)], note: impl Fn(Fact) -> Option<&'static str>, input: &Input, out: &mut Output) {
    for (fact, level) in facts {
        out.cover(PROVIDER, &input.scope_id, *fact, *level, note(*fact));
    }
}
