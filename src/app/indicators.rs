//! Indicators: what a pilot will be measured by, set before it starts.

use uuid::Uuid;

use super::Result;
use super::resource::{self, ParentResource as _, part};
use super::write::WriteTx;
use crate::db::indicators::{Indicator, IndicatorFields};
use crate::db::pilots::PilotDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

/// What an extended pilot was measured by before stays as it was; it is planned anew with new indicators.
async fn not_measured_before(
    tx: &WriteTx<'_>,
    before: Option<&Indicator>,
    _fields: &IndicatorFields,
) -> Result<()> {
    match before {
        Some(before) => resource::made_in_this_cycle(tx, before.created_at).await,
        None => Ok(()),
    }
}

part!(
    Indicator, IndicatorFields, indicators, of PilotDetail, pilots as "pilotId",
    Indicator: IndicatorCreated, IndicatorUpdated, IndicatorDeleted, with not_measured_before
);
