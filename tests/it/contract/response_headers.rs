//! The parts that all answers share: problems, languages, request ids, origins.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::support::app::ORIGIN;
use crate::support::client::{Draft, activity};
use crate::support::contract::{operations, resolved};
use crate::support::{Answer, TestApp, Who};

#[tokio::test]
async fn problems_speak_the_readers_language() {
    let app = TestApp::start().await;
    let body = json!({ "title": { "en": "x" } });
    let in_language = async |language| {
        let draft = Draft::post(app.a("/activities"), &body).header("Accept-Language", language);
        let answer = app.as_chair().send(draft).await;
        (answer.header("content-language").to_owned(), answer.expect_problem(400, "invalidRequest"))
    };
    let (language, problem) = in_language("ar-JO, en;q=0.3").await;
    assert_eq!((language.as_str(), &problem["title"]), ("ar", &json!("الطلب غير صالح")));
    assert_eq!(problem["errors"][0]["detail"], "مطلوب ولم يُذكر");
    let (language, problem) = in_language("fr").await;
    assert_eq!((language.as_str(), &problem["title"]), ("en", &json!("The request is not valid")));
    let nowhere = app.as_anybody().send(Draft::get("/nowhere").header("Accept-Language", "ar")).await;
    assert_eq!(nowhere.expect_problem(404, "notFound")["title"], "لا يوجد هنا ما يمكنك الاطلاع عليه");
}

#[tokio::test]
async fn the_router_and_the_body_reader_answer_with_problems_too() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for nowhere in
        ["/v0", "/v2", "/v1/", "/v1/me/", "/v1/nothing", "/v1/task-forces/", "/V1/me", "/problems/nothing"]
    {
        chair.get(nowhere).await.expect_problem(404, "notFound");
    }
    chair.get(app.a("/")).await.expect_problem(404, "notFound");
    for (method, path, allow) in [
        (Method::DELETE, "/v1/me", "GET"),
        (Method::PUT, "/v1/auth/login", "POST"),
        (Method::POST, &app.a("/status"), "GET"),
    ] {
        let answer = chair.send(Draft::new(method, path)).await;
        assert!(answer.header("allow").split(", ").any(|one| one == allow), "{}", answer.header("allow"));
        answer.expect_problem(405, "methodNotAllowed");
    }
    let accept = |types: &str| Draft::get("/v1/me").header("Accept", types);
    for unacceptable in ["text/html", "application/json;q=0", "image/*, text/plain"] {
        chair.send(accept(unacceptable)).await.expect_problem(406, "notAcceptable");
    }
    for fine in [
        "*/*",
        "application/*",
        "text/html, application/json;q=0.1",
        "application/problem+json, application/json",
    ] {
        chair.send(accept(fine)).await.expect(200);
    }
    let large = activity(json!({ "description": { "en": "x".repeat(270_000) } }));
    chair.post(app.a("/activities"), large).await.expect_problem(413, "bodyTooLarge");
    let post = |kind: &str, body: &str| Draft::new(Method::POST, app.a("/activities")).body(kind, body);
    for kind in ["text/plain", "application/merge-patch+json", "application/xml"] {
        chair.send(post(kind, "{}")).await.expect_problem(415, "unsupportedMediaType");
    }
    // A missing body is what is wrong, and not its content type or its form.
    for missing in [Draft::new(Method::POST, app.a("/activities")), post("application/json", "")] {
        let problem = chair.send(missing).await.expect_problem(400, "invalidRequest");
        let error = json!({ "pointer": "", "code": "required", "detail": "is missing: the request has no body; send one as application/json, at least `{}`" });
        assert_eq!(problem["errors"], json!([error]));
    }
    let patch = |kind: &str| Draft::new(Method::PATCH, app.a("")).body(kind, "{}").header("If-Match", "*");
    for kind in ["application/merge-patch+json", "application/json", "Application/JSON; charset=utf-8"] {
        chair.send(patch(kind)).await.expect(200);
    }
    for kind in ["text/plain", "application/json-patch+json", "application/json; charset=utf-16"] {
        let refused = chair.send(patch(kind)).await.expect_problem(415, "unsupportedMediaType");
        let named = "Send the body as application/merge-patch+json or application/json";
        assert!(refused["detail"].as_str().unwrap().starts_with(named), "{refused:#}");
    }
    chair.send(post("application/json; charset=utf-8", "{}")).await.expect_problem(400, "invalidRequest");
    for malformed in ["{", "{'a': 1}", "{\"a\": 1}}", "\u{feff}{}", &"[".repeat(1000)] {
        chair.send(post("application/json", malformed)).await.expect_problem(400, "malformedJson");
    }
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, identity", "x-unknown"] {
        for packed in [post("application/json", "{}"), patch("application/merge-patch+json")] {
            let packed = packed.header("Content-Encoding", coding);
            chair.send(packed).await.expect_problem(415, "unsupportedMediaType");
        }
    }
    let not_utf8 =
        Draft::new(Method::POST, app.a("/activities")).body("application/json", b"{\"\xff\": 1}".to_vec());
    chair.send(not_utf8).await.expect_problem(400, "malformedJson");
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let app = TestApp::start().await;
    let it = app.as_chair().create_activity(json!({})).await;
    let head = app.as_chair().send(Draft::new(Method::HEAD, &it.path)).await.expect(200);
    assert_eq!((head.etag(), head.text()), (it.etag.as_str(), ""));
    app.as_who(Who::Outsider).send(Draft::new(Method::HEAD, &it.path)).await.expect(404);
}

