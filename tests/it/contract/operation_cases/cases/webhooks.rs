//! Webhooks and their deliveries.

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::operation_cases::Case;
use crate::support::client::Draft;
use crate::support::{Resource, TestApp};

/// A task force has ten webhooks at most, and a case is written for every sender.
const KEPT: usize = 5;

fn new() -> Value {
    json!({ "name": "City dashboard", "url": "https://hooks.city.example/taskforce" })
}

async fn made(app: &TestApp) -> Resource {
    let chair = app.as_chair();
    let path = |webhook: &Value| app.a(&format!("/webhooks/{}", webhook["id"].as_str().unwrap()));
    let there = chair.list(&app.a("/webhooks")).await;
    for webhook in there.iter().take(there.len().saturating_sub(KEPT)) {
        let webhook = chair.read(path(webhook)).await;
        chair.delete(&webhook).await.expect(204);
    }
    chair.create(app.a("/webhooks"), new()).await
}

async fn delivery(app: &TestApp) -> Resource {
    app.as_chair().create(format!("{}/deliveries", made(app).await.path), json!({})).await
}

cases! {
    listWebhooks |app| Draft::get(app.a("/webhooks"));
    createWebhook |app| {
        made(app).await;
        Draft::post(app.a("/webhooks"), &new())
    };
    getWebhook |app| Draft::get(made(app).await.path);
    updateWebhook |app| Draft::patch(&made(app).await, &json!({ "name": "Data platform" }));
    deleteWebhook |app| Draft::delete(&made(app).await);
    pauseWebhook |app| Draft::new(Method::POST, format!("{}/pause", made(app).await.path));
    resumeWebhook |app| Draft::post(format!("{}/resume", made(app).await.path), &json!({ "after": 0 }));
    renewWebhookSecret |app| Draft::post(format!("{}/secret", made(app).await.path), &json!({}));
    listWebhookDeliveries |app| Draft::get(format!("{}/deliveries", made(app).await.path));
    createWebhookDelivery |app|
        Draft::post(format!("{}/deliveries", made(app).await.path), &json!({ "eventSeq": 1 }));
    getWebhookDelivery |app| Draft::get(delivery(app).await.path);
}
