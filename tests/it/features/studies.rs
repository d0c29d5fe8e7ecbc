//! Studies of how a sector could be transformed.

use serde_json::json;

use crate::support::sectors::{assess, open_sectors_step, selected_sector, study};

#[tokio::test]
async fn a_sector_is_studied_once_it_is_assessed_and_a_completed_study_recommends_something() {
    let app = open_sectors_step().await;
    let expert = app.as_expert();
    let sector = selected_sector(expert, "Mobility").await;
    let blocked = async || {
        let blocked = expert.reload(&sector).await.blockers("studied");
        if let Some(first) = blocked.first() {
            expert.try_transition(&sector, "studied").await.expect_problem(409, first);
        }
        blocked
    };
    assert_eq!(blocked().await, ["maturityMissing", "studyMissing"]);
    assess(expert, &sector, json!({ "kind": "target" })).await;
    assert_eq!(blocked().await, ["maturityMissing", "studyMissing"]);
    assess(expert, &sector, json!({ "kind": "current" })).await;
    assert_eq!(blocked().await, ["studyMissing"]);
    let studies = format!("{}/studies", sector.path);
    let begun = study(json!({ "recommendation": null, "completed": false }));
    let begun = expert.create(studies.as_str(), begun).await;
    assert_eq!(blocked().await, ["studyMissing"]);
    let recommending = json!({ "recommendation": { "en": "Begin with the buses" } });
    expert.patch(&begun, recommending).await.expect(200);
    assert_eq!(blocked().await, ["studyMissing"]);
    // Completed and recommending: one and the same study has to be both.
    expert.create(studies.as_str(), study(json!({ "recommendation": null }))).await;
    assert_eq!(blocked().await, ["studyMissing"]);
    expert.patch(&expert.reload(&begun).await, json!({ "completed": true })).await.expect(200);
    assert!(blocked().await.is_empty());
    let studied = expert.transition(&sector, "studied").await;
    assert_eq!(studied["state"], "studied");
    expert.transition(&studied, "candidate").await;
}
