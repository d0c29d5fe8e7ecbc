//! The page on which a person sets a password by the link of an invitation or of an e-mail.

use askama::Template;

use super::say::Say;
use super::{Assets, Frame};
use crate::domain::text::Language;

/// The reason why a password was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordPageError {
    TooShort,
    TooLong,
    Common,
    /// The two fields differ.
    Different,
}

/// The content of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordPageState {
    /// The fields, after an error where there was one.
    Form { error: Option<PasswordPageError> },
    /// The password is set.
    Set,
}

words! {
    /// Fixed texts of the page.
    struct PasswordWords {
        form_title: "Choose a password", "اختيار كلمة المرور";
        set_title: "Your password is set", "عُيِّنت كلمة مرورك";
        account: "Account", "الحساب";
        new_password: "Password", "كلمة المرور";
        repeated: "Password again", "كلمة المرور مرة أخرى";
        hint: "At least 8 characters; 15 or more are better, such as a few words that only you would put together.",
            "8 أحرف على الأقل، والأفضل 15 حرفًا أو أكثر، كبضع كلمات لا يجمع بينها غيرك.";
        set: "Set the password", "تعيين كلمة المرور";
        done: "Sign in with the address {} and your new password. You have been signed out everywhere else.",
            "سجّل الدخول بالعنوان {} وبكلمة مرورك الجديدة. وقد أُنهيت جميع جلساتك الأخرى.";
        too_short: "The password is too short: it needs at least 8 characters.",
            "كلمة المرور أقصر من المطلوب: يلزم 8 أحرف على الأقل.";
        too_long: "The password is too long: it may have 256 characters.",
            "كلمة المرور أطول من المسموح به: الحد الأقصى 256 حرفًا.";
        common: "The password is common or easy to guess, or consists of your name or address. Choose another one.",
            "كلمة المرور شائعة أو سهلة التخمين أو مأخوذة من اسمك أو عنوانك. اختر غيرها.";
        different: "The two passwords differ. Type the same password twice.",
            "كلمتا المرور مختلفتان. اكتب كلمة المرور نفسها مرتين.";
    }
}

impl PasswordWords {
    fn error(&self, error: &PasswordPageError) -> &'static str {
        match *error {
            PasswordPageError::TooShort => self.too_short,
            PasswordPageError::TooLong => self.too_long,
            PasswordPageError::Common => self.common,
            PasswordPageError::Different => self.different,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/password.html")]
struct PasswordPage<'a> {
    frame: Frame<'a>,
    words: &'static PasswordWords,
    say: Say,
    title: &'static str,
    email: &'a str,
    state: PasswordPageState,
}

/// The page for the account with an address.
///
/// # Errors
/// A template that cannot be written.
pub fn password(
    language: Language,
    assets: &Assets,
    email: &str,
    state: PasswordPageState,
) -> Result<String, askama::Error> {
    let words = PasswordWords::of(language);
    let title = match state {
        PasswordPageState::Form { .. } => words.form_title,
        PasswordPageState::Set => words.set_title,
    };
    let frame = Frame { refreshes: false, ..Frame::new(language, assets) };
    PasswordPage { frame, words, say: Say { language }, title, email, state }.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::words::assert_bilingual;

    #[test]
    fn texts_are_in_both_languages() {
        assert_bilingual::<PasswordWords>();
    }

    #[test]
    fn an_error_is_read_out_with_its_field_and_an_address_is_escaped() {
        let assets = Assets { style: "/s/assets/style.css".to_owned(), script: String::new() };
        let page = |state| password(Language::Arabic, &assets, "\"><b@c.example", state).unwrap();
        let form = page(PasswordPageState::Form { error: Some(PasswordPageError::Different) });
        assert!(form.contains("aria-describedby=\"hint error\"") && form.contains("كلمتا المرور مختلفتان"));
        assert!(form.contains("value=\"&#34;&#62;&#60;b@c.example\"") && form.contains("dir=\"rtl\""));
        assert!(!page(PasswordPageState::Form { error: None }).contains("role=\"alert\""));
        let set = page(PasswordPageState::Set);
        assert!(!set.contains("<form") && set.contains("عُيِّنت كلمة مرورك"));
    }
}
