//! A sheet that is one table: frozen header, filters, and cells that are text, numbers and dates, never formulas.

use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, ConditionalFormatDataBar, ConditionalFormatType,
    ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Worksheet, XlsxError,
};

use crate::record::v1::Range;
use crate::report::text::visible;

/// Rows that a sheet of the format holds, header included.
pub(super) const MAX_ROWS: u32 = 1_048_576;
/// The format's number for A3; broad tables on A4 would need a glass.
const A3: u8 = 8;
/// Height of a line of text, in points.
const LINE: f64 = 15.0;
/// Lines that a row is high at most; longer text is read in the cell.
const MOST_LINES: usize = 12;
/// The format's longest text is 32,767 UTF-16 units; a character is two of them at most.
const MAX_CHARACTERS: usize = 16_000;

pub(super) type Outcome = Result<(), XlsxError>;

/// How cells look.
pub(super) struct Styles {
    pub header: Format,
    pub text: Format,
    pub wrapped: Format,
    pub bold: Format,
    pub title: Format,
    pub level: Format,
    percent: Format,
    date: Format,
}

impl Styles {
    pub fn new() -> Self {
        let top = || Format::new().set_align(FormatAlign::Top);
        Self {
            header: top()
                .set_bold()
                .set_background_color(Color::RGB(0x0010_213F))
                .set_font_color(Color::White)
                .set_border_bottom(FormatBorder::Thin)
                .set_text_wrap(),
            text: top(),
            wrapped: top().set_text_wrap(),
            bold: top().set_bold(),
            title: top().set_bold().set_font_size(16),
            level: top().set_align(FormatAlign::Left),
            percent: top().set_num_format("0.0%"),
            date: top().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
        }
    }
}

/// A value of a cell.
pub(super) enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Number(f64),
    Count(u64),
    Percent(Option<f64>),
    Date(Option<&'a str>),
}

pub(super) fn low(range: Option<&Range>) -> Cell<'static> {
    Cell::Percent(range.map(|range| range.low))
}

pub(super) fn high(range: Option<&Range>) -> Cell<'static> {
    Cell::Percent(range.map(|range| range.high))
}

/// Writes one cell.
pub(super) fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell<'_>,
    text: &Format,
    styles: &Styles,
) -> Outcome {
    match cell {
        // Written as strings, names that look like formulas stay text.
        Cell::Text(value) => sheet.write_string_with_format(row, column, limited(value), text)?,
        Cell::Owned(value) => sheet.write_string_with_format(row, column, limited(value), text)?,
        Cell::Number(number) => sheet.write_number_with_format(row, column, *number, &styles.text)?,
        #[expect(clippy::cast_precision_loss, reason = "the format has only floating-point numbers")]
        Cell::Count(count) => sheet.write_number_with_format(row, column, *count as f64, &styles.text)?,
        // As exact as figures are compared; what lies below is noise of the machine.
        Cell::Percent(Some(value)) => {
            sheet.write_number_with_format(row, column, (value * 1e9).round() / 1e9, &styles.percent)?
        }
        Cell::Date(Some(date)) => match ExcelDateTime::parse_from_str(date.get(..10).unwrap_or(date)) {
            Ok(date) => sheet.write_datetime_with_format(row, column, &date, &styles.date)?,
            Err(_) => sheet.write_string_with_format(row, column, limited(date), text)?,
        },
        Cell::Percent(None) | Cell::Date(None) => sheet,
    };
    Ok(())
}

/// Makes a row as high as its longest wrapped text needs, for not every viewer does so by itself.
pub(super) fn fit<'t>(sheet: &mut Worksheet, row: u32, wrapped: impl Iterator<Item = (&'t str, f64)>) -> Outcome {
    let lines = wrapped.map(|(text, width)| lines(text, width)).max().unwrap_or(1).clamp(1, MOST_LINES);
    if lines > 1 {
        #[expect(clippy::cast_precision_loss, reason = "there are at most a dozen lines")]
        sheet.set_row_height(row, LINE * lines as f64)?;
    }
    Ok(())
}

/// Lines that words take in a column, a little generously.
fn lines(text: &str, width: f64) -> usize {
    let mut lines = 1;
    let mut at = 0.0;
    for word in text.split_whitespace() {
        #[expect(clippy::cast_precision_loss, reason = "a word is shorter than 2^53 letters")]
        let length = word.chars().count() as f64 + 1.0;
        if at > 0.0 && at + length > width {
            lines += 1;
            at = 0.0;
        }
        at += length;
        while at > width + 1.0 {
            lines += 1;
            at -= width;
        }
        if lines > MOST_LINES {
            break;
        }
    }
    lines
}

impl Cell<'_> {
    /// The text, where it is one.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Owned(text) => text,
            _ => "",
        }
    }
}

fn limited(text: &str) -> String {
    visible(text).chars().take(MAX_CHARACTERS).collect()
}

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    width: f64,
    wraps: bool,
}

pub(super) const fn column(title: &'static str, width: f64) -> Column {
    Column { title, width, wraps: false }
}

/// A column of longer text, which is broken into lines.
pub(super) const fn prose(title: &'static str, width: f64) -> Column {
    Column { title, width, wraps: true }
}

/// What a colour says; the word in the cell says it too.
#[derive(Clone, Copy)]
pub(super) enum Paint {
    Bad,
    Open,
    Good,
    Quiet,
}

