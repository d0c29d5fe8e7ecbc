//! The vocabularies of the contract: an enum that crosses the API is declared once, with its codes and its labels in
//! English and Arabic. JSON, SQL, the OpenAPI document and `GET /v1/vocabularies` are generated from the declaration.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use super::message::Message;

/// A closed set of codes of the contract.
pub trait Vocabulary: Copy + Eq + std::fmt::Debug + 'static {
    /// Every value, in the order of the contract.
    const ALL: &'static [Self];

    /// A sentence that describes the set.
    const ABOUT: &'static str;

    /// The code in JSON and in the database.
    fn code(self) -> &'static str;

    /// The label for people.
    fn label(self) -> Message;

    /// The value with this code, if there is one.
    fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.code() == code)
    }
}

/// The schema of a vocabulary in the OpenAPI document: the codes and their English labels.
pub(crate) fn schema<V: Vocabulary>() -> RefOr<Schema> {
    let meaning: Vec<_> =
        V::ALL.iter().map(|word| format!("- `{}`: {}", word.code(), word.label().en)).collect();
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(V::ALL.iter().map(|word| word.code())))
        .description(Some(format!("{}\n\n{}", V::ABOUT, meaning.join("\n"))))
        .examples(V::ALL.first().map(|word| word.code()))
        .into()
}

/// Declares an enum of the contract: `Variant = "code", "English label", "Arabic label";`. `as` names the schema in the
/// OpenAPI document otherwise than the enum.
macro_rules! vocabulary {
    (
        $(#[doc = $doc:literal])+
        $vis:vis enum $name:ident $(as $schema:literal)? {
            $( $(#[$word_meta:meta])* $word:ident = $code:literal, $en:literal, $ar:literal; )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        $vis enum $name {
            $( $(#[$word_meta])* #[doc = $en] #[serde(rename = $code)] $word, )+
        }

        impl $crate::domain::vocabulary::Vocabulary for $name {
            const ABOUT: &'static str = concat!($($doc),+).trim_ascii();
            const ALL: &'static [Self] = &[$( Self::$word, )+];

            fn code(self) -> &'static str {
                match self { $( Self::$word => $code, )+ }
            }

            fn label(self) -> $crate::domain::message::Message {
                match self { $( Self::$word => $crate::domain::message::Message::new($en, $ar), )+ }
            }
        }

        // Written by hand: the derive of utoipa ignores a `rename` that comes out of a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::domain::vocabulary::schema::<Self>()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed([$($schema,)? stringify!($name)][0])
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::domain::vocabulary::Vocabulary::code(*self))
            }
        }
    };
}
