//! Lists: complete, in order, and stable while others write.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::operation_cases;
use crate::support::client::Draft;
use crate::support::contract::resolved;
use crate::support::policies::policy;
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
        ("state=planned", by_number.clone()),
        ("q=policies", by_number.clone()),
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
    for (list, key) in [
        ("/activities?sort=number", json!(-2_147_483_648_i64)),
        ("/activities?sort=dueDate", json!(["-9999-01-01", 1])),
        ("/activities?sort=dueDate", json!(["+262142-01-01", 1])),
        ("/activities?sort=-updatedAt", json!(["-262000-01-01T00:00:00Z", 1])),
        ("/activities?sort=-updatedAt", json!(["+262000-01-01T00:00:00Z", 1])),
        ("/events?sort=-seq", json!(i64::MIN)),
        ("/events", json!(i64::MAX)),
        ("/policies?sort=title", json!(["a\u{0}", app.world().a])),
        ("/policies?sort=title", json!([null, app.world().a])),
    ] {
        let path = app.a(list);
        let separator = if list.contains('?') { '&' } else { '?' };
        // Two of each list, so that there is a cursor to begin with.
        for _ in 0..2 {
            app.as_expert().create(app.a("/policies"), policy(json!({}))).await;
        }
        let first = chair.get(format!("{path}{separator}limit=1")).await.expect(200).json();
        let given = URL_SAFE_NO_PAD.decode(first["next"].as_str().unwrap()).unwrap();
        let mut cursor: Value = serde_json::from_slice(&given).unwrap();
        cursor[1] = key;
        let forged = URL_SAFE_NO_PAD.encode(cursor.to_string());
        let answer = chair.get(format!("{path}{separator}cursor={forged}")).await;
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

    let pages = pages_of(chair, &app.a("/events")).await;
    assert!(pages.len() >= 3 && pages.iter().all(|(_, bytes)| *bytes <= 300 * 1024), "{pages:?}");
    for sort in ["seq", "-seq"] {
        let mut numbers: Vec<i64> = Vec::new();
        for event in chair.list(&app.a(&format!("/events?sort={sort}"))).await {
            numbers.push(event["seq"].as_i64().unwrap());
        }
        if sort == "-seq" {
            numbers.reverse();
        }
        let last = i64::try_from(numbers.len()).unwrap();
        assert!(last > 20);
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{sort}: no event is left out");
    }
}

/// The values of a query parameter of an operation, if it has the parameter.
fn values_of(operation: &'static Value, name: &str) -> Option<Vec<&'static str>> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(resolved);
    let parameter = parameters.into_iter().find(|parameter| parameter["name"] == name)?;
    let schema = &parameter["schema"];
    // A nullable reference has the schema in `oneOf`.
    let branches = schema["oneOf"].as_array().into_iter().flatten().map(resolved);
    let values = std::iter::once(resolved(schema)).chain(branches).filter_map(|one| one["enum"].as_array());
    Some(values.flatten().filter_map(Value::as_str).collect())
}

/// Each list of the document, with a reader and its address.
async fn documented_lists(app: &TestApp) -> BTreeMap<&'static str, (Client<'_>, String, Vec<&'static str>)> {
    let mut lists = BTreeMap::new();
    for case in operation_cases::all() {
        let described = case.operation().described;
        if case.operation().method != "get" || values_of(described, "cursor").is_none() {
            continue;
        }
        let draft = case.write(app).await;
        for who in [Who::Chair, Who::Secretariat, Who::Administrator] {
            if app.as_who(who).get(draft.path.as_str()).await.status == 200 {
                let sorts = values_of(described, "sort").unwrap_or_default();
                lists.insert(case.id, (app.as_who(who), draft.path.clone(), sorts));
                break;
            }
        }
        assert!(lists.contains_key(case.id), "{}: nobody reads it", case.id);
    }
    lists
}

