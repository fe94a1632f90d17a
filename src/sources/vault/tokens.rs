//! Tokens, looked up by their accessors: how long each lives, which policies it carries, and who holds it. A lookup
//! by accessor does not show the token; one of one's own does, and loses it here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Answer;
use super::grants::Holder;
use super::shape::Shape;
use super::{EPHEMERAL_SECONDS, PROVIDER, ROOT, entity_id, role_id, root_id, token_id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// `vault token lookup -accessor ACCESSOR`, once for each accessor.
pub struct Tokens;

impl Source for Tokens {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.tokens",
            title: "Vault tokens",
            provider: PROVIDER,
            command: "for a in $(vault list -format=json auth/token/accessors | jq -r '.[]'); do vault token lookup \
                      -format=json -accessor $a | jq -c; done > token-lookups.ndjson",
            recognises: "JSON with `accessor`, `policies` and `creation_time`, or a list of accessors in a file with \
                         `token-accessor` in its name",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
                (Fact::Entitlement, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Token, Shape::TokenList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut is_list = false;
        json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |out| read(record.get(), locator, input, &mut is_list, out))
        })?;
        let cluster = input.scope_id.as_str();
        let note = "tokens only; secret ids stand elsewhere, and batch tokens are on no list";
        out.cover(PROVIDER, cluster, Fact::Credential, Level::Partial, Some(note));
        let (level, note) = if is_list { (Level::None, Some("a list of accessors only")) } else { (Level::Full, None) };
        out.cover(PROVIDER, cluster, Fact::CredentialRotation, level, note);
        out.cover(PROVIDER, cluster, Fact::CredentialExpiry, level, note);
        if !is_list {
            let note = "policies of tokens that were made by hand";
            out.cover(PROVIDER, cluster, Fact::Entitlement, Level::Partial, Some(note));
        }
        Ok(())
    }
}

/// A token. It is never printed: `id` can be the token itself.
#[derive(Deserialize)]
struct Token {
    accessor: String,
    id: Option<String>,
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    entity_id: String,
    #[serde(default)]
    path: String,
    role: Option<String>,
    meta: Option<BTreeMap<String, serde_json::Value>>,
    creation_time: Option<Box<RawValue>>,
    expire_time: Option<String>,
    creation_ttl: Option<i64>,
    explicit_max_ttl: Option<i64>,
    period: Option<i64>,
    renewable: Option<bool>,
    ttl: Option<i64>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

fn read(text: &str, locator: &str, input: &Input, is_list: &mut bool, out: &mut Output) -> Result<(), Stop> {
    if text.starts_with('"') {
        *is_list = true;
        let accessor: String = json::parse(text, "an accessor")?;
        out.push(listed(accessor, locator, input))?;
        return Ok(());
    }
    if text.trim_matches(['{', '}']).trim().is_empty() {
        *is_list = true;
        return Ok(());
    }
    let answer = Answer::of(text, "a token")?;
    if let Ok(Keys { keys }) = answer.parse("a list of accessors") {
        *is_list = true;
        for accessor in keys {
            out.push(listed(accessor, locator, input))?;
        }
        return Ok(());
    }
    let token: Token = answer.parse("a token")?;
    if token.accessor.is_empty() {
        return Err(Reject::because("the token has no accessor").into());
    }
    let created = token.creation_time.as_deref().map(RawValue::get).map(|text| text.trim_matches('"'));
    let created_at = created.map(|at| out.past("creation_time", at, locator)).transpose()?;
    let end = token.expire_time.as_deref().filter(|end| !end.is_empty());
    let end = end.map(|end| out.date("expire_time", end)).transpose()?;
    let holder = Holds::of(&token);
    let identity_id = holder.id(&token, input);
    let (fingerprint, fingerprint_sha1) =
        token.id.as_deref().filter(|id| !id.is_empty()).map(hash::fingerprints).unzip();
    out.push(Credential {
        identity_id: Some(identity_id.clone()),
        created_at,
        rotation_basis: created_at.map(|_| Word::from("created")),
        fingerprint,
        fingerprint_sha1,
        // Vault shows tokens only as long as they can be used.
        status: Some(super::status(end, input)),
        ..token.life(holder, created_at, end, listed(token.accessor.clone(), locator, input))
    })?;
    holder.write(&token, identity_id, created_at, locator, input, out)
}

/// What a list shows of a token: that it is there.
fn listed(accessor: String, locator: &str, input: &Input) -> Credential {
    Credential {
        credential_id: accessor,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("vault_token"),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    }
}

impl Token {
    /// How long it lives: what was found is added to `row`.
    fn life(&self, holder: Holds, created_at: Option<Moment>, end: Option<Moment>, row: Credential) -> Credential {
        let set = |seconds: Option<i64>| seconds.filter(|seconds| *seconds > 0);
        let row_of = |lifetime: &str, never: bool, ttl_seconds: Option<i64>, expires_at: Option<Moment>| Credential {
            lifetime: Some(Word::from(lifetime)),
            never_expires: Some(never),
            ttl_seconds,
            expires_at,
            ..row.clone()
        };
        let longest = set(self.explicit_max_ttl);
        if set(self.period).is_some() && longest.is_none() {
            // It ends only when nobody renews it.
            return row_of("static", true, None, None);
        }
        if end.is_none() && self.ttl == Some(0) {
            return row_of("static", true, None, None);
        }
        if end.is_none() && created_at.is_none() {
            return row;
        }
        // One that can be renewed lives up to what the mount or the server allows, which no lookup shows.
        let longest = longest.or(if self.renewable == Some(false) { set(self.creation_ttl) } else { None });
        let is_short = longest.is_some_and(|seconds| seconds <= EPHEMERAL_SECONDS);
        let lifetime = if is_short && matches!(holder, Holds::Role) { "ephemeral" } else { "expiring" };
        row_of(lifetime, false, longest, end)
    }

