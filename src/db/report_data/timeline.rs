//! The activities of a cycle over time, and the due dates.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::statement::Prepared;
use crate::domain::activity::ActivityState;
use crate::domain::report::{HistoryDays, ReportDueActivity, ReportTimeline, StateChanges};
use crate::domain::step::{StepName, StepState};
use crate::domain::text::LocalizedText;

/// The most changes of state that a history is made of: more than the activities of a cycle have in ordinary work. Members
/// can move activities without end, and each status and report reads the changes.
const MOST_CHANGES: i64 = 50_000;

/// The most bytes of these changes: a change to `blocked` has a reason of up to 16 kB, and Postgres reads all texts.
const MOST_CHANGES_BYTES: i64 = 16 * 1024 * 1024;

/// The most due activities that are listed.
const MAX_DUE: i64 = 100;

#[derive(Debug, QueryableByName)]
struct Frame {
    /// The current day in the task force's time zone.
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    /// The day on which the cycle was opened.
    #[diesel(sql_type = Date)]
    opened_on: NaiveDate,
    #[diesel(sql_type = Text)]
    time_zone: String,
    #[diesel(sql_type = Nullable<Date>)]
    next_council_date: Option<NaiveDate>,
    #[diesel(sql_type = BigInt)]
    due: i64,
}

#[derive(Debug, QueryableByName)]
struct ChangesRow {
    #[diesel(sql_type = Int4)]
    days_after: i32,
    #[diesel(sql_type = Nullable<Text>)]
    from: Option<ActivityState>,
    #[diesel(sql_type = Text)]
    to: ActivityState,
    #[diesel(sql_type = BigInt)]
    count: i64,
    /// The days that come after the oldest change that was read, if older ones were not.
    #[diesel(sql_type = Nullable<Int4>)]
    known_days: Option<i32>,
}

/// The numbers of activities by state, and the changes before.
struct History {
    days: HistoryDays,
    present: Vec<(ActivityState, i64)>,
    changes: Vec<StateChanges>,
}

#[derive(Debug, QueryableByName)]
struct DueRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Int4)]
    number: i32,
    #[diesel(sql_type = Jsonb)]
    title: LocalizedText,
    #[diesel(sql_type = Date)]
    due_date: NaiveDate,
}

/// A step with the days of its passing, in the task force's time zone.
#[derive(Debug, Clone, QueryableByName)]
pub struct StepOnPath {
    #[diesel(sql_type = Text)]
    pub step: StepName,
    #[diesel(sql_type = Text)]
    pub state: StepState,
    #[diesel(sql_type = Nullable<Date>)]
    pub target_date: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub passed_on: Option<NaiveDate>,
}

