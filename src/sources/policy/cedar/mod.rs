//! Cedar: what policies permit, told from their scopes without evaluating them. The one place, with the files beside
//! it, that knows the crate.

pub(in crate::sources) mod entities;
pub(in crate::sources) mod policies;
pub(in crate::sources) mod schema;
mod text;

use std::collections::BTreeSet;

use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicyId, PrincipalConstraint, ResourceConstraint};
use serde_json::Value;

use super::{PROVIDER, known_elsewhere};
use crate::inventory::column::Word;
use crate::inventory::schema::{Entitlement, PolicyPoint};
use crate::sources::{Input, Output, Reject, hash};

/// Largest policy that is parsed, in bytes.
const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// One policy, as far as its scope and the variables in its conditions tell.
pub(super) struct Rule {
    id: String,
    is_permit: bool,
    principal: Part,
    actions: Vec<String>,
    resource: Part,
    /// Conditions as text; empty for none.
    condition: String,
    /// Digest of what the conditions mean, however they are written; empty for none.
    condition_key: String,
    /// Variables that the conditions look at.
    variables: BTreeSet<String>,
}

/// Whom or what a scope covers.
enum Part {
    Any,
    /// One entity, or all that are in it.
    Entity {
        uid: EntityUid,
        kind: Option<String>,
    },
    /// Everything of a type.
    Kind(String),
}

impl Part {
    fn kind(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Entity { kind: Some(kind), .. } | Self::Kind(kind) => Some(kind.clone()),
            Self::Entity { uid, .. } => Some(uid.type_name().to_string()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Entity { uid, kind: None } => uid.to_string(),
            Self::Entity { uid, kind: Some(kind) } => format!("{kind} in {uid}"),
            Self::Kind(kind) => kind.clone(),
        }
    }
}

/// Id of an entity as an identity: its own name where another system lists it under that.
pub(super) fn identity_id(prefix: &str, kind: &str, name: &str) -> String {
    known_elsewhere(name).unwrap_or_else(|| format!("{prefix}:{kind}:{name}"))
}

impl Rule {
    /// Reads a policy in Cedar's own syntax; `id` is its name unless an annotation gives it one.
    ///
    /// # Errors
    /// [`Reject`] when it is no policy; `None` for a template, which permits nothing until it is linked.
    pub fn of_text(source: &str, id: &str) -> Result<Option<Self>, Reject> {
        if source.len() > MAX_POLICY_BYTES {
            return Err(Reject::because("the policy is larger than any that people write"));
        }
        match Policy::parse(Some(PolicyId::new(id)), source) {
            Ok(policy) => Ok(Some(Self::of(&policy, Some(source)))),
            Err(_) if cedar_policy::Template::parse(Some(PolicyId::new(id)), source).is_ok() => Ok(None),
            Err(_) => Err(Reject::because("it is not a policy of Cedar")),
        }
    }

    /// Reads a policy in Cedar's JSON form.
    ///
    /// # Errors
    /// [`Reject`] when it is no policy.
    pub fn of_json(source: Value, id: &str) -> Result<Self, Reject> {
        let policy = Policy::from_json(Some(PolicyId::new(id)), source);
        policy.map(|policy| Self::of(&policy, None)).map_err(|_| Reject::because("it is not a policy of Cedar"))
    }

