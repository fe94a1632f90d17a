//! The audit log: one entry a request and one a response. What policies decided is added up, and the last use of
//! each role kept. Values in it are hashed with a key of the server's; neither they nor the hashes get out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::answer::bare_mount;
use super::shape::Shape;
use super::{PROVIDER, ROOT, entity_id, role_id, root_id};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Event, Identity};
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::tally::{Asker, Outcome, Question, Tally};
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash, json};

/// `vault audit enable file`.
pub struct Audit;

/// How a hashed value starts.
const HASHED: &str = "hmac-";
/// What Vault says to a request that no policy allows.
const REFUSED: &str = "permission denied";
/// Roles and tokens whose last use is kept.
const MAX_USERS: usize = 200_000;

impl Source for Audit {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.audit",
            title: "Vault audit log",
            provider: PROVIDER,
            command: "vault audit enable file file_path=/var/log/vault/audit.log; then copy that file",
            recognises: "JSON documents with `time`, a `type` of `request` or `response`, and `request` with a `path`",
            facts: &[
                (Fact::Decision, Level::Full),
                (Fact::Policy, Level::Partial),
                (Fact::CredentialLastUsed, Level::Partial),
                (Fact::Offboarding, Level::Partial),
            ],
            main_view: "decisions",
            precedence: 3,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Audit])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut log = Log::default();
        let read = json::records(input.reader()?, &mut |locator, entry| {
            out.record(locator, |out| {
                let entry: Entry = json::parse(entry.get(), "an entry of the audit log")?;
                log.take(&entry, locator, input, out)
            })
        });
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        log.write(input, out)?;
        read
    }
}

#[derive(Deserialize)]
struct Entry {
    time: String,
    #[serde(rename = "type")]
    kind: String,
    auth: Option<Auth>,
    request: Request,
    error: Option<String>,
}

#[derive(Deserialize, Default)]
struct Auth {
    #[serde(default)]
    accessor: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    entity_id: String,
    policies: Option<Vec<String>>,
    metadata: Option<BTreeMap<String, Value>>,
    policy_results: Option<PolicyResults>,
}

#[derive(Deserialize)]
struct PolicyResults {
    allowed: bool,
}

/// A request. Its data is hashed, but for what the server was told to leave in clear.
#[derive(Deserialize)]
struct Request {
    operation: Option<String>,
    path: String,
    mount_point: Option<String>,
    mount_type: Option<String>,
    data: Option<Value>,
}

/// Who made a request, as far as the entry itself tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    is_root: bool,
    display_name: String,
    role: String,
    entity_id: String,
}

impl Auth {
    fn caller(&self) -> Caller {
        let metadata = self.metadata.as_ref();
        let role = metadata.and_then(|metadata| metadata.get("role_name").or_else(|| metadata.get("role")));
        let role = role.and_then(Value::as_str).filter(|role| !role.starts_with(HASHED)).unwrap_or_default();
        let is_root = self.policies.iter().flatten().any(|policy| policy == ROOT);
        // A display name ends in the caller's own name, which would set each caller of a role apart from the others;
        // only its beginning is needed to find the method.
        Caller {
            is_root,
            display_name: self.display_name.clone(),
            role: role.to_owned(),
            entity_id: self.entity_id.clone(),
        }
    }
}

impl Caller {
    /// One text for the tally, to be taken apart again at the end.
    fn key(&self) -> String {
        if self.is_root {
            return "\u{1f}".to_owned();
        }
        // Callers of one role are one principal.
        let entity = if self.role.is_empty() { self.entity_id.as_str() } else { "" };
        format!("{}\u{1f}{}\u{1f}{entity}", self.display_name, self.role)
    }

    fn of_key(key: &str) -> Self {
        let mut parts = key.split('\u{1f}').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (display_name, role, entity_id) = (next(), next(), next());
        Self { is_root: key == "\u{1f}", display_name, role, entity_id }
    }
}

/// What names a role.
type MountAndName = (String, String);

#[derive(Debug, Clone)]
struct Seen {
    at: Moment,
    locator: String,
}

#[derive(Default)]
struct Log {
    tally: Tally,
    /// Mounts of login methods that the log names.
    mounts: BTreeSet<String>,
    users: BTreeMap<Caller, Seen>,
    /// Tokens whose accessors are not hashed.
    tokens: BTreeMap<String, Seen>,
    first: Option<Moment>,
}

