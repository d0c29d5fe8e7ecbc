//! The schemas of text: what is refused is written here, once, and enforced from here.
//!
//! Control characters have no business in a line, and only line breaks and tabs in a longer text; something that
//! can be seen must be there.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// One line: no control character, and something that can be seen.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff][^\u0000-\u001f\u007f-\u009f]*$";
/// Several lines: the same, with tabs and line breaks.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Text of at most so many characters.
fn text(longest: usize, pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .min_length(Some(1))
        .max_length(Some(longest))
        .pattern(Some(pattern))
        .examples([example])
}

/// Plain text, in whatever language its author writes.
macro_rules! plain {
    ($name:ident, $longest:literal, $pattern:expr, $example:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text($longest, $pattern, $example).description(Some($doc)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    };
}

plain!(PlainLine, 200, LINE, "Open data", "A line of plain text.");
plain!(
    PlainText,
    10_000,
    LINES,
    "أرفقت رأي الدائرة القانونية.",
    "Plain text, in whatever language its author writes."
);

/// Text in Arabic, English or both; and its patch, in which `null` takes a language away, but not the last.
macro_rules! localized {
    ($name:ident, $patch:ident, $longest:literal, $pattern:expr, $ar:literal, $en:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let mut object = of_languages(
                    text($longest, $pattern, $ar).description(Some("In Arabic.")),
                    text($longest, $pattern, $en).description(Some("In English.")),
                );
                object.min_properties = Some(1);
                object.description = Some(concat!($doc, " At least one of the two.").to_owned());
                Schema::Object(object).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }

        #[doc = concat!("The merge patch of [`", stringify!($name), "`].")]
        #[derive(Debug)]
        pub(super) struct $patch;

        impl PartialSchema for $patch {
            fn schema() -> RefOr<Schema> {
                let nullable = || SchemaType::Array(vec![Type::String, Type::Null]);
                let mut object = of_languages(
                    text($longest, $pattern, $ar)
                        .schema_type(nullable())
                        .description(Some("In Arabic; null takes it away.")),
                    text($longest, $pattern, $en)
                        .schema_type(nullable())
                        .description(Some("In English; null takes it away.")),
                );
                object.description = Some(
                    concat!(
                        $doc,
                        " A language that is not named stays as it is; the last can't be taken away."
                    )
                    .to_owned(),
                );
                Schema::Object(object).into()
            }
        }

        impl ToSchema for $patch {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($patch))
            }
        }
    };
}

fn of_languages(ar: ObjectBuilder, en: ObjectBuilder) -> Object {
    ObjectBuilder::new()
        .property("ar", ar)
        .property("en", en)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

localized!(
    LocalizedName,
    LocalizedNamePatch,
    200,
    LINE,
    "سياسة البيانات المفتوحة",
    "Open data policy",
    "A name or title of one line, in Arabic and English."
);
localized!(
    LocalizedNote,
    LocalizedNotePatch,
    2000,
    LINES,
    "بانتظار رأي الدائرة القانونية",
    "Waiting for the legal department's opinion",
    "A reason or a note, in Arabic and English."
);
localized!(
    LocalizedText,
    LocalizedTextPatch,
    10_000,
    LINES,
    "دراسة السياسات القائمة واقتراح إطار للحوكمة الذكية.",
    "Study the policies in force and propose a framework for smart governance.",
    "A longer text, in Arabic and English."
);
