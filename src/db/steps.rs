//! Steps of a cycle, and their submissions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::page::Page;
use super::schema::{activities, steps, submissions, task_forces};
use crate::domain::activity::ActivityState;
use crate::domain::event::SubjectKind;
use crate::domain::refusal::Reference;
use crate::domain::step::{StepName, StepState, SubmissionState};
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// A step as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = steps, check_for_backend(diesel::pg::Pg))]
pub struct Step {
    /// Its id, for events.
    pub id: Uuid,
    /// The cycle it belongs to.
    pub cycle: i32,
    /// Which of the five.
    pub step: StepName,
    /// Its state.
    pub state: StepState,
    /// When it is to be done.
    pub target_date: Option<NaiveDate>,
    /// When it last opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it passed.
    pub passed_at: Option<DateTime<Utc>>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The five steps of a cycle, or of the present one, in order; empty where there is no such cycle.
pub async fn list(conn: &Conn, task_force_id: Uuid, cycle: Option<i32>) -> QueryResult<Vec<Step>> {
    let steps = steps::table
        .inner_join(task_forces::table.on(task_forces::id.eq(steps::task_force_id)))
        .filter(steps::task_force_id.eq(task_force_id))
        .order(steps::ordinal)
        .select(Step::as_select());
    match cycle {
        Some(cycle) => steps.filter(steps::cycle.eq(cycle)).load(&mut &*conn).await,
        None => steps.filter(steps::cycle.eq(task_forces::current_cycle)).load(&mut &*conn).await,
    }
}

/// Finds a step of a cycle, or of the present one.
pub async fn find(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: Option<i32>,
    step: StepName,
) -> QueryResult<Option<Step>> {
    let found = steps::table
        .inner_join(task_forces::table.on(task_forces::id.eq(steps::task_force_id)))
        .filter(steps::task_force_id.eq(task_force_id))
        .filter(steps::step.eq(step))
        .select(Step::as_select());
    match cycle {
        Some(cycle) => found.filter(steps::cycle.eq(cycle)).first(&mut &*conn).await.optional(),
        None => found.filter(steps::cycle.eq(task_forces::current_cycle)).first(&mut &*conn).await.optional(),
    }
}

/// Sets a step's state.
pub async fn set_state(
    conn: &Conn,
    task_force_id: Uuid,
    step: &Step,
    state: StepState,
    now: DateTime<Utc>,
) -> QueryResult<Step> {
    let opened_at = if state == StepState::Open { Some(now) } else { step.opened_at };
    let passed_at = (state == StepState::Passed).then_some(now);
    diesel::update(steps::table.find((task_force_id, step.cycle, step.step)))
        .set((
            steps::state.eq(state),
            steps::opened_at.eq(opened_at),
            steps::passed_at.eq(passed_at),
            steps::version.eq(steps::version + 1),
            steps::updated_at.eq(now),
        ))
        .returning(Step::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Sets a step's target date.
pub async fn set_target_date(
    conn: &Conn,
    task_force_id: Uuid,
    step: &Step,
    target_date: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> QueryResult<Step> {
    diesel::update(steps::table.find((task_force_id, step.cycle, step.step)))
        .set((
            steps::target_date.eq(target_date),
            steps::version.eq(steps::version + 1),
            steps::updated_at.eq(now),
        ))
        .returning(Step::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// The most references that are listed of anything; how many there are is counted.
const LISTED: i64 = 100;

/// The open activities of a step of a cycle, or of the present one, for its gate: the first of them, and how many.
pub async fn open_activities(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: Option<i32>,
    step: StepName,
) -> QueryResult<(Vec<Reference>, i64)> {
    let open = activities::table
        .inner_join(task_forces::table.on(task_forces::id.eq(activities::task_force_id)))
        .filter(activities::task_force_id.eq(task_force_id))
        .filter(activities::step.eq(step))
        .filter(activities::state.eq_any(ActivityState::OPEN))
        .order(activities::number)
        .limit(LISTED)
        .select((activities::id, activities::title, count_star().over()));
    let rows: Vec<(Uuid, LocalizedText, i64)> = match cycle {
        Some(cycle) => open.filter(activities::cycle.eq(cycle)).load(&mut &*conn).await?,
        None => open.filter(activities::cycle.eq(task_forces::current_cycle)).load(&mut &*conn).await?,
    };
    let total = rows.as_slice().first().map_or(0, |(_, _, total)| *total);
    let kind = SubjectKind::Activity.code();
    Ok((rows.into_iter().map(|(id, title, _)| Reference { kind, id, title }).collect(), total))
}

/// A submission as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = submissions, check_for_backend(diesel::pg::Pg))]
pub struct Submission {
    /// Its id.
    pub id: Uuid,
    /// The cycle.
    pub cycle: i32,
    /// The step that was put to the members.
    pub step: StepName,
    /// Its state.
    pub state: SubmissionState,
    /// What the chair said.
    pub note: Option<LocalizedText>,
    /// The chair who submitted it.
    pub member_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Inserts a submission that is decided at once.
pub async fn insert_passed_submission(
    conn: &Conn,
    task_force_id: Uuid,
    step: &Step,
    note: Option<&LocalizedText>,
    member_id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Submission> {
    diesel::insert_into(submissions::table)
        .values((
            submissions::task_force_id.eq(task_force_id),
            submissions::id.eq(Uuid::now_v7()),
            submissions::cycle.eq(step.cycle),
            submissions::step.eq(step.step),
            submissions::state.eq(SubmissionState::Passed),
            submissions::note.eq(note),
            submissions::member_id.eq(member_id),
            submissions::created_at.eq(now),
            submissions::decided_at.eq(now),
            submissions::updated_at.eq(now),
        ))
        .returning(Submission::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Finds a submission.
pub async fn find_submission(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<Submission>> {
    submissions::table
        .find((task_force_id, id))
        .select(Submission::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// A page of a step's submissions, oldest first.
pub async fn list_submissions(
    conn: &Conn,
    task_force_id: Uuid,
    cycle: Option<i32>,
    step: StepName,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Page<Submission>> {
    let mut query = submissions::table
        .inner_join(task_forces::table.on(task_forces::id.eq(submissions::task_force_id)))
        .filter(submissions::task_force_id.eq(task_force_id))
        .filter(submissions::step.eq(step))
        .order(submissions::id)
        .limit(limit + 1)
        .select(Submission::as_select())
        .into_boxed();
    query = match cycle {
        Some(cycle) => query.filter(submissions::cycle.eq(cycle)),
        None => query.filter(submissions::cycle.eq(task_forces::current_cycle)),
    };
    if let Some(after) = after {
        query = query.filter(submissions::id.gt(after));
    }
    Ok(Page::of(query.load(&mut &*conn).await?, limit))
}
