//! Text as outputs need it: numbers with one decimal, cells that no spreadsheet takes for a formula, nothing
//! that a terminal or a viewer would obey.

use crate::record::percent;
use crate::record::v1::Range;

/// What stands for a figure that does not apply.
pub(super) const DASH: &str = "–";

/// `12.3 %`, or a dash.
pub(super) fn share(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), |value| format!("{} %", percent(value)))
}

/// `12.3–45.6 %`, `12.3 %` where both ends are shown alike, or a dash.
pub(super) fn range(range: Option<&Range>) -> String {
    let Some(range) = range else { return DASH.to_owned() };
    let (low, high) = (percent(range.low), percent(range.high));
    if low == high { format!("{low} %") } else { format!("{low}–{high} %") }
}

/// Text for a cell of a CSV file: spreadsheets take what starts with these characters for a formula, so an
/// apostrophe goes before it. Where a spreadsheet parts cells at semicolons, one begins after each of them.
pub(super) fn cell(text: &str) -> String {
    without_formulas(&visible(text))
}

/// The same for text that keeps its lines.
pub(super) fn cell_of_lines(text: &str) -> String {
    without_formulas(&text.lines().map(visible).collect::<Vec<_>>().join("\n"))
}

fn without_formulas(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut is_start = true;
    for character in text.chars() {
        if is_start && matches!(character, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}') {
            safe.push('\'');
        }
        is_start = character == ';' || (is_start && (character.is_whitespace() || character == '\u{fffd}'));
        safe.push(character);
    }
    safe
}

/// Text without characters that change how what stands beside it is shown.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => ' ',
            // Marks that turn the direction of writing can make a name look like another one.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
            character if character.is_control() => '\u{fffd}',
            character => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(cell(" +1"), " '+1");
        assert_eq!(cell("\t=1\r"), "\u{fffd}'=1\u{fffd}");
        assert_eq!(cell("\u{ff1d}1"), "'\u{ff1d}1");
        assert_eq!(cell("a; =b;c"), "a; '=b;c");
        assert_eq!(cell_of_lines("\n=a\n- b\n"), "\n'=a\n- b");
        assert_eq!(cell("@x"), "'@x");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell("\u{1b}[31mred\nnext"), "\u{fffd}[31mred next");
        assert_eq!(cell("\u{202e}gpj.exe"), "\u{fffd}gpj.exe");
    }

    #[test]
    fn intervals_are_shown_with_one_decimal() {
        assert_eq!(range(Some(&Range { low: 0.3, high: 0.9 })), "30.0–90.0 %");
        assert_eq!(range(Some(&Range { low: 0.5, high: 0.500_01 })), "50.0 %");
        assert_eq!(range(None), DASH);
        assert_eq!(share(Some(1.0)), "100.0 %");
    }
}
