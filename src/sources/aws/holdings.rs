//! Which policies each principal of an account holds, kept small while a file is read and written as
//! entitlements at its end: documents of managed policies may follow the principals that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::grants::{Grant, Holder, Library, Verdict};
use super::managed::Known;
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Entitlement;
use crate::sources::{Broken, Input, Output, hash};

/// A user, group or role, and what it holds.
pub(super) struct Principal {
    pub identity_id: String,
    pub account: String,
    pub locator: String,
    /// Names and documents of inline policies.
    pub inline: Vec<(String, Rc<[Grant]>)>,
    /// Names and ARNs of attached policies.
    pub attached: Vec<(String, String)>,
    /// Names of the groups that a user is in.
    pub groups: Vec<String>,
}

/// Everything held in the accounts of one file.
#[derive(Default)]
pub(super) struct Holdings {
    pub library: Library,
    principals: Vec<Principal>,
    /// Account and name of a group, and where it stands in `principals`.
    groups: BTreeMap<(String, String), usize>,
    /// Documents and attachment counts of managed policies, by ARN.
    policies: BTreeMap<String, (Rc<[Grant]>, u64)>,
}

/// What the file turned out to lack.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Attached policies without a document, about which nothing is known.
    pub unknown: BTreeSet<String>,
    /// Attached policies without a document, judged by their names.
    pub by_name: BTreeSet<String>,
    /// Groups that users are in, but that the file does not hold.
    pub groups: BTreeSet<String>,
}

/// What is known of a policy that a principal holds.
enum Held<'a> {
    Document(&'a [Grant]),
    Known(&'a str, &'static Known),
    Unknown(&'a str),
}

impl Holdings {
    /// Takes a principal; `group` is its name if it is a group.
    pub(super) fn hold(&mut self, principal: Principal, group: Option<&str>) {
        if let Some(name) = group {
            self.groups.insert((principal.account.clone(), name.to_owned()), self.principals.len());
        }
        self.principals.push(principal);
    }

    /// Takes the document of a managed policy, and to how many principals IAM says it is attached.
    pub(super) fn define(&mut self, arn: String, document: Rc<[Grant]>, attachments: u64) {
        self.policies.insert(arn, (document, attachments));
    }

    /// Whether IAM counts more attachments of a policy than the file shows.
    pub(super) fn lacks_attachments(&self) -> bool {
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, arn) in self.principals.iter().flat_map(|principal| &principal.attached) {
            *seen.entry(arn).or_default() += 1;
        }
        self.policies.iter().any(|(arn, (_, count))| *count > seen.get(arn.as_str()).copied().unwrap_or(0))
    }

    /// What principals hold, but the file does not show.
    pub(super) fn gaps(&self) -> Gaps {
        let mut gaps = Gaps::default();
        for principal in &self.principals {
            for (_, arn) in principal.attached.iter().filter(|(_, arn)| !self.policies.contains_key(arn)) {
                let known = if Known::find(arn).is_some() { &mut gaps.by_name } else { &mut gaps.unknown };
                known.insert(arn.clone());
            }
            let lost = principal.groups.iter().filter(|name| self.group(&principal.account, name).is_none());
            gaps.groups.extend(lost.cloned());
        }
        gaps
    }

    /// Writes the entitlements of every principal; users hold those of their groups too.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub(super) fn write(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        for principal in &self.principals {
            let mut held = Vec::new();
            self.collect(principal, "", &mut held);
            for name in &principal.groups {
                match self.group(&principal.account, name) {
                    Some(group) => self.collect(group, &format!("group:{name}/"), &mut held),
                    None => held.push((format!("group:{name}"), Held::Unknown(name))),
                }
            }
            let holder = holder(&held);
            for (via, held) in &held {
                held.lines(holder, &mut |line| Ok(out.push(principal.row(line, via, input))?))?;
            }
        }
        Ok(())
    }

    fn group(&self, account: &str, name: &str) -> Option<&Principal> {
        self.groups.get(&(account.to_owned(), name.to_owned())).and_then(|at| self.principals.get(*at))
    }

    fn collect<'a>(&'a self, principal: &'a Principal, prefix: &str, held: &mut Vec<(String, Held<'a>)>) {
        for (name, document) in &principal.inline {
            held.push((format!("{prefix}inline:{name}"), Held::Document(document)));
        }
        for (name, arn) in &principal.attached {
            let policy = match (self.policies.get(arn), Known::find(arn)) {
                (Some((document, _)), _) => Held::Document(document),
                (None, Some(known)) => Held::Known(name, known),
                (None, None) => Held::Unknown(name),
            };
            held.push((format!("{prefix}attached:{name}"), policy));
        }
    }
}

