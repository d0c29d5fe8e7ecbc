//! Evidence and its files.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::evidence::{
    PDF, evidence, form_body, new_evidence, new_policy, pdf_part, upload_form, uploaded,
};
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

async fn new(app: &TestApp) -> Resource {
    new_evidence(app, "policy", new_policy(app).await.id(), json!({})).await
}

cases! {
    listEvidence |app| Draft::get(app.a("/evidence"));
    exportEvidence |app| Draft::get(app.a("/evidence/export"));
    createEvidence |app|
        Draft::post(app.a("/evidence"), &evidence("policy", new_policy(app).await.id(), json!({})));
    getEvidence |app| Draft::get(new(app).await.path);
    updateEvidence |app| Draft::patch(&new(app).await, &json!({ "title": { "en": "Minutes" } }));
    deleteEvidence |app| Draft::delete(&new(app).await);
    uploadEvidence |app| {
        let part = pdf_part("; filename=\"محضر الاجتماع.pdf\"");
        upload_form(&new(app).await, form_body(&[(&part, PDF)]))
    };
    removeEvidenceFile |app|
        Draft::command(&uploaded(app, &new(app).await).await, "remove-file", &json!({ "reason": { "en": "Too large" } }));
    downloadEvidence |app|
        Draft::get(format!("{}/content", uploaded(app, &new(app).await).await.path));
}
