//! Compressed answers: which they are, that they say the same, and that no secret is among them.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::operation_cases;
use crate::support::client::{Draft, activity};
use crate::support::contract::{operations, resolved};
use crate::support::evidence::{PDF, evidence, new_policy, upload};
use crate::support::{Answer, Client, TestApp, Who};

async fn read(client: Client<'_>, path: &str, codings: &str) -> Answer {
    client.send(Draft::get(path).header("Accept-Encoding", codings)).await
}

/// A list of this many activities with long texts in both languages.
async fn many_activities(app: &TestApp, count: usize) -> String {
    for n in 0..count {
        let title = json!({ "en": format!("Survey the district {n}"), "ar": format!("مسح الحي رقم {n}") });
        app.as_chair().create_activity(json!({ "title": title })).await;
    }
    app.a("/activities?limit=100")
}

#[tokio::test]
async fn a_long_answer_comes_in_the_coding_that_the_client_likes_best() {
    let app = TestApp::start().await;
    let path = many_activities(&app, 20).await;
    let chair = app.as_chair();
    let plain = chair.get(&path).await.expect(200);
    assert_eq!(
        (plain.header("content-encoding"), plain.header("content-length")),
        ("", plain.body.len().to_string().as_str())
    );
    for (codings, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("zstd, *;q=0.1", ""),
        ("identity", ""),
        ("gzip;q=0", ""),
    ] {
        let answer = read(chair, &path, codings).await.expect(200);
        assert_eq!(answer.header("content-encoding"), coding, "{codings}");
        assert_eq!(answer.decoded(), plain.body, "{codings}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert!(answer.header("vary").split(", ").any(|name| name == "Accept-Encoding"), "{codings}");
        assert!(coding.is_empty() || answer.body.len() * 5 < plain.body.len(), "{codings}");
    }
    let head = Draft::new(Method::HEAD, &path).header("Accept-Encoding", "gzip");
    let head = chair.send(head).await.expect(200);
    assert_eq!((head.header("content-encoding"), head.body.len()), ("gzip", 0));
}

#[tokio::test]
async fn short_answers_problems_and_streams_are_sent_as_they_are() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for path in ["/v1", "/problems/notFound", "/.well-known/jwks.json"] {
        let answer = read(chair, path, "gzip, br").await.expect(200);
        assert_eq!(answer.header("content-encoding"), "", "{path}: {} bytes", answer.body.len());
    }
    let invalid =
        activity(json!({ "title": { "en": "" }, "x": 1, "description": { "en": "y".repeat(20_000) } }));
    let invalid = Draft::post(app.a("/activities"), &invalid).header("Accept-Encoding", "gzip, br");
    assert_eq!(chair.send(invalid).await.expect(400).header("content-encoding"), "");

    let policy = new_policy(&app).await;
    let file = app.as_expert().create(app.a("/evidence"), evidence("policy", policy.id(), json!({}))).await;
    let content = [PDF, &[b' '; 50_000]].concat();
    app.as_expert().send(upload(&file, "application/pdf", content.clone())).await.expect(200);
    let answer = read(app.as_expert(), &format!("{}/content", file.path), "gzip, br").await.expect(200);
    assert_eq!((answer.header("content-encoding"), answer.body == content), ("", true));
}

#[tokio::test]
async fn an_etag_is_right_in_every_coding() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let long = json!({ "description": { "en": "Survey the district. ".repeat(200) } });
    let mut it = chair.create_activity(long).await;
    for coding in ["br", "gzip"] {
        let answer = read(chair, &it.path, coding).await.expect(200);
        let etag = answer.etag().to_owned();
        assert_eq!(etag, format!("{}-{coding}\"", it.etag.trim_end_matches('"')));
        for known in [&etag, &it.etag, &format!("W/{}", it.etag)] {
            let again = Draft::get(&it.path).header("Accept-Encoding", coding).header("If-None-Match", known);
            let again = chair.send(again).await.expect(304);
            assert_eq!((again.etag(), again.header("content-encoding")), (etag.as_str(), ""));
        }
        let change = |priority: &str| {
            Draft::new(Method::PATCH, &it.path)
                .merge_patch(&json!({ "priority": priority }))
                .header("If-Match", &etag)
                .header("Accept-Encoding", coding)
        };
        let changed = chair.send(change(if coding == "br" { "low" } else { "high" })).await.expect(200);
        assert_eq!(changed.header("content-encoding"), coding);
        assert_ne!(changed.etag(), etag);
        chair.send(change("normal")).await.expect_problem(412, "versionMismatch");
        it = chair.reload(&it).await;
    }
}

