//! Indicators: the measures of a pilot's success, set before the pilot starts.

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db::indicators::{Indicator, IndicatorFields};
use crate::db::pilots::PilotDetail;
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for Indicator {
    type Parent = PilotDetail;
    const KIND: SubjectKind = SubjectKind::Indicator;
    const EVENTS: Events = Events {
        created: EventAction::IndicatorCreated,
        updated: EventAction::IndicatorUpdated,
        deleted: EventAction::IndicatorDeleted,
    };

    /// Indicators of an earlier cycle are on record: a pilot that is extended is planned anew with new indicators.
    async fn check_fields(tx: &WriteTx<'_>, before: Option<&Self>, _fields: &IndicatorFields) -> Result<()> {
        match before {
            Some(before) => resource::check_created_in_current_cycle(tx, before.id).await,
            None => Ok(()),
        }
    }
}
