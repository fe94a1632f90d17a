//! Exports of GitHub: apps, tokens, keys and secrets of an organisation, alerts of its secret scanning, its audit
//! log and its coding agent. Knows under which ids they stand in the inventory, and which organisation a record
//! is about.

pub mod agent_configuration;
pub mod audit_log;
pub mod credential_authorizations;
pub mod deploy_keys;
pub mod fine_grained_pats;
pub mod installations;
pub mod oidc_subject;
mod permissions;
mod places;
pub mod secret_scanning_alerts;
pub mod secret_scanning_locations;
pub mod secrets;
mod settings;

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Input, Output};
use crate::config::Moment;
use crate::inventory::{Fact, Level};

/// Provider of everything here.
const PROVIDER: &str = "github";

/// A user, bot or organisation, as most records name one.
#[derive(Deserialize)]
struct Account {
    login: String,
}

/// A repository: its full name alone, or the object that carries it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Repository {
    Name(String),
    Object { full_name: String },
}

impl Repository {
    /// `owner/name`, where it has that form.
    fn full_name(&self) -> Option<&str> {
        let (Self::Name(name) | Self::Object { full_name: name }) = self;
        name.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name)).map(|_| name.as_str())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// `owner/name` of the repository that an address of the API or of a page lies in.
fn repository_in(url: &str) -> Option<String> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let path = path.split_once("repos/").map_or(path, |(_, rest)| rest);
    let mut steps = path.split(['/', '?', '#']);
    let (owner, name) = (steps.next()?, steps.next()?);
    // Pages of users, organisations and enterprises are no repositories.
    let is_other = matches!(owner, "orgs" | "organizations" | "users" | "user" | "enterprises" | "api" | "settings");
    (is_name(owner) && is_name(name) && !is_other).then(|| format!("{owner}/{name}"))
}

/// The owner in `owner/name`.
fn owner_of(repository: &str) -> &str {
    repository.split('/').next().unwrap_or(repository)
}

/// The organisations that the records of a file are about.
#[derive(Default)]
struct Scopes(BTreeSet<String>);

impl Scopes {
    /// The scope of a record that names its organisation, or else the one that was stated outside the file.
    fn of(&mut self, organisation: Option<&str>, input: &Input) -> String {
        // Names are the same in any spelling; the one that people declared counts, else the first.
        let scope = match organisation.filter(|name| !name.is_empty()) {
            Some(name) if !name.eq_ignore_ascii_case(&input.scope_id) => self
                .0
                .iter()
                .find(|known| known.eq_ignore_ascii_case(name))
                .map_or_else(|| name.to_owned(), Clone::clone),
            _ => input.scope_id.clone(),
        };
        if !self.0.contains(&scope) {
            self.0.insert(scope.clone());
        }
        scope
    }

    /// States what the file shows of each; of none is as of the one stated outside.
    fn cover(
        &mut self,
        facts: &[(Fact, Level)],
        note: impl Fn(Fact) -> Option<&'static str>,
        out: &mut Output,
        input: &Input,
    ) {
        if self.0.is_empty() {
            self.0.insert(input.scope_id.clone());
        }
        if let (Some(only), 1) = (self.0.first(), self.0.len()) {
            out.about_scope(only);
        }
        for scope in &self.0 {
            for (fact, level) in facts {
                out.cover(PROVIDER, scope, *fact, *level, note(*fact));
            }
        }
    }

    /// States since when a fact that is covered has been recorded.
    fn window(&self, fact: Fact, from: Moment, out: &mut Output) {
        for scope in &self.0 {
            out.window(PROVIDER, scope, fact, from);
        }
    }
}

/// Canonical id of something in an organisation.
fn id(scope: &str, kind: &str, name: &str) -> String {
    format!("github:{}:{kind}:{name}", scope.to_lowercase())
}

/// Canonical id of a user, who may be a person or a machine.
fn user_id(scope: &str, login: &str) -> String {
    id(scope, "user", &login.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_their_repository() {
        for (url, repository) in [
            ("https://api.github.com/repos/acme/web/keys/1", Some("acme/web")),
            ("https://ghe.acme.example/api/v3/repos/acme/web/keys/1", Some("acme/web")),
            ("https://github.com/acme/web/security/secret-scanning/2", Some("acme/web")),
            ("https://github.com/acme/web.js#readme", Some("acme/web.js")),
            ("https://github.com/orgs/acme/settings", None),
            ("https://api.github.com/user/keys/1", None),
            ("https://github.com/acme", None),
            ("acme/web", None),
        ] {
            assert_eq!(repository_in(url).as_deref(), repository, "{url}");
        }
    }

    #[test]
    fn a_repository_is_named_in_full() {
        let name = |json: &str| serde_json::from_str::<Repository>(json).unwrap().full_name().map(str::to_owned);
        assert_eq!(name(r#""acme/web""#).as_deref(), Some("acme/web"));
        assert_eq!(name(r#"{"id": 1, "full_name": "acme/web"}"#).as_deref(), Some("acme/web"));
        assert_eq!(name(r#""web""#), None);
        assert_eq!(name(r#""acme/web/x y""#), None);
    }

    #[test]
    fn the_declared_spelling_of_an_organisation_counts() {
        let input = |scope: &str| crate::sources::testing::input("f", scope);
        let mut scopes = Scopes::default();
        assert_eq!(scopes.of(Some("ACME"), &input("Acme")), "Acme");
        assert_eq!(scopes.of(Some("Other"), &input("Acme")), "Other");
        assert_eq!(scopes.of(Some("other"), &input("Acme")), "Other");
        assert_eq!(scopes.of(None, &input("Acme")), "Acme");
        assert_eq!(scopes.0.len(), 2);
        assert_eq!(id("Acme", "app", "7"), "github:acme:app:7");
    }
}
