//! Exports of Okta: applications that sign in by OAuth, API tokens, grants of scopes, privileged accounts, AI agents
//! and the System Log. Its API answers with bare arrays that do not name the organisation, so the scope comes from
//! rungs.yaml or the folder.

pub mod ai_agents;
pub mod api_tokens;
pub mod apps;
pub mod grants;
pub mod privileged_accounts;
pub mod system_log;

use super::{Input, Output};
use crate::inventory::{Fact, Level};

/// Provider of everything here.
const PROVIDER: &str = "okta";

/// Canonical id of something in an organisation.
fn id(scope: &str, kind: &str, name: &str) -> String {
    format!("okta:{}:{kind}:{name}", scope.to_lowercase())
}

/// The id that follows a step in an address of the API: `0oa1` in `https://acme.okta.com/api/v1/apps/0oa1/grants`.
fn id_after<'a>(url: &'a str, step: &str) -> Option<&'a str> {
    let (_, rest) = url.split_once(step)?;
    let name = rest.split(['/', '?', '#']).next()?;
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))).then_some(name)
}

fn cover(facts: &[(Fact, Level)], note: impl Fn(Fact) -> Option<&'static str>, input: &Input, out: &mut Output) {
    for (fact, level) in facts {
        out.cover(PROVIDER, &input.scope_id, *fact, *level, note(*fact));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_ids() {
        assert_eq!(id_after("https://acme.okta.com/api/v1/apps/0oa1/grants", "/apps/"), Some("0oa1"));
        assert_eq!(id_after("https://acme.okta.com/api/v1/apps/0oa1?x", "/apps/"), Some("0oa1"));
        assert_eq!(id_after("https://acme.okta.com/api/v1/apps/", "/apps/"), None);
        assert_eq!(id_after("https://acme.okta.com/api/v1/users/00u1", "/apps/"), None);
    }
}
