//! When applications last signed in, by app id. Only what an application did as a client counts: that others
//! called it shows no use of its credentials. An application that is not in the report may be unused or new.

use serde::Deserialize;

use super::lists::{self, Sample};
use super::{PROVIDER, Tenant, filled};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const FLOWS: [&str; 5] = [
    "lastSignInActivity",
    "applicationAuthenticationClientSignInActivity",
    "applicationAuthenticationResourceSignInActivity",
    "delegatedClientSignInActivity",
    "delegatedResourceSignInActivity",
];
const LIST: &str = "reports/servicePrincipalSignInActivities";

/// `/reports/servicePrincipalSignInActivities` of Graph.
pub struct SignInActivity;

impl Source for SignInActivity {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.sign_in_activity",
            title: "Entra ID sign-in activity of service principals",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/beta/reports/servicePrincipalSignInActivities' \
                      > sign-ins.json",
            recognises: "records with `appId` and one of the activities of a service principal, such as \
                         `delegatedClientSignInActivity`",
            facts: &[(Fact::CredentialLastUsed, Level::Partial)],
            main_view: "identities",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let is_record = sample.any(|record| record.has("appId") && record.has_any(&FLOWS));
        Recognised::yes_if(is_record || sample.is_list_of(LIST))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        lists::each(input, out, &mut |locator, text, out| {
            let activity: Activity = json::parse(text, "a sign-in activity")?;
            activity.load(&tenant, input, locator, out)
        })?;
        let note = "by application, not by credential";
        out.cover(PROVIDER, &tenant.scope, Fact::CredentialLastUsed, Level::Partial, Some(note));
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    app_id: Option<String>,
    application_authentication_client_sign_in_activity: Option<SignIn>,
    delegated_client_sign_in_activity: Option<SignIn>,
}

/// The last sign-in of one kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignIn {
    last_sign_in_date_time: Option<String>,
}

impl SignIn {
    /// When it was; a moment before there was a directory stands for never seen.
    pub fn at(&self, locator: &str, out: &mut Output) -> Result<Option<Moment>, Reject> {
        let text = filled(self.last_sign_in_date_time.as_deref()).filter(|text| !text.starts_with("0001-"));
        text.map(|text| out.past("lastSignInDateTime", text, locator)).transpose()
    }
}

impl Activity {
    fn load(&self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let app = filled(self.app_id.as_deref()).ok_or_else(|| Reject::because("`appId` is missing"))?;
        let flows = [&self.application_authentication_client_sign_in_activity, &self.delegated_client_sign_in_activity];
        let mut last = None;
        for flow in flows.into_iter().flatten() {
            last = last.max(flow.at(locator, out)?);
        }
        // Seen as an API only: that says nothing of how it signs in.
        let Some(last) = last else { return Ok(()) };
        out.push(Identity {
            identity_id: tenant.app(app),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            kind: Word::from("service_principal"),
            name: app.to_lowercase(),
            native_id: app.to_lowercase(),
            is_human: Some(false),
            last_used_at: Some(last),
            last_used_state: Some(Word::from("used")),
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
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn the_later_of_both_ways_to_be_a_client() {
        let loaded = load_fixture(&SignInActivity, "azure.sign_in_activity/good/activities.json");
        let columns = &["identity_id", "kind", "last_used_at", "last_used_state", "tracking_since", "enabled"];
        let app = |n: u8| format!("entra:good:app:bb00000{n}-0000-4000-8000-00000000000{n}");
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [&app(1), "service_principal", "2026-06-28T10:00:00Z", "used", "∅", "∅"],
                [&app(2), "service_principal", "2026-03-01T00:00:00Z", "used", "∅", "∅"],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let [file] = loaded.estate.files.as_slice() else { panic!("one file") };
        assert_eq!((file.rows_read, file.rows_loaded), (4, 4), "records without a use as a client are read too");
        assert_eq!(covered(&loaded), ["credential.last_used partial: by application, not by credential"]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&SignInActivity, "azure.sign_in_activity/bad/records.json");
        assert!(loaded.rows(Identity::TABLE, &["name"]).is_empty());
        assert_eq!(reasons(&loaded), ["/value/0: `appId` is missing", "/value/1: `lastSignInDateTime` is not a date"]);
        loaded.assert_no_canary();
    }
}
