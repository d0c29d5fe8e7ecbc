//! Gates: the criteria that a step must meet before it can be submitted.

use std::slice::from_ref;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::client::with;
use crate::support::pilots::{
    db_move_sector, evaluated_pilot, evaluation, indicator, indicator_of, measured, planned_pilot,
};
use crate::support::policies::{amended, policy};
use crate::support::sectors::{sector, selected_sector, studied_sector, study};
use crate::support::votes::{
    db_condition, db_draft_report, db_migration, db_submit_report, pass, try_submit,
};
use crate::support::{Resource, TestApp, Who};

/// The criteria of a step's gate, as `readiness` answers them.
async fn criteria(app: &TestApp, step: &str) -> Vec<Value> {
    let readiness = app.as_expert().get(app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json();
    readiness["criteria"].as_array().unwrap().clone()
}

async fn criterion(app: &TestApp, step: &str, code: &str) -> Value {
    criteria(app, step).await.into_iter().find(|one| one["code"] == code).unwrap()
}

/// The unmet criteria of a step with their unmet items; a refused submission must list the same.
async fn needs(app: &TestApp, step: &str) -> Vec<String> {
    let asked = app.as_chair().get(app.a(&format!("/steps/{step}/readiness"))).await.expect(200).json();
    assert_eq!(asked["blockedBy"], json!([]), "{step} is open");
    let unmet = |one: &&Value| one["met"] == false;
    let criteria = asked["criteria"].as_array().unwrap();
    let open = criteria.iter().filter(unmet).any(|one| one["waived"] == false);
    assert_eq!(asked["ready"], !open);
    if open {
        let refused = try_submit(app.as_chair(), step).await.expect_problem(409, "gateNotMet");
        assert_eq!(refused["criteria"], asked["criteria"]);
    }
    let describe = |one: &Value| {
        let failing = one["unmet"].as_array().unwrap();
        assert_eq!(one["unmetTotal"], failing.len());
        let ids = failing.iter().map(|failing| failing["id"].as_str().unwrap());
        let words: Vec<_> = std::iter::once(one["code"].as_str().unwrap()).chain(ids).collect();
        words.join(" ")
    };
    criteria.iter().filter(unmet).map(describe).collect()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn each_gate_asks_its_criteria_and_says_which_can_be_waived() {
    let app = TestApp::start().await;
    for (step, expected) in [
        ("policy", ["policyAdopted!", "policiesSettled", "aimsNamed"].as_slice()),
        ("sectors", &["sectorsSelected!", "candidatesSettled", "sectorsStudied"]),
        ("pilots", &["pilotsPlanned!", "sectorsCovered", "indicatorsSet!", "activitiesPlanned"]),
        ("migration", &["pilotsEvaluated", "migrationsHandedOver"]),
        ("report", &["reportCurrent!", "conditionsSettled!"]),
    ] {
        let describe = |one: &Value| {
            let mark = if one["waivable"] == true { "" } else { "!" };
            format!("{}{mark}", one["code"].as_str().unwrap())
        };
        let described: Vec<_> = criteria(&app, step).await.iter().map(describe).collect();
        assert_eq!(described, [expected, &["activitiesSettled", "translationsComplete"]].concat(), "{step}");
    }
}

#[tokio::test]
async fn the_policy_step_asks_for_an_adopted_policy_and_none_under_review() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.cancel_open_activities("policy").await;
    assert_eq!(needs(&app, "policy").await, ["policyAdopted"]);
    let only_english = policy(json!({ "title": { "en": "Open data" }, "aims": [] }));
    let new = expert.create(app.a("/policies"), only_english).await;
    let under_review = expert.transition(&new, "underReview").await;
    let id = new.id();
    assert_eq!(
        needs(&app, "policy").await,
        ["policyAdopted".to_owned(), format!("policiesSettled {id}"), format!("translationsComplete {id}")]
    );
    let settled = criterion(&app, "policy", "policiesSettled").await;
    let unmet = json!([{
        "kind": "policy", "id": id, "number": null, "title": { "en": "Open data" }, "href": new.path,
    }]);
    assert_eq!(settled["unmet"], unmet);
    let adopted = app.as_chair().transition(&under_review, "adopted").await;
    // One that is only identified needs no aim, but both languages; one that is rejected nothing.
    let arabic = policy(json!({ "title": { "ar": "السحابة أولًا" }, "aims": [] }));
    let other = expert.create(app.a("/policies"), arabic).await;
    let aims = format!("aimsNamed {id}");
    assert_eq!(
        needs(&app, "policy").await,
        [aims.clone(), format!("translationsComplete {id} {}", other.id())]
    );
    let reviewed = expert.transition(&other, "underReview").await;
    expert.transition_because(&reviewed, "rejected", "Too dear").await;
    assert_eq!(needs(&app, "policy").await, [aims, format!("translationsComplete {id}")]);
    let mended = json!({ "title": { "ar": "البيانات المفتوحة" }, "aims": ["sustainable"] });
    amended(&app, &adopted, mended).await;
    assert_eq!(needs(&app, "policy").await, NOTHING);
    let activity = expert.create_activity(json!({})).await;
    assert_eq!(needs(&app, "policy").await, [format!("activitiesSettled {}", activity.id())]);
    expert.transition_because(&activity, "cancelled", "Not needed").await;
    pass(&app, "policy").await;
}

#[tokio::test]
async fn the_sectors_step_asks_for_few_selected_sectors_all_studied() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.db_open("sectors").await;
    app.cancel_open_activities("sectors").await;
    assert_eq!(needs(&app, "sectors").await, ["sectorsSelected"]);
    let candidate = expert.create(app.a("/sectors"), sector(json!({ "name": { "en": "Water" } }))).await;
    let id = candidate.id();
    assert_eq!(
        needs(&app, "sectors").await,
        [
            "sectorsSelected".to_owned(),
            format!("candidatesSettled {id}"),
            format!("translationsComplete {id}")
        ]
    );
    expert.transition_because(&candidate, "notSelected", "Next year").await;
    assert_eq!(needs(&app, "sectors").await, ["sectorsSelected"], "what is given up needs no translation");

    let selected = selected_sector(expert, "Mobility").await;
    let new_study = study(json!({ "title": { "en": "Ways" } }));
    let study = expert.create(format!("{}/studies", selected.path), new_study).await;
    let unstudied = format!("sectorsStudied {}", selected.id());
    assert_eq!(
        needs(&app, "sectors").await,
        [unstudied.clone(), format!("translationsComplete {}", study.id())]
    );
    expert.patch(&study, json!({ "title": { "ar": "طرق" } })).await.expect(200);
    let studied = studied_sector(expert, "Health").await;
    assert_eq!(needs(&app, "sectors").await, [unstudied]);
    expert.transition(&selected, "candidate").await;
    let selected = expert.reload(&selected).await;
    expert.transition_because(&selected, "notSelected", "Next year").await;
    assert_eq!(needs(&app, "sectors").await, NOTHING);

    // Few: as many as the task force may select. Of too many, any could be left out.
    let third = studied_sector(expert, "Energy").await;
    let at_most = async |most: i32| {
        let a = app.as_chair().read(app.a("")).await;
        app.as_chair().patch(&a, json!({ "maxSectors": most })).await.expect(200);
    };
    at_most(1).await;
    assert_eq!(needs(&app, "sectors").await, [format!("sectorsSelected {} {}", studied.id(), third.id())]);
    at_most(2).await;
    assert_eq!(needs(&app, "sectors").await, NOTHING);
    pass(&app, "sectors").await;
}

