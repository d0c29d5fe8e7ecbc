//! The events of task forces, the heads of their hash chains, and the events of the installation.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Total, Window};
use super::relations;
use super::schema::{events, installation_events, task_force_heads, task_forces};
use super::statement::Prepared;
use crate::domain::audit::{StoredEvent, StoredHead};
use crate::domain::event::{ActorKind, Event, EventAction, EventActor, Hash, NewEvent};
use crate::domain::reference::{NamedByChanges, Reference};
use crate::domain::text::LocalizedText;

/// The head of a task force's hash chain.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = task_force_heads, check_for_backend(diesel::pg::Pg))]
pub struct Head {
    /// Sequence number of the last event; 0 before the first.
    pub seq: i64,
    pub hash: Vec<u8>,
    /// The greatest id that was made in the task force.
    pub last_id: Uuid,
}

/// Takes the task force's lock; returns `None` if there is no such task force.
pub async fn lock_head(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<Head>> {
    task_force_heads::table
        .find(task_force_id)
        .select(Head::as_select())
        .for_update()
        .first(&mut &*conn)
        .await
        .optional()
}

/// Inserts the head of a new task force's chain.
pub async fn insert_head(conn: &Conn, task_force_id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(task_force_heads::table)
        .values((task_force_heads::task_force_id.eq(task_force_id), task_force_heads::changed_at.eq(now)))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Advances the head.
pub async fn move_head(conn: &Conn, task_force_id: Uuid, head: &Head, at: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(task_force_heads::table.find(task_force_id))
        .set((
            task_force_heads::seq.eq(head.seq),
            task_force_heads::hash.eq(&head.hash),
            task_force_heads::last_id.eq(head.last_id),
            task_force_heads::changed_at.eq(at),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// An event with its link to the one before.
#[derive(Debug)]
pub struct Link {
    pub event: Event,
    /// The canonical JSON (RFC 8785).
    pub body: String,
    /// Hash of the event before.
    pub previous: Vec<u8>,
    pub hash: Hash,
}

/// Appends events, 500 to a statement, since the bind values of a statement are limited.
pub async fn insert(conn: &Conn, links: &[Link]) -> QueryResult<()> {
    for some in links.chunks(500) {
        let row = |Link { event, body, previous, hash }: &Link| {
            (
                events::task_force_id.eq(event.task_force_id),
                events::seq.eq(event.seq),
                events::id.eq(event.id),
                events::at.eq(event.at),
                events::actor_id.eq(event.actor.id),
                events::action.eq(event.action),
                events::subject_kind.eq(event.subject.kind),
                events::subject_id.eq(event.subject.id),
                events::body.eq(body.clone()),
                events::previous_hash.eq(previous.clone()),
                events::hash.eq(hash.to_vec()),
            )
        };
        let rows: Vec<_> = some.iter().map(row).collect();
        diesel::insert_into(events::table).values(rows).execute(&mut &*conn).await?;
    }
    Ok(())
}

/// An event as it is read: the stored text, its hash, and the actor's current name.
#[derive(Debug, QueryableByName)]
pub struct EventRow {
    /// The canonical JSON (RFC 8785).
    #[diesel(sql_type = Text)]
    pub body: String,
    #[diesel(sql_type = Bytea)]
    pub hash: Vec<u8>,
    /// The number of events that were found for the page, whatever their bytes.
    #[diesel(sql_type = BigInt)]
    pub(super) found: i64,
    /// Current name of the acting user.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub actor_name: Option<LocalizedText>,
    /// The subject, with its current title; with its last title if it was deleted.
    #[diesel(sql_type = Jsonb)]
    pub subject: Reference,
    /// The members and resources that the changes name by their ids, for the actions whose sentences name them.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub named: Option<NamedByChanges>,
    /// The users who have cast their vote, for a vote that is open ([`OPEN_VOTERS`]).
    #[diesel(sql_type = Nullable<Array<SqlUuid>>)]
    pub open_voters: Option<Vec<Uuid>>,
}

/// The subject of the row `e` of an event or a notification if it was deleted, with the last title that an event gives to it, or to the resource that it
/// belonged to. Both are columns of the events and in an index: no text of an event is read, of which each can have half a
/// megabyte.
pub(super) const DELETED_SUBJECT: &str = "jsonb_build_object('kind', e.subject_kind, 'id', e.subject_id, 'title', (
    select titled.subject_title from events titled
    where titled.task_force_id = e.task_force_id and titled.subject_title is not null and titled.subject_id = coalesce(
        (select child.subject_parent_id from events child
         where child.task_force_id = e.task_force_id and child.subject_id = e.subject_id and child.subject_parent_id is not null
         limit 1),
        e.subject_id)
    order by titled.seq desc limit 1))";

/// The users who have cast their vote, if the event `e` is a vote on a submission that is open; otherwise null. The choice
/// of an open vote is sealed for other readers ([`crate::domain::sealed_ballot`]).
const OPEN_VOTERS: &str = "case when e.action = 'vote.cast' then (
    select array(select m.user_id
                 from ballots b join members m on m.task_force_id = b.task_force_id and m.id = b.member_id
                 where b.task_force_id = s.task_force_id and b.submission_id = s.id and b.choice is not null)
    from submissions s where s.task_force_id = e.task_force_id and s.id = e.subject_id and s.state = 'voting') end";

/// The columns of an [`EventRow`] that are joined to the event `e`, whose actor is the user `u`.
pub(super) fn joined_columns() -> String {
    let kinds = relations::in_task_force();
    let subject = relations::subject(&kinds, "e.subject_kind", "e.task_force_id", "e.subject_id");
    let named = relations::named_by_changes("e");
    format!(
        "u.name as actor_name, coalesce({subject}, {DELETED_SUBJECT}) as subject, {named} as named,
             {OPEN_VOTERS} as open_voters"
    )
}

/// Narrows a list of events.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only events after this sequence number.
    pub after: i64,
    /// Only events that are about this resource.
    pub subject: Option<Uuid>,
    /// Only events that this user caused.
    pub actor: Option<Uuid>,
    /// Only these actions; an empty list stands for all.
    pub actions: Vec<EventAction>,
}

/// The order of a list of events, with the sequence number after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOrder {
    OldestFirst(Option<i64>),
    NewestFirst(Option<i64>),
}

