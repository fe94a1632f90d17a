//! The map of a file's columns to those of a table, judged against the table before anything is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::config::{MappedColumn, Moment, TableMap};
use crate::diag::{Diagnostic, Diagnostics, Scalar, SourceFile};
use crate::inventory::column::{Cell, Kind};
use crate::inventory::schema::{TABLES, Table};
use crate::inventory::{Fact, Level, PROVIDERS, Provider};
use crate::sources::{Output, Reject, hash};

/// Tables that no map may fill: what is known of the files themselves.
const PROVENANCE: [&str; 2] = ["source", "coverage"];
/// Words for true and false that spreadsheets use.
const TRUE: [&str; 5] = ["true", "yes", "y", "1", "x"];
const FALSE: [&str; 4] = ["false", "no", "n", "0"];

/// A judged map.
#[derive(Debug)]
pub struct Map {
    /// rungs.yaml, to point at.
    pub file: Arc<SourceFile>,
    /// The table that is filled.
    pub table: &'static Table,
    /// The kind of system that rows are about.
    pub provider: &'static Provider,
    /// Columns of the table that get a value.
    pub columns: Vec<Column>,
    /// What the file shows.
    pub covers: Vec<(Fact, Level)>,
    /// The view in which a record that cannot be read counts.
    pub main_view: &'static str,
}

/// A column of the table.
#[derive(Debug)]
pub struct Column {
    /// Its name in the table.
    pub name: &'static str,
    /// Where it stands in rungs.yaml.
    pub column: crate::diag::Located<String>,
    /// The column of the file.
    pub from: Option<String>,
    /// What every row has, where it comes from no column of the file.
    pub constant: Option<Cell>,
    kind: Kind,
    values: BTreeMap<String, Option<Cell>>,
    date: Option<String>,
}

/// The fact that lists the rows of a table, and the view that shows them.
fn shown_by(table: &str) -> (Option<Fact>, &'static str) {
    match table {
        "identity" => (Some(Fact::Identity), "identities"),
        "credential" => (Some(Fact::Credential), "credentials"),
        "entitlement" => (Some(Fact::Entitlement), "entitlements"),
        "trust" => (Some(Fact::Trust), "trusts"),
        "identity_use" => (Some(Fact::Use), "uses"),
        "exposure" => (Some(Fact::ExposureCode), "exposures"),
        "agent" => (Some(Fact::Agent), "agents"),
        "agent_tool" => (Some(Fact::AgentTools), "agent_tools"),
        "policy_point" => (Some(Fact::Policy), "policy_points"),
        "decision" => (Some(Fact::Decision), "decisions"),
        "event" => (None, "events"),
        _ => (None, "scopes"),
    }
}

/// The column by which rows of a table are known: its first.
pub(super) fn key_of(table: &Table) -> &'static str {
    table.columns.first().map_or("", |column| column.name)
}

/// Whether a column is an id that nobody writes down, so that it is made of the rest of the row.
pub(super) fn is_hashed(table: &Table, column: &str) -> bool {
    let made = ["entitlement_id", "trust_id", "exposure_id", "event_id", "finding_id"];
    key_of(table) == column && made.contains(&column)
}

/// What stands in a column that has to have a value and is not mapped, where one value is usual.
pub(super) fn usual(column: &str) -> Option<&'static str> {
    match column {
        "effect" => Some("allow"),
        "action_kind" => Some("permission"),
        "resource" => Some(""),
        "via" => Some("list"),
        "basis" => Some("config"),
        _ => None,
    }
}

