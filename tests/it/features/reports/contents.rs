//! The contents of reports, and the snapshots of submissions.

use chrono::TimeDelta;
use serde_json::{Value, json};
use taskforce::db;
use taskforce::domain::step::StepName;

use super::{db_submit, new};
use crate::support::policies::{adopted_policy, policy};
use crate::support::{Resource, TestApp, Who};

const SECTOR: &str = "00000000-0000-7000-8000-000000000001";
const STUDY: &str = "00000000-0000-7000-8000-000000000002";
const REACHED: &str = "00000000-0000-7000-8000-000000000003";
const DROPPED: &str = "00000000-0000-7000-8000-000000000004";

async fn db_run(app: &TestApp, text: &str) {
    let text = text
        .replace(":a", &format!("'{}'", app.world().a))
        .replace(":chair", &format!("'{}'", app.world().member(Who::Chair)))
        .replace(":expert", &format!("'{}'", app.world().member(Who::Expert1)));
    app.db().await.batch_execute(&text).await.unwrap();
}

/// A studied sector, and one that was not selected; studies, done and not.
async fn db_sectors(app: &TestApp) {
    let text = format!(
        r#"insert into sectors (task_force_id, id, cycle, last_cycle, name, state, state_reason, state_since, created_at, updated_at)
        select :a, i::uuid, 1, 1, n::jsonb, s, r::jsonb, now(), now(), now() from (values
            ('{SECTOR}', '{{"en": "Health"}}', 'studied', null),
            ('00000000-0000-7000-8000-0000000000f1', '{{"en": "Tourism"}}', 'notSelected', '{{"en": "Few visitors"}}')) v (i, n, s, r);
        insert into assessments (task_force_id, id, sector_id, kind, level, assessed_on, created_at, updated_at)
        select :a, gen_random_uuid(), '{SECTOR}', k, l, d::date, now(), now() from (values
            ('current', 3, '2026-11-01'), ('current', 1, '2026-05-01'), ('current', 2, '2026-08-01'),
            ('target', 4, '2026-11-02'), ('target', 5, '2026-05-02')) v (k, l, d);
        insert into studies (task_force_id, id, sector_id, title, approach, recommendation, completed, created_at, updated_at)
        select :a, i::uuid, '{SECTOR}', '{{"en": "A study"}}', 'Interviews', r::jsonb, r is not null, now(), now() from (values
            ('{STUDY}', '{{"en": "One record per patient"}}'), ('00000000-0000-7000-8000-0000000000f2', null)) v (i, r);"#
    );
    db_run(app, &text).await;
}

