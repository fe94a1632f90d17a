//! Roles of login methods, alone, or in one stream with all that they refer to: the methods, their configuration,
//! lists of roles, and policies. Only such a stream can show that no role is missing, and what its policies allow.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answer::{Answer, around, bare_mount, stem};
use super::grants::Holder;
use super::policies::PolicyText;
use super::roles::{Config, Method, Role, Standing};
use super::shape::{Shape, of_record};
use super::{PROVIDER, ROOT, acl, role_id};
use crate::inventory::column::Word;
use crate::inventory::schema::Identity;
use crate::inventory::{Fact, Level};
use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, json};

/// `vault read auth/METHOD/role/NAME`.
pub struct AuthRoles;

/// Facts that roles show.
const FACTS: [Fact; 3] = [Fact::Identity, Fact::Entitlement, Fact::Trust];

impl Source for AuthRoles {
    fn about(&self) -> &'static About {
        &About {
            kind: "vault.auth_roles",
            title: "Roles of Vault's login methods",
            provider: PROVIDER,
            command: "ask() { curl -sH \"X-Vault-Token: $VAULT_TOKEN\" -X $1 $VAULT_ADDR/v1/$2 | jq -c --arg path $2 \
                      '{path: $path, data, errors}'; }; { ask GET sys/auth; for m in $(vault auth list -format=json | \
                      jq -r 'keys[]'); do ask GET auth/${m}config; for r in role roles; do ask LIST auth/$m$r; for n in \
                      $(vault list -format=json auth/$m$r | jq -r '.[]?'); do ask GET auth/$m$r/$n; done; done; done; \
                      for p in $(vault policy list); do ask GET sys/policies/acl/$p; done; } > vault-roles.ndjson",
            recognises: "JSON documents that hold a role: `bind_secret_id`, `bound_service_account_names`, `user_claim` \
                         with `bound_audiences`, `allowed_policies` with `path_suffix`, or a `path` under \
                         `auth/METHOD/role/`; lists of names by the file's name (`approle-roles.json`)",
            facts: &[
                (Fact::Identity, Level::Full),
                (Fact::Entitlement, Level::Full),
                (Fact::Trust, Level::Full),
                (Fact::CredentialExpiry, Level::Partial),
            ],
            main_view: "identities",
            precedence: 1,
            names_scope: false,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        super::recognise(probe, &[Shape::Role, Shape::RoleList])
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut stream = Stream::default();
        let read = json::records(input.reader()?, &mut |locator, record| {
            out.record(locator, |_| stream.take(record.get(), locator, input))
        });
        if let Err(Broken::Store(_)) = read {
            return read;
        }
        // What was counted as read is written even where the file breaks off after it.
        stream.write(input, out)?;
        stream.cover(input, out);
        read
    }
}

/// The role of an id, as far as it was read.
struct Known {
    mount: String,
    name: String,
    role: Role,
    method: Method,
    locator: String,
}

