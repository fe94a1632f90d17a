//! One finding in the words of OCSF: classes 2003 (compliance), 2004 (detection) and 2008 (IAM analysis). What
//! Prowler and others put into it besides (metadata of resources, advice) is never read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Subject, Verdict, status_of};
use crate::config::Moment;
use crate::inventory::schema::Finding;
use crate::sources::{Input, Output, Reject, json};

const COMPLIANCE: u64 = 2003;
const DETECTION: u64 = 2004;
const IAM_ANALYSIS: u64 = 2008;

#[derive(Deserialize)]
struct Event {
    class_uid: u64,
    time: Option<Value>,
    time_dt: Option<Value>,
    status_code: Option<String>,
    status: Option<String>,
    status_id: Option<u64>,
    severity: Option<String>,
    metadata: Metadata,
    finding_info: Info,
    compliance: Option<Compliance>,
    resource: Option<Resource>,
    resources: Option<Vec<Resource>>,
    user: Option<User>,
    cloud: Option<Cloud>,
    unmapped: Option<Unmapped>,
}

#[derive(Deserialize)]
struct Metadata {
    event_code: Option<String>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    name: Option<String>,
    version: Option<String>,
    feature: Option<Named>,
}

#[derive(Deserialize)]
struct Info {
    uid: Option<String>,
    title: Option<String>,
    analytic: Option<Named>,
    types: Option<Vec<String>>,
    last_seen_time: Option<Value>,
    last_seen_time_dt: Option<Value>,
    created_time: Option<Value>,
}

#[derive(Deserialize)]
struct Compliance {
    control: Option<String>,
    standards: Option<Vec<String>>,
    requirements: Option<Vec<String>>,
    status: Option<String>,
    status_id: Option<u64>,
}

