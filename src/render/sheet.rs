//! A sheet: the columns of a list, with their headings in both languages, and the typed cells of its rows.
//! [`csv`](super::csv) and [`xlsx`](super::xlsx) print the same sheet.
//!
//! The columns of each list are in `app/sheets/`, beside the rows that the cells are made of.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::domain::decimal::Decimal;
use crate::domain::message::Message;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary;

words! {
    /// Fixed texts of all sheets.
    struct SheetWords {
        in_english: "English", "بالإنجليزية";
        in_arabic: "Arabic", "بالعربية";
        yes: "Yes", "نعم";
        no: "No", "لا";
    }
}

/// The reader of a sheet: a person, or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The language of headings and labels, and of names that exist in both languages.
    pub language: Language,
    /// False for a program: its headings are the names of fields, and its values the codes of the API.
    pub labels: bool,
    /// The day that the reader calls today.
    pub today: NaiveDate,
    /// The time zone in which times are written.
    pub time_zone: Tz,
}

impl Reader {
    /// A word of a vocabulary.
    pub fn word(&self, word: impl Vocabulary) -> Cell {
        Cell::Text(self.name_of(word))
    }

    /// Words of a vocabulary, in one cell.
    pub fn words<V: Vocabulary>(&self, words: &[V]) -> Cell {
        list(words.iter().map(|word| self.name_of(*word)))
    }

    fn name_of(&self, word: impl Vocabulary) -> String {
        if self.labels {
            // A cell stands alone, so that no part of it needs to be isolated.
            without_isolates(word.label().in_language(self.language))
        } else {
            word.code().to_owned()
        }
    }

    /// Yes or no.
    pub fn truth(&self, value: bool) -> Cell {
        let words = SheetWords::of(self.language);
        let text = match (self.labels, value) {
            (true, true) => words.yes,
            (true, false) => words.no,
            (false, true) => "true",
            (false, false) => "false",
        };
        Cell::Text(text.to_owned())
    }

    /// A name or a title in the language of the reader, or in the other one.
    pub fn name(&self, name: &LocalizedText) -> Cell {
        Cell::Text(name.in_language(self.language).to_owned())
    }

    /// An instant, in the time zone of the task force.
    pub fn time(&self, at: DateTime<Utc>) -> Cell {
        Cell::Time(at.with_timezone(&self.time_zone).fixed_offset())
    }

    /// An instant, if there is one.
    pub fn time_if_any(&self, at: Option<DateTime<Utc>>) -> Cell {
        at.map_or(Cell::Empty, |at| self.time(at))
    }
}

/// The answers to yes-or-no questions in a sheet, of people and of programs, in both languages.
pub fn read_truth(text: &str) -> Option<bool> {
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    let words = [SheetWords::of(Language::English), SheetWords::of(Language::Arabic)];
    if words.map(|words| words.yes).iter().chain(&["true", "1"]).any(is) {
        Some(true)
    } else if words.map(|words| words.no).iter().chain(&["false", "0"]).any(is) {
        Some(false)
    } else {
        None
    }
}

/// A text without the controls that isolate its parts.
fn without_isolates(text: &str) -> String {
    text.chars().filter(|letter| !('\u{2066}'..='\u{2069}').contains(letter)).collect()
}

/// Several values in one cell.
pub fn list(values: impl IntoIterator<Item = String>) -> Cell {
    let values: Vec<_> = values.into_iter().collect();
    if values.is_empty() { Cell::Empty } else { Cell::Text(values.join("; ")) }
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(Decimal),
    Date(NaiveDate),
    /// An instant, as clocks show it in the reader's time zone.
    Time(DateTime<FixedOffset>),
}

impl Cell {
    /// The bytes that the cell takes in a file, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Empty => 1,
            Self::Text(text) => text.len(),
            Self::Number(_) | Self::Date(_) | Self::Time(_) => 16,
        }
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Number(bigdecimal::BigDecimal::from(number).into())
    }
}

