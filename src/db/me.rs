//! The tasks of one person in all task forces.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::{Page, Total, Window};
use super::relations;
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::reference::Reference;
use crate::domain::step::StepName;
use crate::domain::task::TaskKind;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// A task that waits for a person.
#[derive(Debug, Clone, QueryableByName)]
pub struct Task {
    /// The kind of task.
    #[diesel(sql_type = Text)]
    pub kind: TaskKind,
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub task_force_name: LocalizedText,
    /// The subject that waits.
    #[diesel(sql_type = Jsonb)]
    pub subject: Reference,
    /// Step of the subject, if it belongs to one.
    #[diesel(sql_type = Nullable<Text>)]
    pub step: Option<StepName>,
    #[diesel(sql_type = Nullable<Date>)]
    pub due_date: Option<NaiveDate>,
    /// The start of the wait.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// The tasks that wait for the user `$1`, in the table `waiting`.
const WAITING: &str = "with seats as (
             select t.id as task_force_id, t.name as task_force_name, t.state, t.current_cycle, t.time_zone,
                    m.id as member_id, m.role
             from members m join task_forces t on t.id = m.task_force_id
             where m.user_id = $1 and m.to_date is null
         ), waiting as (
             select 'vote' as kind, m.task_force_id, m.task_force_name, 'submission' as subject_kind,
                    s.id as subject_id, s.step,
                    case when s.voting_ends_at is not null then local_date(s.voting_ends_at, m.time_zone) end as due_date,
                    s.created_at as since
             from seats m
             join ballots b on b.task_force_id = m.task_force_id and b.member_id = m.member_id
                  and b.choice is null and b.absent_since is null
             join submissions s on s.task_force_id = b.task_force_id and s.id = b.submission_id
                  and s.state = 'voting'
             where m.state = 'active'
             union all
             select 'review', m.task_force_id, m.task_force_name, 'activity',
                    a.id, a.step, a.due_date, a.state_since
             from seats m
             join activities a on a.task_force_id = m.task_force_id
                  and a.state = 'inReview' and a.assignee_member_id is distinct from m.member_id
                  and not exists (select from activity_assignees w
                                  join members p on p.task_force_id = w.task_force_id and p.id = w.member_id
                                  where w.task_force_id = a.task_force_id and w.activity_id = a.id and p.user_id = $1)
             join steps s on s.task_force_id = a.task_force_id and s.cycle = a.cycle and s.step = a.step
                  and s.state in ('open', 'passed')
             where m.state = 'active'
             union all
             select 'condition', m.task_force_id, m.task_force_name, 'condition',
                    c.id, null, c.due_date, c.state_since
             from seats m
             join conditions c on c.task_force_id = m.task_force_id and c.state = 'open'
                  and (m.role = 'chair' or c.owner_member_id = m.member_id)
             where m.state <> 'suspended'
             union all
             select 'extendedPilot', m.task_force_id, m.task_force_name, 'pilot',
                    p.id, s.step, s.target_date, c.opened_at
             from seats m
             join steps s on s.task_force_id = m.task_force_id and s.cycle = m.current_cycle
                  and s.step = 'pilots' and s.state in ('locked', 'open')
             join cycles c on c.task_force_id = m.task_force_id and c.number = m.current_cycle
             join pilots p on p.task_force_id = m.task_force_id and p.last_cycle < m.current_cycle
                  and p.state = 'evaluated' and p.outcome = 'extend'
             where m.state = 'active' and m.role = 'chair'
             union all
             select 'acceptance', t.id, t.name, 'condition', c.id, null, c.due_date, c.state_since
             from users u
             join conditions c on c.state = 'reportedMet'
             join task_forces t on t.id = c.task_force_id and t.state <> 'suspended'
             where u.id = $1 and u.role = 'secretariat'
             union all
             select 'decision', t.id, t.name, 'report', r.id, null, t.next_council_date, r.submitted_at
             from users u
             join reports r on r.state = 'submitted'
             join task_forces t on t.id = r.task_force_id and t.state = 'active'
             where u.id = $1 and u.role in ('secretariat', 'councilMember')
         )";

/// A page of a user's tasks of these kinds, or of all, the longest waiting first. Members vote, review activities and meet conditions; the
/// secretariat accepts conditions and records decisions, which the members of the council take.
pub async fn tasks(
    conn: &Conn,
    user_id: Uuid,
    kinds: &[TaskKind],
    after: Option<(DateTime<Utc>, Uuid)>,
    window: Window,
) -> QueryResult<Page<Task>> {
    const KINDS: [SubjectKind; 5] = [
        SubjectKind::Submission,
        SubjectKind::Activity,
        SubjectKind::Condition,
        SubjectKind::Pilot,
        SubjectKind::Report,
    ];
    let kinds = if kinds.is_empty() { TaskKind::ALL } else { kinds };
    let (since, id) = after.map_or((None, Uuid::nil()), |(since, id)| (Some(since), id));
    let subject = relations::subject(&KINDS, "w.subject_kind", "w.task_force_id", "w.subject_id");
    let query = diesel::sql_query(format!(
        "{WAITING}
         select w.*, {subject} as subject from (
             select * from waiting
             where (since, subject_id) > (coalesce($2, timestamptz '-infinity'), $3) and kind = any($5)
             order by since, subject_id limit $4
         ) w
         order by w.since, w.subject_id"
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Nullable<Timestamptz>, _>(since)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(window.rows())
    .bind::<Array<Text>, _>(kinds);
    let total = async {
        let query = diesel::sql_query(format!(
            "{WAITING} select count(*) as total from waiting where kind = any($2)"
        ))
        .bind::<SqlUuid, _>(user_id)
        .bind::<Array<Text>, _>(kinds);
        let found: Total = Prepared(query).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}
