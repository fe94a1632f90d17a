//! From everything that was computed to the saved assessment.

use std::collections::BTreeMap;

use super::convert::{ratings, segment};
use super::v1;
use crate::assessment::{
    Answer, AnswerState, CheckResult, ControlResult, FrameworkResult, Inputs, Part, PartKind, Scored,
};
use crate::config::{Config, Moment};
use crate::diag::{Diagnostic, Scalar};
use crate::engine::WaiverHits;
use crate::frameworks::{Assurance, Catalog, Check, ControlMapping, Library, Severity};
use crate::inventory::{Coverage, Provider};
use crate::maturity::{AiMaturity, DomainResult, Maturity, Verdict};
use crate::plan::{Action, Gain, HOURS_PER_WAVE, NextLevel, Target, WAVES};
use crate::sources::Estate;

/// Everything that was computed.
pub struct Parts<'a> {
    /// The validated rungs.yaml.
    pub config: &'a Config,
    /// What was read.
    pub estate: &'a Estate,
    /// What is measured.
    pub library: &'a Library,
    /// Values of parameters, by name.
    pub parameters: &'a BTreeMap<String, Scalar>,
    /// Largest age of evidence, in days.
    pub max_evidence_age_days: u32,
    /// What all figures rest on.
    pub inputs: &'a Inputs,
    /// Parts for the whole estate.
    pub whole: &'a Scored,
    /// Parts for the identities that AI uses.
    pub ai: &'a Scored,
    /// Figures of frameworks.
    pub frameworks: &'a [FrameworkResult],
    /// Maturity of the whole estate.
    pub identity: &'a Maturity,
    /// Maturity of the identities that AI uses.
    pub ai_identity: &'a Maturity,
    /// What it leaves of the claim.
    pub ai_maturity: &'a AiMaturity,
    /// Figures of the first page.
    pub summary: v1::Estate,
    /// Failing rows that each waiver covers.
    pub waiver_hits: &'a WaiverHits,
    /// Actions with their gains, and their order: (place, wave).
    pub actions: &'a [Action],
    /// Gains of the actions.
    pub gains: &'a [Gain],
    /// Places of actions with their waves.
    pub order: &'a [(usize, usize)],
    /// What reaches the next level.
    pub next_level: Option<NextLevel>,
    /// Warnings and notes.
    pub notices: Vec<Diagnostic>,
    /// The assessment's id.
    pub id: String,
    /// The file of row verdicts: name and digest.
    pub rows: (String, String),
    /// The file of rejected records.
    pub rejected_file: String,
}

/// Builds the record.
#[must_use]
pub fn build(parts: &Parts<'_>) -> v1::Assessment {
    let as_of = parts.estate.as_of;
    v1::Assessment {
        rungs: v1::Program { version: env!("CARGO_PKG_VERSION").to_owned(), format: v1::FORMAT.to_owned() },
        id: parts.id.clone(),
        as_of: as_of.to_string(),
        organisation: parts.config.organisation.clone(),
        scope: scope(parts),
        evidence: evidence(parts),
        unrecognised: parts
            .estate
            .unrecognised
            .iter()
            .map(|file| v1::Unrecognised { path: file.path.clone(), reason: file.reason.clone() })
            .collect(),
        catalogs: parts.frameworks.iter().filter_map(|f| parts.library.catalog(&f.id)).map(catalog).collect(),
        frameworks_sha256: parts.library.digest.clone(),
        parameters: parameters(parts),
        estate: parts.summary.clone(),
        maturity: maturity(parts),
        frameworks: parts.frameworks.iter().filter_map(|result| framework(result, parts.library)).collect(),
        checks: parts.library.checks.iter().filter_map(|known| check(known, parts)).collect(),
        questions: questions(parts, as_of),
        findings: findings(parts),
        rows: v1::Rows { file: parts.rows.0.clone(), sha256: parts.rows.1.clone() },
        plan: plan(parts),
        waivers: waivers(parts, as_of),
        not_applicable: not_applicable(parts, as_of),
        attestations: attestations(parts, as_of),
        rejected: v1::Rejected { count: parts.estate.rejected().count(), file: parts.rejected_file.clone() },
        notices: parts.notices.iter().map(notice).collect(),
    }
}

