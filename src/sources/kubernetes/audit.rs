//! The audit log of a cluster, one JSON event a line: what the API server decided, added up by who asked for what,
//! old tokens still in use, and who used which service account. Only sums are held, and not more than a bound of
//! them: a log has no end.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::meta::account_id;
use super::pods::workload_of;
use super::rbac::{account_of, kind_of_user, principal_id};
use super::{AUDIT, PROVIDER};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Decision, Event, IdentityUse, PolicyPoint};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// Sums that are held at most; what comes after is told and left out.
const MAX_SUMS: usize = 200_000;
/// Longest name of a user, in bytes; no cluster has longer ones.
const MAX_NAME: usize = 1024;
/// What stands for the resource where a path of the API server was asked for.
const PATHS: &str = "nonResourceURLs";
const DECISION: &str = "authorization.k8s.io/decision";
const REASON: &str = "authorization.k8s.io/reason";
const LEGACY: &str = "authentication.k8s.io/legacy-token";
const POD: &str = "authentication.kubernetes.io/pod-name";

/// `--audit-log-path` of the API server.
pub struct AuditLog;

impl Source for AuditLog {
    fn about(&self) -> &'static About {
        &About {
            kind: "k8s.audit",
            title: "Kubernetes audit log",
            provider: PROVIDER,
            command: "copy the files that `--audit-log-path` of kube-apiserver names, of a cluster whose audit policy \
                      records at least the level Metadata",
            recognises: "JSON events, or lists of them, whose `apiVersion` is of `audit.k8s.io`",
            facts: &[
                (Fact::Use, Level::Partial),
                (Fact::Policy, Level::Partial),
                (Fact::Decision, Level::Partial),
                (Fact::Offboarding, Level::Partial),
            ],
            main_view: "decisions",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        Recognised::yes_if(probe.text_at("apiVersion").is_some_and(|version| version.starts_with(AUDIT)))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
        let mut log = Log::new(input);
        let read = if probe.has_key("items") {
            json::pages(input.reader()?, &["items"], &[], &mut |_, piece| {
                out.record(&piece.pointer, |out| log.take(piece.text(), &piece.pointer, out))
            })
            .map(|_| ())
        } else {
            json::records(input.reader()?, &mut |locator, event| {
                out.record(locator, |out| log.take(event.get(), locator, out))
            })
        };
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        // What was counted as read is written even where the file breaks off after it.
        log.write(out)?;
        read
    }
}

/// An event, without the objects that were sent or returned: they can hold secrets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditEvent {
    stage: Option<String>,
    verb: Option<String>,
    user: User,
    impersonated_user: Option<User>,
    object_ref: Option<ObjectRef>,
    response_status: Option<Status>,
    request_received_timestamp: Option<String>,
    stage_timestamp: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
    extra: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectRef {
    resource: Option<String>,
    subresource: Option<String>,
    api_group: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    code: Option<i64>,
}

impl ObjectRef {
    /// `pods/log`, `deployments.apps`.
    fn kind(&self) -> Option<String> {
        let resource = self.resource.as_deref().filter(|resource| !resource.is_empty())?;
        let mut kind = resource.to_owned();
        if let Some(group) = self.api_group.as_deref().filter(|group| !group.is_empty()) {
            kind = format!("{kind}.{group}");
        }
        if let Some(sub) = self.subresource.as_deref().filter(|sub| !sub.is_empty()) {
            kind = format!("{kind}/{sub}");
        }
        Some(kind)
    }
}

/// Times of something, and where it first stood.
#[derive(Debug, Clone)]
struct Times {
    first: Moment,
    last: Moment,
    locator: String,
}

impl Times {
    fn see(&mut self, at: Moment) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }
}

struct Sum {
    allowed: i64,
    denied: i64,
    times: Times,
}

/// Identity, kind of user, and which user.
type UseKey = (String, &'static str, String);

/// What one log adds up to.
struct Log<'a> {
    input: &'a Input,
    /// By who asked, the verb, and the kind of object.
    decisions: BTreeMap<(String, String, String), Sum>,
    /// By the service account.
    legacy: BTreeMap<String, Times>,
    uses: BTreeMap<UseKey, Times>,
    first: Option<Moment>,
    by_rbac: bool,
    has_denied: bool,
    is_full: bool,
}

