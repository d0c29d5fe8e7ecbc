//! Decisions that correct earlier ones: the record at any time, the outcome only while nothing has followed from it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::council::{
    answer, condition, condition_path, db_verify_chain, decide, happened, last_seq, pass_step, reported,
    states, steps, submitted_report, try_decide, waive, waived, worked_through,
};
use crate::support::evidence::{PDF, evidence, upload};
use crate::support::sign_in::set_user_state;
use crate::support::{Resource, TestApp, Who};

/// The fields of a decision that corrects another.
fn correcting(number: i64, mut fields: Value) -> Value {
    fields["supersedesNumber"] = json!(number);
    fields
}

/// Anything that follows from a decision.
async fn go_on(app: &TestApp) {
    app.as_chair().create(app.a("/health-statements"), json!({ "health": "onTrack" })).await;
}

async fn state(app: &TestApp) -> Value {
    app.as_secretariat().read(app.a("")).await["state"].clone()
}

async fn condition_states(app: &TestApp) -> Vec<Value> {
    let listed = app.as_chair().list(&app.a("/conditions")).await;
    listed.iter().map(|condition| condition["state"].clone()).collect()
}

#[tokio::test]
async fn the_record_can_always_be_corrected_and_its_effects_stay() {
    let app = TestApp::start().await;
    let report = submitted_report(&app, json!({})).await;
    let one = json!({ "conditions": [condition(&app, Who::Expert1, json!({}))] });
    let first = decide(&app, "continue", one).await;
    let new = app.as_chair().create_activity(json!({})).await;
    let before = (steps(&app, "").await, steps(&app, "?cycle=1").await, last_seq(&app).await);

    let other = condition(&app, Who::Expert2, json!({ "text": { "en": "Report monthly" } }));
    let fields = json!({ "meetingReference": "CDG/2026/11, item 5", "conditions": [other] });
    let second = decide(&app, "continue", correcting(1, fields)).await;
    assert_eq!(
        (
            &second["number"],
            &second["supersedes"]["number"],
            &second["supersededBy"]["number"],
            &second["report"]["number"]
        ),
        (&json!(2), &json!(1), &Value::Null, &json!(1))
    );
    let first = app.as_chair().reload(&first).await;
    assert_eq!((&first["supersedes"]["number"], &first["supersededBy"]["number"]), (&Value::Null, &json!(2)));
    assert_eq!(first["meetingReference"], "CDG/2026/11, item 4", "what was recorded is never edited");
    assert_eq!(happened(&app, before.2).await, ["decision.recorded", "condition.created"]);
    assert_eq!((steps(&app, "").await, steps(&app, "?cycle=1").await), (before.0, before.1));
    assert_eq!(app.as_chair().reload(&new).await["cycle"], 2);
    assert_eq!(app.as_chair().reload(&report).await["state"], "decided");
    assert_eq!(condition_states(&app).await, ["open", "open"], "the first one's stay");
    let of = |decision: &Resource| decision["conditions"].as_array().unwrap().len();
    assert_eq!((of(&first), of(&second)), (1, 1));

    // Also in a later cycle.
    app.as_chair().transition_because(&new, "cancelled", "Done by others").await;
    submitted_report(&app, json!({})).await;
    decide(&app, "conclude", json!({ "reportNumber": 2 })).await;
    decide(&app, "continue", correcting(2, json!({}))).await;
    assert_eq!(state(&app).await, "concluded");
    // The record of a decision that ended the task force can be corrected, too.
    let fields = json!({ "reportNumber": 2, "conditions": [condition(&app, Who::Chair, json!({}))] });
    let last = decide(&app, "conclude", correcting(3, fields)).await;
    assert_eq!((&last["number"], &state(&app).await), (&json!(5), &json!("concluded")));
    let listed = app.as_chair().list(&app.a("/decisions")).await;
    let links: Vec<_> =
        listed.iter().map(|item| (&item["supersedes"]["number"], &item["supersededBy"]["number"])).collect();
    let (null, [one, two, three, four, five]) = (Value::Null, [1, 2, 3, 4, 5].map(|number| json!(number)));
    assert_eq!(links, [(&three, &null), (&two, &null), (&null, &five), (&one, &four), (&null, &two)]);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn a_correction_names_a_decision_that_holds_and_its_report() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    decide(&app, "adjust", json!({ "returnToStep": "report" })).await;
    reported(&app, json!({})).await;
    for outcome in ["continue", "stop"] {
        let problem = try_decide(&app, outcome, correcting(2, json!({}))).await;
        let problem = problem.expect_problem(400, "unknownReference");
        assert_eq!(problem["errors"][0]["pointer"], "/supersedesNumber");
    }
    let fields = json!({ "reportNumber": 2, "returnToStep": "report" });
    let wrong = try_decide(&app, "adjust", correcting(1, fields)).await;
    wrong.expect_field_errors(&["/reportNumber invalid"]);

    let same = || json!({ "returnToStep": "report" });
    decide(&app, "adjust", correcting(1, same())).await;
    for outcome in ["adjust", "continue"] {
        let fields = if outcome == "adjust" { same() } else { json!({}) };
        let twice = try_decide(&app, outcome, correcting(1, fields)).await;
        twice.expect_problem(409, "decisionSuperseded");
    }
    decide(&app, "adjust", correcting(2, same())).await;
    let a = app.as_secretariat().read(app.a("")).await;
    app.as_secretariat().transition_because(&a, "suspended", "Elections").await;
    try_decide(&app, "adjust", correcting(3, same())).await.expect_problem(409, "taskForceSuspended");
}

