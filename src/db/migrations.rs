//! Migrations: the moves of pilots into the city's local digital government.
//!
//! [`resource_queries!`](super::resource) makes `migrations::insert`, `migrations::update`, `migrations::exists`,
//! `migrations::list` and `migrations::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::relations::{self, Column, References, column};
use super::resource::{ProductFilter, resource_queries};
use super::schema::{migrations, pilots};
use super::statement::Prepared;
use crate::domain::event::SubjectKind;
use crate::domain::migration::{MigrationFacts, MigrationState, difference};
use crate::domain::pilot::PilotOutcome;
use crate::domain::reference::Reference;
use crate::domain::step::StepState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::writing::StepContext;

/// The changeable fields of a migration.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = migrations, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct MigrationFields {
    /// The pilot to be moved.
    pub pilot_id: Uuid,
    pub title: LocalizedText,
    /// The system of destination.
    pub target_system: String,
    /// The planned day.
    pub planned_on: NaiveDate,
    /// The way back if the migration fails.
    pub rollback_plan: Option<String>,
    /// Records in the source; the three counts are set together.
    pub reconciliation_source: Option<i64>,
    /// Records that were loaded.
    pub reconciliation_loaded: Option<i64>,
    /// Records that were rejected.
    pub reconciliation_rejected: Option<i64>,
    /// The reason why the counts differ.
    pub reconciliation_reason: Option<LocalizedText>,
    /// The unit that operates the service after the handover.
    pub receiving_unit: Option<String>,
    /// The person who is responsible after the handover.
    pub service_owner: Option<String>,
}

/// A migration as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = migrations, check_for_backend(diesel::pg::Pg))]
pub struct Migration {
    pub id: Uuid,
    /// The cycle of creation.
    pub cycle: i32,
    /// The last cycle in which the row counts.
    pub last_cycle: i32,
    #[diesel(embed)]
    pub fields: MigrationFields,
    pub state: MigrationState,
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The pilot to be moved.
    #[diesel(select_expression = pilot("migrations"), select_expression_type = Column<Jsonb>, sql_type = Jsonb)]
    pub pilot: Reference,
}

/// The pilot of a migration in this table or alias.
fn pilot(migrations: &str) -> Column<Jsonb> {
    let [task_force_id, id] = ["task_force_id", "pilot_id"].map(|name| format!("{migrations}.{name}"));
    column("pilot", &relations::resource(SubjectKind::Pilot, &task_force_id, &id))
}

/// A migration with the facts that its transitions depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct MigrationDetail {
    #[diesel(embed)]
    pub migration: Migration,
    /// State of the step `migration` of the last cycle.
    #[diesel(sql_type = Text)]
    pub step_state: StepState,
    /// True if the migration has a checklist and every item is done.
    #[diesel(sql_type = Bool)]
    pub checklist_done: bool,
    /// The items of the checklist that are not done.
    #[diesel(sql_type = Jsonb)]
    pub open_items: References,
    /// True if the pilot is evaluated with outcome `scale`.
    #[diesel(sql_type = Bool)]
    pub pilot_scaled: bool,
}

impl MigrationFields {
    /// The number of records that were neither loaded nor rejected. The three counts are set together.
    pub fn difference(&self) -> Option<i64> {
        Some(difference(
            self.reconciliation_source?,
            self.reconciliation_loaded?,
            self.reconciliation_rejected?,
        ))
    }

    /// Tells whether the counts differ and no reason was given for that.
    pub fn is_difference_unexplained(&self) -> bool {
        self.difference().is_some_and(|difference| difference != 0) && self.reconciliation_reason.is_none()
    }
}

impl MigrationDetail {
    /// The facts that the transitions depend on.
    pub fn facts(&self, task_force: TaskForceState) -> MigrationFacts {
        let fields = &self.migration.fields;
        MigrationFacts {
            step_context: StepContext { task_force, step: self.step_state },
            checklist_done: self.checklist_done,
            // The three counts are set together, so one of them is enough.
            reconciled: fields.reconciliation_source.is_some(),
            difference_unexplained: fields.is_difference_unexplained(),
            receiver_named: fields.receiving_unit.is_some() && fields.service_owner.is_some(),
            pilot_scaled: self.pilot_scaled,
        }
    }
}

resource_queries! {
    table: migrations,
    row: Migration,
    fields: MigrationFields,
    title: title,
    filter: ProductFilter<MigrationState>,
    narrowed_by: { pilot_id: pilot_id },
}

/// The columns that a transition of a migration sets.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = migrations, treat_none_as_null = true)]
pub struct MigrationStateUpdate<'a> {
    pub state: MigrationState,
    pub state_reason: Option<&'a LocalizedText>,
    /// The reason why the counts differ.
    pub reconciliation_reason: Option<&'a LocalizedText>,
}

/// Sets the state of a migration, with everything that a transition changes.
pub async fn update_state(
    conn: &Conn,
    task_force_id: Uuid,
    id: Uuid,
    update: &MigrationStateUpdate<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(migrations::table.find((task_force_id, id)))
        .set((
            update,
            migrations::state_since.eq(now),
            migrations::version.eq(migrations::version + 1),
            migrations::updated_at.eq(now),
        ))
        .execute(&mut &*conn)
        .await
        .map(drop)
}

/// Finds a migration.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<MigrationDetail>> {
    let item = relations::object(
        SubjectKind::ChecklistItem,
        "c",
        "'title', c.title, 'parentIds', jsonb_build_array(c.migration_id)",
    );
    let open_items = relations::first_of(
        &item,
        "c",
        "checklist_items c where c.task_force_id = m.task_force_id and c.migration_id = m.id and not c.done",
    );
    let pilot = pilot("m");
    let query = diesel::sql_query(format!(
        "select m.*, {pilot}, s.state as step_state, coalesce(c.done, false) as checklist_done,
                {open_items} as open_items,
                coalesce(p.outcome = 'scale', false) as pilot_scaled
         from migrations m
         join pilots p on p.task_force_id = m.task_force_id and p.id = m.pilot_id
         join steps s on s.task_force_id = m.task_force_id and s.cycle = m.last_cycle and s.step = 'migration'
         cross join lateral (
             select bool_and(c.done) as done from checklist_items c where c.task_force_id = m.task_force_id and c.migration_id = m.id
         ) c
         where m.task_force_id = $1 and m.id = $2"
    ))
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// The outcome of a pilot, if evaluated, its last cycle and its title; the outer `None` stands for no such pilot.
pub async fn outcome_of_pilot(
    conn: &Conn,
    task_force_id: Uuid,
    pilot_id: Uuid,
) -> QueryResult<Option<(Option<PilotOutcome>, i32, LocalizedText)>> {
    pilots::table
        .find((task_force_id, pilot_id))
        .select((pilots::outcome, pilots::last_cycle, pilots::title))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The number of migrations of a pilot.
pub async fn count_of_pilot(conn: &Conn, task_force_id: Uuid, pilot_id: Uuid) -> QueryResult<i64> {
    migrations::table
        .filter(migrations::task_force_id.eq(task_force_id))
        .filter(migrations::pilot_id.eq(pilot_id))
        .count()
        .get_result(&mut &*conn)
        .await
}
