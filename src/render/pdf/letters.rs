//! Text with signs that the fonts have, and with places where a long word may wrap.

use std::borrow::Cow;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::printer::Printer;
use crate::render::bidi;

/// Stands for a sign that no font has.
const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// Shows nothing, and is forbidden in PDF/A. Text that was copied from a file may begin with it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Has the same effect as a [`BYTE_ORDER_MARK`] within text.
const WORD_JOINER: char = '\u{2060}';

/// Words with more letters may wrap within the word.
const LONGEST_WORD: usize = 24;

/// The number of letters between two places where a long word or an identifier may wrap.
pub(super) const GROUP: usize = 8;

/// A place where a word may wrap.
const WRAP: &str = "\u{200b}";

/// Begins text from left to right that has no effect on its surroundings.
const LEFT_TO_RIGHT_ISOLATE: char = '\u{2066}';

/// Ends an isolate.
const END_OF_ISOLATE: char = '\u{2069}';

/// Text in which [`UNKNOWN`] stands for each sign that no font has: PDF/A forbids such signs. A mark must be in a font with
/// its letter.
pub(super) fn printable<'a>(text: &'a str, printer: &Printer) -> Cow<'a, str> {
    if text.bytes().all(|letter| letter.is_ascii_graphic() || matches!(letter, b' ' | b'\n')) {
        return Cow::Borrowed(text);
    }
    // The fonts that have the last letter and all of its marks.
    let mut fonts = 0;
    let print = |letter: char| {
        if letter == BYTE_ORDER_MARK {
            return WORD_JOINER;
        }
        if letter == '\n' || is_ignorable(letter) {
            return letter;
        }
        let mut with_letter = printer.fonts_with(letter);
        if is_combining_mark(letter) && fonts != 0 {
            with_letter &= fonts;
        }
        let printed = if with_letter == 0 { UNKNOWN } else { letter };
        fonts = if with_letter == 0 { printer.fonts_with(UNKNOWN) } else { with_letter };
        printed
    };
    Cow::Owned(text.chars().map(print).collect())
}

/// The text of a drawing without marks that are no part of a letter, such as Arabic vowels. typst gives the letters behind
/// such a mark to the glyph of the letter alone, and PDF/A forbids a glyph without letters. In the text of the pages,
/// [`super::copying`] draws the marks; a drawing is an image, whose glyphs no frame contains.
pub(super) fn without_marks(drawing: &str) -> String {
    // After the sign that ends a tag, this mark would compose another sign with it.
    let is_kept = |letter: &char| *letter != '\u{338}';
    drawing.chars().filter(is_kept).nfc().filter(|letter| !is_combining_mark(*letter)).collect()
}

/// Text whose long words may wrap within the word, as no word may reach into the next column.
pub(super) fn wrappable(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_long = |word: &str| word.len() > LONGEST_WORD && word.chars().count() > LONGEST_WORD;
    if text.len() <= LONGEST_WORD || !text.split(' ').any(is_long) {
        return text;
    }
    let words = text
        .split(' ')
        .map(|word| if is_long(word) { Cow::Owned(groups_of(word).join(WRAP)) } else { Cow::Borrowed(word) });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// An identifier, written from left to right, in groups between which the identifier may wrap.
pub(super) fn identifier(text: &str, printer: &Printer) -> Vec<String> {
    let mut groups = groups_of(&printable(&bidi::harmless(text), printer));
    if let Some(first) = groups.first_mut() {
        first.insert(0, LEFT_TO_RIGHT_ISOLATE);
    }
    if let Some(last) = groups.last_mut() {
        last.push(END_OF_ISOLATE);
    }
    groups
}

/// Groups of [`GROUP`] letters. A mark stays with its letter.
fn groups_of(word: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let mut letters = 0;
    for letter in word.chars() {
        let belongs_to_last = is_combining_mark(letter) || is_ignorable(letter);
        match groups.last_mut() {
            Some(group) if letters < GROUP || belongs_to_last => group.push(letter),
            _ => {
                groups.push(letter.into());
                letters = 0;
            }
        }
        letters += usize::from(!belongs_to_last);
    }
    groups
}

/// Tells whether a character shows nothing by itself and needs no font.
fn is_ignorable(letter: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_without_a_glyph_is_replaced() {
        let printer = Printer::get().unwrap();
        for (text, expected) in [
            ("Sensors → 95 % ≥ target ✓", "Sensors → 95 % ≥ target ✓"),
            ("البيانات \u{2068}Open data\u{2069}، ٣", "البيانات \u{2068}Open data\u{2069}، ٣"),
            ("Ελλάδα Київ Hải Phòng", "Ελλάδα Київ Hải Phòng"),
            ("東京 🚲", "\u{fffd}\u{fffd} \u{fffd}"),
            ("\u{e000}\u{7}\u{ffff}", "\u{fffd}\u{fffd}\u{fffd}"),
            // An Arabic mark on a Latin letter: neither font has both.
            ("e\u{301}\u{64e}", "e\u{301}\u{fffd}"),
            ("تَ", "تَ"),
            ("\u{feff}Sensors", "\u{2060}Sensors"),
        ] {
            assert_eq!(printable(text, printer), expected);
        }
    }

    #[test]
    fn only_long_words_may_wrap() {
        assert_eq!(
            wrappable("Count the cars at every crossing of the town".into()),
            "Count the cars at every crossing of the town"
        );
        let word = "a".repeat(25);
        let wrapped = wrappable(format!("See {word} now").into()).into_owned();
        assert_eq!(wrapped, "See aaaaaaaa\u{200b}aaaaaaaa\u{200b}aaaaaaaa\u{200b}a now");
        // A mark stays with its letter.
        let marked = wrappable("e\u{301}".repeat(25).into()).into_owned();
        assert!(marked.split('\u{200b}').all(|group| group.starts_with('e')), "{marked}");
    }

    #[test]
    fn an_identifier_is_written_from_left_to_right() {
        let printer = Printer::get().unwrap();
        assert_eq!(identifier("0123456789", printer), ["\u{2066}01234567", "89\u{2069}"]);
        assert_eq!(identifier("R\u{202e}1", printer), ["\u{2066}R1\u{2069}"]);
        assert_eq!(identifier("", printer), Vec::<String>::new());
    }
}
