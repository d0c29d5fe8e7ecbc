//! Assessments: a sector's maturity on a day, as it is or as it is aimed at.

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::sectors::SectorDetail;
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for Assessment {
    type Parent = SectorDetail;
    const KIND: SubjectKind = SubjectKind::Assessment;
    const EVENTS: Events = Events {
        created: EventAction::AssessmentCreated,
        updated: EventAction::AssessmentUpdated,
        deleted: EventAction::AssessmentDeleted,
    };

    /// An assessment is never dated after today.
    async fn check_fields(tx: &WriteTx<'_>, _before: Option<&Self>, fields: &AssessmentFields) -> Result<()> {
        resource::check_not_in_future(tx, fields.assessed_on, "/assessedOn")
    }
}
