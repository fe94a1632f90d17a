//! One answer of Vault: `vault read` wraps what was read in `data` and leaves out what was asked for. What a
//! wrapper of the user's adds, or else the file's name, says which role or policy the answer is about.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::sources::{Input, Reject, json};

/// One answer and what is known of where it comes from.
pub(super) struct Answer {
    /// What the wrapper says.
    pub place: Place,
    /// Whether the server said that there is nothing: an error without a message.
    pub is_nothing: bool,
    data: Box<RawValue>,
}

/// Where an answer comes from, as far as anything tells.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The path that was asked for, without `v1/` and slashes at its ends.
    pub path: Option<String>,
    /// The login method's mount.
    pub mount: Option<String>,
    /// The role's or policy's name.
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Wrapper {
    data: Option<Box<RawValue>>,
    #[serde(alias = "request_path")]
    path: Option<String>,
    #[serde(alias = "mount_path")]
    mount: Option<String>,
    #[serde(alias = "role", alias = "role_name")]
    name: Option<String>,
    request: Option<Request>,
    errors: Option<Vec<IgnoredAny>>,
}

/// The question, where somebody kept it with the answer.
#[derive(Deserialize)]
struct Request {
    path: Option<String>,
}

impl Answer {
    /// Takes a record apart; `what` names it in reasons.
    ///
    /// # Errors
    /// [`Reject`] when it is no object.
    pub fn of(text: &str, what: &str) -> Result<Self, Reject> {
        // A bare record has fields of its own under these names, of other types too; and the key of `data` may stand
        // there without a value, which only a wrapper does.
        let Ok(wrapper) = json::parse::<Wrapper>(text, what) else { return Self::bare(text, what) };
        let Wrapper { data, path, mount, name, request, errors } = wrapper;
        let path = path.or_else(|| request.and_then(|request| request.path));
        let path = path.map(|path| path.trim_matches('/').trim_start_matches("v1/").to_owned());
        let (data, is_nothing) = match (data, &path, errors) {
            (Some(data), ..) => (data, false),
            (None, Some(_), Some(errors)) => (RawValue::NULL.to_owned(), errors.is_empty()),
            _ => return Self::bare(text, what),
        };
        let mut place = path.as_deref().map(Place::of_path).unwrap_or_default();
        place.mount = mount.map(|mount| bare_mount(&mount)).or(place.mount);
        place.name = name.filter(|name| !name.is_empty()).or(place.name);
        Ok(Self { place, is_nothing, data })
    }

    /// Whether the question was not answered, for whatever reason.
    pub fn is_empty(&self) -> bool {
        self.data.get() == "null"
    }

    fn bare(text: &str, what: &str) -> Result<Self, Reject> {
        let data: Box<RawValue> = json::parse(text, what)?;
        if !data.get().starts_with('{') {
            return Err(Reject::because(format!("the record is not {what}")));
        }
        Ok(Self { place: Place::default(), is_nothing: false, data })
    }

    /// The data as a typed record.
    ///
    /// # Errors
    /// [`Reject`] without any of its values.
    pub fn parse<T: DeserializeOwned>(&self, what: &str) -> Result<T, Reject> {
        json::parse(self.data.get(), what)
    }
}

