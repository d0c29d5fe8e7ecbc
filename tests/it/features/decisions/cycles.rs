//! Effects of the council's decisions: the next cycle, a step done again, or the end.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::activity;
use crate::support::council::{
    answer, condition, db_verify_chain, decide, happened, last_seq, pass_step, reported, states, steps,
    submitted_report, try_decide, waive, waived, worked_through,
};
use crate::support::evidence::new_evidence;
use crate::support::pilots::proposed_pilot;
use crate::support::policies::{adopted_policy, policy};
use crate::support::sectors::{sector, selected_sector, studied_sector, study};
use crate::support::{Client, Resource, TestApp, Who};

const STEPS: [&str; 5] = ["policy", "sectors", "pilots", "migration", "report"];
const BEGUN: [&str; 5] = ["open", "locked", "locked", "locked", "locked"];

async fn ids(app: &TestApp, path: &str) -> Vec<String> {
    let items = app.as_expert().list(&app.a(path)).await;
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// The cycles that a product counts in: from, to.
async fn cycles(client: Client<'_>, product: &Resource) -> (Value, Value) {
    let product = client.reload(product).await;
    (product["cycle"].clone(), product["lastCycle"].clone())
}

#[tokio::test]
async fn continue_opens_the_next_cycle_and_the_past_one_can_still_be_read() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    worked_through(&app).await;
    let past = steps(&app, "").await;
    let worked = ids(&app, "/activities").await;
    app.advance(TimeDelta::hours(1));
    decide(&app, "continue", json!({})).await;

    assert_eq!(states(&app, "").await, BEGUN);
    let now = steps(&app, "").await;
    assert!(now.iter().all(|step| step["cycle"] == 2 && step["targetDate"].is_null()));
    assert_eq!((&now[0]["openedAt"], &now[0]["passedAt"]), (&json!("2026-11-22T15:00:00Z"), &Value::Null));
    assert_eq!(steps(&app, "?cycle=1").await, past, "the past steps are as they were");
    let first = chair.read(app.a("/steps/report?cycle=1")).await;
    assert_eq!((&first["state"], &first["cycle"]), (&json!("passed"), &json!(1)));
    chair.get(app.a("/steps?cycle=3")).await.expect_problem(404, "notFound");

    let status = app.as_who(Who::CouncilMember).get(app.a("/status")).await.expect(200).json();
    assert_eq!(
        (&status["cycle"], &status["step"], &status["state"]),
        (&json!(2), &json!("policy"), &json!("active"))
    );
    assert_eq!(status["activities"]["done"], 0);
    let portfolio = app.as_secretariat().list("/v1/status").await;
    let line = portfolio.iter().find(|line| line["taskForceId"] == app.world().a).unwrap();
    assert_eq!((&line["cycle"], &line["step"]), (&json!(2), &json!("policy")));

    assert!(ids(&app, "/activities").await.is_empty(), "the new cycle begins without any");
    assert_eq!(ids(&app, "/activities?cycle=1").await, worked);
    let new = chair.create_activity(json!({})).await;
    assert_eq!(new["number"].as_u64(), Some(worked.len() as u64 + 1), "numbers count on");
    assert_eq!(ids(&app, "/activities").await, [new.id()]);
    assert_eq!(app.db_count("select count(*) from activities where cycle = 2").await, 1);
}

