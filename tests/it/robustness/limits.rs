//! Limits: rate, depth, length and duration of requests, and time-outs of the database.

mod clients;
mod database;

use reqwest::Method;
use serde_json::{Value, json};
use taskforce::http::server::RateLimit;

use crate::support::app::{ORIGIN, PASSWORD};
use crate::support::client::{Draft, activity};
use crate::support::contract::{operations, resolved};
use crate::support::{Answer, Setup, TestApp, Who};

/// A service whose callers have three requests, and one more a minute.
async fn strict(pool_size: usize) -> TestApp {
    let adjust = Box::new(|settings: &mut taskforce::http::server::Settings| {
        settings.rate_limit = RateLimit::new(1, 3);
    });
    TestApp::start_with(Setup { pool_size, adjust, ..Setup::default() }).await
}

fn expect_too_many(answer: Answer) -> Value {
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(answer.header("ratelimit").starts_with("\"default\";r=0;t="), "{}", answer.header("ratelimit"));
    answer.expect_problem(429, "tooManyRequests")
}

#[tokio::test]
async fn a_caller_has_so_many_requests_and_sees_what_is_left() {
    let app = strict(5).await;
    for left in [2, 1, 0] {
        let answer = app.as_chair().get("/v1/me").await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=180");
        let rate_limit = answer.header("ratelimit");
        assert!(rate_limit.starts_with(&format!("\"default\";r={left};t=")), "{rate_limit}");
    }
    let refused = app.as_chair().send(Draft::get("/v1/me").header("Accept-Language", "ar")).await;
    let problem = expect_too_many(refused);
    assert!(problem["title"].as_str().unwrap().contains("طلبات"), "{problem}");
    expect_too_many(app.as_chair().post(app.a("/activities"), activity(json!({}))).await);
    expect_too_many(app.as_chair().get("/v1/nothing").await);
    // Other callers at the same address are counted separately.
    app.as_expert().get("/v1/me").await.expect(200);
    app.as_anybody().get("/v1").await.expect(200);
}

#[tokio::test]
async fn health_checks_and_preflights_are_not_counted() {
    let app = strict(5).await;
    for _ in 0..5 {
        let health = app.as_anybody().get("/health/ready").await.expect(200);
        assert_eq!(health.header("ratelimit"), "");
        app.as_anybody().get("/health/live").await.expect(200);
        let preflight = Draft::new(Method::OPTIONS, "/v1/me")
            .header("Origin", ORIGIN)
            .header("Access-Control-Request-Method", "GET");
        app.as_anybody().send(preflight).await.expect(200);
    }
    let answer = app.as_anybody().send(Draft::get("/v1").header("Origin", ORIGIN)).await.expect(200);
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    for header in ["ratelimit", "ratelimit-policy", "retry-after", "idempotency-replayed"] {
        assert!(exposed.split(',').any(|one| one.trim() == header), "{header} is not exposed: {exposed}");
    }
}

#[tokio::test]
async fn requests_with_a_revoked_key_do_not_count_against_its_owner() {
    let app = strict(5).await;
    let answer = app.as_who(Who::ReadOnlyKey).get("/v1/me").await.expect(200);
    assert!(
        answer.header("ratelimit").starts_with("\"default\";r=2;"),
        "the owner of the key is not known yet"
    );
    app.db().await.execute("update api_keys set revoked_at = now()", &[]).await.unwrap();
    // One request counts against the owner, before the revocation is known.
    for _ in 0..3 {
        app.as_who(Who::ReadOnlyKey).get("/v1/me").await.expect(401);
    }
    expect_too_many(app.as_who(Who::ReadOnlyKey).get("/v1/me").await);
    app.as_chair().get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn requests_with_a_token_of_an_ended_session_do_not_count_against_its_user() {
    let app = strict(5).await;
    let sign_in = async || {
        let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
        app.as_anybody().post("/v1/auth/login", credentials).await.expect(200).json()
    };
    let (stolen, own) = (sign_in().await, sign_in().await);
    let show = async |tokens: &Value| {
        app.as_anybody().send_with(tokens["accessToken"].as_str(), Draft::get("/v1/me")).await
    };
    app.as_anybody()
        .post("/v1/auth/logout", json!({ "refreshToken": stolen["refreshToken"] }))
        .await
        .expect(204);
    // One request counts against the user, before the end is known; the address has used up its three.
    show(&stolen).await.expect(401);
    for _ in 0..4 {
        expect_too_many(show(&stolen).await);
    }
    show(&own).await.expect(200);
}

#[tokio::test]
async fn a_flood_without_a_credential_does_not_get_to_the_database() {
    let app = strict(1).await;
    let forged = [Some("a.b.c"), Some("tfk_0123456789"), None];
    for token in forged {
        app.as_anybody().send_with(token, Draft::get("/v1/me")).await.expect_problem(401, "unauthenticated");
    }
    // With the only connection taken, a request that needed one would get a late 503.
    let _taken = app.app.pool.get().await.unwrap();
    for token in forged {
        expect_too_many(app.as_anybody().send_with(token, Draft::get("/v1/me")).await);
    }
    let credentials = json!({ "email": "a@b.example", "password": "x" });
    expect_too_many(app.as_anybody().post("/v1/auth/login", credentials).await);
}

#[tokio::test]
async fn without_a_limit_no_rate_limit_headers_are_sent() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let answer = app.as_chair().get("/v1/me").await.expect(200);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
    }
}

