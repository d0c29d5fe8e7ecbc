//! Task forces.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::functions::{local_date, pattern};
use super::page::{Keyed, NameOrder, Page, Window};
use super::relations::{expression, key_column, sort_key};
use super::reports::{BeforeCouncil, SUBMITTED_COLUMNS, SubmittedColumns, waits_for_council};
use super::schema::{members, reports, steps, task_forces};
use crate::domain::scales::EvolutionStage;
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::working_week::Weekday;

/// A task force as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = task_forces, check_for_backend(diesel::pg::Pg))]
pub struct TaskForce {
    pub id: Uuid,
    #[diesel(embed)]
    pub fields: TaskForceFields,
    pub state: TaskForceState,
    pub state_reason: Option<LocalizedText>,
    /// The number of the current cycle.
    pub current_cycle: i32,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The changeable fields of a task force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = task_forces, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct TaskForceFields {
    pub name: LocalizedText,
    pub city: LocalizedText,
    pub country: Option<String>,
    pub mandate: LocalizedText,
    pub time_zone: String,
    pub max_sectors: i16,
    pub evolution_stage: Option<EvolutionStage>,
    pub maturity_level: Option<i16>,
    pub next_council_date: Option<NaiveDate>,
    /// The days of the week on which the members work, in the order of the week.
    pub working_week: Vec<Weekday>,
}

/// Inserts a task force, its first cycle and the five steps, all locked.
pub async fn insert(
    conn: &Conn,
    id: Uuid,
    fields: &TaskForceFields,
    new_id: impl FnMut() -> Uuid,
    now: DateTime<Utc>,
) -> QueryResult<TaskForce> {
    let task_force = diesel::insert_into(task_forces::table)
        .values((
            fields,
            task_forces::id.eq(id),
            task_forces::created_at.eq(now),
            task_forces::updated_at.eq(now),
        ))
        .returning(TaskForce::as_returning())
        .get_result(&mut &*conn)
        .await?;
    super::cycles::insert(conn, id, 1, new_id, now).await?;
    Ok(task_force)
}

/// The name of a task force.
pub async fn name(conn: &Conn, id: Uuid) -> QueryResult<LocalizedText> {
    task_forces::table.find(id).select(task_forces::name).first(&mut &*conn).await
}

/// Finds a task force.
pub async fn find(conn: &Conn, id: Uuid) -> QueryResult<TaskForce> {
    task_forces::table.find(id).select(TaskForce::as_select()).first(&mut &*conn).await
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Tells whether Postgres knows a time zone.
    fn is_time_zone(zone: Text) -> Bool;
}

/// A task force whose days are those of UTC, since Postgres does not know its time zone.
#[derive(Debug, Clone, Queryable)]
pub struct UnknownTimeZone {
    pub id: Uuid,
    pub name: LocalizedText,
    pub time_zone: String,
}

/// The task forces whose time zone Postgres does not know: an upgrade can remove legacy names.
pub async fn with_unknown_time_zone(conn: &Conn) -> QueryResult<Vec<UnknownTimeZone>> {
    task_forces::table
        .filter(diesel::dsl::not(is_time_zone(task_forces::time_zone)))
        .order(task_forces::id)
        .select((task_forces::id, task_forces::name, task_forces::time_zone))
        .load(&mut &*conn)
        .await
}

/// The day of an instant in a task force's time zone; the day of UTC if Postgres does not know the zone.
pub async fn local_day(conn: &Conn, id: Uuid, at: DateTime<Utc>) -> QueryResult<NaiveDate> {
    task_forces::table.find(id).select(local_date(at, task_forces::time_zone)).first(&mut &*conn).await
}

/// The day of an instant in a time zone; the day of UTC if Postgres does not know the zone.
pub async fn day_in_zone(conn: &Conn, zone: &str, at: DateTime<Utc>) -> QueryResult<NaiveDate> {
    diesel::select(local_date(at, zone)).get_result(&mut &*conn).await
}

/// Tells whether Postgres knows a time zone.
pub async fn knows_time_zone(conn: &Conn, zone: &str) -> QueryResult<bool> {
    diesel::select(is_time_zone(zone)).get_result(&mut &*conn).await
}

/// Sets the changeable fields of a task force.
pub async fn update(
    conn: &Conn,
    id: Uuid,
    fields: &TaskForceFields,
    now: DateTime<Utc>,
) -> QueryResult<TaskForce> {
    diesel::update(task_forces::table.find(id))
        .set((fields, task_forces::version.eq(task_forces::version + 1), task_forces::updated_at.eq(now)))
        .returning(TaskForce::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Sets the state of a task force, and its reason.
pub async fn set_state(
    conn: &Conn,
    id: Uuid,
    state: TaskForceState,
    reason: Option<&LocalizedText>,
    now: DateTime<Utc>,
) -> QueryResult<TaskForce> {
    diesel::update(task_forces::table.find(id))
        .set((
            task_forces::state.eq(state),
            task_forces::state_reason.eq(reason),
            task_forces::version.eq(task_forces::version + 1),
            task_forces::updated_at.eq(now),
        ))
        .returning(TaskForce::as_returning())
        .get_result(&mut &*conn)
        .await
}

/// Narrows a list of task forces.
#[derive(Debug, Clone, Default)]
pub struct TaskForceFilter {
    pub state: Option<TaskForceState>,
    /// Only task forces whose open or submitted step is this one.
    pub step: Option<StepName>,
    /// Only task forces whose name or city contains this, folded.
    pub q: Option<String>,
    /// Only task forces in which this user has a current seat.
    pub seat_of: Option<Uuid>,
    pub only: Option<Uuid>,
    /// Only task forces whose report waits for the council's decision, or only the others.
    pub before_council: Option<bool>,
}

/// A task force of a list, and its report before the council.
#[derive(Debug, Clone)]
pub struct ListedTaskForce {
    pub task_force: TaskForce,
    pub before_council: Option<BeforeCouncil>,
}

/// A page of task forces.
pub async fn list(
    conn: &Conn,
    filter: &TaskForceFilter,
    order: &NameOrder,
    window: Window,
) -> QueryResult<Page<Keyed<ListedTaskForce>>> {
    let matching = || {
        let mut query = task_forces::table
            .left_join(reports::table.on(waits_for_council()))
            .select((
                TaskForce::as_select(),
                SUBMITTED_COLUMNS.nullable(),
                key_column("task_forces.name", order.language()),
            ))
            .into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(task_forces::state.eq(state));
        }
        if let Some(step) = filter.step {
            let there = steps::table
                .filter(steps::task_force_id.eq(task_forces::id))
                .filter(steps::cycle.eq(task_forces::current_cycle))
                .filter(steps::step.eq(step))
                .filter(steps::state.eq_any([StepState::Open, StepState::Submitted]));
            query = query.filter(diesel::dsl::exists(there));
        }
        if let Some(q) = &filter.q {
            query = query.filter(task_forces::search.nullable().like(pattern(q)));
        }
        if let Some(user_id) = filter.seat_of {
            let seats = members::table
                .filter(members::user_id.eq(user_id))
                .filter(members::to_date.is_null())
                .select(members::task_force_id);
            query = query.filter(task_forces::id.eq_any(seats));
        }
        if let Some(only) = filter.only {
            query = query.filter(task_forces::id.eq(only));
        }
        match filter.before_council {
            Some(true) => query = query.filter(reports::id.is_not_null()),
            Some(false) => query = query.filter(reports::id.is_null()),
            None => {}
        }
        query
    };
    let mut query = matching().limit(window.rows());
    query = match order {
        NameOrder::CreatedAt(after) => {
            if let Some(after) = after {
                query = query.filter(task_forces::id.gt(*after));
            }
            query.order(task_forces::id)
        }
        NameOrder::Name(language, after) => {
            let key = || expression::<Text>(sort_key("task_forces.name", *language));
            if let Some((after, id)) = after {
                query = query
                    .filter(key().ge(after.as_str()))
                    .filter(key().gt(after.as_str()).or(task_forces::id.gt(*id)));
            }
            query.order((key(), task_forces::id))
        }
    };
    let rows =
        async { query.load::<(TaskForce, Option<SubmittedColumns>, Option<String>)>(&mut &*conn).await };
    let total = async { matching().count().get_result(&mut &*conn).await };
    Ok(window.page(rows, total).await?.map(|(task_force, submitted, key)| {
        let before_council = submitted.and_then(BeforeCouncil::new);
        Keyed { row: ListedTaskForce { task_force, before_council }, key }
    }))
}
