//! The chain of library calls that an assessment is: tally, answers, score, maturity, plan, record.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ROWS;
use crate::assessment::{
    AgentAutonomy, Answers, CheckInput, FrameworkResult, Inputs, Population, Scored, adjustment, read_answers, remit,
    score_framework,
};
use crate::cli::Error;
use crate::cli::groups::{Configured, Opened};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::engine::{CompiledCheck, Compiler, RowsWriter, Tally, Value, VerdictCodes, WaiverHits};
use crate::frameworks::{Autonomy, Check};
use crate::inventory::views::{VIEWS, View};
use crate::inventory::{Fact, Level, PROVIDERS};
use crate::maturity;
use crate::plan;
use crate::record::{self, v1};
use crate::sources::SOURCES;

/// Everything that an assessment gave.
pub(super) struct Assessed {
    pub record: v1::Assessment,
    pub notices: Vec<Diagnostic>,
    pub has_errors: bool,
}

/// The catalogs to report on: those asked for on the command line, else in rungs.yaml, else all.
pub(super) fn frameworks(configured: &Configured, asked: &[String]) -> Result<Vec<String>, Error> {
    let library = &configured.library;
    let known = || library.catalogs.iter().map(|catalog| catalog.id());
    let mut faults = Diagnostics::default();
    let unknown =
        |id: &str| Diagnostic::error("framework/unknown", format!("there is no catalog `{id}`")).suggest(id, known());
    let mut chosen = Vec::new();
    if !asked.is_empty() {
        for id in asked {
            match library.catalog(id) {
                Some(_) => chosen.push(id.clone()),
                None => faults.push(unknown(id)),
            }
        }
    } else if let (Some(listed), Some(file)) = (&configured.config.frameworks, &configured.config.file) {
        for id in listed {
            match library.catalog(id) {
                Some(_) => chosen.push(id.to_string()),
                None => faults.push(unknown(id).at_value(file, id)),
            }
        }
    } else {
        chosen = known().map(str::to_owned).collect();
    }
    if faults.has_errors() { Err(faults.into()) } else { Ok(chosen) }
}

/// Runs the assessment; verdicts of rows are written to `rows_path`.
pub(super) fn assess(
    opened: &Opened,
    frameworks: &[String],
    rows_path: &Path,
    rejected_file: &str,
) -> Result<Assessed, Error> {
    let Opened { configured, estate, engine, related, work: _ } = opened;
    let (config, library) = (&configured.config, &configured.library);
    let mut notices: Vec<Diagnostic> = estate.faults.iter().cloned().collect();
    check_bounds(opened)?;
    let compiled = compile(opened)?;
    let (checks, waiver_hits) = tally(opened, compiled, rows_path)?;
    let answers = Answers::new(read_answers(&estate.store)?, estate.as_of);
    notices.extend(unknown_questions(opened, &answers));
    let inputs = Inputs { checks, answers, autonomy: autonomy(opened)? };
    let whole = Scored::new(library, &inputs, Population::Whole);
    let ai = Scored::new(library, &inputs, Population::Ai);
    let results: Vec<FrameworkResult> = frameworks
        .iter()
        .filter_map(|id| library.catalog(id))
        .map(|catalog| score_framework(catalog, library, &whole))
        .collect();
    let identity = maturity::assess(&library.model, &whole);
    let ai_identity = maturity::assess(&library.model, &ai);
    let ai_maturity = maturity::cap_ai_maturity(config.claimed, &ai_identity);
    let actions = plan::actions(library, &inputs, &exports(&library.checks), estate.as_of);
    let gains = plan::gains(library, &inputs, &whole, &results, &actions);
    let order = plan::order(&actions, &gains);
    let next_level = plan::next_level(library, &inputs, &whole, &identity, &actions);
    notices.extend(waiver_notices(opened, &waiver_hits));
    let summary = record::summarise(engine, &related.ai.selectors)?;
    let id = record::assessment_id(&record::Digests {
        evidence: estate.files.iter().map(|file| file.sha256.as_str()).collect(),
        frameworks: &library.digest,
        config: &configured.config_text,
        settings: frameworks.to_vec(),
        as_of: estate.as_of.to_string(),
        version: env!("CARGO_PKG_VERSION"),
    });
    let rows_sha256 = digest(rows_path)?;
    let record = record::build(&record::Parts {
        config,
        estate,
        library,
        parameters: &configured.parameters,
        max_evidence_age_days: configured.max_evidence_age_days,
        inputs: &inputs,
        whole: &whole,
        ai: &ai,
        frameworks: &results,
        identity: &identity,
        ai_identity: &ai_identity,
        ai_maturity: &ai_maturity,
        summary: summary.0,
        waiver_hits: &waiver_hits,
        actions: &actions,
        gains: &gains,
        order: &order,
        next_level,
        notices: notices.clone(),
        id,
        rows: (ROWS.to_owned(), rows_sha256),
        rejected_file: rejected_file.to_owned(),
    });
    let has_errors = inputs.checks.values().any(|check| check.error.is_some());
    Ok(Assessed { record, notices, has_errors })
}

