//! Rego policies: which packages decide, and whether they refuse what no rule allows. Policies are parsed, never run:
//! a policy is a program, and this one comes from a stranger. The one file that knows the crate.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleBody, RuleHead};
use regorus::{Engine, Value};
use serde::Deserialize;

use super::PROVIDER;
use crate::inventory::column::Word;
use crate::inventory::schema::PolicyPoint;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `*.rego`, and what OPA lists of its own policies.
pub struct RegoPolicies;

/// Names of rules that say yes.
const ALLOWS: [&str; 7] = ["allow", "allowed", "authorized", "authorised", "is_allowed", "permit", "permitted"];
/// Parts of the input that say who asks.
const CALLERS: [&str; 19] = [
    "subject",
    "principal",
    "user",
    "username",
    "identity",
    "caller",
    "client",
    "sub",
    "role",
    "roles",
    "groups",
    "token",
    "claims",
    "account",
    "agent",
    "spiffe_id",
    "service_account",
    "source",
    "userInfo",
];
/// Parts of the input that say what is asked for.
const ACTIONS: [&str; 9] =
    ["action", "actions", "method", "operation", "verb", "tool", "path", "permission", "parsed_path"];
/// Parts of the input that say on what.
const RESOURCES: [&str; 8] = ["resource", "object", "target", "path", "tool", "namespace", "parsed_path", "kind"];

impl Source for RegoPolicies {
    fn about(&self) -> &'static About {
        &About {
            kind: "rego.policies",
            title: "Rego policies of OPA",
            provider: PROVIDER,
            command: "copy the `*.rego` files as they are, or curl -s $OPA/v1/policies > opa-policies.json",
            recognises: "text with a `package` line in a file called `*.rego`; JSON with a `result` whose elements have `id` \
                         and `raw`",
            facts: &[(Fact::Policy, Level::Partial)],
            main_view: "policy_points",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        if probe.file_name().ends_with(".rego") {
            let says_so = probe.head().lines().any(|line| line.trim_start().starts_with("package "));
            return Recognised::yes_if(says_so);
        }
        let Some(outline) = probe.outline() else { return Recognised::No };
        let elements = outline.get("result").map(Outline::elements).unwrap_or_default();
        Recognised::yes_if(elements.first().is_some_and(|policy| policy.has("id") && policy.has("raw")))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        let read = if probe.is_json() {
            json::pieces(input.reader()?, &["result"], &[], &mut |piece| {
                out.record(&piece.pointer, |out| {
                    let policy: Listed = piece.parse("a policy of OPA")?;
                    read(&policy.raw, &piece.pointer, input, out)
                })
            })
        } else {
            let text = input.text()?;
            out.record("line 1", |out| read(&text, "line 1", input, out))
        };
        let note =
            "packages that decide, as far as their own text tells; whether their answer is obeyed stands elsewhere";
        out.cover(PROVIDER, &input.scope_id, Fact::Policy, Level::Partial, Some(note));
        read
    }
}

#[derive(Deserialize)]
struct Listed {
    raw: String,
}

fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let mut engine = parse(text).ok_or_else(|| Reject::because("it is not a policy in Rego"))?;
    let packages = engine.get_packages().unwrap_or_default();
    let modules = engine.get_modules();
    for (module, package) in modules.iter().zip(&packages) {
        let package = package.strip_prefix("data.").unwrap_or(package);
        let verdict = Verdict::of(module);
        // Tests and libraries decide nothing.
        if !verdict.decides || package.ends_with("_test") {
            continue;
        }
        out.push(PolicyPoint {
            pdp_id: format!("opa:{}:{package}", input.scope_id),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(input.scope_id.clone())),
            engine: Word::from("opa"),
            policy_count: Some(verdict.rules),
            permit_any_principal: verdict.principal.count(),
            permit_any_action: verdict.action.count(),
            permit_any_resource: verdict.resource.count(),
            default_deny: verdict.default_deny,
            source_id: input.source_id.clone(),
            locator: locator.to_owned(),
            ..PolicyPoint::default()
        })?;
    }
    Ok(())
}

