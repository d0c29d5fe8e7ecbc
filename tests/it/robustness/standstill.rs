//! No member can bring a task force to a standstill: what a member adds and nobody can take away neither keeps a step from
//! being submitted nor takes the place of other work, and each limit is named when it is met.

use serde_json::{Value, json};

use crate::support::council::pass_step;
use crate::support::migrations::{db_pilot, migration, new_item, new_migration};
use crate::support::pilots::{
    db_sector, evaluated_pilot, evaluation, indicator, measurement, pilot, planned_pilot, proposed_pilot,
    running_pilot, today,
};
use crate::support::policies::policy;
use crate::support::sectors::{assessment, new_sector, open_sectors_step, studied_sector, study};
use crate::support::votes::{ready_policy_step, submit, withdraw};
use crate::support::{Resource, TestApp, Who};

/// Runs a statement on task force A, which the statement calls `:a`. A text that it calls `:long` has 2,000 letters of four
/// bytes in both languages.
async fn db_run(app: &TestApp, statement: &str) {
    let long = "jsonb_build_object('en', repeat('𝒜', 2000), 'ar', repeat('𝒜', 2000))";
    let statement = statement.replace(":a", &format!("'{}'::uuid", app.world().a)).replace(":long", long);
    app.db().await.batch_execute(&statement).await.unwrap();
}

/// Further columns of pilots with long texts, and their values.
const LONG: (&str, &str) = (", hypothesis, state_reason", ", repeat('𝒜', 2000), :long");

/// Inserts pilots in a state into task force A, with these further columns.
async fn db_pilots(app: &TestApp, sector: &str, count: usize, state: &str, (columns, values): (&str, &str)) {
    db_run(
        app,
        &format!(
            "insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims,
                                 start_date, end_date, state, state_since, created_at, updated_at {columns})
             select :a, gen_random_uuid(), 1, 1, '{{\"en\": \"One of many\", \"ar\": \"واحد من كثير\"}}', '{sector}'::uuid,
                    '{owner}'::uuid, '{{sustainable}}', '2027-03-01', '2027-05-31', '{state}', now(), now(), now() {values}
             from generate_series(1, {count})",
            owner = app.world().member(Who::Expert1),
        ),
    )
    .await;
}

/// Task force A with step `pilots` open and ready to be put to the vote; the sector of its pilot.
async fn ready_pilots_step(app: &TestApp) -> (Resource, Resource) {
    app.db_open("sectors").await;
    let sector = studied_sector(app.as_expert(), "Mobility").await;
    app.db_open("pilots").await;
    let planned = planned_pilot(app, json!({ "sectorId": sector.id() })).await;
    let carry_out = json!({
        "step": "migration", "subject": { "kind": "pilot", "id": planned.id() },
        "assigneeId": app.world().member(Who::Expert1), "dueDate": "2027-05-31",
    });
    app.as_expert().create_activity(carry_out).await;
    (sector, planned)
}

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn cancelled_pilots_are_put_to_the_vote_by_title_only_and_can_be_deleted() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let (sector, planned) = ready_pilots_step(&app).await;
    let proposed = proposed_pilot(&app, json!({ "sectorId": sector.id() })).await;
    let first = expert.transition_because(&proposed, "cancelled", "Too dear").await;
    // Nobody could submit the step with as much text as these have.
    db_pilots(&app, sector.id(), 240, "cancelled", LONG).await;
    let submission = submit(chair, "pilots").await;
    let content = &submission["snapshot"]["content"];
    assert_eq!(ids(&content["pilots"]), [planned.id()]);
    let titles = &content["titlesOnly"];
    assert_eq!(titles["total"], 241);
    let listed = titles["items"].as_array().unwrap();
    assert!(listed.len() > 1 && listed.len() < 20, "{}", listed.len());
    let shown = listed.iter().find(|one| one["id"] == first["id"]);
    // The ids of the others are random, so that the first one is among the first ten or not.
    if let Some(shown) = shown {
        let expected = json!({
            "kind": "pilot", "id": first.id(), "state": "cancelled", "title": first["title"],
            "stateReason": first["stateReason"],
        });
        assert_eq!(*shown, expected);
    }
    withdraw(chair, &submission).await.expect(200);

    assert_eq!(
        (&first["permissions"]["delete"], &first["permissions"]["update"]),
        (&json!(true), &json!(false))
    );
    expert.patch(&first, json!({ "hypothesis": null })).await.expect_problem(409, "scorecardFrozen");
    chair.delete(&first).await.expect(204);
    db_run(&app, "delete from pilots where task_force_id = :a and state = 'cancelled'").await;
    pass_step(&app, "pilots").await;
    // In step `migration` a cancelled pilot stays: the members have voted on it.
    let left = expert.transition_because(&expert.reload(&planned).await, "cancelled", "Too late").await;
    assert_eq!(left["permissions"]["delete"], false);
    expert.delete(&left).await.expect_problem(409, "stepPassed");
}

