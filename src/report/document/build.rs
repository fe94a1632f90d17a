//! From the record to the document: headline, domains, checks and plan.

use std::collections::BTreeMap;

use super::*;
use crate::record::v1::{self, Assessment};
use crate::report::text::{DASH, range, share};
use crate::report::{Error, Templates};

/// Builds the document, texts included.
///
/// # Errors
/// When a text template is wrong.
pub fn build(record: &Assessment, templates: &Templates) -> Result<Document, Error> {
    let titles = Titles::new(record);
    let mut document = Document {
        cover: cover(record),
        text: BTreeMap::new(),
        headline: headline(record, &titles),
        levels: record
            .maturity
            .model
            .levels
            .iter()
            .map(|level| LevelTitle { level: level.level, title: level.title.clone(), summary: level.summary.clone() })
            .collect(),
        uses: record.estate.identities.iter().map(use_summary).collect(),
        agents: Count { agents: record.estate.agents, tools: record.estate.agent_tools },
        selectors: record
            .estate
            .selectors
            .iter()
            .map(|selector| Selector { text: selector.text.clone(), identities: selector.identities })
            .collect(),
        revocation: record.estate.revocation.iter().map(revocation).collect(),
        profile: profile(record, &titles),
        domain_count: record.maturity.identity.domains.len(),
        domains: domains(record, &titles),
        frameworks: super::frameworks::frameworks(record, &titles),
        severities: record
            .findings
            .by_severity
            .iter()
            .map(|count| Severity {
                severity: count.severity.clone(),
                failed: count.failed,
                unknown: count.unknown,
                waived: count.waived,
            })
            .collect(),
        checks: checks(record),
        rows: Vec::new(),
        rows_found: 0,
        questions: record
            .questions
            .iter()
            .map(|question| Question {
                id: question.id.clone(),
                domain: question.domain.clone(),
                question: question.question.clone(),
                state: question.state.clone(),
                bar: bar(question.value.as_ref()),
            })
            .collect(),
        plan: super::plan::plan(record, &titles),
        evidence: super::pages::evidence(record),
        unrecognised: record
            .unrecognised
            .iter()
            .map(|file| Pair { name: file.path.clone(), text: file.reason.clone() })
            .collect(),
        scopes: super::pages::scopes(record),
        excluded: super::pages::excluded(record),
        targets: record
            .scope
            .targets
            .iter()
            .map(|target| Target { level: target.level, by: target.by.clone() })
            .collect(),
        parameters_changed: super::pages::parameters(record, true),
        parameters: super::pages::parameters(record, false),
        waivers: super::pages::waivers(record),
        not_applicable: super::pages::not_applicable(record),
        weak_answers: super::pages::weak_answers(record),
        answers_given: record.attestations.len(),
        catalogs: super::pages::catalogs(record),
        notices: super::pages::notices(record),
        rejected: record.rejected.count,
    };
    for (name, text) in templates.render_texts(&document)? {
        document.text.insert(name, Prose::new(&text));
    }
    Ok(document)
}

/// Titles of practices, checks and questions.
pub(super) struct Titles<'a> {
    practices: BTreeMap<&'a str, PracticeRef>,
    checks: BTreeMap<&'a str, &'a v1::Check>,
    questions: BTreeMap<&'a str, &'a v1::Question>,
}

impl<'a> Titles<'a> {
    fn new(record: &'a Assessment) -> Self {
        let practices = record
            .maturity
            .identity
            .domains
            .iter()
            .flat_map(|domain| {
                domain.practices.iter().map(|practice| {
                    let reference = PracticeRef {
                        id: practice.id.clone(),
                        title: practice.title.clone(),
                        domain: domain.title.clone(),
                        level: practice.level,
                    };
                    (practice.id.as_str(), reference)
                })
            })
            .collect();
        Self {
            practices,
            checks: record.checks.iter().map(|check| (check.id.as_str(), check)).collect(),
            questions: record.questions.iter().map(|question| (question.id.as_str(), question)).collect(),
        }
    }

