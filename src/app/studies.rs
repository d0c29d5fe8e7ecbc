//! Studies: ways of a sector's digital transformation, and the one that is recommended.

use super::resource::{ChildOf, Events};
use crate::db::sectors::SectorDetail;
use crate::db::studies::Study;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::size::{self, ChildLimit};

impl ChildOf for Study {
    type Parent = SectorDetail;
    const KIND: SubjectKind = SubjectKind::Study;
    const EVENTS: Events = Events {
        created: EventAction::StudyCreated,
        updated: EventAction::StudyUpdated,
        deleted: EventAction::StudyDeleted,
    };
    const LIMIT: ChildLimit = size::STUDIES;
}
