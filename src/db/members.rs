//! Members: seats of a task force, never deleted, only ended.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::schema::{members, users};
use super::statement::Prepared;
use crate::domain::panel::{Panel, Seat};
use crate::domain::rights::SeatRole;
use crate::domain::text::LocalizedText;
use crate::domain::user::{CouncilRole, UserState};

/// A member as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
pub struct Member {
    /// Its id.
    pub id: Uuid,
    /// Who holds the seat.
    pub user_id: Uuid,
    /// Chair or expert.
    pub role: SeatRole,
    /// What they are expert in.
    pub expertise: Option<String>,
    /// First day.
    pub from_date: NaiveDate,
    /// Last day, once ended.
    pub to_date: Option<NaiveDate>,
    /// Why it ended.
    pub end_reason: Option<LocalizedText>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Member {
    /// Whether the seat is held now.
    pub fn is_current(&self) -> bool {
        self.to_date.is_none()
    }
}

/// A member with the name of who holds the seat.
pub type NamedMember = (Member, LocalizedText);

/// Inserts a member.
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
        .select((Member::as_select(), users::name))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The current seats.
pub async fn panel(conn: &Conn, task_force_id: Uuid) -> QueryResult<Panel> {
    let seats: Vec<(Uuid, SeatRole)> = members::table
        .filter(members::task_force_id.eq(task_force_id))
        .filter(members::to_date.is_null())
        .order(members::id)
        .select((members::id, members::role))
        .load(&mut &*conn)
        .await?;
    Ok(Panel::new(seats.into_iter().map(|(member_id, role)| Seat { member_id, role }).collect()))
}

/// Whether this is a current member of the task force.
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

/// A page of members, in the order they came.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    current: Option<bool>,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<NamedMember>> {
    let mut query = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::task_force_id.eq(task_force_id))
        .order(members::id)
        .limit(limit + 1)
        .select((Member::as_select(), users::name))
        .into_boxed();
    match current {
        Some(true) => query = query.filter(members::to_date.is_null()),
        Some(false) => query = query.filter(members::to_date.is_not_null()),
        None => {}
    }
    if let Some(after) = after {
        query = query.filter(members::id.gt(after));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
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

/// Makes the outgoing chair an expert.
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

/// Ends a seat.
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

/// Those of these users that there are, held as they are until the transaction ends.
pub async fn hold_users(conn: &Conn, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    users::table
        .filter(users::id.eq_any(ids))
        .order(users::id)
        .select(users::id)
        .for_share()
        .load(&mut &*conn)
        .await
}

/// Role and state of a user, held as they are until the transaction ends: a seat is held by an active expert.
pub async fn lock_user_for_share(
    conn: &Conn,
    user_id: Uuid,
) -> QueryResult<Option<(CouncilRole, UserState)>> {
    users::table
        .find(user_id)
        .select((users::role, users::state))
        .for_share()
        .first(&mut &*conn)
        .await
        .optional()
}

/// Gives pilots and conditions to another owner.
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
