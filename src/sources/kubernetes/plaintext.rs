//! Which environment variables of a container hold a secret in clear text. Judged by name first: a value
//! that merely looks random proves nothing. Values go in here and only their hashes come out.

use crate::sources::hash;

/// Parts of a name that say "secret".
const SECRET_PARTS: &[&str] =
    &["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "APIKEY"];
/// The same where a name runs words together: `PGPASSWORD`, `ACCESSTOKEN`.
const SECRET_ENDS: &[&str] =
    &["PASSWORD", "PASSWD", "APIKEY", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "ACCESSTOKEN", "AUTHTOKEN"];
/// Parts that, after the last secret one, turn it into a description of the secret: `TOKEN_URL`, `KEY_ID`.
const DESCRIPTIONS: &[&str] = &[
    "ID",
    "IDS",
    "NAME",
    "NAMES",
    "FILE",
    "PATH",
    "DIR",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "PORT",
    "ARN",
    "REF",
    "TTL",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "LIFETIME",
    "DURATION",
    "TIMEOUT",
    "SECONDS",
    "MINUTES",
    "INTERVAL",
    "ROTATION",
    "LENGTH",
    "SIZE",
    "COUNT",
    "LIMIT",
    "BUDGET",
    "MAX",
    "MIN",
    "TYPE",
    "KIND",
    "FORMAT",
    "ALGORITHM",
    "ALG",
    "HEADER",
    "PREFIX",
    "SUFFIX",
    "FIELD",
    "ISSUER",
    "AUDIENCE",
    "SCOPE",
    "SCOPES",
    "ENABLED",
    "DISABLED",
    "REQUIRED",
    "POLICY",
    "MODE",
    "VERSION",
    "NAMESPACE",
    "PROVIDER",
    "SERIALIZER",
    "DESERIALIZER",
    "CONVERTER",
    "STORE",
    "MOUNT",
    "ALIAS",
    "LOCATION",
    "REGION",
    "BACKEND",
    "ENGINE",
    "SOURCE",
    "USER",
    "USERNAME",
];
/// Parts that, before `KEY`, make it a key of data rather than of a lock.
const DATA_KEYS: &[&str] =
    &["PARTITION", "PRIMARY", "SORT", "ROUTING", "CACHE", "FOREIGN", "UNIQUE", "IDEMPOTENCY", "GROUP", "SITE", "INDEX"];
/// Parts that say that everybody may know it.
const PUBLIC_PARTS: &[&str] = &["PUBLIC", "PUB", "PUBLISHABLE"];
/// Starts of values that say where a secret is, without being one.
const REFERENCES: &[&str] = &[
    "vault:",
    ">>vault:",
    "op://",
    "secretref:",
    "secret://",
    "secrets://",
    "sm://",
    "ssm://",
    "awssm://",
    "gcpsm://",
    "arn:aws",
    "azurekeyvault@",
    "@microsoft.keyvault",
    "projects/",
    "file:",
    "env:",
    "ref+",
    "http://",
    "https://",
];
/// First folders of values that are paths.
const ROOTS: &[&str] = &[
    "etc", "var", "run", "mnt", "opt", "usr", "home", "root", "tmp", "srv", "app", "config", "secrets", "certs",
    "data", "vault", "keys",
];
/// Makers of language models, as they stand in the names of variables for their keys.
const MODEL_MAKERS: &[&str] = &[
    "OPENAI",
    "ANTHROPIC",
    "CLAUDE",
    "GEMINI",
    "MISTRAL",
    "COHERE",
    "GROQ",
    "HUGGINGFACE",
    "DEEPSEEK",
    "OPENROUTER",
    "REPLICATE",
    "PERPLEXITY",
    "FIREWORKS",
    "LITELLM",
    "WATSONX",
];
/// The same where the name is too short to be looked for inside other words.
const SHORT_MODEL_MAKERS: &[&str] = &["HF", "XAI", "LLM", "TOGETHER", "VOYAGE"];

/// A secret in clear text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct Found {
    /// Kind of credential.
    pub kind: &'static str,
    /// What it was found to be.
    pub secret_kind: &'static str,
    /// Hashes of the value; `None` where it was masked before the export.
    pub fingerprints: Option<(String, String)>,
}

/// Whether a variable holds a secret.
pub(in crate::sources) fn find(name: &str, value: &str) -> Option<Found> {
    let value = value.trim();
    if value.is_empty() || value.contains("$(") || value.contains("${") || value.contains("{{") {
        return None;
    }
    if let Some(password) = password_in_url(value) {
        return Some(Found { kind: "api_token", secret_kind: "url_password", fingerprints: fingerprints(password) });
    }
    let parts = parts_of(name);
    let secret = secret_part(&parts)?;
    if is_reference(value) || is_setting(secret, value) {
        return None;
    }
    let kind = if names_model_maker(&parts) { "llm_api_key" } else { "api_token" };
    Some(Found { kind, secret_kind: kind, fingerprints: fingerprints(value) })
}

/// Hashes of a value, unless it is empty or stands for one that was taken out before the export.
pub(super) fn fingerprints(value: &str) -> Option<(String, String)> {
    let value = value.trim();
    let mut letters = value.chars();
    let first = letters.next()?;
    let is_masked = letters.all(|letter| letter == first)
        || value.trim_matches(['<', '>', '[', ']', '*']).eq_ignore_ascii_case("redacted");
    (!is_masked).then(|| hash::fingerprints(value))
}

