//! From tables to views: runs the sections of `views.sql` and writes each view as one Parquet file, sorted by
//! its key, so that every later reading is one ordered scan.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, ExprSchemable, cast, col, lit, when};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tokio::task::JoinHandle;

use super::compile::Compiler;
use super::{Engine, Error, died, failed};
use crate::config::{AiSelectors, Config};
use crate::diag::{Diagnostic, Diagnostics, Located};
use crate::inventory::schema::{Row, TABLES};
use crate::inventory::views::View;
use crate::inventory::{Coverage, Fact, Level, Provider, Store};

const SECTIONS: &str = include_str!("views.sql");
/// Steps that several sections read; all others are read once and stay part of their reader's plan.
const KEPT: [&str; 6] =
    ["ALIASES", "CREDENTIAL_MERGED", "EXPOSURES_LINKED", "ENTITLEMENT_ROWS", "TRUST_ROWS", "IDENTITIES_PLAIN"];
/// Rows of one row group: the unit in which later scans are spread over threads.
const ROW_GROUP: usize = 256 * 1024;

/// Tables that are being filled, by name: the file, and the task that writes it.
type Filling = BTreeMap<String, (PathBuf, JoinHandle<Result<(), Error>>)>;

/// Whether a section reads a table: its name stands in the text as a word.
fn mentions(sql: &str, table: &str) -> bool {
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(table))
}

/// What the views need beside the tables.
pub struct RelateOptions<'a> {
    /// The rows.
    pub store: &'a Store,
    /// What evidence covers.
    pub coverage: &'a Coverage,
    /// Sources in order of belief: (source id, moment of the export in µs).
    pub sources: Vec<(String, i64)>,
    /// The validated rungs.yaml.
    pub config: &'a Config,
}

/// How AI's use of identities is known.
#[derive(Debug, Clone, Default)]
pub struct AiEvidence {
    /// How many identities each selector of rungs.yaml names.
    pub selectors: Vec<SelectorUse>,
}

/// One selector and how many identities it names.
#[derive(Debug, Clone)]
pub struct SelectorUse {
    /// The selector as it is written.
    pub text: String,
    /// Identities that it names.
    pub identities: i64,
}

/// The filled views.
#[derive(Debug)]
pub struct Related {
    folder: PathBuf,
    /// How AI's use of identities is known.
    pub ai: AiEvidence,
    /// Selectors that name nothing.
    pub faults: Diagnostics,
}

impl Related {
    /// The Parquet file of a view.
    #[must_use]
    pub fn file(&self, view: &View) -> PathBuf {
        self.folder.join(format!("{}.parquet", view.name))
    }
}

impl Engine {
    /// Fills every view and opens it in the session.
    ///
    /// # Errors
    /// [`Error::Faults`] for selectors in rungs.yaml that do not compile.
    pub fn relate(&self, options: &RelateOptions<'_>) -> Result<Related, Error> {
        self.block_on(self.relate_async(options))
    }