#[tokio::test]
async fn only_adopted_policies_and_selected_sectors_are_carried_over() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let adopted = adopted_policy(&app, json!({})).await;
    let identified = expert.create(app.a("/policies"), policy(json!({}))).await;
    let reviewed = expert.create(app.a("/policies"), policy(json!({}))).await;
    let reviewed = expert.transition(&reviewed, "underReview").await;
    app.db_open("sectors").await;
    let selected = selected_sector(expert, "Permits").await;
    let studied = studied_sector(expert, "Mobility").await;
    let candidate = expert.create(app.a("/sectors"), sector(json!({}))).await;
    let left_out = expert.create(app.a("/sectors"), sector(json!({}))).await;
    let left_out = expert.transition_because(&left_out, "notSelected", "Too costly").await;
    let pilot = proposed_pilot(&app, json!({ "sectorId": studied.id() })).await;
    submitted_report(&app, json!({})).await;
    let versions = (adopted["version"].clone(), studied["version"].clone());
    decide(&app, "continue", json!({})).await;

    for carried in [&adopted, &selected, &studied] {
        assert_eq!(cycles(expert, carried).await, (json!(1), json!(2)), "{}", carried.path);
    }
    for left in [&identified, &reviewed, &candidate, &left_out, &pilot] {
        assert_eq!(cycles(expert, left).await, (json!(1), json!(1)), "{}", left.path);
    }
    let after = (expert.reload(&adopted).await, expert.reload(&studied).await);
    assert_eq!((after.0["version"].clone(), after.1["version"].clone()), versions);
    assert_eq!(ids(&app, "/policies").await, [adopted.id()]);
    assert_eq!(ids(&app, "/policies?cycle=1").await, [adopted.id(), identified.id(), reviewed.id()]);
    assert_eq!(ids(&app, "/sectors").await, [selected.id(), studied.id()]);
    assert_eq!(ids(&app, "/sectors?cycle=2").await, [selected.id(), studied.id()]);
    assert_eq!(ids(&app, "/sectors?cycle=1").await.len(), 4);
    assert!(ids(&app, "/pilots").await.is_empty());
    assert_eq!(ids(&app, "/pilots?cycle=1").await, [pilot.id()]);

    // Carried-over resources count in the gate and can be changed while the new cycle's step is open, but not deleted.
    let gate = expert.get(app.a("/steps/policy/readiness")).await.json();
    assert_eq!((&gate["criteria"][0]["code"], &gate["ready"]), (&json!("policyAdopted"), &json!(true)));
    let again =
        expert.transition_because(&expert.reload(&adopted).await, "underReview", "A new decree").await;
    let changed = expert.patch(&again, json!({ "reference": "Decree 2" })).await;
    assert_eq!(changed.expect(200).json()["reference"], "Decree 2");
    let again = expert.reload(&again).await;
    expert.delete(&again).await.expect_problem(409, "ofAnEarlierCycle");
    app.as_chair().transition(&again, "adopted").await;
    expert.patch(&identified, json!({ "reference": "Decree 3" })).await.expect_problem(409, "stepPassed");
    expert.try_transition(&reviewed, "adopted").await.expect_problem(409, "stepPassed");
    let rename = || json!({ "rationale": { "en": "Citizens ask for it" } });
    expert.patch(&selected, rename()).await.expect_problem(409, "stepLocked");
    expert.patch(&candidate, rename()).await.expect_problem(409, "stepPassed");
    expert.patch(&pilot, json!({ "hypothesis": null })).await.expect_problem(409, "stepPassed");
    app.db_open("sectors").await;
    expert.patch(&selected, rename()).await.expect(200);
    expert.delete(&expert.reload(&selected).await).await.expect_problem(409, "ofAnEarlierCycle");
    expert.patch(&candidate, rename()).await.expect_problem(409, "stepPassed");

    submitted_report(&app, json!({})).await;
    let second = decide(&app, "continue", json!({ "reportNumber": 2 })).await;
    assert_eq!((&second["cycle"], &second["number"]), (&json!(2), &json!(2)));
    for carried in [&adopted, &selected, &studied] {
        assert_eq!(cycles(expert, carried).await, (json!(1), json!(3)), "{}", carried.path);
    }
    assert_eq!(ids(&app, "/policies?cycle=2").await, [adopted.id()]);
}

