//! Decisions of access reviews: who reviewed whose access, when, and with which answer. They come as Graph lists
//! them for one review, with the review beside each, or inside the reviews that they belong to.

use serde::Deserialize;

use super::lists::{self, Sample};
use super::objects::ObjectKind;
use super::{PROVIDER, Tenant, filled};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Event;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// Stands for nobody.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// `/identityGovernance/accessReviews/definitions/{id}/instances/{id}/decisions` of Graph.
pub struct AccessReviews;

impl Source for AccessReviews {
    fn about(&self) -> &'static About {
        &About {
            kind: "azure.access_reviews",
            title: "Entra ID access review decisions",
            provider: PROVIDER,
            command: "for each review: az rest --url 'https://graph.microsoft.com/v1.0/identityGovernance/accessReviews/\
                      definitions/{id}/instances/{id}/decisions' > decisions.json; of all reviews: the definitions, \
                      each with its `instances`, each with its `decisions`, in one array",
            recognises: "records with `decision` or `recommendation` and `accessReviewId`, records with `principal`, \
                         `decision` and `reviewedBy`, or reviews with `instances` that hold `decisions`",
            facts: &[(Fact::Review, Level::Full)],
            main_view: "events",
            precedence: 2,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let Some(sample) = Sample::of(probe) else { return Recognised::No };
        let by_context = sample
            .context()
            .is_some_and(|list| list.contains("accessReviews/definitions(") && list.contains("/decisions"));
        Recognised::yes_if(by_context || sample.any(|record| is_decision(record) || is_review(record)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let tenant = Tenant::new(&input.scope_id);
        let (mut is_whole, mut reviews) = (true, 0);
        lists::each(input, out, &mut |locator, text, out| {
            let record: Record = json::parse(text, "a decision of an access review")?;
            let Some(instances) = &record.instances else {
                is_whole = false;
                let decision: Decision = json::parse(text, "a decision of an access review")?;
                let event = decision.event(decision.instance.as_deref(), &tenant, input, locator, out)?;
                out.push(event)?;
                return Ok(());
            };
            reviews += 1;
            let mut events = Vec::new();
            for (at, instance) in instances.iter().enumerate() {
                is_whole &= instance.decisions.is_some();
                for (n, decision) in instance.decisions.iter().flatten().enumerate() {
                    let locator = format!("{locator}/instances/{at}/decisions/{n}");
                    events.push(decision.event(Some(instance), &tenant, input, &locator, out)?);
                }
            }
            for event in events {
                out.push(event)?;
            }
            Ok(())
        })?;
        if is_whole && reviews > 0 {
            out.cover(PROVIDER, &tenant.scope, Fact::Review, Level::Full, None);
        } else {
            let note = "the file does not show whether every review was asked for";
            out.cover(PROVIDER, &tenant.scope, Fact::Review, Level::Partial, Some(note));
        }
        Ok(())
    }
}

fn is_decision(record: &Outline) -> bool {
    let has_all = |keys: &[&str]| keys.iter().all(|key| record.has(key));
    (record.has("accessReviewId") && record.has_any(&["decision", "recommendation"]))
        || has_all(&["principal", "decision", "reviewedBy"])
}

fn is_review(record: &Outline) -> bool {
    record.get("instances").is_some_and(|list| list.elements().iter().any(|instance| instance.has("decisions")))
}

/// A decision, or a review with its instances.
#[derive(Deserialize)]
struct Record {
    instances: Option<Vec<Instance>>,
}

/// One run of a review.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    #[serde(alias = "endDate")]
    end_date_time: Option<String>,
    status: Option<String>,
    decisions: Option<Vec<Decision>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    id: Option<String>,
    decision: Option<String>,
    reviewed_date_time: Option<String>,
    applied_date_time: Option<String>,
    apply_result: Option<String>,
    reviewed_by: Option<Person>,
    principal: Option<Person>,
    principal_link: Option<String>,
    target: Option<Target>,
    instance: Option<Box<Instance>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    #[serde(rename = "@odata.type", alias = "odata.type")]
    odata_type: Option<String>,
    id: Option<String>,
    display_name: Option<String>,
    user_principal_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    user_id: Option<String>,
    service_principal_id: Option<String>,
}

impl Decision {
    fn event(
        &self,
        instance: Option<&Instance>,
        tenant: &Tenant,
        input: &Input,
        locator: &str,
        out: &mut Output,
    ) -> Result<Event, Reject> {
        let subject = self.subject(tenant)?;
        let due_at = instance.and_then(|it| filled(it.end_date_time.as_deref()));
        let due_at = due_at.map(|text| out.date("endDateTime", text)).transpose()?;
        let reviewed = filled(self.reviewed_date_time.as_deref());
        let reviewed = reviewed.map(|text| out.past("reviewedDateTime", text, locator)).transpose()?;
        let applied = filled(self.applied_date_time.as_deref());
        let applied = applied.map(|text| out.past("appliedDateTime", text, locator)).transpose()?;
        let is_over = is_over(instance, due_at, input.as_of) || self.was_applied();
        let outcome = match self.decision.as_deref().map(str::to_lowercase).as_deref() {
            Some("approve") => Some("approve"),
            Some("deny") => Some("deny"),
            // To say that one does not know is no decision, and is not waited for.
            Some("dontknow") => Some("not_reviewed"),
            // Before the review ends, an answer may still come.
            Some("notreviewed" | "notnotified") | None => is_over.then_some("not_reviewed"),
            Some(_) => return Err(Reject::because("`decision` is not one of those that are known")),
        };
        // Nobody answered up to the end of the review, or up to the export.
        let otherwise = due_at.filter(|due| input.as_of.is_none_or(|now| *due <= now)).or(input.as_of);
        let at = reviewed.or(applied).or(otherwise);
        let at = at.ok_or_else(|| Reject::because("`reviewedDateTime` is missing"))?;
        let id = self.id.as_deref().unwrap_or(locator);
        Ok(Event {
            event_id: hash::row_id(&[PROVIDER, &tenant.scope, "access_review", id]),
            provider: Word::from(PROVIDER),
            scope_id: Some(tenant.word()),
            subject_kind: Word::from("identity"),
            subject_id: subject,
            kind: Word::from("reviewed"),
            at,
            actor: self.reviewed_by.as_ref().and_then(Person::name),
            outcome: outcome.map(Word::from),
            due_at,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
        })
    }

