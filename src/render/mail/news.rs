//! E-mails that tell notifications: one or a few at once, or those of a day.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::words::MailWords;
use super::{Block, Content, Mail};
use crate::domain::text::{Language, LocalizedText};
use crate::render::{bidi, dates};

/// The most notifications that an e-mail shows; the others are counted, and are in the list of notifications.
const SHOWN: usize = 100;

/// A notification, as its sentence.
#[derive(Debug, Clone)]
pub struct NewsItem {
    pub task_force: Option<LocalizedText>,
    /// The sentence in the language of the e-mail, with isolated values.
    pub sentence: String,
    pub at: DateTime<Utc>,
}

/// An e-mail that tells notifications.
#[derive(Debug, Clone, Copy)]
pub struct NewsMail<'a> {
    pub language: Language,
    pub name: &'a LocalizedText,
    /// The address of the account.
    pub address: &'a str,
    /// The host of the service.
    pub host: &'a str,
    /// The application for people, where the installation has one.
    pub application: Option<&'a str>,
    /// The page on which the reader ends these e-mails.
    pub unsubscribe: &'a str,
    /// The zone in which the reader reads times.
    pub zone: Tz,
    /// The time of the digest; `None` for what is told at once.
    pub digest_at: Option<DateTime<Utc>>,
    /// In the order of their times; at least one.
    pub items: &'a [NewsItem],
}

/// The e-mail.
///
/// # Errors
/// A template that cannot be written.
pub fn news(mail: &NewsMail<'_>) -> Result<Mail, askama::Error> {
    let NewsMail { language, items, zone, .. } = *mail;
    let words = MailWords::of(language);
    let mut blocks = Vec::new();
    if mail.digest_at.is_some() {
        blocks.push(Block::Paragraph(words.digest.to_owned()));
    }
    let shown = items.get(..SHOWN).unwrap_or(items);
    for (task_force, items) in grouped(shown) {
        if let Some(name) = task_force {
            blocks.push(Block::Heading(bidi::isolate(name.in_language(language))));
        }
        for item in items {
            blocks.push(Block::Item {
                text: item.sentence.clone(),
                time: dates::time(language, item.at, zone),
            });
        }
    }
    if let Some(more) = items.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        blocks.push(Block::Remark(words.more.replacen("{}", &more.to_string(), 1)));
    }
    if let Some(url) = mail.application {
        blocks.push(Block::Link { label: words.open_application, url: url.to_owned() });
    }
    let address = bidi::isolate(mail.address);
    let sent_by = words.sent_by.replacen("{}", &bidi::isolate(mail.host), 1).replacen("{}", &address, 1);
    let stop = if mail.digest_at.is_some() { words.stop_digest } else { words.stop_news };
    Content {
        language,
        subject: subject(mail, words),
        reader: bidi::isolate(mail.name.in_language(language)),
        blocks,
        footer: vec![Block::Remark(sent_by), Block::Link { label: stop, url: mail.unsubscribe.to_owned() }],
    }
    .mail()
}

/// The subject: the sentence itself, if there is one only.
fn subject(mail: &NewsMail<'_>, words: &MailWords) -> String {
    let NewsMail { language, items, .. } = *mail;
    if let Some(at) = mail.digest_at {
        return words.digest_subject.replacen("{}", &dates::day_of(language, at, mail.zone), 1);
    }
    if let [item] = items {
        return item.sentence.trim_end_matches('.').to_owned();
    }
    let number = items.len().to_string();
    let mut groups = grouped(items).into_iter();
    match (groups.next(), groups.next()) {
        (Some((Some(name), _)), None) => words
            .news_of_one
            .replacen("{}", &bidi::isolate(name.in_language(language)), 1)
            .replacen("{}", &number, 1),
        _ => words.news_of_several.replacen("{}", &number, 1),
    }
}

/// The items by task force, in the order in which each task force is first named.
fn grouped(items: &[NewsItem]) -> Vec<(Option<&LocalizedText>, Vec<&NewsItem>)> {
    let mut groups: Vec<(Option<&LocalizedText>, Vec<&NewsItem>)> = Vec::new();
    for item in items {
        let task_force = item.task_force.as_ref();
        match groups.iter_mut().find(|(of, _)| *of == task_force) {
            Some((_, items)) => items.push(item),
            None => groups.push((task_force, vec![item])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::characters;

    fn item(task_force: &str, sentence: &str) -> NewsItem {
        NewsItem {
            task_force: Some(LocalizedText::both("مدينة نور", task_force)),
            sentence: sentence.to_owned(),
            at: "2026-11-22T09:00:00Z".parse().unwrap(),
        }
    }

    fn mail(language: Language, digest: bool, items: &[NewsItem]) -> Mail {
        news(&NewsMail {
            language,
            name: &LocalizedText::both("ليلى", "Layla"),
            address: "layla@demo.example",
            host: "taskforce.city.example",
            application: Some("https://app.city.example"),
            unsubscribe: "https://taskforce.city.example/s/unsubscribe/abc",
            zone: Tz::Asia__Amman,
            digest_at: digest.then(|| "2026-11-23T04:00:00Z".parse().unwrap()),
            items,
        })
        .unwrap()
    }

    #[test]
    fn one_notification_is_the_subject_and_several_are_grouped_by_task_force() {
        let vote = item("Nur City", "Your vote on \u{2068}Sectors\u{2069} is needed.");
        let one = mail(Language::English, false, std::slice::from_ref(&vote));
        assert_eq!(one.subject, "Your vote on \u{2068}Sectors\u{2069} is needed");
        assert!(one.html.contains("Your vote on <bdi>Sectors</bdi> is needed."), "{}", one.html);
        assert!(one.text.contains("22 November 2026, 12:00"), "{}", one.text);
        let items = [vote.clone(), item("Sidra", "Second."), item("Nur City", "Third.")];
        let several = mail(Language::English, false, &items);
        assert_eq!(several.subject, "News of your task forces (3)");
        let places = ["Nur City", "Your vote", "Third.", "Sidra", "Second."];
        let found: Vec<_> = places.iter().map(|part| several.text.find(part).unwrap()).collect();
        assert!(found.is_sorted(), "{}", several.text);
        let of_one = mail(Language::Arabic, false, &[vote.clone(), vote]);
        assert_eq!(of_one.subject, "مستجدات \u{2068}مدينة نور\u{2069} (2)");
    }

    #[test]
    fn a_digest_counts_what_it_does_not_show() {
        let items: Vec<_> = (0..130).map(|number| item("Nur City", &format!("Item {number}."))).collect();
        let digest = mail(Language::English, true, &items);
        assert_eq!(digest.subject, "Daily digest, 23 November 2026");
        assert!(digest.text.contains("Item 99.") && !digest.text.contains("Item 100."));
        assert!(digest.text.contains("Further notifications that are not shown here: 30"), "{}", digest.text);
        let arabic = mail(Language::Arabic, true, &items);
        assert_eq!(arabic.subject, "الملخص اليومي، 23 نوفمبر 2026");
        for text in [&digest.text, &arabic.text] {
            assert!(text.lines().all(characters::has_balanced_direction));
        }
    }
}
