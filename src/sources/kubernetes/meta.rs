//! What every Kubernetes object carries: name, namespace, labels, annotations, and what they say of owner
//! and environment. Knows the ids under which objects of a cluster stand in the inventory.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::Moment;
use crate::inventory::column::Word;
use crate::sources::{Output, Reject, environment};

/// Keys whose value names who answers for an object, the most exact first. What applied the object
/// (`app.kubernetes.io/managed-by`) answers for nothing.
const OWNER_KEYS: [&str; 3] = ["owner", "team", "contact"];
/// Labels whose value names an environment, the most usual first.
const ENVIRONMENT_KEYS: [&str; 3] = ["environment", "env", "stage"];

/// An object's `metadata`, without what nothing here reads. It is never printed: annotations such as
/// `last-applied-configuration` can hold a secret's clear text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub name: String,
    namespace: Option<String>,
    uid: Option<String>,
    creation_timestamp: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// The object that made another one.
#[derive(Deserialize)]
pub(super) struct OwnerReference {
    pub kind: String,
    pub name: String,
    controller: Option<bool>,
}

/// The metadata of what a controller makes: it has no name before it is made.
#[derive(Default, Deserialize)]
pub(super) struct TemplateMetadata {
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Metadata {
    /// Metadata of whatever a controller makes from a template: what the template does not say, the controller does.
    pub fn of_template(self, template: Option<TemplateMetadata>) -> Self {
        let TemplateMetadata { labels, annotations } = template.unwrap_or_default();
        let both = |own: Option<BTreeMap<String, String>>, theirs: Option<BTreeMap<String, String>>| {
            let mut all = own.unwrap_or_default();
            all.extend(theirs.unwrap_or_default());
            Some(all)
        };
        Self { labels: both(self.labels, labels), annotations: both(self.annotations, annotations), ..self }
    }

    /// Whether a cluster made the object; otherwise somebody wrote it into a file.
    pub fn is_of_cluster(&self) -> bool {
        self.uid.as_deref().is_some_and(|uid| !uid.is_empty())
    }

    /// The namespace that the object lies in.
    pub fn namespace(&self) -> Result<&str, Reject> {
        self.namespace
            .as_deref()
            .filter(|namespace| !namespace.is_empty())
            .ok_or_else(|| Reject::because("`metadata.namespace` is missing"))
    }

    pub fn created_at(&self, locator: &str, out: &mut Output) -> Result<Option<Moment>, Reject> {
        let text = self.creation_timestamp.as_deref().filter(|text| !text.is_empty());
        text.map(|text| out.past("metadata.creationTimestamp", text, locator)).transpose()
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        filled(self.labels.as_ref()?.get(key)?)
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        filled(self.annotations.as_ref()?.get(key)?)
    }

    /// Who answers for it, from annotations (where addresses fit) before labels.
    pub fn owner(&self) -> Option<String> {
        let places = [self.annotations.as_ref(), self.labels.as_ref()];
        OWNER_KEYS
            .iter()
            .flat_map(|key| places.iter().flatten().map(move |place| ends_in(place, key)))
            .find_map(|value| value.map(str::to_owned))
    }

    pub fn environment(&self) -> Option<Word> {
        let labels = self.labels.as_ref()?;
        ENVIRONMENT_KEYS.iter().find_map(|key| ends_in(labels, key).and_then(environment::normalise))
    }

    /// The object that controls it, else the first that owns it.
    pub fn controller(&self) -> Option<&OwnerReference> {
        let owners = self.owner_references.as_deref()?;
        owners.iter().find(|owner| owner.controller == Some(true)).or_else(|| owners.first())
    }
}

/// The first filled value whose key is `key`, or `prefix/key`.
fn ends_in<'a>(map: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    map.iter()
        .filter(|(name, _)| name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(key)))
        .find_map(|(_, value)| filled(value))
}

fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Id of a service account, whether or not it exists.
pub(super) fn account_id(cluster: &str, namespace: &str, name: &str) -> String {
    format!("k8s:{cluster}:sa:{namespace}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(json: &str) -> Metadata {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_owner_is_the_last_part_of_a_key() {
        let owner = |annotations: &str, labels: &str| {
            let text = format!(r#"{{"name": "a", "annotations": {{{annotations}}}, "labels": {{{labels}}}}}"#);
            metadata(&text).owner()
        };
        assert_eq!(owner(r#""acme.example/owner": "ci@acme.example""#, ""), Some("ci@acme.example".into()));
        assert_eq!(owner("", r#""Team": "payments", "contact": "x""#), Some("payments".into()));
        assert_eq!(owner(r#""contact": "x""#, r#""owner": "y""#), Some("y".into()), "an owner before a contact");
        assert_eq!(owner(r#""owner": " ""#, r#""team": "z""#), Some("z".into()), "an empty value names nobody");
        assert_eq!(owner("", r#""app.kubernetes.io/managed-by": "Helm", "cost-owner": "x", "owner/id": "7""#), None);
        assert_eq!(metadata(r#"{"name": "a", "labels": null}"#).owner(), None);
    }

    #[test]
    fn an_environment_is_read_from_labels_only() {
        let of = |json: &str| metadata(json).environment();
        assert_eq!(of(r#"{"name": "a", "labels": {"acme.example/env": "prd"}}"#), Some(Word::from("production")));
        assert_eq!(of(r#"{"name": "a", "labels": {"stage": "dev"}}"#), Some(Word::from("development")));
        assert_eq!(of(r#"{"name": "a", "annotations": {"env": "prod"}}"#), None);
    }
}