impl From<i16> for Cell {
    fn from(number: i16) -> Self {
        i32::from(number).into()
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(bigdecimal::BigDecimal::from(number).into())
    }
}

impl From<Decimal> for Cell {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Date(day)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<uuid::Uuid> for Cell {
    fn from(id: uuid::Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, T::into)
    }
}

/// The width of a column, in digits of the usual font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Narrow,
    Usual,
    /// Titles and names.
    Wide,
    /// Text of several lines.
    Text,
    /// Identifiers.
    Id,
}

impl Width {
    /// The number of digits.
    pub fn digits(self) -> u8 {
        match self {
            Self::Narrow => 9,
            Self::Usual => 17,
            Self::Wide => 32,
            Self::Text => 48,
            Self::Id => 38,
        }
    }
}

/// A column.
#[derive(Debug)]
pub struct Column<T> {
    /// The name of the field in the API; of a text in two languages, the name with the language: `title.ar`.
    pub name: String,
    /// The heading for people.
    pub title: Message,
    width: Width,
    content: Content<T>,
}

#[derive(Debug)]
enum Content<T> {
    Cell(fn(&T, &Reader) -> Cell),
    Text(Language, fn(&T) -> Option<&LocalizedText>),
}

/// The columns of a list.
#[derive(Debug)]
pub struct Sheet<T> {
    /// The name of the sheet.
    pub title: Message,
    /// The columns, from the side on which the language begins.
    pub columns: Vec<Column<T>>,
    language: Language,
}

impl<T> Sheet<T> {
    /// A sheet without columns, for readers of a language.
    pub fn new(language: Language, en: &str, ar: &str) -> Self {
        Self { title: Message::new(en, ar), columns: Vec::new(), language }
    }

    /// Adds a column.
    #[must_use]
    pub fn column(
        mut self,
        name: &str,
        (en, ar): (&str, &str),
        width: Width,
        cell: fn(&T, &Reader) -> Cell,
    ) -> Self {
        let (name, title) = (name.to_owned(), Message::new(en, ar));
        self.columns.push(Column { name, title, width, content: Content::Cell(cell) });
        self
    }

    /// Adds two columns for a text in two languages, the language of the reader first.
    #[must_use]
    pub fn text(
        mut self,
        name: &str,
        (en, ar): (&str, &str),
        width: Width,
        text: fn(&T) -> Option<&LocalizedText>,
    ) -> Self {
        for language in [self.language, self.language.other()] {
            let of = |reader: Language| {
                let words = SheetWords::of(reader);
                match language {
                    Language::English => words.in_english,
                    Language::Arabic => words.in_arabic,
                }
            };
            let title = Message::new(
                format!("{en} ({})", of(Language::English)),
                format!("{ar} ({})", of(Language::Arabic)),
            );
            let name = format!("{name}.{}", language.code());
            self.columns.push(Column { name, title, width, content: Content::Text(language, text) });
        }
        self
    }

    /// The heading of each column for a reader.
    pub fn layout(&self, reader: &Reader) -> Layout {
        let heading = |column: &Column<T>| match reader.labels {
            true => without_isolates(column.title.in_language(reader.language)),
            false => column.name.clone(),
        };
        Layout {
            title: without_isolates(self.title.in_language(reader.language)),
            is_right_to_left: reader.language == Language::Arabic,
            headings: self.columns.iter().map(|column| (heading(column), column.width)).collect(),
        }
    }

    /// The cells of a row.
    pub fn row(&self, item: &T, reader: &Reader) -> Vec<Cell> {
        let cell = |column: &Column<T>| match column.content {
            Content::Cell(cell) => cell(item, reader),
            Content::Text(language, text) => {
                let text = text(item).and_then(|text| text.written_in(language));
                text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()))
            }
        };
        self.columns.iter().map(cell).collect()
    }
}

/// The outline of a sheet, before its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The name of the sheet.
    pub title: String,
    /// True if the first column is on the right.
    pub is_right_to_left: bool,
    /// The headings, and the width of each column.
    pub headings: Vec<(String, Width)>,
}
