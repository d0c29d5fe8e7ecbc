//! Retries: a POST with an `Idempotency-Key` is done once.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::contract::operation_cases;
use crate::support::client::{Client, Draft, activity};
use crate::support::{Answer, Resource, Setup, TestApp, Who};

fn keyed(path: &str, body: &Value, key: &str) -> Draft {
    Draft::post(path, body).header("Idempotency-Key", key)
}

/// A new activity under a key.
fn new_activity(app: &TestApp, key: &str) -> Draft {
    keyed(&app.a("/activities"), &activity(json!({})), key)
}

#[track_caller]
fn assert_replayed(again: &Answer, first: &Answer) {
    assert_eq!(again.header("idempotency-replayed"), "true", "{}", again.request);
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    for header in ["etag", "location", "content-type", "cache-control"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
}

async fn twice(client: Client<'_>, draft: Draft) -> Answer {
    let first = client.send(draft.clone()).await;
    assert!((200..300).contains(&first.status), "{}: {}", first.request, first.text());
    assert_eq!(first.header("idempotency-replayed"), "");
    let events = client.app.db_events().await;
    assert_replayed(&client.send(draft).await, &first);
    assert_eq!(client.app.db_events().await, events, "{}: done twice", first.request);
    first
}

#[tokio::test]
async fn a_request_sent_twice_is_done_once_and_answered_the_same() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let count = async || chair.list(&app.a("/activities")).await.len();
    let before = count().await;
    let made = twice(chair, new_activity(&app, "first")).await.expect(201).resource();
    assert_eq!(count().await, before + 1);

    // A command with its version: the stored answer is replayed although the activity has changed since.
    let begin = Draft::command(&made, "transitions", &json!({ "to": "inProgress" }));
    let begun = twice(chair, begin.clone().header("Idempotency-Key", "first")).await.expect(200).resource();
    let begun = Resource { path: made.path.clone(), ..begun };
    chair.transition_because(&begun, "blocked", "The ministry is closed").await;
    let again = chair.send(begin.header("Idempotency-Key", "\"first\"")).await;
    assert_eq!(
        (again.header("idempotency-replayed"), &again.json()["state"]),
        ("true", &json!("inProgress"))
    );
}

#[tokio::test]
async fn one_key_is_another_for_another_caller_or_operation() {
    let app = TestApp::start().await;
    let path = app.a("/activities");
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let one = chair.send(keyed(&path, &activity(json!({})), "k")).await.expect(201).resource();
    let other = expert.send(keyed(&path, &activity(json!({})), "k")).await.expect(201);
    assert_eq!(other.header("idempotency-replayed"), "");
    let comment = keyed(&format!("{}/comments", one.path), &json!({ "text": "Once" }), "k");
    let said = chair.send(comment).await.expect(201);
    assert_eq!(said.header("idempotency-replayed"), "");
    let elsewhere =
        app.as_who(Who::OtherChair).send(keyed(&app.b("/activities"), &activity(json!({})), "k")).await;
    assert_eq!(elsewhere.expect(201).header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_key_stands_for_one_body() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let path = app.a("/activities");
    let made = chair.send(keyed(&path, &activity(json!({ "priority": "high" })), "k")).await.expect(201);
    let before = app.db_events().await;
    let other = keyed(&path, &activity(json!({ "priority": "low" })), "k");
    chair.send(other).await.expect_problem(422, "idempotencyKeyReused");
    assert_eq!(app.db_events().await, before);
    // Spaces and the order of members make no other body.
    let same = r#"{ "priority":"high",  "step":"policy","title":{"en":"Collect the policies in force"} }"#;
    let same = Draft::new(reqwest::Method::POST, &path).body("application/json", same);
    assert_replayed(&chair.send(same.header("Idempotency-Key", "k")).await, &made);
}

#[tokio::test]
async fn a_refused_request_can_be_sent_again_under_its_key() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let done = chair.read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    let review = |etag: &str| {
        let command = Draft::post(format!("{}/transitions", done.path), &json!({ "to": "inProgress" }));
        command.header("If-Match", etag).header("Idempotency-Key", "k")
    };
    chair.send(review("\"99\"")).await.expect_problem(412, "versionMismatch");
    let moved = chair.send(review(&done.etag)).await.expect(200);
    assert_eq!(moved.header("idempotency-replayed"), "");
    let kept: i64 = app.db_count("select count(*) from idempotency_keys").await;
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn an_id_in_another_spelling_is_no_other_request() {
    let app = TestApp::start().await;
    let first = app.as_chair().send(new_activity(&app, "one")).await.expect(201);
    let id = app.world().a.as_str();
    for spelling in [id.to_uppercase(), id.replace('-', ""), format!("urn:uuid:{id}"), id.replace('0', "%30")]
    {
        let draft = new_activity(&app, "one");
        let draft = Draft { path: draft.path.replace(id, &spelling), ..draft };
        assert_replayed(&app.as_chair().send(draft).await, &first);
    }
    // The same for ids that are spelled as long as possible.
    let long = |id: &str| -> String {
        format!("urn:uuid:{id}").bytes().map(|byte| format!("%{byte:02x}")).collect()
    };
    let comments =
        format!("/v1/task-forces/{}/activities/{}/comments", long(id), long(app.world().activity("planned")));
    app.as_chair().send(keyed(&comments, &json!({ "text": "x" }), "one")).await.expect(201);
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_comes_once() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for key in ["", "\"\"", "\"open", &"k".repeat(256), "ta\tb"] {
        chair.send(new_activity(&app, key)).await.expect_field_errors(&["Idempotency-Key wrongFormat"]);
    }
    let two = new_activity(&app, "one").header("Idempotency-Key", "two");
    chair.send(two).await.expect_field_errors(&["Idempotency-Key wrongFormat"]);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let made = chair.send(new_activity(&app, "k")).await.expect(201);
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_replayed(&chair.send(new_activity(&app, "k")).await, &made);
    app.advance(TimeDelta::seconds(1));
    let next = chair.send(new_activity(&app, "k")).await.expect(201);
    assert_eq!(next.header("idempotency-replayed"), "");
    assert_ne!(next.text(), made.text());
    assert_replayed(&chair.send(new_activity(&app, "k")).await, &next);
}

#[tokio::test]
async fn of_many_at_once_one_is_done_and_the_others_get_its_answer() {
    let app = TestApp::start_with(Setup { pool_size: 8, ..Setup::default() }).await;
    let chair = app.as_chair();
    for round in 0..5 {
        let before = app.db_events().await;
        let key = format!("round-{round}");
        let sent = (0..8).map(|_| chair.send_with_retry(new_activity(&app, &key)));
        let answers = join_all(sent).await;
        assert_eq!(app.db_events().await, before + 1, "done more than once");
        let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty());
        let first: Vec<_> = first.filter(|answer| answer.status == 201).collect();
        assert_eq!(first.len(), 1);
        for answer in answers.iter().filter(|answer| !answer.header("idempotency-replayed").is_empty()) {
            assert_replayed(answer, first[0]);
        }
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("idempotencyKeyInUse")));
        }
    }
}

