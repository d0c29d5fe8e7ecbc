//! Live events: nobody has to ask again and again, and nothing is missed or told twice.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use taskforce::app::caller::{Caller, Credential};
use taskforce::app::live::{StreamItem, WAITING_PER_USER};
use taskforce::db::events::EventFilter;

use crate::support::app::PASSWORD;
use crate::support::background::BackgroundWork;
use crate::support::client::Draft;
use crate::support::sign_in::sign_in;
use crate::support::streams::Stream;
use crate::support::{Setup, TestApp, Who};

/// The number of the last event of task force A.
async fn head(app: &TestApp) -> i64 {
    let page = app.as_chair().get(app.a("/events?limit=1")).await.expect(200).json();
    page["lastSeq"].as_i64().unwrap()
}

async fn plan(app: &TestApp, count: usize) {
    join_all((0..count).map(|_| app.as_chair().create_activity(json!({})))).await;
}

#[tokio::test]
async fn a_stream_tells_each_event_once_and_in_order_from_any_position() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let before = head(&app).await;
    let token = app.token(Who::Chair).await.unwrap();
    let path = app.a("/events/stream");
    let mut from_the_first = Stream::open(&app, Who::Expert1, "?after=0").await;
    let mut from_the_head = Stream::open(&app, Who::Secretariat, "").await;
    // While events are committed, a third client connects in the middle.
    let position = (before - 2).to_string();
    let (third, ()) = tokio::join!(Stream::open_with(&app, &token, &path, Some(&position)), plan(&app, 20));
    let mut from_the_middle = third;

    let end = head(&app).await;
    assert_eq!(end, before + 20);
    let all = |from: i64| (from + 1..=end).collect::<Vec<_>>();
    assert_eq!(from_the_first.take(usize::try_from(end).unwrap()).await, all(0));
    assert_eq!(from_the_head.take(20).await, all(before));
    assert_eq!(from_the_middle.take(22).await, all(before - 2));

    // What a stream tells is what the list tells.
    plan(&app, 1).await;
    let streamed = from_the_head.next().await.unwrap().data;
    let listed = app.as_chair().get(app.a(&format!("/events?after={end}"))).await.expect(200).json();
    assert_eq!(streamed, listed["items"][0]);
    assert_eq!(from_the_first.next().await.unwrap().data, streamed);
}

#[tokio::test]
async fn a_stream_that_was_not_read_for_a_while_misses_nothing() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let token = app.token(Who::Chair).await.unwrap();
    let claims = app.app.tokens.verify(&token, app.clock.now()).unwrap();
    let caller = Caller::new(claims.user_id, Credential::Session(claims.session_id), "test".to_owned());
    let id = app.world().a.parse().unwrap();
    let before = head(&app).await;
    let mut stream = app.app.events_stream(caller, id, EventFilter::default(), None).await.unwrap();
    // More events than are kept for a stream that is behind.
    for _ in 0..15 {
        plan(&app, 20).await;
    }
    for seq in before + 1..=before + 300 {
        match stream.next().await {
            StreamItem::Event(event) => assert_eq!(event.seq(), seq),
            other => panic!("{other:?} instead of {seq}"),
        }
    }
}

#[tokio::test]
async fn a_stream_tells_only_what_it_was_asked_for() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let activity = app.as_chair().create_activity(json!({})).await;
    let mut of_subject = Stream::open(&app, Who::Expert1, &format!("?subject={}", activity.id())).await;
    let mut of_action = Stream::open(&app, Who::Expert1, "?action=activity.transitioned").await;
    plan(&app, 3).await;
    app.as_chair().transition(&activity, "inProgress").await;
    for stream in [&mut of_subject, &mut of_action] {
        let event = stream.next().await.unwrap().data;
        assert_eq!(
            (&event["action"], &event["subject"]["id"]),
            (&json!("activity.transitioned"), &json!(activity.id()))
        );
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_read() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let path = app.a("/events/stream");

    // The session ends.
    let tokens = sign_in(&app, &Who::Expert1.email(), PASSWORD).await.expect(200).json();
    let mut stream = Stream::open_with(&app, tokens["accessToken"].as_str().unwrap(), &path, None).await;
    let out = json!({ "refreshToken": tokens["refreshToken"] });
    app.as_anybody().post("/v1/auth/logout", out).await.expect(204);
    assert_eq!(stream.next().await.unwrap().end(), "accessEnded");
    assert_eq!(stream.next().await, None);

    // The user is disabled.
    let mut stream = Stream::open(&app, Who::CouncilMember, "").await;
    crate::support::sign_in::set_user_state(&app, Who::CouncilMember, "disabled").await;
    assert_eq!(stream.next().await.unwrap().end(), "accessEnded");

    // The seat ends: the member is not told even of that.
    let mut stream = Stream::open(&app, Who::Expert1, "").await;
    let mut others = Stream::open(&app, Who::Chair, "").await;
    let members = app.as_chair().list(&app.a("/members")).await;
    let seat = members.iter().find(|member| member["userId"] == app.world().user(Who::Expert1)).unwrap();
    let seat = app.as_chair().read(app.a(&format!("/members/{}", seat["id"].as_str().unwrap()))).await;
    let body = json!({ "reason": { "en": "Moved to another city" } });
    app.as_chair().command(&seat, "end", body).await.expect(200);
    assert_eq!(stream.next().await.unwrap().end(), "accessEnded");
    assert_eq!(others.next().await.unwrap().data["action"], "member.ended");
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_service() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let mut expiring = Stream::open(&app, Who::Expert1, "").await;
    app.advance(TimeDelta::minutes(16));
    plan(&app, 1).await;
    assert_eq!(expiring.next().await.unwrap().end(), "credentialExpired");

    let mut stopping = Stream::open(&app, Who::Expert1, "").await;
    let chair = app.as_chair();
    let waiting = chair.get(app.a(&format!("/events?after={}&wait=30", head(&app).await)));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.app.stop_live();
    };
    let (answer, ()) = tokio::join!(waiting, stop);
    assert_eq!(answer.expect(200).json()["items"], json!([]));
    assert_eq!(stopping.next().await.unwrap().end(), "serviceStopping");
    assert_eq!(stopping.next().await, None);
}

