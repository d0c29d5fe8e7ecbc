//! The activities of a cycle over time, and the due dates.

use chrono::{DateTime, NaiveDate, Utc};
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

/// The most days of a history. A cycle of more weeks has a day for every second, third or further week.
const MAX_DAYS: i32 = 60;

/// The most due activities that are listed.
const MAX_DUE: i64 = 100;

#[derive(Debug, QueryableByName)]
struct Frame {
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    next_council_date: Option<NaiveDate>,
    /// Weeks between two days.
    #[diesel(sql_type = Int4)]
    weeks: i32,
    /// Number of days before the last.
    #[diesel(sql_type = Int4)]
    before: i32,
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

/// The timeline of a cycle, as of `now`.
pub(super) async fn timeline(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<ReportTimeline> {
    let (frame, changes, due_items) = tokio::try_join!(
        frame(conn, task_force_id, cycle, now),
        changes(conn, task_force_id, cycle, now),
        due_items(conn, task_force_id, cycle, now),
    )?;
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    let days = HistoryDays { last: frame.day, weeks: count(frame.weeks), before: count(frame.before) };
    let changes = changes.into_iter().map(|row| StateChanges {
        days_after: count(row.days_after),
        from: row.from,
        to: row.to,
        count: row.count,
    });
    Ok(ReportTimeline {
        day: frame.day,
        next_council_date: frame.next_council_date,
        history: days.counts(&changes.collect::<Vec<_>>()),
        due: frame.due,
        due_items,
    })
}

/// The number of weeks between two days of the history of a cycle `c` at the instant `$3`.
fn weeks() -> String {
    format!("greatest(ceil(extract(epoch from $3 - c.opened_at) / (86400 * 7 * {}))::int, 1)", MAX_DAYS - 1)
}

async fn frame(conn: &Conn, task_force_id: Uuid, cycle: i32, now: DateTime<Utc>) -> QueryResult<Frame> {
    let query = diesel::sql_query(format!(
        "select local_date($3, t.time_zone) as day, t.next_council_date, w.weeks,
                greatest(floor(extract(epoch from $3 - c.opened_at) / (86400 * 7 * w.weeks))::int, 0) as before,
                (select count(*) from activities
                 where task_force_id = $1 and cycle = $2 and due_date is not null
                   and state not in ('done', 'cancelled')) as due
         from task_forces t
         join cycles c on c.task_force_id = t.id and c.number = $2
         cross join lateral (select {} as weeks) w
         where t.id = $1",
        weeks()
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(now);
    Prepared(query).get_result(&mut &*conn).await
}

/// The changes of state of the cycle's activities, counted by the day of the history that follows them. The state
/// before and after a change is in the event alone: an activity has only its last state.
async fn changes(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ChangesRow>> {
    let query = diesel::sql_query(format!(
        "with changes as (
             select created_at as at, null as \"from\", 'planned' as \"to\"
             from activities where task_force_id = $1 and cycle = $2
             union all
             select e.at, e.body::json ->> 'from', e.body::json ->> 'to'
             from events e
             join activities a on a.task_force_id = e.task_force_id and a.id = e.subject_id and a.cycle = $2
             where e.task_force_id = $1 and e.action = 'activity.transitioned'
         )
         select greatest(floor(extract(epoch from $3 - x.at) / (86400 * 7 * w.weeks)), 0)::int as days_after,
                x.\"from\", x.\"to\", count(*) as count
         from changes x
         join cycles c on c.task_force_id = $1 and c.number = $2
         cross join lateral (select {} as weeks) w
         group by 1, 2, 3",
        weeks()
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(now);
    Prepared(query).load(&mut &*conn).await
}

/// The open activities that are due next, and those that are overdue since a short time.
async fn due_items(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ReportDueActivity>> {
    let query = diesel::sql_query(
        "with today as materialized (
             select local_date($3, time_zone) as day from task_forces where id = $1
         )
         select id, number, title, due_date from (
             select a.id, a.number, a.title, a.due_date from activities a, today
             where a.task_force_id = $1 and a.cycle = $2 and a.due_date is not null
               and a.state not in ('done', 'cancelled')
             order by abs(a.due_date - today.day), a.number limit $4
         ) nearest
         order by due_date, number",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(MAX_DUE);
    let rows: Vec<DueRow> = Prepared(query).load(&mut &*conn).await?;
    let due =
        |DueRow { id, number, title, due_date }: DueRow| ReportDueActivity { id, number, title, due_date };
    Ok(rows.into_iter().map(due).collect())
}
