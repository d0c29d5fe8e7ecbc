//! Tables of text: the rows of a CSV file in any of the usual encodings and with any of the usual delimiters.
//!
//! The crate `csv` reads; this module decodes, finds the delimiter, and bounds what is read. `csv` takes the rest of a file
//! for one cell if a quotation mark is not closed, so that such a mark is looked for beforehand.

use encoding_rs::{Encoding, UTF_8};

/// The delimiters that spreadsheets and trackers write; the first one wins where two are as frequent.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The limits of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) headings: Vec<String>,
    /// The rows in which any cell is filled.
    pub(crate) rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line of the file on which the row begins, counted from one.
    pub(crate) line: u64,
    /// The cells: at most one more than there are headings.
    pub(crate) cells: Vec<String>,
    /// The number of cells, also of those that were not kept.
    pub(crate) count: usize,
}

/// The reason why a file is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TableError {
    #[error("the file has no row of headings")]
    Empty,
    #[error("the file is not text in this encoding")]
    Encoding,
    #[error("the file has more than {0} columns")]
    TooManyColumns(usize),
    #[error("the file has more than {0} rows")]
    TooManyRows(usize),
    #[error("a quotation mark on line {0} is not closed")]
    UnclosedQuote(u64),
}

/// Reads a table. A byte order mark goes before the encoding; without both, the file is UTF-8.
///
/// # Errors
/// Why the file is no table.
pub(crate) fn read(
    bytes: &[u8],
    encoding: Option<&'static Encoding>,
    limits: Limits,
) -> Result<Table, TableError> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((encoding.unwrap_or(UTF_8), 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    // Text in UTF-16 that is read as another encoding has such characters.
    let text = text.filter(|text| !text.contains('\0')).ok_or(TableError::Encoding)?;
    let (declared, text, first_line) = declared_delimiter(&text);
    let first = FirstRecord::of(text);
    let delimiter = declared.unwrap_or_else(|| first.delimiter());
    if first.count(delimiter) >= limits.columns {
        return Err(TableError::TooManyColumns(limits.columns));
    }
    if let Some(line) = unclosed_quote(text, delimiter) {
        return Err(TableError::UnclosedQuote(first_line + line));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let cells =
        |record: &csv::StringRecord, most: usize| record.iter().take(most).map(str::to_owned).collect();
    let headings: Vec<String> = match records.next() {
        Some(Ok(record)) => cells(&record, limits.columns),
        Some(Err(_)) => return Err(TableError::Encoding),
        None => return Err(TableError::Empty),
    };
    if headings.iter().all(|heading| heading.trim().is_empty()) {
        return Err(TableError::Empty);
    }
    let mut rows = Vec::new();
    let mut lines = Lines { bytes: text.as_bytes(), at: 0, line: first_line + 1 };
    for record in records {
        let record = record.map_err(|_unreadable| TableError::Encoding)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == limits.rows {
            return Err(TableError::TooManyRows(limits.rows));
        }
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        rows.push(Row { line, count: record.len(), cells: cells(&record, headings.len() + 1) });
    }
    Ok(Table { headings, rows })
}

/// The lines of a text, from the beginning to the end. `csv` counts a record from the end of the one before, and the two
/// characters that end a line on Windows as parts of two records.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the next record after a place begins.
    fn line_at(&mut self, place: u64) -> u64 {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            let is_break = matches!(byte, b'\n' | b'\r');
            if self.at >= place && !is_break {
                break;
            }
            let is_first_of_two = *byte == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(is_break && !is_first_of_two);
            self.at += 1;
        }
        self.line
    }
}

/// The delimiter that the first line of a file names (`sep=;`, as Excel reads it), the text after this line, and the
/// number of lines before that text.
fn declared_delimiter(text: &str) -> (Option<u8>, &str, u64) {
    let declared = text.strip_prefix("sep=").and_then(|rest| {
        let delimiter = *rest.as_bytes().first().filter(|byte| DELIMITERS.contains(byte))?;
        let rest = rest.get(1..)?;
        let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
        Some((delimiter, rest))
    });
    match declared {
        Some((delimiter, rest)) => (Some(delimiter), rest, 1),
        None => (None, text, 0),
    }
}

/// The first record of a file, as far as delimiters are concerned.
struct FirstRecord([usize; 3]);

impl FirstRecord {
    /// Counts the delimiters outside of quotation marks.
    fn of(text: &str) -> Self {
        let mut counts = [0; 3];
        let mut is_quoted = false;
        for byte in text.bytes() {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\n' | b'\r' if !is_quoted => break,
                _ if !is_quoted => {
                    for (count, delimiter) in counts.iter_mut().zip(DELIMITERS) {
                        *count += usize::from(byte == delimiter);
                    }
                }
                _ => {}
            }
        }
        Self(counts)
    }

    fn delimiter(&self) -> u8 {
        let mut best = (0, b',');
        for (count, delimiter) in self.0.into_iter().zip(DELIMITERS) {
            if count > best.0 {
                best = (count, delimiter);
            }
        }
        best.1
    }

    fn count(&self, delimiter: u8) -> usize {
        self.0.iter().zip(DELIMITERS).filter(|(_, own)| *own == delimiter).map(|(count, _)| *count).sum()
    }
}

