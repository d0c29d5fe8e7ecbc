//! Addresses to which the service does not send, at the creation of a webhook and at each delivery.

use serde_json::{Value, json};

use super::{plan, webhook};
use crate::support::background::BackgroundWork;
use crate::support::certificates::Authority;
use crate::support::receiver::{Receiver, webhooks, webhooks_to};
use crate::support::{Resource, Setup, TestApp};

/// The error of the first attempt of a webhook.
async fn first_error(app: &TestApp, made: &Resource) -> Value {
    app.db_reaches("select count(*) from webhook_deliveries where finished_at is not null", 1).await;
    app.as_chair().list(&format!("{}/deliveries", made.path)).await.pop().unwrap()["error"].clone()
}

#[tokio::test]
async fn an_address_that_is_no_receiver_on_the_internet_is_refused() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (url, expected) in [
        ("http://hooks.city.example/", "/url wrongFormat"),
        ("hooks.city.example/a", "/url wrongFormat"),
        ("https://user:secret@hooks.city.example/", "/url notAllowed"),
        ("https://hooks.city.example/#part", "/url notAllowed"),
        ("https://hooks.city.example:25/", "/url notAllowed"),
        ("https://localhost:8443/", "/url notAllowed"),
        ("https://127.0.0.1/", "/url notAllowed"),
        ("https://0x7f.1/", "/url notAllowed"),
        ("https://[::ffff:10.0.0.1]/", "/url notAllowed"),
        ("https://169.254.169.254/latest/", "/url notAllowed"),
    ] {
        let new = json!({ "name": "City dashboard", "url": url });
        chair.post(app.a("/webhooks"), new).await.expect_field_errors(&[expected]);
    }
    let made = json!({ "name": "City dashboard", "url": "https://hooks.city.example:8443/a?key=1" });
    let made = chair.create(app.a("/webhooks"), made).await;
    let local = json!({ "url": "https://10.0.0.1/" });
    chair.patch(&made, local).await.expect_field_errors(&["/url notAllowed"]);
    let twice = json!({ "name": "x", "url": "https://a.example/", "actions": ["vote.cast", "vote.cast"] });
    chair.post(app.a("/webhooks"), twice).await.expect_field_errors(&["/actions duplicate"]);
}

#[tokio::test]
async fn a_host_whose_address_is_not_allowed_gets_nothing() {
    let authority = Authority::new("city");
    // Only one of the two networks that `localhost` has addresses in.
    let setup = Setup { webhooks: Some(webhooks(&["10.0.0.0/8"], Some(&authority))), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let receiver = Receiver::start(&authority);
    let new = json!({ "name": "City dashboard", "url": "https://hooks.city.example/" });
    let made = app.as_chair().create(app.a("/webhooks"), new).await;
    // As if the owner of the name had changed its address after the creation.
    let change = "update webhooks set url = $1";
    app.db().await.execute(change, &[&receiver.url("/hook")]).await.unwrap();
    let _work = BackgroundWork::of(&app);
    plan(&app, 1).await;
    assert_eq!(first_error(&app, &made).await, "addressNotAllowed");
    receiver.stays_at(0).await;
}

#[tokio::test]
async fn a_receiver_proves_by_its_certificate_who_it_is() {
    let (authority, stranger) = (Authority::new("city"), Authority::new("stranger"));
    for (receiver, expected) in [
        (Receiver::start(&stranger), "tlsFailed"),
        (Receiver::start_as(&authority, "other.city.example"), "tlsFailed"),
    ] {
        let setup = Setup { webhooks: Some(webhooks_to(&authority)), ..Setup::default() };
        let app = TestApp::start_with(setup).await;
        let _work = BackgroundWork::of(&app);
        let made = webhook(app.as_chair(), &receiver, json!({})).await;
        assert_eq!(first_error(&app, &made).await, expected);
        assert!(receiver.received().is_empty());
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_and_a_lost_key_are_told_apart() {
    let authority = Authority::new("city");
    let setup = Setup { webhooks: Some(webhooks_to(&authority)), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let receiver = Receiver::start(&authority);
    let made = webhook(app.as_chair(), &receiver, json!({})).await;
    // As if the key of the service had been replaced.
    let lost = "update webhook_secrets set sealed = decode('00', 'hex')";
    app.db().await.execute(lost, &[]).await.unwrap();
    let work = BackgroundWork::of(&app);
    assert_eq!(first_error(&app, &made).await, "secretUnreadable");
    receiver.stays_at(0).await;
    drop(work);
    let renewed =
        app.as_chair().post(format!("{}/secret", made.path), json!({ "keepPrevious": false })).await;
    renewed.expect(200);
    app.as_chair().post(format!("{}/resume", made.path), json!({})).await.expect(200);
    let _work = BackgroundWork::of(&app);
    receiver.reaches(1).await;

    let all_done = "select count(*) from webhook_positions p join task_force_heads h using (task_force_id)
        where p.seq = h.seq and p.claim is null";
    app.db_reaches(all_done, 1).await;
    app.db().await.execute("delete from webhook_deliveries", &[]).await.unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let change = json!({ "url": format!("https://localhost:{closed}/") });
    app.as_chair().patch(&app.as_chair().reload(&made).await, change).await.expect(200);
    plan(&app, 1).await;
    assert_eq!(first_error(&app, &made).await, "notConnected");
}
