//! Deletion of expired rows in small batches: a long delete would hold its locks and reach the statement timeout.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::statement::Prepared;

/// The kinds of rows that expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Responses stored for retries, by the time of their claim.
    IdempotencyKeys,
    /// Refused attempts, by the last of them.
    RefusedAttempts,
    /// Sessions with their tokens, by the time of their end.
    Sessions,
    /// Invitations, by the time of their expiry.
    Invitations,
    /// Page links, by the time of their expiry.
    PageLinks,
    /// Notifications, by the time of their cause.
    Notifications,
    /// E-mails that wait no longer, by the time of their end.
    Emails,
    /// Links for forgotten passwords, by the time of their expiry.
    PasswordResets,
    /// Reminders, by their time.
    Reminders,
}

impl Expired {
    pub const ALL: [Self; 9] = [
        Self::IdempotencyKeys,
        Self::RefusedAttempts,
        Self::Sessions,
        Self::Invitations,
        Self::PageLinks,
        Self::Notifications,
        Self::Emails,
        Self::PasswordResets,
        Self::Reminders,
    ];

    /// The statement skips locked rows, since several instances may delete at once.
    fn statement(self) -> &'static str {
        match self {
            Self::IdempotencyKeys => {
                "delete from idempotency_keys where (user_id, operation, key) in (
                     select user_id, operation, key from idempotency_keys where created_at < $1
                     order by created_at limit $2 for update skip locked)"
            }
            Self::RefusedAttempts => {
                "delete from refused_attempts where id in (
                     select id from refused_attempts where last_at < $1
                     order by last_at limit $2 for update skip locked)"
            }
            Self::Sessions => {
                "delete from sessions where id in (
                     select id from sessions where least(ended_at, expires_at) < $1
                     limit $2 for update skip locked)"
            }
            Self::PageLinks => {
                "delete from page_links where token_hash in (
                     select token_hash from page_links where expires_at < $1
                     order by expires_at limit $2 for update skip locked)"
            }
            Self::Notifications => {
                "delete from notifications where (user_id, id) in (
                     select user_id, id from notifications where created_at < $1
                     order by created_at limit $2 for update skip locked)"
            }
            Self::Emails => {
                "delete from emails where id in (
                     select id from emails where state <> 'waiting' and finished_at < $1
                     order by finished_at limit $2 for update skip locked)"
            }
            Self::PasswordResets => {
                "delete from password_resets where token_hash in (
                     select token_hash from password_resets where expires_at < $1
                     order by expires_at limit $2 for update skip locked)"
            }
            Self::Reminders => {
                "delete from reminders where (task_force_id, kind, subject_id, day) in (
                     select task_force_id, kind, subject_id, day from reminders where reminded_at < $1
                     order by reminded_at limit $2 for update skip locked)"
            }
            Self::Invitations => {
                "delete from invitations where token_hash in (
                     select token_hash from invitations where expires_at < $1
                     limit $2 for update skip locked)"
            }
        }
    }
}

/// Deletes at most `limit` of what was over before an instant, and returns how many.
pub async fn delete(conn: &Conn, what: Expired, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    let query = diesel::sql_query(what.statement()).bind::<Timestamptz, _>(before).bind::<BigInt, _>(limit);
    Prepared(query).execute(&mut &*conn).await
}