    pub(super) fn practice(&self, id: &str) -> PracticeRef {
        self.practices.get(id).cloned().unwrap_or_else(|| PracticeRef {
            id: id.to_owned(),
            title: id.to_owned(),
            domain: String::new(),
            level: 0,
        })
    }

    pub(super) fn practices(&self, ids: &[String]) -> Vec<PracticeRef> {
        ids.iter().map(|id| self.practice(id)).collect()
    }

    /// A part with its title and state.
    pub(super) fn part(&self, id: &str) -> Part {
        match (self.checks.get(id), self.questions.get(id)) {
            (Some(check), _) => Part {
                id: id.to_owned(),
                kind: "check".to_owned(),
                title: check.title.clone(),
                bar: bar(check.whole.strict.as_ref()),
                state: check.state.clone(),
            },
            (None, Some(question)) => Part {
                id: id.to_owned(),
                kind: "question".to_owned(),
                title: question.question.clone(),
                bar: bar(question.value.as_ref()),
                state: question.state.clone(),
            },
            (None, None) => Part {
                id: id.to_owned(),
                kind: "check".to_owned(),
                title: id.to_owned(),
                bar: bar(None),
                state: "not-assessed".to_owned(),
            },
        }
    }
}

pub(super) fn bar(interval: Option<&v1::Range>) -> Bar {
    Bar { low: interval.map(|range| range.low), high: interval.map(|range| range.high), text: range(interval) }
}

pub(super) fn rating(ratings: Option<&v1::Ratings>) -> String {
    match ratings {
        None => DASH.to_owned(),
        Some(ratings) if ratings.low == ratings.high => ratings.low.clone(),
        Some(ratings) => format!("{}..{}", ratings.low, ratings.high),
    }
}

/// The day of a moment.
pub(super) fn day(moment: &str) -> String {
    moment.get(..10).unwrap_or(moment).to_owned()
}

fn cover(record: &Assessment) -> Cover {
    Cover {
        organisation: record.organisation.clone().unwrap_or_else(|| DASH.to_owned()),
        client: record.scope.client.clone(),
        assessor: record.scope.assessor.clone(),
        period: record.scope.period.clone(),
        status: record.scope.status.clone(),
        is_draft: record.scope.status.as_deref() == Some("draft"),
        as_of: day(&record.as_of),
        id: record.id.clone(),
        version: record.rungs.version.clone(),
        files: record.evidence.len(),
        scopes: record.scope.scopes.len(),
    }
}

fn levels(proven: u8, possible: u8, mean_proven: Option<f64>, mean_possible: Option<f64>) -> Levels {
    let mean = |value: Option<f64>| value.map_or_else(|| DASH.to_owned(), |mean| format!("{mean:.1}"));
    Levels {
        proven,
        possible,
        text: if proven == possible { proven.to_string() } else { format!("{proven}–{possible}") },
        mean_proven: mean(mean_proven),
        mean_possible: mean(mean_possible),
    }
}

fn headline(record: &Assessment, titles: &Titles<'_>) -> Headline {
    let maturity = &record.maturity;
    let of = |m: &v1::IdentityMaturity| levels(m.proven, m.possible, m.mean_proven, m.mean_possible);
    let next = maturity.identity.profile.iter().find(|level| level.level == maturity.identity.proven + 1);
    let domain_title = |id: &String| {
        let domains = &maturity.identity.domains;
        domains.iter().find(|domain| domain.id == *id).map_or_else(|| id.clone(), |domain| domain.title.clone())
    };
    Headline {
        identity: of(&maturity.identity),
        ai_identity: of(&maturity.ai_identity),
        claimed: maturity.ai.claimed,
        effective: maturity.ai.effective.map(|effective| levels(effective.low, effective.high, None, None).text),
        verdict: maturity.ai.verdict.clone(),
        binding: maturity.ai.binding.iter().map(domain_title).collect(),
        next_level: next.map(|level| level.level),
        failing: next.map(|level| titles.practices(&level.failing)).unwrap_or_default(),
        unproven: next.map(|level| titles.practices(&level.unproven)).unwrap_or_default(),
    }
}