/// Plans an activity of step `migration` that is about a pilot.
async fn activity_about(app: &TestApp, pilot: &Resource, fields: Value) -> Resource {
    let subject = json!({ "kind": "pilot", "id": pilot.id() });
    let usual = json!({ "step": "migration", "subject": subject });
    app.as_expert().create_activity(with(usual, fields)).await
}

#[tokio::test]
async fn the_pilots_step_asks_for_a_planned_pilot_in_each_selected_sector() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.db_open("sectors").await;
    app.cancel_open_activities("sectors").await;
    let (one, other) = (studied_sector(expert, "Water").await, studied_sector(expert, "Health").await);
    app.db_open("pilots").await;
    let uncovered = |ids: &[&str]| format!("sectorsCovered {}", ids.join(" "));
    assert_eq!(needs(&app, "pilots").await, ["pilotsPlanned".to_owned(), uncovered(&[one.id(), other.id()])]);

    let pilot = planned_pilot(&app, json!({ "sectorId": one.id() })).await;
    let unplanned = format!("activitiesPlanned {}", pilot.id());
    assert_eq!(needs(&app, "pilots").await, [uncovered(&[other.id()]), unplanned.clone()]);
    db_move_sector(&app, other.id(), "candidate").await;
    assert_eq!(needs(&app, "pilots").await, from_ref(&unplanned));

    // The activity needs an assignee and a due date, and a cancelled one doesn't count.
    let assignee = app.world().member(Who::Expert2);
    let activity = activity_about(&app, &pilot, json!({ "assigneeId": assignee })).await;
    assert_eq!(needs(&app, "pilots").await, from_ref(&unplanned), "no due date");
    let nobodys = json!({ "assigneeId": null, "dueDate": "2027-04-01" });
    expert.patch(&activity, nobodys).await.expect(200);
    assert_eq!(needs(&app, "pilots").await, from_ref(&unplanned), "no assignee");
    let activity = expert.reload(&activity).await;
    expert.patch(&activity, json!({ "assigneeId": assignee })).await.expect(200);
    assert_eq!(needs(&app, "pilots").await, NOTHING);
    let activity = expert.reload(&activity).await;
    expert.transition_because(&activity, "cancelled", "Later").await;
    assert_eq!(needs(&app, "pilots").await, [unplanned]);
    activity_about(&app, &pilot, json!({ "assigneeId": assignee, "dueDate": "2027-04-01" })).await;

    // Every indicator has baseline and target; titles and names are in both languages.
    let vague = indicator(json!({ "name": { "ar": "رضا" }, "baseline": null }));
    let vague = expert.create(format!("{}/indicators", pilot.path), vague).await;
    let pilot = expert.reload(&pilot).await;
    expert.patch(&pilot, json!({ "title": { "ar": null } })).await.expect(200);
    assert_eq!(
        needs(&app, "pilots").await,
        [
            format!("indicatorsSet {}", pilot.id()),
            format!("translationsComplete {} {}", pilot.id(), vague.id())
        ]
    );
    expert.delete(&vague).await.expect(204);
    let pilot = expert.reload(&pilot).await;
    expert.patch(&pilot, json!({ "title": { "ar": "رخص" } })).await.expect(200);
    assert_eq!(needs(&app, "pilots").await, NOTHING);

    // A pilot whose sector is not selected any more covers nothing, and says so itself.
    db_move_sector(&app, one.id(), "candidate").await;
    assert_eq!(needs(&app, "pilots").await, [uncovered(&[pilot.id()])]);
    db_move_sector(&app, one.id(), "studied").await;
    pass(&app, "pilots").await;
}

