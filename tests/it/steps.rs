//! The five steps and their gates.

use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::{Client, TestApp};

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
    let submit = async || chair.post(app.a("/steps/policy/submissions"), json!({})).await;
    let asked = readiness(chair, "policy").await;
    assert_eq!(asked["ready"], false);
    let problem = submit().await.expect_problem(409, "gateNotMet");
    assert_eq!(problem["criteria"], asked["criteria"]);
    let unmet = problem["criteria"][0]["unmet"].as_array().unwrap();
    assert_eq!(problem["criteria"][0]["code"], "activitiesSettled");
    let open = chair.list(&app.a("/activities?step=policy&state=planned,inProgress,inReview,blocked")).await;
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(unmet), ids(&open));
    assert_eq!(states(chair).await[0], "open", "a refused submission changes nothing");

    app.settle("policy").await;
    let asked = readiness(chair, "policy").await;
    assert_eq!((&asked["ready"], &asked["blockedBy"]), (&json!(true), &json!([])));
    submit().await.expect(201);
    let asked = readiness(chair, "policy").await;
    assert_eq!((&asked["ready"], &asked["blockedBy"][0]["code"]), (&json!(false), &json!("stepPassed")));
    submit().await.expect_problem(409, "stepPassed");
}

#[tokio::test]
async fn a_task_force_goes_through_its_five_steps_one_after_the_other() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (at, step) in STEPS.into_iter().enumerate() {
        if let Some(next) = STEPS.get(at + 1) {
            let early = chair.post(app.a(&format!("/steps/{next}/submissions")), json!({})).await;
            early.expect_problem(409, "stepLocked");
            assert_eq!(readiness(chair, next).await["blockedBy"][0]["code"], "stepLocked");
        }
        app.settle(step).await;
        let note = json!({ "note": { "ar": "أُنجزت" } });
        let passed = chair.create(app.a(&format!("/steps/{step}/submissions")), note).await;
        assert_eq!((&passed["state"], &passed["step"]), (&json!("passed"), &json!(step)));
        assert_eq!(chair.again(&passed).await.body, passed.body, "Location leads to it");
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
        "only the council concludes it"
    );
}

#[tokio::test]
async fn of_two_submissions_at_once_one_passes_the_step() {
    let app = TestApp::start().await;
    app.settle("policy").await;
    let submit = || app.as_chair().insist(Draft::post(app.a("/steps/policy/submissions"), &json!({})));
    let (one, other) = tokio::join!(submit(), submit());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(app.as_chair().list(&app.a("/steps/policy/submissions")).await.len(), 1);
    assert_eq!(states(app.as_chair()).await[..3], ["passed", "open", "locked"]);
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
        chair.patch(&step, json!({ "targetDate": wrong })).await.expect_faults(&["/targetDate wrongFormat"]);
    }
    chair.patch(&step, json!({ "state": "passed" })).await.expect_faults(&["/state unknown"]);
    app.settle("policy").await;
    chair.create(app.a("/steps/policy/submissions"), json!({})).await;
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
