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
mod tests;
