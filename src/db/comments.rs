//! Comments on an activity.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, MemberReferences};
use super::schema::{comments, users};
use crate::domain::text::LocalizedText;

/// A comment as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = comments, check_for_backend(diesel::pg::Pg))]
pub struct Comment {
    pub task_force_id: Uuid,
    pub id: Uuid,
    /// The content in a few words.
    pub activity_id: Uuid,
    /// The user who wrote it.
    pub author_id: Uuid,
    pub text: String,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The members whom the comment mentions.
    pub mentions: Vec<Uuid>,
}

/// A comment with the people whom it names.
#[derive(Debug, Clone, Queryable)]
pub struct NamedComment {
    pub comment: Comment,
    pub author_name: LocalizedText,
    pub mentioned: MemberReferences,
}

/// The members whom a comment mentions, in the order of the comment.
fn mentioned() -> Column<Jsonb> {
    let member = relations::member("comments.task_force_id", "mention.id");
    let sql = format!(
        "(select coalesce(jsonb_agg({member} order by mention.at), '[]')
          from unnest(comments.mentions) with ordinality mention(id, at))"
    );
    relations::column("mentioned", &sql)
}

/// Inserts a comment.
pub async fn insert(conn: &Conn, comment: &Comment) -> QueryResult<()> {
    diesel::insert_into(comments::table).values(comment).execute(&mut &*conn).await.map(drop)
}

/// Finds a comment on an activity.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    activity_id: Uuid,
    id: Uuid,
) -> QueryResult<Option<NamedComment>> {
    comments::table
        .inner_join(users::table.on(users::id.eq(comments::author_id)))
        .filter(comments::task_force_id.eq(task_force_id))
        .filter(comments::id.eq(id))
        .filter(comments::activity_id.eq(activity_id))
        .select((Comment::as_select(), users::name, mentioned()))
        .first(&mut &*conn)
        .await
        .optional()
}

/// A page of an activity's comments, oldest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    activity_id: Uuid,
    after: Option<Uuid>,
    window: Window,
) -> QueryResult<Page<NamedComment>> {
    let matching = || {
        comments::table
            .inner_join(users::table.on(users::id.eq(comments::author_id)))
            .filter(comments::task_force_id.eq(task_force_id))
            .filter(comments::activity_id.eq(activity_id))
            .select((Comment::as_select(), users::name, mentioned()))
            .into_boxed()
    };
    let mut query = matching().order(comments::id).limit(window.rows());
    if let Some(after) = after {
        query = query.filter(comments::id.gt(after));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Sets a comment's text and mentions.
pub async fn update(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    text: &str,
    mentions: &[Uuid],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(comments::table.find((task_force_id, id)))
        .set((
            comments::text.eq(text),
            comments::mentions.eq(mentions),
            comments::version.eq(comments::version + 1),
            comments::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Deletes a comment.
pub async fn delete(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
    diesel::delete(comments::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
}
