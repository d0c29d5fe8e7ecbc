//! Lists: complete, in order, and stable while others write.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, Who};

fn ids(items: &[Value]) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().or(item["taskForceId"].as_str()).unwrap().to_owned();
    items.iter().map(id).collect()
}

/// Every list there is, with who reads it.
async fn lists(app: &TestApp) -> Vec<(Client<'_>, String)> {
    let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
    for health in ["atRisk", "offTrack", "onTrack"] {
        chair.create(app.a("/health-statements"), json!({ "health": health })).await;
    }
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("planned")));
    for text in ["two", "three", "four"] {
        app.as_expert().create(comments.as_str(), json!({ "text": text })).await;
    }
    for _ in 0..3 {
        chair
            .create_activity(
                json!({ "assigneeId": app.world().member(Who::Expert1), "dueDate": "2026-12-01" }),
            )
            .await;
    }
    vec![
        (chair, app.a("/activities")),
        (chair, app.a("/activities?sort=number")),
        (chair, app.a("/activities?sort=dueDate")),
        (chair, app.a("/activities?sort=-updatedAt")),
        (chair, app.a("/activities?state=planned,done&sort=dueDate")),
        (chair, app.a("/members")),
        (chair, app.a("/members?current=true")),
        (chair, app.a("/health-statements")),
        (chair, comments),
        (chair, app.a("/steps/policy/submissions")),
        (chair, "/v1/users".to_owned()),
        (app.as_expert(), "/v1/me/activities".to_owned()),
        (app.as_expert(), "/v1/task-forces".to_owned()),
        (secretariat, "/v1/users".to_owned()),
        (secretariat, "/v1/users?role=expert".to_owned()),
        (secretariat, "/v1/task-forces".to_owned()),
        (secretariat, "/v1/status".to_owned()),
        (app.as_administrator(), "/v1/users?state=active".to_owned()),
        (app.as_administrator(), "/v1/installation-events".to_owned()),
    ]
}

#[tokio::test]
async fn pages_together_are_the_whole_list() {
    let app = TestApp::start().await;
    for (reader, path) in lists(&app).await {
        let all = ids(&reader.list(&path).await);
        for limit in [1, 2, 3] {
            assert_eq!(ids(&reader.list_by(&path, limit).await), all, "{path} by {limit}");
        }
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{path}");
    }
}

#[tokio::test]
async fn events_are_read_from_any_sequence_number_on() {
    let app = TestApp::start().await;
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let page =
            app.as_chair().get(app.a(&format!("/events?after={after}&limit=7"))).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        let Some(last) = items.last() else { break };
        assert!(page["lastSeq"].as_i64() >= last["seq"].as_i64());
        after = last["seq"].as_i64().unwrap();
        read.extend(items.iter().map(|event| event["seq"].as_i64().unwrap()));
    }
    let last = app.as_chair().get(app.a("/status")).await.json()["lastSeq"].as_i64().unwrap();
    assert_eq!(read, (1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_unchanged_item_is_on_exactly_one_page_while_others_write() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for sort in ["number", "dueDate", "-updatedAt"] {
        let path = app.a(&format!("/activities?limit=3&sort={sort}"));
        let before = ids(&chair.list(&app.a(&format!("/activities?sort={sort}"))).await);
        let first = chair.get(path.as_str()).await.expect(200).json();
        let mut seen = ids(first["items"].as_array().unwrap());
        // In front of, between and behind what has been read.
        for due in [json!(null), json!("2026-11-01"), json!("2026-11-24")] {
            app.advance(chrono::TimeDelta::seconds(1));
            chair.create_activity(json!({ "dueDate": due })).await;
        }
        let mut next = first["next"].clone();
        while let Some(cursor) = next.as_str() {
            let page = chair.get(format!("{path}&cursor={cursor}")).await.expect(200).json();
            seen.extend(ids(page["items"].as_array().unwrap()));
            next = page["next"].clone();
        }
        let old: Vec<_> = seen.iter().filter(|id| before.contains(id)).cloned().collect();
        assert_eq!(old, before, "{sort}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{sort}: nothing twice");
    }
}

#[tokio::test]
async fn a_limit_outside_1_to_100_and_unknown_parameters_are_refused() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (query, expected) in [
        ("limit=0", vec!["limit tooSmall"]),
        ("limit=101", vec!["limit tooLarge"]),
        ("limit=-1", vec!["limit tooSmall"]),
        ("limit=ten", vec!["limit wrongType"]),
        ("limit=99999999999999999999", vec!["limit wrongType"]),
        ("limit=", vec!["limit wrongType"]),
        ("limit=2&limit=3", vec!["limit duplicate"]),
        ("page=2&offset=3", vec!["offset unknown", "page unknown"]),
        (
            "state=planned,gone&sort=title&limit=0",
            vec!["limit tooSmall", "sort notAllowed", "state notAllowed"],
        ),
        ("q=%00", vec!["q wrongFormat"]),
        ("q=", vec!["q empty"]),
        ("cycle=0", vec!["cycle tooSmall"]),
        ("assignee=you", vec!["assignee wrongFormat"]),
        ("overdue=maybe", vec!["overdue wrongType"]),
    ] {
        chair.get(app.a(&format!("/activities?{query}"))).await.expect_field_errors(&expected);
    }
    chair.get("/v1/me?x=1").await.expect_field_errors(&["x unknown"]);
    assert_eq!(
        chair.get(app.a("/activities?limit=100")).await.expect(200).json()["items"].as_array().unwrap().len(),
        8
    );
}

