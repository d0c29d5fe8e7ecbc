//! Users, their invitations and the seats they hold.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::functions::holding;
use super::page::Page;
use super::schema::{invitations, members, users};
use super::statement::{Prepared, columns};
use crate::domain::rights::SeatRole;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{CouncilRole, UserState};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Both wordings of a text, folded.
    fn fold_localized(value: Jsonb) -> diesel::sql_types::Text;
}

/// A user as it is stored, but for the password's hash: that leaves the database only to be checked.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct User {
    /// Its id.
    pub id: Uuid,
    #[diesel(embed)]
    pub fields: UserFields,
    /// Whether the user may sign in.
    pub state: UserState,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The fields that people write.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase")]
pub struct UserFields {
    /// As in [`User`].
    pub email: String,
    /// As in [`User`].
    pub name: LocalizedText,
    /// As in [`User`].
    pub role: CouncilRole,
    /// As in [`User`].
    pub locale: Language,
}

/// A user with what its state and role depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct UserDetail {
    /// The user.
    #[diesel(embed)]
    pub user: User,
    /// When the invitation lapses that was not accepted yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub invitation_expires_at: Option<DateTime<Utc>>,
    /// Whether no other administrator is active.
    #[diesel(sql_type = Bool)]
    pub is_last_administrator: bool,
    /// Whether the user holds a seat in any task force.
    #[diesel(sql_type = Bool)]
    pub holds_seat: bool,
}