/// Bounds in rungs.yaml must name views.
fn check_bounds(opened: &Opened) -> Result<(), Error> {
    let config = &opened.configured.config;
    let Some(file) = &config.file else { return Ok(()) };
    let mut faults = Diagnostics::default();
    for scope in &config.scopes {
        for (view, rows) in &scope.at_most {
            if View::find(view).is_none() {
                faults.push(
                    Diagnostic::error("config/bound", format!("there is no view `{view}`"))
                        .at_value(file, rows)
                        .suggest(view, VIEWS.iter().map(|view| view.name)),
                );
            }
        }
    }
    if faults.has_errors() { Err(faults.into()) } else { Ok(()) }
}

/// Checks by view, as the engine evaluates them: adjusted to what evidence covers, with waivers in force.
fn compile(opened: &Opened) -> Result<BTreeMap<&'static str, Vec<CompiledCheck>>, Error> {
    let Opened { configured, estate, engine, .. } = opened;
    let compiler = Compiler::new(engine);
    let mut faults = Diagnostics::default();
    let mut by_view: BTreeMap<&'static str, Vec<CompiledCheck>> = BTreeMap::new();
    for check in &configured.library.checks {
        match compiler.check(check, &configured.parameters) {
            Ok(compiled) => {
                let adjustment = adjustment(check, compiled.view, &estate.coverage);
                let waivers = waivers(opened, &compiler, check, compiled.view, &mut faults);
                by_view
                    .entry(compiled.view.name)
                    .or_default()
                    .push(compiled.adjusted(&adjustment).with_waivers(waivers));
            }
            Err(more) => faults.extend(more),
        }
    }
    if let Some(file) = &configured.config.file {
        for waiver in configured.config.waivers.iter().filter(|w| configured.library.check(&w.check).is_none()) {
            faults.push(
                Diagnostic::error("config/waiver", format!("there is no check `{}`", *waiver.check))
                    .at_value(file, &waiver.check)
                    .suggest(&waiver.check, configured.library.checks.iter().map(|check| check.id.as_str())),
            );
        }
    }
    if faults.has_errors() { Err(faults.into()) } else { Ok(by_view) }
}

/// The waivers of a check that are in force. All are compiled, so that a wrong one is a fault even when it has
/// expired.
fn waivers(
    opened: &Opened,
    compiler: &Compiler<'_>,
    check: &Check,
    view: &View,
    faults: &mut Diagnostics,
) -> Vec<crate::engine::WaiverPredicate> {
    let config = &opened.configured.config;
    let Some(file) = &config.file else { return Vec::new() };
    let mut in_force = Vec::new();
    for (index, waiver) in config.waivers.iter().enumerate().filter(|(_, waiver)| *waiver.check == check.id) {
        match compiler.waiver(index, waiver, view, file) {
            Ok(predicate) if waiver.in_force(opened.estate.as_of) => in_force.push(predicate),
            Ok(_) => {}
            Err(fault) => faults.push(*fault),
        }
    }
    in_force
}

