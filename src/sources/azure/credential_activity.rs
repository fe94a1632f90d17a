//! When each secret and certificate of applications was last used, by key id: what the lists of applications
//! leave open.

use serde::Deserialize;

use super::credentials::Dates;
use super::lists::{self, Sample};
use super::sign_in_activity::SignIn;
use super::{PROVIDER, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::Credential;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

const LIST: &str = "reports/appCredentialSignInActivities";

/// `/reports/appCredentialSignInActivities` of Graph.
pub struct CredentialActivity;

impl Source for CredentialActivity {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.credential_activity",
            title: "Entra ID activity of application credentials",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/beta/reports/appCredentialSignInActivities' \
                      > credential-activity.json",
            recognises: "records with `keyId`, `appId` and `signInActivity`",
            facts: &[
                (Fact::Credential, Level::Partial),
                (Fact::CredentialRotation, Level::Partial),
                (Fact::CredentialExpiry, Level::Partial),
                (Fact::CredentialLastUsed, Level::Partial),
            ],
            main_view: "credentials",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let is_record = |keys: [&str; 3]| sample.any(|record| keys.iter().all(|key| record.has(key)));
        Recognised::yes_if(is_record(["keyId", "appId", "signInActivity"]) || sample.is_list_of(LIST))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        lists::each(input, out, &mut |locator, text, out| {
            let activity: Activity = json::parse(text, "the activity of a credential")?;
            activity.load(&tenant, input, locator, out)
        })?;
        let note = "only credentials that the report has seen";
        for (fact, level) in self.about().facts {
            out.cover(PROVIDER, &tenant.scope, *fact, *level, Some(note));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    key_id: Option<String>,
    key_type: Option<String>,
    app_id: Option<String>,
    service_principal_object_id: Option<String>,
    credential_origin: Option<String>,
    created_date_time: Option<String>,
    expiration_date_time: Option<String>,
    sign_in_activity: Option<SignIn>,
}

impl Activity {
    fn load(&self, tenant: &Tenant, input: &Input, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let missing = |field: &str| Reject::because(format!("`{field}` is missing"));
        let key = filled(self.key_id.as_deref()).ok_or_else(|| missing("keyId"))?;
        let holder = if self.credential_origin.as_deref() == Some("servicePrincipal") {
            let principal = filled(self.service_principal_object_id.as_deref());
            tenant.principal(principal.ok_or_else(|| missing("servicePrincipalObjectId"))?)
        } else {
            tenant.app(filled(self.app_id.as_deref()).ok_or_else(|| missing("appId"))?)
        };
        let dates = Dates::read(self.created_date_time.as_deref(), self.expiration_date_time.as_deref(), out)?;
        let last_used_at = self.sign_in_activity.as_ref().map(|it| it.at(locator, out)).transpose()?.flatten();
        let is_secret = self.key_type.as_deref() == Some("clientSecret");
        out.push(Credential {
            kind: Word::from(if is_secret { "client_secret" } else { "certificate" }),
            last_used_at,
            last_used_state: last_used_at.map(|_| Word::from("used")),
            locator: locator.to_owned(),
            ..dates.row(&holder, Some(key), "", tenant, input)
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
    fn last_uses_carry_the_ids_of_the_lists() {
        let loaded = load_fixture(&CredentialActivity, "azure.credential_activity/good/activities.json");
        let columns =
            &["credential_id", "kind", "status", "created_at", "expires_at", "last_used_at", "last_used_state"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [
                    "entra:good:app:bb000001-0000-4000-8000-000000000001#cc000011-0000-4000-8000-000000000011",
                    "client_secret",
                    "active",
                    "2026-01-10T00:00:00Z",
                    "2026-07-10T00:00:00Z",
                    "2026-06-29T01:02:03Z",
                    "used"
                ],
                [
                    "entra:good:sp:aa000001-0000-4000-8000-000000000001#cc000001-0000-4000-8000-000000000001",
                    "certificate",
                    "active",
                    "2025-02-03T00:00:00Z",
                    "2027-02-03T00:00:00Z",
                    "∅",
                    "∅"
                ],
            ]
        );
        let covered = covered(&loaded);
        assert_eq!(covered.len(), 4);
        assert_eq!(covered[3], "credential.last_used partial: only credentials that the report has seen");
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&CredentialActivity, "azure.credential_activity/bad/records.json");
        assert!(loaded.rows(Credential::TABLE, &["kind"]).is_empty());
        assert_eq!(
            reasons(&loaded),
            [
                "/value/0: `keyId` is missing",
                "/value/1: `servicePrincipalObjectId` is missing",
                "/value/2: `lastSignInDateTime` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
