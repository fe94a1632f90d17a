//! From the text of a predicate to an expression of the engine. A predicate is an SQL *expression* over the
//! columns of one view: no statement, no sub-query, no aggregate, no function whose answer changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, SchemaError};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, Volatility, col, lit};

use super::Engine;
use crate::config::Waiver;
use crate::diag::{Diagnostic, Diagnostics, Located, Place, Scalar, SourceFile, nearest};
use crate::frameworks::Check;
use crate::inventory::views::View;

/// Turns texts into expressions.
pub struct Compiler<'a> {
    engine: &'a Engine,
}

/// Where a check's verdict on a row must give way to what evidence covers (docs/scoring.md section 2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adjustment {
    /// Providers that can list the check's rows; `None` where rows are the scopes themselves. A row of any other
    /// provider lies outside: it was seen by chance, and nobody knows how many like it were not.
    pub remit: Option<Vec<&'static str>>,
    /// Scopes (provider, scope) whose evidence shows every fact that the predicate needs; `None` where it
    /// needs no fact beyond the row itself. Elsewhere no verdict stands.
    pub readable: Option<Vec<(String, String)>>,
    /// Scopes in which absence is evidence; `None` where the predicate does not read absence. Elsewhere a
    /// pass does not stand.
    pub complete: Option<Vec<(String, String)>>,
}

/// A waiver in force, as an expression.
#[derive(Debug, Clone)]
pub struct WaiverPredicate {
    /// Its place in rungs.yaml's list.
    pub index: usize,
    pub(super) expr: Expr,
}

/// A check as the engine evaluates it.
#[derive(Debug, Clone)]
pub struct CompiledCheck {
    /// The check's id.
    pub id: String,
    /// The view that it reads.
    pub view: &'static View,
    /// Columns shown for rows that do not pass.
    pub evidence: Vec<&'static str>,
    pub(super) applies: Expr,
    pub(super) passes: Expr,
    /// Where a verdict may stand at all; `None` for everywhere.
    pub(super) readable: Option<Expr>,
    /// Where a pass may stand; `None` for everywhere.
    pub(super) complete: Option<Expr>,
    pub(super) waivers: Vec<WaiverPredicate>,
}

impl CompiledCheck {
    /// Makes the verdicts give way to what evidence covers.
    #[must_use]
    pub fn adjusted(mut self, adjustment: &Adjustment) -> Self {
        let within = |scopes: &[(String, String)]| {
            let mut by_provider: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
            for (provider, scope) in scopes {
                by_provider.entry(provider).or_default().push(lit(scope.as_str()));
            }
            by_provider
                .into_iter()
                .map(|(provider, list)| col("provider").eq(lit(provider)).and(col("scope_id").in_list(list, false)))
                .reduce(Expr::or)
                .unwrap_or_else(|| lit(false))
        };
        if let Some(providers) = &adjustment.remit {
            let list = providers.iter().map(|provider| lit(*provider)).collect();
            self.applies = col("provider").in_list(list, false).and(self.applies);
        }
        // Beside `passes`, not around it: a CASE would copy the rows of every branch, and could not be shared by
        // the checks that rest on the same evidence.
        self.readable = adjustment.readable.as_deref().map(within);
        self.complete = adjustment.complete.as_deref().map(within);
        self
    }

    /// Adds waivers in force.
    #[must_use]
    pub fn with_waivers(mut self, waivers: Vec<WaiverPredicate>) -> Self {
        self.waivers = waivers;
        self
    }

    /// The waivers that it knows, as places in rungs.yaml's list.
    pub fn waiver_indices(&self) -> impl Iterator<Item = usize> {
        self.waivers.iter().map(|waiver| waiver.index)
    }
}

