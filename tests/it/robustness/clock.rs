//! A clock that goes back: what happened later stays the later one, in lists, on pages and in rules.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::council::{decide, submitted_report};
use crate::support::evidence::evidence;
use crate::support::policies::policy;
use crate::support::votes::{db_submit_report, ready_policy_step, submit, withdraw};
use crate::support::{Client, TestApp, Who};

/// How far the clock is ahead before it is put right.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Does something while the clock is ahead, and something else after the clock was put right.
async fn around_correction<T>(
    app: &TestApp,
    ahead: impl AsyncFnOnce() -> T,
    after: impl AsyncFnOnce() -> T,
) -> [T; 2] {
    app.advance(AHEAD);
    let first = ahead().await;
    app.advance(-AHEAD);
    [first, after().await]
}

/// The values of a field in a list, page by page.
async fn field(client: Client<'_>, path: &str, field: &str) -> Vec<Value> {
    client.list_by(path, 1).await.iter().map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn the_last_health_statement_is_the_one_stated_last() {
    let app = TestApp::start().await;
    let path = app.a("/health-statements");
    let state = async |health: &str| {
        app.as_chair().create(path.as_str(), json!({ "health": health })).await;
    };
    around_correction(&app, async || state("offTrack").await, async || state("onTrack").await).await;
    assert_eq!(field(app.as_expert(), &path, "health").await[..2], ["onTrack", "offTrack"]);
    let status = app.as_chair().get(app.a("/status")).await.expect(200).json();
    assert_eq!(status["health"], "onTrack", "{status:#}");
    app.db_open("report").await;
    let report = json!({ "recommendation": "continue", "summary": { "en": "It goes well" } });
    let report = app.as_chair().create(app.a("/reports"), report).await;
    assert_eq!(report["model"]["health"]["health"], "onTrack");
}

#[tokio::test]
async fn lists_of_a_task_force_are_in_the_order_in_which_things_were_made() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("inProgress")));
    let policies = app.a("/policies");
    let make = async |name: &str| {
        expert.create(comments.as_str(), json!({ "text": name })).await;
        expert.create(policies.as_str(), policy(json!({ "reference": name }))).await;
        chair.create_activity(json!({ "title": { "en": name } })).await;
    };
    let before = field(chair, &comments, "text").await.len();
    around_correction(&app, async || make("first").await, async || make("second").await).await;
    assert_eq!(field(chair, &comments, "text").await[before..], ["first", "second"]);
    assert_eq!(field(chair, &policies, "reference").await, ["first", "second"]);

    // A process whose clock is behind made ids only later than those of the other one.
    let ids = field(chair, &policies, "id").await;
    assert!(ids[0].as_str() < ids[1].as_str(), "{ids:?}");
}

#[tokio::test]
async fn the_last_submission_of_a_step_is_the_one_submitted_last() {
    let app = TestApp::start().await;
    ready_policy_step(&app).await;
    let submit_and_withdraw = async || {
        let submission = submit(app.as_chair(), "policy").await;
        withdraw(app.as_chair(), &submission).await.expect(200);
        json!(submission.id())
    };
    let made = around_correction(&app, submit_and_withdraw, submit_and_withdraw).await;
    assert_eq!(field(app.as_chair(), &app.a("/steps/policy/submissions"), "id").await, made);
}

#[tokio::test]
async fn new_evidence_belongs_to_the_cycle_in_which_it_was_added() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    submitted_report(&app, json!({})).await;
    let open = async || {
        decide(&app, "continue", json!({})).await;
    };
    around_correction(&app, open, async || ()).await;
    let of_cycle_two = expert.create(app.a("/policies"), policy(json!({}))).await;
    let link = evidence("policy", of_cycle_two.id(), json!({}));
    let link = expert.create(app.a("/evidence"), link).await;
    let renamed =
        expert.patch(&link, json!({ "title": { "en": "The decree" } })).await.expect(200).resource();
    expert.delete(&renamed).await.expect(204);
}

#[tokio::test]
async fn what_was_done_after_the_last_report_is_in_the_next_one() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let chair = app.as_chair();
    let report = async || {
        let body = json!({ "recommendation": "continue", "summary": { "en": "It goes well" } });
        chair.create(app.a("/reports"), body).await
    };
    let submitted = async || {
        let report = report().await;
        db_submit_report(&app, report.id()).await;
        report
    };
    let finish = async || {
        let activity = chair.create_activity(json!({ "step": "report" })).await;
        let activity = chair.transition(&activity, "inProgress").await;
        chair.transition(&activity, "done").await;
        report().await
    };
    let [_, last] = around_correction(&app, submitted, finish).await;
    assert_eq!(last["model"]["activities"]["doneSince"], 1);
    assert_eq!(last["model"]["activities"]["doneItems"].as_array().unwrap().len(), 1);
    let period = &last["model"]["control"]["period"];
    assert!(period["from"].as_str() <= period["to"].as_str(), "{period}");
}

#[tokio::test]
async fn the_newest_session_and_key_are_the_ones_begun_last() {
    let app = TestApp::start().await;
    let sign_in = async |client: &str| {
        let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
        let draft = Draft::post("/v1/auth/login", &credentials).header("User-Agent", client);
        app.as_anybody().send(draft).await.expect(200);
        let expires_at = app.clock.now() + TimeDelta::days(30);
        let key = json!({ "name": client, "scopes": ["read"], "expiresAt": expires_at });
        app.as_expert().create("/v1/api-keys", key).await;
    };
    around_correction(&app, async || sign_in("first").await, async || sign_in("second").await).await;
    let expert = app.as_expert();
    assert_eq!(field(expert, "/v1/me/sessions", "userAgent").await[..2], ["second", "first"]);
    assert_eq!(field(expert, "/v1/api-keys", "name").await, ["second", "first"]);
}

#[tokio::test]
async fn the_register_shows_first_what_was_recorded_last() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let record = async |fields: Value| decide(&app, "continue", fields).await["number"].clone();
    let correct = async || record(json!({ "supersedesNumber": 1 })).await;
    around_correction(&app, async || record(json!({})).await, correct).await;
    let register = field(app.as_who(Who::CouncilMember), "/v1/decisions", "number").await;
    assert_eq!(register, [2, 1]);
}
