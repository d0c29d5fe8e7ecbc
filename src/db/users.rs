//! Users, their invitations and the seats they hold.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::functions::pattern;
use super::page::{Keyed, NameOrder, Page, Window};
use super::relations::{expression, key_column, sort_key};
use super::schema::{invitations, members, passwords, task_forces, users};
use super::statement::{Prepared, columns};
use crate::domain::rights::SeatRole;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserFacts, UserRole, UserState, fold_address};

#[diesel::declare_sql_function]
extern "SQL" {
    /// A part of a text, counted from one.
    fn split_part(value: Text, delimiter: Text, part: Integer) -> Text;
}

/// A user without the hash of the password, which leaves the database only for verification.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct User {
    pub id: Uuid,
    #[diesel(embed)]
    pub fields: UserFields,
    /// Only an active user may sign in.
    pub state: UserState,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The time at which the mail server refused the address for good; no e-mail is sent to it since.
    pub email_disabled_at: Option<DateTime<Utc>>,
    /// The reply of the mail server.
    pub email_disabled_reason: Option<String>,
}

/// The changeable fields.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase")]
pub struct UserFields {
    pub email: String,
    pub name: LocalizedText,
    pub role: UserRole,
    pub locale: Language,
}

/// A user with the facts that state and role depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct UserDetail {
    #[diesel(embed)]
    pub user: User,
    /// The expiry of an invitation that is not accepted yet.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub invitation_expires_at: Option<DateTime<Utc>>,
    /// True if no other administrator is active.
    #[diesel(sql_type = Bool)]
    pub is_last_administrator: bool,
    /// True if the person has chosen a password, or has come by single sign-on.
    #[diesel(sql_type = Bool)]
    pub has_accepted: bool,
    /// True if the user has a seat in a task force that is not over.
    #[diesel(sql_type = Bool)]
    pub holds_seat: bool,
}

impl UserDetail {
    /// The facts that the transitions depend on.
    pub fn facts(&self) -> UserFacts {
        UserFacts { is_last_administrator: self.is_last_administrator, has_accepted: self.has_accepted }
    }
}

