//! What must be known of an AzureHound file before its records can be read: its records stand in no order, and
//! owners, names of roles and the tenant stand in records of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::filled;
use super::objects::{DirectoryObject, names};
use crate::sources::json::{self, Piece};
use crate::sources::{Broken, Input, Reject};

/// One record: its kind and what it says.
#[derive(Deserialize)]
pub(super) struct Wrapped {
    pub kind: String,
    pub data: Box<RawValue>,
}

impl Wrapped {
    pub fn of(piece: &Piece) -> Result<Self, Reject> {
        piece.parse("a record of AzureHound")
    }

    pub fn parse<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T, Reject> {
        json::parse(self.data.get(), what)
    }
}

/// What the whole file says.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The tenant's id, where a record names it.
    pub tenant: Option<String>,
    /// Kinds of records that are there.
    pub kinds: BTreeSet<String>,
    /// App ids by the object ids of their applications: versions differ in which of them they print.
    apps: BTreeMap<String, String>,
    /// Names of owners, by app id or by the object id of a service principal.
    owners: BTreeMap<String, String>,
    /// Names of roles of the directory.
    roles: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    id: Option<String>,
    app_id: Option<String>,
    display_name: Option<String>,
    tenant_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owners {
    app_id: Option<String>,
    service_principal_id: Option<String>,
    owners: Option<Vec<Owner>>,
}

#[derive(Deserialize)]
struct Owner {
    owner: Option<DirectoryObject>,
}

impl Index {
    /// Reads the file once.
    pub fn read(input: &Input) -> Result<Self, Broken> {
        let mut index = Self::default();
        json::pieces(input.reader()?, &["data"], &[], &mut |piece| {
            // What cannot be read is put aside when the record itself is read.
            if let Ok(record) = Wrapped::of(&piece) {
                index.take(&record);
            }
            Ok(())
        })?;
        Ok(index)
    }

    fn take(&mut self, record: &Wrapped) {
        if !self.kinds.contains(&record.kind) {
            self.kinds.insert(record.kind.clone());
        }
        match record.kind.as_str() {
            "AZAppOwner" | "AZServicePrincipalOwner" => {
                let Ok(list) = record.parse::<Owners>("") else { return };
                let id = filled(list.app_id.as_deref()).or(filled(list.service_principal_id.as_deref()));
                let owners: Vec<_> = list.owners.into_iter().flatten().filter_map(|it| it.owner).collect();
                if let (Some(id), Some(names)) = (id.map(str::to_lowercase), names(&owners)) {
                    self.owners.insert(id, names);
                }
            }
            "AZApp" | "AZServicePrincipal" | "AZRole" | "AZTenant" => {
                let Ok(named) = record.parse::<Named>("") else { return };
                if self.tenant.is_none() {
                    self.tenant = filled(named.tenant_id.as_deref()).map(str::to_lowercase);
                }
                let Some(id) = filled(named.id.as_deref()).map(str::to_lowercase) else { return };
                match (record.kind.as_str(), named.app_id, named.display_name) {
                    ("AZApp", Some(app_id), _) => {
                        self.apps.insert(id, app_id.to_lowercase());
                    }
                    ("AZRole", _, Some(name)) => {
                        self.roles.insert(id, name);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The app id that a record means, which may print the application's object id instead.
    pub fn app_id(&self, id: &str) -> String {
        let id = id.to_lowercase();
        self.apps.get(&id).cloned().unwrap_or(id)
    }

    /// Who owns an application or service principal, by any of its ids.
    pub fn owner<'a>(&self, ids: impl IntoIterator<Item = Option<&'a str>>) -> Option<String> {
        ids.into_iter().flatten().find_map(|id| self.owners.get(&id.to_lowercase()).cloned())
    }

    pub fn role_name(&self, id: &str) -> Option<&str> {
        self.roles.get(&id.to_lowercase()).map(String::as_str)
    }

    pub fn has(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }
}
