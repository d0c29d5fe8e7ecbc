//! A document in one language, between the model that it tells of and the forms in which people read it: HTML and PDF
//! print the same document.

use chrono::{DateTime, Utc};

use super::bidi;
use super::charts::Chart;
use crate::domain::text::Language;

/// A document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Language of the fixed texts, and direction of the document.
    pub language: Language,
    /// Title. The metadata have it as [`plain`] text.
    pub title: Line,
    /// A word that every page must show, such as "Draft".
    pub mark: Option<&'static str>,
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
    pub title: &'static str,
    /// Tells whether the section begins a page on paper.
    pub starts_page: bool,
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
    /// Paragraphs in a frame: the first thing that a reader must see.
    Frame(Vec<Line>),
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
    /// The subject of the table.
    pub caption: Line,
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
    /// The kind of its cells.
    pub kind: ColumnKind,
}

/// The kind of the cells of a column, which decides on its width and alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text, which takes the width that is left over.
    Text,
    /// A few words, such as a state or a date.
    Short,
    /// Numbers, which stand under each other at their ends.
    Number,
}

/// A line of text, which wraps where the space ends.
pub type Line = Vec<Span>;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Fixed words of the document's language.
    Words(String),
    /// A value from the records: a name, a title, a number, a date. The form isolates the direction of the value, and
    /// prints it as [`bidi::harmless`] text.
    Value(String),
    /// A value that stands out: a state or a verdict. Isolated as a `Value`.
    Strong(String),
    /// A hash or another identifier, written from left to right in both languages.
    Code(String),
    /// The address of a page elsewhere, written from left to right in both languages. Only an address with the scheme
    /// `http` or `https` may become a link.
    Address(String),
    /// The end of a line.
    Break,
}

impl Span {
    /// Fixed words.
    pub fn words(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }

    /// A value from the records.
    pub fn value(value: impl ToString) -> Self {
        Self::Value(value.to_string())
    }

    /// A value that stands out.
    pub fn strong(value: impl ToString) -> Self {
        Self::Strong(value.to_string())
    }
}

/// A sentence with values in the places `{0}` to `{9}`, whose order differs between languages.
pub fn fill(sentence: &str, values: &[Span]) -> Line {
    let mut line = Line::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, behind) = after.split_once('}').unwrap_or((after, ""));
        line.push(Span::words(before));
        line.extend(place.parse().ok().and_then(|place: usize| values.get(place)).cloned());
        rest = behind;
    }
    line.push(Span::words(rest));
    line.retain(|span| *span != Span::Words(String::new()));
    line
}

/// Lines in one, with words between them.
pub fn joined(lines: impl IntoIterator<Item = Line>, between: &str) -> Line {
    let mut all = Line::new();
    for line in lines {
        if !all.is_empty() {
            all.push(Span::words(between));
        }
        all.extend(line);
    }
    all
}

/// A line as plain text, with its values isolated.
pub fn plain(line: &[Span]) -> String {
    let text = |span: &Span| match span {
        Span::Words(words) => words.clone(),
        Span::Value(value) | Span::Strong(value) => bidi::isolate(value),
        Span::Code(code) | Span::Address(code) => bidi::isolate(code),
        Span::Break => " ".to_owned(),
    };
    line.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_takes_its_values_in_the_order_of_its_language() {
        let values = [Span::value(1), Span::value("Nur")];
        let expected = [Span::words("Report "), Span::value(1), Span::words(" of "), Span::value("Nur")];
        assert_eq!(fill("Report {0} of {1}", &values), expected);
        assert_eq!(fill("{1}: {0}.", &values)[0], Span::value("Nur"));
        assert_eq!(fill("no values", &[]), [Span::words("no values")]);
        assert_eq!(plain(&fill("a {0}", &[Span::value("b\u{2069}")])), "a \u{2068}b\u{2069}");
    }

    #[test]
    fn lines_are_joined_with_words_between_them() {
        let lines = [vec![Span::value(1)], vec![Span::value(2)]];
        assert_eq!(joined(lines, ", "), [Span::value(1), Span::words(", "), Span::value(2)]);
    }
}