/// Finds a user.
pub async fn find(conn: &Conn, id: Uuid) -> QueryResult<Option<UserDetail>> {
    let columns = columns::<User>()?;
    let query = diesel::sql_query(format!(
        "select {columns}, i.expires_at as invitation_expires_at,
                users.role = 'administrator' and users.state = 'active' and not exists (
                    select from users o where o.role = 'administrator' and o.state = 'active' and o.id <> users.id
                ) as is_last_administrator,
                exists (
                    select from members m join task_forces t on t.id = m.task_force_id
                    where m.user_id = users.id and m.to_date is null
                      and t.state not in ('concluded', 'dissolved')
                ) as holds_seat
         from users left join invitations i on i.user_id = users.id
         where users.id = $1",
    ))
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Holds a user and every active administrator as they are until the transaction ends, always in the same order:
/// of two changes that would take the last two administrators away, the second sees the first.
pub async fn lock(conn: &Conn, id: Uuid) -> QueryResult<()> {
    let administers = users::role.eq(CouncilRole::Administrator).and(users::state.eq(UserState::Active));
    users::table
        .filter(users::id.eq(id).or(administers))
        .order(users::id)
        .select(users::id)
        .for_update()
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Inserts a user, who has no password until an invitation is accepted.
pub async fn insert(conn: &Conn, id: Uuid, fields: &UserFields, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(users::table)
        .values((fields, users::id.eq(id), users::created_at.eq(now), users::updated_at.eq(now)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Sets a user's fields.
pub async fn update(conn: &Conn, id: Uuid, fields: &UserFields, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(users::table.find(id))
        .set((fields, users::version.eq(users::version + 1), users::updated_at.eq(now)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Sets a user's state.
pub async fn set_state(conn: &Conn, id: Uuid, state: UserState, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(users::table.find(id))
        .set((users::state.eq(state), users::version.eq(users::version + 1), users::updated_at.eq(now)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Whom a list of users reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every user.
    Everybody,
    /// Everybody but the administrators.
    AllButAdministrators,
    /// Who could hold a seat; found by name only, since an address that finds somebody is an address told.
    ActiveExperts,
}

/// What a list of users is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only of this role.
    pub role: Option<CouncilRole>,
    /// Only in this state.
    pub state: Option<UserState>,
    /// Only those whose name or address holds this, folded.
    pub q: Option<String>,
}

/// A user of a list, and when the invitation lapses that was not accepted yet.
pub type ListedUser = (User, Option<DateTime<Utc>>);

/// A page of users, oldest first.
pub async fn list(
    conn: &Conn,
    reach: Reach,
    filter: &UserFilter,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<ListedUser>> {
    let mut query = users::table
        .left_join(invitations::table.on(invitations::user_id.eq(users::id)))
        .select((User::as_select(), invitations::expires_at.nullable()))
        .order(users::id)
        .limit(limit + 1)
        .into_boxed();
    query = match reach {
        Reach::Everybody => query,
        Reach::AllButAdministrators => query.filter(users::role.ne(CouncilRole::Administrator)),
        Reach::ActiveExperts => {
            query.filter(users::role.eq(CouncilRole::Expert)).filter(users::state.eq(UserState::Active))
        }
    };
    if let Some(after) = after {
        query = query.filter(users::id.gt(after));
    }
    if let Some(role) = filter.role {
        query = query.filter(users::role.eq(role));
    }
    if let Some(state) = filter.state {
        query = query.filter(users::state.eq(state));
    }
    if let Some(q) = &filter.q {
        // The index is on both; the name alone is asked for on top of it.
        query = query.filter(users::search.like(holding(q)));
        if reach == Reach::ActiveExperts {
            query = query.filter(fold_localized(users::name).like(holding(q)));
        }
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}

/// A current seat of a user.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
pub struct Membership {
    /// Where.
    pub task_force_id: Uuid,
    /// The seat.
    #[diesel(column_name = id)]
    pub member_id: Uuid,
    /// Chair or expert.
    pub role: SeatRole,
}

/// The current seats of a user, oldest first.
pub async fn memberships(conn: &Conn, id: Uuid) -> QueryResult<Vec<Membership>> {
    members::table
        .filter(members::user_id.eq(id))
        .filter(members::to_date.is_null())
        .order(members::id)
        .select(Membership::as_select())
        .load(&mut &*conn)
        .await
}

/// Who may sign in under this address, and the hash of the password.
pub async fn credentials(conn: &Conn, email: &str) -> QueryResult<Option<(Uuid, String)>> {
    users::table
        .filter(users::email.eq(email))
        .filter(users::state.eq(UserState::Active))
        .filter(users::password_hash.is_not_null())
        .select((users::id, users::password_hash.assume_not_null()))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Somebody who may sign in: what a new password of theirs must not be made of, and the hash of the present one.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
#[expect(missing_debug_implementations, reason = "it holds the hash of a password")]
pub struct Account {
    /// The user.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// The person's name.
    pub name: LocalizedText,
    /// `None` for somebody who never chose a password.
    pub password_hash: Option<String>,
}

/// The account of a user who may sign in.
pub async fn account(conn: &Conn, id: Uuid) -> QueryResult<Option<Account>> {
    users::table
        .find(id)
        .filter(users::state.eq(UserState::Active))
        .select(Account::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Whether the user may still sign in with this password, held so until the transaction ends.
pub async fn hold_credentials(conn: &Conn, id: Uuid, password_hash: &str) -> QueryResult<bool> {
    let held = users::table
        .find(id)
        .filter(users::state.eq(UserState::Active))
        .filter(users::password_hash.eq(password_hash))
        .select(users::id)
        .for_share()
        .execute(&mut &*conn)
        .await?;
    Ok(held > 0)
}

/// Sets the password of a user who may sign in; answers whether there is one.
pub async fn set_password(conn: &Conn, id: Uuid, hash: &str) -> QueryResult<bool> {
    let set = diesel::update(users::table.find(id).filter(users::state.eq(UserState::Active)))
        .set(users::password_hash.eq(hash))
        .execute(&mut &*conn)
        .await?;
    Ok(set > 0)
}

/// Sets another password of a user who may sign in with this one; answers whether there is such a user.
pub async fn change_password(conn: &Conn, id: Uuid, present: &str, next: &str) -> QueryResult<bool> {
    let may_change = users::state.eq(UserState::Active).and(users::password_hash.eq(present));
    let changed = diesel::update(users::table.find(id).filter(may_change))
        .set(users::password_hash.eq(next))
        .execute(&mut &*conn)
        .await?;
    Ok(changed > 0)
}

/// Invites a user; an older invitation is replaced.
pub async fn invite(
    conn: &Conn,
    id: Uuid,
    token_hash: &[u8; 32],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(invitations::table)
        .values((
            invitations::token_hash.eq(token_hash),
            invitations::user_id.eq(id),
            invitations::expires_at.eq(expires_at),
            invitations::created_at.eq(now),
        ))
        .on_conflict(invitations::user_id)
        .do_update()
        .set((
            invitations::token_hash.eq(excluded(invitations::token_hash)),
            invitations::expires_at.eq(excluded(invitations::expires_at)),
            invitations::created_at.eq(excluded(invitations::created_at)),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Whom an invitation that hasn't lapsed invites, if they may sign in.
pub async fn invited(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Account>> {
    invitations::table
        .inner_join(users::table.on(users::id.eq(invitations::user_id)))
        .filter(invitations::token_hash.eq(token_hash))
        .filter(invitations::expires_at.gt(now))
        .filter(users::state.eq(UserState::Active))
        .select(Account::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Uses an invitation up; answers whether it was there to be used.
pub async fn use_invitation(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<bool> {
    let used = diesel::delete(invitations::table.find(token_hash))
        .filter(invitations::expires_at.gt(now))
        .execute(&mut &*conn)
        .await?;
    Ok(used > 0)
}

/// Whether there is any user at all.
pub async fn are_any(conn: &Conn) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.select(users::id))).get_result(&mut &*conn).await
}

/// Whether somebody has this address.
pub async fn has_account(conn: &Conn, email: &str) -> QueryResult<bool> {
    let found = users::table.filter(users::email.eq(email)).select(users::id);
    diesel::select(diesel::dsl::exists(found)).get_result(&mut &*conn).await
}