#[derive(Deserialize)]
struct Resource {
    uid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct User {
    uid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Cloud {
    provider: Option<String>,
    account: Option<Named>,
    org: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    uid: Option<String>,
}

/// What Prowler says beyond the schema.
#[derive(Deserialize)]
struct Unmapped {
    provider: Option<Value>,
    provider_uid: Option<Value>,
    compliance: Option<Value>,
}

/// What a file of findings learns from one.
pub(super) struct Read {
    pub row: Finding,
    /// When the finding was made.
    pub at: Option<Moment>,
    /// The account that it names.
    pub scope: String,
}

/// Reads one finding.
///
/// # Errors
/// [`Reject`] where it is of another class, or does not say what was checked, on what and with what result.
pub(super) fn read(text: &str, locator: &str, input: &Input, out: &mut Output) -> Result<Read, Reject> {
    let event: Event = json::parse(text, "a finding of OCSF")?;
    if ![COMPLIANCE, DETECTION, IAM_ANALYSIS].contains(&event.class_uid) {
        return Err(Reject::because("`class_uid` is not one of 2003, 2004 and 2008"));
    }
    let at = event.moment(locator, out)?;
    let status = event.verdict().ok_or_else(|| Reject::because("the finding has no verdict that is known"))?;
    let subject = event.subject();
    let scope = subject.scope.clone();
    let product = event.metadata.product.as_ref();
    let verdict = Verdict {
        uid: owned(event.finding_info.uid.as_ref()),
        tool: product.and_then(|product| product.name.clone()).unwrap_or_else(|| "ocsf".to_owned()),
        tool_version: owned(product.and_then(|product| product.version.as_ref())),
        check_id: event.check(),
        status,
        severity: owned(event.severity.as_ref()),
        title: owned(event.finding_info.title.as_ref()),
        observed_at: at,
        frameworks: event.frameworks(),
        subject,
    };
    Ok(Read { row: verdict.row(input, locator)?, at, scope })
}

impl Event {
    /// When it was last seen; a time is a number, or a text in the field of the same name with `_dt`.
    fn moment(&self, locator: &str, out: &mut Output) -> Result<Option<Moment>, Reject> {
        let info = &self.finding_info;
        let times = [
            ("last_seen_time", &info.last_seen_time),
            ("last_seen_time_dt", &info.last_seen_time_dt),
            ("time", &self.time),
            ("time_dt", &self.time_dt),
            ("created_time", &info.created_time),
        ];
        let mut known = times.into_iter().filter_map(|(field, value)| Some((field, text_of(value.as_ref())?)));
        known.next().map(|(field, text)| out.past(field, &text, locator)).transpose()
    }

    /// A compliance finding says how the check ended. Another finding is there because something was found, unless
    /// the tool says otherwise, or that it was dealt with.
    fn verdict(&self) -> Option<&'static str> {
        if let Some(compliance) = &self.compliance {
            let by_id = match compliance.status_id {
                Some(1) => Some("pass"),
                Some(2) => Some("manual"),
                Some(3) => Some("fail"),
                _ => None,
            };
            let word = compliance.status.as_deref().and_then(status_of).or(by_id);
            if word.is_some() || self.class_uid == COMPLIANCE {
                return word.or_else(|| self.status_code.as_deref().and_then(status_of));
            }
        }
        let by_code = self.status_code.as_deref().and_then(status_of);
        let by_state = match (self.status_id, self.status.as_deref().unwrap_or_default()) {
            (Some(4), _) | (None, "Resolved") => "pass",
            (Some(5 | 6), _) | (None, "Archived" | "Deleted") => "not_applicable",
            _ => "fail",
        };
        by_code.or_else(|| (self.class_uid != COMPLIANCE).then_some(by_state))
    }

    /// The tool's own rule.
    fn check(&self) -> String {
        let info = &self.finding_info;
        let feature = self.metadata.product.as_ref().and_then(|product| product.feature.as_ref());
        let candidates = [
            self.compliance.as_ref().and_then(|compliance| compliance.control.as_ref()),
            info.analytic.as_ref().and_then(|analytic| analytic.uid.as_ref()),
            self.metadata.event_code.as_ref(),
            feature.and_then(|feature| feature.uid.as_ref()),
            info.types.as_ref().and_then(|types| types.first()),
        ];
        owned(candidates.into_iter().flatten().find(|text| !text.is_empty()))
    }

    /// What it is about: the first resource that is an identity of ours, else the user, else the first resource.
    fn subject(&self) -> Subject {
        let cloud = self.cloud.as_ref();
        let beyond = self.unmapped.as_ref();
        let uid = |named: Option<&Named>| owned(named.and_then(|named| named.uid.as_ref()));
        let said = |value: Option<&Value>| text_of(value).unwrap_or_default();
        let system = owned(cloud.and_then(|cloud| cloud.provider.as_ref()));
        let scope = uid(cloud.and_then(|cloud| cloud.account.as_ref()));
        let system = non_empty(system, || said(beyond.and_then(|beyond| beyond.provider.as_ref())));
        let scope = non_empty(scope, || said(beyond.and_then(|beyond| beyond.provider_uid.as_ref())));
        let subject = |id: Option<&String>, name: Option<&String>, kind: Option<&String>| Subject {
            system: system.clone(),
            scope: scope.clone(),
            tenant: uid(cloud.and_then(|cloud| cloud.org.as_ref())),
            kind: owned(kind),
            uid: non_empty(owned(id), || owned(name)),
        };
        let resources = self.resources.iter().flatten().chain(&self.resource);
        let resources = resources.map(|r| subject(r.uid.as_ref(), r.name.as_ref(), r.kind.as_ref()));
        let user = self.user.iter().map(|u| subject(u.uid.as_ref(), u.name.as_ref(), u.kind.as_ref()));
        let mut all: Vec<Subject> = user.chain(resources).filter(|subject| !subject.uid.is_empty()).collect();
        let at = all.iter().position(|subject| subject.identity().is_some()).unwrap_or(0);
        if at < all.len() { all.swap_remove(at) } else { subject(Some(&scope), None, None) }
    }

    /// The mapping as the tool gives it, `framework: id, id | framework: id`.
    fn frameworks(&self) -> String {
        let mapped = self.unmapped.as_ref().and_then(|unmapped| unmapped.compliance.as_ref());
        let mapped: Option<BTreeMap<String, Vec<String>>> =
            mapped.and_then(|mapped| Deserialize::deserialize(mapped).ok());
        let mapped = mapped.unwrap_or_default().into_iter().map(|(name, ids)| format!("{name}: {}", ids.join(", ")));
        let mapped: Vec<String> = mapped.collect();
        if !mapped.is_empty() {
            return mapped.join(" | ");
        }
        let Some(compliance) = &self.compliance else { return String::new() };
        let list = |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect::<Vec<_>>();
        [list(&compliance.standards), list(&compliance.requirements)].concat().join(" | ")
    }
}

fn owned(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

fn non_empty(text: String, otherwise: impl FnOnce() -> String) -> String {
    if text.is_empty() { otherwise() } else { text }
}

/// A text or a number as text.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