/// Everything that one file says.
#[derive(Default)]
struct Stream {
    roles: Vec<Known>,
    /// Methods by mount, and their type.
    methods: Option<BTreeMap<String, String>>,
    configs: BTreeMap<String, Config>,
    /// Names by mount, where a mount was asked for them, and where each stood.
    lists: BTreeMap<String, BTreeMap<String, String>>,
    policies: BTreeMap<String, Vec<acl::Stanza>>,
    /// Whether a role was put aside.
    is_short: bool,
    /// Whether some name was taken from the file's.
    guessed: bool,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

impl Stream {
    fn take(&mut self, text: &str, locator: &str, input: &Input) -> Result<(), Stop> {
        if text.starts_with('"') {
            let name: String = json::parse(text, "a role's name")?;
            let Some((mount, _)) = around(stem(input), &["role", "roles"]) else {
                return Err(Reject::because("neither the list nor its file's name says of which method it is").into());
            };
            self.guessed = true;
            self.lists.entry(mount.to_owned()).or_default().insert(name, locator.to_owned());
            return Ok(());
        }
        let outline = Outline::of(text);
        let shape = outline.as_ref().and_then(|outline| of_record(outline, text, ""));
        let is_list = outline.as_ref().and_then(|outline| outline.get("data")).is_some_and(|data| data.has("keys"));
        if outline.as_ref().is_some_and(|outline| outline.is_object() && outline.entries().is_empty()) {
            return Ok(());
        }
        let answer = Answer::of(text, "a role")?;
        if answer.is_empty() {
            // A method without roles says so; what was refused or does not exist says nothing.
            if answer.is_nothing
                && shape == Some(Shape::RoleList)
                && let Some(mount) = answer.place.mount
            {
                self.lists.entry(mount).or_default();
            }
            return Ok(());
        }
        match shape {
            Some(Shape::Methods) => {
                let mounts: BTreeMap<String, Mount> = answer.parse("a list of methods")?;
                let found = mounts.into_iter().map(|(mount, Mount { kind })| (bare_mount(&mount), kind));
                self.methods.get_or_insert_default().extend(found);
                Ok(())
            }
            Some(Shape::MethodConfig) => {
                let config: Config = answer.parse("a method's configuration")?;
                if let Some(mount) = answer.place.mount {
                    self.configs.insert(mount, config);
                }
                Ok(())
            }
            Some(Shape::Policy) => {
                let policy: PolicyText = answer.parse("a policy")?;
                let name = answer.place.name.or_else(|| policy.name.clone());
                let name = name.ok_or_else(|| Reject::because("nothing says which policy it is"))?;
                self.policies.insert(name, acl::read(policy.text())?);
                Ok(())
            }
            Some(Shape::RoleList) => {
                let Keys { keys } = answer.parse("a list of roles")?;
                let mount = answer.place.mount.ok_or_else(|| Reject::because("nothing says of which method it is"))?;
                let list = self.lists.entry(mount).or_default();
                list.extend(keys.into_iter().map(|name| (name, locator.to_owned())));
                Ok(())
            }
            // What else stands in such a stream says nothing here.
            Some(Shape::Engines | Shape::PolicyList | Shape::SecretId | Shape::SecretIdList | Shape::TokenList) => {
                Ok(())
            }
            _ if is_list => Ok(()),
            _ => self.take_role(&answer, locator, input),
        }
    }

    fn take_role(&mut self, answer: &Answer, locator: &str, input: &Input) -> Result<(), Stop> {
        let known = self.role(answer, locator, input);
        self.is_short |= known.is_err();
        self.roles.push(known?);
        Ok(())
    }

    fn role(&mut self, answer: &Answer, locator: &str, input: &Input) -> Result<Known, Reject> {
        let role: Role = answer.parse("a role")?;
        let method = role.method().ok_or_else(|| Reject::because("the role is of a method that is not understood"))?;
        let by_file = around(stem(input), &["role"]).filter(|(_, name)| !name.is_empty());
        if answer.place.name.is_none() && by_file.is_some() && locator != "document 1" {
            return Err(Reject::because("the file's name cannot name more than one role"));
        }
        self.guessed |= answer.place.name.is_none() || answer.place.mount.is_none();
        let name = answer.place.name.clone().or_else(|| by_file.map(|(_, name)| name.to_owned()));
        let name =
            name.ok_or_else(|| Reject::because("neither the answer nor its file's name says which role it is"))?;
        let by_file = by_file.map(|(mount, _)| mount.to_owned()).filter(|mount| !mount.is_empty());
        // Where nothing tells, the name under which Vault mounts the method unless told otherwise.
        let usual = match method {
            Method::AppRole => "approle",
            Method::Jwt => "jwt",
            Method::Kubernetes => "kubernetes",
            Method::Token => "token",
        };
        let mount = answer.place.mount.clone().or(by_file).unwrap_or_else(|| usual.to_owned());
        Ok(Known { mount, name, role, method, locator: locator.to_owned() })
    }