    fn of(policy: &Policy, source: Option<&str>) -> Self {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any => Part::Any,
            PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) => Part::Entity { uid, kind: None },
            PrincipalConstraint::Is(kind) => Part::Kind(kind.to_string()),
            PrincipalConstraint::IsIn(kind, uid) => Part::Entity { uid, kind: Some(kind.to_string()) },
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Any => Part::Any,
            ResourceConstraint::In(uid) | ResourceConstraint::Eq(uid) => Part::Entity { uid, kind: None },
            ResourceConstraint::Is(kind) => Part::Kind(kind.to_string()),
            ResourceConstraint::IsIn(kind, uid) => Part::Entity { uid, kind: Some(kind.to_string()) },
        };
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => vec!["*".to_owned()],
            ActionConstraint::Eq(uid) => vec![uid.to_string()],
            ActionConstraint::In(uids) => uids.iter().map(ToString::to_string).collect(),
        };
        let mut variables = BTreeSet::new();
        let mut condition_key = String::new();
        if policy.has_non_scope_constraint()
            && let Ok(mut json) = policy.to_json()
            && let Some(conditions) = json.get_mut("conditions")
        {
            collect_variables(conditions, &mut variables);
            conditions.sort_all_objects();
            condition_key = hash::of_text(&conditions.to_string());
        }
        let printed = source.map_or_else(|| policy.to_cedar().unwrap_or_default(), str::to_owned);
        Self {
            id: policy
                .annotation("id")
                .filter(|id| !id.is_empty())
                .map_or_else(|| policy.id().to_string(), str::to_owned),
            is_permit: policy.effect() == Effect::Permit,
            principal,
            actions,
            resource,
            condition: text::conditions(&printed),
            condition_key,
            variables,
        }
    }

    /// Whether neither the scope nor a condition asks for the variable.
    fn leaves_open(&self, is_any: bool, variable: &str) -> bool {
        self.is_permit && is_any && !self.variables.contains(variable)
    }

    fn is_any_action(&self) -> bool {
        matches!(self.actions.as_slice(), [action] if action == "*")
    }

    /// One row an action of a permit. `prefix` names the policy store in ids of its entities.
    pub fn entitlements(
        &self,
        prefix: &str,
        scope: &str,
        locator: &str,
        input: &Input,
        out: &mut Output,
    ) -> Result<(), crate::inventory::Error> {
        if !self.is_permit {
            return Ok(());
        }
        let holder = match &self.principal {
            Part::Any => format!("{prefix}:*"),
            Part::Kind(kind) => format!("{prefix}:{kind}:*"),
            Part::Entity { uid, .. } => identity_id(prefix, &uid.type_name().to_string(), uid.id().unescaped()),
        };
        let (resource, via) = (self.resource.text(), format!("policy:{}", self.id));
        let is_any_resource = matches!(self.resource, Part::Any);
        for action in &self.actions {
            let is_any_action = action == "*";
            let is_admin = is_any_action && is_any_resource && self.condition.is_empty();
            let parts = [PROVIDER, &holder, "allow", action, &resource, &via, &self.condition_key];
            out.push(Entitlement {
                entitlement_id: hash::row_id(&parts),
                identity_id: holder.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word::from(scope)),
                effect: Word::from("allow"),
                action: action.clone(),
                action_kind: Word::from("permission"),
                resource: resource.clone(),
                via: via.clone(),
                is_admin: Some(is_admin),
                is_wildcard_action: Some(is_any_action),
                is_wildcard_resource: Some(is_any_resource),
                // Whether an action hands out rights is the application's own business.
                can_escalate: is_admin.then_some(true),
                condition: Some(self.condition.clone()),
                // Conditions can ask for an activation, or end a permit.
                eligible_only: self.condition.is_empty().then_some(false),
                source_id: input.source_id.clone(),
                locator: locator.to_owned(),
                ..Entitlement::default()
            })?;
        }
        Ok(())
    }
}

/// What the policies of a store are together.
#[derive(Default)]
pub(super) struct Summary {
    pub policies: i64,
    any_principal: i64,
    any_action: i64,
    any_resource: i64,
    protected: BTreeSet<String>,
}

impl Summary {
    pub fn take(&mut self, rule: &Rule) {
        self.policies += 1;
        let is_any = |part: &Part| matches!(part, Part::Any);
        self.any_principal += i64::from(rule.leaves_open(is_any(&rule.principal), "principal"));
        self.any_action += i64::from(rule.leaves_open(rule.is_any_action(), "action"));
        self.any_resource += i64::from(rule.leaves_open(is_any(&rule.resource), "resource"));
        self.protected.extend(rule.resource.kind());
    }

    /// The decision point. Cedar allows nothing without a permit, as documented.
    pub fn point(self, pdp_id: String, engine: &str, scope: &str, locator: &str, input: &Input) -> PolicyPoint {
        let protects = self.protected.into_iter().collect::<Vec<_>>().join(", ");
        PolicyPoint {
            pdp_id,
            provider: Word::from(PROVIDER),
            scope_id: Some(Word::from(scope)),
            engine: Word::from(engine),
            protects: Some(protects).filter(|text| !text.is_empty()),
            policy_count: Some(self.policies),
            permit_any_principal: Some(self.any_principal),
            permit_any_action: Some(self.any_action),
            permit_any_resource: Some(self.any_resource),
            default_deny: Some(true),
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..PolicyPoint::default()
        }
    }
}

/// Names of the variables that an expression looks at.
fn collect_variables(expression: &Value, variables: &mut BTreeSet<String>) {
    match expression {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(name) if key == "Var" => {
                        variables.insert(name.to_owned());
                    }
                    _ => collect_variables(value, variables),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_variables(item, variables)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(source: &str) -> [i64; 3] {
        let mut summary = Summary::default();
        summary.take(&Rule::of_text(source, "p").unwrap().unwrap());
        [summary.any_principal, summary.any_action, summary.any_resource]
    }

    #[test]
    fn a_permit_is_open_where_neither_scope_nor_condition_asks() {
        for (source, expected) in [
            ("permit (principal, action, resource);", [1, 1, 1]),
            ("permit (principal, action, resource) when { principal in G::\"g\" };", [0, 1, 1]),
            ("permit (principal, action, resource) when { context.mfa };", [1, 1, 1]),
            ("permit (principal, action, resource) unless { resource.secret || action == Action::\"x\" };", [1, 0, 0]),
            ("permit (principal is U, action == Action::\"x\", resource in F::\"f\");", [0, 0, 0]),
            ("forbid (principal, action, resource);", [0, 0, 0]),
        ] {
            assert_eq!(counts(source), expected, "{source}");
        }
    }

    #[test]
    fn templates_permit_nothing_and_nonsense_is_refused() {
        assert!(Rule::of_text("permit (principal == ?principal, action, resource);", "p").unwrap().is_none());
        assert!(Rule::of_text("permit (hunter2);", "p").is_err());
        assert!(Rule::of_json(serde_json::json!({"effect": "permit"}), "p").is_err());
    }
}
