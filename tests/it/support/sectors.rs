//! Sectors, their assessments and studies as tests write them.

use serde_json::{Value, json};

use super::TestApp;
use super::client::{Client, Resource, with};

/// The body of a new sector, with these fields instead of the usual ones.
pub(crate) fn sector(fields: Value) -> Value {
    with(json!({ "name": { "en": "Mobility", "ar": "التنقل" } }), fields)
}

/// The body of a new assessment, with these fields instead of the usual ones.
pub(crate) fn assessment(fields: Value) -> Value {
    with(json!({ "kind": "current", "level": 2, "assessedOn": "2026-11-20" }), fields)
}

/// The body of a new study, completed and with a recommendation, with these fields instead of the usual ones.
pub(crate) fn study(fields: Value) -> Value {
    let usual = json!({
        "title": { "en": "Ways of transformation", "ar": "طرق التحول" },
        "approach": "Comparison with three cities",
        "recommendation": { "en": "Begin with the buses", "ar": "البدء بالحافلات" },
        "completed": true,
    });
    with(usual, fields)
}

/// A new sector of task force A of this name, in both languages, that was selected.
pub(crate) async fn selected_sector(client: Client<'_>, name: &str) -> Resource {
    let body = sector(json!({ "name": { "en": name, "ar": format!("قطاع {name}") } }));
    let sector = client.create(client.app.a("/sectors"), body).await;
    client.transition(&sector, "selected").await
}

/// A new sector of task force A of this name that was selected, assessed and studied.
pub(crate) async fn studied_sector(client: Client<'_>, name: &str) -> Resource {
    let sector = selected_sector(client, name).await;
    let assessments = format!("{}/assessments", sector.path);
    client.create(assessments.as_str(), assessment(json!({}))).await;
    client.create(assessments.as_str(), assessment(json!({ "kind": "target", "level": 4 }))).await;
    client.create(format!("{}/studies", sector.path), study(json!({}))).await;
    client.transition(&sector, "studied").await
}

/// The service with step `sectors` of task force A open.
pub(crate) async fn open_sectors_step() -> TestApp {
    let app = TestApp::start().await;
    app.db_open("sectors").await;
    app
}

/// A new sector of task force A.
pub(crate) async fn new_sector(app: &TestApp, fields: Value) -> Resource {
    app.as_expert().create(app.a("/sectors"), sector(fields)).await
}

/// A new assessment of a sector.
pub(crate) async fn assess(client: Client<'_>, sector: &Resource, fields: Value) -> Resource {
    client.create(format!("{}/assessments", sector.path), assessment(fields)).await
}
