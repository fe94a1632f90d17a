//! Bindings of IAM policies: a role for some members on a resource, perhaps under a condition. Each member holds an
//! entitlement; roles on a service account that let their holders speak for it are trusts as well.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::member::{Member, Who, is_of_google, project_of_account};
use super::roles::{self, Reach};
use super::{PROVIDER, account_id, segment};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Entitlement, Identity, Trust};
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, dates, hash};

#[derive(Deserialize)]
pub(super) struct Binding {
    pub role: String,
    pub members: Option<Vec<String>>,
    condition: Option<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    expression: Option<String>,
}

/// What a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Project or organisation.
    pub scope: String,
    /// The organisation above it, where that is known: people belong to it.
    pub organisation: Option<String>,
    /// The resource: `projects/P`, `organizations/N`, or the full name of anything else.
    pub resource: String,
}

/// Writes what bindings say, each member once.
#[derive(Default)]
pub(super) struct Bindings {
    members: BTreeSet<String>,
}

impl Place {
    pub fn reach(&self) -> Reach {
        if ["projects/", "folders/", "organizations/"].iter().any(|start| self.resource.starts_with(start)) {
            Reach::Node
        } else if self.account().is_some() {
            Reach::Account
        } else {
            Reach::Resource
        }
    }

    /// Id of the service account that it is.
    fn account(&self) -> Option<String> {
        let name = self.resource.strip_prefix("//iam.googleapis.com/")?;
        segment(name, "serviceAccounts").filter(|_| !name.contains("/keys/")).map(account_id)
    }

    /// Whether it is more than one project.
    fn is_everything(&self) -> bool {
        self.resource.starts_with("organizations/") || self.resource.starts_with("folders/")
    }
}

impl Bindings {
    /// Reads one binding.
    pub fn take(
        &mut self,
        binding: &Binding,
        place: &Place,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let texts = binding.members.as_deref().unwrap_or_default();
        // All are looked at before the first is written, so that a rejected record leaves nothing behind.
        let members: Vec<Member<'_>> = texts.iter().map(|text| Member::of(text)).collect::<Result<_, _>>()?;
        let (role, is_cut) = roles::without_condition(&binding.role);
        let expression = binding.condition.as_ref().and_then(|condition| condition.expression.as_deref());
        let grant = Grant {
            role,
            condition: if is_cut { None } else { Some(canonical(expression.unwrap_or_default())) },
            expires_at: expression.and_then(end),
            place,
            locator,
            input,
        };
        for member in &members {
            let id = member.id();
            if !member.is_deleted && self.members.insert(id.clone()) {
                out.push(grant.identity(member, &id))?;
            }
            out.push(grant.entitlement(&id))?;
            grant.trust(member, &id, out)?;
        }
        Ok(())
    }
}

/// A binding, without its members.
struct Grant<'a> {
    role: &'a str,
    condition: Option<String>,
    expires_at: Option<Moment>,
    place: &'a Place,
    locator: &'a str,
    input: &'a Input,
}

impl Grant<'_> {
    /// A member that is not marked as deleted exists: Google marks those that do not.
    fn identity(&self, member: &Member<'_>, id: &str) -> Identity {
        let (kind, is_human) = member.kind();
        let scope = match member.who {
            Who::Account(email) => project_of_account(email).map_or_else(|| self.place.scope.clone(), str::to_owned),
            Who::Cluster(project, ..) => project.to_owned(),
            Who::Pool(..) => self.place.scope.clone(),
            _ => self.place.organisation.clone().unwrap_or_else(|| self.place.scope.clone()),
        };
        let name = member.name();
        Identity {
            identity_id: id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(scope)),
            kind: Word::from(kind),
            native_id: name.clone(),
            name,
            is_human,
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Identity::default()
        }
    }

    fn entitlement(&self, id: &str) -> Entitlement {
        let meaning = roles::meaning(self.role, self.place.reach());
        let condition = self.condition.as_deref().unwrap_or("?");
        let parts = [PROVIDER, id, "allow", self.role, &self.place.resource, condition];
        Entitlement {
            entitlement_id: hash::row_id(&parts),
            identity_id: id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.place.scope.clone())),
            effect: Word::from("allow"),
            action: self.role.to_owned(),
            action_kind: Word::from("role"),
            resource: self.place.resource.clone(),
            via: format!("binding:{}", self.place.resource),
            is_admin: meaning.is_admin,
            is_wildcard_action: meaning.is_wildcard_action,
            is_wildcard_resource: Some(self.place.is_everything()),
            can_escalate: meaning.can_escalate,
            condition: self.condition.clone(),
            expires_at: self.expires_at,
            // A binding counts as long as it stands; what must be activated is in Privileged Access Manager.
            eligible_only: Some(false),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Entitlement::default()
        }
    }

    /// The way into the service account whose policy this is, for those who are there to take it.
    fn trust(&self, member: &Member<'_>, id: &str, out: &mut Output) -> Result<(), Broken> {
        let Some(account) = self.place.account() else { return Ok(()) };
        if member.is_deleted || !roles::BECOME.contains(&self.role) {
            return Ok(());
        }
        let way = Way::of(member, id);
        let condition = self.condition.as_deref().unwrap_or("?");
        out.push(Trust {
            trust_id: hash::row_id(&[PROVIDER, &account, self.role, id, condition]),
            identity_id: account,
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.place.scope.clone())),
            kind: Word::from(way.kind),
            issuer: way.issuer,
            subject: Some(way.subject),
            audience: way.audience.clone(),
            subject_constrained: way.subject_constrained,
            subject_wildcard: way.subject_wildcard,
            audience_constrained: way.audience.map(|_| true),
            external_scope: way.external_scope,
            condition: self.condition.clone(),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Trust::default()
        })?;
        Ok(())
    }
}