    /// The role through which its holder logged in, as (mount, name).
    fn role(&self) -> Option<(&str, &str)> {
        if let Some(name) = self.path.strip_prefix("auth/token/create/") {
            return Some(("token", name));
        }
        if let Some(name) = self.role.as_deref().filter(|name| !name.is_empty()) {
            return Some(("token", name));
        }
        let meta = self.meta.as_ref()?;
        let name = meta.get("role_name").or_else(|| meta.get("role"))?.as_str()?;
        let (mount, _) = self.path.strip_prefix("auth/")?.split_once("/login")?;
        Some((mount, name)).filter(|(_, name)| !name.is_empty())
    }
}

/// Who holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// The root user.
    Root,
    /// Whoever logged in through a role.
    Role,
    /// An entity, without a role that is known.
    Entity,
    /// Somebody to whom it was handed: the token is all that is known.
    Bearer,
}

impl Holds {
    fn of(token: &Token) -> Self {
        match () {
            () if token.policies.iter().any(|policy| policy == ROOT) => Self::Root,
            () if token.role().is_some() => Self::Role,
            () if !token.entity_id.is_empty() => Self::Entity,
            () => Self::Bearer,
        }
    }

    fn id(self, token: &Token, input: &Input) -> String {
        let cluster = input.scope_id.as_str();
        match (self, token.role()) {
            (Self::Root, _) => root_id(cluster),
            (Self::Role, Some((mount, name))) => role_id(cluster, mount, name),
            (Self::Entity, _) => entity_id(cluster, &token.entity_id),
            _ => token_id(cluster, &token.accessor),
        }
    }

