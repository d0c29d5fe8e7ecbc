//! Who is asking, and how they stand towards a task force: the first half of every read, in the same round trip.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Bool, Date, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryResult, QueryableByName};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use crate::domain::rights::SeatRole;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::user::{CouncilRole, UserState};

/// The caller, as the database knows them now.
#[derive(Debug, Clone, QueryableByName)]
pub struct CallerRow {
    /// The user's id.
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// The user's name.
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    /// Role across the installation.
    #[diesel(sql_type = Text)]
    pub role: CouncilRole,
    /// Whether the user may sign in at all.
    #[diesel(sql_type = Text)]
    pub state: UserState,
    /// Whether the session of the token still runs.
    #[diesel(sql_type = Bool)]
    pub session_live: bool,
    /// Whether the user chairs any task force.
    #[diesel(sql_type = Bool)]
    pub chairs_any: bool,
}

/// The caller, and the task force they ask about with their current seat in it.
#[derive(Debug, Clone, QueryableByName)]
pub struct AccessRow {
    /// The caller.
    #[diesel(embed)]
    pub caller: CallerRow,
    /// The caller's current seat.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub member_id: Option<Uuid>,
    /// The seat's role.
    #[diesel(sql_type = Nullable<Text>)]
    pub seat: Option<SeatRole>,
    /// State of the task force; `None` where there is no such task force.
    #[diesel(sql_type = Nullable<Text>)]
    pub task_force_state: Option<TaskForceState>,
    /// Its present cycle.
    #[diesel(sql_type = Nullable<Int4>)]
    pub current_cycle: Option<i32>,
    /// The day it is in its time zone.
    #[diesel(sql_type = Nullable<Date>)]
    pub today: Option<NaiveDate>,
    /// Sequence number of its last event.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seq: Option<i64>,
}

/// Finds a user with a session.
pub async fn caller(
    conn: &Conn,
    user_id: Uuid,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<CallerRow>> {
    let query = diesel::sql_query(
        "select u.id as user_id, u.name, u.role, u.state,
                coalesce(s.ended_at is null and s.expires_at > $3, false) as session_live,
                exists (
                    select from members c join task_forces t on t.id = c.task_force_id
                    where c.user_id = u.id and c.role = 'chair' and c.to_date is null
                      and t.state not in ('concluded', 'dissolved')
                ) as chairs_any
         from users u left join sessions s on s.id = $2 and s.user_id = u.id
         where u.id = $1",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<SqlUuid, _>(session_id)
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Finds a user with a session and their seat in a task force.
pub async fn in_task_force(
    conn: &Conn,
    user_id: Uuid,
    session_id: Uuid,
    task_force_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<AccessRow>> {
    let query = diesel::sql_query(
        "select u.id as user_id, u.name, u.role, u.state,
                coalesce(s.ended_at is null and s.expires_at > $4, false) as session_live,
                false as chairs_any,
                m.id as member_id, m.role as seat,
                t.state as task_force_state, t.current_cycle, local_date($4, t.time_zone) as today, h.seq
         from users u
         left join sessions s on s.id = $2 and s.user_id = u.id
         left join task_forces t on t.id = $3
         left join task_force_heads h on h.task_force_id = $3
         left join members m on m.task_force_id = $3 and m.user_id = u.id and m.to_date is null
         where u.id = $1",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<SqlUuid, _>(session_id)
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await.optional()
}
