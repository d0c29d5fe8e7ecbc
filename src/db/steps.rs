//! Steps of a cycle.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::schema::{steps, task_forces};
use crate::domain::step::{StepName, StepState};

/// A step as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = steps, check_for_backend(diesel::pg::Pg))]
pub struct Step {
    pub id: Uuid,
    pub cycle: i32,
    pub step: StepName,
    pub state: StepState,
    pub target_date: Option<NaiveDate>,
    /// The last time of opening.
    pub opened_at: Option<DateTime<Utc>>,
    pub passed_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The five steps of a cycle, or of the current one, in order; empty if there is no such cycle.
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

/// Finds a step of a cycle, or of the current one.
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
