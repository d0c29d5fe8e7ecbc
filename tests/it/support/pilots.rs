//! Pilots as tests write them, from the proposal to the evaluation.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::client::with;
use super::{Resource, TestApp, Who};

/// A sector of task force A in a state, past the service.
pub(crate) async fn db_sector(app: &TestApp, state: &str) -> String {
    db_sector_of(app, &app.world().a, state).await
}

/// The same, of another task force.
pub(crate) async fn db_sector_of(app: &TestApp, task_force: &str, state: &str) -> String {
    let new =
        "insert into sectors (task_force_id, id, cycle, last_cycle, name, state, state_reason, state_since,
                                    created_at, updated_at)
        select id, gen_random_uuid(), current_cycle, current_cycle, '{\"en\": \"Permits\"}', $2,
               '{\"en\": \"Because\"}', now(), now(), now()
        from task_forces where id = $1::text::uuid returning id::text";
    app.db().await.query_one(new, &[&task_force, &state]).await.unwrap().get(0)
}

/// Sets the state of a sector, past the service.
pub(crate) async fn db_move_sector(app: &TestApp, sector: &str, state: &str) {
    let change = "update sectors set state = $2 where id = $1::text::uuid";
    app.db().await.execute(change, &[&sector, &state]).await.unwrap();
}

/// Begins the next cycle of task force A, instead of the council's decision after step 5.
pub(crate) async fn db_next_cycle(app: &TestApp) {
    let a = &app.world().a;
    for change in [
        "update steps set state = 'passed', passed_at = now() where task_force_id = $1::text::uuid",
        "insert into cycles (task_force_id, number, opened_at)
         select id, current_cycle + 1, now() from task_forces where id = $1::text::uuid",
        "insert into steps (task_force_id, cycle, step, id, ordinal, state, created_at, updated_at)
         select s.task_force_id, t.current_cycle + 1, s.step, overlay(gen_random_uuid()::text placing 'ffffffff' from 1 for 8)::uuid, s.ordinal,
                case s.ordinal when 1 then 'open' else 'locked' end, now(), now()
         from steps s join task_forces t on t.id = s.task_force_id and t.current_cycle = s.cycle
         where s.task_force_id = $1::text::uuid",
        "update task_forces set current_cycle = current_cycle + 1 where id = $1::text::uuid",
        "update sectors set last_cycle = last_cycle + 1
         where task_force_id = $1::text::uuid and state in ('selected', 'studied')",
    ] {
        app.db().await.execute(change, &[a]).await.unwrap();
    }
}

/// Makes a step the open one, unless it is open already, as all are in `operation_cases`.
async fn in_step(app: &TestApp, step: &str) {
    let now = app.as_chair().read(app.a(&format!("/steps/{step}"))).await;
    if now["state"] != "open" {
        app.db_open(step).await;
    }
}

/// The body of a new pilot of the expert's, with these fields instead of the usual ones; in a selected sector, if
/// they don't name another.
pub(crate) async fn pilot(app: &TestApp, fields: Value) -> Value {
    let mut usual = json!({
        "title": { "en": "Permits within a day", "ar": "رخص خلال يوم" },
        "ownerId": app.world().member(Who::Expert1),
        "aims": ["madeForCitizens"],
        "hypothesis": "Half of the permits can be given within a day.",
        "startDate": "2027-03-01",
        "endDate": "2027-05-31",
    });
    if fields["sectorId"].is_null() {
        usual["sectorId"] = json!(db_sector(app, "selected").await);
    }
    with(usual, fields)
}

/// The body of a new indicator, with these fields instead of the usual ones.
pub(crate) fn indicator(fields: Value) -> Value {
    let usual = json!({
        "name": { "en": "Days until a permit is given", "ar": "أيام إصدار الرخصة" },
        "unit": "days",
        "direction": "down",
        "baseline": "40",
        "target": "12.50",
    });
    with(usual, fields)
}

/// The body of a new measurement on the day when tests begin, with these fields instead of the usual ones.
pub(crate) fn measurement(fields: Value) -> Value {
    with(json!({ "value": "12.50", "measuredOn": "2026-11-22", "source": "Permit register" }), fields)
}

/// The present day in the time zone of all task forces of tests, three hours ahead of Greenwich.
pub(crate) fn today(app: &TestApp) -> String {
    (app.clock.now() + TimeDelta::hours(3)).date_naive().to_string()
}

/// A pilot that is proposed.
pub(crate) async fn proposed_pilot(app: &TestApp, fields: Value) -> Resource {
    in_step(app, "pilots").await;
    app.as_expert().create(app.a("/pilots"), pilot(app, fields).await).await
}

/// A pilot that is planned, with one indicator.
pub(crate) async fn planned_pilot(app: &TestApp, fields: Value) -> Resource {
    let proposed = proposed_pilot(app, fields).await;
    app.as_expert().create(format!("{}/indicators", proposed.path), indicator(json!({}))).await;
    app.as_expert().transition(&proposed, "planned").await
}

/// A pilot that runs, with one indicator.
pub(crate) async fn running_pilot(app: &TestApp, fields: Value) -> Resource {
    let planned = planned_pilot(app, fields).await;
    in_step(app, "migration").await;
    app.as_expert().transition(&planned, "running").await
}

/// The first indicator of a pilot.
pub(crate) async fn indicator_of(app: &TestApp, pilot: &Resource) -> Resource {
    let indicators = app.as_expert().list(&format!("{}/indicators", pilot.path)).await;
    app.as_expert().read(format!("{}/indicators/{}", pilot.path, indicators[0]["id"].as_str().unwrap())).await
}

/// Measures the first indicator of a running pilot.
pub(crate) async fn measured(app: &TestApp, pilot: &Resource) -> Resource {
    let path = format!("{}/measurements", indicator_of(app, pilot).await.path);
    app.as_expert().create(path, measurement(json!({ "measuredOn": today(app) }))).await
}

/// The payload of an evaluation.
pub(crate) fn evaluation(outcome: &str) -> Value {
    let lessons = json!({ "en": "Clerks need training first.", "ar": "يحتاج الموظفون إلى التدريب أولًا." });
    json!({ "to": "evaluated", "outcome": outcome, "lessons": lessons })
}

/// A pilot that was measured and evaluated.
pub(crate) async fn evaluated_pilot(app: &TestApp, outcome: &str) -> Resource {
    let running = running_pilot(app, json!({})).await;
    measured(app, &running).await;
    app.as_expert().command(&running, "transitions", evaluation(outcome)).await.expect(200);
    app.as_expert().reload(&running).await
}

/// Fails unless the transition of a pilot is refused with these codes, both as the resource announces them and when
/// the transition is tried.
pub(crate) async fn expect_blocked(app: &TestApp, pilot: &Resource, to: &str, codes: &[&str]) -> Resource {
    let pilot = app.as_expert().reload(pilot).await;
    assert_eq!(pilot.blockers(to), codes, "{to}");
    app.as_expert().try_transition(&pilot, to).await.expect_problem(409, codes[0]);
    pilot
}
