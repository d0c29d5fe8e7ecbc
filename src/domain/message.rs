//! Messages of the service to people. [`super::text`] chooses the reader's language; the labels of a vocabulary are
//! messages, and a language is a word of a vocabulary, so that neither file can hold the type.
//!
//! Arabic is written from right to left. By the Unicode Bidirectional Algorithm (UAX 9), a Latin name, a path or a date
//! in an Arabic sentence can be shown in another order than it is written in: 2026-12-31 as 31-12-2026. [`Message::new`]
//! therefore isolates each of them, so that no sentence has to.

/// Begins text from left to right that has no effect on its surroundings (U+2066).
const LEFT_TO_RIGHT_ISOLATE: char = '\u{2066}';

/// Begins text in the direction of its first letter that has no effect on its surroundings (U+2068).
const FIRST_STRONG_ISOLATE: char = '\u{2068}';

/// Ends an isolate (U+2069).
const END_OF_ISOLATE: char = '\u{2069}';

/// A message of the service in both languages. The language of the reader is chosen in `http/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The English text.
    pub en: String,
    /// The Arabic text.
    pub ar: String,
}

impl Message {
    /// A message from its English and its Arabic wording. In the Arabic wording, Latin names and dates are isolated.
    pub fn new(en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { en: en.into(), ar: isolate_latin(&ar.into()) }
    }
}

/// A title or another text of a user, isolated for a sentence of any language. Its language need not be the sentence's.
pub fn isolate(text: &str) -> String {
    format!("{FIRST_STRONG_ISOLATE}{text}{END_OF_ISOLATE}")
}

/// An Arabic sentence with each Latin name, path and date isolated. Isolates of the sentence stay as they are.
fn isolate_latin(sentence: &str) -> String {
    let mut isolated = String::with_capacity(sentence.len());
    let (mut latin, mut depth) = (String::new(), 0_u32);
    for c in sentence.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            END_OF_ISOLATE => depth = depth.saturating_sub(1),
            _ => {}
        }
        // `GET /v1/me` is one name, but a new sentence begins with another one.
        let continues = c == ' ' && latin.ends_with(|last: char| !matches!(last, '.' | ',' | ';'));
        if depth == 0 && (is_latin(c) || continues) {
            latin.push(c);
        } else {
            push_isolated(&mut isolated, &latin);
            latin.clear();
            isolated.push(c);
        }
    }
    push_isolated(&mut isolated, &latin);
    isolated
}

/// Tells whether a name, a path or a date can contain the character.
fn is_latin(c: char) -> bool {
    c == '…' || (c.is_ascii_graphic() && !matches!(c, '(' | ')' | '[' | ']' | '"' | '\'' | '!'))
}

/// Adds characters that are no Arabic: isolated if they are a name or a date, but without the punctuation that belongs to
/// the sentence. Other numbers are shown as they are written.
fn push_isolated(sentence: &mut String, latin: &str) {
    let is_punctuation = |c: char| matches!(c, ' ' | '.' | ',' | ';' | ':' | '?');
    let name = latin.trim_matches(is_punctuation);
    let is_name = name.contains(|c: char| c.is_ascii_alphabetic());
    let is_date = name.contains('-') && name.contains(|c: char| c.is_ascii_digit());
    match latin.split_once(name) {
        Some((before, after)) if is_name || is_date => {
            sentence.extend([before, LEFT_TO_RIGHT_ISOLATE.encode_utf8(&mut [0; 4]), name]);
            sentence.extend([END_OF_ISOLATE.encode_utf8(&mut [0; 4]), after]);
        }
        _ => sentence.push_str(latin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence with visible brackets in place of the isolates.
    fn shown(sentence: &str) -> String {
        let arabic = Message::new("", sentence).ar;
        arabic.replace(['\u{2066}', '\u{2068}'], "[").replace('\u{2069}', "]")
    }

    #[test]
    fn latin_names_paths_and_dates_are_isolated() {
        for (sentence, expected) in [
            ("يذكر الحقل errors كل خطأ.", "يذكر الحقل [errors] كل خطأ."),
            ("استخدم POST /v1/users/{id}/invitations.", "استخدم [POST /v1/users/{id}/invitations]."),
            ("عبر GET …/steps/{step}/readiness.", "عبر [GET …/steps/{step}/readiness]."),
            ("أرسل PATCH (مع role: chair).", "أرسل [PATCH] (مع [role: chair])."),
            ("تاريخ اليوم هو 2026-11-27", "تاريخ اليوم هو [2026-11-27]"),
            ("القيم المسموح بها: en، ar", "القيم المسموح بها: [en]، [ar]"),
            ("أكبر من -5", "أكبر من [-5]"),
            ("مفتاح (API)", "مفتاح ([API])"),
            ("في If-Match. ETag مطلوب", "في [If-Match]. [ETag] مطلوب"),
        ] {
            assert_eq!(shown(sentence), expected);
        }
    }

    #[test]
    fn arabic_plain_numbers_and_isolated_titles_stay_as_they_are() {
        for sentence in ["من 5 إلى 7.", "(2000–2005): 12.50", "يكفي 40%، ثم …", ""] {
            assert_eq!(Message::new("", sentence).ar, sentence);
        }
        let title = format!("النشاط {} مفتوح", isolate("Collect the policies"));
        assert_eq!(Message::new("", title.as_str()).ar, title);
        assert_eq!(shown(&format!("{} في type", isolate("a"))), "[a] في [type]");
    }
}