#[tokio::test]
async fn a_cancelled_pilot_that_ran_stays() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let running = running_pilot(&app, json!({})).await;
    let cancelled = expert.transition_because(&running, "cancelled", "Too dear").await;
    app.db_open("pilots").await;
    expert.delete(&expert.reload(&cancelled).await).await.expect_problem(409, "scorecardFrozen");
    assert_eq!(expert.reload(&cancelled).await["permissions"]["delete"], false);
}

#[tokio::test]
async fn products_that_were_given_up_for_good_take_no_place_of_those_in_force() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.db_open_every_step().await;
    let sector = db_sector(&app, "selected").await;
    let reason = (", state_reason", r#", '{"en": "Too dear"}'"#);
    db_pilots(&app, &sector, 1500, "cancelled", reason).await;
    let body = pilot(&app, json!({ "sectorId": sector })).await;
    expert.create(app.a("/pilots"), body.clone()).await;
    db_pilots(&app, &sector, 3499, "cancelled", reason).await;
    let refused = expert.post(app.a("/pilots"), body.clone()).await.expect_problem(409, "tooManyItems");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.starts_with("There can be 5000 of these in one cycle"), "{detail}");
    let cancelled = expert.get(app.a("/pilots?state=cancelled&limit=1")).await.expect(200).json();
    let cancelled = cancelled["items"][0]["id"].as_str().unwrap();
    let cancelled = expert.read(app.a(&format!("/pilots/{cancelled}"))).await;
    expert.delete(&cancelled).await.expect(204);
    expert.create(app.a("/pilots"), body).await;

    let successor = ready_policy_step(&app).await;
    db_run(
        &app,
        &format!(
            "insert into policies (task_force_id, id, cycle, last_cycle, title, kind, description, aims, state, state_reason,
                                   superseded_by_id, state_since, created_at, updated_at)
             select :a, gen_random_uuid(), 1, 1, '{{\"en\": \"Old\"}}', 'policy', :long, '{{sustainable}}', 'superseded', :long,
                    '{}'::uuid, now(), now(), now() from generate_series(1, 1200)",
            successor.id()
        ),
    )
    .await;
    expert.create(app.a("/policies"), policy(json!({}))).await;
}

