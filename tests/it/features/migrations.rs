//! Step 4: the moves of pilots into the city's local digital government.

use serde_json::{Value, json};

use crate::support::migrations::{
    db_pilot, db_pilot_of, migration, new_item, new_migration, open_migration_step,
};
use crate::support::{Resource, TestApp, UNKNOWN_ID};

/// A migration with a checklist that is done and its counts, in state `parallelRun`.
async fn ready(app: &TestApp) -> (Resource, Resource) {
    let expert = app.as_expert();
    let counts = json!({ "source": 10, "loaded": 9, "rejected": 1 });
    let migration = new_migration(app, json!({ "reconciliation": counts })).await;
    let item = new_item(app, &migration, true).await;
    let migration = expert.transition(&migration, "inProgress").await;
    (expert.transition(&migration, "parallelRun").await, item)
}

#[tokio::test]
async fn a_migration_goes_live_and_is_handed_over_once_its_conditions_are_met() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let migration = new_migration(&app, json!({})).await;
    assert_eq!(
        (&migration["state"], &migration["cycle"], &migration["lastCycle"], &migration["reconciliation"]),
        (&json!("planned"), &json!(1), &json!(1), &Value::Null)
    );
    let refused = expert.try_transition(&migration, "live").await.expect_problem(409, "transitionNotAllowed");
    assert_eq!(refused["availableTransitions"][0]["to"], "inProgress");
    let migration = expert.transition(&migration, "inProgress").await;
    let migration = expert.transition(&migration, "parallelRun").await;

    // An empty checklist is not a done one.
    assert_eq!(migration.blockers("live"), ["checklistUnfinished", "reconciliationMissing"]);
    expert.try_transition(&migration, "live").await.expect_problem(409, "checklistUnfinished");
    let item = new_item(&app, &migration, false).await;
    assert_eq!(
        expert.reload(&migration).await.blockers("live"),
        ["checklistUnfinished", "reconciliationMissing"]
    );
    expert.patch(&item, json!({ "done": true })).await.expect(200);
    let migration = expert.reload(&migration).await;
    assert_eq!(migration.blockers("live"), ["reconciliationMissing"]);
    expert.try_transition(&migration, "live").await.expect_problem(409, "reconciliationMissing");
    let counts = json!({ "reconciliation": { "source": 100, "loaded": 90, "rejected": 7 } });
    let migration = expert.patch(&migration, counts).await.expect(200).resource();
    assert_eq!(
        migration["reconciliation"],
        json!({ "source": 100, "loaded": 90, "rejected": 7, "difference": 3, "reason": null })
    );
    assert!(migration.blockers("live").is_empty());
    let migration = expert.transition_because(&migration, "live", "Three cards were lost in 2019").await;

    assert_eq!(migration.blockers("handedOver"), ["handoverIncomplete"]);
    let migration = expert.patch(&migration, json!({ "receivingUnit": "IT" })).await.expect(200).resource();
    expert.try_transition(&migration, "handedOver").await.expect_problem(409, "handoverIncomplete");
    let migration =
        expert.patch(&migration, json!({ "serviceOwner": "Licensing" })).await.expect(200).resource();
    let migration = expert.transition(&migration, "handedOver").await;

    // While the step is open, a hand-over can be taken back with a reason.
    let unexplained = expert.command(&migration, "transitions", json!({ "to": "live" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    app.db_open("report").await;
    assert_eq!(expert.reload(&migration).await.blockers("live"), ["stepPassed"]);
    app.db_open("migration").await;
    let live = expert.transition_because(&migration, "live", "The unit was merged").await;
    assert_eq!(live["stateReason"]["en"], "The unit was merged");
    assert_eq!(live["reconciliation"]["reason"]["en"], "Three cards were lost in 2019");
    let other = json!({ "receivingUnit": "Digital services" });
    let live = expert.patch(&live, other).await.expect(200).resource();
    expert.transition(&live, "handedOver").await;
}

#[tokio::test]
async fn counts_that_differ_need_a_reason_to_go_live_and_as_long_as_it_lasts() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let (running, _) = ready(&app).await;
    let needs_reason = |migration: &Resource| {
        let transitions = migration["availableTransitions"].as_array().unwrap();
        let live = transitions.iter().find(|transition| transition["to"] == "live").unwrap();
        live["reasonRequired"] == true
    };
    assert!(!needs_reason(&running));
    let lost = json!({ "reconciliation": { "loaded": 7 } });
    let running = expert.patch(&running, lost).await.expect(200).resource();
    assert_eq!(running["reconciliation"]["difference"], 2);
    assert!(needs_reason(&running));
    let unexplained = expert.command(&running, "transitions", json!({ "to": "live" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    // A reason that stands beside the counts is enough.
    let said = json!({ "reconciliation": { "reason": { "en": "Two were given twice" } } });
    let running = expert.patch(&running, said).await.expect(200).resource();
    assert!(!needs_reason(&running));
    let more = json!({ "reconciliation": { "loaded": 6 } });
    expert.patch(&running, more).await.expect_problem(409, "differenceUnexplained");
    let live = expert.transition(&running, "live").await;
    assert_eq!(live["reconciliation"]["reason"]["en"], "Two were given twice");

    // A migration that was begun stays in the record, and its pilot stays the same.
    expert.delete(&live).await.expect_problem(409, "migrationBegun");
    // The reason of one difference is not the reason of another.
    let more = json!({ "reconciliation": { "loaded": 6 } });
    expert.patch(&live, more).await.expect_problem(409, "differenceUnexplained");
    let unsaid = expert.patch(&live, json!({ "reconciliation": { "reason": null } })).await;
    unsaid.expect_problem(409, "differenceUnexplained");
    let none = json!({ "reconciliation": { "source": 8, "reason": null } });
    let live = expert.patch(&live, none).await.expect(200).resource();
    let lost = expert.patch(&live, json!({ "reconciliation": { "source": 9 } })).await;
    lost.expect_problem(409, "differenceUnexplained");
    let lost = json!({ "reconciliation": { "source": 9, "reason": { "ar": "بطاقة تالفة" } } });
    let live = expert.patch(&live, lost).await.expect(200).resource();
    assert_eq!(live["reconciliation"]["difference"], 1);
    let gone = json!({ "reconciliation": null });
    expert.patch(&live, gone.clone()).await.expect_problem(409, "reconciliationMissing");
    let back = expert.transition_because(&live, "rolledBack", "Payments failed").await;
    let back = expert.patch(&back, gone).await.expect(200).resource();
    assert_eq!(back["reconciliation"], Value::Null);
}

#[tokio::test]
async fn a_migration_is_rolled_back_with_a_reason_and_planned_again() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let (running, _) = ready(&app).await;
    let live = expert.transition(&running, "live").await;
    let unexplained = expert.command(&live, "transitions", json!({ "to": "rolledBack" })).await;
    unexplained.expect_field_errors(&["/reason required"]);
    let back = expert.transition_because(&live, "rolledBack", "Payments failed").await;
    assert_eq!(back["stateReason"]["en"], "Payments failed");
    let planned = expert.transition(&back, "planned").await;
    assert_eq!(planned["stateReason"], Value::Null);
    expert.try_transition(&planned, "rolledBack").await.expect_problem(409, "transitionNotAllowed");
    let begun = expert.transition(&planned, "inProgress").await;
    expert.transition_because(&begun, "rolledBack", "Too early").await;
}

#[tokio::test]
async fn a_live_or_handed_over_migration_keeps_its_preconditions() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let (running, item) = ready(&app).await;
    let live = expert.transition(&running, "live").await;
    let items = format!("{}/checklist-items", live.path);
    expert.patch(&item, json!({ "done": false })).await.expect_problem(409, "checklistUnfinished");
    expert.delete(&item).await.expect_problem(409, "checklistUnfinished");
    let undone = json!({ "title": { "en": "One more thing" } });
    expert.post(items, undone).await.expect_problem(409, "checklistUnfinished");
    let kept = expert.list(&format!("{}/checklist-items", live.path)).await;
    assert_eq!(kept, [item.listed()]);
    // One more that is done does no harm, nor does one less of several.
    let second = new_item(&app, &live, true).await;
    expert.delete(&second).await.expect(204);
    let cleared = expert.patch(&live, json!({ "reconciliation": null })).await;
    cleared.expect_problem(409, "reconciliationMissing");
    let named = json!({ "receivingUnit": "IT", "serviceOwner": "Licensing" });
    let live = expert.patch(&live, named).await.expect(200).resource();
    let over = expert.transition(&live, "handedOver").await;
    let unnamed = expert.patch(&over, json!({ "serviceOwner": null })).await;
    unnamed.expect_problem(409, "handoverIncomplete");
    assert_eq!(expert.reload(&over).await.body, over.body);
}

#[tokio::test]
async fn only_a_pilot_that_shall_scale_is_migrated() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let create = async |pilot: &str| expert.post(app.a("/migrations"), migration(pilot, json!({}))).await;
    let (planned, stopped) = (db_pilot(&app, None).await, db_pilot(&app, Some("stop")).await);
    let of_others = db_pilot_of(&app, &app.world().b, Some("scale")).await;
    for pilot in [&planned, &stopped] {
        create(pilot).await.expect_problem(409, "pilotNotScaled");
    }
    for pilot in [UNKNOWN_ID, &of_others] {
        let refused = create(pilot).await.expect_problem(400, "unknownReference");
        assert_eq!(refused["errors"][0]["pointer"], "/pilotId");
    }
    let first = new_migration(&app, json!({})).await;
    expert.patch(&first, json!({ "pilotId": stopped })).await.expect_problem(409, "pilotNotScaled");
    expert.patch(&first, json!({ "pilotId": of_others })).await.expect_problem(400, "unknownReference");
    let other = db_pilot(&app, Some("scale")).await;
    let first = expert.patch(&first, json!({ "pilotId": other })).await.expect(200).resource();
    assert_eq!(first["pilot"]["id"], json!(other));
    // A migration that was begun keeps its pilot.
    let first = expert.transition(&first, "inProgress").await;
    let another = db_pilot(&app, Some("scale")).await;
    expert.patch(&first, json!({ "pilotId": another })).await.expect_problem(409, "migrationBegun");
}

#[tokio::test]
async fn counts_come_together_and_are_patched_one_by_one() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let migration = new_migration(&app, json!({ "rollbackPlan": "Switch back" })).await;
    let partly = expert.patch(&migration, json!({ "reconciliation": { "source": 5 } })).await;
    partly.expect_field_errors(&["/reconciliation/loaded required", "/reconciliation/rejected required"]);
    let odd = json!({ "reconciliation": { "source": -1, "loaded": 9_007_199_254_740_992_i64, "rejected": 1.5, "lost": 0 } });
    expert.patch(&migration, odd).await.expect_field_errors(&[
        "/reconciliation/loaded tooLarge",
        "/reconciliation/lost unknown",
        "/reconciliation/rejected wrongType",
        "/reconciliation/source tooSmall",
    ]);
    let all = json!({ "reconciliation": { "source": 5, "loaded": 4, "rejected": 0 } });
    let migration = expert.patch(&migration, all).await.expect(200).resource();
    let one = json!({ "reconciliation": { "loaded": 9_007_199_254_740_991_i64 }, "rollbackPlan": null });
    let migration = expert.patch(&migration, one).await.expect(200).resource();
    assert_eq!(migration["reconciliation"]["source"], 5);
    assert_eq!(migration["reconciliation"]["difference"], json!(5 - 9_007_199_254_740_991_i64));
    assert_eq!((&migration["rollbackPlan"], &migration["version"]), (&Value::Null, &json!(3)));
    let cleared = expert.patch(&migration, json!({ "reconciliation": null })).await.expect(200).resource();
    assert_eq!(cleared["reconciliation"], Value::Null);
    let unchanged = expert.patch(&cleared, json!({ "reconciliation": null })).await.expect(200).json();
    assert_eq!(unchanged["version"], 4);
}