impl<'a> Log<'a> {
    fn new(input: &'a Input) -> Self {
        Self {
            input,
            decisions: BTreeMap::new(),
            legacy: BTreeMap::new(),
            uses: BTreeMap::new(),
            first: None,
            by_rbac: false,
            has_denied: false,
            is_full: false,
        }
    }

    fn take(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let event: AuditEvent = json::parse(text, "an audit event")?;
        if event.user.username.len() > MAX_NAME {
            return Err(Reject::because("the name of the user is longer than any cluster allows").into());
        }
        let text = event.stage_timestamp.as_deref().or(event.request_received_timestamp.as_deref());
        let text = text.ok_or_else(|| Reject::because("the event has no time"))?;
        let at = out.past("stageTimestamp", text, locator)?;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        let annotation = |key: &str| event.annotations.as_ref().and_then(|all| all.get(key)).map(String::as_str);
        if let Some((namespace, name)) = annotation(LEGACY).and_then(account_of) {
            self.see_legacy(account_id(&self.input.scope_id, namespace, name), at, locator);
        }
        // Other stages of the same request say nothing more.
        if !matches!(event.stage.as_deref(), Some("ResponseComplete" | "Panic") | None) {
            return Ok(());
        }
        self.see_use(&event, at, locator);
        if let Some(decision) = annotation(DECISION) {
            let is_allowed = match decision {
                "allow" => true,
                "forbid" => false,
                _ => return Err(Reject::because("the decision is neither allow nor forbid").into()),
            };
            self.by_rbac |= annotation(REASON).is_some_and(|reason| reason.starts_with("RBAC:"));
            self.has_denied |= !is_allowed;
            self.decide(&event, is_allowed, at, locator);
        }
        self.lifecycle(&event, at, locator, out)
    }

    /// Adds a decision about whoever spoke in the end: what an impersonator may do is the right of the one that it
    /// plays.
    fn decide(&mut self, event: &AuditEvent, is_allowed: bool, at: Moment, locator: &str) {
        let user = event.impersonated_user.as_ref().unwrap_or(&event.user);
        let kind = event.object_ref.as_ref().and_then(ObjectRef::kind).unwrap_or_else(|| PATHS.to_owned());
        let verb = event.verb.clone().unwrap_or_default();
        let key = (user.username.clone(), verb, kind);
        let has_room = self.has_room();
        let sum = match self.decisions.get_mut(&key) {
            Some(sum) => sum,
            None if has_room => self.decisions.entry(key).or_insert_with(|| Sum {
                allowed: 0,
                denied: 0,
                times: Times { first: at, last: at, locator: locator.to_owned() },
            }),
            None => {
                self.is_full = true;
                return;
            }
        };
        sum.times.see(at);
        if is_allowed {
            sum.allowed += 1;
        } else {
            sum.denied += 1;
        }
    }

    fn see_legacy(&mut self, account: String, at: Moment, locator: &str) {
        let has_room = self.has_room();
        match self.legacy.get_mut(&account) {
            Some(times) => times.see(at),
            None if has_room => {
                self.legacy.insert(account, Times { first: at, last: at, locator: locator.to_owned() });
            }
            None => self.is_full = true,
        }
    }

    /// Who used a service account: the pod that its token is bound to, or whoever played it.
    fn see_use(&mut self, event: &AuditEvent, at: Moment, locator: &str) {
        let cluster = &self.input.scope_id;
        let key = match &event.impersonated_user {
            Some(played) => account_of(&played.username).map(|(namespace, name)| {
                let player = &event.user.username;
                let kind = if kind_of_user(player).0 == "human" { "human" } else { "host" };
                let player = if kind == "human" { player.clone() } else { principal_id(cluster, player) };
                (account_id(cluster, namespace, name), kind, player)
            }),
            None => account_of(&event.user.username).and_then(|(namespace, name)| {
                let pod = event.user.extra.as_ref()?.get(POD)?.first()?;
                Some((account_id(cluster, namespace, name), "pod", format!("{namespace}/{}", workload_of(pod))))
            }),
        };
        let Some(key) = key else { return };
        let has_room = self.has_room();
        match self.uses.get_mut(&key) {
            Some(times) => times.see(at),
            None if has_room => {
                self.uses.insert(key, Times { first: at, last: at, locator: locator.to_owned() });
            }
            None => self.is_full = true,
        }
    }