impl EventOrder {
    /// The direction, the comparison with the last number of the page before (`$2`), and that number.
    fn parts(self) -> (&'static str, &'static str, Option<i64>) {
        match self {
            Self::OldestFirst(after) => ("asc", "seq > coalesce($2, 0)", after),
            Self::NewestFirst(before) => ("desc", "seq < coalesce($2, 9223372036854775807)", before),
        }
    }
}

impl EventFilter {
    /// The conditions of the filter. Only those that are asked for become part of the text, so that Postgres plans each
    /// combination by its index; `$3` to `$5` are bound in any case.
    fn conditions(&self) -> String {
        let subject = self.subject.map(|_| " and subject_id = $3");
        let actor = self.actor.map(|_| " and actor_id = $4");
        let actions = (!self.actions.is_empty()).then_some(" and action = any($5)");
        [subject, actor, actions].into_iter().flatten().collect()
    }
}

/// The bytes of an event that count towards the end of a page. Every vote counts the same, about as much as one with long
/// comments: the end of a page would tell the size of a choice and its comment, which may be sealed for the reader.
pub(super) const COUNTED_BYTES: &str =
    "case when action = 'vote.cast' then 32768 else octet_length(body) end";

/// A page of the events of a task force: at most as many as the window has, and no further one once they have
/// `max_bytes`. The sizes are counted without reading the texts, so that long events are not even loaded.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: &EventFilter,
    order: EventOrder,
    window: Window,
    max_bytes: i64,
) -> QueryResult<Page<EventRow>> {
    let joined = joined_columns();
    let (direction, comparison, from) = order.parts();
    let conditions = filter.conditions();
    let query = diesel::sql_query(format!(
        "select e.body, e.hash, e.found, {joined}
         from (
             select *, count(*) over () as found,
                    sum(bytes) over (order by seq {direction}) - bytes as bytes_before
             from (
                 select task_force_id, seq, body, hash, actor_id, action, subject_kind, subject_id, {COUNTED_BYTES} as bytes
                 from events where task_force_id = $1 and seq > $6 and {comparison} {conditions}
                 order by seq {direction} limit $7
             ) page
         ) e
         left join users u on u.id = e.actor_id
         where e.bytes_before + e.bytes <= $8 or e.bytes_before = 0
         order by e.seq {direction}"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Nullable<BigInt>, _>(from)
    .bind::<Nullable<SqlUuid>, _>(filter.subject)
    .bind::<Nullable<SqlUuid>, _>(filter.actor)
    .bind::<Array<Text>, _>(&filter.actions)
    .bind::<BigInt, _>(filter.after)
    .bind::<BigInt, _>(window.rows())
    .bind::<BigInt, _>(max_bytes);
    let total = async {
        let query = diesel::sql_query(format!(
            "select count(*) as total from events where task_force_id = $1 and seq > $2 {conditions}"
        ))
        .bind::<SqlUuid, _>(task_force_id)
        .bind::<BigInt, _>(filter.after)
        .bind::<Nullable<SqlUuid>, _>(filter.subject)
        .bind::<Nullable<SqlUuid>, _>(filter.actor)
        .bind::<Array<Text>, _>(&filter.actions);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    let rows = async { Prepared(query).load::<EventRow>(&mut &*conn).await };
    let page = window.page(rows, total).await?;
    let read = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
    let more = page.items.iter().any(|row| row.found > read);
    Ok(Page { more, ..page })
}

/// The id and the action of the event of a task force with this sequence number.
pub async fn find(conn: &Conn, task_force_id: Uuid, seq: i64) -> QueryResult<Option<(Uuid, EventAction)>> {
    events::table
        .find((task_force_id, seq))
        .select((events::id, events::action))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Appends an event of the installation, which belongs to no task force.
pub async fn insert_installation(
    conn: &Conn,
    actor: EventActor,
    request_id: &str,
    at: DateTime<Utc>,
    new_event: &NewEvent,
) -> QueryResult<()> {
    let changes = serde_json::to_value(&new_event.changes)
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    diesel::insert_into(installation_events::table)
        .values((
            installation_events::id.eq(Uuid::now_v7()),
            installation_events::at.eq(at),
            installation_events::actor_kind.eq(actor.kind),
            installation_events::actor_id.eq(actor.id),
            installation_events::request_id.eq(request_id),
            installation_events::action.eq(new_event.action),
            installation_events::subject_kind.eq(new_event.subject.kind),
            installation_events::subject_id.eq(new_event.subject.id),
            installation_events::from_state.eq(new_event.from),
            installation_events::to_state.eq(new_event.to),
            installation_events::changes.eq(changes),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// An event of the installation.
#[derive(Debug, QueryableByName)]
pub struct InstallationEventRow {
    /// Grows with every event, with gaps.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub actor_kind: ActorKind,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub actor_name: Option<LocalizedText>,
    /// The id of the request.
    #[diesel(sql_type = Text)]
    pub request_id: String,
    /// The action.
    #[diesel(sql_type = Text)]
    pub action: EventAction,
    /// The user, session, API key or task force that the action concerns, with its current name.
    #[diesel(sql_type = Jsonb)]
    pub subject: Reference,
    #[diesel(sql_type = Nullable<Text>)]
    pub from_state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub to_state: Option<String>,
    #[diesel(sql_type = Jsonb)]
    pub changes: serde_json::Value,
}

/// A page of the events of the installation.
pub async fn list_installation(
    conn: &Conn,
    filter: &EventFilter,
    order: EventOrder,
    window: Window,
) -> QueryResult<Page<InstallationEventRow>> {
    let kinds = relations::OF_INSTALLATION_EVENTS;
    let subject = relations::subject(&kinds, "e.subject_kind", "null", "e.subject_id");
    let (direction, comparison, from) = order.parts();
    let conditions = filter.conditions();
    let query = diesel::sql_query(format!(
        "select e.seq, e.id, e.at, e.actor_kind, e.actor_id, u.name as actor_name, e.request_id, e.action,
                coalesce({subject}, jsonb_build_object('kind', e.subject_kind, 'id', e.subject_id)) as subject,
                e.from_state, e.to_state, e.changes
         from (
             select * from installation_events
             where seq > $1 and {comparison} {conditions}
             order by seq {direction} limit $6
         ) e
         left join users u on u.id = e.actor_id
         order by e.seq {direction}"
    ))
    .bind::<BigInt, _>(filter.after)
    .bind::<Nullable<BigInt>, _>(from)
    .bind::<Nullable<SqlUuid>, _>(filter.subject)
    .bind::<Nullable<SqlUuid>, _>(filter.actor)
    .bind::<Array<Text>, _>(&filter.actions)
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let query = diesel::sql_query(format!(
            "select count(*) as total from installation_events where seq > $1 and $2 {conditions}"
        ))
        .bind::<BigInt, _>(filter.after)
        .bind::<Bool, _>(true)
        .bind::<Nullable<SqlUuid>, _>(filter.subject)
        .bind::<Nullable<SqlUuid>, _>(filter.actor)
        .bind::<Array<Text>, _>(&filter.actions);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}

/// The head of a task force's chain and the highest event, read at one instant; `None` if there is no such task force.
pub async fn head(conn: &Conn, task_force_id: Uuid) -> QueryResult<Option<StoredHead>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
        #[diesel(sql_type = Bytea)]
        hash: Vec<u8>,
        #[diesel(sql_type = BigInt)]
        highest: i64,
    }
    // A removed head reads as the start of the chain, so that verification finds events behind it.
    let query = diesel::sql_query(
        "select coalesce(h.seq, 0) as seq, coalesce(h.hash, decode(repeat('00', 32), 'hex')) as hash,
                coalesce((select max(e.seq) from events e where e.task_force_id = t.id), 0) as highest
         from task_forces t left join task_force_heads h on h.task_force_id = t.id
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id);
    let row: Option<Row> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(row.map(|Row { seq, hash, highest }| StoredHead { seq, hash, highest }))
}

/// The stored events after one sequence number and up to another, oldest first.
pub async fn stored(
    conn: &Conn,
    task_force_id: Uuid,
    after: i64,
    up_to: i64,
    limit: i64,
) -> QueryResult<Vec<StoredEvent>> {
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = events, check_for_backend(diesel::pg::Pg))]
    struct Row {
        task_force_id: Uuid,
        seq: i64,
        id: Uuid,
        at: DateTime<Utc>,
        actor_id: Option<Uuid>,
        action: String,
        subject_kind: String,
        subject_id: Uuid,
        body: String,
        previous_hash: Vec<u8>,
        hash: Vec<u8>,
    }
    let rows: Vec<Row> = events::table
        .filter(events::task_force_id.eq(task_force_id))
        .filter(events::seq.gt(after))
        .filter(events::seq.le(up_to))
        .order(events::seq)
        .limit(limit)
        .select(Row::as_select())
        .load(&mut &*conn)
        .await?;
    let stored = |row: Row| StoredEvent {
        task_force_id: row.task_force_id,
        seq: row.seq,
        id: row.id,
        at: row.at,
        actor_id: row.actor_id,
        action: row.action,
        subject_kind: row.subject_kind,
        subject_id: row.subject_id,
        body: row.body,
        previous_hash: row.previous_hash,
        hash: row.hash,
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// The ids of task forces after a given one, in order.
pub async fn chains(conn: &Conn, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<Uuid>> {
    let mut query =
        task_forces::table.select(task_forces::id).order(task_forces::id).limit(limit).into_boxed();
    if let Some(after) = after {
        query = query.filter(task_forces::id.gt(after));
    }
    query.load(&mut &*conn).await
}
