//! Keys of the APIs that serve models, as their administrators list them. The lists show no value of a key, but
//! some carry a few of its letters; these are not kept.

pub mod anthropic;
pub mod openai;

use super::PROVIDER;
use crate::inventory::column::Word;
use crate::inventory::schema::{Credential, Identity};
use crate::sources::Input;

/// A key in a list, with nothing but its id.
fn key(id: &str, kind: &str, locator: &str, input: &Input) -> Credential {
    Credential {
        credential_id: id.to_owned(),
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from(kind),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Credential::default()
    }
}

/// A holder of keys, with nothing but its id and name.
fn holder(id: String, kind: &str, name: &str, native_id: &str, locator: &str, input: &Input) -> Identity {
    Identity {
        identity_id: id,
        provider: Word::from(PROVIDER),
        scope_id: Some(Word(input.scope_id.clone())),
        kind: Word::from(kind),
        name: name.to_owned(),
        native_id: native_id.to_owned(),
        is_human: Some(kind == "human"),
        source_id: input.source_id.clone(),
        locator: locator.to_owned(),
        ..Identity::default()
    }
}
