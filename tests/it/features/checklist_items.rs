//! Checklist items of a migration.

use serde_json::json;

use crate::support::UNKNOWN_ID;
use crate::support::migrations::{new_item, new_migration, open_migration_step};

#[tokio::test]
async fn a_checklist_belongs_to_its_migration_and_goes_with_it() {
    let app = open_migration_step().await;
    let expert = app.as_expert();
    let (one, other) = (new_migration(&app, json!({})).await, new_migration(&app, json!({})).await);
    let item = new_item(&app, &one, false).await;
    assert_eq!((&item["done"], &item["migrationId"]), (&json!(false), &json!(one.id())));
    let elsewhere = format!("{}/checklist-items/{}", other.path, item.id());
    expert.get(elsewhere).await.expect_problem(404, "notFound");
    let nowhere = app.a(&format!("/migrations/{UNKNOWN_ID}/checklist-items"));
    expert.get(nowhere.as_str()).await.expect_problem(404, "notFound");
    expert.post(nowhere, json!({ "title": { "en": "Back up" } })).await.expect_problem(404, "notFound");
    let foreign = item.path.replace(&app.world().a, &app.world().b);
    app.as_secretariat().get(foreign).await.expect_problem(404, "notFound");
    let foreign = one.path.replace(&app.world().a, &app.world().b);
    app.as_secretariat().get(foreign).await.expect_problem(404, "notFound");
    let renamed = json!({ "title": { "ar": "تدريب الموظفين" } });
    let renamed = expert.patch(&item, renamed).await.expect(200).json();
    assert_eq!(renamed["title"], json!({ "en": "Train the clerks", "ar": "تدريب الموظفين" }));
    // A child doesn't change its parent's version.
    assert_eq!(expert.reload(&one).await["version"], 1);
    expert.delete(&one).await.expect(204);
    assert_eq!(app.db_count("select count(*) from checklist_items").await, 0);
}
