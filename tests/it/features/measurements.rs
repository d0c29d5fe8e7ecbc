//! Measurements of the indicators of a running pilot.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::pilots::{
    evaluation, expect_blocked, indicator, indicator_of, measured, measurement, planned_pilot,
};

#[tokio::test]
async fn measurements_are_made_while_a_pilot_runs() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let planned = planned_pilot(&app, json!({})).await;
    let path = format!("{}/measurements", indicator_of(&app, &planned).await.path);
    app.db_open("migration").await;
    expert.post(path.as_str(), measurement(json!({}))).await.expect_problem(409, "pilotNotRunning");
    let pilot = expert.transition(&planned, "running").await;
    let tomorrow = expert.post(path.as_str(), measurement(json!({ "measuredOn": "2026-11-23" }))).await;
    tomorrow.expect_field_errors(&["/measuredOn tooLarge"]);
    // Nothing was measured before the pilot was started, today in Amman.
    let before = expert.post(path.as_str(), measurement(json!({ "measuredOn": "2026-11-21" }))).await;
    before.expect_field_errors(&["/measuredOn tooSmall"]);
    let made = expert.create(path.as_str(), measurement(json!({ "measuredOn": "2026-11-22" }))).await;
    let earlier = expert.patch(&made, json!({ "measuredOn": "2026-11-21" })).await;
    earlier.expect_field_errors(&["/measuredOn tooSmall"]);
    assert_eq!((&made["value"], &made["cycle"]), (&json!("12.50"), &json!(1)));
    let later = expert.patch(&made, json!({ "measuredOn": "2026-11-23" })).await;
    later.expect_field_errors(&["/measuredOn tooLarge"]);
    let made =
        expert.patch(&made, json!({ "value": "-0.000001", "source": null })).await.expect(200).resource();
    assert_eq!(
        (&made["value"], &made["source"], &made["version"]),
        (&json!("-0.000001"), &Value::Null, &json!(2))
    );
    let spare = expert.create(path.as_str(), measurement(json!({}))).await;
    assert_eq!(expert.list(&path).await.len(), 2);
    expert.delete(&spare).await.expect(204);

    app.db_open("report").await;
    expert.post(path.as_str(), measurement(json!({}))).await.expect_problem(409, "stepPassed");
    expert.patch(&made, json!({ "value": 1 })).await.expect_problem(409, "stepPassed");
    expert.delete(&made).await.expect_problem(409, "stepPassed");
    app.db_open("migration").await;
    expert.command(&expert.reload(&pilot).await, "transitions", evaluation("stop")).await.expect(200);
    expert.post(path.as_str(), measurement(json!({}))).await.expect_problem(409, "pilotNotRunning");
    expert.patch(&made, json!({ "value": 1 })).await.expect_problem(409, "pilotNotRunning");
    expert.delete(&made).await.expect_problem(409, "pilotNotRunning");
}

#[tokio::test]
async fn each_indicator_is_measured_before_a_pilot_is_evaluated() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let pilot = planned_pilot(&app, json!({})).await;
    let second =
        expert.create(format!("{}/indicators", pilot.path), indicator(json!({ "baseline": null }))).await;
    app.db_open("migration").await;
    let pilot = expert.transition(&pilot, "running").await;
    measured(&app, &pilot).await;
    expect_blocked(&app, &pilot, "evaluated", &["measurementsMissing"]).await;
    expert.create(format!("{}/measurements", second.path), measurement(json!({}))).await;
    assert!(expert.reload(&pilot).await.blockers("evaluated").is_empty());
}
