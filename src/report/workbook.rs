//! `workbook.xlsx`: the assessment as an auditor works with it.

use std::io::Write;

use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, DocProperties, ExcelDateTime, Format, FormatAlign,
    FormatBorder, Workbook as Book, Worksheet, XlsxError,
};

use super::text::visible;
use super::{Error, Input, Report, findings, remediation};
use crate::record::v1::{Assessment, Range};

/// The assessment as a workbook.
pub struct Workbook;

/// Rows that a sheet of the format holds, header included; findings beyond it stand in `findings.csv`.
const MAX_ROWS: u32 = 1_048_576;
/// Columns are as wide as what they hold, up to this many characters.
const MAX_WIDTH: f64 = 60.0;

impl Report for Workbook {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn file(&self) -> &'static str {
        "workbook.xlsx"
    }

    fn about(&self) -> &'static str {
        "summary, controls, checks, findings, plan, waivers and evidence as sheets"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let failed = |error: XlsxError| Error::Format { format: "xlsx", message: error.to_string() };
        let mut book = Book::new();
        let made = ExcelDateTime::parse_from_str(&input.record.as_of).map_err(failed)?;
        let organisation = input.record.organisation.as_deref().unwrap_or("Identity maturity assessment");
        book.set_properties(
            &DocProperties::new().set_title(visible(organisation)).set_author("Rungs").set_creation_datetime(&made),
        );
        let styles = Styles::new();
        let record = input.record;
        summary(book.add_worksheet(), record, &styles).map_err(failed)?;
        controls(book.add_worksheet(), record, &styles).map_err(failed)?;
        checks(book.add_worksheet(), record, &styles).map_err(failed)?;
        findings_sheet(book.add_worksheet(), input, &styles)?;
        plan(book.add_worksheet(), record, &styles).map_err(failed)?;
        waivers(book.add_worksheet(), record, &styles).map_err(failed)?;
        evidence(book.add_worksheet(), record, &styles).map_err(failed)?;
        let bytes = book.save_to_buffer().map_err(failed)?;
        out.write_all(&bytes)?;
        Ok(())
    }
}

struct Styles {
    header: Format,
    percent: Format,
    date: Format,
    wrapped: Format,
    bold: Format,
}

