//! Access tokens of GitLab, of people, projects and groups, and deploy tokens. A project or group token acts as a bot
//! user of its own; a personal one acts as its user, who answers for it.

use serde::Deserialize;

use super::{Holder, PROVIDER, cover, id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Entitlement, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::api::{self, Given, Id};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Source, hash, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Owner, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialRotation, Level::Full),
    (Fact::CredentialExpiry, Level::Full),
    (Fact::CredentialLastUsed, Level::Full),
    (Fact::Entitlement, Level::Partial),
];
/// Access levels of projects and groups.
const MAINTAINER: u64 = 40;
const OWNER: u64 = 50;

/// `GET /personal_access_tokens`, `/projects/:id/access_tokens`, `/groups/:id/access_tokens`, `/deploy_tokens`.
pub struct Tokens;

impl Source for Tokens {
    fn about(&self) -> &'static About {
        &About {
            kind: "gitlab.tokens",
            title: "Access tokens and deploy tokens of GitLab",
            provider: PROVIDER,
            command: "glab api --paginate /personal_access_tokens > personal-tokens.json; glab api --paginate \
                      /groups/GROUP/access_tokens > group-tokens.json; glab api --paginate \
                      /projects/GROUP%2FPROJECT/access_tokens > project-tokens.json; glab api --paginate \
                      /groups/GROUP/deploy_tokens > deploy-tokens.json",
            recognises: "JSON records with `scopes`, `revoked`, `name` and `active` or `expired`",
            facts: FACTS,
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_token = api::first_record(probe, "").is_some_and(|record| {
            ["id", "name", "scopes", "revoked", "expires_at"].iter().all(|key| record.has(key))
                && record.has_any(&["active", "expired"])
        });
        Recognised::yes_if(is_token)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut has_undated = false;
        api::records(input, "", out, &mut |text, locator, out| {
            let token: Token = json::parse(text, "a token of GitLab")?;
            has_undated |= token.created_at.is_none();
            read(token, locator, input, out)
        })?;
        let undated = "deploy tokens, which say neither when they were made nor when they were used";
        for (fact, level) in FACTS {
            let dates = matches!(fact, Fact::CredentialRotation | Fact::CredentialLastUsed);
            let (level, note) = match (dates, has_undated, fact) {
                (true, true, _) => (Level::Partial, Some(undated)),
                (true, false, _) | (_, _, Fact::CredentialExpiry) => (*level, None),
                _ => (*level, Some("tokens of the lists that were asked for")),
            };
            cover(&[(*fact, level)], |_| note, input, out);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Token {
    id: Id,
    name: String,
    /// Of deploy tokens only.
    username: Option<String>,
    user_id: Option<Id>,
    scopes: Vec<String>,
    created_at: Option<String>,
    #[serde(default)]
    last_used_at: Given<String>,
    #[serde(default)]
    expires_at: Given<String>,
    active: Option<bool>,
    expired: Option<bool>,
    revoked: bool,
    /// Of project and group tokens only.
    access_level: Option<u64>,
    #[serde(flatten)]
    holder: Holder,
}

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Person,
    Bot,
    Deploy,
}

impl Token {
    fn whose(&self) -> Whose {
        match (&self.username, self.access_level) {
            (Some(_), _) => Whose::Deploy,
            (None, Some(_)) => Whose::Bot,
            (None, None) => Whose::Person,
        }
    }

    fn status(&self) -> Option<&'static str> {
        match (self.revoked, self.expired, self.active) {
            (true, _, _) => Some("revoked"),
            (false, Some(true), _) => Some("expired"),
            (false, Some(false), None) | (false, _, Some(true)) => Some("active"),
            // Neither revoked nor in use any more: its day has come.
            (false, _, Some(false)) => Some("expired"),
            (false, None, None) => None,
        }
    }
}

fn read(token: Token, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let created_at = api::past("created_at", token.created_at.as_ref(), locator, out)?;
    let last_used_at = api::past("last_used_at", token.last_used_at.value(), locator, out)?;
    let expires_at = api::date("expires_at", token.expires_at.value(), out)?;
    let scope = &input.scope_id;
    let whose = token.whose();
    let credential_id = id(scope, if whose == Whose::Deploy { "deploy_token" } else { "token" }, &token.id.0);
    let identity_id = match (whose, &token.user_id) {
        // A rotated token is another token of the same bot.
        (Whose::Bot, Some(user)) => id(scope, "user", &user.0),
        _ => credential_id.clone(),
    };
    let status = token.status();
    out.push(Credential {
        credential_id,
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from(if whose == Whose::Person { "pat" } else { "api_token" }),
        lifetime: match token.expires_at {
            Given::Absent => None,
            Given::Null => Some(Word::from("static")),
            Given::Value(_) => Some(Word::from("expiring")),
        },
        status: status.map(Word::from),
        created_at,
        expires_at,
        // Rotation makes another token.
        rotation_basis: created_at.map(|_| Word::from("created")),
        never_expires: token.expires_at.is_null().then_some(true),
        last_used_at,
        last_used_state: match token.last_used_at {
            Given::Absent => None,
            // Access tokens carry their last use from the day they are made.
            Given::Null => Some(Word::from("never")),
            Given::Value(_) => Some(Word::from("used")),
        },
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    if status == Some("active") {
        for action in &token.scopes {
            out.push(Entitlement {
                granted_at: created_at,
                expires_at,
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..right(&token, whose, action, &identity_id, scope)
            })?;
        }
    }
    let owner = token.user_id.as_ref().filter(|_| whose == Whose::Person).map(|user| format!("user {}", user.0));
    let named = !token.name.trim().is_empty();
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("token_account"),
        name: if named { token.name } else { token.id.0.clone() },
        native_id: token.username.or(token.user_id.map(|user| user.0)).unwrap_or(token.id.0),
        is_human: (whose != Whose::Person).then_some(false),
        owner_basis: owner.as_ref().map(|_| Word::from("directory_owner")),
        owner,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

/// One scope of a token. What a personal token may do depends on its user's role, which is not in the list.
fn right(token: &Token, whose: Whose, action: &str, holder: &str, scope: &str) -> Entitlement {
    let is_all = action == "api";
    let is_site = matches!(action, "sudo" | "admin_mode");
    let level = token.access_level;
    let (is_admin, can_escalate) = match (whose, level) {
        _ if is_site => (Some(true), Some(true)),
        _ if !is_all => (Some(false), Some(false)),
        (Whose::Bot, Some(level)) => (Some(level >= OWNER), Some(level >= MAINTAINER)),
        _ => (None, None),
    };
    let resource = token.holder.path().unwrap_or(scope).to_owned();
    Entitlement {
        entitlement_id: hash::row_id(&[holder, "allow", action, &resource, "inline"]),
        identity_id: holder.to_owned(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.to_owned())),
        effect: Word::from("allow"),
        action: action.to_owned(),
        action_kind: Word::from("scope"),
        resource,
        via: role(level).map_or_else(|| "inline".to_owned(), |role| format!("role:{role}")),
        is_admin,
        is_wildcard_action: Some(is_all || is_site),
        // A project or group token reaches nothing else; a personal one whatever its user reaches.
        is_wildcard_resource: (whose != Whose::Person).then_some(false),
        can_escalate,
        condition: Some(String::new()),
        ..Entitlement::default()
    }
}

fn role(level: Option<u64>) -> Option<&'static str> {
    match level? {
        10 => Some("guest"),
        15 => Some("planner"),
        20 => Some("reporter"),
        30 => Some("developer"),
        40 => Some("maintainer"),
        50 => Some("owner"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const CREDENTIAL: &[&str] = &[
        "credential_id",
        "identity_id",
        "kind",
        "lifetime",
        "status",
        "created_at",
        "expires_at",
        "never_expires",
        "last_used_state",
    ];

    #[test]
    fn project_tokens_belong_to_their_bot() {
        let loaded = load_fixture(&Tokens, "gitlab.tokens/good/project-tokens.json");
        let bot = "gitlab:good:user:141";
        let (old, new) = ("gitlab:good:token:42", "gitlab:good:token:43");
        assert_eq!(
            loaded.rows(Credential::TABLE, CREDENTIAL),
            [
                [
                    old,
                    bot,
                    "api_token",
                    "expiring",
                    "revoked",
                    "2026-01-20T22:11:48.151Z",
                    "2026-07-31T00:00:00Z",
                    "∅",
                    "never"
                ],
                [
                    new,
                    bot,
                    "api_token",
                    "expiring",
                    "active",
                    "2026-03-20T22:11:48Z",
                    "2027-01-31T00:00:00Z",
                    "∅",
                    "used"
                ],
            ]
        );
        let columns = &["identity_id", "action", "resource", "via", "is_admin", "can_escalate", "is_wildcard_action"];
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                [bot, "api", "acme/web", "role:maintainer", "false", "true", "true"],
                [bot, "read_repository", "acme/web", "role:maintainer", "false", "false", "false"],
            ]
        );
        let rows = loaded.rows(Identity::TABLE, &["identity_id", "name", "is_human", "owner"]);
        assert_eq!(rows, [[bot, "release", "false", "∅"], [bot, "release", "false", "∅"]]);
        assert!(covered(&loaded).contains(&"credential.last_used full".to_owned()), "{:?}", covered(&loaded));
    }

    #[test]
    fn personal_and_deploy_tokens_stand_for_themselves() {
        let loaded = load_fixture(&Tokens, "gitlab.tokens/good/personal-and-deploy.json");
        let rows = loaded.rows(Credential::TABLE, CREDENTIAL);
        let (made, end) = ("2025-01-02T03:04:05Z", "2026-06-01T00:00:00Z");
        assert_eq!(
            rows,
            [
                ["gitlab:good:token:7", "gitlab:good:token:7", "pat", "static", "active", made, "∅", "true", "used"],
                ["gitlab:good:token:8", "gitlab:good:token:8", "pat", "expiring", "expired", made, end, "∅", "never"],
                [
                    "gitlab:good:deploy_token:1",
                    "gitlab:good:deploy_token:1",
                    "api_token",
                    "static",
                    "active",
                    "∅",
                    "∅",
                    "true",
                    "∅"
                ],
                [
                    "gitlab:good:deploy_token:2",
                    "gitlab:good:deploy_token:2",
                    "api_token",
                    "expiring",
                    "expired",
                    "∅",
                    end,
                    "∅",
                    "∅"
                ],
            ]
        );
        let rows = loaded.rows(Identity::TABLE, &["name", "native_id", "owner", "owner_basis", "is_human"]);
        assert_eq!(rows[0], ["laptop", "24", "user 24", "directory_owner", "∅"]);
        assert_eq!(rows[2], ["registry", "gitlab+deploy-token-1", "∅", "∅", "false"]);
        let rows = loaded.rows(Entitlement::TABLE, &["action", "is_admin", "can_escalate", "is_wildcard_resource"]);
        assert_eq!(
            rows,
            [["api", "∅", "∅", "∅"], ["sudo", "true", "true", "∅"], ["read_registry", "false", "false", "false"]]
        );
        let undated = "deploy tokens, which say neither when they were made nor when they were used";
        assert!(covered(&loaded).contains(&format!("credential.rotation partial: {undated}")));
        assert!(covered(&loaded).contains(&"credential.expiry full".to_owned()));
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Tokens, "gitlab.tokens/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `expires_at` is not a date");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of a token of GitLab"));
        loaded.assert_no_canary();
    }
}
