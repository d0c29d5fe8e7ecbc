//! The items of a migration's checklist. Some states of a migration require that all items are done.

use super::resource::{ChildOf, Events};
use crate::db::checklist_items::ChecklistItem;
use crate::db::migrations::MigrationDetail;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::size::{self, ChildLimit};

impl ChildOf for ChecklistItem {
    type Parent = MigrationDetail;
    const KIND: SubjectKind = SubjectKind::ChecklistItem;
    const EVENTS: Events = Events {
        created: EventAction::ChecklistItemCreated,
        updated: EventAction::ChecklistItemUpdated,
        deleted: EventAction::ChecklistItemDeleted,
    };
    const LIMIT: ChildLimit = size::CHECKLIST_ITEMS;
}
