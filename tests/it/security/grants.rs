//! The service's own role: it can do its work, and nothing to what was written once.
//!
//! Every service of these tests runs as such a role (`support/postgres.rs`), so the whole suite shows that it has
//! what it needs. Here is what it has not.

use std::process::{Command, Output};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::support::app::PASSWORD;
use crate::support::{TestApp, Who, postgres};

async fn migrate(database: &str, arguments: &[&str]) -> Output {
    let url = postgres::url(database).await;
    program(&url).arg("migrate").args(arguments).output().unwrap()
}

fn program(url: &SecretString) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskforce"));
    // Only the owner's address: nothing else is asked for, and no private cluster started.
    command.env_clear().env("RUST_LOG", "error").env("TASKFORCE_MIGRATION_URL", url.expose_secret());
    command
}

#[tokio::test]
async fn the_services_role_works_and_can_change_nothing_that_was_written_once() {
    let app = TestApp::start().await;
    // A story: somebody signs in, makes something, moves it and deletes it.
    let expert = app.as_expert();
    let credentials = json!({ "email": Who::Expert1.email(), "password": PASSWORD });
    app.as_anybody().post("/v1/auth/login", credentials).await.expect(200);
    let made = expert.create_activity(json!({})).await;
    let moved = expert.transition(&made, "inProgress").await;
    expert.delete(&moved).await.expect_problem(409, "activityStarted");
    let made = expert.create_activity(json!({})).await;
    expert.delete(&made).await.expect(204);

    let service = postgres::connect_as(postgres::SERVICE, &app.database).await;
    let allowed = service.query_one("select count(*) from events", &[]).await.unwrap();
    assert!(allowed.get::<_, i64>(0) > 0);
    for table in ["events", "installation_events"] {
        for statement in [
            format!("update {table} set at = at"),
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("alter table {table} disable trigger {table}_are_append_only"),
            format!("drop trigger {table}_are_append_only on {table}"),
            format!("create trigger mine before insert on {table} execute function refuse_change()"),
            format!("alter table {table} rename to other"),
            format!("drop table {table}"),
            format!("alter table {table} owner to {}", postgres::SERVICE),
        ] {
            assert_denied(&service, &statement).await;
        }
    }
    for statement in [
        "create table mine (id int)",
        "create function mine() returns int language sql as 'select 1'",
        "create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'",
        "drop function refuse_change() cascade",
        "alter table users add column mine int",
        "truncate users cascade",
        "delete from users",
        "delete from task_forces",
        "delete from task_force_heads",
        "update __diesel_schema_migrations set version = 'x'",
        "set session_replication_role = replica",
        "select nextval('installation_events_seq_seq')",
    ] {
        assert_denied(&service, statement).await;
    }
    // The triggers are the second defence: the owner meets them.
    let refused = app.db().await.batch_execute("delete from installation_events").await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("installation_events_are_append_only"));
}

async fn assert_denied(service: &tokio_postgres::Client, statement: &str) {
    let refused = service.batch_execute(statement).await;
    let code = refused.as_ref().err().and_then(|error| error.code()).map(|code| code.code());
    // insufficient_privilege
    assert_eq!(code, Some("42501"), "{statement}: {refused:?}");
}

#[tokio::test]
async fn migrating_grants_a_role_of_any_name_what_it_needs_and_takes_back_the_rest() {
    let database = postgres::copy_of(postgres::migrated().await).await;
    let owner = postgres::connect(&database).await;
    let role = r#"a "role"; drop table events; --"#;
    let quoted = role.replace('"', "\"\"");
    postgres::maintain(&format!("create role \"{quoted}\"")).await;
    owner
        .batch_execute(&format!(
            "grant all on all tables in schema public to \"{quoted}\";
             grant all on all sequences in schema public to \"{quoted}\";
             grant update (body) on events to \"{quoted}\";
             grant create on schema public to \"{quoted}\""
        ))
        .await
        .unwrap();
    for _ in 0..2 {
        let done = migrate(&database, &["--grant-to", role]).await;
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        let rights = "select coalesce(string_agg(privilege_type::text, ',' order by privilege_type), '')
            from information_schema.role_table_grants where grantee = $1 and table_name = $2";
        for (table, expected) in [
            ("events", "INSERT,SELECT"),
            ("installation_events", "INSERT,SELECT"),
            ("__diesel_schema_migrations", "SELECT"),
            ("idempotency_keys", "DELETE,INSERT,SELECT,UPDATE"),
            ("users", "INSERT,SELECT,UPDATE"),
        ] {
            let row = owner.query_one(rights, &[&role, &table]).await.unwrap();
            assert_eq!(row.get::<_, String>(0), expected, "{table}");
        }
        let more = "select has_column_privilege($1::text::name, 'events', 'body', 'UPDATE')
            or has_schema_privilege($1::text::name, 'public', 'CREATE')
            or has_sequence_privilege($1::text::name, 'installation_events_seq_seq', 'USAGE')";
        assert!(!owner.query_one(more, &[&role]).await.unwrap().get::<_, bool>(0));
    }
}

#[tokio::test]
async fn every_table_has_its_line_of_grants() {
    let owner = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let without = "select relname::text from pg_class
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
          and not has_table_privilege($1::text::name, oid, 'SELECT')";
    let rows = owner.query(without, &[&postgres::SERVICE]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn a_role_that_can_t_be_limited_is_one_clear_line_and_exit_code_2() {
    let database = postgres::copy_of(postgres::migrated().await).await;
    let owner = postgres::connect(&database).await;
    let superuser: String = owner.query_one("select current_user::text", &[]).await.unwrap().get(0);
    postgres::maintain(
        "create role a_writer; create role in_two_roles noinherit in role a_writer; create role a_maker createrole",
    )
    .await;
    owner.batch_execute("grant update on events to a_writer").await.unwrap();
    for (role, says) in [
        ("nobody_there", "there is no role"),
        ("public", "there is no role"),
        ("", "there is no role"),
        ("x\"; drop table events; --", "there is no role"),
        (&superuser, "superuser"),
        ("in_two_roles", "UPDATE on events"),
        ("a_maker", "may create roles"),
    ] {
        let ended = migrate(&database, &["--grant-to", role]).await;
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{role}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{role}: {complaint}");
        assert!(complaint.contains(says) && complaint.contains("--grant-to"), "{role}: {complaint}");
    }
    // Nothing was granted half-way.
    let granted = "select count(*) from information_schema.role_table_grants where grantee = 'in_two_roles'";
    assert_eq!(owner.query_one(granted, &[]).await.unwrap().get::<_, i64>(0), 0);
}
