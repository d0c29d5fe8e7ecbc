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

/// A message in one language, with what the reader can do.
#[derive(Debug)]
struct Part {
    code: &'static str,
    direction: &'static str,
    message: Message,
    action: Option<Action>,
}

/// An action that the reader can take at the address of the page.
#[derive(Debug)]
struct Action {
    label: &'static str,
    /// True for a button, which opens the link; false for another look at the page.
    opens: bool,
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    parts: [Part; 2],
}

/// A page with a message in both languages, the given language first: a reader who opens a link that somebody has
/// sent may have a browser in another language.
///
/// # Errors
/// A template that cannot be written.
pub fn message(
    language: Language,
    assets: &Assets,
    in_language: impl Fn(Language) -> Message,
) -> Result<String, askama::Error> {
    with_action(language, assets, |language| (in_language(language), None))
}

fn with_action(
    language: Language,
    assets: &Assets,
    in_language: impl Fn(Language) -> (Message, Option<Action>),
) -> Result<String, askama::Error> {
    let part = |language: Language| {
        let (message, action) = in_language(language);
        Part { code: language.code(), direction: direction(language), message, action }
    };
    let parts = [part(language), part(other(language))];
    let frame = Frame { refreshes: false, ..Frame::new(language, assets) };
    MessagePage { frame, parts }.render()
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

/// The page of a page link that waits to be opened.
///
/// # Errors
/// As [`message`].
pub fn unopened(language: Language, assets: &Assets) -> Result<String, askama::Error> {
    with_action(language, assets, |language| {
        let words = PageWords::of(language);
        let message = Message { title: words.unopened_title.to_owned(), text: words.unopened.to_owned() };
        (message, Some(Action { label: words.open, opens: true }))
    })
}

/// The page of a page link that was opened, for a browser without the cookie. A browser sends the cookie when the reader
/// follows a link of this page, and not when the reader comes from a page elsewhere.
///
/// # Errors
/// As [`message`].
pub fn opened_elsewhere(language: Language, assets: &Assets) -> Result<String, askama::Error> {
    with_action(language, assets, |language| {
        let words = PageWords::of(language);
        let message = Message { title: words.opened_title.to_owned(), text: words.opened.to_owned() };
        (message, Some(Action { label: words.read_on, opens: false }))
    })
}

/// The page that ends e-mails about these kinds of notifications, or about the daily digest if there are none: with a
/// button, or once they have ended.
///
/// # Errors
/// As [`message`].
pub fn unsubscribe(
    language: Language,
    assets: &Assets,
    is_done: bool,
    labels: impl Fn(Language) -> Vec<String>,
) -> Result<String, askama::Error> {
    with_action(language, assets, |language| {
        let words = PageWords::of(language);
        let labels = labels(language);
        let what =
            if labels.is_empty() { words.daily_digest.to_owned() } else { labels.join(words.list_separator) };
        let (title, text) = if is_done {
            (words.unsubscribed_title, words.unsubscribed)
        } else {
            (words.unsubscribe_title, words.unsubscribe)
        };
        let action = (!is_done).then_some(Action { label: words.unsubscribe_title, opens: true });
        (Message { title: title.to_owned(), text: text.replacen("{}", &what, 1) }, action)
    })
}
