//! Accounts in other applications that Okta Privileged Access manages: service accounts with owners, whose password
//! lies in its vault once it has been taken in there.

use serde::Deserialize;

use super::{PROVIDER, cover, id};
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, json};

const FACTS: &[(Fact, Level)] = &[
    (Fact::Identity, Level::Partial),
    (Fact::Owner, Level::Partial),
    (Fact::Credential, Level::Partial),
    (Fact::CredentialStorage, Level::Partial),
];

/// `GET /privileged-access/api/v1/service-accounts`.
pub struct PrivilegedAccounts;

impl Source for PrivilegedAccounts {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.privileged_accounts",
            title: "Service accounts of Okta Privileged Access",
            provider: PROVIDER,
            command: "curl -s -H \"Authorization: Bearer $TOKEN\" \
                      'https://ORG.okta.com/privileged-access/api/v1/service-accounts?limit=200' > service-accounts.json",
            recognises: "JSON records with `statusDetail` and `ownerUserIds`, `ownerGroupIds` or `containerOrn`",
            facts: FACTS,
            main_view: "identities",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_account = api::first_record(probe, "").is_some_and(|record| {
            record.has("name")
                && record.has("statusDetail")
                && record.has_any(&["ownerUserIds", "ownerGroupIds", "containerOrn"])
        });
        Recognised::yes_if(is_account)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        cover(FACTS, |_| Some("accounts under Okta Privileged Access only"), input, out);
        Ok(())
    }
}

/// An account. A password in it is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: String,
    name: String,
    username: Option<String>,
    container_instance_name: Option<String>,
    #[serde(default)]
    owner_user_ids: Vec<String>,
    #[serde(default)]
    owner_group_ids: Vec<String>,
    status_detail: String,
    created: Option<String>,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let account: Account = json::parse(text, "an account of Okta Privileged Access")?;
    if account.id.is_empty() {
        return Err(Reject::because("`id` is empty").into());
    }
    let created_at = api::past("created", account.created.as_ref(), locator, out)?;
    // In the vault, whether or not it has been changed there yet. A failed rotation leaves the old one.
    let (is_vaulted, auto_rotated) = match account.status_detail.as_str() {
        "ROTATED" | "ROTATING" => (true, Some(true)),
        "VAULTED" | "ROTATION_FAILED" => (true, None),
        _ => (false, None),
    };
    let scope = &input.scope_id;
    let identity_id = id(scope, "service_account", &account.id);
    out.push(Credential {
        credential_id: format!("{identity_id}#password"),
        identity_id: Some(identity_id.clone()),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("password"),
        lifetime: Some(Word::from("static")),
        status: Some(Word::from("active")),
        auto_rotated,
        storage: is_vaulted.then(|| Word::from("vault")),
        storage_ref: is_vaulted.then(|| "Okta Privileged Access".to_owned()),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    })?;
    let people = account.owner_user_ids.iter().map(|user| format!("user {user}"));
    let groups = account.owner_group_ids.iter().map(|group| format!("group {group}"));
    let owner = people.chain(groups).next();
    let username = account.username.filter(|name| !name.is_empty());
    out.push(Identity {
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        kind: Word::from("service_account"),
        name: match account.container_instance_name.filter(|name| !name.is_empty()) {
            Some(place) => format!("{} in {place}", account.name),
            None => account.name,
        },
        native_id: username.unwrap_or(account.id),
        is_human: Some(false),
        owner_basis: owner.as_ref().map(|_| Word::from("directory_owner")),
        owner,
        created_at,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn accounts_have_owners_and_a_password_in_the_vault() {
        let loaded = load_fixture(&PrivilegedAccounts, "okta.privileged_accounts/good/accounts.json");
        let columns = &["identity_id", "name", "native_id", "owner", "owner_basis", "created_at"];
        let basis = "directory_owner";
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    "okta:good:service_account:a747",
                    "crm writer in salesforce-1",
                    "crm@acme.example",
                    "user 00u1",
                    basis,
                    "2025-04-04T15:56:05Z"
                ],
                ["okta:good:service_account:a748", "reports", "a748", "group 00g1", basis, "∅"],
                ["okta:good:service_account:a749", "nobody's", "n", "∅", "∅", "∅"],
            ]
        );
        let rows = loaded.rows(Credential::TABLE, &["credential_id", "kind", "auto_rotated", "storage"]);
        let id = |n: u16| format!("okta:good:service_account:a{n}#password");
        assert_eq!(
            rows,
            [
                [id(747).as_str(), "password", "true", "vault"],
                [id(748).as_str(), "password", "∅", "vault"],
                [id(749).as_str(), "password", "∅", "∅"],
            ]
        );
        assert_eq!(covered(&loaded)[1], "owner partial: accounts under Okta Privileged Access only");
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&PrivilegedAccounts, "okta.privileged_accounts/bad/wrong.json");
        assert_eq!(loaded.rows(Identity::TABLE, &["name"]), [["kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `created` is not a date");
        assert!(reasons[1].starts_with("/2: the record does not have the shape of an account"));
        loaded.assert_no_canary();
    }
}
