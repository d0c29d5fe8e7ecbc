//! The schemas of text. Requests are checked by these schemas, so that each rule is written once.
//!
//! A line must not contain control characters; a longer text may contain line breaks and tabs. Both must contain a
//! visible character, and end each change of the writing direction that they begin. No pattern can say that, so the
//! format [`READABLE`] does; the patterns are for clients that know only patterns.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::characters::{self, TextError};
use crate::domain::message::Message;
use crate::domain::refusal::FieldErrorCode;

/// The format of text that a reader can see, and that leaves the direction of the text around it as it is
/// ([`crate::domain::characters`]).
pub(super) const READABLE: &str = "readable-text";

/// One line: no control character, and a visible character.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff][^\u0000-\u001f\u007f-\u009f]*$";
/// Several lines: no control characters but tabs and line breaks, and a visible character.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Returns whether this is a pattern of text.
pub(super) fn is_pattern(pattern: &str) -> bool {
    [LINE, LINES].contains(&pattern)
}

/// The error of a text that does not match its pattern or is not readable. A text can be both: both are one mistake.
pub(super) fn error(pattern: Option<&str>, text: &str) -> (FieldErrorCode, Message) {
    match characters::check(text) {
        Err(TextError::Blank) => {
            (FieldErrorCode::Empty, Message::new("has no visible character", "فارغ: ليس فيه حرف ظاهر"))
        }
        Err(TextError::UnbalancedDirection) => {
            let en = "begins a change of the writing direction (U+202A to U+202E, U+2066 to U+2069) that does not end in its paragraph, or ends one that did not begin there";
            let ar = "يبدأ تغييرًا في اتجاه الكتابة (من U+202A إلى U+202E ومن U+2066 إلى U+2069) لا ينتهي في فقرته، أو ينهي تغييرًا لم يبدأ فيها";
            (FieldErrorCode::WrongFormat, Message::new(en, ar))
        }
        Ok(()) if pattern == Some(LINE) => {
            let en = "must be one line, without line breaks, tabs and other control characters";
            let ar = "يجب أن يكون سطرًا واحدًا، دون فواصل أسطر أو علامات جدولة أو أحرف تحكم أخرى";
            (FieldErrorCode::WrongFormat, Message::new(en, ar))
        }
        Ok(()) => {
            let en = "must not have control characters other than line breaks and tabs";
            let ar = "يجب ألا يحتوي أحرف تحكم غير فواصل الأسطر وعلامات الجدولة";
            (FieldErrorCode::WrongFormat, Message::new(en, ar))
        }
    }
}

/// A string of 1 to `max_length` characters.
fn text(max_length: usize, pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .min_length(Some(1))
        .max_length(Some(max_length))
        .pattern(Some(pattern))
        .format(Some(SchemaFormat::Custom(READABLE.to_owned())))
        .examples([example])
}

/// A kind of plain text, in any language.
pub(super) trait PlainKind {
    /// The name of the schema.
    const NAME: &'static str;
    /// The description of the schema.
    const DESCRIPTION: &'static str;
    /// The most characters.
    const MAX_LENGTH: usize;
    /// The pattern of the text.
    const PATTERN: &'static str;
    /// An example.
    const EXAMPLE: &'static str;
}

/// The schema of a kind of plain text. The type has no values: it is for `value_type` in schemas.
#[derive(Debug)]
pub(super) struct Plain<K>(PhantomData<K>);

impl<K: PlainKind> PartialSchema for Plain<K> {
    fn schema() -> RefOr<Schema> {
        text(K::MAX_LENGTH, K::PATTERN, K::EXAMPLE).description(Some(K::DESCRIPTION)).into()
    }
}

impl<K: PlainKind> ToSchema for Plain<K> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(K::NAME)
    }
}

/// A line of plain text.
pub(super) type PlainLine = Plain<Line>;

#[derive(Debug)]
pub(super) struct Line;

impl PlainKind for Line {
    const NAME: &'static str = "PlainLine";
    const DESCRIPTION: &'static str = "A line of plain text.";
    const MAX_LENGTH: usize = 200;
    const PATTERN: &'static str = LINE;
    const EXAMPLE: &'static str = "Open data";
}

/// Plain text of several lines.
pub(super) type PlainText = Plain<Lines>;

#[derive(Debug)]
pub(super) struct Lines;

impl PlainKind for Lines {
    const NAME: &'static str = "PlainText";
    const DESCRIPTION: &'static str = "Plain text, in whatever language its author writes.";
    const MAX_LENGTH: usize = 10_000;
    const PATTERN: &'static str = LINES;
    const EXAMPLE: &'static str = "أرفقت رأي الدائرة القانونية.";
}

