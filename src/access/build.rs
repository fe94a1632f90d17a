//! From the tables to the graph. Memory grows with identities and trusts, not with entitlements.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::graph::{AccessGraph, Power};
use super::pattern::covers;
use crate::inventory::schema::{Entitlement, Identity, IdentityUse, Row, Trust};
use crate::inventory::{Coverage, Error, Fact, Level, Store};

/// The action by which an AWS principal becomes a role.
const ASSUME: &str = "sts:AssumeRole";

/// Reads everything that says who can become whom.
pub(super) fn read(store: &Store, coverage: &Coverage) -> Result<AccessGraph, Error> {
    let mut graph = AccessGraph::default();
    // Service accounts of Google Cloud by their numbers, which some exports name in place of addresses.
    let mut numbers: BTreeMap<String, String> = BTreeMap::new();
    // Service accounts by the name that federated tokens carry: `system:serviceaccount:ns:name`.
    let mut subjects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    each(store, Identity::TABLE, &["identity_id", "name", "native_id", "kind", "provider", "scope_id"], |row| {
        let [id, name, native, kind, provider, scope] = row else { return };
        if let (Some(id), Some(name)) = (id, name) {
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
                if *provider == Some("gcp") {
                    numbers.insert(format!("gcp:{native}"), (*id).to_owned());
                }
                subjects.entry((*native).to_owned()).or_default().push((*id).to_owned());
            }
        }
    })?;
    each(store, IdentityUse::TABLE, &["identity_id", "user_ref"], |row| {
        let [Some(id), Some(user)] = row else { return };
        if graph.has(user) {
            graph.can_become(user, id);
        }
    })?;
    // Roles that trust another account's principals as far as those may assume them: (account, role).
    let mut by_account: BTreeMap<String, Vec<String>> = BTreeMap::new();
    each(store, Trust::TABLE, &["identity_id", "kind", "subject"], |row| {
        let [Some(id), Some(kind), Some(subject)] = row else { return };
        let id: &str = numbers.get(*id).map_or(id, String::as_str);
        match *kind {
            "same_account" | "cross_account" => match account_root(subject) {
                Some(account) => {
                    graph.trusts_account(account, id);
                    by_account.entry(account.to_owned()).or_default().push((*id).to_owned());
                }
                None => graph.can_become(subject, id),
            },
            // Whoever makes tokens for an identity speaks for it.
            "token_creator" => graph.can_become(subject, id),
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
    powers(store, &mut graph)?;
    Ok(graph)
}

/// Marks who has full control, can give itself more, or holds a grant whose document was not exported.
fn powers(store: &Store, graph: &mut AccessGraph) -> Result<(), Error> {
    each(store, Entitlement::TABLE, &["identity_id", "effect", "is_admin", "can_escalate"], |row| {
        let [Some(id), Some("allow"), admin, escalate] = row else { return };
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
