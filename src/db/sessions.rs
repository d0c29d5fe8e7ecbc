//! Sessions, and the single-use refresh tokens that prolong them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Interval, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::schema::{refresh_tokens, sessions, users};
use super::statement::Prepared;

/// A session and its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
}

/// A running session as its user sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct RunningSession {
    pub id: Uuid,
    /// The number of the session in the order in which sessions began.
    pub seq: i64,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    /// The end of the session unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
}

/// Inserts a session.
pub async fn insert(
    conn: &Conn,
    session: Session,
    user_agent: Option<&str>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id),
            sessions::user_id.eq(session.user_id),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(expires_at),
            sessions::user_agent.eq(user_agent),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Prolongs a running session until `expires_at`, but never beyond `longest` after its start and at most `often`
/// times, since each use leaves a used token. Returns `None` if the session is over.
pub async fn prolong(
    conn: &Conn,
    id: Uuid,
    expires_at: DateTime<Utc>,
    longest: TimeDelta,
    often: i32,
    now: DateTime<Utc>,
) -> QueryResult<Option<Session>> {
    let query = diesel::sql_query(
        "update sessions set last_used_at = $2, expires_at = least($3, created_at + $4), refreshes = refreshes + 1
         where id = $1 and ended_at is null and expires_at > $2 and refreshes < $5
         returning id, user_id",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at)
    .bind::<Interval, _>(longest)
    .bind::<Integer, _>(often);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Ends the session of a refresh token, used or not; returns `None` if it was over.
pub async fn end(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Session>> {
    let of_token = refresh_tokens::table.find(token_hash).select(refresh_tokens::session_id);
    diesel::update(sessions::table)
        .filter(sessions::id.eq_any(of_token))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(now))
        .returning(Session::as_returning())
        .get_result(&mut &*conn)
        .await
        .optional()
}

/// A page of a user's running sessions, newest first.
pub async fn list(
    conn: &Conn,
    user_id: Uuid,
    before: Option<i64>,
    now: DateTime<Utc>,
    window: Window,
) -> QueryResult<Page<RunningSession>> {
    let matching = || {
        sessions::table
            .filter(sessions::user_id.eq(user_id))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .select(RunningSession::as_select())
            .into_boxed()
    };
    let mut query = matching().order(sessions::seq.desc()).limit(window.rows());
    if let Some(before) = before {
        query = query.filter(sessions::seq.lt(before));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Ends a session of a user; returns whether it was running.
pub async fn end_one(conn: &Conn, user_id: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let ended = diesel::update(sessions::table.find(id))
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .set(sessions::ended_at.eq(now))
        .execute(&mut &*conn)
        .await?;
    Ok(ended > 0)
}

/// Ends all sessions of a user except for the newest; returns how many were running.
pub async fn end_all_but(conn: &Conn, user_id: Uuid, newest: i64, now: DateTime<Utc>) -> QueryResult<usize> {
    let query = diesel::sql_query(
        "update sessions set ended_at = $2 where id in (
             select id from sessions where user_id = $1 and ended_at is null and expires_at > $2
             order by seq desc offset $3)",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(newest);
    Prepared(query).execute(&mut &*conn).await
}

/// Ends every session of a user, and invalidates every token that another issuer issued before. Returns how many
/// sessions of this service were running.
pub async fn end_all(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    let mut ended: Vec<DateTime<Utc>> = diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(now))
        .returning(sessions::expires_at)
        .load(&mut &*conn)
        .await?;
    diesel::update(users::table.find(user_id))
        .set(users::sessions_ended_at.eq(now))
        .execute(&mut &*conn)
        .await?;
    ended.retain(|expires_at| *expires_at > now);
    Ok(ended.len())
}

/// Stores the hash of a session's next refresh token.
pub async fn insert_token(
    conn: &Conn,
    session_id: Uuid,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(token_hash),
            refresh_tokens::session_id.eq(session_id),
            refresh_tokens::created_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Locks the user of a refresh token, used or not, until the transaction ends, as [`super::users::lock`] does. Returns
/// whether the token is known.
pub async fn lock_user_of_token(conn: &Conn, token_hash: &[u8; 32]) -> QueryResult<bool> {
    let session = refresh_tokens::table.find(token_hash).select(refresh_tokens::session_id);
    let user = sessions::table.filter(sessions::id.eq_any(session)).select(sessions::user_id);
    users::table
        .filter(users::id.eq_any(user))
        .select(users::id)
        .for_no_key_update()
        .execute(&mut &*conn)
        .await
        .map(|locked| locked > 0)
}

/// Uses a refresh token and returns its session; `None` if the token is unknown or used. The second of two concurrent
/// calls waits for the first to commit, and then finds the token used.
pub async fn use_token(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Uuid>> {
    diesel::update(refresh_tokens::table.find(token_hash))
        .filter(refresh_tokens::used_at.is_null())
        .set(refresh_tokens::used_at.eq(now))
        .returning(refresh_tokens::session_id)
        .get_result(&mut &*conn)
        .await
        .optional()
}

/// Returns whether a refresh token was used after an instant.
pub async fn was_used_after(conn: &Conn, token_hash: &[u8; 32], instant: DateTime<Utc>) -> QueryResult<bool> {
    let used = refresh_tokens::table.find(token_hash).filter(refresh_tokens::used_at.gt(instant));
    diesel::select(diesel::dsl::exists(used)).get_result(&mut &*conn).await
}

/// The running session of a refresh token that was not used.
pub async fn of_unused_token(
    conn: &Conn,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<Option<Session>> {
    let of_token = refresh_tokens::table
        .find(token_hash)
        .filter(refresh_tokens::used_at.is_null())
        .select(refresh_tokens::session_id);
    sessions::table
        .filter(sessions::id.eq_any(of_token))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(Session::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}
