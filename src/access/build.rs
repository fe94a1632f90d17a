//! From the tables to the graph. Memory grows with identities and trusts, not with entitlements.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::alias::Aliases;
use super::graph::{AccessGraph, Power};
use super::pattern::covers;
use crate::inventory::schema::{Entitlement, Identity, IdentityUse, Row, Trust};
use crate::inventory::{Coverage, Error, Fact, Level, Store};

/// The action by which an AWS principal becomes a role.
const ASSUME: &str = "sts:AssumeRole";

/// Reads everything that says who can become whom.
pub(super) fn read(store: &Store, coverage: &Coverage) -> Result<AccessGraph, Error> {
    let mut graph = AccessGraph::default();
    let aliases = aliases(store)?;
    // Service accounts by the name that federated tokens carry: `system:serviceaccount:ns:name`.
    let mut subjects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    each(store, Identity::TABLE, &["identity_id", "name", "native_id", "kind", "provider", "scope_id"], |row| {
        let [id, name, native, kind, provider, scope] = row else { return };
        // What has a better id is there under that one.
        if let (Some(id), Some(name)) = (id, name)
            && aliases.resolve(id) == *id
        {
            graph.add(id, name);
            let read = match (provider, scope) {
                (Some(provider), Some(scope)) => coverage.level(provider, scope, Fact::Entitlement),
                _ => Level::None,
            };
            if read != Level::Full {
                graph.unread(id);
            }
            if *kind == Some("service_account")
                && let Some(native) = native
            {
                subjects.entry((*native).to_owned()).or_default().push((*id).to_owned());
            }
        }
    })?;
    each(store, IdentityUse::TABLE, &["identity_id", "user_ref"], |row| {
        let [Some(id), Some(user)] = row else { return };
        let (id, user) = (aliases.resolve(id), aliases.resolve(user));
        if graph.has(user) {
            graph.can_become(user, id);
        }
    })?;
    // Roles that trust another account's principals as far as those may assume them: (account, role).
    let mut by_account: BTreeMap<String, Vec<String>> = BTreeMap::new();
    each(store, Trust::TABLE, &["identity_id", "kind", "subject"], |row| {
        let [Some(id), Some(kind), Some(subject)] = row else { return };
        let id = &aliases.resolve(id);
        match *kind {
            "same_account" | "cross_account" => match account_root(subject) {
                Some(account) => {
                    graph.trusts_account(account, id);
                    by_account.entry(account.to_owned()).or_default().push((*id).to_owned());
                }
                None => graph.can_become(aliases.resolve(subject), id),
            },
            // Whoever makes tokens for an identity speaks for it.
            "token_creator" => graph.can_become(aliases.resolve(subject), id),
            "oidc" => {
                for pattern in subject.split_whitespace().filter(|text| text.starts_with("system:serviceaccount:")) {
                    for (native, accounts) in &subjects {
                        if covers(pattern, native) {
                            accounts.iter().for_each(|account| graph.can_become(account, id));
                        }
                    }
                }
            }
            _ => {}
        }
    })?;
    let columns = &["identity_id", "scope_id", "effect", "action", "action_kind", "resource", "provider"];
    each(store, Entitlement::TABLE, columns, |row| {
        let [Some(id), Some(scope), Some("allow"), Some(action), Some(kind), Some(resource), Some("aws")] = row else {
            return;
        };
        let assumes = match *kind {
            "not_action" => !action.split_whitespace().any(|pattern| covers(pattern, ASSUME)),
            _ => covers(action, ASSUME),
        };
        if !assumes {
            return;
        }
        for pattern in resource.split_whitespace() {
            if pattern == "*" {
                graph.may_assume_all(id, scope);
            } else {
                for role in by_account.get(*scope).into_iter().flatten().filter(|role| covers(pattern, role)) {
                    graph.can_become(id, role);
                }
            }
        }
    })?;
    powers(store, &aliases, &mut graph)?;
    Ok(graph)
}

