//! Migrations over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_migrations`, `create_migration`, `get_migration`,
//! `update_migration`, `delete_migration` and `transition_migration`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::resource::View;
use crate::db;
use crate::db::migrations::{MigrationDetail, MigrationFields};
use crate::db::resource::ProductFilter;
use crate::domain::migration::{MigrationState, difference};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::{Language, LocalizedText};
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::problem::TransitionDocument;
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, PlainLine, PlainText};
use crate::http::values::{PatchedReconciliationCounts, ReconciliationCounts};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    resource_operations(config);
}

/// A merge patch of [`NewMigration`].
type MigrationPatch = Patch<NewMigration>;

/// The path of a migration.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct MigrationPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The migration.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) migration_id: Uuid,
}

impl Path for MigrationPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// How many records there were, what became of them, and how many are not accounted for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Reconciliation {
    /// How many there were.
    #[schema(minimum = 0, example = 120_000)]
    source: i64,
    /// How many were loaded.
    #[schema(minimum = 0, example = 119_950)]
    loaded: i64,
    /// How many were rejected.
    #[schema(minimum = 0, example = 50)]
    rejected: i64,
    /// How many were neither loaded nor rejected; negative where more arrived than there were.
    #[schema(example = 0)]
    difference: i64,
    /// Why the counts differ.
    #[schema(required, value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// A new migration.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMigration {
    /// The pilot that is moved, evaluated with outcome `scale`.
    pilot_id: Uuid,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Where it is moved to.
    #[schema(value_type = PlainLine)]
    target_system: String,
    /// The day it is planned for.
    #[schema(example = "2027-02-01")]
    planned_on: NaiveDate,
    /// How to go back if it fails.
    #[schema(value_type = Option<PlainText>)]
    rollback_plan: Option<String>,
    /// How many records there were and what became of them; needed to go live.
    #[schema(value_type = Option<PatchedReconciliationCounts>)]
    reconciliation: Option<ReconciliationCounts>,
    /// Who runs it from then on; needed to hand it over.
    #[schema(value_type = Option<PlainLine>)]
    receiving_unit: Option<String>,
    /// Who answers for it from then on; needed to hand it over.
    #[schema(value_type = Option<PlainLine>)]
    service_owner: Option<String>,
}

impl From<NewMigration> for MigrationFields {
    fn from(new: NewMigration) -> Self {
        let counts = new.reconciliation.as_ref();
        let reason = counts.and_then(|counts| counts.reason.clone());
        Self {
            pilot_id: new.pilot_id,
            title: new.title,
            target_system: new.target_system,
            planned_on: new.planned_on,
            rollback_plan: new.rollback_plan,
            reconciliation_source: counts.map(|counts| counts.source),
            reconciliation_loaded: counts.map(|counts| counts.loaded),
            reconciliation_rejected: counts.map(|counts| counts.rejected),
            reconciliation_reason: reason,
            receiving_unit: new.receiving_unit,
            service_owner: new.service_owner,
        }
    }
}

/// The three counts, which come together, and the reason of their difference.
fn counts(fields: &MigrationFields) -> Option<ReconciliationCounts> {
    Some(ReconciliationCounts {
        source: fields.reconciliation_source?,
        loaded: fields.reconciliation_loaded?,
        rejected: fields.reconciliation_rejected?,
        reason: fields.reconciliation_reason.clone(),
    })
}

impl From<MigrationFields> for NewMigration {
    fn from(fields: MigrationFields) -> Self {
        Self {
            reconciliation: counts(&fields),
            pilot_id: fields.pilot_id,
            title: fields.title,
            target_system: fields.target_system,
            planned_on: fields.planned_on,
            rollback_plan: fields.rollback_plan,
            receiving_unit: fields.receiving_unit,
            service_owner: fields.service_owner,
        }
    }
}

impl From<ReconciliationCounts> for Reconciliation {
    fn from(counts: ReconciliationCounts) -> Self {
        let ReconciliationCounts { source, loaded, rejected, reason } = counts;
        Self { source, loaded, rejected, difference: difference(source, loaded, rejected), reason }
    }
}

