//! Answers that are kept for retries.

use serde_json::{Value, json};

use super::{nothing, same};
use crate::support::client::Draft;
use crate::support::{Answer, TestApp, Who};

/// A comment with a key.
fn keyed(app: &TestApp, key: &str) -> Draft {
    let path = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    Draft::post(path, &json!({ "text": "For this task force only" })).header("Idempotency-Key", key)
}

fn was_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn the_key_of_another_user_is_another_key() {
    let app = TestApp::start().await;
    let first = app.as_expert().send(keyed(&app, "one")).await.expect(201);
    assert!(was_replayed(&app.as_expert().send(keyed(&app, "one")).await.expect(201)));

    // For another member, the same key is another request.
    let other = app.as_chair().send(keyed(&app, "one")).await.expect(201);
    assert!(!was_replayed(&other));
    assert_ne!(other.json()["id"], first.json()["id"]);
    // A stranger gets the same answer for a used key as for an unused one.
    for (who, status) in [
        (Who::OtherChair, 404),
        (Who::Outsider, 404),
        (Who::EndedMember, 404),
        (Who::KeyOfB, 404),
        (Who::CouncilMember, 403),
        (Who::ReadOnlyKey, 403),
        (Who::Anonymous, 401),
    ] {
        assert_eq!(same(&app, who, keyed(&app, "one"), keyed(&app, "two")).await, status, "{who:?}");
    }
}

#[tokio::test]
async fn a_user_who_lost_access_gets_no_replay() {
    let app = TestApp::start().await;
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    let expert = app.as_who(Who::Expert5);
    expert.send(keyed(&app, "one")).await.expect(201);
    assert!(was_replayed(&expert.send(keyed(&app, "one")).await.expect(201)));
    let reason = json!({ "reason": { "en": "Moved away" } });
    app.as_chair().command(&seat, "end", reason).await.expect(200);

    let absent = |key: &str| Draft {
        path: keyed(&app, key).path.replace(&app.world().a, &nothing()),
        ..keyed(&app, key)
    };
    assert_eq!(same(&app, Who::Expert5, keyed(&app, "one"), absent("one")).await, 404);
    assert_eq!(same(&app, Who::Expert5, keyed(&app, "one"), keyed(&app, "two")).await, 404);
}

#[tokio::test]
async fn a_key_is_of_one_operation() {
    let app = TestApp::start().await;
    let create = |app: &TestApp, path: String| {
        let body: Value = crate::support::client::activity(json!({}));
        Draft::post(path, &body).header("Idempotency-Key", &format!("key of {}", app.world().a))
    };
    let ours = app.as_chair().send(create(&app, app.a("/activities"))).await.expect(201);
    // The same key and body for another task force: the service does not replay the first response.
    assert_eq!(app.as_chair().send(create(&app, app.b("/activities"))).await.status, 404);
    let theirs = app.as_who(Who::OtherChair).send(create(&app, app.b("/activities"))).await.expect(201);
    assert!(!was_replayed(&theirs));
    assert_ne!(theirs.json()["id"], ours.json()["id"]);
}
