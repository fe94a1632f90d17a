//! Reports of secret scanners over source code.

pub mod detect_secrets;
pub mod gitleaks;
mod location;

use super::Output;
use crate::inventory::{Fact, Level};

/// The provider of what is found in code.
const PROVIDER: &str = "code";

/// What a scan of a repository shows, whether it found anything or not.
fn cover(scope: &str, code: Option<&str>, out: &mut Output) {
    out.cover(PROVIDER, scope, Fact::ExposureCode, Level::Full, code);
    let logs = "CI/CD configuration in the repository; variables and logs of the CI/CD system are not in it";
    out.cover(PROVIDER, scope, Fact::ExposureCi, Level::Partial, Some(logs));
}
