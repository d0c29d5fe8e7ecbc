//! Indicators of pilots over HTTP.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::pilots::PilotPath;
use crate::app::resource::View;
use crate::db;
use crate::db::indicators::IndicatorFields;
use crate::domain::decimal::Decimal;
use crate::domain::pilot::Direction;
use crate::domain::text::{Language, LocalizedText};
use crate::http::pagination::{PageQuery, page};
use crate::http::patch::Patch;
use crate::http::request::{IfMatch, path_to};
use crate::http::resource::{Representation, resource};
use crate::http::text::{LocalizedName, PlainLine};
use crate::http::values::{DecimalInput, DecimalNumber};

pub(super) fn operations(config: &mut ServiceConfig<'_>) {
    common_operations(config);
}

/// A merge patch of [`NewIndicator`].
type IndicatorPatch = Patch<NewIndicator>;

path_to! {
    /// To an indicator of a pilot.
    IndicatorPath {
        task_force_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-000000000001", "The task force.";
        pilot_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000a", "The pilot.";
        indicator_id: Uuid = "0199f0c2-7a3b-7c11-9d2e-00000000000b", "The indicator.";
    } in task_force_id
}

/// A new indicator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewIndicator {
    /// What is measured.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// In what it is measured: days, percent, dinars.
    #[schema(value_type = PlainLine)]
    unit: String,
    /// Which way it shall go.
    direction: Direction,
    /// What it was before the pilot.
    #[schema(value_type = Option<DecimalInput>)]
    baseline: Option<Decimal>,
    /// What it shall be at the end.
    #[schema(value_type = Option<DecimalInput>)]
    target: Option<Decimal>,
}

impl From<NewIndicator> for IndicatorFields {
    fn from(new: NewIndicator) -> Self {
        let NewIndicator { name, unit, direction, baseline, target } = new;
        Self { name, unit, direction, baseline, target }
    }
}

impl From<IndicatorFields> for NewIndicator {
    fn from(fields: IndicatorFields) -> Self {
        let IndicatorFields { name, unit, direction, baseline, target } = fields;
        Self { name, unit, direction, baseline, target }
    }
}

/// What a pilot is measured by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Indicator {
    /// Its id.
    id: Uuid,
    /// The pilot.
    pilot_id: Uuid,
    /// What is measured.
    #[schema(value_type = LocalizedName)]
    name: LocalizedText,
    /// In what it is measured.
    #[schema(example = "days")]
    unit: String,
    /// Which way it shall go.
    direction: Direction,
    /// What it was before the pilot.
    #[schema(required, value_type = Option<DecimalNumber>)]
    baseline: Option<Decimal>,
    /// What it shall be at the end.
    #[schema(required, value_type = Option<DecimalNumber>)]
    target: Option<Decimal>,
    /// Counts changes of its own fields.
    #[schema(minimum = 1, example = 2)]
    version: i32,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl Indicator {
    fn new(indicator: db::indicators::Indicator, _today: NaiveDate) -> Self {
        let IndicatorFields { name, unit, direction, baseline, target } = indicator.fields;
        Self {
            id: indicator.id,
            pilot_id: indicator.pilot_id,
            name,
            unit,
            direction,
            baseline,
            target,
            version: indicator.version,
            created_at: indicator.created_at,
            updated_at: indicator.updated_at,
        }
    }
}

impl Representation for Indicator {
    type Resource = db::indicators::Indicator;

    fn new(view: View<Self::Resource>, _language: Language) -> Self {
        Self::new(view.noun, view.today)
    }
}

page! {
    /// A page of indicators.
    IndicatorPage of Indicator
}

resource! {
    Indicator, listed as Indicator on IndicatorPage, from NewIndicator by IndicatorPatch, tagged "pilots",
    "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators" of PilotPath (at => at.pilot_id),
    "/v1/task-forces/{taskForceId}/pilots/{pilotId}/indicators/{indicatorId}"
        at IndicatorPath (at => at.pilot_id, at.indicator_id),
    list: list_indicators, "List a pilot's indicators", "What the pilot is measured by, oldest first.",
        by PageQuery (query => ());
    create: create_indicator, "Create an indicator",
        "Possible while step `pilots` is open and the pilot has not started.",
        ["forbidden", "scorecardFrozen", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    get: get_indicator, "Read an indicator", "One indicator of a pilot.";
    update: update_indicator, "Change an indicator",
        "Changes the fields that the merge patch names, while step `pilots` is open and the pilot has not started. A planned pilot keeps an indicator with `baseline` and `target`.",
        ["forbidden", "ofAnEarlierCycle", "scorecardFrozen", "sectorNotSelected", "indicatorsMissing", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
    delete: delete_indicator, "Delete an indicator",
        "Possible while step `pilots` is open and the pilot has not started. A planned pilot keeps an indicator with `baseline` and `target`.",
        ["forbidden", "ofAnEarlierCycle", "scorecardFrozen", "sectorNotSelected", "indicatorsMissing", "taskForceForming", "taskForceSuspended", "taskForceClosed", "stepLocked", "stepSubmitted", "stepPassed"];
}
