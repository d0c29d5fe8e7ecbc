//! The live stream of a feed: each event of all task forces of a person, once.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use taskforce::domain::position::Position;
use uuid::Uuid;

use crate::support::background::BackgroundWork;
use crate::support::client::{Draft, activity};
use crate::support::sign_in::set_user_state;
use crate::support::streams::Stream;
use crate::support::world::task_force;
use crate::support::{Resource, TestApp, Who};

const STREAM: &str = "/v1/me/feed/stream";

async fn open(app: &TestApp, who: Who, query: &str, last_event_id: Option<&str>) -> Stream {
    let token = app.token(who).await.unwrap();
    Stream::open_with(app, &token, &format!("{STREAM}{query}"), last_event_id).await
}

/// The next events: the position behind each, and the event.
async fn take(stream: &mut Stream, count: usize) -> Vec<(String, Value)> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let event = stream.next().await.expect("the stream goes on");
        assert_eq!(event.name, "message", "{event:?}");
        taken.push((event.id.unwrap(), event.data));
    }
    taken
}

fn ids(events: &[(String, Value)]) -> BTreeSet<String> {
    let ids: BTreeSet<_> = events.iter().map(|(_, event)| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), events.len(), "each once");
    ids
}

/// Gives a user a seat in task force B.
async fn seat_in_b(app: &TestApp, who: Who) -> Resource {
    let body = json!({ "userId": app.world().user(who), "role": "expert" });
    app.as_secretariat().create(app.b("/members"), body).await
}

/// Adds so many activities to both task forces.
async fn work(app: &TestApp, count: usize) {
    for _ in 0..count {
        let activities = app.b("/activities");
        tokio::join!(app.as_chair().create_activity(json!({})), async {
            app.as_who(Who::OtherChair).post(activities, activity(json!({}))).await.expect(201);
        });
    }
}

#[tokio::test]
async fn a_stream_tells_each_event_of_all_own_task_forces_once_from_any_position() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    seat_in_b(&app, Who::Expert1).await;
    let mut whole = open(&app, Who::Expert1, "", None).await;
    let position = app.as_expert().get("/v1/me/feed?limit=1").await.expect(200).json()["position"].clone();
    work(&app, 6).await;
    let told = take(&mut whole, 12).await;
    let listed = app.as_expert().list("/v1/me/feed").await;
    let listed: BTreeSet<_> =
        listed[..12].iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids(&told), listed, "the stream tells what the list tells");
    let (_, first) = &told[0];
    let sentence = first["sentence"].as_str().unwrap();
    assert!(sentence.contains(" created the activity “"), "{sentence}");
    assert_eq!((&first["unread"], &first["own"]), (&json!(true), &json!(false)));

    // Wherever the connection was lost, the rest is told, and nothing again.
    for lost_after in [0, 3, 7, 11] {
        let mut rest = open(&app, Who::Expert1, "", Some(&told[lost_after].0)).await;
        let expected: BTreeSet<_> = ids(&told[lost_after + 1..]);
        assert_eq!(ids(&take(&mut rest, expected.len()).await), expected, "after {lost_after}");
    }
    // The position of a page of the list continues there, and so does a stream that was behind.
    let after = format!("?after={}", position.as_str().unwrap());
    let mut from_list = open(&app, Who::Expert1, &after, None).await;
    assert_eq!(ids(&take(&mut from_list, 12).await), listed);
    work(&app, 1).await;
    let later = take(&mut from_list, 2).await;
    assert_eq!(ids(&later), ids(&take(&mut whole, 2).await));

    // The mark takes the id of an event.
    let body = json!({ "position": later[1].0 });
    let draft = Draft::new(reqwest::Method::PUT, "/v1/me/feed/mark").json(&body);
    assert_eq!(app.as_expert().send(draft).await.expect(200).json()["unread"], 0);
}

