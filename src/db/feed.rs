//! The feed of a person: the events of several task forces in one order, that of their ids, and what the person has read.
//!
//! A member reads the events of each own task force from an index, and merges them. Those who follow all task forces read
//! an index that contains only the actions of which they are told. No page reads in proportion to the installation.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryResult, QueryableByName};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::Conn;
use super::events::{self, COUNTED_BYTES, EventRow};
use super::page::{Page, Total, Window};
use super::statement::Prepared;
use crate::domain::event::EventAction;
use crate::domain::feed::{OF_COUNCIL, OF_OVERSIGHT};
use crate::domain::position::Position;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// The greatest number of unread events that are counted.
pub const MAX_UNREAD: i64 = 100;

/// An event of a feed.
#[derive(Debug, QueryableByName)]
pub struct FeedRow {
    #[diesel(embed)]
    pub event: EventRow,
    #[diesel(sql_type = Jsonb)]
    pub task_force_name: LocalizedText,
}

/// Narrows a feed.
#[derive(Debug, Clone, Default)]
pub struct FeedFilter {
    /// Only events that the user has not read, and did not cause.
    pub unread: bool,
    /// Only events that others caused.
    pub by_others: bool,
    /// Only events of this task force.
    pub task_force_id: Option<Uuid>,
    /// Only these actions; an empty list stands for all.
    pub actions: Vec<EventAction>,
}

/// The order of a feed.
#[derive(Debug, Clone, Copy)]
pub enum FeedOrder<'a> {
    /// Newest first, after the event of this id.
    NewestFirst(Option<Uuid>),
    /// Oldest first, from a position on.
    OldestFirst(&'a Position),
}

/// The role of the user `$1`.
const ROLE: &str = "(select role from users where id = $1)";

/// The position up to which the user `$1` has read; a user without a mark has read nothing.
const MARK: &str = "passed as materialized (
    select settled_id, task_force_ids, event_ids from feed_marks where user_id = $1
    union all
    select '00000000-0000-0000-0000-000000000000', '{}', '{}'
    where not exists (select from feed_marks where user_id = $1))";

/// The position that a reader continues from.
const POSITION: &str = "passed as materialized (select $2::uuid as settled_id, $3::uuid[] as task_force_ids, $4::uuid[] as event_ids)";

/// The event `e` lies after the position in `passed`.
const NOT_PASSED: &str = "e.id > (select settled_id from passed) and not exists (
    select from passed, unnest(passed.task_force_ids, passed.event_ids) last (task_force_id, event_id)
    where last.task_force_id = e.task_force_id and e.id <= last.event_id)";

/// The actions of which those are told who follow all task forces, as the predicate of the index has them.
fn of_oversight() -> String {
    OF_OVERSIGHT.map(|action| format!("'{}'", action.code())).join(", ")
}

/// The events of the feed of the user `$1` that meet conditions, at most `$9` in an order, with the columns `columns`.
///
/// `$2` to `$4` are a position, `$5` is the event before the page, `$6` the actions and `$7` the task force of the filter,
/// and `$8` the actions of which the council is told. A role takes part of the statement out before it is executed.
fn events(columns: &str, conditions: &str, direction: &str) -> String {
    let of_oversight = of_oversight();
    format!(
        "(select {columns}
          from members m cross join lateral (
              select * from events e where e.task_force_id = m.task_force_id {conditions}
              order by e.id {direction} limit $9
          ) e
          where {ROLE} = 'expert' and m.user_id = $1 and m.to_date is null
          order by e.id {direction} limit $9)
         union all
         (select {columns} from events e
          where {ROLE} <> 'expert' and e.action in ({of_oversight})
            and ({ROLE} <> 'councilMember' or e.action = any($8)) {conditions}
          order by e.id {direction} limit $9)"
    )
}

impl FeedFilter {
    /// The conditions of the filter. Only those that are asked for become part of the text.
    fn conditions(&self) -> String {
        let conditions = [
            (self.unread, NOT_PASSED),
            (self.unread || self.by_others, "e.actor_id is distinct from $1"),
            (self.task_force_id.is_some(), "e.task_force_id = $7"),
            (!self.actions.is_empty(), "e.action = any($6)"),
        ];
        let asked = conditions.into_iter().filter(|(is_asked, _)| *is_asked);
        asked.map(|(_, condition)| format!(" and {condition}")).collect()
    }
}

