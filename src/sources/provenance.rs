//! What is known of the files themselves: how far each covers which fact, and the two tables of provenance.

use std::collections::BTreeMap;

use super::output::{Covered, Extent};
use super::{Error, FileCoverage, LoadedFile, Options};
use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::{CoverageRow, SourceRow};
use crate::inventory::{Coverage, CoverageEntry, CoverageKey, Level, Store};

/// Precedence of what people state.
const STATED: u8 = 5;

/// What a file covers, given why it is short, if it is: of a part, nothing is covered in full.
pub(super) fn cut_short(covered: BTreeMap<Covered, Extent>, short: Option<&str>) -> Vec<FileCoverage> {
    covered
        .into_iter()
        .map(|((provider, scope_id, fact), Extent { level, note, window_from, parts })| {
            let (level, note, parts) = match short {
                Some(reason) if level == Level::Full || parts.is_some() => {
                    (Level::Partial, Some(reason.to_owned()), None)
                }
                _ => (level, note, parts),
            };
            FileCoverage { provider, scope_id, fact, level, note, window_from, parts }
        })
        .collect()
}

/// What the files together could have proved.
pub(super) fn build_coverage(options: &Options<'_>, files: &[LoadedFile], as_of: Moment) -> Coverage {
    let mut coverage = Coverage::new(as_of, options.max_evidence_age_days);
    for scope in &options.config.scopes {
        coverage.declare(&scope.provider, &scope.id);
    }
    // What people state comes last: it says something of scopes that exports know, and makes none.
    let (stated, shown): (Vec<_>, Vec<_>) =
        files.iter().filter(|file| !file.excluded).partition(|file| file.about.precedence == STATED);
    for file in shown.into_iter().chain(stated) {
        for covered in &file.coverage {
            let is_stated = file.about.precedence == STATED;
            if is_stated && !coverage.has_scope(covered.provider, &covered.scope_id) {
                continue;
            }
            let key = CoverageKey {
                provider: covered.provider.to_owned(),
                scope_id: covered.scope_id.clone(),
                fact: covered.fact,
            };
            coverage.add(
                key,
                CoverageEntry {
                    source_id: file.source_id().to_owned(),
                    as_of: file.as_of,
                    level: covered.level,
                    window_from: covered.window_from,
                    note: covered.note.clone(),
                    parts: covered.parts.clone(),
                },
            );
        }
    }
    for scope in options.config.scopes.iter().filter(|scope| scope.excluded.is_some()) {
        coverage.exclude(&scope.provider, &scope.id);
    }
    coverage
}

/// Writes the two tables of provenance.
pub(super) fn write_provenance(store: &Store, files: &[LoadedFile]) -> Result<(), Error> {
    let mut writer = store.writer(0);
    for file in files.iter().filter(|file| !file.excluded) {
        writer.push(SourceRow {
            source_id: file.source_id().to_owned(),
            kind: Word::from(file.about.kind),
            path: file.path.clone(),
            provider: Word::from(file.provider),
            scope_id: Some(Word(file.scope_id.clone())),
            as_of: file.as_of,
            as_of_basis: Word::from(file.as_of_basis),
            precedence: i64::from(file.about.precedence),
            rows_read: file.rows_read,
            rows_loaded: file.rows_loaded,
            rows_rejected: i64::try_from(file.rejected.len()).unwrap_or(i64::MAX),
            truncated: file.truncated,
        })?;
        for covered in &file.coverage {
            writer.push(CoverageRow {
                source_id: file.source_id().to_owned(),
                scope_id: Word(covered.scope_id.clone()),
                provider: Word::from(covered.provider),
                fact: Word::from(covered.fact.name()),
                level: Word::from(covered.level.name()),
                window_from: covered.window_from,
                note: covered.note.clone(),
            })?;
        }
    }
    writer.finish()?;
    Ok(())
}
