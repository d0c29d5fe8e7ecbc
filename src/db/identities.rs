//! Links between users and the subjects of other issuers (single sign-on).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{user_identities, users};
use super::users::UserFields;
use crate::domain::user::{UserRole, UserState, fold_address};

/// The user who is linked to an issuer's subject.
pub async fn find(conn: &Conn, issuer: &str, subject: &str) -> QueryResult<Option<Uuid>> {
    user_identities::table
        .find((issuer, subject))
        .select(user_identities::user_id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// A user who could be linked to an issuer's subject.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct Candidate {
    pub id: Uuid,
    /// Role across the installation.
    pub role: UserRole,
    /// Only a user who is not disabled may be linked.
    pub state: UserState,
}

/// The user with this address in any spelling, locked until the transaction ends.
pub async fn lock_by_email(conn: &Conn, email: &str) -> QueryResult<Option<Candidate>> {
    users::table
        .filter(users::email_folded.eq(fold_address(email)))
        .select(Candidate::as_select())
        .for_no_key_update()
        .first(&mut &*conn)
        .await
        .optional()
}

/// Inserts a user unless the address is taken; returns whether a row was inserted. The second of two concurrent calls
/// waits for the first to commit.
pub async fn insert_user(
    conn: &Conn,
    id: Uuid,
    fields: &UserFields,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let inserted = diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            fields,
            users::email_folded.eq(fold_address(&fields.email)),
            users::state.eq(UserState::Active),
            users::created_at.eq(now),
            users::updated_at.eq(now),
        ))
        .on_conflict(users::email_folded)
        .do_nothing()
        .execute(&mut &*conn)
        .await?;
    Ok(inserted > 0)
}

/// Links a user to an issuer's subject unless either is linked already; returns whether a row was inserted. Concurrent
/// calls wait as in [`insert_user`].
pub async fn link(
    conn: &Conn,
    issuer: &str,
    subject: &str,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let linked = diesel::insert_into(user_identities::table)
        .values((
            user_identities::issuer.eq(issuer),
            user_identities::subject.eq(subject),
            user_identities::user_id.eq(user_id),
            user_identities::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(&mut &*conn)
        .await?;
    Ok(linked > 0)
}
