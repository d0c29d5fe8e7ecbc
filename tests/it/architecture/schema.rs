//! The schema: what the migrations make, and undo; keys, and names of constraints.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::root;
use crate::support::client::activity;
use crate::support::{TestApp, postgres};

/// Everything that the migrations make, as text.
async fn db_catalogue(client: &tokio_postgres::Client) -> Vec<String> {
    let query = "
        select format('column %s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable,
                      column_default, generation_expression)
        from information_schema.columns where table_schema = 'public'
        union all select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace
        union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
        union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all select 'function ' || pg_get_functiondef(p.oid) from pg_proc p
        where pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        union all select 'extension ' || extname from pg_extension
        order by 1";
    let rows = client.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).filter(|line: &String| !line.contains("__diesel")).collect()
}

#[tokio::test]
async fn migrations_go_down_to_nothing_and_up_to_the_same_schema() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let before = db_catalogue(&client).await;
    assert!(before.len() > 100);
    let folders = fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().path());
    let folders: BTreeSet<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    for folder in folders.iter().rev() {
        client.batch_execute(&fs::read_to_string(folder.join("down.sql")).unwrap()).await.unwrap();
    }
    assert_eq!(db_catalogue(&client).await, ["extension plpgsql"]);
    for folder in &folders {
        client.batch_execute(&fs::read_to_string(folder.join("up.sql")).unwrap()).await.unwrap();
    }
    assert_eq!(db_catalogue(&client).await, before);
}

#[tokio::test]
async fn every_table_is_the_installations_or_below_a_task_force() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let names = async |query: &str| -> Vec<String> {
        client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let of_the_installation = "select relname::text from pg_class c
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not exists (
            select from pg_attribute where attrelid = c.oid and attname = 'task_force_id'
        ) order by 1";
    assert_eq!(
        names(of_the_installation).await,
        [
            "__diesel_schema_migrations",
            "api_keys",
            "emails",
            "feed_marks",
            "idempotency_keys",
            "installation_events",
            "invitations",
            "notification_settings",
            "notifications",
            "page_links",
            "password_reset_requests",
            "password_resets",
            "passwords",
            "refresh_tokens",
            "refused_attempts",
            "sessions",
            "share_links",
            "task_forces",
            "user_identities",
            "users"
        ]
    );
    // In the others `task_force_id` stands first in every key.
    let keys_without =
        "select format('%s of %s', i.indexrelid::regclass, i.indrelid::regclass) from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'task_force_id'
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
        where i.indisunique and i.indkey[0] <> a.attnum";
    assert_eq!(names(keys_without).await, [""; 0]);
    let without_key = "select c.relname::text from pg_class c
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not exists (
            select from pg_index where indrelid = c.oid and indisprimary
        )";
    assert_eq!(names(without_key).await, [""; 0]);
    // And where one refers to another, it refers by it.
    let by_id_alone = "select format('%s of %s', f.conname, f.conrelid::regclass) from pg_constraint f
        join pg_attribute here on here.attrelid = f.conrelid and here.attname = 'task_force_id'
        join pg_attribute there on there.attrelid = f.confrelid and there.attname = 'task_force_id'
        where f.contype = 'f' and (f.conkey[1], f.confkey[1]) <> (here.attnum, there.attnum)";
    assert_eq!(names(by_id_alone).await, [""; 0]);
}

/// Rows of an archive are restored table by table: a key refers to rows that are there already, or is deferred.
#[tokio::test]
async fn the_tables_of_an_archive_are_in_the_order_of_their_keys() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let keys = "select conname::text, conrelid::regclass::text, confrelid::regclass::text from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace and not condeferrable";
    let place = |table: &str| taskforce::db::archive::TABLES.iter().position(|archived| *archived == table);
    let mut early = Vec::new();
    for row in client.query(keys, &[]).await.unwrap() {
        let (key, from, to): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        if let (Some(from), Some(to)) = (place(&from), place(&to))
            && from <= to
        {
            early.push(key);
        }
    }
    assert_eq!(early, [""; 0], "TABLES in db/archive.rs, or a key that is deferrable");
}

/// A secret would be in the archive of a task force. A new column of an archived table is archived without a change.
#[tokio::test]
async fn no_archived_column_is_a_secret() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let columns = "select table_name::text || '.' || column_name from information_schema.columns
        where table_schema = 'public' and table_name = any($1) and column_name ~ '(password|secret|token|key|mail)'
        order by 1";
    let tables = taskforce::db::archive::TABLES.to_vec();
    let rows = client.query(columns, &[&tables]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [""; 0]);
}

/// Postgres writes the row of a violated check into its log.
#[tokio::test]
async fn no_check_concerns_a_row_with_a_secret() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let tables = "select table_name::text || '.' || column_name from information_schema.columns
        where table_schema = 'public' and column_name ~ '(hash|password|secret|token)' order by 1";
    let columns: Vec<String> =
        client.query(tables, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    // Hashes of public content, and the hash of 256 random bits, reveal nothing.
    let harmless = [
        "api_keys.key_hash",
        "events.hash",
        "events.previous_hash",
        "page_links.reader_hash",
        "page_links.token_hash",
        "reports.hash",
        "share_links.token_hash",
        "submissions.hash",
        "task_force_heads.hash",
    ];
    let secrets: Vec<&String> =
        columns.iter().filter(|column| !harmless.contains(&column.as_str())).collect();
    assert!(secrets.iter().any(|column| *column == "passwords.hash"), "{secrets:?}");
    for column in secrets {
        let (table, _) = column.split_once('.').unwrap();
        let checks = "select conname::text from pg_constraint
            where contype = 'c' and conrelid = $1::text::regclass";
        let checks: Vec<String> =
            client.query(checks, &[&table]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(checks, [""; 0], "{column}");
    }
}

/// A violated constraint becomes a clear problem only if it has a name that somebody chose.
#[tokio::test]
async fn every_check_and_every_reference_below_a_task_force_is_named() {
    let client = postgres::connect(&postgres::copy_of(postgres::migrated().await).await).await;
    let unnamed = "select conname::text from pg_constraint
        where connamespace = 'public'::regnamespace and contype = 'c' and conname like '%\\_check'
        union all select conname::text from pg_constraint f
        join pg_attribute t on t.attrelid = f.confrelid and t.attname = 'task_force_id'
        where connamespace = 'public'::regnamespace and contype = 'f' and conname like '%\\_fkey'";
    let rows = client.query(unnamed, &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [""; 0]);
}

/// A foreign key that has no meaning of its own (`app/constraints.rs`) never ends as an error of the service.
#[tokio::test]
async fn a_foreign_key_that_the_service_does_not_know_is_a_clear_refusal() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let made = expert.create_activity(json!({ "priority": "normal" })).await;
    let planted = "
        create table planted (task_force_id uuid, activity_id uuid,
            foreign key (task_force_id, activity_id) references activities (task_force_id, id));
        insert into planted select task_force_id, id from activities;
        create table priorities (priority text primary key);
        insert into priorities select distinct priority from activities where priority <> 'low';
        alter table activities add foreign key (priority) references priorities (priority);";
    app.db().await.batch_execute(planted).await.unwrap();
    expert.delete(&made).await.expect_problem(409, "stillReferenced");
    let low = activity(json!({ "priority": "low" }));
    expert.post(app.a("/activities"), low).await.expect_problem(400, "unknownReference");
    expert.patch(&made, json!({ "priority": "low" })).await.expect_problem(400, "unknownReference");
    app.db().await.batch_execute("drop table planted").await.unwrap();
    expert.delete(&made).await.expect(204);
}
