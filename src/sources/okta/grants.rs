//! Scopes of Okta's own API that were granted to OAuth clients. What a scope can reach also depends on the admin roles
//! of the client, which are in no list of grants.

use serde::Deserialize;

use super::{PROVIDER, cover, id, id_after};
use crate::inventory::column::Word;
use crate::inventory::schema::Entitlement;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, api, hash, json};

const FACTS: &[(Fact, Level)] = &[(Fact::Entitlement, Level::Partial)];

/// `GET /api/v1/apps/{appId}/grants`.
pub struct Grants;

impl Source for Grants {
    fn about(&self) -> &'static About {
        &About {
            kind: "okta.grants",
            title: "Scopes granted to OAuth clients of Okta",
            provider: PROVIDER,
            command: "for app in $(jq -r '.[].id' apps.json); do curl -s -H \"Authorization: Bearer $TOKEN\" \
                      https://ORG.okta.com/api/v1/apps/$app/grants; done > grants.json",
            recognises: "JSON records with `scopeId`, `issuer` and `clientId`",
            facts: FACTS,
            main_view: "entitlements",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_grant = api::first_record(probe, "")
            .is_some_and(|record| ["scopeId", "issuer", "clientId"].iter().all(|key| record.has(key)));
        Recognised::yes_if(is_grant)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        api::records(input, "", out, &mut |text, locator, out| read(text, locator, input, out))?;
        cover(
            FACTS,
            |_| Some("scopes of the clients that were asked for; admin roles are not in the list"),
            input,
            out,
        );
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    scope_id: String,
    issuer: String,
    client_id: String,
    status: Option<String>,
    created: Option<String>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Links {
    app: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: Option<String>,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let grant: Grant = json::parse(text, "a grant of a scope")?;
    if grant.scope_id.is_empty() || grant.client_id.is_empty() {
        return Err(Reject::because("`scopeId` or `clientId` is empty").into());
    }
    let granted_at = api::past("created", grant.created.as_ref(), locator, out)?;
    match grant.status.as_deref() {
        None | Some("ACTIVE") => {}
        // What was taken away is held no more.
        Some("REVOKED") => return Ok(()),
        Some(_) => return Err(Reject::because("`status` is neither ACTIVE nor REVOKED").into()),
    }
    let scope = &input.scope_id;
    // A client may have been given an id of its own choice; the address names the application.
    let href = grant.links.app.as_ref().and_then(|link| link.href.as_deref());
    let app = href.and_then(|href| id_after(href, "/apps/")).unwrap_or(&grant.client_id);
    let identity_id = id(scope, "app", app);
    let is_harmless = grant.scope_id.ends_with(".read") || !grant.scope_id.starts_with("okta.");
    let resource = grant.issuer.trim_start_matches("https://").trim_end_matches('/').to_owned();
    out.push(Entitlement {
        entitlement_id: hash::row_id(&[&identity_id, "allow", &grant.scope_id, &resource, "inline"]),
        identity_id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(scope.clone())),
        effect: Word::from("allow"),
        action: grant.scope_id,
        action_kind: Word::from("scope"),
        resource,
        via: "inline".to_owned(),
        is_admin: is_harmless.then_some(false),
        is_wildcard_action: Some(false),
        can_escalate: is_harmless.then_some(false),
        condition: Some(String::new()),
        granted_at,
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Entitlement::default()
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
    fn scopes_are_held_by_the_application() {
        let loaded = load_fixture(&Grants, "okta.grants/good/two-apps.json");
        let columns = &["identity_id", "action", "resource", "is_admin", "can_escalate", "granted_at", "locator"];
        let (org, at) = ("acme.okta.com", "2026-02-03T04:05:06Z");
        assert_eq!(
            loaded.rows(Entitlement::TABLE, columns),
            [
                ["okta:good:app:0oa1", "okta.users.read", org, "false", "false", at, "/0"],
                ["okta:good:app:0oa1", "okta.roles.manage", org, "∅", "∅", at, "/1"],
                ["okta:good:app:0oa2", "okta.groups.manage", org, "∅", "∅", "∅", "document 2 /0"],
            ]
        );
        assert_eq!(loaded.estate.files[0].rows_loaded, 4, "a revoked grant is read and is no right");
        let note = "scopes of the clients that were asked for; admin roles are not in the list";
        assert_eq!(covered(&loaded), [format!("entitlement partial: {note}")]);
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&Grants, "okta.grants/bad/wrong.json");
        assert_eq!(loaded.rows(Entitlement::TABLE, &["action"]), [["okta.users.read"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/1: `status` is neither ACTIVE nor REVOKED");
        assert_eq!(reasons[1], "/2: `scopeId` or `clientId` is empty");
        assert!(reasons[2].starts_with("/3: the record does not have the shape of a grant of a scope"));
        loaded.assert_no_canary();
    }
}
