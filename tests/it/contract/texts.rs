//! Text: what a reader sees, and the direction in which it is written.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{Draft, activity};
use crate::support::{Answer, TestApp};

/// Text of which a reader sees nothing: fillers, the empty braille pattern, variation selectors, marks, no characters.
const UNSEEN: [&str; 8] = [
    " \u{a0}",
    "\u{3164}",
    "\u{115f}\u{1160}",
    "\u{2800}",
    "\u{fe0f}",
    "\u{64e}\u{301}",
    "\u{fdd0}",
    "\u{200d}",
];

/// Text that would change the direction of what stands after it, or before.
const UNBALANCED: [&str; 5] = ["a\u{202e}b", "a\u{2067}b", "a\u{202c}", "\u{2069}a", "\u{202a}a\u{2069}"];

/// Text that needs invisible characters, and brings their counterparts along.
const BALANCED: [&str; 4] = [
    "سياسة \u{2066}Open data\u{2069}",
    "می\u{200c}خواهم",
    "👩\u{200d}🔬 ❤\u{fe0f}",
    "\u{202b}ا\u{202c} a\u{200f}",
];

#[tokio::test]
async fn text_that_shows_nothing_is_empty_wherever_it_stands() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    for unseen in UNSEEN {
        let answer = chair.post(app.a("/activities"), activity(json!({ "title": { "en": unseen } }))).await;
        answer.expect_field_errors(&["/title/en empty"]);
        let key = json!({ "name": unseen, "scopes": ["read"], "expiresAt": "2027-05-01T00:00:00Z" });
        expert.post("/v1/api-keys", key).await.expect_field_errors(&["/name empty"]);
        let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
        expert.post(comments, json!({ "text": unseen })).await.expect_field_errors(&["/text empty"]);
        let new =
            json!({ "email": "a@b.example", "name": { "ar": unseen }, "role": "expert", "locale": "ar" });
        app.as_secretariat().post("/v1/users", new).await.expect_field_errors(&["/name/ar empty"]);
        let member = chair
            .read(app.a(&format!("/members/{}", app.world().member(crate::support::Who::Expert5))))
            .await;
        chair.patch(&member, json!({ "expertise": unseen })).await.expect_field_errors(&["/expertise empty"]);
    }
}

#[tokio::test]
async fn a_change_of_direction_ends_in_its_text_or_is_refused() {
    let app = TestApp::start().await;
    let create = async |title: &str, description: &str| -> Answer {
        let fields = json!({ "title": { "ar": title }, "description": { "ar": description } });
        app.as_chair().post(app.a("/activities"), activity(fields)).await
    };
    for unbalanced in UNBALANCED {
        let refused = create(unbalanced, "ا").await;
        let problem = refused.clone().expect_problem(400, "invalidRequest");
        refused.expect_field_errors(&["/title/ar wrongFormat"]);
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("U+202A"), "the sentence names what to look for: {detail}");
        create("ا", unbalanced).await.expect_field_errors(&["/description/ar wrongFormat"]);
    }
    // A paragraph of its own has a direction of its own.
    create("ا", "\u{2067}a\nb\u{2069}").await.expect_field_errors(&["/description/ar wrongFormat"]);
    for balanced in BALANCED {
        let kept = create(balanced, balanced).await.expect(201).json();
        assert_eq!((&kept["title"]["ar"], &kept["description"]["ar"]), (&json!(balanced), &json!(balanced)));
    }
}

#[tokio::test]
async fn text_from_before_the_rules_is_still_read() {
    let app = TestApp::start().await;
    let id = app.world().activity("planned");
    let before = json!({ "en": "\u{3164}", "ar": "a\u{202e}b" });
    let change = "update activities set title = $1::text::jsonb where id = $2::text::uuid";
    app.db().await.execute(change, &[&before.to_string(), &id]).await.unwrap();
    let activity = app.as_chair().read(app.a(&format!("/activities/{id}"))).await;
    assert_eq!(activity["title"], before);
    // The first change of the title has to be a good one.
    let wrong = app.as_chair().patch(&activity, json!({ "title": { "en": "A" } })).await;
    wrong.expect_field_errors(&["/title/ar wrongFormat"]);
    app.as_chair().patch(&activity, json!({ "title": { "en": "A", "ar": Value::Null } })).await.expect(200);
    let draft = Draft::new(Method::GET, app.a("/activities"));
    app.as_chair().send(draft).await.expect(200);
}
