//! Assessments: a sector's maturity on a day, as it is or as it is aimed at.

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::sectors::SectorDetail;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::sector::AssessmentKind;
use crate::domain::size::{self, ChildLimit};

impl ChildOf for Assessment {
    type Parent = SectorDetail;
    const KIND: SubjectKind = SubjectKind::Assessment;
    const EVENTS: Events = Events {
        created: EventAction::AssessmentCreated,
        updated: EventAction::AssessmentUpdated,
        deleted: EventAction::AssessmentDeleted,
    };
    const LIMIT: ChildLimit = size::ASSESSMENTS;

    /// An assessment is never dated after today.
    async fn check_fields(tx: &WriteTx<'_>, _before: Option<&Self>, fields: &AssessmentFields) -> Result<()> {
        resource::check_not_in_future(tx, fields.assessed_on, "/assessedOn")
    }

    /// The target of a sector is not below the level that the sector has already.
    fn check_with_parent(sector: &SectorDetail, fields: &AssessmentFields) -> Result<()> {
        if !sector.sector.maturity.is_target_below_current() {
            return Ok(());
        }
        let error = match fields.kind {
            AssessmentKind::Target => FieldError::at("/level", FieldErrorCode::TooSmall)
                .saying("is below the current level of the sector", "أدنى من المستوى الحالي للقطاع")
                .compared_with(&["kind"]),
            AssessmentKind::Current => FieldError::at("/level", FieldErrorCode::TooLarge)
                .saying(
                    "is above the target of the sector: assess the target anew first",
                    "أعلى من المستوى المستهدف للقطاع: قيّم المستهدف من جديد أولًا",
                )
                .compared_with(&["kind"]),
        };
        Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into())
    }
}
