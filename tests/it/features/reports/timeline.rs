//! The activities over time and the dates ahead, in the model of a report and in its charts.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::new;
use crate::support::{Resource, TestApp};

/// The counts of activities in the status, summed over the steps.
async fn counts(app: &TestApp) -> Vec<i64> {
    let status = app.as_chair().get(app.a("/status")).await.json();
    STATES.iter().map(|state| status["activities"][state].as_i64().unwrap()).collect()
}

const STATES: [&str; 6] = ["planned", "inProgress", "inReview", "blocked", "done", "cancelled"];

#[tokio::test]
async fn the_history_has_the_counts_that_the_status_had_on_each_day() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let mut seen = Vec::new();
    let new_activity = || async { app.as_chair().create_activity(json!({ "step": "report" })).await };
    let (first, second, third) = (new_activity().await, new_activity().await, new_activity().await);
    seen.push(counts(&app).await);
    app.advance(TimeDelta::weeks(1));
    let first = app.as_chair().transition(&first, "inProgress").await;
    app.as_chair().transition_because(&second, "blocked", "The ministry is slow").await;
    seen.push(counts(&app).await);
    app.advance(TimeDelta::weeks(1));
    seen.push(counts(&app).await);
    app.advance(TimeDelta::days(3));
    app.as_chair().transition(&first, "done").await;
    app.advance(TimeDelta::days(4));
    app.as_chair().transition_because(&third, "cancelled", "Not needed").await;
    let fourth = new_activity().await;
    app.as_chair().delete(&fourth).await.expect(204);
    seen.push(counts(&app).await);

    let report = new(&app, json!({})).await;
    let timeline = &report["model"]["timeline"];
    assert_eq!(timeline["day"], "2026-12-13");
    let history = timeline["history"].as_array().unwrap();
    let shown = |point: &Value| -> Vec<i64> { STATES.map(|state| point[state].as_i64().unwrap()).to_vec() };
    let last: Vec<_> = history.iter().skip(history.len().saturating_sub(4)).collect();
    assert_eq!(last.iter().map(|point| shown(point)).collect::<Vec<_>>(), seen);
    let days: Vec<_> = last.iter().map(|point| point["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-11-22", "2026-11-29", "2026-12-06", "2026-12-13"]);
}

#[tokio::test]
async fn the_history_of_a_long_cycle_has_at_most_sixty_days() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    app.as_chair().create_activity(json!({ "step": "report" })).await;
    for (weeks, between) in [(58, 1), (2, 2), (240, 6)] {
        app.advance(TimeDelta::weeks(weeks));
        let report = new(&app, json!({})).await;
        let history = report["model"]["timeline"]["history"].as_array().unwrap().clone();
        assert!((30..=60).contains(&history.len()), "{} days", history.len());
        let day = |point: &Value| -> chrono::NaiveDate { point["day"].as_str().unwrap().parse().unwrap() };
        for pair in history.windows(2) {
            assert_eq!(day(&pair[1]) - day(&pair[0]), TimeDelta::weeks(between));
        }
        let last = history.last().unwrap();
        assert_eq!(last["planned"].as_i64().unwrap(), counts(&app).await[0]);
    }
}

#[tokio::test]
async fn the_dates_ahead_are_the_due_dates_of_open_activities_nearest_to_the_day() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    let before = new(&app, json!({})).await["model"]["timeline"]["due"].as_i64().unwrap();
    let due = |number: i64| json!({ "step": "report", "dueDate": format!("2027-0{}-{:02}", number / 28 + 1, number % 28 + 1) });
    for number in 0..105 {
        app.as_chair().create_activity(due(number)).await;
    }
    let done = app.as_chair().create_activity(json!({ "step": "report", "dueDate": "2026-11-30" })).await;
    let done = app.as_chair().transition(&done, "inProgress").await;
    app.as_chair().transition(&done, "done").await;
    app.as_secretariat()
        .patch(&app.as_secretariat().read(app.a("")).await, json!({ "nextCouncilDate": "2026-12-28" }))
        .await
        .expect(200);

    let report: Resource = new(&app, json!({})).await;
    let timeline = &report["model"]["timeline"];
    assert_eq!(
        (&timeline["due"], &timeline["nextCouncilDate"]),
        (&json!(before + 105), &json!("2026-12-28"))
    );
    let items = timeline["dueItems"].as_array().unwrap();
    let days: Vec<_> = items.iter().map(|item| item["dueDate"].as_str().unwrap()).collect();
    assert_eq!(items.len(), 100);
    assert!(days.is_sorted(), "{days:?}");
    assert!(days.contains(&"2027-01-01") && !days.contains(&"2027-04-20") && !days.contains(&"2026-11-30"));
    assert!(items.iter().all(|item| item["number"].is_i64() && item["title"].is_object()));
}

#[tokio::test]
async fn the_page_of_a_report_shows_the_charts_in_both_languages() {
    let app = TestApp::start().await;
    app.db_open("report").await;
    app.as_chair().create_activity(json!({ "step": "report", "dueDate": "2027-01-15" })).await;
    let path = new(&app, json!({})).await.path;
    for (language, captions) in [
        ("en", ["The five steps", "Activities by state over time", "Due dates and decisions"]),
        ("ar", ["الخطوات الخمس", "الأنشطة حسب الحالة على مر الزمن", "المواعيد والقرارات"]),
    ] {
        let page = app.as_chair().get(format!("{path}?format=html&lang={language}")).await.expect(200);
        let page = page.text();
        for caption in captions {
            assert!(page.contains(&format!("<figcaption>{caption}")), "{caption} in {page}");
            assert!(page.contains(&format!("aria-label=\"{caption}\"")), "{caption} in {page}");
        }
    }
}
