//! Policies.

use serde_json::json;

use super::{READ, WORK};
use crate::support::client::Draft;
use crate::support::policies::policy;
use crate::support::{Resource, TestApp, Who};
use crate::walk::Case;

async fn new(app: &TestApp) -> Resource {
    app.as_chair().create(app.a("/policies"), policy(json!({}))).await
}

cases! {
    listPolicies READ CouncilMember |app| Draft::get(app.a("/policies"));
    createPolicy WORK Expert1 |app| Draft::post(app.a("/policies"), &policy(json!({})));
    getPolicy READ CouncilMember |app| Draft::get(new(app).await.path);
    updatePolicy WORK Expert1 |app| Draft::patch(&new(app).await, &json!({ "kind": "standard" }));
    deletePolicy WORK Expert1 |app| Draft::delete(&new(app).await);
    transitionPolicy WORK Expert1 |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "underReview" }));
}
