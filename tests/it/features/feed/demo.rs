//! The feeds of the demo, printed in both languages: a person reads the golden file before it is accepted.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::service::{Service, data_dir};

/// The names of the months in both languages.
const MONTHS: [&str; 24] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];

/// A sentence without isolates, in which each day is replaced: the days of the demo go by the present day.
fn normalized(sentence: &str) -> String {
    let sentence = sentence.replace(['\u{2068}', '\u{2069}'], "");
    let words: Vec<&str> = sentence.split(' ').collect();
    let is_month = |at: usize| words.get(at).is_some_and(|word| MONTHS.contains(word));
    let mut kept: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if is_month(at) {
            kept.pop();
            kept.push("[day]".to_owned());
        } else if at > 0 && is_month(at - 1) {
            // The year, and the sign behind it.
            let sign: String = word.chars().filter(|c| !c.is_ascii_digit()).collect();
            if let Some(day) = kept.last_mut() {
                day.push_str(&sign);
            }
        } else {
            kept.push((*word).to_owned());
        }
    }
    kept.join(" ")
}

/// The sentences of the feed of a user, oldest first.
async fn sentences(service: &Service, email: &str, language: &str) -> Vec<String> {
    let token = service.sign_in(email).await.unwrap();
    let (mut sentences, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{}/v1/me/feed?limit=100{cursor}", service.url);
        let request =
            reqwest::Client::new().get(path).bearer_auth(&token).header("Accept-Language", language);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        sentences.extend(items.iter().map(|item| normalized(item["sentence"].as_str().unwrap())));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    sentences.reverse();
    sentences
}

#[tokio::test]
async fn the_feeds_of_the_demo_read_as_a_person_would_tell_them() {
    let dir = data_dir();
    let service = Service::demo(dir.path());
    let mut printed = String::new();
    for (reader, email) in [
        ("chair", "chair@demo.example"),
        ("member who chaired the task force that has concluded", "expert2@demo.example"),
        ("secretariat", "secretariat@demo.example"),
        ("member of the council", "council@demo.example"),
    ] {
        let english = sentences(&service, email, "en").await;
        let arabic = sentences(&service, email, "ar").await;
        assert_eq!(english.len(), arabic.len());
        assert!(english.len() > 10, "{email}");
        writeln!(printed, "# The feed of the {reader}\n").unwrap();
        for (english, arabic) in english.iter().zip(arabic) {
            writeln!(printed, "{english}\n{arabic}").unwrap();
        }
        printed.push('\n');
    }
    insta::assert_snapshot!("demo_feeds", printed.trim_end());
}
