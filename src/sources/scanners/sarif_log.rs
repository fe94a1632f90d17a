//! What a SARIF log says beside its results: the tools, their rules, and whether they ran to the end. Results are
//! counted here, not kept: they may stand before the tool that made them.

use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};

/// Tools that look for secrets and for nothing else.
const SECRET_SCANNERS: [&str; 14] = [
    "betterleaks",
    "credential scanner",
    "credscan",
    "detect-secrets",
    "ggshield",
    "gitguardian",
    "gitleaks",
    "kingfisher",
    "noseyparker",
    "ripsecrets",
    "secretlint",
    "talisman",
    "trufflehog",
    "whispers",
];
/// Those whose snippet is the secret, rather than the line that it stands in.
const EXACT_SNIPPETS: [&str; 3] = ["betterleaks", "gitleaks", "kingfisher"];
/// Weaknesses that are a secret in the code: CWE-798, 259 and 321.
const SECRET_WEAKNESSES: [&str; 3] = ["cwe-798", "cwe-259", "cwe-321"];

#[derive(Deserialize)]
pub(super) struct Log {
    pub runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    tool: Tool,
    /// None where the run made no list of results at all.
    results: Option<Counted>,
    invocations: Option<Vec<Invocation>>,
    version_control_provenance: Option<Vec<Provenance>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Component,
    extensions: Option<Vec<Component>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    name: String,
    version: Option<String>,
    semantic_version: Option<String>,
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub id: String,
    name: Option<String>,
    short_description: Option<Text>,
    default_configuration: Option<Configuration>,
    properties: Option<RuleProperties>,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
struct RuleProperties {
    tags: Option<Vec<String>>,
    #[serde(rename = "security-severity")]
    severity: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: Option<bool>,
    end_time_utc: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provenance {
    repository_uri: Option<String>,
}

/// How many elements an array has.
struct Counted;

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Counted)
    }
}

impl<'de> Visitor<'de> for Counted {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

/// Which rule a result is of, in the three ways in which it may say so.
#[derive(Default)]
pub(super) struct RuleRef<'a> {
    pub id: Option<&'a str>,
    pub index: Option<usize>,
    /// Number of the extension that holds the rule; the driver does where there is none.
    pub extension: Option<usize>,
}

impl Run {
    /// The tool's name in lower case.
    pub fn tool(&self) -> String {
        self.tool.driver.name.to_lowercase()
    }

    /// The tool's version. gitleaks writes the same one whatever it is.
    pub fn version(&self) -> Option<&str> {
        let driver = &self.tool.driver;
        let version = driver.semantic_version.as_deref().or(driver.version.as_deref());
        version.filter(|_| self.tool() != "gitleaks")
    }

    /// Whether the tool looks for secrets and for nothing else.
    pub fn is_secret_scanner(&self) -> bool {
        let tool = self.tool();
        SECRET_SCANNERS.iter().any(|known| tool.contains(known))
    }

    /// Whether a snippet is the secret itself.
    pub fn has_exact_snippets(&self) -> bool {
        EXACT_SNIPPETS.contains(&self.tool().as_str())
    }

    /// Whether there is a list of results, be it an empty one.
    pub fn has_results(&self) -> bool {
        self.results.is_some()
    }

    /// Whether it says that it did not run to the end.
    pub fn has_failed(&self) -> bool {
        self.invocations.iter().flatten().any(|invocation| invocation.execution_successful == Some(false))
    }

    /// When it ended, as written.
    pub fn ends(&self) -> impl Iterator<Item = &str> {
        self.invocations.iter().flatten().filter_map(|invocation| invocation.end_time_utc.as_deref())
    }

    /// The repository that it looked at, where it is one.
    pub fn repository(&self) -> Option<&str> {
        match self.version_control_provenance.as_deref() {
            Some([only]) => only.repository_uri.as_deref(),
            _ => None,
        }
    }

    /// The rule that a result is of.
    pub fn rule<'a>(&'a self, named: &RuleRef<'_>) -> Option<&'a Rule> {
        let extension = named.extension.and_then(|at| self.tool.extensions.as_ref()?.get(at));
        let rules = extension.unwrap_or(&self.tool.driver).rules.as_deref().unwrap_or_default();
        match named.index {
            Some(at) => rules.get(at),
            // An id may be more exact than the rule's: `CA2101/1` is of `CA2101`.
            None => named.id.and_then(|id| {
                let of = |id: &str| rules.iter().find(|rule| rule.id == id);
                of(id).or_else(|| of(id.rsplit_once('/')?.0))
            }),
        }
    }
}

impl Rule {
    /// What it is called, for people.
    pub fn title(&self) -> Option<&str> {
        self.short_description.as_ref().and_then(|text| text.text.as_deref()).or(self.name.as_deref())
    }

    /// Whether its tags say that what it finds is a secret.
    pub fn is_of_secrets(&self) -> bool {
        self.properties.iter().flat_map(|properties| properties.tags.iter().flatten()).any(|tag| is_secret_tag(tag))
    }

    /// How bad it is: by the score that code scanning reads, else by its level.
    pub fn severity(&self) -> Option<String> {
        let score = self.properties.as_ref().and_then(|properties| match properties.severity.as_ref()? {
            serde_json::Value::String(text) => text.parse::<f64>().ok(),
            number => number.as_f64(),
        });
        let word = |score: f64| match score {
            score if score >= 9.0 => "critical",
            score if score >= 7.0 => "high",
            score if score >= 4.0 => "medium",
            _ => "low",
        };
        let level = || self.default_configuration.as_ref()?.level.clone();
        score.map(|score| word(score).to_owned()).or_else(level)
    }
}

/// Whether a tag says that a finding is a secret.
pub(super) fn is_secret_tag(tag: &str) -> bool {
    let tag = tag.to_lowercase();
    let weakness = tag.rsplit('/').next().unwrap_or_default();
    let weakness = weakness.split(':').next().unwrap_or_default().trim();
    matches!(tag.as_str(), "secret" | "secrets") || SECRET_WEAKNESSES.contains(&weakness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_secrets() {
        for (tag, is_secret) in [
            ("secret", true),
            ("Secrets", true),
            ("external/cwe/cwe-798", true),
            ("CWE-798: Use of Hard-coded Credentials", true),
            ("cwe-7980", false),
            ("security", false),
        ] {
            assert_eq!(is_secret_tag(tag), is_secret, "{tag}");
        }
    }

    #[test]
    fn rules_are_found_by_index_extension_and_id() {
        let text = r#"{"runs": [{"tool": {"driver": {"name": "X", "rules": [{"id": "A"}, {"id": "B"}]},
            "extensions": [{"name": "E", "rules": [{"id": "C"}]}]}, "results": []}, {"tool": {"driver": {"name": "Y"}}}]}"#;
        let log: Log = serde_json::from_str(text).unwrap();
        let [run, bare] = log.runs.as_slice() else { panic!("two runs") };
        let id = |named: &RuleRef<'_>| run.rule(named).map(|rule| rule.id.as_str());
        assert_eq!(id(&RuleRef { index: Some(1), ..RuleRef::default() }), Some("B"));
        assert_eq!(id(&RuleRef { index: Some(0), extension: Some(0), ..RuleRef::default() }), Some("C"));
        assert_eq!(id(&RuleRef { id: Some("A/2"), ..RuleRef::default() }), Some("A"));
        assert_eq!(id(&RuleRef { id: Some("Z"), ..RuleRef::default() }), None);
        assert!(run.has_results() && !bare.has_results());
    }
}