#[tokio::test]
async fn adjust_opens_the_step_it_names_locks_the_later_ones_and_leaves_the_earlier_ones() {
    let app = TestApp::start().await;
    for (at, step) in STEPS.into_iter().enumerate() {
        submitted_report(&app, json!({})).await;
        let before = (last_seq(&app).await, steps(&app, "").await);
        app.advance(TimeDelta::minutes(1));
        let fields = json!({ "reportNumber": at + 1, "returnToStep": step });
        let decided = decide(&app, "adjust", fields).await;
        assert_eq!((&decided["returnToStep"], &decided["cycle"]), (&json!(step), &json!(1)));

        let now = steps(&app, "").await;
        for (other, (now, before)) in now.iter().zip(&before.1).enumerate() {
            match other.cmp(&at) {
                std::cmp::Ordering::Less => assert_eq!(now, before, "{step}: {other} is not touched"),
                std::cmp::Ordering::Equal => {
                    assert_eq!(now["state"], "open");
                    assert_eq!(now["openedAt"], decided["createdAt"]);
                    assert_eq!(now["passedAt"], Value::Null);
                }
                std::cmp::Ordering::Greater => {
                    assert_eq!((&now["state"], &now["passedAt"]), (&json!("locked"), &Value::Null));
                }
            }
        }
        let mut expected = vec!["report.transitioned submitted decided", "decision.recorded"];
        expected.push("step.transitioned passed open");
        expected.resize(3 + 4 - at, "step.transitioned passed locked");
        assert_eq!(happened(&app, before.0).await, expected);
        let status = app.as_chair().get(app.a("/status")).await.json();
        assert_eq!((&status["cycle"], &status["step"]), (&json!(1), &json!(step)));
        app.as_chair().get(app.a("/steps?cycle=2")).await.expect_problem(404, "notFound");
    }
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn adjust_takes_back_the_waivers_of_the_steps_that_it_locks() {
    let app = TestApp::start().await;
    for step in STEPS {
        app.db_open(step).await;
        waive(&app, step, "activitiesSettled").await;
    }
    submitted_report(&app, json!({})).await;
    decide(&app, "adjust", json!({ "returnToStep": "pilots" })).await;
    for (step, there) in STEPS.into_iter().zip([true, true, true, false, false]) {
        let expected = if there { vec!["activitiesSettled"] } else { vec![] };
        assert_eq!(waived(&app, step).await, expected, "{step}");
    }
    // The chair may waive it again.
    app.db_open("migration").await;
    waive(&app, "migration", "activitiesSettled").await;
    assert_eq!(waived(&app, "migration").await, ["activitiesSettled"]);
}

#[tokio::test]
async fn after_adjust_the_work_stands_and_another_report_and_decision_follow_in_the_same_cycle() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let work = worked_through(&app).await;
    let all = [&work.policy, &work.sector, &work.pilot];
    let mut before = Vec::new();
    for product in all {
        before.push(expert.reload(product).await["state"].clone());
    }
    assert_eq!(before, ["adopted", "studied", "evaluated"]);
    decide(&app, "adjust", json!({ "returnToStep": "sectors" })).await;
    for (product, before) in all.into_iter().zip(before) {
        let now = expert.reload(product).await;
        assert_eq!((&now["state"], &now["lastCycle"]), (&before, &json!(1)), "{}", product.path);
    }
    let sector = expert.reload(&work.sector).await;
    expert.patch(&sector, json!({ "rationale": { "en": "Buses first" } })).await.expect(200);
    expert.patch(&work.policy, json!({ "reference": null })).await.expect(200);
    let policy = expert.reload(&work.policy).await;
    expert.patch(&policy, json!({ "reference": "Decree 2" })).await.expect_problem(409, "stepPassed");
    try_decide(&app, "continue", json!({})).await.expect_problem(409, "reportNotSubmitted");

    app.advance(TimeDelta::hours(1));
    for step in ["sectors", "pilots", "migration"] {
        pass_step(&app, step).await;
    }
    let report = reported(&app, json!({ "recommendation": "conclude" })).await;
    assert_eq!((&report["number"], &report["cycle"]), (&json!(2), &json!(1)));
    assert_eq!(report["model"]["control"]["supersedes"], 1);
    let second = decide(&app, "continue", json!({ "reportNumber": 2 })).await;
    assert_eq!(
        (&second["number"], &second["cycle"], &second["supersedes"]["number"]),
        (&json!(2), &json!(1), &Value::Null)
    );
    assert_eq!(states(&app, "").await, BEGUN);
    assert_eq!(states(&app, "?cycle=1").await, ["passed"; 5]);
}

