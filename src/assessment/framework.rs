//! One framework: three figures, never one (docs/scoring.md section 5).

use super::control::{ControlResult, ControlState, score_control};
use super::interval::Interval;
use super::parts::{Changed, Scored};
use crate::frameworks::{Catalog, Library};

/// The figures of one framework.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameworkResult {
    /// The catalog.
    pub id: String,
    /// Controls in scope.
    pub in_scope: usize,
    /// Share of controls in scope that have a part; `None` where there is none in scope.
    pub mapped: Option<f64>,
    /// Share of applicable controls with a part that says something; `None` where none applies.
    pub evidenced: Option<f64>,
    /// Mean over applicable controls; `None` where none applies.
    pub strict: Option<Interval>,
    /// The same with accepted risks left out.
    pub accepted: Option<Interval>,
    /// Every control, in the catalog's order.
    pub controls: Vec<ControlResult>,
}

/// Scores a framework for the whole estate.
#[must_use]
pub fn score_framework(catalog: &Catalog, library: &Library, scored: &Scored) -> FrameworkResult {
    let mapping = library.mappings.get(catalog.id());
    let controls: Vec<ControlResult> = catalog
        .controls
        .iter()
        .map(|control| {
            let mapped = mapping.and_then(|mapping| mapping.controls.get(control.id.as_str()));
            score_control(catalog.id(), &control.id, mapped.map(|located| &**located), library, scored)
        })
        .collect();
    let applicable: Vec<&ControlResult> =
        controls.iter().filter(|control| control.state != ControlState::NotApplicable).collect();
    let mapped = controls.iter().filter(|control| control.is_mapped()).count();
    let evidenced = applicable.iter().filter(|control| control.is_evidenced()).count();
    let mean = |pick: fn(&ControlResult) -> Option<Interval>| {
        Interval::mean(applicable.iter().filter_map(|control| Some((1.0, pick(control)?))))
    };
    FrameworkResult {
        id: catalog.id().to_owned(),
        in_scope: controls.len(),
        mapped: share(mapped, controls.len()),
        evidenced: share(evidenced, applicable.len()),
        strict: mean(|control| control.rated.strict),
        accepted: mean(|control| control.rated.accepted),
        controls,
    }
}

/// What a framework would come to (strict) if one part of a practice had another value: only controls that rest on the
/// practice are scored again, all others keep what was found.
#[must_use]
pub fn strict_after(
    catalog: &Catalog,
    library: &Library,
    before: &FrameworkResult,
    changed: &Changed<'_>,
) -> Option<Interval> {
    let mapping = library.mappings.get(catalog.id());
    let after = catalog.controls.iter().zip(&before.controls).filter_map(|(control, before)| {
        let mapped = mapping.and_then(|mapping| mapping.controls.get(control.id.as_str())).map(|mapped| &**mapped);
        let (state, strict) = if mapped.is_some_and(|mapped| library.rests_on(mapped, changed.practice())) {
            let again = score_control(catalog.id(), &control.id, mapped, library, changed);
            (again.state, again.rated.strict)
        } else {
            (before.state, before.rated.strict)
        };
        if state == ControlState::NotApplicable { None } else { Some((1.0, strict?)) }
    });
    Interval::mean(after)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "catalogs have at most thousands of controls")]
    let share = (whole > 0).then(|| part as f64 / whole as f64);
    share
}
