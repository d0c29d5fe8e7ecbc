//! Pages that say one thing, such as that a link does not open a page.

use askama::Template;

use super::words::PageWords;
use super::{Assets, Frame, direction, other};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// A title with a sentence.
#[derive(Debug, Clone)]
pub struct Message {
    pub title: String,
    pub text: String,
}

/// A message in one language.
#[derive(Debug)]
struct Part {
    code: &'static str,
    direction: &'static str,
    message: Message,
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    parts: [Part; 2],
}

/// A page with a message in both languages, the given language first: whoever opens a link that a person has sent may
/// have a browser in another language.
///
/// # Errors
/// A template that cannot be written.
pub fn message(
    language: Language,
    assets: &Assets,
    in_language: impl Fn(Language) -> Message,
) -> Result<String, askama::Error> {
    let part = |language: Language| Part {
        code: language.code(),
        direction: direction(language),
        message: in_language(language),
    };
    let parts = [part(language), part(other(language))];
    MessagePage { frame: Frame::new(language, assets), parts }.render()
}

/// The page of every link that opens nothing. All such links have the same page, so that the page reveals nothing of
/// a link.
///
/// # Errors
/// As [`message`].
pub fn unavailable(language: Language, assets: &Assets) -> Result<String, askama::Error> {
    message(language, assets, |language| {
        let words = PageWords::of(language);
        Message { title: words.unavailable_title.to_owned(), text: words.unavailable.to_owned() }
    })
}
