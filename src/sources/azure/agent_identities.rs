//! Agent identities of Entra Agent ID: service principals that were made for AI agents, with the people who
//! sponsor them and the date on which somebody last attested that they are needed. The secrets lie with the
//! blueprint from which they come.

use serde::Deserialize;

use super::app_permissions::AppRole;
use super::lists::{self, Sample};
use super::objects::{self, DirectoryObject};
use super::service_principals::Principal;
use super::{PROVIDER, Tenant, filled};
use crate::inventory::column::Word;
use crate::inventory::schema::{Agent, Event, Trust};
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

const LIST: &str = "servicePrincipals/microsoft.graph.agentIdentity";

/// `/servicePrincipals/microsoft.graph.agentIdentity` of Graph.
pub struct AgentIdentities;

impl Source for AgentIdentities {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.agent_identities",
            title: "Entra Agent ID agent identities",
            provider: PROVIDER,
            command: "az rest --url 'https://graph.microsoft.com/beta/servicePrincipals/microsoft.graph.agentIdentity?\
                      $expand=sponsors,lifecycle' > agent-identities.json",
            recognises: "records with `agentIdentityBlueprintId`, or of the type `#microsoft.graph.agentIdentity`",
            facts: &[
                (Fact::Identity, Level::Partial),
                (Fact::Owner, Level::Partial),
                (Fact::Trust, Level::Partial),
                (Fact::Agent, Level::Partial),
                (Fact::Review, Level::Partial),
            ],
            main_view: "agents",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let is_live = |record: &Outline| is_agent(record) && record.text_at("deletedDateTime").is_none();
        Recognised::yes_if(sample.any(is_live) || sample.is_list_of(LIST))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let (mut has_lifecycle, mut has_sponsors) = (false, false);
        lists::each(input, out, &mut |locator, text, out| {
            let principal: Principal = json::parse(text, "an agent identity")?;
            let extra: Extra = json::parse(text, "an agent identity")?;
            has_lifecycle |= extra.lifecycle.is_some();
            has_sponsors |= extra.sponsors.is_some() || principal.owners.is_some();
            extra.load(&principal, &tenant, input, locator, out)
        })?;
        let scope = tenant.scope.as_str();
        let note = "only agents with an agent identity of Entra";
        for fact in [Fact::Identity, Fact::Trust, Fact::Agent] {
            out.cover(PROVIDER, scope, fact, Level::Partial, Some(note));
        }
        let shown = |is: bool| if is { Level::Partial } else { Level::None };
        let missing = |is: bool, field: &'static str| if is { note } else { field };
        let sponsors = missing(has_sponsors, "sponsors are in the file only with `$expand=sponsors`");
        out.cover(PROVIDER, scope, Fact::Owner, shown(has_sponsors), Some(sponsors));
        let reviews = missing(has_lifecycle, "attestations are in the file only with `$expand=lifecycle`");
        out.cover(PROVIDER, scope, Fact::Review, shown(has_lifecycle), Some(reviews));
        Ok(())
    }
}

/// Whether a record is an agent identity.
pub(super) fn is_agent(record: &Outline) -> bool {
    record.text_at("agentIdentityBlueprintId").is_some()
        || record.text_at("@odata.type").is_some_and(|kind| kind.ends_with(".agentIdentity"))
}

/// What an agent identity has beside a service principal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    sponsors: Option<Vec<DirectoryObject>>,
    lifecycle: Option<Lifecycle>,
    #[serde(default)]
    inherited_app_role_assignments: Vec<AppRole>,
    #[serde(default)]
    app_role_assignments: Vec<AppRole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    last_attestation_date_time: Option<String>,
}

