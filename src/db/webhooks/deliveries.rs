//! The log of attempts to deliver, and the deliveries that somebody has requested and no worker has attempted yet.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::page::{Page, Window};
use crate::db::schema::webhook_deliveries;
use crate::db::statement::Prepared;
use crate::domain::event::EventAction;
use crate::domain::webhook::{DeliveryError, DeliveryOutcome, LOGGED_ATTEMPTS, LOGGED_SET_ASIDE};

/// An attempt to deliver, or a delivery that is requested.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries, check_for_backend(diesel::pg::Pg))]
pub struct Delivery {
    pub id: Uuid,
    /// Orders the deliveries of a webhook.
    pub number: i64,
    /// The event; `None` for a test.
    pub event_id: Option<Uuid>,
    pub event_seq: Option<i64>,
    pub action: Option<EventAction>,
    pub outcome: DeliveryOutcome,
    /// The number of the attempt to deliver this event, from 1.
    pub attempt: i32,
    /// The status of the answer.
    pub status: Option<i32>,
    pub error: Option<DeliveryError>,
    pub milliseconds: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// The event of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveredEvent {
    pub id: Uuid,
    pub seq: i64,
    pub action: EventAction,
}

/// A finished attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The event; `None` for a test.
    pub event: Option<DeliveredEvent>,
    pub outcome: DeliveryOutcome,
    pub attempt: i32,
    pub status: Option<u16>,
    pub error: Option<DeliveryError>,
    pub milliseconds: Option<i32>,
    pub at: DateTime<Utc>,
}

/// A page of the deliveries of a webhook, newest first, with one of these outcomes if there are any.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    webhook_id: Uuid,
    outcomes: &[DeliveryOutcome],
    before: Option<i64>,
    window: Window,
) -> QueryResult<Page<Delivery>> {
    let matching = || {
        let all = webhook_deliveries::table
            .filter(webhook_deliveries::task_force_id.eq(task_force_id))
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .select(Delivery::as_select())
            .into_boxed();
        if outcomes.is_empty() { all } else { all.filter(webhook_deliveries::outcome.eq_any(outcomes)) }
    };
    let mut query = matching().order(webhook_deliveries::number.desc()).limit(window.rows());
    if let Some(before) = before {
        query = query.filter(webhook_deliveries::number.lt(before));
    }
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// Finds a delivery of a webhook.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    webhook_id: Uuid,
    id: Uuid,
) -> QueryResult<Option<Delivery>> {
    webhook_deliveries::table
        .find((task_force_id, id))
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .select(Delivery::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Requests the delivery of an event, or a test.
pub async fn request(
    conn: &Conn,
    task_force_id: Uuid,
    webhook_id: Uuid,
    id: Uuid,
    event: Option<DeliveredEvent>,
    now: DateTime<Utc>,
) -> QueryResult<Delivery> {
    diesel::insert_into(webhook_deliveries::table)
        .values((
            webhook_deliveries::task_force_id.eq(task_force_id),
            webhook_deliveries::webhook_id.eq(webhook_id),
            webhook_deliveries::id.eq(id),
            webhook_deliveries::event_id.eq(event.map(|event| event.id)),
            webhook_deliveries::event_seq.eq(event.map(|event| event.seq)),
            webhook_deliveries::action.eq(event.map(|event| event.action)),
            webhook_deliveries::outcome.eq(DeliveryOutcome::Pending),
            webhook_deliveries::attempt.eq(1),
            webhook_deliveries::created_at.eq(now),
        ))
        .returning(Delivery::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Counts the deliveries that are requested and not attempted yet.
pub async fn count_pending(conn: &Conn, task_force_id: Uuid, webhook_id: Uuid) -> QueryResult<i64> {
    webhook_deliveries::table
        .filter(webhook_deliveries::task_force_id.eq(task_force_id))
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(webhook_deliveries::outcome.eq(DeliveryOutcome::Pending))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// The oldest delivery that is requested and not attempted yet.
pub async fn next_pending(
    conn: &Conn,
    task_force_id: Uuid,
    webhook_id: Uuid,
) -> QueryResult<Option<Delivery>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::task_force_id.eq(task_force_id))
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(webhook_deliveries::outcome.eq(DeliveryOutcome::Pending))
        .order(webhook_deliveries::number)
        .select(Delivery::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Notes the outcome of a delivery that was requested.
pub async fn finish(conn: &Conn, task_force_id: Uuid, id: Uuid, finished: &Finished) -> QueryResult<()> {
    diesel::update(webhook_deliveries::table.find((task_force_id, id)))
        .set((
            webhook_deliveries::outcome.eq(finished.outcome),
            webhook_deliveries::status.eq(finished.status.map(i32::from)),
            webhook_deliveries::error.eq(finished.error),
            webhook_deliveries::milliseconds.eq(finished.milliseconds),
            webhook_deliveries::finished_at.eq(finished.at),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Deletes the oldest rows of a webhook beyond those that the log keeps. Events that were set aside are kept longer, since
/// they wait for somebody.
pub async fn trim(conn: &Conn, task_force_id: Uuid, webhook_id: Uuid) -> QueryResult<()> {
    let query = diesel::sql_query(
        "delete from webhook_deliveries d
         using (
             select id, outcome, row_number() over (partition by outcome = 'setAside' order by number desc) as place
             from webhook_deliveries
             where task_force_id = $1 and webhook_id = $2 and outcome <> 'pending'
         ) ranked
         where d.task_force_id = $1 and d.id = ranked.id
           and ranked.place > case when ranked.outcome = 'setAside' then $3 else $4 end",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(webhook_id)
    .bind::<BigInt, _>(LOGGED_SET_ASIDE)
    .bind::<BigInt, _>(LOGGED_ATTEMPTS);
    Prepared(query).execute(&mut &*conn).await.map(drop)
}
