//! The positions up to which the events of each webhook were delivered, and the claims of workers.
//!
//! A worker claims a webhook for a while and then delivers outside of any transaction. Every change that it makes names its
//! claim, so that a worker that was too slow, or whose webhook was changed meanwhile, changes nothing. The end of a claim
//! is told by the clock of the database, which all processes share.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Int4, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::deliveries::Finished;
use crate::db::Conn;
use crate::db::statement::Prepared;
use crate::domain::webhook::Failures;

/// The seconds of a claim, which each attempt begins anew. An attempt takes ten seconds at most.
const CLAIM_SECONDS: i32 = 20;

/// A webhook that a worker has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub webhook_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub claim: Uuid,
    /// True if its last attempt has failed.
    #[diesel(sql_type = Bool)]
    pub is_failing: bool,
}

/// The webhooks among which a worker claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among<'a> {
    /// All webhooks.
    All,
    /// The webhooks of these task forces.
    TaskForces(&'a [Uuid]),
}

/// Claims webhooks that have something to deliver now: those whose last attempt has succeeded first. At most `limit` are
/// claimed, of which at most `failing` have failed. Rows that other workers are claiming are left out, and those of the task
/// forces `without`.
pub async fn claim(
    conn: &Conn,
    among: Among<'_>,
    without: &[Uuid],
    now: DateTime<Utc>,
    (limit, failing): (i64, i64),
) -> QueryResult<Vec<Claimed>> {
    let ids = match among {
        Among::All => None,
        Among::TaskForces(ids) => Some(ids),
    };
    let query = diesel::sql_query(
        "with due as (
             select p.task_force_id, p.webhook_id, p.failures > 0 as is_failing
             from webhook_positions p
             join webhooks w on w.task_force_id = p.task_force_id and w.id = p.webhook_id
             join task_force_heads h on h.task_force_id = p.task_force_id
             where ($1 is null or p.task_force_id = any($1)) and p.task_force_id <> all($6)
               and (p.claimed_until is null or p.claimed_until < clock_timestamp())
               and (
                   w.state = 'active' and p.seq < h.seq and (p.next_attempt_at is null or p.next_attempt_at <= $2)
                   or exists (
                       select from webhook_deliveries d
                       where d.task_force_id = p.task_force_id and d.webhook_id = p.webhook_id and d.outcome = 'pending'
                   )
               )
             order by p.failures > 0, p.claimed_until nulls first
             for update of p skip locked
         ), chosen as (
             select * from (
                 select due.*, row_number() over (partition by is_failing) as place from due
             ) numbered
             where not is_failing or place <= $4
             order by is_failing, place
             limit $3
         )
         update webhook_positions p
         set claim = gen_random_uuid(), claimed_until = clock_timestamp() + make_interval(secs => $5)
         from chosen c
         where p.task_force_id = c.task_force_id and p.webhook_id = c.webhook_id
         returning p.task_force_id, p.webhook_id, p.claim, c.is_failing",
    )
    .bind::<Nullable<Array<SqlUuid>>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(failing)
    .bind::<Int4, _>(CLAIM_SECONDS)
    .bind::<Array<SqlUuid>, _>(without);
    Prepared(query).load(&mut &*conn).await
}

/// The result of a finished attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The sequence number of the last event that is done with.
    pub seq: i64,
    pub failures: Failures,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// Notes an attempt to deliver an event, and extends the claim; returns false if the claim has ended.
pub async fn note(
    conn: &Conn,
    claimed: Claimed,
    progress: &Progress,
    finished: &Finished,
) -> QueryResult<bool> {
    let failures = i32::try_from(progress.failures.of_event).unwrap_or(i32::MAX);
    let query = diesel::sql_query(
        "with noted as (
             update webhook_positions
             set seq = $4, failures = $5, failing_since = $6, next_attempt_at = $7,
                 last_delivered_at = coalesce($8, last_delivered_at),
                 claimed_until = clock_timestamp() + make_interval(secs => $9)
             where task_force_id = $1 and webhook_id = $2 and claim = $3
             returning task_force_id, webhook_id
         )
         insert into webhook_deliveries (
             task_force_id, webhook_id, id, event_id, event_seq, action, outcome, attempt, status, error, milliseconds,
             created_at, finished_at
         )
         select task_force_id, webhook_id, gen_random_uuid(), $10, $11, $12, $13, $14, $15, $16, $17, $18, $18 from noted",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id)
    .bind::<SqlUuid, _>(claimed.claim)
    .bind::<BigInt, _>(progress.seq)
    .bind::<Int4, _>(failures)
    .bind::<Nullable<Timestamptz>, _>(progress.failures.since)
    .bind::<Nullable<Timestamptz>, _>(progress.next_attempt_at)
    .bind::<Nullable<Timestamptz>, _>(progress.delivered_at)
    .bind::<Int4, _>(CLAIM_SECONDS)
    .bind::<Nullable<SqlUuid>, _>(finished.event.map(|event| event.id))
    .bind::<Nullable<BigInt>, _>(finished.event.map(|event| event.seq))
    .bind::<Nullable<Text>, _>(finished.event.map(|event| event.action))
    .bind::<Text, _>(finished.outcome)
    .bind::<Int4, _>(finished.attempt)
    .bind::<Nullable<Int4>, _>(finished.status.map(i32::from))
    .bind::<Nullable<Text>, _>(finished.error)
    .bind::<Nullable<Int4>, _>(finished.milliseconds)
    .bind::<Timestamptz, _>(finished.at);
    Ok(Prepared(query).execute(&mut &*conn).await? > 0)
}

