//! Secret values written out in a configuration: in variables, headers, arguments, addresses, and in JSON inside
//! any of these. Values are hashed here and go no further.

use serde_json::Value;

use super::literal;
use crate::sources::hash;

/// Deepest JSON inside a value that is looked into.
const MAX_JSON_DEPTH: u8 = 8;
/// Longest name that is repeated in a location.
const MAX_NAME: usize = 100;

/// One secret value, already hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// Where in the entry: `env NAME`, `header NAME`, `arg --flag`, `arg 3`, `url query NAME`.
    pub place: String,
    /// What it is, by its name or form.
    pub class: &'static str,
    /// Whether it opens a model provider's API.
    pub is_llm_key: bool,
    pub sha256: String,
    pub sha1: String,
}

/// The secrets of one entry, and how many values are masked so that nothing can be said of them.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub found: Vec<Secret>,
    pub masked: usize,
}

impl Secrets {
    /// Looks at the value of a variable, header or option.
    pub fn look(&mut self, place: &str, name: &str, value: &str) -> bool {
        self.look_deep(place, name, value, 0)
    }

    fn look_deep(&mut self, place: &str, name: &str, value: &str, depth: u8) -> bool {
        let value = literal::without_scheme(value.trim());
        if value.starts_with(['{', '['])
            && depth < MAX_JSON_DEPTH
            && let Ok(json) = serde_json::from_str::<Value>(value)
        {
            return self.look_into(place, name, &json, depth + 1);
        }
        let before = self.found.len();
        if literal::starts_as_reference(value) {
            return false;
        }
        if let Some(rest) = value.split_once("://").map(|(_, rest)| rest) {
            self.look_at_url(place, name, rest);
        } else if let Some(password) = literal::connection_password(value) {
            self.judge(place, "password", password);
        } else {
            self.judge(place, name, value);
        }
        self.found.len() > before
    }

    /// Settings handed over as JSON inside a value, as `OPENAPI_MCP_HEADERS` and `--config` do.
    fn look_into(&mut self, place: &str, name: &str, json: &Value, depth: u8) -> bool {
        match json {
            Value::String(text) => self.look_deep(place, name, text, depth),
            Value::Array(items) => items.iter().fold(false, |any, item| self.look_into(place, name, item, depth) | any),
            Value::Object(entries) => entries.iter().fold(false, |any, (key, item)| {
                let place = format!("{place}.{}", shown(key, "(name withheld)"));
                self.look_into(&place, key, item, depth) | any
            }),
            _ => false,
        }
    }

    /// A URL, after its scheme: the password before the host, parameters, and tokens in the path.
    pub fn look_at_url(&mut self, place: &str, name: &str, rest: &str) {
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
        let (authority, path) = address.split_once('/').unwrap_or((address, ""));
        if let Some((user, _)) = authority.rsplit_once('@') {
            match user.split_once(':') {
                Some((_, password)) => self.judge(&format!("{place} password"), "password", password),
                // `https://TOKEN@host` is how git takes tokens; a plain user name is no secret.
                None => self.judge(&format!("{place} user"), "", user),
            }
        }
        for pair in query.split('&').chain(fragment.split('&')) {
            if let Some((key, value)) = pair.split_once('=') {
                self.judge(&format!("{place} query {}", shown(key, "(name withheld)")), key, value);
            }
        }
        for step in path.split('/') {
            // Webhook and gateway addresses carry their token as a step of the path.
            if literal::has_known_prefix(step)
                || (literal::names_webhook(name) && literal::looks_random(step))
                || literal::looks_like_token(step)
            {
                self.judge(&format!("{place} path"), "token", step);
            }
        }
    }

    fn judge(&mut self, place: &str, name: &str, value: &str) {
        let class = literal::class_of(name);
        if value.is_empty() || literal::is_reference(value) {
            return;
        }
        if literal::is_masked(value) {
            self.masked += usize::from(class.is_some());
            return;
        }
        if literal::is_placeholder(value) {
            return;
        }
        let class = match (literal::known_form(value), class) {
            (Some(form), named) => named.unwrap_or(form),
            (None, Some(class)) if literal::could_be_secret(class, value) => class,
            _ => return,
        };
        let (sha256, sha1) = hash::fingerprints(value);
        let is_llm_key = class != "password" && (literal::names_model_provider(name) || literal::has_llm_prefix(value));
        self.found.push(Secret { place: place.to_owned(), class, is_llm_key, sha256, sha1 });
    }
}

/// A name as it may be repeated: not where the name itself could hold a secret.
pub(super) fn shown<'a>(name: &'a str, instead: &'a str) -> &'a str {
    let plain = name.len() <= MAX_NAME && !name.chars().any(|c| c.is_control() || matches!(c, '=' | '"' | '{' | '}'));
    let address = name.contains("://") && name.contains(['@', '?']);
    if plain && !address && literal::known_form(name).is_none() && !literal::looks_like_token(name) {
        name
    } else {
        instead
    }
}

