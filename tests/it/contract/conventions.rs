//! Conventions of all operations: versions, patches, field errors, the order of checks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::client::{Draft, activity};
use crate::support::world::task_force;
use crate::support::{Resource, TestApp, Who};

async fn planned(app: &TestApp) -> Resource {
    app.as_chair().read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await
}

#[tokio::test]
async fn a_representation_is_not_sent_again_until_it_changes() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = planned(&app).await;
    let ask = async |etag: &str| chair.send(Draft::get(&it.path).header("If-None-Match", etag)).await;
    let unchanged = ask(&it.etag).await.expect(304);
    assert_eq!((unchanged.etag(), unchanged.text()), (it.etag.as_str(), ""));
    assert!(unchanged.header("vary").starts_with("Authorization, Accept, Accept-Language"));
    ask(&format!("\"0.0\", W/{}", it.etag)).await.expect(304);
    ask("*").await.expect(304);
    ask("\"1.0000000000000000\"").await.expect(200);
    // The representation includes the reader's transitions, so another reader gets another ETag.
    let council = app.as_who(Who::CouncilMember).reload(&it).await;
    assert_ne!(council.etag, it.etag);
    chair.patch(&it, json!({ "priority": "high" })).await.expect(200);
    ask(&it.etag).await.expect(200);
}

#[tokio::test]
async fn the_etag_changes_with_the_language_and_the_version_does_not() {
    let app = TestApp::start().await;
    let ahead = app.a(&format!("/activities/{}", app.world().activity("ahead")));
    let read =
        async |language| app.as_chair().send(Draft::get(&ahead).header("Accept-Language", language)).await;
    let (arabic, english) = (read("ar").await, read("en-GB, ar;q=0.5").await);
    assert_ne!(arabic.etag(), english.etag());
    let title = |answer: &crate::support::Answer| {
        answer.json()["availableTransitions"][0]["blockedBy"][0]["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (title(&arabic).as_str(), title(&english).as_str()),
        ("الخطوة لم تُفتح بعد", "The step is not open yet")
    );
    // If-Match compares the version alone, in any language.
    let in_arabic = Resource { path: ahead.clone(), ..arabic.resource() };
    app.as_chair().patch(&in_arabic, json!({ "priority": "low" })).await.expect(200);
}

#[tokio::test]
async fn a_change_names_the_version_that_it_changes() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = planned(&app).await;
    let patch = |etag: Option<&str>| {
        let draft = Draft::new(Method::PATCH, &it.path).merge_patch(&json!({ "priority": "high" }));
        etag.into_iter().fold(draft, |draft, etag| draft.header("If-Match", etag))
    };
    chair.send(patch(None)).await.expect_problem(428, "preconditionRequired");
    for malformed in [
        "1",
        "\"\"",
        "\"x\"",
        "\"*\"",
        "\"1.a\", 2",
        "\"1.a\", *",
        "\"99999999999\"",
        "\"1f00\"",
        "\"x\", \"y\"",
    ] {
        chair.send(patch(Some(malformed))).await.expect_field_errors(&["If-Match wrongFormat"]);
    }
    let with_star = patch(Some("\"1\"")).header("If-Match", "*");
    chair.send(with_star).await.expect_field_errors(&["If-Match wrongFormat"]);
    for stale in ["\"7.0123\"", "\"7\", \"8\"", "W/\"2-gzip\", \"x\""] {
        let stale = chair.send(patch(Some(stale))).await;
        assert_eq!(stale.etag(), "\"1\"");
        stale.expect_problem(412, "versionMismatch");
    }
    // Weak, or with another hash: only the version counts.
    let changed = chair.send(patch(Some("W/\"1.ffff\""))).await.expect(200).resource();
    assert_eq!(changed["version"], 2);
    chair.patch(&it, json!({ "priority": "low" })).await.expect_problem(412, "versionMismatch");
    for draft in [
        Draft::new(Method::DELETE, &it.path),
        Draft::post(format!("{}/transitions", it.path), &json!({ "to": "inProgress" })),
        Draft::post(
            app.a(&format!("/members/{}/end", app.world().member(Who::Expert1))),
            &json!({ "reason": { "en": "x" } }),
        ),
        Draft::post(app.a("/transitions"), &json!({ "to": "suspended" })),
        Draft::new(Method::PATCH, app.a("/steps/policy")).merge_patch(&json!({})),
    ] {
        chair.send(draft).await.expect_problem(428, "preconditionRequired");
    }
}

