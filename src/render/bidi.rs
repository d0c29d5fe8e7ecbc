//! Values of records within text of another direction.
//!
//! A title can be Arabic in an English sentence, and a record can contain controls of the writing direction. Every value
//! is therefore isolated where it is inserted: by [`isolate`] in plain text, and by an element of the form elsewhere
//! (`<bdi>` in HTML), around [`harmless`] text.

use std::borrow::Cow;

use crate::domain::characters;
use crate::domain::message;
use crate::domain::text::Language;

/// The text of a value in one line, without characters that could act outside of the isolate around the value.
///
/// A line break ends every isolate, so that each becomes a blank. Controls of the direction are kept if each change ends
/// within the text, as requests must have them. Overrides are dropped in any case: 2000 must not be read as 0002.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let line = if text.contains(breaks_line) {
        Cow::Owned(text.replace(breaks_line, " "))
    } else {
        Cow::Borrowed(text)
    };
    if characters::has_balanced_direction(&line) && !line.contains(['\u{202d}', '\u{202e}']) {
        line
    } else {
        Cow::Owned(characters::without_direction(&line))
    }
}

/// Tells whether a character is a control, or ends a line or a paragraph.
fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// The text of a value for plain text: [`harmless`], and isolated by U+2068 and U+2069.
pub fn isolate(text: &str) -> String {
    message::isolate(&harmless(text))
}

/// The paragraphs of a text of several lines, without blank ones.
pub fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).filter(|line| !characters::is_blank(line))
}

/// The language of the script that a text begins with; `None` if the text has no letter of either.
pub fn language_of(text: &str) -> Option<Language> {
    text.chars().find_map(|letter| match letter {
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' if letter.is_alphabetic() => Some(Language::Arabic),
        'A'..='Z' | 'a'..='z' => Some(Language::English),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_isolate_or_leave_a_change_of_direction_open() {
        for (value, expected) in [
            ("Open data", "Open data"),
            ("a\u{2069}\u{202e}b", "ab"),
            ("a\u{2066}b", "ab"),
            ("a\u{202b}b", "ab"),
            ("a\nb\u{2029}c\u{1c}d", "a b c d"),
            // Each line is balanced in itself, or only both together are.
            ("\u{2067}ا\u{2069}\nb", "\u{2067}ا\u{2069} b"),
            ("\u{2067}ا\nb\u{2069}", "\u{2067}ا b\u{2069}"),
            // Balanced, but shows 0002.
            ("\u{202e}2000\u{202c}", "2000"),
            ("بيانات \u{2066}Open data\u{2069}", "بيانات \u{2066}Open data\u{2069}"),
            ("a\u{200e}b\u{200f}", "a\u{200e}b\u{200f}"),
        ] {
            assert_eq!(harmless(value), expected, "{value:?}");
            let isolated = isolate(value);
            assert!(characters::has_balanced_direction(&isolated), "{isolated:?}");
            assert!(isolated.starts_with('\u{2068}') && isolated.ends_with('\u{2069}'));
        }
    }

    #[test]
    fn a_text_of_several_lines_has_paragraphs() {
        let paragraphs: Vec<_> = paragraphs("First.\r\n\n \u{2029}Second. Still second.\n").collect();
        assert_eq!(paragraphs, ["First.", "Second. Still second."]);
    }

    #[test]
    fn the_first_letter_tells_the_language() {
        assert_eq!(language_of("2026: Open بيانات"), Some(Language::English));
        assert_eq!(language_of("(بيانات) Open"), Some(Language::Arabic));
        assert_eq!(language_of("12.50 %، ٣"), None);
    }
}