    /// The holder's rows, where no other export lists it.
    fn write(
        self,
        token: &Token,
        identity_id: String,
        created_at: Option<Moment>,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let holder = Holder { identity_id: &identity_id, input, locator };
        let (kind, name, created_at) = match self {
            Self::Role | Self::Entity => return Ok(()),
            Self::Root => {
                holder.hold(ROOT, out)?;
                ("root", ROOT, None)
            }
            Self::Bearer => {
                for policy in &token.policies {
                    holder.hold(policy, out)?;
                }
                let name = if token.display_name.is_empty() { &token.accessor } else { &token.display_name };
                ("token_account", name.as_str(), created_at)
            }
        };
        let (name, native_id) = (name.to_owned(), token.accessor.clone());
        out.push(Identity {
            identity_id,
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            kind: Word::from(kind),
            name,
            native_id,
            created_at,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Identity::default()
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const LIFE: &[&str] =
        &["credential_id", "identity_id", "lifetime", "created_at", "expires_at", "never_expires", "ttl_seconds"];

    #[test]
    fn tokens_live_as_long_as_their_renewals_allow() {
        let loaded = load_fixture(&Tokens, "vault.tokens/good/token-lookups.ndjson");
        let hand = |accessor: &str| format!("vault:good:token:{accessor}");
        let (ci, orphan, periodic) =
            (hand("4WEuaTUe9bVGNNlzF2xzr146"), hand("Jqk4xyywK7XwmdJWjyf1MvFj"), hand("6gCpjBYScaW3x0c3oBfvLFiR"));
        assert_eq!(
            loaded.rows(Credential::TABLE, LIFE),
            [
                [
                    "4WEuaTUe9bVGNNlzF2xzr146",
                    &ci,
                    "expiring",
                    "2026-11-23T18:00:42Z",
                    "2026-11-23T19:00:42.948377Z",
                    "false",
                    "∅"
                ],
                [
                    "Jqk4xyywK7XwmdJWjyf1MvFj",
                    &orphan,
                    "expiring",
                    "2026-11-23T18:00:43Z",
                    "2026-12-25T18:00:43.197924Z",
                    "false",
                    "∅"
                ],
                ["iDXZloraaFpMNPHjSGOU6gfP", "vault:good:root", "static", "2026-11-23T18:00:36Z", "∅", "true", "∅"],
                ["6gCpjBYScaW3x0c3oBfvLFiR", &periodic, "static", "2026-11-23T18:00:43Z", "∅", "true", "∅"],
                [
                    "ssxL2gpKUjurrHzC0vGebHx6",
                    "vault:good:role:approle:etl",
                    "expiring",
                    "2026-11-23T18:00:43Z",
                    "2026-11-23T18:20:43.625901Z",
                    "false",
                    "∅"
                ],
            ]
        );
        let fixed =
            loaded.rows(Credential::TABLE, &["kind", "status", "rotation_basis", "last_used_state", "fingerprint"]);
        assert!(fixed.iter().all(|row| *row == ["vault_token", "active", "created", "∅", "∅"]), "{fixed:?}");
        // A role and an entity have exports of their own; what was handed out by hand has none.
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "created_at"]),
            [
                [ci.as_str(), "token_account", "token-ci", "2026-11-23T18:00:42Z"],
                [&orphan, "token_account", "token-orphan", "2026-11-23T18:00:43Z"],
                ["vault:good:root", "root", "root", "∅"],
                [&periodic, "token_account", "token-agent-forever", "2026-11-23T18:00:43Z"],
            ]
        );
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["identity_id", "action", "action_kind", "via", "is_admin"]),
            [
                [ci.as_str(), "default", "role", "policy:default", "∅"],
                [&ci, "etl", "role", "policy:etl", "∅"],
                [&orphan, "default", "role", "policy:default", "∅"],
                [&orphan, "etl", "role", "policy:etl", "∅"],
                ["vault:good:root", "*", "permission", "policy:root", "true"],
                [&periodic, "default", "role", "policy:default", "∅"],
                [&periodic, "platform-admin", "role", "policy:platform-admin", "∅"],
            ]
        );
        let covered = covered(&loaded);
        assert_eq!(covered[1..3], ["credential.rotation full", "credential.expiry full"]);
    }

    #[test]
    fn a_token_of_ones_own_is_hashed() {
        let loaded = load_fixture(&Tokens, "vault.tokens/good/own-lookup.json");
        assert_eq!(
            loaded.rows(Credential::TABLE, LIFE),
            [[
                "own",
                "vault:good:role:k8s-prod:pay",
                "ephemeral",
                "2026-06-30T11:46:40Z",
                "2026-06-30T12:01:40Z",
                "false",
                "900"
            ]]
        );
        let (sha256, sha1) = hash::fingerprints("CANARY.s.token");
        assert_eq!(loaded.rows(Credential::TABLE, &["fingerprint", "fingerprint_sha1"]), [[sha256, sha1]]);
        assert!(loaded.rows(Identity::TABLE, &["name"]).is_empty());
        loaded.assert_no_canary();
    }

    #[test]
    fn a_list_shows_that_they_are_there() {
        let loaded = load_fixture(&Tokens, "vault.tokens/good/token-accessors.json");
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "kind", "status", "never_expires"]);
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[0], ["4WEuaTUe9bVGNNlzF2xzr146", "vault_token", "∅", "∅"]);
        assert_eq!(covered(&loaded)[1], "credential.rotation none: a list of accessors only");
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&Tokens, "vault.tokens/bad");
        let kept = ["kept", "vault:bad:token:kept", "static", "2026-06-30T11:46:40Z", "∅", "true", "∅"];
        let mut ends = kept;
        ends[2] = "expiring";
        ends[4..].copy_from_slice(&["2026-07-01T00:00:00Z", "false", "∅"]);
        assert_eq!(loaded.rows(Credential::TABLE, LIFE), [kept, ends]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..2],
            ["document 1: `creation_time` is not a date", "document 2: the token has no accessor",]
        );
        assert!(reasons[2].starts_with("document 3: the record does not have the shape of a token"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
