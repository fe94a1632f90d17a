//! The reference page on tables and views, written from their schemas.

use std::fmt::Write as _;

use rungs::inventory::column::{Column, Kind};
use rungs::inventory::schema::TABLES;
use rungs::inventory::views::{SHARED, VIEWS, View};

use super::keep;
use super::markdown::{cell, code, codes, table};
use super::reference::WRITTEN;

#[test]
fn columns() {
    let mut page = format!(
        "# Tables and views\n\n{WRITTEN}\
         Sources fill *tables*, one row a record of a file. *Views* join them to the identity that they belong to and \
         merge what several files say of the same thing; checks and waivers read views. Both can be queried with \
         `rungs inventory sql`.\n\n\
         NULL always means that the evidence does not tell; it never means no, none or zero. A check that reads a NULL \
         is unknown on that row unless the rest decides it. Columns marked *never* are always filled.\n\n"
    );
    let kinds = [
        (Kind::Text, "Text with many different values: names, ids, places."),
        (Kind::Word, "Text out of few words; compares with text."),
        (Kind::Bool, "True or false."),
        (Kind::Int, "A whole number."),
        (Kind::Time, "A moment in UTC, to the microsecond."),
    ];
    let rows = kinds.map(|(kind, about)| [code(kind.name()), about.to_owned()]);
    page.push_str(&table(["type", "what it holds"], rows));
    page.push_str("## Views\n\n");
    let rows = VIEWS.iter().map(|view| [link(view.name), cell(view.about)]);
    page.push_str(&table(["view", "a row"], rows));
    page.push_str("### Columns of every view\n\n");
    page.push_str(&list(SHARED.iter()));
    for view in VIEWS {
        page.push_str(&section(view));
    }
    page.push_str("## Tables\n\n");
    let rows = TABLES.iter().map(|table| [link(table.name), cell(table.about)]);
    page.push_str(&table(["table", "what it holds"], rows));
    for table in TABLES {
        write!(page, "### {}\n\n{}\n\n{}", table.name, table.about.trim(), list(table.columns.iter())).unwrap();
    }
    keep("reference/columns.md", &format!("{}\n", page.trim_end()));
}

fn link(name: &str) -> String {
    format!("[{}](#{name})", code(name))
}

fn section(view: &View) -> String {
    let listed = if view.own.is_empty() {
        "The fact that lists its rows is named by each check.".to_owned()
    } else {
        format!("Its rows are listed by {}.", codes(view.own.iter().map(|fact| fact.name())))
    };
    let own = view.columns().take(view.columns().count() - SHARED.len());
    format!("### {}\n\n{} A row's id is {}. {listed}\n\n{}", view.name, view.about, code(view.key), list(own))
}

fn list<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let rows = columns.map(|column| {
        let null = if column.nullable { "not known" } else { "never" };
        [code(column.name), column.kind.name().to_owned(), null.to_owned(), cell(column.about)]
    });
    table(["column", "type", "NULL", "meaning"], rows)
}
