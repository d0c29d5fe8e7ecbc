//! Step 5: the account to the council.

mod contents;
mod documents;
mod pdf;
mod timeline;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::client::with;
use crate::support::{Resource, TestApp, Who};

/// The body of a new report, with these fields instead of the usual ones.
fn report(fields: Value) -> Value {
    with(json!({ "recommendation": "continue", "summary": { "en": "It goes well" } }), fields)
}

async fn new(app: &TestApp, fields: Value) -> Resource {
    app.as_chair().create(app.a("/reports"), report(fields)).await
}

/// Puts a report before the council, as the members' vote does.
async fn db_submit(app: &TestApp, report: &Resource) {
    let change = "update reports set state = 'submitted', submitted_at = created_at where id::text = $1";
    app.db().await.execute(change, &[&report.id()]).await.unwrap();
}

#[tokio::test]
async fn the_hash_is_over_the_canonical_json_that_is_answered() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let built =
        new(&app, json!({ "summary": { "en": "Well: 100 % \"done\"\n\t<&> \u{1f3d9}", "ar": "تم" } })).await;
    let canonical = serde_json_canonicalizer::to_string(&built["model"]).unwrap();
    assert_eq!(built["hash"], hex::encode(Sha256::digest(&canonical)));

    let query = "select model, hash from reports where id::text = $1";
    let stored = app.db().await.query_one(query, &[&built.id()]).await.unwrap();
    assert_eq!(
        (stored.get::<_, String>(0), hex::encode(stored.get::<_, Vec<u8>>(1))),
        (canonical, built["hash"].as_str().unwrap().to_owned())
    );

    app.advance(TimeDelta::days(1));
    app.as_chair().create_activity(json!({ "step": "report" })).await;
    let read = app.as_who(Who::CouncilMember).read(built.path.as_str()).await;
    assert_eq!(read.listed(), built.listed(), "a report doesn't change after it is built");
    assert!(built.path.ends_with("/reports/1"), "{}", built.path);
    assert_eq!(app.as_chair().read(app.a("/reports/1")).await.etag, built.etag);
}

#[tokio::test]
async fn the_control_block_says_which_report_it_is_and_what_it_knows_of() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let query = "select seq, encode(hash, 'hex') from task_force_heads where task_force_id::text = $1";
    let head = app.db().await.query_one(query, &[&app.world().a]).await.unwrap();
    let asked = json!({ "recommendation": "adjust", "returnToStep": "pilots" });
    let first = new(&app, asked).await;
    let opened = app.as_chair().get(app.a("/events?limit=1")).await.json();
    assert!(opened["lastSeq"].as_i64() > first["lastSeq"].as_i64(), "its own event comes after");

    let control = &first["model"]["control"];
    assert_eq!(
        (&control["number"], &control["taskForceId"], &control["cycle"], &control["supersedes"]),
        (&json!(1), &json!(app.world().a), &json!(1), &Value::Null)
    );
    assert_eq!((&control["name"]["en"], &control["city"]["en"]), (&json!("Alpha"), &json!("Zarqa Springs")));
    assert_eq!(
        (&control["lastSeq"], &control["headHash"]),
        (&json!(head.get::<_, i64>(0)), &json!(head.get::<_, String>(1)))
    );
    assert_eq!(control["author"]["memberId"], app.world().member(Who::Chair));
    assert_eq!(control["author"]["name"]["en"], "Chair");
    assert_eq!(
        (&control["asOf"], &control["period"]["to"]),
        (&json!("2026-11-22T09:00:00Z"), &json!("2026-11-22T09:00:00Z"))
    );
    assert_eq!(
        first["model"]["asked"],
        json!({ "recommendation": "adjust", "returnToStep": "pilots", "summary": { "en": "It goes well" } })
    );
    let own = ["state", "recommendation", "returnToStep", "lastSeq", "createdBy", "submittedAt"]
        .map(|field| first[field].clone());
    let expected = [
        json!("draft"),
        json!("adjust"),
        json!("pilots"),
        control["lastSeq"].clone(),
        json!({ "id": app.world().user(Who::Chair), "name": { "en": "Chair", "ar": "شخص Chair" } }),
        Value::Null,
    ];
    assert_eq!(own, expected);
}

#[tokio::test]
async fn numbers_count_up_and_each_report_names_the_one_before_it() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    for number in 1..=3 {
        let built = new(&app, json!({})).await;
        let before = if number == 1 { Value::Null } else { json!(number - 1) };
        assert_eq!((&built["number"], &built["model"]["control"]["supersedes"]), (&json!(number), &before));
        assert_eq!(built["model"]["control"]["number"], number);
    }
}

