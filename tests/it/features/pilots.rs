//! Steps 3 and 4: pilots, what they are measured by, and what was measured.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::answer::field_errors;
use crate::support::council::{decide, pass_step, worked_through};
use crate::support::migrations::migration;
use crate::support::pilots::{
    db_move_sector, db_next_cycle, db_sector, db_sector_of, evaluated_pilot, evaluation, expect_blocked,
    indicator, indicator_of, measured, measurement, pilot, planned_pilot, proposed_pilot, running_pilot,
    today,
};
use crate::support::policies::policy;
use crate::support::postgres::SERVICE;
use crate::support::{Resource, TestApp, Who};

#[tokio::test]
async fn a_pilot_is_proposed_planned_run_and_evaluated() {
    let app = TestApp::start().await;
    app.db_open("pilots").await;
    let expert = app.as_expert();
    let sector = db_sector(&app, "candidate").await;
    let pilot = proposed_pilot(&app, json!({ "sectorId": sector, "aims": [] })).await;
    assert_eq!(
        (&pilot["state"], &pilot["cycle"], &pilot["lastCycle"]),
        (&json!("proposed"), &json!(1), &json!(1))
    );
    assert_eq!((&pilot["outcome"], &pilot["lessons"]), (&Value::Null, &Value::Null));
    expert.try_transition(&pilot, "running").await.expect_problem(409, "transitionNotAllowed");

    let all = ["sectorNotSelected", "aimsMissing", "indicatorsMissing"];
    expect_blocked(&app, &pilot, "planned", &all).await;
    db_move_sector(&app, &sector, "selected").await;
    expect_blocked(&app, &pilot, "planned", &all[1..]).await;
    expert.patch(&pilot, json!({ "aims": ["sustainable"] })).await.expect(200);
    let half = indicator(json!({ "target": null }));
    let half = expert.create(format!("{}/indicators", pilot.path), half).await;
    expect_blocked(&app, &pilot, "planned", &all[2..]).await;
    expert.patch(&half, json!({ "target": "10" })).await.expect(200);
    let pilot = expert.reload(&pilot).await;
    assert!(pilot.blockers("planned").is_empty());
    let pilot = expert.transition(&pilot, "planned").await;

    let pilot = expect_blocked(&app, &pilot, "running", &["stepLocked"]).await;
    app.db_open("migration").await;
    db_move_sector(&app, &sector, "candidate").await;
    expect_blocked(&app, &pilot, "running", &["sectorNotSelected"]).await;
    db_move_sector(&app, &sector, "studied").await;
    let pilot = expert.transition(&pilot, "running").await;
    assert_eq!(pilot["startedAt"], pilot["stateSince"]);

    let pilot = expect_blocked(&app, &pilot, "evaluated", &["measurementsMissing"]).await;
    measured(&app, &pilot).await;
    let unsaid = expert.command(&pilot, "transitions", json!({ "to": "evaluated" })).await;
    unsaid.expect_field_errors(&["/lessons required", "/outcome required"]);
    let done = expert.command(&pilot, "transitions", evaluation("scale")).await.expect(200).json();
    assert_eq!((&done["state"], &done["outcome"]), (&json!("evaluated"), &json!("scale")));
    assert_eq!(done["lessons"]["en"], "Clerks need training first.");
    assert_eq!(done["startedAt"], pilot["startedAt"]);
    let events = expert.list(&app.a("/events")).await;
    let event = events.iter().find(|event| event["to"] == "evaluated").unwrap();
    assert_eq!(event["changes"]["outcome"]["after"], "scale");
    assert_eq!(event["changes"]["lessons"]["after"], done["lessons"]);
}

