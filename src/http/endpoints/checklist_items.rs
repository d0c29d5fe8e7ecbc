//! The items of a migration's checklist over HTTP.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::migrations::MigrationPath;
use crate::app::resource::View;
use crate::db;
use crate::db::checklist_items::ChecklistItemFields;
use crate::domain::text::{Language, LocalizedText};
use crate::http::pagination::{PageQuery, page};
use crate::http::patch::Patch;
use crate::http::request::{IfMatch, path_to};
use crate::http::resource::{Representation, resource};
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    common_operations(config);
}

/// A merge patch of [`NewChecklistItem`].
type ChecklistItemPatch = Patch<NewChecklistItem>;

path_to! {
    /// To an item of a migration's checklist.
    ChecklistItemPath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
        migration_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000a", "The migration.";
        checklist_item_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000c", "The checklist item.";
    } in task_force_id
}

/// A new checklist item.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewChecklistItem {
    /// What is to be done.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Whether it is.
    #[serde(default)]
    #[schema(default = false, required = false)]
    done: bool,
}

impl From<NewChecklistItem> for ChecklistItemFields {
    fn from(new: NewChecklistItem) -> Self {
        let NewChecklistItem { title, done } = new;
        Self { title, done }
    }
}

impl From<ChecklistItemFields> for NewChecklistItem {
    fn from(fields: ChecklistItemFields) -> Self {
        let ChecklistItemFields { title, done } = fields;
        Self { title, done }
    }
}

/// An item of a migration's checklist.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChecklistItem {
    /// Its id.
    id: Uuid,
    /// The migration that it is part of.
    migration_id: Uuid,
    /// What is to be done.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// Whether it is.
    done: bool,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ChecklistItem {
    fn new(item: db::checklist_items::ChecklistItem, _today: NaiveDate) -> Self {
        Self {
            id: item.id,
            migration_id: item.migration_id,
            title: item.fields.title,
            done: item.fields.done,
            version: item.version,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}

impl Representation for ChecklistItem {
    type Resource = db::checklist_items::ChecklistItem;

    fn new(view: View<Self::Resource>, _: Language) -> Self {
        Self::new(view.noun, view.today)
    }
}

page! {
    /// A page of checklist items.
    ChecklistItemPage of ChecklistItem
}

resource! {
    ChecklistItem, listed as ChecklistItem on ChecklistItemPage, from NewChecklistItem by ChecklistItemPatch, tagged "migrations",
    "/v1/task-forces/{taskForceId}/migrations/{migrationId}/checklist-items" of MigrationPath (at => at.migration_id),
    "/v1/task-forces/{taskForceId}/migrations/{migrationId}/checklist-items/{checklistItemId}"
        at ChecklistItemPath (at => at.migration_id, at.checklist_item_id),
    list: list_checklist_items, "List checklist items", "A migration's checklist, in the order in which it was written.",
        by PageQuery (query => ());
    create: create_checklist_item, "Create a checklist item",
        "Possible while step `migration` is open. What is live takes only items that are done.",
        ["forbidden", "checklistUnfinished", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    get: get_checklist_item, "Read a checklist item", "One item of a migration's checklist.";
    update: update_checklist_item, "Change a checklist item",
        "Changes the fields that the merge patch names, while step `migration` is open. What is live keeps its checklist done.",
        ["forbidden", "checklistUnfinished", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    delete: delete_checklist_item, "Delete a checklist item",
        "Possible while step `migration` is open. What is live keeps at least one.",
        ["forbidden", "ofAnEarlierCycle", "checklistUnfinished", "stillReferenced", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
}
