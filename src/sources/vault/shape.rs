//! What a file of Vault's holds, by a first look: one answer for all sources of the family, so that no two of
//! them can claim the same file.

use super::answer::bare_mount;
use crate::sources::Probe;
use crate::sources::outline::Outline;

/// Lines of a stream that are looked at.
const LINES: usize = 64;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A role of a login method.
    Role,
    /// Names of roles.
    RoleList,
    /// A secret id, looked up by its accessor.
    SecretId,
    /// Accessors of secret ids.
    SecretIdList,
    /// A token, looked up by its accessor.
    Token,
    /// Accessors of tokens.
    TokenList,
    /// A policy in JSON.
    Policy,
    /// A policy as its own text.
    PolicyText,
    /// Names of policies.
    PolicyList,
    /// A lease.
    Lease,
    /// Ids of leases.
    LeaseList,
    /// Login methods by mount.
    Methods,
    /// Configuration of one login method.
    MethodConfig,
    /// Secrets engines by mount.
    Engines,
    /// An entity of the identity store.
    Entity,
    /// Ids of entities.
    EntityList,
    /// An entry of the audit log.
    Audit,
}

/// What the file holds; `None` where it is not Vault's.
pub(super) fn of_file(probe: &Probe<'_>) -> Option<Shape> {
    if is_policy_text(probe.head()) {
        return Some(Shape::PolicyText);
    }
    let documents = documents(probe.head());
    let first = documents.first()?;
    let by_name = || of_name(&probe.file_name());
    let shape = match first {
        // A bare list of texts says nothing of itself.
        Outline::Text(_) => return by_name(),
        Outline::Object(entries) if entries.is_empty() => return by_name(),
        _ => of_record(first, probe.head(), &probe.file_name())?,
    };
    let is_part = |shape: Shape| {
        use Shape::{Engines, MethodConfig, Methods, Policy, PolicyList, Role, RoleList};
        matches!(shape, Role | RoleList | Methods | MethodConfig | Engines | Policy | PolicyList)
    };
    // One stream may hold roles with all that they refer to; it is about the roles.
    let is_role = |document: &Outline| {
        matches!(of_record(document, probe.head(), &probe.file_name()), Some(Shape::Role | Shape::RoleList))
    };
    Some(if is_part(shape) && documents.iter().any(is_role) { Shape::Role } else { shape })
}

/// The documents of the head: elements of an array, or lines, or the one document that there is.
fn documents(head: &str) -> Vec<Outline> {
    let Some(first) = Outline::of(head) else { return Vec::new() };
    if let Outline::Array(elements) = first {
        return elements;
    }
    let mut documents = vec![first];
    documents.extend(head.lines().take(LINES).skip(1).filter_map(Outline::of).filter(Outline::is_object));
    documents
}

/// What a record is, by the path that its wrapper names or by its own keys.
pub(super) fn of_record(record: &Outline, head: &str, file_name: &str) -> Option<Shape> {
    if record.text_at("type").is_some_and(|kind| kind == "request" || kind == "response") {
        let is_entry = record.has("time") && record.get("request").is_some_and(|request| request.has("path"));
        return is_entry.then_some(Shape::Audit);
    }
    let data = record.get("data").unwrap_or(record);
    let is_wrapped = record.has("data");
    if is_wrapped && let Some(shape) = record.text_at("path").and_then(|path| of_path(path, data)) {
        return Some(shape);
    }
    if is_wrapped && data.has("keys") && data.entries().len() <= 2 {
        let is_entities =
            data.get("key_info").is_some_and(|info| info.entries().iter().any(|(_, one)| one.has("aliases")));
        return if is_entities { Some(Shape::EntityList) } else { of_name(file_name) };
    }
    of_data(data, head)
}