type Tallied = (BTreeMap<String, CheckInput>, WaiverHits);

/// One scan of each view; a check that fails while running is left out of the scan and becomes an error.
fn tally(
    opened: &Opened,
    mut by_view: BTreeMap<&'static str, Vec<CompiledCheck>>,
    rows_path: &Path,
) -> Result<Tallied, Error> {
    let engine = &opened.engine;
    let mut errors: BTreeMap<String, String> = BTreeMap::new();
    let mut running = Vec::new();
    for view in VIEWS {
        let checks = by_view.remove(view.name).unwrap_or_default();
        running.push((view, checks));
    }
    let tallies = match tally_all(opened, &running, rows_path) {
        Ok(tallies) => tallies,
        Err(_) => {
            // Some predicate failed: find it by running each alone, then run the rest together.
            for (view, checks) in &mut running {
                checks.retain(|check| match engine.tally(view, std::slice::from_ref(check), None) {
                    Ok(_) => true,
                    Err(error) => {
                        errors.insert(check.id.clone(), reason(&error));
                        false
                    }
                });
            }
            tally_all(opened, &running, rows_path)?
        }
    };
    let mut inputs = BTreeMap::new();
    let mut hits = WaiverHits::new();
    for ((view, checks), tally) in running.iter().zip(&tallies) {
        let seen = seen(tally);
        for (place, compiled) in checks.iter().enumerate() {
            let input =
                CheckInput::from_tally(tally, place, view.by_identity, remit_of(opened, &compiled.id, view, &seen));
            inputs.insert(compiled.id.clone(), input);
        }
        for (index, rows) in &tally.waiver_hits {
            *hits.entry(*index).or_insert(0) += rows;
        }
    }
    for (id, error) in errors {
        let view = opened.configured.library.check(&id).and_then(|check| View::find(&check.view));
        let remit = view.map(|view| remit_of(opened, &id, view, &BTreeMap::new())).unwrap_or_default();
        inputs.insert(id, CheckInput { error: Some(error), remit, ..CheckInput::default() });
    }
    Ok((inputs, hits))
}