fn use_summary(summary: &v1::UseSummary) -> Use {
    Use {
        ai_use: summary.ai_use.clone(),
        identities: summary.identities,
        admin: summary.admin,
        wildcard: summary.wildcard,
        escalation: summary.escalation,
        reaches_admin: summary.reaches_admin,
        external_trust: summary.external_trust,
        reach_unknown: summary.reach_unknown,
    }
}

fn revocation(summary: &v1::RevocationSummary) -> Revocation {
    #[expect(clippy::cast_precision_loss, reason = "counts of credentials stay far below 2^53")]
    let part = |count: i64| (summary.active > 0).then(|| count as f64 / summary.active as f64);
    let bucket = |name: &'static str, count: i64| Bucket {
        name,
        count,
        share: part(count).unwrap_or(0.0),
        text: share(part(count)),
    };
    Revocation {
        population: summary.population.clone(),
        active: summary.active,
        buckets: vec![
            bucket("hour", summary.within_hour),
            bucket("day", summary.within_day - summary.within_hour),
            bucket("days90", summary.within_90_days - summary.within_day),
            bucket("later", summary.later),
            bucket("never", summary.never),
            bucket("unknown", summary.unknown),
        ],
        within_hour: share(part(summary.within_hour)),
        within_day: share(part(summary.within_day)),
        within_90_days: share(part(summary.within_90_days)),
        never: share(part(summary.never)),
        unknown: share(part(summary.unknown)),
    }
}

fn profile(record: &Assessment, titles: &Titles<'_>) -> Vec<Profile> {
    let maturity = &record.maturity;
    let domains = maturity.identity.domains.len();
    let text = |holding: &v1::Holding| {
        if holding.low == holding.high {
            format!("{} of {domains}", holding.low)
        } else {
            format!("{}–{} of {domains}", holding.low, holding.high)
        }
    };
    maturity
        .identity
        .profile
        .iter()
        .zip(&maturity.ai_identity.profile)
        .map(|(whole, ai)| Profile {
            level: whole.level,
            title: maturity
                .model
                .levels
                .iter()
                .find(|level| level.level == whole.level)
                .map(|level| level.title.clone())
                .unwrap_or_default(),
            whole: text(&whole.holding),
            whole_low: whole.holding.low,
            whole_high: whole.holding.high,
            ai: text(&ai.holding),
            ai_low: ai.holding.low,
            ai_high: ai.holding.high,
            failing: titles.practices(&whole.failing),
            unproven: titles.practices(&whole.unproven),
        })
        .collect()
}

fn domains(record: &Assessment, titles: &Titles<'_>) -> Vec<Domain> {
    let ai = &record.maturity.ai_identity.domains;
    let of = |domain: &v1::Domain| levels(domain.proven, domain.possible, None, None);
    record
        .maturity
        .identity
        .domains
        .iter()
        .map(|domain| {
            let ai = ai.iter().find(|other| other.id == domain.id).unwrap_or(domain);
            let applicable: Vec<&v1::Range> = domain.practices.iter().filter_map(|p| p.strict.as_ref()).collect();
            #[expect(clippy::cast_precision_loss, reason = "a domain has some ten practices")]
            let mean = |pick: fn(&v1::Range) -> f64| {
                applicable.iter().map(|range| pick(range)).sum::<f64>() / applicable.len() as f64
            };
            let achieved = (!applicable.is_empty())
                .then(|| v1::Range { low: mean(|range| range.low), high: mean(|range| range.high) });
            let mut blocking = titles.practices(&domain.blocks.proven);
            blocking.sort_by_key(|practice| (!domain.blocks.possible.contains(&practice.id), practice.level));
            Domain {
                id: domain.id.clone(),
                title: domain.title.clone(),
                asks: domain.asks.clone(),
                whole: of(domain),
                ai: of(ai),
                achieved: bar(achieved.as_ref()),
                blocking,
                practices: domain.practices.iter().map(|practice| self::practice(practice, domain, titles)).collect(),
            }
        })
        .collect()
}