/// Parses a policy of the language as it is, or as it was before OPA 1.0.
fn parse(text: &str) -> Option<Engine> {
    [false, true].into_iter().find_map(|is_old| {
        let mut engine = Engine::new();
        engine.set_rego_v0(is_old);
        engine.add_policy("policy.rego".to_owned(), text.to_owned()).is_ok().then_some(engine)
    })
}

/// Permits that ask for nothing of a kind, as far as their text tells.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Open {
    open: i64,
    unclear: i64,
}

impl Open {
    /// How many there are; `None` where those that were seen are none, and some could not be told.
    fn count(self) -> Option<i64> {
        (self.open > 0 || self.unclear == 0).then_some(self.open)
    }

    fn take(&mut self, seen: &Seen, words: &[&str]) {
        match () {
            () if seen.inputs.iter().any(|name| words.contains(&name.as_str())) => {}
            // What another rule or function asks for is not followed.
            () if seen.calls_others || !seen.inputs.is_empty() => self.unclear += 1,
            () => self.open += 1,
        }
    }
}

/// What one package does.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    decides: bool,
    default_deny: Option<bool>,
    rules: i64,
    principal: Open,
    action: Open,
    resource: Open,
}

impl Verdict {
    fn of(module: &Module) -> Self {
        let mut verdict = Self::default();
        for rule in &module.policy {
            match rule.as_ref() {
                Rule::Default { refr, value, .. } if is_allow(refr) => {
                    verdict.decides = true;
                    verdict.default_deny = match (verdict.default_deny, value.as_ref()) {
                        (Some(false), _) | (_, Expr::Bool { value: Value::Bool(true), .. }) => Some(false),
                        (known, Expr::Bool { value: Value::Bool(false), .. }) => known.or(Some(true)),
                        (known, _) => known,
                    };
                }
                Rule::Default { .. } => {}
                Rule::Spec { head, bodies, .. } => {
                    verdict.rules += 1;
                    verdict.take(head, bodies);
                }
            }
        }
        verdict
    }

    /// One rule; of interest are those that say yes.
    fn take(&mut self, head: &RuleHead, bodies: &[RuleBody]) {
        let RuleHead::Compr { refr, assign, .. } = head else { return };
        if !is_allow(refr) {
            return;
        }
        self.decides = true;
        let value = assign.as_ref().map(|assign| assign.value.as_ref());
        if matches!(value, Some(Expr::Bool { value: Value::Bool(false), .. })) {
            return;
        }
        let mut seen = Seen::default();
        value.into_iter().for_each(|value| seen.expression(value));
        for body in bodies {
            seen.query(&body.query);
        }
        self.principal.take(&seen, &CALLERS);
        self.action.take(&seen, &ACTIONS);
        self.resource.take(&seen, &RESOURCES);
    }
}

/// Whether a rule is called like one that says yes.
fn is_allow(name: &Expr) -> bool {
    matches!(name, Expr::Var { span, .. } if ALLOWS.contains(&span.text()))
}

/// What a rule looks at.
#[derive(Debug, Default)]
struct Seen {
    /// Names of parts of the input.
    inputs: BTreeSet<String>,
    /// Whether it uses other rules, functions or data.
    calls_others: bool,
}

