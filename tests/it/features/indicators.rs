//! Indicators: the numbers that a pilot is measured by.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::answer::field_errors;
use crate::support::pilots::{indicator, proposed_pilot};

#[tokio::test]
async fn numbers_are_kept_exactly_and_refused_where_they_are_wrong() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let path = format!("{}/indicators", proposed_pilot(&app, json!({})).await.path);
    for (given, answered) in [
        (json!("12.50"), json!("12.50")),
        (json!("999999999999999.999999"), json!("999999999999999.999999")),
        (json!(0.1), json!("0.1")),
        (json!(12.35), json!("12.35")),
        (json!(-7), json!("-7")),
        (json!(4.0), json!("4.0")),
        (json!(0.000_001), json!("0.000001")),
        (json!(123_456_789.123_456), json!("123456789.123456")),
        (json!(0), json!("0")),
        (json!(999_999_999.5), json!("999999999.5")),
        (json!("0.50"), json!("0.50")),
        (Value::Null, Value::Null),
    ] {
        let made =
            expert.create(path.as_str(), indicator(json!({ "baseline": given, "target": null }))).await;
        assert_eq!(made["baseline"], answered);
    }
    let texts = ["1.0000001", "1e3", "", "٣", "1234567890123456", "007", "-00", "00.5"].map(Value::from);
    let numbers = [0.123_456_7, 1e-7, 1e300, 1e9].map(Value::from);
    for wrong in texts.into_iter().chain(numbers).chain([json!(true), json!([])]) {
        let refused = expert.post(path.as_str(), indicator(json!({ "baseline": wrong }))).await;
        let problem = refused.expect_problem(400, "invalidRequest");
        assert!(field_errors(&problem)[0].starts_with("/baseline "), "{wrong}: {problem:#}");
    }
}

#[tokio::test]
async fn a_target_lies_in_the_direction_in_which_the_indicator_is_better() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let path = format!("{}/indicators", proposed_pilot(&app, json!({})).await.path);
    for (direction, baseline, target, error) in [
        ("up", "40", "12.50", "/target tooSmall"),
        ("up", "40", "40.0", "/target tooSmall"),
        ("down", "40", "41", "/target tooLarge"),
        ("down", "40", "40", "/target tooLarge"),
    ] {
        let body = indicator(json!({ "direction": direction, "baseline": baseline, "target": target }));
        expert.post(path.as_str(), body).await.expect_field_errors(&[error]);
    }
    // Every later change is held to the same rule, whichever of the three it names.
    let made = expert.create(path.as_str(), indicator(json!({}))).await;
    for (change, error) in [
        (json!({ "direction": "up" }), "/target tooSmall"),
        (json!({ "baseline": "12" }), "/target tooLarge"),
        (json!({ "target": "40.000001" }), "/target tooLarge"),
    ] {
        expert.patch(&made, change).await.expect_field_errors(&[error]);
    }
    let open = expert.patch(&made, json!({ "direction": "up", "target": null })).await.expect(200).resource();
    expert.patch(&open, json!({ "target": "41" })).await.expect(200);
}
