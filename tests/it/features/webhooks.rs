//! Webhooks: events reach another system in order and signed, whatever the receiver does, and go nowhere else.

mod addresses;
mod deliveries;
mod responsibility;
mod trouble;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use taskforce::app::clock::Clock;

use crate::support::background::BackgroundWork;
use crate::support::certificates::Authority;
use crate::support::client::with;
use crate::support::receiver::{Received, Receiver, app_with, webhooks_to};
use crate::support::votes::{events_after, ready_policy_step, submit, vote};
use crate::support::{Client, Resource, Setup, TestApp, Who};

/// Makes a webhook of task force A to a receiver.
async fn webhook(client: Client<'_>, receiver: &Receiver, fields: Value) -> Resource {
    let new = json!({ "name": "City dashboard", "url": receiver.url("/hook") });
    client.create(client.app.a("/webhooks"), with(new, fields)).await
}

async fn plan(app: &TestApp, count: usize) {
    for _ in 0..count {
        app.as_chair().create_activity(json!({})).await;
    }
}

fn seqs(received: &[Received]) -> Vec<i64> {
    received.iter().map(Received::seq).collect()
}

#[tokio::test]
async fn events_arrive_in_order_signed_and_as_the_api_answers_them() {
    let authority = Authority::new("city");
    // The library of the receiver compares the time of a message with the system's clock.
    let now: DateTime<Utc> = Clock::default().now();
    let setup = Setup { now, webhooks: Some(webhooks_to(&authority)), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    assert_eq!((&made["state"], &made["secretShown"]), (&json!("active"), &json!(true)));
    let from = made["position"].as_i64().unwrap();
    plan(&app, 5).await;

    let received = receiver.reaches(6).await;
    let events = events_after(&app, from).await;
    assert_eq!(events[0]["action"], "webhook.created", "the first message says that the webhook works");
    let verifier = Webhook::new(made["secret"].as_str().unwrap()).unwrap();
    let other = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    assert_eq!(received.len(), events.len());
    for (message, event) in received.iter().zip(&events) {
        verifier.verify(message.body.as_bytes(), &message.headers).unwrap();
        other.verify(message.body.as_bytes(), &message.headers).unwrap_err();
        assert_eq!(message.path, "/hook");
        assert_eq!(message.header("content-type"), "application/json");
        let expected = json!({ "type": event["action"], "timestamp": event["at"], "data": event });
        assert_eq!((message.json(), message.id()), (expected, event["id"].as_str().unwrap()));
    }
    let shown = app.as_chair().reload(&made).await;
    assert_eq!((&shown["position"], &shown["lastSeq"]), (&events[5]["seq"], &events[5]["seq"]));
    assert_eq!((&shown["failures"], shown.body.get("secret")), (&json!(0), None));
    assert!(shown["lastDeliveredAt"].is_string());
}

#[tokio::test]
async fn only_events_with_the_chosen_actions_are_sent() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({ "actions": ["activity.transitioned"] })).await;
    let activity = chair.create_activity(json!({})).await;
    chair.transition(&activity, "inProgress").await;
    let received = receiver.reaches(1).await;
    assert_eq!(received[0].json()["type"], "activity.transitioned");
    receiver.stays_at(1).await;
    let shown = chair.reload(&made).await;
    assert_eq!(shown["position"], shown["lastSeq"], "events that are not sent are done with");

    chair.patch(&shown, json!({ "actions": ["comment.created"] })).await.expect(200);
    chair.transition_because(&chair.reload(&activity).await, "blocked", "Rain").await;
    chair.create(format!("{}/comments", activity.path), json!({ "text": "It rains." })).await;
    let received = receiver.reaches(2).await;
    assert_eq!(received[1].json()["data"]["changes"]["text"]["after"], "It rains.");
}

#[tokio::test]
async fn a_vote_is_sent_without_the_choice_also_when_it_is_over() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    ready_policy_step(&app).await;
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({ "actions": ["vote.cast"] })).await;
    let submission = submit(chair, "policy").await;
    for who in [Who::Chair, Who::Expert1, Who::Expert2, Who::Expert3] {
        vote(app.as_who(who), &submission, "approve").await;
    }
    assert_eq!(chair.reload(&submission).await["state"], "passed");
    let received = receiver.reaches(4).await;
    // Sent again, a message has the same body.
    let seq = received[0].seq();
    chair.post(format!("{}/deliveries", made.path), json!({ "eventSeq": seq })).await.expect(201);
    let again = receiver.reaches(5).await.remove(4);
    assert_eq!((again.id(), &again.body), (received[0].id(), &received[0].body));
    for message in received {
        let changes = message.json()["data"]["changes"].as_object().unwrap().clone();
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["memberId"], "{}", message.body);
        assert!(!message.body.contains("approve"), "{}", message.body);
    }
}

#[tokio::test]
async fn two_secrets_are_valid_for_a_day_after_a_renewal() {
    let authority = Authority::new("city");
    let now: DateTime<Utc> = Clock::default().now();
    let setup = Setup { now, webhooks: Some(webhooks_to(&authority)), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({ "actions": ["webhook.secretRenewed"] })).await;
    let renew = async |body: Value| chair.post(format!("{}/secret", made.path), body).await;
    let renewed = renew(json!({})).await.expect(200).json();
    assert!(renewed["previousSecretExpiresAt"].is_string());
    let verifies = |secret: &Value, message: &Received| {
        let verifier = Webhook::new(secret.as_str().unwrap()).unwrap();
        verifier.verify(message.body.as_bytes(), &message.headers).is_ok()
    };
    let message = receiver.reaches(1).await.remove(0);
    assert!(verifies(&made["secret"], &message) && verifies(&renewed["secret"], &message));
    assert_eq!(message.header("webhook-signature").split(' ').count(), 2);

    renew(json!({})).await.expect_problem(409, "tooManyItems");
    let last = renew(json!({ "keepPrevious": false })).await.expect(200).json();
    assert_eq!(last["previousSecretExpiresAt"], Value::Null);
    let message = receiver.reaches(2).await.remove(1);
    assert!(verifies(&last["secret"], &message), "{message:?}");
    assert!(!verifies(&renewed["secret"], &message) && !verifies(&made["secret"], &message));

    // A day later, the secret before ends.
    let next = renew(json!({})).await.expect(200).json();
    receiver.reaches(3).await;
    app.advance(TimeDelta::hours(24));
    let shown = chair.reload(&made).await;
    assert_eq!(shown["previousSecretExpiresAt"], Value::Null);
    renew(json!({})).await.expect(200);
    let message = receiver.reaches(4).await.remove(3);
    // The secret of the day before and the newest one.
    assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
    let bytes = |secret: &Value| Webhook::new(secret.as_str().unwrap()).unwrap();
    let timestamp = message.header("webhook-timestamp").parse().unwrap();
    let signed =
        |secret: &Value| bytes(secret).sign(message.id(), timestamp, message.body.as_bytes()).unwrap();
    assert!(message.header("webhook-signature").contains(&signed(&next["secret"])));
    assert!(!message.header("webhook-signature").contains(&signed(&last["secret"])));
}
