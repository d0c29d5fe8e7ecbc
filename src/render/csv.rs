//! Sheets as comma-separated values (RFC 4180), in UTF-8.
//!
//! Spreadsheets take a cell that begins like a formula for one, also in a text file. An apostrophe before such a text
//! makes it a text; [`restored`] takes the apostrophe away again. Many spreadsheets divide a line at other signs than the
//! comma, and then take no notice of quotes, so that a part of a text can begin a cell, too.

use std::borrow::Cow;

use chrono::SecondsFormat;
use unicode_normalization::UnicodeNormalization as _;

use super::sheet::{Cell, Layout};
use crate::domain::characters::is_invisible;

/// The mark at the beginning of a file by which some programs recognize UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The mark before a text that a spreadsheet would take for a formula.
const MARK: char = '\'';

/// The signs at which a spreadsheet of another language divides a line, whatever the quotes: many use a semicolon in place
/// of the comma, and what follows one of these signs begins a cell there.
const SEPARATORS: [char; 4] = [';', '\t', '\n', '\r'];

/// Tells whether a spreadsheet could take a text for a formula: the text begins like one, or with a control character. Marks
/// before the sign are passed over, so that marked text is told from text that had the mark before.
fn is_like_formula(text: &str) -> bool {
    text.trim_start_matches(MARK).starts_with(char::is_control) || begins_with_sign(text)
}

/// Tells whether the first visible character is a sign with which formulas begin, or a variant of such a sign (full width,
/// small, superscript). Quotes are passed over, too: within a line that is divided elsewhere they mean nothing.
fn begins_with_sign(text: &str) -> bool {
    let first = text.chars().find(|letter| !matches!(*letter, MARK | '"') && !is_invisible(*letter));
    let is_sign = |letter: char| matches!(letter, '=' | '+' | '-' | '@' | '\u{2212}');
    first.is_some_and(|first| std::iter::once(first).nfkc().next().is_some_and(is_sign))
}

/// A text whose parts are changed: the whole text, and what follows a separator within.
fn changed(text: &str, change: impl Fn(&str, bool) -> Option<String>) -> Cow<'_, str> {
    let begun = change(text, true);
    let whole = begun.as_deref().unwrap_or(text);
    let mut parts = whole.split_inclusive(SEPARATORS);
    let mut result = parts.next().unwrap_or_default().to_owned();
    let mut has_changed = false;
    for part in parts {
        let new = change(part, false);
        has_changed |= new.is_some();
        result.push_str(new.as_deref().unwrap_or(part));
    }
    match (has_changed, begun) {
        (true, _) => Cow::Owned(result),
        (false, Some(begun)) => Cow::Owned(begun),
        (false, None) => Cow::Borrowed(text),
    }
}

/// Tells whether a part is marked: the beginning of a text, or what follows a separator.
fn needs_mark(part: &str, is_beginning: bool) -> bool {
    if is_beginning { is_like_formula(part) } else { begins_with_sign(part) }
}

/// A text as it stands in a cell: marked, where a spreadsheet could take it for a formula.
pub fn neutralized(text: &str) -> Cow<'_, str> {
    changed(text, |part, is_beginning| needs_mark(part, is_beginning).then(|| format!("{MARK}{part}")))
}

/// The text of a cell: without its marks.
pub fn restored(cell: &str) -> Cow<'_, str> {
    changed(cell, |part, is_beginning| {
        let text = part.strip_prefix(MARK).filter(|text| needs_mark(text, is_beginning));
        text.map(str::to_owned)
    })
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
        for (text, marked) in [
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("\n=1", "'\n'=1"),
            ("x;=1+1;y", "x;'=1+1;y"),
            ("x; @a\n\n- b", "x;' @a\n\n'- b"),
            ("x;\"=1\"", "x;'\"=1\""),
            ("=1;＝2", "'=1;'＝2"),
            ("a;b\n\nc\t", "a;b\n\nc\t"),
        ] {
            assert_eq!(neutralized(text), marked, "{text:?}");
            assert_eq!(restored(marked), text);
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
        fn a_text_comes_back_as_it_was(text in "(['=+@＝ \t\n;\"-]|\u{200f}|\\PC){0,12}") {
            let marked = neutralized(&text);
            prop_assert_eq!(restored(&marked), text.as_str());
            // Marked twice, unmarked once: the mark of a text that had one before is kept.
            let twice = neutralized(&marked);
            prop_assert_eq!(restored(&twice), marked.as_ref());
        }
    }
}
