//! The plan, and the registers of accepted risks and answers.

use super::Parts;
use crate::assessment::{Answer, AnswerState};
use crate::config::Moment;
use crate::frameworks::Severity;
use crate::plan::{HOURS_PER_WAVE, Target, WAVES};
use crate::record::v1;

pub(super) fn plan(parts: &Parts<'_>) -> v1::Plan {
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

pub(super) fn waivers(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Waiver> {
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

pub(super) fn not_applicable(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::NotApplicable> {
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

pub(super) fn attestations(parts: &Parts<'_>, as_of: Moment) -> Vec<v1::Attestation> {
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
