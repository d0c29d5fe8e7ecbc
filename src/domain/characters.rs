//! Text as a reader sees it: characters that show nothing, and the controls of the writing direction.

use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, NoncharacterCodePoint,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Symbols whose glyph is empty: the braille pattern without dots, and the null notehead.
const EMPTY_SYMBOLS: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// The control that ends an embedding or an override.
const POP_FORMATTING: char = '\u{202c}';

/// The control that ends an isolate.
const POP_ISOLATE: char = '\u{2069}';

/// The reason why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// A reader sees nothing of it.
    Blank,
    /// A control of the writing direction is left open, or ends what was not begun.
    UnbalancedDirection,
}

/// Checks that a reader sees something of a text, and that the text changes the direction of nothing around it.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(text: &str) -> Result<(), TextError> {
    if is_blank(text) {
        Err(TextError::Blank)
    } else if has_balanced_direction(text) {
        Ok(())
    } else {
        Err(TextError::UnbalancedDirection)
    }
}

/// Returns whether a reader sees nothing of a text. A combining mark shows only on another character.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| is_invisible(letter) || is_mark(letter))
}

/// Returns whether a character shows nothing: blanks, controls, format characters (joiners, controls of the direction),
/// fillers, variation selectors and what is no character.
pub fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || CodePointMapData::<GeneralCategory>::new().get(letter) == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
        || CodePointSetData::new::<NoncharacterCodePoint>().contains(letter)
        || EMPTY_SYMBOLS.contains(&letter)
}

fn is_mark(letter: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(letter))
}

/// Returns whether every embedding, override and isolate of a text ends within its paragraph, so that the text changes
/// the direction of nothing around it (UAX #9).
pub fn has_balanced_direction(text: &str) -> bool {
    text.split(['\n', '\r', '\u{85}', '\u{2029}']).all(|paragraph| {
        let mut open = Vec::new();
        let ends = |letter: char, open: &mut Vec<char>| open.pop() == Some(letter);
        paragraph.chars().all(|letter| match end_of(letter) {
            Some(end) => {
                open.push(end);
                true
            }
            None => !matches!(letter, POP_FORMATTING | POP_ISOLATE) || ends(letter, &mut open),
        }) && open.is_empty()
    })
}

/// The control that ends what a control begins.
fn end_of(letter: char) -> Option<char> {
    match letter {
        '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => Some(POP_FORMATTING),
        '\u{2066}'..='\u{2068}' => Some(POP_ISOLATE),
        _ => None,
    }
}

/// A text without controls that begin or end an embedding, an override or an isolate.
pub fn without_direction(text: &str) -> String {
    let controls =
        |letter: &char| end_of(*letter).is_some() || matches!(*letter, POP_FORMATTING | POP_ISOLATE);
    text.chars().filter(|letter| !controls(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank() {
        for blank in [
            "",
            " \t\n",
            "\u{a0}\u{3000}",
            "\u{200b}\u{200e}\u{feff}\u{ad}\u{61c}",
            // Fillers of Hangul, full and half width.
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{2800}",
            "\u{1d159}",
            // Variation selectors, of Mongolian as well.
            "\u{fe0f}\u{e0100}\u{180b}",
            // Combining marks alone: an acute, a fatha, a spacing vowel sign.
            "\u{301}",
            "\u{64e}",
            "\u{93e}",
            "\u{200d}\u{200c}",
            "\u{fffe}\u{fdd0}\u{10ffff}",
            "\u{e0041}",
            "\u{2066}\u{2069}",
        ] {
            assert_eq!(check(blank), Err(TextError::Blank), "{blank:?}");
        }
        for seen in
            ["a", "س", "e\u{301}", "\u{2801}", "❤\u{fe0f}", "👩\u{200d}🔬", "می\u{200c}خواهم", "-", "한"]
        {
            assert_eq!(check(seen), Ok(()), "{seen:?}");
        }
    }

    #[test]
    fn whatever_changes_the_direction_ends_within_its_paragraph() {
        for balanced in [
            "שלום \u{2066}Open data\u{2069} שלום",
            "\u{2067}ש \u{2068}a\u{2069}\u{2069} b",
            "\u{202b}ש \u{202a}a\u{202c}\u{202c}",
            "\u{202e}abc\u{202c}",
            "\u{2066}\u{202e}abc\u{202c}\u{2069}",
            // Marks have no end.
            "a\u{200e}\u{200f}\u{61c}",
            "\u{2066}a\u{2069}\n\u{2066}b\u{2069}",
        ] {
            assert_eq!(check(balanced), Ok(()), "{balanced:?}");
        }
        for unbalanced in [
            "a\u{202e}b",
            "a\u{202c}b",
            "a\u{2066}b",
            "a\u{2069}b",
            "\u{2066}a\u{202c}",
            "\u{202a}a\u{2069}",
            "\u{2066}\u{202e}abc\u{2069}\u{202c}",
            "\u{2066}a\nb\u{2069}",
            "\u{202e}a\u{2029}b\u{202c}",
        ] {
            assert_eq!(check(unbalanced), Err(TextError::UnbalancedDirection), "{unbalanced:?}");
            assert_eq!(check(&without_direction(unbalanced)), Ok(()), "{unbalanced:?}");
        }
    }
}