    fn write(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut seen = BTreeSet::new();
        for known in &self.roles {
            let identity_id = role_id(&input.scope_id, &known.mount, &known.name);
            out.push(Identity {
                is_human: known.method.is_human(),
                ..identity(&identity_id, &known.mount, &known.name, &known.locator, input)
            })?;
            let at = Standing {
                identity_id: &identity_id,
                cluster: &input.scope_id,
                source_id: &input.source_id,
                locator: &known.locator,
            };
            out.push(known.role.session(&at))?;
            out.push(known.role.trust(known.method, self.configs.get(&known.mount), &at))?;
            let holder = Holder { identity_id: &identity_id, input, locator: &known.locator };
            for policy in known.role.policies(known.method) {
                match self.policies.get(policy).filter(|_| policy != ROOT) {
                    Some(stanzas) => holder.hold_text(&format!("policy:{policy}"), stanzas, out)?,
                    None => holder.hold(policy, out)?,
                }
            }
            seen.insert(identity_id);
        }
        for (mount, names) in &self.lists {
            for (name, locator) in names {
                let identity_id = role_id(&input.scope_id, mount, name);
                if !seen.contains(&identity_id) {
                    out.push(identity(&identity_id, mount, name, locator, input))?;
                }
            }
        }
        Ok(())
    }

    fn cover(&self, input: &Input, out: &mut Output) {
        let cluster = input.scope_id.as_str();
        let short = self.shortfall();
        for fact in FACTS {
            let (level, note) = match (short, fact) {
                (Some(note), _) => (Level::Partial, Some(note)),
                (None, Fact::Entitlement) if !self.knows_policies() => {
                    (Level::Partial, Some("the text of some policies that roles carry is missing"))
                }
                (None, _) => (Level::Full, None),
            };
            out.cover(PROVIDER, cluster, fact, level, note);
        }
        let note = "how long tokens of roles live; tokens and secret ids themselves stand elsewhere";
        out.cover(PROVIDER, cluster, Fact::CredentialExpiry, Level::Partial, Some(note));
        if self.guessed {
            out.note(
                "vault/guessed-place",
                "",
                "which role and method it is was taken from the file's name; keep the path that was read with each answer",
            );
        }
    }

    /// Why the file cannot show that every role was read.
    fn shortfall(&self) -> Option<&'static str> {
        let Some(methods) = &self.methods else {
            return Some("whether every method and role was asked for is not shown");
        };
        if self.is_short {
            return Some("some roles could not be read");
        }
        for (mount, kind) in methods {
            match kind.as_str() {
                "approle" | "jwt" | "oidc" | "kubernetes" | "token" => {
                    let read: BTreeSet<&str> = self
                        .roles
                        .iter()
                        .filter(|known| known.mount == *mount)
                        .map(|known| known.name.as_str())
                        .collect();
                    let listed = self.lists.get(mount);
                    if listed.is_none() {
                        return Some("a method whose roles were not listed");
                    }
                    if listed.into_iter().flatten().any(|(name, _)| !read.contains(name.as_str())) {
                        return Some("roles that were listed and not read");
                    }
                }
                _ => return Some("methods of other types, whose roles and users are not read"),
            }
        }
        None
    }

    fn knows_policies(&self) -> bool {
        let mut policies = self.roles.iter().flat_map(|known| known.role.policies(known.method));
        policies.all(|policy| policy == ROOT || self.policies.contains_key(policy))
    }
}

