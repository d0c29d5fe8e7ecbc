//! The feed of a person: what happened in all that is theirs, in one sentence each, and what they have read of it.

mod demo;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use taskforce::domain::feed::{OF_COUNCIL, OF_OVERSIGHT};
use taskforce::domain::position::Position;
use taskforce::domain::vocabulary::Vocabulary as _;
use uuid::Uuid;

use crate::support::client::Draft;
use crate::support::votes::{ready_policy_step, submit, vote};
use crate::support::{Answer, TestApp, Who};

/// A page of the feed of a user.
async fn feed(app: &TestApp, who: Who, query: &str) -> Value {
    app.as_who(who).get(format!("/v1/me/feed{query}")).await.expect(200).json()
}

/// Marks everything before a position as read.
async fn mark(app: &TestApp, who: Who, position: &Value) -> Answer {
    let body = json!({ "position": position });
    app.as_who(who).send(Draft::new(Method::PUT, "/v1/me/feed/mark").json(&body)).await
}

/// A field of each item.
fn each(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item.pointer(field).unwrap().as_str().unwrap().to_owned()).collect()
}

/// The ids of the events of a task force.
async fn events(app: &TestApp, who: Who, path: &str) -> BTreeSet<String> {
    each(&app.as_who(who).list(path).await, "/id").into_iter().collect()
}

#[tokio::test]
async fn a_member_is_told_in_one_sentence_each_what_happened_in_the_own_task_forces() {
    let app = TestApp::start().await;
    let seat = app.world().member(Who::Expert1);
    app.as_chair().create_activity(json!({ "title": { "en": "Count the lamps" }, "assigneeId": seat })).await;
    let items = app.as_expert().list("/v1/me/feed").await;

    let told = &items[0];
    assert_eq!(
        told["sentence"],
        "\u{2068}Chair\u{2069} created the activity “\u{2068}Count the lamps\u{2069}” and assigned it to \u{2068}Expert1\u{2069}."
    );
    assert_eq!((&told["own"], &told["unread"]), (&json!(false), &json!(true)));
    assert_eq!(told["taskForce"]["href"], app.a(""));
    assert_eq!(told["subject"]["title"]["en"], "Count the lamps");
    assert_eq!(told["actor"]["id"], app.world().user(Who::Chair));
    let in_arabic = Draft::get("/v1/me/feed?limit=1").header("Accept-Language", "ar");
    let arabic = app.as_expert().send(in_arabic).await.expect(200).json()["items"][0]["sentence"].clone();
    assert!(arabic.as_str().unwrap().starts_with("أُنشئ النشاط «"), "{arabic}");

    // All events of the own task force, newest first, and none of another.
    let ids = each(&items, "/id");
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "newest first");
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), events(&app, Who::Chair, &app.a("/events")).await);
    for nobody in [Who::Outsider, Who::EndedMember] {
        let page = feed(&app, nobody, "").await;
        assert_eq!((&page["items"], &page["unread"]), (&json!([]), &json!(0)), "{nobody:?}");
    }
}

#[tokio::test]
async fn the_events_of_several_task_forces_are_in_one_order_on_all_pages() {
    let app = TestApp::start().await;
    let body = json!({ "userId": app.world().user(Who::Expert1), "role": "expert" });
    app.as_secretariat().post(app.b("/members"), body).await.expect(201);
    for _ in 0..3 {
        app.as_chair().create_activity(json!({})).await;
        let activity = crate::support::client::activity(json!({}));
        app.as_who(Who::OtherChair).post(app.b("/activities"), activity).await.expect(201);
    }
    let mut all = events(&app, Who::Expert1, &app.a("/events")).await;
    all.extend(events(&app, Who::Expert1, &app.b("/events")).await);
    let newest_first: Vec<String> = all.into_iter().rev().collect();
    for limit in [3, 100] {
        let items = app.as_expert().list_by("/v1/me/feed", limit).await;
        assert_eq!(each(&items, "/id"), newest_first, "{limit} at once");
    }
    let counted = feed(&app, Who::Expert1, "?count=true&limit=1").await;
    assert_eq!(counted["total"], newest_first.len());

    // The filters.
    let of_b = app.as_expert().list(&format!("/v1/me/feed?taskForce={}", app.world().b)).await;
    assert_eq!(
        each(&of_b, "/id").into_iter().collect::<BTreeSet<_>>(),
        events(&app, Who::OtherChair, &app.b("/events")).await
    );
    let created = app.as_expert().list("/v1/me/feed?action=activity.created,member.appointed").await;
    let actions: BTreeSet<_> = each(&created, "/action").into_iter().collect();
    assert_eq!(actions, ["activity.created", "member.appointed"].map(str::to_owned).into());
    let by_others = app.as_chair().list("/v1/me/feed?own=false").await;
    assert!(!by_others.is_empty() && by_others.iter().all(|item| item["own"] == json!(false)));
    app.as_expert().get("/v1/me/feed?action=x").await.expect_field_errors(&["action notAllowed"]);
    app.as_expert().get("/v1/me/feed?taskForce=x").await.expect_problem(400, "invalidRequest");
}

