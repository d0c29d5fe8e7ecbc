//! A document as HTML in one file: for the screen, for a phone and for paper. The file has no script, and asks for nothing
//! elsewhere.

use std::borrow::Cow;

use askama::Template;

use super::bidi;
use super::document::{Block, Column, ColumnKind, Document, Span, plain};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

words! {
    /// Fixed texts of every document.
    struct HtmlWords {
        contents: "Contents", "المحتويات";
    }
}

#[derive(Debug, Template)]
#[template(path = "html/document.html")]
struct DocumentTemplate<'a> {
    document: &'a Document,
    fixed: &'static HtmlWords,
    lang: &'static str,
    dir: &'static str,
    title: String,
    author: String,
    /// The line at the foot of each page, as a string of CSS.
    footer: String,
    style: &'static str,
    /// The corners at the foot of a page, by the side on which the language begins.
    page_start: &'static str,
    page_end: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "html/line.html")]
struct LineTemplate<'a> {
    line: &'a [Span],
    language: Language,
}

impl DocumentTemplate<'_> {
    /// A line as HTML.
    fn line<'l>(&self, line: &'l [Span]) -> LineTemplate<'l> {
        LineTemplate { line, language: self.document.language }
    }

    /// The class of the cells of a column.
    fn class(&self, column: &Column) -> &'static str {
        match column.kind {
            ColumnKind::Text => "text",
            ColumnKind::Short => "short",
            ColumnKind::Number => "number",
        }
    }
}

impl LineTemplate<'_> {
    fn harmless<'v>(&self, value: &'v str) -> Cow<'v, str> {
        bidi::harmless(value)
    }

    /// The attribute that tells the language of a value in the other language, so that the value is read out right.
    fn foreign(&self, value: &str) -> &'static str {
        match bidi::language_of(value) {
            Some(Language::Arabic) if self.language != Language::Arabic => " lang=\"ar\"",
            Some(Language::English) if self.language != Language::English => " lang=\"en\"",
            _ => "",
        }
    }

    /// Tells whether an address is one of the web. A link with another scheme could be a script.
    fn is_web(&self, address: &str) -> bool {
        let scheme = address.split(':').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    }
}

/// A document as HTML.
///
/// # Errors
/// A template that cannot be filled.
pub fn html(document: &Document) -> Result<String, askama::Error> {
    let language = document.language;
    let (dir, page_start, page_end) = match language {
        Language::English => ("ltr", "bottom-left", "bottom-right"),
        Language::Arabic => ("rtl", "bottom-right", "bottom-left"),
    };
    let template = DocumentTemplate {
        document,
        fixed: HtmlWords::of(language),
        lang: language.code(),
        dir,
        title: plain(&document.title),
        author: bidi::harmless(&document.author).into_owned(),
        footer: css_string(&plain(&document.footer)),
        style: include_str!("html/document.css"),
        page_start,
        page_end,
    };
    template.render()
}

/// A text as a string of CSS within HTML: every character that has a meaning in either is escaped.
fn css_string(text: &str) -> String {
    let mut string = String::with_capacity(text.len() + 2);
    string.push('"');
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, ' ' | '\u{2068}' | '\u{2069}') {
            string.push(letter);
        } else {
            string.push_str(&format!("\\{:x} ", u32::from(letter)));
        }
    }
    string.push('"');
    string
}

#[cfg(test)]
mod tests;