impl Styles {
    fn new() -> Self {
        Self {
            header: Format::new()
                .set_bold()
                .set_background_color(Color::RGB(0x0016_3A5F))
                .set_font_color(Color::White)
                .set_border_bottom(FormatBorder::Thin)
                .set_align(FormatAlign::Top)
                .set_text_wrap(),
            percent: Format::new().set_num_format("0.0%"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            bold: Format::new().set_bold(),
        }
    }
}

/// A value of a cell.
enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Number(f64),
    Count(u64),
    Percent(Option<f64>),
    Date(Option<&'a str>),
}

type Outcome = Result<(), XlsxError>;

/// Writes a sheet's header and readies it for its rows.
fn start(sheet: &mut Worksheet, name: &str, columns: &[(&str, f64)], styles: &Styles) -> Outcome {
    sheet.set_name(name)?;
    for (column, (title, width)) in (0_u16..).zip(columns) {
        sheet.write_string_with_format(0, column, *title, &styles.header)?;
        sheet.set_column_width(column, width.min(MAX_WIDTH))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn finish(sheet: &mut Worksheet, columns: usize, rows: u32) -> Outcome {
    let last = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, rows, last)?;
    Ok(())
}

fn write(sheet: &mut Worksheet, row: u32, cells: &[Cell<'_>], styles: &Styles) -> Outcome {
    for (column, cell) in (0_u16..).zip(cells) {
        match cell {
            // Written as strings, names that look like formulas stay text.
            Cell::Text(text) => sheet.write_string(row, column, limited(text))?,
            Cell::Owned(text) => sheet.write_string(row, column, limited(text))?,
            Cell::Number(number) => sheet.write_number(row, column, *number)?,
            #[expect(clippy::cast_precision_loss, reason = "the format has only floating-point numbers")]
            Cell::Count(count) => sheet.write_number(row, column, *count as f64)?,
            Cell::Percent(Some(value)) => sheet.write_number_with_format(row, column, *value, &styles.percent)?,
            Cell::Date(Some(date)) => match ExcelDateTime::parse_from_str(date.get(..10).unwrap_or(date)) {
                Ok(date) => sheet.write_datetime_with_format(row, column, &date, &styles.date)?,
                Err(_) => sheet.write_string(row, column, limited(date))?,
            },
            Cell::Percent(None) | Cell::Date(None) => sheet,
        };
    }
    Ok(())
}

/// The format's longest text is 32,767 characters.
fn limited(text: &str) -> String {
    visible(text).chars().take(32_000).collect()
}

fn low(range: Option<&Range>) -> Cell<'static> {
    Cell::Percent(range.map(|range| range.low))
}

fn high(range: Option<&Range>) -> Cell<'static> {
    Cell::Percent(range.map(|range| range.high))
}

fn summary(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    sheet.set_name("Summary")?;
    sheet.set_column_width(0, 34)?;
    sheet.set_column_width(1, 44)?;
    for column in 2..8 {
        sheet.set_column_width(column, 14)?;
    }
    let maturity = &record.maturity;
    let level = |level: u8| f64::from(level);
    let mut rows: Vec<(&str, Vec<Cell<'_>>)> = vec![
        ("Organisation", vec![Cell::Text(record.organisation.as_deref().unwrap_or_default())]),
        ("As of", vec![Cell::Date(Some(&record.as_of))]),
        ("Assessment", vec![Cell::Text(&record.id)]),
        ("Status", vec![Cell::Text(record.scope.status.as_deref().unwrap_or_default())]),
        ("Identity maturity, proven", vec![Cell::Number(level(maturity.identity.proven))]),
        ("Identity maturity, possible", vec![Cell::Number(level(maturity.identity.possible))]),
        ("Identities that AI uses, proven", vec![Cell::Number(level(maturity.ai_identity.proven))]),
        ("Identities that AI uses, possible", vec![Cell::Number(level(maturity.ai_identity.possible))]),
    ];
    if let Some(claimed) = maturity.ai.claimed {
        rows.push(("AI maturity, claimed", vec![Cell::Number(level(claimed))]));
        rows.push(("The evidence says", vec![Cell::Text(maturity.ai.verdict.as_deref().unwrap_or_default())]));
    }
    let mut row = 0;
    for (title, cells) in rows {
        sheet.write_string_with_format(row, 0, title, &styles.bold)?;
        let cells: Vec<Cell<'_>> = std::iter::once(Cell::Text(title)).chain(cells).collect();
        write(sheet, row, &cells, styles)?;
        sheet.write_string_with_format(row, 0, title, &styles.bold)?;
        row += 1;
    }
    row += 1;
    let header = ["Framework", "Edition", "Controls", "Mapped", "Evidenced", "Achieved low", "Achieved high"];
    for (column, title) in (0_u16..).zip(header) {
        sheet.write_string_with_format(row, column, title, &styles.header)?;
    }
    for framework in &record.frameworks {
        row += 1;
        let strict = framework.achieved.strict.as_ref();
        let cells = [
            Cell::Text(&framework.title),
            Cell::Text(&framework.edition),
            Cell::Count(framework.in_scope as u64),
            Cell::Percent(framework.mapped),
            Cell::Percent(framework.evidenced),
            low(strict),
            high(strict),
        ];
        write(sheet, row, &cells, styles)?;
    }
    row += 2;
    for (column, title) in (0_u16..).zip(["Domain", "What it asks", "Proven", "Possible"]) {
        sheet.write_string_with_format(row, column, title, &styles.header)?;
    }
    for domain in &maturity.identity.domains {
        row += 1;
        let cells = [
            Cell::Text(&domain.title),
            Cell::Text(&domain.asks),
            Cell::Number(level(domain.proven)),
            Cell::Number(level(domain.possible)),
        ];
        write(sheet, row, &cells, styles)?;
        sheet.write_string_with_format(row, 1, &domain.asks, &styles.wrapped)?;
    }
    Ok(())
}

fn controls(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        ("Framework", 26.0),
        ("Control", 14.0),
        ("Title", 44.0),
        ("State", 16.0),
        ("Strict low", 11.0),
        ("Strict high", 11.0),
        ("Accepted low", 12.0),
        ("Accepted high", 12.0),
        ("Rating", 10.0),
        ("Capped by", 24.0),
        ("Covers", 9.0),
        ("Left open, or why not mapped", 60.0),
        ("Assurance", 14.0),
        ("Rests on", 60.0),
    ];
    start(sheet, "Controls", &columns, styles)?;
    let mut row = 0;
    for framework in &record.frameworks {
        for control in &framework.controls {
            row += 1;
            let rating = control.rating.as_ref().map_or_else(String::new, |rating| match rating {
                rating if rating.low == rating.high => rating.low.clone(),
                rating => format!("{}..{}", rating.low, rating.high),
            });
            let parts: Vec<&str> = control.parts.iter().map(|part| part.id.as_str()).collect();
            let cells = [
                Cell::Text(&framework.id),
                Cell::Text(&control.id),
                Cell::Text(&control.title),
                Cell::Text(&control.state),
                low(control.strict.as_ref()),
                high(control.strict.as_ref()),
                low(control.accepted.as_ref()),
                high(control.accepted.as_ref()),
                Cell::Owned(rating),
                Cell::Owned(control.capped_by.join(", ")),
                Cell::Text(control.covers.as_deref().unwrap_or_default()),
                Cell::Text(control.leaves.as_deref().unwrap_or_default()),
                Cell::Text(&control.assurance),
                Cell::Owned(parts.join(", ")),
            ];
            write(sheet, row, &cells, styles)?;
        }
    }
    finish(sheet, columns.len(), row)
}