#[tokio::test]
async fn a_pilot_is_cancelled_with_a_reason_wherever_it_stands_before_its_evaluation() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let proposed = proposed_pilot(&app, json!({})).await;
    let unexplained = expert.command(&proposed, "transitions", json!({ "to": "cancelled" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let cancelled = expert.transition_because(&proposed, "cancelled", "Too dear").await;
    assert_eq!(
        (&cancelled["stateReason"]["en"], &cancelled["availableTransitions"]),
        (&json!("Too dear"), &json!([]))
    );
    expert.try_transition(&cancelled, "planned").await.expect_problem(409, "transitionNotAllowed");

    let planned = planned_pilot(&app, json!({})).await;
    expert.transition_because(&planned, "cancelled", "Too dear").await;
    let left = planned_pilot(&app, json!({})).await;
    let running = running_pilot(&app, json!({})).await;
    // In step `migration`, a planned pilot that never started can be cancelled as well.
    expert.transition_because(&left, "cancelled", "Too late").await;
    app.db_open("report").await;
    expect_blocked(&app, &running, "cancelled", &["stepPassed"]).await;
    app.db_open("migration").await;
    expert.transition_because(&expert.reload(&running).await, "cancelled", "Too dear").await;
}

#[tokio::test]
async fn an_extended_pilot_comes_back_in_a_later_cycle_and_is_measured_anew() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let stopped = evaluated_pilot(&app, "stop").await;
    let pilot = evaluated_pilot(&app, "extend").await;
    let first = expert.list(&format!("{}/measurements", indicator_of(&app, &pilot).await.path)).await;
    expect_blocked(&app, &pilot, "planned", &["cycleNotOver"]).await;
    // The way back after `adjust` is announced with its obstacle, until the cycle is over.
    expect_blocked(&app, &stopped, "planned", &["stepPassed"]).await;

    db_next_cycle(&app).await;
    expert.try_transition(&stopped, "planned").await.expect_problem(409, "transitionNotAllowed");
    expect_blocked(&app, &pilot, "planned", &["stepLocked"]).await;
    app.db_open("pilots").await;
    assert!(expert.list(&app.a("/pilots")).await.is_empty(), "the pilot has not joined the second cycle yet");
    let pilot = expert.transition(&expert.reload(&pilot).await, "planned").await;
    assert_eq!((&pilot["cycle"], &pilot["lastCycle"]), (&json!(1), &json!(2)));
    assert_eq!((&pilot["outcome"], &pilot["lessons"]), (&Value::Null, &Value::Null));
    // What the first evaluation said and what was measured for it stay readable.
    let earlier = &pilot["evaluations"][0];
    assert_eq!(
        (&earlier["number"], &earlier["cycle"], &earlier["outcome"], &earlier["lessons"]["en"]),
        (&json!(1), &json!(1), &json!("extend"), &json!("Clerks need training first."))
    );
    assert_eq!(earlier["indicators"][0]["measurements"][0]["value"], "12.50");
    assert_eq!(expert.list(&app.a("/pilots")).await.len(), 1);
    assert_eq!(expert.list(&app.a("/pilots?cycle=1")).await.len(), 2);
    let events = expert.list(&app.a("/events")).await;
    let event = events.iter().rfind(|event| event["to"] == "planned").unwrap();
    assert_eq!(event["changes"]["lastCycle"], json!({ "before": 1, "after": 2 }));
    assert_eq!(event["changes"]["outcome"], json!({ "before": "extend", "after": null }));
    assert_eq!(event["changes"]["lessons"]["after"], Value::Null);
    // The plan can change, but neither the pilot nor its indicators can be deleted.
    let indicator = indicator_of(&app, &pilot).await;
    expert.patch(&indicator, json!({ "unit": "hours" })).await.expect_problem(409, "pilotEvaluated");
    expert.patch(&indicator, json!({ "target": "11" })).await.expect(200);
    expert.delete(&expert.reload(&indicator).await).await.expect_problem(409, "ofAnEarlierCycle");
    assert_eq!(expert.reload(&pilot).await["evaluations"], pilot["evaluations"], "on record as it was");
    let pilot = expert.patch(&pilot, json!({ "endDate": "2028-05-31" })).await.expect(200).resource();
    expert.delete(&pilot).await.expect_problem(409, "ofAnEarlierCycle");

    app.db_open("migration").await;
    let pilot = expert.transition(&pilot, "running").await;
    expect_blocked(&app, &pilot, "evaluated", &["measurementsMissing"]).await;
    let second = measured(&app, &pilot).await;
    assert_eq!((&first[0]["cycle"], &second["cycle"]), (&json!(1), &json!(2)));
    let path = second.path.replace(second.id(), first[0]["id"].as_str().unwrap());
    let of_the_first_cycle = expert.read(path).await;
    expert.patch(&of_the_first_cycle, json!({ "value": "1" })).await.expect_problem(409, "ofAnEarlierCycle");
    expert.delete(&of_the_first_cycle).await.expect_problem(409, "ofAnEarlierCycle");
    expert.command(&expert.reload(&pilot).await, "transitions", evaluation("extend")).await.expect(200);
    expect_blocked(&app, &pilot, "planned", &["cycleNotOver"]).await;
}

#[tokio::test]
async fn an_evaluated_pilot_runs_again_with_a_reason_while_its_step_is_open() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = evaluated_pilot(&app, "scale").await;
    let unexplained = expert.command(&pilot, "transitions", json!({ "to": "running" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    // The migration of a pilot rests on its evaluation.
    let migration = expert.create(app.a("/migrations"), migration(pilot.id(), json!({}))).await;
    expect_blocked(&app, &pilot, "running", &["migrationUnderWay"]).await;
    let again = json!({ "to": "running", "reason": { "en": "Misread" } });
    let refused = expert.command(&expert.reload(&pilot).await, "transitions", again).await;
    let advice = refused.expect_problem(409, "migrationUnderWay")["detail"].to_string();
    assert!(advice.contains("while step `migration` is open"), "{advice}");
    let migration = expert.transition(&migration, "inProgress").await;
    expect_blocked(&app, &pilot, "running", &["migrationUnderWay"]).await;
    let migration = expert.transition_because(&migration, "rolledBack", "The wrong pilot").await;

    app.advance(TimeDelta::hours(30));
    let again = expert.transition_because(&pilot, "running", "Two offices were not measured").await;
    assert_eq!((&again["outcome"], &again["lessons"]), (&Value::Null, &Value::Null));
    assert_eq!(again["startedAt"], pilot["startedAt"], "it began when it was first started");
    assert_eq!(again["lastCycle"], pilot["lastCycle"]);
    let events = expert.list(&app.a("/events")).await;
    let event = events.iter().rfind(|event| event["to"] == "running").unwrap();
    assert_eq!(event["changes"]["outcome"], json!({ "before": "scale", "after": null }));
    assert_eq!(event["changes"]["lessons"]["before"], pilot["lessons"]);
    // The plan stays, what was measured stays, and more can be measured: also of the days before.
    expert.patch(&again, json!({ "hypothesis": null })).await.expect_problem(409, "scorecardFrozen");
    let measurements = format!("{}/measurements", indicator_of(&app, &again).await.path);
    expert.create(measurements.as_str(), measurement(json!({ "value": "11" }))).await;
    assert_eq!(expert.list(&measurements).await.len(), 2);
    // A migration that was rolled back is planned anew only if the pilot shall scale.
    assert_eq!(expert.reload(&migration).await.blockers("planned"), ["pilotNotScaled"]);
    expert.try_transition(&migration, "planned").await.expect_problem(409, "pilotNotScaled");
    expert.command(&again, "transitions", evaluation("scale")).await.expect(200);
    expert.transition(&migration, "planned").await;

    let extended = evaluated_pilot(&app, "extend").await;
    assert!(extended.blockers("running").is_empty());
    app.db_open("report").await;
    expect_blocked(&app, &extended, "running", &["stepPassed"]).await;
}

#[tokio::test]
async fn a_planned_pilot_keeps_what_it_was_planned_with() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = planned_pilot(&app, json!({})).await;
    let only = indicator_of(&app, &pilot).await;
    let candidate = db_sector(&app, "candidate").await;
    let events = app.db_events().await;
    expert.patch(&pilot, json!({ "aims": [] })).await.expect_problem(409, "aimsMissing");
    expert.patch(&pilot, json!({ "sectorId": candidate })).await.expect_problem(409, "sectorNotSelected");
    expert.patch(&only, json!({ "baseline": null })).await.expect_problem(409, "indicatorsMissing");
    expert.delete(&only).await.expect_problem(409, "indicatorsMissing");
    assert_eq!(app.db_events().await, events);
    assert_eq!(expert.reload(&pilot).await.body, pilot.body);
    assert_eq!(expert.reload(&only).await.body, only.body);

    let other = expert.create(format!("{}/indicators", pilot.path), indicator(json!({}))).await;
    expert.delete(&only).await.expect(204);
    let sector = pilot["sector"]["id"].as_str().unwrap();
    db_move_sector(&app, sector, "candidate").await;
    let broken = expert.patch(&other, json!({ "unit": "hours" })).await;
    broken.expect_problem(409, "sectorNotSelected");
}

#[tokio::test]
async fn plan_and_scorecard_stay_as_they_are_once_a_pilot_has_started() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = running_pilot(&app, json!({})).await;
    let set = indicator_of(&app, &pilot).await;
    // Even if the council sends the task force back to step 3.
    for step in ["migration", "pilots"] {
        app.db_open(step).await;
        expert.patch(&pilot, json!({ "hypothesis": null })).await.expect_problem(409, "scorecardFrozen");
        expert.delete(&pilot).await.expect_problem(409, "scorecardFrozen");
        let more = expert.post(format!("{}/indicators", pilot.path), indicator(json!({}))).await;
        more.expect_problem(409, "scorecardFrozen");
        expert.patch(&set, json!({ "target": "39" })).await.expect_problem(409, "scorecardFrozen");
        expert.delete(&set).await.expect_problem(409, "scorecardFrozen");
    }
}

#[tokio::test]
async fn pilots_and_indicators_are_written_only_while_their_step_is_open() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let new = pilot(&app, json!({})).await;
    expert.post(app.a("/pilots"), new.clone()).await.expect_problem(409, "stepLocked");
    let planned = planned_pilot(&app, json!({})).await;
    let set = indicator_of(&app, &planned).await;
    app.db_open("migration").await;
    expert.post(app.a("/pilots"), new).await.expect_problem(409, "stepPassed");
    expert.patch(&planned, json!({ "hypothesis": null })).await.expect_problem(409, "stepPassed");
    expert.delete(&planned).await.expect_problem(409, "stepPassed");
    let more = expert.post(format!("{}/indicators", planned.path), indicator(json!({}))).await;
    more.expect_problem(409, "stepPassed");
    expert.patch(&set, json!({ "target": "39" })).await.expect_problem(409, "stepPassed");
    expert.delete(&set).await.expect_problem(409, "stepPassed");
    let unchanged = expert.patch(&planned, json!({})).await.expect(200).json();
    assert_eq!(unchanged["version"], planned["version"]);
}

