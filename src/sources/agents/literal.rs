//! What names and values in a configuration look like: the name of a secret, the form of an issued token, a
//! reference to a secret kept elsewhere, a mask, a placeholder, a plain setting. Judges texts and keeps none.

/// The words of a name: `tavilyApiKey`, `TAVILY_API_KEY` and `--tavily-api-key` are the same three.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_lower = false;
    let mut open = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            open = false;
            last_lower = false;
            continue;
        }
        if !open || (c.is_uppercase() && last_lower) {
            words.push(String::new());
            open = true;
        }
        last_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_uppercase());
        }
    }
    words
}

/// What a name says that its value is, if it is a secret.
pub(super) fn class_of(name: &str) -> Option<&'static str> {
    const HARMLESS_END: &[&str] = &[
        "ID",
        "IDS",
        "FILE",
        "PATH",
        "DIR",
        "URL",
        "URI",
        "ENDPOINT",
        "HOST",
        "NAME",
        "USER",
        "USERNAME",
        "EMAIL",
        "TYPE",
        "REGION",
        "ALGORITHM",
        "ALG",
        "LIMIT",
        "TTL",
        "EXPIRY",
        "TIMEOUT",
        "COUNT",
        "SIZE",
        "LENGTH",
        "VERSION",
        "PREFIX",
        "HEADER",
        "ENABLED",
        "MODE",
        "SCOPE",
        "SCOPES",
        "AUDIENCE",
        "ISSUER",
        "PORT",
        "VAULT",
        "PROVIDER",
        "STORE",
        "BACKEND",
    ];
    const HARMLESS_KEY: &[&str] =
        &["PUBLIC", "PUBLISHABLE", "PRIMARY", "FOREIGN", "SORT", "PARTITION", "CACHE", "GROUP", "HOT", "INDEX"];
    let words = words(name);
    let last = words.last()?.as_str();
    let has = |word: &str| words.iter().any(|known| known == word);
    if HARMLESS_END.contains(&last) {
        return None;
    }
    if has("PASSWORD") || has("PASSWD") || has("PASSPHRASE") || last == "PASS" || (last == "PWD" && words.len() > 1) {
        return Some("password");
    }
    if has("PRIVATE") && has("KEY") {
        return Some("private-key");
    }
    if has("SECRET") && has("ACCESS") && has("KEY") {
        return Some("secret-access-key");
    }
    if has("CLIENT") && has("SECRET") {
        return Some("client-secret");
    }
    if has("AUTHORIZATION") || has("BEARER") {
        return Some("authorization");
    }
    if last == "APIKEY" || (last == "KEY" && has("API")) {
        return Some("api-key");
    }
    if last == "KEY" {
        let harmless = words.iter().any(|word| HARMLESS_KEY.contains(&word.as_str()));
        return (!harmless).then_some("key");
    }
    match last {
        "TOKEN" | "JWT" | "PAT" => Some("token"),
        "SECRET" | "SECRETS" => Some("secret"),
        "COOKIE" | "COOKIES" => Some("cookie"),
        "CREDENTIAL" | "CREDENTIALS" => Some("credentials"),
        _ => None,
    }
}

/// What the form of a value says that it is.
pub(super) fn known_form(value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY") {
        return Some("private-key");
    }
    if value.starts_with("eyJ") && value.len() > 40 && value.matches('.').count() == 2 {
        return Some("token");
    }
    has_known_prefix(value).then(|| if has_llm_prefix(value) { "api-key" } else { "token" })
}

pub(super) fn has_llm_prefix(value: &str) -> bool {
    const PREFIXES: &[&str] =
        &["sk-ant-", "sk-proj-", "sk-svcacct-", "sk-or-", "gsk_", "hf_", "pplx-", "xai-", "r8_", "nvapi-"];
    starts_with_any(value, PREFIXES, 12)
}

/// Prefixes that issuers give their tokens so that scanners know them.
pub(super) fn has_known_prefix(value: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "sk-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "glptt-",
        "gldt-",
        "xoxb-",
        "xoxp-",
        "xoxa-",
        "xoxe.",
        "xoxe-",
        "xapp-",
        "AIza",
        "tvly-",
        "lin_api_",
        "ntn_",
        "sbp_",
        "dop_v1_",
        "npm_",
        "pypi-",
        "shpat_",
        "SG.",
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "figd_",
        "dckr_pat_",
        "ATATT",
        "hvs.",
        "PMAK-",
        "sntrys_",
        "dapi",
        "dp.st.",
        "pul-",
        "rubygems_",
        "EAAC",
    ];
    has_llm_prefix(value) || starts_with_any(value, PREFIXES, 16)
}

fn starts_with_any(value: &str, prefixes: &[&str], least_rest: usize) -> bool {
    // Issued tokens hold digits; `sk-learn-something` is a name.
    let token = |rest: &str| {
        rest.len() >= least_rest
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.=+".contains(&b))
            && rest.bytes().any(|b| b.is_ascii_digit())
    };
    prefixes.iter().filter_map(|prefix| value.strip_prefix(prefix)).any(token)
}