#[tokio::test]
async fn something_else_is_decided_only_while_nothing_has_followed() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Chair, json!({}))] });
    decide(&app, "continue", owned).await;
    go_on(&app).await;
    let before = (last_seq(&app).await, states(&app, "").await, condition_states(&app).await);
    for outcome in ["conclude", "stop"] {
        let late = try_decide(&app, outcome, correcting(1, json!({}))).await;
        late.expect_problem(409, "decisionFollowed");
    }
    let late = try_decide(&app, "adjust", correcting(1, json!({ "returnToStep": "policy" }))).await;
    late.expect_problem(409, "decisionFollowed");
    // Consequences of the corrected decision count as consequences of its correction.
    decide(&app, "continue", correcting(1, json!({}))).await;
    try_decide(&app, "conclude", correcting(2, json!({}))).await.expect_problem(409, "decisionFollowed");
    assert_eq!(happened(&app, before.0).await, ["decision.recorded"]);
    assert_eq!((states(&app, "").await, condition_states(&app).await), (before.1, before.2));

    // A correction of the record follows from nothing, with conditions or without.
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    decide(&app, "continue", json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Chair, json!({}))] });
    decide(&app, "continue", correcting(1, owned)).await;
    decide(&app, "continue", correcting(2, json!({}))).await;
    decide(&app, "conclude", correcting(3, json!({}))).await;
    assert_eq!(state(&app).await, "concluded");

    // A condition that was reported met is a consequence, also after the end.
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Chair, json!({}))] });
    let ended = decide(&app, "stop", owned).await;
    let owned = app.as_chair().read(condition_path(&app, &ended, 0)).await;
    app.as_chair().transition(&owned, "reportedMet").await;
    let late = try_decide(&app, "continue", correcting(1, json!({}))).await;
    late.expect_problem(409, "decisionFollowed");
}

#[tokio::test]
async fn another_step_is_another_decision() {
    let app = TestApp::start().await;
    worked_through(&app).await;
    decide(&app, "adjust", json!({ "returnToStep": "migration" })).await;
    decide(&app, "adjust", correcting(1, json!({ "returnToStep": "sectors" }))).await;
    assert_eq!(states(&app, "").await, ["passed", "open", "locked", "locked", "locked"]);
    go_on(&app).await;
    let late = try_decide(&app, "adjust", correcting(2, json!({ "returnToStep": "migration" }))).await;
    late.expect_problem(409, "decisionFollowed");
    decide(&app, "adjust", correcting(2, json!({ "returnToStep": "sectors" }))).await;
    assert_eq!(states(&app, "").await, ["passed", "open", "locked", "locked", "locked"]);
}