/// A pilot that was evaluated, measured and half migrated; and one that was cancelled.
async fn db_pilots(app: &TestApp) {
    let text = format!(
        r#"insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims, start_date, end_date, outcome, lessons, state, state_reason, state_since, created_at, updated_at)
        select :a, i::uuid, 1, 1, '{{"en": "A pilot"}}', '{SECTOR}', :expert, a, '2026-06-01', '2026-10-01', o, l::jsonb, s, r::jsonb, now(), now(), now() from (values
            ('{REACHED}', array['madeForCitizens'], 'scale', '{{"en": "Ask the nurses first"}}', 'evaluated', null),
            ('{DROPPED}', array['sustainable'], null, null, 'cancelled', '{{"en": "No power"}}')) v (i, a, o, l, s, r);
        insert into indicators (task_force_id, id, pilot_id, name, unit, direction, baseline, target, created_at, updated_at)
        select :a, i::uuid, '{REACHED}', n::jsonb, 'minutes', d, b::numeric, t::numeric, now(), now() from (values
            ('00000000-0000-7000-8000-0000000000a1', '{{"en": "Waiting"}}', 'down', '45.50', '20'),
            ('00000000-0000-7000-8000-0000000000a2', '{{"en": "Booked online"}}', 'up', '0', '80'),
            ('00000000-0000-7000-8000-0000000000a3', '{{"en": "Forgotten"}}', 'up', null, null)) v (i, n, d, b, t);
        insert into measurements (task_force_id, id, pilot_id, indicator_id, cycle, value, measured_on, created_at, updated_at)
        select :a, gen_random_uuid(), '{REACHED}', ('00000000-0000-7000-8000-0000000000' || i)::uuid, 1, v, d::date, now(), now() from (values
            ('a1', 19.75, '2026-09-30'), ('a1', 44, '2026-07-01'), ('a2', 79.9, '2026-09-30')) v (i, v, d);
        insert into migrations (task_force_id, id, cycle, last_cycle, pilot_id, title, target_system, planned_on, reconciliation_source, reconciliation_loaded, reconciliation_rejected, state, state_since, created_at, updated_at)
        values (:a, '{REACHED}', 1, 1, '{REACHED}', '{{"en": "A migration"}}', 'Portal', '2026-12-01', 10, 9, 1, 'parallelRun', now(), now(), now());
        insert into checklist_items (task_force_id, id, migration_id, title, done, created_at, updated_at)
        select :a, gen_random_uuid(), '{REACHED}', '{{"en": "An item"}}', d, now(), now() from (values (true), (false), (true)) v (d);
        insert into evidence (task_force_id, id, study_id, pilot_id, title, url, sha256, media_type, size, user_id, created_at, updated_at)
        select :a, e::uuid, s::uuid, p::uuid, '{{"en": "Proof"}}', u, h, m, z, (select user_id from members where id = :chair), now(), now() from (values
            ('00000000-0000-7000-8000-0000000000e1', '{STUDY}', null, 'https://city.example', null, null, null),
            ('00000000-0000-7000-8000-0000000000e2', null, '{REACHED}', null, sha256('x'), 'text/csv', 1)) v (e, s, p, u, h, m, z);"#
    );
    db_run(app, &text).await;
}

/// A step that was returned once, with a recusal, and passed with a waiver.
async fn db_votes(app: &TestApp) {
    let text = r#"insert into submissions (task_force_id, id, cycle, step, state, member_id, created_at, decided_at, updated_at, snapshot, hash)
        values (:a, '00000000-0000-7000-8000-0000000000b1', 1, 'policy', 'returned', :chair, now(), now(), now(), '{}', sha256('{}'));
        insert into ballots (task_force_id, submission_id, member_id, choice, comment, reason, voted_at)
        values (:a, '00000000-0000-7000-8000-0000000000b1', :chair, 'return', 'Too short', null, now()),
               (:a, '00000000-0000-7000-8000-0000000000b1', :expert, 'recuse', null, '{"en": "My brother wrote it"}', now());
        insert into waivers (task_force_id, id, cycle, step, criterion, reason, member_id, created_at)
        values (:a, gen_random_uuid(), 1, 'policy', 'activitiesSettled', '{"en": "It can wait"}', :chair, now());"#;
    db_run(app, text).await;
}

/// The council continued against the advice of report 1, under a condition.
async fn db_decision(app: &TestApp, report: &Resource) {
    let text = r#"insert into decisions (task_force_id, id, number, report_id, cycle, outcome, meeting_reference, decided_on, reason, user_id, seq, created_at)
        values (:a, '00000000-0000-7000-8000-0000000000d1', 1, ':report', 1, 'continue', 'Council 7', '2026-11-20', '{"en": "Go on"}', (select user_id from members where id = :chair), 1, now());
        insert into conditions (task_force_id, id, decision_id, text, owner_member_id, due_date, state_since, created_at, updated_at)
        values (:a, '00000000-0000-7000-8000-0000000000d2', '00000000-0000-7000-8000-0000000000d1', '{"en": "Train the staff"}', :expert, '2027-01-31', now(), now(), now());"#;
    db_run(app, &text.replace(":report", report.id())).await;
}

