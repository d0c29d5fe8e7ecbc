//! The schemas of text. Requests are checked by these schemas, so that each rule is written once.
//!
//! A line must not contain control characters; a longer text may contain line breaks and tabs. Both must contain a
//! visible character, and end each change of the writing direction that they begin. A pattern cannot say that, so the
//! formats [`LINE`] and [`LINES`] do. Clients know only the pattern [`NOT_BLANK`], which has no escapes of control
//! characters: generators of clients write such escapes as the characters themselves.

use std::borrow::Cow;
use std::marker::PhantomData;

use chrono::{Datelike as _, NaiveDate};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::characters::{self, TextError};
use crate::domain::message::Message;
use crate::domain::refusal::FieldErrorCode;

/// The pattern of text that is not blank, for clients.
const NOT_BLANK: &str = r"\S";

/// The format of one line of text.
pub(super) const LINE: &str = "text-line";

/// The format of text of several lines.
pub(super) const LINES: &str = "text-lines";

/// The format of the text of a search, which is looked for as it is.
pub(super) const SEARCH: &str = "text-search";

/// The formats that only the service knows.
pub(super) const FORMATS: [&str; 3] = [LINE, LINES, SEARCH];

/// Returns whether a text is one line that a reader can see.
pub(super) fn is_line(text: &str) -> bool {
    characters::check(text).is_ok() && !text.contains(char::is_control)
}

/// Returns whether a text of one or more lines can be seen by a reader.
pub(super) fn is_lines(text: &str) -> bool {
    let breaks_line = |letter: char| matches!(letter, '\t' | '\n' | '\r');
    characters::check(text).is_ok()
        && !text.contains(|letter: char| letter.is_control() && !breaks_line(letter))
}

/// Returns whether the database can look for a text.
pub(super) fn is_search(text: &str) -> bool {
    !text.contains('\0')
}

/// Returns whether a text is a date from the year 1 on, as the database reads dates.
pub(super) fn is_date(text: &str) -> bool {
    let is_in_form = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    text.len() == 10 && is_in_form && text.parse::<NaiveDate>().is_ok_and(|date| date.year() >= 1)
}

/// Returns whether this is the pattern of text.
pub(super) fn is_pattern(pattern: &str) -> bool {
    pattern == NOT_BLANK
}

/// Returns whether this is a format of text that [`error`] explains.
pub(super) fn is_format(format: &str) -> bool {
    [LINE, LINES].contains(&format)
}

/// The error of a text that is not of its format.
pub(super) fn error(format: Option<&str>, text: &str) -> (FieldErrorCode, Message) {
    match characters::check(text) {
        Err(TextError::Blank) => {
            (FieldErrorCode::Empty, Message::new("has no visible character", "فارغ: ليس فيه حرف ظاهر"))
        }
        Err(TextError::UnbalancedDirection) => {
            let en = "begins a change of the writing direction (U+202A to U+202E, U+2066 to U+2069) that does not end in its paragraph, or ends one that did not begin there";
            let ar = "يبدأ تغييرًا في اتجاه الكتابة (من U+202A إلى U+202E ومن U+2066 إلى U+2069) لا ينتهي في فقرته، أو ينهي تغييرًا لم يبدأ فيها";
            (FieldErrorCode::WrongFormat, Message::new(en, ar))
        }
        Ok(()) if format == Some(LINE) => {
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
fn text(max_length: usize, format: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .min_length(Some(1))
        .max_length(Some(max_length))
        .pattern(Some(NOT_BLANK))
        .format(Some(SchemaFormat::Custom(format.to_owned())))
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
    /// The format of the text.
    const FORMAT: &'static str;
    /// An example.
    const EXAMPLE: &'static str;
}

/// The schema of a kind of plain text. The type has no values: it is for `value_type` in schemas.
#[derive(Debug)]
pub(super) struct Plain<K>(PhantomData<K>);

impl<K: PlainKind> PartialSchema for Plain<K> {
    fn schema() -> RefOr<Schema> {
        text(K::MAX_LENGTH, K::FORMAT, K::EXAMPLE).description(Some(K::DESCRIPTION)).into()
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
    const FORMAT: &'static str = LINE;
    const EXAMPLE: &'static str = "Open data";
}

/// Plain text of several lines.
pub(super) type PlainText = Plain<Lines>;

#[derive(Debug)]
pub(super) struct Lines;

impl PlainKind for Lines {
    const NAME: &'static str = "PlainText";
    const DESCRIPTION: &'static str = "Plain text in any language.";
    const MAX_LENGTH: usize = 10_000;
    const FORMAT: &'static str = LINES;
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
    /// The format of the text in each language.
    const FORMAT: &'static str;
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
            text(K::MAX_LENGTH, K::FORMAT, K::ARABIC)
                .schema_type(nullable())
                .description(Some("The Arabic text; null removes it.")),
            text(K::MAX_LENGTH, K::FORMAT, K::ENGLISH)
                .schema_type(nullable())
                .description(Some("The English text; null removes it.")),
        );
        object.description = Some(format!(
            "{} Omitted languages stay unchanged; the last language cannot be removed.",
            K::DESCRIPTION
        ));
        Schema::Object(object).into()
    }
}

impl<K: LocalizedKind> PartialSchema for Localized<K> {
    fn schema() -> RefOr<Schema> {
        let mut object = object_of_languages(
            text(K::MAX_LENGTH, K::FORMAT, K::ARABIC)
                .description(Some("The Arabic text; can be left out if `en` is there.")),
            text(K::MAX_LENGTH, K::FORMAT, K::ENGLISH)
                .description(Some("The English text; can be left out if `ar` is there.")),
        );
        object.min_properties = Some(1);
        object.description =
            Some(format!("{} At least one of the two languages is required.", K::DESCRIPTION));
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
    const FORMAT: &'static str = LINE;
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
    const FORMAT: &'static str = LINES;
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
    const FORMAT: &'static str = LINES;
    const ARABIC: &'static str = "دراسة السياسات القائمة واقتراح إطار للحوكمة الذكية.";
    const ENGLISH: &'static str = "Study the policies in force and propose a framework for smart governance.";
}
