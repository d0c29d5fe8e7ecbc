//! Indicators: the measures of a pilot's success, set before the pilot starts.

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db;
use crate::db::indicators::{Indicator, IndicatorFields};
use crate::db::pilots::PilotDetail;
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::pilot::Direction;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};

impl ChildOf for Indicator {
    type Parent = PilotDetail;
    const KIND: SubjectKind = SubjectKind::Indicator;
    const EVENTS: Events = Events {
        created: EventAction::IndicatorCreated,
        updated: EventAction::IndicatorUpdated,
        deleted: EventAction::IndicatorDeleted,
    };

    /// Indicators of an earlier cycle are on record: a pilot that is extended is planned anew with new indicators.
    async fn check_fields(tx: &WriteTx<'_>, before: Option<&Self>, fields: &IndicatorFields) -> Result<()> {
        if let Some(before) = before {
            resource::check_created_in_current_cycle(tx, before.id).await?;
        }
        check_direction(fields)
    }

    /// An indicator changes only while its pilot is not running, so that whatever was measured was measured for an
    /// earlier evaluation, which stays.
    async fn check_removable(&self, tx: &WriteTx<'_>) -> Result<()> {
        let is_measured = db::measurements::has_any(tx.conn(), tx.task_force_id(), self.id).await?;
        if is_measured { Err(RefusalCode::PilotEvaluated.into()) } else { Ok(()) }
    }
}

/// Refuses a target that lies in the other direction than the one in which the indicator is better.
fn check_direction(fields: &IndicatorFields) -> Result<()> {
    let (Some(baseline), Some(target)) = (&fields.baseline, &fields.target) else { return Ok(()) };
    if fields.direction.leads(baseline, target) {
        return Ok(());
    }
    let error = match fields.direction {
        Direction::Up => FieldError::at("/target", FieldErrorCode::TooSmall).saying(
            "must be above baseline: higher is better",
            "يجب أن يزيد على خط الأساس (baseline): الأعلى أفضل",
        ),
        Direction::Down => FieldError::at("/target", FieldErrorCode::TooLarge).saying(
            "must be below baseline: lower is better",
            "يجب أن يقل عن خط الأساس (baseline): الأدنى أفضل",
        ),
    };
    let error = error.compared_with(&["direction", "baseline"]);
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into())
}
