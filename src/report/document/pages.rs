//! Scope, method and the appendices: registers as the record holds them, worded for a reader.

use std::collections::BTreeMap;

use super::build::day;
use super::{Answer, Catalog, Evidence, Excluded, NotApplicable, Notice, Parameter, Scope, Waiver};
use crate::record::v1::{Assessment, ExcludedScope};

/// Waves of the plan, in order, as the record names them.
pub(super) const WAVE_NAMES: [&str; 4] = ["0-30 days", "31-60 days", "61-90 days", "later"];

pub(super) fn evidence(record: &Assessment) -> Vec<Evidence> {
    record
        .evidence
        .iter()
        .map(|file| Evidence {
            path: file.path.clone(),
            kind: file.kind.clone(),
            title: file.title.clone(),
            scope: file.scope_id.clone(),
            scope_assumed: file.scope_assumed,
            as_of: day(&file.as_of),
            as_of_basis: file.as_of_basis.clone(),
            read: file.rows_read,
            loaded: file.rows_loaded,
            rejected: file.rows_rejected,
            sha256: file.sha256.clone(),
            state: match &file.failure {
                Some(reason) => reason.clone(),
                None if file.excluded => "excluded".to_owned(),
                None if file.stale => "stale".to_owned(),
                None => "read".to_owned(),
            },
            notes: file
                .coverage
                .iter()
                .filter_map(|covered| Some(format!("{}: {}", covered.fact, covered.note.as_ref()?)))
                .collect(),
        })
        .collect()
}

pub(super) fn scopes(record: &Assessment) -> Vec<Scope> {
    record
        .scope
        .scopes
        .iter()
        .map(|scope| {
            let at = |level: &str| -> Vec<String> {
                scope.coverage.iter().filter(|fact| fact.level == level).map(|fact| fact.fact.clone()).collect()
            };
            Scope {
                provider: scope.provider.clone(),
                scope_id: scope.scope_id.clone(),
                name: scope.name.clone().unwrap_or_default(),
                declared: scope.declared,
                full: at("full"),
                partial: at("partial"),
                none: at("none"),
                bounds: scope.at_most.iter().map(|bound| format!("at most {} {}", bound.rows, bound.view)).collect(),
            }
        })
        .collect()
}

pub(super) fn excluded(record: &Assessment) -> Vec<Excluded> {
    record
        .scope
        .excluded
        .iter()
        .map(|scope| Excluded {
            scope: match scope.scope_id.as_str() {
                ExcludedScope::ALL => format!("{}: none exists", scope.provider),
                id => format!("{} {id}", scope.provider),
            },
            reason: scope.reason.clone(),
            approver: scope.approver.clone(),
        })
        .collect()
}

pub(super) fn parameters(record: &Assessment, changed_only: bool) -> Vec<Parameter> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    record
        .parameters
        .iter()
        .filter(|parameter| !changed_only || parameter.value != parameter.default)
        .map(|parameter| Parameter {
            name: parameter.name.clone(),
            value: text(&parameter.value),
            default: text(&parameter.default),
        })
        .collect()
}

pub(super) fn waivers(record: &Assessment) -> Vec<Waiver> {
    let titles: BTreeMap<&str, &str> =
        record.checks.iter().map(|check| (check.id.as_str(), check.title.as_str())).collect();
    record
        .waivers
        .iter()
        .map(|waiver| Waiver {
            check: waiver.check.clone(),
            title: titles.get(waiver.check.as_str()).copied().unwrap_or_default().to_owned(),
            rows: waiver.rows.clone(),
            reason: waiver.reason.clone(),
            approver: waiver.approver.clone(),
            from: waiver.from.clone().unwrap_or_default(),
            expiry: waiver.expiry.clone(),
            state: if waiver.unused { "unused".to_owned() } else { waiver.state.clone() },
            waived: waiver.waived,
        })
        .collect()
}

pub(super) fn not_applicable(record: &Assessment) -> Vec<NotApplicable> {
    record
        .not_applicable
        .iter()
        .map(|answer| NotApplicable {
            question: answer.question.clone(),
            scope: answer.scope_id.clone(),
            reason: answer.reason.clone().unwrap_or_default(),
            approver: answer.approver.clone().unwrap_or_default(),
            accepted: answer.accepted,
        })
        .collect()
}

pub(super) fn weak_answers(record: &Assessment) -> Vec<Answer> {
    let texts: BTreeMap<&str, &str> =
        record.questions.iter().map(|question| (question.id.as_str(), question.question.as_str())).collect();
    record
        .attestations
        .iter()
        .filter(|answer| matches!(answer.state.as_str(), "stale" | "unattested" | "unevidenced" | "unsupported"))
        .map(|answer| Answer {
            question: answer.question.clone(),
            text: texts.get(answer.question.as_str()).copied().unwrap_or_default().to_owned(),
            scope: answer.scope_id.clone(),
            answer: answer.answer.clone(),
            state: answer.state.clone(),
            answered_by: answer.answered_by.clone().unwrap_or_default(),
            answered_at: answer.answered_at.clone().unwrap_or_default(),
        })
        .collect()
}

pub(super) fn catalogs(record: &Assessment) -> Vec<Catalog> {
    record
        .catalogs
        .iter()
        .map(|catalog| Catalog {
            id: catalog.id.clone(),
            title: catalog.title.clone(),
            publisher: catalog.publisher.clone(),
            edition: catalog.edition.clone(),
            published: catalog.published.clone(),
            licence: catalog.licence.clone(),
            attribution: catalog.attribution.clone(),
            source: catalog.source.clone(),
            sha256: catalog.sha256.clone(),
        })
        .collect()
}

pub(super) fn notices(record: &Assessment) -> Vec<Notice> {
    record
        .notices
        .iter()
        .map(|notice| Notice {
            severity: notice.severity.clone(),
            message: notice.message.clone(),
            place: notice.place.clone().unwrap_or_default(),
            help: notice.help.clone().unwrap_or_default(),
        })
        .collect()
}
