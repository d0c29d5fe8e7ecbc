//! A document as the template reads it.

use std::borrow::Cow;

use serde::Serialize;

use super::letters::{identifier, printable, without_marks, wrappable};
use super::printer::Printer;
use super::widths::{lines, widths};
use crate::domain::text::Language;
use crate::render::bidi;
use crate::render::charts::Chart;
use crate::render::document::{Block, ColumnKind, Document, Line, Section, Span, Table, plain};

words! {
    /// Fixed texts of a page.
    pub(super) struct PageWords {
        page: "Page", "صفحة";
        of: "of", "من";
    }
}

/// The longest row of a table or list of facts, in bytes of text, that is kept on one page.
const UNBROKEN: usize = 1500;

/// The longest table, in lines, that is kept on one page: less than half a page.
const UNBROKEN_LINES: f64 = 20.0;

/// A document.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    language: Language,
    /// The title without styles, for the metadata.
    name: String,
    title: Vec<Piece<'a>>,
    author: Cow<'a, str>,
    mark: Option<&'static str>,
    footer: Vec<Piece<'a>>,
    page: &'static str,
    of: &'static str,
    sections: Vec<SectionData<'a>>,
}

#[derive(Serialize)]
struct SectionData<'a> {
    title: &'static str,
    starts_page: bool,
    blocks: Vec<BlockData<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum BlockData<'a> {
    Heading { line: Vec<Piece<'a>> },
    Paragraph { line: Vec<Piece<'a>> },
    Frame { lines: Vec<Vec<Piece<'a>>> },
    List { lines: Vec<Vec<Piece<'a>>> },
    Facts { is_breakable: bool, facts: Vec<FactData<'a>> },
    Table { is_breakable: bool, caption: Vec<Piece<'a>>, columns: Vec<ColumnData>, rows: Vec<RowData<'a>> },
    Chart { svg: Cow<'a, str>, width: u32, height: u32, caption: Cow<'a, str>, description: Cow<'a, str> },
}

#[derive(Serialize)]
struct FactData<'a> {
    label: &'static str,
    value: Vec<Piece<'a>>,
}

#[derive(Serialize)]
struct ColumnData {
    title: &'static str,
    /// The share of the width.
    width: f64,
    is_number: bool,
}

#[derive(Serialize)]
struct RowData<'a> {
    /// Tells whether the row may continue on the next page.
    is_breakable: bool,
    cells: Vec<Vec<Piece<'a>>>,
}

/// A part of a line.
#[derive(Serialize)]
#[serde(tag = "kind", content = "text", rename_all = "camelCase")]
enum Piece<'a> {
    Plain(Cow<'a, str>),
    Strong(String),
    /// Groups between which the text may wrap.
    Code(Vec<String>),
    Link {
        address: &'a str,
        groups: Vec<String>,
    },
    Break,
}

impl<'a> Data<'a> {
    pub(super) fn new(document: &'a Document, printer: &Printer) -> Self {
        let words = PageWords::of(document.language);
        let text = Text(printer);
        Self {
            language: document.language,
            name: printable(&plain(&document.title), printer).into_owned(),
            title: text.line(&document.title),
            author: printable(&document.author, printer),
            mark: document.mark,
            footer: text.line(&document.footer),
            page: words.page,
            of: words.of,
            sections: document.sections.iter().map(|section| text.section(section)).collect(),
        }
    }
}

/// Makes the text of a document printable.
struct Text<'p>(&'p Printer);

impl Text<'_> {
    fn section<'a>(&self, section: &'a Section) -> SectionData<'a> {
        SectionData {
            title: section.title,
            starts_page: section.starts_page,
            blocks: section.blocks.iter().map(|block| self.block(block, section.title)).collect(),
        }
    }

    /// A caption that repeats the title of the section is left out.
    fn block<'a>(&self, block: &'a Block, section: &str) -> BlockData<'a> {
        match block {
            Block::Heading(line) => BlockData::Heading { line: self.line(line) },
            Block::Paragraph(line) => BlockData::Paragraph { line: self.line(line) },
            Block::Frame(lines) => BlockData::Frame { lines: self.lines(lines) },
            Block::List(lines) => BlockData::List { lines: self.lines(lines) },
            Block::Facts(facts) => BlockData::Facts {
                is_breakable: facts.len() > 12
                    || facts.iter().flat_map(|fact| &fact.value).map(length).sum::<usize>() > UNBROKEN,
                facts: facts
                    .iter()
                    .map(|fact| FactData { label: fact.label, value: self.line(&fact.value) })
                    .collect(),
            },
            Block::Table(table) => self.table(table, section),
            Block::Chart(Chart { svg, width, height, caption, description }) => BlockData::Chart {
                svg: printable(&without_marks(svg), self.0).into_owned().into(),
                width: *width,
                height: *height,
                caption: if caption == section { Cow::Borrowed("") } else { printable(caption, self.0) },
                description: printable(description, self.0),
            },
        }
    }

    fn table<'a>(&self, table: &'a Table, section: &str) -> BlockData<'a> {
        let widths = widths(table);
        let is_breakable = lines(table, &widths) > UNBROKEN_LINES;
        let columns = table.columns.iter().zip(widths).map(|(column, width)| ColumnData {
            title: column.title,
            width,
            is_number: column.kind == ColumnKind::Number,
        });
        let rows = table.rows.iter().map(|row| RowData {
            is_breakable: row.iter().flatten().map(length).sum::<usize>() > UNBROKEN,
            cells: self.lines(row),
        });
        BlockData::Table {
            is_breakable,
            caption: if plain(&table.caption) == section { Vec::new() } else { self.line(&table.caption) },
            columns: columns.collect(),
            rows: rows.collect(),
        }
    }

    fn lines<'a>(&self, lines: &'a [Line]) -> Vec<Vec<Piece<'a>>> {
        lines.iter().map(|line| self.line(line)).collect()
    }

    fn line<'a>(&self, line: &'a [Span]) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(line.len());
        for span in line {
            match span {
                Span::Words(words) => push(&mut pieces, wrappable(printable(words, self.0))),
                Span::Value(value) => push(&mut pieces, Cow::Owned(self.value(value))),
                Span::Strong(value) => pieces.push(Piece::Strong(self.value(value))),
                Span::Code(code) => pieces.push(Piece::Code(identifier(code, self.0))),
                Span::Address(address) => {
                    let groups = identifier(address, self.0);
                    let is_web = address.starts_with("https://") || address.starts_with("http://");
                    pieces.push(if is_web { Piece::Link { address, groups } } else { Piece::Code(groups) });
                }
                Span::Break => pieces.push(Piece::Break),
            }
        }
        pieces
    }

    fn value(&self, value: &str) -> String {
        bidi::isolate(&wrappable(printable(value, self.0)))
    }
}

/// Adds text without a style. Fewer pieces are printed faster.
fn push<'a>(pieces: &mut Vec<Piece<'a>>, text: Cow<'a, str>) {
    match pieces.last_mut() {
        Some(Piece::Plain(last)) => last.to_mut().push_str(&text),
        _ => pieces.push(Piece::Plain(text)),
    }
}

/// The length of the text of a span, in bytes.
fn length(span: &Span) -> usize {
    match span {
        Span::Words(text)
        | Span::Value(text)
        | Span::Strong(text)
        | Span::Code(text)
        | Span::Address(text) => text.len(),
        Span::Break => 0,
    }
}
