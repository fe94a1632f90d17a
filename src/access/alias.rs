//! Other names of identities: a service account of Google Cloud is known by its number too. In Entra, an application stands for the service principal of the same app id, a
//! resource for the managed identity that it is, an object id for whatever object bears it. The section ALIASES
//! of `engine/views.sql` says the same for the views.

use std::collections::{BTreeMap, BTreeSet};

/// Which identities a name may mean.
#[derive(Debug, Default)]
pub(super) struct Aliases(BTreeMap<String, BTreeSet<String>>);

impl Aliases {
    /// Takes the other names of an identity.
    pub fn learn(&mut self, id: &str, native: &str) {
        if id.starts_with("gcp:") && !native.is_empty() && native.bytes().all(|byte| byte.is_ascii_digit()) {
            self.add(format!("gcp:{native}"), id);
        }
        let Some((tenant, kind, object)) = parts(id) else { return };
        let is_resource = native.starts_with('/');
        if kind == "sp" {
            self.add(format!("{tenant}:{}:{native}", if is_resource { "mi" } else { "app" }), id);
        }
        if matches!(kind, "sp" | "app") && !is_resource {
            self.add(format!("entra:app:{native}"), id);
        }
        if matches!(kind, "sp" | "user" | "group") {
            self.add(format!("{tenant}:object:{object}"), id);
        }
    }

    fn add(&mut self, alias: String, id: &str) {
        self.0.entry(alias).or_default().insert(id.to_owned());
    }

    /// The identity that a name means; the name itself where it is none, or where it could mean several.
    pub fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        let Some(meant) = self.0.get(name) else { return name };
        let tenants: BTreeSet<_> = meant.iter().filter_map(|id| parts(id)).map(|(tenant, ..)| tenant).collect();
        let mut principals = meant.iter().filter(|id| parts(id).is_some_and(|(_, kind, _)| kind == "sp"));
        match (tenants.len(), principals.next(), principals.next()) {
            (1, Some(principal), None) => principal,
            (0 | 1, None, None) if meant.len() == 1 => meant.first().map_or(name, String::as_str),
            _ => name,
        }
    }
}

/// `entra:{tenant}`, kind and object of an id.
fn parts(id: &str) -> Option<(&str, &str, &str)> {
    let (rest, object) = id.strip_prefix("entra:").and_then(|_| id.rsplit_once(':'))?;
    let (tenant, kind) = rest.rsplit_once(':')?;
    tenant.starts_with("entra:").then_some((tenant, kind, object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_the_principal_where_there_is_one() {
        let mut aliases = Aliases::default();
        aliases.learn("entra:t:app:a1", "a1");
        aliases.learn("entra:t:sp:o1", "a1");
        aliases.learn("entra:t:sp:o2", "a2");
        aliases.learn("entra:t:sp:o2", "/subscriptions/s/x");
        aliases.learn("entra:t:user:o3", "o3");
        aliases.learn("entra:t:app:a4", "a4");
        aliases.learn("arn:aws:iam::1:role/r", "r");
        aliases.learn("gcp:etl@p.iam.gserviceaccount.com", "1234");
        for (name, expected) in [
            ("entra:t:app:a1", "entra:t:sp:o1"),
            ("entra:app:a1", "entra:t:sp:o1"),
            ("entra:t:mi:/subscriptions/s/x", "entra:t:sp:o2"),
            ("entra:t:object:o3", "entra:t:user:o3"),
            ("entra:app:a4", "entra:t:app:a4"),
            ("entra:t:app:a4", "entra:t:app:a4"),
            ("entra:t:sp:o1", "entra:t:sp:o1"),
            ("gcp:1234", "gcp:etl@p.iam.gserviceaccount.com"),
            ("arn:aws:iam::1:role/r", "arn:aws:iam::1:role/r"),
        ] {
            assert_eq!(aliases.resolve(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_that_two_share_names_neither() {
        let mut aliases = Aliases::default();
        aliases.learn("entra:t:sp:o1", "a");
        aliases.learn("entra:u:sp:o2", "a");
        assert_eq!(aliases.resolve("entra:app:a"), "entra:app:a");
        assert_eq!(aliases.resolve("entra:u:app:a"), "entra:u:sp:o2");
        aliases.learn("entra:u:sp:o3", "a");
        assert_eq!(aliases.resolve("entra:u:app:a"), "entra:u:app:a");
    }
}