fn tally_all(
    opened: &Opened,
    running: &[(&'static View, Vec<CompiledCheck>)],
    rows_path: &Path,
) -> Result<Vec<Tally>, Error> {
    let codes: VerdictCodes = running
        .iter()
        .map(|(view, checks)| (view.name.to_owned(), checks.iter().map(|check| check.id.clone()).collect()))
        .collect();
    let mut rows = RowsWriter::create(rows_path, opened.work.path(), &codes)?;
    let mut tallies = Vec::new();
    for (view, checks) in running {
        tallies.push(opened.engine.tally(view, checks, Some(&mut rows))?);
    }
    rows.finish()?;
    Ok(tallies)
}

fn reason(error: &crate::engine::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| source.to_string())
}

/// Rows of a view by (provider, scope).
fn seen(tally: &Tally) -> BTreeMap<(String, String), u64> {
    let mut seen = BTreeMap::new();
    for (segment, patterns) in &tally.patterns {
        if let (Some(provider), Some(scope)) = (&segment.provider, &segment.scope_id) {
            *seen.entry((provider.clone(), scope.clone())).or_insert(0) += patterns.values().sum::<u64>();
        }
    }
    seen
}

fn remit_of(
    opened: &Opened,
    check: &str,
    view: &View,
    seen: &BTreeMap<(String, String), u64>,
) -> crate::assessment::Remit {
    let Some(check) = opened.configured.library.check(check) else { return crate::assessment::Remit::default() };
    let mut rejected: BTreeMap<(String, String), u64> = BTreeMap::new();
    for file in opened.estate.files.iter().filter(|file| !file.excluded && file.main_view == view.name) {
        if !file.rejected.is_empty() {
            let key = (file.provider.to_owned(), file.scope_id.clone());
            *rejected.entry(key).or_insert(0) += file.rejected.len() as u64;
        }
    }
    remit(check, view, &opened.estate.coverage, &opened.configured.config, seen, &rejected)
}

/// Answers to questions that nobody asks.
fn unknown_questions(opened: &Opened, answers: &Answers) -> Vec<Diagnostic> {
    let library = &opened.configured.library;
    let path = |source_id: &str| {
        let file = opened.estate.files.iter().find(|file| file.source_id() == source_id);
        file.map_or_else(String::new, |file| file.path.clone())
    };
    answers
        .given
        .iter()
        .filter(|answer| library.question(&answer.question_id).is_none() && !library.is_control(&answer.question_id))
        .map(|answer| {
            Diagnostic::warning("answers/unknown", format!("there is no question `{}`", answer.question_id))
                .at(Place::Record(path(&answer.source_id), answer.locator.clone()))
                .suggest(&answer.question_id, library.questions.iter().map(|question| question.id.as_str()))
        })
        .collect()
}

/// Waivers that have expired, or that touch nothing.
fn waiver_notices(opened: &Opened, hits: &WaiverHits) -> Vec<Diagnostic> {
    let config = &opened.configured.config;
    let Some(file) = &config.file else { return Vec::new() };
    let as_of = opened.estate.as_of;
    let notice = |index: usize, waiver: &crate::config::Waiver| {
        let (code, message) = if waiver.expired(as_of) {
            ("waiver/expired", format!("the waiver of `{}` expired on {}", *waiver.check, waiver.expiry.date()))
        } else if waiver.in_force(as_of) && hits.get(&index).copied().unwrap_or(0) == 0 {
            ("waiver/unused", format!("the waiver of `{}` covers no failing row", *waiver.check))
        } else {
            return None;
        };
        Some(Diagnostic::warning(code, message).at_value(file, &waiver.check))
    };
    config.waivers.iter().enumerate().filter_map(|(index, waiver)| notice(index, waiver)).collect()
}

/// What is known of agents' autonomy. Tool servers are no agents.
fn autonomy(opened: &Opened) -> Result<AgentAutonomy, Error> {
    let answer = opened
        .engine
        .query("SELECT autonomy, count(*) AS agents FROM agents WHERE platform <> 'mcp_server' GROUP BY autonomy")?;
    let mut known =
        AgentAutonomy { highest: None, complete: opened.estate.coverage.estate_level(Fact::Agent) == Level::Full };
    for row in &answer.rows {
        match row.first() {
            Some(Value::Text(word)) => known.highest = known.highest.max(word.parse::<Autonomy>().ok()),
            _ => known.complete = false,
        }
    }
    Ok(known)
}

/// Which exports show what each check needs of each provider.
fn exports(checks: &[Check]) -> plan::Exports {
    let mut exports = plan::Exports::new();
    for check in checks {
        let Some(view) = View::find(&check.view) else { continue };
        let facts = check.needs.iter().chain(&check.complete).chain(&check.listed_by);
        let read = facts.filter_map(|fact| fact.parse::<Fact>().ok());
        let read: Vec<Fact> = read.collect();
        for provider in PROVIDERS {
            let wanted: Vec<Fact> = view.own_facts(provider).chain(read.iter().copied()).collect();
            let showing = SOURCES.iter().map(|source| source.about()).filter(|about| {
                about.provider == provider.id
                    && about.facts.iter().any(|(fact, level)| *level == Level::Full && wanted.contains(fact))
            });
            let commands: Vec<String> = showing.map(|about| about.command.to_owned()).collect();
            if !commands.is_empty() {
                exports.insert((check.id.clone(), provider.id.to_owned()), commands);
            }
        }
    }
    exports
}

fn digest(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { path: path.to_path_buf(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut digest = Sha256::new();
    std::io::copy(&mut file, &mut HashWriter(&mut digest)).map_err(failed)?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