/// Forty or more letters and digits in both cases: no name or path that a person chose.
pub(super) fn looks_like_token(text: &str) -> bool {
    text.len() >= 40 && looks_random(text)
}

pub(super) fn looks_random(text: &str) -> bool {
    let all_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'='));
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    all_plain
        && text.len() >= 16
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

pub(super) fn names_webhook(name: &str) -> bool {
    words(name).iter().any(|word| word == "WEBHOOK" || word == "HOOK")
}

pub(super) fn names_model_provider(name: &str) -> bool {
    const PROVIDERS: &[&str] = &[
        "OPENAI",
        "ANTHROPIC",
        "CLAUDE",
        "GEMINI",
        "MISTRAL",
        "COHERE",
        "GROQ",
        "TOGETHER",
        "PERPLEXITY",
        "DEEPSEEK",
        "XAI",
        "OPENROUTER",
        "HUGGINGFACE",
        "HF",
        "REPLICATE",
        "FIREWORKS",
        "VOYAGE",
        "LITELLM",
        "CEREBRAS",
        "LLM",
    ];
    let joined = words(name).concat();
    words(name).iter().any(|word| PROVIDERS.contains(&word.as_str()))
        || ["OPENAI", "HUGGINGFACE", "OPENROUTER"].iter().any(|provider| joined.contains(provider))
}

/// The value without `Bearer`, `Basic` or the like before it.
pub(super) fn without_scheme(value: &str) -> &str {
    const SCHEMES: &[&str] = &["bearer", "basic", "token", "apikey", "api-key", "key"];
    match value.split_once(char::is_whitespace) {
        Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => rest.trim(),
        _ => value,
    }
}

/// The password in `Server=db;User=sa;Password=...`.
pub(super) fn connection_password(value: &str) -> Option<&str> {
    const KEYS: &[&str] = &["password", "pwd", "accountkey", "sharedaccesskey", "sharedaccesssignature"];
    if !value.contains(';') {
        return None;
    }
    value
        .split(';')
        .filter_map(|part| part.split_once('='))
        .find_map(|(key, secret)| KEYS.contains(&key.trim().to_ascii_lowercase().as_str()).then(|| secret.trim()))
}

/// Whether a value names a place where secrets are kept.
pub(super) fn starts_as_reference(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "op://",
        "vault:",
        "keyring:",
        "keychain:",
        "secret:",
        "secretref:",
        "env:",
        "file:",
        "ref+",
        "{env:",
        "{file:",
        "bw:",
        "pass:",
        "gopass:",
        "doppler:",
        "infisical:",
        "aws-sm:",
        "gcp-sm:",
        "gcpsm:",
        "azure-kv:",
        "ssm:",
        "arn:aws:secretsmanager:",
        "arn:aws:ssm:",
        "@Microsoft.KeyVault(",
        "$env:",
        "process.env.",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
}

/// Whether a value only points at a secret that is kept elsewhere.
pub(super) fn is_reference(value: &str) -> bool {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    value.contains("${")
        || value.contains("$(")
        || value.contains("{{")
        || starts_as_reference(value)
        || value.strip_prefix('$').is_some_and(is_name)
        || value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name)
}

/// Whether somebody blacked the value out before handing over the file.
pub(super) fn is_masked(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    lower.contains("redacted") || lower.contains("***") || lower.contains("[hidden]") || value.chars().all(|c| c == '•')
}

/// Whether the value waits to be filled in.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let your = lower.starts_with("your")
        || ["_your", "-your", "your_", "your-", "your "].iter().any(|part| lower.contains(part));
    (value.starts_with('<') && value.ends_with('>'))
        || your
        || lower.contains("xxxx")
        || lower.contains("placeholder")
        || lower.contains("replace_me")
        || lower.contains("replace-me")
        || lower.contains("insert_")
        || value.contains("...")
        || value.contains('…')
}

/// Whether a value that stands under a secret's name can be one: no switch, number, path or address.
pub(super) fn could_be_secret(class: &str, value: &str) -> bool {
    const SWITCHES: &[&str] =
        &["true", "false", "yes", "no", "on", "off", "none", "null", "auto", "enabled", "disabled", "oauth", "n/a"];
    if SWITCHES.contains(&value.to_ascii_lowercase().as_str()) {
        return false;
    }
    if class == "password" {
        return true;
    }
    let is_number = value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    !is_number && value.len() >= 4 && !is_path(value)
}

fn is_path(value: &str) -> bool {
    const ROOTS: &[&str] = &[
        "home",
        "users",
        "etc",
        "opt",
        "var",
        "run",
        "tmp",
        "usr",
        "root",
        "mnt",
        "srv",
        "private",
        "app",
        "data",
        "secrets",
        "workspace",
        "volumes",
        "library",
    ];
    let drive = value.as_bytes().get(1..3).is_some_and(|rest| rest == b":\\" || rest == b":/");
    let rooted = value.strip_prefix('/').and_then(|rest| rest.split('/').next());
    drive
        || ["~/", "./", "../", "~\\", ".\\", "\\\\"].iter().any(|start| value.starts_with(start))
        || rooted.is_some_and(|first| ROOTS.contains(&first.to_ascii_lowercase().as_str()))
}
