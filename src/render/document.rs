//! A document in one language, between the model that it tells of and the forms in which people read it: HTML and PDF
//! print the same document.

use chrono::{DateTime, Utc};

use super::charts::Chart;
use crate::domain::text::Language;

/// A document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Language of the fixed texts, and direction of the document.
    pub language: Language,
    /// Title, also in the metadata.
    pub title: String,
    /// The author, for the metadata.
    pub author: String,
    /// The time that the metadata state. The same document has the same time, so that its bytes are the same.
    pub date: DateTime<Utc>,
    /// Identifies the document: the hash of its model, in hexadecimal.
    pub hash: String,
    /// The line at the foot of each page, beside the number of the page.
    pub footer: Line,
    /// The contents, in order.
    pub sections: Vec<Section>,
}

/// A section with a title of its own.
#[derive(Debug, Clone)]
pub struct Section {
    /// Name of the section within the document, the same in both languages, such as `pilots`.
    pub id: &'static str,
    /// Title.
    pub title: String,
    /// Contents.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug, Clone)]
pub enum Block {
    /// A title within the section.
    Heading(Line),
    /// A paragraph.
    Paragraph(Line),
    /// Items of equal rank.
    List(Vec<Line>),
    /// Labels with their values.
    Facts(Vec<Fact>),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
}

/// A label with its value.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The label.
    pub label: &'static str,
    /// The value.
    pub value: Line,
}

/// A table. Each row has a cell for each column.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the table lists.
    pub caption: String,
    /// The columns, from the side on which the language begins.
    pub columns: Vec<Column>,
    /// The rows. The first cell of a row names the row.
    pub rows: Vec<Vec<Line>>,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Heading of the column.
    pub title: &'static str,
    /// Tells whether the column contains numbers, which stand under each other at their ends.
    pub is_number: bool,
}

/// A line of text.
pub type Line = Vec<Span>;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Fixed words of the document's language.
    Words(String),
    /// A value from the records: a name, a title, a number, a date. A direction of its own is isolated from the text
    /// around the value, and characters in the value that control the direction have no effect outside of the value.
    Value(String),
    /// A value that stands out: a state or a verdict.
    Strong(String),
    /// A hash or another identifier, written from left to right in both languages.
    Code(String),
}
