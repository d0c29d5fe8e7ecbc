//! Activities and their dependencies.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize;
use diesel::dsl::AssumeNotNull;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::cycles::{Cycles, SelectsCycles};
use super::functions::{due_or_never, local_date, number, pattern};
use super::page::{Page, Total, Window};
use super::references::{ReferenceRow, referring};
use super::relations::{self, Column, References, column};
use super::schema::{activities, activity_dependencies, members, steps, task_force_heads, task_forces};
use super::statement::{Prepared, columns};
use crate::domain::activity::{ActivityPriority, ActivityState, Stage};
use crate::domain::event::SubjectKind;
use crate::domain::evidence::{About, ActivitySubjectKind};
use crate::domain::reference::{MemberReference, Reference};
use crate::domain::step::{StepName, StepState};
use crate::domain::text::LocalizedText;

/// Stands for "no due date" where days are compared, as the SQL function `due_or_never` has it.
const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// The rows of one statement: a statement has at most 65,535 parameters.
const INSERTED_AT_ONCE: usize = 500;

/// An activity as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
pub struct Activity {
    pub id: Uuid,
    /// Counted per task force; a number is never reused.
    pub number: i32,
    /// The cycle of creation.
    pub cycle: i32,
    #[diesel(embed)]
    pub fields: ActivityFields,
    pub state: ActivityState,
    /// The state to which unblocking returns.
    pub blocked_from: Option<ActivityState>,
    /// The reason why the activity is blocked, cancelled or open again.
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    /// The instant at which work first started.
    pub started_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(
        select_expression = assignee(),
        select_expression_type = Column<Nullable<Jsonb>>,
        sql_type = Nullable<Jsonb>
    )]
    pub assignee: Option<MemberReference>,
    /// The subject, with its title.
    #[diesel(
        select_expression = subject(),
        select_expression_type = Column<Nullable<Jsonb>>,
        sql_type = Nullable<Jsonb>
    )]
    pub subject: Option<Reference>,
    /// The activities that this one depends on.
    #[diesel(select_expression = depends_on(), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub depends_on: References,
}

fn assignee() -> Column<Nullable<Jsonb>> {
    column("assignee", &relations::member("activities.task_force_id", "activities.assignee_member_id"))
}

fn subject() -> Column<Nullable<Jsonb>> {
    const KINDS: [SubjectKind; 5] = [
        SubjectKind::Policy,
        SubjectKind::Sector,
        SubjectKind::Pilot,
        SubjectKind::Migration,
        SubjectKind::Condition,
    ];
    let [kind, task_force_id, id] =
        ["activities.subject_kind", "activities.task_force_id", "activities.subject_id"];
    column("subject", &relations::subject(&KINDS, kind, task_force_id, id))
}

fn depends_on() -> Column<Jsonb> {
    let found = relations::object(SubjectKind::Activity, "ref", "'title', ref.title, 'number', ref.number");
    column(
        "depends_on",
        &format!(
            "coalesce((
                 select jsonb_agg({found} order by ref.number)
                 from activity_dependencies ref_dependency
                 join activities ref on ref.task_force_id = ref_dependency.task_force_id
                      and ref.id = ref_dependency.depends_on_id
                 where ref_dependency.task_force_id = activities.task_force_id
                   and ref_dependency.activity_id = activities.id), '[]')"
        ),
    )
}

/// The changeable fields of an activity.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct ActivityFields {
    pub title: LocalizedText,
    /// The work to be done.
    pub description: Option<LocalizedText>,
    pub step: StepName,
    #[serde(rename = "assigneeId")]
    pub assignee_member_id: Option<Uuid>,
    pub due_date: Option<NaiveDate>,
    pub priority: ActivityPriority,
    /// True if another member reviews the work before the activity is done.
    pub review_required: bool,
    /// The product or condition that the activity is about. The subject is written as [`SubjectColumns`] and read from
    /// two columns that Postgres computes of those.
    #[diesel(embed, skip_insertion, skip_update)]
    pub subject: Option<About<ActivitySubjectKind>>,
}

