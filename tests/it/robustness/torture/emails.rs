//! Two services send the e-mails of one database, and one of them is killed in each round. Every e-mail arrives, and a
//! second copy has the `Message-ID` of the first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{Killable, rounds, service_token};
use crate::support::mail::{SENDER, TestMailServer};
use crate::support::random::Rng;
use crate::support::random_runs::seed;
use crate::support::service::Service;
use crate::support::{TestApp, Who};

/// The invitations of a round.
const INVITATIONS: usize = 6;

#[tokio::test]
async fn no_email_is_lost_or_sent_as_another_one_however_often_a_service_is_killed() {
    let app = TestApp::start().await;
    let server = TestMailServer::start();
    let killable = Killable::of(&app).await;
    let smtp = format!("smtp://127.0.0.1:{}?tls=none", server.port);
    let start = || -> (Service, String) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = killable.command();
        command
            .arg("serve")
            .env("TASKFORCE_BIND", port.to_string())
            .env("TASKFORCE_SMTP_URL", &smtp)
            .env("TASKFORCE_MAIL_FROM", SENDER);
        (Service::start(&mut command), format!("http://{port}"))
    };
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let mut rng = Rng::new(seed());
    let mut services = [start(), start()];
    let mut invited = BTreeSet::new();
    for round in 0..rounds() {
        let killed = round % 2;
        let url = services[1 - killed].1.clone();
        let token = service_token(&http, &url, Who::Administrator).await;
        let invite = async |number: usize| {
            let address = format!("invited-{round}-{number}@city.example");
            let name = json!({ "en": "Invited" });
            let new = json!({ "email": address, "name": name, "role": "expert", "locale": "en" });
            let answer =
                http.post(format!("{url}/v1/users")).bearer_auth(&token).json(&new).send().await.unwrap();
            let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
            assert!(status == 201 && body["invitationEmailed"] == true, "{status}: {body}");
            address
        };
        invited.extend(join_all((0..INVITATIONS).map(invite)).await);
        // The services look for e-mails once a second.
        tokio::time::sleep(Duration::from_millis(u64::try_from(rng.below(1_200)).unwrap())).await;
        services[killed].0.signal(Signal::SIGKILL);
        let mut next = start();
        std::mem::swap(&mut services[killed], &mut next);
        next.0.wait();
    }
    // As if the time had passed after which another process sends what a killed one had claimed.
    let unclaim = "update emails set next_attempt_at = now() where state = 'waiting'";
    app.db().await.execute(unclaim, &[]).await.unwrap();
    let mut waiting = 1;
    for _ in 0..600 {
        waiting = app.db_count("select count(*) from emails where state = 'waiting'").await;
        if waiting == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(waiting, 0);

    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut received = server.received();
    received.retain(|email| email.recipient.ends_with("@city.example"));
    for email in &received {
        let id = email.header("Message-ID").unwrap();
        ids.entry(email.recipient.clone()).or_default().insert(id);
    }
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), invited, "seed {}", seed());
    let several: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(several.is_empty(), "seed {}: {several:?}", seed());
    println!("{} e-mails, {} second copies", invited.len(), received.len() - invited.len());
    let unsent = "select count(*) from emails where kind = 'invitation' and state <> 'sent'";
    assert_eq!(app.db_count(unsent).await, 0);
    for (service, _) in services {
        service.signal(Signal::SIGTERM);
        assert!(service.wait().success());
    }
}