#[tokio::test]
async fn a_position_that_there_is_not_is_refused() {
    let app = TestApp::start().await;
    let end = head(&app).await;
    let path = app.a("/events/stream");
    for id in [(end + 1).to_string(), "-1".to_owned(), "last".to_owned(), String::new()] {
        let draft = Draft::get(&path).header("Last-Event-ID", &id);
        let problem = app.as_chair().send(draft).await.expect_problem(400, "invalidRequest");
        assert!(problem["errors"][0]["parameter"].is_string(), "{id}: {problem}");
    }
    app.as_chair().get(format!("{path}?after={}", end + 1)).await.expect_problem(400, "invalidRequest");
    app.as_chair().get(format!("{path}?after=-1")).await.expect_problem(400, "invalidRequest");
    app.as_chair().get(format!("{path}?limit=5")).await.expect_problem(400, "invalidRequest");
}

#[tokio::test]
async fn events_of_another_process_arrive_too() {
    let first = TestApp::start().await;
    let second = TestApp::over(first.database.clone(), Setup::default()).await;
    let (_first, _second) = (BackgroundWork::of(&first), BackgroundWork::of(&second));
    let token = first.token(Who::Chair).await.unwrap();
    let mut stream = Stream::open_with(&second, &token, &first.a("/events/stream"), None).await;
    let before = head(&first).await;
    plan(&first, 5).await;
    assert_eq!(stream.take(5).await, (before + 1..=before + 5).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_list_waits_for_an_event_and_no_longer_than_it_is_asked_to() {
    let app = TestApp::start().await;
    let end = head(&app).await;
    let begun = Instant::now();
    let chair = app.as_chair();
    let waiting = chair.get(app.a(&format!("/events?after={end}&wait=30")));
    let write = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        plan(&app, 1).await;
    };
    let (answer, ()) = tokio::join!(waiting, write);
    let page = answer.expect(200).json();
    assert_eq!(page["items"][0]["seq"], end + 1);
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());

    // Nothing that matches happens.
    let begun = Instant::now();
    let query = format!("/events?after={}&action=policy.created&wait=1", end + 1);
    let (answer, ()) = tokio::join!(chair.get(app.a(&query)), plan(&app, 1));
    let page = answer.expect(200).json();
    assert_eq!((&page["items"], &page["lastSeq"]), (&json!([]), &json!(end + 2)));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    chair.get(app.a("/events?wait=31")).await.expect_problem(400, "invalidRequest");
}

#[tokio::test]
async fn lists_that_wait_pass_over_what_does_not_match_and_find_what_does() {
    let app = TestApp::start().await;
    let activity = app.as_chair().create_activity(json!({})).await;
    let end = head(&app).await;
    let chair = app.as_chair();
    // From the first event on; more lists than may read at the same time.
    let query = format!("/events?subject={}&action=activity.transitioned&wait=20", activity.id());
    let queries = [query.clone(), format!("{query}&after={end}"), format!("{query}&count=true")];
    let lists = join_all((0..12).map(|at| chair.get(app.a(&queries[at % queries.len()]))));
    let write = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        plan(&app, 3).await;
        chair.transition(&activity, "inProgress").await;
    };
    let (answers, ()) = tokio::join!(lists, write);
    for answer in answers {
        let page = answer.expect(200).json();
        let seqs: Vec<_> = page["items"].as_array().unwrap().iter().map(|event| &event["seq"]).collect();
        assert_eq!(seqs, [&json!(end + 4)], "{page}");
        assert_eq!(page["lastSeq"], end + 4);
    }
}

#[tokio::test]
async fn a_user_has_a_limited_number_of_streams() {
    let app = TestApp::start().await;
    let _work = BackgroundWork::of(&app);
    let mut streams = Vec::new();
    for _ in 0..WAITING_PER_USER {
        streams.push(Stream::open(&app, Who::Expert1, "").await);
    }
    let refused = app.as_expert().get(app.a("/events/stream")).await.expect_problem(503, "unavailable");
    assert!(refused["detail"].as_str().unwrap().contains("Close a stream"), "{refused}");
    Stream::open(&app, Who::Chair, "").await;
    // A stream that was closed frees its place.
    streams.clear();
    let free = async {
        loop {
            let answer: Value = match app.as_expert().get(app.a("/events?wait=1&limit=1")).await {
                answer if answer.status == 200 => return answer.json(),
                answer => answer.json(),
            };
            assert_eq!(answer["code"], "unavailable");
            // The service notices a closed connection when it writes to it.
            plan(&app, 1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(50), free).await.expect("a place");
}
