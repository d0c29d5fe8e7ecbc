//! Texts that several charts share.

use crate::domain::text::{Language, LocalizedText};
use crate::render::bidi;

words! {
    /// Fixed texts of all charts.
    pub(super) struct ChartWords {
        comma: ", ", "، ";
    }
}

/// The text of a record, isolated.
pub(super) fn value(language: Language, text: &LocalizedText) -> String {
    bidi::isolate(text.in_language(language))
}

/// A label with a value, as a text of its own: `Overdue: 3`.
pub(super) fn labelled(label: &str, value: &str) -> String {
    format!("{label}: {value}")
}

/// Parts of a sentence with commas between them.
pub(super) fn joined(language: Language, parts: &[String]) -> String {
    parts.join(ChartWords::of(language).comma)
}

/// A sentence with the parts of one thing.
pub(super) fn sentence(language: Language, subject: &str, parts: &[String]) -> String {
    format!("{subject}: {}.", joined(language, parts))
}

/// The label of a vocabulary before its colon, which explains it.
pub(super) fn short(label: &str) -> &str {
    label.split_once(':').map_or(label, |(short, _)| short)
}
