//! What the tags and the path of an IAM user or role say about it: owner, environment, vendor, and whether a
//! person signs in with it. Names of tags differ from company to company; these are the usual ones.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::inventory::column::Word;
use crate::sources::environment;

/// Tags that name an owner, the most exact first.
const OWNER: [&str; 4] = ["owner", "owneremail", "contact", "team"];
const ENVIRONMENT: [&str; 3] = ["environment", "env", "stage"];
const VENDOR: [&str; 1] = ["vendor"];
const KIND: [&str; 2] = ["type", "kind"];
/// A tag that only machines bear.
const AGENT: [&str; 1] = ["agent"];

const PEOPLE: [&str; 3] = ["human", "person", "employee"];
const MACHINES: [&str; 8] =
    ["service", "service-account", "service_account", "machine", "workload", "agent", "bot", "application"];
const PATHS_OF_PEOPLE: [&str; 4] = ["people", "humans", "users", "employees"];
const PATHS_OF_MACHINES: [&str; 7] = ["service", "services", "agents", "vendor", "vendors", "bots", "apps"];

/// A tag as IAM prints it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The tags of one user or role; blank ones count as absent.
#[derive(Debug, Default)]
pub(super) struct Tags(Vec<(String, String)>);

impl Tags {
    /// Takes tags whose names are written in any case, with or without separators.
    pub(super) fn of(tags: Option<Vec<Tag>>) -> Self {
        let plain = |key: &str| key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let tags = tags.unwrap_or_default().into_iter();
        Self(
            tags.map(|tag| (plain(&tag.key), tag.value.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// The same of tags as services other than IAM print them: a map.
    pub(super) fn of_map(tags: BTreeMap<String, String>) -> Self {
        Self::of(Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect()))
    }

    /// How far an agent may act alone: one of the three words, or nothing.
    pub(super) fn autonomy(&self) -> Option<Word> {
        let word = self.get(&["autonomy"])?.to_lowercase();
        ["manual", "supervised", "autonomous"].contains(&word.as_str()).then_some(Word(word))
    }

    fn get(&self, names: &[&str]) -> Option<&str> {
        let of = |name: &&str| self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        names.iter().find_map(of)
    }

    /// Who answers for it.
    pub(super) fn owner(&self) -> Option<String> {
        self.get(&OWNER).map(str::to_owned)
    }

    /// Where it belongs.
    pub(super) fn environment(&self) -> Option<Word> {
        self.get(&ENVIRONMENT).and_then(environment::normalise)
    }

    /// The outside party that operates it.
    pub(super) fn vendor(&self) -> Option<String> {
        self.get(&VENDOR).map(str::to_owned)
    }

    /// Whether a person signs in with a user: as a tag says, else as the folder in its path suggests (weak:
    /// a habit, not a rule). `None` where neither tells.
    pub(super) fn is_human(&self, path: &str) -> Option<bool> {
        let kind = self.get(&KIND).map(str::to_lowercase);
        let by_kind = kind.and_then(|kind| verdict(&kind, &PEOPLE, &MACHINES));
        let by_agent = self.get(&AGENT).map(|_| false);
        let by_path =
            || path.split('/').find_map(|part| verdict(&part.to_lowercase(), &PATHS_OF_PEOPLE, &PATHS_OF_MACHINES));
        by_kind.or(by_agent).or_else(by_path)
    }
}

fn verdict(word: &str, people: &[&str], machines: &[&str]) -> Option<bool> {
    if people.contains(&word) {
        return Some(true);
    }
    machines.contains(&word).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        let tag = |(key, value): &(&str, &str)| Tag { key: (*key).to_owned(), value: (*value).to_owned() };
        Tags::of(Some(pairs.iter().map(tag).collect()))
    }

    #[test]
    fn the_most_exact_owner_wins_whatever_the_spelling() {
        let all = tags(&[("Team", "platform"), ("Owner-Email", "a@acme.example"), ("contact", "c")]);
        assert_eq!(all.owner().as_deref(), Some("a@acme.example"));
        assert_eq!(tags(&[("owner", "  "), ("team", "platform")]).owner().as_deref(), Some("platform"));
        assert_eq!(tags(&[("Env", "Prod")]).environment(), Some(Word::from("production")));
        assert_eq!(Tags::of(None).owner(), None);
        let map = |value: &str| Tags::of_map(BTreeMap::from([("Autonomy".to_owned(), value.to_owned())]));
        assert_eq!(map("Supervised").autonomy(), Some(Word::from("supervised")));
        assert_eq!(map("a bit").autonomy(), None);
    }

    #[test]
    fn people_are_told_by_tag_before_path() {
        for (pairs, path, expected) in [
            (vec![("type", "Human")], "/", Some(true)),
            (vec![("kind", "bot")], "/people/", Some(false)),
            (vec![("agent", "triage")], "/", Some(false)),
            (vec![("type", "t2.micro")], "/people/", Some(true)),
            (vec![], "/division/Services/x/", Some(false)),
            (vec![], "/", None),
        ] {
            assert_eq!(tags(&pairs).is_human(path), expected, "{pairs:?} {path}");
        }
    }
}