impl Map {
    /// Judges what rungs.yaml says.
    ///
    /// # Errors
    /// Every fault found, with its line.
    pub fn judge(map: &TableMap, file: &Arc<SourceFile>) -> Result<Self, Diagnostics> {
        let tables = || TABLES.iter().filter(|table| !PROVENANCE.contains(&table.name));
        let Some(table) = tables().find(|table| table.name == map.table.as_str()).copied() else {
            let message = format!("there is no table `{}` to fill", *map.table);
            let names = tables().map(|table| table.name);
            return Err(Diagnostic::error("config/table", message)
                .at_value(file, &map.table)
                .suggest(&map.table, names)
                .into());
        };
        let Some(provider) = Provider::find(&map.provider) else {
            let message = format!("`{}` is not a known provider", *map.provider);
            return Err(Diagnostic::error("config/provider", message)
                .at_value(file, &map.provider)
                .suggest(&map.provider, PROVIDERS.iter().map(|known| known.id))
                .into());
        };
        let mut faults = Diagnostics::default();
        let judged = map.columns.iter().filter_map(|column| Column::judge(column, table, file, &mut faults));
        let mut columns: Vec<Column> = judged.collect();
        columns.sort_by_key(|column| column.column.line());
        for column in table.columns.iter().filter(|column| !column.nullable) {
            let is_given = ["source_id", "locator", "provider", "scope_id", "name", "native_id"].contains(&column.name)
                || is_hashed(table, column.name)
                || usual(column.name).is_some()
                || columns.iter().any(|known| known.name == column.name);
            if !is_given {
                let message = format!("table `{}` needs a column `{}`", table.name, column.name);
                faults.push(Diagnostic::error("config/column", message).at_value(file, &map.table).help(column.about));
            }
        }
        let (own, main_view) = shown_by(table.name);
        let mut covers: Vec<(Fact, Level)> = Vec::new();
        for (fact, level) in &map.covers {
            let known = match level.as_str() {
                "full" => Some(Level::Full),
                "partial" => Some(Level::Partial),
                _ => None,
            };
            match (fact.parse::<Fact>(), known) {
                (Ok(fact), Some(level)) => covers.push((fact, level)),
                (Err(()), _) => faults.push(
                    Diagnostic::error("config/fact", format!("there is no fact `{}`", **fact))
                        .at_value(file, fact)
                        .suggest(fact, Fact::ALL.iter().map(|known| known.name())),
                ),
                (_, None) => faults.push(
                    Diagnostic::error("config/level", format!("`{}` is no level of coverage", **level))
                        .at_value(file, level)
                        .help("say `full` where what the file does not list does not exist, else `partial`"),
                ),
            }
        }
        if let Some(own) = own
            && !covers.iter().any(|(fact, _)| *fact == own)
        {
            covers.push((own, Level::Partial));
        }
        if faults.has_errors() {
            return Err(faults);
        }
        Ok(Self { file: Arc::clone(file), table, provider, columns, covers, main_view })
    }
}