#[tokio::test]
async fn a_change_is_made_if_any_listed_version_is_current_or_whatever_the_version_is() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = chair.create_activity(json!({})).await;
    let to = |priority| Draft::new(Method::PATCH, &it.path).merge_patch(&json!({ "priority": priority }));
    // The version of a list item is enough.
    let listed = chair.list(&app.a("/activities")).await;
    let version = listed.iter().find(|item| item["id"] == it.id()).unwrap()["version"].as_i64().unwrap();
    let of_a_list = format!("\"{version}\"");
    for (number, expected) in
        [&of_a_list, "\"9\", \"2.ab\"", "\"f00\", W/\"3.ab--gzip\"", "*", "\"5.any-thing;else\""]
            .into_iter()
            .enumerate()
    {
        let priority = if number % 2 == 0 { "high" } else { "low" };
        let changed = chair.send(to(priority).header("If-Match", expected)).await.expect(200).json();
        assert_eq!(changed["version"], version + 1 + i64::try_from(number).unwrap(), "{expected}");
    }
    let over_two_headers = to("low").header("If-Match", "\"9\"").header("If-Match", "\"6\"");
    chair.send(over_two_headers).await.expect(200);
    // `*` asks for a resource that exists.
    let nothing = app.a("/activities/0199f0c2-7a3b-7c11-9d2e-000000000001");
    let nothing = Draft::new(Method::PATCH, nothing).merge_patch(&json!({})).header("If-Match", "*");
    chair.send(nothing).await.expect_problem(404, "notFound");
    chair.send(Draft::new(Method::DELETE, &it.path).header("If-Match", "*")).await.expect(204);
}

#[tokio::test]
async fn of_two_changes_to_one_version_one_is_refused() {
    let app = TestApp::start().await;
    let it = planned(&app).await;
    let to = |priority| Draft::patch(&it, &json!({ "priority": priority }));
    let (one, other) =
        tokio::join!(app.as_chair().send_with_retry(to("high")), app.as_expert().send_with_retry(to("low")));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn in_a_patch_absent_is_not_null() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let body =
        json!({ "description": { "en": "All of them" }, "dueDate": "2026-12-15", "reviewRequired": true });
    let it = chair.create_activity(body).await;
    let patched = chair.patch(&it, json!({ "priority": "high" })).await.expect(200).resource();
    assert_eq!(
        (&patched["description"]["en"], &patched["dueDate"], &patched["reviewRequired"]),
        (&json!("All of them"), &json!("2026-12-15"), &json!(true))
    );
    let cleared = json!({ "description": null, "dueDate": null });
    let cleared =
        chair.patch(&Resource { path: it.path.clone(), ..patched }, cleared).await.expect(200).resource();
    assert_eq!((&cleared["description"], &cleared["dueDate"]), (&Value::Null, &Value::Null));
    assert_eq!((&cleared["priority"], &cleared["version"]), (&json!("high"), &json!(3)));
    // A required field can't be removed.
    let it = Resource { path: it.path.clone(), ..cleared };
    for required in ["title", "step"] {
        let problem = chair.patch(&it, json!({ required: null })).await.expect_problem(400, "invalidRequest");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{required}"));
    }
}