/// A kind of text in Arabic, English or both.
pub(super) trait LocalizedKind {
    /// The name of the schema.
    const NAME: &'static str;
    /// The name of the schema of a patch.
    const PATCH_NAME: &'static str;
    /// The description of the schema.
    const DESCRIPTION: &'static str;
    /// The most characters in each language.
    const MAX_LENGTH: usize;
    /// The pattern of the text in each language.
    const PATTERN: &'static str;
    /// An example in Arabic.
    const ARABIC: &'static str;
    /// An example in English.
    const ENGLISH: &'static str;
}

/// The schema of a kind of localized text, which brings the schema of its patch along: in a patch, `null` removes a
/// language, but not the last one. The type has no values: it is for `value_type` in schemas.
#[derive(Debug)]
pub(super) struct Localized<K>(PhantomData<K>);

impl<K: LocalizedKind> Localized<K> {
    fn patch_schema() -> RefOr<Schema> {
        let nullable = || SchemaType::Array(vec![Type::String, Type::Null]);
        let mut object = object_of_languages(
            text(K::MAX_LENGTH, K::PATTERN, K::ARABIC)
                .schema_type(nullable())
                .description(Some("In Arabic; null takes it away.")),
            text(K::MAX_LENGTH, K::PATTERN, K::ENGLISH)
                .schema_type(nullable())
                .description(Some("In English; null takes it away.")),
        );
        object.description = Some(format!(
            "{} A language that is not named stays as it is; the last can't be taken away.",
            K::DESCRIPTION
        ));
        Schema::Object(object).into()
    }
}

impl<K: LocalizedKind> PartialSchema for Localized<K> {
    fn schema() -> RefOr<Schema> {
        let mut object = object_of_languages(
            text(K::MAX_LENGTH, K::PATTERN, K::ARABIC).description(Some("In Arabic.")),
            text(K::MAX_LENGTH, K::PATTERN, K::ENGLISH).description(Some("In English.")),
        );
        object.min_properties = Some(1);
        object.description = Some(format!("{} At least one of the two.", K::DESCRIPTION));
        Schema::Object(object).into()
    }
}

impl<K: LocalizedKind> ToSchema for Localized<K> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(K::NAME)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((K::PATCH_NAME.to_owned(), Self::patch_schema()));
    }
}

fn object_of_languages(ar: ObjectBuilder, en: ObjectBuilder) -> Object {
    ObjectBuilder::new()
        .property("ar", ar)
        .property("en", en)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

/// A localized name or title.
pub(super) type LocalizedName = Localized<Name>;

#[derive(Debug)]
pub(super) struct Name;

impl LocalizedKind for Name {
    const NAME: &'static str = "LocalizedName";
    const PATCH_NAME: &'static str = "LocalizedNamePatch";
    const DESCRIPTION: &'static str = "A name or title of one line, in Arabic and English.";
    const MAX_LENGTH: usize = 200;
    const PATTERN: &'static str = LINE;
    const ARABIC: &'static str = "سياسة البيانات المفتوحة";
    const ENGLISH: &'static str = "Open data policy";
}

/// A localized reason or note.
pub(super) type LocalizedNote = Localized<Note>;

#[derive(Debug)]
pub(super) struct Note;

impl LocalizedKind for Note {
    const NAME: &'static str = "LocalizedNote";
    const PATCH_NAME: &'static str = "LocalizedNotePatch";
    const DESCRIPTION: &'static str = "A reason or a note, in Arabic and English.";
    const MAX_LENGTH: usize = 2000;
    const PATTERN: &'static str = LINES;
    const ARABIC: &'static str = "بانتظار رأي الدائرة القانونية";
    const ENGLISH: &'static str = "Waiting for the legal department's opinion";
}

/// A longer localized text.
pub(super) type LocalizedText = Localized<LongText>;

#[derive(Debug)]
pub(super) struct LongText;

impl LocalizedKind for LongText {
    const NAME: &'static str = "LocalizedText";
    const PATCH_NAME: &'static str = "LocalizedTextPatch";
    const DESCRIPTION: &'static str = "A longer text, in Arabic and English.";
    const MAX_LENGTH: usize = 10_000;
    const PATTERN: &'static str = LINES;
    const ARABIC: &'static str = "دراسة السياسات القائمة واقتراح إطار للحوكمة الذكية.";
    const ENGLISH: &'static str = "Study the policies in force and propose a framework for smart governance.";
}