impl<'a> Compiler<'a> {
    /// A compiler that uses the functions of an engine.
    #[must_use]
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// Judges a check against its view.
    ///
    /// # Errors
    /// Every fault found: unknown view, column, fact or parameter, predicates that are no boolean expression,
    /// evidence columns that do not exist.
    pub fn check(&self, check: &Check, parameters: &BTreeMap<String, Scalar>) -> Result<CompiledCheck, Diagnostics> {
        let view = View::find(&check.view).ok_or_else(|| {
            let names = crate::inventory::views::VIEWS.iter().map(|view| view.name);
            Diagnostics::from(
                Diagnostic::error("check/view", format!("there is no view `{}`", *check.view))
                    .at_value(&check.file, &check.view)
                    .suggest(&check.view, names),
            )
        })?;
        let mut faults = Diagnostics::default();
        check_facts(check, &mut faults);
        let mut evidence = Vec::new();
        for name in &check.evidence {
            match view.column(name) {
                Some(column) => evidence.push(column.name),
                None => faults.push(unknown_column(view, name, &check.file, name)),
            }
        }
        for name in check.given.keys().chain(example_columns(check)) {
            if view.column(name).is_none() {
                let fault = Diagnostic::error("check/example", format!("view `{}` has no column `{name}`", view.name))
                    .at(Place::Path(check.file.name().to_owned()))
                    .suggest(name, view.columns().map(|column| column.name));
                faults.push(fault);
            }
        }
        let schema = DFSchema::try_from(view.arrow())
            .map_err(|error| Diagnostics::from(Diagnostic::error("check/view", error.to_string())))?;
        let mut compile = |text: &Located<String>| {
            let filled = fill(text, &check.parameters, parameters)
                .map_err(|message| Diagnostic::error("check/parameter", message).at_value(&check.file, text));
            match filled.and_then(|filled| self.predicate(&filled, &schema, &check.file, text).map_err(|fault| *fault))
            {
                Ok(expr) => Some(expr),
                Err(fault) => {
                    faults.push(fault);
                    None
                }
            }
        };
        let applies = compile(&check.applies);
        let passes = compile(&check.passes);
        match (applies, passes) {
            (Some(applies), Some(passes)) if !faults.has_errors() => {
                let id = check.id.clone();
                let (readable, complete, waivers) = (None, None, Vec::new());
                Ok(CompiledCheck { id, view, evidence, applies, passes, readable, complete, waivers })
            }
            _ => Err(faults),
        }
    }

    /// A waiver as an expression on the view of its check.
    ///
    /// # Errors
    /// A fault that points into rungs.yaml.
    pub fn waiver(
        &self,
        index: usize,
        waiver: &Waiver,
        view: &View,
        file: &Arc<SourceFile>,
    ) -> Result<WaiverPredicate, Box<Diagnostic>> {
        let schema = DFSchema::try_from(view.arrow())
            .map_err(|error| Box::new(Diagnostic::error("config/waiver", error.to_string())))?;
        let expr = match &waiver.predicate {
            Some(text) => self.predicate(text, &schema, file, text)?,
            None => {
                let list = || waiver.ids.iter().map(|id| lit(id.as_str())).collect::<Vec<_>>();
                [view.key, view.label, "identity_id"]
                    .into_iter()
                    .map(|name| col(name).in_list(list(), false).is_true())
                    .reduce(Expr::or)
                    .unwrap_or_else(|| lit(false))
            }
        };
        Ok(WaiverPredicate { index, expr })
    }

    /// A text as a boolean expression over a schema. `written` is where the text stands in `file`.
    ///
    /// # Errors
    /// A fault that points at the word that is wrong.
    pub(super) fn predicate(
        &self,
        text: &str,
        schema: &DFSchema,
        file: &Arc<SourceFile>,
        written: &Located<String>,
    ) -> Result<Expr, Box<Diagnostic>> {
        let at = |message: String, word: Option<&str>| {
            let range = written.range(file);
            let range = word.and_then(|word| find_word(file, range.start, word)).unwrap_or(range);
            Diagnostic::error("predicate/invalid", message).at(Place::Span(Arc::clone(file), range))
        };
        let expr = self.engine.context.parse_sql_expr(text, schema).map_err(|error| {
            let columns = || schema.fields().iter().map(|field| field.name().as_str());
            match unknown_field(&error) {
                Some(name) => {
                    let fault = at(format!("there is no column `{name}`"), Some(&name));
                    Box::new(match nearest(&name, columns()) {
                        Some(near) => fault.help(format!("did you mean `{near}`?")),
                        None => fault.help("`rungs inventory show` lists the views and their columns"),
                    })
                }
                None => Box::new(at(plain(&error), None)),
            }
        })?;
        if let Some(message) = forbidden(&expr) {
            return Err(Box::new(at(message, None)));
        }
        if let Some(message) = mismatched(&expr, schema) {
            return Err(Box::new(at(message, None).help("compare text with text, numbers with numbers")));
        }
        let physical = self.engine.context.create_physical_expr(expr.clone(), schema);
        let kind = physical
            .and_then(|physical| physical.data_type(schema.as_arrow()))
            .map_err(|error| Box::new(at(plain(&error), None)))?;
        if kind != DataType::Boolean && kind != DataType::Null {
            return Err(Box::new(at(format!("a predicate is true or false, this is {kind}"), None)));
        }
        Ok(expr)
    }
}

fn unknown_column(view: &View, name: &str, file: &Arc<SourceFile>, at: &Located<String>) -> Diagnostic {
    Diagnostic::error("check/column", format!("view `{}` has no column `{name}`", view.name))
        .at_value(file, at)
        .suggest(name, view.columns().map(|column| column.name))
}