    async fn relate_async(&self, options: &RelateOptions<'_>) -> Result<Related, Error> {
        let folder = options.store.derived("views");
        std::fs::create_dir_all(&folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
        self.register_tables(options).await?;
        self.register_given(options)?;
        let mut related = Related { folder: folder.clone(), ai: AiEvidence::default(), faults: Diagnostics::default() };
        let mut filling = Filling::new();
        for (name, sql) in sections() {
            self.settle(&mut filling, |table| mentions(sql, table)).await?;
            let frame =
                self.context.sql(sql).await.map_err(failed(format!("section `{name}` of views.sql does not run")))?;
            let table = name.to_lowercase();
            let frame = match View::find(name) {
                Some(view) => as_declared(frame, view)?,
                None if KEPT.contains(&name) => frame,
                None => {
                    self.context.register_table(table, frame.into_view()).map_err(failed("cannot name a section"))?;
                    continue;
                }
            };
            // To plan a section takes longer than to run it on a small estate; those that do not read each other are
            // planned side by side.
            let path = folder.join(format!("{name}.parquet"));
            let task = self.runtime.spawn(write(frame, path.clone()));
            filling.insert(table, (path, task));
            if name == "IDENTITIES_PLAIN" {
                self.settle(&mut filling, |_| true).await?;
                let frame = self.with_ai_use(options.config, &mut related).await?;
                self.context
                    .register_table("identities_ai", frame.into_view())
                    .map_err(failed("cannot name a section"))?;
            }
        }
        self.settle(&mut filling, |_| true).await?;
        self.hide_steps().await?;
        Ok(related)
    }

    /// Waits for tables that are being filled and opens them.
    async fn settle(&self, filling: &mut Filling, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let wanted: Vec<String> = filling.keys().filter(|table| is_wanted(table)).cloned().collect();
        for table in wanted {
            let Some((path, task)) = filling.remove(&table) else { continue };
            task.await.map_err(died(&table))??;
            self.context.deregister_table(table.as_str()).map_err(failed("cannot replace a view"))?;
            self.register(&table, &path).await?;
        }
        Ok(())
    }

    /// Leaves tables and views to whoever asks, without the steps between them and without fingerprints,
    /// which are never printed.
    async fn hide_steps(&self) -> Result<(), Error> {
        let context = || failed("cannot hide a step");
        for (name, _) in sections() {
            if View::find(name).is_none() {
                self.context.deregister_table(name.to_lowercase()).map_err(context())?;
            }
        }
        for name in ["identities_ai", "src", "cover", "own", "estate"] {
            self.context.deregister_table(name).map_err(context())?;
        }
        for name in ["credential", "exposure"] {
            let frame = self.table(name).await?;
            let frame = frame.drop_columns(&["fingerprint", "fingerprint_sha1"]).map_err(context())?;
            self.context.deregister_table(name).map_err(context())?;
            self.context.register_table(name, frame.into_view()).map_err(context())?;
        }
        Ok(())
    }

    async fn register_tables(&self, options: &RelateOptions<'_>) -> Result<(), Error> {
        for table in TABLES {
            let folder = options.store.table_folder(table);
            if folder.exists() {
                self.register(table.name, &folder).await?;
            } else {
                let empty = RecordBatch::new_empty(table.arrow());
                self.context.register_batch(table.name, empty).map_err(failed("cannot register an empty table"))?;
            }
        }
        Ok(())
    }

    /// Registers what is known beside the tables: sources by belief, coverage, the scopes of the estate.
    fn register_given(&self, options: &RelateOptions<'_>) -> Result<(), Error> {
        let arrow = |source| Error::Arrow { view: "scopes".to_owned(), source };
        let ids = options.sources.iter().map(|(id, _)| Some(id.as_str()));
        let moments = options.sources.iter().map(|(_, micros)| *micros);
        let ranks = (1..).take(options.sources.len());
        let sources = RecordBatch::try_from_iter([
            ("source_id", Arc::new(StringArray::from_iter(ids)) as ArrayRef),
            ("as_of", Arc::new(TimestampMicrosecondArray::from_iter_values(moments).with_timezone("UTC")) as ArrayRef),
            ("rank", Arc::new(Int64Array::from_iter_values(ranks)) as ArrayRef),
        ])
        .map_err(arrow)?;
        let cover = cover_table(options.coverage).map_err(arrow)?;
        let own = own_table(options.coverage, options.config).map_err(arrow)?;
        let agents_complete = agents_complete(options)?;
        let identities_complete = options.coverage.estate_level(Fact::Identity) == Level::Full;
        let estate = RecordBatch::try_from_iter([
            ("declared", Arc::new(BooleanArray::from(vec![!options.config.scopes.is_empty()])) as ArrayRef),
            ("agents_complete", Arc::new(BooleanArray::from(vec![agents_complete])) as ArrayRef),
            ("identities_complete", Arc::new(BooleanArray::from(vec![identities_complete])) as ArrayRef),
        ])
        .map_err(arrow)?;
        for (name, batch) in [("src", sources), ("cover", cover), ("own", own), ("estate", estate)] {
            self.context.register_batch(name, batch).map_err(failed("cannot register what is given"))?;
        }
        Ok(())
    }

    /// Adds `ai_use`: evidence first, then selectors; *none* only where a selector or complete evidence says so.
    async fn with_ai_use(&self, config: &Config, related: &mut Related) -> Result<DataFrame, Error> {
        let frame = self.table("identities_plain").await?;
        let compiler = Compiler::new(self);
        let selectors = Selectors::compile(&compiler, &frame, config)?;
        related.ai.selectors = self.count_selected(&frame, &selectors).await?;
        if let Some(file) = &config.file {
            for ((_, written, _), used) in selectors.0.iter().zip(&related.ai.selectors) {
                if used.identities == 0 {
                    related.faults.push(
                        Diagnostic::warning("config/unused-selector", "this selector names no identity")
                            .at_value(file, written),
                    );
                }
            }
        }
        let evidence = |word: &str| col("ai_evidence").eq(lit(word));
        let case = when(evidence("agent").or(selectors.any("agent")), lit("agent"))
            .when(evidence("inference").or(selectors.any("inference")), lit("inference"))
            .when(selectors.any("pipeline"), lit("pipeline"))
            .when(selectors.any("none").or(col("ai_excluded")), lit("none"))
            .end()
            .map_err(failed("cannot tell AI's use of identities"))?;
        frame.with_column("ai_use", case).map_err(failed("cannot tell AI's use of identities"))
    }

    async fn count_selected(&self, frame: &DataFrame, selectors: &Selectors) -> Result<Vec<SelectorUse>, Error> {
        let mut counts = Vec::new();
        for (_, written, expr) in &selectors.0 {
            let count = frame
                .clone()
                .filter(expr.clone())
                .map_err(failed("cannot apply a selector"))?
                .count()
                .await
                .map_err(failed("cannot apply a selector"))?;
            let identities = i64::try_from(count).unwrap_or(i64::MAX);
            counts.push(SelectorUse { text: written.to_string(), identities });
        }
        Ok(counts)
    }
}

/// What rungs.yaml says of AI's use: the use, the text as written, and its expression.
struct Selectors(Vec<(&'static str, Located<String>, Expr)>);

impl Selectors {
    fn compile(compiler: &Compiler<'_>, frame: &DataFrame, config: &Config) -> Result<Self, Error> {
        let Some(file) = &config.file else { return Ok(Self(Vec::new())) };
        let AiSelectors { identities, scopes, none } = &config.ai;
        let mut faults = Diagnostics::default();
        let mut compiled = Vec::new();
        let written = identities.iter().map(|selector| {
            let used_as = ["agent", "inference", "pipeline"].into_iter().find(|word| *word == selector.used_as);
            (used_as.unwrap_or("agent"), &selector.predicate)
        });
        for (used_as, text) in written.chain(none.iter().map(|text| ("none", text))) {
            match compiler.predicate(text, frame.schema(), file, text) {
                Ok(expr) => compiled.push((used_as, text.clone(), expr)),
                Err(fault) => faults.push(*fault),
            }
        }
        for scope in scopes {
            compiled.push(("pipeline", scope.clone(), col("scope_id").eq(lit(scope.as_str()))));
        }
        if faults.has_errors() { Err(Error::Faults(faults)) } else { Ok(Self(compiled)) }
    }

    /// Whether any selector of that use names the row; FALSE where there is none.
    fn any(&self, used_as: &str) -> Expr {
        let matching = self.0.iter().filter(|(word, ..)| *word == used_as);
        matching.fold(lit(false), |any, (_, _, expr)| any.or(expr.clone().is_true()))
    }
}

/// The sections of views.sql as (name, SELECT), in order.
pub(super) fn sections() -> Vec<(&'static str, &'static str)> {
    SECTIONS
        .split("-- section: ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(name, sql)| (name.trim(), sql))
        .collect()
}

/// The declared columns in their declared types and order, sorted by the view's key.
fn as_declared(frame: DataFrame, view: &View) -> Result<DataFrame, Error> {
    let context = || failed(format!("view `{}` lacks a declared column", view.name));
    let mut columns = Vec::new();
    for column in view.columns() {
        let wanted = column.kind.data_type();
        let expr = col(column.name);
        let actual = expr.get_type(frame.schema()).map_err(context())?;
        columns.push(if actual == wanted { expr } else { cast(expr, wanted).alias(column.name) });
    }
    frame.select(columns).and_then(|frame| frame.sort(vec![col(view.key).sort(true, true)])).map_err(context())
}

/// Writes a frame as one Parquet file, batch by batch, in the frame's order.
async fn write(frame: DataFrame, path: PathBuf) -> Result<(), Error> {
    let path = path.as_path();
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let io = |source| Error::Io { path: path.to_path_buf(), source };
    let parquet = |source| Error::Parquet { path: path.to_path_buf(), source };
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let file = File::create(path).map_err(io)?;
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(parquet)?;
    let mut stream = frame.execute_stream().await.map_err(failed(format!("cannot fill `{}`", path.display())))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed(format!("cannot fill `{}`", path.display())))?;
        writer.write(&batch).map_err(parquet)?;
    }
    writer.close().map_err(parquet)?;
    Ok(())
}

/// Whether the evidence on agents is complete: every scope that can list agents does, and every agent names
/// the identity that it runs as. Only then can an identity be known not to be used by AI.
fn agents_complete(options: &RelateOptions<'_>) -> Result<bool, Error> {
    if options.coverage.estate_level(Fact::Agent) != Level::Full {
        return Ok(false);
    }
    for batch in options.store.read(crate::inventory::schema::Agent::TABLE, &["identity_id"])? {
        if batch?.column(0).null_count() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How far evidence covers each fact for rows of each scope: `f_<fact>` is full, partial or none.
fn cover_table(coverage: &Coverage) -> Result<RecordBatch, arrow::error::ArrowError> {
    let scopes: Vec<(&str, &str)> = coverage.scopes().collect();
    let mut fields = vec![Field::new("provider", DataType::Utf8, false), Field::new("scope_id", DataType::Utf8, false)];
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(scopes.iter().map(|(provider, _)| provider))),
        Arc::new(StringArray::from_iter_values(scopes.iter().map(|(_, scope)| scope))),
    ];
    for fact in Fact::ALL {
        fields.push(Field::new(format!("f_{}", fact.column()), DataType::Utf8, false));
        let levels = scopes.iter().map(|(provider, scope)| coverage.level_for_rows(provider, scope, *fact).name());
        columns.push(Arc::new(StringArray::from_iter_values(levels)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The rows of the view `scopes`, but for its key.
fn own_table(coverage: &Coverage, config: &Config) -> Result<RecordBatch, arrow::error::ArrowError> {
    let scopes: Vec<(&str, &str)> = coverage.scopes().collect();
    let declared = |provider: &str, scope: &str| {
        config.scopes.iter().find(|known| *known.provider == provider && *known.id == scope)
    };
    let Some(view) = View::find("scopes") else { return Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))) };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in view.columns().filter(|column| column.name != view.key) {
        let fact = Fact::ALL.iter().find(|fact| format!("{}_coverage", fact.column()) == column.name);
        let array: ArrayRef = match (column.name, fact) {
            ("provider", _) => Arc::new(StringArray::from_iter_values(scopes.iter().map(|(provider, _)| provider))),
            ("scope_id", _) => Arc::new(StringArray::from_iter_values(scopes.iter().map(|(_, scope)| scope))),
            ("scope_name", _) => Arc::new(StringArray::from_iter_values(scopes.iter().map(|(provider, scope)| {
                declared(provider, scope).and_then(|known| known.name.as_deref()).unwrap_or(scope)
            }))),
            ("declared", _) => Arc::new(BooleanArray::from_iter(
                scopes.iter().map(|(provider, scope)| Some(declared(provider, scope).is_some())),
            )),
            (_, Some(fact)) => Arc::new(StringArray::from_iter(scopes.iter().map(|(provider, scope)| {
                let known = Provider::find(provider)?;
                known.can_supply(*fact).then(|| coverage.level(provider, scope, *fact).name())
            }))),
            _ => Arc::new(StringArray::new_null(scopes.len())),
        };
        fields.push(Field::new(column.name, array.data_type().clone(), true));
        columns.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Moment;
    use crate::inventory::Writer;
    use crate::inventory::schema::{Agent, Entitlement};
    use crate::inventory::views::VIEWS;

    #[test]
    fn every_view_has_its_section_and_every_section_its_use() {
        let sections = sections();
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        for view in VIEWS {
            assert!(names.contains(&view.name), "view `{}` has no section", view.name);
        }
        for kept in KEPT {
            assert!(names.contains(&kept), "there is no section `{kept}`");
        }
        for name in names.iter().filter(|name| View::find(name).is_none() && **name != "IDENTITIES_PLAIN") {
            let readers = sections.iter().filter(|(other, sql)| other != name && sql.contains(name)).count();
            assert!(readers > 0, "nothing reads section `{name}`");
        }
    }

    /// A register names an owner for one of two users, by id and by name, and for a user whom no export lists.
    #[test]
    fn a_register_states_owners_and_makes_no_identity() {
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
        let work = tempfile::tempdir().unwrap();
        let exports = work.path().join("exports");
        std::fs::create_dir_all(&exports).unwrap();
        std::fs::copy(fixtures.join("aws.credential_report/good/two-users.csv"), exports.join("report.csv")).unwrap();
        let register = "identity;scope;owner;environment\n\
            ARN:aws:iam::123456789012:user/people/alice;;anna;\n\
            alice;123456789012;;prod\n\
            carol;123456789012;nobody;\n\
            arn:aws:iam::999999999999:user/dave;;dora;\n";
        std::fs::write(exports.join("register.csv"), register).unwrap();
        let config = Config::default();
        let options = crate::sources::Options {
            paths: std::slice::from_ref(&exports),
            leave_out: None,
            config: &config,
            config_folder: None,
            as_of: Some(crate::config::Moment::parse("2026-06-30").unwrap()),
            max_evidence_age_days: 92,
            progress: None,
        };
        let store = Store::new(work.path().join("work"));
        std::fs::create_dir_all(work.path().join("work")).unwrap();
        let estate = crate::sources::load(crate::sources::SOURCES, &options, store).unwrap();
        assert_eq!(estate.coverage.scopes().collect::<Vec<_>>(), [("aws", "123456789012")]);
        assert_eq!(estate.coverage.level("aws", "123456789012", Fact::Owner), Level::Partial);
        let mut files: Vec<_> = estate.files.iter().collect();
        files.sort_by_key(|file| file.about.precedence);
        let sources = files.iter().map(|file| (file.source_id().to_owned(), file.as_of.micros())).collect();
        crate::access::compute(&estate.store, &estate.coverage).unwrap();
        let options = RelateOptions { store: &estate.store, coverage: &estate.coverage, sources, config: &config };
        let engine = Engine::new().unwrap();
        engine.relate(&options).unwrap();
        let sql = "SELECT identity_name, identity_kind, identity_owner, owner_basis, has_owner, environment \
                   FROM identities ORDER BY identity_name";
        let rows: Vec<String> = engine.query(sql).unwrap().rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        for word in ["alice", "iam_user", "anna", "register", "true", "production"] {
            assert!(rows[0].contains(word), "{word}: {rows:?}");
        }
        // That the register does not name bob says nothing of who owns him.
        assert!(rows[1].contains("bob") && !rows[1].contains("true") && !rows[1].contains("false"), "{rows:?}");
    }

    /// Fills the views from empty tables: every declared column must come out of the SQL in its declared type.
    #[test]
    fn the_sql_gives_every_declared_column() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::new(work.path());
        let coverage = Coverage::new(crate::config::Moment::from_micros(0), 92);
        let config = Config::default();
        let options = RelateOptions { store: &store, coverage: &coverage, sources: Vec::new(), config: &config };
        let engine = Engine::new().unwrap();
        engine.relate(&options).unwrap();
        for view in VIEWS {
            let answer = engine.query(&format!("SELECT * FROM {}", view.name)).unwrap();
            let declared: Vec<&str> = view.columns().map(|column| column.name).collect();
            assert_eq!(answer.columns, declared, "{}", view.name);
            assert!(answer.rows.is_empty());
        }
    }

    /// The views of some fixtures, and the folder that they lie in.
    fn related(fixtures: &[&str]) -> (Engine, tempfile::TempDir) {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/sources");
        let paths: Vec<PathBuf> = fixtures.iter().map(|file| root.join(file)).collect();
        let config = Config::default();
        let options = crate::sources::Options {
            paths: &paths,
            leave_out: None,
            config: &config,
            config_folder: None,
            as_of: Some(crate::config::Moment::parse("2026-06-30").unwrap()),
            max_evidence_age_days: 92,
            progress: None,
        };
        let work = tempfile::tempdir().unwrap();
        let estate = crate::sources::load(crate::sources::SOURCES, &options, Store::new(work.path())).unwrap();
        crate::access::compute(&estate.store, &estate.coverage).unwrap();
        let sources = estate.files.iter().map(|file| (file.source_id().to_owned(), file.as_of.micros())).collect();
        let options = RelateOptions { store: &estate.store, coverage: &estate.coverage, sources, config: &config };
        let engine = Engine::new().unwrap();
        engine.relate(&options).unwrap();
        (engine, work)
    }

    /// One export names the account by address, the other by number: the way into it leads to what it holds.
    #[test]
    fn an_account_named_by_number_is_the_one_named_by_address() {
        let files = ["gcp.service_accounts/good/list.json", "gcp.iam_policies/good/by-number.json"];
        let (engine, _work) = related(&files);
        let one = |sql: &str| format!("{:?}", engine.query(sql).unwrap().rows);
        let trusts = one("SELECT identity_id, identity_kind, subject FROM trusts");
        assert!(trusts.contains("gcp:etl@acme-prod.iam.gserviceaccount.com"), "{trusts}");
        assert!(trusts.contains("service_account") && trusts.contains("gcp:user:ann@acme.example"), "{trusts}");
        let path = one("SELECT admin_path FROM identities WHERE identity_id = 'gcp:user:ann@acme.example'");
        assert!(path.contains("ann@acme.example > etl@acme-prod.iam.gserviceaccount.com: full control"), "{path}");
    }

    /// A fresh cluster binds rights to controllers of its own that have not started, and one of its bindings names
    /// an account that is gone. Only that one may be shown as a leftover.
    #[test]
    fn of_the_missing_holders_of_a_fresh_cluster_one_is_a_leftover() {
        let (engine, _work) = related(&["k8s.list/good/fresh-cluster.json"]);
        // A subject of a binding holds one row for each rule of the role.
        let subjects = |which: &str| {
            let place = "CASE WHEN via LIKE 'binding:%' THEN resource ELSE '' END";
            let sql = format!(
                "SELECT DISTINCT identity_id, via, {place} AS place FROM entitlements \
                 WHERE NOT holder_exists AND {which} ORDER BY identity_id, via, place"
            );
            engine.query(&sql).unwrap().rows
        };
        assert_eq!(subjects("true").len(), 37);
        assert_eq!(subjects("holder_builtin").len(), 36);
        let left: Vec<String> = subjects("NOT holder_builtin").iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(left.len(), 1);
        assert!(
            left[0].contains("k8s:good:sa:agents:gone") && left[0].contains("binding:shared-agent-secrets"),
            "{left:?}"
        );
    }

    /// The rows of a query over views that were filled from these rows: of a first source, and of one made a day
    /// later that is believed less.
    fn related_rows(fill: impl Fn(&mut Writer, &mut Writer), sql: &str) -> Vec<Vec<String>> {
        let work = tempfile::tempdir().unwrap();
        let store = Store::new(work.path());
        let (mut first, mut second) = (store.writer(0), store.writer(1));
        fill(&mut first, &mut second);
        first.finish().unwrap();
        second.finish().unwrap();
        let coverage = Coverage::new(moment("2026-06-30"), 92);
        let config = Config::default();
        let sources = [("a", "2026-06-29"), ("b", "2026-06-30")]
            .map(|(id, made)| (id.to_owned(), moment(made).micros()))
            .to_vec();
        let options = RelateOptions { store: &store, coverage: &coverage, sources, config: &config };
        let engine = Engine::new().unwrap();
        engine.relate(&options).unwrap();
        let answer = engine.query(sql).unwrap();
        answer.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    fn permission(action: &str, via: &str, source: &str) -> Entitlement {
        Entitlement {
            entitlement_id: format!("{via} {action}"),
            identity_id: "role".to_owned(),
            provider: "aws".into(),
            effect: "allow".into(),
            action: action.to_owned(),
            action_kind: "permission".into(),
            via: via.to_owned(),
            source_id: source.to_owned(),
            ..Entitlement::default()
        }
    }

    #[test]
    fn permissions_take_over_when_they_were_last_used() {
        let rows = related_rows(
            |grants, uses| {
                for action in ["s3:GetObject", "s3:*", "sqs:Send*", "S3:PutObject", "iam:PassRole"] {
                    grants.push(permission(action, "inline:x", "a")).unwrap();
                }
                for (action, at) in
                    [("s3:*", Some("2026-06-20")), ("s3:GetObject", Some("2026-06-10")), ("sqs:*", None)]
                {
                    let state = if at.is_some() { "used" } else { "none_in_window" };
                    let row = permission(action, "last-accessed", "b");
                    let last_used_at = at.map(moment);
                    uses.push(Entitlement { last_used_at, last_used_state: Some(state.into()), ..row }).unwrap();
                }
            },
            "SELECT action, last_used_state, idle_days FROM entitlements ORDER BY action",
        );
        // An action of a service that was used may still not have been: of `S3:PutObject` nothing is known.
        let expected = [
            ["iam:PassRole", "NULL", "NULL"],
            ["s3:*", "used", "10"],
            ["S3:PutObject", "NULL", "NULL"],
            ["s3:GetObject", "used", "20"],
            ["sqs:Send*", "none_in_window", "NULL"],
        ];
        assert_same(&rows, &expected);
    }

    #[test]
    fn what_files_say_of_one_agent_comes_together() {
        let rows = related_rows(
            |detail, registry| {
                let agent = |source: &str| Agent {
                    agent_id: "a".to_owned(),
                    provider: "aws".into(),
                    name: "planner".to_owned(),
                    platform: "agentcore".into(),
                    source_id: source.to_owned(),
                    ..Agent::default()
                };
                detail.push(Agent { identity_id: Some("role".to_owned()), enabled: Some(true), ..agent("a") }).unwrap();
                let decided = Some("approved".into());
                registry
                    .push(Agent {
                        registry_status: decided,
                        enabled: Some(false),
                        platform: "a2a".into(),
                        ..agent("b")
                    })
                    .unwrap();
            },
            "SELECT platform, identity_id, registry_status, enabled FROM agents",
        );
        assert_same(&rows, &[["agentcore", "role", "approved", "true"]]);
    }

    /// Compares cells as they are shown, whatever their type.
    fn assert_same<const N: usize>(rows: &[Vec<String>], expected: &[[&str; N]]) {
        let mut shown: Vec<Vec<String>> = rows.to_vec();
        let mut expected: Vec<Vec<String>> = expected.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected);
    }

    /// Rows about one application of Entra, as different exports write them.
    fn application(writer: &mut crate::inventory::Writer, now: crate::config::Moment) {
        use crate::inventory::schema::{Credential, Entitlement, Identity, IdentityUse, Trust};
        let word = |text: &str| crate::inventory::column::Word(text.to_owned());
        let (azure, s, t) = (word("azure"), "s".to_owned(), Some(word("t")));
        let mut identity = |id: &str, native: &str, kind: &str, owner: Option<&str>, used: bool| {
            let row = Identity {
                identity_id: id.to_owned(),
                provider: azure.clone(),
                scope_id: t.clone(),
                kind: word(kind),
                name: format!("name of {id}"),
                native_id: native.to_owned(),
                owner: owner.map(str::to_owned),
                last_used_at: used.then_some(now),
                source_id: s.clone(),
                ..Identity::default()
            };
            writer.push(row).unwrap();
        };
        identity("entra:t:sp:o1", "a1", "service_principal", None, false);
        identity("entra:t:sp:o2", "/subscriptions/s/mi", "managed_identity", None, false);
        identity("entra:t:app:a1", "a1", "app_registration", Some("ana"), false);
        identity("entra:t:app:a9", "a9", "service_principal", None, true);
        let credential = Credential {
            credential_id: "c".to_owned(),
            identity_id: Some("entra:t:app:a1".to_owned()),
            provider: azure.clone(),
            kind: word("client_secret"),
            status: Some(word("active")),
            source_id: s.clone(),
            ..Credential::default()
        };
        writer.push(credential).unwrap();
        for (n, holder) in ["entra:t:sp:o1", "entra:t:object:o1", "entra:t:object:o7"].into_iter().enumerate() {
            let (entitlement_id, identity_id) = (n.to_string(), holder.to_owned());
            let (provider, scope_id, effect, source_id) = (azure.clone(), t.clone(), word("allow"), s.clone());
            let empty = Entitlement::default();
            let row = Entitlement { entitlement_id, identity_id, provider, scope_id, effect, source_id, ..empty };
            writer.push(row).unwrap();
        }
        for (n, id) in ["entra:t:app:a1", "entra:t:mi:/subscriptions/s/mi"].into_iter().enumerate() {
            let (trust_id, identity_id) = (n.to_string(), id.to_owned());
            let (provider, kind, source_id) = (azure.clone(), word("oidc"), s.clone());
            writer.push(Trust { trust_id, identity_id, provider, kind, source_id, ..Trust::default() }).unwrap();
        }
        let used = IdentityUse {
            identity_id: "entra:app:a1".to_owned(),
            provider: word("k8s"),
            user_kind: word("pod"),
            user_ref: "p".to_owned(),
            basis: word("config"),
            source_id: s,
            ..IdentityUse::default()
        };
        writer.push(used).unwrap();
    }

    /// An application, its service principal and what others call them are one identity, with the credentials of
    /// the one and the grants of the other.
    #[test]
    fn an_application_and_its_principal_are_one_identity() {
        use crate::inventory::{CoverageEntry, CoverageKey};

        let work = tempfile::tempdir().unwrap();
        let store = Store::new(work.path());
        let now = crate::config::Moment::parse("2026-06-30T12:00:00Z").unwrap();
        let mut writer = store.writer(0);
        application(&mut writer, now);
        writer.finish().unwrap();
        let mut coverage = Coverage::new(now, 92);
        let (as_of, level) = (now, Level::Full);
        coverage.add(
            CoverageKey { provider: "azure".into(), scope_id: "t".into(), fact: Fact::Identity },
            CoverageEntry { source_id: "s".into(), as_of, level, window_from: None, note: None, parts: None },
        );
        let config = Config::default();
        let sources = vec![("s".to_owned(), now.micros())];
        let options = RelateOptions { store: &store, coverage: &coverage, sources, config: &config };
        let engine = Engine::new().unwrap();
        engine.relate(&options).unwrap();
        let ask = |sql: &str| format!("{:?}", engine.query(sql).unwrap().rows);
        let counts = "SELECT count(*), max(identity_owner), sum(active_credentials), sum(entitlements), \
                      sum(trusts), sum(users_of_identity) FROM identities WHERE identity_id = 'entra:t:sp:o1'";
        assert_eq!(ask(counts), ask("SELECT 1 AS a, 'ana' AS b, 1 AS c, 2 AS d, 1 AS e, 1 AS f"));
        // What only signed in once, and stands in no list of principals, is no identity.
        assert_eq!(ask("SELECT count(*) FROM identities"), ask("SELECT 2"));
        assert_eq!(ask("SELECT max(identity_id) FROM trusts WHERE trust_id = '1'"), ask("SELECT 'entra:t:sp:o2'"));
        let unknown = "SELECT holder_exists IS NULL FROM entitlements WHERE identity_id = 'entra:t:object:o7'";
        assert_eq!(ask(unknown), ask("SELECT true"), "an object of unknown kind may be a person");
    }
}