#[tokio::test]
async fn a_pilot_names_only_what_its_task_force_has() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let chair_of_b = app.as_who(Who::OtherChair);
    let of_a = expert.create(app.a("/policies"), policy(json!({}))).await;
    let of_b = chair_of_b.create(app.b("/policies"), policy(json!({}))).await;
    let sector_of_b = db_sector_of(&app, &app.world().b, "selected").await;
    app.db_open("pilots").await;
    let post = async |fields: Value| expert.post(app.a("/pilots"), pilot(&app, fields).await).await;
    let wrong = json!({ "sectorId": sector_of_b, "policyId": of_b.id() });
    let problem = post(wrong.clone()).await.expect_problem(400, "unknownReference");
    assert_eq!(field_errors(&problem), ["/policyId unknownReference", "/sectorId unknownReference"]);
    let stranger = json!({ "ownerId": app.world().member(Who::OtherChair) });
    let problem = post(stranger.clone()).await.expect_problem(400, "unknownReference");
    assert_eq!(field_errors(&problem), ["/ownerId unknownReference"]);
    let ended = json!({ "ownerId": app.world().member(Who::EndedMember) });
    post(ended.clone()).await.expect_problem(409, "memberEnded");
    let backwards = json!({ "startDate": "2027-03-02", "endDate": "2027-03-01" });
    post(backwards).await.expect_field_errors(&["/endDate tooSmall"]);

    let made = post(json!({ "policyId": of_a.id(), "endDate": "2027-03-01" })).await.expect(201).resource();
    for wrong in [wrong, stranger] {
        expert.patch(&made, wrong).await.expect_problem(400, "unknownReference");
    }
    expert.patch(&made, ended).await.expect_problem(409, "memberEnded");
    expert.patch(&made, json!({ "endDate": "2027-02-28" })).await.expect_field_errors(&["/endDate tooSmall"]);
    let changed = json!({
        "title": { "en": null }, "policyId": null, "hypothesis": null,
        "ownerId": app.world().member(Who::Expert2),
    });
    let changed = expert.patch(&made, changed).await.expect(200).json();
    assert_eq!(changed["title"], json!({ "ar": "رخص خلال يوم" }));
    assert_eq!((&changed["policy"], &changed["hypothesis"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["aims"], &changed["version"]), (&json!(["madeForCitizens"]), &json!(2)));
}

