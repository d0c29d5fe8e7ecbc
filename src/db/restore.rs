//! The rows of an archive, inserted again: through all constraints and triggers, in one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use uuid::Uuid;

use super::Conn;
use super::archive::ArchivedColumn;
use super::schema_migrations;
use crate::domain::archive::Content;

/// Begins the transaction. Statements may take longer than those of a request, and no migration begins meanwhile.
pub async fn begin(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute(
        "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;
         begin; set constraints all deferred",
    )
    .await?;
    schema_migrations::lock_until_the_end(conn).await
}

/// Checks what was deferred, and commits.
pub async fn commit(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("set constraints all immediate; commit").await
}

/// The facts that decide whether a task force can be restored.
#[derive(Debug, Clone, QueryableByName)]
pub struct RestoreFacts {
    /// The last migration of the schema.
    #[diesel(sql_type = Text)]
    pub schema_version: String,
    /// True if the task force is there already.
    #[diesel(sql_type = Bool)]
    pub exists: bool,
}

/// The facts about a database and a task force.
pub async fn facts(conn: &mut Conn, task_force_id: Uuid) -> QueryResult<RestoreFacts> {
    diesel::sql_query(
        "select (select max(version) from __diesel_schema_migrations)::text as schema_version,
                exists (select from task_forces where id = $1) as exists",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .get_result(conn)
    .await
}

/// Inserts the people of a JSON array whom the database does not know, and returns their ids. They are disabled, have no
/// password and no role beyond that of an expert, and an address at which nobody can be reached.
pub async fn insert_people(conn: &mut Conn, people: &str, now: DateTime<Utc>) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let inserted: Vec<Person> = diesel::sql_query(
        "insert into users (id, email, email_folded, name, role, locale, state, created_at, updated_at)
         select p.id, p.id || '@restored.invalid', p.id || '@restored.invalid', p.name, 'expert',
                case when p.name ? 'ar' then 'ar' else 'en' end, 'disabled', $2, $2
         from json_to_recordset($1::json) as p (id uuid, name jsonb)
         on conflict (id) do nothing
         returning id",
    )
    .bind::<Text, _>(people)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await?;
    Ok(inserted.into_iter().map(|person| person.id).collect())
}

/// The insertion of rows as JSON has them. The content of a row, if it has one, is the second parameter.
fn insertion(table: &str, columns: &[ArchivedColumn]) -> String {
    let content = Content::of(table);
    let value = |ArchivedColumn { name, kind, .. }: &ArchivedColumn| match content {
        Some(content) if content.column == name => {
            if content.is_text {
                "convert_from($2, 'UTF8')".to_owned()
            } else {
                "$2".to_owned()
            }
        }
        _ if kind == "bytea" => format!("decode(r.{name}, 'hex')"),
        _ => format!("r.{name}"),
    };
    let definition = |ArchivedColumn { name, kind, .. }: &ArchivedColumn| {
        let is_path = content.is_some_and(|content| content.column == name);
        format!("{name} {}", if is_path || kind == "bytea" { "text" } else { kind })
    };
    let list = |items: Vec<String>| items.join(", ");
    format!(
        "insert into {table} ({}) select {} from json_to_recordset($1::json) as r ({})",
        list(columns.iter().map(|column| column.name.clone()).collect()),
        list(columns.iter().map(value).collect()),
        list(columns.iter().map(definition).collect()),
    )
}

/// Inserts the rows of a JSON array into a table without contents.
pub async fn insert_rows(
    conn: &mut Conn,
    table: &str,
    columns: &[ArchivedColumn],
    rows: &str,
) -> QueryResult<usize> {
    diesel::sql_query(insertion(table, columns)).bind::<Text, _>(rows).execute(conn).await
}

/// Inserts the only row of a JSON array with its content.
pub async fn insert_row_with_content(
    conn: &mut Conn,
    table: &str,
    columns: &[ArchivedColumn],
    row: &str,
    content: &[u8],
) -> QueryResult<usize> {
    diesel::sql_query(insertion(table, columns))
        .bind::<Text, _>(row)
        .bind::<Binary, _>(content)
        .execute(conn)
        .await
}
