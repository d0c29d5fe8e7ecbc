//! Pilots, their indicators and measurements.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::pilots::{
    indicator, indicator_of, measured, measurement, pilot, proposed_pilot, running_pilot,
};
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

async fn new(app: &TestApp) -> Resource {
    proposed_pilot(app, json!({})).await
}

async fn new_indicator(app: &TestApp) -> Resource {
    app.as_chair().create(indicators(app).await, indicator(json!({}))).await
}

async fn indicators(app: &TestApp) -> String {
    format!("{}/indicators", new(app).await.path)
}

async fn new_measurement(app: &TestApp) -> Resource {
    let running = running_pilot(app, json!({})).await;
    measured(app, &running).await
}

async fn measurements(app: &TestApp) -> String {
    let running = running_pilot(app, json!({})).await;
    format!("{}/measurements", indicator_of(app, &running).await.path)
}

cases! {
    listPilots |app| Draft::get(app.a("/pilots"));
    exportPilots |app| Draft::get(app.a("/pilots/export"));
    createPilot |app| Draft::post(app.a("/pilots"), &pilot(app, json!({})).await);
    getPilot |app| Draft::get(new(app).await.path);
    updatePilot |app| Draft::patch(&new(app).await, &json!({ "endDate": "2027-06-30" }));
    deletePilot |app| Draft::delete(&new(app).await);
    transitionPilot |app| Draft::command(
        &new(app).await, "transitions", &json!({ "to": "cancelled", "reason": { "en": "Too dear" } }),
    );
    listEvaluations |app| Draft::get(format!("{}/evaluations", new(app).await.path));
    listIndicators |app| Draft::get(indicators(app).await);
    exportIndicators |app| Draft::get(app.a("/indicators/export"));
    createIndicator |app| Draft::post(indicators(app).await, &indicator(json!({})));
    getIndicator |app| Draft::get(new_indicator(app).await.path);
    updateIndicator |app| Draft::patch(&new_indicator(app).await, &json!({ "target": "10" }));
    deleteIndicator |app| Draft::delete(&new_indicator(app).await);
    listMeasurements |app| Draft::get(measurements(app).await);
    createMeasurement |app| Draft::post(measurements(app).await, &measurement(json!({})));
    getMeasurement |app| Draft::get(new_measurement(app).await.path);
    updateMeasurement |app| Draft::patch(&new_measurement(app).await, &json!({ "value": 13 }));
    deleteMeasurement |app| Draft::delete(&new_measurement(app).await);
}
