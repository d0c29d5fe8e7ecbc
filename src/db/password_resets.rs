//! Forgotten passwords: the requests, and the links by which users set new passwords.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{emails, password_reset_requests, password_resets, passwords, users};
use super::users::Account;
use crate::domain::email::{EmailEnd, EmailKind};
use crate::domain::user::UserState;

/// A request for a new password, whether or not somebody has the address.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = password_reset_requests, check_for_backend(diesel::pg::Pg))]
pub struct PasswordResetRequest {
    pub id: Uuid,
    pub email_folded: String,
    pub request_id: String,
    pub created_at: DateTime<Utc>,
}

/// Stores a request.
pub async fn insert_request(conn: &Conn, request: &PasswordResetRequest) -> QueryResult<()> {
    diesel::insert_into(password_reset_requests::table).values(request).execute(&mut &*conn).await.map(drop)
}

/// Locks the oldest request that no other process has locked.
pub async fn lock_request(conn: &Conn) -> QueryResult<Option<PasswordResetRequest>> {
    password_reset_requests::table
        .order((password_reset_requests::created_at, password_reset_requests::id))
        .select(PasswordResetRequest::as_select())
        .for_update()
        .skip_locked()
        .first(&mut &*conn)
        .await
        .optional()
}

/// Deletes a request.
pub async fn delete_request(conn: &Conn, id: Uuid) -> QueryResult<()> {
    diesel::delete(password_reset_requests::table.find(id)).execute(&mut &*conn).await.map(drop)
}

/// The active user who has an address and a password.
pub async fn user_with_password(conn: &Conn, email_folded: &str) -> QueryResult<Option<Uuid>> {
    users::table
        .inner_join(passwords::table.on(passwords::user_id.eq(users::id)))
        .filter(users::email_folded.eq(email_folded))
        .filter(users::state.eq(UserState::Active))
        .select(users::id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Tells whether a user was sent a link after an instant that can still be used. A link in an e-mail that the mail server
/// has refused does not count, since nobody has it.
pub async fn was_sent_since(
    conn: &Conn,
    user_id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    // A link and its e-mail are made at the same instant.
    let email = emails::table
        .filter(emails::user_id.eq(password_resets::user_id))
        .filter(emails::created_at.eq(password_resets::created_at))
        .filter(emails::kind.eq(EmailKind::PasswordReset.code()))
        .filter(emails::state.ne(EmailEnd::Refused.code()));
    let link = password_resets::table
        .filter(password_resets::user_id.eq(user_id))
        .filter(password_resets::created_at.gt(since))
        .filter(password_resets::expires_at.gt(now))
        .filter(exists(email));
    diesel::select(exists(link)).get_result(&mut &*conn).await
}

/// Gives a user a link, beside which the link before stays valid, and no older one.
pub async fn insert(
    conn: &Conn,
    user_id: Uuid,
    token_hash: &[u8; 32],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let newest = password_resets::table
        .filter(password_resets::user_id.eq(user_id))
        .order((password_resets::created_at.desc(), password_resets::token_hash))
        .select(password_resets::token_hash)
        .first::<Vec<u8>>(&mut &*conn)
        .await
        .optional()?;
    if let Some(newest) = newest {
        diesel::delete(password_resets::table.filter(password_resets::user_id.eq(user_id)))
            .filter(password_resets::token_hash.ne(newest))
            .execute(&mut &*conn)
            .await?;
    }
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::user_id.eq(user_id),
            password_resets::token_hash.eq(token_hash.as_slice()),
            password_resets::expires_at.eq(expires_at),
            password_resets::created_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The account of an active user by a link whose time has not passed.
pub async fn account(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Account>> {
    password_resets::table
        .inner_join(users::table.on(users::id.eq(password_resets::user_id)))
        .left_join(passwords::table.on(passwords::user_id.eq(users::id)))
        .filter(password_resets::token_hash.eq(token_hash.as_slice()))
        .filter(password_resets::expires_at.gt(now))
        .filter(users::state.eq(UserState::Active))
        .select(Account::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Uses up a link; returns whether there was one.
pub async fn use_up(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<bool> {
    let used =
        diesel::delete(password_resets::table.filter(password_resets::token_hash.eq(token_hash.as_slice())))
            .filter(password_resets::expires_at.gt(now))
            .execute(&mut &*conn)
            .await?;
    Ok(used > 0)
}

/// Ends the links of a user.
pub async fn end(conn: &Conn, user_id: Uuid) -> QueryResult<()> {
    diesel::delete(password_resets::table.filter(password_resets::user_id.eq(user_id)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}
