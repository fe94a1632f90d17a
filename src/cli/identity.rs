//! `rungs inventory show IDENTITY`: everything that is claimed of one identity, by which file, and what hangs on it. Reads
//! tables and views; judges nothing.

use serde::Serialize;

use super::groups::Opened;
use super::table::Table;
use super::{Error, Ui};
use crate::diag::{Diagnostic, printable};
use crate::engine::{QueryResult, Value};
use crate::inventory::schema::{Identity, Row as _};

/// Longest text of a cell in a table on the terminal.
const CELL: usize = 60;
/// Names that a message lists where several identities bear the one that was asked for.
const CANDIDATES: usize = 10;
/// Columns of the identity table that are no claims.
const PROVENANCE: [&str; 3] = ["identity_id", "source_id", "locator"];

/// One value that one file claims.
#[derive(Debug, Serialize)]
pub struct Claim {
    /// What is claimed: a column of the table.
    pub claim: &'static str,
    /// The value.
    pub value: Value,
    /// Whether it is the one that counts; several files may say the same.
    pub believed: bool,
    /// Whether another file says something else.
    pub contested: bool,
    /// The file.
    pub source: String,
    /// Where in the file.
    pub locator: String,
}

/// Rows of a view that belong to the identity.
#[derive(Debug, Serialize)]
pub struct Belonging {
    /// The view.
    pub view: &'static str,
    /// What the rows are to the identity.
    pub about: &'static str,
    /// Columns that are shown.
    pub columns: Vec<String>,
    /// Rows, with the file and the place as the last two values.
    pub rows: Vec<Vec<Value>>,
    /// Rows in all.
    pub total: i64,
}

/// All that is known of an identity.
#[derive(Debug, Serialize)]
pub struct Claims {
    /// Its id.
    pub identity_id: String,
    /// What files say of it.
    pub claims: Vec<Claim>,
    /// What hangs on it, from agents to exposures.
    pub belongings: Vec<Belonging>,
}

/// What is shown of an identity, in the order of the chain from who acts to what leaked: view, what its rows are to the
/// identity, columns, order.
const CHAIN: &[(&str, &str, &str, &str)] = &[
    ("agents", "agents that run as it", "agent_name, platform, autonomy, agent_owner", "agent_name"),
    ("uses", "who uses it", "user_kind, user_ref, user_environment, basis", "user_kind, user_ref"),
    ("trusts", "who may become it", "trust_kind, issuer, subject, audience", "trust_kind, issuer, subject"),
    (
        "credentials",
        "what it signs in with",
        "credential_kind, credential_id, lifetime, status, age_days, storage, secret_no",
        "credential_kind, credential_id",
    ),
    ("exposures", "where its secrets were found", "secret_kind, location, status, validity, secret_no", "location"),
    ("entitlements", "what it may do", "action, resource, via, is_admin", "is_admin DESC NULLS LAST, action, resource"),
    ("events", "what happened to it", "event_kind, at, actor, outcome", "at, event_kind"),
];

/// The identity of that id, or else of that name.
///
/// # Errors
/// When there is none, with the nearest name, or several, with all of them.
pub fn find_identity(opened: &Opened, name: &str) -> Result<String, Error> {
    let wanted = quoted(name);
    let ask = |condition: &str| {
        opened.engine.query(&format!(
            "SELECT identity_id, provider, scope_id FROM identities WHERE {condition} ORDER BY identity_id"
        ))
    };
    for condition in [
        format!("identity_id = {wanted}"),
        format!("identity_name = {wanted} OR native_id = {wanted}"),
        format!("lower(identity_id) = lower({wanted}) OR lower(identity_name) = lower({wanted})"),
    ] {
        let found = ask(&condition)?;
        let ids: Vec<String> = found.rows.iter().filter_map(|row| text(row.first()?)).collect();
        match ids.as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let more = several.len().saturating_sub(CANDIDATES);
                let shown = several.iter().take(CANDIDATES).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                return Err(Diagnostic::error(
                    "inventory/ambiguous",
                    format!("`{name}` is the name of several identities"),
                )
                .help(format!("name one by its id: {shown}{more}"))
                .into());
            }
        }
    }
    let names = ask("true")?;
    let known: Vec<String> = names.rows.iter().filter_map(|row| text(row.first()?)).collect();
    let short = |id: &String| id.rsplit(['/', ':']).next().unwrap_or(id).to_owned();
    let near: Vec<String> = known.iter().cloned().chain(known.iter().map(short)).collect();
    Err(Diagnostic::error(
        "inventory/unknown-identity",
        format!("no file or folder and no identity is called `{name}`"),
    )
    .suggest(name, near.iter().map(String::as_str))
    .into())
}

