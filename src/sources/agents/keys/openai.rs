//! OpenAI's lists of project keys, admin keys and service accounts. A key belongs to a person or to a service
//! account. The list leaves out keys whose owner has left the project, unless it is asked for them; it shows that
//! it was asked only where there is one.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{holder, key};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::agents::{PROVIDER, pages};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const PROJECT_KEY: &str = "organization.project.api_key";
const ADMIN_KEY: &str = "organization.admin_api_key";
const SERVICE_ACCOUNT: &str = "organization.project.service_account";

/// `GET /organization/projects/ID/api_keys` and its kin.
pub struct OpenAiKeys;

impl Source for OpenAiKeys {
    fn about(&self) -> &'static About {
        &About {
            kind: "openai.api_keys",
            title: "API keys and service accounts of OpenAI",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $OPENAI_ADMIN_KEY\" 'https://api.openai.com/v1/organization/\
                      projects/PROJECT/api_keys?limit=100&owner_project_access=any' > PROJECT/api-keys.json; the same \
                      with `service_accounts`, and `organization/admin_api_keys`",
            recognises: "JSON objects of the kinds `organization.project.api_key`, `organization.admin_api_key` or \
                         `organization.project.service_account`, in `data` or alone",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Credential, Level::Full),
                (Fact::CredentialRotation, Level::Full),
                (Fact::CredentialLastUsed, Level::Full),
                (Fact::CredentialExpiry, Level::Full),
            ],
            main_view: "credentials",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(outline) = probe.outline() else { return Recognised::No };
        let first = outline.elements().first().unwrap_or(outline);
        let first = first.get("data").and_then(|data| data.elements().first()).unwrap_or(first);
        let kind = first.text_at("object").unwrap_or_default();
        Recognised::yes_if([PROJECT_KEY, ADMIN_KEY, SERVICE_ACCOUNT].contains(&kind))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = Seen::default();
        pages::each("data", input, out, &mut |record, locator, out| seen.read(record, locator, input, out))?;
        seen.cover(&input.scope_id, out);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Key {
    id: String,
    created_at: Option<Value>,
    last_used_at: Option<Value>,
    /// Absent in older answers; a stated null is a key that does not end.
    #[serde(default, deserialize_with = "stated")]
    expires_at: Option<Value>,
    owner: Option<Owner>,
    owner_project_access: Option<String>,
}

/// Keeps a null that is written apart from a field that is not there.
fn stated<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The owner of an admin key stands here itself, that of a project's key one step deeper.
#[derive(Deserialize)]
struct Owner {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    name: Option<String>,
    user: Option<Account>,
    service_account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    id: String,
    name: Option<String>,
    email: Option<String>,
    created_at: Option<Value>,
}

#[derive(Default)]
struct Seen {
    keys: bool,
    accounts: bool,
    admin: bool,
    asked_for_all: bool,
    holders: BTreeSet<String>,
}

impl Seen {
    fn read(&mut self, record: &Value, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let shape = |what: &str| Reject::because(format!("the record does not have the shape of {what}"));
        match record.get("object").and_then(Value::as_str) {
            Some(kind @ (PROJECT_KEY | ADMIN_KEY)) => {
                // serde's own message would quote values.
                let key = Key::deserialize(record).map_err(|_| shape("an API key of OpenAI"))?;
                self.read_key(&key, kind == ADMIN_KEY, locator, input, out)
            }
            Some(SERVICE_ACCOUNT) => {
                let account = Account::deserialize(record).map_err(|_| shape("a service account of OpenAI"))?;
                self.accounts = true;
                let row = identity(&account, true, locator, input, out)?;
                self.holders.insert(row.identity_id.clone());
                out.push(row)?;
                Ok(())
            }
            _ => Err(Reject::because("the record is neither a key nor a service account of OpenAI").into()),
        }
    }

