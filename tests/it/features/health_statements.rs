//! Health statements: how the chair assesses the progress of a task force.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{TestApp, Who};

#[tokio::test]
async fn the_latest_health_statement_comes_first_and_is_the_current_health() {
    let app = TestApp::start().await;
    let path = app.a("/health-statements");
    app.advance(TimeDelta::minutes(1));
    let body = json!({ "health": "atRisk", "note": { "en": "Two members left", "ar": "غادر عضوان" } });
    let answer = app.as_chair().post(path.as_str(), body.clone()).await.expect(201);
    assert_eq!(answer.header("location"), path, "a statement is read in the list only");
    let stated = answer.json();
    assert_eq!((&stated["health"], &stated["note"]), (&body["health"], &body["note"]));
    assert_eq!(stated["createdBy"]["id"], app.world().user(Who::Chair));
    assert_eq!(stated["createdBy"]["name"]["en"], "Chair");
    assert_eq!(stated["createdAt"], "2026-11-22T09:01:00Z");

    let listed = app.as_expert().list(&path).await;
    assert_eq!(listed[0], stated);
    assert_eq!(listed.iter().map(|one| &one["health"]).collect::<Vec<_>>(), ["atRisk", "onTrack"]);
    assert_eq!(app.as_expert().get(app.a("/status")).await.expect(200).json()["health"], "atRisk");

    app.as_expert().post(path.as_str(), body).await.expect_problem(403, "forbidden");
    app.as_chair().post(path, json!({ "health": "good" })).await.expect_field_errors(&["/health notAllowed"]);
}
