//! Files of no known format: vendors' exports and home-made lists, read by a map in rungs.yaml from their columns to
//! those of a table. Recognises nothing by itself; a file comes here only because `sources:` says so.

mod map;
mod records;

use std::collections::BTreeSet;

pub(super) use map::Map;

use super::output::Stop;
use super::{About, Broken, Input, Output, Probe, Recognised, Reject, Source, hash};
use crate::diag::Diagnostic;
use crate::inventory::Level;
use crate::inventory::column::Cell;
use map::Column;
use records::Record;

/// A CSV, NDJSON, JSON or Parquet file with a map.
pub struct Mapped;

/// The source for files with a map.
pub(super) static MAPPED: Mapped = Mapped;

impl Source for Mapped {
    fn about(&self) -> &'static About {
        &About {
            kind: "mapped.table",
            title: "A table of any origin, by a map of its columns",
            provider: "the one that rungs.yaml names",
            command: "export or save as CSV, NDJSON, JSON or Parquet; name `table`, `provider` and `columns` under \
                      `sources:` in rungs.yaml",
            recognises: "an entry under `sources:` in rungs.yaml that has `table`",
            facts: &[],
            main_view: "identities",
            precedence: 4,
            names_scope: false,
        }
    }

    fn recognise(&self, _: &Probe<'_>) -> Recognised {
        Recognised::No
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let Some(map) = &input.map else { return Err(Broken::new("rungs.yaml maps none of its columns")) };
        let mut scopes = BTreeSet::new();
        let missing = records::read(input, map, &mut |locator, record| {
            out.record(locator, |out| {
                let cells = cells(map, record, locator, input, out)?;
                scopes.insert(scope_of(&cells).unwrap_or(&input.scope_id).to_owned());
                out.push_cells(map.table, cells)?;
                Ok(())
            })
        })?;
        for column in
            map.columns.iter().filter(|column| column.from.as_ref().is_some_and(|from| missing.contains(from)))
        {
            let from = column.from.as_deref().unwrap_or_default();
            let message = format!("`{}` has no column `{from}`", input.path);
            out.fault(Diagnostic::error("config/column", message).at_value(&map.file, &column.column));
        }
        if scopes.is_empty() {
            scopes.insert(input.scope_id.clone());
        }
        for scope in &scopes {
            for (fact, level) in &map.covers {
                let note = "as rungs.yaml states";
                out.cover(map.provider.id, scope, *fact, *level, (*level < Level::Full).then_some(note));
            }
        }
        Ok(())
    }
}

