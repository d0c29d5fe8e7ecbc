//! Words of the contract as data: every enum that crosses the API is declared once, with its code and its
//! Arabic and English labels, and so reaches JSON, SQL, the OpenAPI document and `GET /v1/vocabularies`.

use super::text::Message;

/// A closed set of words of the contract.
pub trait Vocabulary: Copy + Eq + std::fmt::Debug + 'static {
    /// The set's name, as in `GET /v1/vocabularies`.
    const NAME: &'static str;
    /// Every word, in the order people expect.
    const ALL: &'static [Self];

    /// The word as it stands in JSON and in the database.
    fn code(self) -> &'static str;

    /// The word as a person reads it.
    fn label(self) -> Message;

    /// The word with this code, if there is one.
    fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.code() == code)
    }
}

/// Declares an enum of the contract: `Variant = "code", "English label", "Arabic label";`.
macro_rules! vocabulary {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident in $set:literal {
            $( $(#[$word_meta:meta])* $word:ident = $code:literal, $en:literal, $ar:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        $vis enum $name {
            $( $(#[$word_meta])* #[doc = $en] #[serde(rename = $code)] $word, )+
        }

        impl $crate::domain::vocabulary::Vocabulary for $name {
            const NAME: &'static str = $set;
            const ALL: &'static [Self] = &[$( Self::$word, )+];

            fn code(self) -> &'static str {
                match self { $( Self::$word => $code, )+ }
            }

            fn label(self) -> $crate::domain::text::Message {
                match self { $( Self::$word => $crate::domain::text::Message::new($en, $ar), )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::domain::vocabulary::Vocabulary::code(*self))
            }
        }
    };
}
