//! Migrations as tests write them, and the pilots that they are of.

use serde_json::{Value, json};

use super::client::with;
use super::{Resource, TestApp};

/// The body of a new migration of a pilot, with these fields instead of the usual ones.
pub(crate) fn migration(pilot_id: &str, fields: Value) -> Value {
    let usual = json!({
        "pilotId": pilot_id,
        "title": { "en": "Move smart parking", "ar": "ترحيل المواقف الذكية" },
        "targetSystem": "Municipal services platform",
        "plannedOn": "2027-02-01",
    });
    with(usual, fields)
}

/// A migration of task force A, of a pilot of its own.
pub(crate) async fn new_migration(app: &TestApp, fields: Value) -> Resource {
    let pilot = db_pilot(app, Some("scale")).await;
    app.as_expert().create(app.a("/migrations"), migration(&pilot, fields)).await
}

/// An item of a migration's checklist.
pub(crate) async fn new_item(app: &TestApp, migration: &Resource, done: bool) -> Resource {
    let item = json!({ "title": { "en": "Train the clerks" }, "done": done });
    app.as_expert().create(format!("{}/checklist-items", migration.path), item).await
}

/// Inserts a row into a table below a task force, past the service; answers its id.
pub(crate) async fn db_id(
    app: &TestApp,
    insert: &str,
    task_force: &str,
    more: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> String {
    let statement = format!("{insert} returning id::text");
    let mut parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = vec![&task_force];
    parameters.extend_from_slice(more);
    app.db().await.query_one(&statement, &parameters).await.unwrap().get(0)
}

/// A selected sector of a task force, past the service.
pub(crate) async fn db_sector_of(app: &TestApp, task_force: &str) -> String {
    let insert = r#"insert into sectors (task_force_id, id, cycle, last_cycle, name, state, state_since, created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), 1, 1, '{"en": "Parking"}', 'selected', now(), now(), now())"#;
    db_id(app, insert, task_force, &[]).await
}

/// A pilot of a task force, past the service: evaluated with an outcome, or planned without one.
pub(crate) async fn db_pilot_of(app: &TestApp, task_force: &str, outcome: Option<&str>) -> String {
    let sector = db_sector_of(app, task_force).await;
    let insert = r#"insert into pilots (task_force_id, id, cycle, last_cycle, title, sector_id, owner_member_id, aims, start_date,
            end_date, outcome, lessons, state, state_since, created_at, updated_at)
        values ($1::text::uuid, gen_random_uuid(), 1, 1, '{"en": "Smart parking"}', $2::text::uuid,
            (select id from members where task_force_id = $1::text::uuid limit 1), '{sustainable}', '2026-12-01', '2027-01-31',
            $3::text, case when $3::text is not null then '{"en": "It works"}'::jsonb end,
            case when $3::text is not null then 'evaluated' else 'planned' end, now(), now(), now())"#;
    db_id(app, insert, task_force, &[&sector, &outcome]).await
}

/// A pilot of task force A.
pub(crate) async fn db_pilot(app: &TestApp, outcome: Option<&str>) -> String {
    db_pilot_of(app, &app.world().a, outcome).await
}

/// The service with step `migration` of task force A open.
pub(crate) async fn open_migration_step() -> TestApp {
    let app = TestApp::start().await;
    app.db_open("migration").await;
    app
}