    fn read_key(
        &mut self,
        listed: &Key,
        is_admin: bool,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let created_at = pages::past("created_at", listed.created_at.as_ref(), locator, out)?;
        let last_used_at = pages::past("last_used_at", listed.last_used_at.as_ref(), locator, out)?;
        let expires_at = pages::date("expires_at", listed.expires_at.as_ref(), out)?;
        let never_expires = (listed.expires_at == Some(Value::Null)).then_some(true);
        let identity = match &listed.owner {
            Some(owner) => owner.identity(locator, input, out)?,
            None => None,
        };
        self.keys = true;
        self.admin |= is_admin;
        self.asked_for_all |= listed.owner_project_access.as_deref() == Some("inactive");
        let row = key(&listed.id, if is_admin { "api_token" } else { "llm_api_key" }, locator, input);
        out.push(Credential {
            identity_id: identity.as_ref().map(|identity| identity.identity_id.clone()),
            lifetime: Some(Word::from(if expires_at.is_some() { "expiring" } else { "static" })),
            // What was deleted or switched off is not listed.
            status: Some(Word::from("active")),
            created_at,
            rotation_basis: created_at.map(|_| Word::from("created")),
            last_used_at,
            // Since when use is recorded is not said, so that no use on record is not *never*.
            last_used_state: last_used_at.map(|_| Word::from("used")),
            expires_at,
            never_expires,
            ..row
        })?;
        if let Some(identity) = identity.filter(|identity| self.holders.insert(identity.identity_id.clone())) {
            out.push(identity)?;
        }
        Ok(())
    }

    fn cover(&self, scope: &str, out: &mut Output) {
        let (level, note) = match (self.accounts, self.keys) {
            (true, _) => (Level::Partial, "service accounts of the project; people are not in the list"),
            (false, true) => (Level::Partial, "those who hold keys; others are not in the list"),
            (false, false) => return,
        };
        out.cover(PROVIDER, scope, Fact::Identity, level, Some(note));
        if !self.keys {
            return;
        }
        let admin = "admin keys; the keys of each project stand in a list of its own";
        let left = "keys whose owner has left the project may be left out; ask with `owner_project_access=any`";
        let (level, note) = match (self.admin, self.asked_for_all) {
            (true, _) => (Level::Partial, Some(admin)),
            (false, false) => (Level::Partial, Some(left)),
            (false, true) => (Level::Full, None),
        };
        for fact in [Fact::Credential, Fact::CredentialRotation, Fact::CredentialExpiry, Fact::CredentialLastUsed] {
            out.cover(PROVIDER, scope, fact, level, note);
        }
    }
}