/// Moves a position over events that are not sent, and extends the claim; returns false if the claim has ended.
pub async fn skip_to(conn: &Conn, claimed: Claimed, seq: i64) -> QueryResult<bool> {
    let query = diesel::sql_query(
        "update webhook_positions
         set seq = $4, claimed_until = clock_timestamp() + make_interval(secs => $5)
         where task_force_id = $1 and webhook_id = $2 and claim = $3",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id)
    .bind::<SqlUuid, _>(claimed.claim)
    .bind::<BigInt, _>(seq)
    .bind::<Int4, _>(CLAIM_SECONDS);
    Ok(Prepared(query).execute(&mut &*conn).await? > 0)
}

/// Extends a claim; returns false if it has ended.
pub async fn extend(conn: &Conn, claimed: Claimed) -> QueryResult<bool> {
    let query = diesel::sql_query(
        "update webhook_positions set claimed_until = clock_timestamp() + make_interval(secs => $4)
         where task_force_id = $1 and webhook_id = $2 and claim = $3",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id)
    .bind::<SqlUuid, _>(claimed.claim)
    .bind::<Int4, _>(CLAIM_SECONDS);
    Ok(Prepared(query).execute(&mut &*conn).await? > 0)
}

/// Gives a claim back. The next attempt is made at `next_attempt_at`, if that is later than the time that is set.
pub async fn release(
    conn: &Conn,
    claimed: Claimed,
    next_attempt_at: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    let query = diesel::sql_query(
        "update webhook_positions
         set claim = null, claimed_until = clock_timestamp(), next_attempt_at = greatest(next_attempt_at, $4)
         where task_force_id = $1 and webhook_id = $2 and claim = $3",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id)
    .bind::<SqlUuid, _>(claimed.claim)
    .bind::<Nullable<Timestamptz>, _>(next_attempt_at);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Lets others claim a webhook whose claim was ended while a worker had it.
pub async fn end(conn: &Conn, claimed: Claimed) -> QueryResult<()> {
    let query = diesel::sql_query(
        "update webhook_positions set claimed_until = clock_timestamp()
         where task_force_id = $1 and webhook_id = $2 and claim is null and claimed_until > clock_timestamp()",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Sets a position anew, as if no attempt had failed, and ends the claim of a worker. Others claim the webhook once the
/// worker has noticed ([`end`]), or once its time is over: otherwise one webhook could have many attempts at once.
pub async fn reset(conn: &Conn, task_force_id: Uuid, webhook_id: Uuid, seq: i64) -> QueryResult<()> {
    let query = diesel::sql_query(
        "update webhook_positions
         set seq = $3, failures = 0, failing_since = null, next_attempt_at = null, claim = null
         where task_force_id = $1 and webhook_id = $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(webhook_id)
    .bind::<BigInt, _>(seq);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}

/// Tells whether a claim lasts, and keeps others from ending it until the end of the transaction.
pub async fn lock(conn: &Conn, claimed: Claimed) -> QueryResult<bool> {
    let query = diesel::sql_query(
        "select task_force_id, webhook_id, claim, failures > 0 as is_failing from webhook_positions
         where task_force_id = $1 and webhook_id = $2 and claim = $3 for update",
    )
    .bind::<SqlUuid, _>(claimed.task_force_id)
    .bind::<SqlUuid, _>(claimed.webhook_id)
    .bind::<SqlUuid, _>(claimed.claim);
    let found: Option<Claimed> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    Ok(found.is_some())
}
