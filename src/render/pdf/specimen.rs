//! A document with every kind of content, for the check of fonts and template.

use chrono::DateTime;

use crate::domain::text::Language;
use crate::render::charts::Chart;
use crate::render::document::{Block, Column, ColumnKind, Document, Fact, Section, Span, Table};

/// Letters of both scripts, a number and signs of each font.
const SAMPLE: &str = "Noto Sans نوتو نسخ 2026 → ✓";

/// Letters with marks, which a drawing cannot have.
const MARKED: &str = "مُقرَّة x\u{30c}";

/// The document in a language.
pub(super) fn document(language: Language) -> Document {
    let words = || vec![Span::words(SAMPLE)];
    let every_span = vec![
        Span::words(SAMPLE),
        Span::value(SAMPLE),
        Span::strong(SAMPLE),
        Span::Code("0123456789abcdef".to_owned()),
        Span::Break,
        Span::Address("https://city.example/reports/1".to_owned()),
        Span::Address("city.example".to_owned()),
    ];
    let column = |kind| Column { title: "Noto", kind };
    let blocks = vec![
        Block::Frame(vec![words(), every_span.clone()]),
        Block::Heading(words()),
        Block::Paragraph(every_span.clone()),
        Block::List(vec![words(), every_span.clone()]),
        Block::Facts(vec![Fact { label: "Noto", value: every_span.clone() }]),
        Block::Table(Table {
            caption: words(),
            columns: [ColumnKind::Text, ColumnKind::Short, ColumnKind::Number].map(column).into(),
            rows: vec![vec![words(), every_span.clone(), vec![Span::value(1)]]],
        }),
        Block::Chart(Chart {
            svg: format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 40"><text x="0" y="20">{SAMPLE} {MARKED}</text></svg>"#
            ),
            width: 400,
            height: 40,
            caption: SAMPLE.to_owned(),
            description: SAMPLE.to_owned(),
        }),
    ];
    let section =
        |starts_page| Section { id: "specimen", title: "Noto", starts_page, blocks: blocks.clone() };
    Document {
        language,
        title: words(),
        mark: Some("Noto"),
        author: SAMPLE.to_owned(),
        date: DateTime::UNIX_EPOCH,
        hash: String::new(),
        footer: every_span.clone(),
        sections: vec![section(false), section(true)],
    }
}