/// The subject of an activity as it is written: one column for each kind, so that foreign keys guard each of them.
#[derive(Debug, Default, Insertable, AsChangeset)]
#[diesel(table_name = activities, treat_none_as_null = true, treat_none_as_default_value = false)]
struct SubjectColumns {
    policy_id: Option<Uuid>,
    sector_id: Option<Uuid>,
    pilot_id: Option<Uuid>,
    migration_id: Option<Uuid>,
    condition_id: Option<Uuid>,
}

impl From<Option<About<ActivitySubjectKind>>> for SubjectColumns {
    fn from(subject: Option<About<ActivitySubjectKind>>) -> Self {
        let none = Self::default();
        let Some(About { kind, id }) = subject else { return none };
        match kind {
            ActivitySubjectKind::Policy => Self { policy_id: Some(id), ..none },
            ActivitySubjectKind::Sector => Self { sector_id: Some(id), ..none },
            ActivitySubjectKind::Pilot => Self { pilot_id: Some(id), ..none },
            ActivitySubjectKind::Migration => Self { migration_id: Some(id), ..none },
            ActivitySubjectKind::Condition => Self { condition_id: Some(id), ..none },
        }
    }
}

/// Both columns are null together, which reads as `None`.
impl Selectable<Pg> for About<ActivitySubjectKind> {
    type SelectExpression = (AssumeNotNull<activities::subject_kind>, AssumeNotNull<activities::subject_id>);

    fn construct_selection() -> Self::SelectExpression {
        (activities::subject_kind.assume_not_null(), activities::subject_id.assume_not_null())
    }
}

impl QueryableByName<Pg> for About<ActivitySubjectKind> {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        Ok(Self {
            kind: NamedRow::get::<Text, _>(row, "subject_kind")?,
            id: NamedRow::get::<SqlUuid, _>(row, "subject_id")?,
        })
    }
}

/// An activity with the facts that its state depends on.
#[derive(Debug, Clone)]
pub struct ActivityDetail {
    pub activity: Activity,
    /// The state, with the state before a block.
    pub stage: Stage,
    pub step_state: StepState,
    /// The number of dependencies that are neither done nor cancelled.
    pub unfinished_dependencies: i64,
    /// The unfinished dependencies, in the order of their numbers.
    pub waits_for: References,
    /// The users who worked on the activity ([`super::activity_assignees`]).
    pub worker_user_ids: Vec<Uuid>,
    /// The seats of these users.
    pub workers: References,
}

#[derive(QueryableByName)]
struct DetailRow {
    #[diesel(embed)]
    activity: Activity,
    #[diesel(sql_type = Text)]
    step_state: StepState,
    #[diesel(sql_type = BigInt)]
    unfinished_dependencies: i64,
    #[diesel(sql_type = Jsonb)]
    waits_for: References,
    #[diesel(sql_type = Array<SqlUuid>)]
    worker_user_ids: Vec<Uuid>,
    #[diesel(sql_type = Jsonb)]
    workers: References,
}

impl TryFrom<DetailRow> for ActivityDetail {
    type Error = diesel::result::Error;

    /// Fails for a combination of columns that the schema's checks let nobody write.
    fn try_from(row: DetailRow) -> QueryResult<Self> {
        let stage = Stage::from_columns(row.activity.state, row.activity.blocked_from)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        Ok(Self {
            activity: row.activity,
            stage,
            step_state: row.step_state,
            unfinished_dependencies: row.unfinished_dependencies,
            waits_for: row.waits_for,
            worker_user_ids: row.worker_user_ids,
            workers: row.workers,
        })
    }
}

