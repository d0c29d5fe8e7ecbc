//! The Arabic sentences of the sources: each term has one word, and no word for another thing.

use super::rust_files;
use super::tokens::Tokens;

/// Words that are calques, or that mean another thing than the English word, and the word to use instead.
const GIVEN_UP: [(&str, &str); 22] = [
    ("دليل", "مستند إثبات (evidence)"),
    ("الأدلة", "مستندات الإثبات (evidence)"),
    ("تنازل", "إعفاء (waiver)"),
    ("تُنوزل", "أُعفي (waived)"),
    ("متنازَل", "مُعفى (waived)"),
    ("متعثر", "متوقف (blocked)"),
    ("محارف", "أحرف (characters)"),
    ("عرض للتصويت", "طلب إقرار (submission)"),
    ("هذا العرض", "طلب الإقرار (submission)"),
    ("مؤشر الصفحة", "رمز الصفحة (cursor)"),
    ("معيار المدينة", "مواصفة (standard)"),
    ("المعيار الوطني", "مواصفة (standard)"),
    ("كيبيبايت", "كيلوبايت"),
    ("ميبيبايت", "ميغابايت"),
    ("يتم ", "the verb itself in the passive"),
    ("من قِبل", "the active voice"),
    ("تبعية", "ارتباط (dependency)"),
    ("المورد ", "العنصر (resource)"),
    ("منتهٍ", "أنهى مهمته (concluded)"),
    ("مؤشرًا أعطته", "رمز الصفحة (cursor)"),
    ("المهاجم", "what the reader can do"),
    ("مفقود", "مطلوب ولم يُذكر (missing in a request)"),
];

/// Texts that contain such a word all the same, and why.
const KEPT: [(&str, &str); 1] = [("الحدث مفقود", "an event of the chain is really lost")];

fn is_arabic(c: char) -> bool {
    ('\u{621}'..='\u{64a}').contains(&c)
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is wrong with the words and signs of an Arabic text.
fn errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if KEPT.iter().any(|(kept, _)| *kept == text) {
        return errors;
    }
    for (word, instead) in GIVEN_UP {
        if text.contains(word) {
            errors.push(format!("{word}: {instead}"));
        }
    }
    // A façade has no key: the interface is one of programs.
    for (key, whole) in [
        ("مفتاح واجهة", "مفتاح واجهة برمجية"),
        ("مفتاح الواجهة", "مفتاح الواجهة البرمجية"),
        ("مفاتيح الواجهة", "مفاتيح الواجهة البرمجية"),
    ] {
        if text.matches(key).count() != text.matches(whole).count() {
            errors.push(format!("{key}: {whole}"));
        }
    }
    let letters: Vec<char> = text.chars().collect();
    for pair in letters.windows(2) {
        let [one, next] = pair else { continue };
        if is_arabic(*one) && matches!(next, ',' | ';' | '?') {
            errors.push(format!("{one}{next}: Arabic punctuation"));
        }
        if (is_arabic(*one) && next.is_ascii_alphabetic()) || (one.is_ascii_alphabetic() && is_arabic(*next))
        {
            errors.push(format!("{one}{next}: a Latin name stands apart, or in quotation marks"));
        }
    }
    if letters.iter().any(|c| is_bidi_control(*c)) {
        errors.push("a control character: Message::new isolates what has to be isolated".to_owned());
    }
    errors
}

#[test]
fn arabic_sentences_keep_to_their_terms() {
    let mut found = Vec::new();
    let is_test = |file: &str| file.ends_with("tests.rs") || file.contains("/tests/");
    for (file, text) in rust_files("src").into_iter().filter(|(file, _)| !is_test(file)) {
        // Tests have texts of users, and files that are no sentences.
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for text in Tokens::of(code).texts {
            if text.contains(is_arabic) {
                found.extend(
                    errors(&text).into_iter().map(|error| format!("src/{file}: {text}\n    {error}")),
                );
            }
        }
    }
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
}

#[test]
fn each_kind_of_error_in_arabic_is_found() {
    for text in [
        "أُنشئ دليل",
        "سُحب تنازل عن معيار",
        "مفتاح واجهة",
        "مفتاح الواجهة لا يبلغ هذا الحد",
        "عدد المحارف",
        "القيم, أو غيرها",
        "له baseline وtarget معًا",
        "عبر \u{200e}GET /v1/me",
    ] {
        assert_eq!(errors(text).len(), 1, "{text}: {:?}", errors(text));
    }
    for text in ["أُنشئ مفتاح واجهة برمجية (API)", "«baseline» و«target»", "الحدث مفقود"]
    {
        assert_eq!(errors(text), [""; 0], "{text}");
    }
}
