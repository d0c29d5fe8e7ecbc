//! The five steps, one after the other.

mod gates;
mod waivers;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::pilots::{evaluation, measured, planned_pilot};
use crate::support::sectors::studied_sector;
use crate::support::votes::{db_draft_report, pass, ready_policy_step, try_submit};
use crate::support::{Client, TestApp, Who};

const STEPS: [&str; 5] = ["policy", "sectors", "pilots", "migration", "report"];

async fn states(client: Client<'_>) -> Vec<String> {
    let steps = client.get(client.app.a("/steps")).await.expect(200).json();
    let steps = steps["items"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["step"].as_str().unwrap()).collect::<Vec<_>>(), STEPS);
    steps.iter().map(|step| step["state"].as_str().unwrap().to_owned()).collect()
}

async fn readiness(client: Client<'_>, step: &str) -> Value {
    client.get(client.app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json()
}

#[tokio::test]
async fn activation_opens_the_first_step_and_no_other() {
    let app = TestApp::start().await;
    assert_eq!(states(app.as_chair()).await, ["open", "locked", "locked", "locked", "locked"]);
    let first = app.as_chair().read(app.a("/steps/policy")).await;
    assert!(first["openedAt"].is_string() && first["passedAt"].is_null());
    assert_eq!(first["title"]["en"], "Identify some smart governance policy / framework");
    let forming = app.as_secretariat().get(app.f("/steps/policy")).await.json();
    assert_eq!((&forming["state"], &forming["openedAt"]), (&json!("locked"), &Value::Null));
}

#[tokio::test]
async fn readiness_and_the_submission_say_the_same_and_name_what_is_open() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let asked = readiness(chair, "policy").await;
    assert_eq!(asked["ready"], false);
    let problem = try_submit(chair, "policy").await.expect_problem(409, "gateNotMet");
    assert_eq!(problem["criteria"], asked["criteria"]);
    let criteria = problem["criteria"].as_array().unwrap();
    let settled = criteria.iter().find(|one| one["code"] == "activitiesSettled").unwrap();
    let open = chair.list(&app.a("/activities?step=policy&state=planned,inProgress,inReview,blocked")).await;
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(settled["unmet"].as_array().unwrap()), ids(&open));
    assert_eq!(states(chair).await[0], "open", "a refused submission changes nothing");
    assert!(chair.list(&app.a("/steps/policy/submissions")).await.is_empty());

    ready_policy_step(&app).await;
    let asked = readiness(chair, "policy").await;
    assert_eq!((&asked["ready"], &asked["blockedBy"]), (&json!(true), &json!([])));
    let passed = pass(&app, "policy").await;
    assert_eq!((&passed["state"], &passed["step"]), (&json!("passed"), &json!("policy")));
    let asked = readiness(chair, "policy").await;
    assert_eq!((&asked["ready"], &asked["blockedBy"][0]["code"]), (&json!(false), &json!("stepPassed")));
    try_submit(chair, "policy").await.expect_problem(409, "stepPassed");
}

/// Does what each step asks for, through the service.
async fn work_through(app: &TestApp, step: &str) {
    let expert = app.as_expert();
    app.cancel_open_activities(step).await;
    match step {
        "policy" => {
            ready_policy_step(app).await;
        }
        "sectors" => {
            studied_sector(expert, "Permits").await;
        }
        "pilots" => {
            let sector = expert.list(&app.a("/sectors")).await[0]["id"].clone();
            let pilot = planned_pilot(app, json!({ "sectorId": sector })).await;
            let subject = json!({ "kind": "pilot", "id": pilot.id() });
            let assignee = app.world().member(Who::Expert2);
            let fields = json!({
                "step": "migration", "subject": subject, "assigneeId": assignee, "dueDate": "2027-04-01",
            });
            expert.create_activity(fields).await;
        }
        "migration" => {
            let pilot = expert.list(&app.a("/pilots")).await[0]["id"].clone();
            let pilot = expert.read(app.a(&format!("/pilots/{}", pilot.as_str().unwrap()))).await;
            let running = expert.transition(&pilot, "running").await;
            measured(app, &running).await;
            expert.command(&running, "transitions", evaluation("stop")).await.expect(200);
        }
        _ => {
            for _ in 0..2 {
                db_draft_report(app, json!({ "en": "It went well", "ar": "سار جيدًا" })).await;
            }
        }
    }
}

