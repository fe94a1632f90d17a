//! Exports of Google Cloud: service accounts, their keys, IAM policies, workload identity pools and the record
//! of use. Holds what they share: how Google names projects, accounts and resources, and how its answers come
//! in arrays and pages that may follow each other.

pub mod activity;
mod assets;
mod bindings;
pub mod iam_policies;
mod member;
mod policies;
mod roles;
pub mod service_account_keys;
pub mod service_accounts;
pub mod workload_identity_pools;

use super::json::{self, Piece};
use super::outline::Outline;
use super::{Broken, Input, Output, Probe};

/// Provider of everything here.
const PROVIDER: &str = "gcp";

/// Id of a service account, by its address.
fn account_id(email: &str) -> String {
    format!("{PROVIDER}:{}", email.to_lowercase())
}

/// What follows `/collection/` in the name of a resource.
fn segment<'a>(name: &'a str, collection: &str) -> Option<&'a str> {
    let mut parts = name.split('/');
    parts.by_ref().find(|part| *part == collection)?;
    parts.next().filter(|part| !part.is_empty())
}

/// The id of the project in the name of a resource; `None` where the name has its number alone, or `-` for any.
fn project_of(name: &str) -> Option<&str> {
    segment(name, "projects").filter(|project| *project != "-" && !is_number(project))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Hands out the records of a file: elements of arrays, and of the arrays under `keys` in pages. `values` are
/// handed out as well. Says where a page is missing: where the last one names another.
fn answers(
    input: &Input,
    keys: &[&str],
    values: &[&str],
    out: &mut Output,
    each: &mut dyn FnMut(&Piece, &mut Output) -> Result<(), Broken>,
) -> Result<(), Broken> {
    const TOKEN: &str = "nextPageToken";
    let values: Vec<&str> = values.iter().copied().chain([TOKEN]).collect();
    let mut with_token = None;
    let count = json::pages(input.reader()?, keys, &values, &mut |number, piece| {
        if piece.is_element || piece.key != TOKEN {
            return each(&piece, out);
        }
        if !matches!(piece.text(), "\"\"" | "null") {
            with_token = Some(number);
        }
        Ok(())
    })?;
    if with_token == Some(count) {
        out.pages_missing(true);
    }
    Ok(())
}

/// The outline of the first answer in a file that is not empty: a command that was run for many things often
/// starts with one that has nothing.
fn outline(probe: &Probe<'_>) -> Option<Outline> {
    let start = probe.head().trim_start();
    let mut head = start;
    while let Some(rest) = head.strip_prefix("[]").or_else(|| head.strip_prefix("{}")) {
        head = rest.trim_start();
    }
    if head.len() == start.len() { probe.outline().cloned() } else { Outline::of(head) }
}

/// The first records of an answer: an array, or a page with them under one of the keys.
fn first_records<'a>(outline: &'a Outline, keys: &[&str]) -> &'a [Outline] {
    match outline {
        Outline::Array(elements) => elements,
        page => keys.iter().find_map(|key| page.get(key)).map_or(&[], Outline::elements),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_named_by_id_or_number() {
        assert_eq!(project_of("projects/acme-prod/serviceAccounts/a@b"), Some("acme-prod"));
        assert_eq!(project_of("//iam.googleapis.com/projects/acme-prod/serviceAccounts/1"), Some("acme-prod"));
        assert_eq!(project_of("projects/-/serviceAccounts/a@b"), None);
        assert_eq!(project_of("projects/123456789012/locations/global"), None);
        assert_eq!(project_of("organizations/1"), None);
        assert_eq!(segment("projects/p/serviceAccounts/a@b/keys/k", "keys"), Some("k"));
        assert_eq!(segment("projects/p/keys/", "keys"), None);
    }

    #[test]
    fn the_first_answer_with_something_in_it_is_looked_at() {
        let head = |text: &str| outline(&Probe::of(std::path::Path::new("x.json"), text.as_bytes()));
        let found = head("[]\n[]\n[{\"name\": \"k\"}]").unwrap();
        assert_eq!(first_records(&found, &[])[0].text_at("name"), Some("k"));
        let found = head("{\"keys\": [{\"name\": \"k\"}]}").unwrap();
        assert_eq!(first_records(&found, &["accounts", "keys"]).len(), 1);
        assert!(first_records(&found, &["accounts"]).is_empty());
        assert_eq!(head("[]\n"), None);
    }
}
