//! Pages in Markdown as HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag};

use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// The HTML of a page of this repository.
pub(super) fn html(markdown: &str, language: Language) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = address(&dest_url, language).map_or(dest_url, CowStr::from);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// The address of a page of the documentation, from a link to its file in the repository.
fn address(link: &str, language: Language) -> Option<String> {
    if link == "../openapi.yaml" {
        return Some(format!("/docs/?lang={}", language.code()));
    }
    let page = link.strip_suffix(".md")?;
    Some(match page.strip_suffix(".ar") {
        Some(page) => format!("/docs/{page}?lang=ar"),
        None => format!("/docs/{page}?lang=en"),
    })
}

/// A text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_files_become_links_between_pages() {
        let page = html(
            "[a](rights.md), [b](rights.ar.md), [c](../openapi.yaml), [d](https://example.org/x)",
            Language::Arabic,
        );
        for link in
            ["/docs/rights?lang=en", "/docs/rights?lang=ar", "/docs/?lang=ar", "https://example.org/x"]
        {
            assert!(page.contains(link), "{link}: {page}");
        }
    }

    #[test]
    fn code_and_tables_are_shown_as_they_are() {
        let page = html("`<script>`\n\n| a |\n|---|\n| b |\n", Language::English);
        assert!(page.contains("<code>&lt;script&gt;</code>") && page.contains("<td>b</td>"), "{page}");
        assert_eq!(escaped("<a> & b"), "&lt;a&gt; &amp; b");
    }
}
