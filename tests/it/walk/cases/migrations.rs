//! Migrations and their checklists.

use serde_json::json;

use super::{READ, WORK};
use crate::support::client::Draft;
use crate::support::migrations::{db_pilot, migration, new_item, new_migration};
use crate::support::{Resource, TestApp, Who};
use crate::walk::Case;

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
    listMigrations READ CouncilMember |app| Draft::get(app.a("/migrations"));
    createMigration WORK Expert1 |app|
        Draft::post(app.a("/migrations"), &migration(&db_pilot(app, Some("scale")).await, json!({})));
    getMigration READ CouncilMember |app| Draft::get(new(app).await.path);
    updateMigration WORK Expert1 |app| Draft::patch(&new(app).await, &json!({ "plannedOn": "2027-03-01" }));
    deleteMigration WORK Expert1 |app| Draft::delete(&new(app).await);
    transitionMigration WORK Expert1 |app|
        Draft::command(&new(app).await, "transitions", &json!({ "to": "inProgress" }));

    listChecklistItems READ CouncilMember |app| Draft::get(items(app).await);
    createChecklistItem WORK Expert1 |app|
        Draft::post(items(app).await, &json!({ "title": { "en": "Back up" } }));
    getChecklistItem READ CouncilMember |app| Draft::get(item(app).await.path);
    updateChecklistItem WORK Expert1 |app| Draft::patch(&item(app).await, &json!({ "done": true }));
    deleteChecklistItem WORK Expert1 |app| Draft::delete(&item(app).await);
}
