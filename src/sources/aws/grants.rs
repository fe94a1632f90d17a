//! What the statements of an identity policy grant, in a form small enough to keep until every principal
//! and every managed policy has been read. Judges each grant by itself; a Deny counts only where it
//! takes away everything without a condition.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::escalation::{ALONE, PASS_ROLE, Target, creates_compute};
use super::pattern::{covers_action, is_everything};
use super::policy::{Choice, Document, Statement};
use crate::config::Moment;
use crate::sources::{Reject, hash};

/// Resources printed before the rest is only counted.
const SHOWN: usize = 20;

/// One statement, analysed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub is_allow: bool,
    actions: Choice,
    /// What it applies to, shortened for people.
    pub resource: String,
    /// The same, unshortened or as a hash, for ids.
    pub resource_key: String,
    pub is_wildcard_resource: bool,
    /// Canonical text; empty for none.
    pub condition: String,
    pub expires_at: Option<Moment>,
    is_on_everything: bool,
    /// Kinds of IAM's own things all of which it covers.
    targets: BTreeSet<Target>,
}

/// What a principal's policies together say, as far as it decides how a single grant reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    /// Whether everything is taken away from it without a condition.
    pub is_denied_everything: bool,
    /// Whether it may make a service run something; `None` where a document is missing.
    pub creates_compute: Option<bool>,
}

/// The verdicts on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub is_admin: Option<bool>,
    pub is_wildcard_action: Option<bool>,
    pub is_wildcard_resource: Option<bool>,
    pub can_escalate: Option<bool>,
}

/// Analysed documents, each kept once however many principals hold it.
#[derive(Default)]
pub(super) struct Library(BTreeSet<Rc<[Grant]>>);

impl Library {
    /// Analyses a document; `what` names it in reasons.
    ///
    /// # Errors
    /// [`Reject`] when a statement names no actions or no resources.
    pub(super) fn analyse(&mut self, document: Document, what: &str) -> Result<Rc<[Grant]>, Reject> {
        let grants: Result<Rc<[Grant]>, Reject> =
            document.statements.into_iter().map(|statement| Grant::of(statement, what)).collect();
        let grants = grants?;
        if let Some(known) = self.0.get(&grants) {
            return Ok(Rc::clone(known));
        }
        self.0.insert(Rc::clone(&grants));
        Ok(grants)
    }
}

impl Grant {
    fn of(statement: Statement, what: &str) -> Result<Self, Reject> {
        let missing = |part: &str| Reject::because(format!("a statement of {what} names no {part}"));
        let something = |choice: &Choice| *choice != Choice::Any(Vec::new());
        let actions = statement.actions.filter(something).ok_or_else(|| missing("action"))?;
        let resources = statement.resources.filter(something).ok_or_else(|| missing("resource"))?;
        let is_on_everything = match &resources {
            Choice::Any(patterns) => patterns.iter().any(|pattern| is_everything(pattern)),
            Choice::AllBut(patterns) => patterns.is_empty(),
        };
        let covers = |target: &Target| match &resources {
            Choice::Any(patterns) => patterns.iter().any(|pattern| target.is_covered_by(pattern)),
            // Short of everything of a kind, what is left out leaves enough to escalate.
            Choice::AllBut(patterns) => !patterns.iter().any(|pattern| target.is_covered_by(pattern)),
        };
        // `* !a !b`: everything but these.
        let names: Vec<String> = match resources {
            Choice::Any(ref names) => names.clone(),
            Choice::AllBut(ref names) => {
                ["*".to_owned()].into_iter().chain(names.iter().map(|name| format!("!{name}"))).collect()
            }
        };
        let resource = shorten(&names);
        let resource_key = if names.len() > SHOWN {
            hash::row_id(&names.iter().map(String::as_str).collect::<Vec<_>>())
        } else {
            resource.clone()
        };
        Ok(Self {
            is_allow: statement.is_allow,
            actions,
            resource,
            resource_key,
            // Everything but some is as open-ended as `*`: what is made tomorrow is in it.
            is_wildcard_resource: is_on_everything || matches!(resources, Choice::AllBut(_)),
            condition: statement.conditions.canonical(),
            expires_at: statement.conditions.until(),
            is_on_everything,
            targets: Target::ALL.into_iter().filter(covers).collect(),
        })
    }

    /// One row an action string. `NotAction` is one row however long its list: split up, its rows would each
    /// claim to grant what another one shuts out.
    pub(super) fn rows(&self) -> Vec<(String, &'static str)> {
        match &self.actions {
            Choice::Any(actions) => actions.iter().map(|action| (action.clone(), "permission")).collect(),
            Choice::AllBut(actions) => vec![(actions.join(" "), "not_action")],
        }
    }