#[tokio::test]
async fn an_id_that_can_be_none_is_the_id_of_nothing() {
    let app = TestApp::start().await;
    let absent = "0199f0c2-7a3b-7c11-9d2e-000000000001";
    for path in [
        "/v1/task-forces/x".to_owned(),
        format!("/v1/task-forces/{absent}"),
        app.a("/activities/%00"),
        app.a(&format!("/activities/{absent}")),
        app.a("/steps/nowhere"),
        app.a("/steps/policy/submissions/1"),
        app.a(&format!("/members/{absent}")),
        app.a(&format!("/submissions/{absent}")),
        app.a(&format!("/activities/{}", app.world().b_activity)),
        format!("/v1/users/{absent}"),
        "/v1/users/me".to_owned(),
    ] {
        app.as_secretariat().get(path).await.expect_problem(404, "notFound");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::start().await;
    let ask = async |id: &str| app.as_anybody().send(Draft::get("/v1").header("X-Request-Id", id)).await;
    assert_eq!(ask("trace-1.2_3").await.header("x-request-id"), "trace-1.2_3");
    for odd in ["a b", "<x>", &"a".repeat(65)] {
        let given = ask(odd).await.header("x-request-id").to_owned();
        assert!(given != odd && given.len() == 36, "{odd} became {given}");
    }
    // The event names its request.
    let draft = Draft::post(app.a("/activities"), &activity(json!({}))).header("X-Request-Id", "from-me");
    app.as_chair().send(draft).await.expect(201);
    let events = app.as_chair().get(app.a("/events?after=1&limit=100")).await.json();
    assert_eq!(events["items"].as_array().unwrap().last().unwrap()["requestId"], "from-me");
}

/// The headers that any answer of the document has.
fn documented_headers() -> BTreeSet<String> {
    let responses = operations().flat_map(|operation| operation.described["responses"].as_object().unwrap());
    let headers = responses.filter_map(|(_, response)| resolved(response)["headers"].as_object());
    let headers: BTreeSet<_> =
        headers.flat_map(|headers| headers.keys()).map(|name| name.to_lowercase()).collect();
    assert!(headers.len() > 5, "{headers:?}");
    headers
}

#[tokio::test]
async fn only_allowed_origins_may_call_from_a_page() {
    let app = TestApp::start().await;
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let ask =
        async |path: &str, origin: &str| app.as_chair().send(Draft::get(path).header("Origin", origin)).await;
    let answer = ask("/v1/me", ORIGIN).await;
    assert_eq!(allowed(&answer), ORIGIN);
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    let exposed: BTreeSet<&str> = exposed.split(',').map(str::trim).collect();
    for header in documented_headers() {
        // Scripts may not read this one, whatever the service says.
        assert!(exposed.contains(header.as_str()) || header == "set-cookie", "{header}: {exposed:?}");
    }
    for header in ["content-disposition", "content-language", "allow", "www-authenticate"] {
        assert!(exposed.contains(header), "{header}: {exposed:?}");
    }
    assert_eq!(allowed(&ask("/v1/me", "https://evil.example").await), "");
    assert_eq!(allowed(&ask("/v1/nothing", ORIGIN).await), ORIGIN, "a problem can be read, too");
    let preflight_of = |origin: &str, method: &str| {
        Draft::new(Method::OPTIONS, "/v1/task-forces")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", "authorization, content-type, if-match")
    };
    let preflight = |origin: &str| preflight_of(origin, "POST");
    let answer = app.as_anybody().send(preflight(ORIGIN)).await;
    assert_eq!((answer.status, allowed(&answer).as_str()), (200, ORIGIN));
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let refused = app.as_anybody().send(preflight("https://evil.example")).await;
    assert_eq!(allowed(&refused), "");
    refused.expect_problem(403, "originNotAllowed");
    let unknown = preflight_of(ORIGIN, "TRACE");
    let problem = app.as_anybody().send(unknown).await.expect_problem(400, "invalidRequest");
    assert_eq!(problem["errors"][0]["parameter"], "access-control-request-method", "{problem}");
    assert_eq!(problem["errors"][0]["code"], "notAllowed", "{problem}");
    assert_eq!(allowed(&ask("/v1/openapi.json", "https://any.example").await), "*");
}
