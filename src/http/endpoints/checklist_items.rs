//! The items of a migration's checklist over HTTP.
//!
//! [`resource_routes!`] makes the handlers `list_checklist_items`, `create_checklist_item`,
//! `get_checklist_item`, `update_checklist_item` and `delete_checklist_item`.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use model_mapper::Mapper;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::migrations::MigrationPath;
use crate::app::resource::View;
use crate::db;
use crate::db::checklist_items::ChecklistItemFields;
use crate::domain::refusal::RefusalCode;
use crate::domain::text::{Language, LocalizedText};
use crate::http::openapi::operation_list::Operations;
use crate::http::operation_problems::changes_product;
use crate::http::pagination::{ListItem, Page, PageQuery};
use crate::http::patch::Patch;
use crate::http::permissions::ChecklistItemPermissions;
use crate::http::request::Path;
use crate::http::resource::{Representation, resource_routes};
use crate::http::text::LocalizedName;

pub(super) fn operations(config: &mut Operations<'_, '_>) {
    resource_operations(config);
}

/// A merge patch of [`NewChecklistItem`].
type ChecklistItemPatch = Patch<NewChecklistItem>;

/// The path of an item of a migration's checklist.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ChecklistItemPath {
    /// The task force.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-000000000001")]
    pub(super) task_force_id: Uuid,
    /// The migration.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000a")]
    pub(super) migration_id: Uuid,
    /// The checklist item.
    #[param(inline, example = "0199f0c2-7a3b-7c11-9d2e-00000000000c")]
    pub(super) checklist_item_id: Uuid,
}

impl Path for ChecklistItemPath {
    fn task_force_id(&self) -> Option<Uuid> {
        Some(self.task_force_id)
    }
}

/// A new checklist item.
#[derive(Debug, Serialize, Deserialize, ToSchema, Mapper)]
#[mapper(from, into, ty = ChecklistItemFields)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewChecklistItem {
    /// Description of the work.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// True if the item is done.
    #[serde(default)]
    #[schema(default = false, required = false)]
    done: bool,
}

/// An item of a migration's checklist.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedChecklistItem {
    /// Unique id.
    id: Uuid,
    /// The migration of the checklist.
    migration_id: Uuid,
    /// Description of the work.
    #[schema(value_type = LocalizedName)]
    title: LocalizedText,
    /// True if the item is done.
    done: bool,
    /// Version for `If-Match`; increases with each change.
    #[schema(minimum = 1, example = 1)]
    version: i32,
    /// Time of creation.
    created_at: DateTime<Utc>,
    /// Time of the last change.
    updated_at: DateTime<Utc>,
}

impl ListedChecklistItem {
    fn new(item: db::checklist_items::ChecklistItem) -> Self {
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

/// A checklist item, and the actions that the caller can perform on it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChecklistItem {
    #[serde(flatten)]
    item: ListedChecklistItem,
    /// The actions that the caller can perform on the checklist item now.
    permissions: ChecklistItemPermissions,
}

impl Representation for ChecklistItem {
    type Resource = db::checklist_items::ChecklistItem;
    const HAS_LABELS: bool = false;

    fn new(view: View<Self::Resource>, _: Language) -> Self {
        let permissions = ChecklistItemPermissions::from(&view);
        Self { item: ListedChecklistItem::new(view.resource), permissions }
    }
}

/// A page of checklist items.
type ChecklistItemPage = Page<ListedChecklistItem>;

impl ListItem for ListedChecklistItem {
    const PAGE_NAME: &'static str = "ChecklistItemPage";
    const PAGE_DESCRIPTION: &'static str = "A page of checklist items.";
}

resource_routes! {
    representation: ChecklistItem,
    new: NewChecklistItem,
    patch: ChecklistItemPatch,
    tag: "migrations",
    collection: {
        url: "/v1/task-forces/{taskForceId}/migrations/{migrationId}/checklist-items",
        path: MigrationPath,
        parent: |path| path.migration_id,
    },
    single: {
        url: "/v1/task-forces/{taskForceId}/migrations/{migrationId}/checklist-items/{checklistItemId}",
        path: ChecklistItemPath,
        parent: |path| path.migration_id,
        id: |path| path.checklist_item_id,
    },
    list: {
        function: list_checklist_items,
        summary: "List checklist items",
        description: "The checklist of a migration, in order of creation.",
        query: PageQuery,
        filter: |_query| (),
        item: ListedChecklistItem,
        page: ChecklistItemPage,
    },
    create: {
        function: create_checklist_item,
        summary: "Create a checklist item",
        description: "Adds an item to the checklist while step `migration` is open. A live migration takes only items that are done. A checklist has at most 200 items of one cycle.",
        problems: changes_product().refuses([RefusalCode::ChecklistUnfinished, RefusalCode::TooManyItems]),
    },
    get: {
        function: get_checklist_item,
        summary: "Get a checklist item",
        description: "One item of a migration's checklist.",
    },
    update: {
        function: update_checklist_item,
        summary: "Update a checklist item",
        description: "Changes the fields in the merge patch while step `migration` is open. All items of a live migration stay done.",
        problems: changes_product().refuses([RefusalCode::ChecklistUnfinished]),
    },
    delete: {
        function: delete_checklist_item,
        summary: "Delete a checklist item",
        description: "Deletes a checklist item while step `migration` is open. A live migration keeps at least one item.",
        problems: changes_product()
            .refuses([
                RefusalCode::OfAnEarlierCycle, RefusalCode::ChecklistUnfinished,
                RefusalCode::StillReferenced,
            ]),
    },
}
