//! Sectors, their assessments and studies.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::sectors::{assessment, sector, study};
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

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
    listSectors |app| Draft::get(app.a("/sectors"));
    exportSectors |app| Draft::get(app.a("/sectors/export"));
    createSector |app| Draft::post(app.a("/sectors"), &sector(json!({})));
    getSector |app| Draft::get(new(app).await.path);
    updateSector |app| Draft::patch(&new(app).await, &json!({ "rationale": { "en": "Traffic" } }));
    deleteSector |app| Draft::delete(&new(app).await);
    transitionSector |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "selected" }));

    listAssessments |app| Draft::get(assessments(app).await);
    createAssessment |app| Draft::post(assessments(app).await, &assessment(json!({})));
    getAssessment |app| Draft::get(new_assessment(app).await.path);
    updateAssessment |app| Draft::patch(&new_assessment(app).await, &json!({ "level": 3 }));
    deleteAssessment |app| Draft::delete(&new_assessment(app).await);

    listStudies |app| Draft::get(studies(app).await);
    createStudy |app| Draft::post(studies(app).await, &study(json!({})));
    getStudy |app| Draft::get(new_study(app).await.path);
    updateStudy |app| Draft::patch(&new_study(app).await, &json!({ "completed": false }));
    deleteStudy |app| Draft::delete(&new_study(app).await);
}
