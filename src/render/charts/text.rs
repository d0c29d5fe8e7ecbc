//! Lines of text in a drawing: their width, and their breaks.
//!
//! An SVG breaks no lines, and the reader's fonts are not known before the drawing is shown. Widths are therefore
//! estimated from above, by the letters of Noto Sans and Noto Naskh Arabic: a line can end early, but never runs into
//! its neighbour. Exact widths would need the fonts in every build, and would still be those of other fonts than a
//! phone has.

use crate::render::bidi;

use crate::domain::text::Language;

const LEFT_TO_RIGHT_ISOLATE: char = '\u{2066}';
const RIGHT_TO_LEFT_ISOLATE: char = '\u{2067}';
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';

/// The end of a text that is shortened.
const ELLIPSIS: char = '…';

/// The width of other fonts of readers in relation to Noto Sans, at most.
const RESERVE: f64 = 1.06;

/// The width of bold letters in relation to others.
const BOLD: f64 = 1.08;

/// Size and weight of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Font {
    /// Size in units of the drawing.
    pub size: f64,
    /// Tells whether the letters are bold.
    pub is_bold: bool,
}

impl Font {
    /// The width of a line, estimated from above.
    pub(super) fn width(self, line: &str) -> f64 {
        let weight = if self.is_bold { BOLD } else { 1.0 };
        line.chars().map(advance).sum::<f64>() * self.size * RESERVE * weight
    }

    /// The lines of a text, each at most `width` wide and the last of `most` lines shortened where the text is longer.
    /// An isolate that goes on in the next line keeps its direction there.
    pub(super) fn wrap(self, text: &str, width: f64, most: usize) -> Vec<String> {
        if self.width(text) <= width {
            return vec![text.to_owned()];
        }
        let mut lines = self.broken(&with_directions(text), width);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                self.shorten(last, width);
            }
        }
        balanced(&lines)
    }

    /// The lines of a text, broken at blanks but not at no-break spaces, or within a word that is wider than a line.
    fn broken(self, text: &str, width: f64) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut filled) = (String::new(), 0.0);
        let blank = self.width(" ");
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let needed = self.width(word);
            if !line.is_empty() && filled + blank + needed <= width {
                line.push(' ');
                line.push_str(word);
                filled += blank + needed;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                filled = 0.0;
            }
            for letter in word.chars() {
                let needed = self.width(letter.encode_utf8(&mut [0; 4]));
                // A sign without a width belongs to the letter before.
                if needed > 0.0 && !line.is_empty() && filled + needed > width {
                    lines.push(std::mem::take(&mut line));
                    filled = 0.0;
                }
                line.push(letter);
                filled += needed;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// Ends a line with an ellipsis after its last word that leaves room for it.
    fn shorten(self, line: &mut String, width: f64) {
        while !line.is_empty() && self.width(&format!("{line}{ELLIPSIS}")) > width {
            match line.rfind(char::is_whitespace) {
                Some(end) => line.truncate(end),
                None => drop(line.pop()),
            }
        }
        while line.ends_with(|last: char| last.is_whitespace() || matches!(last, ',' | '،' | '.' | ':')) {
            line.pop();
        }
        line.push(ELLIPSIS);
    }
}

/// The text with the direction of each isolate named, so that the isolate can be broken.
fn with_directions(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        resolved.push(match letter {
            FIRST_STRONG_ISOLATE if bidi::language_of(rest.as_str()) == Some(Language::Arabic) => {
                RIGHT_TO_LEFT_ISOLATE
            }
            FIRST_STRONG_ISOLATE => LEFT_TO_RIGHT_ISOLATE,
            _ => letter,
        });
    }
    resolved
}

/// The lines with each isolate ended at the end of the line, and begun again in the next line.
fn balanced(lines: &[String]) -> Vec<String> {
    let mut open: Vec<char> = Vec::new();
    let close = |line: &String| {
        let mut closed: String = open.iter().collect();
        for letter in line.chars() {
            match letter {
                LEFT_TO_RIGHT_ISOLATE..=FIRST_STRONG_ISOLATE => open.push(letter),
                END_OF_ISOLATE if open.pop().is_none() => continue,
                _ => {}
            }
            closed.push(letter);
        }
        closed.extend(open.iter().map(|_| END_OF_ISOLATE));
        closed
    };
    lines.iter().map(close).collect()
}

/// The width of a letter in parts of the size of the font.
fn advance(letter: char) -> f64 {
    match letter {
        // Controls of the direction, joiners, and marks above or below the letter before.
        '\u{300}'..='\u{36f}'
        | '\u{610}'..='\u{61a}'
        | '\u{61c}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}'
        | '\u{6e7}'..='\u{6ed}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => 0.0,
        ' ' | '\u{a0}' | '!' | '\'' | ',' | '.' | ':' | ';' | 'i' | 'j' | 'l' | 'I' | 'J' | '·' => 0.28,
        '(' | ')' | '-' | '/' | '[' | ']' | '{' | '}' | '"' | 'f' | 'r' | 't' => 0.41,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'F' | 'L' | '?' | '_' => 0.53,
        'a' | 'e' | 'E' | 'S' | 'T' | '0'..='9' | '–' => 0.57,
        '%' | 'D' | 'G' | 'H' | 'N' | 'O' | 'Q' | 'U' | 'w' | '…' => 0.8,
        'm' | 'M' | 'W' | '@' => 0.94,
        ' '..='\u{2ff}' => 0.62,
        'ا' | 'أ' | 'إ' | 'آ' | 'ٱ' | '،' | '؛' => 0.3,
        'ر' | 'ز' | 'د' | 'ذ' | 'ة' | 'ه' | 'ء' | '؟' => 0.45,
        'س' | 'ش' | 'ص' | 'ض' => 0.95,
        '\u{600}'..='\u{6ff}' => 0.62,
        '\u{370}'..='\u{5ff}' | '\u{700}'..='\u{10ff}' | '\u{1e00}'..='\u{20ff}' => 0.8,
        _ => 1.3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::characters::has_balanced_direction;

    const FONT: Font = Font { size: 10.0, is_bold: false };

    fn wrapped(text: &str, width: f64, most: usize) -> Vec<String> {
        let lines = FONT.wrap(text, width, most);
        for line in &lines {
            assert!(FONT.width(line) <= width + 1e-9, "{line:?} is wider than {width}");
            assert!(has_balanced_direction(line), "{line:?}");
        }
        assert!(lines.len() <= most);
        lines
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_shortened_after_the_last_line() {
        assert_eq!(wrapped("Open data", 100.0, 2), ["Open data"]);
        assert_eq!(wrapped("Open data of the city", 75.0, 3), ["Open data of", "the city"]);
        assert_eq!(wrapped("Open data of the whole city", 75.0, 1), ["Open data…"]);
        assert_eq!(wrapped(&"x".repeat(30), 60.0, 2), ["xxxxxxxxxx", "xxxxxxxxx…"]);
        assert_eq!(FONT.wrap("", 10.0, 1), [""]);
    }

    #[test]
    fn a_broken_value_stays_isolated_in_its_direction_and_keeps_marks_with_their_letters() {
        let lines = wrapped("منصة \u{2068}Open data portal of the city\u{2069}، الحالة", 110.0, 4);
        assert!(lines.len() > 1);
        assert!(lines.first().unwrap().contains("\u{2066}Open"), "{lines:?}");
        assert!(lines.iter().skip(1).any(|line| line.starts_with('\u{2066}')), "{lines:?}");
        for line in wrapped(&"سَّ".repeat(40), 50.0, 9) {
            assert!(line.starts_with('س') || line == "…", "{line:?}");
        }
    }
}