/// By the path that was read, which must look like one of Vault's.
fn of_path(path: &str, data: &Outline) -> Option<Shape> {
    let path = path.trim_matches('/').trim_start_matches("v1/");
    if let Some(rest) = path.strip_prefix("auth/") {
        let ends = |end: &str| rest.ends_with(end);
        return match () {
            () if ends("/secret-id") && data.has("keys") => Some(Shape::SecretIdList),
            () if rest.contains("/secret-id") => Some(Shape::SecretId),
            () if bare_mount(rest) == "token/accessors" => Some(Shape::TokenList),
            () if ends("/role") || ends("/roles") => Some(Shape::RoleList),
            () if rest.contains("/role/") || rest.contains("/roles/") => Some(Shape::Role),
            () if ends("/config") => Some(Shape::MethodConfig),
            () => None,
        };
    }
    match path {
        "sys/auth" => Some(Shape::Methods),
        "sys/mounts" => Some(Shape::Engines),
        "sys/policies/acl" | "sys/policy" => Some(Shape::PolicyList),
        _ if path.starts_with("sys/policies/acl/") || path.starts_with("sys/policy/") => Some(Shape::Policy),
        _ => None,
    }
}

/// By its own keys.
fn of_data(data: &Outline, head: &str) -> Option<Shape> {
    let all = |keys: &[&str]| keys.iter().all(|key| data.has(key));
    let is_text = |key: &str| data.get(key).is_some_and(|value| matches!(value, Outline::Text(_) | Outline::Other));
    match () {
        () if all(&["secret_id_accessor"]) => Some(Shape::SecretId),
        () if all(&["bind_secret_id"]) || all(&["bound_service_account_names"]) => Some(Shape::Role),
        () if all(&["user_claim", "bound_audiences"]) || all(&["allowed_policies", "path_suffix"]) => Some(Shape::Role),
        () if all(&["accessor", "policies", "creation_time"]) => Some(Shape::Token),
        () if all(&["id", "issue_time", "expire_time", "last_renewal"]) => Some(Shape::Lease),
        () if all(&["aliases", "id", "policies"]) => Some(Shape::Entity),
        () if all(&["jwt_validation_pubkeys"]) || all(&["kubernetes_host", "pem_keys"]) => Some(Shape::MethodConfig),
        () if (is_text("policy") || is_text("rules")) && data.entries().len() <= 8 => {
            let says_so = head.contains("capabilities") && head.contains("path");
            (says_so && !head.contains("policyStoreId")).then_some(Shape::Policy)
        }
        () => of_mounts(data),
    }
}

/// Mounts are keys that end in a slash. Accessors of login methods say what they are.
fn of_mounts(data: &Outline) -> Option<Shape> {
    let mut mounts = data.entries().iter().filter(|(key, value)| key.ends_with('/') && value.has("accessor"));
    let (_, first) = mounts.next()?;
    let accessor = first.text_at("accessor")?;
    Some(if accessor.starts_with("auth_") { Shape::Methods } else { Shape::Engines })
}

/// By the file's name, for lists of texts, which look like anybody's.
fn of_name(file_name: &str) -> Option<Shape> {
    let name = file_name.strip_suffix(".json")?;
    let has = |word: &str| name.contains(word);
    let is_method = ["approle", "jwt", "oidc", "kubernetes", "k8s", "token"].iter().any(|method| has(method));
    match () {
        () if has("secret-id") || has("secret_id") => Some(Shape::SecretIdList),
        () if has("token-accessor") || has("token_accessor") => Some(Shape::TokenList),
        () if has("lease") => Some(Shape::LeaseList),
        () if has("identity-entit") || has("identity_entit") => Some(Shape::EntityList),
        () if (is_method || has("vault") || has("bao")) && (has("-role") || has("_role")) => Some(Shape::RoleList),
        () if has("policy-list") || has("policy_list") || has("vault-policies") || has("bao-policies") => {
            Some(Shape::PolicyList)
        }
        () => None,
    }
}

