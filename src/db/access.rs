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

/// What somebody showed to be let in, once it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of ours, by the session it belongs to.
    Session(Uuid),
    /// An API key, by its id.
    Key(Uuid),
    /// A token of another issuer, by the instant it was issued at.
    SingleSignOn(DateTime<Utc>),
}

impl Credential {
    /// The three of them as a query takes them.
    fn binds(self) -> (Option<Uuid>, Option<Uuid>, Option<DateTime<Utc>>) {
        match self {
            Self::Session(id) => (Some(id), None, None),
            Self::Key(id) => (None, Some(id), None),
            Self::SingleSignOn(issued_at) => (None, None, Some(issued_at)),
        }
    }
}

/// The columns of [`CallerRow`] but for `chairs_any`, read from [`FROM_CALLER`]. `$1` is the user and `$2` the current
/// instant; `$3` to `$5` are [`Credential::binds`].
const COLUMNS: &str = "u.id as user_id, u.name, u.role, u.state,
    case
        when $3 is not null then coalesce(s.ended_at is null and s.expires_at > $2, false)
        when $4 is not null then coalesce(k.revoked_at is null and k.expires_at > $2, false)
        else coalesce($5 > u.sessions_ended_at, $5 is not null)
    end as credential_live,
    coalesce(k.may_write, true) as may_write,
    k.only_task_force_id";

/// The user with the session or the API key behind the credential.
const FROM_CALLER: &str = "from users u
    left join sessions s on s.id = $3 and s.user_id = u.id
    left join api_keys k on k.id = $4 and k.user_id = u.id";

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
    /// Whether the credential is still good: the session runs, the key is not revoked.
    #[diesel(sql_type = Bool)]
    pub credential_live: bool,
    /// Whether the credential changes anything at all.
    #[diesel(sql_type = Bool)]
    pub may_write: bool,
    /// The only task force that the credential opens.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub only_task_force_id: Option<Uuid>,
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

/// Finds a user with what they showed.
pub async fn caller(
    conn: &Conn,
    user_id: Uuid,
    credential: Credential,
    now: DateTime<Utc>,
) -> QueryResult<Option<CallerRow>> {
    let (session_id, key_id, issued_at) = credential.binds();
    let query = diesel::sql_query(format!(
        "select {COLUMNS},
                exists (
                    select from members c join task_forces t on t.id = c.task_force_id
                    where c.user_id = u.id and c.role = 'chair' and c.to_date is null
                      and t.state not in ('concluded', 'dissolved')
                ) as chairs_any
         {FROM_CALLER}
         where u.id = $1"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(session_id)
    .bind::<Nullable<SqlUuid>, _>(key_id)
    .bind::<Nullable<Timestamptz>, _>(issued_at);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Finds a user with what they showed and their seat in a task force.
pub async fn in_task_force(
    conn: &Conn,
    user_id: Uuid,
    credential: Credential,
    task_force_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<AccessRow>> {
    let (session_id, key_id, issued_at) = credential.binds();
    let query = diesel::sql_query(format!(
        "select {COLUMNS}, false as chairs_any, m.id as member_id, m.role as seat,
                t.state as task_force_state, t.current_cycle, local_date($2, t.time_zone) as today, h.seq
         {FROM_CALLER}
         left join task_forces t on t.id = $6
         left join task_force_heads h on h.task_force_id = $6
         left join members m on m.task_force_id = $6 and m.user_id = u.id and m.to_date is null
         where u.id = $1"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(session_id)
    .bind::<Nullable<SqlUuid>, _>(key_id)
    .bind::<Nullable<Timestamptz>, _>(issued_at)
    .bind::<SqlUuid, _>(task_force_id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}