/// Whether a value by itself has the form of a secret, whatever it is called.
pub(super) fn is_plainly_secret(value: &str) -> bool {
    literal::known_form(value).is_some() || literal::looks_like_token(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, value: &str) -> Vec<(String, &'static str)> {
        let mut secrets = Secrets::default();
        secrets.look("env X", name, value);
        secrets.found.into_iter().map(|secret| (secret.place, secret.class)).collect()
    }

    fn class(name: &str, value: &str) -> Option<&'static str> {
        found(name, value).first().map(|(_, class)| *class)
    }

    #[test]
    fn literals_under_a_secrets_name_are_found() {
        for (name, value, expected) in [
            ("TAVILY_API_KEY", "CANARY-0001", "api-key"),
            ("tavilyApiKey", "CANARY-0001", "api-key"),
            ("--api-key", "CANARY-0001", "api-key"),
            ("X-API-Key", "CANARY-0001", "api-key"),
            ("DB_PASSWORD", "root", "password"),
            ("CLIENT_SECRET", "CANARY-0001", "client-secret"),
            ("AWS_SECRET_ACCESS_KEY", "CANARY/0001", "secret-access-key"),
            ("Authorization", "Bearer CANARY-0001", "authorization"),
            ("GITHUB_PERSONAL_ACCESS_TOKEN", "ghp_CANARY0001CANARY0001", "token"),
            ("ANYTHING", "ghp_CANARY0001CANARY0001", "token"),
            ("ANYTHING", "sk-ant-CANARY0001CANARY0001", "api-key"),
            ("DATABASE_URL", "postgres://app:CANARY0001@db/app", "password"),
            ("CONNECTION_STRING", "Server=db;User=sa;Password=CANARY0001;", "password"),
            ("GCP_KEY", "-----BEGIN PRIVATE KEY-----CANARY", "key"),
        ] {
            assert_eq!(class(name, value), Some(expected), "{name}={value}");
        }
    }

    #[test]
    fn references_placeholders_and_settings_are_no_literals() {
        for (name, value) in [
            ("API_KEY", "${input:api-key}"),
            ("API_KEY", "${env:API_KEY}"),
            ("API_KEY", "${API_KEY}"),
            ("API_KEY", "$API_KEY"),
            ("API_KEY", "%API_KEY%"),
            ("API_KEY", "{env:API_KEY}"),
            ("API_KEY", "op://vault/item/field"),
            ("API_KEY", "vault:secret/data/app#key"),
            ("API_KEY", "keyring:service/user"),
            ("Authorization", "Bearer ${TOKEN}"),
            ("Authorization", "Bearer $TOKEN"),
            ("DATABASE_URL", "postgres://app:${PGPASSWORD}@db/app"),
            ("DATABASE_URL", "postgres://app@db/app"),
            ("API_KEY", "<your-api-key>"),
            ("API_KEY", "YOUR_API_KEY"),
            ("GITHUB_TOKEN", "ghp_xxxxxxxxxxxxxxxxxxxx"),
            ("OPENAI_API_KEY", "sk-..."),
            ("API_KEY", ""),
            ("MAX_TOKENS", "4096"),
            ("TOKEN", "4096"),
            ("API_KEY_ID", "abcdef12"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/home/app/key.json"),
            ("SSH_PRIVATE_KEY_PATH", "~/.ssh/id_ed25519"),
            ("AUTH_TOKEN_URL", "https://login.example.com/token"),
            ("PUBLIC_KEY", "abcdefghijk"),
            ("PWD", "/work"),
            ("DEBUG", "true"),
            ("Content-Type", "application/json"),
        ] {
            assert_eq!(class(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn masks_are_counted_but_are_neither_clean_nor_found() {
        let mut secrets = Secrets::default();
        secrets.look("env A", "API_KEY", "**REDACTED**");
        secrets.look("env B", "LOG_LEVEL", "***");
        assert_eq!((secrets.found.len(), secrets.masked), (0, 1));
    }

    #[test]
    fn urls_and_json_give_up_what_they_carry() {
        assert_eq!(
            found("X", "https://mcp.example.com/mcp?tavilyApiKey=CANARY0001&v=2"),
            [("env X query tavilyApiKey".to_owned(), "api-key")]
        );
        assert_eq!(found("X", "https://git:CANARY0001@example.com/r"), [("env X password".to_owned(), "password")]);
        assert_eq!(found("X", "https://ghp_CANARY0001CANARY0001@example.com/r"), [("env X user".to_owned(), "token")]);
        assert_eq!(found("X", "https://example.com/6f1b2c3d-0000-4000-8000-000000000001/mcp"), []);
        assert_eq!(
            found("OPENAPI_MCP_HEADERS", r#"{"Authorization": "Bearer CANARY0001", "Version": "2022-06-28"}"#),
            [("env X.Authorization".to_owned(), "authorization")]
        );
    }

    #[test]
    fn a_model_providers_key_is_told_by_variable_or_prefix() {
        let is_llm = |name: &str, value: &str| {
            let mut secrets = Secrets::default();
            secrets.look("env X", name, value);
            secrets.found[0].is_llm_key
        };
        assert!(is_llm("OPENAI_API_KEY", "CANARY0001"));
        assert!(is_llm("AZURE_OPENAI_API_KEY", "CANARY0001"));
        assert!(is_llm("KEY", "sk-ant-CANARY0001CANARY0001"));
        assert!(!is_llm("GITHUB_TOKEN", "CANARY0001"));
    }

    #[test]
    fn the_hash_is_of_the_secret_alone() {
        let mut secrets = Secrets::default();
        secrets.look("header Authorization", "Authorization", "Bearer abc-");
        assert_eq!(secrets.found[0].sha256, hash::fingerprints("abc-").0);
    }

    #[test]
    fn names_that_could_hold_a_secret_are_not_repeated() {
        assert_eq!(shown("GITHUB_TOKEN", "-"), "GITHUB_TOKEN");
        assert_eq!(shown("claude.ai Linear", "-"), "claude.ai Linear");
        assert_eq!(shown("ghp_CANARY0001CANARY0001", "-"), "-");
        assert_eq!(shown("https://u:CANARY@host/x", "-"), "-");
        assert_eq!(shown("TOKEN=CANARY", "-"), "-");
    }
}