fn example_columns(check: &Check) -> impl Iterator<Item = &String> {
    let sets = [&check.examples.passed, &check.examples.failed, &check.examples.unknown, &check.examples.outside];
    sets.into_iter()
        .filter_map(|set| match set {
            crate::frameworks::ExampleSet::Rows(rows) => Some(rows),
            crate::frameworks::ExampleSet::Impossible(_) => None,
        })
        .flatten()
        .flat_map(|example| example.columns.keys().chain(example.fixed.iter().flat_map(|fixed| fixed.keys())))
}

/// Facts are named from a closed list.
fn check_facts(check: &Check, faults: &mut Diagnostics) {
    for fact in check.needs.iter().chain(&check.complete).chain(&check.listed_by) {
        if fact.parse::<crate::inventory::Fact>().is_err() {
            let known = crate::inventory::Fact::ALL.iter().map(|fact| fact.name());
            faults.push(
                Diagnostic::error("check/fact", format!("there is no fact `{}`", **fact))
                    .at_value(&check.file, fact)
                    .suggest(fact, known),
            );
        }
    }
}

/// Puts the values of `${names}` into a predicate.
pub(super) fn fill(
    text: &str,
    defaults: &BTreeMap<String, Scalar>,
    overrides: &BTreeMap<String, Scalar>,
) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').ok_or("a `${` without its `}`")?;
        let default = defaults.get(name).ok_or_else(|| format!("`{name}` is not among this check's parameters"))?;
        filled.push_str(before);
        filled.push_str(&overrides.get(name).unwrap_or(default).sql());
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The column name in an error about an unknown one.
fn unknown_field(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Some(field.name.clone()),
            _ => None,
        },
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => unknown_field(inner),
        _ => None,
    }
}

/// What DataFusion says, without its own names for things and in our style of message.
fn plain(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
    let text = text.trim_start_matches("sql parser error: ").trim_end_matches('.');
    let line = text.lines().next().unwrap_or(text);
    let mut characters = line.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

/// Where a word stands in a file, at or after an offset.
fn find_word(file: &SourceFile, from: usize, word: &str) -> Option<std::ops::Range<usize>> {
    let rest = file.text().get(from..)?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    rest.match_indices(word)
        .find(|(at, _)| {
            let before = rest.get(..*at).and_then(|text| text.chars().next_back());
            let after = rest.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        })
        .map(|(at, _)| from + at..from + at + word.len())
}

/// Why an expression is more than a predicate on one row.
fn forbidden(expr: &Expr) -> Option<String> {
    let mut found = None;
    let visited = expr.apply(|node| {
        found = match node {
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::OuterReferenceColumn(..) => {
                Some("a predicate reads one row and cannot ask other tables".to_owned())
            }
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
                Some("a predicate reads one row and cannot count over several".to_owned())
            }
            Expr::Placeholder(_) => Some("a predicate has no placeholders; parameters are written ${name}".to_owned()),
            // DataFusion itself names what counts over rows; that fault lies within.
            Expr::Alias(alias) if !matches!(*alias.expr, Expr::AggregateFunction(_)) => {
                Some("a predicate needs no name".to_owned())
            }
            Expr::ScalarFunction(function) if function.func.signature().volatility != Volatility::Immutable => {
                Some(format!("`{}` does not always give the same answer", function.func.name()))
            }
            _ => None,
        };
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    debug_assert!(visited.is_ok(), "the visitor itself cannot fail");
    found
}

pub(super) fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// The kinds of value that may be compared with each other.
fn class(kind: &DataType) -> Option<&'static str> {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some("text"),
        DataType::Dictionary(_, value) => class(value),
        DataType::Boolean => Some("true or false"),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Some("a moment"),
        DataType::Null => None,
        kind if kind.is_numeric() => Some("a number"),
        _ => None,
    }
}

/// Comparisons that DataFusion would make by casting every row, and that nobody means.
fn mismatched(expr: &Expr, schema: &DFSchema) -> Option<String> {
    let kind = |expr: &Expr| expr.get_type(schema).ok().and_then(|kind| class(&kind));
    let compare = |left: &Expr, right: &Expr| match (kind(left), kind(right)) {
        (Some(one), Some(other))
            if one != other && (one, other) != ("a moment", "text") && (one, other) != ("text", "a moment") =>
        {
            Some(format!("`{left}` is {one}, `{right}` is {other}"))
        }
        _ => None,
    };
    let mut found = None;
    let visited = expr.apply(|node| {
        found = match node {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => compare(left, right),
            Expr::InList(list) => list.list.iter().find_map(|item| compare(&list.expr, item)),
            _ => None,
        };
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    debug_assert!(visited.is_ok(), "the visitor itself cannot fail");
    found
}
