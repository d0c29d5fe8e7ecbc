//! Comments on activities.

use serde_json::json;

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
