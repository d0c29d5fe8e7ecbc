//! The e-mails that wait to be sent. Address, text and secrets are no columns: they are read or computed when an e-mail is
//! sent.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{emails, invitations, password_resets, users};
use super::statement::Prepared;
use crate::domain::email::{EmailEnd, EmailKind};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::UserState;

/// An e-mail that a process has claimed for one attempt.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = emails, check_for_backend(diesel::pg::Pg))]
pub struct ClaimedEmail {
    pub id: Uuid,
    pub user_id: Uuid,
    pub kind: String,
    /// The number of this attempt: a process that was thought dead records nothing once another one has claimed the e-mail.
    pub attempts: i32,
    /// The failures before this attempt.
    pub failures: i32,
    pub first_failed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Inserts an e-mail that is to be sent at once.
pub async fn insert(
    conn: &Conn,
    id: Uuid,
    user_id: Uuid,
    kind: EmailKind,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(emails::table)
        .values((
            emails::id.eq(id),
            emails::user_id.eq(user_id),
            emails::kind.eq(kind.code()),
            emails::next_attempt_at.eq(now),
            emails::created_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The number of e-mails of one kind that were made for a user since an instant.
pub async fn count_since(
    conn: &Conn,
    user_id: Uuid,
    kind: EmailKind,
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    emails::table
        .filter(emails::user_id.eq(user_id))
        .filter(emails::created_at.gt(since))
        .filter(emails::kind.eq(kind.code()))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// Claims e-mails whose time has come, for one attempt each. A process that is killed leaves its e-mails to
/// others after `claimed_until`. E-mails that another process is
/// claiming at the same time are skipped.
pub async fn claim(
    conn: &Conn,
    limit: i64,
    now: DateTime<Utc>,
    claimed_until: DateTime<Utc>,
) -> QueryResult<Vec<ClaimedEmail>> {
    let query = diesel::sql_query(
        "update emails set attempts = attempts + 1, next_attempt_at = $3
         where id in (
             select id from emails where state = 'waiting' and next_attempt_at <= $2
             order by kind in ('news', 'digest'), next_attempt_at limit $1 for update skip locked
         )
         returning id, user_id, kind, attempts, failures, first_failed_at, created_at",
    )
    .bind::<BigInt, _>(limit)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(claimed_until);
    Prepared(query).load(&mut &*conn).await
}

/// Ends an e-mail, unless another process has claimed it since.
pub async fn end(
    conn: &Conn,
    email: &ClaimedEmail,
    end: EmailEnd,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let ended = diesel::update(emails::table.find(email.id))
        .filter(emails::attempts.eq(email.attempts))
        .filter(emails::finished_at.is_null())
        .set((emails::state.eq(end.code()), emails::finished_at.eq(now), emails::last_error.eq(error)))
        .execute(&mut &*conn)
        .await?;
    Ok(ended > 0)
}

/// The next attempt of an e-mail that was not sent.
#[derive(Debug, Clone, Copy, AsChangeset)]
#[diesel(table_name = emails)]
pub struct NextAttempt<'a> {
    pub next_attempt_at: DateTime<Utc>,
    pub failures: i32,
    pub first_failed_at: Option<DateTime<Utc>>,
    pub last_error: Option<&'a str>,
}

/// Lets an e-mail wait for its next attempt, unless another process has claimed it since.
pub async fn wait(conn: &Conn, email: &ClaimedEmail, next: NextAttempt<'_>) -> QueryResult<()> {
    diesel::update(emails::table.find(email.id))
        .filter(emails::attempts.eq(email.attempts))
        .filter(emails::finished_at.is_null())
        .set(next)
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The person who gets an e-mail, as they are now.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct Addressee {
    pub email: String,
    pub name: LocalizedText,
    pub locale: Language,
    pub state: UserState,
    pub email_disabled_at: Option<DateTime<Utc>>,
}

/// The person who gets an e-mail.
pub async fn addressee(conn: &Conn, user_id: Uuid) -> QueryResult<Addressee> {
    users::table.find(user_id).select(Addressee::as_select()).first(&mut &*conn).await
}

/// The expiry of the user's invitation, if it has this token.
pub async fn invitation_expiry(
    conn: &Conn,
    user_id: Uuid,
    token_hash: &[u8; 32],
) -> QueryResult<Option<DateTime<Utc>>> {
    invitations::table
        .find(token_hash.as_slice())
        .filter(invitations::user_id.eq(user_id))
        .select(invitations::expires_at)
        .first(&mut &*conn)
        .await
        .optional()
}

/// The expiry of the user's link with this token, by which the user sets a new password.
pub async fn password_reset_expiry(
    conn: &Conn,
    user_id: Uuid,
    token_hash: &[u8; 32],
) -> QueryResult<Option<DateTime<Utc>>> {
    password_resets::table
        .find(token_hash.as_slice())
        .filter(password_resets::user_id.eq(user_id))
        .select(password_resets::expires_at)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Disables the address of a user, unless the address has changed since the e-mail was sent to it; returns whether the
/// address is disabled now and was not before.
pub async fn disable_address(
    conn: &Conn,
    user_id: Uuid,
    address: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let disabled = diesel::update(users::table.find(user_id))
        .filter(users::email.eq(address))
        .filter(users::email_disabled_at.is_null())
        .set((users::email_disabled_at.eq(now), users::email_disabled_reason.eq(reason)))
        .execute(&mut &*conn)
        .await?;
    Ok(disabled > 0)
}

/// Enables the address of a user again; returns whether it was disabled.
pub async fn enable_address(conn: &Conn, user_id: Uuid) -> QueryResult<bool> {
    let enabled = diesel::update(users::table.find(user_id))
        .filter(users::email_disabled_at.is_not_null())
        .set((
            users::email_disabled_at.eq(None::<DateTime<Utc>>),
            users::email_disabled_reason.eq(None::<&str>),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(enabled > 0)
}