#[tokio::test]
async fn superseded_policies_are_put_to_the_vote_by_title_only() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    let successor = ready_policy_step(&app).await;
    db_run(
        &app,
        &format!(
            "insert into policies (task_force_id, id, cycle, last_cycle, title, kind, description, aims, state, state_reason,
                                   superseded_by_id, state_since, created_at, updated_at)
             select :a, gen_random_uuid(), 1, 1, '{{\"en\": \"Old\", \"ar\": \"قديمة\"}}', 'policy', :long, '{{sustainable}}',
                    'superseded', :long, '{}'::uuid, now(), now(), now() from generate_series(1, 200)",
            successor.id()
        ),
    )
    .await;
    let submission = submit(chair, "policy").await;
    let content = &submission["snapshot"]["content"];
    assert_eq!(ids(&content["policies"]), [successor.id()]);
    assert_eq!(content["titlesOnly"]["total"], 200);
    // What the successor superseded is named where that is an obstacle, and no more than a hundred of it.
    withdraw(chair, &submission).await.expect(200);
    let again = expert.transition_because(&successor, "underReview", "A new decree").await;
    let refused = expert.delete(&again).await.expect_problem(409, "supersedesAnother");
    assert_eq!(refused["references"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn pilots_that_cannot_be_shortened_any_more_do_not_keep_their_step_from_being_submitted() {
    let app = TestApp::start().await;
    let pilot = evaluated_pilot(&app, "stop").await;
    let sector = pilot["sector"]["id"].as_str().unwrap().to_owned();
    let names = r#"update sectors set name = '{"en": "Permits", "ar": "الرخص"}'"#;
    app.db().await.batch_execute(names).await.unwrap();
    let lessons = (
        ", outcome, lessons",
        ", 'stop', jsonb_build_object('en', repeat('𝒜', 10000), 'ar', repeat('𝒜', 10000))",
    );
    db_pilots(&app, &sector, 60, "evaluated", lessons).await;
    app.cancel_open_activities("migration").await;
    let submission = submit(app.as_chair(), "migration").await;
    let content = &submission["snapshot"]["content"];
    let (whole, titles) = (content["pilots"].as_array().unwrap().len(), &content["titlesOnly"]);
    assert!(whole > 1 && whole < 10, "{whole}");
    assert_eq!(titles["total"], 61 - whole);
    assert!(!titles["items"].as_array().unwrap().is_empty());
}

/// Creates one more child than there may be.
async fn expect_most(app: &TestApp, list: &str, fill: &str, body: &Value, limit: (usize, &str)) -> Value {
    let (most, sentence) = limit;
    let expert = app.as_expert();
    let there = expert.get(format!("{list}?limit=1&count=true")).await.expect(200).json();
    let there = usize::try_from(there["total"].as_u64().unwrap()).unwrap();
    db_run(app, &fill.replace(":n", &(most - 1 - there).to_string())).await;
    let last = expert.create(list, body.clone()).await;
    let refused = expert.post(list, body.clone()).await.expect_problem(409, "tooManyItems");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.starts_with(&sentence.replace("{most}", &most.to_string())), "{detail}");
    expert.delete(&last).await.expect(204);
    expert.create(list, body.clone()).await.body
}

#[tokio::test]
async fn a_product_has_as_many_children_as_its_reads_and_its_vote_can_hold() {
    let app = open_sectors_step().await;
    let sector = new_sector(&app, json!({})).await;
    let assessments = format!(
        "insert into assessments (task_force_id, id, sector_id, kind, level, assessed_on, created_at, updated_at)
         select :a, gen_random_uuid(), '{}'::uuid, 'current', 2, '2026-11-20', now(), now() from generate_series(1, :n)",
        sector.id()
    );
    expect_most(
        &app,
        &format!("{}/assessments", sector.path),
        &assessments,
        &assessment(json!({})),
        (100, "A sector has at most {most} assessments"),
    )
    .await;
    let studies = format!(
        "insert into studies (task_force_id, id, sector_id, title, approach, completed, created_at, updated_at)
         select :a, gen_random_uuid(), '{}'::uuid, '{{\"en\": \"A study\"}}', 'Interviews', false, now(), now()
         from generate_series(1, :n)",
        sector.id()
    );
    expect_most(
        &app,
        &format!("{}/studies", sector.path),
        &studies,
        &study(json!({})),
        (50, "A sector has at most {most} studies"),
    )
    .await;

    let proposed = planned_pilot(&app, json!({})).await;
    let indicators = format!(
        "insert into indicators (task_force_id, id, pilot_id, name, unit, direction, created_at, updated_at)
         select :a, gen_random_uuid(), '{}'::uuid, '{{\"en\": \"An indicator\"}}', 'days', 'down', now(), now()
         from generate_series(1, :n)",
        proposed.id()
    );
    let list = format!("{}/indicators", proposed.path);
    let last = expect_most(
        &app,
        &list,
        &indicators,
        &indicator(json!({})),
        (30, "A pilot has at most {most} indicators"),
    )
    .await;
    // An indicator that is no longer in use takes no place of another one.
    let retired = format!(
        "update indicators set retirement_reason = '{{\"en\": \"Not comparable\"}}' where id = '{}'",
        last["id"].as_str().unwrap()
    );
    app.db().await.batch_execute(&retired).await.unwrap();
    let expert = app.as_expert();
    let one_more = expert.create(list.as_str(), indicator(json!({}))).await;

    app.db_open("migration").await;
    expert.transition(&expert.reload(&proposed).await, "running").await;
    let measurements = format!(
        "insert into measurements (task_force_id, id, pilot_id, indicator_id, cycle, value, measured_on, created_at, updated_at)
         select :a, gen_random_uuid(), '{}'::uuid, '{}'::uuid, 1, 1, '2026-11-22', now(), now() from generate_series(1, :n)",
        proposed.id(),
        one_more.id()
    );
    let body = measurement(json!({ "measuredOn": today(&app) }));
    expect_most(
        &app,
        &format!("{}/measurements", one_more.path),
        &measurements,
        &body,
        (1000, "An indicator has at most {most} measurements"),
    )
    .await;

    let migration = new_migration(&app, json!({})).await;
    new_item(&app, &migration, false).await;
    let items = format!(
        "insert into checklist_items (task_force_id, id, migration_id, title, done, created_at, updated_at)
         select :a, gen_random_uuid(), '{}'::uuid, '{{\"en\": \"An item\"}}', false, now(), now() from generate_series(1, :n)",
        migration.id()
    );
    let item = json!({ "title": { "en": "Train the clerks" }, "done": false });
    expect_most(
        &app,
        &format!("{}/checklist-items", migration.path),
        &items,
        &item,
        (200, "A checklist has at most {most} items"),
    )
    .await;
    // The obstacle names the first hundred of the items that are open.
    for state in ["inProgress", "parallelRun"] {
        expert.transition(&expert.reload(&migration).await, state).await;
    }
    let refused = expert
        .try_transition(&expert.reload(&migration).await, "live")
        .await
        .expect_problem(409, "checklistUnfinished");
    assert_eq!(refused["references"].as_array().unwrap().len(), 100);
}

/// A migration that was begun is never deleted, so that one member could otherwise use up the migrations of a cycle.
#[tokio::test]
async fn a_pilot_has_ten_migrations_and_what_was_rolled_back_is_planned_anew() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    app.db_open("migration").await;
    let pilot = db_pilot(&app, Some("scale")).await;
    let first = expert.create(app.a("/migrations"), migration(&pilot, json!({}))).await;
    db_run(
        &app,
        &format!(
            "insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on, state,
                                     state_since, created_at, updated_at)
             select :a, gen_random_uuid(), 1, 1, '{pilot}'::uuid, '{{\"en\": \"One of many\"}}', 'Platform', '2027-02-01',
                    'inProgress', now(), now(), now() from generate_series(1, 9)"
        ),
    )
    .await;
    let refused = expert.post(app.a("/migrations"), migration(&pilot, json!({}))).await;
    let detail = refused.expect_problem(409, "tooManyItems")["detail"].to_string();
    assert!(detail.contains("A pilot has at most 10 migrations"), "{detail}");
    let other = new_migration(&app, json!({})).await;
    expert.patch(&other, json!({ "pilotId": pilot })).await.expect_problem(409, "tooManyItems");
    let begun = expert.transition(&first, "inProgress").await;
    let back = expert.transition_because(&begun, "rolledBack", "The wrong platform").await;
    let back =
        expert.patch(&back, json!({ "targetSystem": "Another platform" })).await.expect(200).resource();
    expert.transition(&back, "planned").await;
}