#[tokio::test]
async fn the_migration_step_asks_for_evaluated_pilots_and_the_scaled_ones_handed_over() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let stopped = evaluated_pilot(&app, "stop").await;
    assert_eq!(stopped["state"], "evaluated");
    assert_eq!(needs(&app, "migration").await, NOTHING);
    let pilot = planned_pilot_beside(&app).await;
    let waiting = format!("pilotsEvaluated {}", pilot.id());
    assert_eq!(needs(&app, "migration").await, from_ref(&waiting));
    let running = expert.transition(&pilot, "running").await;
    assert_eq!(needs(&app, "migration").await, [waiting]);
    measured(&app, &running).await;
    expert.command(&running, "transitions", evaluation("scale")).await.expect(200);
    let waiting = format!("migrationsHandedOver {}", pilot.id());
    assert_eq!(needs(&app, "migration").await, from_ref(&waiting));

    let both = json!({ "en": "Move it", "ar": "ترحيل" });
    db_migration(&app, &pilot, "live", both.clone()).await;
    assert_eq!(needs(&app, "migration").await, [waiting], "live is not handed over");
    let [migration, item] = db_migration(&app, &pilot, "handedOver", json!({ "en": "Move it" })).await;
    let mut untranslated = [migration, item];
    untranslated.sort();
    assert_eq!(needs(&app, "migration").await, [format!("translationsComplete {}", untranslated.join(" "))]);
    let mend = ["migrations", "checklist_items"].map(|table| format!("update {table} set title = '{both}'"));
    app.db().await.batch_execute(&mend.join("; ")).await.unwrap();
    pass(&app, "migration").await;
}