/// Finds an activity.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<ActivityDetail>> {
    let columns = columns::<Activity>()?;
    let dependency = relations::object(SubjectKind::Activity, "o", "'title', o.title, 'number', o.number");
    let seat = relations::object(SubjectKind::Member, "m", "'title', u.name");
    let query = diesel::sql_query(format!(
        "select {columns}, s.state as step_state, d.unfinished_dependencies, d.waits_for, m.worker_user_ids, m.workers
         from activities
         join steps s on s.task_force_id = activities.task_force_id and s.cycle = activities.cycle
                      and s.step = activities.step
         cross join lateral (
             select count(*) filter (where o.state not in ('done', 'cancelled')) as unfinished_dependencies,
                    coalesce(jsonb_agg({dependency} order by o.number)
                                 filter (where o.state not in ('done', 'cancelled')), '[]') as waits_for
             from activity_dependencies d
             join activities o on o.task_force_id = d.task_force_id and o.id = d.depends_on_id
             where d.task_force_id = activities.task_force_id and d.activity_id = activities.id
         ) d
         cross join lateral (
             select coalesce(array_agg(m.user_id), '{{}}') as worker_user_ids,
                    coalesce(jsonb_agg({seat} order by m.id), '[]') as workers
             from activity_assignees a
             join members m on m.task_force_id = a.task_force_id and m.id = a.member_id
             join users u on u.id = m.user_id
             where a.task_force_id = activities.task_force_id and a.activity_id = activities.id
         ) m
         where activities.task_force_id = $1 and activities.id = $2",
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    let row: Option<DetailRow> = Prepared(query).get_result(&mut &*conn).await.optional()?;
    row.map(ActivityDetail::try_from).transpose()
}

/// Inserts an activity under the task force's next number. The caller holds the task force's lock, so that no
/// number is taken twice.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    cycle: i32,
    fields: &ActivityFields,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let number: i32 = diesel::update(task_force_heads::table.find(task_force_id))
        .set(task_force_heads::last_activity_number.eq(task_force_heads::last_activity_number + 1))
        .returning(task_force_heads::last_activity_number)
        .get_result(&mut &*conn)
        .await?;
    diesel::insert_into(activities::table)
        .values((
            fields,
            SubjectColumns::from(fields.subject),
            activities::task_force_id.eq(task_force_id),
            activities::id.eq(id),
            activities::number.eq(number),
            activities::cycle.eq(cycle),
            activities::state_since.eq(now),
            activities::created_at.eq(now),
            activities::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Inserts activities under the task force's next numbers, in this order, and returns the first number. The caller holds
/// the task force's lock, so that no number is taken twice.
pub async fn insert_all(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: i32,
    new: &[(Uuid, &ActivityFields)],
    now: DateTime<Utc>,
) -> QueryResult<i32> {
    let count = i32::try_from(new.len()).unwrap_or(i32::MAX);
    let last: i32 = diesel::update(task_force_heads::table.find(task_force_id))
        .set(task_force_heads::last_activity_number.eq(task_force_heads::last_activity_number + count))
        .returning(task_force_heads::last_activity_number)
        .get_result(&mut &*conn)
        .await?;
    let first = last - count + 1;
    let row = |(number, (id, fields)): (i32, &(Uuid, &ActivityFields))| {
        (
            (*fields).clone(),
            SubjectColumns::from(fields.subject),
            activities::task_force_id.eq(task_force_id),
            activities::id.eq(*id),
            activities::number.eq(number),
            activities::cycle.eq(cycle),
            activities::state_since.eq(now),
            activities::created_at.eq(now),
            activities::updated_at.eq(now),
        )
    };
    let rows: Vec<_> = (first..).zip(new).map(row).collect();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(INSERTED_AT_ONCE).collect();
        diesel::insert_into(activities::table).values(some).execute(&mut &*conn).await?;
    }
    Ok(first)
}

/// Sets an activity's fields.
pub async fn update(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    fields: &ActivityFields,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(activities::table.find((task_force_id, id)))
        .set((
            fields,
            SubjectColumns::from(fields.subject),
            activities::version.eq(activities::version + 1),
            activities::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The columns that a transition of an activity sets.
#[derive(Debug, Clone, Copy)]
pub struct ActivityStateUpdate<'a> {
    pub stage: Stage,
    pub reason: Option<&'a LocalizedText>,
    /// The instant at which work first started, if it has.
    pub started_at: Option<DateTime<Utc>>,
    /// The assignee from now on.
    pub assignee_member_id: Option<Uuid>,
}

/// Sets the state of an activity.
pub async fn update_state(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    update: &ActivityStateUpdate<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let ActivityStateUpdate { stage, reason, started_at, assignee_member_id } = *update;
    diesel::update(activities::table.find((task_force_id, id)))
        .set((
            activities::state.eq(stage.state()),
            activities::blocked_from.eq(stage.blocked_from()),
            activities::state_reason.eq(reason),
            activities::state_since.eq(now),
            activities::started_at.eq(started_at),
            activities::assignee_member_id.eq(assignee_member_id),
            activities::version.eq(activities::version + 1),
            activities::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// The most activities that one statement reassigns, so that it ends within the time of a statement on a busy machine.
const MOST_REASSIGNED: i64 = 500;

/// Reassigns open activities of a member to another, or to nobody: as many as one statement does. Returns their ids.
pub async fn reassign_open(
    conn: &Conn,
    task_force_id: Uuid,
    from: Uuid,
    to: Option<Uuid>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Uuid>> {
    let ids: Vec<Uuid> = activities::table
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::assignee_member_id.eq(from))
        .filter(activities::state.eq_any(ActivityState::OPEN))
        .order(activities::id)
        .limit(MOST_REASSIGNED)
        .select(activities::id)
        .load(&mut &*conn)
        .await?;
    diesel::update(activities::table)
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::id.eq_any(&ids))
        .set((
            activities::assignee_member_id.eq(to),
            activities::version.eq(activities::version + 1),
            activities::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(ids)
}

/// Deletes an activity with its comments and dependencies.
pub async fn delete(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
    diesel::delete(activities::table.find((task_force_id, id))).execute(&mut &*conn).await.map(drop)
}

/// Returns whether the task force has this activity.
pub async fn exists(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(activities::table.find((task_force_id, id))))
        .get_result(&mut &*conn)
        .await
}

/// The number of activities of a cycle whose step has not passed. Those of passed steps can no longer be taken away.
pub async fn count(conn: &Conn, task_force_id: Uuid, cycle: i32) -> QueryResult<i64> {
    let of_the_step = steps::task_force_id
        .eq(activities::task_force_id)
        .and(steps::cycle.eq(activities::cycle))
        .and(steps::step.eq(activities::step));
    activities::table
        .inner_join(steps::table.on(of_the_step))
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::cycle.eq(cycle))
        .filter(steps::state.ne(StepState::Passed))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// The activities through which `from` depends on `to`, `from` among them; none if it does not depend on it.
pub async fn chain_between(
    conn: &Conn,
    task_force_id: Uuid,
    from: Uuid,
    to: Uuid,
) -> QueryResult<Vec<Reference>> {
    // Both directions are closures without paths, so that the cost is bounded by the number of dependencies.
    let query = diesel::sql_query(referring(
        "with recursive upstream (id) as (
             values ($2::uuid)
             union
             select d.depends_on_id from activity_dependencies d
             join upstream u on d.activity_id = u.id where d.task_force_id = $1
         ), downstream (id) as (
             values ($3::uuid)
             union
             select d.activity_id from activity_dependencies d
             join downstream w on d.depends_on_id = w.id where d.task_force_id = $1
         )
         select 'activity' as kind, a.id from activities a
         join upstream using (id) join downstream using (id)
         where a.task_force_id = $1 and a.id <> $3 order by a.number limit 100",
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(from)
    .bind::<SqlUuid, _>(to);
    let rows: Vec<ReferenceRow> = Prepared(query).load(&mut &*conn).await?;
    Ok(rows.into_iter().map(|row| row.reference).collect())
}

/// Makes an activity depend on another.
pub async fn add_dependency(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    on: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(activity_dependencies::table)
        .values((
            activity_dependencies::task_force_id.eq(task_force_id),
            activity_dependencies::activity_id.eq(id),
            activity_dependencies::depends_on_id.eq(on),
            activity_dependencies::created_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Removes a dependency; returns whether there was one.
pub async fn remove_dependency(conn: &Conn, task_force_id: Uuid, id: Uuid, on: Uuid) -> QueryResult<bool> {
    let deleted = diesel::delete(activity_dependencies::table.find((task_force_id, id, on)))
        .execute(&mut &*conn)
        .await?;
    Ok(deleted > 0)
}

/// Narrows a list of activities to an assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignee {
    /// The current seat of this user.
    User(Uuid),
    Member(Uuid),
    Nobody,
}

/// Narrows a list of activities.
#[derive(Debug, Clone, Default)]
pub struct ActivityFilter {
    pub step: Option<StepName>,
    pub cycles: Cycles,
    pub states: Vec<ActivityState>,
    /// `None` stands for every assignee and for nobody.
    pub assignee: Option<Assignee>,
    /// Only overdue activities, or only the others.
    pub overdue: Option<bool>,
    /// Only activities about this subject.
    pub subject: Option<Uuid>,
    /// Only activities whose title or description contains this, folded, or whose number this is.
    pub q: Option<String>,
}

impl SelectsCycles for ActivityFilter {
    fn select_cycles(&mut self, cycles: Cycles) {
        self.cycles = cycles;
    }
}

/// The order of a list of activities, and the last row of the page before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityOrder {
    Number(Option<i32>),
    DueDate(Option<(Option<NaiveDate>, i32)>),
    /// The latest change first.
    UpdatedAt(Option<(DateTime<Utc>, i32)>),
}

/// The activities that a filter lets through.
fn matching(
    task_force_id: Uuid,
    filter: &ActivityFilter,
    now: DateTime<Utc>,
) -> activities::BoxedQuery<'_, Pg> {
    let zone = || task_forces::table.find(task_force_id);
    let mut query = activities::table.filter(activities::task_force_id.eq(task_force_id)).into_boxed();

    query = match filter.cycles {
        Cycles::All => query,
        Cycles::One(cycle) => query.filter(activities::cycle.eq(cycle)),
        Cycles::Current => query.filter(
            activities::cycle.nullable().eq(zone().select(task_forces::current_cycle).single_value()),
        ),
    };
    if let Some(step) = filter.step {
        query = query.filter(activities::step.eq(step));
    }
    if !filter.states.is_empty() {
        query = query.filter(activities::state.eq_any(&filter.states));
    }
    query = match filter.assignee {
        None => query,
        Some(Assignee::Nobody) => query.filter(activities::assignee_member_id.is_null()),
        Some(Assignee::Member(id)) => query.filter(activities::assignee_member_id.eq(id)),
        Some(Assignee::User(user_id)) => query.filter(
            activities::assignee_member_id.eq_any(
                members::table
                    .filter(members::task_force_id.eq(task_force_id))
                    .filter(members::user_id.eq(user_id))
                    .filter(members::to_date.is_null())
                    .select(members::id.nullable()),
            ),
        ),
    };
    if let Some(overdue) = filter.overdue {
        let late = activities::due_date
            .lt(zone().select(local_date(now, task_forces::time_zone)).single_value())
            .assume_not_null()
            .and(activities::due_date.is_not_null())
            .and(activities::state.eq_any(ActivityState::OPEN));
        query = if overdue { query.filter(late) } else { query.filter(diesel::dsl::not(late)) };
    }
    if let Some(subject) = filter.subject {
        query = query.filter(activities::subject_id.eq(subject));
    }
    if let Some(q) = &filter.q {
        let in_text = activities::search.nullable().like(pattern(q));
        query = query.filter(in_text.or(activities::number.nullable().eq(number(q))));
    }
    query
}

/// The ids of all activities that a filter lets through, in this order, whatever its key.
pub async fn ids(
    conn: &Conn,
    task_force_id: Uuid,
    filter: &ActivityFilter,
    order: ActivityOrder,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Uuid>> {
    let query = matching(task_force_id, filter, now).select(activities::id);
    let query = match order {
        ActivityOrder::Number(_) => query.order(activities::number),
        ActivityOrder::DueDate(_) => query.order((due_or_never(activities::due_date), activities::number)),
        ActivityOrder::UpdatedAt(_) => {
            query.order((activities::updated_at.desc(), activities::number.desc()))
        }
    };
    query.load(&mut &*conn).await
}

/// The activities with these ids, in no order.
pub async fn with_ids(conn: &Conn, task_force_id: Uuid, ids: &[Uuid]) -> QueryResult<Vec<Activity>> {
    activities::table
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::id.eq_any(ids))
        .select(Activity::as_select())
        .load(&mut &*conn)
        .await
}

/// A page of a task force's activities.
pub async fn list(
    conn: &Conn,
    task_force_id: Uuid,
    filter: &ActivityFilter,
    order: ActivityOrder,
    now: DateTime<Utc>,
    window: Window,
) -> QueryResult<Page<Activity>> {
    let matching = || matching(task_force_id, filter, now).select(Activity::as_select());
    let mut query = matching().limit(window.rows());

    query = match order {
        ActivityOrder::Number(after) => {
            if let Some(after) = after {
                query = query.filter(activities::number.gt(after));
            }
            query.order(activities::number)
        }
        ActivityOrder::DueDate(after) => {
            let due = due_or_never(activities::due_date);
            if let Some((date, number)) = after {
                let date = date.unwrap_or(LAST_DAY);
                // The first condition follows from the second, but only the first lets the index scan start at the
                // right row.
                query = query.filter(due.ge(date)).filter(due.gt(date).or(activities::number.gt(number)));
            }
            query.order((due, activities::number))
        }
        ActivityOrder::UpdatedAt(after) => {
            if let Some((at, number)) = after {
                query = query
                    .filter(activities::updated_at.le(at))
                    .filter(activities::updated_at.lt(at).or(activities::number.lt(number)));
            }
            query.order((activities::updated_at.desc(), activities::number.desc()))
        }
    };
    let rows = async { query.load(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    window.page(rows, total).await
}

/// An assigned activity with its task force.
#[derive(Debug, Clone, QueryableByName)]
pub struct AssignedActivity {
    #[diesel(embed)]
    pub activity: Activity,
    #[diesel(sql_type = SqlUuid)]
    pub task_force_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub task_force_name: LocalizedText,
    /// The current day in the task force's time zone.
    #[diesel(sql_type = Date)]
    pub today: NaiveDate,
}

/// The open activities assigned to a user's current seats in all task forces, by due date; those that a waiver left open
/// in an earlier cycle among them.
pub async fn assigned_to(
    conn: &Conn,
    user_id: Uuid,
    after: Option<(Option<NaiveDate>, Uuid)>,
    now: DateTime<Utc>,
    window: Window,
) -> QueryResult<Page<AssignedActivity>> {
    const FROM_ASSIGNED: &str = "from members m
        join task_forces t on t.id = m.task_force_id
        join activities on activities.task_force_id = m.task_force_id and activities.assignee_member_id = m.id
        where m.user_id = $1 and m.to_date is null and activities.state not in ('done', 'cancelled')";
    // One comparison serves the order: no due date counts as the last day, and the start of the list as before the
    // first.
    let (date, id) = after.map_or((None, Uuid::nil()), |(date, id)| (Some(date.unwrap_or(LAST_DAY)), id));
    let columns = columns::<Activity>()?;
    let query = diesel::sql_query(format!(
        "select {columns}, t.id as task_force_id, t.name as task_force_name,
                local_date($2, t.time_zone) as today
         {FROM_ASSIGNED}
           and (due_or_never(activities.due_date), activities.id) > (coalesce($3, date '-infinity'), $4)
         order by due_or_never(activities.due_date), activities.id
         limit $5",
    ))
    .bind::<SqlUuid, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Date>, _>(date)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(window.rows());
    let total = async {
        let query = diesel::sql_query(format!("select count(*) as total {FROM_ASSIGNED}"));
        let found: Total = Prepared(query.bind::<SqlUuid, _>(user_id)).get_result(&mut &*conn).await?;
        Ok(found.total)
    };
    window.page(async { Prepared(query).load(&mut &*conn).await }, total).await
}
