//! Members: seats of a task force, never deleted, only ended.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Window};
use super::schema::{members, task_force_heads, task_forces, users};
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::panel::{Panel, Seat};
use crate::domain::reference::Reference;
use crate::domain::rights::SeatRole;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::user::{UserRole, UserState};

/// A member as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
pub struct Member {
    pub id: Uuid,
    pub user_id: Uuid,
    pub role: SeatRole,
    /// Field of expertise.
    pub expertise: Option<String>,
    pub from_date: NaiveDate,
    /// The last day; `None` while the seat is current.
    pub to_date: Option<NaiveDate>,
    pub end_reason: Option<LocalizedText>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Member {
    pub fn is_current(&self) -> bool {
        self.to_date.is_none()
    }
}

/// A member with name and state of its user.
#[derive(Debug, Clone, Queryable)]
pub struct NamedMember {
    pub member: Member,
    pub name: LocalizedText,
    /// A member whose user is not active cannot act.
    pub user_state: UserState,
}

/// Narrows a list of members.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberFilter {
    /// Current members, or those whose seat has ended.
    pub current: Option<bool>,
    pub user_state: Option<UserState>,
}

#[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    role: SeatRole,
    expertise: Option<&str>,
    from_date: NaiveDate,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(members::table)
        .values((
            members::task_force_id.eq(task_force_id),
            members::id.eq(id),
            members::user_id.eq(user_id),
            members::role.eq(role),
            members::expertise.eq(expertise),
            members::from_date.eq(from_date),
            members::created_at.eq(now),
            members::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Finds a member, current or ended.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<NamedMember>> {
    members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::id.eq(id))
        .select((Member::as_select(), users::name, users::state))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The current seats, and those among them whose users may no longer hold a seat.
pub async fn panel(conn: &Conn, task_force_id: Uuid) -> QueryResult<Panel> {
    let rows: Vec<(Uuid, SeatRole, UserRole, UserState, LocalizedText)> = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::to_date.is_null())
        .order(members::id)
        .select((members::id, members::role, users::role, users::state, users::name))
        .load(&mut &*conn)
        .await?;
    let (mut seats, mut invalid) = (Vec::new(), Vec::new());
    for (member_id, role, council_role, user_state, name) in rows {
        seats.push(Seat { member_id, role });
        if council_role != UserRole::Expert || !user_state.may_take_seat() {
            invalid.push(Reference::new(SubjectKind::Member, member_id, name).in_task_force(task_force_id));
        }
    }
    Ok(Panel::new(seats, invalid))
}

/// The current seats of a user, each with its task force.
pub async fn current_seats_of(conn: &Conn, user_id: Uuid) -> QueryResult<Vec<(Uuid, Uuid)>> {
    members::table
        .filter(members::user_id.eq(user_id))
        .filter(members::to_date.is_null())
        .order(members::task_force_id)
        .select((members::task_force_id, members::id))
        .load(&mut &*conn)
        .await
}

/// Takes the locks of the task forces in which a user has a current seat, in the order of their ids, and returns the task
/// forces.
pub async fn lock_task_forces_of(conn: &Conn, user_id: Uuid) -> QueryResult<Vec<Uuid>> {
    let seats = members::table
        .filter(members::user_id.eq(user_id))
        .filter(members::to_date.is_null())
        .select(members::task_force_id);
    task_force_heads::table
        .filter(task_force_heads::task_force_id.eq_any(seats))
        .order(task_force_heads::task_force_id)
        .select(task_force_heads::task_force_id)
        .for_update()
        .load(&mut &*conn)
        .await
}

/// Returns whether this is a current member of the task force.
pub async fn is_current(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        members::table
            .filter(members::task_force_id.eq(task_force_id))
            .filter(members::id.eq(id))
            .filter(members::to_date.is_null()),
    ))
    .get_result(&mut &*conn)
    .await
}

/// The members among these ids, and whether the seat of each is current.
pub async fn among(
    conn: &Conn,
    task_force_id: Uuid,
    ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, LocalizedText, bool)>> {
    members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::id.eq_any(ids))
        .order(members::id)
        .select((members::id, users::name, members::to_date.is_null()))
        .load(&mut &*conn)
        .await
}

