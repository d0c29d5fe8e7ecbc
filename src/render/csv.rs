//! Sheets as comma-separated values (RFC 4180), in UTF-8.
//!
//! Spreadsheets take a cell that begins like a formula for one, also in a text file. An apostrophe before such a text
//! makes it a text; [`restored`] takes the apostrophe away again.

use std::borrow::Cow;

use chrono::SecondsFormat;
use unicode_normalization::UnicodeNormalization as _;

use super::sheet::{Cell, Layout};
use crate::domain::characters::is_invisible;

/// The mark at the beginning of a file by which some programs recognize UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The mark before a text that a spreadsheet would take for a formula.
const MARK: char = '\'';

/// Tells whether a spreadsheet could take a text for a formula: its first visible character is a sign with which
/// formulas begin, or a variant of such a sign (full width, small, superscript), or the text begins with a control
/// character. Marks before the sign are passed over, so that marked text is told from text that had the mark before.
fn is_like_formula(text: &str) -> bool {
    if text.trim_start_matches(MARK).starts_with(char::is_control) {
        return true;
    }
    let first = text.chars().find(|letter| *letter != MARK && !is_invisible(*letter));
    let is_sign = |letter: char| matches!(letter, '=' | '+' | '-' | '@' | '\u{2212}');
    first.is_some_and(|first| std::iter::once(first).nfkc().next().is_some_and(is_sign))
}

/// A text as it stands in a cell: marked, if a spreadsheet could take it for a formula.
pub fn neutralized(text: &str) -> Cow<'_, str> {
    if is_like_formula(text) { Cow::Owned(format!("{MARK}{text}")) } else { Cow::Borrowed(text) }
}

/// The text of a cell: without its mark.
pub fn restored(cell: &str) -> &str {
    match cell.strip_prefix(MARK) {
        Some(text) if is_like_formula(text) => text,
        _ => cell,
    }
}

fn cell(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => neutralized(text),
        Cell::Number(number) => Cow::Owned(number.to_string()),
        Cell::Date(day) => Cow::Owned(day.to_string()),
        Cell::Time(at) => Cow::Owned(at.to_rfc3339_opts(SecondsFormat::Secs, false)),
    }
}

/// Lines of a file.
///
/// # Errors
/// Writing to memory does not fail.
fn lines<R: AsRef<[u8]>>(
    rows: impl IntoIterator<Item = impl IntoIterator<Item = R>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// The line of headings, with which a file begins.
///
/// # Errors
/// As [`rows`].
pub fn headings(layout: &Layout, byte_order_mark: bool) -> Result<Vec<u8>, csv::Error> {
    let mut file = if byte_order_mark { BYTE_ORDER_MARK.as_bytes().to_vec() } else { Vec::new() };
    file.extend(lines([layout.headings.iter().map(|(heading, _)| heading)])?);
    Ok(file)
}

/// The lines of rows.
///
/// # Errors
/// None that is known: the rows have as many cells as the headings, and memory takes all of them.
pub fn rows(rows: &[Vec<Cell>]) -> Result<Vec<u8>, csv::Error> {
    lines(rows.iter().map(|row| row.iter().map(|content| cell(content).into_owned())))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::decimal::Decimal;

    #[test]
    fn a_text_that_a_spreadsheet_would_take_for_a_formula_is_marked() {
        for text in [
            "=1+1",
            "+971 4",
            "-5",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠x",
            "﹦1",
            "⁺1",
            "−1",
            " =1",
            "\u{200f}=1",
            "\u{feff}=1",
            "'=1",
            "''=1",
            "\u{a0}@x",
            "'\tx",
        ] {
            assert_eq!(neutralized(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "'", "'tis", "Open data", "سياسة = قانون", "1-2", "(=1)", "«=»", "٪", "É=1"]
        {
            assert_eq!(neutralized(text), text);
            assert_eq!(restored(text), text);
        }
    }

    #[test]
    fn numbers_and_dates_are_no_text() {
        let at = DateTime::parse_from_rfc3339("2026-11-28T11:00:00.5+03:00").unwrap();
        let row = vec![
            Cell::Number(Decimal::parse("-12.50").unwrap()),
            Cell::Date(NaiveDate::from_ymd_opt(2026, 12, 15).unwrap()),
            Cell::Time(at),
            Cell::Empty,
            Cell::Text("a \"b\"\nc, d".to_owned()),
        ];
        let printed = String::from_utf8(rows(&[row]).unwrap()).unwrap();
        assert_eq!(printed, "-12.50,2026-12-15,2026-11-28T11:00:00+03:00,,\"a \"\"b\"\"\nc, d\"\r\n");
    }

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_was(text in "(['=+@＝ \t-]|\u{200f}|\\PC){0,12}") {
            let marked = neutralized(&text);
            prop_assert_eq!(restored(&marked), text.as_str());
            // Marked twice, unmarked once: the mark of a text that had one before is kept.
            let twice = neutralized(&marked);
            prop_assert_eq!(restored(&twice), marked.as_ref());
        }
    }
}