/// The criteria of a step that are not met.
async fn unmet(app: &TestApp, step: &str) -> Vec<String> {
    let gate = app.as_chair().get(app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json();
    let unmet = gate["criteria"].as_array().unwrap().iter().filter(|one| one["met"] == false);
    unmet.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_step_that_the_council_opened_again_is_submitted_only_with_an_answer() {
    let app = TestApp::start().await;
    let chair = app.as_chair();
    let work = worked_through(&app).await;
    chair.send(answer(&app, "sectors")).await.expect_problem(409, "stepPassed");
    decide(&app, "adjust", json!({ "returnToStep": "sectors" })).await;
    let readiness =
        async |step: &str| chair.get(app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json();
    assert_eq!(readiness("policy").await["adjustment"], Value::Null);
    let asked = readiness("sectors").await["adjustment"].clone();
    let reason = json!({ "en": "The report convinces", "ar": "التقرير مقنع" });
    let values = ["reason", "changed", "note"].map(|field| asked[field].clone());
    assert_eq!((&asked["decision"]["number"], values), (&json!(1), [reason, json!(false), Value::Null]));
    assert_eq!(unmet(&app, "sectors").await, ["adjustmentAnswered"]);
    let refused = chair.post(app.a("/steps/sectors/submissions"), json!({})).await;
    let refused = refused.expect_problem(409, "gateNotMet");
    let criteria = refused["criteria"].as_array().unwrap();
    assert!(criteria.iter().any(|one| one["code"] == "adjustmentAnswered" && one["met"] == false));

    // A target date, a comment, the health and the products of other steps are no answer.
    let step = chair.read(app.a("/steps/sectors")).await;
    chair.patch(&step, json!({ "targetDate": "2027-01-31" })).await.expect(200);
    chair.create(app.a("/health-statements"), json!({ "health": "atRisk" })).await;
    chair.create_activity(json!({ "step": "pilots" })).await;
    new_evidence(&app, "pilot", work.pilot.id(), json!({})).await;
    assert_eq!(unmet(&app, "sectors").await, ["adjustmentAnswered"]);

    // The chair answers for the step that the decision names, and for no other.
    app.as_expert().send(answer(&app, "sectors")).await.expect_problem(403, "forbidden");
    app.as_secretariat().send(answer(&app, "sectors")).await.expect_problem(403, "forbidden");
    chair.send(answer(&app, "pilots")).await.expect_problem(409, "stepLocked");
    let seq = last_seq(&app).await;
    chair.send(answer(&app, "sectors")).await.expect(200);
    chair.send(answer(&app, "sectors")).await.expect(200);
    assert_eq!(happened(&app, seq).await, ["step.adjustmentAnswered"], "the second says nothing new");
    let note = json!({ "en": "It was right as it was", "ar": "كان صحيحًا كما هو" });
    assert_eq!(readiness("sectors").await["adjustment"]["note"], note);
    // A correction of the record alone keeps the answer.
    decide(&app, "adjust", json!({ "returnToStep": "sectors", "supersedesNumber": 1 })).await;
    let asked = readiness("sectors").await["adjustment"].clone();
    assert_eq!((&asked["decision"]["number"], &asked["note"]), (&json!(2), &note));
    assert!(unmet(&app, "sectors").await.is_empty());

    // The members see the answer, and so does the council.
    let submitted = chair.create(app.a("/steps/sectors/submissions"), json!({})).await;
    let shown = &submitted["snapshot"]["adjustment"];
    assert_eq!(*shown, json!({ "decisionNumber": 2, "note": note }));
    chair.command(&submitted, "withdraw", json!({ "reason": { "en": "Once more" } })).await.expect(200);
    pass_step(&app, "sectors").await;
    app.cancel_open_activities("pilots").await;
    // The steps after it are done again, and asked for no answer.
    assert_eq!(readiness("pilots").await["adjustment"], Value::Null);
    chair.send(answer(&app, "pilots")).await.expect_problem(409, "notAdjusted");
    for step in ["pilots", "migration"] {
        pass_step(&app, step).await;
    }
    let report = reported(&app, json!({})).await;
    let shown = &report["model"]["steps"][1]["adjustmentNotes"];
    assert_eq!((&shown[0]["decisionNumber"], &shown[0]["note"]), (&json!(1), &note));
    assert_eq!(shown[0]["name"]["en"], "Chair");
    assert_eq!(report["model"]["steps"][0]["adjustmentNotes"], json!([]));
    db_verify_chain(&app).await;
}

#[tokio::test]
async fn any_change_of_the_step_since_the_decision_is_an_answer() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let work = worked_through(&app).await;
    decide(&app, "adjust", json!({ "returnToStep": "sectors" })).await;
    let mut number = 1;
    for change in ["product", "child", "activity", "evidence"] {
        assert_eq!(unmet(&app, "sectors").await, ["adjustmentAnswered"], "{change}");
        match change {
            "product" => {
                let sector = expert.reload(&work.sector).await;
                expert.patch(&sector, json!({ "rationale": { "en": "Buses" } })).await.expect(200);
            }
            "child" => {
                let studies = format!("{}/studies", work.sector.path);
                expert.create(studies, study(json!({}))).await;
            }
            "activity" => {
                let new = chair.create_activity(json!({ "step": "sectors" })).await;
                chair.transition_because(&new, "cancelled", "Not needed").await;
            }
            _ => {
                new_evidence(&app, "sector", work.sector.id(), json!({})).await;
            }
        }
        assert!(unmet(&app, "sectors").await.is_empty(), "{change}");
        // A correction of the record alone takes no answer away.
        let decision = app.as_chair().list(&app.a("/decisions")).await[0]["number"].clone();
        let correction =
            json!({ "reportNumber": number, "returnToStep": "sectors", "supersedesNumber": decision });
        decide(&app, "adjust", correction).await;
        assert!(unmet(&app, "sectors").await.is_empty(), "{change}");
        if change == "evidence" {
            continue;
        }
        // The council sends the same step back again: what answered before is no answer now.
        for step in ["sectors", "pilots", "migration"] {
            pass_step(&app, step).await;
        }
        reported(&app, json!({})).await;
        number += 1;
        decide(&app, "adjust", json!({ "reportNumber": number, "returnToStep": "sectors" })).await;
    }
}

#[tokio::test]
async fn after_conclude_and_stop_everything_is_read_only() {
    for (outcome, end) in [("conclude", "concluded"), ("stop", "dissolved")] {
        let app = TestApp::start().await;
        let (chair, secretariat) = (app.as_chair(), app.as_secretariat());
        let policy = chair.create(app.a("/policies"), policy(json!({}))).await;
        let before = submitted_report(&app, json!({})).await;
        let seq = last_seq(&app).await;
        let fields = json!({ "conditions": [condition(&app, Who::Chair, json!({}))] });
        decide(&app, outcome, fields).await;
        let expected = [
            "report.transitioned submitted decided".to_owned(),
            "decision.recorded".to_owned(),
            format!("taskForce.transitioned active {end}"),
            "condition.created".to_owned(),
        ];
        assert_eq!(happened(&app, seq).await, expected);
        let a = secretariat.read(app.a("")).await;
        assert_eq!((&a["state"], &a["availableTransitions"]), (&json!(end), &json!([])));
        assert_eq!(a["stateReason"]["en"], "The report convinces");
        assert_eq!(states(&app, "").await, ["passed"; 5]);
        let status = chair.get(app.a("/status")).await.json();
        assert_eq!((&status["state"], &status["cycle"]), (&json!(end), &json!(1)));

        let member = chair.read(app.a(&format!("/members/{}", app.world().member(Who::Expert5)))).await;
        for refused in [
            chair.post(app.a("/activities"), activity(json!({ "step": "report" }))).await,
            chair.post(app.a("/policies"), crate::support::policies::policy(json!({}))).await,
            chair.patch(&policy, json!({ "reference": "Decree 1" })).await,
            chair.post(app.a("/health-statements"), json!({ "health": "onTrack" })).await,
            chair.post(app.a("/steps/report/submissions"), json!({})).await,
            chair.patch(&a, json!({ "nextCouncilDate": "2027-01-20" })).await,
            secretariat.command(&member, "end", json!({ "reason": { "en": "x" } })).await,
            secretariat.post(app.a("/members"), app.world().seat(Who::Outsider, "expert")).await,
        ] {
            refused.expect_problem(409, "taskForceClosed");
        }
        secretariat.try_transition(&a, "active").await.expect_problem(409, "transitionNotAllowed");
        assert_eq!(chair.reload(&before).await["state"], "decided", "what was written can be read");
        db_verify_chain(&app).await;
    }
}