#[tokio::test]
async fn a_report_lists_the_policies_in_force_and_the_maturity_of_sectors() {
    let app = TestApp::start().await;
    let in_force = adopted_policy(&app, json!({ "reference": "Decree 14" })).await;
    app.as_expert().create(app.a("/policies"), policy(json!({}))).await;
    db_sectors(&app).await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    let model = &built["model"];

    let policies = model["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "only what is adopted is in force");
    assert_eq!((&policies[0]["id"], &policies[0]["reference"]), (&json!(in_force.id()), &json!("Decree 14")));

    let [health, tourism] = &model["sectors"].as_array().unwrap()[..] else { panic!("{model:#}") };
    let maturity = |level: i32, day: &str| json!({ "level": level, "assessedOn": day });
    assert_eq!(
        (&health["first"], &health["now"], &health["target"]),
        (&maturity(1, "2026-05-01"), &maturity(3, "2026-11-01"), &maturity(4, "2026-11-02"))
    );
    let study = json!({ "id": STUDY, "title": { "en": "A study" }, "recommendation": { "en": "One record per patient" } });
    assert_eq!(health["studies"], json!([study]));
    assert_eq!(
        (&tourism["state"], &tourism["stateReason"]["en"], &tourism["now"]),
        (&json!("notSelected"), &json!("Few visitors"), &Value::Null)
    );
}

#[tokio::test]
async fn a_report_lists_the_results_lessons_and_aims_of_pilots() {
    let app = TestApp::start().await;
    let in_force = adopted_policy(&app, json!({ "aims": ["sustainable", "madeForCitizens"] })).await;
    db_sectors(&app).await;
    db_pilots(&app).await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    let model = &built["model"];

    let [reached, dropped] = &model["pilots"].as_array().unwrap()[..] else { panic!("{model:#}") };
    let scorecard: Vec<_> = reached["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["baseline", "target", "actual", "measuredOn", "verdict"].map(|field| one[field].clone()))
        .collect();
    let line = |baseline: Value, target: Value, actual: Value, on: Value, verdict: &str| {
        [baseline, target, actual, on, json!(verdict)]
    };
    let null = || Value::Null;
    assert_eq!(
        scorecard,
        [
            line(json!("45.50"), json!("20"), json!("19.75"), json!("2026-09-30"), "reached"),
            line(json!("0"), json!("80"), json!("79.9"), json!("2026-09-30"), "notReached"),
            line(null(), null(), null(), null(), "notMeasured"),
        ]
    );
    assert_eq!(
        (&reached["sectorName"]["en"], &reached["owner"]["name"]["en"]),
        (&json!("Health"), &json!("Expert1"))
    );
    assert_eq!((&dropped["state"], &dropped["indicators"]), (&json!("cancelled"), &json!([])));
    assert_eq!(
        model["lessons"],
        json!([{ "pilotId": REACHED, "title": { "en": "A pilot" }, "outcome": "scale", "lessons": { "en": "Ask the nurses first" } }])
    );

    let (by, title) = (in_force.id(), &in_force["title"]);
    assert_eq!(
        model["aims"],
        json!([
            { "aim": "sustainable", "policyIds": [by], "policyTitles": [title], "pilotIds": [], "pilotTitles": [], "served": false },
            { "aim": "inclusiveTransparent", "policyIds": [], "policyTitles": [], "pilotIds": [], "pilotTitles": [], "served": false },
            { "aim": "generatesWealth", "policyIds": [], "policyTitles": [], "pilotIds": [], "pilotTitles": [], "served": false },
            { "aim": "madeForCitizens", "policyIds": [by], "policyTitles": [title], "pilotIds": [REACHED], "pilotTitles": [{ "en": "A pilot" }], "served": true },
        ])
    );
    let migration = &model["migrations"][0];
    assert_eq!((&migration["checklistDone"], &migration["checklistTotal"]), (&json!(2), &json!(3)));
    assert_eq!(
        migration["reconciliation"],
        json!({ "source": 10, "loaded": 9, "rejected": 1, "difference": 0, "reason": null })
    );
    let proofs: Vec<_> = model["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["kind", "id", "title"].map(|field| one["subject"][field].clone()))
        .collect();
    assert_eq!(
        proofs,
        [
            [json!("study"), json!(STUDY), json!({ "en": "A study" })],
            [json!("pilot"), json!(REACHED), json!({ "en": "A pilot" })],
        ]
    );
    assert_eq!(
        model["evidence"][1]["sha256"],
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    );
}

#[tokio::test]
async fn a_report_shows_progress_and_risks() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    let (activities, risks) = (&built["model"]["activities"], &built["model"]["risks"]);
    let counts = ["done", "open", "overdue", "doneSince"].map(|field| activities[field].as_i64().unwrap());
    assert_eq!(counts, [1, 6, 1, 1]);
    assert_eq!(activities["doneItems"][0]["id"], app.world().activity("done"));
    assert_eq!(activities["overdueItems"][0]["id"], app.world().activity("overdue"));
    let listed: Vec<_> = risks["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|risk| ["id", "why", "dueDate"].map(|field| risk[field].clone()))
        .collect();
    assert_eq!(
        listed,
        [
            [json!(app.world().activity("overdue")), json!("overdue"), json!("2026-11-20")],
            [json!(app.world().activity("blocked")), json!("blocked"), Value::Null],
        ]
    );
    assert_eq!(
        (&risks["total"], &risks["items"][1]["reason"]["en"]),
        (&json!(2), &json!("The ministry is closed"))
    );
    assert!(risks["items"][1]["since"].is_string());
    assert_eq!(
        (&built["model"]["health"]["health"], &built["model"]["health"]["note"]["en"]),
        (&json!("onTrack"), &json!("A good beginning"))
    );
    let members = built["model"]["members"].as_array().unwrap();
    let left: Vec<_> = members
        .iter()
        .filter(|member| !member["toDate"].is_null())
        .map(|member| &member["endReason"]["en"])
        .collect();
    assert_eq!((members.len(), left), (7, vec![&json!("Moved away")]));
}

#[tokio::test]
async fn a_report_shows_the_votes_and_the_earlier_decisions() {
    let app = TestApp::start().await;
    db_votes(&app).await;
    app.db_open("report").await;
    let first = new(&app, json!({ "recommendation": "stop" })).await;
    db_submit(&app, &first).await;
    db_decision(&app, &first).await;
    let built = new(&app, json!({})).await;
    let model = &built["model"];

    let states: Vec<_> =
        model["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["passed", "passed", "passed", "passed", "open"]);
    let submission = &model["steps"][0]["submissions"][0];
    let tally = ["entitled", "denominator", "return", "recuse", "pending"]
        .map(|field| submission["tally"][field].as_i64().unwrap());
    assert_eq!(tally, [2, 1, 1, 1, 0]);
    assert_eq!(
        (&submission["state"], submission["votes"].as_array().unwrap().len()),
        (&json!("returned"), 2)
    );
    let recusal = json!({
        "submissionId": submission["id"], "step": "policy", "memberId": app.world().member(Who::Expert1),
        "name": { "en": "Expert1", "ar": "شخص Expert1" }, "reason": { "en": "My brother wrote it" },
    });
    assert_eq!(model["recusals"], json!([recusal]));
    let waiver = &model["steps"][0]["waivers"][0];
    assert_eq!(
        (&waiver["criterion"], &waiver["reason"]["en"], &waiver["name"]["en"]),
        (&json!("activitiesSettled"), &json!("It can wait"), &json!("Chair"))
    );

    assert_eq!(first["model"]["decisions"], json!([]));
    let decision = &model["decisions"][0];
    assert_eq!(
        ["number", "reportNumber", "outcome", "departs", "supersedes"].map(|field| decision[field].clone()),
        [json!(1), json!(1), json!("continue"), json!(true), Value::Null]
    );
    assert_eq!(
        (&decision["reason"], &decision["recommendation"], &decision["recommendedStep"]),
        (&json!({ "en": "Go on" }), &json!("stop"), &Value::Null)
    );
    let condition = &decision["conditions"][0];
    assert_eq!(
        (&condition["state"], &condition["dueDate"], &condition["owner"]["name"]["en"]),
        (&json!("open"), &json!("2027-01-31"), &json!("Expert1"))
    );
    assert!(condition["stateSince"].is_string(), "{condition}");
}

#[tokio::test]
async fn a_report_tells_what_changed_since_the_last_one_before_the_council() {
    let app = TestApp::start().await;
    app.db_open_every_step().await;
    let first = new(&app, json!({})).await;
    assert_eq!(first["model"]["changes"], Value::Null, "no report was before the council");
    assert_eq!(first["model"]["control"]["timeZone"], "Asia/Amman");
    db_submit(&app, &first).await;
    let drafted = new(&app, json!({})).await;
    assert_eq!(
        drafted["model"]["changes"],
        json!({ "sinceReport": 1, "since": first["createdAt"], "items": [] })
    );

    let adopted = adopted_policy(&app, json!({})).await;
    db_sectors(&app).await;
    db_decision(&app, &first).await;
    let built = new(&app, json!({})).await;
    let changes = &built["model"]["changes"];
    assert_eq!(changes["sinceReport"], 1, "report 2 was never before the council");
    let items: Vec<_> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["kind", "aspect", "before", "after"].map(|field| one[field].clone()))
        .collect();
    let added = |kind: &str, state: &str| [json!(kind), json!("added"), Value::Null, json!(state)];
    assert_eq!(
        items,
        [
            added("policy", "adopted"),
            added("sector", "studied"),
            added("sector", "notSelected"),
            added("decision", "continue"),
            added("condition", "open"),
        ]
    );
    let policy = &changes["items"][0];
    assert_eq!((&policy["id"], &policy["title"]), (&json!(adopted.id()), &adopted["title"]));
}

/// The council let the task force go on, two days later: a second cycle, with its last step open.
async fn db_second_cycle(app: &TestApp) {
    app.advance(TimeDelta::days(2));
    let text = "insert into cycles (task_force_id, number, opened_at) values (:a, 2, '2026-11-24T08:00:00Z');
        insert into steps (task_force_id, cycle, step, id, ordinal, state, passed_at, created_at, updated_at)
        select task_force_id, 2, step, overlay(gen_random_uuid()::text placing 'ffffffff' from 1 for 8)::uuid, ordinal, state, passed_at, now(), now() from steps where task_force_id = :a;
        update task_forces set current_cycle = 2 where id = :a;";
    db_run(app, text).await;
}

#[tokio::test]
async fn a_report_covers_its_own_cycle_and_what_was_carried_over() {
    let app = TestApp::start().await;
    adopted_policy(&app, json!({})).await;
    let carried = adopted_policy(&app, json!({ "title": { "en": "Cloud first" } })).await;
    db_sectors(&app).await;
    db_pilots(&app).await;
    app.db_open("report").await;
    new(&app, json!({})).await;
    db_second_cycle(&app).await;
    db_run(&app, &format!("update policies set last_cycle = 2 where id = '{}'", carried.id())).await;
    let built = new(&app, json!({})).await;
    let model = &built["model"];

    let control = &model["control"];
    assert_eq!(
        ["number", "cycle", "supersedes"].map(|field| control[field].clone()),
        [json!(2), json!(2), Value::Null]
    );
    assert_eq!(control["period"]["from"], "2026-11-24T08:00:00Z");
    assert_eq!(model["policies"].as_array().unwrap().len(), 1);
    assert_eq!(model["policies"][0]["id"], carried.id());
    for none in ["sectors", "pilots", "migrations", "lessons", "evidence"] {
        assert_eq!(model[none], json!([]), "{none}");
    }
    assert_eq!((&model["activities"]["open"], &model["risks"]["total"]), (&json!(0), &json!(0)));
    assert_eq!(
        model["members"].as_array().unwrap().len(),
        6,
        "a member who left before the cycle began is not listed"
    );
}

#[tokio::test]
async fn a_migration_whose_counts_differ_is_a_risk_until_it_is_rolled_back() {
    let app = TestApp::start().await;
    db_sectors(&app).await;
    db_pilots(&app).await;
    app.db_open("report").await;
    let risks = async || new(&app, json!({})).await["model"]["risks"].clone();
    assert_eq!(risks().await["total"], 2, "an activity that is late, and one that is blocked");
    let lost = r#"update migrations set reconciliation_loaded = 6, reconciliation_reason = '{"en": "Cards were lost"}'"#;
    db_run(&app, lost).await;
    let differing = risks().await;
    assert_eq!((&differing["total"], differing["items"].as_array().unwrap().len()), (&json!(3), 3));
    assert_eq!(
        differing["items"][0],
        json!({
            "kind": "migration", "id": REACHED, "number": null, "title": { "en": "A migration" },
            "why": "reconciliationDifference", "reason": { "en": "Cards were lost" }, "since": null, "dueDate": null,
            "assignee": null,
        })
    );
    assert_eq!(
        (&differing["items"][1]["kind"], &differing["items"][1]["number"]),
        (&json!("activity"), &json!(8))
    );
    db_run(&app, r#"update migrations set state = 'rolledBack', state_reason = '{"en": "Cards were lost"}'"#)
        .await;
    assert_eq!(risks().await["total"], 2);
}

#[tokio::test]
async fn a_report_lists_two_hundred_activities_of_a_kind_and_counts_all() {
    let app = TestApp::start().await;
    let text = r#"insert into activities (task_force_id, id, number, cycle, step, title, due_date, priority, review_required, state, state_since, created_at, updated_at)
        select :a, gen_random_uuid(), 1000 + n, 1, 'policy', '{"en": "One of many"}', '2026-11-01', 'normal', false, s, '2026-11-22T09:00:00Z', now(), now()
        from generate_series(1, 420) n, lateral (select case when n % 2 = 0 then 'planned' else 'done' end as s) v"#;
    db_run(&app, text).await;
    app.db_open("report").await;
    let built = new(&app, json!({})).await;
    let (activities, risks) = (&built["model"]["activities"], &built["model"]["risks"]);
    let counts = ["done", "open", "overdue", "doneSince"].map(|field| activities[field].as_i64().unwrap());
    assert_eq!(counts, [211, 216, 211, 211]);
    for listed in [&activities["doneItems"], &activities["overdueItems"], &risks["items"]] {
        assert_eq!(listed.as_array().unwrap().len(), 200);
    }
    assert_eq!(risks["total"], 212);
}

/// The snapshot that the members vote on when a step is submitted.
async fn snapshot(app: &TestApp, step: StepName) -> Value {
    let conn = app.app.pool.get().await.unwrap();
    db::report_data::of_step(&conn, app.world().a.parse().unwrap(), 1, step).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_submission_can_freeze_the_products_of_each_step_with_all_their_children() {
    let app = TestApp::start().await;
    let in_force = adopted_policy(&app, json!({})).await;
    db_sectors(&app).await;
    db_pilots(&app).await;
    app.db_open("report").await;

    let policies = snapshot(&app, StepName::Policy).await;
    assert_eq!((&policies["step"], &policies["cycle"]), (&json!("policy"), &json!(1)));
    assert_eq!(
        (&policies["policies"][0]["id"], &policies["policies"][0]["aims"]),
        (&json!(in_force.id()), &json!(["inclusiveTransparent"]))
    );
    assert_eq!(
        policies["activities"][0],
        json!({ "number": 1, "title": { "ar": "جمع السياسات النافذة", "en": "Collect the policies in force" }, "state": "planned" })
    );
    assert_eq!(policies, snapshot(&app, StepName::Policy).await);

    let sectors = snapshot(&app, StepName::Sectors).await;
    let health = &sectors["sectors"][0];
    assert_eq!(
        (health["assessments"].as_array().unwrap().len(), health["studies"].as_array().unwrap().len()),
        (5, 2)
    );
    assert_eq!(sectors["evidence"][0]["subject"], json!({ "kind": "study", "id": STUDY }));

    let pilots = snapshot(&app, StepName::Pilots).await;
    let pilot = &pilots["pilots"][0];
    assert_eq!(
        (&pilot["indicators"][0]["baseline"], &pilot["measurements"]),
        (&json!("45.50"), &Value::Null)
    );

    let migration = snapshot(&app, StepName::Migration).await;
    assert_eq!(migration["pilots"][0]["measurements"].as_array().unwrap().len(), 3);
    assert_eq!(migration["migrations"][0]["checklistItems"].as_array().unwrap().len(), 3);
    assert_eq!(migration["migrations"][0]["plannedOn"], "2026-12-01");

    assert_eq!(snapshot(&app, StepName::Report).await["report"], Value::Null);
    new(&app, json!({})).await;
    let last = new(&app, json!({})).await;
    let draft = &snapshot(&app, StepName::Report).await["report"];
    assert_eq!(
        (&draft["number"], &draft["hash"], &draft["recommendation"]),
        (&json!(2), &last["hash"], &json!("continue"))
    );
}
