//! Models and who serves them, from the ways in which frameworks write both: `provider/model`, and the name of
//! the class that talks to the provider. What is not plainly a provider stays unknown.

use crate::inventory::column::Word;

/// Providers as LiteLLM and its users prefix models with.
const PREFIXES: &[&str] = &[
    "openai",
    "azure",
    "azure_ai",
    "anthropic",
    "bedrock",
    "sagemaker",
    "vertex_ai",
    "gemini",
    "google",
    "mistral",
    "cohere",
    "groq",
    "ollama",
    "openrouter",
    "huggingface",
    "together_ai",
    "fireworks_ai",
    "deepseek",
    "perplexity",
    "xai",
    "watsonx",
    "nvidia_nim",
    "databricks",
    "cerebras",
];

/// What a client's class is called, the more exact first.
const CLASSES: &[(&str, &str)] = &[
    ("azureopenai", "azure"),
    ("azureai", "azure_ai"),
    ("openai", "openai"),
    ("bedrock", "bedrock"),
    ("anthropic", "anthropic"),
    ("ollama", "ollama"),
    ("gemini", "gemini"),
    ("mistral", "mistral"),
];

/// Hosts at which providers serve their models.
const HOSTS: &[(&str, &str)] = &[
    ("api.openai.com", "openai"),
    (".openai.azure.com", "azure"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("aiplatform.googleapis.com", "vertex_ai"),
    ("api.mistral.ai", "mistral"),
    ("api.cohere.com", "cohere"),
    ("api.groq.com", "groq"),
    ("openrouter.ai", "openrouter"),
    ("api-inference.huggingface.co", "huggingface"),
    ("api.together.xyz", "together_ai"),
    ("api.deepseek.com", "deepseek"),
    ("api.perplexity.ai", "perplexity"),
    ("api.x.ai", "xai"),
];

/// The model of `provider/model`, and the provider where it is one.
pub(super) fn split(written: &str) -> (Option<String>, Option<Word>) {
    let written = written.trim();
    let named = written.split_once('/').filter(|(prefix, model)| PREFIXES.contains(prefix) && !model.is_empty());
    match named {
        Some((prefix, model)) => (Some(model.to_owned()), Some(Word::from(prefix))),
        None => ((!written.is_empty()).then(|| written.to_owned()), None),
    }
}

/// The provider that a class of clients talks to.
pub(super) fn of_class(class: &str) -> Option<Word> {
    let class = class.rsplit('.').next().unwrap_or(class).to_ascii_lowercase();
    CLASSES.iter().find(|(part, _)| class.contains(part)).map(|(_, provider)| Word::from(*provider))
}

/// The provider that serves models at a host.
pub(super) fn of_host(host: &str) -> Option<Word> {
    let is = |known: &str| host == known || (host.ends_with(known) && (known.starts_with('.') || host.contains('-')));
    if host.starts_with("bedrock") && host.ends_with(".amazonaws.com") {
        return Some(Word::from("bedrock"));
    }
    HOSTS.iter().find(|(known, _)| is(known)).map(|(_, provider)| Word::from(*provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_providers_are_split_off() {
        for (written, model, provider) in [
            ("openai/gpt-4o", Some("gpt-4o"), Some("openai")),
            ("bedrock/anthropic.claude-3", Some("anthropic.claude-3"), Some("bedrock")),
            ("openrouter/meta/llama", Some("meta/llama"), Some("openrouter")),
            ("meta-llama/Llama-3", Some("meta-llama/Llama-3"), None),
            ("gpt-4o", Some("gpt-4o"), None),
            ("openai/", Some("openai/"), None),
            (" ", None, None),
        ] {
            assert_eq!(split(written), (model.map(str::to_owned), provider.map(Word::from)), "{written}");
        }
    }

    #[test]
    fn classes_and_hosts_name_their_provider() {
        let class = |text: &str| of_class(text).map(|word| word.0);
        assert_eq!(class("autogen_ext.models.openai.OpenAIChatCompletionClient").as_deref(), Some("openai"));
        assert_eq!(class("autogen_ext.models.openai.AzureOpenAIChatCompletionClient").as_deref(), Some("azure"));
        assert_eq!(class("autogen_ext.models.replay.ReplayChatCompletionClient"), None);
        let host = |text: &str| of_host(text).map(|word| word.0);
        assert_eq!(host("api.openai.com").as_deref(), Some("openai"));
        assert_eq!(host("acme.openai.azure.com").as_deref(), Some("azure"));
        assert_eq!(host("europe-west1-aiplatform.googleapis.com").as_deref(), Some("vertex_ai"));
        assert_eq!(host("bedrock-runtime.eu-west-1.amazonaws.com").as_deref(), Some("bedrock"));
        assert_eq!(host("api.acme.example"), None);
        assert_eq!(host("notapi.openai.com"), None);
    }
}