#[tokio::test]
async fn a_task_force_goes_through_its_five_steps_one_after_the_other() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (at, step) in STEPS.into_iter().enumerate() {
        if let Some(next) = STEPS.get(at + 1) {
            try_submit(chair, next).await.expect_problem(409, "stepLocked");
            assert_eq!(readiness(chair, next).await["blockedBy"][0]["code"], "stepLocked");
        }
        work_through(&app, step).await;
        pass(&app, step).await;
        let expected: Vec<_> = (0..5)
            .map(|other| {
                if other <= at {
                    "passed"
                } else if other == at + 1 {
                    "open"
                } else {
                    "locked"
                }
            })
            .collect();
        assert_eq!(states(chair).await, expected);
    }
    let status = chair.get(app.a("/status")).await.json();
    assert_eq!(
        (&status["step"], &status["state"]),
        (&Value::Null, &json!("active")),
        "only the council concludes a task force"
    );
    // With the last step the latest draft goes to the council, and takes the place of the older ones.
    let reports = "select string_agg(state, ' ' order by number) from reports";
    let states: String = app.db().await.query_one(reports, &[]).await.unwrap().get(0);
    assert_eq!(states, "superseded submitted");
}

#[tokio::test]
async fn a_target_date_is_set_moved_and_cleared_until_the_step_has_passed() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for date in [json!("2027-03-31"), json!("2027-04-30"), Value::Null] {
        let step = chair.read(app.a("/steps/sectors")).await;
        let changed = chair.patch(&step, json!({ "targetDate": date })).await.expect(200).json();
        assert_eq!(changed["targetDate"], date);
    }
    let step = chair.read(app.a("/steps/policy")).await;
    for wrong in ["2027-02-29", "31.03.2027", "2027-3-1", ""] {
        chair
            .patch(&step, json!({ "targetDate": wrong }))
            .await
            .expect_field_errors(&["/targetDate wrongFormat"]);
    }
    // In Amman the next day has begun.
    app.advance(TimeDelta::hours(13));
    chair
        .patch(&step, json!({ "targetDate": "2026-11-22" }))
        .await
        .expect_field_errors(&["/targetDate tooSmall"]);
    let soon = chair.patch(&step, json!({ "targetDate": "2026-11-23" })).await.expect(200).resource();
    app.advance(TimeDelta::days(2));
    let missed = chair.patch(&soon, json!({ "targetDate": "2026-11-23" })).await.expect(200).resource();
    assert_eq!(missed.etag, soon.etag, "a date that has passed since is no error");
    let step = chair.read(app.a("/steps/policy")).await;
    chair.patch(&step, json!({ "state": "passed" })).await.expect_field_errors(&["/state unknown"]);
    ready_policy_step(&app).await;
    pass(&app, "policy").await;
    let step = chair.read(app.a("/steps/policy")).await;
    chair.patch(&step, json!({ "targetDate": "2027-01-01" })).await.expect_problem(409, "stepPassed");
}

#[tokio::test]
async fn there_is_no_cycle_but_the_present_one_yet() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    assert_eq!(
        chair.get(app.a("/steps?cycle=1")).await.expect(200).json()["items"].as_array().unwrap().len(),
        5
    );
    chair.get(app.a("/steps?cycle=2")).await.expect_problem(404, "notFound");
    chair.get(app.a("/steps/policy?cycle=2")).await.expect_problem(404, "notFound");
}
