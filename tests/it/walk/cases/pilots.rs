//! Pilots, their indicators and measurements.

use serde_json::json;

use super::{READ, WORK};
use crate::support::client::Draft;
use crate::support::pilots::{
    indicator, indicator_of, measured, measurement, pilot, proposed_pilot, running_pilot,
};
use crate::support::{Resource, TestApp, Who};
use crate::walk::Case;

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
    listPilots READ CouncilMember |app| Draft::get(app.a("/pilots"));
    createPilot WORK Expert1 |app| Draft::post(app.a("/pilots"), &pilot(app, json!({})).await);
    getPilot READ CouncilMember |app| Draft::get(new(app).await.path);
    updatePilot WORK Expert1 |app| Draft::patch(&new(app).await, &json!({ "endDate": "2027-06-30" }));
    deletePilot WORK Expert1 |app| Draft::delete(&new(app).await);
    transitionPilot WORK Expert1 |app| Draft::command(
        &new(app).await, "transitions", &json!({ "to": "cancelled", "reason": { "en": "Too dear" } }),
    );
    listIndicators READ CouncilMember |app| Draft::get(indicators(app).await);
    createIndicator WORK Expert1 |app| Draft::post(indicators(app).await, &indicator(json!({})));
    getIndicator READ CouncilMember |app| Draft::get(new_indicator(app).await.path);
    updateIndicator WORK Expert1 |app| Draft::patch(&new_indicator(app).await, &json!({ "target": "10" }));
    deleteIndicator WORK Expert1 |app| Draft::delete(&new_indicator(app).await);
    listMeasurements READ CouncilMember |app| Draft::get(measurements(app).await);
    createMeasurement WORK Expert1 |app| Draft::post(measurements(app).await, &measurement(json!({})));
    getMeasurement READ CouncilMember |app| Draft::get(new_measurement(app).await.path);
    updateMeasurement WORK Expert1 |app| Draft::patch(&new_measurement(app).await, &json!({ "value": 13 }));
    deleteMeasurement WORK Expert1 |app| Draft::delete(&new_measurement(app).await);
}