#[tokio::test]
async fn a_repeated_request_that_waits_too_long_for_the_first_is_409() {
    let app = TestApp::start().await;
    let path = "/v1/task-forces";
    let body = crate::support::world::task_force("Gamma", &[]);
    // A transaction of the test stands for the first request, which is still running.
    let holder = app.db_another().await;
    holder.batch_execute("begin").await.unwrap();
    let of_the_first = format!("{} POST {path} k", app.world().user(Who::Secretariat));
    holder.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", &[&of_the_first]).await.unwrap();
    let secretariat = app.as_secretariat();
    secretariat.send_with_retry(keyed(path, &body, "k")).await.expect_problem(409, "idempotencyKeyInUse");
    holder.batch_execute("rollback").await.unwrap();
    secretariat.send(keyed(path, &body, "k")).await.expect(201);
}

#[tokio::test]
async fn a_replay_shows_no_secret_again() {
    let app = TestApp::start().await;
    let name = json!({ "en": "Somebody new" });
    let new = json!({ "email": "new@council.example", "name": name, "role": "expert", "locale": "en" });
    let invite = keyed("/v1/users", &new, "k");
    let secretariat = app.as_secretariat();
    let first = secretariat.send(invite.clone()).await.expect(201).json();
    let again = secretariat.send(invite).await.expect(201).json();
    let token = first["invitationToken"].as_str().unwrap();
    assert_eq!((&first["secretShown"], &again["secretShown"]), (&json!(true), &json!(false)));
    assert!(again.get("invitationToken").is_none());
    assert_eq!(again["id"], first["id"]);
    let holding =
        format!("select count(*) from idempotency_keys where convert_from(body, 'UTF8') like '%{token}%'");
    assert_eq!(app.db_count(&holding).await, 0, "the secret is in the database");
}

#[tokio::test]
async fn a_caller_who_lost_access_gets_no_replay() {
    let app = TestApp::start().await;
    let expert = app.as_who(Who::Expert5);
    let draft = new_activity(&app, "k");
    expert.send(draft.clone()).await.expect(201);
    let seat = app.as_chair().read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    app.as_chair().command(&seat, "end", json!({ "reason": { "en": "Moved away" } })).await.expect(200);
    expert.send(draft).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn every_post_but_the_sign_in_takes_a_key_and_is_done_once() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let cases = operation_cases::all().into_iter().filter(|case| {
        let operation = case.operation();
        operation.method == "post" && !operation.path.starts_with("/v1/auth/")
    });
    for case in cases {
        let draft = case.write(&app).await.header("Idempotency-Key", case.id);
        let mut done = None;
        for who in [Who::Chair, Who::Secretariat, Who::Expert1, Who::Administrator] {
            let answer = app.as_who(who).send(draft.clone()).await;
            if (200..300).contains(&answer.status) {
                done = Some((who, answer));
                break;
            }
        }
        let (who, first) = done.unwrap_or_else(|| panic!("{}: no actor may", case.id));
        let events = app.db_events().await;
        let again = app.as_who(who).send(draft).await;
        assert_eq!(app.db_events().await, events, "{}: done twice", case.id);
        assert_eq!(again.header("idempotency-replayed"), "true", "{}", case.id);
        let mut expected = first.json();
        if expected.get("secretShown").is_some() {
            expected["secretShown"] = json!(false);
            expected.as_object_mut().unwrap().retain(|name, _| {
                !["key", "invitationToken", "invitationUrl", "pageUrl", "secret"].contains(&name.as_str())
            });
        }
        assert_eq!((again.status, again.json()), (first.status, expected), "{}", case.id);
        for header in ["etag", "location"] {
            assert_eq!(again.header(header), first.header(header), "{}: {header}", case.id);
        }
    }
}
