//! Assessments: a sector's maturity, now and target, on a day.

use uuid::Uuid;

use super::Result;
use super::resource::{self, ParentResource as _, part};
use super::write::WriteTx;
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::sectors::SectorDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

/// Nobody has assessed anything on a day that has not begun.
async fn assessed_by_now(
    tx: &WriteTx<'_>,
    _before: Option<&Assessment>,
    fields: &AssessmentFields,
) -> Result<()> {
    resource::not_in_the_future(tx, fields.assessed_on, "/assessedOn")
}

part!(
    Assessment, AssessmentFields, assessments, of SectorDetail, sectors as "sectorId",
    Assessment: AssessmentCreated, AssessmentUpdated, AssessmentDeleted, with assessed_by_now
);