#[tokio::test]
async fn a_mark_of_what_was_read_survives_devices_and_never_moves_back() {
    let app = TestApp::start().await;
    let page = feed(&app, Who::Expert1, "").await;
    assert!(page["unread"].as_i64().unwrap() > 0 && page["markedAt"].is_null(), "{page}");
    let marked = mark(&app, Who::Expert1, &page["position"]).await.expect(200).json();
    assert_eq!((&marked["unread"], &marked["markedAt"]), (&json!(0), &json!("2026-11-22T09:00:00Z")));

    // Later events are unread, unless they are one's own.
    app.as_chair().create_activity(json!({})).await;
    app.as_expert().create_activity(json!({})).await;
    let later = feed(&app, Who::Expert1, "?limit=3").await;
    assert_eq!((&later["unread"], &later["markedAt"]), (&json!(1), &marked["markedAt"]));
    let flag = |at: usize, name: &str| later["items"][at][name] == json!(true);
    assert_eq!(
        [(flag(0, "own"), flag(0, "unread")), (flag(1, "own"), flag(1, "unread"))],
        [(true, false), (false, true)]
    );
    assert!(!flag(2, "unread"), "read before");
    let unread = app.as_expert().list("/v1/me/feed?unread=true").await;
    assert_eq!(each(&unread, "/id"), [later["items"][1]["id"].as_str().unwrap()]);

    // The other device has an older page open: what was read stays read.
    mark(&app, Who::Expert1, &later["position"]).await.expect(200);
    let back = mark(&app, Who::Expert1, &page["position"]).await.expect(200).json();
    assert_eq!(back["unread"], 0);
    // A colleague has a mark of their own.
    assert!(feed(&app, Who::Expert2, "").await["unread"].as_i64().unwrap() > 1);
}

#[tokio::test]
async fn an_event_that_is_committed_with_an_earlier_time_is_not_taken_for_read() {
    let app = TestApp::start().await;
    let body = json!({ "userId": app.world().user(Who::Expert1), "role": "expert" });
    app.as_secretariat().post(app.b("/members"), body).await.expect(201);
    let other = app.as_who(Who::OtherChair);
    let activity = || crate::support::client::activity(json!({}));
    other.post(app.b("/activities"), activity()).await.expect(201);
    // The clock of one process is three minutes ahead.
    app.advance(TimeDelta::minutes(3));
    app.as_chair().create_activity(json!({})).await;
    let page = feed(&app, Who::Expert1, "?limit=1").await;
    mark(&app, Who::Expert1, &page["position"]).await.expect(200);
    app.advance(TimeDelta::minutes(-3));
    let made = other.post(app.b("/activities"), activity()).await.expect(201).json();
    let unread = app.as_expert().list("/v1/me/feed?unread=true").await;
    assert_eq!(each(&unread, "/subject/id"), [made["id"].as_str().unwrap()]);
    let all = app.as_expert().list("/v1/me/feed").await;
    assert_ne!(each(&all, "/subject/id")[0], made["id"].as_str().unwrap(), "the times stay in order");
}