#[tokio::test]
async fn resources_of_another_task_force_or_pilot_are_not_found() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let (one, other) = (planned_pilot(&app, json!({})).await, running_pilot(&app, json!({})).await);
    let (of_one, of_other) = (indicator_of(&app, &one).await, indicator_of(&app, &other).await);
    let made = measured(&app, &other).await;
    let chair_of_b = app.as_who(Who::OtherChair);
    for path in [&other.path, &of_other.path, &made.path] {
        let in_b = path.replace(&app.world().a, &app.world().b);
        chair_of_b.get(in_b).await.expect_problem(404, "notFound");
        chair_of_b.get(path.as_str()).await.expect_problem(404, "notFound");
    }
    let here = |path: &str| path.replace(other.id(), one.id());
    let beside = |path: &str| path.replace(of_other.id(), of_one.id());
    let nowhere = "0199f0c2-7a3b-7c11-9d2e-000000000000";
    for path in [
        here(&of_other.path),
        here(&made.path),
        beside(&made.path),
        here(&beside(&made.path)),
        here(&format!("{}/measurements", of_other.path)),
        format!("{}/measurements", of_other.path.replace(of_other.id(), nowhere)),
        app.a(&format!("/pilots/{nowhere}/indicators")),
    ] {
        expert.get(path).await.expect_problem(404, "notFound");
    }
    let astray = expert.post(here(&format!("{}/measurements", of_other.path)), measurement(json!({}))).await;
    astray.expect_problem(404, "notFound");
    let nowhere = app.a(&format!("/pilots/{nowhere}/indicators"));
    expert.post(nowhere, indicator(json!({}))).await.expect_problem(404, "notFound");
}

