//! Sheets as workbooks of Excel (ISO/IEC 29500).
//!
//! Rows go to a temporary file as they come, so that the memory does not depend on their number. The workbook is a
//! temporary file, too: a ZIP archive names its parts at its end, so that a reader recognizes a file that broke off.

use std::fs::File;
use std::io::{BufWriter, Seek as _};

use chrono::{DateTime, Datelike as _, NaiveDateTime, Timelike as _, Utc};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::sheet::{Cell, Layout};

/// The most characters of a cell.
const MOST_CHARACTERS: usize = 32_767;
/// The paper size A4.
const A4: u8 = 9;
/// The fill of headings: a light grey, which leaves the text readable when printed.
const GREY: Color = Color::RGB(0x00E7_E6E6);

/// The error of a workbook.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a workbook could not be made: {0}")]
    Workbook(#[from] XlsxError),
    #[error("a temporary file could not be written: {0}")]
    File(#[from] std::io::Error),
}

/// A workbook with one sheet, to which rows are added.
#[expect(missing_debug_implementations, reason = "a workbook that is being written has nothing to show")]
pub struct Book {
    workbook: Workbook,
    formats: Formats,
    columns: u16,
    /// The number of rows, the headings among them.
    rows: u32,
}

/// The looks of cells.
struct Formats {
    heading: Format,
    text: Format,
    date: Format,
    time: Format,
}

impl Formats {
    fn new() -> Self {
        let top = || Format::new().set_align(FormatAlign::Top);
        Self {
            heading: top()
                .set_bold()
                .set_text_wrap()
                .set_background_color(GREY)
                .set_border_bottom(FormatBorder::Thin),
            text: top().set_text_wrap(),
            date: top().set_num_format("yyyy-mm-dd"),
            time: top().set_num_format("yyyy-mm-dd hh:mm"),
        }
    }
}

impl Book {
    /// A workbook with the headings of a sheet.
    ///
    /// # Errors
    /// A temporary file that cannot be made.
    pub fn new(layout: &Layout, created_at: DateTime<Utc>) -> Result<Self, Error> {
        let (mut workbook, formats) = (Workbook::new(), Formats::new());
        let mut properties = DocProperties::new().set_title(&layout.title);
        if let Some(at) = excel_time(created_at.naive_utc()) {
            properties = properties.set_creation_datetime(&at);
        }
        workbook.set_properties(&properties);
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(&layout.title)?;
        sheet.set_right_to_left(layout.is_right_to_left);
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, 0)?;
        let mut columns = 0;
        for (heading, width) in &layout.headings {
            sheet.set_column_width(columns, f64::from(width.digits()))?;
            sheet.write_string_with_format(0, columns, heading, &formats.heading)?;
            columns += 1;
        }
        Ok(Self { workbook, formats, columns, rows: 1 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// A temporary file that cannot be written; more rows than a sheet has.
    pub fn add(&mut self, rows: &[Vec<Cell>]) -> Result<(), Error> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        for row in rows {
            for (column, cell) in (0_u16..).zip(row) {
                write(sheet, &self.formats, self.rows, column, cell)?;
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// The workbook as a file, which exists as long as it is open.
    ///
    /// # Errors
    /// A temporary file that cannot be written.
    pub fn save(mut self) -> Result<File, Error> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        sheet.autofilter(0, 0, self.rows.saturating_sub(1), self.columns.saturating_sub(1))?;
        let mut file = tempfile::tempfile()?;
        self.workbook.save_to_writer(BufWriter::new(&file))?;
        file.rewind()?;
        Ok(file)
    }
}

/// Writes a cell. A text is written as one, whatever it begins with.
fn write(
    sheet: &mut Worksheet,
    formats: &Formats,
    row: u32,
    column: u16,
    cell: &Cell,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            sheet.write_string_with_format(row, column, allowed(text), &formats.text)?;
        }
        Cell::Number(number) => {
            // A spreadsheet computes with binary numbers.
            let number = number.to_string();
            match number.parse::<f64>() {
                Ok(binary) => sheet.write_number_with_format(row, column, binary, &formats.text)?,
                Err(_) => sheet.write_string_with_format(row, column, number, &formats.text)?,
            };
        }
        Cell::Date(day) => {
            let format = &formats.date;
            match excel_time(day.and_time(chrono::NaiveTime::MIN)) {
                Some(at) => sheet.write_datetime_with_format(row, column, at, format)?,
                None => sheet.write_string_with_format(row, column, day.to_string(), format)?,
            };
        }
        Cell::Time(at) => {
            let format = &formats.time;
            match excel_time(at.naive_local()) {
                Some(local) => sheet.write_datetime_with_format(row, column, local, format)?,
                None => sheet.write_string_with_format(row, column, at.to_rfc3339(), format)?,
            };
        }
    }
    Ok(())
}

/// A time as Excel counts it; `None` before 1900, where its calendar begins.
fn excel_time(at: NaiveDateTime) -> Option<ExcelDateTime> {
    let small = |number: u32| u8::try_from(number).ok();
    let year = u16::try_from(at.year()).ok()?;
    let day = ExcelDateTime::from_ymd(year, small(at.month())?, small(at.day())?).ok()?;
    let (hour, minute) = (u16::try_from(at.hour()).ok()?, small(at.minute())?);
    day.and_hms(hour, minute, f64::from(at.second())).ok()
}

/// A text without characters that XML forbids, and not longer than a cell may be.
fn allowed(text: &str) -> String {
    let is_forbidden = |letter: char| matches!(letter, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let letter = |letter: char| if is_forbidden(letter) { char::REPLACEMENT_CHARACTER } else { letter };
    // A line ends by one sign in a cell.
    let mut allowed: String = text.replace("\r\n", "\n").replace('\r', "\n").chars().map(letter).collect();
    if let Some((cut, _)) = allowed.char_indices().nth(MOST_CHARACTERS) {
        allowed.truncate(cut);
        allowed.pop();
        allowed.push('…');
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_character_that_xml_forbids_and_fits_into_a_cell() {
        assert_eq!(
            allowed("a\u{0}b\u{1f}c\td\r\ne\rf\u{ffff}\u{fffe}"),
            "a\u{fffd}b\u{fffd}c\td\ne\nf\u{fffd}\u{fffd}"
        );
        assert_eq!(allowed(&"س".repeat(MOST_CHARACTERS)).chars().count(), MOST_CHARACTERS);
        let cut = allowed(&"س".repeat(MOST_CHARACTERS + 1));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (MOST_CHARACTERS, true));
    }
}
