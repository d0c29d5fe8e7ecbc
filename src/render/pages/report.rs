//! A report as a page: its file as it is, with a bar above it that leads to the other language.

use askama::Template;

use super::words::PageWords;
use super::{direction, other};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// The page of a report.
#[derive(Debug)]
pub struct ReportPage {
    pub html: String,
    /// The style within the file, which a policy of the page has to allow.
    pub inline_style: String,
}

#[derive(Template)]
#[template(path = "pages/bar.html")]
struct Bar {
    words: &'static PageWords,
    code: &'static str,
    direction: &'static str,
}

/// Puts the bar into the file of a report. `style` is the address of the style of the bar. Returns `None` for a file that
/// is no page.
///
/// # Errors
/// A template that cannot be written.
pub fn report(html: &str, language: Language, style: &str) -> Result<Option<ReportPage>, askama::Error> {
    let to = other(language);
    let bar = Bar { words: PageWords::of(language), code: to.code(), direction: direction(to) }.render()?;
    Ok(with_bar(html, style, &bar))
}

fn with_bar(html: &str, style: &str, bar: &str) -> Option<ReportPage> {
    let (before, rest) = html.split_once("<style>")?;
    let (inline_style, rest) = rest.split_once("</style>")?;
    let (head, body) = rest.split_once("</head>\n<body>")?;
    let link = format!("<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"{style}\">\n");
    let html = format!("{before}<style>{inline_style}</style>{head}{link}</head>\n<body>\n{bar}{body}");
    Some(ReportPage { html, inline_style: inline_style.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stands_above_the_file_and_the_file_stays_as_it_is() {
        let file = "<head>\n<style>p {}</style>\n</head>\n<body>\n<p>Text</p>\n</body>";
        let page = report(file, Language::Arabic, "/s/assets/bar.css").unwrap().unwrap();
        assert_eq!(page.inline_style, "p {}");
        assert!(page.html.contains("<style>p {}</style>") && page.html.ends_with("<p>Text</p>\n</body>"));
        let (_, body) = page.html.split_once("<body>").unwrap();
        assert!(body.contains("href=\"?lang=en\" lang=\"en\" dir=\"ltr\""), "{body}");
        assert!(page.html.contains("href=\"/s/assets/bar.css\""));
        assert!(report("<p>", Language::English, "").unwrap().is_none());
    }
}