#[tokio::test]
async fn a_cursor_belongs_to_the_list_that_gave_it() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let next =
        async |path: String| chair.get(path).await.expect(200).json()["next"].as_str().unwrap().to_owned();
    let by_number = next(app.a("/activities?limit=1")).await;
    let by_due_date = next(app.a("/activities?limit=1&sort=dueDate")).await;
    let of_members = next(app.a("/members?limit=1")).await;
    let forged = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for (query, cursor) in [
        ("sort=dueDate", by_number.clone()),
        ("sort=number", by_due_date.clone()),
        ("sort=-updatedAt", by_due_date),
        ("", of_members),
        ("", "%20".to_owned()),
        ("", "!".to_owned()),
        ("", forged("[\"number\",99999999999]")),
        ("", forged("{}")),
    ] {
        chair
            .get(app.a(&format!("/activities?{query}&cursor={cursor}")))
            .await
            .expect_field_errors(&["cursor invalid"]);
    }
    chair.get(app.a(&format!("/members?cursor={by_number}"))).await.expect_field_errors(&["cursor invalid"]);
}

/// Values that Postgres can't represent must not become a 500.
#[tokio::test]
async fn a_forged_cursor_is_refused_or_harmless() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (sort, cursor) in [
        ("number", "[\"number\",-2147483648]"),
        ("dueDate", "[\"dueDate\",[\"-9999-01-01\",1]]"),
        ("dueDate", "[\"dueDate\",[\"+262142-01-01\",1]]"),
        ("-updatedAt", "[\"-updatedAt\",[\"-262000-01-01T00:00:00Z\",1]]"),
        ("-updatedAt", "[\"-updatedAt\",[\"+262000-01-01T00:00:00Z\",1]]"),
    ] {
        let path = app.a(&format!("/activities?sort={sort}&cursor={}", URL_SAFE_NO_PAD.encode(cursor)));
        let answer = chair.get(path).await;
        assert!([200, 400].contains(&answer.status), "{cursor}: {}", answer.text());
    }
}

/// A list's pages of at most 100 items, each with its bytes.
async fn pages_of(reader: Client<'_>, path: &str) -> Vec<(usize, usize)> {
    let mut pages = Vec::new();
    let mut address = format!("{path}?limit=100");
    loop {
        let answer = reader.get(address.as_str()).await.expect(200);
        let page = answer.json();
        pages.push((page["items"].as_array().unwrap().len(), answer.body.len()));
        let Some(next) = page["next"].as_str() else { return pages };
        address = format!("{path}?limit=100&cursor={next}");
    }
}

#[tokio::test]
async fn a_page_ends_early_when_its_items_are_long() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let long = json!({ "ar": "ض".repeat(10_000), "en": "x".repeat(10_000) });
    let there = chair.list(&app.a("/activities")).await.len();
    for _ in 0..20 {
        chair.create_activity(json!({ "description": long })).await;
    }
    let pages = pages_of(chair, &app.a("/activities")).await;
    assert_eq!(pages.iter().map(|(items, _)| items).sum::<usize>(), there + 20);
    assert!((3..=5).contains(&pages.len()), "{pages:?}");
    assert!(pages.iter().all(|(_, bytes)| *bytes <= 257 * 1024), "{pages:?}");

    // Events name no next page: their reader goes on after the last one.
    let (mut after, mut seen, mut pages) = (0, 0, 0);
    loop {
        let answer = chair.get(app.a(&format!("/events?limit=100&after={after}"))).await.expect(200);
        assert!(answer.body.len() <= 300 * 1024, "{}", answer.body.len());
        let list = answer.json();
        let items = list["items"].as_array().unwrap();
        assert!(!items.is_empty());
        for event in items {
            after += 1;
            assert_eq!(event["seq"], after, "no event is left out");
        }
        (seen, pages) = (seen + items.len(), pages + 1);
        if list["lastSeq"] == after {
            break;
        }
    }
    assert!(seen > 20 && pages >= 3, "{seen} events in {pages} pages");
}
