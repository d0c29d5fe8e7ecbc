//! The caller and their role in a task force. Every read asks for them in the round trip of its own query.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Bool, Date, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryResult, QueryableByName};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::Conn;
use super::statement::Prepared;
use crate::domain::rights::SeatRole;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState};

/// A credential that authentication has verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this service, by its session.
    Session(Uuid),
    /// An API key, by id.
    Key(Uuid),
    /// A token of another issuer, by the instant of issue.
    SingleSignOn(DateTime<Utc>),
    /// A share link, by id: people who have the link read one page by the right of its maker. The query that finds the link
    /// (`db/share_links.rs`) tells whether it is good; to the queries of this file, it never is.
    ShareLink(Uuid),
}

impl Credential {
    /// The bind values of a statement, one of which is set.
    fn binds(self) -> (Option<Uuid>, Option<Uuid>, Option<DateTime<Utc>>) {
        match self {
            Self::Session(id) => (Some(id), None, None),
            Self::Key(id) => (None, Some(id), None),
            Self::SingleSignOn(issued_at) => (None, None, Some(issued_at)),
            Self::ShareLink(_) => (None, None, None),
        }
    }
}

/// The columns of [`CallerRow`] but for `chairs_any`, read from [`FROM_CALLER`]. `$1` is the user and `$2` the current
/// instant; `$3` to `$5` are [`Credential::binds`].
const COLUMNS: &str = "u.id as user_id, u.name, u.role, u.locale, u.state,
    case
        when $3 is not null then coalesce(s.ended_at is null and s.expires_at > $2, false)
        when $4 is not null then coalesce(k.revoked_at is null and k.expires_at > $2, false)
        else coalesce($5 > u.sessions_ended_at, $5 is not null)
    end as credential_live,
    u.sessions_ended_at,
    coalesce(k.may_write, true) as may_write,
    k.only_task_force_id";

/// The user with the session or the API key behind the credential.
const FROM_CALLER: &str = "from users u
    left join sessions s on s.id = $3 and s.user_id = u.id
    left join api_keys k on k.id = $4 and k.user_id = u.id";

/// The caller's current row.
#[derive(Debug, Clone, QueryableByName)]
pub struct CallerRow {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    /// Role across the installation.
    #[diesel(sql_type = Text)]
    pub role: UserRole,
    /// The language that the user prefers.
    #[diesel(sql_type = Text)]
    pub locale: Language,
    /// Only an active user may sign in.
    #[diesel(sql_type = Text)]
    pub state: UserState,
    /// True while the session runs, while the API key is neither revoked nor expired, and for a token of another issuer
    /// that is younger than the end of all sessions.
    #[diesel(sql_type = Bool)]
    pub credential_live: bool,
    /// The time at which all sessions were ended together, which tokens of other issuers must be younger than.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sessions_ended_at: Option<DateTime<Utc>>,
    /// False for an API key that only reads.
    #[diesel(sql_type = Bool)]
    pub may_write: bool,
    /// The only task force that the API key gives access to; `None` stands for all.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub only_task_force_id: Option<Uuid>,
    /// True if the user chairs a task force that is not over.
    #[diesel(sql_type = Bool)]
    pub chairs_any: bool,
}

/// The caller, a task force, and the caller's current seat in it.
#[derive(Debug, Clone, QueryableByName)]
pub struct AccessRow {
    #[diesel(embed)]
    pub caller: CallerRow,
    /// The caller's current seat.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub member_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub seat: Option<SeatRole>,
    /// `None` if there is no such task force.
    #[diesel(sql_type = Nullable<Text>)]
    pub task_force_state: Option<TaskForceState>,
    #[diesel(sql_type = Nullable<Int4>)]
    pub current_cycle: Option<i32>,
    /// The current day in the task force's time zone.
    #[diesel(sql_type = Nullable<Date>)]
    pub today: Option<NaiveDate>,
    /// Sequence number of the task force's last event.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub seq: Option<i64>,
}

/// Finds the user of a credential.
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

/// A task force as the service itself finds it.
#[derive(Debug, Clone, QueryableByName)]
pub struct TaskForceRow {
    #[diesel(sql_type = Text)]
    pub state: TaskForceState,
    #[diesel(sql_type = Int4)]
    pub current_cycle: i32,
    /// The current day in the task force's time zone.
    #[diesel(sql_type = Date)]
    pub today: NaiveDate,
}

/// Finds a task force for the service itself.
pub async fn task_force(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<Option<TaskForceRow>> {
    let query = diesel::sql_query(
        "select state, current_cycle, local_date($2, time_zone) as today from task_forces where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Finds the user of a credential, with a task force and the user's seat in it.
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
