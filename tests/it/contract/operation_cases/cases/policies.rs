//! Policies.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::policies::policy;
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

async fn new(app: &TestApp) -> Resource {
    app.as_chair().create(app.a("/policies"), policy(json!({}))).await
}

cases! {
    listPolicies |app| Draft::get(app.a("/policies"));
    exportPolicies |app| Draft::get(app.a("/policies/export"));
    createPolicy |app| Draft::post(app.a("/policies"), &policy(json!({})));
    getPolicy |app| Draft::get(new(app).await.path);
    updatePolicy |app| Draft::patch(&new(app).await, &json!({ "kind": "standard" }));
    deletePolicy |app| Draft::delete(&new(app).await);
    transitionPolicy |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "underReview" }));
}
