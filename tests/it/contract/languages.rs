//! Both languages of the service: complete, each in its own script, and shown in the order in which they are written.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::client::{Draft, activity};

fn is_arabic(c: char) -> bool {
    ('\u{621}'..='\u{64a}').contains(&c)
}

/// The text outside of isolates.
fn outside_isolates(text: &str) -> String {
    let mut depth = 0;
    let outside = text.chars().filter(|c| {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            '\u{2069}' => depth -= 1,
            _ => return depth == 0,
        }
        false
    });
    outside.collect()
}

/// The faults of a sentence or label in both languages.
fn errors(label: &Value) -> Vec<String> {
    let (ar, en) = (label["ar"].as_str().unwrap_or_default(), label["en"].as_str().unwrap_or_default());
    let mut errors = Vec::new();
    if !ar.contains(is_arabic) || !en.contains(|c: char| c.is_ascii_alphabetic()) || en.contains(is_arabic) {
        errors.push(format!("a language is missing: {label}"));
    }
    if outside_isolates(ar).contains(|c: char| c.is_ascii_alphabetic()) {
        errors.push(format!("not isolated: {ar}"));
    }
    errors
}

#[tokio::test]
async fn every_label_is_in_both_languages() {
    let app = TestApp::start().await;
    let vocabularies = app.as_anybody().get("/v1/vocabularies").await.expect(200).json();
    let mut found = Vec::new();
    for (set, words) in vocabularies["words"].as_object().unwrap() {
        let words = words.as_array().unwrap();
        for word in words {
            found.extend(errors(&word["label"]).into_iter().map(|error| format!("{set}: {error}")));
            let alike = words.iter().filter(|other| other["label"]["ar"] == word["label"]["ar"]).count();
            if alike > 1 {
                found.push(format!("{set}: {} is the label of {alike} words", word["label"]["ar"]));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn every_problem_is_explained_in_both_languages_and_says_nothing_twice() {
    let app = TestApp::start().await;
    let vocabularies = app.as_anybody().get("/v1/vocabularies").await.expect(200).json();
    let mut found = Vec::new();
    for word in vocabularies["words"]["ProblemCode"].as_array().unwrap() {
        let path = format!("/problems/{}", word["code"].as_str().unwrap());
        let problem = app.as_anybody().get(&path).await.expect(200).json();
        found.extend(errors(&problem["title"]));
        found.extend(errors(&problem["advice"]));
        for language in ["ar", "en"] {
            let (title, advice) =
                (problem["title"][language].as_str().unwrap(), problem["advice"][language].as_str().unwrap());
            let first_words: Vec<_> = advice.split(' ').take(3).collect();
            if advice.starts_with(title) || title.starts_with(&first_words.join(" ")) {
                found.push(format!("{path} says its title twice: {advice}"));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn a_refusal_does_not_repeat_its_title_and_says_what_became_of_the_change() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    // An activity of a step that is still locked can be planned, but not started.
    let ahead = app.a(&format!("/activities/{}", app.world().activity("ahead")));
    for (language, unchanged) in [("en", "Nothing was changed."), ("ar", "لم يتغير شيء.")] {
        let activity_ahead = chair.read(&ahead).await;
        let start = Draft::command(&activity_ahead, "transitions", &json!({ "to": "inProgress" }))
            .header("Accept-Language", language);
        let blocked = chair.send(start).await.expect_problem(409, "stepLocked");
        let (title, detail) = (blocked["title"].as_str().unwrap(), blocked["detail"].as_str().unwrap());
        assert!(!detail.starts_with(title), "{blocked}");

        let invalid = Draft::post(app.a("/activities"), &activity(json!({ "title": 7 })))
            .header("Accept-Language", language);
        let refused = chair.send(invalid).await.expect_problem(400, "invalidRequest");
        assert!(refused["detail"].as_str().unwrap().ends_with(unchanged), "{refused}");
        let read = Draft::get(app.a("/activities?limit=0")).header("Accept-Language", language);
        let refused = chair.send(read).await.expect_problem(400, "invalidRequest");
        assert!(!refused["detail"].as_str().unwrap().contains(unchanged), "{refused}");
    }
}

#[tokio::test]
async fn errors_are_counted_as_arabic_counts() {
    let app = TestApp::start().await;
    for (number, said) in [
        (1, "في الطلب خطأ واحد"),
        (2, "في الطلب خطآن"),
        (3, "في الطلب 3 أخطاء"),
        (10, "في الطلب 10 أخطاء"),
        (11, "في الطلب 11 خطأً"),
    ] {
        let mut body = activity(json!({}));
        for unknown in 0..number {
            body[format!("unknown{unknown}")] = json!(1);
        }
        let new = Draft::post(app.a("/activities"), &body).header("Accept-Language", "ar");
        let refused = app.as_chair().send(new).await.expect_problem(400, "invalidRequest");
        assert!(refused["detail"].as_str().unwrap().starts_with(said), "{refused}");
    }
}

#[tokio::test]
async fn an_answer_with_labels_names_its_language() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let language_of = async |path: String, language: &str| {
        let answer = chair.send(Draft::get(path).header("Accept-Language", language)).await;
        let named = answer.header("content-language").to_owned();
        answer.expect(200);
        named
    };
    let ahead = app.a(&format!("/activities/{}", app.world().activity("ahead")));
    for path in [ahead, app.a(""), app.a("/steps/policy/readiness")] {
        assert_eq!(language_of(path.clone(), "ar_SA").await, "ar", "{path}");
        assert_eq!(language_of(path.clone(), "fr").await, "en", "{path}");
    }
    // A list has texts of its users in both languages, and no labels.
    assert_eq!(language_of(app.a("/activities"), "ar").await, "");
}
