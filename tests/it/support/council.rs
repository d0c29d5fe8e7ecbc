//! Reports before the council and its decisions, as tests write them.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{Draft, with};
use super::pilots::{evaluation, measured, planned_pilot, today};
use super::policies::adopted_policy;
use super::sectors::studied_sector;
use super::world::PANEL;
use super::{Answer, Resource, TestApp, Who};

/// The body of a new report in both languages, with these fields instead of the usual ones.
fn report(fields: Value) -> Value {
    let summary = json!({ "en": "It goes well", "ar": "العمل يسير على ما يرام" });
    with(json!({ "recommendation": "continue", "summary": summary }), fields)
}

/// Puts a step of task force A to the members, who pass it.
pub(crate) async fn pass_step(app: &TestApp, step: &str) {
    let submitted = app.as_chair().create(app.a(&format!("/steps/{step}/submissions")), json!({})).await;
    let vote = format!("{}/votes/mine", submitted.path);
    for who in &PANEL[..4] {
        let draft = Draft::new(Method::PUT, vote.as_str()).json(&json!({ "choice": "approve" }));
        app.as_who(*who).send(draft).await.expect(200);
    }
}

/// Builds a report in the open fifth step, and passes that step: the report is before the council.
pub(crate) async fn reported(app: &TestApp, fields: Value) -> Resource {
    app.cancel_open_activities("report").await;
    let report = app.as_chair().create(app.a("/reports"), report(fields)).await;
    pass_step(app, "report").await;
    let report = app.as_chair().reload(&report).await;
    assert_eq!(report["state"], "submitted");
    report
}

/// A report of task force A before the council; its other steps have passed without products.
pub(crate) async fn submitted_report(app: &TestApp, fields: Value) -> Resource {
    app.db_open("report").await;
    reported(app, fields).await
}

/// A report of a task force before the council, past the service, without the members' vote on step 5.
pub(crate) async fn db_submitted_report(app: &TestApp, task_force: &str, chair: Who) -> Resource {
    let path = format!("/v1/task-forces/{task_force}/reports");
    let there = app.as_who(chair).list(&format!("{path}?state=submitted")).await;
    let fifth = "update steps set state = $2, passed_at = now() where task_force_id::text = $1
                 and step = 'report' and cycle = (select current_cycle from task_forces where id::text = $1)";
    let report = match there.first() {
        Some(report) => app.as_who(chair).read(format!("{path}/{}", report["number"])).await,
        None => {
            app.db().await.execute(fifth, &[&task_force, &"open"]).await.unwrap();
            let report = app.as_who(chair).create(path, report(json!({}))).await;
            let submit =
                "update reports set state = 'submitted', submitted_at = created_at where id::text = $1";
            app.db().await.execute(submit, &[&report.id()]).await.unwrap();
            report
        }
    };
    app.db().await.execute(fifth, &[&task_force, &"passed"]).await.unwrap();
    report
}

/// The resources that task force A has made in a cycle.
pub(crate) struct Work {
    pub(crate) policy: Resource,
    pub(crate) sector: Resource,
    pub(crate) pilot: Resource,
}

/// Task force A goes through four of its steps with a product in each; an hour lies between them. In the fifth, its
/// report is before the council.
pub(crate) async fn worked_through(app: &TestApp) -> Work {
    let (expert, hour) = (app.as_expert(), TimeDelta::hours(1));
    let adopted = adopted_policy(app, json!({})).await;
    app.cancel_open_activities("policy").await;
    app.advance(hour);
    pass_step(app, "policy").await;

    let sector = studied_sector(expert, "Mobility").await;
    app.cancel_open_activities("sectors").await;
    app.advance(hour);
    pass_step(app, "sectors").await;

    let pilot = planned_pilot(app, json!({ "sectorId": sector.id() })).await;
    let carry_out = json!({
        "step": "migration",
        "subject": { "kind": "pilot", "id": pilot.id() },
        "assigneeId": app.world().member(Who::Expert1),
        "dueDate": "2027-05-31",
    });
    expert.create_activity(carry_out).await;
    app.advance(hour);
    pass_step(app, "pilots").await;

    let pilot = expert.transition(&pilot, "running").await;
    measured(app, &pilot).await;
    expert.command(&pilot, "transitions", evaluation("stop")).await.expect(200);
    app.cancel_open_activities("migration").await;
    app.advance(hour);
    pass_step(app, "migration").await;

    app.advance(hour);
    reported(app, json!({})).await;
    Work { policy: adopted, sector, pilot }
}

/// The body of a new condition, with these fields instead of the usual ones.
pub(crate) fn condition(app: &TestApp, owner: Who, fields: Value) -> Value {
    let usual = json!({
        "text": { "en": "Publish the data", "ar": "نشر البيانات" },
        "ownerId": app.world().member(owner),
        "dueDate": "2027-01-31",
    });
    with(usual, fields)
}

