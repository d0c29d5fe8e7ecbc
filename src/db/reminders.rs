//! Reminders: the work that falls due or is overdue, and the reminders that were sent.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::task_forces;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::notification::NotificationKind;
use crate::domain::reminder::RemindedDays;
use crate::domain::task_force::TaskForceState;
use crate::domain::working_week::Weekday;

/// A task force whose members are reminded.
#[derive(Debug, Clone, Queryable)]
pub struct RemindedTaskForce {
    pub id: Uuid,
    pub time_zone: String,
    pub working_week: Vec<Weekday>,
}

/// The task forces whose members are reminded. A suspended one reminds nobody; of a closed one, the conditions of the council
/// are still to be met.
pub async fn task_forces(conn: &Conn) -> QueryResult<Vec<RemindedTaskForce>> {
    task_forces::table
        .filter(task_forces::state.ne_all([TaskForceState::Forming, TaskForceState::Suspended]))
        .select((task_forces::id, task_forces::time_zone, task_forces::working_week))
        .load(&mut &*conn)
        .await
}

/// Something of which people are to be reminded.
#[derive(Debug, Clone, QueryableByName)]
pub struct DueWork {
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: NotificationKind,
    #[diesel(sql_type = Text)]
    pub subject_kind: SubjectKind,
    #[diesel(sql_type = SqlUuid)]
    pub subject_id: Uuid,
    /// The day on which the subject is due.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// The time since when a vote is open, and its end.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub opened_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ends_at: Option<DateTime<Utc>>,
    /// The people in charge.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub user_ids: Vec<Uuid>,
}

/// The work of task forces on their days of which nobody was reminded yet, at most so much. Nobody is reminded of an
/// activity without an assignee, nor of one that waits for its review.
pub async fn due_work(
    conn: &Conn,
    days: &[(Uuid, RemindedDays)],
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<DueWork>> {
    const ACTIVITIES: &str = "
        select a.task_force_id, d.kind, 'activity' as subject_kind, a.id as subject_id, a.due_date as day,
               null::timestamptz as opened_at, null::timestamptz as ends_at, array[m.user_id] as user_ids
        from days d
        join task_forces t on t.id = d.task_force_id and t.state = 'active'
        join activities a on a.task_force_id = d.task_force_id and a.cycle = t.current_cycle
             and due_or_never(a.due_date) between d.first and d.last and a.state in ('planned', 'inProgress', 'blocked')
        join members m on m.task_force_id = a.task_force_id and m.id = a.assignee_member_id and m.to_date is null
        where d.kind in ('activityDue', 'activityOverdue')";
    const CONDITIONS: &str = "
        select c.task_force_id, d.kind, 'condition', c.id, c.due_date, null, null, array[m.user_id]
        from days d
        join conditions c on c.task_force_id = d.task_force_id and c.due_date between d.first and d.last
             and c.state = 'open'
        join members m on m.task_force_id = c.task_force_id and m.id = c.owner_member_id and m.to_date is null
        where d.kind in ('conditionDue', 'conditionOverdue')";
    const VOTES: &str = "
        select s.task_force_id, d.kind, 'submission', s.id, ending.day, s.created_at, s.voting_ends_at, missing.user_ids
        from days d
        join task_forces t on t.id = d.task_force_id and t.state = 'active'
        join submissions s on s.task_force_id = d.task_force_id and s.state = 'voting' and s.voting_ends_at > $7
             and s.voting_paused_at is null
        cross join lateral (select local_date(s.voting_ends_at, t.time_zone) as day) ending
        cross join lateral (
            select array_agg(m.user_id order by m.id) as user_ids
            from ballots b join members m on m.task_force_id = b.task_force_id and m.id = b.member_id
            where b.task_force_id = s.task_force_id and b.submission_id = s.id and b.choice is null
              and b.absent_since is null
        ) missing
        where d.kind = 'voteEnding' and ending.day between d.first and d.last and missing.user_ids is not null";
    let query = diesel::sql_query(format!(
        "with task_force_days as (
             select * from unnest($1, $2, $3, $4, $5) w (task_force_id, due_first, due_last, overdue_first, overdue_last)
         ), days as (
             select task_force_id, kind, due_first as first, due_last as last
             from task_force_days cross join unnest('{{activityDue,conditionDue,voteEnding}}'::text[]) kind
             union all
             select task_force_id, kind, overdue_first, overdue_last
             from task_force_days cross join unnest('{{activityOverdue,conditionOverdue}}'::text[]) kind
         )
         select w.* from ({ACTIVITIES} union all {CONDITIONS} union all {VOTES}) w
         where not exists (select from reminders r
                           where r.task_force_id = w.task_force_id and r.kind = w.kind and r.subject_id = w.subject_id
                             and r.day = w.day)
         order by w.task_force_id, w.subject_id
         limit $6"
    ))
    .bind::<Array<SqlUuid>, _>(days.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(days.iter().map(|(_, days)| *days.due.start()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(days.iter().map(|(_, days)| *days.due.end()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(days.iter().map(|(_, days)| *days.overdue.start()).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(days.iter().map(|(_, days)| *days.overdue.end()).collect::<Vec<_>>())
    .bind::<BigInt, _>(limit)
    .bind::<Timestamptz, _>(now);
    Prepared(query).load(&mut &*conn).await
}

/// Notes that people are reminded of work of one task force, and returns the work of which nobody else reminds.
pub async fn claim(conn: &Conn, work: &[DueWork], now: DateTime<Utc>) -> QueryResult<Vec<DueWork>> {
    #[derive(QueryableByName)]
    struct Claimed {
        #[diesel(sql_type = Text)]
        kind: NotificationKind,
        #[diesel(sql_type = SqlUuid)]
        subject_id: Uuid,
    }
    let query = diesel::sql_query(
        "insert into reminders (task_force_id, kind, subject_id, day, reminded_at)
         select task_force_id, kind, subject_id, day, $5
         from unnest($1, $2, $3, $4) w (task_force_id, kind, subject_id, day)
         order by task_force_id, kind, subject_id
         on conflict do nothing
         returning kind, subject_id",
    )
    .bind::<Array<SqlUuid>, _>(work.iter().map(|one| one.task_force_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(work.iter().map(|one| one.kind).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(work.iter().map(|one| one.subject_id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(work.iter().map(|one| one.day).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now);
    let claimed: Vec<Claimed> = Prepared(query).load(&mut &*conn).await?;
    let is_claimed = |one: &&DueWork| {
        claimed.iter().any(|claimed| (claimed.kind, claimed.subject_id) == (one.kind, one.subject_id))
    };
    Ok(work.iter().filter(is_claimed).cloned().collect())
}
