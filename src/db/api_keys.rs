//! API keys, of which only the hash is stored.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::relations::{self, Column, column};
use super::schema::{api_keys, users};
use crate::domain::event::SubjectKind;
use crate::domain::reference::Reference;
use crate::domain::user::UserState;

/// An API key as its owner sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
pub struct ApiKey {
    pub id: Uuid,
    /// The purpose in the owner's words.
    pub name: String,
    /// False for a key that only reads.
    pub may_write: bool,
    /// The only task force that the key gives access to; `None` stands for all.
    pub only_task_force_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The last use, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// The task force, without its name if the owner can no longer see it.
    #[diesel(select_expression = task_force(), select_expression_type = Column<Nullable<Jsonb>>)]
    pub task_force: Option<Reference>,
}

/// An API key to be inserted.
#[derive(Debug, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub struct NewApiKey<'a> {
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: &'a str,
    pub key_hash: &'a [u8],
    pub may_write: bool,
    pub only_task_force_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

fn task_force() -> Column<Nullable<Jsonb>> {
    let id = "api_keys.only_task_force_id";
    let visible = relations::resource(SubjectKind::TaskForce, id, id);
    column(
        "task_force",
        &format!(
            "case when {id} is null then null
                  when exists (select from users owner where owner.id = api_keys.user_id and owner.role <> 'expert')
                    or exists (select from members seat where seat.task_force_id = {id}
                               and seat.user_id = api_keys.user_id and seat.to_date is null)
                  then {visible}
                  else jsonb_build_object('kind', 'taskForce', 'id', {id}) end"
        ),
    )
}

/// The id of the key with this hash, and the id of its owner.
pub async fn holder(conn: &Conn, key_hash: &[u8; 32]) -> QueryResult<Option<(Uuid, Uuid)>> {
    api_keys::table
        .filter(api_keys::key_hash.eq(key_hash))
        .select((api_keys::id, api_keys::user_id))
        .first(&mut &*conn)
        .await
        .optional()
}

/// A key with its number in the order in which keys were made.
pub type NumberedApiKey = (ApiKey, i64);

/// A page of a user's keys, newest first.
pub async fn list(
    conn: &Conn,
    user_id: Uuid,
    before: Option<i64>,
    window: Window,
) -> QueryResult<Page<NumberedApiKey>> {
    let matching = || {
        api_keys::table
            .filter(api_keys::user_id.eq(user_id))
            .select((ApiKey::as_select(), api_keys::seq))
            .into_boxed()
    };
    let mut query = matching().order(api_keys::seq.desc()).limit(window.rows());
    if let Some(before) = before {
        query = query.filter(api_keys::seq.lt(before));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Counts the keys of a user that are neither revoked nor expired.
pub async fn count(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<i64> {
    api_keys::table
        .filter(api_keys::user_id.eq(user_id))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// Inserts a key.
pub async fn insert(conn: &Conn, key: &NewApiKey<'_>) -> QueryResult<ApiKey> {
    diesel::insert_into(api_keys::table)
        .values(key)
        .returning(ApiKey::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// The owner of a key, revoked or not.
pub async fn owner(conn: &Conn, id: Uuid) -> QueryResult<Option<Uuid>> {
    api_keys::table.find(id).select(api_keys::user_id).first(&mut &*conn).await.optional()
}

/// Revokes a key; returns false if it was revoked before.
pub async fn revoke(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let revoked = diesel::update(api_keys::table.find(id))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(now))
        .execute(&mut &*conn)
        .await?;
    Ok(revoked > 0)
}

/// Revokes every key of a user; returns how many were neither revoked nor expired.
pub async fn revoke_all(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(api_keys::table.filter(api_keys::user_id.eq(user_id)))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .set(api_keys::revoked_at.eq(now))
        .execute(&mut &*conn)
        .await
}

/// Records the use of a key, unless it is revoked or expired or its owner is disabled.
pub async fn note_use(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let active = users::table.filter(users::state.eq(UserState::Active)).select(users::id);
    diesel::update(api_keys::table.find(id))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .filter(api_keys::user_id.eq_any(active))
        .set(api_keys::last_used_at.eq(now))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
