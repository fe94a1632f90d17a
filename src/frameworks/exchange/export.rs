//! A catalog as OSCAL JSON.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::frameworks::{Catalog, Control, Group};

/// The version of OSCAL that is written.
const OSCAL_VERSION: &str = "1.2.0";

/// A catalog as an OSCAL catalog. The same catalog gives the same bytes: its identifier follows from its text.
#[must_use]
pub fn to_oscal(catalog: &Catalog) -> Value {
    let header = &catalog.header;
    let identity = format!("rungs catalog {} {}", catalog.id(), catalog.sha256);
    let party = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("rungs publisher {}", header.publisher).as_bytes());
    let mut metadata = json!({
        "title": header.title,
        "last-modified": moment(&header.published),
        "version": header.edition,
        "oscal-version": OSCAL_VERSION,
        "links": [{ "href": header.source, "rel": "canonical" }],
        "roles": [{ "id": "creator", "title": "Publisher" }],
        "parties": [{ "uuid": party.to_string(), "type": "organization", "name": header.publisher }],
        "responsible-parties": [{ "role-id": "creator", "party-uuids": [party.to_string()] }],
        "remarks": format!("{} Licence: {}.", header.attribution.trim(), header.licence),
    });
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("published".to_owned(), moment(&header.published).into());
    }
    let mut body = json!({
        "uuid": Uuid::new_v5(&Uuid::NAMESPACE_URL, identity.as_bytes()).to_string(),
        "metadata": metadata,
    });
    if let Some(body) = body.as_object_mut() {
        let top = catalog.groups.iter().filter(|group| group.parent.is_none());
        put(body, "groups", top.map(|top| group(catalog, top)).collect());
        let alone = catalog.controls.iter().filter(|control| control.group.is_none() && control.parent.is_none());
        put(body, "controls", alone.map(|alone| control(catalog, alone)).collect());
    }
    json!({ "catalog": body })
}

/// OSCAL knows moments only: a day or month as its first second.
fn moment(published: &str) -> String {
    match published.len() {
        4 => format!("{published}-01-01T00:00:00Z"),
        7 => format!("{published}-01T00:00:00Z"),
        _ => format!("{published}T00:00:00Z"),
    }
}

/// OSCAL has no empty lists.
fn put(object: &mut serde_json::Map<String, Value>, key: &str, items: Vec<Value>) {
    if !items.is_empty() {
        object.insert(key.to_owned(), items.into());
    }
}

/// An id as OSCAL writes it: a token of letters, digits, `.`, `-` and `_` that starts with a letter.
fn token(id: &str) -> String {
    let token: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    if token.starts_with(|c: char| c.is_ascii_alphabetic()) { token } else { format!("_{token}") }
}

fn group(catalog: &Catalog, this: &Group) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("id".to_owned(), token(&this.id).into());
    object.insert("title".to_owned(), this.title.as_deref().unwrap_or(&this.id).into());
    object.insert("props".to_owned(), json!([{ "name": "label", "value": this.id.as_str() }]));
    put(&mut object, "parts", overview(&this.id, "overview", this.summary.as_deref()));
    let inner = catalog.groups.iter().filter(|group| group.parent.as_ref() == Some(&this.id));
    put(&mut object, "groups", inner.map(|inner| group(catalog, inner)).collect());
    let own = |control: &&Control| control.group.as_ref() == Some(&this.id) && control.parent.is_none();
    put(&mut object, "controls", catalog.controls.iter().filter(own).map(|own| control(catalog, own)).collect());
    object.into()
}

fn control(catalog: &Catalog, this: &Control) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("id".to_owned(), token(&this.id).into());
    object.insert("title".to_owned(), this.name().into());
    object.insert("props".to_owned(), json!([{ "name": "label", "value": this.id.as_str() }]));
    let mut parts = overview(&this.id, "statement", this.summary.as_deref());
    parts.extend(overview(&this.id, "guidance", this.guidance.as_deref()));
    put(&mut object, "parts", parts);
    let inner = catalog.controls.iter().filter(|control| control.parent.as_ref() == Some(&this.id));
    put(&mut object, "controls", inner.map(|inner| control(catalog, inner)).collect());
    object.into()
}

fn overview(id: &str, name: &str, text: Option<&str>) -> Vec<Value> {
    text.map(|text| json!({ "id": format!("{}_{name}", token(id)), "name": name, "prose": text.trim() }))
        .into_iter()
        .collect()
}
