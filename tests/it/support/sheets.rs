//! Sheets as readers that know nothing of the service see them.

use std::io::{Cursor, Read as _};

use calamine::{Data, Reader as _, Xlsx};

use super::Answer;

/// A table of texts, with its headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) headings: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The table of a CSV file in UTF-8. Every record has as many cells as the first.
    pub(crate) fn of_csv(file: &[u8]) -> Self {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        let headings = cells(reader.headers().unwrap());
        Self { headings, rows: reader.records().map(|record| cells(&record.unwrap())).collect() }
    }

    fn column(&self, heading: &str) -> usize {
        self.headings.iter().position(|own| own == heading).unwrap_or_else(|| panic!("{:?}", self.headings))
    }

    /// The cells below a heading.
    pub(crate) fn below(&self, heading: &str) -> Vec<&str> {
        let column = self.column(heading);
        self.rows.iter().map(|row| row[column].as_str()).collect()
    }
}

/// The cells of the first sheet of a workbook, by calamine.
pub(crate) fn cells(answer: &Answer) -> Vec<Vec<Data>> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(answer.body.clone())).unwrap();
    let name = workbook.sheet_names()[0].clone();
    workbook.worksheet_range(&name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// A part of a workbook, as it is stored.
pub(crate) fn part(answer: &Answer, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(&answer.body)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}
