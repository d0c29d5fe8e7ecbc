//! Comments on activities.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, Who};

#[tokio::test]
async fn a_comment_is_its_authors_and_the_chair_may_take_it_away() {
    let app = TestApp::start().await;
    let (author, other, chair) = (app.as_expert(), app.as_who(Who::Expert2), app.as_chair());
    let path = app.a(&format!("/activities/{}/comments", app.world().activity("done")));
    let comment = author.create(path.as_str(), json!({ "text": "أرفقت الرأي القانوني" })).await;
    for somebody in [other, chair] {
        let refused =
            somebody.patch(&comment, json!({ "text": "No" })).await.expect_problem(403, "forbidden");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("This action is reserved for the author of the comment."), "{refused}");
        assert_eq!(refused["allowedRoles"], json!([]));
    }
    let changed =
        author.patch(&comment, json!({ "text": "Attached the opinion" })).await.expect(200).resource();
    assert_eq!((&changed["version"], &changed["createdBy"]["name"]["en"]), (&json!(2), &json!("Expert1")));
    let refused = other.delete(&changed).await.expect_problem(403, "forbidden");
    let detail = refused["detail"].as_str().unwrap();
    let reserved = "This action is reserved for the chair of the task force and the author of the comment.";
    assert!(detail.starts_with(reserved), "{refused}");
    assert_eq!(refused["allowedRoles"], json!(["chair"]));
    chair.delete(&comment).await.expect_problem(412, "versionMismatch");
    chair.delete(&changed).await.expect(204);
    assert!(author.list(&path).await.is_empty());
    // A comment is found under its own activity only.
    let first =
        &author.list(&app.a(&format!("/activities/{}/comments", app.world().activity("planned")))).await[0];
    author.get(format!("{path}/{}", first["id"].as_str().unwrap())).await.expect_problem(404, "notFound");
}

/// The seats of the current members of task force A, by the name of their users.
async fn seats(app: &TestApp) -> BTreeMap<String, String> {
    let members = app.as_chair().list(&app.a("/members")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    members.iter().map(|member| (text(&member["name"]["en"]), text(&member["id"]))).collect()
}

#[tokio::test]
async fn a_comment_mentions_current_members_by_reference() {
    let app = TestApp::start().await;
    let seats = seats(&app).await;
    let (one, two) = (&seats["Expert2"], &seats["Expert3"]);
    let author = app.as_expert();
    let path = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    let body = |mentions: Value| json!({ "text": "@Expert2: please look", "mentionIds": mentions });

    let comment = author.create(path.as_str(), body(json!([two, one]))).await;
    let names: Vec<_> =
        comment["mentions"].as_array().unwrap().iter().map(|mention| &mention["name"]["en"]).collect();
    assert_eq!(names, ["Expert3", "Expert2"], "{comment:?}");
    assert_eq!(comment["mentions"][1]["userId"], app.world().user(Who::Expert2));
    assert_eq!(author.list(&path).await.last().unwrap()["mentions"], comment["mentions"]);

    // The event says who is mentioned, also by name in its sentence; a comment without mentions has none.
    let events = async || {
        let list = app.a(&format!("/events?subject={}", comment.id()));
        author.get(list).await.expect(200).json()["items"].clone()
    };
    assert_eq!(events().await[0]["changes"]["mentions"], json!({ "before": null, "after": [two, one] }));
    let changed = author.patch(&comment, json!({ "mentionIds": [one] })).await.expect(200).resource();
    assert_eq!((&changed["text"], &changed["version"]), (&comment["text"], &json!(2)));
    let changes = events().await[1]["changes"].clone();
    assert_eq!(changes, json!({ "mentions": { "before": [two, one], "after": [one] } }));
    let plain = author.create(path.as_str(), json!({ "text": "Nobody" })).await;
    assert_eq!(plain["mentions"], json!([]));

    // Nobody is mentioned who is not there, or twice.
    let wrong = body(json!([one, Uuid::nil(), one]));
    author
        .post(path.as_str(), wrong)
        .await
        .expect_field_errors(&["/mentionIds/1 unknownReference", "/mentionIds/2 duplicate"]);
    let many = body(json!(vec![one; 21]));
    author.post(path.as_str(), many).await.expect_problem(400, "invalidRequest");
    author.post(path.as_str(), body(json!(["x"]))).await.expect_problem(400, "invalidRequest");

    // A former member is not mentioned anew. An earlier mention stays.
    let seat = app.as_chair().read(app.a(&format!("/members/{one}"))).await;
    let end = json!({ "reason": { "en": "Moved away" } });
    app.as_chair().command(&seat, "end", end).await.expect(200);
    let refused = author.post(path.as_str(), body(json!([one]))).await.expect_problem(409, "memberEnded");
    assert_eq!(refused["references"][0]["id"], json!(one));
    let later = json!({ "text": "@Expert2 looked", "mentionIds": [one, two] });
    let changed = author.patch(&changed, later).await.expect(200).json();
    assert_eq!(changed["mentions"].as_array().unwrap().len(), 2);
}
