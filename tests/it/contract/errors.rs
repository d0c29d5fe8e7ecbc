//! Errors in the values of a request: all of them in one response, each once, with the form that is wanted.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::client::{Draft, activity};
use crate::support::pilots::{indicator, pilot, proposed_pilot};
use crate::support::sectors::{assess, assessment, new_sector, open_sectors_step};
use crate::support::world::task_force;
use crate::support::{Answer, TestApp, Who};

/// The sentence about a field, in a language.
#[track_caller]
fn detail(answer: &Answer, pointer: &str) -> String {
    let problem = answer.json();
    let errors = problem["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["pointer"] == pointer || error["parameter"] == pointer);
    error.unwrap_or_else(|| panic!("nothing about {pointer}: {problem:#}"))["detail"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn errors_that_only_a_rule_finds_come_with_those_that_the_schema_finds() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector = new_sector(&app, json!({})).await;
    let assessments = format!("{}/assessments", sector.path);
    let before = app.db_events().await;
    let wrong = json!({ "level": 0, "assessedOn": "2026-11-23" });
    let both = ["/assessedOn tooLarge", "/level tooSmall"];
    expert.post(assessments.as_str(), assessment(wrong.clone())).await.expect_field_errors(&both);
    // Without the right, or with a fixed step, nobody learns more than the schema says.
    let council = app.as_who(Who::CouncilMember);
    council
        .post(assessments.as_str(), assessment(wrong.clone()))
        .await
        .expect_field_errors(&["/level tooSmall"]);
    assert_eq!(app.db_events().await, before);

    let assessed = assess(expert, &sector, json!({ "level": 3 })).await;
    expert.patch(&assessed, wrong.clone()).await.expect_field_errors(&both);
    expert.patch(&assessed, json!({ "level": 9 })).await.expect_field_errors(&["/level tooLarge"]);
    let header = Draft::new(Method::PATCH, &assessed.path).merge_patch(&wrong).header("If-Match", "3");
    expert.send(header).await.expect_field_errors(&["/level tooSmall", "If-Match wrongFormat"]);
    let unchanged = expert.reload(&assessed).await;
    assert_eq!((&unchanged["level"], &unchanged["version"]), (&json!(3), &json!(1)));

    // A key is not used up by a request that was wrong.
    let keyed = |body| {
        let key = "a3f1c0de";
        expert.send(Draft::post(assessments.as_str(), &assessment(body)).header("Idempotency-Key", key))
    };
    keyed(wrong).await.expect_field_errors(&both);
    keyed(json!({ "level": 2 })).await.expect(201);
}

#[tokio::test]
async fn a_value_that_is_wrong_itself_makes_no_other_value_wrong() {
    let app = TestApp::start().await;
    app.db_open("pilots").await;
    let expert = app.as_expert();
    let propose = async |fields: Value| expert.post(app.a("/pilots"), pilot(&app, fields).await).await;
    propose(json!({ "startDate": "2027-03-01", "endDate": "2027-02-01", "hypothesis": 5 }))
        .await
        .expect_field_errors(&["/endDate tooSmall", "/hypothesis wrongType"]);
    propose(json!({ "startDate": "2027-02-30", "endDate": "2020-02-01" }))
        .await
        .expect_field_errors(&["/startDate wrongFormat"]);
    let nowhere = "0199f0c2-0000-7000-8000-000000000000";
    propose(json!({ "endDate": "2020-02-01", "sectorId": nowhere, "colour": "red" }))
        .await
        .expect_field_errors(&["/colour unknown", "/endDate tooSmall", "/sectorId unknownReference"]);
    // A required id that is wrong is not looked up either.
    propose(json!({ "sectorId": "x" })).await.expect_field_errors(&["/sectorId wrongFormat"]);

    // Whether a transition needs a reason depends on where it leads.
    let proposed = proposed_pilot(&app, json!({})).await;
    expert
        .command(&proposed, "transitions", json!({ "to": "nowhere" }))
        .await
        .expect_field_errors(&["/to notAllowed"]);
    expert
        .command(&proposed, "transitions", json!({ "to": "cancelled", "colour": "red" }))
        .await
        .expect_field_errors(&["/colour unknown", "/reason required"]);

    let key = json!({ "name": "", "scopes": ["read"], "expiresAt": "2020-01-01T00:00:00Z" });
    expert.post("/v1/api-keys", key).await.expect_field_errors(&["/expiresAt tooSmall", "/name empty"]);
    let mut new = task_force("New", &[]);
    (new["maxSectors"], new["timeZone"]) = (json!(21), json!("Asia/Nowhere"));
    app.as_secretariat()
        .post("/v1/task-forces", new)
        .await
        .expect_field_errors(&["/maxSectors tooLarge", "/timeZone notAllowed"]);
}

#[tokio::test]
async fn a_password_is_not_tried_by_a_request_that_is_wrong_elsewhere() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let change = |body: Value| expert.send(Draft::new(Method::PUT, "/v1/auth/password").json(&body));
    for _ in 0..20 {
        let body = json!({ "currentPassword": "wrong", "newPassword": "short", "colour": "red" });
        change(body).await.expect_field_errors(&["/colour unknown", "/newPassword tooShort"]);
    }
    let right = json!({ "currentPassword": crate::support::app::PASSWORD, "newPassword": "quite another long phrase", "colour": 1 });
    change(right).await.expect_field_errors(&["/colour unknown"]);
    // Neither was the password changed, nor do the requests above count as attempts.
    let credentials = json!({ "email": Who::Expert1.email(), "password": crate::support::app::PASSWORD });
    app.as_anybody().post("/v1/auth/login", credentials).await.expect(200);
}

#[tokio::test]
async fn one_mistake_is_counted_once() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (title, code) in [
        ("", "empty"),
        (" \t", "empty"),
        (" \u{200b}", "empty"),
        ("a\nb", "wrongFormat"),
        (&"a\n".repeat(101), "tooLong"),
    ] {
        let answer = chair.post(app.a("/activities"), activity(json!({ "title": { "ar": title } }))).await;
        assert_eq!(field_errors(&answer.json()), [format!("/title/ar {code}")], "{title:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("One thing is wrong"), "{detail}");
    }
    let pilot = proposed_pilot(&app, json!({})).await;
    let indicators = format!("{}/indicators", pilot.path);
    for wrong in [json!("many digits, and none of them one"), json!(1e300), json!(1e-7), json!("")] {
        let answer = app.as_expert().post(indicators.as_str(), indicator(json!({ "baseline": wrong }))).await;
        assert_eq!(field_errors(&answer.json()).len(), 1, "{wrong}: {}", answer.text());
    }
    for (query, error) in
        [("limit=x", "limit wrongType"), ("state=x,y", "state notAllowed"), ("cursor=", "cursor empty")]
    {
        chair.get(app.a(&format!("/activities?{query}"))).await.expect_field_errors(&[error]);
    }
}

#[tokio::test]
async fn numbers_and_dates_are_told_in_the_form_that_is_wanted() {
    let app = TestApp::start().await;
    let pilot = proposed_pilot(&app, json!({})).await;
    let indicators = format!("{}/indicators", pilot.path);
    let expert = app.as_expert();
    let said = async |path: &str, body: &Value, pointer: &str| {
        let mut said = Vec::new();
        for language in ["en", "ar"] {
            let answer = expert.send(Draft::post(path, body).header("Accept-Language", language)).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            said.push(detail(&answer, pointer));
        }
        <[String; 2]>::try_from(said).unwrap()
    };
    for wrong in [json!("31.12.2026"), json!("2026-02-30"), json!("0000-01-01"), json!(20_261_231)] {
        let [en, ar] = said(&app.a("/activities"), &activity(json!({ "dueDate": wrong })), "/dueDate").await;
        assert_eq!(en, "must be a date such as 2026-12-31", "{wrong}");
        assert_eq!(ar, "يجب أن يكون تاريخًا مثل \u{2066}2026-12-31\u{2069}", "{wrong}");
    }
    for wrong in [json!("٧٠٫٥"), json!("70,5"), json!("1e3"), json!(true), json!(1e-7), json!(1e12)] {
        let [en, ar] = said(&indicators, &indicator(json!({ "target": wrong })), "/target").await;
        assert!(en.starts_with("must be a decimal number such as 70.5"), "{wrong}: {en}");
        assert!(ar.starts_with("يجب أن يكون عددًا بالأرقام 0–9 ونقطة عشرية، مثل 70.5"), "{wrong}: {ar}");
    }
    let key = json!({ "name": "Nightly", "scopes": ["read"], "expiresAt": "2027-05-01" });
    let [en, ar] = said("/v1/api-keys", &key, "/expiresAt").await;
    assert!(en.contains("2026-12-31T09:00:00Z") && ar.contains("2026-12-31T09:00:00Z"), "{en} {ar}");
    let [en, ar] = said(&app.a("/activities"), &activity(json!({ "assigneeId": "me" })), "/assigneeId").await;
    assert!(en.contains("such as 0199f0c2-") && ar.contains("مثل \u{2066}0199f0c2-"), "{en} {ar}");
    let mut new = task_force("New", &[]);
    (new["country"], new["maxSectors"]) = (json!("jor"), json!("two"));
    let refused = app.as_secretariat().post("/v1/task-forces", new).await;
    assert_eq!(detail(&refused, "/maxSectors"), "must be a whole number such as 3");
    let answer = expert.get(app.a("/activities?limit=ten")).await;
    assert_eq!(detail(&answer, "limit"), "must be a whole number such as 3");
}

#[tokio::test]
async fn a_decimal_number_keeps_the_digits_that_it_was_sent_with() {
    let app = TestApp::start().await;
    let pilot = proposed_pilot(&app, json!({})).await;
    let indicators = format!("{}/indicators", pilot.path);
    let expert = app.as_expert();
    let body = |baseline: &str| {
        let body = indicator(json!({ "baseline": "@", "target": null })).to_string();
        let body = body.replace("\"@\"", baseline);
        Draft::new(Method::POST, indicators.as_str()).body("application/json", body)
    };
    for (sent, answered) in [
        ("0.00", "0.00"),
        ("12.50", "12.50"),
        ("\"12.50\"", "12.50"),
        ("70.0", "70.0"),
        ("1e-5", "0.00001"),
        ("2.5E1", "25"),
    ] {
        let made = expert.send(body(sent)).await.expect(201).resource();
        assert_eq!(made["baseline"], answered, "{sent}");
        let other = expert.create(indicators.as_str(), indicator(json!({ "target": null }))).await;
        let patch = Draft::new(Method::PATCH, &other.path)
            .body("application/merge-patch+json", format!("{{\"baseline\": {sent}}}"))
            .header("If-Match", &other.etag);
        assert_eq!(expert.send(patch).await.expect(200).resource()["baseline"], answered, "{sent}");
    }
    for none in ["1e-400", "1e-7", "-1e-400", "0.0000001"] {
        expert.send(body(none)).await.expect_field_errors(&["/baseline wrongFormat"]);
    }
}

#[tokio::test]
async fn an_instant_is_answered_as_it_is_kept() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    for (sent, kept) in [
        ("2027-05-01T10:00:00.123456789Z", "2027-05-01T10:00:00.123456Z"),
        ("2027-06-30T23:59:60Z", "2027-07-01T00:00:00Z"),
        ("2027-05-01T12:00:00.5+02:00", "2027-05-01T10:00:00.500Z"),
    ] {
        let body = json!({ "name": sent, "scopes": ["read"], "expiresAt": sent });
        let made = expert.post("/v1/api-keys", body).await.expect(201).json();
        let listed = expert.list("/v1/api-keys").await;
        let listed = listed.iter().find(|key| key["id"] == made["id"]).unwrap();
        let instant = |text: &Value| text.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(made["expiresAt"], listed["expiresAt"], "{sent}");
        assert_eq!(instant(&made["expiresAt"]) - instant(&json!(kept)), TimeDelta::zero(), "{sent}");
    }
}

#[tokio::test]
async fn an_etag_that_a_compressing_proxy_has_marked_is_read() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let mut it = chair.read(app.a(&format!("/activities/{}", app.world().activity("planned")))).await;
    for (at, coding) in ["-gzip", "--gzip", ";gzip", ";gz", "-br", "-zstd", ";;;"].into_iter().enumerate() {
        let marked = |etag: &str| format!("{}{coding}\"", etag.trim_end_matches('"'));
        for etag in [marked(&it.etag), format!("W/{}", marked(&it.etag))] {
            let unchanged = Draft::get(&it.path).header("If-None-Match", &etag);
            chair.send(unchanged).await.expect(304);
        }
        let priority = if at % 2 == 0 { "high" } else { "low" };
        let patch = Draft::new(Method::PATCH, &it.path)
            .merge_patch(&json!({ "priority": priority }))
            .header("If-Match", &marked(&it.etag));
        it = chair.send(patch).await.expect(200).resource();
        assert_eq!(it["version"], at + 2, "{coding}");
    }
}
