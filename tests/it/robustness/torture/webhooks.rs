//! Two services on one database are killed in turn while they deliver to the receiver of a webhook.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use super::{Killable, rounds, service_token};
use crate::support::certificates::{Authority, write};
use crate::support::random::Rng;
use crate::support::random_runs::seed;
use crate::support::receiver::{Receiver, Reply, expect_in_order, webhooks_to};
use crate::support::votes::last_seq;
use crate::support::{Setup, TestApp, Who};

/// The events that a round makes.
const EVENTS: usize = 6;

#[tokio::test]
async fn no_event_is_lost_or_out_of_order_however_often_the_services_are_killed() {
    let authority = Authority::new("city");
    let setup = Setup { webhooks: Some(webhooks_to(&authority)), ..Setup::default() };
    let app = TestApp::start_with(setup).await;
    let killable = Killable::of(&app).await;
    let file = write(killable.dir.path(), "ca.pem", &authority.pem);
    let settings = [
        ("TASKFORCE_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8,::1/128"),
        ("TASKFORCE_WEBHOOK_CA_FILE", file.to_str().unwrap()),
    ];
    let seed = seed();
    let mut rng = Rng::new(seed);
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let receiver = Receiver::start(&authority);
    let from = last_seq(&app).await;
    let new = json!({ "name": "City dashboard", "url": receiver.url("/hook") });
    app.as_chair().create(app.a("/webhooks"), new).await;
    let mut services = [killable.start_with(&settings), killable.start_with(&settings)];
    for round in 0..rounds() {
        let at = rng.below(2);
        let token = service_token(&http, &services[at].1, Who::Chair).await;
        for count in 0..EVENTS {
            if rng.percent(20) {
                receiver.replies([Reply::Nothing]);
            }
            let body = json!({ "title": { "en": format!("{round}-{count}") }, "step": "policy" });
            let address = format!("{}{}", services[at].1, app.a("/activities"));
            let answer = http.post(address).bearer_auth(&token).json(&body).send().await.unwrap();
            assert!(matches!(answer.status().as_u16(), 201 | 503), "{}", answer.status());
        }
        tokio::time::sleep(Duration::from_millis(u64::try_from(rng.below(200)).unwrap())).await;
        let killed = rng.below(2);
        services[killed].0.signal(Signal::SIGKILL);
        let restarted = killable.start_with(&settings);
        let (service, _) = std::mem::replace(&mut services[killed], restarted);
        service.wait();
        // The claim of the killed service and the pause after a failure would end by themselves, later.
        let hasten =
            "update webhook_positions set claimed_until = now() - interval '1 second', next_attempt_at = null
            where claimed_until < now() + interval '19 seconds' or next_attempt_at is not null";
        app.db().await.execute(hasten, &[]).await.unwrap();
    }
    let to = last_seq(&app).await;
    let begun = Instant::now();
    let done = format!("select count(*) from webhook_positions where seq >= {to}");
    while app.db_count(&done).await == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "TASKFORCE_SEED={seed}: {} messages",
            receiver.received().len()
        );
        let hasten = "update webhook_positions set next_attempt_at = null";
        app.db().await.execute(hasten, &[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let received = receiver.received();
    expect_in_order(&received, from, to);
    println!("{} events, {} messages", to - from, received.len());
    for (service, _) in services {
        service.signal(Signal::SIGTERM);
        assert!(service.wait().success());
    }
    killable.verify();
}