#[tokio::test]
async fn a_report_covers_the_time_since_the_last_one_that_came_before_the_council() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    app.db_open("report").await;
    let first = new(&app, json!({})).await;
    let from = first["model"]["control"]["period"]["from"].clone();
    assert_ne!(from, first["model"]["control"]["asOf"]);
    let done = |report: &Resource| {
        let activities = &report["model"]["activities"];
        let titles: Vec<Value> = activities["doneItems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["title"]["en"].clone())
            .collect();
        (activities["done"].clone(), activities["doneSince"].clone(), titles)
    };
    assert_eq!(done(&first), (json!(1), json!(1), vec![json!("Agree on terms")]));

    app.advance(TimeDelta::hours(1));
    let draft = new(&app, json!({})).await;
    assert_eq!(draft["model"]["control"]["period"]["from"], from, "a draft doesn't count");

    db_submit(&app, &first).await;
    app.advance(TimeDelta::hours(1));
    let activity = chair.create_activity(json!({ "title": { "en": "Print it" }, "step": "report" })).await;
    let activity = chair.transition(&activity, "inProgress").await;
    chair.transition(&activity, "done").await;
    let last = new(&app, json!({})).await;
    assert_eq!(last["model"]["control"]["period"]["from"], first["model"]["control"]["asOf"]);
    assert_eq!(done(&last), (json!(2), json!(1), vec![json!("Print it")]));
}

#[tokio::test]
async fn a_recommendation_names_a_step_when_it_is_to_adjust_and_only_then() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let chair = app.as_chair();
    let try_new = async |body: Value| chair.post(app.a("/reports"), body).await;
    try_new(report(json!({ "recommendation": "adjust" })))
        .await
        .expect_field_errors(&["/returnToStep required"]);
    for other in ["continue", "conclude", "stop"] {
        let body = report(json!({ "recommendation": other, "returnToStep": "policy" }));
        try_new(body).await.expect_field_errors(&["/returnToStep notAllowed"]);
    }
    try_new(json!({})).await.expect_field_errors(&["/recommendation required", "/summary required"]);
    let wrong = json!({ "recommendation": "praise", "summary": {}, "number": 7 });
    let refused = try_new(wrong).await.expect_problem(400, "invalidRequest");
    assert_eq!(refused["errors"].as_array().unwrap().len(), 3, "{refused:#}");
    assert_eq!(app.db_count("select count(*) from reports").await, 0);
}

#[tokio::test]
async fn only_the_chair_builds_a_report_and_only_while_its_step_is_open() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let try_new = async || chair.post(app.a("/reports"), report(json!({}))).await;
    try_new().await.expect_problem(409, "stepLocked");
    app.db_open("report").await;
    for who in [Who::Expert1, Who::Secretariat, Who::Administrator, Who::CouncilMember] {
        let refused = app.as_who(who).post(app.a("/reports"), report(json!({}))).await;
        refused.expect_problem(403, "forbidden");
    }
    let built = new(&app, json!({})).await;
    for (state, code) in [("submitted", "stepSubmitted"), ("passed", "stepPassed")] {
        let change = "update steps set state = $1, passed_at = now() where task_force_id::text = $2 and step = 'report'";
        app.db().await.execute(change, &[&state, &app.world().a]).await.unwrap();
        try_new().await.expect_problem(409, code);
    }
    app.db_open("report").await;
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "suspended", "Elections").await;
    try_new().await.expect_problem(409, "taskForceSuspended");
    let forming = app.as_who(Who::Other3).post(app.f("/reports"), report(json!({}))).await;
    forming.expect_problem(409, "taskForceForming");
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "dissolved", "No money").await;
    try_new().await.expect_problem(409, "taskForceClosed");
    assert_eq!(chair.reload(&built).await.body, built.body, "what was built can still be read");
}

#[tokio::test]
async fn reports_are_listed_newest_first_by_cycle_and_state_without_what_they_say() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let first = new(&app, json!({})).await;
    db_submit(&app, &first).await;
    new(&app, json!({})).await;
    new(&app, json!({})).await;
    let council = app.as_who(Who::CouncilMember);
    let listed = async |query: &str| -> Vec<i64> {
        let items = council.list_by(&app.a(&format!("/reports{query}")), 1).await;
        items.iter().map(|item| item["number"].as_i64().unwrap()).collect()
    };
    assert_eq!(listed("").await, [3, 2, 1]);
    assert_eq!(listed("?cycle=1&state=draft").await, [3, 2]);
    assert_eq!(listed("?state=submitted,decided").await, [1]);
    assert!(listed("?cycle=2").await.is_empty());
    let mut item = council.list(&app.a("/reports?state=submitted")).await.remove(0);
    let mut whole = council.reload(&first).await.listed();
    assert!(whole.as_object_mut().unwrap().remove("model").unwrap().is_object());
    assert_eq!(item.as_object_mut().unwrap().remove("model"), None);
    assert_eq!(item, whole);
    council.get(app.a("/reports?state=lost")).await.expect_problem(400, "invalidRequest");
    council.get(app.a("/reports?cursor=abc")).await.expect_problem(400, "invalidRequest");
}

