//! Page links and share links.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Draft;
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

fn of_status() -> Value {
    json!({ "page": "status", "note": "For the council" })
}

fn of_portfolio() -> Value {
    json!({ "page": "portfolio" })
}

async fn made(app: &TestApp) -> Resource {
    app.as_chair().create(app.a("/share-links"), of_status()).await
}

async fn made_of_portfolio(app: &TestApp) -> Resource {
    app.as_secretariat().create("/v1/share-links", of_portfolio()).await
}

/// A valid calendar link of the expert. Others cannot revoke the link, and few links can be valid at the same time.
async fn calendar_link(app: &TestApp) -> String {
    const LINKS: &str = "/v1/me/calendar-links";
    let there = app.as_expert().list(LINKS).await.into_iter().find(|link| link["state"] == "active");
    let link = match there {
        Some(link) => link,
        None => app.as_expert().post(LINKS, json!({})).await.expect(201).json(),
    };
    format!("{LINKS}/{}", link["id"].as_str().unwrap())
}

cases! {
    listShareLinks |app| Draft::get(app.a("/share-links"));
    createShareLink |app| Draft::post(app.a("/share-links"), &of_status());
    getShareLink |app| Draft::get(made(app).await.path);
    revokeShareLink |app| Draft::new(Method::DELETE, made(app).await.path);
    listPortfolioShareLinks |app| Draft::get("/v1/share-links");
    createPortfolioShareLink |app| Draft::post("/v1/share-links", &of_portfolio());
    getPortfolioShareLink |app| Draft::get(made_of_portfolio(app).await.path);
    // The status and a report need a task force that all who try can see.
    createPageLink |app| Draft::post("/v1/me/page-links", &of_portfolio());
    revokePortfolioShareLink |app| Draft::new(Method::DELETE, made_of_portfolio(app).await.path);
    listMyCalendarLinks |app| Draft::get("/v1/me/calendar-links");
    createMyCalendarLink |app| Draft::post("/v1/me/calendar-links", &json!({ "note": "Telephone" }));
    revokeMyCalendarLink |app| Draft::new(Method::DELETE, calendar_link(app).await);
}