/// The line, counted from one, of a quotation mark that begins a cell and is not closed.
fn unclosed_quote(text: &str, delimiter: u8) -> Option<u64> {
    let (mut line, mut opened_on) = (1, None);
    let mut begins_cell = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (opened_on, byte) {
            (Some(_), b'"') if bytes.peek() == Some(&b'"') => {
                bytes.next();
            }
            (Some(_), b'"') => (opened_on, begins_cell) = (None, false),
            (Some(_), _) => {}
            (None, b'"') if begins_cell => opened_on = Some(line),
            (None, _) => begins_cell = byte == delimiter || matches!(byte, b'\n' | b'\r'),
        }
        line += u64::from(byte == b'\n');
    }
    opened_on
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1256};
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { columns: 5, rows: 3 };

    fn table(bytes: &[u8], encoding: Option<&'static Encoding>) -> Result<Vec<Vec<String>>, TableError> {
        let table = read(bytes, encoding, LIMITS)?;
        Ok(std::iter::once(table.headings).chain(table.rows.into_iter().map(|row| row.cells)).collect())
    }

    #[test]
    fn a_table_is_read_in_each_encoding_and_with_each_delimiter() {
        let expected = vec![vec!["العنوان", "b"], vec!["واحد\nاثنان", "é; \"x\""]];
        for delimiter in [",", ";", "\t"] {
            let text = format!("العنوان{delimiter}b\r\n\"واحد\nاثنان\"{delimiter}\"é; \"\"x\"\"\"\r\n");
            assert_eq!(table(text.as_bytes(), None).unwrap(), expected);
            assert_eq!(table(format!("\u{feff}{text}").as_bytes(), None).unwrap(), expected);
            assert_eq!(table(format!("sep={delimiter}\r\n{text}").as_bytes(), None).unwrap(), expected);
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(table(&[&[0xff, 0xfe][..], &little].concat(), None).unwrap(), expected);
            assert_eq!(table(&[&[0xfe, 0xff][..], &big].concat(), None).unwrap(), expected);
            assert_eq!(table(&little, Some(UTF_16LE)).unwrap(), expected);
            assert_eq!(table(&big, Some(UTF_16BE)).unwrap(), expected);
            assert_eq!(table(&little, None), Err(TableError::Encoding));
            let (arabic, _, _) = WINDOWS_1256.encode(&text);
            assert_eq!(table(&arabic, Some(WINDOWS_1256)).unwrap(), expected);
            assert_eq!(table(&arabic, None), Err(TableError::Encoding));
        }
        let (western, _, _) = WINDOWS_1252.encode("Título;x\nñ;y");
        assert_eq!(table(&western, Some(WINDOWS_1252)).unwrap(), [["Título", "x"], ["ñ", "y"]]);
    }

    #[test]
    fn a_file_that_is_no_table_is_refused() {
        for (text, error) in [
            ("", TableError::Empty),
            ("\u{feff}", TableError::Empty),
            ("\r\n\r\n", TableError::Empty),
            (",,\n1,2,3", TableError::Empty),
            ("a,b\n\"c,d\n1,2", TableError::UnclosedQuote(2)),
            ("sep=,\na,b\n1,\"c", TableError::UnclosedQuote(3)),
            ("a,b,c,d,e,f\n", TableError::TooManyColumns(5)),
            ("a\n1\n2\n3\n4\n", TableError::TooManyRows(3)),
            ("a\n\0", TableError::Encoding),
        ] {
            assert_eq!(table(text.as_bytes(), None), Err(error), "{text:?}");
        }
        let rows = read(b"a,b\n1,2,3,4\n\n5\n", None, LIMITS).unwrap().rows;
        let expected = [(2, 4, vec!["1", "2", "3"]), (4, 1, vec!["5"])];
        for (row, (line, count, cells)) in rows.iter().zip(expected) {
            assert_eq!(
                (row.line, row.count, row.cells.clone()),
                (line, count, cells.iter().map(ToString::to_string).collect())
            );
        }
        for end in ["\n", "\r\n", "\r"] {
            let file = ["a,b", "1,2", "\"3", "4\",5", "", "6,7"].join(end);
            let lines: Vec<_> =
                read(file.as_bytes(), None, LIMITS).unwrap().rows.iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 3, 6], "{end:?}");
        }
        // Marks within a cell are ordinary characters.
        assert_eq!(table(b"a,b\n5\" pipe,x\n", None).unwrap(), [["a", "b"], ["5\" pipe", "x"]]);
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes, None, LIMITS));
            drop(read(&bytes, Some(WINDOWS_1256), LIMITS));
            drop(read(&bytes, Some(UTF_16LE), LIMITS));
        }

        #[test]
        fn no_quotation_mark_is_missed(text in "([\",;\n\r]|[a-z]){0,20}") {
            let mut file = String::from("h\n");
            file.push_str(&text);
            let closed = read(format!("{file}\"").as_bytes(), None, Limits { columns: 50, rows: 50 });
            let open = read(file.as_bytes(), None, Limits { columns: 50, rows: 50 });
            // One more mark closes what is open.
            prop_assert!(open.is_ok() || closed.is_ok() || open == Err(TableError::Empty));
        }
    }
}