#[tokio::test]
async fn a_position_that_the_service_has_not_sent_is_refused() {
    let app = TestApp::start().await;
    let text = |position: &Position| json!(URL_SAFE_NO_PAD.encode(position.to_bytes()));
    for wrong in [json!("AAAAAAAAAAAA"), json!("_____________"), json!("AAAAAAAAAAB")] {
        mark(&app, Who::Expert1, &wrong).await.expect_field_errors(&["/position wrongFormat"]);
    }
    for wrong in [json!(""), json!(7), json!("a b c d e f g h"), Value::Null] {
        mark(&app, Who::Expert1, &wrong).await.expect_problem(400, "invalidRequest");
    }
    // Beyond the last event: the database was restored from a backup.
    let (a, b): (Uuid, Uuid) = (app.world().a.parse().unwrap(), app.world().b.parse().unwrap());
    let beyond = Position::behind(app.clock.now(), [(a, Uuid::max())]);
    mark(&app, Who::Expert1, &text(&beyond)).await.expect_field_errors(&["/position tooLarge"]);
    // Nobody learns of task forces that they cannot read.
    let of_others = Position::behind(app.clock.now(), [(b, Uuid::max()), (Uuid::new_v4(), Uuid::max())]);
    mark(&app, Who::Expert1, &text(&of_others)).await.expect(200);
    // A time to come does not mark events to come as read.
    let to_come = Position::behind(app.clock.now() + TimeDelta::days(1000), []);
    mark(&app, Who::Expert1, &text(&to_come)).await.expect(200);
    app.as_chair().create_activity(json!({})).await;
    assert!(feed(&app, Who::Expert1, "").await["unread"].as_i64().unwrap() > 0);
    // An API key reads the feed, and marks nothing as read.
    assert!(!app.as_who(Who::ReadOnlyKey).list("/v1/me/feed").await.is_empty());
    mark(&app, Who::ReadOnlyKey, &json!("AAAAAAAAAAA")).await.expect_problem(403, "insufficientScope");
    app.as_who(Who::KeyOfB).get("/v1/me/feed").await.expect_problem(403, "insufficientScope");
}

#[tokio::test]
async fn the_council_and_its_secretariat_are_told_of_decisions_and_progress_everywhere() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let submission = submit(app.as_chair(), "policy").await;
    for who in [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3] {
        vote(app.as_who(who), &submission, "approve").await.expect(200);
    }
    app.as_chair().create_activity(json!({ "step": "sectors" })).await;

    let council = app.as_who(Who::CouncilMember).list("/v1/me/feed").await;
    let secretariat = app.as_secretariat().list("/v1/me/feed").await;
    for (items, actions) in [(&council, OF_COUNCIL.as_slice()), (&secretariat, OF_OVERSIGHT.as_slice())] {
        let of: BTreeSet<_> = each(items, "/taskForce/id").into_iter().collect();
        assert!(of.len() > 1, "all task forces");
        let codes: BTreeSet<&str> = actions.iter().map(|action| action.code()).collect();
        assert!(each(items, "/action").iter().all(|action| codes.contains(action.as_str())));
    }
    assert_eq!(
        council[0]["sentence"],
        "The members passed the step “\u{2068}Identify some smart governance policy / framework\u{2069}”."
    );
    let of_secretariat = each(&secretariat, "/action");
    assert!(of_secretariat.contains(&"submission.created".to_owned()));
    assert!(!each(&council, "/action").contains(&"submission.created".to_owned()));

    // The index has the actions that the feed asks for.
    let indexed = app
        .db_count(
            "select count(*) from events where action in (select unnest(array(
        select (regexp_matches(pg_get_expr(i.indpred, i.indrelid), '''([a-zA-Z.]+)''', 'g'))[1]
        from pg_index i where i.indexrelid = 'events_of_oversight'::regclass)))",
        )
        .await;
    assert_eq!(indexed, i64::try_from(secretariat.len()).unwrap());
    let listed = app
        .db_count(
            "select count(*) from (
        select regexp_matches(pg_get_expr(i.indpred, i.indrelid), '''([a-zA-Z.]+)''', 'g')
        from pg_index i where i.indexrelid = 'events_of_oversight'::regclass) actions",
        )
        .await;
    assert_eq!(listed, i64::try_from(OF_OVERSIGHT.len()).unwrap());
}

#[tokio::test]
async fn a_feed_does_not_tell_how_anybody_voted() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let submission = submit(app.as_chair(), "policy").await;
    vote(app.as_expert(), &submission, "return").await.expect(200);
    let answer = app.as_who(Who::Expert2).get("/v1/me/feed").await.expect(200);
    let text = answer.text();
    assert!(text.contains("voted on the step"), "{text}");
    for secret in ["The costs are missing", "\"choice\"", "\"changes\""] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
