//! The tally beside plain SQL: every shipped check on rows of random values must have the same counts, segment
//! by segment, as one `count(*) FILTER` a verdict. What is fast must not differ from what is plain.

use std::collections::BTreeMap;
use std::fs::File;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use datafusion::logical_expr::{col, lit};
use parquet::arrow::ArrowWriter;

use super::compile::fill;
use super::{Adjustment, CompiledCheck, Compiler, Engine, Segment, Tally, Value, WaiverPredicate};
use crate::frameworks::{Check, Files, Library};
use crate::inventory::column::{Column, Kind};
use crate::inventory::views::{SEGMENT, VIEWS, View};

/// No multiple of 64, and more than one batch.
const ROWS: usize = 10_007;
const WAIVER: usize = 3;

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

fn scopes() -> Vec<(String, String)> {
    let of = |provider: &'static str| (0..4).map(move |n| (provider.to_owned(), format!("{provider}-{n}")));
    of("aws").chain(of("k8s")).collect()
}

/// Values worth trying in a column: what predicates compare with, what lies beside it, and NULL.
fn values(column: &Column, words: &[String]) -> Vec<Option<String>> {
    let texts: Vec<String> = match (column.kind, column.name) {
        (_, "provider") => ["aws", "k8s", "azure"].map(str::to_owned).to_vec(),
        (_, "scope_id") => scopes().into_iter().map(|(_, scope)| scope).collect(),
        (_, "environment") => ["production", "test"].map(str::to_owned).to_vec(),
        (_, "ai_use") => ["agent", "none"].map(str::to_owned).to_vec(),
        (Kind::Text | Kind::Word, _) => words.to_vec(),
        (Kind::Bool, _) => ["true", "false"].map(str::to_owned).to_vec(),
        (Kind::Int, _) => [0, 1, 2, 30, 90, 91, 400, 43_200, 90_000].map(|number: i64| number.to_string()).to_vec(),
        (Kind::Time, _) => ["2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z"].map(str::to_owned).to_vec(),
    };
    texts.into_iter().map(Some).chain([None]).collect()
}

/// The texts that predicates compare with; patterns as something that they match.
fn words(checks: &[&Check]) -> Vec<String> {
    let mut words = vec!["other".to_owned()];
    for check in checks {
        for text in [&check.applies, &check.passes] {
            words.extend(text.split('\'').skip(1).step_by(2).map(|word| word.replace('%', "x")));
        }
    }
    words.sort();
    words.dedup();
    words
}

fn rows(view: &View, checks: &[&Check], random: &mut Random) -> RecordBatch {
    let words = words(checks);
    let columns = view.columns().map(|column| {
        let values = values(column, &words);
        let texts: StringArray = if column.name == view.key {
            (0..ROWS).map(|row| Some(format!("{row:06}"))).collect()
        } else {
            (0..ROWS).map(|_| values[random.below(values.len())].clone()).collect()
        };
        cast(&texts, &column.kind.data_type()).unwrap()
    });
    let columns: Vec<ArrayRef> = columns.collect();
    RecordBatch::try_new(view.arrow(), columns).unwrap()
}

/// Every second check must give way to scopes, in all ways that there are.
fn adjustment(place: usize) -> Adjustment {
    let some = |from: usize| scopes().into_iter().skip(from).step_by(3).collect::<Vec<_>>();
    Adjustment {
        remit: (place % 5 == 1).then(|| vec!["aws", "azure"]),
        readable: place.is_multiple_of(2).then(|| if place % 8 == 4 { Vec::new() } else { some(0) }),
        complete: place.is_multiple_of(3).then(|| some(1)),
    }
}

fn within(scopes: &[(String, String)]) -> String {
    let each = scopes.iter().map(|(provider, scope)| format!("(provider = '{provider}' AND scope_id = '{scope}')"));
    format!("({}) IS TRUE", each.chain(["false".to_owned()]).collect::<Vec<_>>().join(" OR "))
}

fn only_where(scopes: Option<&Vec<(String, String)>>, or: &str, then: String) -> String {
    match scopes {
        Some(scopes) => format!("CASE WHEN {}{or} THEN {then} END", within(scopes)),
        None => then,
    }
}