#[tokio::test]
async fn a_patch_that_changes_nothing_bumps_nothing_and_leaves_no_event() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let secretariat = app.as_secretariat();
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    let first = app.as_expert().list(&comments).await[0]["id"].as_str().unwrap().to_owned();
    let comment = app.as_expert().read(format!("{comments}/{first}")).await;
    let seat = chair.read(app.a(&format!("/members/{}", app.world().member(Who::Expert1)))).await;
    let user = secretariat.read(format!("/v1/users/{}", app.world().user(Who::Expert1))).await;
    let before = app.db_events().await;
    for (who, it) in [
        (chair, planned(&app).await),
        (chair, chair.read(app.a("")).await),
        (chair, chair.read(app.a("/steps/policy")).await),
        (chair, seat),
        (app.as_expert(), comment),
        (secretariat, user),
    ] {
        let same: Value = ["title", "text", "timeZone", "targetDate", "expertise", "email", "locale"]
            .iter()
            .filter_map(|field| it.body.get(*field).map(|value| ((*field).to_owned(), value.clone())))
            .filter(|(field, _)| !(field == "title" && it.path.contains("/steps/")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        for nothing in [json!({}), same] {
            let after = who.patch(&it, nothing).await.expect(200);
            assert_eq!(after.etag(), it.etag, "{}", it.path);
        }
    }
    assert_eq!(app.db_events().await, before);
}

#[tokio::test]
async fn unknown_and_read_only_fields_are_refused() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = planned(&app).await;
    let body = json!({ "colour": "red", "id": it.id(), "version": 7, "state": "done", "number": 3, "createdAt": "2026-01-01T00:00:00Z" });
    let expected = [
        "/colour unknown",
        "/createdAt unknown",
        "/id unknown",
        "/number unknown",
        "/state unknown",
        "/version unknown",
    ];
    chair.patch(&it, body.clone()).await.expect_field_errors(&expected);
    chair.post(app.a("/activities"), activity(body)).await.expect_field_errors(&expected);
    let seat =
        json!({ "userId": app.world().user(Who::Outsider), "role": "expert", "fromDate": "2020-01-01" });
    chair.post(app.a("/members"), seat.clone()).await.expect_field_errors(&["/fromDate unknown"]);
    let mut new = task_force("New", &[seat]);
    new["state"] = json!("active");
    let refused = app.as_secretariat().post("/v1/task-forces", new).await;
    refused.expect_field_errors(&["/members/0/fromDate unknown", "/state unknown"]);
}

#[tokio::test]
async fn a_patch_changes_one_language_and_keeps_the_other_and_never_takes_the_last() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let it = planned(&app).await;
    let patched =
        chair.patch(&it, json!({ "title": { "en": "Collect them all" } })).await.expect(200).resource();
    assert_eq!(patched["title"], json!({ "ar": "جمع السياسات النافذة", "en": "Collect them all" }));
    let it = Resource { path: it.path, ..patched };
    let patched = chair.patch(&it, json!({ "title": { "en": null } })).await.expect(200).resource();
    assert_eq!(patched["title"], json!({ "ar": "جمع السياسات النافذة" }));
    let it = Resource { path: it.path, ..patched };
    chair.patch(&it, json!({ "title": { "ar": null } })).await.expect_field_errors(&["/title empty"]);
    assert_eq!(chair.reload(&it).await["version"], 3);
}

#[tokio::test]
async fn a_list_of_field_errors_does_not_outgrow_its_limits() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let query: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
    let name = "n".repeat(10_000);
    let many = Value::Object(query.iter().map(|name| (name.clone(), json!(1))).collect());
    for answer in [
        chair.get(format!("/v1/me/tasks?{}", query.join("&"))).await,
        chair.get(format!("/v1/me/tasks?{name}=1")).await,
        chair.post(app.a("/activities"), many).await,
        chair.post(app.a("/activities"), json!({ name.clone(): 1 })).await,
    ] {
        let problem = answer.expect_problem(400, "invalidRequest");
        let errors = problem["errors"].as_array().unwrap();
        assert!((1..=100).contains(&errors.len()), "{}", errors.len());
        for error in errors {
            let location = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap();
            assert!(location.chars().count() <= 66, "{location}");
        }
    }
}

