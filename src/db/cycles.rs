//! Cycles: opened with their five steps, entered with what outlasts the cycle before, and removed if the decision that
//! opened one is corrected before anything followed from it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Conn;
use super::relations::{self, Column};
use super::schema::{cycles, policies, sectors, steps, task_forces};
use crate::domain::policy::PolicyState;
use crate::domain::sector::SectorState;
use crate::domain::step::{StepState, in_order};

/// The cycles that a list covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cycles {
    #[default]
    Current,
    One(i32),
    All,
}

/// A filter of a list that covers cycles.
pub trait SelectsCycles {
    /// Lets the list cover these cycles.
    fn select_cycles(&mut self, cycles: Cycles);
}

impl SelectsCycles for Cycles {
    fn select_cycles(&mut self, cycles: Cycles) {
        *self = cycles;
    }
}

impl From<Option<i32>> for Cycles {
    /// The cycle of a list whose query may name one.
    fn from(cycle: Option<i32>) -> Self {
        cycle.map_or(Self::Current, Self::One)
    }
}

/// Inserts a cycle and its five steps, all of them locked.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    number: i32,
    mut new_id: impl FnMut() -> Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(cycles::table)
        .values((
            cycles::task_force_id.eq(task_force_id),
            cycles::number.eq(number),
            cycles::opened_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await?;
    let five = in_order().map(|step| {
        (
            steps::task_force_id.eq(task_force_id),
            steps::cycle.eq(number),
            steps::step.eq(step),
            steps::id.eq(new_id()),
            steps::ordinal.eq(step.ordinal()),
            steps::state.eq(StepState::Locked),
            steps::created_at.eq(now),
            steps::updated_at.eq(now),
        )
    });
    diesel::insert_into(steps::table).values(five.collect::<Vec<_>>()).execute(&mut &*conn).await.map(drop)
}

/// Returns whether a row of the task force was made in its current cycle. The ids of a task force grow with its changes,
/// and the steps of a cycle are made with the cycle.
pub async fn is_made_in_current(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        steps::table
            .inner_join(task_forces::table.on(task_forces::id.eq(steps::task_force_id)))
            .filter(steps::task_force_id.eq(task_force_id))
            .filter(steps::cycle.eq(task_forces::current_cycle))
            .filter(steps::id.lt(id).or(task_forces::current_cycle.eq(1))),
    ))
    .get_result(&mut &*conn)
    .await
}

/// Tells of each row of a table, by its columns `task_force_id` and `id`, whether the row was made in the current cycle:
/// [`is_made_in_current`] as a condition of a query.
pub(super) fn made_in_current(table: &str) -> Column<Bool> {
    relations::expression(format!(
        "exists (select from steps first_step join task_forces its on its.id = first_step.task_force_id
                 where first_step.task_force_id = {table}.task_force_id and first_step.cycle = its.current_cycle
                   and (first_step.id < {table}.id or its.current_cycle = 1))"
    ))
}

/// Makes a cycle the current one.
pub async fn enter(conn: &Conn, task_force_id: Uuid, number: i32, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(task_forces::table.find(task_force_id))
        .set((
            task_forces::current_cycle.eq(number),
            task_forces::version.eq(task_forces::version + 1),
            task_forces::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Carries adopted policies and selected sectors over into the next cycle.
pub async fn carry_over(conn: &Conn, task_force_id: Uuid, from: i32) -> QueryResult<()> {
    diesel::update(policies::table)
        .filter(policies::task_force_id.eq(task_force_id))
        .filter(policies::last_cycle.eq(from))
        .filter(policies::state.eq(PolicyState::Adopted))
        .set(policies::last_cycle.eq(from + 1))
        .execute(&mut &*conn)
        .await?;
    diesel::update(sectors::table)
        .filter(sectors::task_force_id.eq(task_force_id))
        .filter(sectors::last_cycle.eq(from))
        .filter(sectors::state.eq_any([SectorState::Selected, SectorState::Studied]))
        .set(sectors::last_cycle.eq(from + 1))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Removes a cycle in which nothing has happened. Policies and sectors that were carried over count up to the cycle
/// before.
pub async fn remove(conn: &Conn, task_force_id: Uuid, number: i32) -> QueryResult<()> {
    diesel::update(policies::table)
        .filter(policies::task_force_id.eq(task_force_id))
        .filter(policies::last_cycle.eq(number))
        .set(policies::last_cycle.eq(number - 1))
        .execute(&mut &*conn)
        .await?;
    diesel::update(sectors::table)
        .filter(sectors::task_force_id.eq(task_force_id))
        .filter(sectors::last_cycle.eq(number))
        .set(sectors::last_cycle.eq(number - 1))
        .execute(&mut &*conn)
        .await?;
    diesel::delete(steps::table)
        .filter(steps::task_force_id.eq(task_force_id))
        .filter(steps::cycle.eq(number))
        .execute(&mut &*conn)
        .await?;
    diesel::delete(cycles::table.find((task_force_id, number))).execute(&mut &*conn).await.map(drop)
}