/// The binds of a position: the id before which everything was passed, the task forces and their last events.
fn binds(position: &Position) -> (Uuid, Vec<Uuid>, Vec<Uuid>) {
    let (task_forces, events) = position.last().unzip();
    (position.settled_id(), task_forces, events)
}

/// A page of the feed of a user: at most as many events as the window has, and no further one once they have `max_bytes`.
pub async fn list(
    conn: &Conn,
    user_id: Uuid,
    filter: &FeedFilter,
    order: FeedOrder<'_>,
    window: Window,
    max_bytes: i64,
) -> QueryResult<Page<FeedRow>> {
    let mut conditions = filter.conditions();
    let (direction, passed, position, before) = match order {
        FeedOrder::NewestFirst(before) => ("desc", MARK, Position::default(), before),
        FeedOrder::OldestFirst(position) => ("asc", POSITION, position.clone(), None),
    };
    let counted = conditions.clone();
    match order {
        FeedOrder::NewestFirst(Some(_)) => conditions.push_str(" and e.id < $5"),
        FeedOrder::NewestFirst(None) => {}
        FeedOrder::OldestFirst(_) => conditions.push_str(&format!(" and {NOT_PASSED}")),
    }
    let columns = "e.task_force_id, e.id, e.body, e.hash, e.actor_id, e.action, e.subject_kind, e.subject_id";
    let (events, joined) = (events(columns, &conditions, direction), events::joined_columns());
    let (settled, task_forces, last) = binds(&position);
    let query = diesel::sql_query(format!(
        "with {passed}
         select e.body, e.hash, e.found, t.name as task_force_name, {joined}
         from (
             select *, count(*) over () as found,
                    sum(bytes) over (order by id {direction}) - bytes as bytes_before
             from (select *, {COUNTED_BYTES} as bytes from ({events}) merged order by id {direction} limit $9) page
         ) e
         join task_forces t on t.id = e.task_force_id
         left join users u on u.id = e.actor_id
         where e.bytes_before + e.bytes <= $10 or e.bytes_before = 0
         order by e.id {direction}"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<SqlUuid, _>(settled)
    .bind::<Array<SqlUuid>, _>(task_forces)
    .bind::<Array<SqlUuid>, _>(last)
    .bind::<Nullable<SqlUuid>, _>(before)
    .bind::<Array<Text>, _>(&filter.actions)
    .bind::<Nullable<SqlUuid>, _>(filter.task_force_id)
    .bind::<Array<Text>, _>(OF_COUNCIL.as_slice())
    .bind::<BigInt, _>(window.rows())
    .bind::<BigInt, _>(max_bytes);
    let rows = async { Prepared(query).load::<FeedRow>(&mut &*conn).await };
    let total = count(conn, user_id, filter, &counted, i64::MAX);
    let page = window.page(rows, total).await?;
    let read = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
    let more = page.items.iter().any(|row| row.event.found > read);
    Ok(Page { more, ..page })
}

/// The number of events of a feed that meet these conditions, of so many at most.
async fn count(
    conn: &Conn,
    user_id: Uuid,
    filter: &FeedFilter,
    conditions: &str,
    limit: i64,
) -> QueryResult<i64> {
    let events = events("e.id", conditions, "desc");
    let query = diesel::sql_query(format!(
        "with {MARK} select count(*) as total from (select * from ({events}) merged limit $9) counted"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Nullable<SqlUuid>, _>(None::<Uuid>)
    .bind::<Array<SqlUuid>, _>(Vec::<Uuid>::new())
    .bind::<Array<SqlUuid>, _>(Vec::<Uuid>::new())
    .bind::<Nullable<SqlUuid>, _>(None::<Uuid>)
    .bind::<Array<Text>, _>(&filter.actions)
    .bind::<Nullable<SqlUuid>, _>(filter.task_force_id)
    .bind::<Array<Text>, _>(OF_COUNCIL.as_slice())
    .bind::<BigInt, _>(limit);
    let found: Total = Prepared(query).get_result(&mut &*conn).await?;
    Ok(found.total)
}

/// The number of unread events in the feed of a user, [`MAX_UNREAD`] at most.
pub async fn unread(conn: &Conn, user_id: Uuid) -> QueryResult<i64> {
    let filter = FeedFilter { unread: true, ..FeedFilter::default() };
    count(conn, user_id, &filter, &filter.conditions(), MAX_UNREAD).await
}

/// The last event of each task force in the feed of a user, if the event is later than `settled`.
pub async fn last_events(conn: &Conn, user_id: Uuid, settled: Uuid) -> QueryResult<Vec<(Uuid, Uuid)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        task_force_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        event_id: Uuid,
    }
    let of_oversight = of_oversight();
    let query = diesel::sql_query(format!(
        "(select h.task_force_id, h.last_id as event_id
          from members m join task_force_heads h on h.task_force_id = m.task_force_id
          where {ROLE} = 'expert' and m.user_id = $1 and m.to_date is null and h.last_id > $2)
         union all
         (select distinct on (e.task_force_id) e.task_force_id, e.id
          from events e
          where {ROLE} <> 'expert' and e.action in ({of_oversight}) and e.id > $2
          order by e.task_force_id, e.id desc)"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<SqlUuid, _>(settled);
    let rows: Vec<Row> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| (row.task_force_id, row.event_id)).collect())
}

/// A task force whose events are in a feed, with its last event.
#[derive(Debug, Clone, QueryableByName)]
pub struct FollowedTaskForce {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub name: LocalizedText,
    /// The sequence number of the last event.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The id of the last event.
    #[diesel(sql_type = SqlUuid)]
    pub last_id: Uuid,
}

/// The task forces whose events are in the feed of a user, or those among some ids.
pub async fn followed(
    conn: &Conn,
    user_id: Uuid,
    among: Option<&[Uuid]>,
) -> QueryResult<Vec<FollowedTaskForce>> {
    let some = among.map_or("", |_| "t.id = any($2) and");
    let query = diesel::sql_query(format!(
        "select t.id, t.name, h.seq, h.last_id
         from task_forces t join task_force_heads h on h.task_force_id = t.id
         where {some} ({ROLE} <> 'expert' or t.id in (
             select m.task_force_id from members m where m.user_id = $1 and m.to_date is null))"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Array<SqlUuid>, _>(among.unwrap_or_default());
    Prepared(query).load(&mut &*conn).await
}

/// The position up to which a user has read, and the time at which the user has said so.
#[derive(Debug, Clone)]
pub struct Mark {
    pub position: Position,
    pub marked_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct MarkRow {
    #[diesel(sql_type = SqlUuid)]
    settled_id: Uuid,
    #[diesel(sql_type = Array<SqlUuid>)]
    task_force_ids: Vec<Uuid>,
    #[diesel(sql_type = Array<SqlUuid>)]
    event_ids: Vec<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    marked_at: DateTime<Utc>,
}

impl From<MarkRow> for Mark {
    fn from(row: MarkRow) -> Self {
        let MarkRow { settled_id, task_force_ids, event_ids, marked_at } = row;
        let last = task_force_ids.into_iter().zip(event_ids);
        Self { position: Position::settled_at(settled_id, last), marked_at }
    }
}

/// The mark of a user.
pub async fn mark(conn: &Conn, user_id: Uuid) -> QueryResult<Option<Mark>> {
    let query = diesel::sql_query(
        "select settled_id, task_force_ids, event_ids, marked_at from feed_marks where user_id = $1",
    )
    .bind::<SqlUuid, _>(user_id);
    let row: Option<MarkRow> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(row.map(Mark::from))
}

/// Locks the mark of a user until the end of the transaction, and returns it. A user without a mark gets one that lies
/// before all events.
pub async fn lock_mark(conn: &Conn, user_id: Uuid, now: DateTime<Utc>) -> QueryResult<Mark> {
    // An update that changes nothing locks the row, also one that another transaction has inserted meanwhile.
    let query = diesel::sql_query(
        "insert into feed_marks (user_id, settled_id, task_force_ids, event_ids, marked_at)
         values ($1, '00000000-0000-0000-0000-000000000000', '{}', '{}', $2)
         on conflict (user_id) do update set user_id = excluded.user_id
         returning settled_id, task_force_ids, event_ids, marked_at",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now);
    let row: MarkRow = Prepared(query).get_result(&mut &*conn).await?;
    Ok(row.into())
}

/// Moves the mark of a user.
pub async fn move_mark(conn: &Conn, user_id: Uuid, mark: &Mark) -> QueryResult<()> {
    let (settled, task_forces, last) = binds(&mark.position);
    let query = diesel::sql_query(
        "update feed_marks set settled_id = $2, task_force_ids = $3, event_ids = $4, marked_at = $5
         where user_id = $1",
    )
    .bind::<SqlUuid, _>(user_id)
    .bind::<SqlUuid, _>(settled)
    .bind::<Array<SqlUuid>, _>(task_forces)
    .bind::<Array<SqlUuid>, _>(last)
    .bind::<Timestamptz, _>(mark.marked_at);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
