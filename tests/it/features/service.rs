//! The service itself: where it leads on to, metrics and the security contact.

use serde_json::json;

use crate::support::{TestApp, Who};

#[tokio::test]
async fn who_has_only_the_address_finds_the_way_on() {
    let app = TestApp::start().await;
    let root = app.as_anybody().get("/").await.expect(200).json();
    let service = app.as_anybody().get("/v1").await.expect(200).json();
    assert_eq!(root, service);
    assert_eq!(service["links"]["signIn"], "/v1/auth/login");
    let methods = json!({ "signIn": "post", "acceptInvitation": "post" });
    for (name, address) in service["links"].as_object().unwrap() {
        let (address, method) = (address.as_str().unwrap(), methods[name].as_str().unwrap_or("get"));
        let answer = if method == "post" {
            app.as_anybody().post(address, json!({})).await
        } else {
            app.as_chair().get(address).await
        };
        let wanted = if method == "post" { 400 } else { 200 };
        assert_eq!(answer.status, wanted, "{name}: {address}");
    }
}

#[tokio::test]
async fn metrics_need_their_own_token() {
    let app = TestApp::start().await;
    app.as_anybody().get("/metrics").await.expect_problem(401, "unauthenticated");
    app.as_administrator().get("/metrics").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn security_txt_is_as_rfc_9116_has_it() {
    let app = TestApp::start().await;
    let answer = app.as_who(Who::Anonymous).get("/.well-known/security.txt").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let text = answer.text();
    let field = |name: &str| {
        let mut found = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let value = found.next().unwrap_or_else(|| panic!("no {name}: {text}"));
        assert!(found.next().is_none(), "{name} twice: {text}");
        value
    };
    assert_eq!(field("Contact"), "mailto:security@taskforce.example");
    assert_eq!(field("Preferred-Languages"), "ar, en");
    assert_eq!(field("Canonical"), "https://taskforce.example/.well-known/security.txt");
    let expires: chrono::DateTime<chrono::Utc> = field("Expires").parse().unwrap();
    let ahead = expires - app.clock.now();
    assert!((1..366).contains(&ahead.num_days()), "{ahead}");
    assert!(text.ends_with('\n'));
}
