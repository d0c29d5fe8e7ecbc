//! Receivers in trouble: every event arrives all the same, in order, and twice only under the same `webhook-id`.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{plan, seqs, webhook};
use crate::support::background::BackgroundWork;
use crate::support::certificates::Authority;
use crate::support::receiver::{Receiver, Reply, app_with, expect_in_order};
use crate::support::votes::last_seq;
use crate::support::{Resource, TestApp};

/// The attempts of a webhook, oldest first: outcome, status and error.
async fn attempts(app: &TestApp, webhook: &Resource) -> Vec<(String, Value, Value)> {
    let mut listed = app.as_chair().list(&format!("{}/deliveries", webhook.path)).await;
    listed.reverse();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    listed
        .iter()
        .map(|each| (text(&each["outcome"]), each["status"].clone(), each["error"].clone()))
        .collect()
}

/// Waits until so many attempts have ended.
async fn db_attempts_reach(app: &TestApp, count: usize) {
    let query = "select count(*) from webhook_deliveries where finished_at is not null";
    app.db_reaches(query, i64::try_from(count).unwrap()).await;
}

#[tokio::test]
async fn an_event_is_attempted_until_the_receiver_confirms_it_and_later_events_wait() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let (receiver, other) = (Receiver::start(&authority), Receiver::start(&authority));
    receiver.replies([
        Reply::Status(500),
        Reply::HalfAnAnswer,
        Reply::Nothing,
        Reply::Redirect(other.url("/elsewhere")),
        Reply::Status(404),
        Reply::Status(200),
    ]);
    let from = last_seq(&app).await;
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    plan(&app, 3).await;
    for failures in 1..=5_usize {
        db_attempts_reach(&app, failures).await;
        let shown = app.as_chair().reload(&made).await;
        assert_eq!((&shown["failures"], &shown["position"]), (&json!(failures), &json!(from)));
        assert!(shown["failingSince"].is_string() && shown["nextAttemptAt"].is_string());
        // Not before its time, whatever happens meanwhile.
        plan(&app, 1).await;
        receiver.stays_at(failures).await;
        app.advance(TimeDelta::hours(1));
        plan(&app, 1).await;
    }
    let to = last_seq(&app).await;
    let received = receiver.reaches(5 + usize::try_from(to - from).unwrap()).await;
    expect_in_order(&received, from, to);
    assert_eq!(seqs(&received)[..6], [from + 1; 6]);
    assert!(other.received().is_empty(), "a redirect is not followed");
    let expected = [
        ("failed", json!(500), json!("refused")),
        ("failed", json!(200), json!("connectionLost")),
        ("failed", json!(null), json!("connectionLost")),
        ("failed", json!(302), json!("redirected")),
        ("failed", json!(404), json!("refused")),
        ("delivered", json!(200), json!(null)),
    ];
    let expected = expected.map(|(outcome, status, error)| (outcome.to_owned(), status, error));
    assert_eq!(attempts(&app, &made).await[..6], expected);
    let shown = app.as_chair().reload(&made).await;
    assert_eq!((&shown["failures"], &shown["failingSince"]), (&json!(0), &json!(null)));
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else_and_is_left_after_ten_seconds() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let hanging: Vec<Receiver> = (0..9).map(|_| Receiver::start(&authority)).collect();
    for one in &hanging {
        one.always(Some(Reply::Hang));
        webhook(app.as_secretariat(), one, json!({ "actions": ["activity.created"] })).await;
    }
    let made = webhook(app.as_chair(), &receiver, json!({ "actions": ["activity.created"] })).await;
    let begun = Instant::now();
    plan(&app, 3).await;
    let received = receiver.reaches(3).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(seqs(&received).len(), 3);
    for one in &hanging {
        one.reaches(1).await;
    }
    db_attempts_reach(&app, 3 + hanging.len()).await;
    let timed_out = "select count(*) from webhook_deliveries where error = 'timedOut' and status is null
        and milliseconds between 9000 and 19000";
    assert_eq!(app.db_count(timed_out).await, 9);
    assert_eq!(attempts(&app, &made).await.len(), 3);
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_not_read() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    receiver.replies([Reply::Long(10 * 1024 * 1024)]);
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    plan(&app, 1).await;
    receiver.reaches(2).await;
    db_attempts_reach(&app, 2).await;
    assert_eq!(attempts(&app, &made).await[0], ("delivered".to_owned(), json!(200), json!(null)));
    // What the buffers of both ends hold has left the receiver.
    assert!(receiver.bytes_sent() < 8 * 1024 * 1024, "{} bytes", receiver.bytes_sent());
}

