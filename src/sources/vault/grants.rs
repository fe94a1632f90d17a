//! What a stanza of a policy amounts to: full control, an open-ended right, or a way to more rights. Judges each
//! stanza by itself; that another one denies part of it is not worked out.

use super::acl::Stanza;
use super::{PROVIDER, ROOT};
use crate::config::Moment;
use crate::inventory::Error;
use crate::inventory::column::Word;
use crate::inventory::schema::Entitlement;
use crate::sources::{Input, Output, hash};

/// Everything that can be done at a path, short of what only root-protected paths ask for.
const ALL: [&str; 5] = ["create", "delete", "list", "read", "update"];
/// Capabilities that change something.
const WRITES: [&str; 3] = ["create", "patch", "update"];

/// Paths by which somebody who may write there gains rights that others hold: write policies, hand roles, entities and
/// groups other policies, mint credentials of a role, make tokens that outrank their maker, plug in a login method.
const WAYS_UP: [&str; 16] = [
    "sys/policies/acl/+",
    "sys/policy/+",
    "auth/+/role/+",
    "auth/+/roles/+",
    "auth/+/users/+",
    "auth/+/groups/+",
    "auth/+/map/+/+",
    "auth/+/role/+/secret-id",
    "auth/+/role/+/custom-secret-id",
    "auth/+/role/+/policies",
    "identity/entity",
    "identity/entity/+/+",
    "identity/entity-alias",
    "identity/group",
    "identity/group/+/+",
    "identity/group-alias",
];
/// The same, where it also takes `sudo`.
const WAYS_UP_WITH_SUDO: [&str; 4] =
    ["auth/token/create", "auth/token/create-orphan", "auth/token/create/+", "sys/auth/+"];

/// The verdicts on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict {
    is_admin: Option<bool>,
    is_wildcard_action: Option<bool>,
    is_wildcard_resource: Option<bool>,
    can_escalate: Option<bool>,
}

impl Verdict {
    fn all(verdict: Option<bool>) -> Self {
        Self { is_admin: verdict, is_wildcard_action: verdict, is_wildcard_resource: verdict, can_escalate: verdict }
    }

    fn of(stanza: &Stanza) -> Self {
        let has = |word: &str| stanza.capabilities.contains(word);
        if has("deny") {
            return Self::all(Some(false));
        }
        let is_wildcard_action = ALL.iter().all(|word| has(word));
        let is_wildcard_resource = is_everything(&stanza.path);
        let is_free = stanza.limits.is_empty();
        let writes = WRITES.iter().any(|word| has(word));
        let reaches = |paths: &[&str]| paths.iter().any(|path| overlaps(&stanza.path, path));
        Self {
            // Whoever may write everywhere may write policies, and by them lift what is still protected.
            is_admin: Some(is_free && is_wildcard_action && is_wildcard_resource),
            is_wildcard_action: Some(is_wildcard_action),
            is_wildcard_resource: Some(is_wildcard_resource),
            can_escalate: Some(
                is_free && writes && (reaches(&WAYS_UP) || (has("sudo") && reaches(&WAYS_UP_WITH_SUDO))),
            ),
        }
    }
}

/// Whether a policy's path stands for every path.
fn is_everything(path: &str) -> bool {
    path.ends_with('*') && path.bytes().all(|byte| matches!(byte, b'*' | b'+' | b'/'))
}

/// Whether a policy's path (`*` at its end for any rest, `+` for any step) and another one, with `+` for any name,
/// have a path in common. A templated step stands for a name.
fn overlaps(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches('/');
    let (pattern, is_open) = pattern.strip_suffix('*').map_or((pattern, false), |prefix| (prefix, true));
    let (wanted, mut steps) = (pattern.split('/').collect::<Vec<_>>(), path.split('/'));
    let is_any = |step: &str| step == "+" || step.contains("{{");
    for (at, step) in wanted.iter().enumerate() {
        let Some(own) = steps.next() else { return false };
        let is_last = at + 1 == wanted.len();
        let fits = if is_last && is_open {
            own == "+" || own.starts_with(step)
        } else {
            is_any(step) || own == "+" || own == *step
        };
        if !fits {
            return false;
        }
    }
    is_open || steps.next().is_none()
}

/// One who holds policies.
pub(super) struct Holder<'a> {
    pub identity_id: &'a str,
    pub input: &'a Input,
    pub locator: &'a str,
}