fn checks(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        ("Check", 30.0),
        ("Title", 50.0),
        ("Domain", 20.0),
        ("Severity", 10.0),
        ("State", 16.0),
        ("Rows", 8.0),
        ("Passed", 8.0),
        ("Failed", 8.0),
        ("Unknown", 9.0),
        ("Undetermined", 13.0),
        ("Waived", 8.0),
        ("Strict low", 11.0),
        ("Strict high", 11.0),
        ("Not covered", 40.0),
        ("Controls", 60.0),
    ];
    start(sheet, "Checks", &columns, styles)?;
    let mut row = 0;
    for check in &record.checks {
        row += 1;
        let uncovered: Vec<String> = check
            .uncovered
            .iter()
            .map(|scope| format!("{} {}: {}", scope.provider, scope.scope_id, scope.level))
            .collect();
        let cells = [
            Cell::Text(&check.id),
            Cell::Text(&check.title),
            Cell::Text(&check.domain),
            Cell::Text(&check.severity),
            Cell::Text(&check.state),
            Cell::Count(check.n),
            Cell::Count(check.passed),
            Cell::Count(check.failed),
            Cell::Count(check.unknown),
            Cell::Count(check.undetermined),
            Cell::Count(check.waived),
            low(check.whole.strict.as_ref()),
            high(check.whole.strict.as_ref()),
            Cell::Owned(uncovered.join("; ")),
            Cell::Owned(check.controls.join(", ")),
        ];
        write(sheet, row, &cells, styles)?;
    }
    let failing = ConditionalFormatCell::new().set_rule(ConditionalFormatCellRule::GreaterThan(0)).set_format(
        Format::new().set_background_color(Color::RGB(0x00F8_D7DA)).set_font_color(Color::RGB(0x0084_2029)),
    );
    if row > 0 {
        sheet.add_conditional_format(1, 7, row, 7, &failing)?;
    }
    finish(sheet, columns.len(), row)
}