impl Log {
    fn take(&mut self, entry: &Entry, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
        let at = out.past("time", &entry.time, locator)?;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if let Some(mount) = entry.request.mount_point.as_deref().filter(|mount| mount.starts_with("auth/")) {
            self.mounts.insert(bare_mount(mount));
        }
        let nobody = Auth::default();
        let auth = entry.auth.as_ref().unwrap_or(&nobody);
        let is_refused = entry.error.as_deref().is_some_and(|error| error.contains(REFUSED));
        match entry.kind.as_str() {
            "request" => {
                let outcome = match &auth.policy_results {
                    Some(PolicyResults { allowed: true }) => Some(Outcome::Allowed),
                    Some(PolicyResults { allowed: false }) => Some(Outcome::Denied),
                    // A token that is not known is refused before any policy is asked.
                    None if is_refused => Some(Outcome::Denied),
                    // Logins need no policy.
                    None => None,
                };
                if let Some(outcome) = outcome {
                    let question = Question {
                        pdp_id: format!("vault:{}", input.scope_id),
                        principal: auth.caller().key(),
                        action: entry.request.operation.clone().unwrap_or_else(|| "unknown".to_owned()),
                        resource_type: entry.request.mount_type.clone(),
                    };
                    self.tally.add(question, outcome, at, locator);
                }
                self.see(auth, at, locator);
            }
            "response" => {
                self.see(auth, at, locator);
                if entry.error.as_deref().is_none_or(str::is_empty) {
                    event(entry, auth, at, locator, input, out)?;
                }
            }
            _ => return Err(Reject::because("`type` is neither `request` nor `response`").into()),
        }
        Ok(())
    }

    fn see(&mut self, auth: &Auth, at: Moment, locator: &str) {
        let caller = auth.caller();
        let seen = |known: Option<&Seen>| match known {
            Some(known) if known.at >= at => known.clone(),
            _ => Seen { at, locator: locator.to_owned() },
        };
        // What differs between callers of one role is of no use here.
        let caller = Caller { entity_id: String::new(), ..caller };
        let has_room = self.users.len() < MAX_USERS || self.users.contains_key(&caller);
        if (caller.is_root || !caller.role.is_empty()) && has_room {
            let latest = seen(self.users.get(&caller));
            self.users.insert(caller, latest);
        }
        let accessor = auth.accessor.as_str();
        let has_room = self.tokens.len() < MAX_USERS || self.tokens.contains_key(accessor);
        if !accessor.is_empty() && !accessor.starts_with(HASHED) && has_room {
            let latest = seen(self.tokens.get(accessor));
            self.tokens.insert(accessor.to_owned(), latest);
        }
    }

    /// The mount through which a caller logged in: the one whose name its display name starts with.
    fn mount(&self, caller: &Caller) -> Option<String> {
        let name = caller.display_name.as_str();
        let fits = |mount: &&String| {
            let flat = mount.replace('/', "-");
            name == flat || name.strip_prefix(&flat).is_some_and(|rest| rest.starts_with('-'))
        };
        let known = self.mounts.iter().filter(fits).max_by_key(|mount| mount.len());
        known.cloned().or_else(|| (name == "approle").then(|| name.to_owned()))
    }

    /// The role's mount and name, where both are known.
    fn role(&self, caller: &Caller) -> Option<MountAndName> {
        Some(caller.role.clone()).filter(|role| !role.is_empty()).and_then(|role| Some((self.mount(caller)?, role)))
    }

    fn asker(&self, key: &str, cluster: &str) -> Asker {
        let caller = Caller::of_key(key);
        if caller.is_root {
            return Asker { name: ROOT.to_owned(), identity_id: Some(root_id(cluster)) };
        }
        if let Some((mount, name)) = self.role(&caller) {
            return Asker { identity_id: Some(role_id(cluster, &mount, &name)), name: format!("{mount}/{name}") };
        }
        let identity_id = (!caller.entity_id.is_empty()).then(|| entity_id(cluster, &caller.entity_id));
        let name = if caller.display_name.is_empty() { "anonymous".to_owned() } else { caller.display_name };
        Asker { name, identity_id }
    }

