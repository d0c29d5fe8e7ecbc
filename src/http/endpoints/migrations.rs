//! Migrations over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_migrations`, `create_migration`, `get_migration`,
//! `update_migration`, `delete_migration` and `transition_migration`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::resource::View;
use crate::db;
use crate::db::migrations::{MigrationDetail, MigrationFields};
use crate::db::resource::ProductFilter;
use crate::domain::migration::{MigrationState, difference};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, page_query};
use crate::http::patch::Patch;
use crate::http::permissions::MigrationPermissions;
use crate::http::problem::TransitionDocument;
use crate::http::reference::ResourceReference;
use crate::http::request::{Path, TaskForcePath};
use crate::http::resource::{ListQuery, ProductSort, Representation, resource_routes};
use crate::http::text::{LocalizedName, LocalizedNote, PlainLine, PlainText};
use crate::http::values::{PatchedReconciliationCounts, ReconciliationCounts};

pub(super) fn operations(config: &mut Operations<'_, '_>) {
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

/// Counts of the migrated records, with the difference.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Reconciliation {
    /// Number of records in the source.
    #[schema(minimum = 0, example = 120_000)]
    source: i64,
    /// Number of loaded records.
    #[schema(minimum = 0, example = 119_950)]
    loaded: i64,
    /// Number of rejected records.
    #[schema(minimum = 0, example = 50)]
    rejected: i64,
    /// Number of records neither loaded nor rejected; negative if more records were loaded or rejected than the source
    /// had.
    #[schema(example = 0)]
    difference: i64,
    /// Reason for the difference.
    #[schema(required, value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

/// A new migration.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMigration {
    /// The migrated pilot, evaluated with outcome `scale`.
    pilot_id: Uuid,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Target system.
    #[schema(value_type = PlainLine)]
    target_system: String,
    /// Planned day.
    #[schema(example = "2027-02-01")]
    planned_on: NaiveDate,
    /// Plan for a rollback.
    #[schema(value_type = Option<PlainText>)]
    rollback_plan: Option<String>,
    /// Counts of the migrated records; required to go live.
    #[schema(value_type = Option<PatchedReconciliationCounts>)]
    reconciliation: Option<ReconciliationCounts>,
    /// The unit that runs the service after the hand-over; required for the hand-over.
    #[schema(value_type = Option<PlainLine>)]
    receiving_unit: Option<String>,
    /// The person who is responsible for the service after the hand-over; required for the hand-over.
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
    /// Unique id.
    id: Uuid,
    /// The cycle in which the activity was created.
    #[schema(minimum = 1, example = 1)]
    cycle: i32,
    /// Last cycle in which the resource counts.
    #[schema(minimum = 1, example = 1)]
    last_cycle: i32,
    /// The migrated pilot.
    pilot: ResourceReference,
    /// Title.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Target system.
    #[schema(example = "Municipal services platform")]
    target_system: String,
    /// Planned day.
    #[schema(example = "2027-02-01")]
    planned_on: NaiveDate,
    /// Plan for a rollback.
    #[schema(required, example = "Switch the old system on again.")]
    rollback_plan: Option<String>,
    /// Counts of the migrated records.
    #[schema(required)]
    reconciliation: Option<Reconciliation>,
    /// The unit that runs the service after the hand-over.
    #[schema(required, example = "IT department")]
    receiving_unit: Option<String>,
    /// The person who is responsible for the service after the hand-over.
    #[schema(required, example = "Head of licensing")]
    service_owner: Option<String>,
    /// Current state.
    state: MigrationState,
    /// Reason for the current state.
    #[schema(required, value_type = Option<LocalizedNote>)]
    state_reason: Option<LocalizedText>,
    /// Time of the last change of state.
    state_since: DateTime<Utc>,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
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
            pilot: migration.pilot.into(),
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

/// A migration with its available transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Migration {
    #[serde(flatten)]
    item: MigrationItem,
    /// The transitions out of the current state that the caller can make now, or the obstacles of each, computed by the
    /// check that the service enforces.
    available_transitions: Vec<TransitionDocument>,
    /// The actions that the caller can perform on the migration now. `availableTransitions` contains the transitions.
    permissions: MigrationPermissions,
}

