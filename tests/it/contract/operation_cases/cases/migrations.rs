//! Migrations and their checklists.

use serde_json::json;

use crate::support::client::Draft;
use crate::support::migrations::{db_pilot, migration, new_item, new_migration};
use crate::support::{Resource, TestApp};
use crate::contract::operation_cases::Case;

async fn new(app: &TestApp) -> Resource {
    new_migration(app, json!({})).await
}

async fn item(app: &TestApp) -> Resource {
    new_item(app, &new(app).await, false).await
}

async fn items(app: &TestApp) -> String {
    format!("{}/checklist-items", new(app).await.path)
}

cases! {
    listMigrations |app| Draft::get(app.a("/migrations"));
    exportMigrations |app| Draft::get(app.a("/migrations/export"));
    createMigration |app|
        Draft::post(app.a("/migrations"), &migration(&db_pilot(app, Some("scale")).await, json!({})));
    getMigration |app| Draft::get(new(app).await.path);
    updateMigration |app| Draft::patch(&new(app).await, &json!({ "plannedOn": "2027-03-01" }));
    deleteMigration |app| Draft::delete(&new(app).await);
    transitionMigration |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "inProgress" }));

    listChecklistItems |app| Draft::get(items(app).await);
    createChecklistItem |app|
        Draft::post(items(app).await, &json!({ "title": { "en": "Back up" } }));
    getChecklistItem |app| Draft::get(item(app).await.path);
    updateChecklistItem |app| Draft::patch(&item(app).await, &json!({ "done": true }));
    deleteChecklistItem |app| Draft::delete(&item(app).await);
}