#[test]
fn every_counted_operation_documents_its_limit() {
    for operation in operations() {
        let is_counted = !operation.path.starts_with("/health/");
        assert_eq!(operation.has_problem("tooManyRequests"), is_counted, "{}", operation.id());
        // Problems are described once for all operations.
        let headers = &resolved(&operation.described["responses"]["default"])["headers"];
        for name in ["RateLimit", "RateLimit-Policy", "Retry-After"] {
            assert!(headers[name].is_object(), "{}: {name}", operation.id());
        }
    }
}

#[tokio::test]
async fn depth_and_length_are_refused_and_break_nothing() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let post = |body: String| Draft::new(Method::POST, app.a("/activities")).body("application/json", body);
    for deep in [
        "[".repeat(100_000),
        "{\"a\":".repeat(40_000),
        format!("{}{}", "[".repeat(99_000), "]".repeat(99_000)),
    ] {
        chair.send(post(deep)).await.expect_problem(400, "malformedJson");
    }
    let nested = format!("{{\"title\":{}1{}}}", "{\"en\":".repeat(100), "}".repeat(100));
    chair.send(post(nested)).await.expect_problem(400, "invalidRequest");
    let many = json!({ "title": { "en": "x" }, "step": "policy", "dependencies": vec![1; 50_000] });
    chair.send(post(many.to_string())).await.expect_problem(413, "bodyTooLarge");

    let long = "x".repeat(20_000);
    chair.get(format!("/v1/{long}")).await.expect_problem(404, "notFound");
    chair.get(app.a(&format!("/activities/{long}"))).await.expect_problem(404, "notFound");
    for query in [format!("q={long}"), format!("{long}=1"), format!("cursor={long}"), "q=a&".repeat(5_000)] {
        chair.get(app.a(&format!("/activities?{query}"))).await.expect_problem(400, "invalidRequest");
    }
    for name in ["X-Request-Id", "Accept-Language", "If-None-Match", "X-Forwarded-For", "Cookie"] {
        chair.send(Draft::get("/v1/me").header(name, &long)).await.expect(200);
    }
    for token in [long.as_str(), &format!("tfk_{long}"), &format!("{long}.{long}.{long}")] {
        app.as_anybody()
            .send_with(Some(token), Draft::get("/v1/me"))
            .await
            .expect_problem(401, "unauthenticated");
    }
    chair.get("/v1/me").await.expect(200);
}

#[test]
fn every_list_in_a_body_has_an_end() {
    fn check(id: &str, schema: &'static Value, depth: usize) {
        let schema = resolved(schema);
        assert!(depth < 20, "{id}: a schema without end");
        if schema["items"].is_object() {
            assert!(schema["maxItems"].is_u64(), "{id}: a list without maxItems: {schema}");
            check(id, &schema["items"], depth + 1);
        }
        for property in schema["properties"].as_object().into_iter().flat_map(|of| of.values()) {
            check(id, property, depth + 1);
        }
        for branches in ["allOf", "oneOf", "anyOf"] {
            for branch in schema[branches].as_array().into_iter().flatten() {
                check(id, branch, depth + 1);
            }
        }
    }
    let mut seen = 0;
    for operation in operations() {
        let contents = operation.described["requestBody"]["content"].as_object().into_iter().flatten();
        for (_, content) in contents.filter(|(kind, _)| kind.ends_with("json")) {
            check(operation.id(), &content["schema"], 0);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[tokio::test]
async fn a_method_that_nothing_takes_is_405() {
    let app = TestApp::start().await;
    for method in ["TRACE", "PURGE"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = app.as_chair().send(Draft::new(method, "/v1/me")).await;
        assert_eq!(answer.header("allow"), "GET, HEAD, PATCH");
        answer.expect_problem(405, "methodNotAllowed");
    }
}

#[tokio::test]
async fn a_service_without_tls_sends_no_strict_transport_security() {
    let adjust = Box::new(|settings: &mut taskforce::http::server::Settings| {
        settings.public_url = "http://127.0.0.1:8080".to_owned();
    });
    let app = TestApp::start_with(Setup { adjust, ..Setup::default() }).await;
    let plain = reqwest::get(app.url("/.well-known/security.txt")).await.unwrap();
    assert!(!plain.headers().contains_key("strict-transport-security"));
    assert_eq!(plain.headers()["x-frame-options"], "DENY");
    assert!(!plain.text().await.unwrap().contains("Canonical"));
}