    fn has_room(&self) -> bool {
        self.decisions.len() + self.legacy.len() + self.uses.len() < MAX_SUMS
    }

    /// Service accounts that were made or deleted.
    fn lifecycle(&self, event: &AuditEvent, at: Moment, locator: &str, out: &mut Output) -> Result<(), Stop> {
        let kind = match event.verb.as_deref() {
            Some("create") => "created",
            Some("delete") => "deleted",
            _ => return Ok(()),
        };
        let Some(object) = event.object_ref.as_ref().filter(|o| o.kind().as_deref() == Some("serviceaccounts")) else {
            return Ok(());
        };
        let code = event.response_status.as_ref().and_then(|status| status.code);
        let filled = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        let (Some(namespace), Some(name)) = (filled(&object.namespace), filled(&object.name)) else { return Ok(()) };
        if !code.is_some_and(|code| (200..300).contains(&code)) {
            return Ok(());
        }
        let subject_id = account_id(&self.input.scope_id, &namespace, &name);
        out.push(Event {
            event_id: hash::row_id(&[PROVIDER, &subject_id, kind, &at.to_string()]),
            kind: Word::from(kind),
            actor: Some(event.user.username.clone()),
            outcome: Some(Word::from("success")),
            locator: locator.to_owned(),
            ..self.event(subject_id, at)
        })?;
        Ok(())
    }