/// A planned pilot beside another one that is evaluated, with step `migration` open again.
async fn planned_pilot_beside(app: &TestApp) -> Resource {
    app.db_open("pilots").await;
    let pilot = planned_pilot(app, json!({})).await;
    assert_eq!(indicator_of(app, &pilot).await["baseline"], "40");
    app.db_open("migration").await;
    app.as_expert().reload(&pilot).await
}

#[tokio::test]
async fn the_report_step_asks_for_a_current_draft() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    assert_eq!(needs(&app, "report").await, ["reportCurrent"]);
    let both = json!({ "en": "It went well", "ar": "سار جيدًا" });
    let first = db_draft_report(&app, both.clone()).await;
    assert_eq!(needs(&app, "report").await, NOTHING);
    let comments = app.a(&format!("/activities/{}/comments", app.world().activity("done")));
    app.as_expert().create(comments, json!({ "text": "Well done" })).await;
    assert_eq!(needs(&app, "report").await, NOTHING, "a comment changes nothing that a report states");
    app.as_chair().create(app.a("/health-statements"), json!({ "health": "atRisk" })).await;
    assert_eq!(needs(&app, "report").await, [format!("reportCurrent {first}")]);
    // The latest draft counts.
    let second = db_draft_report(&app, json!({ "en": "It went well" })).await;
    assert_eq!(needs(&app, "report").await, [format!("translationsComplete {second}")]);
    db_submit_report(&app, &second).await;
    assert_eq!(needs(&app, "report").await, [format!("reportCurrent {first}")]);
    db_draft_report(&app, both).await;
    assert_eq!(needs(&app, "report").await, NOTHING);
}

#[tokio::test]
async fn the_report_step_asks_for_conditions_that_are_due_from_their_day_on() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    db_draft_report(&app, json!({ "en": "x", "ar": "س" })).await;
    for state in ["reportedMet", "met"] {
        db_condition(&app, Who::Expert1, "2026-11-01", state).await;
    }
    let tomorrow = db_condition(&app, Who::Expert1, "2026-11-23", "open").await;
    assert_eq!(needs(&app, "report").await, NOTHING);
    let today = db_condition(&app, Who::Expert1, "2026-11-22", "open").await;
    assert_eq!(needs(&app, "report").await, [format!("conditionsSettled {today}")]);
    // The task force's day begins three hours before UTC's.
    app.advance(TimeDelta::hours(12));
    let mut due = [today, tomorrow];
    due.sort();
    assert_eq!(needs(&app, "report").await, [format!("conditionsSettled {}", due.join(" "))]);
}

#[tokio::test]
async fn a_criterion_names_at_most_a_hundred_unmet_items_and_counts_all() {
    let app = TestApp::start().await;
    app.cancel_open_activities("policy").await;
    let many = "insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required,
                                        state_since, created_at, updated_at)
        select $1::text::uuid, gen_random_uuid(), 1000 + at, 1, 'policy', '{\"en\": \"One of many\"}', 'low', false,
               now(), now(), now() from generate_series(1, 101) at";
    app.db().await.execute(many, &[&app.world().a]).await.unwrap();
    let settled = criterion(&app, "policy", "activitiesSettled").await;
    assert_eq!((settled["unmet"].as_array().unwrap().len(), &settled["unmetTotal"]), (100, &json!(101)));
}
