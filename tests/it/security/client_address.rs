//! Client addresses: forwarded addresses are used only from trusted proxies.

use taskforce::http::server::{RateLimit, Settings};

use crate::support::client::Draft;
use crate::support::{Answer, Setup, TestApp};

/// A service whose callers have one request, behind these proxies.
async fn behind(proxies: &'static [&'static str]) -> TestApp {
    let adjust = Box::new(move |settings: &mut Settings| {
        settings.rate_limit = RateLimit::new(1, 1);
        settings.trusted_proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
    });
    TestApp::start_with(Setup { adjust, ..Setup::default() }).await
}

async fn ask(app: &TestApp, forwarded: &[&str]) -> Answer {
    let draft = forwarded.iter().fold(Draft::get("/v1"), |draft, line| draft.header("X-Forwarded-For", line));
    app.as_anybody().send(draft.header("Forwarded", "for=192.0.2.1").header("X-Real-IP", "192.0.2.2")).await
}

#[tokio::test]
async fn without_a_trusted_proxy_a_forwarded_address_is_ignored() {
    for proxies in [&[][..], &["10.0.0.0/8", "192.0.2.0/24"]] {
        let app = behind(proxies).await;
        ask(&app, &["198.51.100.1"]).await.expect(200);
        for other in [&["198.51.100.2"][..], &["127.0.0.1"], &[], &["::1", "2001:db8::1"]] {
            ask(&app, other).await.expect_problem(429, "tooManyRequests");
        }
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_one_and_can_not_be_another() {
    let app = behind(&["127.0.0.0/8", "10.0.0.0/8"]).await;
    ask(&app, &["198.51.100.1"]).await.expect(200);
    ask(&app, &["198.51.100.2"]).await.expect(200);
    ask(&app, &["2001:db8:1:1::1"]).await.expect(200);
    for (why, forwarded) in [
        ("the same address", &["198.51.100.1"][..]),
        ("the proxy adds at the right", &["203.0.113.1, 198.51.100.1"]),
        ("in a line of its own, too", &["203.0.113.2", "198.51.100.1"]),
        ("two proxies in a row", &["203.0.113.3, 198.51.100.1, 10.0.0.7"]),
        ("a made-up proxy before the client", &["203.0.113.4, 10.0.0.8, 198.51.100.2"]),
        ("the same network of IPv6", &["2001:db8:1:1:ffff::2"]),
        ("with a port", &["198.51.100.1:4711"]),
    ] {
        assert_eq!(ask(&app, forwarded).await.status, 429, "{why}");
    }
    ask(&app, &["2001:db8:1:2::1"]).await.expect(200);
}