/// Inserts evaluations of the first run of a pilot, with all measurements, as earlier versions did.
async fn db_evaluations(app: &TestApp, pilot: &Resource, numbers: std::ops::RangeInclusive<i32>) {
    db_run(
        app,
        &format!(
            "insert into evaluations (task_force_id, pilot_id, number, cycle, run, outcome, lessons, indicators, evaluated_at)
             select :a, p.id, n, 1, p.run, 'stop', '{{\"en\": \"Too slow\"}}', (
                 select jsonb_agg(jsonb_build_object(
                     'indicatorId', i.id, 'name', i.name, 'unit', i.unit, 'direction', i.direction,
                     'baseline', i.baseline::text, 'target', i.target::text,
                     'measurements', (select jsonb_agg(jsonb_build_object(
                             'value', m.value::text, 'measuredOn', m.measured_on, 'source', m.source) order by m.id)
                         from measurements m where m.indicator_id = i.id)))
                 from indicators i where i.pilot_id = p.id), now()
             from pilots p, generate_series({}, {}) n where p.id = '{}'",
            numbers.start(),
            numbers.end(),
            pilot.id()
        ),
    )
    .await;
}

/// Inserts measurements of the only indicator of a pilot, with long sources.
async fn db_measurements(app: &TestApp, pilot: &Resource, count: usize) {
    db_run(
        app,
        &format!(
            "insert into measurements (task_force_id, id, pilot_id, indicator_id, cycle, value, measured_on, source, created_at,
                                       updated_at)
             select :a, gen_random_uuid(), i.pilot_id, i.id, 1, n, '2026-11-22', repeat('𝒜', 200), now(), now()
             from indicators i, generate_series(1, {count}) n where i.pilot_id = '{}'",
            pilot.id()
        ),
    )
    .await;
}

