//! Share links, of which only the hash of the token is stored, and the counts of their accesses.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::access::AccessRow;
use super::page::{Page, Total, Window};
use super::schema::share_links;
use super::statement::Prepared;
use crate::domain::rights::SeatRole;
use crate::domain::shared_page::SharedPage;
use crate::domain::text::LocalizedText;
use crate::domain::user::{UserRole, UserState};

/// A share link, and what its maker is now.
#[derive(Debug, Clone, QueryableByName)]
pub struct ShareLink {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The number of the link in the order in which links were made.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Text)]
    pub page: SharedPage,
    /// The task force that the page shows; `None` for the portfolio.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub only_task_force_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Int4>)]
    pub report_number: Option<i32>,
    /// For whom or for what the link was made.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// The number of times that somebody has opened the page.
    #[diesel(sql_type = BigInt)]
    pub accesses: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_accessed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = SqlUuid)]
    pub maker_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub maker_name: LocalizedText,
    #[diesel(sql_type = Text)]
    pub maker_state: UserState,
    #[diesel(sql_type = Text)]
    pub maker_role: UserRole,
    /// The maker's current seat in the task force.
    #[diesel(sql_type = Nullable<Text>)]
    pub maker_seat: Option<SeatRole>,
}

/// A share link to be inserted.
#[derive(Debug, Insertable)]
#[diesel(table_name = share_links, treat_none_as_default_value = false)]
pub struct NewShareLink<'a> {
    pub id: Uuid,
    pub token_hash: &'a [u8],
    pub page: SharedPage,
    pub only_task_force_id: Option<Uuid>,
    pub report_number: Option<i32>,
    pub note: Option<&'a str>,
    pub user_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The links that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Links to pages of a task force.
    TaskForce(Uuid),
    /// Links to the portfolio.
    Portfolio,
    /// Links to calendars of a person's own.
    OwnCalendars(Uuid),
}

impl Links {
    /// The condition that the link `l` is one of these, and its parameter `$1`.
    fn condition(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::TaskForce(id) => ("l.only_task_force_id = $1", Some(id)),
            Self::Portfolio => ("l.page = 'portfolio' and $1 is null", None),
            Self::OwnCalendars(user_id) => ("l.page = 'ownCalendar' and l.user_id = $1", Some(user_id)),
        }
    }
}

/// The rows of [`ShareLink`].
const SELECT: &str =
    "select l.id, l.seq, l.page, l.only_task_force_id, l.report_number, l.note, l.created_at,
           l.expires_at, l.revoked_at, l.accesses, l.last_accessed_at, u.id as maker_id, u.name as maker_name,
           u.state as maker_state, u.role as maker_role, m.role as maker_seat
    from share_links l
    join users u on u.id = l.user_id
    left join members m
        on m.task_force_id = l.only_task_force_id and m.user_id = l.user_id and m.to_date is null";