impl Column {
    fn judge(
        mapped: &MappedColumn,
        table: &'static Table,
        file: &Arc<SourceFile>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fault = |code: &'static str, message: String, help: &str| {
            faults.push(Diagnostic::error(code, message).at_value(file, &mapped.column).help(help));
        };
        let Some(known) = table.columns.iter().find(|column| column.name == mapped.column.as_str()) else {
            let message = format!("table `{}` has no column `{}`", table.name, *mapped.column);
            faults.push(
                Diagnostic::error("config/column", message)
                    .at_value(file, &mapped.column)
                    .suggest(&mapped.column, table.columns.iter().map(|column| column.name)),
            );
            return None;
        };
        if let Some(date) = &mapped.date {
            if known.kind != Kind::Time {
                fault("config/date", format!("column `{}` holds no date", known.name), "leave `date` out");
            } else if !is_date_format(date) {
                let message = format!("`{date}` is no format of a date");
                fault("config/date", message, "signs are those of `strptime`, such as %d.%m.%Y");
            }
        }
        let mut values = BTreeMap::new();
        for (text, meaning) in &mapped.values {
            match cell_of(meaning, known.kind) {
                Ok(cell) => {
                    values.insert(text.trim().to_lowercase(), cell);
                }
                Err(()) => fault(
                    "config/value",
                    format!("`{meaning}` does not fit column `{}`", known.name),
                    &format!("the column holds values of the kind {}", known.kind.name()),
                ),
            }
        }
        let constant = match mapped.value.as_ref().map(|value| cell_of(value, known.kind)) {
            // Nothing in every row is what a column has that is not mapped at all.
            Some(Ok(cell)) => Some(cell?),
            Some(Err(())) => {
                fault(
                    "config/value",
                    format!("the value does not fit column `{}`", known.name),
                    &format!("the column holds values of the kind {}", known.kind.name()),
                );
                None
            }
            None => None,
        };
        Some(Self {
            name: known.name,
            column: mapped.column.clone(),
            from: mapped.from.clone(),
            constant,
            kind: known.kind,
            values,
            date: mapped.date.clone(),
        })
    }

    /// What the map says that a text means, whatever its case.
    pub(super) fn meaning_of(&self, text: &str) -> Option<&Option<Cell>> {
        self.values.get(&text.to_lowercase())
    }

    /// A text as a value of the column's kind.
    pub(super) fn read(&self, text: &str, locator: &str, out: &mut Output) -> Result<Cell, Reject> {
        let from = self.from.as_deref().unwrap_or_default();
        let not = |what: &str| Reject::because(format!("column `{from}` is not {what}"));
        match self.kind {
            Kind::Text if self.name.starts_with("fingerprint") => Ok(Cell::Text(self.fingerprint(text))),
            Kind::Text | Kind::Word => Ok(Cell::Text(text.to_owned())),
            Kind::Int => text.parse().map(Cell::Int).map_err(|_| not("a whole number")),
            Kind::Bool => match text.to_lowercase() {
                word if TRUE.contains(&word.as_str()) => Ok(Cell::Bool(true)),
                word if FALSE.contains(&word.as_str()) => Ok(Cell::Bool(false)),
                _ => Err(not("yes or no")),
            },
            Kind::Time => {
                let moment = match &self.date {
                    Some(format) => {
                        dated(format, text).ok_or_else(|| not(&format!("a date of the form `{format}`")))?
                    }
                    None => out.date(from, text)?,
                };
                let ends = ["expires_at", "due_at"].contains(&self.name);
                Ok(Cell::Time(if ends { moment } else { out.seen(moment, locator) }))
            }
        }
    }

    /// Whoever maps a secret itself gets its hash: no value is kept.
    fn fingerprint(&self, text: &str) -> String {
        if text.starts_with("sha256:") || text.starts_with("sha1:") {
            return text.to_owned();
        }
        let (sha256, sha1) = hash::fingerprints(text);
        if self.name.ends_with("sha1") { sha1 } else { sha256 }
    }
}

/// A value of rungs.yaml as one of the column; nothing stays nothing.
fn cell_of(value: &Scalar, kind: Kind) -> Result<Option<Cell>, ()> {
    Ok(Some(match (value, kind) {
        (Scalar::Null, _) => return Ok(None),
        (Scalar::Bool(value), Kind::Bool) => Cell::Bool(*value),
        (Scalar::Int(value), Kind::Int) => Cell::Int(*value),
        (Scalar::Text(text), Kind::Time) => Cell::Time(Moment::parse(text).map_err(|_| ())?),
        (Scalar::Text(text), Kind::Text | Kind::Word) => Cell::Text(text.clone()),
        (other, Kind::Text | Kind::Word) => Cell::Text(other.to_string()),
        _ => return Err(()),
    }))
}

/// Whether a format can be written, and reads what it wrote.
fn is_date_format(format: &str) -> bool {
    let noon = jiff::civil::date(2026, 6, 30).at(12, 0, 0, 0);
    let Ok(timestamp) = TimeZone::UTC.to_timestamp(noon) else { return false };
    BrokenDownTime::from(&timestamp.to_zoned_datetime(TimeZone::UTC))
        .to_string(format)
        .is_ok_and(|text| dated(format, &text).is_some())
}

/// A moment of the given form; without a zone in UTC, without a time at its first second.
fn dated(format: &str, text: &str) -> Option<Moment> {
    let parsed = BrokenDownTime::parse(format, text).ok()?;
    let timestamp = parsed
        .to_timestamp()
        .ok()
        .or_else(|| parsed.to_datetime().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok()))
        .or_else(|| parsed.to_date().ok().and_then(|at| TimeZone::UTC.to_timestamp(at.at(0, 0, 0, 0)).ok()))?;
    Some(Moment::from_micros(timestamp.as_microsecond()))
}
