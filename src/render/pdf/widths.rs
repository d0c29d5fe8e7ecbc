//! Widths of the columns of a table.
//!
//! typst gives a column the width of its widest cell, or a share of the width that is left over. Neither serves a table
//! with several columns of long text: the first would take everything, or a column of numbers as much as a title.

use super::letters::GROUP;
use crate::render::document::{Column, ColumnKind, Line, Span, Table};

/// The width of a table in ems: that of the page without its margins.
const TABLE: f64 = 53.5;

/// The space on both sides of a cell.
const INSET: f64 = 1.2;

/// The share of the table that short columns may take without wrapping.
const SHORT: f64 = 0.82;

/// Bold text is wider.
const BOLD: f64 = 1.1;

/// The width beyond which neither a word nor a line asks for more.
const LONGEST_WORD: f64 = 14.0;
const LONGEST_LINE: f64 = 60.0;

/// The widths of the columns of a table, in ems.
///
/// Each column gets the width of its longest word, and a short column that of its longest line. What is left goes to the
/// columns that wrap, in proportion to what they lack; what no column needs, to the columns of text.
pub(super) fn widths(table: &Table) -> Vec<f64> {
    let mut needs: Vec<_> = table.columns.iter().map(Need::of).collect();
    for row in &table.rows {
        for (need, cell) in needs.iter_mut().zip(row) {
            need.add(cell);
        }
    }
    let short: f64 = needs.iter().filter(|need| need.is_short).map(|need| need.line).sum();
    if short <= SHORT * TABLE {
        needs.iter_mut().filter(|need| need.is_short).for_each(|need| need.word = need.line);
    }
    let least: f64 = needs.iter().map(|need| need.word).sum();
    let lacking: f64 = needs.iter().map(Need::lack).sum();
    let rest = (TABLE - least).max(0.0);
    if lacking > rest {
        return needs.iter().map(|need| need.word + need.lack() * rest / lacking).collect();
    }
    let all_short = needs.iter().all(|need| need.is_short);
    let grows = |need: &Need| all_short || !need.is_short;
    let growing: f64 = needs.iter().filter(|need| grows(need)).map(|need| need.line).sum();
    let growth = 1.0 + (rest - lacking) / growing.max(1.0);
    needs.iter().map(|need| if grows(need) { need.line * growth } else { need.line }).collect()
}

/// The lines that the rows of a table take with these widths of the columns, roughly.
pub(super) fn lines(table: &Table, widths: &[f64]) -> f64 {
    let cell_lines = |(cell, width): (&Line, &f64)| {
        let mut need = Need { is_short: false, word: 0.0, line: 0.0 };
        let texts = cell.split(|span| *span == Span::Break).map(|line| need.width_of(line));
        texts.map(|text| (text / (width - INSET).max(1.0)).ceil().max(1.0)).sum::<f64>()
    };
    let row_lines = |row: &Vec<Line>| row.iter().zip(widths).map(cell_lines).fold(1.0, f64::max);
    table.rows.iter().map(row_lines).sum()
}

/// The width that a column needs.
struct Need {
    is_short: bool,
    /// The width of the longest word.
    word: f64,
    /// The width of the longest line.
    line: f64,
}

impl Need {
    fn of(column: &Column) -> Self {
        let mut need = Self { is_short: column.kind != ColumnKind::Text, word: 0.0, line: 0.0 };
        // A heading may wrap: "Absent or not voted" above a number.
        for word in column.title.split_whitespace() {
            need.add_word(text_width(word) * BOLD);
        }
        need
    }

    fn add(&mut self, cell: &Line) {
        for line in cell.split(|span| *span == Span::Break) {
            let width = self.width_of(line);
            self.line = self.line.max(width.min(LONGEST_LINE) + INSET);
        }
    }

    /// The width of a line. Each word counts as a word of the column.
    fn width_of(&mut self, line: &[Span]) -> f64 {
        let mut width = 0.0;
        for span in line {
            match span {
                Span::Words(text) | Span::Value(text) | Span::Strong(text) => {
                    text.split_whitespace().for_each(|word| self.add_word(text_width(word)));
                    width += text_width(text);
                }
                Span::Code(text) | Span::Address(text) => {
                    let group: String = text.chars().take(GROUP).collect();
                    self.add_word(text_width(&group));
                    width += text_width(text);
                }
                Span::Break => {}
            }
        }
        width
    }

    fn add_word(&mut self, width: f64) {
        self.word = self.word.max(width.min(LONGEST_WORD) + INSET);
        self.line = self.line.max(self.word);
    }

    fn lack(&self) -> f64 {
        self.line - self.word
    }
}

/// The width of text in ems, roughly: some letters more make no difference to a table.
fn text_width(text: &str) -> f64 {
    let width = |letter: char| match letter {
        ' ' | '.' | ',' | ':' | ';' | '\'' | 'i' | 'j' | 'l' | '|' | '(' | ')' => 0.3,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
        'A'..='Z' => 0.68,
        '\u{64b}'..='\u{65f}' | '\u{200b}'..='\u{200f}' | '\u{2066}'..='\u{2069}' => 0.0,
        _ => 0.58,
    };
    text.chars().map(width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&'static str, ColumnKind)], rows: &[&[&str]]) -> Table {
        Table {
            caption: Vec::new(),
            columns: columns.iter().map(|&(title, kind)| Column { title, kind }).collect(),
            rows: rows.iter().map(|row| row.iter().map(|&cell| vec![Span::value(cell)]).collect()).collect(),
        }
    }

    #[test]
    fn a_table_takes_the_whole_width() {
        let long = "a b c ".repeat(200);
        for rows in [&[&["A", "1", "x"][..]][..], &[&[long.as_str(), "1", long.as_str()][..]][..]] {
            let columns =
                [("Title", ColumnKind::Text), ("Count", ColumnKind::Number), ("State", ColumnKind::Short)];
            let sum: f64 = widths(&table(&columns, rows)).iter().sum();
            assert!((sum - TABLE).abs() < 0.01, "{sum}");
        }
    }

    #[test]
    fn a_date_stays_on_one_line_beside_many_numbers() {
        let mut columns = vec![("Step", ColumnKind::Text), ("Submitted on", ColumnKind::Short)];
        columns.extend([("Absent or not voted", ColumnKind::Number); 6]);
        let mut row = vec!["Identify some smart governance policy or framework", "24 November 2025"];
        row.extend(["5"; 6]);
        let widths = widths(&table(&columns, &[&row]));
        assert!(widths[1] >= text_width("24 November 2025"), "{widths:?}");
    }

    #[test]
    fn a_long_text_leaves_short_columns_on_one_line() {
        let long = "Sensors count the cars at every crossing of the old town. ".repeat(20);
        let columns = [("Title", ColumnKind::Text), ("Due", ColumnKind::Short), ("Notes", ColumnKind::Text)];
        let widths = widths(&table(&columns, &[&["Count the cars", "28 November 2026", &long]]));
        let [title, due, notes] = widths[..] else { panic!("{widths:?}") };
        assert!(due >= text_width("28 November 2026"), "{widths:?}");
        assert!(notes > title, "{widths:?}");
        assert!(title >= text_width("Count"), "{widths:?}");
    }
}