impl Owner {
    fn identity(&self, locator: &str, input: &Input, out: &mut Output) -> Result<Option<Identity>, Reject> {
        let is_machine = self.kind.as_deref() == Some("service_account");
        let inner = if is_machine { self.service_account.as_ref() } else { self.user.as_ref() };
        match (inner, &self.id) {
            (Some(account), _) => identity(account, is_machine, locator, input, out).map(Some),
            (None, Some(id)) => {
                let account = Account { id: id.clone(), name: self.name.clone(), email: None, created_at: None };
                identity(&account, is_machine, locator, input, out).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

fn identity(
    account: &Account,
    is_machine: bool,
    locator: &str,
    input: &Input,
    out: &mut Output,
) -> Result<Identity, Reject> {
    let (word, kind) = if is_machine { ("sa", "service_account") } else { ("user", "human") };
    let id = format!("openai:{}:{word}:{}", input.scope_id, account.id);
    let names = [account.email.as_deref(), account.name.as_deref()];
    let name = names.into_iter().flatten().map(str::trim).find(|name| !name.is_empty()).unwrap_or(&account.id);
    let created_at = pages::past("created_at", account.created_at.as_ref(), locator, out)?;
    Ok(Identity { created_at, ..holder(id, kind, name, &account.id, locator, input) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const KEY: &[&str] = &[
        "credential_id",
        "identity_id",
        "kind",
        "lifetime",
        "created_at",
        "last_used_at",
        "last_used_state",
        "expires_at",
        "never_expires",
    ];
    const HOLDER: &[&str] = &["identity_id", "kind", "name", "is_human", "created_at", "locator"];

    #[test]
    fn keys_belong_to_people_or_service_accounts() {
        let loaded = load_fixture(&OpenAiKeys, "openai.api_keys/good/project.json");
        let (user, bot) = ("openai:good:user:user_1", "openai:good:sa:svc_acct_1");
        assert_eq!(
            loaded.rows(Credential::TABLE, KEY),
            [
                [
                    "key_1",
                    user,
                    "llm_api_key",
                    "static",
                    "2026-01-01T00:00:00Z",
                    "2026-06-01T00:00:00Z",
                    "used",
                    "∅",
                    "true"
                ],
                [
                    "key_2",
                    bot,
                    "llm_api_key",
                    "expiring",
                    "2026-01-02T00:00:00Z",
                    "∅",
                    "∅",
                    "2026-07-01T00:00:00Z",
                    "∅"
                ],
                ["key_3", user, "llm_api_key", "static", "2026-01-02T00:00:00Z", "∅", "∅", "∅", "∅"],
            ]
        );
        assert_eq!(
            loaded.rows(Identity::TABLE, HOLDER),
            [
                [user, "human", "ann@acme.example", "true", "2025-01-01T00:00:00Z", "/data/0"],
                [bot, "service_account", "berth-bot", "false", "2025-02-01T00:00:00Z", "/data/1"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity partial: those who hold keys; others are not in the list",
                "credential full",
                "credential.rotation full",
                "credential.expiry full",
                "credential.last_used full",
            ]
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(false));
        loaded.assert_no_canary();
    }

    #[test]
    fn admin_keys_are_no_keys_of_models() {
        let loaded = load_fixture(&OpenAiKeys, "openai.api_keys/good/admin.json");
        assert_eq!(
            loaded.rows(Credential::TABLE, &KEY[..3]),
            [["key_a", "openai:good:user:user_2", "api_token"], ["key_b", "openai:good:sa:svc_2", "api_token"]]
        );
        assert_eq!(
            covered(&loaded)[1],
            "credential partial: admin keys; the keys of each project stand in a list of its own"
        );
        assert_eq!(loaded.estate.files[0].truncated, Some(true));
        loaded.assert_no_canary();
    }

    #[test]
    fn service_accounts_are_identities() {
        let loaded = load_fixture(&OpenAiKeys, "openai.api_keys/good/service-accounts.ndjson");
        assert_eq!(
            loaded.rows(Identity::TABLE, HOLDER),
            [
                [
                    "openai:good:sa:svc_acct_1",
                    "service_account",
                    "berth-bot",
                    "false",
                    "2025-02-01T00:00:00Z",
                    "/data/0"
                ],
                ["openai:good:sa:svc_acct_2", "service_account", "svc_acct_2", "false", "∅", "document 2/data/0"],
            ]
        );
        assert_eq!(covered(&loaded), ["identity partial: service accounts of the project; people are not in the list"]);
        assert_eq!(loaded.estate.files[0].truncated, Some(false), "the second page is the last one");
    }

    #[test]
    fn wrong_keys_are_put_aside() {
        let loaded = load_fixture(&OpenAiKeys, "openai.api_keys/bad/wrong.json");
        assert_eq!(loaded.rows(Credential::TABLE, &["credential_id"]), [["kept"]]);
        assert_eq!(
            reasons(&loaded),
            [
                "/data/1: the record does not have the shape of an API key of OpenAI",
                "/data/2: `created_at` is not a date",
                "/data/3: the record is neither a key nor a service account of OpenAI",
            ]
        );
        loaded.assert_no_canary();
    }
}