fn scope(parts: &Parts<'_>) -> v1::Scope {
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

fn estate_scopes(config: &Config, coverage: &Coverage) -> Vec<v1::EstateScope> {
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

fn evidence(parts: &Parts<'_>) -> Vec<v1::Evidence> {
    let file = |file: &crate::sources::LoadedFile| v1::Evidence {
        path: file.path.clone(),
        sha256: file.sha256.clone(),
        kind: file.about.kind.to_owned(),
        title: file.about.title.to_owned(),
        provider: file.about.provider.to_owned(),
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
            .map(|(scope_id, fact, level, note)| v1::EvidenceCoverage {
                scope_id: scope_id.clone(),
                fact: fact.name().to_owned(),
                level: level.name().to_owned(),
                note: note.clone(),
            })
            .collect(),
    };
    parts.estate.files.iter().map(file).collect()
}

fn catalog(catalog: &Catalog) -> v1::Catalog {
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

fn parameters(parts: &Parts<'_>) -> Vec<v1::Parameter> {
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

fn maturity(parts: &Parts<'_>) -> v1::Maturity {
    let model = &parts.library.model;
    v1::Maturity {
        model: v1::Model {
            id: model.id.clone(),
            title: model.title.clone(),
            edition: model.edition.clone(),
            levels: model
                .levels
                .iter()
                .map(|level| v1::Level {
                    level: level.level,
                    title: level.title.clone(),
                    summary: level.summary.clone(),
                })
                .collect(),
        },
        identity: identity_maturity(parts.identity, parts.library, parts.whole),
        ai_identity: identity_maturity(parts.ai_identity, parts.library, parts.ai),
        ai: v1::AiMaturity {
            claimed: parts.ai_maturity.claimed,
            effective: parts.ai_maturity.effective.map(|(low, high)| v1::Effective { low, high }),
            verdict: parts.ai_maturity.verdict.map(|verdict| {
                match verdict {
                    Verdict::Supported => "supported",
                    Verdict::Unproven => "unproven",
                    Verdict::Fragile => "fragile",
                }
                .to_owned()
            }),
            binding: parts.ai_maturity.binding.clone(),
        },
    }
}

fn identity_maturity(maturity: &Maturity, library: &Library, scored: &Scored) -> v1::IdentityMaturity {
    v1::IdentityMaturity {
        proven: maturity.proven,
        possible: maturity.possible,
        mean_proven: maturity.mean_proven,
        mean_possible: maturity.mean_possible,
        profile: maturity
            .profile
            .iter()
            .map(|level| v1::ProfileLevel {
                level: level.level,
                holding: v1::Holding { low: level.holding_proven, high: level.holding_possible },
                failing: level.failing.clone(),
                unproven: level.unproven.clone(),
            })
            .collect(),
        domains: maturity.domains.iter().map(|result| domain(result, library, scored)).collect(),
    }
}

fn domain(result: &DomainResult, library: &Library, scored: &Scored) -> v1::Domain {
    let known = library.model.domain(&result.id);
    v1::Domain {
        id: result.id.clone(),
        title: known.map(|domain| domain.title.clone()).unwrap_or_default(),
        asks: known.map(|domain| domain.asks.clone()).unwrap_or_default(),
        proven: result.proven,
        possible: result.possible,
        blocks: v1::Blocks { proven: result.blocks_proven.clone(), possible: result.blocks_possible.clone() },
        practices: result
            .practices
            .iter()
            .map(|practice| v1::Practice {
                id: practice.id.clone(),
                title: library.model.practice(&practice.id).map(|known| known.title.clone()).unwrap_or_default(),
                level: practice.level,
                strict: practice.rated.strict.map(Into::into),
                rating: ratings(&practice.rated),
                capped_by: practice.rated.capped_by.clone(),
                parts: scored.parts(&practice.id).iter().map(|part| part.id.clone()).collect(),
            })
            .collect(),
    }
}

fn framework(result: &FrameworkResult, library: &Library) -> Option<v1::Framework> {
    let catalog = library.catalog(&result.id)?;
    let mapping = library.mappings.get(&result.id);
    Some(v1::Framework {
        id: result.id.clone(),
        title: catalog.header.title.clone(),
        edition: catalog.header.edition.clone(),
        in_scope: result.in_scope,
        mapped: result.mapped,
        evidenced: result.evidenced,
        achieved: v1::Figures { strict: result.strict.map(Into::into), accepted: result.accepted.map(Into::into) },
        groups: catalog
            .groups
            .iter()
            .map(|group| v1::Group {
                id: group.id.to_string(),
                parent: group.parent.as_ref().map(|parent| parent.to_string()),
                title: group.title.clone(),
                summary: group.summary.clone(),
            })
            .collect(),
        controls: result
            .controls
            .iter()
            .map(|result| {
                let mapped = mapping.and_then(|mapping| mapping.controls.get(&result.id)).map(|located| &**located);
                control(result, catalog, mapped)
            })
            .collect(),
    })
}

fn control(result: &ControlResult, catalog: &Catalog, mapped: Option<&ControlMapping>) -> v1::Control {
    let known = catalog.control(&result.id);
    let practices = match mapped {
        Some(ControlMapping::Mapped { parts, .. }) => parts
            .iter()
            .map(|part| v1::ControlPractice {
                id: part.id.to_string(),
                relation: part.relation.name().to_owned(),
                why: part.why.clone(),
            })
            .collect(),
        _ => Vec::new(),
    };
    v1::Control {
        id: result.id.clone(),
        title: known.map(|control| control.name().to_owned()).unwrap_or_default(),
        summary: known.and_then(|control| control.summary.clone()),
        group: known.and_then(|control| control.group.as_ref()).map(|group| group.to_string()),
        state: result.state.name().to_owned(),
        strict: result.rated.strict.map(Into::into),
        accepted: result.rated.accepted.map(Into::into),
        rating: ratings(&result.rated),
        capped_by: result.rated.capped_by.clone(),
        covers: result.covers.map(|covers| covers.name().to_owned()),
        leaves: result.leaves.clone(),
        assurance: match result.assurance {
            Assurance::Automated => "automated",
            Assurance::Organisational => "organisational",
        }
        .to_owned(),
        practices,
        parts: result.parts.iter().map(part).collect(),
    }
}

fn part(part: &Part) -> v1::Part {
    v1::Part {
        id: part.id.clone(),
        kind: match part.kind {
            PartKind::Check => "check",
            PartKind::Question => "question",
        }
        .to_owned(),
        weight: part.weight,
        strength: part.strength,
        strict: part.value.strict.map(Into::into),
    }
}

fn check(known: &Check, parts: &Parts<'_>) -> Option<v1::Check> {
    let input = parts.inputs.checks.get(&known.id)?;
    let result = parts.whole.checks.get(&known.id)?;
    let ai = parts.ai.checks.get(&known.id)?;
    let counts = result.counts;
    let controls = parts
        .library
        .controls_of(&known.practice)
        .into_iter()
        .filter(|(catalog, _)| parts.frameworks.iter().any(|framework| framework.id == *catalog))
        .map(|(catalog, control)| format!("{catalog}/{control}"))
        .collect();
    Some(v1::Check {
        id: known.id.clone(),
        title: known.title.clone(),
        rationale: known.rationale.clone(),
        severity: known.severity.name().to_owned(),
        kind: match known.kind {
            crate::frameworks::Kind::Preventive => "preventive",
            crate::frameworks::Kind::Detective => "detective",
        }
        .to_owned(),
        view: known.view.to_string(),
        practice: known.practice.to_string(),
        domain: parts
            .library
            .model
            .practice(&known.practice)
            .map(|practice| practice.domain.clone())
            .unwrap_or_default(),
        state: result.state.name().to_owned(),
        error: input.error.clone(),
        n: counts.n(),
        passed: counts.passed,
        failed: counts.failed,
        unknown: counts.unknown,
        undetermined: counts.undetermined,
        waived: counts.waived,
        observed: result.observed.map(Into::into),
        whole: v1::Figures::of(result),
        ai: ai_check(ai),
        segments: input.segments.iter().map(segment).collect(),
        covered: input
            .remit
            .covered
            .iter()
            .map(|(provider, scope_id)| v1::ScopeRef { provider: provider.clone(), scope_id: scope_id.clone() })
            .collect(),
        uncovered: input
            .remit
            .uncovered
            .iter()
            .map(|scope| v1::Uncovered {
                provider: scope.provider.clone(),
                scope_id: scope.scope_id.clone(),
                level: scope.level.name().to_owned(),
                missing: scope.missing,
            })
            .collect(),
        needs_missing: input
            .remit
            .needs_missing
            .iter()
            .map(|(fact, provider, scope_id)| v1::NeedMissing {
                fact: fact.clone(),
                provider: provider.clone(),
                scope_id: scope_id.clone(),
            })
            .collect(),
        evidence: known.evidence.iter().map(|column| column.to_string()).collect(),
        remediation: v1::Remediation {
            title: known.remediation.title.clone(),
            steps: known.remediation.steps.clone(),
            owner: known.remediation.owner.clone(),
        },
        controls,
    })
}

fn ai_check(result: &CheckResult) -> v1::AiCheck {
    v1::AiCheck {
        state: result.state.name().to_owned(),
        n: result.counts.n(),
        failed: result.counts.failed,
        strict: result.strict.map(Into::into),
        accepted: result.accepted.map(Into::into),
    }
}

fn questions(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Question> {
    let state = |id: &str| {
        let states: Vec<AnswerState> = parts
            .inputs
            .answers
            .given
            .iter()
            .filter(|answer| answer.question_id == id)
            .map(|answer| answer.state(as_of))
            .collect();
        let any = |wanted: &[AnswerState]| states.iter().any(|state| wanted.contains(state));
        if any(&[AnswerState::Evidenced, AnswerState::Unevidenced]) {
            "answered"
        } else if any(&[AnswerState::NotApplicable]) {
            "not-applicable"
        } else if any(&[AnswerState::Stale]) {
            "stale"
        } else {
            "unanswered"
        }
    };
    parts
        .library
        .questions
        .iter()
        .map(|question| v1::Question {
            id: question.id.to_string(),
            practice: question.practice.to_string(),
            domain: parts
                .library
                .model
                .practice(&question.practice)
                .map(|practice| practice.domain.clone())
                .unwrap_or_default(),
            question: question.question.clone(),
            severity: question.severity.name().to_owned(),
            state: state(&question.id).to_owned(),
            value: parts.inputs.answers.value(&question.id).map(Into::into),
        })
        .collect()
}

fn findings(parts: &Parts<'_>) -> v1::Findings {
    let of = |severity: Severity| {
        let mut count = v1::SeverityCount { severity: severity.name().to_owned(), failed: 0, unknown: 0, waived: 0 };
        for check in parts.library.checks.iter().filter(|check| check.severity == severity) {
            if let Some(result) = parts.whole.checks.get(&check.id) {
                count.failed += result.counts.failed;
                count.unknown += result.counts.unknown + result.counts.undetermined;
                count.waived += result.counts.waived;
            }
        }
        count
    };
    let mut top: Vec<(Severity, v1::TopFinding)> = parts
        .library
        .checks
        .iter()
        .filter_map(|check| {
            let counts = parts.whole.checks.get(&check.id)?.counts;
            let input = parts.inputs.checks.get(&check.id)?;
            let used_by_ai = |use_: &Option<String>| use_.as_deref().is_some_and(|word| word != "none");
            let failed_ai = input
                .segments
                .iter()
                .filter(|s| !input.by_identity || used_by_ai(&s.segment.ai_use))
                .map(|s| s.failed)
                .sum();
            (counts.failed > 0).then(|| {
                let finding = v1::TopFinding {
                    check: check.id.clone(),
                    title: check.title.clone(),
                    severity: check.severity.name().to_owned(),
                    failed: counts.failed,
                    failed_ai,
                    n: counts.n(),
                };
                (check.severity, finding)
            })
        })
        .collect();
    top.sort_by(|(a, x), (b, y)| b.cmp(a).then(y.failed.cmp(&x.failed)).then(x.check.cmp(&y.check)));
    v1::Findings {
        by_severity: [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(of).to_vec(),
        top: top.into_iter().map(|(_, finding)| finding).collect(),
    }
}

fn plan(parts: &Parts<'_>) -> v1::Plan {
    let in_next_level =
        |id: &str| parts.next_level.as_ref().is_some_and(|next| next.actions.iter().any(|action| action == id));
    let actions = parts
        .order
        .iter()
        .filter_map(|(place, wave)| Some((parts.actions.get(*place)?, parts.gains.get(*place)?, WAVES.get(*wave)?)))
        .map(|(action, gain, wave)| {
            let (check, question, scope) = match &action.target {
                Target::Check { check, scope } => (Some(check.clone()), None, scope.clone()),
                Target::Question(question) => (None, Some(question.clone()), None),
            };
            let severity = check
                .as_deref()
                .and_then(|id| parts.library.check(id).map(|check| check.severity))
                .or_else(|| question.as_deref().and_then(|id| parts.library.question(id).map(|known| known.severity)));
            v1::Action {
                id: action.id.clone(),
                kind: action.kind.name().to_owned(),
                check,
                question,
                provider: scope.as_ref().map(|(provider, _)| provider.clone()),
                scope_id: scope.map(|(_, scope)| scope),
                title: action.title.clone(),
                severity: severity.map_or("medium", Severity::name).to_owned(),
                rows: action.rows,
                owner: action.owner.clone(),
                effort_hours: action.effort_hours,
                requires: action.requires.clone(),
                wave: (*wave).to_owned(),
                in_next_level: in_next_level(&action.id),
                gain: v1::Gain { frameworks: gain.frameworks.clone(), up_to: gain.up_to },
                how: action.how.clone(),
            }
        })
        .collect();
    v1::Plan {
        actions,
        next_level: parts.next_level.as_ref().map(|next| v1::NextLevel {
            level: next.level,
            actions: next.actions.clone(),
            effort_hours: next.effort_hours,
            exact: next.exact,
            without_action: next.without_action.clone(),
        }),
        hours_per_wave: HOURS_PER_WAVE,
    }
}

fn waivers(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Waiver> {
    parts
        .config
        .waivers
        .iter()
        .enumerate()
        .map(|(index, waiver)| {
            let in_force = waiver.in_force(as_of);
            let waived = parts.waiver_hits.get(&index).copied().unwrap_or(0);
            v1::Waiver {
                check: waiver.check.to_string(),
                rows: waiver.predicate.as_ref().map_or_else(|| waiver.ids.join(", "), |text| text.to_string()),
                reason: waiver.reason.clone(),
                approver: waiver.approver.clone(),
                from: waiver.from.map(|from| from.date().to_string()),
                expiry: waiver.expiry.date().to_string(),
                state: if in_force {
                    "in-force"
                } else if waiver.expired(as_of) {
                    "expired"
                } else {
                    "not-yet"
                }
                .to_owned(),
                waived,
                unused: in_force && waived == 0,
            }
        })
        .collect()
}

fn not_applicable(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::NotApplicable> {
    let given = parts.inputs.answers.given.iter().filter(|answer| answer.answer == Answer::NotApplicable);
    given
        .map(|answer| v1::NotApplicable {
            question: answer.question_id.clone(),
            scope_id: answer.scope_id.clone(),
            reason: answer.reason.clone(),
            approver: answer.approver.clone(),
            accepted: answer.state(as_of) == AnswerState::NotApplicable,
        })
        .collect()
}

fn attestations(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Attestation> {
    let day = |moment: Option<Moment>| moment.map(|moment| moment.date().to_string());
    parts
        .inputs
        .answers
        .given
        .iter()
        .map(|answer| v1::Attestation {
            question: answer.question_id.clone(),
            scope_id: answer.scope_id.clone(),
            answer: answer.answer.name().to_owned(),
            state: answer.state(as_of).name().to_owned(),
            answered_by: answer.answered_by.clone(),
            role: answer.role.clone(),
            answered_at: day(answer.answered_at),
            expires_at: day(answer.expires_at),
            evidence_ref: answer.evidence_ref.clone(),
            evidence_sha256: answer.evidence_sha256.clone(),
            reason: answer.reason.clone(),
            approver: answer.approver.clone(),
            comment: answer.comment.clone(),
            source_id: answer.source_id.clone(),
            locator: answer.locator.clone(),
        })
        .collect()
}

fn notice(fault: &Diagnostic) -> v1::Notice {
    v1::Notice {
        code: fault.code.to_owned(),
        severity: fault.severity.to_string(),
        message: fault.message.clone(),
        place: fault.place.as_ref().map(crate::diag::Place::describe),
        help: fault.help.clone(),
    }
}
