//! The caller's own password, sessions and API keys.

use reqwest::Method;
use serde_json::{Value, json};

use super::credentials;
use crate::support::app::PASSWORD;
use crate::support::client::Draft;
use crate::support::{TestApp, Who};
use crate::contract::operation_cases::Case;

fn new_key() -> Value {
    json!({ "name": "Nightly", "scopes": ["read"], "expiresAt": "2027-05-01T00:00:00Z" })
}

/// A session of the expert, which no other user may end.
async fn session(app: &TestApp) -> String {
    app.as_anybody().post("/v1/auth/login", credentials(Who::Expert1)).await.expect(200);
    let sessions = app.as_expert().list("/v1/me/sessions").await;
    format!("/v1/me/sessions/{}", sessions[0]["id"].as_str().unwrap())
}

cases! {
    listMySessions |app| Draft::get("/v1/me/sessions");
    endMySession |app| Draft::new(Method::DELETE, session(app).await);
    changePassword |app| Draft::new(Method::PUT, "/v1/auth/password")
        .json(&json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD }));
    listApiKeys |app| Draft::get("/v1/api-keys");
    createApiKey |app| Draft::post("/v1/api-keys", &new_key());
    revokeApiKey |app|
        Draft::new(Method::DELETE, app.as_expert().create("/v1/api-keys", new_key()).await.path);
}
