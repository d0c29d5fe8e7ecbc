//! E-mails, in text and in HTML. Both say the same: an e-mail is a list of blocks, and each form prints them.
//!
//! Programs for mail know little of HTML and nothing of the pages of the service. The HTML therefore has no tables, no
//! pictures, nothing from elsewhere, and its style beside each element; the direction of the language is set on an element
//! of the body, since some programs drop the element `html`.

mod account;
mod news;
mod words;

pub use account::{AccountMail, AccountMailKind, account};
pub use news::{NewsItem, NewsMail, news};

use askama::Template;
use askama::filters::{Html, Safe, escape};

use self::words::MailWords;
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// An e-mail as programs get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A part of an e-mail. The values in its texts are isolated (`bidi::isolate`).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Paragraph(String),
    /// The name of a task force, above its items.
    Heading(String),
    /// One of several things that happened, with its time.
    Item {
        text: String,
        time: String,
    },
    /// A link to a page of the service or of the application for people.
    Link {
        label: &'static str,
        url: String,
    },
    /// A remark in smaller letters.
    Remark(String),
}

/// The content of an e-mail, before it has a form.
#[derive(Debug)]
struct Content {
    language: Language,
    subject: String,
    /// The name of the reader, isolated.
    reader: String,
    blocks: Vec<Block>,
    /// The lines at the end: remarks and links.
    footer: Vec<Block>,
}

#[derive(Template)]
#[template(path = "mail/frame.html")]
struct Frame<'a> {
    content: &'a Content,
    greeting: String,
    words: &'static MailWords,
}

impl Frame<'_> {
    fn code(&self) -> &'static str {
        self.content.language.code()
    }

    fn direction(&self) -> &'static str {
        match self.content.language {
            Language::English => "ltr",
            Language::Arabic => "rtl",
        }
    }
}

impl Content {
    fn mail(&self) -> Result<Mail, askama::Error> {
        let words = MailWords::of(self.language);
        let greeting = words.greeting.replacen("{}", &self.reader, 1);
        let html = Frame { content: self, greeting: greeting.clone(), words }.render()?;
        Ok(Mail { subject: self.subject.clone(), text: self.text(&greeting), html })
    }

    /// The text: a line for each paragraph, since programs break lines by themselves.
    fn text(&self, greeting: &str) -> String {
        let mut text = format!("{greeting}\n");
        for block in &self.blocks {
            text.push_str(&format!("\n{}\n", block.text()));
        }
        // The sign by which programs know that the content ends (RFC 3676).
        text.push_str("\n-- \n");
        for block in &self.footer {
            text.push_str(&format!("{}\n", block.text()));
        }
        text
    }
}

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Paragraph(text) | Self::Remark(text) | Self::Heading(text) => text.clone(),
            Self::Item { text, time } => format!("- {text}\n  {time}"),
            Self::Link { label, url } => format!("{label}:\n{url}"),
        }
    }
}

/// A text as HTML: escaped, with an element in the place of each isolate, since not all programs know the controls.
fn html(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len());
    let mut open = 0usize;
    for part in text.split_inclusive(is_isolate) {
        let (words, control) = match part.char_indices().next_back() {
            Some((at, letter)) if is_isolate(letter) => (part.get(..at).unwrap_or_default(), Some(letter)),
            _ => (part, None),
        };
        let Ok(escaped) = escape(words, Html);
        html.push_str(&escaped.to_string());
        match control {
            Some('\u{2069}') => {
                if let Some(fewer) = open.checked_sub(1) {
                    open = fewer;
                    html.push_str("</bdi>");
                }
            }
            Some(start) => {
                open += 1;
                html.push_str(match start {
                    '\u{2066}' => "<bdi dir=\"ltr\">",
                    '\u{2067}' => "<bdi dir=\"rtl\">",
                    _ => "<bdi>",
                });
            }
            None => {}
        }
    }
    html.push_str(&"</bdi>".repeat(open));
    Safe(html)
}

fn is_isolate(letter: char) -> bool {
    matches!(letter, '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isolates_become_elements_and_everything_else_is_escaped() {
        for (text, expected) in [
            ("Hello", "Hello"),
            ("a \u{2068}<b>&\u{2069} c", "a <bdi>&#60;b&#62;&#38;</bdi> c"),
            ("\u{2068}a \u{2066}b\u{2069} c\u{2069}", "<bdi>a <bdi dir=\"ltr\">b</bdi> c</bdi>"),
            ("\u{2069}a\u{2067}b", "a<bdi dir=\"rtl\">b</bdi>"),
            ("", ""),
        ] {
            assert_eq!(html(text).0, expected, "{text:?}");
        }
    }
}