#[tokio::test]
async fn evaluations_that_are_taken_back_over_and_over_cost_little_and_end() {
    let app = TestApp::start().await;
    let (chair, expert) = (app.as_chair(), app.as_expert());
    app.db_open("sectors").await;
    let sector = studied_sector(expert, "Mobility").await;
    app.db_open("pilots").await;
    let planned = planned_pilot(&app, json!({ "sectorId": sector.id() })).await;
    app.db_open("migration").await;
    let mut running = expert.transition(&planned, "running").await;
    db_measurements(&app, &running, 1000).await;
    for number in 1..=11 {
        expert.command(&running, "transitions", evaluation("stop")).await.expect(200);
        let evaluated = expert.reload(&running).await;
        assert_eq!(evaluated["evaluationsTotal"], number);
        if number <= 10 {
            running = expert.transition_because(&evaluated, "running", "Misread").await;
        }
    }
    // Each of the eleven rests on a megabyte of measurements.
    let read = expert.get(planned.path.as_str()).await.expect(200);
    let evaluated = read.json();
    assert!(read.text().len() < 10_000, "{}", read.text().len());
    let numbers: Vec<_> =
        evaluated["evaluations"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    assert_eq!(numbers, [9, 10, 11]);
    let last = &evaluated["evaluations"][2]["indicators"][0];
    assert_eq!(
        (&last["measurementsTotal"], last["measurements"].as_array().unwrap().len()),
        (&json!(1000), 1)
    );
    let all = expert.list(&format!("{}/evaluations", planned.path)).await;
    let numbers: Vec<_> = all.iter().map(|one| one["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=11).rev().collect::<Vec<_>>());

    // No member takes more than ten back; the chair still can.
    let evaluated = expert.reload(&planned).await;
    assert_eq!(evaluated.blockers("running"), ["evaluationStands"]);
    let again = json!({ "to": "running", "reason": { "en": "Once more" } });
    let refused = expert.command(&evaluated, "transitions", again.clone()).await;
    let detail = refused.expect_problem(409, "evaluationStands")["detail"].to_string();
    assert!(detail.contains("members take back ten evaluations"), "{detail}");
    let running = chair.transition_because(&evaluated, "running", "Measured wrongly").await;
    expert.command(&running, "transitions", evaluation("stop")).await.expect(200);
    db_evaluations(&app, &planned, 13..=21).await;
    let evaluated = chair.reload(&planned).await;
    assert_eq!(evaluated.blockers("running"), ["evaluationStands"]);
    chair.command(&evaluated, "transitions", again).await.expect_problem(409, "evaluationStands");

    app.cancel_open_activities("migration").await;
    let submission = submit(chair, "migration").await;
    let shown = &submission["snapshot"]["content"]["pilots"][0];
    assert_eq!(shown["measurements"].as_array().unwrap().len(), 10);
    let numbers: Vec<_> =
        shown["evaluations"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    assert_eq!(numbers, [19, 20, 21]);
    assert_eq!(
        (&shown["evaluations"][2]["run"], &shown["evaluations"][2]["lessons"]),
        (&json!(1), &Value::Null)
    );
}

/// Evaluations of earlier versions have all measurements of their run.
#[tokio::test]
async fn evaluations_of_earlier_versions_stay_readable_as_a_whole() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let running = running_pilot(&app, json!({})).await;
    db_measurements(&app, &running, 3).await;
    db_evaluations(&app, &running, 1..=2).await;
    let read = expert.reload(&running).await;
    assert_eq!(read["evaluationsTotal"], 2);
    let brief = &read["evaluations"][1]["indicators"][0];
    let all = expert.list(&format!("{}/evaluations", running.path)).await;
    let whole = &all[0]["indicators"][0];
    let made = whole["measurements"].as_array().unwrap();
    assert_eq!(
        (made.len(), &whole["measurementsTotal"], &brief["measurementsTotal"]),
        (3, &json!(3), &json!(3))
    );
    assert_eq!(brief["measurements"], json!([made[2]]));
    assert_eq!((&all[0]["number"], &all[0]["run"], &all[1]["number"]), (&json!(2), &json!(1), &json!(1)));
    expert.get(format!("{}/evaluations?limit=1", running.path)).await.expect(200);
    let nowhere = running.path.replace(running.id(), crate::support::UNKNOWN_ID);
    expert.get(format!("{nowhere}/evaluations")).await.expect_problem(404, "notFound");
}
