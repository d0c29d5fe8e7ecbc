//! The council's decisions and its conditions.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::council::{answer, condition, db_submitted_report, decision};
use crate::support::{Resource, TestApp, Who};
use crate::contract::operation_cases::Case;

cases! {
    listDecisions |app| Draft::get(app.a("/decisions"));
    createDecision |app| to_record(app).await;
    getDecision |app| Draft::get(recorded(app).await.path);
    listAllDecisions |app| Draft::get("/v1/decisions");
    listAllReports |app| Draft::get("/v1/reports");
    listAllConditions |app| Draft::get("/v1/conditions");
    setAdjustmentNote |app| {
        recorded(app).await;
        answer(app, "report")
    };
    listConditions |app| Draft::get(app.a("/conditions"));
    getCondition |app| Draft::get(set(app).await.path);
    // Of its ways out, this is the secretariat's.
    transitionCondition |app|
        Draft::command(&set(app).await, "transitions", &json!({ "to": "waived", "reason": { "en": "Not needed" } }));
}

/// A decision to do the fifth step again: after it, all five are open as before.
async fn to_record(app: &TestApp) -> Draft {
    let report = db_submitted_report(app, &app.world().a, Who::Chair).await;
    let fields = json!({
        "reportNumber": report["number"],
        "returnToStep": "report",
        "conditions": [condition(app, Who::Chair, json!({}))],
    });
    Draft::post(app.a("/decisions"), &decision(app, "adjust", fields))
}

async fn recorded(app: &TestApp) -> Resource {
    app.as_secretariat().send(to_record(app).await).await.expect(201).resource()
}

async fn set(app: &TestApp) -> Resource {
    let condition = recorded(app).await["conditions"][0]["id"].as_str().unwrap().to_owned();
    app.as_secretariat().read(app.a(&format!("/conditions/{condition}"))).await
}