/// Everything that is known of an identity.
///
/// # Errors
/// When a query does not run.
pub fn claims_of(opened: &Opened, identity: &str, limit: usize) -> Result<Claims, Error> {
    let id = quoted(identity);
    let mut secrets = Vec::new();
    for view in ["credentials", "exposures"] {
        let query = format!("SELECT secret_no FROM {view} WHERE identity_id = {id} AND secret_no IS NOT NULL");
        secrets.extend(opened.engine.query(&query)?.rows.iter().filter_map(|row| text(row.first()?)));
    }
    secrets.sort();
    secrets.dedup();
    let mut belongings = Vec::new();
    for (view, about, columns, order) in CHAIN {
        let (about, mut condition) = (*about, format!("identity_id = {id}"));
        if !secrets.is_empty() && (*view == "exposures" || *view == "credentials") {
            // The same secret elsewhere concerns it as much, whoever's it is said to be there.
            condition = format!("{condition} OR secret_no IN ({})", secrets.join(", "));
        }
        let answer = opened.engine.query(&format!(
            "SELECT {columns}, source_id, locator FROM {view} WHERE {condition} ORDER BY {order}, locator LIMIT {limit}"
        ))?;
        if answer.rows.is_empty() {
            continue;
        }
        let count = opened.engine.query(&format!("SELECT count(*) FROM {view} WHERE {condition}"))?;
        let total = match count.rows.first().and_then(|row| row.first()) {
            Some(Value::Int(total)) => *total,
            _ => 0,
        };
        belongings.push(belonging(opened, view, about, answer, total));
    }
    Ok(Claims { identity_id: identity.to_owned(), claims: claims(opened, identity)?, belongings })
}

fn belonging(opened: &Opened, view: &'static str, about: &'static str, answer: QueryResult, total: i64) -> Belonging {
    let QueryResult { mut columns, mut rows } = answer;
    for row in &mut rows {
        let at = row.len().saturating_sub(2);
        if let Some(source) = row.get_mut(at) {
            *source = Value::Text(path_of(opened, &text(source).unwrap_or_default()));
        }
    }
    if let Some(name) = columns.iter_mut().rev().nth(1) {
        "source".clone_into(name);
    }
    Belonging { view, about, columns, rows, total }
}

/// What each file says of the identity, most believed first.
fn claims(opened: &Opened, identity: &str) -> Result<Vec<Claim>, Error> {
    let columns: Vec<&'static str> =
        Identity::TABLE.columns.iter().map(|column| column.name).filter(|name| !PROVENANCE.contains(name)).collect();
    let answer = opened.engine.query(&format!(
        "SELECT source_id, locator, {} FROM identity WHERE identity_id = {} ORDER BY source_id, locator",
        columns.join(", "),
        quoted(identity)
    ))?;
    let rank = |source_id: &str| {
        let file = opened.estate.files.iter().find(|file| file.source_id() == source_id);
        file.map(|file| (file.about.precedence, std::cmp::Reverse(file.as_of), file.sha256.clone()))
    };
    let mut rows: Vec<(String, String, Vec<Value>)> = answer
        .rows
        .into_iter()
        .map(|mut row| {
            let values = row.split_off(2.min(row.len()));
            let mut given = row.iter().map(|value| text(value).unwrap_or_default());
            (given.next().unwrap_or_default(), given.next().unwrap_or_default(), values)
        })
        .collect();
    rows.sort_by_key(|(source, locator, _)| (rank(source), locator.clone()));
    let mut claims = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let said: Vec<(&String, &String, &Value)> = rows
            .iter()
            .filter_map(|(source, locator, values)| Some((source, locator, values.get(place)?)))
            .filter(|(_, _, value)| **value != Value::Null)
            .collect();
        // Of moments of use the latest counts, whoever saw it; of all else the word of the most believed file.
        let believed = match *column {
            "last_used_at" => said.iter().map(|(_, _, value)| value.to_string()).max(),
            _ => said.first().map(|(_, _, value)| value.to_string()),
        };
        let contested = said.iter().any(|(_, _, value)| Some(value.to_string()) != believed);
        claims.extend(said.into_iter().map(|(source, locator, value)| Claim {
            claim: column,
            value: value.clone(),
            believed: Some(value.to_string()) == believed,
            contested,
            source: path_of(opened, source),
            locator: locator.clone(),
        }));
    }
    Ok(claims)
}

/// Shows it on a terminal.
///
/// # Errors
/// When standard output cannot be written.
pub fn print_claims(claims: &Claims, ui: &mut Ui) -> Result<(), Error> {
    ui.line(&ui.bold(&printable(&claims.identity_id)))?;
    let mut table = Table::new(["claim", "value", "", "source"]);
    for claim in &claims.claims {
        let mark = match (claim.believed, claim.contested) {
            (true, true) => "believed",
            (false, _) => "contradicted",
            (true, false) => "",
        };
        table.row([
            claim.claim.to_owned(),
            cut(&claim.value.to_string()),
            mark.to_owned(),
            format!("{} {}", claim.source, claim.locator),
        ]);
    }
    ui.data(&format!("\n{}", table.text()))?;
    for belonging in &claims.belongings {
        let more = usize::try_from(belonging.total).unwrap_or(0).saturating_sub(belonging.rows.len());
        let more = if more > 0 { format!(", {more} more not shown") } else { String::new() };
        ui.line(&format!("\n{} ({}{more})", ui.bold(belonging.about), belonging.total))?;
        let shown = belonging.columns.len().saturating_sub(1);
        let mut table = Table::new(belonging.columns.iter().take(shown).map(String::as_str));
        for row in &belonging.rows {
            let (values, place) = row.split_at(shown.min(row.len()).saturating_sub(1));
            let place: Vec<String> = place.iter().map(Value::to_string).collect();
            table.row(values.iter().map(|value| cut(&shown_value(value))).chain([place.join(" ")]));
        }
        ui.data(&table.text())?;
    }
    Ok(())
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        value => value.to_string(),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CELL { text.to_owned() } else { text.chars().take(CELL - 1).chain(['…']).collect() }
}

fn path_of(opened: &Opened, source_id: &str) -> String {
    let file = opened.estate.files.iter().find(|file| file.source_id() == source_id);
    file.map_or_else(|| source_id.to_owned(), |file| file.path.clone())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// A text as an SQL literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
