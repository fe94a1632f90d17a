//! Objects that were deleted and can still be restored: what is on record of offboarding in the directory
//! itself, for the thirty days that it lasts.

use serde::Deserialize;

use super::lists::{self, Sample};
use super::objects::ObjectKind;
use super::{PROVIDER, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::Event;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// How long a deleted object can be restored.
const KEPT_DAYS: i64 = 30;

/// `/directory/deletedItems/microsoft.graph.servicePrincipal`, `.application`, `.user` and `.group` of Graph.
pub struct DeletedItems;

impl Source for DeletedItems {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.deleted_items",
            title: "Entra ID deleted objects",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/v1.0/directory/deletedItems/microsoft.graph.\
                      servicePrincipal' > deleted-principals.json; the same for `application` and `user`",
            recognises: "records with `id` and a filled `deletedDateTime`",
            facts: &[(Fact::Offboarding, Level::Partial)],
            main_view: "events",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        // A group or a permission may show the field, empty.
        let is_deleted = sample.any(|record| record.has("id") && record.text_at("deletedDateTime").is_some());
        Recognised::yes_if(is_deleted)
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let listed = listed_kind(input)?;
        lists::each(input, out, &mut |locator, text, out| {
            let object: Deleted = json::parse(text, "a deleted object")?;
            object.load(listed, &tenant, input, locator, out)
        })?;
        let note = "deleted objects are kept for 30 days; departures are not in the file";
        out.cover(PROVIDER, &tenant.scope, Fact::Offboarding, Level::Partial, Some(note));
        if let Some(now) = input.as_of {
            out.window(PROVIDER, &tenant.scope, Fact::Offboarding, now.plus_days(-KEPT_DAYS));
        }
        Ok(())
    }
}

/// What Graph says that the whole list is of: a selection may leave out what tells the kinds apart.
fn listed_kind(input: &Input) -> Result<Option<Kind>, Broken> {
    let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
    let Some(sample) = Sample::of(&probe) else { return Ok(None) };
    let kinds = [
        ("servicePrincipals", Kind::Object(ObjectKind::Principal)),
        ("applications", Kind::Application),
        ("users", Kind::Object(ObjectKind::User)),
        ("groups", Kind::Object(ObjectKind::Group)),
    ];
    Ok(kinds.into_iter().find(|(name, _)| sample.is_list_of(name)).map(|(_, kind)| kind))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Application,
    Object(ObjectKind),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    id: Option<String>,
    app_id: Option<String>,
    deleted_date_time: Option<String>,
    service_principal_type: Option<serde::de::IgnoredAny>,
    app_owner_organization_id: Option<serde::de::IgnoredAny>,
    agent_identity_blueprint_id: Option<serde::de::IgnoredAny>,
    user_principal_name: Option<serde::de::IgnoredAny>,
    group_types: Option<serde::de::IgnoredAny>,
}

impl Deleted {
    /// By its type, else by what only objects of the kind have, else by the list.
    fn kind(&self, listed: Option<Kind>) -> Kind {
        if let Some(name) = filled(self.odata_type.as_deref()) {
            let is_application = name.ends_with(".application") || name.ends_with(".agentIdentityBlueprint");
            return if is_application { Kind::Application } else { Kind::Object(ObjectKind::of(name)) };
        }
        let is_principal = self.service_principal_type.is_some()
            || self.app_owner_organization_id.is_some()
            || self.agent_identity_blueprint_id.is_some();
        if is_principal {
            Kind::Object(ObjectKind::Principal)
        } else if let Some(listed) = listed {
            listed
        } else if self.app_id.is_some() {
            Kind::Application
        } else if self.user_principal_name.is_some() {
            Kind::Object(ObjectKind::User)
        } else if self.group_types.is_some() {
            Kind::Object(ObjectKind::Group)
        } else {
            Kind::Object(ObjectKind::Unknown)
        }
    }

    fn load(
        &self,
        listed: Option<Kind>,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let missing = |field: &str| Reject::because(format!("`{field}` is missing"));
        let id = filled(self.id.as_deref()).ok_or_else(|| missing("id"))?;
        let deleted = filled(self.deleted_date_time.as_deref()).ok_or_else(|| missing("deletedDateTime"))?;
        let subject_id = match self.kind(listed) {
            Kind::Application => tenant.app(filled(self.app_id.as_deref()).ok_or_else(|| missing("appId"))?),
            Kind::Object(kind) => kind.id(tenant, id),
        };
        let at = out.past("deletedDateTime", deleted, locator)?;
        out.push(Event {
            event_id: hash::row_id(&[PROVIDER, &subject_id, "deleted", &at.to_string()]),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            subject_kind: Word::from("identity"),
            subject_id,
            kind: Word::from("deleted"),
            at,
            outcome: Some(Word::from("success")),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Event::default()
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{CoverageRow, Row as _};
    use crate::sources::fixtures::reasons;
    use crate::sources::testing::load_fixture;

    #[test]
    fn kinds_are_told_by_record_or_list() {
        let rows = |file: &str| {
            let loaded = load_fixture(&DeletedItems, &format!("azure.deleted_items/good/{file}.json"));
            loaded.rows(Event::TABLE, &["subject_id", "kind", "at", "outcome"])
        };
        let sp = "entra:good:sp:aa000008-0000-4000-8000-000000000008";
        assert_eq!(rows("principals"), [[sp, "deleted", "2026-06-20T00:00:00Z", "success"]]);
        let app = "entra:good:app:bb000008-0000-4000-8000-000000000008";
        assert_eq!(rows("applications"), [[app, "deleted", "2026-06-20T00:00:01Z", "success"]]);
        let group = "entra:good:group:dd000008-0000-4000-8000-000000000008";
        assert_eq!(rows("selected-groups"), [[group, "deleted", "2026-06-21T00:00:00Z", "success"]]);
        let user = "entra:good:user:dd000007-0000-4000-8000-000000000007";
        assert_eq!(rows("users-array"), [[user, "deleted", "2026-06-22T00:00:00Z", "success"]]);
    }

    #[test]
    fn the_record_reaches_thirty_days_back() {
        let loaded = load_fixture(&DeletedItems, "azure.deleted_items/good/principals.json");
        let rows = loaded.rows(CoverageRow::TABLE, &["fact", "level", "window_from"]);
        assert_eq!(rows, [["offboarding", "partial", "2026-05-31T12:00:00Z"]]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&DeletedItems, "azure.deleted_items/bad/records.json");
        assert!(loaded.rows(Event::TABLE, &["kind"]).is_empty());
        assert_eq!(
            reasons(&loaded),
            [
                "/value/0: `deletedDateTime` is not a date",
                "/value/1: `id` is missing",
                "/value/2: `deletedDateTime` is missing"
            ]
        );
        loaded.assert_no_canary();
    }
}
