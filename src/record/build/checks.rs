//! Checks, questions and findings.

use super::Parts;
use crate::assessment::{AnswerState, CheckResult};
use crate::config::Moment;
use crate::frameworks::{Check, Severity};
use crate::record::convert::segment;
use crate::record::v1;

pub(super) fn check(known: &Check, parts: &Parts<'_>) -> Option<v1::Check> {
    let input = parts.inputs.checks.get(&known.id)?;
    let result = parts.whole.checks.get(&known.id)?;
    let ai = parts.ai.checks.get(&known.id)?;
    let counts = result.counts;
    let controls = parts
        .library
        .controls_of(known)
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
        tolerance: known.tolerance.as_deref().copied(),
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

pub(super) fn ai_check(result: &CheckResult) -> v1::AiCheck {
    v1::AiCheck {
        state: result.state.name().to_owned(),
        n: result.counts.n(),
        failed: result.counts.failed,
        strict: result.strict.map(Into::into),
        accepted: result.accepted.map(Into::into),
    }
}

pub(super) fn questions(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Question> {
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

pub(super) fn findings(parts: &Parts<'_>) -> v1::Findings {
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