#[tokio::test]
async fn all_field_errors_of_a_body_are_reported_at_once_with_their_pointers() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let before = app.db_events().await;
    chair
        .post(app.a("/activities"), json!({}))
        .await
        .expect_field_errors(&["/step required", "/title required"]);
    let body = json!({
        "title": { "en": "x".repeat(201), "fr": "y" }, "description": "plain", "step": "nowhere",
        "assigneeId": "me", "dueDate": "2026-02-30", "priority": "urgent", "reviewRequired": "yes", "extra/~": 1,
    });
    chair.post(app.a("/activities"), body).await.expect_field_errors(&[
        "/assigneeId wrongFormat",
        "/description wrongType",
        "/dueDate wrongFormat",
        "/extra~1~0 unknown",
        "/priority notAllowed",
        "/reviewRequired wrongType",
        "/step notAllowed",
        "/title/en tooLong",
        "/title/fr unknown",
    ]);
    let body = json!({ "name": { "en": "N" }, "city": {}, "timeZone": "", "maxSectors": 21, "members": [
        { "userId": "x", "role": "king" }, {},
    ] });
    let problem =
        app.as_secretariat().post("/v1/task-forces", body).await.expect_problem(400, "invalidRequest");
    for expected in [
        "/city empty",
        "/mandate required",
        "/maxSectors tooLarge",
        "/members/0/role notAllowed",
        "/members/0/userId wrongFormat",
        "/members/1/role required",
        "/members/1/userId required",
        "/timeZone empty",
    ] {
        assert!(field_errors(&problem).iter().any(|found| found == expected), "{expected}: {problem:#}");
    }
    for no_object in ["[]", "null", "3", "\"x\""] {
        let draft = Draft::new(Method::POST, app.a("/activities")).body("application/json", no_object);
        chair.send(draft).await.expect_field_errors(&[" wrongType"]);
    }
    assert_eq!(app.db_events().await, before);
}

#[tokio::test]
async fn blank_overlong_and_invisible_text_is_refused_and_lines_break_only_in_long_text() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for bad in ["", " \t", "a\u{0}b", "a\nb", "a\u{7f}b", "\u{85}", &"ض".repeat(201)] {
        let answer = chair.post(app.a("/activities"), activity(json!({ "title": { "ar": bad } }))).await;
        let problem = answer.expect_problem(400, "invalidRequest");
        assert_eq!(problem["errors"][0]["pointer"], "/title/ar", "{bad:?}");
    }
    let longest = json!({ "title": { "ar": "ض".repeat(200) }, "description": { "en": "one\n\ttwo" } });
    chair.create_activity(longest).await;
    for bad in ["a\u{0}b", "a\u{1b}[0mb", " \n ", &"x".repeat(10_001)] {
        let path = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
        chair.post(path, json!({ "text": bad })).await.expect_problem(400, "invalidRequest");
    }
}

#[tokio::test]
async fn checks_come_in_the_same_order_everywhere() {
    let app = TestApp::start().await;
    let it = planned(&app).await;
    let bare = || Draft::new(Method::PATCH, &it.path);
    // Credential, visibility, media type, body, precondition, right, version, state. The query is checked after
    // visibility, and `Idempotency-Key` after the precondition.
    app.as_anybody().send(bare()).await.expect_problem(401, "unauthenticated");
    app.as_who(Who::Outsider).send(bare()).await.expect_problem(404, "notFound");
    let council = app.as_who(Who::CouncilMember);
    council.send(bare().body("text/plain", "x")).await.expect_problem(415, "unsupportedMediaType");
    council.send(bare().merge_patch(&json!({ "x": 1 }))).await.expect_problem(400, "invalidRequest");
    let good = || bare().merge_patch(&json!({ "priority": "low" }));
    council.send(good()).await.expect_problem(428, "preconditionRequired");
    council.send(good().header("If-Match", "\"9\"")).await.expect_problem(403, "forbidden");
    let done = app.a(&format!("/activities/{}", app.world().activity("done")));
    let late = Draft::new(Method::PATCH, done).merge_patch(&json!({ "priority": "low" }));
    app.as_chair()
        .send(late.clone().header("If-Match", "\"9\""))
        .await
        .expect_problem(412, "versionMismatch");
    app.as_chair().send(late.header("If-Match", "\"3\"")).await.expect_problem(409, "activityClosed");
}
