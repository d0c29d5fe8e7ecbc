//! The items of a migration's checklist. Some states of a migration require that all items are done.

use super::resource::{ChildOf, Events};
use crate::db::checklist_items::ChecklistItem;
use crate::db::migrations::MigrationDetail;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::size;

impl ChildOf for ChecklistItem {
    type Parent = MigrationDetail;
    const KIND: SubjectKind = SubjectKind::ChecklistItem;
    const EVENTS: Events = Events {
        created: EventAction::ChecklistItemCreated,
        updated: EventAction::ChecklistItemUpdated,
        deleted: EventAction::ChecklistItemDeleted,
    };
    const MOST: i64 = size::MOST_CHECKLIST_ITEMS;
}