fn findings_sheet(sheet: &mut Worksheet, input: &Input<'_>, styles: &Styles) -> Result<(), Error> {
    let failed = |error: XlsxError| Error::Format { format: "xlsx", message: error.to_string() };
    let columns =
        findings::COLUMNS.map(|name| (name, if matches!(name, "title" | "evidence" | "row") { 44.0 } else { 16.0 }));
    start(sheet, "Findings", &columns, styles).map_err(failed)?;
    let mut row = 0;
    let mut left_out = 0_u64;
    findings::each_line(input, &mut |line| {
        if row + 2 >= MAX_ROWS {
            left_out += 1;
            return Ok(());
        }
        row += 1;
        let cells: Vec<Cell<'_>> = line.iter().map(|value| Cell::Text(value)).collect();
        write(sheet, row, &cells, styles).map_err(|error| std::io::Error::other(error.to_string()))
    })?;
    if left_out > 0 {
        let message = format!("{left_out} more findings do not fit a sheet; findings.csv has them all");
        sheet.write_string(row + 1, 0, message).map_err(failed)?;
    }
    finish(sheet, columns.len(), row).map_err(failed)
}

fn plan(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = remediation::COLUMNS.map(|name| {
        (name, if matches!(name, "id" | "title" | "gain" | "requires" | "how" | "description") { 44.0 } else { 13.0 })
    });
    start(sheet, "Plan", &columns, styles)?;
    let mut row = 0;
    for action in &record.plan.actions {
        row += 1;
        let line = remediation::line(action, record);
        let cells: Vec<Cell<'_>> = remediation::COLUMNS
            .iter()
            .zip(&line)
            .map(|(name, value)| match *name {
                "effort_hours" => Cell::Number(action.effort_hours),
                "rows" => Cell::Count(action.rows),
                _ => Cell::Text(value),
            })
            .collect();
        write(sheet, row, &cells, styles)?;
    }
    finish(sheet, columns.len(), row)
}

fn waivers(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        ("Check", 28.0),
        ("Rows", 44.0),
        ("Reason", 60.0),
        ("Approver", 22.0),
        ("From", 12.0),
        ("Expiry", 12.0),
        ("State", 12.0),
        ("Rows waived", 12.0),
    ];
    start(sheet, "Waivers", &columns, styles)?;
    let mut row = 0;
    for waiver in &record.waivers {
        row += 1;
        let state = if waiver.unused { "unused" } else { waiver.state.as_str() };
        let cells = [
            Cell::Text(&waiver.check),
            Cell::Text(&waiver.rows),
            Cell::Text(&waiver.reason),
            Cell::Text(&waiver.approver),
            Cell::Date(waiver.from.as_deref()),
            Cell::Date(Some(&waiver.expiry)),
            Cell::Text(state),
            Cell::Count(waiver.waived),
        ];
        write(sheet, row, &cells, styles)?;
    }
    finish(sheet, columns.len(), row)
}

fn evidence(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    let columns = [
        ("File", 50.0),
        ("Format", 26.0),
        ("Scope", 22.0),
        ("As of", 12.0),
        ("Known from", 12.0),
        ("Records", 10.0),
        ("Understood", 11.0),
        ("Rejected", 10.0),
        ("State", 30.0),
        ("SHA-256", 60.0),
    ];
    start(sheet, "Evidence", &columns, styles)?;
    let mut row = 0;
    let number = |count: i64| Cell::Count(u64::try_from(count).unwrap_or(0));
    for file in &record.evidence {
        row += 1;
        let state = match file {
            file if file.excluded => "scope left out",
            file if file.stale => "too old to count",
            file => file.failure.as_deref().unwrap_or("read"),
        };
        let cells = [
            Cell::Text(&file.path),
            Cell::Text(&file.kind),
            Cell::Text(&file.scope_id),
            Cell::Date(Some(&file.as_of)),
            Cell::Text(&file.as_of_basis),
            number(file.rows_read),
            number(file.rows_loaded),
            number(file.rows_rejected),
            Cell::Text(state),
            Cell::Text(&file.sha256),
        ];
        write(sheet, row, &cells, styles)?;
    }
    for file in &record.unrecognised {
        row += 1;
        let cells = [Cell::Text(&file.path), Cell::Text("not recognised"), Cell::Text(""), Cell::Date(None)];
        write(sheet, row, &cells, styles)?;
        sheet.write_string(row, 8, limited(&file.reason))?;
    }
    finish(sheet, columns.len(), row)
}
