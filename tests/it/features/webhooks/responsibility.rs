//! The person who is responsible for a webhook: events are sent by their right, and by nobody else's.

use reqwest::Method;
use serde_json::{Value, json};

use super::{plan, seqs, webhook};
use crate::support::background::BackgroundWork;
use crate::support::certificates::Authority;
use crate::support::client::Draft;
use crate::support::receiver::{Receiver, app_with};
use crate::support::votes::last_seq;
use crate::support::{TestApp, Who};

/// Gives the chair of task force A to a member.
async fn chair_to(app: &TestApp, who: Who) {
    let secretariat = app.as_secretariat();
    let seat = secretariat.read(app.a(&format!("/members/{}", app.world().member(who)))).await;
    secretariat.patch(&seat, json!({ "role": "chair" })).await.expect(200);
}

#[tokio::test]
async fn a_webhook_is_withheld_while_the_responsible_person_may_not_make_it() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let from = last_seq(&app).await;
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    receiver.reaches(1).await;
    let secretariat = app.as_secretariat();
    let shown = async || secretariat.reload(&made).await.body;
    assert_eq!(shown().await["responsible"]["name"]["en"], "Chair");

    chair_to(&app, Who::Expert1).await;
    plan_as(&app, Who::Expert1, 2).await;
    receiver.stays_at(1).await;
    assert_eq!(shown().await["state"], "withheld");
    // A test is not sent either.
    let test = secretariat.create(format!("{}/deliveries", made.path), json!({})).await;
    let done =
        format!("select count(*) from webhook_deliveries where id = '{}' and outcome = 'failed'", test.id());
    app.db_reaches(&done, 1).await;
    assert_eq!(secretariat.reload(&test).await["error"], "withheld");
    receiver.stays_at(1).await;

    // The next chair takes the webhook over, and nothing is lost.
    let resumed =
        app.as_who(Who::Expert1).post(format!("{}/resume", made.path), json!({})).await.expect(200).json();
    assert_eq!(
        (&resumed["state"], &resumed["responsible"]["name"]["en"]),
        (&json!("active"), &json!("Expert1"))
    );
    let to = last_seq(&app).await;
    let received = receiver.reaches(usize::try_from(to - from).unwrap()).await;
    assert_eq!(seqs(&received), (from + 1..=to).collect::<Vec<_>>());
}

async fn plan_as(app: &TestApp, who: Who, count: usize) {
    for _ in 0..count {
        app.as_who(who).create_activity(json!({})).await;
    }
}

#[tokio::test]
async fn a_new_invitation_takes_the_responsibility_and_a_disabled_person_has_none() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let receiver = Receiver::start(&authority);
    let made = webhook(app.as_chair(), &receiver, json!({ "actions": ["activity.created"] })).await;
    let (administrator, secretariat) = (app.as_administrator(), app.as_secretariat());
    let shown = async || secretariat.reload(&made).await.body;
    let user = administrator.read(format!("/v1/users/{}", app.world().user(Who::Chair))).await;
    let user = administrator.transition_because(&user, "disabled", "On leave").await;
    assert_eq!(shown().await["state"], "withheld");
    administrator.transition(&user, "active").await;
    assert_eq!(shown().await["state"], "active");

    let invite = Draft::new(Method::POST, format!("{}/invitations", user.path));
    administrator.send(invite).await.expect(201);
    let withheld = shown().await;
    assert_eq!((&withheld["state"], &withheld["responsible"]), (&json!("withheld"), &Value::Null));
    plan_as(&app, Who::Expert1, 1).await;
    receiver.stays_at(0).await;
    // A change by somebody with the right is enough.
    let now = secretariat.reload(&made).await;
    let changed = secretariat.patch(&now, json!({ "name": "Data platform" })).await.expect(200).json();
    assert_eq!(
        (&changed["state"], &changed["responsible"]["name"]["en"]),
        (&json!("active"), &json!("Secretariat"))
    );
    secretariat
        .post(format!("{}/resume", made.path), json!({ "after": changed["position"] }))
        .await
        .expect(200);
    receiver.reaches(1).await;
}

#[tokio::test]
async fn a_webhook_that_is_deleted_or_moved_stops_at_once() {
    let authority = Authority::new("city");
    let app = app_with(&authority).await;
    let _work = BackgroundWork::of(&app);
    let (first, second) = (Receiver::start(&authority), Receiver::start(&authority));
    let chair = app.as_chair();
    let made = webhook(chair, &first, json!({ "actions": ["activity.created"] })).await;
    plan(&app, 1).await;
    first.reaches(1).await;
    let moved = chair.patch(&chair.reload(&made).await, json!({ "url": second.url("/") })).await.expect(200);
    plan(&app, 1).await;
    second.reaches(1).await;
    chair.delete(&crate::support::Resource { path: made.path.clone(), ..moved.resource() }).await.expect(204);
    plan(&app, 1).await;
    second.stays_at(1).await;
    first.stays_at(1).await;
    let events = chair.list(&app.a("/events?action=webhook.updated,webhook.deleted")).await;
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("/hook"), "an address is not among the events: {text}");
    assert_eq!(events[1]["subject"]["title"]["en"], "City dashboard");
}
