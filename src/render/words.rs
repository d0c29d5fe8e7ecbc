//! The fixed texts of renderings, in both languages.

/// Declares a table of fixed texts: one field for each text, with the text in English and in Arabic.
///
/// ```text
/// words! {
///     /// Fixed texts of a sheet.
///     pub(super) struct SheetWords {
///         due_date: "Due date", "تاريخ الاستحقاق";
///     }
/// }
/// SheetWords::of(Language::Arabic).due_date
/// ```
macro_rules! words {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident { $($key:ident: $english:literal, $arabic:literal;)+ }) => {
        $(#[$attribute])*
        #[derive(Debug)]
        $visibility struct $name {
            $($visibility $key: &'static str,)+
        }

        impl $name {
            /// The texts in a language.
            $visibility const fn of(language: $crate::domain::text::Language) -> &'static Self {
                match language {
                    $crate::domain::text::Language::English => &Self { $($key: $english,)+ },
                    $crate::domain::text::Language::Arabic => &Self { $($key: $arabic,)+ },
                }
            }
        }

        impl $crate::render::words::FixedTexts for $name {
            const TEXTS: &'static [(&'static str, &'static str)] = &[$(($english, $arabic),)+];
        }
    };
}

/// A label before the colon or bracket that begins its explanation.
pub(super) fn short(label: &str) -> &str {
    label.split([':', '(']).next().unwrap_or(label).trim()
}

/// A text of at most so many letters, cut between two words where possible.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(letters) else { return text.to_owned() };
    let beginning = text.get(..end).unwrap_or(text);
    let whole_words = beginning.rsplit_once(' ').map_or(beginning, |(words, _)| words);
    // A text without blanks is cut within a word.
    let kept = if whole_words.len() * 2 < beginning.len() { beginning } else { whole_words };
    format!("{}…", kept.trim_end_matches([' ', ',', '،', ';', '؛', ':', '.']))
}

/// A table of fixed texts, whose texts tests can walk through.
pub trait FixedTexts {
    /// Each text in English and in Arabic.
    const TEXTS: &'static [(&'static str, &'static str)];
}

/// Asserts that each text of a table exists in both languages, and inserts the same values in both.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_bilingual<T: FixedTexts>() {
    use crate::domain::text::Language;

    let places = |text: &str| {
        let mut places: Vec<_> = text.split('{').skip(1).map(|rest| rest.chars().next()).collect();
        places.sort_unstable();
        places
    };
    for (english, arabic) in T::TEXTS {
        let is_worded = english.contains(char::is_alphabetic);
        assert!(!is_worded || arabic.contains(char::is_alphabetic), "{english:?} has no Arabic: {arabic:?}");
        assert!(!arabic.contains(|c: char| c.is_ascii_alphabetic()), "Latin letters in {arabic:?}");
        assert!(
            !arabic.contains(['٠', '١', '٢', '٣', ',', ';', '?']),
            "digits and punctuation of {arabic:?}"
        );
        assert_ne!(super::bidi::language_of(english), Some(Language::Arabic), "{english:?}");
        assert_eq!(places(english), places(arabic), "{english:?} and {arabic:?} insert the same values");
    }
}
