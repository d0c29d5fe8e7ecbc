//! Sessions and the refresh tokens that keep them alive, each good for one use.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Interval, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::schema::{refresh_tokens, sessions, users};
use super::statement::Prepared;

/// A session and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// The user.
    pub user_id: Uuid,
}

/// A session that runs, as its user is shown it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct RunningSession {
    /// Its id.
    pub id: Uuid,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When it was started or last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// As the client named itself.
    pub user_agent: Option<String>,
}

/// Starts a session.
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

/// Lets a session that still runs go on until `expires_at`, but never longer than `longest` after its start, and not
/// more than `often` times: each leaves a used token. `None` where it runs no more.
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

/// Ends the session of a refresh token, used or not; `None` where none was running.
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

/// A page of the sessions of a user that still run, newest first.
pub async fn list(
    conn: &Conn,
    user_id: Uuid,
    before: Option<Uuid>,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Page<RunningSession>> {
    let mut query = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(RunningSession::as_select())
        .order(sessions::id.desc())
        .limit(limit + 1)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(sessions::id.lt(before));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}

/// Ends a session of a user; answers whether it was running.
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

/// Ends all sessions of a user but the newest so many; answers how many were running.
pub async fn end_all_but(conn: &Conn, user_id: Uuid, newest: i64, now: DateTime<Utc>) -> QueryResult<usize> {
    let query = diesel::sql_query(
        "update sessions set ended_at = $2 where id in (
             select id from sessions where user_id = $1 and ended_at is null and expires_at > $2
             order by id desc offset $3)",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(newest);
    Prepared(query).execute(&mut &*conn).await
}

/// Ends every session of a user, those at another issuer too: no token that was issued before is good any more.
/// Answers how many sessions of ours were running.
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

/// Keeps the hash of a session's next refresh token.
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

/// Uses a refresh token and answers its session; `None` where it is unknown or was used before. Of two requests
/// with the same token, the second waits here for the first to commit, and then finds it used.
pub async fn use_token(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Uuid>> {
    diesel::update(refresh_tokens::table.find(token_hash))
        .filter(refresh_tokens::used_at.is_null())
        .set(refresh_tokens::used_at.eq(now))
        .returning(refresh_tokens::session_id)
        .get_result(&mut &*conn)
        .await
        .optional()
}