/// How a member becomes the account.
#[derive(Default)]
struct Way {
    kind: &'static str,
    issuer: Option<String>,
    subject: String,
    audience: Option<String>,
    subject_constrained: Option<bool>,
    subject_wildcard: Option<bool>,
    external_scope: Option<String>,
}

impl Way {
    fn of(member: &Member<'_>, id: &str) -> Self {
        let way = Self { kind: "token_creator", subject: id.to_owned(), ..Self::default() };
        match member.who {
            Who::Everyone(_) => {
                Self { kind: "public", subject: "*".to_owned(), subject_constrained: Some(false), ..way }
            }
            // Clusters of a project share one pool; it is both issuer and audience of their tokens.
            Who::Cluster(project, namespace, name) => {
                let pool = format!("{project}.svc.id.goog");
                Self {
                    kind: "oidc",
                    issuer: Some(pool.clone()),
                    audience: Some(pool),
                    subject: format!("system:serviceaccount:{namespace}:{name}"),
                    subject_constrained: Some(true),
                    subject_wildcard: Some(false),
                    external_scope: Some(project.to_owned()),
                }
            }
            // Whose tokens the pool takes, and which of them, stands in the pool's own export.
            Who::Pool(pool, rest) => {
                let is_all = rest == "*";
                Self {
                    kind: "oidc",
                    subject: rest.strip_prefix("subject/").unwrap_or(rest).to_owned(),
                    subject_constrained: (!is_all).then_some(true),
                    // Everything that bears an attribute is as open as a pattern.
                    subject_wildcard: Some(!rest.starts_with("subject/")),
                    external_scope: Some(pool.to_owned()),
                    ..way
                }
            }
            Who::Account(email) if is_of_google(email) => {
                Self { kind: "service", issuer: Some(email.to_owned()), ..way }
            }
            Who::Account(email) => Self { external_scope: project_of_account(email).map(str::to_owned), ..way },
            _ => way,
        }
    }
}

/// An expression on one line, without the blanks that editors leave.
fn canonical(expression: &str) -> String {
    expression.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The moment after which a condition can no longer hold: `request.time < timestamp('...')`, unless something else
/// is enough.
fn end(expression: &str) -> Option<Moment> {
    if expression.contains("||") || expression.contains('!') {
        return None;
    }
    let compact: String = expression.split_whitespace().collect();
    let ends = compact.split("request.time<").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        let quoted = rest.strip_prefix("timestamp(")?;
        let quote = quoted.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let moment = quoted.strip_prefix(quote)?.split(quote).next()?;
        dates::parse(moment)
    });
    ends.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(resource: &str) -> Place {
        Place { scope: "p".into(), organisation: None, resource: resource.into() }
    }

    #[test]
    fn policies_reach_as_far_as_what_they_are_attached_to() {
        assert_eq!(place("projects/p").reach(), Reach::Node);
        assert_eq!(place("organizations/1").reach(), Reach::Node);
        assert_eq!(place("//storage.googleapis.com/b").reach(), Reach::Resource);
        let account = place("//iam.googleapis.com/projects/p/serviceAccounts/A@p.iam.gserviceaccount.com");
        assert_eq!(account.reach(), Reach::Account);
        assert_eq!(account.account().as_deref(), Some("gcp:a@p.iam.gserviceaccount.com"));
        assert!(place("folders/1").is_everything() && !place("projects/p").is_everything());
    }

    #[test]
    fn conditions_on_time_end_a_grant() {
        let of = |text: &str| end(text).map(|moment| moment.to_string());
        let expected = Some("2026-12-31T00:00:00Z".to_owned());
        assert_eq!(of("request.time < timestamp('2026-12-31T00:00:00Z')"), expected);
        assert_eq!(of("request.time<=timestamp(\"2026-12-31T00:00:00Z\") && resource.name == 'x'"), expected);
        assert_eq!(of("request.time < timestamp('2026-12-31T00:00:00Z') || true"), None);
        assert_eq!(of("!(request.time < timestamp('2026-12-31T00:00:00Z'))"), None);
        assert_eq!(of("request.time > timestamp('2026-12-31T00:00:00Z')"), None);
        assert_eq!(of("request.time < timestamp('soon')"), None);
        assert_eq!(canonical(" a\n  && b "), "a && b");
    }
}
