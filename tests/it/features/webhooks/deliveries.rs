//! The log of deliveries, and what somebody has sent again.

use reqwest::Method;
use serde_json::{Value, json};

use super::{plan, seqs, webhook};
use crate::support::background::BackgroundWork;
use crate::support::certificates::Authority;
use crate::support::client::Draft;
use crate::support::receiver::{Receiver, Reply, app_with};
use crate::support::votes::last_seq;
use crate::support::{Resource, TestApp};

/// The delivery, once it has an outcome.
async fn finished(app: &TestApp, delivery: &Resource) -> Value {
    let query = format!(
        "select count(*) from webhook_deliveries where id = '{}' and finished_at is not null",
        delivery.id()
    );
    app.db_reaches(&query, 1).await;
    app.as_chair().reload(delivery).await.body
}

#[tokio::test]
async fn a_test_and_an_event_are_sent_on_request_also_while_the_webhook_is_paused() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let receiver = Receiver::start(&authority);
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({})).await;
    let paused = chair.send(Draft::new(Method::POST, format!("{}/pause", made.path)));
    assert_eq!(paused.await.expect(200).json()["state"], "paused");
    let _work = BackgroundWork::of(&app);
    plan(&app, 1).await;
    let request = async |body: Value| chair.create(format!("{}/deliveries", made.path), body).await;
    let test = request(json!({})).await;
    assert_eq!(
        (&test["outcome"], &test["eventSeq"], &test["finishedAt"]),
        (&json!("pending"), &json!(null), &json!(null))
    );
    let done = finished(&app, &test).await;
    assert_eq!(
        (&done["outcome"], &done["status"], &done["attempt"]),
        (&json!("delivered"), &json!(204), &json!(1))
    );
    let message = receiver.reaches(1).await.remove(0);
    let sent = message.json();
    assert_eq!((message.id(), &sent["type"]), (test.id(), &json!("webhook.test")));
    assert_eq!(
        sent["data"],
        json!({ "taskForceId": app.world().a, "webhookId": made.id(), "deliveryId": test.id() })
    );

    let event = request(json!({ "eventSeq": 1 })).await;
    assert_eq!((&event["action"], &event["eventSeq"]), (&json!("taskForce.created"), &json!(1)));
    finished(&app, &event).await;
    let message = receiver.reaches(2).await.remove(1);
    assert_eq!((message.seq(), message.id()), (1, event["eventId"].as_str().unwrap()));
    // A failed attempt of a request is the last one, and concerns no other event.
    receiver.replies([Reply::Status(500)]);
    let failed = finished(&app, &request(json!({ "eventSeq": 2 })).await).await;
    assert_eq!(
        (&failed["outcome"], &failed["error"], &failed["status"]),
        (&json!("failed"), &json!("refused"), &json!(500))
    );
    receiver.stays_at(3).await;
    assert_eq!(chair.reload(&made).await["failures"], 0);

    let head = last_seq(&app).await;
    let beyond = json!({ "eventSeq": head + 1 });
    let refused = chair.post(format!("{}/deliveries", made.path), beyond).await;
    refused.expect_problem(400, "unknownReference");
}

#[tokio::test]
async fn a_webhook_continues_where_it_stopped_or_where_it_is_told() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let chair = app.as_chair();
    let from = last_seq(&app).await;
    let made = webhook(chair, &receiver, json!({})).await;
    plan(&app, 2).await;
    receiver.reaches(3).await;
    let command = |name: &str| format!("{}/{name}", made.path);
    let pause = || Draft::new(Method::POST, command("pause"));
    chair.send(pause()).await.expect(200);
    let events = app.db_events().await;
    assert_eq!(chair.send(pause()).await.expect(200).json()["state"], "paused");
    assert_eq!(app.db_events().await, events, "once is enough");
    plan(&app, 2).await;
    receiver.stays_at(3).await;
    // The pause itself is among the events that waited.
    chair.post(command("resume"), json!({})).await.expect(200);
    let received = receiver.reaches(7).await;
    assert_eq!(seqs(&received), (from + 1..=from + 7).collect::<Vec<_>>());

    // Again from the second event on.
    chair.post(command("resume"), json!({ "after": from + 1 })).await.expect(200);
    let received = receiver.reaches(14).await;
    assert_eq!(seqs(&received)[7..], (from + 2..=from + 8).collect::<Vec<_>>());
    assert_eq!(received[7].id(), received[1].id());
    receiver.stays_at(14).await;

    // What waits is left out.
    chair.send(pause()).await.expect(200);
    plan(&app, 5).await;
    let head = last_seq(&app).await;
    chair.post(command("resume"), json!({ "after": head })).await.expect(200);
    let received = receiver.reaches(15).await;
    assert_eq!(received[14].json()["type"], "webhook.transitioned");
    assert_eq!(received[14].seq(), head + 1);

    let beyond = json!({ "after": head + 100 });
    chair.post(command("resume"), beyond).await.expect_field_errors(&["/after tooLarge"]);
}

#[tokio::test]
async fn the_log_is_bounded_and_keeps_what_was_set_aside() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let receiver = Receiver::start(&authority);
    let chair = app.as_chair();
    let made = webhook(chair, &receiver, json!({ "actions": ["activity.created"] })).await;
    let fill = "insert into webhook_deliveries
            (task_force_id, id, webhook_id, event_id, event_seq, outcome, attempt, created_at, finished_at)
        select task_force_id, gen_random_uuid(), id, gen_random_uuid(), n,
               case when n <= 210 then 'setAside' else 'failed' end, 1, now(), now()
        from webhooks, generate_series(1, 500) n";
    app.db().await.execute(fill, &[]).await.unwrap();
    let _work = BackgroundWork::of(&app);
    plan(&app, 1).await;
    receiver.reaches(1).await;
    app.db_reaches(
        "select count(*) from webhook_positions where claim is null and last_delivered_at is not null",
        1,
    )
    .await;
    let kept = "select count(*) from webhook_deliveries";
    assert_eq!(app.db_count(kept).await, 400);
    assert_eq!(app.db_count(&format!("{kept} where outcome = 'setAside' and event_seq > 10")).await, 200);
    let newest = chair.get(format!("{}/deliveries?limit=1", made.path)).await.expect(200).json();
    assert_eq!(newest["items"][0]["outcome"], "delivered");
}

#[tokio::test]
async fn what_one_person_can_add_is_bounded() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let new = json!({ "name": "City dashboard", "url": "https://hooks.city.example/" });
    let mut made = None;
    for _ in 0..10 {
        made = Some(chair.create(app.a("/webhooks"), new.clone()).await);
    }
    chair.post(app.a("/webhooks"), new).await.expect_problem(409, "tooManyItems");
    let made = made.unwrap();
    for _ in 0..20 {
        chair.create(format!("{}/deliveries", made.path), json!({})).await;
    }
    let path = format!("{}/deliveries", made.path);
    chair.post(path, json!({})).await.expect_problem(409, "tooManyItems");
    chair.delete(&made).await.expect(204);
    chair.get(made.path.as_str()).await.expect_problem(404, "notFound");
    for table in ["webhook_secrets", "webhook_positions", "webhook_deliveries"] {
        let left = format!("select count(*) from {table} where webhook_id = '{}'", made.id());
        assert_eq!(app.db_count(&left).await, 0, "{table}");
    }
}