/// The key by which a list is sorted, as text that sorts alike.
fn sorted_by(sort: &str, item: &Value) -> String {
    let field = sort.trim_start_matches('-');
    // The order of creation is that of the ids. Rows that the tests insert past the service have random ids.
    let field = if field == "createdAt" { "id" } else { field };
    let value = if item[field].is_null() { &item["item"][field] } else { &item[field] };
    match value {
        Value::Null => "~".to_owned(),
        Value::Number(number) => format!("{:020}", number.as_i64().unwrap()),
        Value::Object(name) => {
            let name = name.get("en").or(name.get("ar")).and_then(Value::as_str).unwrap();
            name.to_lowercase()
        }
        other => other.as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn every_list_counts_its_items_and_is_the_same_in_every_order() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    for title in ["beta", "Alpha", "beta", "gamma"] {
        app.as_expert().create(app.a("/policies"), policy(json!({ "title": { "en": title } }))).await;
    }
    let lists = documented_lists(&app).await;
    // The readers who were refused above are counted now, and not while the lists are compared.
    app.app.write_refused().await.unwrap();
    assert!(lists.len() >= 25, "{:?}", lists.keys());
    let sorted: Vec<_> =
        lists.iter().filter(|(_, (_, _, sorts))| !sorts.is_empty()).map(|(id, _)| *id).collect();
    for id in ["listActivities", "listPolicies", "listEvents", "listUsers", "listTaskForces", "listEvidence"]
    {
        assert!(sorted.contains(&id), "{sorted:?}");
    }
    for (id, (reader, path, sorts)) in lists {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = reader.get(format!("{path}{separator}limit=1")).await.expect(200).json();
        assert_eq!(page["total"], Value::Null, "{id}: not asked for");
        let all = reader.list(&path).await;
        let counted = reader.get(format!("{path}{separator}limit=1&count=true")).await.expect(200).json();
        assert_eq!(counted["total"], all.len(), "{id}");
        if let Some(cursor) = counted["next"].as_str() {
            let next = format!("{path}{separator}limit=1&count=true&cursor={cursor}");
            assert_eq!(reader.get(next).await.expect(200).json()["total"], all.len(), "{id}: on every page");
        }
        for sort in sorts {
            let list = format!("{path}{separator}sort={sort}");
            let whole = reader.list(&list).await;
            assert_eq!(whole.len(), all.len(), "{id} by {sort}");
            assert!(whole.iter().all(|item| all.contains(item)), "{id} by {sort}");
            assert_eq!(reader.list_by(&list, 2).await, whole, "{id} by {sort} in pages");
            let mut keys: Vec<_> = whole.iter().map(|item| sorted_by(sort, item)).collect();
            if sort.starts_with('-') {
                keys.reverse();
            }
            assert!(keys.is_sorted(), "{id} by {sort}: {keys:?}");
        }
    }
}

#[tokio::test]
async fn a_list_by_title_is_stable_with_equal_titles_while_others_write() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let new = async |title: Value| expert.create(app.a("/policies"), policy(json!({ "title": title }))).await;
    for title in ["Same", "same", "SAME", "Before", "zebra"] {
        new(json!({ "en": title, "ar": "عنوان" })).await;
    }
    for sort in ["title", "-updatedAt"] {
        let list = app.a(&format!("/policies?sort={sort}"));
        let before = ids(&expert.list(&list).await);
        let first = expert.get(format!("{list}&limit=2")).await.expect(200).json();
        let mut seen = ids(first["items"].as_array().unwrap());
        app.advance(chrono::TimeDelta::seconds(1));
        for title in ["Ahead", "same", "zzz"] {
            new(json!({ "en": title })).await;
        }
        let mut next = first["next"].clone();
        while let Some(cursor) = next.as_str() {
            let page = expert.get(format!("{list}&limit=2&cursor={cursor}")).await.expect(200).json();
            seen.extend(ids(page["items"].as_array().unwrap()));
            next = page["next"].clone();
        }
        let old: Vec<_> = seen.iter().filter(|id| before.contains(id)).cloned().collect();
        assert_eq!(old, before, "{sort}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{sort}: nothing twice");
    }
    // The order by title is that of a language, and a cursor belongs to it.
    let in_language = async |language: &str, query: &str| {
        let path = app.a(&format!("/policies?sort=title&limit=2{query}"));
        expert.send(Draft::get(path).header("Accept-Language", language)).await
    };
    let english = in_language("en", "").await.expect(200).json();
    let cursor = format!("&cursor={}", english["next"].as_str().unwrap());
    in_language("en", &cursor).await.expect(200);
    in_language("ar", &cursor).await.expect_field_errors(&["cursor invalid"]);
}

#[tokio::test]
async fn events_are_narrowed_to_a_subject_an_actor_and_actions() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let activity = expert.create_activity(json!({})).await;
    chair.transition(&activity, "inProgress").await;
    let of = async |query: &str| -> Vec<String> {
        let events = chair.list(&app.a(&format!("/events?{query}"))).await;
        events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    };
    let (id, expert_id) = (activity.id(), app.world().user(Who::Expert1));
    let about = format!("subject={id}");
    assert_eq!(of(&about).await, ["activity.created", "activity.transitioned"]);
    assert_eq!(of(&format!("{about}&sort=-seq")).await, ["activity.transitioned", "activity.created"]);
    assert_eq!(of(&format!("{about}&actor={expert_id}")).await, ["activity.created"]);
    assert_eq!(of(&format!("{about}&action=activity.transitioned")).await, ["activity.transitioned"]);
    let both = format!("{about}&action=activity.created,activity.transitioned&sort=-seq");
    assert_eq!(of(&both).await.len(), 2);
    assert!(of(&format!("actor={expert_id}")).await.contains(&"activity.created".to_owned()));
    let counted = chair.get(app.a(&format!("/events?{about}&count=true&limit=1"))).await.expect(200).json();
    assert_eq!((&counted["total"], counted["next"].is_string()), (&json!(2), true));
    assert!(counted["lastSeq"].as_i64() >= counted["items"][0]["seq"].as_i64(), "of all events");
    chair.get(app.a("/events?action=gone")).await.expect_field_errors(&["action notAllowed"]);

    let administrator = app.as_administrator();
    let session = format!("/v1/installation-events?subject={expert_id}&sort=seq");
    let events = administrator.list(&session).await;
    assert!(events.iter().all(|event| event["subject"]["id"] == expert_id), "{events:?}");
    assert!(!events.is_empty());
}
