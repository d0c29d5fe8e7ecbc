//! Evidence and its files.

use serde_json::json;

use super::{READ, WORK};
use crate::support::client::Draft;
use crate::support::evidence::{evidence, new_evidence, new_policy, upload, uploaded, PDF};
use crate::support::{Resource, TestApp, Who};
use crate::walk::Case;

async fn new(app: &TestApp) -> Resource {
    new_evidence(app, "policy", new_policy(app).await.id(), json!({})).await
}

cases! {
    listEvidence READ CouncilMember |app| Draft::get(app.a("/evidence"));
    createEvidence WORK Expert1 |app|
        Draft::post(app.a("/evidence"), &evidence("policy", new_policy(app).await.id(), json!({})));
    getEvidence READ CouncilMember |app| Draft::get(new(app).await.path);
    updateEvidence WORK Expert1 |app| Draft::patch(&new(app).await, &json!({ "title": { "en": "Minutes" } }));
    deleteEvidence WORK Expert1 |app| Draft::delete(&new(app).await);
    uploadEvidence WORK Expert1 |app| upload(&new(app).await, "application/pdf", PDF);
    downloadEvidence READ CouncilMember |app|
        Draft::get(format!("{}/content", uploaded(app, &new(app).await).await.path));
}