impl Extra {
    fn load(
        &self,
        principal: &Principal,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let object_id = principal.object_id()?;
        let mut identity = principal.identity(tenant, input, locator, out)?;
        identity.kind = Word::from("agent_identity");
        // A sponsor answers for what the agent does; an owner may only change how it is set up.
        if let Some(sponsors) = self.sponsors.as_deref().and_then(objects::names) {
            identity.owner = Some(sponsors);
            identity.owner_basis = Some(Word::from("sponsor"));
        }
        let id = identity.identity_id.clone();
        let attested = self.lifecycle.as_ref().and_then(|it| filled(it.last_attestation_date_time.as_deref()));
        let attested = attested.map(|text| out.past("lastAttestationDateTime", text, locator)).transpose()?;
        let agent = Agent {
            agent_id: tenant.id("agent", object_id),
            identity_id: Some(id.clone()),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            name: identity.name.clone(),
            platform: Word::from("entra_agent"),
            owner: identity.owner.clone(),
            environment: identity.environment.clone(),
            created_at: identity.created_at,
            // Being the agent's own account is what such an identity is for.
            delegation: Some(Word::from("own_identity")),
            enabled: identity.enabled,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..Agent::default()
        };
        let roles = self.app_role_assignments.iter().chain(&self.inherited_app_role_assignments);
        let granted = roles.clone().map(|role| role.granted_at(locator, out)).collect::<Result<Vec<_>, Reject>>()?;
        out.push(identity)?;
        out.push(agent)?;
        for (role, granted_at) in roles.zip(granted) {
            // What is inherited names the blueprint as its holder, and is the agent's all the same.
            let mut grant = role.grant(id.clone(), granted_at);
            grant.object_id = object_id;
            grant.push(tenant, input, locator, out)?;
        }
        if let Some(blueprint) = filled(principal.agent_identity_blueprint_id.as_deref()) {
            out.push(Trust {
                trust_id: hash::row_id(&[PROVIDER, &id, "blueprint", &blueprint.to_lowercase()]),
                identity_id: id.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(tenant.word()),
                kind: Word::from("same_account"),
                subject: Some(tenant.app(blueprint)),
                subject_constrained: Some(true),
                subject_wildcard: Some(false),
                condition: Some(String::new()),
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..Trust::default()
            })?;
        }
        if let Some(at) = attested {
            out.push(Event {
                event_id: hash::row_id(&[PROVIDER, &id, "attested", &at.to_string()]),
                provider: Word::from(PROVIDER),
                scope_id: Some(tenant.word()),
                subject_kind: Word::from("identity"),
                subject_id: id,
                kind: Word::from("attested"),
                at,
                // To attest is to say that it is still needed.
                outcome: Some(Word::from("approve")),
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..Event::default()
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, Identity, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    #[test]
    fn agents_have_sponsors_blueprints_and_attestations() {
        let loaded = load_fixture(&AgentIdentities, "azure.agent_identities/good/agents.json");
        let sp = |n: u8| format!("entra:good:sp:a900000{n}-0000-4000-8000-00000000000{n}");
        let columns = &["identity_id", "kind", "owner", "owner_basis", "created_at", "enabled", "is_human"];
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                [
                    &sp(1),
                    "agent_identity",
                    "ana@contoso.example",
                    "sponsor",
                    "2026-01-05T10:11:12.274261Z",
                    "true",
                    "false"
                ],
                [&sp(2), "agent_identity", "∅", "∅", "2026-02-01T00:00:00Z", "false", "false"],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let columns = &["agent_id", "identity_id", "name", "platform", "owner", "delegation", "autonomy", "enabled"];
        let agent = |n: u8| format!("entra:good:agent:a900000{n}-0000-4000-8000-00000000000{n}");
        assert_eq!(
            loaded.rows(Agent::TABLE, columns),
            [
                [
                    &agent(1),
                    &sp(1),
                    "Invoice triage",
                    "entra_agent",
                    "ana@contoso.example",
                    "own_identity",
                    "∅",
                    "true"
                ],
                [&agent(2), &sp(2), "Old helper", "entra_agent", "∅", "own_identity", "∅", "false"],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let blueprint = "entra:good:app:b1000001-0000-4000-8000-000000000001";
        let rows = loaded.rows(Trust::TABLE, &["identity_id", "kind", "subject"]);
        assert_eq!(rows, [[&sp(1), "same_account", blueprint], [&sp(2), "same_account", blueprint]]);
        let rows = loaded.rows(Event::TABLE, &["subject_id", "kind", "at", "outcome"]);
        assert_eq!(rows, [[&sp(1), "attested", "2026-05-05T00:00:00Z", "approve"]]);
        let rows = loaded.rows(Entitlement::TABLE, &["identity_id", "action"]);
        assert_eq!(rows, [[&sp(1), "Mail.Read"]]);
        let note = "only agents with an agent identity of Entra";
        assert_eq!(
            covered(&loaded),
            [
                format!("identity partial: {note}"),
                format!("owner partial: {note}"),
                format!("trust partial: {note}"),
                format!("agent partial: {note}"),
                format!("review partial: {note}"),
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AgentIdentities, "azure.agent_identities/bad/records.json");
        assert!(loaded.rows(Agent::TABLE, &["name"]).is_empty());
        assert_eq!(
            reasons(&loaded),
            [
                "/value/0: `id` is missing",
                "/value/1: `createdDateTime` is not a date",
                "/value/2: `lastAttestationDateTime` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