impl Place {
    /// `auth/METHOD/role/NAME`, `auth/METHOD/role/NAME/secret-id/...`, `auth/token/roles/NAME`,
    /// `sys/policies/acl/NAME`, `sys/policy/NAME`.
    fn of_path(path: &str) -> Self {
        let first = |rest: &str| rest.split('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        let mut place = Self { path: Some(path.to_owned()), ..Self::default() };
        if let Some(rest) = path.strip_prefix("auth/") {
            let found = ["/role/", "/roles/"].iter().find_map(|step| rest.split_once(step));
            if let Some((mount, rest)) = found {
                place.mount = Some(mount.to_owned());
                place.name = first(rest);
            } else {
                let ends = ["/role", "/roles", "/config"];
                place.mount = ends.iter().find_map(|end| rest.strip_suffix(end)).map(str::to_owned);
            }
        }
        let policy = ["sys/policies/acl/", "sys/policy/"].iter().find_map(|start| path.strip_prefix(start));
        place.name = place.name.or_else(|| policy.map(str::to_owned));
        place
    }
}

/// `auth/approle/` and `approle/` as `approle`.
pub(super) fn bare_mount(mount: &str) -> String {
    let mount = mount.trim_matches('/');
    mount.strip_prefix("auth/").unwrap_or(mount).to_owned()
}

/// The file's name without its ending and without the product's name in front.
pub(super) fn stem(input: &Input) -> &str {
    let name = input.path.rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    ["vault-", "vault_", "openbao-", "bao-"].iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name)
}

/// What stands before and after the first of the words in a file's name: `approle` and `etl` around the `role` of
/// `approle-role-etl`.
pub(super) fn around<'a>(stem: &'a str, words: &[&str]) -> Option<(&'a str, &'a str)> {
    const MARKS: [char; 2] = ['-', '_'];
    words.iter().find_map(|word| {
        stem.match_indices(word).find_map(|(at, _)| {
            let before = stem.get(..at)?;
            let after = stem.get(at + word.len()..)?;
            let before = if before.is_empty() { before } else { before.strip_suffix(MARKS)? };
            let after = if after.is_empty() { after } else { after.strip_prefix(MARKS)? };
            Some((before, after))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> [String; 3] {
        let answer = Answer::of(text, "an answer").unwrap();
        let shown = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        [shown(answer.place.mount), shown(answer.place.name), answer.data.get().to_owned()]
    }

    #[test]
    fn a_wrapper_says_where_the_answer_comes_from() {
        let data = r#"{"a": 1}"#;
        for (text, mount, name) in [
            (r#"{"request_id": "x", "data": {"a": 1}}"#, "-", "-"),
            (r#"{"path": "/v1/auth/k8s/prod/role/pay", "data": {"a": 1}}"#, "k8s/prod", "pay"),
            (
                r#"{"request": {"path": "auth/approle/role/etl/secret-id-accessor/lookup"}, "data": {"a": 1}}"#,
                "approle",
                "etl",
            ),
            (r#"{"mount": "auth/jwt/", "role": "ci", "data": {"a": 1}}"#, "jwt", "ci"),
            (r#"{"path": "auth/token/roles/ci", "data": {"a": 1}}"#, "token", "ci"),
            (r#"{"path": "auth/jwt/config", "data": {"a": 1}}"#, "jwt", "-"),
            (r#"{"path": "auth/jwt/role/", "data": {"a": 1}}"#, "jwt", "-"),
            (r#"{"path": "sys/policies/acl/etl", "data": {"a": 1}}"#, "-", "etl"),
        ] {
            assert_eq!(place(text), [mount, name, data], "{text}");
        }
        // A token's own `path` says where it was made, not where it was read.
        let bare = r#"{"path": "auth/approle/login", "accessor": "a"}"#;
        assert_eq!(place(bare), ["-", "-", bare]);
        let nothing = |errors: &str| {
            let text = format!(r#"{{"path": "auth/jwt/role", "data": null, "errors": {errors}}}"#);
            let answer = Answer::of(&text, "an answer").unwrap();
            (answer.is_empty(), answer.is_nothing)
        };
        assert_eq!(nothing("[]"), (true, true));
        assert_eq!(nothing("[\"permission denied\"]"), (true, false));
        assert!(Answer::of("[]", "an answer").is_err());
    }

    #[test]
    fn names_of_files_are_taken_apart_at_a_word() {
        assert_eq!(around("approle-role-etl", &["role"]), Some(("approle", "etl")));
        assert_eq!(around("k8s-role-pay-api", &["role"]), Some(("k8s", "pay-api")));
        assert_eq!(around("role", &["role"]), Some(("", "")));
        assert_eq!(around("policies", &["policy"]), None);
    }
}
