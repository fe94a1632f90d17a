//! Forgiving in, strict out: from an id as people write it to the control that it means.

use super::{Catalog, Library, Reference};

/// What an id may mean.
#[derive(Debug, Clone)]
pub enum Resolution<'a> {
    /// Exactly one thing.
    One(Resolved<'a>),
    /// An informal id that is no publisher's: what it most likely means.
    Informal(&'a Catalog, &'a Reference),
    /// Several things.
    Ambiguous(Vec<Resolved<'a>>),
    /// Nothing.
    Unknown,
}

/// A control or group of a catalog.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// The catalog that it stands in.
    pub catalog: &'a Catalog,
    /// Its official id.
    pub id: &'a str,
    /// Whether it is a group.
    pub is_group: bool,
}

impl Library {
    /// Finds what an id means. `catalog/id` looks in one catalog only. An exact id or alias wins, then an
    /// informal reference, then ids that differ only in case, separators, leading zeros or edition.
    #[must_use]
    pub fn resolve(&self, written: &str) -> Resolution<'_> {
        let written = written.trim();
        let (catalogs, id): (Vec<&Catalog>, &str) = match written.split_once('/') {
            Some((catalog, id)) if self.catalog(catalog).is_some() => (self.catalog(catalog).into_iter().collect(), id),
            _ => (self.catalogs.iter().collect(), written),
        };
        let exact = find(&catalogs, |known, alias| known == id || alias == Some(id));
        if !exact.is_empty() {
            return one_or_many(exact);
        }
        for catalog in &catalogs {
            for reference in &catalog.header.references {
                if reference.id.eq_ignore_ascii_case(id) {
                    return Resolution::Informal(catalog, reference);
                }
            }
        }
        let wanted = tokens(id);
        if wanted.is_empty() {
            return Resolution::Unknown;
        }
        one_or_many(find(&catalogs, |known, alias| {
            let full = tokens(known);
            let bare = known.split_once(':').map(|(bare, _)| tokens(bare));
            wanted == full || bare.as_ref() == Some(&wanted) || alias.is_some_and(|alias| tokens(alias) == wanted)
        }))
    }
}

fn find<'a>(catalogs: &[&'a Catalog], matches: impl Fn(&str, Option<&str>) -> bool) -> Vec<Resolved<'a>> {
    let mut found = Vec::new();
    for catalog in catalogs {
        for control in &catalog.controls {
            let by_alias = control.aliases.iter().any(|alias| matches(&control.id, Some(alias)));
            if by_alias || matches(&control.id, None) {
                found.push(Resolved { catalog, id: &control.id, is_group: false });
            }
        }
        for group in catalog.groups.iter().filter(|group| matches(&group.id, None)) {
            found.push(Resolved { catalog, id: &group.id, is_group: true });
        }
    }
    found
}

fn one_or_many(found: Vec<Resolved<'_>>) -> Resolution<'_> {
    match found.as_slice() {
        [] => Resolution::Unknown,
        [one] => Resolution::One(*one),
        _ => Resolution::Ambiguous(found),
    }
}

/// The words and numbers of an id, lower-cased, without leading zeros: `GV.OC-01` gives gv, oc, 1.
fn tokens(id: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut last = None;
    for character in id.chars().flat_map(char::to_lowercase) {
        let class = if character.is_ascii_digit() {
            Some(true)
        } else if character.is_alphabetic() {
            Some(false)
        } else {
            None
        };
        match (class, tokens.last_mut()) {
            (None, _) => {}
            (Some(_), Some(token)) if class == last => token.push(character),
            (Some(_), _) => tokens.push(character.to_string()),
        }
        last = class;
    }
    for token in &mut tokens {
        if token.bytes().all(|byte| byte.is_ascii_digit()) {
            let trimmed = token.trim_start_matches('0');
            *token = if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() };
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn ids_are_compared_by_words_and_numbers() {
        assert_eq!(tokens("GV.OC-01"), ["gv", "oc", "1"]);
        assert_eq!(tokens("nhi-07"), tokens("NHI7"));
        assert_eq!(tokens("GOVERN 1.1"), ["govern", "1", "1"]);
        assert_ne!(tokens("T1"), tokens("T11"));
        assert_ne!(tokens("GOVERN 1.1"), tokens("GOVERN 11"));
    }
}
