use chrono::DateTime;

use super::*;
use crate::render::document::{Fact, Section, Table, fill};
use crate::render::words::assert_bilingual;

/// A document with these blocks.
fn document(language: Language, blocks: Vec<Block>) -> Document {
    Document {
        language,
        title: fill("Report {0}", &[Span::value("A & B")]),
        mark: Some("Draft"),
        author: "Layla \"L\" <l@city.example>".to_owned(),
        date: DateTime::UNIX_EPOCH,
        hash: "9f86d0".to_owned(),
        footer: fill("Report {0}", &[Span::value("</style><script>alert(1)</script>\"")]),
        sections: vec![Section { id: "summary", title: "Summary", starts_page: false, blocks }],
    }
}

fn rendered(blocks: Vec<Block>) -> String {
    html(&document(Language::English, blocks)).unwrap()
}

/// Asserts that each element that was opened is closed, in order.
#[track_caller]
fn assert_well_formed(html: &str) {
    const VOID: [&str; 2] = ["meta", "br"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a document type");
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, behind) = after.split_once('>').expect("a tag that ends");
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{name} is closed");
        } else {
            let name = tag.split([' ', '\n']).next().unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn texts_of_records_are_escaped_wherever_they_are() {
    let hostile = "<script>alert('1')</script> & \"x\"";
    let line = || vec![Span::words("Words & more: "), Span::value(hostile), Span::strong(hostile)];
    let column = |kind| Column { title: "A & B", kind };
    let html = rendered(vec![
        Block::Heading(line()),
        Block::Paragraph(line()),
        Block::Frame(vec![line()]),
        Block::List(vec![line()]),
        Block::Facts(vec![Fact { label: "L & L", value: line() }]),
        Block::Table(Table {
            caption: line(),
            columns: vec![column(ColumnKind::Text), column(ColumnKind::Number)],
            rows: vec![vec![line(), vec![Span::Code(hostile.to_owned()), Span::Break]]],
        }),
        Block::Paragraph(vec![Span::Address(format!("https://city.example/{hostile}"))]),
    ]);
    assert!(!html.contains("<script"), "{html}");
    assert_well_formed(&html);
    assert_eq!(html.matches("&#60;script&#62;").count(), 18, "{html}");
    // The foot of the page is a string of CSS.
    let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(style.contains("\\3c \\2f style\\3e "), "{style}");
}

#[test]
fn only_addresses_of_the_web_are_links() {
    for (address, is_link) in [
        ("https://city.example/a?b=1&c=2", true),
        ("HTTP://city.example", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("city.example", false),
        ("httpx://city.example", false),
    ] {
        let html = rendered(vec![Block::Paragraph(vec![Span::Address(address.to_owned())])]);
        assert!(!html.contains("href=\"javascript:") && !html.contains("href=\"data:"), "{html}");
        assert_eq!(html.contains("rel=\"noopener noreferrer\""), is_link, "{address}");
    }
}

#[test]
fn controls_of_the_direction_stay_within_their_value() {
    let turned = "a\u{202e}\u{2069}\u{2066}b";
    let html = rendered(vec![Block::Paragraph(vec![Span::value(turned), Span::words(" after")])]);
    assert!(html.contains("<bdi>ab</bdi> after"), "{html}");
}

#[test]
fn a_document_has_its_language_its_direction_and_parts_that_programs_find() {
    let table = Table {
        caption: vec![Span::words("Caption")],
        columns: vec![
            Column { title: "Name", kind: ColumnKind::Text },
            Column { title: "Number", kind: ColumnKind::Number },
        ],
        rows: vec![vec![vec![Span::value("بيانات")], vec![Span::value(7)]]],
    };
    let english = rendered(vec![Block::Table(table)]);
    for part in [
        "<html lang=\"en\" dir=\"ltr\">",
        "<p class=\"mark\">Draft</p>",
        "<h1>Report <bdi>A &#38; B</bdi></h1>",
        "<section id=\"summary\" aria-labelledby=\"summary-title\">",
        "<h2 id=\"summary-title\">Summary</h2>",
        "<caption>Caption</caption>",
        "<th role=\"columnheader\" scope=\"col\" class=\"number\">Number</th>",
        "scope=\"row\" class=\"text\" data-label=\"Name\"><span><bdi lang=\"ar\">بيانات</bdi></span></th>",
        "<a href=\"#summary\">Summary</a>",
    ] {
        assert!(english.contains(part), "{part} in {english}");
    }
    let arabic = html(&document(Language::Arabic, vec![Block::Paragraph(vec![Span::value("Open data")])]));
    let arabic = arabic.unwrap();
    assert!(arabic.contains("<html lang=\"ar\" dir=\"rtl\">"), "{arabic}");
    assert!(arabic.contains("<bdi lang=\"en\">Open data</bdi>"), "{arabic}");
    assert!(arabic.contains("@bottom-right { content: \""), "the foot begins at the right");
    assert_bilingual::<HtmlWords>();
}

#[test]
fn a_document_asks_for_nothing_elsewhere() {
    let html = rendered(vec![Block::Paragraph(vec![Span::value("text")])]);
    for part in ["src=", "<link", "@import", "url(", "<script", "http"] {
        assert!(!html.contains(part), "{part} in {html}");
    }
}
