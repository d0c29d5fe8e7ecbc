//! Sectors, their assessments and studies.

use serde_json::json;

use super::{READ, WORK};
use crate::support::client::Draft;
use crate::support::sectors::{assessment, sector, study};
use crate::support::{Resource, TestApp, Who};
use crate::walk::Case;

async fn new(app: &TestApp) -> Resource {
    app.as_chair().create(app.a("/sectors"), sector(json!({}))).await
}

async fn assessments(app: &TestApp) -> String {
    format!("{}/assessments", new(app).await.path)
}

async fn new_assessment(app: &TestApp) -> Resource {
    app.as_chair().create(assessments(app).await, assessment(json!({}))).await
}

async fn studies(app: &TestApp) -> String {
    format!("{}/studies", new(app).await.path)
}

async fn new_study(app: &TestApp) -> Resource {
    app.as_chair().create(studies(app).await, study(json!({}))).await
}

cases! {
    listSectors READ CouncilMember |app| Draft::get(app.a("/sectors"));
    createSector WORK Expert1 |app| Draft::post(app.a("/sectors"), &sector(json!({})));
    getSector READ CouncilMember |app| Draft::get(new(app).await.path);
    updateSector WORK Expert1 |app| Draft::patch(&new(app).await, &json!({ "rationale": { "en": "Traffic" } }));
    deleteSector WORK Expert1 |app| Draft::delete(&new(app).await);
    transitionSector WORK Expert1 |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "selected" }));

    listAssessments READ CouncilMember |app| Draft::get(assessments(app).await);
    createAssessment WORK Expert1 |app| Draft::post(assessments(app).await, &assessment(json!({})));
    getAssessment READ CouncilMember |app| Draft::get(new_assessment(app).await.path);
    updateAssessment WORK Expert1 |app| Draft::patch(&new_assessment(app).await, &json!({ "level": 3 }));
    deleteAssessment WORK Expert1 |app| Draft::delete(&new_assessment(app).await);

    listStudies READ CouncilMember |app| Draft::get(studies(app).await);
    createStudy WORK Expert1 |app| Draft::post(studies(app).await, &study(json!({})));
    getStudy READ CouncilMember |app| Draft::get(new_study(app).await.path);
    updateStudy WORK Expert1 |app| Draft::patch(&new_study(app).await, &json!({ "completed": false }));
    deleteStudy WORK Expert1 |app| Draft::delete(&new_study(app).await);
}
