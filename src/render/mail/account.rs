//! E-mails about an account: an invitation, a forgotten password, a password that was changed.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::words::MailWords;
use super::{Block, Content, Mail};
use crate::domain::text::{Language, LocalizedText};
use crate::render::{bidi, dates};

/// The kinds of e-mails about an account.
#[derive(Debug, Clone, Copy)]
pub enum AccountMailKind<'a> {
    /// The first invitation of a person.
    Invitation { url: &'a str, expires_at: DateTime<Utc> },
    /// An invitation of a person who has an account already.
    Renewal { url: &'a str, expires_at: DateTime<Utc> },
    /// A forgotten password.
    PasswordReset { url: &'a str, expires_at: DateTime<Utc> },
    /// The notice that the password was changed.
    PasswordChanged { at: DateTime<Utc> },
}

/// An e-mail about an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountMail<'a> {
    pub language: Language,
    pub name: &'a LocalizedText,
    /// The address of the account.
    pub address: &'a str,
    /// The host of the service.
    pub host: &'a str,
    pub kind: AccountMailKind<'a>,
}

/// The e-mail.
///
/// # Errors
/// A template that cannot be written.
pub fn account(mail: &AccountMail<'_>) -> Result<Mail, askama::Error> {
    let AccountMail { language, name, address, host, kind } = *mail;
    let words = MailWords::of(language);
    let address = bidi::isolate(address);
    let (subject, blocks) = match kind {
        AccountMailKind::Invitation { url, expires_at } => (
            words.invitation_subject,
            vec![
                Block::Paragraph(words.invitation.to_owned()),
                Block::Paragraph(words.invitation_choose.replacen("{}", &address, 1)),
                Block::Link { label: words.choose_password, url: url.to_owned() },
                Block::Paragraph(until(words, language, expires_at)),
                Block::Remark(words.invitation_unexpected.to_owned()),
            ],
        ),
        AccountMailKind::Renewal { url, expires_at } => (
            words.renewal_subject,
            vec![
                Block::Paragraph(words.renewal.replacen("{}", &address, 1)),
                Block::Link { label: words.choose_new_password, url: url.to_owned() },
                Block::Paragraph(until(words, language, expires_at)),
                Block::Remark(words.renewal_unexpected.to_owned()),
            ],
        ),
        AccountMailKind::PasswordReset { url, expires_at } => (
            words.renewal_subject,
            vec![
                Block::Paragraph(words.reset.replacen("{}", &address, 1)),
                Block::Link { label: words.choose_new_password, url: url.to_owned() },
                Block::Paragraph(until(words, language, expires_at)),
                Block::Remark(words.reset_unexpected.to_owned()),
            ],
        ),
        AccountMailKind::PasswordChanged { at } => {
            let at = clock(words, language, at);
            (
                words.changed_subject,
                vec![
                    Block::Paragraph(words.changed.replacen("{}", &address, 1).replacen("{}", &at, 1)),
                    Block::Paragraph(words.changed_unexpected.to_owned()),
                ],
            )
        }
    };
    let sent_by = words.sent_by.replacen("{}", &bidi::isolate(host), 1).replacen("{}", &address, 1);
    Content {
        language,
        subject: subject.to_owned(),
        reader: bidi::isolate(name.in_language(language)),
        blocks,
        footer: vec![Block::Remark(sent_by)],
    }
    .mail()
}

fn until(words: &MailWords, language: Language, at: DateTime<Utc>) -> String {
    words.once_until.replacen("{}", &clock(words, language, at), 1)
}

/// A time. The zone of a person without a task force is not known, so that the e-mail names UTC.
fn clock(words: &MailWords, language: Language, at: DateTime<Utc>) -> String {
    words.clock.replacen("{}", &dates::time(language, at, Tz::UTC), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::characters;
    use crate::domain::vocabulary::Vocabulary as _;

    fn mail(language: Language, kind: AccountMailKind<'_>) -> Mail {
        account(&AccountMail {
            language,
            name: &LocalizedText::both("د. لينا البرغوثي", "Dr Lina <Barghouti>"),
            address: "lina@demo.example",
            host: "taskforce.city.example",
            kind,
        })
        .unwrap()
    }

    fn expires_at() -> DateTime<Utc> {
        "2026-12-05T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_invitation_says_what_to_do_and_until_when_in_both_languages_and_forms() {
        let url = "https://taskforce.city.example/s/password/abc?lang=en";
        let invitation = AccountMailKind::Invitation { url, expires_at: expires_at() };
        let english = mail(Language::English, invitation);
        assert_eq!(english.subject, "Your invitation to the smart-city task forces");
        for form in [&english.text, &english.html] {
            for said in [url, "5 December 2026, 09:00 UTC", "Choose a password", "lina@demo.example"] {
                assert!(form.contains(said), "{said}: {form}");
            }
        }
        assert!(english.html.contains("Hello <bdi>Dr Lina &#60;Barghouti&#62;</bdi>,"), "{}", english.html);
        let arabic = mail(Language::Arabic, invitation);
        assert!(arabic.html.contains("<div lang=\"ar\" dir=\"rtl\""), "{}", arabic.html);
        assert!(arabic.text.contains("5 ديسمبر 2026، 09:00 بالتوقيت العالمي المنسّق"), "{}", arabic.text);
        for form in [&arabic.text, &arabic.subject, &english.text, &english.subject] {
            assert!(form.lines().all(characters::has_balanced_direction), "{form}");
        }
    }

    #[test]
    fn an_email_loads_nothing_and_has_no_tables() {
        for language in Language::ALL {
            let url = "https://taskforce.city.example/s/password/abc";
            for kind in [
                AccountMailKind::Renewal { url, expires_at: expires_at() },
                AccountMailKind::PasswordReset { url, expires_at: expires_at() },
                AccountMailKind::PasswordChanged { at: expires_at() },
            ] {
                let html = mail(*language, kind).html;
                for absent in ["<img", "<table", "<script", "<link", "url(", "{}"] {
                    assert!(!html.contains(absent), "{absent}: {html}");
                }
            }
        }
    }
}