    fn write(mut self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let cluster = input.scope_id.as_str();
        let mut users: BTreeMap<String, (Option<MountAndName>, &Seen)> = BTreeMap::new();
        for (caller, seen) in &self.users {
            let role = self.role(caller).filter(|_| !caller.is_root);
            let identity_id = match &role {
                Some((mount, name)) => role_id(cluster, mount, name),
                None if caller.is_root => root_id(cluster),
                None => continue,
            };
            let (_, latest) = users.entry(identity_id).or_insert((role, seen));
            if seen.at > latest.at {
                *latest = seen;
            }
        }
        for (identity_id, (role, seen)) in users {
            let (kind, name, native_id) = match role {
                Some((mount, name)) => ("vault_role", format!("{mount}/{name}"), format!("auth/{mount}/role/{name}")),
                None => ("root", ROOT.to_owned(), ROOT.to_owned()),
            };
            out.push(Identity {
                identity_id,
                provider: Word::from(PROVIDER),
                scope_id: Some(Word::from(cluster)),
                kind: Word::from(kind),
                name,
                native_id,
                last_used_at: Some(seen.at),
                last_used_state: Some(Word::from("used")),
                tracking_since: self.first,
                source_id: input.source_id.clone(),
                locator: seen.locator.clone(),
                ..Identity::default()
            })?;
        }
        for (accessor, seen) in &self.tokens {
            out.push(Credential {
                credential_id: accessor.clone(),
                provider: Word::from(PROVIDER),
                scope_id: Some(Word::from(cluster)),
                kind: Word::from("vault_token"),
                last_used_at: Some(seen.at),
                last_used_state: Some(Word::from("used")),
                tracking_since: self.first,
                source_id: input.source_id.clone(),
                locator: seen.locator.clone(),
                ..Credential::default()
            })?;
        }
        let tally = std::mem::take(&mut self.tally);
        tally.write(PROVIDER, |_| cluster.to_owned(), |key| self.asker(key, cluster), input, out)?;
        out.push(super::policy_point(input, "document 1"))?;
        self.cover(cluster, out);
        Ok(())
    }

    fn cover(&self, cluster: &str, out: &mut Output) {
        out.cover(PROVIDER, cluster, Fact::Decision, Level::Full, None);
        let note = "that Vault decides, not by which policies";
        out.cover(PROVIDER, cluster, Fact::Policy, Level::Partial, Some(note));
        let note = "roles, and tokens whose accessors are not hashed, as far as the log goes back";
        out.cover(PROVIDER, cluster, Fact::CredentialLastUsed, Level::Partial, Some(note));
        let note = "roles that were deleted; most revocations are hashed";
        out.cover(PROVIDER, cluster, Fact::Offboarding, Level::Partial, Some(note));
        for fact in [Fact::Decision, Fact::CredentialLastUsed, Fact::Offboarding] {
            if let Some(first) = self.first {
                out.window(PROVIDER, cluster, fact, first);
            }
        }
    }
}

/// Roles that came and went, and what was revoked under a name that is not hashed.
fn event(entry: &Entry, auth: &Auth, at: Moment, locator: &str, input: &Input, out: &mut Output) -> Result<(), Stop> {
    let Some((subject_kind, subject_id, kind)) = subject(&entry.request, &input.scope_id) else { return Ok(()) };
    let caller = auth.caller();
    let actor = if caller.is_root { ROOT.to_owned() } else { caller.display_name };
    out.push(Event {
        event_id: hash::row_id(&[PROVIDER, &subject_id, kind, &at.to_string()]),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        subject_kind: Word::from(subject_kind),
        subject_id,
        kind: Word::from(kind),
        at,
        actor: Some(actor).filter(|actor| !actor.is_empty()),
        outcome: Some(Word::from("success")),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Event::default()
    })?;
    Ok(())
}