fn holder(held: &[(String, Held<'_>)]) -> Holder {
    let grants = held.iter().flat_map(|(_, held)| match held {
        Held::Document(grants) => *grants,
        Held::Known(..) | Held::Unknown(_) => &[],
    });
    let others = held.iter().filter_map(|(_, held)| match held {
        Held::Document(_) => None,
        Held::Known(_, known) => Some(Some(known.creates_compute)),
        Held::Unknown(_) => Some(None),
    });
    Holder::of(grants, others)
}

/// What makes one entitlement, apart from who holds it and how.
struct Line<'a> {
    is_allow: bool,
    action: String,
    action_kind: &'static str,
    resource: &'a str,
    resource_key: &'a str,
    condition: Option<&'a str>,
    verdict: Verdict,
    expires_at: Option<Moment>,
}

impl Held<'_> {
    fn lines(&self, holder: Holder, each: &mut dyn FnMut(Line<'_>) -> Result<(), Broken>) -> Result<(), Broken> {
        let line = Line {
            is_allow: true,
            action: String::new(),
            action_kind: "role",
            resource: "",
            resource_key: "",
            condition: None,
            verdict: Verdict::all(None),
            expires_at: None,
        };
        match self {
            Self::Document(grants) => grants.iter().try_for_each(|grant| lines_of(grant, holder, each)),
            Self::Known(name, known) => {
                let (action, action_kind) = known.row(name);
                // A row that stands for one statement is like that statement's; others stand for many.
                let condition = (action_kind != "role").then_some("");
                let verdict = known.verdict(holder.is_denied_everything);
                let action = action.to_owned();
                each(Line { action, action_kind, resource: "*", resource_key: "*", condition, verdict, ..line })
            }
            // The document is not in the export: that the policy is held is all that is known.
            Self::Unknown(name) => each(Line { action: (*name).to_owned(), ..line }),
        }
    }
}

fn lines_of(grant: &Grant, holder: Holder, each: &mut dyn FnMut(Line<'_>) -> Result<(), Broken>) -> Result<(), Broken> {
    for (action, action_kind) in grant.rows() {
        each(Line {
            is_allow: grant.is_allow,
            verdict: grant.verdict(&action, holder),
            action,
            action_kind,
            resource: &grant.resource,
            resource_key: &grant.resource_key,
            condition: Some(&grant.condition),
            expires_at: grant.expires_at,
        })?;
    }
    Ok(())
}

impl Principal {
    fn row(&self, line: Line<'_>, via: &str, input: &Input) -> Entitlement {
        let effect = if line.is_allow { "allow" } else { "deny" };
        let condition = line.condition.unwrap_or_default();
        let parts = [&self.identity_id, effect, line.action_kind, &line.action, line.resource_key, via, condition];
        Entitlement {
            entitlement_id: hash::row_id(&parts),
            identity_id: self.identity_id.clone(),
            provider: Word::from(super::PROVIDER),
            scope_id: Some(Word(self.account.clone())),
            effect: Word::from(effect),
            action: line.action,
            action_kind: Word::from(line.action_kind),
            resource: line.resource.to_owned(),
            via: via.to_owned(),
            is_admin: line.verdict.is_admin,
            is_wildcard_action: line.verdict.is_wildcard_action,
            is_wildcard_resource: line.verdict.is_wildcard_resource,
            can_escalate: line.verdict.can_escalate,
            condition: line.condition.map(str::to_owned),
            expires_at: line.expires_at,
            // Attachments carry no date, and IAM has no grants that must be activated first.
            granted_at: None,
            eligible_only: Some(false),
            source_id: input.source_id.clone(),
            locator: self.locator.clone(),
            ..Entitlement::default()
        }
    }
}
