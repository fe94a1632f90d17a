//! OSCAL as far as it is read. Names are OSCAL's own, and so is what they mean.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Document {
    pub catalog: Option<Catalog>,
    pub profile: Option<Profile>,
    pub mapping_collection: Option<Collection>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub struct Metadata {
    pub title: String,
    pub version: String,
    pub published: String,
    pub last_modified: String,
    pub parties: Vec<Party>,
    pub links: Vec<Link>,
}

#[derive(Deserialize)]
pub struct Party {
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub struct Link {
    pub href: String,
    pub rel: Option<String>,
}

#[derive(Deserialize)]
pub struct Catalog {
    pub metadata: Metadata,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub controls: Vec<Control>,
}

#[derive(Deserialize)]
pub struct Group {
    pub id: Option<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub props: Vec<Prop>,
    #[serde(default)]
    pub parts: Vec<Part>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub controls: Vec<Control>,
}

#[derive(Deserialize)]
pub struct Control {
    pub id: String,
    pub class: Option<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub props: Vec<Prop>,
    #[serde(default)]
    pub parts: Vec<Part>,
    #[serde(default)]
    pub controls: Vec<Control>,
}

#[derive(Deserialize)]
pub struct Param {
    pub id: String,
    pub label: Option<String>,
    pub select: Option<Select>,
}

#[derive(Deserialize)]
pub struct Select {
    #[serde(default)]
    pub choice: Vec<String>,
}

#[derive(Deserialize)]
pub struct Prop {
    pub name: String,
    pub value: String,
    pub class: Option<String>,
}

#[derive(Deserialize)]
pub struct Part {
    pub name: String,
    pub title: Option<String>,
    pub prose: Option<String>,
    #[serde(default)]
    pub props: Vec<Prop>,
    #[serde(default)]
    pub parts: Vec<Part>,
}

#[derive(Deserialize)]
pub struct Profile {
    pub metadata: Metadata,
    #[serde(default)]
    pub imports: Vec<Import>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Import {
    pub href: String,
    pub include_all: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    pub include_controls: Vec<Selection>,
    #[serde(default)]
    pub exclude_controls: Vec<Selection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Selection {
    pub with_child_controls: Option<String>,
    #[serde(default)]
    pub with_ids: Vec<String>,
    pub matching: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub struct Collection {
    pub metadata: Metadata,
    #[serde(default)]
    pub mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mapping {
    pub source_resource: Resource,
    pub target_resource: Resource,
    #[serde(default)]
    pub maps: Vec<Map>,
}

#[derive(Deserialize)]
pub struct Resource {
    pub href: String,
}

#[derive(Deserialize)]
pub struct Map {
    pub relationship: String,
    #[serde(default)]
    pub sources: Vec<Item>,
    #[serde(default)]
    pub targets: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    pub id_ref: String,
}