    /// The verdict on one of its rows.
    pub(super) fn verdict(&self, action: &str, holder: Holder) -> Verdict {
        // A Deny gives nothing, so it is none of these, and that is known.
        if !self.is_allow {
            return Verdict::all(Some(false));
        }
        let (is_every_action, is_wildcard_action) = match &self.actions {
            Choice::Any(_) => (is_every_action(action), is_every_action(action) || is_whole_service(action)),
            Choice::AllBut(actions) => (actions.is_empty(), true),
        };
        let is_unlimited = self.condition.is_empty();
        let is_admin = is_every_action && self.is_on_everything && is_unlimited && !holder.is_denied_everything;
        Verdict {
            is_admin: Some(is_admin),
            is_wildcard_action: Some(is_wildcard_action),
            is_wildcard_resource: Some(self.is_wildcard_resource),
            can_escalate: if is_unlimited && !holder.is_denied_everything {
                self.escalates(action, holder)
            } else {
                Some(false)
            },
        }
    }

    fn escalates(&self, action: &str, holder: Holder) -> Option<bool> {
        let grants = |wanted: &str| match &self.actions {
            Choice::Any(_) => covers_action(action, wanted),
            Choice::AllBut(actions) => !actions.iter().any(|pattern| covers_action(pattern, wanted)),
        };
        if ALONE.iter().any(|(wanted, target)| self.targets.contains(target) && grants(wanted)) {
            return Some(true);
        }
        if self.targets.contains(&Target::Role) && grants(PASS_ROLE) { holder.creates_compute } else { Some(false) }
    }

    fn denies_everything(&self) -> bool {
        let is_every_action = match &self.actions {
            Choice::Any(actions) => actions.iter().any(|action| is_every_action(action)),
            Choice::AllBut(actions) => actions.is_empty(),
        };
        !self.is_allow && is_every_action && self.is_on_everything && self.condition.is_empty()
    }

    /// Whether it lets its holder make a service run something, wherever and under whatever condition.
    fn creates_compute(&self) -> bool {
        self.is_allow
            && match &self.actions {
                Choice::Any(actions) => actions.iter().any(|action| creates_compute(action)),
                Choice::AllBut(actions) => super::escalation::COMPUTE
                    .iter()
                    .any(|wanted| !actions.iter().any(|pattern| covers_action(pattern, wanted))),
            }
    }
}

impl Holder {
    /// What documents together say of their holder. `known` tells for each document without statements
    /// whether it lets create compute, as far as that is known.
    pub(super) fn of<'a>(grants: impl Iterator<Item = &'a Grant>, known: impl Iterator<Item = Option<bool>>) -> Self {
        let mut holder = Self { is_denied_everything: false, creates_compute: Some(false) };
        for verdict in known {
            holder.creates_compute = either(holder.creates_compute, verdict);
        }
        for grant in grants {
            holder.is_denied_everything |= grant.denies_everything();
            if grant.creates_compute() {
                holder.creates_compute = Some(true);
            }
        }
        holder
    }
}

/// SQL's OR: one true is enough, and what is not known stays so otherwise.
fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

impl Verdict {
    /// The same verdict on every question.
    pub(super) fn all(verdict: Option<bool>) -> Self {
        Self { is_admin: verdict, is_wildcard_action: verdict, is_wildcard_resource: verdict, can_escalate: verdict }
    }
}

fn is_every_action(action: &str) -> bool {
    is_everything(action) || action.split_once(':').is_some_and(|(s, verb)| is_everything(s) && is_everything(verb))
}

/// `s3:*`, but not `s3:Get*`, which only spares listing what begins the same.
fn is_whole_service(action: &str) -> bool {
    action.split_once(':').is_some_and(|(_, verb)| is_everything(verb))
}

