//! The progress of the activities of a cycle.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Int4, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Conn;
use crate::db::functions::{due_or_never, local_date};
use crate::db::relations::{self, Column, column};
use crate::db::schema::{activities, task_forces};
use crate::db::statement::Prepared;
use crate::domain::activity::ActivityState;
use crate::domain::event::SubjectKind;
use crate::domain::reference::MemberReference;
use crate::domain::report::{ReportActivities, ReportActivity, ReportRisk, ReportRisks, RiskCause};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;

/// The most activities that each list names. The counts have no limit.
const MAX_LISTED: i64 = 200;

#[derive(Debug, QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    done: i64,
    #[diesel(sql_type = BigInt)]
    open: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = BigInt)]
    done_since: i64,
    #[diesel(sql_type = BigInt)]
    risks: i64,
}

#[derive(Debug, Queryable, QueryableByName)]
struct ActivityRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Int4)]
    number: i32,
    #[diesel(sql_type = Jsonb)]
    title: LocalizedText,
    #[diesel(sql_type = Text)]
    step: StepName,
    #[diesel(sql_type = Text)]
    state: ActivityState,
    #[diesel(sql_type = Nullable<Jsonb>)]
    state_reason: Option<LocalizedText>,
    #[diesel(sql_type = Timestamptz)]
    state_since: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Date>)]
    due_date: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    assignee: Option<MemberReference>,
}

impl ActivityRow {
    /// The name of the member who is responsible.
    fn assignee(assignee: Option<MemberReference>) -> Option<LocalizedText> {
        assignee.map(|member| member.name)
    }
}

impl From<ActivityRow> for ReportActivity {
    fn from(row: ActivityRow) -> Self {
        let ActivityRow { id, number, title, step, state, due_date, assignee, .. } = row;
        Self { id, number, title, step, state, due_date, assignee: ActivityRow::assignee(assignee) }
    }
}

impl From<ActivityRow> for ReportRisk {
    fn from(row: ActivityRow) -> Self {
        let ActivityRow { id, number, title, state, state_reason, state_since, due_date, assignee, .. } = row;
        // An activity that is open again has a reason too, but not a reason for being late.
        let (why, reason, since) = if state == ActivityState::Blocked {
            (RiskCause::Blocked, state_reason, Some(state_since))
        } else {
            (RiskCause::Overdue, None, None)
        };
        let (kind, number) = (SubjectKind::Activity, Some(number));
        let assignee = ActivityRow::assignee(assignee);
        Self { kind, id, number, title, why, reason, since, due_date, assignee }
    }
}

/// The activities of a cycle with counts, and the risks among them.
pub(super) async fn work(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
    since: Option<i64>,
) -> QueryResult<(ReportActivities, ReportRisks)> {
    let (counts, done, overdue, risks) = tokio::try_join!(
        counts(conn, task_force_id, cycle, now, since),
        done(conn, task_force_id, cycle, since),
        overdue(conn, task_force_id, cycle, now),
        risks(conn, task_force_id, cycle, now),
    )?;
    let activities = ReportActivities {
        done: counts.done,
        open: counts.open,
        overdue: counts.overdue,
        done_since: counts.done_since,
        done_items: done.into_iter().map(ReportActivity::from).collect(),
        overdue_items: overdue.into_iter().map(ReportActivity::from).collect(),
    };
    let items = risks.into_iter().map(ReportRisk::from).collect();
    Ok((activities, ReportRisks { total: counts.risks, items }))
}

/// The last change of the state of the activity `a` after the event `$4`, or ever, if the activity is done. The events of
/// each activity are looked up: reading all changes of the task force would take the longer the more there were.
const DONE: &str = "left join lateral (
    select max(e.seq) as seq from events e
    where e.task_force_id = $1 and e.subject_id = a.id and e.action = 'activity.transitioned'
      and e.seq > coalesce($4, 0) and a.state = 'done'
) m on true";

async fn counts(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
    since: Option<i64>,
) -> QueryResult<Counts> {
    let query = diesel::sql_query(format!(
        "select count(*) filter (where a.state = 'done') as done,
                count(*) filter (where a.open) as open,
                count(*) filter (where a.overdue) as overdue,
                count(*) filter (where a.state = 'done' and ($4 is null or m.seq is not null)) as done_since,
                count(*) filter (where a.state = 'blocked' or a.overdue) as risks
         from task_forces t
         cross join lateral (
             select id, state, state not in ('done', 'cancelled') as open,
                    state not in ('done', 'cancelled') and due_date < local_date($3, t.time_zone) as overdue
             from activities where task_force_id = t.id and cycle = $2
         ) a
         {DONE}
         where t.id = $1"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<BigInt>, _>(since);
    Prepared(query).get_result(&mut &*conn).await
}

/// The columns of [`ActivityRow`].
type Columns = (
    activities::id,
    activities::number,
    activities::title,
    activities::step,
    activities::state,
    activities::state_reason,
    activities::state_since,
    activities::due_date,
    Column<Nullable<Jsonb>>,
);

fn columns() -> Columns {
    (
        activities::id,
        activities::number,
        activities::title,
        activities::step,
        activities::state,
        activities::state_reason,
        activities::state_since,
        activities::due_date,
        column("assignee", &relations::member("activities.task_force_id", "activities.assignee_member_id")),
    )
}

/// The activities done after an event, or ever, in the order of completion.
async fn done(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    since: Option<i64>,
) -> QueryResult<Vec<ActivityRow>> {
    let query = diesel::sql_query(format!(
        "select a.id, a.number, a.title, a.step, a.state, a.state_reason, a.state_since, a.due_date,
                {assignee} as assignee
         from activities a {DONE}
         where a.task_force_id = $1 and a.cycle = $2 and a.state = 'done' and ($4 is null or m.seq is not null)
         order by m.seq, a.number limit $3",
        assignee = relations::member("a.task_force_id", "a.assignee_member_id"),
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<Int4, _>(cycle)
    .bind::<BigInt, _>(MAX_LISTED)
    .bind::<Nullable<BigInt>, _>(since);
    Prepared(query).load(&mut &*conn).await
}

/// The overdue activities, the longest overdue first.
async fn overdue(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ActivityRow>> {
    let today = local_date(now, task_forces::time_zone).nullable();
    activities::table
        .inner_join(task_forces::table.on(task_forces::id.eq(activities::task_force_id)))
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(activities::state.eq_any(ActivityState::OPEN))
        .filter(activities::due_date.lt(today))
        .order((activities::due_date, activities::number))
        .limit(MAX_LISTED)
        .select(columns())
        .load(&mut &*conn)
        .await
}

/// The activities that are blocked or overdue, by due date.
async fn risks(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ActivityRow>> {
    let today = local_date(now, task_forces::time_zone).nullable();
    let blocked = activities::state.eq(ActivityState::Blocked);
    activities::table
        .inner_join(task_forces::table.on(task_forces::id.eq(activities::task_force_id)))
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(activities::state.eq_any(ActivityState::OPEN))
        .filter(blocked.or(activities::due_date.lt(today)))
        .order((due_or_never(activities::due_date), activities::number))
        .limit(MAX_LISTED)
        .select(columns())
        .load(&mut &*conn)
        .await
}