/// HCL: a stanza of a path before anything else but comments.
fn is_policy_text(head: &str) -> bool {
    let mut rest = head.trim_start();
    while rest.starts_with('#') || rest.starts_with("//") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    let Some(path) = rest.strip_prefix("path").map(str::trim_start) else { return false };
    path.starts_with('"') && path.contains('{') && (path.contains("capabilities") || path.contains("policy"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shape(name: &str, text: &str) -> Option<Shape> {
        of_file(&Probe::of(Path::new(name), text.as_bytes()))
    }

    #[test]
    fn records_are_known_by_their_keys() {
        for (text, expected) in [
            (r#"{"data": {"bind_secret_id": true}}"#, Some(Shape::Role)),
            (r#"{"bound_service_account_names": ["*"]}"#, Some(Shape::Role)),
            (r#"[{"data": {"user_claim": "sub", "bound_audiences": []}}]"#, Some(Shape::Role)),
            (r#"{"data": {"secret_id_accessor": "a"}}"#, Some(Shape::SecretId)),
            (r#"{"data": {"accessor": "a", "policies": [], "creation_time": 1}}"#, Some(Shape::Token)),
            (r#"{"policy": "path \"a\" { capabilities = [] }"}"#, Some(Shape::Policy)),
            (r#"{"policy": {"bindings": [], "capabilities": 1, "path": 1}}"#, None),
            ("# own\npath \"a\" {\n capabilities = [\"read\"]\n}", Some(Shape::PolicyText)),
            ("path: /etc\n", None),
            (r#"{"approle/": {"type": "approle", "accessor": "auth_approle_1"}}"#, Some(Shape::Methods)),
            (r#"{"data": {"kv/": {"type": "kv", "accessor": "kv_1"}}}"#, Some(Shape::Engines)),
            (r#"{"time": "x", "type": "request", "auth": {}, "request": {"path": "a"}}"#, Some(Shape::Audit)),
            (r#"{"data": {"keys": ["a"], "key_info": {"a": {"aliases": []}}}}"#, Some(Shape::EntityList)),
            (r#"{"data": {"keys": ["a"]}}"#, None),
            (r#"["a", "b"]"#, None),
            ("{}", None),
            (r#"{"id": "x", "policies": []}"#, None),
        ] {
            assert_eq!(shape("export.json", text), expected, "{text}");
        }
    }

    #[test]
    fn lists_of_texts_are_known_by_the_name_of_their_file() {
        for (name, expected) in [
            ("approle-roles.json", Some(Shape::RoleList)),
            ("approle-secret-id-accessors-etl.json", Some(Shape::SecretIdList)),
            ("token-accessors.json", Some(Shape::TokenList)),
            ("policy-list.json", Some(Shape::PolicyList)),
            ("identity-entities.json", Some(Shape::EntityList)),
            ("leases.json", Some(Shape::LeaseList)),
            ("roles.json", None),
            ("policies.json", None),
        ] {
            assert_eq!(shape(name, "[\"a\"]"), expected, "{name}");
            assert_eq!(shape(name, "{}"), expected, "{name}");
        }
    }

    #[test]
    fn a_stream_that_holds_roles_is_about_roles() {
        let methods = r#"{"path": "sys/auth", "data": {"token/": {"accessor": "auth_token_1"}}}"#;
        let policy = r#"{"path": "sys/policies/acl/a", "data": {"policy": ""}}"#;
        let role = r#"{"path": "auth/k/role/a", "data": {}}"#;
        assert_eq!(shape("a.ndjson", methods), Some(Shape::Methods));
        assert_eq!(shape("a.ndjson", policy), Some(Shape::Policy));
        assert_eq!(shape("a.ndjson", &format!("{policy}\n{policy}\n")), Some(Shape::Policy));
        assert_eq!(shape("a.ndjson", &format!("{methods}\n{policy}\n{role}\n")), Some(Shape::Role));
        assert_eq!(shape("a.ndjson", r#"{"path": "sys/mounts/x/y", "data": {}}"#), None);
        assert_eq!(shape("a.ndjson", r#"{"path": "src/main.rs", "data": {"text": ""}}"#), None);
    }
}