impl Paint {
    fn format(self) -> Format {
        let (ground, ink) = match self {
            Self::Bad => (0x00FC_E9E7, 0x008E_1D17),
            Self::Open => (0x00FD_F2DC, 0x0070_4300),
            Self::Good => (0x00D5_ECE9, 0x0008_5750),
            Self::Quiet => (0x00F0_F2F6, 0x0051_607A),
        };
        Format::new().set_background_color(Color::RGB(ground)).set_font_color(Color::RGB(ink))
    }
}

pub(super) const SEVERITIES: [(&str, Paint); 2] = [("critical", Paint::Bad), ("high", Paint::Open)];
pub(super) const STATES: [(&str, Paint); 5] = [
    ("assessed", Paint::Good),
    ("partly-assessed", Paint::Open),
    ("error", Paint::Bad),
    ("not-mapped", Paint::Quiet),
    ("not-applicable", Paint::Quiet),
];

/// A table that fills a sheet.
pub(super) struct Table<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    columns: &'a [Column],
    row: u32,
}

impl<'a> Table<'a> {
    /// Writes the header and readies the sheet for its rows.
    pub fn start(
        sheet: &'a mut Worksheet,
        name: &str,
        columns: &'a [Column],
        styles: &'a Styles,
    ) -> Result<Self, XlsxError> {
        sheet.set_name(name)?;
        for (place, column) in (0_u16..).zip(columns) {
            sheet.write_string_with_format(0, place, column.title, &styles.header)?;
            sheet.set_column_width(place, column.width)?;
        }
        fit(sheet, 0, columns.iter().map(|column| (column.title, column.width - 3.0)))?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_repeat_rows(0, 0)?;
        page(sheet);
        Ok(Self { sheet, styles, columns, row: 0 })
    }

    /// Whether another row fits.
    pub fn has_room(&self) -> bool {
        // The last row is left for what does not fit.
        self.row + 2 < MAX_ROWS
    }

    /// Writes a row.
    pub fn line(&mut self, cells: &[Cell<'_>]) -> Outcome {
        self.row += 1;
        for ((place, column), cell) in (0_u16..).zip(self.columns).zip(cells) {
            let text = if column.wraps { &self.styles.wrapped } else { &self.styles.text };
            put(self.sheet, self.row, place, cell, text, self.styles)?;
        }
        let wrapped = self.columns.iter().zip(cells).filter(|(column, _)| column.wraps);
        fit(self.sheet, self.row, wrapped.map(|(column, cell)| (cell.text(), column.width)))
    }

    fn place(&self, title: &str) -> Option<u16> {
        (0_u16..).zip(self.columns).find(|(_, column)| column.title == title).map(|(place, _)| place)
    }

    /// Colours cells of a column by their word.
    pub fn paint(&mut self, title: &str, words: &[(&str, Paint)]) -> Outcome {
        let Some(place) = self.place(title).filter(|_| self.row > 0) else { return Ok(()) };
        for (word, paint) in words {
            let rule = ConditionalFormatCellRule::EqualTo(*word);
            let format = ConditionalFormatCell::new().set_rule(rule).set_format(paint.format());
            self.sheet.add_conditional_format(1, place, self.row, place, &format)?;
        }
        Ok(())
    }

    /// Colours numbers of a column that are not zero.
    pub fn paint_above_zero(&mut self, title: &str, paint: Paint) -> Outcome {
        let Some(place) = self.place(title).filter(|_| self.row > 0) else { return Ok(()) };
        let rule = ConditionalFormatCellRule::GreaterThan(0);
        let format = ConditionalFormatCell::new().set_rule(rule).set_format(paint.format());
        self.sheet.add_conditional_format(1, place, self.row, place, &format)?;
        Ok(())
    }

    /// Draws percentages of a column as bars.
    pub fn bars(&mut self, title: &str) -> Outcome {
        let Some(place) = self.place(title).filter(|_| self.row > 0) else { return Ok(()) };
        bars(self.sheet, 1, self.row, place)
    }

    /// Adds what belongs to the table as a whole.
    pub fn finish(self) -> Outcome {
        let last = u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        self.sheet.autofilter(0, 0, self.row, last)?;
        if self.row > 0 {
            // Account numbers are names: the mark that they look like numbers would be noise.
            self.sheet.ignore_error_range(1, 0, self.row, last, IgnoreError::NumberStoredAsText)?;
        }
        Ok(())
    }
}

/// Draws percentages of one column as bars.
pub(super) fn bars(sheet: &mut Worksheet, first: u32, last: u32, column: u16) -> Outcome {
    let bar = ConditionalFormatDataBar::new()
        .set_fill_color(Color::RGB(0x009F_D0C9))
        .set_solid_fill(true)
        .set_border_off(true)
        .set_minimum(ConditionalFormatType::Number, 0)
        .set_maximum(ConditionalFormatType::Number, 1);
    sheet.add_conditional_format(first, column, last, column, &bar)?;
    Ok(())
}

/// How a sheet is printed.
pub(super) fn page(sheet: &mut Worksheet) {
    sheet.set_landscape().set_paper_size(A3).set_print_fit_to_pages(1, 0).set_footer("&L&A&R&P / &N");
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_row_is_as_high_as_its_text() {
        assert_eq!(lines("", 10.0), 1);
        assert_eq!(lines("short", 10.0), 1);
        assert_eq!(lines("two words here", 10.0), 2);
        assert_eq!(lines(&"x".repeat(35), 10.0), 4);
        assert!(lines(&"word ".repeat(10_000), 10.0) < 20);
    }
}