#[tokio::test]
async fn a_referenced_pilot_is_not_deleted_and_any_other_goes_with_its_children() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = planned_pilot(&app, json!({})).await;
    // Stands in for an activity about it.
    let refer = "update activities set pilot_id = $1::text::uuid where id = $2::text::uuid";
    let activity = app.world().activity("ahead");
    app.db().await.execute(refer, &[&pilot.id(), &activity]).await.unwrap();
    let refused = expert.delete(&pilot).await.expect_problem(409, "stillReferenced");
    assert_eq!(refused["references"][0]["id"], activity);
    app.db().await.execute("update activities set pilot_id = null", &[]).await.unwrap();
    let set = indicator_of(&app, &pilot).await;
    expert.delete(&pilot).await.expect(204);
    expert.get(set.path).await.expect_problem(404, "notFound");
    assert_eq!(app.db_count("select count(*) from indicators").await, 0);
}

#[tokio::test]
async fn pilots_are_found_by_cycle_state_sector_owner_and_folded_text() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let planned = planned_pilot(&app, json!({})).await;
    let owner = app.world().member(Who::Expert3);
    let other = json!({
        "title": { "ar": "الأولويّة للسحابة" }, "hypothesis": "Cloud First pays", "ownerId": owner,
    });
    let other = proposed_pilot(&app, other).await;
    let listed = async |query: &str| -> Vec<String> {
        let items = expert.list(&app.a(&format!("/pilots{query}"))).await;
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("").await, [planned.id(), other.id()]);
    assert_eq!(expert.list_by(&app.a("/pilots"), 1).await.len(), 2);
    assert_eq!(listed("?state=planned,running").await, [planned.id()]);
    let sector = other["sector"]["id"].as_str().unwrap();
    assert_eq!(listed(&format!("?sectorId={sector}&cycle=1")).await, [other.id()]);
    assert_eq!(listed(&format!("?ownerId={owner}")).await, [other.id()]);
    assert_eq!(listed("?q=cloud%20first").await, [other.id()]);
    assert_eq!(listed("?q=%D8%A7%D9%84%D8%A7%D9%88%D9%84%D9%88%D9%8A%D9%87").await, [other.id()]);
    assert!(listed("?cycle=2").await.is_empty());
    expert.get(app.a("/pilots?ownerId=me")).await.expect_field_errors(&["ownerId wrongFormat"]);
}