#[tokio::test]
async fn a_receiver_that_is_away_for_days_is_disabled_and_gets_everything_once_it_is_resumed() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    receiver.always(Some(Reply::Status(503)));
    let from = last_seq(&app).await;
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    let disabled = "select count(*) from webhooks where state = 'disabled'";
    let mut tried = 1;
    db_attempts_reach(&app, tried).await;
    while app.db_count(disabled).await == 0 {
        app.advance(TimeDelta::hours(9));
        plan(&app, 1).await;
        tried += 1;
        db_attempts_reach(&app, tried).await;
        assert!(tried < 40, "never disabled");
        // The worker gives its claim back once it has decided what follows.
        app.db_reaches("select count(*) from webhook_positions where claim is null", 1).await;
    }
    assert!((13..20).contains(&tried), "{tried} attempts in five days");
    let shown = app.as_chair().reload(&made).await;
    assert_eq!((&shown["state"], &shown["position"]), (&json!("disabled"), &json!(from)));
    let events = app.as_chair().list(&app.a("/events?action=webhook.transitioned")).await;
    assert_eq!(
        (
            &events[0]["actor"]["kind"],
            &events[0]["from"],
            &events[0]["to"],
            &events[0]["subject"]["title"]["en"]
        ),
        (&json!("system"), &json!("active"), &json!("disabled"), &json!("City dashboard"))
    );
    // The chain holds.
    let verified = app.as_administrator().get(app.a("/audit/verification")).await;
    assert_eq!(verified.status, 200, "{}", verified.text());

    app.advance(TimeDelta::days(1));
    plan(&app, 1).await;
    receiver.stays_at(tried).await;
    receiver.always(None);
    let resumed = app.as_chair().post(format!("{}/resume", made.path), json!({})).await.expect(200).json();
    assert_eq!((&resumed["state"], &resumed["failures"]), (&json!("active"), &json!(0)));
    let to = last_seq(&app).await;
    let received = receiver.reaches(tried + usize::try_from(to - from).unwrap()).await;
    expect_in_order(&received, from, to);
}

#[tokio::test]
async fn a_receiver_that_says_that_it_is_gone_is_disabled_at_once() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    receiver.always(Some(Reply::Status(410)));
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    app.db_reaches("select count(*) from webhooks where state = 'disabled'", 1).await;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(app.as_chair().reload(&made).await["state"], "disabled");
}

#[tokio::test]
async fn an_event_that_the_receiver_alone_refuses_is_set_aside_and_can_be_sent_again() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    receiver.replies(vec![Reply::Status(422); 8]);
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({ "actions": ["activity.created"] })).await;
    plan(&app, 2).await;
    for attempt in 1..=8 {
        db_attempts_reach(&app, attempt).await;
        app.advance(TimeDelta::hours(6));
        app.as_chair().post(app.a("/health-statements"), json!({ "health": "onTrack" })).await.expect(201);
    }
    let received = receiver.reaches(9).await;
    let all = seqs(&received);
    assert_eq!((all[0], all[7], all[8]), (all[0], all[0], all[0] + 1), "{all:?}");
    let set_aside = app.as_chair().list(&format!("{}/deliveries?outcome=setAside", made.path)).await;
    assert_eq!(
        (&set_aside[0]["eventSeq"], &set_aside[0]["attempt"], &set_aside[0]["status"], set_aside.len()),
        (&json!(all[0]), &json!(8), &json!(422), 1)
    );
    let again = json!({ "eventSeq": all[0] });
    app.as_chair().post(format!("{}/deliveries", made.path), again).await.expect(201);
    let again = receiver.reaches(10).await.remove(9);
    assert_eq!((again.seq(), again.id()), (all[0], received[0].id()));
}

#[tokio::test]
async fn a_worker_that_ends_in_the_middle_leaves_its_event_to_the_next_one() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let receiver = Receiver::start(&authority);
    let from = last_seq(&app).await;
    webhook(app.as_chair(), &receiver, json!({})).await;
    plan(&app, 4).await;
    receiver.replies([Reply::Status(204), Reply::Hang]);
    let first = BackgroundWork::of(&app);
    // The second message has arrived, and its delivery is not noted.
    receiver.reaches(2).await;
    drop(first);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _second = BackgroundWork::of(&app);
    receiver.stays_at(2).await;
    let expire = "update webhook_positions set claimed_until = now() - interval '1 second'";
    app.db().await.execute(expire, &[]).await.unwrap();
    let received = receiver.reaches(6).await;
    assert_eq!(seqs(&received), [1, 2, 2, 3, 4, 5].map(|place| from + place));
    assert_eq!(received[1].id(), received[2].id());
    receiver.stays_at(6).await;
}

#[tokio::test]
async fn several_workers_share_the_deliveries_and_double_none() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let receivers: Vec<Receiver> = (0..4).map(|_| Receiver::start(&authority)).collect();
    let from = last_seq(&app).await;
    for receiver in &receivers {
        webhook(app.as_chair(), receiver, json!({})).await;
    }
    let _workers = [BackgroundWork::of(&app), BackgroundWork::of(&app), BackgroundWork::of(&app)];
    plan(&app, 30).await;
    let to = last_seq(&app).await;
    for (made, receiver) in receivers.iter().enumerate() {
        // A webhook begins with the event of its own creation.
        let from = from + i64::try_from(made).unwrap();
        let received = receiver.reaches(usize::try_from(to - from).unwrap()).await;
        assert_eq!(seqs(&received), (from + 1..=to).collect::<Vec<_>>());
    }
    for (made, receiver) in receivers.iter().enumerate() {
        receiver.stays_at(usize::try_from(to - from).unwrap() - made).await;
    }
}
