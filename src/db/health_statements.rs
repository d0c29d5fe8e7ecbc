//! Health statements: the chair's dated word, added and never changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::schema::health_statements;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;

/// A health statement as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = health_statements, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct HealthStatement {
    pub task_force_id: Uuid,
    pub id: Uuid,
    pub health: HealthRating,
    pub note: Option<LocalizedText>,
    /// The chair who said so.
    pub member_id: Uuid,
    pub created_at: DateTime<Utc>,
}

/// Inserts a statement.
pub async fn insert(conn: &Conn, statement: &HealthStatement) -> QueryResult<()> {
    diesel::insert_into(health_statements::table).values(statement).execute(&mut &*conn).await.map(drop)
}

/// A page of statements, newest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<HealthStatement>> {
    let mut query = health_statements::table
        .filter(health_statements::task_force_id.eq(task_force_id))
        .order(health_statements::id.desc())
        .limit(limit + 1)
        .select(HealthStatement::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(health_statements::id.lt(before));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}