/// A page of members, oldest first.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: MemberFilter,
    after: Option<Uuid>,
    window: Window,
) -> QueryResult<Page<NamedMember>> {
    let matching = || {
        let mut query = members::table
            .inner_join(users::table.on(users::id.eq(members::user_id)))
            .filter(members::task_force_id.eq(task_force_id))
            .select((Member::as_select(), users::name, users::state))
            .into_boxed();
        if let Some(user_state) = filter.user_state {
            query = query.filter(users::state.eq(user_state));
        }
        match filter.current {
            Some(true) => query = query.filter(members::to_date.is_null()),
            Some(false) => query = query.filter(members::to_date.is_not_null()),
            None => {}
        }
        query
    };
    let mut query = matching().order(members::id).limit(window.rows());
    if let Some(after) = after {
        query = query.filter(members::id.gt(after));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Sets role and expertise.
pub async fn update(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    role: SeatRole,
    expertise: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(members::table.find((task_force_id, id)))
        .set((
            members::role.eq(role),
            members::expertise.eq(expertise),
            members::version.eq(members::version + 1),
            members::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Turns the outgoing chair into an expert.
pub async fn step_down(conn: &Conn, task_force_id: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(members::table.find((task_force_id, id)))
        .set((
            members::role.eq(SeatRole::Expert),
            members::version.eq(members::version + 1),
            members::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

pub async fn end(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    to_date: NaiveDate,
    reason: &LocalizedText,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(members::table.find((task_force_id, id)))
        .set((
            members::to_date.eq(to_date),
            members::end_reason.eq(reason),
            members::version.eq(members::version + 1),
            members::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The task forces in which a user has a current seat, except those that are closed.
pub async fn task_forces_of(conn: &Conn, user_id: Uuid) -> QueryResult<Vec<Reference>> {
    let rows: Vec<(Uuid, LocalizedText)> = members::table
        .inner_join(task_forces::table.on(task_forces::id.eq(members::task_force_id)))
        .filter(members::user_id.eq(user_id))
        .filter(members::to_date.is_null())
        .filter(task_forces::state.ne_all([TaskForceState::Concluded, TaskForceState::Dissolved]))
        .order(task_forces::id)
        .select((task_forces::id, task_forces::name))
        .load(&mut &*conn)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| Reference::task_force(id, name)).collect())
}

/// The current seat of a user in the task force, with the name of the user.
pub async fn seat_of(
    conn: &Conn,
    task_force_id: Uuid,
    user_id: Uuid,
) -> QueryResult<Option<(Uuid, LocalizedText)>> {
    members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::user_id.eq(user_id))
        .filter(members::to_date.is_null())
        .select((members::id, users::name))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The ids that belong to users, who are locked until the transaction ends.
pub async fn lock_users_for_share(conn: &Conn, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    users::table
        .filter(users::id.eq_any(ids))
        .order(users::id)
        .select(users::id)
        .for_share()
        .load(&mut &*conn)
        .await
}

/// Role, state and name of a user, who is locked until the transaction ends: a seat needs an active expert.
pub async fn lock_user_for_share(
    conn: &Conn,
    user_id: Uuid,
) -> QueryResult<Option<(UserRole, UserState, LocalizedText)>> {
    users::table
        .find(user_id)
        .select((users::role, users::state, users::name))
        .for_share()
        .first(&mut &*conn)
        .await
        .optional()
}

/// Reassigns pilots and conditions to another owner.
pub async fn reassign(
    conn: &Conn,
    task_force_id: Uuid,
    owned: &[Uuid],
    to: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let query = diesel::sql_query(
        "with p as (
             update pilots set owner_member_id = $3, version = version + 1, updated_at = $4
             where task_force_id = $1 and id = any($2)
         )
         update conditions set owner_member_id = $3, version = version + 1, updated_at = $4
         where task_force_id = $1 and id = any($2)",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Array<SqlUuid>, _>(owned)
    .bind::<SqlUuid, _>(to)
    .bind::<Timestamptz, _>(now);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
