//! The refresh token as a cookie of browser applications.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{ORIGIN, PASSWORD};
use crate::support::client::Draft;
use crate::support::sign_in::{me, new_user};
use crate::support::{Answer, TestApp, Who};

/// The origin of the service itself.
const OWN: &str = "https://taskforce.example";

/// The cookie in an answer: its value, if it has the attributes that it must have and lives as long as said.
#[track_caller]
fn cookie(answer: &Answer, max_age: u32) -> String {
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(set.len(), 1, "{set:?}");
    let mut parts = set[0].to_str().unwrap().split("; ");
    let value = parts.next().unwrap().strip_prefix("__Secure-taskforce-refresh=").unwrap();
    let mut attributes: Vec<&str> = parts.collect();
    attributes.sort_unstable();
    let max_age = format!("Max-Age={max_age}");
    assert_eq!(attributes, ["HttpOnly", &max_age, "Path=/v1/auth", "SameSite=Strict", "Secure"]);
    value.to_owned()
}

const WEEK: u32 = 7 * 24 * 60 * 60;

fn login(origin: &str) -> Draft {
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD, "refreshCookie": true });
    Draft::post("/v1/auth/login", &credentials).header("Origin", origin)
}

async fn sign_in(app: &TestApp) -> String {
    cookie(&app.as_anybody().send(login(ORIGIN)).await.expect(200), WEEK)
}

/// A request with the cookie and an empty body.
fn with_cookie(path: &str, cookie: &str) -> Draft {
    let cookies = format!("theme=dark; __Secure-taskforce-refresh={cookie}");
    Draft::post(path, &json!({})).header("Cookie", &cookies)
}

#[tokio::test]
async fn a_browser_is_signed_in_refreshed_and_signed_out_by_a_cookie_alone() {
    let app = TestApp::start().await;
    let signed_in = app.as_anybody().send(login(ORIGIN)).await.expect(200);
    let first = cookie(&signed_in, WEEK);
    assert_eq!(signed_in.json()["refreshToken"], Value::Null);
    assert_eq!(signed_in.header("access-control-allow-credentials"), "true");
    me(&app, &signed_in.json()["accessToken"]).await.expect(200);

    let refresh = with_cookie("/v1/auth/refresh", &first).header("Origin", OWN);
    let refreshed = app.as_anybody().send(refresh).await.expect(200);
    let second = cookie(&refreshed, WEEK);
    assert_eq!(
        (refreshed.json()["refreshToken"].clone(), refreshed.header("cache-control")),
        (Value::Null, "no-store")
    );
    assert_ne!(first, second);
    me(&app, &refreshed.json()["accessToken"]).await.expect(200);

    let out = with_cookie("/v1/auth/logout", &second).header("Origin", ORIGIN);
    assert_eq!(cookie(&app.as_anybody().send(out).await.expect(204), 0), "");
    me(&app, &refreshed.json()["accessToken"]).await.expect_problem(401, "unauthenticated");
    let late = with_cookie("/v1/auth/refresh", &second).header("Origin", ORIGIN);
    let late = app.as_anybody().send(late).await;
    assert!(!late.headers.contains_key("set-cookie"), "another tab may have renewed the cookie meanwhile");
    late.expect_problem(401, "invalidCredentials");
}

