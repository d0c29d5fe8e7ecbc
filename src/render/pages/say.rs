//! Values of records as a page in one language says them: each is isolated from the text around it, and escaped.

use std::fmt::Display;

use askama::filters::{Html, Safe, escape};
use chrono::NaiveDate;

use super::super::{bidi, dates};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary;

/// The letters of a text after which a page shows no more of it, so that a page has a bounded size.
const LONG: usize = 240;

/// The language in which a page speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    pub(super) language: Language,
}

impl Say {
    /// A localized text of a record, in the other language if there is none in this one.
    pub(super) fn text(self, text: &LocalizedText) -> Safe<String> {
        self.value(text.in_language(self.language))
    }

    /// The beginning of a localized text that may be long.
    pub(super) fn beginning(self, text: &LocalizedText) -> Safe<String> {
        self.value(&beginning_of(text.in_language(self.language)))
    }

    /// A localized text where no element can be, as in the title of the page.
    pub(super) fn plain(self, text: &LocalizedText) -> String {
        bidi::harmless(text.in_language(self.language)).into_owned()
    }

    /// A text of a record. Its language is named if the page is in the other one, so that the text is read out right.
    pub(super) fn value(self, text: &str) -> Safe<String> {
        let text = bidi::harmless(text);
        let language = bidi::language_of(&text).filter(|language| *language != self.language);
        let language = language.map(|language| format!(" lang=\"{}\"", language.code())).unwrap_or_default();
        let Ok(escaped) = escape(text, Html);
        Safe(format!("<bdi{language}>{escaped}</bdi>"))
    }

    /// The label of a word of the contract.
    pub(super) fn label(self, word: &impl Vocabulary) -> String {
        word.label().in_language(self.language).to_owned()
    }

    /// The part of a label before its explanation: "Continue" of "Continue: the next cycle opens".
    pub(super) fn short(self, word: &impl Vocabulary) -> String {
        let label = self.label(word);
        label.split(':').next().unwrap_or(&label).to_owned()
    }

    /// A day, which machines can read, too.
    pub(super) fn day(self, day: &NaiveDate) -> Safe<String> {
        Safe(format!("<time datetime=\"{day}\">{}</time>", dates::day(self.language, *day)))
    }

    /// A fixed sentence with a value in the place of `{}`. The value is HTML already.
    pub(super) fn with(self, words: &str, value: impl Display) -> Safe<String> {
        Safe(words.replacen("{}", &value.to_string(), 1))
    }

    /// A fixed sentence with two values in the places of `{}`.
    pub(super) fn with_both(self, words: &str, one: impl Display, other: impl Display) -> Safe<String> {
        let (first, rest) = words.split_once("{}").unwrap_or((words, ""));
        Safe(format!("{first}{one}{}", self.with(rest, other)))
    }
}

/// The first words of a text, with a sign if there are more.
fn beginning_of(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LONG) else { return text.to_owned() };
    let cut = text.get(..end).unwrap_or_default();
    // A word is not cut, unless it is longer than any word.
    let end = cut.rfind(char::is_whitespace).filter(|end| *end > cut.len() / 2).unwrap_or(cut.len());
    format!("{} …", cut.get(..end).unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_isolated_escaped_and_names_its_language() {
        let (english, arabic) = (Say { language: Language::English }, Say { language: Language::Arabic });
        for (say, value, expected) in [
            (english, "Open data", "<bdi>Open data</bdi>"),
            (english, "بيانات", "<bdi lang=\"ar\">بيانات</bdi>"),
            (arabic, "بيانات", "<bdi>بيانات</bdi>"),
            (arabic, "Open data", "<bdi lang=\"en\">Open data</bdi>"),
            (english, "<script>&\"'", "<bdi>&#60;script&#62;&#38;&#34;&#39;</bdi>"),
            (english, "a\u{202e}b\nc", "<bdi>ab c</bdi>"),
        ] {
            assert_eq!(say.value(value).0, expected);
        }
    }

    #[test]
    fn a_long_text_ends_after_a_word() {
        assert_eq!(beginning_of("Short."), "Short.");
        let long = "سياسة البيانات ".repeat(50);
        let beginning = beginning_of(&long);
        assert!(beginning.ends_with("سياسة …") || beginning.ends_with("البيانات …"), "{beginning}");
        assert!((LONG / 2..=LONG + 2).contains(&beginning.chars().count()), "{beginning}");
        let word = "a".repeat(1000);
        assert_eq!(beginning_of(&word), format!("{} …", "a".repeat(LONG)));
    }

    #[test]
    fn a_sentence_takes_its_values_in_their_order() {
        let say = Say { language: Language::English };
        assert_eq!(say.with_both("Report {} since {}.", 1, say.value("x")).0, "Report 1 since <bdi>x</bdi>.");
    }
}