#[tokio::test]
async fn a_page_that_is_the_same_is_not_sent_again() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let path = app.a("/activities?limit=50");
    let first = chair.get(&path).await.expect(200);
    assert!(first.etag().starts_with("W/\""), "{}", first.etag());
    let again = async || chair.send(Draft::get(&path).header("If-None-Match", first.etag())).await;
    let unchanged = again().await.expect(304);
    assert_eq!((unchanged.etag(), unchanged.text()), (first.etag(), ""));
    let compressed = read(chair, &path, "gzip").await.expect(200);
    assert_eq!(compressed.etag(), first.etag(), "a weak tag is the same in all codings");
    let it = chair.read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    chair.patch(&it, json!({ "priority": "high" })).await.expect(200);
    let changed = again().await.expect(200);
    assert_ne!(changed.etag(), first.etag());
}

/// Whether a schema has a member that is a secret.
fn holds_secret(schema: &'static Value) -> bool {
    const SECRETS: [&str; 6] = ["accessToken", "refreshToken", "invitationToken", "key", "pageUrl", "secret"];
    let schema = resolved(schema);
    let own = schema["properties"].as_object().is_some_and(|properties| {
        SECRETS.iter().any(|name| properties.get(*name).is_some_and(|member| member["type"] != "array"))
    });
    let parts = ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema[*name].as_array()).flatten();
    own || parts.into_iter().any(holds_secret)
}

/// The operations that answer a secret, by the document.
fn answering_secrets() -> BTreeSet<&'static str> {
    let answers = |id: &'static str, described: &'static Value| {
        let responses = described["responses"].as_object().unwrap().iter();
        let successes = responses.filter(|(status, _)| status.starts_with('2'));
        successes
            .into_iter()
            .any(|(_, response)| holds_secret(&resolved(response)["content"]["application/json"]["schema"]))
            .then_some(id)
    };
    operations().filter_map(|operation| answers(operation.id(), operation.described)).collect()
}

#[tokio::test]
async fn no_answer_with_a_secret_is_stored_or_compressed() {
    let secret = answering_secrets();
    let known = BTreeSet::from([
        "acceptInvitation",
        "changePassword",
        "createApiKey",
        "createMyCalendarLink",
        "createPageLink",
        "createPortfolioShareLink",
        "createShareLink",
        "createUser",
        "createWebhook",
        "refreshSession",
        "renewWebhookSecret",
        "resendInvitation",
        "resetPassword",
        "signIn",
    ]);
    let renamed: BTreeSet<_> =
        secret.iter().map(|id| if *id == "resendInvitation" { "resendInvitation" } else { id }).collect();
    assert_eq!(
        renamed, known,
        "an operation that answers a secret is new: check that it answers `response::secret`"
    );
    let app = TestApp::start().await;
    for case in operation_cases::all().into_iter().filter(|case| secret.contains(case.id)) {
        let draft = case.write(&app).await.header("Accept-Encoding", "gzip, br");
        let mut answered = false;
        for who in [Who::Administrator, Who::Secretariat, Who::Expert1] {
            let answer = app.as_who(who).send(draft.clone()).await;
            // `http/server/compression.rs` compresses no answer that is `no-store`, however long it is.
            assert_eq!(
                (answer.header("cache-control"), answer.header("content-encoding")),
                ("no-store", ""),
                "{}",
                case.id
            );
            answered |= (200..300).contains(&answer.status);
        }
        assert!(answered, "{}: nobody got the secret", case.id);
    }
}

#[tokio::test]
async fn the_document_is_compressed_and_not_sent_again() {
    let app = TestApp::start().await;
    for path in ["/v1/openapi.json", "/v1/openapi.yaml"] {
        let plain = app.as_anybody().get(path).await.expect(200);
        for coding in ["br", "gzip"] {
            let answer = read(app.as_anybody(), path, coding).await.expect(200);
            assert_eq!(answer.header("content-encoding"), coding);
            assert!(answer.decoded() == plain.body, "{path} in {coding}");
            let again =
                Draft::get(path).header("If-None-Match", answer.etag()).header("Accept-Encoding", coding);
            app.as_anybody().send(again).await.expect(304);
        }
    }
}

#[tokio::test]
async fn a_browser_that_asks_for_the_host_is_led_to_the_documentation() {
    let app = TestApp::start().await;
    let ask = async |accept: &str| app.as_anybody().send(Draft::get("/").header("Accept", accept)).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
    for accept in ["application/json", "*/*", "application/json, text/html", "image/png"] {
        assert_eq!(ask(accept).await.expect(200).json()["links"]["documentation"], "/docs/", "{accept}");
    }
    let redirected = ask(browser).await.expect(303);
    assert_eq!(redirected.header("location"), "/docs/");
    assert!(
        redirected.header("vary").split(", ").any(|name| name == "Accept"),
        "{}",
        redirected.header("vary")
    );
}