/// What identities are also called.
fn aliases(store: &Store) -> Result<Aliases, Error> {
    let mut aliases = Aliases::default();
    each(store, Identity::TABLE, &["identity_id", "native_id"], |row| {
        if let [Some(id), Some(native)] = row {
            aliases.learn(id, native);
        }
    })?;
    Ok(aliases)
}

/// Marks who has full control, can give itself more, or holds a grant whose document was not exported.
fn powers(store: &Store, aliases: &Aliases, graph: &mut AccessGraph) -> Result<(), Error> {
    each(store, Entitlement::TABLE, &["identity_id", "effect", "is_admin", "can_escalate"], |row| {
        let [Some(id), Some("allow"), admin, escalate] = row else { return };
        let id = aliases.resolve(id);
        if *admin == Some("true") {
            graph.has_power(id, Power::Admin);
        } else if *escalate == Some("true") {
            graph.has_power(id, Power::Escalation);
        }
        if admin.is_none() {
            graph.unread(id);
        }
    })
}

/// The account of an ARN like `arn:aws:iam::111122223333:root`.
fn account_root(arn: &str) -> Option<&str> {
    let rest = arn.strip_suffix(":root")?;
    rest.rsplit(':').next().filter(|account| account.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Calls `visit` with the named columns of every row as texts.
fn each(
    store: &Store,
    table: &'static crate::inventory::schema::Table,
    columns: &'static [&'static str],
    mut visit: impl FnMut(&[Option<&str>]),
) -> Result<(), Error> {
    for batch in store.read(table, columns)? {
        let texts = texts(&batch?).map_err(|source| Error::Arrow { table: table.name, source })?;
        let texts: Vec<_> = texts.iter().map(|column| column.as_string::<i32>()).collect();
        let rows = texts.first().map_or(0, |column| column.len());
        let mut row = Vec::with_capacity(columns.len());
        for at in 0..rows {
            row.clear();
            row.extend(texts.iter().map(|column| column.is_valid(at).then(|| column.value(at))));
            visit(&row);
        }
    }
    Ok(())
}

fn texts(batch: &RecordBatch) -> Result<Vec<ArrayRef>, arrow::error::ArrowError> {
    batch.columns().iter().map(|column| cast(column, &DataType::Utf8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Moment;
    use crate::inventory::column::Word;

    /// A workload of a cluster signs in as an application by a federated credential, and its service principal
    /// owns a subscription.
    #[test]
    fn a_federated_workload_reaches_what_the_principal_of_its_application_holds() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::new(work.path());
        let mut writer = store.writer(0);
        let identities = [
            ("k8s:c:sa:agents:triage", "agents/triage", "system:serviceaccount:agents:triage", "service_account"),
            ("entra:t:app:a1", "triage app", "a1", "app_registration"),
            ("entra:t:sp:o1", "triage", "a1", "service_principal"),
        ];
        for (id, name, native, kind) in identities {
            let row = Identity {
                identity_id: id.to_owned(),
                name: name.to_owned(),
                native_id: native.to_owned(),
                kind: Word::from(kind),
                ..Identity::default()
            };
            writer.push(row).unwrap();
        }
        let trust = Trust {
            identity_id: "entra:t:app:a1".to_owned(),
            kind: Word::from("oidc"),
            subject: Some("system:serviceaccount:agents:triage".to_owned()),
            ..Trust::default()
        };
        writer.push(trust).unwrap();
        let owner = Entitlement {
            identity_id: "entra:t:object:o1".to_owned(),
            effect: Word::from("allow"),
            is_admin: Some(true),
            ..Entitlement::default()
        };
        writer.push(owner).unwrap();
        writer.finish().unwrap();
        let graph = read(&store, &Coverage::new(Moment::from_micros(0), 92)).unwrap();
        let ways = graph.ways_to_power();
        let paths: BTreeMap<_, _> =
            graph.identities().filter_map(|(id, node)| Some((id, graph.describe(ways.get(&node)?)))).collect();
        let expected = [
            ("entra:t:sp:o1", "triage: full control".to_owned()),
            ("k8s:c:sa:agents:triage", "agents/triage > triage: full control".to_owned()),
        ];
        assert_eq!(paths.into_iter().collect::<Vec<_>>(), expected);
    }
}