fn practice(practice: &v1::Practice, domain: &v1::Domain, titles: &Titles<'_>) -> Practice {
    let blocks = if domain.blocks.possible.contains(&practice.id) {
        "failing"
    } else if domain.blocks.proven.contains(&practice.id) {
        "unproven"
    } else {
        ""
    };
    Practice {
        id: practice.id.clone(),
        title: practice.title.clone(),
        level: practice.level,
        bar: bar(practice.strict.as_ref()),
        rating: rating(practice.rating.as_ref()),
        capped_by: practice.capped_by.clone(),
        blocks,
        parts: practice.parts.iter().map(|id| titles.part(id)).collect(),
    }
}

/// Checks with failing rows first, by severity; then by what is open.
fn checks(record: &Assessment) -> Vec<Check> {
    let weight = |severity: &str| match severity {
        "critical" => 0,
        "high" => 1,
        "medium" => 2,
        _ => 3,
    };
    let failed_ai: BTreeMap<&str, u64> =
        record.findings.top.iter().map(|finding| (finding.check.as_str(), finding.failed_ai)).collect();
    let mut checks: Vec<&v1::Check> = record.checks.iter().collect();
    checks.sort_by_key(|check| {
        (check.failed == 0, weight(&check.severity), std::cmp::Reverse(check.failed), check.id.clone())
    });
    checks.into_iter().map(|check| self::check(check, failed_ai.get(check.id.as_str()).copied().unwrap_or(0))).collect()
}

fn check(check: &v1::Check, failed_ai: u64) -> Check {
    let mut scopes: BTreeMap<(String, String), CheckScope> = BTreeMap::new();
    for segment in &check.segments {
        let key = (segment.provider.clone().unwrap_or_default(), segment.scope_id.clone().unwrap_or_default());
        let scope = scopes.entry(key.clone()).or_insert_with(|| CheckScope {
            provider: key.0,
            scope_id: key.1,
            passed: 0,
            failed: 0,
            unknown: 0,
            waived: 0,
        });
        scope.passed += segment.passed;
        scope.failed += segment.failed;
        scope.unknown += segment.unknown + segment.undetermined + segment.unseen;
        scope.waived += segment.waived;
    }
    let mut scopes: Vec<CheckScope> = scopes.into_values().collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.failed));
    let uncovered = check.uncovered.iter().map(|scope| match scope.missing {
        Some(rows) => format!("{} {} ({}, at most {rows} rows missing)", scope.provider, scope.scope_id, scope.level),
        None => format!("{} {} ({})", scope.provider, scope.scope_id, scope.level),
    });
    let needs = check.needs_missing.iter().map(|need| format!("{} of {} {}", need.fact, need.provider, need.scope_id));
    Check {
        id: check.id.clone(),
        title: check.title.clone(),
        rationale: check.rationale.clone(),
        severity: check.severity.clone(),
        domain: check.domain.clone(),
        practice: check.practice.clone(),
        kind: check.kind.clone(),
        tolerance: check.tolerance.map(|share| format!("{} %", share * 100.0)),
        state: check.state.clone(),
        error: check.error.clone(),
        n: check.n,
        passed: check.passed,
        failed: check.failed,
        unknown: check.unknown,
        undetermined: check.undetermined,
        waived: check.waived,
        failed_ai,
        rows_listed: 0,
        bar: bar(check.whole.strict.as_ref()),
        accepted: bar(check.whole.accepted.as_ref()),
        observed: bar(check.observed.as_ref()),
        ai: bar(check.ai.strict.as_ref()),
        scopes,
        uncovered: uncovered.collect(),
        needs_missing: needs.collect(),
        remediation: check.remediation.title.clone(),
        owner: check.remediation.owner.clone(),
        steps: Prose::new(&check.remediation.steps),
        controls: check.controls.clone(),
    }
}
