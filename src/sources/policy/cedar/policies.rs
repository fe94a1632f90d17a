//! Cedar policies, as `.cedar` files and in their JSON form: which permits there are, and how open they stand.

use serde::Deserialize;
use serde_json::Value;

use super::{Rule, Summary, text};
use crate::inventory::{Fact, Level};
use crate::sources::policy::PROVIDER;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `*.cedar`, and what `cedar translate-policy` makes of it.
pub struct CedarPolicies;

const STATIC: &str = "staticPolicies";
const TEMPLATES: &str = "templates";
const LINKS: &str = "templateLinks";

impl Source for CedarPolicies {
    fn about(&self) -> &'static About {
        &About {
            kind: "cedar.policies",
            title: "Cedar policies",
            provider: PROVIDER,
            command: "copy the `*.cedar` files as they are, or cedar translate-policy --direction cedar-to-json --policies \
                      policies.cedar > policies.cedar.json",
            recognises: "text that starts with `permit (principal`, `forbid (principal` or an annotation of such a policy; \
                         JSON with `staticPolicies`, or with `effect`, `principal`, `action`, `resource` and `conditions`",
            facts: &[(Fact::Policy, Level::Full), (Fact::Entitlement, Level::Partial)],
            main_view: "entitlements",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_single = ["principal", "action", "resource", "conditions"].iter().all(|key| probe.has_key(key));
        let is_rule = matches!(probe.text_at("effect"), Some("permit" | "forbid"));
        Recognised::yes_if(probe.has_key(STATIC) || (is_single && is_rule) || is_text(probe.head()))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        let mut set = Set { input, prefix: format!("cedar:{}", input.scope_id), summary: Summary::default() };
        let mut has_links = false;
        let read = if !probe.is_json() {
            set.read_text(out)
        } else if probe.has_key(STATIC) {
            set.read_set(&mut has_links, out)
        } else {
            json::records(input.reader()?, &mut |locator, policy| set.read_json("policy0", policy.get(), locator, out))
        };
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        let scope = input.scope_id.as_str();
        out.push(set.summary.point(set.prefix, "cedar", scope, "/", input))?;
        let (level, note) = if has_links {
            (Level::Partial, Some("policies made from templates, which are not read"))
        } else {
            (Level::Full, None)
        };
        out.cover(PROVIDER, scope, Fact::Policy, level, note);
        let note = "permits, as far as their scopes tell; who belongs to a group stands elsewhere";
        out.cover(PROVIDER, scope, Fact::Entitlement, Level::Partial, Some(note));
        read
    }
}

/// The start of a policy, after comments.
fn is_text(head: &str) -> bool {
    let mut rest = head.trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    let opens = |rest: &str| {
        let rule = rest.strip_prefix("permit").or_else(|| rest.strip_prefix("forbid"));
        let scope = rule.and_then(|rest| rest.trim_start().strip_prefix('('));
        scope.is_some_and(|scope| scope.trim_start().starts_with("principal"))
    };
    if opens(rest) {
        return true;
    }
    rest.starts_with('@')
        && ["permit", "forbid"]
            .iter()
            .any(|word| rest.match_indices(word).any(|(at, _)| rest.get(at..).is_some_and(opens)))
}

/// The policies of one file.
struct Set<'a> {
    input: &'a Input,
    prefix: String,
    summary: Summary,
}

#[derive(Deserialize)]
struct Count(Vec<serde::de::IgnoredAny>);

