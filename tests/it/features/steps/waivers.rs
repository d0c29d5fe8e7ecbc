//! Waivers: the chair exempts a step from a criterion and gives a reason.

use serde_json::{Value, json};

use crate::support::votes::{
    events_after, happened, last_seq, pass, ready_policy_step, submit, try_submit, unwaive, waive, withdraw,
};
use crate::support::{TestApp, Who};

async fn criterion(app: &TestApp, code: &str) -> Value {
    let readiness = app.as_expert().get(app.a("/steps/policy/readiness")).await.expect(200).json();
    readiness["criteria"].as_array().unwrap().iter().find(|one| one["code"] == code).unwrap().clone()
}

/// The policy step with one unmet criterion: an activity is still open.
async fn with_an_open_activity(app: &TestApp) {
    ready_policy_step(app).await;
    app.as_expert().create_activity(json!({})).await;
}

#[tokio::test]
async fn a_waived_criterion_lets_the_step_be_submitted_and_is_shown_with_reason_member_and_instant() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    with_an_open_activity(&app).await;
    try_submit(chair, "policy").await.expect_problem(409, "gateNotMet");
    let answer = waive(chair, "policy", "activitiesSettled", "The ministry is slow").await.expect(200);
    let shown = criterion(&app, "activitiesSettled").await;
    let waiver = json!({
        "reason": { "en": "The ministry is slow" },
        "member": {
            "id": app.world().member(Who::Chair), "userId": app.world().user(Who::Chair),
            "name": { "en": "Chair", "ar": "شخص Chair" },
        },
        "at": "2026-11-22T09:00:00Z",
    });
    assert_eq!((&shown["met"], &shown["waived"]), (&json!(false), &json!(true)), "it is not met for that");
    assert_eq!((&shown["waiver"], &shown["unmetTotal"]), (&waiver, &json!(1)));
    let readiness = chair.get(app.a("/steps/policy/readiness")).await.json();
    assert_eq!(readiness["ready"], true);
    assert_eq!(answer.json(), readiness, "the change answers what a read shows");

    let submission = submit(chair, "policy").await;
    let frozen = submission["snapshot"]["criteria"].as_array().unwrap();
    let frozen = |code: &str| frozen.iter().find(|one| one["code"] == code).unwrap();
    let waiver = json!({
        "reason": waiver["reason"], "memberId": app.world().member(Who::Chair), "at": waiver["at"],
    });
    let expected = json!({ "code": "activitiesSettled", "met": false, "waiver": waiver });
    assert_eq!(frozen("activitiesSettled"), &expected);
    assert_eq!(frozen("policyAdopted"), &json!({ "code": "policyAdopted", "met": true, "waiver": null }));
}

#[tokio::test]
async fn essential_criteria_can_not_be_waived() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for (step, criteria) in [
        ("policy", ["policyAdopted"].as_slice()),
        ("sectors", &["sectorsSelected"]),
        ("pilots", &["pilotsPlanned", "indicatorsSet"]),
        ("report", &["reportCurrent", "conditionsSettled"]),
    ] {
        app.db_open(step).await;
        for criterion in criteria {
            waive(chair, step, criterion, "Because").await.expect_problem(409, "notWaivable");
        }
    }
}

#[tokio::test]
async fn a_step_has_no_waiver_of_another_steps_criterion() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for elsewhere in ["candidatesSettled", "sectorsSelected", "reportCurrent"] {
        waive(chair, "policy", elsewhere, "Because").await.expect_problem(404, "notFound");
        unwaive(chair, "policy", elsewhere).await.expect_problem(404, "notFound");
    }
}

#[tokio::test]
async fn a_waiver_given_twice_is_one_and_another_reason_is_an_event() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let before = last_seq(&app).await;
    for _ in 0..2 {
        waive(chair, "policy", "aimsNamed", "They are all four").await.expect(200);
    }
    assert_eq!(happened(&app, before).await, ["waiver.granted"]);
    waive(chair, "policy", "aimsNamed", "They follow").await.expect(200);
    assert_eq!(happened(&app, before).await, ["waiver.granted", "waiver.granted"]);
    let changed = &events_after(&app, before).await[1];
    let expected = json!({ "before": { "en": "They are all four" }, "after": { "en": "They follow" } });
    assert_eq!(changed["changes"]["reason"], expected);
    assert_eq!(changed["subject"]["id"], chair.read(app.a("/steps/policy")).await["id"]);
    assert_eq!(criterion(&app, "aimsNamed").await["waiver"]["reason"]["en"], "They follow");
}

#[tokio::test]
async fn a_waiver_is_taken_back_once_and_then_there_is_none() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    with_an_open_activity(&app).await;
    waive(chair, "policy", "activitiesSettled", "It follows").await.expect(200);
    let before = last_seq(&app).await;
    for _ in 0..2 {
        let answer = unwaive(chair, "policy", "activitiesSettled").await.expect(200);
        let read = chair.get(app.a("/steps/policy/readiness")).await.expect(200);
        assert_eq!((answer.etag(), answer.json()), (read.etag(), read.json()));
        assert!(answer.etag().starts_with("\"1.") || answer.etag().starts_with("\"2."), "{}", answer.etag());
    }
    assert_eq!(happened(&app, before).await, ["waiver.removed"]);
    let shown = criterion(&app, "activitiesSettled").await;
    assert_eq!((&shown["waived"], &shown["waiver"]), (&json!(false), &Value::Null));
    try_submit(chair, "policy").await.expect_problem(409, "gateNotMet");
}

#[tokio::test]
async fn a_waiver_says_why() {
    let app = TestApp::start().await;
    let path = app.a("/steps/policy/waivers/aimsNamed");
    for (body, error) in [
        (json!({}), "/reason required"),
        (json!({ "reason": {} }), "/reason empty"),
        (json!({ "reason": { "en": "x" }, "until": "2027-01-01" }), "/until unknown"),
    ] {
        let put = crate::support::client::Draft::new(reqwest::Method::PUT, path.as_str()).json(&body);
        app.as_chair().send(put).await.expect_field_errors(&[error]);
    }
}

#[tokio::test]
async fn waivers_are_the_chairs_while_the_step_is_open() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    for who in [Who::Expert1, Who::Secretariat, Who::Administrator, Who::CouncilMember] {
        waive(app.as_who(who), "policy", "aimsNamed", "x").await.expect_problem(403, "forbidden");
        unwaive(app.as_who(who), "policy", "aimsNamed").await.expect_problem(403, "forbidden");
    }
    waive(app.as_who(Who::Outsider), "policy", "aimsNamed", "x").await.expect_problem(404, "notFound");
    let refused = async |step: &str, criterion: &str, code: &str| {
        waive(chair, step, criterion, "x").await.expect_problem(409, code);
        unwaive(chair, step, criterion).await.expect_problem(409, code);
    };
    refused("sectors", "candidatesSettled", "stepLocked").await;
    ready_policy_step(&app).await;
    let submission = submit(chair, "policy").await;
    refused("policy", "aimsNamed", "stepSubmitted").await;
    withdraw(chair, &submission).await.expect(200);
    waive(chair, "policy", "aimsNamed", "x").await.expect(200);
    pass(&app, "policy").await;
    refused("policy", "aimsNamed", "stepPassed").await;
}