/// The counts of a check by plain SQL.
fn counted(engine: &Engine, check: &Check, adjustment: &Adjustment, waived: &str) -> BTreeMap<Segment, [u64; 6]> {
    let filled = |text: &str| format!("({})", fill(text, &check.parameters, &BTreeMap::new()).unwrap());
    let (mut applies, passes) = (filled(&check.applies), filled(&check.passes));
    if let Some(providers) = &adjustment.remit {
        applies = format!("(provider IN ('{}') AND {applies})", providers.join("', '"));
    }
    let or_fails = format!(" OR {passes} IS FALSE");
    let passes = only_where(adjustment.complete.as_ref(), &or_fails, passes.clone());
    let passes = format!("({})", only_where(adjustment.readable.as_ref(), "", passes));
    let verdicts = [
        format!("NOT {applies}"),
        format!("{applies} AND {passes}"),
        format!("{applies} AND NOT {passes} AND NOT {waived}"),
        format!("{applies} AND {passes} IS NULL"),
        format!("{applies} IS NULL"),
        format!("{applies} AND NOT {passes} AND {waived}"),
    ];
    let counts: Vec<String> = verdicts.iter().map(|verdict| format!("count(*) FILTER (WHERE {verdict})")).collect();
    let (segment, view) = (SEGMENT.join(", "), &*check.view);
    let sql = format!("SELECT {segment}, {} FROM {view} GROUP BY {segment}", counts.join(", "));
    let mut by_segment = BTreeMap::new();
    for row in engine.query(&sql).unwrap().rows {
        let text = |place: usize| match &row[place] {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let segment = Segment {
            provider: text(0),
            scope_id: text(1),
            environment: text(2),
            identity_kind: text(3),
            ai_use: text(4),
        };
        let counts = std::array::from_fn(|verdict| match row[SEGMENT.len() + verdict] {
            Value::Int(count) => count.try_into().unwrap(),
            _ => panic!("a count is a number"),
        });
        by_segment.insert(segment, counts);
    }
    by_segment
}

fn compare(engine: &Engine, view: &View, tally: &Tally, checks: &[(&Check, Adjustment, &str)]) {
    assert_eq!(tally.rows, ROWS as u64, "{}", view.name);
    for (place, (check, adjustment, waived)) in checks.iter().enumerate() {
        let found: BTreeMap<Segment, [u64; 6]> =
            tally.counts(place).into_iter().map(|(segment, counts)| (segment.clone(), counts)).collect();
        assert!(found == counted(engine, check, adjustment, waived), "{} {adjustment:?}", check.id);
    }
}

#[test]
fn a_tally_counts_what_plain_sql_counts() {
    let library = Library::load(&Files::shipped()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new().unwrap();
    // DataFusion does not agree with itself on whether a CASE can be NULL, and would refuse some of the queries.
    let state = engine.context.state_ref();
    state.write().config_mut().options_mut().execution.skip_physical_aggregate_schema_check = true;
    let mut random = Random(7);
    let mut tallied = 0;
    for view in VIEWS {
        let checks: Vec<&Check> = library.checks.iter().filter(|check| *check.view == view.name).collect();
        let path = folder.path().join(format!("{}.parquet", view.name));
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), view.arrow(), None).unwrap();
        writer.write(&rows(view, &checks, &mut random)).unwrap();
        writer.close().unwrap();
        engine.open_view(view.name, &path).unwrap();
        let compiler = Compiler::new(&engine);
        let mut plain = Vec::new();
        let mut compiled: Vec<CompiledCheck> = Vec::new();
        for (place, check) in checks.into_iter().enumerate() {
            let waiver = WaiverPredicate { index: WAIVER, expr: col("environment").eq(lit("test")) };
            let (waivers, waived) = if place % 2 == 1 {
                (vec![waiver], "coalesce(environment = 'test', false)")
            } else {
                (vec![], "false")
            };
            let adjustment = adjustment(place);
            let check_compiled = compiler.check(check, &BTreeMap::new()).unwrap();
            compiled.push(check_compiled.adjusted(&adjustment).with_waivers(waivers));
            plain.push((check, adjustment, waived));
        }
        let tally = engine.tally(view, &compiled, None).unwrap();
        compare(&engine, view, &tally, &plain);
        tallied += compiled.len();
    }
    assert!(tallied > 30, "only {tallied} checks were compared");
}
