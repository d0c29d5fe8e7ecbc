//! Health statements: the chair's dated word, added and never changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::health_statements;
use crate::domain::reference::UserReference;
use crate::domain::task_force::HealthRating;
use crate::domain::text::LocalizedText;

/// A health statement as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = health_statements, check_for_backend(diesel::pg::Pg))]
pub struct HealthStatement {
    pub id: Uuid,
    pub health: HealthRating,
    pub note: Option<LocalizedText>,
    /// The chair who said so.
    #[diesel(select_expression = created_by(), select_expression_type = Column<Jsonb>)]
    pub created_by: UserReference,
    pub created_at: DateTime<Utc>,
}

fn created_by() -> Column<Jsonb> {
    column(
        "created_by",
        &relations::user_of_member("health_statements.task_force_id", "health_statements.member_id"),
    )
}

/// A statement to be inserted.
#[derive(Debug, Insertable)]
#[diesel(table_name = health_statements, treat_none_as_default_value = false)]
pub struct NewHealthStatement<'a> {
    pub task_force_id: Uuid,
    pub id: Uuid,
    pub health: HealthRating,
    pub note: Option<&'a LocalizedText>,
    /// The seat of the chair who says so.
    pub member_id: Uuid,
    pub created_at: DateTime<Utc>,
}

/// Inserts a statement.
pub async fn insert(conn: &Conn, statement: &NewHealthStatement<'_>) -> QueryResult<HealthStatement> {
    diesel::insert_into(health_statements::table)
        .values(statement)
        .returning(HealthStatement::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// A page of statements, newest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    before: Option<Uuid>,
    window: Window,
) -> QueryResult<Page<HealthStatement>> {
    let matching = || {
        health_statements::table
            .filter(health_statements::task_force_id.eq(task_force_id))
            .select(HealthStatement::as_select())
            .into_boxed()
    };
    let mut query = matching().order(health_statements::id.desc()).limit(window.rows());
    if let Some(before) = before {
        query = query.filter(health_statements::id.lt(before));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}
