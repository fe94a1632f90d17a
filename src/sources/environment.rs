//! One spelling for the names of environments, whatever tags and labels call them.

use crate::inventory::column::Word;

/// The environment that a tag or label means: `prod` and `live` are `production`, `dev,staging` is `shared`,
/// a word that is not known stays as it is, in lower case. `None` for a blank.
pub(super) fn normalise(text: &str) -> Option<Word> {
    let mut words = text.split([',', ';', '|']).map(str::trim).filter(|word| !word.is_empty()).map(one);
    let first = words.next()?;
    // Two names for the same environment are still one environment.
    Some(Word(if words.all(|word| word == first) { first } else { "shared".to_owned() }))
}

fn one(word: &str) -> String {
    let word = word.to_lowercase();
    match word.as_str() {
        "prod" | "production" | "prd" | "live" => "production",
        "stage" | "staging" | "stg" | "preprod" | "uat" => "staging",
        "dev" | "develop" | "development" => "development",
        "test" | "qa" | "testing" => "test",
        "sandbox" | "sbx" => "sandbox",
        _ => return word,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_environments_have_one_spelling() {
        for (text, expected) in [
            ("prod", "production"),
            ("LIVE", "production"),
            (" uat ", "staging"),
            ("develop", "development"),
            ("qa", "test"),
            ("sbx", "sandbox"),
            ("shared", "shared"),
            ("EU-Lab", "eu-lab"),
            ("dev,staging,prod", "shared"),
            ("prod, production", "production"),
            ("prod,", "production"),
        ] {
            assert_eq!(normalise(text), Some(Word::from(expected)), "{text}");
        }
        assert_eq!(normalise("  "), None);
        assert_eq!(normalise(","), None);
    }
}