/// The steps of a cycle, in order.
pub(super) async fn steps(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<Vec<StepOnPath>> {
    let query = diesel::sql_query(
        "select s.step, s.state, s.target_date,
                case when s.passed_at is not null then local_date(s.passed_at, t.time_zone) end as passed_on
         from task_forces t
         join steps s on s.task_force_id = t.id and s.cycle = $2
         where t.id = $1
         order by s.ordinal",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle);
    Prepared(query).load(&mut &*conn).await
}

/// The timeline of a cycle, as of `now`. The timeline is the same until the day ends, if nothing changes.
pub(super) async fn timeline(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<ReportTimeline> {
    let frame = frame(conn, task_force_id, cycle, now).await?;
    let days = HistoryDays::new(frame.opened_on, frame.day);
    let zone = frame.time_zone.parse().unwrap_or(Tz::UTC);
    let (history, due_items) = tokio::try_join!(
        history(conn, task_force_id, cycle, days, zone),
        due_items(conn, task_force_id, cycle, frame.day),
    )?;
    Ok(ReportTimeline {
        day: frame.day,
        next_council_date: frame.next_council_date,
        history: history.days.counts(&history.present, &history.changes),
        due: frame.due,
        due_items,
    })
}

async fn frame(conn: &Conn, task_force_id: Uuid, cycle: i32, now: DateTime<Utc>) -> QueryResult<Frame> {
    let query = diesel::sql_query(
        "select local_date($3, t.time_zone) as day, local_date(c.opened_at, t.time_zone) as opened_on,
                t.time_zone, t.next_council_date,
                (select count(*) from activities
                 where task_force_id = $1 and cycle = $2 and due_date is not null
                   and state not in ('done', 'cancelled')) as due
         from task_forces t
         join cycles c on c.task_force_id = t.id and c.number = $2
         where t.id = $1",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await
}

/// The cycle's activities by state, and their changes of state, counted by the number of days of the history that come after
/// them. The state before and after a change is in the event alone: an activity has only its last state. Of more changes
/// than a history is made of, the latest are read, and the history begins with them.
async fn history(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    days: HistoryDays,
    zone: Tz,
) -> QueryResult<History> {
    let days_after = "greatest(floor(extract(epoch from $3 - at) / (86400 * 7 * $4)), 0)::int";
    let query = diesel::sql_query(format!(
        "with latest as (
             select seq, at, subject_id, body
             from (
                 select *, sum(octet_length(body)) over (order by seq desc) as bytes
                 from (
                     select seq, at, subject_id, body from events
                     where task_force_id = $1 and action = 'activity.transitioned' order by seq desc limit {MOST_CHANGES}
                 ) newest
             ) sized
             where bytes <= {MOST_CHANGES_BYTES}
         ),
         changes as (
             select created_at as at, null as \"from\", 'planned' as \"to\"
             from activities where task_force_id = $1 and cycle = $2
             union all
             select e.at, e.body::json ->> 'from', e.body::json ->> 'to'
             from latest e join activities a on a.task_force_id = $1 and a.id = e.subject_id and a.cycle = $2
         )
         select {days_after} as days_after, \"from\", \"to\", count(*) as count,
                (select {days_after}
                 from (
                     select min(at) as at from latest
                     having min(seq) > (select min(seq) from events
                                        where task_force_id = $1 and action = 'activity.transitioned')
                 ) oldest) as known_days
         from changes group by 1, 2, 3
         union all
         select -1, null, state, count(*), null from activities
         where task_force_id = $1 and cycle = $2 group by state"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(end_of(days.last, zone))
    .bind::<Int4, _>(i32::try_from(days.weeks).unwrap_or(i32::MAX));
    let rows: Vec<ChangesRow> = Prepared(query).load(&mut &*conn).await?;
    let mut history = History { days, present: Vec::new(), changes: Vec::new() };
    for ChangesRow { days_after, from, to, count, known_days } in rows {
        if let Some(known_days) = known_days.and_then(|days| u32::try_from(days).ok()) {
            history.days = days.since(known_days);
        }
        match u32::try_from(days_after) {
            Ok(days_after) => history.changes.push(StateChanges { days_after, from, to, count }),
            // The rows of the present come after no day.
            Err(_) => history.present.push((to, count)),
        }
    }
    Ok(history)
}

/// The end of a day in a time zone. A day that begins without a midnight begins as in UTC.
fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
    midnight.and_local_timezone(zone).earliest().map_or_else(|| midnight.and_utc(), |end| end.to_utc())
}

/// The open activities whose due dates are nearest to a day, by due date.
async fn due_items(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    day: NaiveDate,
) -> QueryResult<Vec<ReportDueActivity>> {
    let query = diesel::sql_query(
        "select id, number, title, due_date from (
             select id, number, title, due_date from activities
             where task_force_id = $1 and cycle = $2 and due_date is not null
               and state not in ('done', 'cancelled')
             order by abs(due_date - $3), number limit $4
         ) nearest
         order by due_date, number",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Date, _>(day)
    .bind::<BigInt, _>(MAX_DUE);
    let rows: Vec<DueRow> = Prepared(query).load(&mut &*conn).await?;
    let due =
        |DueRow { id, number, title, due_date }: DueRow| ReportDueActivity { id, number, title, due_date };
    Ok(rows.into_iter().map(due).collect())
}