fn identity(identity_id: &str, mount: &str, name: &str, locator: &str, input: &Input) -> Identity {
    Identity {
        identity_id: identity_id.to_owned(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from("vault_role"),
        name: format!("{mount}/{name}"),
        native_id: format!("auth/{mount}/role/{name}"),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Credential, Entitlement, Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::load_fixture;

    const STREAM: &str = "vault.auth_roles/good/stream.ndjson";
    const ETL: &str = "vault:good:role:approle:etl";
    const ANY: &str = "vault:good:role:jwt-ci:any";
    const PAY: &str = "vault:good:role:k8s/prod:pay";
    const CI: &str = "vault:good:role:token:ci";

    #[test]
    fn a_stream_shows_every_role_and_what_it_may_do() {
        let loaded = load_fixture(&AuthRoles, STREAM);
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "kind", "name", "native_id", "is_human", "locator"]),
            [
                [ETL, "vault_role", "approle/etl", "auth/approle/role/etl", "false", "document 4"],
                [ANY, "vault_role", "jwt-ci/any", "auth/jwt-ci/role/any", "∅", "document 7"],
                [PAY, "vault_role", "k8s/prod/pay", "auth/k8s/prod/role/pay", "false", "document 10"],
                [CI, "vault_role", "token/ci", "auth/token/role/ci", "∅", "document 13"],
            ]
        );
        let own = "auth/token/lookup-self";
        let all = "create,delete,list,read,sudo,update";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["identity_id", "effect", "action", "resource", "via", "is_admin"]),
            [
                [ETL, "allow", "read", own, "policy:default", "false"],
                [ETL, "allow", "read", "kv/data/etl/*", "policy:etl", "false"],
                [ETL, "deny", "*", "kv/data/etl/ops", "policy:etl", "false"],
                [ANY, "allow", all, "*", "policy:platform-admin", "true"],
                [PAY, "allow", "read", "kv/data/etl/*", "policy:etl", "false"],
                [PAY, "deny", "*", "kv/data/etl/ops", "policy:etl", "false"],
                [CI, "allow", "read", "kv/data/etl/*", "policy:etl", "false"],
                [CI, "deny", "*", "kv/data/etl/ops", "policy:etl", "false"],
            ]
        );
        assert_eq!(
            covered(&loaded),
            [
                "identity full",
                "credential.expiry partial: how long tokens of roles live; tokens and secret ids themselves stand elsewhere",
                "entitlement full",
                "trust full",
            ]
        );
        loaded.assert_no_canary();
    }

    #[test]
    fn a_stream_shows_who_may_become_each_role() {
        let loaded = load_fixture(&AuthRoles, STREAM);
        let columns = &["identity_id", "kind", "issuer", "subject", "audience", "condition"];
        let github = "https://token.actions.githubusercontent.com";
        let cidr = "bind_secret_id: true; token_bound_cidrs: 10.0.0.0/8";
        let account = "system:serviceaccount:payments:api";
        assert_eq!(
            loaded.rows(Trust::TABLE, columns),
            [
                [ETL, "vault_auth", "∅", "∅", "∅", cidr],
                [ANY, "oidc", github, "repo:acme/*", "https://vault.acme.example", "sub: repo:acme/*"],
                [PAY, "oidc", "https://10.0.0.1:6443", account, "vault", ""],
                [CI, "token_creator", "∅", "∅", "∅", ""],
            ]
        );
        let columns = &["subject_constrained", "subject_wildcard", "audience_constrained"];
        assert_eq!(
            loaded.rows(Trust::TABLE, columns),
            [["∅"; 3], ["true", "true", "true"], ["true", "false", "true"], ["∅"; 3]]
        );
        let columns = &["credential_id", "kind", "lifetime", "never_expires", "ttl_seconds", "status", "storage"];
        assert_eq!(
            loaded.rows(Credential::TABLE, columns),
            [
                [&format!("{ETL}#session"), "role_session", "ephemeral", "false", "3600", "active", "none"],
                [&format!("{ANY}#session"), "role_session", "ephemeral", "false", "900", "active", "none"],
                [&format!("{PAY}#session"), "role_session", "static", "true", "∅", "active", "none"],
                [&format!("{CI}#session"), "role_session", "expiring", "false", "172800", "active", "none"],
            ]
        );
    }

    #[test]
    fn a_single_role_is_named_by_its_file() {
        let loaded = load_fixture(&AuthRoles, "vault.auth_roles/good/approle-role-agent-shared.json");
        let shared = "vault:good:role:approle:agent-shared";
        assert_eq!(
            loaded.rows(Entitlement::TABLE, &["identity_id", "action", "action_kind", "via", "is_admin", "condition"]),
            [
                [shared, "agent-invoice", "role", "policy:agent-invoice", "∅", "∅"],
                [shared, "default", "role", "policy:default", "∅", "∅"],
                [shared, "etl", "role", "policy:etl", "∅", "∅"],
            ]
        );
        assert_eq!(loaded.rows(Credential::TABLE, &["lifetime", "never_expires"]), [["static", "true"]]);
        let note = "identity partial: whether every method and role was asked for is not shown";
        assert_eq!(covered(&loaded)[0], note);
        let notes: Vec<_> = loaded.estate.faults.iter().map(|fault| fault.code).collect();
        assert!(notes.contains(&"vault/guessed-place"), "{notes:?}");

        let loaded = load_fixture(&AuthRoles, "vault.auth_roles/good/k8s-role-anyone.json");
        assert_eq!(
            loaded.rows(Trust::TABLE, &["identity_id", "subject", "subject_constrained", "audience_constrained"]),
            [["vault:good:role:k8s:anyone", "system:serviceaccount:*:*", "false", "false"]]
        );
        // How long its tokens live depends on what the mount allows.
        assert_eq!(loaded.rows(Credential::TABLE, &["lifetime", "ttl_seconds"]), [["∅", "∅"]]);
    }

    #[test]
    fn a_list_of_names_shows_that_they_are_there() {
        let loaded = load_fixture(&AuthRoles, "vault.auth_roles/good/approle-roles.json");
        assert_eq!(
            loaded.rows(Identity::TABLE, &["identity_id", "locator"]),
            [
                ["vault:good:role:approle:agent-shared", "/0"],
                ["vault:good:role:approle:etl", "/1"],
                ["vault:good:role:approle:legacy-jenkins", "/2"],
            ]
        );
        assert!(loaded.rows(Trust::TABLE, &["kind"]).is_empty());
    }

    #[test]
    fn wrong_records_are_put_aside_without_their_values() {
        let loaded = load_fixture(&AuthRoles, "vault.auth_roles/bad");
        let kept = "vault:bad:role:approle:kept";
        assert_eq!(loaded.rows(Identity::TABLE, &["identity_id"]), [[kept], [kept]]);
        let reasons = reasons(&loaded);
        assert_eq!(reasons[0], "document 1: the role is of a method that is not understood");
        assert!(reasons[1].starts_with("document 2: the record does not have the shape of a role"), "{reasons:?}");
        assert_eq!(reasons[2], "document 3: neither the answer nor its file's name says which role it is");
        let text = "document 4: the policy's text cannot be read: something else than a path, in its line 1";
        assert_eq!(reasons[3..], [text, "document 6: the record is not a role"]);
        assert!(loaded.estate.files[0].failure.as_deref().unwrap().starts_with("the file breaks off"));
        loaded.assert_no_canary();
    }

    #[test]
    fn what_is_missing_from_a_stream_is_said() {
        let mut stream = Stream::default();
        assert!(stream.shortfall().unwrap().starts_with("whether every method"));
        let methods = [("approle", "approle"), ("people", "userpass")];
        stream.methods = Some(methods.map(|(mount, kind)| (mount.to_owned(), kind.to_owned())).into());
        assert_eq!(stream.shortfall(), Some("a method whose roles were not listed"));
        let names = || [("etl".to_owned(), "l".to_owned())].into();
        stream.lists.insert("approle".to_owned(), names());
        assert_eq!(stream.shortfall(), Some("roles that were listed and not read"));
        stream.lists.insert("approle".to_owned(), BTreeMap::new());
        assert!(stream.shortfall().unwrap().starts_with("methods of other types"));
        stream.methods = Some([("approle".to_owned(), "approle".to_owned())].into());
        assert_eq!(stream.shortfall(), None);
        stream.is_short = true;
        assert_eq!(stream.shortfall(), Some("some roles could not be read"));
    }
}
