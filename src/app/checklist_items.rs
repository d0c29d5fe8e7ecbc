//! The items of a migration's checklist, whose state may promise that all of them are done.

use uuid::Uuid;

use super::Result;
use super::resource::{self, ParentResource as _, part};
use super::write::WriteTx;
use crate::db::checklist_items::{ChecklistItem, ChecklistItemFields};
use crate::db::migrations::MigrationDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

part!(
    ChecklistItem, ChecklistItemFields, checklist_items, of MigrationDetail, migrations as "migrationId",
    ChecklistItem: ChecklistItemCreated, ChecklistItemUpdated, ChecklistItemDeleted
);