#[tokio::test]
async fn no_other_origin_takes_or_receives_the_cookie() {
    let app = TestApp::start().await;
    let token = sign_in(&app).await;
    let evil = [
        "https://evil.example",
        "null",
        "",
        "http://taskforce.example",
        "https://taskforce.example.evil.example",
    ];
    for origin in evil {
        let answer = app.as_anybody().send(login(origin)).await;
        assert!(!answer.headers.contains_key("set-cookie"), "{origin}");
        answer.expect_problem(403, "originNotAllowed");
        for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
            let forged = with_cookie(path, &token).header("Origin", origin);
            app.as_anybody().send(forged).await.expect_problem(403, "originNotAllowed");
        }
    }
    let without_origin = with_cookie("/v1/auth/refresh", &token);
    app.as_anybody().send(without_origin.clone()).await.expect_problem(403, "originNotAllowed");
    let with_two = without_origin.header("Origin", ORIGIN).header("Origin", "https://evil.example");
    app.as_anybody().send(with_two).await.expect_problem(403, "originNotAllowed");
    // A form of another page can't send JSON.
    let form = Draft::new(Method::POST, "/v1/auth/refresh")
        .body("application/x-www-form-urlencoded", "")
        .header("Cookie", &format!("__Secure-taskforce-refresh={token}"))
        .header("Origin", ORIGIN);
    assert_ne!(app.as_anybody().send(form).await.status, 200);
    // Another host of the site can add a cookie of the name.
    for several in [
        format!("{token}; __Secure-taskforce-refresh={token}"),
        format!("; __Secure-taskforce-refresh={token}"),
    ] {
        let tossed = with_cookie("/v1/auth/refresh", &several).header("Origin", ORIGIN);
        let refused = app.as_anybody().send(tossed).await;
        assert!(!refused.headers.contains_key("set-cookie"), "the other cookie would be left alone");
        refused.expect_problem(401, "invalidCredentials");
    }
    // None of this has used the token.
    let good = with_cookie("/v1/auth/refresh", &token).header("Origin", ORIGIN);
    app.as_anybody().send(good).await.expect(200);
}

#[tokio::test]
async fn the_cookie_is_an_option_and_a_token_in_the_body_goes_first() {
    let app = TestApp::start().await;
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
    let plain =
        app.as_anybody().send(Draft::post("/v1/auth/login", &credentials).header("Origin", ORIGIN)).await;
    assert!(!plain.headers.contains_key("set-cookie"));
    let body = json!({ "refreshToken": plain.expect(200).json()["refreshToken"] });
    let token = sign_in(&app).await;
    let cookie = format!("__Secure-taskforce-refresh={token}");
    let both = Draft::post("/v1/auth/refresh", &body).header("Cookie", &cookie);
    let answer = app.as_anybody().send(both).await.expect(200);
    assert!(answer.json()["refreshToken"].is_string() && !answer.headers.contains_key("set-cookie"));
    // Without either, there is nothing to refresh and nothing to end.
    app.as_anybody().post("/v1/auth/refresh", json!({})).await.expect_problem(401, "invalidCredentials");
    app.as_anybody().post("/v1/auth/logout", json!({})).await.expect(204);
    let null = app.as_anybody().post("/v1/auth/refresh", json!({ "refreshToken": null })).await;
    null.expect_field_errors(&["/refreshToken wrongType"]);
}

#[tokio::test]
async fn whatever_starts_a_session_can_give_the_cookie() {
    let app = TestApp::start().await;
    let invited = app.as_secretariat().create("/v1/users", new_user("layla@example.org", "expert")).await;
    let accept = json!({ "token": invited["invitationToken"], "password": PASSWORD, "refreshCookie": true });
    let accept = Draft::post("/v1/auth/invitations/accept", &accept);
    app.as_anybody().send(accept.clone()).await.expect_problem(403, "originNotAllowed");
    let accepted = app.as_anybody().send(accept.header("Origin", ORIGIN)).await.expect(200);
    cookie(&accepted, WEEK);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD, "refreshCookie": true });
    let bearer = format!("Bearer {}", accepted.json()["accessToken"].as_str().unwrap());
    let change = Draft::new(Method::PUT, "/v1/auth/password").json(&change).header("Authorization", &bearer);
    app.as_anybody().send(change.clone()).await.expect_problem(403, "originNotAllowed");
    let changed = app.as_anybody().send(change.header("Origin", ORIGIN)).await.expect(200);
    let token = cookie(&changed, WEEK);
    let refresh = with_cookie("/v1/auth/refresh", &token).header("Origin", ORIGIN);
    app.as_anybody().send(refresh).await.expect(200);
}

#[tokio::test]
async fn over_plain_http_the_cookie_has_no_prefix_and_goes_to_pages_of_the_same_host() {
    let app = TestApp::start_with(crate::support::app::Setup {
        adjust: Box::new(|settings| "http://taskforce.example".clone_into(&mut settings.public_url)),
        ..Default::default()
    })
    .await;
    let own = app.url("");
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD, "refreshCookie": true });
    let login = reqwest::Client::builder().no_proxy().build().unwrap();
    let login =
        login.post(app.url("/v1/auth/login")).json(&credentials).header("Origin", own.trim_end_matches('/'));
    let answer = login.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("taskforce-refresh=") && !cookie.contains("Secure"), "{cookie}");
}