impl Representation for Migration {
    type Resource = MigrationDetail;

    fn new(view: View<MigrationDetail>, language: Language) -> Self {
        let permissions = MigrationPermissions::from(&view);
        Self {
            item: MigrationItem::new(view.resource.migration),
            available_transitions: TransitionDocument::all(&view.transitions, language),
            permissions,
        }
    }
}

/// A transition of a migration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MigrationTransition {
    /// The new state.
    to: MigrationState,
    /// Reason; required to roll back, to take back a hand-over (`handedOver` to `live`), and to go live with a
    /// difference in the reconciliation.
    #[schema(value_type = Option<LocalizedNote>)]
    reason: Option<LocalizedText>,
}

page_query! {
    /// The query parameters of a list of migrations.
    MigrationQuery, exported by MigrationExportQuery {
        /// Only items that count in this cycle. Default: the current cycle.
        #[param(nullable = false, minimum = 1, maximum = 1000000, example = 1)]
        cycle: Option<i32>,
        /// Only items in one of these states. Repeat `state`, or separate the states by commas.
        #[param(inline, nullable = false, min_items = 1, max_items = 6, example = json!(["live"]))]
        state: Option<Vec<MigrationState>>,
        /// Search by text. Ignores case, Arabic diacritics, alef variants and digit forms.
        #[param(nullable = false, min_length = 1, max_length = 200, format = "text-search", example = "منصة")]
        q: Option<String>,
        /// Only migrations of this pilot.
        #[param(inline, nullable = false, example = "0199f0c2-7a3b-7c11-9d2e-00000000000b")]
        pilot_id: Option<Uuid>,
        /// The order of the list: `createdAt` (the default), `title` (in the language of the response) or `-updatedAt`.
        #[param(inline, nullable = false)]
        sort: Option<ProductSort>,
    }
}

impl ListQuery<MigrationDetail> for MigrationQuery {
    type Sort = ProductSort;

    fn sort(&self) -> ProductSort {
        self.sort.unwrap_or(ProductSort::CreatedAt)
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
            cycles: query.cycle.into(),
            states: query.state.unwrap_or_default(),
            q: query.q,
            pilot_id: query.pilot_id,
        },
        item: MigrationItem,
        page: MigrationPage,
        export: {
            function: export_migrations,
            url: "/v1/task-forces/{taskForceId}/migrations/export",
            summary: "Export migrations as a sheet",
            description: "All migrations that match the filters, with their reconciliation, in the order of the list, as CSV or as a workbook of Excel.",
            query: MigrationExportQuery,
            row: db::migrations::Migration,
        },
    },
    create: {
        function: create_migration,
        summary: "Create a migration",
        description: "Creates a migration in state `planned`. Step `migration` must be open, and the pilot evaluated with outcome `scale`. A pilot has at most ten migrations; one that was rolled back is planned anew.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::UnknownReference, RefusalCode::PilotNotScaled,
                RefusalCode::TooManyItems,
            ]),
    },
    get: {
        function: get_migration,
        summary: "Get a migration",
        description: "One migration and its available transitions.",
    },
    update: {
        function: update_migration,
        summary: "Update a migration",
        description: "Changes the fields in the merge patch while step `migration` is open. A live migration keeps its `reconciliation`, with a `reason` if the counts differ; a migration that is handed over also keeps `receivingUnit` and `serviceOwner`.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::UnknownReference, RefusalCode::PilotNotScaled,
                RefusalCode::ReconciliationMissing, RefusalCode::DifferenceUnexplained,
                RefusalCode::HandoverIncomplete, RefusalCode::MigrationBegun, RefusalCode::TooManyItems,
            ]),
    },
    delete: {
        function: delete_migration,
        summary: "Delete a migration",
        description: "Deletes a migration and its checklist. Step `migration` must be open, the migration must not have begun, and nothing may refer to it.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::StillReferenced, RefusalCode::MigrationBegun,
            ]),
    },
    transition: {
        function: transition_migration,
        summary: "Change the state of a migration",
        description: "Changes the state of a migration. The migration's `availableTransitions` lists the possible states and the obstacles of each.",
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
