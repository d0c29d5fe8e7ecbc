//! Messages of the service to people. [`super::text`] chooses the reader's language; the labels of a vocabulary are
//! messages, and a language is a word of a vocabulary, so that neither file can hold the type.

/// A message of the service in both languages. The language of the reader is chosen in `http/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// In English.
    pub en: String,
    /// In Arabic.
    pub ar: String,
}

impl Message {
    /// A message from its English and its Arabic wording.
    pub fn new(en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { en: en.into(), ar: ar.into() }
    }
}
