//! Migrations: the moves of pilots into the city's local digital government.
//!
//! [`resource_queries!`](super::resource) makes `migrations::insert`, `migrations::update`, `migrations::set_state`,
//! `migrations::is_there`, `migrations::list` and `migrations::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::{ProductFilter, resource_queries};
use super::schema::{migrations, pilots};
use super::statement::Prepared;
use crate::domain::migration::{MigrationFacts, MigrationState};
use crate::domain::pilot::PilotOutcome;
use crate::domain::step::StepState;
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::writing::StepContext;

/// What of a migration can be changed.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, QueryableByName, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = migrations, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct MigrationFields {
    /// The pilot that is moved.
    pub pilot_id: Uuid,
    /// What it is called.
    pub title: LocalizedText,
    /// Where it is moved to.
    pub target_system: String,
    /// The day it is planned for.
    pub planned_on: NaiveDate,
    /// How to go back if it fails.
    pub rollback_plan: Option<String>,
    /// How many records there were; the three counts come together.
    pub reconciliation_source: Option<i64>,
    /// How many of them were loaded.
    pub reconciliation_loaded: Option<i64>,
    /// How many of them were rejected.
    pub reconciliation_rejected: Option<i64>,
    /// Who runs it from then on.
    pub receiving_unit: Option<String>,
    /// Who answers for it from then on.
    pub service_owner: Option<String>,
}

/// A migration as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = migrations, check_for_backend(diesel::pg::Pg))]
pub struct Migration {
    /// Its id.
    pub id: Uuid,
    /// The cycle it was made in.
    pub cycle: i32,
    /// The last cycle it counts in.
    pub last_cycle: i32,
    /// What of it can be changed.
    #[diesel(embed)]
    pub fields: MigrationFields,
    /// Its state.
    pub state: MigrationState,
    /// Why it has that state.
    pub state_reason: Option<LocalizedText>,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A migration, and what its transitions depend on.
#[derive(Debug, Clone, QueryableByName)]
pub struct MigrationDetail {
    /// The migration.
    #[diesel(embed)]
    pub migration: Migration,
    /// State of the step `migration` of its last cycle.
    #[diesel(sql_type = Text)]
    pub step_state: StepState,
    /// Whether it has a checklist, and every item of it is done.
    #[diesel(sql_type = Bool)]
    pub checklist_done: bool,
}

impl MigrationDetail {
    /// What its transitions depend on.
    pub fn facts(&self, task_force: TaskForceState) -> MigrationFacts {
        let fields = &self.migration.fields;
        MigrationFacts {
            step_context: StepContext { task_force, step: self.step_state },
            checklist_done: self.checklist_done,
            // The three counts come together, so that one speaks for all.
            reconciled: fields.reconciliation_source.is_some(),
            receiver_named: fields.receiving_unit.is_some() && fields.service_owner.is_some(),
        }
    }
}

resource_queries! {
    table: migrations,
    row: Migration,
    fields: MigrationFields,
    state: MigrationState,
    filter: ProductFilter<MigrationState>,
    narrowed_by: { of: pilot_id },
}

/// Finds a migration.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<MigrationDetail>> {
    let query = diesel::sql_query(
        "select m.*, s.state as step_state,
                coalesce((select bool_and(c.done) from checklist_items c
                          where c.task_force_id = m.task_force_id and c.migration_id = m.id), false)
                    as checklist_done
         from migrations m
         join steps s on s.task_force_id = m.task_force_id and s.cycle = m.last_cycle and s.step = 'migration'
         where m.task_force_id = $1 and m.id = $2",
    )
    .bind::<SqlUuid, _>(task_force_id)
    .bind::<SqlUuid, _>(id);
    Prepared(query).get_result(&mut &*conn).await.optional()
}

/// What the evaluation of a pilot says, once it is evaluated; the outer `None` where there is no such pilot.
pub async fn outcome_of_pilot(
    conn: &Conn,
    task_force_id: Uuid,
    pilot_id: Uuid,
) -> QueryResult<Option<(Option<PilotOutcome>, i32)>> {
    pilots::table
        .find((task_force_id, pilot_id))
        .select((pilots::outcome, pilots::last_cycle))
        .first(&mut &*conn)
        .await
        .optional()
}