    fn event(&self, subject_id: String, at: Moment) -> Event {
        Event {
            event_id: String::new(),
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.input.scope_id.clone())),
            subject_kind: Word::from("identity"),
            subject_id,
            kind: Word::from("legacy_token_used"),
            at,
            actor: None,
            outcome: None,
            due_at: None,
            source_id: self.input.source_id.clone(),
            locator: String::new(),
        }
    }

    fn write(&self, out: &mut Output) -> Result<(), Broken> {
        let cluster = &self.input.scope_id;
        let pdp_id = format!("k8s:{cluster}:authorizer");
        for ((principal, action, kind), sum) in &self.decisions {
            out.push(Decision {
                pdp_id: pdp_id.clone(),
                principal: principal.clone(),
                identity_id: Some(principal_id(cluster, principal)),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(cluster.clone())),
                action: action.clone(),
                resource_type: Some(kind.clone()),
                allow_n: sum.allowed,
                deny_n: sum.denied,
                undefined_n: 0,
                first_at: Some(sum.times.first),
                last_at: Some(sum.times.last),
                source_id: self.input.source_id.clone(),
                locator: sum.times.locator.clone(),
            })?;
        }
        if !self.decisions.is_empty() {
            out.push(self.policy_point(pdp_id))?;
        }
        for (account, times) in &self.legacy {
            out.push(Event {
                event_id: hash::row_id(&[PROVIDER, account, "legacy_token_used", &times.last.to_string()]),
                locator: times.locator.clone(),
                ..self.event(account.clone(), times.last)
            })?;
        }
        for ((identity_id, user_kind, user_ref), times) in &self.uses {
            out.push(IdentityUse {
                identity_id: identity_id.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word(cluster.clone())),
                user_kind: Word::from(*user_kind),
                user_ref: user_ref.clone(),
                first_seen: Some(times.first),
                last_seen: Some(times.last),
                basis: Word::from("log"),
                source_id: self.input.source_id.clone(),
                locator: times.locator.clone(),
                ..IdentityUse::default()
            })?;
        }
        self.cover(out);
        Ok(())
    }

    /// The API server itself, which lets nothing through that it did not allow.
    fn policy_point(&self, pdp_id: String) -> PolicyPoint {
        PolicyPoint {
            pdp_id,
            provider: Word::from(PROVIDER),
            scope_id: Some(Word(self.input.scope_id.clone())),
            engine: Word::from(if self.by_rbac { "k8s_rbac" } else { "other" }),
            protects: Some(format!("Kubernetes API of {}", self.input.scope_id)),
            mode: Some(Word::from("enforce")),
            // Roles only allow. That something was refused shows that no other authorizer lets everything pass.
            default_deny: (self.by_rbac && self.has_denied).then_some(true),
            source_id: self.input.source_id.clone(),
            locator: "events".to_owned(),
            ..PolicyPoint::default()
        }
    }

    fn cover(&self, out: &mut Output) {
        let Some(first) = self.first else { return };
        let cluster = &self.input.scope_id;
        let decisions = if self.is_full {
            let message = format!("more than {MAX_SUMS} combinations of user, verb and resource; the rest is left out");
            out.note("k8s/too-many", "events", message);
            "the log has more combinations of user, verb and resource than are counted"
        } else {
            "only what the audit policy records, while the log ran"
        };
        for (fact, note) in [
            (Fact::Decision, decisions),
            (Fact::Policy, "the decisions of the API server, not its roles"),
            (Fact::Use, "only pods that called the API, and whoever played a service account"),
            (Fact::Offboarding, "only service accounts that were deleted while the log ran"),
        ] {
            out.cover(PROVIDER, cluster, fact, Level::Partial, Some(note));
            out.window(PROVIDER, cluster, fact, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::Row;
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn load(file: &str) -> Loaded {
        load_fixture(&AuditLog, &format!("k8s.audit/{file}"))
    }

    fn lines(rows: Vec<Vec<String>>) -> Vec<String> {
        rows.into_iter().map(|row| row.join(" | ")).collect()
    }

    const DECISIONS: &[&str] =
        &["principal", "identity_id", "action", "resource_type", "allow_n", "deny_n", "first_at", "last_at", "locator"];

    #[test]
    fn decisions_are_added_up_once_a_request() {
        let loaded = load("good/audit.log");
        assert_eq!(
            lines(loaded.rows(Decision::TABLE, DECISIONS)),
            [
                "ann@acme.example | k8s:good:user:ann@acme.example | create | serviceaccounts | 1 | 0 | 2026-06-01T10:06:00Z | 2026-06-01T10:06:00Z | document 7",
                "ann@acme.example | k8s:good:user:ann@acme.example | delete | serviceaccounts | 1 | 1 | 2026-06-01T10:07:00Z | 2026-06-01T10:08:00Z | document 8",
                "system:serviceaccount:agents:shared-agent | k8s:good:sa:agents:shared-agent | get | nonResourceURLs | 1 | 0 | 2026-06-01T10:00:00Z | 2026-06-01T10:00:00Z | document 1",
                "system:serviceaccount:agents:shared-agent | k8s:good:sa:agents:shared-agent | list | pods | 0 | 1 | 2026-06-01T10:01:01Z | 2026-06-01T10:01:01Z | document 3",
                "system:serviceaccount:ci:deployer | k8s:good:sa:ci:deployer | list | secrets | 1 | 0 | 2026-06-01T10:05:00Z | 2026-06-01T10:05:00Z | document 6",
                "system:serviceaccount:payments:api | k8s:good:sa:payments:api | get | deployments.apps/scale | 2 | 0 | 2026-06-01T10:02:00Z | 2026-06-01T10:04:00Z | document 4",
            ]
        );
        let columns = &["pdp_id", "engine", "mode", "default_deny", "protects", "policy_count"];
        assert_eq!(
            lines(loaded.rows(PolicyPoint::TABLE, columns)),
            ["k8s:good:authorizer | k8s_rbac | enforce | true | Kubernetes API of good | ∅"]
        );
        let file = loaded.estate.files.first().unwrap();
        assert_eq!((file.rows_read, file.rows_loaded), (10, 10));
        loaded.assert_no_canary();
    }

    #[test]
    fn old_tokens_and_lives_of_accounts_are_events() {
        let columns = &["subject_id", "kind", "at", "actor", "outcome", "locator"];
        assert_eq!(
            lines(load("good/audit.log").rows(Event::TABLE, columns)),
            [
                "k8s:good:sa:agents:new | created | 2026-06-01T10:06:00Z | ann@acme.example | success | document 7",
                "k8s:good:sa:agents:old | deleted | 2026-06-01T10:07:00Z | ann@acme.example | success | document 8",
                "k8s:good:sa:agents:shared-agent | legacy_token_used | 2026-06-01T10:01:01Z | ∅ | ∅ | document 1",
            ]
        );
    }

    #[test]
    fn pods_and_whoever_plays_an_account_use_it() {
        let columns = &["identity_id", "user_kind", "user_ref", "first_seen", "last_seen", "basis"];
        assert_eq!(
            lines(load("good/audit.log").rows(IdentityUse::TABLE, columns)),
            [
                "k8s:good:sa:ci:deployer | human | ann@acme.example | 2026-06-01T10:05:00Z | 2026-06-01T10:05:00Z | log",
                "k8s:good:sa:payments:api | pod | payments/api | 2026-06-01T10:02:00Z | 2026-06-01T10:04:00Z | log",
            ],
            "two pods of one workload are one user"
        );
    }

    #[test]
    fn a_log_covers_the_time_in_which_it_ran() {
        let loaded = load("good/audit.log");
        assert_eq!(
            covered(&loaded),
            [
                "use partial: only pods that called the API, and whoever played a service account",
                "policy partial: the decisions of the API server, not its roles",
                "decision partial: only what the audit policy records, while the log ran",
                "offboarding partial: only service accounts that were deleted while the log ran",
            ]
        );
        let windows: Vec<_> = loaded.estate.files[0].coverage.iter().map(|covered| covered.window_from).collect();
        assert!(windows.iter().all(|window| *window == Some(Moment::parse("2026-06-01T10:00:00Z").unwrap())));
    }

    #[test]
    fn lists_of_events_are_read() {
        let loaded = load("good/event-list.json");
        let rows = loaded.rows(Decision::TABLE, &["principal", "allow_n", "locator"]);
        assert_eq!(rows, [["system:anonymous", "2", "/items/0"]]);
        // Nothing was refused and no role was named.
        let rows = loaded.rows(PolicyPoint::TABLE, &["engine", "default_deny"]);
        assert_eq!(rows, [["other", "∅"]]);
        assert_eq!(load("good/slurped.json").rows(Decision::TABLE, &["locator"]), [["/0"]]);
    }

    #[test]
    fn sums_have_a_bound() {
        let input = crate::sources::testing::input("", "c");
        let folder = tempfile::tempdir().unwrap();
        let mut out = Output::new(crate::inventory::Store::new(folder.path()).writer(0), "audit.log");
        let mut log = Log::new(&input);
        for number in 0..MAX_SUMS + 5 {
            let event = format!(
                r#"{{"stage": "ResponseComplete", "verb": "get", "user": {{"username": "u{number}"}},
                    "stageTimestamp": "2026-06-01T10:00:00Z", "annotations": {{"{DECISION}": "allow"}}}}"#
            );
            log.take(&event, "x", &mut out).unwrap();
        }
        assert_eq!((log.decisions.len(), log.is_full), (MAX_SUMS, true));
        log.cover(&mut out);
        assert_eq!(out.faults.iter().count(), 1);
    }

    #[test]
    fn wrong_records_are_listed_without_their_values() {
        let loaded = load("bad");
        let found = reasons(&loaded);
        assert_eq!(found[0], "document 2: `stageTimestamp` is not a date");
        assert_eq!(found[1], "document 3: the decision is neither allow nor forbid");
        assert!(found[2].starts_with("document 4: the record does not have the shape of an audit event"), "{found:?}");
        assert_eq!(found[3], "document 5: the event has no time");
        assert_eq!(loaded.rows(Decision::TABLE, &["principal", "allow_n"]), [["kept", "1"], ["kept-too", "1"]]);
        assert!(loaded.estate.incomplete());
        loaded.assert_no_canary();
    }
}