#[tokio::test]
async fn only_the_newest_ten_drafts_stay_drafts() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    for _ in 0..12 {
        new(&app, json!({})).await;
    }
    let states = "select count(*) from reports where number in (1, 2) and state = 'superseded'";
    assert_eq!(app.db_count(states).await, 2);
    assert_eq!(app.db_count("select count(*) from reports where state = 'draft'").await, 10);
    let told = app.as_chair().list(&app.a("/events?action=report.transitioned")).await;
    let told: Vec<_> = told.iter().map(|event| (&event["from"], &event["to"])).collect();
    assert_eq!(told, [(&json!("draft"), &json!("superseded")); 2]);
}

#[tokio::test]
async fn a_report_has_one_address() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    for other in ["0", "-1", "+1", "01", "1.0", "2", "2147483648", "one", "%201", built.id()] {
        app.as_chair().get(app.a(&format!("/reports/{other}"))).await.expect_problem(404, "notFound");
    }
    app.as_who(Who::OtherChair).get(app.b("/reports/1")).await.expect_problem(404, "notFound");
    app.as_who(Who::OtherChair).get(built.path.as_str()).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn building_a_report_leaves_an_event_that_names_its_hash() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    let events = app.as_chair().get(app.a(&format!("/events?after={}", built["lastSeq"]))).await.json();
    let event = &events["items"][0];
    assert_eq!(
        (&event["action"], &event["subject"]["id"], &event["subject"]["href"]),
        (&json!("report.created"), &json!(built.id()), &json!(built.path))
    );
    let noted = ["number", "recommendation", "hash"].map(|field| event["changes"][field]["after"].clone());
    assert_eq!(noted, [json!(1), json!("continue"), built["hash"].clone()]);
}

#[tokio::test]
async fn a_report_lists_what_it_has_room_for_and_counts_the_rest() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let many = "insert into policies (task_force_id, id, cycle, last_cycle, title, kind, aims, state, state_since, created_at, updated_at)
        select id, gen_random_uuid(), 1, 1, jsonb_build_object('ar', repeat('س', 200), 'en', repeat('s', 200)), 'policy', '{}',
               'adopted', now(), now(), now()
        from task_forces cross join generate_series(1, 3000) where id::text = $1";
    app.db().await.execute(many, &[&app.world().a]).await.unwrap();
    let built = new(&app, json!({})).await;
    let listed = built["model"]["policies"].as_array().unwrap().len();
    assert_eq!(built["model"]["abridged"], json!([{ "list": "policies", "listed": listed, "total": 3000 }]));
    assert!((150..=200).contains(&listed), "{listed}");
    let page = app.as_chair().get(format!("{}?format=html&lang=en", built.path)).await.expect(200);
    assert!(page.text().contains("Policies in force: this report lists"), "{}", page.text());
}

#[tokio::test]
async fn evidence_on_record_never_keeps_a_task_force_from_reporting() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    // Links about a passed submission, which nobody can delete, and one about another.
    let submissions = "insert into submissions
            (task_force_id, id, cycle, step, state, member_id, created_at, updated_at, decided_at, snapshot, hash)
        select task_force_id, gen_random_uuid(), 1, step, 'passed', id, now(), now(), now(), '{}', sha256('{}')
        from (select task_force_id, id from members where task_force_id::text = $1 limit 1) m,
             (values ('policy'), ('sectors')) as steps (step)";
    app.db().await.execute(submissions, &[&app.world().a]).await.unwrap();
    let links =
        "insert into evidence (task_force_id, id, submission_id, title, url, user_id, created_at, updated_at)
        select s.task_force_id, gen_random_uuid(), s.id,
               jsonb_build_object('ar', repeat('\u{1f3d9}', 200), 'en', repeat('\u{1f3d9}', 200)),
               'https://city.example/' || repeat('a', 1900), (select id from users limit 1), now(), now()
        from submissions s cross join generate_series(1, 700) where s.step = 'policy'";
    app.db().await.batch_execute(links).await.unwrap();
    let one = r#"insert into evidence (task_force_id, id, submission_id, title, url, user_id, created_at, updated_at)
        select s.task_force_id, gen_random_uuid(), s.id, '{"en": "The letter"}', 'https://city.example/letter',
               (select id from users limit 1), now(), now()
        from submissions s where s.step = 'sectors'"#;
    app.db().await.batch_execute(one).await.unwrap();
    let built = new(&app, json!({})).await;
    let evidence = built["model"]["evidence"].as_array().unwrap();
    let listed = evidence.len();
    assert!((50..=200).contains(&listed), "{listed}");
    assert_eq!(built["model"]["abridged"], json!([{ "list": "evidence", "listed": listed, "total": 701 }]));
    assert!(evidence.iter().any(|one| one["title"]["en"] == "The letter"), "each subject has its turn");
}
