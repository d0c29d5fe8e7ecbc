//! Indicators: the measures of a pilot's success, set before the pilot starts.

use super::Result;
use super::resource::{ChildOf, Events};
use super::write::WriteTx;
use uuid::Uuid;

use crate::db::indicators::{Indicator, IndicatorFields};
use crate::db::pilots::PilotDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::pilot::IndicatorDirection;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::size::{self, ChildLimit};

impl ChildOf for Indicator {
    type Parent = PilotDetail;
    const KIND: SubjectKind = SubjectKind::Indicator;
    const EVENTS: Events = Events {
        created: EventAction::IndicatorCreated,
        updated: EventAction::IndicatorUpdated,
        deleted: EventAction::IndicatorDeleted,
    };
    const LIMIT: ChildLimit = size::INDICATORS;

    /// Refuses a change that would make the measurements of an earlier evaluation measurements of another quantity.
    async fn check_fields(tx: &WriteTx<'_>, before: Option<&Self>, fields: &IndicatorFields) -> Result<()> {
        let measured = match before {
            Some(before) if before.is_measured(tx).await? => Some(before),
            _ => None,
        };
        if measured.is_some_and(|before| !keeps_identity(&before.fields, fields)) {
            return Err(Refusal::new(
                RefusalCode::PilotEvaluated,
                "The indicator was measured for an earlier evaluation, so its name, unit, direction and baseline stay. Change the target, add a translation of the name, or retire the indicator (`retirementReason`) and create another one.",
                "قيس هذا المؤشر لتقييم سابق، فيبقى اسمه ووحدته واتجاهه وخط أساسه كما هي. عدّل المستهدف، أو أضف ترجمة للاسم، أو أوقف العمل بالمؤشر (retirementReason) وأنشئ مؤشرًا آخر.",
            )
            .into());
        }
        let retired = fields.retirement_reason.is_some() && measured.is_none();
        let unmeasured = retired.then(|| {
            FieldError::at("/retirementReason", FieldErrorCode::NotAllowed).saying(
                "applies to an indicator that was measured for an earlier evaluation; delete any other",
                "لا يُذكر إلا لمؤشر قيس لتقييم سابق؛ احذف غيره",
            )
        });
        Ok(Refusal::if_any(unmeasured.into_iter().chain(wrong_direction(fields)).collect())?)
    }

    /// An earlier evaluation rests on what was measured.
    async fn deletion_obstacle(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
    ) -> QueryResult<Option<RefusalCode>> {
        let is_measured = db::measurements::has_any(conn, task_force_id, id).await?;
        Ok(is_measured.then_some(RefusalCode::PilotEvaluated))
    }
}

impl Indicator {
    /// Tells whether the indicator was measured for an earlier evaluation. An indicator changes only while its pilot is
    /// not running, so that whatever was measured was measured for an earlier evaluation.
    async fn is_measured(&self, tx: &WriteTx<'_>) -> Result<bool> {
        Ok(db::measurements::has_any(tx.conn(), tx.task_force_id(), self.id).await?)
    }
}

/// Tells whether an indicator still measures the same quantity. A translation of the name, and a baseline where there
/// was none, can be added.
fn keeps_identity(before: &IndicatorFields, after: &IndicatorFields) -> bool {
    after.name.keeps(&before.name)
        && after.unit == before.unit
        && after.direction == before.direction
        && (before.baseline.is_none() || after.baseline == before.baseline)
}

/// The error of a target that lies in the other direction than the one in which the indicator is better.
fn wrong_direction(fields: &IndicatorFields) -> Option<FieldError> {
    let (Some(baseline), Some(target)) = (&fields.baseline, &fields.target) else { return None };
    if fields.direction.leads(baseline, target) {
        return None;
    }
    let error = match fields.direction {
        IndicatorDirection::Up => FieldError::at("/target", FieldErrorCode::TooSmall).saying(
            "must be above baseline: higher is better",
            "يجب أن يزيد على خط الأساس (baseline): الأعلى أفضل",
        ),
        IndicatorDirection::Down => FieldError::at("/target", FieldErrorCode::TooLarge).saying(
            "must be below baseline: lower is better",
            "يجب أن يقل عن خط الأساس (baseline): الأدنى أفضل",
        ),
    };
    Some(error.compared_with(&["direction", "baseline"]))
}
