//! Localized text.

use serde_json::{Map, Value};

use taskforce::domain::characters;

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::answer::field_errors;
use crate::support::client::{Draft, activity};

/// The contract's definition of a line, independently of the patterns and formats that enforce it.
fn is_a_line(text: &str) -> bool {
    text.chars().count() <= 200 && !text.chars().any(char::is_control) && characters::check(text).is_ok()
}

#[tokio::test]
async fn localized_text_comes_back_letter_by_letter_or_is_refused() {
    let app = TestApp::start().await;
    let mut resource = app.as_chair().create(app.a("/activities"), activity(serde_json::json!({}))).await;
    fuzz("localized text", async |rng| {
        // One that is there, and maybe one that goes.
        let mut title = Map::new();
        let languages = if rng.percent(50) { ["en", "ar"] } else { ["ar", "en"] };
        title.insert(languages[0].to_owned(), junk::text(rng).into());
        let second = if rng.percent(50) { Value::Null } else { junk::text(rng).into() };
        title.insert(languages[1].to_owned(), second);
        let body = serde_json::json!({ "title": title });
        let answer = app.as_chair().patch(&resource, body.clone()).await;

        let wrong = |language: &&str| title[*language].as_str().is_some_and(|text| !is_a_line(text));
        let mut wrong: Vec<_> = languages.iter().filter(|language| wrong(language)).collect();
        wrong.sort();
        let now = app.as_chair().reload(&resource).await;
        if wrong.is_empty() {
            assert_eq!(answer.status, 200, "{body}: {}", answer.text());
            let written: Map<_, _> = title.into_iter().filter(|(_, text)| !text.is_null()).collect();
            assert_eq!(now["title"], Value::Object(written), "{body}");
        } else {
            let problem = answer.expect_problem(400, "invalidRequest");
            let mut locations: Vec<_> = field_errors(&problem)
                .iter()
                .map(|error| error.split(' ').next().unwrap().to_owned())
                .collect();
            locations.dedup();
            let expected: Vec<_> = wrong.iter().map(|language| format!("/title/{language}")).collect();
            assert_eq!(locations, expected, "{body}");
            assert_eq!((&now.etag, &now.body), (&resource.etag, &resource.body));
        }
        resource = now;
    })
    .await;
}

#[tokio::test]
async fn text_as_raw_json_never_gets_through_half() {
    let app = TestApp::start().await;
    let mut resource = app.as_chair().create(app.a("/activities"), activity(serde_json::json!({}))).await;
    fuzz("localized text, raw", async |rng| {
        let title = junk::object(rng, &["en", "ar", "fr"], 2);
        let body = format!("{{\"title\":{title}}}");
        let bytes =
            if rng.percent(20) { junk::mutated(rng, body.as_bytes()) } else { body.clone().into_bytes() };
        let draft = Draft::new(reqwest::Method::PATCH, &resource.path).header("If-Match", &resource.etag);
        let answer = app.as_chair().send(draft.body("application/merge-patch+json", bytes.clone())).await;
        let now = app.as_chair().reload(&resource).await;
        if answer.status == 200 {
            let read: Value = serde_json::from_slice(&bytes).unwrap();
            for (language, text) in read["title"].as_object().into_iter().flatten() {
                assert_eq!(&now["title"][language], text, "{body}");
            }
        } else {
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
            assert_eq!((&now.etag, &now.body), (&resource.etag, &resource.body), "{body}");
        }
        resource = now;
    })
    .await;
}