fn subject(request: &Request, cluster: &str) -> Option<(&'static str, String, &'static str)> {
    let rest = request.path.strip_prefix("auth/")?;
    let plain = |key: &str| {
        let text = request.data.as_ref()?.get(key)?.as_str()?;
        (!text.is_empty() && !text.starts_with(HASHED)).then(|| text.to_owned())
    };
    if rest == "token/revoke-accessor" {
        return Some(("credential", plain("accessor")?, "revoked"));
    }
    let (mount, name) = rest.split_once("/role/")?;
    if name.ends_with("/secret-id-accessor/destroy") {
        return Some(("credential", plain("secret_id_accessor")?, "revoked"));
    }
    let kind = match request.operation.as_deref()? {
        "create" => "created",
        "delete" => "deleted",
        _ => return None,
    };
    (!name.is_empty() && !name.contains('/')).then(|| ("identity", role_id(cluster, mount, name), kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Decision, PolicyPoint, Row as _};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const GOOD: &str = "vault.audit/good/audit.ndjson";

    #[test]
    fn decisions_are_added_up_by_caller() {
        let loaded = load_fixture(&Audit, GOOD);
        let columns =
            &["principal", "identity_id", "action", "resource_type", "allow_n", "deny_n", "undefined_n", "locator"];
        let etl = "vault:good:role:approle:etl";
        let dep = "vault:good:role:jwt-ci:dep";
        assert_eq!(
            loaded.rows(Decision::TABLE, columns),
            [
                ["anonymous", "∅", "read", "kv", "0", "1", "0", "document 11"],
                ["approle/etl", etl, "read", "kv", "1", "1", "0", "document 6"],
                ["jwt-ci/dep", dep, "read", "kv", "2", "0", "0", "document 9"],
                ["root", "vault:good:root", "create", "approle", "1", "0", "0", "document 2"],
                ["token-hand", "∅", "list", "kv", "1", "0", "0", "document 13"],
                ["userpass-ada", "vault:good:entity:e-7", "list", "kv", "1", "0", "0", "document 14"],
            ]
        );
        let times = loaded.rows(Decision::TABLE, &["pdp_id", "scope_id", "first_at", "last_at"]);
        assert_eq!(times[1], ["vault:good", "good", "2026-06-30T08:00:03Z", "2026-06-30T08:00:04Z"]);
        assert_eq!(
            loaded.rows(PolicyPoint::TABLE, &["pdp_id", "engine", "mode", "default_deny", "policy_count"]),
            [["vault:good", "vault", "enforce", "true", "∅"]]
        );
        assert_eq!(covered(&loaded)[2], "decision full");
        let windows = loaded.rows(crate::inventory::schema::CoverageRow::TABLE, &["fact", "window_from"]);
        assert!(windows.contains(&vec!["decision".to_owned(), "2026-06-30T08:00:00.1Z".to_owned()]), "{windows:?}");
        loaded.assert_no_canary();
    }

    #[test]
    fn the_last_use_of_roles_and_clear_tokens_is_kept() {
        let loaded = load_fixture(&Audit, GOOD);
        let columns = &["identity_id", "kind", "name", "last_used_at", "last_used_state", "tracking_since"];
        let since = "2026-06-30T08:00:00.1Z";
        assert_eq!(
            loaded.rows(Identity::TABLE, columns),
            [
                ["vault:good:role:approle:etl", "vault_role", "approle/etl", "2026-06-30T08:00:04Z", "used", since],
                ["vault:good:role:jwt-ci:dep", "vault_role", "jwt-ci/dep", "2026-06-30T08:00:06Z", "used", since],
                ["vault:good:root", "root", "root", "2026-06-30T08:00:13Z", "used", since],
            ]
        );
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "kind", "last_used_at", "locator"]),
            [["plain-accessor", "vault_token", "2026-06-30T08:00:09Z", "document 13"]]
        );
    }

    #[test]
    fn roles_that_come_and_go_are_events() {
        let loaded = load_fixture(&Audit, GOOD);
        assert_eq!(
            loaded.rows(Event::TABLE, &["subject_kind", "subject_id", "kind", "at", "actor", "outcome"]),
            [
                ["identity", "vault:good:role:approle:etl", "created", "2026-06-30T08:00:01.5Z", "root", "success"],
                ["identity", "vault:good:role:approle:old", "deleted", "2026-06-30T08:00:11Z", "root", "success"],
                ["credential", "plain-accessor", "revoked", "2026-06-30T08:00:12Z", "root", "success"],
            ]
        );
    }

    #[test]
    fn wrong_entries_are_put_aside_without_their_values() {
        let loaded = load_fixture(&Audit, "vault.audit/bad");
        let row = ["root", "read", "1"];
        assert_eq!(loaded.rows(Decision::TABLE, &["principal", "action", "allow_n"]), [row, row]);
        let reasons = reasons(&loaded);
        assert_eq!(
            reasons[..2],
            ["document 1: `time` is not a date", "document 2: `type` is neither `request` nor `response`",]
        );
        assert!(reasons[2].starts_with("document 3: the record does not have the shape of an entry"), "{reasons:?}");
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }
}
