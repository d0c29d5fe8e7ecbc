//! Text in Arabic and English: the text of records, and the messages of the service.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};

use super::characters::is_blank;
use super::message::Message;

vocabulary! {
    /// Language of the service.
    pub enum Language {
        English = "en", "English", "الإنجليزية";
        Arabic = "ar", "Arabic", "العربية";
    }
}

impl Language {
    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Arabic,
            Self::Arabic => Self::English,
        }
    }

    /// The language of a tag as RFC 5646 has it, such as `ar-JO`, by its primary subtag. Some clients write `ar_JO`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        use super::vocabulary::Vocabulary as _;

        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::parse(&primary.to_ascii_lowercase())
    }
}

impl Message {
    /// The wording in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Arabic => &self.ar,
        }
    }
}

/// Text of a record: in Arabic, in English or in both, never in neither.
///
/// Requests with text that is blank, too long, unbalanced in its direction or has control characters are refused in
/// `http/`. Stored text is read as it is: text that an older version has taken may be blank by the rules of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MaybeEmpty")]
pub struct LocalizedText {
    #[serde(skip_serializing_if = "Option::is_none")]
    ar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    en: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaybeEmpty {
    ar: Option<String>,
    en: Option<String>,
}

impl TryFrom<MaybeEmpty> for LocalizedText {
    type Error = &'static str;

    fn try_from(text: MaybeEmpty) -> Result<Self, Self::Error> {
        let MaybeEmpty { ar, en } = text;
        if ar.is_some() || en.is_some() { Ok(Self { ar, en }) } else { Err("localized text needs ar or en") }
    }
}

// Written by hand: a derive would describe two fields that may both be missing.
impl utoipa::PartialSchema for LocalizedText {
    fn schema() -> RefOr<Schema> {
        let language = |description: &str, example: &str| {
            ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .min_length(Some(1))
                .description(Some(description))
                .examples([example])
        };
        let mut object = ObjectBuilder::new()
            .property("ar", language("In Arabic.", "سياسة البيانات المفتوحة"))
            .property("en", language("In English.", "Open data policy"))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .description(Some("Text in Arabic, English or both."))
            .build();
        object.min_properties = Some(1);
        Schema::Object(object).into()
    }
}

impl utoipa::ToSchema for LocalizedText {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("BilingualText")
    }
}

impl LocalizedText {
    /// Text in at least one language; `None` if both are missing or blank.
    pub fn new(ar: Option<String>, en: Option<String>) -> Option<Self> {
        let written = |text: &String| !is_blank(text);
        let (ar, en) = (ar.filter(written), en.filter(written));
        (ar.is_some() || en.is_some()).then_some(Self { ar, en })
    }

    /// Text in both languages.
    pub fn both(ar: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ar: Some(ar.into()), en: Some(en.into()) }
    }

    /// Tells whether the text is there in both languages.
    pub fn is_complete(&self) -> bool {
        self.ar.is_some() && self.en.is_some()
    }

    /// Tells whether this text says the same as an earlier one, in each language of the earlier one.
    pub fn keeps(&self, earlier: &Self) -> bool {
        let kept = |before: &Option<String>, after: &Option<String>| before.is_none() || before == after;
        kept(&earlier.ar, &self.ar) && kept(&earlier.en, &self.en)
    }

    /// The text in this very language, if it is there.
    pub fn written_in(&self, language: Language) -> Option<&str> {
        match language {
            Language::English => self.en.as_deref(),
            Language::Arabic => self.ar.as_deref(),
        }
    }

    /// The text in this language, or in the other one if this is missing.
    pub fn in_language(&self, language: Language) -> &str {
        let (first, second) = match language {
            Language::English => (&self.en, &self.ar),
            Language::Arabic => (&self.ar, &self.en),
        };
        first.as_deref().or(second.as_deref()).unwrap_or_default()
    }
}

impl From<Message> for LocalizedText {
    fn from(message: Message) -> Self {
        Self::both(message.ar, message.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_neither_language_is_no_text() {
        assert_eq!(LocalizedText::new(None, None), None);
        assert_eq!(LocalizedText::new(Some(" \t".into()), Some("\u{3164}".into())), None);
        assert!(serde_json::from_str::<LocalizedText>("{}").is_err());
        assert!(serde_json::from_str::<LocalizedText>(r#"{"en":"a","fr":"b"}"#).is_err());
    }

    #[test]
    fn text_that_was_taken_before_is_read_whatever_the_rules_of_today() {
        let stored = "{\"en\":\"\u{3164}\"}";
        assert_eq!(
            serde_json::to_string(&serde_json::from_str::<LocalizedText>(stored).unwrap()).unwrap(),
            stored
        );
    }

    #[test]
    fn a_translation_that_is_added_keeps_the_text() {
        let text = |ar: Option<&str>, en: Option<&str>| {
            LocalizedText::new(ar.map(str::to_owned), en.map(str::to_owned)).unwrap()
        };
        let english = text(None, Some("Days"));
        assert!(english.keeps(&english) && text(Some("أيام"), Some("Days")).keeps(&english));
        assert!(!text(Some("أيام"), Some("Hours")).keeps(&english));
        assert!(!text(Some("أيام"), None).keeps(&english));
        assert!(!english.keeps(&text(Some("أيام"), Some("Days"))));
    }

    #[test]
    fn a_missing_language_falls_back_on_the_other() {
        let text = LocalizedText::new(Some("سياسة".into()), None).unwrap();
        assert_eq!(text.in_language(Language::English), "سياسة");
        assert_eq!(serde_json::to_string(&text).unwrap(), r#"{"ar":"سياسة"}"#);
    }
}