/// A migration of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MigrationItem {
    /// Its id.
    id: Uuid,
    /// The cycle that it was made in.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// The last cycle that it counts in.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// The pilot that is moved.
    pilot_id: Uuid,
    /// What it is called.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Where it is moved to.
    #[schema(example = "Municipal services platform")]
    target_system: String,
    /// The day it is planned for.
    #[schema(example = "2027-02-01")]
    planned_on: NaiveDate,
    /// How to go back if it fails.
    #[schema(required, example = "Switch the old system on again.")]
    rollback_plan: Option<String>,
    /// How many records there were and what became of them.
    #[schema(required)]
    reconciliation: Option<Reconciliation>,
    /// Who runs it from then on.
    #[schema(required, example = "IT department")]
    receiving_unit: Option<String>,
    /// Who answers for it from then on.
    #[schema(required, example = "Head of licensing")]
    service_owner: Option<String>,
    /// Its state.
    state: MigrationState,
    /// Why it has that state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Since when it has its state.
    state_since: DateTime<Utc>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl MigrationItem {
    fn new(migration: db::migrations::Migration) -> Self {
        let fields = migration.fields;
        Self {
            id: migration.id,
            cycle: migration.cycle,
            last_cycle: migration.last_cycle,
            reconciliation: counts(&fields).map(Reconciliation::from),
            pilot_id: fields.pilot_id,
            title: fields.title,
            target_system: fields.target_system,
            planned_on: fields.planned_on,
            rollback_plan: fields.rollback_plan,
            receiving_unit: fields.receiving_unit,
            service_owner: fields.service_owner,
            state: migration.state,
            state_reason: migration.state_reason,
            state_since: migration.state_since,
            version: migration.version,
            created_at: migration.created_at,
            updated_at: migration.updated_at,
        }
    }
}

/// A migration, and where it can go from here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Migration {
    #[serde(flatten)]
    item: MigrationItem,
    /// Where it can go from here, for you, now.
    available_transitions: Vec<TransitionDocument>,
}

impl Representation for Migration {
    type Resource = MigrationDetail;

    fn new(view: View<MigrationDetail>, language: Language) -> Self {
        Self {
            item: MigrationItem::new(view.resource.migration),
            available_transitions: TransitionDocument::all(&view.transitions, language),
        }
    }
}

/// Where a migration is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MigrationTransition {
    /// The state to go to.
    to: MigrationState,
    /// Why; needed to roll it back, to take a hand-over back (`handedOver` to `live`), and to go live although the counts of the reconciliation differ.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

page_query! {
    /// Which migrations.
    MigrationQuery {
        /// Those that count in this cycle; the present one if not given.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only in one of these states: `state` several times, or once with commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 6, example = json!(["live"]))]
        state: Option<Vec<MigrationState>>,
        /// Only those whose text holds this, whatever the letter forms, digits, diacritics and case.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "منصة")]
        q: Option<String>,
        /// Only those of this pilot.
        #[param(inline, nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        pilot_id: Option<Uuid>,
    }
}

/// A page of migrations.
type MigrationPage = Page<MigrationItem>;

impl ListItem for MigrationItem {
    const PAGE_NAME: &'static str = "MigrationPage";
    const PAGE_DESCRIPTION: &'static str = "A page of migrations.";
}

resource_routes! {
    representation: Migration,
    new: NewMigration,
    patch: MigrationPatch,
    tag: "migrations",
    collection: {
        url: "/v1/task-forces/{taskForceId}/migrations",
        path: TaskForcePath,
        parent: |_path| (),
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/migrations/{migrationId}",
        path: MigrationPath,
        parent: |_path| (),
        id: |path| path.migration_id,
    },
    list: {
        function: list_migrations,
        summary: "List migrations",
        description: "The migrations of a cycle, oldest first.",
        query: MigrationQuery,
        filter: |query| ProductFilter {
            cycle: query.cycle,
            states: query.state.unwrap_or_default(),
            q: query.q,
            pilot_id: query.pilot_id,
        },
        item: MigrationItem,
        page: MigrationPage,
    },
    create: {
        function: create_migration,
        summary: "Create a migration",
        description: "Possible while step `migration` is open, of a pilot that was evaluated with outcome `scale`. It starts as `planned`.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::UnknownReference, RefusalCode::PilotNotScaled,
                RefusalCode::TooManyItems,
            ]),
    },
    get: {
        function: get_migration,
        summary: "Read a migration",
        description: "One migration, and where it can go from here.",
    },
    update: {
        function: update_migration,
        summary: "Change a migration",
        description: "Changes the fields that the merge patch names, while step `migration` is open. A live migration keeps its `reconciliation`, with a `reason` if the counts differ, and one that is handed over also keeps `receivingUnit` and `serviceOwner`.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::UnknownReference, RefusalCode::PilotNotScaled,
                RefusalCode::ReconciliationMissing, RefusalCode::DifferenceUnexplained,
                RefusalCode::HandoverIncomplete, RefusalCode::MigrationBegun,
            ]),
    },
    delete: {
        function: delete_migration,
        summary: "Delete a migration",
        description: "Possible while step `migration` is open, the migration was not begun and nothing refers to it. Its checklist goes with it.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::MigrationBegun,
            ]),
    },
    transition: {
        function: transition_migration,
        summary: "Move a migration to another state",
        description: "`availableTransitions` of the migration says which states can be reached, and what stands in the way of each.",
        problems: changes_product()
            .refuses([
                RefusalCode::TransitionNotAllowed, RefusalCode::ChecklistUnfinished,
                RefusalCode::ReconciliationMissing, RefusalCode::HandoverIncomplete,
                RefusalCode::PilotNotScaled,
            ]),
        url: "/v1/task-forces/{taskForceId}/migrations/{migrationId}/transitions",
        body: MigrationTransition,
        payload: |body| (),
    },
}