#[tokio::test]
async fn migrations_and_their_checklists_are_written_only_while_their_step_is_open() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let old = new_migration(&app, json!({})).await;
    let item = new_item(&app, &old, false).await;
    for (open, code) in [("report", "stepPassed"), ("pilots", "stepLocked")] {
        app.db_open(open).await;
        let new = migration(old["pilot"]["id"].as_str().unwrap(), json!({}));
        expert.post(app.a("/migrations"), new).await.expect_problem(409, code);
        expert.patch(&old, json!({ "targetSystem": "Cloud" })).await.expect_problem(409, code);
        expert.delete(&old).await.expect_problem(409, code);
        assert_eq!(expert.reload(&old).await.blockers("inProgress"), [code]);
        expert.try_transition(&old, "inProgress").await.expect_problem(409, code);
        let new = json!({ "title": { "en": "Back up" } });
        expert.post(format!("{}/checklist-items", old.path), new).await.expect_problem(409, code);
        expert.patch(&item, json!({ "done": true })).await.expect_problem(409, code);
        expert.delete(&item).await.expect_problem(409, code);
    }
    let unchanged = expert.patch(&old, json!({})).await.expect(200).json();
    assert_eq!(unchanged["version"], 1);
}

#[tokio::test]
async fn migrations_are_found_by_cycle_state_text_and_pilot() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let one = new_migration(&app, json!({})).await;
    let one = expert.transition(&one, "inProgress").await;
    let other =
        new_migration(&app, json!({ "title": { "ar": "نقل الأرشيف" }, "targetSystem": "Archive-7" })).await;
    let listed = async |query: &str| -> Vec<String> {
        let items = expert.list(&app.a(&format!("/migrations{query}"))).await;
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("").await, [one.id(), other.id()]);
    assert_eq!(listed("?cycle=1&state=planned,live").await, [other.id()]);
    assert_eq!(listed("?q=archive-7").await, [other.id()]);
    assert_eq!(listed("?q=%D8%A7%D9%84%D8%A7%D8%B1%D8%B4%D9%8A%D9%81").await, [other.id()], "alef");
    assert_eq!(listed(&format!("?pilotId={}", one["pilot"]["id"].as_str().unwrap())).await, [one.id()]);
    assert!(listed(&format!("?pilotId={UNKNOWN_ID}")).await.is_empty());
    assert!(listed("?cycle=2").await.is_empty());
}