impl Set<'_> {
    fn read_text(&mut self, out: &mut Output) -> Result<(), Broken> {
        let text = self.input.text()?;
        let (policies, rest) = text::policies(&text);
        for (number, (line, source)) in policies.iter().enumerate() {
            let locator = format!("line {line}");
            out.record(&locator, |out| {
                // Policies are numbered as Cedar numbers them where nothing names them.
                match Rule::of_text(source, &format!("policy{number}"))? {
                    Some(rule) => Ok(self.take(&rule, &locator, out)?),
                    None => Ok(()),
                }
            })?;
        }
        if rest.is_empty() { Ok(()) } else { Err(Broken::new("the file breaks off in the middle of a policy")) }
    }

    fn read_set(&mut self, has_links: &mut bool, out: &mut Output) -> Result<(), Broken> {
        let mut links = false;
        json::entries(self.input.reader()?, &[STATIC, TEMPLATES], &[LINKS], &mut |name, piece| {
            if piece.key == STATIC {
                return self.read_json(name, piece.text(), &piece.pointer, out);
            }
            // A template permits nothing until it is linked.
            links |= piece.key == LINKS && piece.parse::<Count>("links").is_ok_and(|Count(links)| !links.is_empty());
            Ok(())
        })?;
        *has_links = links;
        Ok(())
    }

    fn read_json(&mut self, name: &str, text: &str, locator: &str, out: &mut Output) -> Result<(), Broken> {
        out.record(locator, |out| {
            let source: Value = json::parse(text, "a policy")?;
            if !source.is_object() {
                return Err(Reject::because("it is not a policy of Cedar").into());
            }
            Ok(self.take(&Rule::of_json(source, name)?, locator, out)?)
        })
    }

    fn take(&mut self, rule: &Rule, locator: &str, out: &mut Output) -> Result<(), crate::inventory::Error> {
        self.summary.take(rule);
        rule.entitlements(&self.prefix, &self.input.scope_id, locator, self.input, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Entitlement, PolicyPoint, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    const RIGHT: &[&str] = &[
        "identity_id",
        "action",
        "resource",
        "via",
        "is_admin",
        "is_wildcard_action",
        "is_wildcard_resource",
        "can_escalate",
        "condition",
    ];
    const POINT: &[&str] = &[
        "pdp_id",
        "engine",
        "protects",
        "mode",
        "policy_count",
        "permit_any_principal",
        "permit_any_action",
        "permit_any_resource",
        "default_deny",
    ];
    const READ: &str = "when { principal.tenant == resource.tenant && context.workloadIdentity == \"spiffe\" }";
    const PAY: &str = "when { context has humanApproval && context.humanApproval.approver != principal && \
                       context.amount.lessThan(decimal(\"10000.0\")) }";

    fn rights(loaded: &Loaded) -> Vec<Vec<String>> {
        loaded.rows(Entitlement::TABLE, RIGHT)
    }

    #[test]
    fn permits_are_what_their_scopes_say() {
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/good/policies.cedar");
        let (read, pay) = ("Acme::Action::\"ReadTicket\"", "Acme::Action::\"ApprovePayment\"");
        let (reads, pays) = ("policy:agent-read-own-tenant", "policy:agent-payments-need-human");
        assert_eq!(
            rights(&loaded),
            [
                ["cedar:good:Acme::Agent:*", read, "Acme::Ticket", reads, "false", "false", "false", "∅", READ],
                ["cedar:good:Acme::Agent:invoice-triage", pay, "*", pays, "false", "false", "true", "∅", PAY],
                [
                    "cedar:good:*",
                    "*",
                    "Acme::Folder::\"public\"",
                    "policy:too-broad",
                    "false",
                    "true",
                    "false",
                    "∅",
                    ""
                ],
            ]
        );
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["eligible_only", "locator"]),
            [["∅", "line 1"], ["∅", "line 9"], ["false", "line 16"]]
        );
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, POINT),
            [["cedar:good", "cedar", "Acme::Folder, Acme::Ticket", "∅", "4", "1", "1", "1", "true"]]
        );
        let covered = covered(&loaded);
        assert_eq!(covered[1], "policy full");
        assert!(covered[0].starts_with("entitlement partial: permits"), "{covered:?}");
    }

    #[test]
    fn the_json_form_says_the_same() {
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/good/policies.cedar.json");
        let named: Vec<_> = loaded.rows(Entitlement::TABLE, &["identity_id", "action", "resource", "via"]);
        let text = load_fixture(&CedarPolicies, "cedar.policies/good/policies.cedar");
        let mut expected = text.rows(Entitlement::TABLE, &["identity_id", "action", "resource", "via"]);
        expected.sort();
        let mut sorted = named.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
        assert_eq!(loaded.rows(PolicyPoint::TABLE, POINT), text.rows(PolicyPoint::TABLE, POINT));
        let ids = |loaded: &Loaded| {
            let mut ids = loaded.rows(Entitlement::TABLE, &["entitlement_id"]);
            ids.sort();
            ids
        };
        assert_eq!(ids(&loaded), ids(&text), "one permit, however it is written");
        let locators = loaded.rows(Entitlement::TABLE, &["via", "locator"]);
        assert!(locators.contains(&vec!["policy:too-broad".to_owned(), "/staticPolicies/too-broad".to_owned()]));
        let [pay] = rights(&loaded)
            .into_iter()
            .filter(|row| row[3].contains("payments"))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        assert!(pay[8].starts_with("when {") && pay[8].contains("humanApproval"), "{}", pay[8]);
    }

    #[test]
    fn every_form_of_a_scope_is_read() {
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/good/scopes.cedar");
        let role = "arn:aws:iam::111122223333:role/planner";
        let (read, write) = ("Action::\"read\"", "Action::\"write\"");
        assert_eq!(
            rights(&loaded),
            [
                ["cedar:good:*", "*", "*", "policy:policy0", "true", "true", "true", "true", ""],
                [
                    "spiffe://acme.example/ns/ml/sa/bot",
                    read,
                    "Db",
                    "policy:policy1",
                    "false",
                    "false",
                    "false",
                    "∅",
                    ""
                ],
                [
                    "spiffe://acme.example/ns/ml/sa/bot",
                    write,
                    "Db",
                    "policy:policy1",
                    "false",
                    "false",
                    "false",
                    "∅",
                    ""
                ],
                [role, read, "Db in Zone::\"eu\"", "policy:policy2", "false", "false", "false", "∅", ""],
                [
                    "cedar:good:Team:ops",
                    read,
                    "Db::\"main\"",
                    "policy:policy3",
                    "false",
                    "false",
                    "false",
                    "∅",
                    "unless { context.frozen }"
                ],
            ]
        );
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, POINT),
            [["cedar:good", "cedar", "Db", "∅", "4", "1", "1", "1", "true"]]
        );
    }

    #[test]
    fn a_policy_may_stand_alone_and_links_are_not_read() {
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/good/single.json");
        let admins = "cedar:good:Group:admins";
        assert_eq!(rights(&loaded), [[admins, "*", "*", "policy:policy0", "true", "true", "true", "true", ""]]);
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/good/templates.json");
        assert!(rights(&loaded).is_empty());
        assert_eq!(covered(&loaded)[1], "policy partial: policies made from templates, which are not read");
    }

    #[test]
    fn wrong_policies_are_put_aside_without_their_text() {
        let loaded = load_fixture(&CedarPolicies, "cedar.policies/bad");
        let kept: Vec<_> = loaded.rows(Entitlement::TABLE, &["identity_id", "locator"]);
        let row = |locator: &str| vec!["cedar:bad:U:kept".to_owned(), locator.to_owned()];
        assert_eq!(kept, [row("line 1"), row("/staticPolicies/kept"), row("line 3")]);
        assert_eq!(
            reasons(&loaded),
            [
                "/staticPolicies/no: it is not a policy of Cedar",
                "/staticPolicies/text: it is not a policy of Cedar",
                "line 2: it is not a policy of Cedar",
            ]
        );
        let broken = loaded.estate.files[0].failure.as_deref();
        assert_eq!(broken, Some("the file breaks off in the middle of a policy"));
        loaded.assert_no_canary();
    }
}