fn scope_of<'a>(cells: &'a [(&'static str, Cell)]) -> Option<&'a str> {
    cells.iter().find_map(|(column, cell)| match cell {
        Cell::Text(text) if *column == "scope_id" => Some(text.as_str()),
        _ => None,
    })
}

/// One row: what the map takes from the record, and what every row carries.
fn cells(
    map: &Map,
    record: &Record,
    locator: &str,
    input: &Input,
    out: &mut Output,
) -> Result<Vec<(&'static str, Cell)>, Stop> {
    let mut cells = Vec::with_capacity(map.columns.len() + 4);
    for column in &map.columns {
        if let Some(cell) = column.cell(record, locator, out)? {
            cells.push((column.name, cell));
        }
    }
    let has = |cells: &[(&'static str, Cell)], name: &str| cells.iter().any(|(known, _)| *known == name);
    for column in map.table.columns.iter().filter(|column| !column.nullable) {
        if has(&cells, column.name) {
            continue;
        }
        let text = match column.name {
            "source_id" => input.source_id.clone(),
            "locator" => locator.to_owned(),
            "provider" => map.provider.id.to_owned(),
            name if map::is_hashed(map.table, name) => row_id(&cells, input),
            // What people call it is the next best to what they did not name.
            "name" | "native_id" => text_of(&cells, map::key_of(map.table)).unwrap_or_default(),
            name => match map::usual(name) {
                Some(text) => text.to_owned(),
                None => return Err(Reject::because(format!("`{name}` is empty")).into()),
            },
        };
        cells.push((column.name, Cell::Text(text)));
    }
    let has_scope = map.table.columns.iter().any(|column| column.name == "scope_id");
    if has_scope && !has(&cells, "scope_id") {
        cells.push(("scope_id", Cell::Text(input.scope_id.clone())));
    }
    Ok(cells)
}

fn text_of(cells: &[(&'static str, Cell)], name: &str) -> Option<String> {
    cells.iter().find_map(|(known, cell)| match cell {
        Cell::Text(text) if *known == name => Some(text.clone()),
        _ => None,
    })
}

/// An id for a row that has none, of all that is known of it.
fn row_id(cells: &[(&'static str, Cell)], input: &Input) -> String {
    let mut parts = vec![input.scope_id.clone()];
    parts.extend(cells.iter().map(|(name, cell)| format!("{name}={cell:?}")));
    hash::row_id(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

impl Column {
    /// What a record says of the column; `None` where it says nothing.
    fn cell(&self, record: &Record, locator: &str, out: &mut Output) -> Result<Option<Cell>, Reject> {
        let text = match (&self.constant, &self.from) {
            (Some(constant), _) => return Ok(Some(constant.clone())),
            (None, Some(from)) => record.get(from).map(str::trim).filter(|text| !text.is_empty()),
            (None, None) => None,
        };
        let Some(text) = text else { return Ok(None) };
        if let Some(meaning) = self.meaning_of(text) {
            return Ok(meaning.clone());
        }
        self.read(text, locator, out).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config;
    use crate::config::Moment;
    use crate::diag::SourceFile;
    use crate::inventory::Store;
    use crate::inventory::schema::{Credential, Identity, Row as _};
    use crate::sources::testing::{AS_OF, Loaded};
    use crate::sources::{Error, Options, SOURCES, load};

    /// Loads files with a rungs.yaml beside them.
    fn load_with(config: &str, files: &[(&str, &[u8])]) -> Result<Loaded, Error> {
        let folder = tempfile::tempdir().unwrap();
        let exports = folder.path().join("in");
        std::fs::create_dir_all(&exports).unwrap();
        for (name, bytes) in files {
            std::fs::write(exports.join(name), bytes).unwrap();
        }
        let config = config::load(&SourceFile::new("rungs.yaml", config)).unwrap_or_else(|faults| panic!("{faults:?}"));
        let options = Options {
            paths: &[PathBuf::from(&exports)],
            leave_out: None,
            config: &config,
            config_folder: Some(&exports),
            as_of: Some(Moment::parse(AS_OF).unwrap()),
            max_evidence_age_days: 92,
            progress: None,
        };
        load(SOURCES, &options, Store::new(folder.path().join("work"))).map(|estate| Loaded::new(estate, folder))
    }

    fn faults(config: &str, files: &[(&str, &[u8])]) -> Vec<String> {
        match load_with(config, files) {
            Err(Error::Faults(faults)) => faults
                .iter()
                .map(|it| format!("{}: {}", it.place.as_ref().map(|at| at.describe()).unwrap_or_default(), it.message))
                .collect(),
            other => panic!("{:?}", other.map(|loaded| loaded.estate.files)),
        }
    }

    const CONFIG: &str = "sources:
  - path: list.csv
    table: identity
    provider: okta
    scope_id: acme
    columns:
      identity_id: ID
      kind: { from: Type, values: { Bot: service_account, Person: human, '?': null } }
      is_human: { from: Type, values: { Bot: false, Person: true, '?': null } }
      owner: Owner
      owner_basis: { value: register }
      created_at: { from: Made, date: '%d.%m.%Y' }
      enabled: Active
    covers: { identity: full, owner: partial }
";

    const COLUMNS: &[&str] =
        &["identity_id", "provider", "scope_id", "kind", "name", "is_human", "owner", "created_at", "enabled"];

    #[test]
    fn a_home_made_list_becomes_identities() {
        let list = "\u{feff}id;Type;Owner;Made;Active\nokta:acme:app:1;Bot;\"Ann; Bo\";03.01.2026;yes\n\
                    okta:acme:user:2;person;;;no\n;Bot;x;03.01.2026;yes\nokta:acme:app:3;Bot;;2026-01-03;maybe\n\
                    okta:acme:app:4;?;;;\n";
        let loaded = load_with(CONFIG, &[("list.csv", list.as_bytes())]).unwrap();
        assert_eq!(
            loaded.rows(Identity::TABLE, COLUMNS),
            [
                [
                    "okta:acme:app:1",
                    "okta",
                    "acme",
                    "service_account",
                    "okta:acme:app:1",
                    "false",
                    "Ann; Bo",
                    "2026-01-03T00:00:00Z",
                    "true"
                ],
                ["okta:acme:user:2", "okta", "acme", "human", "okta:acme:user:2", "true", "∅", "∅", "false"],
            ]
        );
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded, file.provider), (5, 2, "okta"));
        let reasons: Vec<_> = file.rejected.iter().map(|it| format!("{}: {}", it.locator, it.reason)).collect();
        assert_eq!(
            reasons,
            [
                "line 4: `identity_id` is empty",
                "line 5: column `Made` is not a date of the form `%d.%m.%Y`",
                "line 6: `kind` is empty",
            ]
        );
        let covered: Vec<_> =
            file.coverage.iter().map(|it| format!("{} {} {}", it.provider, it.fact, it.level)).collect();
        assert_eq!(covered, ["okta identity full", "okta owner partial"]);
    }

    #[test]
    fn json_lines_and_parquet_are_read_alike() {
        let config = "sources:
  - path: keys.ndjson
    table: credential
    provider: gcp
    columns: { credential_id: key.id, kind: { value: sa_key }, ttl_seconds: ttl, fingerprint: secret, scope_id: project }
";
        let lines = r#"{"key": {"id": "a"}, "ttl": 3600, "secret": "CANARY-1", "project": "p1"}
{"key": {"id": "b"}, "ttl": "x", "secret": null, "project": "p2"}
{"key": {"id": "c"}, "secret": "sha256:00", "project": "p2"}
"#;
        let loaded = load_with(config, &[("keys.ndjson", lines.as_bytes())]).unwrap();
        let (hash, _) = hash::fingerprints("CANARY-1");
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "kind", "ttl_seconds", "fingerprint", "scope_id"]),
            [["a", "sa_key", "3600", hash.as_str(), "p1"], ["c", "sa_key", "∅", "sha256:00", "p2"]]
        );
        let file = &loaded.estate.files[0];
        assert_eq!(file.rejected[0].reason, "column `ttl` is not a whole number");
        // Nothing was said of coverage: what is listed was seen, and more may exist.
        let covered: Vec<_> = file.coverage.iter().map(|it| format!("{} {}", it.scope_id, it.level)).collect();
        assert_eq!(covered, ["p1 partial", "p2 partial"]);
        loaded.assert_no_canary();

        let batch = arrow::array::RecordBatch::try_from_iter([
            ("id", std::sync::Arc::new(arrow::array::StringArray::from(vec!["x", "y"])) as arrow::array::ArrayRef),
            ("ttl", std::sync::Arc::new(arrow::array::Int64Array::from(vec![Some(60), None]))),
        ])
        .unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let config = "sources:
  - { path: keys.parquet, table: credential, provider: gcp, columns: { credential_id: id, kind: { value: sa_key }, ttl_seconds: ttl } }
";
        let loaded = load_with(config, &[("keys.parquet", &bytes)]).unwrap();
        assert_eq!(
            loaded.rows(Credential::TABLE, &["credential_id", "ttl_seconds", "locator"]),
            [["x", "60", "row 1"], ["y", "∅", "row 2"]]
        );
    }

    #[test]
    fn faults_in_a_map_name_the_column_and_its_line() {
        let list: &[(&str, &[u8])] = &[("list.csv", b"ID,Type\na,Bot\n")];
        assert_eq!(
            faults(CONFIG, list),
            [
                "rungs.yaml:10:14: `list.csv` has no column `Owner`",
                "rungs.yaml:12:19: `list.csv` has no column `Made`",
                "rungs.yaml:13:16: `list.csv` has no column `Active`",
            ]
        );
        let with = |columns: &str| {
            format!("sources:\n  - {{ path: list.csv, table: identity, provider: aws, columns: {{ {columns} }} }}\n")
        };
        assert_eq!(faults(&with("identity_id: ID"), list), ["rungs.yaml:2:30: table `identity` needs a column `kind`"]);
        let found =
            faults(&with("identity_id: ID, kind: Type, ownr: Type, created_at: { from: ID, date: '%Q' }"), list);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`%Q`") || found[1].contains("`%Q`"), "{found:?}");
        assert!(found.iter().any(|it| it.ends_with("table `identity` has no column `ownr`")), "{found:?}");
        let found =
            faults("sources:\n  - { path: list.csv, table: source, provider: aws, columns: { path: ID } }\n", list);
        assert_eq!(found, ["rungs.yaml:2:30: there is no table `source` to fill"]);
    }
}
