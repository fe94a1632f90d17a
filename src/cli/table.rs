//! Tables of text for people: columns as wide as their longest value.

use crate::diag::printable;

/// A table; the last column may be of any width.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column titles.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Self { header: header.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, values: impl IntoIterator<Item = String>) {
        self.rows.push(values.into_iter().map(|value| one_line(&value)).collect());
    }

    /// The table as text, with a line end after each row.
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| {
            lines().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let mut text = String::new();
        for line in lines() {
            let mut padded = String::new();
            for (cell, width) in line.iter().zip(&widths) {
                let fill = width.saturating_sub(cell.chars().count());
                padded.push_str(cell);
                padded.push_str(&" ".repeat(fill + 2));
            }
            text.push_str(padded.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Names in exports may hold line ends and control characters; a table has one line a row.
fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_and_control_characters_are_shown_as_such() {
        let mut table = Table::new(["id", "title"]);
        table.row(["a".to_owned(), "x\u{1b}[31m\ny".to_owned()]);
        table.row(["long".to_owned(), String::new()]);
        assert_eq!(table.text(), "id    title\na     x\u{fffd}[31m\u{fffd}y\nlong\n");
    }
}
