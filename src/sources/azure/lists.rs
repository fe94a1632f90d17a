//! The shapes in which Azure's tools hand out lists: arrays of the CLI, pages of Graph, of the resource
//! manager and of the resource graph, one page after the other or gathered in an array, and bare records.
//! Knows nothing of what the records say.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::sources::outline::Outline;
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Probe, json};

/// Keys under which a page keeps its records.
const LISTS: &[&str] = &["value", "data"];
/// Keys by which a page says that there is another one.
const NEXT: &[&str] = &["@odata.nextLink", "odata.nextLink", "nextLink", "skip_token", "skipToken", "$skipToken"];

/// Reads one record: its locator, its text.
pub(super) type Read<'a> = dyn FnMut(&str, &str, &mut Output) -> Result<(), Stop> + 'a;

/// Hands every record of the file to `read`, and says whether pages are missing.
pub(super) fn each(input: &Input, out: &mut Output, read: &mut Read<'_>) -> Result<(), Broken> {
    let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
    if !probe.is_json_array() && LISTS.iter().any(|list| probe.has_key(list)) {
        return each_of_pages(input, out, read);
    }
    // Only the last page may say that there is more; what earlier ones announce follows them.
    let mut more = None;
    json::records(input.reader()?, &mut |locator, document| {
        let Some(page) = Page::of(document.get()) else {
            return out.record(locator, |out| read(locator, document.get(), out));
        };
        more = Some(page.has_next());
        let lists = page.value.iter().map(|records| ("value", records)).chain(page.data.iter().map(|r| ("data", r)));
        for (list, records) in lists {
            for (index, record) in records.iter().enumerate() {
                // Pointers into one array go on; numbers of documents are followed by a pointer.
                let separator = if locator.starts_with('/') { "" } else { " " };
                let locator = format!("{locator}{separator}/{list}/{index}");
                out.record(&locator, |out| read(&locator, record.get(), out))?;
            }
        }
        Ok(())
    })?;
    if let Some(more) = more {
        out.pages_missing(more);
    }
    Ok(())
}

/// The same where the first document is a page: these may be as large as a tenant.
fn each_of_pages(input: &Input, out: &mut Output, read: &mut Read<'_>) -> Result<(), Broken> {
    let (mut page, mut more) = (0, false);
    json::pages(input.reader()?, LISTS, NEXT, &mut |number, piece| {
        if number > page {
            (page, more) = (number, false);
        }
        if !piece.is_element {
            more |= is_next(piece.text());
            return Ok(());
        }
        let locator = piece.pointer.clone();
        out.record(&locator, |out| read(&locator, piece.text(), out))
    })?;
    out.pages_missing(more);
    Ok(())
}

fn is_next(text: &str) -> bool {
    !matches!(text, "null" | "\"\"")
}

/// A page that was gathered with others.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    value: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(rename = "@odata.nextLink")]
    odata_next: Option<&'a RawValue>,
    #[serde(rename = "nextLink")]
    next: Option<&'a RawValue>,
    skip_token: Option<&'a RawValue>,
}

impl<'a> Page<'a> {
    fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|page: &Self| page.value.is_some() || page.data.is_some())
    }

    fn has_next(&self) -> bool {
        [self.odata_next, self.next, self.skip_token].into_iter().flatten().any(|next| is_next(next.get()))
    }
}

/// The first records of a file, as far as its head goes, to tell what they are.
pub(super) struct Sample {
    root: Outline,
}

impl Sample {
    pub fn of(probe: &Probe<'_>) -> Option<Self> {
        if !probe.is_json() {
            return None;
        }
        probe.outline().map(|root| Self { root: root.clone() })
    }

    /// Whether one of the first records is as wanted.
    pub fn any(&self, wanted: impl Fn(&Outline) -> bool) -> bool {
        let pages = if self.root.is_object() { std::slice::from_ref(&self.root) } else { self.root.elements() };
        pages.iter().any(|page| {
            let lists: Vec<_> = LISTS.iter().filter_map(|list| page.get(list)).collect();
            if lists.is_empty() { wanted(page) } else { lists.iter().any(|list| list.elements().iter().any(&wanted)) }
        })
    }

    /// What Graph says the list is of: `applications`, `servicePrincipals(id,appId)`, ...
    pub fn context(&self) -> Option<&str> {
        let page = if self.root.is_object() { Some(&self.root) } else { self.root.elements().first() };
        let (_, list) = page?.text_at("@odata.context")?.split_once("$metadata#")?;
        Some(list)
    }

    /// Whether Graph says that the list is of these, and not of something that they have.
    pub fn is_list_of(&self, name: &str) -> bool {
        self.context().and_then(|list| list.strip_prefix(name)).is_some_and(|rest| {
            let rest = rest.strip_suffix("/$entity").unwrap_or(rest);
            // What was selected stands in brackets, and may hold brackets itself.
            rest.is_empty() || (rest.starts_with('(') && rest.ends_with(')'))
        })
    }
}

/// Whether a record has a text of the given value at the key, whatever its case.
pub(super) fn says(record: &Outline, key: &str, text: &str) -> bool {
    record.text_at(key).is_some_and(|known| known.eq_ignore_ascii_case(text))
}

/// Whether a record, or the properties of a resource, has all the keys.
pub(super) fn has_all(record: &Outline, keys: &[&str]) -> bool {
    let properties = record.get("properties");
    keys.iter().all(|key| record.has(key) || properties.is_some_and(|properties| properties.has(key)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn sample(text: &str) -> Sample {
        Sample::of(&Probe::of(Path::new("x.json"), text.as_bytes())).unwrap()
    }

    #[test]
    fn records_are_found_in_every_shape() {
        for text in [
            r#"[{"appId": "a"}]"#,
            r#"{"value": [{"appId": "a"}]}"#,
            r#"[{"value": [{"appId": "a"}]}]"#,
            r#"{"data": [{"appId": "a"}], "skip_token": null}"#,
            r#"{"appId": "a"}"#,
        ] {
            assert!(sample(text).any(|record| record.has("appId")), "{text}");
            assert!(!sample(text).any(|record| record.has("value")), "{text}");
        }
    }

    #[test]
    fn the_context_tells_lists_from_what_belongs_to_an_element() {
        let of = |list: &str| sample(&format!("{{\"@odata.context\": \"https://graph/v1.0/$metadata#{list}\"}}"));
        assert!(of("applications").is_list_of("applications"));
        assert!(of("applications(id,owners())").is_list_of("applications"));
        assert!(!of("applications('a')/federatedIdentityCredentials").is_list_of("applications"));
        assert!(!of("applicationTemplates").is_list_of("applications"));
    }
}