    /// Whether its result was carried out, which happens after the review only.
    fn was_applied(&self) -> bool {
        self.apply_result.as_deref().is_some_and(|result| !result.is_empty() && !result.eq_ignore_ascii_case("new"))
    }

    /// Whose access was reviewed.
    fn subject(&self, tenant: &Tenant) -> Result<String, Reject> {
        if let Some(person) = &self.principal
            && let Some(id) = filled(person.id.as_deref())
        {
            let kind = person.odata_type.as_deref().map_or(ObjectKind::Unknown, ObjectKind::of);
            return Ok(kind.id(tenant, id));
        }
        if let Some(target) = &self.target {
            if let Some(id) = filled(target.service_principal_id.as_deref()) {
                return Ok(tenant.principal(id));
            }
            if let Some(id) = filled(target.user_id.as_deref()) {
                return Ok(ObjectKind::User.id(tenant, id));
            }
        }
        let link = filled(self.principal_link.as_deref()).and_then(|link| link.rsplit_once('/'));
        match link {
            Some((rest, id)) if rest.ends_with("/servicePrincipals") => Ok(tenant.principal(id)),
            Some((rest, id)) if rest.ends_with("/users") => Ok(ObjectKind::User.id(tenant, id)),
            _ => Err(Reject::because("nothing tells whose access was reviewed")),
        }
    }
}

impl Person {
    fn name(&self) -> Option<String> {
        let id = self.id.as_deref().filter(|id| *id != NOBODY);
        let names = [self.user_principal_name.as_deref(), self.display_name.as_deref(), id];
        names.into_iter().find_map(filled).map(str::to_owned)
    }
}

fn is_over(instance: Option<&Instance>, due_at: Option<Moment>, now: Option<Moment>) -> bool {
    let status = instance.and_then(|it| it.status.as_deref()).unwrap_or_default().to_lowercase();
    matches!(status.as_str(), "completed" | "applied" | "applying" | "autoreviewed")
        || due_at.zip(now).is_some_and(|(due, now)| due <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const COLUMNS: &[&str] = &["subject_kind", "subject_id", "kind", "at", "actor", "outcome", "due_at"];

    #[test]
    fn decisions_of_one_review() {
        let loaded = load_fixture(&AccessReviews, "azure.access_reviews/good/decisions.json");
        let sp = "entra:good:sp:aa000001-0000-4000-8000-000000000001";
        let user = "entra:good:user:dd000001-0000-4000-8000-000000000001";
        let now = "2026-06-30T12:00:00Z";
        assert_eq!(
            loaded.rows(Event::TABLE, COLUMNS),
            [
                ["identity", sp, "reviewed", "2026-05-03T19:28:25.02Z", "ana@contoso.example", "approve", "∅"],
                ["identity", user, "reviewed", "2026-05-04T00:00:00Z", "ana@contoso.example", "not_reviewed", "∅"],
                // Whether the review is over is not said.
                ["identity", sp, "reviewed", now, "∅", "∅", "∅"],
                ["identity", user, "reviewed", "2026-05-10T00:00:00Z", "∅", "not_reviewed", "∅"],
            ]
        );
        assert_eq!(covered(&loaded), ["review partial: the file does not show whether every review was asked for"]);
    }

    #[test]
    fn all_reviews_with_their_decisions() {
        let loaded = load_fixture(&AccessReviews, "azure.access_reviews/good/definitions.json");
        let sp = "entra:good:sp:aa000001-0000-4000-8000-000000000001";
        let user = "entra:good:user:dd000001-0000-4000-8000-000000000001";
        assert_eq!(
            loaded.rows(Event::TABLE, COLUMNS),
            [
                ["identity", sp, "reviewed", "2026-03-31T00:00:00Z", "∅", "not_reviewed", "2026-03-31T00:00:00Z"],
                ["identity", user, "reviewed", "2026-06-30T12:00:00Z", "∅", "∅", "2026-07-31T00:00:00Z"],
            ]
        );
        assert_eq!(covered(&loaded), ["review full"]);
    }

    #[test]
    fn wrong_records_are_put_aside() {
        let loaded = load_fixture(&AccessReviews, "azure.access_reviews/bad/records.json");
        assert!(loaded.rows(Event::TABLE, COLUMNS).is_empty());
        assert_eq!(
            reasons(&loaded),
            [
                "/value/0: nothing tells whose access was reviewed",
                "/value/1: `decision` is not one of those that are known",
                "/value/2: `reviewedDateTime` is not a date"
            ]
        );
        loaded.assert_no_canary();
    }
}