impl Holder<'_> {
    /// The row of a policy of which only the name is known.
    pub fn hold(&self, policy: &str, out: &mut Output) -> Result<(), Error> {
        let (action, action_kind, resource, verdict) = if policy == ROOT {
            ("*", "permission", "*", Verdict::all(Some(true)))
        } else {
            (policy, "role", "", Verdict::all(None))
        };
        let condition = (policy == ROOT).then(String::new);
        let via = format!("policy:{policy}");
        let line = Line { effect: "allow", action, action_kind, resource, condition, verdict, expires_at: None };
        out.push(self.row(line, &via))
    }

    /// The rows of a policy whose text is known; `via` says how it is held.
    pub fn hold_text(&self, via: &str, stanzas: &[Stanza], out: &mut Output) -> Result<(), Error> {
        for stanza in stanzas {
            let is_deny = stanza.capabilities.contains("deny");
            let words: Vec<&str> = stanza.capabilities.iter().map(String::as_str).collect();
            let words = words.join(",");
            if words.is_empty() {
                continue;
            }
            let line = Line {
                effect: if is_deny { "deny" } else { "allow" },
                action: if is_deny { "*" } else { &words },
                action_kind: "permission",
                resource: &stanza.path,
                condition: Some(stanza.limits.join(", ")),
                verdict: Verdict::of(stanza),
                expires_at: stanza.expires_at,
            };
            out.push(self.row(line, via))?;
        }
        Ok(())
    }

    fn row(&self, line: Line<'_>, via: &str) -> Entitlement {
        let shown = line.condition.as_deref().unwrap_or_default();
        let parts = [PROVIDER, self.identity_id, line.effect, line.action_kind, line.action, line.resource, via, shown];
        Entitlement {
            entitlement_id: hash::row_id(&parts),
            identity_id: self.identity_id.to_owned(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.input.scope_id.clone())),
            effect: Word::from(line.effect),
            action: line.action.to_owned(),
            action_kind: Word::from(line.action_kind),
            resource: line.resource.to_owned(),
            via: via.to_owned(),
            is_admin: line.verdict.is_admin,
            is_wildcard_action: line.verdict.is_wildcard_action,
            is_wildcard_resource: line.verdict.is_wildcard_resource,
            can_escalate: line.verdict.can_escalate,
            condition: line.condition,
            expires_at: line.expires_at,
            // Whoever holds a policy holds it at once; Vault has nothing to activate.
            eligible_only: Some(false),
            source_id: self.input.source_id.clone(),
            locator: self.locator.to_owned(),
            ..Entitlement::default()
        }
    }
}

/// What one row says.
struct Line<'a> {
    effect: &'static str,
    action: &'a str,
    action_kind: &'static str,
    resource: &'a str,
    condition: Option<String>,
    verdict: Verdict,
    expires_at: Option<Moment>,
}

#[cfg(test)]
mod tests {
    use super::super::acl;
    use super::*;

    /// admin, wildcard action, wildcard resource, escalates.
    fn verdict(path: &str, words: &str) -> String {
        let words: Vec<String> = words.split(',').map(|word| format!("\"{word}\"")).collect();
        let stanzas = acl::read(&format!("path \"{path}\" {{ capabilities = [{}] }}", words.join(","))).unwrap();
        let verdict = Verdict::of(&stanzas[0]);
        let sign = |verdict| if verdict == Some(true) { '+' } else { '-' };
        [verdict.is_admin, verdict.is_wildcard_action, verdict.is_wildcard_resource, verdict.can_escalate]
            .map(sign)
            .iter()
            .collect()
    }

    #[test]
    fn stanzas_are_judged_by_path_and_capabilities() {
        let all = "create,read,update,delete,list";
        for (path, words, expected) in [
            ("*", all, "++++"),
            ("+/*", all, "++++"),
            ("*", "read,list", "--+-"),
            ("*", "read,update", "--++"),
            ("kv/*", all, "-+--"),
            ("kv/data/etl/*", "read", "----"),
            ("sys/policies/acl/*", "update", "---+"),
            ("sys/policies/acl/etl", "update", "---+"),
            ("sys/pol*", "create", "---+"),
            ("sys/policies/acl/*", "read,list", "----"),
            ("auth/approle/role/etl", "update", "---+"),
            ("auth/approle/role/etl/secret-id", "update", "---+"),
            ("auth/approle/role/etl/role-id", "update", "----"),
            ("auth/+/role/+", "create", "---+"),
            ("auth/token/create", "update", "----"),
            ("auth/token/create", "update,sudo", "---+"),
            ("identity/entity/id/*", "update", "---+"),
            ("identity/*", "create", "---+"),
            ("*", "deny", "----"),
        ] {
            assert_eq!(verdict(path, words), expected, "{path} {words}");
        }
        let limited = "path \"*\" { capabilities = [\"create\",\"read\",\"update\",\"delete\",\"list\"] allowed_parameters = {} }";
        let verdict = Verdict::of(&acl::read(limited).unwrap()[0]);
        assert_eq!((verdict.is_admin, verdict.can_escalate), (Some(false), Some(false)));
    }

    #[test]
    fn paths_overlap_where_a_path_fits_both() {
        for (pattern, path, expected) in [
            ("a/+/c", "a/b/c", true),
            ("a/+/c", "a/b/d", false),
            ("a/b*", "a/bc/d", true),
            ("a/b", "a/b/c", false),
            ("a/b/c", "a/b", false),
            ("a/{{identity.entity.name}}/c", "a/+/c", true),
            ("a/x", "a/+", true),
            ("", "a", false),
        ] {
            assert_eq!(overlaps(pattern, path), expected, "{pattern} {path}");
        }
    }
}