/// Finds a user.
pub async fn find(conn: &Conn, id: Uuid) -> QueryResult<Option<UserDetail>> {
    let columns = columns::<User>()?;
    let query = diesel::sql_query(format!(
        "select {columns}, i.expires_at as invitation_expires_at,
                users.role = 'administrator' and users.state = 'active' and not exists (
                    select from users o where o.role = 'administrator' and o.state = 'active' and o.id <> users.id
                ) as is_last_administrator,
                exists (select from passwords p where p.user_id = users.id)
                    or exists (select from user_identities l where l.user_id = users.id) as has_accepted,
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

/// Locks a user until the transaction ends. Whatever gives authority to a user (a session, an API key, an invitation)
/// takes this lock before it reads the user's state, counts and inserts. A change that ends authority takes the same
/// lock, so that nothing in the making outlives the change.
pub async fn lock(conn: &Conn, id: Uuid) -> QueryResult<()> {
    users::table.find(id).select(users::id).for_no_key_update().execute(&mut &*conn).await.map(drop)
}

/// Locks some users and every active administrator until the transaction ends, always in the same order. Of two
/// concurrent changes that would remove the last two administrators, the second therefore sees the first.
pub async fn lock_with_administrators(conn: &Conn, ids: &[Uuid]) -> QueryResult<()> {
    let administers = users::role.eq(UserRole::Administrator).and(users::state.eq(UserState::Active));
    users::table
        .filter(users::id.eq_any(ids).or(administers))
        .order(users::id)
        .select(users::id)
        .for_update()
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Inserts a user who is invited, and has no password until the invitation is accepted.
pub async fn insert(conn: &Conn, id: Uuid, fields: &UserFields, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(users::table)
        .values((
            fields,
            users::id.eq(id),
            users::email_folded.eq(fold_address(&fields.email)),
            users::state.eq(UserState::Invited),
            users::created_at.eq(now),
            users::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The user who has an address.
pub async fn with_address(conn: &Conn, email: &str) -> QueryResult<Option<(Uuid, UserRole, LocalizedText)>> {
    users::table
        .filter(users::email_folded.eq(fold_address(email)))
        .select((users::id, users::role, users::name))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Makes a user active who was invited; returns whether there is such a user.
pub async fn activate(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let activated = diesel::update(users::table.find(id).filter(users::state.eq(UserState::Invited)))
        .set((
            users::state.eq(UserState::Active),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(activated > 0)
}

/// Sets a user's fields.
pub async fn update(conn: &Conn, id: Uuid, fields: &UserFields, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(users::table.find(id))
        .set((
            fields,
            users::email_folded.eq(fold_address(&fields.email)),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
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

/// The users that a caller may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Everybody,
    /// All users except for administrators.
    AllButAdministrators,
    /// The users who could have a seat. A search matches their names only, since a match by address would reveal the
    /// address.
    Experts,
}

/// Narrows a list of users.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    pub role: Option<UserRole>,
    pub state: Option<UserState>,
    /// Only users whose name or address contains this, folded.
    pub q: Option<String>,
}

/// A user of a list, with the expiry of an invitation that is not accepted yet.
pub type ListedUser = (User, Option<DateTime<Utc>>);

/// A page of users.
pub async fn list(
    conn: &Conn,
    reach: Reach,
    filter: &UserFilter,
    order: &NameOrder,
    window: Window,
) -> QueryResult<Page<Keyed<ListedUser>>> {
    let matching = || {
        let mut query = users::table
            .left_join(invitations::table.on(invitations::user_id.eq(users::id)))
            .select((
                User::as_select(),
                invitations::expires_at.nullable(),
                key_column("users.name", order.language()),
            ))
            .into_boxed();
        query = match reach {
            Reach::Everybody => query,
            Reach::AllButAdministrators => query.filter(users::role.ne(UserRole::Administrator)),
            Reach::Experts => {
                query.filter(users::role.eq(UserRole::Expert)).filter(users::state.ne(UserState::Disabled))
            }
        };
        if let Some(role) = filter.role {
            query = query.filter(users::role.eq(role));
        }
        if let Some(state) = filter.state {
            query = query.filter(users::state.eq(state));
        }
        if let Some(q) = &filter.q {
            query = if reach == Reach::Experts {
                // The name is the first line of the column, the address the second.
                query.filter(split_part(users::search, "\n", 1).nullable().like(pattern(q)))
            } else {
                query.filter(users::search.nullable().like(pattern(q)))
            };
        }
        query
    };
    let mut query = matching().limit(window.rows());
    query = match order {
        NameOrder::CreatedAt(after) => {
            if let Some(after) = after {
                query = query.filter(users::id.gt(*after));
            }
            query.order(users::id)
        }
        NameOrder::Name(language, after) => {
            let key = || expression::<Text>(sort_key("users.name", *language));
            if let Some((after, id)) = after {
                query = query
                    .filter(key().ge(after.as_str()))
                    .filter(key().gt(after.as_str()).or(users::id.gt(*id)));
            }
            query.order((key(), users::id))
        }
    };
    let rows = async { query.load::<(User, Option<DateTime<Utc>>, Option<String>)>(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    Ok(window.page(rows, total).await?.map(|(user, invited, key)| Keyed { row: (user, invited), key }))
}

/// A current seat of a user.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
pub struct Membership {
    pub task_force_id: Uuid,
    #[diesel(column_name = id)]
    pub member_id: Uuid,
    pub role: SeatRole,
    #[diesel(select_expression = task_forces::name, select_expression_type = task_forces::name)]
    pub task_force_name: LocalizedText,
    #[diesel(select_expression = task_forces::state, select_expression_type = task_forces::state)]
    pub task_force_state: TaskForceState,
}

/// The current seats of a user, in the order of their ids.
pub async fn memberships(conn: &Conn, id: Uuid) -> QueryResult<Vec<Membership>> {
    members::table
        .inner_join(task_forces::table.on(task_forces::id.eq(members::task_force_id)))
        .filter(members::user_id.eq(id))
        .filter(members::to_date.is_null())
        .order(members::id)
        .select(Membership::as_select())
        .load(&mut &*conn)
        .await
}

/// The active user with this folded address, and the hash of the password.
pub async fn credentials(conn: &Conn, email_folded: &str) -> QueryResult<Option<(Uuid, String)>> {
    users::table
        .inner_join(passwords::table.on(passwords::user_id.eq(users::id)))
        .filter(users::email_folded.eq(email_folded))
        .filter(users::state.eq(UserState::Active))
        .select((users::id, passwords::hash))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The account of a user: the words that a new password must not be made of, and the hash of the current one.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
#[expect(missing_debug_implementations, reason = "it holds the hash of a password")]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    /// The address by which the account is found.
    pub email_folded: String,
    pub name: LocalizedText,
    /// `None` for a user who never chose a password.
    #[diesel(select_expression = passwords::hash.nullable())]
    #[diesel(select_expression_type = diesel::dsl::Nullable<passwords::hash>)]
    pub password_hash: Option<String>,
}

/// The account of an active user.
pub async fn account(conn: &Conn, id: Uuid) -> QueryResult<Option<Account>> {
    users::table
        .left_join(passwords::table.on(passwords::user_id.eq(users::id)))
        .filter(users::id.eq(id))
        .filter(users::state.eq(UserState::Active))
        .select(Account::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Returns whether the user may still sign in with this password; locks the user until the transaction ends, as
/// [`lock`] does.
pub async fn lock_credentials(conn: &Conn, id: Uuid, password_hash: &str) -> QueryResult<bool> {
    // Two statements: the first waits for the lock, and only a later one sees what was changed under it.
    if !lock_in_state(conn, id, &[UserState::Active]).await? {
        return Ok(false);
    }
    let held = passwords::table.find(id).filter(passwords::hash.eq(password_hash)).select(passwords::user_id);
    diesel::select(diesel::dsl::exists(held)).get_result(&mut &*conn).await
}

/// Locks a user, as [`lock`] does; returns whether the user is in one of these states.
async fn lock_in_state(conn: &Conn, id: Uuid, states: &[UserState]) -> QueryResult<bool> {
    let found = users::table
        .find(id)
        .filter(users::state.eq_any(states))
        .select(users::id)
        .for_no_key_update()
        .execute(&mut &*conn)
        .await?;
    Ok(found > 0)
}

/// Sets the password of a user who is not disabled; returns whether there is such a user.
pub async fn set_password(conn: &Conn, id: Uuid, hash: &str) -> QueryResult<bool> {
    if !lock_in_state(conn, id, &[UserState::Invited, UserState::Active]).await? {
        return Ok(false);
    }
    diesel::insert_into(passwords::table)
        .values((passwords::user_id.eq(id), passwords::hash.eq(hash)))
        .on_conflict(passwords::user_id)
        .do_update()
        .set(passwords::hash.eq(excluded(passwords::hash)))
        .execute(&mut &*conn)
        .await?;
    Ok(true)
}

/// Changes the password of an active user who has this one; returns whether there is such a user.
pub async fn change_password(conn: &Conn, id: Uuid, current: &str, next: &str) -> QueryResult<bool> {
    if !lock_in_state(conn, id, &[UserState::Active]).await? {
        return Ok(false);
    }
    let changed = diesel::update(passwords::table.find(id).filter(passwords::hash.eq(current)))
        .set(passwords::hash.eq(next))
        .execute(&mut &*conn)
        .await?;
    Ok(changed > 0)
}

/// Invites a user, replacing an older invitation.
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

/// The user of an invitation that has not expired, unless the user is disabled.
pub async fn invited(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<Option<Account>> {
    invitations::table
        .inner_join(users::table.on(users::id.eq(invitations::user_id)))
        .left_join(passwords::table.on(passwords::user_id.eq(users::id)))
        .filter(invitations::token_hash.eq(token_hash))
        .filter(invitations::expires_at.gt(now))
        .filter(users::state.ne(UserState::Disabled))
        .select(Account::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Ends the invitation of a user; returns whether one waited to be accepted.
pub async fn end_invitation(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let mut ended: Vec<DateTime<Utc>> =
        diesel::delete(invitations::table.filter(invitations::user_id.eq(id)))
            .returning(invitations::expires_at)
            .load(&mut &*conn)
            .await?;
    ended.retain(|expires_at| *expires_at > now);
    Ok(!ended.is_empty())
}

/// Uses up an invitation; returns whether there was one.
pub async fn use_invitation(conn: &Conn, token_hash: &[u8; 32], now: DateTime<Utc>) -> QueryResult<bool> {
    let used = diesel::delete(invitations::table.find(token_hash))
        .filter(invitations::expires_at.gt(now))
        .execute(&mut &*conn)
        .await?;
    Ok(used > 0)
}

/// Returns whether the installation has users.
pub async fn exists(conn: &Conn) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.select(users::id))).get_result(&mut &*conn).await
}

/// Returns whether the address is taken.
pub async fn has_account(conn: &Conn, email: &str) -> QueryResult<bool> {
    let found = users::table.filter(users::email_folded.eq(fold_address(email))).select(users::id);
    diesel::select(diesel::dsl::exists(found)).get_result(&mut &*conn).await
}

/// Folds the stored addresses anew: the migration that added the folded form could not fold as the code does, and
/// Unicode grows. Returns the users whose folded address another user has: they cannot sign in until somebody changes
/// their address. Addresses in ASCII always fold to lower case.
pub async fn fold_addresses(conn: &Conn) -> QueryResult<Vec<Uuid>> {
    let beyond_ascii = diesel::dsl::sql::<Bool>("octet_length(email) > length(email)");
    let stored: Vec<(Uuid, String, String)> = users::table
        .filter(beyond_ascii)
        .order(users::id)
        .select((users::id, users::email, users::email_folded))
        .load(&mut &*conn)
        .await?;
    let mut left = Vec::new();
    for (id, email, folded) in stored {
        let refolded = fold_address(&email);
        if refolded == folded {
            continue;
        }
        let others = diesel::alias!(users as others);
        let taken = others.filter(others.field(users::email_folded).eq(&refolded));
        let changed =
            diesel::update(users::table.find(id).filter(diesel::dsl::not(diesel::dsl::exists(taken))))
                .set(users::email_folded.eq(&refolded))
                .execute(&mut &*conn)
                .await?;
        if changed == 0 {
            left.push(id);
        }
    }
    Ok(left)
}