#[tokio::test]
async fn a_stream_follows_the_seats_of_its_reader() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    // A new member is told of the last ten minutes, too.
    app.advance(TimeDelta::minutes(11));
    let mut stream = open(&app, Who::Expert1, "", None).await;
    let seat = seat_in_b(&app, Who::Expert1).await;
    let (_, appointed) = take(&mut stream, 1).await.remove(0);
    assert_eq!(
        (&appointed["action"], &appointed["subject"]["id"]),
        (&json!("member.appointed"), &json!(seat.id()))
    );
    work(&app, 1).await;
    let of: BTreeSet<_> =
        take(&mut stream, 2).await.iter().map(|(_, event)| event["taskForce"]["id"].to_string()).collect();
    assert_eq!(of.len(), 2, "both task forces are told of");

    // The seat ends: the reader is not even told of that, and is told of the other task force all the same.
    let end = json!({ "reason": { "en": "Moved to another city" } });
    app.as_secretariat().command(&seat, "end", end).await.expect(200);
    work(&app, 3).await;
    let told = take(&mut stream, 3).await;
    assert!(told.iter().all(|(_, event)| event["taskForce"]["id"] == app.world().a), "{told:?}");
}

#[tokio::test]
async fn those_who_follow_all_task_forces_are_told_of_new_ones_and_not_of_the_daily_work() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let mut council = open(&app, Who::CouncilMember, "", None).await;
    let mut secretariat = open(&app, Who::Secretariat, "?own=false", None).await;
    work(&app, 1).await;
    let members: Vec<Value> =
        [Who::Chair, Who::Expert1].iter().map(|who| app.world().seat(*who, "expert")).collect();
    let made =
        app.as_administrator().post("/v1/task-forces", task_force("New", &members)).await.expect(201).json();
    let (_, created) = take(&mut council, 1).await.remove(0);
    assert_eq!((&created["action"], &created["subject"]["id"]), (&json!("taskForce.created"), &made["id"]));
    let (_, created) = take(&mut secretariat, 1).await.remove(0);
    assert_eq!(created["subject"]["id"], made["id"]);
    // Nobody is told of an own deed who has left these out.
    let path = format!("/v1/task-forces/{}", made["id"].as_str().unwrap());
    let it = app.as_secretariat().read(path).await;
    app.as_secretariat().patch(&it, json!({ "maxSectors": 4 })).await.expect(200);
    let it = app.as_administrator().reload(&it).await;
    app.as_administrator().patch(&it, json!({ "maxSectors": 5 })).await.expect(200);
    let told = take(&mut secretariat, 3).await;
    let administrator = app.world().user(Who::Administrator);
    assert!(told.iter().all(|(_, event)| event["actor"]["id"] == administrator), "{told:?}");
}

#[tokio::test]
async fn the_stream_of_a_feed_ends_with_the_account_and_with_the_service() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let mut disabled = open(&app, Who::Expert2, "", None).await;
    set_user_state(&app, Who::Expert2, "disabled").await;
    assert_eq!(disabled.next().await.unwrap().end(), "accessEnded");
    assert_eq!(disabled.next().await, None);
    // A person without task forces waits, too.
    let mut stopping = open(&app, Who::Outsider, "", None).await;
    app.app.stop_live();
    assert_eq!(stopping.next().await.unwrap().end(), "serviceStopping");
}

#[tokio::test]
async fn a_position_of_a_feed_that_there_is_not_is_refused() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    expert.get(format!("{STREAM}?after=AAAAAAAAAAAA")).await.expect_field_errors(&["after wrongFormat"]);
    for wrong in ["7", "x y", ""] {
        let draft = Draft::get(STREAM).header("Last-Event-ID", wrong);
        expert.send(draft).await.expect_field_errors(&["Last-Event-ID wrongFormat"]);
    }
    let a: Uuid = app.world().a.parse().unwrap();
    let beyond = Position::behind(app.clock.now(), [(a, Uuid::max())]);
    let path = format!("{STREAM}?after={}", URL_SAFE_NO_PAD.encode(beyond.to_bytes()));
    expert.get(path).await.expect_field_errors(&["after tooLarge"]);
    app.as_who(Who::KeyOfB).get(STREAM).await.expect_problem(403, "insufficientScope");
}