#[tokio::test]
async fn a_cycle_that_was_opened_by_mistake_is_taken_back_with_what_was_carried_over() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let work = worked_through(&app).await;
    let products = [&work.policy, &work.sector, &work.pilot];
    let mut before = Vec::new();
    for product in products {
        before.push(chair.reload(product).await.body);
    }
    let (past, status) = (steps(&app, "").await, chair.get(app.a("/status")).await.json());
    decide(&app, "continue", json!({})).await;
    assert_eq!(chair.reload(&work.policy).await["lastCycle"], 2);
    let seq = last_seq(&app).await;
    decide(&app, "conclude", correcting(1, json!({}))).await;
    let expected = ["decision.recorded", "cycle.removed", "taskForce.transitioned active concluded"];
    assert_eq!(happened(&app, seq).await, expected);

    assert_eq!(state(&app).await, "concluded");
    assert_eq!(steps(&app, "").await, past, "all five have passed when they passed");
    chair.get(app.a("/steps?cycle=2")).await.expect_problem(404, "notFound");
    for (product, before) in products.into_iter().zip(before) {
        let mut now = chair.reload(product).await.body;
        assert_eq!(now["lastCycle"], 1);
        for of_the_state in ["availableTransitions", "permissions"] {
            now[of_the_state] = before[of_the_state].clone();
        }
        assert_eq!(now, before, "{}", product.path);
    }
    let now = chair.get(app.a("/status")).await.json();
    assert_eq!((&now["cycle"], &now["step"], &now["steps"]), (&json!(1), &Value::Null, &status["steps"]));

    // A second correction lets the task force continue.
    decide(&app, "continue", correcting(2, json!({}))).await;
    assert_eq!(state(&app).await, "active");
    assert_eq!(states(&app, "").await, ["open", "locked", "locked", "locked", "locked"]);
    assert_eq!(steps(&app, "").await[0]["cycle"], 2);
    assert_eq!(steps(&app, "?cycle=1").await, past);
    assert_eq!(chair.reload(&work.sector).await["lastCycle"], 2);
    chair.create_activity(json!({})).await;
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn steps_that_were_opened_by_mistake_have_passed_when_they_passed() {
    let app = TestApp::start().await;
    worked_through(&app).await;
    let passed = async |query: &str| -> Vec<Value> {
        steps(&app, query).await.iter().map(|step| step["passedAt"].clone()).collect()
    };
    let before = passed("").await;
    let hours = ["10", "11", "12", "13", "14"].map(|hour| json!(format!("2026-11-22T{hour}:00:00Z")));
    assert_eq!(before, hours);
    for (number, step) in [(1, "policy"), (3, "pilots"), (5, "report")] {
        app.advance(TimeDelta::minutes(1));
        let fields = json!({ "returnToStep": step });
        let fields = if number == 1 { fields } else { correcting(number - 1, fields) };
        decide(&app, "adjust", fields).await;
        assert!(states(&app, "").await.contains(&"open".to_owned()));
        app.advance(TimeDelta::minutes(1));
        decide(&app, "continue", correcting(number, json!({}))).await;
        assert_eq!(states(&app, "?cycle=1").await, ["passed"; 5]);
        assert_eq!(passed("?cycle=1").await, before, "{step}");
        assert_eq!(states(&app, "").await[0], "open");
    }
    // A step that was done again has passed when it passed again.
    let fields = json!({ "returnToStep": "migration" });
    decide(&app, "adjust", correcting(6, fields)).await;
    app.advance(TimeDelta::hours(1));
    app.as_chair().send(answer(&app, "migration")).await.expect(200);
    pass_step(&app, "migration").await;
    reported(&app, json!({})).await;
    let again = passed("").await;
    assert_eq!(again[..3], before[..3]);
    assert_ne!(again[3], before[3]);
    decide(&app, "adjust", json!({ "reportNumber": 2, "returnToStep": "policy" })).await;
    app.advance(TimeDelta::hours(1));
    decide(&app, "conclude", correcting(8, json!({ "reportNumber": 2 }))).await;
    assert_eq!(passed("").await, again);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn an_end_that_was_recorded_by_mistake_is_none() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    decide(&app, "stop", json!({})).await;
    assert_eq!(state(&app).await, "dissolved");
    decide(&app, "conclude", correcting(1, json!({}))).await;
    assert_eq!(state(&app).await, "concluded");
    let seq = last_seq(&app).await;
    decide(&app, "adjust", correcting(2, json!({ "returnToStep": "migration" }))).await;
    assert_eq!(state(&app).await, "active");
    assert_eq!(states(&app, "").await, ["passed", "passed", "passed", "open", "locked"]);
    let expected = [
        "decision.recorded",
        "taskForce.transitioned concluded active",
        "step.transitioned passed open",
        "step.transitioned passed locked",
    ];
    assert_eq!(happened(&app, seq).await, expected);
    app.as_chair().create_activity(json!({ "step": "migration" })).await;
    app.cancel_open_activities("migration").await;
    pass_step(&app, "migration").await;
    let second = reported(&app, json!({})).await;
    assert_eq!(second["number"], 2);
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn a_task_force_is_brought_back_once_its_disabled_members_are_replaced() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    submitted_report(&app, json!({})).await;
    let decision = decide(&app, "stop", json!({})).await;
    set_user_state(&app, Who::Expert5, "disabled").await;
    let back = json!({ "returnToStep": "migration" });
    let refused = try_decide(&app, "adjust", correcting(1, back.clone())).await;
    let problem = refused.expect_problem(409, "seatsInvalid");
    assert_eq!(problem["references"][0]["id"], app.world().member(Who::Expert5));
    assert_eq!(state(&app).await, "dissolved");
    // The record can be corrected all the same.
    decide(&app, "conclude", correcting(1, json!({}))).await;
    assert_eq!(decision["number"], 1);

    let seat = |who: Who| app.a(&format!("/members/{}", app.world().member(who)));
    let end = |who: Who| json!({ "reason": { "en": "Away" }, "successor": app.world().seat(who, "expert") });
    let other = secretariat.read(seat(Who::Expert4)).await;
    let kept = secretariat.command(&other, "end", end(Who::Outsider)).await;
    kept.expect_problem(409, "taskForceClosed");
    let disabled = secretariat.read(seat(Who::Expert5)).await;
    secretariat.command(&disabled, "end", end(Who::Outsider)).await.expect(200);
    decide(&app, "adjust", correcting(2, back)).await;
    assert_eq!(state(&app).await, "active");
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn handing_on_the_work_of_a_member_does_not_follow_from_a_decision() {
    let app = TestApp::start().await;
    let secretariat = app.as_secretariat();
    submitted_report(&app, json!({})).await;
    let owned = json!({ "conditions": [condition(&app, Who::Expert5, json!({}))] });
    decide(&app, "continue", owned).await;
    let seat = secretariat.read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
    let end = json!({ "reason": { "en": "Away" }, "successor": app.world().seat(Who::Outsider, "expert") });
    secretariat.command(&seat, "end", end).await.expect(200);
    decide(&app, "continue", correcting(1, json!({}))).await;
    decide(&app, "conclude", correcting(2, json!({}))).await;
    assert_eq!(state(&app).await, "concluded");
}

#[tokio::test]
async fn waivers_that_adjust_took_back_are_given_again_when_it_is_corrected() {
    let app = TestApp::start().await;
    worked_through(&app).await;
    decide(&app, "adjust", json!({ "returnToStep": "report" })).await;
    waive(&app, "report", "activitiesSettled").await;
    reported(&app, json!({})).await;
    let on_the_second = |step: &str| json!({ "reportNumber": 2, "returnToStep": step });
    decide(&app, "adjust", on_the_second("policy")).await;
    assert_eq!(waived(&app, "report").await, [""; 0]);
    // A correction of the record in between makes no difference.
    decide(&app, "adjust", correcting(2, on_the_second("policy"))).await;
    assert_eq!(waived(&app, "report").await, [""; 0]);
    decide(&app, "adjust", correcting(3, on_the_second("report"))).await;
    assert_eq!(waived(&app, "report").await, ["activitiesSettled"]);
    assert_eq!(states(&app, "").await, ["passed", "passed", "passed", "passed", "open"]);
}

#[tokio::test]
async fn open_conditions_go_with_the_decision_that_they_were_set_for() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let set = |who: Who| json!({ "conditions": [condition(&app, who, json!({}))] });
    decide(&app, "continue", set(Who::Expert1)).await;
    decide(&app, "continue", correcting(1, set(Who::Expert2))).await;
    let seq = last_seq(&app).await;
    decide(&app, "stop", correcting(2, set(Who::Expert3))).await;
    let listed = app.as_chair().list(&app.a("/conditions")).await;
    let states: Vec<_> = listed.iter().map(|condition| condition["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["superseded", "superseded", "open"], "those that were taken over, too");
    for superseded in &listed[..2] {
        let reason = &superseded["stateReason"];
        assert_eq!(
            *reason,
            json!({ "en": "The report convinces", "ar": "التقرير مقنع" }),
            "the correction's"
        );
    }
    let events = happened(&app, seq).await;
    assert_eq!(events.iter().filter(|event| *event == "condition.transitioned open superseded").count(), 2);
    let register = app.as_secretariat().list("/v1/decisions").await;
    let pending: Vec<_> = register.iter().map(|entry| entry["pendingConditions"].clone()).collect();
    assert_eq!(pending, [1, 0, 0]);
    db_verify_chain(&app).await;

    // Nobody brings a superseded condition back, or supersedes one by request.
    let superseded = app.as_secretariat().read(app.a(&format!("/conditions/{}", id(&listed[0])))).await;
    assert_eq!(superseded["availableTransitions"], json!([]));
    app.as_secretariat()
        .try_transition(&superseded, "waived")
        .await
        .expect_problem(409, "transitionNotAllowed");
    let open = app.as_secretariat().read(app.a(&format!("/conditions/{}", id(&listed[2])))).await;
    app.as_secretariat()
        .try_transition(&open, "superseded")
        .await
        .expect_problem(409, "transitionNotAllowed");
    let of_state = app.as_chair().list(&app.a("/conditions?state=superseded")).await;
    assert_eq!(of_state, listed[..2]);
    let status = app.as_chair().get(app.a("/status")).await.json();
    assert_eq!(status["conditions"], json!({ "open": 1, "overdue": 0, "reportedMet": 0 }));
}

#[tokio::test]
async fn conditions_that_an_earlier_version_waived_by_a_correction_are_superseded_by_the_migration() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let two = [condition(&app, Who::Chair, json!({})), condition(&app, Who::Chair, json!({}))];
    decide(&app, "continue", json!({ "conditions": two })).await;
    decide(&app, "stop", correcting(1, json!({ "reason": { "en": "Misheard" } }))).await;
    let listed = app.as_chair().list(&app.a("/conditions")).await;
    let as_before = r#"
        update conditions set state = 'waived', state_reason = case id::text when $1
            then '{"en": "Decision 2 corrects decision 1", "ar": "صحّح القرار 2 القرار 1"}'::jsonb
            else '{"en": "The law has changed"}'::jsonb end"#;
    app.db().await.execute(as_before, &[&id(&listed[0])]).await.unwrap();
    let up = std::fs::read_to_string("migrations/2026-11-27-070000_superseded_conditions/up.sql").unwrap();
    app.db().await.batch_execute(&up).await.unwrap();
    let listed = app.as_chair().list(&app.a("/conditions")).await;
    let found: Vec<_> = listed.iter().map(|one| (&one["state"], &one["stateReason"]["en"])).collect();
    let expected = [("superseded", "Misheard"), ("waived", "The law has changed")];
    assert_eq!(
        found,
        expected.map(|(state, reason)| (json!(state), json!(reason))).each_ref().map(|(a, b)| (a, b))
    );
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_next_report_says_which_conditions_were_superseded_and_why() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    decide(&app, "continue", json!({ "conditions": [condition(&app, Who::Chair, json!({}))] })).await;
    let misheard = json!({ "returnToStep": "report", "reason": { "en": "Misheard", "ar": "سُمع خطأً" } });
    decide(&app, "adjust", correcting(1, misheard)).await;
    let report = reported(&app, json!({})).await;
    let of_the_first = &report["model"]["decisions"][0]["conditions"][0];
    assert_eq!(of_the_first["state"], "superseded");
    assert_eq!(of_the_first["stateReason"], json!({ "en": "Misheard", "ar": "سُمع خطأً" }));
}

#[tokio::test]
async fn minutes_that_were_attached_to_a_decision_do_not_keep_it_from_being_corrected() {
    let app = TestApp::start().await;
    submitted_report(&app, json!({})).await;
    let mut last = decide(&app, "conclude", json!({})).await;
    for (number, outcome) in [(1, "stop"), (2, "continue"), (3, "conclude")] {
        let minutes = evidence("decision", last.id(), json!({}));
        let minutes = app.as_secretariat().create(app.a("/evidence"), minutes).await;
        app.as_secretariat().send(upload(&minutes, "application/pdf", PDF)).await.expect(200);
        last = decide(&app, outcome, correcting(number, json!({}))).await;
    }
    // A correction of the record alone keeps the outcome open to correction, too.
    let minutes = evidence("decision", last.id(), json!({}));
    app.as_secretariat().create(app.a("/evidence"), minutes).await;
    decide(&app, "conclude", correcting(4, json!({}))).await;
    decide(&app, "continue", correcting(5, json!({}))).await;
    assert_eq!(state(&app).await, "active");
    go_on(&app).await;
    try_decide(&app, "conclude", correcting(6, json!({}))).await.expect_problem(409, "decisionFollowed");
    db_verify_chain(&app).await;
}
