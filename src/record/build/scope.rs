//! What was assessed: scopes, files, catalogs, parameters, notices.

use super::Parts;
use crate::config::Config;
use crate::diag::{Diagnostic, Scalar};
use crate::frameworks::Catalog;
use crate::inventory::{Coverage, Provider};
use crate::record::v1;

pub(super) fn scope(parts: &Parts<'_>) -> v1::Scope {
    let engagement = &parts.config.engagement;
    v1::Scope {
        client: engagement.client.clone(),
        assessor: engagement.assessor.clone(),
        period: engagement.period.clone(),
        status: engagement.status.clone(),
        scopes: estate_scopes(parts.config, &parts.estate.coverage),
        excluded: parts
            .config
            .scopes
            .iter()
            .filter_map(|scope| {
                let excluded = scope.excluded.as_ref()?;
                Some(v1::ExcludedScope {
                    provider: scope.provider.to_string(),
                    scope_id: scope.id.to_string(),
                    reason: excluded.reason.clone(),
                    approver: excluded.approver.clone(),
                })
            })
            .chain(parts.config.absent.iter().map(|absent| v1::ExcludedScope {
                provider: absent.provider.to_string(),
                scope_id: v1::ExcludedScope::ALL.to_owned(),
                reason: absent.reason.clone(),
                approver: absent.approver.clone(),
            }))
            .collect(),
        targets: parts
            .config
            .targets
            .iter()
            .map(|target| v1::Target { level: target.level, by: target.by.date().to_string() })
            .collect(),
        max_evidence_age_days: parts.max_evidence_age_days,
    }
}

pub(super) fn estate_scopes(config: &Config, coverage: &Coverage) -> Vec<v1::EstateScope> {
    coverage
        .scopes()
        .map(|(provider, scope_id)| {
            let declared = config.scopes.iter().find(|known| *known.provider == provider && *known.id == scope_id);
            let facts = Provider::find(provider).map_or(&[] as &[_], |known| known.supplies);
            v1::EstateScope {
                provider: provider.to_owned(),
                scope_id: scope_id.to_owned(),
                name: declared.and_then(|known| known.name.clone()),
                declared: declared.is_some(),
                coverage: facts
                    .iter()
                    .map(|fact| v1::FactLevel {
                        fact: fact.name().to_owned(),
                        level: coverage.level(provider, scope_id, *fact).name().to_owned(),
                    })
                    .collect(),
                at_most: declared
                    .into_iter()
                    .flat_map(|known| &known.at_most)
                    .map(|(view, rows)| v1::Bound { view: view.clone(), rows: **rows })
                    .collect(),
            }
        })
        .collect()
}

pub(super) fn evidence(parts: &Parts<'_>) -> Vec<v1::Evidence> {
    let file = |file: &crate::sources::LoadedFile| v1::Evidence {
        path: file.path.clone(),
        sha256: file.sha256.clone(),
        kind: file.about.kind.to_owned(),
        title: file.about.title.to_owned(),
        provider: file.provider.to_owned(),
        scope_id: file.scope_id.clone(),
        scope_assumed: file.scope_assumed,
        rows_read: file.rows_read,
        rows_loaded: file.rows_loaded,
        rows_rejected: i64::try_from(file.rejected.len()).unwrap_or(i64::MAX),
        as_of: file.as_of.to_string(),
        as_of_basis: file.as_of_basis.to_owned(),
        stale: !parts.estate.coverage.counts(file.as_of),
        excluded: file.excluded,
        failure: file.failure.clone(),
        coverage: file
            .coverage
            .iter()
            .map(|covered| v1::EvidenceCoverage {
                scope_id: covered.scope_id.clone(),
                fact: covered.fact.name().to_owned(),
                level: covered.level.name().to_owned(),
                note: covered.note.clone(),
            })
            .collect(),
    };
    parts.estate.files.iter().map(file).collect()
}

pub(super) fn catalog(catalog: &Catalog) -> v1::Catalog {
    let header = &catalog.header;
    v1::Catalog {
        id: catalog.id().to_owned(),
        title: header.title.clone(),
        publisher: header.publisher.clone(),
        edition: header.edition.clone(),
        published: header.published.clone(),
        licence: header.licence.clone(),
        attribution: header.attribution.trim().to_owned(),
        source: header.source.clone(),
        sha256: catalog.sha256.clone(),
    }
}

pub(super) fn parameters(parts: &Parts<'_>) -> Vec<v1::Parameter> {
    let value = |scalar: &Scalar| serde_json::to_value(scalar).unwrap_or(serde_json::Value::Null);
    let mut all: Vec<v1::Parameter> = parts
        .library
        .parameters()
        .into_iter()
        .map(|(name, default)| v1::Parameter {
            name: name.to_owned(),
            value: value(parts.parameters.get(name).unwrap_or(default)),
            default: value(default),
        })
        .collect();
    all.push(v1::Parameter {
        name: "max_evidence_age_days".to_owned(),
        value: parts.max_evidence_age_days.into(),
        default: crate::config::DEFAULT_MAX_EVIDENCE_AGE_DAYS.into(),
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

pub(super) fn notice(fault: &Diagnostic) -> v1::Notice {
    v1::Notice {
        code: fault.code.to_owned(),
        severity: fault.severity.to_string(),
        message: fault.message.clone(),
        place: fault.place.as_ref().map(crate::diag::Place::describe),
        help: fault.help.clone(),
    }
}