/// A page of links, newest first.
pub async fn list(
    conn: &Conn,
    links: Links,
    before: Option<i64>,
    window: Window,
) -> QueryResult<Page<ShareLink>> {
    let (condition, id) = links.condition();
    let rows = async {
        let query = diesel::sql_query(format!(
            "{SELECT} where {condition} and ($2 is null or l.seq < $2) order by l.seq desc limit $3"
        ))
        .bind::<Nullable<SqlUuid>, _>(id)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(window.rows());
        Prepared(query).load(&mut &*conn).await
    };
    let total = async {
        let query =
            diesel::sql_query(format!("select count(*) as total from share_links l where {condition}"))
                .bind::<Nullable<SqlUuid>, _>(id);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(rows, total).await
}

/// Finds one of the links.
pub async fn find(conn: &Conn, links: Links, id: Uuid) -> QueryResult<Option<ShareLink>> {
    let (condition, of) = links.condition();
    let query = diesel::sql_query(format!("{SELECT} where {condition} and l.id = $2"))
        .bind::<Nullable<SqlUuid>, _>(of)
        .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Counts the links that are neither revoked nor expired.
pub async fn count(conn: &Conn, links: Links, now: DateTime<Utc>) -> QueryResult<i64> {
    let (condition, id) = links.condition();
    let query = diesel::sql_query(format!(
        "select count(*) as total from share_links l
         where {condition} and l.revoked_at is null and l.expires_at > $2"
    ))
    .bind::<Nullable<SqlUuid>, _>(id)
    .bind::<Timestamptz, _>(now);
    let found: Total = Prepared(query).get_result(&mut &*conn).await?;
    Ok(found.total)
}

/// Takes a lock that keeps other transactions from making links to the portfolio until this transaction ends. The links to
/// the portfolio have no row in common that could be locked.
///
/// # Errors
/// The timeout of the lock, if another transaction takes too long.
pub async fn lock_portfolio(conn: &Conn) -> QueryResult<()> {
    let query = diesel::sql_query(
        "select pg_advisory_xact_lock(hashtextextended('share links of the portfolio', 0))",
    );
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Inserts a link.
pub async fn insert(conn: &Conn, link: &NewShareLink<'_>) -> QueryResult<()> {
    diesel::insert_into(share_links::table).values(link).execute(&mut &*conn).await.map(drop)
}

/// Revokes a link; returns false if it was revoked before.
pub async fn revoke(conn: &Conn, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let revoked = diesel::update(share_links::table.find(id))
        .filter(share_links::revoked_at.is_null())
        .set(share_links::revoked_at.eq(now))
        .execute(&mut &*conn)
        .await?;
    Ok(revoked > 0)
}

/// Revokes every link of a person, also to calendars of their own; returns the pages of those that were neither revoked nor
/// expired. The links are locked in the order of their ids, as in [`add_accesses`].
pub async fn revoke_all(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<Vec<SharedPage>> {
    let ids: Vec<Uuid> = share_links::table
        .filter(share_links::user_id.eq(user_id))
        .filter(share_links::revoked_at.is_null())
        .filter(share_links::expires_at.gt(now))
        .order(share_links::id)
        .select(share_links::id)
        .for_no_key_update()
        .load(&mut &*conn)
        .await?;
    diesel::update(share_links::table.filter(share_links::id.eq_any(ids)))
        .set(share_links::revoked_at.eq(now))
        .returning(share_links::page)
        .get_results(&mut &*conn)
        .await
}

/// A link that somebody opens, with its maker and the task force as they are now. Whether the link is good and its maker
/// may share the page is for the caller of the query to say.
#[derive(Debug, Clone, QueryableByName)]
pub struct OpenedLink {
    #[diesel(sql_type = SqlUuid)]
    pub link_id: Uuid,
    #[diesel(sql_type = Text)]
    pub page: SharedPage,
    #[diesel(sql_type = Nullable<Int4>)]
    pub report_number: Option<i32>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    /// The maker, with the link as the credential.
    #[diesel(embed)]
    pub access: AccessRow,
}

/// Finds the link with this token.
pub async fn opened(
    conn: &Conn,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<Option<OpenedLink>> {
    let query = diesel::sql_query(
        "select l.id as link_id, l.page, l.report_number, l.created_at, l.expires_at,
                u.id as user_id, u.name, u.role, u.locale, u.state,
                l.revoked_at is null and l.expires_at > $2 as credential_live,
                u.sessions_ended_at, false as may_write, l.only_task_force_id, false as chairs_any,
                m.id as member_id, m.role as seat, t.state as task_force_state, t.current_cycle,
                local_date($2, t.time_zone) as today, h.seq
         from share_links l
         join users u on u.id = l.user_id
         left join task_forces t on t.id = l.only_task_force_id
         left join task_force_heads h on h.task_force_id = l.only_task_force_id
         left join members m
             on m.task_force_id = l.only_task_force_id and m.user_id = l.user_id and m.to_date is null
         where l.token_hash = $1",
    )
    .bind::<Binary, _>(token_hash.as_slice())
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// Accesses through one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accesses {
    pub link_id: Uuid,
    pub count: i64,
    pub last_at: DateTime<Utc>,
}

/// Adds accesses to the counts of their links, in one statement. The links are locked in the order of their ids, so that
/// two instances of the service never wait for each other.
pub async fn add_accesses(conn: &Conn, accesses: &[Accesses]) -> QueryResult<()> {
    let (ids, (counts, times)): (Vec<_>, (Vec<_>, Vec<_>)) =
        accesses.iter().map(|each| (each.link_id, (each.count, each.last_at))).unzip();
    let query = diesel::sql_query(
        "with locked as (
             select l.id, a.count, a.last_at
             from unnest($1, $2, $3) a (id, count, last_at) join share_links l on l.id = a.id
             order by l.id for no key update of l
         )
         update share_links l
         set accesses = l.accesses + a.count, last_accessed_at = greatest(l.last_accessed_at, a.last_at)
         from locked a where l.id = a.id",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(counts)
    .bind::<Array<Timestamptz>, _>(times);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