/// The outcomes of a pilot's evaluations, oldest first.
fn outcomes(pilot: &Resource) -> Vec<&str> {
    let evaluations = pilot["evaluations"].as_array().unwrap();
    evaluations.iter().map(|one| one["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_evaluated_pilot_is_planned_anew_in_a_step_that_the_council_opened_again() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = worked_through(&app).await.pilot;
    let only = indicator_of(&app, &pilot).await;
    let target = only["target"].clone();
    let first = expert.list(&format!("{}/measurements", only.path)).await;
    let first = expert.read(format!("{}/measurements/{}", only.path, first[0]["id"].as_str().unwrap())).await;
    let evaluated = expert.reload(&pilot).await;
    assert_eq!(outcomes(&evaluated), ["stop"]);
    let blocked = expect_blocked(&app, &evaluated, "planned", &["stepPassed"]).await;
    let title = blocked["availableTransitions"].to_string();
    assert!(title.contains("only if the council returns the task force to step `pilots`"), "{title}");

    decide(&app, "adjust", json!({ "returnToStep": "pilots" })).await;
    expert.patch(&only, json!({ "target": "11" })).await.expect_problem(409, "scorecardFrozen");
    let evaluated = expert.reload(&pilot).await;
    assert!(evaluated.blockers("planned").is_empty());
    let planned = expert.transition(&evaluated, "planned").await;
    assert_eq!(
        (&planned["state"], &planned["outcome"], &planned["lessons"], &planned["run"], &planned["lastCycle"]),
        (&json!("planned"), &Value::Null, &Value::Null, &json!(2), &json!(1))
    );
    // The targets are thawed. The first evaluation stays as it was made, with what was measured for it.
    expert.patch(&only, json!({ "target": "11" })).await.expect(200);
    let used = expert.reload(&only).await;
    expert.delete(&used).await.expect_problem(409, "pilotEvaluated");
    let planned = expert.reload(&planned).await;
    let made = planned["evaluations"][0].clone();
    assert_eq!(made["lessons"]["en"], "Clerks need training first.");
    assert_eq!(made["evaluatedAt"], evaluated["stateSince"]);
    let measured_then = &made["indicators"][0];
    assert_eq!((&measured_then["indicatorId"], &measured_then["target"]), (&only["id"], &target));
    assert_eq!(measured_then["name"]["en"], "Days until a permit is given");
    let values =
        json!([{ "value": "12.50", "measuredOn": first["measuredOn"], "source": "Permit register" }]);
    assert_eq!(measured_then["measurements"], values);
    expert.delete(&planned).await.expect_problem(409, "pilotEvaluated");

    // In its second run it is measured anew.
    let carry_out = json!({
        "step": "migration", "subject": { "kind": "pilot", "id": pilot.id() },
        "assigneeId": app.world().member(Who::Expert1), "dueDate": "2027-05-31",
    });
    expert.create_activity(carry_out).await;
    pass_step(&app, "pilots").await;
    let running = expert.transition(&planned, "running").await;
    let running = expect_blocked(&app, &running, "evaluated", &["measurementsMissing"]).await;
    expert.patch(&first, json!({ "value": "1" })).await.expect_problem(409, "pilotEvaluated");
    expert.delete(&first).await.expect_problem(409, "pilotEvaluated");
    let second = measured(&app, &running).await;
    assert_eq!((&first["run"], &second["run"]), (&json!(1), &json!(2)));
    expert.command(&expert.reload(&running).await, "transitions", evaluation("scale")).await.expect(200);
    let again = expert.reload(&pilot).await;
    assert_eq!((outcomes(&again), &again["outcome"]), (vec!["stop", "scale"], &json!("scale")));
    assert_eq!(again["evaluations"][0], made, "an evaluation never changes");
    assert_eq!(again["evaluations"][1]["indicators"][0]["target"], "11");

    // The report lists both, and what it measures is of the second run.
    app.db_open("report").await;
    let report = app
        .as_chair()
        .create(app.a("/reports"), json!({ "recommendation": "continue", "summary": { "en": "Well" } }))
        .await;
    let reported = &report["model"]["pilots"][0];
    assert_eq!(reported["evaluations"], again["evaluations"]);
    assert_eq!(reported["indicators"][0]["measuredOn"], second["measuredOn"]);
}

/// A pilot that was evaluated by one indicator and is planned anew, after the council's `adjust`; and the indicator.
async fn planned_anew(app: &TestApp) -> (Resource, Resource) {
    let pilot = worked_through(app).await.pilot;
    decide(app, "adjust", json!({ "returnToStep": "pilots" })).await;
    let planned = app.as_expert().transition(&app.as_expert().reload(&pilot).await, "planned").await;
    let only = indicator_of(app, &planned).await;
    (planned, only)
}

#[tokio::test]
async fn an_indicator_that_was_measured_for_an_earlier_evaluation_stays_the_same_quantity() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let (pilot, only) = planned_anew(&app).await;
    for change in [
        json!({ "name": { "en": "Hours until a permit is given" } }),
        json!({ "name": { "ar": null } }),
        json!({ "unit": "hours" }),
        json!({ "direction": "up", "target": "41" }),
        json!({ "baseline": "39" }),
        json!({ "baseline": null }),
    ] {
        let refused = expert.patch(&only, change.clone()).await.expect_problem(409, "pilotEvaluated");
        assert!(refused["detail"].as_str().unwrap().contains("retirementReason"), "{change}: {refused}");
    }
    expert.patch(&only, json!({ "target": "11", "unit": "days", "baseline": "40.0" })).await.expect(200);
    // An indicator that was never measured is free.
    let new = expert.create(format!("{}/indicators", pilot.path), indicator(json!({}))).await;
    let new = expert.patch(&new, json!({ "unit": "hours", "baseline": "39" })).await.expect(200).resource();
    expert.delete(&new).await.expect(204);
}

#[tokio::test]
async fn a_retired_indicator_is_not_asked_for_and_shows_as_retired() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let (pilot, only) = planned_anew(&app).await;
    let indicators = format!("{}/indicators", pilot.path);
    let retired = json!({ "retirementReason": { "en": "The register was closed", "ar": "أُغلق السجل" } });
    // The pilot needs an indicator that is in use, and only what was measured is retired.
    expert.patch(&only, retired.clone()).await.expect_problem(409, "indicatorsMissing");
    let with_reason = indicator(retired.clone());
    expert
        .post(indicators.as_str(), with_reason)
        .await
        .expect_field_errors(&["/retirementReason notAllowed"]);
    let other = expert.create(indicators.as_str(), indicator(json!({ "name": { "en": "Visits" } }))).await;
    expert.patch(&other, retired.clone()).await.expect_field_errors(&["/retirementReason notAllowed"]);
    let gone = expert.patch(&only, retired.clone()).await.expect(200).resource();
    assert_eq!(gone["retirementReason"], retired["retirementReason"]);
    // The only one in use cannot go, and what is retired can come back.
    expert.delete(&other).await.expect_problem(409, "indicatorsMissing");
    let back = expert.patch(&gone, json!({ "retirementReason": null })).await.expect(200).resource();
    expert.patch(&back, retired.clone()).await.expect(200);

    // The gate asks for the translations and targets of those in use only.
    let incomplete =
        "update indicators set name = name - 'ar', target = null where retirement_reason is not null";
    app.db().await.batch_execute(incomplete).await.unwrap();
    let readiness = chair.get(app.a("/steps/pilots/readiness")).await.expect(200).json();
    let unmet = |code: &str| -> Vec<Value> {
        let criteria = readiness["criteria"].as_array().unwrap();
        let criterion = criteria.iter().find(|one| one["code"] == code).unwrap();
        criterion["unmet"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    assert_eq!((unmet("translationsComplete"), unmet("indicatorsSet")), (vec![other["id"].clone()], vec![]));
    expert.patch(&other, json!({ "name": { "ar": "الزيارات" } })).await.expect(200);
    let carry_out = json!({
        "step": "migration", "subject": { "kind": "pilot", "id": pilot.id() },
        "assigneeId": app.world().member(Who::Expert1), "dueDate": "2027-05-31",
    });
    expert.create_activity(carry_out).await;
    pass_step(&app, "pilots").await;
    let running = expert.transition(&expert.reload(&pilot).await, "running").await;
    let used = json!({ "retirementReason": null });
    expert.patch(&expert.reload(&only).await, used).await.expect_problem(409, "scorecardFrozen");
    let refused =
        expert.try_transition(&running, "evaluated").await.expect_problem(409, "measurementsMissing");
    let missing = refused["availableTransitions"].to_string();
    assert!(missing.contains(other.id()) && !missing.contains(only.id()), "{refused}");
    let value = measurement(json!({ "measuredOn": today(&app) }));
    expert.create(format!("{}/measurements", other.path), value).await;
    expert.command(&running, "transitions", evaluation("scale")).await.expect(200);

    let evaluated = expert.reload(&pilot).await;
    let evaluations = evaluated["evaluations"].as_array().unwrap();
    let reasons = |of: &Value| -> Vec<Value> {
        of.as_array().unwrap().iter().map(|one| one["retirementReason"].clone()).collect()
    };
    assert_eq!(reasons(&evaluations[0]["indicators"]), [Value::Null]);
    assert_eq!(reasons(&evaluations[1]["indicators"]), [retired["retirementReason"].clone(), Value::Null]);
    app.db_open("report").await;
    let report = json!({ "recommendation": "continue", "summary": { "en": "Well" } });
    let report = chair.create(app.a("/reports"), report).await;
    let reported = &report["model"]["pilots"][0]["indicators"];
    assert_eq!(reasons(reported), [retired["retirementReason"].clone(), Value::Null]);
    assert_eq!((&reported[0]["verdict"], &reported[1]["verdict"]), (&json!("retired"), &json!("reached")));
}

#[tokio::test]
async fn an_evaluation_that_was_taken_back_stays_readable() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = evaluated_pilot(&app, "stop").await;
    let running = expert.transition_because(&pilot, "running", "Misread").await;
    assert_eq!((outcomes(&running), &running["outcome"]), (vec!["stop"], &Value::Null));
    assert_eq!(running["run"], 1, "it runs on, and what was measured still counts");
    let only = indicator_of(&app, &running).await;
    let measurements = format!("{}/measurements", only.path);
    let first = expert.list(&measurements).await[0]["id"].as_str().unwrap().to_owned();
    let first = expert.read(format!("{measurements}/{first}")).await;
    expert.patch(&first, json!({ "value": "12" })).await.expect(200);
    expert.command(&expert.reload(&running).await, "transitions", evaluation("scale")).await.expect(200);
    let again = expert.reload(&pilot).await;
    assert_eq!(outcomes(&again), ["stop", "scale"]);
    let values: Vec<_> = again["evaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["indicators"][0]["measurements"][0]["value"].clone())
        .collect();
    assert_eq!(values, ["12.50", "12"]);
}

#[tokio::test]
async fn extended_pilots_wait_in_readiness_and_among_the_chairs_tasks_until_they_are_planned_or_the_step_is_passed()
 {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    evaluated_pilot(&app, "stop").await;
    let pilot = evaluated_pilot(&app, "extend").await;
    let waiting = async || {
        let readiness = chair.get(app.a("/steps/pilots/readiness")).await.expect(200).json();
        let listed: Vec<_> =
            readiness["extendedPilots"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        let tasks = chair.list("/v1/me/tasks").await;
        let tasks: Vec<_> = tasks.into_iter().filter(|task| task["kind"] == "extendedPilot").collect();
        (listed, tasks)
    };
    assert_eq!(waiting().await, (vec![], vec![]), "its cycle is not over");
    db_next_cycle(&app).await;
    let (listed, tasks) = waiting().await;
    assert_eq!(listed, [pilot["id"].clone()]);
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!(
        (&task["subject"]["kind"], &task["subject"]["id"], &task["step"], &task["subject"]["title"]),
        (&json!("pilot"), &pilot["id"], &json!("pilots"), &pilot["title"])
    );
    let other = chair.get(app.a("/steps/policy/readiness")).await.expect(200).json();
    assert_eq!(other["extendedPilots"], json!([]));
    for who in [Who::Expert1, Who::OtherChair, Who::Secretariat] {
        let tasks = app.as_who(who).list("/v1/me/tasks").await;
        assert!(tasks.iter().all(|task| task["kind"] != "extendedPilot"), "{who:?}");
    }
    // The step can pass without the pilot; then nothing waits any more.
    app.db_open("migration").await;
    assert_eq!(waiting().await.1, [Value::Null; 0]);
    app.db_open("pilots").await;
    expert.transition(&expert.reload(&pilot).await, "planned").await;
    assert_eq!(waiting().await, (vec![], vec![]));
}

/// Evaluations from before they were kept are read from the events.
#[tokio::test]
async fn the_migration_restores_the_evaluations_that_pilots_lost() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = evaluated_pilot(&app, "extend").await;
    db_next_cycle(&app).await;
    app.db_open("pilots").await;
    let planned = expert.transition(&expert.reload(&pilot).await, "planned").await;
    let folder = "migrations/2026-11-27-070200_evaluations";
    for file in ["down.sql", "up.sql"] {
        let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        app.db().await.batch_execute(&text).await.unwrap();
    }
    let grants = "grant select, insert on evaluations, adjustment_notes to service_role";
    app.db().await.batch_execute(&grants.replace("service_role", SERVICE)).await.unwrap();
    let restored = expert.reload(&planned).await;
    assert_eq!((&restored["run"], &restored["evaluations"]), (&json!(2), &planned["evaluations"]));
}