/// A name in capitals, cut at everything but letters and digits and where a small letter meets a capital.
fn parts_of(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut was_small = false;
    for letter in name.chars() {
        let starts_new = !letter.is_ascii_alphanumeric() || (was_small && letter.is_ascii_uppercase());
        if starts_new && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        if letter.is_ascii_alphanumeric() {
            part.push(letter.to_ascii_uppercase());
        }
        was_small = letter.is_ascii_lowercase();
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// The part of a name that makes its value a secret.
fn secret_part(parts: &[String]) -> Option<&str> {
    let among = |list: &[&str], part: &String| list.contains(&part.as_str());
    let is_secret = |part: &String| {
        among(SECRET_PARTS, part) || SECRET_ENDS.iter().any(|end| part.len() > end.len() && part.ends_with(end))
    };
    let at = parts.iter().rposition(is_secret)?;
    let (before, rest) = parts.split_at_checked(at)?;
    let (secret, after) = rest.split_first()?;
    let is_data_key = secret == "KEY" && before.last().is_some_and(|part| among(DATA_KEYS, part));
    let is_description = after.iter().any(|part| among(DESCRIPTIONS, part));
    let is_public = parts.iter().any(|part| among(PUBLIC_PARTS, part));
    (!is_data_key && !is_description && !is_public).then_some(secret)
}

fn is_reference(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_path =
        value.strip_prefix('/').and_then(|rest| rest.split('/').next()).is_some_and(|root| ROOTS.contains(&root));
    is_path || REFERENCES.iter().any(|start| lower.starts_with(start))
}

/// Whether the value switches or counts something: `TOKEN=true`, `MAX_KEY=16`. Digits alone can be a
/// password, but no key or token.
fn is_setting(secret: &str, value: &str) -> bool {
    let is_switch = ["true", "false", "yes", "no", "on", "off", "none", "null", "nil"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_switch || (is_number && matches!(secret, "KEY" | "TOKEN"))
}

fn names_model_maker(parts: &[String]) -> bool {
    let whole = parts.concat();
    MODEL_MAKERS.iter().any(|maker| whole.contains(maker))
        || parts.iter().any(|part| SHORT_MODEL_MAKERS.contains(&part.as_str()))
}

/// The password in `scheme://user:password@host`.
fn password_in_url(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let (_, password) = user_info.split_once(':')?;
    Some(password).filter(|password| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, value: &str) -> Option<&'static str> {
        find(name, value).map(|found| found.secret_kind)
    }

    #[test]
    fn a_name_says_that_its_value_is_a_secret() {
        for name in [
            "DB_PASSWORD",
            "PGPASSWORD",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "client-secret",
            "Jwt__SigningKey",
            "apiKey",
            "SECRET_KEY_BASE",
            "STRIPE_SECRET",
            "SMTP_PASSWORD_1",
            "REGISTRY_CREDENTIALS",
            "accessToken",
        ] {
            assert_eq!(kind(name, "CANARY-not-a-secret"), Some("api_token"), "{name}");
        }
        for name in [
            "OPENAI_API_KEY",
            "AZURE_OPENAI_KEY",
            "ANTHROPIC_API_KEY",
            "OpenAI__ApiKey",
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
        ] {
            assert_eq!(kind(name, "CANARY-not-a-key"), Some("llm_api_key"), "{name}");
        }
    }

    #[test]
    fn a_name_that_describes_a_secret_holds_none() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "JWT_PUBLIC_KEY",
            "NEXT_PUBLIC_API_KEY",
            "TOKEN_URL",
            "PASSWORD_FILE",
            "SECRET_NAME",
            "MAX_TOKENS",
            "TOKEN_TTL_SECONDS",
            "PARTITION_KEY",
            "KEYCLOAK_REALM",
            "MONKEY",
            "TOKENIZER",
            "PATH",
            "KEY_SERIALIZER",
            "SECRET_ARN",
            "API_KEY_HEADER",
            "PWD",
            "BYPASS",
            "OPENAI_MODEL",
        ] {
            assert_eq!(kind(name, "CANARY-not-a-secret"), None, "{name}");
        }
    }

    #[test]
    fn a_value_that_points_elsewhere_is_no_secret() {
        for value in [
            "",
            "  ",
            "$(DB_PASSWORD)",
            "Bearer $(TOKEN)",
            "${SECRET}",
            "vault:secret/data/db#password",
            "op://prod/db/p",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
            "/run/secrets/db",
            "https://login.example/token",
            "true",
            "4096",
            "{{ .Values.token }}",
        ] {
            assert_eq!(kind("API_TOKEN", value), None, "{value}");
        }
        assert_eq!(kind("DB_PASSWORD", "12345678"), Some("api_token"), "digits can be a password");
        assert_eq!(kind("DB_PASSWORD", "/CANARY+base64/x="), Some("api_token"));
    }

    #[test]
    fn a_url_gives_its_password_away_whatever_its_variable_is_called() {
        let found = find("DATABASE_URL", "postgres://app:CANARY-pass@db.example:5432/app?x=y@z").unwrap();
        assert_eq!(found.secret_kind, "url_password");
        assert_eq!(found.fingerprints, Some(hash::fingerprints("CANARY-pass")));
        assert_eq!(kind("DATABASE_URL", "postgres://db.example/app"), None);
        assert_eq!(kind("DATABASE_URL", "postgres://app@db.example/app"), None);
        assert_eq!(kind("DATABASE_URL", "postgres://app:$(PASSWORD)@db.example/app"), None);
    }

    #[test]
    fn a_masked_value_has_no_fingerprint() {
        for masked in ["***", "xxxxxxxx", "<redacted>", "[REDACTED]", "0"] {
            let found = find("DB_PASSWORD", masked).unwrap();
            assert_eq!(found.fingerprints, None, "{masked}");
        }
    }
}