impl Seen {
    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().for_each(|key| self.expression(key));
                    self.expression(value);
                    self.expression(collection);
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expression(expr),
                Literal::Every { domain, query, .. } => {
                    self.expression(domain);
                    self.query(query);
                }
            }
            for with in &statement.with_mods {
                self.expression(&with.r#as);
            }
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            // A bare name is a variable or another rule.
            Expr::Var { span, .. } => self.calls_others |= span.text() != "input",
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| self.expression(item)),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expression(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expression(key);
                self.expression(value);
                self.query(query);
            }
            // The function itself is built in or another rule; what it is given counts.
            Expr::Call { params, .. } => params.iter().for_each(|param| self.expression(param)),
            Expr::UnaryExpr { expr, .. } => self.expression(expr),
            Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expression),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expression(lhs);
                self.expression(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().for_each(|key| self.expression(key));
                self.expression(value);
                self.expression(collection);
            }
        }
    }

    /// `input.a["b"][c]`: its steps are names of parts where it starts at the input.
    fn reference(&mut self, reference: &Expr) {
        let mut names = Vec::new();
        let mut at = reference;
        loop {
            match at {
                Expr::RefDot { refr, field: (span, _), .. } => {
                    names.push(span.text().to_owned());
                    at = refr;
                }
                Expr::RefBrack { refr, index, .. } => {
                    match index.as_ref() {
                        Expr::String { value: Value::String(name), .. } => names.push(name.to_string()),
                        other => self.expression(other),
                    }
                    at = refr;
                }
                Expr::Var { span, .. } if span.text() == "input" => {
                    self.inputs.extend(names);
                    return;
                }
                other => {
                    // Parts of something that was taken from elsewhere.
                    self.calls_others = true;
                    return self.expression(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row as _;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const POINT: &[&str] = &[
        "pdp_id",
        "engine",
        "policy_count",
        "permit_any_principal",
        "permit_any_action",
        "permit_any_resource",
        "default_deny",
        "locator",
    ];

    fn verdict(rules: &str) -> (Option<bool>, [Option<i64>; 3]) {
        let mut engine = parse(&format!("package a\n{rules}")).unwrap_or_else(|| panic!("{rules}"));
        let verdict = Verdict::of(&engine.get_modules()[0]);
        (verdict.default_deny, [verdict.principal, verdict.action, verdict.resource].map(Open::count))
    }

    #[test]
    fn rules_are_judged_by_what_they_look_at() {
        for (rules, default_deny, open) in [
            ("default allow := false", Some(true), [Some(0); 3]),
            ("default allow := true", Some(false), [Some(0); 3]),
            ("default allow := false\nallow := true", Some(true), [Some(1); 3]),
            ("allow if true", None, [Some(1); 3]),
            (
                "allow if { input.subject.roles[_] == \"admin\"; input.action == \"read\" }",
                None,
                [Some(0), Some(0), None],
            ),
            (
                "allow if { input[\"user\"] == \"a\"; input.method in {\"GET\"}; input.path == [\"x\"] }",
                None,
                [Some(0); 3],
            ),
            ("allow if is_admin\nis_admin if input.user == \"a\"", None, [None; 3]),
            ("allow if startswith(input.resource.id, \"a\")", None, [None, None, Some(0)]),
            ("allow := false if input.user == \"a\"", None, [Some(0); 3]),
            ("allow if { some role in data.roles; role.name == input.role }", None, [Some(0), None, None]),
            ("allow if { every x in input.claims { x != \"\" } }", None, [Some(0), None, None]),
        ] {
            assert_eq!(verdict(rules), (default_deny, open), "{rules}");
        }
    }

    #[test]
    fn a_package_that_decides_is_a_point() {
        let loaded = load_fixture(&RegoPolicies, "rego.policies/good/authz.rego");
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, POINT),
            [["opa:good:acme.authz", "opa", "3", "0", "0", "∅", "true", "line 1"]]
        );
        assert!(covered(&loaded)[0].starts_with("policy partial: packages that decide"), "{:?}", covered(&loaded));
        for file in ["library.rego", "authz_test.rego"] {
            let loaded = load_fixture(&RegoPolicies, &format!("rego.policies/good/{file}"));
            assert!(loaded.rows(PolicyPoint::TABLE, POINT).is_empty(), "{file}");
            assert_eq!(loaded.estate.files[0].rows_loaded, 1);
        }
    }

    #[test]
    fn policies_of_before_opa_1_and_lists_of_them_are_read() {
        let loaded = load_fixture(&RegoPolicies, "rego.policies/good/v1-policies.json");
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, POINT),
            [
                ["opa:good:http.authz", "opa", "1", "1", "1", "1", "∅", "/result/0"],
                ["opa:good:old", "opa", "1", "0", "∅", "∅", "false", "/result/1"],
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn what_is_no_policy_is_put_aside_without_its_text() {
        let loaded = load_fixture(&RegoPolicies, "rego.policies/bad");
        assert_eq!(loaded.rows(PolicyPoint::TABLE, &["pdp_id"]), [["opa:bad:kept"], ["opa:bad:kept"]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "/result/0: it is not a policy in Rego");
        assert!(reasons[1].starts_with("/result/1: the record does not have the shape of a policy"), "{reasons:?}");
        assert_eq!(reasons[2], "line 1: it is not a policy in Rego");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