fn shorten(names: &[String]) -> String {
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
    if names.len() > SHOWN {
        text.push_str(&format!(" …(+{})", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::policy::tests::document;
    use super::*;

    const NOBODY: Holder = Holder { is_denied_everything: false, creates_compute: Some(false) };

    fn grants(text: &str) -> Rc<[Grant]> {
        Library::default().analyse(document(text), "the document").unwrap()
    }

    /// admin, wildcard action, wildcard resource, escalates: `+`, `-` or `?` each.
    fn verdicts(statement: &str, holder: Holder) -> String {
        let grants = grants(&format!(r#"{{"Statement": {statement}}}"#));
        let grant = grants.first().unwrap();
        let sign = |verdict| match verdict {
            Some(true) => '+',
            Some(false) => '-',
            None => '?',
        };
        let of = |action: &str| {
            let v = grant.verdict(action, holder);
            [v.is_admin, v.is_wildcard_action, v.is_wildcard_resource, v.can_escalate].map(sign).iter().collect()
        };
        grant.rows().iter().map(|(action, _)| of(action)).collect::<Vec<String>>().join(" ")
    }

    #[test]
    fn each_action_of_a_statement_is_judged() {
        for (statement, expected) in [
            (r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#, "++++"),
            (r#"{"Effect": "Allow", "Action": "*:*", "Resource": ["arn:aws:s3:::a", "*"]}"#, "++++"),
            (r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "true"}}}"#, "-++-"),
            (r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::a"}"#, "-+--"),
            (
                r#"{"Effect": "Allow", "Action": ["s3:*", "s3:Get*", "s3:GetObject"], "Resource": "*"}"#,
                "-++- --+- --+-",
            ),
            (r#"{"Effect": "Allow", "Action": ["iam:*", "iam:Put*"], "Resource": "*"}"#, "-+++ --++"),
            (r#"{"Effect": "Allow", "Action": ["iam:Get*", "sts:AssumeRole"], "Resource": "*"}"#, "--+- --+-"),
            (
                r#"{"Effect": "Allow", "Action": ["iam:CreateAccessKey", "iam:PutRolePolicy"],
                    "Resource": "arn:aws:iam::111122223333:user/*"}"#,
                "---+ ----",
            ),
            (
                r#"{"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}"}"#,
                "----",
            ),
            (r#"{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}"#, "-++-"),
            (r#"{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}"#, "-+++"),
            (r#"{"Effect": "Allow", "NotAction": [], "Resource": "*"}"#, "++++"),
            (r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::a"}"#, "-+++"),
            (r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*"}"#, "-++-"),
            (r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#, "----"),
        ] {
            assert_eq!(verdicts(statement, NOBODY), expected, "{statement}");
        }
    }

    #[test]
    fn passing_a_role_needs_something_to_pass_it_to() {
        let statement = r#"{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}"#;
        for (creates_compute, expected) in [(Some(true), "--++"), (Some(false), "--+-"), (None, "--+?")] {
            assert_eq!(verdicts(statement, Holder { creates_compute, ..NOBODY }), expected);
        }
        let limited = r#"{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/app"}"#;
        assert_eq!(verdicts(limited, Holder { creates_compute: Some(true), ..NOBODY }), "----");
    }

    #[test]
    fn a_holder_is_judged_by_all_of_its_documents() {
        let holder = |text: &str, known: &[Option<bool>]| Holder::of(grants(text).iter(), known.iter().copied());
        let lambda = r#"{"Statement": {"Effect": "Allow", "Action": "lambda:Create*", "Resource": "*"}}"#;
        let read = r#"{"Statement": {"Effect": "Allow", "Action": "lambda:Get*", "Resource": "*"}}"#;
        let but_iam = r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}"#;
        assert_eq!(holder(lambda, &[None]).creates_compute, Some(true));
        assert_eq!(holder(but_iam, &[]).creates_compute, Some(true));
        assert_eq!(holder(read, &[]).creates_compute, Some(false));
        assert_eq!(holder(read, &[None, Some(false)]).creates_compute, None);
        assert_eq!(holder(read, &[None, Some(true)]).creates_compute, Some(true));
        let deny = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
        let unless = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "false"}}}}"#;
        assert!(holder(deny, &[]).is_denied_everything);
        assert!(!holder(unless, &[]).is_denied_everything);
        let all = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        assert_eq!(verdicts(all, Holder { is_denied_everything: true, ..NOBODY }), "-++-");
    }

    #[test]
    fn long_lists_are_shortened_but_stay_apart() {
        let list = |last: &str| {
            let names: Vec<String> = (0..22).map(|n| format!("\"arn:{n}\"")).chain([format!("\"{last}\"")]).collect();
            grants(&format!(
                r#"{{"Statement": {{"Effect": "Allow", "Action": "a:b", "Resource": [{}]}}}}"#,
                names.join(",")
            ))
        };
        let (one, other) = (list("x"), list("y"));
        let (one, other) = (one.first().unwrap(), other.first().unwrap());
        assert!(
            one.resource.starts_with("arn:0 arn:1 ") && one.resource.ends_with(" arn:19 …(+3)"),
            "{}",
            one.resource
        );
        assert_eq!(one.resource, other.resource);
        assert_ne!(one.resource_key, other.resource_key);
    }

    #[test]
    fn what_is_left_out_of_everything_is_marked() {
        let grants = grants(
            r#"{"Statement": {"Effect": "Allow", "NotAction": ["a:b", "c:d"], "NotResource": ["arn:x", "arn:y"]}}"#,
        );
        let grant = grants.first().unwrap();
        assert_eq!(grant.rows(), [("a:b c:d".to_owned(), "not_action")]);
        assert_eq!(grant.resource, "* !arn:x !arn:y");
    }

    #[test]
    fn equal_documents_are_kept_once() {
        let text = r#"{"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}"#;
        let mut library = Library::default();
        let one = library.analyse(document(text), "the document").unwrap();
        let two = library.analyse(document(text), "the document").unwrap();
        assert!(Rc::ptr_eq(&one, &two));
    }

    #[test]
    fn a_statement_without_resources_is_refused() {
        let document = document(r#"{"Statement": {"Effect": "Allow", "Action": "a:b"}}"#);
        let reject = Library::default().analyse(document, "an inline policy").unwrap_err();
        assert_eq!(reject, Reject::because("a statement of an inline policy names no resource"));
    }
}
