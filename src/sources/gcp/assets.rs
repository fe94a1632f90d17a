//! Assets as Cloud Asset Inventory wraps them: one asset of any type a record, what it is under `resource.data`.
//! Whichever source knows the file, every asset of a type that says something is read, so that one export of
//! all types is read once.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{answers, first_records, outline, service_account_keys, service_accounts, workload_identity_pools};
use crate::sources::outline::Outline;
use crate::sources::{Broken, Input, Output, Probe, Reject, json};

/// Types that say something here.
pub(super) const ACCOUNT: &str = "iam.googleapis.com/ServiceAccount";
pub(super) const KEY: &str = "iam.googleapis.com/ServiceAccountKey";
pub(super) const POOL: &str = "iam.googleapis.com/WorkloadIdentityPool";
pub(super) const PROVIDER_OF_POOL: &str = "iam.googleapis.com/WorkloadIdentityPoolProvider";
pub(super) const ROLE: &str = "iam.googleapis.com/Role";
/// The types in the order in which they say whose file it is.
const ORDER: [&str; 5] = [ACCOUNT, KEY, POOL, PROVIDER_OF_POOL, ROLE];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asset {
    asset_type: String,
    resource: Option<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    data: Option<Box<RawValue>>,
}

/// What a file of assets is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The first type in [`ORDER`] that stands in its head.
    Type(&'static str),
    /// None of them.
    Other,
}

/// What a file is about; `None` where it holds no assets.
pub(super) fn subject(probe: &Probe<'_>) -> Option<Subject> {
    let outline = outline(probe)?;
    let is_asset = |record: &Outline| {
        record.text_at("assetType").is_some() && record.get("resource").is_some_and(|resource| resource.has("data"))
    };
    // An export to a bucket is one asset a line, without an array around them.
    let first = first_records(&outline, &["assets"]).first().unwrap_or(&outline);
    if !is_asset(first) {
        return None;
    }
    let stands = |kind: &&&'static str| probe.head().contains(&format!("\"{kind}\""));
    Some(ORDER.iter().find(stands).map_or(Subject::Other, |kind| Subject::Type(kind)))
}

/// Reads every asset of a file into the rows of its type.
pub(super) fn load(input: &Input, out: &mut Output) -> Result<(), Broken> {
    let (mut accounts, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let mut pools = workload_identity_pools::Pools::default();
    let mut take = |text: &str, locator: &str, out: &mut Output| {
        out.record(locator, |out| {
            let asset: Asset = json::parse(text, "an asset")?;
            let kind = asset.asset_type.as_str();
            if !ORDER.contains(&kind) {
                return Ok(());
            }
            let data = asset.resource.and_then(|resource| resource.data);
            let data = data.ok_or_else(|| {
                Reject::because("the asset has no `resource.data`; export it with `--content-type=resource`")
            })?;
            match kind {
                ACCOUNT => {
                    accounts.insert(service_accounts::take(data.get(), locator, input, out)?);
                }
                KEY => {
                    keys.insert(service_account_keys::take(data.get(), locator, input, out)?);
                }
                POOL | PROVIDER_OF_POOL => pools.take(data.get(), locator, input, out)?,
                // Roles are held by nobody here.
                _ => {}
            }
            Ok(())
        })
    };
    let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
    let read = if probe.has_key("assetType") && !probe.is_json_array() {
        json::documents(input.reader()?, &mut |number, document| {
            take(document.get(), &format!("document {number}"), out)
        })
    } else {
        answers(input, &["assets"], &["readTime"], out, &mut |piece, out| {
            if piece.is_element {
                return take(piece.text(), &piece.pointer, out);
            }
            if let Some(at) = piece.parse::<String>("a moment").ok().and_then(|at| out.date("readTime", &at).ok()) {
                out.made_at(at);
            }
            Ok(())
        })
    };
    service_accounts::cover(&accounts, out);
    service_account_keys::cover(&keys, true, out);
    pools.finish(input, out)?;
    let all: BTreeSet<&String> = accounts.iter().chain(&keys).collect();
    if let [project] = all.into_iter().collect::<Vec<_>>().as_slice() {
        out.about_scope(project);
    }
    read
}