/// The body of a decision on the first report, made on the present day, with these fields instead of the usual ones.
pub(crate) fn decision(app: &TestApp, outcome: &str, fields: Value) -> Value {
    let usual = json!({
        "reportNumber": 1,
        "outcome": outcome,
        "meetingReference": "CDG/2026/11, item 4",
        "decidedOn": today(app),
        "reason": { "en": "The report convinces", "ar": "التقرير مقنع" },
    });
    with(usual, fields)
}

/// The secretariat tries to record a decision on task force A.
pub(crate) async fn try_decide(app: &TestApp, outcome: &str, fields: Value) -> Answer {
    app.as_secretariat().post(app.a("/decisions"), decision(app, outcome, fields)).await
}

/// The secretariat records a decision on task force A.
pub(crate) async fn decide(app: &TestApp, outcome: &str, fields: Value) -> Resource {
    try_decide(app, outcome, fields).await.expect(201).resource()
}

/// A condition of a decision on the first report of task force A, which continues.
pub(crate) async fn set_condition(app: &TestApp, owner: Who, fields: Value) -> Resource {
    submitted_report(app, json!({})).await;
    let decided = decide(app, "continue", json!({ "conditions": [condition(app, owner, fields)] })).await;
    app.as_secretariat().read(condition_path(app, &decided, 0)).await
}

/// The address of a condition of a decision on task force A.
pub(crate) fn condition_path(app: &TestApp, decision: &Resource, at: usize) -> String {
    app.a(&format!("/conditions/{}", decision["conditions"][at]["id"].as_str().unwrap()))
}

/// The five steps of task force A; `query` says of which cycle.
pub(crate) async fn steps(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.as_chair().get(app.a(&format!("/steps{query}"))).await.expect(200).json();
    answer["items"].as_array().unwrap().clone()
}

/// Their states.
pub(crate) async fn states(app: &TestApp, query: &str) -> Vec<String> {
    steps(app, query).await.iter().map(|step| step["state"].as_str().unwrap().to_owned()).collect()
}

/// The chair waives a criterion of the open step.
pub(crate) async fn waive(app: &TestApp, step: &str, criterion: &str) {
    let path = app.a(&format!("/steps/{step}/waivers/{criterion}"));
    let draft = Draft::new(Method::PUT, path).json(&json!({ "reason": { "en": "No time" } }));
    app.as_chair().send(draft).await.expect(200);
}

/// The chair says why nothing of a step that the council opened again had to be changed.
pub(crate) fn answer(app: &TestApp, step: &str) -> Draft {
    let note = json!({ "en": "It was right as it was", "ar": "كان صحيحًا كما هو" });
    Draft::new(Method::PUT, app.a(&format!("/steps/{step}/adjustment-note"))).json(&json!({ "note": note }))
}

/// The criteria of a step that are waived.
pub(crate) async fn waived(app: &TestApp, step: &str) -> Vec<String> {
    let gate = app.as_chair().get(app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json();
    let criteria = gate["criteria"].as_array().unwrap().iter();
    let waived = criteria.filter(|criterion| criterion["waived"] == true);
    waived.map(|criterion| criterion["code"].as_str().unwrap().to_owned()).collect()
}

/// The number of the last event of task force A.
pub(crate) async fn last_seq(app: &TestApp) -> i64 {
    app.as_secretariat().get(app.a("/events?limit=1")).await.json()["lastSeq"].as_i64().unwrap()
}

/// The events of task force A since: action, from, to.
pub(crate) async fn happened(app: &TestApp, since: i64) -> Vec<String> {
    let page = app.as_secretariat().get(app.a(&format!("/events?limit=100&after={since}"))).await.json();
    let word = |event: &Value, field: &str| event[field].as_str().unwrap_or("-").to_owned();
    let events = page["items"].as_array().unwrap();
    events
        .iter()
        .map(|event| {
            let action = word(event, "action");
            match event["from"].as_str() {
                Some(from) => format!("{action} {from} {}", word(event, "to")),
                None => action,
            }
        })
        .collect()
}

/// Fails unless the events of task force A are chained from the first to the last; returns their number.
pub(crate) async fn db_verify_chain(app: &TestApp) -> i64 {
    let query =
        "select seq, body, previous_hash, hash from events where task_force_id::text = $1 order by seq";
    let (mut seq, mut previous) = (0, vec![0; 32]);
    for row in app.db().await.query(query, &[&app.world().a]).await.unwrap() {
        let (body, hash): (String, Vec<u8>) = (row.get(1), row.get(3));
        seq += 1;
        assert_eq!(row.get::<_, i64>(0), seq, "gap-free");
        assert_eq!(row.get::<_, Vec<u8>>(2), previous, "event {seq} follows another");
        assert_eq!(Sha256::new().chain_update(&previous).chain_update(body).finalize().to_vec(), hash);
        previous = hash;
    }
    seq
}
